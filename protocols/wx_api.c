#include "protocols/wx_api.h"
#include "protocols/multipart.h"
#include "protocols/stamp.h"
#include "protocols/url.h"

/* A token is renewed so long before it ends. */
#define RENEW_AHEAD_S 300
#define UNIONID_MAX   128
/* A piece of a file that is too large to be given whole: a multiple of 16, and 20 MB at most. */
#define PIECE (4LL << 20)

enum { WX_TOO_LARGE_WHOLE = 830002 };
enum { WX_OK = 0, WX_BUSY = -1, WX_TOKEN_WRONG = 40001, WX_TOKEN_MALFORMED = 40014, WX_TOKEN_EXPIRED = 42001 };

enum kf_rc wx_key_setting(const json_t *root, const char *name, struct wx_key *ret, struct kf_err *why)
{
    const json_t *v = json_object_get(root, name);

    if (v && !wx_key_read((struct slice){ json_string_value(v), json_string_length(v) }, ret))
        return kf_fail(why, KF_INVALID, "%s: 43 characters of base64", name);
    return KF_OK;
}

const char *wx_refusal(struct slice token, const struct http_req *req, const char *name, struct slice sealed)
{
    struct slice signature = http_query(req->query, req->n_query, name);
    struct slice parts[] = { token, http_query(req->query, req->n_query, "timestamp"), http_query(req->query, req->n_query, "nonce"),
                             sealed };

    if (!signature.n || !parts[1].n || !parts[2].n)
        return "missing_signature";
    if (signature.n != 40)
        return "malformed_header";
    return wx_signed(signature, parts, sealed.p ? 4 : 3) ? NULL : "bad_signature";
}

/* ---- writing ----------------------------------------------------------------------------------------------------------------------- */

void wx_json(struct buf *b, struct slice s)
{
    buf_char(b, '"');
    for (size_t i = 0; i < s.n; i++)
        switch (s.p[i]) {
        case '"':
        case '\\':
            buf_char(b, '\\');
            buf_char(b, s.p[i]);
            break;
        case '\n':
            buf_str(b, "\\n");
            break;
        case '\r':
            buf_str(b, "\\r");
            break;
        case '\t':
            buf_str(b, "\\t");
            break;
        default:
            if ((unsigned char)s.p[i] >= ' ' && s.p[i] != 0x7f)
                buf_char(b, s.p[i]);
        }
    buf_char(b, '"');
}

struct slice wx_profile(struct json_keep *keep, const json_t *customer)
{
    struct slice id = json_get_text(keep, customer, WX_UNIONID), ret = { NULL, 0 };
    struct buf b;

    if (!id.n || id.n > UNIONID_MAX)
        return ret;
    buf_init(&b, 4096);
    buf_str(&b, "{\"" WX_UNIONID "\":");
    buf_json(&b, id);
    buf_char(&b, '}');
    ret = buf_copy(&b, keep->arena);
    keep->failed |= !ret.p;
    buf_finish(&b);
    return ret;
}

const char *wx_address(struct slice url, struct arena *a, const char *path, struct slice token, const char *more)
{
    char *ret = NULL;
    struct buf b;

    buf_init(&b, 65536);
    buf_add(&b, url);
    if (b.n && b.p[b.n - 1] == '/')
        b.n--;
    buf_str(&b, path);
    if (token.n) {
        buf_str(&b, "?access_token=");
        url_escape(&b, token);
    }
    if (more)
        buf_str(&b, more);
    if (buf_ok(&b))
        ret = arena_text(a, buf_slice(&b));
    buf_finish(&b);
    return ret;
}

enum kf_rc wx_post(struct slice url, struct arena *a, const char *path, struct slice token, struct buf *body, struct http_req *ret)
{
    static const struct http_pair headers[] = { { SLICE("Content-Type"), SLICE("application/json") } };

