#include "wx_scheme.h"

#include "tests/support/daemon.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void wx_digest(const struct wx_scheme *s, const char *at, const char *nonce, const char *sealed, char ret[41])
{
    const char *parts[] = { s->token, at, nonce, sealed };
    unsigned char digest[EVP_MAX_MD_SIZE];
    size_t n = sealed ? 4 : 3;
    char all[8192] = "";

    qsort(parts, n, sizeof(parts[0]), by_bytes);
    for (size_t i = 0; i < n; i++)
        (void)strcat(all, parts[i]);
    assert_int_equal(EVP_Digest(all, strlen(all), digest, NULL, EVP_sha1(), NULL), 1);
    for (int i = 0; i < 20; i++)
        (void)snprintf(ret + (size_t)2 * i, 3, "%02x", digest[i]);
}

static void cipher(const struct wx_scheme *s, int encrypt, const unsigned char *from, int n, unsigned char *to)
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    unsigned char key[40], text[45];
    int got = 0;

    (void)snprintf((char *)text, sizeof(text), "%s=", s->key);
    assert_int_equal(EVP_DecodeBlock(key, text, 44), 33);
    assert_int_equal(EVP_CipherInit_ex(ctx, EVP_aes_256_cbc(), NULL, key, key, encrypt), 1);
    EVP_CIPHER_CTX_set_padding(ctx, 0);
    assert_int_equal(EVP_CipherUpdate(ctx, to, &got, from, n), 1);
    assert_int_equal(got, n);
    EVP_CIPHER_CTX_free(ctx);
}

const char *wx_seal(const struct wx_scheme *s, const char *message)
{
    static char ret[8192];
    unsigned char clear[4096] = "0123456789abcdef", to[4096];
    size_t n = strlen(message), all = 20 + n + strlen(s->receiver), pad = 32 - all % 32;

    assert_true(all + pad < sizeof(clear));
    clear[16] = clear[17] = 0;
    clear[18] = (unsigned char)(n >> 8);
    clear[19] = (unsigned char)n;
    memcpy(clear + 20, message, n);
    memcpy(clear + 20 + n, s->receiver, strlen(s->receiver));
    memset(clear + all, (int)pad, pad);
    cipher(s, 1, clear, (int)(all + pad), to);
    (void)EVP_EncodeBlock((unsigned char *)ret, to, (int)(all + pad));
    return ret;
}

const char *wx_element(const char *xml, const char *name)
{
    static char ret[4][4096];
    static int next;
    char *to = ret[next++ % 4], tag[64];
    const char *from, *end;

    (void)snprintf(tag, sizeof(tag), "<%s>", name);
    from = strstr(xml, tag);
    assert_non_null(from);
    from += strlen(tag);
    if (strncmp(from, "<![CDATA[", 9) == 0)
        from += 9;
    end = from + strcspn(from, "]<");
    assert_true(end - from < (long)sizeof(ret[0]));
    memcpy(to, from, (size_t)(end - from));
    to[end - from] = '\0';
    return to;
}

const char *wx_unseal(const struct wx_scheme *s, const char *answer)
{
    static unsigned char clear[4096];
    unsigned char from[4096];
    const char *sealed = wx_element(answer, "Encrypt");
    char digest[41];
    int n = EVP_DecodeBlock(from, (const unsigned char *)sealed, (int)strlen(sealed));
    size_t len;

    wx_digest(s, wx_element(answer, "TimeStamp"), wx_element(answer, "Nonce"), sealed, digest);
    assert_string_equal(wx_element(answer, "MsgSignature"), digest);
    n -= n % 16;
    cipher(s, 0, from, n, clear);
    len = (size_t)clear[18] << 8 | clear[19];
    assert_memory_equal(clear + 20 + len, s->receiver, strlen(s->receiver));
    clear[20 + len] = '\0';
    return (const char *)clear + 20;
}
