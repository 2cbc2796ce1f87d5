/* Every coefficient is what an operator's own body takes on the fields of a real graph, over what
 * the cost model counts there. Large clouds fill the caches with something else between two visits
 * to a point, and so do runs here that read points or meet leaves. Two uniform clouds on the same
 * grid of 16^3 leaves, of few and of many points each, tell pairs of points from pairs of leaves;
 * operators of two lengths, and M2M beside M2L, tell flops from what finding and adding columns
 * takes. */
#include "tuning/measure.h"

#include <math.h>
#include <string.h>

#include "base/timing.h"
#include "graph/graph.h"

#define LOW_DIGITS      3
#define HIGH_DIGITS     6
#define N_LEAVES        4096
#define FEW_POINTS      15 /* a leaf */
#define MANY_POINTS     80
#define NEAR_BOXES      64  /* in a block, some of whose neighbours are in others */
#define FAR_BOXES       512 /* the boxes that they meet do not stay in a core's own caches either */
#define N_BLOCKS        2   /* that are timed */
#define CACHE_BYTES     (64 << 20) /* more than the caches of a core hold */
#define MOST_NEIGHBOURS 27         /* of a leaf, itself included */

/* The least of so many runs counts; slow ones are fewer. */
#define N_RUNS      5
#define LEAST_RUNS  3
#define ENOUGH_RUNS 0.1 /* seconds */

/* Differences of measured times: where noise leaves less than this of the built-in value. */
#define LEAST_SHARE 0.1

#define BIT(op) (1u << (op))

/* A cloud and its tree. */
typedef struct grove {
    dagpole_cloud cloud;
    dp_points points;
    dp_tree tree;
    dp_lists lists;
    double *potentials;
} grove;

/* A graph of it, and the blocks that are timed. */
typedef struct bench {
    const grove *grove;
    dp_graph *graph;
    void **buffers;
    double *step_s; /* per step: least of the runs */
    double *other;  /* CACHE_BYTES that runs find in the caches; NULL: what the last run left */
    int n_blocks;
    int32_t block[N_BLOCKS];
    double n_near, n_leaf_pairs, n_m2l, n_points; /* of these blocks */
} bench;

/* What was measured: seconds, and what they were spent on. */
typedef struct near_time {
    double n_near, n_leaf_pairs;
    double near_s[DP_N_REAL_KERNELS][DP_N_PRECISIONS];
    double pair_s[DP_N_REAL_KERNELS][DP_N_PRECISIONS]; /* one pair of a point and a surface's */
} near_time;

/* Of a leaf of few points and one of many together, as leaves of real clouds are, with operators of
 * few digits, where least lies beside them. */
typedef struct point_time {
    double n;         /* points */
    double moved_s;   /* gathering or scattering them */
    double surface_s; /* P2M or L2P: */
    double n_pairs, n_flops;
} point_time;

typedef struct far_time {
    double flops, k, m2l_s; /* of one M2L pair */
    double m2m_flops, m2m_s;
} far_time;

/* ---- clouds and graphs ------------------------------------------------------------------- */

static void grove_free(grove *g) {
    dp_free(g->potentials);
    dp_lists_free(&g->lists);
    dp_tree_free(&g->tree);
    dp_points_free(&g->points);
    dagpole_cloud_free(&g->cloud);
}

static dagpole_status grove_grow(int points_per_leaf, grove *g) {
    const dp_team *team = &dp_team_serial;
    int64_t n = (int64_t)N_LEAVES * points_per_leaf;
    dp_bounds bounds = {{0, 0, 0}, {1, 1, 1}};
    dp_cube cube = dp_cube_fit(&bounds, 1);
    DP_TRY(dagpole_cloud_generate("cube", n, 1, "mixed", &g->cloud));
    g->potentials = dp_alloc_zero((size_t)n, sizeof *g->potentials);
    if (!g->potentials)
        return DAGPOLE_NO_MEMORY;
    DP_TRY(dp_points_build(team, &cube, n, g->cloud.sources, &g->points));
    /* Far from the occupancies of the leaves and of their parents. */
    DP_TRY(dp_tree_build(team, &cube, &g->points, NULL, 3 * points_per_leaf, &g->tree));
    return dp_lists_build(team, &g->tree, &g->lists);
}

static void bench_free(bench *b) {
    dp_free(b->other);
    dp_free(b->step_s);
    dp_free(b->buffers);
    dp_graph_destroy(b->graph);
}

