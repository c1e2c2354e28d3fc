/* site_find.c: what a site has, by key. */
#include "settings/site.h"

const struct site_channel *site_channel(const struct site *s, const struct kf_key *key)
{
    for (size_t i = 0; i < s->n_channels; i++)
        if (key_eq(&s->channels[i].key, key))
            return &s->channels[i];
    return NULL;
}

const struct site_channel *site_channel_by_hook(const struct site *s, struct slice hook)
{
    for (size_t i = 0; i < s->n_channels; i++)
        if (s->channels[i].hook && slice_is(hook, s->channels[i].hook))
            return &s->channels[i];
    return NULL;
}

const struct template *site_template(const struct site_channel *ch, struct slice key)
{
    for (size_t i = 0; ch && i < ch->n_templates; i++)
        if (slice_is(key, ch->templates[i].key.s))
            return &ch->templates[i];
    return NULL;
}

const struct article *site_article(const struct site *s, const struct kf_key *key)
{
    for (size_t i = 0; i < s->n_articles; i++)
        if (key_eq(&s->articles[i].key, key))
            return &s->articles[i];
    return NULL;
}

const struct site_bot *site_bot(const struct site *s, const struct kf_key *key)
{
    for (size_t i = 0; i < s->n_bots; i++)
        if (key_eq(&s->bots[i].key, key))
            return &s->bots[i];
    return NULL;
}

int site_queue_number(const struct site *s, const struct kf_key *key)
{
    for (size_t i = 0; i < s->n_queues; i++)
        if (key_eq(&s->queues[i].key, key))
            return (int)i;
    return -1;
}

const struct site_queue *site_queue(const struct site *s, const struct kf_key *key)
{
    int i = site_queue_number(s, key);

    return i < 0 ? NULL : &s->queues[i];
}

const struct schedule *site_schedule(const struct site *s, const struct kf_key *key)
{
    for (size_t i = 0; i < s->n_schedules; i++)
        if (key_eq(&s->schedules[i].key, key))
            return &s->schedules[i];
    return NULL;
}

const struct check *site_check(const struct site *s, const struct kf_key *key)
{
    for (size_t i = 0; i < s->n_checks; i++)
        if (key_eq(&s->checks[i].key, key))
            return &s->checks[i];
    return NULL;
}

const struct scorecard *site_scorecard(const struct site *s, const struct kf_key *key)
{
    for (size_t i = 0; i < s->n_scorecards; i++)
        if (key_eq(&s->scorecards[i].key, key))
            return &s->scorecards[i];
    return NULL;
}
