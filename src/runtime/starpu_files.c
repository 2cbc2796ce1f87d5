/* What StarPU keeps in files about the machine: it measures once, and reads them at each start. */
#include "runtime/internal.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "platform/directory.h"
#include "platform/env.h"
#include "platform/machine.h"

/* How long a start waits for those of other processes: 8 nodes are measured in 20 s. */
#define MOST_WAIT_S 60

enum { FILE_PATH_BYTES = DP_PATH_BYTES + 160 };

/* 1.3 keeps affinities where it was built for GPUs only. */
#if STARPU_MAJOR_VERSION == 1 && STARPU_MINOR_VERSION < 4 && !defined(STARPU_USE_CUDA) &&          \
    !defined(STARPU_USE_OPENCL)
#define HAS_AFFINITY 0
#else
#define HAS_AFFINITY 1
#endif

/* The file named after the machine: 0 where it has no name. */
static int find_file(const char *directory, const char *kind, char path[FILE_PATH_BYTES]) {
    char host[65] = "";
    const char *named = dp_env_starpu_hostname();
    if (gethostname(host, sizeof host - 1) != 0)
        return 0;
    int length = (int)strcspn(host, ".");
    snprintf(path, FILE_PATH_BYTES, "%s/bus/%.*s.%s", directory, named ? 64 : length,
             named ? named : host, kind);
    return 1;
}

/* ---- files that StarPU can read ----------------------------------------------------------- */

/* What `config` counts: CPUs, NUMA nodes, then devices kind by kind. All versions write the first
 * four, and 1.3 aborts the process where one of them is missing. */
enum { N_LEAST_COUNTS = 4, N_MOST_COUNTS = 16, NODES = 1, DEVICES = 2 };

typedef struct counts {
    int n;
    unsigned of[N_MOST_COUNTS];
} counts;

static void skip_comments(FILE *file) {
    int c;
    while ((c = getc(file)) == '#' || isspace(c))
        if (c == '#')
            while ((c = getc(file)) != '\n' && c != EOF)
                ;
    ungetc(c, file);
}

static int read_count(FILE *file, unsigned *count) {
    skip_comments(file);
    return fscanf(file, "%u", count) == 1;
}

static int is_config(FILE *file, counts *counts) {
    while (counts->n < N_MOST_COUNTS && read_count(file, &counts->of[counts->n]))
        counts->n++;
    return counts->n >= N_LEAST_COUNTS;
}

/* For each device its number within its kind and as many nodes as there are. */
static int is_affinity(FILE *file, counts *counts) {
    unsigned number;
    if (fscanf(file, "# GPU NUMA%u", &number) != 1)
        return 0;
    rewind(file);
    for (int kind = DEVICES; kind < counts->n; kind++)
        for (unsigned i = 0; i < counts->of[kind]; i++) {
            if (!read_count(file, &number) || number != i)
                return 0;
            for (unsigned node = 0; node < counts->of[NODES]; node++)
                if (!read_count(file, &number))
                    return 0;
        }
    return 1;
}

/* A row for each node and device. StarPU itself measures anew where numbers are none, but takes
 * rows that are missing for copies that take no known time. */
static int is_matrix(FILE *file, counts *counts) {
    unsigned n_rows = 0, n_wanted = 0;
    for (int kind = NODES; kind < counts->n; kind++)
        n_wanted += counts->of[kind];
    for (int c; skip_comments(file), (c = getc(file)) != EOF; n_rows++)
        while (c != '\n' && c != EOF)
            c = getc(file);
    return n_rows >= n_wanted;
}

/* Not read, but written where it is missing. */
static int is_anything(FILE *file, counts *counts) {
    (void)file, (void)counts;
    return 1;
}

/* config comes first, since it tells what the others are to hold. */
static const struct {
    const char *kind;
    int (*is_whole)(FILE *file, counts *counts);
    int is_kept; /* by this StarPU */
} files[] = {{"config", is_config, 1},         {"affinity", is_affinity, HAS_AFFINITY},
             {"latency", is_matrix, 1},        {"bandwidth", is_matrix, 1},
             {"platform.xml", is_anything, 1}, {"platform.v4.xml", is_anything, 1}};

