/* Transcripts found by what they are, taken along as a table, and searches that are kept. */
#include "tests/support/cast.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SITE       "demo"
#define AGENT1     "agent1@demo.example"
#define REVIEWER   "reviewer@demo.example"
#define SUPERVISOR "supervisor@demo.example"

static struct daemon d;
static struct staff supervisor, reviewer, agent;
static char talk[40];

/* One conversation: what its visitor says would run in a spreadsheet, and has a telephone number in it. */
static int start(void **state)
{
    struct visitor v = { 0 };

    (void)state;
    daemon_start(&d, &(struct daemon_options){ .demo = true, .config = "[limits]\nconversations = 1000\nsearches = 400\n" });
    staff_online(&agent, &d, AGENT1, SITE);
    visitor_enter(&v, &d, SITE, NULL);
    (void)visitor_say(&v, "c1", "=HYPERLINK(\"http://evil.example\") 退款，电话13800138000");
    wire_take(&agent.wire, "{s:s,s:{s:s}}", "type", "assigned", "conversation", "id", v.conv);
    (void)staff_say(&agent, v.conv, "a1", "好的");
    (void)snprintf(talk, sizeof(talk), "%s", v.conv);
    wire_text(&v.wire, "{\"type\":\"close\",\"cid\":\"the-end\"}");
    assert_string_equal(wire_verdict(&v.wire, "the-end"), "ack");
    visitor_free(&v);
    staff_sign_in(&supervisor, &d, SUPERVISOR);
    staff_sign_in(&reviewer, &d, REVIEWER);
    return 0;
}

static int finish(void **state)
{
    (void)state;
    staff_free(&agent);
    staff_free(&reviewer);
    staff_free(&supervisor);
    daemon_finish(&d);
    return 0;
}

static int64_t found(const char *query)
{
    char path[300];
    json_t *r;
    int64_t ret;

    (void)snprintf(path, sizeof(path), "/api/v1/transcripts?site=" SITE "&%s", query);
    r = staff_get(&reviewer, &d, path);
    ret = number_at(r, "count");
    json_decref(r);
    return ret;
}

static void wait_for_the_index(void)
{
    int64_t end_at = now_mono_ms() + patience_ms();

    while (found("q=%E9%80%80%E6%AC%BE") != 1) {
        assert_true(now_mono_ms() < end_at);
        breathe();
    }
}

static void what_a_talk_was_like_finds_it(void **state)
{
    static const struct {
        const char *query;
        int n;
    } rows[] = {
        { "closed_by=visitor", 1 },
        { "closed_by=agent", 0 },
        { "state=closed&queue=service,sales", 1 },
        { "state=open", 0 },
        { "wait=..600&response=0..600&lasted=0..600", 1 },
        { "wait=601..", 0 },
        { "response=601..", 0 },
        { "form=no", 1 },
        { "form=yes", 0 },
        { "reviewed=no", 1 },
        { "reviewed=yes", 0 },
        { "score=0..", 0 },
        { "tag=nothing", 0 },
        { "rule=nothing", 0 },
        { "check=nothing", 0 },
        { "scorecard=nothing", 0 },
        { "q=%E9%80%80%E6%AC%BE&closed_by=visitor&state=closed&wait=..600", 1 },
        { "q=%E9%80%80%E6%AC%BE&closed_by=agent", 0 },
    };

    (void)state;
    wait_for_the_index();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (found(rows[i].query) != rows[i].n)
            fail_msg("%s: not %d", rows[i].query, rows[i].n);
}

/* ---- tables ---- */

static struct reply export_as(const struct staff *who, int status, const char *query)
{
    char path[300];

    (void)snprintf(path, sizeof(path), "/api/v1/exports/transcripts?site=" SITE "&%s", query);
    return web_expect(&d, status, &(struct ask){ .path = path, .cookie = who->cookie });
}

