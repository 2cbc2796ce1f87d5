/* The eight operators against direct sums, one by one and one after the other. */
#include "boxes.h"
#include "isa.h"

#include "geometry/clouds.h"
#include "platform/linalg.h"

enum { P = 5, DEPTH = 3 };

static const dp_accuracy accuracy = {
    .p = P, .tolerance = 1e-4, .svd_cutoff = 1e-10, .m2l_cut = 1. / 7};

/* Root cube of side 4: a box on level 2 has half side 0.5. */
typedef struct bench {
    const dp_kernel *kernel;
    double lambda;
    dp_surface *surface;
    dp_operator_data *data; /* of level 2 */
    dp_operators *operators;
    const dp_operator_set *set; /* of level 2 */
    dp_scratch scratch;
} bench;

static const box origin = {.half = 0.5};

static dp_operators_request request_of(const dp_kernel *kernel, double lambda, int depth) {
    return (dp_operators_request){.kernel = kernel,
                                  .lambda = lambda,
                                  .side = 4,
                                  .depth = depth,
                                  .accuracy = accuracy,
                                  .isa = suite_isa,
                                  .cache_dir = ""};
}

static void bench_open(const dp_kernel *kernel, double lambda, bench *b) {
    char message[DP_ERROR_TEXT_BYTES];
    dp_operators_request r = request_of(kernel, lambda, DEPTH);
    dp_operator_key key = {r.kernel, 0.5 * lambda, accuracy};
    *b = (bench){.kernel = r.kernel, .lambda = lambda};
    ck_assert_int_eq(dp_operators_create(&dp_team_serial, &r, message, &b->operators), DAGPOLE_OK);
    ck_assert_str_eq(message, "");
    ck_assert_int_eq(b->operators->is_cached, 0);
    ck_assert_int_eq(dp_surface_create(P, 0, &b->surface), DAGPOLE_OK);
    ck_assert_int_eq(dp_operator_data_build(&dp_team_serial, b->surface, &key, &b->data),
                     DAGPOLE_OK);
    ck_assert_int_eq(dp_scratch_create(b->operators, 0, &b->scratch), DAGPOLE_OK);
    b->set = b->operators->level[2];
    ck_assert_int_eq(b->set->k, b->data->k);
}

static void bench_close(bench *b) {
    dp_scratch_free(&b->scratch);
    dp_operator_data_destroy(b->data);
    dp_surface_destroy(b->surface);
    dp_operators_destroy(b->operators);
}

/* Every real kernel, with a weak screening where it has one; then Yukawa with a strong one, and
 * Laplace as if the axes could not be permuted. */
static void bench_of_loop(int i, bench *b) {
    static dp_kernel fixed_axes;
    const dp_kernel *kernel = dp_kernel_number(i);
    if (i < DP_N_REAL_KERNELS) {
        bench_open(kernel, kernel->lambda ? 0.3 : 0, b);
    } else if (i == DP_N_REAL_KERNELS) {
        bench_open(dp_kernel_get(DAGPOLE_YUKAWA), 4, b);
    } else {
        fixed_axes = *dp_kernel_get(DAGPOLE_LAPLACE);
        fixed_axes.has_permutations = 0;
        bench_open(&fixed_axes, 0, b);
    }
}

enum { N_KERNELS = DP_N_REAL_KERNELS + 2 };

/* ---- the operators, called as the tasks do -------------------------------------------------- */

/* P2M by the outer surface, P2L by the inner one; the charges in two pieces. */
static void to_expansion(bench *b, const dp_operator_set *set, const dp_surface_sums *surface,
                         const box *frame, const box *source, double *expansion) {
    dp_soa points = box_points(source), rest = {source->x + 7, source->y + 7, source->z + 7};
    dp_frame in = box_frame(frame);
    dp_surface_potentials(set, surface, &in, 7, points, (dp_carried){.charge = source->charge}, 0,
                          1, 1, 0, &b->scratch);
    dp_surface_potentials(set, surface, &in, N_POINTS - 7, rest,
                          (dp_carried){.charge = source->charge + 7}, 0, 1, 0, 0, &b->scratch);
    dp_surface_to_expansions(set, surface, 1, &expansion, &b->scratch);
}

