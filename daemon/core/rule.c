#include "core/rule.h"

#include "core/forbid.h"
#include "core/segment.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define DAY        86400000LL
#define SPACED_MAX (1u << 20)

static const char *const events[] = { "opened",   "message", "waiting",      "nobody",         "outside",     "away",     "assigned",
                                      "returned", "closed",  "silent_agent", "silent_visitor", "transferred", "reopened", "back",
                                      "rated",    "closing", "due" };

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

/* ---- what fired before -------------------------------------------------------------------------------------------------- */

static bool starts(const char *cause, const char *word)
{
    return strncmp(cause, word, strlen(word)) == 0;
}

/* When the rule last acted in this conversation; 0 never. A notice that ran out is the end of a firing, not another one. */
static int64_t last_fired(const struct rule_facts *f, const struct kf_key *rule, bool elsewhere)
{
    int64_t ret = 0;

    for (size_t i = 0; i < f->n_fired; i++) {
        const struct rule_fired *one = &f->fired[i];

        if (key_eq(&one->rule, rule) && (elsewhere || !one->elsewhere) && one->at > ret && one->cause[0] != '-' &&
            !starts(one->cause, "close:"))
            ret = one->at;
    }
    return ret;
}

static bool fired_for(const struct rule_facts *f, const struct kf_key *rule, const char *cause)
{
    for (size_t i = 0; i < f->n_fired; i++)
        if (key_eq(&f->fired[i].rule, rule) && strcmp(f->fired[i].cause, cause) == 0)
            return true;
    return false;
}

/* When notice was given that this rule will close the conversation, if that still holds: nobody has written since, and it has not
 * changed hands; 0: it was not. */
static int64_t notice_at(const struct rule *r, const struct rule_facts *f)
{
    const struct conv *c = f->conv;
    int64_t at = r->actions & RULE_CLOSE && r->notice_ms && !r->off ? last_fired(f, &r->key, false) : 0;

    return conv_is_open(c) && c->visitor_at <= at && c->staff_at <= at && c->served_at <= at && c->arrived_at <= at ? at : 0;
}

static int64_t any_notice_at(const struct rule *rules, size_t n, const struct rule_facts *f)
{
    int64_t ret = 0;

    for (size_t i = 0; i < n; i++) {
        int64_t at = notice_at(&rules[i], f);

        ret = at > ret ? at : ret;
    }
    return ret;
}

/* The last time that the visitor was told "away" or "back" of the present agent; NULL: never. */
static const struct rule_fired *last_told(const struct rule_facts *f, const char *word)
{
    const struct rule_fired *ret = NULL;

    for (size_t i = 0; i < f->n_fired; i++)
        if (starts(f->fired[i].cause, word) && f->fired[i].at >= f->conv->served_at && (!ret || f->fired[i].at >= ret->at))
            ret = &f->fired[i];
    return ret;
}

/* Since when the agent was away when the visitor was told so last; 0: the visitor was not. */
static int64_t told_away(const struct rule_facts *f)
{
    const struct rule_fired *away = last_told(f, "away:");

    return away ? strtoll(away->cause + 5, NULL, 10) : 0;
}

/* An agent who is away and says so once more, with another reason, is no news to who was told and has neither seen nor heard that one
 * since. */
static bool knows_away(const struct rule_facts *f)
{
    const struct rule_fired *away = last_told(f, "away:"), *back = last_told(f, "back:");

    return away && told_away(f) != f->agent_away_since && (!back || back->at < away->at) && f->conv->staff_at <= away->at;
}

bool rule_too_busy(const struct rule_facts *f)
{
    int n = 0;

    for (size_t i = 0; i < f->n_fired; i++)
        n += starts(f->fired[i].cause, "seq:") && f->fired[i].at > f->conv->staff_at && f->now_ms - f->fired[i].at < RULE_BUSY_MS;
    return n >= RULE_BUSY_MAX;
}

/* ---- events that count time ----------------------------------------------------------------------------------------------- */

