/* guard.c: order on the platform: who may not write, what is said again and again, links; and wording that agents should not use. */
#include "core/forbid.h"
#include "core/hash.h"
#include "core/link.h"
#include "core/segment.h"
#include "desk/inner.h"
#include "desk/outlet.h"

#include <stdio.h>

#define DUPLICATES_MS 60000
#define LIVE_MS       60000 /* what is older has waited on the platform, and comes at once with all the rest */
#define TOLD_MS       60000 /* one line says it for so long */
#define FOLDED_MAX    (1u << 20)
#define ALBUMS        3 /* so many times the burst of a page: platforms send a picture a message */

/* ---- who may not write ---- */

static bool holds(const struct desk *d, const struct site_ban *b)
{
    return !b->until || b->until > now(d);
}

bool guard_bans(struct desk *d, const struct site *s, const struct kf_id *visitor, const char *address, struct kf_err *why)
{
    struct address from;
    bool known = address_parse(slice_of(address), &from);
    char id[KF_ID_TEXT];

    (void)id_text(visitor, id);
    for (size_t i = 0; i < s->n_bans; i++) {
        const struct site_ban *b = &s->bans[i];

        if (!holds(d, b))
            continue;
        if ((b->visitor && strcmp(b->visitor, id) == 0) || (b->has_network && known && network_has(&b->network, &from))) {
            why->wording = b->mute ? "muted" : "blocked";
            (void)kf_fail(why, KF_DENIED, b->mute ? "you cannot write here for now" : "you cannot write here any more");
            d->figures.refused++;
            return false;
        }
    }
    return true;
}

static bool bars(struct desk *d, const struct site_ban *b, const struct conv *c)
{
    char id[KF_ID_TEXT];

    if (b->visitor)
        return strcmp(b->visitor, id_text(&c->contact, id)) == 0;
    if (b->user)
        return key_eq(&b->channel, &c->channel) && c->peer && strcmp(b->user, c->peer) == 0;
    for (struct seat *seat = b->has_network ? session_seats(d->session, &c->contact) : NULL; seat; seat = seat->next) {
        struct address from;

        if (address_parse(slice_of(seat->address), &from) && network_has(&b->network, &from))
            return true;
    }
    return false;
}

const char *guard_barred(struct desk *d, const struct site *s, const struct conv *c, int64_t *until)
{
    const struct site_ban *found = NULL;

    for (size_t i = 0; i < s->n_bans; i++) /* of several the one for good */
        if (holds(d, &s->bans[i]) && (!found || found->mute) && bars(d, &s->bans[i], c))
            found = &s->bans[i];
    *until = found ? found->until : 0;
    return !found ? "" : found->mute ? "muted" : "blocked";
}

struct comparing {
    struct desk *d;
    struct desk_site *ds;
    const struct site *was;
};

static void compare(void *ctx, struct view *v)
{
    struct comparing *k = ctx;
    struct conv_view_json json;
    int64_t before = 0, now = 0;

    if (!key_eq(&v->conv.site, &k->ds->site->key) || !conv_is_open(&v->conv))
        return;
    if (strcmp(guard_barred(k->d, k->was, &v->conv, &before), guard_barred(k->d, k->ds->site, &v->conv, &now)) == 0 && before == now)
        return;
    conv_json_view(k->d, k->ds, &v->conv, &json);
    buf_clear(&k->d->out);
    frame_state(&k->d->out, FRAME_STAFF, &json);
    session_staff(k->d->session, &v->conv, &k->d->out, 0);
}

void bans_compare(struct desk *d, struct desk_site *ds, const struct site *was)
{
    struct comparing k = { d, ds, was };

    if (was->n_bans || ds->site->n_bans)
        session_each_view(d->session, compare, &k);
}

/* A platform's name of somebody. */
bool guard_inbound(const struct desk *d, const struct desk_site *ds, const struct kf_key *channel, const struct inbound *in)
{
    for (size_t i = 0; i < ds->site->n_bans; i++) {
        const struct site_ban *b = &ds->site->bans[i];

        if (b->user && holds(d, b) && key_eq(&b->channel, channel) && slice_is(in->user, b->user))
            return true;
    }
    return false;
}

/* ---- what may not be written ---- */

static bool only_links_allowed(const struct site *s, struct slice text)
{
    struct slice host;

    while (link_next(&text, &host))
        if (s->links == LINKS_NONE || !link_listed(host, s->link_hosts, s->n_link_hosts))
            return false;
    return true;
}

static enum kf_rc check_links(const struct site *s, struct slice text, struct kf_err *why)
{
    struct buf folded;
    bool good;

