/* sites.c: the sites as they are set up and their people, read from the store and read again when they change. */
#include "desk/outlet.h"

#include <stdlib.h>

struct desk_site *site_of(struct desk *d, const struct kf_key *key)
{
    for (struct desk_site *ds = d->sites; ds; ds = ds->next)
        if (key_eq(&ds->site->key, key))
            return ds;
    return NULL;
}

/* As the store lists them. */
static int by_person(const void *id, const void *member)
{
    return memcmp(id, &((const struct member *)member)->person, sizeof(struct kf_id));
}

struct member *member_of(const struct desk_site *ds, const struct kf_id *person)
{
    return ds && ds->n_members ? bsearch(person, ds->members, ds->n_members, sizeof(*ds->members), by_person) : NULL;
}

static int by_seen(const void *id, const void *seen)
{
    return memcmp(id, &((const struct seen *)seen)->id, sizeof(struct kf_id));
}

struct seen *seen_of(const struct desk_site *ds, const struct kf_id *person)
{
    return ds && ds->n_seen ? bsearch(person, ds->seen, ds->n_seen, sizeof(*ds->seen), by_seen) : NULL;
}

struct site *desk_site(struct desk *d, const struct kf_key *key)
{
    struct desk_site *ds = site_of(d, key);

    return ds ? ds->site : NULL;
}

struct site *desk_only_site(struct desk *d)
{
    return d->sites && !d->sites->next ? d->sites->site : NULL;
}

struct site *desk_site_at(struct desk *d, size_t i)
{
    struct desk_site *ds = d->sites;

    while (ds && i--)
        ds = ds->next;
    return ds ? ds->site : NULL;
}

const struct member *desk_member(struct desk *d, const struct kf_key *site, const struct kf_id *person)
{
    return member_of(site_of(d, site), person);
}

const struct member *desk_member_at(struct desk *d, const struct kf_key *site, size_t i)
{
    const struct desk_site *ds = site_of(d, site);

    return ds && i < ds->n_members ? &ds->members[i] : NULL;
}

int desk_load_of(struct desk *d, const struct kf_key *site, const struct kf_id *person)
{
    const struct seen *s = seen_of(site_of(d, site), person);

    return s ? s->load : -1;
}

bool may_sit(const struct member *m)
{
    return !m->disabled && (m->roles & (MEMBER_AGENT | MEMBER_SUPERVISOR));
}

/* An agent without queues serves all of them. */
bool serves_queue(const struct member *m, const struct kf_key *queue)
{
    for (size_t i = 0; i < m->n_queues; i++)
        if (key_eq(&m->queues[i], queue))
            return true;
    return m->n_queues == 0;
}

static bool sits_here(struct desk *d, const struct desk_site *ds, const struct kf_id *person)
{
    for (const struct seat *seat = session_seats(d->session, person); seat; seat = seat->next)
        if (seat->side == FRAME_STAFF && seat->welcomed && key_eq(&seat->site, &ds->site->key))
            return true;
    return false;
}

/* Of those who sit here nobody knows more than we do; the others are as the last look had them. */
static bool is_there(struct desk *d, const struct desk_site *ds, const struct seen *s)
{
    return (s->connected && !d->cfg.sole) || sits_here(d, ds, &s->id);
}

bool seen_connected(struct desk *d, const struct desk_site *ds, const struct kf_id *person)
{
    const struct seen *s = seen_of(ds, person);

    if (s)
        return is_there(d, ds, s);
    /* No look yet, or the live layer is away: of those who may sit at another node nothing is known, so they have the benefit of the doubt. */
    return !d->cfg.sole || sits_here(d, ds, person);
}

const struct site_queue *queue_of(const struct desk_site *ds, const struct kf_key *key)
{
    const struct site_queue *q = site_queue(ds->site, key);

    return q ? q : ds->site->n_queues ? &ds->site->queues[0] : NULL;
}

static bool is_among(const struct kf_key *words, size_t n, const struct kf_key *word)
{
    for (size_t i = 0; i < n; i++)
        if (key_eq(&words[i], word))
            return true;
    return false;
}

/* Is this skill of the queue needed however long somebody waits? */
static bool is_kept(const struct site_queue *q, const struct kf_key *skill)
{
    return !(q->ring_ms[0] && is_among(q->ring1, q->n_ring1, skill)) &&
           !(q->ring_ms[0] && q->ring_ms[1] && is_among(q->ring2, q->n_ring2, skill));
}

