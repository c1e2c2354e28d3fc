/* file_name.h: what a file is called when people read it, whoever has named it. */
#ifndef KF_CORE_FILE_NAME_H
#define KF_CORE_FILE_NAME_H

#include "core/buf.h"
#include "core/slice.h"

/* No folders, no control characters, none that turn the writing round, 120 characters at most; "file" if nothing is left. `name` may be
 * any bytes. Valid as long as `into`, which is empty before and finished by the caller. */
struct slice file_name(struct slice name, struct buf *into);

#endif
