/* P2L: the sources of X lists to the locals of a block's boxes. All X sources of a box go into one
 * column: one set of surface potentials for each box. */
#include "ops/locals.h"

typedef struct p2l_source {
    dp_key key; /* of the target box */
    dp_points_at sources;
    int32_t access; /* their field */
    int32_t box;    /* which of the block */
} p2l_source;

typedef struct p2l_work {
    const dp_cube *cube;
    int level, is_first;
    dp_shape shape;
    int32_t n_boxes;
    int64_t n_sources;
    p2l_source source[];
} p2l_work;

static dagpole_status plan(const dp_layout *layout, int32_t b, dp_task *task) {
    const dp_problem *p = layout->problem;
    const dp_block *block = &layout->blocks.block[b];
    const dp_csr *x = &layout->interactions->x;
    int64_t n_points = 0, n_columns = 0;
    if (!block->has_p2l)
        return DAGPOLE_OK;
    size_t n = (size_t)(x->offset[block->box_end] - x->offset[block->box_begin]);
    p2l_work *w = dp_task_work(task, sizeof *w + n * sizeof *w->source);
    if (!w)
        return DAGPOLE_NO_MEMORY;
    w->cube = &p->tree->cube;
    w->level = block->level;
    w->is_first = !block->has_m2l;
    w->shape = p->shape;
    w->n_boxes = block->box_end - block->box_begin;
    dp_write_locals(layout, b, w->is_first, task);
    for (int32_t box = block->box_begin; box < block->box_end; box++) {
        n_columns += dp_csr_length(x, box) > 0;
        for (int64_t i = x->offset[box]; i < x->offset[box + 1]; i++) {
            int32_t leaf = x->index[i];
            w->source[w->n_sources++] = (p2l_source){.key = p->tree->key[box],
                                                     .sources = dp_sources_at(layout, leaf),
                                                     .access = dp_read_sources(layout, leaf, task),
                                                     .box = box - block->box_begin};
            n_points += dp_n_sources(p->tree, leaf);
        }
    }
    const dp_operator_set *set = p->operators->level[block->level];
    dp_task_add_pairs(task, p, (double)n_points, &set->inner);
    dp_task_add_matrices(task, p, (double)n_columns, set, &set->inner);
    return DAGPOLE_OK;
}

/* Vectors [first, first + n) of all boxes. */
static void run_vectors(const p2l_work *w, const dp_operator_set *set, int first, int n,
                        void *const *fields, dp_scratch *scratch) {
    const dp_surface_sums *surface = &set->inner;
    double *local[DP_COLUMNS];
    int n_columns = 0;
    for (int64_t i = 0; i < w->n_sources; i++) {
        const p2l_source *s = &w->source[i];
        int is_first = i == 0 || w->source[i - 1].box != s->box;
        int is_last = i + 1 == w->n_sources || w->source[i + 1].box != s->box;
        dp_frame frame = dp_frame_of(w->cube, w->level, s->key);
        dp_carried carried = dp_source_carried(&w->shape, fields[s->access], s->sources,
                                               dp_column_vectors(&w->shape) * first);
        dp_surface_potentials(
            set, surface, &frame, s->sources.n, dp_source_points(fields[s->access], s->sources),
            carried, dp_carried_stride(&w->shape, s->sources.row), n, is_first, n_columns, scratch);
        for (int v = 0; is_last && v < n; v++)
            local[n_columns++] =
                dp_expansion(fields[0], set, s->box, dp_n_columns(&w->shape), first + v);
        if (is_last && (n_columns + n > DP_COLUMNS || i + 1 == w->n_sources)) {
            dp_surface_to_expansions(set, surface, n_columns, local, scratch);
            n_columns = 0;
        }
    }
}

static dagpole_status run(const void *work, void *const *fields, dp_worker *worker) {
    const p2l_work *w = work;
    const dp_operator_set *set = dp_worker_set(worker, w->level);
    if (w->is_first)
        dp_zero_locals(fields[0], set, (int64_t)w->n_boxes * dp_n_columns(&w->shape));
    int n = dp_columns_at_once(&w->shape);
    for (int v = 0; v < dp_n_columns(&w->shape); v += n)
        run_vectors(w, set, v, dp_vectors_left(dp_n_columns(&w->shape), v, n), fields,
                    &worker->scratch);
    return DAGPOLE_OK;
}

const dp_op dp_op_p2l = {"P2L", plan, run};
