#include "forecast/forecast.h"

#include <math.h>

#include "runtime/runtime.h"

/* A limit takes at least this share of the time; else the work itself is the limit. */
#define LEAST_SHARE 0.05

/* Other blocks and submitters are tried where that could gain as much of the time. */
#define WORTH_TRYING 0.02

/* Other blocks or more threads are better where they gain at least so much. */
#define NEARLY 1.01

/* Two threads take three quarters of the time that one takes for a task (src/README.md): half of it
 * is shared by all. More threads are reckoned by the same rule. */
static double submit_s(double alone_s, int n_submitters) {
    return alone_s * (1 + 1.0 / n_submitters) / 2;
}

static dagpole_status schedule(const dp_cut *cut, const dp_site *site, dp_schedule *made) {
    return dp_schedule_make(&cut->graph->stream, &cut->successors, site, NULL, made);
}

dagpole_status dp_forecast_alone(const dp_forecast_request *request, double *seconds) {
    dp_forecast_request alone = *request;
    dp_schedule made;
    dp_cut cut;
    alone.site.n_workers = alone.site.n_nodes = 1;
    dagpole_status status = dp_cut_make(&alone, request->problem->n_cores, 1, &cut);
    if (status == DAGPOLE_OK)
        status = schedule(&cut, &alone.site, &made);
    if (status == DAGPOLE_OK)
        *seconds = made.makespan;
    dp_cut_free(&cut);
    return status;
}

/* ---- what limits it ------------------------------------------------------------------------ */

/* What the schedule gains where the site has one of its costs less. */
static dagpole_status gain(const dp_cut *cut, const dp_site *less, double seconds, double *gained) {
    dp_schedule made;
    DP_TRY(schedule(cut, less, &made));
    *gained = fmax(0, seconds - made.makespan);
    return DAGPOLE_OK;
}

/* Tasks may be too short for what the runtime takes for each, or too long to fill all workers: what
 * a schedule without costs takes beyond the least that work and span allow. */
static dagpole_status granularity(const dp_cut *cut, const dp_site *site, double least,
                                  dagpole_forecast *f) {
    dp_site less = *site;
    dp_schedule made;
    less.task_s = less.access_s = 0;
    DP_TRY(gain(cut, &less, f->seconds, &f->lost_s[DAGPOLE_LIMIT_GRANULARITY]));
    less.submit_s = 0;
    less.local_rate = less.remote_rate = INFINITY;
    DP_TRY(schedule(cut, &less, &made));
    f->lost_s[DAGPOLE_LIMIT_GRANULARITY] += fmax(0, made.makespan - least);
    return DAGPOLE_OK;
}

static dagpole_limit largest(const dagpole_forecast *f) {
    dagpole_limit limit = DAGPOLE_LIMIT_WORK;
    double most = LEAST_SHARE * f->seconds;
    for (int i = DAGPOLE_LIMIT_WORK + 1; i < DAGPOLE_N_LIMITS; i++)
        if (f->lost_s[i] > most) {
            limit = (dagpole_limit)i;
            most = f->lost_s[i];
        }
    return limit;
}

static dagpole_status find_limit(const dp_cut *cut, const dp_site *site, dagpole_forecast *f) {
    double share = cut->work_s / site->n_workers;
    dp_site less = *site;
    f->lost_s[DAGPOLE_LIMIT_WORK] = share;
    f->lost_s[DAGPOLE_LIMIT_SPAN] = fmax(0, cut->span_s - share);
    less.submit_s = 0;
    DP_TRY(gain(cut, &less, f->seconds, &f->lost_s[DAGPOLE_LIMIT_SUBMISSION]));
    less = *site;
    less.local_rate = INFINITY;
    DP_TRY(gain(cut, &less, f->seconds, &f->lost_s[DAGPOLE_LIMIT_BANDWIDTH]));
    less = *site;
    less.remote_rate = INFINITY;
    DP_TRY(gain(cut, &less, f->seconds, &f->lost_s[DAGPOLE_LIMIT_REMOTE]));
    DP_TRY(granularity(cut, site, fmax(share, cut->span_s), f));
    f->limit = largest(f);
    return DAGPOLE_OK;
}

/* ---- what would be best -------------------------------------------------------------------- */

/* Threads that submit, as they are tried. */
static const int submitters[] = {1, 2, 4};
enum { N_SUBMITTERS = sizeof submitters / sizeof submitters[0] };

/* Notes what the cut gives where that is better than the best so far; *seconds: its best. */
static dagpole_status try_submitters(const dp_forecast_request *request, const dp_cut *cut,
                                     double *seconds, dagpole_forecast *f) {
    *seconds = INFINITY;
    for (int i = 0; i < N_SUBMITTERS; i++) {
        dp_site site = request->site;
        dp_schedule made;
        site.submit_s = submit_s(request->site.submit_s, submitters[i]);
        DP_TRY(schedule(cut, &site, &made));
        if (NEARLY * made.makespan < *seconds)
            *seconds = made.makespan;
        if (NEARLY * made.makespan >= f->best_s)
            continue;
        f->best_s = made.makespan;
        f->best_submitters = submitters[i];
        f->best_blocks = cut->graph->layout.blocks.n;
        f->best_tasks = cut->graph->stream.n_records;
    }
    return DAGPOLE_OK;
}

