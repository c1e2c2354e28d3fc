/* wechat_impl.h: what the files of the WeChat channel share. */
#ifndef KF_PROTOCOLS_WECHAT_IMPL_H
#define KF_PROTOCOLS_WECHAT_IMPL_H

#include "core/buf.h"
#include "protocols/wechat.h"
#include "protocols/wx_api.h"
#include "protocols/wx_crypt.h"
#include "protocols/xml.h"

enum wechat_mode { WECHAT_PLAIN, WECHAT_COMPAT, WECHAT_SAFE };

struct wechat {
    struct arena *arena; /* owns all of this */
    struct slice url, app_id, app_secret, account, token, kf_account, welcome;
    struct wx_key key, previous;
    enum wechat_mode mode;
    bool stable, unionid, transfer;
    int replies; /* that a message of a follower stands for */
};

static inline const struct wechat *wechat_of(const struct channel *ch)
{
    return (const void *)ch;
}

/* What a reply inside an answer needs: both ends, turned round, and the key with which the question came. */
struct wechat_ends {
    struct slice to, from;
    const struct wx_key *key; /* NULL: in clear */
};

/* wechat_document.c: what a post holds, in XML or in JSON. KF_INVALID: it is neither. */
enum kf_rc wechat_document(struct arena *a, struct slice text, struct xml_node **ret);
bool wechat_is_json(struct slice text);

/* wechat_answer.c: the bytes of an answer that says `text`, encrypted where the question was. */
enum kf_rc wechat_answer(const struct wechat *w, struct arena *a, const struct wechat_ends *ends, struct slice text, const struct env *env,
                         struct slice *ret);

/* Likewise, one that hands the message to the platform's own customer service. */
enum kf_rc wechat_transfer(const struct wechat *w, struct arena *a, const struct wechat_ends *ends, const struct env *env,
                           struct slice *ret);
/* encode() while env->answering. KF_AGAIN: its file has to be taken there first. KF_UNSUPPORTED: an answer has no such thing. */
enum kf_rc wechat_answering(const struct wechat *w, struct arena *a, const struct errand *e, const struct env *env, struct http_req *ret);
/* The words of a message; of a file that cannot be taken there, its name and its address, too. */
void wechat_words(struct buf *b, struct arena *a, const struct errand *e);
/* How many there are to choose from below it. */
size_t wechat_choices(const struct errand *e);
/* The two ids that wechat_upload() has put into one: the film's and its cover's. */
struct slice wechat_film(const char *id, struct slice *cover);

enum kf_rc wechat_receive(const struct channel *ch, struct arena *a, const struct http_req *req, const struct env *env,
                          struct received *ret);
enum card_way wechat_card(const struct message *m, struct kf_err *why);
enum kf_rc wechat_encode(const struct channel *ch, struct arena *a, const struct errand *e, const struct env *env, struct http_req *ret);
/* wechat_template.c: what was chosen from the channel's templates, and which of them may stand there. */
enum kf_rc wechat_template(const struct wechat *w, struct arena *a, const struct errand *e, const struct env *env, struct http_req *ret);
/* `"KIND","KIND":{…}` of a customer service message, of what stands ready on the platform. */
enum kf_rc wechat_ready(struct buf *b, struct arena *a, const struct message *m);
struct wechat_music {
    struct slice title, description, url, hq, cover;
};
/* KF_UNSUPPORTED: what was chosen is something else. */
enum kf_rc wechat_music(struct arena *a, const struct message *m, struct wechat_music *ret);
extern const struct ready_kind wechat_kinds[];
enum kf_rc wechat_fits(const struct template *t, struct kf_err *why);
enum kf_rc wechat_settle(const struct channel *ch, struct arena *a, const struct errand *e, const struct http_resp *resp,
                         struct outcome *ret);
/* A picture for a video that has none. */
struct slice wechat_cover(void);
enum kf_rc wechat_upload(const struct channel *ch, struct arena *a, const struct errand *e, const struct upload *up, const struct env *env,
                         const struct http_resp *last, struct http_req *ret, struct uploaded *done);

extern const struct words wechat_chinese[];

#endif
