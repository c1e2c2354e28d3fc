/* head.c: what a request's head says, and whether it may.
 *
 * libwebsockets 4.1.6 lets through what RFC 9112 forbids: no Host, several, any Content-Length, Transfer-Encoding unread, any
 * WebSocket version. All of that is looked at here, on copies, because the header table may vanish under our feet. */
#include "net/internal.h"

#include <ctype.h>
#include <stdlib.h>
#include <strings.h>

/* Headers that libwebsockets knows by number. */
static const struct {
    enum lws_token_indexes token;
    const char *name;
} known[] = {
    { WSI_TOKEN_HOST, "host" },
    { WSI_TOKEN_ORIGIN, "origin" },
    { WSI_TOKEN_HTTP_COOKIE, "cookie" },
    { WSI_TOKEN_HTTP_AUTHORIZATION, "authorization" },
    { WSI_TOKEN_HTTP_CONTENT_TYPE, "content-type" },
    { WSI_TOKEN_HTTP_CONTENT_ENCODING, "content-encoding" },
    { WSI_TOKEN_HTTP_CONTENT_DISPOSITION, "content-disposition" },
    { WSI_TOKEN_HTTP_USER_AGENT, "user-agent" },
    { WSI_TOKEN_HTTP_IF_NONE_MATCH, "if-none-match" },
    { WSI_TOKEN_HTTP_IF_MATCH, "if-match" },
    { WSI_TOKEN_HTTP_RANGE, "range" },
    { WSI_TOKEN_HTTP_IF_RANGE, "if-range" },
    { WSI_TOKEN_HTTP_ACCEPT, "accept" },
    { WSI_TOKEN_HTTP_ACCEPT_LANGUAGE, "accept-language" },
    { WSI_TOKEN_HTTP_ACCEPT_ENCODING, "accept-encoding" },
    { WSI_TOKEN_HTTP_REFERER, "referer" },
    { WSI_TOKEN_HTTP_DATE, "date" },
    { WSI_TOKEN_PROTOCOL, "sec-websocket-protocol" },
};

/* Headers that it does not know can only be asked for by name in this version; there is no way to list them. */
static const char *const unknown[] = {
    /* ours and the browsers' */
    "x-csrf-token",
    "api_access_token",
    "x-request-id",
    "idempotency-key",
    "sec-fetch-site",
    "sec-fetch-mode",
    "sec-fetch-dest",
    /* Standard Webhooks and what others sign with */
    "webhook-id",
    "webhook-timestamp",
    "webhook-signature",
    "svix-id",
    "svix-timestamp",
    "svix-signature",
    "x-kefu-id",
    "x-kefu-event",
    "x-kefu-timestamp",
    "x-kefu-signature",
    "x-kefu-token",
    "x-kefu-channel",
    "x-hub-signature",
    "x-hub-signature-256",
    "x-telegram-bot-api-secret-token",
    "x-line-signature",
    "x-slack-signature",
    "x-slack-request-timestamp",
    "x-slack-retry-num",
    "x-slack-retry-reason",
    "x-twilio-signature",
    "x-twilio-email-event-webhook-signature",
    "x-twilio-email-event-webhook-timestamp",
    "x-viber-content-signature",
    "x-signature-ed25519",
    "x-signature-timestamp",
    "x-bot-appid",
    "x-lark-request-timestamp",
    "x-lark-request-nonce",
    "x-lark-signature",
    "x-douyin-signature",
    "timestamp",
    "sign",
    "x-fake-signature",
    "x-fake-timestamp",
    "x-fake-nonce",
    "x-chatwoot-delivery",
    "x-chatwoot-signature",
    "x-chatwoot-timestamp",
};

static const char *const methods[] = {
    [LWSHUMETH_GET] = "GET",     [LWSHUMETH_POST] = "POST",     [LWSHUMETH_OPTIONS] = "OPTIONS", [LWSHUMETH_PUT] = "PUT",
    [LWSHUMETH_PATCH] = "PATCH", [LWSHUMETH_DELETE] = "DELETE", [LWSHUMETH_CONNECT] = NULL,      [LWSHUMETH_HEAD] = "HEAD",
};

