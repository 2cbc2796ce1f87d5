#include "cli/commands/sweep_plot.h"
#include "cli/common.h"
#include "cli/pictures/chart.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define WIDTH   800.0
#define HEIGHT  460.0
#define LEFT    76.0
#define RIGHT   36.0
#define BOTTOM  52.0
#define LEGEND  50.0 /* where it begins */
#define BETWEEN 12.0

enum { MOST_LINES = 24, MOST_ROWS = 1000, NAME_BYTES = 120 };

typedef struct variable {
    const char *name, *label, *unit;
    cli_scale scale;
} variable;

/* What may lie along the axis, the first that differs between rows; then what a line may be of. */
static const variable numbers[] = {{"digits", "digits asked for", " digits", CLI_LINEAR},
                                   {"n", "points", " points", CLI_LOG10},
                                   {"threads", "workers", " workers", CLI_LOG2}};
enum { N_NUMBERS = sizeof numbers / sizeof numbers[0] };
static const char *const words[] = {"library", "cloud", "charges", "kernel", "isa"};
enum { N_WORDS = sizeof words / sizeof words[0] };

/* What lies upwards. */
static const variable heights[] = {
    {"evaluate_s", "time of an evaluation, s", "", CLI_LOG10},
    {"potential_multiple", "error over what is promised", "", CLI_LOG10}};

typedef struct point {
    double x, y;
    int line;
} point;

typedef struct picture {
    const cli_value *rows;
    const variable *across, *up;
    int n, n_lines;
    point *point;
    char name[MOST_LINES][NAME_BYTES];
} picture;

static const cli_value *next_row(const picture *p, const cli_value *row) {
    return row ? cli_value_next(p->rows, row) : cli_value_first(p->rows);
}

/* 1 where two rows have different values of it. */
static int differs(const picture *p, const char *name) {
    const cli_value *first = NULL;
    for (const cli_value *row = NULL; (row = next_row(p, row));) {
        const cli_value *v = cli_value_get(row, name);
        if (!v)
            continue;
        if (first && (v->kind != first->kind || v->number != first->number ||
                      (v->kind == CLI_JSON_TEXT && strcmp(v->text, first->text) != 0)))
            return 1;
        first = first ? first : v;
    }
    return 0;
}

static const variable *choose_across(const picture *p) {
    for (int i = 0; i < N_NUMBERS; i++)
        if (differs(p, numbers[i].name))
            return &numbers[i];
    return &numbers[0];
}

static const variable *choose_up(const picture *p) {
    const cli_value *row = cli_value_first(p->rows);
    for (int i = 0; i < 2; i++)
        if (cli_value_number(row, heights[i].name, -1) > 0)
            return &heights[i];
    return NULL;
}

static void append(char name[NAME_BYTES], const char *text, const char *unit) {
    size_t n = strlen(name);
    snprintf(name + n, NAME_BYTES - n, "%s%.40s%s", n ? ", " : "", text, unit);
}

/* What tells the row's line from others. */
static void name_line(const picture *p, const cli_value *row, char name[NAME_BYTES]) {
    char text[32];
    name[0] = '\0';
    for (int i = 0; i < N_WORDS; i++) /* of accuracy the worst case's charges, no line's */
        if (differs(p, words[i]) && (p->up == &heights[0] || strcmp(words[i], "charges") != 0))
            append(name, cli_value_text(row, words[i], "?"), "");
    for (int i = 0; i < N_NUMBERS; i++)
        if (&numbers[i] != p->across && differs(p, numbers[i].name)) {
            cli_tick_text(cli_value_number(row, numbers[i].name, 0), text);
            append(name, text, numbers[i].unit);
        }
}

static int find_line(picture *p, const char *name) {
    int i = 0;
    while (i < p->n_lines && strcmp(p->name[i], name) != 0)
        i++;
    if (i == p->n_lines && i < MOST_LINES)
        strcpy(p->name[p->n_lines++], name);
    return i;
}

static int take_rows(const cli_command *command, picture *p) {
    char name[NAME_BYTES];
    int number = 0;
    for (const cli_value *row = NULL; (row = next_row(p, row));) {
        point here = {cli_value_number(row, p->across->name, -1),
                      cli_value_number(row, p->up->name, -1), 0};
        number++;
        if (!(here.x > 0) || !(here.y > 0))
            return cli_fail(command, "row %d of the JSON has no %s and %s above 0", number,
                            p->across->name, p->up->name);
        name_line(p, row, name);
        here.line = find_line(p, name);
        if (here.line == MOST_LINES)
            return cli_fail(command,
                            "the rows of the JSON make more than %d lines: too many for a "
                            "picture",
                            MOST_LINES);
        p->point[p->n++] = here;
    }
    return CLI_PROCEED;
}

/* ---- drawing ------------------------------------------------------------------------------- */

static int by_x(const void *a, const void *b) {
    const point *x = a, *y = b;
    if (x->line != y->line)
        return x->line - y->line;
    return (x->x > y->x) - (x->x < y->x);
}

