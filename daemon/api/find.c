#define _GNU_SOURCE
#include "api/find.h"

#include "core/segment.h"
#include "core/utf8.h"

#include <inttypes.h>

#define TAG_CHARS   64
#define SECONDS_MAX 100000000
#define SCORE_MAX   1000000

bool find_number(struct slice s, int64_t min, int64_t max, int64_t *ret)
{
    int64_t v = 0;

    if (!s.n)
        return true;
    if (s.n > 15)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
        v = 10 * v + (s.p[i] - '0');
    }
    *ret = v;
    return v >= min && v <= max;
}

/* ---- one reader for each kind of value; it is not empty -------------------------------------------------------------------------------- */

struct value {
    struct arena *a;
    struct slice text;
    struct search *s;
};

static bool read_terms(const struct value *v)
{
    v->s->terms = arena_copy(v->a, v->text);
    return utf8_valid(v->text) && utf8_length(v->text) <= FIND_TERMS_MAX && segment_wants(v->text);
}

static bool read_agent(const struct value *v)
{
    return id_parse(v->text, &v->s->agent);
}

static bool read_contact(const struct value *v)
{
    return id_parse(v->text, &v->s->contact);
}

static bool read_channel(const struct value *v)
{
    return key_parse(v->text, &v->s->channel);
}

static bool read_queue(const struct value *v)
{
    struct search *s = v->s;

    for (size_t at = 0, n; at <= v->text.n; at += n + 1) {
        for (n = 0; at + n < v->text.n && v->text.p[at + n] != ',';)
            n++;
        if (s->n_queues == sizeof(s->queues) / sizeof(s->queues[0]) ||
            !key_parse((struct slice){ v->text.p + at, n }, &s->queues[s->n_queues++]))
            return false;
    }
    return true;
}

static bool read_from(const struct value *v)
{
    return find_number(v->text, 0, INT64_MAX, &v->s->from);
}

static bool read_to(const struct value *v)
{
    return find_number(v->text, 0, INT64_MAX, &v->s->to);
}

static bool read_rating(const struct value *v)
{
    int64_t n = 0;
    bool ok = find_number(v->text, 1, 5, &n);

    v->s->rating = (int)n;
    return ok;
}

static bool read_tag(const struct value *v)
{
    v->s->tag = arena_copy(v->a, v->text);
    return utf8_valid(v->text) && utf8_length(v->text) <= TAG_CHARS;
}

static bool read_rule(const struct value *v)
{
    return key_parse(v->text, &v->s->rule);
}

static bool read_check(const struct value *v)
{
    return key_parse(v->text, &v->s->check);
}

static bool read_card(const struct value *v)
{
    return key_parse(v->text, &v->s->card);
}

static bool read_state(const struct value *v)
{
    v->s->closed = slice_is(v->text, "closed") ? 1 : slice_is(v->text, "open") ? -1 : 0;
    return v->s->closed != 0;
}

static bool read_form(const struct value *v)
{
    v->s->form = slice_is(v->text, "yes") ? 1 : slice_is(v->text, "no") ? -1 : 0;
    return v->s->form != 0;
}

static bool read_closed_by(const struct value *v)
{
    enum role role;

    if (!role_parse(v->text, &role))
        return false;
    v->s->closed_by = 1 + (int)role;
    return true;
}

static bool read_reviewed(const struct value *v)
{
    v->s->reviewed = slice_is(v->text, "yes") ? REVIEWED_YES : slice_is(v->text, "no") ? REVIEWED_NO : REVIEWED_ANY;
    return v->s->reviewed != REVIEWED_ANY;
}

/* "A..B", "A..", "..B", in units of `unit`. */
static bool read_range(const struct value *v, struct search_range *ret, int64_t max, int64_t unit)
{
    const char *dots = memmem(v->text.p, v->text.n, "..", 2);
    struct slice a, b;

    if (!dots || v->text.n == 2)
        return false;
    a = (struct slice){ v->text.p, (size_t)(dots - v->text.p) };
    b = (struct slice){ dots + 2, v->text.n - a.n - 2 };
    *ret = (struct search_range){ true, 0, max };
    if (!find_number(a, 0, max, &ret->min) || !find_number(b, 0, max, &ret->max) || ret->min > ret->max)
        return false;
    ret->min *= unit;
    ret->max = b.n ? ret->max * unit + unit - 1 : INT64_MAX; /* a second is all of it */
    return true;
}

static bool read_wait(const struct value *v)
{
    return read_range(v, &v->s->wait, SECONDS_MAX, 1000);
}

static bool read_response(const struct value *v)
{
    return read_range(v, &v->s->response, SECONDS_MAX, 1000);
}

static bool read_silence(const struct value *v)
{
    return read_range(v, &v->s->silence, SECONDS_MAX, 1000);
}

static bool read_lasted(const struct value *v)
{
    return read_range(v, &v->s->lasted, SECONDS_MAX, 1000);
}

