#include "common.h"

#include "platform/cpu.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- figures ---------------------------------------------------------------------------- */

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

perf_figure perf_figure_of(int n, double *value) {
    if (n == 0)
        return (perf_figure){0};
    qsort(value, (size_t)n, sizeof *value, by_value);
    double median = 0.5 * (value[(n - 1) / 2] + value[n / 2]);
    return (perf_figure){.median = median,
                         .spread = median > 0 ? (value[n - 1] - value[0]) / median : 0,
                         .smallest = value[0]};
}

void perf_json_figure(cli_json *json, const char *name, perf_figure figure) {
    cli_json_open(json, name);
    cli_json_real(json, "median", figure.median);
    cli_json_real(json, "spread", figure.spread);
    cli_json_real(json, "smallest", figure.smallest);
    cli_json_close(json);
}

const char *perf_text(perf_figure figure) {
    static char texts[8][32];
    static int next;
    char *text = texts[next++ % 8];
    snprintf(text, sizeof texts[0], "%9.4g +-%3.0f %%", figure.median, 50 * figure.spread);
    return text;
}

void perf_json_begin(cli_json *json, const char *program) {
    dagpole_machine machine = {.size = sizeof machine};
    perf_try(dagpole_machine_query("", &machine));
    *json = (cli_json){0};
    cli_json_open(json, NULL);
    cli_json_text(json, "program", program);
    cli_json_text(json, "dagpole", dagpole_version());
    cli_json_text(json, "instruction_set", machine.instruction_set);
    cli_json_int(json, "cores", machine.cores);
}

/* ---- failing ---------------------------------------------------------------------------- */

void perf_fail(const char *format, ...) {
    va_list arguments;
    fflush(stdout);
    fprintf(stderr, "%s: ", program_invocation_short_name);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    exit(EXIT_FAILURE);
}

void perf_require(int is_right, const char *what) {
    if (!is_right)
        perf_fail("%s gives a wrong result", what);
}

void perf_try(dagpole_status status) {
    if (status != DAGPOLE_OK)
        perf_fail("%s", dagpole_last_error());
}

int64_t perf_resident_bytes(void) {
    long long total, resident = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (!file || fscanf(file, "%lld %lld", &total, &resident) != 2)
        perf_fail("/proc/self/statm tells no memory");
    fclose(file);
    return resident * sysconf(_SC_PAGESIZE);
}

void *perf_alloc(size_t count, size_t size) {
    void *memory = calloc(count ? count : 1, size);
    if (!memory)
        perf_fail("no memory for %zu x %zu bytes", count, size);
    return memory;
}

/* ---- options ---------------------------------------------------------------------------- */

int perf_integers(const char *option, const char *text, int64_t low, int64_t high, int max,
                  int64_t *value) {
    int n = 0;
    for (const char *at = text;; at++) {
        char *end;
        double real = strtod(at, &end);
        if (end == at || !(real >= (double)low && real <= (double)high) || n == max)
            break;
        value[n++] = (int64_t)real;
        if (*end == '\0')
            return n;
        if (*end != ',')
            break;
        at = end;
    }
    perf_fail("%s takes at most %d whole numbers from %lld to %lld, separated by commas, not '%s'",
              option, max, (long long)low, (long long)high, text);
}

int perf_words(char *text, int max, const char **word) {
    int n = 0;
    for (char *at = strtok(text, ","); at && n < max; at = strtok(NULL, ","))
        word[n++] = at;
    return n;
}

char *perf_copy(const char *text) {
    return strcpy(perf_alloc(strlen(text) + 1, 1), text);
}

int perf_kernel_set(const cli_command *self, const perf_kernel *kernel,
                    dagpole_plan_options *plan) {
    int is_yukawa = strcmp(kernel->name, "yukawa") == 0;
    if (is_yukawa != (kernel->lambda > 0))
        return cli_usage(self, "--kernel yukawa and --lambda go together");
    plan->kernel = is_yukawa ? DAGPOLE_YUKAWA : DAGPOLE_LAPLACE;
    plan->lambda = kernel->lambda;
    return CLI_PROCEED;
}

int perf_is_expert(const dagpole_plan_options *plan) {
    return plan->p || plan->tolerance > 0 || plan->svd_cutoff > 0;
}

/* ---- results ---------------------------------------------------------------------------- */

