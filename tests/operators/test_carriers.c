/* Expansions of charges, dipoles and both, and all sums from them, against direct sums; and several
 * vectors of them against one by one. */
#include "boxes.h"
#include "isa.h"
#include "kernel/carriers.h"

enum { MOST_VECTORS = 3, STRIDE = N_POINTS + 2, ROW = MOST_VECTORS * STRIDE };

static const box origin = {.half = 0.5};

/* What vectors of one box's points carry, and sums at those of another: a vector's are STRIDE
 * behind those of the one before. */
typedef struct bench {
    const dp_kernel *kernel;
    double lambda;
    dp_operators *operators;
    const dp_operator_set *set; /* of boxes of half side 0.5 */
    dp_scratch scratch;
    double carried[4][ROW], sums[DP_HESSIAN][ROW], expected[DP_HESSIAN][ROW];
} bench;

/* Sums over surfaces to DP_REDUCED_ERROR. */
static void bench_open(const dp_kernel *kernel, bench *b) {
    char message[DP_ERROR_TEXT_BYTES];
    uint64_t state = 8;
    double lambda = kernel->lambda ? 0.3 : 0;
    dp_operators_request request = {.kernel = kernel,
                                    .lambda = lambda,
                                    .side = 4,
                                    .depth = 2,
                                    .accuracy = {.p = 6,
                                                 .tolerance = 1e-5,
                                                 .svd_cutoff = 1e-10,
                                                 .m2l_cut = 1. / 7,
                                                 .precision = DP_REDUCED},
                                    .isa = suite_isa,
                                    .cache_dir = ""};
    *b = (bench){.kernel = request.kernel, .lambda = lambda};
    ck_assert_int_eq(dp_operators_create(&dp_team_serial, &request, message, &b->operators),
                     DAGPOLE_OK);
    ck_assert_int_eq(dp_scratch_create(b->operators, 0, &b->scratch), DAGPOLE_OK);
    b->set = b->operators->level[2];
    for (int k = 0; k < 4; k++)
        for (int i = 0; i < ROW; i++)
            b->carried[k][i] = (k ? origin.half : 1) * (suite_uniform(&state) - 0.3);
}

static void bench_close(bench *b) {
    dp_scratch_free(&b->scratch);
    dp_operators_destroy(b->operators);
}

static dp_carried carried_at(bench *b, int kind, int at) {
    return rows_carried(
        (double *const[]){b->carried[0], b->carried[1], b->carried[2], b->carried[3]}, kind, at);
}

static dp_sums sums_at(double sums[DP_HESSIAN][ROW], int n_sums, int at) {
    return dp_sums_of_rows(sums[0] + at, ROW, n_sums);
}

typedef struct path {
    const char *name;
    int by_multipole, by_local;
} path;

static const path paths[] = {{"P2M, M2P", 1, 0}, {"P2L, L2P", 0, 1}, {"P2M, M2L, L2P", 1, 1}};

/* ---- from points to points by expansions of vectors [first, first + n) -------------------------
 */

static void expand(bench *b, const path *p, const box *source, const box *target, int kind,
                   int first, int n, double **expansion) {
    const dp_surface_sums *surface = p->by_multipole ? &b->set->outer : &b->set->inner;
    dp_frame frame = box_frame(p->by_multipole ? source : target);
    dp_surface_potentials(b->set, surface, &frame, N_POINTS, box_points(source),
                          carried_at(b, kind, first * STRIDE), STRIDE, n, 1, 0, &b->scratch);
    dp_surface_to_expansions(b->set, surface, n, expansion, &b->scratch);
}

static void evaluate(bench *b, const path *p, const box *source, const box *target, int n_sums,
                     int first, int n, double *const *expansion) {
    const dp_surface_sums *surface = p->by_local ? &b->set->outer : &b->set->inner;
    dp_frame frame = box_frame(p->by_local ? target : source);
    dp_surface_densities(b->set, surface, n, (const double *const *)expansion, &b->scratch);
    dp_surface_evaluate(b->set, surface, 0, &frame, 0, n, N_POINTS, box_points(target),
                        sums_at(b->sums, n_sums, first * STRIDE), STRIDE, &b->scratch);
}

static void translate(bench *b, const int position[3], int n, double *const *from,
                      double *const *to) {
    int v[] = {-position[0], -position[1], -position[2]}; /* of the source, from the target */
    dp_columns columns = {.n = n, .reflection = dp_reflection(v)};
    for (int i = 0; i < n; i++) {
        columns.later[i] = columns.source[i] = from[i];
        columns.target[i] = to[i];
    }
    dp_m2l(b->set, b->operators->offsets.index[abs(v[0])][abs(v[1])][abs(v[2])], &columns,
           &b->scratch);
}

static void run(bench *b, const path *p, const int position[3], int kind, int n_sums, int first,
                int n) {
    box source = box_make(origin.centre, origin.half, 1), target = box_at(&source, position, 2);
    double *expansion[2][MOST_VECTORS];
    for (int i = 0; i < 2 * n; i++)
        expansion[i % 2][i / 2] = dp_alloc_zero((size_t)b->set->k_padded, sizeof(double));
    expand(b, p, &source, &target, kind, first, n, expansion[0]);
    int is_translated = p->by_multipole && p->by_local;
    if (is_translated)
        translate(b, position, n, expansion[0], expansion[1]);
    evaluate(b, p, &source, &target, n_sums, first, n, expansion[is_translated]);
    for (int i = 0; i < 2 * n; i++)
        dp_free(expansion[i % 2][i / 2]);
}

