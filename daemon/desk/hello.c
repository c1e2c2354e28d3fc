/* hello.c: who are you, and what do you lack? The first frame of each socket, and its sign-in. */
#include "core/utf8.h"
#include "desk/inner.h"
#include "desk/window.h"

#include <jansson.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

#define NAME_MAX_CP 60
#define SHOWN_MAX   32768
/* A socket's queue holds 256 KiB: a welcome has to fit, whatever visitors say of themselves. */
#define WELCOME_BYTES (96 << 10)

static bool set_text(char **slot, struct slice s)
{
    char *copy;

    if (!s.n)
        return true;
    copy = malloc(s.n + 1);
    if (!copy)
        return false;
    memcpy(copy, s.p, s.n);
    copy[s.n] = '\0';
    free(*slot);
    *slot = copy;
    return true;
}

static void json_member(struct buf *b, const char *name, const char *value)
{
    buf_char(b, ',');
    buf_json(b, slice_of(name));
    buf_char(b, ':');
    buf_json(b, slice_of(value));
}

/* ---- visitors ---- */

const struct site_channel *widget_channel(const struct site *site)
{
    for (size_t i = 0; i < site->n_channels; i++)
        if (strcmp(site->channels[i].adapter, "widget") == 0 && !site->channels[i].off)
            return &site->channels[i];
    return NULL;
}

/* What a page says of its visitor. The name in it is what agents see; nothing here is verified unless the identity was. */
void seat_profile(struct seat *seat, struct slice profile)
{
    json_t *root = json_loadb(profile.p, profile.n, JSON_REJECT_DUPLICATES, NULL);
    const char *name = json_string_value(json_object_get(root, "name"));

    if (root && set_text(&seat->profile, profile) && name)
        (void)set_text(&seat->name, utf8_cut(slice_of(name), NAME_MAX_CP));
    json_decref(root);
}

bool hours_now(const struct site *site, const struct site_channel *ch, int64_t now_ms)
{
    const struct site_queue *q = site_queue(site, &ch->queue);

    return !q || hours_open(&q->hours, now_ms);
}

/* What a page showed before the visitor wrote: it stands on the timeline of the conversation that they open. */
static void shown_json(struct seat *seat, int64_t at, const char *lang, const struct wording *greeting, const struct wording *consent)
{
    uint8_t hash[32];
    unsigned n = sizeof(hash);
    struct buf b;

    buf_init(&b, SHOWN_MAX);
    buf_printf(&b, "{\"at\":%lld", (long long)at);
    json_member(&b, "language", lang);
    if (greeting)
        json_member(&b, "greeting", greeting->text);
    if (consent && EVP_Digest(consent->text, strlen(consent->text), hash, &n, EVP_sha256(), NULL)) {
        json_member(&b, "consent", consent->text);
        buf_str(&b, ",\"consent_sha256\":\"");
        for (size_t i = 0; i < sizeof(hash); i++)
            buf_printf(&b, "%02x", hash[i]);
        buf_char(&b, '"');
    }
    buf_char(&b, '}');
    if (buf_ok(&b))
        (void)set_text(&seat->shown, buf_slice(&b));
    buf_finish(&b);
}

static void site_json(struct desk *d, struct desk_site *ds, struct seat *seat, struct buf *b)
{
    const struct site *site = ds->site;
    const struct site_channel *ch = widget_channel(site);
    const char *lang = wording_language(seat->locale, site->language);
    const struct wording *greeting = wording_find(site->wordings, site->n_wordings, "welcome", lang, site->language);
    const struct wording *consent = wording_find(site->wordings, site->n_wordings, "consent", lang, site->language);

    shown_json(seat, now(d), lang, greeting, consent);
    buf_str(b, "{\"key\":");
    buf_json(b, slice_of(site->key.s));
    json_member(b, "name", site->name);
    json_member(b, "language", site->language);
    json_member(b, "color", site->color);
    if (greeting)
        json_member(b, "greeting", greeting->text);
    if (consent)
        json_member(b, "consent", consent->text);
    if (!ds->told_site) {
        ds->told_site = true;
        ds->told_open = !ch || hours_now(site, ch, now(d));
        ds->told_staffed = ch && staffed(d, ds, &ch->queue);
    }
    buf_printf(b, ",\"hours_open\":%s,\"staffed\":%s}", ds->told_open ? "true" : "false", ds->told_staffed ? "true" : "false");
}

