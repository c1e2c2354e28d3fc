/* The main job over the wire: a visitor writes, an agent answers, the talk is closed, rated, and found again. */
#include "tests/support/cast.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SITE   "demo"
#define AGENT1 "agent1@demo.example"
#define AGENT2 "agent2@demo.example"

static struct daemon d;

static int start(void **state)
{
    (void)state;
    daemon_start(&d, &(struct daemon_options){ .demo = true, .config = "[limits]\nconversations = 1000\n" });
    return 0;
}

static int finish(void **state)
{
    (void)state;
    daemon_finish(&d);
    return 0;
}

/* ---- one agent who serves one visitor: where most stories begin ---- */

struct scene {
    struct visitor v;
    struct staff a;
    int64_t seq; /* the newest message */
};

/* The first words are answered by the greeting, then the agent joins. */
static void begin(struct scene *s, const char *words)
{
    memset(s, 0, sizeof(*s));
    staff_online(&s->a, &d, AGENT1, SITE);
    visitor_enter(&s->v, &d, SITE, ",\"locale\":\"zh-CN\",\"profile\":{\"name\":\"王芳\"}");
    assert_int_equal(visitor_say(&s->v, "c1", words), 1);
    wire_take(&s->a.wire, "{s:s,s:{s:s}}", "type", "assigned", "conversation", "id", s->v.conv);
    wire_take(&s->v.wire, "{s:s,s:i,s:{s:s}}", "type", "message", "seq", 2, "from", "role", "system");
    wire_take(&s->v.wire, "{s:s,s:i,s:s}", "type", "message", "seq", 3, "event", "joined");
    wire_take(&s->v.wire, "{s:s,s:s,s:{s:s}}", "type", "state", "state", "served", "agent", "number", "1024");
    s->seq = 3;
}

static void close_by_agent(struct staff *a, const char *conv)
{
    wire_sendf(&a->wire, "{\"type\":\"close\",\"conversation\":\"%s\",\"cid\":\"bye-%.18s\"}", conv, conv + 18);
    wire_take(&a->wire, "{s:s,s:s}", "type", "ack", "conversation", conv);
}

static void leave(struct staff *a)
{
    staff_presence(a, "offline");
    staff_free(a);
}

static void end(struct scene *s)
{
    close_by_agent(&s->a, s->v.conv);
    leave(&s->a);
    visitor_free(&s->v);
}

/* ---- the main job ---- */

static void a_visitor_is_greeted_served_and_rates(void **state)
{
    struct scene s;

    (void)state;
    begin(&s, "你好，请问发票怎么开？");
    wire_text(&s.v.wire, "{\"type\":\"typing\",\"on\":true}");
    wire_take(&s.a.wire, "{s:s,s:s,s:{s:s},s:b}", "type", "typing", "conversation", s.v.conv, "from", "role", "visitor", "on", 1);
    wire_sendf(&s.a.wire, "{\"type\":\"typing\",\"conversation\":\"%s\",\"on\":true}", s.v.conv);
    wire_take(&s.v.wire, "{s:s,s:{s:s,s:s},s:b}", "type", "typing", "from", "role", "agent", "name", "林小雨", "on", 1);

    s.seq = staff_say(&s.a, s.v.conv, "a1", "可以的，请提供抬头和税号。");
    assert_int_equal(s.seq, 4);
    wire_take(&s.v.wire, "{s:s,s:i,s:s,s:s,s:{s:s,s:s,s:s}}", "type", "message", "seq", 4, "kind", "text", "text",
              "可以的，请提供抬头和税号。", "from", "role", "agent", "name", "林小雨", "number", "1024");
    wire_text(&s.v.wire, "{\"type\":\"read\",\"cid\":\"r1\",\"seq\":4}");
    assert_string_equal(wire_verdict(&s.v.wire, "r1"), "ack");
    wire_take(&s.a.wire, "{s:s,s:s,s:s,s:i}", "type", "read", "conversation", s.v.conv, "role", "visitor", "seq", 4);

    assert_int_equal(visitor_say(&s.v, "c2", "小林家居有限公司"), 5);
    wire_take(&s.a.wire, "{s:s,s:i,s:s,s:{s:s}}", "type", "message", "seq", 5, "text", "小林家居有限公司", "from", "role", "visitor");
    wire_sendf(&s.a.wire, "{\"type\":\"read\",\"conversation\":\"%s\",\"cid\":\"ar1\",\"seq\":5}", s.v.conv);
    assert_string_equal(wire_verdict(&s.a.wire, "ar1"), "ack");
    wire_take(&s.v.wire, "{s:s,s:s,s:i}", "type", "read", "role", "agent", "seq", 5);

    wire_sendf(&s.a.wire, "{\"type\":\"invite\",\"conversation\":\"%s\",\"cid\":\"i1\"}", s.v.conv);
    assert_string_equal(wire_verdict(&s.a.wire, "i1"), "ack");
    wire_take(&s.v.wire, "{s:s,s:i,s:s}", "type", "message", "seq", 6, "event", "invited");
    wire_sendf(&s.a.wire, "{\"type\":\"close\",\"conversation\":\"%s\",\"cid\":\"x1\"}", s.v.conv);
    assert_string_equal(wire_verdict(&s.a.wire, "x1"), "ack");
    wire_take(&s.v.wire, "{s:s,s:i,s:s}", "type", "message", "seq", 7, "event", "closed");
    wire_take(&s.v.wire, "{s:s,s:s}", "type", "state", "state", "closed");
    wire_take(&s.a.wire, "{s:s,s:s}", "type", "released", "conversation", s.v.conv);

    wire_sendf(&s.v.wire, "{\"type\":\"rate\",\"cid\":\"r2\",\"conversation\":\"%s\",\"score\":5,\"tags\":[\"耐心\"],\"comment\":\"谢谢\"}",
               s.v.conv);
    assert_string_equal(wire_verdict(&s.v.wire, "r2"), "ack");
    leave(&s.a);
    visitor_free(&s.v);
}

