/* generic_in.c: what another system sends us. */
#include "protocols/generic_impl.h"
#include "protocols/json.h"
#include "protocols/stamp.h"

#include <strings.h>

/* How far a sender's clock may be off, both ways. */
#define SKEW_S          300
#define ID_MAX          255
#define ATTACHMENTS_MAX 20

/* ---- is it from who it says? -------------------------------------------------------------------------------------------- */

/* The three headers; the names of an older implementation of the same scheme are as good. */
struct signed_head {
    struct slice id, timestamp;
    bool svix;
    int64_t at_s;
};

static struct slice header(const struct http_req *req, const char *name)
{
    return http_header(req->headers, req->n_headers, name);
}

static const char *signature_name(const struct signed_head *h)
{
    return h->svix ? "svix-signature" : "webhook-signature";
}

/* One entry "version,base64" of a signature header. */
static bool entry_fits(const struct generic *g, const struct signed_head *h, struct slice body, struct slice entry)
{
    const struct slice parts[] = { h->id, SLICE("."), h->timestamp, SLICE("."), body };
    uint8_t theirs[SIGN_ED25519];
    size_t n = 0;

    if (slice_starts(entry, "v1,") && sign_base64_decode((struct slice){ entry.p + 3, entry.n - 3 }, theirs, sizeof(theirs), &n)) {
        for (size_t i = 0; i < g->n_in; i++) {
            struct slice key = { (const char *)g->in[i].key, g->in[i].n };
            uint8_t ours[SIGN_SHA256];

            if (sign_hmac_sha256(key, parts, 5, ours) && sign_equal(ours, sizeof(ours), theirs, n))
                return true;
        }
    }
    if (g->n_public_keys && slice_starts(entry, "v1a,") &&
        sign_base64_decode((struct slice){ entry.p + 4, entry.n - 4 }, theirs, sizeof(theirs), &n) && n == SIGN_ED25519) {
        struct buf b;
        bool ok = false;

        buf_init(&b, h->id.n + h->timestamp.n + body.n + 2);
        for (size_t i = 0; i < 5; i++)
            buf_add(&b, parts[i]);
        for (size_t i = 0; buf_ok(&b) && !ok && i < g->n_public_keys; i++)
            ok = sign_ed25519_verify(g->public_keys[i], buf_slice(&b), theirs);
        buf_finish(&b);
        return ok;
    }
    return false;
}

/* Any entry of any line of that header. A line may hold a few; beyond that somebody wants us to compute. */
static bool signature_fits(const struct generic *g, const struct signed_head *h, const struct http_req *req)
{
    const char *name = signature_name(h);
    int left = 32;

    for (size_t i = 0; i < req->n_headers; i++) {
        struct slice line = req->headers[i].value;

        if (req->headers[i].name.n != strlen(name) || strncasecmp(req->headers[i].name.p, name, strlen(name)) != 0)
            continue;
        while (line.n && left-- > 0) {
            const char *space = memchr(line.p, ' ', line.n);
            struct slice entry = { line.p, space ? (size_t)(space - line.p) : line.n };

            if (entry_fits(g, h, req->body, entry))
                return true;
            line.p += entry.n + (space != NULL);
            line.n -= entry.n + (space != NULL);
        }
    }
    return false;
}

/* NULL, or why it is not believed. */
static const char *refusal(const struct generic *g, const struct http_req *req, int64_t now_ms, struct signed_head *h)
{
    int64_t now_s = now_ms / 1000;

    *h = (struct signed_head){ .id = header(req, "webhook-id"), .timestamp = header(req, "webhook-timestamp") };
    if (!h->id.n && header(req, "svix-id").n)
        *h = (struct signed_head){ .id = header(req, "svix-id"), .timestamp = header(req, "svix-timestamp"), .svix = true };
    if (!h->id.n || !h->timestamp.n || !header(req, signature_name(h)).n)
        return "missing_signature";
    /* Libraries that print the number again would sign other bytes than these. */
    if (!stamp_digits(h->timestamp, &h->at_s) || (h->timestamp.n > 1 && *h->timestamp.p == '0'))
        return "malformed_header";
    if (h->at_s > now_s + SKEW_S || h->at_s < now_s - SKEW_S)
        return "stale_timestamp";
    return signature_fits(g, h, req) ? NULL : "bad_signature";
}

