/* qq_impl.h: what the files of the QQ channel share. */
#ifndef KF_PROTOCOLS_QQ_IMPL_H
#define KF_PROTOCOLS_QQ_IMPL_H

#include "core/buf.h"
#include "protocols/json.h"
#include "protocols/qq.h"
#include "protocols/sign.h"

#define QQ_SECRETS_MAX 2 /* the present one and, for a while, the one before */

struct qq_key {
    uint8_t seed[SIGN_ED25519_KEY], public[SIGN_ED25519_KEY];
};

struct qq {
    struct arena *arena; /* owns all of this */
    struct slice app_id, app_secret, url, token_url;
    struct qq_key keys[QQ_SECRETS_MAX];
    size_t n_keys;
    bool typing, keyboard;
};

/* Where an exchange takes place; its peer says so, see qq_scope(). */
enum qq_scope { QQ_C2C, QQ_GROUP, QQ_CHANNEL, QQ_DMS };

#define QQ_CHANNEL_PEER "channel/"
#define QQ_DMS_PEER     "dms/"

/* In a group many speak, so that the exchange is not the person. */
enum qq_scope qq_scope(struct slice peer, struct slice user);

static inline const struct qq *qq_of(const struct channel *ch)
{
    return (const void *)ch;
}

/* The pair of keys that a secret stands for. False: OpenSSL failed, or the secret is empty. */
bool qq_derive(struct slice secret, struct qq_key *ret);

enum kf_rc qq_receive(const struct channel *ch, struct arena *a, const struct http_req *req, const struct env *env, struct received *ret);
enum kf_rc qq_encode(const struct channel *ch, struct arena *a, const struct errand *e, const struct env *env, struct http_req *ret);
enum kf_rc qq_settle(const struct channel *ch, struct arena *a, const struct errand *e, const struct http_resp *resp, struct outcome *ret);
enum kf_rc qq_nod(const struct channel *ch, struct arena *a, const struct env *env, struct slice what, struct http_req *ret);
enum kf_rc qq_meet(const struct channel *ch, struct arena *a, const struct env *env, const char *hook, bool tell,
                   const struct http_resp *last, struct http_req *ret, struct kf_err *why);
/* qq_face.c: a text with its faces in words. */
struct slice qq_faces(struct json_keep *keep, struct slice text);
/* qq_template.c: what stands ready there, from `"ark"`, `"markdown"` or `"embed"` to `msg_type`, KF_UNSUPPORTED: only
 * guilds have it; and which of it may stand in a document. */
enum kf_rc qq_ready(struct buf *b, struct arena *a, const struct message *m, bool guild);
enum kf_rc qq_fits(const struct template *t, struct kf_err *why);
extern const struct ready_kind qq_kinds[];
enum kf_rc qq_upload(const struct channel *ch, struct arena *a, const struct errand *e, const struct upload *up, const struct env *env,
                     const struct http_resp *last, struct http_req *ret, struct uploaded *done);

extern const struct words qq_chinese[];

#endif
