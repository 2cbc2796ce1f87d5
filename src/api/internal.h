/* The objects behind the opaque types. */
#ifndef DP_API_INTERNAL_H
#define DP_API_INTERNAL_H

#include <stdatomic.h>

#include "base/floating.h"
#include "graph/graph.h"
#include "model/leaf_size.h"
#include "platform/directory.h"
#include "platform/machine.h"
#include "runtime/runtime.h"
#include "tree/check.h"

/* Sources or targets of a call: sizes in bytes stay far from overflow. */
#define DP_MAX_POINTS ((int64_t)1 << 40)

/* Vectors of charges: so are their counts. */
#define DP_MAX_VECTORS (1 << 30)

/* Values of an array: the same. */
#define DP_MAX_VALUES ((int64_t)1 << 44)

/* The last of those who hold it frees it: the caller, until he destroys it, and its plans, whose
 * StarPU data ends with them. */
struct dagpole_context {
    atomic_int n_holders;
    atomic_int is_closed; /* destroyed by the caller: its plans can do no more than be destroyed */
    dp_runtime *runtime;
    dp_machine machine;
    dp_isa isa;
    dp_rates rates;                /* built in, or tuned and found in cache_dir */
    char cache_dir[DP_PATH_BYTES]; /* "" = none */
};

/* What is known of the tasks of the last evaluation. */
typedef enum dp_recorded {
    DP_RECORDED_OFF = 0,
    DP_RECORDED_NOTHING, /* no evaluation since recording was switched on */
    DP_RECORDED_FAILURE, /* it was cancelled or has failed */
    DP_RECORDED_ALL
} dp_recorded;

struct dagpole_plan {
    dagpole_context *context;
    dagpole_plan_options options; /* with every 0 replaced by what was chosen */
    dp_user *user;                /* the caller's own kernel, or NULL */
    int keeps_p, keeps_cutoff;    /* the caller set them */
    int digits;                   /* that operators are for: options.digits or more */
    double gap;                   /* from the sources to the targets, in extents of the sources */
    const dp_kernel *kernel;
    int64_t n_sources, n_targets; /* as given */
    dp_shape shape;               /* its vectors go through the graph together */
    int targets_are_sources;
    int is_direct, n_leaf; /* model/leaf_size.h */
    dp_points sources, own_targets;
    const dp_points *targets; /* &sources or &own_targets */
    dp_tree tree;
    dp_lists lists; /* freed once the graph is built */
    dp_operators *operators;
    dp_graph *graph;
    dp_execution *execution;
    dagpole_report report;
    dp_recorded recorded;
    double fastest_s, fastest_operator_s[DAGPOLE_N_OPERATORS]; /* of the evaluations so far */
    /* Units of each vector's charges in sums and in expansions, of the last batch. */
    int charge_exponent[DP_MOST_VECTORS], far_charge_exponent[DP_MOST_VECTORS];
    double *charge_work; /* for finding them */
    int has_failed;      /* the last evaluation, or near sums since: fields are not complete */
    atomic_flag is_busy; /* an evaluation or a query that reads fields is running */
};

/* Every plan holds its context. */
void dp_context_hold(dagpole_context *context);
void dp_context_release(dagpole_context *context);

/* BAD_ARGUMENT for NULL, WRONG_STATE where the context has been destroyed. */
dagpole_status dp_plan_check(const dagpole_plan *plan);

/* BAD_ARGUMENT where what `name` names is neither 0 nor 1. */
dagpole_status dp_check_flag(const char *name, int value);

/* The plan is busy with the caller in between. WRONG_STATE where it is with another. (Callers who
 * only look take a const plan.) */
dagpole_status dp_plan_begin(const dagpole_plan *plan);
void dp_plan_end(const dagpole_plan *plan);

/* What the plan asks the cost model for, options.n_crit being 0 or the leaf size that was asked for
 * or chosen. targets NULL: the sources are the targets. */
dp_leaf_request dp_plan_leaf_request(const dagpole_plan *plan, const dp_bounds *bounds,
                                     const double *sources, const double *targets);

/* Where all targets are far from the sources: takes the parameters of more digits. Between lists
 * and operators. */
dagpole_status dp_plan_settle_digits(dagpole_plan *plan);
dp_accuracy dp_plan_accuracy(const dagpole_plan *plan);

/* The operators that the plan's tree needs. */
dp_operators_request dp_plan_operators_request(const dagpole_plan *plan);

/* The lists of the plan's tree. */
dagpole_status dp_plan_lists(const dp_team *team, const dagpole_plan *plan, dp_lists *lists);

/* The arrays of an evaluation. */
typedef struct dp_arrays {
    const void *charges, *dipoles;
    void *potentials, *gradients, *hessians, *pressures; /* NULL where not wanted */
    int is_float;
    int is_near_only; /* 1: one vector, and what P2P sums of it */
} dp_arrays;

/* Runs the plan's graph, once for each batch of vectors; evaluations proper are entered in the
 * report. */
dagpole_status dp_plan_run(dagpole_plan *plan, dp_arrays arrays);

/* WRONG_STATE where the tasks of the last evaluation are not known: whoever gets an OK finds them
 * in dp_execution_times(plan->execution). The plan is to be busy with the caller. */
