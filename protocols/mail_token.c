/* mail_token.c: what ties an answer to its conversation: a few letters in our addresses and Message-IDs. */
#include "protocols/mail_impl.h"
#include "protocols/sign.h"

#include <strings.h>

#define MAC_BYTES   8
#define BYTES_MAX   (16 + 2 + MAC_BYTES)
#define UNSUBSCRIBE "u"

static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567"; /* RFC 4648, in lower case */

static void write32(struct buf *b, const uint8_t *p, size_t n)
{
    uint32_t bits = 0;
    int have = 0;

    for (size_t i = 0; i < n; i++) {
        bits = (bits << 8 | p[i]) & 0xffff;
        for (have += 8; have >= 5; have -= 5)
            buf_char(b, alphabet[bits >> (have - 5) & 31]);
    }
    if (have)
        buf_char(b, alphabet[bits << (5 - have) & 31]);
}

static bool read32(struct slice text, uint8_t *ret, size_t n)
{
    uint32_t bits = 0;
    size_t out = 0;
    int have = 0;

    if (text.n != (n * 8 + 4) / 5)
        return false;
    for (size_t i = 0; i < text.n; i++) {
        char c = (char)(text.p[i] >= 'A' && text.p[i] <= 'Z' ? text.p[i] + 32 : text.p[i]);
        const char *at = c ? strchr(alphabet, c) : NULL;

        if (!at)
            return false;
        bits = (bits << 5 | (uint32_t)(at - alphabet)) & 0xffff;
        have += 5;
        if (have >= 8) {
            have -= 8;
            ret[out++] = (uint8_t)(bits >> have);
        }
    }
    return out == n && !(bits & ((1U << have) - 1));
}

bool mail_address_digest(struct slice address, uint8_t ret[2])
{
    uint8_t digest[SIGN_SHA256];
    bool ok;
    struct buf b;

    buf_init(&b, 1024);
    for (size_t i = 0; i < address.n; i++)
        buf_char(&b, (char)(address.p[i] >= 'A' && address.p[i] <= 'Z' ? address.p[i] + 32 : address.p[i]));
    ok = buf_ok(&b) && sign_sha256(&(struct slice){ buf_slice(&b).p, b.n }, 1, digest);
    buf_finish(&b);
    if (ok)
        memcpy(ret, digest, 2);
    return ok;
}

void mail_peer_text(const uint8_t peer[MAIL_PEER_BYTES], char ret[MAIL_PEER_TEXT])
{
    struct buf b;

    buf_init(&b, MAIL_PEER_TEXT);
    write32(&b, peer, MAIL_PEER_BYTES);
    memset(ret, 0, MAIL_PEER_TEXT);
    memcpy(ret, buf_slice(&b).p, b.n < MAIL_PEER_TEXT ? b.n : MAIL_PEER_TEXT - 1);
    buf_finish(&b);
}

bool mail_peer_bytes(struct slice text, uint8_t ret[MAIL_PEER_BYTES])
{
    return read32(text, ret, MAIL_PEER_BYTES);
}

static bool mac(const struct mail *m, const uint8_t *p, size_t n, uint8_t ret[MAC_BYTES])
{
    const struct slice parts[] = { SLICE("kefud mail token\n"), { (const char *)p, n } };
    uint8_t digest[SIGN_SHA256];

    if (!sign_hmac_sha256(m->token_secret, parts, 2, digest))
        return false;
    memcpy(ret, digest, MAC_BYTES);
    return true;
}

bool mail_token_write(const struct mail *m, const struct mail_token *t, struct buf *ret)
{
    size_t n = t->is_conv ? sizeof(t->conv.b) : MAIL_PEER_BYTES;
    uint8_t bytes[BYTES_MAX];

    memcpy(bytes, t->is_conv ? t->conv.b : t->peer, n);
    memcpy(bytes + n, t->address, 2);
    n += 2;
    if (!mac(m, bytes, n, bytes + n))
        return false;
    write32(ret, bytes, n + MAC_BYTES);
    if (t->unsubscribe)
        buf_str(ret, UNSUBSCRIBE);
    return true;
}

bool mail_token_read(const struct mail *m, struct slice text, struct mail_token *ret)
{
    static const size_t sizes[] = { MAIL_PEER_BYTES, 16 };

    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        size_t n = sizes[i] + 2, letters = ((n + MAC_BYTES) * 8 + 4) / 5;
        uint8_t bytes[BYTES_MAX], ours[MAC_BYTES];
        struct slice token = { text.p, letters };

        if (text.n != letters && !(text.n == letters + 1 && (text.p[letters] | 0x20) == 'u'))
            continue;
        if (!read32(token, bytes, n + MAC_BYTES) || !mac(m, bytes, n, ours) || !sign_equal(ours, MAC_BYTES, bytes + n, MAC_BYTES))
            continue;
        *ret = (struct mail_token){ .is_conv = i == 1, .unsubscribe = text.n > letters };
        memcpy(i ? ret->conv.b : ret->peer, bytes, sizes[i]);
        memcpy(ret->address, bytes + sizes[i], 2);
        return true;
    }
    return false;
}

bool mail_token_of_id(const struct mail *m, struct slice id, struct mail_token *ret)
{
    const char *at = id.n > 2 ? memchr(id.p, '@', id.n) : NULL;
    const char *dot = at ? memchr(id.p, '.', (size_t)(at - id.p)) : NULL;

    if (!dot || id.p[0] != '<' || id.p + id.n - 1 - (at + 1) != (ptrdiff_t)m->domain.n ||
        strncasecmp(at + 1, m->domain.p, m->domain.n) != 0)
        return false;
    return mail_token_read(m, (struct slice){ id.p + 1, (size_t)(dot - id.p) - 1 }, ret);
}
