/* Programs at the API: keys that are made, used, bound to site and verbs, and taken back. */
#include "tests/support/cast.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SITE  "demo"
#define ADMIN "admin@demo.example"

static struct daemon d;
static struct staff admin;

static int start(void **state)
{
    json_t *made;

    (void)state;
    daemon_start(&d, &(struct daemon_options){ .demo = true, .config = "[limits]\nlogin_failures = 3\n", .keep_port = true });
    staff_sign_in(&admin, &d, ADMIN);
    made = site_add(&d, "{\"site\":{\"key\":\"blog\",\"name\":\"Blog\"},\"queues\":{\"q\":{\"name\":\"Q\"}},"
                        "\"channels\":{\"web\":{\"adapter\":\"widget\",\"name\":\"Web\",\"queue\":\"q\"}}}");
    json_decref(made);
    return 0;
}

static int finish(void **state)
{
    (void)state;
    staff_free(&admin);
    daemon_finish(&d);
    return 0;
}

struct key {
    char id[40], text[80], header[120];
};

static void key_make(struct key *k, const char *verbs)
{
    char body[200];
    struct reply r;

    (void)snprintf(body, sizeof(body), "{\"name\":\"报表\",\"verbs\":[%s]}", verbs);
    r = web_expect(
        &d, 201,
        &(struct ask){ .path = "/api/v1/keys?site=" SITE, .cookie = admin.cookie, .csrf = admin.csrf, .origin = "", .body = body });
    (void)snprintf(k->id, sizeof(k->id), "%s", text_at(r.json, "id"));
    (void)snprintf(k->text, sizeof(k->text), "%s", text_at(r.json, "key"));
    (void)snprintf(k->header, sizeof(k->header), "Authorization: Bearer %s\r\n", k->text);
    assert_true(strncmp(k->text, "kfk_", 4) == 0 && strlen(k->text) == 68);
    assert_string_equal(text_at(r.json, "name"), "报表");
    reply_free(&r);
}

/* A name is shown on terminals and in lists: what would do something there is refused, and the words say which member it is. */
static void a_name_is_one_line_that_can_be_read(void **state)
{
    static const struct {
        const char *name;
        int status;
    } rows[] = {
        { "red \\u001b[31malert", 400 }, { "two\\nlines", 400 },   { "bell\\u0007", 400 }, { "\\u009b0m", 400 },
        { "line\\u2028end", 400 },       { "delete\\u007f", 400 }, { " \\u3000", 400 },    { "\\u202elive", 400 },
        { "报表 – naïve 👍", 201 },
    };
    (void)state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char body[200];
        struct reply r;

        (void)snprintf(body, sizeof(body), "{\"name\":\"%s\",\"verbs\":[\"read\"]}", rows[i].name);
        r = web_expect(
            &d, rows[i].status,
            &(struct ask){ .path = "/api/v1/keys?site=" SITE, .cookie = admin.cookie, .csrf = admin.csrf, .origin = "", .body = body });
        if (rows[i].status == 400)
            assert_true(strncmp(text_at(r.json, "detail"), "name: one line", 14) == 0);
        reply_free(&r);
    }
}

static void key_revoke(const struct key *k, int status)
{
    char path[100];

    (void)snprintf(path, sizeof(path), "/api/v1/keys/%s?site=" SITE, k->id);
    web_status(&d, status, &(struct ask){ .method = "DELETE", .path = path, .cookie = admin.cookie, .csrf = admin.csrf, .origin = "" });
}

/* The entry of the list that has this id, in `list`. */
static json_t *listed(const json_t *list, const char *id)
{
    json_t *k;
    size_t i;

    json_array_foreach(value_at(list, "items"), i, k)
    {
        if (strcmp(text_at(k, "id"), id) == 0)
            return k;
    }
    return NULL;
}

static bool was_used(const char *id)
{
    json_t *list = staff_get(&admin, &d, "/api/v1/keys?site=" SITE);
    bool ret = json_object_get(listed(list, id), "used_at") != NULL;

    json_decref(list);
    return ret;
}

