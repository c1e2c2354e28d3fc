/* card.h: a card: a title, words, an address. It is kept and searched, masked and exported as a text: the title is its first line, the
 * address its last one, what stands between them its words. */
#ifndef KF_CORE_CARD_H
#define KF_CORE_CARD_H

#include "core/buf.h"
#include "core/slice.h"

#include <stdbool.h>

enum {
    CARD_TITLE_MAX = 128, /* code points; no platform that takes cards documents less, of this or the words */
    CARD_WORDS_MAX = 512,
    CARD_URL_MAX = 1024, /* bytes */
};

struct card {
    struct slice title, words, url; /* empty: not there */
};

/* Where a card leads instead of an address: "miniprogram:APPID/PATH". Nothing but WeChat opens it. */
struct card_mini {
    struct slice app, path;
};

bool card_mini(struct slice url, struct card_mini *ret);
/* As the text of a message; parts that are empty have no line. */
void card_write(struct buf *b, const struct card *c);
/* Is it one line, in which something is seen? */
bool card_title_good(struct slice title);
/* The parts of such a text, borrowed from it. False: it does not end in a line that is an http or https address, or a mini program, or nothing stands above that. */
bool card_read(struct slice text, struct card *ret);

#endif
