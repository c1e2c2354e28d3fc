/* Two WhatsApp numbers of one app beside a real kefud: protocols/whatsapp.h says how Meta speaks. */
#include "tests/support/desk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ONE    "209715200000002"
#define TWO    "209715200000099"
#define THREE  "209715200000077"
#define SECRET "kefud-wa-app-secret-01"
#define OK     "{\"messages\":[{\"id\":\"wamid.GREETING\"}]}"
#define DAY_S  86400

static struct desk_rig r;
static char hook[64];

#define NUMBER(key, id, more)                                                                                      \
    "\"" key "\":{\"adapter\":\"whatsapp\",\"name\":\"" key "\",\"queue\":\"desk\",\"settings\":{\"number\":\"" id \
    "\",\"token\":\"EAA-" id "\",\"app_secrets\":[\"" SECRET "\"],\"verify_token\":\"kefud-verify-01\"," more      \
    "\"url\":\"http://127.0.0.1:%d\"}}"

/* Wording that Meta has approved: numbered, named, and below a picture. */
#define TEMPLATES                                                                                                                   \
    ",\"templates\":[{\"key\":\"order\",\"title\":\"订单进度\",\"name\":\"order_update\",\"language\":\"zh_CN\","               \
    "\"text\":\"您的订单 {{1}} 已{{2}}。\",\"fields\":[\"订单号\",\"状态\"]},"                                           \
    "{\"key\":\"visit\",\"title\":\"Visit\",\"name\":\"visit_soon\",\"language\":\"en\",\"text\":\"{{who}} comes at {{time}}.\"},"  \
    "{\"key\":\"new\",\"title\":\"New\",\"name\":\"new_goods\",\"language\":\"en\",\"text\":\"Look: {{1}}\",\"header\":\"image\"}," \
    "{\"key\":\"deal\",\"kind\":\"buttons\",\"title\":\"Deal\",\"name\":\"autumn_deal\",\"language\":\"en\","                       \
    "\"text\":\"Dear {{1}}, it ends soon.\",\"fields\":[\"name\",\"goods\",\"code\"],\"values\":{\"header\":\"{{2}} is cheaper\","  \
    "\"button_1\":\"url:goods?q={{2}}\",\"button_2\":\"reply:no deals\",\"button_3\":\"code:{{3}}\"}}]"

static const char channels[] = NUMBER("one", ONE, "\"template\":\"about_your_question\",") "," NUMBER(
    "two", TWO, "") ","
                    "\"three\":{\"adapter\":\"whatsapp\",\"name\":\"three\",\"queue\":\"desk\",\"settings\":{\"number\":\"" THREE
                    "\",\"token\":\"EAA-" THREE "\",\"app_secrets\":[\"" SECRET
                    "\"],\"verify_token\":\"kefud-verify-01\",\"url\":\"http://127.0.0.1:%d\"}" TEMPLATES "}";

static int start(void **state)
{
    (void)state;
    rig_open(&r, channels);
    (void)snprintf(hook, sizeof(hook), "%s", hook_path(&r.d, RIG_SITE, "one"));
    return 0;
}

static int finish(void **state)
{
    (void)state;
    rig_close(&r);
    return 0;
}

/* ---- what Meta says ---- */

static int post_signed(const char *secret, const char *body)
{
    char hex[65], header[120];
    struct reply got;
    int status;

    hmac_hex(secret, body, hex);
    (void)snprintf(header, sizeof(header), "X-Hub-Signature-256: sha256=%s\r\n", hex);
    got = rig_post(&r, hook, header, body);
    status = got.status;
    reply_free(&got);
    return status;
}

/* A change of a number, with these members of its value. */
static char *change_of(const char *number, const char *members)
{
    char *ret = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&ret, &n);

    assert_non_null(f);
    (void)fprintf(f, "{\"field\":\"messages\",\"value\":{\"messaging_product\":\"whatsapp\",\"metadata\":{\"phone_number_id\":\"%s\"},%s}}",
                  number, members);
    (void)fclose(f);
    return ret;
}

static void changes(const char *const *all, size_t count)
{
    char *body = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&body, &n);

    assert_non_null(f);
    (void)fprintf(f, "{\"object\":\"whatsapp_business_account\",\"entry\":[{\"id\":\"1\",\"changes\":[");
    for (size_t i = 0; i < count; i++)
        (void)fprintf(f, "%s%s", i ? "," : "", all[i]);
    (void)fprintf(f, "]}]}");
    (void)fclose(f);
    assert_int_equal(post_signed(SECRET, body), 200);
    free(body);
}

static void tells(const char *number, const char *members)
{
    char *one = change_of(number, members);

    changes((const char *const[]){ one }, 1);
    free(one);
}

/* A message of somebody, so many seconds ago; `more`: its type and content. Static memory. */
static const char *message(const char *user, const char *id, int64_t ago_s, const char *more)
{
    static char text[900];

    (void)snprintf(text, sizeof(text),
                   "\"contacts\":[{\"profile\":{\"name\":\"Mika\"},\"wa_id\":\"15550142233\",\"user_id\":\"%s\"}],"
                   "\"messages\":[{\"from\":\"15550142233\",\"from_user_id\":\"%s\",\"id\":\"%s\",\"timestamp\":\"%lld\",%s}]",
                   user, user, id, (long long)(now_wall_ms() / 1000 - ago_s), more);
    return text;
}

static const char *opens(const char *user, const char *id, int64_t ago_s, const char *more)
{
    tells(ONE, message(user, id, ago_s, more));
    return rig_assigned(&r);
}

#define TEXT(words) "\"type\":\"text\",\"text\":{\"body\":\"" words "\"}"

static void becomes_at(const char *number, const char *id, const char *status, const char *ours, const char *more)
{
    char text[500];

    (void)snprintf(text, sizeof(text),
                   "\"statuses\":[{\"id\":\"%s\",\"status\":\"%s\",\"timestamp\":\"%lld\",\"recipient_id\":\"15550142233\","
                   "\"biz_opaque_callback_data\":\"%s\"%s}]",
                   id, status, (long long)(now_wall_ms() / 1000), ours ? ours : "", more ? more : "");
    tells(number, text);
}

static void becomes(const char *id, const char *status, const char *ours, const char *more)
{
    becomes_at(ONE, id, status, ours, more);
}

