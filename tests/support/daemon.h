/* daemon.h: a real kefud with a state directory of its own, for tests that speak to it over sockets.
 *
 * What goes wrong here (it does not start, it does not stop, a sanitizer spoke up) fails the test that asked, with the end of the
 * daemon's log. Nothing sleeps for luck: all waiting is for a condition, until a deadline. */
#ifndef KF_TESTS_SUPPORT_DAEMON_H
#define KF_TESTS_SUPPORT_DAEMON_H

#include "scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>

#include <stdbool.h>
#include <sys/types.h>

struct daemon_options {
    bool demo;          /* the demo site and its people */
    const char *config; /* lines of kefud.conf ("[limits]\nhello_time = 1 s\n"); NULL none */
    bool valgrind;      /* under valgrind: any invalid access fails daemon_stop() */
    bool keep_port;     /* a restart listens where the first start did */
    const char *password;
};

/* What the demo's people sign in with, unless the options say otherwise. */
#define DEMO_PASSWORD "correct-horse-battery-staple"

struct daemon {
    pid_t pid; /* 0: not running */
    int port;
    int out;               /* its standard output */
    char dir[SCRATCH_MAX]; /* of this test: removed by daemon_finish() */
    char state[80];        /* its state directory */
    char conf[80];
    char control[96]; /* the operator's socket */
    struct daemon_options options;
    char *said; /* what it printed before it was ready; owned */
};

/* Makes the directory and starts it; returns when it is ready. */
void daemon_start(struct daemon *d, const struct daemon_options *options);
/* Starts it again on the same state, or for the first time where daemon_prepare() made it. */
void daemon_restart(struct daemon *d);
/* Only the directory and its configuration; nothing runs. */
void daemon_prepare(struct daemon *d, const struct daemon_options *options);
/* Starts it without waiting: true when it became ready, false when it ended before that (then *code is its exit code). */
bool daemon_try(struct daemon *d, int *code);
/* SIGTERM, and waits; its exit code must be 0. */
void daemon_stop(struct daemon *d);
/* SIGKILL, and waits until it is gone. */
void daemon_kill(struct daemon *d);
void daemon_signal(struct daemon *d, int signum);
/* Stops it with SIGSTOP, and returns when none of its threads runs any more. SIGCONT lets it go on. */
void daemon_halt(struct daemon *d);
/* Stops it if it runs, and removes the directory. */
void daemon_finish(struct daemon *d);
/* All that it has written to standard error since the first start; freed by the caller. */
char *daemon_log(const struct daemon *d);
/* Waits until the log holds `text`. */
void daemon_log_wait(const struct daemon *d, const char *text);
/* A path beside the daemon's own program: "kefuctl". Static memory. */
const char *daemon_program(const char *name);
/* Runs a program with arguments ended by NULL; its standard output and error are in *out (freed by the caller), its exit code is
 * returned; -1 when it took too long. `input` (may be NULL) goes to its standard input. */
int program_run(const char *const *argv, const char *input, char **out);

/* ---- time ---- */

/* How long a test waits for what ought to come soon: a busy machine may take its time. */
int patience_ms(void);
int64_t now_mono_ms(void);
int64_t now_wall_ms(void);
/* Lets a moment pass inside of a loop that waits for a condition. */
void breathe(void);
/* Repeats until `condition` holds; the test fails if it does not within the patience. */
#define UNTIL(condition)                                       \
    do {                                                       \
        int64_t until_end_ = now_mono_ms() + patience_ms();    \
        while (!(condition)) {                                 \
            if (now_mono_ms() > until_end_)                    \
                fail_msg("%s did not come about", #condition); \
            breathe();                                         \
        }                                                      \
    } while (0)

#endif
