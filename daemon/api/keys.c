/* keys.c: API keys: programs that may some things at one site. By an administrator of the site, or by kefuctl; shown once, when it is made. */
#include "api/api.h"
#include "config.h"
#include "core/utf8.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY_BYTES  32
#define KEY_TEXT   (4 + 2 * KEY_BYTES + 1)
#define NAME_CP    60
#define TOUCH_MS   (5LL * 60 * 1000)
#define EXPIRES_MS (10LL * 365 * 24 * 3600 * 1000)

static int64_t clock_ms(struct turn *t)
{
    return turn_ports(t)->now_ms(turn_ports(t)->ctx);
}

/* ---- who asks: a bad key costs as much as a bad password ---- */

struct asking {
    struct turn *turn;
    void (*done)(struct turn *t);
};

static void touched(void *ctx, enum kf_rc rc, const struct news *news, const struct kf_err *why)
{
    (void)ctx;
    (void)rc; /* the next use tries again */
    (void)news;
    (void)why;
}

/* Not at every use: that it was used some minutes ago is all that anybody wants to know. */
static void touch(struct turn *t, const struct api_key *k)
{
    struct change *c = clock_ms(t) - k->seen_at >= TOUCH_MS ? change_new(&k->site, clock_ms(t)) : NULL;

    if (!c)
        return;
    change_act(c, ACT_KEY_TOUCH)->u.key.key.id = k->id;
    turn_ports(t)->commit(turn_ports(t)->ctx, c, touched, NULL);
}

static void refused(void *ctx, enum kf_rc rc, const struct news *news, const struct kf_err *why)
{
    struct turn *t = ctx;

    (void)news;
    if (rc)
        turn_fail(t, rc, why);
    else
        turn_problem(t, 401, "this API key is not known, has ended, or was revoked");
}

static void have_delay(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct turn *t = ctx;
    struct kf_err slow = { 0 };
    struct change *c;
    struct act *act;

    if (!rc && q->number > 0) {
        rc = kf_fail(&slow, KF_RATE, "too many failed tries: wait %lld s", (long long)(q->number + 999) / 1000);
        slow.retry_after_ms = (int32_t)(q->number < INT32_MAX ? q->number : INT32_MAX);
        why = &slow;
    }
    c = rc ? NULL : change_new(NULL, clock_ms(t));
    if (!c) {
        turn_fail(t, rc ? rc : KF_NOMEM, why);
        return;
    }
    c->by = (struct actor){ .role = ROLE_AGENT, .name = "" };
    act = change_act(c, ACT_LOGIN);
    act->u.login.account = "";
    act->u.login.address = change_text(c, slice_of(t->peer.address));
    act->u.login.allowed = (int)turn_config(t)->cfg->limits.login_failures;
    act = change_act(c, ACT_AUDIT);
    act->u.entry =
        (struct entry){ .at = c->at, .kind = "key_failed", .by = c->by, .data = change_printf(c, "{\"address\":\"%s\"}", t->peer.address) };
    turn_ports(t)->commit(turn_ports(t)->ctx, c, refused, t);
}

void turn_refuse_key(struct turn *t)
{
    struct query *q = query_new(QUERY_LOGIN);

    if (!q) {
        turn_problem(t, 500, "out of memory");
        return;
    }
    q->text = SLICE("");
    q->text2 = arena_copy(q->arena, slice_of(t->peer.address));
    q->now = clock_ms(t);
    turn_ports(t)->read(turn_ports(t)->ctx, q, have_delay, t);
}

static struct member *member_of_key(struct turn *t, const struct api_key *k)
{
    struct member *m = ARENA_NEW(t->arena, struct member);

    if (!m)
        return NULL;
    *m = (struct member){ .person = k->id,
                          .site = k->site,
                          .verbs = key_verbs(slice_of(k->verbs)),
                          .name = arena_text(t->arena, slice_of(k->name)),
                          .number = "",
                          .presence_reason = "" };
    return m->name ? m : NULL;
}

static bool has_form(struct slice bearer)
{
    if (bearer.n != sizeof(KEY_BEARER) - 1 + 2 * KEY_BYTES)
        return false;
    for (size_t i = sizeof(KEY_BEARER) - 1; i < bearer.n; i++)
        if (!strchr("0123456789abcdef", bearer.p[i]) || !bearer.p[i])
            return false;
    return true;
}

static void have_key(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct asking *a = ctx;
    struct turn *t = a->turn;
    const struct api_key *k = rc ? NULL : &q->keys[0];

    if (rc && rc != KF_ABSENT)
        turn_fail(t, rc, why);
    else if (!k && !has_form(turn_header(t, "authorization")))
        turn_problem(t, 401, "that is no API key"); /* no guess either */
    else if (!k || k->revoked_at || (k->expires_at && k->expires_at <= clock_ms(t)) || !key_verbs(slice_of(k->verbs)))
        turn_refuse_key(t);
    else if (!(t->key = member_of_key(t, k)))
        turn_problem(t, 500, "out of memory");
    else {
        t->person = k->id;
        touch(t, k);
        a->done(t);
    }
}