/* Our next message with that text. */
static void take_text(const char *text)
{
    for (rig_take(&r, "/" ONE "/messages", OK); strcmp(text_at(r.p.json, "text.body"), text) != 0; rig_take(&r, "/" ONE "/messages", OK))
        platform_answer(&r.p, 200, NULL, OK);
}

static void answer_id(const char *id)
{
    char body[120];

    (void)snprintf(body, sizeof(body), "{\"messaging_product\":\"whatsapp\",\"messages\":[{\"id\":\"%s\"}]}", id);
    platform_answer(&r.p, 200, NULL, body);
}

/* A file of the agent's; freed by the caller. */
static struct reply upload(const char *name, const char *bytes, size_t n)
{
    char headers[120], path[120];

    (void)snprintf(headers, sizeof(headers), "X-CSRF-Token: %s\r\n", r.agent.csrf);
    (void)snprintf(path, sizeof(path), "/files?site=" RIG_SITE "&name=%s", name);
    return web_expect(
        &r.d, 201, &(struct ask){ .path = path, .headers = headers, .cookie = r.agent.cookie, .origin = "", .body = bytes, .n_body = n });
}

/* ---- the tests ---- */

static void the_handshake_is_echoed(void **state)
{
    static const struct {
        const char *query;
        int status;
        const char *body;
    } rows[] = {
        { "?hub.mode=subscribe&hub.challenge=115%2B8%201&hub.verify_token=kefud-verify-01", 200, "115+8 1" },
        { "?hub.mode=subscribe&hub.challenge=1&hub.verify_token=another", 403, NULL },
        { "?hub.mode=subscribe&hub.verify_token=kefud-verify-01", 400, NULL },
        { "", 403, NULL },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char path[200];
        struct reply got;

        (void)snprintf(path, sizeof(path), "%s%s", hook, rows[i].query);
        web_ask(&r.d, &(struct ask){ .path = path }, &got);
        assert_int_equal(got.status, rows[i].status);
        if (rows[i].body)
            assert_string_equal(got.body, rows[i].body);
        reply_free(&got);
    }
    assert_int_equal(post_signed("another secret", "{\"object\":\"whatsapp_business_account\",\"entry\":[]}"), 401);
}

static void words_go_both_ways_and_what_became_of_them_is_told(void **state)
{
    char ours[64];
    const char *conv;
    int64_t seq;

    (void)state;
    conv = opens("US.1", "wamid.IN1", 0, TEXT("Is the blue kettle in stock?"));
    seq = staff_say(&r.agent, conv, "r1", "It is");
    take_text("It is");
    assert_string_equal(r.p.path, "/v24.0/" ONE "/messages");
    assert_string_equal(head_value(r.p.head, "Authorization"), "Bearer EAA-" ONE);
    assert_string_equal(text_at(r.p.json, "recipient"), "US.1");
    (void)snprintf(ours, sizeof(ours), "%s", text_at(r.p.json, "biz_opaque_callback_data"));
    assert_non_null(strstr(ours, conv));
    /* What became of it is known before the answer has been read, and not in order. */
    becomes("wamid.OUT1", "read", NULL, NULL);
    becomes("wamid.OUT1", "delivered", NULL, NULL);
    answer_id("wamid.OUT1");
    becomes("wamid.OUT1", "read", ours, NULL);
    rig_status(&r, seq, "read");
    becomes("wamid.OUT1", "sent", ours, NULL);
    wire_none(&r.agent.wire, "{s:s,s:I,s:s}", "type", "status", "seq", (json_int_t)seq, "state", "sent");
    tells(ONE, message("US.1", "wamid.IN2", 0, TEXT("Good") ",\"context\":{\"id\":\"wamid.OUT1\"}"));
    assert_int_equal(number_at(rig_told(&r, "Good"), "reply_to"), seq);
}

static void a_lost_answer_is_found_again(void **state)
{
    char ours[64];
    const char *conv;
    int64_t seq;

    (void)state;
    conv = opens("US.2", "wamid.IN3", 0, TEXT("hello?"));
    seq = staff_say(&r.agent, conv, "r1", "line cut");
    take_text("line cut");
    (void)snprintf(ours, sizeof(ours), "%s", text_at(r.p.json, "biz_opaque_callback_data"));
    platform_drop(&r.p);
    rig_status(&r, seq, "uncertain");
    assert_true(rig_quiet(&r, "/nothing", OK, 500));
    becomes("wamid.LOST", "delivered", ours, NULL);
    rig_status(&r, seq, "delivered");

    seq = staff_say(&r.agent, conv, "r2", "not to you");
    take_text("not to you");
    (void)snprintf(ours, sizeof(ours), "%s", text_at(r.p.json, "biz_opaque_callback_data"));
    answer_id("wamid.OUT2");
    rig_status(&r, seq, "sent");
    becomes("wamid.OUT2", "failed", ours, ",\"errors\":[{\"code\":131026,\"title\":\"Message undeliverable\"}]");
    assert_non_null(strstr(text_at(rig_status(&r, seq, "failed"), "reason"), "131026: Message undeliverable"));
}

static void pictures_go_both_ways(void **state)
{
    static const char gif[] = "GIF89a\x02\x01\x03\x01 and so on", png[] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x02\0\0\0\x02";
    char where[120], path[64];
    const json_t *m;
    const char *conv;
    struct reply got;
    int64_t seq;

    (void)state;
    conv = opens("US.3", "wamid.IN4", 0,
                 "\"type\":\"image\",\"image\":{\"id\":\"770011\",\"mime_type\":\"image/jpeg\",\"caption\":\"this lid\"}");
    rig_take(&r, "/v24.0/770011", OK);
    assert_string_equal(r.p.method, "GET");
    (void)snprintf(where, sizeof(where),
                   "{\"url\":\"http://127.0.0.1:%d/media?mid=770011\",\"mime_type\":\"image/jpeg\",\"file_size\":\"20\"}", r.p.port);
    platform_answer(&r.p, 200, NULL, where);
    rig_take(&r, "/media?mid=770011", OK);
    assert_string_equal(head_value(r.p.head, "Authorization"), "Bearer EAA-" ONE);
    assert_non_null(head_value(r.p.head, "User-Agent"));
    platform_answer(&r.p, 200, NULL, gif);
    m = wire_take(&r.agent.wire, "{s:s,s:s,s:s}", "type", "changed", "conversation", conv, "kind", "image");
    assert_string_equal(text_at(m, "text"), "this lid");
    (void)snprintf(path, sizeof(path), "/files/%s", text_at(m, "file.id"));
    got = web_expect(&r.d, 200, &(struct ask){ .path = path, .cookie = r.agent.cookie });
    assert_string_equal(got.body, gif);
    reply_free(&got);

    seq = rig_send_file(&r, conv, "f1", "lid.png", png, sizeof(png) - 1, "image");
    rig_take(&r, "/" ONE "/media", OK);
    assert_non_null(strstr(r.p.body, "name=\"type\"\r\n\r\nimage/png\r\n"));
    assert_non_null(strstr(r.p.body, "filename=\"lid.png\"\r\nContent-Type: image/png\r\n\r\n\x89PNG"));
    platform_answer(&r.p, 200, NULL, "{\"id\":\"4490\"}");
    for (rig_take(&r, "/" ONE "/messages", OK); strcmp(text_at(r.p.json, "type"), "image") != 0; rig_take(&r, "/" ONE "/messages", OK))
        platform_answer(&r.p, 200, NULL, OK);
    assert_string_equal(text_at(r.p.json, "image.id"), "4490");
    answer_id("wamid.PIC");
    rig_status(&r, seq, "sent");
}

