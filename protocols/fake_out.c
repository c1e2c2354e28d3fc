/* fake_out.c: what we send to the fake platform, and what its answer means. */
#include "core/card.h"
#include "protocols/fake_impl.h"
#include "protocols/stamp.h"

/* ---- the request ---------------------------------------------------------------------------------------------------------- */

static bool is_said(const struct message *m)
{
    struct card card;

    return m->kind == MESSAGE_TEXT || (m->kind == MESSAGE_CARD && card_read(m->text, &card));
}

/* The words of a text, or the parts of a card: the platform knows both. */
static void put_said(struct buf *b, const struct message *m, const char *picture)
{
    struct card card = { .words = m->text };

    if (m->kind == MESSAGE_CARD && card_read(m->text, &card)) {
        buf_str(b, ",\"kind\":\"card\",\"title\":");
        buf_json(b, card.title);
        buf_str(b, ",\"url\":");
        buf_json(b, card.url);
        if (picture) {
            buf_str(b, ",\"picture\":");
            buf_json(b, slice_of(picture));
        }
    } else {
        buf_str(b, ",\"kind\":\"text\"");
    }
    buf_str(b, ",\"text\":");
    buf_json(b, card.words);
}

/* A reply inside the answer to a notice. No files; it needs no token, uses up no handle, and nothing will be told of its fate. */
static enum kf_rc answer(struct arena *a, const struct errand *e, const struct env *env, struct http_req *ret)
{
    static const struct http_pair headers[] = { { SLICE("Content-Type"), SLICE("application/json") } };
    struct slice to = json_member(env->answer_key, "to"), from = json_member(env->answer_key, "from");
    struct buf b;

    if (e->kind != ERRAND_SEND || !is_said(&e->message) || !to.p || !from.p)
        return KF_UNSUPPORTED;
    buf_init(&b, 65536);
    buf_str(&b, "{\"to\":");
    buf_add(&b, to);
    buf_str(&b, ",\"from\":");
    buf_add(&b, from);
    buf_str(&b, ",\"at\":");
    buf_i64(&b, env->now_ms / 1000);
    put_said(&b, &e->message, e->file_url);
    buf_char(&b, '}');
    *ret = (struct http_req){ .headers = headers, .n_headers = 1 };
    ret->body = buf_copy(&b, a);
    buf_finish(&b);
    return ret->body.p ? KF_OK : KF_NOMEM;
}

/* Refused here rather than there: the platform would say window_closed. */
static bool handle_usable(const struct errand *e, int64_t now_ms)
{
    return e->handle && *e->handle && e->handle_left != 0 && (!e->handle_expires_ms || now_ms < e->handle_expires_ms);
}

static enum kf_rc send_message(const struct fake *f, struct arena *a, const struct errand *e, const struct env *env, struct http_req *ret)
{
    struct buf b;

    if (!handle_usable(e, env->now_ms))
        return KF_REJECTED;
    if (!is_said(&e->message) && !(e->message.kind == MESSAGE_IMAGE && (e->media_id || e->file_url)))
        return KF_UNSUPPORTED;
    buf_init(&b, 65536);
    buf_str(&b, "{\"to\":");
    buf_json(&b, slice_of(e->user));
    if (is_said(&e->message)) {
        put_said(&b, &e->message, e->file_url);
    } else if (e->media_id) {
        buf_str(&b, ",\"kind\":\"image\",\"media\":");
        buf_json(&b, slice_of(e->media_id));
    } else {
        buf_str(&b, ",\"kind\":\"image\",\"url\":");
        buf_json(&b, slice_of(e->file_url));
    }
    buf_str(&b, ",\"handle\":");
    buf_json(&b, slice_of(e->handle));
    buf_str(&b, ",\"n\":");
    buf_i64(&b, (int64_t)e->handle_used + 1);
    buf_char(&b, '}');
    return fake_post(f, a, "/send", env->token, &b, ret);
}

static enum kf_rc send_typing(const struct fake *f, struct arena *a, const struct errand *e, const struct env *env, struct http_req *ret)
{
    struct buf b;

    buf_init(&b, 4096);
    buf_str(&b, "{\"to\":");
    buf_json(&b, slice_of(e->user));
    buf_char(&b, '}');
    return fake_post(f, a, "/typing", env->token, &b, ret);
}

enum kf_rc fake_encode(const struct channel *ch, struct arena *a, const struct errand *e, const struct env *env, struct http_req *ret)
{
    if (env->answering)
        return answer(a, e, env, ret);
    if (e->kind != ERRAND_SEND && e->kind != ERRAND_TYPING)
        return KF_UNSUPPORTED;
    if (!env->token.n)
        return KF_AUTH;
    return e->kind == ERRAND_SEND ? send_message(fake_of(ch), a, e, env, ret) : send_typing(fake_of(ch), a, e, env, ret);
}

