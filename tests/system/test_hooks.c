/* The generic webhook, both ways: another system beside a real kefud. */
#include "hooks_rig.h"

#include <sqlite3.h>
#include <unistd.h>

/* All that was said in a conversation, owned by the caller. */
static json_t *all_of(const char *conv)
{
    const json_t *page;

    wire_sendf(&agent.wire, "{\"type\":\"history\",\"conversation\":\"%s\",\"after\":0,\"limit\":200}", conv);
    page = wire_take(&agent.wire, "{s:s,s:s,s:b}", "type", "history", "conversation", conv, "more", 0);
    return json_incref(value_at(page, "messages"));
}

static int count_of(const json_t *messages, const char *text)
{
    const json_t *m;
    size_t i;
    int n = 0;

    json_array_foreach(messages, i, m)
    {
        assert_int_equal(number_at(m, "seq"), i + 1);
        n += strcmp(text_at(m, "text"), text) == 0;
    }
    return n;
}

static void what_is_signed_becomes_a_conversation(void **state)
{
    const char *conv = begin("u1", "你好，接口");
    json_t *messages = all_of(conv);

    (void)state;
    assert_int_equal(count_of(messages, "你好，接口"), 1);
    assert_string_equal(text_at(messages, "0.from.role"), "visitor");
    assert_string_equal(text_at(messages, "0.from.name"), "小安");
    json_decref(messages);
    assert_int_equal(says("second", "u1", "还有一句"), 204);
    wire_take(&agent.wire, "{s:s,s:s,s:s}", "type", "message", "conversation", conv, "text", "还有一句");
    finish_talk(conv);
}

static void a_repeat_is_answered_alike_and_stored_once(void **state)
{
    const char *conv = begin("u2", "只此一次");
    json_t *messages;

    (void)state;
    for (int i = 0; i < 3; i++)
        assert_int_equal(says("first-u2", "u2", "只此一次"), 204);
    assert_int_equal(says("first-u2", "u2", "同号不同文"), 204); /* the first one wins */
    messages = all_of(conv);
    assert_int_equal(count_of(messages, "只此一次"), 1);
    assert_int_equal(count_of(messages, "同号不同文"), 0);
    json_decref(messages);
    finish_talk(conv);
}

static int lines_of(const char *text)
{
    char *log = daemon_log(&d);
    int n = 0;

    for (const char *at = log; (at = strstr(at, text)); at++)
        n++;
    free(log);
    return n;
}

/* Whoever runs the other system is told that it says two things under one name: which name, and not what. */
static void a_repeat_that_says_something_else_is_logged(void **state)
{
    static const char line[] = "event=inbound_differs site=" SITE " channel=api id=\"webhook:";
    const char *conv = begin("u17", "第一句");
    char *log;
    int n;

    (void)state;
    n = lines_of(line);
    assert_int_equal(says("same", "u17", "这一句"), 204);
    assert_int_equal(says("same", "u17", "这一句"), 204);
    assert_int_equal(lines_of(line), n);
    assert_int_equal(says("same", "u17", "机密的另一句"), 204);
    daemon_log_wait(&d, "event=inbound_differs site=" SITE " channel=api id=\"webhook:same\"");
    assert_int_equal(lines_of(line), n + 1);
    assert_int_equal(
        hook_post(&d, hook, SECRET, "same", 0, "{\"type\":\"message.deleted\",\"data\":{\"id\":\"same\",\"conversation\":\"u17\"}}"), 204);
    assert_int_equal(lines_of(line), n + 2);
    log = daemon_log(&d);
    assert_null(strstr(log, "机密"));
    free(log);
    finish_talk(conv);
}

