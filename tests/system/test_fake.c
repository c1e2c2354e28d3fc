/* The fake channel beside a real kefud: a platform as odd as the oddest (protocols/fake.h says how). */
#include "fake_rig.h"

#include <poll.h>

static void the_first_answer_rides_in_the_answer_to_the_notice(void **state)
{
    struct reply r = notice(text_from("u1", "9007199254740993", "你好"));

    (void)state;
    assert_int_equal(r.status, 200);
    assert_string_equal(text_at(r.json, "kind"), "text");
    assert_string_equal(text_at(r.json, "to"), "u1");
    assert_string_equal(text_at(r.json, "from"), "shop");
    assert_true(*text_at(r.json, "text")); /* the greeting */
    reply_free(&r);
    close_talk(assigned());
}

/* Signs and sends a notice, and leaves its answer for later. */
static int notice_begin(const char *body)
{
    char head[500];
    int fd = web_connect(&d, false), n;

    n = snprintf(head, sizeof(head), "POST %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Length: %zu\r\n\r\n", signed_path(TOKEN, body),
                 d.port, strlen(body));
    web_send(fd, head, (size_t)n);
    web_send(fd, body, strlen(body));
    return fd;
}

static void a_quick_reply_of_the_agent_rides_along_too(void **state)
{
    const char *conv;
    struct reply r;
    int64_t seq;
    int fd;

    (void)state;
    reply_free(&(struct reply[]){ notice(text_from("u2", "21", "在吗")) }[0]);
    conv = assigned();
    fd = notice_begin(text_from("u2", "22", "快点"));
    wire_take(&agent.wire, "{s:s,s:s}", "type", "message", "text", "快点");
    seq = staff_say(&agent, conv, "r1", "马上");
    assert_true(web_read(fd, false, &r));
    assert_string_equal(text_at(r.json, "text"), "马上");
    status(seq, "sent");
    reply_free(&r);
    (void)close(fd);
    close_talk(conv);
}

/* A held answer is a connection, of which an address may have so many. */
static void in_a_rush_no_answer_waits_for_a_reply(void **state)
{
    enum { HELD = 8, RUSH = 40 };
    struct pollfd held[RUSH];
    char id[8], conv[40];
    int waiting = 0;

    (void)state;
    reply_free(&(struct reply[]){ notice(text_from("u-rush", "2100", "在吗")) }[0]);
    (void)snprintf(conv, sizeof(conv), "%s", assigned());
    for (int i = 0; i < RUSH; i++) {
        char text[40];

        (void)snprintf(id, sizeof(id), "%d", 2101 + i);
        (void)snprintf(text, sizeof(text), "第 %d 句", i);
        held[i] = (struct pollfd){ .fd = notice_begin(text_from("u-rush", id, text)), .events = POLLIN };
        wire_take(&agent.wire, "{s:s,s:s}", "type", "message", "text", text);
        if (i >= HELD) /* what is stored beyond that is answered as soon as it is */
            assert_int_equal(poll(&held[i], 1, 1000), 1);
    }
    for (int i = 0; i < RUSH; i++) {
        struct reply r;

        waiting += poll(&held[i], 1, 0) == 0;
        assert_true(web_read(held[i].fd, false, &r));
        assert_int_equal(r.status, 200);
        assert_string_equal(r.body, "success");
        reply_free(&r);
        (void)close(held[i].fd);
    }
    assert_true(waiting <= HELD);
    close_talk(conv);
}