/* Could this person ever be given a conversation of the queue? */
static bool fits_queue(const struct member *m, const struct site_queue *q)
{
    if (!(m->roles & MEMBER_AGENT) || m->disabled || m->capacity <= 0 || !serves_queue(m, &q->key))
        return false;
    for (size_t i = 0; i < q->n_skills; i++)
        if (is_kept(q, &q->skills[i]) && !is_among(m->skills, m->n_skills, &q->skills[i]))
            return false;
    return true;
}

/* Chosen on whichever node: Redis hears of it at once, our own list of people a little later. */
enum presence presence_chosen(const struct desk_site *ds, const struct member *m)
{
    const struct seen *s = seen_of(ds, &m->person);

    return s ? s->presence : m->presence;
}

void presence_seen(struct desk_site *ds, const struct kf_id *person, enum presence p)
{
    struct seen *s = seen_of(ds, person);

    if (s)
        s->presence = p;
}

static const char *keep_text(struct arena *a, const char *s)
{
    const char *ret = arena_text(a, slice_of(s));

    return ret ? ret : "";
}

void member_presence(struct desk_site *ds, struct member *m, enum presence p, const char *reason, int64_t at)
{
    m->presence = p;
    m->presence_reason = *reason ? keep_text(ds->members_arena, reason) : ""; /* until people are read again, in some seconds */
    m->presence_at = at;
}

/* Mostly somebody is, and most are not: asked for each of a long line, so nobody is looked up whom the last look had elsewhere. */
bool staffed(struct desk *d, const struct desk_site *ds, const struct kf_key *queue)
{
    const struct site_queue *q = queue_of(ds, queue);

    for (size_t i = 0; q && i < ds->n_seen; i++) {
        const struct seen *s = &ds->seen[i];
        const struct member *m = s->presence >= PRESENCE_BUSY && is_there(d, ds, s) ? member_of(ds, &s->id) : NULL;

        if (m && fits_queue(m, q))
            return true;
    }
    for (size_t i = 0, k = 0; q && i < ds->n_members; i++) { /* those whom it had not; both lists go by id */
        const struct member *m = &ds->members[i];

        while (k < ds->n_seen && memcmp(&ds->seen[k].id, &m->person, sizeof(m->person)) < 0)
            k++;
        if (k < ds->n_seen && id_eq(&ds->seen[k].id, &m->person))
            continue;
        if (m->presence >= PRESENCE_BUSY && fits_queue(m, q) && seen_connected(d, ds, &m->person))
            return true;
    }
    return false;
}

/* Since the last look, or by it. */
static bool just_gone(struct desk *d, const struct desk_site *ds, const struct seen *s)
{
    return s->connected || now(d) - s->gone_since < ds->site->grace_ms;
}

bool desk_connected(struct desk *d, const struct kf_key *site, const struct kf_id *person)
{
    const struct desk_site *ds = site_of(d, site);
    const struct seen *s = seen_of(ds, person);

    return ds && (seen_connected(d, ds, person) || (s && just_gone(d, ds, s)));
}

bool deserted(struct desk *d, const struct desk_site *ds, const struct kf_key *queue)
{
    const struct site_queue *q = queue_of(ds, queue);

    if (!q || staffed(d, ds, queue))
        return q == NULL;
    for (size_t i = 0; !ds->seen_at && i < ds->n_members; i++) /* who was there before we began has had no time to come back */
        if (ds->members[i].presence >= PRESENCE_BUSY && fits_queue(&ds->members[i], q))
            return false;
    for (size_t i = 0; i < ds->n_seen; i++) {
        const struct seen *s = &ds->seen[i];
        const struct member *m = s->presence >= PRESENCE_BUSY && just_gone(d, ds, s) ? member_of(ds, &s->id) : NULL;

        if (m && fits_queue(m, q))
            return false;
    }
    return true;
}

/* FNV-1a: any hash will do, as long as every node works out the same. */
static int shard_of(const struct kf_key *site)
{
    uint32_t h = 2166136261u;

    for (const char *p = site->s; *p; p++)
        h = (h ^ (unsigned char)*p) * 16777619u;
    return (int)(h % SHARDS);
}

