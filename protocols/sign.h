/* sign.h: what adapters need to believe a request, and to be believed: digests, base64, comparing without telling. On OpenSSL. */
#ifndef KF_PROTOCOLS_SIGN_H
#define KF_PROTOCOLS_SIGN_H

#include "core/buf.h"
#include "core/slice.h"

#include <stdbool.h>
#include <stdint.h>

#define SIGN_SHA256      32
#define SIGN_ED25519_KEY 32
#define SIGN_ED25519     64

/* Since it was last asked, could something not be computed at all, for want of memory? Then a "false" below was no judgement, and what was
 * refused for it may come again. Of this thread. */
bool sign_troubled(void);
/* Whoever computes beside this file says so with it. */
void sign_trouble(void);

/* Over the parts, one after the other without a separator. False: OpenSSL failed (memory), and nothing may be believed. An empty key
 * signs nothing: false. */
bool sign_hmac_sha256(struct slice key, const struct slice *parts, size_t n, uint8_t ret[SIGN_SHA256]);
bool sign_sha256(const struct slice *parts, size_t n, uint8_t ret[SIGN_SHA256]);
/* The scheme of several platforms: the parts sorted as bytes (shorter first on a tie), then as above. Reorders `parts`. */
bool sign_sorted_sha256(struct slice *parts, size_t n, uint8_t ret[SIGN_SHA256]);
bool sign_ed25519_verify(const uint8_t key[SIGN_ED25519_KEY], struct slice message, const uint8_t signature[SIGN_ED25519]);
/* RFC 8032: the public key of a seed, and a signature with it. */
bool sign_ed25519_public(const uint8_t seed[SIGN_ED25519_KEY], uint8_t ret[SIGN_ED25519_KEY]);
bool sign_ed25519(const uint8_t seed[SIGN_ED25519_KEY], struct slice message, uint8_t ret[SIGN_ED25519]);
/* ECDSA on P-256 over SHA-256 of the parts. `key`: DER, SubjectPublicKeyInfo; `signature`: DER. False also for keys of another kind. */
bool sign_p256_verify(struct slice key, const struct slice *parts, size_t n, struct slice signature);

/* Takes as long for a wrong first byte as for a wrong last one. */
bool sign_equal(const void *a, size_t a_n, const void *b, size_t b_n);
/* `hex`: exactly the digits of these bytes, in either case. */
bool sign_equal_hex(struct slice hex, const uint8_t *bytes, size_t n);
/* Exactly `n` bytes from their digits, in either case. */
bool sign_hex_decode(struct slice hex, uint8_t *ret, size_t n);

void sign_hex(struct buf *b, const uint8_t *bytes, size_t n);
/* The standard alphabet with padding. */
void sign_base64(struct buf *b, const void *bytes, size_t n);
/* Strict: right length, padding and alphabet, no blanks. At most `max` bytes into `ret`; false leaves *n alone. */
bool sign_base64_decode(struct slice text, uint8_t *ret, size_t max, size_t *n);
/* What a letter of it stands for; -1: it is none. */
int sign_base64_digit(char c);

#endif