static void picture_at(const char *id, const char *url)
{
    char more[300];

    (void)snprintf(more, sizeof(more),
                   "\"type\":\"image\",\"image\":{\"id\":\"77\",\"mime_type\":\"image/gif\",\"sha256\":\"AAAA\",\"url\":\"%s\"}", url);
    tells(ONE, message("US.3", id, 0, more));
}

/* The answer to an id: that place, of the platform's own. */
static void answer_place(const char *path)
{
    char body[160];

    (void)snprintf(body, sizeof(body), "{\"url\":\"http://127.0.0.1:%d%s\",\"mime_type\":\"image/gif\"}", r.p.port, path);
    platform_answer(&r.p, 200, NULL, body);
}

static void a_picture_is_fetched_where_the_message_says(void **state)
{
    static const char gif[] = "GIF89a\x02\x01\x03\x01 and so on";
    char where[120];

    (void)state;
    (void)snprintf(where, sizeof(where), "http://127.0.0.1:%d/media?now", r.p.port);
    picture_at("wamid.U1", where);
    rig_take(&r, "/media?now", OK);
    assert_string_equal(head_value(r.p.head, "Authorization"), "Bearer EAA-" ONE);
    platform_answer(&r.p, 200, NULL, gif);
    (void)wire_take(&r.agent.wire, "{s:s,s:s}", "type", "changed", "kind", "image");
    daemon_log_wait(&r.d, "event=media_differs site=" RIG_SITE " channel=one"); /* and is shown all the same */

    /* Five minutes later it is there no more, nor is that which the id gave: it is asked for another one, once. */
    picture_at("wamid.U2", where);
    rig_take(&r, "/media?now", OK);
    platform_answer(&r.p, 404, NULL, "");
    rig_take(&r, "/v24.0/77", OK);
    answer_place("/media?first");
    rig_take(&r, "/media?first", OK);
    platform_answer(&r.p, 404, NULL, "");
    rig_take(&r, "/v24.0/77", OK);
    answer_place("/media?second");
    rig_take(&r, "/media?second", OK);
    platform_answer(&r.p, 200, NULL, gif);
    (void)wire_take(&r.agent.wire, "{s:s,s:s}", "type", "changed", "kind", "image");

    /* Nobody else's place is looked at before Meta has named it. */
    picture_at("wamid.U3", "http://localhost:9/media");
    for (int i = 0; i < 2; i++) {
        rig_take(&r, "/v24.0/77", OK);
        answer_place("/media?gone");
        rig_take(&r, "/media?gone", OK);
        platform_answer(&r.p, 404, NULL, "");
    }
    (void)wire_take(&r.agent.wire, "{s:s,s:s}", "type", "changed", "text", "[image: could not be fetched, it is not there any more]");
}

static void two_numbers_share_one_address(void **state)
{
    char *all[3];
    const char *conv;
    int64_t seq;

    (void)state;
    all[0] = change_of(ONE, message("US.4", "wamid.IN5", 0, TEXT("for the first")));
    all[1] = change_of(TWO, message("US.4", "wamid.IN6", 0, TEXT("for the second")));
    all[2] = change_of("555555", message("US.4", "wamid.IN7", 0, TEXT("for nobody")));
    changes((const char *const *)all, 3);
    for (int i = 0; i < 3; i++)
        free(all[i]);
    wire_take(&r.agent.wire, "{s:s,s:{s:s}}", "type", "assigned", "conversation", "channel", "one");
    conv = text_at(wire_take(&r.agent.wire, "{s:s,s:{s:s}}", "type", "assigned", "conversation", "channel", "two"), "conversation.id");
    daemon_log_wait(&r.d, "event=hook_passed_over site=" RIG_SITE " channel=one reason=unknown_account events=1");
    seq = staff_say(&r.agent, conv, "r1", "the second speaks");
    for (rig_take(&r, "/" TWO "/messages", OK); strcmp(text_at(r.p.json, "text.body"), "the second speaks") != 0;
         rig_take(&r, "/" TWO "/messages", OK))
        platform_answer(&r.p, 200, NULL, OK);
    assert_string_equal(head_value(r.p.head, "Authorization"), "Bearer EAA-" TWO);
    answer_id("wamid.OUT3");
    rig_status(&r, seq, "sent");
}

/* There is nothing here that a card could be: what stands on it is said. */
static void a_card_goes_as_its_text(void **state)
{
    const char *conv;
    int64_t seq;

    (void)state;
    conv = opens("US.card", "wamid.CARD", 0, TEXT("how do returns work?"));
    wire_sendf(
        &r.agent.wire,
        "{\"type\":\"message\",\"conversation\":\"%s\",\"cid\":\"k1\",\"kind\":\"card\",\"title\":\"Returns\",\"text\":\"Seven days.\","
        "\"url\":\"https://shop.example/r\"}",
        conv);
    seq = number_at(wire_take(&r.agent.wire, "{s:s,s:s}", "type", "ack", "cid", "k1"), "seq");
    take_text("Returns\nSeven days.\nhttps://shop.example/r");
    answer_id("wamid.OUTCARD");
    rig_status(&r, seq, "sent");
}

