/* Mail. The first byte chooses: `M` a form for Mailgun with its boundary in the first line, `S` one for SendGrid, `P` a document of Postmark,
 * all rightly signed; `R` a raw mail (Mailgun), `H` header words, `T` a text to send, `N` a relay's reply; anything else is raw, too. */
#include "fuzz_channel.h"

#include "protocols/mail_impl.h"

#define COMMON                                                                                                                    \
    "\"address\":\"support@in.kefud.example\",\"token_secret\":\"sixteen bytes of it\",\"relay\":\"smtp://r:25\",\"user\":\"u\"," \
    "\"password\":\"123456\",\"signing_keys\":[\"some-signing-key\"],\"provider\":"

static const struct env env = { .now_ms = FUZZ_NOW_MS };

static void post(const char *provider, const struct http_pair *headers, size_t n, struct slice body)
{
    struct http_req req = { .method = "POST", .url = "/hooks/x", .headers = headers, .n_headers = n, .body = body };
    struct arena *a = arena_new(64u << 20);
    struct channel *ch = fuzz_open(&mail_ops, provider);
    struct received r;

    if (!mail_ops.receive(ch, a, &req, &env, &r)) {
        fuzz_must(r.status >= 200 && r.status < 600 && (!r.refused || !r.n));
        for (size_t i = 0; i < r.n; i++) {
            const struct inbound *in = &r.inbound[i];
            struct errand e = fuzz_errand(SLICE("x"));
            struct http_req out;

            if (!in->dedupe.n) { /* it is for somebody else: that, and nothing more, is told */
                fuzz_must(in->account.n && utf8_valid(in->account) && !in->id.n && !in->user.n && !in->text.n && !in->n_media);
                continue;
            }
            fuzz_event(in);
            fuzz_must(utf8_valid(in->title) && utf8_valid(in->quoted) && utf8_valid(in->user_name) && utf8_valid(in->thread));
            for (size_t k = 0; k < in->n_media; k++)
                fuzz_must(utf8_valid(in->media[k].name) && utf8_valid(in->media[k].mime));
            if (in->kind != INBOUND_MESSAGE || !in->peer.n)
                continue;
            e.peer = arena_text(a, in->peer); /* what came in can be answered */
            e.user = "eva@mail.example";
            e.handle = arena_text(a, in->reply_token);
            fuzz_must(!in->automatic ? mail_ops.encode(ch, a, &e, &env, &out) == KF_OK : true);
        }
    }
    mail_ops.close(ch);
    arena_free(a);
}

static void mailgun_raw(struct slice raw)
{
    static const struct http_pair type = { SLICE("Content-Type"), SLICE("application/x-www-form-urlencoded") };
    const struct slice parts[] = { SLICE("1789990006"), SLICE("t") };
    uint8_t digest[SIGN_SHA256];
    struct buf b;

    fuzz_must(sign_hmac_sha256(SLICE("some-signing-key"), parts, 2, digest));
    buf_init(&b, raw.n * 3 + 4096);
    buf_str(&b, "timestamp=1789990006&token=t&recipient=support%40in.kefud.example&signature=");
    sign_hex(&b, digest, sizeof(digest));
    buf_str(&b, "&body-mime=");
    url_escape(&b, raw);
    post("{" COMMON "\"mailgun\"}", &type, 1, buf_slice(&b));
    buf_finish(&b);
}

