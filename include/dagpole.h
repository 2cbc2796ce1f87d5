/* dagpole: N-body potentials in three dimensions by the kernel-independent fast multipole method,
 * as a graph of tasks.
 *
 *   #include <dagpole.h>
 *   dagpole_context *context;
 *   dagpole_plan *plan;
 *   dagpole_plan_options options;
 *   dagpole_plan_options_init(&options);
 *   options.digits = 6;
 *   dagpole_context_create(NULL, &context);
 *   dagpole_plan_create(context, &options, n, points, 0, NULL, &plan);
 *   dagpole_plan_evaluate(plan, charges, potentials, NULL);
 *   dagpole_plan_destroy(plan);
 *   dagpole_context_destroy(context);
 *
 * computes potentials[j] = sum over i of charges[i] G(|points[j] - points[i]|), where a pair at
 * distance zero (closer than 2^-300 of the cloud's extent) contributes nothing. Every call returns
 * a status; after any status other than DAGPOLE_OK, dagpole_last_error() holds one sentence that
 * names the offending value.
 *
 * Ownership: the caller keeps every array it passes. Points are copied; charges and results are
 * touched only during the call. The library prints nothing, installs no signal handler and never
 * ends the process.
 *
 * Threads: objects may be used from any thread. Two threads may use two plans at once; on one plan
 * the second call returns DAGPOLE_WRONG_STATE.
 *
 * Environment (read in one place, when a context is created, the machine is queried or a direct sum
 * is taken): STARPU_SCHED (wins over dagpole_context_options.scheduler), STARPU_NCPU (used where
 * options.threads is 0), STARPU_USE_NUMA (refused where StarPU was built for fewer nodes),
 * XDG_CACHE_HOME and HOME (the default cache directory; with STARPU_HOME, StarPU's own directory,
 * which must be writable; STARPU_HOSTNAME names its files), DAGPOLE_ISA (portable, avx2 or avx512:
 * caps the instruction set in use). StarPU and hwloc read their own variables besides.
 */
#ifndef DAGPOLE_H
#define DAGPOLE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define DAGPOLE_API __attribute__((visibility("default")))
#else
#define DAGPOLE_API
#endif

/* ---- version ---------------------------------------------------------------------------- */

#define DAGPOLE_VERSION_MAJOR 0
#define DAGPOLE_VERSION_MINOR 1
#define DAGPOLE_VERSION_PATCH 0

/* "0.1.0": the version of the library that runs, which may differ from the header's. */
DAGPOLE_API const char *dagpole_version(void);

/* ---- status ----------------------------------------------------------------------------- */

typedef enum dagpole_status {
    DAGPOLE_OK = 0,
    DAGPOLE_BAD_ARGUMENT, /* a value out of range, a NULL where an array is needed */
    DAGPOLE_WRONG_STATE,  /* the plan is in use by another thread, the call comes too early */
    DAGPOLE_NO_MEMORY,    /* an allocation failed or a size overflows */
    DAGPOLE_NUMERIC,      /* NaN or Inf in the input, a factorisation that failed */
    DAGPOLE_FILE,         /* a file is missing, malformed or cannot be written */
    DAGPOLE_UNSUPPORTED,  /* legal, but not by this build or this machine */
    DAGPOLE_RUNTIME,      /* StarPU refused: no workers, a call that failed */
    DAGPOLE_CANCELLED,    /* the progress callback asked to stop */
    DAGPOLE_INTERNAL      /* a broken invariant: please report it */
} dagpole_status;

/* "DAGPOLE_OK", ...; never NULL. */
DAGPOLE_API const char *dagpole_status_name(dagpole_status status);

/* The sentence of this thread's failing call, until its next call; "" where none ever failed. After
 * a call that returned DAGPOLE_OK the text means nothing. */
DAGPOLE_API const char *dagpole_last_error(void);

/* ---- opaque types ----------------------------------------------------------------------- */

