/* oracle.c: what must hold: at each commit, and in the database whenever somebody looks. */
#include "inside.h"

/* ---- the oracle at each commit ---- */

static const struct conv_event *step_of(const struct change *c)
{
    for (size_t i = 0; i < c->n_acts; i++)
        if (c->acts[i].kind == ACT_STEP)
            return &c->acts[i].u.step;
    return NULL;
}

void look_at_commit(struct world *w, const struct change *c, const struct news *news)
{
    const struct conv *a = &news->before, *b = &news->conv;
    const struct conv_event *step = step_of(c);

    w->commits++;
    if (news->duplicate)
        w->duplicates++;
    if (!news->has_conv || news->duplicate || news->opened)
        return;
    if (b->epoch < a->epoch)
        wrong(w, "an epoch went back");
    if (a->state == CONV_SERVED && b->state == CONV_SERVED && !id_eq(&a->owner, &b->owner) && step && step->kind != CONV_TRANSFER_PERSON &&
        step->kind != CONV_TAKE)
        wrong(w, "a conversation that was served got another owner by an automatic match");
    if (step && (step->kind == CONV_ASSIGN || step->kind == CONV_OFFER)) {
        w->matches++;
        if (a->epoch != step->epoch)
            wrong(w, "a match was committed on epoch %lld, decided on %lld", (long long)a->epoch, (long long)step->epoch);
    }
    if (step && step->kind == CONV_STAFF_SAYS && (a->epoch != step->epoch || !id_eq(&a->owner, &c->by.id)))
        wrong(w, "an agent's message was stored under an epoch that was not its own");
    if (step && (step->kind == CONV_RETURN || step->kind == CONV_REFUSE)) {
        w->returns++;
        if (a->arrived_at != b->arrived_at || a->priority != b->priority)
            wrong(w, "a conversation that went back to the queue lost its first arrival");
    }
}

/* ---- the oracle over the database ---- */

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

static void check_acks(struct world *w, sqlite3 *db)
{
    sqlite3_stmt *s;

    assert(sqlite3_prepare_v2(
               db, "SELECT count(*) FROM message m JOIN conversation c ON c.n = m.conv WHERE c.id = ?1 AND m.seq = ?2 AND m.cid = ?3", -1,
               &s, NULL) == SQLITE_OK);
    for (size_t i = 0; i < w->n_acks; i++) {
        const struct ack *a = &w->acks[i];

        sqlite3_bind_blob(s, 1, a->conv.b, 16, SQLITE_STATIC);
        sqlite3_bind_int64(s, 2, a->seq);
        sqlite3_bind_text(s, 3, a->cid, -1, SQLITE_STATIC);
        if (sqlite3_step(s) != SQLITE_ROW || sqlite3_column_int64(s, 0) != 1)
            wrong(w, "an acknowledged message is not there: %s seq %lld", a->cid, (long long)a->seq);
        sqlite3_reset(s);
    }
    sqlite3_finalize(s);
}

/* Places of agents who are online, as the store has it, and who have a socket on a node that runs. */
static int online_free(struct world *w, sqlite3 *db)
{
    int places = 0;

    for (int i = 0; i < AGENTS; i++) {
        const struct agent_model *a = &w->agents[i];
        char hex[33], sql[300];

        if (!a->seat.conn || !a->seat.welcomed || w->nodes[a->seat.node].paused)
            continue;
        for (int k = 0; k < 16; k++)
            (void)snprintf(hex + 2 * k, 3, "%02X", a->id.b[k]);
        (void)snprintf(sql, sizeof(sql), "SELECT presence FROM member WHERE hex(person) = '%s'", hex);
        if (number(db, sql) != PRESENCE_ONLINE)
            continue;
        (void)snprintf(sql, sizeof(sql), "SELECT count(*) FROM conversation WHERE state IN (2,3) AND hex(owner) = '%s'", hex);
        places += CAPACITY - (int)number(db, sql);
    }
    return places;
}

void world_check(struct world *w, bool calm)
{
    sqlite3 *db;

    assert(sqlite3_open_v2(w->url + strlen("sqlite:"), &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK);
    sqlite3_busy_timeout(db, 5000);
    if (number(db, "SELECT count(*) FROM (SELECT conv, cid FROM message WHERE cid IS NOT NULL AND cid <> '' GROUP BY conv, role, cid "
                   "HAVING count(*) > 1)"))
        wrong(w, "P2: one cid, two messages");
    if (number(db, "SELECT count(*) FROM (SELECT conv FROM message GROUP BY conv HAVING count(*) <> max(seq) OR min(seq) <> 1)"))
        wrong(w, "P3: a conversation's seq has gaps");
    if (number(db, "SELECT count(*) FROM conversation WHERE (state IN (2,3)) <> (owner IS NOT NULL)"))
        wrong(w, "P5: owner and state do not go together");
    if (number(db, "SELECT count(*) FROM (SELECT owner FROM conversation WHERE state IN (2,3) GROUP BY owner HAVING count(*) > 2)"))
        wrong(w, "P5: an agent was given more than its capacity");
    if (number(db, "SELECT count(*) FROM (SELECT conv FROM firing GROUP BY conv, rule, cause HAVING count(*) > 1)"))
        wrong(w, "P2: a rule fired twice for one cause");
    if (calm && number(db, "SELECT count(*) FROM conversation WHERE state = 1") > 0 && online_free(w, db) > 0)
        wrong(w, "P5: %lld wait while %d places are free", (long long)number(db, "SELECT count(*) FROM conversation WHERE state = 1"),
              online_free(w, db));
    if (calm && number(db, "SELECT count(*) FROM conversation WHERE ruled_seq < seq"))
        wrong(w, "P7: rules have not looked at something for seconds");
    check_acks(w, db);
    sqlite3_close(db);
}