static int audited(const char *like)
{
    char path[128];
    sqlite3 *db = NULL;
    sqlite3_stmt *st = NULL;
    int n;

    (void)snprintf(path, sizeof(path), "%s/kefud.db", d.state);
    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    assert_int_equal(
        sqlite3_prepare_v2(db, "SELECT count(*) FROM audit WHERE kind = 'transcripts_exported' AND data LIKE ?1", -1, &st, NULL),
        SQLITE_OK);
    sqlite3_bind_text(st, 1, like, -1, SQLITE_STATIC);
    assert_int_equal(sqlite3_step(st), SQLITE_ROW);
    n = sqlite3_column_int(st, 0);
    sqlite3_finalize(st);
    sqlite3_close(db);
    return n;
}

static void a_table_of_text_runs_nothing_and_shows_no_number(void **state)
{
    struct reply r;
    int before;

    (void)state;
    wait_for_the_index();
    before = audited("%\"rows\":1,\"format\":\"csv\"%\"closed_by\":\"visitor\"%");
    r = export_as(&supervisor, 200, "format=csv&lang=en&q=%E9%80%80%E6%AC%BE&closed_by=visitor");
    assert_string_equal(reply_header(&r, "Content-Type"), "text/csv; charset=utf-8");
    assert_true(strncmp(reply_header(&r, "Content-Disposition"), "attachment; filename=\"transcripts-", 34) == 0);
    assert_string_equal(reply_header(&r, "Cache-Control"), "private, no-store");
    assert_memory_equal(r.body,
                        "\xef\xbb\xbf"
                        "Conversation,Opened (Asia/Shanghai),",
                        39);
    assert_non_null(strstr(r.body, talk));
    assert_non_null(strstr(r.body, ",\"'=HYPERLINK(\"\"http://evil.example\"\") 退款，电话138****8000\"\r\n"));
    assert_null(strstr(r.body, "13800138000"));
    assert_non_null(strstr(r.body, ",visitor,"));
    reply_free(&r);
    assert_int_equal(audited("%\"rows\":1,\"format\":\"csv\"%\"closed_by\":\"visitor\"%"), before + 1);
    assert_int_equal(audited("%退款%"), 0);                        /* what was looked for is nobody's business */
    r = export_as(&supervisor, 200, "format=csv&closed_by=agent"); /* nothing found: the titles */
    assert_null(strstr(r.body, talk));
    reply_free(&r);
}

