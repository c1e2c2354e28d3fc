#define _GNU_SOURCE /* memmem, strcasestr */
#include "web.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define HEAD_MAX 16384

/* ---- sockets ---- */

int web_try_connect(int port)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0) {
        (void)close(fd);
        fd = -1;
    }
    return fd;
}

static int connect_control(const char *path)
{
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)snprintf(to.sun_path, sizeof(to.sun_path), "%s", path);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0) {
        (void)close(fd);
        fd = -1;
    }
    return fd;
}

int web_connect(const struct daemon *d, bool control)
{
    int fd = control ? connect_control(d->control) : web_try_connect(d->port);

    if (fd < 0)
        fail_msg("cannot connect: %s", strerror(errno));
    return fd;
}

/* Whoever answers before it has read all (413, 429) may also have closed: what comes back decides. */
void web_send(int fd, const char *bytes, size_t n)
{
    while (n) {
        ssize_t sent = send(fd, bytes, n, MSG_NOSIGNAL);

        if (sent <= 0)
            return;
        bytes += sent;
        n -= (size_t)sent;
    }
}

/* 0: ended; -1: nothing in time. */
static ssize_t read_some(int fd, char *to, size_t n)
{
    struct pollfd p = { .fd = fd, .events = POLLIN };
    ssize_t got;

    if (poll(&p, 1, patience_ms()) <= 0)
        return -1;
    got = read(fd, to, n);
    return got < 0 ? 0 : got;
}

bool web_ended(int fd)
{
    char drop[4096];
    ssize_t got;

    while ((got = read_some(fd, drop, sizeof(drop))) > 0)
        ;
    return got == 0;
}

/* ---- answers ---- */

const char *head_value(const char *head, const char *name)
{
    static char value[4][2048];
    static int turn;
    size_t n = strlen(name);

    for (const char *line = strstr(head, "\r\n"); line && line[2] && line[2] != '\r'; line = strstr(line + 2, "\r\n"))
        if (strncasecmp(line + 2, name, n) == 0 && line[2 + n] == ':') {
            const char *from = line + 3 + n, *end = strstr(from, "\r\n");
            char *to = value[turn = (turn + 1) % 4];

            while (*from == ' ')
                from++;
            (void)snprintf(to, sizeof(value[0]), "%.*s", (int)(end - from), from);
            return to;
        }
    return NULL;
}

const char *reply_header(const struct reply *r, const char *name)
{
    return r->head ? head_value(r->head, name) : NULL;
}

const char *reply_cookie(const struct reply *r, const char *name)
{
    static char value[1024];
    const char *set = reply_header(r, "Set-Cookie");
    size_t n = strlen(name);

    if (!set || strncmp(set, name, n) != 0 || set[n] != '=')
        return NULL;
    (void)snprintf(value, sizeof(value), "%.*s", (int)strcspn(set + n + 1, ";"), set + n + 1);
    return value;
}

void reply_free(struct reply *r)
{
    free(r->head);
    free(r->body);
    json_decref(r->json);
    *r = (struct reply){ 0 };
}

static bool read_body(int fd, size_t want, bool to_the_end, struct reply *ret)
{
    size_t room = ret->n_body;

    while (to_the_end || ret->n_body < want) {
        ssize_t got;

        if (ret->n_body + 65536 > room) {
            room = ret->n_body + 131072;
            ret->body = realloc(ret->body, room + 1);
            assert_non_null(ret->body);
        }
        got = read_some(fd, ret->body + ret->n_body, to_the_end || want - ret->n_body > 65536 ? 65536 : want - ret->n_body);
        if (got < 0)
            return false;
        if (got == 0)
            return to_the_end;
        ret->n_body += (size_t)got;
    }
    return true;
}

