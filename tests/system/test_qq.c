/* A QQ bot beside a real kefud: protocols/qq.h says how it speaks. Every reply names what it answers, and is counted. */
#include "tests/support/desk.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECRET "rT5wQ8zLm2Xc9VbN"
#define APP    "102345678"
#define GROUP  "D40B8E61F9A3275C81E6F0247C9B5D13"
#define OK     "{\"id\":\"ROBOT1.0_o\",\"timestamp\":1789990000,\"access_token\":\"T1\",\"expires_in\":\"7200\"}"
#define NOW    "2026-09-21T21:46:40+08:00"

static struct desk_rig r;
static char hook[64];

static const char channels[] = "\"qq\":{\"adapter\":\"qq\",\"name\":\"QQ\",\"queue\":\"desk\",\"settings\":{\"app_id\":\"" APP
                               "\",\"app_secret\":\"" SECRET "\",\"url\":\"http://127.0.0.1:%d\",\"token_url\":\"http://127.0.0.1:%d\"}}";

static int start(void **state)
{
    (void)state;
    rig_open(&r, channels);
    (void)snprintf(hook, sizeof(hook), "%s", hook_path(&r.d, RIG_SITE, "qq"));
    return 0;
}

static int finish(void **state)
{
    (void)state;
    rig_close(&r);
    return 0;
}

/* ---- what QQ says ---- */

/* Hex of the signature that the secret makes over both parts: its key is the secret, over and over, 32 bytes of it. */
static void sign(const char *secret, const char *first, const char *second, char ret[129])
{
    unsigned char seed[32], signature[64];
    size_t n = sizeof(signature);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY *key;
    char *all = malloc(strlen(first) + strlen(second) + 1);

    assert_non_null(all);
    (void)strcpy(all, first);
    (void)strcat(all, second);
    for (size_t i = 0; i < sizeof(seed); i++)
        seed[i] = (unsigned char)secret[i % strlen(secret)];
    key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, sizeof(seed));
    assert_int_equal(EVP_DigestSignInit(ctx, NULL, NULL, NULL, key), 1);
    assert_int_equal(EVP_DigestSign(ctx, signature, &n, (const unsigned char *)all, strlen(all)), 1);
    for (size_t i = 0; i < n; i++)
        (void)snprintf(ret + 2 * i, 3, "%02x", signature[i]);
    EVP_PKEY_free(key);
    EVP_MD_CTX_free(ctx);
    free(all);
}

static struct reply post(const char *secret, const char *body)
{
    char headers[400], signature[129];

    sign(secret, "1789990000", body, signature);
    (void)snprintf(headers, sizeof(headers),
                   "X-Bot-Appid: " APP "\r\nUser-Agent: QQBot-Callback\r\nX-Signature-Timestamp: 1789990000\r\n"
                   "X-Signature-Ed25519: %s\r\nContent-Type: application/json\r\n",
                   signature);
    return rig_post(&r, hook, headers, body);
}

static void event(const char *word, const char *id, const char *d)
{
    char body[1600];
    struct reply got;

    (void)snprintf(body, sizeof(body), "{\"id\":\"%s\",\"op\":0,\"s\":7,\"t\":\"%s\",\"d\":%s}", id, word, d);
    got = post(SECRET, body);
    if (got.status != 200 || strcmp(got.body, "{\"op\":12,\"d\":0}") != 0)
        fail_msg("%s was answered with %d %s", body, got.status, got.body);
    reply_free(&got);
}

/* The time of a message is now: its replies are counted from then. */
static const char *now_text(void)
{
    static char ret[40];

    (void)snprintf(ret, sizeof(ret), "%lld", (long long)(now_wall_ms() / 1000));
    return ret;
}

static void writes(const char *user, const char *id, const char *text)
{
    char d[800], envelope[80];

    (void)snprintf(d, sizeof(d), "{\"id\":\"%s\",\"author\":{\"user_openid\":\"%s\"},\"content\":\"%s\",\"timestamp\":%s}", id, user, text,
                   now_text());
    (void)snprintf(envelope, sizeof(envelope), "C2C_MESSAGE_CREATE:%s", id);
    event("C2C_MESSAGE_CREATE", envelope, d);
}

