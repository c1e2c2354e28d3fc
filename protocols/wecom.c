/* wecom.c: settings and token of WeCom's customer service. Notices and pages are read by wecom_in.c, their items by wecom_item.c; what goes
 * out is written by wecom_out.c. */
#include "core/utf8.h"
#include "protocols/stamp.h"
#include "protocols/url.h"
#include "protocols/wecom_impl.h"

#define REPLIES       5
#define ACCOUNTS_PAGE 100 /* the platform's own bound */
#define LINK_MAX      100
#define SCENE         "kefud" /* what the timeline of those says who came by it */

static const struct setting_key keys[] = {
    { .name = "corp_id", .type = SETTING_TEXT, .required = true, .min = 3, .max = 64, .help = "the company's id, ww…" },
    { .name = "secret",
      .type = SETTING_TEXT,
      .required = true,
      .secret = true,
      .min = 8,
      .max = 128,
      .help = "Secret of the self-built app that may call the customer service API" },
    { .name = "open_kfid", .type = SETTING_TEXT, .required = true, .min = 3, .max = 64, .help = "the customer service account, wk…" },
    { .name = "token",
      .type = SETTING_TEXT,
      .required = true,
      .secret = true,
      .min = 3,
      .max = 32,
      .help = "Token of the callback: with which the platform signs what it sends" },
    { .name = "encoding_aes_key",
      .type = SETTING_TEXT,
      .required = true,
      .secret = true,
      .min = WX_KEY,
      .max = WX_KEY,
      .help = "EncodingAESKey of the callback" },
    { .name = "previous_encoding_aes_key",
      .type = SETTING_TEXT,
      .secret = true,
      .min = WX_KEY,
      .max = WX_KEY,
      .help = "the key before that one, while the platform changes over" },
    { .name = "suite_id",
      .type = SETTING_TEXT,
      .min = 3,
      .max = 64,
      .help = "of an app that a third party has made for the company: callbacks may carry its suite's id instead of corp_id" },
    { .name = "welcome",
      .type = SETTING_TEXT,
      .lines = true,
      .min = 1,
      .max = 2000,
      .help = "what somebody who opens the chat is told, before a word was written; at most once in 48 hours" },
    { .name = "welcome_choices",
      .type = SETTING_LIST,
      .lines = true,
      .min = 0,
      .max = WECOM_CHOICES,
      .help = "what stands below the welcome to be tapped: each comes back as the words of who has tapped it" },
    { .name = "goodbye",
      .type = SETTING_TEXT,
      .lines = true,
      .min = 1,
      .max = 2000,
      .help = "what is said when a session ends in the WeCom client" },
    { .name = "names", .type = SETTING_BOOL, .def = "true", .help = "ask the platform for the customers' names and unionids" },
    { .name = "take",
      .type = SETTING_BOOL,
      .def = "false",
      .help = "move the session of whoever writes to the robot's state, so that WeCom's own rules give it to nobody" },
    { .name = "on_close",
      .type = SETTING_TEXT,
      .min = 3,
      .max = 68,
      .def = "keep",
      .help = "what becomes of the session when its conversation is closed here: keep, end, pool, or to:USERID of somebody in WeCom" },
    { .name = "since",
      .type = SETTING_TEXT,
      .min = 20,
      .max = 40,
      .help = "what was sent before is not taken in, such as 2026-11-22T08:00:00+08:00; the platform keeps three days" },
    { .name = "url",
      .type = SETTING_URL,
      .min = 8,
      .max = 2048,
      .def = "https://qyapi.weixin.qq.com",
      .help = "address of the platform's API" },
    { .name = NULL },
};

/* ---- settings ---------------------------------------------------------------------------------------------------------------------- */

static enum kf_rc read_on_close(struct wecom *w, struct slice word, struct kf_err *why)
{
    w->hand = word.n && !slice_is(word, "keep");
    w->to_state = WECOM_ENDED;
    if (!w->hand || slice_is(word, "end"))
        return KF_OK;
    w->to_state = WECOM_POOL;
    if (slice_is(word, "pool"))
        return KF_OK;
    w->to_state = WECOM_PERSON;
    if (!slice_starts(word, "to:") || word.n < 4)
        return kf_fail(why, KF_INVALID, "on_close: keep, end, pool or to:USERID");
    w->servicer = (struct slice){ word.p + 3, word.n - 3 };
    return KF_OK;
}

static enum kf_rc read_rest(struct wecom *w, const json_t *root, struct json_keep *keep, struct kf_err *why)
{
    struct slice since = json_get_text(keep, root, "since");
    enum kf_rc rc = wx_key_setting(root, "encoding_aes_key", &w->key, why);

