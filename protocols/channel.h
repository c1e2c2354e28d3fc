/* channel.h: a channel is a struct of functions: one translator between a platform's bytes and our facts.
 *
 * No I/O, no clock, no state but its settings: what changes (tokens, cursors, handles) the shell keeps and hands in with `env`.
 * The adapter speaks the platform's language; the shell sends, retries and keeps time for all of them. A new channel is its own files
 * and one line of channels.def. All that is returned lives in the arena. */
#ifndef KF_PROTOCOLS_CHANNEL_H
#define KF_PROTOCOLS_CHANNEL_H

#include "core/arena.h"
#include "core/errand.h"
#include "core/http.h"
#include "core/inbound.h"
#include "core/part.h"
#include "core/rc.h"
#include "core/template.h"
#include "protocols/ready.h"
#include "protocols/words.h"

#include <stddef.h>
#include <stdint.h>

/* What the desk may ask of a channel. */
enum {
    CHAN_IMAGE = 1 << 0,
    CHAN_FILE = 1 << 1,
    CHAN_AUDIO = 1 << 2,
    CHAN_CHOICES = 1 << 3,
    CHAN_TYPING = 1 << 4,
    CHAN_READ = 1 << 5,
    CHAN_EDIT = 1 << 6,
    CHAN_RECALL = 1 << 7,
    CHAN_REPLY_TO = 1 << 8,
    CHAN_IDEMPOTENT = 1 << 9,   /* sends carry a key: an unknown outcome may be sent again */
    CHAN_ANSWERS = 1 << 10,     /* a reply can ride in the answer to the webhook: hold it up to answer_ms */
    CHAN_RECEIPTS = 1 << 11,    /* tells delivered or read */
    CHAN_CLOSED = 1 << 12,      /* wants to hear that a conversation was closed */
    CHAN_TYPING_OFF = 1 << 13,  /* and that somebody has stopped typing; else its sign ends by itself */
    CHAN_SOUND_ALONE = 1 << 14, /* a sound has no words beside it, whatever caption_max says */
    CHAN_CARD = 1 << 15,      /* encode() takes a MESSAGE_CARD whole, as one message, with its picture as file_url if it has one; elsewhere
                                  * cards come to it as texts. Where that depends on the card, card() says it */
    CHAN_TEMPLATES = 1 << 16, /* encode() takes what was chosen from the channel's templates, whenever that is, or as a reply where its kind
                                  * says so: see chosen.h */
    /* A message has replies of its own (window_count), and those to older ones may be used for as long as they stand; else each message opens
     * the one window anew. */
    CHAN_EACH_ANSWERED = 1 << 17,
    /* encode() takes ERRAND_REACT: errand.emoji becomes our only reaction to the visitor's message (errand.message.ref), "" takes it away. Saying it
     * again changes nothing, so it is said again where the outcome is not known. What the platform answers to an emoji that it does not take, the
     * staff read. */
    CHAN_REACT = 1 << 18,
    /* Where many speak in one conversation, encode() can name the one whom a reply is to (errand.reply_extra). */
    CHAN_MENTION = 1 << 19
};

/* What an account of nobody's is to a channel. */
enum channel_taking { TAKES_NOT, TAKES_ALL /* of a kind, whatever it is */, TAKES_NAMED /* this one */ };

/* How a card goes. */
enum card_way {
    CARD_AS_TEXT,  /* it comes to encode() as a text, without its picture, and is cut as texts are */
    CARD_WHOLE,    /* as it is: one message, its picture as file_url */
    CARD_UPLOADED, /* likewise, and its picture goes through upload() first */
    CARD_REFUSED   /* not at all, and it is not even stored: `why` says the reason to who has written it */
};

enum setting_type { SETTING_TEXT, SETTING_INT, SETTING_BOOL, SETTING_URL, SETTING_LIST };

/* One of a channel's settings. The table is parser, defaults, ranges, help and form in one. */
struct setting_key {
    const char *name;
    enum setting_type type;
    bool required, secret;
    bool lines;       /* it is said to people, in as many lines as open() allows; other texts have one, and no blanks at their ends */
    int64_t min, max; /* SETTING_INT: value; SETTING_TEXT and _URL: length in bytes; SETTING_LIST: entries */
    const char *def;  /* NULL none */
    const char *help;
};

