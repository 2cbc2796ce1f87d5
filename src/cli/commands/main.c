/* The command-line tool, written against dagpole.h alone. */
#include "cli/common.h"
#include "cli/output.h"
#include "cli/progress.h"

#include <stdio.h>
#include <string.h>

static const cli_command *const commands[] = {&cli_generate, &cli_run,        &cli_verify,
                                              &cli_foresee,  &cli_precompute, &cli_schedulers,
                                              &cli_plot,     &cli_info};
enum { N_COMMANDS = sizeof commands / sizeof commands[0] };

static void print_help(void) {
    puts("usage: dagpole COMMAND [options]\n\n"
         "Potentials of charges in three dimensions by the kernel-independent fast multipole\n"
         "method, as a graph of tasks.\n");
    for (int i = 0; i < N_COMMANDS; i++)
        printf("  %-12s%s\n", commands[i]->name, commands[i]->summary);
    puts("\ndagpole COMMAND --help   the options of a command\n"
         "dagpole --version        the version\n\n"
         "Exit code: 0 done, 1 failed, 2 wrong usage, 128 + n ended by signal n.");
}

static int dispatch(int argc, char **argv) {
    const char *name = argc > 1 ? argv[1] : "";
    for (int i = 0; i < N_COMMANDS; i++)
        if (strcmp(name, commands[i]->name) == 0)
            return commands[i]->main(commands[i], argc - 1, argv + 1);
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
        print_help();
        return CLI_SUCCESS;
    }
    if (strcmp(name, "--version") == 0) {
        printf("dagpole %s\n", dagpole_version());
        return CLI_SUCCESS;
    }
    if (argc > 1)
        fprintf(stderr, "dagpole: there is no command '%s'; see dagpole --help\n", name);
    else
        fputs("dagpole: a command is missing; see dagpole --help\n", stderr);
    return CLI_USAGE;
}

int main(int argc, char **argv) {
    cli_signals_catch(cli_output_remove_temporaries);
    int code = dispatch(argc, argv);
    if ((fflush(stdout) != 0 || ferror(stdout)) && code == CLI_SUCCESS) {
        fputs("dagpole: cannot write to the standard output\n", stderr);
        return CLI_FAILURE;
    }
    return code;
}
