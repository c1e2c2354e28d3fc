/* What a site is: what is shipped, and its own documents over that. */
#include "tests/unit/site.h"

/* ---- what a site is without having said much ---- */

static void a_site_needs_no_more_than_a_name(void **state)
{
    const struct document docs[] = { SITE_DOC };
    struct site *s = build(docs, 1);

    (void)state;
    assert_string_equal(s->key.s, "shop");
    assert_string_equal(s->name, "小店");
    assert_string_equal(s->language, "zh-CN");
    assert_string_equal(s->zone, "Asia/Shanghai");
    assert_string_equal(s->color, "#0b5fd0");
    assert_null(s->identity_secret);
    assert_null(s->token_secret);
    assert_int_equal(s->text_max, 4096);
    assert_int_equal(s->file_max, 10485760);
    assert_int_equal(s->reopen_ms, 600000);
    assert_int_equal(s->grace_ms, 30000);
    assert_int_equal(s->wrapup_ms, 0);
    assert_int_equal(s->recall_ms, 120000);
    assert_int_equal(s->message_burst, 0);
    assert_int_equal(s->message_rate, 0);
    assert_int_equal(s->n_embed, 0);
    assert_int_equal(s->n_queues, 0);
    site_unref(s);
}

static void every_shipped_rule_has_its_words_in_every_language(void **state)
{
    static const char *const languages[] = { "zh-CN", "zh-TW", "en" };
    const struct document docs[] = { SITE_DOC };
    struct site *s = build(docs, 1);

    (void)state;
    assert_true(s->n_rules >= 5);
    for (size_t l = 0; l < COUNT(languages); l++) {
        for (size_t i = 0; wording_of_house(i); i++) {
            const struct wording *w = wording_find(s->wordings, s->n_wordings, wording_of_house(i), languages[l], NULL);

            row_string_equal(wording_of_house(i), w ? w->lang : "none", languages[l]);
        }
        for (size_t i = 0; i < s->n_rules; i++)
            if (s->rules[i].wording)
                row_string_equal(s->rules[i].key.s, wording_find(s->wordings, s->n_wordings, s->rules[i].wording, languages[l], NULL)->lang,
                                 languages[l]);
    }
    site_unref(s);
}

static bool is_said(const struct site *s, const char *key)
{
    for (size_t i = 0; wording_of_house(i); i++)
        if (strcmp(key, wording_of_house(i)) == 0)
            return true;
    for (size_t i = 0; i < s->n_rules; i++) {
        const struct rule *r = &s->rules[i];

        if ((r->wording && strcmp(key, r->wording) == 0) || (r->closing_wording && strcmp(key, r->closing_wording) == 0))
            return true;
    }
    return false;
}

/* Nobody is to edit words that nobody says. */
static void every_shipped_wording_is_said(void **state)
{
    const struct document docs[] = { SITE_DOC };
    struct site *s = build(docs, 1);

    (void)state;
    assert_true(s->n_wordings >= 90);
    for (size_t i = 0; i < s->n_wordings; i++)
        if (!is_said(s, s->wordings[i].key))
            fail_msg("%s is said by no rule, and not by the house", s->wordings[i].key);
    site_unref(s);
}

static size_t rule_number(const struct site *s, const char *key)
{
    size_t i = 0;

    while (i < s->n_rules && strcmp(s->rules[i].key.s, key) != 0)
        i++;
    assert_true(i < s->n_rules);
    return i;
}

static void what_calls_a_person_is_the_same_whether_somebody_is_there_or_not(void **state)
{
    const struct document docs[] = { SITE_DOC };
    struct site *s = build(docs, 1);
    const struct rule *now = &s->rules[rule_number(s, "person_words")], *later = &s->rules[rule_number(s, "person_words_later")];

    (void)state;
    assert_true(now->when.n_keywords > 0);
    assert_int_equal(now->when.n_keywords, later->when.n_keywords);
    for (size_t i = 0; i < now->when.n_keywords; i++)
        assert_string_equal(now->when.keywords[i], later->when.keywords[i]);
    site_unref(s);
}

