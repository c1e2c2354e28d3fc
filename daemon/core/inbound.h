/* inbound.h: what somebody said or did. The first of the four nouns: protocols → desk.
 *
 * One struct for what the browsers' frames and the platforms' webhooks say. Which members count depends on the kind; all others
 * are zero. Everything is borrowed from the arena of the turn. */
#ifndef KF_CORE_INBOUND_H
#define KF_CORE_INBOUND_H

#include "core/id.h"
#include "core/message.h"
#include "core/slice.h"

#include <stdbool.h>
#include <stdint.h>

enum inbound_kind {
    /* From anybody. */
    INBOUND_MESSAGE, /* type, text, media, payload, reply_to */
    INBOUND_TYPING,  /* on */
    INBOUND_READ,    /* seq: read up to here */

    /* From browsers. */
    INBOUND_HELLO,   /* token, locale, page, profile, identity, conversation, last_seq */
    INBOUND_HISTORY, /* conversation, after | before, limit */
    INBOUND_PING,
    INBOUND_RATE, /* conversation, score, tags, comment */
    INBOUND_CLOSE,
    INBOUND_PROFILE,  /* profile, identity, page, locale */
    INBOUND_PRESENCE, /* presence, reason; to_agent: somebody else's */
    INBOUND_ACCEPT,
    INBOUND_REFUSE,
    INBOUND_NOTE,     /* text */
    INBOUND_TRANSFER, /* to_agent | to_queue, text is the note */
    INBOUND_INVITE,   /* to rate */
    INBOUND_RECALL,   /* seq */
    INBOUND_RESEND,   /* seq */
    INBOUND_REACT,    /* seq, text is the emoji; empty: it is taken back */
    INBOUND_WATCH,    /* on */
    INBOUND_WHISPER,  /* text */
    INBOUND_JOIN,     /* becomes the helper */
    INBOUND_HELP,     /* to_agent is asked to help, text is the note */
    INBOUND_LEAVE,    /* the helper does, or is sent away by the owner */
    INBOUND_PRIORITY, /* number */
    INBOUND_READY,    /* with a closed one: its place is free */

    /* From platforms. */
    INBOUND_EDIT,     /* ref: the message; text */
    INBOUND_DELETE,   /* ref */
    INBOUND_REACTION, /* ref, text is the emoji, on: added or taken back */
    INBOUND_POSTBACK, /* payload, text is the title */
    INBOUND_COMMAND,  /* text */
    INBOUND_STATUS,   /* ref, delivery, code, reason */
    INBOUND_ECHO,     /* our own message, or one that somebody of ours sent in the platform's own app: agent, text, media */
    INBOUND_FOLLOW,
    INBOUND_UNFOLLOW,
    INBOUND_OPTIN,
    INBOUND_OPTOUT,
    INBOUND_SUBSCRIPTION, /* ref: the platform's name of a template; on: may it be sent now, or not any more? */
    INBOUND_SYSTEM        /* text; with `was`: `user`, or where that is empty `peer`, had this name before and is the same */
};

enum inbound_type {
    TYPE_TEXT,
    TYPE_IMAGE,
    TYPE_AUDIO,
    TYPE_VIDEO,
    TYPE_FILE,
    TYPE_STICKER,
    TYPE_LOCATION,
    TYPE_CONTACT,
    TYPE_LINK,
    TYPE_RICH,
    TYPE_CHOICE,   /* payload: the id of the choice */
    TYPE_FORM,     /* form: a JSON object */
    TYPE_CARD,     /* of staff: `text` is all of the card (core/card.h) */
    TYPE_TEMPLATE, /* of staff: payload is the key of one of the channel's templates, form its fields: {"1":"…"}, by name; file */
    TYPE_UNSUPPORTED
};

enum presence { PRESENCE_OFFLINE, PRESENCE_AWAY, PRESENCE_BUSY, PRESENCE_ONLINE };

/* A file on a platform: an address, or an id that the adapter's media() can turn into one; or the file itself, where it has come with the
 * event: then it is stored before the event is. */
