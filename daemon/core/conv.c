#include "core/conv.h"

#include "core/mutant.h"

static const char *const states[] = { "bot", "waiting", "offered", "served", "parked", "closed" };
/* As people are told of it. */
static const char *const plainly[] = { "is with the bot",  "waits for an agent",     "is being offered to an agent",
                                       "is with an agent", "is put off until later", "is closed" };

static const struct kf_id nobody;

const char *conv_state_name(enum conv_state s)
{
    return (unsigned)s < sizeof(states) / sizeof(states[0]) ? states[s] : "?";
}

const char *conv_state_public(enum conv_state s)
{
    switch (s) {
    case CONV_BOT:
    case CONV_SERVED:
        return "served";
    case CONV_CLOSED:
        return "closed";
    case CONV_WAITING:
    case CONV_OFFERED:
    case CONV_PARKED:
    default:
        return "waiting";
    }
}

static const char *in_words(enum conv_state s)
{
    return (unsigned)s < sizeof(plainly) / sizeof(plainly[0]) ? plainly[s] : "is gone";
}

bool conv_holds_place(const struct conv *c, int64_t now_ms)
{
    if (c->state == CONV_CLOSED)
        return c->wrapup_until > now_ms;
    return c->state == CONV_OFFERED || c->state == CONV_SERVED;
}

/* ---- the moves: each one takes the copy that becomes the answer ------------------------------------------------------- */

/* Whoever comes back from an agent has not waited meanwhile: what a queue does after a while counts from now on. */
static bool waits_anew(const struct conv *c)
{
    return c->state == CONV_PARKED || c->state == CONV_CLOSED || c->state == CONV_SERVED ||
           (c->state == CONV_OFFERED && !id_is_zero(&c->back));
}

static void move_wait(struct conv *c, int64_t now_ms)
{
    if (waits_anew(c)) {
        c->queued_at = now_ms;
        c->overflowed = false;
    }
    c->state = CONV_WAITING;
    c->owner = c->back = c->helper = nobody;
    c->nagged = 0;
    c->until = 0;
    c->served_at = 0;
    c->epoch++;
}

/* Somebody serves it from now on. The owner is the same as before only when an offer is accepted: nothing to fence then. */
static void move_serve(struct conv *c, const struct kf_id *person, int64_t now_ms)
{
    if (!id_eq(&c->owner, person))
        c->epoch++;
    if (!id_eq(&c->owner, person) || c->state != CONV_SERVED)
        c->nagged = 0;
    c->state = CONV_SERVED;
    c->owner = *person;
    if (id_eq(&c->helper, person))
        c->helper = nobody;
    c->back = nobody;
    c->last_agent = nobody;
    c->until = 0;
    c->served_at = now_ms;
}

static void move_offer(struct conv *c, const struct kf_id *person, int64_t until)
{
    c->state = CONV_OFFERED;
    c->owner = *person;
    c->back = nobody;
    c->nagged = 0;
    c->until = until;
    c->served_at = 0;
    c->epoch++;
}

static void move_close(struct conv *c, int64_t wrapup_ms, int64_t now_ms)
{
    if (c->state == CONV_SERVED) {
        c->last_agent = c->owner;
        c->wrapup_until = wrapup_ms > 0 ? now_ms + wrapup_ms : 0;
    }
    c->state = CONV_CLOSED;
    c->owner = c->back = c->helper = nobody;
    c->asked_at = 0;
    c->nagged = 0;
    c->until = 0;
    c->closed_at = now_ms;
    c->epoch++;
}

static void move_reopen(struct conv *c, int64_t now_ms)
{
    move_wait(c, now_ms);
    c->arrived_at = now_ms;
    c->closed_at = 0;
    c->wrapup_until = 0;
    c->reopened++;
}

/* Back to whoever has handed it over, if that one is there to take it; else to the line. */
static void move_refuse(struct conv *c, bool staffed, int64_t now_ms)
{
    const struct kf_id back = c->back;

    if (staffed && !id_is_zero(&back)) {
        move_serve(c, &back, now_ms);
        return;
    }
    if (!id_is_zero(&back))
        c->last_agent = back;
    move_wait(c, now_ms);
}

static void move_return(struct conv *c, int64_t now_ms)
{
    c->last_agent = c->owner;
    move_wait(c, now_ms);
    if (mutant("requeue_arrival"))
        c->arrived_at = now_ms;
}

/* `until` 0: no offer, it is theirs. */
static void move_hand(struct conv *c, const struct kf_id *person, int64_t until, int64_t now_ms)
{
    const struct kf_id back = c->state == CONV_SERVED ? c->owner : nobody;

    if (until)
        move_offer(c, person, until);
    else
        move_serve(c, person, now_ms);
    c->back = back;
}