static bool read_score(const struct value *v)
{
    return read_range(v, &v->s->score, SCORE_MAX, 1);
}

/* ---- the table ------------------------------------------------------------------------------------------------------------------------------- */

#define SECONDS "FROM..TO in seconds; one of them may be left out"

static const struct filter {
    const char *name;
    bool (*read)(const struct value *v);
    const char *words;
    bool wire; /* a kept search has `time` instead */
} filters[] = {
    { "q", read_terms, "valid UTF-8 of at most 200 characters, with a word that shall be there: -word alone leaves nothing to find",
      false },
    { "agent", read_agent, "the id of a person", false },
    { "contact", read_contact, "the id of a visitor", false },
    { "channel", read_channel, "a key of 1 to 32 of a-z 0-9 _ -", false },
    { "queue", read_queue, "keys, separated by commas, 32 at most", false },
    { "from", read_from, "milliseconds since 1970 UTC", true },
    { "to", read_to, "milliseconds since 1970 UTC", true },
    { "rating", read_rating, "1 to 5", false },
    { "tag", read_tag, "valid UTF-8 of at most 64 characters", false },
    { "rule", read_rule, "the key of a rule", false },
    { "check", read_check, "the key of a check", false },
    { "scorecard", read_card, "the key of a scorecard", false },
    { "state", read_state, "open or closed", false },
    { "closed_by", read_closed_by, "visitor, agent, bot or system", false },
    { "form", read_form, "yes or no", false },
    { "reviewed", read_reviewed, "yes or no", false },
    { "wait", read_wait, SECONDS, false },
    { "response", read_response, SECONDS, false },
    { "silence", read_silence, SECONDS, false },
    { "lasted", read_lasted, SECONDS, false },
    { "score", read_score, "FROM..TO in hundredths of a point; one of them may be left out", false },
};
#define N_FILTERS (sizeof(filters) / sizeof(filters[0]))

bool find_filters(struct turn *t, const struct member *m, struct query *q)
{
    struct search *s = &q->search;
    int64_t limit = 20;

    for (size_t i = 0; i < N_FILTERS; i++) {
        struct value v = { q->arena, turn_query(t, filters[i].name), s };

        if (v.text.n && !filters[i].read(&v)) {
            turn_problem(t, 400, "%s: %s", filters[i].name, filters[i].words);
            return false;
        }
    }
    s->cursor = arena_copy(q->arena, turn_query(t, "cursor"));
    if (!find_number(turn_query(t, "limit"), 1, 100, &limit)) {
        turn_problem(t, 400, "limit: 1 to 100");
        return false;
    }
    s->limit = (int)limit;
    if ((s->score.set || s->reviewed || *s->check.s || *s->card.s) && m && !permit(m, VERB_QUALITY, &q->site, NULL)) {
        turn_problem(t, 403, "to find by scores, scorecards and checks needs the role supervisor or reviewer");
        return false;
    }
    return true;
}

/* An agent's own are a short list, so that the store need not look at all the others. */
static bool narrow_agent(struct turn *t, const struct member *m, struct query *q)
{
    struct search *s = &q->search;

    if (permit(m, VERB_TRANSCRIPT, &q->site, NULL))
        return true;
    if (!(m->roles & MEMBER_AGENT)) {
        turn_problem(t, 403, "reading transcripts needs the role agent, supervisor or reviewer");
        return false;
    }
    if (!id_is_zero(&s->agent) && !id_eq(&s->agent, &m->person)) {
        turn_problem(t, 403, "an agent reads own conversations only");
        return false;
    }
    s->agent = m->person;
    return true;
}

/* Of all that he finds: he finds nothing outside of his queues. */
static bool may_reveal(const struct member *m, const struct kf_key *site)
{
    struct conv any = { .site = *site, .state = CONV_CLOSED };

    if (m && m->n_queues)
        any.queue = m->queues[0];
    return permit(m, VERB_REVEAL, site, &any);
}

bool find_narrow(struct turn *t, const struct member *m, struct query *q, bool exporting)
{
    enum verb verb = exporting ? VERB_EXPORT : VERB_TRANSCRIPT;
    struct member *reader;

    q->search.exporting = exporting;
    q->search.masked = !t->op && !may_reveal(m, &q->site);
    q->search.self = t->person;
    if (!m || (permit(m, verb, &q->site, NULL) && m->n_queues == 0))
        return true;
    if (exporting && !permit(m, verb, &q->site, NULL)) {
        turn_problem(t, 403, "exporting is a right of supervisors");
        return false;
    }
    if (!exporting && !narrow_agent(t, m, q))
        return false;
    reader = ARENA_NEW(q->arena, struct member);
    if (!reader) {
        turn_problem(t, 500, "out of memory");
        return false;
    }
    *reader = *m;
    reader->name = reader->number = reader->presence_reason = ""; /* those of `m` may go while the store reads */
    q->search.reader = reader;
    return true;
}

