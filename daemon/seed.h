/* seed.h: an empty store gets a site set: --demo. */
#ifndef KF_SEED_H
#define KF_SEED_H

#include "core/rc.h"
#include "desk/ports.h"

/* Reads the set of documents and people in `path` into the store, if that has no site yet. Passwords come from KEFUD_DEMO_PASSWORD, else they
 * are made up; `say` gets the lines that a person should read ("" if nothing was seeded). Calls `done` once, later. */
void seed_site(const struct ports *ports, const char *path, void (*say)(void *ctx, const char *line),
               void (*done)(void *ctx, enum kf_rc rc, const struct kf_err *why), void *ctx);

#endif
