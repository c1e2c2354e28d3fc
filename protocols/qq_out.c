/* qq_out.c: what we send to QQ, and what its answers mean. */
#include "core/card.h"
#include "protocols/chosen.h"
#include "protocols/qq_impl.h"
#include "protocols/stamp.h"
#include "protocols/url.h"

#define BODY_MAX       65536
#define TYPING_S       10
#define TIMEOUT_MS     15000
#define FILE_IMAGE     1
#define FILE_VIDEO     2
#define FILE_VOICE     3
#define TYPE_OF_TEXT   0
#define TYPE_OF_MARKS  2 /* markdown */
#define TYPE_OF_TYPING 6
#define TYPE_OF_MEDIA  7
#define ROWS_MAX       5
#define ROW_MAX        5 /* buttons */

/* ---- the request ---------------------------------------------------------------------------------------------------------- */

/* The address of an exchange, with `what` behind it; NULL: memory is out. */
static const char *place(const struct qq *q, struct arena *a, const struct errand *e, const char *what)
{
    struct slice peer = slice_of(e->peer);
    const char *before = "", *ret = NULL;
    struct buf b;

    switch (qq_scope(peer, slice_of(e->user))) {
    case QQ_C2C:
        before = "/v2/users/";
        break;
    case QQ_GROUP:
        before = "/v2/groups/";
        break;
    case QQ_CHANNEL:
        before = "/channels/";
        peer = (struct slice){ peer.p + strlen(QQ_CHANNEL_PEER), peer.n - strlen(QQ_CHANNEL_PEER) };
        break;
    case QQ_DMS:
        before = "/dms/";
        peer = (struct slice){ peer.p + strlen(QQ_DMS_PEER), peer.n - strlen(QQ_DMS_PEER) };
        break;
    default:
        break;
    }
    buf_init(&b, BODY_MAX);
    buf_add(&b, q->url);
    buf_str(&b, before);
    url_escape(&b, peer);
    buf_str(&b, what);
    if (buf_ok(&b))
        ret = arena_text(a, buf_slice(&b));
    buf_finish(&b);
    return ret;
}

/* Takes what is in `body` and finishes it; NULL: none. */
static enum kf_rc request(struct arena *a, const struct env *env, const char *method, const char *url, struct buf *body,
                          struct http_req *ret)
{
    struct http_pair *headers = arena_array(a, 2, sizeof(*headers));
    char *bearer = arena_printf(a, "QQBot %.*s", (int)env->token.n, env->token.p);
    bool ok = headers && bearer && url && (!body || buf_ok(body));
    struct slice bytes = { NULL, 0 };

    if (ok && body) {
        bytes = arena_copy(a, buf_slice(body));
        ok = bytes.p != NULL;
    }
    if (body)
        buf_finish(body);
    if (!ok)
        return KF_NOMEM;
    headers[0] = (struct http_pair){ SLICE("Authorization"), slice_of(bearer) };
    headers[1] = (struct http_pair){ SLICE("Content-Type"), SLICE("application/json") };
    *ret = (struct http_req){
        .method = method, .url = url, .headers = headers, .n_headers = body ? 2 : 1, .body = bytes, .timeout_ms = TIMEOUT_MS
    };
    return KF_OK;
}

/* Events are named by their kind and something behind it, taps by a UUID; messages by neither. */
static bool is_event(struct slice handle)
{
    size_t i = 0;

    if (handle.n == 36 && handle.p[8] == '-' && handle.p[13] == '-' && handle.p[18] == '-' && handle.p[23] == '-')
        return true;
    while (i < handle.n && ((handle.p[i] >= 'A' && handle.p[i] <= 'Z') || handle.p[i] == '_' || (i && handle.p[i] == '2')))
        i++;
    return i > 0 && i < handle.n && handle.p[i] == ':';
}

/* What is answered, and how often it has been. */
static void add_handle(struct buf *b, const struct errand *e, int64_t seq)
{
    struct slice handle = slice_of(e->handle);

    buf_str(b, is_event(handle) ? ",\"event_id\":" : ",\"msg_id\":");
    buf_json(b, handle);
    buf_str(b, ",\"msg_seq\":");
    buf_i64(b, seq);
}

