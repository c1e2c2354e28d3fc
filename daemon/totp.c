#include "totp.h"

#include <ctype.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>

#define ISSUER         "kefud"
#define RECOVERY_CHARS 16

static const char base32[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/* `n` is a multiple of five: nothing is left over, and no padding is needed. */
static void encode(const uint8_t *bytes, size_t n, char *ret)
{
    for (size_t i = 0; i + 5 <= n; i += 5) {
        uint64_t v = 0;

        for (size_t k = 0; k < 5; k++)
            v = v << 8 | bytes[i + k];
        for (int k = 7; k >= 0; k--)
            *ret++ = base32[v >> (5 * k) & 31];
    }
    *ret = '\0';
}

bool totp_code(const uint8_t secret[TOTP_BYTES], int64_t step, char ret[7])
{
    uint8_t counter[8], mac[EVP_MAX_MD_SIZE];
    unsigned n = sizeof(mac), at;
    uint32_t v;

    for (int i = 7; i >= 0; i--, step >>= 8)
        counter[i] = (uint8_t)step;
    if (!HMAC(EVP_sha1(), secret, TOTP_BYTES, counter, sizeof(counter), mac, &n))
        return false;
    at = mac[n - 1] & 15;
    v = (uint32_t)(mac[at] & 127) << 24 | (uint32_t)mac[at + 1] << 16 | (uint32_t)mac[at + 2] << 8 | mac[at + 3];
    (void)snprintf(ret, 7, "%06u", v % 1000000);
    return true;
}

static bool read_digits(struct slice code, char ret[7])
{
    size_t n = 0;

    for (size_t i = 0; i < code.n; i++) {
        if (code.p[i] == ' ')
            continue;
        if (!isdigit((unsigned char)code.p[i]) || n == 6)
            return false;
        ret[n++] = code.p[i];
    }
    return n == 6;
}

bool totp_form(struct slice code)
{
    char digits[7];

    return read_digits(code, digits);
}

int64_t totp_match(const uint8_t secret[TOTP_BYTES], struct slice code, int64_t now_ms)
{
    char digits[7], right[7];
    int64_t now = now_ms / TOTP_STEP_MS, ret = 0;

    if (!read_digits(code, digits))
        return 0;
    for (int64_t step = now + 1; step >= now - 1 && step > 0; step--) /* clocks go a little wrong, and people type slowly */
        if (totp_code(secret, step, right) && CRYPTO_memcmp(digits, right, 6) == 0)
            ret = step;
    return ret;
}

const char *totp_text(const uint8_t secret[TOTP_BYTES], char ret[TOTP_TEXT])
{
    encode(secret, TOTP_BYTES, ret);
    return ret;
}

bool totp_uri(const uint8_t secret[TOTP_BYTES], const char *email, char ret[TOTP_URI])
{
    char text[TOTP_TEXT], name[400];
    size_t n = 0;
    int len;

    for (const unsigned char *p = (const unsigned char *)email; *p && n + 4 < sizeof(name); p++) {
        if (isalnum(*p) || strchr("-._~@", *p))
            name[n++] = (char)*p;
        else
            n += (size_t)snprintf(name + n, 4, "%%%02X", *p);
    }
    name[n] = '\0';
    len = snprintf(ret, TOTP_URI, "otpauth://totp/" ISSUER ":%s?secret=%s&issuer=" ISSUER "&algorithm=SHA1&digits=6&period=%d", name,
                   totp_text(secret, text), TOTP_STEP_MS / 1000);
    explicit_bzero(text, sizeof(text));
    return len > 0 && len < TOTP_URI;
}

void recovery_text(const uint8_t chance[RECOVERY_BYTES], char ret[RECOVERY_TEXT])
{
    char text[RECOVERY_CHARS + 1];
    size_t n = 0;

    encode(chance, RECOVERY_BYTES, text);
    for (size_t i = 0; i < RECOVERY_CHARS; i++) {
        if (i && i % 4 == 0)
            ret[n++] = '-';
        ret[n++] = (char)tolower((unsigned char)text[i]);
    }
    ret[n] = '\0';
    explicit_bzero(text, sizeof(text));
}

bool recovery_hash(const struct kf_id *person, struct slice code, uint8_t ret[32])
{
    uint8_t text[sizeof(person->b) + RECOVERY_CHARS];
    size_t n = sizeof(person->b);
    unsigned len = 32;
    bool ok;

    memcpy(text, person->b, n);
    for (size_t i = 0; i < code.n; i++) {
        char c = (char)toupper((unsigned char)code.p[i]);

        if (c == '-' || c == ' ')
            continue;
        if (!c || !strchr(base32, c) || n == sizeof(text))
            return false;
        text[n++] = (uint8_t)c;
    }
    ok = n == sizeof(text) && EVP_Digest(text, n, ret, &len, EVP_sha256(), NULL) == 1;
    explicit_bzero(text, sizeof(text));
    return ok;
}
