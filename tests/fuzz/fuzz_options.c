/* The option parser of the tool: the input holds the arguments, one a line. */
#include "fuzz.h"

#include <math.h>

#include "cli/common.h"

enum { MOST_ARGUMENTS = 24 };

typedef struct values {
    cli_context_choice context;
    cli_plan_choice plan;
    int flag;
    int64_t count;
    double real, positive;
    const char *choice, *text;
} values;

static int no_main(const cli_command *self, int argc, char **argv) {
    (void)self, (void)argc, (void)argv;
    return 0;
}

/* What is accepted lies within the limits of its option. */
static void check_values(const values *v) {
    FUZZ_CHECK(v->flag == 0 || v->flag == 1);
    FUZZ_CHECK(v->count >= 0 && v->count <= (int64_t)1 << 40);
    FUZZ_CHECK(v->real >= -1 && v->real <= 1);
    FUZZ_CHECK(v->positive > 0 && isfinite(v->positive));
    FUZZ_CHECK(!strcmp(v->choice, "unit") || !strcmp(v->choice, "mixed"));
    FUZZ_CHECK(!v->text || *v->text);
    FUZZ_CHECK(v->context.threads >= 0 && v->context.threads <= 4096);
    FUZZ_CHECK(!v->plan.plan.digits || (v->plan.plan.digits >= 3 && v->plan.plan.digits <= 12));
    double lambda = v->plan.parameter[0].value;
    FUZZ_CHECK(isnan(lambda) || (lambda >= 0 && isfinite(lambda)));
    FUZZ_CHECK(v->plan.plan.tolerance == 0 ||
               (v->plan.plan.tolerance >= 1e-15 && v->plan.plan.tolerance <= 1e-1));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *text = malloc(size + 1), *arguments[MOST_ARGUMENTS + 1] = {"command"};
    const char *operand;
    int n = 1;
    FUZZ_CHECK(text);
    memcpy(text, data, size);
    text[size] = '\0';
    int takes_operand = size && data[0] % 2;
    for (char *rest = text, *line; n < MOST_ARGUMENTS && (line = strsep(&rest, "\n"));)
        arguments[n++] = line;
    values v = {.plan = {.kernel = "laplace",
                         .kernels = "laplace|yukawa",
                         .parameter = {{.name = "--lambda", .argument = "X", .value = NAN}}},
                .positive = 1,
                .choice = "unit"};
    const cli_option options[] = {
        CLI_CONTEXT_OPTIONS(v.context),
        CLI_PLAN_OPTIONS(v.plan),
        {"--flag", CLI_FLAG, &v.flag, NULL, "a flag", 0, 0},
        {"--count", CLI_COUNT, &v.count, "N", "a count", 0, 0x1p40},
        {"--real", CLI_REAL, &v.real, "X", "a number", -1, 1},
        {"--positive", CLI_POSITIVE, &v.positive, "X", "a number", 0, 0},
        {"--choice", CLI_CHOICE, &v.choice, "unit|mixed", "a word", 0, 0},
        {"--text", CLI_TEXT, &v.text, "TEXT", "anything", 0, 0},
    };
    const cli_command command = {"command", takes_operand ? "FILE" : NULL, "a command", no_main};
    int code =
        cli_parse(&command, sizeof options / sizeof options[0], options, n, arguments, &operand);
    FUZZ_CHECK(code == CLI_PROCEED || code == CLI_SUCCESS || code == CLI_USAGE);
    if (code == CLI_PROCEED) {
        FUZZ_CHECK(!operand == !takes_operand);
        check_values(&v);
    }
    free(text);
    return 0;
}
