/* mail.c: settings of the mail channel. What comes in is read by mail_provider.c and mail_in.c, what goes out is written by mail_out.c. */
#include "protocols/mail_impl.h"
#include "protocols/sign.h"

#include <stdio.h>
#include <strings.h>

#define RELAY_MAX 255

static const struct setting_key keys[] = {
    { .name = "provider",
      .type = SETTING_TEXT,
      .required = true,
      .min = 7,
      .max = 8,
      .help = "who brings mail: mailgun, sendgrid or postmark" },
    { .name = "address",
      .type = SETTING_TEXT,
      .required = true,
      .min = 3,
      .max = 200,
      .help = "whom people write to, and who answers: support@in.example.com" },
    { .name = "aliases",
      .type = SETTING_LIST,
      .max = MAIL_ALIASES_MAX,
      .help = "other addresses whose mail is taken, and answered from: sales@in.example.com; *@in.example.com takes what no other channel "
              "has" },
    { .name = "name", .type = SETTING_TEXT, .min = 1, .max = 100, .help = "name beside that address, where no agent has one" },
    { .name = "subject", .type = SETTING_TEXT, .min = 1, .max = 200, .help = "subject of a mail that answers none" },
    { .name = "token_secret",
      .type = SETTING_TEXT,
      .required = true,
      .secret = true,
      .min = 16,
      .max = 128,
      .help = "ties answers to their conversations: anything random; with another one, answers to older mails open new conversations" },
    { .name = "signing_keys",
      .type = SETTING_LIST,
      .secret = true,
      .max = MAIL_KEYS_MAX,
      .help = "mailgun: webhook signing keys, of which one must have signed" },
    { .name = "max_age",
      .type = SETTING_INT,
      .min = 60,
      .max = 9 * 3600,
      .def = "900",
      .help = "mailgun: seconds that a signature may be old; up to nine hours if repeats carry the old one" },
    { .name = "api_key",
      .type = SETTING_TEXT,
      .secret = true,
      .min = 8,
      .max = 200,
      .help = "mailgun: API key, for the files of mails that a route stores" },
    { .name = "storage_hosts",
      .type = SETTING_LIST,
      .max = MAIL_STORAGES_MAX,
      .help = "mailgun: hosts (or host:port) of such files, to which that key is shown; by default those below api.mailgun.net and "
              "api.eu.mailgun.net, by https" },
    { .name = "public_keys",
      .type = SETTING_LIST,
      .max = MAIL_KEYS_MAX,
      .help = "sendgrid: keys of its security policy, base64; without any, user and password are asked for" },
    { .name = "user",
      .type = SETTING_TEXT,
      .min = 1,
      .max = 128,
      .help = "postmark, sendgrid: user in the address of the webhook (https://user:password@host/…)" },
    { .name = "password", .type = SETTING_TEXT, .secret = true, .min = 6, .max = 128, .help = "and the password there" },
    { .name = "relay",
      .type = SETTING_TEXT,
      .required = true,
      .min = 8,
      .max = RELAY_MAX,
      .help = "who sends: smtps://host:465, or smtp://host:587 (STARTTLS)" },
    { .name = "relay_user", .type = SETTING_TEXT, .min = 1, .max = 200, .help = "user at the relay; without it nobody signs in" },
    { .name = "relay_password", .type = SETTING_TEXT, .secret = true, .min = 1, .max = 500, .help = "and the password there" },
    { .name = "relay_tls",
      .type = SETTING_BOOL,
      .def = "true",
      .help = "false: a relay without TLS, on this host; only where the installation allows http" },
    { .name = "relay_wait",
      .type = SETTING_INT,
      .min = 5,
      .max = 600,
      .def = "300",
      .help = "seconds until a relay that does not answer is given up" },
    { .name = "bounce",
      .type = SETTING_TEXT,
      .min = 3,
      .max = 200,
      .help = "sender of the envelope, where bounces go; by default address" },
    { .name = "attach_max",
      .type = SETTING_INT,
      .min = 0,
      .max = 18 << 20,
      .def = "10485760",
      .help = "bytes of a file that goes along; a larger one is an address in the text" },
    { .name = NULL },
};

static enum kf_rc no_memory(struct kf_err *why)
{
    return kf_fail(why, KF_NOMEM, "no memory for a channel");
}

/* ---- reading them -------------------------------------------------------------------------------------------------------------- */

/* Calls `take` for each entry of a list. */
static enum kf_rc each(struct mail *m, const json_t *root, const char *name,
                       enum kf_rc (*take)(struct mail *, struct slice, struct kf_err *), struct kf_err *why)
{
    const json_t *list = json_object_get(root, name);

    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *v = json_array_get(list, i);
        struct slice entry = arena_copy(m->arena, (struct slice){ json_string_value(v), json_string_length(v) });
        enum kf_rc rc = entry.p ? take(m, entry, why) : no_memory(why);

