/* files.h: files that visitors and staff send each other: they come in (upload.h), whoever may have one is found out here, and they go out
 * (download.h), a voice message also as WAV or as its shape (voice.c). */
#ifndef KF_API_FILES_H
#define KF_API_FILES_H

#include "api/api.h"

/* GET /files/{id}: the only resource of the files' own origin. */
void files_get(struct turn *t);

/* Somebody who may write or read a file: a visitor or a member of the staff. */
struct file_user {
    bool visitor;
    struct kf_id id;
};

/* Is it a visitor of that site: by cookie (with our own Origin, so that no other site can make a browser upload) or by token? */
bool file_visitor(struct turn *t, const struct site *site, struct kf_id *ret);
/* Asks for the session that the request names; desk_session_alive() says whether it holds. False: it names none that may count, `done` is not
 * called. */
bool file_session(struct turn *t, store_answer *done, void *ctx);

/* Answers with a voice message as WAV. voice.c. */
void voice_play(struct turn *t, const struct stored_file *f, bool by_address);
/* Answers with how loud one is when, and how long it is, as JSON. voice.c. */
void voice_peaks(struct turn *t, const struct stored_file *f, bool by_address);

#endif
