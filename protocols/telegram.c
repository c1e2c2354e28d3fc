/* telegram.c: settings, addresses and media of the Telegram channel. Updates are read by telegram_in.c, calls are made by telegram_out.c. */
#include "protocols/telegram_impl.h"

#include <ctype.h>

#define API_URL      "https://api.telegram.org"
#define DOWNLOAD_MAX (20LL << 20) /* of the public server */
#define UPLOAD_MAX   (50LL << 20)
#define DIGITS_MAX   18 /* of a whole number that every reader of JSON can hold; the platform has 16 at most */

static const struct setting_key keys[] = {
    { .name = "token",
      .type = SETTING_TEXT,
      .required = true,
      .secret = true,
      .min = 8,
      .max = 128,
      .help = "the bot's token from @BotFather: digits, a colon, letters" },
    { .name = "secrets",
      .type = SETTING_LIST,
      .required = true,
      .secret = true,
      .min = 1,
      .max = TELEGRAM_SECRETS_MAX,
      .help = "words of 8 to 256 of A-Z a-z 0-9 _ - of which Telegram repeats one with each update: the first is given to it" },
    { .name = "url",
      .type = SETTING_URL,
      .min = 8,
      .max = 2048,
      .def = API_URL,
      .help = "address of the Bot API, for a server of one's own" },
    { .name = NULL },
};

/* ---- settings -------------------------------------------------------------------------------------------------------------- */

static bool all_of(struct slice s, const char *others)
{
    for (size_t i = 0; i < s.n; i++)
        if (!isalnum((unsigned char)s.p[i]) && !strchr(others, s.p[i]))
            return false;
    return true;
}

static enum kf_rc read_token(struct telegram *t, struct kf_err *why)
{
    const char *colon = t->token.n ? memchr(t->token.p, ':', t->token.n) : NULL;

    if (!colon || colon == t->token.p || !all_of(t->token, ":_-"))
        return kf_fail(why, KF_INVALID, "token: as @BotFather shows it, 123456:ABC...");
    t->id = (struct slice){ t->token.p, (size_t)(colon - t->token.p) };
    return KF_OK;
}

static enum kf_rc read_secrets(struct telegram *t, const json_t *list, struct kf_err *why)
{
    for (size_t i = 0; i < json_array_size(list) && i < TELEGRAM_SECRETS_MAX; i++) {
        const json_t *v = json_array_get(list, i);
        struct slice s = arena_copy(t->arena, (struct slice){ json_string_value(v), json_string_length(v) });

        if (!s.p)
            return kf_fail(why, KF_NOMEM, "no memory for a channel");
        if (s.n < 8 || s.n > 256 || !all_of(s, "_-"))
            return kf_fail(why, KF_INVALID, "secrets[%zu]: 8 to 256 of A-Z a-z 0-9 _ -", i);
        t->secrets[t->n_secrets++] = s;
    }
    return t->n_secrets ? KF_OK : kf_fail(why, KF_INVALID, "secrets: at least one");
}

static enum kf_rc read_settings(struct channel *ch, const json_t *root, struct kf_err *why)
{
    struct telegram *t = (void *)ch;
    struct json_keep keep = { .arena = t->arena };
    enum kf_rc rc;

    t->token = json_get_text(&keep, root, "token");
    t->url = json_get_text(&keep, root, "url");
    if (keep.failed)
        return kf_fail(why, KF_NOMEM, "no memory for a channel");
    if (!t->url.n)
        t->url = SLICE(API_URL);
    if (t->url.p[t->url.n - 1] == '/')
        t->url.n--;
    rc = read_token(t, why);
    return rc ? rc : read_secrets(t, json_object_get(root, "secrets"), why);
}

static enum kf_rc telegram_open(struct channel **ret, struct slice settings, struct kf_err *why)
{
    return channel_make(ret, sizeof(struct telegram), settings, read_settings, why);
}

/* ---- addresses --------------------------------------------------------------------------------------------------------------- */

struct telegram_peer telegram_peer_of(struct slice peer)
{
    const char *at = peer.n ? memchr(peer.p + 1, '@', peer.n - 1) : NULL; /* the first byte may be the '@' of a channel's name */
    struct telegram_peer ret = { .chat = peer };
    const char *slash;

    if (at) {
        ret.connection = (struct slice){ at + 1, (size_t)(peer.p + peer.n - at) - 1 };
        ret.chat.n = (size_t)(at - peer.p);
    }
    slash = ret.chat.n ? memchr(ret.chat.p, '/', ret.chat.n) : NULL;
    if (slash) {
        ret.topic = (struct slice){ slash + 1, (size_t)(ret.chat.p + ret.chat.n - slash) - 1 };
        ret.chat.n = (size_t)(slash - ret.chat.p);
    }
    return ret;
}

