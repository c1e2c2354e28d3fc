#include "kefuctl_doctor.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <errno.h>
#include <hiredis/hiredis.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* ---- Redis ---- */

static bool in_path(const char *program, char *found, size_t size)
{
    const char *path = getenv("PATH");

    if (strchr(program, '/')) {
        snprintf(found, size, "%s", program);
        return access(program, X_OK) == 0;
    }
    for (path = path ? path : "/usr/bin:/bin"; *path; path += strspn(path, ":")) {
        size_t n = strcspn(path, ":");

        snprintf(found, size, "%.*s/%s", (int)n, path, program);
        if (access(found, X_OK) == 0)
            return true;
        path += n;
    }
    return false;
}

static void look_at_private(struct doctor *d)
{
    const char *program = d->ctl->cfg.redis.server;
    char found[4096];

    if (in_path(program, found, sizeof(found)))
        doctor_say(d, FINDING_OK, "redis", NULL, "kefud starts its own: %s", found);
    else
        doctor_say(d, FINDING_ERROR, "redis", "apt install redis-server, or name a running one: [redis] url", "there is no program %s",
                   program);
}

/* redis://[user[:password]@]host:port taken apart in `copy`. */
static redisContext *connect_redis(const struct config *cfg, char *copy, size_t size, const char **user, const char **password)
{
    const struct timeval wait = { .tv_sec = 3 };
    char *host, *at, *colon;
    int port = 6379;

    *user = NULL;
    *password = cfg->redis.password;
    if (strncmp(cfg->redis.url, "unix:", 5) == 0)
        return redisConnectUnixWithTimeout(cfg->redis.url + 5, wait);
    snprintf(copy, size, "%s", cfg->redis.url + strlen("redis://"));
    host = copy;
    at = strrchr(copy, '@');
    if (at) {
        *at = '\0';
        host = at + 1;
        colon = strchr(copy, ':');
        if (colon) {
            *colon = '\0';
            if (!*password)
                *password = colon + 1;
        }
        *user = *copy ? copy : NULL;
    }
    host[strcspn(host, "/")] = '\0';
    colon = strrchr(host, ':');
    if (colon) {
        *colon = '\0';
        port = atoi(colon + 1);
    }
    if (*host == '[') { /* [::1] */
        host++;
        host[strcspn(host, "]")] = '\0';
    }
    return redisConnectWithTimeout(host, port, wait);
}

static redisReply *ask(redisContext *c, int n, const char **words)
{
    return redisCommandArgv(c, n, words, NULL);
}

/* False: it said something else, which has been reported. */
static bool answers(struct doctor *d, redisContext *c, int n, const char **words, const char *advice)
{
    redisReply *reply = ask(c, n, words);
    bool ok = reply && reply->type != REDIS_REPLY_ERROR;

    if (!ok)
        doctor_say(d, FINDING_ERROR, "redis", advice, "%s: %s", words[0], reply ? reply->str : c->errstr);
    freeReplyObject(reply);
    return ok;
}

static void look_at_version(struct doctor *d, redisContext *c)
{
    const char *words[] = { "INFO", "server" };
    redisReply *reply = ask(c, 2, words);
    const char *at = reply && reply->type == REDIS_REPLY_STRING ? strstr(reply->str, "redis_version:") : NULL;
    int major = at ? atoi(at + strlen("redis_version:")) : 0;

    if (major >= 7)
        doctor_say(d, FINDING_OK, "redis", NULL, "answers, version %.*s", (int)strcspn(at + 14, "\r\n"), at + 14);
    else if (major)
        doctor_say(d, FINDING_ERROR, "redis", "kefud needs Redis 7 or Valkey", "version %.*s", (int)strcspn(at + 14, "\r\n"), at + 14);
    else
        doctor_say(d, FINDING_NOTE, "redis", NULL, "answers, and does not tell its version");
    freeReplyObject(reply);
}

static void look_at_given(struct doctor *d)
{
    char copy[512];
    const char *user, *password;
    redisContext *c = connect_redis(&d->ctl->cfg, copy, sizeof(copy), &user, &password);
    const char *auth[3] = { "AUTH", user ? user : password, password }, *ping[] = { "PING" };

    if (!c || c->err)
        doctor_say(d, FINDING_ERROR, "redis", "is it running, and reachable from here?", "%s", c ? c->errstr : "out of memory");
    else if (!password || answers(d, c, user ? 3 : 2, auth, "check [redis] password"))
        if (answers(d, c, 1, ping, "check [redis] url and password, and the rights of its user"))
            look_at_version(d, c);
    if (c)
        redisFree(c);
    explicit_bzero(copy, sizeof(copy));
}

