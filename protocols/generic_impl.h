/* generic_impl.h: what the files of the generic channel share: its settings, and how both directions sign. */
#ifndef KF_PROTOCOLS_GENERIC_IMPL_H
#define KF_PROTOCOLS_GENERIC_IMPL_H

#include "protocols/generic.h"
#include "protocols/sign.h"
#include "protocols/url.h"

#define GENERIC_SECRETS_MAX  8
#define GENERIC_SECRET_BYTES 128
#define GENERIC_HEADERS_MAX  16
#define GENERIC_HOSTS_MAX    16

struct generic_secret {
    uint8_t key[GENERIC_SECRET_BYTES];
    size_t n;
};

struct generic {
    struct arena *arena; /* owns all of this */
    const char *url;
    struct url place; /* its parts */
    struct generic_secret in[GENERIC_SECRETS_MAX], out[GENERIC_SECRETS_MAX];
    size_t n_in, n_out;
    uint8_t public_keys[GENERIC_SECRETS_MAX][SIGN_ED25519_KEY];
    size_t n_public_keys;
    struct http_pair headers[GENERIC_HEADERS_MAX]; /* on every request to `url` */
    size_t n_headers;
    struct http_pair media_header; /* with files from `media_hosts` only, or from `place`; name.n 0: none */
    struct slice media_hosts[GENERIC_HOSTS_MAX];
    size_t n_media_hosts;
};

static inline const struct generic *generic_of(const struct channel *ch)
{
    return (const void *)ch;
}

enum kf_rc generic_receive(const struct channel *ch, struct arena *a, const struct http_req *req, const struct env *env,
                           struct received *ret);
enum kf_rc generic_encode(const struct channel *ch, struct arena *a, const struct errand *e, const struct env *env, struct http_req *ret);
enum kf_rc generic_settle(const struct channel *ch, struct arena *a, const struct errand *e, const struct http_resp *resp,
                          struct outcome *ret);

/* "v1,…": over id, '.', timestamp, '.', body. */
bool generic_sign(const struct generic_secret *s, struct slice id, struct slice timestamp, struct slice body, struct buf *ret);

extern const struct words generic_chinese[];

#endif