    *ret = (struct http_req){
        .method = "POST",
        .url = wx_address(url, a, path, token, NULL),
        .headers = headers,
        .n_headers = 1,
        .body = buf_copy(body, a),
    };
    buf_finish(body);
    return ret->url && ret->body.p ? KF_OK : KF_NOMEM;
}

/* ---- reading ----------------------------------------------------------------------------------------------------------------------- */

/* The object in an answer, and its code; NULL if it is none, or has none. */
static json_t *answer_of(struct arena *a, const struct http_resp *resp, int64_t *code)
{
    json_t *root = resp->status == 200 ? json_read(a, resp->body, JSON_OF_PLATFORMS, NULL) : NULL;

    if (root && json_get_i64(root, "errcode", code))
        return root;
    json_decref(root);
    return NULL;
}

static bool token_failed(int64_t code)
{
    return code == WX_TOKEN_WRONG || code == WX_TOKEN_MALFORMED || code == WX_TOKEN_EXPIRED;
}

enum outcome_class wx_class(const struct wx_code *codes, int64_t code)
{
    if (code == WX_OK)
        return OUTCOME_SENT;
    if (code == WX_BUSY)
        return OUTCOME_RETRY;
    while (codes->cls != OUTCOME_FATAL && codes->code != code)
        codes++;
    return codes->cls;
}

enum kf_rc wx_settle(const struct wx_code *codes, struct arena *a, const struct http_resp *resp, struct outcome *ret)
{
    struct json_keep keep = { .arena = a };
    int64_t code = 0;
    json_t *root = resp->status ? answer_of(a, resp, &code) : NULL;

    *ret = (struct outcome){ .cls = root ? wx_class(codes, code) : channel_silence(resp), .retry_after_ms = stamp_retry_after(resp) };
    if (root && code == WX_OK) {
        ret->ref = json_get_text(&keep, root, "msgid");
    } else if (root) {
        ret->code = json_get_text(&keep, root, "errcode");
        ret->text = json_get_text(&keep, root, "errmsg");
    } else {
        ret->text = slice_of(resp->status ? "the platform's answer could not be read" : resp->failure ? resp->failure : "no answer");
    }
    json_decref(root);
    return keep.failed ? KF_NOMEM : KF_OK;
}

enum kf_rc wx_token(struct arena *a, const struct env *env, const struct http_resp *last, struct renewed *done)
{
    struct json_keep keep = { .arena = a };
    json_t *root = last->status == 200 ? json_read(a, last->body, JSON_OF_PLATFORMS, NULL) : NULL;
    struct slice token = json_get_text(&keep, root, "access_token"), words = json_get_text(&keep, root, "errmsg");
    int64_t seconds = 0, code = 0;
    bool told = json_get_i64(root, "errcode", &code) && code != WX_OK;

    json_get_i64(root, "expires_in", &seconds);
    done->retry_after_ms = stamp_retry_after(last);
    if (told)
        done->words = slice_of(arena_printf(a, "%lld %.*s", (long long)code, (int)words.n, words.n ? words.p : ""));
    json_decref(root);
    if (keep.failed)
        return KF_NOMEM;
    if (told)
        return code == WX_BUSY || code == 45009 || code == 45011 || code == 45033 ? KF_IO : KF_AUTH;
    if (!token.n || seconds <= 0 || seconds > 10 * 365 * 86400LL)
        return KF_IO;
    done->token = token;
    done->expires_ms = env->now_ms + 1000 * (seconds > 2 * RENEW_AHEAD_S ? seconds - RENEW_AHEAD_S : seconds / 2);
    return KF_OK;
}

/* Lists come without an errcode where all is well. */
enum kf_rc wx_met(struct arena *a, const char *platform, const struct http_resp *last, json_t **root, struct kf_err *why)
{
    struct json_keep keep = { .arena = a };
    struct slice words;
    int64_t code = WX_OK;
    json_t *got;