static void a_workbook_is_whole(void **state)
{
    struct reply r;

    (void)state;
    wait_for_the_index();
    r = export_as(&supervisor, 200, "format=xlsx&q=%E9%80%80%E6%AC%BE");
    assert_string_equal(reply_header(&r, "Content-Type"), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet");
    assert_memory_equal(r.body, "PK\x03\x04", 4);
    assert_true(r.n_body > 1000);
    assert_memory_equal(r.body + r.n_body - 22, "PK\x05\x06", 4); /* the end of its directory */
    reply_free(&r);
}

static void exporting_is_a_right_of_its_own(void **state)
{
    struct reply r;

    (void)state;
    r = export_as(&reviewer, 403, "format=csv");
    reply_free(&r);
    r = export_as(&agent, 403, "format=csv");
    reply_free(&r);
}

/* ---- searches that are kept ---- */

static struct reply keep(const struct staff *who, int status, const char *body)
{
    return web_expect(
        &d, status,
        &(struct ask){ .path = "/api/v1/searches?site=" SITE, .cookie = who->cookie, .csrf = who->csrf, .origin = "", .body = body });
}

static size_t kept(const struct staff *who, const char *name)
{
    json_t *all = staff_get(who, &d, "/api/v1/searches?site=" SITE), *one;
    size_t i, n = 0;

    json_array_foreach(value_at(all, "items"), i, one)
    {
        n += strcmp(text_at(one, "name"), name) == 0;
    }
    json_decref(all);
    return n;
}

static void what_is_kept_is_ones_own_until_it_is_shared(void **state)
{
    struct reply r;
    char path[100];

    (void)state;
    r = keep(&reviewer, 201, "{\"name\":\"mine\",\"filter\":{\"q\":\"退款\",\"time\":\"7\",\"wait\":\"60..\"}}");
    assert_string_equal(text_at(r.json, "filter.wait"), "60..");
    assert_string_equal(text_at(r.json, "owner.name"), "何静怡");
    (void)snprintf(path, sizeof(path), "/api/v1/searches/%s?site=" SITE, text_at(r.json, "id"));
    reply_free(&r);
    assert_int_equal(kept(&reviewer, "mine"), 1);
    assert_int_equal(kept(&supervisor, "mine"), 0);
    web_status(&d, 404,
               &(struct ask){ .method = "DELETE", .path = path, .cookie = supervisor.cookie, .csrf = supervisor.csrf, .origin = "" });
    web_status(&d, 200,
               &(struct ask){ .method = "PUT",
                              .path = path,
                              .cookie = reviewer.cookie,
                              .csrf = reviewer.csrf,
                              .origin = "",
                              .body = "{\"name\":\"ours\",\"shared\":true,\"filter\":{\"q\":\"退款\",\"form\":\"no\"}}" });
    assert_int_equal(kept(&supervisor, "ours"), 1);
    web_status(&d, 404,
               &(struct ask){ .method = "PUT",
                              .path = path,
                              .cookie = supervisor.cookie,
                              .csrf = supervisor.csrf,
                              .origin = "",
                              .body = "{\"name\":\"theirs\",\"filter\":{}}" });
    web_status(&d, 204,
               &(struct ask){ .method = "DELETE", .path = path, .cookie = supervisor.cookie, .csrf = supervisor.csrf, .origin = "" });
    assert_int_equal(kept(&reviewer, "ours"), 0);
    r = keep(&agent, 403, "{\"name\":\"x\",\"shared\":true,\"filter\":{}}");
    reply_free(&r);
    r = keep(&agent, 400, "{\"name\":\"x\",\"filter\":{\"colour\":\"red\"}}");
    reply_free(&r);
}

static void one_person_keeps_a_hundred(void **state)
{
    struct reply r;

    (void)state;
    for (int i = 0; i < 100; i++) {
        r = keep(&agent, 201, "{\"name\":\"one of many\",\"filter\":{}}");
        reply_free(&r);
    }
    r = keep(&agent, 413, "{\"name\":\"one too many\",\"filter\":{}}");
    reply_free(&r);
    assert_int_equal(kept(&agent, "one of many"), 100);
}

/* The last but one of the reviewer's: no more searches for words in this minute. */
static void who_tries_word_after_word_has_to_wait(void **state)
{
    struct reply r;
    int done = 0;

    (void)state;
    assert_int_equal(found("q=13800138000"), 0); /* it is masked to her */
    web_ask(&d, &(struct ask){ .path = "/api/v1/transcripts?site=" SITE "&q=-%E9%80%80%E6%AC%BE", .cookie = reviewer.cookie }, &r);
    assert_int_equal(r.status, 400); /* nothing but what shall not be there */
    assert_non_null(strstr(text_at(r.json, "detail"), "a word that shall be there"));
    reply_free(&r);
    for (int status = 200; status == 200; reply_free(&r)) {
        web_ask(&d, &(struct ask){ .path = "/api/v1/transcripts?site=" SITE "&q=nothing", .cookie = reviewer.cookie }, &r);
        status = r.status;
        done += status == 200;
        if (status != 200) {
            assert_int_equal(status, 429);
            assert_string_equal(text_at(r.json, "code"), "rate_limited");
        }
        assert_in_range(done, 0, 100000);
    }
    assert_int_equal(found("state=open"), 0); /* what is no search for words goes on */
}

/* The last one: a second visitor comes, who leaves an address. */
static void who_has_left_an_address_is_found(void **state)
{
    struct visitor v = { 0 };

    (void)state;
    visitor_enter(&v, &d, SITE, NULL);
    wire_text(&v.wire, "{\"type\":\"message\",\"cid\":\"f1\",\"kind\":\"form\",\"form\":{\"email\":\"wang@example.net\"}}");
    assert_string_equal(wire_verdict(&v.wire, "f1"), "ack");
    visitor_free(&v);
    assert_int_equal(found("form=yes"), 1);
    assert_int_equal(found("form=yes&channel=web&state=closed"), 0);
    assert_int_equal(found("form=no"), 1);
}

/* A third one fills in a form that is no short one. */
static json_t *found_form(const char *query)
{
    int64_t end_at = now_mono_ms() + patience_ms();
    char path[300];
    json_t *r;

    (void)snprintf(path, sizeof(path), "/api/v1/transcripts?site=" SITE "&%s", query);
    while (number_at(r = staff_get(&supervisor, &d, path), "count") != 1) {
        json_decref(r);
        assert_true(now_mono_ms() < end_at);
        breathe();
    }
    return r;
}

static void leave_form(const char *words)
{
    struct visitor v = { 0 };
    char frame[4096];

    visitor_enter(&v, &d, SITE, NULL);
    (void)snprintf(frame, sizeof(frame),
                   "{\"type\":\"message\",\"cid\":\"f1\",\"kind\":\"form\",\"form\":{\"phone\":\"13700137000\",\"尺寸\":\"3 米\","
                   "\"text\":\"%s\"}}",
                   words);
    wire_text(&v.wire, frame);
    assert_string_equal(wire_verdict(&v.wire, "f1"), "ack");
    visitor_free(&v);
}

/* Where a hit is in a form its members come with it, masked as its text is; a table has the words of its language for them. */
static void a_hit_in_a_form_has_its_members(void **state)
{
    static const char *const tables[][2] = { { "en", "\"Phone: 137****7000\n尺寸: 3 米\nMessage: 换货\nphone: 也是\"" },
                                             { "zh-CN", "\"电话：137****7000\n尺寸：3 米\n留言：换货\nphone: 也是\"" },
                                             { "zh-TW", "\"電話：137****7000\n尺寸：3 米\n留言：换货\nphone: 也是\"" } };
    json_t *r, *form;

    (void)state;
    leave_form("换货\\nphone: 也是");
    r = found_form("q=%E6%8D%A2%E8%B4%A7");
    assert_string_equal(text_at(r, "items.0.hits.0.text"), "phone: 137****7000\n尺寸: 3 米\ntext: 换货\nphone: 也是");
    form = value_at(r, "items.0.hits.0.form");
    assert_string_equal(text_at(form, "phone"), "137****7000");
    assert_string_equal(text_at(form, "尺寸"), "3 米");
    assert_string_equal(text_at(form, "text"), "换货\nphone: 也是");
    json_decref(r);
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        struct reply table;
        char query[80];

        (void)snprintf(query, sizeof(query), "format=csv&q=%%E6%%8D%%A2%%E8%%B4%%A7&lang=%s", tables[i][0]);
        table = export_as(&supervisor, 200, query);
        assert_non_null(strstr(table.body, tables[i][1]));
        assert_null(strstr(table.body, "13700137000"));
        reply_free(&table);
    }
}

