/* retain.h: how long each class of data is kept. What goes leaves an entry in the access log; what a legal hold is on stays. */
#ifndef KF_STORE_RETAIN_H
#define KF_STORE_RETAIN_H

#include "core/buf.h"
#include "store/inside.h"

/* On a thread that may wait for the writer. Writes the member "classes" of the report: how many rows and bytes went, or would (`dry`). `db`: for
 * reading. */
enum kf_rc retain(struct store *s, struct db *db, const struct housekeeping *h, struct buf *report, struct kf_err *why);

#endif
