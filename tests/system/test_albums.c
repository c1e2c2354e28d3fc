/* Pictures and files that an agent sends in one go, to a Telegram bot beside a real kefud: one request, and each is a message of its own all the same. */
#include "telegram_bot.h"

#define SHOWN 3

static const char mp4[] = "\0\0\0\x18"
                          "ftypisom\0\0\0\0isommp42";

/* Two pictures and a film between them, one right after the other. */
static void show(const char *conv, const char *mark, int64_t seqs[SHOWN])
{
    char ids[SHOWN][64];

    for (int i = 0; i < SHOWN; i++)
        staff_upload(&r.agent, &r.d, RIG_SITE, i == 1 ? "b.mp4" : "a.png", i == 1 ? mp4 : png, i == 1 ? sizeof(mp4) - 1 : sizeof(png) - 1,
                     ids[i]);
    for (int i = 0; i < SHOWN; i++)
        wire_sendf(&r.agent.wire,
                   "{\"type\":\"message\",\"conversation\":\"%s\",\"cid\":\"%s%d\",\"kind\":\"%s\",\"text\":\"%s\",\"file\":\"%s\"}", conv,
                   mark, i, i == 1 ? "file" : "image", i ? "" : "the lid", ids[i]);
    for (int i = 0; i < SHOWN; i++) {
        char cid[64];

        (void)snprintf(cid, sizeof(cid), "%s%d", mark, i);
        seqs[i] = number_at(wire_take(&r.agent.wire, "{s:s,s:s}", "type", "ack", "cid", cid), "seq");
    }
}

static void each_is(const int64_t seqs[SHOWN], const char *status)
{
    for (int i = 0; i < SHOWN; i++)
        rig_status(&r, seqs[i], status);
}

static const char three[] = "{\"ok\":true,\"result\":[{\"message_id\":31,\"chat\":{\"id\":71}},{\"message_id\":32,\"chat\":{\"id\":71}},"
                            "{\"message_id\":33,\"chat\":{\"id\":71}}]}";

static void what_is_sent_in_one_go_stands_together(void **state)
{
    int64_t seqs[SHOWN], seq;
    const char *conv;

    (void)state;
    conv = opens(WROTE("71", "1", "show me"));
    show(conv, "a", seqs);
    seq = staff_say(&r.agent, conv, "after", "Like these?");
    take("sendMediaGroup");
    assert_non_null(strstr(r.p.body, "name=\"chat_id\"\r\n\r\n71\r\n"));
    assert_non_null(strstr(r.p.body, "[{\"type\":\"photo\",\"media\":\"attach://f0\",\"caption\":\"the lid\"},"
                                     "{\"type\":\"video\",\"media\":\"attach://f1\"},{\"type\":\"photo\",\"media\":\"attach://f2\"}]"));
    assert_non_null(strstr(r.p.body, "name=\"f0\"; filename=\"a.png\"\r\nContent-Type: image/png\r\n\r\n\x89PNG"));
    platform_answer(&r.p, 200, NULL, three);
    each_is(seqs, "sent");
    take("sendMessage"); /* what was said after them comes after them */
    assert_string_equal(text_at(r.p.json, "text"), "Like these?");
    platform_answer(&r.p, 200, NULL, "{\"ok\":true,\"result\":{\"message_id\":34,\"chat\":{\"id\":71}}}");
    rig_status(&r, seq, "sent");

    /* Each has its own name there. */
    wire_sendf(&r.agent.wire, "{\"type\":\"recall\",\"conversation\":\"%s\",\"cid\":\"k\",\"seq\":%lld}", conv, (long long)seqs[1]);
    take("deleteMessage");
    assert_int_equal(number_at(r.p.json, "message_id"), 32);
    platform_answer(&r.p, 200, NULL, "{\"ok\":true,\"result\":true}");
}

static void nobody_knows_what_became_of_all_of_them(void **state)
{
    int64_t seqs[SHOWN];

    (void)state;
    show(opens(WROTE("72", "1", "show me")), "b", seqs);
    take("sendMediaGroup");
    platform_drop(&r.p);
    each_is(seqs, "uncertain");
    assert_true(rig_quiet(&r, "/sendMediaGroup", OK, 1500));
}

