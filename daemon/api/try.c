/* try.c: which rule would answer this, and why not the others? Nothing is stored and nothing is said. What somebody is about to save can be
 * tried with it: it is checked as if it were saved. */
#include "api/documents.h"

#include "core/utf8.h"
#include "settings/kinds.h"

#include <inttypes.h>
#include <stdio.h>
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

#define TEXT_MAX   20000
#define NUMBER_MAX 100000

/* What a sample may say, in the words of the refusal of all else. */
static const struct {
    const char *name;
    enum { SAYS_TEXT, SAYS_NUMBER, SAYS_TRUTH, SAYS_OBJECT, SAYS_LIST } what;
    int64_t min, max;
} members[] = {
    { "event", SAYS_TEXT, 1, 32 },
    { "text", SAYS_TEXT, 0, TEXT_MAX },
    { "choice", SAYS_TEXT, 1, KF_KEY_MAX },
    { "channel", SAYS_TEXT, 1, KF_KEY_MAX },
    { "queue", SAYS_TEXT, 1, KF_KEY_MAX },
    { "locale", SAYS_TEXT, 0, 35 },
    { "at", SAYS_NUMBER, 0, INT64_MAX / 2 },
    { "wait_ms", SAYS_NUMBER, 0, 30 * 86400000LL },
    { "position", SAYS_NUMBER, 0, NUMBER_MAX },
    { "messages", SAYS_NUMBER, 0, NUMBER_MAX },
    { "rating", SAYS_NUMBER, 1, 5 },
    { "staffed", SAYS_TRUTH, 0, 0 },
    { "open", SAYS_TRUTH, 0, 0 },
    { "served", SAYS_TRUTH, 0, 0 },
    { "replied", SAYS_TRUTH, 0, 0 },
    { "first_contact", SAYS_TRUTH, 0, 0 },
    { "automatic", SAYS_TRUTH, 0, 0 },
    { "facts", SAYS_OBJECT, 0, 0 },
    { "form", SAYS_OBJECT, 0, 0 },
    { "documents", SAYS_LIST, 0, 0 },
};

#define N_MEMBERS (sizeof(members) / sizeof(members[0]))

static const char *unlike(size_t i, const json_t *value)
{
    switch (members[i].what) {
    case SAYS_TEXT:
        return json_is_string(value) ? NULL : "a text";
    case SAYS_NUMBER:
        return json_is_integer(value) ? NULL : "a whole number";
    case SAYS_TRUTH:
        return json_is_boolean(value) ? NULL : "true or false";
    case SAYS_LIST:
        return json_is_array(value) ? NULL : "a list";
    case SAYS_OBJECT:
    default:
        return json_is_object(value) ? NULL : "an object of texts";
    }
}

static enum kf_rc check_member(const struct keys_at *at, size_t i, json_t *value)
{
    const char *name = members[i].name, *fact, *should = unlike(i, value);
    int64_t n = json_is_string(value) ? (int64_t)json_string_length(value) : (int64_t)json_integer_value(value);
    json_t *one;

    if (should)
        return keys_fail(at, "%s must be %s", name, should);
    if ((members[i].what == SAYS_TEXT || members[i].what == SAYS_NUMBER) && (n < members[i].min || n > members[i].max))
        return keys_fail(at, "%s: allowed is %" PRId64 " to %" PRId64 "%s", name, members[i].min, members[i].max,
                         members[i].what == SAYS_TEXT ? " bytes" : "");
    json_object_foreach(value, fact, one)
    {
        if (!json_is_string(one))
            return keys_fail(at, "%s must be an object of texts", name);
    }
    return KF_OK;
}

static enum kf_rc check_sample(json_t *root, struct kf_err *why)
{
    const struct keys_at at = { .what = "sample", .why = why };
    enum kf_rc rc = KF_OK;
    const char *name;
    json_t *value;

    if (!json_is_object(root))
        return kf_fail(why, KF_INVALID, "the sample must be an object");
    json_object_foreach(root, name, value)
    {
        size_t i = 0;

        while (i < N_MEMBERS && strcmp(members[i].name, name) != 0)
            i++;
        if (i == N_MEMBERS)
            return keys_fail(&at,
                             "%.*s is not known here; allowed are event, text, choice, channel, queue, locale, at, wait_ms, position "
                             "and others: see the API",
                             (int)utf8_cut(slice_of(name), 32).n, name);
        rc = check_member(&at, i, value);
        if (rc)
            break;
    }
    return rc;
}