/* Since when it goes on; 0: it does not. `notice`: any_notice_at(). */
static int64_t lasting_since(const struct rule *r, const struct rule_facts *f, int64_t notice)
{
    int64_t at;

    switch (r->event) {
    case RULE_WAITING:
        return waits(f->conv) ? f->conv->arrived_at : 0;
    case RULE_SILENT_AGENT:
        return agent_owes_since(f->conv);
    case RULE_SILENT_VISITOR:
        return visitor_owes_since(f->conv);
    case RULE_CLOSING:
        return notice;
    case RULE_DUE:
        at = last_fired(f, &r->of, false);
        return f->conv->visitor_at <= at ? at : 0;
    default:
        return 0;
    }
}

/* How often it has been time by now; 0: not yet. */
static int64_t turns(const struct rule *r, int64_t since, int64_t now)
{
    int64_t over = now - since - r->after_ms, n;

    if (!since || over < 0)
        return 0;
    n = r->every_ms ? 1 + over / r->every_ms : 1;
    return r->times && n > r->times ? r->times : n;
}

/* ---- does it fire? ------------------------------------------------------------------------------------------------------ */

/* Set up for conversations like this one, and in its state. */
static bool concerns(const struct rule *r, const struct conv *c)
{
    if (r->off)
        return false;
    if (r->queue.s[0] && !key_eq(&r->queue, &c->queue))
        return false;
    if (r->channel.s[0] && !key_eq(&r->channel, &c->channel))
        return false;
    return c->state != CONV_CLOSED || r->event == RULE_CLOSED || r->event == RULE_RATED;
}

/* Not into a talk with a person or a bot, unless it says so. Given to somebody at once, but nobody has said a word: that is not a talk yet. */
static bool may_speak(const struct rule *r, const struct conv *c)
{
    if ((r->event == RULE_OPENED || r->event == RULE_REOPENED) && c->staff_at < c->arrived_at)
        return true;
    return r->mid_talk || (c->state != CONV_SERVED && c->state != CONV_BOT);
}

/* The visitor's first word after it was closed: it arrived with it. */
static bool came_back(const struct rule_facts *f)
{
    return visitor_wrote(f) && f->conv->reopened > 0 && f->message->at == f->conv->arrived_at;
}

static bool happens(const struct rule *r, const struct rule_facts *f, int64_t notice)
{
    switch (r->event) {
    case RULE_OPENED:
        return visitor_wrote(f) && f->message->seq == 1;
    case RULE_MESSAGE:
        return visitor_wrote(f);
    case RULE_WAITING:
    case RULE_SILENT_AGENT:
    case RULE_SILENT_VISITOR:
    case RULE_CLOSING:
    case RULE_DUE:
        return turns(r, lasting_since(r, f, notice), f->now_ms) > 0;
    case RULE_NOBODY:
        return f->open_hours && !f->staffed && needs_somebody(f);
    case RULE_OUTSIDE:
        return is_outside(r, f);
    case RULE_AWAY:
        return f->conv->state == CONV_SERVED && f->agent_away && !knows_away(f);
    case RULE_BACK:
        return f->conv->state == CONV_SERVED && !f->agent_away && told_away(f);
    case RULE_ASSIGNED:
        return event_is(f, "joined");
    case RULE_RETURNED:
        return event_is(f, "returned");
    case RULE_TRANSFERRED:
        return event_is(f, "transferred");
    case RULE_CLOSED:
        return event_is(f, "closed");
    case RULE_REOPENED:
        return came_back(f);
    case RULE_RATED:
        return f->conv->rating > 0;
    default:
        return false;
    }
}

/* What it was, so that the same thing is answered once: the wait by its arrival (an agent who refuses or is lost does not start a
 * new one), the silence by its beginning, all else by the message that told it. */
static void name_event(const struct rule *r, const struct rule_facts *f, int64_t notice, char *ret, size_t size)
{
    int64_t since = lasting_since(r, f, notice), turn = turns(r, since, f->now_ms);
    const char *word = "seq";
    int64_t value = f->message ? f->message->seq : 0;

    switch (r->event) {
    case RULE_AWAY:
        word = "away";
        value = f->agent_away_since;
        break;
    case RULE_BACK:
        word = "back";
        value = told_away(f);
        break;
    case RULE_RATED:
        word = "rated";
        value = f->conv->rating;
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
        value = since;
        break;
    case RULE_CLOSING:
    case RULE_DUE:
        word = rule_event_name(r->event);
        value = since;
        break;
    default:
        break;
    }
    if (turn > 1)
        (void)snprintf(ret, size, "%s:%" PRId64 ".%" PRId64, word, value, turn);
    else
        (void)snprintf(ret, size, "%s:%" PRId64, word, value);
}