/* ---- what does it say? ------------------------------------------------------------------------------------------------------ */

struct reading {
    struct arena *a;
    struct json_keep keep;
    const json_t *data;
    struct slice body;
    struct inbound in;
    struct kf_err why;
};

typedef enum kf_rc field(struct reading *r);

static enum kf_rc not_profile(struct reading *r, const char *member, const char *what)
{
    return kf_fail(&r->why, KF_INVALID, "data.%s: %s", member, what);
}

static enum kf_rc opaque_id(struct reading *r, const json_t *obj, const char *name, const char *path, bool need, struct slice *ret)
{
    struct slice s = json_get_text(&r->keep, obj, name);

    if (s.n > ID_MAX)
        return not_profile(r, path, "an id of at most 255 bytes");
    if (need && !s.n)
        return not_profile(r, path, "required");
    *ret = s;
    return KF_OK;
}

static enum kf_rc f_user(struct reading *r)
{
    const json_t *user = json_object_get(r->data, "user");

    r->in.user_name = json_get_text(&r->keep, user, "name");
    r->in.locale = json_get_text(&r->keep, user, "locale");
    return opaque_id(r, user, "id", "user.id", true, &r->in.user);
}

/* What else is known of the person goes into the profile. */
static enum kf_rc f_profile(struct reading *r)
{
    static const char *const known[] = { "email", "phone" };
    const json_t *user = json_object_get(r->data, "user");
    struct buf b;

    buf_init(&b, 8192);
    for (size_t i = 0; i < 2; i++) {
        struct slice v = json_get_text(&r->keep, user, known[i]);

        if (!v.n || v.n > ID_MAX)
            continue;
        buf_str(&b, b.n ? ",\"" : "{\"");
        buf_str(&b, known[i]);
        buf_str(&b, "\":");
        buf_json(&b, v);
    }
    if (b.n) {
        buf_char(&b, '}');
        r->in.profile = buf_ok(&b) ? arena_copy(r->a, buf_slice(&b)) : r->in.profile;
    }
    buf_finish(&b);
    return KF_OK;
}

static enum kf_rc f_conversation(struct reading *r)
{
    enum kf_rc rc = opaque_id(r, r->data, "conversation", "conversation", false, &r->in.peer);

    if (!rc && !r->in.peer.n)
        r->in.peer = r->in.user;
    if (!rc && !r->in.peer.n)
        rc = not_profile(r, "conversation", "required");
    return rc;
}

static enum kf_rc f_id(struct reading *r)
{
    return opaque_id(r, r->data, "id", "id", true, &r->in.id);
}

static enum kf_rc f_ref_is_id(struct reading *r)
{
    return opaque_id(r, r->data, "id", "id", true, &r->in.ref);
}

static enum kf_rc f_ref_is_message(struct reading *r)
{
    return opaque_id(r, r->data, "message", "message", true, &r->in.ref);
}

static enum kf_rc f_message_if_any(struct reading *r)
{
    return opaque_id(r, r->data, "message", "message", false, &r->in.ref);
}

static enum kf_rc f_reply_to(struct reading *r)
{
    return opaque_id(r, r->data, "reply_to", "reply_to", false, &r->in.ref);
}

static enum kf_rc f_text(struct reading *r)
{
    r->in.text = json_get_text(&r->keep, r->data, "text");
    return r->in.text.n ? KF_OK : not_profile(r, "text", "required");
}