enum { N_FILES = sizeof files / sizeof files[0] };

typedef enum state { DAMAGED, MISSING, WHOLE } state;

/* All that StarPU writes into these files ends with a line. */
static int ends_with_line(FILE *file) {
    int last = fseek(file, -1, SEEK_END) ? EOF : getc(file);
    rewind(file);
    return last == '\n';
}

static state look_at(int i, const char *path, counts *counts) {
    struct stat info;
    if (stat(path, &info))
        return errno == ENOENT ? MISSING : DAMAGED;
    FILE *file = S_ISREG(info.st_mode) ? fopen(path, "r") : NULL;
    if (!file)
        return DAMAGED;
    int is_whole = ends_with_line(file) && files[i].is_whole(file, counts);
    fclose(file);
    return is_whole ? WHOLE : DAMAGED;
}

static dagpole_status remove_file(const char *path) {
    if (unlink(path) && errno != ENOENT)
        return dp_fail(DAGPOLE_FILE, "StarPU: cannot read or remove %.400s: %s", path,
                       strerror(errno));
    return DAGPOLE_OK;
}

/* StarPU aborts the process where it reads a file that another start was killed over, that a full
 * disk has cut or that somebody else has written. Without its `config` it measures all anew. */
static dagpole_status remove_damaged(const char *directory, int *n_missing) {
    char config[FILE_PATH_BYTES], path[FILE_PATH_BYTES];
    counts counts = {0};
    *n_missing = 0;
    for (int i = 0; i < N_FILES; i++) {
        if (!files[i].is_kept)
            continue;
        state state =
            find_file(directory, files[i].kind, path) ? look_at(i, path, &counts) : MISSING;
        *n_missing += state != WHOLE;
        if (state == DAMAGED) {
            DP_TRY(remove_file(path));
            if (find_file(directory, files[0].kind, config))
                DP_TRY(remove_file(config));
        }
    }
    return DAGPOLE_OK;
}

/* What StarPU writes at most: matrices of numbers of 13 bytes between all nodes. Two of the files
 * stand for the directories that it makes. */
enum { N_WRITTEN = 8, BYTES_WRITTEN = 4096 + STARPU_MAXNODES * (STARPU_MAXNODES + 2) * 16 };

/* StarPU aborts the process where it cannot write what it does not find, too. */
static dagpole_status ready_files(const char *directory) {
    int n_missing;
    DP_TRY(remove_damaged(directory, &n_missing));
    if (!n_missing)
        return DAGPOLE_OK;
    return dp_directory_check_room("StarPU", directory, N_WRITTEN, BYTES_WRITTEN);
}

/* ---- a start ------------------------------------------------------------------------------ */

/* StarPU 1.4 measures the nodes of the machine whether it will tell them apart or not. */
static int counts_nodes(void) {
#if STARPU_MAJOR_VERSION == 1 && STARPU_MINOR_VERSION < 4
    const char *use_numa = dp_env_starpu_use_numa();
    return use_numa && strtol(use_numa, NULL, 10) > 0;
#else
    return 1;
#endif
}

/* Says so where starpu_init will take long, because it measures the NUMA nodes first. */
static void announce_calibration(dp_runtime *runtime, const char *directory) {
    char path[FILE_PATH_BYTES];
    dp_machine machine;
    if (!counts_nodes() || dp_machine_get(&machine) != DAGPOLE_OK || machine.numa_nodes < 2 ||
        !find_file(directory, "config", path) || access(path, F_OK) == 0)
        return;
    dp_runtime_log(runtime,
                   "StarPU's first start on this machine measures the copies between its %d NUMA "
                   "nodes: 8 nodes take about 20 s",
                   machine.numa_nodes);
}

dagpole_status dp_starpu_open_files(dp_runtime *runtime, const char *directory, int *lock) {
    *lock = dp_directory_lock(directory, MOST_WAIT_S);
    dagpole_status status = ready_files(directory);
    if (status == DAGPOLE_OK) {
        announce_calibration(runtime, directory);
    } else {
        dp_directory_unlock(*lock);
        *lock = -1;
    }
    return status;
}
