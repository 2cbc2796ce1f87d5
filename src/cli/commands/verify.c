/* Compares results with the direct sum at a seeded sample of the targets. */
#include "cli/commands/verify_sample.h"
#include "cli/common.h"
#include "cli/json.h"
#include "cli/progress.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Below this share of what charges of random sign give, a result counts as vanished: its digits are
 * gone. */
static const double VANISHED = 1e-13;

typedef struct choice {
    cli_context_choice context;
    const char *input, *dipoles;
    int64_t samples, seed;
    double tolerance; /* 0: none */
    int json;
} choice;

/* Root mean squares over the targets: of the error, of the direct sum, and of what charges of
 * random sign would give (0 where not taken). `max` is the largest error. */
typedef struct error {
    double rms, max, result_norm, random_norm;
    int is_absolute; /* the result vanishes: errors are judged as they are */
} error;

typedef struct outcome {
    int64_t samples, n_targets;
    int64_t vector, n_vectors; /* vector: the one whose errors these are, the worst */
    dagpole_kernel kernel;
    int has[CLI_N_QUANTITIES];
    const char
        *no_far; /* why the near field could not be summed as the run summed it; NULL: it was */
    error errors[CLI_N_QUANTITIES], far_gradients;
} outcome;

/* The promise allows each derivative one digit less, which pressures are one of. */
static const struct {
    const char *title, *json;
    double allowance;
} quantities[] = {[CLI_POTENTIALS] = {"potentials", NULL, 1},
                  [CLI_GRADIENTS] = {"gradients", "gradients", 10},
                  [CLI_HESSIANS] = {"second derivatives", "hessians", 100},
                  [CLI_PRESSURES] = {"pressures", "pressures", 10}};

/* A value of `width` doubles, real and imaginary parts among them. */
enum { MOST_DOUBLES = 12 };
typedef struct kind {
    int width, is_symmetric; /* is_symmetric: six numbers of nine that a matrix has */
} kind;

static double length(kind kind, const double *a) {
    double sum = 0;
    if (kind.is_symmetric)
        return hypot(hypot(hypot(a[0], a[3]), a[5]), sqrt(2) * hypot(hypot(a[1], a[2]), a[4]));
    for (int i = 0; i < kind.width; i++)
        sum = hypot(sum, a[i]);
    return sum;
}

/* Largest of |a|, so that squares of what is divided by it neither overflow nor vanish; 1 where
 * there is none. */
static double unit_of(int64_t n, const double *a) {
    double largest = 0;
    for (int64_t i = 0; i < n; i++)
        largest = fmax(largest, fabs(a[i]));
    return largest > 0 && isfinite(largest) ? largest : 1;
}

static double rms(int64_t n, int width, const double *a) {
    double sum = 0, unit = unit_of(n * width, a);
    for (int64_t i = 0; i < n * width; i++)
        sum += a[i] / unit * (a[i] / unit);
    return n ? unit * sqrt(sum / (double)n) : 0;
}

/* Of n values, less summed, against direct, less near; the two may be NULL. The result vanishes
 * where its norm is at most `vanished`. */
static error measure(int64_t n, kind kind, const double *value, const double *summed,
                     const double *direct, const double *near, double vanished) {
    double sum = 0, norm = 0, max = 0, unit = unit_of(n * kind.width, direct);
    for (int64_t i = 0; i < n; i++) {
        double difference[MOST_DOUBLES], part[MOST_DOUBLES];
        for (int c = 0; c < kind.width; c++) {
            int64_t j = i * kind.width + c;
            part[c] = (direct[j] - (near ? near[j] : 0)) / unit;
            difference[c] = (value[j] - (summed ? summed[j] : 0)) / unit - part[c];
        }
        double error = length(kind, difference);
        sum += error * error;
        norm += length(kind, part) * length(kind, part);
        if (!isnan(max) && !(error <= max)) /* NaN stays */
            max = error;
    }
    error e = {.rms = n ? unit * sqrt(sum / (double)n) : 0, .max = max * unit};
    e.result_norm = n ? unit * sqrt(norm / (double)n) : 0;
    e.is_absolute = e.result_norm <= vanished;
    return e;
}

