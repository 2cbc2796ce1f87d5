/* The chain: points -> tree -> lists -> operators -> graph -> execution. */
#include <math.h>
#include <string.h>

#include "api/user.h"
#include "base/clock.h"
#include "base/sized.h"
#include "base/text.h"
#include "geometry/chunk.h"

/* The caller's points, as they came. */
typedef struct given {
    int64_t n_sources, n_targets;
    const void *sources, *targets;
    int is_float; /* 1: both hold floats, 0: doubles */
} given;

static dagpole_status check_array(const char *name, int64_t n, const void *array) {
    if (n < 0 || n > DP_MAX_POINTS)
        return dp_fail(DAGPOLE_BAD_ARGUMENT, "n_%s is %lld: it must be 0 ... 2^40", name,
                       (long long)n);
    if (n > 0 && !array)
        return dp_fail(DAGPOLE_BAD_ARGUMENT, "%s is NULL: %lld points are announced", name,
                       (long long)n);
    return DAGPOLE_OK;
}

dagpole_status dp_check_points(int64_t n_sources, const void *sources, int64_t n_targets,
                               const void *targets) {
    DP_TRY(check_array("sources", n_sources, sources));
    if (targets)
        return check_array("targets", n_targets, targets);
    if (n_targets != 0 && n_targets != n_sources)
        return dp_fail(DAGPOLE_BAD_ARGUMENT,
                       "targets is NULL, so that the sources are the targets, but n_targets is "
                       "%lld: it must be 0 or n_sources (%lld)",
                       (long long)n_targets, (long long)n_sources);
    return DAGPOLE_OK;
}

dp_leaf_request dp_plan_leaf_request(const dagpole_plan *p, const dp_bounds *bounds,
                                     const double *sources, const double *targets) {
    return (dp_leaf_request){.bounds = *bounds,
                             .n_sources = p->n_sources,
                             .sources = sources,
                             .n_targets = p->targets_are_sources ? 0 : p->n_targets,
                             .targets = targets,
                             .kernel = p->kernel,
                             .accuracy = dp_plan_accuracy(p),
                             .rates = &p->context->rates,
                             .shape = p->shape,
                             .n_sums = dp_options_sums(&p->options),
                             .n_crit = p->options.n_crit,
                             .root_side = p->options.root_side,
                             .wave_number = dp_is_complex(&p->shape) ? p->options.wave_number : 0};
}

/* Both from the cost model, where the options do not set them. */
static dagpole_status choose_leaf_size(dagpole_plan *p, const dp_bounds *bounds,
                                       const double *sources, const double *targets,
                                       dp_cube *cube) {
    dp_leaf_choice choice;
    dp_leaf_request request = dp_plan_leaf_request(p, bounds, sources, targets);
    DP_TRY(dp_leaf_size_choose(&request, &choice));
    *cube = choice.cube;
    p->options.n_crit = choice.n_crit;
    p->is_direct = choice.is_direct;
    p->n_leaf = choice.n_leaf;
    return DAGPOLE_OK;
}

static dagpole_status build_tree(const dp_team *team, dagpole_plan *p, const double *sources,
                                 const double *targets) {
    dp_bounds bounds = dp_bounds_empty(), of_targets = bounds;
    dp_cube cube;
    DP_TRY(dp_bounds_widen(team, "sources", p->n_sources, sources, &bounds));
    if (!p->targets_are_sources)
        DP_TRY(dp_bounds_widen(team, "targets", p->n_targets, targets, &of_targets));
    p->gap = dp_bounds_gap(&bounds, &of_targets);
    dp_bounds_join(&bounds, &of_targets);
    DP_TRY(choose_leaf_size(p, &bounds, sources, targets, &cube));
    DP_TRY(dp_points_build(team, &cube, p->n_sources, sources, &p->sources));
    if (!p->targets_are_sources)
        DP_TRY(dp_points_build(team, &cube, p->n_targets, targets, &p->own_targets));
    p->targets = p->targets_are_sources ? &p->sources : &p->own_targets;
    DP_TRY(dp_tree_build(team, &cube, &p->sources, p->targets_are_sources ? NULL : p->targets,
                         p->n_leaf, &p->tree));
    dp_points_forget_keys(&p->sources);
    dp_points_forget_keys(&p->own_targets);
    return DAGPOLE_OK;
}

/* Coordinates in a chunk of a conversion. */
#define GRAIN 65536

typedef struct widening {
    const float *from;
    double *to;
} widening;

