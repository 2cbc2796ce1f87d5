#include "cli/commands/arithmetic.h"
#include "cli/common.h"
#include "cli/pictures/chart.h"

#include <math.h>
#include <stdio.h>

/* 0 where the operator computes nothing or had nothing to do. */
static double share_of(double roof_s, double seconds) {
    return seconds > 0 ? roof_s / seconds : 0;
}

/* How far what schedulers were told is from what operators took, as a share: the median over those
 * that took a hundredth of all or more. */
static double expected_error(const dagpole_report *report, const dagpole_arithmetic *a) {
    double error[DAGPOLE_N_OPERATORS], sum = 0;
    const double *took = report->operator_s, *told = a->expected_s;
    int n = 0;
    for (int op = 0; op < DAGPOLE_N_OPERATORS; op++)
        sum += took[op];
    for (int op = 0; op < DAGPOLE_N_OPERATORS; op++)
        if (took[op] > 0 && took[op] >= 0.01 * sum)
            error[n++] = fabs(told[op] / took[op] - 1);
    return cli_median(n, error);
}

static void print_operator(const char *name, double seconds, double roof_s, double expected_s) {
    double share = share_of(roof_s, seconds);
    printf("  %-12s%10.4f s %10.4f s %6.1f %% %6.1f %% %10.4f s", name, seconds, roof_s,
           100 * share, 100 * (1 - share), expected_s);
    if (seconds > 0)
        printf(" %+6.0f %%", 100 * (expected_s / seconds - 1));
    putchar('\n');
}

void cli_arithmetic_table(const dagpole_report *report, const dagpole_arithmetic *a) {
    double seconds = 0, roof_s = 0, expected_s = 0;
    printf("\narithmetic at the rates of one core, as measured just now: %.1f GFlop/s of "
           "multiply-adds "
           "in double;\nGpairs/s: near %.2f, to surfaces %.2f, from surfaces %.2f\n",
           1e-9 * a->flop_rate, 1e-9 * a->near_rate, 1e-9 * a->to_surface_rate,
           1e-9 * a->from_surface_rate);
    printf("  %-12s%12s %12s %8s %8s %12s\n", "operator", "took", "arithmetic", "share", "rest",
           "expected");
    for (int op = 0; op < DAGPOLE_N_OPERATORS; op++) {
        seconds += report->operator_s[op];
        roof_s += a->roof_s[op];
        expected_s += a->expected_s[op];
        if (report->operator_s[op] > 0)
            print_operator(dagpole_operator_name((dagpole_operator)op), report->operator_s[op],
                           a->roof_s[op], a->expected_s[op]);
    }
    print_operator("all", seconds, roof_s, expected_s);
    printf("  schedulers expected these times with an error of %.0f %% in the median over "
           "operators%s\n",
           100 * expected_error(report, a),
           report->n_evaluations > 1 ? "" : ", before the first evaluation");
}

void cli_arithmetic_json(cli_json *json, const dagpole_report *report,
                         const dagpole_arithmetic *a) {
    cli_json_open(json, "arithmetic");
    cli_json_real(json, "flop_rate", a->flop_rate);
    cli_json_real(json, "near_rate", a->near_rate);
    cli_json_real(json, "to_surface_rate", a->to_surface_rate);
    cli_json_real(json, "from_surface_rate", a->from_surface_rate);
    cli_json_real(json, "expected_error", expected_error(report, a));
    cli_json_open(json, "operators");
    for (int op = 0; op < DAGPOLE_N_OPERATORS; op++) {
        double seconds = report->operator_s[op];
        cli_json_open(json, dagpole_operator_name((dagpole_operator)op));
        cli_json_real(json, "seconds", seconds);
        cli_json_real(json, "pairs", a->pairs[op]);
        cli_json_real(json, "flops", a->flops[op]);
        cli_json_real(json, "roof_s", a->roof_s[op]);
        cli_json_real(json, "share", share_of(a->roof_s[op], seconds));
        cli_json_real(json, "model_s", a->model_s[op]);
        cli_json_real(json, "expected_s", a->expected_s[op]);
        cli_json_close(json);
    }
    cli_json_close(json);
    cli_json_close(json);
}

/* ---- the chart ----------------------------------------------------------------------------- */

#define WIDTH  800.0
#define TOP    84.0
#define BOTTOM 52.0
#define LEFT   90.0
#define RIGHT  170.0
#define ROW    26.0

#define ARITHMETIC "#0072B2"
#define REST       "#C8C8C8"

enum { MOST_BARS = 32 };

typedef struct bar {
    const char *name;
    double seconds, roof_s;
} bar;

typedef struct bars {
    int n;
    bar bar[MOST_BARS];
    double most_s; /* the longest */
    char what[160], title[160];
} bars;