/* To another line, in which the time begins anew. */
static void move_queue(struct conv *c, const struct kf_key *queue, int64_t now_ms)
{
    c->queue = *queue;
    move_wait(c, now_ms);
    c->queued_at = now_ms;
}

static void move_transfer(struct conv *c, const struct kf_key *queue, int64_t now_ms)
{
    c->last_agent = nobody; /* who has just handed it over shall not be given it again first */
    if (c->state == CONV_SERVED || c->state == CONV_BOT)
        c->arrived_at = now_ms;
    move_queue(c, queue, now_ms);
    c->overflowed = false;
}

static void move_park(struct conv *c, const struct kf_key *queue, int64_t until, int64_t now_ms)
{
    if (c->state == CONV_BOT) {
        if (queue->s[0])
            c->queue = *queue;
        c->arrived_at = c->queued_at = now_ms;
    }
    c->epoch += c->state != CONV_PARKED;
    c->state = CONV_PARKED;
    c->until = until;
}

static void move_bot(struct conv *c, const struct kf_key *bot)
{
    c->state = CONV_BOT;
    c->bot = *bot;
    c->until = 0;
    c->epoch++;
}

static void visitor_says(struct conv *c, bool staffed, int64_t now_ms)
{
    c->visitor_at = now_ms;
    if (c->state == CONV_CLOSED)
        move_reopen(c, now_ms);
    else if (c->state == CONV_PARKED && staffed)
        move_wait(c, now_ms);
}

/* ---- the guards ----------------------------------------------------------------------------------------------------- */

#define IN(state) (1U << (state))
#define OPEN      (IN(CONV_BOT) | IN(CONV_WAITING) | IN(CONV_OFFERED) | IN(CONV_SERVED) | IN(CONV_PARKED))

/* The states that know an event. Parking what is parked changes the time only: a rule may find it so. */
static unsigned known_in(enum conv_event_kind k)
{
    switch (k) {
    case CONV_NOTHING:
    case CONV_VISITOR_SAYS:
        return OPEN | IN(CONV_CLOSED);
    case CONV_STAFF_SAYS:
    case CONV_RETURN:
    case CONV_NAG:
        return IN(CONV_SERVED);
    case CONV_ASSIGN:
    case CONV_OFFER:
        return IN(CONV_WAITING);
    case CONV_ACCEPT:
        return IN(CONV_OFFERED);
    case CONV_REFUSE:
    case CONV_HELP:
        return IN(CONV_OFFERED) | IN(CONV_SERVED);
    case CONV_READY:
        return IN(CONV_CLOSED);
    case CONV_TRANSFER_PERSON:
    case CONV_TRANSFER_QUEUE:
    case CONV_TAKE:
    case CONV_CLOSE:
        return OPEN;
    case CONV_PARK:
        return IN(CONV_BOT) | IN(CONV_WAITING) | IN(CONV_PARKED);
    case CONV_MOVE:
    case CONV_HAND_BOT:
        return IN(CONV_WAITING) | IN(CONV_PARKED);
    case CONV_UNPARK:
        return IN(CONV_PARKED);
    default:
        return 0;
    }
}

/* Who must be the owner for the event to count. A return that names nobody is the house's own. */
static bool owner_fits(const struct conv *c, const struct conv_event *ev)
{
    switch (ev->kind) {
    case CONV_STAFF_SAYS:
    case CONV_ACCEPT:
    case CONV_REFUSE:
        return id_eq(&c->owner, &ev->person);
    case CONV_RETURN:
        return id_is_zero(&ev->person) || id_eq(&c->owner, &ev->person);
    case CONV_READY:
        return id_eq(&c->last_agent, &ev->person);
    default:
        return true;
    }
}

static bool needs_person(enum conv_event_kind k)
{
    return k == CONV_ASSIGN || k == CONV_OFFER || k == CONV_TRANSFER_PERSON || k == CONV_TAKE;
}

