/* rules.c: auto-reply rules as people write them: the tables of a rule and of its conditions, and what must go together. */
#include "core/forbid.h"
#include "core/utf8.h"
#include "settings/calendar.h"
#include "settings/kinds.h"

#include <jansson.h>
#include <stdio.h>

#define MS_DAY       86400000LL
#define CHOICES_MAX  10
#define FACTS_MAX    8
#define KEYWORDS_MAX 64
#define LANGUAGES    "zh-CN zh-TW en"

static struct slice text_of(const json_t *value)
{
    return (struct slice){ json_string_value(value), json_string_length(value) };
}

static bool fits_key(struct slice s)
{
    struct kf_key key;

    return key_parse(s, &key);
}

static bool fits_words(struct slice s)
{
    return s.n && s.n <= 200;
}

/* ---- conditions ------------------------------------------------------------------------------------------------------------ */

/* true or false; not said: either. */
static enum kf_rc take_answer(const struct keys_at *at, const struct key *k, json_t *value, void *into)
{
    if (!json_is_boolean(value))
        return keys_fail(at, "%s must be true or false", k->name);
    *(enum rule_answer *)(void *)((char *)into + k->at) = json_is_true(value) ? RULE_YES : RULE_NO;
    return KF_OK;
}

static enum kf_rc take_clock(const struct keys_at *at, const struct key *k, json_t *list, void *into)
{
    struct rule_when *w = into;
    size_t n = json_array_size(list), max = sizeof(w->clock) / sizeof(w->clock[0]);

    if (!json_is_array(list) || n > max)
        return keys_fail(at, "%s must be a list of at most %zu spans", k->name, max);
    for (size_t i = 0; i < n; i++)
        if (!calendar_span(json_array_get(list, i), &w->clock[i]))
            return keys_fail(at, "%s: a span is \"09:00-18:00\", \"22:00-02:00\" or \"00:00-24:00\"", k->name);
    w->n_clock = n;
    return KF_OK;
}

/* {"vip": "yes", "city": "*"} */
static enum kf_rc take_facts(const struct keys_at *at, const struct key *k, json_t *object, void *into)
{
    struct rule_when *w = into;
    struct rule_fact *facts = arena_array(at->arena, FACTS_MAX, sizeof(*facts));
    const char *name;
    json_t *value;

    if (!facts)
        return keys_nomem(at);
    if (json_object_size(object) > FACTS_MAX)
        return keys_fail(at, "%s has more than %d members", k->name, FACTS_MAX);
    json_object_foreach(object, name, value)
    {
        struct rule_fact *f = &facts[w->n_facts];

        if (!json_is_string(value) || utf8_length(text_of(value)) > 200)
            return keys_fail(at, "%s.%.32s must be a text; \"*\" is any", k->name, name);
        f->name = arena_text(at->arena, slice_of(name));
        f->value = arena_text(at->arena, text_of(value));
        if (!f->name || !f->value)
            return keys_nomem(at);
        w->n_facts++;
    }
    w->facts = facts;
    return KF_OK;
}

#define IN_WHEN(member) .at = offsetof(struct rule_when, member)
#define WORDS(name_, member, help_)                                                                     \
    {                                                                                                   \
        name_, KEY_WORDS, .min = 1, .max = RULE_WORDS_MAX, .at = offsetof(struct rule_when, member.at), \
                          .count = offsetof(struct rule_when, member.n), .help = (help_)                \
    }

