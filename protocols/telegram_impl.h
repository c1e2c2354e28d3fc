/* telegram_impl.h: what the files of the Telegram channel share. */
#ifndef KF_PROTOCOLS_TELEGRAM_IMPL_H
#define KF_PROTOCOLS_TELEGRAM_IMPL_H

#include "core/buf.h"
#include "protocols/json.h"
#include "protocols/telegram.h"

#define TELEGRAM_SECRETS_MAX 4
#define TELEGRAM_TEXT_MAX    4096 /* UTF-16 units */
#define TELEGRAM_CAPTION_MAX 1024
#define TELEGRAM_BODY_MAX    (256u * 1024) /* without files */

struct telegram {
    struct arena *arena; /* owns all of this */
    struct slice token, id, url;
    struct slice secrets[TELEGRAM_SECRETS_MAX];
    size_t n_secrets;
};

static inline const struct telegram *telegram_of(const struct channel *ch)
{
    return (const void *)ch;
}

/* A peer taken apart: "CHAT[/TOPIC][@CONNECTION]". */
struct telegram_peer {
    struct slice chat, topic, connection;
};

struct telegram_peer telegram_peer_of(struct slice peer);
/* An id as JSON: digits as a number, anything else (a channel's "@name") as a string. */
void telegram_id(struct buf *b, struct slice id);
/* Do these words, of whatever case, hold `lower`? Descriptions are not a contract: to be asked beside a code, never instead of it. */
bool telegram_says(struct slice words, const char *lower);
/* url/botTOKEN/METHOD in the arena; NULL: memory is out. */
const char *telegram_address(const struct telegram *t, struct arena *a, const char *method);
/* POST METHOD with a JSON body. Takes what is in `body` and finishes it. */
enum kf_rc telegram_post(const struct telegram *t, struct arena *a, const char *method, struct buf *body, struct http_req *ret);

/* What every call about a chat begins with: {"chat_id":… ; and of which topic. */
void telegram_begin(struct buf *b, const struct errand *e);
void telegram_topic(struct buf *b, const struct errand *e);
/* Does it answer a message of the chat? Then the member that says so. */
bool telegram_answers(const struct errand *e);
void telegram_reply(struct buf *b, const struct errand *e);
/* It was sent: `ret` has the name of this message, "CHAT:NUMBER". */
void telegram_sent(struct json_keep *keep, const json_t *message, struct outcome *ret);

enum kf_rc telegram_receive(const struct channel *ch, struct arena *a, const struct http_req *req, const struct env *env,
                            struct received *ret);
enum kf_rc telegram_encode(const struct channel *ch, struct arena *a, const struct errand *e, const struct env *env, struct http_req *ret);
enum kf_rc telegram_settle(const struct channel *ch, struct arena *a, const struct errand *e, const struct http_resp *resp,
                           struct outcome *ret);
enum kf_rc telegram_upload(const struct channel *ch, struct arena *a, const struct errand *e, const struct upload *up,
                           const struct env *env, const struct http_resp *last, struct http_req *ret, struct uploaded *done);
int telegram_joins(const struct message *m);
enum kf_rc telegram_album(const struct channel *ch, struct arena *a, const struct album_item *all, size_t n, const struct env *env,
                          struct http_req *ret);
enum kf_rc telegram_album_settle(const struct channel *ch, struct arena *a, struct album_item *all, size_t n, const struct http_resp *resp);

extern const struct words telegram_chinese[];

#endif