/* As P2P does them: a leaf with itself and, for both sides at once, with those behind it. */
static void count_near(const dp_block *block, bench *b) {
    const dp_tree *tree = &b->grove->tree;
    const dp_csr *u = &b->grove->lists.u; /* on a grid there is nothing else near */
    for (int32_t box = block->box_begin; box < block->box_end; box++)
        for (int64_t i = u->offset[box]; i < u->offset[box + 1]; i++) {
            int32_t leaf = u->index[i];
            int sides = leaf < box ? 0 : leaf == box ? 1 : 2;
            b->n_leaf_pairs += sides;
            b->n_near += sides * (double)dp_n_targets(tree, box) * (double)dp_n_sources(tree, leaf);
        }
}

/* The first whose leaves have so many neighbours. */
static dagpole_status choose_blocks(int n_neighbours, bench *b) {
    const dp_blocks *blocks = &b->graph->layout.blocks;
    const dp_lists *lists = &b->grove->lists;
    for (int32_t i = 0; i < blocks->n && b->n_blocks < N_BLOCKS; i++) {
        const dp_block *block = &blocks->block[i];
        int64_t n = lists->u.offset[block->box_end] - lists->u.offset[block->box_begin];
        if (n < n_neighbours * (int64_t)(block->box_end - block->box_begin))
            continue;
        b->block[b->n_blocks++] = i;
        count_near(block, b);
        b->n_m2l += (double)(lists->v.offset[block->box_end] - lists->v.offset[block->box_begin]);
        b->n_points += (double)block->n_targets;
    }
    if (b->n_blocks == N_BLOCKS)
        return DAGPOLE_OK;
    return dp_fail(DAGPOLE_INTERNAL,
                   "the cloud for measuring has only %d blocks with %d neighbours", b->n_blocks,
                   n_neighbours);
}

/* SCATTER adds halos of blocks that are not run. */
static void clear_halos(const dp_graph *g) {
    for (int32_t f = 0; f < g->layout.n_fields; f++)
        if (g->layout.field[f].quantity == DP_HALO)
            memset(g->stream.fields[f].data, 0, g->stream.fields[f].bytes);
}

/* What a bench is made for. */
typedef struct wish {
    dp_isa isa;
    const grove *grove;
    const dp_operators *operators;
    int block_boxes, n_neighbours;
    int is_cold; /* runs find none of its fields in the caches */
} wish;

/* kernel: its number. */
static dagpole_status bench_make(const wish *w, int kernel, dp_precision precision, bench *b) {
    const grove *grove = w->grove;
    const dp_kernel *loops = dp_kernel_number(kernel);
    const dp_rates built_in = dp_rates_built_in(w->isa);
    const dp_shape shape = dp_shape_of_charges(1);
    dp_problem problem = {.tree = &grove->tree,
                          .lists = &grove->lists,
                          .sources = &grove->points,
                          .targets = &grove->points,
                          .operators = w->operators,
                          .kernel = loops,
                          .isa = w->isa,
                          .cost = dp_cost_of(&built_in, loops, precision, &shape, DP_POTENTIAL),
                          .lambda = loops->lambda ? 1 : 0,
                          .precision = precision,
                          .least = dp_precision_closest(DP_SINGLE, &shape),
                          .shape = shape,
                          .block_boxes = w->block_boxes,
                          .n_cores = 1};
    *b = (bench){.grove = grove};
    DP_TRY(dp_graph_create(&dp_team_serial, &problem, 1, &b->graph));
    b->graph->call = dp_call_of_one(1, grove->cloud.charges, grove->potentials, NULL);
    clear_halos(b->graph);
    b->buffers = dp_alloc((size_t)b->graph->stream.n_fields, sizeof *b->buffers);
    b->step_s = dp_alloc((size_t)b->graph->stream.n_steps, sizeof *b->step_s);
    if (w->is_cold)
        b->other = dp_alloc_zero(CACHE_BYTES, 1);
    if (!b->buffers || !b->step_s || (w->is_cold && !b->other))
        return DAGPOLE_NO_MEMORY;
    return choose_blocks(w->n_neighbours, b);
}

/* ---- runs -------------------------------------------------------------------------------- */

/* What fills the sources and the multipoles runs on every block. */
static int is_asked(const bench *b, unsigned ops, int32_t block, int step_op) {
    unsigned op = BIT(step_op);
    if (!(ops & op))
        return 0;
    if (op & (BIT(DAGPOLE_GATHER) | BIT(DAGPOLE_P2M) | BIT(DAGPOLE_M2M)))
        return 1;
    for (int i = 0; i < b->n_blocks; i++)
        if (b->block[i] == block)
            return 1;
    return 0;
}

