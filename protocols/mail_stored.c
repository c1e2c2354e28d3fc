/* mail_stored.c: files of a mail that Mailgun's store() route has kept, and told the address of. What it signs covers no address: whoever has
 * seen one signature could name any place, so that nothing is asked for anywhere but where Mailgun keeps them. */
#include "protocols/mail_impl.h"
#include "protocols/sign.h"
#include "protocols/url.h"

#include <strings.h>

static bool ends_with(struct slice host, const char *end)
{
    size_t n = strlen(end);

    return host.n > n && strncasecmp(host.p + host.n - n, end, n) == 0;
}

/* "storage-us-east4.api.mailgun.net", "sw.api.mailgun.net", "storage-europe-west1.api.eu.mailgun.net" … */
static bool is_mailgun(const struct url *u)
{
    static const char *const hosts[] = { "api.mailgun.net", "api.eu.mailgun.net" };

    if (!u->https)
        return false;
    for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++)
        if (url_place_is(u, slice_of(hosts[i])))
            return true;
    return u->port == 443 && (ends_with(u->host, ".api.mailgun.net") || ends_with(u->host, ".api.eu.mailgun.net"));
}

static bool is_storage(const struct mail *m, const struct url *u)
{
    for (size_t i = 0; i < m->n_storage_hosts; i++)
        if (url_place_is(u, m->storage_hosts[i]))
            return true;
    return !m->n_storage_hosts && is_mailgun(u);
}

/* Authorization: Basic api:KEY. NULL: memory is out. */
static struct http_pair *credentials(const struct mail *m, struct arena *a)
{
    struct http_pair *ret = ARENA_NEW(a, struct http_pair);
    char *plain = arena_printf(a, "api:%.*s", (int)m->api_key.n, m->api_key.p);
    struct buf b;

    if (!ret || !plain)
        return NULL;
    buf_init(&b, 1024);
    buf_str(&b, "Basic ");
    sign_base64(&b, plain, strlen(plain));
    *ret = (struct http_pair){ SLICE("Authorization"), buf_copy(&b, a) };
    buf_finish(&b);
    return ret->value.p ? ret : NULL;
}

enum kf_rc mail_media(const struct channel *ch, struct arena *a, const struct env *env, const struct media *m, const struct http_resp *last,
                      struct http_req *ret)
{
    const struct mail *mail = mail_of(ch);
    struct url u;

    (void)env;
    (void)last; /* one request is all */
    if (!mail->api_key.n || !url_parse(m->url, &u) || !is_storage(mail, &u))
        return KF_DENIED;
    *ret = (struct http_req){ .method = "GET", .url = arena_text(a, m->url), .headers = credentials(mail, a), .n_headers = 1 };
    return ret->url && ret->headers ? KF_OK : KF_NOMEM;
}
