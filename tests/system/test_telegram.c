/* A Telegram bot beside a real kefud: protocols/telegram.h says how it speaks. */
#include "telegram_bot.h"

/* Our next message with that text. */
static void take_text(const char *text)
{
    for (take("sendMessage"); strcmp(text_at(r.p.json, "text"), text) != 0; take("sendMessage"))
        platform_answer(&r.p, 200, NULL, OK);
}

static void sent_as(const char *chat, int number)
{
    char body[160];

    (void)snprintf(body, sizeof(body), "{\"ok\":true,\"result\":{\"message_id\":%d,\"chat\":{\"id\":%s}}}", number, chat);
    platform_answer(&r.p, 200, NULL, body);
}

/* ---- the tests ---- */

static void words_go_both_ways_and_answers_find_what_they_answer(void **state)
{
    const char *conv;
    const json_t *page, *changed;
    int64_t seq;

    (void)state;
    conv = opens(WROTE("5212345678", "11", "Is it open?"));
    seq = staff_say(&r.agent, conv, "r1", "Until <six> & a half");
    take_text("Until <six> & a half");
    assert_int_equal(number_at(r.p.json, "chat_id"), 5212345678);
    assert_null(value_at(r.p.json, "parse_mode"));
    sent_as("5212345678", 31);
    rig_status(&r, seq, "sent");
    json_decref(
        update("\"message\":{\"message_id\":12," FROM("5212345678") ",\"text\":\"Thanks\",\"reply_to_message\":{\"message_id\":31}}"));
    assert_int_equal(number_at(rig_told(&r, "Thanks"), "reply_to"), seq);
    json_decref(update("\"edited_message\":{\"message_id\":12," FROM("5212345678") ",\"edit_date\":1789990009,\"text\":\"Thanks!\"}"));
    wire_take(&r.agent.wire, "{s:s,s:s,s:s}", "type", "changed", "conversation", conv, "text", "Thanks!");
    json_decref(update("\"edited_message\":{\"message_id\":12," FROM("5212345678") ",\"edit_date\":1789990005,\"text\":\"Thank\"}"));
    json_decref(update("\"edited_message\":{\"message_id\":12," FROM("5212345678") ",\"edit_date\":1789990009,\"text\":\"Thanks!!\"}"));
    changed = wire_take(&r.agent.wire, "{s:s,s:s}", "type", "changed", "conversation", conv);
    assert_string_equal(text_at(changed, "text"), "Thanks!!"); /* what was written before was never shown */

    /* Of one that was written before the bot was there only the new words come: they are not lost. */
    json_decref(
        update("\"edited_message\":{\"message_id\":5," FROM("5212345678") ",\"edit_date\":1789990010,\"text\":\"Open on Sunday?\"}"));
    (void)rig_told(&r, "Open on Sunday?");
    json_decref(
        update("\"edited_message\":{\"message_id\":5," FROM("5212345678") ",\"edit_date\":1789990011,\"text\":\"Open on Monday?\"}"));
    wire_take(&r.agent.wire, "{s:s,s:s,s:s}", "type", "changed", "conversation", conv, "text", "Open on Monday?");

    /* And when it comes after its new words, nobody reads its old ones as if they were said now. */
    json_decref(update(WROTE("5212345678", "5", "Open on Someday?")));
    json_decref(update(WROTE("5212345678", "13", "Well?")));
    seq = number_at(rig_told(&r, "Well?"), "seq");
    wire_sendf(&r.agent.wire, "{\"type\":\"history\",\"conversation\":\"%s\",\"before\":%lld,\"limit\":1}", conv, (long long)seq);
    page = wire_take(&r.agent.wire, "{s:s,s:s}", "type", "history", "conversation", conv);
    assert_string_equal(text_at(json_array_get(value_at(page, "messages"), 0), "text"), "Open on Monday?");
}

