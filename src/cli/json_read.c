#include "cli/json_read.h"
#include "cli/common.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_BYTES ((size_t)256 << 20)

enum { MOST_DEPTH = 64 };

typedef struct reader {
    char *at, *end;   /* what is still to be read; a zero byte is at the end */
    char *line_begin; /* texts have no line breaks, so that only blanks move it */
    int line;
    cli_value *value;
    size_t n, capacity;
    const char *problem; /* NULL: none so far */
} reader;

static int fails(reader *r, const char *problem) {
    if (!r->problem)
        r->problem = problem;
    return 0;
}

static void skip_blanks(reader *r) {
    while (r->at < r->end && *r->at && strchr(" \t\r\n", *r->at))
        if (*r->at++ == '\n') {
            r->line++;
            r->line_begin = r->at;
        }
}

/* *index: of a new value. */
static int add_value(reader *r, const char *name, size_t *index) {
    if (r->n == r->capacity) {
        size_t capacity = r->capacity ? 2 * r->capacity : 256;
        cli_value *more = realloc(r->value, capacity * sizeof *more);
        if (!more)
            return fails(r, "there is no memory for more values");
        r->value = more;
        r->capacity = capacity;
    }
    *index = r->n;
    r->value[r->n++] = (cli_value){.name = name, .span = 1};
    return 1;
}

/* ---- texts --------------------------------------------------------------------------------- */

static int read_hex(reader *r, unsigned *code) {
    *code = 0;
    for (int i = 0; i < 4; i++, r->at++) {
        char c = r->at < r->end ? *r->at : '\0';
        const char *digits = "0123456789abcdef", *found = c ? strchr(digits, c | 0x20) : NULL;
        int is_digit = c >= '0' && c <= '9';
        if (!found || (!is_digit && !((c | 0x20) >= 'a' && (c | 0x20) <= 'f')))
            return fails(r, "\\u is followed by four hexadecimal digits");
        *code = *code * 16 + (unsigned)(found - digits);
    }
    return 1;
}

static char *put_utf8(char *to, unsigned code) {
    if (code < 0x80) {
        *to++ = (char)code;
        return to;
    }
    int n = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3; /* bytes behind the first */
    static const unsigned first[] = {0, 0xc0, 0xe0, 0xf0};
    *to++ = (char)(first[n] | code >> 6 * n);
    while (n-- > 0)
        *to++ = (char)(0x80 | (code >> 6 * n & 0x3f));
    return to;
}

/* Behind a backslash and u: a character, or the first half of one that takes two. */
static int read_code(reader *r, char **to) {
    unsigned code, low;
    if (!read_hex(r, &code))
        return 0;
    if (code >= 0xd800 && code < 0xdc00) {
        if (r->end - r->at < 6 || r->at[0] != '\\' || r->at[1] != 'u')
            return fails(r, "half a character is followed by its other half");
        r->at += 2;
        if (!read_hex(r, &low))
            return 0;
        if (low < 0xdc00 || low >= 0xe000)
            return fails(r, "half a character is followed by its other half");
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    } else if (code >= 0xdc00 && code < 0xe000) {
        return fails(r, "half a character comes alone");
    }
    if (code == 0)
        return fails(r, "a text holds no zero byte");
    *to = put_utf8(*to, code);
    return 1;
}

static int read_escape(reader *r, char **to) {
    static const char names[] = "\"\\/bfnrt", bytes[] = "\"\\/\b\f\n\r\t";
    char c = r->at < r->end ? *r->at : '\0';
    if (c == 'u') {
        r->at++;
        return read_code(r, to);
    }
    const char *found = c ? strchr(names, c) : NULL;
    if (!found)
        return fails(r, "a backslash is followed by one of \"\\/bfnrtu");
    *(*to)++ = bytes[found - names];
    r->at++;
    return 1;
}

