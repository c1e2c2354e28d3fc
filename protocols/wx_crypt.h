/* wx_crypt.h: how Tencent's platforms (and those that took over the scheme: DingTalk's events) sign and encrypt what they post. On OpenSSL.
 *
 * Signature: hex SHA-1 over the strings (token, timestamp, nonce, and where there is one the ciphertext), sorted as bytes, joined without
 * a separator.
 *
 * Key: 43 characters of base64, which are 32 bytes and two bits that mean nothing. AES-256-CBC, IV = the key's first 16 bytes; padded by 1
 * to 32 bytes of that value, which is why a library's own padding (16) cannot be used. Inside: 16 random bytes, the length of the message
 * as 32 bits big endian, the message, the receiver's id (an app id, a corporation's id). */
#ifndef KF_PROTOCOLS_WX_CRYPT_H
#define KF_PROTOCOLS_WX_CRYPT_H

#include "core/arena.h"
#include "core/rc.h"
#include "core/slice.h"

#include <stdbool.h>
#include <stdint.h>

#define WX_RANDOM 16
#define WX_KEY    43 /* characters of an EncodingAESKey */

struct wx_key {
    uint8_t bytes[32];
    bool set; /* false: no key, and nothing can be read or written with it */
};

/* False: not 43 characters of base64. */
bool wx_key_read(struct slice encoding_aes_key, struct wx_key *ret);

/* 40 digits and a NUL. Reorders `parts`. False: OpenSSL failed (memory). */
bool wx_sign(struct slice *parts, size_t n, char ret[41]);
/* Is that the signature? In constant time. An empty token (the first of the parts) verifies nothing. */
bool wx_signed(struct slice signature, struct slice *parts, size_t n);

/* KF_OK: `ret` is the message, in the arena. KF_INVALID: it is not encrypted with this key, or damaged. KF_DENIED: it is meant for
 * somebody else. */
enum kf_rc wx_decrypt(const struct wx_key *key, struct arena *a, struct slice base64, struct slice receiver, struct slice *ret);
/* With the key, or else with the one before it (either may not be set); `*used` is the one that was right. */
enum kf_rc wx_decrypt_either(const struct wx_key *key, const struct wx_key *previous, struct arena *a, struct slice base64,
                             struct slice receiver, struct slice *ret, const struct wx_key **used);
/* The message as base64, in the arena. */
enum kf_rc wx_encrypt(const struct wx_key *key, struct arena *a, const uint8_t random[WX_RANDOM], struct slice message,
                      struct slice receiver, struct slice *ret);

#endif
