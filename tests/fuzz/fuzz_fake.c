/* The fake platform's webhook and its API. The first byte chooses: `Q` a raw query, an empty line, a body; `P` a page, `K` a token, `M` an
 * address of media, `A` an answer to what we sent; anything else belongs to a notice that is signed rightly. */
#include "fuzz_channel.h"

#include "protocols/fake.h"

static const char settings[] = "{\"url\":\"https://api.fake.example/\",\"app\":\"app-1\",\"secret\":\"s3cret-of-the-app\","
                               "\"token\":\"Kefud2026Fake\"}";

static const struct env env = { .now_ms = FUZZ_NOW_MS, .token = { "TKN", 3 }, .cursor = { "c1", 2 } };

static void call(struct channel *ch, struct arena *a, const char *method, const struct http_pair *query, size_t n, struct slice body)
{
    struct http_req req = { .method = method, .url = "/hooks/x", .query = query, .n_query = n, .body = body };
    struct received r;

    if (fake_ops.receive(ch, a, &req, &env, &r))
        return;
    fuzz_received(&r);
    if (r.answer_key.n) {
        struct env answering = { .now_ms = FUZZ_NOW_MS, .answering = true, .answer_key = r.answer_key };
        struct errand e = fuzz_errand(SLICE("您好"));
        struct http_req out;

        fuzz_must(!fake_ops.encode(ch, a, &e, &answering, &out));
    }
}

static void notice(struct channel *ch, struct arena *a, struct slice body)
{
    struct slice parts[] = { SLICE("Kefud2026Fake"), SLICE("1"), SLICE("2"), body };
    struct http_pair query[3] = { { SLICE("timestamp"), SLICE("1") }, { SLICE("nonce"), SLICE("2") } };
    uint8_t digest[SIGN_SHA256];
    struct buf b;

    fuzz_must(sign_sorted_sha256(parts, 4, digest));
    buf_init(&b, 100);
    sign_hex(&b, digest, sizeof(digest));
    query[2] = (struct http_pair){ SLICE("signature"), buf_slice(&b) };
    call(ch, a, "POST", query, 3, body);
    buf_finish(&b);
}

static void api(struct channel *ch, struct arena *a, uint8_t which, struct slice body)
{
    struct http_resp resp = { .status = 200, .body = body };
    struct media voice = { .type = TYPE_AUDIO, .id = SLICE("v") };
    struct errand e = fuzz_errand(SLICE("x"));
    struct pulled page = { .n = 0 };
    struct renewed token = { .expires_ms = 0 };
    struct outcome out;
    struct http_req req;

    if (which == 'P' && !fake_ops.pull(ch, a, &env, SLICE("t"), &resp, &req, &page)) {
        for (size_t i = 0; i < page.n; i++)
            fuzz_event(&page.inbound[i]);
        fuzz_must(!page.token_expired || (page.n == 0 && !page.more));
    } else if (which == 'K' && !fake_ops.renew(ch, a, &env, &resp, &req, &token)) {
        fuzz_must(token.token.n > 0 && token.expires_ms >= FUZZ_NOW_MS);
    } else if (which == 'M') {
        (void)fake_ops.media(ch, a, &env, &voice, &resp, &req);
    } else if (which == 'A' && !fake_ops.settle(ch, a, &e, &resp, &out)) {
        fuzz_must(utf8_valid(out.code) && utf8_valid(out.text));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct channel *ch = fuzz_open(&fake_ops, settings);
    struct arena *a = arena_new(4u << 20);

    if (size && data[0] == 'Q')
        fuzz_line_and_body(ch, a, call, fuzz_slice(data + 1, size - 1));
    else if (size && strchr("PKMA", data[0]) && data[0])
        api(ch, a, data[0], fuzz_slice(data + 1, size - 1));
    else
        notice(ch, a, fuzz_slice(data, size));
    arena_free(a);
    fake_ops.close(ch);
    return 0;
}