struct media {
    enum inbound_type type;
    struct slice url, id, mime, name;
    struct slice bytes;            /* p == NULL: it is still there */
    const struct act_file *stored; /* the desk's note: `bytes` are in the file store; NULL: not yet, or not at all */
    int64_t size;                  /* 0 unknown; of what comes in pieces it is what they say */
    int64_t duration_ms;
    struct slice sha256; /* base64 of what it is, as the platform says; where that is not so, it is only logged */
    /* While it is being fetched: which try this is, from 0; the requests that were answered so far, and the bytes that came in pieces (206). */
    int tries;
    int asked;
    int64_t come;
};

struct inbound {
    enum inbound_kind kind;
    enum inbound_type type;

    /* Where it stands. Browsers: the connection knows channel and contact. */
    struct slice account; /* the platform's id of our side, "" if the channel has only one */
    struct slice user;    /* the platform's id of the person */
    struct slice user_name;
    struct slice agent; /* of an echo: who of ours wrote it, in the platform's words */
    struct slice peer;  /* the platform's name of the exchange: the user, a group, a mail thread */
    struct slice was;   /* INBOUND_SYSTEM: its name until now */
    struct slice thread;
    bool proven;               /* `conversation` was proven by a secret of ours: it may be one of another channel of the site */
    struct kf_id conversation; /* browsers: as the frame says; zero if it says nothing */

    /* Which one it is. */
    struct slice cid;            /* browsers */
    struct slice dedupe;         /* platforms: names the kind of event too */
    struct slice once, once_for; /* a word that the platform gives to one request, and what it was given for: with another it is a replay */
    struct slice id;             /* the platform's id of this message */
    struct slice ref;            /* the platform's id of the message that this one is about */
    int64_t at;                  /* the platform's time, ms; 0 unknown */

    /* What it says. */
    struct slice text;
    struct slice quoted;     /* of a mail: what it repeats of those before it */
    struct slice title, url; /* of a link, a place, a card; the address is only shown, never fetched */
    struct slice payload;
    struct slice form; /* a JSON object, checked */
    struct slice
        chosen; /* the desk's note to a TYPE_TEMPLATE, whose `text` is then its wording: what goes into `extra` (protocols/chosen.h) */
    const struct media *media;
    size_t n_media;
    struct kf_id file; /* browsers: uploaded before */
    int64_t seq, reply_to;
    bool on;
    bool has_place; /* of a card: it has lat and lon */
    double lat, lon;
    bool gcj02; /* they are shifted as on Chinese maps; else they are as satellites have them (WGS 84) */
    enum delivery delivery;
    bool window_over; /* of a status: it failed because the time, or the number, for replies is over */
    bool of_reaction; /* of a status: of the staff's reaction (`text`, the emoji) to message `seq` of `conversation`, which has failed */
    struct slice code, reason; /* of a status; reason of a presence; code: the word of an INBOUND_SYSTEM */
    struct slice referral;     /* where somebody came from: the scene of a QR code, of a link, of an advertisement */
    bool confirm;              /* from staff: it was told that there is wording that it should not use, and means it */
    bool automatic;            /* made by a machine on the other side: never answered by ours */
    struct slice raw;          /* what could not be read, as it came: kept 7 days */

    /* Reply handles and windows of platforms that have them. */
    struct slice reply_token;
    int64_t reply_expires_ms;
    int reply_left;  /* replies that it stands for; 0: as many as the channel says (window_count); -1: as many as one likes */
    bool reply_code; /* reply_token is a code of an event's: one text, see HANDLE_CODE */
    bool reply_now;  /* it is good for seconds: the adapter uses it at once, or nobody */
    bool reply_ends; /* what could be answered until now cannot be any more */

    /* Browsers. */
    struct slice token, locale, page, profile; /* page, profile: JSON objects, checked and bounded */
    struct slice identity_id, identity_hash;
    int64_t last_seq, after, before;
    int limit;
    int score;         /* 1 to 5 */
    struct slice tags; /* a JSON array of strings */
    struct slice comment;
    enum presence presence;
    struct kf_id to_agent;
    struct kf_key to_queue, to_department;
    int number;
};

#endif
