/* What is inside a plan, as a file to look at: boxes, lists, expansions, blocks and tasks. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "api/internal.h"
#include "operators/apply.h"
#include "platform/store.h"

/* ---- columns of arrays of structs --------------------------------------------------------- */

typedef enum column_type { COLUMN_INT, COLUMN_INT64, COLUMN_DOUBLE } column_type;

typedef struct column {
    const char *name; /* of the dataset */
    size_t offset;    /* of the member */
    column_type type;
    int width; /* numbers in it */
} column;

#define COLUMN(dataset, record, member, type)                                                      \
    { dataset, offsetof(record, member), type, 1 }

/* Element i of a column, in the store's type. */
static void copy_element(const column *c, const char *from, void *to, int64_t i) {
    for (int k = 0; k < c->width; k++) {
        int64_t at = i * c->width + k;
        if (c->type == COLUMN_DOUBLE)
            ((double *)to)[at] = ((const double *)from)[k];
        else if (c->type == COLUMN_INT64)
            ((int64_t *)to)[at] = ((const int64_t *)from)[k];
        else
            ((int64_t *)to)[at] = ((const int *)from)[k];
    }
}

static dagpole_status write_column(dp_store *store, const column *c, int64_t n, const void *records,
                                   size_t stride) {
    const int64_t shape[2] = {n, c->width};
    void *values = dp_alloc((size_t)(n * c->width), sizeof(int64_t));
    if (!values)
        return DAGPOLE_NO_MEMORY;
    for (int64_t i = 0; i < n; i++)
        copy_element(c, (const char *)records + (size_t)i * stride + c->offset, values, i);
    dagpole_status status = dp_store_write(store, c->name, c->type == COLUMN_DOUBLE ? 'd' : 'i',
                                           c->width > 1 ? 2 : 1, shape, values);
    dp_free(values);
    return status;
}

static dagpole_status write_columns(dp_store *store, int n_columns, const column *columns,
                                    int64_t n, const void *records, size_t stride) {
    for (int c = 0; c < n_columns; c++)
        DP_TRY(write_column(store, &columns[c], n, records, stride));
    return DAGPOLE_OK;
}

static dagpole_status write_int64(dp_store *store, const char *name, int64_t n,
                                  const int64_t *values) {
    return dp_store_write(store, name, 'i', 1, &n, values);
}

/* ---- tree and lists ----------------------------------------------------------------------- */

static const column box_columns[] = {
    COLUMN("/boxes/morton", dagpole_box, morton, COLUMN_INT64),
    {"/boxes/anchor", offsetof(dagpole_box, anchor), COLUMN_INT64, 3},
    COLUMN("/boxes/level", dagpole_box, level, COLUMN_INT),
    COLUMN("/boxes/is_leaf", dagpole_box, is_leaf, COLUMN_INT),
    {"/boxes/centre", offsetof(dagpole_box, centre), COLUMN_DOUBLE, 3},
    COLUMN("/boxes/side", dagpole_box, side, COLUMN_DOUBLE),
    COLUMN("/boxes/parent", dagpole_box, parent, COLUMN_INT64),
    COLUMN("/boxes/first_child", dagpole_box, first_child, COLUMN_INT64),
    COLUMN("/boxes/n_children", dagpole_box, n_children, COLUMN_INT64),
    COLUMN("/boxes/source_begin", dagpole_box, source_begin, COLUMN_INT64),
    COLUMN("/boxes/source_end", dagpole_box, source_end, COLUMN_INT64),
    COLUMN("/boxes/target_begin", dagpole_box, target_begin, COLUMN_INT64),
    COLUMN("/boxes/target_end", dagpole_box, target_end, COLUMN_INT64),
};

static dagpole_status write_boxes(const dagpole_plan *plan, dp_store *store) {
    int64_t n = plan->tree.n_boxes;
    dagpole_box *boxes = dp_alloc((size_t)n, sizeof *boxes);
    dagpole_status status = boxes ? DAGPOLE_OK : DAGPOLE_NO_MEMORY;
    for (int64_t i = 0; i < n && status == DAGPOLE_OK; i++) {
        boxes[i].size = sizeof *boxes;
        status = dagpole_plan_box(plan, i, &boxes[i]);
    }
    if (status == DAGPOLE_OK)
        status = write_columns(store, sizeof box_columns / sizeof box_columns[0], box_columns, n,
                               boxes, sizeof *boxes);
    dp_free(boxes);
    return status;
}

