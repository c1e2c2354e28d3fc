#define _GNU_SOURCE /* memmem */
#include "wire.h"

#include <errno.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define HANDSHAKE_GUID "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
#define FRAME_MAX      (1u << 20)

/* ---- opening ---- */

static void accept_for(const char *key, char ret[32])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    char text[128];
    unsigned n = 0;

    (void)snprintf(text, sizeof(text), "%s" HANDSHAKE_GUID, key);
    assert_int_equal(EVP_Digest(text, strlen(text), digest, &n, EVP_sha1(), NULL), 1);
    (void)EVP_EncodeBlock((unsigned char *)ret, digest, 20);
}

static void is_upgrade(const struct reply *r, const char *key, const char *protocol)
{
    const char *accepted = reply_header(r, "Sec-WebSocket-Accept"), *chosen;
    char want[32];

    accept_for(key, want);
    if (!accepted || strcmp(accepted, want) != 0)
        fail_msg("Sec-WebSocket-Accept is %s instead of %s", accepted ? accepted : "missing", want);
    chosen = reply_header(r, "Sec-WebSocket-Protocol");
    if (protocol && (!chosen || strcmp(chosen, protocol) != 0))
        fail_msg("the subprotocol is %s instead of %s", chosen ? chosen : "missing", protocol);
    assert_null(reply_header(r, "Sec-WebSocket-Extensions"));
}

int wire_open(struct wire *w, const struct daemon *d, const struct wire_options *o)
{
    unsigned char chance[16];
    char key[32], head[4096], own[64];
    struct reply r;
    int n, status;

    *w = (struct wire){ .fd = web_connect(d, false), .inbox = json_array() };
    assert_int_equal(RAND_bytes(chance, sizeof(chance)), 1);
    (void)EVP_EncodeBlock((unsigned char *)key, chance, sizeof(chance));
    (void)snprintf(own, sizeof(own), "http://127.0.0.1:%d", d->port);
    n = snprintf(head, sizeof(head),
                 "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: %s\r\n"
                 "Sec-WebSocket-Version: %s\r\n%s%s%s%s%s%s%s%s%s%s\r\n",
                 o->path, d->port, key, o->version ? o->version : "13", o->protocol ? "Sec-WebSocket-Protocol: " : "",
                 o->protocol ? o->protocol : "", o->protocol ? "\r\n" : "", o->cookie ? "Cookie: " : "", o->cookie ? o->cookie : "",
                 o->cookie ? "\r\n" : "", o->origin ? "Origin: " : "", o->origin ? (*o->origin ? o->origin : own) : "",
                 o->origin ? "\r\n" : "", o->headers ? o->headers : "");
    assert_in_range(n, 1, sizeof(head) - 1);
    web_send(w->fd, head, (size_t)n);
    if (!web_read(w->fd, true, &r)) {
        status = 0;
        reply_free(&r);
        wire_drop(w);
        return status;
    }
    status = r.status;
    if (status == 101)
        is_upgrade(&r, key, o->protocol);
    reply_free(&r);
    if (status != 101)
        wire_drop(w);
    return status;
}

void wire_drop(struct wire *w)
{
    if (w->inbox && w->fd >= 0)
        (void)close(w->fd);
    w->fd = -1;
    free(w->bytes);
    json_decref(w->inbox);
    json_decref(w->last);
    w->bytes = NULL;
    w->inbox = w->last = NULL;
    w->n_bytes = w->room = 0;
}

static void ended(struct wire *w, int code)
{
    if (w->fd >= 0)
        (void)close(w->fd);
    w->fd = -1;
    if (!w->close_code)
        w->close_code = code;
}

/* ---- sending ---- */

void wire_frame(struct wire *w, int opcode, bool fin, bool masked, const void *bytes, size_t n)
{
    size_t head = n < 126 ? 2 : n < 65536 ? 4 : 10, at = head + (masked ? 4 : 0);
    unsigned char *frame = malloc(at + n + 1);
    const unsigned char *from = bytes;

    assert_non_null(frame);
    frame[0] = (unsigned char)((fin ? 0x80 : 0) | opcode);
    frame[1] = (unsigned char)((masked ? 0x80 : 0) | (n < 126 ? n : n < 65536 ? 126 : 127));
    for (size_t i = 2; i < head; i++)
        frame[i] = (unsigned char)(n >> (8 * (head - 1 - i)));
    if (masked)
        assert_int_equal(RAND_bytes(frame + head, 4), 1);
    for (size_t i = 0; i < n; i++)
        frame[at + i] = masked ? from[i] ^ frame[head + i % 4] : from[i];
    if (w->fd >= 0)
        web_send(w->fd, (const char *)frame, at + n);
    free(frame);
}

void wire_text(struct wire *w, const char *text)
{
    wire_frame(w, WIRE_TEXT, true, true, text, strlen(text));
}