/* The same, with the norm that charges of random sign would give. */
static error measure_sums(int64_t n, kind kind, const double *value, const double *direct,
                          const double *random) {
    double random_norm = rms(n, 1, random);
    error e = measure(n, kind, value, NULL, direct, NULL, VANISHED * random_norm);
    e.random_norm = random_norm;
    return e;
}

static double of_result(const error *e, double value) {
    return e->is_absolute ? value : value / e->result_norm;
}

/* What digits promise: relative to the larger of the two norms. */
static double promised_error(const error *e) {
    double norm = fmax(e->result_norm, e->random_norm);
    return norm > 0 ? e->rms / norm : e->rms;
}

/* The near field of the run's own tree: the plan is made again as the file recorded it. *is_same:
 * it has come out the same. */
static dagpole_status find_near_field(dagpole_context *context, const dagpole_report *report,
                                      const dagpole_cloud *cloud, const cli_sample *s,
                                      int *is_same) {
    dagpole_plan_options options;
    dagpole_plan *plan = NULL;
    dagpole_plan_options_init(&options);
    dagpole_status status = cli_options_of(report, &options);
    options.digits = report->digits;
    options.p = report->p;
    options.n_crit = report->n_crit;
    options.root_side = report->root_side;
    options.block_boxes = report->block_boxes;
    options.tolerance = report->tolerance;
    options.svd_cutoff = report->svd_cutoff;
    options.hessians = report->hessians;
    cli_options_for(cloud, &options);
    if (status == DAGPOLE_OK)
        status = dagpole_plan_create(context, &options, cloud->n_sources, cloud->sources,
                                     cloud->n_targets, cloud->targets, &plan);
    if (status == DAGPOLE_OK)
        status =
            dagpole_plan_near_field(plan, cloud->charges, s->n, s->index, NULL, s->near_gradients);
    if (status == DAGPOLE_OK)
        status = dagpole_plan_near_sums(plan, cloud->charges, s->n, s->index, NULL, s->near_sums);
    dagpole_report repeated = {.size = sizeof repeated};
    if (status == DAGPOLE_OK)
        status = dagpole_plan_report(plan, &repeated);
    *is_same = strcmp(repeated.coefficients, report->coefficients) == 0 &&
               strcmp(repeated.instruction_set, report->instruction_set) == 0;
    dagpole_plan_destroy(plan);
    return status;
}

static dagpole_values values_of(const dagpole_cloud *cloud, double *const arrays[]) {
    return cli_values(cloud, arrays[CLI_POTENTIALS], arrays[CLI_GRADIENTS], arrays[CLI_HESSIANS],
                      arrays[CLI_PRESSURES]);
}

static dagpole_status compare(dagpole_context *context, const dagpole_report *report,
                              const dagpole_cloud *cloud, const cli_sample *s, outcome *outcome) {
    dagpole_plan_options options;
    dagpole_plan_options_init(&options);
    dagpole_status status = cli_options_of(report, &options);
    options.hessians = s->result[CLI_HESSIANS] != NULL;
    cli_options_for(cloud, &options);
    options.n_vectors = 1;
    dagpole_values direct = values_of(cloud, s->direct), random = values_of(cloud, s->random);
    if (status == DAGPOLE_OK)
        status = dagpole_direct_apply(context, &options, cloud->n_sources, cloud->sources, s->n,
                                      s->targets, 1, &random);
    if (status == DAGPOLE_OK)
        status = dagpole_direct_apply(context, &options, cloud->n_sources, cloud->sources, s->n,
                                      s->targets, 0, &direct);
    for (int q = 0; status == DAGPOLE_OK && q < CLI_N_QUANTITIES; q++) {
        const kind kind = {s->doubles[q], q == CLI_HESSIANS};
        outcome->has[q] = s->result[q] != NULL;
        if (outcome->has[q])
            outcome->errors[q] = measure_sums(s->n, kind, s->result[q], s->direct[q], s->random[q]);
    }
    return status;
}

