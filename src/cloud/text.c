#include "cloud/text.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- points ------------------------------------------------------------------------------- */

void dp_text_name_charges(dagpole_cloud *cloud, const char *column) {
    const char *format = !column   ? "1 each, the file has none"
                         : *column ? "the column '%s'"
                                   : "the column after x y z";
    snprintf(cloud->charges_from, sizeof cloud->charges_from, format, column);
}

static dagpole_status set_capacity(dp_text *text, int64_t capacity) {
    dagpole_cloud *cloud = text->cloud;
    size_t old = (size_t)text->capacity, new = (size_t)capacity;
    double *sources = dp_realloc(cloud->sources, old, new, 3 * sizeof *sources);
    if (!sources)
        return DAGPOLE_NO_MEMORY;
    cloud->sources = sources;
    double *charges = dp_realloc(cloud->charges, old, new, sizeof *charges);
    if (!charges)
        return DAGPOLE_NO_MEMORY;
    cloud->charges = charges;
    text->capacity = capacity;
    return DAGPOLE_OK;
}

dagpole_status dp_text_push(dp_text *text, const double position[3], double charge) {
    dagpole_cloud *cloud = text->cloud;
    if (cloud->n_sources == text->capacity)
        DP_TRY(set_capacity(text, text->capacity ? 2 * text->capacity : 1024));
    memcpy(cloud->sources + 3 * cloud->n_sources, position, 3 * sizeof *position);
    cloud->charges[cloud->n_sources++] = charge;
    return DAGPOLE_OK;
}

dagpole_status dp_text_end(dp_text *text) {
    return set_capacity(text, text->cloud->n_sources);
}

dagpole_status dp_text_check_count(const dp_text *text, int64_t announced) {
    int64_t n = text->cloud->n_sources;
    if (n == announced)
        return DAGPOLE_OK;
    return dp_fail(DAGPOLE_FILE, "'%.250s' holds %lld points: %lld are announced",
                   text->input->path, (long long)n, (long long)announced);
}

/* ---- lines -------------------------------------------------------------------------------- */

const char *dp_text_skip_blanks(const char *s) {
    while (isspace((unsigned char)*s))
        s++;
    return s;
}

int dp_text_is_end(const char *s) {
    return *s == '\0' || *s == '#' || *s == '%' || (s[0] == '/' && s[1] == '/');
}

dagpole_status dp_text_next(dp_text *text, const char **s) {
    for (;;) {
        int is_there;
        DP_TRY(dp_input_line(text->input, &is_there));
        *s = is_there ? dp_text_skip_blanks(text->input->text) : NULL;
        if (!is_there || !dp_text_is_end(*s))
            return DAGPOLE_OK;
    }
}

/* ---- columns ------------------------------------------------------------------------------ */

double dp_text_number(const char *s, const char **end, locale_t locale) {
    char *stop;
    double value = strtod_l(s, &stop, locale);
    *end = stop;
    if (stop == s || (*stop != 'd' && *stop != 'D'))
        return value;
    /* Fortran's exponent: the same text with an e. Longer ones are no numbers. */
    char copy[128];
    size_t length = strcspn(s, " \t,;");
    if (length >= sizeof copy)
        return value;
    memcpy(copy, s, length);
    copy[length] = '\0';
    copy[*end - s] = 'e';
    value = strtod_l(copy, &stop, locale);
    *end = s + (stop - copy);
    return value;
}

/* Moves from the end of a column to the next; 0 where this is no way to separate them. */
static int pass_separator(dp_columns *columns) {
    const char *s = dp_text_skip_blanks(columns->next);
    char separator = ' ';
    int is_apart = s > columns->next;
    if (*s == ',' || *s == ';') {
        separator = *s;
        s = dp_text_skip_blanks(s + 1);
        is_apart = 1;
    }
    if (!is_apart && *s == '%') /* 50% is not 50 */
        return 0;
    columns->next = s;
    if (dp_text_is_end(s))
        return 1;
    columns->is_mixed = columns->separator && columns->separator != separator;
    columns->separator = separator;
    return is_apart && !columns->is_mixed;
}

int dp_columns_number(dp_columns *columns, locale_t locale, double *value) {
    const char *end;
    if (dp_text_is_end(columns->next))
        return 0;
    *value = dp_text_number(columns->next, &end, locale);
    if (end == columns->next)
        return 0;
    columns->next = end;
    return pass_separator(columns);
}

int dp_columns_word(dp_columns *columns, char *word, size_t bytes) {
    size_t length = strcspn(columns->next, " \t,;");
    if (length == 0 || dp_text_is_end(columns->next))
        return 0;
    snprintf(word, bytes, "%.*s", (int)(length < bytes ? length : bytes), columns->next);
    columns->next += length;
    return pass_separator(columns);
}

int dp_text_numbers(const dp_text *text, const char *s, int most, double *values) {
    dp_columns columns = {.next = s};
    for (int n = 0; n < most; n++) {
        if (!dp_columns_number(&columns, text->input->locale, &values[n]))
            return -1;
        if (dp_text_is_end(columns.next))
            return n + 1;
    }
    return -1;
}