void wire_sendf(struct wire *w, const char *fmt, ...)
{
    char *text = NULL;
    va_list ap;

    va_start(ap, fmt);
    assert_true(vasprintf(&text, fmt, ap) >= 0);
    va_end(ap);
    wire_text(w, text);
    free(text);
}

void wire_pack(struct wire *w, const char *fmt, ...)
{
    json_error_t e;
    json_t *root;
    char *text;
    va_list ap;

    va_start(ap, fmt);
    root = json_vpack_ex(&e, 0, fmt, ap);
    va_end(ap);
    if (!root)
        fail_msg("the test packs a frame wrongly: %s", e.text);
    text = json_dumps(root, JSON_COMPACT);
    wire_text(w, text);
    free(text);
    json_decref(root);
}

/* ---- receiving ---- */

static void got_text(struct wire *w, const char *bytes, size_t n)
{
    json_error_t e;
    json_t *frame = json_loadb(bytes, n, JSON_REJECT_DUPLICATES, &e);

    if (getenv("KEFUD_TEST_TRACE"))
        print_message("%-24s %.*s\n", w->name, (int)n, bytes);
    if (!json_is_object(frame) || !json_is_string(json_object_get(frame, "type")))
        fail_msg("%s: this is no frame (%s): %.*s", w->name, e.text, (int)(n < 300 ? n : 300), bytes);
    if (strncmp(bytes, "{\"type\":\"", 9) != 0)
        fail_msg("%s: type does not come first: %.*s", w->name, (int)(n < 100 ? n : 100), bytes);
    json_array_append_new(w->inbox, frame);
}

static void got_frame(struct wire *w, int opcode, const char *bytes, size_t n)
{
    switch (opcode) {
    case WIRE_TEXT:
        got_text(w, bytes, n);
        break;
    case WIRE_PING:
        if (!w->deaf)
            wire_frame(w, WIRE_PONG, true, true, bytes, n);
        break;
    case WIRE_PONG:
        w->pongs++;
        break;
    case WIRE_CLOSE:
        w->close_code = n >= 2 ? (unsigned char)bytes[0] << 8 | (unsigned char)bytes[1] : 1005;
        (void)snprintf(w->reason, sizeof(w->reason), "%.*s", n > 2 ? (int)(n - 2) : 0, n > 2 ? bytes + 2 : "");
        wire_frame(w, WIRE_CLOSE, true, true, bytes, n >= 2 ? 2 : 0);
        break;
    default:
        fail_msg("%s: a frame with opcode %d", w->name, opcode);
    }
}

/* Whole messages only: kefud never sends in parts. Returns how many bytes the first frame takes, 0: not all there yet. */
static size_t one_frame(struct wire *w)
{
    const unsigned char *p = (const unsigned char *)w->bytes;
    size_t head = 2, n;

    if (w->n_bytes < 2)
        return 0;
    n = p[1] & 0x7f;
    head += n == 126 ? 2 : n == 127 ? 8 : 0;
    if (w->n_bytes < head)
        return 0;
    if (head > 2)
        n = 0;
    for (size_t i = 2; i < head; i++)
        n = n << 8 | p[i];
    if (n > FRAME_MAX || (p[1] & 0x80) || (p[0] & 0x70) || !(p[0] & 0x80))
        fail_msg("%s: a frame with head %02x %02x and %zu bytes", w->name, p[0], p[1], n);
    if ((head == 4 && n < 126) || (head == 10 && n < 65536))
        fail_msg("%s: a length that is not the shortest", w->name);
    if (w->n_bytes < head + n)
        return 0;
    got_frame(w, p[0] & 0x0f, w->bytes + head, n);
    return head + n;
}

bool wire_pump(struct wire *w, int ms)
{
    struct pollfd p = { .fd = w->fd, .events = POLLIN };
    size_t used;
    ssize_t got;

    if (w->fd < 0)
        return false;
    if (poll(&p, 1, ms) <= 0)
        return true;
    if (w->n_bytes + 65536 > w->room) {
        w->room = w->n_bytes + 131072;
        w->bytes = realloc(w->bytes, w->room);
        assert_non_null(w->bytes);
    }
    got = recv(w->fd, w->bytes + w->n_bytes, 65536, 0);
    if (got <= 0) {
        ended(w, 1006);
        return false;
    }
    w->n_bytes += (size_t)got;
    while (w->close_code == 0 && (used = one_frame(w)) > 0) {
        w->n_bytes -= used;
        memmove(w->bytes, w->bytes + used, w->n_bytes);
    }
    if (w->close_code)
        ended(w, w->close_code);
    return w->fd >= 0;
}

int wire_closed(struct wire *w)
{
    int64_t end = now_mono_ms() + patience_ms();

    while (wire_pump(w, 50))
        if (now_mono_ms() > end)
            fail_msg("%s: the socket stays open", w->name);
    return w->close_code;
}