static const struct key when_keys[] = {
    WORDS("queues", queues, "in one of these queues"),
    WORDS("channels", channels, "on one of these channels"),
    WORDS("adapters", adapters, "on a channel of one of these kinds"),
    WORDS("not_adapters", not_adapters, "on a channel of no such kind"),
    { "languages", KEY_CHOICES, .min = 1, .max = 3, .choices = LANGUAGES, IN_WHEN(languages),
      .help = "of visitors who speak one of these" },
    { "days", KEY_CHOICES, .min = 1, .max = 7, .choices = "mon tue wed thu fri sat sun", IN_WHEN(days), .help = "on these days" },
    { "clock", KEY_ANY, .take = take_clock, .help = "in these spans of a day, by the queue's clock" },
    { "position_min", KEY_SMALL, .min = 1, .max = 100000, IN_WHEN(position_min), .help = "this far back in line, or farther" },
    { "position_max", KEY_SMALL, .min = 1, .max = 100000, IN_WHEN(position_max), .help = "no farther back than this" },
    { "wait_min_ms", KEY_INT, .min = 1, .max = MS_DAY, IN_WHEN(wait_min_ms), .help = "waits for so long already" },
    { "wait_max_ms", KEY_INT, .min = 1, .max = MS_DAY, IN_WHEN(wait_max_ms), .help = "waits for no longer than this" },
    { "messages_min", KEY_SMALL, .min = 1, .max = 100000, IN_WHEN(messages_min), .help = "the visitor has written so many messages" },
    { "messages_max", KEY_SMALL, .min = 1, .max = 100000, IN_WHEN(messages_max), .help = "and no more than this" },
    { "rating_min", KEY_SMALL, .min = 1, .max = 5, IN_WHEN(rating_min), .help = "rated so well, or better" },
    { "rating_max", KEY_SMALL, .min = 1, .max = 5, IN_WHEN(rating_max), .help = "rated so badly, or worse" },
    { "keywords", KEY_TEXTS, .min = 1, .max = KEYWORDS_MAX, .fits = fits_words, .form = "a list of words, each of at most 200 bytes",
      IN_WHEN(keywords), .count = offsetof(struct rule_when, n_keywords),
      .help = "the visitor's words hold one of these: \"退款 进度\" is both words, \"\\\"a b\\\"\" a phrase, \"退 -退休\" the one without "
              "the other" },
    { "choices", KEY_TEXTS, .min = 1, .max = CHOICES_MAX, .fits = fits_key, .form = "a list of ids of choices", IN_WHEN(choices),
      .count = offsetof(struct rule_when, n_choices), .help = "the visitor picks one of these choices" },
    { "facts", KEY_OTHER, .take = take_facts, .help = "what is known of the visitor: {\"vip\": \"yes\", \"city\": \"*\"}" },
    { "first_contact", KEY_ANY, .take = take_answer, IN_WHEN(first_contact), .help = "is it the visitor's first conversation here?" },
    { "replied", KEY_ANY, .take = take_answer, IN_WHEN(replied), .help = "has a person answered in this conversation?" },
    { "staffed", KEY_ANY, .take = take_answer, IN_WHEN(staffed), .help = "is somebody of its queue there?" },
    { "open", KEY_ANY, .take = take_answer, IN_WHEN(open), .help = "is it within business hours?" },
    { 0 },
};

/* The first word of a keyword, without its quotes; what begins with a minus tells nothing. */
static struct slice first_word(const char *keyword)
{
    const char *p = keyword + strspn(keyword, " ");
    size_t n = *p == '"' ? strcspn(p + 1, "\"") : strcspn(p, " \"");

    return *p == '-' ? SLICE("") : (struct slice){ *p == '"' ? p + 1 : p, n };
}

static enum kf_rc give_hints(const struct keys_at *at, struct rule_when *w)
{
    const char **hints = arena_array(at->arena, w->n_keywords + 1, sizeof(*hints));

    for (size_t i = 0; hints && i < w->n_keywords; i++) {
        struct buf b;

        buf_init(&b, 4096);
        forbid_spaced(first_word(w->keywords[i]), &b);
        hints[i] = arena_text(at->arena, b.n > 2 && buf_ok(&b) ? buf_slice(&b) : SLICE(""));
        buf_finish(&b);
        if (!hints[i])
            return keys_nomem(at);
    }
    w->hints = hints;
    return hints ? KF_OK : keys_nomem(at);
}

static enum kf_rc take_when(const struct keys_at *at, const struct key *k, json_t *object, void *into)
{
    struct rule_when *w = &((struct rule_document *)into)->rule.when;
    struct keys_at inner = *at;
    enum kf_rc rc;

    (void)k;
    inner.path = "when.";
    rc = keys_read(&inner, when_keys, object, w);
    if (rc || (rc = give_hints(at, w)))
        return rc;
    if (w->position_max && w->position_max < w->position_min)
        return keys_fail(&inner, "position_max is smaller than position_min: that is never so");
    if (w->wait_max_ms && w->wait_max_ms < w->wait_min_ms)
        return keys_fail(&inner, "wait_max_ms is smaller than wait_min_ms: that is never so");
    if (w->messages_max && w->messages_max < w->messages_min)
        return keys_fail(&inner, "messages_max is smaller than messages_min: that is never so");
    return w->rating_max && w->rating_max < w->rating_min ? keys_fail(&inner, "rating_max is smaller than rating_min: that is never so")
                                                          : KF_OK;
}

/* ---- choices --------------------------------------------------------------------------------------------------------------- */

#define IN_CHOICE(member) .at = offsetof(struct rule_choice, member)

