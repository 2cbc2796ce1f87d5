#include "cli/pictures/chart.h"

#include <math.h>

#define TICK_SIZE  12.0 /* letters */
#define LABEL_SIZE 13.0
/* Pixels of an axis for each tick, about. */
#define TICK_ACROSS  66.0
#define TICK_WORKERS 34.0 /* of a LOG2 axis, whose numbers are short */
#define TICK_UP      34.0

/* Logarithmic axes longer than this have ticks at powers of ten alone. */
#define MOST_DECADES 2.5

/* What is beyond is drawn here, so that neither an end of an axis nor a ratio of two overflows. */
#define MOST  1e300
#define LEAST 1e-300 /* on a logarithmic axis, and of a linear one's length */
/* Ends that are closer, as a share of the larger one, have no ticks between them that differ. */
#define CLOSE 1e-9

/* ---- ticks --------------------------------------------------------------------------------- */

/* 1, 2 or 5 times a power of ten, not below `least`. */
static double round_step(double least) {
    double power = pow(10, floor(log10(least)));
    double share = least / power;
    return power * (share <= 1.0000001 ? 1 : share <= 2.0000001 ? 2 : share <= 5.0000001 ? 5 : 10);
}

static double linear_step(const cli_axis *axis, int wish) {
    return round_step((axis->high - axis->low) / (wish > 1 ? wish : 1));
}

enum { MANY = 6 }; /* ticks that an axis of unknown length is made for */

static double within(double least, double value, double most) {
    return fmax(least, fmin(value, most));
}

static cli_axis linear_around(cli_axis axis) {
    double size = fmax(fabs(axis.low), fabs(axis.high));
    if (axis.high - axis.low <= fmax(CLOSE * size, LEAST))
        axis.high = axis.low + (size <= LEAST ? 1 : size);
    double step = linear_step(&axis, MANY);
    axis.low = step * floor(axis.low / step + 1e-9);
    axis.high = step * ceil(axis.high / step - 1e-9);
    return axis;
}

cli_axis cli_axis_around(cli_scale scale, double low, double high, const char *label) {
    cli_axis axis = {scale, low, high, label};
    if (!(axis.low <= axis.high))
        axis.low = axis.high = 1;
    double least = scale == CLI_LINEAR ? -MOST : LEAST;
    axis.low = within(least, axis.low, MOST);
    axis.high = within(least, axis.high, MOST);
    if (scale == CLI_LINEAR)
        return linear_around(axis);
    if (scale == CLI_LOG2) {
        axis.low = exp2(floor(log2(axis.low) + 1e-9));
        axis.high = exp2(ceil(log2(axis.high) - 1e-9));
    } else {
        double below = pow(10, floor(log10(axis.low))), above = pow(10, floor(log10(axis.high)));
        double from = axis.low / below, to = axis.high / above;
        axis.low = below * (from >= 5 ? 5 : from >= 2 ? 2 : 1);
        axis.high = above * (to <= 1 ? 1 : to <= 2 ? 2 : to <= 5 ? 5 : 10);
    }
    if (axis.low == axis.high)
        axis.high *= 2;
    return axis;
}

static int linear_ticks(const cli_axis *axis, int wish, double *value) {
    double step = linear_step(axis, wish);
    int n = 0;
    for (double i = ceil(axis->low / step - 1e-9);
         n < CLI_MAX_TICKS && i * step <= axis->high + 1e-9 * step; i++)
        value[n++] = i * step;
    return n;
}

static int log2_ticks(const cli_axis *axis, int wish, double *value) {
    double first = ceil(log2(axis->low) - 1e-9), last = floor(log2(axis->high) + 1e-9);
    double step = fmax(1, ceil((last - first) / (wish > 1 ? wish : 1)));
    int n = 0;
    for (double e = first; e <= last && n < CLI_MAX_TICKS; e += step)
        value[n++] = exp2(e);
    return n;
}

static int log10_ticks(const cli_axis *axis, int wish, double *value) {
    static const double digits[] = {1, 2, 5};
    double decades = log10(axis->high) - log10(axis->low);
    int per_decade = decades <= MOST_DECADES ? 3 : 1, n = 0;
    double step = per_decade == 3 ? 1 : fmax(1, ceil(decades / (wish > 1 ? wish : 1)));
    for (double e = floor(log10(axis->low) + 1e-9);
         n < CLI_MAX_TICKS && e <= log10(axis->high) + 1e-9; e += step)
        for (int i = 0; i < per_decade && n < CLI_MAX_TICKS; i++) {
            double tick = digits[i] * pow(10, e);
            if (tick >= axis->low * (1 - 1e-9) && tick <= axis->high * (1 + 1e-9))
                value[n++] = tick;
        }
    return n;
}

int cli_axis_ticks(const cli_axis *axis, int wish, double value[CLI_MAX_TICKS]) {
    if (axis->scale == CLI_LOG2)
        return log2_ticks(axis, wish, value);
    return (axis->scale == CLI_LOG10 ? log10_ticks : linear_ticks)(axis, wish, value);
}

