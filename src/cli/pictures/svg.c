#include "cli/pictures/svg.h"
#include "cli/utf8.h"

#include <math.h>
#include <string.h>

/* Most that a letter takes on average, as a share of the size. */
#define LETTER_WIDTH 0.58
#define WIDE_LETTER  0.75 /* a capital, as in names of operators */

static const char *const colours[CLI_N_COLOURS] = {"#0072B2", "#D55E00", "#009E73", "#E69F00",
                                                   "#CC79A7", "#56B4E9", "#F0E442", "#000000",
                                                   "#999999", "#5B5B5B"};

const char *cli_svg_colour(int i) {
    return colours[(i % CLI_N_COLOURS + CLI_N_COLOURS) % CLI_N_COLOURS];
}

/* To a hundredth of a pixel, without zeros at the end; what is no number becomes 0. The decimal
 * point is the locale's in printf, hence made of whole numbers here. */
static void put_number(FILE *file, double value) {
    long long hundredths = isfinite(value) && fabs(value) < 1e12 ? llround(100 * value) : 0;
    if (hundredths < 0) {
        putc('-', file);
        hundredths = -hundredths;
    }
    fprintf(file, "%lld", hundredths / 100);
    int rest = (int)(hundredths % 100);
    if (rest)
        fprintf(file, rest % 10 ? ".%02d" : ".%d", rest % 10 ? rest : rest / 10);
}

static void put_attribute(FILE *file, const char *name, double value) {
    fprintf(file, " %s=\"", name);
    put_number(file, value);
    putc('"', file);
}

static void put_colour(FILE *file, const char *name, const char *colour) {
    if (colour)
        fprintf(file, " %s=\"%s\"", name, colour);
}

/* Bytes of the character at s; 0 where it is not UTF-8, or one that XML does not have. */
static int character_length(const char *s) {
    int is_control = (unsigned char)*s < 0x20 || *s == 0x7f;
    int is_no_character = strncmp(s, "\xef\xbf\xbe", 3) == 0 || strncmp(s, "\xef\xbf\xbf", 3) == 0;
    return is_control || is_no_character ? 0 : cli_utf8_length(s);
}

static void put_text(FILE *file, const char *s) {
    while (*s) {
        int n = character_length(s);
        if (*s == '&' || *s == '<' || *s == '>')
            fputs(*s == '&' ? "&amp;" : *s == '<' ? "&lt;" : "&gt;", file);
        else if (n)
            fwrite(s, 1, (size_t)n, file);
        else
            putc('?', file);
        s += n ? n : 1;
    }
}

int cli_svg_open(const cli_command *command, const char *path, double width, double height,
                 const char *title, cli_svg *svg) {
    int code = cli_output_open(command, path, &svg->output);
    if (code != CLI_PROCEED)
        return code;
    FILE *file = svg->output.file;
    fputs("<svg xmlns=\"http://www.w3.org/2000/svg\"", file);
    put_attribute(file, "width", width);
    put_attribute(file, "height", height);
    fputs(" viewBox=\"0 0 ", file);
    put_number(file, width);
    putc(' ', file);
    put_number(file, height);
    fputs("\" font-family=\"DejaVu Sans, Verdana, sans-serif\">\n", file);
    if (title) {
        fputs("<title>", file);
        put_text(file, title);
        fputs("</title>\n", file);
    }
    cli_svg_rect(svg, 0, 0, width, height, "#ffffff");
    if (title)
        cli_svg_text(svg, 12, 22, 15, CLI_LEFT, CLI_SVG_INK, title);
    return CLI_PROCEED;
}

int cli_svg_close(cli_svg *svg) {
    fputs("</svg>\n", svg->output.file);
    return cli_output_close(&svg->output);
}

void cli_svg_drop(cli_svg *svg) {
    cli_output_drop(&svg->output);
}