/* ---- against direct sums -------------------------------------------------------------------- */

static void expect(bench *b, const int position[3], int kind) {
    box source = box_make(origin.centre, origin.half, 1), target = box_at(&source, position, 2);
    memset(b->expected, 0, sizeof b->expected);
    for (int v = 0; v < MOST_VECTORS; v++)
        dp_p2p_ref(b->kernel, b->lambda, N_POINTS, box_points(&target),
                   sums_at(b->expected, DP_HESSIAN, v * STRIDE), N_POINTS, box_points(&source),
                   carried_at(b, kind, v * STRIDE));
}

/* The root of the mean square over a vector's sums of one order, and over the sums of the sizes of
 * all terms by which these count. */
static double mean_of(const double x[][ROW], int begin, int end, int vector) {
    double square = 0;
    for (int k = begin; k < end; k++)
        for (int i = 0; i < N_POINTS; i++)
            square += x[k][vector * STRIDE + i] * x[k][vector * STRIDE + i];
    return sqrt(square / N_POINTS);
}

static double size_of(const bench *b, const int position[3], int kind, int order, int vector) {
    box source = box_make(origin.centre, origin.half, 1), target = box_at(&source, position, 2);
    double square = 0;
    for (int j = 0; j < N_POINTS; j++) {
        double sum = 0, size[4];
        for (int i = 0; i < N_POINTS; i++) {
            double x = target.x[j] - source.x[i], y = target.y[j] - source.y[i];
            double z = target.z[j] - source.z[i];
            int at = vector * STRIDE + i;
            sizes_of_terms(b->kernel, b->lambda, sqrt(x * x + y * y + z * z), size);
            sum += kind & CARRY_CHARGES ? fabs(b->carried[0][at]) * size[order] : 0;
            for (int k = 1; kind & CARRY_DIPOLES && k < 4; k++)
                sum += fabs(b->carried[k][at]) * size[order + 1];
        }
        square += sum * sum;
    }
    return sqrt(square / N_POINTS);
}

/* Each derivative, a dipole's among them, is less accurate. */
static void check(const bench *b, const char *what, const int position[3], int kind, int n_sums) {
    static const int begin[] = {0, DP_POTENTIAL, DP_GRADIENT, DP_HESSIAN};
    static const double allowed[] = {3e-5, 3e-4, 3e-3, 1e-2};
    static double error[DP_HESSIAN][ROW];
    for (int k = 0; k < DP_HESSIAN; k++)
        for (int i = 0; i < ROW; i++)
            error[k][i] = b->sums[k][i] - b->expected[k][i];
    for (int v = 0; v < MOST_VECTORS; v++)
        for (int order = 0; order < 3; order++) {
            int from = begin[order], to = begin[order + 1];
            if (to > n_sums) {
                ck_assert(mean_of(b->sums, from, to, v) == 0);
                continue;
            }
            double relative = mean_of(error, from, to, v) / size_of(b, position, kind, order, v);
            ck_assert_msg(relative <= allowed[order + kind / 2],
                          "%s, %s, carried %d, vector %d: relative error %g of order %d",
                          b->kernel->name, what, kind, v, relative, order);
        }
}

static const int positions[][3] = {{2, 0, 0}, {-3, 3, -2}};

static void run_vectors(bench *b, const path *p, const int position[3], int kind, int n_sums,
                        int n_at_once) {
    memset(b->sums, 0, sizeof b->sums);
    for (int v = 0; v < MOST_VECTORS; v += n_at_once)
        run(b, p, position, kind, n_sums, v, n_at_once);
}

typedef void each_fn(bench *b, const path *p, const int position[3], int kind, int n_sums);

/* Every real kernel, path, position, kind and number of sums. */
static void for_each_case(each_fn *each) {
    static bench b;
    for (int kernel = 0; kernel < DP_N_REAL_KERNELS; kernel++) {
        bench_open(dp_kernel_number(kernel), &b);
        for (int i = 0; i < 2; i++)
            for (int kind = CARRY_CHARGES; kind <= CARRY_BOTH; kind++) {
                expect(&b, positions[i], kind);
                for (int k = 0; k < 9; k++)
                    if (can_sum(b.kernel, wanted[k % 3]))
                        each(&b, &paths[k / 3], positions[i], kind, wanted[k % 3]);
            }
        bench_close(&b);
    }
}

static void as_direct_sums(bench *b, const path *p, const int position[3], int kind, int n_sums) {
    run_vectors(b, p, position, kind, n_sums, MOST_VECTORS);
    check(b, p->name, position, kind, n_sums);
    run_vectors(b, p, position, kind, n_sums, 1);
    check(b, p->name, position, kind, n_sums);
}

START_TEST(expansions_match_direct_sums) {
    for_each_case(as_direct_sums);
}
END_TEST

/* One vector alone has loops of its own for charges, and for gradients. */
static void in_any_batch(bench *b, const path *p, const int position[3], int kind, int n_sums) {
    static double several[DP_HESSIAN][ROW];
    if (kind == CARRY_CHARGES || n_sums < DP_HESSIAN)
        return;
    run_vectors(b, p, position, kind, n_sums, MOST_VECTORS);
    memcpy(several, b->sums, sizeof several);
    run_vectors(b, p, position, kind, n_sums, 1);
    ck_assert_mem_eq(b->sums, several, sizeof several);
}

START_TEST(vectors_do_not_depend_on_their_number) {
    for_each_case(in_any_batch);
}
END_TEST

ISA_SUITE_MAIN("carriers", 60, expansions_match_direct_sums, vectors_do_not_depend_on_their_number)