static struct slice trim(struct slice s)
{
    while (s.n && (s.p[0] == ' ' || s.p[0] == '\t'))
        s.p++, s.n--;
    while (s.n && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
        s.n--;
    return s;
}

/* The whole value; lines of the same name are joined with commas. p == NULL: not there, or no memory. */
static struct slice token_copy(struct lws *wsi, struct arena *a, enum lws_token_indexes token)
{
    int n = lws_hdr_total_length(wsi, token);
    char *p = n > 0 ? arena_alloc(a, (size_t)n + 2) : NULL;

    if (!p || (n = lws_hdr_copy(wsi, p, n + 2, token)) <= 0)
        return (struct slice){ NULL, 0 };
    return trim((struct slice){ p, (size_t)n });
}

static struct slice custom_copy(struct lws *wsi, struct arena *a, const char *name)
{
    char key[80];
    size_t len = strlen(name);
    int n;
    char *p;

    if (len + 2 > sizeof(key))
        return (struct slice){ NULL, 0 };
    memcpy(key, name, len);
    memcpy(key + len, ":", 2);
    n = lws_hdr_custom_length(wsi, key, (int)len + 1);
    p = n >= 0 ? arena_alloc(a, (size_t)n + 1) : NULL;
    if (!p || (n = lws_hdr_custom_copy(wsi, p, n + 1, key, (int)len + 1)) < 0)
        return (struct slice){ NULL, 0 };
    return trim((struct slice){ p, (size_t)n });
}

/* The scheme may be written in either case (RFC 9110, 11.1): whoever looks further sees one form. */
static struct slice authorization_form(struct arena *a, struct slice value)
{
    static const char scheme[] = "Bearer ";

