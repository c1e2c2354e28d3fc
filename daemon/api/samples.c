/* samples.c: what is drawn to be reviewed, and how far it has come; the scorecards that there are. */
#include "api/reviews.h"

#include "core/utf8.h"

#include <openssl/evp.h>
#include <stdlib.h>

#define DRAWN_MAX   2000
#define FRESH_MS    (90LL * 86400000)
#define NAME_CP     80
#define PEOPLE_MAX  64
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

static json_t *sample_json(const struct stored_sample *s)
{
    char id[KF_ID_TEXT], by[KF_ID_TEXT];
    json_t *plan = json_loads(s->plan, 0, NULL);

    return json_pack("{s:s,s:s,s:s,s:I,s:I,s:I,s:I,s:{s:s,s:I},s:o,s:I,s:{s:s,s:s}}", "id", id_text(&s->id, id), "name", s->name, "kind",
                     sample_kind_name(s->kind), "seed", (json_int_t)s->seed, "population", (json_int_t)s->population, "drawn",
                     (json_int_t)s->drawn, "done", (json_int_t)s->done, "scorecard", "key", s->card.s, "version",
                     (json_int_t)s->card_version, "plan", plan ? plan : json_object(), "at", (json_int_t)s->at, "by", "id",
                     id_text(&s->by, by), "name", s->by_name);
}

static void have_samples(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct turn *t = ctx;
    json_t *items;

    if (rc) {
        turn_fail(t, rc, why);
        return;
    }
    items = json_array();
    for (size_t i = 0; i < q->quality.n_samples; i++)
        (void)json_array_append_new(items, sample_json(&q->quality.samples[i]));
    turn_jansson(t, 200, json_pack("{s:o}", "items", items));
}

/* The site, where the asker may draw samples; NULL: answered. */
static struct site *sampling_site(struct turn *t, const struct member **m)
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
    struct query *q = site ? query_new(QUERY_SAMPLES) : NULL;

    if (!q) {
        if (site)
            turn_problem(t, 500, "out of memory");
        return;
    }
    q->site = site->key;
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
    enum sample_kind kind;
    struct sample_plan plan;
    int64_t from, to, rating_max;
    struct sample_reviewer *reviewers;
    size_t n_reviewers;
    bool dry, again;

    /* Once the population is known. */
    struct sample_unit *units;
    size_t n_units, drawn, unassigned;
    struct sample_pick *picks;
    size_t n_picks;
    struct kf_id id;
    json_t *answer;
};

static void drawing_end(struct drawing *d)
{
    json_decref(d->body);
    site_unref(d->held);
    free(d);
}

static bool takes(const json_t *body, const char *name, const char *word)
{
    const json_t *list = json_object_get(body, name), *item;
    size_t i;

    if (!json_array_size(list))
        return true;
    json_array_foreach(list, i, item)
    {
        if (slice_is(slice_of(json_string_value(item)), word))
            return true;
    }
    return false;
}

static bool reads(const struct member *m, const struct kf_key *queue)
{
    for (size_t i = 0; i < m->n_queues; i++)
        if (key_eq(&m->queues[i], queue))
            return true;
    return m->n_queues == 0;
}

/* Is it in the population? Of a risk list only what looks bad is. */
static bool fits(const struct drawing *d, const struct sample_unit *u, bool reviewed)
{
    char agent[KF_ID_TEXT];

    if (!reads(&d->member, &u->queue) || !takes(d->body, "queues", u->queue.s) || !takes(d->body, "channels", u->channel.s) ||
        !takes(d->body, "agents", id_text(&u->agent, agent)))
        return false;
    if (reviewed && !d->again && d->kind == SAMPLE_RANDOM)
        return false;
    return d->kind != SAMPLE_RISK || (u->rating && u->rating <= d->rating_max) ||
           (u->fresh && json_is_true(json_object_get(d->body, "new_agents")));
}

static void find_units(struct drawing *d, struct stored_quality *q)
{
    size_t n = 0;

    for (size_t i = 0; i < q->n_units; i++) {
        struct sample_unit u = q->units[i];

        u.fresh = q->since[i] > d->to - FRESH_MS;
        if (fits(d, &u, q->reviewed[i]))
            q->units[n++] = u;
    }
    d->units = q->units;
    d->n_units = n;
}

static void know_loads(struct drawing *d, const struct stored_quality *q)
{
    for (size_t i = 0; i < d->n_reviewers; i++)
        for (size_t k = 0; k < q->n_loads; k++)
            if (id_eq(&d->reviewers[i].person, &q->loads[k].person))
                d->reviewers[i].load = q->loads[k].load;
}

