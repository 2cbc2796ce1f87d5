/* Operators between points and expansions for several vectors of charges against the same for one.
 */
#include "boxes.h"
#include "isa.h"

enum { MOST = 3, FIRST = 4, STRIDE = N_POINTS + 2 };

typedef struct bench {
    dp_operators *operators;
    const dp_operator_set *set; /* of boxes of half side 0.5 */
    dp_scratch scratch;
    double charge[MOST][STRIDE], sums[4][MOST][STRIDE];
} bench;

static const box origin = {.half = 0.5};
static const dp_frame frame = {{0, 0, 0}, 0.5};

static void bench_open(const dp_kernel *kernel, bench *b) {
    char message[DP_ERROR_TEXT_BYTES];
    uint64_t state = 8;
    dp_operators_request request = {
        .kernel = kernel,
        .lambda = 0.3,
        .side = 4,
        .depth = 2,
        .accuracy = {.p = 4, .tolerance = 1e-3, .svd_cutoff = 1e-9, .m2l_cut = 1. / 7},
        .isa = suite_isa,
        .cache_dir = ""};
    *b = (bench){0};
    ck_assert_int_eq(dp_operators_create(&dp_team_serial, &request, message, &b->operators),
                     DAGPOLE_OK);
    ck_assert_int_eq(dp_scratch_create(b->operators, 0, &b->scratch), DAGPOLE_OK);
    b->set = b->operators->level[2];
    for (int i = 0; i < MOST * STRIDE; i++)
        (&b->charge[0][0])[i] = suite_uniform(&state) - 0.5;
}

static void bench_close(bench *b) {
    dp_scratch_free(&b->scratch);
    dp_operators_destroy(b->operators);
}

/* The same to rounding; one vector alone to the last bit. */
static void expect_same(int n_vectors, int n, const double *is, const double *expected) {
    double size = 0;
    for (int i = 0; i < n; i++)
        size = fmax(size, fabs(expected[i]));
    ck_assert_double_gt(size, 0);
    for (int i = 0; i < n; i++)
        ck_assert_double_le(fabs(is[i] - expected[i]), n_vectors == 1 ? 0 : 1e-13 * size);
}

/* Two pieces, columns FIRST ... many and 0 ... one by one. */
static void check_potentials(bench *b, const dp_surface_sums *surface, int n_vectors) {
    static const int beside[] = {-2, 1, 0}, inside[] = {0, 0, 0};
    box source = box_at(&origin, surface == &b->set->inner ? beside : inside, 1);
    for (int i = 0; i < N_POINTS; i += N_POINTS / 2) {
        dp_soa points = dp_soa_from(box_points(&source), i);
        dp_surface_potentials(b->set, surface, &frame, N_POINTS / 2, points,
                              (dp_carried){.charge = b->charge[0] + i}, STRIDE, n_vectors, i == 0,
                              FIRST, &b->scratch);
        for (int v = 0; v < n_vectors; v++)
            dp_surface_potentials(b->set, surface, &frame, N_POINTS / 2, points,
                                  (dp_carried){.charge = b->charge[v] + i}, 0, 1, i == 0, v,
                                  &b->scratch);
    }
    for (int v = 0; v < n_vectors; v++)
        expect_same(n_vectors, DP_N_PARITIES * surface->ld,
                    b->scratch.columns + (FIRST + v) * b->scratch.ld,
                    b->scratch.columns + v * b->scratch.ld);
}

static void check_sums(bench *b, int n_vectors, box *target, const dp_surface_sums *surface,
                       int is_far) {
    for (int v = 0; v < n_vectors; v++) {
        memset(target->sums, 0, sizeof target->sums);
        dp_surface_evaluate(b->set, surface, is_far, &frame, FIRST + v, 1, N_POINTS,
                            box_points(target), box_sums(target->sums), 0, &b->scratch);
        for (int k = 0; k < 4; k++)
            expect_same(n_vectors, N_POINTS, b->sums[k][v], target->sums[k]);
    }
}

/* Densities of the vectors' own, in columns FIRST and behind. */
static void check_evaluation(bench *b, const dp_surface_sums *surface, int n_vectors) {
    static const int beside[] = {2, 0, -1}, inside[] = {0, 0, 0};
    box target = box_at(&origin, surface == &b->set->inner ? beside : inside, 2);
    double *expansion[FIRST + MOST];
    for (int v = 0; v < FIRST + n_vectors; v++) {
        expansion[v] = dp_alloc_zero((size_t)b->set->k_padded, sizeof(double));
        for (int i = 0; i < b->set->k; i++)
            expansion[v][i] = cos(1 + i * (v + 2));
    }
    dp_surface_densities(b->set, surface, FIRST + n_vectors, (const double *const *)expansion,
                         &b->scratch);
    for (int is_far = 0; is_far < 2; is_far++) {
        memset(b->sums, 0, sizeof b->sums);
        dp_sums out = {.potential = b->sums[0][0],
                       .gx = b->sums[1][0],
                       .gy = b->sums[2][0],
                       .gz = b->sums[3][0]};
        dp_surface_evaluate(b->set, surface, is_far, &frame, FIRST, n_vectors, N_POINTS,
                            box_points(&target), out, STRIDE, &b->scratch);
        check_sums(b, n_vectors, &target, surface, is_far);
    }
    for (int v = 0; v < FIRST + n_vectors; v++)
        dp_free(expansion[v]);
}

START_TEST(vectors_match_one_by_one) {
    for (int k = 0; k < DP_N_REAL_KERNELS; k++) {
        bench b;
        bench_open(dp_kernel_number(k), &b);
        for (int i = 0; i < 4; i++) {
            const dp_surface_sums *surface = i % 2 ? &b.set->inner : &b.set->outer;
            check_potentials(&b, surface, i / 2 ? MOST : 1);
            check_evaluation(&b, surface, i / 2 ? MOST : 1);
        }
        bench_close(&b);
    }
}
END_TEST

ISA_SUITE_MAIN("vectors", 60, vectors_match_one_by_one)
