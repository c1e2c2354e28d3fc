/* try.c: which rule would answer this, and why not the others? Nothing is stored and nothing is said. What somebody is about to save can be
 * tried with it: it is checked as if it were saved. */
#include "api/documents.h"

#include "settings/kinds.h"

#include <stdlib.h>

#define FIRINGS_MAX 32
#define PROFILE_MAX 64
#define TRIED_MAX   10 /* articles */
#define DRAFTS_MAX  8

static const char *text_in(const json_t *root, const char *name, const char *otherwise)
{
    const char *ret = json_string_value(json_object_get(root, name));

    return ret ? ret : otherwise;
}

static bool truth_in(const json_t *root, const char *name, bool otherwise)
{
    const json_t *value = json_object_get(root, name);

    return json_is_boolean(value) ? json_is_true(value) : otherwise;
}

static int64_t number_in(const json_t *root, const char *name, int64_t otherwise)
{
    const json_t *value = json_object_get(root, name);

    return json_is_integer(value) ? json_integer_value(value) : otherwise;
}

/* The situation that is tried, made of what was said about it. */
struct trial {
    const struct site *site;
    struct conv conv;
    struct message message;
    struct rule_facts facts;
    struct rule_fact profile[PROFILE_MAX];
    enum rule_event event;
};

static void take_profile(struct trial *tr, json_t *root)
{
    const char *name;
    json_t *value;

    json_object_foreach(json_object_get(root, "facts"), name, value)
    {
        if (json_is_string(value) && tr->facts.n_profile < PROFILE_MAX)
            tr->profile[tr->facts.n_profile++] = (struct rule_fact){ name, json_string_value(value) };
    }
    tr->facts.profile = tr->profile;
}

/* What the event needs to have happened. */
static void take_event(struct trial *tr, const json_t *root)
{
    struct conv *c = &tr->conv;
    static const struct {
        enum rule_event event;
        const char *word;
    } words[] = {
        { RULE_ASSIGNED, "joined" }, { RULE_RETURNED, "returned" }, { RULE_TRANSFERRED, "transferred" }, { RULE_CLOSED, "closed" }
    };

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (tr->event == words[i].event)
            tr->message = (struct message){ .seq = 2, .kind = MESSAGE_EVENT, .event = words[i].word, .from = { .role = ROLE_SYSTEM } };
    if (tr->event == RULE_CLOSED || tr->event == RULE_RATED)
        c->state = CONV_CLOSED;
    if (tr->event == RULE_REOPENED)
        c->reopened = 1;
    if (tr->event == RULE_AWAY || tr->event == RULE_SILENT_AGENT || tr->event == RULE_SILENT_VISITOR || tr->event == RULE_ASSIGNED)
        c->state = CONV_SERVED;
    tr->facts.agent_away = tr->event == RULE_AWAY;
    if (tr->event == RULE_SILENT_VISITOR) {
        c->staff_at = tr->facts.now_ms - number_in(root, "wait_ms", 0);
        c->visitor_at = c->staff_at - 1;
    }
    if (tr->event == RULE_SILENT_AGENT)
        c->visitor_at = tr->facts.now_ms - number_in(root, "wait_ms", 0);
    if (tr->event == RULE_RATED)
        c->rating = (int)number_in(root, "rating", 5);
}

static enum kf_rc trial_fill(struct trial *tr, const struct site *site, json_t *root, int64_t now_ms, struct kf_err *why)
{
    const struct site_channel *ch = NULL;
    const struct site_queue *q;
    struct kf_key key;
    int64_t at = number_in(root, "at", now_ms);

    *tr = (struct trial){ .site = site, .event = RULE_MESSAGE };
    if (!rule_event_parse(slice_of(text_in(root, "event", "message")), &tr->event))
        return kf_fail(why, KF_INVALID, "event: there is no such event");
    for (size_t i = 0; i < site->n_channels && !ch; i++)
        if (strcmp(site->channels[i].key.s, text_in(root, "channel", site->channels[0].key.s)) == 0)
            ch = &site->channels[i];
    if (!ch)
        return kf_fail(why, KF_INVALID, "channel: there is no such channel");
    key = ch->queue;
    if (json_object_get(root, "queue") && !key_parse(slice_of(text_in(root, "queue", "")), &key))
        return kf_fail(why, KF_INVALID, "queue: there is no such queue");
    q = site_queue(site, &key);
    if (!q)
        return kf_fail(why, KF_INVALID, "queue: there is no such queue");
    tr->conv = (struct conv){ .site = site->key,
                              .channel = ch->key,
                              .queue = key,
                              .state = truth_in(root, "served", false) ? CONV_SERVED : CONV_WAITING,
                              .seq = tr->event == RULE_OPENED ? 1 : 2,
                              .arrived_at = at - number_in(root, "wait_ms", 0),
                              .opened_at = at - number_in(root, "wait_ms", 0),
                              .staff_at = truth_in(root, "replied", false) ? at - 1 : 0,
                              .visitor_at = at };
    tr->message = (struct message){ .seq = tr->event == RULE_OPENED ? 1 : 2,
                                    .at = tr->conv.arrived_at,
                                    .from = { .role = ROLE_VISITOR },
                                    .text = slice_of(text_in(root, "text", "")) };
    tr->facts = (struct rule_facts){ .conv = &tr->conv,
                                     .message = &tr->message,
                                     .choice = text_in(root, "choice", NULL),
                                     .adapter = ch->adapter,
                                     .language = wording_language(text_in(root, "locale", ""), site->language),
                                     .staffed = truth_in(root, "staffed", true),
                                     .open_hours = truth_in(root, "open", hours_open(&q->hours, at)),
                                     .automatic = truth_in(root, "automatic", false) ? "marked" : NULL,
                                     .position = (int)number_in(root, "position", 0),
                                     .messages = (int)number_in(root, "messages", tr->event == RULE_OPENED ? 1 : 2),
                                     .answers = site->answers,
                                     .said = { tr->message.text },
                                     .n_said = 1,
                                     .first_contact = truth_in(root, "first_contact", true),
                                     .now_ms = at,
                                     .wall_ms = hours_wall(&q->hours, at) };
    take_profile(tr, root);
    take_event(tr, root);
    return KF_OK;
}

