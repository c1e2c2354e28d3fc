/* qq_in.c: what the QQ platform tells us. */
#include "protocols/qq_impl.h"
#include "protocols/stamp.h"
#include "protocols/url.h"

#define ID_MAX          255
#define ATTACHMENTS_MAX 20
#define C2C_WINDOW_MS   (60 * 60 * 1000LL)
#define OTHER_WINDOW_MS (5 * 60 * 1000LL)
/* Of a member's id: enough to tell the speakers of a group apart, whose names the platform keeps to itself. */
#define NAME_TAIL 6

enum { OP_EVENT = 0, OP_HEARTBEAT = 1, OP_VALIDATION = 13 };

/* ---- is it from the platform? ---------------------------------------------------------------------------------------------- */

static struct slice header(const struct http_req *req, const char *name)
{
    return http_header(req->headers, req->n_headers, name);
}

static bool signed_by(const struct qq *q, struct slice message, const uint8_t signature[SIGN_ED25519])
{
    for (size_t i = 0; i < q->n_keys; i++)
        if (sign_ed25519_verify(q->keys[i].public, message, signature))
            return true;
    return false;
}

/* NULL, or why it is not believed. `*rc`: memory was out, and nothing can be said of it. */
static const char *refusal(const struct qq *q, const struct http_req *req, enum kf_rc *rc)
{
    struct slice signature = header(req, "x-signature-ed25519"), timestamp = header(req, "x-signature-timestamp");
    struct slice app = header(req, "x-bot-appid");
    uint8_t bytes[SIGN_ED25519];
    bool ok = false;
    struct buf b;

    if (!signature.n || !timestamp.n)
        return "missing_signature";
    if (!sign_hex_decode(signature, bytes, sizeof(bytes)) || (bytes[63] & 0xe0))
        return "malformed_header";
    buf_init(&b, timestamp.n + req->body.n);
    buf_add(&b, timestamp);
    buf_add(&b, req->body);
    if (buf_ok(&b))
        ok = signed_by(q, buf_slice(&b), bytes);
    else
        *rc = KF_NOMEM;
    buf_finish(&b);
    if (!ok)
        return "bad_signature";
    return app.n && !slice_eq(app, q->app_id) ? "wrong_receiver" : NULL;
}

/* ---- one event --------------------------------------------------------------------------------------------------------------- */

struct event {
    const struct qq *q;
    struct arena *arena;
    struct json_keep keep;
    const json_t *d;       /* its data */
    struct slice envelope; /* its id */
    struct slice raw;
    int64_t now_ms;
    struct inbound in;
};

static struct slice text(struct event *e, const json_t *obj, const char *name)
{
    return json_get_text(&e->keep, obj, name);
}

static struct slice trimmed(struct slice s)
{
    while (s.n && (s.p[0] == ' ' || s.p[0] == '\n' || s.p[0] == '\r' || s.p[0] == '\t'))
        s = (struct slice){ s.p + 1, s.n - 1 };
    while (s.n && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\n' || s.p[s.n - 1] == '\r' || s.p[s.n - 1] == '\t'))
        s.n--;
    return s;
}

static struct slice printed(struct event *e, const char *prefix, struct slice s)
{
    char *ret = arena_printf(e->arena, "%s%.*s", prefix, (int)s.n, s.n ? s.p : "");

    e->keep.failed |= !ret;
    return slice_of(ret);
}

/* RFC 3339, or seconds as a number or its text. */
static bool read_time(struct event *e)
{
    struct slice s = text(e, e->d, "timestamp");
    int64_t seconds;

    if (s.n && stamp_parse(s, &e->in.at))
        return true;
    if (!s.n || !stamp_digits(s, &seconds) || seconds > 253402300799) /* the year 9999 */
        return false;
    e->in.at = 1000 * seconds;
    return true;
}

static bool is_id(struct slice s)
{
    return s.n > 0 && s.n <= ID_MAX;
}

/* The handle that replies need, and how long it is good for. */
static void read_handle(struct event *e, struct slice id, bool c2c)
{
    e->in.reply_token = id;
    e->in.reply_expires_ms = e->in.at + (c2c ? C2C_WINDOW_MS : OTHER_WINDOW_MS);
}

static void name_speaker(struct event *e)
{
    struct slice id = e->in.user;

    while (id.n > NAME_TAIL || (id.n && ((unsigned char)*id.p & 0xc0) == 0x80)) /* not in the middle of a character */
        id = (struct slice){ id.p + 1, id.n - 1 };
    e->in.user_name = printed(e, "QQ ", id);
}

/* ---- messages ----------------------------------------------------------------------------------------------------------------- */

static enum inbound_type media_type(struct slice type)
{
    if (slice_starts(type, "image"))
        return TYPE_IMAGE;
    if (slice_starts(type, "video"))
        return TYPE_VIDEO;
    return slice_starts(type, "voice") || slice_starts(type, "audio") ? TYPE_AUDIO : TYPE_FILE;
}

/* In guilds addresses come without their scheme. */
static struct slice address(struct event *e, const json_t *v)
{
    struct slice url = text(e, v, "url");
    struct url parts;

