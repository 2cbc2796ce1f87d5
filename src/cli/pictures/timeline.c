#include "cli/pictures/timeline.h"
#include "cli/common.h"
#include "cli/pictures/chart.h"
#include "cli/pictures/svg.h"
#include "cli/pictures/tasks.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CHAIN_COLOUR "#000000"
#define IDLE_COLOUR  "#eeeeee"

enum { WIDTH = 1000, LEFT = 64, RIGHT = 16, BELOW = 48 };

typedef struct timeline {
    cli_svg svg;
    const dagpole_tasks *tasks;
    const int64_t *order; /* of the tasks: worker by worker, by start */
    cli_frame frame;
    double row, gap; /* of a worker: height, and what is free below it */
} timeline;

static double row_y(const timeline *t, int worker) {
    return t->frame.y + t->row * worker;
}

/* Few workers get high rows, many as many pixels as can be told apart. */
static double row_height(int n_workers) {
    return n_workers <= 4     ? 44
           : n_workers <= 16  ? 24
           : n_workers <= 64  ? 9
           : n_workers <= 256 ? 4
                              : 1;
}

/* ---- tasks ---- */

/* A rectangle that is still growing to the right. */
typedef struct piece {
    int family; /* -1: none */
    double x1, x2;
} piece;

static void flush(timeline *t, int worker, int family, piece *piece) {
    if (piece->family == family)
        cli_svg_rect(&t->svg, piece->x1, row_y(t, worker), piece->x2 - piece->x1, t->row - t->gap,
                     NULL);
    piece->family = -1;
}

/* Time that each family takes of one pixel. */
typedef struct pixel {
    double at, share[CLI_N_FAMILIES];
} pixel;

/* The pixel joins the piece on its left where that has the same colour and touches it. Only pieces
 * of `family` are drawn. */
static void close_pixel(timeline *t, int worker, int family, pixel *pixel, piece *piece) {
    int most = 0;
    for (int f = 1; f < CLI_N_FAMILIES; f++)
        if (pixel->share[f] > pixel->share[most])
            most = f;
    if (pixel->share[most] > 0) {
        if (piece->family != most || pixel->at > piece->x2 + 0.01) {
            flush(t, worker, family, piece);
            *piece = (struct piece){most, pixel->at, pixel->at};
        }
        piece->x2 = pixel->at + 1;
    }
    memset(pixel->share, 0, sizeof pixel->share);
}

/* Tasks [begin, end) of the order, all of one worker. */
static void draw_worker(timeline *t, int family, int64_t begin, int64_t end) {
    int worker = t->tasks->task[t->order[begin]].worker;
    piece piece = {.family = -1};
    pixel pixel = {0};
    for (int64_t k = begin; k < end; k++) {
        const dagpole_task *task = &t->tasks->task[t->order[k]];
        int of_task = cli_task_family(task->operator_name);
        double x1 = cli_frame_x(&t->frame, 1e3 * task->start_s),
               x2 = cli_frame_x(&t->frame, 1e3 * task->end_s);
        double at = floor((x1 + x2) / 2);
        if (at != pixel.at || x2 - x1 >= 1)
            close_pixel(t, worker, family, &pixel, &piece);
        pixel.at = at;
        if (x2 - x1 < 1) {
            pixel.share[of_task] += x2 - x1 + 1e-9;
            continue;
        }
        flush(t, worker, family, &piece);
        piece = (struct piece){of_task, x1, x2};
        flush(t, worker, family, &piece);
    }
    close_pixel(t, worker, family, &pixel, &piece);
    flush(t, worker, family, &piece);
}

/* Family by family, so that a colour is written once. */
static void draw_tasks(timeline *t) {
    const dagpole_tasks *tasks = t->tasks;
    for (int family = 0; family < CLI_N_FAMILIES; family++) {
        cli_svg_group(&t->svg, cli_family_colour(family));
        for (int64_t begin = 0, end; begin < tasks->n; begin = end) {
            int worker = tasks->task[t->order[begin]].worker;
            for (end = begin; end < tasks->n && tasks->task[t->order[end]].worker == worker;)
                end++;
            draw_worker(t, family, begin, end);
        }
        cli_svg_group_end(&t->svg);
    }
}

/* ---- around them ---- */

static void draw_rows(timeline *t) {
    int n = t->tasks->n_workers, every = 1;
    while (every * t->row < 14)
        every *= 2;
    cli_svg_group(&t->svg, IDLE_COLOUR);
    for (int w = 0; w < n; w++)
        cli_svg_rect(&t->svg, t->frame.x, row_y(t, w), t->frame.width, t->row - t->gap, NULL);
    cli_svg_group_end(&t->svg);
    for (int w = 0; w < n; w += every) {
        char text[32];
        snprintf(text, sizeof text, "%d", w);
        cli_svg_text(&t->svg, LEFT - 6,
                     row_y(t, w) + fmin(t->row, 14) / 2 + (t->row > 14 ? t->row / 2 - 3 : 4), 11,
                     CLI_RIGHT, CLI_SVG_INK, text);
    }
    cli_svg_text_up(&t->svg, 20, t->frame.y + t->frame.height / 2, 12, CLI_MIDDLE, CLI_SVG_INK,
                    "worker");
}

/* Steps of the chain that are narrower than this stay in the row of the step before, so that the
 * line stays one where tasks are narrower than a pixel. */
#define LEAST_STEP 6.0

/* The corners of the chain's line, through the middle of the tasks' rows; returns how many. xy:
 * room for two corners a task. */
