/* WhatsApp's webhook and Meta's API. The first byte chooses: `A` an answer to what we sent, `U` to a file, `M` to a question for media, `C` what a
 * message has beside its words, `Q` the query of a handshake, `S` a body that is signed as if it were written in ASCII; anything else
 * begins a body that is signed as it is. */
#include "fuzz_channel.h"

#include "protocols/json.h"
#include "protocols/whatsapp.h"

#define SECRET "kefud-wa-app-secret-01"

static const char settings[] = "{\"number\":\"209715200000002\",\"token\":\"EAAtest-token\",\"app_secrets\":[\"" SECRET
                               "\"],\"verify_token\":\"kefud-verify-01\",\"template\":\"hello\"}";

static const struct env env = { .now_ms = FUZZ_NOW_MS };

/* What Meta says that it signs; written a second time, the slow way. */
static void escape(struct buf *b, struct slice body)
{
    for (size_t i = 0; i < body.n;) {
        uint32_t cp = utf8_next(body, &i);

        if (cp < 0x7f)
            buf_char(b, (char)cp);
        else if (cp < 0x10000)
            buf_printf(b, "\\u%04x", cp);
        else
            buf_printf(b, "\\u%04x\\u%04x", 0xd7c0 + (cp >> 10), 0xdc00 | (cp & 0x3ff));
    }
}

static void body(struct channel *ch, struct arena *a, struct slice text, struct slice signed_over)
{
    static const struct slice key = { SECRET, sizeof(SECRET) - 1 };
    struct http_pair header = { SLICE("X-Hub-Signature-256"), { NULL, 0 } };
    struct http_req req = { .method = "POST", .url = "/hooks/x", .headers = &header, .n_headers = 1, .body = text };
    uint8_t mac[SIGN_SHA256];
    struct received r;
    struct buf b;

    fuzz_must(sign_hmac_sha256(key, &signed_over, 1, mac));
    buf_init(&b, 100);
    buf_str(&b, "sha256=");
    sign_hex(&b, mac, sizeof(mac));
    header.value = buf_slice(&b);
    if (!whatsapp_ops.receive(ch, a, &req, &env, &r)) {
        fuzz_must(!r.refused || strcmp(r.refused, "malformed_body") == 0);
        fuzz_received(&r);
        for (size_t i = 0; i < r.n; i++) {
            const struct inbound *in = &r.inbound[i];

            fuzz_must(utf8_valid(in->was) && utf8_valid(in->referral));
            fuzz_must(in->id.n > 0 && in->id.n < 256 && in->user.n < 256 && in->ref.n < 256);
        }
    }
    buf_finish(&b);
}

static void handshake(struct channel *ch, struct arena *a, struct slice text)
{
    struct http_pair query[16];
    size_t n = url_query(a, text, query, 16);
    struct http_req req = { .method = "GET", .url = "/hooks/x", .query = query, .n_query = n };
    struct received r;

    if (n <= 16 && !whatsapp_ops.receive(ch, a, &req, &env, &r)) {
        fuzz_received(&r);
        fuzz_must(r.refused || slice_is(http_query(query, n, "hub.verify_token"), "kefud-verify-01"));
    }
}

static void answer(struct channel *ch, struct arena *a, struct slice text, bool file)
{
    static const int statuses[] = { 200, 400, 401, 429, 500 };
    struct errand e = fuzz_errand(SLICE("x"));
    struct http_resp resp = { .status = statuses[text.n % 5], .sent = true, .body = text };
    struct upload up = { .bytes = SLICE("x"), .mime = "image/png", .name = "x" };
    struct uploaded done = { .said = false };
    struct outcome out;
    struct http_req req;
    enum kf_rc rc;

    if (file) {
        rc = whatsapp_ops.upload(ch, a, &e, &up, &env, &resp, &req, &done);
        out = done.outcome;
        fuzz_must(rc || out.cls != OUTCOME_SENT || done.id.n > 0);
    } else {
        rc = whatsapp_ops.settle(ch, a, &e, &resp, &out);
    }
    if (!rc)
        fuzz_must(utf8_valid(out.code) && utf8_valid(out.text) && utf8_valid(out.ref) && out.retry_after_ms >= 0);
}

static void send(struct channel *ch, struct arena *a, const char *extra)
{
    static const enum message_kind kinds[] = { MESSAGE_TEXT, MESSAGE_IMAGE };

    for (size_t i = 0; i < 4; i++) {
        struct errand e = fuzz_errand(SLICE("some \n words"));
        struct http_req req;
        json_t *root;

        e.message.kind = kinds[i & 1];
        e.media_id = i & 1 ? "77" : NULL;
        e.handle_expires_ms = i & 2 ? 1 : 0;
        e.message.extra = extra;
        if (whatsapp_ops.encode(ch, a, &e, &env, &req))
            continue;
        root = json_loadb(req.body.p, req.body.n, 0, NULL);
        fuzz_must(root != NULL);
        json_decref(root);
    }
}

static void media(struct channel *ch, struct arena *a, struct slice text)
{
    struct http_resp resp = { .status = 200, .sent = true, .body = text };
    struct media m = { .type = TYPE_IMAGE, .id = SLICE("f"), .asked = 1 };
    struct http_req req;
    struct url u;

    if (whatsapp_ops.media(ch, a, &env, &m, &resp, &req) != KF_AGAIN)
        return;
    fuzz_must(url_parse(slice_of(req.url), &u));
    if (req.n_headers)
        fuzz_must(!req.stranger && (url_host_is(&u, SLICE("graph.facebook.com")) || url_host_is(&u, SLICE("lookaside.fbsbx.com"))));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct channel *ch = fuzz_open(&whatsapp_ops, settings);
    struct arena *a = arena_new(16u << 20);
    struct slice all = fuzz_slice(data, size), rest = fuzz_slice(data + (size > 0), size - (size > 0));
    char *text = arena_text(a, rest);

    switch (size ? data[0] : 0) {
    case 'A':
    case 'U':
        answer(ch, a, rest, data[0] == 'U');
        break;
    case 'M':
        media(ch, a, rest);
        break;
    case 'Q':
        handshake(ch, a, rest);
        break;
    case 'S': {
        struct buf b;

        buf_init(&b, 6 * size + 1);
        escape(&b, rest);
        if (utf8_valid(rest) && buf_ok(&b))
            body(ch, a, rest, buf_slice(&b));
        buf_finish(&b);
        break;
    }
    case 'C': {
        json_t *root = json_loadb(rest.p, rest.n, 0, NULL);

        if (text && json_is_object(root))
            send(ch, a, text);
        json_decref(root);
        break;
    }
    default:
        body(ch, a, all, all);
    }
    arena_free(a);
    whatsapp_ops.close(ch);
    return 0;
}