static void what_is_no_form_has_no_members(void **state)
{
    json_t *r = found_form("q=%E9%80%80%E6%AC%BE");

    (void)state;
    assert_null(value_at(r, "items.0.hits.0.form"));
    json_decref(r);
}

/* In a row it is cut, member by member: it is a form still. */
static void a_long_form_in_a_row_is_one_still(void **state)
{
    char words[2000] = "长";
    json_t *r, *form;

    (void)state;
    while (strlen(words) < 1500)
        (void)strcat(words, "长");
    leave_form(words);
    r = staff_get(&supervisor, &d, "/api/v1/transcripts?site=" SITE "&form=yes&limit=1");
    form = value_at(r, "items.0.conversation.last.form");
    assert_non_null(form);
    assert_string_equal(text_at(form, "phone"), "137****7000");
    assert_int_equal(strlen(text_at(form, "text")), 160 * strlen("长"));
    json_decref(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_talk_was_like_finds_it),
        cmocka_unit_test(a_table_of_text_runs_nothing_and_shows_no_number),
        cmocka_unit_test(a_workbook_is_whole),
        cmocka_unit_test(exporting_is_a_right_of_its_own),
        cmocka_unit_test(what_is_kept_is_ones_own_until_it_is_shared),
        cmocka_unit_test(one_person_keeps_a_hundred),
        cmocka_unit_test(who_tries_word_after_word_has_to_wait),
        cmocka_unit_test(who_has_left_an_address_is_found),
        cmocka_unit_test(a_hit_in_a_form_has_its_members),
        cmocka_unit_test(what_is_no_form_has_no_members),
        cmocka_unit_test(a_long_form_in_a_row_is_one_still),
    };

    return cmocka_run_group_tests(tests, start, finish);
}
