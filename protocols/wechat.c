/* wechat.c: settings, token and files of the WeChat channel. What comes in is read by wechat_in.c, what goes out is written by
 * wechat_out.c. */
#include "protocols/url.h"
#include "protocols/wechat_impl.h"

#define REPLIES 5

static const struct setting_key keys[] = {
    { .name = "app_id", .type = SETTING_TEXT, .required = true, .min = 3, .max = 64, .help = "AppID of the account" },
    { .name = "app_secret", .type = SETTING_TEXT, .required = true, .secret = true, .min = 8, .max = 128, .help = "AppSecret" },
    { .name = "token",
      .type = SETTING_TEXT,
      .required = true,
      .secret = true,
      .min = 3,
      .max = 32,
      .help = "Token of the server configuration: with which the platform signs what it sends" },
    { .name = "mode", .type = SETTING_TEXT, .min = 4, .max = 6, .def = "plain", .help = "how messages come: plain, compat or safe" },
    { .name = "encoding_aes_key",
      .type = SETTING_TEXT,
      .secret = true,
      .min = WX_KEY,
      .max = WX_KEY,
      .help = "EncodingAESKey; needed by compat and safe" },
    { .name = "previous_encoding_aes_key",
      .type = SETTING_TEXT,
      .secret = true,
      .min = WX_KEY,
      .max = WX_KEY,
      .help = "the key before that one, while the platform changes over" },
    { .name = "account",
      .type = SETTING_TEXT,
      .min = 3,
      .max = 64,
      .help = "original id, gh_…: what is meant for another account is passed over" },
    { .name = "stable_token",
      .type = SETTING_BOOL,
      .def = "true",
      .help = "get access tokens that leave those of other programs alive; false: the older way, by which there may be one program only" },
    { .name = "replies",
      .type = SETTING_INT,
      .min = 1,
      .max = 100,
      .def = "5",
      .help = "how many messages the platform lets through after each one of a follower" },
    { .name = "kf_account", .type = SETTING_TEXT, .min = 3, .max = 64, .help = "customer service account that replies show: name@account" },
    { .name = "transfer",
      .type = SETTING_BOOL,
      .def = "false",
      .help = "hand every message to the platform's own customer service client, to kf_account if it is set: none of them comes here" },
    { .name = "unionid",
      .type = SETTING_BOOL,
      .def = "false",
      .help = "ask for the UnionID of who writes, which is the same in all accounts of one owner; agents see it" },
    { .name = "welcome", .type = SETTING_TEXT, .lines = true, .min = 1, .max = 2000, .help = "what a new follower is answered" },
    { .name = "url",
      .type = SETTING_URL,
      .min = 8,
      .max = 2048,
      .def = "https://api.weixin.qq.com",
      .help = "address of the platform's API" },
    { .name = NULL },
};

/* ---- settings ---------------------------------------------------------------------------------------------------------------------- */

static enum kf_rc read_mode(struct wechat *w, struct slice word, struct kf_err *why)
{
    static const char *const words[] = { "plain", "compat", "safe" };

    for (size_t i = 0; word.n && i < sizeof(words) / sizeof(words[0]); i++)
        if (slice_is(word, words[i])) {
            w->mode = (enum wechat_mode)i;
            word.n = 0;
        }
    if (word.n)
        return kf_fail(why, KF_INVALID, "mode: plain, compat or safe");
    if (w->mode != WECHAT_PLAIN && !w->key.set)
        return kf_fail(why, KF_INVALID, "encoding_aes_key: required in this mode");
    return KF_OK;
}

static enum kf_rc read_settings(struct channel *ch, const json_t *root, struct kf_err *why)
{
    struct wechat *w = (void *)ch;
    struct json_keep keep = { .arena = w->arena };
    int64_t replies = REPLIES;
    enum kf_rc rc;