static void an_update_that_comes_twice_is_one_message(void **state)
{
    static const char body[] = "{\"update_id\":1,\"message\":{\"message_id\":1," FROM("42") ",\"text\":\"only once\"}}";
    const char *conv;
    const json_t *page;
    struct reply got;
    int n = 0;

    (void)state;
    for (int i = 0; i < 3; i++) {
        got = post(body);
        assert_int_equal(got.status, 200);
        reply_free(&got);
    }
    conv = rig_assigned(&r);
    wire_sendf(&r.agent.wire, "{\"type\":\"history\",\"conversation\":\"%s\",\"after\":0}", conv);
    page = wire_take(&r.agent.wire, "{s:s,s:s}", "type", "history", "conversation", conv);
    for (size_t i = 0; i < json_array_size(value_at(page, "messages")); i++)
        n += strcmp(text_at(json_array_get(value_at(page, "messages"), i), "text"), "only once") == 0;
    assert_int_equal(n, 1);
    got = rig_post(&r, hook, "X-Telegram-Bot-Api-Secret-Token: another\r\n", body);
    assert_int_equal(got.status, 401);
    reply_free(&got);
}

/* Platforms, and proxies before us, call their bodies what they like: what is believed and can be read is taken. */
static void a_body_is_taken_whatever_it_is_called(void **state)
{
    static const char *const types[] = { "text/plain", "application/x-www-form-urlencoded", "application/json; charset=gbk" };
    char headers[160], body[200];
    struct reply got;

    (void)state;
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        (void)snprintf(headers, sizeof(headers), "X-Telegram-Bot-Api-Secret-Token: " SECRET "\r\nContent-Type: %s\r\n", types[i]);
        (void)snprintf(body, sizeof(body), "{\"update_id\":%d,\"message\":{\"message_id\":1," FROM("49") ",\"text\":\"called %zu\"}}",
                       ++updates, i);
        got = rig_post(&r, hook, headers, body);
        assert_int_equal(got.status, 200);
        reply_free(&got);
        got = rig_post(&r, hook, headers, "update_id=1&message=hello");
        assert_int_equal(got.status, 400);
        reply_free(&got);
        if (i == 0)
            (void)rig_assigned(&r); /* from here on he is told of each */
    }
    (void)rig_told(&r, "called 2");
}

static void pictures_go_both_ways(void **state)
{
    static const char gif[] = "GIF89a\x02\x01\x03\x01 and so on";
    const json_t *m;
    const char *conv;
    struct reply got;
    char path[64];
    int64_t seq;

    (void)state;
    conv = opens("\"message\":{\"message_id\":1," FROM("43") ",\"caption\":\"broken lid\",\"photo\":[{\"file_id\":\"Big\",\"width\":9,"
                                                             "\"height\":9,\"file_size\":20}]}");
    take("getFile");
    assert_string_equal(text_at(r.p.json, "file_id"), "Big");
    platform_answer(&r.p, 200, NULL, "{\"ok\":true,\"result\":{\"file_path\":\"photos/file_1.jpg\",\"file_size\":20}}");
    rig_take(&r, "/file/bot123456:TEST-token/photos/file_1.jpg", OK);
    platform_answer(&r.p, 200, NULL, gif);
    m = wire_take(&r.agent.wire, "{s:s,s:s,s:s}", "type", "changed", "conversation", conv, "kind", "image");
    assert_string_equal(text_at(m, "text"), "broken lid");
    (void)snprintf(path, sizeof(path), "/files/%s", text_at(m, "file.id"));
    got = web_expect(&r.d, 200, &(struct ask){ .path = path, .cookie = r.agent.cookie });
    assert_string_equal(got.body, gif);
    reply_free(&got);

    seq = rig_send_file(&r, conv, "f1", "lid.png", png, sizeof(png) - 1, "image");
    take("sendPhoto");
    assert_non_null(strstr(head_value(r.p.head, "Content-Type"), "multipart/form-data; boundary="));
    assert_non_null(strstr(r.p.body, "name=\"chat_id\"\r\n\r\n43\r\n"));
    assert_non_null(strstr(r.p.body, "name=\"photo\"; filename=\"lid.png\"\r\nContent-Type: image/png\r\n\r\n\x89PNG"));
    sent_as("43", 77);
    rig_status(&r, seq, "sent");
}