static void a_reply_takes_the_token_and_counts_the_handle(void **state)
{
    char words[1300] = "";
    const char *conv;
    int64_t seq;

    (void)state;
    reply_free(&(struct reply[]){ notice(text_from("u4", "41", "慢慢来")) }[0]);
    conv = assigned();
    seq = staff_say(&agent, conv, "r1", "第一句");
    platform_take(&p);
    assert_string_equal(p.path, "/api/send?token=token-one");
    assert_string_equal(text_at(p.json, "to"), "u4");
    assert_string_equal(text_at(p.json, "handle"), "h-u4");
    assert_string_equal(text_at(p.json, "text"), "第一句");
    assert_int_equal(number_at(p.json, "n"), 1);
    platform_answer(&p, 200, NULL, "{\"code\":0}");
    status(seq, "sent");
    seq = staff_say(&agent, conv, "r2", "第二句");
    platform_take(&p); /* the same token, the next of five */
    assert_string_equal(p.path, "/api/send?token=token-one");
    assert_int_equal(number_at(p.json, "n"), 2);
    platform_answer(&p, 200, NULL, "{\"code\":0}");
    status(seq, "sent");

    /* A token that has died early is renewed, and the same message goes out again. */
    seq = staff_say(&agent, conv, "r3", "第三句");
    platform_take(&p);
    platform_answer(&p, 200, NULL, "{\"code\":42001,\"msg\":\"expired\"}");
    give_token("token-two");
    platform_take(&p);
    assert_string_equal(p.path, "/api/send?token=token-two");
    assert_string_equal(text_at(p.json, "text"), "第三句");
    assert_int_equal(number_at(p.json, "n"), 3);
    platform_answer(&p, 200, NULL, "{\"code\":0}");
    status(seq, "sent");

    /* A text of three parts is not begun where two replies are left. */
    wire_take(&agent.wire, "{s:s,s:s,s:s,s:i}", "type", "window", "conversation", conv, "state", "open", "left", 2);
    memset(words, 'x', sizeof(words) - 1);
    wire_sendf(&agent.wire, "{\"type\":\"message\",\"conversation\":\"%s\",\"cid\":\"long\",\"kind\":\"text\",\"text\":\"%s\"}", conv,
               words);
    assert_string_equal(wire_verdict(&agent.wire, "long"), "conflict");

    /* Two more, then the handle is used up: that is said at once, and nobody is asked. */
    for (int i = 4; i <= 5; i++) {
        char cid[16];

        (void)snprintf(cid, sizeof(cid), "r%d", i);
        seq = staff_say(&agent, conv, cid, "又一句");
        platform_take(&p);
        assert_int_equal(number_at(p.json, "n"), i);
        platform_answer(&p, 200, NULL, "{\"code\":0}");
        status(seq, "sent");
    }
    wire_take(&agent.wire, "{s:s,s:s,s:s,s:i}", "type", "window", "conversation", conv, "state", "closed", "left", 0);
    wire_sendf(&agent.wire, "{\"type\":\"message\",\"conversation\":\"%s\",\"cid\":\"r6\",\"kind\":\"text\",\"text\":\"第六句\"}", conv);
    assert_string_equal(wire_verdict(&agent.wire, "r6"), "conflict");
    reply_free(&(struct reply[]){ notice(text_from("u4", "42", "还在吗")) }[0]);
    wire_take(&agent.wire, "{s:s,s:s,s:s,s:i}", "type", "window", "conversation", conv, "state", "open", "left", 5);
    close_talk(conv);
}

static void news_are_fetched_page_by_page_and_once(void **state)
{
    char page[1400], item[600];
    const json_t *talk;
    const char *conv;

    (void)state;
    takes("{\"to\":\"shop\",\"from\":\"platform\",\"at\":1,\"kind\":\"news\",\"ticket\":\"t-1\"}");
    take_pull("token-two", "");
    assert_string_equal(text_at(p.json, "ticket"), "t-1");
    (void)snprintf(item, sizeof(item), "%s", text_from("u7", "71", "拉取一"));
    (void)snprintf(page, sizeof(page), "{\"code\":0,\"items\":[%s],\"next\":\"c-1\",\"more\":1}", item);
    platform_answer(&p, 200, NULL, page);
    conv = assigned();
    take_pull("token-two", "c-1");
    (void)snprintf(page, sizeof(page), "{\"code\":0,\"items\":[%s,7,%s],\"next\":\"c-2\",\"more\":0}", item,
                   text_from("u7", "72", "拉取二"));
    platform_answer(&p, 200, NULL, page);
    wire_take(&agent.wire, "{s:s,s:s}", "type", "message", "text", "拉取二");
    wire_sendf(&agent.wire, "{\"type\":\"history\",\"conversation\":\"%s\",\"after\":0}", conv);
    talk = wire_take(&agent.wire, "{s:s,s:s}", "type", "history", "conversation", conv);
    assert_int_equal(json_array_size(value_at(talk, "messages")), 4); /* with the greeting and the joining */
    takes("{\"to\":\"shop\",\"from\":\"platform\",\"at\":2,\"kind\":\"news\",\"ticket\":\"t-2\"}");
    take_pull("token-two", "c-2"); /* from where the last page has ended */
    platform_answer(&p, 200, NULL, "{\"code\":0,\"items\":[],\"next\":\"c-2\",\"more\":0}");
    close_talk(conv);
}

