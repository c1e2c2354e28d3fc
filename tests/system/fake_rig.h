/* fake_rig.h: a kefud with a channel of the fake platform, that platform, and an agent who is online: what the tests of it share. The token
 * has been given and the first page asked for. */
#ifndef KF_TESTS_FAKE_RIG_H
#define KF_TESTS_FAKE_RIG_H

#include "tests/support/desk.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RIG_UNUSED __attribute__((unused))

#define SITE       "odd"
#define TOKEN      "shared-token"
#define APP        "our-app"

static struct daemon d;
static struct platform p;
static struct staff agent;
static char hook[64];

/* Time of the notices, in seconds: each has its own, as a platform's would. */
static int64_t clock_s;

static const char set[] =
    "{\"site\":{\"key\":\"" SITE
    "\",\"name\":\"怪店\",\"language\":\"zh-CN\",\"file_max\":65536},\"queues\":{\"desk\":{\"name\":\"客服\"}},"
    "\"channels\":{\"fake\":{\"adapter\":\"fake\",\"name\":\"怪平台\",\"queue\":\"desk\","
    "\"settings\":{\"url\":\"http://127.0.0.1:%d/api\",\"app\":\"" APP "\",\"secret\":\"very-secret\",\"token\":\"" TOKEN "\"}}},"
    "\"articles\":{\"return\":{\"published\":true,\"texts\":{\"zh-CN\":{\"title\":\"怎么退货\",\"body\":\"七天内可以退。\"}}}},"
    "\"people\":[{\"email\":\"agent@odd.example\",\"name\":\"接线员\",\"number\":\"7\",\"roles\":[\"agent\"],\"queues\":[\"desk\"],"
    "\"capacity\":50}]}";

RIG_UNUSED static void answer_no_news(void)
{
    platform_answer(&p, 200, NULL, "{\"code\":0,\"items\":[],\"next\":\"\",\"more\":0}");
}

/* The next request that is no question for news. */
RIG_UNUSED static void take_beside_pulls(const char *path)
{
    for (platform_take(&p); strncmp(p.path, "/api/pull?", 10) == 0; platform_take(&p))
        answer_no_news();
    assert_string_equal(p.path, path);
}

/* The two steps in which kefud gets its access token. */
RIG_UNUSED static void give_token(const char *token)
{
    char proof[65], answer[120];

    take_beside_pulls("/api/token");
    assert_string_equal(text_at(p.json, "app"), APP);
    platform_answer(&p, 200, NULL, "{\"challenge\":\"prove-it\"}");
    take_beside_pulls("/api/token");
    hmac_hex("very-secret", "prove-it", proof);
    assert_string_equal(text_at(p.json, "challenge"), "prove-it");
    assert_string_equal(text_at(p.json, "proof"), proof);
    (void)snprintf(answer, sizeof(answer), "{\"token\":\"%s\",\"expires_in\":\"7200\"}", token);
    platform_answer(&p, 200, NULL, answer);
}

/* The next page that is asked for; greetings that are sent meanwhile are taken. */
RIG_UNUSED static void take_pull(const char *token, const char *cursor)
{
    for (platform_take(&p); strncmp(p.path, "/api/send?", 10) == 0; platform_take(&p))
        platform_answer(&p, 200, NULL, "{\"code\":0}");
    assert_true(strncmp(p.path, "/api/pull?token=", 16) == 0);
    assert_string_equal(p.path + 16, token);
    assert_string_equal(text_at(p.json, "cursor"), cursor);
}

RIG_UNUSED static int start(void **state)
{
    (void)state;
    platform_open(&p);
    daemon_start(&d, &(struct daemon_options){ .demo = true, .config = "[channels]\nallow_http = yes\nallow_private = yes\n" });
    site_open(&d, set, p.port, &agent, hook);
    clock_s = now_wall_ms() / 1000;
    give_token("token-one"); /* what came while we were away is asked for at once */
    take_pull("token-one", "");
    answer_no_news();
    return 0;
}

