#include "settings/scorecards.h"

#include "core/utf8.h"
#include "settings/kinds.h"

#include <jansson.h>
#include <stdio.h>

#define EXAMPLES_MAX 8
#define NOTE_MAX     2000
#define PATH_MAX_    80

/* What the tables fill; the nouns of core have no room for what only reading needs. */
struct section_read {
    struct score_section section;
    struct kf_key key;
    json_t *items; /* borrowed */
};

/* ---- the tables -------------------------------------------------------------------------------------------------------------------- */

static enum kf_rc take_json(const struct keys_at *at, const struct key *k, json_t *value, void *into)
{
    (void)at;
    *(json_t **)(void *)((char *)into + k->at) = value;
    return KF_OK;
}

#define IN_ITEM(member) .at = offsetof(struct score_item, member)

static const struct key item_keys[] = {
    { "key", KEY_WORD, .required = true, IN_ITEM(key), .help = "its key, once in the whole card" },
    { "name", KEY_TEXT, .required = true, .min = 1, .max = 120, IN_ITEM(name), .help = "what is asked" },
    { "rule", KEY_TEXT, .max = 1000, .def = "", IN_ITEM(rule), .help = "when it is met" },
    { "examples", KEY_TEXTS, .max = EXAMPLES_MAX, IN_ITEM(examples), .count = offsetof(struct score_item, n_examples),
      .help = "what it looks like" },
    { "type", KEY_CHOICE, .required = true, .choices = "yesno steps3 steps5 add deduct fatal", IN_ITEM(type),
      .help = "yes or no, three or five steps, points added or deducted, fatal" },
    { "points", KEY_SMALL, .min = 0, .max = 100, .def = "0", IN_ITEM(points), .help = "what it is worth; of a fatal item none" },
    { "scope", KEY_CHOICE, .choices = "all section", .def = "all", IN_ITEM(scope), .help = "what a fatal item makes fail" },
    { "check", KEY_WORD, IN_ITEM(check), .help = "the machine's check that proposes an answer" },
    { 0 },
};

static const struct key section_keys[] = {
    { "key", KEY_WORD, .required = true, .at = offsetof(struct section_read, key), .help = "its key" },
    { "name", KEY_TEXT, .required = true, .min = 1, .max = 80, .at = offsetof(struct section_read, section.name),
      .help = "what it is about" },
    { "weight", KEY_SMALL, .required = true, .min = 1, .max = 100, .at = offsetof(struct section_read, section.weight),
      .help = "its share of the whole; all of them make 100" },
    { "items", KEY_ANY, .required = true, .take = take_json, .at = offsetof(struct section_read, items), .help = "what is judged in it" },
    { 0 },
};

static enum kf_rc take_sections(const struct keys_at *at, const struct key *k, json_t *value, void *into);

#define IN_CARD(member) .at = offsetof(struct scorecard, member)

const struct key scorecard_keys[] = {
    { "name", KEY_TEXT, .required = true, .min = 1, .max = 80, IN_CARD(name), .help = "what reviewers read" },
    { "lang", KEY_TEXT, .min = 2, .max = 8, .def = "zh-CN", IN_CARD(lang), .help = "the language it is written in" },
    { "pass", KEY_SMALL, .min = 0, .max = 100, .def = "85", IN_CARD(pass), .help = "points from which on a review is passed" },
    { "appeal_days", KEY_SMALL, .min = 0, .max = 60, .def = "3", IN_CARD(appeal_days),
      .help = "working days within which the agent may appeal" },
    { "sections", KEY_ANY, .required = true, .take = take_sections,
      .help =
          "a list of "
          "{\"key\",\"name\",\"weight\",\"items\":[{\"key\",\"name\",\"type\",\"points\",\"rule\",\"examples\",\"scope\",\"check\"}]}" },
    { 0 },
};

/* ---- sections and items -------------------------------------------------------------------------------------------------------------- */

static enum kf_rc check_item(const struct keys_at *at, const struct score_item *it)
{
    if (it->type == SCORE_FATAL)
        return it->points ? keys_fail(at, "points: a fatal item has none") : KF_OK;
    return it->points ? KF_OK : keys_fail(at, "points must be from 1 to 100");
}

static enum kf_rc read_items(const struct keys_at *at, json_t *list, struct score_section *s)
{
    size_t n = json_array_size(list);
    struct score_item *items;

    if (!json_is_array(list) || n < 1 || n > SCORE_ITEMS_MAX)
        return keys_fail(at, "items must be a list of 1 to %d items", SCORE_ITEMS_MAX);
    items = arena_array(at->arena, n, sizeof(*items));
    if (!items)
        return keys_nomem(at);
    for (size_t i = 0; i < n; i++) {
        char path[PATH_MAX_];
        struct keys_at inner = *at;
        enum kf_rc rc;

        (void)snprintf(path, sizeof(path), "%sitems[%zu].", at->path ? at->path : "", i);
        inner.path = path;
        if ((rc = keys_read(&inner, item_keys, json_array_get(list, i), &items[i])) || (rc = check_item(&inner, &items[i])))
            return rc;
    }
    s->items = items;
    s->n_items = n;
    return KF_OK;
}

/* Keys are one space over the whole card: answers name nothing but items. */
static enum kf_rc check_card(const struct keys_at *at, const struct scorecard *card)
{
    int weights = 0;

