/* generic.c: the settings of the generic channel. What comes in is read by generic_in.c, what goes out is written by generic_out.c. */
#include "protocols/generic_impl.h"
#include "protocols/json.h"

#include <stdlib.h>

static const struct setting_key keys[] = {
    { .name = "url", .type = SETTING_URL, .required = true, .min = 8, .max = 2048, .help = "where messages of agents are sent" },
    { .name = "secrets",
      .type = SETTING_LIST,
      .secret = true,
      .max = GENERIC_SECRETS_MAX,
      .help = "secrets of which one must have signed what comes in: whsec_ and base64 of 24 to 64 bytes" },
    { .name = "public_keys",
      .type = SETTING_LIST,
      .max = GENERIC_SECRETS_MAX,
      .help = "Ed25519 keys of which one may have signed instead: whpk_ and base64 of 32 bytes" },
    { .name = "send_secrets",
      .type = SETTING_LIST,
      .required = true,
      .secret = true,
      .min = 1,
      .max = GENERIC_SECRETS_MAX,
      .help = "secrets with which we sign, one signature for each: two while one is being replaced" },
    { .name = "headers",
      .type = SETTING_LIST,
      .secret = true,
      .max = GENERIC_HEADERS_MAX,
      .help = "more headers of what we send: \"Name: value\"" },
    { .name = "media_header",
      .type = SETTING_TEXT,
      .secret = true,
      .min = 3,
      .max = 4096,
      .help = "a header with which files are fetched" },
    { .name = "media_hosts",
      .type = SETTING_LIST,
      .max = GENERIC_HOSTS_MAX,
      .help = "hosts (or host:port) to which that header is shown; by default that of url" },
    { .name = NULL },
};

static struct slice without(struct slice s, const char *prefix)
{
    size_t n = strlen(prefix);

    return slice_starts(s, prefix) ? (struct slice){ s.p + n, s.n - n } : s;
}

/* Calls `take` for each entry of the list `name`. */
static enum kf_rc each(struct generic *g, const json_t *root, const char *name,
                       enum kf_rc (*take)(struct generic *g, struct slice entry, const char *name, struct kf_err *why), struct kf_err *why)
{
    const json_t *list = json_object_get(root, name);

    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *v = json_array_get(list, i);
        struct slice entry = arena_copy(g->arena, (struct slice){ json_string_value(v), json_string_length(v) });
        enum kf_rc rc = entry.p ? take(g, entry, name, why) : kf_fail(why, KF_NOMEM, "no memory for a channel");

        if (rc)
            return rc;
    }
    return KF_OK;
}

static enum kf_rc read_secret(struct generic_secret *all, size_t *n, struct slice entry, const char *name, struct kf_err *why)
{
    struct generic_secret *s = &all[*n];

    if (*n == GENERIC_SECRETS_MAX)
        return kf_fail(why, KF_INVALID, "%s: at most %d", name, GENERIC_SECRETS_MAX);
    if (!sign_base64_decode(without(entry, "whsec_"), s->key, sizeof(s->key), &s->n) || s->n < 16)
        return kf_fail(why, KF_INVALID, "%s[%zu]: whsec_ and base64 of 16 to %d bytes", name, *n, GENERIC_SECRET_BYTES);
    (*n)++;
    return KF_OK;
}

static enum kf_rc take_in(struct generic *g, struct slice entry, const char *name, struct kf_err *why)
{
    return read_secret(g->in, &g->n_in, entry, name, why);
}

static enum kf_rc take_out(struct generic *g, struct slice entry, const char *name, struct kf_err *why)
{
    return read_secret(g->out, &g->n_out, entry, name, why);
}

static enum kf_rc take_public_key(struct generic *g, struct slice entry, const char *name, struct kf_err *why)
{
    size_t n = 0;

    if (g->n_public_keys == GENERIC_SECRETS_MAX)
        return kf_fail(why, KF_INVALID, "%s: at most %d", name, GENERIC_SECRETS_MAX);
    if (!sign_base64_decode(without(entry, "whpk_"), g->public_keys[g->n_public_keys], SIGN_ED25519_KEY, &n) || n != SIGN_ED25519_KEY)
        return kf_fail(why, KF_INVALID, "%s[%zu]: whpk_ and base64 of %d bytes", name, g->n_public_keys, SIGN_ED25519_KEY);
    g->n_public_keys++;
    return KF_OK;
}

static enum kf_rc take_header(struct generic *g, struct slice entry, const char *name, struct kf_err *why)
{
    if (g->n_headers == GENERIC_HEADERS_MAX)
        return kf_fail(why, KF_INVALID, "%s: at most %d", name, GENERIC_HEADERS_MAX);
    if (!url_header_line(entry, &g->headers[g->n_headers]))
        return kf_fail(why, KF_INVALID, "%s[%zu]: \"Name: value\"", name, g->n_headers);
    g->n_headers++;
    return KF_OK;
}