/* One of them may be the reason: it alone fails. */
static void what_is_refused_together_goes_one_by_one(void **state)
{
    int64_t seqs[SHOWN];

    (void)state;
    show(opens(WROTE("73", "1", "show me")), "c", seqs);
    take("sendMediaGroup");
    platform_answer(&r.p, 400, NULL, "{\"ok\":false,\"error_code\":400,\"description\":\"Bad Request: PHOTO_INVALID_DIMENSIONS\"}");
    take("sendPhoto");
    assert_non_null(strstr(r.p.body, "the lid"));
    platform_answer(&r.p, 400, NULL, "{\"ok\":false,\"error_code\":400,\"description\":\"Bad Request: PHOTO_INVALID_DIMENSIONS\"}");
    take("sendVideo");
    platform_answer(&r.p, 200, NULL, "{\"ok\":true,\"result\":{\"message_id\":41,\"chat\":{\"id\":73}}}");
    take("sendPhoto");
    platform_answer(&r.p, 200, NULL, "{\"ok\":true,\"result\":{\"message_id\":42,\"chat\":{\"id\":73}}}");
    assert_non_null(strstr(text_at(rig_status(&r, seqs[0], "failed"), "reason"), "PHOTO_INVALID_DIMENSIONS"));
    rig_status(&r, seqs[1], "sent");
    rig_status(&r, seqs[2], "sent");
}

static void too_many_at_once_wait_and_go_one_by_one(void **state)
{
    int64_t seqs[SHOWN], asked;

    (void)state;
    show(opens(WROTE("74", "1", "show me")), "d", seqs);
    take("sendMediaGroup");
    asked = r.p.at;
    platform_answer(&r.p, 429, NULL,
                    "{\"ok\":false,\"error_code\":429,\"description\":\"Too Many Requests\",\"parameters\":{\"retry_after\":1}}");
    for (int i = 0; i < SHOWN; i++) {
        take(i == 1 ? "sendVideo" : "sendPhoto");
        assert_true(r.p.at - asked >= 1000);
        platform_answer(&r.p, 200, NULL, OK);
    }
    each_is(seqs, "sent");
}

/* What the platform's answer does not speak of may have gone or not. It alone is said again by hand, and by itself. */
static void an_answer_that_is_too_short_leaves_the_rest_uncertain(void **state)
{
    int64_t seqs[SHOWN];
    const char *conv;

    (void)state;
    conv = opens(WROTE("76", "1", "show me"));
    show(conv, "f", seqs);
    take("sendMediaGroup");
    platform_answer(&r.p, 200, NULL,
                    "{\"ok\":true,\"result\":[{\"message_id\":51,\"chat\":{\"id\":76}},{\"message_id\":52,\"chat\":{\"id\":76}}]}");
    rig_status(&r, seqs[0], "sent");
    rig_status(&r, seqs[1], "sent");
    rig_status(&r, seqs[2], "uncertain");
    wire_sendf(&r.agent.wire, "{\"type\":\"resend\",\"conversation\":\"%s\",\"cid\":\"f9\",\"seq\":%lld}", conv, (long long)seqs[2]);
    take("sendPhoto");
    platform_answer(&r.p, 200, NULL, "{\"ok\":true,\"result\":{\"message_id\":53,\"chat\":{\"id\":76}}}");
    rig_status(&r, seqs[2], "sent");
}

