/* scorecards.h: scorecards as people write them, and what reviewers answer to them. */
#ifndef KF_SETTINGS_SCORECARDS_H
#define KF_SETTINGS_SCORECARDS_H

#include "core/score.h"
#include "settings/keys.h"

/* A document of the kind scorecard. `body` is its text; all that the card points to is the arena's. */
enum kf_rc scorecard_parse(struct slice body, const struct kf_key *key, int64_t version, struct arena *arena, struct scorecard *ret,
                           struct kf_err *why);
/* The same from JSON that was read already; `body` is not filled in. */
enum kf_rc scorecard_read(const struct keys_at *at, const struct kf_key *key, struct json_t *body, struct scorecard *ret);

/* The contents of a review, {"answers":{item:{"value":n}|{"na":true}},"notes":{item:text},"summary":text}, as answers to the card's items
 * (card->n_items of them). KF_INVALID names what is wrong. */
enum kf_rc answers_read(const struct scorecard *card, struct json_t *contents, struct score_answer *ret, struct kf_err *why);

#endif
