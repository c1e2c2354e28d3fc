/* operator.c: what kefuctl asks for, over the control socket, and how the daemon is. */
#include "api/api.h"
#include "config.h"
#include "live/live.h"
#include "seed.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct housekeeping api_housekeeping(const struct config *cfg, int64_t now)
{
    return (struct housekeeping){ .now = now,
                                  .backup_ms = cfg->store.keep_backup,
                                  .keep_ms = { [KEEP_MESSAGES] = cfg->keep.messages,
                                               [KEEP_PAPERS] = cfg->keep.files,
                                               [KEEP_RAW_BODIES] = cfg->keep.raw,
                                               [KEEP_PROFILES] = cfg->keep.profiles,
                                               [KEEP_REVIEWS] = cfg->keep.reviews,
                                               [KEEP_LOG] = cfg->keep.log } };
}

/* Where platforms call: the operator tells them. */
static json_t *channels_json(const struct site *site)
{
    json_t *ret = json_array();

    for (size_t i = 0; i < site->n_channels; i++) {
        const struct site_channel *ch = &site->channels[i];
        json_t *one = json_pack("{s:s,s:s,s:b}", "key", ch->key.s, "adapter", ch->adapter, "off", (int)ch->off);

        if (ch->hook)
            json_object_set_new(one, "hook", json_sprintf("/hooks/%s", ch->hook));
        json_array_append_new(ret, one);
    }
    return ret;
}

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
        json_array_append_new(sites, json_pack("{s:s,s:s,s:o}", "key", site->key.s, "name", site->name, "channels", channels_json(site)));
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

static void post_backup(struct turn *t)
{
    json_t *root = turn_body(t);
    const char *path = json_string_value(json_object_get(root, "path"));

    if (!root)
        return;
    if (!path || *path != '/')
        turn_problem(t, 400, "path: an absolute path of a file that does not exist yet");
    else
        store_backup(turn_config(t)->store, path, turn_done, t);
    json_decref(root);
}

static void post_reindex(struct turn *t)
{
    store_reindex(turn_config(t)->store, turn_done, t);
}

static void housekept(void *ctx, enum kf_rc rc, const char *report, const struct kf_err *why)
{
    struct turn *t = ctx;
    struct buf b;

    if (rc) {
        turn_fail(t, rc, why);
        return;
    }
    buf_init(&b, 1u << 20);
    buf_str(&b, report);
    turn_json(t, 200, &b);
    buf_finish(&b);
}

static void post_housekeep(struct turn *t)
{
    struct housekeeping h = api_housekeeping(turn_config(t)->cfg, turn_ports(t)->now_ms(turn_ports(t)->ctx));

    h.dry = slice_is(turn_query(t, "dry"), "1");
    h.wipe = true;
    store_housekeep(turn_config(t)->store, &h, housekept, t);
}

static void post_reload(struct turn *t)
{
    const struct api_config *cfg = turn_config(t);
    struct kf_err why = { 0 };
    enum kf_rc rc = cfg->reload(cfg->ctx, &why);

    turn_done(t, rc, &why);
}

/* ---- a new site ---- */

struct founding {
    struct turn *turn;
    struct seed *seed;
    enum kf_rc rc;
    struct kf_err why;
};

static void founding_end(struct founding *f, enum kf_rc rc, const struct kf_err *why)
{
    if (rc)
        turn_fail(f->turn, rc, why);
    else
        turn_jansson(f->turn, 201, seed_json(f->seed));
    seed_free(f->seed);
    free(f);
}

static void found_loaded(void *ctx, enum kf_rc rc, const struct kf_err *why)
{
    founding_end(ctx, rc, why);
}

static void founded(void *ctx, enum kf_rc rc, const struct news *news, const struct kf_err *why)
{
    struct founding *f = ctx;

    (void)news;
    if (rc)
        founding_end(f, rc, why);
    else
        desk_load(turn_desk(f->turn), found_loaded, f);
}

static void found_plan(void *arg)
{
    static const struct seed_options options = { .fresh_secrets = false };
    struct founding *f = arg;

    f->rc = seed_plan(&f->seed, turn_ports(f->turn), f->turn->body, &options, &f->why);
}

static void found_planned(void *arg)
{
    struct founding *f = arg;

    if (!f->rc && desk_site(turn_desk(f->turn), seed_key(f->seed)))
        f->rc = kf_fail(&f->why, KF_CONFLICT, "there is a site \"%s\" already", seed_key(f->seed)->s);
    if (f->rc)
        founding_end(f, f->rc, &f->why);
    else
        turn_ports(f->turn)->commit(turn_ports(f->turn)->ctx, seed_change(f->seed), founded, f);
}

void sites_post(struct turn *t)
{
    const struct api_config *cfg = turn_config(t);
    struct founding *f = calloc(1, sizeof(*f));

    if (!f) {
        turn_problem(t, 500, "out of memory");
        return;
    }
    f->turn = t;
    cfg->work(cfg->ctx, found_plan, found_planned, f);
}

const struct route_entry routes_operator[] = { { "GET", "/api/v1/status", GATE_OP, get_status },
                                               { "POST", "/api/v1/backup", GATE_OP, post_backup },
                                               { "POST", "/api/v1/reindex", GATE_OP, post_reindex },
                                               { "POST", "/api/v1/housekeep", GATE_OP, post_housekeep },
                                               { "POST", "/api/v1/reload", GATE_OP, post_reload },
                                               { "POST", "/api/v1/sites", GATE_OP, sites_post },
                                               { NULL, NULL, GATE_OPEN, NULL } };
