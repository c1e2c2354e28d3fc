/* totp.c: the second factor of whoever is signed in: set up with the password, confirmed, taken away with a code. An administrator resets it (people.c). */
#include "totp.h"
#include "api/api.h"
#include "config.h"
#include "password.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int64_t clock_ms(struct turn *t)
{
    return turn_ports(t)->now_ms(turn_ports(t)->ctx);
}

/* One act on one's own second factor. It lives in the turn's arena. */
struct factor {
    struct turn *turn;
    const char *email;
    struct slice code;
    struct slice password; /* setting one up: who sits there must know it; wiped */
    const char *hash;
    enum kf_rc verdict;
    uint8_t secret[TOTP_BYTES];
    bool confirm; /* else: take it away */
    int64_t step;
    uint8_t hashes[RECOVERY_CODES][32];
    char codes[RECOVERY_CODES][RECOVERY_TEXT];
};

/* Before the turn is answered: the answer frees it, and `f` with it. */
static void factor_wipe(struct factor *f)
{
    explicit_bzero(f->secret, sizeof(f->secret));
    explicit_bzero(f->codes, sizeof(f->codes));
    if (f->password.p)
        explicit_bzero((char *)(uintptr_t)f->password.p, f->password.n); /* our own copy */
}

static struct factor *factor_new(struct turn *t)
{
    struct factor *f = ARENA_NEW(t->arena, struct factor);

    if (f)
        f->turn = t;
    else
        turn_problem(t, 500, "out of memory");
    return f;
}

/* `kind` is of the audit log. NULL: answered. */
static struct change *factor_change(struct factor *f, const char *kind)
{
    struct turn *t = f->turn;
    struct change *c = change_new(NULL, clock_ms(t));

    if (!c) {
        turn_problem(t, 500, "out of memory");
        return NULL;
    }
    c->by = (struct actor){ .role = ROLE_AGENT, .id = t->person, .name = "" };
    change_act(c, ACT_AUDIT)->u.entry =
        (struct entry){ .at = c->at, .kind = kind, .by = c->by, .data = change_printf(c, "{\"address\":\"%s\"}", t->peer.address) };
    return c;
}

static void ask(struct factor *f, enum query_kind kind, store_answer *done)
{
    struct query *q = query_new(kind);

    if (!q) {
        turn_problem(f->turn, 500, "out of memory");
        return;
    }
    q->id = f->turn->person;
    turn_ports(f->turn)->read(turn_ports(f->turn)->ctx, q, done, f);
}

static void commit(struct factor *f, struct change *c, store_done *done)
{
    turn_ports(f->turn)->commit(turn_ports(f->turn)->ctx, c, done, f);
}

/* ---- is there one? ---- */

static void have_state(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct factor *f = ctx;
    json_t *root;

    if (rc && rc != KF_ABSENT) {
        turn_fail(f->turn, rc, why);
        return;
    }
    if (rc || !q->totp.confirmed_at) {
        turn_jansson(f->turn, 200, json_pack("{s:s}", "state", rc ? "off" : "pending"));
        return;
    }
    root = json_pack("{s:s,s:I,s:i}", "state", "on", "since", (json_int_t)q->totp.confirmed_at, "recovery_left", q->totp.recovery_left);
    turn_jansson(f->turn, 200, root);
}

static void get_totp(struct turn *t)
{
    struct factor *f = factor_new(t);

    if (f)
        ask(f, QUERY_TOTP, have_state);
}

/* ---- setting one up ---- */

static void begun(void *ctx, enum kf_rc rc, const struct news *news, const struct kf_err *why)
{
    struct factor *f = ctx;
    struct turn *t = f->turn;
    char text[TOTP_TEXT], uri[TOTP_URI];
    bool fits = totp_uri(f->secret, f->email, uri);

    (void)news;
    (void)totp_text(f->secret, text);
    factor_wipe(f);
    if (rc)
        turn_fail(t, rc, why);
    else if (!fits)
        turn_problem(t, 500, "the address does not fit");
    else
        turn_jansson(t, 201, json_pack("{s:s,s:s}", "secret", text, "uri", uri));
    explicit_bzero(text, sizeof(text));
    explicit_bzero(uri, sizeof(uri));
}

