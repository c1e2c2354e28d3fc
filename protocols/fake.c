/* fake.c: settings, token and media of the fake channel. Notices are read by fake_in.c, replies are written by fake_out.c. */
#include "protocols/fake_impl.h"
#include "protocols/sign.h"
#include "protocols/stamp.h"
#include "protocols/url.h"

/* A token is renewed so long before it ends. */
#define RENEW_AHEAD_S 300

static const struct setting_key keys[] = {
    { .name = "url", .type = SETTING_URL, .required = true, .min = 8, .max = 2048, .help = "address of the platform's API" },
    { .name = "app", .type = SETTING_TEXT, .required = true, .min = 1, .max = 64, .help = "our name there" },
    { .name = "secret",
      .type = SETTING_TEXT,
      .required = true,
      .secret = true,
      .min = 8,
      .max = 128,
      .help = "proves that we are that app" },
    { .name = "token",
      .type = SETTING_TEXT,
      .required = true,
      .secret = true,
      .min = 3,
      .max = 64,
      .help = "with which the platform signs what it sends to us" },
    { .name = NULL },
};

static enum kf_rc read_settings(struct channel *ch, const json_t *root, struct kf_err *why)
{
    struct fake *f = (void *)ch;
    struct json_keep keep = { .arena = f->arena };

    f->url = json_get_text(&keep, root, "url");
    f->app = json_get_text(&keep, root, "app");
    f->secret = json_get_text(&keep, root, "secret");
    f->token = json_get_text(&keep, root, "token");
    if (keep.failed)
        return kf_fail(why, KF_NOMEM, "no memory for a channel");
    if (!f->url.n || !f->app.n || !f->secret.n || !f->token.n)
        return kf_fail(why, KF_INVALID, "url, app, secret and token: required");
    return KF_OK;
}

static enum kf_rc fake_open(struct channel **ret, struct slice settings, struct kf_err *why)
{
    return channel_make(ret, sizeof(struct fake), settings, read_settings, why);
}

/* ---- talking to it --------------------------------------------------------------------------------------------------------- */

static const char *address(const struct fake *f, struct arena *a, const char *path, struct slice token, struct slice id)
{
    char *ret = NULL;
    struct buf b;

    buf_init(&b, 65536);
    buf_add(&b, f->url);
    if (f->url.p[f->url.n - 1] == '/')
        b.n--;
    buf_str(&b, path);
    if (token.n) {
        buf_str(&b, "?token=");
        url_escape(&b, token);
    }
    if (id.n) {
        buf_str(&b, "&id=");
        url_escape(&b, id);
    }
    if (buf_ok(&b))
        ret = arena_text(a, buf_slice(&b));
    buf_finish(&b);
    return ret;
}

const char *fake_address(const struct fake *f, struct arena *a, const char *path, struct slice token)
{
    return address(f, a, path, token, SLICE(""));
}

enum kf_rc fake_post(const struct fake *f, struct arena *a, const char *path, struct slice token, struct buf *body, struct http_req *ret)
{
    static const struct http_pair headers[] = { { SLICE("Content-Type"), SLICE("application/json") } };

    *ret = (struct http_req){
        .method = "POST",
        .url = address(f, a, path, token, SLICE("")),
        .headers = headers,
        .n_headers = 1,
        .body = buf_copy(body, a),
    };
    buf_finish(body);
    return ret->url && ret->body.p ? KF_OK : KF_NOMEM;
}

json_t *fake_answer(struct arena *a, const struct http_resp *resp, int64_t *code)
{
    json_t *root = resp->status == 200 ? json_read(a, resp->body, JSON_OF_PLATFORMS, NULL) : NULL;

    if (root && json_get_i64(root, "code", code))
        return root;
    json_decref(root);
    return NULL;
}

bool fake_token_failed(int64_t code)
{
    return code == FAKE_TOKEN_WRONG || code == FAKE_TOKEN_EXPIRED;
}

/* ---- token ------------------------------------------------------------------------------------------------------------------- */

static enum kf_rc ask_token(const struct fake *f, struct arena *a, struct slice challenge, struct http_req *ret)
{
    uint8_t proof[SIGN_SHA256];
    enum kf_rc rc;
    struct buf b;

