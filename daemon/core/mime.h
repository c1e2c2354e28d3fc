/* mime.h: what a file is, by its first bytes. The name and what the sender says of it are not believed. */
#ifndef KF_CORE_MIME_H
#define KF_CORE_MIME_H

#include "core/inbound.h"
#include "core/slice.h"

struct mime {
    const char *type;  /* of a fixed list; "application/octet-stream" for all else */
    bool shown;        /* raster image or audio: pages may show it; everything else is an attachment */
    int width, height; /* of images, 0 unknown */
};

/* `head`: the first bytes, some 64 KiB if there are that many. */
struct mime mime_of(struct slice head);
/* Something was announced that is never made of letters (a picture, a sound, a film, or a document that says it is one), and `head` is: an error
 * in words, whatever its status was. A drawing (SVG) is a picture all the same, and what may be a text (CSV that calls itself Excel, a play
 * list) is given the benefit of the doubt unless it is plainly JSON or a page. `said`: the announced type, "" none. */
bool mime_mistaken(enum inbound_type announced, struct slice said, struct slice head);
/* Is a stored type of the kind that pages may show? */
bool mime_shown(const char *type);

#endif