/* In both directions: it has a name, an address that opens a map, and its degrees. */
static void a_place_reads_the_same_in_both_directions(void **state)
{
    static const char map[] = "Park\n1 Lake Road\nhttps://www.openstreetmap.org/?mlat=59.437&mlon=24.7536";
    const char *conv;
    const json_t *m;
    int64_t seq;

    (void)state;
    conv = opens(
        "US.place", "wamid.PLACE", 0,
        "\"type\":\"location\",\"location\":{\"latitude\":59.437,\"longitude\":24.7536,\"name\":\"Park\",\"address\":\"1 Lake Road\"}");
    wire_sendf(&r.agent.wire, "{\"type\":\"history\",\"conversation\":\"%s\",\"after\":0}", conv);
    m = json_array_get(value_at(wire_take(&r.agent.wire, "{s:s,s:s}", "type", "history", "conversation", conv), "messages"), 0);
    assert_string_equal(text_at(m, "kind"), "card");
    assert_string_equal(text_at(m, "text"), map);
    assert_true(json_number_value(value_at(m, "lat")) == 59.437 && json_number_value(value_at(m, "lon")) == 24.7536);

    wire_sendf(&r.agent.wire,
               "{\"type\":\"message\",\"conversation\":\"%s\",\"cid\":\"p1\",\"kind\":\"card\",\"title\":\"Park\",\"text\":\"1 Lake Road\","
               "\"lat\":59.437,\"lon\":24.7536}",
               conv);
    seq = number_at(wire_take(&r.agent.wire, "{s:s,s:s}", "type", "ack", "cid", "p1"), "seq");
    for (rig_take(&r, "/" ONE "/messages", OK); strcmp(text_at(r.p.json, "type"), "location") != 0; rig_take(&r, "/" ONE "/messages", OK))
        platform_answer(&r.p, 200, NULL, OK); /* the greeting */
    assert_string_equal(text_at(r.p.json, "location.name"), "Park");
    assert_string_equal(text_at(r.p.json, "location.address"), "1 Lake Road");
    assert_true(json_number_value(value_at(r.p.json, "location.latitude")) == 59.437);
    assert_true(json_number_value(value_at(r.p.json, "location.longitude")) == 24.7536);
    answer_id("wamid.OUTPLACE");
    rig_status(&r, seq, "sent");
    wire_sendf(&r.agent.wire, "{\"type\":\"history\",\"conversation\":\"%s\",\"after\":%lld}", conv, (long long)seq - 1);
    m = json_array_get(value_at(wire_take(&r.agent.wire, "{s:s,s:s}", "type", "history", "conversation", conv), "messages"), 0);
    assert_string_equal(text_at(m, "kind"), "card");
    assert_string_equal(text_at(m, "text"), map);
    assert_true(json_number_value(value_at(m, "lat")) == 59.437 && json_number_value(value_at(m, "lon")) == 24.7536);
}

/* Meta fetches it from the address; whoever has that needs no session. */
static void the_picture_of_a_card_goes_with_it(void **state)
{
    static const char png[] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x02\0\0\0\x02";
    const char *conv, *path;
    struct reply got;
    int64_t seq;

    (void)state;
    conv = opens("US.cardpic", "wamid.CARDPIC", 0, TEXT("what does it look like?"));
    got = web_expect(&r.d, 201,
                     &(struct ask){ .path = "/files?site=" RIG_SITE "&name=tea.png",
                                    .cookie = r.agent.cookie,
                                    .csrf = r.agent.csrf,
                                    .origin = "",
                                    .body = png,
                                    .n_body = sizeof(png) - 1 });
    wire_sendf(&r.agent.wire,
               "{\"type\":\"message\",\"conversation\":\"%s\",\"cid\":\"k2\",\"kind\":\"card\",\"title\":\"Tea\",\"text\":\"Green\","
               "\"url\":\"https://shop.example/tea\",\"file\":\"%s\"}",
               conv, text_at(got.json, "id"));
    reply_free(&got);
    seq = number_at(wire_take(&r.agent.wire, "{s:s,s:s}", "type", "ack", "cid", "k2"), "seq");
    for (rig_take(&r, "/" ONE "/messages", OK); strcmp(text_at(r.p.json, "type"), "image") != 0; rig_take(&r, "/" ONE "/messages", OK))
        platform_answer(&r.p, 200, NULL, OK); /* the greeting */
    assert_string_equal(text_at(r.p.json, "image.caption"), "Tea\nGreen\nhttps://shop.example/tea");
    path = strstr(text_at(r.p.json, "image.link"), "/files/");
    assert_non_null(path);
    got = web_expect(&r.d, 200, &(struct ask){ .path = path });
    assert_int_equal(got.n_body, sizeof(png) - 1);
    assert_memory_equal(got.body, png, sizeof(png) - 1);
    reply_free(&got);
    answer_id("wamid.OUTPIC");
    rig_status(&r, seq, "sent");
}

#define VCARD(name, phone) "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:" name "\r\nTEL;TYPE=CELL:" phone "\r\nEND:VCARD\r\n"

static void people_in_a_file_go_as_contacts(void **state)
{
    static const char both[] = VCARD("Ann", "12015550123") VCARD("王芳", "13800138000"),
                      nobody[] = "BEGIN:VCARD\r\nFN:Ann\r\nEND:VCARD\r\n";
    const char *conv;
    int64_t seq;

    (void)state;
    conv = opens("US.81", "wamid.VC1", 5, TEXT("Whom do I call?"));
    seq = rig_send_file(&r, conv, "v1", "both.vcf", both, sizeof(both) - 1, "file");
    do
        rig_take(&r, "/" ONE "/messages", OK);
    while (strcmp(text_at(r.p.json, "type"), "contacts") != 0 && (platform_answer(&r.p, 200, NULL, OK), true));
    assert_string_equal(text_at(r.p.json, "contacts.1.name.formatted_name"), "王芳");
    assert_string_equal(text_at(r.p.json, "contacts.1.phones.0.phone"), "13800138000");
    answer_id("wamid.VC2");
    rig_status(&r, seq, "sent");
    becomes("wamid.VC2", "failed", NULL, ",\"errors\":[{\"code\":131009,\"title\":\"Parameter value is not valid\"}]");
    assert_non_null(strstr(text_at(rig_status(&r, seq, "failed"), "reason"), "131009"));

    /* Whoever has no number is no contact: it is taken there as a file. */
    (void)rig_send_file(&r, conv, "v2", "nobody.vcf", nobody, sizeof(nobody) - 1, "file");
    rig_take(&r, "/" ONE "/media", OK);
    assert_non_null(strstr(r.p.body, "filename=\"nobody.vcf\""));
    platform_answer(&r.p, 200, NULL, "{\"id\":\"4491\"}");
    rig_take(&r, "/" ONE "/messages", OK);
    assert_string_equal(text_at(r.p.json, "document.id"), "4491");
    answer_id("wamid.VC3");
}

