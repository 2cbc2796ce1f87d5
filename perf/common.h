/* What the programs of perf/ share: figures, failing, clouds, errors against the direct sum. */
#ifndef DP_PERF_COMMON_H
#define DP_PERF_COMMON_H

#include "base/clock.h"
#include "cli/arguments.h"
#include "cli/json.h"
#include "dagpole.h"

/* A median of several runs; spread = (largest - smallest) / median. */
typedef struct perf_figure {
    double median, spread, smallest;
} perf_figure;

/* Seconds that this thread has been on a core: for loops that never wait, so that another process
 * on the same core does not count. */
static inline double perf_own_clock(void) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

enum { PERF_MAX_RUNS = 1000 };

perf_figure perf_figure_of(int n, double *value); /* sorts them */
void perf_json_figure(cli_json *json, const char *name, perf_figure figure);

/* "    1.234 +-  5 %", half the spread. */
const char *perf_text(perf_figure figure); /* in one of a few static buffers */

/* One sentence on stderr, and the end with 1: a time whose result is wrong does not count. */
_Noreturn void perf_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
void perf_require(int is_right, const char *what); /* "<what> gives a wrong result" */
void perf_try(dagpole_status status);              /* the library's sentence */
void *perf_alloc(size_t count, size_t size);       /* zeroed; never NULL */

/* Of this process. */
int64_t perf_resident_bytes(void);

/* Opens the object that every --json output is: program, version, instruction set, cores. */
void perf_json_begin(cli_json *json, const char *program);

/* Lists in options, "3,6,9": how many, at most max, into value; words are cut in place. */
int perf_integers(const char *option, const char *text, int64_t low, int64_t high, int max,
                  int64_t *value);
int perf_words(char *text, int max, const char **word);
char *perf_copy(const char *text); /* free() */

/* Kernel and expert's parameters, as the tool's own options. */
typedef struct perf_kernel {
    const char *name;
    double lambda; /* 0: not given */
} perf_kernel;

#define PERF_KERNEL_OPTIONS(choice)                                                                \
    {"--kernel", CLI_CHOICE, &(choice).name, "laplace|yukawa", "laplace by default", 0, 0}, {      \
        "--lambda", CLI_POSITIVE, &(choice).lambda, "L", "Yukawa's inverse length", 0, 0           \
    }

#define PERF_EXPERT_OPTIONS(plan)                                                                   \
    {"--p", CLI_INT, &(plan).p, "P", "expert: points along an edge of a surface", 3, 20},           \
        {"--n-crit", CLI_INT, &(plan).n_crit, "N", "expert: most points in a leaf", 1, 100000},     \
        {"--tolerance", CLI_REAL, &(plan).tolerance, "T", "expert: cut of the basis", 1e-15, 1e-1}, \
    {                                                                                               \
        "--svd-cutoff", CLI_REAL, &(plan).svd_cutoff, "C", "expert: cut of the pseudo-inverse",     \
            1e-16, 1e-2                                                                             \
    }

/* CLI_PROCEED, or CLI_USAGE where lambda does not go with the kernel. */
int perf_kernel_set(const cli_command *self, const perf_kernel *kernel, dagpole_plan_options *plan);
int perf_is_expert(const dagpole_plan_options *plan); /* digits promise nothing then */

dagpole_cloud perf_cloud(const char *distribution, int64_t n, const char *charges, int64_t seed);

/* Direct sums at samples spread over the caller's order, in the calling thread. */
typedef struct perf_reference {
    int64_t n, *index;
    double *targets, *potentials, *gradients; /* gradients NULL where not wanted */
} perf_reference;

perf_reference perf_reference_create(const dagpole_plan_options *plan, const dagpole_cloud *cloud,
                                     int64_t n_samples, int has_gradients);
void perf_reference_free(perf_reference *reference);

/* Relative L2 errors over the samples, and the largest error over the root mean square. far: of
 * the part of the gradients that P2P does not sum. */
typedef struct perf_error {
    double potential, max_potential, gradient, far_gradient;
    double far_rounding; /* what rounding of the near part alone makes of far_gradient */
} perf_error;

/* The promise of digits d: potentials 10^-d, gradients 10^-(d - 1), their far part 300 x 10^-d
 * where rounding of the near part leaves that much to be seen. */
int perf_error_is_kept(const perf_error *error, int digits);

/* potentials of all targets, gradients NULL where there are none (then 0). */
perf_error perf_error_of(const perf_reference *reference, dagpole_plan *plan, const double *charges,
                         const double *potentials, const double *gradients);

#endif
