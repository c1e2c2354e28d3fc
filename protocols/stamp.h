/* stamp.h: the ways in which platforms write a time, as ms since 1970 UTC and back. Pure: no clock, no time zone of the machine. */
#ifndef KF_PROTOCOLS_STAMP_H
#define KF_PROTOCOLS_STAMP_H

#include "core/http.h"
#include "core/slice.h"

#include <stdbool.h>
#include <stdint.h>

#define STAMP_TEXT 25 /* with the terminating NUL */

/* RFC 3339: "2026-09-21T11:26:40.123Z", "…+08:00"; fractions beyond ms are cut, a leap second counts as the one before. */
bool stamp_parse(struct slice text, int64_t *ret);
/* "2026-09-21T11:26:40.123Z". Years 1970 to 9999; others become the nearest of them. Returns `text`. */
char *stamp_text(int64_t ms, char text[STAMP_TEXT]);
/* Digits only, within 64 bits. */
bool stamp_digits(struct slice text, int64_t *ret);
/* Retry-After of an answer in ms: seconds, or an HTTP date, which counts from the answer's own Date. 0: none or unreadable;
 * never more than a day. */
int64_t stamp_retry_after(const struct http_resp *resp);

#endif
