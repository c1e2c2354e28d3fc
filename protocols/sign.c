#include "protocols/sign.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/x509.h>
#include <stdlib.h>

static __thread bool troubled;

bool sign_troubled(void)
{
    bool ret = troubled;

    troubled = false;
    return ret;
}

void sign_trouble(void)
{
    troubled = true;
}

bool sign_hmac_sha256(struct slice key, const struct slice *parts, size_t n, uint8_t ret[SIGN_SHA256])
{
    char digest[] = "SHA256";
    OSSL_PARAM params[] = { OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0), OSSL_PARAM_construct_end() };
    EVP_MAC *mac = NULL;
    EVP_MAC_CTX *ctx = NULL;
    size_t len = 0;
    bool ok;

    if (!key.n)
        return false;
    mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    ctx = mac ? EVP_MAC_CTX_new(mac) : NULL;
    ok = ctx && EVP_MAC_init(ctx, (const unsigned char *)key.p, key.n, params);
    for (size_t i = 0; ok && i < n; i++)
        ok = !parts[i].n || EVP_MAC_update(ctx, (const unsigned char *)parts[i].p, parts[i].n);
    ok = ok && EVP_MAC_final(ctx, ret, &len, SIGN_SHA256) && len == SIGN_SHA256;
    troubled |= !ok;
    EVP_MAC_CTX_free(ctx);
    EVP_MAC_free(mac);
    return ok;
}

bool sign_sha256(const struct slice *parts, size_t n, uint8_t ret[SIGN_SHA256])
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    unsigned len = 0;
    bool ok = ctx && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL);

    for (size_t i = 0; ok && i < n; i++)
        ok = !parts[i].n || EVP_DigestUpdate(ctx, parts[i].p, parts[i].n);
    ok = ok && EVP_DigestFinal_ex(ctx, ret, &len) && len == SIGN_SHA256;
    troubled |= !ok;
    EVP_MD_CTX_free(ctx);
    return ok;
}

static int by_bytes(const void *a, const void *b)
{
    const struct slice *x = a, *y = b;
    size_t n = x->n < y->n ? x->n : y->n;
    int d = n ? memcmp(x->p, y->p, n) : 0;

    return d ? d : (x->n > y->n) - (x->n < y->n);
}

bool sign_sorted_sha256(struct slice *parts, size_t n, uint8_t ret[SIGN_SHA256])
{
    qsort(parts, n, sizeof(*parts), by_bytes);
    return sign_sha256(parts, n, ret);
}

bool sign_ed25519_verify(const uint8_t key[SIGN_ED25519_KEY], struct slice message, const uint8_t signature[SIGN_ED25519])
{
    EVP_PKEY *pkey = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key, SIGN_ED25519_KEY);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool able = pkey && ctx && EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, pkey) == 1;
    bool ok = able && EVP_DigestVerify(ctx, signature, SIGN_ED25519, (const unsigned char *)message.p, message.n) == 1;

    troubled |= !able;
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(pkey);
    return ok;
}

bool sign_ed25519_public(const uint8_t seed[SIGN_ED25519_KEY], uint8_t ret[SIGN_ED25519_KEY])
{
    EVP_PKEY *pkey = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, SIGN_ED25519_KEY);
    size_t n = SIGN_ED25519_KEY;
    bool ok = pkey && EVP_PKEY_get_raw_public_key(pkey, ret, &n) == 1 && n == SIGN_ED25519_KEY;

    EVP_PKEY_free(pkey);
    return ok;
}

bool sign_ed25519(const uint8_t seed[SIGN_ED25519_KEY], struct slice message, uint8_t ret[SIGN_ED25519])
{
    EVP_PKEY *pkey = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, SIGN_ED25519_KEY);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    size_t n = SIGN_ED25519;
    bool ok = pkey && ctx && EVP_DigestSignInit(ctx, NULL, NULL, NULL, pkey) == 1 &&
              EVP_DigestSign(ctx, ret, &n, (const unsigned char *)message.p, message.n) == 1 && n == SIGN_ED25519;

    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(pkey);
    return ok;
}