    if (!last->status)
        return kf_fail(why, KF_IO, "no answer from %s: %s", platform, last->failure ? last->failure : "");
    got = last->status == 200 ? json_read(a, last->body, JSON_OF_PLATFORMS, NULL) : NULL;
    words = json_get_text(&keep, got, "errmsg");
    json_get_i64(got, "errcode", &code);
    if (got && code == WX_OK && !keep.failed) {
        *root = got;
        return KF_OK;
    }
    json_decref(got);
    if (keep.failed)
        return KF_NOMEM;
    if (code == WX_OK)
        return kf_fail(why, KF_IO, "%s's answer could not be read: status %d", platform, last->status);
    return kf_fail(why, token_failed(code) ? KF_AUTH : KF_REJECTED, "%s says: %lld %.*s", platform, (long long)code,
                   (int)(words.n < 180 ? words.n : 180), words.n ? words.p : "");
}

/* ---- files ------------------------------------------------------------------------------------------------------------------------- */

bool wx_cover(const struct message *m)
{
    struct slice file = json_member(slice_of(m->extra), "file");
    json_t *root = file.p ? json_loadb(file.p, file.n, 0, NULL) : NULL;
    struct slice mime = slice_of(json_string_value(json_object_get(root, "mime")));
    bool ret = !id_is_zero(&m->file) && (!mime.n || slice_is(mime, "image/jpeg") || slice_is(mime, "image/png"));

    json_decref(root);
    return ret;
}

static enum kf_rc ask_upload(struct slice url, struct arena *a, const char *type, const struct upload *up, const struct env *env,
                             struct http_req *ret)
{
    const char *more = arena_printf(a, "&type=%s", type);
    struct http_pair *header = ARENA_NEW(a, struct http_pair);
    struct multipart form;
    enum kf_rc rc;

    if (!more || !header)
        return KF_NOMEM;
    *ret = (struct http_req){
        .method = "POST", .url = wx_address(url, a, "/cgi-bin/media/upload", env->token, more), .headers = header, .n_headers = 1
    };
    multipart_begin(&form, env->chance, up->bytes.n + 4096);
    multipart_file(&form, "media", up->name && *up->name ? up->name : "file", up->mime ? up->mime : "application/octet-stream", up->bytes);
    rc = multipart_end(&form, a, header, &ret->body);
    return rc || !ret->url ? KF_NOMEM : KF_AGAIN;
}

enum kf_rc wx_upload(struct slice url, const struct wx_code *codes, struct arena *a, const char *type, const struct upload *up,
                     const struct env *env, const struct http_resp *last, struct http_req *ret, struct uploaded *done)
{
    struct json_keep keep = { .arena = a };
    int64_t code = 0;
    json_t *root;

    *done = (struct uploaded){ .outcome = { .cls = OUTCOME_AUTH } };
    if (!last)
        return env->token.n ? ask_upload(url, a, type, up, env, ret) : KF_OK;
    root = last->status == 200 ? json_read(a, last->body, JSON_OF_PLATFORMS, NULL) : NULL;
    done->id = json_get_text(&keep, root, strcmp(type, "thumb") == 0 ? "thumb_media_id" : "media_id");
    if (!done->id.n)
        done->id = json_get_text(&keep, root, "media_id");
    if (json_get_i64(root, "errcode", &code) && code != WX_OK) {
        done->outcome.cls = wx_class(codes, code);
        done->outcome.code = json_get_text(&keep, root, "errcode");
        done->outcome.text = json_get_text(&keep, root, "errmsg");
    } else if (root) {
        done->outcome.cls = done->id.n ? OUTCOME_SENT : OUTCOME_FATAL; /* taken, and not named: it could not be shown */
    } else {
        done->outcome.cls = channel_silence(last);
        done->outcome.text = slice_of(last->failure ? last->failure : "no answer to the file");
    }
    done->outcome.retry_after_ms = stamp_retry_after(last);
    if (done->outcome.cls == OUTCOME_UNCERTAIN)
        done->outcome.cls = OUTCOME_RETRY; /* nobody has seen it yet */
    json_decref(root);
    return keep.failed ? KF_NOMEM : KF_OK;
}

