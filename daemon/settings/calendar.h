/* calendar.h: business hours as people write them:
 *
 *   {"week": {"mon": ["09:00-12:00", "13:30-18:00"], "fri": ["20:00-02:00"]},
 *    "special": {"2026-10-01": [], "2026-10-10": ["10:00-16:00"]}}
 *
 * A day that is not named is closed. "22:00-02:00" ends on the day after, "00:00-24:00" is all day. */
#ifndef KF_SETTINGS_CALENDAR_H
#define KF_SETTINGS_CALENDAR_H

#include "core/hours.h"
#include "settings/keys.h"

/* Fills all of `ret` but the zone. */
enum kf_rc calendar_read(const struct keys_at *at, const char *name, struct json_t *value, struct hours *ret);

#endif
