/* Another program on the same points, in turn with ours: whole processes from file to file. Files
 * are in the machine's byte order and without padding. Input: int64 N, N x 3 float64 coordinates, N
 * float64 charges. Output: N float64 potentials. */
#include "sweep.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static FILE *open_file(const char *path, const char *mode) {
    FILE *file = fopen(path, mode);
    if (!file)
        perf_fail("cannot open '%s': %s", path, strerror(errno));
    return file;
}

/* Doubles, and whatever is as wide. What is buffered may not fit any more when it is closed. */
static void write_doubles(FILE *file, const void *data, int64_t n) {
    if (fwrite(data, sizeof(double), (size_t)n, file) != (size_t)n || fflush(file))
        perf_fail("cannot write a file for the comparison: %s", strerror(errno));
}

static void read_doubles(FILE *file, const char *path, void *data, int64_t n) {
    if (fread(data, sizeof(double), (size_t)n, file) != (size_t)n)
        perf_fail("'%s' ends before its %lld numbers", path, (long long)n);
}

/* ---- our side ------------------------------------------------------------------------------- */

static void read_points(const char *path, perf_charged *c) {
    FILE *file = open_file(path, "rb");
    dagpole_cloud *cloud = &c->cloud;
    read_doubles(file, path, &cloud->n_sources, 1);
    if (cloud->n_sources < 0 || cloud->n_sources > (int64_t)1 << 40)
        perf_fail("'%s' announces %lld points", path, (long long)cloud->n_sources);
    cloud->sources = perf_alloc((size_t)cloud->n_sources, 3 * sizeof(double));
    cloud->charges = perf_alloc((size_t)cloud->n_sources, sizeof(double));
    read_doubles(file, path, cloud->sources, 3 * cloud->n_sources);
    read_doubles(file, path, cloud->charges, cloud->n_sources);
    fclose(file);
}

int sweep_plain(const perf_choice *o, perf_table *t) {
    perf_scene s = {.chosen = o, .plan = o->plan};
    (void)t;
    perf_numbers("digits", o->digits, 3, 12, 1, s.digits);
    perf_numbers("threads", o->threads, 0, 65536, 1, s.threads);
    read_points(o->operand[0], &s.kind[0]);
    s.n = s.kind[0].cloud.n_sources;
    dagpole_context *context = perf_context((int)s.threads[0], 0);
    perf_plan p = perf_plan_create(context, &s, (int)s.digits[0], 0, 0);
    perf_plan_evaluate(&p, &s.kind[0]);
    FILE *file = open_file(o->operand[1], "wb");
    write_doubles(file, p.potentials, s.n);
    fclose(file);
    perf_plan_destroy(&p);
    dagpole_context_destroy(context);
    free(s.kind[0].cloud.sources);
    free(s.kind[0].cloud.charges);
    return 0;
}

static void our_command(int digits, int threads, size_t bytes, char *command) {
    char self[PATH_MAX] = "";
    if (readlink("/proc/self/exe", self, sizeof self - 1) < 0)
        perf_fail("cannot tell where this program lies");
    snprintf(command, bytes, "'%s' plain --digits %d --threads %d", self, digits, threads);
}

/* ---- both sides ----------------------------------------------------------------------------- */

static char folder[PATH_MAX], input[PATH_MAX + 16], output[PATH_MAX + 16];

/* Whichever way the program ends. */
static void remove_files(void) {
    unlink(input);
    unlink(output);
    rmdir(folder);
}

static void make_files(void) {
    const char *temporary = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%s/dagpole-perf-XXXXXX",
             temporary && *temporary ? temporary : "/tmp");
    if (!mkdtemp(folder))
        perf_fail("cannot make a folder like '%s': %s", folder, strerror(errno));
    snprintf(input, sizeof input, "%s/input", folder);
    snprintf(output, sizeof output, "%s/output", folder);
    atexit(remove_files);
}

