#include "api/api.h"

#include "config.h"
#include "core/utf8.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <unistd.h>

struct api {
    struct api_config cfg;
    struct net_server *server;
    char self[80]; /* the listening address: an origin of ours where no public_url is set */
};

static const struct route_entry *const tables[] = { routes_session, routes_pages,     routes_desk,  routes_transcripts, routes_people,
                                                    routes_files,   routes_operator,  routes_hooks, routes_keys,        routes_totp,
                                                    routes_oversee, routes_documents, routes_sets,  routes_try,         routes_reviews,
                                                    routes_samples, routes_quality };

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define TURN_MAX (64u << 20)

struct api *api_new(const struct api_config *cfg)
{
    struct api *api = calloc(1, sizeof(*api));

    if (api)
        api->cfg = *cfg;
    return api;
}

void api_free(struct api *api)
{
    free(api);
}

void api_attach(struct api *api, struct net_server *server)
{
    api->server = server;
    (void)snprintf(api->self, sizeof(api->self), "%s", net_server_address(server));
}

struct ports *turn_ports(struct turn *t)
{
    return (struct ports *)t->api->cfg.ports;
}

struct desk *turn_desk(struct turn *t)
{
    return t->api->cfg.desk;
}

const struct api_config *turn_config(struct turn *t)
{
    return &t->api->cfg;
}

struct slice turn_query(const struct turn *t, const char *name)
{
    return http_query(t->query, t->n_query, name);
}

struct slice turn_header(const struct turn *t, const char *name)
{
    return http_header(t->headers, t->n_headers, name);
}

/* ---- answers ---- */

void turn_answer(struct turn *t, const struct net_answer *a)
{
    net_answer(t->api->server, t->req, a);
    arena_free(t->arena);
}

static const struct http_pair no_store[] = { { { "Cache-Control", 13 }, { "private, no-store", 17 } } };

void turn_json(struct turn *t, int status, const struct buf *b)
{
    const struct net_answer a = {
        .status = status, .type = "application/json; charset=utf-8", .body = buf_slice(b), .headers = no_store, .n_headers = 1
    };

    if (!buf_ok(b)) {
        turn_problem(t, 500, "the answer did not fit");
        return;
    }
    turn_answer(t, &a);
}

void turn_jansson(struct turn *t, int status, json_t *root)
{
    char *text = root ? json_dumps(root, JSON_COMPACT) : NULL;
    struct net_answer a = { .status = status, .type = "application/json; charset=utf-8", .headers = no_store, .n_headers = 1 };

    json_decref(root);
    if (!text) {
        turn_problem(t, 500, "out of memory");
        return;
    }
    a.body = slice_of(text);
    turn_answer(t, &a);
    free(text);
}

void turn_empty(struct turn *t, int status)
{
    const struct net_answer a = { .status = status, .headers = no_store, .n_headers = 1 };

    turn_answer(t, &a);
}

static const char *title_of(int status)
{
    switch (status) {
    case 400:
        return "Bad request";
    case 401:
        return "Sign in";
    case 403:
        return "Not permitted";
    case 404:
        return "Not found";
    case 405:
        return "Method not allowed";
    case 409:
        return "Conflict";
    case 412:
        return "Changed meanwhile";
    case 413:
        return "Too large";
    case 415:
        return "Unsupported type";
    case 422:
        return "Refused";
    case 428:
        return "Which version?";
    case 429:
        return "Too many requests";
    case 503:
        return "Not available now";
    default:
        return "Error";
    }
}

/* `allow` may be NULL. */
struct problem {
    int status;
    const char *code;
    struct slice detail;
    const char *allow; /* NULL: not said; likewise: */
    const char *field;
    int32_t retry_after_ms;
};

static void problem(struct turn *t, const struct problem *p)
{
    struct slice detail = p->detail;
    char seconds[16];
    struct http_pair headers[3] = { no_store[0] };
    struct net_answer a = { .status = p->status, .type = "application/problem+json", .headers = headers, .n_headers = 1 };
    struct buf b;

    buf_init(&b, 4096);
    buf_str(&b, "{\"type\":\"about:blank\",\"title\":");
    buf_json(&b, slice_of(title_of(p->status)));
    buf_printf(&b, ",\"status\":%d,\"detail\":", p->status);
    while (detail.n && !utf8_valid(detail)) /* words end where their room ends, which may be inside a character */
        detail.n--;
    buf_json(&b, detail);
    buf_str(&b, ",\"code\":");
    buf_json(&b, slice_of(p->code));
    if (p->field && *p->field) {
        buf_str(&b, ",\"field\":");
        buf_json(&b, slice_of(p->field));
    }
    buf_char(&b, '}');
    if (p->allow)
        headers[a.n_headers++] = (struct http_pair){ SLICE("Allow"), slice_of(p->allow) };
    if (p->retry_after_ms > 0) {
        (void)snprintf(seconds, sizeof(seconds), "%d", (p->retry_after_ms + 999) / 1000);
        headers[a.n_headers++] = (struct http_pair){ SLICE("Retry-After"), slice_of(seconds) };
    }
    a.body = buf_slice(&b);
    turn_answer(t, &a);
    buf_finish(&b);
}