static cli_axis axis_of(const picture *p, const variable *v, int is_across) {
    double low = INFINITY, high = 0;
    for (int i = 0; i < p->n; i++) {
        double value = is_across ? p->point[i].x : p->point[i].y;
        low = fmin(low, value);
        high = fmax(high, value);
    }
    return cli_axis_around(v->scale, low, high, v->label);
}

/* Colours come round: then lines are dashed. */
static const char *dash_of(int line) {
    return line < CLI_N_COLOURS ? NULL : line < 2 * CLI_N_COLOURS ? "6 4" : "2 3";
}

static void draw_lines(cli_svg *svg, const cli_frame *f, const picture *p) {
    for (int i = 0; i + 1 < p->n; i++) {
        const point *a = &p->point[i], *b = a + 1;
        if (a->line == b->line)
            cli_svg_line(svg, cli_frame_x(f, a->x), cli_frame_y(f, a->y), cli_frame_x(f, b->x),
                         cli_frame_y(f, b->y), 2, cli_svg_colour(a->line), dash_of(a->line));
    }
    for (int i = 0; i < p->n; i++)
        cli_svg_circle(svg, cli_frame_x(f, p->point[i].x), cli_frame_y(f, p->point[i].y), 3.5,
                       cli_svg_colour(p->point[i].line));
}

static void describe(const picture *p, const cli_value *root, char *text, size_t bytes) {
    const cli_value *row = cli_value_first(p->rows);
    char name[NAME_BYTES] = "", number[32];
    const char *note = cli_value_text(root, "note", NULL);
    if (note) {
        snprintf(text, bytes, "%s", note);
        return;
    }
    for (int i = 0; i < N_WORDS; i++)
        if (!differs(p, words[i]) && cli_value_text(row, words[i], NULL))
            append(name, cli_value_text(row, words[i], ""), "");
    for (int i = 0; i < N_NUMBERS; i++)
        if (!differs(p, numbers[i].name) && cli_value_number(row, numbers[i].name, 0) > 0) {
            cli_tick_text(cli_value_number(row, numbers[i].name, 0), number);
            append(name, number, numbers[i].unit);
        }
    snprintf(text, bytes, "%s%s%s", name, *name ? ", " : "",
             cli_value_text(root, "instruction_set", ""));
}

static int draw(const cli_command *command, const cli_value *root, picture *p, const char *path) {
    cli_entry entry[MOST_LINES];
    char what[160];
    cli_svg svg;
    const char *title = cli_value_text(root, "title",
                                       p->up == &heights[0] ? "Time of an evaluation"
                                                            : "Errors beside what digits promise");
    qsort(p->point, (size_t)p->n, sizeof *p->point, by_x);
    for (int i = 0; i < p->n_lines; i++)
        entry[i] = (cli_entry){p->name[i], cli_svg_colour(i),
                               dash_of(i) ? CLI_MARK_DASHED : CLI_MARK_LINE};
    int n_entries = p->n_lines > 1 ? p->n_lines : 0;
    double legend = cli_legend_draw(NULL, 12, LEGEND, WIDTH - 24, n_entries, entry);
    double top = LEGEND + legend + BETWEEN;
    cli_frame f = {LEFT,
                   top,
                   WIDTH - LEFT - RIGHT,
                   HEIGHT - top - BOTTOM,
                   axis_of(p, p->across, 1),
                   axis_of(p, p->up, 0)};
    if (f.height < 200)
        f.height = 200;
    int code = cli_svg_open(command, path, WIDTH, top + f.height + BOTTOM, title, &svg);
    if (code != CLI_PROCEED)
        return code;
    describe(p, root, what, sizeof what);
    if (*what)
        cli_svg_text(&svg, 12, 42, 12, CLI_LEFT, CLI_SVG_DIM, what);
    cli_legend_draw(&svg, 12, LEGEND, WIDTH - 24, n_entries, entry);
    cli_frame_draw(&svg, &f);
    draw_lines(&svg, &f, p);
    return cli_svg_close(&svg);
}

int cli_sweep_plot(const cli_command *command, const cli_value *root, const char *path) {
    picture p = {.rows = cli_value_get(root, "rows")};
    if (!p.rows || p.rows->kind != CLI_JSON_ARRAY || !p.rows->n)
        return cli_fail(command, "the JSON has no rows");
    if (p.rows->n > MOST_ROWS)
        return cli_fail(command, "the JSON has %d rows, a picture holds at most %d", p.rows->n,
                        MOST_ROWS);
    p.up = choose_up(&p);
    if (!p.up)
        return cli_fail(command, "the rows of the JSON have neither evaluate_s nor "
                                 "potential_multiple: of sweep's commands, plot draws evaluate, "
                                 "targets, growth, scaling, small and accuracy");
    p.across = choose_across(&p);
    p.point = calloc((size_t)p.rows->n, sizeof *p.point);
    if (!p.point)
        return cli_fail(command, "there is no memory for %d points", p.rows->n);
    int code = take_rows(command, &p);
    if (code == CLI_PROCEED)
        code = draw(command, root, &p, path);
    free(p.point);
    return code;
}