/* `c`: as it was read; NULL: there was none. Another page of the same visitor may have opened a newer one meanwhile. */
static struct view *view_to_welcome(struct desk *d, struct desk_site *ds, const struct seat *seat, const struct conv *c)
{
    struct view *read = c ? tell_show(d, ds, c) : NULL;
    struct view *now = session_view(d->session, &seat->conv);

    if (now && id_eq(&now->conv.contact, &seat->who) && (!read || memcmp(&now->conv.id, &read->conv.id, sizeof(now->conv.id)) > 0))
        return now;
    return read;
}

static void welcome_visitor(struct desk *d, struct desk_site *ds, struct seat *seat, const struct conv *c)
{
    struct buf *b = &d->out;
    struct view *v = view_to_welcome(d, ds, seat, c);
    char id[KF_ID_TEXT];
    struct conv_view_json json;

    tell_site(d, ds); /* so that this page is told the same as all others */
    buf_clear(b);
    buf_printf(b, "{\"type\":\"welcome\",\"at\":%lld", (long long)now(d));
    if (!seat->secure && seat->cookie)
        json_member(b, "token", seat->cookie);
    json_member(b, "visitor", id_text(&seat->who, id));
    buf_str(b, ",\"conversation\":");
    if (v) {
        seat->conv = v->conv.id;
        seat->counted = v->conv.seq;
        conv_json_view(d, ds, &v->conv, &json);
        v->unattended = json.unattended;
        if (v->conv.state == CONV_OFFERED)
            json.agent = NULL;
        frame_conversation(b, FRAME_VISITOR, &json);
    } else
        buf_str(b, "null");
    buf_str(b, ",\"site\":");
    site_json(d, ds, seat, b);
    buf_printf(b, ",\"limits\":{\"text\":%d,\"file\":%lld}}", (int)narrower(ds->site->text_max, d->cfg.text_max),
               (long long)narrower(ds->site->file_max, d->cfg.file_max));
    seat->welcomed = true;
    session_send(d->session, seat, b);
    if (v && v->conv.state == CONV_WAITING && v->position)
        tell_state(d, ds, &v->conv, v->position);
}

static void greeted(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct call *call = ctx;
    struct desk *d = call->d;
    struct seat *seat = session_seat(d->session, call->conn);
    struct desk_site *ds = site_of(d, &call->site);

    if (seat && ds) {
        if (rc == KF_OK)
            welcome_visitor(d, ds, seat, &q->convs[0]);
        else if (rc == KF_ABSENT)
            welcome_visitor(d, ds, seat, NULL);
        else {
            session_error(d->session, seat, (struct slice){ NULL, 0 }, why);
            session_kick(d->session, seat, 1013, "store away");
        }
    }
    desk_call_end(call);
}

/* The visitor's id: from the cookie that came with the upgrade, else from the token of the frame, else a new one. */
static struct kf_id visitor_id(struct desk *d, const struct site *site, struct seat *seat, struct slice token)
{
    struct kf_id id;
    bool renew = false;
    char text[192];

    if (seat->cookie && token_read(site, slice_of(seat->cookie), now(d), &id, NULL) == KF_OK) {
        seat->secure = true; /* the page that brings the widget has renewed it */
        return id;
    }
    seat->secure = false;
    if (token.n && token_read(site, token, now(d), &id, &renew) == KF_OK) {
        if (!renew) {
            (void)set_text(&seat->cookie, token);
            return id;
        }
    } else
        id = fresh_id(d);
    if (token_make(site, &id, now(d), text, sizeof(text)))
        (void)set_text(&seat->cookie, slice_of(text));
    return id;
}

