/* Rows of named cells: lines of text below a head, or JSON objects. Every program of perf/ prints
 * with this, so that each figure has one name, in the text and in the JSON. */
#ifndef DP_PERF_TABLE_H
#define DP_PERF_TABLE_H

#include "base/timing.h"
#include "cli/json.h"

enum { PERF_LINE_BYTES = 2048 };

typedef struct perf_table {
    int is_json;
    cli_json json;
    char head[PERF_LINE_BYTES], line[PERF_LINE_BYTES];
    char last_head[PERF_LINE_BYTES]; /* a head is printed where it is another one than before */
} perf_table;

/* The JSON is {"kind": kind, "mode": mode, the machine, "rows": [...]}. */
void perf_table_begin(perf_table *t, int is_json, const char *kind, const char *mode);
void perf_table_end(perf_table *t);

void perf_row_begin(perf_table *t);
void perf_row_end(perf_table *t);

/* Cells of a row, between those two. */
void perf_word(perf_table *t, const char *name, const char *value);
void perf_count(perf_table *t, const char *name, int64_t value);
void perf_real(perf_table *t, const char *name, double value);

/* Text: "1.234 +- 5 %", median and half the spread. JSON: NAME, NAME_least, NAME_spread. */
void perf_figure(perf_table *t, const char *name, dp_figure figure);

#endif
