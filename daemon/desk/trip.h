/* trip.h: one errand under way: what the files that send, upload and fetch share. */
#ifndef KF_DESK_TRIP_H
#define KF_DESK_TRIP_H

#include "desk/outlet.h"

#define UPLOAD_TIMEOUT_MS 60000

struct trip {
    struct desk *d;
    struct kf_key site;
    struct arena *arena;
    struct errand errand;
    int renewed;        /* how often another token was asked for, for this trip */
    struct slice token; /* with which it was tried last */
    bool rode;          /* inside an answer: that costs no handle */
    bool chosen;        /* from the channel's templates: nor does that */
    bool over;          /* the platform takes no more replies under this handle */
    bool more;          /* its text is longer than the channel takes: another part follows */
    bool gone;          /* nobody is at the channel's address any more */
    int64_t left_at;    /* when its newest request left */
    bool found;         /* it was found SENDING: another holder has died with it */

    /* A file that goes out or comes in: media.c. */
    struct media media;       /* ERRAND_FETCH: where it is */
    char *bytes;              /* owned */
    size_t n_bytes, at_bytes; /* at_bytes: so many have been stored or read */
    struct stored_file file;
    struct slice kept;           /* by upload(), from one of its answers to the next */
    bool uploaded;               /* or there is nothing to upload */
    bool fetching;               /* counted in desk_site.fetching */
    struct album *album;         /* with which its file goes; NULL: by itself */
    bool fetched;                /* `file` is what came */
    const struct message *shown; /* what the message is from now on; NULL: as it was */

    int64_t patience_ms; /* of its channel */

    /* How it ended, until that is committed. */
    enum errand_state state;
    enum delivery delivery;
    const char *ref, *error, *note;
    const char *peer; /* what the platform calls the exchange from now on; NULL: as before */
    int64_t due_at;
    void (*again)(struct trip *); /* commits that once more */
    struct talk *talk;            /* a bot's: bot.c */
    struct trip *next;            /* among those that the store has not taken */
};

/* ---- deliver.c ---- */
/* The outcome is known: committed, then the next errand of that conversation. */
void trip_end_with(struct trip *t, enum errand_state state, enum delivery delivery, const char *error);
/* It was committed, or not: the same for whatever commit has ended it. */
void trip_settled(struct trip *t, enum kf_rc rc, const struct news *news);
/* It goes no further here; whoever holds the next lease finds it. */
void trip_lost(struct trip *t);
/* Not before that, and not for ever: after the last attempt it has failed. */
void trip_again_later(struct trip *t, int64_t at_least_ms, const char *error);
/* What a platform's answer asks for. */
void trip_settle(struct trip *t, struct desk_site *ds, struct outlet *out, const struct outcome *o);
/* Goes on with sending: its upload is done. */
void trip_send(struct trip *t);

/* What the adapter is told of the world; remembers the token. */
struct env trip_env(struct trip *t, const struct outlet *o);

/* A trip for that errand, which is copied. NULL: memory is out. */
struct trip *trip_new(struct desk *d, const struct desk_site *ds, const struct errand *e);
/* Do the words of a file go behind it, because they cannot stand beside it? */
bool words_follow(const struct channel_ops *ops, const struct message *m);

/* ---- album.c ---- */
/* True: it is taken care of, together with those behind it; or it waits for a moment for those that may come. False: it goes by itself. */
bool album_begin(struct desk *d, struct desk_site *ds, struct outlet *o, const struct errand *e);
/* The next file is in memory; or (`why`) it cannot be had. */
void album_have(struct album *al, const char *why);

/* ---- media.c ---- */
/* Reads the file of a message into memory; then its album has it, or upload() is called. */
void media_read(struct trip *t);
/* Fetches what came with a message. The token is there. */
void media_fetch(struct trip *t);
/* It is over, and has failed: the message says so. */
void media_failed(struct trip *t, const char *reason);
/* Takes the file of a message to the platform, then trip_send(). False: nothing has to be taken there. */
bool media_upload(struct trip *t, struct outlet *o);

#endif
