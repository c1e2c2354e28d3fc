/* session.c: signing in and out. The order of work keeps a wrong password from costing more than a look-up when somebody guesses: first the
 * delay for account and address, then the hash, on a worker. */
#include "api/api.h"
#include "config.h"
#include "password.h"
#include "totp.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ABSOLUTE_MS    (7LL * 24 * 3600 * 1000)
#define TOKEN_BYTES    32
#define PASSWORD_BYTES 1024
/* Tries at a time: a failure counts when it is stored, and until then others of the same account or address would pass. */
#define ACCOUNT_TRIES 2
#define ADDRESS_TRIES 8

struct login {
    struct login *next; /* of those under way */
    struct turn *turn;
    char email[256];
    char password[PASSWORD_BYTES];
    size_t n_password;
    char *hash; /* NULL: nobody of that name */
    struct kf_id person;
    char *name;
    bool disabled;
    enum kf_rc verdict;
    char code[64]; /* of the second factor; "" none was sent */
    int64_t step;  /* which code it is: of this step, or the recovery code behind `recovery` */
    uint8_t recovery[1][32];
    bool second; /* the account asks for one */
    char token[2 * TOKEN_BYTES + 1];
};

static int64_t clock_ms(struct turn *t)
{
    const struct ports *p = turn_ports(t);

    return p->now_ms(p->ctx);
}

static struct login *under_way;

static bool too_many_tries(const struct login *l)
{
    int account = 0, address = 0;

    for (const struct login *o = under_way; o; o = o->next) {
        account += strcmp(o->email, l->email) == 0;
        address += strcmp(o->turn->peer.address, l->turn->peer.address) == 0;
    }
    return account >= ACCOUNT_TRIES || address >= ADDRESS_TRIES;
}

static void login_free(struct login *l)
{
    for (struct login **at = &under_way; *at; at = &(*at)->next)
        if (*at == l) {
            *at = l->next;
            break;
        }
    explicit_bzero(l->password, sizeof(l->password));
    explicit_bzero(l->code, sizeof(l->code));
    explicit_bzero(l->token, sizeof(l->token));
    free(l->hash);
    free(l->name);
    free(l);
}

static json_t *sites_json(struct turn *t)
{
    json_t *sites = json_array();
    struct site *site;

    for (size_t i = 0; (site = desk_site_at(turn_desk(t), i)); i++) {
        const struct member *m = desk_member(turn_desk(t), &site->key, &t->person);
        json_t *roles;

        if (!m || m->disabled)
            continue;
        roles = json_array();
        for (unsigned bit = 1; bit <= MEMBER_ADMIN; bit <<= 1)
            if (m->roles & bit)
                json_array_append_new(roles, json_string(member_role_name(bit)));
        json_array_append_new(sites,
                              json_pack("{s:s,s:s,s:s,s:o}", "key", site->key.s, "name", site->name, "number", m->number, "roles", roles));
    }
    return sites;
}

static json_t *session_json(struct turn *t, const char *name, const char *email)
{
    char id[KF_ID_TEXT];

    return json_pack("{s:{s:s,s:s,s:s},s:o,s:s}", "person", "id", id_text(&t->person, id), "name", name, "email", email, "sites",
                     sites_json(t), "csrf", t->csrf);
}

/* Strict: the cookie is never sent for a request that another site has started. */
static void answer_cookie(struct turn *t, int status, const char *token, int64_t max_age_s, json_t *root)
{
    char cookie[256];
    struct http_pair headers[2] = { { SLICE("Cache-Control"), SLICE("private, no-store") } };
    struct net_answer a = { .status = status, .type = root ? "application/json; charset=utf-8" : NULL, .headers = headers, .n_headers = 2 };
    char *text = root ? json_dumps(root, JSON_COMPACT) : NULL;

    (void)snprintf(cookie, sizeof(cookie), COOKIE_STAFF "=%s; Path=/; Max-Age=%lld; Secure; HttpOnly; SameSite=Strict", token,
                   (long long)max_age_s);
    headers[1] = (struct http_pair){ SLICE("Set-Cookie"), slice_of(cookie) };
    a.body = slice_of(text);
    json_decref(root);
    turn_answer(t, &a);
    free(text);
}