static void seqs_are_dense_and_the_same_for_everybody(void **state)
{
    struct scene s;
    json_t *messages, *m;
    size_t i;

    (void)state;
    begin(&s, "在吗");
    for (int n = 0; n < 4; n++) {
        char cid[16];

        (void)snprintf(cid, sizeof(cid), "v%d", n);
        (void)visitor_say(&s.v, cid, "一句");
        (void)snprintf(cid, sizeof(cid), "a%d", n);
        s.seq = staff_say(&s.a, s.v.conv, cid, "一答");
    }
    assert_int_equal(s.seq, 11);
    wire_sendf(&s.a.wire, "{\"type\":\"history\",\"conversation\":\"%s\",\"after\":0}", s.v.conv);
    messages = json_incref(value_at(wire_take(&s.a.wire, "{s:s,s:b}", "type", "history", "more", 0), "messages"));
    assert_int_equal(json_array_size(messages), 11);
    json_array_foreach(messages, i, m) assert_int_equal(number_at(m, "seq"), i + 1);
    wire_text(&s.v.wire, "{\"type\":\"history\",\"after\":0}");
    m = value_at(wire_take(&s.v.wire, "{s:s}", "type", "history"), "messages");
    assert_true(json_equal(messages, m));
    json_decref(messages);
    end(&s);
}

/* ---- what only staff see, and who serves ---- */

/* The pages on which a visitor was while it was under way: each once, in their order. Where he reads on when it is over counts as soon as he
 * writes again. */
static void the_pages_of_a_visit_stand_on_the_timeline(void **state)
{
    static const char *const tell[] = { "/p/1", "/p/2", "/p/2", "/p/1" }, *const want[] = { "/p/2", "/p/1", "/p/9" };
    char path[100], url[60];
    json_t *got, *e;
    struct scene s;
    size_t i, n = 0;

    (void)state;
    memset(&s, 0, sizeof(s));
    staff_online(&s.a, &d, AGENT1, SITE);
    visitor_enter(&s.v, &d, SITE, ",\"page\":{\"url\":\"https://shop.example/p/1\",\"title\":\"\",\"referrer\":\"\"}");
    (void)visitor_say(&s.v, "c1", "这两款哪个好？");
    wire_take(&s.a.wire, "{s:s,s:{s:s}}", "type", "assigned", "conversation", "id", s.v.conv);
    for (i = 0; i < 5; i++) {
        char cid[8];

        if (i == 4) { /* another page under the name of one that is there is not that one */
            wire_text(&s.v.wire, "{\"type\":\"profile\",\"cid\":\"p1\",\"page\":{\"url\":\"https://shop.example/p/7\"}}");
            assert_string_equal(wire_verdict(&s.v.wire, "p1"), "conflict");
            close_by_agent(&s.a, s.v.conv);
        }
        (void)snprintf(cid, sizeof(cid), "p%zu", i);
        wire_sendf(&s.v.wire,
                   "{\"type\":\"profile\",\"cid\":\"%s\",\"page\":{\"url\":\"https://shop.example%s\",\"title\":\"\",\"referrer\":\"\"}}",
                   cid, i == 4 ? "/p/9" : tell[i]);
        assert_string_equal(wire_verdict(&s.v.wire, cid), "ack");
    }
    (void)visitor_say(&s.v, "c2", "还是要第一款");
    (void)visitor_say(&s.v, "c3", "谢谢");
    wire_take(&s.a.wire, "{s:s,s:{s:s}}", "type", "assigned", "conversation", "id", s.v.conv);
    (void)snprintf(path, sizeof(path), "/api/v1/transcripts/%s", s.v.conv);
    got = staff_get(&s.a, &d, path);
    json_array_foreach(json_object_get(got, "timeline"), i, e)
    {
        if (strcmp(text_at(e, "kind"), "page") != 0)
            continue;
        assert_true(n < 3);
        (void)snprintf(url, sizeof(url), "https://shop.example%s", want[n++]);
        assert_string_equal(text_at(e, "data.page.url"), url);
        assert_string_equal(text_at(e, "by.role"), "visitor");
    }
    assert_int_equal(n, 3);
    json_decref(got);
    wire_text(&s.v.wire, "{\"type\":\"close\",\"cid\":\"over\"}"); /* the agent's close has been one already */
    assert_string_equal(wire_verdict(&s.v.wire, "over"), "ack");
    leave(&s.a);
    visitor_free(&s.v);
}

