/* routing.c: skills, languages and channels become bits, agents and conversations become rows that route_pass() can decide on. */
#include "desk/routing.h"

#include <jansson.h>
#include <stdio.h>

#define CANDIDATES_SHOWN 8
#define EXCLUDED_SHOWN   16
#define REASON_MAX       8192

/* The number of a word in a list that grows; -1: it is full, and the word not in it. */
static int word_number(struct kf_key *words, size_t *n, const struct kf_key *word, bool add)
{
    for (size_t i = 0; i < *n; i++)
        if (key_eq(&words[i], word))
            return (int)i;
    if (!add || *n == ROUTING_WORDS)
        return -1;
    words[*n] = *word;
    return (int)(*n)++;
}

static uint64_t bit(int number)
{
    return number < 0 ? 0 : 1ULL << number;
}

/* What queues need, of what the site's queues need at all: what nobody asks for has no number. */
static uint64_t skill_bits(struct routing *r, const struct kf_key *skills, size_t n, bool add)
{
    uint64_t ret = 0;

    for (size_t i = 0; i < n; i++)
        ret |= bit(word_number(r->words, &r->n_words, &skills[i], add));
    return ret;
}

static bool starts(const struct kf_key *key, const char *with, struct kf_key *rest)
{
    size_t n = strlen(with);

    return strncmp(key->s, with, n) == 0 && key_parse(slice_of(key->s + n), rest);
}

static void agent_skills(struct routing *r, const struct member *m, struct route_agent *a)
{
    for (size_t i = 0; i < m->n_skills; i++) {
        struct kf_key rest;
        int number;

        if (starts(&m->skills[i], "lang-", &rest))
            a->languages |= bit(word_number(r->languages, &r->n_languages, &rest, true));
        if (starts(&m->skills[i], "on-", &rest))
            a->channels |= bit(word_number(r->channels, &r->n_channels, &rest, true));
        number = word_number(r->words, &r->n_words, &m->skills[i], false);
        if (number < 0)
            continue;
        a->skills |= bit(number);
        a->level[number] = m->levels[i];
    }
}

static void add_agent(struct routing *r, const struct live_agent *a, const struct member *m)
{
    const struct site *site = r->ds->site;
    struct route_agent *ret = &r->agents[r->n_agents++];

    *ret = (struct route_agent){ .id = a->id,
                                 .online = a->presence == PRESENCE_ONLINE && a->connected,
                                 .load = a->load,
                                 .capacity = m->capacity,
                                 .idle_since = a->idle_since,
                                 .handled = a->handled };
    for (size_t k = 0; k < site->n_queues && k < ROUTE_BITS; k++)
        if (serves_queue(m, &site->queues[k].key))
            ret->queues |= 1ULL << k;
    agent_skills(r, m, ret);
}

/* The language that a locale means here, as "zh-cn". */
static struct kf_key language_key(const struct site *site, const char *locale)
{
    const char *lang = wording_language(locale, site->language);
    struct kf_key ret = { "" };

    for (size_t i = 0; lang && lang[i] && i < KF_KEY_MAX; i++)
        ret.s[i] = lang[i] >= 'A' && lang[i] <= 'Z' ? (char)(lang[i] + 32) : lang[i];
    return ret;
}

static uint64_t relaxed_bits(struct routing *r, const struct kf_key *words, size_t n)
{
    static const struct kf_key language = { "language" };
    uint64_t ret = skill_bits(r, words, n, false);

    for (size_t i = 0; i < n; i++)
        if (key_eq(&words[i], &language))
            ret |= ROUTE_LANGUAGE;
    return ret;
}

