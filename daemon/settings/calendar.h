/* calendar.h: business hours as people write them:
 *
 *   {"week": {"mon": ["09:00-12:00", "13:30-18:00"], "fri": ["20:00-02:00"]},
 *    "special": {"2026-10-01..2026-10-07": {"name": "国庆节", "open": []}, "2026-10-10": ["10:00-16:00"]},
 *    "closed": [{"from": "2026-11-21 14:00", "to": "2026-11-21 16:30", "reason": "盘点"}]}
 *
 * A day that is not named is closed. "22:00-02:00" ends on the day after, "00:00-24:00" is all day. A day of its own stands before the
 * range that it lies in. A closing without "to" lasts until it is taken out. */
#ifndef KF_SETTINGS_CALENDAR_H
#define KF_SETTINGS_CALENDAR_H

#include "core/hours.h"
#include "settings/keys.h"

/* Fills all of `ret` but the zone, from an object that has these three members and no others. */
enum kf_rc calendar_read(const struct keys_at *at, struct json_t *value, struct hours *ret);
/* One member of it: "week", "special" or "closed". */
enum kf_rc calendar_member(const struct keys_at *at, const char *name, struct json_t *value, struct hours *ret);
/* "09:00-12:00" as minutes of a day. */
bool calendar_span(const struct json_t *value, struct hours_span *ret);
/* "mon" … as 0 …; -1: no such day. */
int calendar_day(const char *name);

#endif
