/* A whole site as one set: who has looked before applying, and what is larger than other requests. */
#include "tests/support/cast.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SET "/api/v1/sites/demo/set"

static struct daemon d;
static struct staff admin;

static int start(void **state)
{
    (void)state;
    daemon_start(&d, &(struct daemon_options){ .demo = true });
    staff_sign_in(&admin, &d, "admin@demo.example");
    return 0;
}

static int finish(void **state)
{
    (void)state;
    staff_free(&admin);
    daemon_finish(&d);
    return 0;
}

/* `seen` is a tag, "" none. */
static struct reply put(const char *path, const char *seen, const char *body, int status)
{
    char headers[120] = "";

    if (*seen)
        (void)snprintf(headers, sizeof(headers), "If-Match: %s\r\n", seen);
    return web_expect(
        &d, status,
        &(struct ask){
            .method = "PUT", .path = path, .headers = headers, .body = body, .cookie = admin.cookie, .csrf = admin.csrf, .origin = "" });
}

static json_t *get_set(char tag[64])
{
    struct reply r = web_expect(&d, 200, &(struct ask){ .path = SET, .cookie = admin.cookie });
    json_t *ret = json_incref(r.json);

    (void)snprintf(tag, 64, "%s", reply_header(&r, "ETag"));
    reply_free(&r);
    return ret;
}

static void rename_queue(json_t *set, const char *name)
{
    json_object_set_new(value_at(set, "queues.sales"), "name", json_string(name));
}

static char *dump(const json_t *root)
{
    char *ret = json_dumps(root, JSON_COMPACT);

    assert_non_null(ret);
    return ret;
}

/* The list of changes is the same before and after somebody else's word: only the tag tells. */
static void nobodys_change_is_lost_between_the_look_and_the_applying(void **state)
{
    char out[64], looked[64];
    json_t *set = get_set(out);
    char *ours, *theirs;
    struct reply r;

    (void)state;
    rename_queue(set, "甲");
    theirs = dump(set);
    rename_queue(set, "乙");
    ours = dump(set);
    r = put(SET "?dry_run=1", "", ours, 200);
    (void)snprintf(looked, sizeof(looked), "%s", text_at(r.json, "tag"));
    assert_string_equal(looked, out); /* of the same settings */
    assert_string_equal(looked, reply_header(&r, "ETag"));
    reply_free(&r);

    r = put(SET, looked, theirs, 200);
    assert_true(json_is_true(json_object_get(r.json, "applied")));
    reply_free(&r);
    r = put(SET, looked, ours, 412);
    assert_non_null(strstr(r.body, "changed since you looked"));
    reply_free(&r);
    json_decref(set);
    set = get_set(out);
    assert_string_equal(text_at(set, "queues.sales.name"), "甲");

    r = put(SET "?dry_run=1", "", ours, 200);
    (void)snprintf(looked, sizeof(looked), "%s", text_at(r.json, "tag"));
    assert_string_equal(looked, out);
    reply_free(&r);
    r = put(SET, looked, ours, 200);
    reply_free(&r);
    json_decref(set);
    set = get_set(out);
    assert_string_equal(text_at(set, "queues.sales.name"), "乙");
    assert_string_not_equal(looked, out);
    json_decref(set);
    free(ours);
    free(theirs);
}

/* About 4 MiB: four times what other requests may bring, and more than a change of another kind may hold. */
#define ARTICLES 480
#define WORDS    3000 /* characters */

static json_t *many_articles(void)
{
    json_t *all = json_object();
    char body[3 * WORDS + 1] = "", key[32];

    for (int i = 0; i < WORDS; i++)
        memcpy(body + (size_t)(3 * i), "送", 4);
    for (int i = 0; i < ARTICLES; i++) {
        (void)snprintf(key, sizeof(key), "many-%d", i);
        json_object_set_new(all, key, json_pack("{s:{s:{s:s,s:s}},s:b}", "texts", "zh-CN", "title", key, "body", body, "published", 1));
    }
    return all;
}

static void articles_are(size_t n)
{
    char tag[64];
    json_t *set = get_set(tag);

    assert_int_equal(json_object_size(json_object_get(set, "articles")), n);
    json_decref(set);
}

static int ctl(char **out, const char *act, const char *what)
{
    const char *argv[] = { daemon_program("kefuctl"), "--state", d.state, "site", act, what, NULL };

    return program_run(argv, NULL, out);
}

static void what_is_exported_can_be_imported_however_large_it_is(void **state)
{
    char tag[64], path[120], *before, *large, *out;
    json_t *set = get_set(tag);
    struct reply r;

    (void)state;
    before = dump(set);
    json_object_set_new(set, "articles", many_articles());
    large = dump(set);
    assert_true(strlen(large) > 4u << 20);
    r = put(SET "?dry_run=1", "", large, 200);
    assert_true(json_array_size(json_object_get(r.json, "changes")) > ARTICLES); /* and the demo's own are taken away */
    reply_free(&r);
    r = put(SET, "", large, 200);
    reply_free(&r);
    articles_are(ARTICLES);

    (void)snprintf(path, sizeof(path), "%s/set.json", d.dir);
    r = put(SET, "", before, 200);
    reply_free(&r);
    assert_int_equal(json_dump_file(set, path, 0), 0);
    assert_int_equal(ctl(&out, "apply", path), 0);
    free(out);
    articles_are(ARTICLES);

    r = put(SET, "", before, 200); /* as it was, for others */
    reply_free(&r);
    json_decref(set);
    free(before);
    free(large);
}