void cli_tick_text(double value, char text[32]) {
    double size = fabs(value);
    if (size < 1e4 || size >= 1e7 || size != floor(size)) {
        snprintf(text, 32, "%.6g", size < 1e-12 ? 0 : value);
        return;
    }
    int whole = (int)size; /* below 1e7 */
    const char *sign = value < 0 ? "-" : "";
    if (whole >= 1000000)
        snprintf(text, 32, "%s%d,%03d,%03d", sign, whole / 1000000, whole / 1000 % 1000,
                 whole % 1000);
    else
        snprintf(text, 32, "%s%d,%03d", sign, whole / 1000, whole % 1000);
}

/* ---- frames -------------------------------------------------------------------------------- */

/* 0 at the low end, 1 at the high one. */
static double share_of(const cli_axis *axis, double value) {
    if (axis->scale == CLI_LINEAR)
        return (within(-MOST, value, MOST) - axis->low) / (axis->high - axis->low);
    double low = log(axis->low), high = log(axis->high);
    return (log(within(LEAST, value, MOST)) - low) / (high - low);
}

double cli_frame_x(const cli_frame *frame, double value) {
    return frame->x + frame->width * share_of(&frame->across, value);
}

double cli_frame_y(const cli_frame *frame, double value) {
    return frame->y + frame->height * (1 - share_of(&frame->up, value));
}

static void draw_across(cli_svg *svg, const cli_frame *f) {
    double tick[CLI_MAX_TICKS], bottom = f->y + f->height;
    double room = f->across.scale == CLI_LOG2 ? TICK_WORKERS : TICK_ACROSS;
    int n = cli_axis_ticks(&f->across, (int)(f->width / room), tick);
    char text[32];
    for (int i = 0; i < n; i++) {
        double x = cli_frame_x(f, tick[i]);
        cli_tick_text(tick[i], text);
        cli_svg_line(svg, x, f->y, x, bottom, 1, CLI_SVG_GRID, NULL);
        cli_svg_line(svg, x, bottom, x, bottom + 5, 1, CLI_SVG_INK, NULL);
        cli_svg_text(svg, x, bottom + 18, TICK_SIZE, CLI_MIDDLE, CLI_SVG_INK, text);
    }
    cli_svg_text(svg, f->x + f->width / 2, bottom + 37, LABEL_SIZE, CLI_MIDDLE, CLI_SVG_INK,
                 f->across.label);
}

static void draw_up(cli_svg *svg, const cli_frame *f) {
    double tick[CLI_MAX_TICKS], widest = 0;
    int n = cli_axis_ticks(&f->up, (int)(f->height / TICK_UP), tick);
    char text[32];
    for (int i = 0; i < n; i++) {
        double y = cli_frame_y(f, tick[i]);
        cli_tick_text(tick[i], text);
        widest = fmax(widest, cli_svg_text_width(text, TICK_SIZE));
        cli_svg_line(svg, f->x, y, f->x + f->width, y, 1, CLI_SVG_GRID, NULL);
        cli_svg_line(svg, f->x - 5, y, f->x, y, 1, CLI_SVG_INK, NULL);
        cli_svg_text(svg, f->x - 8, y + 4, TICK_SIZE, CLI_RIGHT, CLI_SVG_INK, text);
    }
    cli_svg_text_up(svg, f->x - widest - 16, f->y + f->height / 2, LABEL_SIZE, CLI_MIDDLE,
                    CLI_SVG_INK, f->up.label);
}

void cli_frame_draw(cli_svg *svg, const cli_frame *frame) {
    double bottom = frame->y + frame->height;
    if (frame->across.label)
        draw_across(svg, frame);
    if (frame->up.label)
        draw_up(svg, frame);
    cli_svg_line(svg, frame->x, bottom, frame->x + frame->width, bottom, 1, CLI_SVG_INK, NULL);
    cli_svg_line(svg, frame->x, frame->y, frame->x, bottom, 1, CLI_SVG_INK, NULL);
}

/* ---- legends ------------------------------------------------------------------------------- */

#define ROW        18.0
#define MARK_WIDTH 22.0
#define BETWEEN    16.0

static void draw_mark(cli_svg *svg, double x, double y, const cli_entry *entry) {
    double middle = y + 0.5 * ROW;
    switch (entry->mark) {
    case CLI_MARK_BOX:
        cli_svg_rect(svg, x + 3, middle - 6, 12, 12, entry->colour);
        break;
    case CLI_MARK_POINT:
        cli_svg_circle(svg, x + 9, middle, 4, entry->colour);
        break;
    default:
        cli_svg_line(svg, x, middle, x + 18, middle, 2, entry->colour,
                     entry->mark == CLI_MARK_DASHED ? "5 4" : NULL);
    }
}

double cli_legend_draw(cli_svg *svg, double x, double y, double width, int n,
                       const cli_entry *entry) {
    double at = x, row = y;
    for (int i = 0; i < n; i++) {
        double length = MARK_WIDTH + cli_svg_text_width(entry[i].name, TICK_SIZE);
        if (at > x && at + length > x + width) {
            at = x;
            row += ROW;
        }
        if (svg) {
            draw_mark(svg, at, row, &entry[i]);
            cli_svg_text(svg, at + MARK_WIDTH, row + 0.5 * ROW + 4, TICK_SIZE, CLI_LEFT,
                         CLI_SVG_INK, entry[i].name);
        }
        at += length + BETWEEN;
    }
    return n ? row - y + ROW : 0;
}