/* Only what is alike stands together: all comes in the order in which it was shown. */
static void files_stand_beside_files_and_sounds_beside_sounds(void **state)
{
    static const char mp3[] = "ID3\x03\0\0\0\0\0\x21", pdf[] = "%PDF-1.4\n";
    char file[64], sound[64];
    int64_t seqs[4];
    const char *conv;

    (void)state;
    conv = opens(WROTE("81", "1", "show me"));
    staff_upload(&r.agent, &r.d, RIG_SITE, "a.pdf", pdf, sizeof(pdf) - 1, file);
    staff_upload(&r.agent, &r.d, RIG_SITE, "a.mp3", mp3, sizeof(mp3) - 1, sound);
    seqs[0] = shows_as(conv, "k0", "file", file, 0);
    seqs[1] = shows_as(conv, "k1", "file", file, 0);
    seqs[2] = shows_as(conv, "k2", "audio", sound, 0);
    seqs[3] = shows_as(conv, "k3", "audio", sound, 0);
    take("sendMediaGroup");
    assert_non_null(
        strstr(r.p.body, "[{\"type\":\"document\",\"media\":\"attach://f0\"},{\"type\":\"document\",\"media\":\"attach://f1\"}]"));
    platform_answer(&r.p, 200, NULL,
                    "{\"ok\":true,\"result\":[{\"message_id\":91,\"chat\":{\"id\":81}},{\"message_id\":92,\"chat\":{\"id\":81}}]}");
    take("sendMediaGroup");
    assert_non_null(strstr(r.p.body, "[{\"type\":\"audio\",\"media\":\"attach://f0\"},{\"type\":\"audio\",\"media\":\"attach://f1\"}]"));
    platform_answer(&r.p, 200, NULL,
                    "{\"ok\":true,\"result\":[{\"message_id\":93,\"chat\":{\"id\":81}},{\"message_id\":94,\"chat\":{\"id\":81}}]}");
    for (int i = 0; i < 4; i++)
        rig_status(&r, seqs[i], "sent");
}

/* No more than ten go together; one that is taken back before they leave stays here. */
static void eleven_are_ten_and_one(void **state)
{
    char id[64], cid[16];
    int64_t seqs[12];
    const char *conv;

    (void)state;
    conv = opens(WROTE("77", "1", "show me"));
    staff_upload(&r.agent, &r.d, RIG_SITE, "a.png", png, sizeof(png) - 1, id);
    for (int i = 0; i < 11; i++) {
        (void)snprintf(cid, sizeof(cid), "g%d", i);
        seqs[i] = shows_one(conv, cid, id, 0);
    }
    take("sendMediaGroup");
    assert_non_null(strstr(r.p.body, "attach://f9"));
    platform_answer(
        &r.p, 200, NULL,
        "{\"ok\":true,\"result\":[{\"message_id\":1,\"chat\":{\"id\":77}},{\"message_id\":2,\"chat\":{\"id\":77}},"
        "{\"message_id\":3,\"chat\":{\"id\":77}},{\"message_id\":4,\"chat\":{\"id\":77}},{\"message_id\":5,\"chat\":{\"id\":77}},"
        "{\"message_id\":6,\"chat\":{\"id\":77}},{\"message_id\":7,\"chat\":{\"id\":77}},{\"message_id\":8,\"chat\":{\"id\":77}},"
        "{\"message_id\":9,\"chat\":{\"id\":77}},{\"message_id\":10,\"chat\":{\"id\":77}}]}");
    for (int i = 0; i < 10; i++)
        rig_status(&r, seqs[i], "sent");
    take("sendPhoto");
    platform_answer(&r.p, 200, NULL, OK);
    rig_status(&r, seqs[10], "sent");
}

static void what_is_taken_back_in_time_stays_here(void **state)
{
    int64_t seqs[SHOWN];
    const char *conv;

    (void)state;
    conv = opens(WROTE("78", "1", "show me"));
    show(conv, "h", seqs);
    wire_sendf(&r.agent.wire, "{\"type\":\"recall\",\"conversation\":\"%s\",\"cid\":\"h9\",\"seq\":%lld}", conv, (long long)seqs[1]);
    take("sendMediaGroup");
    assert_null(strstr(r.p.body, "video"));
    assert_null(strstr(r.p.body, "attach://f2"));
    platform_answer(&r.p, 200, NULL,
                    "{\"ok\":true,\"result\":[{\"message_id\":61,\"chat\":{\"id\":78}},{\"message_id\":62,\"chat\":{\"id\":78}}]}");
    rig_status(&r, seqs[0], "sent");
    rig_status(&r, seqs[2], "sent");
}

