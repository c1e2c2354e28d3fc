/* The generic webhook. The first byte chooses: `H` header lines up to an empty line, then a body, as they come; `A` an answer to what we
 * sent; `T` a text to send; anything else belongs to a body that is signed rightly, so that what is behind the signature is reached. */
#include "fuzz_channel.h"

#include "protocols/generic_impl.h"
#include "protocols/json.h"

static const char settings[] = "{\"url\":\"https://crm.example/\",\"secrets\":[\"whsec_a2VmdWQtc3RhbmRhcmQtd2ViaG9vay1rZXktMDAwMDAx\"],"
                               "\"public_keys\":[\"whpk_GffB9ajxp3TrQePyidlaFjKRMABCxA0cY91s8HD0ZnU=\"],"
                               "\"send_secrets\":[\"whsec_a2VmdWQtc3RhbmRhcmQtd2ViaG9vay1rZXktMDAwMDAx\"]}";

static void post(struct channel *ch, struct arena *a, const struct http_pair *headers, size_t n, struct slice body)
{
    struct http_req req = { .method = "POST", .url = "/hooks/x", .headers = headers, .n_headers = n, .body = body };
    struct env env = { .now_ms = FUZZ_NOW_MS };
    struct received r;

    if (!generic_ops.receive(ch, a, &req, &env, &r))
        fuzz_received(&r);
}

static void post_signed(struct channel *ch, struct arena *a, struct slice body)
{
    struct http_pair headers[3] = { { SLICE("webhook-id"), SLICE("e1") }, { SLICE("webhook-timestamp"), SLICE("1789990007") } };
    struct buf b;

    buf_init(&b, 256);
    fuzz_must(generic_sign(&generic_of(ch)->in[0], SLICE("e1"), SLICE("1789990007"), body, &b));
    headers[2] = (struct http_pair){ SLICE("webhook-signature"), buf_slice(&b) };
    post(ch, a, headers, 3, body);
    buf_finish(&b);
}

static void post_raw(struct channel *ch, struct arena *a, struct slice text)
{
    struct http_pair headers[16];
    size_t n = fuzz_headers(&text, headers, 16);

    post(ch, a, headers, n, text);
}

static void answer(struct channel *ch, struct arena *a, struct slice text)
{
    static const int statuses[] = { 200, 409, 422, 429, 400 };

    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        struct errand e = fuzz_errand(SLICE("x"));
        const struct http_pair headers[] = { { SLICE("retry-after"), text }, { SLICE("date"), text } };
        struct http_resp resp = { .status = statuses[i], .headers = headers, .n_headers = 2, .body = text };
        struct outcome out;

        if (!generic_ops.settle(ch, a, &e, &resp, &out))
            fuzz_must(utf8_valid(out.ref) && utf8_valid(out.code) && utf8_valid(out.text) && out.retry_after_ms >= 0);
    }
}

static void send(struct channel *ch, struct arena *a, struct slice text)
{
    struct errand e = fuzz_errand(text);
    struct env env = { .now_ms = FUZZ_NOW_MS };
    struct http_req req;
    json_t *root;

    if (!utf8_valid(text) || generic_ops.encode(ch, a, &e, &env, &req))
        return;
    root = json_loadb(req.body.p, req.body.n, JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, NULL);
    fuzz_must(root != NULL);
    json_decref(root);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct channel *ch = fuzz_open(&generic_ops, settings);
    struct arena *a = arena_new(4u << 20);
    struct slice all = fuzz_slice(data, size), rest = size ? fuzz_slice(data + 1, size - 1) : all;

    switch (size ? data[0] : 0) {
    case 'H':
        post_raw(ch, a, rest);
        break;
    case 'A':
        answer(ch, a, rest);
        break;
    case 'T':
        send(ch, a, rest);
        break;
    default:
        post_signed(ch, a, all);
        break;
    }
    arena_free(a);
    generic_ops.close(ch);
    return 0;
}
