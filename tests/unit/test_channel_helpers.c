/* What adapters share: digests, addresses, times, tolerant JSON. Expected digests come from openssl(1). */
#include "core/arena.h"
#include "protocols/json.h"
#include "protocols/place.h"
#include "protocols/sign.h"
#include "protocols/stamp.h"
#include "protocols/url.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* ---- sign ------------------------------------------------------------------------------------------------------------------ */

static void expect_hex(const uint8_t *bytes, size_t n, const char *want)
{
    struct buf b;

    buf_init(&b, 256);
    sign_hex(&b, bytes, n);
    assert_string_equal(b.p, want);
    buf_finish(&b);
}

static void parts_are_digested_as_one_text(void **state)
{
    struct slice sorted[] = { SLICE("b"), SLICE("abc"), SLICE(""), SLICE("ab"), SLICE("\xff") };
    const struct slice parts[] = { SLICE("what do "), SLICE(""), SLICE("ya want for nothing?") };
    uint8_t digest[SIGN_SHA256];

    (void)state;
    /* RFC 4231, case 2 */
    assert_true(sign_hmac_sha256(SLICE("Jefe"), parts, 3, digest));
    expect_hex(digest, 32, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    assert_true(sign_sha256(NULL, 0, digest));
    expect_hex(digest, 32, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    /* printf 'ababcb\377' | openssl sha256 */
    assert_true(sign_sorted_sha256(sorted, 5, digest));
    expect_hex(digest, 32, "a7926eff049e47ad6b9d501cb7a071112bdfb75179affc56076bc17d09b551c1");
}

static void an_empty_key_signs_nothing(void **state)
{
    uint8_t digest[SIGN_SHA256];

    (void)state;
    assert_false(sign_hmac_sha256(SLICE(""), NULL, 0, digest));
    assert_false(sign_equal("", 0, "", 0));
    assert_false(sign_equal_hex(SLICE(""), digest, 0));
}

static void digests_are_equal_in_length_and_bytes(void **state)
{
    const uint8_t bytes[] = { 0x00, 0xab, 0xff };

    (void)state;
    assert_true(sign_equal("abc", 3, "abc", 3));
    assert_false(sign_equal("abc", 3, "abd", 3));
    assert_false(sign_equal("abc", 3, "ab", 2));
    assert_true(sign_equal_hex(SLICE("00abff"), bytes, 3));
    assert_true(sign_equal_hex(SLICE("00ABFF"), bytes, 3));
    assert_false(sign_equal_hex(SLICE("00abfe"), bytes, 3));
    assert_false(sign_equal_hex(SLICE("00abf"), bytes, 3));
    assert_false(sign_equal_hex(SLICE("00abff00"), bytes, 3));
    assert_false(sign_equal_hex(SLICE("00abf\xc6"), bytes, 3));
}

/* RFC 8032, 7.1, test 2. */
static void ed25519_is_made_of_a_seed(void **state)
{
    static const char seed_hex[] = "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb";
    uint8_t seed[SIGN_ED25519_KEY], key[SIGN_ED25519_KEY], signature[SIGN_ED25519];

    (void)state;
    assert_true(sign_hex_decode(slice_of(seed_hex), seed, sizeof(seed)));
    assert_true(sign_ed25519_public(seed, key));
    expect_hex(key, sizeof(key), "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
    assert_true(sign_ed25519(seed, SLICE("\x72"), signature));
    expect_hex(
        signature, sizeof(signature),
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb"
        "0c00");
    assert_true(sign_ed25519_verify(key, SLICE("\x72"), signature));
    signature[0] ^= 1;
    assert_false(sign_ed25519_verify(key, SLICE("\x72"), signature));
}

static void hex_is_strict(void **state)
{
    uint8_t bytes[2];

    (void)state;
    assert_true(sign_hex_decode(SLICE("0aFf"), bytes, 2));
    assert_true(bytes[0] == 0x0a && bytes[1] == 0xff);
    assert_false(sign_hex_decode(SLICE("0aF"), bytes, 2));
    assert_false(sign_hex_decode(SLICE("0aFf0"), bytes, 2));
    assert_false(sign_hex_decode(SLICE("0aFg"), bytes, 2));
    assert_false(sign_hex_decode(SLICE(""), bytes, 2));
}

/* openssl ecparam -name prime256v1 -genkey; printf abc | openssl dgst -sha256 -sign key.pem */
static void p256_signatures_are_checked(void **state)
{
    static const char key64[] =
        "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEG93aVH2wysXj25EOSIyLzsY5UkuI5NOifnEAQ1wl2zUU2AIk3IVTu50vbsjk8Lb/pbgQT/+d4qkfHhfuAQTAjQ==";
    static const char signature64[] = "MEYCIQDvpek0QnaJJBE4QYhdsZm8yK8iKB/nSI3G1JopHGaESQIhAMNilnOb39b/qA+xxPV/RxdhJiB9iReF0kdhMb1HZIhw";
    /* the same with secp384r1 */
    static const char other64[] = "MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEAdt5f3qz8jDHhxm/4NBMewuYWddS/"
                                  "ujHxs7xkF2iTHNCm92SIQOP5WqeB4Be21tUPszvbvAWibrLDVEFkObrtU/xxD90z+Dy68bg5oxRmb6I7Q2T1KkSn681QGQGWf+C";
    const struct slice parts[] = { SLICE("a"), SLICE(""), SLICE("bc") }, wrong[] = { SLICE("abd") };
    uint8_t key[128], other[160], signature[80];
    struct slice k = { (const char *)key, 0 }, s = { (const char *)signature, 0 }, o = { (const char *)other, 0 };

    (void)state;
    assert_true(sign_base64_decode(slice_of(key64), key, sizeof(key), &k.n));
    assert_true(sign_base64_decode(slice_of(signature64), signature, sizeof(signature), &s.n));
    assert_true(sign_base64_decode(slice_of(other64), other, sizeof(other), &o.n));
    assert_true(sign_p256_verify(k, parts, 3, s));
    assert_false(sign_p256_verify(k, wrong, 1, s));
    assert_false(sign_p256_verify(k, parts, 3, SLICE("")));
    assert_false(sign_p256_verify(SLICE(""), parts, 3, s));
    assert_false(sign_p256_verify(o, parts, 3, s));
}

static void base64_is_strict(void **state)
{
    static const struct {
        const char *text, *bytes; /* NULL: refused */
    } rows[] = {
        { "Zg==", "f" },  { "Zm8=", "fo" },   { "Zm9v", "foo" },    { "Zm9vYg==", "foob" }, { "+/+/", "\xfb\xff\xbf" },
        { "Zh==", "f" },  { "", NULL },       { "Zg=", NULL },      { "Zg", NULL },         { "Z===", NULL },
        { "====", NULL }, { "Zm9v\n", NULL }, { "Zm 9v===", NULL }, { "Zm-_", NULL },       { "Zg==Zg==", NULL },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint8_t bytes[16];
        size_t n = 99;
        bool ok = sign_base64_decode(slice_of(rows[i].text), bytes, sizeof(bytes), &n);

        if (ok != (rows[i].bytes != NULL))
            fail_msg("%s", rows[i].text);
        if (ok)
            assert_true(slice_is((struct slice){ (char *)bytes, n }, rows[i].bytes));
        else
            assert_int_equal(n, 99);
    }
    assert_false(sign_base64_decode(SLICE("Zm9v"), (uint8_t[2]){ 0 }, 2, &(size_t){ 0 }));
}

/* ---- url ------------------------------------------------------------------------------------------------------------------- */

static void addresses_are_taken_apart_or_refused(void **state)
{
    static const struct {
        const char *text, *host, *rest; /* host NULL: refused */
        int port;
    } rows[] = {
        { "https://host.example", "host.example", "", 443 },
        { "HTTPS://Host.Example/a?b", "Host.Example", "/a?b", 443 },
        { "http://127.0.0.1:8080/", "127.0.0.1", "/", 8080 },
        { "http://[::1]:80?x", "[::1]", "?x", 80 },
        { "https://a_b.example:65535/", "a_b.example", "/", 65535 },
        { "https://", NULL, NULL, 0 },
        { "https:///path", NULL, NULL, 0 },
        { "ftp://host/", NULL, NULL, 0 },
        { "//host/", NULL, NULL, 0 },
        { "javascript:alert(1)", NULL, NULL, 0 },
        { "https://user@host/", NULL, NULL, 0 },
        { "https://user:pass@host/", NULL, NULL, 0 },
        { "https://host/#part", NULL, NULL, 0 },
        { "https://host/a b", NULL, NULL, 0 },
        { "https://host/\r\nX: y", NULL, NULL, 0 },
        { "https://h\xc3\xb6st/", NULL, NULL, 0 },
        { "https://host:0/", NULL, NULL, 0 },
        { "https://host:65536/", NULL, NULL, 0 },
        { "https://host:/", NULL, NULL, 0 },
        { "https://host:80a/", NULL, NULL, 0 },
        { "https://[::1/", NULL, NULL, 0 },
        { "https://[]/", NULL, NULL, 0 },
        { "https://host\\@evil/", NULL, NULL, 0 },
        { "", NULL, NULL, 0 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct url u;
        bool ok = url_parse(slice_of(rows[i].text), &u);

        if (ok != (rows[i].host != NULL))
            fail_msg("%s", rows[i].text);
        if (!ok)
            continue;
        assert_true(slice_is(u.host, rows[i].host));
        assert_true(slice_is(u.rest, rows[i].rest));
        assert_int_equal(u.port, rows[i].port);
    }
}

static void an_origin_is_scheme_host_and_port(void **state)
{
    struct url a, b;

    (void)state;
    assert_true(url_parse(SLICE("https://h.example/x"), &a));
    assert_true(url_parse(SLICE("HTTPS://H.EXAMPLE:443/y"), &b) && url_same_origin(&a, &b));
    assert_true(url_parse(SLICE("http://h.example:443/"), &b) && !url_same_origin(&a, &b));
    assert_true(url_parse(SLICE("https://h.example:444/"), &b) && !url_same_origin(&a, &b));
    assert_true(url_parse(SLICE("https://g.example/"), &b) && !url_same_origin(&a, &b));
}

static void a_query_is_decoded_once(void **state)
{
    struct arena *a = arena_new(0);
    struct http_pair q[4];

    (void)state;
    assert_int_equal(url_query(a, SLICE("a=1&b=%2520+%2B&&c&=d"), q, 4), 4);
    assert_true(slice_is(q[0].name, "a") && slice_is(q[0].value, "1"));
    assert_true(slice_is(q[1].value, "%20 +"));
    assert_true(slice_is(q[2].name, "c") && slice_is(q[2].value, ""));
    assert_true(slice_is(q[3].name, "") && slice_is(q[3].value, "d"));
    assert_int_equal(url_query(a, SLICE("x=%zz%4"), q, 4), 1);
    assert_true(slice_is(q[0].value, "%zz%4"));
    assert_int_equal(url_query(a, SLICE("a&b&c&d&e"), q, 4), SIZE_MAX);
    assert_int_equal(url_query(a, SLICE(""), q, 4), 0);
    arena_free(a);
}

static void header_lines_of_settings_cannot_smuggle(void **state)
{
    static const struct {
        const char *line, *value; /* NULL: refused */
    } rows[] = {
        { "X-Key: abc", "abc" }, { "X-Key:abc \t", "abc" }, { "X-Key:", "" },         { "Authorization: Basic dTpw", "Basic dTpw" },
        { "X Key: abc", NULL },  { ": abc", NULL },         { "X-Key", NULL },        { "X-Key: a\r\nY: b", NULL },
        { "X-Key: a\nb", NULL }, { "X-Key: a\x7f", NULL },  { "X\xc3\xb6: a", NULL }, { "", NULL },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct http_pair h;
        bool ok = url_header_line(slice_of(rows[i].line), &h);

        if (ok != (rows[i].value != NULL))
            fail_msg("%s", rows[i].line);
        if (ok)
            assert_true(slice_is(h.value, rows[i].value));
    }
}

/* ---- stamp ----------------------------------------------------------------------------------------------------------------- */

static void times_are_read_and_written(void **state)
{
    static const struct {
        const char *text;
        int64_t ms; /* −1: refused */
    } rows[] = {
        { "1970-01-01T00:00:00Z", 0 },
        { "2026-09-21T11:26:40.123Z", 1789990000123 },
        { "2026-09-21T19:26:40.1239+08:00", 1789990000123 },
        { "2026-09-21t11:26:40z", 1789990000000 },
        { "2026-09-21 11:26:40.5Z", 1789990000500 },
        { "2024-02-29T23:59:59.999Z", 1709251199999 },
        { "2016-12-31T23:59:60Z", 1483228799000 },
        { "9999-12-31T23:59:59.999Z", 253402300799999 },
        { "2026-02-29T00:00:00Z", -1 },
        { "2026-13-01T00:00:00Z", -1 },
        { "2026-00-01T00:00:00Z", -1 },
        { "2026-01-32T00:00:00Z", -1 },
        { "2026-01-01T24:00:00Z", -1 },
        { "2026-01-01T00:60:00Z", -1 },
        { "2026-01-01T00:00:00", -1 },
        { "2026-01-01T00:00:00.Z", -1 },
        { "2026-01-01T00:00:00+8:00", -1 },
        { "2026-01-01T00:00:00Zx", -1 },
        { "2026-01-01", -1 },
        { "1789990000", -1 },
        { "", -1 },
    };
    char text[STAMP_TEXT];

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        int64_t ms = -1;

        if (stamp_parse(slice_of(rows[i].text), &ms) != (rows[i].ms >= 0) || ms != rows[i].ms)
            fail_msg("%s: %lld", rows[i].text, (long long)ms);
    }
    assert_string_equal(stamp_text(1789990000123, text), "2026-09-21T11:26:40.123Z");
    assert_string_equal(stamp_text(0, text), "1970-01-01T00:00:00.000Z");
    assert_string_equal(stamp_text(951782400000, text), "2000-02-29T00:00:00.000Z");
    assert_string_equal(stamp_text(-5, text), "1970-01-01T00:00:00.000Z");
    assert_string_equal(stamp_text(INT64_MAX, text), "9999-12-31T23:59:59.999Z");
    /* Every day of 400 years there and back. */
    for (int64_t day = 0; day < 146097; day++) {
        int64_t ms = -1;

        assert_true(stamp_parse(slice_of(stamp_text(day * 86400000 + 1, text)), &ms));
        assert_int_equal(ms, day * 86400000 + 1);
    }
}

static void digits_fit_64_bits(void **state)
{
    int64_t v = 0;

    (void)state;
    assert_true(stamp_digits(SLICE("9223372036854775807"), &v) && v == INT64_MAX);
    assert_true(stamp_digits(SLICE("007"), &v) && v == 7);
    assert_false(stamp_digits(SLICE("9223372036854775808"), &v));
    assert_false(stamp_digits(SLICE("-1"), &v));
    assert_false(stamp_digits(SLICE("1 "), &v));
    assert_false(stamp_digits(SLICE(""), &v));
}

/* ---- json ------------------------------------------------------------------------------------------------------------------ */

static json_t *read(struct arena *a, const char *text)
{
    struct kf_err why = { .rc = KF_OK };
    json_t *ret = json_read(a, slice_of(text), JSON_OF_PLATFORMS, &why);

    if (!ret)
        fail_msg("%s: %s", text, why.text);
    return ret;
}

static void platforms_write_numbers_as_they_like(void **state)
{
    struct arena *a = arena_new(0);
    struct json_keep keep = { .arena = a };
    json_t *o = read(
        a, "{\"n\":7,\"s\":\"7\",\"r\":7.0,\"f\":7.5,\"big\":18446744073709551616,\"neg\":-9223372036854775809,\"max\":9223372036854775807,"
           "\"min\":-9223372036854775807,\"bad\":\"7x\",\"nul\":null,\"t\":true,\"one\":1,\"zero\":\"0\",\"e\":\"\","
           "\"in\":\"18446744073709551616\",\"arr\":[18446744073709551616],\"exp\":1e3}");
    int64_t v = 0;
    double d = 0;

    (void)state;
    assert_true(json_get_i64(o, "n", &v) && v == 7);
    assert_true(json_get_i64(o, "s", &v) && v == 7);
    assert_true(json_get_i64(o, "r", &v) && v == 7);
    assert_true(json_get_i64(o, "exp", &v) && v == 1000);
    assert_true(json_get_i64(o, "max", &v) && v == INT64_MAX);
    assert_false(json_get_i64(o, "f", &v));
    assert_false(json_get_i64(o, "big", &v));
    assert_false(json_get_i64(o, "bad", &v));
    assert_false(json_get_i64(o, "nul", &v));
    assert_false(json_get_i64(o, "e", &v));
    assert_false(json_get_i64(o, "none", &v));
    assert_false(json_get_i64(NULL, "n", &v));
    assert_true(json_get_real(o, "f", &d) && d == 7.5);
    assert_true(json_get_real(o, "s", &d) && d == 7);
    assert_false(json_get_real(o, "bad", &d));
    assert_true(slice_is(json_get_text(&keep, o, "n"), "7"));
    assert_true(slice_is(json_get_text(&keep, o, "big"), "18446744073709551616"));
    assert_true(slice_is(json_get_text(&keep, o, "neg"), "-9223372036854775809"));
    assert_true(slice_is(json_get_text(&keep, o, "max"), "9223372036854775807"));
    assert_true(slice_is(json_get_text(&keep, o, "in"), "18446744073709551616"));
    assert_true(json_get_text(&keep, o, "e").p && !json_get_text(&keep, o, "e").n);
    assert_null(json_get_text(&keep, o, "nul").p);
    assert_null(json_get_text(&keep, o, "t").p);
    assert_true(json_get_bool(o, "t", false) && json_get_bool(o, "one", false) && !json_get_bool(o, "zero", true));
    assert_true(json_get_bool(o, "none", true) && !json_get_bool(o, "none", false));
    assert_false(keep.failed);
    json_decref(o);
    arena_free(a);
}

static void a_member_is_found_without_parsing(void **state)
{
    static const char text[] =
        " { \"a\\\"\" : 1 , \"x\":{\"b\":\"no\"}, \"b\" : [ \"]\" , {\"c\":\"}\"} ] ,\"c\":null,\"d\":\"\\\\\",\"e\":-1.5e3}";

    (void)state;
    assert_true(slice_is(json_member(SLICE(" {\"a\":1}"), "a"), "1"));
    assert_true(slice_is(json_member(slice_of(text), "b"), "[ \"]\" , {\"c\":\"}\"} ]"));
    assert_true(slice_is(json_member(slice_of(text), "c"), "null"));
    assert_true(slice_is(json_member(slice_of(text), "d"), "\"\\\\\""));
    assert_true(slice_is(json_member(slice_of(text), "e"), "-1.5e3"));
    assert_null(json_member(slice_of(text), "f").p);
    assert_null(json_member(SLICE(""), "a").p);
    assert_null(json_member(SLICE("[1]"), "a").p);
    assert_null(json_member(SLICE("{}"), "a").p);
}

static void what_is_written_can_be_read(void **state)
{
    static const char text[] = "{\"a\":[1,-2,1.5,1e300,true,false,null,\"<\\u2028>\"],\"b\":{\"c\":{}},\"r\":1500.0}";
    struct arena *a = arena_new(0);
    json_t *o = read(a, text), *again;
    struct buf b;

    (void)state;
    buf_init(&b, 4096);
    json_write(&b, o);
    assert_null(strpbrk(b.p, "<>"));
    again = read(a, b.p);
    assert_true(json_equal(o, again));
    buf_clear(&b);
    json_raw(&b, SLICE("{\"a\":\"</b>&\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xaa\"}"));
    assert_string_equal(b.p, "{\"a\":\"\\u003c/b\\u003e\\u0026\\u2028\\u2029\xe2\x80\xaa\"}");
    buf_finish(&b);
    json_decref(o);
    json_decref(again);
    arena_free(a);
}

static void a_piece_says_where_it_belongs(void **state)
{
    static const struct {
        const char *said;
        bool ok;
        int64_t from, to, total;
    } rows[] = {
        { "bytes 0-15/100", true, 0, 15, 100 },
        { "Bytes 16-99/100", true, 16, 99, 100 },
        { "bytes 0-99/100", true, 0, 99, 100 },
        { "bytes 0-100/100", false, 0, 0, 0 },
        { "bytes 5-4/100", false, 0, 0, 0 },
        { "bytes 0-15/*", false, 0, 0, 0 },
        { "bytes */100", false, 0, 0, 0 },
        { "bytes 0-15", false, 0, 0, 0 },
        { "bytes -1-15/100", false, 0, 0, 0 },
        { "bytes 0-15/100 ", false, 0, 0, 0 },
        { "bytes 0-15/9999999999999999999", false, 0, 0, 0 },
        { "items 0-15/100", false, 0, 0, 0 },
        { "", false, 0, 0, 0 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        int64_t from = 0, to = 0, total = 0;

        if (http_piece(slice_of(rows[i].said), &from, &to, &total) != rows[i].ok)
            fail_msg("\"%s\"", rows[i].said);
        if (rows[i].ok) {
            assert_int_equal(from, rows[i].from);
            assert_int_equal(to, rows[i].to);
            assert_int_equal(total, rows[i].total);
        }
    }
}

/* ---- places -------------------------------------------------------------------------------------------------------------------- */

/* Pairs that programs of others agree on: what satellites say, and where Chinese maps have it. */
static const struct {
    double lat, lon, shifted_lat, shifted_lon;
} pairs[] = {
    { 31.1774276, 121.5272106, 31.17530398364597, 121.531541859215 },
    { 22.543847, 113.912316, 22.540796131694766, 113.9171764808363 },
    { 39.911954, 116.377817, 39.91334545536069, 116.38404722455657 },
};

static void map_of(double lat, double lon, enum place_datum datum, const char *language, char ret[PLACE_MAP_MAX])
{
    struct buf b;

    buf_init(&b, PLACE_MAP_MAX);
    place_map(&b, lat, lon, datum, SLICE("x"), language);
    assert_true(buf_ok(&b));
    (void)snprintf(ret, PLACE_MAP_MAX, "%.*s", (int)b.n, buf_slice(&b).p);
    buf_finish(&b);
}

static void a_map_shows_the_place_whichever_way_its_degrees_are_given(void **state)
{
    char got[PLACE_MAP_MAX], want[PLACE_MAP_MAX];
    double lat, lon;

    (void)state;
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        map_of(pairs[i].shifted_lat, pairs[i].shifted_lon, PLACE_GCJ02, "en", got);
        assert_int_equal(sscanf(got, "https://www.openstreetmap.org/?mlat=%lf&mlon=%lf", &lat, &lon), 2);
        assert_true(fabs(lat - pairs[i].lat) < 0.00002 && fabs(lon - pairs[i].lon) < 0.00002); /* two metres */
    }
    map_of(31.1774276, 121.5272106, PLACE_WGS84, "en", got);
    assert_string_equal(got, "https://www.openstreetmap.org/?mlat=31.177428&mlon=121.527211");
    map_of(59.437, 24.7536, PLACE_GCJ02, "en", got); /* outside of China both are one */
    assert_string_equal(got, "https://www.openstreetmap.org/?mlat=59.437&mlon=24.7536");

    map_of(31.1774276, 121.5272106, PLACE_WGS84, "zh-CN", got); /* AMap puts it aside itself, if it is told */
    map_of(31.1774276, 121.5272106, PLACE_GCJ02, "zh-CN", want);
    assert_string_equal(want, "https://uri.amap.com/marker?position=121.527211,31.177428&name=x");
    (void)snprintf(want + strlen(want), sizeof(want) - strlen(want), "&coordinate=wgs84");
    assert_string_equal(got, want);
    map_of(31.1774276, 121.5272106, PLACE_AS_IT_IS, "zh-CN", got);
    assert_string_equal(got, "https://uri.amap.com/marker?position=121.527211,31.177428&name=x");
}

static void only_places_of_the_mainland_are_put_right(void **state)
{
    static const struct {
        const char *name;
        double lat, lon;
        bool shifted;
    } rows[] = {
        { "Beijing", 39.9, 116.4, true },     { "Shanghai", 31.23, 121.47, true },     { "Guangzhou", 23.13, 113.26, true },
        { "Shenzhen", 22.54, 114.06, true },  { "Urumqi", 43.83, 87.62, true },        { "Lhasa", 29.65, 91.14, true },
        { "Harbin", 45.8, 126.53, true },     { "Dandong", 40.13, 124.39, true },      { "Kashgar", 39.47, 75.99, true },
        { "Hunchun", 42.86, 130.36, true },   { "Mohe", 53.48, 122.35, true },         { "Xiamen", 24.48, 118.09, true },
        { "Sanya", 18.25, 109.5, true },      { "Hekou", 22.52, 103.96, true },        { "Hong Kong", 22.28, 114.16, true },
        { "Macau", 22.2, 113.54, true },      { "Taipei", 25.03, 121.56, false },      { "Kaohsiung", 22.63, 120.3, false },
        { "Seoul", 37.57, 126.98, false },    { "Osaka", 34.69, 135.5, false },        { "Delhi", 28.61, 77.21, false },
        { "Kathmandu", 27.72, 85.32, false }, { "Singapore", 1.35, 103.82, false },    { "Bangkok", 13.75, 100.5, false },
        { "Hanoi", 21.03, 105.85, false },    { "Ulaanbaatar", 47.92, 106.92, false }, { "Vladivostok", 43.12, 131.89, false },
        { "Almaty", 43.24, 76.89, false },
    };
    char as_it_is[PLACE_MAP_MAX], got[PLACE_MAP_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        map_of(rows[i].lat, rows[i].lon, PLACE_AS_IT_IS, "en", as_it_is);
        map_of(rows[i].lat, rows[i].lon, PLACE_GCJ02, "en", got);
        if ((strcmp(got, as_it_is) != 0) != rows[i].shifted)
            fail_msg("%s: %s", rows[i].name, got);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_map_shows_the_place_whichever_way_its_degrees_are_given),
        cmocka_unit_test(only_places_of_the_mainland_are_put_right),
        cmocka_unit_test(parts_are_digested_as_one_text),
        cmocka_unit_test(an_empty_key_signs_nothing),
        cmocka_unit_test(digests_are_equal_in_length_and_bytes),
        cmocka_unit_test(ed25519_is_made_of_a_seed),
        cmocka_unit_test(hex_is_strict),
        cmocka_unit_test(p256_signatures_are_checked),
        cmocka_unit_test(base64_is_strict),
        cmocka_unit_test(addresses_are_taken_apart_or_refused),
        cmocka_unit_test(an_origin_is_scheme_host_and_port),
        cmocka_unit_test(a_query_is_decoded_once),
        cmocka_unit_test(header_lines_of_settings_cannot_smuggle),
        cmocka_unit_test(times_are_read_and_written),
        cmocka_unit_test(digits_fit_64_bits),
        cmocka_unit_test(platforms_write_numbers_as_they_like),
        cmocka_unit_test(a_member_is_found_without_parsing),
        cmocka_unit_test(what_is_written_can_be_read),
        cmocka_unit_test(a_piece_says_where_it_belongs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
