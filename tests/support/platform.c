#include "platform.h"

#include <arpa/inet.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define HEAD_MAX 65536

void platform_open(struct platform *p)
{
    struct sockaddr_in at = { .sin_family = AF_INET };
    socklen_t n = sizeof(at);

    *p = (struct platform){ .fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), .conn = -1 };
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(p->fd, (struct sockaddr *)&at, sizeof(at)), 0);
    assert_int_equal(listen(p->fd, 64), 0);
    assert_int_equal(getsockname(p->fd, (struct sockaddr *)&at, &n), 0);
    p->port = ntohs(at.sin_port);
}

static void forget(struct platform *p)
{
    platform_drop(p);
    free(p->head);
    free(p->body);
    json_decref(p->json);
    p->head = p->body = NULL;
    p->json = NULL;
    p->n_body = 0;
}

void platform_close(struct platform *p)
{
    forget(p);
    (void)close(p->fd);
    p->fd = -1;
}

void platform_drop(struct platform *p)
{
    if (p->conn >= 0)
        (void)close(p->conn);
    p->conn = -1;
}

/* ---- a request ---- */

static bool readable(int fd, int ms)
{
    struct pollfd f = { .fd = fd, .events = POLLIN };

    return poll(&f, 1, ms) > 0;
}

static bool read_head(struct platform *p)
{
    size_t n = 0;

    p->head = calloc(1, HEAD_MAX + 1);
    assert_non_null(p->head);
    while (n < HEAD_MAX && !strstr(p->head, "\r\n\r\n")) { /* bytes of the body stay in the socket */
        if (!readable(p->conn, patience_ms()) || recv(p->conn, p->head + n, 1, 0) != 1)
            return false;
        n++;
    }
    return true;
}

static bool read_body(struct platform *p)
{
    const char *length = head_value(p->head, "Content-Length");
    size_t want = length ? (size_t)strtoull(length, NULL, 10) : 0;

    p->body = calloc(1, want + 1);
    assert_non_null(p->body);
    while (p->n_body < want) {
        ssize_t got = readable(p->conn, patience_ms()) ? recv(p->conn, p->body + p->n_body, want - p->n_body, 0) : 0;

        if (got <= 0)
            return false;
        p->n_body += (size_t)got;
    }
    return true;
}

bool platform_take_within(struct platform *p, int ms)
{
    forget(p);
    if (!readable(p->fd, ms))
        return false;
    p->conn = accept(p->fd, NULL, NULL);
    assert_true(p->conn >= 0);
    if (!read_head(p) || sscanf(p->head, "%15s %511s HTTP/1.1", p->method, p->path) != 2 || !read_body(p))
        fail_msg("kefud sent no whole request: %s", p->head);
    p->at = now_mono_ms();
    p->json = json_loadb(p->body, p->n_body, JSON_REJECT_DUPLICATES, NULL);
    if (getenv("KEFUD_TEST_TRACE"))
        print_message("%-24s %s %s %s\n", "platform", p->method, p->path, p->body);
    return true;
}

void platform_take(struct platform *p)
{
    if (!platform_take_within(p, patience_ms()))
        fail_msg("the platform waited for a request in vain");
}

void platform_answer(struct platform *p, int status, const char *headers, const char *body)
{
    char *head = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&head, &n);

    assert_non_null(f);
    assert_true(p->conn >= 0);
    (void)fprintf(f, "HTTP/1.1 %d Said So\r\nConnection: close\r\n%s", status, headers ? headers : "");
    if (status != 204)
        (void)fprintf(f, "Content-Type: application/json\r\nContent-Length: %zu\r\n", body ? strlen(body) : 0);
    (void)fprintf(f, "\r\n%s", body ? body : "");
    (void)fclose(f);
    web_send(p->conn, head, n);
    free(head);
    platform_drop(p);
}

/* ---- Standard Webhooks ---- */

static size_t secret_bytes(const char *secret, unsigned char ret[128])
{
    const char *base64 = secret + strlen("whsec_");
    size_t n = strlen(base64), pad = n - strcspn(base64, "=");
    int got;

    assert_in_range(n, 4, 160);
    got = EVP_DecodeBlock(ret, (const unsigned char *)base64, (int)n);
    assert_true(got > 0);
    return (size_t)got - pad;
}

void hook_sign(const char *secret, const char *id, const char *timestamp, const char *body, size_t n_body, char ret[128])
{
    unsigned char key[128], mac[EVP_MAX_MD_SIZE];
    size_t n_key = secret_bytes(secret, key), n = strlen(id) + strlen(timestamp) + n_body + 2;
    char *text = malloc(n + 1);
    unsigned n_mac = 0;

    (void)snprintf(text, n + 1, "%s.%s.", id, timestamp);
    memcpy(text + n - n_body, body, n_body);
    assert_non_null(HMAC(EVP_sha256(), key, (int)n_key, (const unsigned char *)text, n, mac, &n_mac));
    free(text);
    memcpy(ret, "v1,", 3);
    (void)EVP_EncodeBlock((unsigned char *)ret + 3, mac, (int)n_mac);
}

void hook_signed(const struct platform *p, const char *secret)
{
    const char *id = head_value(p->head, "webhook-id"), *at = head_value(p->head, "webhook-timestamp"),
               *signature = head_value(p->head, "webhook-signature");
    char want[128];

    assert_non_null(id);
    assert_non_null(at);
    assert_non_null(signature);
    hook_sign(secret, id, at, p->body, p->n_body, want);
    assert_string_equal(signature, want);
    assert_in_range(strtoll(at, NULL, 10), now_wall_ms() / 1000 - 60, now_wall_ms() / 1000 + 1);
}

int hook_post(const struct daemon *d, const char *path, const char *secret, const char *id, int shift_s, const char *body)
{
    char at[24], signature[128], headers[512];
    struct reply r;
    int status;

    (void)snprintf(at, sizeof(at), "%lld", (long long)(now_wall_ms() / 1000 + shift_s));
    hook_sign(secret, id, at, body, strlen(body), signature);
    (void)snprintf(headers, sizeof(headers), "webhook-id: %s\r\nwebhook-timestamp: %s\r\nwebhook-signature: %s\r\n", id, at, signature);
    web_ask(d, &(struct ask){ .path = path, .headers = headers, .body = body }, &r);
    status = r.status;
    reply_free(&r);
    return status;
}
