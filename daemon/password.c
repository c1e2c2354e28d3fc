#include "password.h"

#include <argon2.h>
#include <sys/random.h>

enum { PASSES = 2, MEMORY_KIB = 19 * 1024, LANES = 1, SALT = 16, DIGEST = 32 };

/* Code points of valid UTF-8; of anything else at least not more than it has bytes. */
static size_t characters(struct slice s)
{
    size_t n = 0;

    for (size_t i = 0; i < s.n; i++)
        n += ((unsigned char)s.p[i] & 0xc0) != 0x80;
    return n;
}

static bool one_character_repeated(struct slice s)
{
    for (size_t i = 1; i < s.n; i++)
        if (s.p[i] != s.p[0])
            return false;
    return true;
}

enum kf_rc password_fits(struct slice password, struct kf_err *why)
{
    if (characters(password) < PASSWORD_MIN)
        return kf_fail(why, KF_INVALID, "a password has at least %d characters; a sentence is easy to remember", PASSWORD_MIN);
    if (password.n > PASSWORD_MAX)
        return kf_fail(why, KF_INVALID, "a password has at most %d bytes", PASSWORD_MAX);
    if (memchr(password.p, '\0', password.n))
        return kf_fail(why, KF_INVALID, "a password cannot hold a NUL");
    if (one_character_repeated(password))
        return kf_fail(why, KF_INVALID, "one character repeated is the first thing that is guessed");
    return KF_OK;
}

enum kf_rc password_hash(struct slice password, char ret[PASSWORD_TEXT], struct kf_err *why)
{
    unsigned char salt[SALT];
    int rc;

    if (getrandom(salt, sizeof(salt), 0) != (ssize_t)sizeof(salt))
        return kf_fail(why, KF_IO, "no random bytes for a salt");
    rc = argon2id_hash_encoded(PASSES, MEMORY_KIB, LANES, password.p, password.n, salt, sizeof(salt), DIGEST, ret, PASSWORD_TEXT);
    if (rc != ARGON2_OK)
        return kf_fail(why, rc == ARGON2_MEMORY_ALLOCATION_ERROR ? KF_NOMEM : KF_IO, "argon2: %s", argon2_error_message(rc));
    return KF_OK;
}

enum kf_rc password_verify(const char *hash, struct slice password)
{
    char scratch[PASSWORD_TEXT];

    if (!hash || !*hash) {
        (void)password_hash(password, scratch, NULL);
        return KF_AUTH;
    }
    if (password.n > PASSWORD_MAX)
        return KF_AUTH;
    switch (argon2id_verify(hash, password.p, password.n)) {
    case ARGON2_OK:
        return KF_OK;
    case ARGON2_VERIFY_MISMATCH:
        return KF_AUTH;
    case ARGON2_MEMORY_ALLOCATION_ERROR:
        return KF_NOMEM;
    default:
        return KF_INVALID;
    }
}