/* The situation that is tried, made of what was said about it. */
struct trial {
    const struct site *site;
    struct conv conv;
    struct message message;
    struct rule_facts facts;
    struct rule_fact profile[PROFILE_MAX];
    struct rule_fired fired[FIRINGS_MAX]; /* what must have happened before the event */
    enum rule_event event;
    struct buf said; /* by a message form that was filled in */
    bool form;
};

static bool is_word(enum rule_event event)
{
    return event == RULE_OPENED || event == RULE_MESSAGE || event == RULE_REOPENED;
}

/* What a visitor's word tells at once: that nobody is there, and that it is closed, too. Each other event is told alone. */
static bool is_told(enum rule_event tried, enum rule_event of)
{
    return of == tried || (is_word(tried) && (of == RULE_MESSAGE || of == RULE_NOBODY || of == RULE_OUTSIDE));
}

static void has_fired(struct trial *tr, const struct kf_key *rule, const char *cause, int64_t at)
{
    if (tr->facts.n_fired < FIRINGS_MAX)
        tr->fired[tr->facts.n_fired++] = (struct rule_fired){ .rule = *rule, .cause = cause, .at = at };
    tr->facts.fired = tr->fired;
}

/* The rule that the event follows: of a notice, or of what is due after it. Nobody has written since. */
static void take_past(struct trial *tr, int64_t at)
{
    for (size_t i = 0; i < tr->site->n_rules; i++) {
        const struct rule *r = &tr->site->rules[i];

        if (tr->event == RULE_CLOSING && !r->off && r->actions & RULE_CLOSE && r->notice_ms)
            has_fired(tr, &r->key, "tried", at);
        if (tr->event == RULE_DUE && r->event == RULE_DUE)
            has_fired(tr, &r->of, "tried", at);
        if (tr->event == RULE_BACK && r->event == RULE_AWAY)
            has_fired(tr, &r->key, "away:1", at);
    }
    if (tr->facts.n_fired) {
        tr->conv.visitor_at = at;
        tr->facts.message = NULL;
    }
}

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
    if (tr->event == RULE_AWAY || tr->event == RULE_BACK || tr->event == RULE_SILENT_AGENT || tr->event == RULE_SILENT_VISITOR ||
        tr->event == RULE_ASSIGNED || tr->event == RULE_CLOSING)
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
    take_past(tr, tr->facts.now_ms - number_in(root, "wait_ms", 0));
}

/* What the visitor has written; of a form that would be sent back, why. */
static enum kf_rc take_words(struct trial *tr, const json_t *root, struct slice *ret, struct kf_err *why)
{
    const struct keys_at at = { .what = "sample", .why = why };
    const json_t *form = json_object_get(root, "form");
    struct kf_err wrong = { .rc = KF_OK };
    char *text = form ? json_dumps(form, JSON_COMPACT) : NULL;

    *ret = slice_of(text_in(root, "text", ""));
    if (!form)
        return KF_OK;
    tr->form = true;
    if (!text)
        wrong.rc = kf_fail(why, KF_NOMEM, "out of memory");
    else if (!json_object_size(form))
        wrong.rc = keys_fail(&at, "form: says nothing");
    else if (desk_form_tried(slice_of(text), &tr->said, &wrong))
        wrong.rc = keys_fail(&at, "%s", wrong.text);
    free(text);
    *ret = buf_slice(&tr->said);
    return wrong.rc;
}

static enum kf_rc trial_fill(struct trial *tr, const struct site *site, json_t *root, int64_t now_ms, struct kf_err *why)
{
    const struct keys_at at_sample = { .what = "sample", .why = why };
    const struct site_channel *ch = NULL;
    const struct site_queue *q;
    struct slice words;
    struct kf_key key;
    int64_t at = number_in(root, "at", now_ms);

