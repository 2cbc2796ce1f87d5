/* Points as text, one a line: "x y z [q]" separated by blanks, tabs or commas, or an XYZ file (a
 * count, a comment, then "Symbol x y z [q]"). '#' starts a comment. */
#include <ctype.h>
#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cloud/cloud.h"

#define LINE_BYTES 4096

typedef struct reader {
    const char *path;
    FILE *file;
    locale_t locale; /* "C": the application's may want a decimal comma */
    char text[LINE_BYTES];
    long line;
    int n_columns;     /* of the first line with numbers; 0 before it */
    int64_t announced; /* points that an XYZ file says it holds; -1: no XYZ file */
    int64_t capacity;
    dagpole_cloud *cloud;
} reader;

static const char *skip_blanks(const char *s) {
    while (isspace((unsigned char)*s))
        s++;
    return s;
}

static int is_end(const char *s) {
    return *s == '\0' || *s == '#';
}

/* The line as a sentence can show it. */
static dagpole_status bad_line(const reader *r, const char *needed) {
    char shown[61];
    size_t n = 0;
    for (; n + 1 < sizeof shown && r->text[n] && r->text[n] != '\n'; n++)
        shown[n] = isprint((unsigned char)r->text[n]) ? r->text[n] : '?';
    shown[n] = '\0';
    return dp_fail(DAGPOLE_FILE, "line %ld of '%.250s' is '%s': %s", r->line, r->path, shown,
                   needed);
}

static dagpole_status next_line(reader *r, int *is_there) {
    *is_there = fgets(r->text, sizeof r->text, r->file) != NULL;
    if (!*is_there && ferror(r->file))
        return dp_fail(DAGPOLE_FILE, "cannot read '%.250s': %s", r->path, strerror(errno));
    r->line += *is_there;
    if (*is_there && !strchr(r->text, '\n') && !feof(r->file))
        return bad_line(r, "a line of text has at most 4094 characters");
    return DAGPOLE_OK;
}

/* Numbers separated by blanks and at most one comma; how many, or -1 where the text is not 1 to 4
 * numbers. */
static int parse_numbers(const reader *r, const char *s, double values[4]) {
    for (int n = 0; n < 4;) {
        char *end;
        values[n++] = strtod_l(s, &end, r->locale);
        if (end == s)
            return -1;
        s = skip_blanks(end);
        if (is_end(s))
            return n;
        if (*s == ',')
            s++;
        else if (s == end) /* "1.5x" */
            return -1;
    }
    return -1;
}

/* One column's name out of a header, in lower case and without quotes; moves *s past it. */
static void next_name(const char **s, char name[16]) {
    size_t n = 0;
    for (; !is_end(*s) && **s != ',' && !isspace((unsigned char)**s); ++*s)
        if (**s != '"' && n < 15)
            name[n++] = (char)tolower((unsigned char)**s);
    name[n] = '\0';
    *s = skip_blanks(*s);
    if (**s == ',')
        *s = skip_blanks(*s + 1);
}

/* A header says x, y, z and perhaps what the fourth column is. Under any other names the columns
 * are not known to be ours. */
static int is_header(const char *s) {
    static const char *const known[] = {"x", "y", "z"};
    static const char *const fourth[] = {"q",      "charge", "charges", "w",
                                         "weight", "mass",   "density"};
    char name[16];
    for (int i = 0; i < 3; i++) {
        next_name(&s, name);
        if (strcmp(name, known[i]) != 0)
            return 0;
    }
    if (is_end(s))
        return 1;
    next_name(&s, name);
    int is_known = 0;
    for (size_t i = 0; i < sizeof fourth / sizeof fourth[0]; i++)
        is_known |= strcmp(name, fourth[i]) == 0;
    return is_known && is_end(s);
}

