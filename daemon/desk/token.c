#include "desk/inner.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>

/* A visitor who comes back within a year is the same visitor. */
#define TOKEN_LIFE_MS (365LL * 24 * 3600 * 1000)
#define MAC_HEX       64

static bool mac_hex(const char *secret, struct slice text, char ret[MAC_HEX + 1])
{
    static const char hex[] = "0123456789abcdef";
    unsigned char mac[32];
    unsigned n = sizeof(mac);

    if (!secret || !*secret || !HMAC(EVP_sha256(), secret, (int)strlen(secret), (const unsigned char *)text.p, text.n, mac, &n))
        return false;
    for (unsigned i = 0; i < sizeof(mac); i++) {
        ret[2 * i] = hex[mac[i] >> 4];
        ret[2 * i + 1] = hex[mac[i] & 15];
    }
    ret[MAC_HEX] = '\0';
    return true;
}

/* What is signed names the site, so that a token of one site means nothing to another that shares the secret. */
static bool token_mac(const struct site *site, const char *id, int64_t expiry, char ret[MAC_HEX + 1])
{
    char text[160];
    int n = snprintf(text, sizeof(text), "visitor|%s|%s|%lld", site->key.s, id, (long long)expiry);

    return n > 0 && (size_t)n < sizeof(text) && mac_hex(site->token_secret, (struct slice){ text, (size_t)n }, ret);
}

bool token_make(const struct site *site, const struct kf_id *visitor, int64_t now_ms, char *ret, size_t n)
{
    char id[KF_ID_TEXT], mac[MAC_HEX + 1];
    int64_t expiry = now_ms + TOKEN_LIFE_MS;
    int len;

    if (!token_mac(site, id_text(visitor, id), expiry, mac))
        return false;
    len = snprintf(ret, n, "v1.%s.%lld.%s", id, (long long)expiry, mac);
    return len > 0 && (size_t)len < n;
}

enum kf_rc token_read(const struct site *site, struct slice token, int64_t now_ms, struct kf_id *ret)
{
    char text[192], canonical[KF_ID_TEXT], mac[MAC_HEX + 1];
    char *id, *expiry, *sent, *end;
    long long until;

    if (token.n >= sizeof(text) || !slice_starts(token, "v1."))
        return KF_AUTH;
    memcpy(text, token.p, token.n);
    text[token.n] = '\0';
    id = text + 3;
    expiry = strchr(id, '.');
    if (!expiry)
        return KF_AUTH;
    *expiry++ = '\0';
    sent = strchr(expiry, '.');
    if (!sent)
        return KF_AUTH;
    *sent++ = '\0';
    until = strtoll(expiry, &end, 10);
    if (end == expiry || *end || strlen(sent) != MAC_HEX || !id_parse(slice_of(id), ret))
        return KF_AUTH;
    if (!token_mac(site, id_text(ret, canonical), until, mac) || CRYPTO_memcmp(mac, sent, MAC_HEX) != 0)
        return KF_AUTH;
    return until > now_ms ? KF_OK : KF_AUTH;
}

bool identity_right(const struct site *site, struct slice id, struct slice hash)
{
    char mac[MAC_HEX + 1];

    return id.n && hash.n == MAC_HEX && mac_hex(site->identity_secret, id, mac) && CRYPTO_memcmp(mac, hash.p, MAC_HEX) == 0;
}

struct kf_id identity_contact(const struct site *site, struct slice id)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    struct kf_id ret = { { 0 } };

    if (md && EVP_DigestInit_ex(md, EVP_sha256(), NULL) && EVP_DigestUpdate(md, site->key.s, strlen(site->key.s) + 1) &&
        EVP_DigestUpdate(md, id.p, id.n) && EVP_DigestFinal_ex(md, digest, NULL)) {
        memcpy(ret.b, digest, sizeof(ret.b));
        ret.b[6] = (uint8_t)((ret.b[6] & 0x0f) | 0x80); /* version 8: made by us, by a hash */
        ret.b[8] = (uint8_t)((ret.b[8] & 0x3f) | 0x80);
    }
    EVP_MD_CTX_free(md);
    return ret;
}

enum kf_rc desk_token_check(struct desk *d, const struct site *site, struct slice token, struct kf_id *ret)
{
    return token_read(site, token, now(d), ret);
}

bool desk_token_new(struct desk *d, const struct site *site, char *ret, size_t n)
{
    struct kf_id id = fresh_id(d);

    return token_make(site, &id, now(d), ret, n);
}
