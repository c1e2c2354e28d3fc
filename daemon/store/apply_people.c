/* The acts on people: visitors and staff. */
#include "store/apply.h"

#define PROFILE_BYTES 16384 /* as in statements.def */

/* ---- contacts and customers ---------------------------------------------------------------------------------------------- */

static bool write_new_contact(struct work *w)
{
    const struct opening *o = w->change->opening;
    struct stmt *s = stmt_begin(w->db, SQL_CUSTOMER_ADD);

    stmt_id(s, &w->customer);
    stmt_str(s, w->change->site.s);
    stmt_str(s, o->name ? o->name : "");
    stmt_str(s, o->profile ? o->profile : "{}");
    stmt_i64(s, w->change->at);
    if (!run(w, s))
        return false;
    s = stmt_begin(w->db, SQL_CONTACT_ADD);
    stmt_id(s, &w->contact);
    stmt_str(s, w->change->site.s);
    stmt_str(s, o->channel.s);
    stmt_str(s, o->address);
    stmt_id(s, &w->customer);
    stmt_i64(s, o->verified);
    stmt_i64(s, w->change->at);
    return run(w, s);
}

static bool write_merge(struct work *w, const struct kf_id *customer, const char *profile)
{
    struct stmt *s = stmt_begin(w->db, SQL_CUSTOMER_PROFILE);

    stmt_str(s, profile);
    stmt_id(s, customer);
    return run(w, s);
}

static bool write_name(struct work *w, const struct kf_id *customer, const char *name)
{
    struct stmt *s = stmt_begin(w->db, SQL_CUSTOMER_NAME);

    stmt_str(s, name);
    stmt_id(s, customer);
    return run(w, s);
}

/* Who is known keeps the words of old when a new conversation has none. */
bool write_contact(struct work *w)
{
    const struct opening *o = w->change->opening;
    struct stmt *s;

    if (w->contact_new)
        return write_new_contact(w);
    if (w->contact_verify) {
        s = stmt_begin(w->db, SQL_CONTACT_VERIFIED);
        stmt_id(s, &w->contact);
        if (!run(w, s))
            return false;
    }
    if (!w->opens || id_is_zero(&w->customer))
        return true;
    if (o->name && *o->name && !write_name(w, &w->customer, o->name))
        return false;
    return !o->profile || write_merge(w, &w->customer, o->profile);
}

static bool run_rename(struct work *w, enum sql which, const struct act *act)
{
    struct stmt *s = stmt_begin(w->db, which);

    stmt_str(s, act->u.rename.to);
    stmt_str(s, act->u.rename.channel.s);
    stmt_str(s, act->u.rename.from);
    stmt_str(s, w->change->site.s);
    return run(w, s);
}

/* What this batch has found under the old name or not found under the new one is looked up again. */
static void forget_places(struct batch *b, const struct change *c, const struct act *act)
{
    for (size_t i = 0; i < BATCH_TABLE; i++)
        for (struct place *p = b->places[i]; p; p = p->next)
            if (key_eq(&p->site, &c->site) && key_eq(&p->channel, &act->u.rename.channel) &&
                (strcmp(p->peer, act->u.rename.from) == 0 || strcmp(p->peer, act->u.rename.to) == 0)) {
                p->looked = false;
                p->newest = NULL;
            }
}

static bool write_rename(struct work *w, const struct op *op)
{
    const struct act *act = op->what;

    forget_places(w->batch, w->change, act);
    return run_rename(w, SQL_CONTACT_RENAME, act) && run_rename(w, SQL_CONV_RENAME, act);
}

bool plan_rename(struct work *w, const struct act *act)
{
    if (!act->u.rename.from || !act->u.rename.to || !*act->u.rename.to || strcmp(act->u.rename.from, act->u.rename.to) == 0)
        return refuse(w, KF_INVALID, "a name that changes into nothing, or not at all");
    return op_add(w, write_rename, act, NULL, 0);
}

static bool write_profile(struct work *w, const struct op *op)
{
    return write_merge(w, op->what, op->more);
}

bool plan_profile(struct work *w, const struct act *act)
{
    const struct actor *by = &w->change->by;
    struct kf_id *customer = ARENA_NEW(w->arena, struct kf_id);
    int64_t size = 0;
    struct stmt *s;

    if (!customer)
        return refuse(w, KF_NOMEM, "out of memory");
    if (by->role == ROLE_VISITOR && !id_is_zero(&by->id)) {
        s = stmt_begin(w->db, SQL_CONTACT_CUSTOMER);
        stmt_id(s, &by->id);
        if (stmt_row(s))
            get_id(s, customer);
        if (!ended(w, s))
            return false;
    }
    if (id_is_zero(customer))
        *customer = w->row.conv.customer;
    if (id_is_zero(customer))
        return refuse(w, KF_ABSENT, "nobody is known yet: a profile begins with the first message");
    s = stmt_begin(w->db, SQL_CUSTOMER_PROFILE_SIZE);
    stmt_str(s, act->u.profile);
    stmt_id(s, customer);
    if (stmt_row(s))
        size = get_i64(s);
    if (!ended(w, s))
        return false;
    if (size > PROFILE_BYTES)
        return refuse(w, KF_LIMIT, "too much is known of this person: a profile has at most %d characters", PROFILE_BYTES);
    return op_add(w, write_profile, customer, act->u.profile, 0);
}

