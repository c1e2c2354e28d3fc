/* speak.h: the system says something: a wording in the visitor's language as one more message of a change. */
#ifndef KF_DESK_SPEAK_H
#define KF_DESK_SPEAK_H

#include "core/change.h"
#include "settings/site.h"

/* Does what is said in this conversation leave the house, over a platform? */
bool outward(const struct site *site, const struct conv *conv);
/* The site's first channel for mail that is not switched off; NULL: there is none. */
const struct kf_key *mail_channel(const struct site *site);
/* `event` NULL: a text, else an event message of that word. Values fill {name}, {number}, {position} ...; {site} is always known. The
 * act can be added to. A wording that the site has emptied says nothing: NULL. */
struct act *speak(const struct site *site, struct change *c, const struct conv *conv, const char *wording, const char *event,
                  const struct wording_value *values, size_t n);
/* An event without a word: that it has happened, where something else says what it means. */
struct act *speak_mutely(const struct site *site, struct change *c, const char *event);

#endif