typedef struct dagpole_context dagpole_context; /* the runtime: workers, scheduler, cache */
typedef struct dagpole_plan dagpole_plan;       /* points, tree, operators and task graph */

/* ---- options ---------------------------------------------------------------------------- */

/* G(r): Laplace 1/(4 pi r), Yukawa exp(-lambda r)/(4 pi r). Gradients are with respect to the
 * target point. */
typedef enum dagpole_kernel { DAGPOLE_LAPLACE = 0, DAGPOLE_YUKAWA = 1 } dagpole_kernel;

/* Called from the thread that called the library, with the name of the stage ("tree", "lists",
 * "operators", "graph", "evaluate", "direct", "tune") and the fraction of it that is done, 0 to 1.
 * A value other than 0 asks to cancel: what runs drains, and the call returns DAGPOLE_CANCELLED.
 * Callbacks must not call the library. */
typedef int (*dagpole_progress_fn)(void *user, const char *stage, double fraction);

/* One line of text that a user may want to see, without a newline: what was granted, a cache file
 * that was not trusted. May come from the calling thread only. */
typedef void (*dagpole_log_fn)(void *user, const char *message);

typedef struct dagpole_context_options {
    size_t size;                  /* sizeof(dagpole_context_options), set by the init function */
    int threads;                  /* workers; 0 = STARPU_NCPU where set, else every core */
    const char *scheduler;        /* a StarPU policy by name, NULL = "lws"; STARPU_SCHED wins */
    const char *cache_dir;        /* of operators and tuned coefficients: NULL =
                                     $XDG_CACHE_HOME/dagpole, "" = none, and none are tuned */
    int serial;                   /* 1: run the task stream in the calling thread, without StarPU */
    dagpole_progress_fn progress; /* NULL = none */
    void *progress_user;
    dagpole_log_fn log; /* NULL = none */
    void *log_user;
} dagpole_context_options;

DAGPOLE_API void dagpole_context_options_init(dagpole_context_options *options);

typedef struct dagpole_plan_options {
    size_t size;           /* sizeof(dagpole_plan_options), set by the init function */
    dagpole_kernel kernel; /* DAGPOLE_LAPLACE */
    double lambda;         /* Yukawa's inverse length, > 0, in 1 / (unit of the coordinates) */
    int digits;            /* 3 ... 12: relative L2 error of the potentials at most 10^-digits, of
                              the gradients at most 10^-(digits - 1); 6 by default */
    /* For experts; 0 = chosen from digits, the points and the machine. */
    int p;      /* points along an edge of the equivalent surfaces, 3 ... 20 */
    int n_crit; /* most points in a leaf, 1 ... 100000; from n_sources on (plus n_targets, where
                   they are others) every pair is summed directly */
    double root_side; /* side of the root cube: the next larger one of its ladder, at most twice the
                         smallest around the points */
    double tolerance; /* relative cut of the compressed basis, 1e-15 ... 1e-1 */
    double svd_cutoff; /* relative cut of the pseudo-inverse, 1e-16 ... 1e-2 */
    int block_boxes;   /* boxes in a block (the unit of a task), 1 ... 100000 */
    /* For everybody: 1 where most evaluations will ask for gradients. They make near sums two to
     * three times as dear, so that smaller leaves are chosen, and perhaps another root cube; n_crit
     * and root_side, where set, are kept. Any plan evaluates both; 0 by default. */
    int gradients;
} dagpole_plan_options;

DAGPOLE_API void dagpole_plan_options_init(dagpole_plan_options *options);

/* ---- create, evaluate, destroy ---------------------------------------------------------- */

/* Makes a context; options NULL = all automatic. StarPU is one per process: the first context (or
 * the application, before) starts it and sets workers and scheduler; a later context gets a subset
 * of those workers. Between calls workers started here sleep; an application with StarPU tasks of
 * its own must therefore start StarPU before its first context.
 * Statuses: BAD_ARGUMENT (negative threads, unknown scheduler, more threads than there are),
 * NO_MEMORY, RUNTIME. */
