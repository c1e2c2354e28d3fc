/* wechat_in.c: what WeChat posts to the hook. */
#include "core/card.h"
#include "protocols/stamp.h"
#include "protocols/url.h"
#include "protocols/wechat_impl.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#define ID_MAX    255
#define WINDOW_MS (48 * 3600 * 1000LL)
/* After a tap on the menu, a code that was scanned, a new follower: so many messages, for so long. */
#define TAP_MS   60000
#define TAP_LEFT 3
#define YEAR_MAX 253402300799 /* the end of the year 9999, in seconds */

static struct slice query(const struct http_req *req, const char *name)
{
    return http_query(req->query, req->n_query, name);
}

/* ---- one document ------------------------------------------------------------------------------------------------------------------- */

struct notice {
    const struct wechat *w;
    struct arena *arena;
    const struct xml_node *root;
    struct slice raw;
    struct inbound in;
    struct slice event;  /* its name; empty: it is a message */
    struct inbound *all; /* of an event that has a list: one for each entry; NULL: `in` is all of it */
    size_t n_all;
    bool failed; /* memory */
};

static struct slice text(const struct notice *n, const char *name)
{
    struct slice ret = xml_text(n->root, name);

    return ret.p ? ret : SLICE("");
}

static bool read_number(struct slice s, double limit, double *ret)
{
    char digits[48], *end;

    if (!s.n || s.n >= sizeof(digits))
        return false;
    memcpy(digits, s.p, s.n);
    digits[s.n] = '\0';
    *ret = strtod(digits, &end);
    return !*end && isfinite(*ret) && *ret >= -limit && *ret <= limit;
}

static bool read_place_at(struct notice *n, const char *lat, const char *lon)
{
    return read_number(text(n, lat), 90, &n->in.lat) && read_number(text(n, lon), 180, &n->in.lon);
}

static bool read_file(struct notice *n, enum inbound_type type, struct slice url)
{
    struct slice id = text(n, "MediaId");
    struct media *m = ARENA_NEW(n->arena, struct media);
    struct url parts;

    if (!id.n)
        id = text(n, "MediaId16K"); /* of a voice: the same, sampled more finely */
    n->in.type = type;
    n->failed |= !m;
    if (!m || (!id.n && !url.n) || id.n > ID_MAX)
        return false;
    *m = (struct media){ .type = type, .id = id };
    if (url.n && url_parse(url, &parts))
        m->url = url;
    n->in.media = m;
    n->in.n_media = 1;
    return m->id.n || m->url.n;
}

static bool read_text(struct notice *n)
{
    n->in.text = text(n, "Content");
    n->in.payload = text(n, "bizmsgmenuid");
    return true;
}

static bool read_image(struct notice *n)
{
    return read_file(n, TYPE_IMAGE, text(n, "PicUrl"));
}

static bool read_voice(struct notice *n)
{
    n->in.text = text(n, "Recognition"); /* what the platform understood */
    return read_file(n, TYPE_AUDIO, SLICE(""));
}

static bool read_video(struct notice *n)
{
    return read_file(n, TYPE_VIDEO, SLICE(""));
}

static bool read_location(struct notice *n)
{
    n->in.type = TYPE_LOCATION;
    n->in.text = text(n, "Label");
    n->in.gcj02 = true;
    return read_place_at(n, "Location_X", "Location_Y"); /* X is the latitude */
}

static bool read_link(struct notice *n)
{
    n->in.type = TYPE_LINK;
    n->in.title = text(n, "Title");
    n->in.text = text(n, "Description");
    n->in.url = text(n, "Url");
    return n->in.title.n || n->in.url.n;
}

/* It leads where a card of ours with such an address would. */
static bool read_page(struct notice *n)
{
    struct slice app = text(n, "AppId"), path = text(n, "PagePath");
    char *url = arena_printf(n->arena, "miniprogram:%.*s/%.*s", (int)app.n, app.p, (int)path.n, path.p);
    struct card_mini mini;

    n->failed |= !url;
    n->in.type = TYPE_RICH;
    n->in.title = text(n, "Title");
    n->in.text = path;
    if (url && card_mini(slice_of(url), &mini))
        n->in.url = slice_of(url);
    return n->in.title.n || path.n;
}

