/* checks_try.c: what a check would have found in what was closed, before it is saved: its hits with their lines, and which of them the present
 * document does not have, or has and would lose. A page at a time; whose words are shown is in the audit log before they are. */
#include "api/masking.h"
#include "api/reviews.h"
#include "settings/checks.h"

#include <stdlib.h>

#define TRIED_MAX 100 /* conversations of one page: a reader's thread looks at them in a fraction of a second */
#define WEEK_MS   (7 * 86400000LL)
#define SPAN_MAX  (31 * 86400000LL)

struct trying {
    struct turn *turn;
    struct arena *arena;
    struct site *site;    /* held while the store reads: its words and hours are looked at with */
    struct check both[2]; /* as it would be, as it is now */
    struct checking checking;
    struct kf_key queues[MEMBER_QUEUES_MAX];
    size_t n_queues;
    json_t *answer, *conversations;
    size_t hits, before, fresh, gone, looked;
};

static void trying_end(struct trying *y)
{
    json_decref(y->answer);
    json_decref(y->conversations);
    site_unref(y->site);
    arena_free(y->arena);
    free(y);
}

static bool may_see(const struct trying *y, const struct checked *k)
{
    size_t i = 0;

    while (i < y->n_queues && !key_eq(&y->queues[i], &k->queue))
        i++;
    return !y->n_queues || i < y->n_queues;
}

static bool has_hit(const struct trying *y, const struct checked *k, size_t which, int64_t seq)
{
    for (size_t i = 0; i < k->found.n; i++)
        if (k->found.hits[i].check == &y->both[which] && k->found.hits[i].seq == seq)
            return true;
    return false;
}

static json_t *line_json(struct trying *y, struct query *q, const struct checked *k, size_t i, const char *change)
{
    const struct check_hit *h = &k->found.hits[i];
    struct slice text = k->lines[i].text;
    char id[KF_ID_TEXT];
    json_t *ret;

    if (!masking_text(q->arena, &text))
        text = SLICE("");
    ret = json_pack("{s:s,s:s,s:I,s:I,s:s,s:s%,s:s}", "conversation", id_text(&k->conv, id), "queue", k->queue.s, "closed_at",
                    (json_int_t)k->closed_at, "seq", (json_int_t)h->seq, "from", role_name(k->lines[i].from.role), "text",
                    text.p ? text.p : "", text.n, "change", change);
    if (!id_is_zero(&h->agent))
        (void)json_object_set_new(ret, "agent", review_person(y->turn, &y->site->key, &h->agent));
    if (h->ms)
        (void)json_object_set_new(ret, "ms", json_integer(h->ms));
    if (h->word)
        (void)json_object_set_new(ret, "word", json_string(h->word));
    return ret;
}

static void add_conversation(struct trying *y, struct query *q, const struct checked *k, json_t *items)
{
    char id[KF_ID_TEXT];

    y->looked++;
    for (size_t i = 0; i < k->found.n; i++) {
        bool now = k->found.hits[i].check == &y->both[1], same = has_hit(y, k, now ? 0 : 1, k->found.hits[i].seq);

        y->before += now;
        y->hits += !now;
        y->fresh += !now && !same;
        y->gone += now && !same;
        if (!now || !same)
            (void)json_array_append_new(items, line_json(y, q, k, i, now ? "gone" : same ? "same" : "new"));
    }
    if (k->found.n)
        (void)json_array_append_new(y->conversations, json_string(id_text(&k->conv, id)));
}

static void answered(void *ctx, enum kf_rc rc, const struct news *news, const struct kf_err *why)
{
    struct trying *y = ctx;

    (void)news;
    if (rc)
        turn_fail(y->turn, rc, why);
    else
        turn_jansson(y->turn, 200, json_incref(y->answer));
    trying_end(y);
}

/* Whose words are shown is written down first. */
static void note_trying(struct trying *y)
{
    const struct ports *p = turn_ports(y->turn);
    struct change *c = change_new(&y->site->key, p->now_ms(p->ctx));
    json_t *data = json_pack("{s:s,s:O}", "check", y->both[0].key.s, "conversations", y->conversations);
    char *text = data ? json_dumps(data, JSON_COMPACT) : NULL;

    json_decref(data);
    if (!c || !text) {
        change_free(c);
        free(text);
        answered(y, KF_NOMEM, NULL, NULL);
        return;
    }
    c->by = turn_actor(y->turn, c);
    change_act(c, ACT_AUDIT)->u.entry =
        (struct entry){ .at = c->at, .kind = "check_tried", .by = c->by, .data = change_text(c, slice_of(text)) };
    free(text);
    p->commit(p->ctx, c, answered, y);
}

