#include "settings/links.h"

#include "settings/keys.h"
#include "settings/site.h"

#include <stdio.h>

/* Where who waits too long goes on to must lead somewhere else, too. */
static enum kf_rc check_queue(const struct site *s, const struct site_queue *q, struct kf_err *why)
{
    if (q->overflow.s[0] && (site_queue_number(s, &q->overflow) < 0 || key_eq(&q->overflow, &q->key)))
        return kf_fail(why, KF_INVALID, "queue %s: overflow: there is no other queue \"%s\"", q->key.s, q->overflow.s);
    if (q->bot.s[0] && !site_bot(s, &q->bot))
        return kf_fail(why, KF_INVALID, "queue %s: bot: there is no bot \"%s\"", q->key.s, q->bot.s);
    return KF_OK;
}

static enum kf_rc wants_queue(const struct keys_at *at, const struct site *s, const char *member, const struct kf_key *key)
{
    return !key->s[0] || site_queue_number(s, key) >= 0 ? KF_OK : keys_fail(at, "%s: there is no queue \"%s\"", member, key->s);
}

static enum kf_rc wants_channel(const struct keys_at *at, const struct site *s, const char *member, const struct kf_key *key)
{
    return !key->s[0] || site_channel(s, key) ? KF_OK : keys_fail(at, "%s: there is no channel \"%s\"", member, key->s);
}

static enum kf_rc wants_bot(const struct keys_at *at, const struct site *s, const struct kf_key *key)
{
    return !key->s[0] || site_bot(s, key) ? KF_OK : keys_fail(at, "bot: there is no bot \"%s\"", key->s);
}

static enum kf_rc wants_wording(const struct keys_at *at, const struct site *s, const char *member, const char *key)
{
    return !key || wording_find(s->wordings, s->n_wordings, key, s->language, NULL)
               ? KF_OK
               : keys_fail(at, "%s: there is no wording \"%s\"", member, key);
}

static enum kf_rc wants_rule(const struct keys_at *at, const struct site *s, const char *member, const struct kf_key *key)
{
    size_t i = 0;

    while (key->s[0] && i < s->n_rules && !key_eq(&s->rules[i].key, key))
        i++;
    return !key->s[0] || i < s->n_rules ? KF_OK : keys_fail(at, "%s: there is no rule \"%s\"", member, key->s);
}

static enum kf_rc check_rule(const struct site *s, const struct rule *r, struct kf_err *why)
{
    char what[64];
    const struct keys_at at = { .what = what, .why = why };
    enum kf_rc rc;

    (void)snprintf(what, sizeof(what), "rule %s", r->key.s);
    if ((rc = wants_queue(&at, s, "queue", &r->queue)) || (rc = wants_queue(&at, s, "to", &r->to)) || (rc = wants_bot(&at, s, &r->bot)) ||
        (rc = wants_channel(&at, s, "channel", &r->channel)) || (rc = wants_wording(&at, s, "wording", r->wording)) ||
        (rc = wants_wording(&at, s, "closing_wording", r->closing_wording)) || (rc = wants_rule(&at, s, "unless", &r->unless)) ||
        (rc = wants_rule(&at, s, "of", &r->of)))
        return rc;
    for (size_t i = 0; !rc && i < r->when.queues.n; i++)
        rc = wants_queue(&at, s, "when.queues", &r->when.queues.at[i]);
    for (size_t i = 0; !rc && i < r->when.channels.n; i++)
        rc = wants_channel(&at, s, "when.channels", &r->when.channels.at[i]);
    for (size_t i = 0; !rc && i < r->n_choices; i++)
        rc = wants_wording(&at, s, "choices", r->choices[i].wording);
    return rc;
}

enum kf_rc site_links(const struct site *s, struct kf_err *why)
{
    enum kf_rc rc = KF_OK;

    for (size_t i = 0; !rc && i < s->n_queues; i++)
        rc = check_queue(s, &s->queues[i], why);
    for (size_t i = 0; !rc && i < s->n_rules; i++)
        rc = check_rule(s, &s->rules[i], why);
    return rc;
}