static dagpole_status compare_far(dagpole_context *context, const dagpole_report *report,
                                  const dagpole_cloud *cloud, const cli_sample *s,
                                  outcome *outcome) {
    int is_same;
    dagpole_status status = find_near_field(context, report, cloud, s, &is_same);
    outcome->no_far = is_same ? NULL : "the run had other coefficients or instructions";
    double vanished = 0.1 * VANISHED * rms(s->n, 3, s->direct[CLI_GRADIENTS]);
    if (status == DAGPOLE_OK)
        outcome->far_gradients = measure(s->n, (kind){3, 0}, s->result[CLI_GRADIENTS], s->near_sums,
                                         s->direct[CLI_GRADIENTS], s->near_gradients, vanished);
    return status;
}

/* As a share of what is promised. NaN counts as the worst. */
static double badness(const outcome *o) {
    double worst = 0;
    for (int q = 0; q < CLI_N_QUANTITIES; q++) {
        double share = o->has[q] ? promised_error(&o->errors[q]) / quantities[q].allowance : 0;
        if (isnan(share))
            return INFINITY;
        worst = fmax(worst, share);
    }
    return worst;
}

/* One vector of the charges and its results. */
typedef struct vector {
    dagpole_cloud cloud;
    dagpole_results results;
    cli_sample sample;
    outcome outcome;
} vector;

static dagpole_status compare_vector(const choice *choice, dagpole_context *context, int64_t number,
                                     const dagpole_cloud *cloud, const dagpole_results *results,
                                     vector *v) {
    const dagpole_kernel_info of = cli_kernel_info(results->kernel);
    *v = (vector){.cloud = *cloud, .results = *results};
    if (cloud->charges)
        v->cloud.charges += of.charge * number * cloud->n_sources;
    if (cloud->dipoles)
        v->cloud.dipoles += of.dipole * number * cloud->n_sources;
    for (int q = 0; q < CLI_N_QUANTITIES; q++) {
        double **array = cli_results_array(&v->results, q);
        if (*array)
            *array += cli_results_doubles(results, q) * number * results->n_targets;
    }
    dagpole_status status = cli_sample_draw(&v->sample, choice->samples, (uint64_t)choice->seed,
                                            &v->cloud, &v->results);
    v->outcome.samples = v->sample.n;
    v->outcome.n_targets = results->n_targets;
    v->outcome.vector = number;
    v->outcome.n_vectors = results->n_vectors;
    v->outcome.kernel = results->kernel;
    v->outcome.no_far = cloud->dipoles   ? "sources carry dipoles"
                        : of.charge != 1 ? "a charge is more than one number"
                                         : NULL;
    if (status == DAGPOLE_OK)
        status = compare(context, results->report, &v->cloud, &v->sample, &v->outcome);
    return status;
}

/* The worst of all vectors; the near field is found for it alone. */
static dagpole_status compare_all(const choice *choice, dagpole_context *context,
                                  const dagpole_cloud *cloud, const dagpole_results *results,
                                  vector *worst) {
    dagpole_status status = DAGPOLE_OK;
    for (int64_t number = 0; status == DAGPOLE_OK && number < results->n_vectors; number++) {
        vector next, swap;
        status = compare_vector(choice, context, number, cloud, results, &next);
        if (number == 0 || badness(&next.outcome) > badness(&worst->outcome)) {
            swap = *worst;
            *worst = next;
            next = swap;
        }
        cli_sample_free(&next.sample);
    }
    if (status == DAGPOLE_OK && results->gradients && !worst->outcome.no_far)
        status =
            compare_far(context, results->report, &worst->cloud, &worst->sample, &worst->outcome);
    return status;
}

/* Compares after results and points are read. */
static dagpole_status verify(const choice *choice, const dagpole_cloud *cloud,
                             const dagpole_results *results, outcome *outcome) {
    dagpole_context *context = NULL;
    vector worst = {0};
    dagpole_status status = cli_context_create(&choice->context, &context);
    if (status == DAGPOLE_OK) {
        cli_progress_begin();
        status = cli_progress_end(compare_all(choice, context, cloud, results, &worst));
    }
    *outcome = worst.outcome;
    dagpole_context_destroy(context);
    cli_sample_free(&worst.sample);
    return status;
}