/* The wire's words, so that a program need not read the sentence. */
static const char *code_of(int status)
{
    switch (status) {
    case 400:
    case 428:
        return "bad_request";
    case 401:
        return "unauthorized";
    case 403:
        return "forbidden";
    case 404:
        return "not_found";
    case 405:
    case 415:
        return "unsupported";
    case 409:
    case 412:
        return "conflict";
    case 413:
        return "too_large";
    case 429:
        return "rate_limited";
    case 503:
        return "unavailable";
    default:
        return "internal";
    }
}

void turn_problem(struct turn *t, int status, const char *fmt, ...)
{
    char text[400];
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    problem(t, &(struct problem){ .status = status, .code = code_of(status), .detail = slice_of(text) });
}

void turn_problem_as(struct turn *t, int status, const char *code, const char *words)
{
    problem(t, &(struct problem){ .status = status, .code = code, .detail = slice_of(words) });
}

static int status_of(enum kf_rc rc)
{
    switch (rc) {
    case KF_OK:
        return 200;
    case KF_AUTH:
        return 401;
    case KF_DENIED:
        return 403;
    case KF_ABSENT:
        return 404;
    case KF_INVALID:
        return 400;
    case KF_UNSUPPORTED:
        return 415;
    case KF_CONFLICT:
        return 409;
    case KF_REJECTED:
        return 422;
    case KF_LIMIT:
        return 413;
    case KF_RATE:
        return 429;
    case KF_AGAIN:
        return 503;
    case KF_NOMEM:
    case KF_IO:
    default:
        return 500;
    }
}

void turn_fail(struct turn *t, enum kf_rc rc, const struct kf_err *why)
{
    int status = status_of(rc);

    problem(t, &(struct problem){ .status = status,
                                  .code = frame_error_code(rc),
                                  .detail = slice_of(why && *why->text ? why->text : kf_rc_name(rc)),
                                  .field = why ? why->field : NULL,
                                  .retry_after_ms = why && why->retry_after_ms ? why->retry_after_ms
                                                    : status == 503            ? 1000
                                                                               : 0 });
}

/* ---- what came ---- */

/* Brackets outside of strings: jansson would recurse as deep as it is told to. */
static bool too_deep(struct slice s, int levels)
{
    bool text = false;
    int depth = 0;

    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];

        if (text) {
            if (c == '\\')
                i++;
            else if (c == '"')
                text = false;
        } else if (c == '"')
            text = true;
        else if (c == '{' || c == '[') {
            if (++depth > levels)
                return true;
        } else if (c == '}' || c == ']')
            depth--;
    }
    return false;
}

json_t *turn_body(struct turn *t)
{
    int levels = (int)t->api->cfg.cfg->limits.json_depth;
    json_error_t e;
    json_t *root;

    if (too_deep(t->body, levels)) {
        turn_problem(t, 400, "the JSON is nested deeper than %d levels", levels);
        return NULL;
    }
    root = json_loadb(t->body.p, t->body.n, JSON_REJECT_DUPLICATES, &e);
    if (json_is_object(root))
        return root;
    if (root)
        turn_problem(t, 400, "the body must be a JSON object");
    else
        turn_problem(t, 400, "the body is not JSON: %s (line %d, column %d)", e.text, e.line, e.column);
    json_decref(root);
    return NULL;
}

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

static bool at_files_origin(const struct api *api, const struct http_pair *headers, size_t n)
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

static void gate(struct turn *t)
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

/* ---- routes ---- */

static bool path_fits(const char *pattern, const char *path, struct slice segments[TURN_SEGMENTS])
{
    size_t n = 0;

    while (*pattern) {
        if (*pattern == '*') {
            size_t len = strcspn(path, "/");

            if (!len || n == TURN_SEGMENTS)
                return false;
            segments[n++] = (struct slice){ path, len };
            path += len;
            pattern++;
        } else if (*pattern++ != *path++)
            return false;
    }
    return !*path;
}

