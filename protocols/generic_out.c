/* generic_out.c: what we send to another system, and what its answer means. */
#include "core/card.h"
#include "protocols/generic_impl.h"
#include "protocols/json.h"
#include "protocols/stamp.h"

#define BODY_MAX (256u * 1024)
/* A refusal that may be a mistake of the moment (a route that is not deployed yet): so many repeats. */
#define REFUSAL_RETRIES 2
/* Bytes; a longer one is not an id. */
#define EXTERNAL_ID_MAX 255

/* ---- the request -------------------------------------------------------------------------------------------------------- */

static void text_member(struct buf *b, const char *name, struct slice value)
{
    buf_str(b, name);
    buf_json(b, value);
}

/* "01936b2e-…-7" */
static void our_id(struct buf *b, const struct errand *e)
{
    char text[KF_ID_TEXT];

    buf_char(b, '"');
    buf_str(b, id_text(&e->conv, text));
    buf_char(b, '-');
    buf_i64(b, e->seq);
    buf_char(b, '"');
}

static void begin(struct buf *b, const char *type, int64_t at)
{
    char stamp[STAMP_TEXT];

    text_member(b, "{\"type\":", slice_of(type));
    text_member(b, ",\"timestamp\":", slice_of(stamp_text(at, stamp)));
    buf_str(b, ",\"data\":{");
}

/* The exchange and the person: first members of `data`, or not. */
static void whom(struct buf *b, const struct errand *e, bool first)
{
    text_member(b, first ? "\"conversation\":" : ",\"conversation\":", slice_of(e->peer));
    text_member(b, ",\"user\":{\"id\":", slice_of(e->user));
    buf_char(b, '}');
}

static const char *type_word(enum message_kind kind)
{
    switch (kind) {
    case MESSAGE_IMAGE:
        return "image";
    case MESSAGE_AUDIO:
        return "audio";
    case MESSAGE_FILE:
        return "document";
    case MESSAGE_TEXT:
    case MESSAGE_CARD:
    case MESSAGE_EVENT:
    case MESSAGE_REMOVED:
    default:
        return "text";
    }
}

static void attachment(struct buf *b, const struct errand *e, struct slice file)
{
    struct slice name = json_member(file, "name"), mime = json_member(file, "mime"), size = json_member(file, "size");

    text_member(b, ",\"attachments\":[{\"type\":", slice_of(type_word(e->message.kind)));
    text_member(b, ",\"url\":", slice_of(e->file_url));
    if (mime.p) {
        buf_str(b, ",\"mime\":");
        json_raw(b, mime);
    }
    if (size.p) {
        buf_str(b, ",\"size\":");
        json_raw(b, size);
    }
    if (name.p) {
        buf_str(b, ",\"name\":");
        json_raw(b, name);
    }
    buf_str(b, "}]");
}

/* [{"id","label"}] becomes [{"title","payload"}]. */
static void buttons(struct buf *b, struct slice choices)
{
    json_t *list = choices.p ? json_loadb(choices.p, choices.n, 0, NULL) : NULL;

    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *c = json_array_get(list, i);

        buf_str(b, i ? ",{\"title\":" : ",\"buttons\":[{\"title\":");
        buf_json(b, slice_of(json_string_value(json_object_get(c, "label"))));
        buf_str(b, ",\"payload\":");
        buf_json(b, slice_of(json_string_value(json_object_get(c, "id"))));
        buf_char(b, '}');
    }
    if (json_array_size(list))
        buf_char(b, ']');
    json_decref(list);
}

/* Beside the text, which has all of it. */
static void card_member(struct buf *b, const struct message *m, const char *picture)
{
    struct card card;

    if (m->kind != MESSAGE_CARD || !card_read(m->text, &card))
        return;
    text_member(b, ",\"card\":{\"title\":", card.title);
    if (card.words.n)
        text_member(b, ",\"text\":", card.words);
    text_member(b, ",\"url\":", card.url);
    for (int i = 0; i < 2; i++) {
        struct slice degrees = json_member(slice_of(m->extra), i ? "lon" : "lat");

        if (degrees.p) {
            buf_str(b, i ? ",\"lon\":" : ",\"lat\":");
            json_raw(b, degrees);
        }
    }
    if (picture)
        text_member(b, ",\"image\":", slice_of(picture));
    buf_char(b, '}');
}

static void agent(struct buf *b, const struct actor *who)
{
    if (who->role != ROLE_AGENT)
        return;
    text_member(b, ",\"agent\":{\"name\":", slice_of(who->name));
    if (who->number && *who->number)
        text_member(b, ",\"number\":", slice_of(who->number));
    buf_char(b, '}');
}