static void the_shipped_rules_are_those_of_the_house(void **state)
{
    static const struct {
        const char *key;
        enum rule_event event;
        int64_t after_ms;
        unsigned actions;
        enum rule_often often;
        bool mid_talk, off;
    } rows[] = {
        { "greeting", RULE_OPENED, 0, RULE_SAY, RULE_ONCE_CONVERSATION, false, false },
        { "reopened", RULE_REOPENED, 0, RULE_SAY, RULE_ONCE_CAUSE, false, false },
        { "angry", RULE_MESSAGE, 0, RULE_PRIORITY | RULE_TAG, RULE_ONCE_CONVERSATION, false, false },
        { "angry_waits", RULE_DUE, 20000, RULE_SAY, RULE_ONCE_CAUSE, false, false },
        { "answer_nobody", RULE_MESSAGE, 0, RULE_ANSWER, RULE_ONCE_CAUSE, false, false },
        { "answer_outside", RULE_MESSAGE, 0, RULE_ANSWER, RULE_ONCE_CAUSE, false, false },
        { "answer_more", RULE_MESSAGE, 0, RULE_ANSWER, RULE_ONCE_CAUSE, false, false },
        { "answer_waiting", RULE_WAITING, 5000, RULE_ANSWER, RULE_ONCE_CAUSE, false, false },
        { "nobody", RULE_NOBODY, 0, RULE_SAY | RULE_FORM | RULE_PARK, RULE_ONCE_CAUSE, false, false },
        { "outside", RULE_OUTSIDE, 0, RULE_SAY | RULE_FORM | RULE_PARK, RULE_ONCE_CAUSE, false, false },
        { "person", RULE_MESSAGE, 0, RULE_SAY, RULE_ONCE_CAUSE, false, false },
        { "person_later", RULE_MESSAGE, 0, RULE_SAY | RULE_FORM, RULE_ONCE_CAUSE, false, false },
        { "person_words", RULE_MESSAGE, 0, RULE_SAY, RULE_ONCE_CAUSE, false, false },
        { "person_words_later", RULE_MESSAGE, 0, RULE_SAY | RULE_FORM, RULE_ONCE_CAUSE, false, false },
        { "wait", RULE_WAITING, 10000, RULE_SAY, RULE_ONCE_CAUSE, false, false },
        { "wait_more", RULE_WAITING, 60000, RULE_SAY, RULE_ONCE_CAUSE, false, false },
        { "wait_long", RULE_WAITING, 600000, RULE_SAY | RULE_FORM, RULE_ONCE_CAUSE, false, false },
        { "away", RULE_AWAY, 0, RULE_SAY, RULE_ONCE_CAUSE, true, false },
        { "back", RULE_BACK, 0, RULE_SAY, RULE_ONCE_CAUSE, true, false },
        { "silent_agent", RULE_SILENT_AGENT, 60000, RULE_SAY, RULE_ONCE_CAUSE, true, false },
        { "silent_visitor", RULE_SILENT_VISITOR, 180000, RULE_SAY | RULE_CLOSE | RULE_INVITE, RULE_ONCE_CAUSE, true, false },
        { "closing", RULE_CLOSING, 60000, RULE_SAY, RULE_ONCE_CAUSE, true, true },
        { "thanks", RULE_RATED, 0, RULE_SAY, RULE_ONCE_CAUSE, false, true },
    };
    const struct document docs[] = { SITE_DOC };
    struct site *s = build(docs, 1);

    (void)state;
    assert_int_equal(s->n_rules, COUNT(rows));
    for (size_t i = 0; i < COUNT(rows); i++) {
        row_string_equal(rows[i].key, s->rules[i].key.s, rows[i].key);
        row_int_equal(rows[i].key, s->rules[i].event, rows[i].event);
        row_int_equal(rows[i].key, s->rules[i].after_ms, rows[i].after_ms);
        row_int_equal(rows[i].key, s->rules[i].actions, rows[i].actions);
        row_int_equal(rows[i].key, s->rules[i].often, rows[i].often);
        row_int_equal(rows[i].key, s->rules[i].mid_talk, rows[i].mid_talk);
        row_int_equal(rows[i].key, s->rules[i].off, rows[i].off);
    }
    /* A served conversation, which is most of the work, is not looked at for each word that is said. */
    assert_true(rule_deaf_states(s->rules, s->n_rules, ROLE_VISITOR) & 1U << CONV_SERVED);
    assert_true(rule_deaf_states(s->rules, s->n_rules, ROLE_AGENT) & 1U << CONV_SERVED);
    site_unref(s);
}

