/* multipart.h: a form with a file in it (RFC 7578), as platforms take uploads. Errors stick until the end. */
#ifndef KF_PROTOCOLS_MULTIPART_H
#define KF_PROTOCOLS_MULTIPART_H

#include "core/arena.h"
#include "core/buf.h"
#include "core/http.h"
#include "core/rc.h"

struct multipart {
    struct buf body;
    char boundary[48];
};

/* `chance`: what makes the boundary differ from anything that a file may hold. `max`: bytes of all of it. */
void multipart_begin(struct multipart *m, const uint8_t chance[32], size_t max);
void multipart_field(struct multipart *m, const char *name, struct slice value);
void multipart_file(struct multipart *m, const char *name, const char *filename, const char *mime, struct slice bytes);
/* Fills the body and the Content-Type (the pair `type`) of a request and frees the form. KF_NOMEM. */
enum kf_rc multipart_end(struct multipart *m, struct arena *a, struct http_pair *type, struct slice *body);

#endif