static int audited(const char *kind)
{
    char path[128];
    sqlite3 *db = NULL;
    sqlite3_stmt *s = NULL;
    int n;

    (void)snprintf(path, sizeof(path), "%s/kefud.db", d.state);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, "SELECT COUNT(*) FROM audit WHERE kind = ?", -1, &s, NULL), SQLITE_OK);
    sqlite3_bind_text(s, 1, kind, -1, SQLITE_STATIC);
    assert_int_equal(sqlite3_step(s), SQLITE_ROW);
    n = sqlite3_column_int(s, 0);
    sqlite3_finalize(s);
    sqlite3_close(db);
    return n;
}

/* ---- the tests ---- */

static void a_program_may_what_its_key_was_made_for(void **state)
{
    struct visitor v = { 0 };
    struct key reader, clerk;
    char path[100], blog[100];
    struct reply r;

    (void)state;
    visitor_enter(&v, &d, SITE, NULL);
    (void)visitor_say(&v, "c1", "给报表看的一句");
    key_make(&reader, "\"transcript\",\"timeline\"");
    key_make(&clerk, "\"people\"");
    (void)snprintf(path, sizeof(path), "/api/v1/transcripts/%s", v.conv);
    r = web_expect(&d, 200, &(struct ask){ .path = path, .headers = reader.header });
    assert_string_equal(text_at(r.json, "messages.0.text"), "给报表看的一句");
    assert_non_null(value_at(r.json, "timeline"));
    reply_free(&r);
    r = web_expect(&d, 200, &(struct ask){ .path = "/api/v1/transcripts?site=" SITE "&limit=5", .headers = reader.header });
    assert_true(number_at(r.json, "count") >= 1);
    reply_free(&r);
    web_status(&d, 200, &(struct ask){ .path = "/api/v1/people?site=" SITE, .headers = clerk.header });

    /* A site in the body is the one of the address, or none. */
    {
        struct ask ask = { .path = "/api/v1/keys?site=" SITE,
                           .origin = "",
                           .body = "{\"name\":\"x\",\"verbs\":[\"read\"],\"site\":\"blog\"}" };

        ask.cookie = admin.cookie;
        ask.csrf = admin.csrf;
        web_status(&d, 400, &ask);
        ask.body = "{\"name\":\"x\",\"verbs\":[\"read\"],\"site\":\"" SITE "\"}";
        web_status(&d, 201, &ask);
    }

    /* And nothing else: not with another's verb, not at another site, not as a person. */
    web_status(&d, 404, &(struct ask){ .path = path, .headers = clerk.header });
    web_status(&d, 403, &(struct ask){ .path = "/api/v1/people?site=" SITE, .headers = reader.header });
    (void)snprintf(blog, sizeof(blog), "/api/v1/transcripts?site=%s", "blog");
    web_status(&d, 404, &(struct ask){ .path = blog, .headers = reader.header });
    web_status(&d, 404, &(struct ask){ .path = "/api/v1/people?site=blog", .headers = clerk.header });
    web_status(&d, 403, &(struct ask){ .path = "/api/v1/session", .headers = reader.header });
    web_status(&d, 403, &(struct ask){ .path = "/api/v1/session/totp", .headers = reader.header });
    web_status(&d, 403, &(struct ask){ .path = "/api/v1/keys?site=" SITE, .headers = clerk.header });
    web_status(
        &d, 403,
        &(struct ask){ .path = "/api/v1/keys?site=" SITE, .headers = clerk.header, .body = "{\"name\":\"x\",\"verbs\":[\"read\"]}" });
    web_status(&d, 404, &(struct ask){ .path = "/api/v1/status", .headers = reader.header });
    visitor_free(&v);
}

static void what_changes_something_needs_no_csrf_token(void **state)
{
    struct key clerk;

    (void)state;
    key_make(&clerk, "\"people\"");
    web_status(&d, 201,
               &(struct ask){ .path = "/api/v1/people",
                              .headers = clerk.header,
                              .body = "{\"email\":\"new@demo.example\",\"name\":\"新人\",\"site\":\"" SITE "\",\"roles\":[\"agent\"],"
                                      "\"password\":\"a-long-enough-password\"}" });
    web_status(&d, 204, &(struct ask){ .method = "POST", .path = "/api/v1/people/new@demo.example/disable", .headers = clerk.header });
}