static void send_data(struct buf *b, const struct errand *e)
{
    const struct message *m = &e->message;
    struct slice extra = slice_of(m->extra);

    buf_str(b, "\"id\":");
    our_id(b, e);
    whom(b, e, false);
    text_member(b, ",\"type\":", slice_of(type_word(m->kind)));
    text_member(b, ",\"text\":", m->text);
    card_member(b, m, e->file_url);
    if (e->file_url && m->kind != MESSAGE_CARD)
        attachment(b, e, json_member(extra, "file"));
    buttons(b, json_member(extra, "choices"));
    if (e->reply_ref)
        text_member(b, ",\"reply_to\":", slice_of(e->reply_ref));
    agent(b, &m->from);
}

static void edit_data(struct buf *b, const struct errand *e, bool text)
{
    buf_str(b, "\"id\":");
    our_id(b, e);
    whom(b, e, false);
    if (text)
        text_member(b, ",\"text\":", e->message.text);
}

/* Up to which of the customer's messages we have read. */
static void read_data(struct buf *b, const struct errand *e)
{
    whom(b, e, true);
    if (e->message.ref)
        text_member(b, ",\"id\":", slice_of(e->message.ref));
}

static void write_body(struct buf *b, const struct errand *e)
{
    static const char *const names[] = {
        [ERRAND_SEND] = "message.send",     [ERRAND_EDIT] = "message.edit", [ERRAND_DELETE] = "message.delete",
        [ERRAND_TYPING] = "typing.on",      [ERRAND_READ] = "message.read", [ERRAND_CLOSED] = "conversation.closed",
        [ERRAND_TYPING_OFF] = "typing.off",
    };

    begin(b, names[e->kind], e->created_at);
    switch (e->kind) {
    case ERRAND_SEND:
        send_data(b, e);
        break;
    case ERRAND_EDIT:
        edit_data(b, e, true);
        break;
    case ERRAND_DELETE:
        edit_data(b, e, false);
        break;
    case ERRAND_READ:
        read_data(b, e);
        break;
    case ERRAND_TYPING:
    case ERRAND_TYPING_OFF:
    case ERRAND_CLOSED:
    default:
        whom(b, e, true);
        break;
    }
    buf_str(b, "}}");
}

static struct slice signatures(const struct generic *g, struct arena *a, struct slice id, struct slice timestamp, struct slice body)
{
    struct slice ret = { NULL, 0 };
    bool ok = true;
    struct buf b;

    buf_init(&b, 4096);
    for (size_t i = 0; ok && i < g->n_out; i++) {
        if (i)
            buf_char(&b, ' ');
        ok = generic_sign(&g->out[i], id, timestamp, body, &b);
    }
    if (ok && buf_ok(&b))
        ret = arena_copy(a, buf_slice(&b));
    buf_finish(&b);
    return ret;
}

/* The envelope around a body: one id, the time of this attempt, one signature a secret. */
static enum kf_rc envelope(const struct generic *g, struct arena *a, const struct kf_id *id, int64_t now_ms, struct slice body,
                           struct http_req *ret)
{
    const size_t n = 4 + g->n_headers;
    struct http_pair *h = arena_array(a, n, sizeof(*h));
    char text[KF_ID_TEXT];
    struct slice event, at;

    if (!h || !body.p)
        return KF_NOMEM;
    event = slice_of(arena_printf(a, "msg_%s", id_text(id, text)));
    at = slice_of(arena_printf(a, "%lld", (long long)(now_ms / 1000)));
    h[0] = (struct http_pair){ SLICE("Content-Type"), SLICE("application/json") };
    h[1] = (struct http_pair){ SLICE("webhook-id"), event };
    h[2] = (struct http_pair){ SLICE("webhook-timestamp"), at };
    h[3] = (struct http_pair){ SLICE("webhook-signature"), signatures(g, a, event, at, body) };
    if (!event.n || !at.n || !h[3].value.p)
        return KF_NOMEM;
    if (g->n_headers)
        memcpy(h + 4, g->headers, g->n_headers * sizeof(*h));
    *ret = (struct http_req){ .method = "POST", .url = g->url, .headers = h, .n_headers = n, .body = body, .answer_max = 65536 };
    return KF_OK;
}

enum kf_rc generic_encode(const struct channel *ch, struct arena *a, const struct errand *e, const struct env *env, struct http_req *ret)
{
    struct slice body = { NULL, 0 };
    struct buf b;

    if (env->answering)
        return KF_UNSUPPORTED;
    buf_init(&b, BODY_MAX);
    write_body(&b, e);
    body = buf_copy(&b, a);
    buf_finish(&b);
    return envelope(generic_of(ch), a, &e->id, env->now_ms, body, ret);
}

/* It is sent a ping, as any event. */
static enum kf_rc ping(const struct channel *ch, struct arena *a, const struct env *env, struct http_req *ret)
{
    struct kf_id id = id_make(env->now_ms, env->chance);
    char stamp[STAMP_TEXT];
    char *body = arena_printf(a, "{\"type\":\"ping\",\"timestamp\":\"%s\",\"data\":{}}", stamp_text(env->now_ms, stamp));

    return envelope(generic_of(ch), a, &id, env->now_ms, (struct slice){ body, body ? strlen(body) : 0 }, ret);
}