/* L2P by the outer surface, M2P by the inner one. */
static void evaluate(bench *b, const dp_operator_set *set, const dp_surface_sums *surface,
                     const box *frame, const double *expansion, box *target) {
    dp_frame in = box_frame(frame);
    memset(target->sums, 0, sizeof target->sums);
    dp_surface_densities(set, surface, 1, &expansion, &b->scratch);
    dp_surface_evaluate(set, surface, 0, &in, 0, 1, N_POINTS, box_points(target),
                        box_sums(target->sums), 0, &b->scratch);
}

static dp_columns one_column(int reflection, const double *source, double *target) {
    return (dp_columns){.n = 1,
                        .reflection = reflection,
                        .source = {source},
                        .later = {source},
                        .target = {target}};
}

static void m2l(bench *b, const dp_operator_set *set, const int v[3], const double *source,
                double *target) {
    int f = b->operators->offsets.index[abs(v[0])][abs(v[1])][abs(v[2])];
    dp_columns columns = one_column(dp_reflection(v), source, target);
    dp_m2l(set, f, &columns, &b->scratch);
}

/* The tolerance is relative to what the kernel without screening gives at the nearest position,
 * over 1 + (lambda h)^2 (basis.c), or to the result where that is larger. */
static void expect_accurate(const bench *b, const char *what, const box *source, box *target,
                            double allowed) {
    double charge = 0, lambda = 0.5 * b->lambda;
    memset(target->expected, 0, sizeof target->expected);
    box_direct(b->kernel, b->lambda, source, target);
    for (int i = 0; i < N_POINTS; i++)
        charge += source->charge[i];
    double potential = charge / 2 / (1 + lambda * lambda), gradient = potential / 2;
    double error = potential_error(target, potential);
    double slope_error = gradient_error(target, gradient);
    ck_assert_msg(error < allowed, "%s: error %g, allowed %g", what, error, allowed);
    ck_assert_msg(slope_error < 10 * allowed, "%s: error of the gradient %g, allowed %g", what,
                  slope_error, 10 * allowed);
}

#define ALLOWED (5 * accuracy.tolerance)

/* A box two sides away, the nearest of a V list, and one in its far corner. */
static const int positions[][3] = {{2, 0, 0}, {0, -2, 1}, {-3, 3, -3}, {1, 1, 2}};
enum { N_TRIED = sizeof positions / sizeof *positions };

/* ---- the matrices --------------------------------------------------------------------------- */

START_TEST(basis_is_orthonormal) {
    bench b;
    bench_of_loop(_i, &b);
    ck_assert_int_gt(b.data->k, 10);
    ck_assert_int_lt(b.data->k, b.surface->n);
    ck_assert_int_eq(b.data->k_begin[0], 0);
    ck_assert_int_eq(b.data->k_begin[8], b.data->k);
    for (int a = 0; a < DP_N_PARITIES; a++) {
        int n = b.surface->parity_begin[a + 1] - b.surface->parity_begin[a];
        int k = b.data->k_begin[a + 1] - b.data->k_begin[a];
        for (int i = 0; i < k; i++)
            for (int j = 0; j <= i; j++) {
                double dot = 0;
                for (int q = 0; q < n; q++)
                    dot += b.data->basis[a][q + i * n] * b.data->basis[a][q + j * n];
                EXPECT(fabs(dot - (i == j)) < 1e-13);
            }
    }
    bench_close(&b);
}
END_TEST

