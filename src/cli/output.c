#include "cli/output.h"
#include "cli/common.h"

#include <errno.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_TEMPORARIES = 4 };

/* A signal handler may look at any moment: is_live is set last and cleared first. */
static struct {
    atomic_int is_live;
    char path[PATH_MAX];
} temporaries[MAX_TEMPORARIES];

void cli_output_remove_temporaries(void) {
    int saved = errno;
    for (int i = 0; i < MAX_TEMPORARIES; i++)
        if (atomic_load(&temporaries[i].is_live))
            unlink(temporaries[i].path);
    errno = saved;
}

static int refuse(const cli_command *command, const char *path, const char *why) {
    return cli_fail(command, "cannot write '%s': %s", path, why);
}

/* What `path` leads to, which need not be there yet; NULL where there is no memory. */
static char *resolve(const char *path) {
    char *target = realpath(path, NULL);
    return target ? target : strdup(path);
}

/* Opens a temporary file beside the target; -1 with errno where that is not possible. */
static int open_temporary(const char *target, FILE **file) {
    int slot = 0;
    while (slot < MAX_TEMPORARIES && atomic_load(&temporaries[slot].is_live))
        slot++;
    if (slot == MAX_TEMPORARIES) {
        errno = EMFILE;
        return -1;
    }
    char *path = temporaries[slot].path;
    int length = snprintf(path, PATH_MAX, "%s.tmp-%ld-%d", target, (long)getpid(), slot);
    if (length < 0 || length >= PATH_MAX) {
        errno = ENAMETOOLONG;
        return -1;
    }
    atomic_store(&temporaries[slot].is_live, 1); /* before it is there: no signal comes between */
    unlink(path);                                /* of a killed process that had this number */
    *file = fopen(path, "wxe");
    if (*file)
        return slot;
    atomic_store(&temporaries[slot].is_live, 0);
    return -1;
}

int cli_output_open(const cli_command *command, const char *path, cli_output *output) {
    struct stat there;
    *output = (cli_output){.command = command, .path = path, .slot = -1};
    int is_there = stat(path, &there) == 0;
    if (is_there && S_ISDIR(there.st_mode))
        return refuse(command, path, "it is a directory");
    output->target = resolve(path);
    if (!output->target)
        return refuse(command, path, strerror(ENOMEM));
    if (is_there && !S_ISREG(there.st_mode))
        output->file = fopen(path, "we");
    else
        output->slot = open_temporary(output->target, &output->file);
    if (output->file)
        return CLI_PROCEED;
    int error = errno;
    free(output->target);
    return refuse(command, path, strerror(error));
}

static void remove_temporary(int slot) {
    if (slot < 0)
        return;
    unlink(temporaries[slot].path);
    atomic_store(&temporaries[slot].is_live, 0);
}

int cli_output_close(cli_output *output) {
    int error = ferror(output->file) ? EIO : 0;
    if (fclose(output->file) != 0)
        error = errno;
    if (!error && output->slot >= 0) {
        if (rename(temporaries[output->slot].path, output->target) == 0)
            atomic_store(&temporaries[output->slot].is_live, 0);
        else
            error = errno;
    }
    free(output->target);
    if (!error)
        return CLI_SUCCESS;
    remove_temporary(output->slot);
    return refuse(output->command, output->path, strerror(error));
}

void cli_output_drop(cli_output *output) {
    fclose(output->file);
    remove_temporary(output->slot);
    free(output->target);
}

int cli_output_check(const cli_command *command, const char *path) {
    struct stat there;
    if (stat(path, &there) == 0 && !S_ISREG(there.st_mode) && !S_ISDIR(there.st_mode))
        return access(path, W_OK) == 0 ? CLI_PROCEED : refuse(command, path, strerror(errno));
    cli_output output;
    int code = cli_output_open(command, path, &output);
    if (code == CLI_PROCEED)
        cli_output_drop(&output);
    return code;
}