static void reacts(const char *conv, const char *cid, const char *emoji)
{
    wire_sendf(&r.agent.wire, "{\"type\":\"react\",\"conversation\":\"%s\",\"cid\":\"%s\",\"seq\":1,\"emoji\":\"%s\"}", conv, cid, emoji);
}

static void take_reaction(const char *emoji)
{
    do {
        rig_take(&r, "/" ONE "/messages", OK);
        if (strcmp(text_at(r.p.json, "type"), "reaction") == 0)
            break;
        platform_answer(&r.p, 200, NULL, OK);
    } while (true);
    assert_string_equal(text_at(r.p.json, "reaction.message_id"), "wamid.RE1");
    assert_string_equal(text_at(r.p.json, "reaction.emoji"), emoji);
}

static void fails_at_length(const char *id, const char *ours)
{
    char text[6000];
    int n = snprintf(text, sizeof(text),
                     "\"statuses\":[{\"id\":\"%s\",\"status\":\"failed\",\"timestamp\":\"%lld\",\"recipient_id\":\"15550142233\","
                     "\"biz_opaque_callback_data\":\"%s\",\"errors\":[{\"code\":131026,\"title\":\"",
                     id, (long long)(now_wall_ms() / 1000), ours);

    memset(text + n, 'x', 5000);
    (void)snprintf(text + n + 5000, sizeof(text) - (size_t)n - 5000, "\"}]}]");
    tells(ONE, text);
}

static void a_reaction_goes_while_the_window_is_open(void **state)
{
    const json_t *entry;
    char ours[128];
    const char *conv;

    (void)state;
    conv = opens("US.71", "wamid.RE1", 5, TEXT("It fits!"));
    reacts(conv, "e1", "🎉");
    take_reaction("🎉");
    answer_id("wamid.REACTED");
    (void)snprintf(ours, sizeof(ours), "%s", text_at(r.p.json, "biz_opaque_callback_data"));
    becomes("wamid.REACTED", "sent", ours, NULL);
    /* What Meta says later of one that it had taken: whoever has reacted reads it, and the message of the customer stays as it is. */
    becomes("wamid.REACTED", "failed", ours, ",\"errors\":[{\"code\":131026,\"title\":\"Message undeliverable\"}]");
    entry = wire_take(&r.agent.wire, "{s:s,s:s,s:{s:s}}", "type", "timeline", "conversation", conv, "entry", "kind", "reaction_failed");
    assert_string_equal(text_at(entry, "entry.data.emoji"), "🎉");
    assert_string_equal(text_at(entry, "entry.data.why"), "131026: Message undeliverable");
    assert_int_equal(number_at(entry, "entry.after_seq"), 1);
    becomes("wamid.REACTED", "failed", ours, ",\"errors\":[{\"code\":131026,\"title\":\"Message undeliverable\"}]");
    wire_none(&r.agent.wire, "{s:s,s:s,s:i}", "type", "status", "conversation", conv, "seq", 1);
    fails_at_length("wamid.REACTED2", ours); /* nothing that is said at such length is lost over it */
    entry = wire_take(&r.agent.wire, "{s:s,s:s,s:{s:s}}", "type", "timeline", "conversation", conv, "entry", "kind", "reaction_failed");
    assert_string_equal(text_at(entry, "entry.data.emoji"), "🎉");
    assert_int_equal(strlen(text_at(entry, "entry.data.why")), 500);
    /* Of another channel of the same app, or of nobody: that is not to be written into this talk. */
    becomes_at(THREE, "wamid.REACTED3", "failed", ours, ",\"errors\":[{\"code\":131026}]");
    becomes("wamid.REACTED4", "failed", "00000000-0000-7000-8000-000000000000-1/x", ",\"errors\":[{\"code\":131026}]");
    wire_none(&r.agent.wire, "{s:s,s:s,s:{s:s}}", "type", "timeline", "conversation", conv, "entry", "kind", "reaction_failed");
    reacts(conv, "e2", "");
    take_reaction("");
    platform_answer(&r.p, 400, NULL,
                    "{\"error\":{\"message\":\"(#131009) Parameter value is not valid\",\"code\":131009,\"error_data\":{\"details\":\"No "
                    "such message\"}}}");
    entry = wire_take(&r.agent.wire, "{s:s,s:s,s:{s:s}}", "type", "timeline", "conversation", conv, "entry", "kind", "reaction_failed");
    assert_string_equal(text_at(entry, "entry.data.why"), "131009: No such message");

    /* It is no template, and so it goes no more, whatever the settings name. */
    conv = opens("US.72", "wamid.RE2", DAY_S + 60, TEXT("That was yesterday"));
    wire_take(&r.agent.wire, "{s:s,s:s,s:s}", "type", "window", "conversation", conv, "state", "late");
    reacts(conv, "e3", "👍");
    assert_string_equal(wire_verdict(&r.agent.wire, "e3"), "conflict");
}

static void after_a_day_only_a_template_goes(void **state)
{
    const char *conv;
    int64_t seq;

    (void)state;
    conv = opens("US.5", "wamid.IN8", DAY_S + 60, TEXT("I wrote yesterday"));
    wire_take(&r.agent.wire, "{s:s,s:s,s:s}", "type", "window", "conversation", conv, "state", "late");
    seq = staff_say(&r.agent, conv, "r1", "It has\narrived");
    rig_take(&r, "/" ONE "/messages", OK);
    assert_string_equal(text_at(r.p.json, "type"), "template");
    assert_string_equal(text_at(r.p.json, "template.name"), "about_your_question");
    assert_string_equal(text_at(r.p.json, "template.components.0.parameters.0.text"), "It has arrived");
    answer_id("wamid.TPL");
    rig_status(&r, seq, "sent");

    /* Without one nobody is asked in vain. */
    tells(TWO, message("US.5", "wamid.IN9", DAY_S + 60, TEXT("and you?")));
    conv = rig_assigned(&r);
    wire_take(&r.agent.wire, "{s:s,s:s,s:s}", "type", "window", "conversation", conv, "state", "closed");
    wire_sendf(&r.agent.wire, "{\"type\":\"message\",\"conversation\":\"%s\",\"cid\":\"r2\",\"kind\":\"text\",\"text\":\"too late\"}",
               conv);
    assert_string_equal(wire_verdict(&r.agent.wire, "r2"), "conflict");
}

