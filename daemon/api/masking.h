/* masking.h: personal data taken out of what is shown of a conversation (core/mask.h). What is masked is the arena's. */
#ifndef KF_API_MASKING_H
#define KF_API_MASKING_H

#include "core/arena.h"
#include "core/message.h"

/* False: out of memory, or more of it than can be masked; then nothing may be shown. */
bool masking_text(struct arena *a, struct slice *text);
/* Its text, and every text of what goes with it (forms, choices). */
bool masking_message(struct arena *a, struct message *m);
bool masking_entry(struct arena *a, struct entry *e);
/* Without what it repeats of those before it: others may have written that. False: out of memory. */
bool masking_quoted(struct arena *a, struct message *m);

#endif
