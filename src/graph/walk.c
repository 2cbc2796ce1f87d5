#include "graph/walk.h"

const dp_op *const dp_ops[DAGPOLE_N_OPERATORS] = {
    [DAGPOLE_GATHER] = &dp_op_gather,   [DAGPOLE_P2M] = &dp_op_p2m, [DAGPOLE_M2M] = &dp_op_m2m,
    [DAGPOLE_M2L] = &dp_op_m2l,         [DAGPOLE_P2L] = &dp_op_p2l, [DAGPOLE_L2L] = &dp_op_l2l,
    [DAGPOLE_L2P] = &dp_op_l2p,         [DAGPOLE_M2P] = &dp_op_m2p, [DAGPOLE_P2P] = &dp_op_p2p,
    [DAGPOLE_SCATTER] = &dp_op_scatter,
};

const char *const dp_record_names[DP_N_RECORD_OPS] = {
    "GATHER",      "P2M", "M2M", "M2L",     "P2L",        "L2L",
    "L2P",         "M2P", "P2P", "SCATTER", "GATHER+P2M", "L2L+L2P+SCATTER",
    "L2P+SCATTER",
};

/* What a record costs beside its operators' work. */
#define RECORD_S 2e-6

/* Visits that are planned one after the other by one worker: at least so many, since each chunk
 * takes a mark for every field and box. */
enum { LEAST_CHUNK = 64, CHUNKS_A_WORKER = 4 };

enum { MOST_STEPS = 3 };

/* Operators on one block that make one record, those of them that have work. */
typedef struct visit {
    int n_steps;
    dp_task step[MOST_STEPS];
} visit;

typedef struct walking {
    const dp_layout *layout;
    int64_t n;
    int64_t chunk; /* visits that are planned one after the other */
    visit *visits; /* in the order of the walk */
} walking;

static void add_visit(walking *w, int32_t block, int n_ops, const dagpole_operator *ops) {
    visit *v = &w->visits[w->n];
    *v = (visit){.n_steps = n_ops};
    for (int i = 0; i < n_ops; i++)
        v->step[i] = (dp_task){.op = (int)ops[i], .block = block, .number = w->n * MOST_STEPS + i};
    w->n++;
}

/* 1 where no other block's L2L or L2P reads the block's locals: no box of it has children with
 * targets. */
static int has_own_locals(const dp_layout *layout, int32_t b) {
    const dp_tree *tree = layout->problem->tree;
    const dp_block *block = &layout->blocks.block[b];
    for (int32_t box = block->box_begin; box < block->box_end; box++)
        if (!dp_tree_is_leaf(tree, box) && dp_n_targets(tree, box))
            return 0;
    return 1;
}

/* One operator on the blocks of one level. */
static void visit_level(walking *w, int level, dagpole_operator op) {
    const dp_blocks *blocks = &w->layout->blocks;
    for (int32_t b = 0; b < blocks->n; b++)
        if (blocks->block[b].level == level && (op != DAGPOLE_L2L || !has_own_locals(w->layout, b)))
            add_visit(w, b, 1, &op);
}

static void visit_all(walking *w) {
    static const dagpole_operator upward[] = {DAGPOLE_GATHER, DAGPOLE_P2M}, p2p[] = {DAGPOLE_P2P},
                                  m2p[] = {DAGPOLE_M2P},
                                  downward[] = {DAGPOLE_L2L, DAGPOLE_L2P, DAGPOLE_SCATTER};
    int depth = w->layout->problem->tree->depth;
    int32_t n_blocks = w->layout->blocks.n;
    for (int32_t b = 0; b < n_blocks; b++)
        add_visit(w, b, 2, upward);
    for (int level = depth; level >= 0; level--)
        visit_level(w, level, DAGPOLE_M2M);
    for (int level = 0; level <= depth; level++) {
        visit_level(w, level, DAGPOLE_M2L);
        visit_level(w, level, DAGPOLE_P2L);
        visit_level(w, level, DAGPOLE_L2L);
    }
    for (int32_t b = 0; b < n_blocks; b++) {
        int has_l2l = has_own_locals(w->layout, b);
        add_visit(w, b, 1, p2p);
        add_visit(w, b, 1, m2p);
        add_visit(w, b, has_l2l ? 3 : 2, has_l2l ? downward : downward + 1);
    }
}

static dagpole_status plan_visit(const dp_layout *layout, dp_named *named, visit *v) {
    int n = 0;
    for (int i = 0; i < v->n_steps; i++) {
        dp_task task = v->step[i];
        task.named = named;
        dagpole_status status = dp_ops[task.op]->plan(layout, task.block, &task);
        v->step[i] = task;
        DP_TRY(status);
        DP_TRY(task.status);
        if (task.work) {
            v->step[i] = (dp_task){0};
            v->step[n++] = task;
        }
    }
    v->n_steps = n;
    return DAGPOLE_OK;
}