    *tr = (struct trial){ .site = site, .event = RULE_MESSAGE };
    buf_init(&tr->said, TEXT_MAX);
    if (check_sample(root, why) || take_words(tr, root, &words, why))
        return why->rc;
    if (!rule_event_parse(slice_of(text_in(root, "event", "message")), &tr->event))
        return keys_fail(&at_sample, "event: there is no such event");
    for (size_t i = 0; i < site->n_channels && !ch; i++)
        if (strcmp(site->channels[i].key.s, text_in(root, "channel", site->channels[0].key.s)) == 0)
            ch = &site->channels[i];
    if (!ch)
        return keys_fail(&at_sample, "channel: there is no such channel");
    key = ch->queue;
    if (json_object_get(root, "queue") && !key_parse(slice_of(text_in(root, "queue", "")), &key))
        return keys_fail(&at_sample, "queue: there is no such queue");
    q = site_queue(site, &key);
    if (!q)
        return keys_fail(&at_sample, "queue: there is no such queue");
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
                                    .kind = tr->form ? MESSAGE_CARD : MESSAGE_TEXT,
                                    .from = { .role = ROLE_VISITOR },
                                    .text = words };
    tr->facts = (struct rule_facts){ .conv = &tr->conv,
                                     .message = &tr->message,
                                     .choice = text_in(root, "choice", NULL),
                                     .adapter = ch->adapter,
                                     .language = wording_language(text_in(root, "locale", ""), site->language),
                                     .staffed = truth_in(root, "staffed", true),
                                     .open_hours = truth_in(root, "open", hours_open(&q->hours, at)),
                                     .automatic = truth_in(root, "automatic", false) ? "marked" : NULL,
                                     .position = (int)number_in(root, "position", 0),
                                     .messages = (int)number_in(root, "messages", 1),
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

/* In the words that the visitor would read; without the name of an agent, whom only a real conversation has. */
static json_t *words_of(const struct trial *tr, const char *wording)
{
    const struct site *s = tr->site;
    const struct wording *w = wording ? wording_find(s->wordings, s->n_wordings, wording, tr->facts.language, s->language) : NULL;
    const struct site_queue *q = site_queue(s, &tr->conv.queue);
    const char *reason = q ? hours_reason(&q->hours, tr->facts.now_ms) : NULL;
    char opening[24], position[24] = "";
    struct buf b;
    json_t *ret;

    if (!w)
        return json_null();
    desk_opening(q, tr->facts.now_ms, opening, sizeof(opening));
    if (tr->facts.position)
        (void)snprintf(position, sizeof(position), "%d", tr->facts.position);
    const struct wording_value values[] = { { "site", s->name },
                                            { "queue", q ? q->name : "" },
                                            { "opening", opening },
                                            { "reason", reason ? reason : "" },
                                            { "position", position } };

    buf_init(&b, 16384);
    wording_fill(w->text, values, sizeof(values) / sizeof(values[0]), &b);
    ret = json_stringn(b.p ? b.p : "", b.n);
    buf_finish(&b);
    return ret;
}

static bool has_form(const struct trial *tr)
{
    return tr->form && is_word(tr->event);
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
    bool needless = has_form(tr) && rule_form_answers(r);
    const char *which = "";

    if (r->actions & RULE_ANSWER)
        (void)json_object_set_new(ret, "threshold", json_integer(r->threshold));
    if (r->actions & RULE_BOT)
        (void)json_object_set_new(ret, "bot", json_string(r->bot.s));
    if (f && f->verdict == RULE_FIRES) {
        (void)json_object_set_new(ret, "verdict", json_string("fires"));
        if (needless)
            (void)json_object_set_new(ret, "why", json_string("form"));
        (void)json_object_set_new(ret, "text", needless ? json_null() : words_of(tr, r->wording));
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

/* What the house says to a message form without a rule: not where an agent or a bot has the word, nor to a machine, nor twice. */
static json_t *thanks(const struct trial *tr, const struct rule_firing *f, size_t n)
{
    json_t *bot = tr->event == RULE_OPENED ? first_word(tr) : json_null();
    bool alone = tr->conv.state == CONV_WAITING && json_is_null(bot);

    json_decref(bot);
    if (!has_form(tr) || !alone || tr->facts.automatic || rule_wording_said(f, n, "form_thanks"))
        return json_null();
    return words_of(tr, "form_thanks");
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
        buf_finish(&tr.said);
        turn_fail(t, why.rc, &why);
        return;
    }
    n = rule_match(site->rules, site->n_rules, &tr.facts, f, FIRINGS_MAX);
    for (size_t i = 0; i < n;)
        if (is_told(tr.event, f[i].rule->event) && f[i].verdict != RULE_CLOSES)
            i++;
        else
            f[i] = f[--n]; /* looked up by their rules: the order does not matter */
    rules = json_array();
    for (size_t i = 0; i < site->n_rules; i++)
        (void)json_array_append_new(rules, verdict(&tr, &site->rules[i], firing_of(&site->rules[i], f, n)));
    near = articles_near(&tr);
    turn_jansson(t, 200,
                 json_pack("{s:b,s:s,s:o,s:o,s:o,s:o}", "open", (int)tr.facts.open_hours, "language", tr.facts.language, "bot",
                           first_word(&tr), "rules", rules, "thanks", thanks(&tr, f, n), "articles", near));
    buf_finish(&tr.said);
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