    if (url.n && !slice_starts(url, "https://") && !slice_starts(url, "http://"))
        url = printed(e, "https://", url);
    return url.n && url_parse(url, &parts) ? url : (struct slice){ NULL, 0 };
}

static void read_attachments(struct event *e)
{
    const json_t *list = json_object_get(e->d, "attachments");
    size_t n = json_array_size(list) < ATTACHMENTS_MAX ? json_array_size(list) : ATTACHMENTS_MAX;
    struct media *all = n ? arena_array(e->arena, n, sizeof(*all)) : NULL;

    if (!all) {
        e->keep.failed |= n > 0;
        return;
    }
    for (size_t i = 0; i < n; i++) {
        const json_t *v = json_array_get(list, i);
        struct slice type = text(e, v, "content_type");
        struct media *m = &all[e->in.n_media];

        *m = (struct media){ .type = media_type(type), .url = address(e, v), .name = text(e, v, "filename") };
        m->mime = memchr(type.p ? type.p : "", '/', type.n) ? type : (struct slice){ NULL, 0 };
        if (!json_get_i64(v, "size", &m->size) || m->size < 0)
            m->size = 0;
        if (i == 0 && !e->in.text.n)
            e->in.type = m->type;
        if (m->url.n) /* one without an address cannot be fetched: its word stays */
            e->in.n_media++;
    }
    e->in.media = e->in.n_media ? all : NULL;
    if (!e->in.n_media && !e->in.text.n)
        e->in.raw = e->raw;
}

/* The mention of the bot that opens a message in a guild channel: <@!123>. */
static struct slice without_mention(struct slice s)
{
    const char *end = slice_starts(s, "<@") ? memchr(s.p, '>', s.n) : NULL;

