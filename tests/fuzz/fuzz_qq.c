/* QQ bots. The first byte chooses: `H` header lines up to an empty line, then a body, as they come; `A` an answer to what we sent; `K` a
 * token; `U` what came of an upload; `T` a text to send; anything else belongs to a body that is signed rightly. */
#include "fuzz_channel.h"

#include "protocols/json.h"
#include "protocols/qq_impl.h"

static const char settings[] = "{\"app_id\":\"102345678\",\"app_secret\":\"rT5wQ8zLm2Xc9VbN\",\"typing\":true}";

static const struct env env = { .now_ms = FUZZ_NOW_MS, .token = { "TKN", 3 } };

static void post(struct channel *ch, struct arena *a, const struct http_pair *headers, size_t n, struct slice body)
{
    struct http_req req = { .method = "POST", .url = "/hooks/x", .headers = headers, .n_headers = n, .body = body };
    struct received r;

    if (qq_ops.receive(ch, a, &req, &env, &r))
        return;
    fuzz_received(&r);
    for (size_t i = 0; i < r.n; i++)
        fuzz_must(utf8_valid(r.inbound[i].user_name) && utf8_valid(r.inbound[i].peer));
    if (!r.refused) {
        json_t *root = json_loadb(r.body.p, r.body.n, JSON_ALLOW_NUL, NULL);

        fuzz_must(root != NULL);
        json_decref(root);
    }
}

static void post_signed(struct channel *ch, struct arena *a, struct slice body)
{
    struct http_pair headers[2] = { { SLICE("x-signature-timestamp"), SLICE("1718200000") } };
    uint8_t signature[SIGN_ED25519];
    struct buf b;

    buf_init(&b, body.n + 256);
    buf_str(&b, "1718200000");
    buf_add(&b, body);
    fuzz_must(sign_ed25519(qq_of(ch)->keys[0].seed, buf_slice(&b), signature));
    buf_clear(&b);
    sign_hex(&b, signature, sizeof(signature));
    headers[1] = (struct http_pair){ SLICE("x-signature-ed25519"), buf_slice(&b) };
    post(ch, a, headers, 2, body);
    buf_finish(&b);
}

static void post_raw(struct channel *ch, struct arena *a, struct slice text)
{
    struct http_pair headers[16];
    size_t n = fuzz_headers(&text, headers, 16);

    post(ch, a, headers, n, text);
}

static void answer(struct channel *ch, struct arena *a, uint8_t which, struct slice text)
{
    static const int statuses[] = { 200, 202, 400, 429, 500 };

    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        const struct upload up = { .mime = "image/png" };
        struct errand e = fuzz_errand(SLICE("x"));
        struct http_resp resp = { .status = statuses[i], .body = text };
        struct uploaded file = { .outcome = { .cls = OUTCOME_SENT } };
        struct renewed token = { .expires_ms = 0 };
        struct outcome out;
        struct http_req req;

        e.user = e.peer;
        e.file_url = "https://kefud.example/f";
        if (which == 'A' && !qq_ops.settle(ch, a, &e, &resp, &out))
            fuzz_must(utf8_valid(out.ref) && utf8_valid(out.code) && utf8_valid(out.text) && out.retry_after_ms >= 0);
        if (which == 'U' && !qq_ops.upload(ch, a, &e, &up, &env, &resp, &req, &file))
            fuzz_must(file.outcome.cls != OUTCOME_UNCERTAIN && (file.outcome.cls != OUTCOME_SENT || file.id.n || statuses[i] == 202));
        if (which == 'K' && !qq_ops.renew(ch, a, &env, &resp, &req, &token))
            fuzz_must(token.token.n && token.expires_ms >= FUZZ_NOW_MS);
    }
}

static void send(struct channel *ch, struct arena *a, struct slice text)
{
    static const char *const users[] = { "c1", "u1" };

    for (size_t i = 0; utf8_valid(text) && i < 2; i++) {
        struct errand e = fuzz_errand(text);
        struct http_req req;
        json_t *root;

        e.user = users[i];
        if (qq_ops.encode(ch, a, &e, &env, &req))
            continue;
        root = json_loadb(req.body.p, req.body.n, JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, NULL);
        fuzz_must(root != NULL);
        json_decref(root);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct channel *ch = fuzz_open(&qq_ops, settings);
    struct arena *a = arena_new(4u << 20);
    struct slice all = fuzz_slice(data, size), rest = size ? fuzz_slice(data + 1, size - 1) : all;

    switch (size ? data[0] : 0) {
    case 'H':
        post_raw(ch, a, rest);
        break;
    case 'A':
    case 'K':
    case 'U':
        answer(ch, a, data[0], rest);
        break;
    case 'T':
        send(ch, a, rest);
        break;
    default:
        post_signed(ch, a, all);
        break;
    }
    arena_free(a);
    qq_ops.close(ch);
    return 0;
}
