/* Living in a host: a process with threads, an environment, a locale and perhaps a StarPU of its
 * own. */
#include <fcntl.h>
#include <locale.h>
#include <pthread.h>
#include <starpu.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "homes.h"
#include "runtime/session.h"

static dagpole_status nothing(void *argument, int64_t i) {
    (void)argument, (void)i;
    return DAGPOLE_OK;
}

/* ---- threads of the host ---------------------------------------------------------------------
 */

enum { N_THREADS = 8, N_ROUNDS = 20, N_KEYS = 64 };

static pthread_key_t keys[N_KEYS];
static int n_keys;
static pthread_barrier_t barrier;
static _Atomic int n_refused;
static char refusal[DP_ERROR_TEXT_BYTES];

static void *join_and_leave(void *delay_us) {
    dp_runtime *runtime;
    for (int k = 0; k < n_keys; k++)
        pthread_setspecific(keys[k], &barrier);
    pthread_barrier_wait(&barrier);
    usleep(*(const useconds_t *)delay_us);
    if (dp_runtime_create(&(dp_runtime_options){0}, &runtime) == DAGPOLE_OK) {
        dp_runtime_destroy(runtime);
    } else {
        n_refused++;
        snprintf(refusal, sizeof refusal, "%s", dagpole_last_error());
    }
    return NULL;
}

/* At once, or while the first of them starts StarPU. In every other round each has thread-specific
 * values of its own under the numbers that StarPU's had in the round before: what StarPU has not
 * made yet, or has given back, is somebody else's. */
START_TEST(threads_create_at_once) {
    pthread_barrier_init(&barrier, NULL, N_THREADS);
    for (int round = 0; round < N_ROUNDS; round++) {
        pthread_t threads[N_THREADS];
        useconds_t delay_us[N_THREADS];
        n_keys = round % 2 ? N_KEYS : 1;
        for (int k = 0; k < n_keys; k++)
            pthread_key_create(&keys[k], NULL);
        for (int t = 0; t < N_THREADS; t++)
            delay_us[t] = (useconds_t)(t * round * 100);
        for (int t = 0; t < N_THREADS; t++)
            pthread_create(&threads[t], NULL, join_and_leave, &delay_us[t]);
        for (int t = 0; t < N_THREADS; t++)
            pthread_join(threads[t], NULL);
        for (int k = 0; k < n_keys; k++)
            pthread_key_delete(keys[k]);
        ck_assert(!starpu_is_initialized());
    }
    ck_assert_msg(n_refused == 0, "%d refused: %s", n_refused, refusal);
}
END_TEST

/* ---- a StarPU of the host --------------------------------------------------------------------
 */

static void start_host(void) {
    struct starpu_conf conf;
    starpu_conf_init(&conf);
    conf.ncpus = 2;
    ck_assert_int_eq(starpu_init(&conf), 0);
}

static void count_up(void *buffers[], void *argument) {
    (void)buffers;
    atomic_fetch_add((_Atomic int *)argument, 1);
}

static struct starpu_codelet counting = {.cpu_funcs = {count_up}, .name = "count_up"};

/* _i: how often the application has paused. Its pause holds before and after, not meanwhile. */
START_TEST(paused_by_the_application) {
    _Atomic int count = 0;
    start_host();
    for (int k = 0; k < _i; k++)
        starpu_pause();
    for (int threads = 0; threads < 2; threads++) {
        dp_runtime *runtime = open_runtime((dp_runtime_options){.threads = threads});
        const dp_team *team = dp_runtime_team(runtime);
        ck_assert_int_eq(team->run(team, 100, nothing, NULL), DAGPOLE_OK);
        check_works(runtime);
        dp_runtime_destroy(runtime);
    }
    ck_assert_int_eq(starpu_task_insert(&counting, STARPU_CL_ARGS_NFREE, &count, sizeof count, 0),
                     0);
    usleep(50000);
    if (_i)
        ck_assert_int_eq(count, 0);
    for (int k = 0; k < _i; k++)
        starpu_resume();
    starpu_task_wait_for_all();
    ck_assert_int_eq(count, 1);
    starpu_shutdown();
}
END_TEST

