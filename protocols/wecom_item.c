/* wecom_item.c: one item of what sync_msg returns, as a fact. */
#include "protocols/sign.h"
#include "protocols/url.h"
#include "protocols/wecom_impl.h"

#define ID_MAX     255
#define WINDOW_MS  (48 * 3600 * 1000LL)
#define WELCOME_MS 20000
#define TAKEN_MS   (48 * 3600 * 1000LL)
#define YEAR_MAX   253402300799 /* the end of the year 9999, in seconds */
#define ITEM_MAX   (1u << 20)

/* "origin": who wrote it. */
enum { ORIGIN_CUSTOMER = 3, ORIGIN_SYSTEM = 4, ORIGIN_SERVICER = 5 };

struct item {
    const struct wecom *w;
    struct arena *arena;
    struct json_keep keep;
    const json_t *root; /* the item */
    const json_t *body; /* the member that is named like its type; NULL: it has none */
    bool within;        /* it stands in a merged one */
    struct inbound in;
};

static struct slice text(struct item *it, const char *name)
{
    return json_get_text(&it->keep, it->body, name);
}

/* The id of a message. One that is longer than we keep any is known by its digest, wherever it is named: what it says is not lost for that. */
static struct slice id_of(struct item *it, const json_t *from, const char *name)
{
    struct slice whole = json_get_text(&it->keep, from, name), ret;
    uint8_t digest[SIGN_SHA256];
    struct buf b;

    if (whole.n <= ID_MAX)
        return whole;
    buf_init(&b, ID_MAX);
    buf_str(&b, "sha256:");
    if (sign_sha256(&whole, 1, digest))
        sign_hex(&b, digest, sizeof(digest));
    else
        it->keep.failed = true;
    ret = buf_ok(&b) ? arena_copy(it->arena, buf_slice(&b)) : SLICE("");
    it->keep.failed |= !ret.n;
    buf_finish(&b);
    return ret;
}

/* Lines of a text, those that are empty left out. */
static struct slice lines(struct item *it, const struct slice *all, size_t n)
{
    struct slice ret = { NULL, 0 };
    struct buf b;

    buf_init(&b, ITEM_MAX);
    for (size_t i = 0; i < n; i++)
        if (all[i].n) {
            if (b.n)
                buf_char(&b, '\n');
            buf_add(&b, all[i]);
        }
    ret = buf_copy(&b, it->arena);
    buf_finish(&b);
    it->keep.failed |= !ret.p;
    return ret;
}

/* ---- messages ---------------------------------------------------------------------------------------------------------------------- */

static bool one_media(struct item *it, enum inbound_type type, struct slice id, struct slice url)
{
    struct media *m = ARENA_NEW(it->arena, struct media);
    struct url parts;

    it->keep.failed |= !m;
    if (!m || id.n > ID_MAX || (url.n && !url_parse(url, &parts)) || (!id.n && !url.n))
        return false;
    *m = (struct media){ .type = type, .id = id, .url = url };
    it->in.media = m;
    it->in.n_media = 1;
    return true;
}

static bool read_text(struct item *it)
{
    it->in.text = text(it, "content");
    it->in.payload = text(it, "menu_id");
    return it->in.text.p;
}

static bool read_file(struct item *it)
{
    struct slice id = text(it, "media_id");

    return id.n && one_media(it, it->in.type, id, SLICE(""));
}

static bool read_location(struct item *it)
{
    it->in.title = text(it, "name");
    it->in.text = text(it, "address");
    it->in.gcj02 = true;
    return json_get_real(it->body, "latitude", &it->in.lat) && json_get_real(it->body, "longitude", &it->in.lon) && it->in.lat >= -90 &&
           it->in.lat <= 90 && it->in.lon >= -180 && it->in.lon <= 180;
}

/* The picture of a link is decoration: the link is shown with it or without. */
static bool read_link(struct item *it)
{
    it->in.title = text(it, "title");
    it->in.text = text(it, "desc");
    it->in.url = text(it, "url");
    (void)one_media(it, TYPE_IMAGE, SLICE(""), text(it, "pic_url"));
    return it->in.title.n || it->in.url.n;
}

static bool read_card(struct item *it)
{
    it->in.text = text(it, "userid");
    return it->in.text.n;
}

static bool read_miniprogram(struct item *it)
{
    it->in.title = text(it, "title");
    it->in.text = text(it, "pagepath");
    return it->in.title.n || it->in.text.n;
}