/* Relative to the result, then to charges of random sign; then both norms. */
static void print_error(const char *name, const error *e) {
    char random[16] = "", norm[16] = "";
    if (e->random_norm > 0) {
        snprintf(random, sizeof random, "%.3e", e->rms / e->random_norm);
        snprintf(norm, sizeof norm, "%.3e", e->random_norm);
    }
    printf("  %-32s  %.3e  %9s  %.3e  %.3e  %9s%s\n", name, of_result(e, e->rms), random,
           of_result(e, e->max), e->result_norm, norm,
           e->is_absolute ? "  (errors are absolute: the result vanishes)" : "");
}

static const char *title_of(const outcome *outcome, int quantity) {
    int is_velocity = quantity == CLI_POTENTIALS && outcome->kernel == DAGPOLE_STOKES;
    return is_velocity ? "velocities" : quantities[quantity].title;
}

static void print_table(const char *path, const choice *choice, const outcome *outcome) {
    printf("%s against the direct sum at %s of %s targets, seed %s\n\n", path,
           cli_text_count(outcome->samples), cli_text_count(outcome->n_targets),
           cli_text_count(choice->seed));
    if (outcome->n_vectors > 1)
        printf("vector %s of %s, counted from 0: the worst\n\n", cli_text_count(outcome->vector),
               cli_text_count(outcome->n_vectors));
    printf("%34s  L2 error relative to   largest    root mean square of\n", "");
    printf("%34s  result     random*    error      result     random*\n", "");
    for (int q = 0; q < CLI_N_QUANTITIES; q++) {
        if (outcome->has[q])
            print_error(title_of(outcome, q), &outcome->errors[q]);
        if (q == CLI_GRADIENTS && outcome->has[q] && !outcome->no_far)
            print_error("gradients without the near field", &outcome->far_gradients);
        else if (q == CLI_GRADIENTS && outcome->has[q])
            printf("  gradients without the near field: not compared, %s\n", outcome->no_far);
    }
    printf("  * what charges of random sign would give; digits are relative to the larger of the "
           "two\n");
}

static void json_error(cli_json *json, const error *e) {
    cli_json_real(json, "rel_l2_error", of_result(e, e->rms));
    cli_json_real(json, "max_error", of_result(e, e->max));
    cli_json_bool(json, "absolute", e->is_absolute);
    cli_json_real(json, "result_rms", e->result_norm);
    if (e->random_norm > 0) {
        cli_json_real(json, "random_sign_rms", e->random_norm);
        cli_json_real(json, "random_sign_error", e->rms / e->random_norm);
    }
}

static void json_promise(cli_json *json, const error *e) {
    json_error(json, e);
    cli_json_real(json, "promised_error", promised_error(e));
}

static void print_json(const char *path, const choice *choice, const outcome *outcome) {
    cli_json json = {0};
    cli_json_open(&json, NULL);
    cli_json_text(&json, "file", path);
    cli_json_int(&json, "n_targets", outcome->n_targets);
    cli_json_int(&json, "n_vectors", outcome->n_vectors);
    cli_json_int(&json, "vector", outcome->vector);
    cli_json_int(&json, "samples", outcome->samples);
    cli_json_int(&json, "seed", choice->seed);
    json_promise(&json, &outcome->errors[CLI_POTENTIALS]);
    for (int q = CLI_POTENTIALS + 1; q < CLI_N_QUANTITIES; q++)
        if (outcome->has[q]) {
            cli_json_open(&json, quantities[q].json);
            json_promise(&json, &outcome->errors[q]);
            cli_json_close(&json);
        }
    if (outcome->has[CLI_GRADIENTS] && !outcome->no_far) {
        cli_json_open(&json, "gradients_far");
        json_error(&json, &outcome->far_gradients);
        cli_json_close(&json);
    }
    cli_json_close(&json);
}

/* Written so that NaN fails. */
static int check_tolerance(const cli_command *self, double tolerance, const outcome *outcome) {
    for (int q = 0; tolerance > 0 && q < CLI_N_QUANTITIES; q++) {
        double error = promised_error(&outcome->errors[q]), allowance = quantities[q].allowance;
        char times[16] = "";
        if (allowance > 1)
            snprintf(times, sizeof times, "%g x ", allowance);
        if (outcome->has[q] && !(error <= allowance * tolerance))
            return cli_fail(self, "the error of the %s, %.3e, is above %s--tolerance %g",
                            quantities[q].title, error, times, tolerance);
    }
    return CLI_SUCCESS;
}

