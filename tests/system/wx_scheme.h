/* wx_scheme.h: how WeChat's family signs and encrypts, written down a second time on OpenSSL's older interface. Texts are in static memory. */
#ifndef KF_TESTS_SYSTEM_WX_SCHEME_H
#define KF_TESTS_SYSTEM_WX_SCHEME_H

struct wx_scheme {
    const char *token, *key /* 43 characters */, *receiver;
};

/* Hex SHA-1 over token, `at`, `nonce` and the ciphertext (NULL none). */
void wx_digest(const struct wx_scheme *s, const char *at, const char *nonce, const char *sealed, char ret[41]);
/* Base64 of the message as the platform encrypts it. */
const char *wx_seal(const struct wx_scheme *s, const char *message);
/* The document in an encrypted answer; the test fails unless it is signed. */
const char *wx_unseal(const struct wx_scheme *s, const char *answer);
/* What stands in the element of that name, without its CDATA. */
const char *wx_element(const char *xml, const char *name);

#endif
