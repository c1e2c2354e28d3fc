#include "settings/site.h"

#include "core/arena.h"
#include "settings/checks.h"
#include "settings/kinds.h"
#include "settings/links.h"
#include "settings/scorecards.h"
#include "settings/shipped.h"
#include "settings/zone.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#define SITE_BYTES (64U << 20)
#define QUEUES_MAX 64 /* routing numbers them in a word of 64 bits */

/* What a snapshot is made in: the struct that others see, and the memory of all that it points to. */
struct owned {
    struct site site;
    struct arena *arena;
};

struct build {
    struct owned *o;
    struct arena *arena;
    const struct document *docs;
    size_t n_docs;
    struct kf_err *why;
    /* Growing; `site` gets them at the end. */
    struct site_hours *calendars;
    struct site_channel *channels;
    struct site_queue *queues;
    struct rule_document *rules;
    size_t n_rules, cap_rules;
    struct wording *wordings;
    size_t n_wordings, cap_wordings;
    struct site_canned *canned;
    struct site_skill *skills;
    struct forbidden_word *forbidden;
    size_t cap_forbidden;
    struct site_ban *bans;
    struct scorecard *scorecards;
    struct schedule *schedules;
    struct check *checks;
    struct article *articles;
    struct site_bot *bots;
    const char *lang; /* of the wordings that are being read */
};

/* ---- documents, one after the other ---------------------------------------------------------------------------------------- */

typedef enum kf_rc take_document(struct build *b, const struct keys_at *at, const struct kf_key *key, json_t *body);

static enum kf_rc nomem(struct build *b)
{
    return kf_fail(b->why, KF_NOMEM, "site: out of memory");
}

static enum kf_rc read_one(struct build *b, enum kind k, const struct document *doc, take_document *take)
{
    char what[80];
    struct keys_at at = { .what = what, .arena = b->arena, .why = b->why };
    json_t *body = NULL;
    enum kf_rc rc;

    (void)snprintf(what, sizeof(what), k == KIND_SITE ? "%s" : "%s %s", kind_name(k), doc->key.s);
    rc = keys_json(&at, slice_of(doc->body), &body);
    if (rc)
        return rc;
    if (!document_deleted(body))
        rc = take(b, &at, &doc->key, body);
    json_decref(body);
    return rc;
}

static enum kf_rc read_all(struct build *b, enum kind k, take_document *take)
{
    for (size_t i = 0; i < b->n_docs; i++) {
        enum kf_rc rc;

        if (!slice_is(slice_of(b->docs[i].kind.s), kind_name(k)))
            continue;
        rc = read_one(b, k, &b->docs[i], take);
        if (rc)
            return rc;
    }
    return KF_OK;
}

static enum kf_rc take_site(struct build *b, const struct keys_at *at, const struct kf_key *key, json_t *body)
{
    union filled f;
    enum kf_rc rc = document_read(at, KIND_SITE, key, body, &f);

    if (rc)
        return rc;
    f.site.key = b->o->site.key;
    f.site.refs = 1;
    b->o->site = f.site;
    return KF_OK;
}

static enum kf_rc give_zone(struct build *b, const struct keys_at *at, const char *name, struct hours *hours)
{
    struct zone *zone;
    enum kf_rc rc = zone_load(&zone, b->arena, name, at->why);

    if (rc)
        return rc;
    hours->offset = zone_offset;
    hours->zone = zone;
    return KF_OK;
}

static enum kf_rc take_hours(struct build *b, const struct keys_at *at, const struct kf_key *key, json_t *body)
{
    struct site *s = &b->o->site;
    union filled f;
    enum kf_rc rc = document_read(at, KIND_HOURS, key, body, &f);

    if (rc)
        return rc;
    b->calendars[s->n_calendars++] = f.hours;
    return KF_OK;
}

/* `name` "": open day and night. *zone is filled where it is NULL. */
static enum kf_rc find_hours(struct build *b, const struct keys_at *at, const struct kf_key *name, struct hours *ret, const char **zone)
{
    const struct site *s = &b->o->site;