/* 1 where it matters which part of a field a task reads. */
static int has_homes(const dp_problem *problem) {
    return dp_n_homes(problem) > 1;
}

static dagpole_status plan_chunk(void *argument, int64_t chunk) {
    const walking *w = argument;
    const dp_problem *p = w->layout->problem;
    size_t n_fields = (size_t)w->layout->n_fields;
    int64_t begin = chunk * w->chunk, end = begin + w->chunk < w->n ? begin + w->chunk : w->n;
    dp_named named = {.task = dp_alloc_zero(n_fields, sizeof *named.task),
                      .index = dp_alloc(n_fields, sizeof *named.index)};
    if (has_homes(p))
        named.box = dp_alloc_zero((size_t)p->tree->n_boxes, sizeof *named.box);
    int is_complete = named.task && named.index && (named.box || !has_homes(p));
    dagpole_status status = is_complete ? DAGPOLE_OK : DAGPOLE_NO_MEMORY;
    for (int64_t i = begin; i < end && status == DAGPOLE_OK; i++)
        status = plan_visit(w->layout, &named, &w->visits[i]);
    dp_free(named.task);
    dp_free(named.index);
    dp_free(named.box);
    return status;
}

/* ---- from visits to records ---- */

static int record_op(const visit *v) {
    if (v->n_steps == 1)
        return v->step[0].op;
    if (v->step[0].op == DAGPOLE_GATHER)
        return DP_UPWARD;
    return v->step[0].op == DAGPOLE_L2L ? DP_DOWNWARD : DP_OUTWARD;
}

/* What two steps do to a field, one after the other. */
static dp_access joined(dp_access first, dp_access second) {
    if (first == DP_READ && second != DP_READ)
        return DP_READ_WRITE;
    return first;
}

/* Bytes of the field that its a-th access reads, as the task says. */
static int64_t bytes_read(const dp_layout *layout, const dp_task *task, int32_t a) {
    if (task->bytes[a] != DP_WHOLE)
        return task->bytes[a];
    return (int64_t)layout->field[task->field[a]].bytes;
}

/* The task's a-th field becomes the record's next. */
static void append_access(const dp_layout *layout, const dp_task *task, int32_t a, dp_walk *walk) {
    int64_t at = walk->n_accesses++;
    walk->access_field[at] = task->field[a];
    walk->access_mode[at] = task->mode[a];
    if (walk->access_bytes)
        walk->access_bytes[at] = bytes_read(layout, task, a);
}

/* The index of the task's a-th field in the record that begins at `begin`, which it joins. */
static int32_t join_access(const dp_layout *layout, const dp_task *task, int32_t a, int64_t begin,
                           dp_walk *walk) {
    int64_t at = begin;
    while (at < walk->n_accesses && walk->access_field[at] != task->field[a])
        at++;
    if (at == walk->n_accesses) {
        append_access(layout, task, a, walk);
        return (int32_t)(at - begin);
    }
    walk->access_mode[at] =
        (uint8_t)joined((dp_access)walk->access_mode[at], (dp_access)task->mode[a]);
    if (walk->access_bytes) {
        int64_t sum = walk->access_bytes[at] + bytes_read(layout, task, a),
                whole = (int64_t)layout->field[task->field[a]].bytes;
        walk->access_bytes[at] = sum < whole ? sum : whole;
    }
    return (int32_t)(at - begin);
}

/* The step's fields become the record's: the first step's as they are. */
static void add_step(const dp_layout *layout, dp_task *task, int64_t begin, dp_walk *walk,
                     int32_t **next_from) {
    dp_step *step = &walk->steps[walk->n_steps];
    int32_t n = task->n_accesses;
    *step = (dp_step){.work = task->work, .n_fields = n};
    if (walk->n_accesses == begin) {
        for (int32_t a = 0; a < n; a++)
            append_access(layout, task, a, walk);
    } else {
        step->from = *next_from;
        for (int32_t a = 0; a < n; a++)
            *(*next_from)++ = join_access(layout, task, a, begin, walk);
    }
    walk->step_cost[walk->n_steps] = (float)task->cost;
    walk->step_op[walk->n_steps++] = task->op;
    walk->op_work[task->op].pairs += task->pairs * layout->problem->shape.n_vectors;
    walk->op_work[task->op].flops += task->flops * dp_n_columns(&layout->problem->shape);
    walk->op_work[task->op].cost += task->cost;
    walk->most_fields = walk->most_fields < n ? n : walk->most_fields;
    walk->work_bytes += (int64_t)task->work_bytes;
    task->work = NULL;
}