static void every_stage_of_a_talk_has_its_ready_made_reply(void **state)
{
    static const char *const stages[] = { "hello",   "still-there",   "one-moment", "looking-up",  "recording", "come-back",
                                          "im-back", "anything-else", "goodbye",    "wrong-place", "sorry" };
    const struct document docs[] = {
        SITE_DOC,
        { KEY("canned"), KEY("mine"), 1, "{\"code\":\"sorry\",\"title\":\"t\",\"text\":\"own\"}" },
        { KEY("canned"), KEY("goodbye-en"), 2, "{\"deleted\":true}" },
    };
    struct site *s = build(docs, COUNT(docs));
    size_t found = 0;

    (void)state;
    for (size_t i = 0; i < COUNT(stages); i++)
        for (size_t k = 0; k < s->n_canned; k++)
            found += strncmp(s->canned[k].code, stages[i], strlen(stages[i])) == 0;
    assert_int_equal(found, 3 * COUNT(stages) - 1); /* of three languages each; the house's own stands for one, one was taken away */
    assert_string_equal(s->canned[0].text, "own");
    for (size_t k = 1; k < s->n_canned; k++) {
        assert_string_not_equal(s->canned[k].code, "sorry");
        assert_string_not_equal(s->canned[k].code, "goodbye-en");
    }
    site_unref(s);
}

/* What is worked out of keywords beforehand finds the same as the keywords themselves. */
static void keywords_are_found_by_their_first_words(void **state)
{
    static const char *const keywords[] = { "退款",         "退款 进度", "\\\"too slow\\\"", "退 -退休", "-退休 退",       "Café", "  x",
                                            "ｒｅｆｕｎｄ", "5",         "iPhone15",         "苹果15",   "\\\"5g 手机\\\"" };
    static const char *const texts[] = { "我要退款",  "退，款", "退货款",       "进度怎样？退款的",    "it is TOO slow",
                                         "slow, too", "我要退", "我退休了，退", "un cafe noir",        "x",
                                         "xx",        "refund", "5G手机",       "iPhone15手机 苹果15", "5 iphone",
                                         "",          "！？" };

    (void)state;
    for (size_t k = 0; k < COUNT(keywords); k++) {
        char body[200];
        const struct document docs[] = { SITE_DOC, { KEY("rule"), KEY("a"), 1, body } };
        struct site *s;
        struct rule plain;
        size_t r = 0;

        (void)snprintf(body, sizeof(body), "{\"event\":\"message\",\"actions\":[\"invite\"],\"when\":{\"keywords\":[\"%s\"]}}",
                       keywords[k]);
        s = build(docs, 2);
        while (strcmp(s->rules[r].key.s, "a") != 0)
            r++;
        plain = s->rules[r];
        assert_non_null(plain.when.hints);
        plain.when.hints = NULL;
        for (size_t i = 0; i < COUNT(texts); i++)
            row_int_equal(texts[i], rule_words_hit(&s->rules[r], 1, slice_of(texts[i]), false),
                          rule_words_hit(&plain, 1, slice_of(texts[i]), false));
        site_unref(s);
    }
}

/* ---- its own over the shipped ones ---- */

static void what_the_site_says_stands_before_what_is_shipped(void **state)
{
    const struct document docs[] = {
        { KEY("wording"), KEY("zh-tw"), 3, "{\"closed\":\"自己的\",\"promo\":\"週年慶\",\"away\":\"\"}" },
        { KEY("rule"), KEY("promo"), 1, "{\"event\":\"message\",\"actions\":[\"say\"],\"wording\":\"promo\",\"order\":5,\"queue\":\"q\"}" },
        { KEY("rule"), KEY("wait"), 1,
          "{\"event\":\"waiting\",\"after_ms\":5000,\"actions\":[\"say\"],\"wording\":\"wait\",\"off\":true,\"order\":999}" },
        { KEY("rule"), KEY("greeting"), 2, "{\"deleted\":true}" },
        { KEY("queue"), KEY("q"), 1, "{\"name\":\"Q\"}" },
        SITE_DOC,
    };
    struct site *s = build(docs, COUNT(docs));

    (void)state;
    assert_string_equal(wording_find(s->wordings, s->n_wordings, "closed", "zh-TW", "zh-CN")->text, "自己的");
    assert_string_equal(wording_find(s->wordings, s->n_wordings, "promo", "en", "zh-CN")->text, "週年慶");
    assert_string_equal(wording_find(s->wordings, s->n_wordings, "away", "zh-TW", "zh-CN")->text, "");
    assert_string_equal(wording_find(s->wordings, s->n_wordings, "closed", "en", "zh-CN")->lang, "en");
    assert_int_equal(s->n_rules, 24); /* twenty-three are shipped: one replaced, one added; nothing can delete what is shipped */
    assert_string_equal(s->rules[0].key.s, "promo");
    assert_string_equal(s->rules[23].key.s, "wait");
    assert_true(s->rules[23].off);
    assert_int_equal(s->rules[23].after_ms, 5000);
    site_unref(s);
}

