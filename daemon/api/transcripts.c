/* transcripts.c: finding and reading conversations afterwards. Each opening by somebody who did not take part is written down. Personal data is
 * masked for everybody but who has served the conversation; to see it is a right of its own, or granted on request, and written down, too. */
#include "api/api.h"
#include "api/find.h"
#include "api/forms.h"
#include "api/masking.h"
#include "api/reveals.h"
#include "core/utf8.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ANSWER_MAX (16u << 20)
#define LAST_CP    160  /* of the last line of a row: it is one line of a table */
#define LAST_EXTRA 1024 /* bytes of what goes with it; of a form that is longer its texts are cut, too */

/* ---- finding ---- */

static bool is_own(const struct conv *c, const struct kf_id *person)
{
    return id_eq(&c->owner, person) || id_eq(&c->last_agent, person);
}

/* Marks count characters, and masking keeps their number. */
static void hits_json(struct buf *b, const struct query *q, const struct kf_id *conv, bool masked)
{
    size_t n = 0;

    buf_str(b, ",\"hits\":[");
    for (size_t i = 0; i < q->n_hits; i++) {
        const struct search_hit *h = &q->hits[i];
        struct message m = { .text = h->text, .extra = h->card };

        if (!id_eq(&h->conv, conv))
            continue;
        buf_printf(b, "%s{\"seq\":%lld,\"text\":", n++ ? "," : "", (long long)h->seq);
        if (masked && !masking_message(q->arena, &m))
            b->failed = true;
        buf_json(b, m.text);
        form_json(b, m.extra);
        buf_str(b, ",\"marks\":[");
        for (size_t k = 0; k < h->n_marks; k++)
            buf_printf(b, "%s[%d,%d]", k ? "," : "", h->marks[k][0], h->marks[k][1]);
        buf_str(b, "]}");
    }
    buf_char(b, ']');
}

/* As it is shown in a row; NULL: there is none, or no memory. */
static const struct message *last_of(const struct query *q, size_t i, bool masked, struct buf *b)
{
    struct message *m = i < q->n_messages && q->messages[i].seq ? &q->messages[i] : NULL;

    if (!m)
        return NULL;
    if (masked && !masking_message(q->arena, m)) {
        b->failed = true;
        return NULL;
    }
    m->text = utf8_cut(m->text, LAST_CP);
    if (m->extra && strlen(m->extra) > LAST_EXTRA && !form_shorten(q->arena, &m->extra, LAST_CP))
        b->failed = true;
    if (m->extra && strlen(m->extra) > LAST_EXTRA)
        m->extra = NULL;
    return m;
}

static void conv_json(struct turn *t, struct buf *b, const struct conv *c, const struct message *last)
{
    struct conv_view_json v = { .conv = c, .last = last, .wait_s = -1 };
    const struct kf_id *who = id_is_zero(&c->owner) ? &c->last_agent : &c->owner;

    if (!id_is_zero(who))
        v.agent = desk_member(turn_desk(t), &c->site, who);
    frame_conversation(b, FRAME_STAFF, &v);
}

/* A page of hits: what it says is shown once it is written down whose words they were. */
struct showing {
    struct turn *turn;
    struct buf out;
};

static void shown(void *ctx, enum kf_rc rc, const struct news *news, const struct kf_err *why)
{
    struct showing *s = ctx;

    (void)news;
    if (rc)
        turn_fail(s->turn, rc, why);
    else
        turn_json(s->turn, 200, &s->out);
    buf_finish(&s->out);
    free(s);
}

/* The conversations on the page of which words are shown, but for one's own; how many. What was looked for is not written down: it may be
 * somebody's name. */
static size_t foreign_json(const struct query *q, const struct kf_id *person, struct buf *b)
{
    char id[KF_ID_TEXT];
    size_t n = 0;

    buf_str(b, "{\"conversations\":[");
    for (size_t i = 0; i < q->n_convs; i++) {
        size_t h = 0;

        while (h < q->n_hits && !id_eq(&q->hits[h].conv, &q->convs[i].id))
            h++;
        if ((h < q->n_hits || (i < q->n_messages && q->messages[i].text.n)) && !is_own(&q->convs[i], person))
            buf_printf(b, "%s\"%s\"", n++ ? "," : "", id_text(&q->convs[i].id, id));
    }
    buf_str(b, "]}");
    return n;
}