/* Contexts keep the StarPU that they use. */
START_TEST(ended_early_by_the_application) {
    start_host();
    dp_runtime *runtime = open_runtime((dp_runtime_options){0});
    starpu_shutdown();
    check_works(runtime);
    dp_runtime_destroy(runtime);
    ck_assert(!starpu_is_initialized());
}
END_TEST

/* ---- what the host sees ----------------------------------------------------------------------
 */

static char captured[4096];

/* What `call` prints to either stream. */
static void capture(void (*call)(void)) {
    char name[] = "/tmp/dagpole-captured-XXXXXX";
    int file = mkstemp(name), streams[2] = {dup(1), dup(2)};
    ck_assert_int_ge(file, 0);
    unlink(name);
    dup2(file, 1);
    dup2(file, 2);
    call();
    fflush(stdout);
    fflush(stderr);
    for (int k = 0; k < 2; k++) {
        dup2(streams[k], 1 + k);
        close(streams[k]);
    }
    ssize_t n = pread(file, captured, sizeof captured - 1, 0);
    captured[n < 0 ? 0 : n] = '\0';
    close(file);
}

/* Replaces every `from` in the files in which StarPU keeps what it measured; how many. */
static int replace_in_models(const char *home, char from, char to) {
    char command[512];
    snprintf(command, sizeof command,
             "cat %s/.starpu/sampling/bus/*.latency %s/.starpu/sampling/bus/*.bandwidth "
             "| grep -v '^#' | tr -cd '%c' | wc -c",
             home, home, from);
    FILE *pipe = popen(command, "r");
    int n = -1;
    ck_assert_int_eq(fscanf(pipe, "%d", &n), 1);
    pclose(pipe);
    snprintf(command, sizeof command, "sed -i 's/%s%c/%c/g' %s/.starpu/sampling/bus/*",
             from == '.' ? "\\" : "", from, to, home);
    ck_assert_int_eq(system(command), 0);
    return n;
}

/* A first start, which calibrates, a later one, and one that finds numbers in another locale's way
 * of writing. */
START_TEST(prints_nothing) {
    const char *home = fresh_home();
    unsetenv("STARPU_SILENT");
    char **environment = environ;
    capture(run_once);
    ck_assert_str_eq(captured, "");
    capture(run_once);
    ck_assert_str_eq(captured, "");
    ck_assert_int_gt(replace_in_models(home, '.', ','), 0);
    capture(run_once);
    ck_assert_str_eq(captured, "");
    ck_assert_int_eq(replace_in_models(home, ',', '.'), 0); /* written anew */
    ck_assert_ptr_eq(environ, environment);
    ck_assert_ptr_null(getenv("STARPU_SILENT"));
}
END_TEST

/* Who asks for StarPU's messages gets them. */
START_TEST(speaks_where_it_is_asked_to) {
    fresh_home();
    setenv("STARPU_SILENT", "0", 1);
    capture(run_once);
    ck_assert_ptr_nonnull(strstr(captured, "calibrating"));
    ck_assert_str_eq(getenv("STARPU_SILENT"), "0");
}
END_TEST

/* A locale with a decimal comma, made here where the system has the sources of one. */
static int adopt_comma(void) {
    char command[256];
    snprintf(command, sizeof command, "localedef -i de_DE -f UTF-8 %s/de_DE.UTF-8 2>/dev/null",
             test_home);
    if (!setlocale(LC_ALL, "de_DE.UTF-8") && system(command) == 0) {
        setenv("LOCPATH", test_home, 1);
        setlocale(LC_ALL, "de_DE.UTF-8");
    }
    return *localeconv()->decimal_point == ',';
}

START_TEST(files_do_not_depend_on_the_locale) {
    const char *home = fresh_home();
    if (!adopt_comma())
        return;
    run_once();
    ck_assert_int_eq(*localeconv()->decimal_point, ',');
    ck_assert_int_eq(replace_in_models(home, ',', ','), 0);
}
END_TEST

int main(void) {
    suite_own_schedulers();
    const TTest *const tests[] = {threads_create_at_once, ended_early_by_the_application,
                                  prints_nothing, speaks_where_it_is_asked_to,
                                  files_do_not_depend_on_the_locale};
    const TTest *const looped[] = {paused_by_the_application};
    return runtime_suite_main("host", sizeof tests / sizeof tests[0], tests, 4, 1, looped);
}
