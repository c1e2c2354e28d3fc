/* notices.c: what somebody is told of, to go and look at: comments that name him, requests to see what is masked that he may decide, what
 * became of his own, and for whoever may set up channels, those whose platform refuses their credentials. */
#include "api/reveals.h"
#include "api/reviews.h"
#include "core/hash.h"

#include <stdlib.h>
#include <string.h>

#define LISTED_MAX 100

/* {"id","kind","at","by","text","conversation","seen"}: what every notice has. */
static json_t *notice_json(const struct kf_id *id, const char *kind, int64_t at, const struct kf_id *by, const char *by_name,
                           const char *text, const struct kf_id *conv, bool seen)
{
    char ids[3][KF_ID_TEXT];

    return json_pack("{s:s,s:s,s:I,s:{s:s,s:s},s:s,s:s,s:b}", "id", id_text(id, ids[0]), "kind", kind, "at", (json_int_t)at, "by", "id",
                     id_text(by, ids[1]), "name", by_name, "text", text, "conversation", id_text(conv, ids[2]), "seen", (int)seen);
}

static json_t *mention_json(struct turn *t, const struct stored_mention *m)
{
    json_t *ret = notice_json(&m->comment, "mention", m->at, &m->by, m->by_name, m->text, &m->review.conv, m->seen_at != 0);
    char id[KF_ID_TEXT];

    (void)json_object_set_new(ret, "review", json_string(id_text(&m->review.id, id)));
    (void)json_object_set_new(ret, "agent", review_person(t, &m->review.site, &m->review.agent));
    if (m->seq)
        (void)json_object_set_new(ret, "seq", json_integer(m->seq));
    return ret;
}

static json_t *asked_json(const struct stored_reveal *r)
{
    return notice_json(&r->id, "reveal_asked", r->at, &r->person, r->name, r->reason, &r->conv, false);
}

static json_t *decided_json(const struct stored_reveal *r)
{
    bool granted = r->state == REVEAL_GRANTED;
    json_t *ret = notice_json(&r->id, granted ? "reveal_granted" : "reveal_refused", r->decided_at, &r->by, r->by_name, r->reason, &r->conv,
                              r->seen_at != 0);

    if (granted)
        (void)json_object_set_new(ret, "until", json_integer(r->until));
    return ret;
}

/* The same as long as it lasts, and another one when it happens again. */
static struct kf_id refused_id(const struct kf_key *site, const struct kf_key *channel, int64_t at)
{
    const char *const names[] = { site->s, "/", channel->s };
    uint64_t mix = HASH_BASIS;
    struct kf_id ret = { { 0 } };

    for (size_t i = 0; i < 3; i++)
        mix = hash_more(mix, names[i], strlen(names[i]));
    for (int i = 0; i < 6; i++)
        ret.b[i] = (uint8_t)((uint64_t)at >> (40 - 8 * i));
    for (int i = 0; i < 8; i++)
        ret.b[8 + i] = (uint8_t)(mix >> (8 * i));
    ret.b[6] = 0x70; /* as all ids: the time in front */
    ret.b[8] = (uint8_t)(0x80 | (ret.b[8] & 0x3f));
    return ret;
}

/* By the channel, as it were: it is there until the platform takes its credentials again, and nobody can make it unseen. */
static json_t *refused_json(const struct site *site, const struct stored_count *n)
{
    const struct site_channel *sc = site_channel(site, &n->key);
    struct kf_id id = refused_id(&site->key, &n->key, n->n), nobody = { { 0 } };
    char ids[2][KF_ID_TEXT];

    if (!sc || sc->off || !n->words)
        return NULL;
    return json_pack("{s:s,s:s,s:I,s:{s:s,s:s},s:s,s:s,s:b}", "id", id_text(&id, ids[0]), "kind", "channel_refused", "at", (json_int_t)n->n,
                     "by", "id", id_text(&nobody, ids[1]), "name", sc->name ? sc->name : sc->key.s, "text", n->words, "channel", sc->key.s,
                     "seen", 0);
}

static int64_t at_of(const json_t *notice)
{
    return json_integer_value(json_object_get(notice, "at"));
}

static int newest_first(const void *a, const void *b)
{
    int64_t x = at_of(*(json_t *const *)a), y = at_of(*(json_t *const *)b);

    return x < y ? 1 : x > y ? -1 : 0;
}

/* What one may not read any more is no news; nor what somebody else has to decide. Nobody is named in an exercise before it is over, so it is
 * blind no more. */
