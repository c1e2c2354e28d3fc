/* samples.c: what is drawn to be reviewed, and how far it has come; the scorecards that there are. */
#include "api/reviews.h"

#include "core/utf8.h"
#include "desk/sampling.h"

#include <stdlib.h>

#define NAME_CP     80
#define SAMPLES_MAX 200
#define SEED_BITS   53 /* what a number in JSON holds everywhere */

/* ---- scorecards --------------------------------------------------------------------------------------------------------------------- */

static void get_scorecards(struct turn *t)
{
    const struct member *m;
    struct site *site = turn_site(t, &m);
    json_t *items;

    if (!site)
        return;
    if (!t->op && !permit(m, VERB_QUALITY, &site->key, NULL)) {
        turn_problem(t, 403, "scorecards need the role reviewer or supervisor");
        return;
    }
    items = json_array();
    for (size_t i = 0; i < site->n_scorecards; i++) {
        const struct scorecard *c = &site->scorecards[i];
        json_t *body = json_loads(c->body, 0, NULL);

        (void)json_array_append_new(items, json_pack("{s:s,s:I,s:s,s:s,s:o}", "key", c->key.s, "version", (json_int_t)c->version, "name",
                                                     c->name, "lang", c->lang, "body", body ? body : json_object()));
    }
    turn_jansson(t, 200, json_pack("{s:o}", "items", items));
}

/* ---- samples that were drawn ---------------------------------------------------------------------------------------------------------- */

static json_int_t missed(const struct stored_sample *s)
{
    int64_t ret = 0;

    for (size_t i = 0; i < s->n_parts; i++)
        ret += s->parts[i].missed;
    return (json_int_t)ret;
}

json_t *sample_json(const struct stored_sample *s)
{
    char id[KF_ID_TEXT], by[KF_ID_TEXT];
    json_t *plan = json_loads(s->plan, 0, NULL);
    json_t *ret =
        json_pack("{s:s,s:s,s:s,s:I,s:I,s:I,s:I,s:I,s:{s:s,s:I},s:o,s:I,s:{s:s,s:s},s:I}", "id", id_text(&s->id, id), "name", s->name,
                  "kind", sample_kind_name(s->kind), "seed", (json_int_t)s->seed, "population", (json_int_t)s->population, "drawn",
                  (json_int_t)s->drawn, "done", (json_int_t)s->done, "missed", missed(s), "scorecard", "key", s->card.s, "version",
                  (json_int_t)s->card_version, "plan", plan ? plan : json_object(), "at", (json_int_t)s->at, "by", "id",
                  id_text(&s->by, by), "name", s->by_name, "needed", (json_int_t)sample_needed((size_t)s->population, 0.05));

    if (*s->schedule.s)
        (void)json_object_set_new(ret, "schedule", json_string(s->schedule.s));
    return ret;
}

bool sample_seen(const struct member *m, const struct stored_sample *s, bool all)
{
    size_t n = 0;

    for (size_t i = 0; i < s->n_parts; i++)
        n += permit_drawn(m, &s->by, &s->parts[i].queue) || (!all && id_eq(&s->parts[i].reviewer, &m->person));
    return all ? n == s->n_parts : n > 0;
}

static void have_samples(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct turn *t = ctx;
    const struct member *m = turn_member(t, &q->site);
    json_t *items;

    if (rc) {
        turn_fail(t, rc, why);
        return;
    }
    items = json_array();
    for (size_t i = 0; m && i < q->quality.n_samples; i++) {
        const struct stored_sample *s = &q->quality.samples[i];
        json_t *one = sample_seen(m, s, false) ? sample_json(s) : NULL, *open = one ? sample_open_json(t, m, s) : NULL;

        if (open)
            (void)json_object_set_new(one, "open", open);
        if (one)
            (void)json_array_append_new(items, one);
    }
    turn_jansson(t, 200, json_pack("{s:o}", "items", items));
}

