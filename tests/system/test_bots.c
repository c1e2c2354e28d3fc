/* Bots beside a real kefud: they answer first, hand over when they should, and never strand or talk over anybody. The bot is a fake that is
 * right, slow, wrong or dead, as each test wants it. */
#include "tests/support/cast.h"
#include "tests/support/platform.h"
#include "tests/support/relay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECRET "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
#define HEADER "Content-Type: application/json\r\n"

static struct daemon d;
static struct platform p; /* the bot */
static struct staff agent;
static json_t *words; /* config/defaults/wordings.json */
static int sites;

static const char set[] =
    "{\"site\":{\"key\":\"%s\",\"name\":\"House\",\"language\":\"zh-CN\",\"sticky_ms\":0},"
    "\"queues\":{\"main\":{\"name\":\"M\",\"bot\":\"robot\"},\"people\":{\"name\":\"P\"}},"
    "\"bots\":{\"robot\":{\"name\":\"小助手\",\"url\":\"http://127.0.0.1:%d/turn\",\"secret\":\"" SECRET "\",\"token\":\"t0ken\","
    "\"timeout_ms\":%d,\"confidence_min\":60,\"turns_max\":3,\"idle_ms\":%d,\"queue\":\"people\"%s}},"
    "\"channels\":{\"web\":{\"adapter\":\"widget\",\"name\":\"W\",\"queue\":\"%s\"}%s},"
    "\"rules\":[{\"key\":\"greeting\",\"event\":\"opened\",\"actions\":[\"say\"],\"wording\":\"greeting\",\"off\":true}%s],"
    "\"people\":[{\"email\":\"%s@x.example\",\"name\":\"安\",\"number\":\"7\",\"roles\":[\"agent\",\"supervisor\",\"admin\"],\"capacity\":"
    "9}]}";

static char site[16], email[32], password[64];

struct house {
    int timeout_ms, idle_ms;
    const char *queue, *rules, *bot, *channels; /* bot, channels: more members, ",…" */
};

/* A site of its own for each test, and its agent, online. */
static void found(struct house h)
{
    char text[sizeof(set) + 1300], line[64];
    json_t *made;

    (void)snprintf(site, sizeof(site), "bots%d", ++sites);
    (void)snprintf(text, sizeof(text), set, site, p.port, h.timeout_ms ? h.timeout_ms : 20000, h.idle_ms ? h.idle_ms : 600000,
                   h.bot ? h.bot : "", h.queue ? h.queue : "main", h.channels ? h.channels : "", h.rules ? h.rules : "", site);
    made = site_add(&d, text);
    (void)snprintf(email, sizeof(email), "%s", text_at(made, "people.0.email"));
    (void)snprintf(password, sizeof(password), "%s", text_at(made, "people.0.password"));
    json_decref(made);
    assert_int_equal(staff_try_sign_in(&agent, &d, email, password), 201);
    staff_enter(&agent, &d, site);
    staff_presence(&agent, "online");
    (void)snprintf(line, sizeof(line), "event=live_rebuilt site=%s", site);
    daemon_log_wait(&d, line);
}

static int start(void **state)
{
    (void)state;
    words = json_load_file("config/defaults/wordings.json", 0, NULL);
    assert_non_null(words);
    daemon_start(&d, &(struct daemon_options){ .demo = true,
                                               .keep_port = true,
                                               .config = "[channels]\nallow_http = yes\nallow_private = yes\n"
                                                         "[limits]\nconversations = 1000\n" });
    return 0;
}

static int finish(void **state)
{
    (void)state;
    daemon_finish(&d);
    json_decref(words);
    return 0;
}

static int open_bot(void **state)
{
    (void)state;
    platform_open(&p);
    return 0;
}

static int close_bot(void **state)
{
    (void)state;
    staff_free(&agent);
    platform_close(&p);
    return 0;
}

static void enter(struct visitor *v, const char *language)
{
    char extra[64];

    (void)snprintf(extra, sizeof(extra), ",\"locale\":\"%s\"", language);
    visitor_enter(v, &d, site, extra);
}

static const json_t *bot_says(struct visitor *v, const char *text)
{
    return wire_take(&v->wire, "{s:s,s:{s:s,s:s},s:s}", "type", "message", "from", "role", "bot", "name", "小助手", "text", text);
}

/* The visitor is told in these words, and the conversation is given to the agent. */
static void handed_over(struct visitor *v, const char *language, const char *wording)
{
    const json_t *m = wire_take(&v->wire, "{s:s,s:s}", "type", "message", "event", "transferred");

    assert_string_equal(text_at(m, "text"), json_string_value(json_object_get(json_object_get(words, language), wording)));
    (void)wire_take(&agent.wire, "{s:s,s:{s:s}}", "type", "assigned", "conversation", "id", v->conv);
}