static void token_and_cursor_survive_and_what_was_missed_is_fetched(void **state)
{
    (void)state;
    staff_leave(&agent);
    daemon_kill(&d);
    daemon_restart(&d);
    staff_enter(&agent, &d, SITE);
    take_pull("token-two", "c-2");
    platform_answer(&p, 200, NULL, "{\"code\":0,\"items\":[],\"next\":\"c-2\",\"more\":0}");
}

static void a_visitor_may_take_a_message_back(void **state)
{
    char body[200];
    const char *conv;

    (void)state;
    reply_free(&(struct reply[]){ notice(text_from("u8", "81", "说漏嘴了")) }[0]);
    conv = assigned();
    (void)snprintf(body, sizeof(body), "{\"to\":\"shop\",\"from\":\"u8\",\"at\":%lld,\"kind\":\"recall\",\"ref\":\"81\"}",
                   (long long)++clock_s);
    takes(body);
    wire_take(&agent.wire, "{s:s,s:s,s:i,s:s}", "type", "changed", "conversation", conv, "seq", 1, "kind", "removed");
    close_talk(conv);
}

static int64_t recalled(const char *user, const char *ref)
{
    char body[200];

    (void)snprintf(body, sizeof(body), "{\"to\":\"shop\",\"from\":\"%s\",\"at\":%lld,\"kind\":\"recall\",\"ref\":\"%s\"}", user,
                   (long long)++clock_s, ref);
    takes(body);
    return clock_s;
}

/* Platforms promise no order: what was taken back is never shown, also where the word of it overtakes what it is about. */
static void what_is_taken_back_before_it_comes_is_never_shown(void **state)
{
    const json_t *page, *first;
    char conv[40];

    (void)state;
    recalled("u-early", "8801"); /* nobody knows that person yet */
    opens(text_from("u-early", "8801", "SECRET one"));
    (void)snprintf(conv, sizeof(conv), "%s", assigned());
    recalled("u-early", "8802"); /* of a conversation that is there */
    takes(text_from("u-early", "8802", "SECRET two"));
    takes(text_from("u-early", "8803", "这句留下"));
    wire_take(&agent.wire, "{s:s,s:s,s:s}", "type", "message", "conversation", conv, "text", "这句留下");
    wire_sendf(&agent.wire, "{\"type\":\"history\",\"conversation\":\"%s\",\"after\":0}", conv);
    page = wire_take(&agent.wire, "{s:s,s:s}", "type", "history", "conversation", conv);
    first = value_at(page, "messages.0");
    assert_string_equal(text_at(first, "kind"), "removed");
    for (size_t i = 0; i < json_array_size(value_at(page, "messages")); i++) {
        const char *text = json_string_value(json_object_get(json_array_get(value_at(page, "messages"), i), "text"));

        assert_true(!text || !strstr(text, "SECRET"));
    }
    close_talk(conv);
}

static void a_long_text_goes_in_parts_and_is_one_message(void **state)
{
    static char line[61], text[1300];
    char conv[40], got[1300] = "";
    int64_t seq;
    int parts = 0;

    (void)state;
    memset(line, 'x', sizeof(line) - 1);
    for (int i = 0; i < 20; i++)
        (void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "%.58s%d\n", line, i % 10);
    opens(text_from("u-long", "70071", "说明书"));
    (void)snprintf(conv, sizeof(conv), "%s", assigned());
    wire_sendf(&agent.wire, "{\"type\":\"read\",\"conversation\":\"%s\",\"cid\":\"rd\",\"seq\":1}", conv);
    seq = number_at((wire_pack(&agent.wire, "{s:s,s:s,s:s,s:s,s:s}", "type", "message", "conversation", conv, "cid", "long", "kind", "text",
                               "text", text),
                     wire_take(&agent.wire, "{s:s,s:s}", "type", "ack", "cid", "long")),
                    "seq");
    while (strlen(got) < strlen(text)) {
        platform_take(&p);
        if (strncmp(p.path, "/api/send?", 10) == 0 && text_at(p.json, "text")[0] == 'x') {
            assert_true(strlen(text_at(p.json, "text")) <= 600);
            assert_int_equal(number_at(p.json, "n") > parts, true); /* each costs a reply */
            (void)snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s", text_at(p.json, "text"));
            parts++;
        }
        platform_answer(&p, 200, NULL, "{\"code\":0}");
    }
    assert_string_equal(got, text);
    assert_int_equal(parts, 2);
    status(seq, "sent");
    close_talk(conv);
}