    if (s->links == LINKS_ANY || !text.n)
        return KF_OK;
    buf_init(&folded, FOLDED_MAX);
    link_fold(text, &folded);
    good = only_links_allowed(s, buf_ok(&folded) ? buf_slice(&folded) : text);
    buf_finish(&folded);
    if (!good)
        why->wording = "no_links";
    return good ? KF_OK : kf_fail(why, KF_DENIED, "links are not possible here");
}

/* Of what was said, however it was typed. */
static unsigned said_hash(struct slice text)
{
    struct buf plain;
    unsigned ret;

    buf_init(&plain, FOLDED_MAX);
    segment_plain(text, &plain);
    ret = (unsigned)(hash_slice(buf_ok(&plain) ? buf_slice(&plain) : text) & 0xffffffffU);
    buf_finish(&plain);
    return ret;
}

static bool repeats(struct desk *d, const struct desk_site *ds, const struct seat *seat, struct slice text, struct kf_err *why)
{
    int max = ds->site->duplicate_max;
    char key[64], id[KF_ID_TEXT];
    int32_t retry;

    if (!max || !text.n)
        return false;
    (void)snprintf(key, sizeof(key), "d:%s:%08x", id_text(&seat->who, id), said_hash(text));
    if (rate_take(d, key, max, max, DUPLICATES_MS, why))
        return false;
    retry = why->retry_after_ms;
    (void)kf_fail(why, KF_RATE, "you have said that already");
    why->wording = "said_already";
    why->retry_after_ms = retry;
    return true;
}

/* The same event twice within a minute: the platform repeats itself, not the visitor. */
static bool comes_again(struct desk *d, const struct kf_key *channel, const struct inbound *in)
{
    struct kf_err why;
    char key[64];

    if (!in->dedupe.n)
        return false;
    (void)snprintf(key, sizeof(key), "k:%s:%016llx", channel->s, (unsigned long long)hash_slice(in->dedupe));
    if (rate_touched(d, key, DUPLICATES_MS))
        return true;
    (void)rate_take(d, key, 1, 1, DUPLICATES_MS, &why);
    return false;
}

static bool floods(struct desk *d, const struct desk_site *ds, const struct kf_key *channel, const struct inbound *in)
{
    int burst = ds->site->message_burst ? ds->site->message_burst : d->cfg.message_burst;
    int rate = ds->site->message_rate ? ds->site->message_rate : d->cfg.message_rate;
    struct kf_err why;
    char key[64];

    (void)snprintf(key, sizeof(key), "f:%s:%016llx", channel->s, (unsigned long long)hash_slice(in->user));
    return burst > 0 && !rate_take(d, key, ALBUMS * burst, rate, 1000, &why);
}

static bool repeats_there(struct desk *d, const struct desk_site *ds, const struct kf_key *channel, const struct inbound *in)
{
    int max = ds->site->duplicate_max;
    struct kf_err why;
    char key[64];

    (void)snprintf(key, sizeof(key), "r:%.20s:%08x:%016llx", channel->s, said_hash(in->text), (unsigned long long)hash_slice(in->user));
    return max && in->text.n && !rate_take(d, key, max, max, DUPLICATES_MS, &why);
}

const char *guard_content(struct desk *d, const struct desk_site *ds, const struct kf_key *channel, const struct inbound *in)
{
    bool says = in->kind == INBOUND_MESSAGE || in->kind == INBOUND_POSTBACK || in->kind == INBOUND_COMMAND;
    struct kf_err why;

    if ((says || in->kind == INBOUND_EDIT) && check_links(ds->site, in->text, &why))
        return "links";
    if (!says || (in->at && now(d) - in->at > LIVE_MS) || comes_again(d, channel, in))
        return NULL;
    if (repeats_there(d, ds, channel, in))
        return "repeats";
    return floods(d, ds, channel, in) ? "flood" : NULL;
}

bool guard_only_aside(struct desk *d, const struct kf_key *channel, const struct inbound *in, const char *unfit, bool *tell)
{
    struct kf_err why;
    char key[64];

    if (strcmp(unfit, "links") == 0)
        return false;
    (void)snprintf(key, sizeof(key), "t:%s:%016llx", channel->s, (unsigned long long)hash_slice(in->user));
    *tell = rate_take(d, key, 1, 1, TOLD_MS, &why);
    return true;
}

bool guard_visitor(struct desk *d, const struct desk_site *ds, const struct seat *seat, const struct inbound *in, struct kf_err *why)
{
    return guard_bans(d, ds->site, &seat->who, seat->address, why) && check_links(ds->site, in->text, why) == KF_OK &&
           !repeats(d, ds, seat, in->text, why);
}

/* ---- what agents should not say ---- */

size_t guard_words(const struct desk_site *ds, struct slice text, const struct forbidden_word **ret, size_t max)
{
    return forbid_find(ds->site->forbidden, ds->site->n_forbidden, text, ret, max);
}
