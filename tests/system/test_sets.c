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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobodys_change_is_lost_between_the_look_and_the_applying),
    };

    return cmocka_run_group_tests(tests, start, finish);
}
