/* The operators as tasks: one file each, with all there is to an operator as a task. Its arithmetic
 * is in operators/ and kernel/. */
#ifndef DP_OPS_OP_H
#define DP_OPS_OP_H

#include "kernel/strip.h"
#include "operators/apply.h"
#include "ops/task.h"

/* The arrays of one evaluation, in the caller's order. Only GATHER and SCATTER look into them: what
 * lies between is in doubles whatever they hold. */
typedef struct dp_call {
    const void *charges, *dipoles; /* what the plan's sources carry */
    /* Each NULL where it is not wanted. */
    void *potentials, *gradients, *hessians, *pressures;
    int is_float;     /* 1: all hold floats, 0: doubles */
    int is_near_only; /* 1: what P2P sums, and nothing else */
    /* That the arrays hold, the parts of values (dp_shape) counted apart, though they lie together
     * there: at most the plan's, whose others are 0. */
    int n_vectors;
    int first_vector; /* which of all vectors these begin with, for who names one */
    /* How far apart the arrays' values are from vector to vector and from point to point, counted
     * in values: a dipole, a gradient, a Hessian is one, complex or not. */
    int64_t source_vector, target_vector, point;
    /* Per vector of the plan: fields count its charges in units of 2^charge_exponent. */
    const int *charge_exponent;
} dp_call;

/* Rows of sums that the call wants. */
static inline int dp_call_sums(const dp_call *call) {
    return call->hessians ? DP_HESSIAN : call->gradients ? DP_GRADIENT : DP_POTENTIAL;
}

/* One vector of doubles, of so many parts a value, as they are: charges neither too large nor too
 * small. */
static inline dp_call dp_call_of_one(int n_parts, const double *charges, double *potentials,
                                     double *gradients) {
    static const int no_exponent[DP_FLOW_PARTS];
    return (dp_call){.charges = charges,
                     .potentials = potentials,
                     .gradients = gradients,
                     .n_vectors = n_parts,
                     .point = 1,
                     .charge_exponent = no_exponent};
}

/* What a running task may use beside its work and its fields. */
typedef struct dp_worker {
    const dp_operators *operators; /* the plan's, or a copy on the worker's NUMA node */
    dp_scratch scratch;
    dp_strip targets, sources; /* what P2P packs */
    const dp_call *call;
} dp_worker;

/* The operators of a level, as this worker has them. */
static inline const dp_operator_set *dp_worker_set(const dp_worker *worker, int level) {
    return worker->operators->level[level];
}

typedef struct dp_op {
    const char *name;

    /* Once per plan: names the fields (the first is what the task writes), lists the work and adds
     * up its cost. No work: no task. NO_MEMORY. */
    dagpole_status (*plan)(const dp_layout *layout, int32_t block, dp_task *task);

    /* fields: where the named fields lie, in their order. It gets nothing else, so that it can run
     * wherever its fields are. */
    dagpole_status (*run)(const void *work, void *const *fields, dp_worker *worker);
} dp_op;

extern const dp_op dp_op_gather, dp_op_p2m, dp_op_m2m, dp_op_m2l, dp_op_p2l, dp_op_l2l, dp_op_l2p,
    dp_op_m2p, dp_op_p2p, dp_op_scatter;

#endif