static void writes_in_group(const char *member, const char *id, const char *text)
{
    char d[800], envelope[80];

    (void)snprintf(d, sizeof(d),
                   "{\"id\":\"%s\",\"author\":{\"member_openid\":\"%s\"},\"group_openid\":\"" GROUP
                   "\",\"content\":\" %s \",\"timestamp\":%s}",
                   id, member, text, now_text());
    (void)snprintf(envelope, sizeof(envelope), "GROUP_AT_MESSAGE_CREATE:%s", id);
    event("GROUP_AT_MESSAGE_CREATE", envelope, d);
}

/* ---- what QQ hears ---- */

/* The next message there with these words; greetings before it are taken. */
static void take_text(const char *path, const char *text)
{
    for (rig_take(&r, path, OK); !strstr(text_at(r.p.json, "content"), text); rig_take(&r, path, OK))
        platform_answer(&r.p, 200, NULL, OK);
    assert_string_equal(r.p.method, "POST");
    assert_non_null(strstr(head_value(r.p.head, "Authorization"), "QQBot "));
}

static void takes_it(const char *id)
{
    char body[160];

    (void)snprintf(body, sizeof(body), "{\"id\":\"%s\",\"timestamp\":\"" NOW "\"}", id);
    platform_answer(&r.p, 200, NULL, body);
}

static int64_t seq_of(const char *cid)
{
    return number_at(wire_take(&r.agent.wire, "{s:s,s:s}", "type", "ack", "cid", cid), "seq");
}

/* What is left of replies, as the agent is told. */
static void are_left(const char *conv, int left)
{
    wire_take(&r.agent.wire, "{s:s,s:s,s:i}", "type", "window", "conversation", conv, "left", left);
}

/* ---- the tests ---- */

static void the_address_is_proved_by_a_signature(void **state)
{
    char want[129];
    struct reply got;

    (void)state;
    sign(SECRET, "1718200000", "k9Xw2mPq7Lr4Tz8VbNc1", want);
    got = post(SECRET, "{\"d\":{\"plain_token\":\"k9Xw2mPq7Lr4Tz8VbNc1\",\"event_ts\":\"1718200000\"},\"op\":13}");
    assert_int_equal(got.status, 200);
    assert_string_equal(text_at(got.json, "plain_token"), "k9Xw2mPq7Lr4Tz8VbNc1");
    assert_string_equal(text_at(got.json, "signature"), want);
    reply_free(&got);
    got = post(SECRET, "{\"op\":1,\"d\":41}");
    assert_string_equal(got.body, "{\"op\":11,\"d\":41}");
    reply_free(&got);
    got = post("another secret", "{\"d\":{\"plain_token\":\"k9\",\"event_ts\":\"1718200000\"},\"op\":13}");
    assert_int_equal(got.status, 401);
    reply_free(&got);
}