static const struct rule_firing *firing_of(const struct rule *r, const struct rule_firing *f, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (f[i].rule == r)
            return &f[i];
    return NULL;
}

/* In the words that the visitor would read; without those that only a real conversation can fill in. */
static json_t *words_of(const struct trial *tr, const struct rule *r)
{
    const struct site *s = tr->site;
    const struct wording *w = r->wording ? wording_find(s->wordings, s->n_wordings, r->wording, tr->facts.language, s->language) : NULL;
    const struct wording_value values[] = { { "site", s->name } };
    json_t *ret;
    struct buf b;

    if (!w)
        return json_null();
    buf_init(&b, 16384);
    wording_fill(w->text, values, 1, &b);
    ret = json_stringn(b.p ? b.p : "", b.n);
    buf_finish(&b);
    return ret;
}

static json_t *hits_json(const struct answer_hit *hits, size_t n)
{
    json_t *ret = json_array();

    for (size_t i = 0; i < n; i++)
        (void)json_array_append_new(ret, json_pack("{s:s,s:s,s:s,s:i}", "article", hits[i].article->key.s, "title", hits[i].text->title,
                                                   "language", hits[i].text->lang, "score", hits[i].score));
    return ret;
}

/* Whatever is near, with its score: also what no rule would offer. */
static json_t *articles_near(const struct trial *tr)
{
    struct answer_hit hits[TRIED_MAX];

    return hits_json(hits, answer_find(tr->site->answers, tr->facts.said[0], tr->facts.language, 1, hits, TRIED_MAX));
}

/* "fires", "held" and why, or which condition does not hold, or that it listens to something else. */
static json_t *verdict(const struct trial *tr, const struct rule *r, const struct rule_firing *f)
{
    json_t *ret = json_pack("{s:s,s:s}", "rule", r->key.s, "event", rule_event_name(r->event));
    const char *which = "";

    if (r->actions & RULE_ANSWER)
        (void)json_object_set_new(ret, "threshold", json_integer(r->threshold));
    if (r->actions & RULE_BOT)
        (void)json_object_set_new(ret, "bot", json_string(r->bot.s));
    if (f && f->verdict == RULE_FIRES) {
        (void)json_object_set_new(ret, "verdict", json_string("fires"));
        (void)json_object_set_new(ret, "text", words_of(tr, r));
        if (r->actions & RULE_ANSWER)
            (void)json_object_set_new(ret, "articles", hits_json(f->hits, f->n_hits));
    } else if (f) {
        (void)json_object_set_new(ret, "verdict", json_string("held"));
        (void)json_object_set_new(ret, "why", json_string(f->held ? f->held : ""));
    } else {
        (void)json_object_set_new(ret, "verdict", json_string("silent"));
        (void)json_object_set_new(ret, "why",
                                  json_string(r->off                                                            ? "off"
                                              : !rule_when_holds(&r->when, &tr->facts, &which)                  ? which
                                              : (r->queue.s[0] && !key_eq(&r->queue, &tr->conv.queue))          ? "queue"
                                              : (r->channel.s[0] && !key_eq(&r->channel, &tr->conv.channel))    ? "channel"
                                              : rule_outdone(tr->site->rules, tr->site->n_rules, r, &tr->facts) ? "unless"
                                              : r->actions & RULE_ANSWER                                        ? "articles"
                                                                                                                : "event"));
    }
    return ret;
}

/* The bot that has the first word with who comes new to the queue. */
static json_t *first_word(const struct trial *tr)
{
    const struct site_queue *q = site_queue(tr->site, &tr->conv.queue);
    const struct site_bot *bot = q && q->bot.s[0] ? site_bot(tr->site, &q->bot) : NULL;

    return bot && !bot->off ? json_string(bot->key.s) : json_null();
}