static void note_search(struct turn *t, struct query *q, struct buf *out, const struct buf *foreign)
{
    const struct ports *p = turn_ports(t);
    struct showing *s = calloc(1, sizeof(*s));
    struct change *c = s ? change_new(&q->site, p->now_ms(p->ctx)) : NULL;

    if (!c) {
        free(s);
        buf_finish(out);
        turn_problem(t, 500, "out of memory");
        return;
    }
    *s = (struct showing){ t, *out };
    c->by = turn_actor(t, c);
    change_act(c, ACT_AUDIT)->u.entry =
        (struct entry){ .at = c->at, .kind = "transcripts_searched", .by = c->by, .data = change_text(c, buf_slice(foreign)) };
    p->commit(p->ctx, c, shown, s);
}

static void found(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct turn *t = ctx;
    struct buf b, foreign;

    if (rc) {
        turn_fail(t, rc, why);
        return;
    }
    buf_init(&b, ANSWER_MAX);
    buf_str(&b, "{\"items\":[");
    for (size_t i = 0; i < q->n_convs; i++) {
        bool masked = !t->op && !is_own(&q->convs[i], &t->person);

        buf_str(&b, i ? ",{\"conversation\":" : "{\"conversation\":");
        conv_json(t, &b, &q->convs[i], last_of(q, i, masked, &b));
        hits_json(&b, q, &q->convs[i].id, masked);
        buf_char(&b, '}');
    }
    buf_printf(&b, "],\"count\":%lld,\"count_capped\":%s,\"cursor\":", (long long)q->number, q->capped ? "true" : "false");
    if (q->text_out && *q->text_out)
        buf_json(&b, slice_of(q->text_out));
    else
        buf_str(&b, "null");
    buf_char(&b, '}');
    buf_init(&foreign, 65536);
    if (foreign_json(q, &t->person, &foreign))
        note_search(t, q, &b, &foreign);
    else {
        turn_json(t, 200, &b);
        buf_finish(&b);
    }
    buf_finish(&foreign);
}

static void get_transcripts(struct turn *t)
{
    const struct member *m;
    struct site *site = turn_site(t, &m);
    struct query *q = turn_asks(t, site, QUERY_TRANSCRIPTS);

    if (!q)
        return;
    if (!find_filters(t, m, q) || !find_narrow(t, m, q, false) || !find_in_time(t, &q->search)) {
        arena_free(q->arena);
        return;
    }
    q->with_last = true;
    turn_ports(t)->read(turn_ports(t)->ctx, q, found, t);
}

/* ---- reading one ---- */

/* The reads of a transcript, one after the other; what each has brought is written down at once. */
struct reading {
    struct turn *turn;
    const struct member *member;
    struct kf_id id;
    struct kf_key site;
    struct buf out;
    int64_t after;
    size_t written;
    bool timeline;
    bool reviews; /* somebody looks at it: programs and the operator make copies for visitors */
    bool masked, may_reveal, may_ask;
    const struct stored_reveal *asked; /* what the reader has asked for last, where it matters; the turn's; NULL: nothing */
    struct kf_id only;                 /* of a group: of its visitors this one alone; zero: all */
};

static void asked_json(struct buf *b, const struct stored_reveal *v)
{
    static const char *const states[] = { "asked", "granted", "refused" };
    char id[KF_ID_TEXT];

    buf_printf(b, ",\"reveal\":{\"id\":\"%s\",\"state\":\"%s\",\"at\":%lld", id_text(&v->id, id), states[v->state], (long long)v->at);
    if (v->until)
        buf_printf(b, ",\"until\":%lld", (long long)v->until);
    if (v->decided_at) {
        buf_printf(b, ",\"by\":{\"id\":\"%s\",\"name\":", id_text(&v->by, id));
        buf_json(b, slice_of(v->by_name));
        buf_char(b, '}');
    }
    buf_char(b, '}');
}

