/* password.h: Argon2id, with the parameters of the OWASP sheet (19 MiB, 2 passes, 1 lane). Takes some 70 ms of a core: never on the
 * loop. From any thread. */
#ifndef KF_PASSWORD_H
#define KF_PASSWORD_H

#include "core/rc.h"
#include "core/slice.h"

#define PASSWORD_TEXT 128
/* A password that is the only factor: NIST SP 800-63B-4 asks for 15 characters, and for no rules of composition. */
#define PASSWORD_MIN 15
#define PASSWORD_MAX 256

/* May it be chosen? Words for whoever chooses it. */
enum kf_rc password_fits(struct slice password, struct kf_err *why);
/* The string for person.password, with a salt of its own. */
enum kf_rc password_hash(struct slice password, char ret[PASSWORD_TEXT], struct kf_err *why);
/* KF_OK, KF_AUTH if it is another one, KF_INVALID if `hash` is no such string. With hash NULL it takes as long and answers KF_AUTH, so
 * that time does not tell who has an account. */
enum kf_rc password_verify(const char *hash, struct slice password);

#endif