DAGPOLE_API dagpole_status dagpole_context_create(const dagpole_context_options *options,
                                                  dagpole_context **context);

/* Plans of the context must be destroyed before. NULL is allowed. */
DAGPOLE_API void dagpole_context_destroy(dagpole_context *context);

/* Makes a plan for fixed points. sources: n_sources x 3 doubles, row-major, copied. targets:
 * n_targets x 3, copied; NULL (with n_targets 0 or n_sources): the sources are the targets, which
 * is faster than the same points given twice. Either count may be 0. Operators come from the cache
 * or are built. options NULL = Laplace, 6 digits.
 * Statuses: BAD_ARGUMENT, NO_MEMORY, NUMERIC (NaN or Inf, with its index), RUNTIME, CANCELLED. */
DAGPOLE_API dagpole_status dagpole_plan_create(dagpole_context *context,
                                               const dagpole_plan_options *options,
                                               int64_t n_sources, const double *sources,
                                               int64_t n_targets, const double *targets,
                                               dagpole_plan **plan);

/* Evaluates the plan for new charges, any number of times. StarPU's worker profiling is on
 * meanwhile (its setting is restored, its counters per worker start anew). charges: n_sources
 * doubles. potentials: n_targets doubles, in the caller's order of targets. gradients: n_targets x
 * 3 doubles row-major, or NULL where not wanted. After a status other than OK the contents of the
 * results are unspecified. Results are the same to the last bit for any number of workers and any
 * scheduler, on machines with the same model of processor, cores, caches, instruction set and
 * coefficients (dagpole_report).
 * Statuses: BAD_ARGUMENT, WRONG_STATE, NUMERIC (a charge that is NaN or Inf, a result that
 * overflows), NO_MEMORY, RUNTIME, CANCELLED. */
DAGPOLE_API dagpole_status dagpole_plan_evaluate(dagpole_plan *plan, const double *charges,
                                                 double *potentials, double *gradients);

/* The same two for arrays of floats, in the same shapes and with the same ownership. Any plan can
 * be evaluated by either call; all other calls take doubles. What lies between is in doubles too:
 * positions and charges are the exact doubles that the floats are, and each result is the one that
 * dagpole_plan_evaluate gives for those doubles, rounded to the nearest float. A float holds about
 * 7 digits (6e-8 of the value, fewer below 1.2e-38, none below 7e-46), so that options.digits above
 * 7 cost time and hardly show. While a tree is built, its points are held in doubles beside the
 * floats; an evaluation allocates nothing.
 * Statuses: as those two; NUMERIC also where a result is finite as a double and overflows a float
 * (3.4e38): dagpole_plan_evaluate gives it. */
DAGPOLE_API dagpole_status dagpole_plan_create_float(dagpole_context *context,
                                                     const dagpole_plan_options *options,
                                                     int64_t n_sources, const float *sources,
                                                     int64_t n_targets, const float *targets,
                                                     dagpole_plan **plan);
DAGPOLE_API dagpole_status dagpole_plan_evaluate_float(dagpole_plan *plan, const float *charges,
                                                       float *potentials, float *gradients);

/* NULL is allowed. */
DAGPOLE_API void dagpole_plan_destroy(dagpole_plan *plan);

/* Builds the operators that options ask for and keeps them in the context's cache, so that no plan
 * pays for it later. Yukawa's depend on the size of the root cube: root_side is what a report says
 * of it (or the extent of the points, for plans with root_side set to that) and depth the deepest
 * level; both are ignored for Laplace.
 * Statuses: as dagpole_plan_create, FILE where the cache cannot be written. */
DAGPOLE_API dagpole_status dagpole_precompute(dagpole_context *context,
                                              const dagpole_plan_options *options, double root_side,
                                              int depth);

