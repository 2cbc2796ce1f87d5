#include "cli/arguments.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int cli_usage(const cli_command *command, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "%s %s: ", program_invocation_short_name, command->name);
    vfprintf(stderr, format, arguments);
    fprintf(stderr, "; see %s %s --help\n", program_invocation_short_name, command->name);
    va_end(arguments);
    return CLI_USAGE;
}

/* What the option allows, in words. */
static void describe(const cli_option *option, char *text, size_t bytes) {
    switch (option->type) {
    case CLI_INT:
    case CLI_COUNT:
        snprintf(text, bytes, "a whole number from %.17g to %.17g", option->low, option->high);
        break;
    case CLI_REAL:
        snprintf(text, bytes, "a number from %g to %g", option->low, option->high);
        break;
    case CLI_POSITIVE:
        snprintf(text, bytes, "a number above 0");
        break;
    case CLI_AMOUNT:
        snprintf(text, bytes, "a number of at least 0");
        break;
    case CLI_CHOICE:
        snprintf(text, bytes, "one of %s", option->argument);
        break;
    default:
        snprintf(text, bytes, "a value (%s)", option->argument);
    }
}

int cli_list_has(const char *list, char separator, const char *text) {
    size_t length = strlen(text);
    for (const char *word = list; word; word = strchr(word, separator)) {
        word += *word == separator;
        const char *end = strchrnul(word, separator);
        if (length && (size_t)(end - word) == length && strncmp(word, text, length) == 0)
            return 1;
    }
    return 0;
}

/* The whole text as a number; 0 where it is none or overflows. */
static int parse_real(const char *text, double *value) {
    char *end;
    errno = 0;
    *value = strtod(text, &end);
    return end != text && *end == '\0' && !(errno == ERANGE && (*value > 1 || *value < -1));
}

static int parse_count(const char *text, int64_t *value) {
    char *end;
    errno = 0;
    *value = strtoll(text, &end, 10);
    if (end != text && *end == '\0')
        return errno == 0;
    double real;
    if (!parse_real(text, &real) || !(fabs(real) <= (double)CLI_MOST_COUNT))
        return 0;
    *value = (int64_t)real;
    return (double)*value == real;
}

static int store_whole(const cli_option *option, const char *text) {
    int64_t value;
    if (!parse_count(text, &value) || (double)value < option->low || (double)value > option->high)
        return 0;
    if (option->type == CLI_INT)
        *(int *)option->value = (int)value;
    else
        *(int64_t *)option->value = value;
    return 1;
}

/* 0 where the text is not what the option allows. */
static int store(const cli_option *option, const char *text) {
    double real;
    switch (option->type) {
    case CLI_INT:
    case CLI_COUNT:
        return store_whole(option, text);
    case CLI_REAL:
    case CLI_POSITIVE:
    case CLI_AMOUNT:
        /* written so that NaN fails */
        if (!parse_real(text, &real) || !(real >= option->low) ||
            !(option->type == CLI_REAL ? real <= option->high : real * 0 == 0) ||
            (option->type == CLI_POSITIVE && real == 0))
            return 0;
        *(double *)option->value = real;
        return 1;
    default:
        if (option->type == CLI_CHOICE ? !cli_list_has(option->argument, '|', text) : !*text)
            return 0;
        *(const char **)option->value = text;
        return 1;
    }
}

/* Width of the column of option names in --help. */
enum { NAME_WIDTH = 27 };

/* What `value` holds, unless the help tells it. What is not above 0, and NULL, are no defaults but
 * stand for something else. */
static void print_default(const cli_option *option) {
    double number = 0;
    if (option->type == CLI_FLAG || strchr(option->help, '['))
        return;
    if (option->type == CLI_CHOICE || option->type == CLI_TEXT) {
        const char *text = *(const char **)option->value;
        if (text)
            printf(" [%s]", text);
    } else if (option->type == CLI_INT) {
        number = *(int *)option->value;
    } else if (option->type == CLI_COUNT) {
        number = (double)*(int64_t *)option->value;
    } else {
        number = *(double *)option->value;
    }
    if (number > 0)
        printf(" [%.10g]", number);
}

static void print_option(const cli_option *option) {
    int width = printf("  %s", option->name);
    if (option->argument)
        width += printf(" %s", option->argument);
    if (width > NAME_WIDTH - 2) {
        putchar('\n');
        width = 0;
    }
    printf("%*s%s", NAME_WIDTH - width, "", option->help);
    print_default(option);
    if (option->type == CLI_INT || option->type == CLI_REAL)
        printf(", %.10g to %.10g", option->low, option->high);
    putchar('\n');
}

