/* zone.h: time zones by their IANA names, from the system's zone database. Unlike the C library's, many at a time and without
 * global state. */
#ifndef KF_SETTINGS_ZONE_H
#define KF_SETTINGS_ZONE_H

#include "core/arena.h"
#include "core/rc.h"
#include "core/slice.h"

#include <stdint.h>

struct zone;

/* Reads the zone `name` ("Asia/Shanghai", "UTC") into `arena`. KF_INVALID: there is no such zone. */
enum kf_rc zone_load(struct zone **ret, struct arena *arena, const char *name, struct kf_err *why);
/* The same from the bytes of a TZif file (RFC 9636, version 2 or later). */
enum kf_rc zone_read(struct zone **ret, struct arena *arena, const char *name, struct slice file, struct kf_err *why);
/* Seconds east of UTC in force at utc_ms; `zone` is a struct zone: the offset function of struct hours. */
int zone_offset(const void *zone, int64_t utc_ms);

#endif