    *ret = (struct hours){ .always = true };
    for (size_t i = 0; name->s[0] && i < s->n_calendars; i++)
        if (key_eq(&b->calendars[i].key, name)) {
            *ret = b->calendars[i].hours;
            *zone = *zone ? *zone : b->calendars[i].zone;
        }
    if (name->s[0] && ret->always)
        return keys_fail(at, "hours: there is no document \"%s\" of the kind hours", name->s);
    *zone = *zone ? *zone : s->zone;
    return KF_OK;
}

/* The site's, once its calendars are known. */
static enum kf_rc give_site_hours(struct build *b)
{
    const struct keys_at at = { .what = "site", .arena = b->arena, .why = b->why };
    struct site *s = &b->o->site;
    const char *zone = NULL;
    enum kf_rc rc = find_hours(b, &at, &s->hours_key, &s->hours, &zone);

    return rc ? rc : give_zone(b, &at, zone, &s->hours);
}

static enum kf_rc take_queue(struct build *b, const struct keys_at *at, const struct kf_key *key, json_t *body)
{
    struct site *s = &b->o->site;
    union filled f;
    enum kf_rc rc = document_read(at, KIND_QUEUE, key, body, &f);

    if (!rc && s->n_queues == QUEUES_MAX)
        rc = keys_fail(at, "a site has at most %d queues", QUEUES_MAX);
    if (!rc && !f.queue.own_hours)
        rc = find_hours(b, at, f.queue.hours_key.s[0] ? &f.queue.hours_key : &s->hours_key, &f.queue.hours, &f.queue.zone);
    if (rc)
        return rc;
    if (!f.queue.zone)
        f.queue.zone = s->zone;
    rc = give_zone(b, at, f.queue.zone, &f.queue.hours);
    if (!rc)
        b->queues[s->n_queues++] = f.queue;
    return rc;
}

static enum kf_rc take_channel(struct build *b, const struct keys_at *at, const struct kf_key *key, json_t *body)
{
    struct site *s = &b->o->site;
    union filled f;
    enum kf_rc rc = document_read(at, KIND_CHANNEL, key, body, &f);

    if (rc)
        return rc;
    if (site_queue_number(s, &f.channel.queue) < 0)
        return keys_fail(at, "queue: there is no queue \"%s\"", f.channel.queue.s);
    if (f.channel.hook && site_channel_by_hook(s, slice_of(f.channel.hook)))
        return keys_fail(at, "hook: another channel has the same one");
    b->channels[s->n_channels++] = f.channel;
    return KF_OK;
}

static enum kf_rc add_wording(void *ctx, const char *key, const char *text)
{
    struct build *b = ctx;
    struct wording *w;

    if (b->n_wordings == b->cap_wordings) {
        size_t cap = b->cap_wordings ? 2 * b->cap_wordings : 128;
        struct wording *more = arena_array(b->arena, cap, sizeof(*more));

        if (!more)
            return nomem(b);
        if (b->n_wordings)
            memcpy(more, b->wordings, b->n_wordings * sizeof(*more));
        b->wordings = more;
        b->cap_wordings = cap;
    }
    w = &b->wordings[b->n_wordings++];
    *w = (struct wording){ arena_text(b->arena, slice_of(key)), b->lang, arena_text(b->arena, slice_of(text)) };
    return w->key && w->text ? KF_OK : nomem(b);
}

static enum kf_rc take_wordings(struct build *b, const struct keys_at *at, const struct kf_key *key, json_t *body)
{
    b->lang = language_of_key(key);
    if (!b->lang)
        return keys_fail(at, "is not a language; allowed are zh-cn, zh-tw, en");
    return wordings_read(at, body, add_wording, b);
}

/* A site's own rule stands in the place of the shipped one with its key. */
static enum kf_rc take_rule(struct build *b, const struct keys_at *at, const struct kf_key *key, json_t *body)
{
    union filled f;
    enum kf_rc rc = document_read(at, KIND_RULE, key, body, &f);
    size_t i = 0;

