#include "protocols/wx_crypt.h"
#include "protocols/sign.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK  16 /* of AES */
#define PAD    32 /* what is padded to */
#define FRAME  20 /* random bytes and length */
#define MAX    (8u << 20)
#define DIGEST 20

bool wx_key_read(struct slice encoding_aes_key, struct wx_key *ret)
{
    char text[WX_KEY + 1];
    size_t n = 0;

    if (encoding_aes_key.n != WX_KEY || memchr(encoding_aes_key.p, '=', WX_KEY))
        return false;
    memcpy(text, encoding_aes_key.p, WX_KEY);
    text[WX_KEY] = '=';
    ret->set = sign_base64_decode((struct slice){ text, sizeof(text) }, ret->bytes, sizeof(ret->bytes), &n) && n == sizeof(ret->bytes);
    OPENSSL_cleanse(text, sizeof(text));
    return ret->set;
}

/* ---- signature ------------------------------------------------------------------------------------------------------------------- */

static int by_bytes(const void *a, const void *b)
{
    const struct slice *x = a, *y = b;
    size_t n = x->n < y->n ? x->n : y->n;
    int d = n ? memcmp(x->p, y->p, n) : 0;

    return d ? d : (x->n > y->n) - (x->n < y->n);
}

static bool digest_of(struct slice *parts, size_t n, uint8_t ret[DIGEST])
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    unsigned len = 0;
    bool ok = ctx && EVP_DigestInit_ex(ctx, EVP_sha1(), NULL);

    qsort(parts, n, sizeof(*parts), by_bytes);
    for (size_t i = 0; ok && i < n; i++)
        ok = !parts[i].n || EVP_DigestUpdate(ctx, parts[i].p, parts[i].n);
    ok = ok && EVP_DigestFinal_ex(ctx, ret, &len) && len == DIGEST;
    if (!ok)
        sign_trouble();
    EVP_MD_CTX_free(ctx);
    return ok;
}

bool wx_sign(struct slice *parts, size_t n, char ret[41])
{
    static const char hex[] = "0123456789abcdef";
    uint8_t digest[DIGEST];

    if (!digest_of(parts, n, digest))
        return false;
    for (size_t i = 0; i < DIGEST; i++) {
        ret[2 * i] = hex[digest[i] >> 4];
        ret[2 * i + 1] = hex[digest[i] & 15];
    }
    ret[2 * DIGEST] = '\0';
    return true;
}

bool wx_signed(struct slice signature, struct slice *parts, size_t n)
{
    uint8_t digest[DIGEST];

    return n && parts[0].n && digest_of(parts, n, digest) && sign_equal_hex(signature, digest, sizeof(digest));
}

/* ---- encryption -------------------------------------------------------------------------------------------------------------------- */

/* Whole blocks, there or back; `to` has room for n bytes and one block more. */
static bool run_cipher(const struct wx_key *key, bool encrypt, const uint8_t *from, size_t n, uint8_t *to)
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int first = 0, rest = 0;
    bool ok = ctx && EVP_CipherInit_ex(ctx, EVP_aes_256_cbc(), NULL, key->bytes, key->bytes, encrypt) &&
              EVP_CIPHER_CTX_set_padding(ctx, 0) && EVP_CipherUpdate(ctx, to, &first, from, (int)n) &&
              EVP_CipherFinal_ex(ctx, to + first, &rest) && (size_t)first == n && !rest;

    EVP_CIPHER_CTX_free(ctx);
    return ok;
}

/* The bytes without their padding; 0: it is none. */
static size_t unpadded(const uint8_t *p, size_t n)
{
    size_t pad = n ? p[n - 1] : 0;

    if (pad < 1 || pad > PAD || pad > n)
        return 0;
    for (size_t i = n - pad; i < n; i++)
        if (p[i] != pad)
            return 0;
    return n - pad;
}

static enum kf_rc unframe(const uint8_t *p, size_t n, struct slice receiver, struct slice *ret)
{
    size_t len;

    if (n < FRAME)
        return KF_INVALID;
    len = (size_t)p[16] << 24 | (size_t)p[17] << 16 | (size_t)p[18] << 8 | p[19];
    if (len > n - FRAME)
        return KF_INVALID;
    if (!slice_eq((struct slice){ (const char *)p + FRAME + len, n - FRAME - len }, receiver))
        return len == n - FRAME ? KF_INVALID : KF_DENIED;
    *ret = (struct slice){ (const char *)p + FRAME, len };
    return KF_OK;
}

enum kf_rc wx_decrypt(const struct wx_key *key, struct arena *a, struct slice base64, struct slice receiver, struct slice *ret)
{
    uint8_t *cipher, *clear;
    size_t n = 0;

    if (!key->set || !receiver.n || !base64.n || base64.n > MAX)
        return KF_INVALID;
    cipher = arena_alloc(a, base64.n);
    clear = arena_alloc(a, base64.n + BLOCK);
    if (!cipher || !clear)
        return KF_NOMEM;
    if (!sign_base64_decode(base64, cipher, base64.n, &n) || !n || n % BLOCK)
        return KF_INVALID;
    if (!run_cipher(key, false, cipher, n, clear))
        return KF_NOMEM;
    return unframe(clear, unpadded(clear, n), receiver, ret);
}

enum kf_rc wx_decrypt_either(const struct wx_key *key, const struct wx_key *previous, struct arena *a, struct slice base64,
                             struct slice receiver, struct slice *ret, const struct wx_key **used)
{
    enum kf_rc first = wx_decrypt(key, a, base64, receiver, ret), second;

    *used = key;
    if (first == KF_OK || first == KF_NOMEM || !previous->set)
        return first;
    second = wx_decrypt(previous, a, base64, receiver, ret);
    *used = previous;
    return second == KF_INVALID ? first : second;
}

enum kf_rc wx_encrypt(const struct wx_key *key, struct arena *a, const uint8_t random[WX_RANDOM], struct slice message,
                      struct slice receiver, struct slice *ret)
{
    size_t n = FRAME + message.n + receiver.n, pad = PAD - n % PAD;
    uint8_t *clear, *cipher;
    struct buf b;

    if (!key->set || message.n > MAX)
        return KF_INVALID;
    clear = arena_alloc(a, n + pad);
    cipher = arena_alloc(a, n + pad + BLOCK);
    if (!clear || !cipher)
        return KF_NOMEM;
    memcpy(clear, random, WX_RANDOM);
    clear[16] = (uint8_t)(message.n >> 24);
    clear[17] = (uint8_t)(message.n >> 16);
    clear[18] = (uint8_t)(message.n >> 8);
    clear[19] = (uint8_t)message.n;
    if (message.n)
        memcpy(clear + FRAME, message.p, message.n);
    if (receiver.n)
        memcpy(clear + FRAME + message.n, receiver.p, receiver.n);
    memset(clear + n, (int)pad, pad);
    if (!run_cipher(key, true, clear, n + pad, cipher))
        return KF_NOMEM;
    buf_init(&b, 2 * (n + pad) + 4);
    sign_base64(&b, cipher, n + pad);
    *ret = buf_copy(&b, a);
    buf_finish(&b);
    return ret->p ? KF_OK : KF_NOMEM;
}
