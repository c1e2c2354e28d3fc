/* post.h: a signed webhook of the generic channel, as a platform sends it. */
#ifndef KF_TESTS_FAULT_POST_H
#define KF_TESTS_FAULT_POST_H

#include "support/web.h"

#define POST_SECRET "whsec_a2VmdWQgZmF1bHQgY2FtcGFpZ24sIDMyIGJ5dGVzLi4="

/* The member of a set's "channels" that takes such webhooks and sends to http://127.0.0.1:PORT/. Static memory. */
const char *post_channel(int port);
/* Writes a request to `path` with this body into `fd`. `id` is the webhook's: the same again for a repeat. */
void post_send(int fd, const struct daemon *d, const char *path, const char *id, const char *body);

#endif