static void add_pick(struct drawing *d, const struct sample_unit *u, const struct sample_reviewer *r)
{
    const struct ports *p = turn_ports(d->turn);
    struct sample_pick *k = &d->picks[d->n_picks++];
    uint8_t chance[10];

    p->chance(p->ctx, chance, sizeof(chance));
    *k = (struct sample_pick){ .review = id_make(p->now_ms(p->ctx), chance),
                               .conv = u->conv,
                               .agent = u->agent,
                               .reviewer = r->person,
                               .channel = u->channel,
                               .queue = u->queue,
                               .closed_at = u->closed_at };
}

/* Everybody gets every one of an exercise, but for those he has served. */
static void assign(struct drawing *d, const bool *chosen, const int *to)
{
    for (size_t i = 0; i < d->n_units; i++) {
        size_t before = d->n_picks;

        if (!chosen[i])
            continue;
        if (d->kind != SAMPLE_CALIBRATION && to[i] >= 0)
            add_pick(d, &d->units[i], &d->reviewers[to[i]]);
        for (size_t r = 0; d->kind == SAMPLE_CALIBRATION && r < d->n_reviewers; r++)
            if (sample_may(&d->units[i], &d->reviewers[r]))
                add_pick(d, &d->units[i], &d->reviewers[r]);
        d->unassigned += d->n_picks == before;
    }
}

static bool draw(struct drawing *d, struct arena *arena)
{
    bool *chosen = arena_array(arena, d->n_units + 1, sizeof(*chosen)), ok;
    int *to = arena_array(arena, d->n_units + 1, sizeof(*to));
    size_t each = d->kind == SAMPLE_CALIBRATION ? d->n_reviewers : 1;

    if (!chosen || !to)
        return false;
    d->drawn = sample_draw(&d->plan, d->units, d->n_units, chosen, &ok);
    d->picks = arena_array(arena, d->drawn * each + 1, sizeof(*d->picks));
    if (!ok || !d->picks)
        return false;
    sample_spread(d->units, d->n_units, chosen, d->reviewers, d->n_reviewers, d->plan.seed, to);
    assign(d, chosen, to);
    return true;
}

static json_t *drawn_json(struct drawing *d)
{
    char id[KF_ID_TEXT];
    json_t *people = json_array();

    for (size_t r = 0; r < d->n_reviewers; r++) {
        size_t n = 0;

        for (size_t i = 0; i < d->n_picks; i++)
            n += id_eq(&d->picks[i].reviewer, &d->reviewers[r].person);
        (void)json_array_append_new(
            people, json_pack("{s:o,s:I}", "person", review_person(d->turn, &d->site, &d->reviewers[r].person), "reviews", (json_int_t)n));
    }
    return json_pack("{s:s,s:s,s:s,s:I,s:I,s:I,s:I,s:I,s:o}", "id", id_text(&d->id, id), "name", d->name, "kind", sample_kind_name(d->kind),
                     "seed", (json_int_t)d->plan.seed, "population", (json_int_t)d->n_units, "drawn", (json_int_t)d->n_picks, "unassigned",
                     (json_int_t)d->unassigned, "needed", (json_int_t)sample_needed(d->n_units, 0.05), "reviewers", people);
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
    char *plan = json_dumps(d->body, JSON_COMPACT);
    unsigned n = sizeof(a->card_sha256);
    struct act *audit;
    char id[KF_ID_TEXT];

    *a = (struct act_sample){ .id = d->id,
                              .name = change_text(c, slice_of(d->name)),
                              .kind = d->kind,
                              .seed = (int64_t)d->plan.seed,
                              .population = (int64_t)d->n_units,
                              .card = d->card->key,
                              .card_version = d->card->version,
                              .card_body = change_text(c, slice_of(d->card->body)),
                              .plan = plan ? change_text(c, slice_of(plan)) : "{}",
                              .picks = arena_array(c->arena, d->n_picks, sizeof(*a->picks)),
                              .n_picks = d->n_picks };
    free(plan);
    if (!a->picks || EVP_Digest(d->card->body, strlen(d->card->body), a->card_sha256, &n, EVP_sha256(), NULL) != 1)
        return false;
    memcpy(a->picks, d->picks, d->n_picks * sizeof(*a->picks));
    audit = change_act(c, ACT_AUDIT);
    audit->u.entry = (struct entry){ .at = c->at,
                                     .kind = "sample_drawn",
                                     .by = c->by,
                                     .data = change_printf(c, "{\"sample\":\"%s\",\"seed\":%lld,\"drawn\":%zu}", id_text(&d->id, id),
                                                           (long long)d->plan.seed, d->n_picks) };
    return true;
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

    if (!rc) {
        find_units(d, &q->quality);
        know_loads(d, &q->quality);
    }
    if (rc)
        turn_fail(d->turn, rc, why);
    else if (!draw(d, q->arena))
        turn_problem(d->turn, 500, "out of memory");
    else if (d->n_picks > DRAWN_MAX)
        turn_problem(d->turn, 413, "a sample has at most %d reviews; this would be %zu", DRAWN_MAX, d->n_picks);
    else if (d->dry)
        turn_jansson(d->turn, 200, drawn_json(d));
    else if (!d->n_picks)
        turn_problem(d->turn, 422, d->n_units ? "nobody may review any of them" : "no conversation fits: widen time or filters");
    else {
        commit(d);
        return;
    }
    drawing_end(d);
}

