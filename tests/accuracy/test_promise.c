/* Every digits from 3 to 12 with the loops of one instruction set, on one cloud, in leaves small
 * enough that there is a far field. Portable loops, which take four times as long as others, have
 * the odd digits on two of the clouds and the even ones on the other two. */
#include "accuracy.h"
#include "isa.h"

enum { N = 10000, N_CRIT = 60, N_COMPARED = 300 };

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

static int n_missed_by(dagpole_plan *plan, const problem *p, const reference *r) {
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

/* Charges that are the hardest for the cloud. */
static const struct {
    const char *distribution, *kinds[2];
} clouds[] = {{"cube", {"unit"}},
              {"plummer", {"mixed"}},
              {"graded", {"mixed"}},
              {"lattice", {"alternating", "mixed"}}};

static int chosen; /* of the clouds */

START_TEST(every_digits_holds) {
    static reference references[2];
    const char *name = clouds[chosen].distribution, *const *kinds = clouds[chosen].kinds;
    dagpole_context *context = open_context();
    int n_bad = 0, n_kinds = kinds[1] ? 2 : 1;
    for (int k = 0; k < n_kinds; k++)
        make_reference(context, name, kinds[k], &references[k]);
    const int is_portable = suite_isa == DP_ISA_PORTABLE;
    for (int digits = 3 + (is_portable && chosen % 2); digits <= 12; digits += 1 + is_portable) {
        dagpole_plan_options options;
        dagpole_plan *plan;
        dagpole_plan_options_init(&options);
        options.digits = digits;
        options.n_crit = N_CRIT;
        assert_ok(
            dagpole_plan_create(context, &options, N, references[0].cloud.sources, 0, NULL, &plan));
        for (int k = 0; k < n_kinds; k++)
            n_bad += n_missed_by(
                plan,
                &(problem){
                    .name = name, .charges_name = kinds[k], .digits = digits, .n_sources = N},
                &references[k]);
        dagpole_plan_destroy(plan);
    }
    for (int k = 0; k < n_kinds; k++)
        dagpole_cloud_free(&references[k].cloud);
    dagpole_context_destroy(context);
    ck_assert_int_eq(n_bad, 0);
}
END_TEST

int main(int argc, char **argv) {
    const TTest *const tests[] = {every_digits_holds};
    int code = suite_open_isa(argc, argv);
    if (code)
        return code;
    while (chosen < 4 && (argc != 3 || strcmp(argv[2], clouds[chosen].distribution) != 0))
        chosen++;
    if (chosen == 4) {
        fprintf(stderr, "the second argument must be cube, plummer, graded or lattice\n");
        return EXIT_FAILURE;
    }
    return suite_main("promise", 200, 1, tests);
}
