/* The queues of the scheduling policy against a model, and what several threads make of them. */
#include <pthread.h>
#include <stddef.h>

#include "base/memory.h"
#include "runtime/queue.h"
#include "suite.h"

/* Two nodes (numbers 0 and 3) of two caches, two workers a cache. */
enum { N_WORKERS = 8, N_QUEUES = 4, FAR_NODE = 3, MAX_ITEMS = 64 };

static int group_of[N_WORKERS] = {0, 0, 1, 1, 2, 2, 3, 3};
static int node_of[N_QUEUES] = {0, 0, FAR_NODE, FAR_NODE};
static int distance[N_QUEUES * N_QUEUES] = {0,  10, 20, 21, 10, 0,  21, 20,
                                            20, 21, 0,  10, 21, 20, 10, 0};
static const dp_places places = {.n_units = N_WORKERS,
                                 .n_groups = N_QUEUES,
                                 .group_of = group_of,
                                 .node_of = node_of,
                                 .distance = distance};

typedef struct item {
    int64_t number; /* the order of pushing */
    struct item *next;
    unsigned mask; /* workers that can run it; 0 = all */
    int level, queue, is_queued;
    _Atomic int n_taken;
} item;

static int in_mask(void *it, int worker) {
    unsigned mask = ((item *)it)->mask;
    return mask == 0 || (mask >> worker & 1);
}

static dp_queues open_queues(int (*can_run)(void *, int)) {
    dp_queues queues;
    ck_assert_int_eq(dp_queues_init(&queues, &places, offsetof(item, next), can_run), DAGPOLE_OK);
    for (int w = 0; w < N_WORKERS; w++)
        dp_queues_serve(&queues, w, 1);
    return queues;
}

static int queue_of(const dp_queues *queues, const int64_t *before) {
    int found = -1;
    for (int i = 0; i < N_QUEUES; i++)
        if (atomic_load(&queues->queue[i].n) != before[i]) {
            ck_assert_int_eq(found, -1);
            ck_assert_int_eq(atomic_load(&queues->queue[i].n), before[i] + 1);
            found = i;
        }
    ck_assert_int_ge(found, 0);
    return found;
}

/* Pushes and finds out where it went. */
static int push(dp_queues *queues, item *it, int node, int pusher, int *sleeper) {
    int64_t before[N_QUEUES];
    for (int i = 0; i < N_QUEUES; i++)
        before[i] = atomic_load(&queues->queue[i].n);
    int woken = dp_queues_push(queues, it, it->level, node, pusher);
    if (sleeper)
        *sleeper = woken;
    return queue_of(queues, before);
}

START_TEST(highest_priority_then_oldest) {
    dp_queues queues = open_queues(NULL);
    item items[6] = {{.level = 5},  {.level = 63}, {.level = 0},
                     {.level = 63}, {.level = 5},  {.level = 6}};
    static const int order[6] = {1, 3, 5, 0, 4, 2};
    for (int i = 0; i < 6; i++)
        ck_assert_int_eq(push(&queues, &items[i], -1, 0, NULL), 0);
    ck_assert_int_eq(dp_queues_count(&queues), 6);
    for (int i = 0; i < 6; i++)
        ck_assert_ptr_eq(dp_queues_pop(&queues, 1), &items[order[i]]);
    ck_assert_ptr_null(dp_queues_pop(&queues, 1));
    ck_assert_int_eq(dp_queues_count(&queues), 0);
    dp_queues_free(&queues);
}
END_TEST

START_TEST(own_before_stolen_and_near_before_far) {
    dp_queues queues = open_queues(NULL);
    item items[N_QUEUES][16];
    for (int q = 0; q < N_QUEUES; q++)
        for (int k = 0; k < 16; k++) {
            items[q][k] = (item){.level = q == 0 ? 1 : 60};
            ck_assert_int_eq(push(&queues, &items[q][k], -1, 2 * q, NULL), q);
        }
    for (int k = 0; k < 16; k++)
        ck_assert_ptr_eq(dp_queues_pop(&queues, 0), &items[0][k]);
    for (int k = 0; k < 16; k++)
        ck_assert_ptr_eq(dp_queues_pop(&queues, 0), &items[1][k]);
    for (int k = 0; k < 16; k++) /* the nearer of the far queues, while there is enough */
        ck_assert_ptr_eq(dp_queues_pop(&queues, 0), &items[2][k]);
    for (int k = 0; k < 4; k++)
        ck_assert_ptr_eq(dp_queues_pop(&queues, 0), &items[3][k]);
    ck_assert_ptr_null(dp_queues_pop(&queues, 0));
    ck_assert_int_eq(dp_queues_count(&queues), 12);
    dp_queues_free(&queues);
}
END_TEST