static void files_that_a_transcript_shows_can_be_fetched(void **state)
{
    struct visitor v = { 0 };
    struct key reader, clerk;
    char header[600], path[64];
    struct reply r;

    (void)state;
    key_make(&reader, "\"transcript\"");
    key_make(&clerk, "\"people\"");
    visitor_enter(&v, &d, SITE, NULL);
    (void)snprintf(header, sizeof(header), "Authorization: Bearer %s\r\n", v.token);
    r = web_expect(&d, 201, &(struct ask){ .path = "/files?site=" SITE "&name=a.txt", .headers = header, .body = "hello" });
    (void)snprintf(path, sizeof(path), "/files/%s", text_at(r.json, "id"));
    wire_sendf(&v.wire, "{\"type\":\"message\",\"cid\":\"f1\",\"kind\":\"file\",\"file\":\"%s\"}", text_at(r.json, "id"));
    reply_free(&r);
    assert_string_equal(wire_verdict(&v.wire, "f1"), "ack");
    r = web_expect(&d, 200, &(struct ask){ .path = path, .headers = reader.header });
    assert_string_equal(r.body, "hello");
    reply_free(&r);
    web_status(&d, 404, &(struct ask){ .path = path, .headers = clerk.header });
    visitor_free(&v);
}

static void a_key_is_shown_once_and_its_use_is_listed(void **state)
{
    struct key k;
    json_t *list, *entry;
    char *text;

    (void)state;
    key_make(&k, "\"people\"");
    list = staff_get(&admin, &d, "/api/v1/keys?site=" SITE);
    entry = listed(list, k.id);
    assert_non_null(entry);
    assert_null(json_object_get(entry, "used_at"));
    assert_string_equal(text_at(entry, "verbs.0"), "people");
    text = json_dumps(list, 0);
    assert_null(strstr(text, k.text));
    free(text);
    json_decref(list);
    web_status(&d, 200, &(struct ask){ .path = "/api/v1/people?site=" SITE, .headers = k.header });
    UNTIL(was_used(k.id));
    assert_true(audited("key_added") >= 1);
}

static void a_revoked_key_opens_nothing_any_more(void **state)
{
    struct key k;

    (void)state;
    key_make(&k, "\"people\"");
    web_status(&d, 200, &(struct ask){ .path = "/api/v1/people?site=" SITE, .headers = k.header });
    key_revoke(&k, 204);
    key_revoke(&k, 404);
    web_status(&d, 401, &(struct ask){ .path = "/api/v1/people?site=" SITE, .headers = k.header });
    assert_true(audited("key_revoked") >= 1);
    assert_true(audited("key_failed") >= 1);
}

static void only_an_admin_makes_keys_and_only_of_words_that_are_known(void **state)
{
    static const char *const wrong[] = {
        "{}",
        "{\"name\":\"x\"}",
        "{\"name\":\"x\",\"verbs\":[]}",
        "{\"name\":\"x\",\"verbs\":[\"fly\"]}",
        "{\"name\":\"x\",\"verbs\":[\"say\"]}",
        "{\"name\":\"x\",\"verbs\":\"read\"}",
        "{\"name\":\"x\",\"verbs\":[\"read say\"]}",
        "{\"name\":\"\",\"verbs\":[\"read\"]}",
        "{\"name\":\"x\",\"verbs\":[\"read\"],\"expires_at\":1}",
        "{\"name\":\"x\",\"verbs\":[\"read\"],\"expires_at\":\"tomorrow\"}",
    };
    static const char *const others[] = { "agent1@demo.example", "supervisor@demo.example", "reviewer@demo.example" };

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        web_status(
            &d, 400,
            &(struct ask){ .path = "/api/v1/keys?site=" SITE, .cookie = admin.cookie, .csrf = admin.csrf, .origin = "", .body = wrong[i] });
    web_status(
        &d, 403,
        &(struct ask){
            .path = "/api/v1/keys?site=" SITE, .cookie = admin.cookie, .origin = "", .body = "{\"name\":\"x\",\"verbs\":[\"read\"]}" });
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        struct staff s = { 0 };

        staff_sign_in(&s, &d, others[i]);
        web_status(&d, 403, &(struct ask){ .path = "/api/v1/keys?site=" SITE, .cookie = s.cookie });
        web_status(&d, 403,
                   &(struct ask){ .path = "/api/v1/keys?site=" SITE,
                                  .cookie = s.cookie,
                                  .csrf = s.csrf,
                                  .origin = "",
                                  .body = "{\"name\":\"x\",\"verbs\":[\"read\"]}" });
        staff_free(&s);
    }
}

