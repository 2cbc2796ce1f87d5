#include "cli/child.h"
#include "cli/progress.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

#define MOST_OUTPUT ((size_t)16 << 20)
#define GRACE_S     2.0 /* from being asked to end to being made to */

enum { LOOK_MS = 50 }; /* how often signals and the limit are looked at */

/* What a child wrote last on its standard error. */
typedef struct tail {
    char text[1024];
    size_t n;
} tail;

static void fail_child(cli_child *child, const char *what, const char *why) {
    if (!child->failure[0])
        snprintf(child->failure, sizeof child->failure, "%.64s%s%.160s", what, why ? ": " : "",
                 why ? why : "");
}

/* ---- its environment ----------------------------------------------------------------------- */

static int is_of(const char *entry, const char *name) {
    size_t length = strlen(name);
    return strncmp(entry, name, length) == 0 && entry[length] == '=';
}

/* The array is to be freed, its entries are not; NULL where there is no memory. */
static char **make_environment(void) {
    static char executor[] = "DAGPOLE_EXECUTOR=starpu";
    size_t n = 0;
    while (environ[n])
        n++;
    char **made = malloc((n + 2) * sizeof *made);
    if (!made)
        return NULL;
    size_t m = 0;
    int has_executor = 0;
    for (size_t i = 0; i < n; i++) {
        has_executor |= is_of(environ[i], "DAGPOLE_EXECUTOR");
        if (!is_of(environ[i], "STARPU_SCHED"))
            made[m++] = environ[i];
    }
    if (!has_executor)
        made[m++] = executor;
    made[m] = NULL;
    return made;
}

/* ---- its life ------------------------------------------------------------------------------ */

/* In the new process: only what is allowed between fork and exec. */
static _Noreturn void become(char *const *argv, char *const *environment, pid_t parent, int in,
                             int out, int err) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() == parent && dup2(in, STDIN_FILENO) >= 0 && dup2(out, STDOUT_FILENO) >= 0 &&
        dup2(err, STDERR_FILENO) >= 0)
        execve("/proc/self/exe", argv, environment);
    static const char text[] = "the tool cannot start itself by /proc/self/exe\n";
    ssize_t written = write(err, text, sizeof text - 1);
    (void)written;
    _exit(127);
}

/* Asks the process to end, then makes it; *status as waitpid gives it. */
static void end_process(pid_t pid, int *status) {
    double start = cli_seconds();
    kill(pid, SIGTERM);
    while (cli_seconds() - start < GRACE_S) {
        if (waitpid(pid, status, WNOHANG) != 0)
            return;
        poll(NULL, 0, 10);
    }
    kill(pid, SIGKILL);
    while (waitpid(pid, status, 0) < 0 && errno == EINTR)
        ;
}

/* 0 at the end of the pipe. */
static int read_output(int fd, cli_child *child) {
    char buffer[1 << 14];
    ssize_t n = read(fd, buffer, sizeof buffer);
    if (n <= 0)
        return n < 0 && errno == EINTR;
    char *more = child->n_output + (size_t)n < MOST_OUTPUT
                     ? realloc(child->output, child->n_output + (size_t)n + 1)
                     : NULL;
    if (!more) {
        fail_child(child, "it printed too much", NULL);
        return 1;
    }
    memcpy(more + child->n_output, buffer, (size_t)n);
    child->output = more;
    child->n_output += (size_t)n;
    more[child->n_output] = '\0';
    return 1;
}

/* Keeps what came last. */
static int read_tail(int fd, tail *t) {
    char buffer[sizeof t->text / 2];
    ssize_t n = read(fd, buffer, sizeof buffer);
    if (n <= 0)
        return n < 0 && errno == EINTR;
    size_t room = sizeof t->text - 1, keep = room - (size_t)n;
    if (t->n > keep) {
        memmove(t->text, t->text + (t->n - keep), keep);
        t->n = keep;
    }
    memcpy(t->text + t->n, buffer, (size_t)n);
    t->n += (size_t)n;
    t->text[t->n] = '\0';
    return 1;
}

/* Until both pipes end, the limit is reached or a signal came. 1: they ended. */
static int listen_to(int out, int err, double deadline, cli_child *child, tail *t) {
    struct pollfd fds[2] = {{.fd = out, .events = POLLIN}, {.fd = err, .events = POLLIN}};
    while (fds[0].fd >= 0 || fds[1].fd >= 0) {
        if (cli_signal_pending() || cli_seconds() > deadline)
            return 0;
        if (poll(fds, 2, LOOK_MS) <= 0)
            continue;
        if (fds[0].revents && !read_output(out, child))
            fds[0].fd = -1;
        if (fds[1].revents && !read_tail(err, t))
            fds[1].fd = -1;
    }
    return 1;
}

/* Behind its last words it may still take a while, or for ever. 1: it has ended. */
static int wait_for(pid_t pid, double deadline, int *status) {
    for (;;) {
        if (waitpid(pid, status, WNOHANG) != 0)
            return 1;
        if (cli_signal_pending() || cli_seconds() > deadline)
            return 0;
        poll(NULL, 0, 5);
    }
}

/* The last line, without the name of the command before it. */
static const char *last_line(tail *t) {
    while (t->n && t->text[t->n - 1] == '\n')
        t->text[--t->n] = '\0';
    char *line = strrchr(t->text, '\n');
    line = line ? line + 1 : t->text;
    char *sentence = strstr(line, "dagpole run: ");
    return sentence == line ? line + strlen("dagpole run: ") : line;
}

static void judge(int status, double limit_s, tail *t, cli_child *child) {
    char text[64];
    if (cli_signal_pending()) {
        fail_child(child, "interrupted", NULL);
    } else if (child->was_late) {
        snprintf(text, sizeof text, "not done after %.3g s", limit_s);
        fail_child(child, text, NULL);
    } else if (WIFSIGNALED(status)) {
        snprintf(text, sizeof text, "ended by signal %d (%s)", WTERMSIG(status),
                 strsignal(WTERMSIG(status)));
        fail_child(child, text, NULL);
    } else if (WEXITSTATUS(status) != 0) {
        snprintf(text, sizeof text, "exit code %d", WEXITSTATUS(status));
        fail_child(child, text, t->n ? last_line(t) : NULL);
    }
}

static void follow(pid_t pid, int out, int err, double limit_s, cli_child *child) {
    tail t = {.n = 0};
    int status = 0;
    double start = cli_seconds(), deadline = start + limit_s;
    int has_ended = listen_to(out, err, deadline, child, &t) && wait_for(pid, deadline, &status);
    if (!has_ended) {
        child->was_late = !cli_signal_pending();
        end_process(pid, &status);
    }
    child->seconds = cli_seconds() - start;
    judge(status, limit_s, &t, child);
}

void cli_child_run(char *const *argv, double limit_s, cli_child *child) {
    int out[2] = {-1, -1}, err[2] = {-1, -1};
    pid_t pid = -1, parent = getpid();
    *child = (cli_child){0};
    char **environment = make_environment();
    int in = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (environment && in >= 0 && pipe2(out, O_CLOEXEC) == 0 && pipe2(err, O_CLOEXEC) == 0)
        pid = fork();
    if (pid == 0)
        become(argv, environment, parent, in, out[1], err[1]);
    int error = errno;
    close(in);
    close(out[1]);
    close(err[1]);
    if (pid > 0)
        follow(pid, out[0], err[0], limit_s, child);
    else
        fail_child(child, "no process could be made", strerror(error));
    close(out[0]);
    close(err[0]);
    free(environment);
}

void cli_child_free(cli_child *child) {
    free(child->output);
    *child = (cli_child){0};
}
