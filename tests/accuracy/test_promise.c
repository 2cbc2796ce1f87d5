/* Every digits from 3 to 12 with the loops of one instruction set:
 * four clouds and three kinds of charges, in leaves small enough that there is a far field. */
#include "accuracy.h"
#include "isa.h"

enum { N = 10000, N_CRIT = 60, N_COMPARED = 300 };

static const char *const kinds[] = {"unit", "mixed", "alternating"};
enum { N_KINDS = 3 };

typedef struct reference {
    dagpole_cloud cloud;
    double potentials[N_COMPARED], gradients[3 * N_COMPARED];
    double potential_norm, gradient_norm;
} reference;

/* The compared targets are spread evenly. */
static int64_t compared(int i) {
    return (int64_t)i * N / N_COMPARED;
}

static void make_reference(dagpole_context *context, const char *distribution, const char *kind,
                           reference *r) {
    double targets[3 * N_COMPARED], potentials[N_COMPARED], gradients[N_COMPARED];
    r->cloud = make_cloud(distribution, N, kind);
    for (int i = 0; i < N_COMPARED; i++)
        memcpy(targets + 3 * i, r->cloud.sources + 3 * compared(i), 3 * sizeof *targets);
    assert_ok(dagpole_direct(context, DAGPOLE_LAPLACE, 0, N, r->cloud.sources, r->cloud.charges,
                             N_COMPARED, targets, r->potentials, r->gradients));
    assert_ok(dagpole_direct_rms(context, DAGPOLE_LAPLACE, 0, N, r->cloud.sources, r->cloud.charges,
                                 N_COMPARED, targets, potentials, gradients));
    r->potential_norm = fmax(norm_of(N_COMPARED, potentials), norm_of(N_COMPARED, r->potentials));
    r->gradient_norm = fmax(norm_of(N_COMPARED, gradients), norm_of(3 * N_COMPARED, r->gradients));
}

static int n_exceeded_by(dagpole_plan *plan, const problem *p, const reference *r) {
    static double potentials[N], gradients[3 * N];
    double some[N_COMPARED], some_gradients[3 * N_COMPARED];
    assert_ok(dagpole_plan_evaluate(plan, r->cloud.charges, potentials, gradients));
    for (int i = 0; i < N_COMPARED; i++) {
        some[i] = potentials[compared(i)];
        memcpy(some_gradients + 3 * i, gradients + 3 * compared(i), 3 * sizeof *gradients);
    }
    double unit = pow(10, -p->digits);
    return judge(p, "potentials", error_over(N_COMPARED, some, r->potentials, r->potential_norm),
                 unit) +
           judge(p, "gradients",
                 error_over(3 * N_COMPARED, some_gradients, r->gradients, r->gradient_norm),
                 10 * unit);
}

static void check_cloud(const char *distribution) {
    static reference references[N_KINDS];
    dagpole_context *context = open_context();
    int n_bad = 0;
    for (int k = 0; k < N_KINDS; k++)
        make_reference(context, distribution, kinds[k], &references[k]);
    for (int digits = 3; digits <= 12; digits++) {
        dagpole_plan_options options;
        dagpole_plan *plan;
        dagpole_plan_options_init(&options);
        options.digits = digits;
        options.n_crit = N_CRIT;
        assert_ok(
            dagpole_plan_create(context, &options, N, references[0].cloud.sources, 0, NULL, &plan));
        for (int k = 0; k < N_KINDS; k++)
            n_bad += n_exceeded_by(plan,
                                   &(problem){.name = distribution,
                                              .charges_name = kinds[k],
                                              .digits = digits,
                                              .n_sources = N},
                                   &references[k]);
        dagpole_plan_destroy(plan);
    }
    for (int k = 0; k < N_KINDS; k++)
        dagpole_cloud_free(&references[k].cloud);
    dagpole_context_destroy(context);
    ck_assert_int_eq(n_bad, 0);
}

START_TEST(cube) {
    check_cloud("cube");
}
END_TEST

START_TEST(plummer) {
    check_cloud("plummer");
}
END_TEST

START_TEST(graded) {
    check_cloud("graded");
}
END_TEST

START_TEST(lattice) {
    check_cloud("lattice");
}
END_TEST

ISA_SUITE_MAIN("promise", 60, cube, plummer, graded, lattice)