static enum kf_rc f_emoji(struct reading *r)
{
    return opaque_id(r, r->data, "emoji", "emoji", true, &r->in.text);
}

static enum kf_rc f_payload(struct reading *r)
{
    r->in.payload = json_get_text(&r->keep, r->data, "payload");
    r->in.text = json_get_text(&r->keep, r->data, "title");
    if (!r->in.text.n) /* an agent reads what was chosen, not an empty line */
        r->in.text = r->in.payload;
    return r->in.payload.n ? KF_OK : not_profile(r, "payload", "required");
}

static enum kf_rc f_on(struct reading *r)
{
    r->in.on = json_get_bool(r->data, "on", true);
    return KF_OK;
}

static enum kf_rc f_added(struct reading *r)
{
    r->in.on = true;
    return KF_OK;
}

/* Our own ids say which message of which conversation they mean. */
static void read_our_id(struct slice ref, struct inbound *in)
{
    const size_t n = KF_ID_TEXT - 1;
    struct kf_id conv;
    int64_t seq;

    if (ref.n > n + 1 && ref.p[n] == '-' && id_parse((struct slice){ ref.p, n }, &conv) &&
        stamp_digits((struct slice){ ref.p + n + 1, ref.n - n - 1 }, &seq)) {
        in->conversation = conv;
        in->seq = seq;
    }
}

static enum kf_rc f_status(struct reading *r)
{
    const json_t *error = json_object_get(r->data, "error");
    struct slice word = json_get_text(&r->keep, r->data, "status");

    if (!word.n || !delivery_parse(word, &r->in.delivery))
        return not_profile(r, "status", "sent, delivered, read or failed");
    switch (r->in.delivery) {
    case DELIVERY_SENT:
    case DELIVERY_DELIVERED:
    case DELIVERY_READ:
    case DELIVERY_FAILED:
        break;
    case DELIVERY_NONE:
    case DELIVERY_SENDING:
    case DELIVERY_UNCERTAIN:
    default:
        return not_profile(r, "status", "sent, delivered, read or failed");
    }
    r->in.code = json_get_text(&r->keep, error, "code");
    r->in.reason = json_get_text(&r->keep, error, "message");
    r->in.window_over = r->in.delivery == DELIVERY_FAILED && slice_is(r->in.code, "window_closed");
    read_our_id(r->in.ref, &r->in);
    return KF_OK;
}

/* ---- a message ----------------------------------------------------------------------------------------------------------------- */

static bool file_type(struct slice word, enum inbound_type *ret)
{
    static const struct {
        const char *word;
        enum inbound_type type;
    } words[] = {
        { "image", TYPE_IMAGE }, { "audio", TYPE_AUDIO }, { "video", TYPE_VIDEO }, { "document", TYPE_FILE }, { "sticker", TYPE_STICKER },
    };

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (slice_is(word, words[i].word)) {
            *ret = words[i].type;
            return true;
        }
    return false;
}

static enum kf_rc attachments(struct reading *r)
{
    const json_t *list = json_object_get(r->data, "attachments");
    size_t n = json_array_size(list);
    struct media *all;

    if (!n)
        return KF_OK;
    if (n > ATTACHMENTS_MAX)
        return not_profile(r, "attachments", "at most 20");
    all = arena_array(r->a, n, sizeof(*all));
    if (!all)
        return kf_fail(&r->why, KF_NOMEM, "no memory for a webhook");
    for (size_t i = 0; i < n; i++) {
        const json_t *v = json_array_get(list, i);
        struct media *m = &all[i];
        struct url u;

        m->url = json_get_text(&r->keep, v, "url");
        if (!m->url.p || !url_parse(m->url, &u))
            return not_profile(r, "attachments", "each has a url with https or http");
        if (!file_type(json_get_text(&r->keep, v, "type"), &m->type))
            m->type = TYPE_FILE;
        m->mime = json_get_text(&r->keep, v, "mime");
        m->name = json_get_text(&r->keep, v, "name");
        if (!json_get_i64(v, "size", &m->size) || m->size < 0)
            m->size = 0;
    }
    r->in.media = all;
    r->in.n_media = n;
    return KF_OK;
}

