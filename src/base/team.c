#include "base/team.h"

static dagpole_status run_serial(const dp_team *team, int64_t n, dp_team_body body,
                                 void *argument) {
    (void)team;
    for (int64_t i = 0; i < n; i++)
        DP_TRY(body(argument, i));
    return DAGPOLE_OK;
}

const dp_team dp_team_serial = {.run = run_serial, .size = 1, .self = NULL};
