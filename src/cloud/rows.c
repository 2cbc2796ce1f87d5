#include "cloud/rows.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cloud/limits.h"
#include "kernel/names.h"

/* One number has no axis; none has one of 0. */
static void add_axis(dp_row *row, int64_t extent) {
    if (extent != 1)
        row->shape[row->rank++] = extent;
}

dp_row dp_row_of(dagpole_kernel kernel, dp_row_kind kind) {
    static const char *const names[] = {[DP_ROW_CHARGE] = "one charge a source",
                                        [DP_ROW_DIPOLE] = "one dipole a source",
                                        [DP_ROW_POTENTIAL] = "one potential a target",
                                        [DP_ROW_GRADIENT] = "one gradient a target",
                                        [DP_ROW_HESSIAN] = "one set of derivatives a target",
                                        [DP_ROW_PRESSURE] = "one pressure a target"};
    const dp_widths *w = dp_kernel_widths(kernel);
    dp_row row = {
        .kernel = kernel, .name = names[kind], .is_complex = dp_kernel_is_complex(kernel)};
    const int doubles[] = {[DP_ROW_CHARGE] = w->charge,       [DP_ROW_DIPOLE] = w->dipole,
                           [DP_ROW_POTENTIAL] = w->potential, [DP_ROW_GRADIENT] = w->potential,
                           [DP_ROW_HESSIAN] = w->potential,   [DP_ROW_PRESSURE] = w->pressure};
    add_axis(&row, doubles[kind] / (row.is_complex ? 2 : 1));
    if (kind == DP_ROW_GRADIENT)
        add_axis(&row, 3);
    if (kind == DP_ROW_HESSIAN)
        add_axis(&row, 6);
    return row;
}

static int64_t numbers_of(const dp_row *row) {
    int64_t n = 1;
    for (int i = 0; i < row->rank; i++)
        n *= row->shape[i];
    return n;
}

int dp_row_doubles(const dp_row *row) {
    return (int)numbers_of(row) * (row->is_complex ? 2 : 1);
}

dagpole_status dp_rows_write(dp_store *store, const char *dataset, const dp_row *row,
                             int64_t n_vectors, int64_t n, const double *values) {
    int64_t shape[4] = {n_vectors, n, row->shape[0], row->shape[1]};
    int is_one = n_vectors == 1;
    return dp_store_write(store, dataset, row->is_complex ? 'z' : 'd', row->rank + 2 - is_one,
                          shape + is_one, values);
}

/* ---- reading ------------------------------------------------------------------------------ */

/* "5 x 2"; "one number" for rank 0. */
static void describe_shape(int rank, const int64_t *shape, char *text, size_t bytes) {
    size_t length = (size_t)snprintf(text, bytes, "%s", rank ? "" : "one number");
    for (int i = 0; i < rank && length < bytes; i++)
        length += (size_t)snprintf(text + length, bytes - length, "%s%lld", i ? " x " : "",
                                   (long long)shape[i]);
}

dagpole_status dp_rows_refuse(const char *path, const char *dataset, int rank,
                              const int64_t shape[4], const char *needed) {
    char text[128];
    describe_shape(rank, shape, text, sizeof text);
    return dp_fail(DAGPOLE_FILE, "%s of '%.250s' has shape %s: %s is needed", dataset, path, text,
                   needed);
}

static dagpole_status refuse_shape(const char *path, const char *dataset, const dp_row *row,
                                   int64_t n, int rank, const int64_t shape[4]) {
    char count[32] = "M", axes[64] = "", needed[256];
    if (n >= 0)
        snprintf(count, sizeof count, "%lld", (long long)n);
    if (row->rank)
        describe_shape(row->rank, row->shape, axes, sizeof axes);
    const char *by = row->rank ? " x " : "";
    snprintf(needed, sizeof needed,
             "%s%s%s (%s) or V x %s%s%s (V vectors of them) for the kernel %s", count, by, axes,
             row->name, count, by, axes, dp_kernel_name(row->kernel));
    return dp_rows_refuse(path, dataset, rank, shape, needed);
}