/* Who sits there. A proof that does not hold changes nothing: `why` says so. False when memory is out. */
static bool seat_identify(struct desk *d, struct desk_site *ds, struct seat *seat, const struct inbound *in, struct kf_err *why)
{
    char peer[300], id[KF_ID_TEXT];
    struct kf_id who;

    if (in->kind == INBOUND_HELLO)
        seat->device = visitor_id(d, ds->site, seat, in->token);
    if (in->identity_id.n && in->identity_id.n <= 255 && identity_right(ds->site, in->identity_id, in->identity_hash)) {
        (void)snprintf(peer, sizeof(peer), "i:%.*s", (int)in->identity_id.n, in->identity_id.p);
        who = identity_contact(ds->site, in->identity_id);
        seat->verified = true;
    } else {
        if (in->identity_id.n)
            (void)kf_fail(why, KF_AUTH, "the identity's hash is not right: it goes on as an unknown visitor");
        if (in->kind != INBOUND_HELLO)
            return true;
        who = seat->device;
        (void)snprintf(peer, sizeof(peer), "v:%s", id_text(&who, id));
    }
    return set_text(&seat->peer, slice_of(peer)) && session_sit(d->session, seat, &who);
}

/* The conversation of whoever sits there now, and with it the welcome. */
static void greet(struct desk *d, struct desk_site *ds, struct seat *seat, const struct site_channel *ch)
{
    struct call *call;
    struct query *q = desk_ask(d, ds, QUERY_PEER, &call);

    if (!q) {
        session_kick(d->session, seat, 1013, "out of memory");
        return;
    }
    call->conn = seat->conn;
    q->channel = ch->key;
    q->text = arena_copy(q->arena, slice_of(seat->peer));
    d->ports.read(d->ports.ctx, q, greeted, call);
}

/* A page learns later who its visitor is: then it is welcomed anew, with that person's conversation. */
void visitor_identity(struct desk *d, struct seat *seat, const struct inbound *in)
{
    struct desk_site *ds = site_of(d, &seat->site);
    const struct site_channel *ch = widget_channel(ds->site);
    struct kf_id before = seat->who;
    struct kf_err why = { 0 };

    if (!ch || !seat_identify(d, ds, seat, in, &why))
        session_kick(d->session, seat, ch ? 1013 : 4403, ch ? "out of memory" : "no such site");
    else if (why.rc)
        session_error(d->session, seat, in->cid, &why);
    else {
        session_ack(d->session, seat, in->cid, NULL, 0, now(d));
        if (!id_eq(&before, &seat->who)) {
            seat->conv = (struct kf_id){ { 0 } };
            seat->counted = 0;
            seat->welcomed = false;
            greet(d, ds, seat, ch);
        }
    }
}

bool desk_sits_as(struct desk *d, const struct kf_id *contact, const struct kf_id *device)
{
    for (const struct seat *seat = session_seats(d->session, contact); seat; seat = seat->next)
        if (seat->side == FRAME_VISITOR && id_eq(&seat->device, device))
            return true;
    return false;
}

void hello_visitor(struct desk *d, struct seat *seat, const struct inbound *in)
{
    struct desk_site *ds = site_of(d, &seat->site);
    const struct site_channel *ch = ds ? widget_channel(ds->site) : NULL;
    struct kf_err why = { 0 };

    if (!ch) {
        session_kick(d->session, seat, 4403, "no such site");
        return;
    }
    seat->hello = true;
    (void)snprintf(seat->locale, sizeof(seat->locale), "%.*s", (int)in->locale.n, in->locale.n ? in->locale.p : "");
    (void)set_text(&seat->page, in->page);
    if (in->profile.n)
        seat_profile(seat, in->profile);
    if (!seat_identify(d, ds, seat, in, &why)) {
        session_kick(d->session, seat, 1013, "out of memory");
        return;
    }
    if (why.rc)
        session_error(d->session, seat, (struct slice){ NULL, 0 }, &why);
    greet(d, ds, seat, ch);
}