/* Decodes in place: a text never grows. */
static int read_text(reader *r, const char **text) {
    if (r->at >= r->end || *r->at != '"')
        return fails(r, "a text in double quotes is expected");
    char *to = ++r->at;
    *text = to;
    while (r->at < r->end && *r->at != '"') {
        if ((unsigned char)*r->at < 0x20)
            return fails(r, "a text has no line breaks and other control characters");
        if (*r->at != '\\') {
            *to++ = *r->at++;
            continue;
        }
        r->at++;
        if (!read_escape(r, &to))
            return 0;
    }
    if (r->at >= r->end)
        return fails(r, "a text has no end");
    r->at++;
    *to = '\0';
    return 1;
}

/* ---- values -------------------------------------------------------------------------------- */

static void skip_digits(reader *r, int *n) {
    for (*n = 0; r->at < r->end && *r->at >= '0' && *r->at <= '9'; r->at++)
        ++*n;
}

static int read_number(reader *r, double *number) {
    char *begin = r->at;
    int n, is_right;
    r->at += *r->at == '-';
    char *whole = r->at;
    skip_digits(r, &n);
    is_right = n > 0 && (n == 1 || *whole != '0');
    if (is_right && *r->at == '.') {
        r->at++;
        skip_digits(r, &n);
        is_right = n > 0;
    }
    if (is_right && (*r->at == 'e' || *r->at == 'E')) {
        r->at++;
        r->at += *r->at == '+' || *r->at == '-';
        skip_digits(r, &n);
        is_right = n > 0;
    }
    if (!is_right)
        return fails(r, "a value is expected");
    *number = strtod(begin, NULL); /* in the C locale: the tool sets no other */
    if (!(*number - *number == 0))
        return fails(r, "a number is beyond what a double holds");
    return 1;
}

static int read_word(reader *r, cli_value *v) {
    static const struct {
        const char *word;
        cli_json_kind kind;
        double number;
    } words[] = {
        {"null", CLI_JSON_NULL, 0}, {"true", CLI_JSON_BOOL, 1}, {"false", CLI_JSON_BOOL, 0}};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        size_t length = strlen(words[i].word);
        if ((size_t)(r->end - r->at) < length || memcmp(r->at, words[i].word, length) != 0)
            continue;
        v->kind = words[i].kind;
        v->number = words[i].number;
        r->at += length;
        return 1;
    }
    v->kind = CLI_JSON_NUMBER;
    return read_number(r, &v->number);
}

static int read_value(reader *r, const char *name, int depth);

/* One member of the array or object with this index. */
static int read_member(reader *r, size_t parent, int depth) {
    const char *name = NULL;
    int is_object = r->value[parent].kind == CLI_JSON_OBJECT;
    skip_blanks(r);
    if (is_object) {
        if (!read_text(r, &name))
            return 0;
        skip_blanks(r);
        if (r->at >= r->end || *r->at != ':')
            return fails(r, "a colon is expected between a name and its value");
        r->at++;
    }
    if (!read_value(r, name, depth))
        return 0;
    r->value[parent].n++;
    r->value[parent].span = r->n - parent;
    return 1;
}

static int read_members(reader *r, size_t parent, int depth) {
    char close = r->value[parent].kind == CLI_JSON_OBJECT ? '}' : ']';
    r->at++;
    skip_blanks(r);
    if (r->at < r->end && *r->at == close) {
        r->at++;
        return 1;
    }
    for (;;) {
        if (!read_member(r, parent, depth))
            return 0;
        skip_blanks(r);
        char c = r->at < r->end ? *r->at : '\0';
        if (c != ',' && c != close)
            return fails(r, close == '}' ? "a comma or } is expected" : "a comma or ] is expected");
        r->at++;
        if (c == close)
            return 1;
    }
}

static int read_value(reader *r, const char *name, int depth) {
    size_t index;
    skip_blanks(r);
    if (!add_value(r, name, &index))
        return 0;
    char c = r->at < r->end ? *r->at : '\0';
    if (c == '{' || c == '[') {
        if (depth == MOST_DEPTH)
            return fails(r, "more than 64 arrays and objects lie in one another");
        r->value[index].kind = c == '{' ? CLI_JSON_OBJECT : CLI_JSON_ARRAY;
        return read_members(r, index, depth + 1);
    }
    if (c == '"') {
        const char *text;
        if (!read_text(r, &text))
            return 0;
        r->value[index].kind = CLI_JSON_TEXT;
        r->value[index].text = text;
        return 1;
    }
    return read_word(r, &r->value[index]);
}

