/* A kernel of the caller's, from what is given to operators that are known to hold the digits. */
#ifndef DP_API_USER_H
#define DP_API_USER_H

#include "api/internal.h"
#include "kernel/user_report.h"

/* What is learned of a kernel at the scales of a plan's levels. */
typedef struct dp_user_survey {
    int has_permutations;          /* of the axes, as symmetries */
    double size[DP_MAX_DEPTH + 1]; /* root mean square of the values in the reach of a V list */
    double near_size;              /* and within a leaf */
    double error; /* of the operators so far, in units of what is allowed; 0: there were none */
} dp_user_survey;

/* Measures, at random points: that the kernel is the same everywhere, symmetric, even in each
 * coordinate, of the degree that it is said to be of, that gradients are the gradient of values,
 * and second derivatives those of gradients. UNSUPPORTED with what fails; NUMERIC where a value is
 * not finite. */
dagpole_status dp_user_check(const dp_user *user, const dp_cube *cube, int depth, int digits,
                             dp_user_survey *survey);

/* For a plan with such a kernel, once its points have their tree: the same, and chooses p and
 * svd_cutoff where the options do not. UNSUPPORTED also where no equivalent surfaces hold the
 * digits, with those that they hold. */
dagpole_status dp_plan_settle_user(dagpole_plan *plan, dp_user_survey *survey);

/* And once its operators are there: whether these hold the digits. Where they do not p is raised,
 * and they are to be built anew; UNSUPPORTED where that is of no use. */
dagpole_status dp_plan_prove_user(dagpole_plan *plan, dp_user_survey *survey, int *is_good);

#endif
