/* Status codes and the one sentence that goes with a failure. The text is per thread; a failure in
 * a task is carried to the calling thread by the runtime (runtime/), which sets it again there. */
#ifndef DP_BASE_STATUS_H
#define DP_BASE_STATUS_H

#include "dagpole.h"

/* Sets this thread's error text and returns status. */
dagpole_status dp_fail(dagpole_status status, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Returns from the calling function where the expression is not OK. */
#define DP_TRY(expression)                                                                         \
    do {                                                                                           \
        dagpole_status dp_status_ = (expression);                                                  \
        if (dp_status_ != DAGPOLE_OK)                                                              \
            return dp_status_;                                                                     \
    } while (0)

#define DP_ERROR_TEXT_BYTES 512

#endif