static void typing_of_the_other_system_is_shown_to_the_agent(void **state)
{
    const char *conv = begin("u18", "我在打字");
    const json_t *frame;

    (void)state;
    for (int on = 1; on >= 0; on--) {
        assert_int_equal(hook_post(&d, hook, SECRET, on ? "t1" : "t0", 0,
                                   on ? "{\"type\":\"user.typing\",\"data\":{\"user\":{\"id\":\"u18\"},\"on\":true}}"
                                      : "{\"type\":\"user.typing\",\"data\":{\"user\":{\"id\":\"u18\"},\"on\":false}}"),
                         204);
        frame = wire_take(&agent.wire, "{s:s,s:s}", "type", "typing", "conversation", conv);
        assert_int_equal(json_is_true(value_at(frame, "on")), on);
        assert_string_equal(text_at(frame, "from.role"), "visitor");
    }
    finish_talk(conv);
}

static void what_is_not_believed_leaves_nothing(void **state)
{
    const char *body = created("bad", "u3", "伪造");
    struct reply r;

    (void)state;
    assert_int_equal(hook_post(&d, hook, REPLY, "bad", 0, body), 401);
    assert_int_equal(hook_post(&d, hook, SECRET, "bad", -301, body), 401);
    assert_int_equal(hook_post(&d, hook, SECRET, "bad", 302, body), 401);
    web_ask(&d, &(struct ask){ .path = hook, .body = body }, &r);
    assert_int_equal(r.status, 401);
    assert_string_equal(text_at(r.json, "error.code"), "missing_signature");
    reply_free(&r);
    web_ask(&d,
            &(struct ask){
                .path = hook, .body = body, .headers = "webhook-id: bad\r\nwebhook-timestamp: tomorrow\r\nwebhook-signature: v1,AAAA\r\n" },
            &r);
    assert_int_equal(r.status, 401);
    reply_free(&r);
    web_ask(&d, &(struct ask){ .path = hook }, &r);
    assert_int_equal(r.status, 405);
    reply_free(&r);
    wire_none(&agent.wire, "{s:s}", "type", "assigned");
}

static void only_what_a_platform_does_is_done_at_a_hook(void **state)
{
    static const struct {
        const char *method, *allow;
    } rows[] = { { "GET", "POST" }, { "HEAD", "POST" }, { "PUT", "POST, GET, HEAD" }, { "DELETE", "POST, GET, HEAD" } };
    struct reply r;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        web_ask(&d, &(struct ask){ .method = rows[i].method, .path = hook }, &r);
        assert_int_equal(r.status, 405);
        assert_string_equal(head_value(r.head, "Allow"), rows[i].allow);
        reply_free(&r);
    }
}

static void what_is_not_of_the_profile_is_named(void **state)
{
    static const struct {
        const char *body;
        int status;
    } rows[] = {
        { "nonsense", 400 },
        { "[]", 400 },
        { "{\"type\":\"message.created\"}", 400 },
        { "{\"type\":\"message.created\",\"timestamp\":\"x\",\"data\":{\"id\":\"m\"}}", 400 },
        { "{\"type\":\"message.created\",\"timestamp\":\"x\",\"data\":{\"id\":\"m\",\"user\":{\"id\":\"\"},\"type\":\"text\",\"text\":"
          "\"a\"}}",
          400 },
        { "{\"type\":\"message.created\",\"type\":\"ping\"}", 400 },
        { "{\"type\":\"ping\",\"timestamp\":\"x\",\"data\":{}}", 204 },
        { "{\"type\":\"moon.risen\",\"timestamp\":\"x\",\"data\":{\"a\":1}}", 204 },
    };
    char *large = malloc((1 << 20) + 2);

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char id[24];
        int status;

        (void)snprintf(id, sizeof(id), "profile-%zu", i);
        status = hook_post(&d, hook, SECRET, id, 0, rows[i].body);
        if (status != rows[i].status)
            fail_msg("%s: %d instead of %d", rows[i].body, status, rows[i].status);
    }
    memset(large, ' ', (1 << 20) + 1);
    large[(1 << 20) + 1] = '\0';
    memcpy(large, "{}", 2);
    assert_int_equal(hook_post(&d, hook, SECRET, "large", 0, large), 413);
    free(large);
}

/* ---- duplicated and shuffled, over two connections at once (F16) ---- */

#define MESSAGES 40

static uint32_t seed = 20260921;