/* ---- staff ------------------------------------------------------------------------------------------------------------------- */

static bool write_person(struct work *w, const struct op *op)
{
    const struct person *p = op->what;
    struct stmt *s = stmt_begin(w->db, SQL_PERSON_SAVE);

    stmt_id(s, &p->id);
    stmt_str(s, p->email ? p->email : "");
    stmt_str(s, p->name ? p->name : "");
    stmt_str(s, p->password);
    stmt_i64(s, p->disabled);
    stmt_i64(s, p->created_at ? p->created_at : w->change->at);
    return run(w, s);
}

bool plan_person(struct work *w, const struct act *act)
{
    const struct person *p = &act->u.person;
    struct stmt *s = stmt_begin(w->db, SQL_PERSON_EMAIL_TAKEN);
    bool taken;

    stmt_str(s, p->email ? p->email : "");
    stmt_id(s, &p->id);
    taken = stmt_row(s);
    if (!ended(w, s))
        return false;
    if (taken)
        return refuse(w, KF_CONFLICT, "somebody else has this e-mail address");
    return op_add(w, write_person, p, NULL, 0);
}

static bool write_member(struct work *w, const struct op *op)
{
    const struct member *m = op->what;
    struct stmt *s = stmt_begin(w->db, SQL_MEMBER_SAVE);
    char queues[KF_KEYS_TEXT], skills[KF_KEYS_TEXT];

    stmt_str(s, m->site.s);
    stmt_id(s, &m->person);
    stmt_i64(s, m->roles);
    stmt_str(s, m->number ? m->number : "");
    stmt_i64(s, m->capacity);
    stmt_str(s, keys_text(m->queues, m->n_queues, queues));
    stmt_str(s, skills_text(m, skills));
    stmt_i64(s, m->disabled);
    return run(w, s);
}

bool plan_member(struct work *w, const struct act *act)
{
    const struct member *m = act->u.member;

    if (m->n_queues > MEMBER_QUEUES_MAX || m->n_skills > MEMBER_SKILLS_MAX)
        return refuse(w, KF_LIMIT, "too many queues or skills");
    return op_add(w, write_member, m, NULL, 0);
}

/* Two administrators who take each other's role in one instant are told apart here, for what is asked before the commit both find. The
 * rows are locked first, so that with several nodes the second one sees what the first has left. */
bool plan_not_last(struct work *w, const struct act *act)
{
    struct stmt *s = stmt_begin(w->db, SQL_ADMINS_LOCK);
    const char *site = NULL;

    stmt_id(s, &act->u.not_last.person);
    stmt_str(s, act->u.not_last.site.s);
    while (stmt_row(s))
        continue;
    if (!ended(w, s))
        return false;
    s = stmt_begin(w->db, SQL_ADMIN_LAST);
    stmt_id(s, &act->u.not_last.person);
    stmt_str(s, act->u.not_last.site.s);
    if (stmt_row(s))
        site = get_str(s, w->arena);
    if (!ended(w, s))
        return false;
    return site ? refuse(w, KF_CONFLICT, "this is the last administrator of the site \"%s\": make somebody else one first", site) : true;
}

static bool write_presence(struct work *w, const struct op *op)
{
    const struct act *act = op->what;
    const char *reason = act->u.presence.reason ? act->u.presence.reason : "";
    struct stmt *s = stmt_begin(w->db, SQL_PRESENCE_SET);

    stmt_i64(s, act->u.presence.presence);
    stmt_str(s, reason);
    stmt_i64(s, w->change->at);
    stmt_str(s, w->change->site.s);
    stmt_id(s, &act->u.presence.person);
    if (!run(w, s))
        return false;
    s = stmt_begin(w->db, SQL_PRESENCE_ADD);
    stmt_str(s, w->change->site.s);
    stmt_id(s, &act->u.presence.person);
    stmt_i64(s, w->change->at);
    stmt_i64(s, act->u.presence.presence);
    stmt_str(s, reason);
    return run(w, s);
}

