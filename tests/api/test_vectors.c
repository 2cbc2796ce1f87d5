/* Several vectors of charges at once: what each gives is what it gives alone. */
#include <math.h>

#include "plans.h"

enum { N = 2000, M = 700 };

/* Sizes of vectors differ by this factor from one to the next: each has a unit of its own. */
#define GROWTH 1e9

typedef struct scene {
    dagpole_context *context;
    dagpole_plan_options options;
    int64_t n_targets;
    double *sources, *targets; /* targets NULL: the sources */
    double *charges, *potentials, *gradients;
} scene;

static scene open_scene(cloud kind, int digits, int n_vectors, int has_targets) {
    scene s = {.context = open_with_cache(), .options = quick_options(0)};
    s.options.digits = digits;
    s.options.n_crit = 15 * digits;
    s.options.n_vectors = n_vectors;
    s.n_targets = has_targets ? M : N;
    s.sources = cloud_make(kind, N, 5);
    s.targets = has_targets ? cloud_make(CLOUD_CUBE, M, 6) : NULL;
    s.charges = make_charges((int64_t)n_vectors * N, 3);
    for (int v = 0; v < n_vectors; v++)
        for (int i = 0; i < N; i++)
            s.charges[v * N + i] *= pow(GROWTH, v % 5 - 2);
    s.potentials = make_results(n_vectors * s.n_targets);
    s.gradients = make_results(3 * n_vectors * s.n_targets);
    return s;
}

static void close_scene(scene *s) {
    dagpole_context_destroy(s->context);
    free(s->sources);
    free(s->targets);
    free(s->charges);
    free(s->potentials);
    free(s->gradients);
}

static dagpole_plan *plan_of(const scene *s) {
    return open_plan(s->context, s->options, N, s->sources, s->targets ? M : 0, s->targets);
}

static void evaluate(scene *s) {
    dagpole_plan *plan = plan_of(s);
    must(dagpole_plan_evaluate(plan, s->charges, s->potentials, s->gradients));
    dagpole_plan_destroy(plan);
}

static void check_digits(const scene *s, int vector) {
    int64_t n = s->n_targets;
    double *direct = make_results(4 * n), *random = make_results(2 * n);
    const double *charges = s->charges + vector * N;
    must(dagpole_direct(NULL, DAGPOLE_LAPLACE, 0, N, s->sources, charges, s->targets ? M : 0,
                        s->targets, direct, direct + n));
    must(dagpole_direct_rms(NULL, DAGPOLE_LAPLACE, 0, N, s->sources, charges, s->targets ? M : 0,
                            s->targets, random, random + n));
    ck_assert_double_le(promised_error(n, s->potentials + vector * n, direct, norm_of(n, random)),
                        pow(10, -s->options.digits));
    ck_assert_double_le(
        promised_error(3 * n, s->gradients + 3 * vector * n, direct + n, norm_of(n, random + n)),
        pow(10, 1 - s->options.digits));
    free(direct);
    free(random);
}

static const cloud clouds[] = {CLOUD_CUBE, CLOUD_SPHERE, CLOUD_LOG_RADIAL};

/* _i: digits, of all precisions of sums. */
START_TEST(digits_hold_for_every_vector) {
    for (int has_targets = 0; has_targets < 2; has_targets++) {
        scene s = open_scene(clouds[_i % 3], _i, 3, has_targets);
        evaluate(&s);
        for (int v = 0; v < s.options.n_vectors; v++)
            check_digits(&s, v);
        close_scene(&s);
    }
}
END_TEST

/* The same vector at every place among others gives the same bits, however many there are. */
START_TEST(others_do_not_matter) {
    static const int counts[] = {2, 7, 16, 33};
    scene s = open_scene(clouds[_i % 3], _i, 33, _i % 2);
    double *first = make_results(s.n_targets), *slopes = make_results(3 * s.n_targets);
    size_t bytes = (size_t)s.n_targets * sizeof(double);
    s.options.block_boxes = 60;
    s.options.n_crit = 20; /* blocks of several levels have many boxes */
    for (int k = 0; k < 4; k++) {
        int n = counts[k], place = k == 0 ? 0 : n - k;
        s.options.n_vectors = n;
        memcpy(s.charges + place * N, s.charges, N * sizeof *s.charges);
        evaluate(&s);
        if (k == 0) {
            memcpy(first, s.potentials, bytes);
            memcpy(slopes, s.gradients, 3 * bytes);
        }
        ck_assert_mem_eq(s.potentials + place * s.n_targets, first, bytes);
        ck_assert_mem_eq(s.gradients + 3 * place * s.n_targets, slopes, 3 * bytes);
    }
    free(first);
    free(slopes);
    close_scene(&s);
}
END_TEST