bool turn_key(struct turn *t, void (*done)(struct turn *t))
{
    struct slice bearer = turn_header(t, "authorization");
    struct asking *a;
    struct query *q;
    uint8_t hash[32];

    if (!slice_starts(bearer, KEY_BEARER) || !session_hash((struct slice){ bearer.p + 7, bearer.n - 7 }, hash))
        return false;
    a = ARENA_NEW(t->arena, struct asking);
    q = a ? query_new(QUERY_KEY) : NULL;
    if (!q) {
        turn_problem(t, 500, "out of memory");
        return true;
    }
    *a = (struct asking){ t, done };
    q->bytes = arena_copy(q->arena, (struct slice){ (const char *)hash, sizeof(hash) });
    turn_ports(t)->read(turn_ports(t)->ctx, q, have_key, a);
    return true;
}

/* ---- the resources ---- */

static struct site *keys_site(struct turn *t)
{
    const struct member *m;
    struct site *site = turn_site(t, &m);

    if (site && !t->op && !permit(m, VERB_PEOPLE, &site->key, NULL)) {
        turn_problem(t, 403, "API keys need the role admin");
        return NULL;
    }
    return site;
}

static json_t *verbs_json(const char *verbs)
{
    json_t *ret = json_array();

    for (size_t n; *verbs; verbs += n + (verbs[n] != '\0')) {
        n = strcspn(verbs, " ");
        json_array_append_new(ret, json_stringn(verbs, n));
    }
    return ret;
}

static json_t *key_json(const struct api_key *k)
{
    char id[KF_ID_TEXT];
    json_t *ret = json_pack("{s:s,s:s,s:s,s:o,s:I,s:s}", "id", id_text(&k->id, id), "site", k->site.s, "name", k->name, "verbs",
                            verbs_json(k->verbs), "created_at", (json_int_t)k->created_at, "created_by", k->by_name);
    const struct {
        const char *name;
        int64_t at;
    } times[] = { { "used_at", k->seen_at }, { "expires_at", k->expires_at }, { "revoked_at", k->revoked_at } };

    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
        if (times[i].at)
            json_object_set_new(ret, times[i].name, json_integer(times[i].at));
    return ret;
}

static void have_keys(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct turn *t = ctx;
    json_t *items;

    if (rc) {
        turn_fail(t, rc, why);
        return;
    }
    items = json_array();
    for (size_t i = 0; i < q->n_keys; i++)
        json_array_append_new(items, key_json(&q->keys[i]));
    turn_jansson(t, 200, json_pack("{s:o}", "items", items));
}

static void get_keys(struct turn *t)
{
    struct site *site = keys_site(t);
    struct query *q = turn_asks(t, site, QUERY_KEYS);

    if (!q)
        return;
    turn_ports(t)->read(turn_ports(t)->ctx, q, have_keys, t);
}

/* A key that is being made: shown when it is stored, and then nobody knows it but who asked. */
struct making {
    struct turn *turn;
    struct api_key key; /* its texts are the turn's */
    char text[KEY_TEXT];
};

static void made(void *ctx, enum kf_rc rc, const struct news *news, const struct kf_err *why)
{
    struct making *m = ctx;
    struct turn *t = m->turn;
    json_t *root;

    (void)news;
    if (rc) {
        explicit_bzero(m->text, sizeof(m->text));
        turn_fail(t, rc, why);
        return;
    }
    root = key_json(&m->key);
    json_object_set_new(root, "key", json_string(m->text));
    explicit_bzero(m->text, sizeof(m->text));
    turn_jansson(t, 201, root);
}

static void make(struct turn *t, struct making *m)
{
    const struct ports *p = turn_ports(t);
    struct change *c = change_new(&m->key.site, clock_ms(t));
    uint8_t secret[KEY_BYTES], chance[10];
    char id[KF_ID_TEXT];
    struct act *act;

    if (!c) {
        turn_problem(t, 500, "out of memory");
        return;
    }
    c->by = turn_actor(t, c);
    p->chance(p->ctx, secret, sizeof(secret));
    p->chance(p->ctx, chance, sizeof(chance));
    memcpy(m->text, "kfk_", 4);
    for (size_t i = 0; i < sizeof(secret); i++)
        (void)snprintf(m->text + 4 + 2 * i, 3, "%02x", secret[i]);
    explicit_bzero(secret, sizeof(secret));
    m->key.id = id_make(c->at, chance);
    m->key.created_at = c->at;
    m->key.by = t->person;
    m->key.by_name = arena_text(t->arena, slice_of(c->by.name));
    act = change_act(c, ACT_KEY);
    act->u.key.key = m->key;
    act->u.key.key.name = change_text(c, slice_of(m->key.name));
    act->u.key.key.verbs = change_text(c, slice_of(m->key.verbs));
    act->u.key.key.by_name = c->by.name;
    if (!session_hash(slice_of(m->text), act->u.key.hash))
        c->failed = true;
    act = change_act(c, ACT_AUDIT);
    act->u.entry = (struct entry){ .at = c->at,
                                   .kind = "key_added",
                                   .by = c->by,
                                   .data = change_printf(c, "{\"key\":\"%s\",\"verbs\":\"%s\"}", id_text(&m->key.id, id), m->key.verbs) };
    p->commit(p->ctx, c, made, m);
}

