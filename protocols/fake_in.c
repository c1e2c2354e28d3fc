/* fake_in.c: what the fake platform tells us, by notice or by page. */
#include "protocols/fake_impl.h"
#include "protocols/sign.h"
#include "protocols/url.h"

#define ID_MAX     255
#define PAGE_ITEMS 100
/* "origin" of what a colleague wrote in the platform's own app. */
#define ORIGIN_COLLEAGUE 5

/* ---- is it from the platform? ---------------------------------------------------------------------------------------------- */

static struct slice query(const struct http_req *req, const char *name)
{
    return http_query(req->query, req->n_query, name);
}

static const char *refusal(const struct fake *f, const struct http_req *req)
{
    struct slice signature = query(req, "signature");
    struct slice parts[] = { f->token, query(req, "timestamp"), query(req, "nonce"), req->body };
    uint8_t digest[SIGN_SHA256];

    if (!signature.n || !parts[1].n || !parts[2].n)
        return "missing_signature";
    if (signature.n != 2 * sizeof(digest))
        return "malformed_header";
    if (!sign_sorted_sha256(parts, 4, digest) || !sign_equal_hex(signature, digest, sizeof(digest)))
        return "bad_signature";
    return NULL;
}

/* ---- one notice --------------------------------------------------------------------------------------------------------------- */

struct notice {
    struct arena *arena;
    struct json_keep keep;
    const json_t *root;
    struct slice raw;
    struct inbound in;
    struct slice ticket; /* of kind news */
    bool is_event;       /* has no id of its own */
};

static struct slice text(struct notice *n, const char *name)
{
    return json_get_text(&n->keep, n->root, name);
}

static void one_media(struct notice *n, enum inbound_type type)
{
    struct media *m = ARENA_NEW(n->arena, struct media);

    n->in.type = type;
    if (!m) {
        n->keep.failed = true;
        return;
    }
    m->type = type;
    m->id = text(n, "media");
    json_get_i64(n->root, "ms", &m->duration_ms);
    n->in.media = m;
    n->in.n_media = 1;
}

static bool read_text(struct notice *n)
{
    n->in.text = text(n, "text");
    return n->in.text.n;
}

static bool read_image(struct notice *n)
{
    one_media(n, TYPE_IMAGE);
    return n->keep.failed || n->in.media->id.n;
}

static bool read_voice(struct notice *n)
{
    one_media(n, TYPE_AUDIO);
    n->in.text = text(n, "text"); /* what the platform understood */
    return n->keep.failed || n->in.media->id.n;
}

static bool read_place(struct notice *n)
{
    n->in.type = TYPE_LOCATION;
    n->in.text = text(n, "label");
    return json_get_real(n->root, "lat", &n->in.lat) && json_get_real(n->root, "lon", &n->in.lon);
}

static bool read_link(struct notice *n)
{
    struct slice title = text(n, "title"), url = text(n, "url");
    struct url parts;
    char *both;

    if (!url.p || !url_parse(url, &parts))
        return false;
    both = arena_printf(n->arena, "%s%s%s", title.n ? title.p : "", title.n ? "\n" : "", url.p);
    n->keep.failed |= !both;
    n->in.type = TYPE_LINK;
    n->in.text = slice_of(both);
    return true;
}

static bool read_tap(struct notice *n)
{
    n->in.payload = text(n, "key");
    n->in.text = text(n, "title");
    return n->in.payload.n;
}

static bool read_ref(struct notice *n)
{
    n->in.ref = text(n, "ref");
    return n->in.ref.n && n->in.ref.n <= ID_MAX;
}

static bool read_like(struct notice *n)
{
    int64_t on = 0;

    n->in.text = text(n, "emoji");
    json_get_i64(n->root, "on", &on);
    n->in.on = on == 1;
    return read_ref(n) && n->in.text.n;
}

static bool read_receipt(struct notice *n)
{
    struct slice state = text(n, "state");

    n->in.code = text(n, "code");
    n->in.window_over = slice_is(state, "failed") && slice_is(n->in.code, "45047");
    return read_ref(n) && state.n && delivery_parse(state, &n->in.delivery) && n->in.delivery != DELIVERY_NONE &&
           n->in.delivery != DELIVERY_SENDING && n->in.delivery != DELIVERY_UNCERTAIN;
}

static bool read_news(struct notice *n)
{
    n->ticket = text(n, "ticket");
    return n->ticket.n;
}

static bool read_nothing(struct notice *n)
{
    (void)n;
    return true;
}