/* ---- the steps of signing in, last first ---- */

static void refuse(struct login *l);

static void signed_in(void *ctx, enum kf_rc rc, const struct news *news, const struct kf_err *why)
{
    struct login *l = ctx;
    struct turn *t = l->turn;

    (void)news;
    if (rc == KF_AUTH) { /* the code was used before, or is being used at this moment by somebody else */
        refuse(l);
        return;
    }
    if (rc)
        turn_fail(t, rc, why);
    else
        answer_cookie(t, 201, l->token, ABSOLUTE_MS / 1000, session_json(t, l->name, l->email));
    login_free(l);
}

static void refused(void *ctx, enum kf_rc rc, const struct news *news, const struct kf_err *why)
{
    struct login *l = ctx;

    (void)news;
    if (rc)
        turn_fail(l->turn, rc, why);
    else if (l->second)
        turn_problem_as(l->turn, 401, "totp_wrong", "the code of the second factor is wrong, too old, or was used before");
    else
        turn_problem(l->turn, 401, "mail address or password is wrong");
    login_free(l);
}

static void hex(const uint8_t *bytes, size_t n, char *ret)
{
    for (size_t i = 0; i < n; i++)
        (void)snprintf(ret + 2 * i, 3, "%02x", bytes[i]);
}

static void session_act(struct login *l, struct change *c)
{
    struct turn *t = l->turn;
    const struct ports *p = turn_ports(t);
    uint8_t secret[TOKEN_BYTES];
    struct act *act = change_act(c, ACT_SESSION);

    p->chance(p->ctx, secret, sizeof(secret));
    hex(secret, sizeof(secret), l->token);
    p->chance(p->ctx, act->u.session.csrf, sizeof(act->u.session.csrf));
    hex(act->u.session.csrf, sizeof(act->u.session.csrf), t->csrf);
    if (!session_hash(slice_of(l->token), act->u.session.hash))
        c->failed = true;
    act->u.session.person = l->person;
    act->u.session.expires_at = c->at + ABSOLUTE_MS;
    act->u.session.address = change_text(c, slice_of(t->peer.address));
}

/* The try is written down: it counts, or it clears what was counted. */
static struct change *tried(struct login *l, bool ok)
{
    struct turn *t = l->turn;
    struct change *c = change_new(NULL, clock_ms(t));
    struct act *act;

    if (!c) {
        turn_problem(t, 500, "out of memory");
        login_free(l);
        return NULL;
    }
    c->by = (struct actor){ .role = ROLE_AGENT, .id = l->person, .name = "" };
    act = change_act(c, ACT_LOGIN);
    act->u.login.account = change_text(c, slice_of(l->email));
    act->u.login.address = change_text(c, slice_of(t->peer.address));
    act->u.login.ok = ok;
    act->u.login.allowed = (int)turn_config(t)->cfg->limits.login_failures;
    act = change_act(c, ACT_AUDIT);
    act->u.entry = (struct entry){
        .at = c->at, .kind = ok ? "login" : "login_failed", .by = c->by, .data = change_printf(c, "{\"address\":\"%s\"}", t->peer.address)
    };
    return c;
}

static void refuse(struct login *l)
{
    struct change *c = tried(l, false);

    if (c)
        turn_ports(l->turn)->commit(turn_ports(l->turn)->ctx, c, refused, l);
}