/* What could not be read as its type asks is shown as unsupported: the document is kept. */
static const struct {
    const char *word;
    bool (*read)(struct notice *n);
} types[] = {
    { "text", read_text },        { "image", read_image },       { "voice", read_voice }, { "video", read_video },
    { "shortvideo", read_video }, { "location", read_location }, { "link", read_link },   { "miniprogrampage", read_page },
};

static void read_message(struct notice *n, struct slice word)
{
    struct inbound plain = n->in;

    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        if (slice_is(word, types[i].word)) {
            if (types[i].read(n))
                return;
            break;
        }
    n->in = plain;
    n->in.type = TYPE_UNSUPPORTED;
    n->in.raw = n->raw;
}

/* ---- events ------------------------------------------------------------------------------------------------------------------------ */

static void read_subscribe(struct notice *n)
{
    struct slice key = text(n, "EventKey");

    if (slice_starts(key, "qrscene_"))
        n->in.referral = (struct slice){ key.p + 8, key.n - 8 };
}

static void read_nothing(struct notice *n)
{
    (void)n;
}

static void read_scan(struct notice *n)
{
    n->in.code = SLICE("scan");
    n->in.referral = text(n, "EventKey");
}

static void read_click(struct notice *n)
{
    n->in.payload = text(n, "EventKey");
    n->in.text = n->in.payload; /* the title is not told */
}

static void read_scancode(struct notice *n)
{
    struct slice result = xml_text(xml_child(n->root, "ScanCodeInfo"), "ScanResult");

    n->in.payload = text(n, "EventKey");
    n->in.text = result.n ? result : n->in.payload;
}

static void read_view(struct notice *n)
{
    n->in.code = SLICE("view");
    n->in.url = text(n, "EventKey");
}

static void read_position(struct notice *n)
{
    n->in.code = SLICE("location");
    if (!read_place_at(n, "Latitude", "Longitude"))
        n->in.lat = n->in.lon = 0;
}

/* "success", "failed:user block", "failed: system failed"; of a mass message "send success", "send fail", "err(10001)" … */
static void read_job(struct notice *n)
{
    struct slice status = text(n, "Status");

    n->in.ref = text(n, "MsgID");
    if (!n->in.ref.n)
        n->in.ref = text(n, "MsgId");
    if (slice_is(status, "success") || slice_is(status, "send success") || slice_is(status, "sendsuccess")) {
        n->in.delivery = DELIVERY_DELIVERED;
        return;
    }
    n->in.delivery = DELIVERY_FAILED;
    n->in.code = status;
    n->in.reason = status;
}

/* ---- lists: one document is about several templates --------------------------------------------------------------------------------- */

#define LIST_MAX 32

/* In JSON the list may stand without the element around it. */
static void read_list(struct notice *n, const char *element, void (*read)(struct inbound *, const struct xml_node *))
{
    const struct xml_node *around = xml_child(n->root, element), *entry = xml_child(around ? around : n->root, "List");

    n->all = arena_array(n->arena, LIST_MAX, sizeof(*n->all));
    n->failed |= !n->all;
    for (; n->all && entry && n->n_all < LIST_MAX; entry = entry->next)
        if (slice_is(entry->name, "List")) {
            n->all[n->n_all] = n->in;
            read(&n->all[n->n_all], entry);
            n->n_all += n->all[n->n_all].ref.n > 0; /* one that names nothing says nothing */
        }
}

/* Of a subscription message: "success", or why not ("refused" …). */
static void read_sent_one(struct inbound *in, const struct xml_node *entry)
{
    struct slice words = xml_text(entry, "ErrorStatus");

    in->ref = xml_text(entry, "MsgID");
    if (slice_is(xml_text(entry, "ErrorCode"), "0")) {
        in->delivery = DELIVERY_DELIVERED;
        return;
    }
    in->delivery = DELIVERY_FAILED;
    in->code = xml_text(entry, "ErrorCode");
    in->reason = words.n ? words : in->code;
}

