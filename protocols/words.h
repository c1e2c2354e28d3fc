/* words.h: how the pages call what a channel wants to know, in Chinese. English stands beside each setting, in the adapter's tables. */
#ifndef KF_PROTOCOLS_WORDS_H
#define KF_PROTOCOLS_WORDS_H

struct words_pair {
    const char *label, *help;
};
/* One of a table that is ended by a NULL name. */
struct words {
    const char *name; /* of a setting, or "KIND.VALUE" of something ready (ready.h) */
    struct words_pair simplified, traditional;
};

#endif