bool find_in_time(struct turn *t, const struct search *s)
{
    struct kf_err why = { .rc = KF_OK };

    if (!s->terms.n || t->op || desk_may_search(turn_desk(t), t->key ? &t->key->person : &t->person, &why))
        return true;
    turn_fail(t, KF_RATE, &why);
    return false;
}

/* ---- as it is kept ---------------------------------------------------------------------------------------------------------------------------- */

/* YYYY-MM-DD, or nothing. */
static bool is_date(struct slice s)
{
    static const char form[] = "dddd-dd-dd";

    if (s.n && s.n != sizeof(form) - 1)
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (form[i] == '-' ? s.p[i] != '-' : s.p[i] < '0' || s.p[i] > '9')
            return false;
    return true;
}

static bool is_time(struct slice s)
{
    static const char *const words[] = { "today", "yesterday", "7", "30" };
    const char *dots = memmem(s.p, s.n, "..", 2);

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (slice_is(s, words[i]))
            return true;
    return dots && s.n > 2 && is_date((struct slice){ s.p, (size_t)(dots - s.p) }) &&
           is_date((struct slice){ dots + 2, s.n - (size_t)(dots - s.p) - 2 });
}

bool find_document(struct arena *a, json_t *filter, struct kf_err *why)
{
    struct search s = { .limit = 0 };
    const char *name;
    json_t *value;

    json_object_foreach(filter, name, value)
    {
        struct value v = { a, { json_string_value(value), json_string_length(value) }, &s };
        const struct filter *f = NULL;

        for (size_t i = 0; i < N_FILTERS; i++)
            if (!filters[i].wire && strcmp(filters[i].name, name) == 0)
                f = &filters[i];
        if (!f && strcmp(name, "time") != 0)
            return (void)kf_fail(why, KF_INVALID, "filter: there is none of the name \"%.40s\"", name), false;
        if (!json_is_string(value) || !v.text.n)
            return (void)kf_fail(why, KF_INVALID, "filter.%s: a text that is not empty", name), false;
        if (f ? !f->read(&v) : !is_time(v.text))
            return (void)kf_fail(why, KF_INVALID, "filter.%s: %s", name, f ? f->words : "today, yesterday, 7, 30, or DATE..DATE"), false;
    }
    return true;
}

static void put_range(struct buf *b, const char *name, const struct search_range *r)
{
    if (!r->set)
        return;
    buf_printf(b, ",\"%s\":[%" PRId64 ",", name, r->min);
    if (r->max == INT64_MAX)
        buf_str(b, "null]");
    else
        buf_printf(b, "%" PRId64 "]", r->max);
}

static void put_text(struct buf *b, const char *name, struct slice text)
{
    if (!text.n)
        return;
    buf_printf(b, ",\"%s\":", name);
    buf_json(b, text);
}

void find_json(const struct search *s, struct buf *b)
{
    char id[KF_ID_TEXT];

    buf_printf(b, "{\"words\":%s", s->terms.n ? "true" : "false");
    if (!id_is_zero(&s->agent))
        put_text(b, "agent", slice_of(id_text(&s->agent, id)));
    if (!id_is_zero(&s->contact))
        put_text(b, "contact", slice_of(id_text(&s->contact, id)));
    put_text(b, "channel", slice_of(s->channel.s));
    for (size_t i = 0; i < s->n_queues; i++)
        buf_printf(b, "%s\"%s\"%s", i ? "," : ",\"queues\":[", s->queues[i].s, i + 1 == s->n_queues ? "]" : "");
    if (s->from)
        buf_printf(b, ",\"from\":%" PRId64, s->from);
    if (s->to)
        buf_printf(b, ",\"to\":%" PRId64, s->to);
    if (s->rating)
        buf_printf(b, ",\"rating\":%d", s->rating);
    put_text(b, "tag", s->tag);
    put_text(b, "rule", slice_of(s->rule.s));
    put_text(b, "check", slice_of(s->check.s));
    put_text(b, "scorecard", slice_of(s->card.s));
    if (s->closed)
        put_text(b, "state", s->closed > 0 ? SLICE("closed") : SLICE("open"));
    if (s->closed_by)
        put_text(b, "closed_by", slice_of(role_name((enum role)(s->closed_by - 1))));
    if (s->form)
        put_text(b, "form", s->form > 0 ? SLICE("yes") : SLICE("no"));
    if (s->reviewed)
        put_text(b, "reviewed", s->reviewed == REVIEWED_YES ? SLICE("yes") : SLICE("no"));
    put_range(b, "wait", &s->wait);
    put_range(b, "response", &s->response);
    put_range(b, "silence", &s->silence);
    put_range(b, "lasted", &s->lasted);
    put_range(b, "score", &s->score);
    buf_char(b, '}');
}