    if (rc)
        return rc;
    while (i < b->n_rules && !key_eq(&b->rules[i].rule.key, key))
        i++;
    if (i == b->cap_rules)
        return nomem(b);
    b->rules[i] = f.rule;
    b->n_rules += i == b->n_rules;
    return KF_OK;
}

/* Each person may have codes of his own beside those of the house. */
static bool same_person(const char *a, const char *b)
{
    return strcmp(a ? a : "", b ? b : "") == 0;
}

static enum kf_rc take_canned(struct build *b, const struct keys_at *at, const struct kf_key *key, json_t *body)
{
    struct site *s = &b->o->site;
    union filled f;
    enum kf_rc rc = document_read(at, KIND_CANNED, key, body, &f);

    if (rc)
        return rc;
    for (size_t i = 0; i < s->n_canned; i++)
        if (strcmp(b->canned[i].code, f.canned.code) == 0 && same_person(b->canned[i].person, f.canned.person))
            return keys_fail(at, "code: \"%s\" is taken by %s", f.canned.code, b->canned[i].key.s);
    if (!f.canned.lang)
        f.canned.lang = s->language;
    for (size_t i = 0; i < f.canned.n_queues; i++)
        if (site_queue_number(s, &f.canned.queues[i]) < 0)
            return keys_fail(at, "queues: there is no queue \"%s\"", f.canned.queues[i].s);
    b->canned[s->n_canned++] = f.canned;
    return KF_OK;
}

static enum kf_rc take_skill(struct build *b, const struct keys_at *at, const struct kf_key *key, json_t *body)
{
    union filled f;
    enum kf_rc rc = document_read(at, KIND_SKILL, key, body, &f);

    if (!rc)
        b->skills[b->o->site.n_skills++] = f.skill;
    return rc;
}

static enum kf_rc add_forbidden(struct build *b, const struct site_forbidden *list, const char *word)
{
    struct site *s = &b->o->site;
    struct forbidden_word *w;
    struct buf spaced;

    if (s->n_forbidden == b->cap_forbidden) {
        size_t cap = b->cap_forbidden ? 2 * b->cap_forbidden : 64;
        struct forbidden_word *more = arena_array(b->arena, cap, sizeof(*more));

        if (!more)
            return nomem(b);
        if (s->n_forbidden)
            memcpy(more, b->forbidden, s->n_forbidden * sizeof(*more));
        s->forbidden = b->forbidden = more;
        b->cap_forbidden = cap;
    }
    buf_init(&spaced, 4096);
    forbid_spaced(slice_of(word), &spaced);
    w = &b->forbidden[s->n_forbidden++];
    *w = (struct forbidden_word){
        .word = word, .spaced = arena_text(b->arena, buf_slice(&spaced)), .name = list->name, .advice = list->advice
    };
    buf_finish(&spaced);
    return w->spaced ? KF_OK : nomem(b);
}

static enum kf_rc take_forbidden(struct build *b, const struct keys_at *at, const struct kf_key *key, json_t *body)
{
    union filled f;
    enum kf_rc rc = document_read(at, KIND_FORBIDDEN, key, body, &f);

    if (rc || f.forbidden.off)
        return rc;
    for (size_t i = 0; i < f.forbidden.n_words && !rc; i++)
        rc = add_forbidden(b, &f.forbidden, f.forbidden.words[i]);
    return rc;
}

static enum kf_rc take_ban(struct build *b, const struct keys_at *at, const struct kf_key *key, json_t *body)
{
    union filled f;
    enum kf_rc rc = document_read(at, KIND_BAN, key, body, &f);

    if (!rc)
        b->bans[b->o->site.n_bans++] = f.ban;
    return rc;
}

/* As the store has it; NULL: it has none. */
static const struct document *document_of(const struct build *b, const char *kind, const struct kf_key *key)
{
    for (size_t i = 0; i < b->n_docs; i++)
        if (strcmp(b->docs[i].kind.s, kind) == 0 && key_eq(&b->docs[i].key, key))
            return &b->docs[i];
    return NULL;
}