static void have_tried(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct trying *y = ctx;
    json_t *items;

    if (rc) {
        turn_fail(y->turn, rc, why);
        trying_end(y);
        return;
    }
    items = json_array();
    for (size_t i = 0; i < q->n_checked; i++)
        if (may_see(y, &q->checked[i]))
            add_conversation(y, q, &q->checked[i], items);
    y->answer = json_pack("{s:o,s:I,s:I,s:I,s:I,s:I,s:o}", "items", items, "looked", (json_int_t)y->looked, "hits", (json_int_t)y->hits,
                          "before", (json_int_t)y->before, "new", (json_int_t)y->fresh, "gone", (json_int_t)y->gone, "next",
                          q->number ? json_integer(q->number) : json_null());
    if (json_array_size(y->conversations))
        note_trying(y);
    else
        answered(y, KF_OK, NULL, NULL);
}

/* ---- what is tried --------------------------------------------------------------------------------------------------------------------- */

static bool number_of(struct turn *t, const json_t *body, const char *name, int64_t *ret)
{
    const json_t *v = json_object_get(body, name);

    if (v && (!json_is_integer(v) || json_integer_value(v) < 0)) {
        turn_problem(t, 400, "%s: milliseconds since 1970 UTC", name);
        return false;
    }
    if (v)
        *ret = json_integer_value(v);
    return true;
}

/* False: answered. */
static bool take_check(struct trying *y, const json_t *body)
{
    const char *key = json_string_value(json_object_get(body, "key"));
    const struct check *present;
    struct kf_err why = { .rc = KF_OK };
    struct kf_key name;
    enum kf_rc rc;
    char *text;

    if (!key || !key_parse(slice_of(key), &name)) {
        turn_problem(y->turn, 400, "key: the key of the check, 1 to 32 of a-z 0-9 _ -");
        return false;
    }
    if (!json_is_object(json_object_get(body, "check"))) {
        turn_problem(y->turn, 400, "check: the document to be tried");
        return false;
    }
    text = json_dumps(json_object_get(body, "check"), JSON_COMPACT);
    rc = text ? check_parse(slice_of(text), &name, 0, y->arena, &y->both[0], &why) : KF_NOMEM;
    free(text);
    if (rc) {
        turn_fail(y->turn, rc, &why);
        return false;
    }
    y->both[0].off = false; /* whoever tries it wants to know */
    present = site_check(y->site, &name);
    if (present)
        y->both[1] = *present;
    desk_checking(y->site, y->both, present ? 2 : 1, &y->checking);
    return true;
}

static bool take_span(struct trying *y, const json_t *body, struct query *q)
{
    q->now = turn_ports(y->turn)->now_ms(turn_ports(y->turn)->ctx);
    q->before = q->now;
    if (!number_of(y->turn, body, "to", &q->before))
        return false;
    q->after = q->before > WEEK_MS ? q->before - WEEK_MS : 0;
    if (!number_of(y->turn, body, "from", &q->after))
        return false;
    if (q->before - q->after <= SPAN_MAX)
        return true;
    turn_problem(y->turn, 400, "from, to: at most 31 days");
    return false;
}

static void post_try(struct turn *t)
{
    const struct member *m;
    struct site *site = turn_site(t, &m);
    struct trying *y;
    struct query *q;
    json_t *body;

    if (!site)
        return;
    if (!permit(m, VERB_CHECKS, &site->key, NULL)) {
        turn_problem(t, 403, "checks are tried by supervisors");
        return;
    }
    if (!(body = turn_body(t)))
        return;
    y = calloc(1, sizeof(*y));
    q = query_new(QUERY_TRY_CHECK);
    if (y)
        *y = (struct trying){ .turn = t, .arena = arena_new(0), .site = site_ref(site), .conversations = json_array() };
    if (!y || !q || !y->arena)
        turn_problem(t, 500, "out of memory");
    else if (take_check(y, body) && take_span(y, body, q)) {
        y->n_queues = m->n_queues;
        memcpy(y->queues, m->queues, m->n_queues * sizeof(m->queues[0]));
        q->site = site->key;
        q->limit = TRIED_MAX;
        q->checking = &y->checking;
        turn_ports(t)->read(turn_ports(t)->ctx, q, have_tried, y);
        y = NULL;
        q = NULL;
    }
    json_decref(body);
    if (q)
        arena_free(q->arena);
    if (y)
        trying_end(y);
}

const struct route_entry routes_checks_try[] = { { "POST", "/api/v1/checks/try", GATE_STAFF, post_try }, { NULL, NULL, GATE_OPEN, NULL } };
