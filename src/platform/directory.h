#ifndef DP_PLATFORM_DIRECTORY_H
#define DP_PLATFORM_DIRECTORY_H

#include "base/status.h"

/* The longest path that Linux takes, with its end. */
enum { DP_PATH_BYTES = 4096 };

/* Makes a directory and those above it, where they are missing, and checks that files can be made
 * in it. FILE with a sentence that begins with `what`. */
dagpole_status dp_directory_make(const char *what, const char *path);

#endif