static void notes_are_for_staff_alone(void **state)
{
    struct scene s;

    (void)state;
    begin(&s, "我要投诉");
    wire_sendf(&s.a.wire, "{\"type\":\"note\",\"conversation\":\"%s\",\"cid\":\"n1\",\"text\":\"回头客\"}", s.v.conv);
    assert_string_equal(wire_verdict(&s.a.wire, "n1"), "ack");
    wire_sendf(&s.a.wire, "{\"type\":\"history\",\"conversation\":\"%s\",\"after\":0}", s.v.conv);
    wire_take(&s.a.wire, "{s:s,s:s,s:{s:s,s:{s:s}}}", "type", "timeline", "conversation", s.v.conv, "entry", "kind", "note", "data", "text",
              "回头客");
    wire_none(&s.v.wire, "{s:s}", "type", "timeline");
    assert_int_equal(staff_say(&s.a, s.v.conv, "a1", "您好"), 4);
    end(&s);
}

static void a_transfer_changes_who_serves(void **state)
{
    struct scene s;
    struct staff b = { 0 };

    (void)state;
    begin(&s, "转给懂发票的人吧");
    staff_online(&b, &d, AGENT2, SITE);
    wire_sendf(&s.a.wire, "{\"type\":\"transfer\",\"conversation\":\"%s\",\"cid\":\"t1\",\"to\":{\"agent\":\"%s\"},\"note\":\"懂发票\"}",
               s.v.conv, b.id);
    assert_string_equal(wire_verdict(&s.a.wire, "t1"), "ack");
    wire_take(&s.a.wire, "{s:s,s:s}", "type", "released", "conversation", s.v.conv);
    wire_take(&b.wire, "{s:s,s:{s:s,s:s}}", "type", "assigned", "conversation", "id", s.v.conv, "state", "served");
    wire_take(&s.v.wire, "{s:s,s:s}", "type", "message", "event", "transferred");
    wire_take(&s.v.wire, "{s:s,s:s,s:{s:s}}", "type", "state", "state", "served", "agent", "number", "1025");

    /* The new one reads all of it, the note too; the old one may say nothing any more. */
    wire_sendf(&b.wire, "{\"type\":\"history\",\"conversation\":\"%s\",\"after\":0}", s.v.conv);
    wire_take(&b.wire, "{s:s,s:{s:s,s:{s:s}}}", "type", "timeline", "entry", "kind", "note", "data", "text", "懂发票");
    wire_sendf(&s.a.wire, "{\"type\":\"message\",\"conversation\":\"%s\",\"cid\":\"late\",\"kind\":\"text\",\"text\":\"还在\"}", s.v.conv);
    assert_string_equal(wire_verdict(&s.a.wire, "late"), "not_found");
    assert_int_equal(staff_say(&b, s.v.conv, "b1", "您好，我来处理。"), 5);
    wire_take(&s.v.wire, "{s:s,s:i,s:{s:s}}", "type", "message", "seq", 5, "from", "number", "1025");
    close_by_agent(&b, s.v.conv);
    leave(&b);
    leave(&s.a);
    visitor_free(&s.v);
}

static void a_transfer_to_a_queue_waits_for_somebody_else(void **state)
{
    struct scene s;
    struct staff b = { 0 };

    (void)state;
    begin(&s, "我想问售前");
    staff_online(&b, &d, AGENT2, SITE);
    staff_presence(&s.a, "busy");
    wire_sendf(&s.a.wire, "{\"type\":\"transfer\",\"conversation\":\"%s\",\"cid\":\"t1\",\"to\":{\"queue\":\"sales\"}}", s.v.conv);
    assert_string_equal(wire_verdict(&s.a.wire, "t1"), "ack");
    wire_take(&b.wire, "{s:s,s:{s:s,s:s}}", "type", "assigned", "conversation", "id", s.v.conv, "queue", "sales");
    close_by_agent(&b, s.v.conv);
    leave(&b);
    leave(&s.a);
    visitor_free(&s.v);
}

/* ---- again ---- */