/* Vectors of a point side by side, and rows with room behind them. */
START_TEST(strides_move_values_alone) {
    enum { V = 3 };
    scene s = open_scene(CLOUD_SPHERE, 5, V, 1), t = open_scene(CLOUD_SPHERE, 5, V, 1);
    static const struct {
        int64_t vector, point;
    } strides[] = {{1, V}, {1, V + 4}, {N + 13, 1}, {2 * N + 1, 2}};
    evaluate(&s);
    for (size_t k = 0; k < sizeof strides / sizeof strides[0]; k++) {
        int64_t vector = strides[k].vector, point = strides[k].point;
        int64_t size = (V - 1) * vector + (N - 1) * point + 1;
        double *charges = make_results(size), *potentials = make_results(size),
               *gradients = make_results(3 * size);
        for (int64_t i = 0; i < size; i++)
            charges[i] = potentials[i] = NAN;
        for (int v = 0; v < V; v++)
            for (int i = 0; i < N; i++)
                charges[v * vector + i * point] = s.charges[v * N + i];
        t.options.vector_stride = vector;
        t.options.point_stride = point;
        dagpole_plan *plan = plan_of(&t);
        must(dagpole_plan_evaluate(plan, charges, potentials, gradients));
        int64_t n_written = 0;
        for (int64_t i = 0; i < size; i++)
            n_written += !isnan(potentials[i]);
        ck_assert_int_eq(n_written, V * M);
        for (int v = 0; v < V; v++)
            for (int i = 0; i < M; i++) {
                int64_t at = v * vector + i * point;
                ck_assert(potentials[at] == s.potentials[v * M + i]);
                ck_assert_mem_eq(&gradients[3 * at], &s.gradients[3 * (v * M + i)],
                                 3 * sizeof(double));
            }
        dagpole_plan_destroy(plan);
        free(charges);
        free(potentials);
        free(gradients);
    }
    close_scene(&s);
    close_scene(&t);
}
END_TEST

/* 64 go through the tasks at once; 130 make three batches. */
START_TEST(many_vectors_go_in_batches) {
    enum { V = 130, FEW = 200 };
    dagpole_context *context = open_serial();
    dagpole_plan_options options = quick_options(0);
    double *points = cloud_make(CLOUD_CUBE, FEW, 5), *charges = make_charges(V * FEW, 6),
           *potentials = make_results(V * FEW), *few = make_results(44 * FEW), *expansion;
    options.n_vectors = V;
    options.n_crit = 10;
    dagpole_plan *plan = open_plan(context, options, FEW, points, 0, NULL);
    charges[100 * FEW + 7] = NAN;
    expect_failure(dagpole_plan_evaluate(plan, charges, potentials, NULL), DAGPOLE_NUMERIC,
                   "charges[20007] is nan");
    charges[100 * FEW + 7] = 1;
    must(dagpole_plan_evaluate(plan, charges, potentials, NULL));
    ck_assert_int_gt(report_of(plan).depth, 1);
    ck_assert_int_eq(report_of(plan).n_evaluations, 1);
    ck_assert_int_eq(report_of(plan).n_vectors, V);
    expansion = make_results((int64_t)V * report_of(plan).expansion_size);
    expect_failure(dagpole_plan_expansions(plan, 0, expansion, NULL, NULL), DAGPOLE_UNSUPPORTED,
                   "130 vectors");
    dagpole_tasks tasks = {.size = sizeof tasks, .task_size = sizeof(dagpole_task)};
    dagpole_forecast forecast = {.size = sizeof forecast};
    dagpole_arithmetic counts = {.size = sizeof counts};
    expect_failure(dagpole_plan_tasks(plan, &tasks), DAGPOLE_UNSUPPORTED, "tasks");
    expect_failure(dagpole_plan_foresee(plan, NULL, 1, (int[]){4}, &forecast), DAGPOLE_UNSUPPORTED,
                   "forecasts");
    expect_failure(dagpole_plan_arithmetic(plan, 0, &counts), DAGPOLE_UNSUPPORTED, "counts");
    dagpole_plan_destroy(plan);
    options.n_vectors = 44; /* as many as a batch of those */
    plan = open_plan(context, options, FEW, points, 0, NULL);
    for (int first = 0; first + 44 <= V; first += 43) {
        must(dagpole_plan_evaluate(plan, charges + first * FEW, few, NULL));
        ck_assert_mem_eq(few, potentials + first * FEW, 44 * FEW * sizeof *few);
    }
    dagpole_plan_destroy(plan);
    dagpole_context_destroy(context);
    free(points);
    free(charges);
    free(potentials);
    free(few);
    free(expansion);
}
END_TEST

