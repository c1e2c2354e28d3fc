#include "relay.h"

#include <arpa/inet.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct line {
    int fd;
    SSL *ssl;
    char in[65536];
    size_t n, at;
};

/* ---- bytes ---------------------------------------------------------------------------------------------------------------------- */

static ssize_t get(struct line *l, char *p, size_t n)
{
    struct pollfd pfd = { l->fd, POLLIN, 0 };

    if (!(l->ssl && SSL_pending(l->ssl)) && poll(&pfd, 1, patience_ms()) <= 0)
        return -1;
    return l->ssl ? SSL_read(l->ssl, p, (int)n) : recv(l->fd, p, n, 0);
}

static void say(struct line *l, const char *text)
{
    size_t n = strlen(text);

    if (l->ssl)
        (void)SSL_write(l->ssl, text, (int)n);
    else
        (void)send(l->fd, text, n, MSG_NOSIGNAL);
}

static void answer(struct line *l, const char *text)
{
    char line[1024];

    (void)snprintf(line, sizeof(line), "%s\r\n", text);
    say(l, line);
}

/* One byte; -1: it is over. */
static int byte_of(struct line *l)
{
    if (l->at == l->n) {
        ssize_t k = get(l, l->in, sizeof(l->in));

        if (k <= 0)
            return -1;
        l->n = (size_t)k;
        l->at = 0;
    }
    return (unsigned char)l->in[l->at++];
}

/* A line without its CRLF; false: it is over. */
static bool line_of(struct line *l, char *ret, size_t max)
{
    size_t n = 0;
    int c;

    while ((c = byte_of(l)) >= 0 && c != '\n')
        if (c != '\r' && n + 1 < max)
            ret[n++] = (char)c;
    ret[n] = '\0';
    return c >= 0;
}

/* ---- a certificate -------------------------------------------------------------------------------------------------------------- */

static void make_certificate(struct relay *r)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = X509_new();
    X509_NAME *name = X509_get_subject_name(cert);
    X509_EXTENSION *san = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, "IP:127.0.0.1");
    FILE *f;

    scratch_dir(r->dir, "kefud-relay");
    (void)snprintf(r->ca, sizeof(r->ca), "%s/ca.pem", r->dir);
    X509_set_version(cert, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
    X509_gmtime_adj(X509_getm_notBefore(cert), -3600);
    X509_gmtime_adj(X509_getm_notAfter(cert), 86400);
    X509_set_pubkey(cert, key);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"127.0.0.1", -1, -1, 0);
    X509_set_issuer_name(cert, name);
    X509_add_ext(cert, san, -1);
    X509_EXTENSION_free(san);
    assert_true(X509_sign(cert, key, EVP_sha256()) > 0);
    f = fopen(r->ca, "we");
    assert_non_null(f);
    PEM_write_X509(f, cert);
    (void)fclose(f);
    r->tls = SSL_CTX_new(TLS_server_method());
    SSL_CTX_use_certificate(r->tls, cert);
    SSL_CTX_use_PrivateKey(r->tls, key);
    X509_free(cert);
    EVP_PKEY_free(key);
}

/* ---- a conversation ------------------------------------------------------------------------------------------------------------- */

static bool begin_tls(struct relay *r, struct line *l, struct relayed *m)
{
    l->ssl = SSL_new(r->tls);
    SSL_set_fd(l->ssl, l->fd);
    l->n = l->at = 0;
    m->over_tls = SSL_accept(l->ssl) == 1;
    return m->over_tls;
}

static void remember(struct relayed *m, const char *line)
{
    size_t n = strlen(m->said);

    (void)snprintf(m->said + n, sizeof(m->said) - n, "%s\n", line);
}