/* What the timeline says of a conversation's hand-over. Owned by the caller. */
static json_t *handoff(const struct visitor *v)
{
    char path[160];
    json_t *all, *ret = NULL;

    (void)snprintf(path, sizeof(path), "/api/v1/transcripts/%s?site=%s", v->conv, site);
    all = staff_get(&agent, &d, path);
    for (size_t i = 0; i < json_array_size(json_object_get(all, "timeline")); i++) {
        json_t *e = json_array_get(json_object_get(all, "timeline"), i);

        if (strcmp(text_at(e, "kind"), "handoff") == 0) {
            assert_null(ret);
            ret = json_incref(json_object_get(e, "data"));
        }
    }
    json_decref(all);
    assert_non_null(ret);
    return ret;
}

static void handed_over_for(const struct visitor *v, const char *why)
{
    json_t *data = handoff(v);

    assert_string_equal(text_at(data, "why"), why);
    assert_string_equal(text_at(data, "bot"), "robot");
    json_decref(data);
}

/* ---- right ---- */

static void a_bot_is_asked_first_and_its_answer_is_said_under_its_name(void **state)
{
    struct visitor v = { 0 };

    (void)state;
    found((struct house){ 0 });
    enter(&v, "zh-CN");
    (void)visitor_say(&v, "c1", "几点发货？");
    platform_take(&p);
    hook_signed(&p, SECRET);
    assert_string_equal(head_value(p.head, "Authorization"), "Bearer t0ken");
    assert_string_equal(text_at(p.json, "type"), "bot.turn");
    assert_string_equal(text_at(p.json, "data.conversation"), v.conv);
    assert_string_equal(text_at(p.json, "data.language"), "zh-CN");
    assert_string_equal(text_at(p.json, "data.messages.0.text"), "几点发货？");
    (void)wire_take(&v.wire, "{s:s,s:{s:s},s:b}", "type", "typing", "from", "role", "bot", "on", 1);
    platform_answer(
        &p, 200, HEADER,
        "{\"messages\":[{\"text\":\"下午五点前付款当天发货。\"},{\"text\":\"还有别的问题吗？\",\"choices\":[{\"id\":\"human\",\"label\":"
        "\"转人工\"}]}],\"confidence\":0.9}");
    (void)bot_says(&v, "下午五点前付款当天发货。");
    assert_string_equal(text_at(bot_says(&v, "还有别的问题吗？"), "choices.0.label"), "转人工");
    (void)visitor_say(&v, "c2", "谢谢，运费呢？");
    platform_take(&p);
    assert_int_equal(json_array_size(value_at(p.json, "data.messages")), 4);
    assert_string_equal(text_at(p.json, "data.messages.1.from"), "bot");
    platform_answer(&p, 200, HEADER, "{\"messages\":[{\"text\":\"满99包邮。\"}]}");
    (void)bot_says(&v, "满99包邮。");
    wire_none(&agent.wire, "{s:s}", "type", "assigned");
    visitor_free(&v);
}

/* One mail of somebody through a provider's webhook. */
static void mailed(const char *id, const char *more, const char *text)
{
    const char *path = hook_path(&d, site, "mail");
    char body[700];
    struct reply r;

    (void)snprintf(
        body, sizeof(body),
        "{\"From\":\"eva@mail.example\",\"OriginalRecipient\":\"bot@in.example\",\"Subject\":\"Hi\",\"TextBody\":\"%s\",\"Headers\":["
        "{\"Name\":\"Message-ID\",\"Value\":\"<%s@mail.example>\"}%s]}",
        text, id, more);
    web_ask(&d,
            &(struct ask){
                .path = path, .headers = "Authorization: Basic dTpwYXNzd29yZA==\r\nContent-Type: application/json\r\n", .body = body },
            &r);
    assert_int_equal(r.status, 200);
    reply_free(&r);
}

