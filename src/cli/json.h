/* JSON on stdout: cli_json_open ... cli_json_close pairs nest; a value inside an object has a name,
 * inside an array and at the top the name is NULL. NaN and infinities become null. */
#ifndef DP_CLI_JSON_H
#define DP_CLI_JSON_H

#include <stdint.h>

typedef struct cli_json {
    int depth;
    unsigned is_array, has_items; /* a bit per depth */
} cli_json;

void cli_json_open(cli_json *json, const char *name);       /* { */
void cli_json_open_array(cli_json *json, const char *name); /* [ */
void cli_json_close(cli_json *json);
void cli_json_int(cli_json *json, const char *name, int64_t value);
void cli_json_real(cli_json *json, const char *name, double value);
void cli_json_bool(cli_json *json, const char *name, int value);
void cli_json_text(cli_json *json, const char *name, const char *value);

/* "share": {"tasks", "runtime", "idle"}, of the workers' time. */
void cli_json_shares(cli_json *json, double tasks, double runtime, double idle);

#endif