static const struct key choice_keys[] = {
    { "id", KEY_TEXT, .required = true, .min = 1, .max = 32, .fits = fits_key, .form = "1 to 32 of a-z, 0-9, _ and -", IN_CHOICE(id),
      .help = "what rules know it by" },
    { "wording", KEY_TEXT, .min = 1, .max = 32, .fits = fits_key, .form = "the key of a wording", IN_CHOICE(wording),
      .help = "its label, in every language" },
    { "label", KEY_TEXT, .min = 1, .max = 80, IN_CHOICE(label), .help = "its label" },
    { 0 },
};

static enum kf_rc take_choices(const struct keys_at *at, const struct key *k, json_t *list, void *into)
{
    struct rule *r = &((struct rule_document *)into)->rule;
    size_t n = json_array_size(list);
    struct rule_choice *choices;

    if (!json_is_array(list) || n < 1 || n > CHOICES_MAX)
        return keys_fail(at, "%s must be a list of 1 to %d choices", k->name, CHOICES_MAX);
    choices = arena_array(at->arena, n, sizeof(*choices));
    if (!choices)
        return keys_nomem(at);
    for (size_t i = 0; i < n; i++) {
        struct keys_at inner = *at;
        char path[32];
        enum kf_rc rc;

        (void)snprintf(path, sizeof(path), "choices.%zu.", i + 1);
        inner.path = path;
        rc = keys_read(&inner, choice_keys, json_array_get(list, i), &choices[i]);
        if (rc)
            return rc;
        if (!choices[i].wording == !choices[i].label)
            return keys_fail(&inner, "label or wording must be there, and not both");
    }
    r->choices = choices;
    r->n_choices = n;
    return KF_OK;
}

/* ---- rules ----------------------------------------------------------------------------------------------------------------- */

#define IN_RULE(member) .at = offsetof(struct rule_document, member)

/* The order of the words is the order of the enums in rule.h. */
const struct key rule_keys[] = {
    { "event", KEY_CHOICE, .required = true,
      .choices =
          "opened message waiting nobody outside away assigned returned closed silent_agent silent_visitor transferred reopened back "
          "rated closing due",
      IN_RULE(rule.event), .help = "what it listens to" },
    { "after_ms", KEY_INT, .min = 0, .max = MS_DAY, .def = "0", IN_RULE(rule.after_ms), .help = "for how long it must have gone on" },
    { "every_ms", KEY_INT, .min = 10000, .max = MS_DAY, IN_RULE(rule.every_ms), .help = "again so often while it goes on" },
    { "times", KEY_SMALL, .min = 1, .max = 1000, IN_RULE(rule.times), .help = "but not more often than this" },
    { "of", KEY_WORD, IN_RULE(rule.of), .help = "the rule after which it is due" },
    { "queue", KEY_WORD, IN_RULE(rule.queue), .help = "only in this queue" },
    { "channel", KEY_WORD, IN_RULE(rule.channel), .help = "only on this channel" },
    { "when", KEY_OTHER, .take = take_when, .help = "conditions, all of which must hold" },
    { "unless", KEY_WORD, IN_RULE(rule.unless), .help = "a rule: not where its keywords are said, or its choices picked" },
    { "mid_talk", KEY_BOOL, IN_RULE(rule.mid_talk), .help = "also while an agent serves the conversation" },
    { "often", KEY_CHOICE, .choices = "conversation cause visitor day", .def = "cause", IN_RULE(rule.often),
      .help = "once per conversation, per cause, per visitor, or per visitor and day" },
    { "cooldown_ms", KEY_INT, .min = 0, .max = 30 * MS_DAY, .def = "0", IN_RULE(rule.cooldown_ms), .help = "not again so soon" },
    { "actions", KEY_CHOICES, .required = true, .min = 1, .max = 11,
      .choices = "say form park invite choices tag priority move close answer bot", IN_RULE(rule.actions),
      .help = "say the wording, offer the message form, take the conversation for later, invite to rate, offer choices, tag, set the "
              "priority, move to a queue, close, offer articles that answer what was asked, hand to a bot" },
    { "wording", KEY_TEXT, .min = 1, .max = 32, .fits = fits_key, .form = "the key of a wording", IN_RULE(rule.wording),
      .help = "what is said" },
    { "choices", KEY_ANY, .take = take_choices, .help = "what is offered: ids and labels" },
    { "tags", KEY_TEXTS, .min = 1, .max = 8, .fits = fits_words, .form = "a list of texts of at most 200 bytes", IN_RULE(rule.tags),
      .count = offsetof(struct rule_document, rule.n_tags), .help = "what the conversation is tagged with" },
    { "priority", KEY_SMALL, .min = -100, .max = 100, IN_RULE(rule.priority), .help = "each point is worth a minute of waiting" },
    { "to", KEY_WORD, IN_RULE(rule.to), .help = "the queue that it is moved to" },
    { "bot", KEY_WORD, IN_RULE(rule.bot), .help = "the bot that it is handed to" },
    { "notice_ms", KEY_INT, .min = 0, .max = MS_DAY, .def = "0", IN_RULE(rule.notice_ms),
      .help = "how long it stays open after the rule has spoken, unless somebody writes" },
    { "closing_wording", KEY_TEXT, .min = 1, .max = 32, .fits = fits_key, .form = "the key of a wording", IN_RULE(rule.closing_wording),
      .help = "what is said when it is closed" },
    { "threshold", KEY_SMALL, .min = 1, .max = 100, .def = "40", IN_RULE(rule.threshold),
      .help = "how well an article must answer what was asked to be offered" },
    { "order", KEY_SMALL, .min = 0, .max = 1000, .def = "100", IN_RULE(order), .help = "smaller ones come first" },
    { "off", KEY_BOOL, .def = "false", IN_RULE(rule.off), .help = "does nothing" },
    { 0 },
};

