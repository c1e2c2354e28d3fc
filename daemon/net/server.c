/* server.c: opening and closing, the callbacks of libwebsockets, the table of connections, time limits, draining.
 *
 * What libwebsockets 4.1.6 needs to be told, and why, stands where it is done:
 *   one request per connection ............ answer.c  (pipelined requests make it loop for ever)
 *   answers by our own hands .............. answer.c  (it buffers without bound, and spins while it does)
 *   reading off while an answer is awaited  request.c (a half-closed peer makes it spin)
 *   bytes of a body counted by us ......... request.c (BODY_COMPLETION comes again and again)
 *   framing, Host ......................... head.c    (it checks neither)
 *   the upgrade guard ..................... socket.c  (CVE-2025-11677)
 *   our own listeners ..................... listen.c  (its own bind too much, and spin at EMFILE)
 *   our own timers ........................ here      (its timers sleep when they are set from outside its callbacks)
 *   certificates .......................... tls.c     (its reload can serve half a pair) */
#include "net/internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

void net_log(const struct net_server *s, int level, const char *fmt, ...)
{
    char line[512];
    va_list ap;

    if (!s->cfg.log)
        return;
    va_start(ap, fmt);
    (void)vsnprintf(line, sizeof(line), fmt, ap);
    va_end(ap);
    s->cfg.log(level, line);
}

/* ---- The table of connections ---- */

struct conn *conn_find(const struct net_server *s, uint64_t id)
{
    uint32_t index = (uint32_t)id;
    struct conn *c = index < s->n_slots ? s->slots[index].c : NULL;

    return c && c->gen == (uint32_t)(id >> 32) && !c->told ? c : NULL;
}

static bool more_slots(struct net_server *s)
{
    uint32_t n = s->n_slots ? s->n_slots * 2 : 64;
    struct slot *slots = realloc(s->slots, n * sizeof(*slots));

    if (!slots)
        return false;
    s->slots = slots;
    for (uint32_t i = n; i-- > s->n_slots;) {
        slots[i] = (struct slot){ .next_free = s->free_slot };
        s->free_slot = i + 1;
    }
    s->n_slots = n;
    return true;
}

struct conn *conn_new(struct net_server *s)
{
    struct conn *c = calloc(1, sizeof(*c));
    struct slot *slot;

    if (!c || (!s->free_slot && !more_slots(s))) {
        free(c);
        return NULL;
    }
    c->s = s;
    c->index = s->free_slot - 1;
    slot = &s->slots[c->index];
    s->free_slot = slot->next_free;
    slot->c = c;
    c->gen = ++slot->gen;
    queue_init(&c->q);
    s->n_conns++;
    return c;
}

static void conn_free(struct conn *c)
{
    struct net_server *s = c->s;

    conn_unwatch(c);
    conn_uncount(c);
    if (c->control)
        s->n_exempt--;
    request_free(c->req);
    queue_clear(&c->q);
    if (c->rx)
        buf_finish(c->rx);
    free(c->rx);
    s->slots[c->index].c = NULL;
    s->slots[c->index].next_free = s->free_slot;
    s->free_slot = c->index + 1;
    s->n_conns--;
    free(c);
}

void conn_excess(struct conn *c)
{
    if (!c->excess)
        c->s->n_excess++;
    c->excess = true;
}

void conn_no_excess(struct conn *c)
{
    if (c->excess)
        c->s->n_excess--;
    c->excess = false;
}

void conn_uncount(struct conn *c)
{
    if (c->counted)
        tally_drop(c->s->tally, &c->address);
    c->counted = false;
    conn_no_excess(c);
}

void conn_unwatch(struct conn *c)
{
    if (!c->list)
        return;
    if (c->prev)
        c->prev->next = c->next;
    else
        *c->list = c->next;
    if (c->next)
        c->next->prev = c->prev;
    c->prev = c->next = NULL;
    c->list = NULL;
}

void conn_link(struct conn *c, struct conn **list)
{
    conn_unwatch(c);
    c->list = list;
    c->next = *list;
    if (c->next)
        c->next->prev = c;
    *list = c;
}

static void tick(uv_timer_t *timer);

