/* Commands and their options: one table per command, from which arguments are read, --help is
 * printed and wrong usage is explained. */
#ifndef DP_CLI_ARGUMENTS_H
#define DP_CLI_ARGUMENTS_H

#include <stdint.h>

/* Exit codes; an interrupted command ends with 128 + the signal's number. */
enum { CLI_SUCCESS = 0, CLI_FAILURE = 1, CLI_USAGE = 2 };

typedef struct cli_command cli_command;
struct cli_command {
    const char *name;    /* "run" */
    const char *operand; /* the argument that is no option, "FILE"; NULL = takes none; several, all
                            of which are needed, are separated by blanks: "IN.json OUT.svg" */
    const char *summary; /* one line */
    int (*main)(const cli_command *self, int argc, char **argv); /* argv[0] is the command */
};

typedef enum cli_type {
    CLI_FLAG,     /* int: 1 where given */
    CLI_INT,      /* int, low to high */
    CLI_COUNT,    /* int64_t, low to high; 1e6 is understood */
    CLI_REAL,     /* double, low to high */
    CLI_POSITIVE, /* double above 0 */
    CLI_AMOUNT,   /* double of at least 0; NaN: not given */
    CLI_CHOICE,   /* const char *: one of the words of `argument`, which are separated by | */
    CLI_TEXT      /* const char *, not empty */
} cli_type;

typedef struct cli_option {
    const char *name; /* "--digits"; "": there is none in this place */
    cli_type type;
    void *value;          /* holds the default; written where the option is given */
    const char *argument; /* what --help calls the value; NULL for a flag */
    const char *help;     /* tells the default in brackets only where `value` does not hold it: else
                             --help takes it from there */
    double low, high;
} cli_option;

/* Above this, doubles skip whole numbers. */
#define CLI_MOST_COUNT ((int64_t)1 << 53)

/* 1 where the text is a word of the list, whose words the separator parts; list NULL: none. */
int cli_list_has(const char *list, char separator, const char *text);

/* What cli_parse returns where the command shall go on; otherwise it is the exit code. */
enum { CLI_PROCEED = -1 };

/* Reads argv. Takes --help, and prints it, without an entry in the table. operand: the argument
 * that is no option, or the array of them, required unless command->operand is NULL (then
 * operand[0] becomes NULL). */
int cli_parse(const cli_command *command, int n_options, const cli_option *options, int argc,
              char **argv, const char **operand);

/* The main function of a program that is made of commands: runs the one that argv[1] names, and
 * returns its exit code. Takes --help, which prints `about`, all commands and the exit codes. */
int cli_dispatch(const char *about, int n_commands, const cli_command *const *commands, int argc,
                 char **argv);

/* One sentence on stderr, with a pointer to --help; returns CLI_USAGE. */
int cli_usage(const cli_command *command, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
