#include "core/rule.h"

#include <inttypes.h>
#include <stdio.h>

static const char *const events[] = { "opened",   "message",  "waiting", "nobody",       "outside",       "away",
                                      "assigned", "returned", "closed",  "silent_agent", "silent_visitor" };

#define N_EVENTS (sizeof(events) / sizeof(events[0]))

const char *rule_event_name(enum rule_event e)
{
    return (unsigned)e < N_EVENTS ? events[e] : "?";
}

bool rule_event_parse(struct slice s, enum rule_event *ret)
{
    for (unsigned i = 0; i < N_EVENTS; i++)
        if (slice_is(s, events[i])) {
            *ret = (enum rule_event)i;
            return true;
        }
    return false;
}

/* ---- the facts, as words ---------------------------------------------------------------------------------------------- */

static bool visitor_wrote(const struct rule_facts *f)
{
    return f->message && f->message->from.role == ROLE_VISITOR;
}

static bool event_is(const struct rule_facts *f, const char *word)
{
    return f->message && f->message->kind == MESSAGE_EVENT && f->message->event && strcmp(f->message->event, word) == 0;
}

static bool waits(const struct conv *c)
{
    return c->state == CONV_WAITING || c->state == CONV_OFFERED;
}

/* Somebody should take it, or it was taken for later and the visitor writes again. */
static bool needs_somebody(const struct rule_facts *f)
{
    return f->conv->state == CONV_WAITING || (f->conv->state == CONV_PARKED && visitor_wrote(f));
}

/* Outside business hours whoever writes is told so. What is found waiting without a word (the hours ended, a queue was changed) is
 * left to those who are still there. */
static bool is_outside(const struct rule *r, const struct rule_facts *f)
{
    if (f->open_hours)
        return false;
    if (visitor_wrote(f))
        return needs_somebody(f) || (f->conv->state == CONV_SERVED && r->mid_talk);
    return f->conv->state == CONV_WAITING && !f->staffed;
}

/* Since when one side of a conversation that is served owes an answer to the other; 0: it does not. */
static int64_t agent_owes_since(const struct conv *c)
{
    if (c->state != CONV_SERVED || c->visitor_at <= c->staff_at)
        return 0;
    return c->visitor_at > c->served_at ? c->visitor_at : c->served_at;
}

static int64_t visitor_owes_since(const struct conv *c)
{
    return c->state == CONV_SERVED && c->staff_at > c->visitor_at ? c->staff_at : 0;
}

/* Since when it goes on, for the events that count time; 0: it does not. */
static int64_t lasting_since(enum rule_event event, const struct conv *c)
{
    switch (event) {
    case RULE_WAITING:
        return waits(c) ? c->arrived_at : 0;
    case RULE_SILENT_AGENT:
        return agent_owes_since(c);
    case RULE_SILENT_VISITOR:
        return visitor_owes_since(c);
    default:
        return 0;
    }
}

static bool lasts(const struct rule *r, const struct rule_facts *f)
{
    int64_t since = lasting_since(r->event, f->conv);

    return since && f->now_ms - since >= r->after_ms;
}

/* ---- does it fire? ------------------------------------------------------------------------------------------------------ */

static bool concerns(const struct rule *r, const struct conv *c)
{
    if (r->off)
        return false;
    if (r->queue.s[0] && !key_eq(&r->queue, &c->queue))
        return false;
    if (r->channel.s[0] && !key_eq(&r->channel, &c->channel))
        return false;
    if (c->state == CONV_CLOSED)
        return r->event == RULE_CLOSED;
    if (r->event == RULE_OPENED && !c->staff_at) /* given to somebody at once, but nobody has said a word: greet */
        return true;
    return r->mid_talk || c->state != CONV_SERVED;
}

static bool happens(const struct rule *r, const struct rule_facts *f)
{
    switch (r->event) {
    case RULE_OPENED:
        return visitor_wrote(f) && f->message->seq == 1;
    case RULE_MESSAGE:
        return visitor_wrote(f);
    case RULE_WAITING:
    case RULE_SILENT_AGENT:
    case RULE_SILENT_VISITOR:
        return lasts(r, f);
    case RULE_NOBODY:
        return f->open_hours && !f->staffed && needs_somebody(f);
    case RULE_OUTSIDE:
        return is_outside(r, f);
    case RULE_AWAY:
        return f->conv->state == CONV_SERVED && f->agent_away;
    case RULE_ASSIGNED:
        return event_is(f, "joined");
    case RULE_RETURNED:
        return event_is(f, "returned");
    case RULE_CLOSED:
        return event_is(f, "closed");
    default:
        return false;
    }
}

