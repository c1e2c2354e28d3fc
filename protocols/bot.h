/* bot.h: what a bot is asked, and what it says: bytes ↔ facts, one form a struct of functions, like the channels.
 *
 * A turn is a visitor's message with what was said before it. The answer is decided by kefud: a form only tells what came. No I/O, no
 * clock; all that is returned lives in the arena. */
#ifndef KF_PROTOCOLS_BOT_H
#define KF_PROTOCOLS_BOT_H

#include "core/arena.h"
#include "core/buf.h"
#include "core/card.h"
#include "core/conv.h"
#include "core/http.h"
#include "core/message.h"
#include "core/rc.h"

#include <stddef.h>
#include <stdint.h>

#define BOT_WORDS_MAX  5       /* messages in one answer; more are an error of the bot */
#define BOT_CARDS_MAX  10      /* that it says at a time, by a call */
#define BOT_TEXT_MAX   8000    /* code points of one of them */
#define BOT_ANSWER_MAX 1048576 /* bytes that are read of what it answers */

/* Where it is, and how to be believed there. */
struct json_t;

struct bot_line {
    const char *url, *secret, *token; /* secret, token: NULL none */
    int timeout_ms;
    /* Of a model. */
    const char *model, *prompt, *prompt_role, *tokens_name;
    int tokens_max;
    bool tools; /* it is offered the tool to hand over */
};

/* Numbers beside the names, for those who can only count. Below 2^53, so that any JSON reader keeps them. */
struct bot_numbers {
    int64_t site, channel, conversation, contact;
};

/* Of a site, channel or contact: the same whenever it is worked out. `bits` at most 52. */
int64_t bot_number(struct slice name, int bits);
/* Of message `seq` of a conversation. */
int64_t bot_message_number(int64_t conversation, int64_t seq);

struct bot_turn {
    struct kf_id id; /* the same however often it is asked */
    struct kf_id conv;
    struct bot_numbers numbers;
    const char *site, *channel, *queue, *language, *visitor; /* visitor: the name, "" unknown */
    bool page;                                               /* it is on our own page, not on a platform */
    const struct message *messages;                          /* the last is what it shall answer */
    size_t n;
    int64_t now_ms;
};

enum bot_verdict {
    BOT_ANSWERS,
    BOT_TAKES,      /* it has heard, and answers by calls of its own */
    BOT_HANDS_OVER, /* after its words, if it has any */
    BOT_CLOSES,     /* likewise */
    BOT_BUSY,       /* not now: the same turn may be asked again */
    BOT_FAILS       /* asking again does not help */
};

struct bot_words {
    struct slice text; /* of a card: as card_write() has it */
    const char *extra; /* {"choices":[{"id","label"}],…}, NULL none */
    bool card;
};

struct bot_answer {
    enum bot_verdict verdict;
    struct bot_words words[BOT_WORDS_MAX];
    size_t n;
    int confidence;      /* percent; -1: it says nothing of it */
    const char *reason;  /* why it hands over, in its words; NULL */
    const char *failure; /* BOT_BUSY, BOT_FAILS: ours */
    bool timeout;
    int64_t retry_after_ms;
};

struct bot_ops {
    enum kf_rc (*encode)(struct arena *, const struct bot_line *, const struct bot_turn *, struct http_req *ret);
    enum kf_rc (*settle)(struct arena *, const struct http_resp *, struct bot_answer *ret);
};

extern const struct bot_ops bot_own, bot_openai, bot_chatwoot;

/* "sha256=" and the hex digits of what stands in X-Chatwoot-Signature; false: out of memory, or there is no secret. */
bool bot_chatwoot_sign(struct slice secret, struct slice timestamp, struct slice body, struct buf *ret);
/* {"id","content","message_type",…}: one message as Chatwoot's API shows it. */
void bot_chatwoot_message(struct buf *b, const struct bot_numbers *n, const struct message *m, const char *status);
/* The status that Chatwoot has for it: pending, open, snoozed, resolved. */
const char *bot_chatwoot_status(enum conv_state s);
/* What such a bot wants to be said: `content`, with `items` ({"title","value"}) as choices; or cards, each a message of its own after
 * `content`, which need not be there then. 0: it is not fit to be said, and `why` has the words. */
size_t bot_chatwoot_says(struct arena *a, const struct json_t *body, struct bot_words ret[1 + BOT_CARDS_MAX], const char **why);

/* What an answer without a usable body means: false, and `ret` is filled; true: it is a 2xx, whose body is to be read. */
bool bot_status(struct arena *a, const struct http_resp *resp, struct bot_answer *ret);
/* BOT_FAILS in these words. */
void bot_wrong(struct bot_answer *ret, const char *failure);
/* One more message of an answer. False: it is not fit to be said, and `ret` has become BOT_FAILS. */
bool bot_says(struct arena *a, struct slice text, const char *extra, struct bot_answer *ret);
/* Likewise, a card; the words may be empty. */
bool bot_shows(struct arena *a, const struct card *card, struct bot_answer *ret);
/* The text of a card, if it is one that all may be shown: p == NULL: it is not. */
struct slice bot_card(struct arena *a, const struct card *card);

#endif