/* ---- what else people do there ---- */

static void notice_about(const char *user, const char *more)
{
    char body[400];

    (void)snprintf(body, sizeof(body), "{\"to\":\"shop\",\"from\":\"%s\",\"at\":%lld,%s}", user, (long long)++clock_s, more);
    takes(body);
}

static void what_a_colleague_writes_in_the_platforms_own_app_is_part_of_the_talk(void **state)
{
    char conv[40];
    const json_t *m;

    (void)state;
    opens(text_from("u-echo", "70041", "在吗"));
    (void)snprintf(conv, sizeof(conv), "%s", assigned());
    notice_about("u-echo", "\"id\":70042,\"kind\":\"text\",\"text\":\"我在手机上答的\",\"origin\":5,\"by\":\"小李\"");
    m = wire_take(&agent.wire, "{s:s,s:s,s:{s:s,s:s}}", "type", "message", "text", "我在手机上答的", "from", "role", "agent", "name",
                  "小李");
    assert_string_equal(text_at(m, "conversation"), conv);
    assert_string_equal(text_at(m, "state"), ""); /* it is not sent there a second time */
    notice_about("u-echo", "\"id\":70042,\"kind\":\"text\",\"text\":\"我在手机上答的\",\"origin\":5,\"by\":\"小李\"");
    wire_none(&agent.wire, "{s:s,s:s}", "type", "message", "text", "我在手机上答的");
    close_talk(conv);
    /* It opens nothing: whoever has never written is no visitor yet. */
    notice_about("u-nobody", "\"id\":70043,\"kind\":\"text\",\"text\":\"您好\",\"origin\":5");
    wire_none(&agent.wire, "{s:s,s:s}", "type", "message", "text", "您好");
}

static void likes_and_comings_and_goings_stand_on_the_timeline(void **state)
{
    char conv[40];

    (void)state;
    opens(text_from("u-like", "70051", "很好"));
    (void)snprintf(conv, sizeof(conv), "%s", assigned());
    notice_about("u-like", "\"kind\":\"like\",\"ref\":\"70051\",\"emoji\":\"👍\",\"on\":1");
    wire_take(&agent.wire, "{s:s,s:s,s:{s:s,s:i,s:{s:b,s:s}}}", "type", "timeline", "conversation", conv, "entry", "kind", "reaction",
              "after_seq", 1, "data", "on", 1, "emoji", "👍");
    notice_about("u-like", "\"kind\":\"leave\"");
    wire_take(&agent.wire, "{s:s,s:{s:s}}", "type", "timeline", "entry", "kind", "unfollow");
    close_talk(conv);
}

static void whoever_wants_no_machines_hears_from_people_only(void **state)
{
    char conv[40];

    (void)state;
    opens(text_from("u-stop", "70061", "退订"));
    (void)snprintf(conv, sizeof(conv), "%s", assigned());
    while (platform_take_within(&p, 300)) /* the greeting, which was before */
        platform_answer(&p, 200, NULL, "{\"code\":0}");
    notice_about("u-stop", "\"kind\":\"stop\"");
    wire_take(&agent.wire, "{s:s,s:{s:s}}", "type", "timeline", "entry", "kind", "optout");
    staff_presence(&agent, "away"); /* the rule that tells visitors so */
    wire_take(&agent.wire, "{s:s,s:s,s:{s:s}}", "type", "timeline", "conversation", conv, "entry", "kind", "withheld");
    (void)staff_say(&agent, conv, "m1", "已为您退订");
    platform_take(&p);
    assert_string_equal(text_at(p.json, "text"), "已为您退订");
    platform_answer(&p, 200, NULL, "{\"code\":0}");
    staff_presence(&agent, "online");
    notice_about("u-stop", "\"kind\":\"start\"");
    wire_take(&agent.wire, "{s:s,s:{s:s}}", "type", "timeline", "entry", "kind", "optin");
    close_talk(conv);
}