static void trouble_ends_as_it_should(void **state)
{
    const char *conv;
    int64_t seq, asked;

    (void)state;
    conv = opens(WROTE("44", "1", "hello?"));
    seq = staff_say(&r.agent, conv, "r1", "too fast");
    take_text("too fast");
    asked = r.p.at;
    platform_answer(&r.p, 429, NULL,
                    "{\"ok\":false,\"error_code\":429,\"description\":\"Too Many Requests\",\"parameters\":{\"retry_after\":1}}");
    take_text("too fast");
    assert_true(r.p.at - asked >= 1000);
    sent_as("44", 5);
    rig_status(&r, seq, "sent");

    seq = staff_say(&r.agent, conv, "r2", "line cut");
    take_text("line cut");
    platform_drop(&r.p);
    rig_status(&r, seq, "uncertain");
    assert_true(rig_quiet(&r, "/sendMessage", OK, 1500));
    seq = staff_say(&r.agent, conv, "r2b", "nonsense");
    take_text("nonsense");
    platform_answer(&r.p, 502, NULL, "<html>bad gateway</html>");
    assert_string_equal(text_at(rig_status(&r, seq, "uncertain"), "reason"), "the platform's answer could not be read");

    seq = staff_say(&r.agent, conv, "r3", "blocked");
    take_text("blocked");
    platform_answer(&r.p, 403, NULL, "{\"ok\":false,\"error_code\":403,\"description\":\"Forbidden: bot was blocked by the user\"}");
    assert_non_null(strstr(text_at(rig_status(&r, seq, "failed"), "reason"), "bot was blocked by the user"));
    json_decref(update(
        "\"my_chat_member\":{" FROM("44") ",\"old_chat_member\":{\"status\":\"member\"},\"new_chat_member\":{\"status\":\"kicked\"}}"));
    wire_take(&r.agent.wire, "{s:s,s:s,s:{s:s}}", "type", "timeline", "conversation", conv, "entry", "kind", "unfollow");
}

static void a_group_that_moves_is_followed(void **state)
{
    const char *conv;
    int64_t seq;

    (void)state;
    conv = opens("\"message\":{\"message_id\":1,\"from\":{\"id\":45,\"first_name\":\"Ida\"},\"chat\":{\"id\":-500,\"type\":\"group\"},"
                 "\"date\":1789990000,\"text\":\"@bot hi all\"}");
    seq = staff_say(&r.agent, conv, "r1", "hi group");
    take_text("hi group");
    assert_int_equal(number_at(r.p.json, "chat_id"), -500);
    platform_answer(&r.p, 400, NULL,
                    "{\"ok\":false,\"error_code\":400,\"description\":\"Bad Request: group chat was upgraded to a supergroup chat\","
                    "\"parameters\":{\"migrate_to_chat_id\":-1002147483700}}");
    take_text("hi group");
    assert_int_equal(number_at(r.p.json, "chat_id"), -1002147483700);
    sent_as("-1002147483700", 2);
    rig_status(&r, seq, "sent");
    json_decref(update("\"message\":{\"message_id\":2,\"chat\":{\"id\":-500,\"type\":\"group\"},\"date\":1789990001,\"migrate_to_chat_id\":"
                       "-1002147483700}"));
    json_decref(update("\"message\":{\"message_id\":3,\"from\":{\"id\":46,\"first_name\":\"Bo\"},\"chat\":{\"id\":-1002147483700,\"type\":"
                       "\"supergroup\"},\"date\":1789990002,\"text\":\"here we are\"}"));
    assert_string_equal(text_at(rig_told(&r, "here we are"), "conversation"), conv);
}

static void a_tap_is_a_message_and_acknowledged(void **state)
{
    json_t *answer;
    const char *conv;

    (void)state;
    conv = opens(WROTE("47", "1", "refund"));
    answer = update("\"callback_query\":{\"id\":\"q1\",\"from\":{\"id\":47,\"first_name\":\"Ida\"},\"data\":\"refund:yes\",\"message\":{"
                    "\"message_id\":9,"
                    "\"chat\":{\"id\":47},\"date\":0,\"reply_markup\":{\"inline_keyboard\":[[{\"text\":\"Yes "
                    "please\",\"callback_data\":\"refund:yes\"}]]}}}");
    assert_string_equal(text_at(answer, "method"), "answerCallbackQuery");
    assert_string_equal(text_at(answer, "callback_query_id"), "q1");
    json_decref(answer);
    assert_string_equal(text_at(rig_told(&r, "Yes please"), "conversation"), conv);
}

