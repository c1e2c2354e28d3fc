/* Cards that agents send: what the platform, the visitor's page, and whoever reads it later are told of them. */
#include "fake_rig.h"

#define DEMO  "demo"
#define TITLE "退货说明"
#define WORDS "七天内可以退，运费我们付。"
#define URL   "https://shop.example/returns?a=1#top"
#define TEXT  TITLE "\n" WORDS "\n" URL

static int64_t say_card(struct staff *s, const char *conv, const char *cid, const char *title, const char *words, const char *url)
{
    wire_pack(&s->wire, "{s:s,s:s,s:s,s:s,s:s,s:s,s:s}", "type", "message", "conversation", conv, "cid", cid, "kind", "card", "title",
              title, "text", words, "url", url);
    return number_at(wire_take(&s->wire, "{s:s,s:s}", "type", "ack", "cid", cid), "seq");
}

static const char *verdict_of_card(struct staff *s, const char *conv, const char *cid, const char *title, const char *words,
                                   const char *url)
{
    wire_pack(&s->wire, "{s:s,s:s,s:s,s:s,s:s,s:s,s:s}", "type", "message", "conversation", conv, "cid", cid, "kind", "card", "title",
              title, "text", words, "url", url);
    return wire_verdict(&s->wire, cid);
}

/* ---- to a platform ---- */

static void takes_card(const char *title, const char *words, int n)
{
    platform_take(&p);
    assert_true(strncmp(p.path, "/api/send?", 10) == 0);
    assert_string_equal(text_at(p.json, "kind"), "card");
    assert_string_equal(text_at(p.json, "title"), title);
    assert_string_equal(text_at(p.json, "text"), words);
    assert_string_equal(text_at(p.json, "url"), URL);
    assert_int_equal(number_at(p.json, "n"), n);
    platform_answer(&p, 200, NULL, "{\"code\":0}");
}

/* The platform takes 600 characters of a text; a card is whole, and one reply, however much stands on it. */
static void a_card_is_one_reply_whatever_its_length(void **state)
{
    char words[513];
    const char *conv;
    int64_t seq;

    (void)state;
    memset(words, 'x', sizeof(words) - 1);
    words[sizeof(words) - 1] = '\0';
    opens(text_from("c1", "101", "怎么退货"));
    conv = assigned();
    wire_take(&agent.wire, "{s:s,s:s,s:s,s:i}", "type", "window", "conversation", conv, "state", "open", "left", 5);
    seq = say_card(&agent, conv, "k1", TITLE, WORDS, URL);
    takes_card(TITLE, WORDS, 1);
    status(seq, "sent");
    wire_take(&agent.wire, "{s:s,s:s,s:s,s:i}", "type", "window", "conversation", conv, "state", "open", "left", 4);
    for (int i = 2; i <= 4; i++) {
        char cid[16];

        (void)snprintf(cid, sizeof(cid), "t%d", i);
        seq = staff_say(&agent, conv, cid, "还有");
        platform_take(&p);
        assert_int_equal(number_at(p.json, "n"), i);
        platform_answer(&p, 200, NULL, "{\"code\":0}");
        status(seq, "sent");
    }
    wire_take(&agent.wire, "{s:s,s:s,s:s,s:i}", "type", "window", "conversation", conv, "state", "open", "left", 1);
    seq = say_card(&agent, conv, "k5", TITLE, words, URL);
    takes_card(TITLE, words, 5);
    status(seq, "sent");

    /* None is left: refused before anything is stored. */
    wire_take(&agent.wire, "{s:s,s:s,s:s,s:i}", "type", "window", "conversation", conv, "state", "closed", "left", 0);
    assert_string_equal(verdict_of_card(&agent, conv, "k6", TITLE, WORDS, URL), "conflict");
    wire_sendf(&agent.wire, "{\"type\":\"history\",\"conversation\":\"%s\",\"before\":1000}", conv);
    assert_int_equal(number_at(wire_take(&agent.wire, "{s:s,s:s}", "type", "history", "conversation", conv), "messages.7.seq"), seq);
    assert_int_equal(number_at(agent.wire.last, "messages.8.seq"), -1);
    close_talk(conv);
}