static const struct kind {
    const char *word;
    enum inbound_kind kind;
    bool event;
    bool (*read)(struct notice *n); /* false: not as it should be */
} kinds[] = {
    { "text", INBOUND_MESSAGE, false, read_text },     { "image", INBOUND_MESSAGE, false, read_image },
    { "voice", INBOUND_MESSAGE, false, read_voice },   { "place", INBOUND_MESSAGE, false, read_place },
    { "link", INBOUND_MESSAGE, false, read_link },     { "tap", INBOUND_POSTBACK, true, read_tap },
    { "enter", INBOUND_FOLLOW, true, read_nothing },   { "leave", INBOUND_UNFOLLOW, true, read_nothing },
    { "stop", INBOUND_OPTOUT, true, read_nothing },    { "start", INBOUND_OPTIN, true, read_nothing },
    { "like", INBOUND_REACTION, true, read_like },     { "recall", INBOUND_DELETE, true, read_ref },
    { "receipt", INBOUND_STATUS, true, read_receipt }, { "news", INBOUND_SYSTEM, true, read_news },
};

/* A kind that is not known is a message that cannot be shown: it is kept as it came. */
static bool read_by_kind(struct notice *n, struct slice word)
{
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (slice_is(word, kinds[i].word)) {
            n->in.kind = kinds[i].kind;
            n->is_event = kinds[i].event;
            return kinds[i].read(n);
        }
    n->in.type = TYPE_UNSUPPORTED;
    n->in.raw = arena_copy(n->arena, n->raw);
    n->keep.failed |= !n->in.raw.p;
    return true;
}

static void read_handle(struct notice *n)
{
    int64_t seconds = 0;

    n->in.reply_token = text(n, "handle");
    if (n->in.reply_token.n && json_get_i64(n->root, "handle_s", &seconds) && seconds > 0 && seconds < 10 * 365 * 86400LL)
        n->in.reply_expires_ms = n->in.at + 1000 * seconds;
}

/* Messages are told apart by id; an event by who, when, what and about what, because it has none. */
static void dedupe_key(struct notice *n, struct slice word)
{
    char *key = n->is_event ? arena_printf(n->arena, "event:%s:%lld:%s:%s%s:%d", n->in.user.p, (long long)n->in.at, word.p,
                                           n->in.ref.n ? n->in.ref.p : "", n->in.payload.n ? n->in.payload.p : "",
                                           (int)n->in.delivery + (n->in.on ? 100 : 0))
                            : arena_printf(n->arena, "message:%s", n->in.id.p);

    n->keep.failed |= !key;
    n->in.dedupe = slice_of(key);
}

/* Reads n->root. False with `why`: it is no notice. */
static bool read_notice(struct notice *n, const char **why)
{
    struct slice word = text(n, "kind");
    int64_t at_s = 0, origin = 0;

    n->in.account = text(n, "to");
    n->in.user = text(n, "from");
    n->in.peer = n->in.user;
    n->in.user_name = text(n, "name");
    n->in.id = text(n, "id");
    *why = "to, from, at and kind: required; at is in seconds";
    if (!word.n || !n->in.user.n || n->in.user.n > ID_MAX || n->in.id.n > ID_MAX || !json_get_i64(n->root, "at", &at_s))
        return false;
    if (at_s < 0 || at_s > 253402300799) /* the year 9999 */
        return false;
    n->in.at = 1000 * at_s;
    *why = "not as its kind asks";
    if (!read_by_kind(n, word))
        return false;
    *why = "id: required of a message";
    if (!n->is_event && !n->in.id.n)
        return false;
    if (n->in.kind == INBOUND_MESSAGE)
        read_handle(n);
    if (n->in.kind == INBOUND_MESSAGE && json_get_i64(n->root, "origin", &origin) && origin == ORIGIN_COLLEAGUE) {
        n->in.kind = INBOUND_ECHO;
        n->in.agent = text(n, "by");
    }
    dedupe_key(n, word);
    return true;
}

/* ---- a request of the platform ----------------------------------------------------------------------------------------------- */

static void refuse(struct received *ret, int status, const char *reason)
{
    *ret = (struct received){ .status = status, .type = "text/plain", .body = slice_of(reason), .refused = reason };
}

/* What encode() needs to reply inside the answer: the two ends, turned round. */
static struct slice answer_key(struct notice *n)
{
    struct slice ret = { NULL, 0 };
    struct buf b;

    buf_init(&b, 4096);
    buf_str(&b, "{\"to\":");
    buf_json(&b, n->in.user);
    buf_str(&b, ",\"from\":");
    buf_json(&b, n->in.account);
    buf_char(&b, '}');
    ret = buf_copy(&b, n->arena);
    n->keep.failed |= !ret.p;
    buf_finish(&b);
    return ret;
}

static void handshake(const struct http_req *req, struct received *ret)
{
    struct slice echo = query(req, "echostr");

    *ret = (struct received){ .status = 200, .type = "text/plain", .body = echo };
    if (!echo.n)
        refuse(ret, 400, "malformed_body");
}

static enum kf_rc take_notice(struct notice *n, struct received *ret)
{
    const char *why;
    struct inbound *one;

