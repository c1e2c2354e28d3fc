/* WeChat's webhook and its API. The first byte chooses: `Q` a raw query, an empty line, a body; `S` a document that is encrypted rightly;
 * `D` a ciphertext that is signed rightly; `K` a token, `M` an answer for a file, `U` one to an upload, `A` one to what we sent; anything
 * else is a document that is signed rightly. */
#include "fuzz_channel.h"

#include "protocols/wechat_impl.h"
#include "protocols/xml.h"

#define APP "wx5d3f0c9a17be6e42"

static const char plain[] = "{\"app_id\":\"" APP "\",\"app_secret\":\"0123456789\",\"token\":\"Kefud2024Token\",\"welcome\":\"hi\"}";
static const char safe[] = "{\"app_id\":\"" APP "\",\"app_secret\":\"0123456789\",\"token\":\"Kefud2024Token\",\"welcome\":\"hi\","
                           "\"mode\":\"safe\",\"encoding_aes_key\":\"Q5saW4j2yEykBcmuGibjvr1xfHiyh0SGMirZ4uPUC0J\"}";

static const struct env env = { .now_ms = FUZZ_NOW_MS, .token = { "TKN", 3 } };

static void call(struct channel *ch, struct arena *a, const char *method, const struct http_pair *query, size_t n, struct slice body)
{
    struct http_req req = { .method = method, .url = "/hooks/x", .query = query, .n_query = n, .body = body };
    struct received r;

    if (wechat_ops.receive(ch, a, &req, &env, &r))
        return;
    fuzz_received(&r);
    if (r.answer_key.n) {
        struct env answering = { .now_ms = FUZZ_NOW_MS, .answering = true, .answer_key = r.answer_key };
        struct errand e = fuzz_errand(SLICE("您好"));
        struct xml_node *root;
        struct http_req out;

        fuzz_must(!wechat_ops.encode(ch, a, &e, &answering, &out));
        fuzz_must(!xml_read(a, out.body, &root, NULL));
    }
}

static void post(struct channel *ch, struct arena *a, const char *name, struct slice sealed, struct slice body)
{
    struct slice parts[] = { SLICE("Kefud2024Token"), SLICE("1"), SLICE("2"), sealed };
    struct http_pair query[3] = { { SLICE("timestamp"), SLICE("1") }, { SLICE("nonce"), SLICE("2") } };
    char text[41];

    fuzz_must(wx_sign(parts, sealed.n ? 4 : 3, text));
    query[2] = (struct http_pair){ slice_of(name), slice_of(text) };
    call(ch, a, "POST", query, 3, body);
}

static void post_sealed(struct channel *ch, struct arena *a, struct slice sealed)
{
    struct buf b;

    buf_init(&b, 16u << 20);
    buf_str(&b, "<xml>");
    xml_write(&b, "Encrypt", sealed);
    buf_str(&b, "</xml>");
    if (sealed.n)
        post(ch, a, "msg_signature", sealed, buf_slice(&b));
    buf_finish(&b);
}

static void encrypted(struct channel *ch, struct arena *a, struct slice document)
{
    struct slice sealed, back;
    enum kf_rc rc = wx_encrypt(&wechat_of(ch)->key, a, env.chance, document, SLICE(APP), &sealed);

    if (rc)
        return;
    fuzz_must(!wx_decrypt(&wechat_of(ch)->key, a, sealed, SLICE(APP), &back) && slice_eq(back, document));
    post_sealed(ch, a, sealed);
}

/* The bytes become base64, so that they reach what is behind it. */
static void ciphertext(struct channel *ch, struct arena *a, struct slice bytes)
{
    struct buf b;

    buf_init(&b, 16u << 20);
    sign_base64(&b, bytes.p, bytes.n);
    post_sealed(ch, a, buf_slice(&b));
    buf_finish(&b);
}

static void api(struct channel *ch, struct arena *a, uint8_t which, struct slice body)
{
    struct http_resp resp = { .status = 200, .body = body };
    const struct media file = { .type = TYPE_VIDEO, .id = SLICE("v") };
    const struct upload up = { .bytes = SLICE("x"), .mime = "image/png" };
    struct errand e = fuzz_errand(SLICE("x"));
    struct renewed token = { .expires_ms = 0 };
    struct uploaded done;
    struct outcome out;
    struct http_req req;

    e.message.kind = MESSAGE_IMAGE;
    if (which == 'K' && !wechat_ops.renew(ch, a, &env, &resp, &req, &token))
        fuzz_must(token.token.n > 0 && token.expires_ms >= FUZZ_NOW_MS);
    else if (which == 'M')
        (void)wechat_ops.media(ch, a, &env, &file, &resp, &req);
    else if (which == 'U' && !wechat_ops.upload(ch, a, &e, &up, &env, &resp, &req, &done))
        fuzz_must(done.outcome.cls != OUTCOME_SENT || done.id.n > 0);
    else if (which == 'A' && !wechat_ops.settle(ch, a, &e, &resp, &out))
        fuzz_must(utf8_valid(out.code) && utf8_valid(out.text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct channel *ch = fuzz_open(&wechat_ops, size && (data[0] == 'S' || data[0] == 'D') ? safe : plain);
    struct arena *a = arena_new(4u << 20);
    struct slice rest = fuzz_slice(data + (size > 0), size - (size > 0));

    if (size && data[0] == 'Q')
        fuzz_line_and_body(ch, a, call, rest);
    else if (size && data[0] == 'S')
        encrypted(ch, a, rest);
    else if (size && data[0] == 'D')
        ciphertext(ch, a, rest);
    else if (size && data[0] && strchr("KMUA", data[0]))
        api(ch, a, data[0], rest);
    else
        post(ch, a, "signature", SLICE(""), fuzz_slice(data, size));
    arena_free(a);
    wechat_ops.close(ch);
    return 0;
}
