/* The typed calls: arguments of the scripts from our types, and their answers back. */
#include "live/inside.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* ---- calls that answer yes or no ----------------------------------------------------------------------------------- */

static void finish_done(struct call *c, enum kf_rc rc, const redisReply *reply, const struct kf_err *why)
{
    (void)reply;
    if (c->done)
        c->done(c->ctx, rc, why);
}

/* Without memory for the call there is none for an answer from the loop either: the one answer that comes at once. */
static struct call *begin(struct live *l, enum script script, const struct kf_key *site, int n_args, live_done *done, void *ctx)
{
    struct call *c = live_call_new(l, script, site, n_args);
    struct kf_err why = { 0 };

    if (c) {
        c->finish = finish_done;
        c->done = done;
        c->ctx = ctx;
    } else if (done) {
        done(ctx, kf_fail(&why, KF_NOMEM, "a call to Redis"), &why);
    }
    return c;
}

void live_reset(struct live *l, const struct kf_key *site, int64_t lease_epoch, live_done *done, void *ctx)
{
    struct call *c = begin(l, SCRIPT_RESET, site, 1, done, ctx);

    if (!c)
        return;
    live_call_i64(c, lease_epoch);
    live_call_send(c);
}

void live_ready(struct live *l, const struct kf_key *site, int64_t lease_epoch, live_done *done, void *ctx)
{
    struct call *c = begin(l, SCRIPT_READY, site, 1, done, ctx);

    if (!c)
        return;
    live_call_i64(c, lease_epoch);
    live_call_send(c);
}

#ifdef KEFUD_FAULT
struct second_half {
    struct live *live;
    struct kf_key site;
    struct kf_id conv, agent;
    int64_t hold_ms;
    live_done *done;
    void *ctx;
};

static void second_go(void *arg)
{
    struct second_half *h = arg;
    struct call *c = begin(h->live, SCRIPT_MUTANT_TAKE, &h->site, 3, h->done, h->ctx);

    if (c) {
        live_call_id(c, &h->conv);
        live_call_id(c, &h->agent);
        live_call_i64(c, h->hold_ms);
        live_call_send(c);
    }
    free(h);
}

static void mutant_take(struct call *check, enum kf_rc rc, const redisReply *reply, const struct kf_err *why)
{
    struct live *l = check->live;
    struct second_half *h = rc ? NULL : malloc(sizeof(*h));

    (void)reply;
    if (!h) {
        finish_done(check, rc ? rc : KF_NOMEM, NULL, why);
        return;
    }
    *h = (struct second_half){ l, check->site, check->conv, check->agent, check->hold_ms, check->done, check->ctx };
    if (l->between)
        l->between(l->between_ctx, second_go, h);
    else
        second_go(h);
}
#endif

void live_reserve(struct live *l, const struct kf_key *site, int64_t lease_epoch, const struct kf_id *conv, int64_t epoch,
                  const struct kf_id *agent, int64_t hold_ms, live_done *done, void *ctx)
{
    enum script script = SCRIPT_RESERVE;
    struct call *c;

#ifdef KEFUD_FAULT
    if (l->nonatomic_reserve)
        script = SCRIPT_MUTANT_CHECK;
#endif
    c = begin(l, script, site, 6, done, ctx);
    if (!c)
        return;
#ifdef KEFUD_FAULT
    if (l->nonatomic_reserve) {
        c->finish = mutant_take;
        c->conv = *conv;
        c->agent = *agent;
        c->hold_ms = hold_ms;
    }
#endif
    live_call_i64(c, lease_epoch);
    live_call_id(c, conv);
    live_call_i64(c, epoch);
    live_call_id(c, agent);
    live_call_i64(c, hold_ms);
    live_call_i64(c, LIVE_GONE_MS);
    live_call_send(c);
}

/* What a conversation is to this layer. */
static const char *place_of(const struct conv *c, struct kf_id *agent, int64_t *till)
{
    *agent = (struct kf_id){ { 0 } };
    *till = 0;
    switch (c->state) {
    case CONV_WAITING:
        *till = c->queued_at;
        return "waiting";
    case CONV_OFFERED:
    case CONV_SERVED:
        *agent = c->owner;
        return id_is_zero(agent) ? "nowhere" : "placed";
    case CONV_CLOSED:
        if (!c->wrapup_until || id_is_zero(&c->last_agent))
            return "nowhere";
        *agent = c->last_agent;
        *till = c->wrapup_until;
        return "wrapping"; /* if that time is not over: the script compares */
    case CONV_BOT:
    case CONV_PARKED:
        break;
    }
    return "nowhere";
}

