/* Bots that answer by calls of their own, as Chatwoot's agent bots do, beside a real kefud: what they are told, what they may do, and that
 * nobody is stranded when they are wrong, slow or dead. */
#include "tests/support/cast.h"
#include "tests/support/platform.h"

#include "protocols/bot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SECRET "a-secret-of-the-bot-01"
#define TOKEN  "a-token-of-the-bot-0123456789"

static struct daemon d;
static struct platform p; /* the bot */
static struct staff agent;
static int sites;
static char site[24];

static const char set[] =
    "{\"site\":{\"key\":\"%s\",\"name\":\"House\",\"language\":\"en\",\"sticky_ms\":0},"
    "\"queues\":{\"main\":{\"name\":\"M\",\"bot\":\"robot\"},\"people\":{\"name\":\"P\"}},"
    "\"bots\":{\"robot\":{\"name\":\"Robbie\",\"form\":\"chatwoot\",\"url\":\"http://127.0.0.1:%d/bot\",\"secret\":\"" SECRET
    "\",\"token\":\"" TOKEN "-%s\",\"timeout_ms\":%d,\"attempts\":2,\"queue\":\"people\"}},"
    "\"channels\":{\"web\":{\"adapter\":\"widget\",\"name\":\"W\",\"queue\":\"main\"}},"
    "\"rules\":[{\"key\":\"greeting\",\"event\":\"opened\",\"actions\":[\"say\"],\"wording\":\"greeting\",\"off\":true}],"
    "\"people\":[{\"email\":\"%s@x.example\",\"name\":\"An\",\"number\":\"7\",\"roles\":[\"agent\",\"supervisor\",\"admin\"],\"capacity\":"
    "9}]}";

static void found(int timeout_ms)
{
    char text[sizeof(set) + 400], line[64];
    json_t *made;

    (void)snprintf(site, sizeof(site), "agent%d", ++sites);
    (void)snprintf(text, sizeof(text), set, site, p.port, site, timeout_ms, site);
    made = site_add(&d, text);
    assert_int_equal(staff_try_sign_in(&agent, &d, text_at(made, "people.0.email"), text_at(made, "people.0.password")), 201);
    json_decref(made);
    staff_enter(&agent, &d, site);
    staff_presence(&agent, "online");
    (void)snprintf(line, sizeof(line), "event=live_rebuilt site=%s", site);
    daemon_log_wait(&d, line);
}