static uint32_t dice(uint32_t n)
{
    seed = seed * 1664525u + 1013904223u;
    return (uint32_t)(((uint64_t)seed * n) >> 32);
}

/* Sends a signed request and leaves the answer for later. */
static int post_begin(const char *id, const char *body)
{
    char at[24], signature[128], head[700];
    int fd = web_connect(&d, false), n;

    (void)snprintf(at, sizeof(at), "%lld", (long long)(now_wall_ms() / 1000));
    hook_sign(SECRET, id, at, body, strlen(body), signature);
    n = snprintf(head, sizeof(head),
                 "POST %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Length: %zu\r\nwebhook-id: %s\r\nwebhook-timestamp: %s\r\n"
                 "webhook-signature: %s\r\n\r\n",
                 hook, d.port, strlen(body), id, at, signature);
    web_send(fd, head, (size_t)n);
    web_send(fd, body, strlen(body));
    return fd;
}

static void post_end(int fd)
{
    struct reply r;

    assert_true(web_read(fd, false, &r));
    assert_int_equal(r.status, 204);
    reply_free(&r);
    (void)close(fd);
}

static void shuffled_duplicates_on_two_connections_are_one_message_each(void **state)
{
    int order[3 * MESSAGES], n = 0;
    const char *conv = begin("u4", "开始");
    json_t *messages;

    (void)state;
    for (int i = 0; i < MESSAGES; i++)
        for (uint32_t times = 1 + dice(3); times; times--)
            order[n++] = i;
    for (int i = n - 1; i > 0; i--) {
        int k = (int)dice((uint32_t)i + 1), swap = order[i];

        order[i] = order[k];
        order[k] = swap;
    }
    for (int i = 0; i < n; i += 2) {
        int fd[2] = { -1, -1 };

        for (int k = 0; k < 2 && i + k < n; k++) {
            char id[24], text[24];

            (void)snprintf(id, sizeof(id), "m-%d", order[i + k]);
            (void)snprintf(text, sizeof(text), "第 %d 条", order[i + k]);
            fd[k] = post_begin(id, created(id, "u4", text));
        }
        for (int k = 0; k < 2 && fd[k] >= 0; k++)
            post_end(fd[k]);
    }
    messages = all_of(conv);
    for (int i = 0; i < MESSAGES; i++) {
        char text[24];

        (void)snprintf(text, sizeof(text), "第 %d 条", i);
        if (count_of(messages, text) != 1)
            fail_msg("seed 20260921: \"%s\" is there %d times", text, count_of(messages, text));
    }
    json_decref(messages);
    finish_talk(conv);
}

/* ---- what we say ---- */

static void a_reply_reaches_the_other_system_signed(void **state)
{
    const char *conv = begin("u5", "请回复");
    int64_t seq;
    char id[64], body[400];

    (void)state;
    seq = staff_say(&agent, conv, "r1", "这是回复");
    platform_take(&p);
    assert_string_equal(p.method, "POST");
    assert_string_equal(p.path, "/in");
    hook_signed(&p, REPLY);
    assert_string_equal(text_at(p.json, "type"), "message.send");
    assert_string_equal(text_at(p.json, "data.text"), "这是回复");
    assert_string_equal(text_at(p.json, "data.user.id"), "u5");
    assert_string_equal(text_at(p.json, "data.agent.name"), "接线员");
    /* Stored is not sent: until the platform has said so, the sender's own page reads that it is on its way. */
    wire_take(&agent.wire, "{s:s,s:s,s:I,s:s}", "type", "status", "conversation", conv, "seq", (json_int_t)seq, "state", "sending");
    wire_none(&agent.wire, "{s:s,s:I,s:s}", "type", "status", "seq", (json_int_t)seq, "state", "sent");
    (void)snprintf(id, sizeof(id), "%s", text_at(p.json, "data.id"));
    platform_answer(&p, 200, NULL, "{\"id\":\"ext-1\"}");
    wire_take(&agent.wire, "{s:s,s:s,s:I,s:s}", "type", "status", "conversation", conv, "seq", (json_int_t)seq, "state", "sent");

    /* Its fate comes back, forwards only. */
    (void)snprintf(body, sizeof(body),
                   "{\"type\":\"message.status\",\"timestamp\":\"2026-09-21T11:26:41Z\",\"data\":{\"id\":\"%s\",\"status\":\"read\"}}", id);
    assert_int_equal(hook_post(&d, hook, SECRET, "st-1", 0, body), 204);
    wire_take(&agent.wire, "{s:s,s:I,s:s}", "type", "status", "seq", (json_int_t)seq, "state", "read");
    (void)snprintf(body, sizeof(body),
                   "{\"type\":\"message.status\",\"timestamp\":\"2026-09-21T11:26:42Z\",\"data\":{\"id\":\"%s\",\"status\":\"delivered\"}}",
                   id);
    assert_int_equal(hook_post(&d, hook, SECRET, "st-2", 0, body), 204);
    wire_none(&agent.wire, "{s:s,s:s}", "type", "status", "state", "delivered");
    finish_talk(conv);
}