static const char *language_of(const struct conv *c, char ret[16])
{
    size_t n = 0;

    for (const char *p = c->locale; p && *p && n < 15; p++) {
        char ch = *p >= 'A' && *p <= 'Z' ? (char)(*p + 32) : *p;

        if ((ch >= 'a' && ch <= 'z') || (ch >= '0' && ch <= '9') || ch == '-')
            ret[n++] = ch;
    }
    ret[n] = '\0';
    return n ? ret : "-";
}

void live_put(struct live *l, const struct conv *conv, live_done *done, void *ctx)
{
    static const struct kf_id none;
    struct call *c = begin(l, SCRIPT_PUT, &conv->site, 11, done, ctx);
    struct kf_id agent;
    int64_t till;
    char language[16];
    const char *state = place_of(conv, &agent, &till);

    if (!c)
        return;
    live_call_id(c, &conv->id);
    live_call_i64(c, conv->epoch);
    live_call_text(c, state);
    live_call_text(c, conv->queue.s[0] ? conv->queue.s : "-");
    live_call_i64(c, conv_effective(conv));
    live_call_id(c, conv->state == CONV_WAITING ? &conv->last_agent : &none);
    live_call_id(c, &agent);
    live_call_i64(c, till);
    live_call_i64(c, conv_weight(conv));
    live_call_text(c, conv->channel.s[0] ? conv->channel.s : "-");
    live_call_text(c, language_of(conv, language));
    live_call_send(c);
}

void live_refuse(struct live *l, const struct kf_key *site, const struct kf_id *conv, const struct kf_id *agent, int64_t until, bool handed,
                 live_done *done, void *ctx)
{
    struct call *c = begin(l, SCRIPT_REFUSE, site, 4, done, ctx);

    if (!c)
        return;
    live_call_id(c, conv);
    live_call_id(c, agent);
    live_call_i64(c, until);
    live_call_i64(c, handed);
    live_call_send(c);
}

void live_agent(struct live *l, const struct kf_key *site, const struct kf_id *agent, enum presence presence, int capacity, live_done *done,
                void *ctx)
{
    struct call *c = begin(l, SCRIPT_AGENT, site, 3, done, ctx);

    if (!c)
        return;
    live_call_id(c, agent);
    live_call_i64(c, presence);
    live_call_i64(c, capacity);
    live_call_send(c);
}

void live_connected(struct live *l, const struct kf_key *site, const struct kf_id *agents, size_t n, live_done *done, void *ctx)
{
    struct call *c = begin(l, SCRIPT_CONNECTED, site, 2 + (int)n, done, ctx);

    if (!c)
        return;
    live_call_i64(c, LIVE_GONE_MS);
    live_call_id(c, &l->cfg.node);
    for (size_t i = 0; i < n; i++)
        live_call_id(c, &agents[i]);
    live_call_send(c);
}

void live_gone(struct live *l, const struct kf_key *site, const struct kf_id *agent, live_done *done, void *ctx)
{
    struct call *c = begin(l, SCRIPT_GONE, site, 3, done, ctx);

    if (!c)
        return;
    live_call_i64(c, LIVE_GONE_MS);
    live_call_id(c, &l->cfg.node);
    live_call_id(c, agent);
    live_call_send(c);
}

/* ---- calls that answer with more ----------------------------------------------------------------------------------- */

/* The next word of a record, with its length; empty at the end. */
static struct slice word(struct slice *rest)
{
    struct slice w = { rest->p, 0 };

    while (w.n < rest->n && rest->p[w.n] != ' ')
        w.n++;
    rest->p += w.n;
    rest->n -= w.n;
    if (rest->n) {
        rest->p++;
        rest->n--;
    }
    return w;
}

static bool word_i64(struct slice *rest, int64_t *ret)
{
    struct slice w = word(rest);
    char *end;

    if (!w.n)
        return false;
    *ret = strtoll(w.p, &end, 10); /* a reply's text is terminated, and a blank ends the number */
    return end == w.p + w.n;
}

static struct slice text_of(const redisReply *r)
{
    return r->type == REDIS_REPLY_STRING ? (struct slice){ r->str, r->len } : (struct slice){ "", 0 };
}

/* "epoch state queue effective prefer agent till" */
static bool parse_waiting(const redisReply *id, const redisReply *record, struct live_waiting *ret)
{
    struct slice s = text_of(record), queue, prefer;

    if (!live_hex_id(text_of(id).p, text_of(id).n, &ret->conv) || !word_i64(&s, &ret->epoch))
        return false;
    (void)word(&s);
    queue = word(&s);
    if (!key_parse(queue, &ret->queue) && !slice_is(queue, "-"))
        return false;
    if (!word_i64(&s, &ret->effective))
        return false;
    prefer = word(&s);
    (void)word(&s);
    return live_hex_id(prefer.p, prefer.n, &ret->prefer) && word_i64(&s, &ret->since);
}