/* ---- staff ---- */

struct roll {
    struct call call;
    struct arena *arena; /* of the conversations */
    struct conv *convs;
    size_t n, i;
    const char **customers;
    struct message *lasts; /* seq 0: none */
    bool again;            /* read for the second time: what it lacks now is a view that is behind */
};

static void staff_json(struct desk *d, struct desk_site *ds, const struct member *m, struct buf *b)
{
    char id[KF_ID_TEXT];

    (void)d;
    buf_str(b, "{\"id\":");
    buf_json(b, slice_of(id_text(&m->person, id)));
    json_member(b, "name", m->name);
    json_member(b, "number", m->number);
    json_member(b, "site", ds->site->key.s);
    buf_printf(b, ",\"capacity\":%d,\"roles\":[", m->capacity);
    for (unsigned bit = 1, n = 0; bit <= MEMBER_ADMIN; bit <<= 1)
        if (m->roles & bit) {
            if (n++)
                buf_char(b, ',');
            buf_json(b, slice_of(member_role_name(bit)));
        }
    buf_str(b, "]}");
}

struct unlisted {
    const struct seat *seat;
    const struct roll *roll;
    bool any;
};

static void each_unlisted(void *ctx, struct view *v)
{
    struct unlisted *u = ctx;

    if (!id_eq(&v->conv.owner, &u->seat->who) || !key_eq(&v->conv.site, &u->seat->site))
        return;
    for (size_t i = 0; i < u->roll->n; i++)
        if (id_eq(&u->roll->convs[i].id, &v->conv.id))
            return;
    u->any = true;
}

/* A conversation may have been assigned while the roll was read: this socket, not yet welcomed, was not told of it. */
static bool roll_lacks(struct desk *d, const struct seat *seat, const struct roll *r)
{
    struct unlisted u = { seat, r, false };

    session_each_view(d->session, each_unlisted, &u);
    return u.any;
}

static void welcome_staff(struct desk *d, struct desk_site *ds, struct seat *seat, const struct member *m, struct roll *r)
{
    struct buf *b = &d->out;
    size_t written = 0;

    for (size_t i = 0; i < r->n; i++)
        (void)tell_show(d, ds, &r->convs[i]);
    buf_clear(b);
    buf_printf(b, "{\"type\":\"welcome\",\"at\":%lld,\"agent\":", (long long)now(d));
    staff_json(d, ds, m, b);
    json_member(b, "presence", presence_name(m->presence));
    if (*m->presence_reason)
        json_member(b, "presence_reason", m->presence_reason);
    buf_str(b, ",\"conversations\":[");
    for (size_t i = 0; i < r->n; i++) {
        struct view *v = session_view(d->session, &r->convs[i].id);
        struct conv_view_json json;

        if (!v || (!id_eq(&v->conv.owner, &seat->who) && !id_eq(&v->conv.helper, &seat->who)))
            continue;
        conv_json_view(d, ds, &v->conv, &json);
        json.customer = b->n < WELCOME_BYTES ? r->customers[i] : NULL;
        json.last = b->n < WELCOME_BYTES && r->lasts[i].seq ? &r->lasts[i] : NULL;
        json.visitor_name = customer_name(r->arena, r->customers[i]);
        session_named(d->session, &v->conv.id, json.visitor_name);
        session_owner_told(d->session, &v->conv.id);
        if (written++)
            buf_char(b, ',');
        frame_conversation(b, FRAME_STAFF, &json);
    }
    buf_printf(b, "],\"waiting\":%lld,\"longest_ms\":%lld,\"limits\":{\"text\":%d,\"file\":%lld}}", (long long)ds->waiting,
               (long long)ds->longest_ms, (int)narrower(ds->site->text_max, d->cfg.text_max),
               (long long)narrower(ds->site->file_max, d->cfg.file_max));
    seat->welcomed = true;
    seat->checked_at = mono(d);
    session_send(d->session, seat, b);
    d->ports.live_agent(d->ports.ctx, &ds->site->key, &seat->who, m->presence, m->capacity, NULL, NULL);
    d->ports.live_connected(d->ports.ctx, &ds->site->key, &seat->who, 1, NULL, NULL);
    for (size_t i = 0; i < r->n; i++)
        window_tell(d, ds, &r->convs[i]);
    route_kick(d, ds);
}