    for (size_t i = 0; i < card->n_sections; i++) {
        weights += card->sections[i].weight;
        for (size_t k = 0; k < i; k++)
            if (key_eq(&card->sections[i].key, &card->sections[k].key))
                return keys_fail(at, "sections: %s is there twice", card->sections[i].key.s);
    }
    if (weights != 100)
        return keys_fail(at, "sections: their weights make %d, not 100", weights);
    if (card->n_items > SCORE_ITEMS_MAX)
        return keys_fail(at, "sections: a card has at most %d items", SCORE_ITEMS_MAX);
    for (size_t i = 0; i < card->n_items; i++) {
        const struct score_item *it = score_item(card, i, NULL);

        if (score_item_number(card, slice_of(it->key.s)) != (int)i)
            return keys_fail(at, "sections: the item %s is there twice", it->key.s);
    }
    return KF_OK;
}

static enum kf_rc take_sections(const struct keys_at *at, const struct key *k, json_t *value, void *into)
{
    struct scorecard *card = into;
    size_t n = json_array_size(value);
    struct score_section *sections;

    (void)k;
    if (!json_is_array(value) || n < 1 || n > SCORE_SECTIONS_MAX)
        return keys_fail(at, "sections must be a list of 1 to %d sections", SCORE_SECTIONS_MAX);
    sections = arena_array(at->arena, n, sizeof(*sections));
    if (!sections)
        return keys_nomem(at);
    for (size_t i = 0; i < n; i++) {
        struct section_read read = { .items = NULL };
        char path[PATH_MAX_];
        struct keys_at inner = *at;
        enum kf_rc rc;

        (void)snprintf(path, sizeof(path), "sections[%zu].", i);
        inner.path = path;
        if ((rc = keys_read(&inner, section_keys, json_array_get(value, i), &read)))
            return rc;
        sections[i] = read.section;
        sections[i].key = read.key;
        if ((rc = read_items(&inner, read.items, &sections[i])))
            return rc;
        card->n_items += sections[i].n_items;
    }
    card->sections = sections;
    card->n_sections = n;
    return check_card(at, card);
}

enum kf_rc scorecard_read(const struct keys_at *at, const struct kf_key *key, json_t *body, struct scorecard *ret)
{
    enum kf_rc rc;

    memset(ret, 0, sizeof(*ret));
    rc = keys_read(at, scorecard_keys, body, ret);
    ret->key = *key;
    return rc;
}

enum kf_rc scorecard_parse(struct slice body, const struct kf_key *key, int64_t version, struct arena *arena, struct scorecard *ret,
                           struct kf_err *why)
{
    char what[80];
    const struct keys_at at = { .what = what, .arena = arena, .why = why };
    json_t *root = NULL;
    enum kf_rc rc;

    (void)snprintf(what, sizeof(what), "scorecard %s", key->s);
    rc = keys_json(&at, body, &root);
    if (!rc)
        rc = scorecard_read(&at, key, root, ret);
    json_decref(root);
    if (rc)
        return rc;
    ret->version = version;
    ret->body = arena_text(arena, body);
    return ret->body ? KF_OK : keys_nomem(&at);
}

/* ---- answers --------------------------------------------------------------------------------------------------------------------------- */

static enum kf_rc wrong(struct kf_err *why, const char *member, const char *item, const char *words)
{
    if (why)
        (void)snprintf(why->field, sizeof(why->field), "%s.%.32s", member, item);
    return kf_fail(why, KF_INVALID, "%s.%.32s: %s", member, item, words);
}

static enum kf_rc read_answer(const struct score_item *it, const char *name, json_t *value, struct score_answer *ret, struct kf_err *why)
{
    const json_t *v = json_object_get(value, "value"), *na = json_object_get(value, "na");
    char words[64];

    if (!json_is_object(value))
        return wrong(why, "answers", name, "must be {\"value\": n} or {\"na\": true}");
    if (json_is_true(na)) {
        ret->na = true;
        return KF_OK;
    }
    (void)snprintf(words, sizeof(words), "value must be a number from 0 to %d", score_most(it));
    if (!json_is_integer(v) || json_integer_value(v) < 0 || json_integer_value(v) > score_most(it))
        return wrong(why, "answers", name, words);
    ret->given = true;
    ret->value = (int)json_integer_value(v);
    return KF_OK;
}

static enum kf_rc check_texts(const struct scorecard *card, json_t *contents, struct kf_err *why)
{
    json_t *notes = json_object_get(contents, "notes"), *summary = json_object_get(contents, "summary"), *value;
    const char *name;

    if (notes && !json_is_object(notes))
        return kf_fail(why, KF_INVALID, "notes must be an object");
    json_object_foreach(notes, name, value)
    {
        if (score_item_number(card, slice_of(name)) < 0)
            return wrong(why, "notes", name, "there is no such item");
        if (!json_is_string(value) || utf8_length(slice_of(json_string_value(value))) > NOTE_MAX)
            return wrong(why, "notes", name, "must be a text of at most 2000 characters");
    }
    if (summary && (!json_is_string(summary) || utf8_length(slice_of(json_string_value(summary))) > NOTE_MAX))
        return kf_fail(why, KF_INVALID, "summary must be a text of at most %d characters", NOTE_MAX);
    return KF_OK;
}

enum kf_rc answers_read(const struct scorecard *card, json_t *contents, struct score_answer *ret, struct kf_err *why)
{
    json_t *answers = json_object_get(contents, "answers"), *value;
    const char *name;

    memset(ret, 0, card->n_items * sizeof(*ret));
    if (answers && !json_is_object(answers))
        return kf_fail(why, KF_INVALID, "answers must be an object");
    json_object_foreach(answers, name, value)
    {
        int i = score_item_number(card, slice_of(name));
        enum kf_rc rc;

        if (i < 0)
            return wrong(why, "answers", name, "there is no such item");
        if ((rc = read_answer(score_item(card, (size_t)i, NULL), name, value, &ret[i], why)))
            return rc;
    }
    return check_texts(card, contents, why);
}