static void a_status_reaches_no_conversation_of_another_channel(void **state)
{
    static const char neighbour[] =
        "{\"site\":{\"key\":\"neighbour\",\"name\":\"N\",\"language\":\"en\"},\"queues\":{\"desk\":{\"name\":\"D\"}},\"channels\":{\"api\":"
        "{\"adapter\":\"generic\",\"name\":\"A\",\"queue\":\"desk\",\"settings\":{\"url\":\"https://crm.example/in\",\"secrets\":[\"" SECRET
        "\"],\"send_secrets\":[\"" REPLY "\"]}}}}";
    const char *conv = begin("u6", "别人的状态");
    int64_t seq;
    char body[400];

    (void)state;
    json_decref(site_add(&d, neighbour));
    seq = staff_say(&agent, conv, "r1", "未读");
    platform_take(&p);
    (void)snprintf(body, sizeof(body),
                   "{\"type\":\"message.status\",\"timestamp\":\"2026-09-21T11:26:41Z\",\"data\":{\"id\":\"%s-%d\",\"status\":\"read\"}}",
                   conv, (int)seq);
    platform_answer(&p, 204, NULL, NULL);
    wire_take(&agent.wire, "{s:s,s:I,s:s}", "type", "status", "seq", (json_int_t)seq, "state", "sent");
    assert_int_equal(hook_post(&d, hook_path(&d, "neighbour", "api"), SECRET, "foreign-status", 0, body), 204);
    assert_int_equal(hook_post(&d, hook_path(&d, SITE, "second"), SECRET, "foreign-status", 0, body), 204);
    wire_none(&agent.wire, "{s:s,s:s}", "type", "status", "state", "read");
    finish_talk(conv);
}

static void after_an_error_the_same_event_comes_again(void **state)
{
    const char *conv = begin("u7", "你们会重试吗");
    char id[80], *body;
    int64_t seq;

    (void)state;
    seq = staff_say(&agent, conv, "r1", "会的");
    platform_take(&p);
    (void)snprintf(id, sizeof(id), "%s", head_value(p.head, "webhook-id"));
    body = strdup(p.body);
    platform_answer(&p, 500, NULL, "oops");
    platform_take(&p);
    hook_signed(&p, REPLY);
    assert_string_equal(head_value(p.head, "webhook-id"), id);
    assert_string_equal(p.body, body);
    platform_drop(&p); /* no answer at all: the id makes a repeat harmless */
    platform_take(&p);
    assert_string_equal(head_value(p.head, "webhook-id"), id);
    assert_string_equal(p.body, body);
    platform_answer(&p, 204, NULL, NULL);
    wire_take(&agent.wire, "{s:s,s:I,s:s}", "type", "status", "seq", (json_int_t)seq, "state", "sent");
    free(body);
    finish_talk(conv);
}

