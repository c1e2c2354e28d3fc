/* Which conversation is a change about? Conversations and places as one batch sees them: read once, kept until its commit. */
#include "store/apply.h"

#include "core/hash.h"

#include <inttypes.h>

#define LIST_MAX (BATCH_MAX * 24) /* of numbers, as text */

/* ---- slots and places --------------------------------------------------------------------------------------------------------- */

static uint64_t hash_place(const struct kf_key *site, const struct kf_key *channel, const char *peer)
{
    uint64_t h = HASH_BASIS;

    h = hash_more(h, site->s, strlen(site->s) + 1);
    h = hash_more(h, channel->s, strlen(channel->s) + 1);
    h = hash_more(h, peer, strlen(peer));
    return h ? h : 1; /* 0 is "no place": those go first */
}

static size_t bucket_of(const struct kf_id *id)
{
    return hash_more(HASH_BASIS, id->b, sizeof(id->b)) % BATCH_TABLE;
}

void batch_init(struct batch *b, struct db *db, struct arena *a)
{
    memset(b, 0, sizeof(*b));
    b->db = db;
    b->arena = a;
}

bool batch_no_memory(struct batch *b)
{
    const struct kf_err why = { .rc = KF_NOMEM, .text = "out of memory" };

    return batch_lost(b, KF_NOMEM, &why);
}

static struct place *place_get(struct batch *b, const struct kf_key *site, const struct kf_key *channel, const char *peer)
{
    uint64_t h = hash_place(site, channel, peer);
    struct place **bucket = &b->places[h % BATCH_TABLE], *p;

    for (p = *bucket; p; p = p->next)
        if (p->hash == h && key_eq(&p->site, site) && key_eq(&p->channel, channel) && strcmp(p->peer, peer) == 0)
            return p;
    p = ARENA_NEW(b->arena, struct place);
    if (!p || !(p->peer = arena_text(b->arena, slice_of(peer)))) {
        (void)batch_no_memory(b);
        return NULL;
    }
    p->hash = h;
    p->site = *site;
    p->channel = *channel;
    p->next = *bucket;
    return *bucket = p;
}

static struct slot *slot_find(struct batch *b, const struct kf_id *id)
{
    struct slot *s = b->slots[bucket_of(id)];

    while (s && !id_eq(&s->row.conv.id, id))
        s = s->next;
    return s;
}

struct slot *slot_add(struct batch *b, const struct conv_row *row)
{
    struct slot **bucket = &b->slots[bucket_of(&row->conv.id)];
    struct slot *s = ARENA_NEW(b->arena, struct slot);

    if (!s) {
        (void)batch_no_memory(b);
        return NULL;
    }
    s->row = *row;
    s->place = place_get(b, &row->conv.site, &row->conv.channel, row->conv.peer);
    if (!s->place)
        return NULL;
    s->next = *bucket;
    return *bucket = s;
}

/* Reads one row of a statement that selects conversations. False: the database failed. *ret is NULL if there is none. */
static bool slot_read(struct batch *b, struct stmt *s, struct slot **ret)
{
    struct conv_row row = { .n = 0 };
    struct kf_err why = { .rc = KF_OK };
    bool any = stmt_row(s);
    enum kf_rc rc;

    if (any)
        row_conv(s, b->arena, &row);
    rc = stmt_end(s, &why);
    *ret = NULL;
    if (rc)
        return batch_lost(b, rc, &why);
    if (any && !(*ret = slot_find(b, &row.conv.id)) && !(*ret = slot_add(b, &row)))
        return false;
    return true;
}

static bool slot_get(struct batch *b, const struct kf_id *id, struct slot **ret)
{
    struct stmt *s;

    *ret = slot_find(b, id);
    if (*ret)
        return true;
    s = stmt_begin(b->db, SQL_CONV_BY_ID);
    stmt_id(s, id);
    return slot_read(b, s, ret);
}

bool place_look(struct batch *b, struct place *p)
{
    struct stmt *s;

    if (p->looked)
        return true;
    s = stmt_begin(b->db, SQL_CONV_NEWEST);
    stmt_str(s, p->channel.s);
    stmt_str(s, p->peer);
    stmt_str(s, p->site.s);
    if (!slot_read(b, s, &p->newest))
        return false;
    p->looked = true;
    return true;
}

bool place_newest(struct work *w)
{
    return !w->slot || place_look(w->batch, w->slot->place);
}

/* ---- what a change is about ------------------------------------------------------------------------------------------------------ */

static const char *act_ref(const struct act *a)
{
    switch (a->kind) {
    case ACT_STATUS:
        return a->u.status.seq ? NULL : a->u.status.ref;
    case ACT_EDIT:
    case ACT_REMOVE:
        return a->u.edit.seq ? NULL : a->u.edit.ref;
    default:
        return NULL;
    }
}