enum { AGENT_FIELDS = 6 };

/* { id, "presence capacity idle handled", load, last ended, connected, gone since } */
static bool parse_agent(redisReply *const *r, struct live_agent *ret)
{
    struct slice id = text_of(r[0]), s = text_of(r[1]);
    int64_t presence, capacity;

    for (int i = 2; i < AGENT_FIELDS; i++) {
        if (r[i]->type != REDIS_REPLY_INTEGER)
            return false;
    }
    if (!live_hex_id(id.p, id.n, &ret->id) || !word_i64(&s, &presence) || !word_i64(&s, &capacity) || !word_i64(&s, &ret->idle_since) ||
        !word_i64(&s, &ret->handled) || presence < PRESENCE_OFFLINE || presence > PRESENCE_ONLINE)
        return false;
    ret->presence = (enum presence)presence;
    ret->capacity = (int)capacity;
    ret->load = (int)r[2]->integer;
    if (ret->idle_since < r[3]->integer)
        ret->idle_since = r[3]->integer;
    ret->connected = r[4]->integer;
    ret->gone_since = r[5]->integer;
    return true;
}

static int by_id(const void *a, const void *b)
{
    const struct live_agent *x = a, *y = b;

    return memcmp(&x->id, &y->id, sizeof(x->id));
}

static bool is_array(const redisReply *r, size_t n)
{
    return r->type == REDIS_REPLY_ARRAY && r->elements >= n;
}

enum { WAITING_FIELDS = 4 };

/* What a view points to, until it was shown. */
struct viewing {
    struct live_waiting *waiting;
    struct live_agent *agents;
    struct live_refusal *refusals;
};

/* "conv agent" or "conv agent handed", until */
static bool parse_refusal(const redisReply *pair, const redisReply *until, struct live_refusal *ret)
{
    struct slice s = text_of(pair), conv = word(&s), agent = word(&s), rest = text_of(until);

    ret->handed = s.n > 0;
    return live_hex_id(conv.p, conv.n, &ret->conv) && live_hex_id(agent.p, agent.n, &ret->agent) && word_i64(&rest, &ret->until);
}

/* "channel language" */
static void parse_traits(const redisReply *r, struct live_waiting *ret)
{
    struct slice s = text_of(r), channel = word(&s);

    if (!key_parse(channel, &ret->channel))
        ret->channel = (struct kf_key){ "" };
    if (s.n < sizeof(ret->language) && !slice_is(s, "-"))
        memcpy(ret->language, s.p, s.n);
}

static enum kf_rc parse_view(const redisReply *r, struct live_view *ret, struct viewing *v, struct kf_err *why)
{
    const redisReply *w, *a, *f;

    if (!is_array(r, 4) || r->element[0]->type != REDIS_REPLY_INTEGER || !is_array(r->element[1], 0) || !is_array(r->element[2], 0) ||
        !is_array(r->element[3], 0))
        return kf_fail(why, KF_IO, "look answers oddly");
    w = r->element[1];
    a = r->element[2];
    f = r->element[3];
    v->waiting = calloc(w->elements / WAITING_FIELDS + 1, sizeof(*v->waiting));
    v->agents = calloc(a->elements / AGENT_FIELDS + 1, sizeof(*v->agents));
    v->refusals = calloc(f->elements / 2 + 1, sizeof(*v->refusals));
    if (!v->waiting || !v->agents || !v->refusals)
        return kf_fail(why, KF_NOMEM, "a view");
    for (size_t i = 0; i + WAITING_FIELDS <= w->elements; i += WAITING_FIELDS) {
        struct live_waiting *one = &v->waiting[ret->n_waiting++];

        if (!parse_waiting(w->element[i], w->element[i + 1], one) || w->element[i + 2]->type != REDIS_REPLY_INTEGER)
            return kf_fail(why, KF_IO, "a waiting conversation is not readable in Redis");
        parse_traits(w->element[i + 3], one);
        one->weight = (int)w->element[i + 2]->integer;
    }
    for (size_t i = 0; i + AGENT_FIELDS <= a->elements; i += AGENT_FIELDS) {
        if (!parse_agent(a->element + i, &v->agents[ret->n_agents++]))
            return kf_fail(why, KF_IO, "an agent is not readable in Redis");
    }
    for (size_t i = 0; i + 1 < f->elements; i += 2) {
        if (!parse_refusal(f->element[i], f->element[i + 1], &v->refusals[ret->n_refusals++]))
            return kf_fail(why, KF_IO, "a refusal is not readable in Redis");
    }
    qsort(v->agents, ret->n_agents, sizeof(*v->agents), by_id);
    ret->total_waiting = r->element[0]->integer;
    ret->waiting = v->waiting;
    ret->agents = v->agents;
    ret->refusals = v->refusals;
    return KF_OK;
}

