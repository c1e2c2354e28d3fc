/* pages.c: the pages, the script that other sites embed, and what watches us. */
#include "net/pages.h"
#include "api/api.h"
#include "config.h"
#include "core/address.h"
#include "live/live.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VISITOR_LIFE_S (365LL * 24 * 3600)

/* `cookie` may be NULL. */
static void send_asset(struct turn *t, const struct asset *a, const struct page_view *view, const char *cookie)
{
    const struct net_head head = { .method = t->method,
                                   .path = t->path,
                                   .query = t->query,
                                   .n_query = t->n_query,
                                   .headers = t->headers,
                                   .n_headers = t->n_headers,
                                   .peer = t->peer };
    struct net_answer ans = { 0 };
    struct http_pair *headers;

    if (!pages_answer(a, view, &head, t->arena, &ans) || !(headers = arena_array(t->arena, ans.n_headers + 1, sizeof(*headers)))) {
        turn_problem(t, 500, "out of memory");
        return;
    }
    if (ans.n_headers)
        memcpy(headers, ans.headers, ans.n_headers * sizeof(*headers));
    if (cookie)
        headers[ans.n_headers++] = (struct http_pair){ SLICE("Set-Cookie"), slice_of(cookie) };
    ans.headers = headers;
    turn_answer(t, &ans);
}

static void get_asset(struct turn *t)
{
    const struct page_view view = { .files_origin = turn_config(t)->cfg->listen.files_origin };
    const struct asset *a = pages_find(t->path);

    if (a)
        send_asset(t, a, &view, NULL);
    else if (n_assets == 0)
        turn_problem(t, 404, "this kefud was built without its pages: install npm and build again");
    else
        turn_problem(t, 404, "nothing here");
}

static void redirect(struct turn *t, const char *to)
{
    struct http_pair headers[] = { { SLICE("Location"), slice_of(to) } };
    const struct net_answer a = { .status = 302, .headers = headers, .n_headers = 1 };

    turn_answer(t, &a);
}

static void get_root(struct turn *t)
{
    redirect(t, "/console/");
}

static void get_without_slash(struct turn *t)
{
    redirect(t, arena_printf(t->arena, "%s/", t->path));
}

/* ---- the visitor's page ---- */

/* Nothing is stored for somebody who only looks: the token is all there is of a visitor before the first message. */
static const char *visitor_cookie(struct turn *t, const struct site *site)
{
    struct slice have = cookie_value(turn_header(t, "cookie"), COOKIE_VISITOR);
    const char *ret = NULL;
    struct buf value;

    if (!t->peer.secure && !t->peer.loopback)
        return NULL;
    buf_init(&value, 4096);
    if (desk_cookie_renewed(turn_desk(t), site, have, &value))
        ret = arena_printf(t->arena, COOKIE_VISITOR "=%.*s; Path=/; Max-Age=%lld; Secure; HttpOnly; SameSite=None; Partitioned",
                           (int)value.n, value.p, VISITOR_LIFE_S);
    buf_finish(&value);
    return ret;
}

static void get_chat(struct turn *t)
{
    const struct asset *a = pages_find("/chat/");
    struct page_view view = { .framed = true, .files_origin = turn_config(t)->cfg->listen.files_origin };
    struct site *site;
    struct kf_key key;

    site = key_parse(t->segment[0], &key) ? desk_site(turn_desk(t), &key) : NULL;
    if (!site)
        turn_problem(t, 404, "no such site");
    else if (!a)
        get_asset(t);
    else {
        view.embedders = site->embed;
        view.n_embedders = site->n_embed;
        send_asset(t, a, &view, visitor_cookie(t, site));
    }
}

static struct slice public_settings(struct turn *t, const struct site *site)
{
    const struct config *cfg = turn_config(t)->cfg;
    struct slice host = turn_header(t, "host");
    struct slice ret;
    struct buf b;

