/* The command-line tool, written against dagpole.h alone. */
#include "cli/common.h"
#include "cli/output.h"
#include "cli/progress.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static const cli_command *const commands[] = {&cli_generate, &cli_run,        &cli_verify,
                                              &cli_foresee,  &cli_precompute, &cli_schedulers,
                                              &cli_plot,     &cli_info};
enum { N_COMMANDS = sizeof commands / sizeof commands[0] };

static const char about[] =
    "Potentials of charges in three dimensions by the kernel-independent fast multipole\n"
    "method, as a graph of tasks. dagpole --version prints the version.";

static int dispatch(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "--version") == 0) {
        printf("dagpole %s\n", dagpole_version());
        return CLI_SUCCESS;
    }
    return cli_dispatch(about, N_COMMANDS, commands, argc, argv);
}

/* A thread of OpenBLAS's own, which it starts before main, tries for ever to map its buffer where
 * there is no address space for it, and an exit would wait for that thread. */
static int leave(int code) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_AS, &limit) || limit.rlim_cur == RLIM_INFINITY)
        return code;
    fflush(NULL);
    _exit(code);
}

int main(int argc, char **argv) {
    cli_signals_catch(cli_output_remove_temporaries);
    int code = dispatch(argc, argv);
    if ((fflush(stdout) != 0 || ferror(stdout)) && code == CLI_SUCCESS) {
        fputs("dagpole: cannot write to the standard output\n", stderr);
        code = CLI_FAILURE;
    }
    return leave(code);
}