static void a_closed_conversation_is_reopened_by_the_next_message(void **state)
{
    struct scene s;
    struct staff b = { 0 };
    char conv[40];

    (void)state;
    begin(&s, "先问一句");
    (void)snprintf(conv, sizeof(conv), "%s", s.v.conv);
    wire_text(&s.v.wire, "{\"type\":\"close\",\"cid\":\"x1\"}");
    assert_string_equal(wire_verdict(&s.v.wire, "x1"), "ack");
    wire_take(&s.v.wire, "{s:s,s:s}", "type", "state", "state", "closed");
    wire_take(&s.a.wire, "{s:s,s:s}", "type", "released", "conversation", conv);

    staff_online(&b, &d, AGENT2, SITE); /* idle for longer, and yet the last agent is preferred */
    assert_int_equal(visitor_say(&s.v, "c2", "还有一个问题"), 5);
    assert_string_equal(s.v.conv, conv);
    wire_take(&s.a.wire, "{s:s,s:{s:s}}", "type", "assigned", "conversation", "id", conv);
    wire_none(&b.wire, "{s:s}", "type", "assigned");
    leave(&b);
    end(&s);
}

static void history_pages_both_ways(void **state)
{
    struct scene s;
    const json_t *page;

    (void)state;
    begin(&s, "第一句");
    for (int n = 4; n <= 9; n++) {
        char cid[16];

        (void)snprintf(cid, sizeof(cid), "h%d", n);
        assert_int_equal(staff_say(&s.a, s.v.conv, cid, "答"), n);
    }
    wire_text(&s.v.wire, "{\"type\":\"history\",\"after\":2,\"limit\":3}");
    page = wire_take(&s.v.wire, "{s:s}", "type", "history");
    assert_int_equal(number_at(page, "messages.0.seq"), 3);
    assert_int_equal(number_at(page, "messages.2.seq"), 5);
    assert_int_equal(json_array_size(value_at(page, "messages")), 3);
    assert_true(json_is_true(value_at(page, "more")));
    wire_text(&s.v.wire, "{\"type\":\"history\",\"before\":5,\"limit\":3}");
    page = wire_take(&s.v.wire, "{s:s}", "type", "history");
    assert_int_equal(number_at(page, "messages.0.seq"), 2);
    assert_int_equal(number_at(page, "messages.2.seq"), 4);
    assert_true(json_is_true(value_at(page, "more")));
    wire_text(&s.v.wire, "{\"type\":\"history\",\"before\":3,\"limit\":3}");
    page = wire_take(&s.v.wire, "{s:s}", "type", "history");
    assert_int_equal(json_array_size(value_at(page, "messages")), 2);
    assert_true(json_is_false(value_at(page, "more")));
    wire_text(&s.v.wire, "{\"type\":\"history\",\"after\":9}");
    page = wire_take(&s.v.wire, "{s:s}", "type", "history");
    assert_int_equal(json_array_size(value_at(page, "messages")), 0);
    assert_true(json_is_false(value_at(page, "more")));
    end(&s);
}

static void who_comes_back_learns_what_was_said_meanwhile(void **state)
{
    struct scene s;
    const json_t *page;

    (void)state;
    begin(&s, "网断了怎么办");
    visitor_leave(&s.v);
    assert_int_equal(staff_say(&s.a, s.v.conv, "a1", "您还在吗？"), 4);
    visitor_enter(&s.v, &d, SITE, ",\"last_seq\":3");
    assert_int_equal(s.v.seq, 4);
    assert_string_equal(text_at(s.v.welcome, "conversation.state"), "served");
    assert_string_equal(text_at(s.v.welcome, "conversation.agent.number"), "1024");
    wire_text(&s.v.wire, "{\"type\":\"history\",\"after\":3}");
    page = wire_take(&s.v.wire, "{s:s,s:b}", "type", "history", "more", 0);
    assert_int_equal(json_array_size(value_at(page, "messages")), 1);
    assert_string_equal(text_at(page, "messages.0.text"), "您还在吗？");
    wire_none(&s.v.wire, "{s:s}", "type", "message"); /* nothing older than the welcome is pushed */
    end(&s);
}

static void an_agent_who_comes_back_has_the_same_conversations(void **state)
{
    struct scene s;

    (void)state;
    begin(&s, "等您回来");
    staff_leave(&s.a);
    assert_int_equal(visitor_say(&s.v, "c2", "您还在吗"), 4);
    staff_enter(&s.a, &d, SITE);
    assert_string_equal(text_at(s.a.welcome, "presence"), "online");
    assert_string_equal(text_at(s.a.welcome, "conversations.0.id"), s.v.conv);
    assert_int_equal(number_at(s.a.welcome, "conversations.0.seq"), 4);
    assert_int_equal(staff_say(&s.a, s.v.conv, "a1", "回来了"), 5);
    wire_take(&s.v.wire, "{s:s,s:i}", "type", "message", "seq", 5);
    end(&s);
}

/* ---- once ---- */

