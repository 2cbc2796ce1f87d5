#include "platform/places.h"

#include <hwloc.h>

#include "base/memory.h"
#include "platform/machine.h"

/* Latency is a multiple of this, steps in the tree stay below it. */
#define LATENCY 1000

/* What tells one group from another; NULL where hwloc does not know. */
typedef struct spot {
    hwloc_obj_t unit, cache, node;
} spot;

/* Memory hangs below the object whose units are nearest to it. */
static hwloc_obj_t node_below(hwloc_obj_t object) {
    hwloc_obj_t memory = object->memory_first_child;
    while (memory && memory->type != HWLOC_OBJ_NUMANODE)
        memory = memory->memory_first_child;
    return memory;
}

static spot spot_of(hwloc_obj_t unit) {
    spot s = {.unit = unit};
    for (hwloc_obj_t object = unit; object; object = object->parent) {
        if (object->type == HWLOC_OBJ_L3CACHE)
            s.cache = object;
        if (!s.node)
            s.node = node_below(object);
    }
    return s;
}

static int is_same_group(const spot *a, const spot *b) {
    return a->cache == b->cache && a->node == b->node;
}

/* Levels from the units up to what contains both. */
static int steps(const spot *a, const spot *b) {
    hwloc_obj_t up = a->unit, other = b->unit;
    int n = 0;
    while (up && other && up != other) {
        if (up->depth >= other->depth) {
            up = up->parent;
            n++;
        } else {
            other = other->parent;
        }
    }
    return n;
}

static int os_number(const spot *s) {
    return s->node ? (int)s->node->os_index : -1;
}

static int distance(const spot *a, const spot *b) {
    int latency = dp_machine_node_latency(os_number(a), os_number(b));
    int n = steps(a, b);
    return LATENCY * latency + (n < LATENCY ? n : LATENCY - 1);
}

/* Gives every unit its group; `spots` becomes one spot a group. */
static void number_groups(dp_places *places, spot *spots) {
    for (int u = 0; u < places->n_units; u++) {
        spot s = spots[u];
        int group = 0;
        while (group < places->n_groups && !is_same_group(&spots[group], &s))
            group++;
        if (group == places->n_groups)
            spots[places->n_groups++] = s;
        places->group_of[u] = group;
    }
}

static void measure(dp_places *places, const spot *spots) {
    int n = places->n_groups;
    for (int a = 0; a < n; a++) {
        places->node_of[a] = dp_machine_memory_node(os_number(&spots[a]));
        for (int b = 0; b < n; b++)
            places->distance[a * n + b] = a == b ? 0 : distance(&spots[a], &spots[b]);
    }
}

static hwloc_obj_t first_known(int n, struct hwloc_obj *const *units) {
    for (int u = 0; u < n; u++)
        if (units[u])
            return units[u];
    return NULL;
}

dagpole_status dp_places_find(int n_units, struct hwloc_obj *const *units, dp_places *places) {
    *places = (dp_places){.n_units = n_units, .group_of = dp_alloc((size_t)n_units, sizeof(int))};
    spot *spots = dp_alloc((size_t)n_units, sizeof *spots);
    if (places->group_of && spots) {
        hwloc_obj_t other = first_known(n_units, units);
        for (int u = 0; u < n_units; u++)
            spots[u] = spot_of(units[u] ? units[u] : other);
        number_groups(places, spots);
        size_t n = (size_t)places->n_groups;
        places->node_of = dp_alloc(n, sizeof(int));
        places->distance = dp_alloc(n * n, sizeof(int));
    }
    int is_made = places->node_of && places->distance;
    if (is_made)
        measure(places, spots);
    else
        dp_places_free(places);
    dp_free(spots);
    return is_made ? DAGPOLE_OK : DAGPOLE_NO_MEMORY;
}

void dp_places_free(dp_places *places) {
    dp_free(places->group_of);
    dp_free(places->node_of);
    dp_free(places->distance);
    *places = (dp_places){0};
}