static dagpole_status write_list(dp_store *store, char letter, const dp_csr *list) {
    char name[32];
    int64_t n = list->offset[list->n_rows];
    snprintf(name, sizeof name, "/lists/%c/offset", letter);
    DP_TRY(write_int64(store, name, list->n_rows + 1, list->offset));
    snprintf(name, sizeof name, "/lists/%c/entry", letter);
    return write_column(store, &(column){name, 0, COLUMN_INT, 1}, n, list->index,
                        sizeof *list->index);
}

/* The plan does not keep them. */
static dagpole_status write_lists(const dagpole_plan *plan, dp_store *store) {
    dp_lists lists = {0};
    DP_TRY(dp_plan_lists(&dp_team_serial, plan, &lists));
    dagpole_status status = write_list(store, 'u', &lists.u);
    if (status == DAGPOLE_OK)
        status = write_list(store, 'v', &lists.v);
    if (status == DAGPOLE_OK)
        status = write_list(store, 'w', &lists.w);
    if (status == DAGPOLE_OK)
        status = write_list(store, 'x', &lists.x);
    dp_lists_free(&lists);
    return status;
}

static dagpole_status write_order(const dagpole_plan *plan, dp_store *store) {
    DP_TRY(write_int64(store, "/order/sources", plan->n_sources, plan->sources.origin));
    return write_int64(store, "/order/targets", plan->n_targets, plan->targets->origin);
}

/* ---- expansions --------------------------------------------------------------------------- */

static dagpole_status write_expansions(const dagpole_plan *plan, dp_store *store) {
    const int64_t n = plan->tree.n_boxes,
                  k = (int64_t)plan->options.n_vectors * plan->report.expansion_size,
                  shape[2] = {n, k};
    double *multipoles = dp_alloc((size_t)(n * k), sizeof *multipoles);
    double *locals = dp_alloc((size_t)(n * k), sizeof *locals);
    dagpole_status status = multipoles && locals ? DAGPOLE_OK : DAGPOLE_NO_MEMORY;
    for (int64_t i = 0; i < n && status == DAGPOLE_OK; i++)
        status = dp_plan_expansions(plan, (int32_t)i, multipoles + i * k, locals + i * k, NULL);
    if (status == DAGPOLE_OK)
        status = dp_store_write(store, "/multipoles", 'd', 2, shape, multipoles);
    if (status == DAGPOLE_OK)
        status = dp_store_write(store, "/locals", 'd', 2, shape, locals);
    dp_free(multipoles);
    dp_free(locals);
    return status;
}

/* The points of a surface, orbit by orbit and image by image, in the frame of a box. */
static dagpole_status write_points(dp_store *store, const char *name, const dp_orbits *orbits) {
    const int64_t shape[2] = {8 * (int64_t)orbits->n, 3};
    double *points = dp_alloc((size_t)shape[0], 3 * sizeof *points);
    if (!points)
        return DAGPOLE_NO_MEMORY;
    for (int i = 0; i < 8 * orbits->n; i++) {
        int orbit = i / 8, image = i % 8;
        points[3 * i] = image & 1 ? -orbits->x[orbit] : orbits->x[orbit];
        points[3 * i + 1] = image & 2 ? -orbits->y[orbit] : orbits->y[orbit];
        points[3 * i + 2] = image & 4 ? -orbits->z[orbit] : orbits->z[orbit];
    }
    dagpole_status status = dp_store_write(store, name, 'd', 2, shape, points);
    dp_free(points);
    return status;
}

/* Column j of the matrix: the density at each image is the sum over the parities, which take it
 * with their signs (kernel/kernel.h). */
static void add_parities(const dp_surface_sums *surface, const double *product, int j, int k,
                         double *matrix) {
    for (int i = 0; i < 8 * surface->orbits.n; i++) {
        double sum = 0;
        for (int a = 0; a < DP_N_PARITIES; a++) {
            double part = product[a * surface->ld + i / 8];
            sum += __builtin_popcount((unsigned)(a & i % 8)) & 1 ? -part : part;
        }
        matrix[(size_t)i * (size_t)k + (size_t)j] = sum;
    }
}