/* What P2M visits: distinct orbits, and for every parity as many as it has coefficients. */
START_TEST(orbits_of_p2m_suffice) {
    bench b;
    bench_of_loop(_i, &b);
    const dp_operator_data *d = b.data;
    ck_assert_int_le(d->n_check, b.surface->n_orbits);
    for (int i = 0; i < d->n_check; i++)
        for (int j = 0; j < i; j++)
            ck_assert_int_ne(d->check[i], d->check[j]);
    for (int a = 0; a < DP_N_PARITIES; a++) {
        int k = d->k_begin[a + 1] - d->k_begin[a], n = 0;
        for (int i = 0; i < d->n_check; i++) {
            double size = 0;
            for (int q = 0; q < k; q++)
                size += fabs(d->p2m[a][q + i * k]);
            n += size > 0;
            EXPECT(size == 0 || b.surface->coefficient[8 * d->check[i] + a] >= 0);
        }
        ck_assert_int_ge(n, k);
    }
    bench_close(&b);
}
END_TEST

/* inner.from_expansion and to_expansion are the basis and its transpose in orbits, times their
 * weights: without these, their product is the identity. */
START_TEST(densities_of_an_expansion_give_it_back) {
    bench b;
    bench_of_loop(_i, &b);
    double *x = box_expansion(b.set), *y = box_expansion(b.set);
    uint64_t state = 3;
    for (int i = 0; i < b.set->k; i++)
        x[i] = suite_uniform(&state);
    dp_surface_densities(b.set, &b.set->inner, 1, (const double *const *)&x, &b.scratch);
    for (int a = 0; a < DP_N_PARITIES; a++)
        for (int o = 0; o < b.surface->n_orbits; o++) {
            int i = a * b.set->inner.ld + o;
            double weight = b.surface->weight[o];
            b.scratch.columns[i] = b.scratch.product[i] / (weight * weight);
        }
    dp_surface_to_expansions(b.set, &b.set->inner, 1, &y, &b.scratch);
    for (int i = 0; i < b.set->k_padded; i++)
        ck_assert_double_eq_tol(y[i], x[i], 1e-13);
    dp_free(x);
    dp_free(y);
    bench_close(&b);
}
END_TEST

/* ---- each operator against direct sums ------------------------------------------------------ */

/* The multipole's densities on the equivalent surface, by the stored basis and not by a panel,
 * summed at the target. */
static void sum_densities(const bench *b, const dp_operator_data *data, const box *frame,
                          const double *multipole, box *target) {
    const dp_surface *s = b->surface;
    double *points = dp_alloc_zero(5 * (size_t)s->n, sizeof *points), *density = points + 3 * s->n;
    double *work = density + s->n;
    for (int a = 0; a < DP_N_PARITIES; a++) {
        int begin = s->parity_begin[a], n = s->parity_begin[a + 1] - begin;
        dp_gemm(0, 0, n, 1, data->k_begin[a + 1] - data->k_begin[a], 1, data->basis[a], n,
                multipole + data->k_begin[a], data->k, 0, density + begin, n);
    }
    dp_surface_from_parity(s, 1, density, work);
    dp_surface_place(s, 0, DP_RADIUS_NEAR * frame->half, frame->centre, points, points + s->n,
                     points + 2 * s->n);
    memset(target->sums, 0, sizeof target->sums);
    dp_p2p_ref(b->kernel, b->lambda, N_POINTS, box_points(target), box_sums(target->sums), s->n,
               (dp_soa){points, points + s->n, points + 2 * s->n}, (dp_carried){.charge = density});
    dp_free(points);
}

START_TEST(p2m_gives_densities_with_the_same_far_field) {
    bench b;
    bench_of_loop(_i, &b);
    for (int i = 0; i < N_TRIED; i++) {
        box source = box_make(origin.centre, 0.5, 1), target = box_at(&source, positions[i], 2);
        double *multipole = box_expansion(b.set);
        to_expansion(&b, b.set, &b.set->outer, &source, &source, multipole);
        sum_densities(&b, b.data, &source, multipole, &target);
        expect_accurate(&b, "P2M", &source, &target, ALLOWED);
        dp_free(multipole);
    }
    bench_close(&b);
}
END_TEST

/* The set with sums over surfaces to DP_REDUCED_ERROR, so that rounding to single, which so rough
 * an accuracy asks for, hides no mistake. */