/* Those of a conversation are few, of all of them not many. */
static void ask_refusals(struct routing *r, const struct live_view *view, struct route_ask *ask)
{
    struct route_refusal *list = NULL;

    for (size_t i = 0; i < view->n_refusals; i++) {
        if (!id_eq(&view->refusals[i].conv, &ask->conv))
            continue;
        if (!list && !(list = arena_array(r->arena, view->n_refusals - i, sizeof(*list))))
            return;
        list[ask->n_refusals++] = (struct route_refusal){ view->refusals[i].agent, view->refusals[i].until, view->refusals[i].handed };
    }
    ask->refusals = list;
}

bool routing_ask(struct routing *r, const struct live_view *view, const struct live_waiting *w, struct route_ask *ret)
{
    const struct site_queue *queue = queue_of(r->ds, &w->queue);
    int number = queue ? site_queue_number(r->ds->site, &queue->key) : -1;

    if (number < 0 || number >= ROUTE_BITS)
        return false;
    *ret = (struct route_ask){ .conv = w->conv,
                               .epoch = w->epoch,
                               .effective = w->effective,
                               .waiting_since_ms = w->since,
                               .queue = number,
                               .weight = w->weight,
                               .skills = skill_bits(r, queue->skills, queue->n_skills, false),
                               .ring_ms = { queue->ring_ms[0], queue->ring_ms[1] },
                               .prefer = w->prefer };
    ret->relaxed[0] = relaxed_bits(r, queue->ring1, queue->n_ring1);
    ret->relaxed[1] = relaxed_bits(r, queue->ring2, queue->n_ring2);
    ret->channel = bit(word_number(r->channels, &r->n_channels, &w->channel, true));
    if (queue->language) {
        struct kf_key language = language_key(r->ds->site, w->language);

        ret->language = bit(word_number(r->languages, &r->n_languages, &language, true));
    }
    ask_refusals(r, view, ret);
    return true;
}

bool routing_agents(struct routing *r, const struct desk_site *ds, const struct live_view *view)
{
    *r = (struct routing){ .arena = arena_new(0), .ds = ds };
    r->agents = r->arena ? arena_array(r->arena, view->n_agents + 1, sizeof(*r->agents)) : NULL;
    r->before = r->agents ? arena_array(r->arena, view->n_agents + 1, sizeof(*r->before)) : NULL;
    if (!r->before)
        return false;
    for (size_t i = 0; i < ds->site->n_queues; i++)
        (void)skill_bits(r, ds->site->queues[i].skills, ds->site->queues[i].n_skills, true);
    for (size_t i = 0; i < view->n_agents; i++) {
        const struct member *m = member_of(ds, &view->agents[i].id);

        if (m && !m->disabled && (m->roles & MEMBER_AGENT))
            add_agent(r, &view->agents[i], m);
    }
    memcpy(r->before, r->agents, r->n_agents * sizeof(*r->agents));
    return true;
}

bool routing_init(struct routing *r, const struct desk_site *ds, const struct live_view *view)
{
    if (!routing_agents(r, ds, view))
        return false;
    r->asks = arena_array(r->arena, view->n_waiting + 1, sizeof(*r->asks));
    for (size_t i = 0; r->asks && i < view->n_waiting; i++) {
        const struct site_queue *queue = queue_of(ds, &view->waiting[i].queue);

        if (queue && !queue->paused && routing_ask(r, view, &view->waiting[i], &r->asks[r->n_asks]))
            r->n_asks++;
    }
    return r->asks != NULL;
}

void routing_finish(struct routing *r)
{
    arena_free(r->arena);
}

/* ---- a new one ---- */

#define VIP_LEVELS 10

/* {"vip": true} or a level. */
static int vip_level(const char *profile)
{
    json_t *root = profile ? json_loads(profile, 0, NULL) : NULL;
    const json_t *vip = json_object_get(root, "vip");
    json_int_t level = json_is_true(vip) ? 1 : json_integer_value(vip);

    json_decref(root);
    return level < 0 ? 0 : level > VIP_LEVELS ? VIP_LEVELS : (int)level;
}

