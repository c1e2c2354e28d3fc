/* message.h: one entry of a conversation that every participant sees, and one entry of the timeline that only staff see. */
#ifndef KF_CORE_MESSAGE_H
#define KF_CORE_MESSAGE_H

#include "core/id.h"
#include "core/slice.h"

#include <stdint.h>

enum role { ROLE_VISITOR, ROLE_AGENT, ROLE_BOT, ROLE_SYSTEM };

/* What a message is. The numbers are stored: only append. */
enum message_kind {
    MESSAGE_TEXT = 0,
    MESSAGE_IMAGE = 1,
    MESSAGE_FILE = 2,
    MESSAGE_AUDIO = 3,
    MESSAGE_CARD = 4,  /* a form that was filled in (`extra` has it), a place, a contact; or what core/card.h reads from the text */
    MESSAGE_EVENT = 5, /* joined, transferred, closed ...: always from system, `event` has the word */
    MESSAGE_REMOVED = 6
};

/* Who acts. The name and number are copied into each message, so that history stays true when people are renamed. */
struct actor {
    enum role role;
    struct kf_id id;    /* person for agents, contact for visitors, zero for system */
    const char *name;   /* what the other side sees; "" when unknown */
    const char *number; /* an agent's 工号; NULL if none */
};

/* How far an outgoing message has come on a platform. Never goes backwards; the numbers are stored. */
enum delivery {
    DELIVERY_NONE = 0, /* not to a platform */
    DELIVERY_SENDING = 1,
    DELIVERY_SENT = 2,
    DELIVERY_DELIVERED = 3,
    DELIVERY_READ = 4,
    DELIVERY_FAILED = 5,   /* replaces sending, sent or uncertain only */
    DELIVERY_UNCERTAIN = 6 /* replaces sending only */
};

/* True if `to` may replace `from`. */
bool delivery_may(enum delivery from, enum delivery to);

struct message {
    int64_t seq; /* from 1, no gaps; 0 before the store has numbered it */
    int64_t at;  /* ms since 1970 UTC */
    struct actor from;
    enum message_kind kind;
    struct slice text;    /* valid UTF-8; empty for removed ones */
    const char *lang;     /* BCP 47 of the text, NULL unknown */
    const char *event;    /* MESSAGE_EVENT: "joined", "left", "transferred", "closed", "reopened", "returned" ... else NULL */
    struct kf_id file;    /* zero: none */
    const char *file_url; /* a signed address of it for pages and bots; NULL: /files/ID. Never stored: it soon ends */
    const char *extra;    /* a JSON object or NULL: {"file":{"id","name","mime","size","width","height","duration_ms"},
                        * "choices":[{"id","label"}], "choice":"id", "form":{…}, "rule":"key"} */
    int64_t reply_to;     /* 0: none */
    const char *cid;      /* the sender's own id, NULL if none */
    const char *ref;      /* the platform's id of this message, NULL if none */
    enum delivery delivery;
    /* Why it failed, in the platform's words, or the word for what stands beside it though it was sent (outcome.note); NULL. */
    const char *reason;
    int64_t edited_ms; /* when its words were written, by the clock of the platform where they were edited; 0: not, or nobody knows */
    int64_t typed_ms;  /* how long its author was seen to type it; 0: nobody knows. Only whoever reviews is told */
};

/* The timeline: append-only, for staff. The words are stored. `data` is a JSON object. */
struct entry {
    int64_t id;        /* 0 before the store has numbered it; rises within a conversation */
    int64_t after_seq; /* between which messages it stands; before it is stored: 0 at the end */
    int64_t at;
    const char *kind; /* "note" "opened" "reopened" "offered" "missed" "refused" "assigned" "returned" "transferred" "parked"
                       * "closed" "rated" "rule" "delivery" "viewed" "profile" ... */
    struct actor by;
    const char *data; /* never NULL: "{}" at least */
    const char *ref;  /* before it is stored: the platform's id of the message behind which it shall stand; NULL: at the end */
};

struct arena;
/* All that `m` points to, copied; false when memory is out. */
bool message_copy(struct arena *a, const struct message *m, struct message *ret);

const char *role_name(enum role role);
const char *message_kind_name(enum message_kind kind);
const char *delivery_name(enum delivery d);
bool role_parse(struct slice s, enum role *ret);
bool message_kind_parse(struct slice s, enum message_kind *ret);
bool delivery_parse(struct slice s, enum delivery *ret);

#endif
