/* channel_vectors.h: runs the vectors of one channel (tests/vectors/NAME.json) against its adapter: one test each, by kind.
 *
 *   webhook, handshake   a request in; what is believed, answered and understood comes out
 *   sequence             several of them; distinct dedupe keys are counted
 *   outbound             an errand in; the request (or, answering, the answer) comes out
 *   outbound_error       an answer in; its class comes out
 *   pull                 scripted pages: each request is checked and gets its response; what comes twice counts once
 *   all others (derive, item, mime …)  whatever the channel's test makes of them: `own`
 *
 * Events are compared by the members that a vector lists; ours may have more. A member that neither this runner nor the channel's test
 * knows fails: nothing is passed over in silence.
 *
 * A new channel: copy its file to tests/vectors/, fill a struct vector_channel in tests/unit/test_NAME.c (`ops` and `settings` are enough
 * to begin with), and let main() add what vectors_run() returns to what its own tests return. What no errand says (a request for a token,
 * a file that goes first) is rendered by `request`; members of its own are checked by `member`; what an answer to a webhook must hold
 * beyond its text, by `answer`. Where we depart from a vector knowingly, the name goes into `departures`, with the reason. */
#ifndef KF_TESTS_CHANNEL_VECTORS_H
#define KF_TESTS_CHANNEL_VECTORS_H

#include "core/buf.h"
#include "protocols/channel.h"
#include "protocols/sign.h"
#include "protocols/url.h"

#include <setjmp.h>
#include <stdarg.h>
/* cmocka wants these above it */
#include <cmocka.h>
#include <jansson.h>

/* A vector from which we depart knowingly. */
struct vector_departure {
    const char *name;
    int status;      /* what we answer instead; 0: as the vector says */
    const char *why; /* for the reader */
};

/* All but `ops` and `settings` may be NULL. */
struct vector_channel {
    const struct channel_ops *ops;
    /* The settings document that the inputs describe. */
    void (*settings)(const json_t *inputs, struct buf *ret);
    /* outbound, outbound_error: what is to be sent. */
    void (*errand)(const json_t *inputs, struct arena *a, struct errand *ret, struct env *env);
    /* outbound: a request that is not encode()'s. False: it is. */
    bool (*request)(const struct channel *ch, const json_t *inputs, struct arena *a, const struct errand *e, const struct env *env,
                    struct http_req *ret);
    /* webhook, handshake, pull: what the shell would hand in beyond v_env(). */
    void (*env)(const json_t *inputs, struct env *ret);
    /* webhook, handshake: what was received, once more, after the runner has checked what it knows. */
    void (*answer)(const struct channel *ch, struct arena *a, const json_t *inputs, const json_t *expected, const struct received *r);
    /* One member `name` of an expected event, asked first. True: it was checked (a test that fails ends there). */
    bool (*member)(const json_t *want, const char *name, const struct inbound *in);
    /* Vectors of kind "derive". */
    void (*derive)(const struct channel *ch, const json_t *inputs, const json_t *expected);
    /* Vectors of any kind, asked first. False: the runner shall do what it does with that kind. */
    bool (*own)(const struct channel *ch, struct arena *a, const json_t *vector);
    const struct vector_departure *departures; /* ended by a NULL name */
};

/* All vectors of tests/vectors/NAME.json; returns what cmocka returns. The working directory is the top of the tree. */
int vectors_run(const char *name, const struct vector_channel *channel);

/* ---- reading vectors: members that are absent are NULL, empty or 0 ---- */

const json_t *v_get(const json_t *obj, const char *name);
const char *v_text(const json_t *obj, const char *name);
struct slice v_slice(const json_t *obj, const char *name);
int64_t v_number(const json_t *obj, const char *name);
/* The bytes of a body, as one of three ways describes them; checked against length and digest where they are given. */
struct slice v_body(struct arena *a, const json_t *inputs);
struct http_req v_request(struct arena *a, const json_t *inputs);
struct env v_env(const json_t *inputs);

/* ---- holding what came out against what is expected ---- */

void v_expect_events(const json_t *events, const struct inbound *in, size_t n);
void v_expect_json(struct slice body, const json_t *want);
void v_expect_request(const json_t *expected, const struct http_req *req);

#endif