static void retry_after_is_kept(void **state)
{
    const char *conv = begin("u8", "慢一点");
    int64_t seq, at;

    (void)state;
    seq = staff_say(&agent, conv, "r1", "好的");
    platform_take(&p);
    at = now_mono_ms();
    platform_answer(&p, 429, "Retry-After: 2\r\n", "{}");
    platform_take(&p);
    assert_true(p.at - at >= 1990);
    platform_answer(&p, 204, NULL, NULL);
    wire_take(&agent.wire, "{s:s,s:I,s:s}", "type", "status", "seq", (json_int_t)seq, "state", "sent");
    finish_talk(conv);
}

/* In how many seconds the message is tried again, as whoever asks for it now is told; 0: not told. */
static int64_t wait_told(const char *conv, int64_t seq)
{
    static int asked;
    const char *at;
    char cid[24];

    (void)snprintf(cid, sizeof(cid), "now-%d", ++asked);
    wire_sendf(&agent.wire, "{\"type\":\"resend\",\"conversation\":\"%s\",\"cid\":\"%s\",\"seq\":%lld}", conv, cid, (long long)seq);
    assert_string_equal(wire_verdict(&agent.wire, cid), "conflict");
    at = strstr(text_at(agent.wire.last, "message"), "the next try is in ");
    return at ? strtoll(at + strlen("the next try is in "), NULL, 10) : 0;
}

/* It may ask for whatever it likes: nobody waits for a day without a word, and who asks is told. What is taken back meanwhile never leaves,
 * and holds up nothing. */
static void a_long_wait_is_bounded_told_and_can_be_ended(void **state)
{
    const char *conv = begin("u19", "等多久");
    const json_t *frame;
    int64_t seq, wait;

    (void)state;
    seq = staff_say(&agent, conv, "r1", "稍等");
    platform_take(&p);
    platform_answer(&p, 429, "Retry-After: 999999999\r\n", "{}");
    UNTIL((wait = wait_told(conv, seq)) > 0);
    assert_in_range(wait, 3590, 3602);
    wire_sendf(&agent.wire, "{\"type\":\"recall\",\"conversation\":\"%s\",\"cid\":\"back\",\"seq\":%lld}", conv, (long long)seq);
    wire_take(&agent.wire, "{s:s,s:s}", "type", "ack", "cid", "back");
    frame = wire_take(&agent.wire, "{s:s,s:I,s:s}", "type", "status", "seq", (json_int_t)seq, "state", "failed");
    assert_string_equal(text_at(frame, "reason"), "not sent: it was taken back before");
    platform_take(&p); /* it may have been sent before that */
    assert_string_equal(text_at(p.json, "type"), "message.delete");
    platform_answer(&p, 204, NULL, NULL);
    seq = staff_say(&agent, conv, "r2", "好了");
    platform_take(&p);
    assert_string_equal(text_at(p.json, "data.text"), "好了");
    platform_answer(&p, 204, NULL, NULL);
    wire_take(&agent.wire, "{s:s,s:I,s:s}", "type", "status", "seq", (json_int_t)seq, "state", "sent");
    finish_talk(conv);
}

static void what_is_refused_is_shown_and_can_be_sent_again(void **state)
{
    const char *conv = begin("u9", "还在吗");
    int64_t seq;

    (void)state;
    seq = staff_say(&agent, conv, "r1", "在的");
    wire_take(&agent.wire, "{s:s,s:I,s:s}", "type", "status", "seq", (json_int_t)seq, "state", "sending");
    platform_take(&p);
    platform_answer(&p, 422, NULL, "{\"error\":{\"code\":\"window_closed\",\"message\":\"the window is closed\"}}");
    assert_non_null(
        strstr(text_at(wire_take(&agent.wire, "{s:s,s:I,s:s}", "type", "status", "seq", (json_int_t)seq, "state", "failed"), "reason"),
               "the window is closed"));
    wire_sendf(&agent.wire, "{\"type\":\"resend\",\"conversation\":\"%s\",\"cid\":\"again\",\"seq\":%d}", conv, (int)seq);
    assert_string_equal(wire_verdict(&agent.wire, "again"), "ack");
    wire_take(&agent.wire, "{s:s,s:I,s:s}", "type", "status", "seq", (json_int_t)seq, "state", "sending");
    platform_take(&p);
    assert_string_equal(text_at(p.json, "data.text"), "在的");
    platform_answer(&p, 204, NULL, NULL);
    wire_take(&agent.wire, "{s:s,s:I,s:s}", "type", "status", "seq", (json_int_t)seq, "state", "sent");
    finish_talk(conv);
}