static void two_windows_of_one_visitor_agree(void **state)
{
    struct scene s;
    struct visitor w = { 0 };

    (void)state;
    begin(&s, "两个窗口");
    (void)snprintf(w.token, sizeof(w.token), "%s", s.v.token);
    visitor_enter(&w, &d, SITE, NULL);
    assert_string_equal(w.id, s.v.id);
    assert_string_equal(w.conv, s.v.conv);
    assert_int_equal(visitor_say(&s.v, "c2", "在第一个窗口写的"), 4);
    wire_take(&w.wire, "{s:s,s:i,s:s,s:s}", "type", "message", "seq", 4, "cid", "c2", "text", "在第一个窗口写的");
    wire_none(&s.v.wire, "{s:s,s:s}", "type", "message", "cid", "c2"); /* its own socket has the ack */
    (void)staff_say(&s.a, s.v.conv, "a1", "两边都看得到");
    wire_take(&w.wire, "{s:s,s:i}", "type", "message", "seq", 5);
    wire_take(&s.v.wire, "{s:s,s:i}", "type", "message", "seq", 5);
    visitor_free(&w);
    end(&s);
}

static void the_same_cid_is_one_message(void **state)
{
    struct scene s;

    (void)state;
    begin(&s, "只说一次");
    assert_int_equal(visitor_say(&s.v, "c2", "重复的话"), 4);
    assert_int_equal(visitor_say(&s.v, "c2", "重复的话"), 4);
    wire_text(&s.v.wire, "{\"type\":\"message\",\"cid\":\"c2\",\"kind\":\"text\",\"text\":\"另外的话\"}");
    assert_string_equal(wire_verdict(&s.v.wire, "c2"), "conflict");
    assert_int_equal(visitor_say(&s.v, "c3", "下一句"), 5);
    wire_take(&s.a.wire, "{s:s,s:i}", "type", "message", "seq", 4);
    wire_take(&s.a.wire, "{s:s,s:i}", "type", "message", "seq", 5);
    wire_none(&s.a.wire, "{s:s,s:i}", "type", "message", "seq", 4);

    assert_int_equal(staff_say(&s.a, s.v.conv, "a1", "客服也一样"), 6);
    assert_int_equal(staff_say(&s.a, s.v.conv, "a1", "客服也一样"), 6);
    wire_sendf(&s.a.wire, "{\"type\":\"note\",\"conversation\":\"%s\",\"cid\":\"a1\",\"text\":\"客服也一样\"}", s.v.conv);
    assert_string_equal(wire_verdict(&s.a.wire, "a1"), "conflict"); /* another act under the same id */
    end(&s);
}

/* The line broke between the commit and the ack, and meanwhile the act has become impossible. */
static void an_act_that_was_done_is_acknowledged_when_it_comes_again(void **state)
{
    struct scene s;
    struct staff b = { 0 };
    char transfer[200];
    int64_t seq;

    (void)state;
    begin(&s, "断线重发");
    staff_online(&b, &d, AGENT2, SITE);
    seq = staff_say(&s.a, s.v.conv, "m1", "存下了");
    (void)snprintf(transfer, sizeof(transfer), "{\"type\":\"transfer\",\"conversation\":\"%s\",\"cid\":\"t1\",\"to\":{\"agent\":\"%s\"}}",
                   s.v.conv, b.id);
    wire_text(&s.a.wire, transfer);
    assert_string_equal(wire_verdict(&s.a.wire, "t1"), "ack");
    assert_int_equal(staff_say(&s.a, s.v.conv, "m1", "存下了"), seq);
    wire_text(&s.a.wire, transfer);
    assert_string_equal(wire_verdict(&s.a.wire, "t1"), "ack");
    wire_sendf(&s.a.wire, "{\"type\":\"message\",\"conversation\":\"%s\",\"cid\":\"m1\",\"kind\":\"text\",\"text\":\"别的\"}", s.v.conv);
    assert_string_equal(wire_verdict(&s.a.wire, "m1"), "not_found"); /* other content is another act */
    close_by_agent(&b, s.v.conv);
    close_by_agent(&b, s.v.conv);
    leave(&b);
    leave(&s.a);
    visitor_free(&s.v);
}

static void a_recalled_message_is_gone_for_everybody(void **state)
{
    struct scene s;
    const json_t *page;

    (void)state;
    begin(&s, "撤回");
    assert_int_equal(staff_say(&s.a, s.v.conv, "a1", "说错了的话"), 4);
    wire_sendf(&s.a.wire, "{\"type\":\"recall\",\"conversation\":\"%s\",\"cid\":\"q1\",\"seq\":4}", s.v.conv);
    assert_string_equal(wire_verdict(&s.a.wire, "q1"), "ack");
    wire_take(&s.v.wire, "{s:s,s:i,s:s}", "type", "changed", "seq", 4, "kind", "removed");
    wire_text(&s.v.wire, "{\"type\":\"history\",\"after\":3}");
    page = wire_take(&s.v.wire, "{s:s}", "type", "history");
    assert_string_equal(text_at(page, "messages.0.kind"), "removed");
    assert_string_equal(text_at(page, "messages.0.text"), "");
    /* What a visitor wrote is not an agent's to take back. */
    wire_sendf(&s.a.wire, "{\"type\":\"recall\",\"conversation\":\"%s\",\"cid\":\"q2\",\"seq\":1}", s.v.conv);
    assert_string_equal(wire_verdict(&s.a.wire, "q2"), "forbidden");
    /* And nothing here shows what an agent would put on it. */
    wire_sendf(&s.a.wire, "{\"type\":\"react\",\"conversation\":\"%s\",\"cid\":\"q3\",\"seq\":1,\"emoji\":\"👍\"}", s.v.conv);
    assert_string_equal(wire_verdict(&s.a.wire, "q3"), "unsupported");
    end(&s);
}

