/* The generic webhook, both ways: another system beside a real kefud. */
#include "tests/support/cast.h"
#include "tests/support/platform.h"

#include <poll.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define SITE   "hooked"
#define SECRET "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
#define REPLY  "whsec_ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8="

static struct daemon d;
static struct platform p;
static struct staff agent;
static char hook[64], neighbour[64], password[64];

static const char set[] =
    "{\"site\":{\"key\":\"%s\",\"name\":\"接口店\",\"language\":\"zh-CN\"},\"queues\":{\"desk\":{\"name\":\"客服\"}},"
    "\"channels\":{\"api\":{\"adapter\":\"generic\",\"name\":\"接口\",\"queue\":\"desk\","
    "\"settings\":{\"url\":\"http://127.0.0.1:%d/in\",\"secrets\":[\"" SECRET "\"],\"send_secrets\":[\"" REPLY "\"]}},"
    "\"second\":{\"adapter\":\"generic\",\"name\":\"另一个\",\"queue\":\"desk\","
    "\"settings\":{\"url\":\"http://127.0.0.1:%d/in\",\"secrets\":[\"" SECRET "\"],\"send_secrets\":[\"" REPLY "\"]}}},"
    "\"rules\":[{\"key\":\"greeting\",\"event\":\"opened\",\"actions\":[\"say\"],\"wording\":\"greeting\",\"off\":true}],\"people\":[{"
    "\"email\":\"agent@%s.example\",\"name\":\"接线员\",\"number\":\"7\",\"roles\":[\"agent\"],"
    "\"queues\":[\"desk\"],\"capacity\":50}]}";

static void add(const char *key, char path[64], char given[64])
{
    char text[1600];
    json_t *made;

    (void)snprintf(text, sizeof(text), set, key, p.port, p.port, key);
    made = site_add(&d, text);
    (void)snprintf(given, 64, "%s", text_at(made, "people.0.password"));
    (void)snprintf(path, 64, "%s", text_at(made, "channels.0.hook"));
    json_decref(made);
}

static int start(void **state)
{
    char unused[64];

    (void)state;
    platform_open(&p);
    daemon_start(&d, &(struct daemon_options){ .demo = true, .config = "[channels]\nallow_http = yes\nallow_private = yes\n" });
    add(SITE, hook, password);
    add("neighbour", neighbour, unused);
    assert_string_equal(hook, hook_path(&d, SITE, "api"));
    assert_int_equal(staff_try_sign_in(&agent, &d, "agent@" SITE ".example", password), 201);
    staff_enter(&agent, &d, SITE);
    staff_presence(&agent, "online");
    daemon_log_wait(&d, "event=live_rebuilt site=" SITE);
    return 0;
}

static int finish(void **state)
{
    (void)state;
    staff_free(&agent);
    daemon_finish(&d);
    platform_close(&p);
    return 0;
}

/* ---- what the other system says ---- */

/* message.created from `user`; static memory. */
static const char *created(const char *id, const char *user, const char *text)
{
    static char body[1000];

    (void)snprintf(
        body, sizeof(body),
        "{\"type\":\"message.created\",\"timestamp\":\"2026-09-21T11:26:40.123Z\",\"data\":{\"id\":\"%s\",\"user\":{\"id\":\"%s\","
        "\"name\":\"小安\"},\"type\":\"text\",\"text\":\"%s\"}}",
        id, user, text);
    return body;
}

static int says(const char *id, const char *user, const char *text)
{
    return hook_post(&d, hook, SECRET, id, 0, created(id, user, text));
}

/* A person who has not been here before says something; the agent has it. The conversation's id is in static memory. */
static const char *begin(const char *user, const char *text)
{
    static char conv[40];
    char id[64];
    const json_t *assigned;

    (void)snprintf(id, sizeof(id), "first-%s", user);
    assert_int_equal(says(id, user, text), 204);
    assigned = wire_take(&agent.wire, "{s:s,s:{s:s}}", "type", "assigned", "conversation", "channel", "api");
    (void)snprintf(conv, sizeof(conv), "%s", text_at(assigned, "conversation.id"));
    return conv;
}

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

