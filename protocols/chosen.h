/* chosen.h: a message that an agent has chosen from the channel's templates. It is a text, or a file with words, like any other; its `extra`
 * says what it was made of, so that the adapter can send it as the platform wants it, whatever the settings say by then:
 * {"template":{"key","name","language"?,"header"?,"numbered"?,"fields":[["1","A-1024"],…],"url"?}}. Of a kind (ready.h) it has "kind" and
 * "values":[["path","pages/order?id=A-1024","order"],…], too, each with its first blank if it has any, and "said": how many of the fields stand
 * in the text; what goes as a reply stands there as "ready" instead, with "reply":true. */
#ifndef KF_PROTOCOLS_CHOSEN_H
#define KF_PROTOCOLS_CHOSEN_H

#include "core/arena.h"
#include "core/message.h"
#include "core/template.h"
#include "protocols/ready.h"

#include <stdbool.h>

struct chosen {
    struct slice kind, name, language, url; /* empty: it has none */
    enum template_header header;
    bool numbered;
    struct template_value fields[TEMPLATE_BLANKS]; /* in the order of its blanks */
    size_t n, n_said;                              /* the first of them stand in the text, the others in values only */
    struct template_value values[TEMPLATE_VALUES]; /* as they go */
    struct slice blanks[TEMPLATE_VALUES];          /* the first blank of each; empty: it has none */
    size_t n_values;
};

/* It goes whenever it is, and is not counted. */
bool chosen_is(const struct message *m);
/* It is ready on the platform, and goes as a reply. */
bool chosen_ready(const struct message *m);
/* Likewise, of the object that chosen_write() has made. */
bool chosen_reply(struct slice object);
/* All is copied into the arena. KF_ABSENT: it is an ordinary message. KF_NOMEM. */
enum kf_rc chosen_read(struct arena *a, const struct message *m, struct chosen *ret);
/* {NULL,0}: it has none of that name. */
struct slice chosen_value(const struct chosen *c, const char *name);
/* The object that stands in `extra`; `kind` NULL: an ordinary template. The values have passed template_check() and ready_fits(). */
void chosen_write(struct buf *b, const struct template *t, const struct ready_kind *kind, const struct template_value *values, size_t n);

#endif