/* "accept"; or "reject", and of mini programs "ban". */
static void read_wish(struct inbound *in, const struct xml_node *entry)
{
    in->ref = xml_text(entry, "TemplateId");
    in->on = slice_is(xml_text(entry, "SubscribeStatusString"), "accept");
}

static void read_sent(struct notice *n)
{
    read_list(n, "SubscribeMsgSentEvent", read_sent_one);
}

static void read_popup(struct notice *n)
{
    read_list(n, "SubscribeMsgPopupEvent", read_wish);
}

static void read_change(struct notice *n)
{
    read_list(n, "SubscribeMsgChangeEvent", read_wish);
}

static void read_other(struct notice *n)
{
    n->in.code = n->event;
}

static const struct {
    const char *word;
    enum inbound_kind kind;
    void (*read)(struct notice *n);
} events[] = {
    { "subscribe", INBOUND_FOLLOW, read_subscribe },
    { "unsubscribe", INBOUND_UNFOLLOW, read_nothing },
    { "scan", INBOUND_SYSTEM, read_scan },
    { "click", INBOUND_POSTBACK, read_click },
    { "view", INBOUND_SYSTEM, read_view },
    { "location", INBOUND_SYSTEM, read_position },
    { "scancode_push", INBOUND_POSTBACK, read_scancode },
    { "scancode_waitmsg", INBOUND_POSTBACK, read_scancode },
    { "templatesendjobfinish", INBOUND_STATUS, read_job },
    { "masssendjobfinish", INBOUND_STATUS, read_job },
    { "subscribe_msg_sent_event", INBOUND_STATUS, read_sent },
    { "subscribe_msg_popup_event", INBOUND_SUBSCRIPTION, read_popup },
    { "subscribe_msg_change_event", INBOUND_SUBSCRIPTION, read_change },
};

static bool event_is(struct slice event, const char *word)
{
    return event.n == strlen(word) && strncasecmp(event.p, word, event.n) == 0;
}

static void read_event(struct notice *n)
{
    size_t i = 0;

    while (i < sizeof(events) / sizeof(events[0]) && !event_is(n->event, events[i].word))
        i++;
    if (i < sizeof(events) / sizeof(events[0])) {
        n->in.kind = events[i].kind;
        events[i].read(n);
    } else {
        n->in.kind = INBOUND_SYSTEM;
        read_other(n);
    }
    if (n->in.kind == INBOUND_POSTBACK && !n->in.payload.n) /* a button without a key: nothing to act upon */
        n->in.kind = INBOUND_SYSTEM;
}

/* ---- all of it --------------------------------------------------------------------------------------------------------------------- */

/* Messages have an id; events are told apart by who, when, what and about what. */
static void dedupe_key(struct notice *n, struct inbound *in)
{
    struct slice about = in->payload.n ? in->payload : in->ref.n ? in->ref : text(n, "EventKey");
    char *key;

    if (!n->event.n)
        key = arena_printf(n->arena, "message:%.*s", (int)in->id.n, in->id.p);
    else
        key = arena_printf(n->arena, "event:%.*s:%.*s:%lld:%.*s", (int)(about.n < 1024 ? about.n : 1024), about.p, (int)in->user.n,
                           in->user.p, (long long)(in->at / 1000), (int)n->event.n, n->event.p);
    n->failed |= !key;
    in->dedupe = slice_of(key);
}

/* Of the events those that open a minute. */
static bool opens_minute(const struct notice *n)
{
    static const char *const words[] = { "click", "scancode_push", "scancode_waitmsg", "subscribe", "scan" };

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (event_is(n->event, words[i]))
            return true;
    return false;
}

/* How long, and with how many messages, this may be answered. */
static void reply_handle(struct notice *n)
{
    bool tap = opens_minute(n);

    if (n->in.kind != INBOUND_MESSAGE && !tap)
        return;
    n->in.reply_token = n->in.dedupe;
    n->in.reply_expires_ms = n->in.at + (tap ? TAP_MS : WINDOW_MS);
    n->in.reply_left = tap ? TAP_LEFT : n->w->replies;
}