    w->url = json_get_text(&keep, root, "url");
    if (!w->url.n)
        w->url = SLICE("https://api.weixin.qq.com");
    w->app_id = json_get_text(&keep, root, "app_id");
    w->app_secret = json_get_text(&keep, root, "app_secret");
    w->account = json_get_text(&keep, root, "account");
    w->token = json_get_text(&keep, root, "token");
    w->kf_account = json_get_text(&keep, root, "kf_account");
    w->welcome = json_get_text(&keep, root, "welcome");
    w->stable = json_get_bool(root, "stable_token", true);
    w->transfer = json_get_bool(root, "transfer", false);
    w->unionid = json_get_bool(root, "unionid", false);
    json_get_i64(root, "replies", &replies);
    w->replies = replies > 0 && replies <= 100 ? (int)replies : REPLIES;
    rc = wx_key_setting(root, "encoding_aes_key", &w->key, why);
    if (!rc)
        rc = wx_key_setting(root, "previous_encoding_aes_key", &w->previous, why);
    if (!rc)
        rc = read_mode(w, json_get_text(&keep, root, "mode"), why);
    if (keep.failed)
        return kf_fail(why, KF_NOMEM, "no memory for a channel");
    if (!rc && (!w->app_id.n || !w->app_secret.n || !w->token.n))
        return kf_fail(why, KF_INVALID, "app_id, app_secret and token: required");
    return rc;
}

static enum kf_rc wechat_open(struct channel **ret, struct slice settings, struct kf_err *why)
{
    return channel_make(ret, sizeof(struct wechat), settings, read_settings, why);
}

/* ---- token ------------------------------------------------------------------------------------------------------------------------- */

/* Who asks although the one we have should hold was refused with it: only then a new one is forced, which may be done 20 times a day. */
static enum kf_rc ask_stable(const struct wechat *w, struct arena *a, const struct env *env, struct http_req *ret)
{
    bool refused = env->token.n && env->token_expires_ms > env->now_ms;
    enum kf_rc rc;
    struct buf b;

    buf_init(&b, 4096);
    buf_str(&b, "{\"grant_type\":\"client_credential\",\"appid\":");
    wx_json(&b, w->app_id);
    buf_str(&b, ",\"secret\":");
    wx_json(&b, w->app_secret);
    buf_printf(&b, ",\"force_refresh\":%s}", refused ? "true" : "false");
    rc = wx_post(w->url, a, "/cgi-bin/stable_token", SLICE(""), &b, ret);
    return rc ? rc : KF_AGAIN;
}

static enum kf_rc ask_token(const struct wechat *w, struct arena *a, struct http_req *ret)
{
    const char *more = NULL;
    struct buf b;

    buf_init(&b, 4096);
    buf_str(&b, "?grant_type=client_credential&appid=");
    url_escape(&b, w->app_id);
    buf_str(&b, "&secret=");
    url_escape(&b, w->app_secret);
    if (buf_ok(&b))
        more = arena_text(a, buf_slice(&b));
    buf_finish(&b);
    *ret = (struct http_req){ .method = "GET", .url = more ? wx_address(w->url, a, "/cgi-bin/token", SLICE(""), more) : NULL };
    return ret->url ? KF_AGAIN : KF_NOMEM;
}

static enum kf_rc wechat_renew(const struct channel *ch, struct arena *a, const struct env *env, const struct http_resp *last,
                               struct http_req *ret, struct renewed *done)
{
    const struct wechat *w = wechat_of(ch);

    if (last)
        return wx_token(a, env, last, done);
    return w->stable ? ask_stable(w, a, env, ret) : ask_token(w, a, ret);
}

static enum kf_rc ask_who(const struct wechat *w, struct arena *a, const struct env *env, struct slice user, struct http_req *ret)
{
    const char *more = NULL;
    struct buf b;