static dp_operator_set in_double(const bench *b) {
    dp_operator_set set = *b->set;
    set.to_orbits = b->kernel->to_orbits[DP_REDUCED][set.isa];
    set.from_orbits = b->kernel->from_orbits[DP_REDUCED][set.isa];
    return set;
}

START_TEST(m2p_matches_the_sum_over_densities) {
    bench b;
    bench_of_loop(_i, &b);
    dp_operator_set set = in_double(&b);
    for (int i = 0; i < N_TRIED; i++) {
        box source = box_make(origin.centre, 0.5, 1), target = box_at(&source, positions[i], 2);
        double *multipole = box_expansion(b.set);
        to_expansion(&b, b.set, &b.set->outer, &source, &source, multipole);
        sum_densities(&b, b.data, &source, multipole, &target);
        memcpy(target.expected, target.sums, sizeof target.sums);
        evaluate(&b, &set, &set.inner, &source, multipole, &target);
        ck_assert_double_lt(potential_error(&target, 0), 10 * DP_REDUCED_ERROR);
        ck_assert_double_lt(gradient_error(&target, 0), 10 * DP_REDUCED_ERROR);
        evaluate(&b, b.set, &b.set->inner, &source, multipole, &target);
        ck_assert_double_lt(potential_error(&target, 0), 10 * DP_ROUGH_ERROR);
        ck_assert_double_lt(gradient_error(&target, 0), 10 * DP_ROUGH_ERROR);
        expect_accurate(&b, "P2M, M2P", &source, &target, ALLOWED);
        dp_free(multipole);
    }
    bench_close(&b);
}
END_TEST

/* A local is the projection of h times the potential on the near surface. Screening multiplies the
 * error of a root by lambda r, r being 1 and more here. */
START_TEST(p2l_projects_the_check_potential) {
    bench b;
    bench_of_loop(_i, &b);
    const dp_surface *s = b.surface;
    box target = box_make(origin.centre, 0.5, 1), source = box_at(&target, positions[1], 2);
    double *local = box_expansion(b.set), *expected = box_expansion(b.set);
    double *points = dp_alloc_zero(5 * (size_t)s->n, sizeof *points),
           *potential = points + 3 * s->n;
    dp_operator_set set = in_double(&b);
    to_expansion(&b, &set, &set.inner, &target, &source, local);
    dp_surface_place(s, 0, 0.5 * DP_RADIUS_NEAR, target.centre, points, points + s->n,
                     points + 2 * s->n);
    dp_p2p_ref(b.kernel, b.lambda, s->n, (dp_soa){points, points + s->n, points + 2 * s->n},
               (dp_sums){.potential = potential}, N_POINTS, box_points(&source),
               (dp_carried){.charge = source.charge});
    dp_surface_to_parity(s, 1, potential, potential + s->n);
    for (int a = 0; a < DP_N_PARITIES; a++) {
        int begin = s->parity_begin[a], n = s->parity_begin[a + 1] - begin;
        for (int i = b.data->k_begin[a]; i < b.data->k_begin[a + 1]; i++)
            for (int q = 0; q < n; q++)
                expected[i] +=
                    0.5 * potential[begin + q] * b.data->basis[a][q + (i - b.data->k_begin[a]) * n];
    }
    ck_assert_double_lt(relative_error(b.set->k_padded, local, expected, 0),
                        (1 + b.lambda) * DP_REDUCED_ERROR);
    dp_free(points);
    dp_free(expected);
    dp_free(local);
    bench_close(&b);
}
END_TEST

START_TEST(p2l_then_l2p_match_direct_sums) {
    bench b;
    bench_of_loop(_i, &b);
    for (int i = 0; i < N_TRIED; i++) {
        box target = box_make(origin.centre, 0.5, 1), source = box_at(&target, positions[i], 2);
        double *local = box_expansion(b.set);
        to_expansion(&b, b.set, &b.set->inner, &target, &source, local);
        evaluate(&b, b.set, &b.set->outer, &target, local, &target);
        expect_accurate(&b, "P2L, L2P", &source, &target, ALLOWED);
        dp_free(local);
    }
    bench_close(&b);
}
END_TEST

