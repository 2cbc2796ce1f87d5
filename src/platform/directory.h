#ifndef DP_PLATFORM_DIRECTORY_H
#define DP_PLATFORM_DIRECTORY_H

#include <stddef.h>

#include "base/status.h"

/* The longest path that Linux takes, with its end. */
enum { DP_PATH_BYTES = 4096 };

/* Makes a directory and those above it, where they are missing, and checks that files can be made
 * in it. FILE with a sentence that begins with `what`. */
dagpole_status dp_directory_make(const char *what, const char *path);

/* Makes an empty directory of its own below `parent`: path becomes "parent/dagpole-......". */
dagpole_status dp_directory_make_temporary(const char *parent, char *path, size_t bytes);

/* Whether so many files of so many bytes each fit into a directory: they are written and removed. A
 * full disk lets files be made, and only writes to them fail. FILE with a sentence. */
dagpole_status dp_directory_check_room(const char *what, const char *path, int n_files,
                                       size_t bytes);

/* Waits until no other process holds the directory's lock, at most so many seconds, and takes it.
 * The lock goes with the process. -1 where it was not to be had: then work goes on without. */
int dp_directory_lock(const char *path, double most_s);
void dp_directory_unlock(int lock);

/* Removes a directory with all that is in it, as far as that can be done. */
void dp_directory_remove(const char *path);

#endif
