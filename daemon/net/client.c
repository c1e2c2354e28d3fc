/* client.c: libcurl's multi interface on our loop.
 *
 * curl is never called from its own callbacks, and answers are given one turn after they are complete, so that nobody is called back
 * before net_fetch() has returned. */
#include "net/client.h"
#include "net/smtp.h"

#include "core/address.h"
#include "core/buf.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

enum { ANSWER_MAX = 1 << 20, TIMEOUT_MS = 10000, CONNECT_MS = 5000, SLOW_S = 10, HEADERS_MAX = 64, HEADER_BYTES_MAX = 65536 };

struct net_client {
    uv_loop_t *loop;
    CURLM *multi;
    struct net_client_config cfg;
    char *user_agent, *ca_file;
    struct smtp *smtp;     /* from the first mail on */
    uv_timer_t timer;      /* curl's next deadline */
    uv_timer_t finish;     /* fires at once when answers are ready */
    struct fetch *fetches; /* under way */
    struct fetch *done;    /* complete, not yet told */
    struct fetch *spare;   /* to say that memory is out */
    bool closing;
    int refs; /* handles not closed yet */
};

struct header {
    size_t name, name_n, value, value_n; /* places in fetch.heads */
};

struct fetch {
    struct net_client *client;
    struct fetch *next, **link;
    CURL *easy;
    struct curl_slist *headers;
    char *request_body, *url;
    net_fetched *cb;
    void *ctx;
    size_t answer_max;
    struct buf body, heads;
    struct header header[HEADERS_MAX];
    size_t n_headers;
    int began;
    bool too_large, refused, sent, stranger;
    char error[CURL_ERROR_SIZE];
    int status;
    const char *failure;
};

struct watch {
    uv_poll_t poll;
    struct net_client *client;
    curl_socket_t fd;
};

/* ---- Lists ---- */

static void link_in(struct fetch *f, struct fetch **list)
{
    f->next = *list;
    f->link = list;
    if (f->next)
        f->next->link = &f->next;
    *list = f;
}

static void link_out(struct fetch *f)
{
    *f->link = f->next;
    if (f->next)
        f->next->link = f->link;
}

static void fetch_empty(struct fetch *f)
{
    struct net_client *client = f->client;

    if (f->easy)
        curl_easy_cleanup(f->easy);
    curl_slist_free_all(f->headers);
    buf_finish(&f->body);
    buf_finish(&f->heads);
    free(f->request_body);
    free(f->url);
    *f = (struct fetch){ .client = client };
}

/* ---- Answers ---- */

static void tell(struct fetch *f)
{
    struct http_pair pairs[HEADERS_MAX];
    struct http_resp resp = { .status = f->status,
                              .headers = pairs,
                              .sent = f->sent,
                              .failure = f->failure,
                              .too_large = f->too_large,
                              .refused = f->refused,
                              .began = f->began };

    if (f->status) {
        for (size_t i = 0; i < f->n_headers; i++) {
            const struct header *h = &f->header[i];

            pairs[i] = (struct http_pair){ { f->heads.p + h->name, h->name_n }, { f->heads.p + h->value, h->value_n } };
        }
        resp.n_headers = f->n_headers;
        resp.body = buf_slice(&f->body);
    }
    f->cb(f->ctx, &resp);
    fetch_empty(f);
    if (f->client->spare || f->client->closing)
        free(f);
    else
        f->client->spare = f;
}

static void tell_all(uv_timer_t *timer)
{
    struct net_client *c = timer->data;

    while (c->done) {
        struct fetch *f = c->done;

        c->done = f->next;
        if (c->done)
            c->done->link = &c->done;
        tell(f);
    }
}

static void complete(struct fetch *f)
{
    struct net_client *c = f->client;

    link_in(f, &c->done);
    if (!c->closing && !uv_is_active((uv_handle_t *)&c->finish))
        uv_timer_start(&c->finish, tell_all, 0, 0);
}

