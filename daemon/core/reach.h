/* reach.h: how somebody can be reached: phone numbers and mail addresses as people type them, checked and written one way. */
#ifndef KF_CORE_REACH_H
#define KF_CORE_REACH_H

#include "core/slice.h"

#include <stdbool.h>
#include <stddef.h>

#define REACH_TEXT 256

/* 5 to 15 digits, perhaps a + in front; blanks, dashes, dots, slashes and brackets go, full-width forms become plain:
 * "（010）8888-6666" → "01088886666". */
bool reach_phone(struct slice text, char ret[REACH_TEXT]);
/* One @ between a name and a host with a dot, no blanks; the host in lower case. */
bool reach_mail(struct slice text, char ret[REACH_TEXT]);
/* The mail address in a profile (a JSON object that was checked): its own member "email", if that is one. */
bool reach_profile_mail(struct slice profile, char ret[REACH_TEXT]);

#endif
