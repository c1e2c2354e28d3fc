/* Hints, on a connection of their own, and the pulse that tells whether it still lives: nothing is asked on it, so nothing would
 * fail to be answered. */
#include "live/inside.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *publish(const char *channel, const char *payload, size_t *n)
{
    const char *argv[] = { "PUBLISH", channel, payload };
    char *cmd = NULL;
    int len = redisFormatCommandArgv(&cmd, 3, argv, NULL);

    *n = len < 0 ? 0 : (size_t)len;
    return len < 0 ? NULL : cmd;
}

/* ---- out ----------------------------------------------------------------------------------------------------------- */

static void hint_answered(struct link_ask *a, const redisReply *reply)
{
    struct live *l = (struct live *)((char *)a - offsetof(struct live, hint_ask));
    char text[NOTE_TEXT];

    l->hint_pending = false;
    l->hints_unanswered = 0;
    if (!reply || reply->type != REDIS_REPLY_ERROR || l->hint_refused)
        return;
    l->hint_refused = true; /* said once */
    live_note(l->cfg.log, NOTE_WARN, "live event=hint_refused why=%s", live_quote(reply->str, text));
}

/* One hint at a time waits for its answer, on behalf of all that follow it: it holds the deadline, and the count of what Redis has
 * not read yet. */
static void publish_hint(struct live *l, const char *cmd, size_t n)
{
    l->hints_unanswered++;
    if (l->hint_pending) {
        (void)link_tell(&l->commands, cmd, n);
        return;
    }
    l->hint_ask.done = hint_answered;
    l->hint_pending = link_ask(&l->commands, &l->hint_ask, cmd, n);
    if (!l->hint_pending)
        l->hints_unanswered = 0;
}

void live_hint(struct live *l, const struct kf_key *site, const struct kf_id *conv, int64_t seq)
{
    char channel[KF_KEY_MAX + 16], hex[33] = "-", payload[96];
    char *cmd;
    size_t n;

    if (l->commands.state != LINK_UP || l->hints_unanswered >= LIVE_PENDING_MAX)
        return;
    if (conv)
        live_id_hex(conv, hex);
    (void)snprintf(channel, sizeof(channel), "kefu:{%s}:hint", site->s);
    (void)snprintf(payload, sizeof(payload), "%s %s %" PRId64, l->node, hex, seq);
    cmd = publish(channel, payload, &n);
    if (!cmd)
        return;
    publish_hint(l, cmd, n);
    redisFreeCommand(cmd);
}

/* ---- in ------------------------------------------------------------------------------------------------------------ */

void live_watch(struct live *l, const struct kf_key *site)
{
    struct watch *w;

    for (size_t i = 0; i < l->n_watches; i++) {
        if (key_eq(&l->watches[i].site, site))
            return;
    }
    if (l->n_watches == l->cap_watches) {
        size_t cap = l->cap_watches ? l->cap_watches * 2 : 8;

        w = realloc(l->watches, cap * sizeof(*w));
        if (!w) {
            live_note(l->cfg.log, NOTE_ERROR, "live event=watch site=%s why=\"no memory\"", site->s);
            return;
        }
        l->watches = w;
        l->cap_watches = cap;
    }
    w = &l->watches[l->n_watches++];
    w->site = *site;
    (void)snprintf(w->channel, sizeof(w->channel), "kefu:{%s}:hint", site->s);
    (void)link_subscribe(&l->subscription, w->channel); /* else when it is greeted */
}

/* The pulse is subscribed last: when it is confirmed, so are all others. */
void hints_greet(struct live *l)
{
    bool ok = true;

    for (size_t i = 0; i < l->n_watches; i++)
        ok = ok && link_subscribe(&l->subscription, l->watches[i].channel);
    if (!ok || !link_subscribe(&l->subscription, l->pulse_channel))
        link_lost(&l->subscription, "SUBSCRIBE cannot be sent");
}

/* "NODE CONV|- SEQ" */
static void hinted(struct live *l, const struct watch *w, const char *payload, size_t n)
{
    struct kf_id conv;
    size_t conv_n;
    const char *p;
    char *end;
    int64_t seq;

    if (n < 33 + 2 || payload[32] != ' ' || memcmp(payload, l->node, 32) == 0)
        return;
    p = payload + 33;
    conv_n = strcspn(p, " ");
    if (p[conv_n] != ' ' || !live_hex_id(p, conv_n, &conv))
        return;
    seq = strtoll(p + conv_n, &end, 10);
    if (end == p + conv_n || *end)
        return;
    l->cfg.hint(l->cfg.ctx, &w->site, &conv, seq);
}

void hints_pushed(struct live *l, const char *channel, const char *payload, size_t n)
{
    if (strcmp(channel, l->pulse_channel) == 0) {
        l->pulse_heard = true;
        if (!payload)
            link_ready(&l->subscription);
        return;
    }
    for (size_t i = 0; payload && l->cfg.hint && i < l->n_watches; i++) {
        if (strcmp(channel, l->watches[i].channel) == 0) {
            hinted(l, &l->watches[i], payload, n);
            return;
        }
    }
}

/* ---- the pulse ----------------------------------------------------------------------------------------------------- */

static void pulsed(struct link_ask *a, const redisReply *reply)
{
    struct live *l = (struct live *)((char *)a - offsetof(struct live, pulse_ask));

    l->pulse_pending = false;
    l->pulse_asked = reply && reply->type == REDIS_REPLY_INTEGER;
}

/* Also the question that finds a dead connection for commands on a quiet day. */
void hints_pulse(struct live *l)
{
    char *cmd;
    size_t n;

    if (l->pulse_asked && !l->pulse_heard && l->subscription.state == LINK_UP)
        link_lost(&l->subscription, "what was published was not heard");
    l->pulse_asked = l->pulse_heard = false;
    if (l->pulse_pending || l->commands.state != LINK_UP || l->subscription.state != LINK_UP)
        return;
    cmd = publish(l->pulse_channel, "-", &n);
    if (!cmd)
        return;
    l->pulse_ask.done = pulsed;
    l->pulse_pending = link_ask(&l->commands, &l->pulse_ask, cmd, n);
    redisFreeCommand(cmd);
}