/* Refused here rather than there: the platform would say window_closed. */
static bool handle_usable(const struct errand *e, int64_t now_ms)
{
    return e->handle && *e->handle && e->handle_left != 0 && (!e->handle_expires_ms || now_ms < e->handle_expires_ms);
}

static void add_file_name(struct buf *b, const char *extra)
{
    json_t *root = extra ? json_loads(extra, 0, NULL) : NULL;
    const char *name = json_string_value(json_object_get(json_object_get(root, "file"), "name"));

    if (name && *name) {
        buf_str(b, name);
        buf_char(b, '\n');
    }
    json_decref(root);
}

static struct slice choice(const json_t *list, size_t i, const char *name)
{
    return slice_of(json_string_value(json_object_get(json_array_get(list, i), name)));
}

/* Can all of them be buttons? */
static bool fit(const json_t *list)
{
    size_t n = json_array_size(list);

    for (size_t i = 0; i < n; i++)
        if (!choice(list, i, "id").n || !choice(list, i, "label").n)
            return false;
    return n > 0 && n <= ROWS_MAX * ROW_MAX;
}

/* What is tapped comes back as `data`. Where a program knows no buttons, the label tells what to write. */
static void add_button(struct buf *b, const json_t *list, size_t i)
{
    buf_printf(b, "{\"id\":\"%zu\",\"render_data\":{\"label\":", i + 1);
    buf_json(b, choice(list, i, "label"));
    buf_str(b, ",\"visited_label\":");
    buf_json(b, choice(list, i, "label"));
    buf_str(b, ",\"style\":1},\"action\":{\"type\":1,\"permission\":{\"type\":2},\"data\":");
    buf_json(b, choice(list, i, "id"));
    buf_str(b, ",\"unsupport_tips\":");
    buf_json(b, choice(list, i, "label"));
    buf_str(b, "}}");
}

/* One below the other as long as there is room for that. */
static void add_keyboard(struct buf *b, const struct errand *e, const json_t *list)
{
    size_t n = json_array_size(list), wide = (n + ROWS_MAX - 1) / ROWS_MAX;

    buf_str(b, "\"markdown\":{\"content\":");
    buf_json(b, e->message.text);
    buf_printf(b, "},\"msg_type\":%d,\"keyboard\":{\"content\":{\"rows\":[", TYPE_OF_MARKS);
    for (size_t i = 0; i < n; i++) {
        if (i % wide == 0)
            buf_str(b, i ? ",{\"buttons\":[" : "{\"buttons\":[");
        else
            buf_char(b, ',');
        add_button(b, list, i);
        if (i % wide == wide - 1 || i + 1 == n)
            buf_str(b, "]}");
    }
    buf_str(b, "]}}");
}

/* Title and words, and below them a button with the host that opens the address. False: it does not fit into that. */
static bool add_card(struct buf *b, const struct errand *e)
{
    struct card card = { .title = SLICE("") };
    const char *hash;
    struct url url;
    struct buf words;

    if (e->message.kind != MESSAGE_CARD || !card_read(e->message.text, &card))
        return false;
    hash = memchr(card.url.p, '#', card.url.n);
    if (!url_parse((struct slice){ card.url.p, hash ? (size_t)(hash - card.url.p) : card.url.n }, &url))
        return false;
    buf_init(&words, BODY_MAX);
    if (card.title.n)
        buf_printf(&words, "**%.*s**%s", (int)card.title.n, card.title.p, card.words.n ? "\n" : "");
    buf_add(&words, card.words);
    buf_str(b, "\"markdown\":{\"content\":");
    buf_json(b, buf_slice(&words));
    b->failed |= !buf_ok(&words);
    buf_finish(&words);
    buf_printf(
        b, "},\"msg_type\":%d,\"keyboard\":{\"content\":{\"rows\":[{\"buttons\":[{\"id\":\"1\",\"render_data\":{\"label\":", TYPE_OF_MARKS);
    buf_json(b, url.host);
    buf_str(b, ",\"visited_label\":");
    buf_json(b, url.host);
    buf_str(b, ",\"style\":1},\"action\":{\"type\":0,\"permission\":{\"type\":2},\"data\":");
    buf_json(b, card.url);
    buf_str(b, ",\"unsupport_tips\":");
    buf_json(b, card.url);
    buf_str(b, "}}]}]}}");
    return true;
}