    if (value.n < sizeof(scheme) - 1 || strncasecmp(value.p, scheme, sizeof(scheme) - 1) != 0)
        return value;
    return slice_of(arena_printf(a, "%s%.*s", scheme, (int)(value.n - sizeof(scheme) + 1), value.p + sizeof(scheme) - 1));
}

static void headers_read(struct conn *c, struct lws *wsi, struct arena *a, struct net_head *ret)
{
    const struct net_config *cfg = &c->s->cfg;
    size_t most = sizeof(known) / sizeof(known[0]) + sizeof(unknown) / sizeof(unknown[0]) + cfg->n_headers, n = 0;
    struct http_pair *pairs = arena_array(a, most, sizeof(*pairs));

    if (!pairs)
        return;
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if ((pairs[n].value = token_copy(wsi, a, known[i].token)).p) {
            if (known[i].token == WSI_TOKEN_HTTP_AUTHORIZATION)
                pairs[n].value = authorization_form(a, pairs[n].value);
            pairs[n++].name = slice_of(known[i].name);
        }
    for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
        if ((pairs[n].value = custom_copy(wsi, a, unknown[i])).p)
            pairs[n++].name = slice_of(unknown[i]);
    for (size_t i = 0; i < cfg->n_headers; i++)
        if ((pairs[n].value = custom_copy(wsi, a, cfg->headers[i])).p)
            pairs[n++].name = slice_of(cfg->headers[i]);
    ret->headers = pairs;
    ret->n_headers = n;
}

static void query_read(struct lws *wsi, struct arena *a, struct net_head *ret)
{
    struct http_pair *pairs;
    size_t n = 0, cap = 0;

    while (cap < 128 && lws_hdr_fragment_length(wsi, WSI_TOKEN_HTTP_URI_ARGS, (int)cap) > 0)
        cap++;
    pairs = cap ? arena_array(a, cap, sizeof(*pairs)) : NULL;
    for (size_t i = 0; pairs && i < cap; i++) {
        int len = lws_hdr_fragment_length(wsi, WSI_TOKEN_HTTP_URI_ARGS, (int)i);
        char *p = arena_alloc(a, (size_t)len + 1), *eq;

        if (!p || lws_hdr_copy_fragment(wsi, p, len + 1, WSI_TOKEN_HTTP_URI_ARGS, (int)i) < 0)
            break;
        eq = memchr(p, '=', (size_t)len);
        pairs[n].name = (struct slice){ p, eq ? (size_t)(eq - p) : (size_t)len };
        pairs[n].value = eq ? (struct slice){ eq + 1, (size_t)(p + len - eq - 1) } : (struct slice){ p + len, 0 };
        n++;
    }
    ret->query = pairs;
    ret->n_query = n;
}

/* ---- Who ---- */

static bool trusted(const struct net_server *s, const struct address *a)
{
    for (size_t i = 0; i < s->n_proxies; i++)
        if (network_has(&s->proxies[i], a))
            return true;
    return false;
}

/* The right-most address that is not one of our proxies. What stands left of it was written by strangers. */
static void forwarded(const struct net_server *s, struct slice list, struct address *ret)
{
    while (list.n) {
        size_t from = list.n;
        struct address a;

        while (from && list.p[from - 1] != ',')
            from--;
        if (!address_parse(trim((struct slice){ list.p + from, list.n - from }), &a))
            return;
        *ret = a;
        if (!trusted(s, &a))
            return;
        list.n = from ? from - 1 : 0;
    }
}

static void peer_read(struct conn *c, struct lws *wsi, struct arena *a, struct net_peer *ret)
{
    struct slice by_proxy = token_copy(wsi, a, WSI_TOKEN_X_FORWARDED_FOR), proto = custom_copy(wsi, a, "x-forwarded-proto");
    bool relayed = by_proxy.p || proto.p || lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_VIA) > 0 ||
                   lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_X_REAL_IP) > 0 || lws_hdr_custom_length(wsi, "forwarded:", 10) >= 0;
    struct address who = c->address;

    ret->local = c->control;
    ret->uid = c->control ? c->uid : 0;
    ret->secure = c->tls;
    ret->loopback = !c->unix_socket && address_is_loopback(&c->address) && !relayed;
    if (c->proxied && !c->control) {
        if (by_proxy.p)
            forwarded(c->s, by_proxy, &who);
        ret->secure = c->tls || (proto.n == 5 && strncasecmp(proto.p, "https", 5) == 0);
    }
    (void)address_text(&who, ret->address);
    if (c->proxied && by_proxy.p)
        c->address = who; /* from now on it is the client that is counted */
}

/* ---- What is forbidden ---- */

static bool refuse(struct refusal *no, int status, const char *detail)
{
    *no = (struct refusal){ status, detail };
    return false;
}

/* reg-name, IPv4 or [IPv6], then perhaps a port. `name` is what stands before the port. */
static bool host_split(struct slice host, struct slice *name)
{
    size_t n = 0;

    if (host.n && host.p[0] == '[') {
        while (n < host.n && host.p[n] != ']')
            n++;
        if (n++ == host.n)
            return false;
    } else
        while (n < host.n && host.p[n] != ':')
            n++;
    *name = (struct slice){ host.p, n };
    if (n == 0)
        return false;
    for (size_t i = 0; i < n; i++)
        if (!isalnum((unsigned char)host.p[i]) && !strchr("-._[]:", host.p[i]))
            return false;
    if (n == host.n)
        return true;
    if (host.p[n] != ':')
        return false;
    for (size_t i = n + 1; i < host.n; i++)
        if (!isdigit((unsigned char)host.p[i]))
            return false;
    return true;
}

static bool same_name(struct slice a, const char *b)
{
    return a.n == strlen(b) && strncasecmp(a.p, b, a.n) == 0;
}

static bool host_check(const struct net_server *s, const struct net_head *head, struct refusal *no)
{
    struct slice host = http_header(head->headers, head->n_headers, "host"), name;

    if (!host.p || !host_split(host, &name))
        return refuse(no, 400, "One valid Host header is required.");
    if (s->cfg.n_hosts == 0 || same_name(name, "localhost") || same_name(name, "127.0.0.1") || same_name(name, "[::1]"))
        return true;
    for (size_t i = 0; i < s->cfg.n_hosts; i++)
        if (same_name(name, s->cfg.hosts[i]))
            return true;
    return refuse(no, 421, "This server does not answer for that host name.");
}

