/* reading.h: one query under way, for the files that answer it (read*.c). */
#ifndef KF_STORE_READING_H
#define KF_STORE_READING_H

#include "store/inside.h"

struct reading {
    struct reader *reader;
    struct db *db;
    struct query *q;
    struct kf_err *why;
};

/* How many rows are wanted: what the query says, else `usual`; bounded. */
int64_t reading_limit(const struct query *q, int64_t usual);
/* Fails for want of memory. */
enum kf_rc reading_no_memory(struct reading *r);
/* KF_ABSENT: there is no such `what`. */
enum kf_rc reading_absent(struct reading *r, const char *what);

struct buf;
/* "{" and the members of a customer: id, name, profile, created_at, contacts; without the "}". KF_ABSENT. read_visitor.c */
enum kf_rc reading_customer(struct reading *r, const struct kf_id *customer, struct buf *b);

/* QUERY_VISITOR. read_visitor.c */
enum kf_rc read_visitor(struct reading *r);
/* QUERY_ERRANDS. read_errands.c */
enum kf_rc read_errands(struct reading *r);

#endif
