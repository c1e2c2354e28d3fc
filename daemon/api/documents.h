/* documents.h: the documents of a site as the API shows and takes them: secrets are write-only, a new version is checked together with
 * all the others before it is stored. */
#ifndef KF_API_DOCUMENTS_H
#define KF_API_DOCUMENTS_H

#include "api/api.h"

/* {"kind","key","version","at","by","body","secrets"?}: the members that are secret are left out of the body and named. */
json_t *document_json(const struct stored_document *d);
/* Goes through all members that are secret, there or not: `path` is "" or "settings.". */
typedef void document_secret(void *ctx, json_t *object, const char *path, const char *name);
void document_secrets(const char *kind, json_t *body, document_secret *each, void *ctx);
/* Takes secrets out of a body, in place; their names ("settings.secret") are added to `names` (may be NULL). */
void document_hide(const char *kind, json_t *body, json_t *names);
/* What a new body does not say of secrets it has from the old one (may be NULL); null takes one away. Channels get an address to be
 * called at, if they need one. */
void document_keep(struct turn *t, const char *kind, json_t *body, const char *old);

/* A document as it shall be. `body` NULL: it shall be no more. */
struct document_change {
    struct kf_key kind, key;
    const char *body; /* in the turn's arena */
    int64_t version;  /* the present one; 0: there is none */
};

/* The site as it would be with these changes, one reference; `q` has its documents (QUERY_DOCUMENTS). */
enum kf_rc documents_build(struct turn *t, const struct site *site, const struct query *q, const struct document_change *changes, size_t n,
                           struct site **ret, struct kf_err *why);
/* Would it stand? */
enum kf_rc documents_check(struct turn *t, const struct site *site, const struct query *q, const struct document_change *changes, size_t n,
                           struct kf_err *why);
/* One commit of all of them, with their line in the audit log; `done` gets the news. NULL: out of memory, answered. */
struct change *documents_change(struct turn *t, const struct kf_key *site, const struct document_change *changes, size_t n);
const struct stored_document *document_in(const struct query *q, const struct kf_key *kind, const struct kf_key *key);
/* The body of `c` as it would be stored, with what the old one (may be NULL) knows that it does not say. NULL: out of memory. */
const char *document_finish(struct turn *t, const struct document_change *c, json_t *body, const struct stored_document *old);
/* {"deleted":true} */
bool document_gone(const char *body);
/* Reads the documents of the site of this turn, if the asker may; else the turn is answered. */
void documents_read(struct turn *t, bool write, store_answer *done, void *ctx);

#endif