/* Digits only, once: libwebsockets joins doubled headers with a comma and takes "-2" for a huge number. */
static bool length_check(struct lws *wsi, struct arena *a, struct net_head *head, struct refusal *no)
{
    struct slice text = token_copy(wsi, a, WSI_TOKEN_HTTP_CONTENT_LENGTH);
    bool has_length = lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH) > 0;

    if (lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_TRANSFER_ENCODING) > 0)
        return has_length ? refuse(no, 400, "Content-Length and Transfer-Encoding exclude each other.")
                          : refuse(no, 411, "Send the body with a Content-Length; transfer codings are not accepted.");
    if (lws_hdr_custom_length(wsi, "content-length :", 16) >= 0 || lws_hdr_custom_length(wsi, "transfer-encoding :", 19) >= 0)
        return refuse(no, 400, "No space may stand between a header's name and its colon.");
    if (!has_length) {
        head->no_length = head->method[0] == 'P'; /* POST, PUT, PATCH */
        return true;
    }
    if (text.n == 0 || text.n > 15)
        return refuse(no, 400, "Content-Length must be one number.");
    for (size_t i = 0; i < text.n; i++) {
        if (!isdigit((unsigned char)text.p[i]))
            return refuse(no, 400, "Content-Length must be one number.");
        head->content_length = head->content_length * 10 + (text.p[i] - '0');
    }
    return true;
}

static bool path_check(const char *path, struct refusal *no)
{
    if (path[0] != '/')
        return refuse(no, 400, "The path must begin with a slash.");
    for (const unsigned char *p = (const unsigned char *)path; *p; p++)
        if (*p < 0x20 || *p == 0x7f)
            return refuse(no, 400, "The path holds a control character.");
    return true;
}

bool head_read(struct conn *c, struct lws *wsi, struct arena *arena, struct net_head *ret, struct refusal *no)
{
    char *uri = NULL;
    int len = 0, method = lws_http_get_uri_and_method(wsi, &uri, &len);

    *no = (struct refusal){ 0 };
    *ret = (struct net_head){ .method = "GET", .path = "/" };
    peer_read(c, wsi, arena, &ret->peer); /* first: even a refusal says whether it goes out secured */
    if (method < 0 || method >= (int)(sizeof(methods) / sizeof(methods[0])) || !methods[method])
        return refuse(no, 501, "This method is not implemented.");
    ret->method = methods[method];
    ret->path = arena_text(arena, (struct slice){ uri, (size_t)len });
    headers_read(c, wsi, arena, ret);
    query_read(wsi, arena, ret);
    if (!ret->path || !ret->headers)
        return refuse(no, 503, "Out of memory.");
    return path_check(ret->path, no) && host_check(c->s, ret, no) && length_check(wsi, arena, ret, no);
}

/* ---- Limits ---- */

bool head_admits(struct conn *c, const struct net_head *head, bool staff, struct refusal *no)
{
    struct net_server *s = c->s;
    static const struct address nobody;

    (void)head;
    if (c->control)
        return true;
    if (c->proxied && !c->counted && memcmp(&c->address, &nobody, sizeof(nobody)) != 0 && !trusted(s, &c->address)) {
        unsigned open = tally_add(s->tally, &c->address);

        c->counted = open > 0;
        if (open > (unsigned)s->cfg.connections_per_address)
            conn_excess(c);
    }
    if (!c->excess) /* who came while there was room stays, however many have come since */
        return true;
    if (s->n_conns - s->n_exempt > (uint32_t)s->cfg.connections_max) {
        s->figures.refused++;
        return refuse(no, 503, "Too many connections are open.");
    }
    if (!staff && c->counted && tally_of(s->tally, &c->address) > (unsigned)s->cfg.connections_per_address) {
        s->figures.refused++;
        return refuse(no, 429, "Too many connections are open from your address.");
    }
    conn_no_excess(c); /* others have gone meanwhile */
    return true;
}