START_TEST(m2m_moves_every_octant_to_the_parent) {
    bench b;
    bench_of_loop(_i, &b);
    const dp_operator_set *fine = b.operators->level[3];
    for (int octant = 0; octant < 8; octant++) {
        box parent = box_make(origin.centre, 0.5, 1), child = box_child(&parent, octant, 3);
        double *below = box_expansion(fine), *above = box_expansion(b.set);
        dp_columns columns = one_column(7 - octant, below, above);
        to_expansion(&b, fine, &fine->outer, &child, &child, below);
        dp_m2m(b.set, fine, b.operators->below[2], &columns, &b.scratch);
        for (int i = 0; i < N_TRIED; i++) {
            box target = box_at(&parent, positions[i], 2);
            sum_densities(&b, b.data, &parent, above, &target);
            expect_accurate(&b, "P2M, M2M", &child, &target, ALLOWED);
        }
        dp_free(above);
        dp_free(below);
    }
    bench_close(&b);
}
END_TEST

START_TEST(l2l_moves_the_local_to_every_octant) {
    bench b;
    bench_of_loop(_i, &b);
    const dp_operator_set *fine = b.operators->level[3];
    for (int octant = 0; octant < 8; octant++)
        for (int i = 0; i < N_TRIED; i++) {
            box parent = box_make(origin.centre, 0.5, 1), target = box_child(&parent, octant, 3);
            box source = box_at(&parent, positions[i], 2);
            double *above = box_expansion(b.set), *below = box_expansion(fine);
            dp_columns columns = one_column(7 - octant, above, below);
            to_expansion(&b, b.set, &b.set->inner, &parent, &source, above);
            dp_l2l(b.set, fine, b.operators->below[2], &columns, &b.scratch);
            evaluate(&b, fine, &fine->outer, &target, below, &target);
            expect_accurate(&b, "P2L, L2L, L2P", &source, &target, ALLOWED);
            dp_free(below);
            dp_free(above);
        }
    bench_close(&b);
}
END_TEST

START_TEST(m2l_works_at_all_316_positions) {
    bench b;
    int n = 0;
    bench_of_loop(_i, &b);
    for (int i = 0; i < 7 * 7 * 7; i++) {
        int v[3] = {i / 49 - 3, i / 7 % 7 - 3, i % 7 - 3};
        if (b.operators->offsets.index[abs(v[0])][abs(v[1])][abs(v[2])] < 0)
            continue;
        box target = box_make(origin.centre, 0.5, 1), source = box_at(&target, v, 2);
        double *multipole = box_expansion(b.set), *local = box_expansion(b.set);
        to_expansion(&b, b.set, &b.set->outer, &source, &source, multipole);
        m2l(&b, b.set, v, multipole, local);
        evaluate(&b, b.set, &b.set->outer, &target, local, &target);
        expect_accurate(&b, "P2M, M2L, L2P", &source, &target, ALLOWED);
        dp_free(local);
        dp_free(multipole);
        n++;
    }
    ck_assert_int_eq(n, DP_N_POSITIONS);
    bench_close(&b);
}
END_TEST