/* 0: it is shipped. */
static int64_t version_of(const struct build *b, const char *kind, const struct kf_key *key)
{
    const struct document *d = document_of(b, kind, key);

    return d ? d->version : 0;
}

static enum kf_rc give_scorecard(struct build *b, const struct keys_at *at, const struct kf_key *key, int64_t version, json_t *body)
{
    struct scorecard *card = &b->scorecards[b->o->site.n_scorecards];
    char *text = json_dumps(body, JSON_COMPACT);
    enum kf_rc rc = text ? scorecard_parse(slice_of(text), key, version, b->arena, card, at->why) : nomem(b);

    free(text);
    b->o->site.n_scorecards += rc == KF_OK;
    return rc;
}

static enum kf_rc take_scorecard(struct build *b, const struct keys_at *at, const struct kf_key *key, json_t *body)
{
    return give_scorecard(b, at, key, version_of(b, "scorecard", key), body);
}

static enum kf_rc give_check(struct build *b, const struct keys_at *at, const struct kf_key *key, int64_t version, json_t *body)
{
    struct site *s = &b->o->site;
    char *text = json_dumps(body, JSON_COMPACT);
    enum kf_rc rc = text ? check_parse(slice_of(text), key, version, b->arena, &b->checks[s->n_checks], at->why) : nomem(b);

    free(text);
    s->n_checks += rc == KF_OK;
    return rc;
}

static enum kf_rc take_check(struct build *b, const struct keys_at *at, const struct kf_key *key, json_t *body)
{
    return give_check(b, at, key, version_of(b, "check", key), body);
}

static enum kf_rc take_schedule(struct build *b, const struct keys_at *at, const struct kf_key *key, json_t *body)
{
    union filled f;
    enum kf_rc rc = document_read(at, KIND_SCHEDULE, key, body, &f);

    if (rc)
        return rc;
    if (b->o->site.n_schedules == SITE_SCHEDULES)
        return keys_fail(at, "a site has at most %d schedules", SITE_SCHEDULES);
    if (!site_scorecard(&b->o->site, &f.schedule.schedule.card))
        return keys_fail(at, "scorecard: there is no scorecard \"%s\"", f.schedule.schedule.card.s);
    b->schedules[b->o->site.n_schedules++] = f.schedule.schedule;
    return KF_OK;
}

static enum kf_rc read_schedules(struct build *b)
{
    b->schedules = arena_array(b->arena, SITE_SCHEDULES, sizeof(*b->schedules));
    b->o->site.schedules = b->schedules;
    return b->schedules ? read_all(b, KIND_SCHEDULE, take_schedule) : nomem(b);
}

static enum kf_rc take_article(struct build *b, const struct keys_at *at, const struct kf_key *key, json_t *body)
{
    struct site *s = &b->o->site;
    union filled f;
    enum kf_rc rc = document_read(at, KIND_ARTICLE, key, body, &f);

    if (!rc && s->n_articles == ANSWER_ARTICLES)
        rc = keys_fail(at, "a site has at most %d articles", ANSWER_ARTICLES);
    if (!rc)
        b->articles[s->n_articles++] = f.article;
    return rc;
}

static enum kf_rc read_articles(struct build *b)
{
    struct site *s = &b->o->site;
    enum kf_rc rc;

    s->articles = b->articles = arena_array(b->arena, b->n_docs + 1, sizeof(*b->articles));
    if (!b->articles)
        return nomem(b);
    rc = read_all(b, KIND_ARTICLE, take_article);
    if (rc || !s->n_articles)
        return rc;
    s->answers = answer_index_new(b->arena, s->articles, s->n_articles);
    return s->answers ? KF_OK : nomem(b);
}

static enum kf_rc take_bot(struct build *b, const struct keys_at *at, const struct kf_key *key, json_t *body)
{
    struct site *s = &b->o->site;
    union filled f;
    enum kf_rc rc = document_read(at, KIND_BOT, key, body, &f);

