#include "plain.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static FILE *open_file(const char *path, const char *mode) {
    FILE *file = fopen(path, mode);
    if (!file)
        perf_fail("cannot open '%s': %s", path, strerror(errno));
    return file;
}

static void put(FILE *file, const char *path, const void *data, size_t size, size_t n) {
    if (fwrite(data, size, n, file) != n)
        perf_fail("cannot write '%s': %s", path, strerror(errno));
}

static void get(FILE *file, const char *path, void *data, size_t size, size_t n) {
    size_t got = fread(data, size, n, file);
    if (got != n)
        perf_fail("'%s' ends after %zu of %zu numbers", path, got, n);
}

/* What is buffered may not fit any more. */
static void close_written(FILE *file, const char *path) {
    if (fclose(file))
        perf_fail("cannot write '%s': %s", path, strerror(errno));
}

void perf_plain_write(const char *path, const dagpole_cloud *cloud) {
    FILE *file = open_file(path, "wb");
    size_t n = (size_t)cloud->n_sources;
    put(file, path, &cloud->n_sources, sizeof cloud->n_sources, 1);
    put(file, path, cloud->sources, sizeof(double), 3 * n);
    put(file, path, cloud->charges, sizeof(double), n);
    close_written(file, path);
}

dagpole_cloud perf_plain_read(const char *path) {
    FILE *file = open_file(path, "rb");
    dagpole_cloud cloud = {0};
    get(file, path, &cloud.n_sources, sizeof cloud.n_sources, 1);
    if (cloud.n_sources < 0 || cloud.n_sources > (int64_t)1 << 40)
        perf_fail("'%s' announces %lld points", path, (long long)cloud.n_sources);
    size_t n = (size_t)cloud.n_sources;
    cloud.sources = perf_alloc(n, 3 * sizeof(double));
    cloud.charges = perf_alloc(n, sizeof(double));
    get(file, path, cloud.sources, sizeof(double), 3 * n);
    get(file, path, cloud.charges, sizeof(double), n);
    fclose(file);
    return cloud;
}

void perf_potentials_write(const char *path, int64_t n, const double *potentials) {
    FILE *file = open_file(path, "wb");
    put(file, path, potentials, sizeof *potentials, (size_t)n);
    close_written(file, path);
}

void perf_potentials_read(const char *path, int64_t n, double *potentials) {
    FILE *file = open_file(path, "rb");
    get(file, path, potentials, sizeof *potentials, (size_t)n);
    if (fgetc(file) != EOF)
        perf_fail("'%s' holds more than %lld potentials", path, (long long)n);
    fclose(file);
}