    buf_init(&b, 8192);
    buf_str(&b, "{\"site\":");
    buf_json(&b, slice_of(site->key.s));
    buf_str(&b, ",\"origin\":");
    buf_json(&b, cfg->listen.public_url.n
                     ? slice_of(cfg->listen.public_url.items[0])
                     : slice_of(arena_printf(t->arena, "%s://%.*s", t->peer.secure ? "https" : "http", (int)host.n, host.n ? host.p : "")));
    buf_str(&b, ",\"name\":");
    buf_json(&b, slice_of(site->name));
    buf_str(&b, ",\"color\":");
    buf_json(&b, slice_of(site->color));
    buf_str(&b, ",\"position\":\"right\",\"lang\":");
    buf_json(&b, slice_of(site->language));
    buf_char(&b, '}');
    ret = arena_copy(t->arena, buf_slice(&b));
    buf_finish(&b);
    return ret;
}

static void get_widget(struct turn *t)
{
    const struct asset *a = pages_find("/widget.js");
    struct page_view view = { 0 };
    struct site *site = site_named(t->api, turn_query(t, "site"));

    if (!site || !a) {
        turn_problem(t, 404, site ? "this kefud was built without its pages" : "no such site: ?site=KEY");
        return;
    }
    view.settings = public_settings(t, site);
    send_asset(t, a, &view, NULL);
}

/* ---- watched ---- */

static void text(struct turn *t, int status, const char *words)
{
    struct http_pair headers[] = { { SLICE("Cache-Control"), SLICE("no-store") } };
    const struct net_answer a = {
        .status = status, .type = "text/plain; charset=utf-8", .headers = headers, .n_headers = 1, .body = slice_of(words)
    };

    turn_answer(t, &a);
}

static void get_healthz(struct turn *t)
{
    text(t, 200, "ok\n");
}

static bool may_watch(struct turn *t)
{
    const struct config_list *allow = &turn_config(t)->cfg->metrics.allow;

    struct network network;
    struct address from;

    if (t->peer.loopback || t->peer.local)
        return true;
    if (!address_parse(slice_of(t->peer.address), &from))
        return false;
    for (size_t i = 0; i < allow->n; i++)
        if (network_parse(allow->items[i], &network) && network_has(&network, &from))
            return true;
    return false;
}

static void get_readyz(struct turn *t)
{
    const struct api_config *cfg = turn_config(t);
    struct desk_figures d;
    struct live_figures l;

    desk_figures(cfg->desk, &d);
    live_figures(cfg->live, &l);
    if (!may_watch(t)) /* a load balancer elsewhere needs the status; what is wrong is for those who may see the figures too */
        text(t, store_broken(cfg->store) || d.store_away ? 503 : 200, store_broken(cfg->store) || d.store_away ? "not ready\n" : "ready\n");
    else if (store_broken(cfg->store))
        text(t, 503, "the database is broken\n");
    else if (d.store_away)
        text(t, 503, "the database is away\n");
    else if (!live_up(cfg->live))
        text(t, 200, "degraded: redis is away; conversations in progress go on, new ones wait\n");
    else if (l.doubted)
        text(t, 200, "degraded: redis answers, but does not take what it is told (full, or read-only?)\n");
    else if (d.holder && !d.ready)
        text(t, 200, "degraded: rebuilding the live state\n");
    else
        text(t, 200, "ready\n");
}

static void metric(struct buf *b, const char *name, const char *type, const char *help, uint64_t value)
{
    buf_printf(b, "# HELP kefud_%s %s\n# TYPE kefud_%s %s\nkefud_%s %llu\n", name, help, name, type, name, (unsigned long long)value);
}

static void ack_histogram(struct buf *b, const struct desk_figures *d)
{
    static const char *const le[] = { "0.001", "0.002", "0.005", "0.01", "0.02", "0.05", "0.1", "0.2", "0.5", "1", "5", "+Inf" };
    uint64_t sum = 0;

    buf_str(b, "# HELP kefud_ack_seconds From a frame to its acknowledgement.\n# TYPE kefud_ack_seconds histogram\n");
    for (size_t i = 0; i < sizeof(le) / sizeof(le[0]); i++) {
        sum += d->ack_le[i];
        buf_printf(b, "kefud_ack_seconds_bucket{le=\"%s\"} %llu\n", le[i], (unsigned long long)sum);
    }
    buf_printf(b, "kefud_ack_seconds_sum %.3f\nkefud_ack_seconds_count %llu\n", (double)d->ack_ms_total / 1000.0, (unsigned long long)sum);
}