static void a_card_that_failed_is_sent_again_as_it_was(void **state)
{
    const char *conv;
    int64_t seq;

    (void)state;
    opens(text_from("c2", "201", "怎么退货"));
    conv = assigned();
    seq = say_card(&agent, conv, "k1", TITLE, WORDS, URL);
    platform_take(&p);
    assert_string_equal(text_at(p.json, "kind"), "card");
    platform_answer(&p, 200, NULL, "{\"code\":87014,\"msg\":\"not allowed\"}");
    status(seq, "failed");
    wire_sendf(&agent.wire, "{\"type\":\"resend\",\"conversation\":\"%s\",\"cid\":\"again\",\"seq\":%lld}", conv, (long long)seq);
    assert_string_equal(wire_verdict(&agent.wire, "again"), "ack");
    platform_take(&p);
    assert_string_equal(text_at(p.json, "kind"), "card");
    assert_string_equal(text_at(p.json, "title"), TITLE);
    platform_answer(&p, 200, NULL, "{\"code\":0}");
    status(seq, "sent");
    close_talk(conv);
}

static const char *pictured(const char *name, const char *bytes, size_t n)
{
    static char id[40];

    staff_upload(&agent, &d, SITE, name, bytes, n, id);
    return id;
}

static void says_card_with(const char *conv, const char *cid, const char *file)
{
    wire_pack(&agent.wire, "{s:s,s:s,s:s,s:s,s:s,s:s,s:s}", "type", "message", "conversation", conv, "cid", cid, "kind", "card", "title",
              TITLE, "url", URL, "file", file);
}

/* It goes as an address that the platform can fetch, and as one message; anything but a picture is refused. */
static void a_picture_stands_on_a_card(void **state)
{
    static const char png[] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\2\0\0\0";
    char conv[40], file[40];
    const json_t *m;
    struct reply r;
    int64_t seq;

    (void)state;
    opens(text_from("c3", "301", "怎么退货"));
    (void)snprintf(conv, sizeof(conv), "%s", assigned());
    (void)snprintf(file, sizeof(file), "%s", pictured("a.png", png, sizeof(png) - 1));
    says_card_with(conv, "p1", file);
    seq = number_at(wire_take(&agent.wire, "{s:s,s:s}", "type", "ack", "cid", "p1"), "seq");
    platform_take(&p);
    assert_string_equal(text_at(p.json, "kind"), "card");
    assert_string_equal(text_at(p.json, "title"), TITLE);
    assert_non_null(strstr(text_at(p.json, "picture"), file));
    r = web_expect(&d, 200, &(struct ask){ .path = strstr(text_at(p.json, "picture"), "/files/") });
    assert_int_equal(r.n_body, sizeof(png) - 1);
    reply_free(&r);
    platform_answer(&p, 200, NULL, "{\"code\":0}");
    status(seq, "sent");
    wire_sendf(&agent.wire, "{\"type\":\"history\",\"conversation\":\"%s\",\"after\":%lld}", conv, (long long)seq - 1);
    m = wire_take(&agent.wire, "{s:s,s:s}", "type", "history", "conversation", conv);
    assert_string_equal(text_at(m, "messages.0.kind"), "card");
    assert_string_equal(text_at(m, "messages.0.text"), TITLE "\n" URL);
    assert_string_equal(text_at(m, "messages.0.file.id"), file);

    says_card_with(conv, "p2", pictured("a.txt", "no picture", 10));
    assert_string_equal(wire_verdict(&agent.wire, "p2"), "unsupported");
    close_talk(conv);
}

static void says_mini(const char *conv, const char *cid, const char *file)
{
    wire_pack(&agent.wire, "{s:s,s:s,s:s,s:s,s:s,s:s,s:s*}", "type", "message", "conversation", conv, "cid", cid, "kind", "card", "title",
              TITLE, "url", "miniprogram:wx12/pages/a.html", "file", file);
}

