/* wx_api.h: what the APIs of WeChat and WeCom have in common: {"errcode":0,"errmsg":"ok"} in every answer, a token in every address, files
 * that are taken there first and have an id for three days. Decided by code, never by errmsg: its tail changes with each call. */
#ifndef KF_PROTOCOLS_WX_API_H
#define KF_PROTOCOLS_WX_API_H

#include "protocols/channel.h"
#include "protocols/json.h"
#include "protocols/wx_crypt.h"

/* A platform's own codes. Ended by a class of OUTCOME_FATAL, which is what all others are. */
struct wx_code {
    int64_t code;
    enum outcome_class cls;
};

/* An EncodingAESKey of the settings; one that is not there is not set. KF_INVALID: the words name it. */
enum kf_rc wx_key_setting(const json_t *root, const char *name, struct wx_key *ret, struct kf_err *why);

/* Why the signature that stands in the query as `name` is not right, over token, timestamp, nonce and, unless `sealed.p` is NULL, the
 * ciphertext; NULL: it is. */
const char *wx_refusal(struct slice token, const struct http_req *req, const char *name, struct slice sealed);

/* A JSON string with its quotes, in raw UTF-8: these APIs show \uXXXX as it stands. Control characters but tab and line ends are left out. */
void wx_json(struct buf *b, struct slice s);

/* By which the same person is known in all accounts of one owner: a member of what the platform tells of somebody, and of a profile here. */
#define WX_UNIONID "unionid"
/* {"unionid":…}, as a contact's profile; {NULL,0}: the platform tells none. Memory that ran out stands in `keep`. */
struct slice wx_profile(struct json_keep *keep, const json_t *customer);

/* URL PATH, then ?access_token=… if there is a token, and `more` ("&media_id=…", already escaped; NULL none). In the arena; NULL: memory. */
const char *wx_address(struct slice url, struct arena *a, const char *path, struct slice token, const char *more);
/* POST with a JSON body. Takes what is in `body` and finishes it. KF_OK, KF_NOMEM. */
enum kf_rc wx_post(struct slice url, struct arena *a, const char *path, struct slice token, struct buf *body, struct http_req *ret);

enum outcome_class wx_class(const struct wx_code *codes, int64_t code);
/* What an answer to a send means. `text` and `code` of it are for people; `ref` is its msgid, if it names one. */
enum kf_rc wx_settle(const struct wx_code *codes, struct arena *a, const struct http_resp *resp, struct outcome *ret);

/* The answer to a request for a token. KF_OK: `done`. KF_AUTH: the credentials are wrong; KF_IO: later. `done` has
 * the platform's words then. */
enum kf_rc wx_token(struct arena *a, const struct env *env, const struct http_resp *last, struct renewed *done);

/* The answer to a question of channel_ops.meet(). KF_OK: `*root` is it, to be freed by the caller; else `why` says what is wrong, and who
 * (`platform`) has said so. */
enum kf_rc wx_met(struct arena *a, const char *platform, const struct http_resp *last, json_t **root, struct kf_err *why);

/* Is there a picture on this card that can be its cover there? What is not known yet may be one. */
bool wx_cover(const struct message *m);
/* channel_ops.upload for a file of the platform's `type` ("image", "voice" …). */
enum kf_rc wx_upload(struct slice url, const struct wx_code *codes, struct arena *a, const char *type, const struct upload *up,
                     const struct env *env, const struct http_resp *last, struct http_req *ret, struct uploaded *done);
/* channel_ops.media for a file with an id; where the id is none any more, its address, if it has one. */
enum kf_rc wx_media(struct slice url, struct arena *a, const struct env *env, const struct media *m, const struct http_resp *last,
                    struct http_req *ret);

#endif