/* Five to a message, each with the next number; the sixth is refused before it is stored, until the visitor writes again. */
static void replies_are_counted_to_the_last(void **state)
{
    char conv[40], text[20], cid[12];
    int first;

    (void)state;
    writes("USER-A", "ROBOT1.0_a1", "有人吗<faceType=1,faceId=\\\"13\\\",ext=\\\"eyJ0ZXh0Ijoi5ZGy54mZIn0=\\\">");
    (void)snprintf(conv, sizeof(conv), "%s", rig_assigned(&r));
    are_left(conv, 4); /* the greeting has taken one */
    wire_sendf(&r.agent.wire, "{\"type\":\"history\",\"conversation\":\"%s\",\"after\":0}", conv);
    assert_string_equal(text_at(wire_take(&r.agent.wire, "{s:s,s:s}", "type", "history", "conversation", conv), "messages.0.text"),
                        "有人吗[呲牙]");
    for (int i = 2; i <= 5; i++) {
        int64_t seq;

        (void)snprintf(text, sizeof(text), "answer %d", i);
        (void)snprintf(cid, sizeof(cid), "a%d", i);
        seq = staff_say(&r.agent, conv, cid, text);
        take_text("/v2/users/USER-A/messages", text);
        assert_string_equal(text_at(r.p.json, "msg_id"), "ROBOT1.0_a1");
        assert_int_equal(number_at(r.p.json, "msg_seq"), i);
        assert_int_equal(number_at(r.p.json, "msg_type"), 0);
        takes_it("ROBOT1.0_o2");
        rig_status(&r, seq, "sent");
        are_left(conv, 5 - i);
    }
    wire_sendf(&r.agent.wire, "{\"type\":\"message\",\"conversation\":\"%s\",\"cid\":\"a6\",\"kind\":\"text\",\"text\":\"six\"}", conv);
    assert_string_equal(wire_verdict(&r.agent.wire, "a6"), "conflict");
    assert_true(rig_quiet(&r, "/messages", OK, 300));

    writes("USER-A", "ROBOT1.0_a2", "还有一个问题");
    are_left(conv, 5);
    first = (int)staff_say(&r.agent, conv, "a7", "sixth, to the second");
    take_text("/v2/users/USER-A/messages", "sixth");
    assert_string_equal(text_at(r.p.json, "msg_id"), "ROBOT1.0_a2");
    assert_int_equal(number_at(r.p.json, "msg_seq"), 1);
    takes_it("ROBOT1.0_o3");
    rig_status(&r, first, "sent");
}

/* What comes twice is one message; what is tried twice keeps its number; what may have arrived is not said again. */
static void a_repeat_is_the_same(void **state)
{
    const char *conv;
    int64_t seq, asked;

    (void)state;
    for (int i = 0; i < 3; i++)
        writes("USER-B", "ROBOT1.0_b1", "only once");
    conv = rig_assigned(&r);
    are_left(conv, 4);
    seq = staff_say(&r.agent, conv, "b1", "tried twice");
    take_text("/USER-B/messages", "tried twice");
    assert_int_equal(number_at(r.p.json, "msg_seq"), 2);
    asked = r.p.at;
    platform_answer(&r.p, 429, "Retry-After: 1\r\n", "{\"code\":22009,\"message\":\"msg limit exceed\"}");
    take_text("/USER-B/messages", "tried twice");
    assert_int_equal(number_at(r.p.json, "msg_seq"), 2);
    assert_true(r.p.at - asked >= 1000);
    platform_answer(&r.p, 400, NULL, "{\"code\":40054005,\"message\":\"msg_seq is repeated\"}"); /* the first had arrived after all */
    rig_status(&r, seq, "sent");

    seq = staff_say(&r.agent, conv, "b2", "line cut");
    take_text("/USER-B/messages", "line cut");
    assert_int_equal(number_at(r.p.json, "msg_seq"), 3);
    platform_drop(&r.p);
    rig_status(&r, seq, "uncertain");
    assert_true(rig_quiet(&r, "/messages", OK, 800));
    (void)writes("USER-B", "ROBOT1.0_b1", "only once");
    wire_none(&r.agent.wire, "{s:s,s:s}", "type", "message", "text", "only once");
}

static void a_token_that_expired_is_fetched_once_more(void **state)
{
    const char *conv;
    int64_t seq;

    (void)state;
    writes("USER-C", "ROBOT1.0_c1", "hello");
    conv = rig_assigned(&r);
    are_left(conv, 4);
    seq = staff_say(&r.agent, conv, "c1", "with a new token");
    take_text("/USER-C/messages", "with a new token");
    platform_answer(&r.p, 401, NULL, "{\"code\":11244,\"message\":\"token not exist or expire\"}");
    rig_take(&r, "/app/getAppAccessToken", OK);
    assert_string_equal(text_at(r.p.json, "appId"), APP);
    assert_string_equal(text_at(r.p.json, "clientSecret"), SECRET);
    platform_answer(&r.p, 200, NULL, "{\"access_token\":\"T2\",\"expires_in\":7200}");
    take_text("/USER-C/messages", "with a new token");
    assert_string_equal(head_value(r.p.head, "Authorization"), "QQBot T2");
    assert_int_equal(number_at(r.p.json, "msg_seq"), 2);
    takes_it("ROBOT1.0_oc");
    rig_status(&r, seq, "sent");
}