    if (!env->token.n)
        return KF_AUTH;
    buf_init(&b, 4096);
    buf_str(&b, "&openid=");
    url_escape(&b, user);
    buf_str(&b, "&lang=zh_CN");
    if (buf_ok(&b))
        more = arena_text(a, buf_slice(&b));
    buf_finish(&b);
    *ret = (struct http_req){ .method = "GET", .url = more ? wx_address(w->url, a, "/cgi-bin/user/info", env->token, more) : NULL };
    return ret->url ? KF_AGAIN : KF_NOMEM;
}

/* Of names and pictures the platform tells nothing any more. Accounts that stand alone have no UnionID. */
static enum kf_rc wechat_who(const struct channel *ch, struct arena *a, const struct env *env, struct slice user,
                             const struct http_resp *last, struct http_req *ret, struct slice *profile)
{
    struct json_keep keep = { .arena = a };
    int64_t code = 0;
    json_t *root;

    if (!last)
        return ask_who(wechat_of(ch), a, env, user, ret);
    root = last->status == 200 ? json_read(a, last->body, JSON_OF_PLATFORMS, NULL) : NULL;
    if (!root)
        return KF_IO;
    json_get_i64(root, "errcode", &code);
    *profile = wx_profile(&keep, root);
    json_decref(root);
    if (code)
        return KF_IO;
    return keep.failed ? KF_NOMEM : KF_OK;
}

static enum kf_rc wechat_media(const struct channel *ch, struct arena *a, const struct env *env, const struct media *m,
                               const struct http_resp *last, struct http_req *ret)
{
    return wx_media(wechat_of(ch)->url, a, env, m, last, ret);
}

/* The address of our webhook it does not tell; what it calls from is all that can be asked of an account of any kind. */
static enum kf_rc wechat_meet(const struct channel *ch, struct arena *a, const struct env *env, const char *hook, bool tell,
                              const struct http_resp *last, struct http_req *ret, struct kf_err *why)
{
    const struct wechat *w = wechat_of(ch);
    size_t n;
    json_t *root;
    enum kf_rc rc;

    (void)hook;
    (void)tell;
    if (!last) {
        *ret = (struct http_req){ .method = "GET", .url = wx_address(w->url, a, "/cgi-bin/getcallbackip", env->token, NULL) };
        return ret->url ? KF_AGAIN : KF_NOMEM;
    }
    rc = wx_met(a, "WeChat", last, &root, why);
    if (rc)
        return rc;
    n = json_array_size(json_object_get(root, "ip_list"));
    json_decref(root);
    if (!n)
        return kf_fail(why, KF_IO, "WeChat's answer could not be read: it names no address");
    return kf_fail(why, KF_OK, "%.*s may use the API; WeChat calls from %zu addresses", (int)w->app_id.n, w->app_id.p, n);
}

const struct channel_ops wechat_ops = {
    .name = "wechat",
    .caps = CHAN_IMAGE | CHAN_FILE | CHAN_AUDIO | CHAN_CHOICES | CHAN_TYPING | CHAN_TYPING_OFF | CHAN_ANSWERS | CHAN_CARD | CHAN_TEMPLATES,
    .text_max = 2048,
    .text_unit = TEXT_BYTES,
    .caption_max = -1,
    .body_max = 262144,
    .answer_ms = 2000,
    .window_ms = 48 * 3600 * 1000LL,
    .window_count = REPLIES,
    .upload_max = 20 << 20,
    .media_ms = 3 * 86400 * 1000LL,
    .keys = keys,
    .words = wechat_chinese,
    .open = wechat_open,
    .close = channel_unmake,
    .receive = wechat_receive,
    .encode = wechat_encode,
    .settle = wechat_settle,
    .renew = wechat_renew,
    .who = wechat_who,
    .who_member = WX_UNIONID,
    .media = wechat_media,
    .card = wechat_card,
    .upload = wechat_upload,
    .meet = wechat_meet,
    .template = wechat_fits,
    .kinds = wechat_kinds,
};