static bool is_p256(const EVP_PKEY *key)
{
    char group[32];

    return EVP_PKEY_get_base_id(key) == EVP_PKEY_EC && EVP_PKEY_get_group_name(key, group, sizeof(group), NULL) == 1 &&
           strcmp(group, "prime256v1") == 0;
}

bool sign_p256_verify(struct slice key, const struct slice *parts, size_t n, struct slice signature)
{
    const unsigned char *p = (const unsigned char *)key.p;
    EVP_PKEY *pkey = key.n && key.n < 4096 ? d2i_PUBKEY(NULL, &p, (long)key.n) : NULL;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool ok = pkey && ctx && is_p256(pkey) && EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, pkey) == 1;

    for (size_t i = 0; ok && i < n; i++)
        ok = !parts[i].n || EVP_DigestVerifyUpdate(ctx, parts[i].p, parts[i].n) == 1;
    troubled |= !ctx || (!ok && pkey && is_p256(pkey));
    ok = ok && signature.n && EVP_DigestVerifyFinal(ctx, (const unsigned char *)signature.p, signature.n) == 1;
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(pkey);
    return ok;
}

bool sign_equal(const void *a, size_t a_n, const void *b, size_t b_n)
{
    return a_n == b_n && a_n > 0 && CRYPTO_memcmp(a, b, a_n) == 0;
}

static char hex_digit(unsigned v)
{
    return (char)(v < 10 ? '0' + v : 'a' + v - 10);
}

bool sign_equal_hex(struct slice hex, const uint8_t *bytes, size_t n)
{
    unsigned wrong = 0;

    if (!n || hex.n != 2 * n)
        return false;
    for (size_t i = 0; i < hex.n; i++) {
        char want = hex_digit(i % 2 ? bytes[i / 2] & 15U : bytes[i / 2] >> 4U);
        char have = hex.p[i];

        have = (char)(have >= 'A' && have <= 'F' ? have + 32 : have);
        wrong |= (unsigned)(want ^ have);
    }
    return wrong == 0;
}

static int hex_value(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool sign_hex_decode(struct slice hex, uint8_t *ret, size_t n)
{
    if (hex.n != 2 * n)
        return false;
    for (size_t i = 0; i < n; i++) {
        int high = hex_value(hex.p[2 * i]), low = hex_value(hex.p[2 * i + 1]);

        if (high < 0 || low < 0)
            return false;
        ret[i] = (uint8_t)(high * 16 + low);
    }
    return true;
}

void sign_hex(struct buf *b, const uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        buf_char(b, hex_digit(bytes[i] >> 4U));
        buf_char(b, hex_digit(bytes[i] & 15U));
    }
}

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void sign_base64(struct buf *b, const void *bytes, size_t n)
{
    const uint8_t *p = bytes;

    for (size_t i = 0; i < n; i += 3) {
        uint32_t v = (uint32_t)p[i] << 16 | (i + 1 < n ? (uint32_t)p[i + 1] << 8 : 0) | (i + 2 < n ? p[i + 2] : 0);
        char four[4] = { alphabet[v >> 18], alphabet[v >> 12 & 63], i + 1 < n ? alphabet[v >> 6 & 63] : '=',
                         i + 2 < n ? alphabet[v & 63] : '=' };

        buf_add(b, (struct slice){ four, 4 });
    }
}

int sign_base64_digit(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

bool sign_base64_decode(struct slice text, uint8_t *ret, size_t max, size_t *n)
{
    size_t pad = 0, out = 0;

    if (!text.n || text.n % 4)
        return false;
    while (pad < 2 && text.p[text.n - 1 - pad] == '=')
        pad++;
    if (text.n / 4 * 3 - pad > max)
        return false;
    for (size_t i = 0; i < text.n; i += 4) {
        size_t have = i + 4 == text.n ? 4 - pad : 4;
        uint32_t v = 0;

        for (size_t k = 0; k < 4; k++) {
            int d = k < have ? sign_base64_digit(text.p[i + k]) : 0;

            if (d < 0)
                return false;
            v = v << 6 | (uint32_t)d;
        }
        for (size_t k = 0; k + 1 < have; k++)
            ret[out++] = (uint8_t)(v >> (16 - 8 * k));
    }
    *n = out;
    return true;
}
