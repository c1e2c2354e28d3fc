/* The acts on what is neither talk nor people. */
#include "store/apply.h"

static bool write_document(struct work *w, const struct op *op)
{
    const struct act_document *d = op->what;
    const struct actor *by = &w->change->by;
    struct stmt *s = stmt_begin(w->db, SQL_DOCUMENT_ADD);

    stmt_str(s, w->change->site.s);
    stmt_str(s, d->kind.s);
    stmt_str(s, d->key.s);
    stmt_i64(s, d->version);
    stmt_i64(s, w->change->at);
    stmt_i64(s, by->role);
    stmt_id(s, &by->id);
    stmt_str(s, by->name);
    stmt_str(s, d->body ? d->body : "{}");
    return run(w, s);
}

static bool with_sealed_document(struct work *w, const struct act_document *d, struct act_document **ret)
{
    struct act_document *sealed = ARENA_NEW(w->arena, struct act_document);
    struct slice body = slice_of(d->body ? d->body : "{}");
    struct kf_err why = { .rc = KF_OK };

    if (!sealed)
        return refuse(w, KF_NOMEM, "out of memory");
    if (!vault_close_document(w->vault, w->arena, &w->change->site, &d->kind, &d->key, body, &body, &why))
        return refuse(w, why.rc, "%s", why.text);
    *sealed = *d;
    sealed->body = arena_text(w->arena, body);
    *ret = sealed;
    return sealed->body || refuse(w, KF_NOMEM, "out of memory");
}

/* ---- channels at whose address nobody is any more ---- */

#define GONE "gone"
#define BACK "back" /* when somebody was there: what left before tells nothing new */

static bool write_mark(struct work *w, const struct kf_key *channel, const char *name)
{
    struct stmt *s = stmt_begin(w->db, SQL_BLOB_SET);

    stmt_str(s, w->change->site.s);
    stmt_str(s, channel->s);
    stmt_str(s, name);
    stmt_bytes(s, SLICE(""));
    stmt_i64(s, w->change->at);
    return run(w, s);
}

static bool write_gone(struct work *w, const struct op *op)
{
    return write_mark(w, op->what, GONE);
}

/* The answer may be that of an address which the document does not name any more, or of the time before the platform was there again. */
bool plan_channel_gone(struct work *w, const struct act *act)
{
    struct stmt *s = stmt_begin(w->db, SQL_CHANNEL_GONE_SAVED);
    bool saved;

    stmt_str(s, w->change->site.s);
    stmt_str(s, act->u.gone.channel.s);
    stmt_i64(s, act->u.gone.since);
    saved = stmt_row(s) && get_i64(s) > 0;
    return ended(w, s) && (saved || op_add(w, write_gone, &act->u.gone.channel, NULL, 0));
}

static bool write_back(struct work *w, const struct op *op)
{
    const struct kf_key *channel = op->what;
    struct stmt *s = stmt_begin(w->db, SQL_CHANNEL_GONE_END);

    stmt_str(s, w->change->site.s);
    stmt_str(s, channel->s);
    return run(w, s) && write_mark(w, channel, BACK);
}

bool plan_channel_back(struct work *w, const struct kf_key *channel)
{
    return op_add(w, write_back, channel, NULL, 0);
}

/* ---- */

bool plan_document(struct work *w, const struct act *act)
{
    const struct act_document *d = &act->u.document;
    struct act_document *sealed = NULL;
    struct stmt *s = stmt_begin(w->db, SQL_DOCUMENT_VERSION);
    int64_t now = 0;

    stmt_str(s, w->change->site.s);
    stmt_str(s, d->kind.s);
    stmt_str(s, d->key.s);
    if (stmt_row(s))
        now = get_i64(s);
    if (!ended(w, s))
        return false;
    if (d->version != now + 1)
        return refuse(w, KF_CONFLICT, "%s %s was changed meanwhile: it is at version %lld; read it again", d->kind.s, d->key.s,
                      (long long)now);
    w->news->version = d->version;
    if (strcmp(d->kind.s, "channel") == 0 && !plan_channel_back(w, &d->key))
        return false;
    return with_sealed_document(w, d, &sealed) && op_add(w, write_document, sealed, NULL, 0);
}

static bool write_file(struct work *w, const struct op *op)
{
    const struct act_file *f = op->what;
    const struct actor *by = &w->change->by;
    struct stmt *s = stmt_begin(w->db, SQL_FILE_ADD);

    stmt_id(s, &f->id);
    stmt_str(s, w->change->site.s);
    stmt_bytes(s, (struct slice){ (const char *)f->sha256, sizeof(f->sha256) });
    stmt_i64(s, f->size);
    stmt_str(s, f->name ? f->name : "");
    stmt_str(s, f->mime ? f->mime : "");
    stmt_i64(s, f->width);
    stmt_i64(s, f->height);
    stmt_i64(s, w->change->at);
    stmt_i64(s, by->role);
    stmt_id(s, &by->id);
    stmt_str(s, by->name);
    return run(w, s);
}

bool plan_file(struct work *w, const struct act *act)
{
    return op_add(w, write_file, &act->u.file, NULL, 0);
}