    if (!rc)
        rc = wx_key_setting(root, "previous_encoding_aes_key", &w->previous, why);
    if (!rc)
        rc = read_on_close(w, json_get_text(keep, root, "on_close"), why);
    if (!rc && since.n && !stamp_parse(since, &w->since_ms))
        return kf_fail(why, KF_INVALID, "since: a time such as 2026-11-22T08:00:00+08:00");
    return rc;
}

static enum kf_rc read_choices(struct wecom *w, const json_t *list, struct kf_err *why)
{
    for (size_t i = 0; i < json_array_size(list) && i < WECOM_CHOICES; i++) {
        const json_t *label = json_array_get(list, i);
        struct slice s = { json_string_value(label), json_string_length(label) };

        if (utf8_blank(s) || !utf8_one_line(s) || s.n > WECOM_CHOICE)
            return kf_fail(why, KF_INVALID, "welcome_choices[%zu]: one line of at most %d bytes", i, WECOM_CHOICE);
        w->choices[i] = arena_copy(w->arena, s);
        if (!w->choices[i].p)
            return kf_fail(why, KF_NOMEM, "no memory for a channel");
        w->n_choices++;
    }
    if (!w->n_choices)
        return KF_OK;
    if (!w->welcome.n)
        return kf_fail(why, KF_INVALID, "welcome_choices: they stand below a welcome, and there is none");
    return w->welcome.n > WECOM_HEAD ? kf_fail(why, KF_INVALID, "welcome: at most %d bytes above choices", WECOM_HEAD) : KF_OK;
}

static enum kf_rc read_settings(struct channel *ch, const json_t *root, struct kf_err *why)
{
    struct wecom *w = (void *)ch;
    struct json_keep keep = { .arena = w->arena };
    enum kf_rc rc;

    w->url = json_get_text(&keep, root, "url");
    if (!w->url.n)
        w->url = SLICE("https://qyapi.weixin.qq.com");
    w->corp = json_get_text(&keep, root, "corp_id");
    w->suite = json_get_text(&keep, root, "suite_id");
    w->secret = json_get_text(&keep, root, "secret");
    w->token = json_get_text(&keep, root, "token");
    w->account = json_get_text(&keep, root, "open_kfid");
    w->welcome = json_get_text(&keep, root, "welcome");
    w->goodbye = json_get_text(&keep, root, "goodbye");
    w->names = json_get_bool(root, "names", true);
    w->take = json_get_bool(root, "take", false);
    rc = read_rest(w, root, &keep, why);
    if (!rc)
        rc = read_choices(w, json_object_get(root, "welcome_choices"), why);
    if (keep.failed)
        return kf_fail(why, KF_NOMEM, "no memory for a channel");
    if (!rc && (!w->corp.n || !w->secret.n || !w->token.n || !w->account.n || !w->key.set))
        return kf_fail(why, KF_INVALID, "corp_id, secret, open_kfid, token and encoding_aes_key: required");
    return rc;
}

static enum kf_rc wecom_open(struct channel **ret, struct slice settings, struct kf_err *why)
{
    return channel_make(ret, sizeof(struct wecom), settings, read_settings, why);
}

static struct slice wecom_account(const struct channel *ch)
{
    return wecom_of(ch)->account;
}

/* ---- token and files --------------------------------------------------------------------------------------------------------------- */

static enum kf_rc wecom_renew(const struct channel *ch, struct arena *a, const struct env *env, const struct http_resp *last,
                              struct http_req *ret, struct renewed *done)
{
    const struct wecom *w = wecom_of(ch);
    const char *more = NULL;
    struct buf b;

    if (last)
        return wx_token(a, env, last, done);
    buf_init(&b, 4096);
    buf_str(&b, "?corpid=");
    url_escape(&b, w->corp);
    buf_str(&b, "&corpsecret=");
    url_escape(&b, w->secret);
    if (buf_ok(&b))
        more = arena_text(a, buf_slice(&b));
    buf_finish(&b);
    *ret = (struct http_req){ .method = "GET", .url = more ? wx_address(w->url, a, "/cgi-bin/gettoken", SLICE(""), more) : NULL };
    return ret->url ? KF_AGAIN : KF_NOMEM;
}

static enum kf_rc wecom_media(const struct channel *ch, struct arena *a, const struct env *env, const struct media *m,
                              const struct http_resp *last, struct http_req *ret)
{
    return wx_media(wecom_of(ch)->url, a, env, m, last, ret);
}