void telegram_id(struct buf *b, struct slice id)
{
    bool minus = id.n > 1 && id.p[0] == '-';
    size_t digits = minus;

    while (digits < id.n && isdigit((unsigned char)id.p[digits]))
        digits++;
    if (digits > minus && digits == id.n && digits - minus <= DIGITS_MAX && id.p[minus] != '0')
        buf_add(b, id);
    else
        buf_json(b, id);
}

const char *telegram_address(const struct telegram *t, struct arena *a, const char *method)
{
    return arena_printf(a, "%.*s/bot%.*s/%s", (int)t->url.n, t->url.p, (int)t->token.n, t->token.p, method);
}

enum kf_rc telegram_post(const struct telegram *t, struct arena *a, const char *method, struct buf *body, struct http_req *ret)
{
    static const struct http_pair headers[] = { { SLICE("Content-Type"), SLICE("application/json") } };

    *ret = (struct http_req){
        .method = "POST",
        .url = telegram_address(t, a, method),
        .headers = headers,
        .n_headers = 1,
        .body = buf_copy(body, a),
    };
    buf_finish(body);
    return ret->url && ret->body.p ? KF_OK : KF_NOMEM;
}

/* ---- media ------------------------------------------------------------------------------------------------------------------- */

static enum kf_rc ask_file(const struct telegram *t, struct arena *a, struct slice id, struct http_req *ret)
{
    enum kf_rc rc;
    struct buf b;

    buf_init(&b, 4096);
    buf_str(&b, "{\"file_id\":");
    buf_json(&b, id);
    buf_char(&b, '}');
    rc = telegram_post(t, a, "getFile", &b, ret);
    return rc ? rc : KF_AGAIN;
}

/* A path below ours, and nowhere else. */
static bool path_fits(struct slice path)
{
    for (size_t i = 0; i + 1 < path.n; i++)
        if (path.p[i] == '.' && path.p[i + 1] == '.')
            return false;
    return path.n && path.p[0] != '/' && all_of(path, "/._-");
}

static enum kf_rc telegram_media(const struct channel *ch, struct arena *a, const struct env *env, const struct media *m,
                                 const struct http_resp *last, struct http_req *ret)
{
    const struct telegram *t = telegram_of(ch);
    struct json_keep keep = { .arena = a };
    struct slice path;
    int64_t size = 0;
    json_t *root;

    (void)env;
    if (!m->id.n)
        return KF_INVALID;
    if (m->size > DOWNLOAD_MAX)
        return KF_LIMIT;
    if (!last)
        return ask_file(t, a, m->id, ret);
    root = json_read(a, last->body, JSON_OF_PLATFORMS, NULL);
    path = json_get_text(&keep, json_object_get(root, "result"), "file_path");
    (void)json_get_i64(json_object_get(root, "result"), "file_size", &size);
    if (last->status == 400) {
        struct slice words = json_get_text(&keep, root, "description");

        size = telegram_says(words, "too big") ? DOWNLOAD_MAX + 1 : size;
    }
    json_decref(root);
    if (keep.failed)
        return KF_NOMEM;
    if (size > DOWNLOAD_MAX)
        return KF_LIMIT;
    if (last->status == 401 || last->status == 404) /* of the token: a file that is gone is 400 */
        return KF_AUTH;
    if (last->status == 200 && !path.n)
        return KF_RATE; /* no answer at all: the file is still there */
    if (last->status != 200 || !path_fits(path))
        return KF_ABSENT;
    *ret = (struct http_req){ .method = "GET",
                              .url = arena_printf(a, "%.*s/file/bot%.*s/%.*s", (int)t->url.n, t->url.p, (int)t->token.n, t->token.p,
                                                  (int)path.n, path.p) };
    return ret->url ? KF_OK : KF_NOMEM;
}

/* ---- setting up -------------------------------------------------------------------------------------------------------------- */

/* What receive() understands; reactions come only where they are asked for. */
static const char updates_wanted[] =
    "[\"message\",\"edited_message\",\"callback_query\",\"my_chat_member\",\"message_reaction\",\"business_message\","
    "\"edited_business_message\",\"deleted_business_messages\"]";

static enum kf_rc ask(const struct telegram *t, struct arena *a, const char *method, struct http_req *ret)
{
    enum kf_rc rc;
    struct buf b;

    buf_init(&b, 16);
    buf_str(&b, "{}");
    rc = telegram_post(t, a, method, &b, ret);
    return rc ? rc : KF_AGAIN;
}

static enum kf_rc tell_hook(const struct telegram *t, struct arena *a, const char *hook, struct http_req *ret)
{
    enum kf_rc rc;
    struct buf b;

    buf_init(&b, 8192);
    buf_str(&b, "{\"url\":");
    buf_json(&b, slice_of(hook));
    buf_str(&b, ",\"secret_token\":");
    buf_json(&b, t->secrets[0]);
    buf_printf(&b, ",\"allowed_updates\":%s}", updates_wanted);
    rc = telegram_post(t, a, "setWebhook", &b, ret);
    return rc ? rc : KF_AGAIN;
}

