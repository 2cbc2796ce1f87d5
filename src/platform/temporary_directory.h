/* The temporary directory of StarPU's files, for signal handlers: StarPU writes there at moments of
 * its own, and the one who would remove it is not asked when a signal ends the process. */
#ifndef DP_PLATFORM_TEMPORARY_DIRECTORY_H
#define DP_PLATFORM_TEMPORARY_DIRECTORY_H

#include "base/status.h"

/* dp_directory_make_temporary, and notes the directory before a signal can come to this thread. One
 * at a time. A path of 256 bytes or more is not noted. */
dagpole_status dp_temporary_directory_make(const char *parent, char *path, size_t bytes);

/* It is gone, or, in the child of a fork, the parent's. */
void dp_temporary_directory_forget(void);

/* Removes the one that is noted with all that is in it; async-signal-safe.
 * dagpole_remove_temporaries() calls it. */
void dp_temporary_directory_remove(void);

#endif
