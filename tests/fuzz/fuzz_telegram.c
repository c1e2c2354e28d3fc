/* Telegram's webhook and its API. The first byte chooses: `A` an answer to what we sent, `U` to a file, `M` to a question for a file, `P` a peer
 * to whom something is sent, `C` what a message has beside its words, `L` an answer to several files; anything else begins an update that is believed. */
#include "fuzz_channel.h"

#include "protocols/json.h"
#include "protocols/telegram.h"

static const char settings[] = "{\"token\":\"123456:TESTTOKEN\",\"secrets\":[\"kefud_tg-Secret_01\"]}";

static const struct env env = { .now_ms = FUZZ_NOW_MS };

static void update(struct channel *ch, struct arena *a, struct slice body)
{
    static const struct http_pair header = { SLICE("X-Telegram-Bot-Api-Secret-Token"), SLICE("kefud_tg-Secret_01") };
    struct http_req req = { .method = "POST", .url = "/hooks/x", .headers = &header, .n_headers = 1, .body = body };
    struct received r;

    if (telegram_ops.receive(ch, a, &req, &env, &r))
        return;
    fuzz_received(&r);
    for (size_t i = 0; i < r.n; i++) {
        const struct inbound *in = &r.inbound[i];

        fuzz_must(utf8_valid(in->was) && utf8_valid(in->thread) && utf8_valid(in->agent) && utf8_valid(in->referral));
        fuzz_must(in->peer.n > 0 && in->peer.n < 256 && in->id.n < 256 && in->ref.n < 256);
        for (size_t k = 0; k < i; k++)
            fuzz_must(!slice_eq(in->dedupe, r.inbound[k].dedupe));
    }
}

static void answer(struct channel *ch, struct arena *a, struct slice body, bool file)
{
    static const int statuses[] = { 200, 400, 403, 429, 500 };
    struct errand e = fuzz_errand(SLICE("x"));
    struct http_resp resp = { .status = statuses[body.n % 5], .sent = true, .body = body };
    struct upload up = { .bytes = SLICE("x"), .mime = "image/png", .name = "x" };
    struct uploaded done = { .said = false };
    struct outcome out;
    struct http_req req;
    enum kf_rc rc;

    if (file) {
        rc = telegram_ops.upload(ch, a, &e, &up, &env, &resp, &req, &done);
        out = done.outcome;
    } else {
        rc = telegram_ops.settle(ch, a, &e, &resp, &out);
    }
    if (!rc)
        fuzz_must(utf8_valid(out.code) && utf8_valid(out.text) && utf8_valid(out.ref) && utf8_valid(out.peer) && out.retry_after_ms >= 0);
}

/* `extra` is JSON that we have written ourselves: one that is none stands for none. */
static void send(struct channel *ch, struct arena *a, const char *peer, const char *extra)
{
    struct errand e = fuzz_errand(SLICE("x"));
    struct upload up = { .bytes = SLICE("x"), .mime = "image/png", .name = "x" };
    struct uploaded done;
    struct http_req req;

    e.peer = peer;
    e.reply_ref = peer;
    e.message.ref = peer;
    e.message.extra = extra;
    for (int kind = ERRAND_SEND; kind <= ERRAND_TYPING; kind++) {
        json_t *root;

        e.kind = (enum errand_kind)kind;
        if (telegram_ops.encode(ch, a, &e, &env, &req))
            continue;
        root = json_loadb(req.body.p, req.body.n, 0, NULL);
        fuzz_must(root != NULL);
        json_decref(root);
    }
    e.kind = ERRAND_SEND;
    (void)telegram_ops.upload(ch, a, &e, &up, &env, NULL, &req, &done);
    if (telegram_ops.joins(&e.message)) {
        struct album_item all[2] = { { .errand = &e, .file = up }, { .errand = &e, .file = up } };

        (void)telegram_ops.album(ch, a, all, 2, &env, &req);
    }
}

/* However it answers, each of them ends in one way. */
static void album(struct channel *ch, struct arena *a, struct slice body)
{
    struct errand e = fuzz_errand(SLICE("x"));
    struct http_resp resp = { .status = body.n % 3 ? 200 : 400, .sent = true, .body = body };
    struct album_item all[3] = { { .errand = &e }, { .errand = &e }, { .errand = &e } };

    if (telegram_ops.album_settle(ch, a, all, 3, &resp))
        return;
    for (size_t i = 0; i < 3; i++) {
        const struct outcome *out = &all[i].outcome;

        fuzz_must(utf8_valid(out->code) && utf8_valid(out->text) && utf8_valid(out->ref) && out->retry_after_ms >= 0);
        fuzz_must(!i || (out->cls == all[0].outcome.cls) || (all[0].outcome.cls == OUTCOME_SENT && out->cls == OUTCOME_UNCERTAIN));
    }
}

static void file(struct channel *ch, struct arena *a, struct slice body)
{
    struct http_resp resp = { .status = 200, .sent = true, .body = body };
    struct media m = { .type = TYPE_IMAGE, .id = SLICE("f") };
    struct http_req req;
    struct url u;

    if (!telegram_ops.media(ch, a, &env, &m, &resp, &req))
        fuzz_must(url_parse(slice_of(req.url), &u) && slice_starts(u.rest, "/file/bot123456:TESTTOKEN/") && !strstr(req.url, ".."));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct channel *ch = fuzz_open(&telegram_ops, settings);
    struct arena *a = arena_new(4u << 20);
    struct slice rest = fuzz_slice(data + (size > 0), size - (size > 0));
    char *text = arena_text(a, rest);

    switch (size ? data[0] : 0) {
    case 'A':
    case 'U':
        answer(ch, a, rest, data[0] == 'U');
        break;
    case 'L':
        album(ch, a, rest);
        break;
    case 'M':
        file(ch, a, rest);
        break;
    case 'P':
        if (text && utf8_valid(rest) && rest.n < 256)
            send(ch, a, text, NULL);
        break;
    case 'C': {
        json_t *root = json_loadb(rest.p, rest.n, 0, NULL);

        if (text && json_is_object(root))
            send(ch, a, "52", text);
        json_decref(root);
        break;
    }
    default:
        update(ch, a, fuzz_slice(data, size));
    }
    arena_free(a);
    telegram_ops.close(ch);
    return 0;
}