static bool write_audit(struct work *w, const struct op *op)
{
    const struct entry *e = op->what;
    struct actor by = actor_of(w, &e->by);
    struct kf_err why = { .rc = KF_OK };
    struct ledger_row row = { .site = w->change->site.s,
                              .at = w->change->at,
                              .kind = e->kind ? e->kind : "",
                              .role = by.role,
                              .by = by.id,
                              .name = by.name,
                              .conv = w->has_conv ? w->row.conv.id : w->change->conv,
                              .data = e->data ? e->data : "{}" };

    return stored(w, ledger_add(w->batch->ledger, &w->batch->page, w->db, &row, &why), &why);
}

bool plan_audit(struct work *w, const struct act *act)
{
    return op_add(w, write_audit, &act->u.entry, NULL, 0);
}

static bool write_lease(struct work *w, const struct op *op)
{
    const struct act_lease *l = op->what;
    struct stmt *s;

    if (l->take && op->number == 0) { /* nobody has ever held it */
        s = stmt_begin(w->db, SQL_LEASE_ADD);
        stmt_i64(s, l->shard);
        stmt_id(s, &l->node);
        stmt_i64(s, 1);
    } else if (l->take) {
        s = stmt_begin(w->db, SQL_LEASE_TAKE);
        stmt_id(s, &l->node);
        stmt_i64(s, l->shard);
        stmt_i64(s, l->epoch);
    } else {
        s = stmt_begin(w->db, SQL_LEASE_BEAT);
        stmt_i64(s, l->shard);
        stmt_id(s, &l->node);
        stmt_i64(s, l->epoch);
    }
    return run(w, s);
}

bool plan_lease(struct work *w, const struct act *act)
{
    const struct act_lease *l = &act->u.lease;
    struct stmt *s = stmt_begin(w->db, SQL_LEASE_GET);
    struct kf_id node = { { 0 } };
    int64_t epoch = 0;

    stmt_i64(s, l->shard);
    if (stmt_row(s)) {
        get_id(s, &node);
        epoch = get_i64(s);
    }
    if (!ended(w, s))
        return false;
    if (epoch != l->epoch || (!l->take && !id_eq(&node, &l->node)))
        return refuse(w, KF_CONFLICT, "shard %d is at epoch %lld", l->shard, (long long)epoch);
    w->news->version = l->take ? epoch + 1 : epoch;
    return op_add(w, write_lease, l, NULL, epoch);
}

static bool write_blob(struct work *w, const struct op *op)
{
    const struct act *act = op->what;
    struct slice bytes = act->u.blob.bytes;
    struct stmt *s = stmt_begin(w->db, SQL_BLOB_SET);

    stmt_str(s, w->change->site.s);
    stmt_str(s, act->u.blob.channel.s);
    stmt_str(s, act->u.blob.name ? act->u.blob.name : "");
    stmt_bytes(s, bytes.p ? bytes : SLICE(""));
    stmt_i64(s, w->change->at);
    return run(w, s);
}

static bool write_raw(struct work *w, const struct op *op)
{
    const struct act *act = op->what;
    struct stmt *s = stmt_begin(w->db, SQL_RAW_ADD);
    char kind[RAW_KIND];

    raw_kind(&w->row.conv.id, w->n_messages ? w->messages[0].seq : 0, kind);
    stmt_str(s, w->change->site.s);
    stmt_str(s, act->u.blob.channel.s);
    stmt_str(s, kind);
    stmt_i64(s, w->change->at);
    stmt_bytes(s, act->u.blob.bytes.p ? act->u.blob.bytes : SLICE(""));
    return run(w, s);
}

bool plan_raw(struct work *w, const struct act *act)
{
    return op_add(w, write_raw, act, NULL, 0);
}

/* An access token is a secret; where somebody has got to is none. */
static bool is_token(const struct act *act)
{
    return act->u.blob.name && strcmp(act->u.blob.name, "token") == 0;
}

/* At once, because whether it is free is part of the question. */
static bool hold_blob(struct work *w, const struct act *act)
{
    struct stmt *s = stmt_begin(w->db, SQL_BLOB_HOLD);
    bool got;

    stmt_str(s, w->change->site.s);
    stmt_str(s, act->u.blob.channel.s);
    stmt_str(s, act->u.blob.name);
    stmt_bytes(s, act->u.blob.bytes);
    stmt_i64(s, w->change->at);
    stmt_i64(s, w->change->at - act->u.blob.hold_ms);
    got = stmt_row(s);
    return ended(w, s) && (got || refuse(w, KF_CONFLICT, "somebody else has it"));
}

bool plan_blob(struct work *w, const struct act *act)
{
    struct act *sealed = is_token(act) ? ARENA_NEW(w->arena, struct act) : NULL;
    struct kf_err why = { .rc = KF_OK };

    if (act->u.blob.hold_ms)
        return hold_blob(w, act);
    if (!is_token(act))
        return op_add(w, write_blob, act, NULL, 0);
    if (!sealed)
        return refuse(w, KF_NOMEM, "out of memory");
    *sealed = *act;
    if (!vault_close_token(w->vault, w->arena, &w->change->site, &act->u.blob.channel, act->u.blob.bytes, &sealed->u.blob.bytes, &why))
        return refuse(w, why.rc, "%s", why.text);
    return op_add(w, write_blob, sealed, NULL, 0);
}
