/* Progress on a terminal, and Ctrl-C. */
#ifndef DP_CLI_PROGRESS_H
#define DP_CLI_PROGRESS_H

#include <dagpole.h>

/* From now on SIGINT, SIGTERM and SIGHUP, but for those that are ignored already, remove temporary
 * files (the library's, and what remove() takes away: it only unlinks) and end the process with 128
 * + signal; between begin and end below the first of them asks the library to stop instead. */
void cli_signals_catch(void (*remove)(void));

/* Sets the progress and log callbacks: a bar on stderr where that is a terminal, log lines on
 * stderr. */
void cli_progress_attach(dagpole_context_options *options);

/* Around a library call that can be cancelled. end takes the bar away and returns status, or
 * DAGPOLE_CANCELLED where a signal came in time. */
void cli_progress_begin(void);
dagpole_status cli_progress_end(dagpole_status status);

/* The bar of a command that does its work itself, where stderr is a terminal. */
void cli_progress_show(const char *stage, double fraction);

/* The signal that asked to stop, 0 where none came. */
int cli_signal_pending(void);

double cli_seconds(void); /* a clock that never goes back */

#endif