/* With a picture or without: nobody there could open it, and the agent hears it before it is stored. */
static void a_mini_program_is_refused_where_nobody_can_open_it(void **state)
{
    static const char png[] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\2\0\0\0";
    char conv[40];
    int64_t seq;

    (void)state;
    opens(text_from("c4", "401", "小程序"));
    (void)snprintf(conv, sizeof(conv), "%s", assigned());
    says_mini(conv, "m1", NULL);
    assert_string_equal(wire_verdict(&agent.wire, "m1"), "unsupported");
    assert_non_null(strstr(text_at(agent.wire.last, "message"), "mini program"));
    says_mini(conv, "m2", pictured("m.png", png, sizeof(png) - 1));
    assert_string_equal(wire_verdict(&agent.wire, "m2"), "unsupported");
    seq = say_card(&agent, conv, "m3", TITLE, WORDS, URL); /* which is the first that goes */
    takes_card(TITLE, WORDS, 1);
    status(seq, "sent");
    close_talk(conv);
}

/* ---- to a page ---- */

static void meet(struct visitor *v, struct staff *a)
{
    staff_online(a, &d, "agent1@demo.example", DEMO);
    visitor_enter(v, &d, DEMO, NULL);
    (void)visitor_say(v, "c1", "怎么退货");
    wire_take(&a->wire, "{s:s,s:{s:s}}", "type", "assigned", "conversation", "id", v->conv);
}

static void part(struct visitor *v, struct staff *a)
{
    wire_text(&v->wire, "{\"type\":\"close\",\"cid\":\"the-end\"}");
    assert_string_equal(wire_verdict(&v->wire, "the-end"), "ack");
    staff_presence(a, "offline");
    staff_free(a);
    visitor_free(v);
}

static void a_visitor_gets_a_card_live_and_later(void **state)
{
    struct visitor v = { 0 };
    struct staff a = { 0 };
    const json_t *m;
    int64_t seq;

    (void)state;
    meet(&v, &a);
    seq = say_card(&a, v.conv, "k1", TITLE, WORDS, URL);
    m = wire_take(&v.wire, "{s:s,s:I}", "type", "message", "seq", (json_int_t)seq);
    assert_string_equal(text_at(m, "kind"), "card");
    assert_string_equal(text_at(m, "text"), TEXT);
    assert_string_equal(text_at(m, "from.role"), "agent");
    wire_sendf(&v.wire, "{\"type\":\"history\",\"after\":%lld}", (long long)seq - 1);
    m = wire_take(&v.wire, "{s:s}", "type", "history");
    assert_string_equal(text_at(m, "messages.0.kind"), "card");
    assert_string_equal(text_at(m, "messages.0.text"), TEXT);

    /* Once, however often it arrives; and never as something else. */
    assert_int_equal(say_card(&a, v.conv, "k1", TITLE, WORDS, URL), seq);
    assert_string_equal(verdict_of_card(&a, v.conv, "k1", TITLE, "别的话", URL), "conflict");
    wire_pack(&a.wire, "{s:s,s:s,s:s,s:s,s:s}", "type", "message", "conversation", v.conv, "cid", "k1", "kind", "text", "text", TEXT);
    assert_string_equal(wire_verdict(&a.wire, "k1"), "conflict");

    wire_sendf(&a.wire, "{\"type\":\"recall\",\"conversation\":\"%s\",\"cid\":\"back\",\"seq\":%lld}", v.conv, (long long)seq);
    assert_string_equal(wire_verdict(&a.wire, "back"), "ack");
    wire_take(&v.wire, "{s:s,s:I,s:s}", "type", "changed", "seq", (json_int_t)seq, "kind", "removed");
    part(&v, &a);
}

static void a_page_is_shown_what_a_mini_program_is_about(void **state)
{
    struct visitor v = { 0 };
    struct staff a = { 0 };

    (void)state;
    meet(&v, &a);
    (void)say_card(&a, v.conv, "k1", TITLE, WORDS, "miniprogram:wx12/pages/a.html");
    wire_take(&v.wire, "{s:s,s:s,s:s}", "type", "message", "kind", "card", "text", TITLE "\n" WORDS "\nminiprogram:wx12/pages/a.html");
    part(&v, &a);
}

static void only_staff_send_cards(void **state)
{
    struct visitor v = { 0 };

    (void)state;
    visitor_enter(&v, &d, DEMO, NULL);
    wire_pack(&v.wire, "{s:s,s:s,s:s,s:s,s:s}", "type", "message", "cid", "k1", "kind", "card", "title", TITLE, "url", URL);
    assert_string_equal(wire_verdict(&v.wire, "k1"), "bad_request");
    visitor_free(&v);
}

