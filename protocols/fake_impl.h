/* fake_impl.h: what the files of the fake channel share. */
#ifndef KF_PROTOCOLS_FAKE_IMPL_H
#define KF_PROTOCOLS_FAKE_IMPL_H

#include "core/buf.h"
#include "protocols/fake.h"
#include "protocols/json.h"

/* Codes of its answers. */
enum { FAKE_OK = 0, FAKE_BUSY = -1, FAKE_TOKEN_WRONG = 40001, FAKE_TOKEN_EXPIRED = 42001, FAKE_TICKET_STALE = 95007 };

struct fake {
    struct arena *arena; /* owns all of this */
    struct slice token, app, secret, url;
};

static inline const struct fake *fake_of(const struct channel *ch)
{
    return (const void *)ch;
}

enum kf_rc fake_receive(const struct channel *ch, struct arena *a, const struct http_req *req, const struct env *env, struct received *ret);
enum kf_rc fake_pull(const struct channel *ch, struct arena *a, const struct env *env, struct slice ticket, const struct http_resp *last,
                     struct http_req *ret, struct pulled *done);
enum kf_rc fake_encode(const struct channel *ch, struct arena *a, const struct errand *e, const struct env *env, struct http_req *ret);
enum kf_rc fake_settle(const struct channel *ch, struct arena *a, const struct errand *e, const struct http_resp *resp,
                       struct outcome *ret);

enum kf_rc fake_upload(const struct channel *ch, struct arena *a, const struct errand *e, const struct upload *up, const struct env *env,
                       const struct http_resp *last, struct http_req *ret, struct uploaded *done);

/* POST url/PATH?token=… (without `token` if that is empty) with a JSON body. Takes what is in `body` and finishes it. */
enum kf_rc fake_post(const struct fake *f, struct arena *a, const char *path, struct slice token, struct buf *body, struct http_req *ret);
/* url/PATH?token=… in the arena; NULL: memory is out. */
const char *fake_address(const struct fake *f, struct arena *a, const char *path, struct slice token);
/* The object in an answer and its code; NULL if it is none, or has none. */
json_t *fake_answer(struct arena *a, const struct http_resp *resp, int64_t *code);
bool fake_token_failed(int64_t code);

extern const struct words fake_chinese[];

#endif