/* What it was, so that the same thing is answered once: the wait by its arrival (an agent who refuses or is lost does not start a
 * new one), the silence by its beginning, all else by the message that told it. */
static void name_cause(const struct rule *r, const struct rule_facts *f, char *ret, size_t size)
{
    const char *word = "seq";
    int64_t value = f->message ? f->message->seq : 0;

    *ret = '\0';
    if (r->often == RULE_ONCE_CONVERSATION)
        return;
    switch (r->event) {
    case RULE_AWAY:
        word = "away";
        value = f->agent_away_since;
        break;
    case RULE_WAITING:
    case RULE_NOBODY:
    case RULE_OUTSIDE:
        word = "wait";
        value = f->conv->arrived_at;
        break;
    case RULE_SILENT_AGENT:
    case RULE_SILENT_VISITOR:
        word = "quiet";
        value = lasting_since(r->event, f->conv);
        break;
    default:
        break;
    }
    (void)snprintf(ret, size, "%s:%" PRId64, word, value);
}

size_t rule_match(const struct rule *rules, size_t n, const struct rule_facts *facts, struct rule_firing *ret, size_t max)
{
    size_t count = 0;

    if (facts->automatic) /* two machines would talk to each other for ever */
        return 0;
    for (size_t i = 0; i < n && count < max; i++) {
        if (!concerns(&rules[i], facts->conv) || !happens(&rules[i], facts))
            continue;
        ret[count].rule = &rules[i];
        name_cause(&rules[i], facts, ret[count].cause, sizeof(ret[count].cause));
        count++;
    }
    return count;
}

int64_t rule_next_due(const struct rule *rules, size_t n, const struct rule_facts *facts)
{
    int64_t ret = 0;

    for (size_t i = 0; i < n && !facts->automatic; i++) {
        int64_t since = lasting_since(rules[i].event, facts->conv), due = since + rules[i].after_ms;

        if (!since || due <= facts->now_ms || !concerns(&rules[i], facts->conv))
            continue;
        if (!ret || due < ret)
            ret = due;
    }
    return ret;
}

/* ---- where nobody listens ----------------------------------------------------------------------------------------------- */

#define IN(state) (1U << (state))
#define EVERY     (IN(CONV_BOT) | IN(CONV_WAITING) | IN(CONV_OFFERED) | IN(CONV_SERVED) | IN(CONV_PARKED) | IN(CONV_CLOSED))

static unsigned hears_visitor(const struct rule *r)
{
    switch (r->event) {
    case RULE_OPENED:
        return IN(CONV_BOT) | IN(CONV_WAITING) | IN(CONV_OFFERED) | IN(CONV_SERVED) | IN(CONV_PARKED);
    case RULE_MESSAGE:
        return EVERY;
    case RULE_WAITING:
        return IN(CONV_WAITING) | IN(CONV_OFFERED);
    case RULE_NOBODY:
        return IN(CONV_WAITING) | IN(CONV_PARKED);
    case RULE_OUTSIDE:
        return IN(CONV_WAITING) | IN(CONV_PARKED) | IN(CONV_SERVED);
    case RULE_SILENT_AGENT:
        return IN(CONV_SERVED);
    default:
        return 0;
    }
}

/* What the system says tells of arrivals, too: a conversation that was handed to another queue waits anew. */
static unsigned hears_system(const struct rule *r)
{
    switch (r->event) {
    case RULE_WAITING:
        return IN(CONV_WAITING) | IN(CONV_OFFERED);
    case RULE_NOBODY:
    case RULE_OUTSIDE:
    case RULE_RETURNED:
        return IN(CONV_WAITING);
    case RULE_ASSIGNED:
    case RULE_SILENT_AGENT:
        return IN(CONV_SERVED);
    case RULE_CLOSED:
        return IN(CONV_CLOSED);
    default:
        return 0;
    }
}

unsigned rule_deaf_states(const struct rule *rules, size_t n, enum role role)
{
    unsigned heard = 0;

    for (size_t i = 0; i < n; i++) {
        unsigned in = 0;

        if (rules[i].off)
            continue;
        if (role == ROLE_VISITOR)
            in = hears_visitor(&rules[i]);
        else if (role == ROLE_SYSTEM)
            in = hears_system(&rules[i]);
        else if (role == ROLE_AGENT && rules[i].event == RULE_SILENT_VISITOR)
            in = IN(CONV_SERVED);
        heard |= rules[i].mid_talk ? in : in & ~IN(CONV_SERVED);
    }
    return EVERY & ~heard;
}