void doctor_redis(struct doctor *d)
{
    if (d->ctl->cfg.redis.url)
        look_at_given(d);
    else
        look_at_private(d);
}

/* ---- TLS ---- */

static X509 *read_certificate(const char *path)
{
    FILE *f = fopen(path, "re");
    X509 *ret = f ? PEM_read_X509(f, NULL, NULL, NULL) : NULL;

    if (f)
        fclose(f);
    return ret;
}

/* kefud is not told one either. */
static int no_pass_phrase(char *buf, int size, int writing, void *ctx)
{
    (void)buf;
    (void)size;
    (void)writing;
    (void)ctx;
    return -1;
}

static EVP_PKEY *read_key(const char *path)
{
    FILE *f = fopen(path, "re");
    EVP_PKEY *ret = f ? PEM_read_PrivateKey(f, NULL, no_pass_phrase, NULL) : NULL;

    if (f)
        fclose(f);
    return ret;
}

static void look_at_expiry(struct doctor *d, const X509 *certificate)
{
    int days = 0, seconds = 0;

    if (!ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(certificate)))
        doctor_say(d, FINDING_WARNING, "tls", NULL, "the certificate's end cannot be read");
    else if (days < 0 || seconds < 0)
        doctor_say(d, FINDING_ERROR, "tls", "renew it, then kefuctl reload", "the certificate has expired");
    else if (days < 14)
        doctor_say(d, FINDING_WARNING, "tls", "renew it, then kefuctl reload", "the certificate expires in %d days", days);
    else
        doctor_say(d, FINDING_OK, "tls", NULL, "certificate and key belong together; %d days left", days);
    if (X509_cmp_current_time(X509_get0_notBefore(certificate)) > 0)
        doctor_say(d, FINDING_ERROR, "tls", "check the clock", "the certificate is not valid yet");
}

static void look_at_names(struct doctor *d, X509 *certificate)
{
    const struct config_list *urls = &d->ctl->cfg.listen.public_url;

    for (size_t i = 0; i < urls->n; i++) {
        const char *host = strstr(urls->items[i], "://") + 3;
        size_t n = strcspn(host, ":");

        if (strncmp(urls->items[i], "https://", 8) == 0 && X509_check_host(certificate, host, n, 0, NULL) != 1)
            doctor_say(d, FINDING_ERROR, "tls", "get a certificate for the names in [listen] public_url", "the certificate is not for %.*s",
                       (int)n, host);
    }
}

void doctor_tls(struct doctor *d)
{
    const struct config *cfg = &d->ctl->cfg;
    X509 *certificate;
    EVP_PKEY *key;

    if (!cfg->tls.key) {
        if (cfg->loopback)
            doctor_say(d, FINDING_NOTE, "tls", NULL, "not here; only loopback is listened on");
        else
            doctor_say(d, FINDING_WARNING, "tls", "set [tls], or listen on loopback behind a proxy that speaks TLS",
                       "staff cannot sign in without it, except behind a listed proxy");
        return;
    }
    certificate = read_certificate(cfg->tls.certificate);
    key = read_key(cfg->tls.key);
    if (!certificate || !key)
        doctor_say(d, FINDING_ERROR, "tls", "it must be PEM, the key without a passphrase", "%s cannot be read",
                   certificate ? cfg->tls.key : cfg->tls.certificate);
    else if (X509_check_private_key(certificate, key) != 1)
        doctor_say(d, FINDING_ERROR, "tls", "the server's own certificate comes first in its file", "%s is not the key of %s", cfg->tls.key,
                   cfg->tls.certificate);
    else {
        look_at_expiry(d, certificate);
        look_at_names(d, certificate);
    }
    X509_free(certificate);
    EVP_PKEY_free(key);
}

/* ---- ports ---- */

static bool socket_address(const char *text, struct sockaddr_storage *ret, socklen_t *len)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)ret;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)ret;
    const char *colon = strrchr(text, ':');
    char host[64];

    *ret = (struct sockaddr_storage){ 0 };
    if (*text == '[') {
        snprintf(host, sizeof(host), "%.*s", (int)(colon - text) - 2, text + 1);
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons((uint16_t)atoi(colon + 1));
        *len = sizeof(*v6);
        return inet_pton(AF_INET6, host, &v6->sin6_addr) == 1;
    }
    snprintf(host, sizeof(host), "%.*s", (int)(colon - text), text);
    v4->sin_family = AF_INET;
    v4->sin_port = htons((uint16_t)atoi(colon + 1));
    *len = sizeof(*v4);
    return inet_pton(AF_INET, host, &v4->sin_addr) == 1;
}

