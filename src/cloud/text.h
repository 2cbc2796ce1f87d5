/* What the readers of text share: lines, the columns of a line, and points as they come. */
#ifndef DP_CLOUD_TEXT_H
#define DP_CLOUD_TEXT_H

#include "cloud/input.h"

/* A file being read, and the points found so far. */
typedef struct dp_text {
    dp_input *input;
    dagpole_cloud *cloud;
    int64_t capacity; /* points that the cloud's arrays have room for */
    int n_columns;    /* numbers in a row, as the first row or a header says; 0 before it */
} dp_text;

enum { DP_NAME_BYTES = 16 };

#define DP_ONE_SEPARATOR                                                                           \
    "one kind of separator in a line is needed, and a decimal point instead of a comma"

/* ---- points ------------------------------------------------------------------------------- */

dagpole_status dp_text_push(dp_text *text, const double position[3], double charge);

/* After the last point: the arrays get the length that they need. */
dagpole_status dp_text_end(dp_text *text);

/* FILE where `announced` is not the number of points. */
dagpole_status dp_text_check_count(const dp_text *text, int64_t announced);

/* Sets charges_from: a column of that name; "": the one after the positions; NULL: none. */
void dp_text_name_charges(dagpole_cloud *cloud, const char *column);

/* ---- lines -------------------------------------------------------------------------------- */

const char *dp_text_skip_blanks(const char *s);

/* 1 at the end of a line and where a comment begins: # or % or two slashes. */
int dp_text_is_end(const char *s);

/* The next line that is neither empty nor a comment: *s is its first character that is not blank,
 * NULL at the end of the file. */
dagpole_status dp_text_next(dp_text *text, const char **s);

/* ---- columns ------------------------------------------------------------------------------ */

/* From left to right. Columns are separated by blanks, or by commas, or by semicolons, with blanks
 * around them; one may follow the last. All separators of a line are of one kind: "1,5 2,5" is no
 * row of four numbers but one of two with decimal commas. */
typedef struct dp_columns {
    const char *next;
    char separator; /* ' ', ',' or ';'; 0 before the first */
    int is_mixed;   /* a column was refused for its separator */
} dp_columns;

/* The next column; 0 where there is none of this kind. word: cut to the room there is. */
int dp_columns_number(dp_columns *columns, locale_t locale, double *value);
int dp_columns_word(dp_columns *columns, char *word, size_t bytes);

/* The number at s, whose exponent follows e, E, d or D; *end is s where there is none. */
double dp_text_number(const char *s, const char **end, locale_t locale);

/* Numbers from s to the end of the line: how many, at most `most`; -1 where it is something else
 * or more. */
int dp_text_numbers(const dp_text *text, const char *s, int most, double *values);

/* ---- rows "x y z [q]" ------------------------------------------------------------------------ */

/* 1 where the line names the columns x, y, z and perhaps one that charges go by, which `charge`
 * then holds ("": there are three). take: the rows below have these columns. */
int dp_text_is_header(const char *s, char charge[DP_NAME_BYTES]);
void dp_text_take_header(dp_text *text, const char *charge);

/* The row at s; all rows to the end of the file. */
dagpole_status dp_text_row(dp_text *text, const char *s);
dagpole_status dp_text_rows(dp_text *text);

/* ---- other formats ------------------------------------------------------------------------ */

/* What follows a count alone on the first line. */
dagpole_status dp_text_read_counted(dp_text *text, int64_t count);

/* 1 where the line at s is a record of PDB and PQR files; the file from this line on. */
int dp_text_is_pqr(const char *s);
dagpole_status dp_text_read_pqr(dp_text *text, const char *s);

#endif