static const char *words(const struct fetch *f, CURLcode code)
{
    if (f->too_large)
        return "the answer is too large";
    if (f->refused)
        return "the address is private";
    switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
        return "timeout";
    case CURLE_COULDNT_CONNECT:
        return "connection refused";
    case CURLE_COULDNT_RESOLVE_HOST:
        return "no such host";
    case CURLE_UNSUPPORTED_PROTOCOL: /* curl's word for an answer that begins like no HTTP, too */
        return f->sent ? "the answer is not HTTP" : "only https is allowed";
    case CURLE_PEER_FAILED_VERIFICATION:
        return "the certificate is not trusted";
    case CURLE_GOT_NOTHING:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_PARTIAL_FILE:
        return "connection lost";
    default:
        return curl_easy_strerror(code);
    }
}

static void finished(struct fetch *f, CURLcode code)
{
    curl_off_t up = 0;
    long request_size = 0, status = 0;

    curl_easy_getinfo(f->easy, CURLINFO_REQUEST_SIZE, &request_size);
    curl_easy_getinfo(f->easy, CURLINFO_SIZE_UPLOAD_T, &up);
    curl_easy_getinfo(f->easy, CURLINFO_RESPONSE_CODE, &status);
    f->sent = request_size > 0 || up > 0;
    if (code == CURLE_OK)
        f->status = (int)status;
    else {
        f->began = f->too_large ? (int)status : 0;
        f->failure = words(f, code);
        f->refused |= code == CURLE_UNSUPPORTED_PROTOCOL && !f->sent;
    }
    curl_multi_remove_handle(f->client->multi, f->easy);
    link_out(f);
    complete(f);
}

static void collect(struct net_client *c)
{
    CURLMsg *msg;
    int left;

    while ((msg = curl_multi_info_read(c->multi, &left))) {
        struct fetch *f = NULL;
        CURLcode code = msg->data.result; /* `msg` dies with the handle's removal */

        if (msg->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, (char **)&f);
        finished(f, code);
    }
}

/* ---- curl on libuv ---- */

static void on_timer(uv_timer_t *timer)
{
    struct net_client *c = timer->data;
    int running;

    curl_multi_socket_action(c->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    collect(c);
}

static int set_timer(CURLM *multi, long ms, void *arg)
{
    struct net_client *c = arg;

    (void)multi;
    if (c->closing)
        return 0;
    if (ms < 0)
        uv_timer_stop(&c->timer);
    else
        uv_timer_start(&c->timer, on_timer, ms ? (uint64_t)ms : 1, 0);
    return 0;
}

static void on_socket(uv_poll_t *poll, int status, int events)
{
    struct watch *w = poll->data;
    struct net_client *c = w->client;
    int running;
    int flags =
        status < 0 ? CURL_CSELECT_ERR : (events & UV_READABLE ? CURL_CSELECT_IN : 0) | (events & UV_WRITABLE ? CURL_CSELECT_OUT : 0);

    curl_multi_socket_action(c->multi, w->fd, flags, &running);
    collect(c);
}

static void client_unref(struct net_client *c)
{
    if (--c->refs)
        return;
    free(c->user_agent);
    free(c->ca_file);
    free(c);
}

static void watch_closed(uv_handle_t *h)
{
    struct watch *w = h->data;

    client_unref(w->client);
    free(w);
}

static int set_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *known)
{
    struct net_client *c = arg;
    struct watch *w = known;

    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        if (w)
            uv_close((uv_handle_t *)&w->poll, watch_closed);
        return 0;
    }
    if (!w) {
        w = calloc(1, sizeof(*w));
        if (!w || uv_poll_init_socket(c->loop, &w->poll, fd)) {
            free(w);
            return -1;
        }
        w->client = c;
        w->fd = fd;
        w->poll.data = w;
        c->refs++;
        curl_multi_assign(c->multi, fd, w);
    }
    uv_poll_start(&w->poll, (what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0), on_socket);
    return 0;
}

/* ---- One request ---- */