struct site *sampling_site(struct turn *t, const struct member **m)
{
    struct site *site = turn_site(t, m);

    if (!site || permit(*m, VERB_SAMPLE, &site->key, NULL))
        return site;
    turn_problem(t, 403, "samples need the role reviewer or supervisor");
    return NULL;
}

static void get_samples(struct turn *t)
{
    const struct member *m;
    struct site *site = sampling_site(t, &m);
    struct query *q = turn_asks(t, site, QUERY_SAMPLES);

    if (!q)
        return;
    q->limit = SAMPLES_MAX;
    turn_ports(t)->read(turn_ports(t)->ctx, q, have_samples, t);
}

/* ---- drawing one ---------------------------------------------------------------------------------------------------------------------- */

struct drawing {
    struct turn *turn;
    struct kf_key site;
    struct member member; /* who draws: only what he may read */
    const struct scorecard *card;
    struct site *held; /* so that the card stays while the store reads */
    json_t *body;
    const char *name;
    int64_t from, to;
    struct sampling s;
    bool dry;
    struct kf_id id;
    json_t *answer;
};

static void drawing_end(struct drawing *d)
{
    json_decref(d->body);
    site_unref(d->held);
    free(d);
}

static json_t *drawn_json(struct drawing *d)
{
    char id[KF_ID_TEXT];
    json_t *people = json_array();

    for (size_t r = 0; r < d->s.n_reviewers; r++) {
        const struct kf_id *person = &d->s.reviewers[r].person;
        size_t n = 0;

        for (size_t i = 0; i < d->s.n_picks; i++)
            n += id_eq(&d->s.picks[i].reviewer, person);
        (void)json_array_append_new(people,
                                    json_pack("{s:o,s:I}", "person", review_person(d->turn, &d->site, person), "reviews", (json_int_t)n));
    }
    return json_pack("{s:s,s:s,s:s,s:I,s:I,s:I,s:I,s:I,s:I,s:o}", "id", id_text(&d->id, id), "name", d->name, "kind",
                     sample_kind_name(d->s.wish.kind), "seed", (json_int_t)d->s.plan.seed, "population", (json_int_t)d->s.population,
                     "drawn", (json_int_t)d->s.n_picks, "conversations", (json_int_t)(d->s.drawn - d->s.unassigned), "unassigned",
                     (json_int_t)d->s.unassigned, "needed", (json_int_t)sample_needed(d->s.population, 0.05), "reviewers", people);
}

static void drawn(void *ctx, enum kf_rc rc, const struct news *news, const struct kf_err *why)
{
    struct drawing *d = ctx;

    (void)news;
    if (rc) {
        json_decref(d->answer);
        turn_fail(d->turn, rc, why);
    } else
        turn_jansson(d->turn, 201, d->answer);
    drawing_end(d);
}

static bool fill_act(struct drawing *d, struct change *c, struct act_sample *a)
{
    char *plan = json_dumps(d->body, JSON_COMPACT), id[KF_ID_TEXT];
    bool ret = sampling_act(&d->s, d->card, plan ? plan : "{}", c, a);

    free(plan);
    a->id = d->id;
    a->name = change_text(c, slice_of(d->name));
    change_act(c, ACT_AUDIT)->u.entry = (struct entry){ .at = c->at,
                                                        .kind = "sample_drawn",
                                                        .by = c->by,
                                                        .data = change_printf(c, "{\"sample\":\"%s\",\"seed\":%lld,\"drawn\":%zu}",
                                                                              id_text(&d->id, id), (long long)a->seed, a->n_picks) };
    return ret;
}