static void roll_end(struct roll *r)
{
    r->call.d->under_way--;
    arena_free(r->arena);
    free(r);
}

static void roll_next(struct roll *r);
static void roll_begin(struct desk *d, struct seat *seat, bool again);

static void roll_profile(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct roll *r = ctx;

    (void)why;
    if (!rc && q->text_out)
        r->customers[r->i] = arena_text(r->arena, slice_of(q->text_out));
    r->i++;
    roll_next(r);
}

/* One profile after the other: an agent has few conversations. */
static void roll_next(struct roll *r)
{
    struct desk *d = r->call.d;
    struct desk_site *ds = site_of(d, &r->call.site);
    struct seat *seat = session_seat(d->session, r->call.conn);
    const struct member *m = seat ? member_of(ds, &seat->who) : NULL;
    struct query *q;

    if (!m) {
        if (seat)
            session_kick(d->session, seat, 4403, "not a member of this site");
        roll_end(r);
        return;
    }
    if (r->i == r->n || !(q = query_new(QUERY_PROFILE))) {
        if (!r->again && roll_lacks(d, seat, r))
            roll_begin(d, seat, true);
        else
            welcome_staff(d, ds, seat, m, r);
        roll_end(r);
        return;
    }
    q->site = r->call.site;
    q->id = r->convs[r->i].contact;
    d->ports.read(d->ports.ctx, q, roll_profile, r);
}

static void roll_owned(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct roll *r = ctx;
    struct seat *seat = session_seat(r->call.d->session, r->call.conn);
    size_t n = 0;

    if (rc || !seat) {
        if (seat) {
            session_error(r->call.d->session, seat, (struct slice){ NULL, 0 }, why);
            session_kick(r->call.d->session, seat, 1013, "store away");
        }
        roll_end(r);
        return;
    }
    r->arena = arena_new(0);
    r->convs = r->arena ? arena_array(r->arena, q->n_convs + 1, sizeof(*r->convs)) : NULL;
    r->customers = r->arena ? arena_array(r->arena, q->n_convs + 1, sizeof(*r->customers)) : NULL;
    r->lasts = r->arena ? arena_array(r->arena, q->n_convs + 1, sizeof(*r->lasts)) : NULL;
    if (!r->convs || !r->customers || !r->lasts) { /* a desk that looks empty would be worse than none */
        session_kick(r->call.d->session, seat, 1013, "out of memory");
        roll_end(r);
        return;
    }
    for (size_t i = 0; i < q->n_convs; i++)
        if (conv_is_open(&q->convs[i])) {
            r->convs[n] = q->convs[i];
            r->convs[n].peer = arena_text(r->arena, slice_of(q->convs[i].peer));
            r->convs[n].locale = arena_text(r->arena, slice_of(q->convs[i].locale));
            r->convs[n].visitor_name = NULL; /* it comes with the profile */
            if (!message_copy(r->arena, &q->messages[i], &r->lasts[n]))
                r->lasts[n].seq = 0;
            n++;
        }
    r->n = n;
    roll_next(r);
}