/* What a pure function needs of the world. */
struct env {
    int64_t now_ms;
    uint8_t chance[32];     /* fresh random bytes for this call */
    const char *public_url; /* ours, without a slash at the end */
    struct slice token;     /* the account's access token, empty if there is none */
    int64_t token_expires_ms;
    struct slice cursor;     /* of pull */
    bool answering;          /* encode: becomes the answer to the request that is still open */
    struct slice answer_key; /* what receive() left for it: `received.answer_key` */
};

/* What a webhook said, and what it is to be told. */
struct received {
    struct inbound *inbound;
    size_t n;
    /* The answer once `inbound` is committed (at once if there is none of it). */
    int status;
    const char *type;
    struct slice body;
    /* Work to do after the answer. */
    bool pull;               /* there is more to fetch: see pull() */
    struct slice pull_token; /* handed to it */
    struct slice nod;        /* there is something that the platform wants to hear, once: see nod() */
    struct slice who;        /* somebody has written of whom the platform may know more: see who() */
    /* Of which account: the channel of this site that has it (ops->account) fetches, nobody where none has. Empty: this channel. */
    struct slice pull_account;
    struct slice answer_key; /* CHAN_ANSWERS: what encode() needs to answer with a message */
    /* Why it was refused, for the log and the admin page: "missing_signature" "malformed_header" "bad_signature" "stale_timestamp"
     * "malformed_body" …; NULL if it was not. Nothing of it is stored. */
    const char *refused;
};

/* One page of what was pulled. Items and cursor are stored in one commit. */
struct pulled {
    struct inbound *inbound; /* those of another account go to its channel */
    size_t n;
    size_t n_unread; /* items that could not be read: the log tells how many */
    struct slice cursor;
    bool more;
    bool token_expired; /* renew, then the same page again */
    struct slice words; /* of the platform, for people, where pull() ends with KF_AUTH: it refuses our credentials */
    /* What shall be said at once, when the page has been stored, and is not worth repeating: nobody looks at the answers. */
    const struct http_req *after;
    size_t n_after;
    int step; /* the adapter's own mark; with all else here it is kept from one answer of a page to the next, and is 0 at first */
};

/* A file on its way to a platform that takes it before the message that shows it. */
struct upload {
    struct slice bytes; /* all of it, upload_max at most */
    const char *mime, *name;
};

/* What upload() has made of the platform's answers. */
struct uploaded {
    struct slice id;        /* goes to encode() as errand.media_id */
    struct outcome outcome; /* OUTCOME_SENT: `id` holds; else as settle() has it, so that the shell does the same about it */
    struct slice kept;      /* the adapter's own, from one answer to the next where a file takes several; empty at first */
    bool said;              /* the upload was the message itself: no encode(), and `outcome` is all of it, uncertain ones too */
};

#define ALBUM_MAX 10

/* One of the messages that go as one. */
struct album_item {
    const struct errand *errand;
    struct upload file;
    struct outcome outcome; /* of album_settle() */
};

/* What renew() has made of the platform's answers. */
struct renewed {
    struct slice token;
    int64_t expires_ms; /* when to renew next: already ahead of the real expiry */
    /* Where there is none: what the platform says of it, for people, and how long it wants to be left alone. */
    struct slice words;
    int64_t retry_after_ms;
};

struct channel;

struct channel_ops {
    const char *name; /* the word in settings, in URLs and in logs */
    uint32_t caps;
    size_t text_max;                /* per message; the desk splits what is longer */
    enum text_unit text_unit;       /* of what: code points, unless it says otherwise */
    int64_t caption_max;            /* words beside a file, in the same unit: 0 unbounded, -1 none. Longer ones follow it as a text */
    size_t body_max;                /* bytes of a webhook; 0: 1 MiB */
    int64_t answer_ms;              /* CHAN_ANSWERS: how long an answer may wait for a reply */
    int64_t window_ms;              /* replies only so long after the visitor's last message; 0 always */
    int window_count;               /* replies per inbound message; 0 unbounded */
    int64_t poll_ms;                /* pull() also without being told, as a safety net; 0 never */
    int64_t patience_ms;            /* what may get through later is tried for so long at least; 0: a dozen times, within the hour */
    int64_t recall_ms;              /* CHAN_RECALL: what was sent longer ago stays there; 0: no bound is known */
    int64_t typing_ms;              /* CHAN_TYPING: how long its sign lasts; 0: more than six seconds */
    int64_t media_ms;               /* how long the platform keeps a file that was sent to us; 0: not known */
    int64_t upload_max;             /* upload(): bytes of a file; larger ones fail before anything is sent */
    size_t album_max;               /* album(): messages, ALBUM_MAX at most */
    const struct setting_key *keys; /* ended by a NULL name */
    const struct words *words;      /* the same in Chinese, for the pages; ended by a NULL name */

