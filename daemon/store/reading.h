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

/* The last message of a conversation; `seq` stays 0 where there is none. */
enum kf_rc reading_last(struct reading *r, const struct kf_id *conv, struct message *ret);

struct buf;
/* "{" and the members of a customer: id, name, profile, created_at, contacts; without the "}". KF_ABSENT. read_visitor.c */
enum kf_rc reading_customer(struct reading *r, const struct kf_id *customer, struct buf *b);

/* One query each, of the same name. read_visitor.c */
enum kf_rc read_profile(struct reading *r);
enum kf_rc read_visitor(struct reading *r);
/* read_people.c */
enum kf_rc read_person(struct reading *r);
enum kf_rc read_members(struct reading *r);
enum kf_rc read_session(struct reading *r);
enum kf_rc read_login(struct reading *r);
/* read_errands.c */
enum kf_rc read_errands(struct reading *r);

#endif
