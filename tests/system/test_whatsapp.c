/* WhatsApp numbers beside a real kefud: the handshake, words in both directions and what became of them, places, reactions, and who is who. */
#include "whatsapp_rig.h"

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
        cmocka_unit_test(two_numbers_share_one_address),
        cmocka_unit_test(a_place_reads_the_same_in_both_directions),
        cmocka_unit_test(a_reaction_goes_while_the_window_is_open),
        cmocka_unit_test(whom_meta_renames_stays_the_same),
        cmocka_unit_test(reading_and_typing_are_told),
    };

    return cmocka_run_group_tests(tests, start, finish);
}