void conn_watch(struct conn *c, int64_t deadline)
{
    struct net_server *s = c->s;

    c->deadline = deadline;
    if (c->list == &s->watched)
        return;
    conn_link(c, &s->watched);
    if (!s->closing && !uv_is_active((uv_handle_t *)&s->tick))
        uv_timer_start(&s->tick, tick, s->tick_ms, s->tick_ms);
}

static void nothing(uv_idle_t *handle)
{
    (void)handle;
}

/* Whoever calls from another prepare callback, after ours, must not wait for the next event. */
static void stay_awake(struct net_server *s)
{
    if (!s->closing)
        uv_idle_start(&s->awake, nothing);
}

void conn_dirty(struct conn *c)
{
    if (c->dirty)
        return;
    c->dirty = true;
    stay_awake(c->s);
    c->next_dirty = c->s->dirty;
    c->s->dirty = c;
}

void conn_end(struct conn *c)
{
    if (c->ended)
        return;
    c->ended = true;
    stay_awake(c->s);
    c->next_ended = c->s->ended;
    c->s->ended = c;
}

static void hang(struct conn *c, enum conn_hang how)
{
    if (c->hang < how)
        c->hang = how;
    if (!c->inside && c->wsi)
        conn_dirty(c);
}

void conn_hang_up(struct conn *c)
{
    hang(c, HANG_POLITE);
}

void conn_kill(struct conn *c)
{
    hang(c, HANG_HARD);
}

/* ---- The end of a turn ---- */

static void ask_lws_to_close(struct conn *c)
{
    if (c->hung || c->lost || !c->wsi || c->s->closing) /* when closing, it is on its way already */
        return;
    c->hung = true;
    lws_set_timeout(c->wsi, PENDING_TIMEOUT_USER_REASON_BASE, c->hang == HANG_HARD ? LWS_TO_KILL_ASYNC : LWS_TO_KILL_SYNC);
    lws_cancel_service(c->s->lws); /* else its timers would not notice */
}

static void tell_end(struct conn *c)
{
    const struct net_config *cfg = &c->s->cfg;
    const struct request *r = c->req;
    uint64_t id = conn_id(c);

    c->told = true;
    if (c->opened)
        c->s->figures.sockets--;
    if (c->socket)
        cfg->ops.closed(cfg->ctx, c->opened ? id : 0, c->user);
    else if (r && r->asked && (!r->finished || r->ours))
        cfg->ops.gone(cfg->ctx, id);
}

static void handle_closed(uv_handle_t *h)
{
    struct net_server *s = h->data;

    s->handles--;
}

static void turn_end(uv_prepare_t *handle)
{
    struct net_server *s = handle->data;

    while (s->dirty || s->ended) {
        struct conn *c = s->dirty;

        if (c) {
            s->dirty = c->next_dirty;
            c->dirty = false;
            if (c->hang)
                ask_lws_to_close(c);
            else if (c->req)
                request_resume(c);
            else
                socket_flush(c);
            continue;
        }
        c = s->ended;
        s->ended = c->next_ended;
        c->ended = false;
        if (!c->told)
            tell_end(c);
        if (!c->wsi && !c->dirty)
            conn_free(c);
        else if (!c->wsi)
            conn_end(c); /* the list of the dirty still holds it */
    }
    if (!s->closing)
        uv_idle_stop(&s->awake);
    else if (s->n_conns == 0 && !uv_is_closing((uv_handle_t *)handle))
        uv_close((uv_handle_t *)handle, handle_closed);
}

/* ---- Time ---- */

static void overdue(struct conn *c)
{
    switch ((enum conn_state)c->state) {
    case CONN_BODY:
    case CONN_WAIT:
        request_timeout(c);
        return;
    case CONN_LINGER:
        conn_hang_up(c);
        return;
    case CONN_HEAD:
    case CONN_ANSWER:
        c->s->figures.slow++;
        break;
    default:
        break;
    }
    conn_kill(c);
}

static void tick(uv_timer_t *timer)
{
    struct net_server *s = timer->data;
    int64_t now = net_now(s);

    for (struct conn *c = s->watched, *next; c; c = next) {
        next = c->next;
        if (c->deadline <= now && !c->hang && !c->lost && c->wsi)
            overdue(c);
    }
    if (!s->watched)
        uv_timer_stop(timer);
}