/* One coefficient of the cost model, in seconds of one core. */
typedef struct dagpole_coefficient {
    char name[32]; /* "pair_laplace", "flop", ... */
    double built_in, tuned;
} dagpole_coefficient;

typedef struct dagpole_tuning {
    size_t size;           /* set it to sizeof(dagpole_tuning) before the call */
    char coefficients[32]; /* as reports name them: "tuned", a date and a checksum */
    int n;
    dagpole_coefficient coefficient[32]; /* n of them */
} dagpole_tuning;

/* Measures what the operators cost on this machine, in the calling thread (one to three seconds),
 * and keeps it in the context's cache for its instruction set and this model of processor. Contexts
 * created from then on choose leaf sizes, root cubes and blocks by these coefficients instead of
 * the built-in ones; this one goes on as it is. Nothing else ever measures. tuning: NULL where it
 * is not wanted.
 * Statuses: BAD_ARGUMENT, FILE where the cache cannot be written, NO_MEMORY, CANCELLED; RUNTIME
 * where a coefficient cannot be believed, and nothing is kept. */
DAGPOLE_API dagpole_status dagpole_tune(dagpole_context *context, dagpole_tuning *tuning);

/* ---- queries ---------------------------------------------------------------------------- */

/* Estimates the bytes that a plan for so many points will hold, operators included, before it is
 * made. n_targets 0 = the sources are the targets. */
DAGPOLE_API dagpole_status dagpole_plan_estimate(const dagpole_plan_options *options,
                                                 int64_t n_sources, int64_t n_targets,
                                                 int64_t *bytes);

typedef enum dagpole_operator {
    DAGPOLE_GATHER = 0, /* charges from the caller's order */
    DAGPOLE_P2M,
    DAGPOLE_M2M,
    DAGPOLE_M2L,
    DAGPOLE_P2L,
    DAGPOLE_L2L,
    DAGPOLE_L2P,
    DAGPOLE_M2P,
    DAGPOLE_P2P,
    DAGPOLE_SCATTER, /* results to the caller's order */
    DAGPOLE_N_OPERATORS
} dagpole_operator;

/* "GATHER", "P2M", ...; never NULL. */
DAGPOLE_API const char *dagpole_operator_name(dagpole_operator op);

typedef struct dagpole_report {
    size_t size; /* set it to sizeof(dagpole_report) before the call */
    int64_t n_sources, n_targets;
    int64_t n_unique_sources, n_unique_targets; /* after merging identical positions */
    int64_t n_boxes, n_leaves;
    int depth;                             /* deepest level; the root is level 0 */
    double mean_u, mean_v, mean_w, mean_x; /* U, W per target leaf; V, X per target box */
    int64_t n_blocks, n_tasks;
    double work_over_span; /* estimated parallelism of the task graph */
    dagpole_kernel kernel;
    double lambda;
    int digits, p, n_crit, block_boxes;
    int machine_cores; /* where block_boxes is 0, blocks follow costs and these two */
    int64_t machine_cache_bytes;
    char coefficients[32]; /* of the cost model: "built-in", or "tuned", a date and a checksum */
    int expansion_size;    /* doubles in an expansion */
    double tolerance, svd_cutoff;
    double root_side, root_corner[3];
    int threads; /* workers granted */
    char scheduler[64], instruction_set[16];
    double tree_s, lists_s, operators_s, graph_s, setup_s; /* set-up, seconds; setup_s: total */
    int operators_cached; /* 1: every operator came from the cache */
    int64_t n_evaluations;
    /* of the last evaluation: */
    double evaluate_s;                             /* wall clock */
    double operator_s[DAGPOLE_N_OPERATORS];        /* summed over the workers */
    double share_tasks, share_runtime, share_idle; /* of the workers' time, sum 1 */
    int64_t bytes_plan, bytes_operators;           /* held */
} dagpole_report;

/* Fills *report. Statuses: BAD_ARGUMENT, WRONG_STATE. */
DAGPOLE_API dagpole_status dagpole_plan_report(const dagpole_plan *plan, dagpole_report *report);