/* Words between them part them: all comes in the order in which it was said. */
static void words_between_them_stay_between_them(void **state)
{
    char id[64];
    int64_t seqs[3];
    const char *conv;

    (void)state;
    conv = opens(WROTE("79", "1", "show me"));
    staff_upload(&r.agent, &r.d, RIG_SITE, "a.png", png, sizeof(png) - 1, id);
    seqs[0] = shows_one(conv, "i0", id, 0);
    seqs[1] = staff_say(&r.agent, conv, "i1", "and");
    seqs[2] = shows_one(conv, "i2", id, 0);
    take("sendPhoto");
    platform_answer(&r.p, 200, NULL, OK);
    take("sendMessage");
    platform_answer(&r.p, 200, NULL, OK);
    take("sendPhoto");
    platform_answer(&r.p, 200, NULL, OK);
    each_is(seqs, "sent");
}

/* What answers another of them waits until that has a name there. */
static void what_answers_one_of_them_comes_after_it(void **state)
{
    char id[64];
    int64_t first, second;
    const char *conv;

    (void)state;
    conv = opens(WROTE("80", "1", "show me"));
    staff_upload(&r.agent, &r.d, RIG_SITE, "a.png", png, sizeof(png) - 1, id);
    first = shows_one(conv, "j0", id, 0);
    second = shows_one(conv, "j1", id, first);
    take("sendPhoto");
    platform_answer(&r.p, 200, NULL, "{\"ok\":true,\"result\":{\"message_id\":81,\"chat\":{\"id\":80}}}");
    take("sendPhoto");
    assert_non_null(strstr(r.p.body, "{\"message_id\":81,"));
    platform_answer(&r.p, 200, NULL, OK);
    rig_status(&r, first, "sent");
    rig_status(&r, second, "sent");
}

/* Found under way by whoever comes after the daemon: none is sent a second time. */
static void none_is_sent_again_when_their_sender_is_lost(void **state)
{
    int64_t seqs[SHOWN];
    const char *conv;
    const json_t *page;
    int n = 0;

    (void)state;
    conv = opens(WROTE("75", "1", "show me"));
    show(conv, "e", seqs);
    take("sendMediaGroup");
    staff_leave(&r.agent);
    daemon_kill(&r.d);
    platform_drop(&r.p);
    daemon_restart(&r.d);
    staff_enter(&r.agent, &r.d, RIG_SITE);
    for (int tries = 0; tries < 100 && n < SHOWN; tries++) { /* as soon as it has its lease */
        assert_true(rig_quiet(&r, "/sendMediaGroup", OK, 200));
        n = 0;
        wire_sendf(&r.agent.wire, "{\"type\":\"history\",\"conversation\":\"%s\",\"after\":0}", conv);
        page = wire_take(&r.agent.wire, "{s:s,s:s}", "type", "history", "conversation", conv);
        for (size_t i = 0; i < json_array_size(value_at(page, "messages")); i++) {
            const char *status = json_string_value(value_at(json_array_get(value_at(page, "messages"), i), "state"));

            n += status && strcmp(status, "uncertain") == 0;
        }
    }
    assert_int_equal(n, SHOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_sent_in_one_go_stands_together),
        cmocka_unit_test(nobody_knows_what_became_of_all_of_them),
        cmocka_unit_test(what_is_refused_together_goes_one_by_one),
        cmocka_unit_test(too_many_at_once_wait_and_go_one_by_one),
        cmocka_unit_test(an_answer_that_is_too_short_leaves_the_rest_uncertain),
        cmocka_unit_test(files_stand_beside_files_and_sounds_beside_sounds),
        cmocka_unit_test(eleven_are_ten_and_one),
        cmocka_unit_test(what_is_taken_back_in_time_stays_here),
        cmocka_unit_test(words_between_them_stay_between_them),
        cmocka_unit_test(what_answers_one_of_them_comes_after_it),
        cmocka_unit_test(none_is_sent_again_when_their_sender_is_lost), /* the last: it is another one then */
    };

    return cmocka_run_group_tests(tests, start, finish);
}
