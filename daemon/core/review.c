#include "core/review.h"

#define DAY_MS 86400000LL

static const char *const states[] = { "assigned", "draft", "submitted", "acknowledged", "appealed", "final", "missed" };
static const char *const outcomes[] = { "none", "accepted", "partly", "rejected" };
static const char *const kinds[] = { "random", "risk", "calibration" };
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

const char *review_state_name(enum review_state s)
{
    return (unsigned)s < COUNT(states) ? states[s] : "?";
}

const char *appeal_outcome_name(enum appeal_outcome o)
{
    return (unsigned)o < COUNT(outcomes) ? outcomes[o] : "?";
}

const char *sample_kind_name(enum sample_kind k)
{
    return (unsigned)k < COUNT(kinds) ? kinds[k] : "?";
}

bool appeal_outcome_parse(struct slice s, enum appeal_outcome *ret)
{
    for (size_t i = 0; i < COUNT(outcomes); i++)
        if (slice_is(s, outcomes[i])) {
            *ret = (enum appeal_outcome)i;
            return true;
        }
    return false;
}

bool sample_kind_parse(struct slice s, enum sample_kind *ret)
{
    for (size_t i = 0; i < COUNT(kinds); i++)
        if (slice_is(s, kinds[i])) {
            *ret = (enum sample_kind)i;
            return true;
        }
    return false;
}

bool review_is_in(const struct review *r)
{
    return r->state >= REVIEW_SUBMITTED && r->state != REVIEW_MISSED;
}

bool review_is_told(const struct review *r)
{
    return r->kind != SAMPLE_CALIBRATION && review_is_in(r);
}

bool review_stands(const struct review *r, int64_t now)
{
    return r->state == REVIEW_ACKNOWLEDGED || r->state == REVIEW_FINAL || (r->state == REVIEW_SUBMITTED && now >= r->appeal_until);
}

static enum kf_rc by_reviewer(const struct review *r, enum review_event ev, const struct kf_id *who, enum review_state *ret,
                              struct kf_err *why)
{
    if (!id_eq(who, &r->reviewer) || id_eq(who, &r->agent))
        return kf_fail(why, KF_DENIED, "only whom the review was assigned to may score it");
    if (r->state == REVIEW_MISSED)
        return kf_fail(why, KF_CONFLICT, "the calibration was closed before this was submitted");
    if (r->state > REVIEW_DRAFT)
        return kf_fail(why, KF_CONFLICT, "the review was submitted already");
    *ret = ev == REVIEW_SAVE ? REVIEW_DRAFT : REVIEW_SUBMITTED;
    return KF_OK;
}

static enum kf_rc by_agent(const struct review *r, enum review_event ev, const struct kf_id *who, int64_t now, enum review_state *ret,
                           struct kf_err *why)
{
    if (!id_eq(who, &r->agent) || !review_is_told(r))
        return kf_fail(why, KF_DENIED, "only the agent whom the review is about may do this");
    if (r->state != REVIEW_SUBMITTED)
        return kf_fail(why, KF_CONFLICT, "the review is %s already", review_state_name(r->state));
    if (ev == REVIEW_APPEAL && now >= r->appeal_until)
        return kf_fail(why, KF_CONFLICT, "the time to appeal is over");
    *ret = ev == REVIEW_APPEAL ? REVIEW_APPEALED : REVIEW_ACKNOWLEDGED;
    return KF_OK;
}

enum kf_rc review_step(const struct review *r, enum review_event ev, const struct kf_id *who, int64_t now, enum review_state *ret,
                       struct kf_err *why)
{
    switch (ev) {
    case REVIEW_SAVE:
    case REVIEW_SUBMIT:
        return by_reviewer(r, ev, who, ret, why);
    case REVIEW_ACKNOWLEDGE:
    case REVIEW_APPEAL:
        return by_agent(r, ev, who, now, ret, why);
    case REVIEW_DECIDE:
    default:
        if (id_eq(who, &r->reviewer) || id_eq(who, &r->agent))
            return kf_fail(why, KF_DENIED, "an appeal is decided by somebody else than the first reviewer and the agent");
        if (r->state != REVIEW_APPEALED)
            return kf_fail(why, KF_CONFLICT, "no appeal waits to be decided");
        *ret = REVIEW_FINAL;
        return KF_OK;
    }
}

/* Midnight of the wall clock after the day of this time, as UTC. Where clocks change that night, the hour goes to the window. */
static int64_t next_midnight(const struct hours *h, int64_t utc_ms)
{
    int64_t wall = hours_wall(h, utc_ms), midnight = wall - wall % DAY_MS + DAY_MS;
    int64_t guess = midnight - (wall - utc_ms);

    return guess + (midnight - hours_wall(h, guess));
}

int64_t review_window(const struct hours *h, int64_t from, int days)
{
    int64_t t = next_midnight(h, from);

    while (days > 0) {
        int64_t opens = hours_next_opening(h, t);

        if (opens == INT64_MAX) /* it never opens again: days are days then */
            return t + days * DAY_MS;
        t = next_midnight(h, opens);
        days--;
    }
    return t;
}