/* 4096 units of UTF-16 a message: an emoji counts two of them. */
static void a_long_text_goes_in_parts_of_what_the_platform_counts(void **state)
{
    char text[3001 * 4 + 1];
    const char *conv;
    size_t sum = 0;
    int64_t seq;

    (void)state;
    conv = opens(WROTE("48", "1", "tell me all"));
    for (size_t i = 0; i < 3000; i++)
        memcpy(text + 4 * i, "\xf0\x9f\x98\x80", 4);
    text[12000] = '\0';
    seq = staff_say(&r.agent, conv, "r1", text);
    for (int i = 0; i < 2; i++) {
        do
            take("sendMessage");
        while (strncmp(text_at(r.p.json, "text"), "\xf0\x9f\x98\x80", 4) != 0 && (platform_answer(&r.p, 200, NULL, OK), true));
        assert_true(strlen(text_at(r.p.json, "text")) <= 2048 * 4);
        sum += strlen(text_at(r.p.json, "text"));
        sent_as("48", 50 + i);
    }
    assert_int_equal(sum, 12000);
    rig_status(&r, seq, "sent");
    json_decref(
        update("\"message\":{\"message_id\":60," FROM("48") ",\"text\":\"the end of it?\",\"reply_to_message\":{\"message_id\":51}}"));
    assert_int_equal(number_at(rig_told(&r, "the end of it?"), "reply_to"), seq);
    wire_sendf(&r.agent.wire, "{\"type\":\"recall\",\"conversation\":\"%s\",\"cid\":\"k1\",\"seq\":%lld}", conv, (long long)seq);
    for (int i = 0; i < 2; i++) {
        take("deleteMessage");
        assert_int_equal(number_at(r.p.json, "message_id"), 50 + i);
        platform_answer(&r.p, 200, NULL, "{\"ok\":true,\"result\":true}");
    }
}

/* The sign ends after five seconds. */
static void typing_is_told_again_before_its_sign_ends(void **state)
{
    int64_t first = 0, second = 0;
    const char *conv;

    (void)state;
    conv = opens(WROTE("66", "1", "Are you there?"));
    while (!second) {
        wire_sendf(&r.agent.wire, "{\"type\":\"typing\",\"conversation\":\"%s\",\"on\":true}", conv);
        if (!platform_take_within(&r.p, 100))
            continue;
        if (strstr(r.p.path, "/sendChatAction")) {
            assert_string_equal(text_at(r.p.json, "action"), "typing");
            assert_int_equal(number_at(r.p.json, "chat_id"), 66);
            second = first ? r.p.at : 0;
            first = first ? first : r.p.at;
        }
        platform_answer(&r.p, 200, NULL, OK);
    }
    assert_true(second - first < 5000);
}

#define VCARD(name, phone) "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:" name "\r\nTEL;TYPE=CELL:" phone "\r\nEND:VCARD\r\n"

static void a_person_in_a_file_goes_as_a_contact(void **state)
{
    static const char ann[] = VCARD("Ann Lee", "+1 201 555-0123"), both[] = VCARD("Ann", "12015550123") VCARD("Bo", "12015550199");
    const char *conv;
    int64_t seq;

    (void)state;
    conv = opens(WROTE("63", "1", "Whom do I call?"));
    seq = rig_send_file(&r, conv, "v1", "ann.vcf", ann, sizeof(ann) - 1, "file");
    take("sendContact");
    assert_int_equal(number_at(r.p.json, "chat_id"), 63);
    assert_string_equal(text_at(r.p.json, "phone_number"), "+12015550123");
    assert_string_equal(text_at(r.p.json, "first_name"), "Ann Lee");
    assert_string_equal(text_at(r.p.json, "vcard"), ann);
    sent_as("63", 4);
    rig_status(&r, seq, "sent");

    /* What Telegram says of it, its message says. */
    seq = rig_send_file(&r, conv, "v2", "ann.vcf", ann, sizeof(ann) - 1, "file");
    take("sendContact");
    platform_answer(&r.p, 400, NULL, "{\"ok\":false,\"error_code\":400,\"description\":\"Bad Request: PHONE_NUMBER_INVALID\"}");
    assert_non_null(strstr(text_at(rig_status(&r, seq, "failed"), "reason"), "PHONE_NUMBER_INVALID"));

    /* Two are a file. */
    seq = rig_send_file(&r, conv, "v3", "both.vcf", both, sizeof(both) - 1, "file");
    take("sendDocument");
    assert_non_null(strstr(r.p.body, "filename=\"both.vcf\""));
    sent_as("63", 5);
    rig_status(&r, seq, "sent");
}

static void react(const char *conv, const char *cid, int64_t seq, const char *emoji)
{
    wire_sendf(&r.agent.wire, "{\"type\":\"react\",\"conversation\":\"%s\",\"cid\":\"%s\",\"seq\":%lld,\"emoji\":\"%s\"}", conv, cid,
               (long long)seq, emoji);
}