/* Another node's workers leave three items for each worker that is there to take them. */
START_TEST(a_node_keeps_what_its_workers_take_next) {
    dp_queues queues = open_queues(NULL);
    item items[13] = {{0}};
    for (int k = 0; k < 12; k++)
        push(&queues, &items[k], FAR_NODE, -1, NULL);
    ck_assert_ptr_null(dp_queues_pop(&queues, 0));
    push(&queues, &items[12], FAR_NODE, -1, NULL);
    ck_assert_ptr_nonnull(dp_queues_pop(&queues, 0));
    ck_assert_ptr_null(dp_queues_pop(&queues, 0));
    for (int w = 4; w < 7; w++) /* three of its four workers end */
        dp_queues_serve(&queues, w, 0);
    for (int k = 0; k < 9; k++)
        ck_assert_ptr_nonnull(dp_queues_pop(&queues, 0));
    ck_assert_ptr_null(dp_queues_pop(&queues, 0));
    dp_queues_serve(&queues, 7, 0);
    for (int k = 0; k < 3; k++)
        ck_assert_ptr_nonnull(dp_queues_pop(&queues, 0));
    ck_assert_int_eq(dp_queues_count(&queues), 0);
    dp_queues_free(&queues);
}
END_TEST

START_TEST(items_go_home_or_to_the_emptiest) {
    dp_queues queues = open_queues(in_mask);
    item items[16] = {{0}};
    ck_assert_int_eq(push(&queues, &items[0], FAR_NODE, 0, NULL), 2);
    ck_assert_int_eq(push(&queues, &items[1], FAR_NODE, 0, NULL), 3);
    ck_assert_int_eq(push(&queues, &items[2], FAR_NODE, 6, NULL), 3); /* the pusher's own */
    ck_assert_int_eq(push(&queues, &items[3], FAR_NODE, -1, NULL), 2);
    ck_assert_int_eq(push(&queues, &items[4], -1, -1, NULL), 0);
    ck_assert_int_eq(push(&queues, &items[5], -1, -1, NULL), 1);
    ck_assert_int_eq(push(&queues, &items[6], 17, 3, NULL), 1); /* no such node */
    items[7].mask = 1u << 5;
    ck_assert_int_eq(push(&queues, &items[7], 0, 0, NULL), 2); /* where one can run it */
    dp_queues_serve(&queues, 4, 0);
    dp_queues_serve(&queues, 5, 0);
    dp_queues_serve(&queues, 0, 0);
    dp_queues_serve(&queues, 1, 0);
    ck_assert_int_eq(push(&queues, &items[8], -1, 0, NULL), 1); /* not where nobody serves */
    ck_assert_int_eq(push(&queues, &items[9], FAR_NODE, -1, NULL), 3);
    dp_queues_free(&queues);
}
END_TEST

START_TEST(the_nearest_sleeper_is_woken_once) {
    dp_queues queues = open_queues(in_mask);
    item items[16] = {{0}};
    int sleeper;
    push(&queues, &items[0], -1, 0, &sleeper);
    ck_assert_int_eq(sleeper, -1); /* nobody sleeps */
    ck_assert_ptr_nonnull(dp_queues_pop(&queues, 0));
    for (int w = 1; w < N_WORKERS; w++)
        ck_assert_ptr_null(dp_queues_pop(&queues, w));
    static const int nearest[] = {1, 2, 3}; /* then other nodes', once there is more than enough */
    for (int k = 0; k < 3; k++) {
        push(&queues, &items[k], -1, 0, &sleeper);
        ck_assert_int_eq(sleeper, nearest[k]);
    }
    for (int k = 3; k < 12; k++) {
        push(&queues, &items[k], -1, 0, &sleeper);
        ck_assert_int_eq(sleeper, -1);
    }
    items[12].mask = 1u << 0 | 1u << 6;
    push(&queues, &items[12], -1, 0, &sleeper);
    ck_assert_int_eq(sleeper, 6);
    push(&queues, &items[13], -1, 0, &sleeper);
    ck_assert_int_eq(sleeper, 4);
    dp_queues_serve(&queues, 5, 0);
    dp_queues_serve(&queues, 7, 0);
    push(&queues, &items[14], -1, 0, &sleeper);
    ck_assert_int_eq(sleeper, -1);
    dp_queues_free(&queues);
}
END_TEST

/* ---- thousands of operations against a model ---------------------------------------------- */