/* Where there are no buttons choices are numbered lines: what the visitor is sent is what stands in the conversation, and a number picks one. */
static void its_choices_are_lines_where_there_are_no_buttons(void **state)
{
    struct relay relay;
    char channel[500], *mail = NULL;
    const json_t *m;

    (void)state;
    relay_open(&relay, &(struct relay_options){ .auth = "PLAIN" });
    (void)snprintf(
        channel, sizeof(channel),
        ",\"mail\":{\"adapter\":\"mail\",\"name\":\"Mail\",\"queue\":\"main\",\"settings\":{\"provider\":\"postmark\",\"user\":\"u\","
        "\"password\":\"password\",\"address\":\"bot@in.example\",\"token_secret\":\"sixteen bytes or more\",\"relay\":"
        "\"smtp://127.0.0.1:%d\",\"relay_tls\":false}}",
        relay.port);
    found((struct house){ .channels = channel });
    mailed("b1", "", "When?");
    platform_take(&p);
    platform_answer(
        &p, 200, HEADER,
        "{\"messages\":[{\"text\":\"Which order?\",\"choices\":[{\"id\":\"last\",\"label\":\"The last one\"},{\"id\":\"human\",\"label\":"
        "\"A person\"}]}]}");
    for (const char *end = NULL; !end;) {
        const struct relayed *one = relay_take(&relay);
        size_t n;

        free(mail);
        mail = relayed_mail(one, &n);
        end = strstr(mail, "Which order?");
    }
    assert_non_null(strstr(mail, "Which order?\r\n1. The last one\r\n2. A person"));
    free(mail);
    mailed("b2", ",{\"Name\":\"References\",\"Value\":\"<b1@mail.example>\"}", "1");
    platform_take(&p);
    assert_string_equal(text_at(p.json, "data.messages.1.text"), "Which order?\n1. The last one\n2. A person");
    assert_string_equal(text_at(p.json, "data.messages.2.choice"), "last");
    platform_answer(&p, 200, HEADER, "{\"messages\":[{\"text\":\"How many pieces are missing?\"}]}");
    mailed("b4", ",{\"Name\":\"References\",\"Value\":\"<b1@mail.example>\"}", "2"); /* of them, and no person */
    platform_take(&p);
    assert_string_equal(text_at(p.json, "data.messages.4.text"), "2");
    assert_null(value_at(p.json, "data.messages.4.choice"));
    platform_answer(
        &p, 200, HEADER,
        "{\"messages\":[{\"text\":\"And now?\",\"choices\":[{\"id\":\"last\",\"label\":\"Nothing\"},{\"id\":\"human\",\"label\":\"A "
        "person\"}]}]}");
    mailed("b3", ",{\"Name\":\"References\",\"Value\":\"<b1@mail.example>\"}", "2");
    m = wire_take(&agent.wire, "{s:s,s:{s:s}}", "type", "assigned", "conversation", "channel", "mail");
    wire_sendf(&agent.wire, "{\"type\":\"history\",\"conversation\":\"%s\",\"after\":0}", text_at(m, "conversation.id"));
    m = wire_take(&agent.wire, "{s:s}", "type", "history");
    assert_string_equal(text_at(m, "messages.1.text"), "Which order?\n1. The last one\n2. A person");
    assert_string_equal(text_at(m, "messages.1.choices.1.label"), "A person");
    relay_close(&relay);
}

static void it_closes_when_it_says_so(void **state)
{
    struct visitor v = { 0 };

    (void)state;
    found((struct house){ 0 });
    enter(&v, "en");
    (void)visitor_say(&v, "c1", "bye");
    platform_take(&p);
    platform_answer(&p, 200, HEADER, "{\"messages\":[{\"text\":\"Bye!\"}],\"action\":\"close\"}");
    (void)bot_says(&v, "Bye!");
    (void)wire_take(&v.wire, "{s:s,s:s}", "type", "message", "event", "closed");
    visitor_free(&v);
}

static void a_rule_may_hand_a_conversation_to_it(void **state)
{
    struct visitor v = { 0 };

    (void)state;
    found((struct house){ .queue = "people",
                          .rules = ",{\"key\":\"ask_bot\",\"event\":\"message\",\"when\":{\"keywords\":[\"运费\"]},\"actions\":[\"bot\"],"
                                   "\"bot\":\"robot\"}" });
    staff_presence(&agent, "busy");
    enter(&v, "zh-CN");
    (void)visitor_say(&v, "c1", "你好");
    (void)visitor_say(&v, "c2", "运费多少");
    platform_take(&p);
    assert_string_equal(text_at(p.json, "data.messages.1.text"), "运费多少");
    platform_answer(&p, 200, HEADER, "{\"messages\":[{\"text\":\"满99包邮。\"}]}");
    (void)bot_says(&v, "满99包邮。");
    visitor_free(&v);
}

static void what_is_said_meanwhile_is_one_turn(void **state)
{
    struct visitor v = { 0 };

    (void)state;
    found((struct house){ 0 });
    enter(&v, "zh-CN");
    (void)visitor_say(&v, "c1", "一");
    platform_take(&p);
    (void)visitor_say(&v, "c2", "二");
    (void)visitor_say(&v, "c3", "三");
    platform_answer(&p, 200, HEADER, "{\"messages\":[{\"text\":\"第一\"}]}");
    (void)bot_says(&v, "第一");
    platform_take(&p);
    assert_int_equal(json_array_size(value_at(p.json, "data.messages")), 4);
    platform_answer(&p, 200, HEADER, "{\"messages\":[{\"text\":\"第二\"}]}");
    (void)bot_says(&v, "第二");
    assert_false(platform_take_within(&p, 1500));
    visitor_free(&v);
}

/* ---- handing over ---- */

