/* postgres_link.h: one link to a PostgreSQL server: made, lost and made again, and what its answers mean. Every call blocks its thread. */
#ifndef KF_STORE_POSTGRES_LINK_H
#define KF_STORE_POSTGRES_LINK_H

#include "store/postgres.h"

#define LATER_MAX 200 /* few enough for their answers to fit into the socket: the server must never wait for us to read them */

struct postgres {
    struct db db;
    PGconn *conn; /* NULL: no link */
    char *url;
    enum db_mode mode;
    bool alone;
    unsigned links; /* made so far: what was prepared is known to one of them only */
    int64_t retry_at, wait_ms;
    bool inside; /* a transaction */
    int64_t changed;
    /* Writes that were sent and whose answers nobody has read yet, with what they must have changed; and how one of them has failed. */
    int64_t wanted[LATER_MAX];
    int n_later;
    enum kf_rc late;
};

/* Fails with these words' first line: what follows quotes rows, which are nobody's business. */
enum kf_rc link_fail(struct postgres *p, enum kf_rc rc, const char *words);
/* Makes it, checks the server and sets the session up. */
enum kf_rc link_dial(struct postgres *p);
/* There is a link, checked and set up; else KF_AGAIN. While the server is away, each who asks in vain is told at once: only one in a
 * while knocks. */
enum kf_rc link_up(struct postgres *p);
/* Ends it, and with it the transaction under way. */
void link_drop(struct postgres *p);
/* Reads all answers that are due, and then that of the statement that was sent after them, if `last` asks for it (owned by the caller).
 * The first failure since the transaction began. */
enum kf_rc link_settle(struct postgres *p, PGresult **last);
/* Runs statements that take no values, after what is due. */
enum kf_rc link_run(struct postgres *p, const char *text);

#endif
