/* A visitor asks, and the house's articles answer: suggestions, one is read, it helps or does not; a person on request; numbers are
 * kept. In three languages, and the cases in which nothing is offered. */
#include "tests/support/cast.h"

#include <stdio.h>
#include <string.h>

static struct daemon d;
static struct staff boss;
static json_t *words; /* config/defaults/wordings.json */

#define SITE "house"

static const char set[] =
    "{\"site\":{\"key\":\"" SITE "\",\"name\":\"House\",\"language\":\"zh-CN\",\"sticky_ms\":0},\"queues\":{\"main\":{\"name\":\"M\"}},"
    "\"channels\":{\"web\":{\"adapter\":\"widget\",\"name\":\"W\",\"queue\":\"main\"}},"
    "\"rules\":[{\"key\":\"wait\",\"off\":true,\"event\":\"waiting\",\"actions\":[\"say\"],\"wording\":\"wait\"},"
    "{\"key\":\"answer_waiting\",\"order\":19,\"event\":\"waiting\",\"after_ms\":1500,\"when\":{\"staffed\":true},\"actions\":[\"answer\"],"
    "\"wording\":\"suggestions\"}],"
    "\"articles\":{"
    "\"refund\":{\"published\":true,\"link\":\"https://help.example/refund\",\"texts\":{"
    "\"zh-CN\":{\"title\":\"怎么申请退款\",\"questions\":[\"退货流程\"],\"body\":\"在订单页点退款。\"},"
    "\"zh-TW\":{\"title\":\"如何申請退款\",\"questions\":[\"退貨流程\"],\"body\":\"請在訂單頁點選退款。\"},"
    "\"en\":{\"title\":\"How do I get a refund?\",\"questions\":[\"return an item\"],\"body\":\"Choose refund in your orders.\"}}},"
    "\"refund_when\":{\"published\":true,\"texts\":{"
    "\"zh-CN\":{\"title\":\"退款多久到账\",\"questions\":[\"退款时间\"],\"body\":\"三个工作日。\"}}},"
    "\"invoice\":{\"published\":true,\"texts\":{"
    "\"zh-CN\":{\"title\":\"怎么开发票\",\"questions\":[\"电子发票\"],\"body\":\"请提供抬头。\"}}},"
    "\"draft\":{\"texts\":{\"zh-CN\":{\"title\":\"保修多久\",\"questions\":[\"质保\"],\"body\":\"三年。\"}}}},"
    "\"people\":[{\"email\":\"boss@house.example\",\"name\":\"安\",\"number\":\"7\",\"roles\":[\"agent\",\"supervisor\",\"admin\"],"
    "\"capacity\":3}]}";

static int start(void **state)
{
    json_t *made;

    (void)state;
    words = json_load_file("config/defaults/wordings.json", 0, NULL);
    daemon_start(&d, &(struct daemon_options){ .demo = true, .config = "[limits]\nconversations = 1000\n" });
    made = site_add(&d, set);
    assert_int_equal(staff_try_sign_in(&boss, &d, "boss@house.example", text_at(made, "people.0.password")), 201);
    json_decref(made);
    staff_enter(&boss, &d, SITE);
    daemon_log_wait(&d, "event=live_rebuilt site=" SITE);
    return 0;
}

static int finish(void **state)
{
    (void)state;
    staff_free(&boss);
    daemon_finish(&d);
    json_decref(words);
    return 0;
}

static const char *word(const char *language, const char *key)
{
    return json_string_value(json_object_get(json_object_get(words, language), key));
}

static void enter_as(struct visitor *v, const char *language)
{
    char extra[64];

    (void)snprintf(extra, sizeof(extra), ",\"locale\":\"%s\"", language);
    visitor_enter(v, &d, SITE, extra);
}

static void choose(struct visitor *v, const char *cid, const char *id)
{
    wire_sendf(&v->wire, "{\"type\":\"message\",\"cid\":\"%s\",\"kind\":\"choice\",\"choice\":\"%s\"}", cid, id);
    assert_string_equal(wire_verdict(&v->wire, cid), "ack");
}