    buf_init(&b, 4096);
    buf_str(&b, "{\"app\":");
    buf_json(&b, f->app);
    if (challenge.n) {
        if (!sign_hmac_sha256(f->secret, &challenge, 1, proof)) {
            buf_finish(&b);
            return KF_NOMEM;
        }
        buf_str(&b, ",\"challenge\":");
        buf_json(&b, challenge);
        buf_str(&b, ",\"proof\":\"");
        sign_hex(&b, proof, sizeof(proof));
        buf_char(&b, '"');
    }
    buf_char(&b, '}');
    rc = fake_post(f, a, "/token", SLICE(""), &b, ret);
    return rc ? rc : KF_AGAIN;
}

static enum kf_rc fake_renew(const struct channel *ch, struct arena *a, const struct env *env, const struct http_resp *last,
                             struct http_req *ret, struct renewed *done)
{
    struct json_keep keep = { .arena = a };
    struct slice challenge, token;
    int64_t seconds = 0;
    json_t *root;

    if (!last)
        return ask_token(fake_of(ch), a, SLICE(""), ret);
    if (last->status == 401 || last->status == 403)
        return KF_AUTH;
    done->retry_after_ms = stamp_retry_after(last);
    root = last->status == 200 ? json_read(a, last->body, JSON_OF_PLATFORMS, NULL) : NULL;
    challenge = json_get_text(&keep, root, "challenge");
    token = json_get_text(&keep, root, "token");
    json_get_i64(root, "expires_in", &seconds);
    json_decref(root);
    if (keep.failed)
        return KF_NOMEM;
    if (token.n && seconds > 0 && seconds < 10 * 365 * 86400LL) {
        done->token = token;
        done->expires_ms = env->now_ms + 1000 * (seconds > 2 * RENEW_AHEAD_S ? seconds - RENEW_AHEAD_S : seconds / 2);
        return KF_OK;
    }
    return challenge.n ? ask_token(fake_of(ch), a, challenge, ret) : KF_IO;
}

/* ---- media ------------------------------------------------------------------------------------------------------------------- */

/* Where the bytes of a voice are is for the platform to say, but not everywhere is a place to go. */
static enum kf_rc fetch(const struct fake *f, struct arena *a, struct slice url, const struct url *parts, struct http_req *ret)
{
    struct url own;

    *ret = (struct http_req){ .method = "GET", .url = arena_text(a, url), .stranger = true };
    if (url_parse(f->url, &own))
        ret->stranger = !url_host_is(parts, own.host);
    return ret->url ? KF_OK : KF_NOMEM;
}

static enum kf_rc fake_media(const struct channel *ch, struct arena *a, const struct env *env, const struct media *m,
                             const struct http_resp *last, struct http_req *ret)
{
    struct json_keep keep = { .arena = a };
    struct slice url;
    struct url parts;
    int64_t code = FAKE_OK;
    json_t *root;

    if (!m->id.n)
        return KF_INVALID;
    if (!last) {
        const char *at = env->token.n ? address(fake_of(ch), a, "/media", env->token, m->id) : "";

        if (!env->token.n)
            return KF_AUTH;
        *ret = (struct http_req){ .method = "GET", .url = at };
        return !at ? KF_NOMEM : m->type == TYPE_AUDIO ? KF_AGAIN : KF_OK;
    }
    root = last->status == 200 ? json_read(a, last->body, JSON_OF_PLATFORMS, NULL) : NULL;
    url = json_get_text(&keep, root, "url");
    json_get_i64(root, "code", &code);
    json_decref(root);
    if (keep.failed)
        return KF_NOMEM;
    if (fake_token_failed(code))
        return KF_AUTH;
    return url.p && url_parse(url, &parts) ? fetch(fake_of(ch), a, url, &parts, ret) : KF_IO;
}

const struct channel_ops fake_ops = {
    .name = "fake",
    .caps = CHAN_IMAGE | CHAN_TYPING | CHAN_ANSWERS | CHAN_RECEIPTS | CHAN_CARD,
    .text_max = 600,
    .body_max = 65536,
    .answer_ms = 2000,
    .window_ms = 48 * 3600 * 1000LL,
    .window_count = 5,
    .poll_ms = 300000,
    .upload_max = 2 << 20,
    .keys = keys,
    .words = fake_chinese,
    .open = fake_open,
    .close = channel_unmake,
    .receive = fake_receive,
    .encode = fake_encode,
    .settle = fake_settle,
    .renew = fake_renew,
    .pull = fake_pull,
    .media = fake_media,
    .upload = fake_upload,
};