static void reading_end(struct reading *r, enum kf_rc rc, const struct kf_err *why)
{
    if (rc)
        turn_fail(r->turn, rc, why);
    else {
        buf_printf(&r->out, ",\"masked\":%s,\"may_reveal\":%s,\"may_ask\":%s", r->masked ? "true" : "false",
                   r->may_reveal ? "true" : "false", r->may_ask ? "true" : "false");
        if (r->asked)
            asked_json(&r->out, r->asked);
        buf_char(&r->out, '}');
        turn_json(r->turn, 200, &r->out);
    }
    buf_finish(&r->out);
    free(r);
}

/* Words that were taken out are not words that somebody took back: who reads it is told which rule it was, and when. */
static void have_gone(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct reading *r = ctx;

    if (!rc && q->number)
        buf_printf(&r->out, ",\"gone\":{\"at\":%lld,\"by\":\"%s\"}", (long long)q->number, q->more ? "erasure" : "retention");
    reading_end(r, rc, why);
}

static void read_gone(struct reading *r)
{
    struct query *q = query_new(QUERY_GONE);

    if (!q) {
        reading_end(r, KF_NOMEM, NULL);
        return;
    }
    q->id = r->id;
    turn_ports(r->turn)->read(turn_ports(r->turn)->ctx, q, have_gone, r);
}

static void have_tags(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct reading *r = ctx;

    if (rc) {
        reading_end(r, rc, why);
        return;
    }
    buf_str(&r->out, ",\"tags\":");
    buf_str(&r->out, q->text_out);
    read_gone(r);
}

static void have_timeline(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct reading *r = ctx;
    struct query *next = rc ? NULL : query_new(QUERY_TAGS);

    for (size_t i = 0; !rc && r->masked && i < q->n_entries; i++)
        if (!masking_entry(q->arena, &q->entries[i]))
            rc = KF_NOMEM;
    if (!rc) {
        buf_str(&r->out, ",\"timeline\":[");
        for (size_t i = 0; i < q->n_entries; i++) {
            if (i)
                buf_char(&r->out, ',');
            frame_entry(&r->out, &q->entries[i]);
        }
        buf_char(&r->out, ']');
    }
    if (!next) {
        reading_end(r, rc ? rc : KF_NOMEM, why);
        return;
    }
    next->id = r->id;
    turn_ports(r->turn)->read(turn_ports(r->turn)->ctx, next, have_tags, r);
}

static void read_messages(struct reading *r);

static bool is_others(const struct reading *r, const struct message *m)
{
    return !id_is_zero(&r->only) && m->from.role == ROLE_VISITOR && !id_eq(&m->from.id, &r->only);
}

static void have_messages(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct reading *r = ctx;
    struct query *next;

    if (rc) {
        reading_end(r, rc, why);
        return;
    }
    for (size_t i = 0; i < q->n_messages; i++)
        if ((r->masked && !masking_message(q->arena, &q->messages[i])) ||
            (!id_is_zero(&r->only) && !masking_quoted(q->arena, &q->messages[i]))) {
            reading_end(r, KF_NOMEM, NULL);
            return;
        }
    desk_file_urls(turn_desk(r->turn), &r->site, q->arena, q->messages, q->n_messages);
    for (size_t i = 0; i < q->n_messages; i++) {
        r->after = q->messages[i].seq;
        if (is_others(r, &q->messages[i]))
            continue;
        if (r->written++)
            buf_char(&r->out, ',');
        if (r->reviews)
            frame_message_reviewed(&r->out, &q->messages[i]);
        else
            frame_message_members(&r->out, &q->messages[i], false);
    }
    if (q->more && buf_ok(&r->out)) {
        read_messages(r);
        return;
    }
    buf_char(&r->out, ']');
    if (!r->timeline) {
        read_gone(r);
        return;
    }
    next = query_new(QUERY_TIMELINE);
    if (!next) {
        reading_end(r, KF_NOMEM, NULL);
        return;
    }
    next->id = r->id;
    turn_ports(r->turn)->read(turn_ports(r->turn)->ctx, next, have_timeline, r);
}

