/* Reading JSON (RFC 8259, nothing more lenient): a file of figures made earlier. */
#ifndef DP_CLI_JSON_READ_H
#define DP_CLI_JSON_READ_H

#include "cli/arguments.h"

#include <stddef.h>
#include <stdint.h>

typedef enum cli_json_kind {
    CLI_JSON_NULL,
    CLI_JSON_BOOL,
    CLI_JSON_NUMBER,
    CLI_JSON_TEXT,
    CLI_JSON_ARRAY,
    CLI_JSON_OBJECT
} cli_json_kind;

/* Values lie in the order of the file: what is inside an array or object follows it. */
typedef struct cli_value {
    cli_json_kind kind;
    double number;    /* of a BOOL 0 or 1 */
    const char *name; /* inside an object, else NULL */
    const char *text; /* UTF-8, without zero bytes */
    int n;            /* values right inside */
    size_t span;      /* it and all inside: the next one of the same parent is that much behind */
} cli_value;

typedef struct cli_document {
    cli_value *value; /* the first is the whole */
    char *memory;     /* of all texts */
} cli_document;

enum { CLI_PROBLEM_BYTES = 160 };

/* Takes the memory (malloc's, with a zero byte behind its end), which the texts stay in. 0 where it
 * holds no JSON: problem then names line, column and what is wrong. At most 64 arrays and objects
 * lie in one another. */
int cli_document_parse(char *memory, size_t bytes, cli_document *document,
                       char problem[CLI_PROBLEM_BYTES]);

/* A file of at most 256 MiB: CLI_PROCEED, or CLI_FAILURE after a sentence. */
int cli_document_read(const cli_command *command, const char *path, cli_document *document);
void cli_document_free(cli_document *document);

/* The values right inside, NULL behind the last: first, then next of the one before. */
const cli_value *cli_value_first(const cli_value *parent);
const cli_value *cli_value_next(const cli_value *parent, const cli_value *value);

/* What an object has by this name (the first); NULL where there is none, or `object` is no object
 * or NULL. */
const cli_value *cli_value_get(const cli_value *object, const char *name);

/* Members of a kind; `otherwise`, or the count 0, where there is none of that. */
double cli_value_number(const cli_value *object, const char *name, double otherwise);
int64_t cli_value_count(const cli_value *object, const char *name, int64_t most); /* 0 ... most */
const char *cli_value_text(const cli_value *object, const char *name, const char *otherwise);

#endif