static void draw_bar(cli_svg *svg, const cli_frame *f, double y, const bar *b, double unit) {
    double zero = cli_frame_x(f, 0), end = cli_frame_x(f, b->seconds / unit),
           middle = cli_frame_x(f, fmin(b->roof_s, b->seconds) / unit);
    char text[64];
    cli_svg_text(svg, LEFT - 8, y + 4, 12, CLI_RIGHT, CLI_SVG_INK, b->name);
    cli_svg_rect(svg, zero, y - 8, end - zero, 16, REST);
    cli_svg_rect(svg, zero, y - 8, middle - zero, 16, ARITHMETIC);
    snprintf(text, sizeof text, "%#.4g %s, %.0f %% arithmetic", b->seconds / unit,
             unit < 1 ? "ms" : "s", 100 * share_of(b->roof_s, b->seconds));
    cli_svg_text(svg, f->x + f->width + 10, y + 4, 11, CLI_LEFT, CLI_SVG_INK, text);
}

static int draw(const cli_command *command, const bars *all, const char *path) {
    static const cli_entry legend[] = {
        {"arithmetic, at the rate of the roof", ARITHMETIC, CLI_MARK_BOX},
        {"the rest", REST, CLI_MARK_BOX}};
    double unit = all->most_s < 10 ? 1e-3 : 1;
    cli_svg svg;
    cli_frame f = {LEFT,
                   TOP,
                   WIDTH - LEFT - RIGHT,
                   ROW * all->n,
                   cli_axis_around(CLI_LINEAR, 0, all->most_s / unit,
                                   unit < 1
                                       ? "time of an operator's tasks, summed over the workers, ms"
                                       : "time of an operator's tasks, summed over the workers, s"),
                   {.label = NULL}};
    int code = cli_svg_open(command, path, WIDTH, TOP + ROW * all->n + BOTTOM, all->title, &svg);
    if (code != CLI_PROCEED)
        return code;
    cli_svg_text(&svg, 12, 42, 12, CLI_LEFT, CLI_SVG_DIM, all->what);
    cli_legend_draw(&svg, 12, 52, WIDTH - 24, 2, legend);
    cli_frame_draw(&svg, &f);
    for (int i = 0; i < all->n; i++)
        draw_bar(&svg, &f, TOP + ROW * (i + 0.5), &all->bar[i], unit);
    return cli_svg_close(&svg);
}

/* Operators that had nothing to do are left out. */
static int take_bars(const cli_command *command, const cli_value *operators, bars *all) {
    for (const cli_value *v = cli_value_first(operators); v; v = cli_value_next(operators, v)) {
        bar b = {v->name, cli_value_number(v, "seconds", -1), cli_value_number(v, "roof_s", -1)};
        if (b.seconds < 0 || b.roof_s < 0)
            return cli_fail(command, "operator '%.40s' of the JSON has no seconds and roof_s",
                            v->name);
        if (b.seconds == 0)
            continue;
        if (all->n == MOST_BARS)
            return cli_fail(command, "the JSON has more than %d operators: too many for a picture",
                            MOST_BARS);
        all->bar[all->n++] = b;
        all->most_s = fmax(all->most_s, b.seconds);
    }
    return all->n ? CLI_PROCEED : cli_fail(command, "no operator of the JSON took any time");
}

int cli_arithmetic_plot(const cli_command *command, const cli_value *root, const char *path) {
    const cli_value *operators = cli_value_get(cli_value_get(root, "arithmetic"), "operators");
    const char *input = cli_value_text(root, "input", "a cloud");
    bars all = {.n = 0};
    if (!operators || operators->kind != CLI_JSON_OBJECT)
        return cli_fail(command, "this run was printed without --roof: it does not say what is "
                                 "arithmetic");
    int64_t n = cli_value_count(root, "n_sources", CLI_MOST_COUNT);
    snprintf(all.title, sizeof all.title,
             "What of each operator's time is arithmetic: %.60s, %s points", cli_file_name(input),
             cli_text_count(n));
    snprintf(all.what, sizeof all.what,
             "%.20s, %.0f digits%s, %.0f workers, %.20s; roof: %.1f GFlop/s of a core",
             cli_value_text(root, "kernel", ""), cli_value_number(root, "digits", 0),
             cli_value_number(root, "gradients", 0) != 0 ? " with gradients" : "",
             cli_value_number(root, "threads", 0), cli_value_text(root, "instruction_set", ""),
             1e-9 * cli_value_number(cli_value_get(root, "arithmetic"), "flop_rate", 0));
    int code = take_bars(command, operators, &all);
    return code == CLI_PROCEED ? draw(command, &all, path) : code;
}
