/* who.c: what a platform knows of who has written, asked apart from the answer: an id that the same person has in other accounts of one owner.
 * Nobody waits for it, and nothing is lost without it: whoever was asked for is not asked for again, whatever came of it, until this node begins
 * anew; and then not either where it is known by now. Answers of staff go to the same host over the same few connections: where the platform is
 * slow, only some of these are taken by questions, and not for long. Whoever could not be asked for is when he writes again. */
#include "core/hash.h"
#include "desk/outlet.h"
#include "protocols/json.h"

#define AT_ONCE    2 /* of one channel */
#define TIMEOUT_MS 5000

struct asking {
    struct desk *d;
    struct kf_key site, channel;
    struct kf_id conv, contact;
    struct arena *arena; /* owns this */
    struct slice user;
};

/* NULL: it is there no more, or has become one of another platform meanwhile. */
static struct outlet *outlet_asked(const struct asking *q, struct desk_site **ds)
{
    struct outlet *o;

    *ds = site_of(q->d, &q->site);
    o = *ds ? outlet_of(q->d, *ds, &q->channel) : NULL;
    return o && o->ops->who ? o : NULL;
}

static void asking_end(struct asking *q)
{
    struct desk_site *ds;
    struct outlet *o = outlet_asked(q, &ds);

    if (o && o->asking) /* one that was opened anew has counted none */
        o->asking--;
    q->d->under_way--;
    arena_free(q->arena);
}

/* ---- what came is stored, and told to who serves them -------------------------------------------------------------------------------- */

static void told(void *ctx, enum kf_rc rc, struct query *found, const struct kf_err *why)
{
    struct asking *q = ctx;
    struct desk_site *ds = site_of(q->d, &q->site);
    const struct view *view = session_view(q->d->session, &q->conv);
    struct conv_view_json v;

    (void)why;
    if (!rc && ds && view && !id_is_zero(&view->conv.owner)) {
        conv_json_view(q->d, ds, &view->conv, &v);
        v.customer = found->text_out;
        v.visitor_name = customer_name(found->arena, v.customer);
        buf_clear(&q->d->out);
        frame_state(&q->d->out, FRAME_STAFF, &v);
        session_send_who(q->d->session, &q->site, &view->conv.owner, &q->d->out, 0);
    }
    asking_end(q);
}

static void stored(void *ctx, enum kf_rc rc, const struct news *news, const struct kf_err *why)
{
    struct asking *q = ctx;
    struct query *again = rc ? NULL : query_new(QUERY_PROFILE);

    (void)news;
    if (rc)
        log_event(q->d, 2, "desk event=who_not_kept site=%s channel=%s reason=\"%s\"", q->site.s, q->channel.s, why->text);
    if (!again) {
        asking_end(q);
        return;
    }
    again->id = q->contact;
    q->d->ports.read(q->d->ports.ctx, again, told, q);
}

static void keep(struct asking *q, struct slice profile)
{
    struct change *c = change_new(&q->site, now(q->d));

    if (!c) {
        asking_end(q);
        return;
    }
    c->by = (struct actor){ .role = ROLE_VISITOR, .id = q->contact, .name = "" };
    change_act(c, ACT_PROFILE)->u.profile = change_text(c, profile);
    q->d->ports.commit(q->d->ports.ctx, c, stored, q);
}

/* ---- the question ---------------------------------------------------------------------------------------------------------------------- */

static void answered(void *ctx, const struct http_resp *resp)
{
    struct asking *q = ctx;
    struct slice profile = { NULL, 0 };
    struct desk_site *ds;
    struct outlet *o = outlet_asked(q, &ds);
    struct env env;

    if (!o) {
        log_event(q->d, 2, "desk event=who_not_told site=%s channel=%s reason=changed", q->site.s, q->channel.s);
        asking_end(q);
        return;
    }
    env = outlet_env(q->d, o);
    if (o->ops->who(o->ch, q->arena, &env, q->user, resp, NULL, &profile)) {
        log_event(q->d, 2, "desk event=who_not_told site=%s channel=%s status=%d", q->site.s, q->channel.s, resp->status);
        profile.n = 0;
    }
    if (profile.n)
        keep(q, profile);
    else
        asking_end(q);
}

static void not_asked(struct outlet *o, struct slice user)
{
    uint64_t print = hash_slice(user);

    for (size_t i = 0; i < WHO_ASKED; i++)
        if (o->asked[i] == print)
            o->asked[i] = 0;
}

static void have_token(void *ctx, enum kf_rc rc, const struct kf_err *why)
{
    struct asking *q = ctx;
    struct http_req req = { 0 };
    struct desk_site *ds;
    struct outlet *o = outlet_asked(q, &ds);
    struct env env;

    (void)why;
    if (o && rc) /* it is being renewed, say */
        not_asked(o, q->user);
    if (!o || rc) {
        log_event(q->d, 2, "desk event=who_not_asked site=%s channel=%s reason=%s", q->site.s, q->channel.s,
                  o ? kf_rc_name(rc) : "changed");
        asking_end(q);
        return;
    }
    env = outlet_env(q->d, o);
    if (o->ops->who(o->ch, q->arena, &env, q->user, NULL, &req, NULL) == KF_AGAIN) {
        req.timeout_ms = TIMEOUT_MS;
        q->d->ports.fetch(q->d->ports.ctx, &req, answered, q);
    } else
        asking_end(q);
}

/* Is it known already? */
static void known(void *ctx, enum kf_rc rc, struct query *found, const struct kf_err *why)
{
    struct asking *q = ctx;
    struct desk_site *ds;
    struct outlet *o = rc ? NULL : outlet_asked(q, &ds);
    struct slice profile = rc ? (struct slice){ NULL, 0 } : json_member(slice_of(found->text_out), "profile");

    (void)why;
    if (!o || json_member(profile, o->ops->who_member).p)
        asking_end(q);
    else
        token_want(q->d, ds, o, SLICE(""), have_token, q);
}

static void have_conv(void *ctx, enum kf_rc rc, struct query *found, const struct kf_err *why)
{
    struct asking *q = ctx;
    struct query *next = !rc && found->n_convs && !id_is_zero(&found->convs[0].contact) ? query_new(QUERY_PROFILE) : NULL;

    (void)why;
    if (!next) {
        asking_end(q);
        return;
    }
    q->contact = next->id = found->convs[0].contact;
    q->d->ports.read(q->d->ports.ctx, next, known, q);
}

/* True: so it was; else it counts as asked from now on, and somebody whom we asked for long ago does not any more. */
static bool asked_before(struct outlet *o, struct slice user)
{
    uint64_t print = hash_slice(user);

    for (size_t i = 0; i < WHO_ASKED; i++)
        if (o->asked[i] == print)
            return true;
    o->asked[o->n_asked++ % WHO_ASKED] = print;
    return false;
}

void who_ask(struct desk *d, struct desk_site *ds, struct outlet *o, const struct kf_id *conv, struct slice user)
{
    struct query *first;
    struct asking *q;
    struct arena *a;

    if (!o->ops->who || d->stopping || o->asking >= AT_ONCE || asked_before(o, user))
        return;
    a = arena_new(0);
    q = a ? ARENA_NEW(a, struct asking) : NULL;
    first = q ? query_new(QUERY_CONV) : NULL;
    if (!first) {
        arena_free(a);
        return;
    }
    *q = (struct asking){ .d = d, .site = ds->site->key, .channel = o->channel, .conv = *conv, .arena = a, .user = arena_copy(a, user) };
    d->under_way++;
    o->asking++;
    first->id = *conv;
    d->ports.read(d->ports.ctx, first, have_conv, q);
}