static dagpole_status widen_chunk(void *argument, int64_t chunk, int64_t begin, int64_t end) {
    const widening *w = argument;
    (void)chunk;
    for (int64_t i = begin; i < end; i++)
        w->to[i] = w->from[i];
    return DAGPOLE_OK;
}

/* n x 3 doubles that equal the floats, to be freed also after a failure. */
static dagpole_status widen(const dp_team *team, int64_t n, const float *points, double **wide) {
    *wide = dp_alloc((size_t)n, 3 * sizeof **wide);
    if (!*wide)
        return DAGPOLE_NO_MEMORY;
    return dp_chunk_for(team, 3 * n, GRAIN, widen_chunk, &(widening){points, *wide});
}

/* The tree copies what it needs of the points, so that their doubles last no longer than this. */
static dagpole_status build_tree_of_floats(const dp_team *team, dagpole_plan *p,
                                           const float *sources, const float *targets) {
    double *wide_sources = NULL, *wide_targets = NULL;
    dagpole_status status = widen(team, p->n_sources, sources, &wide_sources);
    if (status == DAGPOLE_OK && !p->targets_are_sources)
        status = widen(team, p->n_targets, targets, &wide_targets);
    if (status == DAGPOLE_OK)
        status = build_tree(team, p, wide_sources, wide_targets);
    dp_free(wide_targets);
    dp_free(wide_sources);
    return status;
}

dp_operators_request dp_plan_operators_request(const dagpole_plan *p) {
    return (dp_operators_request){.kernel = dp_kernel_far(p->kernel),
                                  .lambda = p->user ? ldexp(1, p->tree.cube.exponent)
                                                    : dp_scaled_lambda(&p->options, &p->tree.cube),
                                  .side = p->tree.cube.side,
                                  .depth = p->is_direct ? 0 : p->tree.depth,
                                  .accuracy = dp_plan_accuracy(p),
                                  .isa = p->context->isa,
                                  .cache_dir = p->context->cache_dir};
}

static dagpole_status build_operators(const dp_team *team, dagpole_plan *p) {
    char message[DP_ERROR_TEXT_BYTES];
    dp_operators_request request = dp_plan_operators_request(p);
    DP_TRY(dp_check_waves(&p->options, &p->tree.cube, &request));
    DP_TRY(dp_operators_create(team, &request, message, &p->operators));
    if (*message)
        dp_runtime_log(p->context->runtime, "%s", message);
    return DAGPOLE_OK;
}

/* Nothing is known of a kernel of the caller's: with operators that do not hold the digits it is
 * tried once more. */
static dagpole_status build_user_operators(const dp_team *team, dagpole_plan *p) {
    dp_user_survey survey;
    DP_TRY(dp_plan_settle_user(p, &survey));
    for (int is_good = 0; !is_good;) {
        dp_operators_destroy(p->operators);
        p->operators = NULL;
        DP_TRY(build_operators(team, p));
        DP_TRY(dp_plan_prove_user(p, &survey, &is_good));
    }
    return DAGPOLE_OK;
}

/* That of a core, or of the cores that share it. */
static int64_t largest_cache(const dp_machine *machine) {
    return machine->l3_bytes > machine->l2_bytes ? machine->l3_bytes : machine->l2_bytes;
}

/* What of the machine's caches the expansions of one block may fill: a core's second level, or an
 * eighth of the third, which several share. (At 12 digits blocks that fit the second level alone
 * made M2L 12 percent slower: they meet each of its matrices too few times.) */
static int64_t cache_share(const dp_machine *machine) {
    int64_t third = machine->l3_bytes / 8;
    return machine->l2_bytes > third ? machine->l2_bytes : third;
}

