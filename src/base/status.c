#include "base/status.h"

#include <stdarg.h>
#include <stdio.h>

static _Thread_local char error_text[DP_ERROR_TEXT_BYTES];

dagpole_status dp_fail(dagpole_status status, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error_text, sizeof error_text, format, arguments);
    va_end(arguments);
    return status;
}

const char *dagpole_last_error(void) {
    return error_text;
}

const char *dagpole_status_name(dagpole_status status) {
    static const char *const names[] = {
        "DAGPOLE_OK",        "DAGPOLE_BAD_ARGUMENT", "DAGPOLE_WRONG_STATE", "DAGPOLE_NO_MEMORY",
        "DAGPOLE_NUMERIC",   "DAGPOLE_FILE",         "DAGPOLE_UNSUPPORTED", "DAGPOLE_RUNTIME",
        "DAGPOLE_CANCELLED", "DAGPOLE_INTERNAL",
    };
    if ((size_t)status >= sizeof names / sizeof names[0])
        return "unknown status";
    return names[status];
}

const char *dagpole_version(void) {
    return "0.1.0";
}
