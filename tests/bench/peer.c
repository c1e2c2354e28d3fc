#include "bench/peer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

int64_t now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

void die(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    fputs("bench: ", stderr);
    vfprintf(stderr, fmt, ap);
    fputc('\n', stderr);
    va_end(ap);
    exit(1);
}

static void add(struct bytes *b, const void *p, size_t n)
{
    if (b->n + n > b->cap) {
        size_t cap = b->cap ? b->cap : 1024;

        while (cap < b->n + n)
            cap *= 2;
        b->p = realloc(b->p, cap);
        if (!b->p)
            die("out of memory");
        b->cap = cap;
    }
    memcpy(b->p + b->n, p, n);
    b->n += n;
}

static void drop(struct bytes *b, size_t n)
{
    memmove(b->p, b->p + n, b->n - n);
    b->n -= n;
}

struct target target_parse(const char *text, bool tls)
{
    struct target ret = { .tls = tls };
    const char *colon = strrchr(text, ':');

    if (!colon || (size_t)(colon - text) >= sizeof(ret.host))
        die("%s: not HOST:PORT", text);
    memcpy(ret.host, text, (size_t)(colon - text));
    ret.port = atoi(colon + 1);
    return ret;
}

static int dial(const struct target *t)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)t->port) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

    if (fd < 0 || inet_pton(AF_INET, t->host, &to.sin_addr) != 1)
        die("socket: %s", strerror(errno));
    if (connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0)
        die("%s:%d: %s", t->host, t->port, strerror(errno));
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    return fd;
}

static SSL *handshake(int fd)
{
    static SSL_CTX *context;
    SSL *ssl;

    if (!context)
        context = SSL_CTX_new(TLS_client_method()); /* the certificate is the bench's own: nothing to verify */
    ssl = context ? SSL_new(context) : NULL;
    if (!ssl || !SSL_set_fd(ssl, fd) || SSL_connect(ssl) != 1)
        die("TLS handshake failed");
    return ssl;
}

static ssize_t get(struct peer *p, void *buf, size_t n)
{
    int got;

    if (!p->tls)
        return recv(p->fd, buf, n, 0);
    got = SSL_read(p->tls, buf, (int)n);
    if (got > 0)
        return got;
    if (SSL_get_error(p->tls, got) == SSL_ERROR_WANT_READ) {
        errno = EAGAIN;
        return -1;
    }
    return 0;
}

static ssize_t put(struct peer *p, const void *buf, size_t n)
{
    return p->tls ? SSL_write(p->tls, buf, (int)n) : send(p->fd, buf, n, MSG_NOSIGNAL);
}

/* Blocks until the head of an HTTP answer is there; what follows it stays in `in`. Returns the status. */
static int read_head(struct peer *p, char *head, size_t size)
{
    char block[4096];
    char *end;
    ssize_t n;
    size_t len;

    while (!p->in.n || !(end = memmem(p->in.p, p->in.n, "\r\n\r\n", 4))) {
        n = get(p, block, sizeof(block));
        if (n <= 0)
            die("the connection ended before an answer");
        add(&p->in, block, (size_t)n);
    }
    len = (size_t)(end - p->in.p) + 4;
    if (len >= size)
        die("an answer's head of %zu bytes", len);
    memcpy(head, p->in.p, len);
    head[len] = '\0';
    drop(&p->in, len);
    return atoi(head + strlen("HTTP/1.1 "));
}

int target_post(const struct target *t, const char *path, const char *body, char *cookie, size_t size)
{
    struct peer p = { .fd = dial(t) };
    char request[2048], head[8192];
    const char *set;
    int status, n;

    n = snprintf(
        request, sizeof(request),
        "POST %s HTTP/1.1\r\nHost: %s:%d\r\nOrigin: http://%s:%d\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s", path,
        t->host, t->port, t->host, t->port, strlen(body), body);
    if (put(&p, request, (size_t)n) != n)
        die("%s: could not be sent", path);
    status = read_head(&p, head, sizeof(head));
    set = strcasestr(head, "\r\nset-cookie: ");
    if (set)
        snprintf(cookie, size, "%.*s", (int)strcspn(set + 14, ";\r"), set + 14);
    close(p.fd);
    free(p.in.p);
    return status;
}

void peer_connect(struct peer *p, const struct target *t, const char *path, const char *protocol, const char *cookie)
{
    char request[2048], head[8192];
    const char *scheme = t->tls ? "https" : "http";
    int n;

    p->fd = dial(t);
    if (t->tls)
        p->tls = handshake(p->fd);
    n = snprintf(request, sizeof(request),
                 "GET %s HTTP/1.1\r\nHost: %s:%d\r\nOrigin: %s://%s:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                 "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: a2VmdWQgYmVuY2ggcGVlcg==\r\nSec-WebSocket-Protocol: %s\r\n%s%s%s\r\n",
                 path, t->host, t->port, scheme, t->host, t->port, protocol, cookie ? "Cookie: " : "", cookie ? cookie : "",
                 cookie ? "\r\n" : "");
    if (put(p, request, (size_t)n) != n)
        die("%s: could not be sent", path);
    if (read_head(p, head, sizeof(head)) != 101)
        die("%s: %.*s", path, (int)strcspn(head, "\r"), head);
    fcntl(p->fd, F_SETFL, O_NONBLOCK);
    p->open = true;
}