/* Sends what an agent chose; `more`: the members beside the conversation and the cid. */
static void chooses(const char *conv, const char *cid, const char *more)
{
    wire_sendf(&r.agent.wire, "{\"type\":\"message\",\"conversation\":\"%s\",\"cid\":\"%s\",\"kind\":\"template\",%s}", conv, cid, more);
}

#define ORDER "\"template\":\"order\",\"fields\":{\"1\":\"A-1024\",\"2\":\"发货\"}"

static void a_chosen_template_goes_after_a_day(void **state)
{
    const json_t *told;
    const char *conv;
    char ours[64];
    json_t *list;
    int64_t seq;

    (void)state;
    tells(THREE, message("US.30", "wamid.T1", DAY_S + 60, TEXT("我昨天问的")));
    conv = rig_assigned(&r);
    assert_null(value_at(wire_take(&r.agent.wire, "{s:s,s:s,s:s,s:b,s:b}", "type", "window", "conversation", conv, "state", "late", "late",
                                   1, "templates", 1),
                         "words"));
    wire_sendf(&r.agent.wire, "{\"type\":\"message\",\"conversation\":\"%s\",\"cid\":\"t0\",\"kind\":\"text\",\"text\":\"too late\"}",
               conv);
    assert_string_equal(wire_verdict(&r.agent.wire, "t0"), "conflict");
    assert_non_null(strstr(text_at(r.agent.wire.last, "message"), "choose a template"));

    list = staff_get(&r.agent, &r.d, "/api/v1/sites/" RIG_SITE "/templates?channel=three");
    assert_string_equal(text_at(list, "items.0.fields.1.label"), "状态");
    assert_string_equal(text_at(list, "items.1.fields.0.label"), "who");
    assert_string_equal(text_at(list, "items.2.header"), "image");
    json_decref(list);

    chooses(conv, "t1", ORDER);
    assert_string_equal(wire_verdict(&r.agent.wire, "t1"), "ack");
    seq = number_at(r.agent.wire.last, "seq");
    rig_take(&r, "/" THREE "/messages", OK);
    assert_string_equal(text_at(r.p.json, "type"), "template");
    assert_string_equal(text_at(r.p.json, "recipient"), "US.30");
    assert_string_equal(text_at(r.p.json, "template.name"), "order_update");
    assert_string_equal(text_at(r.p.json, "template.language.code"), "zh_CN");
    assert_string_equal(text_at(r.p.json, "template.components.0.type"), "body");
    assert_string_equal(text_at(r.p.json, "template.components.0.parameters.0.text"), "A-1024");
    assert_string_equal(text_at(r.p.json, "template.components.0.parameters.1.text"), "发货");
    assert_null(value_at(r.p.json, "template.components.0.parameters.0.parameter_name"));
    assert_null(value_at(r.p.json, "template.components.1"));
    (void)snprintf(ours, sizeof(ours), "%s", text_at(r.p.json, "biz_opaque_callback_data"));
    answer_id("wamid.CHOSEN");
    rig_status(&r, seq, "sent");

    /* Once, however often it is sent; in another order it is the same, with other fields it is not. */
    chooses(conv, "t1", "\"fields\":{\"2\":\"发货\",\"1\":\"A-1024\"},\"template\":\"order\"");
    assert_string_equal(wire_verdict(&r.agent.wire, "t1"), "ack");
    assert_int_equal(number_at(r.agent.wire.last, "seq"), seq);
    chooses(conv, "t1", "\"template\":\"order\",\"fields\":{\"1\":\"A-1025\",\"2\":\"发货\"}");
    assert_string_equal(wire_verdict(&r.agent.wire, "t1"), "conflict");
    assert_true(rig_quiet(&r, "/" THREE "/messages", OK, 300));

    /* It is a text like any other. */
    wire_sendf(&r.agent.wire, "{\"type\":\"history\",\"conversation\":\"%s\",\"before\":%lld,\"limit\":1}", conv, (long long)seq + 1);
    told = wire_take(&r.agent.wire, "{s:s,s:s}", "type", "history", "conversation", conv);
    assert_string_equal(text_at(told, "messages.0.text"), "您的订单 A-1024 已发货。");
    assert_string_equal(text_at(told, "messages.0.kind"), "text");
    becomes_at(THREE, "wamid.CHOSEN", "delivered", ours, NULL);
    rig_status(&r, seq, "delivered");

    chooses(conv, "t2", "\"template\":\"visit\",\"fields\":{\"time\":\"4 pm\",\"who\":\"Mr. \\\"A\\\"\"}");
    assert_string_equal(wire_verdict(&r.agent.wire, "t2"), "ack");
    rig_take(&r, "/" THREE "/messages", OK);
    assert_string_equal(text_at(r.p.json, "template.components.0.parameters.0.parameter_name"), "who");
    assert_string_equal(text_at(r.p.json, "template.components.0.parameters.0.text"), "Mr. \"A\"");
    assert_string_equal(text_at(r.p.json, "template.components.0.parameters.1.parameter_name"), "time");
    answer_id("wamid.NAMED");
}

