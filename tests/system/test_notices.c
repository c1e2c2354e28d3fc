/* What people of a quality department are told of, and who may be: comments that name somebody, and what is masked, shown on request. */
#include "quality_rig.h"

#define OTHER "other"

static const char other_site[] =
    "{\"site\":{\"key\":\"" OTHER "\",\"name\":\"另一家\",\"language\":\"zh-CN\"},\"queues\":{\"desk\":{\"name\":\"客服\"}},"
    "\"channels\":{\"web\":{\"adapter\":\"widget\",\"name\":\"官网\",\"queue\":\"desk\"}},"
    "\"people\":[{\"email\":\"boss@other.example\",\"name\":\"他人\",\"number\":\"9\",\"roles\":[\"supervisor\",\"reviewer\"]}]}";

static const char card[] =
    "{\"name\":\"短表\",\"sections\":[{\"key\":\"a\",\"name\":\"甲\",\"weight\":100,\"items\":[{\"key\":\"one\",\"name\":\"一\",\"type\":"
    "\"yesno\",\"points\":10}]}]}";

static struct staff foreign;

static int begin(void **state)
{
    json_t *site;
    struct reply r;

    (void)start(state);
    site = site_add(&d, other_site);
    assert_int_equal(staff_try_sign_in(&foreign, &d, "boss@other.example", text_at(site, "people.0.password")), 201);
    json_decref(site);
    r = web_expect(&d, 201,
                   &(struct ask){ .method = "PUT",
                                  .path = "/api/v1/sites/" SITE "/documents/scorecard/short",
                                  .cookie = supervisor.cookie,
                                  .csrf = supervisor.csrf,
                                  .origin = "",
                                  .headers = "If-None-Match: *\r\n",
                                  .body = card });
    reply_free(&r);
    return 0;
}

static int end(void **state)
{
    staff_free(&foreign);
    return finish(state);
}

static const char *path(const char *what, const char *id, const char *act)
{
    static char ret[2][160];
    static int turn;

    turn ^= 1;
    (void)snprintf(ret[turn], sizeof(ret[turn]), "/api/v1/%s/%s%s%s", what, id, *act && *act != '?' ? "/" : "", act);
    return ret[turn];
}

/* A review of a talk of the agent's, by the reviewer, that is still to be done. */
static void draw(const char *words, char review[40])
{
    char conv[40], list[120];
    json_t *sample, *mine;

    talk_over(words, GREETING, conv);
    sample = send(&reviewer, 201, "POST", "/api/v1/samples?site=" SITE, "{\"scorecard\":\"short\",\"n\":50}");
    (void)snprintf(list, sizeof(list), "/api/v1/reviews?site=" SITE "&sample=%s", text_at(sample, "id"));
    mine = staff_get(&reviewer, &d, list);
    (void)snprintf(review, 40, "%s", text_at(json_array_get(json_object_get(mine, "items"), 0), "id"));
    json_decref(sample);
    json_decref(mine);
}

static void submit(const char *review)
{
    json_decref(send(&reviewer, 200, "POST", path("reviews", review, "submit"),
                     "{\"revision\":1,\"contents\":{\"answers\":{\"one\":{\"value\":1}}}}"));
}

static json_t *notices(const struct staff *s)
{
    return staff_get(s, &d, "/api/v1/notices?site=" SITE);
}

static long long unseen(const struct staff *s)
{
    json_t *n = notices(s);
    long long ret = number_at(n, "unseen");

    json_decref(n);
    return ret;
}

/* ---- mentions ---- */

/* What comes of a comment by `by` that names `who`; the id of the comment. */
static void mention(const struct staff *by, const char *review, const struct staff *who, int status, const char *words, char comment[40])
{
    char body[200];
    json_t *a;

    (void)snprintf(body, sizeof(body), "{\"text\":\"@某人 请看这句\",\"seq\":2,\"mentions\":[\"%s\"]}", who->id);
    a = send(by, status, "POST", path("reviews", review, "comments"), body);
    if (status == 201)
        (void)snprintf(comment, 40, "%s", text_at(a, "id"));
    else if (status == 422 && words && !strstr(text_at(a, "detail"), words))
        fail_msg("\"%s\" does not say \"%s\"", text_at(a, "detail"), words);
    json_decref(a);
}

