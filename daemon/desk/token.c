#include "desk/inner.h"

#include <ctype.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>

/* A visitor who comes back within a year is the same visitor. */
#define TOKEN_LIFE_MS (365LL * 24 * 3600 * 1000)
#define MAC_HEX       64
#define COOKIE_TOKENS 16 /* 2 KiB: half of what browsers keep in a cookie */
#define TOKEN_LEAST   (3 + 36 + 1 + 1 + 1 + MAC_HEX)
#define OTHERS_FILE_S (48LL * 3600)
#define PAGE_FILE_MS  (10LL * 60 * 1000) /* how long a page may use the address of a file */

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

/* What is signed names the site, so that a token of one site means nothing to another that shares the secret. Empty: it does not fit. */
static struct slice token_text(const struct site *site, const struct kf_id *id, int64_t expiry, char text[160])
{
    char name[KF_ID_TEXT];
    int n = snprintf(text, 160, "visitor|%s|%s|%lld", site->key.s, id_text(id, name), (long long)expiry);

    return (struct slice){ text, n > 0 && n < 160 ? (size_t)n : 0 };
}

static bool signed_by(const char *secret, struct slice text, struct slice sent)
{
    char mac[MAC_HEX + 1];

    return sent.n == MAC_HEX && mac_hex(secret, text, mac) && CRYPTO_memcmp(mac, sent.p, MAC_HEX) == 0;
}

/* While the secret is being changed, what the one before has signed still holds. */
static bool signed_right(const struct site *site, struct slice text, struct slice sent)
{
    return signed_by(site->token_secret, text, sent) || signed_by(site->token_secret_old, text, sent);
}

bool token_make(const struct site *site, const struct kf_id *visitor, int64_t now_ms, char *ret, size_t n)
{
    char id[KF_ID_TEXT], mac[MAC_HEX + 1], text[160];
    int64_t expiry = now_ms + TOKEN_LIFE_MS;
    struct slice what = token_text(site, visitor, expiry, text);
    int len;

    if (!what.n || !mac_hex(site->token_secret, what, mac))
        return false;
    len = snprintf(ret, n, "v1.%s.%lld.%s", id_text(visitor, id), (long long)expiry, mac);
    return len > 0 && (size_t)len < n;
}

enum kf_rc token_read(const struct site *site, struct slice token, int64_t now_ms, struct kf_id *ret, bool *renew)
{
    char text[192], what[160];
    char *id, *expiry, *sent, *end;
    struct slice signed_text;
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
    if (end == expiry || *end || !id_parse(slice_of(id), ret))
        return KF_AUTH;
    signed_text = token_text(site, ret, until, what);
    if (!signed_text.n || !signed_right(site, signed_text, slice_of(sent)))
        return KF_AUTH;
    if (until <= now_ms)
        return KF_AUTH;
    if (renew) /* who comes back now and then is never forgotten; nor is what an old secret signed left to die with it */
        *renew = until - now_ms < TOKEN_LIFE_MS / 2 || !signed_by(site->token_secret, signed_text, slice_of(sent));
    return KF_OK;
}

/* ---- the cookie: "TOKEN~TOKEN~…", one for each site of this host that the browser knows, the newest first ---- */

/* The next token of the cookie's value, without what separates them; p == NULL at the end. */
static struct slice cookie_next(struct slice *rest)
{
    const char *end = rest->n ? memchr(rest->p, '~', rest->n) : NULL;
    struct slice ret = { rest->n ? rest->p : NULL, end ? (size_t)(end - rest->p) : rest->n };

    *rest = (struct slice){ rest->p + ret.n + (end ? 1 : 0), rest->n - ret.n - (end ? 1 : 0) };
    return ret;
}

struct slice cookie_token(const struct site *site, struct slice cookie, int64_t now_ms, struct kf_id *ret, bool *renew)
{
    int left = COOKIE_TOKENS;

    for (struct slice t = cookie_next(&cookie); t.p && left > 0; t = cookie_next(&cookie), left--)
        if (token_read(site, t, now_ms, ret, renew) == KF_OK)
            return t;
    return (struct slice){ NULL, 0 };
}

/* Of a site that we cannot or need not know: does it look like a token that has not ended? What is no token is not carried along. */
static bool token_alive(struct slice t, int64_t now_ms)
{
    char text[192], *end;

    if (t.n >= sizeof(text) || t.n < TOKEN_LEAST || !slice_starts(t, "v1."))
        return false;
    for (size_t i = 0; i < t.n; i++)
        if (!isalnum((unsigned char)t.p[i]) && t.p[i] != '.' && t.p[i] != '-')
            return false;
    memcpy(text, t.p, t.n);
    text[t.n] = '\0';
    end = strchr(text + 3, '.');
    return end && strtoll(end + 1, NULL, 10) > now_ms;
}

