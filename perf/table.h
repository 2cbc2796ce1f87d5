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

/* One value of a row. A figure is "1.234 +- 5 %" in text, median and half the spread; in JSON it is
 * NAME, NAME_least and NAME_spread. */
typedef struct perf_cell {
    const char *name;
    enum { PERF_WORD, PERF_COUNT, PERF_REAL, PERF_FIGURE } type;
    const char *word;
    int64_t count;
    double real;
    dp_figure figure;
} perf_cell;

#define WORD(name, value)   ((perf_cell){name, PERF_WORD, .word = value})
#define COUNT(name, value)  ((perf_cell){name, PERF_COUNT, .count = value})
#define REAL(name, value)   ((perf_cell){name, PERF_REAL, .real = value})
#define FIGURE(name, value) ((perf_cell){name, PERF_FIGURE, .figure = value})

/* perf_cells(table, COUNT("n", n), REAL("error", e)), between the begin and the end of a row. */
#define perf_cells(table, ...)                                                                     \
    perf_put(table, sizeof(perf_cell[]){__VA_ARGS__} / sizeof(perf_cell),                          \
             (perf_cell[]){__VA_ARGS__})

void perf_row_begin(perf_table *t);
void perf_put(perf_table *t, size_t n, const perf_cell *cells);
void perf_row_end(perf_table *t);

#endif