static dagpole_status set_capacity(reader *r, int64_t capacity) {
    dagpole_cloud *cloud = r->cloud;
    size_t old = (size_t)r->capacity, new = (size_t)capacity;
    double *sources = dp_realloc(cloud->sources, old, new, 3 * sizeof *sources);
    if (!sources)
        return DAGPOLE_NO_MEMORY;
    cloud->sources = sources;
    double *charges = dp_realloc(cloud->charges, old, new, sizeof *charges);
    if (!charges)
        return DAGPOLE_NO_MEMORY;
    cloud->charges = charges;
    r->capacity = capacity;
    return DAGPOLE_OK;
}

static dagpole_status push_point(reader *r, int n_values, const double values[4]) {
    dagpole_cloud *cloud = r->cloud;
    if (cloud->n_sources == r->capacity)
        DP_TRY(set_capacity(r, r->capacity ? 2 * r->capacity : 1024));
    memcpy(cloud->sources + 3 * cloud->n_sources, values, 3 * sizeof *values);
    cloud->charges[cloud->n_sources++] = n_values == 4 ? values[3] : 1;
    return DAGPOLE_OK;
}

/* XYZ files name an atom first. */
static dagpole_status read_point(reader *r, const char *s) {
    int is_xyz = r->announced >= 0;
    if (is_xyz && r->cloud->n_sources == r->announced)
        return bad_line(r, "fewer points are announced");
    if (is_xyz) {
        s = skip_blanks(s + strcspn(s, " \t,"));
        s += *s == ',';
    }
    double values[4];
    int n = parse_numbers(r, s, values);
    if (n < 3)
        return bad_line(r, is_xyz ? "'Symbol x y z [q]' is needed" : "'x y z [q]' is needed");
    if (r->n_columns && n != r->n_columns)
        return bad_line(r, n == 4 ? "the lines before have no fourth column"
                                  : "the lines before have a fourth column");
    r->n_columns = n;
    return push_point(r, n, values);
}

/* The first line that says something may be a header or the count of an XYZ file, which a line of
 * comment follows. */
static dagpole_status read_first_line(reader *r, const char *s) {
    char *end;
    long long count = strtoll(s, &end, 10);
    if (end != s && is_end(skip_blanks(end)) && count >= 0) {
        int is_there;
        r->announced = count;
        return next_line(r, &is_there);
    }
    return is_header(s) ? DAGPOLE_OK : read_point(r, s);
}

static dagpole_status end(reader *r, int is_empty) {
    int64_t n = r->cloud->n_sources;
    if (is_empty)
        return dp_fail(DAGPOLE_FILE, "'%.250s' is empty", r->path);
    if (r->announced > n)
        return dp_fail(DAGPOLE_FILE, "'%.250s' holds %lld points: %lld are announced", r->path,
                       (long long)n, (long long)r->announced);
    return set_capacity(r, n);
}

static dagpole_status read_lines(reader *r) {
    for (int is_first = 1;;) {
        int is_there;
        DP_TRY(next_line(r, &is_there));
        if (!is_there)
            return end(r, is_first);
        int has_mark = r->line == 1 && strncmp(r->text, "\xef\xbb\xbf", 3) == 0; /* of UTF-8 */
        const char *s = skip_blanks(r->text + (has_mark ? 3 : 0));
        if (is_end(s))
            continue;
        DP_TRY(is_first ? read_first_line(r, s) : read_point(r, s));
        is_first = 0;
    }
}

dagpole_status dp_cloud_read_text(const char *path, dagpole_cloud *cloud) {
    reader r = {.path = path, .announced = -1, .cloud = cloud};
    r.locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (r.locale == (locale_t)0)
        return dp_fail(DAGPOLE_NO_MEMORY, "cannot make the C locale");
    dagpole_status status;
    r.file = fopen(path, "re");
    if (r.file) {
        status = read_lines(&r);
        fclose(r.file);
    } else {
        status = dp_fail(DAGPOLE_FILE, "cannot open '%.250s': %s", path, strerror(errno));
    }
    freelocale(r.locale);
    cloud->n_targets = cloud->n_sources;
    return status;
}