/* The entry for method and path; `*known`: the path exists with another method. HEAD goes where GET goes. */
static const struct route_entry *route_find(const char *method, const char *path, struct slice segments[TURN_SEGMENTS], bool *known)
{
    const char *m = strcmp(method, "HEAD") == 0 ? "GET" : method;

    *known = false;
    for (size_t i = 0; i < COUNT(tables); i++)
        for (const struct route_entry *e = tables[i]; e->method; e++) {
            if (!path_fits(e->path, path, segments))
                continue;
            if (strcmp(e->method, m) == 0)
                return e;
            *known = true;
        }
    return NULL;
}

/* A stranger who knows no hook sends no body, and each platform no more than it has use for. */
static void admit_hook(struct api *api, struct slice key, struct net_admission *ret)
{
    const struct site_channel *ch = hook_channel(api->cfg.desk, key, &(struct site *){ NULL });

    if (!ch) {
        ret->body = NET_BODY_NONE;
        ret->status = 404;
        ret->reason = "nothing here";
        return;
    }
    ret->max = desk_hook_max(ch);
    if (ret->max > api->cfg.cfg->limits.hook_body)
        ret->max = api->cfg.cfg->limits.hook_body;
}

/* Of an unknown site the resource itself tells. */
static void admit_upload(struct api *api, const struct net_head *head, struct net_admission *ret)
{
    const struct site *site = site_named(api, http_query(head->query, head->n_query, "site"));

    ret->body = NET_BODY_STREAM;
    ret->max = site ? desk_file_max(api->cfg.desk, site) : api->cfg.cfg->limits.upload;
}

static void on_admit(void *ctx, const struct net_head *head, struct net_admission *ret)
{
    struct api *api = ctx;
    struct slice segments[TURN_SEGMENTS];
    bool known;
    const struct route_entry *e = route_find(head->method, head->path, segments, &known);

    ret->body = NET_BODY_WHOLE;
    ret->max = api->cfg.cfg->limits.api_body;
    /* What somebody has uploaded shares its origin with nothing that it could harm. */
    if (!head->peer.local && (!e || e->handle != files_get) && at_files_origin(api, head->headers, head->n_headers)) {
        ret->body = NET_BODY_NONE;
        ret->status = 404;
        ret->reason = "nothing here";
    } else if (!e && known) { /* asked at once, and answered with what is allowed before any of the body is read */
        ret->body = NET_BODY_STREAM;
        ret->max = INT64_MAX;
    } else if (!e) {
        ret->body = NET_BODY_NONE;
        ret->status = 404;
        ret->reason = "nothing here";
    } else if (strncmp(head->path, "/hooks/", 7) == 0)
        admit_hook(api, segments[0], ret);
    else if (strcmp(head->path, "/files") == 0 && strcmp(head->method, "POST") == 0)
        admit_upload(api, head, ret);
}

static void wrong_method(struct turn *t)
{
    struct slice segments[TURN_SEGMENTS];
    const char *allow = "";

    for (size_t i = 0; i < COUNT(tables); i++)
        for (const struct route_entry *e = tables[i]; e->method; e++)
            if (path_fits(e->path, t->path, segments))
                allow = arena_printf(t->arena, "%s%s%s%s", allow ? allow : "", allow && *allow ? ", " : "", e->method,
                                     strcmp(e->method, "GET") == 0 ? ", HEAD" : "");
    problem(t, &(struct problem){
                   .status = 405, .code = code_of(405), .detail = SLICE("this resource does not know this method"), .allow = allow });
}

static struct http_pair *copy_pairs(struct arena *a, const struct http_pair *from, size_t n)
{
    struct http_pair *to = arena_array(a, n ? n : 1, sizeof(*to));

    for (size_t i = 0; to && i < n; i++)
        to[i] = (struct http_pair){ arena_copy(a, from[i].name), arena_copy(a, from[i].value) };
    return to;
}

