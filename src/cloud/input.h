/* A file of points as a stream of bytes or of lines. It may be a pipe: nothing is read twice. */
#ifndef DP_CLOUD_INPUT_H
#define DP_CLOUD_INPUT_H

#include <locale.h>

#include "base/memory.h"

enum { DP_INPUT_BYTES = 65536 };

typedef struct dp_input {
    const char *path;
    int fd;
    locale_t locale; /* "C": the application's may want a decimal comma */
    char *text;      /* the line last read, without its end; never NULL after the first */
    size_t capacity; /* of text */
    long line;       /* its number, from 1 */
    size_t begin, end;
    unsigned char buffer[DP_INPUT_BYTES]; /* what is read and not used: begin to end */
} dp_input;

/* Opens path and fills the buffer as far as the file goes. path is kept, not copied. Statuses:
 * FILE, NO_MEMORY. NULL is allowed in close. */
dagpole_status dp_input_open(const char *path, dp_input **input);
void dp_input_close(dp_input *input);

/* Up to so many bytes; *read is less than asked for at the end of the file alone. */
dagpole_status dp_input_bytes(dp_input *input, void *bytes, size_t asked, size_t *read);

/* The next line, of any length, into text; it ends with LF, CR LF, CR or the file. *is_there: 0 at
 * the end of the file. FILE where it holds a byte of value zero. */
dagpole_status dp_input_line(dp_input *input, int *is_there);

/* FILE with a sentence that shows the line last read and says what is needed. */
dagpole_status dp_input_bad_line(const dp_input *input, const char *needed);

#endif