/* Runs the steps of a record that are asked for, and keeps the least seconds of each. */
static dagpole_status time_record(bench *b, unsigned ops, int64_t i) {
    const dp_stream *stream = &b->graph->stream;
    const dp_record *record = &stream->records[i];
    int64_t first, n = dp_stream_steps(stream, i, &first);
    for (int32_t a = 0; a < record->n_access; a++)
        b->buffers[a] = stream->fields[stream->access_field[record->access_begin + a]].data;
    for (int64_t step = first; step < first + n; step++) {
        if (!is_asked(b, ops, record->block, dp_stream_step_op(stream, i, step)))
            continue;
        double begin = dp_thread_clock();
        DP_TRY(stream->body(stream->argument, step, b->buffers, 0));
        b->step_s[step] = fmin(b->step_s[step], dp_thread_clock() - begin);
    }
    return DAGPOLE_OK;
}

static void fill_caches(bench *b) {
    for (size_t i = 0; b->other && i < CACHE_BYTES / sizeof *b->other; i += DP_PAD)
        b->other[i]++;
}

static dagpole_status run_once(bench *b, unsigned ops) {
    fill_caches(b);
    for (int64_t i = 0; i < b->graph->stream.n_records; i++)
        DP_TRY(time_record(b, ops, i));
    return DAGPOLE_OK;
}

/* Runs these operators, one bit each, and sums up what their steps took at best. */
static dagpole_status run(bench *b, unsigned ops, double op_s[DAGPOLE_N_OPERATORS]) {
    const dp_stream *stream = &b->graph->stream;
    for (int64_t step = 0; step < stream->n_steps; step++)
        b->step_s[step] = INFINITY;
    dp_passes passes = {
        .clock = dp_thread_clock, .least = LEAST_RUNS, .most = N_RUNS, .enough_s = ENOUGH_RUNS};
    while (dp_passes_next(&passes))
        DP_TRY(run_once(b, ops));
    for (int op = 0; op < DAGPOLE_N_OPERATORS; op++)
        op_s[op] = 0;
    for (int64_t step = 0; step < stream->n_steps; step++)
        if (b->step_s[step] < INFINITY)
            op_s[stream->step_op[step]] += b->step_s[step];
    return DAGPOLE_OK;
}

/* What P2M and L2P sum: the points of the chosen blocks with the surface of their leaf. */
static void sum_surfaces(bench *b, const dp_operator_set *set) {
    const dp_graph *g = b->graph;
    const dp_tree *tree = g->problem.tree;
    const dp_points *points = g->problem.sources;
    static const dp_frame frame = {{0.5, 0.5, 0.5}, 0.5};
    for (int i = 0; i < b->n_blocks; i++) {
        const dp_block *block = &g->layout.blocks.block[b->block[i]];
        for (int32_t box = block->box_begin; box < block->box_end; box++) {
            int64_t at = tree->source_begin[box];
            dp_surface_potentials(set, &set->outer, &frame, dp_n_sources(tree, box),
                                  (dp_soa){points->x + at, points->y + at, points->z + at},
                                  (dp_carried){.charge = points->x + at}, 0, 1, 1, 0,
                                  &g->workers[0].scratch);
        }
    }
}

static void run_surfaces(bench *b, near_time *t) {
    const dp_graph *g = b->graph;
    dp_operator_set set = *dp_set_of(&g->problem, g->problem.tree->n_boxes - 1); /* other loops */
    set.lambda = 1;
    for (int k = 0; k < DP_N_REAL_KERNELS; k++)
        for (int loop = 0; loop < DP_N_PRECISIONS; loop++) {
            const dp_kernel *kernel = dp_kernel_number(k);
            dp_passes passes = {.clock = dp_thread_clock, .least = N_RUNS};
            set.to_orbits = kernel->to_orbits[loop][set.isa];
            while (dp_passes_next(&passes))
                sum_surfaces(b, &set);
            t->pair_s[k][loop] =
                dp_passes_figure(&passes).least / (b->n_points * dp_surface_points(&set.outer));
        }
}

/* GATHER and P2M run on all points. */
static dagpole_status run_points(bench *b, point_time *t) {
    const dp_tree *tree = b->graph->problem.tree;
    const dp_operator_set *set = b->graph->problem.operators->level[tree->depth];
    const double n = (double)b->graph->problem.sources->n, of_leaf = n / N_LEAVES;
    const unsigned every = BIT(DAGPOLE_GATHER) | BIT(DAGPOLE_P2M);
    static const int ops[] = {DAGPOLE_GATHER, DAGPOLE_SCATTER, DAGPOLE_P2M, DAGPOLE_L2P};
    double op_s[DAGPOLE_N_OPERATORS], each_s[4];
    for (int i = 0; i < 4; i++) {
        DP_TRY(run(b, BIT(ops[i]), op_s));
        each_s[i] = op_s[ops[i]] / (BIT(ops[i]) & every ? n : b->n_points);
    }
    t->n += of_leaf;
    t->moved_s += 0.5 * (each_s[0] + each_s[1]) * of_leaf;
    t->surface_s += 0.5 * (each_s[2] + each_s[3]) * of_leaf;
    t->n_pairs += of_leaf * dp_surface_points(&set->outer);
    t->n_flops += dp_surface_flops(set, &set->outer);
    return DAGPOLE_OK;
}