static void reads_every_member_of_every_kind(void **state)
{
    const struct document docs[] = {
        { KEY("site"), KEY("site"), 1,
          "{\"name\":\"Shop\",\"language\":\"en\",\"zone\":\"Europe/Berlin\",\"color\":\"#AbCdEf\",\"embed\":[\"https://"
          "a.example\",\"https://*.b.example:8443\"],"
          "\"identity_secret\":\"0123456789abcdef\",\"token_secret\":\"0123456789abcdef0123456789abcdef\",\"text_max\":1000,\"file_max\":0,"
          "\"reopen_ms\":0,\"grace_ms\":1,\"wrapup_ms\":2,\"sticky_ms\":3,\"recall_ms\":4,\"message_burst\":5,\"message_rate\":6}" },
        { KEY("channel"), KEY("hook"), 1,
          "{\"adapter\":\"generic\",\"name\":\"Hook\",\"off\":true,\"queue\":\"night\",\"hook\":\"0123456789abcdef0123456789abcdef\","
          "\"settings\":{\"url\":\"x\"}}" },
        { KEY("queue"), KEY("night"), 1,
          "{\"name\":\"Night\",\"offer\":true,\"offer_ms\":5000,\"skills\":[\"de\",\"refund\"],\"zone\":\"Asia/"
          "Tokyo\",\"hours\":{\"week\":{\"mon\":[\"22:00-06:00\"]},\"special\":{\"2028-02-29\":[]}}}" },
        { KEY("canned"), KEY("hi"), 1, "{\"code\":\"hi\",\"initials\":\"nh\",\"title\":\"Hi\",\"text\":\"Hello\",\"lang\":\"zh-TW\"}" },
    };
    struct site *s = build(docs, COUNT(docs));
    const struct site_channel *ch = site_channel_by_hook(s, SLICE("0123456789abcdef0123456789abcdef"));
    const struct site_queue *q = site_queue(s, &KEY("night"));

    (void)state;
    assert_int_equal(s->n_embed, 2);
    assert_string_equal(s->embed[1], "https://*.b.example:8443");
    assert_string_equal(s->identity_secret, "0123456789abcdef");
    assert_int_equal(s->text_max + s->file_max + s->reopen_ms, 1000);
    assert_int_equal(s->grace_ms * 10000 + s->wrapup_ms * 1000 + s->sticky_ms * 100 + s->recall_ms * 10, 12340);
    assert_int_equal(s->message_burst * 10 + s->message_rate, 56);
    assert_ptr_equal(ch, site_channel(s, &KEY("hook")));
    assert_true(ch->off);
    assert_string_equal(ch->queue.s, "night");
    assert_string_equal(ch->settings, "{\"url\":\"x\"}");
    assert_int_equal(site_queue_number(s, &KEY("night")), 0);
    assert_true(q->offer);
    assert_int_equal(q->offer_ms, 5000);
    assert_int_equal(q->n_skills, 2);
    assert_string_equal(q->skills[1].s, "refund");
    assert_false(q->hours.always);
    assert_int_equal(q->hours.week[0][0].to, 30 * 60);
    assert_int_equal(q->hours.n_special, 1);
    assert_int_equal(q->hours.offset(q->hours.zone, 1763740800000), 9 * 3600);
    assert_string_equal(s->canned[0].lang, "zh-TW");
    assert_null(site_channel(s, &KEY("none")));
    assert_null(site_queue(s, &KEY("none")));
    assert_int_equal(site_queue_number(s, &KEY("none")), -1);
    assert_null(site_channel_by_hook(s, SLICE("")));
    site_unref(s);
}

static void whoever_holds_a_snapshot_keeps_it(void **state)
{
    const struct document docs[] = { SITE_DOC };
    struct site *s = build(docs, 1), *held = site_ref(s);

    (void)state;
    site_unref(s);
    assert_string_equal(held->name, "小店");
    site_unref(held);
    site_unref(NULL);
}

