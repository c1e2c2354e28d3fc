/* download.h: the bytes of a file on their way out, all of them or the part that was asked for (RFC 9110, 14: one range). */
#ifndef KF_API_DOWNLOAD_H
#define KF_API_DOWNLOAD_H

#include "api/api.h"

/* Answers with the file to whoever may have it, and ends the turn. `by_address`: it was asked for by a signed address, which any page may
 * show. */
void download_begin(struct turn *t, const struct stored_file *f, bool by_address);
/* There is room for the next block. */
void download_pull(uint64_t req);
/* The other side has gone, if it was downloading. */
void download_gone(uint64_t req);

/* The beginning of an answer with `f` or the part of it that was asked for: status 200 or 206, type and headers, in the turn's arena; `*n`
 * bytes from `*from`. Status 416: there is no such part, and turn_beyond() says so. False: no memory. */
bool download_answer(struct turn *t, const struct stored_file *f, bool by_address, struct net_answer *ret, int64_t *from, int64_t *n);

#endif
