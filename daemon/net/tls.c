/* tls.c: the certificate, and how it is changed under way.
 *
 * libwebsockets is given no file names: a pair loaded into its SSL_CTX again keeps serving the old certificate when the kind of
 * key changes, and a failed half leaves a mixed pair. Instead each handshake asks for the pair that is current, and a new pair
 * takes its place only when all of it is good. */
#include "net/internal.h"

#include <openssl/err.h>
#include <openssl/pemerr.h>
#include <openssl/ssl.h>
#include <stdlib.h>

struct tls_store {
    char *certificate, *key;
    /* The current pair. Counted by OpenSSL; handshakes under way keep theirs. */
    X509 *leaf;
    STACK_OF(X509) * chain;
    EVP_PKEY *secret;
};

static enum kf_rc openssl_fail(struct kf_err *why, const char *what, const char *file)
{
    unsigned long e = ERR_peek_error(); /* the first one: those after it only say who gave up */
    const char *reason = e ? ERR_reason_error_string(e) : NULL;

    if (ERR_GET_LIB(e) == ERR_LIB_PEM && ERR_GET_REASON(e) == PEM_R_NO_START_LINE)
        reason = "holds none in PEM";
    ERR_clear_error();
    return kf_fail(why, KF_INVALID, "%s %s: %s", what, file, reason ? reason : "cannot be used");
}

/* OpenSSL's own would ask at the terminal, and all would wait for the answer. */
static int no_pass_phrase(char *buf, int size, int writing, void *asked)
{
    (void)buf;
    (void)size;
    (void)writing;
    *(bool *)asked = true;
    return -1;
}

enum kf_rc tls_reload(struct tls_store *t, struct kf_err *why)
{
    enum kf_rc rc = KF_OK;
    bool locked = false;
    STACK_OF(X509) *chain = NULL;
    X509 *leaf;
    EVP_PKEY *secret;
    SSL_CTX *scratch = SSL_CTX_new(TLS_server_method());

    ERR_clear_error();
    if (!scratch)
        return kf_fail(why, KF_NOMEM, "certificate %s", t->certificate);
    SSL_CTX_set_default_passwd_cb(scratch, no_pass_phrase);
    SSL_CTX_set_default_passwd_cb_userdata(scratch, &locked);
    if (SSL_CTX_use_certificate_chain_file(scratch, t->certificate) != 1) {
        rc = openssl_fail(why, "certificate", t->certificate);
        goto out;
    }
    if (SSL_CTX_use_PrivateKey_file(scratch, t->key, SSL_FILETYPE_PEM) != 1 || SSL_CTX_check_private_key(scratch) != 1) {
        rc = openssl_fail(why, "key", t->key);
        if (locked)
            rc = kf_fail(why, KF_INVALID, "key %s: has a pass phrase, for which nobody can be asked; keep it without one", t->key);
        goto out;
    }
    leaf = SSL_CTX_get0_certificate(scratch);
    secret = SSL_CTX_get0_privatekey(scratch);
    SSL_CTX_get0_chain_certs(scratch, &chain);
    if (X509_cmp_current_time(X509_get0_notAfter(leaf)) < 0) {
        rc = kf_fail(why, KF_INVALID, "certificate %s: has expired", t->certificate);
        goto out;
    }
    chain = chain ? X509_chain_up_ref(chain) : NULL;
    X509_up_ref(leaf);
    EVP_PKEY_up_ref(secret);
    X509_free(t->leaf);
    EVP_PKEY_free(t->secret);
    sk_X509_pop_free(t->chain, X509_free);
    t->leaf = leaf;
    t->secret = secret;
    t->chain = chain;
out:
    SSL_CTX_free(scratch);
    return rc;
}

enum kf_rc tls_open(struct tls_store **ret, const char *certificate, const char *key, struct kf_err *why)
{
    struct tls_store *t = calloc(1, sizeof(*t));
    enum kf_rc rc;

    if (!t || !(t->certificate = strdup(certificate)) || !(t->key = strdup(key))) {
        tls_free(t);
        return kf_fail(why, KF_NOMEM, "certificate %s", certificate);
    }
    rc = tls_reload(t, why);
    if (rc) {
        tls_free(t);
        return rc;
    }
    *ret = t;
    return KF_OK;
}

void tls_free(struct tls_store *t)
{
    if (!t)
        return;
    X509_free(t->leaf);
    EVP_PKEY_free(t->secret);
    sk_X509_pop_free(t->chain, X509_free);
    free(t->certificate);
    free(t->key);
    free(t);
}

static int current_pair(SSL *ssl, void *arg)
{
    const struct tls_store *t = arg;

    return SSL_use_cert_and_key(ssl, t->leaf, t->secret, t->chain, 1) == 1;
}

void tls_configure(struct tls_store *t, void *ssl_ctx)
{
    SSL_CTX *ctx = ssl_ctx;

    SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
    SSL_CTX_set_cipher_list(ctx, "ECDHE+AESGCM:ECDHE+CHACHA20");
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_max_early_data(ctx, 0); /* what is sent early can be replayed */
    SSL_CTX_set_cert_cb(ctx, current_pair, t);
}
