/* The chart of `dagpole schedulers`. */
#include "cli/commands/schedulers.h"
#include "cli/common.h"
#include "cli/pictures/chart.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define WIDTH  800.0
#define TOP    84.0 /* title, what was run, legend */
#define BOTTOM 52.0 /* the axis */
#define LEFT   226.0
#define RIGHT  150.0 /* times as text */
#define ROW    19.0

#define OURS   "#E69F00"
#define THEIRS "#56B4E9"
#define FAILED "#D55E00"

/* Milliseconds where the best takes less than 10 s. */
static double unit_of(const cli_comparison *all) {
    return all->scheduler[0].median_s < 10 ? 1e-3 : 1;
}

static void draw_name(cli_svg *svg, double y, const cli_scheduler *s) {
    char name[40];
    snprintf(name, sizeof name, strlen(s->name) > 31 ? "%.28s..." : "%s", s->name);
    cli_svg_text(svg, LEFT - 8, y + 4, 12, CLI_RIGHT, CLI_SVG_INK, name);
}

static void draw_failure(cli_svg *svg, double y, const cli_scheduler *s) {
    char text[96];
    snprintf(text, sizeof text, strlen(s->failure) > 80 ? "%.77s..." : "%s", s->failure);
    cli_svg_text(svg, LEFT + 6, y + 4, 11, CLI_LEFT, FAILED, text);
}

static void draw_times(cli_svg *svg, const cli_frame *f, double y, const cli_scheduler *s,
                       double unit) {
    double zero = cli_frame_x(f, 0), median = cli_frame_x(f, s->median_s / unit),
           least = cli_frame_x(f, s->least_s / unit), most = cli_frame_x(f, s->most_s / unit);
    char text[64];
    cli_svg_rect(svg, zero, y - 6, median - zero, 12,
                 strcmp(s->name, "dagpole") == 0 ? OURS : THEIRS);
    cli_svg_line(svg, least, y, most, y, 1.5, CLI_SVG_INK, NULL);
    cli_svg_line(svg, least, y - 4, least, y + 4, 1.5, CLI_SVG_INK, NULL);
    cli_svg_line(svg, most, y - 4, most, y + 4, 1.5, CLI_SVG_INK, NULL);
    snprintf(text, sizeof text, "%#.4g %s, x %.2f", s->median_s / unit, unit < 1 ? "ms" : "s",
             s->ratio);
    cli_svg_text(svg, f->x + f->width + 12, y + 4, 12, CLI_LEFT, CLI_SVG_INK, text);
}

static void draw_all(cli_svg *svg, const cli_comparison *all) {
    static const cli_entry legend[] = {{"median under a StarPU policy", THEIRS, CLI_MARK_BOX},
                                       {"under dagpole's own", OURS, CLI_MARK_BOX},
                                       {"least to largest", CLI_SVG_INK, CLI_MARK_LINE}};
    char text[160];
    double unit = unit_of(all), most = 0;
    for (int i = 0; i < all->n; i++)
        most = fmax(most, all->scheduler[i].most_s);
    cli_frame f = {LEFT,
                   TOP,
                   WIDTH - LEFT - RIGHT,
                   ROW * all->n,
                   cli_axis_around(CLI_LINEAR, 0, most / unit,
                                   unit < 1 ? "time of an evaluation, ms (right: median, and its "
                                              "ratio to the best)"
                                            : "time of an evaluation, s (right: median, and its "
                                              "ratio to the best)"),
                   {.label = NULL}};
    snprintf(text, sizeof text, "%s, %d digits%s, %d worker%s, %s, %d round%s", all->kernel,
             all->digits, all->has_gradients ? " with gradients" : "", all->threads,
             all->threads == 1 ? "" : "s", all->instruction_set, all->n_done,
             all->n_done == 1 ? "" : "s");
    cli_svg_text(svg, 12, 42, 12, CLI_LEFT, CLI_SVG_DIM, text);
    cli_legend_draw(svg, 12, 52, WIDTH - 24, 3, legend);
    cli_frame_draw(svg, &f);
    for (int i = 0; i < all->n; i++) {
        const cli_scheduler *s = &all->scheduler[i];
        double y = TOP + ROW * (i + 0.5);
        draw_name(svg, y, s);
        if (s->failure[0])
            draw_failure(svg, y, s);
        else
            draw_times(svg, &f, y, s, unit);
    }
}

int cli_comparison_draw(const cli_command *command, const cli_comparison *all, const char *path) {
    char title[128];
    cli_svg svg;
    snprintf(title, sizeof title, "Schedulers on %.60s, %s points", cli_file_name(all->input),
             cli_text_count(all->n_targets > all->n_sources ? all->n_targets : all->n_sources));
    int code = cli_svg_open(command, path, WIDTH, TOP + ROW * all->n + BOTTOM, title, &svg);
    if (code != CLI_PROCEED)
        return code;
    draw_all(&svg, all);
    return cli_svg_close(&svg);
}

/* ---- from JSON ----------------------------------------------------------------------------- */

static int take_scheduler(const cli_value *v, cli_scheduler *s) {
    *s = (cli_scheduler){.name = cli_value_text(v, "name", NULL),
                         .median_s = cli_value_number(v, "median_s", -1),
                         .least_s = cli_value_number(v, "least_s", -1),
                         .most_s = cli_value_number(v, "most_s", -1),
                         .ratio = cli_value_number(v, "ratio", -1)};
    snprintf(s->failure, sizeof s->failure, "%s", cli_value_text(v, "failure", ""));
    return s->name && (s->failure[0] || (s->least_s > 0 && s->median_s >= s->least_s &&
                                         s->most_s >= s->median_s && s->ratio > 0));
}

static int take_all(const cli_command *command, const cli_value *list, cli_comparison *all) {
    for (const cli_value *v = cli_value_first(list); v; v = cli_value_next(list, v)) {
        if (!take_scheduler(v, &all->scheduler[all->n]))
            return cli_fail(command,
                            "scheduler %d of the JSON has no name, or neither times nor a "
                            "failure",
                            all->n + 1);
        all->n++;
    }
    if (all->scheduler[0].failure[0])
        return cli_fail(command, "the JSON has no scheduler with times first");
    return CLI_PROCEED;
}

int cli_comparison_plot(const cli_command *command, const cli_value *root, const char *path) {
    const cli_value *list = cli_value_get(root, "schedulers");
    if (!list || list->kind != CLI_JSON_ARRAY || !list->n)
        return cli_fail(command, "the JSON has no schedulers");
    cli_comparison all = {.input = cli_value_text(root, "input", "a cloud"),
                          .n_done = (int)cli_value_count(root, "rounds", CLI_MAX_ROUNDS)};
    cli_comparison_take_facts(root, &all);
    all.scheduler = calloc((size_t)list->n, sizeof *all.scheduler);
    if (!all.scheduler)
        return cli_fail(command, "there is no memory for %d schedulers", list->n);
    int code = take_all(command, list, &all);
    if (code == CLI_PROCEED)
        code = cli_comparison_draw(command, &all, path);
    free(all.scheduler);
    return code;
}