/* What each coefficient alone is on the surface. unit: DP_COLUMNS x k_padded. */
static void fill_matrix(const dp_operator_set *set, const dp_surface_sums *surface, double *unit,
                        dp_scratch *scratch, double *matrix) {
    const double *expansion[DP_COLUMNS];
    for (int first = 0; first < set->k; first += DP_COLUMNS) {
        int n = set->k - first < DP_COLUMNS ? set->k - first : DP_COLUMNS;
        memset(unit, 0, (size_t)DP_COLUMNS * (size_t)set->k_padded * sizeof *unit);
        for (int c = 0; c < n; c++) {
            unit[c * set->k_padded + first + c] = 1;
            expansion[c] = unit + c * set->k_padded;
        }
        dp_surface_densities(set, surface, n, expansion, scratch);
        for (int c = 0; c < n; c++)
            add_parities(surface, scratch->product + (size_t)c * (size_t)scratch->ld, first + c,
                         set->k, matrix);
    }
}

static dagpole_status write_matrix(const dp_operator_set *set, const dp_surface_sums *surface,
                                   const char *name, dp_scratch *scratch, dp_store *store) {
    const int64_t shape[2] = {8 * (int64_t)surface->orbits.n, set->k};
    double *matrix = dp_alloc((size_t)(shape[0] * shape[1]), sizeof *matrix);
    double *unit = dp_alloc(DP_COLUMNS * (size_t)set->k_padded, sizeof *unit);
    dagpole_status status = DAGPOLE_NO_MEMORY;
    if (matrix && unit) {
        fill_matrix(set, surface, unit, scratch, matrix);
        status = dp_store_write(store, name, 'd', 2, shape, matrix);
    }
    dp_free(unit);
    dp_free(matrix);
    return status;
}

static dagpole_status write_set(const dp_operator_set *set, int number, dp_scratch *scratch,
                                dp_store *store) {
    const struct {
        const char *points, *matrix;
        const dp_surface_sums *surface;
    } surfaces[] = {{"near_surface", "multipole_to_density", &set->inner},
                    {"far_surface", "local_to_density", &set->outer}};
    char name[64];
    for (int i = 0; i < 2; i++) {
        snprintf(name, sizeof name, "/operators/%d/%s", number, surfaces[i].points);
        DP_TRY(write_points(store, name, &surfaces[i].surface->orbits));
        snprintf(name, sizeof name, "/operators/%d/%s", number, surfaces[i].matrix);
        DP_TRY(write_matrix(set, surfaces[i].surface, name, scratch, store));
    }
    return DAGPOLE_OK;
}

/* of_level: the set of each level, -1 where there is none. */
static dagpole_status write_operators(const dagpole_plan *plan, dp_store *store) {
    const dp_operators *operators = plan->operators;
    int64_t of_level[DP_MAX_DEPTH + 1];
    for (int level = 0; level <= plan->tree.depth; level++) {
        const dp_operator_set *set = operators->level[level];
        of_level[level] = set && set->k ? set - operators->sets : -1;
    }
    DP_TRY(write_int64(store, "/operators/of_level", plan->tree.depth + 1, of_level));
    dp_scratch scratch;
    DP_TRY(dp_scratch_create(operators, 0, &scratch));
    dagpole_status status = DAGPOLE_OK;
    for (int s = 0; s < operators->n_sets && status == DAGPOLE_OK; s++)
        if (operators->sets[s].k)
            status = write_set(&operators->sets[s], s, &scratch, store);
    dp_scratch_free(&scratch);
    return status;
}

/* ---- blocks and tasks --------------------------------------------------------------------- */

static const column block_columns[] = {
    COLUMN("/blocks/level", dp_block, level, COLUMN_INT),
    COLUMN("/blocks/box_begin", dp_block, box_begin, COLUMN_INT),
    COLUMN("/blocks/box_end", dp_block, box_end, COLUMN_INT),
    COLUMN("/blocks/home_node", dp_block, node, COLUMN_INT),
};