bool cookie_with(const struct site *site, struct slice cookie, struct slice token, int64_t now_ms, struct buf *ret)
{
    int n = 1, left = COOKIE_TOKENS;
    struct kf_id id;

    buf_add(ret, token);
    for (struct slice t = cookie_next(&cookie); t.p && n < COOKIE_TOKENS && left > 0; t = cookie_next(&cookie), left--)
        if (token_alive(t, now_ms) && token_read(site, t, now_ms, &id, NULL)) {
            buf_char(ret, '~');
            buf_add(ret, t);
            n++;
        }
    return buf_ok(ret);
}

bool identity_right(const struct site *site, struct slice id, struct slice hash)
{
    char sent[MAC_HEX];

    if (!id.n || hash.n != MAC_HEX)
        return false;
    for (size_t i = 0; i < MAC_HEX; i++) /* whoever signs may write hex either way */
        sent[i] = (char)tolower((unsigned char)hash.p[i]);
    return signed_by(site->identity_secret, id, (struct slice){ sent, MAC_HEX });
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
    return token_read(site, token, now(d), ret, NULL);
}

struct slice desk_cookie_token(struct desk *d, const struct site *site, struct slice cookie, struct kf_id *ret)
{
    return cookie_token(site, cookie, now(d), ret, NULL);
}

bool desk_cookie_renewed(struct desk *d, const struct site *site, struct slice cookie, struct buf *ret)
{
    struct kf_id id;
    bool renew = false;
    char token[192];

    if (!cookie_token(site, cookie, now(d), &id, &renew).n)
        id = fresh_id(d);
    else if (!renew)
        return false;
    return token_make(site, &id, now(d), token, sizeof(token)) && cookie_with(site, cookie, slice_of(token), now(d), ret);
}

/* ---- addresses of files: "exp=SECONDS&sig=HEX", HMAC-SHA256 of "file|ID|EXP" ---- */

static struct slice file_text(const struct kf_id *file, int64_t exp_s, char text[96])
{
    char id[KF_ID_TEXT];
    int n = snprintf(text, 96, "file|%s|%lld", id_text(file, id), (long long)exp_s);

    return (struct slice){ text, (size_t)n };
}

bool file_address(const struct site *site, const char *origin, const struct kf_id *file, int64_t exp_s, char *ret, size_t n)
{
    char id[KF_ID_TEXT], text[96], mac[MAC_HEX + 1];
    int len;

    if (!mac_hex(site->token_secret, file_text(file, exp_s, text), mac))
        return false;
    len = snprintf(ret, n, "%s/files/%s?exp=%lld&sig=%s", origin, id_text(file, id), (long long)exp_s, mac);
    return len > 0 && (size_t)len < n;
}

const char *file_for_others(struct desk *d, const struct site *site, struct arena *a, const struct kf_id *file, int64_t from_ms)
{
    const char *origin = d->cfg.files_origin ? d->cfg.files_origin : d->cfg.public_url;
    char url[FILE_URL_MAX];

    return !id_is_zero(file) && file_address(site, origin, file, from_ms / 1000 + OTHERS_FILE_S, url, sizeof(url))
               ? arena_text(a, slice_of(url))
               : NULL;
}

bool desk_file_signed(struct desk *d, const struct site *site, const struct kf_id *file, struct slice exp, struct slice sig)
{
    int64_t until = 0;
    char text[96];

    if (exp.n == 0 || exp.n > 12)
        return false;
    for (size_t i = 0; i < exp.n; i++) {
        if (exp.p[i] < '0' || exp.p[i] > '9')
            return false;
        until = until * 10 + (exp.p[i] - '0');
    }
    return signed_right(site, file_text(file, until, text), sig) && until * 1000 > now(d);
}

bool desk_file_url(struct desk *d, const struct kf_key *site, const struct kf_id *file, char *ret, size_t n)
{
    const struct desk_site *ds = d->cfg.files_origin && !id_is_zero(file) ? site_of(d, site) : NULL;

    return ds && file_address(ds->site, d->cfg.files_origin, file, (now(d) + PAGE_FILE_MS) / 1000, ret, n);
}

void desk_file_urls(struct desk *d, const struct kf_key *site, struct arena *a, struct message *messages, size_t n)
{
    char url[FILE_URL_MAX];

    for (size_t i = 0; i < n; i++)
        if (desk_file_url(d, site, &messages[i].file, url, sizeof(url)))
            messages[i].file_url = arena_text(a, slice_of(url));
}