dagpole_status dp_plan_check_recorded(const dagpole_plan *plan);

/* What dagpole_plan_expansions and dagpole_plan_tasks do, for a plan that is busy with the caller.
 * Where times are not recorded, tasks have none, and no worker (-1). */
dagpole_status dp_plan_expansions(const dagpole_plan *plan, int32_t box, double *multipole,
                                  double *local, double *potentials);
dagpole_status dp_plan_list_tasks(const dagpole_plan *plan, dagpole_tasks *all);

/* UNSUPPORTED where vectors go through the graph in batches, whose last alone would be told of. */
dagpole_status dp_plan_check_batches(const dagpole_plan *plan, const char *what);

/* UNSUPPORTED where values are complex. */
dagpole_status dp_plan_check_real(const dagpole_plan *plan, const char *what);

/* WRONG_STATE where no evaluation left expansions, or the last one failed; UNSUPPORTED where they
 * are of the last batch alone. */
dagpole_status dp_plan_check_expansions(const dagpole_plan *plan);

/* The same of any graph; execution NULL: of one that never runs, times NULL: without.
 * all->task_size, n_workers and evaluate_s are the caller's. NO_MEMORY. */
dagpole_status dp_tasks_list(const dp_graph *graph, const dp_execution *execution,
                             const dp_record_times *times, dagpole_tasks *all);

/* BAD_ARGUMENT where a caller's sizes are not set. */
dagpole_status dp_tasks_check(const dagpole_tasks *tasks);

/* Of one vector; of complex values the two parts. */
dp_shape dp_options_shape(const dagpole_plan_options *resolved);

/* What most evaluations are expected to want: DP_POTENTIAL, ... */
int dp_options_sums(const dagpole_plan_options *resolved);

/* BAD_ARGUMENT where there is no such kernel. */
dagpole_status dp_check_kernel(dagpole_kernel kernel);

/* BAD_ARGUMENT where the values of all vectors do not lie apart, or where they lie cannot be
 * counted. */
dagpole_status dp_check_strides(const dagpole_plan_options *resolved, int64_t n_points);

/* BAD_ARGUMENT where what sources carry is missing or unexpected, or no result is wanted. */
dagpole_status dp_check_values(const dagpole_plan_options *resolved, int64_t n_sources,
                               int64_t n_targets, const dp_arrays *arrays);

/* Reads a caller's values. */
dagpole_status dp_values_take(const dagpole_values *values, dp_arrays *arrays);

/* Checks the options and replaces zeros by what digits ask for, except n_crit, which depends on the
 * points. options NULL = defaults. */
dagpole_status dp_options_resolve(const dagpole_plan_options *options, dagpole_plan_options *out);
/* What n sources carry: that of vector v and source i is value v vector + i point, of as many
 * numbers as the kernel has of it; NULL where they carry none. */
typedef struct dp_given {
    int64_t n;
    const void *charges, *dipoles;
    const dp_widths *widths;
    int is_float, n_vectors;
    int64_t vector, point;
} dp_given;

/* Per vector the exponent of the unit in which its charges are counted, and its dipoles over
 * 2^length, so that neither large nor small ones leave the range of double on the way to results
 * that fit it (0 where all are 0), for every part of a value. work: DP_MAX_CHUNKS x
 * n_vectors. */
dagpole_status dp_charge_exponents(const dp_team *team, const dp_given *given, int length,
                                   double *work, int *exponent);

/* The same of one vector, in the calling thread. */
dagpole_status dp_charge_exponent(int64_t n, const double *charges, int *exponent);

/* The caller's kernel as it is to be used, with its defaults. BAD_ARGUMENT. */
dagpole_status dp_user_kernel_take(const dagpole_user_kernel *given, dagpole_user_kernel *taken);

/* The kernel of resolved options, and *user the caller's own, which is the caller's to destroy, or
 * NULL. NO_MEMORY. */
dagpole_status dp_options_kernel(const dagpole_plan_options *resolved, const dp_kernel **kernel,
                                 dp_user **user);

/* UNSUPPORTED where results of what sources carry (DAGPOLE_CHARGES, ...) take a callback that there
 * is none of. */
dagpole_status dp_user_check_callbacks(const dagpole_user_kernel *kernel, int sources,
                                       int has_gradients, int has_hessians);

/* The same of a plan's kernel; NULL: it is not the caller's. */
dagpole_status dp_user_check_results(const dp_user *user, int sources, int has_gradients,
                                     int has_hessians);

/* Counts and arrays of points, of either precision; targets NULL: the sources are the targets. */
dagpole_status dp_check_points(int64_t n_sources, const void *sources, int64_t n_targets,
                               const void *targets);

dp_accuracy dp_options_accuracy(const dagpole_plan_options *resolved);

/* UNSUPPORTED where waves are too short for operators of these options and root cube. */
dagpole_status dp_check_waves(const dagpole_plan_options *resolved, const dp_cube *cube,
                              const dp_operators_request *request);

/* Lambda in scaled coordinates. */
dp_lambda dp_scaled_lambda(const dagpole_plan_options *options, const dp_cube *cube);

#endif
