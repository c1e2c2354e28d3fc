/* sense.h: what fits its table, and still can never be meant: a text with a blank that there is not, a condition that never holds.
 *
 * Asked of what is about to be saved, and of nothing else: a house that has such a document already goes on with it. */
#ifndef KF_SETTINGS_SENSE_H
#define KF_SETTINGS_SENSE_H

#include "settings/site.h"

#include <stdint.h>

/* Of a document with which `site` was built. KF_INVALID: `why` names document, member and reason. */
enum kf_rc document_sense(const struct site *site, const struct kf_key *kind, const struct kf_key *key, struct slice body, int64_t now_ms,
                          struct kf_err *why);

#endif