static void look_at_port(struct doctor *d, const char *text)
{
    struct sockaddr_storage address;
    socklen_t len;
    int fd, on = 1;

    if (strncmp(text, "unix:", 5) == 0 || !socket_address(text, &address, &len))
        return;
    fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (address.ss_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
    if (bind(fd, (struct sockaddr *)&address, len) == 0)
        doctor_say(d, FINDING_OK, "port", NULL, "%s is free", text);
    else if (errno == EADDRINUSE)
        doctor_say(d, FINDING_ERROR, "port", "see who has it with ss -ltnp, or choose another in [listen] addresses", "%s is taken", text);
    else if (errno == EACCES)
        doctor_say(d, FINDING_ERROR, "port", "choose one from 1024 on and let a proxy have the other; kefud never runs as root",
                   "%s may not be opened", text);
    else
        doctor_say(d, FINDING_ERROR, "port", "is this an address of this machine?", "%s: %s", text, strerror(errno));
    close(fd);
}

void doctor_ports(struct doctor *d)
{
    const struct config_list *list = &d->ctl->cfg.listen.addresses;

    for (size_t i = 0; i < list->n && !d->running; i++)
        look_at_port(d, list->items[i]);
}

/* ---- proxy ---- */

static size_t ignore(char *data, size_t size, size_t n, void *ctx)
{
    (void)data;
    (void)ctx;
    return size * n;
}

/* Does a WebSocket get through `origin`? 101 and 4xx of kefud's own both come over a connection that was asked to be upgraded; what
 * matters is that a proxy in between has passed the request on. The status, 0 if nothing came, and the words. */
static long try_upgrade(const char *origin, const char *site, char words[CURL_ERROR_SIZE])
{
    struct curl_slist *headers = NULL;
    char url[512], from[512];
    long status = 0;
    CURL *curl = curl_easy_init();

    if (!curl)
        return 0;
    snprintf(url, sizeof(url), "%s/ws/visitor?site=%s", origin, site);
    snprintf(from, sizeof(from), "Origin: %s", origin);
    headers = curl_slist_append(headers, "Connection: Upgrade");
    headers = curl_slist_append(headers, "Upgrade: websocket");
    headers = curl_slist_append(headers, "Sec-WebSocket-Version: 13");
    headers = curl_slist_append(headers, "Sec-WebSocket-Key: a2VmdWQgZG9jdG9yIHRyeQ==");
    headers = curl_slist_append(headers, "Sec-WebSocket-Protocol: kefu.visitor.v1");
    headers = curl_slist_append(headers, from);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, ignore);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, words);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, 3000L); /* after a 101 nothing more comes: that is the answer */
    words[0] = '\0';
    (void)curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    return status;
}

static const char *any_site(const struct doctor *d)
{
    const json_t *first = json_array_get(json_object_get(d->status, "sites"), 0);
    const char *key = json_string_value(json_is_object(first) ? json_object_get(first, "key") : first);

    return key ? key : "demo";
}

static void look_at_origin(struct doctor *d, const char *origin)
{
    char words[CURL_ERROR_SIZE] = "";
    long status = try_upgrade(origin, any_site(d), words);

    if (status == 101)
        doctor_say(d, FINDING_OK, "public_url", NULL, "a WebSocket gets through %s", origin);
    else if (status == 0)
        doctor_say(d, FINDING_WARNING, "public_url", "from here it may differ: try it from a visitor's place", "%s: %s", origin,
                   *words ? words : "no answer");
    else
        doctor_say(d, FINDING_ERROR, "public_url",
                   "let the proxy pass Upgrade: websocket, Connection and Host on (docs/operations.md has the lines for nginx)",
                   "a WebSocket does not get through %s: status %ld", origin, status);
}

void doctor_proxy(struct doctor *d)
{
    const struct config *cfg = &d->ctl->cfg;

    if (cfg->listen.public_url.n == 0) {
        if (!cfg->loopback)
            doctor_say(d, FINDING_WARNING, "public_url", "set [listen] public_url to what browsers call this server",
                       "not set: only pages from the listening address are served a WebSocket");
        return;
    }
    if (!cfg->tls.key && cfg->listen.proxies.n == 0)
        doctor_say(
            d, FINDING_ERROR, "proxy", "list its address in [listen] proxies",
            "public_url is set without TLS here, so a proxy stands in front, but none is believed: all visitors would share one address");
    for (size_t i = 0; i < cfg->listen.public_url.n && d->running; i++)
        look_at_origin(d, cfg->listen.public_url.items[i]);
}