/* A reply to a certain message names its speaker; one to nobody names nobody. */
static void a_group_is_one_conversation_with_its_speakers(void **state)
{
    char conv[40];
    const json_t *m;
    int64_t to, seq;

    (void)state;
    writes_in_group("MEMBER-ANNA-A7C1", "ROBOT1.0_g1", "我的包裹呢");
    (void)snprintf(conv, sizeof(conv), "%s", rig_assigned(&r));
    writes_in_group("MEMBER-BO-B902", "ROBOT1.0_g2", "我的也没到");
    m = rig_told(&r, "我的也没到");
    assert_string_equal(text_at(m, "conversation"), conv);
    assert_string_equal(text_at(m, "speaker"), "QQ O-B902");
    assert_null(value_at(m, "speaker_id"));
    to = number_at(m, "seq");
    wire_sendf(&r.agent.wire,
               "{\"type\":\"message\",\"conversation\":\"%s\",\"cid\":\"g1\",\"kind\":\"text\",\"text\":\"今天到\",\"reply_to\":%lld}",
               conv, (long long)to);
    seq = seq_of("g1");
    take_text("/v2/groups/" GROUP "/messages", "今天到");
    assert_string_equal(text_at(r.p.json, "content"), "<qqbot-at-user id=\"MEMBER-BO-B902\" /> 今天到");
    assert_string_equal(text_at(r.p.json, "msg_id"), "ROBOT1.0_g2");
    takes_it("ROBOT1.0_og1");
    rig_status(&r, seq, "sent");
    seq = staff_say(&r.agent, conv, "g2", "谢谢两位");
    take_text("/v2/groups/" GROUP "/messages", "谢谢两位");
    assert_string_equal(text_at(r.p.json, "content"), "谢谢两位");
    takes_it("ROBOT1.0_og2");
    rig_status(&r, seq, "sent");
}

static void a_tap_is_acknowledged_and_a_message(void **state)
{
    const char *conv;
    char d[400];

    (void)state;
    writes("USER-D", "ROBOT1.0_d1", "refund");
    conv = rig_assigned(&r);
    (void)snprintf(d, sizeof(d),
                   "{\"id\":\"a1b2c3d4-0000-4abc-9def-0123456789ab\",\"type\":11,\"scene\":\"c2c\",\"chat_type\":2,\"timestamp\":%s,"
                   "\"user_openid\":\"USER-D\",\"data\":{\"resolved\":{\"button_id\":\"1\",\"button_data\":\"human\"}}}",
                   now_text());
    event("INTERACTION_CREATE", "INTERACTION_CREATE:i1", d);
    rig_take(&r, "/interactions/a1b2c3d4-0000-4abc-9def-0123456789ab", OK);
    assert_string_equal(r.p.method, "PUT");
    assert_int_equal(number_at(r.p.json, "code"), 0);
    platform_answer(&r.p, 200, NULL, "{}");
    assert_string_equal(text_at(rig_told(&r, "human"), "conversation"), conv);
}

