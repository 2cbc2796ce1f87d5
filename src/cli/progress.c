#include "cli/progress.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { BAR_WIDTH = 40 };
static const double REDRAW_S = 0.1;

static volatile sig_atomic_t pending_signal, is_cancellable;

/* What the terminal shows. */
static struct {
    int is_drawn;
    double drawn_at;
} bar;

static void (*remove_temporaries)(void);

static void on_signal(int number) {
    if (is_cancellable && !pending_signal) {
        pending_signal = number;
        return;
    }
    static const char text[] = "dagpole: interrupted\n";
    dagpole_remove_temporaries();
    remove_temporaries();
    ssize_t written = write(STDERR_FILENO, text, sizeof text - 1);
    (void)written;
    _exit(128 + number);
}

void cli_signals_catch(void (*remove)(void)) {
    remove_temporaries = remove;
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART}, inherited;
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
        sigaction(signals[i], NULL, &inherited);
        if (inherited.sa_handler != SIG_IGN) /* nohup, a background job of a script */
            sigaction(signals[i], &action, NULL);
    }
    signal(SIGXFSZ, SIG_IGN); /* a file beyond the size limit is a failing write */
}

int cli_signal_pending(void) {
    return pending_signal;
}

double cli_seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void erase_bar(void) {
    if (bar.is_drawn)
        fputs("\r\033[K", stderr);
    bar.is_drawn = 0;
}

static int on_progress(void *user, const char *stage, double fraction) {
    int is_terminal = *(const int *)user;
    double now = cli_seconds();
    if (is_terminal && (!bar.is_drawn || now - bar.drawn_at >= REDRAW_S)) {
        static const char full[] = "########################################";
        double part = fraction < 0 ? 0 : fraction > 1 ? 1 : fraction;
        int n_full = (int)(part * BAR_WIDTH);
        fprintf(stderr, "\r%-10s [%.*s%*s] %3.0f %%\033[K", stage, n_full, full, BAR_WIDTH - n_full,
                "", 100 * part);
        bar.is_drawn = 1;
        bar.drawn_at = now;
    }
    return pending_signal != 0;
}

void cli_progress_show(const char *stage, double fraction) {
    int is_terminal = isatty(STDERR_FILENO);
    bar.drawn_at = 0; /* at once */
    on_progress(&is_terminal, stage, fraction);
}

static void on_log(void *user, const char *message) {
    (void)user;
    erase_bar();
    fprintf(stderr, "dagpole: %s\n", message);
}

void cli_progress_attach(dagpole_context_options *options) {
    static int is_terminal;
    is_terminal = isatty(STDERR_FILENO);
    options->progress = on_progress;
    options->progress_user = &is_terminal;
    options->log = on_log;
}

void cli_progress_begin(void) {
    is_cancellable = 1;
}

dagpole_status cli_progress_end(dagpole_status status) {
    is_cancellable = 0;
    erase_bar();
    return pending_signal ? DAGPOLE_CANCELLED : status;
}
