/* kefuctl.h: the operator's command. Speaks /api/v1 over STATE/kefud.sock; only restore, user add and doctor open the store
 * themselves, and only when its lock is free. */
#ifndef KF_KEFUCTL_H
#define KF_KEFUCTL_H

#include "config.h"

#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>

enum { CTL_DONE = 0, CTL_FAILED = 1, CTL_USAGE = 64 /* EX_USAGE, as kefud's own */ };

struct ctl {
    struct config cfg;
    const char *config_path; /* NULL: none was named, the defaults hold */
    bool json;               /* print answers as they came */
};

/* ---- kefuctl_http.c ---- */

/* A request over the control socket. `body` is borrowed, NULL none; `ret` (may be NULL) is the caller's to json_decref, NULL when the
 * answer had no body. KF_ABSENT: nobody listens there. */
enum kf_rc ctl_call(const struct ctl *ctl, const char *method, const char *path, const json_t *body, json_t **ret, struct kf_err *why);
/* The `items` of that address, each printed by `print`, or with --json the answer as it came. Says where there are more. Returns what the
 * command ends with. */
int ctl_list(const struct ctl *ctl, const char *path, void (*print)(const json_t *item));
/* The body of an answer to GET, written to the open file `fd` as it comes. Else as ctl_call(). */
enum kf_rc ctl_fetch(const struct ctl *ctl, const char *path, int fd, struct kf_err *why);

/* ---- kefuctl_show.c: without --json no control character comes through, whoever wrote it ---- */

/* Each of them becomes a question mark. */
void ctl_tame(char *text);
/* The member, or "". */
const char *ctl_text(const json_t *of, const char *name);
/* An answer (NULL: there was none) for people: "a.b: value" lines, or with --json as it is. */
void ctl_print(const struct ctl *ctl, json_t *answer);
/* The members of its `list`, each printed by `print`, and whether there are more; or with --json the answer as it is. */
void ctl_print_each(const struct ctl *ctl, json_t *answer, const char *list, void (*print)(const json_t *item));
/* GET `path`, and its `items` so. Returns what the command ends with. */
int ctl_list(const struct ctl *ctl, const char *path, void (*print)(const json_t *item));

/* ---- kefuctl_owner.c ---- */

/* Root does what touches the state directory as its owner, so that kefud can open afterwards what was made. */
struct ctl_owner {
    bool changed;
    uid_t uid;
    gid_t gid;
};
enum kf_rc ctl_as_owner(const struct ctl *ctl, struct ctl_owner *ret, struct kf_err *why);
void ctl_as_before(const struct ctl_owner *owner);
/* A new file at `to` (it must not exist) with the bytes of `from`, on the disk when this returns. */
enum kf_rc ctl_copy(const char *from, const char *to, mode_t mode, struct kf_err *why);

/* ---- kefuctl_user.c ---- */

struct ctl_person {
    const char *email, *name, *site, *roles, *number, *queues, *skills;
    int capacity;
};
int ctl_user_add(struct ctl *ctl, const struct ctl_person *person);
int ctl_user_passwd(struct ctl *ctl, const char *email);
int ctl_user_disable(struct ctl *ctl, const char *email);

/* Takes the second factor away: the phone is lost. */
int ctl_user_reset_totp(struct ctl *ctl, const char *email);

/* ---- kefuctl_key.c ---- */

/* API keys. `site` may be NULL where there is only one; `days` 0: it does not end. */
struct ctl_key {
    const char *site, *name, *verbs;
    long days;
};
int ctl_key_add(struct ctl *ctl, const struct ctl_key *key); /* prints the key */
int ctl_key_list(struct ctl *ctl, const char *site);
int ctl_key_revoke(struct ctl *ctl, const char *id, const char *site);

/* ---- kefuctl_audit.c ---- */

/* The access log. NULL: any; `limit` 0: 50. */
struct ctl_audit {
    const char *site, *kind, *person, *conv, *cursor;
    long limit;
};
int ctl_audit_list(struct ctl *ctl, const struct ctl_audit *a);
/* Walks all chains; `heads` (NULL none) is a file of heads that were kept elsewhere. CTL_FAILED where one is broken, or no head
 * is there to hold them against: an emptied log is whole in itself. */
int ctl_audit_verify(struct ctl *ctl, const char *heads);

/* ---- kefuctl_export.c ---- */

/* All that is known of a visitor, in the new directory `dir`: visitor.json, conversations/ID.json, files/ID. */
int ctl_export(struct ctl *ctl, const char *id, const char *dir, const char *site);

/* ---- kefuctl_keep.c ---- */

/* Forgets a visitor and prints the receipt. `site` may be NULL where there is only one; `reference` NULL: none. */
int ctl_erase(struct ctl *ctl, const char *id, const char *site, const char *reference);
/* `dry`: only tells what would go. */
int ctl_housekeep(struct ctl *ctl, bool dry);

/* Legal holds: `conv` or `visitor`, `reason` to set one, `id` to lift one. */
struct ctl_hold {
    const char *site, *conv, *visitor, *reason, *id;
};
int ctl_hold_list(struct ctl *ctl, const struct ctl_hold *h);
int ctl_hold_set(struct ctl *ctl, const struct ctl_hold *h);
int ctl_hold_lift(struct ctl *ctl, const struct ctl_hold *h);

/* ---- kefuctl_outbox.c ---- */

/* What has not got through to a platform. `site` may be NULL where there is only one; `state`: trouble, waiting or all; NULL: trouble. */
struct ctl_outbox {
    const char *site, *state, *id;
};
int ctl_outbox_list(struct ctl *ctl, const struct ctl_outbox *o);
int ctl_outbox_act(struct ctl *ctl, const struct ctl_outbox *o, const char *act); /* "resend" or "drop" */

/* ---- kefuctl_channel.c ---- */

/* `site` may be NULL where there is only one. */
int ctl_channel_list(struct ctl *ctl, const char *site);
/* Tries it, step by step; `to` (NULL: nobody) is sent a word, by the platform's name of that person. CTL_FAILED where a step fails. */
int ctl_channel_test(struct ctl *ctl, const char *key, const char *site, const char *to, bool tell);

/* ---- kefuctl_site.c ---- */

/* A new site from a set of documents and people; prints what it made: passwords, addresses for platforms. */
int ctl_site_add(struct ctl *ctl, const char *file);
/* Its settings as a set, without secrets and people, on standard output. */
int ctl_site_export(struct ctl *ctl, const char *key);
/* Makes the site what the set in `file` says; `dry`: tells only what that would change. */
int ctl_site_apply(struct ctl *ctl, const char *file, bool dry);

/* ---- kefuctl_store.c ---- */

/* Puts the person into the store, which nobody else has open. */
enum kf_rc ctl_store_add(struct ctl *ctl, const struct ctl_person *person, const char *password, struct kf_err *why);
/* Checks the access log in the store, which nobody else has open; `ret` is the caller's. */
enum kf_rc ctl_store_verify(struct ctl *ctl, const char *heads, json_t **ret, struct kf_err *why);
int ctl_backup(struct ctl *ctl, const char *file);
int ctl_restore(struct ctl *ctl, const char *file);

/* ---- kefuctl_doctor.c ---- */
int ctl_doctor(struct ctl *ctl);

/* Says the words on standard error; returns CTL_FAILED. */
int ctl_fail(const struct kf_err *why);

#endif
