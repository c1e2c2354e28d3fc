/* errand.h: what must leave the house. The fourth noun: the store's outbox → protocols → net.
 *
 *   QUEUED ──claimed──► SENDING ──► DONE
 *     ▲                   │  └────► FAILED (final, visible, can be sent again)
 *     └──── again later ──┘  └────► UNCERTAIN (the outcome is unknown and the platform has no idempotency key)
 *
 * Claimed (`node`, `lease`) by a commit before the request leaves. Found SENDING by another holder, its outcome is uncertain. */
#ifndef KF_CORE_ERRAND_H
#define KF_CORE_ERRAND_H

#include "core/id.h"
#include "core/message.h"

#include <stdbool.h>
#include <stdint.h>

/* The numbers are stored. */
enum errand_state {
    ERRAND_QUEUED = 0,
    ERRAND_SENDING = 1,
    ERRAND_DONE = 2,
    ERRAND_FAILED = 3,
    ERRAND_UNCERTAIN = 4,
    ERRAND_HANDLED = 5 /* it had not got through, and somebody has looked after it: sent it again, or let it be */
};

enum errand_kind {
    ERRAND_SEND = 0, /* the message `seq` */
    ERRAND_EDIT = 1,
    ERRAND_DELETE = 2, /* recall */
    ERRAND_TYPING = 3,
    ERRAND_READ = 4,
    ERRAND_CLOSED = 5, /* the conversation was closed */
    ERRAND_FETCH = 6,  /* what came with the message `seq` is still on the platform. In no line: nothing waits for it, and it for nothing */
    ERRAND_TYPING_OFF = 7,
    ERRAND_BOT = 8, /* the bot's turn: the visitor's message `seq` wants its answer. A line of its own. Asked again under the same id when
                         * its outcome is unknown: what the bot says counts only in the commit that settles it, so it counts once */
    ERRAND_BOT_WAIT =
        9, /* due when patience with the bot (or with a visitor whom it has answered: `seq` is the bot's) is over. In no line */
    /* Our reaction to the visitor's message `seq`, as it stands by then: saying it twice is saying it once. It goes behind what is before it in
     * its conversation's line, and holds up no words, however long its platform takes. */
    ERRAND_REACT = 10
};

struct errand {
    struct kf_id id;
    struct kf_key site, channel;
    struct kf_id conv;
    int64_t seq; /* the message it is about */
    enum errand_kind kind;
    enum errand_state state;
    int attempt;                    /* how often it has been tried */
    int64_t due_at;                 /* not before */
    int64_t created_at, settled_at; /* settled_at: 0 not yet */
    int64_t lease;                  /* epoch of the lease under which it was claimed */
    const char *error;              /* the last one, for people; NULL */
    int part;                       /* of a text that is longer than the channel takes: so many parts have been sent, or taken back */
    bool more;                      /* of such a text: other parts follow this one (what stands below a text goes with the last) */

    /* Filled in when it is read for sending. */
    const char *peer;       /* the platform's name of the exchange */
    const char *user;       /* the contact's address */
    struct message message; /* as it stands now; `ref` is ours to store afterwards; ERRAND_DELETE: its `ref` is that of this part */
    const char *reply_ref;  /* the platform's id of the message it answers; NULL */
    /* message.extra of that one; with CHAN_MENTION it has "speaker_id", where many speak in the conversation. NULL */
    const char *reply_extra;
    const char *emoji;  /* ERRAND_REACT: our reaction; "" none any more; NULL nothing is known of it (it was erased) */
    const char *handle; /* the newest reply handle of the conversation that has replies and time left, else the newest; NULL none */
    int64_t handle_expires_ms;
    int handle_left;      /* replies left on it, -1 unbounded */
    int handle_used;      /* replies already sent on it: the next msg_seq is this + 1 */
    bool handle_over;     /* as it is settled: the platform takes nothing more on it, whatever we have counted */
    bool gone;            /* nobody is at the address of its channel any more (outcome.gone), until it is saved or tried with success */
    const char *file_url; /* a signed address of the message's file, NULL none */
    const char *media_id; /* what upload() has got for that file, NULL none */
    struct slice file;    /* the file itself, for channels that have upload(); p == NULL: none */
    const char *file_name, *file_mime;
    /* Of a message with a file that was never tried: those that stand right behind it in the line and are the same, up to the first that is not. */
    struct errand *behind;
    size_t n_behind;
    bool parted; /* something else stands behind those */
};