RIG_UNUSED static int finish(void **state)
{
    (void)state;
    staff_free(&agent);
    daemon_finish(&d);
    platform_close(&p);
    return 0;
}

/* ---- the platform's side ---- */

RIG_UNUSED static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* hook?signature=…&timestamp=…&nonce=… ; static memory. */
RIG_UNUSED static const char *signed_path(const char *token, const char *body)
{
    static char path[300];
    static int nonces;
    const char *parts[4];
    unsigned char digest[EVP_MAX_MD_SIZE];
    char at[24], nonce[16], hex[65];
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    unsigned n = 0;

    (void)snprintf(at, sizeof(at), "%lld", (long long)clock_s);
    (void)snprintf(nonce, sizeof(nonce), "n%d", ++nonces);
    parts[0] = token;
    parts[1] = at;
    parts[2] = nonce;
    parts[3] = body;
    qsort(parts, 4, sizeof(parts[0]), by_bytes);
    EVP_DigestInit_ex(md, EVP_sha256(), NULL);
    for (int i = 0; i < 4; i++)
        EVP_DigestUpdate(md, parts[i], strlen(parts[i]));
    EVP_DigestFinal_ex(md, digest, &n);
    EVP_MD_CTX_free(md);
    for (unsigned i = 0; i < n; i++)
        (void)snprintf(hex + (size_t)2 * i, 3, "%02x", digest[i]);
    (void)snprintf(path, sizeof(path), "%s?signature=%s&timestamp=%s&nonce=%s", hook, hex, at, nonce);
    return path;
}

/* The answer to a notice, freed by the caller. */
RIG_UNUSED static struct reply notice(const char *body)
{
    struct reply r;

    web_ask(&d, &(struct ask){ .path = signed_path(TOKEN, body), .body = body }, &r);
    return r;
}

/* A notice that is answered with `success`, at once or after the time that an answer may be held. */
RIG_UNUSED static void takes(const char *body)
{
    struct reply r = notice(body);

    if (r.status != 200 || !r.body || strcmp(r.body, "success") != 0)
        fail_msg("%s was answered with %d %s", body, r.status, r.body ? r.body : "");
    reply_free(&r);
}

/* A text of somebody, with a handle for replies; static memory. */
RIG_UNUSED static const char *text_from(const char *user, const char *id, const char *text)
{
    static char body[600];

    (void)snprintf(
        body, sizeof(body),
        "{\"to\":\"shop\",\"from\":\"%s\",\"at\":%lld,\"id\":%s,\"kind\":\"text\",\"text\":\"%s\",\"name\":\"阿怪\",\"handle\":\"h-%s\","
        "\"handle_s\":3600}",
        user, (long long)++clock_s, id, text, user);
    return body;
}

/* ---- the agent's side ---- */

RIG_UNUSED static const char *assigned(void)
{
    static char conv[40];

    (void)snprintf(
        conv, sizeof(conv), "%s",
        text_at(wire_take(&agent.wire, "{s:s,s:{s:s}}", "type", "assigned", "conversation", "channel", "fake"), "conversation.id"));
    return conv;
}

RIG_UNUSED static void status(int64_t seq, const char *state)
{
    wire_take(&agent.wire, "{s:s,s:I,s:s}", "type", "status", "seq", (json_int_t)seq, "state", state);
}

RIG_UNUSED static void close_talk(const char *conv)
{
    wire_sendf(&agent.wire, "{\"type\":\"close\",\"conversation\":\"%s\",\"cid\":\"bye\"}", conv);
    wire_take(&agent.wire, "{s:s,s:s,s:s}", "type", "ack", "cid", "bye", "conversation", conv);
}

/* The first notice of somebody: the greeting may ride in its answer. */
RIG_UNUSED static void opens(const char *body)
{
    struct reply r = notice(body);

    assert_int_equal(r.status, 200);
    reply_free(&r);
}

#endif
