/* smtp.c: libcurl's SMTP on a few threads. A thread takes a mail, waits with it for the relay, and hands the reply to the loop. */
#include "net/smtp.h"

#include "core/address.h"
#include "core/buf.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <uv.h>

/* A relay that keeps us waiting, which it may for minutes, has a part of the threads: mail for others goes on beside it. */
enum { THREADS_MAX = 12, RELAY_MAX = 4, CONNECT_MS = 30000, REPLY_MAX = 4096 };

struct mail {
    struct smtp *smtp;
    struct mail *next;
    char *url, *from, *to, *user, *password, *body;
    size_t n_body, given; /* bytes that curl has taken */
    long timeout_ms;
    bool plain, stranger;
    net_fetched *cb;
    void *ctx;
    /* What came of it. */
    struct buf reply;
    bool reply_over; /* the next line begins another one */
    int code;        /* of the last reply */
    int status;
    const char *failure;
    bool sent, refused;
};

struct smtp {
    const struct net_client_config *cfg;
    uv_async_t ready;
    pthread_mutex_t lock;
    pthread_cond_t more;
    struct mail *waiting, **last; /* in order */
    struct mail *under_way, *done;
    pthread_t threads[THREADS_MAX];
    int n_threads, idle;
    int n_waiting; /* an idle thread that was woken may not have come to take one */
    bool closing;
};

/* ---- one mail, on its thread ------------------------------------------------------------------------------------------------ */

static void mail_free(struct mail *m)
{
    char *const owned[] = { m->url, m->from, m->to, m->user, m->password, m->body };

    for (size_t i = 0; i < sizeof(owned) / sizeof(owned[0]); i++)
        free(owned[i]);
    buf_finish(&m->reply);
    free(m);
}

static size_t give_body(char *p, size_t size, size_t n, void *arg)
{
    struct mail *m = arg;
    size_t room = size * n, left = m->n_body - m->given;

    if (room > left)
        room = left;
    memcpy(p, m->body + m->given, room);
    m->given += room;
    return room;
}

/* A line of a reply: "250-…" goes on, "250 …" ends it. Only the last one is kept, and goodbye is none. */
static size_t take_line(char *p, size_t size, size_t n, void *arg)
{
    struct mail *m = arg;
    size_t len = size * n;

    if (len < 3 || p[0] < '2' || p[0] > '5' || memcmp(p, "221", 3) == 0)
        return len;
    if (m->reply_over)
        buf_clear(&m->reply);
    m->reply_over = len == 3 || p[3] != '-';
    m->code = (p[0] - '0') * 100 + (p[1] - '0') * 10 + p[2] - '0';
    if (m->reply.n + len <= REPLY_MAX)
        buf_add(&m->reply, (struct slice){ p, len });
    return len;
}

static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *to)
{
    struct mail *m = arg;
    struct address a;

    (void)purpose;
    if ((!m->smtp->cfg->allow_private || m->stranger) && (!address_of(&to->addr, &a) || address_is_private(&a))) {
        m->refused = true;
        return CURL_SOCKET_BAD;
    }
    return socket(to->family, to->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, to->protocol);
}

static int progress(void *arg, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    struct mail *m = arg;
    bool closing;

    (void)a;
    (void)b;
    (void)c;
    (void)d;
    pthread_mutex_lock(&m->smtp->lock);
    closing = m->smtp->closing;
    pthread_mutex_unlock(&m->smtp->lock);
    return closing;
}

/* Without anybody to write to, a command that does nothing is all that is said after signing in. */
static void set_mail(struct mail *m, CURL *easy, struct curl_slist *to)
{
    if (!to) {
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, "NOOP");
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
        return;
    }
    curl_easy_setopt(easy, CURLOPT_MAIL_FROM, m->from);
    curl_easy_setopt(easy, CURLOPT_MAIL_RCPT, to);
    curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(easy, CURLOPT_READFUNCTION, give_body);
    curl_easy_setopt(easy, CURLOPT_READDATA, m);
    curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)m->n_body);
}

