/* WeCom's callback and its API. The first byte chooses: `Q` a raw query, an empty line, a body; `S` a notice that is encrypted rightly; `I`
 * an item of a page, `K` a token, `N` names, `M` an answer for a file, `U` one to an upload, `A` one to what we sent; anything else is a page. */
#include "fuzz_channel.h"

#include "protocols/wecom_impl.h"
#include "protocols/xml.h"

#define CORP "ww7a31f0de55c28b90"

static const char settings[] =
    "{\"corp_id\":\"" CORP "\",\"secret\":\"0123456789\",\"open_kfid\":\"wkOne\",\"token\":\"Kefud2024Token\",\"encoding_aes_key\":"
    "\"Q5saW4j2yEykBcmuGibjvr1xfHiyh0SGMirZ4uPUC0J\",\"welcome\":\"hi\",\"goodbye\":\"bye\",\"take\":true}";

static const struct env env = { .now_ms = FUZZ_NOW_MS, .token = { "TKN", 3 }, .cursor = { "c1", 2 } };

static void call(struct channel *ch, struct arena *a, const char *method, const struct http_pair *query, size_t n, struct slice body)
{
    struct http_req req = { .method = method, .url = "/hooks/x", .query = query, .n_query = n, .body = body };
    struct received r;

    if (!wecom_kf_ops.receive(ch, a, &req, &env, &r))
        fuzz_received(&r);
}

static void encrypted(struct channel *ch, struct arena *a, struct slice document)
{
    struct slice sealed = SLICE("");
    struct http_pair query[4] = { { SLICE("timestamp"), SLICE("1") }, { SLICE("nonce"), SLICE("2") } };
    struct slice parts[4];
    char text[41];
    struct buf b;

    if (wx_encrypt(&wecom_of(ch)->key, a, env.chance, document, SLICE(CORP), &sealed))
        return;
    parts[0] = SLICE("Kefud2024Token");
    parts[1] = SLICE("1");
    parts[2] = SLICE("2");
    parts[3] = sealed;
    fuzz_must(wx_sign(parts, 4, text));
    query[2] = (struct http_pair){ SLICE("msg_signature"), slice_of(text) };
    query[3] = (struct http_pair){ SLICE("echostr"), sealed };
    buf_init(&b, 16u << 20);
    buf_str(&b, "<xml>");
    xml_write(&b, "Encrypt", sealed);
    buf_str(&b, "</xml>");
    call(ch, a, "POST", query, 3, buf_slice(&b));
    call(ch, a, "GET", query, 4, SLICE(""));
    buf_finish(&b);
}

static void page(struct channel *ch, struct arena *a, struct slice body, struct slice names)
{
    struct http_resp resp = { .status = 200, .body = body };
    struct pulled done = { .n = 0 };
    struct http_req req;
    enum kf_rc rc = wecom_kf_ops.pull(ch, a, &env, SLICE("t"), &resp, &req, &done);

    if (rc == KF_AGAIN && done.inbound) {
        resp.body = names;
        rc = wecom_kf_ops.pull(ch, a, &env, SLICE("t"), &resp, &req, &done);
    }
    if (rc)
        return;
    fuzz_must(!done.token_expired || (done.n == 0 && !done.more));
    for (size_t i = 0; i < done.n; i++)
        fuzz_event(&done.inbound[i]);
    for (size_t i = 0; i < done.n_after; i++)
        fuzz_must(done.after[i].url && utf8_valid(done.after[i].body));
}

static void item(struct channel *ch, struct arena *a, struct slice body)
{
    struct buf b;

    buf_init(&b, 16u << 20);
    buf_str(&b, "{\"errcode\":0,\"next_cursor\":\"c2\",\"has_more\":0,\"msg_list\":[");
    buf_add(&b, body);
    buf_str(&b, "]}");
    page(ch, a, buf_slice(&b), SLICE("{}"));
    buf_finish(&b);
}

static void api(struct channel *ch, struct arena *a, uint8_t which, struct slice body)
{
    struct http_resp resp = { .status = 200, .body = body };
    const struct media file = { .type = TYPE_FILE, .id = SLICE("v") };
    const struct upload up = { .bytes = SLICE("0123456789"), .mime = "image/png" };
    struct errand e = fuzz_errand(SLICE("x"));
    struct renewed token = { .expires_ms = 0 };
    struct uploaded done;
    struct outcome out;
    struct http_req req;

    if (which == 'K' && !wecom_kf_ops.renew(ch, a, &env, &resp, &req, &token))
        fuzz_must(token.token.n > 0 && token.expires_ms >= FUZZ_NOW_MS);
    else if (which == 'N')
        page(
            ch, a,
            SLICE(
                "{\"errcode\":0,\"msg_list\":[{\"msgid\":\"1\",\"external_userid\":\"u\",\"send_time\":1,\"origin\":3,\"msgtype\":\"text\","
                "\"text\":{\"content\":\"x\"}}]}"),
            body);
    else if (which == 'M')
        (void)wecom_kf_ops.media(ch, a, &env, &file, &resp, &req);
    else if (which == 'U' && !wecom_kf_ops.upload(ch, a, &e, &up, &env, &resp, &req, &done))
        fuzz_must(done.outcome.cls != OUTCOME_SENT || done.id.n > 0);
    else if (which == 'A' && !wecom_kf_ops.settle(ch, a, &e, &resp, &out))
        fuzz_must(utf8_valid(out.code) && utf8_valid(out.text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct channel *ch = fuzz_open(&wecom_kf_ops, settings);
    struct arena *a = arena_new(4u << 20);
    struct slice rest = fuzz_slice(data + (size > 0), size - (size > 0));

    if (size && data[0] == 'Q')
        fuzz_line_and_body(ch, a, call, rest);
    else if (size && data[0] == 'S')
        encrypted(ch, a, rest);
    else if (size && data[0] == 'I')
        item(ch, a, rest);
    else if (size && data[0] && strchr("KNMUA", data[0]))
        api(ch, a, data[0], rest);
    else
        page(ch, a, fuzz_slice(data, size), SLICE("{}"));
    arena_free(a);
    wecom_kf_ops.close(ch);
    return 0;
}