static dagpole_status build_graph(const dp_team *team, dagpole_plan *p) {
    dp_runtime *runtime = p->context->runtime;
    dp_accuracy accuracy = dp_plan_accuracy(p);
    dp_lambda lambda = dp_scaled_lambda(&p->options, &p->tree.cube);
    double finest_side = dp_cube_side(&p->tree.cube, p->tree.depth);
    dp_precision precision =
        dp_precision_of_sums(&accuracy, p->targets_are_sources, dp_damping(lambda), finest_side);
    precision = dp_precision_of_near_waves(precision, accuracy.most_radians,
                                           dp_wave_number(lambda) * finest_side);
    dp_nodes nodes;
    dp_runtime_nodes(runtime, &nodes);
    p->report.n_nodes = nodes.n > 1 ? nodes.n : 1;
    dp_problem problem = {
        .tree = &p->tree,
        .lists = &p->lists,
        .sources = &p->sources,
        .targets = p->targets,
        .operators = p->operators,
        .kernel = p->kernel,
        .isa = p->context->isa,
        .cost = dp_cost_of(&p->context->rates, p->kernel, precision, &p->shape, DP_POTENTIAL),
        .lambda = lambda,
        .tolerance = p->options.tolerance,
        .precision = precision,
        .most_radians = accuracy.most_radians,
        .least = dp_precision_closest(precision, &p->shape),
        .shape = p->shape,
        .block_boxes = p->options.block_boxes,
        .cache_bytes = cache_share(&p->context->machine),
        .shared_cache_bytes = largest_cache(&p->context->machine),
        .n_cores = p->context->machine.cores,
        .nodes = &nodes};
    DP_TRY(dp_graph_create(team, &problem, dp_runtime_n_slots(runtime), &p->graph));
    dp_lists_free(&p->lists); /* the tasks hold what they need of them */
    return dp_execution_create(runtime, &p->graph->stream, &p->execution);
}

/* Mean length of the rows of a list over the boxes that count. */
static double mean(const dp_csr *list, int64_t n_rows) {
    return n_rows ? (double)list->offset[list->n_rows] / (double)n_rows : 0;
}

static void describe_tree(dagpole_plan *p) {
    const dp_tree *tree = &p->tree;
    dagpole_report *r = &p->report;
    int64_t n_target_leaves = 0, n_target_boxes = 0;
    for (int32_t box = 0; box < tree->n_boxes; box++) {
        int has_targets = dp_n_targets(tree, box) > 0;
        n_target_boxes += has_targets;
        n_target_leaves += has_targets && dp_tree_is_leaf(tree, box);
    }
    r->n_boxes = tree->n_boxes;
    r->n_leaves = tree->n_leaves;
    r->depth = tree->depth;
    r->mean_u = mean(&p->lists.u, n_target_leaves);
    r->mean_v = mean(&p->lists.v, n_target_boxes);
    r->mean_w = mean(&p->lists.w, n_target_leaves);
    r->mean_x = mean(&p->lists.x, n_target_boxes);
    r->n_unique_sources = p->sources.n;
    r->n_unique_targets = p->targets->n;
    r->root_side = ldexp(tree->cube.side, tree->cube.exponent);
    for (int d = 0; d < 3; d++)
        r->root_corner[d] = ldexp(tree->cube.corner[d], tree->cube.exponent);
}

static dagpole_status describe_graph(dagpole_plan *p) {
    dagpole_report *r = &p->report;
    double work, span;
    DP_TRY(dp_stream_span(&p->graph->stream, &work, &span));
    r->n_blocks = p->graph->layout.blocks.n;
    r->n_tasks = p->graph->stream.n_records;
    r->work_over_span = span > 0 ? work / span : 1;
    r->expansion_size = 0;
    for (int i = 0; i < p->operators->n_sets; i++)
        if (p->operators->sets[i].k > r->expansion_size)
            r->expansion_size = p->operators->sets[i].k;
    r->n_unresolved_targets = p->graph->n_unresolved;
    if (r->n_unresolved_targets)
        dp_runtime_log(p->context->runtime,
                       "%lld of %lld targets are many screening lengths from all sources, and what "
                       "they need costs too much: their own values keep fewer digits",
                       (long long)r->n_unresolved_targets, (long long)p->n_targets);
    if (r->n_nodes > 1)
        dp_stream_bytes(&p->graph->stream, &r->bytes_read, &r->bytes_remote_at_home);
    r->operators_cached = p->operators->is_cached;
    r->bytes_operators = dp_operators_bytes(p->operators);
    r->bytes_plan = (int64_t)sizeof *p + dp_points_bytes(&p->sources) +
                    dp_points_bytes(&p->own_targets) + dp_tree_bytes(&p->tree) +
                    dp_graph_bytes(p->graph);
    return DAGPOLE_OK;
}

/* Those of other kernels stay 0. */
static void describe_parameters(const dp_kernel *kernel, const dagpole_plan_options *o,
                                dagpole_report *r) {
    for (int i = 0; i < kernel->n_parameters; i++) {
        const dp_parameter *p = &kernel->parameters[i];
        memcpy((char *)r + p->report_offset, (const char *)o + p->offset, sizeof(double));
    }
}