static void finish_talk(const char *conv)
{
    wire_sendf(&agent.wire, "{\"type\":\"close\",\"conversation\":\"%s\",\"cid\":\"bye\"}", conv);
    wire_take(&agent.wire, "{s:s,s:s,s:s}", "type", "ack", "cid", "bye", "conversation", conv);
    platform_take(&p);
    assert_string_equal(text_at(p.json, "type"), "conversation.closed");
    platform_answer(&p, 204, NULL, NULL);
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
    const char *conv = begin("u6", "别人的状态");
    int64_t seq;
    char body[400];

    (void)state;
    seq = staff_say(&agent, conv, "r1", "未读");
    platform_take(&p);
    (void)snprintf(body, sizeof(body),
                   "{\"type\":\"message.status\",\"timestamp\":\"2026-09-21T11:26:41Z\",\"data\":{\"id\":\"%s-%d\",\"status\":\"read\"}}",
                   conv, (int)seq);
    platform_answer(&p, 204, NULL, NULL);
    wire_take(&agent.wire, "{s:s,s:I,s:s}", "type", "status", "seq", (json_int_t)seq, "state", "sent");
    assert_int_equal(hook_post(&d, neighbour, SECRET, "foreign-status", 0, body), 204);
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

/* ---- an address at which nobody is any more ---- */

/* Waits until the message has failed; why. */
static const char *fails(struct staff *s, int64_t seq)
{
    return text_at(wire_take(&s->wire, "{s:s,s:I,s:s}", "type", "status", "seq", (json_int_t)seq, "state", "failed"), "reason");
}

static void is_sent(struct staff *s, int64_t seq, const char *text)
{
    platform_take(&p);
    assert_string_equal(text_at(p.json, "data.text"), text);
    platform_answer(&p, 204, NULL, NULL);
    wire_take(&s->wire, "{s:s,s:I,s:s}", "type", "status", "seq", (json_int_t)seq, "state", "sent");
}

static void again(struct staff *s, const char *conv, const char *cid, int64_t seq)
{
    wire_sendf(&s->wire, "{\"type\":\"resend\",\"conversation\":\"%s\",\"cid\":\"%s\",\"seq\":%d}", conv, cid, (int)seq);
    assert_string_equal(wire_verdict(&s->wire, cid), "ack");
}

/* Does the channel's page say that its address is gone? */
static bool is_gone(const struct daemon *at, const char *channel)
{
    struct reply r = web_expect(at, 200, &(struct ask){ .path = "/api/v1/sites/" SITE "/channels", .control = true });
    const json_t *items = value_at(r.json, "items"), *one;
    bool ret = false;
    size_t i;

    json_array_foreach(items, i, one)
    {
        const json_t *gone = json_object_get(one, "gone_at");

        if (strcmp(text_at(one, "key"), channel) == 0)
            ret = gone != NULL;
        else
            assert_null(gone);
        if (gone)
            assert_in_range(json_integer_value(gone), now_wall_ms() - 600000, now_wall_ms() + 1000);
    }
    reply_free(&r);
    return ret;
}

static void save(const struct daemon *at, const char *channel)
{
    char path[120], match[60], *body;
    struct reply r;

    (void)snprintf(path, sizeof(path), "/api/v1/sites/" SITE "/documents/channel/%s", channel);
    r = web_expect(at, 200, &(struct ask){ .path = path, .control = true });
    (void)snprintf(match, sizeof(match), "If-Match: %s\r\n", reply_header(&r, "ETag"));
    body = json_dumps(value_at(r.json, "body"), JSON_COMPACT);
    reply_free(&r);
    web_status(at, 200, &(struct ask){ .method = "PUT", .path = path, .headers = match, .body = body, .control = true });
    free(body);
}

/* `kefuctl channel test`, whose ping is answered with this status; its exit code. */
static int try_it(int status)
{
    pid_t child = fork();
    int code = -1;
    char *out;

    assert_true(child >= 0);
    if (!child)
        _exit(program_run(
            (const char *const[]){ daemon_program("kefuctl"), "--state", d.state, "channel", "test", "api", "--site", SITE, NULL }, NULL,
            &out));
    platform_take(&p);
    assert_string_equal(text_at(p.json, "type"), "ping");
    platform_answer(&p, status, NULL, NULL);
    assert_int_equal(waitpid(child, &code, 0), child);
    assert_true(WIFEXITED(code));
    return WEXITSTATUS(code);
}

/* The same site in a kefud that may die. */
static void enter_again(struct staff *s, const struct daemon *at)
{
    staff_enter(s, at, SITE);
    staff_presence(s, "online");
    daemon_log_wait(at, "event=live_rebuilt site=" SITE);
}

static void an_address_that_is_gone_is_left_alone_until_it_is_saved(void **state)
{
    struct daemon own;
    struct staff there;
    char text[1600], conv[40], path[64];
    json_t *made;
    int64_t first, second, third;

    (void)state;
    daemon_start(&own, &(struct daemon_options){ .demo = true, .config = "[channels]\nallow_http = yes\nallow_private = yes\n" });
    (void)snprintf(text, sizeof(text), set, SITE, p.port, p.port, SITE);
    made = site_add(&own, text);
    (void)snprintf(path, sizeof(path), "%s", text_at(made, "channels.0.hook"));
    assert_int_equal(staff_try_sign_in(&there, &own, "agent@" SITE ".example", text_at(made, "people.0.password")), 201);
    enter_again(&there, &own);
    assert_int_equal(hook_post(&own, path, SECRET, "w1", 0, created("m1", "u1", "你好")), 204);
    (void)snprintf(conv, sizeof(conv), "%s", text_at(wire_take(&there.wire, "{s:s}", "type", "assigned"), "conversation.id"));
    assert_false(is_gone(&own, "api"));

    /* The first is told so; the second is not asked about. */
    first = staff_say(&there, conv, "r1", "甲");
    platform_take(&p);
    platform_answer(&p, 410, NULL, NULL);
    assert_non_null(strstr(fails(&there, first), "410: nobody is at this address any more"));
    assert_true(is_gone(&own, "api"));
    second = staff_say(&there, conv, "r2", "乙");
    assert_non_null(strstr(fails(&there, second), "save the channel or try it"));
    assert_false(platform_take_within(&p, 300));
    wire_sendf(&there.wire, "{\"type\":\"read\",\"conversation\":\"%s\",\"cid\":\"rd\",\"seq\":1}", conv); /* worth nothing later */
    again(&there, conv, "too-soon", second);
    assert_non_null(strstr(fails(&there, second), "save the channel or try it"));

    /* What comes in is taken. */
    assert_int_equal(hook_post(&own, path, SECRET, "w2", 0, created("m2", "u1", "还在吗")), 204);
    wire_take(&there.wire, "{s:s,s:s,s:s}", "type", "message", "conversation", conv, "text", "还在吗");

    /* It is known to whoever comes after. */
    daemon_kill(&own);
    staff_leave(&there);
    daemon_restart(&own);
    enter_again(&there, &own);
    assert_true(is_gone(&own, "api"));
    third = staff_say(&there, conv, "r3", "丙");
    assert_non_null(strstr(fails(&there, third), "save the channel or try it"));
    assert_false(platform_take_within(&p, 300));

    save(&own, "second"); /* another one */
    assert_true(is_gone(&own, "api"));
    save(&own, "api");
    assert_false(is_gone(&own, "api"));
    again(&there, conv, "again1", first);
    is_sent(&there, first, "甲");
    again(&there, conv, "again2", second);
    is_sent(&there, second, "乙");
    json_decref(made);
    staff_free(&there);
    daemon_finish(&own);
}

static void an_address_that_is_gone_is_back_when_a_try_is_answered(void **state)
{
    const char *conv = begin("u20", "有人吗");
    int64_t seq;
    char *out;

    (void)state;
    seq = staff_say(&agent, conv, "r1", "有的");
    platform_take(&p);
    platform_answer(&p, 410, NULL, "{\"error\":{\"code\":\"moved\",\"message\":\"ask elsewhere\"}}");
    assert_string_equal(fails(&agent, seq), "moved: ask elsewhere");
    assert_int_equal(
        program_run((const char *const[]){ daemon_program("kefuctl"), "--state", d.state, "channel", "list", "--site", SITE, NULL }, NULL,
                    &out),
        0);
    assert_non_null(strstr(out, "generic    gone"));
    free(out);
    assert_int_equal(try_it(410), 1);
    assert_true(is_gone(&d, "api"));
    assert_int_equal(try_it(204), 0);
    assert_false(is_gone(&d, "api"));
    again(&agent, conv, "again", seq);
    is_sent(&agent, seq, "有的");
    finish_talk(conv);
}

/* Where kefud may not speak to private addresses, waiting changes nothing: the agent reads why at once, and so does whoever tries it. */
static void an_address_that_may_not_be_asked_fails_at_once(void **state)
{
    struct daemon strict;
    struct staff there;
    char text[1600];
    const char *conv;
    json_t *made;
    int64_t seq;
    char *out;

    (void)state;
    daemon_start(&strict, &(struct daemon_options){ .demo = true, .config = "[channels]\nallow_http = yes\n" });
    (void)snprintf(text, sizeof(text), set, SITE, p.port, p.port, SITE);
    made = site_add(&strict, text);
    assert_int_equal(staff_try_sign_in(&there, &strict, "agent@" SITE ".example", text_at(made, "people.0.password")), 201);
    staff_enter(&there, &strict, SITE);
    staff_presence(&there, "online");
    assert_int_equal(hook_post(&strict, text_at(made, "channels.0.hook"), SECRET, "w1", 0, created("m1", "u1", "你好")), 204);
    conv = text_at(wire_take(&there.wire, "{s:s}", "type", "assigned"), "conversation.id");
    seq = staff_say(&there, conv, "r1", "在的");
    assert_string_equal(
        text_at(wire_take(&there.wire, "{s:s,s:I,s:s}", "type", "status", "seq", (json_int_t)seq, "state", "failed"), "reason"),
        "the address is private");
    assert_int_equal(program_run((const char *const[]){ daemon_program("kefuctl"), "--state", strict.state, "channel", "test", "api",
                                                        "--site", SITE, NULL },
                                 NULL, &out),
                     1);
    assert_non_null(strstr(out, "error  platform   the address is private"));
    free(out);
    json_decref(made);
    staff_free(&there);
    daemon_finish(&strict);
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
        cmocka_unit_test(what_is_not_believed_leaves_nothing),
        cmocka_unit_test(only_what_a_platform_does_is_done_at_a_hook),
        cmocka_unit_test(what_is_not_of_the_profile_is_named),
        cmocka_unit_test(shuffled_duplicates_on_two_connections_are_one_message_each),
        cmocka_unit_test(a_reply_reaches_the_other_system_signed),
        cmocka_unit_test(a_status_reaches_no_conversation_of_another_channel),
        cmocka_unit_test(after_an_error_the_same_event_comes_again),
        cmocka_unit_test(retry_after_is_kept),
        cmocka_unit_test(what_is_refused_is_shown_and_can_be_sent_again),
        cmocka_unit_test(a_card_of_a_bot_goes_out_as_a_card),
        cmocka_unit_test(an_address_that_is_gone_is_left_alone_until_it_is_saved),
        cmocka_unit_test(an_address_that_is_gone_is_back_when_a_try_is_answered),
        cmocka_unit_test(an_address_that_may_not_be_asked_fails_at_once),
        cmocka_unit_test(replies_of_a_conversation_keep_their_order),
        cmocka_unit_test(the_other_system_hears_of_reading_typing_recalling_and_closing),
        cmocka_unit_test(a_file_goes_out_as_an_address_that_only_its_signature_opens),
        cmocka_unit_test(nothing_is_acknowledged_that_could_not_be_stored),
    };

    return cmocka_run_group_tests(tests, start, finish);
}