static void on_request(void *ctx, uint64_t req, const struct net_head *head, struct slice body)
{
    struct api *api = ctx;
    struct arena *a = arena_new(TURN_MAX);
    struct turn *t = a ? ARENA_NEW(a, struct turn) : NULL;
    static const struct net_answer out_of_memory = { .status = 500 };
    bool known;

    if (!t) {
        arena_free(a);
        net_answer(api->server, req, &out_of_memory);
        return;
    }
    t->api = api;
    t->req = req;
    t->arena = a;
    t->method = arena_text(a, slice_of(head->method));
    t->path = arena_text(a, slice_of(head->path));
    t->query = copy_pairs(a, head->query, head->n_query);
    t->n_query = head->n_query;
    t->headers = copy_pairs(a, head->headers, head->n_headers);
    t->n_headers = head->n_headers;
    t->body = arena_copy(a, body);
    t->peer = head->peer;
    if (!t->method || !t->path || !t->query || !t->headers || !t->body.p) {
        arena_free(a);
        net_answer(api->server, req, &out_of_memory);
        return;
    }
    t->route = route_find(t->method, t->path, t->segment, &known);
    if (t->route)
        gate(t);
    else if (known)
        wrong_method(t);
    else
        turn_problem(t, 404, "nothing here");
}

/* ---- the gate of the sockets ---- */

struct ticket {
    enum frame_side side;
    struct kf_key site;
    char address[46];
    char *cookie;
};

static int on_upgrade(void *ctx, const struct net_head *head, const char *protocol, const char **reason, void **user)
{
    struct api *api = ctx;
    struct slice origin = http_header(head->headers, head->n_headers, "origin");
    struct slice cookies = http_header(head->headers, head->n_headers, "cookie");
    struct slice bearer = http_header(head->headers, head->n_headers, "authorization");
    struct site *site = site_named(api, http_query(head->query, head->n_query, "site"));
    bool staff = strcmp(protocol, PROTOCOL_STAFF) == 0;
    struct slice cookie = cookie_value(cookies, staff ? COOKIE_STAFF : COOKIE_VISITOR);
    struct ticket *t;
    struct kf_id id;

    *user = NULL;
    if (at_files_origin(api, head->headers, head->n_headers)) {
        *reason = "nothing here";
        return 404;
    }
    if (origin.n && !origin_ours(api, origin)) {
        *reason = "this Origin is not ours";
        return 403;
    }
    if (!origin.n && cookies.n) {
        *reason = "a cookie without Origin is not accepted";
        return 403;
    }
    if (!site) {
        *reason = "no such site: ?site=KEY";
        return 404;
    }
    if (staff && !cookie.n && slice_starts(bearer, "Bearer "))
        cookie = (struct slice){ bearer.p + 7, bearer.n - 7 };
    if (staff && slice_starts(bearer, KEY_BEARER)) {
        *reason = "an API key is a program's: it sits at no desk";
        return 403;
    }
    if (staff && !cookie.n) {
        *reason = "sign in first";
        return 401;
    }
    if (!staff) /* of the tokens for all sites only that of this one stays with the socket */
        cookie = desk_cookie_token(api->cfg.desk, site, cookie, &id);
    t = calloc(1, sizeof(*t));
    if (!t || (cookie.n && !(t->cookie = strndup(cookie.p, cookie.n)))) {
        free(t);
        *reason = "out of memory";
        return 503;
    }
    t->side = staff ? FRAME_STAFF : FRAME_VISITOR;
    t->site = site->key;
    memcpy(t->address, head->peer.address, sizeof(t->address));
    *user = t;
    return 101;
}

static void on_open(void *ctx, uint64_t conn, void *user)
{
    struct api *api = ctx;
    struct ticket *t = user;

    if (!session_open(api->cfg.session, conn, t->side, &t->site, t->address, t->cookie))
        net_close(api->server, conn, 1013, "out of memory");
}

static void on_message(void *ctx, uint64_t conn, void *user, struct slice text)
{
    struct api *api = ctx;

    (void)user;
    session_text(api->cfg.session, conn, text);
}

static void on_closed(void *ctx, uint64_t conn, void *user)
{
    struct api *api = ctx;
    struct ticket *t = user;

    if (conn)
        session_closed(api->cfg.session, conn);
    if (t)
        free(t->cookie);
    free(t);
}

static void on_body(void *ctx, uint64_t req, struct slice piece, bool last)
{
    files_body(ctx, req, piece, last);
}

static void on_gone(void *ctx, uint64_t req)
{
    files_gone(ctx, req);
}

static void on_pull(void *ctx, uint64_t req)
{
    files_pull(ctx, req);
}

struct net_ops api_net_ops(struct api *api)
{
    (void)api;
    return (struct net_ops){ .admit = on_admit,
                             .request = on_request,
                             .body = on_body,
                             .gone = on_gone,
                             .pull = on_pull,
                             .upgrade = on_upgrade,
                             .open = on_open,
                             .message = on_message,
                             .closed = on_closed };
}

struct net_server *api_server(struct api *api)
{
    return api->server;
}