static bool read_menu(struct item *it)
{
    const json_t *list = json_object_get(it->body, "list");
    size_t n = json_array_size(list), used = 0;
    struct slice *all = arena_array(it->arena, n + 2, sizeof(*all));

    it->keep.failed |= !all;
    if (!all)
        return false;
    all[used++] = text(it, "head_content");
    for (size_t i = 0; i < n; i++) {
        const json_t *entry = json_array_get(list, i);
        const char *type = json_string_value(json_object_get(entry, "type"));

        all[used++] = json_get_text(&it->keep, type ? json_object_get(entry, type) : NULL, "content");
    }
    all[used++] = text(it, "tail_content");
    it->in.text = lines(it, all, used);
    return it->in.text.n;
}

/* Prices are in hundredths of a yuan, as text. */
static bool read_product(struct item *it)
{
    int64_t price = -1;
    struct slice parts[2] = { SLICE(""), text(it, "shop_nickname") };

    it->in.title = text(it, "title");
    if (json_get_i64(it->body, "sales_price", &price) && price >= 0) {
        const char *yuan = arena_printf(it->arena, "¥%lld.%02d", (long long)(price / 100), (int)(price % 100));

        it->keep.failed |= !yuan;
        parts[0] = slice_of(yuan);
    }
    it->in.text = lines(it, parts, 2);
    return it->in.title.n;
}

static bool read_order(struct item *it)
{
    const struct slice parts[] = { text(it, "order_id"), text(it, "price_wording"), text(it, "state"), text(it, "shop_nickname") };

    it->in.title = text(it, "product_titles");
    it->in.text = lines(it, parts, 4);
    return it->in.title.n || it->in.text.n;
}

static bool read_kind(struct item *it, struct slice word);

static struct slice bracketed(struct item *it, struct slice word)
{
    char *ret = arena_printf(it->arena, "[%.*s]", (int)word.n, word.n ? word.p : "");

    it->keep.failed |= !ret;
    return slice_of(ret);
}

/* "甲: 消息内容": what is inside is a JSON text shaped like an item. A file in it has nothing to read, and those merged within are their title. */
static struct slice merged_line(struct item *it, const json_t *one)
{
    struct slice name = json_get_text(&it->keep, one, "sender_name"), type = json_get_text(&it->keep, one, "msgtype");
    struct slice content = json_get_text(&it->keep, one, "msg_content"), said;
    json_t *root = content.n ? json_read(it->arena, content, JSON_OF_PLATFORMS, NULL) : NULL;
    struct item inner = { .w = it->w, .arena = it->arena, .keep = { .arena = it->arena }, .root = root, .within = true };
    char *line;

    inner.body = type.n ? json_object_get(root, type.p) : NULL;
    if (!inner.body || !read_kind(&inner, type))
        inner.in = (struct inbound){ .kind = INBOUND_MESSAGE };
    json_decref(root);
    it->keep.failed |= inner.keep.failed;
    said = inner.in.title.n ? inner.in.title : inner.in.text;
    if (!said.n)
        said = bracketed(it, type);
    line = arena_printf(it->arena, "%.*s: %.*s%s%.*s", (int)name.n, name.n ? name.p : "", (int)said.n, said.n ? said.p : "",
                        inner.in.url.n ? " " : "", (int)inner.in.url.n, inner.in.url.n ? inner.in.url.p : "");
    it->keep.failed |= !line;
    return slice_of(line);
}

static bool read_merged(struct item *it)
{
    const json_t *list = it->within ? NULL : json_object_get(it->body, "item");
    size_t n = json_array_size(list);
    struct slice *all = arena_array(it->arena, n + 1, sizeof(*all));

    it->keep.failed |= !all;
    if (!all)
        return false;
    for (size_t i = 0; i < n; i++)
        all[i] = merged_line(it, json_array_get(list, i));
    it->in.title = text(it, "title");
    it->in.text = lines(it, all, n);
    return it->in.title.n || it->in.text.n;
}

/* What it is of the video channel stands before whose it is. */
static bool read_channels(struct item *it)
{
    static const char *const kinds[] = { "", "[post]", "[live]", "[channel]" };
    struct slice nickname = text(it, "nickname");
    int64_t kind = 0;
    char *said;

    it->in.title = text(it, "title");
    (void)json_get_i64(it->body, "sub_type", &kind);
    kind = kind >= 1 && kind <= 3 ? kind : 0;
    said = arena_printf(it->arena, "%s%s%.*s", kinds[kind], kind && nickname.n ? " " : "", (int)nickname.n, nickname.n ? nickname.p : "");
    it->keep.failed |= !said;
    it->in.text = slice_of(said);
    return it->in.title.n || nickname.n;
}