static void a_form_becomes_a_card(void **state)
{
    struct scene s;

    (void)state;
    begin(&s, "表单");
    wire_text(&s.v.wire, "{\"type\":\"message\",\"cid\":\"f1\",\"kind\":\"form\",\"form\":{\"name\":\"王芳\",\"phone\":\"13800000000\"}}");
    assert_string_equal(wire_verdict(&s.v.wire, "f1"), "ack");
    wire_take(&s.a.wire, "{s:s,s:i,s:s,s:{s:s,s:s}}", "type", "message", "seq", 4, "kind", "card", "form", "name", "王芳", "phone",
              "13800000000");
    assert_int_equal(visitor_say(&s.v, "f3", "是"), 5);
    end(&s);
}

static void fills_in(struct visitor *v, const char *cid, const char *form)
{
    wire_sendf(&v->wire, "{\"type\":\"message\",\"cid\":\"%s\",\"kind\":\"form\",\"form\":%s}", cid, form);
}

/* What a form says of how to be reached is looked at while its visitor is still there. */
static void who_cannot_be_reached_is_asked_again(void **state)
{
    static const struct {
        const char *form, *words;
    } rows[] = {
        { "{\"contact\":\"abc\"}", "form: contact: not a phone number (5 to 15 digits" },
        { "{\"name\":\"王\",\"contact\":\"123\"}", "form: contact: not" },
        { "{\"contact\":\"foo@\"}", "form: contact: not" },
        { "{\"contact\":13800138000}", "form: contact: not" },
        { "{\"name\":\"\",\"contact\":\"\",\"text\":\"\"}", "form: contact: is empty: a phone number (5 to 15 digits" },
        { "{\"contact\":\"\u3000\"}", "form: contact: is empty" },
        { "{\"phone\":\"\"}", "form: phone: is empty" },
        { "{\"phone\":\"\",\"email\":\"a@\"}", "form: email: not a mail address" },
        { "{\"phone\":\"13800000000\",\"text\":\" \"}", "form: text: is empty" },
    };
    struct scene s;
    char cid[16];

    (void)state;
    begin(&s, "表单");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const json_t *f;

        (void)snprintf(cid, sizeof(cid), "b%zu", i);
        do {
            fills_in(&s.v, cid, rows[i].form);
            f = wire_take(&s.v.wire, "{s:s,s:s}", "type", "error", "cid", cid);
        } while (strcmp(text_at(f, "code"), "rate_limited") == 0);
        if (strncmp(text_at(f, "message"), rows[i].words, strlen(rows[i].words)) != 0)
            fail_msg("%s: %s", rows[i].form, text_at(f, "message"));
    }
    end(&s);
    begin(&s, "表单");
    fills_in(&s.v, "f1", "{\"contact\":\"（010）8888-6666\",\"email\":\"\"}");
    assert_string_equal(wire_verdict(&s.v.wire, "f1"), "ack");
    wire_take(&s.a.wire, "{s:s,s:{s:s}}", "type", "message", "form", "contact", "（010）8888-6666");
    fills_in(&s.v, "f2", "{\"name\":\"王芳\",\"topic\":\"\"}"); /* asks for nothing of the kind */
    assert_string_equal(wire_verdict(&s.v.wire, "f2"), "ack");
    end(&s);
}