/* What somebody has written from an article comes with the article's number: a line beside the message, once for each. */
static void read_article(struct notice *n)
{
    struct slice article = text(n, "MsgDataId"), idx = text(n, "Idx");
    struct inbound *both;
    char *name, *key;

    if (!article.n || article.n > ID_MAX || idx.n > ID_MAX)
        return;
    both = arena_array(n->arena, 2, sizeof(*both));
    name = arena_printf(n->arena, "article %.*s_%.*s", (int)article.n, article.p, (int)idx.n, idx.p);
    key = name ? arena_printf(n->arena, "%s:%.*s", name, (int)n->in.user.n, n->in.user.p) : NULL;
    n->failed |= !both || !key;
    if (n->failed)
        return;
    both[0] = n->in;
    both[1] = (struct inbound){ .kind = INBOUND_SYSTEM,
                                .account = n->in.account,
                                .user = n->in.user,
                                .peer = n->in.peer,
                                .at = n->in.at,
                                .code = SLICE("article"),
                                .referral = slice_of(name),
                                .dedupe = slice_of(key) };
    n->all = both;
    n->n_all = 2;
}

/* False: it is no message and no event. */
static bool read_notice(struct notice *n)
{
    struct slice word = text(n, "MsgType");
    int64_t at_s = 0;

    n->in.account = text(n, "ToUserName");
    n->in.user = n->in.peer = text(n, "FromUserName");
    if (!word.n || !n->in.user.n || n->in.user.n > ID_MAX || n->in.account.n > ID_MAX)
        return false;
    if (!stamp_digits(text(n, "CreateTime"), &at_s) || at_s > YEAR_MAX)
        return false;
    n->in.at = 1000 * at_s;
    if (slice_is(word, "event")) {
        n->event = text(n, "Event");
        if (!n->event.n || n->event.n > ID_MAX)
            return false;
        read_event(n);
    } else {
        n->in.id = text(n, "MsgId");
        if (!n->in.id.n || n->in.id.n > ID_MAX)
            return false;
        read_message(n, word);
    }
    dedupe_key(n, &n->in);
    for (size_t i = 0; i < n->n_all; i++)
        dedupe_key(n, &n->all[i]);
    reply_handle(n);
    if (!n->event.n)
        read_article(n);
    return true;
}

/* ---- is it from the platform? ------------------------------------------------------------------------------------------------------ */

static void refuse(struct received *ret, int status, const char *reason)
{
    *ret = (struct received){ .status = status, .type = "text/plain", .body = slice_of(reason), .refused = reason };
}

/* What a request holds, once it is believed. */
struct opened {
    struct slice text;        /* the document */
    const struct wx_key *key; /* with which it came; NULL in clear */
};

/* The ciphertext in a body is verified before it is decrypted; what stands in clear beside it means nothing. */
static enum kf_rc open_sealed(const struct wechat *w, struct arena *a, const struct http_req *req, struct opened *ret, struct received *out)
{
    struct xml_node *root = NULL;
    struct slice sealed;
    const char *reason;
    enum kf_rc rc = wechat_document(a, req->body, &root);

    if (rc == KF_NOMEM)
        return rc;
    sealed = xml_text(root, "Encrypt");
    reason = rc ? "malformed_body" : !sealed.n ? "not_encrypted" : wx_refusal(w->token, req, "msg_signature", sealed);
    if (reason) {
        refuse(out, rc ? 400 : 401, reason);
        return KF_REJECTED;
    }
    rc = wx_decrypt_either(&w->key, &w->previous, a, sealed, w->app_id, &ret->text, &ret->key);
    if (rc == KF_OK || rc == KF_NOMEM)
        return rc;
    refuse(out, 401, rc == KF_DENIED ? "wrong_receiver" : "decrypt_failed");
    return KF_REJECTED;
}

/* KF_REJECTED: it is refused, and `out` says so. */
static enum kf_rc open_request(const struct wechat *w, struct arena *a, const struct http_req *req, struct opened *ret,
                               struct received *out)
{
    const char *reason;

    *ret = (struct opened){ .text = req->body };
    if (w->mode != WECHAT_PLAIN || slice_is(query(req, "encrypt_type"), "aes"))
        return open_sealed(w, a, req, ret, out);
    reason = wx_refusal(w->token, req, "signature", (struct slice){ NULL, 0 });
    if (!reason)
        return KF_OK;
    refuse(out, 401, reason);
    return KF_REJECTED;
}

