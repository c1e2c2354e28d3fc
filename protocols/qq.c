/* qq.c: settings, token and media of QQ bots. Events are read by qq_in.c, replies are written by qq_out.c. */
#include "protocols/qq_impl.h"
#include "protocols/stamp.h"
#include "protocols/url.h"

/* The platform gives the same token until a minute before its end, and a new one from then on. */
#define TOKEN_TAIL_S 55

static const struct setting_key keys[] = {
    { .name = "app_id", .type = SETTING_TEXT, .required = true, .min = 1, .max = 32, .help = "AppID of the bot: digits" },
    { .name = "app_secret",
      .type = SETTING_TEXT,
      .required = true,
      .secret = true,
      .min = 1,
      .max = 128,
      .help = "AppSecret of the bot: it signs, and fetches access tokens" },
    { .name = "previous_secret",
      .type = SETTING_TEXT,
      .secret = true,
      .min = 1,
      .max = 128,
      .help = "the AppSecret before it was renewed: what is signed with it is still believed" },
    { .name = "url",
      .type = SETTING_URL,
      .min = 8,
      .max = 2048,
      .def = "https://api.sgroup.qq.com",
      .help = "address of the API; for tests with the platform https://sandbox.api.sgroup.qq.com" },
    { .name = "token_url",
      .type = SETTING_URL,
      .min = 8,
      .max = 2048,
      .def = "https://bots.qq.com",
      .help = "address that gives access tokens" },
    { .name = "typing",
      .type = SETTING_BOOL,
      .def = "false",
      .help = "tell single users that somebody is typing: the platform has it, but does not describe it" },
    { .name = "keyboard",
      .type = SETTING_BOOL,
      .def = "false",
      .help = "choices as buttons, cards as markdown with one: needs the platform's permission for markdown and keyboards" },
    { .name = NULL },
};

bool qq_derive(struct slice secret, struct qq_key *ret)
{
    if (!secret.n)
        return false;
    for (size_t i = 0; i < sizeof(ret->seed); i++)
        ret->seed[i] = (uint8_t)secret.p[i % secret.n];
    return sign_ed25519_public(ret->seed, ret->public);
}

enum qq_scope qq_scope(struct slice peer, struct slice user)
{
    if (slice_starts(peer, QQ_CHANNEL_PEER))
        return QQ_CHANNEL;
    if (slice_starts(peer, QQ_DMS_PEER))
        return QQ_DMS;
    return slice_eq(peer, user) ? QQ_C2C : QQ_GROUP;
}

static struct slice url_of(struct json_keep *keep, const json_t *root, const char *name, struct slice def)
{
    struct slice ret = json_get_text(keep, root, name);

    if (!ret.n)
        ret = def;
    while (ret.n && ret.p[ret.n - 1] == '/')
        ret.n--;
    return ret;
}

static bool all_digits(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
    return s.n > 0;
}

static enum kf_rc read_settings(struct channel *ch, const json_t *root, struct kf_err *why)
{
    struct qq *q = (void *)ch;
    struct json_keep keep = { .arena = q->arena };
    struct slice before;

    q->app_id = json_get_text(&keep, root, "app_id");
    q->app_secret = json_get_text(&keep, root, "app_secret");
    before = json_get_text(&keep, root, "previous_secret");
    q->url = url_of(&keep, root, "url", SLICE("https://api.sgroup.qq.com"));
    q->token_url = url_of(&keep, root, "token_url", SLICE("https://bots.qq.com"));
    q->typing = json_get_bool(root, "typing", false);
    q->keyboard = json_get_bool(root, "keyboard", false);
    if (keep.failed)
        return kf_fail(why, KF_NOMEM, "no memory for a channel");
    if (!all_digits(q->app_id))
        return kf_fail(why, KF_INVALID, "app_id: digits only");
    if (!qq_derive(q->app_secret, &q->keys[q->n_keys++]) || (before.n && !qq_derive(before, &q->keys[q->n_keys++])))
        return kf_fail(why, KF_INVALID, "app_secret: no key can be made of it");
    return KF_OK;
}

static enum kf_rc qq_open(struct channel **ret, struct slice settings, struct kf_err *why)
{
    return channel_make(ret, sizeof(struct qq), settings, read_settings, why);
}

