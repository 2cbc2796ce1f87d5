/* The picture of `dagpole foresee`: speed-up over workers. */
#include "cli/commands/foresee.h"
#include "cli/common.h"
#include "cli/pictures/chart.h"

#include <math.h>
#include <stdio.h>

#define WIDTH  800.0
#define HEIGHT 520.0

enum { IDEAL, BEST, OURS, N_LINES };

static const cli_entry legend[N_LINES] = {
    [IDEAL] = {"as many times as workers", CLI_SVG_DIM, CLI_MARK_DASHED},
    [OURS] = {"foreseen, with what limits it", NULL, CLI_MARK_POINT},
    [BEST] = {"foreseen with the blocks and submitting threads that are best there", NULL,
              CLI_MARK_LINE},
};

static const char *colour_of(int line) {
    return line == IDEAL ? CLI_SVG_DIM : cli_svg_colour(line == OURS ? 0 : 1);
}

static double speed_up(const dagpole_forecast *f, int line) {
    if (line == IDEAL)
        return f->workers;
    return line == OURS || f->best_s <= 0 ? f->speed_up : f->speed_up * f->seconds / f->best_s;
}

/* Around 1 and every line. */
static cli_axis axis_up(const cli_foresight *seen) {
    double least = 1, most = 1;
    for (int line = 0; line < N_LINES; line++)
        for (int k = 0; k < seen->n; k++) {
            least = fmin(least, speed_up(&seen->forecast[k], line));
            most = fmax(most, speed_up(&seen->forecast[k], line));
        }
    return cli_axis_around(CLI_LOG2, least, most, "speed-up over one worker");
}

static void draw_line(cli_svg *svg, const cli_frame *frame, const cli_foresight *seen, int line) {
    double xy[2 * CLI_MOST_MACHINES];
    for (int k = 0; k < seen->n; k++) {
        xy[2 * k] = cli_frame_x(frame, seen->forecast[k].workers);
        xy[2 * k + 1] = cli_frame_y(frame, speed_up(&seen->forecast[k], line));
        if (line == OURS)
            cli_svg_circle(svg, xy[2 * k], xy[2 * k + 1], 4, colour_of(line));
    }
    cli_svg_polyline(svg, seen->n, xy, 2, colour_of(line), line == IDEAL ? "6 4" : NULL);
}

/* Below its point, and only where there is room after the one before. */
static void name_limits(cli_svg *svg, const cli_frame *frame, const cli_foresight *seen) {
    double free_from = 0;
    for (int k = 0; k < seen->n; k++) {
        const dagpole_forecast *f = &seen->forecast[k];
        const char *name = dagpole_limit_name(f->limit);
        double x = cli_frame_x(frame, f->workers) + 4, y = cli_frame_y(frame, f->speed_up) + 18,
               width = cli_svg_text_width(name, 11);
        if (x < free_from || y > frame->y + frame->height - 4)
            continue;
        cli_anchor anchor = x + width > WIDTH ? CLI_RIGHT : CLI_LEFT;
        cli_svg_text(svg, x, y, 11, anchor, CLI_SVG_INK, name);
        free_from = x + width + 6;
    }
}

static void draw_notes(cli_svg *svg, const cli_foresight *seen) {
    const dagpole_report *plan = &seen->plan;
    char text[256];
    if (seen->assumed.times == DAGPOLE_TIMES_COEFFICIENTS)
        snprintf(text, sizeof text, "Measured: nothing; times of tasks from coefficients %s.",
                 plan->coefficients);
    else if (seen->assumed.times == DAGPOLE_TIMES_NONE)
        snprintf(text, sizeof text, "Measured: nothing; tasks without their work.");
    else
        snprintf(text, sizeof text,
                 "Measured: an evaluation by %d worker%s here (%s, %.3g s), for times of tasks.",
                 plan->threads, plan->threads == 1 ? "" : "s", plan->instruction_set,
                 seen->fastest_s);
    cli_svg_text(svg, 12, HEIGHT - 26, 11, CLI_LEFT, CLI_SVG_DIM, text);
    snprintf(text, sizeof text,
             "Assumed: %g us to submit a task, %g us and %g an access to run one; a node's memory "
             "%g GB/s, from other nodes %g GB/s.",
             seen->assumed.submit_us, seen->assumed.task_us, seen->assumed.access_us,
             seen->assumed.local_gbs, seen->assumed.remote_gbs);
    cli_svg_text(svg, 12, HEIGHT - 10, 11, CLI_LEFT, CLI_SVG_DIM, text);
}

int cli_foresight_plot(const cli_command *command, const char *path, const cli_foresight *seen) {
    cli_svg svg;
    cli_entry entries[N_LINES];
    char title[256];
    snprintf(title, sizeof title, "Foreseen, not measured: %s points, %d digits",
             cli_text_count(seen->plan.n_sources), seen->plan.digits);
    int code = cli_svg_open(command, path, WIDTH, HEIGHT, title, &svg);
    if (code != CLI_PROCEED)
        return code;
    for (int i = 0; i < N_LINES; i++) {
        entries[i] = legend[i];
        entries[i].colour = colour_of(i);
    }
    double top = CLI_SVG_TITLE + 4;
    top += cli_legend_draw(&svg, 12, top, WIDTH - 24, N_LINES, entries) + 8;
    double most = seen->forecast[seen->n - 1].workers;
    cli_frame frame = {.x = 66, .y = top, .width = WIDTH - 66 - 76, .height = HEIGHT - top - 96};
    frame.across = cli_axis_around(CLI_LOG2, seen->workers[0], most, "workers");
    frame.up = axis_up(seen);
    cli_frame_draw(&svg, &frame);
    for (int line = 0; line < N_LINES; line++)
        draw_line(&svg, &frame, seen, line);
    name_limits(&svg, &frame, seen);
    draw_notes(&svg, seen);
    return cli_svg_close(&svg);
}
