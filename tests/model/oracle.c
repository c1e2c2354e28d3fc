/* oracle.c: what must hold: at each commit, and in the database whenever somebody looks. */
#include "inside.h"

#define PARKED_MS  15000 /* so often those who have left a message are looked through for nothing in particular */
#define HANDED_MS  60000 /* so long what was handed to somebody who is full waits for a place */
#define SETTLED_MS 15000 /* a match that was decided before somebody took more by hand is committed by then, or never */
/* What an agent has of this conversation c came by a match, and not by hand: the epoch of a match is on the timeline. */
#define MATCHED                                                                                                                          \
    "EXISTS (SELECT 1 FROM timeline t WHERE t.conv = c.n AND t.kind IN ('assigned', 'offered') AND json_extract(t.data, '$.waited_ms') " \
    "IS "                                                                                                                                \
    "NOT NULL AND json_extract(t.data, '$.epoch') = c.epoch - (c.state = 5))"

/* ---- the oracle at each commit ---- */

static const struct conv_event *step_of(const struct change *c)
{
    for (size_t i = 0; i < c->n_acts; i++)
        if (c->acts[i].kind == ACT_STEP)
            return &c->acts[i].u.step;
    return NULL;
}

/* R2: reserved and wrapping up are Redis' to count; what is in the store must fit all the more. What people do by hand (taking over, handing
 * to somebody, giving back) may exceed it, and may do so while a match is under way. */
static void check_load(struct world *w, const struct kf_id *agent, const struct kf_id *conv)
{
    char hex[33], own[33];
    int64_t load;

    for (int k = 0; k < 16; k++) {
        (void)snprintf(hex + 2 * k, 3, "%02X", agent->b[k]);
        (void)snprintf(own + 2 * k, 3, "%02X", conv->b[k]);
    }
    load =
        world_number(w,
                     "SELECT coalesce(sum(weight), 0) FROM conversation c WHERE ((state IN (2,3) AND hex(owner) = '%s') OR (state = 5 AND "
                     "hex(last_agent) = '%s' AND wrapup_until > %lld)) AND (CASE state WHEN 2 THEN until - %d ELSE served_at END < %lld "
                     "OR hex(id) = '%s' OR " MATCHED ")",
                     hex, hex, (long long)w->now + (w->skewed ? 2 * SKEW_MS : 0), HANDED_MS, (long long)w->now - SETTLED_MS, own);
    if (load > w->capacity)
        wrong(w, "R2: an agent of %d places was matched to %lld", w->capacity, (long long)load);
}

/* Nobody is given what he does not know before the ring that lets it go. */
static void check_skills(struct world *w, const struct conv *before, const struct kf_id *agent)
{
    int64_t waited = w->now + (w->skewed ? 2 * SKEW_MS : 0) - before->queued_at;
    unsigned needs = needs_of(&before->queue, waited);

    for (int i = 0; w->skilled && i < w->n_agents; i++)
        if (id_eq(&w->agents[i].id, agent) && needs & ~skills_of(i))
            wrong(w, "R4: after %lld ms in %s somebody was matched who does not know it", (long long)waited, before->queue.s);
}

void look_at_commit(struct world *w, const struct change *c, const struct news *news)
{
    const struct conv *a = &news->before, *b = &news->conv;
    const struct conv_event *step = step_of(c);

    w->commits++;
    if (news->duplicate)
        w->duplicates++;
    if (news->opened && !news->duplicate)
        w->opened++;
    if (!news->has_conv || news->duplicate || news->opened)
        return;
    if (b->epoch < a->epoch)
        wrong(w, "an epoch went back");
    if (a->state == CONV_SERVED && b->state == CONV_SERVED && !id_eq(&a->owner, &b->owner) && step && step->kind != CONV_TRANSFER_PERSON &&
        step->kind != CONV_TAKE && step->kind != CONV_REFUSE) /* refused: it is with who handed it over again */
        wrong(w, "a conversation that was served got another owner by an automatic match");
    if (step && (step->kind == CONV_ASSIGN || step->kind == CONV_OFFER)) {
        w->matches++;
        check_load(w, &b->owner, &b->id);
        check_skills(w, a, &b->owner);
        if (b->epoch <= a->epoch)
            wrong(w, "R1: a match was committed under the epoch of another");
        if (a->epoch != step->epoch)
            wrong(w, "a match was committed on epoch %lld, decided on %lld", (long long)a->epoch, (long long)step->epoch);
    }
    if (step && step->kind == CONV_ACCEPT && c->by.role == ROLE_SYSTEM)
        check_load(w, &b->owner, &b->id); /* what was handed over has waited for a place, and found one */
    if (b->state == CONV_OFFERED && b->until > w->now + HANDED_MS + 2 * SKEW_MS)
        wrong(w, "P7: an offer ends only in %lld ms", (long long)(b->until - w->now));
    if (step && step->kind == CONV_STAFF_SAYS && (a->epoch != step->epoch || !id_eq(&a->owner, &c->by.id)))
        wrong(w, "an agent's message was stored under an epoch that was not its own");
    if (step && (step->kind == CONV_RETURN || step->kind == CONV_REFUSE)) {
        w->returns++;
        if (a->arrived_at != b->arrived_at || a->priority != b->priority)
            wrong(w, "a conversation that went back to the queue lost its first arrival");
    }
}

