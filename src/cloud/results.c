#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/sized.h"
#include "cloud/cloud.h"
#include "cloud/rows.h"
#include "kernel/names.h"

/* ---- the report as attributes ------------------------------------------------------------- */

typedef struct field {
    const char *name;
    char type; /* 'i' int, 'l' int64_t, 'd' double, 't' text of `bytes` bytes */
    size_t offset, bytes;
} field;

#define FIELD(type, member)                                                                        \
    { #member, type, offsetof(dagpole_report, member), sizeof(((dagpole_report *)0)->member) }
#define NAMED(name, type, member)                                                                  \
    { name, type, offsetof(dagpole_report, member), sizeof(double) }

/* All but `size` and `kernel`, which is written by name. */
static const field fields[] = {
    FIELD('l', n_sources),
    FIELD('l', n_targets),
    FIELD('l', n_unique_sources),
    FIELD('l', n_unique_targets),
    FIELD('l', n_boxes),
    FIELD('l', n_leaves),
    FIELD('i', depth),
    FIELD('d', mean_u),
    FIELD('d', mean_v),
    FIELD('d', mean_w),
    FIELD('d', mean_x),
    FIELD('l', n_blocks),
    FIELD('l', n_tasks),
    FIELD('d', work_over_span),
    FIELD('d', lambda),
    FIELD('i', digits),
    FIELD('i', p),
    FIELD('i', n_crit),
    FIELD('i', block_boxes),
    FIELD('i', machine_cores),
    FIELD('l', machine_cache_bytes),
    FIELD('i', expansion_size),
    FIELD('d', tolerance),
    FIELD('d', svd_cutoff),
    FIELD('d', root_side),
    NAMED("root_corner_x", 'd', root_corner[0]),
    NAMED("root_corner_y", 'd', root_corner[1]),
    NAMED("root_corner_z", 'd', root_corner[2]),
    FIELD('i', threads),
    FIELD('t', scheduler),
    FIELD('t', instruction_set),
    FIELD('t', coefficients),
    FIELD('d', tree_s),
    FIELD('d', lists_s),
    FIELD('d', operators_s),
    FIELD('d', graph_s),
    FIELD('d', setup_s),
    FIELD('i', operators_cached),
    FIELD('l', n_evaluations),
    FIELD('d', evaluate_s),
    NAMED("GATHER_s", 'd', operator_s[DAGPOLE_GATHER]),
    NAMED("P2M_s", 'd', operator_s[DAGPOLE_P2M]),
    NAMED("M2M_s", 'd', operator_s[DAGPOLE_M2M]),
    NAMED("M2L_s", 'd', operator_s[DAGPOLE_M2L]),
    NAMED("P2L_s", 'd', operator_s[DAGPOLE_P2L]),
    NAMED("L2L_s", 'd', operator_s[DAGPOLE_L2L]),
    NAMED("L2P_s", 'd', operator_s[DAGPOLE_L2P]),
    NAMED("M2P_s", 'd', operator_s[DAGPOLE_M2P]),
    NAMED("P2P_s", 'd', operator_s[DAGPOLE_P2P]),
    NAMED("SCATTER_s", 'd', operator_s[DAGPOLE_SCATTER]),
    FIELD('d', share_tasks),
    FIELD('d', share_runtime),
    FIELD('d', share_idle),
    FIELD('l', bytes_plan),
    FIELD('l', bytes_operators),
    FIELD('l', n_unresolved_targets),
    FIELD('l', bytes_copied),
    FIELD('l', n_vectors),
    FIELD('i', sources),
    FIELD('i', hessians),
    FIELD('d', wave_number),
    FIELD('d', damping),
};
enum { N_FIELDS = sizeof fields / sizeof fields[0] };

/* A caller's text may fill its array and not end. */
static dagpole_status write_text(dp_store *store, const char *name, const char *text,
                                 size_t bytes) {
    char ended[sizeof(dagpole_report)];
    snprintf(ended, sizeof ended, "%.*s", (int)bytes, text);
    return dp_store_set_text(store, name, ended);
}

static dagpole_status write_field(dp_store *store, const field *f, const dagpole_report *report) {
    const void *member = (const char *)report + f->offset;
    switch (f->type) {
    case 'i':
        return dp_store_set_int(store, f->name, *(const int *)member);
    case 'l':
        return dp_store_set_int(store, f->name, *(const int64_t *)member);
    case 'd':
        return dp_store_set_double(store, f->name, *(const double *)member);
    default:
        return write_text(store, f->name, member, f->bytes);
    }
}

static dagpole_status read_field(dp_store *store, const field *f, dagpole_report *report) {
    void *member = (char *)report + f->offset;
    int64_t value;
    int is_there;
    DP_TRY(dp_store_has_attribute(store, f->name, &is_there));
    if (!is_there)
        return DAGPOLE_OK;
    switch (f->type) {
    case 'i':
        DP_TRY(dp_store_get_int(store, f->name, &value));
        if (value < INT_MIN || value > INT_MAX)
            return dp_fail(DAGPOLE_FILE, "the attribute '%s' is %lld: beyond an int", f->name,
                           (long long)value);
        *(int *)member = (int)value;
        return DAGPOLE_OK;
    case 'l':
        return dp_store_get_int(store, f->name, member);
    case 'd':
        return dp_store_get_double(store, f->name, member);
    default:
        return dp_store_get_text(store, f->name, member, f->bytes);
    }
}

/* As much of the report as the caller's header has. */
static dagpole_status write_report(dp_store *store, const dagpole_report *report, size_t size) {
    for (int i = 0; i < N_FIELDS; i++)
        if (fields[i].offset + fields[i].bytes <= size)
            DP_TRY(write_field(store, &fields[i], report));
    return DAGPOLE_OK;
}

static dagpole_status read_kernel(dp_store *store, dagpole_kernel *kernel) {
    char name[64];
    int is_there;
    DP_TRY(dp_store_has_attribute(store, "kernel", &is_there));
    if (!is_there)
        return DAGPOLE_OK;
    DP_TRY(dp_store_get_text(store, "kernel", name, sizeof name));
    if (!dp_kernel_find(name, kernel))
        return dp_fail(DAGPOLE_FILE, "the attribute 'kernel' is '%s': it must be one of %s", name,
                       dp_kernel_names());
    return DAGPOLE_OK;
}

static dagpole_status read_report(dp_store *store, dagpole_report *report) {
    for (int i = 0; i < N_FIELDS; i++)
        DP_TRY(read_field(store, &fields[i], report));
    return DAGPOLE_OK;
}

/* ---- the caller's structs ----------------------------------------------------------------- */

#define HOLDS(results, member)                                                                     \
    dp_sized_holds(results, offsetof(dagpole_results, member) + sizeof(results)->member)

static void free_members(dagpole_results *results) {
    dp_free(results->potentials);
    dp_free(results->gradients);
    dp_free(results->hessians);
    dp_free(results->pressures);
    dp_free(results->input);
    *results = (dagpole_results){.report = results->report};
}

/* The members that a caller's header has, the others NULL: of an argument to be read or freed. */
static dagpole_results known(const dagpole_results *given) {
    dagpole_results all = {0};
    size_t size = given->size < sizeof all ? given->size : sizeof all;
    memcpy(&all, given, size);
    return all;
}

/* Hands over what has been read; what the caller's header does not know is freed. */
static void give(dagpole_results *all, dagpole_results *results) {
    dagpole_results unknown = *all;
    if (HOLDS(results, potentials))
        unknown.potentials = NULL;
    if (HOLDS(results, gradients))
        unknown.gradients = NULL;
    if (HOLDS(results, input))
        unknown.input = NULL;
    if (HOLDS(results, hessians))
        unknown.hessians = NULL;
    if (HOLDS(results, pressures))
        unknown.pressures = NULL;
    free_members(&unknown);
    dp_sized_give(all, sizeof *all, results);
}

void dagpole_results_free(dagpole_results *results) {
    if (!dp_sized_is_set(results))
        return;
    dagpole_results all = known(results);
    free_members(&all);
    dp_sized_give(&all, sizeof all, results);
}

#define RESULTS_REMEDY "set its size to sizeof(dagpole_results)"
#define REPORT_REMEDY  "set its size to sizeof(dagpole_report)"

/* ---- arrays ------------------------------------------------------------------------------- */

/* Of results whose kernel is the report's. */
static dagpole_status check(const dagpole_results *results) {
    int64_t n = results->n_targets;
    if (n < 0 || n > DP_CLOUD_MAX_POINTS)
        return dp_fail(DAGPOLE_BAD_ARGUMENT, "n_targets is %lld: 0 to 2^40", (long long)n);
    if (n > 0 && !results->potentials)
        return dp_fail(DAGPOLE_BAD_ARGUMENT, "potentials is NULL with n_targets %lld",
                       (long long)n);
    if (!dp_kernel_name(results->kernel))
        return dp_fail(DAGPOLE_BAD_ARGUMENT, "%s is %d: it must be one of %s",
                       results->report ? "report->kernel" : "kernel of the results",
                       (int)results->kernel, dp_kernel_names());
    if (results->pressures && !dp_kernel_widths(results->kernel)->pressure)
        return dp_fail(DAGPOLE_BAD_ARGUMENT,
                       "pressures is no NULL, but the kernel is %s: it has "
                       "none",
                       dp_kernel_name(results->kernel));
    return dp_check_vectors(results->n_vectors, n);
}

/* The datasets; the first is always there. */
static const struct array {
    const char *dataset;
    dp_row_kind kind;
    size_t offset;
} arrays[] = {
    {"/potentials", DP_ROW_POTENTIAL, offsetof(dagpole_results, potentials)},
    {"/gradients", DP_ROW_GRADIENT, offsetof(dagpole_results, gradients)},
    {"/hessians", DP_ROW_HESSIAN, offsetof(dagpole_results, hessians)},
    {"/pressures", DP_ROW_PRESSURE, offsetof(dagpole_results, pressures)},
};
enum { N_ARRAYS = sizeof arrays / sizeof arrays[0] };

static double **values_of(dagpole_results *results, const struct array *a) {
    return (double **)((char *)results + a->offset);
}

static dagpole_status write_array(dp_store *store, const dagpole_results *results,
                                  const struct array *a) {
    const dp_row row = dp_row_of(results->kernel, a->kind);
    const double *values = *(double *const *)((const char *)results + a->offset);
    if (!values && a != arrays)
        return DAGPOLE_OK;
    return dp_rows_write(store, a->dataset, &row, dp_vectors(results->n_vectors),
                         results->n_targets, values);
}

/* report: the library's copy of results->report. */
static dagpole_status write_all(dp_store *store, const dagpole_results *results,
                                const dagpole_report *report) {
    DP_TRY(dp_store_set_text(store, "version", dagpole_version()));
    DP_TRY(dp_store_set_text(store, "kernel", dp_kernel_name(results->kernel)));
    if (results->input)
        DP_TRY(dp_store_set_text(store, "input", results->input));
    if (results->report)
        DP_TRY(write_report(store, report, results->report->size));
    for (int i = 0; i < N_ARRAYS; i++)
        DP_TRY(write_array(store, results, &arrays[i]));
    return DAGPOLE_OK;
}

dagpole_status dagpole_results_write(const char *path, const dagpole_results *results) {
    DP_DEFAULT_FLOATING;
    dagpole_results all = {.size = sizeof all};
    dagpole_report report = {.size = sizeof report};
    if (!path || !results)
        return dp_fail(DAGPOLE_BAD_ARGUMENT, "%s is NULL", path ? "results" : "path");
    DP_TRY(dp_sized_take("results", RESULTS_REMEDY, results, &all, sizeof all));
    if (all.report)
        DP_TRY(dp_sized_take("a report", REPORT_REMEDY, all.report, &report, sizeof report));
    if (all.report)
        all.kernel = report.kernel;
    DP_TRY(check(&all));
    dp_store *store;
    DP_TRY(dp_store_create(path, &store));
    dagpole_status status = write_all(store, &all, &report);
    if (status == DAGPOLE_OK)
        return dp_store_commit(store);
    dp_store_close(store);
    return status;
}

/* n_targets < 0: not known yet. */
static dagpole_status read_array(dp_store *store, const char *path, const struct array *a,
                                 dagpole_results *results) {
    const dp_row row = dp_row_of(results->kernel, a->kind);
    int64_t n_vectors;
    int is_there = 1;
    if (a != arrays)
        DP_TRY(dp_store_has(store, a->dataset, &is_there));
    if (!is_there || !dp_row_doubles(&row))
        return DAGPOLE_OK;
    DP_TRY(dp_rows_read(store, path, a->dataset, &row, 0, &results->n_targets, &n_vectors,
                        values_of(results, a)));
    if (a != arrays && n_vectors != results->n_vectors)
        return dp_fail(DAGPOLE_FILE, "%s of '%.250s' has %lld vectors, but /potentials has %lld",
                       a->dataset, path, (long long)n_vectors, (long long)results->n_vectors);
    results->n_vectors = n_vectors;
    return DAGPOLE_OK;
}

static dagpole_status read_all(dp_store *store, const char *path, dagpole_results *results,
                               dagpole_report *report) {
    int has_input;
    DP_TRY(dp_store_has_attribute(store, "input", &has_input));
    if (has_input)
        DP_TRY(dp_store_get_long_text(store, "input", &results->input));
    DP_TRY(read_kernel(store, &results->kernel));
    report->kernel = results->kernel;
    DP_TRY(read_report(store, report));
    results->n_targets = -1;
    for (int i = 0; i < N_ARRAYS; i++)
        DP_TRY(read_array(store, path, &arrays[i], results));
    return DAGPOLE_OK;
}

static dagpole_status open_and_read(const char *path, dagpole_results *results,
                                    dagpole_report *report) {
    dp_store *store;
    if (!path)
        return dp_fail(DAGPOLE_BAD_ARGUMENT, "path is NULL");
    DP_TRY(dp_store_open(path, &store));
    dagpole_status status = read_all(store, path, results, report);
    dp_store_close(store);
    return status;
}

dagpole_status dagpole_results_read(const char *path, dagpole_results *results) {
    DP_DEFAULT_FLOATING;
    dagpole_report report = {.kernel = DAGPOLE_LAPLACE};
    if (!dp_sized_is_set(results))
        return dp_fail(DAGPOLE_BAD_ARGUMENT,
                       "results is NULL or not of a known size: " RESULTS_REMEDY);
    dagpole_results all = {.report = known(results).report};
    if (all.report && !dp_sized_is_set(all.report))
        return dp_fail(DAGPOLE_BAD_ARGUMENT, "a report of %zu bytes: " REPORT_REMEDY,
                       all.report->size);
    dagpole_status status = open_and_read(path, &all, &report);
    if (status != DAGPOLE_OK)
        free_members(&all);
    else if (all.report)
        dp_sized_give(&report, sizeof report, all.report);
    give(&all, results);
    return status;
}