/* Events that only come while an agent serves the conversation: their rules mean it, unless they say otherwise. */
static bool comes_mid_talk(enum rule_event e)
{
    return e == RULE_AWAY || e == RULE_BACK || e == RULE_ASSIGNED || e == RULE_SILENT_AGENT || e == RULE_SILENT_VISITOR ||
           e == RULE_CLOSING;
}

static bool counts_time(enum rule_event e)
{
    return e == RULE_WAITING || e == RULE_SILENT_AGENT || e == RULE_SILENT_VISITOR || e == RULE_CLOSING || e == RULE_DUE;
}

enum kf_rc rule_finish(const struct keys_at *at, const struct kf_key *key, const json_t *body, struct rule_document *d)
{
    struct rule *r = &d->rule;
    const struct {
        bool wrong;
        const char *words;
    } checks[] = {
        { r->actions & (RULE_SAY | RULE_FORM | RULE_CHOICES | RULE_ANSWER) && !r->wording, "wording is missing: the rule says something" },
        { r->actions & RULE_CHOICES && !r->n_choices, "choices is missing: the rule offers some" },
        { r->n_choices && !(r->actions & RULE_CHOICES), "choices is there, but not among the actions" },
        { r->actions & RULE_ANSWER && r->actions & (RULE_FORM | RULE_CHOICES), "actions must not both answer and offer something else" },
        { json_object_get(body, "threshold") && !(r->actions & RULE_ANSWER), "threshold is there, but not answer among the actions" },
        { r->actions & RULE_TAG && !r->n_tags, "tags is missing: the rule tags" },
        { r->actions & RULE_PRIORITY && !json_object_get(body, "priority"), "priority is missing: the rule sets it" },
        { r->actions & RULE_MOVE && !r->to.s[0], "to is missing: the queue that it moves to" },
        { r->actions & RULE_MOVE && r->actions & (RULE_PARK | RULE_CLOSE), "actions must not both move and park or close" },
        { r->actions & RULE_BOT && !r->bot.s[0], "bot is missing: the bot that it is handed to" },
        { r->actions & RULE_BOT && r->actions & (RULE_MOVE | RULE_PARK | RULE_CLOSE),
          "actions must not both hand to a bot and move, park or close" },
        { r->actions & RULE_PARK && r->actions & RULE_CLOSE, "actions must not both park and close" },
        { r->notice_ms && !(r->actions & RULE_CLOSE), "notice_ms is there, but the rule does not close" },
        { (r->event == RULE_DUE) != (r->of.s[0] != '\0'), "of names the rule that an event \"due\" follows, and nothing else" },
        { r->event == RULE_DUE && key_eq(&r->of, key), "of is the rule itself" },
        { r->every_ms && !counts_time(r->event), "every_ms is for waiting, silent_agent, silent_visitor, closing and due" },
        { r->times && !r->every_ms, "times is there without every_ms" },
        { r->after_ms && !counts_time(r->event), "after_ms is for waiting, silent_agent, silent_visitor, closing and due" },
    };

    r->key = *key;
    if (!json_object_get(body, "mid_talk"))
        r->mid_talk = comes_mid_talk(r->event);
    for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
        if (checks[i].wrong)
            return keys_fail(at, "%s", checks[i].words);
    return KF_OK;
}
