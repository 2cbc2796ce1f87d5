#include "against.h"
#include "plain.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { COMMAND_BYTES = 2 * PATH_MAX };

typedef struct contest {
    const perf_case *c;
    char folder[PATH_MAX], input[PATH_MAX + 16], output[PATH_MAX + 16];
    double *potentials;
} contest;

/* What one process took, from its start to its end. */
typedef struct effort {
    double seconds, error;
    int64_t peak_bytes;
} effort;

static const contest *current; /* whose files go, whichever way the program ends */

static void remove_files(void) {
    if (!current)
        return;
    unlink(current->input);
    unlink(current->output);
    rmdir(current->folder);
    current = NULL;
}

static void open_contest(contest *k, const perf_case *c) {
    const char *temporary = getenv("TMPDIR");
    k->c = c;
    snprintf(k->folder, sizeof k->folder, "%s/dagpole-perf-XXXXXX",
             temporary && *temporary ? temporary : "/tmp");
    if (!mkdtemp(k->folder))
        perf_fail("cannot make a folder like '%s': %s", k->folder, strerror(errno));
    snprintf(k->input, sizeof k->input, "%s/input", k->folder);
    snprintf(k->output, sizeof k->output, "%s/output", k->folder);
    current = k;
    k->potentials = perf_alloc((size_t)c->cloud->n_sources, sizeof *k->potentials);
    perf_plain_write(k->input, c->cloud);
}

static effort run(contest *k, const char *command) {
    char line[2 * COMMAND_BYTES];
    struct rusage usage;
    int status = -1;
    snprintf(line, sizeof line, "%s '%s' '%s'", command, k->input, k->output);
    unlink(k->output);
    fflush(stdout);
    double begin = dp_clock();
    pid_t child = fork();
    if (child == 0) {
        dup2(STDERR_FILENO, STDOUT_FILENO); /* what it prints must not mix with ours */
        execl("/bin/sh", "sh", "-c", line, (char *)NULL);
        _exit(127);
    }
    if (child < 0 || wait4(child, &status, 0, &usage) != child || status != 0)
        perf_fail("'%s' failed", command);
    effort e = {.seconds = dp_clock() - begin, .peak_bytes = (int64_t)usage.ru_maxrss * 1024};
    perf_potentials_read(k->output, k->c->cloud->n_sources, k->potentials);
    e.error = perf_error_of(k->c->reference, NULL, NULL, k->potentials, NULL).potential;
    if (!(e.error < 1))
        perf_fail("'%s' gives a wrong result: its relative error is %.2g", command, e.error);
    return e;
}

/* The command for perf/plain with the case's options. */
static void our_command(const perf_case *c, char *command, size_t bytes) {
    const dagpole_plan_options *o = &c->plan;
    char self[PATH_MAX] = "", *slash;
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    if (length < 0 || !(slash = strrchr(self, '/')))
        perf_fail("cannot tell where this program lies");
    *slash = '\0';
    int n = snprintf(command, bytes, "'%s/plain' --digits %d --threads %d", self, o->digits,
                     c->threads);
    if (o->p)
        n += snprintf(command + n, bytes - (size_t)n, " --p %d", o->p);
    if (o->n_crit)
        n += snprintf(command + n, bytes - (size_t)n, " --n-crit %d", o->n_crit);
    if (o->tolerance > 0)
        n += snprintf(command + n, bytes - (size_t)n, " --tolerance %g", o->tolerance);
    if (o->svd_cutoff > 0)
        snprintf(command + n, bytes - (size_t)n, " --svd-cutoff %g", o->svd_cutoff);
}

static void print_pair(cli_json *json, int is_json, int i, const effort *ours,
                       const effort *theirs) {
    if (!is_json) {
        printf("pair %2d: dagpole %8.3f s, other %8.3f s, ratio %6.2f\n", i + 1, ours->seconds,
               theirs->seconds, theirs->seconds / ours->seconds);
        return;
    }
    cli_json_open(json, NULL);
    cli_json_real(json, "dagpole_s", ours->seconds);
    cli_json_real(json, "other_s", theirs->seconds);
    cli_json_real(json, "ratio", theirs->seconds / ours->seconds);
    cli_json_close(json);
}

static void print_end(cli_json *json, int is_json, const effort *ours, const effort *theirs,
                      perf_figure ratio) {
    if (!is_json) {
        printf("ratio, other / dagpole: %s (above 1: dagpole is faster)\n", perf_text(ratio));
        printf("error: dagpole %.2e, other %.2e; peak memory: %.0f MB, %.0f MB\n", ours->error,
               theirs->error, 1e-6 * (double)ours->peak_bytes, 1e-6 * (double)theirs->peak_bytes);
        return;
    }
    cli_json_close(json);
    perf_json_figure(json, "ratio", ratio);
    cli_json_real(json, "dagpole_error", ours->error);
    cli_json_real(json, "other_error", theirs->error);
    cli_json_int(json, "dagpole_peak_bytes", ours->peak_bytes);
    cli_json_int(json, "other_peak_bytes", theirs->peak_bytes);
    cli_json_close(json);
}

static void print_begin(cli_json *json, int is_json, const char *command, const char *cloud_name,
                        const perf_case *c) {
    if (!is_json) {
        printf("%s, %lld points, %d digits: whole processes, from start to end (reading, set-up, "
               "one evaluation, writing), in turn\n",
               cloud_name, (long long)c->cloud->n_sources, c->plan.digits);
        return;
    }
    perf_json_begin(json, "against");
    cli_json_text(json, "command", command);
    cli_json_text(json, "distribution", cloud_name);
    cli_json_int(json, "n", c->cloud->n_sources);
    cli_json_int(json, "digits", c->plan.digits);
    cli_json_open_array(json, "pairs");
}

void perf_against(const char *command, const char *cloud_name, const perf_case *c, int n_pairs,
                  int is_json) {
    char ours[COMMAND_BYTES];
    double ratio[PERF_MAX_RUNS];
    effort us = {0}, them = {0};
    static contest k;
    static int has_run;
    cli_json json;
    if (!has_run)
        atexit(remove_files);
    has_run = 1;
    our_command(c, ours, sizeof ours);
    open_contest(&k, c);
    us = run(&k, ours); /* operators go into the cache, files into memory */
    them = run(&k, command);
    if (!perf_is_expert(&c->plan) && !(us.error <= pow(10, -c->plan.digits)))
        perf_fail("the error is %.2e, which is above 10^-%d", us.error, c->plan.digits);
    print_begin(&json, is_json, command, cloud_name, c);
    for (int i = 0; i < n_pairs; i++) {
        us = run(&k, ours);
        them = run(&k, command);
        ratio[i] = them.seconds / us.seconds;
        print_pair(&json, is_json, i, &us, &them);
    }
    print_end(&json, is_json, &us, &them, perf_figure_of(n_pairs, ratio));
    free(k.potentials);
    remove_files();
}