static void take_reaction(int chat, const char *emoji)
{
    take("setMessageReaction");
    assert_int_equal(number_at(r.p.json, "chat_id"), chat);
    assert_int_equal(number_at(r.p.json, "message_id"), 7);
    assert_int_equal(json_array_size(value_at(r.p.json, "reaction")), *emoji ? 1 : 0);
    if (*emoji)
        assert_string_equal(text_at(json_array_get(value_at(r.p.json, "reaction"), 0), "emoji"), emoji);
}

#define DONE "{\"ok\":true,\"result\":true}"

static void a_reaction_is_put_changed_and_taken_back(void **state)
{
    const json_t *entry;
    const char *conv;
    int64_t seq, ours;

    (void)state;
    conv = opens(WROTE("61", "7", "All is well now"));
    seq = 1;
    react(conv, "e1", seq, "👍");
    entry = wire_take(&r.agent.wire, "{s:s,s:s,s:{s:s,s:{s:b,s:s}}}", "type", "timeline", "conversation", conv, "entry", "kind", "reaction",
                      "data", "on", 1, "emoji", "👍");
    assert_int_equal(number_at(entry, "entry.after_seq"), seq);
    assert_string_equal(text_at(entry, "entry.by.role"), "agent");
    take_reaction(61, "👍");
    platform_answer(&r.p, 200, NULL, DONE);

    /* The same act once more does nothing; another one under its name is told apart. */
    react(conv, "e1", seq, "👍");
    assert_string_equal(wire_verdict(&r.agent.wire, "e1"), "ack");
    react(conv, "e1", seq, "🙏");
    wire_take(&r.agent.wire, "{s:s,s:s,s:s}", "type", "error", "cid", "e1", "code", "conflict");
    assert_true(rig_quiet(&r, "/setMessageReaction", OK, 500));

    /* Nobody knows whether it was heard: it is said again, for twice is once. */
    react(conv, "e2", seq, "❤️");
    take_reaction(61, "❤");
    platform_drop(&r.p);
    take_reaction(61, "❤");
    platform_answer(&r.p, 400, NULL, "{\"ok\":false,\"error_code\":400,\"description\":\"Bad Request: MESSAGE_NOT_MODIFIED\"}");
    react(conv, "e3", seq, "");
    wire_take(&r.agent.wire, "{s:s,s:s,s:{s:s,s:{s:b,s:s}}}", "type", "timeline", "conversation", conv, "entry", "kind", "reaction", "data",
              "on", 0, "emoji", "");
    take_reaction(61, "");
    platform_answer(&r.p, 200, NULL, DONE);

    /* What stands in line before it goes before it. */
    ours = staff_say(&r.agent, conv, "r1", "Glad to hear that");
    react(conv, "e4", seq, "🎉");
    take_text("Glad to hear that");
    sent_as("61", 8);
    take_reaction(61, "🎉");
    platform_answer(&r.p, 200, NULL, DONE);
    rig_status(&r, ours, "sent");
}

static void refused(const char *conv, const char *cid, int64_t seq, const char *emoji, const char *code, const char *words)
{
    const json_t *e;

    react(conv, cid, seq, emoji);
    e = wire_take(&r.agent.wire, "{s:s,s:s}", "type", "error", "cid", cid);
    assert_string_equal(text_at(e, "code"), code);
    if (!strstr(text_at(e, "message"), words))
        fail_msg("%s says: %s", cid, text_at(e, "message"));
}

static void a_reaction_that_goes_nowhere_is_told(void **state)
{
    const json_t *entry;
    const char *conv;
    int64_t ours;

    (void)state;
    conv = opens(WROTE("62", "7", "Hm"));
    react(conv, "n1", 1, "🫖");
    take_reaction(62, "🫖");
    platform_answer(&r.p, 400, NULL, "{\"ok\":false,\"error_code\":400,\"description\":\"Bad Request: REACTION_INVALID\"}");
    entry = wire_take(&r.agent.wire, "{s:s,s:s,s:{s:s}}", "type", "timeline", "conversation", conv, "entry", "kind", "reaction_failed");
    assert_int_equal(number_at(entry, "entry.after_seq"), 1);
    assert_string_equal(text_at(entry, "entry.data.emoji"), "🫖");
    assert_string_equal(text_at(entry, "entry.data.why"), "400: Bad Request: REACTION_INVALID");

    ours = staff_say(&r.agent, conv, "n2", "What is it?");
    refused(conv, "n3", ours, "👍", "unsupported", "what the visitor has said");
    refused(conv, "n4", 999, "👍", "not_found", "no message 999");
    refused(conv, "n5", 1, "yes", "bad_request", "one emoji");
    wire_sendf(&r.agent.wire, "{\"type\":\"close\",\"conversation\":\"%s\",\"cid\":\"n6\"}", conv);
    assert_string_equal(wire_verdict(&r.agent.wire, "n6"), "ack");
    refused(conv, "n7", 1, "👍", "conflict", "closed");
}