static int start(void **state)
{
    (void)state;
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

/* Somebody asks; the bot has the event, checked and answered. Its number stays in `number`. */
static long long account, number;

static void told(const char *event, const char *content)
{
    const char *stamp, *signature;
    struct buf b;

    platform_take(&p);
    stamp = head_value(p.head, "X-Chatwoot-Timestamp");
    signature = head_value(p.head, "X-Chatwoot-Signature");
    assert_non_null(stamp);
    assert_non_null(signature);
    assert_non_null(head_value(p.head, "X-Chatwoot-Delivery"));
    buf_init(&b, 200);
    assert_true(bot_chatwoot_sign(SLICE(SECRET), slice_of(stamp), (struct slice){ p.body, p.n_body }, &b));
    buf_char(&b, '\0');
    assert_string_equal(b.p, signature);
    buf_finish(&b);
    assert_string_equal(text_at(p.json, "event"), event);
    if (strcmp(event, "message_created") == 0)
        assert_string_equal(text_at(p.json, "message_type"), "incoming");
    assert_string_equal(text_at(p.json, "content"), content);
    assert_string_equal(text_at(p.json, "conversation.status"), "pending");
    account = json_integer_value(value_at(p.json, "account.id"));
    number = json_integer_value(value_at(p.json, "conversation.id"));
}

/* A call of the bot. `status` 0: whatever comes of it. */
static struct reply call(const char *method, const char *what, const char *body, int status)
{
    char path[160], headers[160];
    struct ask ask = { .method = method, .path = path, .body = body, .headers = headers };
    struct reply ret;

    (void)snprintf(path, sizeof(path), "/api/v1/accounts/%lld/conversations/%lld%s", account, number, what);
    (void)snprintf(headers, sizeof(headers), "Content-Type: application/json\r\napi_access_token: " TOKEN "-%s\r\n", site);
    if (status)
        return web_expect(&d, status, &ask);
    web_ask(&d, &ask, &ret);
    return ret;
}

static void say(const char *body)
{
    struct reply r = call("POST", "/messages", body, 200);

    assert_string_equal(text_at(r.json, "sender.type"), "agent_bot");
    reply_free(&r);
}

static void does(const char *what, const char *body, int status)
{
    struct reply r = call("POST", what, body, status);

    reply_free(&r);
}

static const json_t *robbie_says(struct visitor *v, const char *text)
{
    return wire_take(&v->wire, "{s:s,s:{s:s,s:s},s:s}", "type", "message", "from", "role", "bot", "name", "Robbie", "text", text);
}

/* What the timeline has of this kind; owned by the caller. NULL: nothing. */
static json_t *entry_of(const struct visitor *v, const char *kind)
{
    char path[160];
    json_t *all, *ret = NULL;

    (void)snprintf(path, sizeof(path), "/api/v1/transcripts/%s?site=%s", v->conv, site);
    all = staff_get(&agent, &d, path);
    for (size_t i = 0; i < json_array_size(json_object_get(all, "timeline")) && !ret; i++) {
        json_t *e = json_array_get(json_object_get(all, "timeline"), i);

        if (strcmp(text_at(e, "kind"), kind) == 0)
            ret = json_incref(json_object_get(e, "data"));
    }
    json_decref(all);
    return ret;
}

static void handed_over_for(struct visitor *v, const char *why)
{
    json_t *data;

    (void)wire_take(&v->wire, "{s:s,s:s}", "type", "message", "event", "transferred");
    (void)wire_take(&agent.wire, "{s:s,s:{s:s}}", "type", "assigned", "conversation", "id", v->conv);
    data = entry_of(v, "handoff");
    assert_string_equal(text_at(data, "why"), why);
    json_decref(data);
}

static void begin(struct visitor *v, int timeout_ms)
{
    found(timeout_ms);
    visitor_enter(v, &d, site, ",\"locale\":\"en\"");
    visitor_sees_staff(v); /* what was put off comes back for a word while somebody is there */
    (void)visitor_say(v, "c1", "hello");
    told("message_created", "hello");
}

/* A replay shows it at work for so long. 0: it does not say. */
static int64_t typed(const char *conv, const char *text)
{
    char path[160];
    int64_t ret = 0;
    json_t *all, *m;
    size_t i;

    (void)snprintf(path, sizeof(path), "/api/v1/transcripts/%s?site=%s", conv, site);
    all = staff_get(&agent, &d, path);
    json_array_foreach(value_at(all, "messages"), i, m) if (strcmp(text_at(m, "text"), text) == 0 && value_at(m, "typed_ms")) ret =
        number_at(m, "typed_ms");
    json_decref(all);
    return ret;
}

static void it_is_told_and_answers_by_calls_of_its_own(void **state)
{
    struct visitor v = { 0 };
    struct reply r;
    int64_t began;

    (void)state;
    begin(&v, 20000);
    say("{\"content\":\"hi, I am a machine\",\"message_type\":\"outgoing\"}"); /* before it has answered the event, as many do */
    platform_answer(&p, 200, NULL, "whatever");
    (void)robbie_says(&v, "hi, I am a machine");
    began = now_mono_ms();
    does("/toggle_typing_status", "{\"typing_status\":\"on\"}", 200);
    (void)wire_take(&v.wire, "{s:s,s:{s:s},s:b}", "type", "typing", "from", "role", "bot", "on", 1);
    (void)visitor_say(&v, "c2", "one");
    (void)visitor_say(&v, "c3", "two"); /* each message is an event */
    told("message_created", "one");
    platform_answer(&p, 200, NULL, NULL);
    told("message_created", "two");
    platform_answer(&p, 200, NULL, NULL);
    say("{\"content\":\"both\"}");
    (void)robbie_says(&v, "both");
    assert_in_range(typed(v.conv, "both"), 1, now_mono_ms() - began);
    r = call("GET", "", NULL, 200);
    assert_string_equal(text_at(r.json, "status"), "pending");
    reply_free(&r);
    r = call("GET", "/messages", NULL, 200);
    assert_int_equal(json_array_size(value_at(r.json, "payload")), 5);
    assert_string_equal(text_at(r.json, "payload.4.content"), "both");
    reply_free(&r);
    wire_none(&agent.wire, "{s:s}", "type", "assigned");
    visitor_free(&v);
}

static void what_it_offers_is_picked_under_its_own_values(void **state)
{
    struct visitor v = { 0 };

    (void)state;
    begin(&v, 20000);
    platform_answer(&p, 200, NULL, NULL);
    say("{\"content\":\"Which?\",\"content_type\":\"input_select\",\"content_attributes\":{\"items\":[{\"title\":\"A refund\",\"value\":"
        "\"Refund, please!\"},{\"title\":\"Other\",\"value\":\"other\"}]}}");
    assert_string_equal(text_at(robbie_says(&v, "Which?"), "choices.0.id"), "choice1");
    wire_pack(&v.wire, "{s:s,s:s,s:s,s:s,s:s}", "type", "message", "cid", "c2", "kind", "choice", "choice", "choice1", "text", "A refund");
    told("message_updated", "Which?");
    assert_string_equal(text_at(p.json, "content_attributes.submitted_values.0.value"), "Refund, please!");
    assert_string_equal(text_at(p.json, "content_attributes.submitted_values.0.title"), "A refund");
    platform_answer(&p, 200, NULL, NULL);
    does("/messages", "{\"content\":\"\"}", 422);
    does("/messages", "{\"content\":\"x\",\"content_type\":\"input_select\"}", 422);
    visitor_free(&v);
}

static void its_cards_are_cards(void **state)
{
    struct visitor v = { 0 };
    json_t *note, *ids;
    struct reply r;

    (void)state;
    begin(&v, 20000);
    platform_answer(&p, 200, NULL, NULL);
    r = call(
        "POST", "/messages",
        "{\"content\":\"Teas\",\"content_type\":\"cards\",\"content_attributes\":{\"items\":[{\"title\":\"Sencha\",\"description\":"
        "\"Green\","
        "\"actions\":[{\"type\":\"link\",\"text\":\"Open\",\"uri\":\"https://shop.example/sencha\"}]},{\"title\":\"Assam\",\"actions\":["
        "{\"type\":\"postback\",\"text\":\"Buy\",\"payload\":\"Buy Assam!\"}]}]}}",
        200);
    ids = json_incref(value_at(r.json, "message_ids"));
    assert_int_equal(json_array_size(ids), 3);
    assert_int_equal(json_integer_value(json_array_get(ids, 0)), number_at(r.json, "id"));
    reply_free(&r);
    r = call("GET", "/messages", NULL, 200); /* they are those by which each is known */
    for (size_t i = 0, n = json_array_size(value_at(r.json, "payload")); i < 3; i++)
        assert_int_equal(json_integer_value(json_array_get(ids, i)),
                         number_at(json_array_get(value_at(r.json, "payload"), n - 3 + i), "id"));
    reply_free(&r);
    json_decref(ids);
    assert_string_equal(text_at(robbie_says(&v, "Teas"), "kind"), "text");
    assert_string_equal(text_at(robbie_says(&v, "Sencha\nGreen\nhttps://shop.example/sencha"), "kind"), "card");
    assert_string_equal(text_at(robbie_says(&v, "Assam"), "choices.0.label"), "Buy");
    wire_pack(&v.wire, "{s:s,s:s,s:s,s:s,s:s}", "type", "message", "cid", "c2", "kind", "choice", "choice", "choice1", "text", "Buy");
    told("message_updated", "Assam");
    assert_string_equal(text_at(p.json, "content_attributes.submitted_values.0.value"), "Buy Assam!");
    platform_answer(&p, 200, NULL, NULL);
    does("/messages", "{\"content\":\"x\",\"content_type\":\"cards\"}", 422);
    does("/messages", "{\"content_type\":\"cards\",\"private\":true,\"content_attributes\":{\"items\":[{\"title\":\"For you alone\"}]}}",
         200);
    note = entry_of(&v, "note");
    assert_string_equal(text_at(note, "text"), "For you alone");
    json_decref(note);
    visitor_free(&v);
}

/* A GIF of one point. */
static const unsigned char picture[] = { 'G',  'I', 'F', '8', '9', 'a', 1, 0, 1, 0, 0x80, 0, 0, 0,    0, 0, 0xff, 0xff,
                                         0xff, ',', 0,   0,   0,   0,   1, 0, 1, 0, 0,    2, 2, 0x44, 1, 0, ';' };

static void is_picture(const char *url)
{
    const char *path = strstr(url, "/files/");
    struct reply r;

    assert_non_null(path);
    r = web_expect(&d, 200, &(struct ask){ .method = "GET", .path = path });
    assert_int_equal(r.n_body, sizeof(picture));
    assert_memory_equal(r.body, picture, sizeof(picture));
    reply_free(&r);
}

static void a_file_of_the_visitor_can_be_fetched(void **state)
{
    struct visitor v = { 0 };
    char path[80], headers[600];
    struct reply r;

    (void)state;
    begin(&v, 20000);
    platform_answer(&p, 200, NULL, NULL);
    (void)snprintf(path, sizeof(path), "/files?site=%s&name=dot.gif", site);
    (void)snprintf(headers, sizeof(headers), "Authorization: Bearer %s\r\n", v.token);
    r = web_expect(&d, 201, &(struct ask){ .path = path, .headers = headers, .body = (const char *)picture, .n_body = sizeof(picture) });
    wire_pack(&v.wire, "{s:s,s:s,s:s,s:s,s:s}", "type", "message", "cid", "c2", "kind", "image", "text", "", "file", text_at(r.json, "id"));
    reply_free(&r);
    told("message_created", "");
    assert_string_equal(text_at(p.json, "attachments.0.file_type"), "image");
    assert_int_equal(json_integer_value(value_at(p.json, "attachments.0.file_size")), sizeof(picture));
    is_picture(text_at(p.json, "attachments.0.data_url"));
    platform_answer(&p, 200, NULL, NULL);
    r = call("GET", "/messages", NULL, 200);
    is_picture(text_at(r.json, "payload.1.attachments.0.data_url"));
    assert_null(value_at(r.json, "payload.0.attachments"));
    reply_free(&r);
    visitor_free(&v);
}

#define FORM_FIELD(name, value) "--b\r\nContent-Disposition: form-data; name=\"" name "\"\r\n\r\n" value "\r\n"
#define FORM_FILE(name) \
    "--b\r\nContent-Disposition: form-data; name=\"attachments[]\"; filename=\"" name "\"\r\nContent-Type: text/html\r\n\r\n"

/* A call as a form: what stands before the file, the file, and the end. */
static struct reply send_form(const char *before, const void *file, size_t n, const char *after, int status)
{
    char path[160], headers[200];
    struct reply r;
    struct buf b;

    buf_init(&b, 16u << 20);
    buf_str(&b, before);
    buf_add(&b, (struct slice){ file, n });
    buf_str(&b, after);
    (void)snprintf(path, sizeof(path), "/api/v1/accounts/%lld/conversations/%lld/messages", account, number);
    (void)snprintf(headers, sizeof(headers), "Content-Type: multipart/form-data; boundary=b\r\napi_access_token: " TOKEN "-%s\r\n", site);
    r = web_expect(&d, status, &(struct ask){ .method = "POST", .path = path, .body = b.p, .n_body = b.n, .headers = headers });
    buf_finish(&b);
    return r;
}

static void it_sends_files(void **state)
{
    static char large[3u << 20];
    struct visitor v = { 0 };
    const json_t *m;
    struct reply r;

    (void)state;
    begin(&v, 20000);
    platform_answer(&p, 200, NULL, NULL);
    r = send_form(FORM_FIELD("content", "look") FORM_FILE("../dot.gif"), picture, sizeof(picture), "\r\n--b--\r\n", 200);
    assert_string_equal(text_at(r.json, "content"), "look");
    reply_free(&r);
    (void)robbie_says(&v, "look");
    m = wire_take(&v.wire, "{s:s,s:s,s:{s:s,s:s}}", "type", "message", "kind", "image", "file", "name", "dot.gif", "mime", "image/gif");
    assert_int_equal(json_integer_value(value_at(m, "file.size")), sizeof(picture));
    /* Larger than other bodies may be; no picture, whatever it is called. */
    r = send_form(FORM_FILE("large.gif"), large, sizeof(large), "\r\n--b--\r\n", 200);
    assert_string_equal(text_at(r.json, "attachments.0.file_type"), "file");
    reply_free(&r);
    (void)wire_take(&v.wire, "{s:s,s:s,s:{s:s,s:i}}", "type", "message", "kind", "file", "file", "name", "large.gif", "size",
                    (int)sizeof(large));
    r = send_form(FORM_FILE("cut"), picture, sizeof(picture), "", 400);
    reply_free(&r);
    r = send_form(FORM_FILE("empty"), picture, 0, "\r\n--b--\r\n", 422);
    reply_free(&r);
    r = send_form(FORM_FIELD("private", "true") FORM_FILE("dot.gif"), picture, sizeof(picture), "\r\n--b--\r\n", 200);
    reply_free(&r);
    wire_none(&v.wire, "{s:s,s:s}", "type", "message", "kind", "image");
    visitor_free(&v);
}

static void it_hands_over_notes_and_tags(void **state)
{
    struct visitor v = { 0 };
    json_t *data;

    (void)state;
    begin(&v, 20000);
    platform_answer(&p, 200, NULL, NULL);
    does("/messages", "{\"content\":\"a regular\",\"private\":true}", 200);
    does("/labels", "{\"labels\":[\"billing\"]}", 200);
    does("/labels", "{\"labels\":[]}", 422);
    does("/toggle_status", "{\"status\":\"asleep\"}", 422);
    does("/toggle_status", "{\"status\":\"open\"}", 200);
    handed_over_for(&v, "bot");
    wire_none(&v.wire, "{s:s,s:s}", "type", "message", "text", "a regular");
    data = entry_of(&v, "note");
    assert_string_equal(text_at(data, "text"), "a regular");
    json_decref(data);
    /* What it says from now on is read by the agent alone. */
    say("{\"content\":\"one more thing\"}");
    wire_none(&v.wire, "{s:s,s:s}", "type", "message", "text", "one more thing");
    does("/toggle_status", "{\"status\":\"resolved\"}", 409);
    visitor_free(&v);
}

static void what_it_puts_off_is_for_people_when_the_visitor_writes(void **state)
{
    struct visitor v = { 0 };
    struct reply r;

    (void)state;
    begin(&v, 20000);
    platform_answer(&p, 200, NULL, NULL);
    say("{\"content\":\"let me think\"}");
    does("/toggle_status", "{\"status\":\"snoozed\",\"snoozed_until\":\"tomorrow\"}", 422);
    does("/toggle_status", "{\"status\":\"snoozed\",\"snoozed_until\":1000}", 422);
    r = call("POST", "/toggle_status", "{\"status\":\"snoozed\"}", 200);
    assert_string_equal(text_at(r.json, "payload.current_status"), "snoozed");
    reply_free(&r);
    r = call("GET", "", NULL, 200);
    assert_string_equal(text_at(r.json, "status"), "snoozed");
    reply_free(&r);
    does("/toggle_status", "{\"status\":\"snoozed\"}", 200);
    wire_none(&agent.wire, "{s:s}", "type", "assigned");
    (void)visitor_say(&v, "c2", "and?");
    (void)wire_take(&agent.wire, "{s:s,s:{s:s,s:s}}", "type", "assigned", "conversation", "id", v.conv, "queue", "people");
    does("/toggle_status", "{\"status\":\"snoozed\"}", 409);
    visitor_free(&v);
}

static void what_it_puts_off_until_a_time_is_for_people_then(void **state)
{
    struct visitor v = { 0 };
    struct reply r;
    char body[80];
    time_t until;
    int status;

    (void)state;
    begin(&v, 20000);
    platform_answer(&p, 200, NULL, NULL);
    say("{\"content\":\"let me think\"}");
    do { /* only what has passed by the time it is read is refused */
        until = time(NULL) + 2;
        (void)snprintf(body, sizeof(body), "{\"status\":\"snoozed\",\"snoozed_until\":%lld}", (long long)until);
        r = call("POST", "/toggle_status", body, 0);
        status = r.status;
        reply_free(&r);
    } while (status == 422 && time(NULL) >= until);
    assert_int_equal(status, 200);
    (void)wire_take(&agent.wire, "{s:s,s:{s:s}}", "type", "assigned", "conversation", "id", v.conv);
    visitor_free(&v);
}

static void it_closes(void **state)
{
    struct visitor v = { 0 };

    (void)state;
    begin(&v, 20000);
    platform_answer(&p, 200, NULL, NULL);
    say("{\"content\":\"bye\"}");
    does("/toggle_status", "{\"status\":\"resolved\"}", 200);
    (void)wire_take(&v.wire, "{s:s,s:s}", "type", "message", "event", "closed");
    visitor_free(&v);
}

static void a_bot_that_fails_calls_a_person(void **state)
{
    struct visitor v = { 0 };

    (void)state;
    begin(&v, 20000);
    platform_answer(&p, 500, NULL, NULL);
    told("message_created", "hello");
    platform_answer(&p, 500, NULL, NULL);
    handed_over_for(&v, "failed");
    visitor_free(&v);
}

static void a_bot_that_hears_and_never_answers_calls_a_person(void **state)
{
    struct visitor v = { 0 };

    (void)state;
    begin(&v, 1000);
    platform_answer(&p, 200, NULL, NULL);
    handed_over_for(&v, "timeout");
    visitor_free(&v);
}

static void a_bot_that_is_too_slow_to_hear_calls_a_person(void **state)
{
    struct visitor v = { 0 };

    (void)state;
    begin(&v, 1000);
    handed_over_for(&v, "timeout");
    visitor_free(&v);
}

static void a_dead_bot_calls_a_person(void **state)
{
    struct visitor v = { 0 };

    (void)state;
    begin(&v, 20000);
    platform_drop(&p);
    told("message_created", "hello");
    platform_drop(&p);
    handed_over_for(&v, "failed");
    visitor_free(&v);
}

static void nobody_speaks_over_a_person_or_with_another_token(void **state)
{
    struct visitor v = { 0 };
    char path[160];

    (void)state;
    begin(&v, 20000);
    platform_answer(&p, 200, NULL, NULL);
    (void)snprintf(path, sizeof(path), "/api/v1/accounts/%lld/conversations/%lld/messages", account, number);
    web_status(&d, 401, &(struct ask){ .method = "POST", .path = path, .body = "{\"content\":\"x\"}" });
    web_status(&d, 401,
               &(struct ask){ .method = "POST",
                              .path = path,
                              .body = "{\"content\":\"x\"}",
                              .headers = "Content-Type: application/json\r\napi_access_token: another-token-0123456789\r\n" });
    number++; /* somebody else's */
    does("/messages", "{\"content\":\"x\"}", 404);
    number--;
    account++;
    does("/messages", "{\"content\":\"x\"}", 404);
    account--;
    wire_pack(&agent.wire, "{s:s,s:s,s:s}", "type", "accept", "conversation", v.conv, "cid", "t1");
    assert_string_equal(wire_verdict(&agent.wire, "t1"), "ack");
    does("/messages", "{\"content\":\"too late\"}", 200); /* kept as a note */
    wire_none(&v.wire, "{s:s,s:{s:s}}", "type", "message", "from", "role", "bot");
    visitor_free(&v);
}

#define WITH_BOT(test) cmocka_unit_test_setup_teardown(test, open_bot, close_bot)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_BOT(it_is_told_and_answers_by_calls_of_its_own),
        WITH_BOT(what_it_offers_is_picked_under_its_own_values),
        WITH_BOT(its_cards_are_cards),
        WITH_BOT(a_file_of_the_visitor_can_be_fetched),
        WITH_BOT(it_sends_files),
        WITH_BOT(it_hands_over_notes_and_tags),
        WITH_BOT(what_it_puts_off_is_for_people_when_the_visitor_writes),
        WITH_BOT(what_it_puts_off_until_a_time_is_for_people_then),
        WITH_BOT(it_closes),
        WITH_BOT(a_bot_that_fails_calls_a_person),
        WITH_BOT(a_bot_that_hears_and_never_answers_calls_a_person),
        WITH_BOT(a_bot_that_is_too_slow_to_hear_calls_a_person),
        WITH_BOT(a_dead_bot_calls_a_person),
        WITH_BOT(nobody_speaks_over_a_person_or_with_another_token),
    };

    return cmocka_run_group_tests(tests, start, finish);
}