static void who_asks_for_a_person_gets_one_without_asking_the_bot(void **state)
{
    static const struct {
        const char *language, *text;
    } rows[] = { { "zh-CN", "转人工" }, { "zh-TW", "我要找真人" }, { "en", "I want to talk to a person please" } };

    (void)state;
    found((struct house){ 0 });
    for (size_t i = 0; i < 3; i++) {
        struct visitor v = { 0 };

        enter(&v, rows[i].language);
        (void)visitor_say(&v, "c1", rows[i].text);
        handed_over(&v, rows[i].language, "bot_handoff");
        handed_over_for(&v, "asked");
        visitor_free(&v);
    }
    assert_false(platform_take_within(&p, 0));
}

/* Nobody is there to be put through to: the visitor reads that, and nothing before it. */
static void who_is_handed_over_where_nobody_is_is_promised_nobody(void **state)
{
    static const struct {
        const char *why, *text, *then;
    } rows[] = { { "asked", "转人工", "抱歉，客服暂时都不在线" }, { "failed", "在吗", "抱歉，客服暂时都不在线" } };

    (void)state;
    found((struct house){ 0 });
    staff_presence(&agent, "offline");
    for (size_t i = 0; i < 2; i++) {
        struct visitor v = { 0 };
        const json_t *m;

        enter(&v, "zh-CN");
        (void)visitor_say(&v, "c1", rows[i].text);
        if (i == 1) {
            platform_take(&p);
            platform_answer(&p, 404, HEADER, "{}");
        }
        m = wire_take(&v.wire, "{s:s,s:s}", "type", "message", "event", "transferred");
        assert_string_equal(text_at(m, "text"), "");
        m = wire_take(&v.wire, "{s:s,s:s}", "type", "message", "form", "contact");
        assert_int_equal(strncmp(text_at(m, "text"), rows[i].then, strlen(rows[i].then)), 0);
        handed_over_for(&v, rows[i].why);
        visitor_free(&v);
    }
}

static void the_words_of_the_site_call_a_person_from_a_bot_without_its_own(void **state)
{
    struct visitor v = { 0 };

    (void)state;
    found((struct house){ .rules = ",{\"key\":\"person_words\",\"event\":\"message\",\"when\":{\"keywords\":[\"店小二\"]},"
                                   "\"actions\":[\"tag\"],\"tags\":[\"person\"]}" });
    enter(&v, "zh-CN");
    (void)visitor_say(&v, "c1", "叫店小二来");
    handed_over(&v, "zh-CN", "bot_handoff");
    handed_over_for(&v, "asked");
    assert_false(platform_take_within(&p, 0));
    visitor_free(&v);
}

static void artificial_intelligence_is_not_a_person(void **state)
{
    struct visitor v = { 0 };

    (void)state;
    found((struct house){ 0 });
    enter(&v, "zh-CN");
    (void)visitor_say(&v, "c1", "你是人工智能吗");
    platform_take(&p);
    platform_answer(&p, 200, HEADER, "{\"messages\":[{\"text\":\"是的\"}]}");
    (void)bot_says(&v, "是的");
    visitor_free(&v);
}

static void the_button_for_a_person_is_understood(void **state)
{
    struct visitor v = { 0 };

    (void)state;
    found((struct house){ 0 });
    enter(&v, "en");
    wire_sendf(&v.wire, "{\"type\":\"message\",\"cid\":\"c1\",\"kind\":\"choice\",\"choice\":\"human\"}");
    (void)snprintf(v.conv, sizeof(v.conv), "%s", text_at(wire_take(&v.wire, "{s:s,s:s}", "type", "ack", "cid", "c1"), "conversation"));
    handed_over(&v, "en", "bot_handoff");
    visitor_free(&v);
}