    /* Reads the settings (already checked against `keys`) into a new channel, and frees one. */
    enum kf_rc (*open)(struct channel **ret, struct slice settings, struct kf_err *why);
    void (*close)(struct channel *); /* takes NULL */
    /* The platform's id of our side: what inbound.account says of events that are for this channel. Those for another account go to the
     * channel that has it, of this site or of another, as that one reads the same request, if it believes it. NULL: only one can stand
     * behind a hook. */
    struct slice (*account)(const struct channel *);
    /* Does it also take what is for this account, where no channel has that for its own? NULL: no. */
    enum channel_taking (*takes)(const struct channel *, struct slice account);

    /* Bytes to facts. KF_OK also for what is refused: the answer is in `ret`. */
    enum kf_rc (*receive)(const struct channel *, struct arena *, const struct http_req *, const struct env *, struct received *ret);
    /* Likewise, of a request that came to the hook of another channel, what of it is for `account`. `believed`: whose secret it has to stand
     * up to; that of the same site is the site's, else it is this channel's own. NULL: receive(), and each believes for itself. */
    enum kf_rc (*receive_for)(const struct channel *, const struct channel *believed, struct slice account, struct arena *,
                              const struct http_req *, const struct env *, struct received *ret);
    /* Facts to bytes. With env->answering the errand becomes `ret->body` as an answer; KF_UNSUPPORTED: not possible that way; KF_AGAIN: once its
     * file has gone through upload() (errand.file is there by then, and errand.media_id if it was taken). */
    enum kf_rc (*encode)(const struct channel *, struct arena *, const struct errand *, const struct env *, struct http_req *ret);
    /* The platform's answer to what encode() made. No answer at all (status 0) comes here too. */
    enum kf_rc (*settle)(const struct channel *, struct arena *, const struct errand *, const struct http_resp *, struct outcome *ret);
    /* The last answer in (NULL at first), the next request out: KF_AGAIN. KF_OK: `done` is filled; KF_AUTH: the credentials
     * are refused; else later. NULL where there is no token. */
    enum kf_rc (*renew)(const struct channel *, struct arena *, const struct env *, const struct http_resp *last, struct http_req *ret,
                        struct renewed *done);
    /* Likewise, page by page; `token` is received.pull_token. What `done` has been filled with stays there while a page takes several
     * requests. NULL where there is nothing to pull. */
    enum kf_rc (*pull)(const struct channel *, struct arena *, const struct env *, struct slice token, const struct http_resp *last,
                       struct http_req *ret, struct pulled *done);
    /* What the platform wants to hear apart from the answer: `what` is received.nod. Said once, by whichever node was told; whether it was
     * heard changes nothing. NULL where there is no such thing. */
    enum kf_rc (*nod)(const struct channel *, struct arena *, const struct env *, struct slice what, struct http_req *ret);
    /* What the platform knows of `user` (received.who): the last answer in (NULL at first), the next request out: KF_AGAIN. KF_OK: `profile` is a
     * JSON object that goes into what is known of that person, empty if there is nothing; else it could not be had, and is not asked for again
     * soon. Not asked for either where the member `who_member` is known already. Nobody waits for it. NULL where there is no such thing. */
    enum kf_rc (*who)(const struct channel *, struct arena *, const struct env *, struct slice user, const struct http_resp *last,
                      struct http_req *ret, struct slice *profile);
    const char *who_member;
    /* A file comes in: its address on the platform. KF_AGAIN: send `ret`, call again with the answer; KF_OK: `ret` fetches the bytes
     * (`ret->url` NULL: the last answer was the file; one of pieces comes with KF_AGAIN for each: what an answer of 206 brings is kept, media.come says
     * how much it is by then); KF_AUTH: renew the token, then from the beginning; KF_RATE: later; KF_LIMIT: it is
     * too large; KF_DENIED: not allowed; else it cannot be had. The shell fetches each message's media after the commit, within the site's
     * bound for files, tries again while that helps, and stores what has come; until then, and if it fails, the message stands there with
     * a text that says so. `ret->stranger`: the address is not the platform's own. NULL where media never come. */
    enum kf_rc (*media)(const struct channel *, struct arena *, const struct env *, const struct media *, const struct http_resp *last,
                        struct http_req *ret);
    /* A file goes out, before encode(): the last answer in (NULL at first), the next request out: KF_AGAIN. KF_OK: `done` is filled. No
     * answer at all (status 0) comes here too; nobody has seen anything yet, so an unknown outcome is OUTCOME_RETRY. errand.file_url is there
     * for those that fetch it themselves. KF_UNSUPPORTED: this file need not be taken there first. NULL: files go as addresses (errand.file_url), or not at all. */
    enum kf_rc (*upload)(const struct channel *, struct arena *, const struct errand *, const struct upload *, const struct env *,
                         const struct http_resp *last, struct http_req *ret, struct uploaded *done);
    /* Files of staff that are sent in one go are shown as one where that is possible. May this message stand in an album, by what is known of its
     * file? 0: no; else a number of the kind of album: only what is of the same kind stands together. NULL: each goes for itself. */
    int (*joins)(const struct message *);
    /* The one request for 2 to album_max of them, in their order: all of one conversation, never tried before, upload_max bytes together, and only
     * the first answers another. What has not gone that way is tried again one by one. */
    enum kf_rc (*album)(const struct channel *, struct arena *, const struct album_item *all, size_t n, const struct env *,
                        struct http_req *ret);
    /* What the answer means for each of them. No answer at all (status 0) comes here too. */
    enum kf_rc (*album_settle)(const struct channel *, struct arena *, struct album_item *all, size_t n, const struct http_resp *);
    /* Does the platform know us, and where to find us? The last answer in (NULL at first), the next request out: KF_AGAIN. KF_OK: all is well,
     * and `why` says who we are there; else it says what is not: KF_AUTH the credentials, KF_IO no answer that can be read, KF_REJECTED anything
     * else. `hook` is the address of our webhook; `tell`: where a platform takes it by a call, it is told. Nothing that a visitor
     * sees comes of it. `why` is empty at first; what is put there with KF_AGAIN is there again with the next answer. NULL where nothing can
     * be asked. */
    enum kf_rc (*meet)(const struct channel *, struct arena *, const struct env *, const char *hook, bool tell,
                       const struct http_resp *last, struct http_req *ret, struct kf_err *why);
    /* How this card goes. Where `extra` is not known yet, `file` alone tells that a picture will be there. NULL: as CHAN_CARD says, and
     * mini programs do not go. */
    enum card_way (*card)(const struct message *m, struct kf_err *why);
    /* Without CHAN_CHOICES: do its settings let choices be buttons all the same? Those that do not fit encode() says in numbered lines, as
     * the desk does where this is false. NULL: no. */
    bool (*buttons)(const struct channel *);
    /* When a window has ended (window_ms, window_count): does encode() still find a way for what an agent writes, such as a template that the
     * settings name? NULL: it does not, and nobody need try. */
    bool (*late)(const struct channel *);
    /* CHAN_TEMPLATES: can it send this one, which has passed ready_check()? Else the words begin with the member that is wrong. */
    enum kf_rc (*template)(const struct template *, struct kf_err *why);
    const struct ready_kind *kinds; /* of templates, beside wording that was approved and nothing else; ended by a NULL name. NULL: none */
};

