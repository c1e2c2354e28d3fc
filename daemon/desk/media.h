/* media.h: what a message says of a file that is still on the platform. */
#ifndef KF_DESK_MEDIA_H
#define KF_DESK_MEDIA_H

#include "core/buf.h"
#include "core/change.h"
#include "core/inbound.h"
#include "core/rc.h"

/* Our word for what has no text: "[image]"; "" for text. */
const char *media_words(enum inbound_type type);
/* The same for one that is here and cannot be kept: "[file: could not be fetched, too large]". */
const char *media_too_large(struct change *c, enum inbound_type type);
/* Members of a message's `extra`: "media" for the pages, and where it can be fetched "fetch", which they are not told. */
void media_note(struct buf *b, const struct media *m, bool fetchable);
/* "file" of one that was stored. */
void media_file(struct buf *b, const struct media *m);

/* The act that shows `m` as being fetched once more; the errand is the caller's. KF_CONFLICT: it has not failed, or nobody knows where it is. */
enum kf_rc media_again(struct change *c, const struct message *m, struct kf_err *why);

#endif
