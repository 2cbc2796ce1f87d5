/* Pictures as SVG: shapes and text in pixels, from the upper left corner. Numbers have a decimal
 * point in any locale, texts are escaped, and a file is there whole or not at all (output.h).
 * cli/pictures/chart.h draws axes and legends with it. */
#ifndef DP_CLI_PICTURES_SVG_H
#define DP_CLI_PICTURES_SVG_H

#include "cli/output.h"

typedef struct cli_svg {
    cli_output output;
} cli_svg;

/* Colours that colour-blind people can tell apart (Okabe and Ito 2008), then two greys; i counts
 * round. */
enum { CLI_N_COLOURS = 10 };
const char *cli_svg_colour(int i);

#define CLI_SVG_INK  "#222222" /* text and axes */
#define CLI_SVG_DIM  "#666666" /* what is said beside */
#define CLI_SVG_GRID "#dddddd"

/* Opens a picture on a white ground with its title in the upper left corner, CLI_SVG_TITLE pixels
 * high; title NULL: none. As cli_output_open. */
enum { CLI_SVG_TITLE = 34 };
int cli_svg_open(const cli_command *command, const char *path, double width, double height,
                 const char *title, cli_svg *svg);
int cli_svg_close(cli_svg *svg); /* as cli_output_close */
void cli_svg_drop(cli_svg *svg); /* as cli_output_drop */

/* colour: any of SVG's, or NULL for that of the group. */
void cli_svg_rect(cli_svg *svg, double x, double y, double width, double height,
                  const char *colour);
void cli_svg_circle(cli_svg *svg, double x, double y, double radius, const char *colour);

/* dash: lengths of strokes and gaps, "4 3"; NULL = drawn through. */
void cli_svg_line(cli_svg *svg, double x1, double y1, double x2, double y2, double thickness,
                  const char *colour, const char *dash);
/* xy: n pairs. */
void cli_svg_polyline(cli_svg *svg, int n, const double *xy, double thickness, const char *colour,
                      const char *dash);

/* Until the end many rectangles share a colour, so that each takes fewer bytes. */
void cli_svg_group(cli_svg *svg, const char *colour);
void cli_svg_group_end(cli_svg *svg);

typedef enum cli_anchor { CLI_LEFT, CLI_MIDDLE, CLI_RIGHT } cli_anchor;

/* y is that of the text's base line; size: of the letters in pixels. text is UTF-8; bytes that are
 * not become question marks. */
void cli_svg_text(cli_svg *svg, double x, double y, double size, cli_anchor anchor,
                  const char *colour, const char *text);
/* Upwards, as beside an axis. */
void cli_svg_text_up(cli_svg *svg, double x, double y, double size, cli_anchor anchor,
                     const char *colour, const char *text);

/* About how wide a text will be, in pixels: a little more than most typefaces need. */
double cli_svg_text_width(const char *text, double size);

#endif