/* Two minutes there; what the platform says of it later, the staff read. */
static void what_was_sent_is_taken_back(void **state)
{
    const char *conv;
    int64_t seq;

    (void)state;
    writes("USER-E", "ROBOT1.0_e1", "wrong number?");
    conv = rig_assigned(&r);
    seq = staff_say(&r.agent, conv, "e1", "a slip");
    take_text("/USER-E/messages", "a slip");
    takes_it("ROBOT1.0_slip/1");
    rig_status(&r, seq, "sent");
    wire_sendf(&r.agent.wire, "{\"type\":\"recall\",\"conversation\":\"%s\",\"cid\":\"k1\",\"seq\":%lld}", conv, (long long)seq);
    rig_take(&r, "/v2/users/USER-E/messages/ROBOT1.0_slip%2F1", OK);
    assert_string_equal(r.p.method, "DELETE");
    platform_answer(&r.p, 200, NULL, NULL);
    assert_string_equal(wire_verdict(&r.agent.wire, "k1"), "ack");
}

/* 202: taken, and looked at first. It is no failure, and no silence either. */
static void what_waits_for_a_review_says_so(void **state)
{
    const char *conv;
    int64_t seq;

    (void)state;
    writes("USER-F", "ROBOT1.0_f1", "price?");
    conv = rig_assigned(&r);
    seq = staff_say(&r.agent, conv, "f1", "see shop.example");
    take_text("/USER-F/messages", "see shop.example");
    platform_answer(&r.p, 202, NULL, "{\"code\":304023,\"message\":\"push message is waiting for audit now\"}");
    assert_string_equal(text_at(rig_status(&r, seq, "sent"), "reason"), "review");
    seq = staff_say(&r.agent, conv, "f2", "not allowed");
    take_text("/USER-F/messages", "not allowed");
    platform_answer(&r.p, 400, NULL, "{\"code\":304003,\"message\":\"url not allowed\"}");
    assert_non_null(strstr(text_at(rig_status(&r, seq, "failed"), "reason"), "304003: url not allowed"));
    seq = staff_say(&r.agent, conv, "f3", "and this");
    take_text("/USER-F/messages", "and this");
    takes_it("ROBOT1.0_of");
    assert_string_equal(text_at(rig_status(&r, seq, "sent"), "reason"), "");
}

/* Another id space and other addresses, and no number of replies. */
static void guilds_are_answered_where_they_spoke(void **state)
{
    char conv[40], cid[12];
    char d[400];

    (void)state;
    (void)snprintf(d, sizeof(d),
                   "{\"id\":\"08f1\",\"guild_id\":\"7\",\"channel_id\":\"8\",\"author\":{\"id\":\"9\",\"username\":\"Li\"},\"content\":"
                   "\"<@!42> 几点开门\",\"timestamp\":%s}",
                   now_text());
    event("AT_MESSAGE_CREATE", "AT_MESSAGE_CREATE:08f1", d);
    (void)snprintf(conv, sizeof(conv), "%s", rig_assigned(&r));
    wire_take(&r.agent.wire, "{s:s,s:s,s:s}", "type", "window", "conversation", conv, "state", "open");
    for (int i = 1; i <= 7; i++) {
        (void)snprintf(cid, sizeof(cid), "l%d", i);
        (void)staff_say(&r.agent, conv, cid, "at nine");
        take_text("/channels/8/messages", "at nine");
        assert_string_equal(text_at(r.p.json, "msg_id"), "08f1");
        assert_null(value_at(r.p.json, "msg_type"));
        takes_it("08o1");
    }
    (void)snprintf(
        d, sizeof(d),
        "{\"id\":\"08f2\",\"guild_id\":\"7\",\"author\":{\"id\":\"9\",\"username\":\"Li\"},\"content\":\"私信\",\"timestamp\":%s}",
        now_text());
    event("DIRECT_MESSAGE_CREATE", "DIRECT_MESSAGE_CREATE:08f2", d);
    (void)staff_say(&r.agent, rig_assigned(&r), "m1", "in private");
    take_text("/dms/7/messages", "in private");
    takes_it("08o2");
}