bool web_read(int fd, bool head_only, struct reply *ret)
{
    const char *length, *type;
    size_t n = 0;
    char *end = NULL;

    *ret = (struct reply){ .head = calloc(1, HEAD_MAX + 1) };
    assert_non_null(ret->head);
    while (!end) { /* byte by byte beyond the first line would be slow, and it peeks instead */
        ssize_t got, take;
        struct pollfd p = { .fd = fd, .events = POLLIN };

        if (n == HEAD_MAX || poll(&p, 1, patience_ms()) <= 0)
            return false;
        got = recv(fd, ret->head + n, HEAD_MAX - n, MSG_PEEK);
        if (got <= 0)
            return false;
        ret->head[n + (size_t)got] = '\0';
        end = strstr(ret->head, "\r\n\r\n");
        take = end ? end + 4 - (ret->head + n) : got;
        if (recv(fd, ret->head + n, (size_t)take, 0) != take)
            return false;
        n += (size_t)take;
        ret->head[n] = '\0';
    }
    if (sscanf(ret->head, "HTTP/1.1 %3d", &ret->status) != 1)
        fail_msg("this is no HTTP answer: %.60s", ret->head);
    if (strcasestr(ret->head, "\r\ntransfer-encoding:"))
        fail_msg("an answer in chunks was not expected: %s", ret->head);
    if (head_only || ret->status == 101 || ret->status == 204 || ret->status == 304)
        return true;
    length = head_value(ret->head, "Content-Length");
    if (!read_body(fd, length ? (size_t)strtoull(length, NULL, 10) : 0, !length, ret))
        return false;
    if (ret->body)
        ret->body[ret->n_body] = '\0';
    type = head_value(ret->head, "Content-Type");
    if (ret->body && type && (strncmp(type, "application/json", 16) == 0 || strncmp(type, "application/problem+json", 24) == 0)) {
        ret->json = json_loadb(ret->body, ret->n_body, JSON_REJECT_DUPLICATES, NULL);
        if (!ret->json)
            fail_msg("the body is not the JSON that it says it is: %.200s", ret->body);
    }
    return true;
}

/* ---- asking ---- */

static void optional(FILE *f, const char *name, const char *value)
{
    if (value)
        (void)fprintf(f, "%s: %s\r\n", name, value);
}

void web_ask(const struct daemon *d, const struct ask *ask, struct reply *ret)
{
    const char *method = ask->method ? ask->method : ask->body ? "POST" : "GET";
    size_t n_body = ask->n_body || !ask->body ? ask->n_body : strlen(ask->body), n = 0;
    int fd = web_connect(d, ask->control);
    char *head = NULL, own[64], host[64];
    FILE *f = open_memstream(&head, &n);
    bool has_length = ask->headers && strcasestr(ask->headers, "Content-Length:");

    assert_non_null(f);
    (void)snprintf(own, sizeof(own), "http://127.0.0.1:%d", d->port);
    (void)snprintf(host, sizeof(host), "127.0.0.1:%d", d->port);
    (void)fprintf(f, "%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n", method, ask->path, ask->host ? ask->host : host);
    optional(f, "Cookie", ask->cookie);
    optional(f, "X-CSRF-Token", ask->csrf);
    optional(f, "Origin", ask->origin && !*ask->origin ? own : ask->origin);
    if (!has_length && (ask->body || strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0))
        (void)fprintf(f, "Content-Length: %zu\r\n", n_body);
    (void)fprintf(f, "%s\r\n", ask->headers ? ask->headers : "");
    (void)fclose(f);
    web_send(fd, head, n);
    if (n_body)
        web_send(fd, ask->body, n_body);
    free(head);
    if (!web_read(fd, strcmp(method, "HEAD") == 0, ret))
        fail_msg("%s %s was not answered: %s", method, ask->path, ret->head ? ret->head : "");
    (void)close(fd);
}

/* RFC 9457: the type, the status again, and words for people. */
static void is_problem(const struct reply *r, const char *path)
{
    const char *type = reply_header(r, "Content-Type");

    if (!type || strcmp(type, "application/problem+json") != 0)
        fail_msg("%s: an error as %s: %s", path, type ? type : "nothing", r->body ? r->body : "");
    assert_int_equal(json_integer_value(json_object_get(r->json, "status")), r->status);
    assert_true(json_string_length(json_object_get(r->json, "title")) > 0);
    assert_true(json_string_length(json_object_get(r->json, "type")) > 0);
    assert_true(json_string_length(json_object_get(r->json, "detail")) > 0);
}

struct reply web_expect(const struct daemon *d, int status, const struct ask *ask)
{
    struct reply r;

    web_ask(d, ask, &r);
    if (r.status != status)
        fail_msg("%s %s: %d instead of %d: %s", ask->method ? ask->method : "", ask->path, r.status, status, r.body ? r.body : "");
    if (status >= 400 && !(ask->method && strcmp(ask->method, "HEAD") == 0))
        is_problem(&r, ask->path);
    return r;
}

void web_status(const struct daemon *d, int status, const struct ask *ask)
{
    struct reply r = web_expect(d, status, ask);

    reply_free(&r);
}
