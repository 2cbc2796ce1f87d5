/* What a callback that gave NaN or Inf is reported as. */
#ifndef DP_KERNEL_USER_REPORT_H
#define DP_KERNEL_USER_REPORT_H

#include "geometry/points.h"
#include "kernel/user.h"

/* NUMERIC, with a sentence that names the caller's points, for the failure that is set. NULL:
 * points that are not at hand are told by their coordinates. */
dagpole_status dp_user_report(const dp_user_work *work, const dp_points *sources,
                              const dp_points *targets);

#endif