/* NULL: none, or the desk has said them in the text already. */
static json_t *choices_of(const struct qq *q, const struct errand *e)
{
    struct slice list = json_member(slice_of(e->message.extra), "choices");

    return q->keyboard && list.p && !e->more ? json_loadb(list.p, list.n, 0, NULL) : NULL;
}

/* Whose message of a group is answered is told by the platform; of a long text in its first part. */
static void add_mention(struct buf *words, const struct errand *e)
{
    json_t *extra = e->reply_extra ? json_loads(e->reply_extra, 0, NULL) : NULL;
    const char *member = json_string_value(json_object_get(extra, "speaker_id"));

    if (member && !e->part && qq_scope(slice_of(e->peer), slice_of(e->user)) == QQ_GROUP && !strpbrk(member, "\"<>"))
        buf_printf(words, "<qqbot-at-user id=\"%s\" /> ", member);
    json_decref(extra);
}

/* A file that the platform does not take is named, with the address where it is. */
static void add_content(struct buf *b, const struct errand *e, const json_t *choices)
{
    struct buf words;

    buf_str(b, "\"content\":");
    buf_init(&words, BODY_MAX);
    add_mention(&words, e);
    buf_add(&words, e->message.text);
    for (size_t i = 0; i < json_array_size(choices); i++) {
        buf_printf(&words, "\n%zu. ", i + 1);
        buf_add(&words, choice(choices, i, "label"));
    }
    if (e->file_url && e->message.kind != MESSAGE_CARD) { /* the picture of a card would be an address beside the one that matters */
        if (words.n)
            buf_char(&words, '\n');
        add_file_name(&words, e->message.extra);
        buf_str(&words, e->file_url);
    }
    if (buf_ok(&words))
        buf_json(b, buf_slice(&words));
    else
        b->failed = true;
    buf_finish(&words);
}

static void add_media(struct buf *b, const struct errand *e)
{
    struct buf words;

    buf_init(&words, BODY_MAX);
    add_mention(&words, e);
    buf_add(&words, e->message.text);
    if (!words.n)
        buf_char(&words, ' '); /* empty is refused */
    buf_str(b, "\"content\":");
    buf_json(b, buf_slice(&words));
    buf_printf(b, ",\"msg_type\":%d,\"media\":{\"file_info\":", TYPE_OF_MEDIA);
    buf_json(b, slice_of(e->media_id));
    buf_char(b, '}');
    b->failed |= !buf_ok(&words);
    buf_finish(&words);
}

static enum kf_rc send_ready(const struct qq *q, struct arena *a, const struct errand *e, bool guild, const struct env *env,
                             struct http_req *ret)
{
    enum kf_rc rc;
    struct buf b;

    buf_init(&b, BODY_MAX);
    buf_char(&b, '{');
    rc = qq_ready(&b, a, &e->message, guild);
    if (rc) {
        buf_finish(&b);
        return rc;
    }
    add_handle(&b, e, (int64_t)e->handle_used + 1);
    buf_char(&b, '}');
    return request(a, env, "POST", place(q, a, e, "/messages"), &b, ret);
}

static enum kf_rc send_message(const struct qq *q, struct arena *a, const struct errand *e, const struct env *env, struct http_req *ret)
{
    enum qq_scope scope = qq_scope(slice_of(e->peer), slice_of(e->user));
    bool guild = scope == QQ_CHANNEL || scope == QQ_DMS;
    json_t *choices;
    struct buf b;

    if (!handle_usable(e, env->now_ms))
        return KF_REJECTED;
    if (!e->message.text.n && !e->file_url && !e->media_id)
        return KF_UNSUPPORTED;
    if (chosen_ready(&e->message)) {
        enum kf_rc rc = send_ready(q, a, e, guild, env, ret);

        if (rc != KF_UNSUPPORTED) /* it has none such here: then its words are a text */
            return rc;
    }
    choices = choices_of(q, e);
    buf_init(&b, BODY_MAX);
    buf_char(&b, '{');
    if (guild && e->file_url && e->message.kind == MESSAGE_IMAGE) {
        buf_str(&b, "\"image\":");
        buf_json(&b, slice_of(e->file_url));
    } else if (e->media_id) {
        add_media(&b, e);
    } else if (!guild && fit(choices)) {
        add_keyboard(&b, e, choices);
    } else if (guild || !q->keyboard || !add_card(&b, e)) {
        add_content(&b, e, choices);
        if (!guild)
            buf_printf(&b, ",\"msg_type\":%d", TYPE_OF_TEXT);
    }
    json_decref(choices);
    add_handle(&b, e, (int64_t)e->handle_used + 1);
    buf_char(&b, '}');
    return request(a, env, "POST", place(q, a, e, "/messages"), &b, ret);
}

