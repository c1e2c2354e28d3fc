/* gate.c: who asks, from where, and whether the door is open for them. */
#include "api/inner.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <strings.h>
#include <unistd.h>

struct slice cookie_value(struct slice header, const char *name)
{
    size_t n = strlen(name), i = 0;

    while (i < header.n) {
        size_t end = i;

        while (end < header.n && header.p[end] != ';')
            end++;
        while (i < end && header.p[i] == ' ')
            i++;
        if (end - i > n && memcmp(header.p + i, name, n) == 0 && header.p[i + n] == '=')
            return (struct slice){ header.p + i + n + 1, end - i - n - 1 };
        i = end + 1;
    }
    return (struct slice){ NULL, 0 };
}

bool session_hash(struct slice cookie, uint8_t ret[32])
{
    unsigned n = 32;

    return cookie.n && EVP_Digest(cookie.p, cookie.n, ret, &n, EVP_sha256(), NULL) == 1;
}

static bool origin_is(struct slice origin, const char *scheme, const char *host, const char *port)
{
    char text[128];
    int n = snprintf(text, sizeof(text), "%s://%s%s%s", scheme, host, *port ? ":" : "", port);

    return n > 0 && (size_t)n == origin.n && strncasecmp(text, origin.p, origin.n) == 0;
}

bool origin_ours(const struct api *api, struct slice origin)
{
    const struct config *cfg = api->cfg.cfg;
    const char *scheme = cfg->tls.certificate ? "https" : "http";
    const char *port = strrchr(api->self, ':');
    char host[80];

    for (size_t i = 0; i < cfg->listen.public_url.n; i++)
        if (strlen(cfg->listen.public_url.items[i]) == origin.n && strncasecmp(cfg->listen.public_url.items[i], origin.p, origin.n) == 0)
            return true;
    if (!port || cfg->listen.public_url.n)
        return false;
    (void)snprintf(host, sizeof(host), "%.*s", (int)(port - api->self), api->self);
    port++;
    if (origin_is(origin, scheme, host, port))
        return true;
    return cfg->loopback && (origin_is(origin, scheme, "localhost", port) || origin_is(origin, scheme, "127.0.0.1", port) ||
                             origin_is(origin, scheme, "[::1]", port));
}

const char *files_elsewhere(const struct api *api)
{
    const char *origin = api->cfg.cfg->listen.files_origin;

    return origin && !origin_ours(api, slice_of(origin)) ? origin : NULL;
}

static bool named(const char *origin, struct slice host)
{
    struct slice name = slice_of(strstr(origin, "://") + 3);
    const char *colon = name.p[0] == '[' ? strstr(name.p, "]:") : strchr(name.p, ':');

    if (colon && name.n != host.n) /* proxies like to leave the port away */
        name.n = (size_t)(colon - name.p) + (name.p[0] == '[');
    return name.n == host.n && strncasecmp(name.p, host.p, host.n) == 0;
}

bool at_files_origin(const struct api *api, const struct http_pair *headers, size_t n)
{
    const struct config_list *own = &api->cfg.cfg->listen.public_url;
    struct slice host = http_header(headers, n, "host");

    if (!host.n || !files_elsewhere(api) || !named(files_elsewhere(api), host))
        return false;
    for (size_t i = 0; i < own->n; i++)
        if (named(own->items[i], host) && strlen(strstr(files_elsewhere(api), "://") + 3) != host.n)
            return false; /* without its port the name could be either: then it is ours */
    return true;
}

bool turn_at_files_origin(const struct turn *t)
{
    return at_files_origin(t->api, t->headers, t->n_headers);
}

struct site *site_named(const struct api *api, struct slice name)
{
    struct kf_key key;

    return !name.n ? desk_only_site(api->cfg.desk) : key_parse(name, &key) ? desk_site(api->cfg.desk, &key) : NULL;
}

const struct member *turn_member(struct turn *t, const struct kf_key *site)
{
    if (t->key)
        return key_eq(&t->key->site, site) ? t->key : NULL;
    return desk_member(turn_desk(t), site, &t->person);
}

struct actor turn_actor(struct turn *t, struct change *c)
{
    const struct member *m = t->key ? t->key : turn_member(t, &c->site);

    return (struct actor){ .role = ROLE_AGENT,
                           .id = t->person,
                           .name = t->op ? "operator"
                                   : m   ? change_text(c, slice_of(m->name))
                                         : "",
                           .number = m && m->number && *m->number ? change_text(c, slice_of(m->number)) : NULL };
}