/* Near pairs in one kernel and precision. */
static dagpole_status run_near(bench *b, int kernel, dp_precision precision, near_time *t) {
    double op_s[DAGPOLE_N_OPERATORS];
    DP_TRY(run_once(b, BIT(DAGPOLE_GATHER)));
    DP_TRY(run(b, BIT(DAGPOLE_P2P), op_s));
    t->near_s[kernel][precision] = op_s[DAGPOLE_P2P];
    t->n_near = b->n_near;
    t->n_leaf_pairs = b->n_leaf_pairs;
    if (kernel == DP_REAL_LAPLACE && precision == DP_DOUBLE)
        run_surfaces(b, t);
    return DAGPOLE_OK;
}

static dagpole_status run_far(bench *b, far_time *t) {
    const dp_graph *g = b->graph;
    const dp_tree *tree = g->problem.tree;
    const dp_operator_set *set = g->problem.operators->level[tree->depth];
    double op_s[DAGPOLE_N_OPERATORS];
    int n_children = tree->n_boxes - tree->level_begin[3];
    DP_TRY(
        run(b, BIT(DAGPOLE_GATHER) | BIT(DAGPOLE_P2M) | BIT(DAGPOLE_M2M) | BIT(DAGPOLE_M2L), op_s));
    *t = (far_time){.flops = dp_m2l_mean_flops(set),
                    .k = set->k_padded,
                    .m2l_s = op_s[DAGPOLE_M2L] / b->n_m2l,
                    .m2m_flops = 2.0 * set->k * set->k,
                    .m2m_s = op_s[DAGPOLE_M2M] / n_children};
    return DAGPOLE_OK;
}

static dagpole_status time_near(dp_isa isa, const grove *grove, const dp_operators *operators,
                                near_time *t) {
    wish w = {isa, grove, operators, NEAR_BOXES, MOST_NEIGHBOURS, 1};
    dagpole_status status = DAGPOLE_OK;
    for (int i = 0; i < DP_N_REAL_KERNELS * DP_N_PRECISIONS && status == DAGPOLE_OK; i++) {
        int kernel = i / DP_N_PRECISIONS;
        dp_precision precision = (dp_precision)(i % DP_N_PRECISIONS);
        bench b;
        status = bench_make(&w, kernel, precision, &b);
        if (status == DAGPOLE_OK)
            status = run_near(&b, kernel, precision, t);
        bench_free(&b);
    }
    return status;
}

static dagpole_status time_points(dp_isa isa, const grove *grove, const dp_operators *operators,
                                  point_time *t) {
    wish w = {isa, grove, operators, NEAR_BOXES, MOST_NEIGHBOURS, 1};
    bench b;
    dagpole_status status = bench_make(&w, DP_REAL_LAPLACE, DP_ROUGH, &b);
    if (status == DAGPOLE_OK)
        status = run_points(&b, t);
    bench_free(&b);
    return status;
}

static dagpole_status time_far(dp_isa isa, const grove *grove, const dp_operators *operators,
                               far_time *t) {
    wish w = {isa, grove, operators, FAR_BOXES, 1, 0};
    bench b;
    dagpole_status status = bench_make(&w, DP_REAL_LAPLACE, DP_DOUBLE, &b);
    if (status == DAGPOLE_OK)
        status = run_far(&b, t);
    bench_free(&b);
    return status;
}

static dagpole_status make_operators(dp_isa isa, int digits, const dp_tree *tree,
                                     dp_operators **operators) {
    char message[DP_ERROR_TEXT_BYTES];
    dp_operators_request request = {.kernel = dp_kernel_get(DAGPOLE_LAPLACE),
                                    .side = tree->cube.side,
                                    .depth = tree->depth,
                                    .accuracy = dp_accuracy_for_digits(digits),
                                    .isa = isa,
                                    .cache_dir = ""};
    return dp_operators_create(&dp_team_serial, &request, message, operators);
}

/* ---- coefficients ------------------------------------------------------------------------- */

typedef struct measurement {
    near_time few, many;
    point_time points;
    far_time low, high; /* accuracy */
} measurement;