/* The mask is zero, which is as good as any other to the reader and costs us nothing. */
static void frame(struct peer *p, unsigned char op, const char *text, size_t n)
{
    unsigned char head[14] = { (unsigned char)(0x80 | op) };
    size_t len = 2;

    if (n < 126)
        head[1] = (unsigned char)(0x80 | n);
    else {
        head[1] = 0x80 | 126;
        head[2] = (unsigned char)(n >> 8);
        head[3] = (unsigned char)n;
        len = 4;
    }
    add(&p->out, head, len + 4);
    add(&p->out, text, n);
    p->dirty = true;
}

void peer_text(struct peer *p, const char *text, size_t n)
{
    frame(p, 1, text, n);
}

bool peer_flush(struct peer *p)
{
    while (p->out.n) {
        ssize_t n = put(p, p->out.p, p->out.n);

        if (n <= 0)
            return false;
        drop(&p->out, (size_t)n);
    }
    p->dirty = false;
    return true;
}

/* One whole frame at `at`: its length in `*whole`, 0 if there is none yet. */
static const char *next_frame(const struct bytes *in, size_t at, unsigned *op, size_t *n, size_t *whole)
{
    const unsigned char *b = (const unsigned char *)in->p + at;
    size_t have = in->n - at, head = 2;

    *whole = 0;
    if (have < 2)
        return NULL;
    *op = b[0] & 15;
    *n = b[1] & 127;
    if (*n == 126) {
        head = 4;
        if (have < head)
            return NULL;
        *n = (size_t)b[2] << 8 | b[3];
    } else if (*n == 127) {
        head = 10;
        if (have < head)
            return NULL;
        for (size_t i = *n = 0; i < 8; i++)
            *n = *n << 8 | b[2 + i];
    }
    if (have < head + *n)
        return NULL;
    if (!(b[0] & 0x80))
        die("a message in pieces: the bench does not expect one");
    *whole = head + *n;
    return (const char *)b + head;
}

static bool take_frames(struct peer *p, void (*text)(struct peer *p, const char *text, size_t n), int *code)
{
    size_t at = 0, n = 0, whole = 0;
    unsigned op = 0;
    const char *body;

    while ((body = next_frame(&p->in, at, &op, &n, &whole))) {
        if (op == 1)
            text(p, body, n);
        else if (op == 9)
            frame(p, 10, body, n);
        else if (op == 8) {
            *code = n >= 2 ? (unsigned char)body[0] << 8 | (unsigned char)body[1] : 0;
            return false;
        }
        at += whole;
    }
    if (at)
        drop(&p->in, at);
    return true;
}

bool peer_read(struct peer *p, void (*text)(struct peer *p, const char *text, size_t n), int *code)
{
    static char block[1 << 16];

    *code = 0;
    for (;;) {
        ssize_t n = get(p, block, sizeof(block));

        if (n < 0)
            return errno == EAGAIN;
        if (n == 0)
            return false;
        add(&p->in, block, (size_t)n);
        if (!take_frames(p, text, code))
            return false;
        if ((size_t)n < sizeof(block) && !p->tls)
            return true;
    }
}

size_t peer_wait(struct peer *p, char *text, size_t size)
{
    struct pollfd fd = { .fd = p->fd, .events = POLLIN };
    char block[4096];
    unsigned op;
    size_t n, whole;

    for (;;) {
        const char *body = next_frame(&p->in, 0, &op, &n, &whole);
        ssize_t got;

        if (body) {
            size_t keep = n < size ? n : size - 1;

            memcpy(text, body, keep);
            text[keep] = '\0';
            drop(&p->in, whole);
            if (op == 8)
                die("closed with %d instead of an answer", keep >= 2 ? (unsigned char)text[0] << 8 | (unsigned char)text[1] : 0);
            if (op == 1)
                return keep;
            continue;
        }
        got = get(p, block, sizeof(block));
        if (got > 0)
            add(&p->in, block, (size_t)got);
        else if (got == 0 || errno != EAGAIN || poll(&fd, 1, 30000) <= 0)
            die("no answer on a WebSocket");
    }
}

void peer_park(struct peer *p)
{
    if (p->tls) {
        SSL_set_quiet_shutdown(p->tls, 1);
        SSL_free(p->tls);
        p->tls = NULL;
    }
    free(p->in.p);
    free(p->out.p);
    p->in = p->out = (struct bytes){ 0 };
}
