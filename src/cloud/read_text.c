/* Points as text, one a line: "x y z [q]", perhaps below a header of these names. What the first
 * line is decides whether it is another format: a count alone (read_xyz.c) or a record of PQR
 * (read_pqr.c). */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cloud/cloud.h"
#include "cloud/text.h"

/* One column's name out of a header, in lower case and without quotes; moves *s past it. */
static void next_name(const char **s, char name[DP_NAME_BYTES]) {
    size_t n = 0;
    for (; !dp_text_is_end(*s) && **s != ',' && **s != ';' && !isspace((unsigned char)**s); ++*s)
        if (**s != '"' && n < DP_NAME_BYTES - 1)
            name[n++] = (char)tolower((unsigned char)**s);
    name[n] = '\0';
    *s = dp_text_skip_blanks(*s);
    if (**s == ',' || **s == ';')
        *s = dp_text_skip_blanks(*s + 1);
}

int dp_text_is_header(const char *s, char charge[DP_NAME_BYTES]) {
    static const char *const positions[] = {"x", "y", "z"};
    static const char *const known[] = {"q", "charge", "charges", "w", "weight", "mass", "density"};
    for (int i = 0; i < 3; i++) {
        next_name(&s, charge);
        if (strcmp(charge, positions[i]) != 0)
            return 0;
    }
    charge[0] = '\0';
    if (dp_text_is_end(s))
        return 1;
    next_name(&s, charge);
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(charge, known[i]) == 0)
            return dp_text_is_end(s);
    return 0;
}

/* 1 where x, y, z and at most one other name stand in another order than ours, as "q x y z". */
static int is_other_header(const char *s) {
    char name[DP_NAME_BYTES];
    int n = 0, found[3] = {0};
    if (dp_text_is_header(s, name))
        return 0;
    for (; !dp_text_is_end(s) && n < 5; n++) {
        next_name(&s, name);
        for (int i = 0; i < 3; i++)
            found[i] |= name[0] == "xyz"[i] && !name[1];
    }
    return found[0] && found[1] && found[2] && n <= 4;
}

void dp_text_take_header(dp_text *text, const char *charge) {
    text->n_columns = *charge ? 4 : 3;
    if (*charge)
        dp_text_name_charges(text->cloud, charge);
}

dagpole_status dp_text_row(dp_text *text, const char *s) {
    dp_columns columns = {.next = s};
    double values[4];
    int n = 0;
    while (n < 4 && dp_columns_number(&columns, text->input->locale, &values[n]))
        n++;
    if (columns.is_mixed)
        return dp_input_bad_line(text->input, DP_ONE_SEPARATOR);
    if (n < 3 || !dp_text_is_end(columns.next))
        return dp_input_bad_line(text->input, "'x y z [q]' is needed");
    if (text->n_columns && n != text->n_columns)
        return dp_input_bad_line(text->input, n == 4 ? "the lines before have no fourth column"
                                                     : "the lines before have a fourth column");
    if (!text->n_columns && n == 4)
        dp_text_name_charges(text->cloud, "");
    text->n_columns = n;
    return dp_text_push(text, values, n == 4 ? values[3] : 1);
}

dagpole_status dp_text_rows(dp_text *text) {
    for (;;) {
        const char *s;
        DP_TRY(dp_text_next(text, &s));
        if (!s)
            return DAGPOLE_OK;
        DP_TRY(dp_text_row(text, s));
    }
}

/* The first line that says something. Columns that a comment above it names in another order are
 * not ours, although the rows may look so. */
static dagpole_status find_first_line(dp_text *text, const char **s) {
    for (;;) {
        int is_there;
        DP_TRY(dp_input_line(text->input, &is_there));
        if (!is_there)
            return dp_fail(DAGPOLE_FILE, "'%.250s' is empty", text->input->path);
        const char *line = text->input->text;
        int has_mark = text->input->line == 1 && strncmp(line, "\xef\xbb\xbf", 3) == 0;
        *s = dp_text_skip_blanks(line + (has_mark ? 3 : 0)); /* UTF-8's mark */
        if (!dp_text_is_end(*s))
            return DAGPOLE_OK;
        if (is_other_header(dp_text_skip_blanks(*s + strspn(*s, "#%/"))))
            return dp_input_bad_line(text->input, "columns in the order 'x y z [q]' are needed");
    }
}

/* 1 where nothing but a count is on the line. */
static int is_count(const char *s, int64_t *count) {
    char *end;
    if (!isdigit((unsigned char)*s))
        return 0;
    errno = 0;
    *count = strtoll(s, &end, 10);
    return !errno && dp_text_is_end(dp_text_skip_blanks(end));
}

static dagpole_status read_all(dp_text *text) {
    const char *s = NULL;
    char charge[DP_NAME_BYTES];
    int64_t count;
    DP_TRY(find_first_line(text, &s));
    if (is_count(s, &count))
        return dp_text_read_counted(text, count);
    if (dp_text_is_pqr(s))
        return dp_text_read_pqr(text, s);
    if (dp_text_is_header(s, charge))
        dp_text_take_header(text, charge);
    else
        DP_TRY(dp_text_row(text, s));
    return dp_text_rows(text);
}

dagpole_status dp_cloud_read_text(dp_input *input, dagpole_cloud *cloud) {
    dp_text text = {.input = input, .cloud = cloud};
    dp_text_name_charges(cloud, NULL);
    DP_TRY(read_all(&text));
    return dp_text_end(&text);
}
