/* platform.h: the other end of a channel: an HTTP server that does nothing by itself. The test takes each request that kefud sends and
 * says how it is answered, so that it may be late, wrong, or never. */
#ifndef KF_TESTS_SUPPORT_PLATFORM_H
#define KF_TESTS_SUPPORT_PLATFORM_H

#include "web.h"

struct platform {
    int fd, port;
    int conn;        /* of the request that was taken; -1 none */
    char method[16]; /* of it */
    char path[512];  /* with the query */
    char *head;      /* ended by \r\n\r\n and 0; owned */
    char *body;      /* ended by 0; owned */
    size_t n_body;
    json_t *json; /* the body, if it is JSON; owned */
    int64_t at;   /* mono: when it was taken */
};

void platform_open(struct platform *p);
void platform_close(struct platform *p);
/* Waits for the next request; the test fails if none comes. One that was taken and not answered is dropped. */
void platform_take(struct platform *p);
/* The same, or false when none came within `ms`. */
bool platform_take_within(struct platform *p, int ms);
/* Answers what was taken. `headers` "Name: value\r\n…" or NULL, `body` NULL none. */
void platform_answer(struct platform *p, int status, const char *headers, const char *body);
/* Ends the connection without an answer. */
void platform_drop(struct platform *p);

/* ---- Standard Webhooks 1.0.0, written down a second time ---- */

/* The value of webhook-signature for one secret ("whsec_…"). */
void hook_sign(const char *secret, const char *id, const char *timestamp, const char *body, size_t n_body, char ret[128]);
/* Fails the test unless the request that was taken is signed with the secret, and recently. */
void hook_signed(const struct platform *p, const char *secret);
/* Sends an event to a hook as the other system would; the status of the answer. `shift_s` moves its clock. */
int hook_post(const struct daemon *d, const char *path, const char *secret, const char *id, int shift_s, const char *body);

#endif