/* The address is known here and is the one that will be connected to: a name that resolves to another one the next time (DNS
 * rebinding) gains nothing. */
static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *to)
{
    struct fetch *f = arg;
    struct address a;

    (void)purpose;
    if ((!f->client->cfg.allow_private || f->stranger) && (!address_of(&to->addr, &a) || address_is_private(&a))) {
        f->refused = true;
        return CURL_SOCKET_BAD;
    }
    return socket(to->family, to->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, to->protocol);
}

static size_t take_body(char *p, size_t size, size_t n, void *arg)
{
    struct fetch *f = arg;

    buf_add(&f->body, (struct slice){ p, size * n });
    if (buf_ok(&f->body))
        return size * n;
    f->too_large = true;
    return 0;
}

static size_t take_header(char *p, size_t size, size_t n, void *arg)
{
    struct fetch *f = arg;
    size_t len = size * n;
    char *colon = memchr(p, ':', len);
    struct header *h = &f->header[f->n_headers];
    size_t value;

    while (len && (p[len - 1] == '\r' || p[len - 1] == '\n' || p[len - 1] == ' '))
        len--;
    if (len >= 5 && memcmp(p, "HTTP/", 5) == 0) { /* a new answer: 100 came before it */
        f->n_headers = 0;
        buf_clear(&f->heads);
        return size * n;
    }
    if (!colon || colon >= p + len || f->n_headers == HEADERS_MAX)
        return size * n;
    value = (size_t)(colon - p) + 1;
    while (value < len && (p[value] == ' ' || p[value] == '\t'))
        value++;
    *h = (struct header){ f->heads.n, (size_t)(colon - p), f->heads.n + value, len - value };
    buf_add(&f->heads, (struct slice){ p, len });
    if (!buf_ok(&f->heads)) {
        f->too_large = true;
        return 0;
    }
    f->n_headers++;
    return size * n;
}

static bool append(struct curl_slist **list, const char *text)
{
    struct curl_slist *more = curl_slist_append(*list, text);

    if (more)
        *list = more;
    return more != NULL;
}

static bool one_line(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] < 0x20 && s.p[i] != '\t')
            return false;
    return true;
}

static bool set_headers(struct fetch *f, const struct http_req *req)
{
    struct buf line;
    bool ok = append(&f->headers, "Expect:"); /* else curl waits a second before large bodies */

    buf_init(&line, HEADER_BYTES_MAX);
    if (ok && req->body.n && !http_header(req->headers, req->n_headers, "content-type").p)
        ok = append(&f->headers, "Content-Type:"); /* not curl's guess that it is a form */
    for (size_t i = 0; ok && i < req->n_headers; i++) {
        if (!req->headers[i].name.n || !one_line(req->headers[i].name) || !one_line(req->headers[i].value))
            continue;
        buf_clear(&line);
        buf_add(&line, req->headers[i].name);
        buf_str(&line, req->headers[i].value.n ? ": " : ";");
        buf_add(&line, req->headers[i].value);
        ok = buf_ok(&line) && append(&f->headers, line.p);
    }
    buf_finish(&line);
    return ok;
}

static void add_query(struct buf *url, const struct http_pair *query, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char *name = curl_easy_escape(NULL, query[i].name.p, (int)query[i].name.n);
        char *value = query[i].value.n ? curl_easy_escape(NULL, query[i].value.p, (int)query[i].value.n) : NULL;

        buf_char(url, i || (url->p && strchr(url->p, '?')) ? '&' : '?');
        buf_str(url, name ? name : "");
        buf_char(url, '=');
        buf_str(url, value ? value : "");
        curl_free(name);
        curl_free(value);
    }
}

static bool set_url(struct fetch *f, const struct http_req *req)
{
    struct buf url;

    buf_init(&url, 65536);
    buf_str(&url, req->url);
    add_query(&url, req->query, req->n_query);
    f->url = buf_take(&url);
    return f->url && curl_easy_setopt(f->easy, CURLOPT_URL, f->url) == CURLE_OK;
}