    for (size_t i = 2; end && s.p + i < end; i++)
        if (s.p[i] != '!' && (s.p[i] < '0' || s.p[i] > '9'))
            return s;
    return end ? trimmed((struct slice){ end + 1, s.n - (size_t)(end + 1 - s.p) }) : s;
}

static bool read_message(struct event *e)
{
    e->in.kind = INBOUND_MESSAGE;
    e->in.id = text(e, e->d, "id");
    e->in.text = qq_faces(&e->keep, trimmed(text(e, e->d, "content")));
    e->in.dedupe = printed(e, "message:", e->in.id);
    if (!is_id(e->in.id) || !is_id(e->in.user) || !is_id(e->in.peer))
        return false;
    if (!read_time(e)) /* its words are worth more than its time: it has just come */
        e->in.at = e->now_ms;
    read_attachments(e);
    return true;
}

static bool c2c_message(struct event *e)
{
    const json_t *author = json_object_get(e->d, "author");

    e->in.user = text(e, author, "user_openid");
    if (!e->in.user.n)
        e->in.user = text(e, author, "id");
    e->in.peer = e->in.user;
    if (!read_message(e))
        return false;
    read_handle(e, e->in.id, true);
    return true;
}

static bool group_message(struct event *e)
{
    const json_t *author = json_object_get(e->d, "author");

    e->in.user = text(e, author, "member_openid");
    if (!e->in.user.n)
        e->in.user = text(e, author, "id");
    e->in.peer = text(e, e->d, "group_openid");
    if (!read_message(e))
        return false;
    name_speaker(e);
    read_handle(e, e->in.id, false);
    return true;
}

static bool guild_message(struct event *e, const char *prefix, const char *place)
{
    const json_t *author = json_object_get(e->d, "author");
    struct slice id = text(e, e->d, place);

    e->in.user = text(e, author, "id");
    e->in.user_name = text(e, author, "username");
    e->in.peer = id.n && id.n < ID_MAX - 16 ? printed(e, prefix, id) : SLICE("");
    if (!read_message(e))
        return false;
    e->in.text = without_mention(e->in.text);
    if (!e->in.user_name.n)
        name_speaker(e);
    read_handle(e, e->in.id, false);
    e->in.reply_left = -1; /* bounded by the second there, not by the message */
    return true;
}

static bool channel_message(struct event *e)
{
    return guild_message(e, QQ_CHANNEL_PEER, "channel_id");
}

static bool direct_message(struct event *e)
{
    return guild_message(e, QQ_DMS_PEER, "guild_id");
}

/* ---- events -------------------------------------------------------------------------------------------------------------------- */

/* One id, one event; where there is none, who and when. */
static bool event_of(struct event *e, enum inbound_kind kind)
{
    char *made;

    e->in.kind = kind;
    if (!is_id(e->in.user) || !is_id(e->in.peer))
        return false;
    if (!read_time(e)) {
        if (!is_id(e->envelope))
            return false; /* nothing would tell it from a repeat */
        e->in.at = e->now_ms;
    }
    if (is_id(e->envelope)) {
        e->in.dedupe = printed(e, "event:", e->envelope);
        return true;
    }
    made = arena_printf(e->arena, "event:%d:%.*s:%lld", (int)kind, (int)e->in.user.n, e->in.user.p, (long long)e->in.at);
    e->keep.failed |= !made;
    e->in.dedupe = slice_of(made);
    return true;
}

static bool person_event(struct event *e, enum inbound_kind kind)
{
    e->in.user = e->in.peer = text(e, e->d, "openid");
    if (!event_of(e, kind))
        return false;
    if ((kind == INBOUND_FOLLOW || kind == INBOUND_OPTIN) && is_id(e->envelope)) /* these may be answered */
        read_handle(e, e->envelope, true);
    return true;
}

static bool friend_add(struct event *e)
{
    return person_event(e, INBOUND_FOLLOW);
}

static bool friend_del(struct event *e)
{
    return person_event(e, INBOUND_UNFOLLOW);
}

static bool pushes_off(struct event *e)
{
    return person_event(e, INBOUND_OPTOUT);
}

static bool pushes_on(struct event *e)
{
    return person_event(e, INBOUND_OPTIN);
}

static bool group_event(struct event *e, const char *code, bool answerable)
{
    e->in.user = text(e, e->d, "op_member_openid");
    e->in.peer = text(e, e->d, "group_openid");
    e->in.code = slice_of(code);
    if (!e->in.user.n)
        e->in.user = e->in.peer;
    if (!event_of(e, INBOUND_SYSTEM))
        return false;
    if (answerable && is_id(e->envelope))
        read_handle(e, e->envelope, false);
    return true;
}

static bool group_joined(struct event *e)
{
    return group_event(e, "group_joined", true);
}

static bool group_left(struct event *e)
{
    return group_event(e, "group_left", false);
}

static bool group_pushes_off(struct event *e)
{
    return group_event(e, "group_pushes_off", false);
}

static bool group_pushes_on(struct event *e)
{
    return group_event(e, "group_pushes_on", true);
}

/* Where a button was tapped. */
static void tapped_in(struct event *e)
{
    struct slice group = text(e, e->d, "group_openid"), channel = text(e, e->d, "channel_id");

    if (group.n) {
        e->in.peer = group;
        e->in.user = text(e, e->d, "group_member_openid");
        name_speaker(e);
    } else if (channel.n) {
        e->in.peer = channel.n < ID_MAX - 16 ? printed(e, QQ_CHANNEL_PEER, channel) : SLICE("");
        e->in.user = text(e, json_object_get(json_object_get(e->d, "data"), "resolved"), "user_id");
    } else
        e->in.peer = e->in.user = text(e, e->d, "user_openid");
}

static bool interaction(struct event *e)
{
    static const char *const names[] = { "button_data", "button_id", "feature_id" };
    const json_t *resolved = json_object_get(json_object_get(e->d, "data"), "resolved");
    struct slice id = text(e, e->d, "id");

    tapped_in(e);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && !e->in.payload.n; i++)
        e->in.payload = text(e, resolved, names[i]);
    e->in.text = e->in.payload; /* the label is not told */
    if (!is_id(id) || !e->in.payload.n)
        return false;
    e->envelope = id;
    if (!event_of(e, INBOUND_POSTBACK))
        return false;
    read_handle(e, id, slice_eq(e->in.peer, e->in.user));
    return true;
}

static const struct event_kind {
    const char *word;
    bool (*read)(struct event *e); /* false: not as it should be */
} kinds[] = {
    { "C2C_MESSAGE_CREATE", c2c_message },
    { "GROUP_AT_MESSAGE_CREATE", group_message },
    { "AT_MESSAGE_CREATE", channel_message },
    { "DIRECT_MESSAGE_CREATE", direct_message },
    { "FRIEND_ADD", friend_add },
    { "FRIEND_DEL", friend_del },
    { "C2C_MSG_REJECT", pushes_off },
    { "C2C_MSG_RECEIVE", pushes_on },
    { "GROUP_ADD_ROBOT", group_joined },
    { "GROUP_DEL_ROBOT", group_left },
    { "GROUP_MSG_REJECT", group_pushes_off },
    { "GROUP_MSG_RECEIVE", group_pushes_on },
    { "INTERACTION_CREATE", interaction },
};

/* ---- a request of the platform ----------------------------------------------------------------------------------------------- */