/* Columns of one call, for a position in one part, in two and in four: two targets. */
START_TEST(columns_are_independent) {
    static const int folded[][3] = {{3, 2, 1}, {2, 0, 1}, {0, 0, 2}};
    bench b;
    bench_of_loop(0, &b);
    size_t k = (size_t)b.set->k_padded;
    double *all = dp_alloc_zero((DP_COLUMNS + 4) * k, sizeof *all);
    double *together = all + DP_COLUMNS * k, *alone = together + 2 * k;
    dp_columns columns = {.n = DP_COLUMNS};
    uint64_t state = 1;
    for (int c = 0; c < DP_COLUMNS; c++) {
        columns.later[c] = columns.source[c] = all + c * k;
        columns.target[c] = together + c % 2 * k;
        for (int i = 0; i < b.set->k; i++)
            all[c * k + i] = suite_uniform(&state);
    }
    for (int i = 0; i < 24; i++) {
        const int *v = folded[i % 3];
        int f = b.operators->offsets.index[v[0]][v[1]][v[2]];
        columns.reflection = i / 3;
        memset(together, 0, 4 * k * sizeof *together);
        dp_m2l(b.set, f, &columns, &b.scratch);
        for (int c = 0; c < DP_COLUMNS; c++) {
            dp_columns one = one_column(i / 3, columns.source[c], alone + c % 2 * k);
            dp_m2l(b.set, f, &one, &b.scratch);
        }
        ck_assert_double_lt(relative_error((int)(2 * k), together, alone, 0), 1e-13);
    }
    dp_free(all);
    bench_close(&b);
}
END_TEST

/* The whole way between grandchildren: P2M, M2M, M2L, L2L, L2P. */
START_TEST(chain_over_two_levels_matches_direct_sums) {
    bench b;
    bench_of_loop(_i, &b);
    const dp_operator_set *fine = b.operators->level[3];
    const dp_transfer *transfer = b.operators->below[2];
    for (int k = 0; k < 8 * N_TRIED; k++) {
        const int *v = positions[k / 8];
        box target_parent = box_make(origin.centre, 0.5, 1);
        box source_parent = box_at(&target_parent, v, 2);
        box source = box_child(&source_parent, k % 8, 3);
        box target = box_child(&target_parent, k * 5 % 8, 4);
        double *e[] = {box_expansion(fine), box_expansion(b.set), box_expansion(b.set),
                       box_expansion(fine)};
        dp_columns up = one_column(7 - k % 8, e[0], e[1]);
        dp_columns down = one_column(7 - k * 5 % 8, e[2], e[3]);
        to_expansion(&b, fine, &fine->outer, &source, &source, e[0]);
        dp_m2m(b.set, fine, transfer, &up, &b.scratch);
        m2l(&b, b.set, v, e[1], e[2]);
        dp_l2l(b.set, fine, transfer, &down, &b.scratch);
        evaluate(&b, fine, &fine->outer, &target, e[3], &target);
        expect_accurate(&b, "the chain", &source, &target, ALLOWED);
        for (int i = 0; i < 4; i++)
            dp_free(e[i]);
    }
    bench_close(&b);
}
END_TEST

int main(int argc, char **argv) {
    int code = suite_open_isa(argc, argv);
    if (code)
        return code;
    Suite *suite = suite_create("steps");
    TCase *tcase = tcase_create("steps");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, basis_is_orthonormal, 0, N_KERNELS);
    tcase_add_loop_test(tcase, orbits_of_p2m_suffice, 0, N_KERNELS);
    tcase_add_loop_test(tcase, densities_of_an_expansion_give_it_back, 0, N_KERNELS);
    tcase_add_loop_test(tcase, p2m_gives_densities_with_the_same_far_field, 0, N_KERNELS);
    tcase_add_loop_test(tcase, m2p_matches_the_sum_over_densities, 0, N_KERNELS);
    tcase_add_loop_test(tcase, p2l_projects_the_check_potential, 0, N_KERNELS);
    tcase_add_loop_test(tcase, p2l_then_l2p_match_direct_sums, 0, N_KERNELS);
    tcase_add_loop_test(tcase, m2m_moves_every_octant_to_the_parent, 0, N_KERNELS);
    tcase_add_loop_test(tcase, l2l_moves_the_local_to_every_octant, 0, N_KERNELS);
    tcase_add_loop_test(tcase, m2l_works_at_all_316_positions, 0, N_KERNELS);
    tcase_add_loop_test(tcase, chain_over_two_levels_matches_direct_sums, 0, N_KERNELS);
    tcase_add_test(tcase, columns_are_independent);
    return suite_run(suite, tcase);
}
