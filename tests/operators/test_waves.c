/* The operators of a complex kernel against direct sums, one after the other and over two levels.
 * The wave numbers are those at which densities on the outer or on the inner closed surface alone
 * have no far field, others beside them and any. */
#include "isa.h"
#include "waves.h"

/* Root cube of side 4: a box on level 2 has side 1. */
enum { DEPTH = 3 };

typedef struct wave_case {
    double wave_number, damping; /* times the side of a box on level 2 */
    int p;
    double tolerance, svd_cutoff;
    double p_of_waves; /* above 0: both levels have surfaces of their own */
} wave_case;

/* Resonances of a cube: pi sqrt(l^2 + m^2 + n^2) over its side, l, m and n being 1 and more. */
#define OUTER(squares) (M_PI * sqrt(squares) / DP_RADIUS_NEAR)
#define INNER(squares) (M_PI * sqrt(squares) / (DP_RADIUS_NEAR * DP_INNER_NEAR))

#define THREE_DIGITS(p, of_waves) (p), 2e-4, 1e-10, (of_waves)
#define SIX_DIGITS(p, of_waves)   (p), 2.5e-7, 1e-13, (of_waves)

/* So short that level 2 is paired (operators.h), level 3 is not. */
#define PAIRED_WAVE 8

static wave_case case_of(int i) {
    const wave_case cases[] = {
        {0, 0, THREE_DIGITS(6, 0)},        {OUTER(3), 0, THREE_DIGITS(6, 0)},
        {OUTER(6), 0, THREE_DIGITS(8, 0)}, {INNER(3), 0, THREE_DIGITS(8, 0)},
        {3, 1, THREE_DIGITS(6, 0)},        {OUTER(6), 0, THREE_DIGITS(6, 4)},
        {OUTER(3), 0, SIX_DIGITS(8, 0)},   {PAIRED_WAVE, 0, SIX_DIGITS(10, 0)},
    };
    enum { N_LISTED = sizeof cases / sizeof *cases };
    uint64_t state = 77 + (uint64_t)i;
    suite_uniform(&state);
    return i < N_LISTED ? cases[i] : (wave_case){6 * suite_uniform(&state), 0, THREE_DIGITS(6, 0)};
}

enum { PAIRED_CASE = 7, N_CASES = 11 };

typedef struct bench {
    wave_case of;
    dp_lambda lambda;
    dp_operators *operators;
    const dp_operator_set *set, *fine; /* of levels 2 and 3 */
    dp_scratch scratch;
} bench;

static void bench_open(int i, bench *b) {
    char message[DP_ERROR_TEXT_BYTES];
    const char *cache = getenv("XDG_CACHE_HOME"); /* of the tests: every instruction set has them */
    *b = (bench){.of = case_of(i)};
    b->lambda = dp_lambda_of(b->of.damping, b->of.wave_number);
    dp_operators_request r = {.kernel = dp_kernel_get(DAGPOLE_HELMHOLTZ),
                              .lambda = b->lambda,
                              .side = 4,
                              .depth = DEPTH,
                              .accuracy = {.p = b->of.p,
                                           .tolerance = b->of.tolerance,
                                           .svd_cutoff = b->of.svd_cutoff,
                                           .m2l_cut = 1. / 7,
                                           .p_of_waves = b->of.p_of_waves,
                                           .precision = DP_REDUCED},
                              .isa = suite_isa,
                              .cache_dir = cache ? cache : ""};
    /* What level 2 is cut at is the case's, whatever its waves allow. */
    r.accuracy.tolerance *= b->of.tolerance / dp_accuracy_tolerance(&r.accuracy, b->of.wave_number);
    ck_assert_int_eq(dp_operators_create(&dp_team_serial, &r, message, &b->operators), DAGPOLE_OK);
    ck_assert_int_eq(dp_scratch_create(b->operators, 0, &b->scratch), DAGPOLE_OK);
    b->set = b->operators->level[2];
    b->fine = b->operators->level[3];
    ck_assert_int_eq(dp_is_paired(b->set), b->of.wave_number == PAIRED_WAVE);
    ck_assert(!dp_is_paired(b->fine));
}

static void bench_close(bench *b) {
    dp_scratch_free(&b->scratch);
    dp_operators_destroy(b->operators);
}

static const int positions[][3] = {{2, 0, 0}, {0, -2, 1}, {-3, 3, -3}, {1, 1, 2}};
enum { N_TRIED = sizeof positions / sizeof *positions };

/* Relative to the result, or to what charges of random signs give a box two sides away where that
 * is more. */
static void expect_accurate(const bench *b, const char *what, const wave_box *source,
                            wave_box *target) {
    double allowed = 5 * b->of.tolerance, k = b->of.wave_number;
    double least = 0.5 * sqrt(N_POINTS * 2 / 3.) * exp(-2 * b->of.damping);
    wave_direct(dp_kernel_get(DAGPOLE_HELMHOLTZ), b->lambda, source, target);
    double error = wave_error(target, 0, least);
    double slope_error = wave_error(target, 1, least * sqrt((0.25 + k * k) / 3));
    ck_assert_msg(error < allowed, "%s at %.17g: error %g, allowed %g", what, k, error, allowed);
    ck_assert_msg(slope_error < 10 * allowed, "%s at %.17g: error of the gradient %g, allowed %g",
                  what, k, slope_error, 10 * allowed);
}