/* ---- Callbacks of libwebsockets ---- */

static int for_connection(struct lws *wsi, enum lws_callback_reasons reason, void *in, size_t len)
{
    struct conn *c = lws_get_opaque_user_data(wsi);
    bool before;
    int rc = 0;

    if (!c)
        return -1;
    before = c->inside;
    c->inside = true;
    switch (reason) {
    case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
        socket_upgrade(c, wsi);
        break;
    case LWS_CALLBACK_HTTP:
        request_begin(c, wsi);
        break;
    case LWS_CALLBACK_HTTP_BODY:
        request_body(c, in, len);
        break;
    default:
        rc = socket_event(c, reason, in, len);
        break;
    }
    c->inside = before;
    if (rc || c->hang) {
        c->hung = true;
        return -1;
    }
    return 0;
}

static void destroyed(struct lws *wsi)
{
    struct conn *c = lws_get_opaque_user_data(wsi);

    if (!c)
        return;
    c->wsi = NULL;
    c->lost = true;
    conn_end(c);
}

/* A method that libwebsockets does not know, or no HTTP at all. */
static void not_http(struct conn *c, struct lws *wsi, struct slice bytes)
{
    size_t n = 0;

    while (n < bytes.n && bytes.p[n] >= 'A' && bytes.p[n] <= 'Z')
        n++;
    if (n && n < bytes.n && bytes.p[n] == ' ')
        answer_last(c, wsi, 501, "This method is not implemented: GET, HEAD, POST, PUT, PATCH, DELETE and OPTIONS are.");
    else
        answer_last(c, wsi, 400, "This is not a request of HTTP/1.1.");
}

static void lost(struct lws *wsi)
{
    struct conn *c = lws_get_opaque_user_data(wsi);

    if (!c)
        return;
    c->lost = true;
    c->hang = HANG_HARD;
    if (c->req)
        pump_close(c->req); /* its descriptor would keep the connection open */
    conn_end(c);
}

static int on_http(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len)
{
    struct net_server *s;

    (void)user;
    switch (reason) {
    case LWS_CALLBACK_OPENSSL_LOAD_EXTRA_SERVER_VERIFY_CERTS:
        s = lws_context_user(lws_get_context(wsi));
        if (s->tls)
            tls_configure(s->tls, user);
        return 0;
    case LWS_CALLBACK_WSI_CREATE:
        s = lws_context_user(lws_get_context(wsi));
        if (s->adopting)
            s->adopting->wsi = wsi;
        return 0;
    case LWS_CALLBACK_WSI_DESTROY:
        destroyed(wsi);
        return 0;
    case LWS_CALLBACK_CLOSED_HTTP:
        lost(wsi);
        return 0;
    case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
    case LWS_CALLBACK_HTTP:
    case LWS_CALLBACK_HTTP_BODY:
        return for_connection(wsi, reason, in, len);
    case LWS_CALLBACK_ESTABLISHED: /* a WebSocket that names no subprotocol of ours, or this one */
    case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION:
    case LWS_CALLBACK_RAW_CONNECTED:
        return -1;
    case LWS_CALLBACK_RAW_ADOPT: /* what it knows no method of; the bytes follow */
        return 0;
    case LWS_CALLBACK_RAW_RX:
        if (lws_get_opaque_user_data(wsi))
            not_http(lws_get_opaque_user_data(wsi), wsi, (struct slice){ in, len });
        return -1;
    default:
        return 0;
    }
}

static int on_socket(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len)
{
    (void)user;
    switch (reason) {
    case LWS_CALLBACK_ESTABLISHED:
    case LWS_CALLBACK_RECEIVE:
    case LWS_CALLBACK_RECEIVE_PONG:
    case LWS_CALLBACK_SERVER_WRITEABLE:
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
        return for_connection(wsi, reason, in, len);
    case LWS_CALLBACK_CLOSED:
        lost(wsi);
        return 0;
    default:
        return 0;
    }
}

/* ---- Its log ---- */

static void (*lws_log_to)(int level, const char *line); /* libwebsockets has one log for the process */
static uint64_t lws_log_at;
static int lws_log_n;