static void greet(const struct relay_options *o, struct line *l, bool tls)
{
    say(l, "250-relay.example\r\n250-SIZE 52428800\r\n250-8BITMIME\r\n");
    if (o->utf8)
        say(l, "250-SMTPUTF8\r\n");
    if (o->starttls && !tls)
        say(l, "250-STARTTLS\r\n");
    if (o->auth && (tls || !o->starttls)) {
        say(l, "250-AUTH ");
        answer(l, o->auth);
    }
    answer(l, "250 ENHANCEDSTATUSCODES");
}

/* Up to the line with nothing but a dot. */
static bool take_data(const struct relay_options *o, struct line *l, struct relayed *m)
{
    size_t cap = 0;
    int c;

    while ((c = byte_of(l)) >= 0) {
        if (m->n_data + 2 > cap) {
            cap = cap ? cap * 2 : 65536;
            m->data = realloc(m->data, cap);
            if (!m->data)
                return false;
        }
        m->data[m->n_data++] = (char)c;
        m->data[m->n_data] = '\0';
        if (o->drop_in_data && m->n_data > 100)
            return false;
        if ((m->n_data == 3 && memcmp(m->data, ".\r\n", 3) == 0) ||
            (m->n_data >= 5 && memcmp(m->data + m->n_data - 5, "\r\n.\r\n", 5) == 0))
            return true;
    }
    return false;
}

static void sign_in(const struct relay_options *o, struct line *l, struct relayed *m, const char *first)
{
    char line[1024];

    if (strncasecmp(first, "AUTH PLAIN", 10) == 0 && !first[10]) {
        answer(l, "334 ");
        (void)line_of(l, line, sizeof(line));
        remember(m, line);
    } else if (strncasecmp(first, "AUTH LOGIN", 10) == 0) {
        for (int i = first[10] ? 1 : 0; i < 2; i++) {
            answer(l, i ? "334 UGFzc3dvcmQ6" : "334 VXNlcm5hbWU6");
            (void)line_of(l, line, sizeof(line));
            remember(m, line);
        }
    } else if (strncasecmp(first, "AUTH CRAM-MD5", 13) == 0) {
        answer(l, "334 PDE4OTYuNjk3MTcwOTUyQG14LmtlZnVkLmV4YW1wbGU+");
        (void)line_of(l, line, sizeof(line));
        remember(m, line);
    }
    answer(l, o->auth_answer ? o->auth_answer : "235 2.7.0 Ok");
}

static void talk(struct relay *r, const struct relay_options *o, struct line *l, struct relayed *m)
{
    char line[2048];

    if (o->silent) {
        (void)byte_of(l); /* until the client has had enough */
        return;
    }
    if (o->tls && !begin_tls(r, l, m))
        return;
    answer(l, o->greeting ? o->greeting : "220 relay.example ESMTP");
    while (line_of(l, line, sizeof(line))) {
        remember(m, line);
        if (strncasecmp(line, "EHLO", 4) == 0)
            greet(o, l, l->ssl != NULL);
        else if (strncasecmp(line, "STARTTLS", 8) == 0) {
            answer(l, "220 2.0.0 Ready");
            if (!begin_tls(r, l, m))
                return;
        } else if (strncasecmp(line, "AUTH", 4) == 0)
            sign_in(o, l, m, line);
        else if (strncasecmp(line, "MAIL", 4) == 0)
            answer(l, "250 2.1.0 Ok");
        else if (strncasecmp(line, "NOOP", 4) == 0)
            answer(l, "250 2.0.0 Ok");
        else if (strncasecmp(line, "RCPT", 4) == 0)
            answer(l, o->rcpt ? o->rcpt : "250 2.1.5 Ok");
        else if (strncasecmp(line, "DATA", 4) == 0) {
            answer(l, "354 Go ahead");
            if (!take_data(o, l, m) || o->drop_at_dot)
                return;
            answer(l, o->answer ? o->answer : "250 2.0.0 Ok: queued as 4AB");
        } else if (strncasecmp(line, "QUIT", 4) == 0) {
            if (!o->slow_quit)
                answer(l, "221 2.0.0 Bye");
            else
                (void)byte_of(l);
            return;
        } else
            answer(l, "500 5.5.2 What?");
    }
}

