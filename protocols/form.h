/* form.h: a form as it is sent to us (multipart/form-data, RFC 7578): fields, and files in it. The other direction is multipart.h. */
#ifndef KF_PROTOCOLS_FORM_H
#define KF_PROTOCOLS_FORM_H

#include "core/slice.h"

#include <stdbool.h>
#include <stddef.h>

struct form_part {
    struct slice name;     /* of the field */
    struct slice filename; /* the last component of it, fit to be shown; "file" where it is not */
    struct slice bytes;
    bool is_file; /* it came with a filename */
};

/* Is this the Content-Type of a form? */
bool form_is(struct slice content_type);
/* Its parts, which point into `body` and `content_type`. Fills at most `max`; -1: malformed, or there are more. */
int form_read(struct slice content_type, struct slice body, struct form_part *ret, size_t max);

#endif
