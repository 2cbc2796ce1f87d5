/* values A.h5 B.h5 DATASET...: 0 where these datasets of two results are equal to the last bit. The
 * files themselves differ in their attributes. */
#include "platform/store.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A dataset of a file, count doubles of it; NULL after a failure, which has been told. */
static double *read_values(const char *path, const char *dataset, int64_t *count) {
    dp_store *store = NULL;
    double *values = NULL;
    int rank = 0;
    int64_t shape[4];
    dagpole_status status = dp_store_open(path, &store);
    if (status == DAGPOLE_OK)
        status = dp_store_shape(store, dataset, &rank, shape);
    if (status == DAGPOLE_OK) {
        *count = 1;
        for (int i = 0; i < rank; i++)
            *count *= shape[i];
        values = calloc((size_t)*count + 1, sizeof *values);
        status = values ? dp_store_read(store, dataset, 'd', *count, values) : DAGPOLE_NO_MEMORY;
    }
    dp_store_close(store);
    if (status == DAGPOLE_OK)
        return values;
    fprintf(stderr, "%s: %s cannot be read\n", path, dataset);
    free(values);
    return NULL;
}

/* Whether a dataset is the same in both files; tells of the first value that is not. */
static int is_equal(const char *a, const char *b, const char *dataset) {
    int64_t n_a = 0, n_b = 0, n_other = 0;
    double *of_a = read_values(a, dataset, &n_a), *of_b = read_values(b, dataset, &n_b);
    int equal = of_a && of_b && n_a == n_b && n_a > 0;
    if (of_a && of_b && !equal)
        fprintf(stderr, "%s: %" PRId64 " values and %" PRId64 "\n", dataset, n_a, n_b);
    for (int64_t i = 0; equal && i < n_a; i++)
        if (memcmp(&of_a[i], &of_b[i], sizeof *of_a) && !n_other++)
            fprintf(stderr, "%s: value %" PRId64 " is %.17g and %.17g\n", dataset, i, of_a[i],
                    of_b[i]);
    if (n_other)
        fprintf(stderr, "%s: %" PRId64 " of %" PRId64 " values differ\n", dataset, n_other, n_a);
    free(of_a);
    free(of_b);
    return equal && !n_other;
}

int main(int argc, char **argv) {
    if (argc < 4) {
        fprintf(stderr, "usage: values A.h5 B.h5 DATASET...\n");
        return 2;
    }
    int n_other = 0;
    for (int i = 3; i < argc; i++)
        n_other += !is_equal(argv[1], argv[2], argv[i]);
    return n_other ? 1 : 0;
}
