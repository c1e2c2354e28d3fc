/* chosen.h: a message that an agent has chosen from the channel's templates. It is a text, or a file with words, like any other; its `extra`
 * says what it was made of, so that the adapter can send it as the platform wants it, whatever the settings say by then:
 * {"template":{"key","name","language"?,"header"?,"numbered"?,"fields":[["1","A-1024"],…],"url"?}}. */
#ifndef KF_PROTOCOLS_CHOSEN_H
#define KF_PROTOCOLS_CHOSEN_H

#include "core/arena.h"
#include "core/message.h"
#include "core/template.h"

#include <stdbool.h>

struct chosen {
    struct slice name, language, url; /* empty: it has none */
    enum template_header header;
    bool numbered;
    struct template_value fields[TEMPLATE_BLANKS]; /* in the order of its blanks */
    size_t n;
};

bool chosen_is(const struct message *m);
/* All is copied into the arena. KF_ABSENT: it is an ordinary message. KF_NOMEM. */
enum kf_rc chosen_read(struct arena *a, const struct message *m, struct chosen *ret);
/* The object that stands in `extra`; the values have passed template_check(). */
void chosen_write(struct buf *b, const struct template *t, const struct template_value *values, size_t n);

#endif
