/* Starts of a runtime, in homes of which StarPU knows nothing yet. */
#ifndef DP_TESTS_RUNTIME_HOMES_H
#define DP_TESTS_RUNTIME_HOMES_H

#include <sys/stat.h>
#include <unistd.h>

#include "streams.h"

static inline void check_works(dp_runtime *runtime) {
    random_stream *streams = random_stream_create(3, 40, 100);
    dp_execution *execution = open_execution(runtime, streams);
    check_runs(execution, streams, 2);
    dp_execution_destroy(execution);
    random_stream_destroy(streams);
}

static inline void run_once(void) {
    dp_runtime *runtime = open_runtime((dp_runtime_options){.threads = 2, .scheduler = "dmda"});
    check_works(runtime);
    dp_runtime_destroy(runtime);
}

/* A home in which StarPU has not calibrated yet. */
static inline const char *fresh_home(void) {
    static char home[64];
    static int n;
    snprintf(home, sizeof home, "%s/fresh-%d-%d", test_home, (int)getpid(), n++);
    ck_assert_int_eq(mkdir(home, 0700), 0);
    setenv("XDG_CACHE_HOME", home, 1);
    return home;
}

#endif