/* ---- answering --------------------------------------------------------------------------------------------------------------------- */

/* {"to","from","key"}: 0 in clear, 1 the key, 2 the one before. */
static struct slice answer_key(struct notice *n, const struct wx_key *key)
{
    struct slice ret = { NULL, 0 };
    struct buf b;

    buf_init(&b, 4096);
    buf_str(&b, "{\"to\":");
    buf_json(&b, n->in.user);
    buf_str(&b, ",\"from\":");
    buf_json(&b, n->in.account);
    buf_printf(&b, ",\"key\":%d}", !key ? 0 : key == &n->w->key ? 1 : 2);
    ret = buf_copy(&b, n->arena);
    n->failed |= !ret.p;
    buf_finish(&b);
    return ret;
}

static enum kf_rc take_notice(struct notice *n, const struct opened *o, const struct env *env, struct received *ret)
{
    const struct wechat_ends ends = { .to = n->in.user, .from = n->in.account, .key = o->key };

    *ret = (struct received){ .status = 200, .type = "text/plain", .body = SLICE("success") };
    if (n->w->account.n && !slice_eq(n->w->account, n->in.account))
        return KF_OK; /* authentic, and nothing of ours: said in clear, or it would come again */
    if (n->w->transfer && !n->event.n && !wechat_is_json(n->raw)) {
        ret->type = "text/xml; charset=utf-8";
        return wechat_transfer(n->w, n->arena, &ends, env, &ret->body);
    }
    if (!n->all) {
        n->all = ARENA_NEW(n->arena, struct inbound);
        if (!n->all)
            return KF_NOMEM;
        *n->all = n->in;
        n->n_all = 1;
    }
    ret->inbound = n->all;
    ret->n = n->n_all;
    if (n->w->unionid && (n->in.kind == INBOUND_MESSAGE || n->in.kind == INBOUND_POSTBACK))
        ret->who = n->in.user;
    if (wechat_is_json(n->raw))
        return KF_OK; /* what an answer would have to look like then is not documented: all goes by the API */
    if (n->in.kind == INBOUND_MESSAGE || n->in.kind == INBOUND_POSTBACK)
        ret->answer_key = answer_key(n, o->key);
    if (n->in.kind == INBOUND_FOLLOW && n->w->welcome.n) {
        ret->type = "text/xml; charset=utf-8";
        return wechat_answer(n->w, n->arena, &ends, n->w->welcome, env, &ret->body);
    }
    return KF_OK;
}

static enum kf_rc handshake(const struct wechat *w, const struct http_req *req, struct received *ret)
{
    struct slice echo = query(req, "echostr");
    const char *reason = wx_refusal(w->token, req, "signature", (struct slice){ NULL, 0 });

    if (reason)
        refuse(ret, 403, reason);
    else if (!echo.n)
        refuse(ret, 400, "malformed_body");
    else
        *ret = (struct received){ .status = 200, .type = "text/plain", .body = echo };
    return KF_OK;
}

enum kf_rc wechat_receive(const struct channel *ch, struct arena *a, const struct http_req *req, const struct env *env,
                          struct received *ret)
{
    struct notice n = { .w = wechat_of(ch), .arena = a };
    struct xml_node *root = NULL;
    struct opened o;
    enum kf_rc rc;

    if (strcmp(req->method, "GET") == 0)
        return handshake(n.w, req, ret);
    if (strcmp(req->method, "POST") != 0) {
        refuse(ret, 405, "wrong_method");
        return KF_OK;
    }
    rc = open_request(n.w, a, req, &o, ret);
    if (rc)
        return rc == KF_REJECTED ? KF_OK : rc;
    rc = wechat_document(a, o.text, &root);
    if (rc == KF_NOMEM)
        return rc;
    n.root = root;
    n.raw = o.text;
    if (rc || !read_notice(&n)) {
        if (n.failed)
            return KF_NOMEM;
        refuse(ret, 400, "malformed_body");
        return KF_OK;
    }
    rc = n.failed ? KF_NOMEM : take_notice(&n, &o, env, ret);
    return n.failed ? KF_NOMEM : rc;
}
