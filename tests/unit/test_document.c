/* What is refused in a document by itself, and what can be saved. */
#include "tests/unit/site.h"

#include "settings/sense.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_wrong_document_is_refused_in_words),
        cmocka_unit_test(what_is_wrong_in_a_rule_is_named_with_its_place),
        cmocka_unit_test(each_right_document_is_accepted),
        cmocka_unit_test(what_can_never_be_meant_is_not_saved),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