/* What is wrong is said to the visitor by the site, beside what it says to programs. */
static void who_cannot_be_reached_is_told_so_in_the_visitors_language(void **state)
{
    static const struct {
        const char *locale, *form, *text, *field;
    } rows[] = {
        { "zh-CN", "{\"contact\":\"abc\"}", "联系方式似乎有误，请填写可用的手机号或邮箱。", "contact" },
        { "zh-TW", "{\"phone\":\"\"}", "聯絡方式似乎有誤，請填寫可用的手機號碼或電子郵件。", "phone" },
        { "en", "{\"email\":\"a@\"}", "These contact details do not look right. Please give a phone number or a mail address that works.",
          "email" },
        { "zh-CN", "{\"phone\":\"13800000000\",\"text\":\" \\u200b\"}", "请填写留言内容。", "text" },
        { "zh-TW", "{\"phone\":\"13800000000\",\"text\":\" \"}", "請填寫留言內容。", "text" },
        { "en", "{\"phone\":\"13800000000\",\"text\":\" \"}", "Please tell us what it is about.", "text" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct visitor v = { 0 };
        char hello[40];
        const json_t *f;

        (void)snprintf(hello, sizeof(hello), ",\"locale\":\"%s\"", rows[i].locale);
        visitor_enter(&v, &d, SITE, hello);
        fills_in(&v, "f1", rows[i].form);
        f = wire_take(&v.wire, "{s:s,s:s}", "type", "error", "cid", "f1");
        assert_string_equal(text_at(f, "code"), "bad_request");
        assert_int_equal(strncmp(text_at(f, "message"), "form: ", 6), 0);
        assert_string_equal(text_at(f, "text"), rows[i].text);
        assert_string_equal(text_at(f, "field"), rows[i].field);
        visitor_free(&v);
    }
}

/* ---- nobody there ---- */

/* All that the system has said in words, one after the other. */
static void system_said(struct visitor *v, char *ret, size_t size)
{
    const json_t *f, *m;
    size_t i;

    wire_text(&v->wire, "{\"type\":\"history\",\"after\":0}");
    f = wire_take(&v->wire, "{s:s}", "type", "history");
    *ret = '\0';
    json_array_foreach(json_object_get(f, "messages"), i,
                       m) if (strcmp(text_at(m, "from.role"), "system") == 0 && strcmp(text_at(m, "kind"), "text") == 0)(void)
        snprintf(ret + strlen(ret), size - strlen(ret), "%.24s|", text_at(m, "text"));
}

static int count_of(const char *text, char c)
{
    int n = 0;

    for (; *text; text++)
        n += *text == c;
    return n;
}

/* Nobody who comes to serve others finds this one in line. */
static void goes(struct visitor *v)
{
    wire_text(&v->wire, "{\"type\":\"close\",\"cid\":\"gone\"}");
    assert_string_equal(wire_verdict(&v->wire, "gone"), "ack");
    visitor_free(v);
}

static void who_leaves_a_message_is_thanked_once(void **state)
{
    static const struct {
        const char *locale, *thanks;
    } rows[] = {
        { "zh-CN", "您的留言已收到，谢谢。我们会尽快与您联系。" },
        { "zh-TW", "已收到您的留言，謝謝。我們會儘快與您聯絡。" },
        { "en", "Thank you, we have received your message and will get back to you soon." },
    };
    static const char form[] = "{\"name\":\"Ann\",\"phone\":\"13800000000\",\"text\":\"a human, please\"}";
    struct visitor v = { 0 };
    char hello[40], all[400];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        (void)snprintf(hello, sizeof(hello), ",\"locale\":\"%s\"", rows[i].locale);
        visitor_enter(&v, &d, SITE, hello);
        (void)visitor_say(&v, "c1", "Hello?");
        wire_take(&v.wire, "{s:s,s:s}", "type", "message", "form", "contact");
        fills_in(&v, "f1", form); /* asks for a person: who has left a message is not asked for one again */
        wire_take(&v.wire, "{s:s,s:s,s:s}", "type", "message", "text", rows[i].thanks, "lang", rows[i].locale);
        fills_in(&v, "f1", form); /* once more, for the ack was lost */
        assert_string_equal(wire_verdict(&v.wire, "f1"), "ack");
        system_said(&v, all, sizeof(all));
        assert_int_equal(count_of(all, '|'), 3); /* greeted, asked for a message, thanked for it */
        goes(&v);
    }
    /* Whoever begins with it is not greeted with what the thanks say, and not asked for what is there. */
    visitor_enter(&v, &d, SITE, ",\"locale\":\"en\"");
    fills_in(&v, "f1", form);
    wire_take(&v.wire, "{s:s,s:s}", "type", "message", "text", rows[2].thanks);
    system_said(&v, all, sizeof(all));
    assert_string_equal(all, "Thank you, we have recei|");
    /* A second message is taken like the first. */
    fills_in(&v, "f2", "{\"email\":\"ann@x.example\"}");
    wire_take(&v.wire, "{s:s,s:s}", "type", "message", "text", rows[2].thanks);
    goes(&v);
}

static void who_was_served_by_nobody_has_nothing_to_rate(void **state)
{
    struct visitor v = { 0 };
    const json_t *f;

    (void)state;
    visitor_enter(&v, &d, SITE, NULL);
    (void)visitor_say(&v, "c1", "有人吗");
    wire_sendf(&v.wire, "{\"type\":\"rate\",\"cid\":\"r1\",\"conversation\":\"%s\",\"score\":1}", v.conv);
    f = wire_take(&v.wire, "{s:s,s:s,s:s}", "type", "error", "cid", "r1", "code", "conflict");
    assert_string_equal(text_at(f, "message"), "nobody has served this conversation: there is nothing to rate");
    goes(&v);
}