/* Variables stand in its header and its buttons, too; what is kept is what the customer reads. */
static void a_template_with_buttons_is_filled_in_all_over(void **state)
{
    json_t *list, *adapters, *want;
    const json_t *told;
    const char *conv;
    char *made;

    (void)state;
    adapters = staff_get(&r.agent, &r.d, "/api/v1/adapters");
    want = json_array();
    for (size_t i = 0; i < json_array_size(json_object_get(adapters, "items")); i++) {
        const json_t *one = json_array_get(json_object_get(adapters, "items"), i);

        if (strcmp(text_at(one, "name"), "whatsapp") == 0)
            json_array_extend(want, json_object_get(one, "template_kinds"));
    }
    assert_string_equal(text_at(want, "0.name"), "buttons");
    assert_true(json_is_true(value_at(want, "0.worded")));
    assert_string_equal(text_at(want, "0.values.1.type"), "button");
    json_decref(want);
    json_decref(adapters);
    list = staff_get(&r.agent, &r.d, "/api/v1/sites/" RIG_SITE "/templates?channel=three");
    assert_string_equal(text_at(list, "items.3.text"), "{{2}} is cheaper\nDear {{1}}, it ends soon.");
    assert_string_equal(text_at(list, "items.3.fields.2.label"), "code");
    json_decref(list);

    tells(THREE, message("US.34", "wamid.T5", DAY_S + 60, TEXT("any news?")));
    conv = rig_assigned(&r);
    chooses(conv, "b1", "\"template\":\"deal\",\"fields\":{\"1\":\"Ann\",\"2\":\"Grüner Tee\",\"3\":\"TEA5\"}");
    assert_string_equal(wire_verdict(&r.agent.wire, "b1"), "ack");
    rig_take(&r, "/" THREE "/messages", OK);
    want = json_loads("[{\"type\":\"header\",\"parameters\":[{\"type\":\"text\",\"text\":\"Grüner Tee\"}]},"
                      "{\"type\":\"body\",\"parameters\":[{\"type\":\"text\",\"text\":\"Ann\"}]},"
                      "{\"type\":\"button\",\"sub_type\":\"url\",\"index\":\"0\",\"parameters\":[{\"type\":\"text\",\"text\":\"goods?q=Gr%"
                      "C3%BCner%20Tee\"}]},"
                      "{\"type\":\"button\",\"sub_type\":\"quick_reply\",\"index\":\"1\",\"parameters\":[{\"type\":\"payload\",\"payload\":"
                      "\"no deals\"}]},"
                      "{\"type\":\"button\",\"sub_type\":\"copy_code\",\"index\":\"2\",\"parameters\":[{\"type\":\"coupon_code\",\"coupon_"
                      "code\":\"TEA5\"}]}]",
                      0, NULL);
    assert_non_null(want);
    made = json_dumps(value_at(r.p.json, "template.components"), JSON_COMPACT);
    if (!json_equal(value_at(r.p.json, "template.components"), want))
        fail_msg("%s", made);
    free(made);
    json_decref(want);
    answer_id("wamid.DEAL");
    wire_sendf(&r.agent.wire, "{\"type\":\"history\",\"conversation\":\"%s\",\"before\":99,\"limit\":1}", conv);
    told = wire_take(&r.agent.wire, "{s:s,s:s}", "type", "history", "conversation", conv);
    assert_string_equal(text_at(told, "messages.0.text"), "Grüner Tee is cheaper\nDear Ann, it ends soon.");
}

static void a_picture_stands_above_a_template(void **state)
{
    static const char png[] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x02\0\0\0\x02";
    const char *conv;
    char more[200];
    const json_t *told;
    struct reply got;
    int64_t seq;

    (void)state;
    tells(THREE, message("US.31", "wamid.T2", DAY_S + 60, TEXT("anything new?")));
    conv = rig_assigned(&r);
    chooses(conv, "p1", "\"template\":\"new\",\"fields\":{\"1\":\"tea\"}");
    assert_string_equal(wire_verdict(&r.agent.wire, "p1"), "bad_request");
    assert_non_null(strstr(text_at(r.agent.wire.last, "message"), "file: required"));
    got = upload("a.txt", "text", 4);
    (void)snprintf(more, sizeof(more), "\"template\":\"new\",\"fields\":{\"1\":\"tea\"},\"file\":\"%s\"", text_at(got.json, "id"));
    reply_free(&got);
    chooses(conv, "p2", more);
    assert_string_equal(wire_verdict(&r.agent.wire, "p2"), "unsupported");
    assert_non_null(strstr(text_at(r.agent.wire.last, "message"), "JPEG or PNG"));
    got = upload("tea.png", png, sizeof(png) - 1);
    (void)snprintf(more, sizeof(more), "\"template\":\"new\",\"fields\":{\"1\":\"tea\"},\"file\":\"%s\"", text_at(got.json, "id"));
    reply_free(&got);
    chooses(conv, "p3", more);
    assert_string_equal(wire_verdict(&r.agent.wire, "p3"), "ack");
    seq = number_at(r.agent.wire.last, "seq");
    rig_take(&r, "/" THREE "/media", OK);
    assert_non_null(strstr(r.p.body, "filename=\"tea.png\"\r\nContent-Type: image/png\r\n\r\n\x89PNG"));
    platform_answer(&r.p, 200, NULL, "{\"id\":\"4491\"}");
    rig_take(&r, "/" THREE "/messages", OK);
    assert_string_equal(text_at(r.p.json, "template.components.0.type"), "header");
    assert_string_equal(text_at(r.p.json, "template.components.0.parameters.0.type"), "image");
    assert_string_equal(text_at(r.p.json, "template.components.0.parameters.0.image.id"), "4491");
    assert_string_equal(text_at(r.p.json, "template.components.1.parameters.0.text"), "tea");
    answer_id("wamid.ABOVE");
    rig_status(&r, seq, "sent");
    wire_sendf(&r.agent.wire, "{\"type\":\"history\",\"conversation\":\"%s\",\"before\":%lld,\"limit\":1}", conv, (long long)seq + 1);
    told = wire_take(&r.agent.wire, "{s:s,s:s}", "type", "history", "conversation", conv);
    assert_string_equal(text_at(told, "messages.0.text"), "Look: tea");
    assert_string_equal(text_at(told, "messages.0.file.name"), "tea.png");
}