/* ---- what is asked for ---------------------------------------------------------------------------------------------------------------- */

static bool add_reviewer(struct drawing *d, const struct member *m)
{
    struct sample_reviewer *r = &d->reviewers[d->n_reviewers];
    struct kf_key *queues = arena_array(d->turn->arena, m->n_queues + 1, sizeof(*queues));

    if (d->n_reviewers == PEOPLE_MAX || !queues)
        return false;
    memcpy(queues, m->queues, m->n_queues * sizeof(*queues));
    *r = (struct sample_reviewer){ .person = m->person, .queues = queues, .n_queues = m->n_queues };
    d->n_reviewers++;
    return true;
}

/* Those who are named, or all reviewers of the site. */
static bool take_reviewers(struct drawing *d)
{
    const json_t *named = json_object_get(d->body, "reviewers"), *item;
    const struct member *m;
    size_t i;

    d->reviewers = arena_array(d->turn->arena, PEOPLE_MAX, sizeof(*d->reviewers));
    if (!d->reviewers) {
        turn_problem(d->turn, 500, "out of memory");
        return false;
    }
    if (!json_array_size(named))
        for (i = 0; (m = desk_member_at(turn_desk(d->turn), &d->site, i)); i++)
            if (!m->disabled && (m->roles & MEMBER_REVIEWER))
                (void)add_reviewer(d, m);
    json_array_foreach(named, i, item)
    {
        struct kf_id id;

        m = id_parse(slice_of(json_string_value(item)), &id) ? desk_member(turn_desk(d->turn), &d->site, &id) : NULL;
        if (!m || m->disabled || !(m->roles & (MEMBER_REVIEWER | MEMBER_SUPERVISOR)) || !add_reviewer(d, m)) {
            turn_problem(d->turn, 400, "reviewers: the ids of at most %d reviewers and supervisors of the site", PEOPLE_MAX);
            return false;
        }
    }
    if (d->n_reviewers >= (d->kind == SAMPLE_CALIBRATION ? 2U : 1U))
        return true;
    turn_problem(d->turn, 422,
                 d->n_reviewers ? "a calibration needs at least two reviewers" : "the site has nobody with the role reviewer");
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

static bool take_numbers(struct drawing *d, int64_t now)
{
    static const char *const kinds[] = { "random", "risk", "calibration" }, *const ways[] = { "plain", "per_agent", "strata" };
    const struct ports *p = turn_ports(d->turn);
    int kind = word(d, "kind", kinds, 3), way = kind < 0 ? -1 : word(d, "way", ways, 3);
    uint64_t chance;
    int64_t seed, n;

    p->chance(p->ctx, &chance, sizeof(chance));
    if (way < 0 || !number(d, "from", 0, INT64_MAX, now - 86400000, &d->from) || !number(d, "to", 0, INT64_MAX, now, &d->to) ||
        !number(d, "n", 1, DRAWN_MAX, 10, &n) || !number(d, "rating_max", 1, 5, 2, &d->rating_max) ||
        !number(d, "seed", 0, (1LL << SEED_BITS) - 1, (int64_t)(chance >> (64 - SEED_BITS)), &seed))
        return false;
    d->kind = (enum sample_kind)kind;
    d->plan = (struct sample_plan){ (enum sample_way)way, (size_t)n, (uint64_t)seed };
    d->dry = json_is_true(json_object_get(d->body, "dry_run"));
    d->again = json_is_true(json_object_get(d->body, "again"));
    return true;
}

static bool take_asked(struct drawing *d)
{
    struct turn *t = d->turn;
    const char *name = json_string_value(json_object_get(d->body, "name")),
               *card = json_string_value(json_object_get(d->body, "scorecard"));
    struct kf_key key;

    d->card = card && key_parse(slice_of(card), &key) ? site_scorecard(d->held, &key) : NULL;
    d->name = name ? name : "";
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
    q->after = d->from;
    q->before = d->to;
    turn_ports(t)->read(turn_ports(t)->ctx, q, have_population, d);
}

const struct route_entry routes_samples[] = { { "GET", "/api/v1/scorecards", GATE_EITHER, get_scorecards },
                                              { "GET", "/api/v1/samples", GATE_STAFF, get_samples },
                                              { "POST", "/api/v1/samples", GATE_STAFF, post_sample },
                                              { NULL, NULL, GATE_OPEN, NULL } };
