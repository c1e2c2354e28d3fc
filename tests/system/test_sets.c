/* A whole site as one set: who has looked before applying, and what is larger than other requests. */
#include "tests/support/cast.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobodys_change_is_lost_between_the_look_and_the_applying),
        cmocka_unit_test(what_is_exported_can_be_imported_however_large_it_is),
        cmocka_unit_test(elsewhere_and_to_strangers_the_limit_stands),
    };

    return cmocka_run_group_tests(tests, start, finish);
}