/* Each answer of the bot, and why a person is called for it. */
static void a_bot_that_is_unsure_or_wrong_calls_a_person(void **state)
{
    static const struct {
        const char *name;
        int status;
        const char *body, *why, *detail, *unsaid;
    } rows[] = {
        { "asks", 200, "{\"action\":\"handoff\",\"reason\":\"angry\"}", "bot", "angry", "" },
        { "unsure", 200, "{\"messages\":[{\"text\":\"maybe\"}],\"confidence\":0.3}", "unsure", "30 %", "maybe" },
        { "no JSON", 200, "<html>", "failed", "an answer that is no JSON object", "" },
        { "a list", 200, "[]", "failed", "an answer that is no JSON object", "" },
        { "nothing", 200, "{}", "failed", "an answer that says nothing", "" },
        { "empty", 200, "", "failed", "an answer that is no JSON object", "" },
        { "no text", 200, "{\"messages\":[{\"text\":5}]}", "failed", "a message without text", "" },
        { "action", 200, "{\"messages\":[{\"text\":\"x\"}],\"action\":\"dance\"}", "failed",
          "an action that is none of answer, handoff, close", "" },
        { "six", 200,
          "{\"messages\":[{\"text\":\"1\"},{\"text\":\"2\"},{\"text\":\"3\"},{\"text\":\"4\"},{\"text\":\"5\"},{\"text\":\"6\"}]}",
          "failed", "too many messages in one answer", "" },
        { "refused", 403, "{}", "failed", "HTTP 403", "" },
        { "moved", 302, "{}", "failed", "HTTP 302", "" },
    };

    (void)state;
    found((struct house){ 0 });
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct visitor v = { 0 };
        json_t *data;

        enter(&v, "en");
        (void)visitor_say(&v, "c1", "hello");
        platform_take(&p);
        platform_answer(&p, rows[i].status, HEADER, rows[i].body);
        handed_over(&v, "en", strcmp(rows[i].why, "bot") == 0 ? "bot_handoff" : "bot_gives_up");
        data = handoff(&v);
        if (strcmp(text_at(data, "why"), rows[i].why) != 0 || strcmp(text_at(data, "detail"), rows[i].detail) != 0 ||
            strcmp(text_at(data, "unsaid"), rows[i].unsaid) != 0)
            fail_msg("%s: why %s, detail %s, unsaid %s", rows[i].name, text_at(data, "why"), text_at(data, "detail"),
                     text_at(data, "unsaid"));
        json_decref(data);
        wire_none(&v.wire, "{s:s,s:{s:s}}", "type", "message", "from", "role", "bot");
        wire_pack(&agent.wire, "{s:s,s:s,s:s}", "type", "close", "conversation", v.conv, "cid", rows[i].name[0] == 'a' ? "ka" : "kb");
        visitor_free(&v);
    }
}

static void a_bot_that_is_busy_is_asked_again_under_the_same_id(void **state)
{
    struct visitor v = { 0 };
    char id[80];

    (void)state;
    found((struct house){ 0 });
    enter(&v, "en");
    (void)visitor_say(&v, "c1", "hello");
    platform_take(&p);
    (void)snprintf(id, sizeof(id), "%s", head_value(p.head, "webhook-id"));
    platform_answer(&p, 500, HEADER, "{}");
    platform_take(&p);
    assert_string_equal(head_value(p.head, "webhook-id"), id);
    platform_drop(&p);
    platform_take(&p);
    assert_string_equal(head_value(p.head, "webhook-id"), id);
    platform_answer(&p, 200, HEADER, "{\"messages\":[{\"text\":\"here\"}]}");
    (void)bot_says(&v, "here");
    visitor_free(&v);
}

static void a_bot_that_stays_busy_calls_a_person(void **state)
{
    struct visitor v = { 0 };

    (void)state;
    found((struct house){ 0 });
    enter(&v, "en");
    (void)visitor_say(&v, "c1", "hello");
    for (int i = 0; i < 3; i++) {
        platform_take(&p);
        platform_answer(&p, 503, HEADER, "{}");
    }
    handed_over(&v, "en", "bot_gives_up");
    handed_over_for(&v, "failed");
    visitor_free(&v);
}

static void a_bot_that_is_slow_calls_a_person_and_comes_too_late(void **state)
{
    struct visitor v = { 0 };

    (void)state;
    found((struct house){ .timeout_ms = 1000 });
    enter(&v, "en");
    (void)visitor_say(&v, "c1", "hello");
    platform_take(&p);
    handed_over(&v, "en", "bot_gives_up");
    handed_over_for(&v, "timeout");
    visitor_free(&v);
}

static void a_bot_that_is_dead_calls_a_person(void **state)
{
    struct visitor v = { 0 };

    (void)state;
    found((struct house){ 0 });
    platform_close(&p);
    enter(&v, "en");
    (void)visitor_say(&v, "c1", "hello");
    handed_over(&v, "en", "bot_gives_up");
    handed_over_for(&v, "failed");
    platform_open(&p);
    visitor_free(&v);
}

static void an_answer_that_is_huge_is_not_read(void **state)
{
    struct visitor v = { 0 };
    char *huge = malloc(3000000);

    (void)state;
    assert_non_null(huge);
    memset(huge, ' ', 2999999);
    huge[2999999] = '\0';
    found((struct house){ 0 });
    enter(&v, "en");
    (void)visitor_say(&v, "c1", "hello");
    platform_take(&p);
    platform_answer(&p, 200, HEADER, huge);
    free(huge);
    handed_over(&v, "en", "bot_gives_up");
    handed_over_for(&v, "failed");
    visitor_free(&v);
}