static const struct {
    const char *word;
    enum inbound_type type;
    bool (*read)(struct item *it); /* false: not as it should be */
} types[] = {
    { "text", TYPE_TEXT, read_text },
    { "image", TYPE_IMAGE, read_file },
    { "voice", TYPE_AUDIO, read_file },
    { "video", TYPE_VIDEO, read_file },
    { "file", TYPE_FILE, read_file },
    { "location", TYPE_LOCATION, read_location },
    { "link", TYPE_LINK, read_link },
    { "business_card", TYPE_CONTACT, read_card },
    { "miniprogram", TYPE_RICH, read_miniprogram },
    { "msgmenu", TYPE_RICH, read_menu },
    { "channels_shop_product", TYPE_RICH, read_product },
    { "channels_shop_order", TYPE_RICH, read_order },
    { "merged_msg", TYPE_RICH, read_merged },
    { "channels", TYPE_RICH, read_channels },
};

/* Of some kinds the platform says that there is one, and nothing of it. */
static const struct {
    const char *word, *said;
} unseen[] = { { "meeting", "[meeting]" }, { "calendar", "[calendar entry]" }, { "note", "[note]" } };

static void unsupported(struct item *it, struct slice word)
{
    struct buf b;

    for (size_t i = 0; i < sizeof(unseen) / sizeof(unseen[0]); i++)
        if (slice_is(word, unseen[i].word))
            it->in.text = slice_of(unseen[i].said);

    buf_init(&b, ITEM_MAX);
    json_write(&b, it->root);
    it->in.type = TYPE_UNSUPPORTED;
    it->in.raw = buf_ok(&b) ? arena_copy(it->arena, buf_slice(&b)) : SLICE("");
    it->keep.failed |= !it->in.raw.p;
    buf_finish(&b);
}

static bool read_kind(struct item *it, struct slice word)
{
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        if (slice_is(word, types[i].word)) {
            it->in.type = types[i].type;
            return types[i].read(it);
        }
    return false;
}

static void read_message(struct item *it, struct slice word)
{
    struct inbound plain = it->in;

    if (read_kind(it, word))
        return;
    it->in = plain;
    unsupported(it, word);
}

/* ---- events ------------------------------------------------------------------------------------------------------------------------ */

/* Out of a video channel: whose it is, and where in it the chat was opened. */
static void read_video_channel(struct item *it)
{
    const json_t *from = json_object_get(it->body, "wechat_channels");
    const struct slice parts[] = { json_get_text(&it->keep, from, "nickname"), json_get_text(&it->keep, from, "shop_nickname"),
                                   json_get_text(&it->keep, from, "scene") };
    struct buf b;

    buf_init(&b, 4 * ID_MAX);
    for (size_t i = 0; i < 3; i++)
        if (parts[i].n && parts[i].n <= ID_MAX) {
            if (b.n)
                buf_str(&b, " · ");
            buf_add(&b, parts[i]);
        }
    if (b.n) {
        it->in.title = buf_ok(&b) ? arena_copy(it->arena, buf_slice(&b)) : SLICE("");
        it->keep.failed |= !it->in.title.n;
        if (!it->in.referral.n)
            it->in.referral = SLICE("wechat_channels");
    }
    buf_finish(&b);
}

static void read_entered(struct item *it)
{
    it->in.referral = text(it, "scene");
    read_video_channel(it);
    it->in.payload = text(it, "scene_param");
    it->in.reply_token = text(it, "welcome_code");
    it->in.reply_expires_ms = it->in.at + WELCOME_MS;
    it->in.reply_now = true;
}

static void read_failed(struct item *it)
{
    static const struct {
        int64_t type;
        const char *words;
        bool window_over;
    } all[] = {
        { 1, "the customer service account was deleted", false },
        { 2, "the app was closed", false },
        { 4, "more than 48 hours after the customer's last message", true },
        { 5, "the session is over", true },
        { 6, "more than 5 messages after the customer's last one", true },
        { 8, "the company is not verified", false },
        { 10, "refused by the customer", false },
        { 11, "nobody of the company has signed in", false },
        { 12, "this type of message is not allowed", false },
        { 13, "refused for what it says", false },
    };
    int64_t type = 0;

    it->in.ref = id_of(it, it->body, "fail_msgid");
    it->in.delivery = DELIVERY_FAILED;
    it->in.code = text(it, "fail_type");
    it->in.reason = SLICE("the platform could not deliver it");
    json_get_i64(it->body, "fail_type", &type);
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        if (all[i].type == type) {
            it->in.reason = slice_of(all[i].words);
            it->in.window_over = all[i].window_over;
        }
}