/* Who names whom, before the review is submitted and after: the status, and whom the refusal names. */
static void only_who_may_read_the_review_is_named(void **state)
{
    const struct {
        const struct staff *by, *who;
        int before, after;
        const char *words; /* of 422 */
    } rows[] = {
        { &reviewer, &agent, 422, 201, "林小雨" },     { &reviewer, &supervisor, 422, 201, "may not read" },
        { &reviewer, &agent2, 422, 422, "may not" },   { &reviewer, &admin, 422, 422, "may not" },
        { &reviewer, &foreign, 422, 422, foreign.id }, { &reviewer, &reviewer, 422, 422, "himself" },
        { &agent, &reviewer, 404, 201, NULL },         { &agent, &supervisor, 404, 201, NULL },
        { &agent, &agent2, 404, 422, "may not" },      { &supervisor, &agent, 404, 201, NULL },
        { &supervisor, &reviewer, 404, 201, NULL },    { &agent2, &reviewer, 404, 404, NULL },
        { &admin, &reviewer, 404, 404, NULL },         { &foreign, &reviewer, 404, 404, NULL },
    };
    char review[40], comment[40];
    json_t *r, *readers;

    (void)state;
    draw("谁能看到", review);
    r = staff_get(&reviewer, &d, path("reviews", review, ""));
    assert_int_equal(json_array_size(json_object_get(r, "readers")), 0);
    json_decref(r);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        mention(rows[i].by, review, rows[i].who, rows[i].before, rows[i].words, comment);
    submit(review);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        mention(rows[i].by, review, rows[i].who, rows[i].after, rows[i].words, comment);
    r = staff_get(&reviewer, &d, path("reviews", review, ""));
    readers = json_object_get(r, "readers");
    assert_int_equal(json_array_size(readers), 2); /* the agent, the supervisor */
    json_decref(r);
}

static void who_is_named_hears_of_it_and_is_led_there(void **state)
{
    char review[40], comment[40];
    json_t *n, *r;
    const json_t *first;
    long long before;

    (void)state;
    draw("请看", review);
    submit(review);
    before = unseen(&supervisor);
    wire_forget(&agent.wire);
    mention(&reviewer, review, &supervisor, 201, NULL, comment);
    wire_take(&agent.wire, "{s:s}", "type", "notice"); /* it is about his review, whoever is named */
    assert_int_equal(unseen(&supervisor), before + 1);
    n = notices(&supervisor);
    first = json_array_get(json_object_get(n, "items"), 0);
    assert_string_equal(text_at(first, "kind"), "mention");
    assert_string_equal(text_at(first, "id"), comment);
    assert_string_equal(text_at(first, "review"), review);
    assert_string_equal(text_at(first, "text"), "@某人 请看这句");
    assert_string_equal(text_at(first, "by.id"), reviewer.id);
    assert_int_equal(number_at(first, "seq"), 2);
    json_decref(n);
    r = staff_get(&agent, &d, path("reviews", review, ""));
    assert_string_equal(text_at(r, "comments.0.mentions.0.id"), supervisor.id);
    json_decref(r);
    refused(&agent, 404, "POST", path("notices", comment, "seen?site=" SITE), "{}");
    for (int i = 0; i < 2; i++) {
        json_decref(send(&supervisor, 204, "POST", path("notices", comment, "seen?site=" SITE), "{}"));
        assert_int_equal(unseen(&supervisor), before);
    }
}

/* What was said of a visitor who is forgotten is told to nobody any more. */
static void a_mention_loses_its_words_with_the_visitor(void **state)
{
    char review[40], comment[40];
    json_t *r, *t, *n;

    (void)state;
    draw("忘记我", review);
    submit(review);
    mention(&reviewer, review, &supervisor, 201, NULL, comment);
    r = staff_get(&reviewer, &d, path("reviews", review, ""));
    t = staff_get(&reviewer, &d, path("transcripts", text_at(r, "conversation"), ""));
    json_decref(send(&admin, 200, "POST", path("visitors", text_at(t, "conversation.visitor.id"), "erase?site=" SITE), "{}"));
    n = notices(&supervisor);
    assert_string_equal(text_at(n, "items.0.id"), comment);
    assert_string_equal(text_at(n, "items.0.text"), "");
    json_decref(n);
    json_decref(t);
    json_decref(r);
}

/* ---- what is masked, shown on request ---- */

#define PHONE  "13900139000"
#define MASKED "139****9000"

