/* inner.h: what api.c, turn.c and gate.c share. */
#ifndef KF_API_INNER_H
#define KF_API_INNER_H

#include "api/api.h"
#include "config.h"

struct api {
    struct api_config cfg;
    struct net_server *server;
    struct turn *ended; /* answered, and not yet freed: whoever answered may still look at it until it returns to the loop */
    char self[80];      /* the listening address: an origin of ours where no public_url is set */
};

/* Lets whoever may in to the route's handler, or answers. gate.c. */
void gate(struct turn *t);
/* Does a request with these headers come to the files' own origin? gate.c. */
bool at_files_origin(const struct api *api, const struct http_pair *headers, size_t n);

/* Frees the turns that have ended: called by nobody who holds one, that is, where a new request begins. turn.c. */
void turns_free(struct api *api);

/* Answers 405 with the methods there are. turn.c. */
void turn_method(struct turn *t, const char *allow);

#endif
