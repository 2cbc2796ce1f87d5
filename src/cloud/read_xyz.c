/* Files that begin with a count alone. It is followed at once by so many rows "x y z [q]", perhaps
 * below their header; or, as XYZ files have it, by one line of comment and so many rows "symbol x y
 * z [q]", of which a "Properties=" in the comment may describe the columns (extended XYZ).
 *
 * A symbol may be a whole number (that of the element), and a comment may be of numbers (the sides
 * of a box). A line of three or four numbers below the count is the first row, unless the line
 * below it has a symbol or more columns. */
#include <stdio.h>
#include <string.h>

#include "cloud/text.h"
#include "cloud/xyz.h"

/* A number that is not written as that of an element or a type, 1 and up, is no symbol: it is a
 * coordinate. */
static int is_symbol(const char *word, locale_t locale) {
    const char *end;
    double value = dp_text_number(word, &end, locale);
    if (end == word || *end)
        return 1;
    return word[strspn(word, "0123456789")] == '\0' && value >= 1;
}

static dagpole_status not_symbol(const dp_text *text, const char *word) {
    char needed[200];
    snprintf(needed, sizeof needed,
             "'%.20s' is no symbol, of the numbers only 1, 2, ... are; rows without symbols follow "
             "the count at once",
             word);
    return dp_input_bad_line(text->input, needed);
}

/* ---- rows of XYZ -------------------------------------------------------------------------- */

/* "symbol x y z [q]". */
static const dp_xyz_layout plain = {.species = 0, .position = 1, .charge = 4};

typedef struct xyz_row {
    double position[3], charge;
    int n_columns;
    char word[64]; /* the symbol, where there is one */
} xyz_row;

/* 0 where the line has no such row; n_columns says how far it is. */
static int parse_row(const dp_text *text, const dp_xyz_layout *layout, dp_columns *columns,
                     xyz_row *row) {
    int most = layout->n_columns ? layout->n_columns : 5;
    row->charge = 1;
    for (row->n_columns = 0; row->n_columns < most; row->n_columns++) {
        int i = row->n_columns, axis = i - layout->position, is_read;
        char other[8];
        if (i > 3 && !layout->n_columns && dp_text_is_end(columns->next))
            break;
        if (axis >= 0 && axis < 3)
            is_read = dp_columns_number(columns, text->input->locale, &row->position[axis]);
        else if (i == layout->charge)
            is_read = dp_columns_number(columns, text->input->locale, &row->charge);
        else if (i == layout->species)
            is_read = dp_columns_word(columns, row->word, sizeof row->word);
        else
            is_read = dp_columns_word(columns, other, sizeof other);
        if (!is_read)
            return 0;
    }
    return dp_text_is_end(columns->next);
}

static dagpole_status read_row(dp_text *text, const dp_xyz_layout *layout, const char *s) {
    dp_columns columns = {.next = s};
    xyz_row row = {.word = ""};
    int is_row = parse_row(text, layout, &columns, &row);
    if (columns.is_mixed)
        return dp_input_bad_line(text->input, DP_ONE_SEPARATOR);
    if (*row.word && !is_symbol(row.word, text->input->locale))
        return not_symbol(text, row.word);
    if (!is_row)
        return dp_input_bad_line(text->input, layout->n_columns
                                                  ? "the columns that the comment names are needed"
                                                  : "'symbol x y z [q]' is needed");
    if (text->n_columns && row.n_columns != text->n_columns)
        return dp_input_bad_line(text->input, "the lines before have another number of columns");
    if (!text->n_columns && !layout->n_columns && row.n_columns == 5)
        dp_text_name_charges(text->cloud, "");
    text->n_columns = row.n_columns;
    return dp_text_push(text, row.position, row.charge);
}

/* Rows from the line at s (NULL: there is none) to the end of the file. */
static dagpole_status read_rows(dp_text *text, const dp_xyz_layout *layout, int64_t count,
                                const char *s) {
    while (s) {
        if (text->cloud->n_sources == count)
            return dp_input_bad_line(text->input, "fewer points are announced");
        DP_TRY(read_row(text, layout, s));
        DP_TRY(dp_text_next(text, &s));
    }
    return dp_text_check_count(text, count);
}

/* ---- numbers after the count -------------------------------------------------------------- */

/* The line last read, at s, has three or four numbers: a row, or a comment where the next line
 * cannot be another such row. */
static dagpole_status read_numbers(dp_text *text, int64_t count, const char *s) {
    double values[5];
    DP_TRY(dp_text_row(text, s));
    DP_TRY(dp_text_next(text, &s));
    int n = s ? dp_text_numbers(text, s, 5, values) : 0;
    if (!s || (n >= 3 && n <= text->n_columns)) {
        if (s)
            DP_TRY(dp_text_row(text, s));
        DP_TRY(dp_text_rows(text));
        return dp_text_check_count(text, count);
    }
    text->n_columns = 0;
    text->cloud->n_sources = 0;
    dp_text_name_charges(text->cloud, NULL);
    return read_rows(text, &plain, count, s);
}

dagpole_status dp_text_read_counted(dp_text *text, int64_t count) {
    dp_xyz_layout layout = plain;
    char charge[DP_NAME_BYTES];
    double values[4];
    int is_there;
    DP_TRY(dp_input_line(text->input, &is_there));
    if (!is_there)
        return dp_text_check_count(text, count);
    DP_TRY(dp_xyz_read_properties(text->input, &layout));
    const char *s = dp_text_skip_blanks(text->input->text);
    if (!layout.n_columns && dp_text_is_header(s, charge)) {
        dp_text_take_header(text, charge);
        DP_TRY(dp_text_rows(text));
        return dp_text_check_count(text, count);
    }
    if (!layout.n_columns && count > 0 && dp_text_numbers(text, s, 4, values) >= 3)
        return read_numbers(text, count, s);
    if (layout.n_columns && layout.charge >= 0)
        dp_text_name_charges(text->cloud, layout.charge_name);
    DP_TRY(dp_text_next(text, &s));
    return read_rows(text, &layout, count, s);
}
