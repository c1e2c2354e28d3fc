/* wire.h: a WebSocket client for tests (RFC 6455), strict about what comes, and able to send what is malformed.
 *
 * What comes is kept in order of arrival until a test takes it. A test says what it waits for as a pattern: an object of which every
 * member must be in the frame, at any depth; arrays must be equal. Patterns are written as jansson's json_pack() does. */
#ifndef KF_TESTS_SUPPORT_WIRE_H
#define KF_TESTS_SUPPORT_WIRE_H

#include "daemon.h"
#include "web.h"

#include <jansson.h>

#define WIRE_TEXT   0x1
#define WIRE_BINARY 0x2
#define WIRE_CLOSE  0x8
#define WIRE_PING   0x9
#define WIRE_PONG   0xa

struct wire {
    int fd; /* -1: not connected, or ended */
    char *bytes;
    size_t n_bytes, room;
    json_t *inbox;  /* array of frames that nobody has taken yet */
    json_t *last;   /* what wire_take() gave out: lives until the next */
    int close_code; /* 0: open; 1006: the line broke without a close frame */
    char reason[128];
    int pongs; /* control frames that answered ours */
    char name[32];
    bool deaf; /* does not answer pings */
};

struct wire_options {
    const char *path;            /* "/ws/visitor?site=demo" */
    const char *protocol;        /* "kefu.visitor.v1"; NULL none */
    const char *cookie, *origin; /* as in struct ask */
    const char *headers;         /* more, "Name: value\r\n…" */
    const char *version;         /* of the protocol; NULL: "13" */
};

/* Connects and asks for the upgrade; returns the status of the answer: 101 when it is open. */
int wire_open(struct wire *w, const struct daemon *d, const struct wire_options *options);
/* Ends the line without a word. Safe on a closed or zeroed one. */
void wire_drop(struct wire *w);
/* Closes politely with 1000 and waits for the answer. */
void wire_close(struct wire *w);

/* ---- sending ---- */

void wire_text(struct wire *w, const char *text);
void wire_sendf(struct wire *w, const char *fmt, ...) __attribute__((format(printf, 2, 3))); /* a text frame */
void wire_pack(struct wire *w, const char *fmt, ...);                                        /* as json_pack() */
/* A frame of any kind, whole or a part; unmasked if the test wants to see what happens. */
void wire_frame(struct wire *w, int opcode, bool fin, bool masked, const void *bytes, size_t n);

/* ---- receiving ---- */

/* Takes in what is there; waits at most `ms` for something. False once the line has ended. */
bool wire_pump(struct wire *w, int ms);
/* The first frame that fits, taken out of the inbox; waits for it, and fails the test if it does not come. Borrowed until the next
 * call. */
json_t *wire_take(struct wire *w, const char *fmt, ...);
/* The same, or NULL when nothing has come after `ms`. */
json_t *wire_take_within(struct wire *w, int ms, const char *fmt, ...);
/* Asks with a ping and waits for its pong, so that all that was sent before has been answered; then no frame in the inbox may fit. */
void wire_none(struct wire *w, const char *fmt, ...);
/* The answer to `cid`: "ack", or the code of its error. Static memory; the frame is in w->last. */
const char *wire_verdict(struct wire *w, const char *cid);
/* Waits until the other side closes; the code. */
int wire_closed(struct wire *w);
/* Forgets what nobody has taken. */
void wire_forget(struct wire *w);

/* Does the frame have all that the pattern has? */
bool json_fits(const json_t *pattern, const json_t *value);
/* Values by path, "from.name" or "messages.0.seq"; "" and -1 where there is none. */
const char *text_at(const json_t *root, const char *path);
int64_t number_at(const json_t *root, const char *path);
json_t *value_at(const json_t *root, const char *path);

#endif