static enum kf_rc location(struct reading *r)
{
    r->in.type = TYPE_LOCATION;
    r->in.text = json_get_text(&r->keep, r->data, "title");
    if (!json_get_real(r->data, "lat", &r->in.lat) || r->in.lat < -90 || r->in.lat > 90)
        return not_profile(r, "lat", "degrees from -90 to 90");
    if (!json_get_real(r->data, "lon", &r->in.lon) || r->in.lon < -180 || r->in.lon > 180)
        return not_profile(r, "lon", "degrees from -180 to 180");
    return KF_OK;
}

static enum kf_rc contact(struct reading *r)
{
    const json_t *phones = json_object_get(r->data, "phones");
    struct slice name = json_get_text(&r->keep, r->data, "name");
    struct buf b;

    r->in.type = TYPE_CONTACT;
    if (!name.n)
        return not_profile(r, "name", "required");
    buf_init(&b, 65536);
    buf_add(&b, name);
    for (size_t i = 0; i < json_array_size(phones); i++) {
        const json_t *v = json_array_get(phones, i);

        if (!json_is_string(v))
            continue;
        buf_char(&b, '\n');
        buf_add(&b, (struct slice){ json_string_value(v), json_string_length(v) });
    }
    r->in.text = buf_ok(&b) ? arena_copy(r->a, buf_slice(&b)) : name;
    buf_finish(&b);
    return KF_OK;
}

static enum kf_rc f_content(struct reading *r)
{
    struct slice word = json_get_text(&r->keep, r->data, "type");
    enum kf_rc rc;

    if (!word.n)
        return not_profile(r, "type", "required");
    if (slice_is(word, "location"))
        return location(r);
    if (slice_is(word, "contact"))
        return contact(r);
    r->in.text = json_get_text(&r->keep, r->data, "text");
    rc = attachments(r);
    if (rc)
        return rc;
    if (slice_is(word, "text")) {
        r->in.type = TYPE_TEXT;
        return r->in.text.n || r->in.n_media ? KF_OK : not_profile(r, "text", "required");
    }
    if (file_type(word, &r->in.type))
        return r->in.n_media ? KF_OK : not_profile(r, "attachments", "at least one");
    r->in.type = TYPE_UNSUPPORTED;
    r->in.raw = arena_copy(r->a, r->body);
    return KF_OK;
}

/* ---- the profile ----------------------------------------------------------------------------------------------------------------- */

static const struct event_type {
    const char *name;
    enum inbound_kind kind;
    field *fields[6];
} types[] = {
    { "message.created", INBOUND_MESSAGE, { f_id, f_user, f_conversation, f_profile, f_reply_to, f_content } },
    { "message.updated", INBOUND_EDIT, { f_ref_is_id, f_conversation, f_text } },
    { "message.deleted", INBOUND_DELETE, { f_ref_is_id, f_conversation } },
    { "message.status", INBOUND_STATUS, { f_ref_is_id, f_status } },
    { "reaction.created", INBOUND_REACTION, { f_ref_is_message, f_user, f_conversation, f_emoji, f_added } },
    { "reaction.deleted", INBOUND_REACTION, { f_ref_is_message, f_user, f_conversation, f_emoji } },
    { "action.clicked", INBOUND_POSTBACK, { f_user, f_conversation, f_payload, f_message_if_any } },
    { "user.typing", INBOUND_TYPING, { f_user, f_conversation, f_on } },
    { "user.subscribed", INBOUND_FOLLOW, { f_user, f_conversation } },
    { "user.unsubscribed", INBOUND_UNFOLLOW, { f_user, f_conversation } },
    { "user.opted_out", INBOUND_OPTOUT, { f_user, f_conversation } },
};

