#include "graph/walk.h"

#include <string.h>

const dp_op *const dp_ops[DAGPOLE_N_OPERATORS] = {
    [DAGPOLE_GATHER] = &dp_op_gather,   [DAGPOLE_P2M] = &dp_op_p2m, [DAGPOLE_M2M] = &dp_op_m2m,
    [DAGPOLE_M2L] = &dp_op_m2l,         [DAGPOLE_P2L] = &dp_op_p2l, [DAGPOLE_L2L] = &dp_op_l2l,
    [DAGPOLE_L2P] = &dp_op_l2p,         [DAGPOLE_M2P] = &dp_op_m2p, [DAGPOLE_P2P] = &dp_op_p2p,
    [DAGPOLE_SCATTER] = &dp_op_scatter,
};

/* What a record costs beside its operator's work. */
#define RECORD_S 2e-6

/* Tasks that are planned one after the other by one worker. */
enum { CHUNK = 64 };

typedef struct walking {
    const dp_layout *layout;
    int64_t n;
    dp_task *tasks; /* every operator on every block, in the order of the walk */
} walking;

static void visit(walking *w, dagpole_operator op, int32_t block) {
    w->tasks[w->n] = (dp_task){.op = (int)op, .block = block, .number = w->n};
    w->n++;
}

/* Every operator on the blocks of one level, one operator after the other. */
static void visit_level(walking *w, int level, const dagpole_operator *ops, int n_ops) {
    const dp_blocks *blocks = &w->layout->blocks;
    for (int i = 0; i < n_ops; i++)
        for (int32_t b = 0; b < blocks->n; b++)
            if (blocks->block[b].level == level)
                visit(w, ops[i], b);
}

static void visit_all(walking *w) {
    static const dagpole_operator up[] = {DAGPOLE_P2M, DAGPOLE_M2M},
                                  down[] = {DAGPOLE_M2L, DAGPOLE_P2L, DAGPOLE_L2L},
                                  near[] = {DAGPOLE_P2P, DAGPOLE_M2P, DAGPOLE_L2P, DAGPOLE_SCATTER};
    int depth = w->layout->problem->tree->depth;
    for (int32_t b = 0; b < w->layout->blocks.n; b++)
        visit(w, DAGPOLE_GATHER, b);
    for (int level = depth; level >= 0; level--)
        visit_level(w, level, up, 2);
    for (int level = 0; level <= depth; level++)
        visit_level(w, level, down, 3);
    for (int32_t b = 0; b < w->layout->blocks.n; b++)
        for (int i = 0; i < 4; i++)
            visit(w, near[i], b);
}

static dagpole_status plan_tasks(const walking *w, int64_t begin, int64_t end, dp_named *named) {
    for (int64_t i = begin; i < end; i++) {
        dp_task *task = &w->tasks[i];
        task->named = named;
        DP_TRY(dp_ops[task->op]->plan(w->layout, task->block, task));
        DP_TRY(task->status);
    }
    return DAGPOLE_OK;
}

static dagpole_status plan_chunk(void *argument, int64_t chunk) {
    const walking *w = argument;
    size_t n_fields = (size_t)w->layout->n_fields;
    int64_t begin = chunk * CHUNK, end = begin + CHUNK < w->n ? begin + CHUNK : w->n;
    dp_named named = {.task = dp_alloc_zero(n_fields, sizeof *named.task),
                      .index = dp_alloc(n_fields, sizeof *named.index)};
    dagpole_status status =
        named.task && named.index ? plan_tasks(w, begin, end, &named) : DAGPOLE_NO_MEMORY;
    dp_free(named.task);
    dp_free(named.index);
    return status;
}

/* ---- from tasks to records ---- */

static dagpole_status allocate(const walking *w, dp_walk *walk) {
    size_t n_records = 0, n_accesses = 0;
    for (int64_t i = 0; i < w->n; i++) {
        n_records += w->tasks[i].work != NULL;
        n_accesses += (size_t)w->tasks[i].n_accesses;
    }
    walk->records = dp_alloc(n_records, sizeof *walk->records);
    walk->work = dp_alloc(n_records, sizeof *walk->work);
    walk->access_field = dp_alloc(n_accesses, sizeof *walk->access_field);
    walk->access_mode = dp_alloc(n_accesses, sizeof *walk->access_mode);
    return walk->records && walk->work && walk->access_field && walk->access_mode
               ? DAGPOLE_OK
               : DAGPOLE_NO_MEMORY;
}

/* The task's work becomes the walk's. */
static void add_record(dp_task *task, dp_walk *walk) {
    size_t n = (size_t)task->n_accesses;
    walk->records[walk->n_records] = (dp_record){.op = task->op,
                                                 .block = task->block,
                                                 .cost = (float)(task->cost + RECORD_S),
                                                 .access_begin = walk->n_accesses,
                                                 .n_access = task->n_accesses};
    if (n) {
        memcpy(walk->access_field + walk->n_accesses, task->field, n * sizeof *task->field);
        memcpy(walk->access_mode + walk->n_accesses, task->mode, n);
    }
    walk->work[walk->n_records++] = task->work;
    walk->n_accesses += task->n_accesses;
    walk->work_bytes += (int64_t)task->work_bytes;
    task->work = NULL;
}

static dagpole_status make(const dp_team *team, walking *w, dp_walk *walk) {
    visit_all(w);
    DP_TRY(team->run(team, (w->n + CHUNK - 1) / CHUNK, plan_chunk, w));
    DP_TRY(allocate(w, walk));
    for (int64_t i = 0; i < w->n; i++)
        if (w->tasks[i].work)
            add_record(&w->tasks[i], walk);
    return DAGPOLE_OK;
}

dagpole_status dp_walk_make(const dp_team *team, const dp_layout *layout, dp_walk *walk) {
    walking w = {.layout = layout};
    *walk = (dp_walk){0};
    w.tasks = dp_alloc((size_t)layout->blocks.n * DAGPOLE_N_OPERATORS, sizeof *w.tasks);
    dagpole_status status = w.tasks ? make(team, &w, walk) : DAGPOLE_NO_MEMORY;
    for (int64_t i = 0; i < w.n; i++)
        dp_task_free(&w.tasks[i]);
    dp_free(w.tasks);
    if (status != DAGPOLE_OK)
        dp_walk_free(walk);
    return status;
}

void dp_walk_free(dp_walk *walk) {
    for (int64_t i = 0; i < walk->n_records; i++)
        dp_free(walk->work[i]);
    dp_free(walk->work);
    dp_free(walk->records);
    dp_free(walk->access_field);
    dp_free(walk->access_mode);
    *walk = (dp_walk){0};
}
