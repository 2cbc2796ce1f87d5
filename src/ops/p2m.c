/* P2M: a block's sources to the multipoles of its leaves. */
#include <string.h>

#include "ops/views.h"

typedef struct p2m_leaf {
    dp_key key;
    int32_t at, n; /* its sources */
    int32_t box;   /* of the block's multipoles */
} p2m_leaf;

typedef struct p2m_work {
    const dp_cube *cube;
    int level;
    dp_shape shape;
    int32_t row; /* of the sources */
    int32_t n_leaves;
    p2m_leaf leaf[];
} p2m_work;

enum { MULTIPOLES, SOURCES };

static dagpole_status plan(const dp_layout *layout, int32_t b, dp_task *task) {
    const dp_problem *p = layout->problem;
    const dp_block *block = &layout->blocks.block[b];
    size_t n_boxes = (size_t)(block->box_end - block->box_begin);
    if (!block->n_sources || !dp_expansion_size(p, block->level))
        return DAGPOLE_OK;
    p2m_work *w = dp_task_work(task, sizeof *w + n_boxes * sizeof *w->leaf);
    if (!w)
        return DAGPOLE_NO_MEMORY;
    w->cube = &p->tree->cube;
    w->level = block->level;
    w->row = (int32_t)block->source_row;
    w->shape = p->shape;
    dp_task_access(task, layout->of_block[b][DP_MULTIPOLES], DP_WRITE);
    dp_task_access(task, layout->of_block[b][DP_SOURCES], DP_READ);
    for (int32_t box = block->box_begin; box < block->box_end; box++)
        if (dp_tree_is_leaf(p->tree, box) && dp_n_sources(p->tree, box))
            w->leaf[w->n_leaves++] = (p2m_leaf){.key = p->tree->key[box],
                                                .at = (int32_t)layout->blocks.source_at[box],
                                                .n = (int32_t)dp_n_sources(p->tree, box),
                                                .box = box - block->box_begin};
    const dp_operator_set *set = p->operators->level[block->level];
    dp_task_add_pairs(task, p, (double)block->n_sources, &set->outer);
    dp_task_add_matrices(task, p, w->n_leaves, set, &set->outer);
    dp_task_trim(task, sizeof *w + (size_t)w->n_leaves * sizeof *w->leaf);
    return DAGPOLE_OK;
}

/* Vectors [first, first + n) of all leaves. */
static void run_vectors(const p2m_work *w, const dp_operator_set *set, int first, int n,
                        void *const *fields, dp_scratch *scratch) {
    const int n_parts = set->isotropic.n_parts; /* of a moment */
    double *multipole[DP_COLUMNS], moment[2 * DP_COLUMNS];
    int n_columns = 0;
    for (int32_t i = 0; i < w->n_leaves; i++) {
        const p2m_leaf *leaf = &w->leaf[i];
        dp_frame frame = dp_frame_of(w->cube, w->level, leaf->key);
        dp_points_at at = {leaf->at, leaf->n, w->row};
        dp_soa points = dp_source_points(fields[SOURCES], at);
        dp_carried carried =
            dp_source_carried(&w->shape, fields[SOURCES], at, dp_column_vectors(&w->shape) * first);
        int64_t stride = dp_carried_stride(&w->shape, w->row);
        dp_surface_potentials(set, &set->outer, &frame, leaf->n, points, carried, stride, n, 1,
                              n_columns, scratch);
        dp_moments(set, &frame, leaf->n, points, carried, stride, n, scratch,
                   moment + n_parts * n_columns);
        for (int v = first; v < first + n; v++, n_columns++) {
            multipole[n_columns] =
                dp_expansion(fields[MULTIPOLES], set, leaf->box, dp_n_columns(&w->shape), v);
            memset(multipole[n_columns], 0, (size_t)set->k_padded * sizeof(double));
        }
        if (n_columns + n > DP_COLUMNS || i + 1 == w->n_leaves) {
            dp_surface_to_expansions(set, &set->outer, n_columns, multipole, scratch);
            for (int c = 0; n_parts && c < n_columns; c++)
                dp_isotropic_set(&set->isotropic, moment + n_parts * c, multipole[c]);
            n_columns = 0;
        }
    }
}

static dagpole_status run(const void *work, void *const *fields, dp_worker *worker) {
    const p2m_work *w = work;
    const dp_operator_set *set = dp_worker_set(worker, w->level);
    int n = dp_columns_at_once(&w->shape);
    for (int v = 0; v < dp_n_columns(&w->shape); v += n)
        run_vectors(w, set, v, dp_vectors_left(dp_n_columns(&w->shape), v, n), fields,
                    &worker->scratch);
    return DAGPOLE_OK;
}

const dp_op dp_op_p2m = {"P2M", plan, run};
