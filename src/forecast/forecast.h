/* What an evaluation would take on a machine that need not exist: the problem's own blocks and
 * tasks as they would be cut there, with times a task from this machine, list-scheduled
 * (forecast/schedule.h). All of it is foreseen, nothing measured. */
#ifndef DP_FORECAST_FORECAST_H
#define DP_FORECAST_FORECAST_H

#include "forecast/cut.h"

/* Seconds of one worker, of the blocks of this machine. BAD_ARGUMENT (layout/blocks.h), NO_MEMORY.
 */
dagpole_status dp_forecast_alone(const dp_forecast_request *request, double *seconds);

/* The cut for the request's machine, and when and where its records run: `times` has room for each
 * (dp_free), also after a failure, as the cut. The same statuses. */
dagpole_status dp_forecast_times(const dp_forecast_request *request, dp_cut *cut,
                                 dp_record_times **times, double *seconds);

/* Fills all but `size`, speed_up and efficiency. The same statuses. */
dagpole_status dp_forecast_make(const dp_forecast_request *request, dagpole_forecast *forecast);

#endif