static void a_program_sits_at_no_desk(void **state)
{
    struct wire w = { 0 };
    struct key k;

    (void)state;
    key_make(&k, "\"read\"");
    assert_int_equal(
        wire_open(&w, &d, &(struct wire_options){ .path = "/ws/agent?site=" SITE, .protocol = "kefu.agent.v1", .headers = k.header }), 403);
}

static void kefuctl_makes_lists_and_revokes(void **state)
{
    char kefuctl[256], *out, header[200], id[40];
    const char *at;

    (void)state;
    (void)snprintf(kefuctl, sizeof(kefuctl), "%s", daemon_program("kefuctl"));
    assert_int_equal(program_run((const char *const[]){ kefuctl, "--state", d.state, "key", "add", "--site", SITE, "--name", "cron",
                                                        "--verbs", "people,status", "--days", "30", NULL },
                                 NULL, &out),
                     0);
    at = strstr(out, "kfk_");
    assert_non_null(at);
    (void)snprintf(header, sizeof(header), "Authorization: Bearer %.68s\r\n", at);
    web_status(&d, 200, &(struct ask){ .path = "/api/v1/people?site=" SITE, .headers = header });
    free(out);
    assert_int_equal(program_run((const char *const[]){ kefuctl, "--state", d.state, "key", "list", "--site", SITE, NULL }, NULL, &out), 0);
    at = strstr(out, "cron: people status");
    assert_non_null(at);
    while (at > out && at[-1] != '\n')
        at--;
    (void)snprintf(id, sizeof(id), "%.36s", at);
    free(out);
    assert_int_equal(
        program_run((const char *const[]){ kefuctl, "--state", d.state, "key", "revoke", id, "--site", SITE, NULL }, NULL, &out), 0);
    free(out);
    web_status(&d, 401, &(struct ask){ .path = "/api/v1/people?site=" SITE, .headers = header });
    assert_int_equal(program_run((const char *const[]){ kefuctl, "--state", d.state, "key", "add", "--site", SITE, "--name", "x", "--verbs",
                                                        "fly", NULL },
                                 NULL, &out),
                     1);
    assert_non_null(strstr(out, "fly"));
    free(out);
}

/* Last: it leaves this address with a delay. */
static void guessing_keys_is_slowed_down(void **state)
{
    char header[120];
    int refused = 0, slowed = 0;
    struct reply r;

    (void)state;
    for (int i = 0; i < 8; i++) {
        (void)snprintf(header, sizeof(header), "Authorization: Bearer kfk_%064d\r\n", i);
        web_ask(&d, &(struct ask){ .path = "/api/v1/people?site=" SITE, .headers = header }, &r);
        refused += r.status == 401;
        slowed += r.status == 429;
        if (r.status == 429)
            assert_non_null(reply_header(&r, "Retry-After"));
        reply_free(&r);
    }
    assert_int_equal(refused + slowed, 8);
    assert_true(refused <= 3 && slowed >= 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_is_one_line_that_can_be_read),
        cmocka_unit_test(a_program_may_what_its_key_was_made_for),
        cmocka_unit_test(what_changes_something_needs_no_csrf_token),
        cmocka_unit_test(files_that_a_transcript_shows_can_be_fetched),
        cmocka_unit_test(a_key_is_shown_once_and_its_use_is_listed),
        cmocka_unit_test(a_revoked_key_opens_nothing_any_more),
        cmocka_unit_test(only_an_admin_makes_keys_and_only_of_words_that_are_known),
        cmocka_unit_test(a_program_sits_at_no_desk),
        cmocka_unit_test(kefuctl_makes_lists_and_revokes),
        cmocka_unit_test(guessing_keys_is_slowed_down),
    };

    return cmocka_run_group_tests(tests, start, finish);
}
