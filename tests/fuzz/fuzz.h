/* What the harnesses share: an input as a row of small numbers, files of a process's own, and what
 * every reader promises. A broken promise ends the process, as libFuzzer wants it. */
#ifndef DP_TESTS_FUZZ_FUZZ_H
#define DP_TESTS_FUZZ_FUZZ_H

#include <dagpole.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernel/names.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FUZZ_CHECK(condition)                                                                      \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: not so: %s; last error: %s\n", __FILE__, __LINE__, #condition, \
                    dagpole_last_error());                                                         \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

/* ---- the input ---------------------------------------------------------------------------- */

typedef struct fuzz_input {
    const uint8_t *data;
    size_t size;
} fuzz_input;

/* The next byte, 0 behind the last. */
static inline uint8_t fuzz_byte(fuzz_input *input) {
    if (!input->size)
        return 0;
    input->size--;
    return *input->data++;
}

/* One of 0 ... n - 1. */
static inline int fuzz_below(fuzz_input *input, int n) {
    return fuzz_byte(input) % n;
}

/* Numbers as they occur: small ones, neighbours of powers of two, and any. */
static inline int64_t fuzz_number(fuzz_input *input) {
    int kind = fuzz_below(input, 4);
    uint64_t value = fuzz_byte(input);
    if (kind == 1)
        value = ((uint64_t)1 << value % 64) + fuzz_byte(input) - 2;
    else if (kind == 2)
        value = -value;
    else if (kind == 3)
        for (int i = 0; i < 7; i++)
            value = value << 8 | fuzz_byte(input);
    return (int64_t)value;
}

/* Changes bytes of a file, each given by a place of two bytes and a value, and cuts the file where
 * a place lies behind its end. */
static inline size_t fuzz_damage(fuzz_input *input, uint8_t *file, size_t bytes) {
    while (input->size >= 3) {
        size_t place = (size_t)fuzz_byte(input) << 8;
        place |= fuzz_byte(input);
        if (place < bytes)
            file[place] = fuzz_byte(input);
        else
            bytes -= (place - bytes) % (bytes + 1);
    }
    return bytes;
}

/* ---- files -------------------------------------------------------------------------------- */

static char fuzz_directory[256], fuzz_path[512];

static inline void fuzz_remove_files(void) {
    unlink(fuzz_path);
    rmdir(fuzz_directory);
}

/* A directory for this process with room for one file, which is removed with it at the end. */
static inline void fuzz_open_directory(const char *file) {
    const char *base = getenv("TMPDIR");
    snprintf(fuzz_directory, sizeof fuzz_directory, "%s/fuzz-XXXXXX",
             base && *base ? base : "/tmp");
    FUZZ_CHECK(mkdtemp(fuzz_directory));
    snprintf(fuzz_path, sizeof fuzz_path, "%s/%s", fuzz_directory, file);
    atexit(fuzz_remove_files);
}

static inline void fuzz_write(const void *data, size_t size) {
    FILE *file = fopen(fuzz_path, "wb");
    FUZZ_CHECK(file);
    FUZZ_CHECK(fwrite(data, 1, size, file) == size);
    FUZZ_CHECK(fclose(file) == 0);
}

/* The whole file, which the caller frees. */
static inline uint8_t *fuzz_read(size_t *size) {
    FILE *file = fopen(fuzz_path, "rb");
    FUZZ_CHECK(file);
    FUZZ_CHECK(fseek(file, 0, SEEK_END) == 0);
    *size = (size_t)ftell(file);
    rewind(file);
    uint8_t *data = malloc(*size);
    FUZZ_CHECK(data && fread(data, 1, *size, file) == *size);
    fclose(file);
    return data;
}

/* ---- promises ----------------------------------------------------------------------------- */

/* Reads every number, so that the sanitizers see where an array ends. */
static inline void fuzz_touch(const double *values, int64_t n) {
    static volatile double sum;
    for (int64_t i = 0; i < n; i++)
        sum = sum + values[i];
}

static inline void fuzz_check_failure(dagpole_status status) {
    FUZZ_CHECK(status == DAGPOLE_FILE || status == DAGPOLE_NO_MEMORY || status == DAGPOLE_NUMERIC ||
               status == DAGPOLE_UNSUPPORTED);
    FUZZ_CHECK(*dagpole_last_error());
}

/* Reads the file as points for a kernel: a cloud that is whole, or a status, a sentence and nothing
 * else. */
static inline void fuzz_read_cloud_for(dagpole_kernel kernel) {
    const dp_widths *of = dp_kernel_widths(kernel);
    dagpole_cloud cloud, nothing = {0};
    dagpole_status status = dagpole_cloud_read_for(fuzz_path, kernel, NULL, &cloud);
    if (status == DAGPOLE_OK) {
        FUZZ_CHECK(cloud.n_sources >= 0 && cloud.n_targets >= 0);
        FUZZ_CHECK(cloud.targets || cloud.n_targets == cloud.n_sources);
        FUZZ_CHECK(!cloud.n_sources || (cloud.sources && (cloud.charges || cloud.dipoles)));
        fuzz_touch(cloud.sources, 3 * cloud.n_sources);
        if (cloud.charges)
            fuzz_touch(cloud.charges, of->charge * cloud.n_sources * cloud.n_vectors);
        if (cloud.dipoles)
            fuzz_touch(cloud.dipoles, of->dipole * cloud.n_sources * cloud.n_vectors);
        if (cloud.targets)
            fuzz_touch(cloud.targets, 3 * cloud.n_targets);
        dagpole_cloud_free(&cloud);
    } else {
        fuzz_check_failure(status);
        FUZZ_CHECK(memcmp(&cloud, &nothing, sizeof nothing) == 0);
    }
}

static inline void fuzz_read_cloud(void) {
    fuzz_read_cloud_for(DAGPOLE_LAPLACE);
    fuzz_read_cloud_for(DAGPOLE_HELMHOLTZ);
    fuzz_read_cloud_for(DAGPOLE_STOKES);
}

#endif
