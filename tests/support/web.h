/* web.h: a small HTTP client for tests: one request a connection, blocking, strict about what comes back, and able to send what no
 * decent client would. */
#ifndef KF_TESTS_SUPPORT_WEB_H
#define KF_TESTS_SUPPORT_WEB_H

#include "daemon.h"

#include <jansson.h>

struct ask {
    const char *method; /* NULL: GET, or POST where there is a body */
    const char *path;
    const char *headers; /* "Name: value\r\n…"; NULL none */
    const char *body;    /* NULL none */
    size_t n_body;       /* 0: strlen(body) */
    const char *cookie;  /* "name=value; …"; NULL none */
    const char *csrf;    /* sent as X-CSRF-Token; NULL none */
    const char *origin;  /* NULL none; "" the daemon's own */
    const char *host;    /* NULL: the daemon's address */
    bool control;        /* over the operator's socket */
};

struct reply {
    int status;
    char *head; /* from the status line on, ended by \r\n\r\n and 0 */
    char *body; /* ended by 0 */
    size_t n_body;
    json_t *json; /* the body, if it is JSON; NULL otherwise */
};

void web_ask(const struct daemon *d, const struct ask *ask, struct reply *ret);
void reply_free(struct reply *r);
/* The value of a header in the head of a request or an answer, NULL if there is none; static memory, until some calls later. */
const char *head_value(const char *head, const char *name);
const char *reply_header(const struct reply *r, const char *name);
/* The value of the cookie that Set-Cookie gives, NULL if it gives none; static memory likewise. */
const char *reply_cookie(const struct reply *r, const char *name);
/* Asks and expects this status. For an error it also expects an RFC 9457 problem document. The reply is returned for further
 * looking; it is freed by reply_free(). */
struct reply web_expect(const struct daemon *d, int status, const struct ask *ask);
/* As web_expect(), when only the status matters. */
void web_status(const struct daemon *d, int status, const struct ask *ask);

/* ---- by hand ---- */

/* A connected socket; fails the test where there is none. */
int web_connect(const struct daemon *d, bool control);
/* -1 instead of failing. */
int web_try_connect(int port);
void web_send(int fd, const char *bytes, size_t n);
/* Reads one answer. False when the connection ended or nothing came in time before the head was whole. `head_only`: to HEAD. */
bool web_read(int fd, bool head_only, struct reply *ret);
/* True when the other side ends the connection within the patience (what comes before that is dropped). */
bool web_ended(int fd);

#endif
