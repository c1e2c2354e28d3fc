#include "api/download.h"
#include "api/exports.h"
#include "api/files.h"
#include "api/inner.h"
#include "api/upload.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

static const struct route_entry *const tables[] = {
#define ROUTES(name) routes_##name,
#include "api/routes.def"
#undef ROUTES
};

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
    if (api)
        turns_free(api);
    free(api);
}

void api_attach(struct api *api, struct net_server *server)
{
    api->server = server;
    (void)snprintf(api->self, sizeof(api->self), "%s", net_server_address(server));
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
    ret->spool = true;
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

/* All settings of a site, from somebody who says who he is: before it is taken, that is looked at. */
static void admit_set(struct api *api, const struct net_head *head, struct net_admission *ret)
{
    struct slice bearer = http_header(head->headers, head->n_headers, "authorization");
    struct slice cookies = http_header(head->headers, head->n_headers, "cookie");

    if (!head->peer.local && !bearer.n && !cookie_value(cookies, COOKIE_STAFF).n)
        return;
    ret->spool = true;
    ret->knock = !head->peer.local;
    ret->max = api->cfg.cfg->limits.site_set;
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
        ret->unread = true;
    } else if (!e) {
        ret->body = NET_BODY_NONE;
        ret->status = 404;
        ret->reason = "nothing here";
    } else if (strncmp(head->path, "/hooks/", 7) == 0)
        admit_hook(api, segments[0], ret);
    else if (strcmp(head->path, "/files") == 0 && strcmp(head->method, "POST") == 0)
        admit_upload(api, head, ret);
    else if (e->gate == GATE_OP && !head->peer.local) {
        ret->body = NET_BODY_NONE;
        ret->status = 404;
        ret->reason = "nothing here";
    } else if (e->handle == sets_put || e->handle == sites_post)
        admit_set(api, head, ret);
    else if (e->handle == agentbot_says)
        (void)agentbot_admits(api, head, &ret->max);
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
    turn_method(t, allow);
}

static struct http_pair *copy_pairs(struct arena *a, const struct http_pair *from, size_t n)
{
    struct http_pair *to = arena_array(a, n ? n : 1, sizeof(*to));

    for (size_t i = 0; to && i < n; i++)
        to[i] = (struct http_pair){ arena_copy(a, from[i].name), arena_copy(a, from[i].value) };
    return to;
}

/* NULL: out of memory, and answered. */
static struct turn *turn_new(struct api *api, uint64_t req, const struct net_head *head, struct slice body)
{
    static const struct net_answer out_of_memory = { .status = 500 };
    struct arena *a;
    struct turn *t;

    turns_free(api);
    a = arena_new(TURN_MAX);
    t = a ? ARENA_NEW(a, struct turn) : NULL;
    if (t) {
        t->api = api;
        t->req = req;
        t->arena = a;
        t->method = arena_text(a, slice_of(head->method));
        t->path = arena_text(a, slice_of(head->path));
        t->query = copy_pairs(a, head->query, head->n_query);
        t->n_query = head->n_query;
        t->headers = copy_pairs(a, head->headers, head->n_headers);
        t->n_headers = head->n_headers;
        t->spool = head->spool;
        t->body = t->spool ? body : arena_copy(a, body);
        t->peer = head->peer;
    }
    if (!t || !t->method || !t->path || !t->query || !t->headers || !t->body.p) {
        net_answer(api->server, req, &out_of_memory);
        net_spool_free(head->spool);
        arena_free(a);
        return NULL;
    }
    return t;
}

static void begin(struct turn *t)
{
    bool known;

    t->route = route_find(t->method, t->path, t->segment, &known);
    if (t->route)
        gate(t);
    else if (known)
        wrong_method(t);
    else
        turn_problem(t, 404, "nothing here");
}

static void on_request(void *ctx, uint64_t req, const struct net_head *head, struct slice body)
{
    struct turn *t = turn_new(ctx, req, head, body);

    if (t)
        begin(t);
}

/* Only a set of settings knocks (admit_set): the same way as it will come in, without what it brings. */
static void on_knock(void *ctx, uint64_t req, const struct net_head *head)
{
    struct turn *t = turn_new(ctx, req, head, SLICE(""));

    if (!t)
        return;
    t->knocks = true;
    begin(t);
}

/* ---- the gate of the sockets ---- */

struct ticket {
    int close; /* with this code, as soon as it is open; 0: not. A browser's page never sees the status of a refused handshake */
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
    struct slice name = http_query(head->query, head->n_query, "site");
    bool staff = strcmp(protocol, PROTOCOL_STAFF) == 0;
    struct site *site =
        staff || name.n ? site_named(api, name) : NULL; /* a page says whose it is, staff need not where there is one site */
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
    if (staff && !cookie.n && slice_starts(bearer, "Bearer "))
        cookie = (struct slice){ bearer.p + 7, bearer.n - 7 };
    if (staff && slice_starts(bearer, KEY_BEARER)) {
        *reason = "an API key is a program's: it sits at no desk";
        return 403;
    }
    if (site && !staff) /* of the tokens for all sites only that of this one stays with the socket */
        cookie = desk_cookie_token(api->cfg.desk, site, cookie, &id);
    t = calloc(1, sizeof(*t));
    if (!t || (cookie.n && !(t->cookie = strndup(cookie.p, cookie.n)))) {
        free(t);
        *reason = "out of memory";
        return 503;
    }
    t->close = staff && !cookie.n ? 4401 : !site ? 4403 : 0;
    t->side = staff ? FRAME_STAFF : FRAME_VISITOR;
    if (site)
        t->site = site->key;
    memcpy(t->address, head->peer.address, sizeof(t->address));
    *user = t;
    return 101;
}

static void on_open(void *ctx, uint64_t conn, void *user)
{
    struct api *api = ctx;
    struct ticket *t = user;

    if (t->close)
        net_close(api->server, conn, t->close, t->close == 4401 ? "sign in" : "no such site: ?site=KEY");
    else if (!session_open(api->cfg.session, conn, t->side, &t->site, t->address, t->cookie))
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
    (void)ctx;
    upload_piece(req, piece, last);
}

static void on_gone(void *ctx, uint64_t req)
{
    upload_gone(req);
    download_gone(req);
    exports_gone(ctx, req);
}

static void on_pull(void *ctx, uint64_t req)
{
    download_pull(req);
    exports_pull(ctx, req);
}

struct net_ops api_net_ops(struct api *api)
{
    (void)api;
    return (struct net_ops){ .admit = on_admit,
                             .knock = on_knock,
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
