/* news.h: what became true, with its seq. The third noun: store → desk → sockets here, a hint elsewhere.
 * Lives in the arena of the change it answers, until the callback returns. */
#ifndef KF_CORE_NEWS_H
#define KF_CORE_NEWS_H

#include "core/conv.h"
#include "core/errand.h"
#include "core/message.h"

struct status_news {
    int64_t seq;
    enum delivery delivery;
    const char *reason;
    int64_t at;
};

struct news {
    bool duplicate;       /* the key was claimed before: conv.id, first_seq and first_at are the first answer, nothing was done */
    struct slice differs; /* with `duplicate`: the key, if it was claimed for something else; else empty */
    int64_t first_seq;    /* of the change's first message; 0 if it had none */
    int64_t first_at;
    bool has_conv;
    bool opened; /* conv is new */
    bool reopened;
    bool staled;                    /* this has left the rules something to look at */
    struct conv before;             /* as it was; zero if opened */
    struct conv conv;               /* as it is now */
    const struct message *messages; /* appended, in seq order */
    size_t n_messages;
    const struct entry *entries;
    size_t n_entries;
    const struct status_news *statuses;
    size_t n_statuses;
    const struct message *changed; /* edited or removed: as they are now */
    size_t n_changed;
    int missed;          /* offers in a row that the former owner has let pass, with this one; 0: it was none */
    size_t n_errands;    /* how many new ones the outbox has */
    bool window;         /* how it may be answered has changed: its reply handles have */
    int64_t version;     /* of a document; epoch of a lease */
    const char *receipt; /* of an erasure: a JSON object */
};

#endif