static void *serve(void *arg)
{
    struct relay *r = arg;

    for (;;) {
        struct line *l = calloc(1, sizeof(*l));
        struct relayed *m = calloc(1, sizeof(*m));
        struct relay_options o;
        bool over;

        if (!l || !m)
            abort();
        l->fd = accept(r->fd, NULL, NULL);
        pthread_mutex_lock(&r->lock);
        o = r->options;
        over = r->over;
        pthread_mutex_unlock(&r->lock);
        if (!over && l->fd >= 0)
            talk(r, &o, l, m);
        if (l->ssl)
            SSL_free(l->ssl);
        if (l->fd >= 0)
            (void)close(l->fd);
        free(l);
        pthread_mutex_lock(&r->lock);
        if (over || r->n == (int)(sizeof(r->all) / sizeof(r->all[0])) || (!m->data && !m->said[0])) {
            free(m->data);
            free(m);
        } else
            r->all[r->n++] = m;
        pthread_mutex_unlock(&r->lock);
        if (over)
            return NULL;
    }
}

/* ---- for the test ---------------------------------------------------------------------------------------------------------------- */

void relay_open(struct relay *r, const struct relay_options *options)
{
    struct sockaddr_in at = { .sin_family = AF_INET };
    socklen_t n = sizeof(at);

    *r = (struct relay){ .options = *options, .fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) };
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(r->fd, (struct sockaddr *)&at, sizeof(at)), 0);
    assert_int_equal(listen(r->fd, 16), 0);
    assert_int_equal(getsockname(r->fd, (struct sockaddr *)&at, &n), 0);
    r->port = ntohs(at.sin_port);
    if (options->tls || options->starttls)
        make_certificate(r);
    pthread_mutex_init(&r->lock, NULL);
    assert_int_equal(pthread_create(&r->thread, NULL, serve, r), 0);
}

void relay_options(struct relay *r, const struct relay_options *options)
{
    pthread_mutex_lock(&r->lock);
    r->options = *options;
    pthread_mutex_unlock(&r->lock);
}

void relay_close(struct relay *r)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons((uint16_t)r->port) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    pthread_mutex_lock(&r->lock);
    r->over = true;
    pthread_mutex_unlock(&r->lock);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    (void)connect(fd, (struct sockaddr *)&at, sizeof(at)); /* wakes it */
    pthread_join(r->thread, NULL);
    (void)close(fd);
    (void)close(r->fd);
    for (int i = 0; i < r->n; i++) {
        free(r->all[i]->data);
        free(r->all[i]);
    }
    SSL_CTX_free(r->tls);
    if (r->ca[0]) {
        (void)unlink(r->ca);
        (void)rmdir(r->dir);
    }
    pthread_mutex_destroy(&r->lock);
}

static const struct relayed *next(struct relay *r)
{
    const struct relayed *ret = NULL;

    pthread_mutex_lock(&r->lock);
    if (r->taken < r->n)
        ret = r->all[r->taken++];
    pthread_mutex_unlock(&r->lock);
    return ret;
}

const struct relayed *relay_take(struct relay *r)
{
    const struct relayed *ret = NULL;

    UNTIL((ret = next(r)) != NULL);
    return ret;
}

char *relayed_mail(const struct relayed *m, size_t *n)
{
    char *ret = calloc(1, m->n_data + 1);
    size_t k = 0;

    assert_non_null(ret);
    for (size_t i = 0; i < m->n_data; i++) {
        bool begins = i == 0 || m->data[i - 1] == '\n';

        if (begins && m->data[i] == '.') {
            if (i + 1 < m->n_data && m->data[i + 1] == '\r')
                break;
            continue;
        }
        ret[k++] = m->data[i];
    }
    *n = k;
    return ret;
}