static void commit(struct drawing *d)
{
    const struct ports *p = turn_ports(d->turn);
    struct change *c = change_new(&d->site, p->now_ms(p->ctx));
    struct act_sample *a = c ? ARENA_NEW(c->arena, struct act_sample) : NULL;
    uint8_t chance[10];

    if (a) {
        p->chance(p->ctx, chance, sizeof(chance));
        d->id = id_make(c->at, chance);
        c->by = turn_actor(d->turn, c);
        change_act(c, ACT_SAMPLE)->u.sample = a;
    }
    if (!a || !fill_act(d, c, a)) {
        if (c)
            change_free(c);
        turn_problem(d->turn, 500, "out of memory");
        drawing_end(d);
        return;
    }
    d->answer = drawn_json(d);
    p->commit(p->ctx, c, drawn, d);
}

static void have_population(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct drawing *d = ctx;

    if (rc)
        turn_fail(d->turn, rc, why);
    else if (!sampling_draw(&d->s, turn_ports(d->turn), &q->quality, q->arena))
        turn_problem(d->turn, 500, "out of memory");
    else if (d->s.n_picks > SAMPLING_MAX || d->s.wanted > SAMPLING_MAX)
        turn_problem(d->turn, 413, "a sample has at most %d reviews; this would be %zu", SAMPLING_MAX,
                     d->s.wanted > d->s.n_picks ? d->s.wanted : d->s.n_picks);
    else if (d->dry)
        turn_jansson(d->turn, 200, drawn_json(d));
    else if (!d->s.n_picks)
        turn_problem(d->turn, 422,
                     !d->s.population                       ? "no conversation fits: widen time or filters"
                     : d->s.wish.kind == SAMPLE_CALIBRATION ? "no two of them may review the same conversation"
                                                            : "nobody may review any of them");
    else {
        commit(d);
        return;
    }
    drawing_end(d);
}

/* ---- what is asked for ---------------------------------------------------------------------------------------------------------------- */

/* Those who are named, or all reviewers of the site. */
static bool take_reviewers(struct drawing *d)
{
    const json_t *named, *item;
    const struct member *m;
    size_t i;

    if (!turn_list(d->turn, d->body, "reviewers", &named))
        return false;
    if (!json_array_size(named))
        for (i = 0; (m = desk_member_at(turn_desk(d->turn), &d->site, i)); i++)
            if (!m->disabled && (m->roles & MEMBER_REVIEWER))
                (void)sampling_reviewer(&d->s, d->turn->arena, m);
    json_array_foreach(named, i, item)
    {
        struct kf_id id;

        m = id_parse(slice_of(json_string_value(item)), &id) ? desk_member(turn_desk(d->turn), &d->site, &id) : NULL;
        if (!m || m->disabled || !(m->roles & (MEMBER_REVIEWER | MEMBER_SUPERVISOR)) || !sampling_reviewer(&d->s, d->turn->arena, m)) {
            turn_problem(d->turn, 400, "reviewers: the ids of at most %d reviewers and supervisors of the site", SAMPLING_REVIEWERS);
            return false;
        }
    }
    if (d->s.n_reviewers >= (d->s.wish.kind == SAMPLE_CALIBRATION ? 2U : 1U))
        return true;
    turn_problem(d->turn, 422,
                 d->s.n_reviewers ? "a calibration needs at least two reviewers" : "the site has nobody with the role reviewer");
    return false;
}

static bool number(struct drawing *d, const char *name, int64_t min, int64_t max, int64_t def, int64_t *ret)
{
    const json_t *v = json_object_get(d->body, name);

    *ret = def;
    if (!v)
        return true;
    *ret = json_integer_value(v);
    if (json_is_integer(v) && *ret >= min && *ret <= max)
        return true;
    turn_problem(d->turn, 400, "%s: a number from %lld to %lld", name, (long long)min, (long long)max);
    return false;
}

/* The number of the word among `words`; not there: 0. -1: answered. */
static int word(struct drawing *d, const char *name, const char *const *words, size_t n)
{
    const json_t *v = json_object_get(d->body, name);

    if (!v)
        return 0;
    for (size_t i = 0; i < n; i++)
        if (slice_is(slice_of(json_string_value(v)), words[i]))
            return (int)i;
    turn_problem(d->turn, 400, "%s: one of %s, %s, %s", name, words[0], words[1], words[2]);
    return -1;
}