/* Its number must not be one that a reply will have: those count from 1. */
static enum kf_rc send_typing(const struct qq *q, struct arena *a, const struct errand *e, const struct env *env, struct http_req *ret)
{
    struct buf b;

    if (!q->typing || qq_scope(slice_of(e->peer), slice_of(e->user)) != QQ_C2C || !handle_usable(e, env->now_ms) ||
        is_event(slice_of(e->handle)))
        return KF_UNSUPPORTED;
    buf_init(&b, BODY_MAX);
    buf_printf(&b, "{\"msg_type\":%d,\"input_notify\":{\"input_type\":1,\"input_second\":%d}", TYPE_OF_TYPING, TYPING_S);
    add_handle(&b, e, 10000 + env->chance[0] * 256 + env->chance[1]);
    buf_char(&b, '}');
    return request(a, env, "POST", place(q, a, e, "/messages"), &b, ret);
}

static enum kf_rc recall(const struct qq *q, struct arena *a, const struct errand *e, const struct env *env, struct http_req *ret)
{
    const char *url = NULL;
    struct buf path;

    if (!e->message.ref || !*e->message.ref)
        return KF_UNSUPPORTED;
    buf_init(&path, BODY_MAX);
    buf_str(&path, "/messages/");
    url_escape(&path, slice_of(e->message.ref));
    if (buf_ok(&path))
        url = place(q, a, e, path.p);
    buf_finish(&path);
    return request(a, env, "DELETE", url, NULL, ret);
}

/* A tap was noticed. */
enum kf_rc qq_nod(const struct channel *ch, struct arena *a, const struct env *env, struct slice what, struct http_req *ret)
{
    const char *url = NULL;
    struct buf path, body;

    if (!env->token.n)
        return KF_AUTH;
    buf_init(&path, BODY_MAX);
    buf_add(&path, qq_of(ch)->url);
    buf_str(&path, "/interactions/");
    url_escape(&path, what);
    if (buf_ok(&path))
        url = arena_text(a, buf_slice(&path));
    buf_finish(&path);
    buf_init(&body, 64);
    buf_str(&body, "{\"code\":0}");
    return request(a, env, "PUT", url, &body, ret);
}

enum kf_rc qq_encode(const struct channel *ch, struct arena *a, const struct errand *e, const struct env *env, struct http_req *ret)
{
    if (env->answering || (e->kind != ERRAND_SEND && e->kind != ERRAND_TYPING && e->kind != ERRAND_DELETE))
        return KF_UNSUPPORTED;
    if (!env->token.n)
        return KF_AUTH;
    if (e->kind == ERRAND_TYPING)
        return send_typing(qq_of(ch), a, e, env, ret);
    return e->kind == ERRAND_SEND ? send_message(qq_of(ch), a, e, env, ret) : recall(qq_of(ch), a, e, env, ret);
}

/* ---- the answer ------------------------------------------------------------------------------------------------------------ */