    if (!read_notice(n, &why)) {
        refuse(ret, 400, "malformed_body");
        ret->body = slice_of(why);
        return KF_OK;
    }
    *ret = (struct received){ .status = 200, .type = "text/plain", .body = SLICE("success") };
    if (n->ticket.n) {
        ret->pull = true;
        ret->pull_token = n->ticket;
        return KF_OK;
    }
    one = ARENA_NEW(n->arena, struct inbound);
    if (!one)
        return KF_NOMEM;
    if (n->in.kind == INBOUND_MESSAGE)
        ret->answer_key = answer_key(n);
    *one = n->in;
    ret->inbound = one;
    ret->n = 1;
    return KF_OK;
}

enum kf_rc fake_receive(const struct channel *ch, struct arena *a, const struct http_req *req, const struct env *env, struct received *ret)
{
    struct notice n = { .arena = a, .keep = { .arena = a }, .raw = req->body };
    bool get = strcmp(req->method, "GET") == 0;
    const char *reason = refusal(fake_of(ch), req);
    struct kf_err why = { .rc = KF_OK };
    json_t *root;
    enum kf_rc rc;

    (void)env;
    if (!get && strcmp(req->method, "POST") != 0) {
        refuse(ret, 405, "wrong_method");
        return KF_OK;
    }
    if (reason) {
        refuse(ret, get ? 403 : 401, reason);
        return KF_OK;
    }
    if (get) {
        handshake(req, ret);
        return KF_OK;
    }
    root = json_read(a, req->body, JSON_OF_PLATFORMS, &why);
    if (!root) {
        refuse(ret, 400, "malformed_body");
        return why.rc == KF_NOMEM ? KF_NOMEM : KF_OK;
    }
    n.root = root;
    rc = take_notice(&n, ret);
    json_decref(root);
    return n.keep.failed ? KF_NOMEM : rc;
}

/* ---- a page --------------------------------------------------------------------------------------------------------------------- */

static enum kf_rc ask_page(const struct fake *f, struct arena *a, const struct env *env, struct slice ticket, struct http_req *ret)
{
    enum kf_rc rc;
    struct buf b;

    buf_init(&b, 4096);
    buf_char(&b, '{');
    if (env->cursor.n) {
        buf_str(&b, "\"cursor\":");
        buf_json(&b, env->cursor);
        buf_char(&b, ',');
    }
    if (ticket.n) {
        buf_str(&b, "\"ticket\":");
        buf_json(&b, ticket);
        buf_char(&b, ',');
    }
    buf_printf(&b, "\"limit\":%d}", PAGE_ITEMS);
    rc = fake_post(f, a, "/pull", env->token, &b, ret);
    return rc ? rc : KF_AGAIN;
}

/* An item that is no notice is passed over: it must not hold up those behind it for ever. */
static enum kf_rc read_items(struct arena *a, const json_t *root, struct pulled *done)
{
    const json_t *items = json_object_get(root, "items");
    size_t n = json_array_size(items);
    struct inbound *all = arena_array(a, n + 1, sizeof(*all));

    if (!all)
        return KF_NOMEM;
    done->inbound = all;
    done->n = 0;
    for (size_t i = 0; i < n; i++) {
        struct notice one = { .arena = a, .keep = { .arena = a }, .root = json_array_get(items, i) };
        const char *why;
        struct buf raw;
        bool ok;

        buf_init(&raw, 1u << 20);
        json_write(&raw, one.root);
        one.raw = buf_ok(&raw) ? buf_slice(&raw) : SLICE("");
        ok = json_is_object(one.root) && read_notice(&one, &why) && !one.ticket.n;
        buf_finish(&raw);
        if (one.keep.failed)
            return KF_NOMEM;
        if (ok)
            all[done->n++] = one.in;
    }
    return KF_OK;
}

enum kf_rc fake_pull(const struct channel *ch, struct arena *a, const struct env *env, struct slice ticket, const struct http_resp *last,
                     struct http_req *ret, struct pulled *done)
{
    struct json_keep keep = { .arena = a };
    struct slice next, stale;
    int64_t code = 0, more = 0;
    enum kf_rc rc;
    json_t *root;

    if (!env->token.n)
        return KF_AUTH;
    if (!last)
        return ask_page(fake_of(ch), a, env, ticket, ret);
    *done = (struct pulled){ .n = 0 };
    root = fake_answer(a, last, &code);
    if (!root)
        return KF_IO;
    next = json_get_text(&keep, root, "next");
    stale = json_get_text(&keep, root, "ticket");
    json_get_i64(root, "more", &more);
    if (code == FAKE_OK)
        rc = read_items(a, root, done);
    else if (fake_token_failed(code))
        rc = KF_OK;
    else if (code == FAKE_TICKET_STALE && stale.n) /* named, so that we do not ask in a circle */
        rc = ask_page(fake_of(ch), a, env, SLICE(""), ret);
    else
        rc = code == FAKE_BUSY ? KF_RATE : KF_IO;
    json_decref(root);
    if (keep.failed)
        return KF_NOMEM;
    done->token_expired = fake_token_failed(code);
    done->cursor = next.n ? next : env->cursor;
    done->more = code == FAKE_OK && more == 1 && next.n && !slice_eq(next, env->cursor);
    return rc;
}