    if (rc)
        return rc;
    if (f.bot.queue.s[0] && site_queue_number(s, &f.bot.queue) < 0)
        return keys_fail(at, "queue: there is no queue \"%s\"", f.bot.queue.s);
    b->bots[s->n_bots++] = f.bot;
    return KF_OK;
}

/* ---- what is shipped ------------------------------------------------------------------------------------------------------- */

static enum kf_rc shipped_json(struct build *b, const char *name, json_t **ret)
{
    const struct shipped *s = shipped;
    struct keys_at at = { .what = name, .arena = b->arena, .why = b->why };

    while (s->name && strcmp(s->name, name) != 0)
        s++;
    return s->name ? keys_json(&at, slice_of(s->json), ret) : kf_fail(b->why, KF_INVALID, "no default %s were compiled in", name);
}

static enum kf_rc ship_wordings(struct build *b)
{
    const struct keys_at at = { .what = "default wordings", .arena = b->arena, .why = b->why };
    const char *lang;
    json_t *root = NULL, *texts;
    enum kf_rc rc = shipped_json(b, "wordings", &root);

    if (rc)
        return rc;
    json_object_foreach(root, lang, texts)
    {
        struct kf_key key = { "" };

        for (size_t i = 0; i < KF_KEY_MAX && lang[i]; i++)
            key.s[i] = lang[i] >= 'A' && lang[i] <= 'Z' ? (char)(lang[i] + 32) : lang[i];
        rc = take_wordings(b, &at, &key, texts);
        if (rc)
            break;
    }
    json_decref(root);
    return rc;
}

static enum kf_rc ship_rules(struct build *b)
{
    const struct keys_at at = { .what = "default rules", .arena = b->arena, .why = b->why };
    json_t *root = NULL;
    enum kf_rc rc = shipped_json(b, "rules", &root);
    size_t own = 0;

    if (rc)
        return rc;
    for (size_t i = 0; i < b->n_docs; i++)
        own += slice_is(slice_of(b->docs[i].kind.s), "rule");
    b->cap_rules = json_array_size(root) + own;
    b->rules = arena_array(b->arena, b->cap_rules + 1, sizeof(*b->rules));
    if (!b->rules)
        rc = nomem(b);
    for (size_t i = 0; !rc && i < json_array_size(root); i++) {
        json_t *body = json_array_get(root, i);
        struct kf_key key;

        if (!key_parse(slice_of(json_string_value(json_object_get(body, "key"))), &key))
            rc = keys_fail(&at, "key is missing");
        else {
            (void)json_object_del(body, "key");
            rc = take_rule(b, &at, &key, body);
        }
    }
    json_decref(root);
    return rc;
}

static bool has_code(const struct build *b, const char *code)
{
    for (size_t i = 0; i < b->o->site.n_canned; i++)
        if (!b->canned[i].person && strcmp(b->canned[i].code, code) == 0)
            return true;
    return false;
}

/* Behind the site's own; one of its own with the same code, or a deleted document of that key, stands in the place of a shipped one. */
static enum kf_rc ship_canned(struct build *b)
{
    const struct keys_at at = { .what = "default canned", .arena = b->arena, .why = b->why };
    json_t *root = NULL;
    enum kf_rc rc = shipped_json(b, "canned", &root);
    struct site_canned *all;

    if (rc)
        return rc;
    all = arena_array(b->arena, b->o->site.n_canned + json_array_size(root) + 1, sizeof(*all));
    if (!all)
        rc = nomem(b);
    else {
        if (b->o->site.n_canned)
            memcpy(all, b->canned, b->o->site.n_canned * sizeof(*all));
        b->o->site.canned = b->canned = all;
    }
    for (size_t i = 0; !rc && i < json_array_size(root); i++) {
        json_t *body = json_array_get(root, i);
        const char *code = json_string_value(json_object_get(body, "code"));
        struct kf_key key;

        if (!code || !key_parse(slice_of(code), &key))
            rc = keys_fail(&at, "code is missing");
        else if (!has_code(b, code) && !document_of(b, "canned", &key)) {
            (void)json_object_del(body, "key");
            rc = take_canned(b, &at, &key, body);
        }
    }
    json_decref(root);
    return rc;
}