typedef struct dagpole_box {
    size_t size; /* set it to sizeof(dagpole_box) before the call */
    int64_t index;
    uint64_t morton; /* Morton key at the box's level: 3 * level bits, x in the highest of three */
    int level, is_leaf;
    double centre[3], side;
    int64_t parent, first_child, n_children; /* box indices; -1 where there is none */
    /* ranges in the order of dagpole_plan_order(): the box holds [begin, end) */
    int64_t source_begin, source_end, target_begin, target_end;
} dagpole_box;

/* The box with this index, 0 ... n_boxes - 1; the root is 0, levels follow one another and a level
 * is in Morton order. Statuses: BAD_ARGUMENT. */
DAGPOLE_API dagpole_status dagpole_plan_box(const dagpole_plan *plan, int64_t index,
                                            dagpole_box *box);

/* The index of the box with this level and Morton key, -1 where the tree has no such box. */
DAGPOLE_API dagpole_status dagpole_plan_find_box(const dagpole_plan *plan, int level,
                                                 uint64_t morton, int64_t *index);

/* The expansions of a box after an evaluation: multipole and local, expansion_size doubles each,
 * coefficients in the compressed basis of the box's level, either may be NULL. potentials (NULL or
 * target_end - target_begin doubles): those of the box's targets in tree order.
 * Statuses: BAD_ARGUMENT, WRONG_STATE (nothing evaluated yet). */
DAGPOLE_API dagpole_status dagpole_plan_expansions(dagpole_plan *plan, int64_t index,
                                                   double *multipole, double *local,
                                                   double *potentials);

/* The caller's indices in tree order: source_order n_sources, target_order n_targets entries;
 * either may be NULL. */
DAGPOLE_API dagpole_status dagpole_plan_order(const dagpole_plan *plan, int64_t *source_order,
                                              int64_t *target_order);

/* The near field alone, the part that P2P sums, of n targets given by the caller's index, for
 * looking at the error of the far field. near_field sums in double precision; near_sums runs the
 * plan without its other operators, so that its sums are to the last bit those of an evaluation
 * (with gradients where gradients is not NULL), and leaves them in the plan as one does.
 * potentials n, gradients n x 3, either may be NULL. Statuses: as dagpole_plan_evaluate. */
DAGPOLE_API dagpole_status dagpole_plan_near_field(const dagpole_plan *plan, const double *charges,
                                                   int64_t n, const int64_t *targets,
                                                   double *potentials, double *gradients);
DAGPOLE_API dagpole_status dagpole_plan_near_sums(dagpole_plan *plan, const double *charges,
                                                  int64_t n, const int64_t *targets,
                                                  double *potentials, double *gradients);

/* Checks every invariant of the plan's tree and lists (order, coverage, 2:1 balance, list bounds,
 * each pair of leaves covered exactly once). Takes time quadratic in the leaves where exhaustive
 * is not 0. INTERNAL with a sentence where one is broken. */
DAGPOLE_API dagpole_status dagpole_plan_check(const dagpole_plan *plan, int exhaustive);

/* ---- direct sum ------------------------------------------------------------------------- */

/* The O(N^2) reference: potentials (n_targets) and gradients (n_targets x 3, or NULL) by direct
 * summation with compensation. Vectorised; parallel over the context's workers, context NULL = in
 * the calling thread. targets NULL = the sources. lambda is ignored for Laplace.
 * Statuses: BAD_ARGUMENT, NUMERIC, NO_MEMORY, RUNTIME, CANCELLED. */
DAGPOLE_API dagpole_status dagpole_direct(dagpole_context *context, dagpole_kernel kernel,
                                          double lambda, int64_t n_sources, const double *sources,
                                          const double *charges, int64_t n_targets,
                                          const double *targets, double *potentials,
                                          double *gradients);

/* ---- point clouds and files ------------------------------------------------------------- */