/* So many at most are read. */
#define ERRANDS_BEHIND 9

/* Of one conversation, where each of the visitor's messages is answered for itself: a hundred replies and more. */
#define HANDLES_MAX 32

/* So begins a handle that is a code of an event's: it stands for one text of a person's, and for nothing else. While it can be used it goes
 * before all others, which the platform does not take then. */
#define HANDLE_CODE "code:"

/* handle_expires_ms where the visitor has left: not even a template gets there. */
#define HANDLE_LEFT 1

/* How a conversation may be answered, on a channel that bounds it. */
struct reply_window {
    bool known;
    int64_t asked;    /* the number of the question to the store that it answers: an older answer that comes later says nothing */
    int64_t until;    /* 0: without an end; HANDLE_LEFT */
    int left;         /* replies; -1: as many as one likes */
    int64_t fewer_at; /* then some of these end, before the others; 0: they do not */
    bool late;        /* afterwards the platform takes what staff write, as what it has approved (a template of one variable) */
    bool templates;   /* afterwards, and before, it takes what they choose from the channel's templates */
    bool ready;       /* there are templates that go as replies, and only so */
    bool texts;       /* one text is all that goes: it does by the code of an event (HANDLE_CODE) */
};

enum reply_state { REPLY_FREE /* no bounds, or not known */, REPLY_OPEN, REPLY_LATE, REPLY_CLOSED };

/* What a platform's answer means; `channels/README` calls these result classes. */
enum outcome_class {
    OUTCOME_SENT,
    OUTCOME_RETRY,        /* transient: back off */
    OUTCOME_RATE_LIMITED, /* wait retry_after_ms if given */
    OUTCOME_WINDOW_CLOSED,
    OUTCOME_USER_BLOCKED,
    OUTCOME_NO_SUCH_USER,
    OUTCOME_AUTH, /* credentials: renew once, then alert the operator */
    OUTCOME_TOO_LARGE,
    OUTCOME_REJECTED,
    OUTCOME_ALREADY_ACCEPTED, /* idempotent replay: treat as sent */
    OUTCOME_RETRY_WITH_NEW_CONVERSATION,
    OUTCOME_FATAL,
    OUTCOME_UNCERTAIN
};

struct outcome {
    enum outcome_class cls;
    struct slice ref;  /* the platform's id of what was sent, empty if it gives none */
    struct slice code; /* the platform's own code, for people */
    struct slice text; /* the platform's own words, for people */
    /* OUTCOME_SENT: the word for what stands beside it all the same; empty: nothing. "review": somebody there looks at it first. */
    struct slice note;
    struct slice peer; /* OUTCOME_RETRY_WITH_NEW_CONVERSATION: what the exchange is called from now on */
    int64_t retry_after_ms;
    bool alert; /* with OUTCOME_FATAL: nothing of this account gets through until somebody does something about it there */
    bool gone;  /* with OUTCOME_FATAL: not this message alone is refused, nobody is at that address any more */
};

const char *outcome_name(enum outcome_class cls);
/* For people, where the platform has said nothing that could be shown. */
const char *outcome_words(enum outcome_class cls);

/* After the try number `attempt` (from 0) of an errand that is so old: how long until the next one, with full jitter: anything up to a bound
 * that doubles. -1: it is given up. `patience_ms`: how old it may become at least where its platform is known to be away for long (mail);
 * 0: a dozen tries. `chance`: any number. */
int64_t errand_again_ms(int attempt, int64_t age_ms, int64_t patience_ms, uint32_t chance);

#endif