static void cannot_choose(struct visitor *v, const char *cid, const char *id)
{
    wire_sendf(&v->wire, "{\"type\":\"message\",\"cid\":\"%s\",\"kind\":\"choice\",\"choice\":\"%s\"}", cid, id);
    assert_string_equal(wire_verdict(&v->wire, cid), "bad_request");
}

/* The next words of the system that are these. */
static const json_t *expect(struct visitor *v, const char *text)
{
    return wire_take(&v->wire, "{s:s,s:s,s:{s:s}}", "type", "message", "text", text, "from", "role", "system");
}

static void expect_none(struct visitor *v, const char *text)
{
    wire_none(&v->wire, "{s:s,s:s}", "type", "message", "text", text);
}

/* The next message whose first choice this is. */
static const json_t *take_offer(struct visitor *v, const char *id)
{
    const json_t *m;

    do
        m = wire_take(&v->wire, "{s:s,s:{s:s}}", "type", "message", "from", "role", "system");
    while (strcmp(text_at(m, "choices.0.id"), id) != 0);
    return m;
}

/* A count of an article, read through the API. */
static int64_t counted(const char *article, const char *what)
{
    json_t *got = staff_get(&boss, &d, "/api/v1/sites/" SITE "/articles");
    const json_t *items = json_object_get(got, "items");
    int64_t ret = -1;

    for (size_t i = 0; i < json_array_size(items); i++)
        if (strcmp(text_at(json_array_get(items, i), "key"), article) == 0)
            ret = json_integer_value(json_object_get(json_array_get(items, i), what));
    json_decref(got);
    return ret;
}

static void a_visitor_is_answered_where_nobody_is_there(void **state)
{
    static const struct {
        const char *language, *asks, *title, *body;
    } rows[] = {
        { "zh-CN", "请问怎么申请退款？", "怎么申请退款", "在订单页点退款。" },
        { "zh-TW", "請問如何申請退款", "如何申請退款", "請在訂單頁點選退款。" },
        { "en", "Can I have a refund?", "How do I get a refund?", "Choose refund in your orders." },
    };

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        const char *lang = rows[i].language;
        int64_t suggested = counted("refund", "suggested"), shown = counted("refund", "shown"), helped = counted("refund", "helped");
        struct visitor v = { 0 };
        const json_t *m;

        enter_as(&v, lang);
        (void)visitor_say(&v, "c1", rows[i].asks);
        m = expect(&v, word(lang, "suggestions"));
        assert_string_equal(text_at(m, "choices.0.id"), "kb:refund");
        assert_string_equal(text_at(m, "choices.0.label"), rows[i].title);
        assert_true(json_array_size(json_object_get(m, "choices")) <= 4);
        assert_string_equal(
            text_at(json_array_get(json_object_get(m, "choices"), json_array_size(json_object_get(m, "choices")) - 1), "label"),
            word(lang, "talk_to_person"));
        choose(&v, "c2", "kb:refund");
        m = take_offer(&v, "kb_yes:refund");
        assert_string_equal(text_at(m, "choices.2.id"), "human");
        assert_non_null(strstr(text_at(m, "text"), rows[i].title));
        assert_non_null(strstr(text_at(m, "text"), rows[i].body));
        assert_non_null(strstr(text_at(m, "text"), "https://help.example/refund"));
        assert_string_equal(text_at(m, "choices.1.label"), word(lang, "article_no"));
        choose(&v, "c3", "kb_yes:refund");
        (void)expect(&v, word(lang, "article_thanks"));
        choose(&v, "c4", "kb_no:refund"); /* one vote each */
        (void)visitor_say(&v, "c5", "?");
        expect_none(&v, word(lang, "article_sorry"));
        assert_int_equal(counted("refund", "suggested"), suggested + 1);
        assert_int_equal(counted("refund", "shown"), shown + 1);
        assert_int_equal(counted("refund", "helped"), helped + 1);
        assert_int_equal(counted("refund", "not_helped"), 0);
        visitor_free(&v);
    }
}