/* https://bot.q.qq.com/wiki/develop/api-v2/openapi/error/error.html, autumn 2026. `once`: one repeat at most. */
static const struct {
    int64_t code;
    enum outcome_class cls;
    bool once;
} codes[] = {
    { 304023, OUTCOME_SENT, false }, /* a person there looks at it first */
    { 304024, OUTCOME_SENT, false },
    { 40054005, OUTCOME_ALREADY_ACCEPTED, false }, /* the same msg_seq once more; the page does not name the code */
    { 11241, OUTCOME_AUTH, false },
    { 11243, OUTCOME_AUTH, false },
    { 11244, OUTCOME_AUTH, false },
    { 11251, OUTCOME_AUTH, false },
    { 11253, OUTCOME_AUTH, false },
    { 11254, OUTCOME_AUTH, false },
    { 11261, OUTCOME_AUTH, false },
    { 11265, OUTCOME_AUTH, false },
    { 11242, OUTCOME_RETRY, true },
    { 11252, OUTCOME_RETRY, true },
    { 11281, OUTCOME_RETRY, true },
    { 22009, OUTCOME_RATE_LIMITED, false },
    { 20028, OUTCOME_RATE_LIMITED, false },
    { 1100100, OUTCOME_RATE_LIMITED, false },
    { 304027, OUTCOME_WINDOW_CLOSED, false },
    { 304022, OUTCOME_WINDOW_CLOSED, false },
    { 304026, OUTCOME_REJECTED, false },
    { 304028, OUTCOME_REJECTED, false },
    { 304003, OUTCOME_REJECTED, false },
    { 304025, OUTCOME_REJECTED, false },
    { 1100101, OUTCOME_REJECTED, false },
    { 1100103, OUTCOME_REJECTED, false },
    { 12002, OUTCOME_REJECTED, false },
    { 50006, OUTCOME_REJECTED, false },
    { 304082, OUTCOME_RETRY, false },
    { 304083, OUTCOME_RETRY, false },
    { 304020, OUTCOME_TOO_LARGE, false },
    { 1100104, OUTCOME_NO_SUCH_USER, false },
};

static enum outcome_class class_of(const struct http_resp *resp, bool coded, int64_t code, int attempt)
{
    bool done = resp->status >= 200 && resp->status < 300;

    for (size_t i = 0; coded && i < sizeof(codes) / sizeof(codes[0]); i++)
        if (codes[i].code == code)
            return codes[i].once && attempt > 0 ? OUTCOME_FATAL : codes[i].cls;
    if (done && coded && code)
        return OUTCOME_FATAL;
    if (resp->status == 201 || resp->status == 202) /* taken, and done later */
        return OUTCOME_SENT;
    if (resp->status == 401)
        return OUTCOME_AUTH;
    return done ? OUTCOME_UNCERTAIN : channel_silence(resp);
}

/* `key`: the member that is there when it has worked. */
static enum kf_rc read_answer(struct arena *a, const struct http_resp *resp, const char *key, int attempt, struct slice *id,
                              struct outcome *ret)
{
    struct json_keep keep = { .arena = a };
    json_t *root = resp->status && resp->body.n ? json_read(a, resp->body, JSON_OF_PLATFORMS, NULL) : NULL;
    int64_t code = 0;
    bool coded = json_get_i64(root, "code", &code);

    *id = json_get_text(&keep, root, key);
    *ret = (struct outcome){ .cls = OUTCOME_SENT, .retry_after_ms = stamp_retry_after(resp) };
    if (!id->n || resp->status < 200 || resp->status >= 300)
        ret->cls = class_of(resp, coded, code, attempt);
    if (ret->cls != OUTCOME_SENT) {
        ret->code = coded ? json_get_text(&keep, root, "code") : (struct slice){ NULL, 0 };
        ret->text = json_get_text(&keep, root, "message"); /* for people only: it is not stable */
    }
    if (!resp->status)
        ret->text = slice_of(resp->failure ? resp->failure : "no answer");
    json_decref(root);
    return keep.failed ? KF_NOMEM : KF_OK;
}

enum kf_rc qq_settle(const struct channel *ch, struct arena *a, const struct errand *e, const struct http_resp *resp, struct outcome *ret)
{
    struct slice id;
    enum kf_rc rc = read_answer(a, resp, "id", e->attempt, &id, ret);

    (void)ch;
    if (e->kind == ERRAND_SEND && id.n && ret->cls == OUTCOME_SENT)
        ret->ref = id;
    if (e->kind == ERRAND_SEND && ret->cls == OUTCOME_SENT && (resp->status == 201 || resp->status == 202))
        ret->note = SLICE("review");
    if (e->kind == ERRAND_DELETE && resp->status >= 200 && resp->status < 300 && ret->cls == OUTCOME_UNCERTAIN)
        ret->cls = OUTCOME_SENT; /* it answers nothing */
    if (e->kind == ERRAND_TYPING && ret->cls != OUTCOME_AUTH)
        ret->cls = OUTCOME_SENT; /* nobody waits for it */
    return rc;
}