/* Peers can provoke its lines, so only ten of them pass in ten seconds. */
static void lws_log(int level, const char *line)
{
    char text[200], out[256];
    size_t n = 0;
    uint64_t now = uv_hrtime();

    if (!lws_log_to)
        return;
    if (now - lws_log_at > 10000000000u) {
        lws_log_at = now;
        lws_log_n = 0;
    }
    if (lws_log_n++ >= 10)
        return;
    for (; *line && n + 1 < sizeof(text); line++)
        if (*line != '\n')
            text[n++] = (unsigned char)*line < 0x20 || *line == '"' || *line == '\\' ? '.' : *line;
    text[n] = '\0';
    (void)snprintf(out, sizeof(out), "event=lws text=\"%s\"", text);
    lws_log_to(level == LLL_ERR ? 2 : 1, out);
}

/* ---- Opening ---- */

static const char *keep(struct net_server *s, const char *text)
{
    return text ? arena_text(s->arena, slice_of(text)) : NULL;
}

static const char *const *keep_all(struct net_server *s, const char *const *texts, size_t n)
{
    const char **ret = arena_array(s->arena, n ? n : 1, sizeof(*ret));

    for (size_t i = 0; ret && i < n; i++)
        ret[i] = keep(s, texts[i]);
    return ret;
}

static enum kf_rc configure(struct net_server *s, const struct net_config *cfg, struct kf_err *why)
{
    int shortest = cfg->header_timeout_ms < cfg->body_timeout_ms ? cfg->header_timeout_ms : cfg->body_timeout_ms;

    s->cfg = *cfg;
    if (s->cfg.answer_timeout_ms <= 0)
        s->cfg.answer_timeout_ms = ANSWER_MS;
    if (s->cfg.answer_timeout_ms < shortest)
        shortest = s->cfg.answer_timeout_ms;
    s->cfg.listen = keep_all(s, cfg->listen, cfg->n_listen);
    s->cfg.control = keep(s, cfg->control);
    s->cfg.spool_dir = keep(s, cfg->spool_dir);
    s->cfg.hosts = keep_all(s, cfg->hosts, cfg->n_hosts);
    s->cfg.headers = keep_all(s, cfg->headers, cfg->n_headers);
    s->cfg.visitor_protocol = keep(s, cfg->visitor_protocol);
    s->cfg.staff_protocol = keep(s, cfg->staff_protocol);
    s->cfg.visitor_path = keep(s, cfg->visitor_path);
    s->cfg.staff_path = keep(s, cfg->staff_path);
    s->proxies = arena_array(s->arena, cfg->n_proxies ? cfg->n_proxies : 1, sizeof(*s->proxies));
    if (!s->cfg.staff_path || !s->cfg.staff_protocol || !s->cfg.visitor_path || !s->cfg.visitor_protocol || !s->proxies)
        return kf_fail(why, KF_NOMEM, "net");
    for (size_t i = 0; i < cfg->n_proxies; i++) {
        if (strcmp(cfg->proxies[i], "unix") == 0)
            s->proxy_unix = true;
        else if (network_parse(cfg->proxies[i], &s->proxies[s->n_proxies]))
            s->n_proxies++;
        else
            return kf_fail(why, KF_INVALID, "not an address or network: %s", cfg->proxies[i]);
    }
    s->tick_ms = shortest / 4 > 1000 ? 1000 : shortest / 4 < 10 ? 10 : (unsigned)shortest / 4;
    s->scratch = malloc(SCRATCH);
    s->tally = tally_new();
    return s->scratch && s->tally ? KF_OK : kf_fail(why, KF_NOMEM, "net");
}

/* libwebsockets makes tables as large as the limit of descriptors allows. */
static void bound_descriptors(const struct net_server *s)
{
    struct rlimit now;
    rlim_t enough = (rlim_t)s->cfg.connections_max * 2 + 4096;

    if (getrlimit(RLIMIT_NOFILE, &now) == 0 && now.rlim_cur > enough && now.rlim_cur > 65536) {
        now.rlim_cur = enough > 65536 ? enough : 65536;
        (void)setrlimit(RLIMIT_NOFILE, &now);
    }
}