        if (rc)
            return rc;
    }
    return KF_OK;
}

static enum kf_rc take_signing_key(struct mail *m, struct slice entry, struct kf_err *why)
{
    if (m->n_signing_keys == MAIL_KEYS_MAX || entry.n < 8)
        return kf_fail(why, KF_INVALID, "signing_keys[%zu]: at least 8 bytes", m->n_signing_keys);
    m->signing_keys[m->n_signing_keys++] = entry;
    return KF_OK;
}

static enum kf_rc take_storage_host(struct mail *m, struct slice entry, struct kf_err *why)
{
    if (m->n_storage_hosts == MAIL_STORAGES_MAX || !entry.n)
        return kf_fail(why, KF_INVALID, "storage_hosts[%zu]: host, or host:port", m->n_storage_hosts);
    m->storage_hosts[m->n_storage_hosts++] = entry;
    return KF_OK;
}

static enum kf_rc take_public_key(struct mail *m, struct slice entry, struct kf_err *why)
{
    uint8_t *der = arena_alloc(m->arena, entry.n);
    size_t n = 0;

    if (!der)
        return no_memory(why);
    if (m->n_public_keys == MAIL_KEYS_MAX || !sign_base64_decode(entry, der, entry.n, &n) || n < 60)
        return kf_fail(why, KF_INVALID, "public_keys[%zu]: base64 of a P-256 key", m->n_public_keys);
    m->public_keys[m->n_public_keys++] = (struct slice){ (const char *)der, n };
    return KF_OK;
}

static enum kf_rc read_provider(struct mail *m, struct slice word, struct kf_err *why)
{
    static const char *const names[] = { [MAIL_MAILGUN] = "mailgun", [MAIL_SENDGRID] = "sendgrid", [MAIL_POSTMARK] = "postmark" };
    bool basic = m->user.n && m->password.n;

    for (int i = 0; i < 3; i++)
        if (slice_is(word, names[i])) {
            m->provider = (enum mail_provider)i;
            if (i == MAIL_MAILGUN && !m->n_signing_keys)
                return kf_fail(why, KF_INVALID, "signing_keys: at least one for mailgun");
            if (i == MAIL_SENDGRID && !m->n_public_keys && !basic)
                return kf_fail(why, KF_INVALID, "public_keys: at least one for sendgrid, or user and password");
            if (i == MAIL_POSTMARK && !basic)
                return kf_fail(why, KF_INVALID, "user: user and password are required for postmark");
            return KF_OK;
        }
    return kf_fail(why, KF_INVALID, "provider: mailgun, sendgrid or postmark");
}

/* One that stands in headers and envelopes as it is. */
static bool is_plain_address(struct slice s)
{
    const char *at = s.n ? memchr(s.p, '@', s.n) : NULL;

    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] <= ' ' || s.p[i] > 0x7e || strchr("<>()[],;:\\\"+", s.p[i]) || (s.p[i] == '@' && s.p + i != at))
            return false;
    return at && at != s.p && at + 1 < s.p + s.n;
}

static enum kf_rc read_address(struct mail *m, struct kf_err *why)
{
    const char *at;

    if (!is_plain_address(m->address))
        return kf_fail(why, KF_INVALID, "address: name@domain, without a +");
    at = memchr(m->address.p, '@', m->address.n);
    m->local = (struct slice){ m->address.p, (size_t)(at - m->address.p) };
    m->domain = (struct slice){ at + 1, m->address.n - m->local.n - 1 };
    if (m->local.n > MAIL_LOCAL_MAX)
        return kf_fail(why, KF_INVALID, "address: at most %d letters before the @", MAIL_LOCAL_MAX);
    m->account = mail_lower(m->arena, m->address);
    if (!m->account.p)
        return no_memory(why);
    if (!m->bounce.n)
        m->bounce = m->address;
    return is_plain_address(m->bounce) ? KF_OK : kf_fail(why, KF_INVALID, "bounce: name@domain");
}

/* "sales@in.example.com", or "*@in.example.com": all of a domain. */
static enum kf_rc take_alias(struct mail *m, struct slice entry, struct kf_err *why)
{
    struct slice one = mail_lower(m->arena, mail_trimmed(entry));

    if (!one.p)
        return no_memory(why);
    if (m->n_aliases == MAIL_ALIASES_MAX || !is_plain_address(one) || (memchr(one.p, '*', one.n) && !slice_starts(one, "*@")))
        return kf_fail(why, KF_INVALID, "aliases[%zu]: name@domain, without a +, or *@domain", m->n_aliases);
    m->aliases[m->n_aliases++] = one;
    return KF_OK;
}