static void describe_request(dagpole_plan *p) {
    const dagpole_plan_options *o = &p->options;
    const dp_runtime *runtime = p->context->runtime;
    dagpole_report *r = &p->report;
    r->n_sources = p->n_sources;
    r->n_targets = p->n_targets;
    r->kernel = o->kernel;
    describe_parameters(p->kernel, o, r);
    r->digits = o->digits;
    r->n_vectors = o->n_vectors;
    r->sources = o->sources;
    r->hessians = o->hessians;
    r->p = o->p;
    r->n_crit = o->n_crit;
    r->block_boxes = o->block_boxes;
    r->machine_cores = p->context->machine.cores;
    r->machine_cache_bytes = cache_share(&p->context->machine);
    r->tolerance = o->tolerance;
    r->svd_cutoff = o->svd_cutoff;
    r->threads = dp_runtime_threads(runtime);
    dp_text_copy(r->scheduler, sizeof r->scheduler, dp_runtime_scheduler(runtime));
    dp_text_copy(r->instruction_set, sizeof r->instruction_set, dp_isa_title(p->context->isa));
    dp_text_copy(r->coefficients, sizeof r->coefficients, p->context->rates.name);
}

/* Adds the time since *clock to a stage and starts the next. */
static void lap(double *clock, double *stage_s) {
    double now = dp_clock();
    *stage_s += now - *clock;
    *clock = now;
}

dagpole_status dp_plan_check(const dagpole_plan *plan) {
    if (!plan)
        return dp_fail(DAGPOLE_BAD_ARGUMENT, "plan is NULL: make one with dagpole_plan_create");
    if (atomic_load(&plan->context->is_closed))
        return dp_fail(DAGPOLE_WRONG_STATE, "the plan's context has been destroyed: all that the "
                                            "plan allows is dagpole_plan_destroy");
    return DAGPOLE_OK;
}

dagpole_status dp_plan_begin(const dagpole_plan *plan) {
    if (!atomic_flag_test_and_set(&((dagpole_plan *)plan)->is_busy))
        return DAGPOLE_OK;
    return dp_fail(DAGPOLE_WRONG_STATE, "the plan is in use by another thread: one at a time");
}

void dp_plan_end(const dagpole_plan *plan) {
    atomic_flag_clear(&((dagpole_plan *)plan)->is_busy);
}

dagpole_status dp_plan_lists(const dp_team *team, const dagpole_plan *p, dp_lists *lists) {
    return p->is_direct ? dp_lists_all_near(&p->tree, lists)
                        : dp_lists_build(team, &p->tree, lists);
}

static dagpole_status build(dagpole_plan *p, const given *points) {
    dp_runtime *runtime = p->context->runtime;
    const dp_team *team = dp_runtime_team(runtime);
    double begin = dp_clock(), clock = begin;
    DP_TRY(dp_runtime_progress(runtime, "tree", 0));
    if (points->is_float)
        DP_TRY(build_tree_of_floats(team, p, points->sources, points->targets));
    else
        DP_TRY(build_tree(team, p, points->sources, points->targets));
    lap(&clock, &p->report.tree_s);
    DP_TRY(dp_runtime_progress(runtime, "lists", 0));
    DP_TRY(dp_plan_lists(team, p, &p->lists));
    describe_tree(p);
    DP_TRY(dp_plan_settle_digits(p));
    lap(&clock, &p->report.lists_s);
    DP_TRY(dp_runtime_progress(runtime, "operators", 0));
    DP_TRY(p->user ? build_user_operators(team, p) : build_operators(team, p));
    lap(&clock, &p->report.operators_s);
    DP_TRY(dp_runtime_progress(runtime, "graph", 0));
    DP_TRY(build_graph(team, p));
    DP_TRY(describe_graph(p));
    describe_request(p);
    lap(&clock, &p->report.graph_s);
    p->report.setup_s = clock - begin;
    return dp_runtime_progress(runtime, "graph", 1);
}

/* The same array twice is as good as NULL. */
static int targets_are_sources(const given *points) {
    return !points->targets ||
           (points->targets == points->sources && points->n_targets == points->n_sources);
}

dagpole_status dp_check_strides(const dagpole_plan_options *o, int64_t n_points) {
    int64_t n = n_points > 1 ? n_points : 1, point = o->point_stride, vector = o->vector_stride;
    int is_huge = point > DP_MAX_VALUES / n;
    vector = vector || is_huge ? vector : n * point;
    if (is_huge || vector > DP_MAX_VALUES / o->n_vectors)
        return dp_fail(DAGPOLE_BAD_ARGUMENT,
                       "n_vectors is %d (vector_stride %lld, point_stride %lld) for %lld points: "
                       "arrays may have 2^44 values at most",
                       o->n_vectors, (long long)o->vector_stride, (long long)point,
                       (long long)n_points);
    if (o->n_vectors > 1 && vector <= (n - 1) * point && point <= (o->n_vectors - 1) * vector)
        return dp_fail(DAGPOLE_BAD_ARGUMENT,
                       "vector_stride is %lld and point_stride %lld: %d vectors of %lld points "
                       "may overlap",
                       (long long)vector, (long long)point, o->n_vectors, (long long)n_points);
    return DAGPOLE_OK;
}

