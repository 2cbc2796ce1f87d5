#include "table.h"

#include "perf.h"

#include <stdio.h>
#include <string.h>

void perf_table_begin(perf_table *t, int is_json, const char *kind, const char *mode) {
    dagpole_machine machine = {.size = sizeof machine};
    *t = (perf_table){.is_json = is_json};
    if (!is_json)
        return;
    perf_try(dagpole_machine_query("", &machine));
    cli_json_open(&t->json, NULL);
    cli_json_text(&t->json, "kind", kind);
    cli_json_text(&t->json, "mode", mode);
    cli_json_text(&t->json, "dagpole", dagpole_version());
    cli_json_text(&t->json, "instruction_set", machine.instruction_set);
    cli_json_int(&t->json, "cores", machine.cores);
    cli_json_open_array(&t->json, "rows");
}

void perf_table_end(perf_table *t) {
    for (int i = 0; t->is_json && i < 2; i++)
        cli_json_close(&t->json);
}

void perf_row_begin(perf_table *t) {
    t->head[0] = t->line[0] = '\0';
    if (t->is_json)
        cli_json_open(&t->json, NULL);
}

void perf_row_end(perf_table *t) {
    if (t->is_json)
        cli_json_close(&t->json);
    else {
        if (strcmp(t->head, t->last_head) != 0)
            puts(strcpy(t->last_head, t->head));
        puts(t->line);
    }
    fflush(stdout);
}

/* Head and value one below the other; width: at least, negative where they begin at the left. */
static void cell(perf_table *t, const char *name, int width, const char *value) {
    size_t head = strlen(t->head), line = strlen(t->line);
    int name_width = (int)strlen(name);
    if (width >= 0 && width < name_width)
        width = name_width;
    if (width < 0 && -width < name_width)
        width = -name_width;
    snprintf(t->head + head, PERF_LINE_BYTES - head, "%s%*s", head ? "  " : "", width, name);
    snprintf(t->line + line, PERF_LINE_BYTES - line, "%s%*s", line ? "  " : "", width, value);
}

void perf_word(perf_table *t, const char *name, const char *value) {
    if (t->is_json)
        cli_json_text(&t->json, name, value);
    else
        cell(t, name, -12, value);
}

void perf_count(perf_table *t, const char *name, int64_t value) {
    char text[32];
    snprintf(text, sizeof text, "%lld", (long long)value);
    if (t->is_json)
        cli_json_int(&t->json, name, value);
    else
        cell(t, name, 4, text);
}

void perf_real(perf_table *t, const char *name, double value) {
    char text[32];
    snprintf(text, sizeof text, "%.3g", value);
    if (t->is_json)
        cli_json_real(&t->json, name, value);
    else
        cell(t, name, 8, text);
}

void perf_figure(perf_table *t, const char *name, dp_figure figure) {
    char text[64], least[64], spread[64];
    if (!t->is_json) {
        snprintf(text, sizeof text, "%.4g +-%3.0f %%", figure.median, 50 * figure.spread);
        cell(t, name, 15, text);
        return;
    }
    snprintf(least, sizeof least, "%s_least", name);
    snprintf(spread, sizeof spread, "%s_spread", name);
    cli_json_real(&t->json, name, figure.median);
    cli_json_real(&t->json, least, figure.least);
    cli_json_real(&t->json, spread, figure.spread);
}
