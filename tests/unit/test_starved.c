/* What strangers sent, read and judged while memory is out for a moment: rightly or not at all. */
#include "protocols/json.h"
#include "protocols/sign.h"

#include "unit.h"

#include <openssl/crypto.h>
#include <stdlib.h>

static int left; /* allocations until the one that fails; 0: none does */

static bool starves(void)
{
    return left > 0 && --left == 0;
}

static void *take(size_t n)
{
    return starves() ? NULL : malloc(n);
}

static void *take_for_openssl(size_t n, const char *file, int line)
{
    (void)file;
    (void)line;
    return take(n);
}

static void *grow_for_openssl(void *p, size_t n, const char *file, int line)
{
    (void)file;
    (void)line;
    return starves() ? NULL : realloc(p, n);
}

static void free_for_openssl(void *p, const char *file, int line)
{
    (void)file;
    (void)line;
    free(p);
}

#define LONG_TEXT "你好，请问我的订单什么时候发货？谢谢。你好，请问我的订单什么时候发货？谢谢。"

static void a_text_is_read_whole_or_not_at_all(void **state)
{
    const struct slice text = SLICE("{\"type\":\"message\",\"cid\":\"v1-1\",\"text\":\"" LONG_TEXT "\",\"more\":[1,2,{\"a\":\"b\"}]}");
    int failed = 0;
    bool all = false;

    (void)state;
    for (int n = 1; !all; n++) {
        struct arena *a = arena_new(0);
        struct kf_err why = { .rc = KF_OK };
        json_t *root;

        left = n;
        root = json_read(a, text, JSON_OF_SETTINGS, &why);
        all = left > 0;
        left = 0;
        failed += !root;
        if (root)
            assert_string_equal(json_string_value(json_object_get(root, "text")), LONG_TEXT);
        else
            assert_int_equal(why.rc, KF_NOMEM);
        json_decref(root);
        arena_free(a);
    }
    assert_true(failed > 10);
}

static void what_follows_is_read_again(void **state)
{
    struct arena *a = arena_new(0);
    struct kf_err why = { .rc = KF_OK };
    json_t *root;

    (void)state;
    left = 1;
    assert_null(json_read(a, SLICE("{\"a\":1}"), JSON_OF_SETTINGS, &why));
    left = 0;
    root = json_read(a, SLICE("{\"a\":1}"), JSON_OF_SETTINGS, &why);
    assert_non_null(root);
    json_decref(root);
    assert_null(json_read(a, SLICE("{\"a\":"), JSON_OF_SETTINGS, &why));
    assert_int_equal(why.rc, KF_INVALID); /* not for want of memory */
    arena_free(a);
}

static void a_signature_that_could_not_be_computed_is_no_forgery(void **state)
{
    const struct slice part = SLICE("body");
    uint8_t want[SIGN_SHA256], mac[SIGN_SHA256];
    int failed = 0;
    bool all = false;

    (void)state;
    assert_true(sign_hmac_sha256(SLICE("key"), &part, 1, want));
    (void)sign_troubled();
    for (int n = 1; !all; n++) {
        bool ok;

        left = n;
        ok = sign_hmac_sha256(SLICE("key"), &part, 1, mac);
        all = left > 0;
        left = 0;
        assert_int_equal(sign_troubled(), !ok);
        assert_false(sign_troubled()); /* it tells once */
        failed += !ok;
        if (ok)
            assert_memory_equal(mac, want, sizeof(want));
    }
    assert_true(failed > 0);
}

static void a_wrong_signature_is_no_trouble(void **state)
{
    uint8_t key[SIGN_ED25519_KEY], seed[SIGN_ED25519_KEY] = { 7 }, signature[SIGN_ED25519];

    (void)state;
    assert_true(sign_ed25519_public(seed, key));
    assert_true(sign_ed25519(seed, SLICE("body"), signature));
    assert_true(sign_ed25519_verify(key, SLICE("body"), signature));
    signature[3] ^= 1;
    assert_false(sign_ed25519_verify(key, SLICE("body"), signature));
    assert_false(sign_hmac_sha256(SLICE(""), &SLICE("body"), 1, signature));
    assert_false(sign_troubled());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_is_read_whole_or_not_at_all),
        cmocka_unit_test(what_follows_is_read_again),
        cmocka_unit_test(a_signature_that_could_not_be_computed_is_no_forgery),
        cmocka_unit_test(a_wrong_signature_is_no_trouble),
    };

    if (!CRYPTO_set_mem_functions(take_for_openssl, grow_for_openssl, free_for_openssl))
        return 1;
    json_memory(take);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