/* The kernel of the options, which are resolved; of the caller's own a copy. */
static dagpole_status take_kernel(dagpole_plan *p, const dagpole_plan_options *given) {
    dagpole_plan_options taken; /* as given: what is 0 was not set */
    if (p->options.kernel == DAGPOLE_USER) {
        dagpole_plan_options_init(&taken);
        DP_TRY(dp_sized_take("plan options", "", given, &taken, sizeof taken));
        p->keeps_p = taken.p != 0;
        p->keeps_cutoff = taken.svd_cutoff != 0;
    }
    DP_TRY(dp_options_kernel(&p->options, &p->kernel, &p->user));
    p->options.user_kernel = NULL;
    return DAGPOLE_OK;
}

static dagpole_status create(dagpole_context *context, const dagpole_plan_options *options,
                             const given *points, dagpole_plan **plan) {
    dagpole_plan_options resolved;
    if (!plan)
        return dp_fail(DAGPOLE_BAD_ARGUMENT, "plan is NULL: it receives the new plan");
    *plan = NULL;
    if (!context)
        return dp_fail(DAGPOLE_BAD_ARGUMENT, "context is NULL: make one with "
                                             "dagpole_context_create");
    DP_TRY(dp_options_resolve(options, &resolved));
    DP_TRY(dp_check_points(points->n_sources, points->sources, points->n_targets, points->targets));
    int64_t n_targets = targets_are_sources(points) ? 0 : points->n_targets;
    DP_TRY(
        dp_check_strides(&resolved, n_targets > points->n_sources ? n_targets : points->n_sources));
    dagpole_plan *p = dp_alloc_zero(1, sizeof *p);
    if (!p)
        return DAGPOLE_NO_MEMORY;
    atomic_flag_clear(&p->is_busy);
    p->context = context;
    dp_context_hold(context);
    p->options = resolved;
    p->digits = resolved.digits;
    p->shape = dp_options_shape(&resolved);
    p->shape.n_vectors *=
        dp_vectors_at_once(resolved.n_vectors, DP_MOST_VECTORS / dp_n_parts(&p->shape));
    p->charge_work = dp_alloc((size_t)(DP_MAX_CHUNKS * p->shape.n_vectors), sizeof *p->charge_work);
    p->targets_are_sources = targets_are_sources(points);
    p->n_sources = points->n_sources;
    p->n_targets = p->targets_are_sources ? points->n_sources : points->n_targets;
    dagpole_status status = p->charge_work ? take_kernel(p, options) : DAGPOLE_NO_MEMORY;
    if (status == DAGPOLE_OK)
        status = build(p, points);
    if (status == DAGPOLE_OK)
        *plan = p;
    else
        dagpole_plan_destroy(p);
    return status;
}

dagpole_status dagpole_plan_create(dagpole_context *context, const dagpole_plan_options *options,
                                   int64_t n_sources, const double *sources, int64_t n_targets,
                                   const double *targets, dagpole_plan **plan) {
    DP_DEFAULT_FLOATING;
    return create(context, options, &(given){n_sources, n_targets, sources, targets, .is_float = 0},
                  plan);
}

dagpole_status dagpole_plan_create_float(dagpole_context *context,
                                         const dagpole_plan_options *options, int64_t n_sources,
                                         const float *sources, int64_t n_targets,
                                         const float *targets, dagpole_plan **plan) {
    DP_DEFAULT_FLOATING;
    return create(context, options, &(given){n_sources, n_targets, sources, targets, .is_float = 1},
                  plan);
}

void dagpole_plan_destroy(dagpole_plan *p) {
    if (!p)
        return;
    dp_execution_destroy(p->execution);
    dp_graph_destroy(p->graph);
    dp_operators_destroy(p->operators);
    dp_lists_free(&p->lists);
    dp_tree_free(&p->tree);
    dp_points_free(&p->own_targets);
    dp_points_free(&p->sources);
    dp_free(p->charge_work);
    dp_user_destroy(p->user);
    dp_context_release(p->context);
    dp_free(p);
}