static void read_messages(struct reading *r)
{
    struct query *q = query_new(QUERY_MESSAGES);

    if (!q) {
        reading_end(r, KF_NOMEM, NULL);
        return;
    }
    q->id = r->id;
    q->after = r->after;
    q->limit = 500;
    turn_ports(r->turn)->read(turn_ports(r->turn)->ctx, q, have_messages, r);
}

static void noted(void *ctx, enum kf_rc rc, const struct news *news, const struct kf_err *why)
{
    struct reading *r = ctx;

    (void)news;
    if (rc)
        reading_end(r, rc, why);
    else
        read_messages(r);
}

/* Who reads what is not one's own leaves a line in the audit log, in a commit before the first word is shown. */
static void note_reading(struct reading *r, const struct conv *c)
{
    const struct ports *p = turn_ports(r->turn);
    struct change *ch = change_new(&r->site, p->now_ms(p->ctx));
    char id[KF_ID_TEXT], request[KF_ID_TEXT];
    struct act *act;

    if (!ch) {
        reading_end(r, KF_NOMEM, NULL);
        return;
    }
    ch->by = turn_actor(r->turn, ch);
    act = change_act(ch, ACT_AUDIT);
    act->u.entry = (struct entry){ .at = ch->at,
                                   .kind = r->masked ? "transcript_read" : "transcript_revealed",
                                   .by = ch->by,
                                   .data = change_printf(ch, "{\"conversation\":\"%s\"}", id_text(&c->id, id)) };
    if (!r->masked && r->asked) /* by whose leave: the request tells */
        act->u.entry.data =
            change_printf(ch, "{\"conversation\":\"%s\",\"request\":\"%s\"}", id_text(&c->id, id), id_text(&r->asked->id, request));
    p->commit(p->ctx, ch, noted, r);
}

/* What is known of whoever asks before the conversation is read. */
struct asking {
    const struct stored_reveal *asked; /* NULL: nothing */
    bool told;                         /* there is a review of it that is about him */
};

static void ask_told(struct turn *t, const struct kf_id *id);

static void have_conv(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct turn *t = ctx;
    const struct conv *c = rc ? NULL : &q->convs[0];
    const struct member *m = c ? turn_member(t, &c->site) : NULL;
    bool own = c && m && is_own(c, &t->person), reveal = slice_is(turn_query(t, "reveal"), "1"), right, granted;
    const struct asking *asking = t->state;
    const struct stored_reveal *asked = asking ? asking->asked : NULL;
    struct reading *r;
    struct conv shown;

    if (rc && rc != KF_ABSENT) {
        turn_fail(t, rc, why);
        return;
    }
    if (!c || (!t->op && !permit(m, VERB_TRANSCRIPT, &c->site, c) && !(asking && asking->told))) {
        if (asking && m && !m->disabled && (m->roles & MEMBER_AGENT))
            ask_told(t, &c->id);
        else
            turn_problem(t, 404, "no such conversation");
        return;
    }
    right = own || t->op || permit(m, VERB_REVEAL, &c->site, c);
    granted = !right && reveal_holds(asked, turn_ports(t)->now_ms(turn_ports(t)->ctx));
    if (reveal && !right && !granted) {
        turn_problem(t, 403, "personal data is shown to supervisors, and for a day to whom they grant it");
        return;
    }
    r = calloc(1, sizeof(*r));
    if (!r) {
        turn_problem(t, 500, "out of memory");
        return;
    }
    r->turn = t;
    r->member = m;
    r->masked = !own && !t->op && !reveal;
    r->may_reveal = r->masked && (right || granted);
    r->asked = right ? NULL : asked;
    r->may_ask = r->masked && !r->may_reveal && !t->key && (!asked || asked->state != REVEAL_ASKED);
    r->id = c->id;
    r->site = c->site;
    (void)id_parse(turn_query(t, "contact"), &r->only); /* get_transcript() has looked at it */
    r->timeline = id_is_zero(&r->only) && (t->op || permit(m, VERB_TIMELINE, &c->site, c));
    r->reviews = r->timeline && !t->op && !t->key;
    buf_init(&r->out, ANSWER_MAX);
    shown = *c;
    if (!id_is_zero(&r->only) && !id_eq(&r->only, &c->contact)) {
        shown.contact = r->only;
        shown.visitor_name = NULL; /* these are of whoever has begun it */
        shown.locale = "";
        shown.rating = 0;
    }
    buf_str(&r->out, "{\"conversation\":");
    conv_json(t, &r->out, &shown, NULL);
    buf_str(&r->out, ",\"messages\":[");
    if (own)
        read_messages(r);
    else
        note_reading(r, c);
}