dagpole_cloud perf_cloud(const char *distribution, int64_t n, const char *charges, int64_t seed) {
    dagpole_cloud cloud;
    perf_try(dagpole_cloud_generate(distribution, n, (uint64_t)seed, charges, &cloud));
    return cloud;
}

perf_reference perf_reference_create(const dagpole_plan_options *plan, const dagpole_cloud *cloud,
                                     int64_t n_samples, int has_gradients) {
    int64_t n = n_samples < cloud->n_sources ? n_samples : cloud->n_sources;
    perf_reference r = {.n = n};
    r.index = perf_alloc((size_t)n, sizeof *r.index);
    r.targets = perf_alloc((size_t)n, 3 * sizeof *r.targets);
    r.potentials = perf_alloc((size_t)n, sizeof *r.potentials);
    r.gradients = has_gradients ? perf_alloc((size_t)n, 3 * sizeof *r.gradients) : NULL;
    for (int64_t i = 0; i < n; i++) {
        /* One of each of n runs; where in it varies, since a lattice has periods of its own. */
        double within = fmod(0.61803398874989485 * (double)i, 1);
        r.index[i] = (int64_t)(((double)i + within) * ((double)cloud->n_sources / (double)n));
        memcpy(r.targets + 3 * i, cloud->sources + 3 * r.index[i], 3 * sizeof *r.targets);
    }
    perf_try(dagpole_direct(NULL, plan->kernel, plan->lambda, cloud->n_sources, cloud->sources,
                            cloud->charges, n, r.targets, r.potentials, r.gradients));
    return r;
}

void perf_reference_free(perf_reference *reference) {
    free(reference->index);
    free(reference->targets);
    free(reference->potentials);
    free(reference->gradients);
    *reference = (perf_reference){0};
}

/* Of samples of `width` numbers, less `summed`, against `direct`, less `near` (the two may be
 * NULL). A NaN makes both errors NaN. */
static void measure(const perf_reference *r, int width, const double *value, const double *direct,
                    const double *summed, const double *near, double *rel_l2, double *max) {
    double sum = 0, norm = 0, largest = 0;
    for (int64_t i = 0; i < r->n; i++) {
        double square = 0;
        for (int c = 0; c < width; c++) {
            int64_t j = i * width + c;
            double part = direct[j] - (near ? near[j] : 0);
            double difference = value[r->index[i] * width + c] - (summed ? summed[j] : 0) - part;
            square += difference * difference;
            norm += part * part;
        }
        sum += square;
        if (!(square <= largest))
            largest = square;
    }
    *rel_l2 = norm > 0 ? sqrt(sum / norm) : sqrt(sum);
    if (max)
        *max = norm > 0 ? sqrt(largest * (double)r->n / norm) : sqrt(largest);
}

/* Rounding of a sum of thousands of terms, relative to it. */
#define ROUNDING 1e-14

int perf_error_is_kept(const perf_error *e, int digits) {
    double unit = pow(10, -digits);
    return e->potential <= unit && e->gradient <= 10 * unit &&
           e->far_gradient <= fmax(300 * unit, e->far_rounding);
}

perf_error perf_error_of(const perf_reference *r, dagpole_plan *plan, const double *charges,
                         const double *potentials, const double *gradients) {
    perf_error e = {0};
    measure(r, 1, potentials, r->potentials, NULL, NULL, &e.potential, &e.max_potential);
    if (!gradients)
        return e;
    measure(r, 3, gradients, r->gradients, NULL, NULL, &e.gradient, NULL);
    double *near = perf_alloc((size_t)r->n, 3 * sizeof *near);
    double *summed = perf_alloc((size_t)r->n, 3 * sizeof *summed);
    perf_try(dagpole_plan_near_field(plan, charges, r->n, r->index, NULL, near));
    perf_try(dagpole_plan_near_sums(plan, charges, r->n, r->index, NULL, summed));
    measure(r, 3, gradients, r->gradients, summed, near, &e.far_gradient, NULL);
    double whole = 0, far = 0;
    for (int64_t j = 0; j < 3 * r->n; j++) {
        whole += r->gradients[j] * r->gradients[j];
        far += (r->gradients[j] - near[j]) * (r->gradients[j] - near[j]);
    }
    e.far_rounding = far > 0 ? ROUNDING * sqrt(whole / far) : 0;
    free(summed);
    free(near);
    return e;
}
