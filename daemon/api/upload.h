/* upload.h: a file that comes in: POST /files. */
#ifndef KF_API_UPLOAD_H
#define KF_API_UPLOAD_H

#include "api/api.h"

/* Finds out who it is, stores what upload_piece() brings, and answers when all of it is stored, or as soon as it may not be. */
void upload_begin(struct turn *t);
/* The next piece of the request's body. The one after it is asked for when this one is stored. */
void upload_piece(uint64_t req, struct slice piece, bool last);
/* The other side has gone, if it was uploading: nothing of it stays. */
void upload_gone(uint64_t req);

#endif