/* Behind the site's own, whose documents stand in their places. */
static enum kf_rc ship_scorecards(struct build *b)
{
    const struct keys_at at = { .what = "default scorecards", .arena = b->arena, .why = b->why };
    json_t *root = NULL, *body;
    const char *name;
    enum kf_rc rc = shipped_json(b, "scorecards", &root);

    if (rc)
        return rc;
    b->scorecards = arena_array(b->arena, json_object_size(root) + b->n_docs + 1, sizeof(*b->scorecards));
    b->o->site.scorecards = b->scorecards;
    rc = b->scorecards ? read_all(b, KIND_SCORECARD, take_scorecard) : nomem(b);
    json_object_foreach(root, name, body)
    {
        struct kf_key key;

        if (!rc && !key_parse(slice_of(name), &key))
            rc = keys_fail(&at, "\"%s\" is no key", name);
        if (!rc && !document_of(b, "scorecard", &key))
            rc = give_scorecard(b, &at, &key, 0, body);
    }
    json_decref(root);
    return rc;
}

/* As above. */
static enum kf_rc ship_checks(struct build *b)
{
    const struct keys_at at = { .what = "default checks", .arena = b->arena, .why = b->why };
    json_t *root = NULL, *body;
    const char *name;
    enum kf_rc rc = shipped_json(b, "checks", &root);

    if (rc)
        return rc;
    b->o->site.checks = b->checks = arena_array(b->arena, json_object_size(root) + b->n_docs + 1, sizeof(*b->checks));
    rc = b->checks ? read_all(b, KIND_CHECK, take_check) : nomem(b);
    json_object_foreach(root, name, body)
    {
        struct kf_key key;

        if (!rc && !key_parse(slice_of(name), &key))
            rc = keys_fail(&at, "\"%s\" is no key", name);
        if (!rc && !document_of(b, "check", &key))
            rc = give_check(b, &at, &key, 0, body);
    }
    json_decref(root);
    return rc;
}

/* ---- the whole ------------------------------------------------------------------------------------------------------------- */

static int by_order(const void *x, const void *y)
{
    const struct rule_document *a = x, *b = y;

    return a->order != b->order ? (a->order < b->order ? -1 : 1) : strcmp(a->rule.key.s, b->rule.key.s);
}

static enum kf_rc give_rules(struct build *b)
{
    struct site *s = &b->o->site;
    struct rule *rules = arena_array(b->arena, b->n_rules + 1, sizeof(*rules));

    if (!rules)
        return nomem(b);
    qsort(b->rules, b->n_rules, sizeof(*b->rules), by_order);
    for (size_t i = 0; i < b->n_rules; i++)
        rules[i] = b->rules[i].rule;
    s->rules = rules;
    s->n_rules = b->n_rules;
    return KF_OK;
}

static enum kf_rc check_kinds(struct build *b)
{
    size_t sites = 0;

    for (size_t i = 0; i < b->n_docs; i++) {
        int k = kind_parse(slice_of(b->docs[i].kind.s));

        if (k < 0)
            return kf_fail(b->why, KF_INVALID, "%s %s: there is no such kind of document", b->docs[i].kind.s, b->docs[i].key.s);
        sites += k == KIND_SITE;
    }
    return sites == 1 ? KF_OK : kf_fail(b->why, KF_INVALID, "site %s has %zu documents of the kind site, not one", b->o->site.key.s, sites);
}

static enum kf_rc build_all(struct build *b)
{
    struct site *s = &b->o->site;
    enum kf_rc rc = check_kinds(b);