static void after_so_many_answers_a_person_is_called(void **state)
{
    struct visitor v = { 0 };

    (void)state;
    found((struct house){ 0 });
    enter(&v, "en");
    for (int i = 0; i < 3; i++) {
        char cid[16], text[32], answer[64];

        (void)snprintf(cid, sizeof(cid), "c%d", i);
        (void)snprintf(text, sizeof(text), "question %d", i);
        (void)visitor_say(&v, cid, text);
        platform_take(&p);
        (void)snprintf(answer, sizeof(answer), "{\"messages\":[{\"text\":\"answer %d\"}]}", i);
        platform_answer(&p, 200, HEADER, answer);
        (void)snprintf(text, sizeof(text), "answer %d", i);
        (void)bot_says(&v, text);
    }
    (void)visitor_say(&v, "c9", "and now?");
    handed_over(&v, "en", "bot_gives_up");
    handed_over_for(&v, "turns");
    visitor_free(&v);
}

/* ---- a language model ---- */

#define STREAM               "Content-Type: text/event-stream; charset=utf-8\r\n"
#define CHUNK(delta, finish) "data: {\"choices\":[{\"index\":0,\"delta\":{" delta "},\"finish_reason\":" finish "}]}\n\n"

static void a_model_is_asked_as_such_and_its_stream_is_said_whole(void **state)
{
    struct visitor v = { 0 };

    (void)state;
    found((struct house){ .bot = ",\"form\":\"openai\",\"model\":\"m1\",\"prompt\":\"Be kind.\"" });
    enter(&v, "zh-CN");
    (void)visitor_say(&v, "c1", "几点发货？");
    platform_take(&p);
    assert_string_equal(head_value(p.head, "Authorization"), "Bearer t0ken");
    assert_string_equal(text_at(p.json, "model"), "m1");
    assert_true(json_is_true(value_at(p.json, "stream")));
    assert_int_equal(number_at(p.json, "max_tokens"), 400);
    assert_string_equal(text_at(p.json, "messages.0.role"), "system");
    assert_string_equal(text_at(p.json, "messages.0.content"), "Be kind.");
    assert_string_equal(text_at(p.json, "messages.1.role"), "user");
    assert_string_equal(text_at(p.json, "messages.1.content"), "几点发货？");
    platform_answer(&p, 200, STREAM,
                    ": hello\r\n\r\n" CHUNK("\"role\":\"assistant\",\"content\":\"\"", "null") CHUNK("\"content\":\"五点\"", "null")
                        CHUNK("\"content\":\"。\"", "null") CHUNK("", "\"stop\"") "data: [DONE]\n\n");
    (void)bot_says(&v, "五点。");
    visitor_free(&v);
}

/* What comes of each answer: said, or a person for that reason. */
static void a_model_that_is_wrong_calls_a_person(void **state)
{
    static const struct {
        const char *headers, *body, *said, *why, *detail, *unsaid;
        int status;
    } rows[] = {
        { HEADER, "{\"choices\":[{\"message\":{\"content\":\"whole\"},\"finish_reason\":\"stop\"}]}", "whole", NULL, "", "", 200 },
        { STREAM, "data:{\"choices\":[{\"delta\":{\"content\":\"no done\"},\"finish_reason\":\"stop\"}]}\r\r", "no done", NULL, "", "",
          200 },
        { STREAM,
          CHUNK("\"content\":\"One moment.\"", "null")
              CHUNK("\"tool_calls\":[{\"index\":0,\"id\":\"c\",\"function\":{\"name\":\"handoff\",\"arguments\":\"{\\\"rea\"}}]", "null")
                  CHUNK("\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"son\\\":\\\"refund\\\"}\"}}]", "null")
                      CHUNK("", "\"tool_calls\"") "data: [DONE]\n\n",
          "One moment.", "bot", "refund", "", 200 },
        { STREAM, CHUNK("\"content\":\"half a\"", "null"), NULL, "failed", "an answer that ended too soon", "half a", 200 },
        { STREAM, CHUNK("\"content\":\"cut\"", "\"length\"") "data: [DONE]\n\n", NULL, "failed", "an answer that was cut", "cut", 200 },
        { STREAM, "data: {\"error\":{\"message\":\"overloaded\"}}\n\n", NULL, "failed", "an answer that cannot be read", "", 200 },
        { STREAM, "data: {{{\n\n", NULL, "failed", "an answer that cannot be read", "", 200 },
        { STREAM, ": still here\n\n", NULL, "failed", "an answer that ended too soon", "", 200 },
        { STREAM, CHUNK("", "\"stop\"") "data: [DONE]\n\n", NULL, "failed", "an answer that says nothing", "", 200 },
        { HEADER, "{\"error\":{\"code\":\"insufficient_quota\"}}", NULL, "failed", "insufficient_quota", "", 429 },
        { HEADER, "{\"detail\":\"who?\"}", NULL, "failed", "HTTP 401", "", 401 },
    };

    (void)state;
    found((struct house){ .bot = ",\"form\":\"openai\",\"model\":\"m1\"" });
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct visitor v = { 0 };
        json_t *data;

        enter(&v, "en");
        (void)visitor_say(&v, "c1", "hello");
        platform_take(&p);
        platform_answer(&p, rows[i].status, rows[i].headers, rows[i].body);
        if (rows[i].said)
            (void)bot_says(&v, rows[i].said);
        if (rows[i].why) {
            handed_over(&v, "en", strcmp(rows[i].why, "bot") == 0 ? "bot_handoff" : "bot_gives_up");
            data = handoff(&v);
            if (strcmp(text_at(data, "why"), rows[i].why) != 0 || strcmp(text_at(data, "detail"), rows[i].detail) != 0 ||
                strcmp(text_at(data, "unsaid"), rows[i].unsaid) != 0)
                fail_msg("row %zu: %s, %s, %s", i, text_at(data, "why"), text_at(data, "detail"), text_at(data, "unsaid"));
            json_decref(data);
            wire_pack(&agent.wire, "{s:s,s:s,s:s}", "type", "close", "conversation", v.conv, "cid", "k");
        }
        visitor_free(&v);
    }
}