static void answer(struct turn *t, const struct site *site, json_t *root)
{
    struct rule_firing f[FIRINGS_MAX];
    struct kf_err why = { .rc = KF_OK };
    struct trial tr;
    json_t *rules, *near;
    size_t n;

    if (!site->n_channels) {
        turn_problem(t, 409, "the site has no channel yet");
        return;
    }
    if (trial_fill(&tr, site, root, turn_ports(t)->now_ms(turn_ports(t)->ctx), &why)) {
        turn_fail(t, why.rc, &why);
        return;
    }
    n = rule_match(site->rules, site->n_rules, &tr.facts, f, FIRINGS_MAX);
    rules = json_array();
    for (size_t i = 0; i < site->n_rules; i++)
        (void)json_array_append_new(rules, verdict(&tr, &site->rules[i], firing_of(&site->rules[i], f, n)));
    near = articles_near(&tr);
    turn_jansson(t, 200,
                 json_pack("{s:b,s:s,s:o,s:o,s:o}", "open", (int)tr.facts.open_hours, "language", tr.facts.language, "bot", first_word(&tr),
                           "rules", rules, "articles", near));
}

/* ---- with what is not saved yet ---- */

struct drafting {
    struct turn *turn;
    json_t *root;
    struct kf_key site;
};

static enum kf_rc take_draft(const struct drafting *d, const struct query *q, json_t *one, struct document_change *ret, struct kf_err *why)
{
    const char *kind = json_string_value(json_object_get(one, "kind")), *key = json_string_value(json_object_get(one, "key"));
    json_t *body = json_object_get(one, "body");
    const struct stored_document *old;

    if (!kind || kind_parse(slice_of(kind)) < 0 || !key_parse(slice_of(kind), &ret->kind))
        return kf_fail(why, KF_INVALID, "documents: there is no such kind of document");
    if (!key || !key_parse(slice_of(key), &ret->key))
        return kf_fail(why, KF_INVALID, "documents: a key is 1 to 32 of a-z, 0-9, _ and -");
    if (!json_is_object(body) || document_deleted(body))
        return kf_fail(why, KF_INVALID, "documents: a body must be an object");
    old = document_in(q, &ret->kind, &ret->key);
    ret->version = old ? old->version : 0;
    ret->body = document_finish(d->turn, ret, body, old);
    return ret->body ? KF_OK : kf_fail(why, KF_NOMEM, "out of memory");
}

static void have_documents(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct drafting *d = ctx;
    struct turn *t = d->turn;
    const struct site *site = desk_site(turn_desk(t), &d->site);
    json_t *list = json_object_get(d->root, "documents");
    struct document_change changes[DRAFTS_MAX];
    struct kf_err wrong = { .rc = KF_OK };
    struct site *built = NULL;
    size_t n = 0;

    if (rc || !site) {
        turn_fail(t, rc ? rc : KF_ABSENT, why);
    } else {
        while (!wrong.rc && n < json_array_size(list) && n < DRAFTS_MAX) {
            (void)take_draft(d, q, json_array_get(list, n), &changes[n], &wrong);
            n++;
        }
        if (wrong.rc || documents_build(t, site, q, changes, n, &built, &wrong))
            turn_fail(t, wrong.rc, &wrong);
        else
            answer(t, built, d->root);
    }
    site_unref(built);
    json_decref(d->root);
    free(d);
}

/* It costs what a save costs, and is for those who may save. */
static void with_drafts(struct turn *t, const struct site *site, json_t *root)
{
    const json_t *list = json_object_get(root, "documents");
    struct drafting *d = NULL;
    struct query *q = NULL;

    if (!json_is_array(list) || json_array_size(list) > DRAFTS_MAX)
        turn_problem(t, 400, "documents: a list of at most %d", DRAFTS_MAX);
    else if (!t->op && !permit(turn_member(t, &site->key), VERB_SETTINGS_WRITE, &site->key, NULL))
        turn_problem(t, 403, "only administrators of the site may do this");
    else if (!(d = calloc(1, sizeof(*d))) || !(q = query_new(QUERY_DOCUMENTS)))
        turn_problem(t, 500, "out of memory");
    if (!q) {
        free(d);
        json_decref(root);
        return;
    }
    *d = (struct drafting){ .turn = t, .root = root, .site = site->key };
    q->site = site->key;
    turn_ports(t)->read(turn_ports(t)->ctx, q, have_documents, d);
}

static void post_try(struct turn *t)
{
    const struct member *m;
    const struct site *site = turn_site(t, &m);
    json_t *root;

    if (!site)
        return;
    if (!t->op && !permit(m, VERB_SETTINGS_READ, &site->key, NULL)) {
        turn_problem(t, 403, "only administrators of the site may do this");
        return;
    }
    root = turn_body(t);
    if (root && json_object_get(root, "documents")) {
        with_drafts(t, site, root);
        return;
    }
    if (root)
        answer(t, site, root);
    json_decref(root);
}

const struct route_entry routes_try[] = { { "POST", "/api/v1/sites/*/try", GATE_EITHER_KEY, post_try }, { NULL, NULL, GATE_OPEN, NULL } };