static bool take_keys(struct drawing *d, const char *name, const struct kf_key **ret, size_t *n)
{
    const json_t *list;
    struct kf_key *keys;

    if (!turn_list(d->turn, d->body, name, &list))
        return false;
    keys = arena_array(d->turn->arena, json_array_size(list) + 1, sizeof(*keys));
    for (size_t i = 0; keys && i < json_array_size(list); i++)
        if (!key_parse(slice_of(json_string_value(json_array_get(list, i))), &keys[i])) {
            turn_problem(d->turn, 400, "%s: a list of keys of 1 to 32 of a-z 0-9 _ -", name);
            return false;
        }
    *ret = keys;
    *n = keys ? json_array_size(list) : 0;
    return true;
}

static bool take_agents(struct drawing *d)
{
    const json_t *list;
    struct kf_id *ids;

    if (!turn_list(d->turn, d->body, "agents", &list))
        return false;
    ids = arena_array(d->turn->arena, json_array_size(list) + 1, sizeof(*ids));
    for (size_t i = 0; ids && i < json_array_size(list); i++)
        if (!id_parse(slice_of(json_string_value(json_array_get(list, i))), &ids[i])) {
            turn_problem(d->turn, 400, "agents: a list of ids of people");
            return false;
        }
    d->s.wish.agents = ids;
    d->s.wish.n_agents = ids ? json_array_size(list) : 0;
    return true;
}

static bool take_tags(struct drawing *d)
{
    static const char *const complaint[] = { SAMPLE_COMPLAINT };
    const json_t *list, *item;
    const char **tags;
    size_t i, n;

    if (!turn_list(d->turn, d->body, "tags", &list))
        return false;
    n = list ? json_array_size(list) : 1;
    tags = list ? arena_array(d->turn->arena, n + 1, sizeof(*tags)) : NULL;
    json_array_foreach(list, i, item)
    {
        size_t bytes = json_string_length(item);

        if (n > SAMPLE_TAGS || !bytes || bytes > SAMPLE_TAG_BYTES) {
            turn_problem(d->turn, 400, "tags: a list of at most %d texts of 1 to %d bytes", SAMPLE_TAGS, SAMPLE_TAG_BYTES);
            return false;
        }
        if (tags)
            tags[i] = json_string_value(item);
    }
    d->s.wish.tags = list ? tags : complaint;
    d->s.wish.n_tags = list && !tags ? 0 : n;
    return true;
}

/* What the site does not have is a slip, not an empty population. */
static bool are_known(struct drawing *d)
{
    const struct sample_wish *w = &d->s.wish;

    for (size_t i = 0; i < w->n_queues; i++)
        if (!site_queue(d->held, &w->queues[i])) {
            turn_problem(d->turn, 400, "queues: there is no queue \"%s\"", w->queues[i].s);
            return false;
        }
    for (size_t i = 0; i < w->n_channels; i++)
        if (!site_channel(d->held, &w->channels[i])) {
            turn_problem(d->turn, 400, "channels: there is no channel \"%s\"", w->channels[i].s);
            return false;
        }
    return true;
}

static bool take_wish(struct drawing *d, int kind)
{
    struct sample_wish *w = &d->s.wish;
    int64_t rating;

    w->kind = (enum sample_kind)kind;
    if (!turn_flag(d->turn, d->body, "new_agents", &w->new_agents) || !turn_flag(d->turn, d->body, "findings", &w->findings) ||
        !turn_flag(d->turn, d->body, "again", &w->again) || !turn_flag(d->turn, d->body, "dry_run", &d->dry) ||
        !number(d, "rating_max", 1, 5, 2, &rating) || !take_keys(d, "queues", &w->queues, &w->n_queues) ||
        !take_keys(d, "channels", &w->channels, &w->n_channels) || !are_known(d))
        return false;
    w->rating_max = (int)rating;
    return take_agents(d) && take_tags(d);
}