static void finish_viewed(struct call *c, enum kf_rc rc, const redisReply *reply, const struct kf_err *why)
{
    struct live_view view = { 0 };
    struct viewing v = { 0 };
    struct kf_err unreadable = { 0 };

    if (!rc) {
        rc = parse_view(reply, &view, &v, &unreadable);
        why = rc ? &unreadable : NULL;
    }
    c->viewed(c->ctx, rc, rc ? NULL : &view, why);
    free(v.waiting);
    free(v.agents);
    free(v.refusals);
}

void live_look(struct live *l, const struct kf_key *site, int limit, live_viewed *done, void *ctx)
{
    struct call *c = live_call_new(l, SCRIPT_LOOK, site, 2);
    struct kf_err why = { 0 };

    if (!c) {
        done(ctx, kf_fail(&why, KF_NOMEM, "a call to Redis"), NULL, &why);
        return;
    }
    c->finish = finish_viewed;
    c->viewed = done;
    c->ctx = ctx;
    live_call_i64(c, limit);
    live_call_i64(c, LIVE_GONE_MS);
    live_call_send(c);
}

static void finish_position(struct call *c, enum kf_rc rc, const redisReply *reply, const struct kf_err *why)
{
    struct kf_err odd = { 0 };
    int64_t position = 0, length = 0;

    if (!rc && (!is_array(reply, 2) || reply->element[0]->type != REDIS_REPLY_INTEGER || reply->element[1]->type != REDIS_REPLY_INTEGER)) {
        rc = kf_fail(&odd, KF_IO, "position answers oddly");
        why = &odd;
    }
    if (!rc) {
        position = reply->element[0]->integer;
        length = reply->element[1]->integer;
    }
    c->position(c->ctx, rc, position, length, why);
}

void live_position(struct live *l, const struct kf_key *site, const struct kf_key *queue, const struct kf_id *conv,
                   live_position_done *done, void *ctx)
{
    struct call *c = live_call_new(l, SCRIPT_POSITION, site, 2);
    struct kf_err why = { 0 };

    if (!c) {
        done(ctx, kf_fail(&why, KF_NOMEM, "a call to Redis"), 0, 0, &why);
        return;
    }
    c->finish = finish_position;
    c->position = done;
    c->ctx = ctx;
    live_call_text(c, queue->s[0] ? queue->s : "-");
    live_call_id(c, conv);
    live_call_send(c);
}

static void finish_positions(struct call *c, enum kf_rc rc, const redisReply *reply, const struct kf_err *why)
{
    struct kf_err odd = { 0 };
    struct kf_id *ids = NULL;
    size_t n = 0;

    if (!rc && (!is_array(reply, 2) || reply->element[0]->type != REDIS_REPLY_INTEGER || reply->element[1]->type != REDIS_REPLY_ARRAY))
        rc = kf_fail(&odd, KF_IO, "positions answers oddly");
    else if (!rc && !(ids = calloc(reply->element[1]->elements + 1, sizeof(*ids))))
        rc = kf_fail(&odd, KF_NOMEM, "out of memory");
    for (size_t i = 0; !rc && i < reply->element[1]->elements; i++) {
        struct slice id = text_of(reply->element[1]->element[i]);

        if (!live_hex_id(id.p, id.n, &ids[n++]))
            rc = kf_fail(&odd, KF_IO, "positions answers oddly");
    }
    if (rc)
        c->positions(c->ctx, rc, NULL, 0, 0, odd.rc ? &odd : why);
    else
        c->positions(c->ctx, KF_OK, ids, n, reply->element[0]->integer, NULL);
    free(ids);
}

void live_positions(struct live *l, const struct kf_key *site, const struct kf_key *queue, int64_t from, int limit,
                    live_positions_done *done, void *ctx)
{
    struct call *c = live_call_new(l, SCRIPT_POSITIONS, site, 3);
    struct kf_err why = { 0 };

    if (!c) {
        done(ctx, kf_fail(&why, KF_NOMEM, "a call to Redis"), NULL, 0, 0, &why);
        return;
    }
    c->finish = finish_positions;
    c->positions = done;
    c->ctx = ctx;
    live_call_text(c, queue->s[0] ? queue->s : "-");
    live_call_i64(c, from);
    live_call_i64(c, limit);
    live_call_send(c);
}