static void refuse(struct received *ret, int status, const char *reason)
{
    *ret = (struct received){ .status = status, .type = "text/plain", .body = slice_of(reason), .refused = reason };
}

static void answer(struct received *ret, struct slice json)
{
    *ret = (struct received){ .status = 200, .type = "application/json", .body = json };
}

static enum kf_rc take_event(const struct qq *q, struct arena *a, const json_t *root, struct slice raw, int64_t now_ms,
                             struct received *ret)
{
    struct event e = { .q = q, .arena = a, .keep = { .arena = a }, .d = json_object_get(root, "d"), .raw = raw, .now_ms = now_ms };
    struct slice word = text(&e, root, "t");
    struct inbound *one;

    answer(ret, SLICE("{\"op\":12,\"d\":0}"));
    e.envelope = text(&e, root, "id");
    e.in.account = q->app_id;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        bool understood;

        if (!slice_is(word, kinds[i].word))
            continue;
        understood = kinds[i].read(&e);
        one = ARENA_NEW(a, struct inbound);
        if (e.keep.failed || !one)
            return KF_NOMEM;
        if (!understood) {
            refuse(ret, 400, "malformed_body");
            return KF_OK;
        }
        *one = e.in;
        ret->inbound = one;
        ret->n = 1;
        if (e.in.kind == INBOUND_POSTBACK) /* else the button keeps turning */
            ret->nod = e.envelope;
    }
    return e.keep.failed ? KF_NOMEM : KF_OK;
}

/* The platform asks for a signature of its own words, to see that we have the secret. */
static enum kf_rc validate(const struct qq *q, struct arena *a, const json_t *root, struct received *ret)
{
    struct json_keep keep = { .arena = a };
    struct slice token = json_get_text(&keep, json_object_get(root, "d"), "plain_token");
    struct slice at = json_get_text(&keep, json_object_get(root, "d"), "event_ts");
    char *both = arena_printf(a, "%.*s%.*s", (int)at.n, at.n ? at.p : "", (int)token.n, token.n ? token.p : "");
    uint8_t signature[SIGN_ED25519];
    struct slice body;
    struct buf b;

    if (keep.failed || !both)
        return KF_NOMEM;
    if (!token.n || !at.n) {
        refuse(ret, 400, "malformed_body");
        return KF_OK;
    }
    if (!sign_ed25519(q->keys[0].seed, (struct slice){ both, at.n + token.n }, signature))
        return KF_NOMEM;
    buf_init(&b, 65536);
    buf_str(&b, "{\"plain_token\":");
    buf_json(&b, token);
    buf_str(&b, ",\"signature\":\"");
    sign_hex(&b, signature, sizeof(signature));
    buf_str(&b, "\"}");
    body = buf_copy(&b, a);
    buf_finish(&b);
    answer(ret, body);
    return body.p ? KF_OK : KF_NOMEM;
}

static enum kf_rc heartbeat(struct arena *a, const json_t *root, struct received *ret)
{
    const json_t *d = json_object_get(root, "d");
    struct slice body;
    struct buf b;

    buf_init(&b, 65536);
    buf_str(&b, "{\"op\":11,\"d\":");
    if (d)
        json_write(&b, d);
    else
        buf_str(&b, "null");
    buf_char(&b, '}');
    body = buf_ok(&b) ? arena_copy(a, buf_slice(&b)) : SLICE("{\"op\":11,\"d\":null}");
    buf_finish(&b);
    answer(ret, body);
    return body.p ? KF_OK : KF_NOMEM;
}

enum kf_rc qq_receive(const struct channel *ch, struct arena *a, const struct http_req *req, const struct env *env, struct received *ret)
{
    const struct qq *q = qq_of(ch);
    struct kf_err why = { .rc = KF_OK };
    enum kf_rc rc = KF_OK;
    const char *reason;
    int64_t op = -1;
    json_t *root;

    if (strcmp(req->method, "POST") != 0) {
        refuse(ret, 405, "wrong_method");
        return KF_OK;
    }
    reason = refusal(q, req, &rc);
    if (rc)
        return rc;
    if (reason) {
        refuse(ret, 401, reason);
        return KF_OK;
    }
    root = json_read(a, req->body, JSON_OF_PLATFORMS, &why);
    if (!root || !json_get_i64(root, "op", &op)) {
        json_decref(root);
        refuse(ret, 400, "malformed_body");
        return why.rc == KF_NOMEM ? KF_NOMEM : KF_OK;
    }
    if (op == OP_VALIDATION)
        rc = validate(q, a, root, ret);
    else if (op == OP_HEARTBEAT)
        rc = heartbeat(a, root, ret);
    else if (op == OP_EVENT)
        rc = take_event(q, a, root, req->body, env->now_ms, ret);
    else
        answer(ret, SLICE("{\"op\":12,\"d\":0}"));
    json_decref(root);
    return rc;
}