/* ---- token --------------------------------------------------------------------------------------------------------------------- */

static enum kf_rc ask_token(const struct qq *q, struct arena *a, struct http_req *ret)
{
    static const struct http_pair headers[] = { { SLICE("Content-Type"), SLICE("application/json") } };
    struct buf b;

    buf_init(&b, 4096);
    buf_str(&b, "{\"appId\":");
    buf_json(&b, q->app_id);
    buf_str(&b, ",\"clientSecret\":");
    buf_json(&b, q->app_secret);
    buf_char(&b, '}');
    *ret = (struct http_req){ .method = "POST",
                              .url = arena_printf(a, "%.*s/app/getAppAccessToken", (int)q->token_url.n, q->token_url.p),
                              .headers = headers,
                              .n_headers = 1,
                              .body = buf_copy(&b, a) };
    buf_finish(&b);
    return ret->url && ret->body.p ? KF_AGAIN : KF_NOMEM;
}

/* Whether it has worked is told by the token being there: the status is 200 also where it has not. */
static enum kf_rc qq_renew(const struct channel *ch, struct arena *a, const struct env *env, const struct http_resp *last,
                           struct http_req *ret, struct renewed *done)
{
    struct json_keep keep = { .arena = a };
    struct slice token, code, words;
    int64_t seconds = 0;
    json_t *root;

    if (!last)
        return ask_token(qq_of(ch), a, ret);
    root = last->body.n ? json_read(a, last->body, JSON_OF_PLATFORMS, NULL) : NULL;
    token = json_get_text(&keep, root, "access_token");
    code = json_get_text(&keep, root, "code");
    words = json_get_text(&keep, root, "message");
    json_get_i64(root, "expires_in", &seconds);
    json_decref(root);
    done->retry_after_ms = stamp_retry_after(last);
    if (code.n)
        done->words = slice_of(arena_printf(a, "%.*s %.*s", (int)code.n, code.p, (int)words.n, words.n ? words.p : ""));
    if (keep.failed)
        return KF_NOMEM;
    if (!token.n)
        return code.n && last->status < 500 && last->status != 429 ? KF_AUTH : KF_IO;
    if (seconds <= 0 || seconds > 365 * 86400)
        return KF_IO;
    done->token = token;
    done->expires_ms = env->now_ms + 1000 * (seconds > 2 * TOKEN_TAIL_S ? seconds - TOKEN_TAIL_S : seconds / 2);
    return KF_OK;
}

/* ---- media --------------------------------------------------------------------------------------------------------------------- */

/* The addresses of attachments are on hosts of their own, and want no token. */
static enum kf_rc qq_media(const struct channel *ch, struct arena *a, const struct env *env, const struct media *m,
                           const struct http_resp *last, struct http_req *ret)
{
    struct url parts, own;

    (void)env;
    (void)last;
    if (!url_parse(m->url, &parts))
        return KF_INVALID;
    *ret = (struct http_req){ .method = "GET", .url = arena_text(a, m->url), .stranger = true };
    if (url_parse(qq_of(ch)->url, &own))
        ret->stranger = !url_host_is(&parts, own.host);
    return ret->url ? KF_OK : KF_NOMEM;
}

static bool qq_buttons(const struct channel *ch)
{
    return qq_of(ch)->keyboard;
}

const struct channel_ops qq_ops = {
    .name = "qq",
    .caps =
        CHAN_IMAGE | CHAN_FILE | CHAN_AUDIO | CHAN_TYPING | CHAN_RECALL | CHAN_CARD | CHAN_EACH_ANSWERED | CHAN_TEMPLATES | CHAN_MENTION,
    .text_max = 2000,
    .window_ms = 3600 * 1000LL,
    .window_count = 5,
    .recall_ms = 120 * 1000LL,
    .upload_max = 20 << 20,
    .keys = keys,
    .words = qq_chinese,
    .open = qq_open,
    .close = channel_unmake,
    .receive = qq_receive,
    .encode = qq_encode,
    .settle = qq_settle,
    .renew = qq_renew,
    .nod = qq_nod,
    .media = qq_media,
    .upload = qq_upload,
    .meet = qq_meet,
    .buttons = qq_buttons,
    .template = qq_fits,
    .kinds = qq_kinds,
};