static void sign_in(struct login *l)
{
    struct change *c = tried(l, true);
    struct act *act;

    if (!c)
        return;
    l->turn->person = l->person;
    if (l->second) { /* in one commit with the session: of two who come with one code, one gets in */
        act = change_act(c, ACT_TOTP_USE);
        act->u.totp.person = l->person;
        act->u.totp.step = l->step;
        act->u.totp.codes = l->recovery;
    }
    session_act(l, c);
    turn_ports(l->turn)->commit(turn_ports(l->turn)->ctx, c, signed_in, l);
}

/* The password was right. */
static void have_totp(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct login *l = ctx;
    struct slice code = slice_of(l->code);

    if (rc && rc != KF_ABSENT) {
        turn_fail(l->turn, rc, why);
        login_free(l);
        return;
    }
    l->second = !rc && q->totp.confirmed_at;
    if (!l->second) {
        sign_in(l);
        return;
    }
    if (!code.n) {
        turn_problem_as(l->turn, 401, "totp_required", "this account asks for a second factor: send its code as well");
        login_free(l);
        return;
    }
    l->step = totp_match(q->totp.secret, code, clock_ms(l->turn));
    if (l->step || recovery_hash(&l->person, code, l->recovery[0]))
        sign_in(l);
    else
        refuse(l);
}

static void verified(void *arg)
{
    struct login *l = arg;
    struct query *q;

    if (l->verdict != KF_OK || !l->hash || l->disabled) {
        refuse(l);
        return;
    }
    q = query_new(QUERY_TOTP);
    if (!q) {
        turn_problem(l->turn, 500, "out of memory");
        login_free(l);
        return;
    }
    q->id = l->person;
    turn_ports(l->turn)->read(turn_ports(l->turn)->ctx, q, have_totp, l);
}

static void verify(void *arg)
{
    struct login *l = arg;

    l->verdict = password_verify(l->hash, (struct slice){ l->password, l->n_password });
}

static void have_person(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct login *l = ctx;
    const struct api_config *cfg = turn_config(l->turn);

    if (rc && rc != KF_ABSENT) {
        turn_fail(l->turn, rc, why);
        login_free(l);
        return;
    }
    if (!rc) {
        l->person = q->person->id;
        l->disabled = q->person->disabled;
        l->hash = q->person->password ? strdup(q->person->password) : NULL;
        l->name = strdup(q->person->name ? q->person->name : "");
    }
    cfg->work(cfg->ctx, verify, verified, l);
}

static void have_delay(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct login *l = ctx;
    struct kf_err slow = { 0 };
    struct query *next;

    if (!rc && q->number > 0) {
        rc = kf_fail(&slow, KF_RATE, "too many failed tries: wait %lld s", (long long)(q->number + 999) / 1000);
        slow.retry_after_ms = (int32_t)(q->number < INT32_MAX ? q->number : INT32_MAX);
        why = &slow;
    }
    next = rc ? NULL : query_new(QUERY_PERSON);
    if (!next) {
        turn_fail(l->turn, rc ? rc : KF_NOMEM, why);
        login_free(l);
        return;
    }
    next->text = arena_copy(next->arena, slice_of(l->email));
    turn_ports(l->turn)->read(turn_ports(l->turn)->ctx, next, have_person, l);
}

/* Plain HTTP over a network would send password and cookie in the clear. */
static bool protected_enough(const struct turn *t)
{
    return t->peer.secure || t->peer.loopback || t->peer.local;
}

static bool login_fill(struct login *l, const json_t *root)
{
    const json_t *second = json_object_get(root, "code");
    const char *email = json_string_value(json_object_get(root, "email"));
    const char *password = json_string_value(json_object_get(root, "password"));
    const char *code = json_string_value(second);
    size_t n = json_string_length(json_object_get(root, "password"));

    if (!email || strlen(email) >= sizeof(l->email) || !password || n > PASSWORD_BYTES)
        return false;
    if (code ? strlen(code) >= sizeof(l->code) : second && !json_is_null(second))
        return false;
    for (size_t i = 0; email[i]; i++)
        l->email[i] = (char)tolower((unsigned char)email[i]);
    memcpy(l->password, password, n);
    l->n_password = n;
    (void)snprintf(l->code, sizeof(l->code), "%s", code ? code : "");
    return true;
}

