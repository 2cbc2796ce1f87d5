/* M2L: the multipoles of V lists to the locals of a block's boxes.
 *
 * Pairs are sorted by their label: those of one share two matrices and the signs, which are then
 * read once per block. M2L is alone on its block. */
#include "ops/locals.h"

typedef struct m2l_pair {
    int32_t source, access; /* which box of which of the task's fields */
    int32_t target;         /* which box of the block */
} m2l_pair;

/* Pairs of one label. */
typedef struct m2l_run {
    int32_t label;
    int64_t end; /* of the pairs; they begin where the run before ends */
} m2l_run;

typedef struct m2l_work {
    int level, n_vectors;
    int32_t n_boxes, n_runs;
    m2l_run *run;
    m2l_pair *pair;
} m2l_work;

static int32_t count_labels(const dp_csr *v, const dp_block *block, int64_t n_of[DP_N_LABELS]) {
    int32_t n_labels = 0;
    for (int64_t i = v->offset[block->box_begin]; i < v->offset[block->box_end]; i++)
        n_labels += n_of[v->label[i]]++ == 0;
    return n_labels;
}

/* Counting sort by label; within one, pairs stay in order of target and source. */
static void list_pairs(const dp_layout *layout, const dp_block *block, int64_t next[DP_N_LABELS],
                       m2l_work *w, dp_task *task) {
    const dp_csr *v = &layout->problem->lists->v;
    const dp_operator_set *set = layout->problem->operators->level[block->level];
    int64_t n = 0;
    for (int label = 0; label < DP_N_LABELS; label++) {
        int64_t n_pairs = next[label];
        next[label] = n;
        n += n_pairs;
        if (!n_pairs)
            continue;
        w->run[w->n_runs++] = (m2l_run){label, n};
        task->flops += (double)n_pairs * dp_m2l_flops(set, label / 8);
    }
    for (int32_t box = block->box_begin; box < block->box_end; box++)
        for (int64_t i = v->offset[box]; i < v->offset[box + 1]; i++) {
            int32_t source = v->index[i];
            w->pair[next[v->label[i]]++] =
                (m2l_pair){.source = dp_in_block(layout, source),
                           .access = dp_read_expansion(layout, source, DP_MULTIPOLES, task),
                           .target = box - block->box_begin};
        }
}

static dagpole_status plan(const dp_layout *layout, int32_t b, dp_task *task) {
    const dp_problem *p = layout->problem;
    const dp_block *block = &layout->blocks.block[b];
    int64_t n_of[DP_N_LABELS] = {0};
    if (!block->has_m2l)
        return DAGPOLE_OK;
    int64_t n_pairs = p->lists->v.offset[block->box_end] - p->lists->v.offset[block->box_begin];
    size_t n_labels = (size_t)count_labels(&p->lists->v, block, n_of);
    m2l_work *w = dp_task_work(task, sizeof *w + n_labels * sizeof *w->run +
                                         (size_t)n_pairs * sizeof *w->pair);
    if (!w)
        return DAGPOLE_NO_MEMORY;
    const dp_operator_set *set = p->operators->level[block->level];
    w->level = block->level;
    w->n_vectors = dp_n_columns(&p->shape);
    w->n_boxes = block->box_end - block->box_begin;
    w->run = (m2l_run *)(w + 1);
    w->pair = (m2l_pair *)(w->run + n_labels);
    dp_write_locals(layout, b, 1, task);
    list_pairs(layout, block, n_of, w, task);
    task->cost = (double)n_pairs * dp_cost_m2l(&p->cost, dp_m2l_mean_flops(set), set->k_padded);
    return DAGPOLE_OK;
}

/* Of moments, from the position of a label. */
static dp_shift shift_of(const dp_offsets *offsets, int label) {
    const int *v = offsets->folded[label / 8].v;
    int position[3];
    for (int d = 0; d < 3; d++)
        position[d] = label % 8 >> d & 1 ? -v[d] : v[d];
    return dp_shift_across(position);
}

/* Pairs of one label, a column for each vector. Meanwhile those of a batch later are fetched, of
 * whatever label. */
static void run_label(const m2l_work *w, const m2l_run *run, int64_t begin,
                      const dp_operator_set *set, void *const *fields, dp_worker *worker) {
    const dp_shift shift = shift_of(&worker->operators->offsets, run->label);
    const int64_t n_pairs = w->run[w->n_runs - 1].end, ahead = (DP_COLUMNS - 1) / w->n_vectors + 1;
    dp_columns batch = {.reflection = run->label % 8};
    for (int64_t i = begin; i < run->end; i++) {
        const m2l_pair *pair = &w->pair[i], *later = i + ahead < n_pairs ? pair + ahead : pair;
        for (int v = 0; v < w->n_vectors; v++) {
            batch.source[batch.n] = dp_moved_expansion(
                worker, fields[pair->access], set, pair->source, w->n_vectors, v, &shift, batch.n);
            batch.later[batch.n] =
                dp_expansion(fields[later->access], set, later->source, w->n_vectors, v);
            batch.target[batch.n++] = dp_expansion(fields[0], set, pair->target, w->n_vectors, v);
            if (batch.n == DP_COLUMNS || (i + 1 == run->end && v + 1 == w->n_vectors)) {
                dp_m2l(set, run->label / 8, &batch, &worker->scratch);
                batch.n = 0;
            }
        }
    }
}

static dagpole_status run(const void *work, void *const *fields, dp_worker *worker) {
    const m2l_work *w = work;
    const dp_operator_set *set = dp_worker_set(worker, w->level);
    dp_zero_locals(fields[0], set, (int64_t)w->n_boxes * w->n_vectors);
    for (int32_t r = 0; r < w->n_runs; r++)
        run_label(w, &w->run[r], r ? w->run[r - 1].end : 0, set, fields, worker);
    return DAGPOLE_OK;
}

const dp_op dp_op_m2l = {"M2L", plan, run};
