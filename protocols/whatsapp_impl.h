/* whatsapp_impl.h: what the files of the WhatsApp channel share. */
#ifndef KF_PROTOCOLS_WHATSAPP_IMPL_H
#define KF_PROTOCOLS_WHATSAPP_IMPL_H

#include "core/buf.h"
#include "protocols/json.h"
#include "protocols/url.h"
#include "protocols/whatsapp.h"

#define WHATSAPP_SECRETS_MAX 4
#define WHATSAPP_HOSTS_MAX   8
#define WHATSAPP_TEXT_MAX    4096
#define WHATSAPP_CAPTION_MAX 1024
#define WHATSAPP_WINDOW_MS   (24 * 3600 * 1000LL)
#define WHATSAPP_GROUP       "group:"
#define WHATSAPP_REACTED     "/" /* in what comes back with a status: it is of our reaction to that message, and the emoji follows */

struct whatsapp {
    struct arena *arena; /* owns all of this */
    struct slice number, token, verify_token, url, version, template_name, template_language, list_button;
    struct slice secrets[WHATSAPP_SECRETS_MAX], hosts[WHATSAPP_HOSTS_MAX];
    size_t n_secrets, n_hosts;
    struct url api; /* `url` in its parts */
    bool proof;
};

static inline const struct whatsapp *whatsapp_of(const struct channel *ch)
{
    return (const void *)ch;
}

/* A request of the Graph API: url/VERSION/`node`[/`edge`], with our token; `type` NULL: no body. KF_NOMEM. */
enum kf_rc whatsapp_ask(const struct whatsapp *w, struct arena *a, const char *method, struct slice node, const char *edge,
                        const struct http_pair *type, struct slice body, struct http_req *ret);
/* {"messaging_product":…,"to":… or "recipient":…,"type":…: a phone has a + in front, everything else is an id of Meta's. */
void whatsapp_begin(struct buf *b, const struct errand *e, const char *type);
/* Sends such a body, and finishes it. */
enum kf_rc whatsapp_post(const struct whatsapp *w, struct arena *a, struct buf *body, struct http_req *ret);
/* whatsapp_template.c: what was chosen from the channel's templates, and which of them may stand there. */
enum kf_rc whatsapp_template(const struct whatsapp *w, struct arena *a, const struct errand *e, struct http_req *ret);
enum kf_rc whatsapp_fits(const struct template *t, struct kf_err *why);
extern const struct ready_kind whatsapp_kinds[];
/* What the Graph API wants to see beside a token where an app asks for it: 64 hex digits. False: OpenSSL failed. */
bool whatsapp_proof(struct slice secret, struct slice token, struct buf *ret);
/* Of an error, or of a status that failed; 0: no code. */
enum outcome_class whatsapp_class(int64_t code, int status);
/* The same of an answer, with its words and how long to wait; `error` may be NULL. */
void whatsapp_error(struct json_keep *keep, const json_t *error, const struct http_resp *resp, int attempt, struct outcome *ret);

enum kf_rc whatsapp_receive(const struct channel *ch, struct arena *a, const struct http_req *req, const struct env *env,
                            struct received *ret);
enum kf_rc whatsapp_encode(const struct channel *ch, struct arena *a, const struct errand *e, const struct env *env, struct http_req *ret);
enum kf_rc whatsapp_settle(const struct channel *ch, struct arena *a, const struct errand *e, const struct http_resp *resp,
                           struct outcome *ret);
enum kf_rc whatsapp_upload(const struct channel *ch, struct arena *a, const struct errand *e, const struct upload *up,
                           const struct env *env, const struct http_resp *last, struct http_req *ret, struct uploaded *done);

extern const struct words whatsapp_chinese[];

#endif
