#include "cli/json.h"
#include "cli/utf8.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

/* JSON is UTF-8. Names of files may hold any bytes: those that are not become U+FFFD. */
static void put_text(const char *s) {
    putchar('"');
    while (*s) {
        int n = cli_utf8_length(s);
        if (n == 0)
            fputs("\\ufffd", stdout);
        else if ((unsigned char)*s < 0x20)
            printf("\\u%04x", (unsigned)*s);
        else if (*s == '"' || *s == '\\')
            printf("\\%c", *s);
        else
            fwrite(s, 1, (size_t)n, stdout);
        s += n ? n : 1;
    }
    putchar('"');
}

/* What comes before a value: a comma, a line break and the name. */
static void put_name(cli_json *json, const char *name) {
    unsigned bit = 1u << json->depth;
    if (json->depth > 0)
        printf("%s\n%*s", json->has_items & bit ? "," : "", 2 * json->depth, "");
    json->has_items |= bit;
    if (name) {
        put_text(name);
        fputs(": ", stdout);
    }
}

static void open_as(cli_json *json, const char *name, int is_array) {
    put_name(json, name);
    putchar(is_array ? '[' : '{');
    unsigned bit = 1u << ++json->depth;
    json->has_items &= ~bit;
    json->is_array = is_array ? json->is_array | bit : json->is_array & ~bit;
}

void cli_json_open(cli_json *json, const char *name) {
    open_as(json, name, 0);
}

void cli_json_open_array(cli_json *json, const char *name) {
    open_as(json, name, 1);
}

void cli_json_close(cli_json *json) {
    unsigned bit = 1u << json->depth--;
    if (json->has_items & bit)
        printf("\n%*s", 2 * json->depth, "");
    putchar(json->is_array & bit ? ']' : '}');
    if (json->depth == 0)
        putchar('\n');
}

void cli_json_int(cli_json *json, const char *name, int64_t value) {
    put_name(json, name);
    printf("%" PRId64, value);
}

void cli_json_real(cli_json *json, const char *name, double value) {
    put_name(json, name);
    if (isfinite(value))
        printf("%.17g", value);
    else
        fputs("null", stdout);
}

void cli_json_bool(cli_json *json, const char *name, int value) {
    put_name(json, name);
    fputs(value ? "true" : "false", stdout);
}

void cli_json_text(cli_json *json, const char *name, const char *value) {
    put_name(json, name);
    put_text(value);
}

void cli_json_shares(cli_json *json, double tasks, double runtime, double idle) {
    cli_json_open(json, "share");
    cli_json_real(json, "tasks", tasks);
    cli_json_real(json, "runtime", runtime);
    cli_json_real(json, "idle", idle);
    cli_json_close(json);
}
