/* mime.h: what a file is, by its first bytes. The name and what the sender says of it are not believed. */
#ifndef KF_CORE_MIME_H
#define KF_CORE_MIME_H

#include "core/slice.h"

struct mime {
    const char *type;  /* of a fixed list; "application/octet-stream" for all else */
    bool shown;        /* raster image or audio: pages may show it; everything else is an attachment */
    int width, height; /* of images, 0 unknown */
};

/* `head`: the first bytes, some 64 KiB if there are that many. */
struct mime mime_of(struct slice head);
/* Is a stored type of the kind that pages may show? */
bool mime_shown(const char *type);

#endif