static void put_place(FILE *file, const char *shape, double x, double y, double width,
                      double height) {
    fprintf(file, "<%s", shape);
    put_attribute(file, "x", x);
    put_attribute(file, "y", y);
    put_attribute(file, "width", width);
    put_attribute(file, "height", height);
}

void cli_svg_rect(cli_svg *svg, double x, double y, double width, double height,
                  const char *colour) {
    put_place(svg->output.file, "rect", x, y, width, height);
    put_colour(svg->output.file, "fill", colour);
    fputs("/>\n", svg->output.file);
}

void cli_svg_circle(cli_svg *svg, double x, double y, double radius, const char *colour) {
    FILE *file = svg->output.file;
    fputs("<circle", file);
    put_attribute(file, "cx", x);
    put_attribute(file, "cy", y);
    put_attribute(file, "r", radius);
    put_colour(file, "fill", colour);
    fputs("/>\n", file);
}

static void put_stroke(FILE *file, double thickness, const char *colour, const char *dash) {
    put_attribute(file, "stroke-width", thickness);
    put_colour(file, "stroke", colour);
    put_colour(file, "stroke-dasharray", dash);
    fputs("/>\n", file);
}

void cli_svg_line(cli_svg *svg, double x1, double y1, double x2, double y2, double thickness,
                  const char *colour, const char *dash) {
    FILE *file = svg->output.file;
    fputs("<line", file);
    put_attribute(file, "x1", x1);
    put_attribute(file, "y1", y1);
    put_attribute(file, "x2", x2);
    put_attribute(file, "y2", y2);
    put_stroke(file, thickness, colour, dash);
}

void cli_svg_polyline(cli_svg *svg, int n, const double *xy, double thickness, const char *colour,
                      const char *dash) {
    FILE *file = svg->output.file;
    fputs("<polyline fill=\"none\" stroke-linejoin=\"round\" points=\"", file);
    for (int i = 0; i < n; i++) {
        if (i)
            putc(' ', file);
        put_number(file, xy[2 * i]);
        putc(',', file);
        put_number(file, xy[2 * i + 1]);
    }
    putc('"', file);
    put_stroke(file, thickness, colour, dash);
}

void cli_svg_group(cli_svg *svg, const char *colour) {
    fprintf(svg->output.file, "<g fill=\"%s\">\n", colour);
}

void cli_svg_group_end(cli_svg *svg) {
    fputs("</g>\n", svg->output.file);
}

static void put_words(FILE *file, double size, cli_anchor anchor, const char *colour,
                      const char *text) {
    static const char *const anchors[] = {NULL, "middle", "end"};
    put_attribute(file, "font-size", size);
    put_colour(file, "text-anchor", anchors[anchor]);
    put_colour(file, "fill", colour);
    putc('>', file);
    put_text(file, text);
    fputs("</text>\n", file);
}

void cli_svg_text(cli_svg *svg, double x, double y, double size, cli_anchor anchor,
                  const char *colour, const char *text) {
    FILE *file = svg->output.file;
    fputs("<text", file);
    put_attribute(file, "x", x);
    put_attribute(file, "y", y);
    put_words(file, size, anchor, colour, text);
}

void cli_svg_text_up(cli_svg *svg, double x, double y, double size, cli_anchor anchor,
                     const char *colour, const char *text) {
    FILE *file = svg->output.file;
    fputs("<text transform=\"translate(", file);
    put_number(file, x);
    putc(' ', file);
    put_number(file, y);
    fputs(") rotate(-90)\"", file);
    put_words(file, size, anchor, colour, text);
}

double cli_svg_text_width(const char *text, double size) {
    double width = 0;
    for (; *text; text++) {
        int is_wide = (*text >= 'A' && *text <= 'Z') || *text == '+';
        if ((*text & 0xc0) != 0x80) /* characters, not bytes */
            width += is_wide ? WIDE_LETTER : LETTER_WIDTH;
    }
    return size * width;
}