/* An address that somebody else has named. */
static enum kf_rc fetch_at(struct slice own, struct arena *a, struct slice at, struct http_req *ret)
{
    struct url parts, host;

    if (!at.p || !url_parse(at, &parts))
        return KF_IO;
    *ret = (struct http_req){ .method = "GET", .url = arena_text(a, at), .stranger = true };
    if (url_parse(own, &host))
        ret->stranger = !url_same_origin(&parts, &host);
    return ret->url ? KF_OK : KF_NOMEM;
}

static enum kf_rc ask_media(struct slice url, struct arena *a, const struct env *env, struct slice id, struct http_req *ret)
{
    char *more = NULL;
    struct buf b;

    if (!env->token.n)
        return KF_AUTH;
    buf_init(&b, 4096);
    buf_str(&b, "&media_id=");
    url_escape(&b, id);
    if (buf_ok(&b))
        more = arena_text(a, buf_slice(&b));
    buf_finish(&b);
    *ret = (struct http_req){ .method = "GET", .url = more ? wx_address(url, a, "/cgi-bin/media/get", env->token, more) : NULL };
    return ret->url ? KF_AGAIN : KF_NOMEM;
}

static enum kf_rc ask_piece(struct slice url, struct arena *a, const struct env *env, const struct media *m, struct http_req *ret)
{
    enum kf_rc rc = ask_media(url, a, env, m->id, ret);
    struct http_pair *header = ARENA_NEW(a, struct http_pair);
    char *range = arena_printf(a, "bytes=%lld-%lld", (long long)m->come, (long long)(m->come + PIECE - 1));

    if (rc != KF_AGAIN)
        return rc;
    if (!header || !range)
        return KF_NOMEM;
    *header = (struct http_pair){ SLICE("Range"), slice_of(range) };
    ret->headers = header;
    ret->n_headers = 1;
    return KF_AGAIN;
}

/* A file, or words instead of one: only JSON is JSON, whatever it calls itself. */
static bool may_be_json(const struct http_resp *resp)
{
    return resp->status == 200 && resp->body.n && resp->body.n < 65536 && resp->body.p[0] == '{';
}

enum kf_rc wx_media(struct slice url, struct arena *a, const struct env *env, const struct media *m, const struct http_resp *last,
                    struct http_req *ret)
{
    struct json_keep keep = { .arena = a };
    struct slice at;
    int64_t code = WX_OK;
    json_t *root;

    *ret = (struct http_req){ .url = NULL }; /* unless anything else is said, it is what came */
    if (!m->id.n)
        return m->url.n ? fetch_at(url, a, m->url, ret) : KF_INVALID;
    if (!last)
        return ask_media(url, a, env, m->id, ret);
    if (last->status == 206 && m->come)
        return m->come < m->size ? ask_piece(url, a, env, m, ret) : KF_OK;
    root = may_be_json(last) ? json_read(a, last->body, JSON_OF_PLATFORMS, NULL) : NULL;
    at = json_get_text(&keep, root, "video_url");
    json_get_i64(root, "errcode", &code);
    json_decref(root);
    if (keep.failed)
        return KF_NOMEM;
    if (token_failed(code))
        return KF_AUTH;
    if (code == WX_BUSY || code == 45009 || code == 45011 || code == 45033)
        return KF_RATE;
    if (at.n)
        return fetch_at(url, a, at, ret);
    if (code == WX_TOO_LARGE_WHOLE && m->asked == 1)
        return ask_piece(url, a, env, m, ret);
    if (code != WX_OK)
        return m->url.n ? fetch_at(url, a, m->url, ret) : KF_IO;
    return KF_OK;
}