static enum kf_rc read_event(struct reading *r, const struct event_type *t)
{
    r->in.kind = t->kind;
    for (size_t i = 0; i < sizeof(t->fields) / sizeof(t->fields[0]) && t->fields[i]; i++) {
        enum kf_rc rc = t->fields[i](r);

        if (rc)
            return rc;
    }
    return KF_OK;
}

/* One event, one id, whatever kind it is of. */
static struct slice dedupe_key(struct arena *a, struct slice id)
{
    const struct slice space = SLICE("webhook:");
    char *p = arena_alloc(a, space.n + id.n);

    if (!p)
        return (struct slice){ NULL, 0 };
    memcpy(p, space.p, space.n);
    memcpy(p + space.n, id.p, id.n);
    return (struct slice){ p, space.n + id.n };
}

/* Fills `ret` with the one event, or with none if there is nothing to do. */
static enum kf_rc read_body(struct reading *r, const json_t *root, const struct signed_head *h, struct received *ret)
{
    struct slice name = json_get_text(&r->keep, root, "type");
    struct slice timestamp = json_get_text(&r->keep, root, "timestamp");
    struct inbound *one;
    enum kf_rc rc;

    if (!name.n)
        return kf_fail(&r->why, KF_INVALID, "type: required");
    r->data = json_object_get(root, "data");
    if (!stamp_parse(timestamp, &r->in.at))
        r->in.at = h->at_s * 1000;
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (!slice_is(name, types[i].name))
            continue;
        if (!json_is_object(r->data))
            return kf_fail(&r->why, KF_INVALID, "data: an object");
        rc = read_event(r, &types[i]);
        if (rc)
            return rc;
        r->in.dedupe = dedupe_key(r->a, h->id);
        one = ARENA_NEW(r->a, struct inbound);
        if (!one || !r->in.dedupe.p)
            return kf_fail(&r->why, KF_NOMEM, "no memory for a webhook");
        *one = r->in;
        ret->inbound = one;
        ret->n = 1;
    }
    return KF_OK;
}

static void refuse(struct arena *a, struct received *ret, int status, const char *reason, const char *words)
{
    struct buf b;

    buf_init(&b, 4096);
    buf_str(&b, "{\"error\":{\"code\":");
    buf_json(&b, slice_of(reason));
    buf_str(&b, ",\"message\":");
    buf_json(&b, slice_of(words));
    buf_str(&b, "}}");
    ret->status = status;
    ret->refused = reason;
    ret->type = "application/json";
    ret->body = arena_copy(a, buf_slice(&b));
    buf_finish(&b);
}

enum kf_rc generic_receive(const struct channel *ch, struct arena *a, const struct http_req *req, const struct env *env,
                           struct received *ret)
{
    const struct generic *g = generic_of(ch);
    struct reading r = { .a = a, .keep = { .arena = a }, .body = req->body };
    struct signed_head head;
    const char *reason;
    json_t *root;
    enum kf_rc rc;

    *ret = (struct received){ .status = 204 };
    if (strcmp(req->method, "POST") != 0) {
        refuse(a, ret, 405, "wrong_method", "only POST is understood here");
        return KF_OK;
    }
    reason = refusal(g, req, env->now_ms, &head);
    if (reason) {
        refuse(a, ret, 401, reason, "see webhook-id, webhook-timestamp and webhook-signature");
        return KF_OK;
    }
    root = json_read(a, req->body, JSON_OF_PLATFORMS, &r.why);
    rc = root ? read_body(&r, root, &head, ret) : r.why.rc;
    json_decref(root);
    if (rc == KF_NOMEM || r.keep.failed) /* what is missing may have been lost here: the sender shall come again */
        return KF_NOMEM;
    if (rc)
        refuse(a, ret, 400, "malformed_body", r.why.text);
    return KF_OK;
}