static void a_stream_that_never_ends_calls_a_person(void **state)
{
    static const char forever[] = "HTTP/1.1 200 OK\r\n" STREAM "\r\n: still here\n\n" CHUNK("\"content\":\"well\"", "null");
    struct visitor v = { 0 };

    (void)state;
    found((struct house){ .timeout_ms = 1000, .bot = ",\"form\":\"openai\",\"model\":\"m1\"" });
    enter(&v, "en");
    (void)visitor_say(&v, "c1", "hello");
    platform_take(&p);
    web_send(p.conn, forever, sizeof(forever) - 1);
    handed_over(&v, "en", "bot_gives_up");
    handed_over_for(&v, "timeout");
    visitor_free(&v);
}

/* ---- never ---- */

static void a_machine_that_repeats_itself_is_not_answered(void **state)
{
    struct visitor v = { 0 };

    (void)state;
    found((struct house){ 0 });
    enter(&v, "en");
    (void)visitor_say(&v, "c1", "Out of office");
    platform_take(&p);
    for (int i = 2; i < 5; i++) {
        char cid[16];

        (void)snprintf(cid, sizeof(cid), "c%d", i);
        (void)visitor_say(&v, cid, "Out of office");
    }
    platform_answer(&p, 200, HEADER, "{\"messages\":[{\"text\":\"hm\"}]}");
    (void)bot_says(&v, "hm");
    (void)wire_take(&agent.wire, "{s:s,s:{s:s}}", "type", "assigned", "conversation", "id", v.conv);
    handed_over_for(&v, "automatic");
    wire_none(&v.wire, "{s:s,s:s}", "type", "message", "event", "transferred");
    assert_false(platform_take_within(&p, 0));
    visitor_free(&v);
}

static void a_person_who_takes_over_silences_it(void **state)
{
    struct visitor v = { 0 };

    (void)state;
    found((struct house){ 0 });
    enter(&v, "en");
    (void)visitor_say(&v, "c1", "hello");
    platform_take(&p);
    wire_pack(&agent.wire, "{s:s,s:s,s:s}", "type", "accept", "conversation", v.conv, "cid", "t1");
    assert_string_equal(wire_verdict(&agent.wire, "t1"), "ack");
    (void)staff_say(&agent, v.conv, "a1", "I am here");
    platform_answer(&p, 200, HEADER, "{\"messages\":[{\"text\":\"too late\"}]}");
    (void)wire_take(&v.wire, "{s:s,s:s}", "type", "message", "text", "I am here");
    (void)visitor_say(&v, "c2", "good");
    assert_false(platform_take_within(&p, 1500));
    wire_none(&v.wire, "{s:s,s:{s:s}}", "type", "message", "from", "role", "bot");
    visitor_free(&v);
}

static void who_falls_silent_after_its_answer_is_let_go(void **state)
{
    struct visitor v = { 0 };

    (void)state;
    found((struct house){ .idle_ms = 1500 });
    enter(&v, "en");
    (void)visitor_say(&v, "c1", "hello");
    platform_take(&p);
    platform_answer(&p, 200, HEADER, "{\"messages\":[{\"text\":\"hi\"}]}");
    (void)bot_says(&v, "hi");
    (void)wire_take(&v.wire, "{s:s,s:s}", "type", "message", "event", "closed");
    visitor_free(&v);
}

/* ---- killed in the middle ---- */