/* ---- with the password, or a code: a wrong one costs as much as at signing in ---- */

static void wrong(struct factor *f)
{
    bool password = f->password.p != NULL;

    factor_wipe(f);
    if (password)
        turn_problem_as(f->turn, 422, "password_wrong", "the password is wrong: it is the one that you sign in with");
    else
        turn_problem_as(f->turn, 422, "totp_wrong", "the code is wrong, too old, or was used before");
}

static void counted(void *ctx, enum kf_rc rc, const struct news *news, const struct kf_err *why)
{
    struct factor *f = ctx;

    (void)news;
    if (rc)
        turn_fail(f->turn, rc, why);
    else
        wrong(f);
}

static void count(struct factor *f)
{
    struct change *c;
    struct act *act;

    if (!f->password.p && !totp_form(f->code) && !recovery_hash(&f->turn->person, f->code, f->hashes[0])) {
        wrong(f); /* a slip, and no guess */
        return;
    }
    c = factor_change(f, f->password.p ? "password_failed" : "totp_failed");
    if (!c)
        return;
    act = change_act(c, ACT_LOGIN);
    act->u.login.account = change_text(c, slice_of(f->email));
    act->u.login.address = change_text(c, slice_of(f->turn->peer.address));
    act->u.login.allowed = (int)turn_config(f->turn)->cfg->limits.login_failures;
    commit(f, c, counted);
}

static void confirmed(void *ctx, enum kf_rc rc, const struct news *news, const struct kf_err *why)
{
    struct factor *f = ctx;
    json_t *codes;

    (void)news;
    if (rc) {
        factor_wipe(f);
        turn_fail(f->turn, rc, why);
        return;
    }
    codes = json_array();
    for (size_t i = 0; i < RECOVERY_CODES; i++)
        json_array_append_new(codes, json_string(f->codes[i]));
    factor_wipe(f);
    turn_jansson(f->turn, 200, json_pack("{s:o}", "recovery", codes));
}

static void confirm(struct factor *f)
{
    struct turn *t = f->turn;
    struct change *c = factor_change(f, "totp_on");
    struct act *act;

    if (!c)
        return;
    for (size_t i = 0; i < RECOVERY_CODES; i++) {
        uint8_t chance[RECOVERY_BYTES];

        turn_ports(t)->chance(turn_ports(t)->ctx, chance, sizeof(chance));
        recovery_text(chance, f->codes[i]);
        c->failed |= !recovery_hash(&t->person, slice_of(f->codes[i]), f->hashes[i]);
    }
    act = change_act(c, ACT_TOTP_CONFIRM);
    act->u.totp.person = t->person;
    act->u.totp.step = f->step;
    act->u.totp.codes = f->hashes;
    commit(f, c, confirmed);
}

static void ended(void *ctx, enum kf_rc rc, const struct news *news, const struct kf_err *why)
{
    struct factor *f = ctx;

    (void)news;
    if (rc == KF_AUTH)
        count(f);
    else if (rc)
        turn_fail(f->turn, rc, why);
    else
        turn_empty(f->turn, 204);
}

static void end(struct factor *f)
{
    struct change *c = factor_change(f, "totp_off");
    struct act *act;

    if (!c)
        return;
    act = change_act(c, ACT_TOTP_USE);
    act->u.totp.person = f->turn->person;
    act->u.totp.step = f->step;
    act->u.totp.codes = f->hashes;
    act = change_act(c, ACT_TOTP_END);
    act->u.totp.person = f->turn->person;
    commit(f, c, ended);
}

static void have_factor(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct factor *f = ctx;
    bool known = !rc && (q->totp.confirmed_at != 0) != f->confirm;

    if (rc && rc != KF_ABSENT)
        turn_fail(f->turn, rc, why);
    else if (!known)
        turn_problem(f->turn, 409, f->confirm ? "no second factor waits to be confirmed" : "there is no second factor");
    else {
        f->step = totp_match(q->totp.secret, f->code, clock_ms(f->turn));
        if (f->confirm && f->step)
            confirm(f);
        else if (!f->confirm && (f->step || recovery_hash(&f->turn->person, f->code, f->hashes[0])))
            end(f);
        else
            count(f);
    }
}

