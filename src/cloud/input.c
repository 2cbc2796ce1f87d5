#include "cloud/input.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* Appends to the buffer, whose used part is dropped first; what it holds stays where it is full. */
static dagpole_status fill(dp_input *input) {
    memmove(input->buffer, input->buffer + input->begin, input->end - input->begin);
    input->end -= input->begin;
    input->begin = 0;
    while (input->end < DP_INPUT_BYTES) {
        ssize_t n = read(input->fd, input->buffer + input->end, DP_INPUT_BYTES - input->end);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return dp_fail(DAGPOLE_FILE, "cannot read '%.250s': %s", input->path, strerror(errno));
        if (n == 0)
            break;
        input->end += (size_t)n;
    }
    return DAGPOLE_OK;
}

static dagpole_status open_input(dp_input *input) {
    input->locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (input->locale == (locale_t)0)
        return dp_fail(DAGPOLE_NO_MEMORY, "cannot make the C locale");
    input->fd = open(input->path, O_RDONLY | O_CLOEXEC);
    if (input->fd < 0)
        return dp_fail(DAGPOLE_FILE, "cannot open '%.250s': %s", input->path, strerror(errno));
    return fill(input);
}

dagpole_status dp_input_open(const char *path, dp_input **input) {
    *input = NULL;
    dp_input *made = dp_alloc(1, sizeof *made);
    if (!made)
        return DAGPOLE_NO_MEMORY;
    made->path = path;
    made->fd = -1;
    made->text = NULL;
    made->capacity = made->begin = made->end = 0;
    made->line = 0;
    dagpole_status status = open_input(made);
    if (status == DAGPOLE_OK)
        *input = made;
    else
        dp_input_close(made);
    return status;
}

void dp_input_close(dp_input *input) {
    if (!input)
        return;
    if (input->fd >= 0)
        close(input->fd);
    if (input->locale != (locale_t)0)
        freelocale(input->locale);
    dp_free(input->text);
    dp_free(input);
}

dagpole_status dp_input_bytes(dp_input *input, void *bytes, size_t asked, size_t *read) {
    for (*read = 0; *read < asked;) {
        size_t there = input->end - input->begin, n = asked - *read;
        if (!there) {
            DP_TRY(fill(input));
            if (!input->end)
                return DAGPOLE_OK;
            continue;
        }
        n = n < there ? n : there;
        memcpy((char *)bytes + *read, input->buffer + input->begin, n);
        input->begin += n;
        *read += n;
    }
    return DAGPOLE_OK;
}

/* n characters behind the `length` that text holds, and a zero after them. */
static dagpole_status append(dp_input *input, size_t length, const unsigned char *bytes, size_t n) {
    if (length + n >= input->capacity) {
        size_t capacity = 2 * (length + n) + 256;
        char *text = dp_realloc(input->text, input->capacity, capacity, 1);
        if (!text)
            return DAGPOLE_NO_MEMORY;
        input->text = text;
        input->capacity = capacity;
    }
    memcpy(input->text + length, bytes, n);
    input->text[length + n] = '\0';
    return DAGPOLE_OK;
}

/* Moves past the end of a line, of which the first character is next. */
static dagpole_status pass_line_end(dp_input *input) {
    int is_return = input->buffer[input->begin++] == '\r';
    if (is_return && input->begin == input->end)
        DP_TRY(fill(input));
    if (is_return && input->begin < input->end && input->buffer[input->begin] == '\n')
        input->begin++;
    return DAGPOLE_OK;
}

dagpole_status dp_input_line(dp_input *input, int *is_there) {
    for (size_t length = 0, n = 0;; length += n) {
        if (input->begin == input->end)
            DP_TRY(fill(input));
        const unsigned char *next = input->buffer + input->begin;
        size_t there = input->end - input->begin;
        for (n = 0; n < there && next[n] != '\n' && next[n] != '\r' && next[n]; n++)
            ;
        *is_there = length + there > 0;
        input->line += *is_there && length == 0;
        if (!*is_there)
            return DAGPOLE_OK;
        DP_TRY(append(input, length, next, n));
        input->begin += n;
        if (!there)
            return DAGPOLE_OK;
        if (n < there && !next[n])
            return dp_input_bad_line(input, "a byte of value zero follows, so that it is no text");
        if (n < there)
            return pass_line_end(input);
    }
}

dagpole_status dp_input_bad_line(const dp_input *input, const char *needed) {
    char shown[61];
    size_t n = 0;
    for (; n + 1 < sizeof shown && input->text[n]; n++)
        shown[n] = isprint((unsigned char)input->text[n]) ? input->text[n] : '?';
    shown[n] = '\0';
    return dp_fail(DAGPOLE_FILE, "line %ld of '%.200s' is '%s': %s", input->line, input->path,
                   shown, needed);
}