void opening_rank(const struct desk_site *ds, const struct site_channel *ch, const struct conv *before, const char *profile, int64_t now_ms,
                  struct opening *o)
{
    const struct site *site = ds->site;
    const struct site_queue *queue = site_queue(site, &o->queue);
    bool returns = before && before->state == CONV_CLOSED && now_ms - before->closed_at < site->returning_ms;

    o->weight = ch->weight;
    if (queue && queue->bot.s[0] && !site_bot(site, &queue->bot)->off) {
        o->state = CONV_BOT;
        o->bot = queue->bot;
    }
    o->priority = ch->priority + (queue ? queue->priority : 0) + (returns ? site->returning_priority : 0) +
                  (o->verified && site->vip_priority ? site->vip_priority * vip_level(profile) : 0);
}

/* ---- in words ---- */

void routing_explain(struct buf *b, const struct routing *r, const struct route_ask *ask, const struct route_agent *agents, int64_t now_ms)
{
    size_t count[ROUTE_FULL + 1] = { 0 }, shown = 0;
    char id[KF_ID_TEXT];

    buf_str(b, "\"candidates\":[");
    for (size_t i = 0; i < r->n_agents; i++) {
        enum route_bar bar = route_bar(ask, &agents[i], now_ms);

        count[bar]++;
        if (bar == ROUTE_MAY && shown++ < CANDIDATES_SHOWN)
            buf_printf(b, "%s{\"agent\":\"%s\",\"load\":%d,\"capacity\":%d,\"level\":%d}", shown > 1 ? "," : "", id_text(&agents[i].id, id),
                       agents[i].load, agents[i].capacity, route_level(ask, &agents[i], now_ms));
    }
    buf_str(b, "],\"excluded\":[");
    shown = 0;
    /* Who is not there at all is only counted: they may be many. */
    for (size_t i = 0; i < r->n_agents && shown < EXCLUDED_SHOWN; i++) {
        enum route_bar bar = route_bar(ask, &agents[i], now_ms);

        if (bar > ROUTE_ABSENT)
            buf_printf(b, "%s{\"agent\":\"%s\",\"why\":\"%s\"}", shown++ ? "," : "", id_text(&agents[i].id, id), route_bar_name(bar));
    }
    buf_str(b, "],\"barred\":{");
    shown = 0;
    for (enum route_bar bar = ROUTE_ABSENT; bar <= ROUTE_FULL; bar++)
        if (count[bar])
            buf_printf(b, "%s\"%s\":%zu", shown++ ? "," : "", route_bar_name(bar), count[bar]);
    buf_char(b, '}');
}

const char *routing_reason(struct routing *r, const struct route_ask *ask, size_t agent, const char *why, int64_t now_ms)
{
    struct route_ask decided = *ask;
    char id[KF_ID_TEXT];
    const char *ret;
    struct buf b;

    /* Who has handed it over got it back, so nobody else could: as the decision saw it, that one was a candidate. */
    decided.may_return = route_bar(ask, &r->before[agent], now_ms) == ROUTE_HANDED;
    buf_init(&b, REASON_MAX);
    buf_printf(&b, "{\"why\":\"%s\",\"agent\":\"%s\",\"epoch\":%lld,\"ring\":%d,\"waited_ms\":%lld,", why,
               id_text(&r->before[agent].id, id), (long long)ask->epoch + 1, route_ring(ask, now_ms),
               (long long)(now_ms - ask->waiting_since_ms));
    routing_explain(&b, r, &decided, r->before, now_ms);
    buf_char(&b, '}');
    ret = buf_ok(&b) ? arena_text(r->arena, buf_slice(&b))
                     : arena_printf(r->arena, "{\"why\":\"%s\",\"agent\":\"%s\",\"epoch\":%lld}", why, id_text(&r->before[agent].id, id),
                                    (long long)ask->epoch + 1);
    buf_finish(&b);
    r->before[agent].load += ask->weight > 0 ? ask->weight : 1;
    return ret;
}