    if (rc || (rc = read_all(b, KIND_SITE, take_site)))
        return rc;
    if (!s->name)
        return kf_fail(b->why, KF_INVALID, "site %s was deleted", s->key.s);
    s->calendars = b->calendars = arena_array(b->arena, b->n_docs + 1, sizeof(*b->calendars));
    s->queues = b->queues = arena_array(b->arena, b->n_docs + 1, sizeof(*b->queues));
    s->channels = b->channels = arena_array(b->arena, b->n_docs + 1, sizeof(*b->channels));
    s->canned = b->canned = arena_array(b->arena, b->n_docs + 1, sizeof(*b->canned));
    s->skills = b->skills = arena_array(b->arena, b->n_docs + 1, sizeof(*b->skills));
    s->bans = b->bans = arena_array(b->arena, b->n_docs + 1, sizeof(*b->bans));
    s->bots = b->bots = arena_array(b->arena, b->n_docs + 1, sizeof(*b->bots));
    if (!b->bots || !b->calendars || !b->queues || !b->channels || !b->canned || !b->skills || !b->bans)
        return nomem(b);
    if ((rc = read_all(b, KIND_HOURS, take_hours)) || (rc = give_site_hours(b)))
        return rc;
    if ((rc = read_all(b, KIND_QUEUE, take_queue)) || (rc = read_all(b, KIND_CHANNEL, take_channel)) ||
        (rc = read_all(b, KIND_CANNED, take_canned)) || (rc = read_all(b, KIND_SKILL, take_skill)) ||
        (rc = read_all(b, KIND_FORBIDDEN, take_forbidden)) || (rc = read_all(b, KIND_BAN, take_ban)) || (rc = read_articles(b)) ||
        (rc = read_all(b, KIND_BOT, take_bot)))
        return rc;
    if ((rc = read_all(b, KIND_WORDING, take_wordings)) || (rc = ship_wordings(b))) /* in this order: the first one found is said */
        return rc;
    s->wordings = b->wordings;
    s->n_wordings = b->n_wordings;
    if ((rc = ship_canned(b)) || (rc = ship_rules(b)) || (rc = read_all(b, KIND_RULE, take_rule)) || (rc = ship_scorecards(b)) ||
        (rc = read_schedules(b)) || (rc = ship_checks(b)) || (rc = give_rules(b)))
        return rc;
    return site_links(s, b->why);
}

enum kf_rc site_build(struct site **ret, const struct kf_key *key, const struct document *docs, size_t n, struct kf_err *why)
{
    struct arena *arena = arena_new(SITE_BYTES);
    struct owned *o = arena ? ARENA_NEW(arena, struct owned) : NULL;
    struct build b = { .o = o, .arena = arena, .docs = docs, .n_docs = n, .why = why };
    enum kf_rc rc;

    if (!o) {
        arena_free(arena);
        return kf_fail(why, KF_NOMEM, "site %s", key->s);
    }
    o->arena = arena;
    o->site.key = *key;
    rc = build_all(&b);
    if (rc) {
        arena_free(arena);
        return rc;
    }
    *ret = &o->site;
    return KF_OK;
}

struct site *site_ref(struct site *s)
{
    s->refs++;
    return s;
}

void site_unref(struct site *s)
{
    if (s && --s->refs == 0)
        arena_free(((struct owned *)s)->arena);
}

enum kf_rc document_check(const char *kind, struct slice body, struct kf_err *why)
{
    struct arena *arena = arena_new(SITE_BYTES);
    struct keys_at at = { .what = kind, .arena = arena, .why = why };
    int k = kind_parse(slice_of(kind));
    union filled f;
    json_t *root = NULL;
    enum kf_rc rc;

    if (!arena)
        return kf_fail(why, KF_NOMEM, "%s", kind);
    if (k < 0)
        rc = kf_fail(why, KF_INVALID, "%.40s: there is no such kind of document", kind);
    else if (!(rc = keys_json(&at, body, &root)) && !document_deleted(root))
        rc = k == KIND_WORDING ? wordings_read(&at, root, NULL, NULL) : document_read(&at, (enum kind)k, &(struct kf_key){ "x" }, root, &f);
    json_decref(root);
    arena_free(arena);
    return rc;
}
