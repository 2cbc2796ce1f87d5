#include "cli/output.h"
#include "cli/common.h"

#include <errno.h>
#include <fcntl.h>
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

/* Renaming would replace a file that the user may not write. */
static int refuse_protected(const cli_command *command, const char *path, mode_t mode) {
    char why[160];
    snprintf(why, sizeof why, "it is there and may not be written (mode %04o): %s", mode & 07777u,
             strerror(errno));
    return refuse(command, path, why);
}

static int is_same(const struct stat *a, const struct stat *b) {
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* The path that a link leads to in its place; malloc's, NULL with errno. */
static char *follow(const char *link) {
    char value[PATH_MAX];
    ssize_t n = readlink(link, value, sizeof value - 1);
    if (n < 0)
        return NULL;
    value[n] = '\0';
    int n_folder = value[0] == '/' ? 0 : (int)(cli_file_name(link) - link);
    size_t bytes = (size_t)n_folder + (size_t)n + 1;
    char *path = malloc(bytes);
    if (path)
        snprintf(path, bytes, "%.*s%s", n_folder, link, value);
    return path;
}

/* What `path` leads to, which need not be there yet; NULL with errno. */
static char *resolve(const char *path) {
    enum { MAX_LINKS = 40 }; /* as the system follows */
    struct stat info;
    char *target = realpath(path, NULL);
    if (target)
        return target;
    target = strdup(path);
    for (int i = 0; target && lstat(target, &info) == 0 && S_ISLNK(info.st_mode); i++) {
        char *next = i < MAX_LINKS ? follow(target) : NULL;
        free(target);
        target = next;
        if (i == MAX_LINKS)
            errno = ELOOP;
    }
    return target;
}

/* A new file, with the mode of the one at `target` where it is going to replace one: what that
 * hides nobody else may open meanwhile either. NULL with errno. */
static FILE *open_as(const char *path, const char *target) {
    struct stat replaced;
    int is_there = stat(target, &replaced) == 0;
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, is_there ? 0600 : 0666);
    if (fd >= 0 && is_there)
        (void)fchmod(fd, replaced.st_mode & 0777); /* not every file system has modes */
    FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
    if (fd >= 0 && !file) {
        close(fd);
        unlink(path);
    }
    return file;
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
    *file = open_as(path, target);
    if (*file)
        return slot;
    atomic_store(&temporaries[slot].is_live, 0);
    return -1;
}

/* The number of the stream that goes to this file: of the standard output or error; -1: neither. */
static int find_stream(const struct stat *file) {
    struct stat stream;
    for (int number = STDOUT_FILENO; number <= STDERR_FILENO; number++)
        if (S_ISREG(file->st_mode) && fstat(number, &stream) == 0 && is_same(file, &stream))
            return number;
    return -1;
}

/* Goes on where the stream is: what its file has stays. */
static FILE *open_stream(int number) {
    fflush(number == STDOUT_FILENO ? stdout : stderr);
    int copy = fcntl(number, F_DUPFD_CLOEXEC, 0);
    FILE *file = copy < 0 ? NULL : fdopen(copy, "w");
    if (copy >= 0 && !file)
        close(copy);
    return file;
}

int cli_output_open(const cli_command *command, const char *path, cli_output *output) {
    struct stat there;
    *output = (cli_output){.command = command, .path = path, .slot = -1};
    int is_there = stat(path, &there) == 0;
    if (is_there && S_ISDIR(there.st_mode))
        return refuse(command, path, "it is a directory");
    int stream = is_there ? find_stream(&there) : -1;
    if (is_there && stream < 0 && S_ISREG(there.st_mode) && access(path, W_OK) != 0)
        return refuse_protected(command, path, there.st_mode);
    output->target = resolve(path);
    if (!output->target)
        return refuse(command, path, strerror(errno));
    if (stream >= 0)
        output->file = open_stream(stream);
    else if (is_there && !S_ISREG(there.st_mode))
        output->file = fopen(path, "we");
    else
        output->slot = open_temporary(output->target, &output->file);
    if (output->file)
        return CLI_PROCEED;
    int error = errno;
    free(output->target);
    return refuse(command, path, error == ENOENT ? "its directory is missing" : strerror(error));
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

int cli_store_check(const cli_command *command, const char *path) {
    struct stat there;
    if (stat(path, &there) == 0 && !S_ISREG(there.st_mode) && !S_ISDIR(there.st_mode))
        return refuse(command, path, "it is there and not a regular file");
    return cli_output_check(command, path);
}

/* ---- several, before the work ---- */

/* 1 where both lead to one file, which need not be there yet. */
static int lead_to_one(const char *a, const char *b) {
    struct stat of_a, of_b;
    if (strcmp(a, b) == 0)
        return 1;
    if (stat(a, &of_a) == 0 && stat(b, &of_b) == 0)
        return S_ISREG(of_a.st_mode) && is_same(&of_a, &of_b);
    char folder[2][PATH_MAX];
    const char *path[2] = {a, b}, *name[2];
    for (int i = 0; i < 2; i++) {
        name[i] = cli_file_name(path[i]);
        snprintf(folder[i], PATH_MAX, "%.*s.", (int)(name[i] - path[i]), path[i]);
    }
    return strcmp(name[0], name[1]) == 0 && stat(folder[0], &of_a) == 0 &&
           stat(folder[1], &of_b) == 0 && is_same(&of_a, &of_b);
}

static int check_target(const cli_command *command, const char *input, const cli_target *target) {
    struct stat in, out;
    if (strcmp(target->path, "-") == 0)
        return cli_usage(command, "%s is a file: nothing of it is written to the standard output",
                         target->option);
    if (stat(target->path, &out) == 0 && stat(cli_points_path(input), &in) == 0 &&
        is_same(&in, &out))
        return cli_usage(command, "%s '%s' would overwrite the input", target->option,
                         target->path);
    return CLI_PROCEED;
}

int cli_targets_check(const cli_command *command, const char *input, int n,
                      const cli_target *target) {
    int code = CLI_PROCEED;
    for (int i = 0; i < n && code == CLI_PROCEED; i++) {
        if (!target[i].path)
            continue;
        for (int j = 0; j < i; j++)
            if (target[j].path && lead_to_one(target[j].path, target[i].path))
                return cli_usage(command, "%s and %s are both '%s'", target[j].option,
                                 target[i].option, target[i].path);
        code = check_target(command, input, &target[i]);
        if (code == CLI_PROCEED)
            code = target[i].check(command, target[i].path);
    }
    return code;
}