struct site *turn_site(struct turn *t, const struct member **member)
{
    struct slice name = t->segment[0].n && strncmp(t->route->path, "/api/v1/sites/", 14) == 0 ? t->segment[0] : turn_query(t, "site");
    struct site *site = site_named(t->api, name);

    *member = NULL;
    if (site && !t->op) {
        *member = turn_member(t, &site->key);
        if (!*member || (*member)->disabled)
            site = NULL; /* as if there were no such site */
    }
    if (!site)
        turn_problem(t, name.n ? 404 : 400, name.n ? "no such site" : "say which site: ?site=KEY");
    return site;
}

struct query *turn_asks(struct turn *t, const struct site *site, enum query_kind kind)
{
    struct query *ret = site ? query_new(kind) : NULL;

    if (ret)
        ret->site = site->key;
    else if (site)
        turn_problem(t, 500, "out of memory");
    return ret;
}

/* ---- the gate ---- */

static bool safe_method(const char *method)
{
    return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
}

static void gate_session(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct turn *t = ctx;
    struct slice csrf = turn_header(t, "x-csrf-token");

    if (rc == KF_ABSENT || (!rc && !desk_session_alive(t->api->cfg.desk, t->session_hash, &q->session))) {
        turn_problem(t, 401, "sign in first");
        return;
    }
    if (rc) {
        turn_fail(t, rc, why);
        return;
    }
    t->person = q->session.person;
    for (size_t i = 0; i < 32; i++)
        (void)snprintf(t->csrf + 2 * i, 3, "%02x", q->session.csrf[i]);
    if (!safe_method(t->method) && (csrf.n != 64 || CRYPTO_memcmp(csrf.p, t->csrf, 64) != 0)) {
        turn_problem(t, 403, "the X-CSRF-Token header is missing or wrong: GET /api/v1/session tells it");
        return;
    }
    t->route->handle(t);
}

bool turn_session_hash(const struct turn *t, uint8_t ret[32])
{
    struct slice cookie = cookie_value(turn_header(t, "cookie"), COOKIE_STAFF);
    struct slice bearer = turn_header(t, "authorization");

    if (!cookie.n && slice_starts(bearer, "Bearer "))
        cookie = (struct slice){ bearer.p + 7, bearer.n - 7 };
    return session_hash(cookie, ret);
}

/* A program: no browser sends its key by itself, so nothing else has to prove where the request comes from. */
static void gate_key(struct turn *t)
{
    if (t->route->gate == GATE_STAFF_KEY || t->route->gate == GATE_EITHER_KEY)
        t->route->handle(t);
    else
        turn_problem(t, 403, "this is for people: an API key does not open it");
}

static void gate_staff(struct turn *t)
{
    struct slice origin = turn_header(t, "origin");
    struct query *q;

    if (slice_starts(turn_header(t, "authorization"), KEY_BEARER)) {
        if (!turn_key(t, gate_key))
            turn_problem(t, 401, "sign in first");
        return;
    }
    if (!turn_session_hash(t, t->session_hash)) {
        turn_problem(t, 401, "sign in first");
        return;
    }
    if (origin.n && !origin_ours(t->api, origin)) {
        turn_problem(t, 403, "this Origin is not ours");
        return;
    }
    q = query_new(QUERY_SESSION);
    if (!q) {
        turn_problem(t, 500, "out of memory");
        return;
    }
    q->bytes = arena_copy(q->arena, (struct slice){ (const char *)t->session_hash, 32 });
    q->now = t->api->cfg.ports->now_ms(t->api->cfg.ports->ctx);
    t->api->cfg.ports->read(t->api->cfg.ports->ctx, q, gate_session, t);
}

void gate(struct turn *t)
{
    /* The control socket belongs to the user that runs us; root may everything anyway. */
    t->op = t->peer.local && (t->peer.uid == getuid() || t->peer.uid == 0);
    switch (t->route->gate) {
    case GATE_OPEN:
        t->route->handle(t);
        return;
    case GATE_OP:
        if (t->op)
            t->route->handle(t);
        else
            turn_problem(t, 404, "nothing here");
        return;
    case GATE_EITHER:
    case GATE_EITHER_KEY:
        if (t->op) {
            t->route->handle(t);
            return;
        }
        gate_staff(t);
        return;
    case GATE_STAFF:
    case GATE_STAFF_KEY:
    default:
        gate_staff(t);
        return;
    }
}
