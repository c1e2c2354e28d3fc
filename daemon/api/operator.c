/* operator.c: what kefuctl asks for, over the control socket, and how the daemon is. */
#include "api/api.h"
#include "config.h"
#include "live/live.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void have_counts(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct turn *t = ctx;
    const struct api_config *cfg = turn_config(t);
    json_t *root = json_object(), *sites = json_array();
    struct desk_figures d;
    struct store_figures s;
    struct net_figures n;
    struct site *site;

    (void)why;
    desk_figures(cfg->desk, &d);
    store_figures(cfg->store, &s);
    net_figures(api_server(t->api), &n);
    for (size_t i = 0; (site = desk_site_at(cfg->desk, i)); i++)
        json_array_append_new(sites, json_pack("{s:s,s:s}", "key", site->key.s, "name", site->name));
    json_object_set_new(root, "version", json_string(KEFUD_VERSION));
    json_object_set_new(root, "pid", json_integer(getpid()));
    json_object_set_new(root, "address", json_string(net_server_address(api_server(t->api))));
    json_object_set_new(root, "sites", sites);
    json_object_set_new(root, "redis", json_string(live_up(cfg->live) ? "up" : "away"));
    json_object_set_new(root, "redis_pid", json_integer(live_server_pid(cfg->live)));
    json_object_set_new(root, "lease", json_boolean(d.holder));
    json_object_set_new(root, "ready", json_boolean(d.ready));
    json_object_set_new(root, "waiting", json_integer(d.waiting));
    json_object_set_new(root, "longest_ms", json_integer(d.longest_ms));
    json_object_set_new(root, "sockets", json_integer((json_int_t)n.sockets));
    json_object_set_new(root, "commits", json_integer((json_int_t)s.commits));
    json_object_set_new(root, "index_lag_ms", json_integer((json_int_t)s.index_lag_ms));
    if (store_broken(cfg->store))
        json_object_set_new(root, "broken", json_string(store_broken(cfg->store)));
    if (!rc && q->text_out)
        json_object_set_new(root, "counts", json_loads(q->text_out, 0, NULL));
    turn_jansson(t, 200, root);
}

static void get_status(struct turn *t)
{
    struct query *q = query_new(QUERY_COUNTS);

    if (!q) {
        turn_problem(t, 500, "out of memory");
        return;
    }
    turn_ports(t)->read(turn_ports(t)->ctx, q, have_counts, t);
}

static void done(void *ctx, enum kf_rc rc, const struct kf_err *why)
{
    struct turn *t = ctx;

    if (rc)
        turn_fail(t, rc, why);
    else
        turn_empty(t, 204);
}

static void post_backup(struct turn *t)
{
    json_t *root = turn_body(t);
    const char *path = json_string_value(json_object_get(root, "path"));

    if (!root)
        return;
    if (!path || *path != '/')
        turn_problem(t, 400, "path: an absolute path of a file that does not exist yet");
    else
        store_backup(turn_config(t)->store, path, done, t);
    json_decref(root);
}

static void post_reindex(struct turn *t)
{
    store_reindex(turn_config(t)->store, done, t);
}

static void post_housekeep(struct turn *t)
{
    store_housekeep(turn_config(t)->store, turn_ports(t)->now_ms(turn_ports(t)->ctx), done, t);
}

static void post_reload(struct turn *t)
{
    const struct api_config *cfg = turn_config(t);
    struct kf_err why = { 0 };
    enum kf_rc rc = cfg->reload(cfg->ctx, &why);

    done(t, rc, &why);
}

const struct route_entry routes_operator[] = {
    { "GET", "/api/v1/status", GATE_OP, get_status },     { "POST", "/api/v1/backup", GATE_OP, post_backup },
    { "POST", "/api/v1/reindex", GATE_OP, post_reindex }, { "POST", "/api/v1/housekeep", GATE_OP, post_housekeep },
    { "POST", "/api/v1/reload", GATE_OP, post_reload },   { NULL, NULL, GATE_OPEN, NULL }
};