static void failed_for(int64_t seq, size_t least, size_t most)
{
    const char *reason =
        text_at(wire_take(&agent.wire, "{s:s,s:I,s:s}", "type", "status", "seq", (json_int_t)seq, "state", "failed"), "reason");

    assert_true(strlen(reason) >= least && strlen(reason) <= most);
}

/* Another system may say all that it knows: what became of the message is known all the same, and what is behind it goes out. */
static void a_reason_of_any_length_is_a_reason(void **state)
{
    enum { LONG = 20000, LONGER = 200000 };
    const char *conv = begin("u77", "说来话长");
    char *body = malloc(LONGER + 400);
    int64_t seq, next;

    (void)state;
    assert_non_null(body);
    (void)snprintf(body, LONGER + 400, "{\"error\":{\"code\":\"rejected\",\"message\":\"%0*d\"}}", LONG, 0);
    seq = staff_say(&agent, conv, "r1", "一");
    platform_take(&p);
    next = staff_say(&agent, conv, "r2", "二");
    platform_answer(&p, 422, NULL, body);
    failed_for(seq, 500, 520);
    platform_take(&p);
    assert_string_equal(text_at(p.json, "data.text"), "二");
    platform_answer(&p, 204, NULL, NULL);
    wire_take(&agent.wire, "{s:s,s:I,s:s}", "type", "status", "seq", (json_int_t)next, "state", "sent");
    (void)snprintf(body, LONGER + 400,
                   "{\"type\":\"message.status\",\"timestamp\":\"2026-09-21T11:26:41Z\",\"data\":{\"id\":\"%s-%d\",\"status\":\"failed\","
                   "\"error\":{\"message\":\"%0*d\"}}}",
                   conv, (int)next, LONGER, 0);
    assert_int_equal(hook_post(&d, hook, SECRET, "st-long", 0, body), 204);
    failed_for(next, 500, 520);
    free(body);
    finish_talk(conv);
}

/* A bot behind the same door: what it shows goes out as an agent's card does. */
static void a_card_of_a_bot_goes_out_as_a_card(void **state)
{
    static const char bots[] =
        "{\"site\":{\"key\":\"robots\",\"name\":\"R\",\"language\":\"en\"},\"queues\":{\"desk\":{\"name\":\"D\",\"bot\":\"robot\"}},"
        "\"bots\":{\"robot\":{\"name\":\"Robbie\",\"url\":\"http://127.0.0.1:%d/bot\"}},"
        "\"rules\":[{\"key\":\"greeting\",\"event\":\"opened\",\"actions\":[\"say\"],\"wording\":\"greeting\",\"off\":true}],"
        "\"channels\":{\"api\":{\"adapter\":\"generic\",\"name\":\"A\",\"queue\":\"desk\",\"settings\":{\"url\":\"http://127.0.0.1:%d/in\","
        "\"secrets\":[\"" SECRET "\"],\"send_secrets\":[\"" REPLY "\"]}}}}";
    char text[sizeof(bots) + 40];
    json_t *made;

    (void)state;
    (void)snprintf(text, sizeof(text), bots, p.port, p.port);
    made = site_add(&d, text);
    assert_int_equal(hook_post(&d, text_at(made, "channels.0.hook"), SECRET, "w1", 0, created("m1", "u1", "tea?")), 204);
    json_decref(made);
    platform_take(&p);
    assert_string_equal(p.path, "/bot");
    platform_answer(&p, 200, "Content-Type: application/json\r\n",
                    "{\"messages\":[{\"card\":{\"title\":\"Sencha\",\"text\":\"Green\",\"url\":\"https://shop.example/tea\"}}]}");
    platform_take(&p);
    assert_string_equal(text_at(p.json, "type"), "message.send");
    assert_string_equal(text_at(p.json, "data.text"), "Sencha\nGreen\nhttps://shop.example/tea");
    assert_string_equal(text_at(p.json, "data.card.title"), "Sencha");
    assert_string_equal(text_at(p.json, "data.card.text"), "Green");
    assert_string_equal(text_at(p.json, "data.card.url"), "https://shop.example/tea");
    platform_answer(&p, 204, NULL, NULL);
}