/* ---- loading ---- */

/* Whoever is told when people and settings have been read. Who asks while a reading is under way waits for the next: the one that runs
 * may have begun before what they changed was committed. */
struct load_waiter {
    void (*done)(void *ctx, enum kf_rc rc, const struct kf_err *why);
    void *ctx;
    struct load_waiter *next;
};

struct load {
    struct desk *d;
    struct load_waiter *waiters;
};

static void waiters_tell(struct load_waiter *w, enum kf_rc rc, const struct kf_err *why)
{
    while (w) {
        struct load_waiter *next = w->next;

        w->done(w->ctx, rc, why);
        free(w);
        w = next;
    }
}

static void load_documents(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why);

static void load_begin(struct desk *d)
{
    struct query *q = query_new(QUERY_DOCUMENTS);
    struct load *l = calloc(1, sizeof(*l));
    struct load_waiter *waiters = d->load_waiters;

    d->load_again = false;
    d->load_waiters = NULL;
    if (!q || !l) {
        struct kf_err why = { 0 };

        if (q)
            arena_free(q->arena);
        free(l);
        (void)kf_fail(&why, KF_NOMEM, "out of memory");
        waiters_tell(waiters, KF_NOMEM, &why);
        return;
    }
    *l = (struct load){ d, waiters };
    d->load_busy = true;
    d->under_way++;
    d->ports.read(d->ports.ctx, q, load_documents, l);
}

static void load_end(struct load *l, enum kf_rc rc, const struct kf_err *why)
{
    struct desk *d = l->d;

    d->under_way--;
    d->load_busy = false;
    if (d->load_again)
        load_begin(d);
    waiters_tell(l->waiters, rc, why);
    free(l);
}

/* A presence that was committed here while the rows were being read is newer than they are. `place`: where it stood before, likely. */
static void newer_presence(struct desk *d, struct desk_site *ds, struct member *m, size_t place)
{
    const struct member *known =
        place < ds->n_members && id_eq(&ds->members[place].person, &m->person) ? &ds->members[place] : member_of(ds, &m->person);

    if (known && known->presence_at > m->presence_at && now(d) - known->presence_at < PEOPLE_MS) {
        m->presence = known->presence;
        m->presence_at = known->presence_at;
        m->presence_reason = known->presence_reason;
    } else
        ds->parked_maybe |= !known || known->presence != m->presence;
}

/* Whose role was taken away does not stay until the session is looked at again. */
static void unseat(struct desk *d, const struct member *m)
{
    for (struct seat *seat = session_seats(d->session, &m->person), *next; seat; seat = next) {
        next = seat->next;
        if (seat->side == FRAME_STAFF && key_eq(&seat->site, &m->site))
            session_kick(d->session, seat, 4403, "not an agent of this site");
    }
}

/* To those who sit here: what was chosen for them, or by them, elsewhere; and whether they still may. */
static void tell_chosen(struct desk *d, struct desk_site *ds, const struct member *now_there, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct member *known = i < ds->n_members && id_eq(&ds->members[i].person, &now_there[i].person)
                                         ? &ds->members[i]
                                         : member_of(ds, &now_there[i].person);

        if (known && (known->presence != now_there[i].presence || known->presence_at < now_there[i].presence_at))
            tell_presence(d, ds, &now_there[i]);
        if (known && may_sit(known) && !may_sit(&now_there[i])) {
            unseat(d, &now_there[i]);
            if (holder(d, ds))
                release_all(d, ds, &now_there[i].person);
        }
    }
}

/* The members of one site, out of all, into an arena of the site's own. */
static bool members_take(struct desk *d, struct desk_site *ds, const struct member *all, size_t n)
{
    struct arena *a = arena_new(0);
    struct member *mine = a ? arena_array(a, n ? n : 1, sizeof(*mine)) : NULL;
    size_t count = 0;

    if (!mine) {
        arena_free(a);
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (!key_eq(&all[i].site, &ds->site->key))
            continue;
        mine[count] = all[i];
        newer_presence(d, ds, &mine[count], count);
        mine[count].name = keep_text(a, all[i].name);
        mine[count].number = keep_text(a, all[i].number);
        mine[count].presence_reason = keep_text(a, mine[count].presence_reason);
        count++;
    }
    tell_chosen(d, ds, mine, count);
    arena_free(ds->members_arena);
    ds->members_arena = a;
    ds->members = mine;
    ds->n_members = count;
    return true;
}

