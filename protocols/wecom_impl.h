/* wecom_impl.h: what the files of the WeCom channel share. */
#ifndef KF_PROTOCOLS_WECOM_IMPL_H
#define KF_PROTOCOLS_WECOM_IMPL_H

#include "core/buf.h"
#include "protocols/wecom.h"
#include "protocols/wx_api.h"
#include "protocols/wx_crypt.h"

/* Who may write: `service_state`. */
enum wecom_state { WECOM_NEW = 0, WECOM_ROBOT = 1, WECOM_POOL = 2, WECOM_PERSON = 3, WECOM_ENDED = 4 };

/* A menu: how many can be tapped, and bytes of each and of what stands above. */
#define WECOM_CHOICES 10
#define WECOM_CHOICE  128
#define WECOM_HEAD    1024

struct wecom {
    struct arena *arena; /* owns all of this */
    struct slice url, corp, suite, secret, token, account, welcome, goodbye;
    struct wx_key key, previous;
    bool names; /* customers' names are asked for */
    bool take;  /* their sessions are moved to the robot, so that nobody else is given them */
    bool hand;  /* when we close, the session goes on to `to_state` */
    enum wecom_state to_state;
    struct slice choices[WECOM_CHOICES]; /* below the welcome */
    size_t n_choices;
    struct slice servicer; /* WECOM_PERSON: to whom */
    int64_t since_ms;      /* what was sent before that is not taken in */
};

static inline const struct wecom *wecom_of(const struct channel *ch)
{
    return (const void *)ch;
}

/* What an item of sync_msg says. False: it is none, or memory is out (`*nomem`). */
bool wecom_item(const struct wecom *w, struct arena *a, const json_t *item, struct inbound *ret, bool *nomem);

/* Requests that no errand stands for. KF_OK, KF_NOMEM. */
enum kf_rc wecom_say_on_event(const struct wecom *w, struct arena *a, struct slice token, struct slice code, struct slice text,
                              struct http_req *ret);
/* The welcome of the settings, with its choices if it has some. */
enum kf_rc wecom_say_welcome(const struct wecom *w, struct arena *a, struct slice token, struct slice code, struct http_req *ret);
enum kf_rc wecom_move(const struct wecom *w, struct arena *a, struct slice token, struct slice user, enum wecom_state to,
                      struct slice servicer, struct http_req *ret);

enum kf_rc wecom_receive(const struct channel *ch, struct arena *a, const struct http_req *req, const struct env *env,
                         struct received *ret);
/* What an errcode means. */
enum outcome_class wecom_class(int64_t code);
/* Is it about the account or its app, so that nothing gets through until somebody has looked after that? */
bool wecom_account_trouble(int64_t code);
enum kf_rc wecom_pull(const struct channel *ch, struct arena *a, const struct env *env, struct slice token, const struct http_resp *last,
                      struct http_req *ret, struct pulled *done);
/* wecom_template.c: `"msgtype":…` of what stands ready, and which of it may stand in a document. */
enum kf_rc wecom_ready(struct buf *b, struct arena *a, const struct message *m);
enum kf_rc wecom_fits(const struct template *t, struct kf_err *why);
extern const struct ready_kind wecom_kinds[];
enum card_way wecom_card(const struct message *m, struct kf_err *why);
enum kf_rc wecom_encode(const struct channel *ch, struct arena *a, const struct errand *e, const struct env *env, struct http_req *ret);
enum kf_rc wecom_settle(const struct channel *ch, struct arena *a, const struct errand *e, const struct http_resp *resp,
                        struct outcome *ret);
enum kf_rc wecom_upload(const struct channel *ch, struct arena *a, const struct errand *e, const struct upload *up, const struct env *env,
                        const struct http_resp *last, struct http_req *ret, struct uploaded *done);

extern const struct words wecom_chinese[];

#endif