static dagpole_status try_blocks(const dp_forecast_request *request, int n_cores, double scale,
                                 double *seconds, dagpole_forecast *f) {
    dp_cut cut;
    dagpole_status status = dp_cut_make(request, n_cores, scale, &cut);
    if (status == DAGPOLE_OK)
        status = try_submitters(request, &cut, seconds, f);
    dp_cut_free(&cut);
    return status;
}

/* Blocks twice as large, and again, while that gains; the same with smaller ones. */
static dagpole_status climb(const dp_forecast_request *request, int n_cores, double factor,
                            double before, dagpole_forecast *f) {
    enum { MOST_STEPS = 4 };
    double scale = 1;
    for (int step = 0; step < MOST_STEPS; step++) {
        double seconds;
        scale *= factor;
        DP_TRY(try_blocks(request, n_cores, scale, &seconds, f));
        if (seconds >= before)
            break;
        before = seconds;
    }
    return DAGPOLE_OK;
}

/* Where options set the size of blocks, every cut has the same. */
static dagpole_status find_best(const dp_forecast_request *request, const dp_cut *cut, int n_cores,
                                dagpole_forecast *f) {
    double ours, least = f->lost_s[DAGPOLE_LIMIT_WORK];
    f->best_s = f->seconds;
    f->best_submitters = f->submitters;
    f->best_blocks = f->n_blocks;
    f->best_tasks = f->n_tasks;
    if (f->seconds - least < WORTH_TRYING * f->seconds)
        return DAGPOLE_OK;
    DP_TRY(try_submitters(request, cut, &ours, f));
    if (request->problem->block_boxes)
        return DAGPOLE_OK;
    DP_TRY(climb(request, n_cores, 2, ours, f));
    return climb(request, n_cores, 0.5, ours, f);
}

/* ---- a forecast ---------------------------------------------------------------------------- */

static dagpole_status describe(const dp_cut *cut, const dp_site *site, dagpole_forecast *f) {
    dp_schedule made;
    DP_TRY(schedule(cut, site, &made));
    double all = made.makespan * site->n_workers;
    f->seconds = made.makespan;
    f->n_blocks = cut->graph->layout.blocks.n;
    f->n_tasks = cut->graph->stream.n_records;
    f->work_s = cut->work_s;
    f->span_s = cut->span_s;
    f->share_tasks = all > 0 ? made.tasks_s / all : 0;
    f->share_runtime = all > 0 ? made.runtime_s / all : 0;
    f->share_idle = 1 - f->share_tasks - f->share_runtime;
    f->bytes_remote = made.bytes_remote;
    if (site->n_nodes > 1)
        dp_stream_bytes(&cut->graph->stream, &f->bytes_read, &f->bytes_remote_at_home);
    return find_limit(cut, site, f);
}

/* A smaller machine than this one has this one's blocks. */
static int cores_of(const dp_forecast_request *request) {
    int there = request->site.n_workers, here = request->problem->n_cores;
    return there > here ? there : here;
}

static int submitters_of(const dp_forecast_request *request) {
    return request->n_submitters ? request->n_submitters
                                 : dp_runtime_submitters(request->site.n_workers);
}

dagpole_status dp_forecast_times(const dp_forecast_request *request, dp_cut *cut,
                                 dp_record_times **times, double *seconds) {
    dp_site site = request->site;
    dp_schedule made;
    *times = NULL;
    site.submit_s = submit_s(site.submit_s, submitters_of(request));
    DP_TRY(dp_cut_make(request, cores_of(request), 1, cut));
    *times = dp_alloc((size_t)cut->graph->stream.n_records, sizeof **times);
    if (!*times)
        return DAGPOLE_NO_MEMORY;
    DP_TRY(dp_schedule_make(&cut->graph->stream, &cut->successors, &site, *times, &made));
    *seconds = made.makespan;
    return DAGPOLE_OK;
}

dagpole_status dp_forecast_make(const dp_forecast_request *request, dagpole_forecast *f) {
    dp_site site = request->site;
    int n_cores = cores_of(request);
    dp_cut cut;
    f->workers = site.n_workers;
    f->nodes = site.n_nodes;
    f->submitters = submitters_of(request);
    site.submit_s = submit_s(site.submit_s, f->submitters);
    dagpole_status status = dp_cut_make(request, n_cores, 1, &cut);
    if (status == DAGPOLE_OK)
        status = describe(&cut, &site, f);
    if (status == DAGPOLE_OK)
        status = find_best(request, &cut, n_cores, f);
    dp_cut_free(&cut);
    return status;
}