/* What the live layer thinks of the agents, put right by what the store says. Two nodes' words about one agent may have crossed on
 * their way to Redis; the holder alone, with rows that it has just read, has the last one. */
static void agents_compare(struct desk *d, const struct desk_site *ds)
{
    for (size_t i = 0; i < ds->n_members; i++) {
        const struct member *m = &ds->members[i];
        enum presence p = m->disabled ? PRESENCE_OFFLINE : m->presence;
        const struct seen *s = seen_of(ds, &m->person);

        if (!s || s->presence != p || s->capacity != m->capacity)
            d->ports.live_agent(d->ports.ctx, &ds->site->key, &m->person, p, m->capacity, NULL, NULL);
    }
}

/* Everybody: whoever can own a conversation, supervisors too, must be known to be gone one day. */
void tell_agents(struct desk *d, const struct desk_site *ds)
{
    for (size_t i = 0; i < ds->n_members; i++) {
        const struct member *m = &ds->members[i];

        d->ports.live_agent(d->ports.ctx, &ds->site->key, &m->person, m->disabled ? PRESENCE_OFFLINE : m->presence, m->capacity, NULL,
                            NULL);
    }
}

static void load_members(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct load *l = ctx;
    struct desk *d = l->d;

    if (!rc)
        for (struct desk_site *ds = d->sites; ds; ds = ds->next) {
            if (!members_take(d, ds, q->members, q->n_members))
                rc = KF_NOMEM;
            if (holder(d, ds))
                agents_compare(d, ds);
            route_kick(d, ds);
        }
    load_end(l, rc, why);
}

/* Documents never change but by a new version, and are never removed. */
static int64_t versions_of(const struct document *docs, size_t n)
{
    int64_t sum = (int64_t)n;

    for (size_t i = 0; i < n; i++)
        sum += docs[i].version;
    return sum;
}

/* Whether somebody has just gone is told from how it was before: that outlives a change of the settings. */
static void staff_remembered(const struct desk_site *ds, const struct site *site, bool *had_staff)
{
    for (size_t i = 0; i < site->n_queues; i++)
        for (size_t k = 0; k < ds->site->n_queues; k++)
            if (key_eq(&site->queues[i].key, &ds->site->queues[k].key))
                had_staff[i] = ds->had_staff[k];
}

static enum kf_rc site_install(struct desk *d, const struct kf_key *key, const struct document *docs, size_t n, struct kf_err *why)
{
    struct desk_site *ds = site_of(d, key);
    struct site *site, *was;
    bool *had_staff, is_new;
    enum kf_rc rc;

    if (ds && ds->versions == versions_of(docs, n))
        return KF_OK; /* channels stay open, and what they hold */
    rc = site_build(&site, key, docs, n, why);
    if (rc)
        return rc;
    had_staff = calloc(site->n_queues + 1, sizeof(*had_staff));
    is_new = had_staff && !ds;
    if (is_new)
        ds = calloc(1, sizeof(*ds));
    if (!had_staff || !ds) {
        free(had_staff);
        site_unref(site);
        return kf_fail(why, KF_NOMEM, "out of memory");
    }
    if (is_new) {
        ds->shard = shard_of(key);
        ds->parked_maybe = true;
        ds->next = d->sites;
        d->sites = ds;
        d->ports.live_watch(d->ports.ctx, key);
    } else {
        outlets_close(ds);
        staff_remembered(ds, site, had_staff);
    }
    free(ds->had_staff);
    ds->had_staff = had_staff;
    was = ds->site;
    ds->site = site;
    if (was) {
        hours_compare(d, ds, was);
        bans_compare(d, ds, was);
    }
    site_unref(was);
    ds->versions = versions_of(docs, n);
    ds->deaf_visitor = rule_deaf_states(site->rules, site->n_rules, ROLE_VISITOR);
    ds->deaf_agent = rule_deaf_states(site->rules, site->n_rules, ROLE_AGENT);
    ds->quiet_visitor = rule_quiet_ms(site->rules, site->n_rules, ROLE_VISITOR);
    ds->quiet_agent = rule_quiet_ms(site->rules, site->n_rules, ROLE_AGENT);
    ds->rule_needs = rule_needs(site->rules, site->n_rules);
    ds->rule_counts_to = rule_counts_to(site->rules, site->n_rules);
    return KF_OK;
}