static bool take_numbers(struct drawing *d, int64_t now)
{
    static const char *const kinds[] = { "random", "risk", "calibration" }, *const ways[] = { "plain", "per_agent", "strata" };
    const struct ports *p = turn_ports(d->turn);
    int kind = word(d, "kind", kinds, 3), way = kind < 0 ? -1 : word(d, "way", ways, 3);
    uint64_t chance;
    int64_t seed, n, share;

    p->chance(p->ctx, &chance, sizeof(chance));
    if (way < 0 || !number(d, "from", 0, INT64_MAX, now - 86400000, &d->from) ||
        !number(d, "to", 0, INT64_MAX, now + 1, &d->to) || /* closed in this very millisecond, too */
        !number(d, "n", 1, SAMPLING_MAX, 10, &n) || !number(d, "share", 1, 100, 0, &share) ||
        !number(d, "seed", 0, (1LL << SEED_BITS) - 1, (int64_t)(chance >> (64 - SEED_BITS)), &seed) || !take_wish(d, kind))
        return false;
    if (d->from >= d->to) {
        turn_problem(d->turn, 400, "from: before to");
        return false;
    }
    if (share && json_object_get(d->body, "n")) {
        turn_problem(d->turn, 400, "share: instead of n, not with it");
        return false;
    }
    d->s.plan = (struct sample_plan){ (enum sample_way)way, (size_t)n, (int)share, (uint64_t)seed };
    d->s.to = d->to;
    return true;
}

static bool take_asked(struct drawing *d)
{
    struct turn *t = d->turn;
    const char *card = json_string_value(json_object_get(d->body, "scorecard"));
    struct kf_key key;

    if (!turn_text(t, d->body, "name", &d->name))
        return false;
    d->card = card && key_parse(slice_of(card), &key) ? site_scorecard(d->held, &key) : NULL;
    if (!d->card)
        turn_problem(t, 400, "scorecard: the key of a scorecard of the site");
    else if (utf8_length(slice_of(d->name)) > NAME_CP)
        turn_problem(t, 400, "name: at most %d characters", NAME_CP);
    else
        return take_numbers(d, turn_ports(t)->now_ms(turn_ports(t)->ctx)) && take_reviewers(d);
    return false;
}

static void post_sample(struct turn *t)
{
    const struct member *m;
    struct site *site = sampling_site(t, &m);
    json_t *body = site ? turn_body(t) : NULL;
    struct drawing *d;
    struct query *q;

    if (!body)
        return;
    d = calloc(1, sizeof(*d));
    if (!d) {
        json_decref(body);
        turn_problem(t, 500, "out of memory");
        return;
    }
    *d = (struct drawing){ .turn = t, .site = site->key, .member = *m, .held = site_ref(site), .body = body };
    d->s.reader = &d->member;
    if (!take_asked(d)) {
        drawing_end(d);
        return;
    }
    q = query_new(QUERY_POPULATION);
    if (!q) {
        turn_problem(t, 500, "out of memory");
        drawing_end(d);
        return;
    }
    q->site = d->site;
    q->with_tags = d->s.wish.kind == SAMPLE_RISK;
    q->after = d->from;
    q->before = d->to;
    turn_ports(t)->read(turn_ports(t)->ctx, q, have_population, d);
}

const struct route_entry routes_samples[] = { { "GET", "/api/v1/scorecards", GATE_EITHER, get_scorecards },
                                              { "GET", "/api/v1/samples", GATE_STAFF, get_samples },
                                              { "POST", "/api/v1/samples", GATE_STAFF, post_sample },
                                              { NULL, NULL, GATE_OPEN, NULL } };