static bool set_body(struct fetch *f, const struct http_req *req)
{
    const char *method = req->method ? req->method : "GET";
    bool posts = strcmp(method, "POST") == 0;

    if (strcmp(method, "HEAD") == 0)
        curl_easy_setopt(f->easy, CURLOPT_NOBODY, 1L);
    else if (req->body.n || posts) {
        f->request_body = malloc(req->body.n + 1);
        if (!f->request_body)
            return false;
        memcpy(f->request_body, req->body.n ? req->body.p : "", req->body.n);
        curl_easy_setopt(f->easy, CURLOPT_POST, 1L);
        curl_easy_setopt(f->easy, CURLOPT_POSTFIELDS, f->request_body);
        curl_easy_setopt(f->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)req->body.n);
    }
    if (!posts && strcmp(method, "HEAD") != 0)
        curl_easy_setopt(f->easy, CURLOPT_CUSTOMREQUEST, method);
    return true;
}

static void set_options(struct fetch *f, const struct http_req *req)
{
    const struct net_client *c = f->client;
    long timeout = req->timeout_ms > 0 ? req->timeout_ms : TIMEOUT_MS;

    curl_easy_setopt(f->easy, CURLOPT_PRIVATE, f);
    curl_easy_setopt(f->easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(f->easy, CURLOPT_TIMEOUT_MS, timeout);
    if (req->slowest > 0) {
        curl_easy_setopt(f->easy, CURLOPT_LOW_SPEED_LIMIT, (long)req->slowest);
        curl_easy_setopt(f->easy, CURLOPT_LOW_SPEED_TIME, (long)SLOW_S);
    }
    if (req->stranger) { /* no connection that was opened under other rules */
        curl_easy_setopt(f->easy, CURLOPT_FRESH_CONNECT, 1L);
        curl_easy_setopt(f->easy, CURLOPT_FORBID_REUSE, 1L);
    }
    f->stranger = req->stranger;
    curl_easy_setopt(f->easy, CURLOPT_CONNECTTIMEOUT_MS, timeout < CONNECT_MS ? timeout : (long)CONNECT_MS);
    curl_easy_setopt(f->easy, CURLOPT_PROTOCOLS_STR, c->cfg.allow_http ? "http,https" : "https");
    curl_easy_setopt(f->easy, CURLOPT_FOLLOWLOCATION, 0L); /* an answer must not choose the next address */
    curl_easy_setopt(f->easy, CURLOPT_PROXY, "");          /* nor the environment */
    curl_easy_setopt(f->easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(f->easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (c->cfg.ca_file)
        curl_easy_setopt(f->easy, CURLOPT_CAINFO, c->cfg.ca_file);
    curl_easy_setopt(f->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(f->easy, CURLOPT_ACCEPT_ENCODING, NULL);
    curl_easy_setopt(f->easy, CURLOPT_USERAGENT, c->user_agent);
    curl_easy_setopt(f->easy, CURLOPT_HTTPHEADER, f->headers);
    curl_easy_setopt(f->easy, CURLOPT_ERRORBUFFER, f->error);
    curl_easy_setopt(f->easy, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(f->easy, CURLOPT_WRITEDATA, f);
    curl_easy_setopt(f->easy, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(f->easy, CURLOPT_HEADERDATA, f);
    curl_easy_setopt(f->easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(f->easy, CURLOPT_OPENSOCKETDATA, f);
}

static bool prepare(struct fetch *f, const struct http_req *req)
{
    f->easy = curl_easy_init();
    if (!f->easy || !set_headers(f, req) || !set_url(f, req) || !set_body(f, req))
        return false;
    set_options(f, req);
    return true;
}

/* Threads are for those who send mail. */
static bool sends_mail(struct net_client *c)
{
    if (!c->smtp && !c->closing)
        c->smtp = smtp_open(c->loop, &c->cfg);
    return c->smtp != NULL;
}

void net_fetch(struct net_client *c, const struct http_req *req, net_fetched *done, void *ctx)
{
    struct fetch *f;
    bool spare;

    if (req->smtp && sends_mail(c) && smtp_send(c->smtp, req, done, ctx))
        return;
    f = calloc(1, sizeof(*f));
    spare = !f;

    if (spare && !(f = c->spare))
        abort(); /* every request must be answered, and here is nothing left to do it with */
    if (spare) {
        c->spare = NULL;
        *f = (struct fetch){ .failure = "out of memory" };
    }
    f->client = c;
    f->cb = done;
    f->ctx = ctx;
    buf_init(&f->body, req->answer_max ? req->answer_max : ANSWER_MAX);
    buf_init(&f->heads, HEADER_BYTES_MAX);
    if (c->closing)
        f->failure = "going down";
    else if (req->smtp)
        f->failure = "out of memory";
    else if (!spare && (!prepare(f, req) || curl_multi_add_handle(c->multi, f->easy) != CURLM_OK))
        f->failure = "the request cannot be made";
    if (f->failure)
        complete(f);
    else
        link_in(f, &c->fetches);
}

/* ---- Opening and closing ---- */

enum kf_rc net_client_open(struct net_client **ret, struct uv_loop_s *loop, const struct net_client_config *cfg, struct kf_err *why)
{
    struct net_client *c = calloc(1, sizeof(*c));

    curl_global_init(CURL_GLOBAL_DEFAULT); /* counted by curl */
    if (!c || !(c->multi = curl_multi_init()) || !(c->spare = calloc(1, sizeof(*c->spare))) ||
        !(c->user_agent = strdup(cfg->user_agent ? cfg->user_agent : "kefud")) || (cfg->ca_file && !(c->ca_file = strdup(cfg->ca_file)))) {
        if (c && c->multi)
            curl_multi_cleanup(c->multi);
        if (c) {
            free(c->spare);
            free(c->user_agent);
        }
        free(c);
        curl_global_cleanup();
        return kf_fail(why, KF_NOMEM, "curl");
    }
    c->spare->client = c;
    c->loop = loop;
    c->cfg = *cfg;
    c->cfg.user_agent = c->user_agent;
    c->cfg.ca_file = c->ca_file;
    c->refs = 2;
    (void)uv_timer_init(loop, &c->timer);
    (void)uv_timer_init(loop, &c->finish);
    c->timer.data = c->finish.data = c;
    curl_multi_setopt(c->multi, CURLMOPT_SOCKETFUNCTION, set_socket);
    curl_multi_setopt(c->multi, CURLMOPT_SOCKETDATA, c);
    curl_multi_setopt(c->multi, CURLMOPT_TIMERFUNCTION, set_timer);
    curl_multi_setopt(c->multi, CURLMOPT_TIMERDATA, c);
    curl_multi_setopt(c->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)(cfg->max_total > 0 ? cfg->max_total : 64));
    curl_multi_setopt(c->multi, CURLMOPT_MAX_HOST_CONNECTIONS, (long)(cfg->max_per_host > 0 ? cfg->max_per_host : 8));
    *ret = c;
    return KF_OK;
}

static void timer_closed(uv_handle_t *h)
{
    client_unref(h->data);
}

void net_client_close(struct net_client *c)
{
    if (!c || c->closing)
        return;
    c->closing = true;
    while (c->fetches) {
        struct fetch *f = c->fetches;

        finished(f, CURLE_ABORTED_BY_CALLBACK);
        f->failure = "going down";
    }
    smtp_close(c->smtp);
    c->smtp = NULL;
    tell_all(&c->finish);
    free(c->spare);
    c->spare = NULL;
    curl_multi_cleanup(c->multi);
    c->multi = NULL;
    uv_close((uv_handle_t *)&c->timer, timer_closed);
    uv_close((uv_handle_t *)&c->finish, timer_closed);
    curl_global_cleanup();
}