/* The documents of all sites come in one answer; each site gets its own. A site that does not build keeps its old snapshot. */
static enum kf_rc sites_install(struct desk *d, const struct query *q, struct kf_err *why)
{
    struct document *docs = arena_array(q->arena, q->n_documents + 1, sizeof(*docs));
    enum kf_rc rc = KF_OK;

    if (!docs)
        return kf_fail(why, KF_NOMEM, "out of memory");
    for (size_t i = 0; i < q->n_documents; i++) {
        const struct kf_key *key = &q->documents[i].site;
        size_t n = 0;

        if (strcmp(q->documents[i].kind.s, "site") != 0)
            continue;
        for (size_t k = 0; k < q->n_documents; k++)
            if (key_eq(&q->documents[k].site, key))
                docs[n++] = (struct document){ q->documents[k].kind, q->documents[k].key, q->documents[k].version, q->documents[k].body };
        if (site_install(d, key, docs, n, why)) {
            rc = why->rc;
            log_event(d, 3, "desk event=site_refused site=%s reason=\"%s\"", key->s, why->text);
        }
    }
    return rc;
}

static void load_documents(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct load *l = ctx;
    struct kf_err local = { 0 };
    struct query *next;

    if (!rc) {
        rc = sites_install(l->d, q, &local);
        why = &local;
    }
    if (rc && !l->d->sites) {
        load_end(l, rc, why);
        return;
    }
    next = query_new(QUERY_MEMBERS);
    if (!next) {
        (void)kf_fail(&local, KF_NOMEM, "out of memory");
        load_end(l, KF_NOMEM, &local);
        return;
    }
    l->d->ports.read(l->d->ports.ctx, next, load_members, l);
}

/* People alone: every node reads them again now and then, because a hint that they have changed may be lost. */
void people_refresh(struct desk *d)
{
    struct query *q;
    struct load *l;

    if (d->load_busy)
        return;
    q = query_new(QUERY_MEMBERS);
    l = q ? calloc(1, sizeof(*l)) : NULL;
    if (!l) {
        if (q)
            arena_free(q->arena);
        return;
    }
    *l = (struct load){ .d = d };
    d->load_busy = true;
    d->under_way++;
    d->ports.read(d->ports.ctx, q, load_members, l);
}

static void settings_counted(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct call *call = ctx;
    struct desk *d = call->d;

    (void)why;
    if (!rc && q->number != d->settings_seen) {
        d->settings_seen = q->number;
        desk_load(d, NULL, NULL);
    }
    desk_call_end(call);
}

/* A hint that settings were changed on another node may be lost, too. */
void settings_refresh(struct desk *d)
{
    struct call *call;
    struct query *q;

    if (d->cfg.sole || (d->settings_at && mono(d) - d->settings_at < SETTINGS_MS))
        return;
    d->settings_at = mono(d);
    q = desk_ask(d, NULL, QUERY_CHANGES, &call);
    if (q)
        d->ports.read(d->ports.ctx, q, settings_counted, call);
}

void desk_changed(struct desk *d, const struct kf_key *site, void (*done)(void *ctx, enum kf_rc rc, const struct kf_err *why), void *ctx)
{
    if (site && !d->cfg.sole)
        d->ports.live_hint(d->ports.ctx, site, NULL, 0);
    for (struct desk_site *ds = d->sites; ds && !site && !d->cfg.sole; ds = ds->next)
        d->ports.live_hint(d->ports.ctx, &ds->site->key, NULL, 0);
    desk_load(d, done, ctx);
}

void desk_load(struct desk *d, void (*done)(void *ctx, enum kf_rc rc, const struct kf_err *why), void *ctx)
{
    if (done) {
        struct load_waiter *w = malloc(sizeof(*w));
        struct kf_err why = { 0 };

        if (!w) {
            done(ctx, kf_fail(&why, KF_NOMEM, "out of memory"), &why);
            return;
        }
        *w = (struct load_waiter){ done, ctx, d->load_waiters };
        d->load_waiters = w;
    }
    d->load_again = true;
    if (!d->load_busy)
        load_begin(d);
}