static int chain_corners(const timeline *t, const cli_chain *chain, double *xy) {
    int n = 0;
    double turned = -LEAST_STEP; /* where the line came into its row */
    for (int64_t k = 0; k < chain->n; k++) {
        const dagpole_task *task = &t->tasks->task[chain->task[k]];
        double x[2] = {cli_frame_x(&t->frame, 1e3 * task->start_s),
                       cli_frame_x(&t->frame, 1e3 * task->end_s)};
        double y = row_y(t, task->worker) + (t->row - t->gap) / 2;
        if (n > 0 && x[1] - x[0] < LEAST_STEP && x[0] - turned < LEAST_STEP)
            y = xy[2 * n - 1];
        if (n == 0 || y != xy[2 * n - 1])
            turned = x[0];
        for (int i = 0; i < 2; i++) {
            if (n > 1 && xy[2 * n - 1] == y && xy[2 * n - 3] == y)
                n--; /* the last corner lay on the way */
            xy[2 * n] = x[i];
            xy[2 * n + 1] = y;
            n++;
        }
    }
    return n;
}

/* White below black, so that it shows on any colour. */
static int draw_chain(timeline *t, const cli_chain *chain) {
    double *xy = malloc((size_t)(4 * chain->n + 2) * sizeof *xy);
    if (!xy)
        return -1;
    int n = chain_corners(t, chain, xy);
    double thickness = t->row > 8 ? 2.5 : 1.5;
    cli_svg_polyline(&t->svg, n, xy, thickness + 2, "#ffffff", NULL);
    cli_svg_polyline(&t->svg, n, xy, thickness, CHAIN_COLOUR, NULL);
    free(xy);
    return 0;
}

/* The names of a family that occur, as in "L2P+SCATTER, SCATTER". */
static void name_family(int family, int n_kinds, const cli_task_kind *kind, size_t bytes,
                        char *name) {
    size_t used = 0;
    *name = '\0';
    for (int k = 0; k < n_kinds && used < bytes; k++)
        if (cli_task_family(kind[k].name) == family)
            used +=
                (size_t)snprintf(name + used, bytes - used, "%s%s", used ? ", " : "", kind[k].name);
}

/* svg NULL: only measures. */
static int draw_legend(const dagpole_tasks *tasks, double y, cli_svg *svg, double *height) {
    cli_task_kind kind[CLI_MAX_KINDS];
    char name[CLI_N_FAMILIES][96];
    cli_entry entry[CLI_N_FAMILIES + 2];
    int n = 0, n_kinds = cli_task_kinds(tasks, kind);
    if (n_kinds < 0)
        return -1;
    for (int family = 0; family < CLI_N_FAMILIES; family++) {
        name_family(family, n_kinds, kind, sizeof name[family], name[family]);
        if (*name[family])
            entry[n++] = (cli_entry){name[family], cli_family_colour(family), CLI_MARK_BOX};
    }
    entry[n++] = (cli_entry){"no task", IDLE_COLOUR, CLI_MARK_BOX};
    entry[n++] = (cli_entry){"critical path", CHAIN_COLOUR, CLI_MARK_LINE};
    *height = cli_legend_draw(svg, LEFT, y, WIDTH - LEFT - RIGHT, n, entry);
    return 0;
}

static double last_end(const dagpole_tasks *tasks) {
    double end_s = tasks->evaluate_s;
    for (int64_t i = 0; i < tasks->n; i++)
        end_s = fmax(end_s, tasks->task[i].end_s);
    return end_s > 0 ? end_s : 1e-6;
}

static int draw(timeline *t) {
    cli_chain chain;
    double height;
    if (cli_task_chain(t->tasks, &chain) != 0)
        return -1;
    draw_rows(t);
    cli_frame_draw(&t->svg, &t->frame);
    draw_tasks(t);
    int code = draw_chain(t, &chain);
    if (code == 0)
        code = draw_legend(t->tasks, CLI_SVG_TITLE, &t->svg, &height);
    cli_chain_free(&chain);
    return code;
}

static cli_frame frame_of(const dagpole_tasks *tasks, double y) {
    return (cli_frame){.x = LEFT,
                       .y = y,
                       .width = WIDTH - LEFT - RIGHT,
                       .height = row_height(tasks->n_workers) * tasks->n_workers,
                       .across = {CLI_LINEAR, 0, 1e3 * last_end(tasks),
                                  "time since the start of the evaluation, ms"},
                       .up = {CLI_LINEAR, 0, 1, NULL}};
}

static int no_memory(const cli_command *command, const dagpole_tasks *tasks) {
    return cli_fail(command, "no memory for a timeline of %s tasks", cli_text_count(tasks->n));
}

int cli_timeline_draw(const cli_command *command, const char *path, const char *title,
                      const dagpole_tasks *tasks) {
    double legend = 0;
    if (tasks->n_workers > CLI_MOST_TIMELINE_WORKERS)
        return cli_fail(command, "a timeline has at most %d workers, not %d",
                        CLI_MOST_TIMELINE_WORKERS, tasks->n_workers);
    int64_t *order = cli_tasks_by_worker(tasks);
    if (!order || draw_legend(tasks, 0, NULL, &legend) != 0) {
        free(order);
        return no_memory(command, tasks);
    }
    timeline t = {.tasks = tasks,
                  .order = order,
                  .row = row_height(tasks->n_workers),
                  .frame = frame_of(tasks, CLI_SVG_TITLE + legend + 6)};
    t.gap = t.row > 8 ? 2 : t.row > 2 ? 1 : 0;
    double height = t.frame.y + t.frame.height + BELOW;
    int code = cli_svg_open(command, path, WIDTH, height, title, &t.svg);
    if (code == CLI_PROCEED && draw(&t) == 0)
        code = cli_svg_close(&t.svg);
    else if (code == CLI_PROCEED) {
        cli_svg_drop(&t.svg);
        code = no_memory(command, tasks);
    }
    free(order);
    return code;
}