/* All channels, ended by NULL: channels.def, one line each. */
extern const struct channel_ops *const channel_registry[];
const struct channel_ops *channel_find(const char *name);
/* Settings against the key table: unknown, missing, wrong type, out of range. The words name the member. */
enum kf_rc channel_check(const struct channel_ops *ops, struct slice settings, struct kf_err *why);

/* Can it send this template? Else the words begin with the member that is wrong. */
enum kf_rc channel_template(const struct channel_ops *ops, const struct template *t, struct kf_err *why);

/* How long ago a message may have been sent that is taken back here: what its platform would keep, and what the site says (0: any time). */
int64_t channel_recall_ms(const struct channel_ops *ops, int64_t site_ms);

/* ops->card(), or what stands for it. */
enum card_way channel_card(const struct channel_ops *ops, const struct message *m, struct kf_err *why);

/* What an answer without a code of the platform's means: was it done? A gateway that gave up waiting does not know, nor does whoever reads a
 * 200 that says nothing. */
enum outcome_class channel_silence(const struct http_resp *resp);

struct json_t;
/* For an adapter whose channel is a struct of `size` bytes that lies in an arena of its own, and has that as its first member: open(), which
 * gives `read` the zeroed struct and the settings as an object, and close(). */
enum kf_rc channel_make(struct channel **ret, size_t size, struct slice settings,
                        enum kf_rc (*read)(struct channel *, const struct json_t *, struct kf_err *why), struct kf_err *why);
void channel_unmake(struct channel *ch);

#endif