/* It has no buttons: choices are numbered lines, and a number that is written picks one. Whatever the platform is sent meanwhile. */
static const char *sent_with(const char *words)
{
    do {
        platform_take(&p);
        platform_answer(&p, 200, NULL, "{\"code\":0}");
    } while (!strstr(text_at(p.json, "text"), words));
    return text_at(p.json, "text");
}

static void a_number_picks_a_choice(void **state)
{
    struct reply r;

    (void)state;
    staff_presence(&agent, "offline");
    reply_free(&(struct reply[]){ notice(text_from("u90", "9001", "怎么退货")) }[0]);
    assert_non_null(strstr(sent_with("1. 怎么退货"), "\n2. 转人工客服"));
    (void)sent_with("请留下您的称呼"); /* nobody is there */
    r = notice(text_from("u90", "9002", "１"));
    assert_non_null(strstr(text_at(r.json, "text"), "七天内可以退。"));
    assert_non_null(strstr(text_at(r.json, "text"), "\n1. 已解决\n2. 未解决\n3. 转人工客服"));
    reply_free(&r);
    r = notice(text_from("u90", "9003", "1"));
    assert_non_null(strstr(text_at(r.json, "text"), "很高兴能帮到您"));
    reply_free(&r);
    takes(text_from("u90", "9004", "9")); /* there is no such choice */
    staff_presence(&agent, "online");
}

/* Has this conversation's window been told behind its `assigned`? */
static bool window_behind_assigned(const char *conv)
{
    bool known = false;
    size_t i;
    json_t *f;

    (void)wire_pump(&agent.wire, 0);
    json_array_foreach(agent.wire.inbox, i, f)
    {
        known = known || (strcmp(text_at(f, "type"), "assigned") == 0 && strcmp(text_at(f, "conversation.id"), conv) == 0);
        if (known && strcmp(text_at(f, "type"), "window") == 0 && strcmp(text_at(f, "conversation"), conv) == 0)
            return true;
    }
    return false;
}

/* The customer's profile and the window are read at once, and either may be there first: a page keeps no window of what it does not know. */
static void who_is_assigned_hears_of_the_window_afterwards(void **state)
{
    char conv[40], cid[16];

    (void)state;
    reply_free(&(struct reply[]){ notice(text_from("u95", "9501", "在吗")) }[0]);
    (void)snprintf(conv, sizeof(conv), "%s", assigned());
    for (int i = 0; i < 10; i++) {
        staff_presence(&agent, "busy");
        (void)snprintf(cid, sizeof(cid), "t%d", i);
        wire_sendf(&agent.wire, "{\"type\":\"transfer\",\"conversation\":\"%s\",\"cid\":\"%s\",\"to\":{\"queue\":\"desk\"}}", conv, cid);
        assert_string_equal(wire_verdict(&agent.wire, cid), "ack");
        wire_forget(&agent.wire);
        staff_presence(&agent, "online");
        UNTIL(window_behind_assigned(conv));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_answer_rides_in_the_answer_to_the_notice),
        cmocka_unit_test(a_quick_reply_of_the_agent_rides_along_too),
        cmocka_unit_test(in_a_rush_no_answer_waits_for_a_reply),
        cmocka_unit_test(a_reply_takes_the_token_and_counts_the_handle),
        cmocka_unit_test(news_are_fetched_page_by_page_and_once),
        cmocka_unit_test(token_and_cursor_survive_and_what_was_missed_is_fetched),
        cmocka_unit_test(a_visitor_may_take_a_message_back),
        cmocka_unit_test(what_is_taken_back_before_it_comes_is_never_shown),
        cmocka_unit_test(a_long_text_goes_in_parts_and_is_one_message),
        cmocka_unit_test(what_a_colleague_writes_in_the_platforms_own_app_is_part_of_the_talk),
        cmocka_unit_test(likes_and_comings_and_goings_stand_on_the_timeline),
        cmocka_unit_test(whoever_wants_no_machines_hears_from_people_only),
        cmocka_unit_test(a_number_picks_a_choice),
        cmocka_unit_test(who_is_assigned_hears_of_the_window_afterwards),
    };

    return cmocka_run_group_tests(tests, start, finish);
}
