/* cast.h: the people of a test: visitors and staff with their sockets. */
#ifndef KF_TESTS_SUPPORT_CAST_H
#define KF_TESTS_SUPPORT_CAST_H

#include "wire.h"

struct visitor {
    struct wire wire;
    char token[512]; /* from the welcome; what a page keeps */
    char id[40];     /* of the contact */
    char conv[40];   /* of the conversation that the last welcome or ack named; "" none */
    int64_t seq;     /* of that conversation, at the welcome */
    json_t *welcome; /* owned */
};

struct staff {
    struct wire wire;
    char cookie[160]; /* "__Host-kefu_s=…" */
    char csrf[72];
    char id[40];
    char email[64];
    json_t *session; /* what signing in told; owned */
    json_t *welcome; /* owned */
};

/* ---- visitors (of `site`) ---- */

/* Connects and says hello, with the token it has (a zeroed visitor has none), and `extra` members (",\"locale\":\"en\"", NULL none). */
void visitor_enter(struct visitor *v, const struct daemon *d, const char *site, const char *extra);
/* Waits until its node has seen that somebody of staff is there, after the hello: it looks now and then, and says till then that nobody is. */
void visitor_sees_staff(struct visitor *v);
/* The line ends; who it is stays known. */
void visitor_leave(struct visitor *v);
void visitor_free(struct visitor *v);
/* Sends text and expects its ack; returns the seq. */
int64_t visitor_say(struct visitor *v, const char *cid, const char *text);

/* ---- staff ---- */

/* Signs in over HTTP; the status of the answer. */
int staff_try_sign_in(struct staff *s, const struct daemon *d, const char *email, const char *password);
void staff_sign_in(struct staff *s, const struct daemon *d, const char *email);
/* Opens the socket and says hello. */
void staff_enter(struct staff *s, const struct daemon *d, const char *site);
/* Signs in, opens the socket, and is online. */
void staff_online(struct staff *s, const struct daemon *d, const char *email, const char *site);
void staff_presence(struct staff *s, const char *presence);
void staff_leave(struct staff *s);
void staff_free(struct staff *s);
/* Sends text into a conversation and expects its ack; returns the seq. */
int64_t staff_say(struct staff *s, const char *conv, const char *cid, const char *text);
/* Uploads a file (its name as it stands in an address); its id. */
void staff_upload(const struct staff *s, const struct daemon *d, const char *site, const char *name, const char *bytes, size_t n,
                  char id[40]);
/* GET as this person: expects 200 and returns the JSON, owned by the caller. */
json_t *staff_get(const struct staff *s, const struct daemon *d, const char *path);
/* Does the transcript tell that the contact came by that code or link? */
bool staff_knows_came_by(const struct staff *s, const struct daemon *d, const char *site, const char *conv, const char *scene);
/* Sends `body` (NULL none) as this person and expects the status; the answer, owned by the caller (NULL: it has no JSON). */
json_t *staff_send(const struct staff *s, const struct daemon *d, int status, const char *method, const char *path, const char *body);

/* ---- sites ---- */

/* A new site from a set of documents and people, as an operator makes one; what it answers (people with their passwords, channels with
 * their hooks), owned by the caller. */
json_t *site_add(const struct daemon *d, const char *set);
/* The path of a channel's hook, from the operator's status; static memory. */
const char *hook_path(const struct daemon *d, const char *site, const char *channel);

/* Hex HMAC-SHA256, as identity.hash. */
void hmac_hex(const char *secret, const char *text, char ret[65]);

#endif
