/* Operators once more, on a NUMA node of choice. */
#include "operators/operators.h"

#include <string.h>

#include "platform/binding.h"

/* Arrays of a set and a transfer, one after the other. */
typedef void (*visit_fn)(void **array, size_t bytes, void *argument);

static void visit_doubles(double **array, size_t n, visit_fn visit, void *argument) {
    void *data = *array;
    if (!data)
        return;
    visit(&data, n * sizeof **array, argument);
    *array = data;
}

static void visit_rows(int **at, const dp_panel *panel, visit_fn visit, void *argument) {
    void *rows = *at;
    if (rows)
        visit(&rows, (size_t)panel->m_padded / DP_PAD * sizeof **at, argument);
    *at = rows;
}

static void visit_panel(dp_panel *panel, visit_fn visit, void *argument) {
    if (panel->data)
        visit(&panel->data, dp_panel_data_bytes(panel), argument);
    visit_rows(&panel->at, panel, visit, argument);
}

static void visit_part(dp_m2l_part *part, visit_fn visit, void *argument) {
    visit_panel(&part->a, visit, argument);
    visit_panel(&part->b, visit, argument);
    visit_panel(&part->rounded_a, visit, argument);
    visit_panel(&part->rounded_b, visit, argument);
    visit_rows(&part->turned, &part->a, visit, argument);
}

static void visit_surface(dp_surface_sums *sums, visit_fn visit, void *argument) {
    double **rows[] = {&sums->orbits.x, &sums->orbits.y, &sums->orbits.z};
    for (int d = 0; d < 3; d++)
        visit_doubles(rows[d], (size_t)sums->row, visit, argument);
    for (int a = 0; a < DP_N_PARITIES; a++) {
        visit_panel(&sums->to_expansion[a], visit, argument);
        visit_panel(&sums->from_expansion[a], visit, argument);
    }
    visit_doubles(&sums->isotropic, (size_t)(sums->n_components * sums->ld), visit, argument);
}

static void visit_set(dp_operator_set *set, visit_fn visit, void *argument) {
    visit_surface(&set->outer, visit, argument);
    visit_surface(&set->inner, visit, argument);
    visit_doubles(&set->isotropic.vector, dp_isotropic_numbers(&set->isotropic), visit, argument);
    visit_doubles(&set->flip, (dp_is_paired(set) ? 16 : 8) * (size_t)set->k_padded, visit,
                  argument);
    for (int f = 0; f < DP_N_FOLDED; f++)
        for (int i = 0; i < set->m2l[f].n; i++)
            visit_part(&set->m2l[f].part[i], visit, argument);
}

static void visit_all(dp_operators *ops, visit_fn visit, void *argument) {
    for (int i = 0; i < ops->n_sets; i++) {
        visit_set(&ops->sets[i], visit, argument);
        visit_panel(&ops->transfers[i].m2m, visit, argument);
        visit_panel(&ops->transfers[i].l2l, visit, argument);
    }
}

/* An array of its own begins a cache line. */
static size_t rounded(size_t bytes) {
    return (bytes + 63) / 64 * 64;
}

static void count(void **array, size_t bytes, void *argument) {
    (void)array;
    *(size_t *)argument += rounded(bytes);
}

static void move(void **array, size_t bytes, void *argument) {
    char **next = argument;
    memcpy(*next, *array, bytes);
    *array = *next;
    *next += rounded(bytes);
}

/* The pointers into `from` as pointers into the copy. */
static void point_levels(const dp_operators *from, dp_operators *copy) {
    for (int level = 0; level <= DP_MAX_DEPTH; level++)
        if (from->level[level]) {
            copy->level[level] = copy->sets + (from->level[level] - from->sets);
            copy->below[level] = copy->transfers + (from->below[level] - from->transfers);
        }
}

dagpole_status dp_operators_copy(const dp_operators *from, int node, dp_operators **copied) {
    size_t n_sets = (size_t)from->n_sets, bytes = 0;
    dp_operators *copy = *copied = dp_alloc_copy(from, 1, sizeof *copy);
    if (!copy)
        return DAGPOLE_NO_MEMORY;
    copy->sets = dp_alloc_copy(from->sets, n_sets, sizeof *copy->sets);
    copy->transfers = dp_alloc_copy(from->transfers, n_sets, sizeof *copy->transfers);
    copy->arrays = NULL;
    if (copy->sets && copy->transfers) {
        visit_all(copy, count, &bytes);
        copy->arrays = dp_alloc_apart(bytes);
    }
    if (!copy->arrays) {
        dp_operators_copy_free(copy);
        *copied = NULL;
        return DAGPOLE_NO_MEMORY;
    }
    (void)dp_binding_set(copy->arrays, bytes, node);
    char *next = copy->arrays;
    visit_all(copy, move, &next);
    point_levels(from, copy);
    return DAGPOLE_OK;
}

void dp_operators_copy_free(dp_operators *copy) {
    if (!copy)
        return;
    dp_free(copy->arrays);
    dp_free(copy->transfers);
    dp_free(copy->sets);
    dp_free(copy);
}