static void replies_of_a_conversation_keep_their_order(void **state)
{
    const char *conv = begin("u10", "依次");
    int64_t first, second;

    (void)state;
    first = staff_say(&agent, conv, "r1", "甲");
    second = staff_say(&agent, conv, "r2", "乙");
    platform_take(&p);
    assert_string_equal(text_at(p.json, "data.text"), "甲");
    platform_answer(&p, 503, "Retry-After: 1\r\n", NULL);
    platform_take(&p); /* the second waits for the first */
    assert_string_equal(text_at(p.json, "data.text"), "甲");
    platform_answer(&p, 204, NULL, NULL);
    platform_take(&p);
    assert_string_equal(text_at(p.json, "data.text"), "乙");
    platform_answer(&p, 204, NULL, NULL);
    wire_take(&agent.wire, "{s:s,s:I,s:s}", "type", "status", "seq", (json_int_t)first, "state", "sent");
    wire_take(&agent.wire, "{s:s,s:I,s:s}", "type", "status", "seq", (json_int_t)second, "state", "sent");
    finish_talk(conv);
}

static void the_other_system_hears_of_reading_typing_recalling_and_closing(void **state)
{
    const char *conv = begin("u12", "看到了吗");
    char id[64];
    int64_t seq;

    (void)state;
    wire_sendf(&agent.wire, "{\"type\":\"read\",\"conversation\":\"%s\",\"cid\":\"rd\",\"seq\":1}", conv);
    platform_take(&p);
    assert_string_equal(text_at(p.json, "type"), "message.read");
    assert_string_equal(text_at(p.json, "data.user.id"), "u12");
    platform_answer(&p, 500, NULL, NULL); /* not worth a repeat: nothing waits behind it */
    for (int i = 0; i < 3; i++)           /* as a page does at each key */
        wire_sendf(&agent.wire, "{\"type\":\"typing\",\"conversation\":\"%s\",\"on\":true}", conv);
    platform_take(&p);
    assert_string_equal(text_at(p.json, "type"), "typing.on");
    platform_answer(&p, 204, NULL, NULL);
    for (int i = 0; i < 3; i++)
        wire_sendf(&agent.wire, "{\"type\":\"typing\",\"conversation\":\"%s\",\"on\":false}", conv);
    platform_take(&p);
    assert_string_equal(text_at(p.json, "type"), "typing.off");
    platform_answer(&p, 204, NULL, NULL);
    seq = staff_say(&agent, conv, "r1", "说错了");
    platform_take(&p);
    assert_string_equal(text_at(p.json, "type"), "message.send");
    (void)snprintf(id, sizeof(id), "%s", text_at(p.json, "data.id"));
    platform_answer(&p, 204, NULL, NULL);
    wire_sendf(&agent.wire, "{\"type\":\"recall\",\"conversation\":\"%s\",\"cid\":\"rc\",\"seq\":%d}", conv, (int)seq);
    platform_take(&p);
    assert_string_equal(text_at(p.json, "type"), "message.delete");
    assert_string_equal(text_at(p.json, "data.id"), id);
    platform_answer(&p, 204, NULL, NULL);
    finish_talk(conv);
}

