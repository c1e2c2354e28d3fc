/* ledger.h: the access log: rows of `audit`, which nobody changes, in one chain of hashes per node.
 *
 * A node's entries are numbered from 1. The hash of each is SHA-256 over the hash before it and all that the entry says, and it is written in the
 * transaction of the act that it tells of, by the one thread that writes. So what is changed, taken out, put in or moved afterwards breaks the
 * chain there. What is cut off at its end breaks nothing: therefore the head, the number and the hash of the newest entry, is kept elsewhere too:
 * in a file beside the node's state, and now and then in the log.
 *
 * A node is a state directory: its name in the chains lies in that file. */
#ifndef KF_STORE_LEDGER_H
#define KF_STORE_LEDGER_H

#include "core/arena.h"
#include "store/db.h"

#define LEDGER_HASH 32

/* The end of a chain. */
struct ledger_head {
    struct kf_id node;
    int64_t entry; /* 0: there is none yet */
    uint8_t hash[LEDGER_HASH];
};

/* One entry. */
struct ledger_row {
    struct kf_id node;
    int64_t entry;
    uint8_t prev[LEDGER_HASH], hash[LEDGER_HASH];
    const char *site, *kind, *name, *data; /* not NULL */
    int64_t at, role;
    struct kf_id by, conv; /* zero: nobody, none */
};

/* SHA-256 over what the row says, its own hash aside. KF_IO: there is no SHA-256. */
enum kf_rc ledger_hash(const struct ledger_row *row, uint8_t ret[LEDGER_HASH], struct kf_err *why);

/* The kind of the entry that tells how far retention has removed a chain: {"upto":"NODE ENTRY HASH", …}. */
#define LEDGER_PRUNED "audit_pruned"

/* This node's end of the log. */
struct ledger {
    struct ledger_head kept; /* as the file has it */
    int fd;                  /* of the file; -1: there is none, or it no longer fits and stays as a witness */
    bool cut;                /* the database has lost entries that the file knows of */
};

/* Reads the file, or makes it with a name of its own. `path` "": no file, and a name for this time only. */
enum kf_rc ledger_open(struct ledger *l, const char *path, struct kf_err *why);
void ledger_close(struct ledger *l);
/* Does the database still have the entry that the file knows of? Sets `cut`. */
enum kf_rc ledger_check(struct ledger *l, struct db *db, struct kf_err *why);

/* What one transaction adds. Begin with zeros. */
struct ledger_page {
    bool begun;
    struct ledger_head head;
};

/* Fills in node, entry, prev and hash, and writes the row. */
enum kf_rc ledger_add(struct ledger *l, struct ledger_page *p, struct db *db, struct ledger_row *row, struct kf_err *why);
/* Before the commit: the head in the database. Does nothing where nothing was added. */
enum kf_rc ledger_flush(struct ledger_page *p, struct db *db, struct kf_err *why);
/* After the commit: the head in the file. */
void ledger_committed(struct ledger *l, const struct ledger_page *p);

/* "NODE ENTRY HASH", as the log and the file have it. False: it is no head. */
#define LEDGER_TEXT 160
const char *ledger_text(const struct ledger_head *h, char ret[LEDGER_TEXT]);
bool ledger_parse(struct slice text, struct ledger_head *ret);

#endif