static void who_is_not_helped_is_offered_a_person(void **state)
{
    struct visitor v = { 0 };
    const json_t *m;

    (void)state;
    enter_as(&v, "zh-CN");
    (void)visitor_say(&v, "c1", "发票");
    (void)expect(&v, word("zh-CN", "suggestions"));
    choose(&v, "c2", "kb:invoice");
    (void)take_offer(&v, "kb_yes:invoice");
    choose(&v, "c3", "kb_no:invoice");
    m = expect(&v, word("zh-CN", "article_sorry"));
    assert_string_equal(text_at(m, "choices.0.id"), "human");
    assert_int_equal(counted("invoice", "not_helped"), 1);
    choose(&v, "c4", "human");
    m = wire_take(&v.wire, "{s:s,s:s,s:{s:s}}", "type", "message", "form", "contact", "from", "role", "system"); /* nobody is there */
    visitor_free(&v);
}

static void who_waits_is_answered_meanwhile_and_a_person_comes(void **state)
{
    int64_t shown = counted("refund_when", "shown");
    struct visitor v = { 0 };

    (void)state;
    staff_presence(&boss, "busy");
    enter_as(&v, "zh-CN");
    (void)visitor_say(&v, "c1", "退款多久到账？");
    (void)visitor_say(&v, "c2", "有人吗");
    assert_string_equal(text_at(expect(&v, word("zh-CN", "suggestions")), "choices.0.id"), "kb:refund_when");
    choose(&v, "c3", "human");
    (void)wire_take(&v.wire, "{s:s,s:{s:s},s:s}", "type", "message", "from", "role", "system", "kind", "text");
    staff_presence(&boss, "online");
    (void)wire_take(&v.wire, "{s:s,s:s}", "type", "message", "event", "joined");
    (void)staff_say(&boss, v.conv, "a1", "您好");
    choose(&v, "c4", "kb:refund_when"); /* a talk between people: what is picked is counted, and nobody talks in between */
    (void)visitor_say(&v, "c5", "发票");
    (void)staff_say(&boss, v.conv, "a2", "好的");
    (void)wire_take(&v.wire, "{s:s,s:s}", "type", "message", "text", "好的");
    assert_int_equal(counted("refund_when", "shown"), shown);
    staff_presence(&boss, "offline");
    visitor_free(&v);
}

/* Whoever asks for a person in words is told how it goes on, and no article stands in between. */
static void who_asks_for_a_person_in_words_is_not_answered_with_articles(void **state)
{
    static const struct {
        const char *language, *asks;
    } rows[] = {
        { "zh-CN", "我要申请退款，转人工！" },
        { "zh-TW", "申請退款，請轉接真人" },
        { "en", "refund please, can I talk to a real person?" },
    };

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        const char *lang = rows[i].language;
        struct visitor v = { 0 };
        const json_t *m;

        enter_as(&v, lang);
        (void)visitor_say(&v, "c1", "hello");
        m = wire_take(&v.wire, "{s:s,s:s}", "type", "message", "form", "contact"); /* nobody is there */
        (void)visitor_say(&v, "c2", rows[i].asks);
        m = wire_take(&v.wire, "{s:s,s:s}", "type", "message", "form", "contact");
        assert_non_null(strstr(word(lang, "person_later"), "[["));
        assert_int_equal(strncmp(text_at(m, "text"), word(lang, "person_later"), strcspn(word(lang, "person_later"), "[")), 0);
        choose(&v, "c3", "human"); /* asked for again, by the button: one answer */
        (void)wire_take(&v.wire, "{s:s,s:s}", "type", "message", "form", "contact");
        expect_none(&v, word(lang, "suggestions"));
        (void)visitor_say(&v, "c4", "?");
        wire_none(&v.wire, "{s:s,s:s}", "type", "message", "form", "contact");
        visitor_free(&v);
    }
}