static void name_cause(const struct rule *r, const struct rule_facts *f, int64_t notice, char *ret, size_t size)
{
    switch (r->often) {
    case RULE_ONCE_CONVERSATION:
        *ret = '\0';
        break;
    case RULE_ONCE_VISITOR:
        (void)snprintf(ret, size, "visitor");
        break;
    case RULE_ONCE_DAY:
        (void)snprintf(ret, size, "day:%" PRId64, (int64_t)(f->wall_ms / DAY));
        break;
    case RULE_ONCE_CAUSE:
    default:
        name_event(r, f, notice, ret, size);
        break;
    }
}

static bool held(struct rule_firing *ret, const char *why, int64_t of)
{
    ret->verdict = RULE_HELD;
    ret->held = why;
    if (of)
        (void)snprintf(ret->cause, sizeof(ret->cause), "-%s:%" PRId64, why, of);
    else
        (void)snprintf(ret->cause, sizeof(ret->cause), "-%s", why);
    return true;
}

/* What the visitor asks, of the articles: this message, or the newest text that one of them answers. A choice is no question. */
static size_t look_up(const struct rule *r, const struct rule_facts *f, struct answer_hit *ret)
{
    size_t n = 0;

    if (f->choice)
        return 0;
    if (f->message)
        return visitor_wrote(f) ? answer_find(f->answers, f->message->text, f->language, r->threshold, ret, ANSWER_HITS) : 0;
    for (size_t i = 0; i < f->n_said && !n; i++)
        n = answer_find(f->answers, f->said[i], f->language, r->threshold, ret, ANSWER_HITS);
    return n;
}

static bool picks_any(const struct rule_when *w, const char *choice)
{
    for (size_t i = 0; choice && i < w->n_choices; i++)
        if (strcmp(w->choices[i], choice) == 0)
            return true;
    return false;
}

/* Every message of a visitor passes here: the text is taken apart once, and a keyword only where its first word is there. */
static bool may_hold(const struct rule_when *w, size_t i, const char *spaced)
{
    return !w->hints || !spaced || !w->hints[i][0] || strstr(spaced, w->hints[i]);
}

static bool words_hit(const struct rule_when *w, struct slice text, const char *spaced)
{
    for (size_t i = 0; i < w->n_keywords; i++)
        if (may_hold(w, i, spaced) && segment_holds(text, slice_of(w->keywords[i])))
            return true;
    return false;
}

bool rule_says(const struct rule_when *w, struct slice text)
{
    struct buf spaced;
    bool ret;

    if (!w->n_keywords)
        return false;
    buf_init(&spaced, SPACED_MAX);
    forbid_spaced(text, &spaced);
    ret = words_hit(w, text, buf_ok(&spaced) ? spaced.p : NULL);
    buf_finish(&spaced);
    return ret;
}

bool rule_outdone(const struct rule *rules, size_t n, const struct rule *r, const struct rule_facts *f)
{
    const struct rule *other = NULL;
    bool ret = false;

    for (size_t i = 0; i < n && r->unless.s[0] && !other; i++)
        if (key_eq(&rules[i].key, &r->unless) && !rules[i].off)
            other = &rules[i];
    if (other && f->message)
        return visitor_wrote(f) && (picks_any(&other->when, f->choice) || rule_says(&other->when, f->message->text));
    for (size_t i = 0; i < f->n_said && other && !ret; i++)
        ret = rule_says(&other->when, f->said[i]);
    return ret;
}

/* All rules, for those that look at another one. */
struct rule_all {
    const struct rule *rules;
    size_t n;
    int64_t notice; /* any_notice_at() */
};

