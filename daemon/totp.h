/* totp.h: the second factor of RFC 6238 as authenticator apps have it (SHA-1, six digits, 30 s), and codes for the day when the phone is lost. */
#ifndef KF_TOTP_H
#define KF_TOTP_H

#include "core/id.h"
#include "core/person.h"
#include "core/slice.h"

#include <stdbool.h>
#include <stdint.h>

#define TOTP_STEP_MS   30000
#define TOTP_TEXT      33 /* the secret in base32 */
#define TOTP_URI       512
#define RECOVERY_BYTES 10
#define RECOVERY_TEXT  20 /* "abcd-efgh-ijkl-mnop" */

/* The six digits of a step; false when memory is out. */
bool totp_code(const uint8_t secret[TOTP_BYTES], int64_t step, char ret[7]);
/* Six digits, and perhaps blanks. */
bool totp_form(struct slice code);
/* The step, of the present one and those beside it, whose code this is; 0: of none. Blanks inside the code do no harm. */
int64_t totp_match(const uint8_t secret[TOTP_BYTES], struct slice code, int64_t now_ms);
/* The secret as people type it, and as an app reads it from a picture: "otpauth://totp/kefud:EMAIL?secret=…". */
const char *totp_text(const uint8_t secret[TOTP_BYTES], char ret[TOTP_TEXT]);
bool totp_uri(const uint8_t secret[TOTP_BYTES], const char *email, char ret[TOTP_URI]);

/* A recovery code of 80 bits of chance. */
void recovery_text(const uint8_t chance[RECOVERY_BYTES], char ret[RECOVERY_TEXT]);
/* What is stored of it: SHA-256 of the person and the code, however it was typed. False: it is no such code. */
bool recovery_hash(const struct kf_id *person, struct slice code, uint8_t ret[32]);

#endif