static void a_file_goes_out_as_an_address_that_only_its_signature_opens(void **state)
{
    const char *conv = begin("u13", "请发文件"), *path;
    char cut[300];
    struct reply r;

    (void)state;
    r = web_expect(
        &d, 201,
        &(struct ask){
            .path = "/files?site=" SITE "&name=quote.pdf", .cookie = agent.cookie, .csrf = agent.csrf, .origin = "", .body = "%PDF-1.4" });
    wire_sendf(&agent.wire, "{\"type\":\"message\",\"conversation\":\"%s\",\"cid\":\"f1\",\"kind\":\"file\",\"file\":\"%s\"}", conv,
               text_at(r.json, "id"));
    reply_free(&r);
    platform_take(&p);
    assert_string_equal(text_at(p.json, "data.type"), "document");
    assert_string_equal(text_at(p.json, "data.attachments.0.name"), "quote.pdf");
    path = strstr(text_at(p.json, "data.attachments.0.url"), "/files/");
    assert_non_null(path);
    assert_true(strncmp(text_at(p.json, "data.attachments.0.url"), "http://127.0.0.1:", 17) == 0);
    r = web_expect(&d, 200, &(struct ask){ .path = path });
    assert_string_equal(r.body, "%PDF-1.4");
    reply_free(&r);
    (void)snprintf(cut, sizeof(cut), "%s", path);
    cut[strlen(cut) - 1] = cut[strlen(cut) - 1] == '0' ? '1' : '0';
    web_status(&d, 404, &(struct ask){ .path = cut });
    *strchr(cut, '?') = '\0';
    web_status(&d, 404, &(struct ask){ .path = cut });
    platform_answer(&p, 204, NULL, NULL);
    wire_take(&agent.wire, "{s:s,s:s,s:s}", "type", "status", "conversation", conv, "state", "sent");
    finish_talk(conv);
}

/* ---- while nothing can be stored ---- */

static void nothing_is_acknowledged_that_could_not_be_stored(void **state)
{
    const char *conv = begin("u11", "先有一句");
    char path[128];
    sqlite3 *db = NULL;
    json_t *messages;

    (void)state;
    (void)snprintf(path, sizeof(path), "%s/kefud.db", d.state);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, patience_ms());
    assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(says("held-up", "u11", "存不下的时候"), 503);
    assert_int_equal(sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    UNTIL(says("held-up", "u11", "存不下的时候") == 204);
    messages = all_of(conv);
    assert_int_equal(count_of(messages, "存不下的时候"), 1);
    json_decref(messages);
    finish_talk(conv);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_signed_becomes_a_conversation),
        cmocka_unit_test(a_repeat_is_answered_alike_and_stored_once),
        cmocka_unit_test(a_repeat_that_says_something_else_is_logged),
        cmocka_unit_test(typing_of_the_other_system_is_shown_to_the_agent),
        cmocka_unit_test(what_is_not_believed_leaves_nothing),
        cmocka_unit_test(only_what_a_platform_does_is_done_at_a_hook),
        cmocka_unit_test(what_is_not_of_the_profile_is_named),
        cmocka_unit_test(shuffled_duplicates_on_two_connections_are_one_message_each),
        cmocka_unit_test(a_reply_reaches_the_other_system_signed),
        cmocka_unit_test(a_status_reaches_no_conversation_of_another_channel),
        cmocka_unit_test(after_an_error_the_same_event_comes_again),
        cmocka_unit_test(retry_after_is_kept),
        cmocka_unit_test(a_long_wait_is_bounded_told_and_can_be_ended),
        cmocka_unit_test(what_is_refused_is_shown_and_can_be_sent_again),
        cmocka_unit_test(a_reason_of_any_length_is_a_reason),
        cmocka_unit_test(a_card_of_a_bot_goes_out_as_a_card),
        cmocka_unit_test(replies_of_a_conversation_keep_their_order),
        cmocka_unit_test(the_other_system_hears_of_reading_typing_recalling_and_closing),
        cmocka_unit_test(a_file_goes_out_as_an_address_that_only_its_signature_opens),
        cmocka_unit_test(nothing_is_acknowledged_that_could_not_be_stored),
    };

    return cmocka_run_group_tests(tests, start, finish);
}
