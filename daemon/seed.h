/* seed.h: a whole site at once, from a set of documents and people: the demo in an empty store, or a new site by an operator. */
#ifndef KF_SEED_H
#define KF_SEED_H

#include "core/rc.h"
#include "desk/ports.h"

#include <jansson.h>

/* A site that is about to be. Every channel that platforms call gets an address of its own, the site a secret for its visitors' tokens,
 * and each person a password. */
struct seed;

struct seed_options {
    const char *password; /* of everybody; NULL: each gets one by chance */
    bool fresh_secrets;   /* webhook secrets of the set ("whsec_…") are replaced: those of the demo are known to all the world */
};

/* Takes the set apart and hashes the passwords: slow, and may run on any thread (of the ports only clock and chance are used). */
enum kf_rc seed_plan(struct seed **ret, const struct ports *ports, struct slice set, const struct seed_options *options,
                     struct kf_err *why);
const struct kf_key *seed_key(const struct seed *s);
/* What makes it true: once; the caller commits it. KF_CONFLICT when the site is there, or one of its people. */
struct change *seed_change(struct seed *s);
/* {"site","people":[{"email","name","password"}],"channels":[{"key","adapter","hook","secrets"?}]}: passwords are nowhere else. */
json_t *seed_json(const struct seed *s);
void seed_free(struct seed *s); /* takes NULL */

/* --demo: reads the set in `path` into the store, if that has no site yet. Passwords come from KEFUD_DEMO_PASSWORD, else they are made up;
 * `say` gets the lines that a person should read. Calls `done` once, later. */
void seed_site(const struct ports *ports, const char *path, void (*say)(void *ctx, const char *line),
               void (*done)(void *ctx, enum kf_rc rc, const struct kf_err *why), void *ctx);

#endif