static void add_record(const dp_layout *layout, visit *v, dp_walk *walk, int32_t **next_from) {
    dp_record *record = &walk->records[walk->n_records++];
    double cost = RECORD_S;
    *record = (dp_record){.op = record_op(v),
                          .block = v->step[0].block,
                          .node = layout->blocks.block[v->step[0].block].node,
                          .access_begin = walk->n_accesses,
                          .n_steps = v->n_steps,
                          .step_begin = walk->n_steps};
    for (int i = 0; i < v->n_steps; i++) {
        cost += v->step[i].cost;
        add_step(layout, &v->step[i], record->access_begin, walk, next_from);
    }
    record->n_access = (int32_t)(walk->n_accesses - record->access_begin);
    record->cost = (float)cost;
}

static dagpole_status allocate(const walking *w, dp_walk *walk) {
    size_t n_records = 0, n_steps = 0, n_accesses = 0;
    for (int64_t i = 0; i < w->n; i++) {
        n_records += w->visits[i].n_steps > 0;
        n_steps += (size_t)w->visits[i].n_steps;
        for (int k = 0; k < w->visits[i].n_steps; k++)
            n_accesses += (size_t)w->visits[i].step[k].n_accesses;
    }
    walk->records = dp_alloc(n_records, sizeof *walk->records);
    walk->access_field = dp_alloc(n_accesses, sizeof *walk->access_field);
    walk->access_mode = dp_alloc(n_accesses, sizeof *walk->access_mode);
    if (has_homes(w->layout->problem))
        walk->access_bytes = dp_alloc(n_accesses, sizeof *walk->access_bytes);
    walk->step_op = dp_alloc(n_steps, sizeof *walk->step_op);
    walk->step_cost = dp_alloc(n_steps, sizeof *walk->step_cost);
    walk->steps = dp_alloc(n_steps, sizeof *walk->steps);
    walk->from = dp_alloc(n_accesses, sizeof *walk->from);
    int has_bytes = walk->access_bytes || !has_homes(w->layout->problem);
    return walk->records && walk->access_field && walk->access_mode && has_bytes && walk->step_op &&
                   walk->step_cost && walk->steps && walk->from
               ? DAGPOLE_OK
               : DAGPOLE_NO_MEMORY;
}

static dagpole_status make(const dp_team *team, walking *w, dp_walk *walk) {
    visit_all(w);
    w->chunk = w->n / (CHUNKS_A_WORKER * team->size) + 1;
    w->chunk = w->chunk > LEAST_CHUNK ? w->chunk : LEAST_CHUNK;
    DP_TRY(team->run(team, (w->n + w->chunk - 1) / w->chunk, plan_chunk, w));
    DP_TRY(allocate(w, walk));
    int32_t *next_from = walk->from;
    for (int64_t i = 0; i < w->n; i++)
        if (w->visits[i].n_steps)
            add_record(w->layout, &w->visits[i], walk, &next_from);
    return DAGPOLE_OK;
}

dagpole_status dp_walk_make(const dp_team *team, const dp_layout *layout, dp_walk *walk) {
    /* of a block: GATHER and P2M, M2M, M2L, P2L, L2L, P2P, M2P, the rest */
    enum { MOST_VISITS = 8 };
    walking w = {.layout = layout};
    *walk = (dp_walk){0};
    w.visits = dp_alloc((size_t)layout->blocks.n * MOST_VISITS, sizeof *w.visits);
    dagpole_status status = w.visits ? make(team, &w, walk) : DAGPOLE_NO_MEMORY;
    for (int64_t i = 0; i < w.n; i++)
        for (int k = 0; k < MOST_STEPS; k++)
            dp_task_free(&w.visits[i].step[k]);
    dp_free(w.visits);
    if (status != DAGPOLE_OK)
        dp_walk_free(walk);
    return status;
}

void dp_walk_shed(dp_walk *walk) {
    for (int64_t i = 0; i < walk->n_steps; i++) {
        dp_free(walk->steps[i].work);
        walk->steps[i].work = NULL;
    }
}

void dp_walk_free(dp_walk *walk) {
    dp_walk_shed(walk);
    dp_free(walk->steps);
    dp_free(walk->step_op);
    dp_free(walk->step_cost);
    dp_free(walk->from);
    dp_free(walk->records);
    dp_free(walk->access_field);
    dp_free(walk->access_mode);
    dp_free(walk->access_bytes);
    *walk = (dp_walk){0};
}