/* What was brought to sign in with; NULL: answered. */
static struct login *login_new(struct turn *t)
{
    json_t *root = turn_body(t);
    struct login *ret = root ? calloc(1, sizeof(*ret)) : NULL;

    if (ret) {
        ret->turn = t;
        if (!login_fill(ret, root)) {
            turn_problem(t, 400, "email and password are wanted, and code where there is a second factor, all as text");
            login_free(ret);
            ret = NULL;
        }
    } else if (root)
        turn_problem(t, 500, "out of memory");
    json_decref(root);
    return ret;
}

static void post_session(struct turn *t)
{
    struct slice origin = turn_header(t, "origin");
    struct login *l;
    struct query *q;

    if (!protected_enough(t)) {
        turn_problem_as(t, 400, "tls_required", "tls_required: signing in needs https");
        return;
    }
    if (origin.n && !origin_ours(t->api, origin)) {
        turn_problem(t, 403, "this Origin is not ours");
        return;
    }
    l = login_new(t);
    if (!l)
        return;
    if (too_many_tries(l)) {
        struct kf_err busy = { 0 };

        (void)kf_fail(&busy, KF_RATE, "one try at a time");
        busy.retry_after_ms = 1000;
        turn_fail(t, KF_RATE, &busy);
        login_free(l);
        return;
    }
    l->next = under_way;
    under_way = l;
    q = query_new(QUERY_LOGIN);
    if (!q) {
        turn_problem(t, 500, "out of memory");
        login_free(l);
        return;
    }
    q->text = arena_copy(q->arena, slice_of(l->email));
    q->text2 = arena_copy(q->arena, slice_of(t->peer.address));
    q->now = clock_ms(t);
    turn_ports(t)->read(turn_ports(t)->ctx, q, have_delay, l);
}

/* ---- who am I, and goodbye ---- */

static void have_me(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct turn *t = ctx;

    if (rc)
        turn_fail(t, rc, why);
    else
        turn_jansson(t, 200, session_json(t, q->person->name, q->person->email));
}

static void get_session(struct turn *t)
{
    struct query *q = query_new(QUERY_PERSON);

    if (!q) {
        turn_problem(t, 500, "out of memory");
        return;
    }
    q->id = t->person;
    turn_ports(t)->read(turn_ports(t)->ctx, q, have_me, t);
}

static void signed_out(void *ctx, enum kf_rc rc, const struct news *news, const struct kf_err *why)
{
    struct turn *t = ctx;

    (void)news;
    if (rc) {
        turn_fail(t, rc, why);
        return;
    }
    desk_signed_out(turn_desk(t), &t->person, t->session_hash);
    answer_cookie(t, 204, "", 0, NULL);
}

static void delete_session(struct turn *t)
{
    struct change *c = change_new(NULL, clock_ms(t));
    struct act *act;

    if (!c) {
        turn_problem(t, 500, "out of memory");
        return;
    }
    c->by = (struct actor){ .role = ROLE_AGENT, .id = t->person, .name = "" };
    act = change_act(c, ACT_SESSION_END);
    memcpy(act->u.session.hash, t->session_hash, sizeof(t->session_hash));
    act->u.session.person = t->person;
    act = change_act(c, ACT_AUDIT);
    act->u.entry = (struct entry){ .at = c->at, .kind = "logout", .by = c->by, .data = "{}" };
    turn_ports(t)->commit(turn_ports(t)->ctx, c, signed_out, t);
}

const struct route_entry routes_session[] = { { "POST", "/api/v1/session", GATE_OPEN, post_session },
                                              { "GET", "/api/v1/session", GATE_STAFF, get_session },
                                              { "DELETE", "/api/v1/session", GATE_STAFF, delete_session },
                                              { NULL, NULL, GATE_OPEN, NULL } };