static void a_node_that_dies_between_turn_and_answer_neither_loses_nor_doubles_it(void **state)
{
    struct visitor v = { 0 };
    char id[80];

    (void)state;
    found((struct house){ 0 });
    enter(&v, "en");
    (void)visitor_say(&v, "c1", "hello");
    platform_take(&p);
    (void)snprintf(id, sizeof(id), "%s", head_value(p.head, "webhook-id"));
    visitor_leave(&v);
    staff_leave(&agent);
    daemon_kill(&d);
    platform_drop(&p);
    daemon_restart(&d);
    enter(&v, "en");
    platform_take(&p);
    assert_string_equal(head_value(p.head, "webhook-id"), id);
    platform_answer(&p, 200, HEADER, "{\"messages\":[{\"text\":\"here\"}]}");
    (void)bot_says(&v, "here");
    wire_none(&v.wire, "{s:s,s:{s:s}}", "type", "message", "from", "role", "bot");
    assert_false(platform_take_within(&p, 1500));
    visitor_free(&v);
}

/* ---- settings ---- */

static void its_secrets_are_only_written_and_mistakes_are_named(void **state)
{
    static const struct {
        const char *body, *field;
    } rows[] = {
        { "{\"name\":\"x\"}", "url" },
        { "{\"name\":\"x\",\"url\":\"ftp://x\"}", "url" },
        { "{\"name\":\"x\",\"url\":\"https://x\",\"timeout_ms\":5}", "timeout_ms" },
        { "{\"name\":\"x\",\"url\":\"https://x\",\"form\":\"other\"}", "form" },
        { "{\"name\":\"x\",\"url\":\"https://x\",\"queue\":\"none\"}", "queue" },
        { "{\"name\":\"x\",\"url\":\"https://x\",\"form\":\"openai\"}", "model" },
        { "{\"name\":\"x\",\"url\":\"https://x\",\"temper\":1}", "temper" },
    };
    char path[160];
    json_t *doc;

    (void)state;
    found((struct house){ 0 });
    (void)snprintf(path, sizeof(path), "/api/v1/sites/%s/documents/bot/robot", site);
    doc = staff_get(&agent, &d, path);
    assert_string_equal(text_at(doc, "body.name"), "小助手");
    assert_null(value_at(doc, "body.secret"));
    assert_null(value_at(doc, "body.token"));
    assert_int_equal(json_array_size(json_object_get(doc, "secrets")), 2);
    json_decref(doc);
    (void)snprintf(path, sizeof(path), "/api/v1/sites/%s/documents/bot/second", site);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct reply r = web_expect(&d, 400,
                                    &(struct ask){ .method = "PUT",
                                                   .path = path,
                                                   .body = rows[i].body,
                                                   .cookie = agent.cookie,
                                                   .csrf = agent.csrf,
                                                   .headers = "Content-Type: application/json\r\nIf-None-Match: *\r\n" });

        if (!strstr(r.body, rows[i].field))
            fail_msg("%s: %s", rows[i].field, r.body);
        reply_free(&r);
    }
}

#define WITH_BOT(test) cmocka_unit_test_setup_teardown(test, open_bot, close_bot)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_BOT(a_bot_is_asked_first_and_its_answer_is_said_under_its_name),
        WITH_BOT(its_choices_are_lines_where_there_are_no_buttons),
        WITH_BOT(it_closes_when_it_says_so),
        WITH_BOT(a_rule_may_hand_a_conversation_to_it),
        WITH_BOT(what_is_said_meanwhile_is_one_turn),
        WITH_BOT(who_asks_for_a_person_gets_one_without_asking_the_bot),
        WITH_BOT(who_is_handed_over_where_nobody_is_is_promised_nobody),
        WITH_BOT(the_words_of_the_site_call_a_person_from_a_bot_without_its_own),
        WITH_BOT(artificial_intelligence_is_not_a_person),
        WITH_BOT(the_button_for_a_person_is_understood),
        WITH_BOT(a_bot_that_is_unsure_or_wrong_calls_a_person),
        WITH_BOT(a_bot_that_is_busy_is_asked_again_under_the_same_id),
        WITH_BOT(a_bot_that_stays_busy_calls_a_person),
        WITH_BOT(a_bot_that_is_slow_calls_a_person_and_comes_too_late),
        WITH_BOT(a_bot_that_is_dead_calls_a_person),
        WITH_BOT(an_answer_that_is_huge_is_not_read),
        WITH_BOT(after_so_many_answers_a_person_is_called),
        WITH_BOT(a_model_is_asked_as_such_and_its_stream_is_said_whole),
        WITH_BOT(a_model_that_is_wrong_calls_a_person),
        WITH_BOT(a_stream_that_never_ends_calls_a_person),
        WITH_BOT(a_machine_that_repeats_itself_is_not_answered),
        WITH_BOT(a_person_who_takes_over_silences_it),
        WITH_BOT(who_falls_silent_after_its_answer_is_let_go),
        WITH_BOT(a_node_that_dies_between_turn_and_answer_neither_loses_nor_doubles_it),
        WITH_BOT(its_secrets_are_only_written_and_mistakes_are_named),
    };

    return cmocka_run_group_tests(tests, start, finish);
}
