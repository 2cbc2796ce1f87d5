/* A stream list-scheduled on a machine that need not exist, by simulating events one after the
 * other. Tasks are chosen, stolen and handed on by the queues of the scheduling policy themselves
 * (runtime/queue.h).
 *
 * A record can run when it is submitted and all that it waits for has ended. Its worker then spends
 * what the runtime takes for a task, and the record's own time: its cost, stretched where the tasks
 * that run on the node ask more of its memory than that gives, and lengthened by the bytes that
 * come from other nodes. What a task meets is decided when it begins. (On one node and
 * without costs a list schedule is at most twice as long as the best one: Graham 1969. With
 * several, queues keep work at home while others idle.) Nothing here is measured. */
#ifndef DP_FORECAST_SCHEDULE_H
#define DP_FORECAST_SCHEDULE_H

#include "runtime/runtime.h"

/* A machine. Workers are spread evenly over its nodes, neighbours on one; all of a node share a
 * queue. Times in seconds, rates in bytes a second, INFINITY where there is no limit. */
typedef struct dp_site {
    int n_workers, n_nodes;  /* nodes are 0 ... n_nodes - 1 */
    double submit_s;         /* from one submitted record to the next, all submitters together */
    double task_s, access_s; /* a worker's time for a record beside its cost, and for each access */
    double local_rate;       /* of a node's memory, shared by its workers */
    double remote_rate;      /* into a node from all others, shared by the tasks that read there */
} dp_site;

typedef struct dp_schedule {
    double makespan;
    double tasks_s, runtime_s; /* of all workers, in records and in what the runtime takes */
    int64_t bytes_remote;      /* read by records on other nodes than they lie on */
} dp_schedule;

/* Row i: the records that wait for record i, ascending. NO_MEMORY. */
dagpole_status dp_schedule_successors(const dp_stream *stream, dp_csr *successors);

/* times: NULL, or room for those of each record. Records and fields have their homes on the site's
 * nodes. The same arguments give the same schedule. NO_MEMORY. */
dagpole_status dp_schedule_make(const dp_stream *stream, const dp_csr *successors,
                                const dp_site *site, dp_record_times *times, dp_schedule *schedule);

/* The node of a worker. */
static inline int dp_site_node(const dp_site *site, int worker) {
    return (int)((int64_t)worker * site->n_nodes / site->n_workers);
}

#endif