void wire_close(struct wire *w)
{
    static const unsigned char normal[] = { 1000 >> 8, 1000 & 0xff };

    if (w->fd >= 0) {
        wire_frame(w, WIRE_CLOSE, true, true, normal, sizeof(normal));
        (void)wire_closed(w);
    }
    wire_drop(w);
}

/* ---- patterns ---- */

bool json_fits(const json_t *pattern, const json_t *value)
{
    const char *key;
    json_t *want;

    if (!json_is_object(pattern))
        return json_equal(pattern, value);
    if (!json_is_object(value))
        return false;
    json_object_foreach((json_t *)pattern, key, want) if (!json_fits(want, json_object_get(value, key))) return false;
    return true;
}

static json_t *pattern_of(const char *fmt, va_list ap)
{
    json_error_t e;
    json_t *ret = json_vpack_ex(&e, 0, fmt, ap);

    if (!ret)
        fail_msg("the test packs a pattern wrongly: %s", e.text);
    return ret;
}

static json_t *find(struct wire *w, const json_t *pattern)
{
    size_t i;
    json_t *frame;

    json_array_foreach(w->inbox, i, frame) if (json_fits(pattern, frame))
    {
        json_decref(w->last);
        w->last = json_incref(frame);
        json_array_remove(w->inbox, i);
        return w->last;
    }
    return NULL;
}

static json_t *take(struct wire *w, const json_t *pattern, int ms)
{
    int64_t end = now_mono_ms() + ms, left;
    json_t *ret;

    while (!(ret = find(w, pattern)) && (left = end - now_mono_ms()) >= 0 && wire_pump(w, (int)left))
        ;
    return ret ? ret : find(w, pattern);
}

/* A frame a line; cmocka would cut what it prints after 1 KB. */
static void print_inbox(const struct wire *w)
{
    size_t i;
    json_t *frame;

    (void)fprintf(stderr, "%s has:\n", w->name);
    json_array_foreach(w->inbox, i, frame)
    {
        (void)json_dumpf(frame, stderr, JSON_COMPACT);
        (void)fputc('\n', stderr);
    }
}

json_t *wire_take(struct wire *w, const char *fmt, ...)
{
    json_t *pattern, *ret;
    va_list ap;

    va_start(ap, fmt);
    pattern = pattern_of(fmt, ap);
    va_end(ap);
    ret = take(w, pattern, patience_ms());
    if (!ret) {
        print_inbox(w);
        fail_msg("%s: waited for %s in vain (closed with %d)", w->name, json_dumps(pattern, JSON_COMPACT), w->close_code);
    }
    json_decref(pattern);
    return ret;
}

json_t *wire_take_within(struct wire *w, int ms, const char *fmt, ...)
{
    json_t *pattern, *ret;
    va_list ap;

    va_start(ap, fmt);
    pattern = pattern_of(fmt, ap);
    va_end(ap);
    ret = take(w, pattern, ms);
    json_decref(pattern);
    return ret;
}

void wire_none(struct wire *w, const char *fmt, ...)
{
    json_t *pattern, *found;
    va_list ap;

    wire_text(w, "{\"type\":\"ping\"}");
    (void)wire_take(w, "{s:s}", "type", "pong");
    va_start(ap, fmt);
    pattern = pattern_of(fmt, ap);
    va_end(ap);
    found = find(w, pattern);
    json_decref(pattern);
    if (found)
        fail_msg("%s: nobody should have got %s", w->name, json_dumps(found, JSON_COMPACT));
}

const char *wire_verdict(struct wire *w, const char *cid)
{
    const json_t *frame = wire_take(w, "{s:s}", "cid", cid);
    const char *type = text_at(frame, "type");

    if (strcmp(type, "ack") == 0)
        return "ack";
    if (strcmp(type, "error") != 0)
        fail_msg("%s: %s was answered with a frame of type %s", w->name, cid, type);
    return text_at(frame, "code");
}

void wire_forget(struct wire *w)
{
    json_array_clear(w->inbox);
}

/* ---- looking ---- */

json_t *value_at(const json_t *root, const char *path)
{
    char name[128];
    const json_t *at = root;

    while (at && *path) {
        size_t n = strcspn(path, ".");

        (void)snprintf(name, sizeof(name), "%.*s", (int)n, path);
        at = json_is_array(at) ? json_array_get(at, (size_t)strtoul(name, NULL, 10)) : json_object_get(at, name);
        path += n + (path[n] == '.');
    }
    return (json_t *)at;
}

const char *text_at(const json_t *root, const char *path)
{
    const char *ret = json_string_value(value_at(root, path));

    return ret ? ret : "";
}

int64_t number_at(const json_t *root, const char *path)
{
    const json_t *v = value_at(root, path);

    return json_is_integer(v) ? json_integer_value(v) : -1;
}