static enum kf_rc take_host(struct generic *g, struct slice entry, const char *name, struct kf_err *why)
{
    if (g->n_media_hosts == GENERIC_HOSTS_MAX)
        return kf_fail(why, KF_INVALID, "%s: at most %d", name, GENERIC_HOSTS_MAX);
    g->media_hosts[g->n_media_hosts++] = entry;
    return KF_OK;
}

static enum kf_rc read_address(struct generic *g, const json_t *root, struct kf_err *why)
{
    struct json_keep keep = { .arena = g->arena };
    struct slice url = json_get_text(&keep, root, "url");
    struct slice header = json_get_text(&keep, root, "media_header");
    struct url u;

    if (keep.failed)
        return kf_fail(why, KF_NOMEM, "no memory for a channel");
    if (!url.p || !url_parse(url, &u))
        return kf_fail(why, KF_INVALID, "url: an address such as https://host/path");
    g->url = url.p;
    if (header.p && !url_header_line(header, &g->media_header))
        return kf_fail(why, KF_INVALID, "media_header: \"Name: value\"");
    g->place = u;
    return KF_OK;
}

static enum kf_rc read_settings(struct channel *ch, const json_t *root, struct kf_err *why)
{
    struct generic *g = (void *)ch;
    enum kf_rc rc = each(g, root, "secrets", take_in, why);

    if (!rc)
        rc = each(g, root, "public_keys", take_public_key, why);
    if (!rc && !g->n_in && !g->n_public_keys)
        rc = kf_fail(why, KF_INVALID, "secrets: at least one, or one of public_keys");
    if (!rc)
        rc = each(g, root, "send_secrets", take_out, why);
    if (!rc && !g->n_out)
        rc = kf_fail(why, KF_INVALID, "send_secrets: at least one");
    if (!rc)
        rc = each(g, root, "headers", take_header, why);
    if (!rc)
        rc = each(g, root, "media_hosts", take_host, why);
    return rc ? rc : read_address(g, root, why);
}

static enum kf_rc generic_open(struct channel **ret, struct slice settings, struct kf_err *why)
{
    return channel_make(ret, sizeof(struct generic), settings, read_settings, why);
}

/* A port is another server: what listens there is not whom the header is for. */
static bool is_known_host(const struct generic *g, const struct url *u)
{
    if (!g->n_media_hosts)
        return url_same_origin(u, &g->place);
    for (size_t i = 0; i < g->n_media_hosts; i++)
        if (url_place_is(u, g->media_hosts[i]))
            return true;
    return false;
}

static enum kf_rc generic_media(const struct channel *ch, struct arena *a, const struct env *env, const struct media *m,
                                const struct http_resp *last, struct http_req *ret)
{
    const struct generic *g = generic_of(ch);
    struct url u;

    (void)env;
    (void)last;
    if (!url_parse(m->url, &u))
        return KF_INVALID;
    *ret = (struct http_req){ .method = "GET", .url = arena_text(a, m->url) };
    if (!ret->url)
        return KF_NOMEM;
    ret->stranger = !is_known_host(g, &u); /* whoever wrote the message may have named any place */
    if (!ret->stranger && g->media_header.name.n) {
        ret->headers = &g->media_header;
        ret->n_headers = 1;
    }
    return KF_OK;
}

bool generic_sign(const struct generic_secret *s, struct slice id, struct slice timestamp, struct slice body, struct buf *ret)
{
    const struct slice parts[] = { id, SLICE("."), timestamp, SLICE("."), body };
    uint8_t mac[SIGN_SHA256];

    if (!sign_hmac_sha256((struct slice){ (const char *)s->key, s->n }, parts, 5, mac))
        return false;
    buf_str(ret, "v1,");
    sign_base64(ret, mac, sizeof(mac));
    return true;
}

const struct channel_ops generic_ops = {
    .name = "generic",
    .caps = CHAN_IMAGE | CHAN_FILE | CHAN_AUDIO | CHAN_CHOICES | CHAN_TYPING | CHAN_TYPING_OFF | CHAN_READ | CHAN_EDIT | CHAN_RECALL |
            CHAN_REPLY_TO | CHAN_IDEMPOTENT | CHAN_RECEIPTS | CHAN_CLOSED | CHAN_CARD,
    .text_max = 20000, /* no platform bounds it but ours: a site allows no more */
    .body_max = 1u << 20,
    .keys = keys,
    .words = generic_chinese,
    .open = generic_open,
    .close = channel_unmake,
    .receive = generic_receive,
    .encode = generic_encode,
    .settle = generic_settle,
    .media = generic_media,
    .meet = generic_meet,
};
