/* Axes with ticks at round values, and legends, drawn with cli/pictures/svg.h. */
#ifndef DP_CLI_PICTURES_CHART_H
#define DP_CLI_PICTURES_CHART_H

#include "cli/pictures/svg.h"

typedef enum cli_scale {
    CLI_LINEAR,
    CLI_LOG10, /* ticks at 1, 2, 5, 10, ..., or at powers of ten where these are many */
    CLI_LOG2   /* ticks at powers of two: workers */
} cli_scale;

typedef struct cli_axis {
    cli_scale scale;
    double low, high;  /* ends; of a logarithmic axis above 0 */
    const char *label; /* with its unit: "time of an evaluation, ms"; NULL: no axis is drawn */
} cli_axis;

/* Axis around values from low to high: the ends are moved outward to ticks (a LOG2 axis to powers
 * of two), and apart where they are no numbers or too close for ticks between them. A linear axis
 * begins at 0 where low is 0. What is beyond 1e300, or 1e-300 on a logarithmic axis, is drawn
 * there. */
cli_axis cli_axis_around(cli_scale scale, double low, double high, const char *label);

enum { CLI_MAX_TICKS = 64 };

/* The ticks inside the axis, about `wish` of them; returns how many. */
int cli_axis_ticks(const cli_axis *axis, int wish, double value[CLI_MAX_TICKS]);

/* Where the axes cross, and all that lies between them, in pixels. */
typedef struct cli_frame {
    double x, y, width, height; /* upper left corner of the plane */
    cli_axis across, up;
} cli_frame;

double cli_frame_x(const cli_frame *frame, double value);
double cli_frame_y(const cli_frame *frame, double value);

/* Draws grid, axes, ticks and labels. It needs about 44 pixels below the plane and 60 on its left
 * for an axis that has a label. */
void cli_frame_draw(cli_svg *svg, const cli_frame *frame);

typedef enum cli_mark { CLI_MARK_BOX, CLI_MARK_LINE, CLI_MARK_DASHED, CLI_MARK_POINT } cli_mark;

typedef struct cli_entry {
    const char *name, *colour;
    cli_mark mark;
} cli_entry;

/* A row of entries from (x, y), the upper left corner, broken at `width`; returns its height. svg
 * NULL: draws nothing, to find out the height. */
double cli_legend_draw(cli_svg *svg, double x, double y, double width, int n,
                       const cli_entry *entry);

/* "0.02", "5", "1e-07", "12,000": a tick's value. text: of 32 bytes. */
void cli_tick_text(double value, char text[32]);

#endif
