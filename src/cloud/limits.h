/* How much a file or a caller may say that there is. */
#ifndef DP_CLOUD_LIMITS_H
#define DP_CLOUD_LIMITS_H

#include <stdint.h>

#define DP_CLOUD_MAX_POINTS ((int64_t)1 << 40)

#endif