static bool id_by(struct batch *b, enum sql which, const struct change *c, const char *ref, struct kf_id *ret)
{
    struct stmt *s = stmt_begin(b->db, which);
    struct kf_err why = { .rc = KF_OK };
    enum kf_rc rc;

    stmt_str(s, ref);
    stmt_str(s, c->site.s);
    stmt_str(s, *c->channel.s ? c->channel.s : c->opening ? c->opening->channel.s : "");
    if (stmt_row(s))
        get_id(s, ret);
    rc = stmt_end(s, &why);
    return rc ? batch_lost(b, rc, &why) : true;
}

static bool id_of_ref(struct batch *b, const struct change *c, const char *ref, struct kf_id *ret)
{
    return id_by(b, SQL_CONV_OF_REF, c, ref, ret) && (!id_is_zero(ret) || id_by(b, SQL_REF_CONV, c, ref, ret));
}

static bool id_of_errand(struct batch *b, const struct kf_id *errand, struct kf_id *ret)
{
    struct stmt *s = stmt_begin(b->db, SQL_ERRAND_CONV);
    struct kf_err why = { .rc = KF_OK };
    enum kf_rc rc;

    stmt_id(s, errand);
    if (stmt_row(s))
        get_id(s, ret);
    rc = stmt_end(s, &why);
    return rc ? batch_lost(b, rc, &why) : true;
}

/* A change that names no conversation may still be about one: that of the message or the errand of its first such act. */
static bool id_of_acts(struct batch *b, const struct change *c, struct kf_id *ret)
{
    for (size_t i = 0; i < c->n_acts; i++) {
        const struct act *a = &c->acts[i];

        if (act_ref(a))
            return id_of_ref(b, c, act_ref(a), ret);
        if (a->kind == ACT_ERRAND_CLAIM || a->kind == ACT_ERRAND_SETTLE || a->kind == ACT_ERRAND_DROP)
            return id_of_errand(b, &a->u.errand.id, ret);
        if (a->kind == ACT_ERRAND) {
            *ret = a->u.errand.conv;
            return true;
        }
    }
    return true;
}

bool says_something(const struct change *c)
{
    if (c->opening && c->opening->joins)
        return false;
    for (size_t i = 0; i < c->n_acts; i++)
        if (c->acts[i].kind == ACT_MESSAGE || c->acts[i].kind == ACT_STEP)
            return true;
    return false;
}

bool batch_resolve(struct batch *b, struct job *job)
{
    const struct change *c = job->change;
    struct kf_id id = c->conv;

    job->slot = NULL;
    job->place = NULL;
    job->order = 0;
    job->rc = KF_OK;
    job->news = NULL;
    if (id_is_zero(&id) && !(c->opening && says_something(c)) && !id_of_acts(b, c, &id))
        return false;
    if (!id_is_zero(&id)) {
        if (!slot_get(b, &id, &job->slot))
            return false;
        job->place = job->slot ? job->slot->place : NULL;
    } else if (c->opening)
        if (!(job->place = place_get(b, &c->site, &c->opening->channel, c->opening->peer)))
            return false;
    if (job->place)
        job->order = job->place->hash;
    return true;
}

/* ---- where several nodes write ------------------------------------------------------------------------------------------------------ */

static bool run_list(struct batch *b, struct stmt *s, struct buf *list)
{
    struct kf_err why = { .rc = KF_OK };
    enum kf_rc rc;

    buf_char(list, '}');
    if (!buf_ok(list)) {
        (void)stmt_end(s, NULL);
        return batch_no_memory(b);
    }
    stmt_text(s, buf_slice(list));
    while (stmt_row(s)) {
        struct conv_row row = { .n = 0 };
        struct slot *slot;

        if (s == &b->db->stmts[SQL_LOCK_PLACES])
            continue;
        row_conv(s, b->arena, &row);
        slot = slot_find(b, &row.conv.id);
        if (slot)
            slot->row = row;
    }
    rc = stmt_end(s, &why);
    return rc ? batch_lost(b, rc, &why) : true;
}

/* What was read to find the places may be of before the lock. */
static bool read_again(struct batch *b)
{
    struct buf list;
    bool any = false, ret = true;

    buf_init(&list, LIST_MAX);
    for (size_t i = 0; i < BATCH_TABLE; i++)
        for (const struct slot *s = b->slots[i]; s; s = s->next) {
            buf_printf(&list, "%c%" PRId64, any ? ',' : '{', s->row.n);
            any = true;
        }
    if (any)
        ret = run_list(b, stmt_begin(b->db, SQL_CONV_AGAIN), &list);
    buf_finish(&list);
    return ret;
}

bool batch_lock(struct batch *b, struct job *const *sorted, size_t n)
{
    struct buf list;
    uint64_t last = 0;
    bool ret = true;

    if (!b->db->ops->shared)
        return true;
    buf_init(&list, LIST_MAX);
    for (size_t i = 0; i < n; i++)
        if (sorted[i]->order != last) {
            buf_printf(&list, "%c%" PRId64, last ? ',' : '{', (int64_t)sorted[i]->order);
            last = sorted[i]->order;
        }
    if (last)
        ret = run_list(b, stmt_begin(b->db, SQL_LOCK_PLACES), &list);
    buf_finish(&list);
    return ret && read_again(b);
}