static int64_t stored(const char *sql)
{
    char db_path[300];
    sqlite3_stmt *st;
    int64_t ret = -1;
    sqlite3 *db;

    (void)snprintf(db_path, sizeof(db_path), "%s/kefud.db", d.state);
    assert_int_equal(sqlite3_open_v2(db_path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    (void)sqlite3_busy_timeout(db, 10000);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &st, NULL), SQLITE_OK);
    if (sqlite3_step(st) == SQLITE_ROW)
        ret = sqlite3_column_int64(st, 0);
    (void)sqlite3_finalize(st);
    (void)sqlite3_close(db);
    return ret;
}

static int64_t audited_of(const char *kind, const char *conv)
{
    char sql[200];

    (void)snprintf(sql, sizeof(sql), "SELECT COUNT(*) FROM audit WHERE kind = '%s' AND data LIKE '%%%s%%'", kind, conv);
    return stored(sql);
}

static const char *reveal_of(const char *conv)
{
    return path("transcripts", conv, "reveal");
}

/* With `reveal=1` where `plain`: is the number there as it was said? */
static bool is_plain(const struct staff *s, const char *conv, bool plain)
{
    json_t *r = staff_get(s, &d, path("transcripts", conv, plain ? "?reveal=1" : ""));
    char *text = json_dumps(r, 0);
    bool ret = strstr(text, PHONE) != NULL;

    assert_int_equal(ret, !strstr(text, MASKED));
    free(text);
    json_decref(r);
    return ret;
}

static void says(const struct staff *s, const char *conv, const char *state, bool may_reveal, bool may_ask)
{
    json_t *r = staff_get(s, &d, path("transcripts", conv, ""));

    assert_string_equal(text_at(r, "reveal.state"), state);
    assert_int_equal(json_is_true(json_object_get(r, "may_reveal")), may_reveal);
    assert_int_equal(json_is_true(json_object_get(r, "may_ask")), may_ask);
    json_decref(r);
}

static void asks(const char *conv, char id[40])
{
    json_t *a = send(&reviewer, 201, "POST", reveal_of(conv), "{\"reason\":\"核对地址\"}");

    (void)snprintf(id, 40, "%s", text_at(a, "id"));
    json_decref(a);
}

/* Who may ask, decide, and see: before it is asked for, while it waits, and while it is granted. */
static void only_who_was_granted_it_sees_what_is_masked(void **state)
{
    enum { BEFORE, WAITS, GRANTED };
    const struct {
        const struct staff *who;
        int ask, grant, refuse, show[3];
    } rows[] = {
        { &agent, 422, 404, 404, { 200, 200, 200 } },    { &agent2, 404, 404, 404, { 404, 404, 404 } },
        { &reviewer, 409, 403, 403, { 403, 403, 200 } }, { &supervisor, 422, 200, 409, { 200, 200, 200 } },
        { &admin, 404, 404, 404, { 404, 404, 404 } },    { &foreign, 404, 404, 404, { 404, 404, 404 } },
    };
    enum { SUPERVISOR = 3, N = sizeof(rows) / sizeof(rows[0]) };
    char conv[40], other[40], id[40], show[120];

    (void)state;
    talk_over("我的电话是" PHONE, GREETING, conv);
    talk_over("另一个，电话也是" PHONE, GREETING, other);
    (void)snprintf(show, sizeof(show), "/api/v1/transcripts/%s?reveal=1", conv);
    says(&reviewer, conv, "", false, true);
    says(&supervisor, conv, "", true, false);
    for (size_t i = 0; i < N; i++)
        refused(rows[i].who, rows[i].show[BEFORE], "GET", show, NULL);
    refused(&reviewer, 400, "POST", reveal_of(conv), "{\"reason\":\"\"}");
    refused(&reviewer, 400, "POST", reveal_of(conv), "{}");
    asks(conv, id);
    for (size_t i = 0; i < N; i++) {
        refused(rows[i].who, rows[i].ask, "POST", reveal_of(conv), "{\"reason\":\"我也要\"}");
        refused(rows[i].who, rows[i].show[WAITS], "GET", show, NULL);
        if (i != SUPERVISOR)
            refused(rows[i].who, rows[i].grant, "POST", path("reveals", id, "grant"), "{}");
    }
    says(&reviewer, conv, "asked", false, false);
    refused(&supervisor, rows[SUPERVISOR].grant, "POST", path("reveals", id, "grant"), "{}");
    for (size_t i = 0; i < N; i++) {
        refused(rows[i].who, rows[i].refuse, "POST", path("reveals", id, "refuse"), "{}");
        refused(rows[i].who, rows[i].show[GRANTED], "GET", show, NULL);
    }
    refused(&reviewer, 409, "POST", reveal_of(conv), "{\"reason\":\"再看一次\"}");
    says(&reviewer, conv, "granted", true, false);
    assert_false(is_plain(&reviewer, conv, false)); /* masked until it is asked for, each time */
    assert_true(is_plain(&reviewer, conv, true));
    (void)snprintf(show, sizeof(show), "/api/v1/transcripts/%s?reveal=1", other);
    refused(&reviewer, 403, "GET", show, NULL); /* it is this conversation alone */
    web_status(&d, 401, &(struct ask){ .path = reveal_of(conv), .origin = "", .body = "{\"reason\":\"?\"}" });
}

