/* A QQ bot beside a real kefud: who switches messages on, adds the bot, or lets it into a group, may be written to because of that. */
#include "tests/support/desk.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECRET "naOC0ocQE3shWLAfffVLB1rhYPG7"
#define SEED   "naOC0ocQE3shWLAfffVLB1rhYPG7naOC"
#define OK     "{\"access_token\":\"T1\",\"expires_in\":\"7200\",\"id\":\"ROBOT1.0_sent\",\"timestamp\":1}"

static struct desk_rig r;
static char hook[64];

static const char channels[] =
    "\"qq\":{\"adapter\":\"qq\",\"name\":\"QQ\",\"queue\":\"desk\",\"settings\":{\"app_id\":\"102345678\",\"app_secret\":\"" SECRET
    "\",\"url\":\"http://127.0.0.1:%d\",\"token_url\":\"http://127.0.0.1:%d\"}}";

static int finish(void **state)
{
    (void)state;
    rig_close(&r);
    return 0;
}

/* ---- what QQ says ---- */

static void sign(const char *at, const char *body, char hex[129])
{
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, (const unsigned char *)SEED, 32);
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    unsigned char signature[64];
    size_t n = sizeof(signature);
    char both[2000];

    (void)snprintf(both, sizeof(both), "%s%s", at, body);
    assert_int_equal(EVP_DigestSignInit(md, NULL, NULL, NULL, key), 1);
    assert_int_equal(EVP_DigestSign(md, signature, &n, (const unsigned char *)both, strlen(both)), 1);
    for (size_t i = 0; i < n; i++)
        (void)snprintf(hex + 2 * i, 3, "%02x", signature[i]);
    EVP_MD_CTX_free(md);
    EVP_PKEY_free(key);
}

/* An event of that name, `ago_s` seconds ago; `data` are the members of "d" beside its time. */
static void event(const char *word, const char *id, int64_t ago_s, const char *data)
{
    char body[1600], headers[300], at[24], hex[129];
    struct reply got;

    (void)snprintf(body, sizeof(body), "{\"id\":\"%s\",\"op\":0,\"t\":\"%s\",\"d\":{%s,\"timestamp\":\"%lld\"}}", id, word, data,
                   (long long)(now_wall_ms() / 1000 - ago_s));
    (void)snprintf(at, sizeof(at), "%lld", (long long)(now_wall_ms() / 1000));
    sign(at, body, hex);
    (void)snprintf(headers, sizeof(headers), "X-Bot-Appid: 102345678\r\nX-Signature-Timestamp: %s\r\nX-Signature-Ed25519: %s\r\n", at, hex);
    got = rig_post(&r, hook, headers, body);
    assert_int_equal(got.status, 200);
    reply_free(&got);
}

static int start(void **state)
{
    (void)state;
    rig_open(&r, channels);
    (void)snprintf(hook, sizeof(hook), "%s", hook_path(&r.d, RIG_SITE, "qq"));
    /* The first words of anybody fetch the token, and are greeted. */
    event("C2C_MESSAGE_CREATE", "C2C_MESSAGE_CREATE:0", 0, "\"id\":\"ROBOT1.0_0\",\"author\":{\"user_openid\":\"U0\"},\"content\":\"hi\"");
    (void)rig_assigned(&r);
    rig_take(&r, "/v2/users/U0/messages", OK);
    platform_answer(&r.p, 200, NULL, OK);
    return 0;
}

/* ---- what is seen and sent ---- */

static void window_is(const char *conv, const char *word, int left)
{
    if (left)
        wire_take(&r.agent.wire, "{s:s,s:s,s:s,s:i}", "type", "window", "conversation", conv, "state", word, "left", left);
    else
        wire_take(&r.agent.wire, "{s:s,s:s,s:s}", "type", "window", "conversation", conv, "state", word);
}

static void says(const char *conv, const char *cid, const char *path, const char *event_id, int seq)
{
    int64_t mine = staff_say(&r.agent, conv, cid, cid);

    rig_take(&r, path, OK);
    assert_string_equal(text_at(r.p.json, "content"), cid);
    assert_string_equal(text_at(r.p.json, "event_id"), event_id);
    assert_null(value_at(r.p.json, "msg_id"));
    assert_int_equal(number_at(r.p.json, "msg_seq"), seq);
    platform_answer(&r.p, 200, NULL, OK);
    (void)rig_status(&r, mine, "sent");
}

static bool has_failed(const char *conv)
{
    const json_t *page;
    size_t i = 0;

    wire_sendf(&r.agent.wire, "{\"type\":\"history\",\"conversation\":\"%s\",\"after\":0}", conv);
    page = value_at(wire_take(&r.agent.wire, "{s:s,s:s}", "type", "history", "conversation", conv), "messages");
    while (i < json_array_size(page) && strcmp(text_at(json_array_get(page, i), "state"), "failed") != 0)
        i++;
    return i < json_array_size(page);
}