static void commit_histogram(struct buf *b, const struct store_figures *s)
{
    static const char *const le[] = { "1", "4", "16", "64", "256", "+Inf" };
    uint64_t sum = 0;

    buf_str(b, "# HELP kefud_commit_changes Changes in one commit.\n# TYPE kefud_commit_changes histogram\n");
    for (size_t i = 0; i < sizeof(le) / sizeof(le[0]); i++) {
        sum += s->batch_le[i];
        buf_printf(b, "kefud_commit_changes_bucket{le=\"%s\"} %llu\n", le[i], (unsigned long long)sum);
    }
    buf_printf(b, "kefud_commit_changes_sum %llu\nkefud_commit_changes_count %llu\n", (unsigned long long)s->changes,
               (unsigned long long)s->commits);
}

/* The outbox, and open conversations by state: what only the database knows. */
static void counted(struct buf *b, const char *counts)
{
    json_t *root = counts ? json_loads(counts, 0, NULL) : NULL, *value;
    const char *name;

    buf_str(b, "# HELP kefud_outbox Messages to platforms by state.\n# TYPE kefud_outbox gauge\n");
    json_object_foreach(json_object_get(root, "errands"), name, value)
        buf_printf(b, "kefud_outbox{state=\"%s\"} %lld\n", name, (long long)json_integer_value(value));
    buf_str(b, "# HELP kefud_conversations Conversations by state.\n# TYPE kefud_conversations gauge\n");
    json_object_foreach(json_object_get(root, "conversations"), name, value)
        buf_printf(b, "kefud_conversations{state=\"%s\"} %lld\n", name, (long long)json_integer_value(value));
    json_decref(root);
}

static void net_metrics(struct buf *b, const struct net_figures *n)
{
    metric(b, "connections", "gauge", "Open connections of any kind.", n->connections);
    metric(b, "sockets", "gauge", "Open WebSockets.", n->sockets);
    metric(b, "requests_total", "counter", "HTTP requests.", n->requests);
    metric(b, "frames_in_total", "counter", "WebSocket messages received.", n->frames_in);
    metric(b, "frames_out_total", "counter", "WebSocket messages sent.", n->frames_out);
    metric(b, "bytes_in_total", "counter", "Bytes of messages received.", n->bytes_in);
    metric(b, "bytes_out_total", "counter", "Bytes of messages sent.", n->bytes_out);
    metric(b, "refused_total", "counter", "Connections and requests refused at a limit.", n->refused);
    metric(b, "bodies_held_bytes", "gauge", "Large request bodies that are held in memory.", (uint64_t)n->bodies);
    metric(b, "bodies_spooled_bytes", "gauge", "Large webhooks that are held in files.", (uint64_t)n->spooled);
    metric(b, "slow_readers_total", "counter", "Sockets closed because their queue was full.", n->slow);
}

static void desk_metrics(struct buf *b, const struct desk_figures *d)
{
    metric(b, "messages_in_total", "counter", "Messages taken from visitors and agents.", d->messages_in);
    metric(b, "messages_out_total", "counter", "Messages told to sockets.", d->messages_out);
    metric(b, "duplicates_total", "counter", "Repeats answered with the first answer.", d->duplicates);
    metric(b, "conflicts_total", "counter", "Acts on an old epoch.", d->conflicts);
    metric(b, "route_passes_total", "counter", "Route passes.", d->passes);
    metric(b, "route_matches_total", "counter", "Conversations assigned or offered by a pass.", d->matches);
    metric(b, "rules_fired_total", "counter", "Auto-replies.", d->rules_fired);
    metric(b, "waiting", "gauge", "Conversations that wait.", (uint64_t)d->waiting);
    metric(b, "longest_wait_ms", "gauge", "The longest of these waits.", (uint64_t)d->longest_ms);
    buf_printf(b,
               "# HELP kefud_wait_seconds From entering the queue to being served.\n# TYPE kefud_wait_seconds summary\n"
               "kefud_wait_seconds_sum %.3f\nkefud_wait_seconds_count %llu\n",
               (double)d->wait_ms_total / 1000.0, (unsigned long long)d->waits);
    metric(b, "store_away", "gauge", "1 while the database takes no commits.", d->store_away);
    metric(b, "lease_held", "gauge", "1 while this node does the housekeeping of a site.", d->holder);
    metric(b, "errands_sent_total", "counter", "Messages that platforms have taken.", d->errands_sent);
    metric(b, "errands_failed_total", "counter", "Messages that platforms have refused.", d->errands_failed);
    ack_histogram(b, d);
}