static void pictures_go_both_ways(void **state)
{
    static const char png[] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x02\0\0\0\x02";
    const json_t *m;
    const char *conv;
    char d[600];
    int64_t seq;

    (void)state;
    (void)snprintf(d, sizeof(d),
                   "{\"id\":\"ROBOT1.0_p1\",\"author\":{\"user_openid\":\"USER-P\"},\"content\":\"\",\"timestamp\":%s,\"attachments\":["
                   "{\"content_type\":\"image/gif\",\"filename\":\"lid.gif\",\"url\":\"http://127.0.0.1:%d/cdn/lid?x=1\",\"size\":20}]}",
                   now_text(), r.p.port);
    event("C2C_MESSAGE_CREATE", "C2C_MESSAGE_CREATE:ROBOT1.0_p1", d);
    conv = rig_assigned(&r);
    rig_take(&r, "/cdn/lid?x=1", OK);
    assert_null(head_value(r.p.head, "Authorization"));
    platform_answer(&r.p, 200, "Content-Type: image/gif\r\n", "GIF89a\x02\x01\x03\x01 and so on");
    m = wire_take(&r.agent.wire, "{s:s,s:s,s:s}", "type", "changed", "conversation", conv, "kind", "image");
    assert_string_equal(text_at(m, "file.name"), "lid.gif");
    seq = rig_send_file(&r, conv, "p1", "lid.png", png, sizeof(png) - 1, "image");
    rig_take(&r, "/v2/users/USER-P/files", OK);
    assert_int_equal(number_at(r.p.json, "file_type"), 1);
    assert_true(json_is_false(value_at(r.p.json, "srv_send_msg")));
    assert_non_null(strstr(text_at(r.p.json, "url"), "/files/"));
    platform_answer(&r.p, 200, NULL, "{\"file_uuid\":\"U\",\"file_info\":\"FI==\",\"ttl\":3600}");
    for (rig_take(&r, "/USER-P/messages", OK); number_at(r.p.json, "msg_type") != 7; rig_take(&r, "/USER-P/messages", OK))
        platform_answer(&r.p, 200, NULL, OK);
    assert_string_equal(text_at(r.p.json, "media.file_info"), "FI==");
    assert_string_equal(text_at(r.p.json, "content"), " ");
    takes_it("ROBOT1.0_op");
    rig_status(&r, seq, "sent");
}

/* Who leaves cannot be answered, and who does not want to be told anything is not told by itself. */
static void who_leaves_is_out_of_reach(void **state)
{
    const char *conv;
    char d[200];

    (void)state;
    writes("USER-Q", "ROBOT1.0_q1", "bye");
    conv = rig_assigned(&r);
    (void)snprintf(d, sizeof(d), "{\"openid\":\"USER-Q\",\"timestamp\":%s}", now_text());
    event("FRIEND_DEL", "FRIEND_DEL:q1", d);
    wire_take(&r.agent.wire, "{s:s,s:s,s:{s:s}}", "type", "timeline", "conversation", conv, "entry", "kind", "unfollow");
    wire_take(&r.agent.wire, "{s:s,s:s,s:s}", "type", "window", "conversation", conv, "state", "closed");
    wire_sendf(&r.agent.wire, "{\"type\":\"message\",\"conversation\":\"%s\",\"cid\":\"q1\",\"kind\":\"text\",\"text\":\"wait\"}", conv);
    assert_string_equal(wire_verdict(&r.agent.wire, "q1"), "conflict");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_address_is_proved_by_a_signature),
        cmocka_unit_test(replies_are_counted_to_the_last),
        cmocka_unit_test(a_repeat_is_the_same),
        cmocka_unit_test(a_token_that_expired_is_fetched_once_more),
        cmocka_unit_test(a_group_is_one_conversation_with_its_speakers),
        cmocka_unit_test(a_tap_is_acknowledged_and_a_message),
        cmocka_unit_test(what_was_sent_is_taken_back),
        cmocka_unit_test(what_waits_for_a_review_says_so),
        cmocka_unit_test(guilds_are_answered_where_they_spoke),
        cmocka_unit_test(pictures_go_both_ways),
        cmocka_unit_test(who_leaves_is_out_of_reach),
    };

    return cmocka_run_group_tests(tests, start, finish);
}
