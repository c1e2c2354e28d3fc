#include "settings/sense.h"

#include "core/segment.h"
#include "core/utf8.h"
#include "settings/kinds.h"

#include <jansson.h>
#include <stdio.h>

/* What is wrong where it is true; the words begin with the member. */
struct nonsense {
    bool wrong;
    const char *words;
};

static enum kf_rc first_of(const struct keys_at *at, const struct nonsense *all, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (all[i].wrong)
            return keys_fail(at, "%s", all[i].words);
    return KF_OK;
}

#define FIRST_OF(at, all) first_of(at, all, sizeof(all) / sizeof((all)[0]))

static bool is_blank(const char *text)
{
    return utf8_blank(slice_of(text));
}

#define SHOWN 16 /* characters of what is wrong */

/* For "%.*s": the beginning of a text, whole characters. */
static int shown(const char *text)
{
    return (int)utf8_cut(slice_of(text), SHOWN).n;
}

/* ---- wordings ---- */

/* Does an active rule of the site say it? Then an empty text is a rule that says nothing. */
static const struct rule *said_by(const struct site *s, const char *wording)
{
    for (size_t i = 0; i < s->n_rules; i++) {
        const struct rule *r = &s->rules[i];

        if (!r->off &&
            ((r->wording && strcmp(r->wording, wording) == 0) || (r->closing_wording && strcmp(r->closing_wording, wording) == 0)))
            return r;
    }
    return NULL;
}

static enum kf_rc wording_sense(const struct site *s, const struct keys_at *at, json_t *body)
{
    const char *name;
    json_t *value;

    json_object_foreach(body, name, value)
    {
        const char *text = json_string_value(value), *wrong;
        const struct rule *r = text && is_blank(text) ? said_by(s, name) : NULL;

        if (r)
            return keys_fail(at, "%s is empty, and the rule \"%s\" says it: switch that off, or leave this out for the shipped text", name,
                             r->key.s);
        wrong = text ? wording_wrong(text) : NULL;
        if (wrong)
            return keys_fail(at, "%s: %.*s is no blank; allowed are %s; {{ is a brace, what begins with [[ ends with ]]", name,
                             shown(wrong), wrong, wording_blanks());
    }
    return KF_OK;
}

/* ---- rules ---- */

static bool twice(const json_t *list, const char *member)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        for (size_t k = 0; k < i; k++) {
            const json_t *a = json_array_get(list, i), *b = json_array_get(list, k);

            if (json_equal(member ? json_object_get(a, member) : a, member ? json_object_get(b, member) : b))
                return true;
        }
    return false;
}

/* A keyword that wants nothing: of blanks, of marks, or only of what must not be there. */
static const char *idle_keyword(const struct rule_when *w)
{
    for (size_t i = 0; i < w->n_keywords; i++)
        if (!segment_wants(slice_of(w->keywords[i])))
            return w->keywords[i];
    return NULL;
}

/* Its message is one of ours, or it ends as soon as the visitor writes. */
static bool hears_nobody(enum rule_event e)
{
    return e == RULE_ASSIGNED || e == RULE_RETURNED || e == RULE_TRANSFERRED || e == RULE_CLOSED || e == RULE_SILENT_VISITOR ||
           e == RULE_CLOSING;
}

/* Nobody who is served has a place in line. */
static bool is_served(enum rule_event e)
{
    return e == RULE_AWAY || e == RULE_BACK || e == RULE_ASSIGNED || e == RULE_SILENT_AGENT || e == RULE_SILENT_VISITOR;
}

static enum kf_rc conditions_sense(const struct keys_at *at, const struct rule *r)
{
    const struct rule_when *w = &r->when;
    const char *idle = idle_keyword(w);
    const struct nonsense all[] = {
        { w->n_keywords && hears_nobody(r->event), "keywords never holds: no visitor writes with this event" },
        { w->n_choices && hears_nobody(r->event), "choices never holds: no visitor picks with this event" },
        { w->position_min && is_served(r->event), "position_min never holds: who is served has no place in line" },
        { w->position_max && is_served(r->event), "position_max never holds: who is served has no place in line" },
        { w->rating_min && r->event == RULE_OPENED, "rating_min never holds: nobody has rated what has just begun" },
        { w->rating_max && r->event == RULE_OPENED, "rating_max never holds: nobody has rated what has just begun" },
        { w->messages_min > 1 && r->event == RULE_OPENED, "messages_min never holds: opened is the first message" },
        { w->replied == RULE_YES && r->event == RULE_OPENED, "replied never holds: nobody has answered what has just begun" },
        { w->open == RULE_YES && r->event == RULE_OUTSIDE, "open never holds: outside is when it is closed" },
        { w->open == RULE_NO && r->event == RULE_NOBODY, "open never holds: nobody is within business hours" },
        { w->staffed == RULE_YES && r->event == RULE_NOBODY, "staffed never holds: nobody is when nobody is there" },
    };
    struct keys_at inner = *at;

    inner.path = "when.";
    if (idle)
        return keys_fail(&inner, "keywords: \"%.*s\" looks for nothing; a word that must be there is needed", shown(idle), idle);
    return FIRST_OF(&inner, all);
}

static enum kf_rc rule_sense(const struct keys_at *at, json_t *body, const struct rule *r)
{
    bool silent = r->event == RULE_SILENT_AGENT || r->event == RULE_SILENT_VISITOR;
    const struct nonsense all[] = {
        { r->event == RULE_WAITING && !json_object_get(body, "after_ms"), "after_ms is missing: for how long somebody must wait" },
        { silent && !r->after_ms, "after_ms is missing: for how long there must have been silence" },
        { key_eq(&r->unless, &r->key), "unless is the rule itself" },
        { twice(json_object_get(body, "actions"), NULL), "actions names one of them twice" },
        { twice(json_object_get(body, "choices"), "id"), "choices: two have one id" },
    };
    enum kf_rc rc = FIRST_OF(at, all);