static size_t collect(struct turn *t, const struct member *who, const struct query *q, json_t **ret)
{
    size_t n = 0;

    for (size_t i = 0; i < q->n_mentions; i++)
        if (permit_review(who, REVIEW_READ, &q->mentions[i].review, false))
            ret[n++] = mention_json(t, &q->mentions[i]);
    for (size_t i = 0; i < q->n_reveals; i++) {
        const struct stored_reveal *r = &q->reveals[i];

        if (r->state != REVEAL_ASKED)
            ret[n++] = decided_json(r);
        else if (reveal_grants(who, &r->site, &r->queue, &r->person))
            ret[n++] = asked_json(r);
    }
    return n;
}

struct noticing {
    struct turn *turn;
    struct stored_count *refused; /* channels */
    size_t n_refused;
};

static void have_notices(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct noticing *g = ctx;
    struct turn *t = g->turn;
    json_t **all = rc ? NULL : arena_array(t->arena, q->n_mentions + q->n_reveals + g->n_refused + 1, sizeof(json_t *)), *items;
    const struct member *m;
    struct site *site = all ? turn_site(t, &m) : NULL; /* it may have been changed meanwhile */
    size_t n, unseen = 0;

    if (!all)
        turn_fail(t, rc ? rc : KF_NOMEM, why);
    if (!site)
        return;
    n = collect(t, m, q, all);
    for (size_t i = 0; i < g->n_refused; i++)
        if ((all[n] = refused_json(site, &g->refused[i])))
            n++;
    qsort(all, n, sizeof(json_t *), newest_first);
    items = json_array();
    for (size_t i = 0; i < n; i++) {
        unseen += json_is_false(json_object_get(all[i], "seen"));
        (void)json_array_append_new(items, all[i]);
    }
    turn_jansson(t, 200, json_pack("{s:o,s:I}", "items", items, "unseen", (json_int_t)unseen));
}

static void ask_notices(struct noticing *g, struct site *site)
{
    struct turn *t = g->turn;
    struct query *q = turn_asks(t, site, QUERY_NOTICES);

    if (!q)
        return;
    q->id = t->person;
    q->limit = LISTED_MAX;
    q->now = turn_ports(t)->now_ms(turn_ports(t)->ctx);
    turn_ports(t)->read(turn_ports(t)->ctx, q, have_notices, g);
}

static void have_refused(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct noticing *g = ctx;
    struct turn *t = g->turn;
    const struct member *m;
    struct site *site;

    g->refused = rc ? NULL : arena_array(t->arena, q->n_counts + 1, sizeof(*g->refused));
    if (!g->refused) {
        turn_fail(t, rc ? rc : KF_NOMEM, why);
        return;
    }
    for (size_t i = 0; i < q->n_counts; i++) {
        if (!q->counts[i].words) /* gone: the platform has said so to whoever took it down */
            continue;
        g->refused[g->n_refused] = q->counts[i];
        g->refused[g->n_refused++].words = arena_text(t->arena, slice_of(q->counts[i].words));
    }
    site = turn_site(t, &m);
    if (site)
        ask_notices(g, site);
}

static void get_notices(struct turn *t)
{
    struct noticing *g = ARENA_NEW(t->arena, struct noticing);
    const struct member *m;
    struct site *site = turn_site(t, &m);
    struct query *q;

    if (!site)
        return;
    if (!g) {
        turn_problem(t, 500, "out of memory");
        return;
    }
    g->turn = t;
    if (!permit(m, VERB_SETTINGS_WRITE, &site->key, NULL)) {
        ask_notices(g, site);
        return;
    }
    q = turn_asks(t, site, QUERY_CHANNELS_GONE);
    if (q)
        turn_ports(t)->read(turn_ports(t)->ctx, q, have_refused, g);
}

static void seen(void *ctx, enum kf_rc rc, const struct news *news, const struct kf_err *why)
{
    (void)news;
    if (rc)
        turn_fail(ctx, rc, why);
    else
        turn_empty(ctx, 204);
}

static void post_seen(struct turn *t)
{
    const struct member *m;
    struct site *site = turn_site(t, &m);
    struct change *c;
    struct kf_id id;

    if (!site)
        return;
    if (!id_parse(t->segment[0], &id)) {
        turn_problem(t, 404, "there is no such notice");
        return;
    }
    c = change_new(&site->key, turn_ports(t)->now_ms(turn_ports(t)->ctx));
    if (!c) {
        turn_problem(t, 500, "out of memory");
        return;
    }
    c->by = turn_actor(t, c);
    change_act(c, ACT_SEEN)->u.seen = id;
    turn_ports(t)->commit(turn_ports(t)->ctx, c, seen, t);
}

const struct route_entry routes_notices[] = { { "GET", "/api/v1/notices", GATE_STAFF, get_notices },
                                              { "POST", "/api/v1/notices/*/seen", GATE_STAFF, post_seen },
                                              { NULL, NULL, GATE_OPEN, NULL } };