static void elsewhere_and_to_strangers_the_limit_stands(void **state)
{
    char *large = malloc((2u << 20) + 1);
    struct reply r;

    (void)state;
    assert_non_null(large);
    memset(large, ' ', 2u << 20);
    large[2u << 20] = 0;
    r = put("/api/v1/sites/demo/documents/queue/sales", "", large, 413);
    reply_free(&r);
    web_status(&d, 413, &(struct ask){ .method = "PUT", .path = SET, .body = large });
    r = put(SET, "", large, 400); /* read, and no set */
    reply_free(&r);
    free(large);
}

/* Sends the head of a set of `size` bytes, and the first `sent` of them; the answer that comes although the rest stays away. */
static void knocks(const char *headers, size_t size, size_t sent, int status)
{
    char head[600], *some = calloc(1, sent + 1);
    int fd = web_connect(&d, false);
    struct reply r = { 0 };

    assert_non_null(some);
    memset(some, ' ', sent);
    (void)snprintf(head, sizeof(head), "PUT " SET " HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Length: %zu\r\n%s\r\n", d.port, size,
                   headers);
    web_send(fd, head, strlen(head));
    if (sent)
        web_send(fd, some, sent);
    free(some);
    if (!web_read(fd, false, &r) || r.status != status)
        fail_msg("%s: %d, and not %d", headers, r.status, status);
    reply_free(&r);
    close(fd);
}

/* Who he is stands in the head: nobody has to be sent 16 MiB to be told that he is not known. */
static void whoever_may_not_is_told_before_the_body_is_taken(void **state)
{
    char mine[300], wrong[300], theirs[300], key[200];
    struct staff agent = { 0 };
    struct reply r;

    (void)state;
    staff_sign_in(&agent, &d, "agent1@demo.example");
    (void)snprintf(mine, sizeof(mine), "Cookie: %s\r\nX-CSRF-Token: %s\r\n", agent.cookie, agent.csrf);
    (void)snprintf(wrong, sizeof(wrong), "Cookie: %s\r\nX-CSRF-Token: %064d\r\n", admin.cookie, 7);
    (void)snprintf(theirs, sizeof(theirs), "Cookie: __Host-kefu_s=%064d\r\n", 7);
    (void)snprintf(key, sizeof(key), "Authorization: Bearer kfk_%064d\r\n", 7);
    for (size_t sent = 0; sent <= 300000; sent += 150000) {
        knocks(theirs, 16u << 20, sent, 401); /* a made-up session */
        knocks(wrong, 16u << 20, sent, 403);
        knocks(mine, 16u << 20, sent, 403); /* signed in, and no administrator */
    }
    knocks(key, 16u << 20, 0, 401);
    knocks("", 16u << 20, 0, 413); /* says nothing of himself */
    staff_free(&agent);
    r = web_expect(&d, 200, &(struct ask){ .path = "/metrics" });
    assert_non_null(strstr(r.body, "bodies_spooled_bytes 0\n"));
    reply_free(&r);
}

/* Whoever waits to be invited is, once he is known. */
static void who_is_known_is_invited(void **state)
{
    size_t size = 3u << 20, at = 0;
    char head[600], *large = malloc(size);
    int fd = web_connect(&d, false);
    struct reply r = { 0 };

    (void)state;
    assert_non_null(large);
    memset(large, ' ', size);
    (void)snprintf(head, sizeof(head),
                   "PUT " SET " HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nExpect: 100-continue\r\nContent-Length: %zu\r\nCookie: %s\r\n"
                   "X-CSRF-Token: %s\r\n\r\n",
                   d.port, size, admin.cookie, admin.csrf);
    web_send(fd, head, strlen(head));
    while (at < 25) { /* HTTP/1.1 100 Continue, and an empty line */
        ssize_t n = recv(fd, head + at, 25 - at, 0);

        assert_true(n > 0);
        at += (size_t)n;
    }
    assert_memory_equal(head, "HTTP/1.1 100 Continue\r\n\r\n", 25);
    web_send(fd, large, size);
    assert_true(web_read(fd, false, &r));
    assert_int_equal(r.status, 400); /* read, and no set */
    reply_free(&r);
    close(fd);
    free(large);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobodys_change_is_lost_between_the_look_and_the_applying),
        cmocka_unit_test(what_is_exported_can_be_imported_however_large_it_is),
        cmocka_unit_test(elsewhere_and_to_strangers_the_limit_stands),
        cmocka_unit_test(whoever_may_not_is_told_before_the_body_is_taken),
        cmocka_unit_test(who_is_known_is_invited),
    };

    return cmocka_run_group_tests(tests, start, finish);
}