/* What cannot be put yet holds up no words: they are what the visitor waits for. What is said of the same message later stays behind it. */
static void a_reaction_that_waits_holds_up_no_words(void **state)
{
    const char *conv;
    int64_t seq;

    (void)state;
    conv = opens(WROTE("65", "7", "Well?"));
    react(conv, "h1", 1, "👍");
    take_reaction(65, "👍");
    platform_answer(&r.p, 429, NULL,
                    "{\"ok\":false,\"error_code\":429,\"description\":\"Too Many Requests\",\"parameters\":{\"retry_after\":3}}");
    react(conv, "h2", 1, "🎉");
    seq = staff_say(&r.agent, conv, "h3", "It is on its way");
    take("sendMessage");
    assert_string_equal(text_at(r.p.json, "text"), "It is on its way");
    sent_as("65", 9);
    rig_status(&r, seq, "sent");
    for (int i = 0; i < 2; i++) {
        take_reaction(65, "🎉");
        platform_answer(&r.p, 200, NULL, DONE);
    }
}

/* What was under way when the daemon died is said again, as it stands by then: nobody is left with what was meant before. */
static void a_reaction_outlives_the_daemon(void **state)
{
    const char *conv;

    (void)state;
    conv = opens(WROTE("64", "7", "Bravo"));
    react(conv, "k1", 1, "👍");
    take_reaction(64, "👍");
    react(conv, "k2", 1, "🎉");
    assert_string_equal(wire_verdict(&r.agent.wire, "k2"), "ack");
    staff_leave(&r.agent);
    daemon_kill(&r.d);
    platform_drop(&r.p);
    daemon_restart(&r.d);
    for (int i = 0; i < 2; i++) {
        take_reaction(64, "🎉");
        platform_answer(&r.p, 200, NULL, DONE);
    }
    assert_true(rig_quiet(&r, "/setMessageReaction", OK, 500));
    staff_enter(&r.agent, &r.d, RIG_SITE);
    wire_sendf(&r.agent.wire, "{\"type\":\"history\",\"conversation\":\"%s\",\"after\":0}", conv);
    for (size_t i = 0; i < 2; i++)
        wire_take(&r.agent.wire, "{s:s,s:s,s:{s:s,s:{s:s}}}", "type", "timeline", "conversation", conv, "entry", "kind", "reaction", "data",
                  "emoji", i ? "🎉" : "👍");
    wire_none(&r.agent.wire, "{s:s,s:s,s:{s:s}}", "type", "timeline", "conversation", conv, "entry", "kind", "reaction_failed");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_go_both_ways_and_answers_find_what_they_answer),
        cmocka_unit_test(an_update_that_comes_twice_is_one_message),
        cmocka_unit_test(a_body_is_taken_whatever_it_is_called),
        cmocka_unit_test(pictures_go_both_ways),
        cmocka_unit_test(trouble_ends_as_it_should),
        cmocka_unit_test(a_group_that_moves_is_followed),
        cmocka_unit_test(a_tap_is_a_message_and_acknowledged),
        cmocka_unit_test(a_long_text_goes_in_parts_of_what_the_platform_counts),
        cmocka_unit_test(typing_is_told_again_before_its_sign_ends),
        cmocka_unit_test(a_person_in_a_file_goes_as_a_contact),
        cmocka_unit_test(a_reaction_is_put_changed_and_taken_back),
        cmocka_unit_test(a_reaction_that_goes_nowhere_is_told),
        cmocka_unit_test(a_reaction_that_waits_holds_up_no_words),
        cmocka_unit_test(a_reaction_outlives_the_daemon), /* the last: it is another one then */
    };

    return cmocka_run_group_tests(tests, start, finish);
}