/* These words reach people: the agent whose click came too late. */
static enum kf_rc guard(const struct conv *c, const struct conv_event *ev, struct kf_err *why)
{
    if (mutant("no_epoch") && (ev->kind == CONV_ASSIGN || ev->kind == CONV_STAFF_SAYS))
        return KF_OK;
    if (!(known_in(ev->kind) & IN(c->state)))
        return kf_fail(why, KF_CONFLICT, "that is not possible now: the conversation %s", in_words(c->state));
    if (ev->kind == CONV_NOTHING || ev->kind == CONV_VISITOR_SAYS)
        return KF_OK;
    if (ev->epoch >= 0 && ev->epoch != c->epoch)
        return kf_fail(why, KF_CONFLICT, "somebody was faster: the conversation %s now", in_words(c->state));
    if (!owner_fits(c, ev))
        return kf_fail(why, KF_CONFLICT, "somebody else has the conversation");
    if (ev->kind == CONV_REFUSE && c->state == CONV_SERVED && id_is_zero(&c->back))
        return kf_fail(why, KF_CONFLICT, "only what was handed over can be refused, and only before the first answer");
    if (ev->kind == CONV_NAG && ev->number <= c->nagged)
        return kf_fail(why, KF_CONFLICT, "that was told already");
    if (ev->kind == CONV_HELP && !id_is_zero(&ev->person) && id_eq(&c->owner, &ev->person))
        return kf_fail(why, KF_CONFLICT, "that person has the conversation: ask somebody else for help");
    if (!needs_person(ev->kind))
        return KF_OK;
    if (id_is_zero(&ev->person))
        return kf_fail(why, KF_INVALID, "say which person shall have the conversation");
    if (c->state == CONV_SERVED && id_eq(&c->owner, &ev->person))
        return kf_fail(why, KF_CONFLICT, "that person has the conversation already");
    return KF_OK;
}

/* What a guard has let through. */
static void move(struct conv *c, const struct conv_event *ev, int64_t now_ms)
{
    switch (ev->kind) {
    case CONV_NOTHING:
        break;
    case CONV_VISITOR_SAYS:
        visitor_says(c, ev->staffed, now_ms);
        break;
    case CONV_STAFF_SAYS:
        c->staff_at = now_ms;
        c->back = nobody; /* whoever speaks has taken it */
        break;
    case CONV_ASSIGN:
    case CONV_ACCEPT:
    case CONV_TAKE:
        move_serve(c, &ev->person, now_ms);
        break;
    case CONV_OFFER:
        move_offer(c, &ev->person, ev->until);
        break;
    case CONV_REFUSE:
        move_refuse(c, ev->staffed, now_ms);
        break;
    case CONV_UNPARK:
        move_wait(c, now_ms);
        break;
    case CONV_RETURN:
        move_return(c, now_ms);
        break;
    case CONV_TRANSFER_PERSON:
        move_hand(c, &ev->person, ev->until, now_ms);
        break;
    case CONV_TRANSFER_QUEUE:
        move_transfer(c, &ev->queue, now_ms);
        break;
    case CONV_READY:
        c->wrapup_until = 0;
        break;
    case CONV_HELP:
        c->helper = ev->person;
        break;
    case CONV_NAG:
        c->nagged = ev->number;
        break;
    case CONV_PARK:
        move_park(c, &ev->queue, ev->until, now_ms);
        break;
    case CONV_MOVE:
        move_queue(c, &ev->queue, now_ms);
        c->overflowed |= ev->overflows;
        break;
    case CONV_HAND_BOT:
        move_bot(c, &ev->bot);
        break;
    case CONV_CLOSE:
        move_close(c, ev->wrapup_ms, now_ms);
        break;
    }
}

enum kf_rc conv_step(const struct conv *c, const struct conv_event *ev, int64_t now_ms, struct conv *ret, struct kf_err *why)
{
    struct conv next = *c;
    enum kf_rc rc = guard(c, ev, why);

    if (rc)
        return rc;
    move(&next, ev, now_ms);
    if (next.state == CONV_CLOSED && next.wrapup_until <= now_ms)
        next.wrapup_until = 0; /* any look at it after that time gives the place back */
    *ret = next;
    return KF_OK;
}

bool conv_was_served(const struct conv *c)
{
    return c->state == CONV_SERVED || c->state == CONV_BOT || c->bot.s[0] || c->staff_at || !id_is_zero(&c->last_agent);
}

static void sooner(int64_t *due, int64_t at)
{
    if (at && at < *due)
        *due = at;
}

int64_t conv_due(const struct conv *c)
{
    int64_t due = INT64_MAX;

    if (c->ruled_seq < c->seq) {
        int64_t newest = c->arrived_at;

        if (c->visitor_at > newest)
            newest = c->visitor_at;
        if (c->staff_at > newest)
            newest = c->staff_at;
        due = newest;
    }
    sooner(&due, c->rule_due_at);
    if (c->state == CONV_OFFERED || c->state == CONV_PARKED)
        sooner(&due, c->until);
    if (c->state == CONV_CLOSED)
        sooner(&due, c->wrapup_until);
    return due;
}
