/* peer.h: a WebSocket client of the bench's own: no library, so that it costs little beside what it measures. Thousands in one
 * thread, on epoll. Frames are read whole; what is sent in one turn goes out in one write. */
#ifndef KF_BENCH_PEER_H
#define KF_BENCH_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bytes {
    char *p;
    size_t n, cap;
};

struct peer {
    int fd;
    int index;
    bool agent;
    bool open;     /* the upgrade is done */
    bool ready;    /* welcome was said */
    bool watching; /* for room to write */
    bool dirty;    /* has something to send */
    struct bytes in, out;
    uint32_t sent, acked, answered;
    int64_t *sent_us; /* by number, a ring of PEER_RING */
    void *tls;        /* SSL, until the peer is parked */
};
#define PEER_RING 4096

struct target {
    char host[64];
    int port;
    bool tls;
};

int64_t now_us(void);
void die(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));

/* "127.0.0.1:8080" */
struct target target_parse(const char *text, bool tls);
/* Blocks. POST with a JSON body; returns the status, `cookie` gets the first Set-Cookie's name=value. */
int target_post(const struct target *t, const char *path, const char *body, char *cookie, size_t size);
/* Blocks until the upgrade is answered; dies if it is refused. `cookie` NULL: none. */
void peer_connect(struct peer *p, const struct target *t, const char *path, const char *protocol, const char *cookie);
/* Appends a text frame; peer_flush() sends. */
void peer_text(struct peer *p, const char *text, size_t n);
bool peer_flush(struct peer *p); /* false: not all could be written */
/* Reads what is there and calls `text` for each message; answers pings. False: the other side has hung up (the close code in
 * `*code`, 0 none). */
bool peer_read(struct peer *p, void (*text)(struct peer *p, const char *text, size_t n), int *code);
/* Waits for one text message; blocks. */
size_t peer_wait(struct peer *p, char *text, size_t size);
/* The peer will neither read nor write again: what it holds here is freed, its connection stays open. */
void peer_park(struct peer *p);

#endif