/* ---- the oracle over the database ---- */

static sqlite3 *open_db(struct world *w)
{
    sqlite3 *db;

    assert(sqlite3_open_v2(w->url + strlen("sqlite:"), &db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK);
    sqlite3_busy_timeout(db, 5000);
    return db;
}

static int64_t number(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *s;
    int64_t ret = -1;

    if (sqlite3_prepare_v2(db, sql, -1, &s, NULL) != SQLITE_OK) {
        (void)fprintf(stderr, "%s: %s\n", sql, sqlite3_errmsg(db));
        abort();
    }
    if (sqlite3_step(s) == SQLITE_ROW)
        ret = sqlite3_column_int64(s, 0);
    sqlite3_finalize(s);
    return ret;
}

/* All of them, or those that have come since the last time. */
static void check_acks(struct world *w, sqlite3 *db, bool all)
{
    sqlite3_stmt *s;

    assert(sqlite3_prepare_v2(
               db, "SELECT count(*) FROM message m JOIN conversation c ON c.n = m.conv WHERE c.id = ?1 AND m.seq = ?2 AND m.cid = ?3", -1,
               &s, NULL) == SQLITE_OK);
    for (size_t i = all ? 0 : w->checked_acks; i < w->n_acks; i++) {
        const struct ack *a = &w->acks[i];

        sqlite3_bind_blob(s, 1, a->conv.b, 16, SQLITE_STATIC);
        sqlite3_bind_int64(s, 2, a->seq);
        sqlite3_bind_text(s, 3, a->cid, -1, SQLITE_STATIC);
        if (sqlite3_step(s) != SQLITE_ROW || sqlite3_column_int64(s, 0) != 1)
            wrong(w, "an acknowledged message is not there: %s seq %lld", a->cid, (long long)a->seq);
        sqlite3_reset(s);
    }
    w->checked_acks = w->n_acks;
    sqlite3_finalize(s);
}

/* Of agents who are online, as the store has it, and have a socket on a node that runs: how many there are, and places. */
static int online(struct world *w, sqlite3 *db, int *places)
{
    int n = 0;

    *places = 0;
    for (int i = 0; i < w->n_agents; i++) {
        const struct agent_model *a = &w->agents[i];
        char hex[33], sql[300];

        if (!a->seat.conn || !a->seat.welcomed || w->nodes[a->seat.node].paused)
            continue;
        for (int k = 0; k < 16; k++)
            (void)snprintf(hex + 2 * k, 3, "%02X", a->id.b[k]);
        (void)snprintf(sql, sizeof(sql), "SELECT presence FROM member WHERE hex(person) = '%s'", hex);
        if (number(db, sql) != PRESENCE_ONLINE)
            continue;
        (void)snprintf(sql, sizeof(sql), "SELECT coalesce(sum(weight), 0) FROM conversation WHERE state IN (2,3) AND hex(owner) = '%s'",
                       hex);
        n++;
        *places += (w->capacity - (int)number(db, sql)) / w->weight;
    }
    return n;
}

/* R6: whatever was opened is still somewhere. */
static void check_lost(struct world *w, sqlite3 *db)
{
    int64_t kept = number(db, "SELECT count(*) FROM conversation WHERE state BETWEEN 0 AND 5");

    if (kept < (int64_t)w->opened)
        wrong(w, "R6: %llu were opened, %lld are there", (unsigned long long)w->opened, (long long)kept);
}

/* R3, P7: whatever was to happen at a time has happened. */
static void check_deadlines(struct world *w, sqlite3 *db)
{
    long long past = (long long)w->now - CALM_MS;
    char sql[300];
    int places;

    (void)snprintf(sql, sizeof(sql), "SELECT count(*) FROM conversation WHERE state = 1 AND queued_at < %lld",
                   past - (w->skilled ? LIMIT_MS : 1800000));
    if (number(db, sql))
        wrong(w, "R3: somebody waits for longer than the limit");
    (void)snprintf(sql, sizeof(sql), "SELECT count(*) FROM conversation WHERE due_at < %lld", past);
    if (number(db, sql))
        wrong(w, "P7: something was due long ago, and nobody has looked");
    (void)snprintf(sql, sizeof(sql), "SELECT count(*) FROM conversation WHERE state = 4 AND until = 0 AND queued_at < %lld",
                   (long long)w->now - PARKED_MS - CALM_MS);
    if (number(db, sql) && online(w, db, &places))
        wrong(w, "P7: somebody left a message, and agents are there by now");
}

/* R8: after a calm time nobody is with an agent who has long been gone. */
static void check_lost_agents(struct world *w, sqlite3 *db)
{
    char sql[300];

    for (int i = 0; i < w->n_agents; i++) {
        char hex[33];

        if (w->agents[i].seat.conn || !w->agents[i].gone_at || w->now - w->agents[i].gone_at < GRACE_MS + CALM_MS)
            continue;
        for (int k = 0; k < 16; k++)
            (void)snprintf(hex + 2 * k, 3, "%02X", w->agents[i].id.b[k]);
        (void)snprintf(sql, sizeof(sql), "SELECT count(*) FROM conversation WHERE state IN (2,3) AND hex(owner) = '%s'", hex);
        if (number(db, sql))
            wrong(w, "R8: a conversation is still with an agent who has been gone for %lld s",
                  (long long)(w->now - w->agents[i].gone_at) / 1000);
    }
}

void world_check(struct world *w, bool calm)
{
    sqlite3 *db = open_db(w);
    int places = 0;

    if (number(db, "SELECT count(*) FROM (SELECT conv, cid FROM message WHERE cid IS NOT NULL AND cid <> '' GROUP BY conv, role, cid "
                   "HAVING count(*) > 1)"))
        wrong(w, "P2: one cid, two messages");
    if (number(db, "SELECT count(*) FROM (SELECT conv FROM message GROUP BY conv HAVING count(*) <> max(seq) OR min(seq) <> 1)"))
        wrong(w, "P3: a conversation's seq has gaps");
    if (number(db, "SELECT count(*) FROM conversation WHERE (state IN (2,3)) <> (owner IS NOT NULL)"))
        wrong(w, "P5: owner and state do not go together");
    /* Whoever takes something by hand, or is handed it, may have more. */
    if (number(db, "SELECT coalesce(max(n), 0) FROM (SELECT sum(weight) n FROM conversation c WHERE state IN (2,3) GROUP BY owner HAVING "
                   "min(" MATCHED ") = 1)") > w->capacity)
        wrong(w, "P5: an agent was given more than its capacity");
    if (number(db, "SELECT count(*) FROM (SELECT 1 FROM " SAID_BY_RULES " GROUP BY conv, rule, cause HAVING count(*) > 1)"))
        wrong(w, "P2: a visitor read twice what a rule says for one cause");
    /* With skills and refusals a place may suit nobody: check_used() knows. */
    if (calm && !w->skilled && number(db, "SELECT count(*) FROM conversation WHERE state = 1") > 0 && online(w, db, &places) && places > 0)
        wrong(w, "P5: %lld wait while %d places are free", (long long)number(db, "SELECT count(*) FROM conversation WHERE state = 1"),
              places);
    if (calm && number(db, "SELECT count(*) FROM conversation WHERE ruled_seq < seq"))
        wrong(w, "P7: rules have not looked at something for seconds");
    check_lost(w, db);
    if (calm) {
        check_deadlines(w, db);
        check_lost_agents(w, db);
    }
    check_acks(w, db, calm);
    sqlite3_close(db);
    if (calm && w->skilled) {
        check_live(w);
        check_used(w);
    }
}

int64_t world_number(struct world *w, const char *fmt, ...)
{
    char sql[1200];
    sqlite3 *db = open_db(w);
    int64_t ret;
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(sql, sizeof(sql), fmt, ap);
    va_end(ap);
    ret = number(db, sql);
    sqlite3_close(db);
    return ret;
}

void world_words(struct world *w, char *ret, size_t n, const char *fmt, ...)
{
    char sql[1200];
    sqlite3 *db = open_db(w);
    sqlite3_stmt *s;
    size_t at = 0;
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(sql, sizeof(sql), fmt, ap);
    va_end(ap);
    *ret = '\0';
    assert(sqlite3_prepare_v2(db, sql, -1, &s, NULL) == SQLITE_OK);
    while (sqlite3_step(s) == SQLITE_ROW && at < n)
        at += (size_t)snprintf(ret + at, n - at, "%s\n", (const char *)sqlite3_column_text(s, 0));
    assert(at < n);
    sqlite3_finalize(s);
    sqlite3_close(db);
}