typedef struct model {
    item items[MAX_ITEMS];
    int serves[N_WORKERS], sleeps[N_WORKERS];
    int64_t n_pushed;
} model;

static int count_in(const model *m, int queue) {
    int n = 0;
    for (int i = 0; i < MAX_ITEMS; i++)
        n += m->items[i].is_queued && m->items[i].queue == queue;
    return n;
}

static int serving(const model *m, int queue) {
    int n = 0;
    for (int w = 0; w < N_WORKERS; w++)
        n += group_of[w] == queue && m->serves[w];
    return n;
}

static int model_may_take(const model *m, int home, int from) {
    int n = 0, n_workers = 0;
    for (int q = 0; q < N_QUEUES; q++)
        if (node_of[q] == node_of[from]) {
            n += count_in(m, q);
            n_workers += serving(m, q);
        }
    return node_of[home] == node_of[from] || n > 3 * n_workers;
}

/* Whether the worker would rather take a than b. */
static int comes_first(int home, const item *a, const item *b) {
    int to_a = distance[home * N_QUEUES + a->queue], to_b = distance[home * N_QUEUES + b->queue];
    if (to_a != to_b)
        return to_a < to_b;
    return a->level != b->level ? a->level > b->level : a->number < b->number;
}

static item *model_pop(model *m, int worker) {
    item *best = NULL;
    for (int i = 0; i < MAX_ITEMS; i++) {
        item *it = &m->items[i];
        if (it->is_queued && in_mask(it, worker) &&
            model_may_take(m, group_of[worker], it->queue) &&
            (!best || comes_first(group_of[worker], it, best)))
            best = it;
    }
    m->sleeps[worker] = !best;
    if (best)
        best->is_queued = 0;
    return best;
}

static int is_for_queue(const model *m, const item *it, int queue) {
    for (int w = 0; w < N_WORKERS; w++)
        if (group_of[w] == queue && m->serves[w] && in_mask((void *)it, w))
            return 1;
    return 0;
}

static void check_queue(const model *m, const item *it, int node, int pusher) {
    int has_node = 0, has_any = 0;
    for (int q = 0; q < N_QUEUES; q++) {
        has_any |= is_for_queue(m, it, q);
        has_node |= node == node_of[q] && is_for_queue(m, it, q);
    }
    if (!has_any)
        return;
    ck_assert(is_for_queue(m, it, it->queue));
    if (has_node)
        ck_assert_int_eq(node_of[it->queue], node);
    int own = pusher >= 0 && m->serves[pusher] ? group_of[pusher] : -1;
    if (own >= 0 && is_for_queue(m, it, own) && (!has_node || node_of[own] == node))
        ck_assert_int_eq(it->queue, own);
    else
        for (int q = 0; q < N_QUEUES; q++)
            if (is_for_queue(m, it, q) && (!has_node || node_of[q] == node))
                ck_assert_int_le(count_in(m, it->queue) * serving(m, q),
                                 count_in(m, q) * serving(m, it->queue));
}

/* After the item is in. */
static void check_sleeper(model *m, item *it, int sleeper) {
    int nearest = -1;
    for (int w = 0; w < N_WORKERS; w++)
        if (m->sleeps[w] && in_mask(it, w) && model_may_take(m, group_of[w], it->queue) &&
            (nearest < 0 || distance[it->queue * N_QUEUES + group_of[w]] <
                                distance[it->queue * N_QUEUES + group_of[nearest]]))
            nearest = w;
    ck_assert_int_eq(sleeper, nearest);
    if (sleeper >= 0)
        m->sleeps[sleeper] = 0;
}

static void random_push(dp_queues *queues, model *m, uint64_t *state) {
    static const int nodes[] = {-1, -1, 0, FAR_NODE, 8};
    int i = 0, sleeper;
    while (i < MAX_ITEMS && m->items[i].is_queued)
        i++;
    if (i == MAX_ITEMS)
        return;
    int node = nodes[(int)(5 * suite_uniform(state))];
    int pusher = (int)((N_WORKERS + 1) * suite_uniform(state)) - 1;
    item *it = &m->items[i];
    *it = (item){.number = m->n_pushed++, .level = (int)(DP_QUEUE_LEVELS * suite_uniform(state))};
    if (suite_uniform(state) < 0.2)
        it->mask = 1 + (unsigned)(255 * suite_uniform(state));
    if (suite_uniform(state) < 0.7)
        it->level = 32 + it->level % 2;
    it->queue = push(queues, it, node, pusher, &sleeper);
    check_queue(m, it, node, pusher);
    it->is_queued = 1;
    check_sleeper(m, it, sleeper);
}