static enum kf_rc start_lws(struct net_server *s, struct kf_err *why)
{
    static const lws_retry_bo_t no_pings; /* its own cost 75 % of a core with 9,000 peers */
    void *loops[1] = { s->loop };
    struct lws_context_creation_info ci = { 0 }, vi = { 0 };

    s->protocols[0] = (struct lws_protocols){ .name = "http", .callback = on_http, .rx_buffer_size = 4096, .tx_packet_size = 65536 };
    /* The receive buffer is most of what an idle connection costs, and visitors are many. */
    s->protocols[1] =
        (struct lws_protocols){ .name = s->cfg.visitor_protocol, .callback = on_socket, .rx_buffer_size = 1024, .tx_packet_size = 65536 };
    s->protocols[2] =
        (struct lws_protocols){ .name = s->cfg.staff_protocol, .callback = on_socket, .rx_buffer_size = 2048, .tx_packet_size = 65536 };

    ci.options = LWS_SERVER_OPTION_LIBUV | LWS_SERVER_OPTION_EXPLICIT_VHOSTS | LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT |
                 LWS_SERVER_OPTION_VALIDATE_UTF8 | LWS_SERVER_OPTION_SKIP_SERVER_CANONICAL_NAME;
    ci.foreign_loops = loops;
    ci.pcontext = &s->lws;
    ci.user = s;
    ci.uid = (uid_t)-1;
    ci.gid = (gid_t)-1;
    ci.pt_serv_buf_size = 32768; /* a TLS record must fit, else the rest of it waits for ever */
    ci.max_http_header_data = 8192;
    ci.max_http_header_pool = 2048;
    ci.timeout_secs = 60; /* ours, in tick(), are shorter */
    ci.retry_and_idle_policy = &no_pings;
    ci.server_string = "kefud";
    s->lws = lws_create_context(&ci);
    if (!s->lws)
        return kf_fail(why, KF_NOMEM, "libwebsockets does not start (is libwebsockets-evlib-uv installed?)");

    vi.port = CONTEXT_PORT_NO_LISTEN_SERVER;
    vi.vhost_name = "plain";
    vi.protocols = s->protocols;
    vi.alpn = "http/1.1";
    vi.retry_and_idle_policy = &no_pings;
    vi.timeout_secs_ah_idle = 60;
    vi.keepalive_timeout = 5;
    vi.options = LWS_SERVER_OPTION_DISABLE_OS_CA_CERTS |
                 LWS_SERVER_OPTION_FALLBACK_TO_APPLY_LISTEN_ACCEPT_CONFIG; /* else an unknown method gets a page of its own */
    s->plain = lws_create_vhost(s->lws, &vi);
    if (s->tls) {
        vi.vhost_name = "tls";
        vi.options |= LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT | LWS_SERVER_OPTION_CREATE_VHOST_SSL_CTX;
        s->secure = lws_create_vhost(s->lws, &vi);
    }
    return s->plain && (!s->tls || s->secure) ? KF_OK : kf_fail(why, KF_NOMEM, "libwebsockets makes no vhost");
}

static void start_timers(struct net_server *s)
{
    unsigned half = (unsigned)s->cfg.ping_ms / 2;

    (void)uv_prepare_init(s->loop, &s->turn);
    (void)uv_idle_init(s->loop, &s->awake);
    (void)uv_timer_init(s->loop, &s->tick);
    (void)uv_timer_init(s->loop, &s->wheel_timer);
    (void)uv_timer_init(s->loop, &s->drain_timer);
    s->turn.data = s->awake.data = s->tick.data = s->wheel_timer.data = s->drain_timer.data = s;
    s->handles += 5;
    uv_prepare_start(&s->turn, turn_end);
    if (half)
        uv_timer_start(&s->wheel_timer, socket_wheel, half / WHEEL + 1, half / WHEEL + 1);
}

enum kf_rc net_server_open(struct net_server **ret, struct uv_loop_s *loop, const struct net_config *cfg, struct kf_err *why)
{
    struct net_server *s = calloc(1, sizeof(*s));
    enum kf_rc rc;

