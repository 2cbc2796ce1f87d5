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

/* Head and value one below the other, at least so wide; negative: both begin at the left. */
static void put_text(perf_table *t, const char *name, int width, const char *value) {
    size_t head = strlen(t->head), line = strlen(t->line);
    int least = (int)strlen(name);
    width = width < 0 ? (-width < least ? -least : width) : (width < least ? least : width);
    snprintf(t->head + head, PERF_LINE_BYTES - head, "%s%*s", head ? "  " : "", width, name);
    snprintf(t->line + line, PERF_LINE_BYTES - line, "%s%*s", line ? "  " : "", width, value);
}

static void put_cell_text(perf_table *t, const perf_cell *c) {
    static const int width[] = {-12, 4, 8, 15};
    char text[64];
    if (c->type == PERF_COUNT)
        snprintf(text, sizeof text, "%lld", (long long)c->count);
    else if (c->type == PERF_REAL)
        snprintf(text, sizeof text, "%.3g", c->real);
    else if (c->type == PERF_FIGURE)
        snprintf(text, sizeof text, "%.4g +-%3.0f %%", c->figure.median, 50 * c->figure.spread);
    put_text(t, c->name, width[c->type], c->type == PERF_WORD ? c->word : text);
}

static void put_cell_json(perf_table *t, const perf_cell *c) {
    char least[64], spread[64];
    snprintf(least, sizeof least, "%s_least", c->name);
    snprintf(spread, sizeof spread, "%s_spread", c->name);
    if (c->type == PERF_WORD)
        cli_json_text(&t->json, c->name, c->word);
    else if (c->type == PERF_COUNT)
        cli_json_int(&t->json, c->name, c->count);
    else
        cli_json_real(&t->json, c->name, c->type == PERF_REAL ? c->real : c->figure.median);
    if (c->type != PERF_FIGURE)
        return;
    cli_json_real(&t->json, least, c->figure.least);
    cli_json_real(&t->json, spread, c->figure.spread);
}

void perf_put(perf_table *t, size_t n, const perf_cell *cells) {
    for (size_t i = 0; i < n; i++)
        (t->is_json ? put_cell_json : put_cell_text)(t, &cells[i]);
}
