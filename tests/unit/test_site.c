#include "tests/unit/unit.h"

#include "core/arena.h"
#include "core/person.h"
#include "protocols/channel.h"
#include "settings/sense.h"
#include "settings/site.h"
#include "settings/zone.h"

#include <glob.h>
#include <jansson.h>
#include <stdlib.h>

#define SITE_DOC                                             \
    {                                                        \
        KEY("site"), KEY("site"), 1, "{\"name\":\"小店\"}" \
    }

static struct slice file_of(const char *path)
{
    static char bytes[1 << 20];
    FILE *f = fopen(path, "rb");
    size_t n;

    if (!f)
        fail_msg("%s: run it from the top of the tree", path);
    n = fread(bytes, 1, sizeof(bytes), f);
    (void)fclose(f);
    return (struct slice){ bytes, n };
}

static struct site *build(const struct document *docs, size_t n)
{
    struct kf_err why = { 0 };
    struct site *s = NULL;

    if (site_build(&s, &KEY("shop"), docs, n, &why))
        fail_msg("%s", why.text);
    return s;
}

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

/* ---- what is wrong is said so, with document, member and what is allowed ---- */

#define TEMPLATES(list) "{\"adapter\":\"whatsapp\",\"name\":\"a\",\"queue\":\"q\",\"templates\":[" list "]}"

