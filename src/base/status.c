#include "base/status.h"

#include "base/floating.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static _Thread_local char error_text[DP_ERROR_TEXT_BYTES];

dagpole_status dp_fail(dagpole_status status, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(error_text, sizeof error_text, format, arguments);
    va_end(arguments);
    if (length >= (int)sizeof error_text)
        memcpy(error_text + sizeof error_text - 4, "...", 4);
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
    return DAGPOLE_VERSION;
}

dagpole_status dagpole_version_check(int abi, int version_number) {
    DP_DEFAULT_FLOATING;
    if (abi != DAGPOLE_ABI)
        return dp_fail(
            DAGPOLE_UNSUPPORTED,
            "the program was compiled for ABI %d of dagpole, but this is dagpole %s with "
            "ABI %d: compile it anew",
            abi, DAGPOLE_VERSION, DAGPOLE_ABI);
    if (version_number > DAGPOLE_VERSION_NUMBER)
        return dp_fail(DAGPOLE_UNSUPPORTED,
                       "the program was compiled for dagpole %d.%d.%d, but this is dagpole %s: it "
                       "needs the newer one",
                       version_number / 10000, version_number / 100 % 100, version_number % 100,
                       DAGPOLE_VERSION);
    return DAGPOLE_OK;
}