/* Once somebody in the WeCom client has taken a session, or ended it, or opened it again, the API sends nothing more until it has ended and the
 * customer writes, but for what the event's code stands for. Who takes it over from a colleague changes nothing. */
static void read_session(struct item *it)
{
    static const char *const words[] = { "session_changed", "session_taken", "session_transferred", "session_ended", "session_reopened" };
    int64_t type = 0;

    json_get_i64(it->body, "change_type", &type);
    it->in.code = slice_of(words[type >= 1 && type <= 4 ? type : 0]);
    it->in.reply_ends = type == 1 || type == 3 || type == 4;
    if (type != 1 && type != 3)
        return;
    it->in.reply_token = text(it, "msg_code");
    it->in.reply_expires_ms = it->in.at + (type == 1 ? TAKEN_MS : WELCOME_MS);
    it->in.reply_code = type == 1;
    it->in.reply_now = type == 3;
}

static void read_recalled(struct item *it)
{
    it->in.ref = id_of(it, it->body, "recall_msgid");
}

static void read_nothing(struct item *it)
{
    (void)it;
}

static const struct {
    const char *word;
    enum inbound_kind kind;
    void (*read)(struct item *it);
} events[] = {
    { "enter_session", INBOUND_SYSTEM, read_entered },
    { "msg_send_fail", INBOUND_STATUS, read_failed },
    { "session_status_change", INBOUND_SYSTEM, read_session },
    { "servicer_status_change", INBOUND_SYSTEM, read_nothing },
    { "user_recall_msg", INBOUND_DELETE, read_recalled },
    { "servicer_recall_msg", INBOUND_DELETE, read_recalled },
    { "reject_customer_msg_switch_change", INBOUND_SYSTEM, read_nothing },
};

static void read_event(struct item *it)
{
    struct slice word = text(it, "event_type");

    it->in.kind = INBOUND_SYSTEM;
    it->in.code = word;
    for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
        if (slice_is(word, events[i].word)) {
            it->in.kind = events[i].kind;
            events[i].read(it);
        }
    if ((it->in.kind == INBOUND_STATUS || it->in.kind == INBOUND_DELETE) && !it->in.ref.n)
        it->in.kind = INBOUND_SYSTEM;
}

/* ---- all of it --------------------------------------------------------------------------------------------------------------------- */

static bool read_ends(struct item *it, const json_t *from)
{
    it->in.account = json_get_text(&it->keep, from, "open_kfid");
    it->in.user = json_get_text(&it->keep, from, "external_userid");
    if (!it->in.account.n)
        it->in.account = it->w->account;
    if (it->in.account.n > ID_MAX || it->in.user.n > ID_MAX)
        return false;
    it->in.peer = it->in.user; /* a channel is one account; empty: an event on our side, about nobody */
    return true;
}

static void reply_handle(struct item *it)
{
    if (it->in.kind != INBOUND_MESSAGE)
        return;
    it->in.reply_token = it->in.id;
    it->in.reply_expires_ms = it->in.at + WINDOW_MS;
}

static bool read_item(struct item *it)
{
    struct slice word = json_get_text(&it->keep, it->root, "msgtype");
    int64_t at_s = 0, origin = 0;
    bool event = slice_is(word, "event");
    char *key;

    it->in.id = id_of(it, it->root, "msgid");
    it->body = word.n ? json_object_get(it->root, word.p) : NULL;
    if (!word.n || !it->in.id.n || !read_ends(it, event ? it->body : it->root))
        return false;
    if (!json_get_i64(it->root, "send_time", &at_s) || at_s < 0 || at_s > YEAR_MAX)
        return false;
    it->in.at = 1000 * at_s;
    json_get_i64(it->root, "origin", &origin);
    if (event) {
        read_event(it);
    } else {
        if (!it->in.user.n)
            return false;
        it->in.kind = origin == ORIGIN_SERVICER ? INBOUND_ECHO : INBOUND_MESSAGE;
        it->in.agent = origin == ORIGIN_SERVICER ? json_get_text(&it->keep, it->root, "servicer_userid") : it->in.agent;
        read_message(it, word);
    }
    key = arena_printf(it->arena, "item:%s", it->in.id.p);
    it->keep.failed |= !key;
    it->in.dedupe = slice_of(key);
    reply_handle(it);
    return true;
}

bool wecom_item(const struct wecom *w, struct arena *a, const json_t *item, struct inbound *ret, bool *nomem)
{
    struct item it = { .w = w, .arena = a, .keep = { .arena = a }, .root = item };
    bool ok = json_is_object(item) && read_item(&it);

    *nomem = it.keep.failed;
    *ret = it.in;
    return ok && !it.keep.failed;
}