static void read_conv(struct turn *t, const struct kf_id *id)
{
    struct query *q = query_new(QUERY_CONV);

    if (!q) {
        turn_problem(t, 500, "out of memory");
        return;
    }
    q->id = *id;
    turn_ports(t)->read(turn_ports(t)->ctx, q, have_conv, t);
}

/* Who has handed it on and was reviewed for it reads the lines that the review is about, masked as for everybody. */
static void have_told(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct turn *t = ctx;
    struct asking *asking = t->state;

    for (size_t i = 0; !rc && i < q->quality.n_reviews; i++)
        asking->told |= review_is_told(&q->quality.reviews[i]) && id_eq(&q->quality.reviews[i].agent, &t->person);
    if (rc)
        turn_fail(t, rc, why);
    else if (asking->told)
        read_conv(t, &q->id);
    else
        turn_problem(t, 404, "no such conversation");
}

static void ask_told(struct turn *t, const struct kf_id *id)
{
    struct query *q = query_new(QUERY_REVIEWS);

    if (!q) {
        turn_problem(t, 500, "out of memory");
        return;
    }
    q->by = REVIEWS_BY_CONV;
    q->id = *id;
    turn_ports(t)->read(turn_ports(t)->ctx, q, have_told, t);
}

static void have_asked(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct turn *t = ctx;
    int64_t lapsed = turn_ports(t)->now_ms(turn_ports(t)->ctx) - REVEAL_LAPSES_MS;
    bool any = !rc && q->n_reveals && (q->reveals[0].state != REVEAL_ASKED || q->reveals[0].at > lapsed);
    struct stored_reveal *asked = any ? ARENA_NEW(t->arena, struct stored_reveal) : NULL;
    struct asking *asking = ARENA_NEW(t->arena, struct asking);

    if (rc || !asking) {
        turn_fail(t, rc ? rc : KF_NOMEM, why);
        return;
    }
    if (asked) {
        *asked = q->reveals[0];
        asked->by_name = arena_text(t->arena, slice_of(asked->by_name));
        asked->name = asked->reason = NULL;
    }
    asking->asked = asked && asked->by_name ? asked : NULL;
    t->state = asking;
    read_conv(t, &q->conv);
}

/* What the reader has asked for in this conversation, before it is read. */
static void read_asked(struct turn *t, const struct kf_id *id)
{
    struct query *q = query_new(QUERY_REVEAL);

    if (!q) {
        turn_problem(t, 500, "out of memory");
        return;
    }
    q->conv = *id;
    q->id = t->person;
    turn_ports(t)->read(turn_ports(t)->ctx, q, have_asked, t);
}

static void get_transcript(struct turn *t)
{
    struct kf_id id, only;
    bool reveal;

    if (!id_parse(t->segment[0], &id)) {
        turn_problem(t, 404, "no such conversation");
        return;
    }
    if (!turn_query_flag(t, "reveal", &reveal))
        return;
    if (turn_query(t, "contact").n && !id_parse(turn_query(t, "contact"), &only)) {
        turn_problem(t, 400, "contact: the id of a visitor");
        return;
    }
    if (t->op || t->key)
        read_conv(t, &id);
    else
        read_asked(t, &id);
}

const struct route_entry routes_transcripts[] = { { "GET", "/api/v1/transcripts", GATE_EITHER_KEY, get_transcripts },
                                                  { "GET", "/api/v1/transcripts/*", GATE_EITHER_KEY, get_transcript },
                                                  { NULL, NULL, GATE_OPEN, NULL } };