static void a_wrong_card_says_what_is_allowed(void **state)
{
    static const struct {
        const char *title, *url, *code, *words;
    } rows[] = {
        { "", URL, "bad_request", "title: empty" },
        { "a\nb", URL, "bad_request", "title: one line" },
        { TITLE, "javascript:alert(1)", "bad_request", "url: an http or https address" },
        { TITLE, "https://bank.example@evil.example/", "bad_request", "url: an http or https address" },
    };
    struct visitor v = { 0 };
    struct staff a = { 0 };

    (void)state;
    meet(&v, &a);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_string_equal(verdict_of_card(&a, v.conv, "wrong", rows[i].title, WORDS, rows[i].url), rows[i].code);
        assert_true(strncmp(text_at(a.wire.last, "message"), rows[i].words, strlen(rows[i].words)) == 0);
    }
    part(&v, &a);
}

/* Forbidden wording is looked for in all of it; whoever has no need of personal data sees none of it, on a card either. */
static void what_holds_for_an_agents_text_holds_for_a_card(void **state)
{
    static const struct {
        const char *cid, *title, *words;
    } rows[] = { { "w1", "保证退款", WORDS }, { "w2", TITLE, "我们保证退款。" } };
    struct staff admin = { 0 }, reviewer = { 0 }, a = { 0 };
    struct visitor v = { 0 };
    const json_t *m;
    char path[160];
    json_t *got;

    (void)state;
    staff_sign_in(&admin, &d, "admin@demo.example");
    web_status(&d, 201,
               &(struct ask){ .method = "PUT",
                              .path = "/api/v1/sites/" DEMO "/documents/forbidden/refund",
                              .cookie = admin.cookie,
                              .csrf = admin.csrf,
                              .origin = "",
                              .headers = "If-None-Match: *\r\n",
                              .body = "{\"name\":\"许诺\",\"words\":[\"保证退款\"],\"advice\":\"请说：我们会尽快处理\"}" });
    meet(&v, &a);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_string_not_equal(verdict_of_card(&a, v.conv, rows[i].cid, rows[i].title, rows[i].words, URL), "ack");
        assert_string_equal(text_at(a.wire.last, "words.0"), "保证退款");
        wire_pack(&a.wire, "{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:b}", "type", "message", "conversation", v.conv, "cid", rows[i].cid, "kind",
                  "card", "title", rows[i].title, "text", rows[i].words, "url", URL, "confirm", 1);
        assert_string_equal(wire_verdict(&a.wire, rows[i].cid), "ack");
        wire_take(&a.wire, "{s:s,s:{s:s,s:{s:[s]}}}", "type", "timeline", "entry", "kind", "forbidden", "data", "words", "保证退款");
    }
    (void)say_card(&a, v.conv, "k1", "请打 13912345678", WORDS, "https://shop.example/?phone=13912345678");

    staff_sign_in(&reviewer, &d, "reviewer@demo.example");
    (void)snprintf(path, sizeof(path), "/api/v1/transcripts/%s?site=" DEMO, v.conv);
    got = staff_get(&reviewer, &d, path);
    m = json_array_get(value_at(got, "messages"), json_array_size(value_at(got, "messages")) - 1);
    assert_string_equal(text_at(m, "kind"), "card");
    assert_non_null(strstr(text_at(m, "text"), WORDS));
    assert_null(strstr(text_at(m, "text"), "13912345678"));
    json_decref(got);
    staff_free(&reviewer);
    staff_free(&admin);
    part(&v, &a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_card_is_one_reply_whatever_its_length),
        cmocka_unit_test(a_card_that_failed_is_sent_again_as_it_was),
        cmocka_unit_test(a_picture_stands_on_a_card),
        cmocka_unit_test(a_mini_program_is_refused_where_nobody_can_open_it),
        cmocka_unit_test(a_page_is_shown_what_a_mini_program_is_about),
        cmocka_unit_test(a_visitor_gets_a_card_live_and_later),
        cmocka_unit_test(only_staff_send_cards),
        cmocka_unit_test(a_wrong_card_says_what_is_allowed),
        cmocka_unit_test(what_holds_for_an_agents_text_holds_for_a_card),
    };

    return cmocka_run_group_tests(tests, start, finish);
}