/* The words of the list, separated by blanks, each once; NULL: one is no verb that a key may have (`*wrong`), or there is none. */
static const char *read_verbs(struct turn *t, json_t *list, const char **wrong)
{
    uint32_t all = 0;
    struct buf b;
    const char *ret;
    json_t *item;
    size_t i;

    buf_init(&b, 1024);
    *wrong = "";
    json_array_foreach(list, i, item)
    {
        const char *word = json_string_value(item);
        uint32_t one = word && !strchr(word, ' ') ? key_verbs(slice_of(word)) : 0;

        if (!one) {
            *wrong = word ? arena_text(t->arena, slice_of(word)) : "?";
            buf_finish(&b);
            return NULL;
        }
        if (all & one)
            continue;
        if (all)
            buf_char(&b, ' ');
        buf_str(&b, word);
        all |= one;
    }
    ret = all ? arena_text(t->arena, buf_slice(&b)) : NULL;
    buf_finish(&b);
    return ret;
}

static void post_key(struct turn *t)
{
    struct site *site = keys_site(t);
    json_t *root = site ? turn_body(t) : NULL, *expires, *elsewhere;
    struct making *m = root ? ARENA_NEW(t->arena, struct making) : NULL;
    const char *name, *wrong = "";

    if (!root)
        return;
    if (!m) {
        json_decref(root);
        turn_problem(t, 500, "out of memory");
        return;
    }
    m->turn = t;
    m->key.site = site->key;
    elsewhere = json_object_get(root, "site");
    name = json_string_value(json_object_get(root, "name"));
    expires = json_object_get(root, "expires_at");
    m->key.name = name ? arena_text(t->arena, slice_of(name)) : NULL;
    m->key.verbs = read_verbs(t, json_object_get(root, "verbs"), &wrong);
    m->key.expires_at = json_integer_value(expires);
    if (elsewhere && (!json_is_string(elsewhere) || strcmp(json_string_value(elsewhere), site->key.s) != 0))
        turn_problem(t, 400, "site: the address says which, ?site=KEY; in the body it may only be the same one, \"%s\"", site->key.s);
    else if (!m->key.name || !*name || utf8_length(slice_of(name)) > NAME_CP)
        turn_problem(t, 400, "name: what the program is, 1 to %d characters", NAME_CP);
    else if (!utf8_one_line(slice_of(name)) || utf8_blank(slice_of(name))) /* terminals and logs show it */
        turn_problem(t, 400, "name: one line that can be read, without control characters");
    else if (!m->key.verbs)
        turn_problem(t, 400,
                     "verbs: %s%sa list of read, timeline, transcript, export, presence, settings_read, settings_write, people, audit, "
                     "status, reveal, quality, erase, hold",
                     wrong, *wrong ? " is none that a key may have; " : "");
    else if (expires && !json_is_null(expires) &&
             (!json_is_integer(expires) || m->key.expires_at <= clock_ms(t) || m->key.expires_at > clock_ms(t) + EXPIRES_MS))
        turn_problem(t, 400, "expires_at: milliseconds since 1970 UTC, from now on and within ten years");
    else
        make(t, m);
    json_decref(root);
}

static void revoked(void *ctx, enum kf_rc rc, const struct news *news, const struct kf_err *why)
{
    struct turn *t = ctx;

    (void)news;
    if (rc)
        turn_fail(t, rc, why);
    else
        turn_empty(t, 204);
}

static void delete_key(struct turn *t)
{
    struct site *site = keys_site(t);
    struct kf_id key;
    struct change *c;
    char id[KF_ID_TEXT];
    struct act *act;

    if (!site)
        return;
    if (!id_parse(t->segment[0], &key)) {
        turn_problem(t, 404, "no such key");
        return;
    }
    c = change_new(&site->key, clock_ms(t));
    if (!c) {
        turn_problem(t, 500, "out of memory");
        return;
    }
    c->by = turn_actor(t, c);
    change_act(c, ACT_KEY_END)->u.key.key.id = key;
    act = change_act(c, ACT_AUDIT);
    act->u.entry =
        (struct entry){ .at = c->at, .kind = "key_revoked", .by = c->by, .data = change_printf(c, "{\"key\":\"%s\"}", id_text(&key, id)) };
    turn_ports(t)->commit(turn_ports(t)->ctx, c, revoked, t);
}

const struct route_entry routes_keys[] = { { "GET", "/api/v1/keys", GATE_EITHER, get_keys },
                                           { "POST", "/api/v1/keys", GATE_EITHER, post_key },
                                           { "DELETE", "/api/v1/keys/*", GATE_EITHER, delete_key },
                                           { NULL, NULL, GATE_OPEN, NULL } };