static void what_is_wrong_with_a_template_is_said(void **state)
{
    static const struct {
        const char *more, *code, *words;
    } rows[] = {
        { "\"template\":\"other\",\"fields\":{}", "bad_request",
          "template: there is no \"other\" here; allowed are order, visit, new, deal" },
        { "\"fields\":{}", "bad_request", "template: required" },
        { "\"template\":\"A b\",\"fields\":{}", "bad_request", "template: 1 to 32 of a-z 0-9 _ -" },
        { "\"template\":\"order\"", "bad_request", "fields.1: required (订单号)" },
        { "\"template\":\"order\",\"fields\":{\"1\":\"A\"}", "bad_request", "fields.2: required (状态)" },
        { "\"template\":\"order\",\"fields\":{\"1\":\"A\",\"2\":\"  \"}", "bad_request", "fields.2: empty (状态)" },
        { "\"template\":\"order\",\"fields\":{\"1\":\"A\",\"2\":\"B\",\"3\":\"C\"}", "bad_request",
          "fields.3: this template has no such field; it has 1, 2" },
        { "\"template\":\"order\",\"fields\":{\"1\":\"A\\nB\",\"2\":\"C\"}", "bad_request", "fields.1: one line" },
        { "\"template\":\"order\",\"fields\":{\"1\":7,\"2\":\"C\"}", "bad_request", "fields.1: names of 1 to 32 bytes, values are texts" },
        { "\"template\":\"order\",\"fields\":[\"A\"]", "bad_request", "fields: an object of at most" },
        { "\"template\":\"order\",\"fields\":{\"1\":\"A\",\"2\":\"B\"},\"file\":\"0197f7a2-0000-7000-8000-000000000001\"", "bad_request",
          "file: nothing stands above this template" },
    };
    char more[1200], value[600];
    const char *conv;

    (void)state;
    tells(THREE, message("US.32", "wamid.T3", 60, TEXT("hello")));
    conv = rig_assigned(&r);
    wire_take(&r.agent.wire, "{s:s,s:s,s:s,s:b}", "type", "window", "conversation", conv, "state", "open", "templates", 1);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char cid[8];

        (void)snprintf(cid, sizeof(cid), "w%zu", i);
        chooses(conv, cid, rows[i].more);
        assert_string_equal(wire_verdict(&r.agent.wire, cid), rows[i].code);
        if (!strstr(text_at(r.agent.wire.last, "message"), rows[i].words))
            fail_msg("%s: %s", rows[i].more, text_at(r.agent.wire.last, "message"));
    }
    memset(value, 'x', 513);
    value[513] = '\0';
    (void)snprintf(more, sizeof(more), "\"template\":\"order\",\"fields\":{\"1\":\"%s\",\"2\":\"B\"}", value);
    chooses(conv, "l1", more);
    assert_string_equal(wire_verdict(&r.agent.wire, "l1"), "too_large");
    (void)snprintf(more, sizeof(more), "\"template\":\"order\",\"fields\":{\"1\":\"%.512s\",\"2\":\"%.512s\"}", value, value);
    chooses(conv, "l2", more);
    assert_string_equal(wire_verdict(&r.agent.wire, "l2"), "too_large");
    assert_non_null(strstr(text_at(r.agent.wire.last, "message"), "allowed are 1024"));

    tells(TWO, message("US.33", "wamid.T4", 0, TEXT("hello")));
    conv = rig_assigned(&r);
    chooses(conv, "n1", ORDER);
    assert_string_equal(wire_verdict(&r.agent.wire, "n1"), "unsupported");
    assert_non_null(strstr(text_at(r.agent.wire.last, "message"), "no templates are set up for this channel"));
}

static void whom_meta_renames_stays_the_same(void **state)
{
    const char *conv;
    int64_t seq;

    (void)state;
    conv = opens("US.6", "wamid.IN10", 0, TEXT("me"));
    tells(ONE,
          "\"messages\":[{\"id\":\"wamid.SYS\",\"timestamp\":\"1789990070\",\"type\":\"system\",\"system\":{\"body\":\"changed\",\"type\":"
          "\"user_changed_user_id\",\"user_id\":\"US.66\",\"previous_user_id\":\"US.6\"}}]");
    tells(ONE, message("US.66", "wamid.IN11", 0, TEXT("still me")));
    assert_string_equal(text_at(rig_told(&r, "still me"), "conversation"), conv);
    seq = staff_say(&r.agent, conv, "r1", "I see");
    take_text("I see");
    assert_string_equal(text_at(r.p.json, "recipient"), "US.66");
    answer_id("wamid.OUT4");
    rig_status(&r, seq, "sent");
}

static void reading_and_typing_are_told(void **state)
{
    const char *conv;

    (void)state;
    conv = opens("US.7", "wamid.IN12", 0, TEXT("anybody?"));
    wire_sendf(&r.agent.wire, "{\"type\":\"read\",\"conversation\":\"%s\",\"cid\":\"rd\",\"seq\":1}", conv);
    for (rig_take(&r, "/" ONE "/messages", OK); strcmp(text_at(r.p.json, "status"), "read") != 0; rig_take(&r, "/" ONE "/messages", OK))
        platform_answer(&r.p, 200, NULL, OK);
    assert_string_equal(text_at(r.p.json, "message_id"), "wamid.IN12");
    platform_answer(&r.p, 200, NULL, "{\"success\":true}");
    wire_sendf(&r.agent.wire, "{\"type\":\"typing\",\"conversation\":\"%s\",\"on\":true}", conv);
    for (rig_take(&r, "/" ONE "/messages", OK); !value_at(r.p.json, "typing_indicator"); rig_take(&r, "/" ONE "/messages", OK))
        platform_answer(&r.p, 200, NULL, OK);
    assert_string_equal(text_at(r.p.json, "message_id"), "wamid.IN12");
    platform_answer(&r.p, 200, NULL, "{\"success\":true}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_handshake_is_echoed),
        cmocka_unit_test(words_go_both_ways_and_what_became_of_them_is_told),
        cmocka_unit_test(a_lost_answer_is_found_again),
        cmocka_unit_test(pictures_go_both_ways),
        cmocka_unit_test(a_picture_is_fetched_where_the_message_says),
        cmocka_unit_test(two_numbers_share_one_address),
        cmocka_unit_test(a_card_goes_as_its_text),
        cmocka_unit_test(a_place_reads_the_same_in_both_directions),
        cmocka_unit_test(the_picture_of_a_card_goes_with_it),
        cmocka_unit_test(people_in_a_file_go_as_contacts),
        cmocka_unit_test(a_reaction_goes_while_the_window_is_open),
        cmocka_unit_test(after_a_day_only_a_template_goes),
        cmocka_unit_test(a_chosen_template_goes_after_a_day),
        cmocka_unit_test(a_template_with_buttons_is_filled_in_all_over),
        cmocka_unit_test(a_picture_stands_above_a_template),
        cmocka_unit_test(what_is_wrong_with_a_template_is_said),
        cmocka_unit_test(whom_meta_renames_stays_the_same),
        cmocka_unit_test(reading_and_typing_are_told),
    };

    return cmocka_run_group_tests(tests, start, finish);
}