static dagpole_status check_numbers(dp_store *store, const char *path, const char *dataset,
                                    const dp_row *row, int is_loose) {
    int is_complex;
    DP_TRY(dp_store_is_complex(store, dataset, &is_complex));
    if (is_complex == row->is_complex || (is_loose && row->is_complex))
        return DAGPOLE_OK;
    return dp_fail(DAGPOLE_FILE, "%s of '%.250s' holds %s numbers: those of the kernel %s are %s",
                   dataset, path, is_complex ? "complex" : "real", dp_kernel_name(row->kernel),
                   is_complex ? "real" : "complex");
}

/* The axes of vectors and points before the row's own; 0 where these are others. */
static int n_outer_axes(const dp_row *row, int rank, const int64_t shape[4]) {
    int n_outer = rank - row->rank;
    if (n_outer < 1 || n_outer > 2)
        return 0;
    for (int i = 0; i < row->rank; i++)
        if (shape[n_outer + i] != row->shape[i])
            return 0;
    return n_outer;
}

/* "/charges[5]" or, of several vectors, "/charges[2][5]", and what of it is no finite number. */
static dagpole_status refuse_number(const char *path, const char *dataset, const dp_row *row,
                                    int64_t n, int64_t n_vectors, int64_t i, double number) {
    int64_t doubles = dp_row_doubles(row), value = i / doubles;
    int part = (int)(i % doubles), step = row->is_complex ? 2 : 1;
    char vector[32] = "", component[32] = "";
    if (n_vectors > 1)
        snprintf(vector, sizeof vector, "[%lld]", (long long)(value / n));
    if (row->rank)
        snprintf(component, sizeof component, "[%d]", part / step);
    return dp_fail(DAGPOLE_NUMERIC, "%s%s[%lld]%s of '%.250s' has %s %g: it must be finite",
                   dataset, vector, (long long)(value % n), component, path,
                   !row->is_complex ? "the value"
                   : part % 2       ? "the imaginary part"
                                    : "the real part",
                   number);
}

static dagpole_status check_finite(const char *path, const char *dataset, const dp_row *row,
                                   int64_t n, int64_t n_vectors, const double *values) {
    for (int64_t i = 0; i < n_vectors * n * dp_row_doubles(row); i++)
        if (!isfinite(values[i]))
            return refuse_number(path, dataset, row, n, n_vectors, i, values[i]);
    return DAGPOLE_OK;
}

/* A file may say that it holds any number: products of it must not wrap around. */
static dagpole_status check_count(const char *path, const char *dataset, int64_t n_vectors,
                                  int64_t n) {
    if (n <= DP_CLOUD_MAX_POINTS && n_vectors <= DP_CLOUD_MAX_POINTS / (n > 0 ? n : 1))
        return DAGPOLE_OK;
    return dp_fail(DAGPOLE_FILE,
                   "%s of '%.250s' is of %lld vectors and %lld points: 2^40 values at most",
                   dataset, path, (long long)n_vectors, (long long)n);
}

dagpole_status dp_rows_read(dp_store *store, const char *path, const char *dataset,
                            const dp_row *row, int is_loose, int64_t *n, int64_t *n_vectors,
                            double **values) {
    int rank;
    int64_t shape[4];
    DP_TRY(dp_store_shape(store, dataset, &rank, shape));
    DP_TRY(check_numbers(store, path, dataset, row, is_loose));
    int is_column = is_loose && !row->rank && rank == 2 && shape[1] == 1 && shape[0] == *n;
    int n_outer = is_column ? 1 : n_outer_axes(row, rank, shape);
    int64_t points = n_outer ? shape[n_outer - 1] : 0;
    if (!n_outer || (*n >= 0 && points != *n) || (n_outer == 2 && shape[0] < 1))
        return refuse_shape(path, dataset, row, *n, rank, shape);
    *n = points;
    *n_vectors = n_outer == 1 ? 1 : shape[0];
    DP_TRY(check_count(path, dataset, *n_vectors, points));
    size_t doubles = (size_t)dp_row_doubles(row);
    *values = dp_alloc((size_t)*n_vectors * doubles, (size_t)points * sizeof(double));
    if (!*values)
        return DAGPOLE_NO_MEMORY;
    DP_TRY(dp_store_read(store, dataset, row->is_complex ? 'z' : 'd',
                         *n_vectors * points * numbers_of(row), *values));
    return is_loose ? check_finite(path, dataset, row, points, *n_vectors, *values) : DAGPOLE_OK;
}