static void print_help(const cli_command *command, int n_options, const cli_option *options) {
    printf("usage: %s %s%s%s [options]\n\n%s\n\n", program_invocation_short_name, command->name,
           command->operand ? " " : "", command->operand ? command->operand : "", command->summary);
    for (int i = 0; i < n_options; i++)
        if (*options[i].name)
            print_option(&options[i]);
    print_option(&(cli_option){.name = "--help", .type = CLI_FLAG, .help = "this text"});
}

/* The option that argument names, as "--name" or "--name=value"; NULL where there is none. */
static const cli_option *find(int n_options, const cli_option *options, const char *argument) {
    size_t length = strcspn(argument, "=");
    for (int i = 0; i < n_options; i++)
        if (strlen(options[i].name) == length && strncmp(options[i].name, argument, length) == 0)
            return &options[i];
    return NULL;
}

/* Reads the option at argv[*i], and its value, which may be argv[*i + 1]. */
static int parse_option(const cli_command *command, const cli_option *option, int argc, char **argv,
                        int *i) {
    char allowed[256];
    const char *equals = strchr(argv[*i], '=');
    if (option->type == CLI_FLAG) {
        if (equals)
            return cli_usage(command, "%s takes no value", option->name);
        *(int *)option->value = 1;
        return CLI_PROCEED;
    }
    describe(option, allowed, sizeof allowed);
    if (!equals && *i + 1 >= argc)
        return cli_usage(command, "%s needs %s", option->name, allowed);
    const char *text = equals ? equals + 1 : argv[++*i];
    if (!store(option, text))
        return cli_usage(command, "%s takes %s, not '%s'", option->name, allowed, text);
    return CLI_PROCEED;
}

static int count_words(const char *text) {
    int n = 0;
    for (const char *word = text; word; n++) {
        word = strchr(word, ' ');
        if (word)
            word++;
    }
    return n;
}

/* The operand with this number, as --help calls it. */
static int fail_missing(const cli_command *command, int number) {
    const char *word = command->operand;
    for (int i = 0; i < number; i++)
        word = strchr(word, ' ') + 1;
    return cli_usage(command, "%.*s is missing", (int)strcspn(word, " "), word);
}

int cli_parse(const cli_command *command, int n_options, const cli_option *options, int argc,
              char **argv, const char **operand) {
    int only_operands = 0, n_operands = 0, most_operands = count_words(command->operand);
    operand[0] = NULL;
    for (int i = 1; i < argc; i++) {
        if (only_operands || argv[i][0] != '-' || argv[i][1] == '\0') {
            if (n_operands == most_operands)
                return cli_usage(command, "'%s' is one argument too many", argv[i]);
            operand[n_operands++] = argv[i];
        } else if (strcmp(argv[i], "--") == 0) {
            only_operands = 1;
        } else if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            print_help(command, n_options, options);
            return CLI_SUCCESS;
        } else {
            const cli_option *option = find(n_options, options, argv[i]);
            if (!option)
                return cli_usage(command, "there is no option '%s'", argv[i]);
            int code = parse_option(command, option, argc, argv, &i);
            if (code != CLI_PROCEED)
                return code;
        }
    }
    return n_operands < most_operands ? fail_missing(command, n_operands) : CLI_PROCEED;
}

static void print_commands(const char *about, int n, const cli_command *const *commands) {
    printf("usage: %s COMMAND [options]\n\n%s\n\n", program_invocation_short_name, about);
    for (int i = 0; i < n; i++)
        printf("  %-12s%s\n", commands[i]->name, commands[i]->summary);
    printf("\n%s COMMAND --help   the options of a command\n\n"
           "Exit code: 0 done, 1 failed, 2 wrong usage, 128 + n ended by signal n.\n",
           program_invocation_short_name);
}

int cli_dispatch(const char *about, int n, const cli_command *const *commands, int argc,
                 char **argv) {
    const char *program = program_invocation_short_name, *name = argc > 1 ? argv[1] : "";
    for (int i = 0; i < n; i++)
        if (strcmp(name, commands[i]->name) == 0)
            return commands[i]->main(commands[i], argc - 1, argv + 1);
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
        print_commands(about, n, commands);
        return CLI_SUCCESS;
    }
    if (argc > 1)
        fprintf(stderr, "%s: there is no command '%s'; see %s --help\n", program, name, program);
    else
        fprintf(stderr, "%s: a command is missing; see %s --help\n", program, program);
    return CLI_USAGE;
}
