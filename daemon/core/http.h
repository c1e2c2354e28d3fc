/* http.h: a request and an answer as plain facts, of HTTP and, for what goes out, of SMTP. Used by the adapters (which render and read
 * them) and by net (which moves them). Everything is borrowed from an arena or from the connection. Header names are compared without regard to case. */
#ifndef KF_CORE_HTTP_H
#define KF_CORE_HTTP_H

#include "core/slice.h"

#include <stdbool.h>
#include <stdint.h>

struct http_pair {
    struct slice name, value;
};

/* The envelope of a mail, for addresses smtp://relay:port/our-name and smtps://… The body is the mail: lines end in CRLF, dots are as they
 * are. Without TLS nothing is sent, unless `plain`. Without `to` there is no mail: the relay is found, signed in to, and left. */
struct smtp_envelope {
    const char *from, *to;       /* both NULL: only whether the relay is there and lets us in */
    const char *user, *password; /* NULL: without signing in */
    bool plain;                  /* smtp:// without STARTTLS, where http:// is allowed too */
};

struct http_req {
    const char *method;            /* "GET", "POST" ... */
    const char *url;               /* out: absolute; in: the decoded path */
    const struct http_pair *query; /* in: decoded once, '+' as a space; the raw string is gone */
    size_t n_query;
    const struct http_pair *headers;
    size_t n_headers;
    struct slice body; /* raw bytes */
    /* Out only. */
    size_t answer_max;                /* more bytes than that in an answer are a failure; 0: 1 MiB */
    int timeout_ms;                   /* 0: 10 s */
    int slowest;                      /* bytes a second: an answer that is slower for ten seconds has failed; 0: however slow */
    const struct smtp_envelope *smtp; /* NULL: not a mail */
    bool stranger;                    /* somebody outside has named the address: a private one is refused even where others are allowed */
};

struct http_resp {
    int status; /* 0: no answer came (see `failure`). Of a mail: the code of the last reply, the body is its text */
    const struct http_pair *headers;
    size_t n_headers;
    struct slice body;
    /* Out only, when status is 0: may the request have reached the other side? */
    bool sent;               /* bytes of the request left: the outcome is unknown */
    const char *failure;     /* words: "timeout", "connection refused" ... */
    bool too_large, refused; /* why: more than answer_max came; the address may not be asked at all */
    int began;               /* the status of an answer that was too large, if its head had come: its body is not there */
};

/* The first header or query value of that name, or an empty slice with p == NULL. */
struct slice http_header(const struct http_pair *headers, size_t n, const char *name);
struct slice http_query(const struct http_pair *query, size_t n, const char *name);
/* "bytes FROM-TO/TOTAL", which Content-Range says of a piece. False: it says something else. */
bool http_piece(struct slice content_range, int64_t *from, int64_t *to, int64_t *total);
/* The next element of a comma separated list, without the blanks around it; false: there is none. */
bool http_word(struct slice *list, struct slice *ret);
/* Does If-None-Match name the ETag? Compared weakly (RFC 9110, 13.1.2): the forms of one thing are the same. */
bool http_has_already(struct slice if_none_match, const char *etag);

/* What an answer of that status is called (RFC 9110, 15), also as the title of its problem document; and, of an error, the one word that
 * programs go by: those of docs/protocol.md §5. Of a status that is not among ours what its class says. Never NULL. */
const char *http_phrase(int status);
const char *http_code(int status);

#endif