/* Our account among those that the app may use. */
static enum kf_rc judge_accounts(const struct wecom *w, struct arena *a, const json_t *root, struct kf_err *why)
{
    struct json_keep keep = { .arena = a };
    const json_t *list = json_object_get(root, "account_list");
    size_t n = json_array_size(list);

    for (size_t i = 0; i < n; i++) {
        const json_t *one = json_array_get(list, i);
        struct slice name;

        if (!slice_eq(json_get_text(&keep, one, "open_kfid"), w->account))
            continue;
        name = json_get_text(&keep, one, "name");
        return kf_fail(why, KF_OK, "the account is %.*s", (int)(name.n < 120 ? name.n : 120), name.n ? name.p : "");
    }
    if (keep.failed)
        return KF_NOMEM;
    if (n >= ACCOUNTS_PAGE)
        return kf_fail(why, KF_OK, "WeCom lets us in; open_kfid is not among the first %d accounts", ACCOUNTS_PAGE);
    return kf_fail(why, KF_REJECTED, "open_kfid: not one of the %zu accounts that WeCom lets this app use", n);
}

/* The link by which customers open the chat: whoever sets the account up has to give it to them. What was said before stays, also without. */
static enum kf_rc ask_link(const struct wecom *w, struct arena *a, const struct env *env, struct http_req *ret)
{
    enum kf_rc rc;
    struct buf body;

    buf_init(&body, 4096);
    buf_str(&body, "{\"open_kfid\":");
    wx_json(&body, w->account);
    buf_str(&body, ",\"scene\":\"" SCENE "\"}");
    rc = wx_post(w->url, a, "/cgi-bin/kf/add_contact_way", env->token, &body, ret);
    return rc ? rc : KF_AGAIN;
}

static enum kf_rc tell_link(struct arena *a, const struct http_resp *last, const char *met, struct kf_err *why)
{
    struct json_keep keep = { .arena = a };
    const char *known = arena_text(a, slice_of(met));
    struct slice link;
    json_t *root = last->status == 200 ? json_read(a, last->body, JSON_OF_PLATFORMS, NULL) : NULL;

    link = json_get_text(&keep, root, "url");
    json_decref(root);
    if (!known || keep.failed)
        return KF_NOMEM;
    if (!slice_starts(link, "https://") || link.n > LINK_MAX)
        return kf_fail(why, KF_OK, "%s", known);
    return kf_fail(why, KF_OK, "%s; customers open it by %.*s", known, (int)link.n, link.p);
}

static enum kf_rc wecom_meet(const struct channel *ch, struct arena *a, const struct env *env, const char *hook, bool tell,
                             const struct http_resp *last, struct http_req *ret, struct kf_err *why)
{
    const struct wecom *w = wecom_of(ch);
    struct buf body;
    json_t *root;
    enum kf_rc rc;

    (void)hook;
    (void)tell;
    if (!last) {
        buf_init(&body, 64);
        buf_printf(&body, "{\"offset\":0,\"limit\":%d}", ACCOUNTS_PAGE);
        rc = wx_post(w->url, a, "/cgi-bin/kf/account/list", env->token, &body, ret);
        return rc ? rc : KF_AGAIN;
    }
    if (why && *why->text)
        return tell_link(a, last, why->text, why);
    rc = wx_met(a, "WeCom", last, &root, why);
    if (rc)
        return rc;
    rc = judge_accounts(w, a, root, why);
    json_decref(root);
    return rc ? rc : ask_link(w, a, env, ret);
}

const struct channel_ops wecom_kf_ops = {
    .name = "wecom-kf",
    .caps = CHAN_IMAGE | CHAN_FILE | CHAN_AUDIO | CHAN_CHOICES | CHAN_IDEMPOTENT | CHAN_CLOSED | CHAN_TEMPLATES,
    .text_max = 2048,
    .text_unit = TEXT_BYTES,
    .caption_max = -1,
    .body_max = 262144,
    .window_ms = 48 * 3600 * 1000LL,
    .window_count = REPLIES,
    .poll_ms = 300000,
    .upload_max = 20 << 20,
    .media_ms = 3 * 86400 * 1000LL,
    .keys = keys,
    .words = wecom_chinese,
    .open = wecom_open,
    .close = channel_unmake,
    .account = wecom_account,
    .receive = wecom_receive,
    .encode = wecom_encode,
    .settle = wecom_settle,
    .renew = wecom_renew,
    .pull = wecom_pull,
    .media = wecom_media,
    .card = wecom_card,
    .upload = wecom_upload,
    .meet = wecom_meet,
    .template = wecom_fits,
    .kinds = wecom_kinds,
};