/* ---- files --------------------------------------------------------------------------------- */

/* The whole file and a zero byte behind it; NULL with errno. */
static char *read_file(FILE *file, size_t *bytes) {
    size_t capacity = (size_t)1 << 16;
    char *memory = malloc(capacity + 1);
    *bytes = 0;
    while (memory) {
        size_t n = fread(memory + *bytes, 1, capacity - *bytes, file);
        *bytes += n;
        if (*bytes < capacity && !ferror(file)) {
            memory[*bytes] = '\0';
            return memory;
        }
        if (ferror(file) || capacity >= MOST_BYTES) {
            errno = ferror(file) ? errno : EFBIG;
            break;
        }
        char *more = realloc(memory, 2 * capacity + 1);
        if (!more)
            break;
        memory = more;
        capacity *= 2;
    }
    free(memory);
    return NULL;
}

int cli_document_parse(char *memory, size_t bytes, cli_document *document,
                       char problem[CLI_PROBLEM_BYTES]) {
    reader r = {.at = memory, .end = memory + bytes, .line_begin = memory, .line = 1};
    skip_blanks(&r);
    int is_right = r.at < r.end ? read_value(&r, NULL, 0) : fails(&r, "it is empty");
    skip_blanks(&r);
    if (is_right && r.at < r.end)
        is_right = fails(&r, "something follows behind the end");
    *document = (cli_document){.value = r.value, .memory = memory};
    if (is_right)
        return 1;
    snprintf(problem, CLI_PROBLEM_BYTES, "line %d, column %d: %s", r.line,
             (int)(r.at - r.line_begin) + 1, r.problem);
    cli_document_free(document);
    return 0;
}

int cli_document_read(const cli_command *command, const char *path, cli_document *document) {
    size_t bytes;
    char problem[CLI_PROBLEM_BYTES];
    FILE *file = fopen(path, "re");
    if (!file)
        return cli_fail(command, "cannot read '%s': %s", path, strerror(errno));
    char *memory = read_file(file, &bytes);
    int error = errno;
    fclose(file);
    if (!memory)
        return cli_fail(command, "cannot read '%s': %s", path, strerror(error));
    if (!cli_document_parse(memory, bytes, document, problem))
        return cli_fail(command, "'%s' is no JSON: %s", path, problem);
    return CLI_PROCEED;
}

void cli_document_free(cli_document *document) {
    free(document->value);
    free(document->memory);
    *document = (cli_document){0};
}

const cli_value *cli_value_first(const cli_value *parent) {
    return parent->n ? parent + 1 : NULL;
}

const cli_value *cli_value_next(const cli_value *parent, const cli_value *value) {
    const cli_value *next = value + value->span;
    return next < parent + parent->span ? next : NULL;
}

const cli_value *cli_value_get(const cli_value *object, const char *name) {
    if (!object || object->kind != CLI_JSON_OBJECT)
        return NULL;
    for (const cli_value *v = cli_value_first(object); v; v = cli_value_next(object, v))
        if (strcmp(v->name, name) == 0)
            return v;
    return NULL;
}

double cli_value_number(const cli_value *object, const char *name, double otherwise) {
    const cli_value *v = cli_value_get(object, name);
    return v && (v->kind == CLI_JSON_NUMBER || v->kind == CLI_JSON_BOOL) ? v->number : otherwise;
}

int64_t cli_value_count(const cli_value *object, const char *name, int64_t most) {
    double number = cli_value_number(object, name, 0);
    return number > 0 && number <= (double)most ? (int64_t)number : 0;
}

const char *cli_value_text(const cli_value *object, const char *name, const char *otherwise) {
    const cli_value *v = cli_value_get(object, name);
    return v && v->kind == CLI_JSON_TEXT ? v->text : otherwise;
}