START_TEST(floats_are_the_rounded_doubles) {
    enum { V = 3 };
    scene s = open_scene(CLOUD_CUBE, 6, V, 0);
    float *charges = calloc(V * N, sizeof *charges), *potentials = calloc(V * N, sizeof *charges);
    for (int i = 0; i < V * N; i++)
        s.charges[i] = charges[i] = (float)s.charges[i];
    dagpole_plan *plan = plan_of(&s);
    must(dagpole_plan_evaluate(plan, s.charges, s.potentials, NULL));
    must(dagpole_plan_evaluate_float(plan, charges, potentials, NULL));
    for (int i = 0; i < V * N; i++)
        ck_assert(potentials[i] == (float)s.potentials[i]);
    dagpole_plan_destroy(plan);
    close_scene(&s);
    free(charges);
    free(potentials);
}
END_TEST

/* Expansions are linear in their vector alone. */
START_TEST(expansions_of_every_vector) {
    enum { V = 3 };
    scene s = open_scene(CLOUD_CUBE, 4, V, 0);
    for (int i = 0; i < N; i++) {
        s.charges[N + i] = 2 * s.charges[i];
        s.charges[2 * N + i] = 0;
    }
    dagpole_plan *plan = plan_of(&s);
    must(dagpole_plan_evaluate(plan, s.charges, s.potentials, NULL));
    int64_t k = report_of(plan).expansion_size, last = report_of(plan).n_boxes - 1;
    double *e[2] = {make_results(V * k), make_results(V * k)}, *p = make_results(V * N);
    must(dagpole_plan_expansions(plan, last, e[0], e[1], NULL));
    must(dagpole_plan_expansions(plan, 0, NULL, NULL, p));
    double sum[2] = {0};
    for (int which = 0; which < 2; which++)
        for (int64_t i = 0; i < k; i++) {
            ck_assert_double_eq(e[which][k + i], 2 * e[which][i]);
            ck_assert_double_eq(e[which][2 * k + i], 0);
            sum[which] += fabs(e[which][i]);
        }
    ck_assert(sum[0] > 0 && sum[1] > 0);
    for (int i = 0; i < N; i++)
        ck_assert(p[N + i] == 2 * p[i] && p[2 * N + i] == 0);
    free(e[0]);
    free(e[1]);
    free(p);
    dagpole_plan_destroy(plan);
    close_scene(&s);
}
END_TEST

/* The near field is of one vector, wherever an evaluation's vectors lie. */
START_TEST(near_fields_are_of_one_vector) {
    enum { V = 3, K = 5 };
    static const int64_t targets[K] = {0, 7, 300, 301, M - 1};
    scene s = open_scene(CLOUD_SPHERE, 5, V, 1);
    s.options.vector_stride = 1;
    s.options.point_stride = V;
    dagpole_plan *plan = plan_of(&s);
    double near[4 * K], sums[4 * K];
    for (int v = 0; v < V; v++) {
        const double *charges = s.charges + v * N;
        must(dagpole_plan_near_field(plan, charges, K, targets, near, near + K));
        must(dagpole_plan_near_sums(plan, charges, K, targets, sums, sums + K));
        for (int i = 0; i < 4 * K; i++)
            ck_assert_double_le(fabs(sums[i] - near[i]), 1e-4 * norm_of(4 * K, near));
    }
    dagpole_plan_destroy(plan);
    close_scene(&s);
}
END_TEST

/* Where no points are there is nothing to find. */
START_TEST(no_sources) {
    dagpole_context *context = open_serial();
    dagpole_plan_options options = quick_options(0);
    double target[3] = {1, 2, 3}, potentials[6];
    options.n_vectors = 3;
    options.vector_stride = 2;
    dagpole_plan *plan = open_plan(context, options, 0, NULL, 1, target);
    must(dagpole_plan_evaluate(plan, NULL, potentials, NULL));
    for (int v = 0; v < 3; v++)
        ck_assert_double_eq(potentials[2 * v], 0);
    dagpole_plan_destroy(plan);
    dagpole_context_destroy(context);
}
END_TEST