/* It is assigned, and not even the greeting gets there, sooner or later. */
static void too_late(char conv[40])
{
    int64_t end = now_wall_ms() + 20000;
    bool failed;

    (void)snprintf(conv, 40, "%s", rig_assigned(&r));
    window_is(conv, "closed", 0);
    do
        failed = has_failed(conv);
    while (!failed && now_wall_ms() < end);
    assert_true(failed);
    wire_forget(&r.agent.wire);
}

/* Whose words are two hours old, so that nothing goes to him. */
static void a_person_who_may_not_be_written_to(const char *user, char conv[40])
{
    char data[300];

    (void)snprintf(data, sizeof(data), "\"id\":\"ROBOT1.0_%s\",\"author\":{\"user_openid\":\"%s\"},\"content\":\"hi\"", user, user);
    event("C2C_MESSAGE_CREATE", user, 7200, data);
    too_late(conv);
    wire_sendf(&r.agent.wire, "{\"type\":\"message\",\"conversation\":\"%s\",\"cid\":\"no-%s\",\"kind\":\"text\",\"text\":\"late\"}", conv,
               user);
    (void)snprintf(data, sizeof(data), "no-%s", user);
    assert_string_equal(wire_verdict(&r.agent.wire, data), "conflict");
}

static void who_switches_messages_on_may_be_written_to(void **state)
{
    char conv[40];

    (void)state;
    event("C2C_MSG_RECEIVE", "C2C_MSG_RECEIVE:0", 0, "\"openid\":\"U1\""); /* nobody has spoken: nothing is opened */
    a_person_who_may_not_be_written_to("U1", conv);
    event("C2C_MSG_REJECT", "C2C_MSG_REJECT:1", 0, "\"openid\":\"U1\"");
    event("C2C_MSG_RECEIVE", "C2C_MSG_RECEIVE:2", 0, "\"openid\":\"U1\"");
    window_is(conv, "open", 5);
    says(conv, "one", "/v2/users/U1/messages", "C2C_MSG_RECEIVE:2", 1);
    says(conv, "two", "/v2/users/U1/messages", "C2C_MSG_RECEIVE:2", 2);
    window_is(conv, "open", 3);
}

static void who_adds_the_bot_again_may_be_written_to(void **state)
{
    char conv[40];

    (void)state;
    a_person_who_may_not_be_written_to("U2", conv);
    wire_forget(&r.agent.wire);
    event("FRIEND_DEL", "FRIEND_DEL:1", 0, "\"openid\":\"U2\"");
    event("FRIEND_ADD", "FRIEND_ADD:0", 7200, "\"openid\":\"U2\""); /* told too late */
    event("FRIEND_ADD", "FRIEND_ADD:2", 0, "\"openid\":\"U2\"");
    window_is(conv, "open", 5);
    says(conv, "again", "/v2/users/U2/messages", "FRIEND_ADD:2", 1);
}

/* Nothing of it is on the timeline: the window alone has changed, and is told. */
static void a_group_that_lets_the_bot_in_may_be_written_to(void **state)
{
    char conv[40];

    (void)state;
    event("GROUP_ADD_ROBOT", "GROUP_ADD_ROBOT:0", 0, "\"group_openid\":\"G1\",\"op_member_openid\":\"M1\"");
    event("GROUP_AT_MESSAGE_CREATE", "GROUP_AT_MESSAGE_CREATE:1", 7200,
          "\"id\":\"ROBOT1.0_g1\",\"group_openid\":\"G1\",\"author\":{\"member_openid\":\"M1\"},\"content\":\" hi\"");
    too_late(conv);
    event("GROUP_MSG_RECEIVE", "GROUP_MSG_RECEIVE:2", 0, "\"group_openid\":\"G1\",\"op_member_openid\":\"M1\"");
    window_is(conv, "open", 5);
    says(conv, "in-group", "/v2/groups/G1/messages", "GROUP_MSG_RECEIVE:2", 1);
    event("GROUP_ADD_ROBOT", "GROUP_ADD_ROBOT:3", 0, "\"group_openid\":\"G1\",\"op_member_openid\":\"M1\"");
    window_is(conv, "open", 9); /* beside the four of before */
    says(conv, "anew", "/v2/groups/G1/messages", "GROUP_ADD_ROBOT:3", 1);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_switches_messages_on_may_be_written_to),
        cmocka_unit_test(who_adds_the_bot_again_may_be_written_to),
        cmocka_unit_test(a_group_that_lets_the_bot_in_may_be_written_to),
    };

    return cmocka_run_group_tests(tests, start, finish);
}
