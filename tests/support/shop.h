/* shop.h: small shops that the tests of waiting and overseeing open, each with people and queues of its own, in one running daemon. */
#ifndef KF_TESTS_SHOP_H
#define KF_TESTS_SHOP_H

#include "tests/support/cast.h"

/* Pieces of a set of settings: a person with room for one, the web channel, the site itself. `more` begins with a comma. */
#define PERSON(email, number, roles, more) \
    "{\"email\":\"" email "\",\"name\":\"" email "\",\"number\":\"" number "\",\"roles\":[" roles "],\"capacity\":1" more "}"
#define WEB(queue)         "\"channels\":{\"web\":{\"adapter\":\"widget\",\"name\":\"官网\",\"queue\":\"" queue "\"}},"
#define SITE_OF(key, more) "\"site\":{\"key\":\"" key "\",\"name\":\"店\",\"language\":\"zh-CN\",\"sticky_ms\":0,\"reopen_ms\":0" more "},"

/* A new site from that set of documents: what it was answered, owned by the caller. */
json_t *shop_found(const struct daemon *d, const char *set, const char *site);
/* The i-th of its people signs in and opens the socket; `presence` NULL: chooses none. */
void shop_enter(const struct daemon *d, struct staff *who, const json_t *made, int i, const char *site, const char *presence);
/* A visitor comes and says the first words; leaves, and closes; is closed by who serves, who is ready again. */
void shop_ask(const struct daemon *d, struct visitor *v, const char *site);
void shop_leave(struct visitor *v);
void shop_close(struct staff *who, struct visitor *v);
/* What an agent does to a conversation: "ack", or the code of the error; `more` begins with a comma. */
const char *staff_act(struct staff *who, const char *conv, const char *what, const char *more);
/* The conversation is given to that agent, for that reason. */
void staff_takes(struct staff *who, const char *conv, const char *why);
/* "Why is this waiting?", owned by the caller; and the newest decision of a kind in it, NULL: there is none. */
json_t *shop_why(const struct daemon *d, struct staff *who, const char *site, const char *conv);
const json_t *decision_in(const json_t *why, const char *kind);

#endif