/* What one process takes from its start to its end. */
typedef struct effort {
    double seconds, error;
    int64_t peak_bytes;
} effort;

static effort run(const perf_charged *c, const char *command) {
    char line[4 * PATH_MAX];
    struct rusage usage;
    int status = -1;
    snprintf(line, sizeof line, "%s '%s' '%s'", command, input, output);
    unlink(output);
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
    double *potentials = perf_alloc((size_t)c->cloud.n_sources, sizeof *potentials);
    FILE *file = open_file(output, "rb");
    read_doubles(file, output, potentials, c->cloud.n_sources);
    if (fgetc(file) != EOF)
        perf_fail("'%s' wrote more than %lld potentials", command, (long long)c->cloud.n_sources);
    fclose(file);
    e.error = perf_error_of(c, 0, potentials, NULL).potential;
    free(potentials);
    if (!(e.error < 1))
        perf_fail("'%s' gives a wrong result: its relative error is %.2g", command, e.error);
    return e;
}

static void show(const perf_scene *s, int digits, const char *what, double seconds[2],
                 const effort both[2], dp_figure ratio, perf_table *t) {
    perf_row_begin(t);
    perf_scene_cells(s, &s->kind[0], t);
    perf_count(t, "digits", digits);
    perf_word(t, "pair", what);
    perf_real(t, "dagpole_s", seconds[0]);
    perf_real(t, "other_s", seconds[1]);
    perf_figure(t, "other/dagpole", ratio);
    perf_real(t, "dagpole_error", both[0].error);
    perf_real(t, "other_error", both[1].error);
    perf_real(t, "dagpole_mb", 1e-6 * (double)both[0].peak_bytes);
    perf_real(t, "other_mb", 1e-6 * (double)both[1].peak_bytes);
    perf_row_end(t);
}

/* Pair by pair, each in the other order than the one before; then their medians. */
static int compare(const perf_scene *s, int digits, perf_table *t) {
    double seconds[2][DP_MOST_PASSES], ratio[DP_MOST_PASSES];
    char ours[2 * PATH_MAX], text[16];
    const char *command[] = {ours, s->chosen->with};
    int n = s->chosen->runs;
    effort both[2];
    our_command(digits, (int)s->threads[0], sizeof ours, ours);
    for (int k = 0; k < 2; k++) /* files and operators go into the caches */
        both[k] = run(&s->kind[0], command[k]);
    for (int i = 0; i < n; i++) {
        for (int k = 0; k < 2; k++)
            both[(i & 1) ^ k] = run(&s->kind[0], command[(i & 1) ^ k]);
        for (int k = 0; k < 2; k++)
            seconds[k][i] = both[k].seconds;
        ratio[i] = seconds[1][i] / seconds[0][i];
        snprintf(text, sizeof text, "%d", i + 1);
        show(s, digits, text, (double[]){seconds[0][i], seconds[1][i]}, both,
             dp_figure_of(1, (double[]){ratio[i]}), t);
    }
    double medians[] = {dp_figure_of(n, seconds[0]).median, dp_figure_of(n, seconds[1]).median};
    show(s, digits, "median", medians, both, dp_figure_of(n, ratio), t);
    return !(both[0].error <= pow(10, -digits));
}

static int visit(const perf_scene *s, perf_table *t) {
    const dagpole_cloud *cloud = &s->kind[0].cloud;
    FILE *file = open_file(input, "wb");
    write_doubles(file, &cloud->n_sources, 1);
    write_doubles(file, cloud->sources, 3 * s->n);
    write_doubles(file, cloud->charges, s->n);
    fclose(file);
    int n_above = 0;
    for (int d = 0; d < s->n_digits; d++)
        n_above += compare(s, (int)s->digits[d], t);
    return n_above;
}

int sweep_against(const perf_choice *o, perf_table *t) {
    if (!o->with)
        perf_fail("--with names the other program");
    make_files();
    return perf_each(o, t, visit);
}