/* ---- the answer ------------------------------------------------------------------------------------------------------------ */

/* A refusal in words: {"error":{"code":"window_closed","message":"…"}}. */
static bool told_class(struct slice code, enum outcome_class *ret)
{
    static const struct {
        const char *code;
        enum outcome_class cls;
    } codes[] = {
        { "window_closed", OUTCOME_WINDOW_CLOSED },
        { "user_blocked", OUTCOME_USER_BLOCKED },
        { "no_such_user", OUTCOME_NO_SUCH_USER },
        { "rejected", OUTCOME_REJECTED },
    };

    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
        if (slice_is(code, codes[i].code)) {
            *ret = codes[i].cls;
            return true;
        }
    return false;
}

static enum outcome_class class_of(int status, int attempt)
{
    if (status >= 200 && status < 300)
        return OUTCOME_SENT;
    switch (status) {
    case 0: /* nothing came back: the id makes a repeat harmless */
    case 408:
        return OUTCOME_RETRY;
    case 401:
    case 403:
        return OUTCOME_AUTH;
    case 410:
        return OUTCOME_FATAL;
    case 429:
        return OUTCOME_RATE_LIMITED;
    default:
        if (status >= 500)
            return OUTCOME_RETRY;
        return attempt < REFUSAL_RETRIES ? OUTCOME_RETRY : OUTCOME_FATAL;
    }
}

/* The other system's name of the message, or ours where it gives none. */
static struct slice external_id(struct json_keep *keep, const json_t *root, const struct errand *e)
{
    struct slice theirs = json_get_text(keep, root, "id");
    char text[KF_ID_TEXT];
    char *ours;

    if (theirs.n && theirs.n <= EXTERNAL_ID_MAX)
        return theirs;
    ours = arena_printf(keep->arena, "%s-%lld", id_text(&e->conv, text), (long long)e->seq);
    keep->failed |= !ours;
    return slice_of(ours);
}

static enum kf_rc read_answer(struct arena *a, const struct errand *e, const struct http_resp *resp, struct outcome *ret)
{
    struct json_keep keep = { .arena = a };
    json_t *root = resp->body.n ? json_read(a, resp->body, JSON_OF_PLATFORMS, NULL) : NULL;
    const json_t *error = json_object_get(root, "error");
    struct slice code = json_get_text(&keep, error, "code");

    if (ret->cls == OUTCOME_SENT && e->kind == ERRAND_SEND)
        ret->ref = external_id(&keep, root, e);
    else if (resp->status == 409 || resp->status == 422)
        (void)told_class(code, &ret->cls);
    if (ret->cls != OUTCOME_SENT && code.n)
        ret->code = code;
    if (ret->cls != OUTCOME_SENT)
        ret->text = json_get_text(&keep, error, "message");
    if (ret->gone && !ret->text.n)
        ret->text = SLICE("nobody is at this address any more");
    json_decref(root);
    return keep.failed ? KF_NOMEM : KF_OK;
}

enum kf_rc generic_settle(const struct channel *ch, struct arena *a, const struct errand *e, const struct http_resp *resp,
                          struct outcome *ret)
{
    struct http_resp head = { .status = resp->began };
    enum kf_rc rc;

    (void)ch;
    if (!resp->status && resp->too_large && resp->began)
        resp = &head; /* a body may bring an id, and need not: 2xx has taken it, and would say the same the next time */
    *ret = (struct outcome){ .cls = class_of(resp->status, e->attempt), .gone = resp->status == 410 };
    if (!resp->status) {
        ret->text = slice_of(resp->failure ? resp->failure : "no answer");
        return KF_OK;
    }
    rc = read_answer(a, e, resp, ret);
    if (rc)
        return rc;
    if (ret->cls != OUTCOME_SENT && !ret->code.p)
        ret->code = slice_of(arena_printf(a, "%d", resp->status));
    if (ret->cls == OUTCOME_RETRY || ret->cls == OUTCOME_RATE_LIMITED)
        ret->retry_after_ms = stamp_retry_after(resp);
    return KF_OK;
}

/* Nobody but the other system's operator can tell it where we are: it is only asked whether it believes us. */
enum kf_rc generic_meet(const struct channel *ch, struct arena *a, const struct env *env, const char *hook, bool tell,
                        const struct http_resp *last, struct http_req *ret, struct kf_err *why)
{
    enum kf_rc rc;

    (void)hook;
    (void)tell;
    if (!last) {
        rc = ping(ch, a, env, ret);
        return rc ? rc : KF_AGAIN;
    }
    if (last->status >= 200 && last->status < 300)
        return kf_fail(why, KF_OK, "it has answered a ping with %d", last->status), KF_OK;
    if (!last->status)
        return kf_fail(why, KF_IO, "%s", last->failure ? last->failure : "no answer");
    return kf_fail(why, last->status == 401 || last->status == 403 ? KF_AUTH : KF_REJECTED, "it has answered a ping with %d", last->status);
}