static void roll_begin(struct desk *d, struct seat *seat, bool again)
{
    struct desk_site *ds = site_of(d, &seat->site);
    struct query *q = query_new(QUERY_OWNED);
    struct roll *r = q && ds ? calloc(1, sizeof(*r)) : NULL;

    if (!r) {
        if (q)
            arena_free(q->arena);
        session_kick(d->session, seat, ds ? 1013 : 4403, ds ? "out of memory" : "no such site");
        return;
    }
    r->call = (struct call){ .d = d, .conn = seat->conn, .site = seat->site };
    r->again = again;
    d->under_way++;
    q->site = seat->site;
    q->id = seat->who;
    q->now = now(d);
    q->with_last = true;
    d->ports.read(d->ports.ctx, q, roll_owned, r);
}

void hello_staff(struct desk *d, struct seat *seat)
{
    seat->hello = true;
    if (!id_is_zero(&seat->who)) /* else it is still signing in: staff_known() goes on */
        roll_begin(d, seat, false);
}

#define SESSION_IDLE_MS  (12LL * 3600 * 1000)
#define SESSION_TOUCH_MS (5LL * 60 * 1000)

static void touched(void *ctx, enum kf_rc rc, const struct news *news, const struct kf_err *why)
{
    (void)rc; /* the next use tries again */
    (void)news;
    (void)why;
    desk_call_end(ctx);
}

/* Not at every use: a session that was used a moment ago need not be written again. An open console is a use. */
static void session_touch(struct desk *d, const uint8_t hash[32])
{
    struct change *c = change_new(NULL, now(d));
    struct call *call = c ? desk_call(d, NULL) : NULL;

    if (!call) {
        change_free(c);
        return;
    }
    memcpy(change_act(c, ACT_SESSION_TOUCH)->u.session.hash, hash, 32);
    d->ports.commit(d->ports.ctx, c, touched, call);
}

bool desk_session_alive(struct desk *d, const uint8_t hash[32], const struct stored_session *s)
{
    int64_t idle = now(d) - s->seen_at;

    if (s->expires_at <= now(d) || idle >= SESSION_IDLE_MS)
        return false;
    if (idle >= SESSION_TOUCH_MS)
        session_touch(d, hash);
    return true;
}

static void staff_known(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct call *call = ctx;
    struct desk *d = call->d;
    struct seat *seat = session_seat(d->session, call->conn);
    const struct member *m;

    (void)why;
    if (!seat) {
        desk_call_end(call);
        return;
    }
    if (rc == KF_AGAIN || rc == KF_NOMEM) {
        if (!seat->welcomed)
            session_kick(d->session, seat, 1013, "store away");
        desk_call_end(call);
        return;
    }
    m = rc ? NULL : member_of(site_of(d, &call->site), &q->session.person);
    if (rc || !desk_session_alive(d, seat->session_hash, &q->session))
        session_kick(d->session, seat, 4401, "sign in");
    else if (!m || !may_sit(m))
        session_kick(d->session, seat, 4403, "not an agent of this site");
    else {
        seat->checked_at = mono(d);
        if (id_is_zero(&seat->who) && session_sit(d->session, seat, &q->session.person) && seat->hello)
            hello_staff(d, seat);
    }
    desk_call_end(call);
}

/* Looked up at the start and every ten seconds: sign-outs, expiry, disabling and changed roles on other nodes take effect here. */
void staff_check(struct desk *d, struct seat *seat)
{
    struct call *call;
    struct query *q = desk_ask(d, NULL, QUERY_SESSION, &call);

    if (!q)
        return;
    seat->checked_at = mono(d);
    call->conn = seat->conn;
    call->site = seat->site;
    q->now = now(d);
    q->bytes = arena_copy(q->arena, (struct slice){ (const char *)seat->session_hash, sizeof(seat->session_hash) });
    d->ports.read(d->ports.ctx, q, staff_known, call);
}

void staff_opened(struct desk *d, struct seat *seat)
{
    unsigned n = sizeof(seat->session_hash);

    if (!seat->cookie || !EVP_Digest(seat->cookie, strlen(seat->cookie), seat->session_hash, &n, EVP_sha256(), NULL)) {
        session_kick(d->session, seat, 4401, "sign in");
        return;
    }
    staff_check(d, seat);
}
