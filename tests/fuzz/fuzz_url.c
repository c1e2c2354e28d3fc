/* Addresses, queries, header lines, times, base64, and members of JSON text: what adapters read beside the JSON itself. */
#include "core/arena.h"
#include "protocols/json.h"
#include "protocols/sign.h"
#include "protocols/stamp.h"
#include "protocols/url.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
    if (!ok)
        abort();
}

static bool within(struct slice part, struct slice all)
{
    return !part.n || (part.p >= all.p && part.p + part.n <= all.p + all.n);
}

static void address(struct slice s)
{
    struct http_pair header;
    struct url u;

    if (url_parse(s, &u)) {
        must(within(u.host, s) && within(u.rest, s) && u.host.n && u.port > 0 && u.port < 65536);
        must(url_same_origin(&u, &u));
        must(!memchr(s.p, '@', s.n) || memchr(u.rest.p, '@', u.rest.n)); /* no user name */
    }
    if (url_header_line(s, &header)) {
        must(within(header.name, s) && within(header.value, s) && header.name.n);
        must(!memchr(header.value.p, '\n', header.value.n) && !memchr(header.value.p, '\r', header.value.n));
    }
}

/* Escaped and read again, anything is what it was. */
static void round_trips(struct arena *a, struct slice s)
{
    struct http_pair pairs[8];
    uint8_t *bytes = arena_alloc(a, s.n + 1);
    struct buf b;
    size_t n;

    buf_init(&b, 3 * s.n + 16);
    buf_str(&b, "k=");
    url_escape(&b, s);
    n = url_query(a, buf_slice(&b), pairs, 8);
    must(n == 1 && slice_is(pairs[0].name, "k") && slice_eq(pairs[0].value, s));
    buf_clear(&b);
    if (s.n) {
        sign_base64(&b, s.p, s.n);
        must(sign_base64_decode(buf_slice(&b), bytes, s.n, &n) && n == s.n && memcmp(bytes, s.p, n) == 0);
    }
    buf_finish(&b);
    n = url_query(a, s, pairs, 8);
    must(n <= 8 || n == SIZE_MAX);
    (void)sign_base64_decode(s, bytes, s.n, &n);
}

static void times(struct slice s)
{
    const struct http_pair headers[] = { { SLICE("retry-after"), s }, { SLICE("date"), s } };
    const struct http_resp resp = { .status = 429, .headers = headers, .n_headers = 2 };
    int64_t at, again, wait = stamp_retry_after(&resp);
    char text[STAMP_TEXT];

    must(wait >= 0 && wait <= 86400000);
    if (stamp_parse(s, &at) && at >= 0 && at < 253402300800000) {
        stamp_text(at, text);
        must(stamp_parse(slice_of(text), &again) && again == at);
    }
}

/* A member that is found without parsing is the one that a parser finds. */
static void json(struct arena *a, struct slice s)
{
    json_t *root = json_read(a, s, JSON_OF_PLATFORMS, NULL);
    struct slice v = json_member(s, "a");
    struct json_keep keep = { .arena = a };
    struct buf b;
    int64_t n;
    double d;

    must(within(v, s));
    if (!root)
        return;
    (void)json_get_text(&keep, root, "a");
    (void)json_get_i64(root, "a", &n);
    (void)json_get_real(root, "a", &d);
    (void)json_get_bool(root, "a", false);
    buf_init(&b, 1u << 22);
    json_write(&b, root);
    if (buf_ok(&b)) {
        json_t *again = json_loadb(b.p, b.n, 0, NULL);
        struct slice written = json_member(buf_slice(&b), "a");
        json_t *one = written.p ? json_loadb(written.p, written.n, JSON_DECODE_ANY, NULL) : NULL;

        must(again && json_equal(again, root));
        must(!one == !json_object_get(root, "a") && (!one || json_equal(one, json_object_get(root, "a"))));
        json_decref(one);
        json_decref(again);
    }
    buf_finish(&b);
    json_decref(root);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_new(0);
    struct slice s = { (const char *)data, size };

    address(s);
    round_trips(a, s);
    times(s);
    json(a, s);
    arena_free(a);
    return 0;
}