/* The sentence just given is about a path that nobody typed. */
static int fail_recorded_points(const cli_command *self, const char *path) {
    return cli_fail(self, "the points of '%s': %s; --input names them where they are now", path,
                    dagpole_last_error());
}

static int verify_file(const cli_command *self, const choice *choice, const char *path) {
    dagpole_report report = {.size = sizeof report};
    dagpole_results results = {.size = sizeof results, .report = &report};
    dagpole_cloud cloud = {0};
    outcome outcome = {0};
    int code = CLI_PROCEED;
    dagpole_status status = dagpole_results_read(path, &results);
    const char *input = choice->input ? choice->input : results.input;
    if (status == DAGPOLE_OK && !input)
        code = cli_fail(self, "'%s' does not name its points file: --input FILE does", path);
    else if (status == DAGPOLE_OK && !choice->input && strcmp(input, "-") == 0)
        code = cli_fail(self, "the points of '%s' came from a pipe: --input must name them", path);
    else if (status == DAGPOLE_OK)
        status = cli_cloud_read(input, results.kernel, choice->dipoles, &cloud);
    if (status != DAGPOLE_OK && input && !choice->input) {
        code = fail_recorded_points(self, path);
        status = DAGPOLE_OK;
    }
    int64_t n_targets = cloud.targets ? cloud.n_targets : cloud.n_sources;
    if (status == DAGPOLE_OK && code == CLI_PROCEED && n_targets != results.n_targets)
        code = cli_fail(self, "'%s' holds %s results, but its points file has %s targets", path,
                        cli_text_count(results.n_targets), cli_text_count(n_targets));
    else if (status == DAGPOLE_OK && code == CLI_PROCEED && cloud.n_vectors != results.n_vectors)
        code = cli_fail(self, "'%s' holds results of %s vectors, but its points file has %s", path,
                        cli_text_count(results.n_vectors), cli_text_count(cloud.n_vectors));
    else if (status == DAGPOLE_OK && code == CLI_PROCEED && (report.sources & DAGPOLE_DIPOLES) &&
             !cloud.dipoles)
        code = cli_fail(self,
                        "the sources of '%s' had dipoles, but its points file has no /dipoles: "
                        "--dipoles names them",
                        path);
    else if (status == DAGPOLE_OK && code == CLI_PROCEED)
        status = verify(choice, &cloud, &results, &outcome);
    if (status == DAGPOLE_OK && code == CLI_PROCEED)
        (choice->json ? print_json : print_table)(path, choice, &outcome);
    dagpole_cloud_free(&cloud);
    dagpole_results_free(&results);
    if (status != DAGPOLE_OK)
        return cli_exit_code(self, status);
    return code == CLI_PROCEED ? check_tolerance(self, choice->tolerance, &outcome) : code;
}

static int verify_main(const cli_command *self, int argc, char **argv) {
    choice choice = {.samples = 1000, .seed = 1};
    const cli_option options[] = {
        {"--samples", CLI_COUNT, &choice.samples, "M", "targets to compare [1000]", 1, 1e15},
        {"--seed", CLI_COUNT, &choice.seed, "S", "chooses the targets [1]", 0, 1e15},
        {"--input", CLI_TEXT, &choice.input, "FILE", "the points [as the results name them]", 0, 0},
        {"--dipoles", CLI_TEXT, &choice.dipoles, "DATASET", "as run was told [/dipoles]", 0, 0},
        {"--tolerance", CLI_POSITIVE, &choice.tolerance, "T",
         "exit code 1 where the error is above T", 0, 0},
        CLI_CONTEXT_OPTIONS(choice.context),
        {"--json", CLI_FLAG, &choice.json, NULL, "print one JSON object", 0, 0},
    };
    const char *path;
    int code = cli_parse(self, sizeof options / sizeof options[0], options, argc, argv, &path);
    return code == CLI_PROCEED ? verify_file(self, &choice, path) : code;
}

const cli_command cli_verify = {"verify", "RESULTS.h5", "Compares results with the direct sum.",
                                verify_main};