/* The boundary, a line's end, and a form to which the signature is added in front. */
static void form(bool mailgun, struct slice text)
{
    const char *end = text.n ? memchr(text.p, '\n', text.n) : NULL;
    struct slice mark = { text.p, end ? (size_t)(end - text.p) : text.n };
    const struct slice parts[] = { SLICE("1789990006"), SLICE("t") };
    struct http_pair headers[2] = { { SLICE("Content-Type"), SLICE("") }, { SLICE("Authorization"), SLICE("Basic dToxMjM0NTY=") } };
    uint8_t digest[SIGN_SHA256];
    struct buf type, b;

    fuzz_must(sign_hmac_sha256(SLICE("some-signing-key"), parts, 2, digest));
    buf_init(&type, mark.n + 256);
    buf_str(&type, "multipart/form-data; boundary=");
    buf_add(&type, mark);
    headers[0].value = buf_slice(&type);
    buf_init(&b, text.n + mark.n * 8 + 4096);
    for (int i = 0; mailgun && i < 3; i++) {
        static const char *const names[] = { "timestamp", "token", "signature" };

        buf_str(&b, "--");
        buf_add(&b, mark);
        buf_printf(&b, "\r\nContent-Disposition: form-data; name=%s\r\n\r\n", names[i]);
        if (i < 2)
            buf_add(&b, parts[i]);
        else
            sign_hex(&b, digest, sizeof(digest));
        buf_str(&b, "\r\n");
    }
    buf_add(&b, (struct slice){ text.p + mark.n, text.n - mark.n });
    post(mailgun ? "{" COMMON "\"mailgun\"}" : "{" COMMON "\"sendgrid\"}", headers, 2, buf_slice(&b));
    buf_finish(&b);
    buf_finish(&type);
}

static void postmark(struct slice body)
{
    static const struct http_pair headers[] = { { SLICE("Authorization"), SLICE("Basic dToxMjM0NTY=") } };

    post("{" COMMON "\"postmark\"}", headers, 1, body);
}

static void words(struct slice text)
{
    struct arena *a = arena_new(64u << 20);
    struct mail_address all[8];
    struct slice ids[4];
    int64_t at = 0;
    size_t n;

    fuzz_must(utf8_valid(mail_words(a, text)) && utf8_valid(mail_param(a, text, "filename")) && utf8_valid(mail_value(a, text)));
    n = mail_addresses(a, text, all, 8);
    for (size_t i = 0; n != SIZE_MAX && i < n; i++)
        fuzz_must(utf8_valid(all[i].name) && utf8_valid(all[i].address));
    n = mail_ids(text, ids, 4);
    fuzz_must(n <= 4);
    (void)mail_date(text, &at);
    arena_free(a);
}

/* What we write is plain, ends its lines as it must, and can be read again. */
static void send(struct slice text)
{
    struct arena *a = arena_new(64u << 20);
    struct channel *ch = fuzz_open(&mail_ops, "{" COMMON "\"mailgun\"}");
    struct errand e = fuzz_errand(text);
    struct mail_letter l;
    struct http_req req;

    e.peer = "aaaaaaaaaaaaaaaa";
    e.user = "eva@mail.example";
    e.message.from.name = arena_text(a, text);
    e.handle = NULL;
    e.file = text;
    e.file_name = e.message.from.name;
    e.file_mime = "text/plain";
    if (text.n && utf8_valid(text) && !memchr(text.p, 0, text.n) && mail_ops.encode(ch, a, &e, &env, &req) == KF_OK) {
        for (size_t i = 0; i < req.body.n; i++)
            fuzz_must((unsigned char)req.body.p[i] < 0x7f && (req.body.p[i] != '\n' || (i && req.body.p[i - 1] == '\r')));
        fuzz_must(mail_mime(a, req.body, &l) && l.n_parts == 1 && slice_eq(l.parts[0].bytes, text));
    }
    mail_ops.close(ch);
    arena_free(a);
}

static void reply(struct slice text)
{
    struct arena *a = arena_new(64u << 20);
    struct channel *ch = fuzz_open(&mail_ops, "{" COMMON "\"mailgun\"}");

    for (int status = 250; status < 600; status += 50) {
        struct http_resp resp = { .status = status, .body = text };
        struct errand e = fuzz_errand(SLICE("x"));
        struct outcome out;

        fuzz_must(!mail_ops.settle(ch, a, &e, &resp, &out) && utf8_valid(out.text) && utf8_valid(out.code));
    }
    mail_ops.close(ch);
    arena_free(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice all = fuzz_slice(data, size), rest = size ? fuzz_slice(data + 1, size - 1) : all;

    switch (size ? data[0] : 0) {
    case 'M':
    case 'S':
        form(data[0] == 'M', rest);
        break;
    case 'P':
        postmark(rest);
        break;
    case 'H':
        words(rest);
        break;
    case 'T':
        send(rest);
        break;
    case 'N':
        reply(rest);
        break;
    case 'R':
        mailgun_raw(rest);
        break;
    default:
        mailgun_raw(all);
        break;
    }
    return 0;
}