static void whoever_is_served_is_thanked_by_the_agent(void **state)
{
    struct scene s;

    (void)state;
    begin(&s, "表单");
    fills_in(&s.v, "f1", "{\"name\":\"王芳\",\"phone\":\"13800000000\"}");
    assert_string_equal(wire_verdict(&s.v.wire, "f1"), "ack");
    assert_int_equal(visitor_say(&s.v, "c2", "在吗"), 5); /* what came between them would have a number */
    end(&s);
}

static void a_message_left_becomes_a_conversation_when_agents_return(void **state)
{
    struct visitor v = { 0 };
    struct staff a = { 0 };

    (void)state;
    visitor_enter(&v, &d, SITE, ",\"locale\":\"en\"");
    if (!json_is_false(value_at(v.welcome, "site.staffed"))) /* the last one has gone this very moment */
        wire_take(&v.wire, "{s:s,s:b}", "type", "site", "staffed", 0);
    assert_int_equal(visitor_say(&v, "c1", "Is anybody there?"), 1);
    wire_take(&v.wire, "{s:s,s:i,s:{s:s},s:s}", "type", "message", "seq", 2, "from", "role", "system", "lang", "en");
    wire_take(&v.wire, "{s:s,s:i,s:{s:s}}", "type", "message", "seq", 3, "from", "role", "system");
    wire_text(&v.wire, "{\"type\":\"message\",\"cid\":\"f1\",\"kind\":\"form\",\"form\":{\"name\":\"Ann\",\"contact\":\"ann@x.example\"}}");
    assert_string_equal(wire_verdict(&v.wire, "f1"), "ack");
    staff_online(&a, &d, AGENT1, SITE);
    wire_take(&a.wire, "{s:s,s:{s:s}}", "type", "assigned", "conversation", "id", v.conv);
    wire_take(&v.wire, "{s:s,s:s}", "type", "state", "state", "served");
    close_by_agent(&a, v.conv);
    leave(&a);
    visitor_free(&v);
}

static void who_comes_first_is_served_first_by_a_free_place(void **state)
{
    struct staff a = { 0 }, b = { 0 };
    struct visitor v[11] = { 0 };

    (void)state;
    staff_online(&a, &d, AGENT1, SITE);
    staff_online(&b, &d, AGENT2, SITE);
    for (int i = 0; i < 11; i++) {
        visitor_enter(&v[i], &d, SITE, NULL);
        (void)visitor_say(&v[i], "c1", "排队");
        if (i < 10)
            wire_take(&v[i].wire, "{s:s,s:s}", "type", "state", "state", "served");
    }
    wire_take(&v[10].wire, "{s:s,s:s,s:i}", "type", "state", "state", "waiting", "position", 1);
    wire_take(&a.wire, "{s:s,s:i}", "type", "queue", "waiting", 1);
    /* A free place takes the first who waits. */
    wire_text(&v[0].wire, "{\"type\":\"close\",\"cid\":\"x1\"}");
    wire_take(&v[10].wire, "{s:s,s:s}", "type", "state", "state", "served");
    for (int i = 1; i < 11; i++) {
        wire_text(&v[i].wire, "{\"type\":\"close\",\"cid\":\"x1\"}");
        assert_string_equal(wire_verdict(&v[i].wire, "x1"), "ack");
    }
    for (int i = 0; i < 11; i++)
        visitor_free(&v[i]);
    leave(&a);
    leave(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_visitor_is_greeted_served_and_rates),
        cmocka_unit_test(seqs_are_dense_and_the_same_for_everybody),
        cmocka_unit_test(notes_are_for_staff_alone),
        cmocka_unit_test(the_pages_of_a_visit_stand_on_the_timeline),
        cmocka_unit_test(a_transfer_changes_who_serves),
        cmocka_unit_test(a_transfer_to_a_queue_waits_for_somebody_else),
        cmocka_unit_test(a_closed_conversation_is_reopened_by_the_next_message),
        cmocka_unit_test(history_pages_both_ways),
        cmocka_unit_test(who_comes_back_learns_what_was_said_meanwhile),
        cmocka_unit_test(an_agent_who_comes_back_has_the_same_conversations),
        cmocka_unit_test(two_windows_of_one_visitor_agree),
        cmocka_unit_test(the_same_cid_is_one_message),
        cmocka_unit_test(an_act_that_was_done_is_acknowledged_when_it_comes_again),
        cmocka_unit_test(a_recalled_message_is_gone_for_everybody),
        cmocka_unit_test(a_form_becomes_a_card),
        cmocka_unit_test(who_cannot_be_reached_is_asked_again),
        cmocka_unit_test(who_cannot_be_reached_is_told_so_in_the_visitors_language),
        cmocka_unit_test(who_leaves_a_message_is_thanked_once),
        cmocka_unit_test(whoever_is_served_is_thanked_by_the_agent),
        cmocka_unit_test(who_was_served_by_nobody_has_nothing_to_rate),
        cmocka_unit_test(a_message_left_becomes_a_conversation_when_agents_return),
        cmocka_unit_test(who_comes_first_is_served_first_by_a_free_place),
    };

    return cmocka_run_group_tests(tests, start, finish);
}