static const column task_columns[] = {
    COLUMN("/tasks/block", dagpole_task, block, COLUMN_INT),
    COLUMN("/tasks/worker", dagpole_task, worker, COLUMN_INT),
    COLUMN("/tasks/submit_s", dagpole_task, submit_s, COLUMN_DOUBLE),
    COLUMN("/tasks/ready_s", dagpole_task, ready_s, COLUMN_DOUBLE),
    COLUMN("/tasks/start_s", dagpole_task, start_s, COLUMN_DOUBLE),
    COLUMN("/tasks/end_s", dagpole_task, end_s, COLUMN_DOUBLE),
    COLUMN("/tasks/predicted_s", dagpole_task, predicted_s, COLUMN_DOUBLE),
};

static dagpole_status write_operator_names(const dp_stream *stream, dp_store *store) {
    char names[512] = "";
    size_t used = 0;
    for (int op = 0; op < stream->n_ops && used < sizeof names; op++)
        used += (size_t)snprintf(names + used, sizeof names - used, "%s%s", op ? " " : "",
                                 stream->op_names[op]);
    return dp_store_set_text(store, "operator_names", names);
}

static dagpole_status write_tasks(const dagpole_plan *plan, dp_store *store) {
    const dp_stream *stream = &plan->graph->stream;
    const dp_blocks *blocks = &plan->graph->layout.blocks;
    dagpole_tasks tasks = {.task_size = sizeof *tasks.task};
    DP_TRY(write_columns(store, sizeof block_columns / sizeof block_columns[0], block_columns,
                         blocks->n, blocks->block, sizeof *blocks->block));
    DP_TRY(write_operator_names(stream, store));
    DP_TRY(write_column(store, &(column)COLUMN("/tasks/operator", dp_record, op, COLUMN_INT),
                        stream->n_records, stream->records, sizeof *stream->records));
    DP_TRY(dp_plan_list_tasks(plan, &tasks));
    dagpole_status status = write_columns(store, sizeof task_columns / sizeof task_columns[0],
                                          task_columns, tasks.n, tasks.task, sizeof *tasks.task);
    if (status == DAGPOLE_OK)
        status = write_int64(store, "/tasks/waits_begin", tasks.n + 1, tasks.waits_begin);
    if (status == DAGPOLE_OK)
        status =
            write_int64(store, "/tasks/waits_for", tasks.waits_begin[tasks.n], tasks.waits_for);
    dagpole_tasks_free(&tasks);
    return status;
}

/* ---- the file ----------------------------------------------------------------------------- */

static dagpole_status write_attributes(const dagpole_plan *plan, dp_store *store) {
    const dagpole_report *r = &plan->report;
    DP_TRY(dp_store_set_text(store, "dagpole", dagpole_version()));
    DP_TRY(dp_store_set_text(store, "kernel", dp_kernel_name(r->kernel)));
    DP_TRY(dp_store_set_double(store, "lambda", r->lambda));
    DP_TRY(dp_store_set_int(store, "digits", r->digits));
    DP_TRY(dp_store_set_int(store, "depth", r->depth));
    DP_TRY(dp_store_set_int(store, "expansion_size", r->expansion_size));
    return dp_store_set_int(store, "threads", r->threads);
}

static dagpole_status write_all(const dagpole_plan *plan, dp_store *store) {
    DP_TRY(write_attributes(plan, store));
    DP_TRY(write_boxes(plan, store));
    DP_TRY(write_lists(plan, store));
    DP_TRY(write_order(plan, store));
    DP_TRY(write_expansions(plan, store));
    DP_TRY(write_operators(plan, store));
    return write_tasks(plan, store);
}

static dagpole_status write_inside(const dagpole_plan *plan, const char *path) {
    dp_store *store;
    DP_TRY(dp_plan_check_expansions(plan));
    DP_TRY(dp_store_create(path, &store));
    dagpole_status status = write_all(plan, store);
    if (status == DAGPOLE_OK)
        return dp_store_commit(store);
    dp_store_close(store);
    return status;
}

dagpole_status dagpole_plan_write_inside(dagpole_plan *plan, const char *path) {
    DP_DEFAULT_FLOATING;
    DP_TRY(dp_plan_check(plan));
    if (!path || !*path)
        return dp_fail(DAGPOLE_BAD_ARGUMENT, "path is NULL or empty: it names the file to write");
    DP_TRY(dp_plan_begin(plan));
    dagpole_status status = write_inside(plan, path);
    dp_plan_end(plan);
    return status;
}