static bool is_told(const json_t *list, const char *update)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *s = json_string_value(json_array_get(list, i));

        if (s && strcmp(s, update) == 0)
            return true;
    }
    return false;
}

/* Of what it is to tell us and does not. Without a list it tells all but reactions. */
static enum kf_rc judge_updates(const json_t *list, const struct telegram *t, struct kf_err *why)
{
    static const char *const needed[] = { "message", "edited_message", "callback_query", "my_chat_member" };

    for (size_t i = 0; json_array_size(list) && i < sizeof(needed) / sizeof(needed[0]); i++)
        if (!is_told(list, needed[i]))
            return kf_fail(why, KF_REJECTED, "Telegram is not asked for %s: set the webhook anew, with that among allowed_updates",
                           needed[i]);
    if (!is_told(list, "message_reaction"))
        return kf_fail(why, KF_OK, "bot %.*s, without reactions: message_reaction is not among the allowed_updates of its webhook",
                       (int)t->id.n, t->id.p);
    return kf_fail(why, KF_OK, "bot %.*s, its webhook is set", (int)t->id.n, t->id.p);
}

static enum kf_rc judge_hook(struct json_keep *keep, const json_t *info, const struct telegram *t, const char *hook, struct kf_err *why)
{
    struct slice url = json_get_text(keep, info, "url"), trouble = json_get_text(keep, info, "last_error_message");
    int64_t pending = 0;

    (void)json_get_i64(info, "pending_update_count", &pending);
    if (keep->failed)
        return kf_fail(why, KF_NOMEM, "no memory");
    if (!slice_is(url, hook))
        return kf_fail(why, KF_REJECTED,
                       url.n ? "Telegram calls another address: set this one with setWebhook"
                             : "Telegram has no address to call: set it with setWebhook");
    if (trouble.n && pending > 0)
        return kf_fail(why, KF_REJECTED, "%lld updates wait, because: %.*s", (long long)pending, (int)(trouble.n < 150 ? trouble.n : 150),
                       trouble.p);
    return judge_updates(json_object_get(info, "allowed_updates"), t, why);
}

/* getMe, then setWebhook, then getWebhookInfo: each answer shows what was asked. */
static enum kf_rc telegram_meet(const struct channel *ch, struct arena *a, const struct env *env, const char *hook, bool tell,
                                const struct http_resp *last, struct http_req *ret, struct kf_err *why)
{
    const struct telegram *t = telegram_of(ch);
    struct json_keep keep = { .arena = a };
    const json_t *result;
    struct slice words;
    enum kf_rc rc;
    json_t *root;

    (void)env;
    if (!last)
        return ask(t, a, "getMe", ret);
    if (!last->status)
        return kf_fail(why, KF_IO, "no answer from Telegram: %s", last->failure ? last->failure : "");
    root = json_read(a, last->body, JSON_OF_PLATFORMS, NULL);
    result = json_object_get(root, "result");
    words = json_get_text(&keep, root, "description");
    if (!root)
        rc = kf_fail(why, KF_IO, "Telegram's answer could not be read: status %d", last->status);
    else if (last->status == 401 || last->status == 404)
        rc = kf_fail(why, KF_AUTH, "Telegram does not know that token");
    else if (!json_is_true(json_object_get(root, "ok")))
        rc = kf_fail(why, KF_REJECTED, "Telegram says: %.*s", (int)(words.n < 200 ? words.n : 200), words.n ? words.p : "");
    else if (json_object_get(result, "is_bot"))
        rc = tell ? tell_hook(t, a, hook, ret) : ask(t, a, "getWebhookInfo", ret);
    else if (json_is_true(result))
        rc = ask(t, a, "getWebhookInfo", ret);
    else
        rc = judge_hook(&keep, result, t, hook, why);
    json_decref(root);
    return rc;
}

const struct channel_ops telegram_ops = {
    .name = "telegram",
    .caps =
        CHAN_IMAGE | CHAN_FILE | CHAN_AUDIO | CHAN_CHOICES | CHAN_TYPING | CHAN_EDIT | CHAN_RECALL | CHAN_REPLY_TO | CHAN_CARD | CHAN_REACT,
    .text_max = TELEGRAM_TEXT_MAX,
    .text_unit = TEXT_UTF16,
    .caption_max = TELEGRAM_CAPTION_MAX,
    .body_max = 1u << 20,
    .typing_ms = 5000,
    .upload_max = UPLOAD_MAX,
    .album_max = 10,
    .keys = keys,
    .words = telegram_chinese,
    .open = telegram_open,
    .close = channel_unmake,
    .receive = telegram_receive,
    .encode = telegram_encode,
    .settle = telegram_settle,
    .media = telegram_media,
    .upload = telegram_upload,
    .joins = telegram_joins,
    .album = telegram_album,
    .album_settle = telegram_album_settle,
    .meet = telegram_meet,
};
