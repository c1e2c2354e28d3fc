/* The acts on access beside passwords: keys of programs, second factors. */
#include "store/apply.h"

static struct slice bytes32(const uint8_t b[32])
{
    return (struct slice){ (const char *)b, 32 };
}

/* ---- keys ------------------------------------------------------------------------------------------------------------------- */

static bool write_key(struct work *w, const struct op *op)
{
    const struct act *act = op->what;
    const struct api_key *k = &act->u.key.key;
    struct stmt *s;

    if (act->kind != ACT_KEY) {
        s = stmt_begin(w->db, act->kind == ACT_KEY_TOUCH ? SQL_KEY_TOUCH : SQL_KEY_END);
        stmt_i64(s, w->change->at);
        stmt_id(s, &k->id);
        return run(w, s);
    }
    s = stmt_begin(w->db, SQL_KEY_ADD);
    stmt_id(s, &k->id);
    stmt_bytes(s, bytes32(act->u.key.hash));
    stmt_str(s, k->site.s);
    stmt_str(s, k->name);
    stmt_str(s, k->verbs);
    stmt_id(s, &k->by);
    stmt_str(s, k->by_name ? k->by_name : "");
    stmt_i64(s, w->change->at);
    stmt_i64(s, k->expires_at);
    return run(w, s);
}

bool plan_key(struct work *w, const struct act *act)
{
    struct stmt *s;
    bool alive;

    if (act->kind == ACT_KEY_END) {
        s = stmt_begin(w->db, SQL_KEY_FIND);
        stmt_id(s, &act->u.key.key.id);
        stmt_str(s, w->change->site.s);
        alive = stmt_row(s) && get_i64(s) == 0;
        if (!ended(w, s))
            return false;
        if (!alive)
            return refuse(w, KF_ABSENT, "there is no such key");
    }
    return op_add(w, write_key, act, NULL, 0);
}

/* ---- second factors ---------------------------------------------------------------------------------------------------------- */

static bool forget(struct work *w, enum sql which, const struct kf_id *person)
{
    struct stmt *s = stmt_begin(w->db, which);

    stmt_id(s, person);
    return run(w, s);
}

struct sealed_factor {
    struct kf_id person;
    struct slice secret;
};

static bool write_totp_new(struct work *w, const struct op *op)
{
    const struct sealed_factor *f = op->what;
    struct stmt *s = stmt_begin(w->db, SQL_TOTP_SET);

    stmt_id(s, &f->person);
    stmt_bytes(s, f->secret);
    stmt_i64(s, w->change->at);
    return run(w, s);
}

static bool plan_totp_new(struct work *w, const struct act_totp *t)
{
    struct sealed_factor *f = ARENA_NEW(w->arena, struct sealed_factor);
    struct kf_err why = { .rc = KF_OK };

    if (!f)
        return refuse(w, KF_NOMEM, "out of memory");
    f->person = t->person;
    if (!vault_close_factor(w->vault, w->arena, &t->person, (struct slice){ (const char *)t->secret, sizeof(t->secret) }, &f->secret, &why))
        return refuse(w, why.rc, "%s", why.text);
    return op_add(w, write_totp_new, f, NULL, 0);
}

static bool write_totp_end(struct work *w, const struct op *op)
{
    const struct act_totp *t = op->what;

    return forget(w, SQL_RECOVERY_END, &t->person) && forget(w, SQL_TOTP_END, &t->person);
}

static bool write_totp_confirm(struct work *w, const struct op *op)
{
    const struct act_totp *t = op->what;
    struct stmt *s = stmt_begin(w->db, SQL_TOTP_CONFIRM);

    stmt_i64(s, w->change->at);
    stmt_i64(s, t->step);
    stmt_id(s, &t->person);
    if (!run(w, s) || !forget(w, SQL_RECOVERY_END, &t->person))
        return false;
    for (size_t i = 0; i < RECOVERY_CODES; i++) {
        s = stmt_begin(w->db, SQL_RECOVERY_ADD);
        stmt_id(s, &t->person);
        stmt_bytes(s, bytes32(t->codes[i]));
        if (!run(w, s))
            return false;
    }
    return true;
}

static bool write_totp_use(struct work *w, const struct op *op)
{
    const struct act_totp *t = op->what;
    struct stmt *s = stmt_begin(w->db, t->step ? SQL_TOTP_STEP : SQL_RECOVERY_USE);

    stmt_i64(s, t->step ? t->step : w->change->at);
    stmt_id(s, &t->person);
    if (!t->step)
        stmt_bytes(s, bytes32(t->codes[0]));
    return run(w, s);
}

static bool recovery_unused(struct work *w, const struct act_totp *t, bool *ret)
{
    struct stmt *s = stmt_begin(w->db, SQL_RECOVERY_FIND);

    stmt_id(s, &t->person);
    stmt_bytes(s, bytes32(t->codes[0]));
    *ret = stmt_row(s) && get_i64(s) == 0;
    return ended(w, s);
}

bool plan_totp(struct work *w, const struct act *act)
{
    const struct act_totp *t = &act->u.totp;
    struct stmt *s = stmt_begin(w->db, SQL_TOTP_FIND);
    int64_t confirmed = 0, step = 0;
    bool any, unused = false;

    stmt_id(s, &t->person);
    any = stmt_row(s);
    if (any) {
        confirmed = get_i64(s);
        step = get_i64(s);
    }
    if (!ended(w, s))
        return false;
    switch (act->kind) {
    case ACT_TOTP:
        return confirmed ? refuse(w, KF_CONFLICT, "there is a second factor already") : plan_totp_new(w, t);
    case ACT_TOTP_CONFIRM:
        return any && !confirmed ? op_add(w, write_totp_confirm, t, NULL, 0)
                                 : refuse(w, KF_CONFLICT, "no second factor waits to be confirmed");
    case ACT_TOTP_USE:
        if (confirmed && !t->step && !recovery_unused(w, t, &unused))
            return false;
        if (!confirmed || (t->step ? t->step <= step : !unused))
            return refuse(w, KF_AUTH, "this code is wrong or was used before");
        return op_add(w, write_totp_use, t, NULL, 0);
    default:
        return any ? op_add(w, write_totp_end, t, NULL, 0) : refuse(w, KF_ABSENT, "there is no second factor");
    }
}
