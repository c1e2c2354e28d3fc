/* desk.h: a site with one agent beside a fake platform: what tests of single channels have in common. */
#ifndef KF_TESTS_SUPPORT_DESK_H
#define KF_TESTS_SUPPORT_DESK_H

#include "cast.h"
#include "platform.h"

/* Adds the site of this set, in which each %d becomes `port`. Its first person signs in and is online when the site is up; `hook` becomes the
 * path of its first channel that has one. */
void site_open(const struct daemon *d, const char *set, int port, struct staff *agent, char hook[64]);

/* Starts all three. `channels`: the members of the set's "channels", with one %d for each port of the platform that it names (at most 4);
 * their queue is "desk". The agent is online. */
struct desk_rig {
    struct daemon d;
    struct platform p;
    struct staff agent;
};

#define RIG_SITE "shop"

void rig_open(struct desk_rig *r, const char *channels);
void rig_close(struct desk_rig *r);

/* ---- the platform ---- */

/* The next request whose path ends so; all others that come before it are answered with 200 and `ok`. */
void rig_take(struct desk_rig *r, const char *tail, const char *ok);
/* True if none of these comes within `ms`. */
bool rig_quiet(struct desk_rig *r, const char *tail, const char *ok, int ms);
/* A POST to a hook; the answer is freed by the caller. */
struct reply rig_post(struct desk_rig *r, const char *path, const char *headers, const char *body);

/* ---- the agent ---- */

/* The conversation that is assigned next; static memory, until the call after the next. */
const char *rig_assigned(struct desk_rig *r);
/* Waits until the message `seq` is told to be in that state; borrowed. */
const json_t *rig_status(struct desk_rig *r, int64_t seq, const char *state);
/* The message with that text, once it is told; borrowed. */
const json_t *rig_told(struct desk_rig *r, const char *text);
/* Uploads a file as the agent and sends it; returns the seq. */
int64_t rig_send_file(struct desk_rig *r, const char *conv, const char *cid, const char *name, const char *bytes, size_t n,
                      const char *kind);

#endif