static double at_least(double value, double built_in) {
    return fmax(value, LEAST_SHARE * built_in);
}

/* seconds = near x n_near + leaf_pair x n_leaf_pairs, few and many points a leaf. */
static void fit_near(const measurement *m, const dp_rates *built_in, dp_rates *rates) {
    const near_time *few = &m->few, *many = &m->many;
    double determinant = few->n_leaf_pairs * many->n_near - many->n_leaf_pairs * few->n_near;
    double sum = 0;
    for (int i = 0; i < DP_N_PRECISIONS; i++)
        sum += (few->near_s[DP_REAL_LAPLACE][i] * many->n_near -
                many->near_s[DP_REAL_LAPLACE][i] * few->n_near) /
               determinant;
    rates->leaf_pair = at_least(sum / DP_N_PRECISIONS, built_in->leaf_pair);
    for (int k = 0; k < DP_N_REAL_KERNELS; k++)
        for (int i = 0; i < DP_N_PRECISIONS; i++)
            rates->near[k][i] =
                (many->near_s[k][i] - rates->leaf_pair * many->n_leaf_pairs) / many->n_near;
    memcpy(rates->pair, many->pair_s, sizeof rates->pair);
    rates->point = m->points.moved_s / m->points.n;
}

/* What pairs and matrices leave. */
static void fit_surface(const measurement *m, const dp_rates *built_in, dp_rates *rates) {
    const point_time *t = &m->points;
    double counted = rates->pair[DP_REAL_LAPLACE][DP_ROUGH] * t->n_pairs + rates->flop * t->n_flops;
    rates->surface_point = at_least((t->surface_s - counted) / t->n, built_in->surface_point);
}

static double column_s(const dp_rates *rates, const far_time *t) {
    return rates->column + rates->coefficient * t->k;
}

/* seconds = flop x flops + factor x built-in column, two M2L: a column and its coefficients grow or
 * shrink together, since what tells them apart is smaller than the noise. Flops of M2L, whose
 * matrices come from outer caches and of which many are small, take at least as long as those of
 * M2M. */
static void fit_far(const measurement *m, const dp_rates *built_in, dp_rates *rates) {
    const far_time *low = &m->low, *high = &m->high;
    double low_column = column_s(built_in, low), high_column = column_s(built_in, high);
    double determinant = high->flops * low_column - low->flops * high_column;
    double of_m2l = (high->m2l_s * low_column - low->m2l_s * high_column) / determinant;
    rates->flop = fmax(of_m2l, high->m2m_s / high->m2m_flops);
    double seconds = low->m2l_s + high->m2l_s - rates->flop * (low->flops + high->flops);
    double factor = at_least(seconds / (low_column + high_column), 1);
    rates->column = factor * built_in->column;
    rates->coefficient = factor * built_in->coefficient;
}

static dagpole_status measure(dp_isa isa, const grove *few, const grove *many, measurement *m) {
    dp_operators *low = NULL, *high = NULL;
    dagpole_status status = make_operators(isa, LOW_DIGITS, &few->tree, &low);
    if (status == DAGPOLE_OK)
        status = make_operators(isa, HIGH_DIGITS, &few->tree, &high);
    if (status == DAGPOLE_OK)
        status = time_far(isa, few, low, &m->low);
    if (status == DAGPOLE_OK)
        status = time_far(isa, few, high, &m->high);
    if (status == DAGPOLE_OK)
        status = time_near(isa, few, high, &m->few);
    if (status == DAGPOLE_OK)
        status = time_near(isa, many, high, &m->many);
    if (status == DAGPOLE_OK)
        status = time_points(isa, few, low, &m->points);
    if (status == DAGPOLE_OK)
        status = time_points(isa, many, low, &m->points);
    dp_operators_destroy(high);
    dp_operators_destroy(low);
    return status;
}

dagpole_status dp_rates_measure(dp_isa isa, dp_rates *rates) {
    const dp_rates built_in = dp_rates_built_in(isa);
    grove few = {0}, many = {0};
    measurement m = {0};
    dagpole_status status = grove_grow(FEW_POINTS, &few);
    if (status == DAGPOLE_OK)
        status = grove_grow(MANY_POINTS, &many);
    if (status == DAGPOLE_OK)
        status = measure(isa, &few, &many, &m);
    grove_free(&many);
    grove_free(&few);
    if (status != DAGPOLE_OK)
        return status;
    *rates = (dp_rates){.name = ""};
    fit_near(&m, &built_in, rates);
    fit_far(&m, &built_in, rates);
    fit_surface(&m, &built_in, rates);
    return dp_rates_check(isa, rates);
}