/* True: it fires, or is held back where people ought to know. */
static bool match(const struct rule_all *all, const struct rule *r, const struct rule_facts *f, struct rule_firing *ret)
{
    int64_t notice = all->notice;
    bool wide = r->often == RULE_ONCE_VISITOR || r->often == RULE_ONCE_DAY;
    int64_t last;
    const char *which;

    if (!concerns(r, f->conv) || !happens(r, f, notice) || !rule_when_holds(&r->when, f, &which))
        return false;
    *ret = (struct rule_firing){ .rule = r, .verdict = RULE_FIRES };
    name_cause(r, f, notice, ret->cause, sizeof(ret->cause));
    if (fired_for(f, &r->key, ret->cause))
        return false;
    if (r->actions & RULE_ANSWER && !may_speak(r, f->conv))
        return false; /* who talks to a person has an answer: there is nothing to tell */
    if (r->actions & RULE_ANSWER && !(ret->n_hits = look_up(r, f, ret->hits)))
        return false;
    if (rule_outdone(all->rules, all->n, r, f))
        return false;
    last = r->cooldown_ms ? last_fired(f, &r->key, wide) : 0;
    if (f->automatic || rule_too_busy(f)) /* two machines would talk to each other for ever */
        (void)held(ret, "automatic", 0);
    else if (last && f->now_ms - last < r->cooldown_ms)
        (void)held(ret, "cooldown", last);
    else if (!may_speak(r, f->conv)) {
        if (r->event != RULE_MESSAGE)
            return false; /* of what is no word of the visitor there would be much to tell */
        (void)held(ret, "mid_talk", 0);
    } else
        return true;
    return !fired_for(f, &r->key, ret->cause);
}

/* The notice that it gave before is over. */
static bool runs_out(const struct rule *r, const struct rule_facts *f, struct rule_firing *ret)
{
    int64_t at = notice_at(r, f);

    if (!at || f->now_ms - at < r->notice_ms)
        return false;
    *ret = (struct rule_firing){ .rule = r, .verdict = RULE_CLOSES };
    (void)snprintf(ret->cause, sizeof(ret->cause), "close:%" PRId64, at);
    return !fired_for(f, &r->key, ret->cause);
}

bool rule_puts_off(const struct rule_firing *f)
{
    return f->verdict == RULE_FIRES && f->rule->actions & RULE_PARK;
}

static bool says(const struct rule *r, const char *wording)
{
    return r->wording && strcmp(r->wording, wording) == 0;
}

bool rule_form_answers(const struct rule *r)
{
    return r->actions & RULE_FORM || (r->event == RULE_OPENED && says(r, "greeting"));
}

bool rule_wording_said(const struct rule_firing *f, size_t n, const char *wording)
{
    for (size_t i = 0; i < n; i++)
        if (f[i].verdict == RULE_FIRES && says(f[i].rule, wording))
            return true;
    return false;
}

size_t rule_match(const struct rule *rules, size_t n, const struct rule_facts *facts, struct rule_firing *ret, size_t max)
{
    const struct rule_all all = { rules, n, any_notice_at(rules, n, facts) };
    int64_t notice = all.notice;
    bool put_off = facts->put_off;
    size_t count = 0;

    for (size_t i = 0; i < n; i++) {
        /* Who has just been told that a message is taken is not asked to wait in the same breath. */
        if (count < max && !(put_off && rules[i].event == RULE_WAITING) && match(&all, &rules[i], facts, &ret[count]))
            put_off |= rule_puts_off(&ret[count++]);
        if (count < max && notice && runs_out(&rules[i], facts, &ret[count]))
            count++;
    }
    return count;
}

static void sooner(int64_t due, int64_t now, int64_t *ret)
{
    if (due > now && (!*ret || due < *ret))
        *ret = due;
}

int64_t rule_next_due(const struct rule *rules, size_t n, const struct rule_facts *facts)
{
    int64_t ret = 0, notice = any_notice_at(rules, n, facts);

    for (size_t i = 0; i < n; i++) {
        const struct rule *r = &rules[i];
        int64_t since = lasting_since(r, facts, notice), turn = turns(r, since, facts->now_ms), at = notice_at(r, facts);

        if (at)
            sooner(at + r->notice_ms, facts->now_ms, &ret);
        if (!since || !concerns(r, facts->conv) || !may_speak(r, facts->conv))
            continue;
        if (!turn)
            sooner(since + r->after_ms, facts->now_ms, &ret);
        else if (r->every_ms && (!r->times || turn < r->times))
            sooner(since + r->after_ms + turn * r->every_ms, facts->now_ms, &ret);
    }
    return ret;
}

