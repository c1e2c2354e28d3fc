/* permit.h: who may do what. The only place where roles mean something.
 *
 * agent       own conversations and the reviews of them, and those waiting in own queues (no queues: all, as routing has it); closed ones of which one was the
 *             last agent. What was handed on to somebody else is that one's
 * supervisor  every conversation of own queues (no queues: all), acting included; people's presence; reports; decides appeals
 * reviewer    reads every transcript of own queues (no queues: all); writes the reviews that are assigned to him, never messages
 * admin       settings, people, access log; erases visitors; sets and lifts legal holds, as supervisors do; reads transcripts only with another role
 * API keys    no role: each may the verbs that it was made for, on all of its site
 */
#ifndef KF_CORE_PERMIT_H
#define KF_CORE_PERMIT_H

#include "core/conv.h"
#include "core/person.h"
#include "core/review.h"

#include <stdbool.h>

enum verb {
    /* On a conversation. */
    VERB_READ,     /* its messages, live */
    VERB_TIMELINE, /* notes, whispers, deliveries */
    VERB_SAY,      /* the owner, and the helper */
    VERB_NOTE,
    VERB_ACCEPT, /* take what is offered, or the next waiting */
    VERB_TRANSFER,
    VERB_CLOSE,
    VERB_TRANSCRIPT, /* read and search afterwards */
    VERB_EXPORT,
    VERB_WATCH, /* silently, whisper, join, hand out, make more urgent */
    /* On the site. */
    VERB_PRESENCE_OTHER,
    VERB_SETTINGS_READ,
    VERB_SETTINGS_WRITE,
    VERB_PEOPLE,
    VERB_AUDIT,
    VERB_STATUS,
    /* On a conversation again: personal data in a transcript, which is masked for everybody else. */
    VERB_REVEAL,
    /* On the site: quality review. */
    VERB_SAMPLE,  /* draw samples, see what is drawn */
    VERB_QUALITY, /* figures of all, and what machines have found */
    VERB_CHECKS,  /* try a check on what was closed */
    /* On the site: what is kept. */
    VERB_ERASE, /* forget a visitor */
    VERB_HOLD,  /* set and lift legal holds */
    /* On a conversation again. */
    VERB_JUDGE /* what a machine has found in it: the agent it is about never does */
};

/* On one review. */
enum review_verb {
    REVIEW_READ,
    REVIEW_SCORE, /* the draft, and to submit it */
    REVIEW_COMMENT,
    REVIEW_ANSWER, /* acknowledge, appeal */
    REVIEW_JUDGE   /* decide on the appeal */
};

/* The word of a verb, and back. NULL, false: there is none. */
const char *verb_name(enum verb verb);
bool verb_parse(struct slice s, enum verb *ret);
/* Words separated by blanks as a set for `member.verbs`; 0: one of them is no verb that a key may have. What only the owner of a conversation
 * does is not among them: a program sits at no desk. */
uint32_t key_verbs(struct slice words);

/* `conv` is NULL for verbs on the site. A disabled member may nothing; a member of another site may nothing. */
bool permit(const struct member *who, enum verb verb, const struct kf_key *site, const struct conv *conv);
/* Likewise. Drafts are their reviewer's alone; a review is the agent's once it is told; what reviewers calibrate with is each one's own
 * until `blind` is over, and never the agent's. Whether its state allows an act is for review_step(). */
bool permit_review(const struct member *who, enum review_verb verb, const struct review *r, bool blind);

/* Of what a sample holds, in one of its queues: who looks after the queue, and who has drawn it. */
bool permit_drawn(const struct member *who, const struct kf_id *drawn_by, const struct kf_key *queue);
/* Holds of all queues, rather than those on what was said in one's own. */
bool permit_holds_all(const struct member *who);
/* Closing a calibration before all are in: whoever has drawn it, and supervisors. */
bool permit_close(const struct member *who, const struct kf_key *site, const struct kf_id *drawn_by);

/* Giving a review that is not submitted to somebody else, or taking it back: supervisors of its queue, but whom it is about. */
bool permit_handover(const struct member *who, const struct kf_key *site, const struct kf_key *queue, const struct kf_id *agent);

/* Coaching: supervisors plan and close what concerns others, and see all of the site; an agent reads and acknowledges his own. */
enum coaching_verb { COACHING_READ, COACHING_MANAGE, COACHING_ANSWER };
bool permit_coaching(const struct member *who, enum coaching_verb verb, const struct kf_key *site, const struct kf_id *agent);
/* Whom a supervisor of queues coaches: who serves one of them (`agent` NULL: who is gone serves none), about a review of one of them ("" none). */
bool permit_coached(const struct member *who, const struct member *agent, const struct kf_key *queue);
/* The case library is everybody's to learn from; reviewers and supervisors write it. */
bool permit_example(const struct member *who, bool write, const struct kf_key *site);

#endif