static void each_wrong_document_is_refused_in_words(void **state)
{
    static const struct {
        const char *kind, *body, *why; /* part of it */
    } rows[] = {
        { "site", "{", "line 1" },
        { "site", "[]", "site: must be an object" },
        { "site", "{}", "site: name is missing" },
        { "site", "{\"name\":\"\"}", "name has 0 characters; allowed are 1 to 80" },
        { "site", "{\"name\":7}", "name must be a text" },
        { "site", "{\"name\":\"a\",\"name\":\"b\"}", "duplicate" },
        { "site", "{\"name\":\"a\\u0000b\"}", "line 1" },
        { "site", "{\"name\":\"\xff\"}", "line 1" },
        { "site", "{\"name\":\"a\"} x", "line 1" },
        { "site", "{\"name\":\"a\",\"colour\":\"#000000\"}", "\"colour\" is not known here; allowed are name, language" },
        { "site", "{\"name\":\"a\",\"color\":\"#00000g\"}", "color must be a colour such as #0b5fd0" },
        { "site", "{\"name\":\"a\",\"language\":\"zh-cn\"}", "language must be zh-CN, zh-TW or en" },
        { "site", "{\"name\":\"a\",\"zone\":\"Mars/Olympus\"}", "site: zone: there is no time zone \"Mars/Olympus\"" },
        { "site", "{\"name\":\"a\",\"zone\":\"../../etc/passwd\"}", "is not a time zone" },
        { "site", "{\"name\":\"a\",\"text_max\":0}", "text_max is 0; allowed is 1 to 20000" },
        { "site", "{\"name\":\"a\",\"text_max\":20001}", "text_max is 20001" },
        { "site", "{\"name\":\"a\",\"text_max\":1.5}", "text_max must be a whole number" },
        { "site", "{\"name\":\"a\",\"text_max\":99999999999999999999}", "line 1" },
        { "site", "{\"name\":\"a\",\"embed\":\"https://a\"}", "embed must be a list of texts" },
        { "site", "{\"name\":\"a\",\"embed\":[\"https://a/\"]}", "embed must be a list of origins" },
        { "site", "{\"name\":\"a\",\"embed\":[\"https://a; script-src *\"]}", "embed must be a list of origins" },
        { "site", "{\"name\":\"a\",\"embed\":[\"*\"]}", "embed must be a list of origins" },
        { "site", "{\"name\":\"a\",\"embed\":[\"https://\"]}", "embed must be a list of origins" },
        { "site", "{\"name\":\"a\",\"embed\":[\"https://a:123456\"]}", "embed must be a list of origins" },
        { "site", "{\"name\":\"a\",\"token_secret\":\"short\"}", "token_secret has 5 characters; allowed are 32 to 256" },
        { "site", "{\"name\":\"a\",\"x\":[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]}", "more than 16 levels" },
        { "queue", "{\"name\":\"a\",\"colour\":1}",
          "\"colour\" is not known here; allowed are name, offer, offer_ms, skills, language, ring1_ms, ring1, ring2_ms, ring2, "
          "overflow_ms, overflow, …" },
        { "queue", "{\"name\":\"a\",\"offer\":1}", "offer must be true or false" },
        { "queue", "{\"name\":\"a\",\"offer_ms\":4999}", "allowed is 5000 to 600000" },
        { "queue", "{\"name\":\"a\",\"skills\":[\"Big\"]}", "skills must be a word of 1 to 32" },
        { "queue", "{\"name\":\"a\",\"skills\":[\"a\",\"b\",\"c\",\"d\",\"e\",\"f\",\"g\",\"h\",\"i\"]}",
          "skills has 9 entries; allowed are 0 to 8" },
        { "queue", "{\"name\":\"a\",\"hours\":[]}", "hours must be an object" },
        { "queue", "{\"name\":\"a\",\"hours\":{\"days\":{}}}", "\"days\" is not known here; allowed are week, special" },
        { "queue", "{\"name\":\"a\",\"hours\":{\"week\":{\"monday\":[]}}}", "\"monday\" is not a day" },
        { "queue", "{\"name\":\"a\",\"hours\":{\"week\":{\"mon\":\"09:00-18:00\"}}}", "hours.week.mon must be a list" },
        { "queue", "{\"name\":\"a\",\"hours\":{\"week\":{\"mon\":[\"9:00-18:00\"]}}}", "hours.week.mon: a span is" },
        { "queue", "{\"name\":\"a\",\"hours\":{\"week\":{\"mon\":[\"09:60-18:00\"]}}}", "a span is" },
        { "queue", "{\"name\":\"a\",\"hours\":{\"week\":{\"mon\":[\"09:00-24:01\"]}}}", "a span is" },
        { "queue", "{\"name\":\"a\",\"hours\":{\"week\":{\"mon\":[\"24:00-08:00\"]}}}", "a span is" },
        { "queue", "{\"name\":\"a\",\"hours\":{\"week\":{\"mon\":[\"09:00-09:00\"]}}}", "a span is" },
        { "queue", "{\"name\":\"a\",\"hours\":{\"special\":{\"2026-02-29\":[]}}}", "\"2026-02-29\" is not a day" },
        { "queue", "{\"name\":\"a\",\"hours\":{\"special\":{\"2026-11-31\":[]}}}", "is not a day" },
        { "queue", "{\"name\":\"a\",\"hours\":{\"special\":{\"26-1-1\":[]}}}", "is not a day" },
        { "channel", "{\"adapter\":\"widget\",\"name\":\"a\"}", "queue is missing: the queue that its conversations go to" },
        { "channel", "{\"adapter\":\"Widget\",\"name\":\"a\",\"queue\":\"q\"}", "adapter must be widget, or the name of an adapter" },
        { "channel", "{\"adapter\":\"widget\",\"name\":\"a\",\"queue\":\"q\",\"hook\":\"xyz\"}", "hook has 3 characters" },
        { "channel", "{\"adapter\":\"widget\",\"name\":\"a\",\"queue\":\"q\",\"hook\":\"0123456789ABCDEF0123456789ABCDEF\"}",
          "hook must be 32 of 0-9 and a-f" },
        { "channel", "{\"adapter\":\"widget\",\"name\":\"a\",\"queue\":\"q\",\"settings\":[]}", "settings must be an object" },
        { "channel", "{\"adapter\":\"whatsapp\",\"name\":\"a\",\"queue\":\"q\",\"templates\":{}}",
          "templates must be a list of at most 50 templates" },
        { "channel", TEMPLATES("7"), "templates[0].must be an object" },
        { "channel", TEMPLATES("{\"title\":\"A\",\"name\":\"a\",\"text\":\"x\"}"), "templates[0].key is missing" },
        { "channel", TEMPLATES("{\"key\":\"A b\",\"title\":\"A\",\"name\":\"a\",\"text\":\"x\"}"), "templates[0].key must be a word" },
        { "channel", TEMPLATES("{\"key\":\"a\",\"name\":\"a\",\"text\":\"x\"}"),
          "templates[0].title is missing: what agents choose it by" },
        { "channel", TEMPLATES("{\"key\":\"a\",\"title\":\"A\",\"name\":\"a b\",\"text\":\"x\"}"),
          "templates[0].name must be letters, digits and signs without blanks" },
        { "channel", TEMPLATES("{\"key\":\"a\",\"title\":\"A\",\"name\":\"a\"}"), "templates[0].text is missing" },
        { "channel", TEMPLATES("{\"key\":\"a\",\"title\":\"A\",\"name\":\"a\",\"text\":\"\"}"),
          "templates[0].text has 0 characters; allowed are 1 to 1024" },
        { "channel", TEMPLATES("{\"key\":\"a\",\"title\":\"A\",\"name\":\"a\",\"text\":\"{{1}} {{3}}\"}"),
          "templates[0].text: blanks are numbered from 1 without gaps; {{2}} is missing" },
        { "channel", TEMPLATES("{\"key\":\"a\",\"title\":\"A\",\"name\":\"a\",\"text\":\"{{1}} {{a}}\"}"),
          "templates[0].text: blanks are all numbered, or all have names" },
        { "channel", TEMPLATES("{\"key\":\"a\",\"title\":\"A\",\"name\":\"a\",\"text\":\"{{1}}\",\"fields\":[\"a\",\"b\"]}"),
          "templates[0].fields has 2 entries, the text 1 blanks: one for each" },
        { "channel", TEMPLATES("{\"key\":\"a\",\"title\":\"A\",\"name\":\"a\",\"text\":\"{{1}}\",\"fields\":[\"\"]}"),
          "templates[0].fields must be a list of texts of 1 to 120 bytes" },
        { "channel", TEMPLATES("{\"key\":\"a\",\"title\":\"A\",\"name\":\"a\",\"text\":\"x\",\"header\":\"sound\"}"),
          "templates[0].header must be one of: none image video document" },
        { "channel", TEMPLATES("{\"key\":\"a\",\"title\":\"A\",\"name\":\"a\",\"text\":\"{{url}}\",\"url_field\":\"Page\"}"),
          "templates[0].text: beside url_field no blank may be called url" },
        { "channel", TEMPLATES("{\"key\":\"a\",\"title\":\"A\",\"name\":\"a\",\"text\":\"x\",\"language\":\"z h\"}"),
          "templates[0].language must be a language as the platform writes it" },
        { "channel", TEMPLATES("{\"key\":\"a\",\"title\":\"A\",\"name\":\"a\",\"text\":\"x\",\"button\":1}"),
          "templates[0].\"button\" is not known here; allowed are key, title, name" },
        { "channel",
          TEMPLATES("{\"key\":\"a\",\"title\":\"A\",\"name\":\"a\",\"text\":\"x\"},{\"key\":\"a\",\"title\":\"A\",\"name\":\"a\",\"text\":"
                    "\"y\"}"),
          "templates[1].key: a is there twice" },
#define KIND(values) TEMPLATES("{\"key\":\"a\",\"title\":\"A\",\"kind\":\"k\",\"name\":\"a\",\"text\":\"x\",\"values\":" values "}")
        { "channel", KIND("[]"), "templates[0].values must be an object" },
        { "channel", KIND("{\"path\":7}"), "templates[0].values.path must be a text of one line" },
        { "channel", KIND("{\"path\":\" \"}"), "templates[0].values.path must be a text of one line" },
        { "channel", KIND("{\"path\":\"a\\nb\"}"), "templates[0].values.path must be a text of one line" },
        { "channel", KIND("{\"path\":\"{{order\"}"), "templates[0].values.path: a blank that begins with {{ ends with }}" },
        { "channel", KIND("{\"path\":\"{{url}}\"}"), "templates[0].text: beside values no blank may be called url" },
        { "channel",
          KIND("{\"1\":\"a\",\"2\":\"a\",\"3\":\"a\",\"4\":\"a\",\"5\":\"a\",\"6\":\"a\",\"7\":\"a\",\"8\":\"a\",\"9\":\"a\","
               "\"10\":\"a\",\"11\":\"a\",\"12\":\"a\",\"13\":\"a\",\"14\":\"a\",\"15\":\"a\",\"16\":\"a\",\"17\":\"a\"}"),
          "templates[0].values has 17 members; allowed are at most 16" },
#undef KIND
        { "rule", "{\"event\":\"open\",\"actions\":[\"say\"],\"wording\":\"x\"}", "event must be one of: opened message waiting" },
        { "rule", "{\"event\":\"opened\",\"actions\":[]}", "actions has 0 entries; allowed are 1 to 11" },
        { "rule", "{\"event\":\"message\",\"actions\":[\"answer\"]}", "wording is missing" },
        { "rule", "{\"event\":\"message\",\"actions\":[\"answer\",\"form\"],\"wording\":\"x\"}", "must not both answer and offer" },
        { "rule", "{\"event\":\"message\",\"actions\":[\"answer\"],\"wording\":\"x\",\"threshold\":101}", "threshold" },
        { "rule", "{\"event\":\"message\",\"actions\":[\"say\"],\"wording\":\"x\",\"threshold\":50}",
          "threshold is there, but not answer" },
        { "article", "{}", "texts is missing" },
        { "article", "{\"texts\":{}}", "texts must have a text in one language at least" },
        { "article", "{\"texts\":{\"fr\":{\"title\":\"a\",\"body\":\"b\"}}}", "texts.fr is not a language" },
        { "article", "{\"texts\":{\"en\":{\"title\":\"a\"}}}", "texts.en.body is missing" },
        { "article", "{\"texts\":{\"en\":{\"title\":\"a\",\"body\":\"b\"}},\"link\":\"javascript:alert(1)\"}", "link must be an address" },
        { "rule", "{\"event\":\"opened\",\"actions\":[\"shout\"]}", "actions must be one of: say form park invite" },
        { "rule", "{\"event\":\"opened\",\"actions\":[\"say\"]}", "wording is missing" },
        { "rule", "{\"event\":\"opened\",\"actions\":[\"park\"],\"often\":\"always\"}", "often must be one of: conversation cause" },
        { "wording", "{\"Greeting\":\"x\"}", "\"Greeting\" is not a key" },
        { "wording", "{\"greeting\":null}", "greeting must be a text" },
        { "canned", "{\"code\":\"a b\",\"title\":\"t\",\"text\":\"x\"}", "code must be 1 to 32 of a-z" },
        { "canned", "{\"code\":\"a\",\"title\":\"t\",\"text\":\"x\",\"initials\":\"你\"}", "initials must be letters a-z and digits" },
        { "poem", "{}", "poem: there is no such kind of document" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct kf_err why = { 0 };

        row_int_equal(rows[i].body, document_check(rows[i].kind, slice_of(rows[i].body), &why), KF_INVALID);
        if (!strstr(why.text, rows[i].why))
            fail_msg("%s: \"%s\" does not say \"%s\"", rows[i].body, why.text, rows[i].why);
    }
}

/* A rule that says something, with more in it: which member is wrong, and why? */
static void what_is_wrong_in_a_rule_is_named_with_its_place(void **state)
{
    static const struct {
        const char *more, *field, *why;
    } rows[] = {
        { "\"when\":[]", "when", "must be an object" },
        { "\"when\":{\"queue\":\"q\"}", "when.queue", "is not known here; allowed are queues" },
        { "\"when\":{\"queues\":[]}", "when.queues", "0 entries; allowed are 1 to 8" },
        { "\"when\":{\"languages\":[\"fr\"]}", "when.languages", "must be one of: zh-CN" },
        { "\"when\":{\"days\":[\"monday\"]}", "when.days", "must be one of: mon" },
        { "\"when\":{\"clock\":[\"9-18\"]}", "when.clock", "a span is" },
        { "\"when\":{\"position_min\":0}", "when.position_min", "allowed is 1 to" },
        { "\"when\":{\"position_min\":3,\"position_max\":2}", "when.position_max", "smaller than position_min" },
        { "\"when\":{\"keywords\":[\"\"]}", "when.keywords", "a list of words" },
        { "\"when\":{\"facts\":{\"vip\":true}}", "when.facts.vip", "must be a text" },
        { "\"when\":{\"replied\":\"yes\"}", "when.replied", "must be true or false" },
        { "\"every_ms\":20000", "every_ms", "is for waiting" },
        { "\"after_ms\":20000", "after_ms", "is for waiting" },
        { "\"times\":2", "times", "without every_ms" },
        { "\"of\":\"greeting\"", "of", "an event \"due\" follows" },
        { "\"notice_ms\":1", "notice_ms", "does not close" },
        { "\"choices\":[{\"id\":\"a\",\"label\":\"A\"}]", "choices", "not among the actions" },
        { "\"cooldown_ms\":-1", "cooldown_ms", "allowed is 0 to" },
    };
    static const struct {
        const char *body, *field, *why;
    } whole[] = {
        { "{\"event\":\"due\",\"actions\":[\"invite\"]}", "of", "names the rule" },
        { "{\"event\":\"message\",\"actions\":[\"tag\"]}", "tags", "is missing" },
        { "{\"event\":\"message\",\"actions\":[\"priority\"]}", "priority", "is missing" },
        { "{\"event\":\"message\",\"actions\":[\"move\"]}", "to", "is missing" },
        { "{\"event\":\"message\",\"actions\":[\"move\",\"park\"],\"to\":\"q\"}", "actions", "must not both" },
        { "{\"event\":\"message\",\"actions\":[\"choices\"],\"wording\":\"wait\"}", "choices", "is missing" },
        { "{\"event\":\"message\",\"actions\":[\"choices\"],\"wording\":\"wait\",\"choices\":[{\"id\":\"A\",\"label\":\"A\"}]}",
          "choices.1.id", "must be 1 to 32" },
        { "{\"event\":\"message\",\"actions\":[\"choices\"],\"wording\":\"wait\",\"choices\":[{\"id\":\"a\"}]}", "choices.1.label",
          "or wording must be there" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows) + COUNT(whole); i++) {
        struct kf_err why = { 0 };
        char body[400];
        const char *field, *words;

        if (i < COUNT(rows)) {
            (void)snprintf(body, sizeof(body), "{\"event\":\"message\",\"actions\":[\"say\"],\"wording\":\"wait\",%s}", rows[i].more);
            field = rows[i].field;
            words = rows[i].why;
        } else {
            (void)snprintf(body, sizeof(body), "%s", whole[i - COUNT(rows)].body);
            field = whole[i - COUNT(rows)].field;
            words = whole[i - COUNT(rows)].why;
        }
        row_int_equal(body, document_check("rule", slice_of(body), &why), KF_INVALID);
        row_string_equal(body, why.field, field);
        if (!strstr(why.text, words))
            fail_msg("%s: \"%s\" does not say \"%s\"", body, why.text, words);
    }
}

static void each_right_document_is_accepted(void **state)
{
    static const char *const rows[][2] = {
        { "site", "{\"name\":\"好\"}" },
        { "site", "{\"name\":\"a\",\"zone\":\"UTC\"}" },
        { "queue", "{\"name\":\"a\",\"hours\":{}}" },
        { "queue", "{\"name\":\"a\",\"hours\":{\"week\":{\"sun\":[\"00:00-24:00\"]}}}" },
        { "channel", "{\"adapter\":\"widget\",\"name\":\"a\",\"queue\":\"q\"}" },
        { "rule", "{\"event\":\"closed\",\"actions\":[\"invite\"]}" },
        { "rule",
          "{\"event\":\"message\",\"when\":{\"queues\":[\"q\"],\"languages\":[\"en\"],\"days\":[\"sat\"],\"clock\":[\"22:00-02:00\"],"
          "\"position_min\":1,\"wait_max_ms\":5,\"messages_min\":2,\"keywords\":[\"a\"],\"facts\":{\"vip\":\"*\"},\"replied\":false},"
          "\"actions\":[\"say\",\"choices\",\"tag\",\"priority\",\"move\"],\"wording\":\"x\",\"choices\":[{\"id\":\"a\",\"label\":\"A\"},"
          "{\"id\":\"b\",\"wording\":\"y\"}],\"tags\":[\"急\"],\"priority\":-3,\"to\":\"q\",\"often\":\"day\",\"cooldown_ms\":5}" },
        { "rule",
          "{\"event\":\"due\",\"of\":\"y\",\"after_ms\":5,\"every_ms\":10000,\"times\":3,\"actions\":[\"close\"],\"notice_ms\":5}" },
        { "wording", "{}" },
        { "canned", "{\"code\":\"a\",\"title\":\"t\",\"text\":\"x\"}" },
        { "queue", "{\"deleted\":true}" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct kf_err why = { 0 };

        if (document_check(rows[i][0], slice_of(rows[i][1]), &why))
            fail_msg("%s: %s", rows[i][1], why.text);
    }
}

/* What fits its table and can never be meant: refused where it is saved, with its member; a house that has it already goes on. */
static void what_can_never_be_meant_is_not_saved(void **state)
{
#define SAYS(event, more) "{\"event\":\"" event "\",\"actions\":[\"say\"],\"wording\":\"wait\"" more "}"
#define WHEN(what)        ",\"when\":{" what "}"
    static const struct {
        const char *kind, *key, *body, *field; /* field NULL: it is fine */
    } rows[] = {
        { "wording", "zh-cn", "{\"greeting\":\"\"}", "greeting" },
        { "wording", "zh-cn", "{\"closed_idle\":\" \"}", "closed_idle" },
        { "wording", "zh-cn", "{\"consent\":\"\",\"joined\":\"\",\"rated_thanks\":\"\"}", NULL }, /* no rule that is on says them */
        { "wording", "en", "{\"greeting\":\"hi {nope}\"}", "greeting" },
        { "wording", "zh-cn", "{\"greeting\":\"{姓名}，您好\"}", "greeting" },
        { "wording", "en", "{\"wait\":\"you are {position\"}", "wait" },
        { "wording", "en", "{\"wait\":\"please wait[[, number {position}\"}", "wait" },
        { "wording", "en", "{\"wait\":\"please wait[[, number {position}]] [so] {{x} {site}\"}", NULL },
        { "rule", "r", SAYS("message", WHEN("\"keywords\":[\"退款\",\"   \"]")), "when.keywords" },
        { "rule", "r", SAYS("message", WHEN("\"keywords\":[\"-退款\"]")), "when.keywords" },
        { "rule", "r", SAYS("message", WHEN("\"keywords\":[\"退 -退休\"]")), NULL },
        { "rule", "r", SAYS("assigned", WHEN("\"keywords\":[\"退款\"]")), "when.keywords" },
        { "rule", "r", SAYS("closed", WHEN("\"choices\":[\"human\"]")), "when.choices" },
        { "rule", "r", SAYS("nobody", WHEN("\"keywords\":[\"退款\"]")), NULL },
        { "rule", "r", SAYS("opened", WHEN("\"rating_min\":4")), "when.rating_min" },
        { "rule", "r", SAYS("rated", WHEN("\"rating_min\":4")), NULL },
        { "rule", "r", SAYS("opened", WHEN("\"messages_min\":2")), "when.messages_min" },
        { "rule", "r", SAYS("away", WHEN("\"position_max\":2")), "when.position_max" },
        { "rule", "r", SAYS("outside", WHEN("\"open\":true")), "when.open" },
        { "rule", "r", SAYS("nobody", WHEN("\"staffed\":true")), "when.staffed" },
        { "rule", "r", SAYS("nobody", WHEN("\"staffed\":false")), NULL },
        { "rule", "r", SAYS("waiting", ""), "after_ms" },
        { "rule", "r", SAYS("waiting", ",\"after_ms\":0"), NULL }, /* at once, and said so */
        { "rule", "r", SAYS("silent_visitor", ",\"after_ms\":0"), "after_ms" },
        { "rule", "r", SAYS("message", ",\"unless\":\"r\""), "unless" },
        { "rule", "r", "{\"event\":\"message\",\"actions\":[\"say\",\"say\"],\"wording\":\"wait\"}", "actions" },
        { "rule", "r",
          "{\"event\":\"message\",\"actions\":[\"choices\"],\"wording\":\"wait\",\"choices\":[{\"id\":\"a\",\"label\":\"A\"},{\"id\":"
          "\"a\",\"label\":\"B\"}]}",
          "choices" },
        { "forbidden", "f", "{\"name\":\"x\",\"words\":[\"随便\",\" \"]}", "words" },
        { "forbidden", "f", "{\"name\":\"x\",\"words\":[\"。\"]}", "words" },
        { "forbidden", "f", "{\"name\":\"x\",\"words\":[\"随便\"]}", NULL },
        { "ban", "b", "{\"reason\":\"x\",\"address\":\"192.0.2.1\",\"until\":1000}", "until" },
        { "ban", "b", "{\"reason\":\"x\",\"address\":\"192.0.2.1\",\"until\":1001}", NULL },
        { "ban", "b", "{\"reason\":\"x\",\"address\":\"0.0.0.0/0\"}", "address" },
        { "ban", "b", "{\"reason\":\"x\",\"address\":\"::/0\"}", "address" },
        { "ban", "b", "{\"reason\":\"x\",\"address\":\"2001:db8::/32\"}", NULL },
        { "queue", "q", "{\"name\":\" \"}", "name" },
        { "queue", "q", "{\"name\":\"Q\",\"overflow_ms\":1000}", "overflow" },
        { "queue", "q", "{\"name\":\"Q\",\"overflow\":\"other\"}", "overflow_ms" },
        { "queue", "q", "{\"name\":\"Q\",\"overflow\":\"other\",\"overflow_ms\":2000,\"limit_ms\":1000}", "limit_ms" },
        { "queue", "q", "{\"name\":\"Q\",\"overflow\":\"other\",\"overflow_ms\":1000,\"limit_ms\":2000}", NULL },
        { "queue", "q", "{\"name\":\"Q\",\"ring1_ms\":1000}", "ring1" },
        { "queue", "q", "{\"name\":\"Q\",\"skills\":[\"a\"],\"ring1_ms\":1000,\"ring1\":[\"b\"]}", "ring1" },
        { "queue", "q", "{\"name\":\"Q\",\"ring1_ms\":1000,\"ring1\":[\"language\"]}", "ring1" },
        { "queue", "q", "{\"name\":\"Q\",\"skills\":[\"a\",\"b\"],\"ring1_ms\":2000,\"ring1\":[\"a\"],\"ring2_ms\":1000,\"ring2\":[\"b\"]}",
          "ring2_ms" },
        { "queue", "q",
          "{\"name\":\"Q\",\"skills\":[\"a\"],\"language\":true,\"ring1_ms\":1000,\"ring1\":[\"a\"],\"ring2_ms\":2000,\"ring2\":["
          "\"language\"]}",
          NULL },
        { "queue", "q", "{\"name\":\"Q\",\"remind_ms\":5000,\"alert_ms\":1000}", "alert_ms" },
        { "queue", "q", "{\"name\":\"Q\",\"alert_ms\":5000,\"requeue_ms\":1000}", "requeue_ms" },
        { "queue", "q", "{\"name\":\"Q\",\"requeue_ms\":1000}", NULL },
        { "queue", "q", "{\"name\":\"Q\",\"alert_ms\":1000}", NULL },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct document docs[] = { SITE_DOC, { KEY("queue"), KEY("other"), 1, "{\"name\":\"O\"}" }, { .version = 1 } };
        struct kf_err why = { 0 };
        struct site *s;

        (void)snprintf(docs[2].kind.s, sizeof(docs[2].kind.s), "%s", rows[i].kind);
        (void)snprintf(docs[2].key.s, sizeof(docs[2].key.s), "%s", rows[i].key);
        docs[2].body = rows[i].body;
        s = build(docs, COUNT(docs));
        row_int_equal(rows[i].body, document_sense(s, &docs[2].kind, &docs[2].key, slice_of(rows[i].body), 1000, &why),
                      rows[i].field ? KF_INVALID : KF_OK);
        row_string_equal(rows[i].body, why.field, rows[i].field ? rows[i].field : "");
        site_unref(s);
    }
#undef SAYS
#undef WHEN
}

/* What is shipped, and the sets that come with it, hold what is asked of others. */
static void each_is_an_adapter(const struct rule *r, const struct rule_words *w)
{
    for (size_t i = 0; i < w->n; i++)
        if (!channel_find(w->at[i].s) && strcmp(w->at[i].s, "widget") != 0)
            fail_msg("%s: there is no adapter %s", r->key.s, w->at[i].s);
}

/* A place in line is over before a mail that tells of it is read, and nobody who has written one keeps a page open. */
static bool tells_of_waiting(const struct rule *r)
{
    return (r->actions & RULE_SAY) && (r->event == RULE_WAITING || r->event == RULE_SILENT_AGENT || r->event == RULE_SILENT_VISITOR);
}

static bool leaves_mail_out(const struct rule *r)
{
    for (size_t i = 0; i < r->when.not_adapters.n; i++)
        if (!strcmp(r->when.not_adapters.at[i].s, "mail"))
            return true;
    return false;
}

static void what_is_shipped_makes_sense(void **state)
{
    static const char *const names[] = { "config/defaults/rules.json", "config/defaults/wordings.json" };
    const struct document docs[] = { SITE_DOC };
    struct site *s = build(docs, 1);
    struct arena *arena = arena_new(0);
    glob_t found;

    (void)state;
    for (size_t i = 0; i < s->n_rules; i++) {
        each_is_an_adapter(&s->rules[i], &s->rules[i].when.adapters);
        each_is_an_adapter(&s->rules[i], &s->rules[i].when.not_adapters);
        if (tells_of_waiting(&s->rules[i]) && !leaves_mail_out(&s->rules[i]))
            fail_msg("%s: goes to whoever has written a mail", s->rules[i].key.s);
    }
    assert_int_equal(glob("config/sites/*.json", 0, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        struct site_set set;
        struct kf_err why = { 0 };

        if (site_set_parse(file_of(found.gl_pathv[i]), arena, &set, &why))
            fail_msg("%s: %s", found.gl_pathv[i], why.text);
        for (size_t k = 0; k < set.n_docs; k++)
            if (document_sense(s, &set.docs[k].kind, &set.docs[k].key, slice_of(set.docs[k].body), 1000, &why))
                fail_msg("%s: %s", found.gl_pathv[i], why.text);
    }
    globfree(&found);
    for (size_t i = 0; i < COUNT(names); i++) {
        json_t *root = json_loadb(file_of(names[i]).p, file_of(names[i]).n, 0, NULL), *one;
        const char *lang;
        size_t k;

        assert_non_null(root);
        json_array_foreach(root, k, one)
        {
            struct kf_key key = { "" };
            struct kf_err why = { 0 };
            char *text;

            (void)snprintf(key.s, sizeof(key.s), "%s", json_string_value(json_object_get(one, "key")));
            (void)json_object_del(one, "key");
            text = json_dumps(one, JSON_COMPACT);
            if (document_sense(s, &KEY("rule"), &key, slice_of(text), 1000, &why))
                fail_msg("%s", why.text);
            free(text);
        }
        json_object_foreach(root, lang, one)
        {
            struct kf_err why = { 0 };
            char *text = json_dumps(one, JSON_COMPACT);

            if (document_sense(s, &KEY("wording"), &KEY("en"), slice_of(text), 1000, &why))
                fail_msg("%s: %s", lang, why.text);
            free(text);
        }
        json_decref(root);
    }
    arena_free(arena);
    site_unref(s);
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

/* ---- sets ---- */

/* What the examples say, the channels take. */
static void each_example_is_a_site_whose_channels_open(void **state)
{
    glob_t found;

    (void)state;
    assert_int_equal(glob("config/sites/*.json", 0, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        struct arena *arena = arena_new(0);
        struct kf_err why = { 0 };
        struct site *s = NULL;
        struct site_set set;

        if (site_set_parse(file_of(found.gl_pathv[i]), arena, &set, &why) || site_build(&s, &set.key, set.docs, set.n_docs, &why))
            fail_msg("%s: %s", found.gl_pathv[i], why.text);
        for (size_t k = 0; s && k < s->n_channels; k++) {
            const struct channel_ops *ops = channel_find(s->channels[k].adapter);
            struct slice settings = slice_of(s->channels[k].settings);
            struct channel *ch = NULL;

            if (ops && (channel_check(ops, settings, &why) || ops->open(&ch, settings, &why)))
                fail_msg("%s: %s: %s", found.gl_pathv[i], s->channels[k].key.s, why.text);
            for (size_t n = 0; ops && n < s->channels[k].n_templates; n++)
                if (channel_template(ops, &s->channels[k].templates[n], &why))
                    fail_msg("%s: %s: %s", found.gl_pathv[i], s->channels[k].templates[n].key.s, why.text);
            if (ops)
                ops->close(ch);
        }
        site_unref(s);
        arena_free(arena);
    }
    globfree(&found);
}

static void the_demo_is_a_site_that_works(void **state)
{
    static const struct {
        const char *email;
        unsigned roles;
        int capacity;
        size_t queues;
    } people[] = {
        { "agent1@demo.example", MEMBER_AGENT, 5, 2 },
        { "agent2@demo.example", MEMBER_AGENT, 5, 2 },
        { "supervisor@demo.example", MEMBER_AGENT | MEMBER_SUPERVISOR, 5, 2 },
        { "reviewer@demo.example", MEMBER_REVIEWER, 0, 2 },
        { "admin@demo.example", MEMBER_ADMIN, 0, 0 },
    };
    struct arena *arena = arena_new(0);
    struct kf_err why = { 0 };
    struct site_set set;
    struct site *s;

    (void)state;
    if (site_set_parse(file_of("config/sites/demo.json"), arena, &set, &why))
        fail_msg("%s", why.text);
    assert_string_equal(set.key.s, "demo");
    s = NULL;
    assert_int_equal(site_build(&s, &set.key, set.docs, set.n_docs, &why), KF_OK);
    assert_string_equal(site_channel(s, &KEY("web"))->adapter, "widget");
    assert_false(site_channel(s, &KEY("web"))->off);
    assert_false(site_channel(s, &KEY("api"))->off);
    assert_true(site_channel(s, &KEY("fake"))->off);
    for (size_t i = 0; i < s->n_channels; i++) {
        const struct channel_ops *ops = channel_find(s->channels[i].adapter);

        row_int_equal(s->channels[i].key.s, ops != NULL, strcmp(s->channels[i].adapter, "widget") != 0);
        if (ops && channel_check(ops, slice_of(s->channels[i].settings), &why))
            fail_msg("%s: %s", s->channels[i].key.s, why.text);
    }
    assert_true(hours_open(&site_queue(s, &site_channel(s, &KEY("web"))->queue)->hours, 0));
    assert_true(s->n_canned >= 10);
    assert_int_equal(set.n_people, COUNT(people));
    for (size_t i = 0; i < COUNT(people); i++) {
        row_string_equal(people[i].email, set.people[i].email, people[i].email);
        row_int_equal(people[i].email, set.people[i].roles, people[i].roles);
        row_int_equal(people[i].email, set.people[i].capacity, people[i].capacity);
        row_int_equal(people[i].email, set.people[i].n_queues, people[i].queues);
    }
    assert_string_equal(set.people[0].name, "林小雨");
    assert_string_equal(set.people[0].number, "1024");
    site_unref(s);
    arena_free(arena);
}

static void each_wrong_set_is_refused_in_words(void **state)
{
    static const char *const rows[][2] = {
        { "[]", "set: must be an object" },
        { "{}", "site is missing" },
        { "{\"site\":{\"name\":\"a\"}}", "key is missing" },
        { "{\"site\":{\"key\":\"A\",\"name\":\"a\"}}", "key is missing" },
        { "{\"site\":{\"key\":\"a\"}}", "site \"site\": name is missing" },
        { "{\"site\":{\"key\":\"a\",\"name\":\"a\"},\"queue\":{}}", "\"queue\" is not known here; allowed are site, channels" },
        { "{\"site\":{\"key\":\"a\",\"name\":\"a\"},\"queues\":[]}", "queues must be an object" },
        { "{\"site\":{\"key\":\"a\",\"name\":\"a\"},\"queues\":{\"Q\":{}}}", "queue \"Q\": a key is" },
        { "{\"site\":{\"key\":\"a\",\"name\":\"a\"},\"queues\":{\"q\":{}}}", "queue \"q\": name is missing" },
        { "{\"site\":{\"key\":\"a\",\"name\":\"a\"},\"rules\":[{}]}", "rule 1: key is missing" },
        { "{\"site\":{\"key\":\"a\",\"name\":\"a\"},\"rules\":[{\"key\":\"r\",\"event\":\"x\"}]}", "rule \"r\": event must be one of" },
        { "{\"site\":{\"key\":\"a\",\"name\":\"a\"},\"canned\":[{\"code\":\"c\",\"title\":\"t\",\"text\":\"x\"},{\"key\":\"c\",\"code\":"
          "\"d\",\"title\":\"t\",\"text\":\"x\"}]}",
          "canned \"c\": is there twice" },
        { "{\"site\":{\"key\":\"a\",\"name\":\"a\"},\"wordings\":{\"fr\":{}}}", "wording fr: is not a language" },
        { "{\"site\":{\"key\":\"a\",\"name\":\"a\"},\"people\":[{\"email\":\"A@b\",\"name\":\"n\",\"roles\":[\"agent\"]}]}",
          "person 1: email must be a mail address" },
        { "{\"site\":{\"key\":\"a\",\"name\":\"a\"},\"people\":[{\"email\":\"a@b\",\"name\":\"n\",\"roles\":[\"boss\"]}]}",
          "person 1: roles must be one of" },
        { "{\"site\":{\"key\":\"a\",\"name\":\"a\"},\"people\":[{\"email\":\"a@b\",\"name\":\"n\",\"roles\":[\"agent\"],\"queues\":[\"q\"]}"
          "]}",
          "person 1: there is no queue \"q\"" },
        { "{\"site\":{\"key\":\"a\",\"name\":\"a\"},\"channels\":{\"web\":{\"adapter\":\"widget\",\"name\":\"a\",\"queue\":\"q\"}}}",
          "channel web: queue: there is no queue" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct arena *arena = arena_new(0);
        struct kf_err why = { 0 };
        struct site_set set;

        row_int_equal(rows[i][0], site_set_parse(slice_of(rows[i][0]), arena, &set, &why), KF_INVALID);
        if (!strstr(why.text, rows[i][1]))
            fail_msg("%s: \"%s\" does not say \"%s\"", rows[i][0], why.text, rows[i][1]);
        arena_free(arena);
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
        cmocka_unit_test(each_wrong_document_is_refused_in_words),
        cmocka_unit_test(what_is_wrong_in_a_rule_is_named_with_its_place),
        cmocka_unit_test(each_right_document_is_accepted),
        cmocka_unit_test(documents_that_do_not_fit_together_are_refused_in_words),
        cmocka_unit_test(what_can_never_be_meant_is_not_saved),
        cmocka_unit_test(what_is_shipped_makes_sense),
        cmocka_unit_test(the_demo_is_a_site_that_works),
        cmocka_unit_test(each_example_is_a_site_whose_channels_open),
        cmocka_unit_test(each_wrong_set_is_refused_in_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