/* ---- the answer ------------------------------------------------------------------------------------------------------------ */

static const struct {
    int64_t code;
    enum outcome_class cls;
} codes[] = {
    { FAKE_OK, OUTCOME_SENT },          { FAKE_BUSY, OUTCOME_RETRY },
    { FAKE_TOKEN_WRONG, OUTCOME_AUTH }, { FAKE_TOKEN_EXPIRED, OUTCOME_AUTH },
    { 40003, OUTCOME_NO_SUCH_USER },    { 40007, OUTCOME_REJECTED }, /* the file cannot be read */
    { 43004, OUTCOME_USER_BLOCKED },    { 45002, OUTCOME_TOO_LARGE },
    { 45009, OUTCOME_RATE_LIMITED },    { 45015, OUTCOME_WINDOW_CLOSED }, /* the handle is too old */
    { 45047, OUTCOME_WINDOW_CLOSED },                                     /* or used up */
    { 87014, OUTCOME_REJECTED },                                          /* the content is not allowed */
};

static enum outcome_class class_of_code(int64_t code)
{
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
        if (codes[i].code == code)
            return codes[i].cls;
    return OUTCOME_FATAL;
}

enum kf_rc fake_settle(const struct channel *ch, struct arena *a, const struct errand *e, const struct http_resp *resp, struct outcome *ret)
{
    struct json_keep keep = { .arena = a };
    int64_t code = 0;
    json_t *root = resp->status ? fake_answer(a, resp, &code) : NULL;

    (void)ch;
    *ret = (struct outcome){ .cls = root ? class_of_code(code) : channel_silence(resp), .retry_after_ms = stamp_retry_after(resp) };
    if (root && code != FAKE_OK) {
        ret->code = json_get_text(&keep, root, "code");
        ret->text = json_get_text(&keep, root, "msg"); /* for people only: its words change with every answer */
    } else if (!resp->status) {
        ret->text = slice_of(resp->failure ? resp->failure : "no answer");
    }
    json_decref(root);
    if (e->kind == ERRAND_TYPING && ret->cls != OUTCOME_AUTH)
        ret->cls = OUTCOME_SENT; /* nobody waits for it */
    return keep.failed ? KF_NOMEM : KF_OK;
}

/* ---- a file that goes before its message ---------------------------------------------------------------------------------- */

static enum kf_rc ask_upload(const struct fake *f, struct arena *a, const struct upload *up, const struct env *env, struct http_req *ret)
{
    struct http_pair *type = ARENA_NEW(a, struct http_pair);

    if (!type)
        return KF_NOMEM;
    *type = (struct http_pair){ SLICE("Content-Type"), slice_of(up->mime) };
    *ret = (struct http_req){
        .method = "POST", .url = fake_address(f, a, "/upload", env->token), .headers = type, .n_headers = 1, .body = up->bytes
    };
    return ret->url ? KF_AGAIN : KF_NOMEM;
}

enum kf_rc fake_upload(const struct channel *ch, struct arena *a, const struct errand *e, const struct upload *up, const struct env *env,
                       const struct http_resp *last, struct http_req *ret, struct uploaded *done)
{
    struct json_keep keep = { .arena = a };
    int64_t code = 0;
    json_t *root;

    if (e->message.kind != MESSAGE_IMAGE)
        return KF_UNSUPPORTED;
    *done = (struct uploaded){ .outcome = { .cls = OUTCOME_AUTH } };
    if (!last)
        return env->token.n ? ask_upload(fake_of(ch), a, up, env, ret) : KF_OK;
    root = last->status ? fake_answer(a, last, &code) : NULL;
    done->outcome.cls = root ? class_of_code(code) : channel_silence(last);
    done->outcome.retry_after_ms = stamp_retry_after(last);
    done->id = json_get_text(&keep, root, "media");
    done->outcome.text = root ? json_get_text(&keep, root, "msg") : slice_of(last->failure ? last->failure : "no answer");
    if (root && code == FAKE_OK && !done->id.n)
        done->outcome.cls = OUTCOME_FATAL; /* taken, and not named: it could not be shown */
    if (done->outcome.cls == OUTCOME_UNCERTAIN)
        done->outcome.cls = OUTCOME_RETRY; /* nobody has seen it yet */
    json_decref(root);
    return keep.failed ? KF_NOMEM : KF_OK;
}