static void set_options(struct mail *m, CURL *easy, struct curl_slist *to)
{
    const struct net_client_config *cfg = m->smtp->cfg;
    bool plain = m->plain && cfg->allow_http;

    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_URL, m->url);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    curl_easy_setopt(easy, CURLOPT_USE_SSL, plain ? (long)CURLUSESSL_NONE : (long)CURLUSESSL_ALL);
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (cfg->ca_file)
        curl_easy_setopt(easy, CURLOPT_CAINFO, cfg->ca_file);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, m->timeout_ms);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, m->timeout_ms < CONNECT_MS ? m->timeout_ms : (long)CONNECT_MS);
    curl_easy_setopt(easy, CURLOPT_SERVER_RESPONSE_TIMEOUT, m->timeout_ms / 1000 + 1); /* curl's own two minutes are too few (RFC 5321) */
    if (m->user) {
        curl_easy_setopt(easy, CURLOPT_USERNAME, m->user);
        curl_easy_setopt(easy, CURLOPT_PASSWORD, m->password ? m->password : "");
    }
    set_mail(m, easy, to);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_line);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, m);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, m);
    curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, progress);
    curl_easy_setopt(easy, CURLOPT_XFERINFODATA, m);
    curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
}

static const char *words(const struct mail *m, CURLcode code)
{
    if (m->refused)
        return "the address is private";
    switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
        return "timeout";
    case CURLE_COULDNT_CONNECT:
        return "connection refused";
    case CURLE_COULDNT_RESOLVE_HOST:
        return "no such host";
    case CURLE_UNSUPPORTED_PROTOCOL:
        return "not an address of a relay";
    case CURLE_PEER_FAILED_VERIFICATION:
        return "the certificate is not trusted";
    case CURLE_USE_SSL_FAILED:
        return "the relay offers no TLS";
    case CURLE_ABORTED_BY_CALLBACK:
        return "going down";
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_WEIRD_SERVER_REPLY:
        return "connection lost";
    default:
        return curl_easy_strerror(code);
    }
}

/* A refusal is an answer. What came after the last byte of the mail was given and before a reply to it is not known. */
static void judge(struct mail *m, CURLcode code)
{
    m->sent = m->n_body && m->given == m->n_body;
    if (code == CURLE_OK || (m->code >= 400 && code != CURLE_OPERATION_TIMEDOUT)) {
        m->status = m->code;
        return;
    }
    if (code == CURLE_LOGIN_DENIED) {
        m->status = 535;
        buf_clear(&m->reply);
        buf_str(&m->reply, "535 the relay knows no way of signing in that we know");
        return;
    }
    m->failure = words(m, code);
}

static void perform(struct mail *m)
{
    CURL *easy = curl_easy_init();
    struct curl_slist *to = m->to ? curl_slist_append(NULL, m->to) : NULL;

    if (!easy || (m->to && !to)) {
        m->failure = "out of memory";
    } else {
        set_options(m, easy, to);
        judge(m, curl_easy_perform(easy));
    }
    if (easy)
        curl_easy_cleanup(easy);
    curl_slist_free_all(to);
}

/* ---- threads -------------------------------------------------------------------------------------------------------------------- */

static bool has_room(const struct smtp *s, const char *relay)
{
    int n = 0;

    for (const struct mail *m = s->under_way; m; m = m->next)
        n += strcmp(m->url, relay) == 0;
    return n < RELAY_MAX;
}

/* The first one whose relay has room, moved to those under way; NULL: none has. */
static struct mail *take_next(struct smtp *s)
{
    struct mail **at = &s->waiting, *m;

    while (*at && !has_room(s, (*at)->url))
        at = &(*at)->next;
    m = *at;
    if (!m)
        return NULL;
    *at = m->next;
    if (!m->next)
        s->last = at;
    s->n_waiting--;
    m->next = s->under_way;
    s->under_way = m;
    return m;
}

static void put_done(struct smtp *s, struct mail *m)
{
    struct mail **at = &s->under_way;

    while (*at != m)
        at = &(*at)->next;
    *at = m->next;
    m->next = s->done;
    s->done = m;
    (void)uv_async_send(&s->ready);
}