static const box origin = {.half = 0.5};

static void check_every_way(bench *b) {
    for (int i = 0; i < N_TRIED; i++) {
        wave_box target = wave_box_of(box_make(origin.centre, 0.5, 1), 1);
        wave_box source = wave_box_of(box_at(&target.at, positions[i], 2), 2);
        double *multipole = box_expansion(b->set), *local = box_expansion(b->set);
        wave_to_expansion(b->set, &b->set->outer, &source.at, &source, multipole, &b->scratch);
        wave_evaluate(b->set, &b->set->inner, &source.at, multipole, &target, &b->scratch);
        expect_accurate(b, "P2M, M2P", &source, &target);
        wave_m2l(b->operators, b->set, positions[i], multipole, local, &b->scratch);
        wave_evaluate(b->set, &b->set->outer, &target.at, local, &target, &b->scratch);
        expect_accurate(b, "P2M, M2L, L2P", &source, &target);
        memset(local, 0, (size_t)b->set->k_padded * sizeof *local);
        wave_to_expansion(b->set, &b->set->inner, &target.at, &source, local, &b->scratch);
        wave_evaluate(b->set, &b->set->outer, &target.at, local, &target, &b->scratch);
        expect_accurate(b, "P2L, L2P", &source, &target);
        dp_free(local);
        dp_free(multipole);
    }
}

/* Between grandchildren: P2M, M2M, M2L, L2L, L2P. */
static void check_chain(bench *b) {
    for (int k = 0; k < 2 * N_TRIED; k++) {
        const int *v = positions[k / 2], octant = k % 8, to_octant = k * 5 % 8;
        box target_parent = box_make(origin.centre, 0.5, 1);
        box source_parent = box_at(&target_parent, v, 2);
        wave_box source = wave_box_of(box_child(&source_parent, octant, 3), 3);
        wave_box target = wave_box_of(box_child(&target_parent, to_octant, 4), 4);
        double *e[] = {box_expansion(b->fine), box_expansion(b->set), box_expansion(b->set),
                       box_expansion(b->fine)};
        dp_columns up = {.n = 1, .reflection = 7 - octant, .source = {e[0]}, .target = {e[1]}};
        dp_columns down = {.n = 1, .reflection = 7 - to_octant, .source = {e[2]}, .target = {e[3]}};
        wave_to_expansion(b->fine, &b->fine->outer, &source.at, &source, e[0], &b->scratch);
        dp_m2m(b->set, b->fine, b->operators->below[2], &up, &b->scratch);
        wave_m2l(b->operators, b->set, v, e[1], e[2], &b->scratch);
        dp_l2l(b->set, b->fine, b->operators->below[2], &down, &b->scratch);
        wave_evaluate(b->fine, &b->fine->outer, &target.at, e[3], &target, &b->scratch);
        expect_accurate(b, "the chain", &source, &target);
        for (int i = 0; i < 4; i++)
            dp_free(e[i]);
    }
}

START_TEST(every_way_to_a_target_matches_direct_sums) {
    bench b;
    bench_open(_i, &b);
    check_every_way(&b);
    check_chain(&b);
    bench_close(&b);
}
END_TEST

START_TEST(copied_operators_give_the_same_bits) {
    bench b;
    dp_operators *copy;
    bench_open(PAIRED_CASE, &b);
    ck_assert(dp_is_paired(b.set));
    ck_assert_int_eq(dp_operators_copy(b.operators, 0, &copy), DAGPOLE_OK);
    uint64_t state = 5;
    size_t bytes = (size_t)b.set->k_padded * sizeof(double);
    double *source = box_expansion(b.set);
    for (int i = 0; i < b.set->k; i++)
        source[i] = 2 * suite_uniform(&state) - 1;
    for (int i = 0; i < N_TRIED; i++) {
        double *local = box_expansion(b.set), *same = box_expansion(b.set);
        wave_m2l(b.operators, b.set, positions[i], source, local, &b.scratch);
        wave_m2l(copy, copy->level[2], positions[i], source, same, &b.scratch);
        ck_assert_mem_eq(same, local, bytes);
        dp_free(same);
        dp_free(local);
    }
    dp_free(source);
    dp_operators_copy_free(copy);
    bench_close(&b);
}
END_TEST

int main(int argc, char **argv) {
    int code = suite_open_isa(argc, argv);
    if (code)
        return code;
    Suite *suite = suite_create("waves");
    TCase *tcase = tcase_create("waves");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, copied_operators_give_the_same_bits);
    tcase_add_loop_test(tcase, every_way_to_a_target_matches_direct_sums, 0, N_CASES);
    return suite_run(suite, tcase);
}