bool plan_presence(struct work *w, const struct act *act)
{
    struct stmt *s = stmt_begin(w->db, SQL_MEMBER_FIND);
    bool any;

    stmt_str(s, w->change->site.s);
    stmt_id(s, &act->u.presence.person);
    any = stmt_row(s);
    if (!ended(w, s))
        return false;
    return any ? op_add(w, write_presence, act, NULL, 0) : refuse(w, KF_ABSENT, "there is no such member");
}

/* ---- sessions and sign-in ------------------------------------------------------------------------------------------------------ */

static struct slice bytes32(const uint8_t b[32])
{
    return (struct slice){ (const char *)b, 32 };
}

static bool is_empty(const uint8_t b[32])
{
    static const uint8_t none[32];

    return memcmp(b, none, sizeof(none)) == 0;
}

static bool write_session(struct work *w, const struct op *op)
{
    const struct act *act = op->what;
    const struct act_session *n = &act->u.session;
    struct stmt *s;

    if (act->kind == ACT_SESSION_TOUCH) {
        s = stmt_begin(w->db, SQL_SESSION_TOUCH);
        stmt_i64(s, w->change->at);
        stmt_bytes(s, bytes32(n->hash));
    } else if (act->kind == ACT_SESSION) {
        s = stmt_begin(w->db, SQL_SESSION_ADD);
        stmt_bytes(s, bytes32(n->hash));
        stmt_id(s, &n->person);
        stmt_bytes(s, bytes32(n->csrf));
        stmt_i64(s, w->change->at);
        stmt_i64(s, n->expires_at);
        stmt_str(s, n->address);
    } else if (is_empty(n->hash)) {
        s = stmt_begin(w->db, SQL_SESSION_END_ALL);
        stmt_id(s, &n->person);
    } else {
        s = stmt_begin(w->db, SQL_SESSION_END);
        stmt_bytes(s, bytes32(n->hash));
    }
    return run(w, s);
}

bool plan_session(struct work *w, const struct act *act)
{
    return op_add(w, write_session, act, NULL, 0);
}

/* Failures are counted for the account and for the address, each by itself: one guesses at one account from everywhere, another at
 * all accounts from one place. From the fifth on the next try has to wait 1 s, 2 s, 4 s ... 15 min. A success clears the
 * account; the address calms down after an hour. */
#define LOGIN_FREE     5
#define LOGIN_WAIT_MAX (15 * 60 * 1000)
#define LOGIN_FORGET   (60 * 60 * 1000)

struct login_row {
    const char *account, *address;
    int64_t failures, next_at;
};

static int64_t login_wait(int64_t failures, int64_t allowed)
{
    int64_t ms = 1000;

    if (failures < allowed)
        return 0;
    for (int64_t i = allowed; i < failures && ms < LOGIN_WAIT_MAX; i++)
        ms *= 2;
    return ms < LOGIN_WAIT_MAX ? ms : LOGIN_WAIT_MAX;
}

static bool write_login_failure(struct work *w, const struct op *op)
{
    const struct login_row *r = op->what;
    struct stmt *s = stmt_begin(w->db, SQL_LOGIN_SET);

    stmt_str(s, r->account);
    stmt_str(s, r->address);
    stmt_i64(s, r->failures);
    stmt_i64(s, w->change->at);
    stmt_i64(s, r->next_at);
    return run(w, s);
}

static bool plan_login_failure(struct work *w, const char *account, const char *address, int allowed)
{
    struct stmt *s = stmt_begin(w->db, SQL_LOGIN_GET);
    struct login_row *r = ARENA_NEW(w->arena, struct login_row);
    int64_t failures = 0, at = 0;

    stmt_str(s, account);
    stmt_str(s, address);
    if (stmt_row(s)) {
        failures = get_i64(s);
        at = get_i64(s);
    }
    if (!ended(w, s))
        return false;
    if (!r)
        return refuse(w, KF_NOMEM, "out of memory");
    if (w->change->at - at > LOGIN_FORGET)
        failures = 0;
    failures++;
    *r = (struct login_row){ account, address, failures, w->change->at + login_wait(failures, allowed) };
    return op_add(w, write_login_failure, r, NULL, 0);
}

static bool write_login_clear(struct work *w, const struct op *op)
{
    struct stmt *s = stmt_begin(w->db, SQL_LOGIN_CLEAR);

    stmt_str(s, op->what);
    stmt_str(s, "");
    return run(w, s);
}

bool plan_login(struct work *w, const struct act *act)
{
    const char *account = act->u.login.account ? act->u.login.account : "";
    const char *address = act->u.login.address ? act->u.login.address : "";
    int allowed = act->u.login.allowed ? act->u.login.allowed : LOGIN_FREE;

    if (act->u.login.ok)
        return op_add(w, write_login_clear, account, NULL, 0);
    if (*account && !plan_login_failure(w, account, "", allowed))
        return false;
    return !*address || plan_login_failure(w, "", address, allowed);
}