static void *thread_main(void *arg)
{
    struct smtp *s = arg;
    struct mail *m;

    pthread_mutex_lock(&s->lock);
    while (!s->closing) {
        m = take_next(s);
        if (!m) {
            s->idle++;
            pthread_cond_wait(&s->more, &s->lock);
            s->idle--;
            continue;
        }
        pthread_mutex_unlock(&s->lock);
        perform(m);
        pthread_mutex_lock(&s->lock);
        put_done(s, m);
    }
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

/* ---- on the loop ---------------------------------------------------------------------------------------------------------------- */

static void tell(struct mail *m)
{
    const struct http_resp resp = { .status = m->status,
                                    .body = m->status ? buf_slice(&m->reply) : (struct slice){ "", 0 },
                                    .sent = m->sent,
                                    .failure = m->failure,
                                    .refused = m->refused };

    m->cb(m->ctx, &resp);
    mail_free(m);
}

static void tell_all(uv_async_t *ready)
{
    struct smtp *s = ready->data;
    struct mail *all, *next;

    pthread_mutex_lock(&s->lock);
    all = s->done;
    s->done = NULL;
    pthread_mutex_unlock(&s->lock);
    for (; all; all = next) {
        next = all->next;
        tell(all);
    }
}

static char *copied(const char *s, bool *ok)
{
    char *ret = s ? strdup(s) : NULL;

    *ok &= !s || ret;
    return ret;
}

static struct mail *mail_new(struct smtp *s, const struct http_req *req)
{
    struct mail *m = calloc(1, sizeof(*m));
    bool ok = m != NULL;

    if (!m)
        return NULL;
    m->smtp = s;
    buf_init(&m->reply, (size_t)2 * REPLY_MAX);
    m->url = copied(req->url, &ok);
    m->from = copied(req->smtp->from, &ok);
    m->to = copied(req->smtp->to, &ok);
    m->user = copied(req->smtp->user, &ok);
    m->password = copied(req->smtp->password, &ok);
    m->body = malloc(req->body.n + 1);
    m->n_body = req->body.n;
    m->timeout_ms = req->timeout_ms > 0 ? req->timeout_ms : CONNECT_MS;
    m->plain = req->smtp->plain;
    m->stranger = req->stranger;
    if (!ok || !m->body) {
        mail_free(m);
        return NULL;
    }
    memcpy(m->body, req->body.n ? req->body.p : "", req->body.n);
    return m;
}

bool smtp_send(struct smtp *s, const struct http_req *req, net_fetched *done, void *ctx)
{
    struct mail *m = mail_new(s, req);

    if (!m)
        return false;
    m->cb = done;
    m->ctx = ctx;
    pthread_mutex_lock(&s->lock);
    if (s->n_waiting >= s->idle && s->n_threads < THREADS_MAX && pthread_create(&s->threads[s->n_threads], NULL, thread_main, s) == 0)
        s->n_threads++;
    if (!s->n_threads) {
        m->failure = "no thread can be started";
        m->next = s->done;
        s->done = m;
        (void)uv_async_send(&s->ready);
    } else {
        *s->last = m;
        s->last = &m->next;
        s->n_waiting++;
        pthread_cond_signal(&s->more);
    }
    pthread_mutex_unlock(&s->lock);
    return true;
}

struct smtp *smtp_open(struct uv_loop_s *loop, const struct net_client_config *cfg)
{
    struct smtp *s = calloc(1, sizeof(*s));

    if (!s)
        return NULL;
    s->cfg = cfg;
    s->last = &s->waiting;
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->more, NULL);
    if (uv_async_init(loop, &s->ready, tell_all)) {
        free(s);
        return NULL;
    }
    uv_unref((uv_handle_t *)&s->ready); /* a loop that has nothing else to do need not wait for mail that nobody sends */
    s->ready.data = s;
    return s;
}

static void ready_closed(uv_handle_t *h)
{
    struct smtp *s = h->data;

    pthread_cond_destroy(&s->more);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

void smtp_close(struct smtp *s)
{
    if (!s)
        return;
    pthread_mutex_lock(&s->lock);
    s->closing = true;
    pthread_cond_broadcast(&s->more);
    pthread_mutex_unlock(&s->lock);
    for (int i = 0; i < s->n_threads; i++)
        pthread_join(s->threads[i], NULL);
    while (s->waiting) {
        struct mail *m = s->waiting;

        s->waiting = m->next;
        m->failure = "going down";
        m->next = s->done;
        s->done = m;
    }
    tell_all(&s->ready);
    uv_close((uv_handle_t *)&s->ready, ready_closed);
}