static void random_operation(dp_queues *queues, model *m, double share_pushed, uint64_t *state) {
    int worker = (int)(N_WORKERS * suite_uniform(state));
    double what = suite_uniform(state);
    if (what < 0.02) {
        m->serves[worker] = !m->serves[worker];
        dp_queues_serve(queues, worker, m->serves[worker]);
        m->sleeps[worker] = m->sleeps[worker] && m->serves[worker];
    } else if (what < share_pushed) {
        random_push(queues, m, state);
    } else if (m->serves[worker]) {
        item *expected = model_pop(m, worker);
        ck_assert_ptr_eq(dp_queues_pop(queues, worker), expected);
    }
}

START_TEST(matches_a_model) {
    uint64_t state = (uint64_t)_i + 1;
    dp_queues queues = open_queues(in_mask);
    model *m = dp_alloc_zero(1, sizeof *m);
    for (int w = 0; w < N_WORKERS; w++)
        m->serves[w] = 1;
    for (int k = 0; k < 20000; k++) {
        random_operation(&queues, m, k / 1000 % 2 ? 0.7 : 0.4, &state);
        ck_assert_int_eq(dp_queues_count(&queues),
                         count_in(m, 0) + count_in(m, 1) + count_in(m, 2) + count_in(m, 3));
    }
    dp_free(m);
    dp_queues_free(&queues);
}
END_TEST

/* ---- threads ------------------------------------------------------------------------------ */

enum { N_SHARED = 20000 };

typedef struct crew {
    dp_queues queues;
    item *items;
    _Atomic int64_t n_left;
} crew;

typedef struct member {
    crew *crew;
    int worker;
} member;

static void take_one(crew *c, int worker) {
    item *taken = dp_queues_pop(&c->queues, worker);
    if (taken && atomic_fetch_add(&taken->n_taken, 1) == 0)
        atomic_fetch_sub(&c->n_left, 1);
}

static void *push_and_pop(void *argument) {
    member *self = argument;
    crew *c = self->crew;
    uint64_t state = (uint64_t)self->worker + 1;
    for (int i = self->worker; i < N_SHARED; i += N_WORKERS) {
        c->items[i].level = (int)(DP_QUEUE_LEVELS * suite_uniform(&state));
        dp_queues_push(&c->queues, &c->items[i], c->items[i].level, i % 7 ? -1 : FAR_NODE,
                       self->worker);
        if (i % 3)
            take_one(c, self->worker);
    }
    while (atomic_load(&c->n_left) > 0)
        take_one(c, self->worker);
    return NULL;
}

START_TEST(threads_take_every_item_once) {
    crew c = {.queues = open_queues(NULL), .n_left = N_SHARED};
    member members[N_WORKERS];
    pthread_t threads[N_WORKERS];
    c.items = dp_alloc_zero(N_SHARED, sizeof *c.items);
    for (int w = 0; w < N_WORKERS; w++) {
        members[w] = (member){&c, w};
        ck_assert_int_eq(pthread_create(&threads[w], NULL, push_and_pop, &members[w]), 0);
    }
    for (int w = 0; w < N_WORKERS; w++)
        pthread_join(threads[w], NULL);
    for (int i = 0; i < N_SHARED; i++)
        ck_assert_int_eq(atomic_load(&c.items[i].n_taken), 1);
    ck_assert_int_eq(dp_queues_count(&c.queues), 0);
    dp_free(c.items);
    dp_queues_free(&c.queues);
}
END_TEST

START_TEST(no_memory_is_said) {
    for (int k = 1; k <= 3; k++) {
        dp_queues queues;
        dp_memory_fail_at(k, 0);
        ck_assert_int_eq(dp_queues_init(&queues, &places, 0, NULL), DAGPOLE_NO_MEMORY);
        dp_memory_fail_at(0, 0);
        ck_assert_int_eq(queues.n, 0);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("queue");
    TCase *tcase = tcase_create("queue");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, highest_priority_then_oldest);
    tcase_add_test(tcase, own_before_stolen_and_near_before_far);
    tcase_add_test(tcase, a_node_keeps_what_its_workers_take_next);
    tcase_add_test(tcase, items_go_home_or_to_the_emptiest);
    tcase_add_test(tcase, the_nearest_sleeper_is_woken_once);
    tcase_add_loop_test(tcase, matches_a_model, 0, 4);
    tcase_add_test(tcase, threads_take_every_item_once);
    tcase_add_test(tcase, no_memory_is_said);
    return suite_run(suite, tcase);
}
