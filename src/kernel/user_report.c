#include "kernel/user_report.h"

#include <math.h>
#include <stdio.h>

/* The caller's index of the point at a position; -1: none lies there. */
static int64_t index_of(const dp_points *points, const double at[3]) {
    for (int64_t i = 0; i < points->n; i++)
        if (points->x[i] == at[0] && points->y[i] == at[1] && points->z[i] == at[2])
            return points->origin[dp_points_first_copy(points, i)];
    return -1;
}

enum { TEXT = 160 };

static void describe(const char *name, const dp_points *points, int is_known, const double at[3],
                     double unit, char text[TEXT]) {
    int64_t index = is_known && points ? index_of(points, at) : -1;
    int n = 0;
    if (!is_known)
        snprintf(text, TEXT, "a point of a box's surface");
    else if (index >= 0)
        n = snprintf(text, TEXT, "%s[%lld]", name, (long long)index);
    else
        n = snprintf(text, TEXT, "one of the %s", name);
    if (is_known)
        snprintf(text + n, (size_t)(TEXT - n), " at (%.9g, %.9g, %.9g)", unit * at[0], unit * at[1],
                 unit * at[2]);
}

dagpole_status dp_user_report(const dp_user_work *work, const dp_points *sources,
                              const dp_points *targets) {
    const dp_user_failure *f = &work->failure;
    char target[TEXT], source[TEXT];
    int is_same = targets && targets == sources;
    describe(is_same ? "sources" : "targets", targets, f->has_target, f->target, work->user->unit,
             target);
    describe("sources", sources, f->has_source, f->source, work->user->unit, source);
    return dp_fail(DAGPOLE_NUMERIC,
                   "user_kernel gave %g for target %s and source %s: values must be finite where "
                   "points are apart",
                   f->value, target, source);
}