static void documents_that_do_not_fit_together_are_refused_in_words(void **state)
{
    static const struct {
        struct document docs[3];
        const char *why;
    } rows[] = {
        { { { KEY("queue"), KEY("q"), 1, "{\"name\":\"Q\"}" } }, "has 0 documents of the kind site" },
        { { SITE_DOC, SITE_DOC }, "has 2 documents of the kind site" },
        { { { KEY("site"), KEY("site"), 1, "{\"deleted\":true}" } }, "was deleted" },
        { { SITE_DOC, { KEY("form"), KEY("f"), 1, "{}" } }, "form f: there is no such kind of document" },
        { { SITE_DOC, { KEY("queue"), KEY("q"), 1, "{\"name\":\"Q\",\"zone\":\"Nowhere/City\"}" } },
          "queue q: zone: there is no time zone" },
        { { SITE_DOC, { KEY("queue"), KEY("q"), 1, "{\"name\":1}" } }, "queue q: name must be a text" },
        { { SITE_DOC, { KEY("channel"), KEY("web"), 1, "{\"adapter\":\"widget\",\"name\":\"a\",\"queue\":\"q\"}" } },
          "channel web: queue: there is no queue \"q\"" },
        { { SITE_DOC, { KEY("rule"), KEY("r"), 1, "{\"event\":\"message\",\"actions\":[\"say\"],\"wording\":\"nothing\"}" } },
          "rule r: wording: there is no wording \"nothing\"" },
        { { SITE_DOC, { KEY("rule"), KEY("r"), 1, "{\"event\":\"message\",\"actions\":[\"park\"],\"queue\":\"q\"}" } },
          "rule r: queue: there is no queue \"q\"" },
        { { SITE_DOC, { KEY("rule"), KEY("r"), 1, "{\"event\":\"message\",\"actions\":[\"park\"],\"channel\":\"c\"}" } },
          "rule r: channel: there is no channel \"c\"" },
        { { SITE_DOC, { KEY("rule"), KEY("r"), 1, "{\"event\":\"message\",\"actions\":[\"move\"],\"to\":\"q\"}" } },
          "rule r: to: there is no queue \"q\"" },
        { { SITE_DOC, { KEY("rule"), KEY("r"), 1, "{\"event\":\"due\",\"of\":\"gone\",\"actions\":[\"invite\"]}" } },
          "rule r: of: there is no rule \"gone\"" },
        { { SITE_DOC, { KEY("rule"), KEY("r"), 1, "{\"event\":\"message\",\"actions\":[\"invite\"],\"when\":{\"queues\":[\"q\"]}}" } },
          "rule r: when.queues: there is no queue \"q\"" },
        { { SITE_DOC, { KEY("wording"), KEY("fr"), 1, "{}" } }, "wording fr: is not a language" },
        { { SITE_DOC,
            { KEY("canned"), KEY("a"), 1, "{\"code\":\"x\",\"title\":\"t\",\"text\":\"x\"}" },
            { KEY("canned"), KEY("b"), 1, "{\"code\":\"x\",\"title\":\"t\",\"text\":\"x\"}" } },
          "canned b: code: \"x\" is taken by a" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct kf_err why = { 0 };
        struct site *s = NULL;
        size_t n = 0;

        while (n < 3 && rows[i].docs[n].body)
            n++;
        row_int_equal(rows[i].why, site_build(&s, &KEY("shop"), rows[i].docs, n, &why), KF_INVALID);
        assert_null(s);
        if (!strstr(why.text, rows[i].why))
            fail_msg("\"%s\" does not say \"%s\"", why.text, rows[i].why);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_site_needs_no_more_than_a_name),
        cmocka_unit_test(every_shipped_rule_has_its_words_in_every_language),
        cmocka_unit_test(every_shipped_wording_is_said),
        cmocka_unit_test(what_calls_a_person_is_the_same_whether_somebody_is_there_or_not),
        cmocka_unit_test(the_shipped_rules_are_those_of_the_house),
        cmocka_unit_test(every_stage_of_a_talk_has_its_ready_made_reply),
        cmocka_unit_test(keywords_are_found_by_their_first_words),
        cmocka_unit_test(what_the_site_says_stands_before_what_is_shipped),
        cmocka_unit_test(reads_every_member_of_every_kind),
        cmocka_unit_test(whoever_holds_a_snapshot_keeps_it),
        cmocka_unit_test(documents_that_do_not_fit_together_are_refused_in_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
