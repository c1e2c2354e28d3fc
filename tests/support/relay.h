/* relay.h: a mail relay on a thread of the test: it speaks SMTP as it is told to, with TLS of its own if it is asked for, and keeps what it
 * was given. The certificate is made anew; who shall trust it is given the file. */
#ifndef KF_TESTS_SUPPORT_RELAY_H
#define KF_TESTS_SUPPORT_RELAY_H

#include "daemon.h"

#include <pthread.h>

struct relay_options {
    bool tls;           /* from the first byte: smtps */
    bool starttls;      /* offered, and asked for before anything else */
    bool utf8;          /* SMTPUTF8 is offered */
    const char *auth;   /* the words after AUTH in the answer to EHLO; NULL: no AUTH */
    const char *answer; /* to the end of a mail; NULL: "250 2.0.0 Ok: queued as 4AB" */
    const char *rcpt;   /* to RCPT; NULL: "250 2.1.5 Ok" */
    const char *greeting;
    const char *auth_answer; /* to what proves; NULL: "235 2.7.0 Ok" */
    bool drop_at_dot;        /* takes the whole mail and ends the connection without a word */
    bool drop_in_data;       /* ends it in the middle */
    bool silent;             /* no greeting at all */
    bool slow_quit;          /* no answer to QUIT */
};

/* What came in one connection. */
struct relayed {
    char said[8192]; /* the client's lines before DATA, with \n */
    char *data;      /* from DATA to the line with the dot, as it came over the wire; NULL none; owned */
    size_t n_data;
    bool over_tls;
};

struct relay {
    struct relay_options options;
    int fd, port;
    char dir[SCRATCH_MAX], ca[96]; /* ca: the PEM file that says whom to trust; "" without TLS */
    pthread_t thread;
    pthread_mutex_t lock;
    struct relayed *all[32];
    int n, taken;
    bool over;
    void *tls; /* SSL_CTX */
};

void relay_open(struct relay *r, const struct relay_options *options);
/* How it answers from now on; the TLS of the beginning stays. */
void relay_options(struct relay *r, const struct relay_options *options);
void relay_close(struct relay *r);
/* The next mail in the order in which connections ended; the test fails if none comes. Lives until relay_close(). */
const struct relayed *relay_take(struct relay *r);
/* The mail itself: dots taken away, without the last one. Freed by the caller. */
char *relayed_mail(const struct relayed *m, size_t *n);

#endif
