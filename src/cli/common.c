#include "cli/common.h"
#include "cli/progress.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

dagpole_status cli_context_create(const cli_context_choice *choice, dagpole_context **context) {
    dagpole_context_options options;
    dagpole_context_options_init(&options);
    options.threads = choice->threads;
    options.scheduler = choice->scheduler;
    options.serial = choice->serial;
    options.cache_dir = choice->no_cache ? "" : choice->cache;
    cli_progress_attach(&options);
    return dagpole_context_create(&options, context);
}

dagpole_status cli_cloud_read(const char *operand, dagpole_kernel kernel, const char *dipoles,
                              dagpole_cloud *cloud) {
    return dagpole_cloud_read_for(cli_points_path(operand), kernel, dipoles, cloud);
}

void cli_options_for(const dagpole_cloud *cloud, dagpole_plan_options *options) {
    int64_t n = cloud->n_vectors;
    options->n_vectors = n < 1 ? 1 : n < INT32_MAX ? (int)n : INT32_MAX;
    options->sources =
        (cloud->charges ? DAGPOLE_CHARGES : 0) | (cloud->dipoles ? DAGPOLE_DIPOLES : 0);
}

dagpole_values cli_values(const dagpole_cloud *cloud, double *potentials, double *gradients,
                          double *hessians, double *pressures) {
    dagpole_values values;
    dagpole_values_init(&values);
    values.charges = cloud->charges;
    values.dipoles = cloud->dipoles;
    values.potentials = potentials;
    values.gradients = gradients;
    values.hessians = hessians;
    values.pressures = pressures;
    return values;
}

const char *cli_points_path(const char *operand) {
    return strcmp(operand, "-") == 0 ? "/dev/stdin" : operand;
}

int cli_exit_code(const cli_command *command, dagpole_status status) {
    if (cli_signal_pending()) {
        fprintf(stderr, "dagpole %s: interrupted\n", command->name);
        return 128 + cli_signal_pending();
    }
    if (status == DAGPOLE_OK)
        return CLI_SUCCESS;
    const char *sentence = dagpole_last_error();
    return cli_fail(command, "%s (%s)", *sentence ? sentence : "the tool itself found no memory",
                    dagpole_status_name(status));
}

int cli_fail(const cli_command *command, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "dagpole %s: ", command->name);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    return CLI_FAILURE;
}

const char *cli_file_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double cli_median(int64_t n, double *value) {
    if (n == 0)
        return 0;
    qsort(value, (size_t)n, sizeof *value, by_value);
    return 0.5 * (value[(n - 1) / 2] + value[n / 2]);
}

enum { BUFFER_BYTES = 32 };

/* As many as one printf may hold at a time. */
static char *next_buffer(void) {
    static char buffers[8][BUFFER_BYTES];
    static unsigned turn;
    return buffers[turn++ % 8];
}

const char *cli_text_count(int64_t count) {
    char digits[BUFFER_BYTES];
    int n_digits = snprintf(digits, sizeof digits, "%" PRId64, count);
    char *text = next_buffer(), *end = text;
    for (int i = 0; i < n_digits; i++) {
        if (i > 0 && (n_digits - i) % 3 == 0)
            *end++ = ',';
        *end++ = digits[i];
    }
    *end = '\0';
    return text;
}

const char *cli_text_bytes(int64_t bytes) {
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    enum { N_UNITS = sizeof units / sizeof units[0] };
    int unit = 0;
    double value = (double)bytes;
    for (; value >= 1000 && unit + 1 < N_UNITS; unit++)
        value /= 1024;
    char *text = next_buffer();
    snprintf(text, BUFFER_BYTES, unit ? "%.1f %s" : "%.0f %s", value, units[unit]);
    return text;
}