    if (!s || !(s->arena = arena_new(0))) {
        free(s);
        return kf_fail(why, KF_NOMEM, "net");
    }
    s->loop = loop;
    rc = configure(s, cfg, why);
    if (!rc && cfg->certificate)
        rc = tls_open(&s->tls, cfg->certificate, cfg->key, why);
    if (!rc)
        rc = listen_open(s, why); /* all that can well fail comes before anything is on the loop */
    if (rc)
        goto fail;
    bound_descriptors(s);
    lws_log_to = cfg->log;
    lws_set_log_level(LLL_ERR | LLL_WARN, lws_log);
    rc = start_lws(s, why);
    if (rc)
        goto fail;
    start_timers(s);
    rc = listen_start(s, why);
    if (rc) {
        net_server_close(s); /* what is on the loop must leave through it: this one is not freed */
        return rc;
    }
    *ret = s;
    return KF_OK;
fail:
    s->closing = true;
    net_server_free(s);
    return rc;
}

const char *net_server_address(const struct net_server *s)
{
    return s->n_listeners ? s->listeners[0].text : "";
}

enum kf_rc net_server_reload_tls(struct net_server *s, struct kf_err *why)
{
    return s->tls ? tls_reload(s->tls, why) : KF_OK;
}

void net_figures(const struct net_server *s, struct net_figures *ret)
{
    *ret = s->figures;
    ret->connections = s->n_conns;
    ret->bodies = s->bodies;
    ret->spooled = s->spooled;
}

/* ---- Draining ---- */

static void drain_step(uv_timer_t *timer)
{
    struct net_server *s = timer->data;
    int64_t now = net_now(s), gone = now - s->drain_started;
    uint64_t share =
        s->drain_spread <= 0 || gone >= s->drain_spread ? s->n_slots : (uint64_t)s->n_slots * (uint64_t)gone / (uint64_t)s->drain_spread;
    void (*done)(void *ctx) = s->drained;

    for (; s->drain_at < share && s->drain_at < s->n_slots; s->drain_at++)
        if (s->slots[s->drain_at].c)
            socket_close(s->slots[s->drain_at].c, 1012, "restart");
    if (gone >= PRECONNECT_MS) /* browsers keep connections open that they may never use */
        for (struct conn *c = s->watched; c; c = c->next)
            if (c->state == CONN_HEAD)
                conn_kill(c);
    if (s->n_conns && now < s->drain_limit)
        return;
    uv_timer_stop(timer);
    s->drained = NULL;
    if (done)
        done(s->drained_ctx);
}

void net_server_drain(struct net_server *s, int spread_ms, int limit_ms, void (*done)(void *ctx), void *ctx)
{
    if (s->draining || s->closing)
        return;
    listen_stop(s);
    s->draining = true;
    s->drained = done;
    s->drained_ctx = ctx;
    s->drain_spread = spread_ms;
    s->drain_started = net_now(s);
    s->drain_limit = s->drain_started + limit_ms;
    uv_timer_start(&s->drain_timer, drain_step, 0, 20);
}

/* ---- Closing ---- */

void net_server_close(struct net_server *s)
{
    if (!s || s->closing)
        return;
    s->closing = true;
    listen_stop(s);
    uv_close((uv_handle_t *)&s->awake, handle_closed);
    uv_close((uv_handle_t *)&s->tick, handle_closed);
    uv_close((uv_handle_t *)&s->wheel_timer, handle_closed);
    uv_close((uv_handle_t *)&s->drain_timer, handle_closed);
    for (uint32_t i = 0; i < s->n_slots; i++)
        if (s->slots[i].c && s->slots[i].c->req)
            pump_close(s->slots[i].c->req);
    if (s->lws)
        lws_context_destroy(s->lws); /* begins to close; what is left is done in net_server_free() */
    /* `turn` stays until the last connection is told: turn_end() closes it. */
}

void net_server_free(struct net_server *s)
{
    if (!s)
        return;
    listen_stop(s);
    if (s->lws)
        lws_context_destroy(s->lws); /* the second time, on the quiet loop: frees, and sets s->lws to NULL */
    spool_forsake(s);
    free(s->listeners);
    free(s->slots);
    free(s->scratch);
    tally_free(s->tally);
    tls_free(s->tls);
    arena_free(s->arena);
    free(s);
}
