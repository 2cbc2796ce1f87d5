/* Another program on the same points, in turn with ours: whole processes from file to file. Files
 * are in the machine's byte order and without padding. Input: int64 N, N x 3 float64 coordinates, N
 * float64 charges. Output: N float64 potentials. */
#include "perf.h"

#include "platform/directory.h"
#include "platform/env.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* A file as a whole: free(). */
static double *read_file(const char *path, int64_t *n_bytes) {
    FILE *file = fopen(path, "rb");
    struct stat state;
    if (!file || fstat(fileno(file), &state))
        perf_fail("cannot open '%s': %s", path, strerror(errno));
    size_t n = (size_t)state.st_size;
    double *data = perf_alloc(n / sizeof *data + 1, sizeof *data);
    if (fread(data, 1, n, file) != n)
        perf_fail("cannot read '%s'", path);
    fclose(file);
    *n_bytes = state.st_size;
    return data;
}

static void write_file(const char *path, int64_t n, const double *data) {
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(data, sizeof *data, (size_t)n, file) != (size_t)n || fclose(file))
        perf_fail("cannot write '%s': %s", path, strerror(errno));
}

/* ---- our side ---- */

int sweep_plain(const perf_choice *o, perf_table *t) {
    double digits[PERF_LIST], threads[PERF_LIST];
    int64_t n_bytes, n;
    double *data = read_file(o->operand[0], &n_bytes);
    (void)t;
    memcpy(&n, data, sizeof n);
    if (n < 0 || n > n_bytes || n_bytes != (1 + 4 * n) * (int64_t)sizeof *data)
        perf_fail("'%s' has %lld bytes, which are not those of the %lld points that it announces",
                  o->operand[0], (long long)n_bytes, (long long)n);
    perf_scene s = {.chosen = o, .plan = o->plan, .n = n, .charged = &s.kind[0]};
    s.widths = dp_kernel_widths(o->plan.kernel);
    s.kind[0].cloud.sources = data + 1;
    s.kind[0].charges = data + 1 + 3 * n;
    perf_numbers("digits", o->digits, 3, 12, 1, digits);
    perf_numbers("threads", o->threads, 0, 65536, 1, threads);
    s.plan.digits = (int)digits[0];
    dagpole_context *context = perf_context((int)threads[0], 0);
    perf_plan p = perf_plan_create(context, &s, 0, 0);
    perf_plan_evaluate(&p, s.charged);
    write_file(o->operand[1], n, p.potentials);
    perf_plan_destroy(&p);
    dagpole_context_destroy(context);
    free(data);
    return 0;
}

/* ---- both sides ---- */

static char folder[DP_PATH_BYTES], input[DP_PATH_BYTES + 16], output[DP_PATH_BYTES + 16];

/* Whichever way the program ends. */
static void remove_files(void) {
    dp_directory_remove(folder);
}

static void make_files(void) {
    perf_try(dp_directory_make_temporary(dp_env_temporary(), folder, sizeof folder));
    snprintf(input, sizeof input, "%s/input", folder);
    snprintf(output, sizeof output, "%s/output", folder);
    atexit(remove_files);
}

/* What the processes of one side take, each from its start to its end. */
typedef struct side {
    char command[2 * DP_PATH_BYTES];
    double seconds[DP_MOST_PASSES];
    perf_error error;
    int64_t peak_bytes;
} side;

static void check(const perf_scene *scene, side *s) {
    int64_t n_bytes, n = scene->n;
    double *potentials = read_file(output, &n_bytes);
    if (n_bytes != n * (int64_t)sizeof *potentials)
        perf_fail("'%s' writes %lld bytes to its output, not %lld potentials", s->command,
                  (long long)n_bytes, (long long)n);
    s->error = perf_error_of(scene, scene->charged, potentials, NULL);
    if (!(s->error.potential < 1))
        perf_fail("'%s' gives a wrong result: its relative error is %.2g", s->command,
                  s->error.potential);
    free(potentials);
}

static void run(const perf_scene *scene, side *s, int i) {
    char line[5 * DP_PATH_BYTES];
    struct rusage usage;
    int status = -1;
    snprintf(line, sizeof line, "%s '%s' '%s'", s->command, input, output);
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
        perf_fail("'%s' failed", s->command);
    s->seconds[i] = dp_clock() - begin;
    s->peak_bytes = (int64_t)usage.ru_maxrss * 1024;
    check(scene, s);
}

static void write_input(const perf_scene *s) {
    size_t n = (size_t)s->n;
    double *data = perf_alloc(1 + 4 * n, sizeof *data);
    memcpy(data, &s->n, sizeof s->n);
    memcpy(data + 1, s->charged->cloud.sources, 3 * n * sizeof *data);
    memcpy(data + 1 + 3 * n, s->charged->charges, n * sizeof *data);
    write_file(input, 1 + 4 * s->n, data);
    free(data);
}

/* In pairs, each in the other order than the one before. */
static int compare(const perf_scene *s, perf_table *t) {
    static side us, them;
    double ratio[DP_MOST_PASSES];
    int n = s->chosen->runs;
    snprintf(us.command, sizeof us.command, "'%s' plain --digits %d --threads %d",
             program_invocation_name, s->digits, s->threads);
    snprintf(them.command, sizeof them.command, "%s", s->chosen->with);
    for (int i = -1; i < n; i++) { /* the first fills caches and does not count */
        run(s, i & 1 ? &us : &them, i < 0 ? 0 : i);
        run(s, i & 1 ? &them : &us, i < 0 ? 0 : i);
        if (i >= 0)
            ratio[i] = them.seconds[i] / us.seconds[i];
    }
    perf_scene_row(s, t);
    perf_cells(t, FIGURE("dagpole_s", dp_figure_of(n, us.seconds)),
               FIGURE("other_s", dp_figure_of(n, them.seconds)),
               FIGURE("other_over_dagpole", dp_figure_of(n, ratio)),
               REAL("dagpole_error", us.error.potential), REAL("other_error", them.error.potential),
               REAL("dagpole_mb", 1e-6 * (double)us.peak_bytes),
               REAL("other_mb", 1e-6 * (double)them.peak_bytes));
    perf_row_end(t);
    return perf_is_above(&us.error);
}

int sweep_against(const perf_choice *o, perf_table *t) {
    int n_above = 0;
    if (!o->with)
        perf_fail("--with names the other program");
    make_files();
    for (perf_scene *s = NULL; (s = perf_next(o, s)) != NULL;) {
        write_input(s);
        n_above += compare(s, t);
    }
    return n_above;
}
