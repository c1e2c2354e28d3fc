/* ready.h: what a platform has ready under a name, and an agent chooses: an article, a coupon, a page of a mini program. An adapter has a
 * table of the kinds that it can send: what a template of that kind (core/template.h) is made of, and whether it goes as a reply. */
#ifndef KF_PROTOCOLS_READY_H
#define KF_PROTOCOLS_READY_H

#include "core/buf.h"
#include "core/rc.h"
#include "core/template.h"

#include <stdbool.h>

enum ready_form {
    READY_TEXT,    /* one line */
    READY_ID,      /* of the platform: no blanks in it */
    READY_ADDRESS, /* http or https; what is filled in stands behind the host, percent-encoded */
    READY_PATH,    /* of a mini program, likewise */
    READY_TARGET,  /* an address, or miniprogram:APPID/PATH */
    READY_BUTTON   /* what a button of approved wording wants: url:END OF ITS ADDRESS, percent-encoded, reply:PAYLOAD or code:COUPON */
};

/* How they begin. */
#define READY_BUTTON_URL   "url:"
#define READY_BUTTON_REPLY "reply:"
#define READY_BUTTON_CODE  "code:"

struct ready_part {
    const char *name;
    enum ready_form form;
    bool required;
    size_t max; /* bytes, with its blanks filled in */
    const char *help;
};

struct ready_kind {
    const char *name, *help;
    bool reply;                 /* goes as a reply: only where one is left, which it uses up; else whenever it is */
    enum ready_form form;       /* of the template's name */
    const char *name_help;      /* what that is */
    size_t text_max;            /* bytes of the text, where the other side reads it; 0: it stays here, and nothing is filled in */
    int lines;                  /* that it has at most; 0 any number */
    size_t first_max, line_max; /* bytes of the first of them, and of each other; 0: as many as the text */
    bool opens;                 /* it may have an url_field */
    bool worded;       /* wording that was approved, with more to it: a name, a language and a header like those that have no kind */
    const char *above; /* the part that the other side reads above the text; NULL: none */
    const struct ready_part *parts; /* ended by a NULL name; NULL: none */
};

/* NULL: there is none. `kinds` is ended by a NULL name, or NULL. */
const struct ready_kind *ready_find(const struct ready_kind *kinds, const char *name);
/* Can this template stand in a document? KF_INVALID: `why` begins with the member that is wrong. */
enum kf_rc ready_check(const struct ready_kind *kinds, const struct template *t, struct kf_err *why);
/* Does it fit with what was filled in, which has passed template_check()? KF_LIMIT: `why` says what is too long. */
enum kf_rc ready_fits(const struct ready_kind *k, const struct template *t, const struct template_value *values, size_t n,
                      struct kf_err *why);
/* The text as the other side reads it, with what stands above it; `k` NULL: template_write(). */
void ready_write(const struct ready_kind *k, const struct template *t, const struct template_value *values, size_t n, struct buf *ret);
/* The value that stands above the text, with its blanks; empty: none does. `k` may be NULL. */
struct slice ready_above(const struct ready_kind *k, const struct template *t);
/* The i-th of its values, filled in. */
void ready_value(const struct ready_kind *k, const struct template *t, size_t i, const struct template_value *values, size_t n,
                 struct buf *ret);

#endif
