/* template.h: what an agent chooses from a channel's templates. */
#ifndef KF_DESK_TEMPLATE_H
#define KF_DESK_TEMPLATE_H

#include "desk/inner.h"

/* A TYPE_TEMPLATE of this conversation as it will be said: `text` is its wording, `chosen` what it is made of, both in the arena. Else `why`
 * names the member that is wrong and says what is allowed. */
enum kf_rc template_said(const struct desk_site *ds, const struct conv *conv, const struct inbound *in, struct arena *a,
                         struct inbound *ret, struct kf_err *why);
/* May that file stand above the words of such a one? */
bool template_file(const struct inbound *in, const char *mime, struct kf_err *why);

#endif