/* ---- a file that goes before its message ---------------------------------------------------------------------------------- */

/* 0: not one that the platform takes. */
static int file_type(const char *mime)
{
    static const struct {
        const char *mime;
        int type;
    } types[] = {
        { "image/png", FILE_IMAGE },  { "image/jpeg", FILE_IMAGE },   { "video/mp4", FILE_VIDEO },
        { "audio/silk", FILE_VOICE }, { "audio/x-silk", FILE_VOICE },
    };

    for (size_t i = 0; mime && i < sizeof(types) / sizeof(types[0]); i++)
        if (strcmp(types[i].mime, mime) == 0)
            return types[i].type;
    return 0;
}

/* The platform fetches it at the address that is signed for it. What comes of it is good for this exchange only. */
enum kf_rc qq_upload(const struct channel *ch, struct arena *a, const struct errand *e, const struct upload *up, const struct env *env,
                     const struct http_resp *last, struct http_req *ret, struct uploaded *done)
{
    enum qq_scope scope = qq_scope(slice_of(e->peer), slice_of(e->user));
    int type = file_type(up->mime);
    enum kf_rc rc;
    struct buf b;

    if ((scope != QQ_C2C && scope != QQ_GROUP) || !type || !e->file_url)
        return KF_UNSUPPORTED;
    *done = (struct uploaded){ .outcome = { .cls = OUTCOME_AUTH } };
    if (!last) {
        if (!env->token.n)
            return KF_OK;
        buf_init(&b, BODY_MAX);
        buf_printf(&b, "{\"file_type\":%d,\"url\":", type);
        buf_json(&b, slice_of(e->file_url));
        buf_str(&b, ",\"srv_send_msg\":false}");
        rc = request(a, env, "POST", place(qq_of(ch), a, e, "/files"), &b, ret);
        return rc ? rc : KF_AGAIN;
    }
    rc = read_answer(a, last, "file_info", e->attempt, &done->id, &done->outcome);
    if (done->outcome.cls == OUTCOME_UNCERTAIN)
        done->outcome.cls = OUTCOME_RETRY; /* nobody has seen it yet */
    return rc;
}

/* ---- setting up ------------------------------------------------------------------------------------------------------------ */

enum kf_rc qq_meet(const struct channel *ch, struct arena *a, const struct env *env, const char *hook, bool tell,
                   const struct http_resp *last, struct http_req *ret, struct kf_err *why)
{
    const struct qq *q = qq_of(ch);
    struct json_keep keep = { .arena = a };
    struct slice id, name, code, words;
    enum kf_rc rc;
    json_t *root;

    (void)hook;
    (void)tell; /* the address is set by hand, on the platform's pages */
    if (!last) {
        rc = request(a, env, "GET", arena_printf(a, "%.*s/users/@me", (int)q->url.n, q->url.p), NULL, ret);
        return rc ? rc : KF_AGAIN;
    }
    if (!last->status)
        return kf_fail(why, KF_IO, "no answer from QQ: %s", last->failure ? last->failure : "");
    root = json_read(a, last->body, JSON_OF_PLATFORMS, NULL);
    id = json_get_text(&keep, root, "id");
    name = json_get_text(&keep, root, "username");
    code = json_get_text(&keep, root, "code");
    words = json_get_text(&keep, root, "message");
    if (keep.failed)
        rc = KF_NOMEM;
    else if (last->status == 200 && id.n)
        rc = kf_fail(why, KF_OK, "the bot is %.*s", (int)(name.n < 100 ? name.n : 100), name.n ? name.p : "");
    else if (last->status == 401)
        rc = kf_fail(why, KF_AUTH, "QQ does not let us in: %.*s %.*s", (int)(code.n < 20 ? code.n : 20), code.n ? code.p : "",
                     (int)(words.n < 180 ? words.n : 180), words.n ? words.p : "");
    else if (!code.n)
        rc = kf_fail(why, KF_IO, "QQ's answer could not be read: status %d", last->status);
    else
        rc = kf_fail(why, KF_REJECTED, "QQ says: %.*s %.*s", (int)(code.n < 20 ? code.n : 20), code.p, (int)(words.n < 180 ? words.n : 180),
                     words.n ? words.p : "");
    json_decref(root);
    return rc;
}
