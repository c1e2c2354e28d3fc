/* vault.h: the keys with which secrets are sealed before they reach the database.
 *
 * A key file has one key a line, 64 hexadecimal digits. The first one seals, all of them open: to change the key, a new line goes on top,
 * and at the next start all that the others have sealed is sealed anew. "lost ID" instead of a key says that it cannot be had any more:
 * what it has sealed is taken for absent. Blank lines and lines that begin with # mean nothing.
 *
 * What is sealed is bound to its place (site, kind, key and member of a document; the account of a token; the person of a second factor):
 * moved elsewhere it does not open. AES-256-GCM with a nonce by chance. After vault_open() nothing changes: any thread may use it. */
#ifndef KF_VAULT_H
#define KF_VAULT_H

#include "store/store.h"

struct vault;

/* Reads the file; `make`: where there is none, one with a fresh key is made, readable by its owner alone. KF_INVALID: everybody may read
 * it, or it is not a key file. */
enum kf_rc vault_open(struct vault **ret, const char *path, bool make, struct kf_err *why);
/* From the text of such a file. */
enum kf_rc vault_read(struct vault **ret, struct slice text, struct kf_err *why);
void vault_free(struct vault *v); /* takes NULL; the keys are wiped */
/* For the store's configuration; `v` must outlive it. */
struct store_vault vault_for_store(struct vault *v);

#endif
