/* forms.h: forms that visitors have filled in, as they are shown: by the names that their members have for the reader, not for the wire. */
#ifndef KF_API_FORMS_H
#define KF_API_FORMS_H

#include "core/arena.h"
#include "core/buf.h"
#include "core/message.h"

enum form_language { FORM_EN, FORM_ZH_CN, FORM_ZH_TW };

/* Of a message's `extra` the member ,"form":{…}; nothing where there is no form. */
void form_json(struct buf *b, const char *extra);
/* A line for each member with a text, in place of *text, which stays as it is where there is no form. False: out of memory. */
bool form_worded(struct arena *a, const char *extra, enum form_language language, struct slice *text);
/* Each text of it is cut to `cp` characters, and all that is beside it in *extra left out. False: out of memory. */
bool form_shorten(struct arena *a, const char **extra, size_t cp);

#endif