/* smtp://host:port, and nothing behind it: our own name follows there, for EHLO. */
static enum kf_rc read_relay(struct mail *m, struct slice relay, struct kf_err *why)
{
    bool tls = slice_starts(relay, "smtps://");
    size_t skip = tls ? 8 : 7;

    if (!tls && !slice_starts(relay, "smtp://"))
        return kf_fail(why, KF_INVALID, "relay: smtps://host:465 or smtp://host:587");
    while (relay.n && relay.p[relay.n - 1] == '/')
        relay.n--;
    if (relay.n <= skip)
        return kf_fail(why, KF_INVALID, "relay: smtps://host:465 or smtp://host:587");
    for (size_t i = skip; i < relay.n; i++)
        if (relay.p[i] <= ' ' || relay.p[i] > 0x7e || strchr("/?#@\\\"<>", relay.p[i]))
            return kf_fail(why, KF_INVALID, "relay: smtps://host:465 or smtp://host:587");
    m->relay = arena_printf(m->arena, "%.*s/%.*s", (int)relay.n, relay.p, (int)m->domain.n, m->domain.p);
    return m->relay ? KF_OK : no_memory(why);
}

static const char *text_or_null(struct slice s)
{
    return s.n ? s.p : NULL;
}

static enum kf_rc read_settings(struct channel *ch, const json_t *root, struct kf_err *why)
{
    struct mail *m = (void *)ch;
    struct json_keep keep = { .arena = m->arena };
    struct slice provider = json_get_text(&keep, root, "provider"), relay = json_get_text(&keep, root, "relay");
    int64_t max_age = 900, wait = 300;
    enum kf_rc rc;

    m->address = json_get_text(&keep, root, "address");
    m->name = json_get_text(&keep, root, "name");
    m->subject = json_get_text(&keep, root, "subject");
    m->token_secret = json_get_text(&keep, root, "token_secret");
    m->user = json_get_text(&keep, root, "user");
    m->password = json_get_text(&keep, root, "password");
    m->api_key = json_get_text(&keep, root, "api_key");
    m->bounce = json_get_text(&keep, root, "bounce");
    m->relay_user = text_or_null(json_get_text(&keep, root, "relay_user"));
    m->relay_password = text_or_null(json_get_text(&keep, root, "relay_password"));
    m->relay_tls = json_get_bool(root, "relay_tls", true);
    m->attach_max = 10 << 20;
    json_get_i64(root, "attach_max", &m->attach_max);
    json_get_i64(root, "max_age", &max_age);
    json_get_i64(root, "relay_wait", &wait);
    m->relay_wait_ms = (int)(1000 * wait);
    m->max_age_ms = 1000 * max_age;
    if (keep.failed)
        return no_memory(why);
    if (m->token_secret.n < 16)
        return kf_fail(why, KF_INVALID, "token_secret: at least 16 bytes");
    rc = each(m, root, "signing_keys", take_signing_key, why);
    if (!rc)
        rc = each(m, root, "public_keys", take_public_key, why);
    if (!rc)
        rc = each(m, root, "aliases", take_alias, why);
    if (!rc)
        rc = each(m, root, "storage_hosts", take_storage_host, why);
    if (!rc)
        rc = read_provider(m, provider, why);
    if (!rc)
        rc = read_address(m, why);
    return rc ? rc : read_relay(m, relay, why);
}

static enum kf_rc mail_open(struct channel **ret, struct slice settings, struct kf_err *why)
{
    return channel_make(ret, sizeof(struct mail), settings, read_settings, why);
}

static struct slice mail_account(const struct channel *ch)
{
    return mail_of(ch)->account;
}

/* A file goes along with its mail: nothing has to be taken anywhere first, but encode() wants to have it. */
static enum kf_rc mail_upload(const struct channel *ch, struct arena *a, const struct errand *e, const struct upload *up,
                              const struct env *env, const struct http_resp *last, struct http_req *ret, struct uploaded *done)
{
    (void)ch;
    (void)a;
    (void)e;
    (void)up;
    (void)env;
    (void)last;
    (void)ret;
    (void)done;
    return KF_UNSUPPORTED;
}

const struct channel_ops mail_ops = {
    .name = "mail",
    .caps = CHAN_IMAGE | CHAN_FILE | CHAN_AUDIO | CHAN_RECEIPTS,
    .text_max = 20000,
    .body_max = MAIL_BODY_MAX,
    .patience_ms = 5 * 86400 * 1000LL,
    .upload_max = 64 << 20,
    .media_ms = 3 * 86400 * 1000LL,
    .keys = keys,
    .words = mail_chinese,
    .open = mail_open,
    .close = channel_unmake,
    .account = mail_account,
    .takes = mail_taking,
    .receive = mail_receive,
    .receive_for = mail_receive_for,
    .encode = mail_encode,
    .settle = mail_settle,
    .media = mail_media,
    .upload = mail_upload,
    .meet = mail_meet,
};
