/* review.h: one review: a reviewer's judgement of one conversation, and how it becomes final.
 *
 *   ASSIGNED ──► DRAFT ──► SUBMITTED ──► ACKNOWLEDGED
 *                              │  └────────► APPEALED ──► FINAL     (decided by somebody else than the first reviewer)
 *                              └─────────────────────────► the window is over: it stands, too
 *   An exercise that is closed before all are in makes the others MISSED: they are judged no more, and count for nothing.
 *
 * Its contents are a JSON object: {"answers":{item:{"value":1}|{"na":true}},"notes":{item:text},"summary":text}. Every contents that
 * somebody else has seen is kept as a version; drafts are not. */
#ifndef KF_CORE_REVIEW_H
#define KF_CORE_REVIEW_H

#include "core/hours.h"
#include "core/id.h"
#include "core/rc.h"
#include "core/score.h"

#define REVIEW_COMMENTS_MAX 100 /* of one review, which is always read with all of them */

/* The numbers of all of these are stored: only append. */
enum review_state { REVIEW_ASSIGNED, REVIEW_DRAFT, REVIEW_SUBMITTED, REVIEW_ACKNOWLEDGED, REVIEW_APPEALED, REVIEW_FINAL, REVIEW_MISSED };
enum appeal_outcome { APPEAL_NONE, APPEAL_ACCEPTED, APPEAL_PARTLY, APPEAL_REJECTED };
enum sample_kind {
    SAMPLE_RANDOM,     /* stands for the population */
    SAMPLE_RISK,       /* what is likely to be bad: never counted together with the random ones */
    SAMPLE_CALIBRATION /* the same conversations to several reviewers, blind until all are in, or it is closed; agents never see it */
};

enum review_event {
    REVIEW_SAVE,        /* the reviewer's draft */
    REVIEW_SUBMIT,      /* by the reviewer */
    REVIEW_ACKNOWLEDGE, /* by the agent */
    REVIEW_APPEAL,      /* by the agent, within the window */
    REVIEW_DECIDE       /* by somebody else than the reviewer and the agent */
};

struct review {
    struct kf_id id;
    struct kf_key site;
    struct kf_id sample;
    const char *sample_name;
    enum sample_kind kind;
    struct kf_id conv;
    struct kf_key channel, queue; /* of the conversation, when it was drawn */
    int64_t closed_at;            /* of the conversation */
    struct kf_id agent, reviewer;
    struct kf_id decider; /* zero: nobody has decided */
    int64_t card_n;       /* which stored card; the store's own number */
    struct kf_key card;   /* its key and version */
    int64_t card_version;
    enum review_state state;
    int64_t revision; /* rises with everything that is changed of it: who changes it says what he has seen */
    int64_t version;  /* of the contents; 0: none was submitted */
    enum appeal_outcome outcome;
    int score, plain; /* score.h; as it stands now */
    bool fatal, passed;
    int first_score, first_plain; /* as it was submitted */
    bool first_fatal;
    int64_t assigned_at, submitted_at, appeal_until, acknowledged_at, appealed_at, decided_at; /* 0: not yet */
    int64_t n;                                                                                 /* the store's own number: rises */
};

/* What an event makes of a review: KF_OK and the next state; KF_CONFLICT: not in this state, or too late; KF_DENIED: not by this one. */
enum kf_rc review_step(const struct review *r, enum review_event ev, const struct kf_id *who, int64_t now, enum review_state *ret,
                       struct kf_err *why);
/* It was submitted, whatever has become of it since. */
bool review_is_in(const struct review *r);
/* It can change no more, but for an appeal that is being decided. */
bool review_stands(const struct review *r, int64_t now);
/* The agent may see it: it was submitted, and is no exercise of the reviewers. */
bool review_is_told(const struct review *r);
/* When the window ends that is open for so many working days: at the end of the last of them. Working days are those on which `h` opens;
 * the day of `from` does not count. */
int64_t review_window(const struct hours *h, int64_t from, int days);

const char *review_state_name(enum review_state s);
const char *appeal_outcome_name(enum appeal_outcome o);
const char *sample_kind_name(enum sample_kind k);
bool appeal_outcome_parse(struct slice s, enum appeal_outcome *ret);
bool sample_kind_parse(struct slice s, enum sample_kind *ret);

#endif