unsigned rule_needs(const struct rule *rules, size_t n)
{
    unsigned ret = 0;

    for (size_t i = 0; i < n; i++) {
        const struct rule *r = &rules[i];

        if (r->off)
            continue;
        if (r->often == RULE_ONCE_VISITOR || r->often == RULE_ONCE_DAY || r->when.first_contact != RULE_EITHER)
            ret |= RULE_NEED_FIRED;
        if (r->when.n_facts)
            ret |= RULE_NEED_PROFILE;
        if (r->event == RULE_WAITING || r->when.position_min || r->when.position_max)
            ret |= RULE_NEED_POSITION;
        if (r->event == RULE_NOBODY || r->event == RULE_OUTSIDE)
            ret |= RULE_NEED_LEAVING;
    }
    return ret;
}

int rule_counts_to(const struct rule *rules, size_t n)
{
    int ret = 0;

    for (size_t i = 0; i < n; i++) {
        const struct rule_when *w = &rules[i].when;

        if (rules[i].off)
            continue;
        if (w->messages_min > ret)
            ret = w->messages_min;
        if (w->messages_max >= ret && w->messages_max)
            ret = w->messages_max + 1;
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
    case RULE_REOPENED:
        return IN(CONV_BOT) | IN(CONV_WAITING) | IN(CONV_OFFERED) | IN(CONV_SERVED) | IN(CONV_PARKED);
    case RULE_MESSAGE:
        return EVERY;
    case RULE_WAITING:
        return IN(CONV_WAITING) | IN(CONV_OFFERED);
    case RULE_NOBODY:
        return IN(CONV_WAITING) | IN(CONV_PARKED);
    case RULE_OUTSIDE:
        return IN(CONV_WAITING) | IN(CONV_PARKED) | IN(CONV_SERVED);
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
    case RULE_TRANSFERRED:
        return IN(CONV_WAITING) | IN(CONV_OFFERED) | IN(CONV_SERVED);
    case RULE_ASSIGNED:
    case RULE_SILENT_AGENT:
        return IN(CONV_SERVED);
    case RULE_CLOSED:
        return IN(CONV_CLOSED);
    default:
        return 0;
    }
}

static bool waits_for_words(const struct rule *r)
{
    return r->event == RULE_MESSAGE && (r->when.n_keywords || r->when.n_choices);
}

unsigned rule_deaf_states(const struct rule *rules, size_t n, enum role role)
{
    unsigned heard = 0;

    for (size_t i = 0; i < n; i++) {
        unsigned in = 0;

        if (rules[i].off || waits_for_words(&rules[i]))
            continue;
        if (role == ROLE_VISITOR)
            in = hears_visitor(&rules[i]);
        else if (role == ROLE_SYSTEM)
            in = hears_system(&rules[i]);
        heard |= rules[i].mid_talk ? in : in & ~IN(CONV_SERVED);
    }
    return EVERY & ~heard;
}

bool rule_words_hit(const struct rule *rules, size_t n, struct slice text, bool choice)
{
    bool ret = false;
    struct buf spaced;

    buf_init(&spaced, SPACED_MAX);
    for (size_t i = 0; i < n && !ret; i++) {
        if (rules[i].off || !waits_for_words(&rules[i]))
            continue;
        if (rules[i].when.n_keywords && !spaced.n)
            forbid_spaced(text, &spaced);
        ret = (choice && rules[i].when.n_choices) || words_hit(&rules[i].when, text, buf_ok(&spaced) ? spaced.p : NULL);
    }
    buf_finish(&spaced);
    return ret;
}

int64_t rule_quiet_ms(const struct rule *rules, size_t n, enum role role)
{
    int64_t ret = 0;

    for (size_t i = 0; i < n; i++) {
        bool asks =
            (role == ROLE_VISITOR && rules[i].event == RULE_SILENT_AGENT) || (role == ROLE_AGENT && rules[i].event == RULE_SILENT_VISITOR);

        if (asks && !rules[i].off && (!ret || rules[i].after_ms < ret))
            ret = rules[i].after_ms ? rules[i].after_ms : 1;
    }
    return ret;
}