/* The model prices vectors together, and forecasts follow. */
START_TEST(forecasts_count_vectors) {
    dagpole_foresee_options o;
    dagpole_forecast f[2] = {{.size = sizeof f[0]}, {.size = sizeof f[0]}};
    dagpole_foresee_options_init(&o);
    o.times = DAGPOLE_TIMES_COEFFICIENTS;
    for (int k = 0; k < 2; k++) {
        scene s = open_scene(CLOUD_CUBE, 5, k ? 8 : 1, 0);
        dagpole_plan *plan = plan_of(&s);
        must(dagpole_plan_foresee(plan, &o, 1, (int[]){1}, &f[k]));
        dagpole_plan_destroy(plan);
        close_scene(&s);
    }
    ck_assert_double_gt(f[1].work_s, 1.5 * f[0].work_s);
    ck_assert_double_lt(f[1].work_s, 8 * f[0].work_s);
}
END_TEST

/* Of the same tree, each vector has the pairs and flops of one alone. */
START_TEST(counts_are_of_all_vectors) {
    enum { V = 20 };
    dagpole_arithmetic a[2] = {{.size = sizeof a[0]}, {.size = sizeof a[0]}};
    for (int k = 0; k < 2; k++) {
        scene s = open_scene(CLOUD_CUBE, 5, k ? V : 1, 0);
        dagpole_plan *plan = plan_of(&s);
        must(dagpole_plan_arithmetic(plan, 1, &a[k]));
        ck_assert_int_gt(report_of(plan).depth, 1);
        dagpole_plan_destroy(plan);
        close_scene(&s);
    }
    for (int op = 0; op < DAGPOLE_N_OPERATORS; op++) {
        ck_assert_double_eq(a[1].pairs[op], V * a[0].pairs[op]);
        ck_assert_double_eq(a[1].flops[op], V * a[0].flops[op]);
    }
    ck_assert(a[0].pairs[DAGPOLE_P2P] > 0 && a[0].pairs[DAGPOLE_P2M] > 0);
    ck_assert(a[0].flops[DAGPOLE_M2L] > 0);
    ck_assert(a[1].near_rate > 0 && a[1].to_surface_rate > 0 && a[1].from_surface_rate > 0);
}
END_TEST

static void refused(const scene *s, int n_vectors, int64_t vector, int64_t point,
                    const char *text) {
    dagpole_plan *plan;
    dagpole_plan_options o = s->options;
    o.n_vectors = n_vectors;
    o.vector_stride = vector;
    o.point_stride = point;
    expect_failure(dagpole_plan_create(s->context, &o, N, s->sources, 0, NULL, &plan),
                   DAGPOLE_BAD_ARGUMENT, text);
}

START_TEST(bad_vectors_are_named) {
    scene s = open_scene(CLOUD_CUBE, 3, 2, 0);
    refused(&s, 0, 0, 1, "n_vectors is 0");
    refused(&s, -4, 0, 1, "n_vectors is -4");
    refused(&s, INT32_MAX, 0, 1, "2^30");
    refused(&s, 2, INT64_MAX / 2, 1, "2^44");
    refused(&s, 2, 0, INT64_MAX, "2^44");
    refused(&s, 2, -1, 1, "vector_stride is -1");
    refused(&s, 2, 0, -1, "point_stride -1");
    refused(&s, 2, N - 1, 1, "overlap");
    refused(&s, 2, 1, 1, "overlap");
    refused(&s, 3, 1, 2, "overlap");
    dagpole_plan *plan = plan_of(&s);
    s.charges[N + 7] = NAN;
    expect_failure(dagpole_plan_evaluate(plan, s.charges, s.potentials, NULL), DAGPOLE_NUMERIC,
                   "charges[2007] is nan");
    s.charges[N + 7] = 1;
    must(dagpole_plan_evaluate(plan, s.charges, s.potentials, NULL));
    dagpole_plan_destroy(plan);
    close_scene(&s);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("vectors");
    TCase *tcase = tcase_create("vectors");
    tcase_set_timeout(tcase, 100);
    tcase_add_loop_test(tcase, digits_hold_for_every_vector, 3, SUITE_IS_SANITIZED ? 5 : 13);
    tcase_add_loop_test(tcase, others_do_not_matter, SUITE_IS_SANITIZED ? 7 : 3, 8);
    tcase_add_test(tcase, strides_move_values_alone);
    tcase_add_test(tcase, many_vectors_go_in_batches);
    tcase_add_test(tcase, floats_are_the_rounded_doubles);
    tcase_add_test(tcase, expansions_of_every_vector);
    tcase_add_test(tcase, near_fields_are_of_one_vector);
    tcase_add_test(tcase, no_sources);
    tcase_add_test(tcase, forecasts_count_vectors);
    tcase_add_test(tcase, counts_are_of_all_vectors);
    tcase_add_test(tcase, bad_vectors_are_named);
    return suite_run(suite, tcase);
}
