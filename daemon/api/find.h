/* find.h: the filters by which transcripts are found, as a request names them: one table of them for searching, exporting, and keeping
 * searches. */
#ifndef KF_API_FIND_H
#define KF_API_FIND_H

#include "api/api.h"

#define FIND_TERMS_MAX 200

/* Fills q->search from the request's query. False: answered with 400 or 403. `m` NULL: op. */
bool find_filters(struct turn *t, const struct member *m, struct query *q);
/* Whoever does not read all of the site finds what permit() lets him open (`exporting`: export), and nothing else. False: answered with 403. */
bool find_narrow(struct turn *t, const struct member *m, struct query *q, bool exporting);
/* Whoever searches for words does so only so often in a minute. False: answered with 429. */
bool find_in_time(struct turn *t, const struct search *s);
/* A search as it is kept: an object of those filters by name, each a text, with `time` (today, yesterday, 7, 30, or two dates,
 * YYYY-MM-DD..YYYY-MM-DD) for from and to. */
bool find_document(struct arena *a, json_t *filter, struct kf_err *why);
/* Digits, and nothing else; nothing at all leaves `ret` as it is. */
bool find_number(struct slice s, int64_t min, int64_t max, int64_t *ret);
/* The filters that are set, as a JSON object, but for words and people: what is written down of a search. */
void find_json(const struct search *s, struct buf *b);

#endif