    return rc ? rc : conditions_sense(at, r);
}

/* ---- queues ---- */

static bool needs(const struct site_queue *q, const struct kf_key *skill)
{
    if (strcmp(skill->s, "language") == 0)
        return q->language;
    for (size_t i = 0; i < q->n_skills; i++)
        if (key_eq(&q->skills[i], skill))
            return true;
    return false;
}

static enum kf_rc ring_sense(const struct keys_at *at, const struct site_queue *q, const char *name, const struct kf_key *ring, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!needs(q, &ring[i]))
            return keys_fail(at, "%s: \"%s\" is not needed here at all: it is not in skills, or language is off", name, ring[i].s);
    return KF_OK;
}

/* Both are set, and the later one comes first. */
static bool upside_down(int64_t first, int64_t then)
{
    return first && then && then < first;
}

static enum kf_rc queue_sense(const struct keys_at *at, json_t *body, const struct site_queue *q)
{
    /* Against what is not said, but is so unless it is, nothing is held: then one of the two is merely never heard of. */
    bool reminds = json_object_get(body, "remind_ms"), alerts = json_object_get(body, "alert_ms");
    bool returns = json_object_get(body, "requeue_ms");
    const struct nonsense all[] = {
        { q->overflow.s[0] && !q->overflow_ms, "overflow_ms is missing: after how long overflow takes over" },
        { q->overflow_ms && !q->overflow.s[0], "overflow is missing: the queue that takes over after overflow_ms" },
        { q->ring_ms[0] && !q->n_ring1, "ring1 is missing: what is not needed any more after ring1_ms" },
        { q->ring_ms[1] && !q->n_ring2, "ring2 is missing: what is not needed any more after ring2_ms" },
        { upside_down(q->ring_ms[0], q->ring_ms[1]), "ring2_ms is before ring1_ms" },
        { upside_down(q->overflow_ms, q->limit_ms), "limit_ms is before overflow_ms: nobody ever goes on to overflow" },
        { reminds && alerts && upside_down(q->silent_ms[0], q->silent_ms[1]), "alert_ms is before remind_ms" },
        { alerts && returns && upside_down(q->silent_ms[1], q->silent_ms[2]), "requeue_ms is before alert_ms" },
    };
    enum kf_rc rc = FIRST_OF(at, all);

    if (!rc)
        rc = ring_sense(at, q, "ring1", q->ring1, q->n_ring1);
    return rc ? rc : ring_sense(at, q, "ring2", q->ring2, q->n_ring2);
}

/* ---- the others ---- */

static enum kf_rc forbidden_sense(const struct keys_at *at, const struct site_forbidden *list)
{
    for (size_t i = 0; i < list->n_words; i++) {
        struct buf spaced;
        bool empty;

        buf_init(&spaced, 4096);
        forbid_spaced(slice_of(list->words[i]), &spaced);
        empty = buf_ok(&spaced) && spaced.n < 2;
        buf_finish(&spaced);
        if (empty)
            return keys_fail(at, "words: \"%.*s\" has no letter, digit or sign of a script: it is never found", shown(list->words[i]),
                             list->words[i]);
    }
    return KF_OK;
}

/* An IPv4 range has 96 bits more (address.h). */
static bool is_everybody(const struct network *n)
{
    static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

    return n->bits == 0 || (n->bits <= 96 && memcmp(n->base.b, mapped, sizeof(mapped)) == 0);
}

static enum kf_rc ban_sense(const struct keys_at *at, const struct site_ban *b, int64_t now_ms)
{
    const struct nonsense all[] = {
        { b->until && b->until <= now_ms, "until is over already; allowed is a time that is still to come, or 0" },
        { b->has_network && is_everybody(&b->network), "address is everybody's: nobody could write any more" },
    };

    return FIRST_OF(at, all);
}

static enum kf_rc sense_of(const struct site *s, const struct keys_at *at, enum kind k, const struct kf_key *key, json_t *body,
                           int64_t now_ms)
{
    const char *name = json_string_value(json_object_get(body, "name"));
    union filled f;
    enum kf_rc rc;

    if (k == KIND_WORDING)
        return wording_sense(s, at, body);
    if ((rc = document_read(at, k, key, body, &f)))
        return rc;
    if (name && is_blank(name))
        return keys_fail(at, "name is blank");
    switch (k) {
    case KIND_RULE:
        return rule_sense(at, body, &f.rule.rule);
    case KIND_QUEUE:
        return queue_sense(at, body, &f.queue);
    case KIND_FORBIDDEN:
        return forbidden_sense(at, &f.forbidden);
    case KIND_BAN:
        return ban_sense(at, &f.ban, now_ms);
    default:
        return KF_OK;
    }
}

enum kf_rc document_sense(const struct site *site, const struct kf_key *kind, const struct kf_key *key, struct slice body, int64_t now_ms,
                          struct kf_err *why)
{
    struct arena *arena = arena_new(16U << 20);
    int k = kind_parse(slice_of(kind->s));
    json_t *root = NULL;
    char what[80];
    struct keys_at at = { .what = what, .arena = arena, .why = why };
    enum kf_rc rc;

    if (!arena)
        return keys_nomem(&at);
    (void)snprintf(what, sizeof(what), k == KIND_SITE ? "%s" : "%s %s", kind->s, key->s);
    rc = k < 0 ? KF_INVALID : keys_json(&at, body, &root);
    if (!rc && !document_deleted(root))
        rc = sense_of(site, &at, (enum kind)k, key, root, now_ms);
    json_decref(root);
    arena_free(arena);
    return rc;
}