typedef struct dagpole_cloud {
    int64_t n_sources, n_targets; /* n_targets = n_sources where targets is NULL */
    double *sources;              /* n_sources x 3 */
    double *charges;              /* n_sources */
    double *targets;              /* n_targets x 3, or NULL: the sources are the targets */
} dagpole_cloud;

/* distribution: "cube" (uniform in [0, 1]^3), "sphere" (uniform on the unit sphere's surface),
 * "plummer" (scale 1, cut at radius 100), "ellipsoid" (surface, half axes 1, 1, 4). charges: "unit"
 * (all 1) or "mixed" (uniform in [-1, 1]). The same seed gives the same cloud everywhere. The
 * arrays are owned by *cloud: dagpole_cloud_free. Statuses: BAD_ARGUMENT, NO_MEMORY. */
DAGPOLE_API dagpole_status dagpole_cloud_generate(const char *distribution, int64_t n,
                                                  uint64_t seed, const char *charges,
                                                  dagpole_cloud *cloud);

/* Reads HDF5 (/sources, /charges, optional /targets; or PyExaFMM's particle_data/...; float32 or
 * float64) or text (x y z [q] a line, separated by blanks or commas; XYZ files; q = 1 where
 * missing). Statuses: FILE, NO_MEMORY, BAD_ARGUMENT. */
DAGPOLE_API dagpole_status dagpole_cloud_read(const char *path, dagpole_cloud *cloud);

/* Writes HDF5: to a temporary file beside path, then renamed. Statuses: FILE, BAD_ARGUMENT. */
DAGPOLE_API dagpole_status dagpole_cloud_write(const char *path, const dagpole_cloud *cloud);

/* Frees the arrays and sets the struct to zero. NULL is allowed. */
DAGPOLE_API void dagpole_cloud_free(dagpole_cloud *cloud);

/* Results and everything needed to repeat the run. */
typedef struct dagpole_results {
    int64_t n_targets;
    double *potentials;    /* n_targets */
    double *gradients;     /* n_targets x 3, or NULL */
    char input[1024];      /* path of the points file */
    dagpole_report report; /* written as attributes; read back as far as the file holds them */
} dagpole_results;

/* /potentials, /gradients and attributes; to a temporary file beside path, then renamed. */
DAGPOLE_API dagpole_status dagpole_results_write(const char *path, const dagpole_results *results);
DAGPOLE_API dagpole_status dagpole_results_read(const char *path, dagpole_results *results);
DAGPOLE_API void dagpole_results_free(dagpole_results *results);

/* Removes temporary files that a write in progress left, and may be called from a signal handler:
 * it only unlinks. For programs that end on Ctrl-C. */
DAGPOLE_API void dagpole_remove_temporaries(void);

/* ---- this machine ----------------------------------------------------------------------- */

typedef struct dagpole_machine {
    size_t size; /* set it to sizeof(dagpole_machine) before the call */
    int cores, numa_nodes, sockets;
    int64_t l1_bytes, l2_bytes, l3_bytes, memory_bytes;
    char instruction_set[16]; /* in use: "avx512", "avx2" or "portable" */
    char coefficients[32];    /* as in a report, of a context with this cache directory */
    char blas[128];           /* OpenBLAS version and core type */
    char starpu[32], hdf5[32], hwloc[32];
    int starpu_max_cpus, starpu_max_numa_nodes; /* limits StarPU was built with */
    char schedulers[1024];                      /* names StarPU lists, separated by spaces */
    char scheduler[64];                         /* what a context gets that asks for none */
    char cache_dir[1024];                       /* the default cache directory, "" = none */
    int64_t cache_files, cache_bytes;
} dagpole_machine;

/* Starts nothing. cache_dir NULL = the default one. */
DAGPOLE_API dagpole_status dagpole_machine_query(const char *cache_dir, dagpole_machine *machine);

#ifdef __cplusplus
}
#endif

#endif