static void each_step_is_written_down_and_it_ends_after_a_day(void **state)
{
    char conv[40], id[40], show[120];
    int64_t until;

    (void)state;
    talk_over("电话" PHONE, GREETING, conv);
    (void)snprintf(show, sizeof(show), "/api/v1/transcripts/%s?reveal=1", conv);
    asks(conv, id);
    assert_int_equal(audited_of("reveal_asked", id), 1);
    assert_int_equal(audited_of("reveal_asked", "核对地址"), 0); /* it may name the visitor */
    json_decref(send(&supervisor, 200, "POST", path("reveals", id, "refuse"), "{}"));
    assert_int_equal(audited_of("reveal_refused", id), 1);
    says(&reviewer, conv, "refused", false, true);
    asks(conv, id);
    json_decref(send(&supervisor, 200, "POST", path("reveals", id, "grant"), "{}"));
    assert_int_equal(audited_of("reveal_granted", conv), 1);
    until = stored("SELECT until - decided_at FROM reveal WHERE state = 1 ORDER BY n DESC LIMIT 1");
    assert_int_equal(until, 24 * 3600 * 1000);
    assert_int_equal(audited_of("transcript_revealed", id), 0);
    assert_true(is_plain(&reviewer, conv, true));
    assert_true(is_plain(&reviewer, conv, true));
    assert_int_equal(audited_of("transcript_revealed", id), 2); /* each time, and by whose leave */
    (void)stored("UPDATE reveal SET until = decided_at + 1 WHERE state = 1");
    refused(&reviewer, 403, "GET", show, NULL);
    says(&reviewer, conv, "granted", false, true);
}

static long long told_of(const struct staff *s, const char *kind, const char *id)
{
    json_t *n = notices(s);
    const json_t *items = json_object_get(n, "items");
    long long ret = 0;

    for (size_t i = 0; i < json_array_size(items); i++)
        ret += strcmp(text_at(json_array_get(items, i), "id"), id) == 0 && strcmp(text_at(json_array_get(items, i), "kind"), kind) == 0;
    json_decref(n);
    return ret;
}

static void who_may_grant_hears_of_it_and_the_asker_of_the_answer(void **state)
{
    const struct staff *others[] = { &agent, &agent2, &reviewer, &admin };
    char conv[40], id[40];
    json_t *n;

    (void)state;
    talk_over("电话" PHONE, GREETING, conv);
    asks(conv, id);
    assert_int_equal(told_of(&supervisor, "reveal_asked", id), 1);
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        assert_int_equal(told_of(others[i], "reveal_asked", id), 0);
    n = notices(&supervisor);
    assert_string_equal(text_at(n, "items.0.text"), "核对地址");
    assert_string_equal(text_at(n, "items.0.by.id"), reviewer.id);
    assert_string_equal(text_at(n, "items.0.conversation"), conv);
    json_decref(n);
    json_decref(send(&supervisor, 200, "POST", path("reveals", id, "grant"), "{}"));
    assert_int_equal(told_of(&supervisor, "reveal_asked", id), 0);
    assert_int_equal(told_of(&reviewer, "reveal_granted", id), 1);
    json_decref(send(&reviewer, 204, "POST", path("notices", id, "seen?site=" SITE), "{}"));
    n = notices(&reviewer);
    assert_true(json_is_true(json_object_get(json_array_get(json_object_get(n, "items"), 0), "seen")));
    json_decref(n);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(only_who_may_read_the_review_is_named),
                                        cmocka_unit_test(who_is_named_hears_of_it_and_is_led_there),
                                        cmocka_unit_test(a_mention_loses_its_words_with_the_visitor),
                                        cmocka_unit_test(only_who_was_granted_it_sees_what_is_masked),
                                        cmocka_unit_test(each_step_is_written_down_and_it_ends_after_a_day),
                                        cmocka_unit_test(who_may_grant_hears_of_it_and_the_asker_of_the_answer) };

    return cmocka_run_group_tests(tests, begin, end);
}