static void begin(struct factor *f)
{
    struct turn *t = f->turn;
    struct change *c = factor_change(f, "totp_begun");
    struct act *act;

    if (!c)
        return;
    turn_ports(t)->chance(turn_ports(t)->ctx, f->secret, sizeof(f->secret));
    act = change_act(c, ACT_TOTP);
    act->u.totp.person = t->person;
    memcpy(act->u.totp.secret, f->secret, sizeof(f->secret));
    commit(f, c, begun);
}

static void verify(void *arg)
{
    struct factor *f = arg;

    f->verdict = password_verify(f->hash, f->password);
}

static void verified(void *arg)
{
    struct factor *f = arg;

    if (f->verdict == KF_OK)
        begin(f);
    else
        count(f);
}

static void have_delay(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct factor *f = ctx;
    struct kf_err slow = { 0 };

    if (!rc && q->number > 0) {
        rc = kf_fail(&slow, KF_RATE, "too many failed tries: wait %lld s", (long long)(q->number + 999) / 1000);
        slow.retry_after_ms = (int32_t)(q->number < INT32_MAX ? q->number : INT32_MAX);
        why = &slow;
    }
    if (rc) {
        factor_wipe(f);
        turn_fail(f->turn, rc, why);
    } else if (f->password.p)
        turn_config(f->turn)->work(turn_config(f->turn)->ctx, verify, verified, f);
    else
        ask(f, QUERY_TOTP, have_factor);
}

static void have_account(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct factor *f = ctx;
    struct turn *t = f->turn;
    struct query *next = rc ? NULL : query_new(QUERY_LOGIN);

    if (!next) {
        turn_fail(t, rc ? rc : KF_NOMEM, why);
        return;
    }
    f->email = arena_text(t->arena, slice_of(q->person->email));
    f->hash = q->person->password ? arena_text(t->arena, slice_of(q->person->password)) : NULL;
    next->text = arena_copy(next->arena, slice_of(q->person->email));
    next->text2 = arena_copy(next->arena, slice_of(t->peer.address));
    next->now = clock_ms(t);
    turn_ports(t)->read(turn_ports(t)->ctx, next, have_delay, f);
}

static void with_code(struct turn *t, bool confirm_it)
{
    json_t *root = turn_body(t);
    const char *code = json_string_value(json_object_get(root, "code"));
    struct factor *f;

    if (!root)
        return;
    if (!code || strlen(code) > 64)
        turn_problem(t, 400, "code is wanted: what the app shows, as text");
    else if ((f = factor_new(t))) {
        f->confirm = confirm_it;
        f->code = arena_copy(t->arena, slice_of(code));
        ask(f, QUERY_PERSON, have_account);
    }
    json_decref(root);
}

static void post_totp(struct turn *t)
{
    json_t *root = turn_body(t);
    const json_t *password = json_object_get(root, "password");
    struct factor *f;

    if (!root)
        return;
    if (!json_is_string(password) || !json_string_length(password) || json_string_length(password) > PASSWORD_MAX * 4)
        turn_problem(t, 400, "password is wanted: the one that you sign in with, as text");
    else if ((f = factor_new(t))) {
        f->password = arena_copy(t->arena, (struct slice){ json_string_value(password), json_string_length(password) });
        if (f->password.p)
            ask(f, QUERY_PERSON, have_account);
        else
            turn_problem(t, 500, "out of memory");
    }
    json_decref(root);
}

static void post_confirm(struct turn *t)
{
    with_code(t, true);
}

static void post_disable(struct turn *t)
{
    with_code(t, false);
}

const struct route_entry routes_totp[] = { { "GET", "/api/v1/session/totp", GATE_STAFF, get_totp },
                                           { "POST", "/api/v1/session/totp", GATE_STAFF, post_totp },
                                           { "POST", "/api/v1/session/totp/confirm", GATE_STAFF, post_confirm },
                                           { "POST", "/api/v1/session/totp/disable", GATE_STAFF, post_disable },
                                           { NULL, NULL, GATE_OPEN, NULL } };