static void what_is_no_question_is_not_answered(void **state)
{
    static const char *const rows[] = { "你好", "在吗", "保修多久", "今天天气怎么样", "怎么办" };
    struct visitor v = { 0 };
    char cid[16];

    (void)state;
    enter_as(&v, "zh-CN");
    for (size_t i = 0; i < 5; i++) {
        (void)snprintf(cid, sizeof(cid), "c%zu", i);
        (void)visitor_say(&v, cid, rows[i]);
    }
    expect_none(&v, word("zh-CN", "suggestions"));
    cannot_choose(&v, "x1", "kb:draft"); /* not published */
    cannot_choose(&v, "x2", "kb:none");
    cannot_choose(&v, "x3", "kb_yes:draft");
    (void)visitor_say(&v, "z", "退款");
    (void)expect(&v, word("zh-CN", "suggestions"));
    expect_none(&v, word("zh-CN", "article_thanks"));
    assert_int_equal(counted("draft", "shown"), 0);
    assert_int_equal(counted("draft", "helped"), 0);
    visitor_free(&v);
}

/* Messages of a conversation that hold this text. */
static size_t said(const char *conv, const char *text)
{
    char path[120];
    json_t *all;
    size_t n = 0;

    (void)snprintf(path, sizeof(path), "/api/v1/transcripts/%s?site=" SITE, conv);
    all = staff_get(&boss, &d, path);
    for (size_t i = 0; i < json_array_size(json_object_get(all, "messages")); i++)
        n += strstr(text_at(json_array_get(json_object_get(all, "messages"), i), "text"), text) != NULL;
    json_decref(all);
    return n;
}

static void a_pick_is_answered_once_whenever_the_node_is_killed(void **state)
{
    int64_t shown = counted("refund", "shown"), helped = counted("refund", "helped");
    struct visitor v[6] = { 0 };

    (void)state;
    for (size_t i = 0; i < 6; i++) {
        enter_as(&v[i], "en");
        (void)visitor_say(&v[i], "c1", "How do I get a refund?");
        (void)expect(&v[i], word("en", "suggestions"));
        choose(&v[i], "c2", "kb:refund"); /* acknowledged, and perhaps no more than that */
        if (i % 2) {
            (void)take_offer(&v[i], "kb_yes:refund");
            choose(&v[i], "c3", "kb_yes:refund");
        }
        visitor_leave(&v[i]);
        daemon_kill(&d);
        daemon_restart(&d);
    }
    for (size_t i = 0; i < 6; i++) {
        UNTIL(said(v[i].conv, "Choose refund in your orders.") > 0);
        UNTIL(i % 2 == 0 || said(v[i].conv, word("en", "article_thanks")) > 0);
    }
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(said(v[i].conv, "Choose refund in your orders."), 1);
        assert_int_equal(said(v[i].conv, word("en", "article_thanks")), i % 2);
        assert_int_equal(said(v[i].conv, word("en", "suggestions")), 1);
        visitor_free(&v[i]);
    }
    assert_int_equal(counted("refund", "shown"), shown + 6);
    assert_int_equal(counted("refund", "helped"), helped + 3);
}

int main(void)
{
    /* First the one in which somebody comes: whom the others leave waiting would be first in line. */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_waits_is_answered_meanwhile_and_a_person_comes),
        cmocka_unit_test(a_visitor_is_answered_where_nobody_is_there),
        cmocka_unit_test(who_is_not_helped_is_offered_a_person),
        cmocka_unit_test(who_asks_for_a_person_in_words_is_not_answered_with_articles),
        cmocka_unit_test(what_is_no_question_is_not_answered),
        cmocka_unit_test(a_pick_is_answered_once_whenever_the_node_is_killed), /* last: the page of the staff is gone */
    };

    return cmocka_run_group_tests(tests, start, finish);
}
