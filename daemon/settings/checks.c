#include "settings/checks.h"

#include "core/utf8.h"
#include "settings/kinds.h"

#include <jansson.h>
#include <stdio.h>

#define WORDS_MAX 200
#define WORD_CP   80
#define NAME_CP   80
#define MS_DAY    86400000LL
#define LANGUAGES "zh-CN zh-TW en"

/* ---- members that no table can tell ---------------------------------------------------------------------------------------------- */

static bool is_name(const json_t *value)
{
    size_t n = json_is_string(value) ? utf8_length((struct slice){ json_string_value(value), json_string_length(value) }) : 0;

    return n > 0 && n <= NAME_CP;
}

/* A text, or one for each language: pages show it, and nothing here depends on it. */
static enum kf_rc take_name(const struct keys_at *at, const struct key *k, json_t *value, void *into)
{
    const char *lang;
    json_t *text;

    (void)into;
    if (is_name(value))
        return KF_OK;
    if (!json_is_object(value) || !json_object_size(value))
        return keys_fail(at, "%s must be a text of 1 to %d characters, or one for each of " LANGUAGES, k->name, NAME_CP);
    json_object_foreach(value, lang, text)
    {
        if (strcmp(lang, "zh-CN") != 0 && strcmp(lang, "zh-TW") != 0 && strcmp(lang, "en") != 0)
            return keys_fail(at, "%s: the languages are " LANGUAGES, k->name);
        if (!is_name(text))
            return keys_fail(at, "%s.%s must be a text of 1 to %d characters", k->name, lang, NAME_CP);
    }
    return KF_OK;
}

static enum kf_rc give_word(const struct keys_at *at, struct slice text, struct forbidden_word *ret)
{
    struct buf b;

    buf_init(&b, 4096);
    forbid_spaced(text, &b);
    *ret = (struct forbidden_word){
        .word = arena_text(at->arena, text), .spaced = arena_text(at->arena, buf_slice(&b)), .name = "", .advice = ""
    };
    buf_finish(&b);
    return ret->word && ret->spaced ? KF_OK : keys_nomem(at);
}

static enum kf_rc take_words(const struct keys_at *at, const struct key *k, json_t *list, void *into)
{
    struct check_words *ret = (struct check_words *)(void *)((char *)into + k->at);
    size_t n = json_array_size(list);
    struct forbidden_word *words;

    if (!json_is_array(list) || n > WORDS_MAX)
        return keys_fail(at, "%s must be a list of at most %d texts", k->name, WORDS_MAX);
    words = arena_array(at->arena, n + 1, sizeof(*words));
    if (!words)
        return keys_nomem(at);
    for (size_t i = 0; i < n; i++) {
        json_t *value = json_array_get(list, i);
        struct slice text = { json_string_value(value), json_string_length(value) };
        enum kf_rc rc;

        if (!json_is_string(value) || !text.n || utf8_length(text) > WORD_CP)
            return keys_fail(at, "%s[%zu] must be a text of 1 to %d characters", k->name, i, WORD_CP);
        if ((rc = give_word(at, text, &words[i])))
            return rc;
        if (!words[i].spaced[1])
            return keys_fail(at, "%s[%zu] holds no letter, figure or character that one could look for", k->name, i);
    }
    *ret = (struct check_words){ words, n };
    return KF_OK;
}

/* ---- the table -------------------------------------------------------------------------------------------------------------------- */

#define IN_CHECK(member) .at = offsetof(struct check, member)
#define KEYS_OF(name_, member, help_)                                                               \
    {                                                                                               \
        name_, KEY_WORDS, .min = 1, .max = RULE_WORDS_MAX, .at = offsetof(struct check, member.at), \
                          .count = offsetof(struct check, member.n), .help = (help_)                \
    }
#define TERMS(name_, help_)                                                   \
    {                                                                         \
#name_, KEY_ANY, .take = take_words, IN_CHECK(name_), .help = (help_) \
    }

/* The order of the words is the order of the enums in check.h. */
const struct key check_keys[] = {
    { "name", KEY_ANY, .required = true, .take = take_name, .help = "what people read: a text, or one for each language" },
    { "type", KEY_CHOICE, .required = true, .choices = "says invites waits silence forbidden private promise name", IN_CHECK(type),
      .help = "what it looks for: something that must be said; the invitation to rate; being told to wait; silence; what must not be said; "
              "personal data asked for; promises kept; the right name" },
    { "off", KEY_BOOL, .def = "false", IN_CHECK(off), .help = "looks at nothing" },
    { "risk", KEY_BOOL, .def = "false", IN_CHECK(risk), .help = "conversations in which it finds something belong on a risk list" },
    KEYS_OF("queues", queues, "only in these queues"),
    KEYS_OF("channels", channels, "only on these channels"),
    { "languages", KEY_CHOICES, .min = 1, .max = 3, .choices = LANGUAGES, IN_CHECK(languages),
      .help = "only with visitors who speak one of these" },
    { "place", KEY_CHOICE, .choices = "first last any", .def = "any", IN_CHECK(place),
      .help = "where it must be said: in the first, the last, or any message of people" },
    { "messages", KEY_SMALL, .min = 1, .max = 20, .def = "2", IN_CHECK(messages), .help = "how many first or last messages are looked at" },
    { "after_ms", KEY_INT, .min = 1000, .max = MS_DAY, .def = "60000", IN_CHECK(after_ms),
      .help = "how long one may wait; of promises: what is said so soon after it still belongs to it" },
    { "working", KEY_BOOL, .def = "false", IN_CHECK(working), .help = "promised hours and minutes count only while it is open" },
    { "machines", KEY_BOOL, .def = "false", IN_CHECK(machines), .help = "what the system and bots say counts, too" },
    TERMS(words, "what is looked for; of silence: words that put the visitor off, of names: titles"),
    TERMS(with, "of personal data: one of these must be said with it"),
    TERMS(except, "where one of these is said in the same part of a sentence (of private: near, and before), it is nothing; of silence: "
                  "words of the visitor that ask for nothing"),
    { 0 },
};

enum kf_rc check_finish(const struct keys_at *at, const struct kf_key *key, struct check *c)
{
    bool needs = c->type == CHECK_SAYS || c->type == CHECK_PRIVATE || c->type == CHECK_PROMISE || c->type == CHECK_NAME;

    c->key = *key;
    if (needs && !c->words.n)
        return keys_fail(at, "words is missing: it looks for some");
    if (c->with.n && c->type != CHECK_PRIVATE)
        return keys_fail(at, "with is there, but only checks of the type private look for it");
    if (c->place != CHECK_ANYWHERE && c->type != CHECK_SAYS)
        return keys_fail(at, "place is there, but only checks of the type says look at it");
    return KF_OK;
}

enum kf_rc check_parse(struct slice body, const struct kf_key *key, int64_t version, struct arena *arena, struct check *ret,
                       struct kf_err *why)
{
    char what[80];
    const struct keys_at at = { .what = what, .arena = arena, .why = why };
    json_t *root = NULL;
    enum kf_rc rc;

    memset(ret, 0, sizeof(*ret));
    (void)snprintf(what, sizeof(what), "check %s", key->s);
    rc = keys_json(&at, body, &root);
    if (!rc)
        rc = keys_read(&at, check_keys, root, ret);
    if (!rc)
        rc = check_finish(&at, key, ret);
    json_decref(root);
    if (rc)
        return rc;
    ret->version = version;
    ret->body = arena_text(arena, body);
    return ret->body ? KF_OK : keys_nomem(&at);
}