static void store_metrics(struct buf *b, const struct store_figures *s, bool broken)
{
    metric(b, "commits_total", "counter", "Commits.", s->commits);
    metric(b, "commit_microseconds_total", "counter", "Time spent in commits.", s->commit_us_total);
    metric(b, "store_queue", "gauge", "Changes that wait for the writer.", s->queued);
    metric(b, "store_broken", "gauge", "1 after an I/O error of the database.", broken);
    metric(b, "index_lag_ms", "gauge", "Age of the oldest message that search does not know yet.", s->index_lag_ms);
    commit_histogram(b, s);
}

static void live_metrics(struct buf *b, const struct live_figures *l, bool up)
{
    metric(b, "redis_up", "gauge", "1 while Redis answers.", up);
    metric(b, "redis_calls_total", "counter", "Calls to Redis.", l->calls);
    metric(b, "redis_failed_total", "counter", "Calls that failed.", l->failed);
    metric(b, "redis_doubted", "gauge", "Sites of which Redis could not be told something yet.", l->doubted);
    metric(b, "redis_reconnects_total", "counter", "Times that the link to Redis came back.", l->reconnects);
}

static void have_counts(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct turn *t = ctx;
    const struct api_config *cfg = turn_config(t);
    struct net_answer a = { .status = 200, .type = "text/plain; version=0.0.4; charset=utf-8" };
    struct store_figures s;
    struct desk_figures d;
    struct net_figures n;
    struct live_figures l;
    struct buf b;

    (void)why;
    store_figures(cfg->store, &s);
    desk_figures(cfg->desk, &d);
    net_figures(api_server(t->api), &n);
    live_figures(cfg->live, &l);
    buf_init(&b, 65536);
    net_metrics(&b, &n);
    desk_metrics(&b, &d);
    store_metrics(&b, &s, store_broken(cfg->store) != NULL);
    live_metrics(&b, &l, live_up(cfg->live));
    counted(&b, rc ? NULL : q->text_out);
    a.body = buf_slice(&b);
    turn_answer(t, &a);
    buf_finish(&b);
}

static void get_metrics(struct turn *t)
{
    struct query *q = may_watch(t) ? query_new(QUERY_COUNTS) : NULL;

    if (!q) {
        turn_problem(t, 404, "nothing here");
        return;
    }
    q->now = turn_ports(t)->now_ms(turn_ports(t)->ctx);
    turn_ports(t)->read(turn_ports(t)->ctx, q, have_counts, t);
}

const struct route_entry routes_pages[] = { { "GET", "/", GATE_OPEN, get_root },
                                            { "GET", "/healthz", GATE_OPEN, get_healthz },
                                            { "GET", "/readyz", GATE_OPEN, get_readyz },
                                            { "GET", "/metrics", GATE_OPEN, get_metrics },
                                            { "GET", "/widget.js", GATE_OPEN, get_widget },
                                            { "GET", "/chat/*", GATE_OPEN, get_chat },
                                            { "GET", "/console", GATE_OPEN, get_without_slash },
                                            { "GET", "/review", GATE_OPEN, get_without_slash },
                                            { "GET", "/admin", GATE_OPEN, get_without_slash },
                                            { "GET", "/console/", GATE_OPEN, get_asset },
                                            { "GET", "/review/", GATE_OPEN, get_asset },
                                            { "GET", "/admin/", GATE_OPEN, get_asset },
                                            { "GET", "/assets/*", GATE_OPEN, get_asset },
                                            { NULL, NULL, GATE_OPEN, NULL } };
