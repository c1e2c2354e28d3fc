#include "core/permit.h"

static bool has(const struct member *who, unsigned roles)
{
    return (who->roles & roles) != 0;
}

static bool listed(const struct member *who, const struct kf_key *queue)
{
    for (size_t i = 0; i < who->n_queues; i++)
        if (key_eq(&who->queues[i], queue))
            return true;
    return false;
}

/* Supervisors and reviewers of no queue in particular look after all of them. */
static bool oversees(const struct member *who, unsigned role, const struct conv *c)
{
    return has(who, role) && (who->n_queues == 0 || listed(who, &c->queue));
}

static bool serves(const struct member *who, const struct conv *c)
{
    return c->state == CONV_SERVED && id_eq(&c->owner, &who->person);
}

/* What an agent has on the desk: served by or offered to, or served by until it was closed. */
static bool is_own(const struct member *who, const struct conv *c)
{
    if (c->state == CONV_CLOSED)
        return id_eq(&c->last_agent, &who->person);
    return (c->state == CONV_SERVED || c->state == CONV_OFFERED) && (id_eq(&c->owner, &who->person) || id_eq(&c->helper, &who->person));
}

static bool helps(const struct member *who, const struct conv *c)
{
    return c->state == CONV_SERVED && id_eq(&c->helper, &who->person);
}

/* It may still be given back. */
static bool was_handed(const struct member *who, const struct conv *c)
{
    return serves(who, c) && !id_is_zero(&c->back);
}

static bool may_pick(const struct member *who, const struct conv *c)
{
    return (c->state == CONV_WAITING || c->state == CONV_PARKED) && (who->n_queues == 0 || listed(who, &c->queue));
}

static bool on_conversation(const struct member *who, enum verb verb, const struct conv *c)
{
    bool agent = has(who, MEMBER_AGENT), supervisor = oversees(who, MEMBER_SUPERVISOR, c), reviewer = oversees(who, MEMBER_REVIEWER, c);

    switch (verb) {
    case VERB_READ:
    case VERB_NOTE:
        return supervisor || (agent && (is_own(who, c) || may_pick(who, c)));
    case VERB_TIMELINE:
        return supervisor || reviewer || (agent && (is_own(who, c) || may_pick(who, c)));
    case VERB_SAY: /* whoever steps in takes the conversation first: it has one voice at a time */
        return (agent || supervisor) && (serves(who, c) || helps(who, c));
    case VERB_WATCH:
        return supervisor;
    case VERB_ACCEPT:
        if (!conv_is_open(c))
            return false;
        return supervisor ||
               (agent && (may_pick(who, c) || (c->state == CONV_OFFERED && id_eq(&c->owner, &who->person)) || was_handed(who, c)));
    case VERB_TRANSFER:
    case VERB_CLOSE:
        return conv_is_open(c) && (supervisor || (agent && serves(who, c)));
    case VERB_TRANSCRIPT:
        return supervisor || reviewer || (agent && is_own(who, c));
    case VERB_JUDGE:
        return (supervisor || reviewer) && !id_eq(&c->last_agent, &who->person);
    case VERB_EXPORT:
    case VERB_REVEAL:
        return supervisor;
    default:
        return false;
    }
}

static bool on_site(const struct member *who, enum verb verb)
{
    switch (verb) {
    case VERB_SAMPLE:
    case VERB_QUALITY:
    case VERB_TRANSCRIPT: /* without a conversation: to search at all; agents find their own, by their id */
        return has(who, MEMBER_SUPERVISOR | MEMBER_REVIEWER);
    case VERB_EXPORT:
    case VERB_CHECKS:
    case VERB_PRESENCE_OTHER:
        return has(who, MEMBER_SUPERVISOR);
    case VERB_SETTINGS_READ:
    case VERB_STATUS:
    case VERB_HOLD:
        return has(who, MEMBER_SUPERVISOR | MEMBER_ADMIN);
    case VERB_SETTINGS_WRITE:
    case VERB_PEOPLE:
    case VERB_AUDIT:
    case VERB_ERASE:
        return has(who, MEMBER_ADMIN);
    default:
        return false;
    }
}

static bool is_about_site(enum verb verb)
{
    return verb == VERB_PRESENCE_OTHER || verb == VERB_SETTINGS_READ || verb == VERB_SETTINGS_WRITE || verb == VERB_PEOPLE ||
           verb == VERB_AUDIT || verb == VERB_STATUS || verb == VERB_SAMPLE || verb == VERB_QUALITY || verb == VERB_CHECKS ||
           verb == VERB_ERASE || verb == VERB_HOLD;
}

static const char *const names[] = {
    [VERB_READ] = "read",
    [VERB_TIMELINE] = "timeline",
    [VERB_SAY] = "say",
    [VERB_NOTE] = "note",
    [VERB_ACCEPT] = "accept",
    [VERB_TRANSFER] = "transfer",
    [VERB_CLOSE] = "close",
    [VERB_TRANSCRIPT] = "transcript",
    [VERB_EXPORT] = "export",
    [VERB_PRESENCE_OTHER] = "presence",
    [VERB_SETTINGS_READ] = "settings_read",
    [VERB_SETTINGS_WRITE] = "settings_write",
    [VERB_PEOPLE] = "people",
    [VERB_AUDIT] = "audit",
    [VERB_STATUS] = "status",
    [VERB_REVEAL] = "reveal",
    [VERB_SAMPLE] = "sample",
    [VERB_QUALITY] = "quality",
    [VERB_CHECKS] = "checks",
    [VERB_JUDGE] = "judge",
    [VERB_ERASE] = "erase",
    [VERB_HOLD] = "hold",
};
#define N_NAMES (sizeof(names) / sizeof(names[0]))

const char *verb_name(enum verb verb)
{
    return (size_t)verb < N_NAMES ? names[verb] : NULL;
}

bool verb_parse(struct slice s, enum verb *ret)
{
    for (size_t i = 0; i < N_NAMES; i++)
        if (names[i] && slice_is(s, names[i])) {
            *ret = (enum verb)i;
            return true;
        }
    return false;
}

static bool for_keys(enum verb verb)
{
    return verb != VERB_SAMPLE && verb != VERB_CHECKS && verb != VERB_JUDGE && verb != VERB_SAY && verb != VERB_NOTE &&
           verb != VERB_ACCEPT && verb != VERB_TRANSFER && verb != VERB_CLOSE;
}

uint32_t key_verbs(struct slice words)
{
    uint32_t ret = 0;
    enum verb verb;

    for (size_t i = 0, n; i < words.n; i += n + 1) {
        for (n = 0; i + n < words.n && words.p[i + n] != ' ';)
            n++;
        if (!verb_parse((struct slice){ words.p + i, n }, &verb) || !for_keys(verb))
            return 0;
        ret |= 1U << verb;
    }
    return ret;
}

bool permit(const struct member *who, enum verb verb, const struct kf_key *site, const struct conv *conv)
{
    if (!who || who->disabled || !key_eq(&who->site, site))
        return false;
    if (conv && !key_eq(&conv->site, site))
        return false;
    if (who->verbs)
        return (who->verbs >> verb & 1) && for_keys(verb);
    return conv && !is_about_site(verb) ? on_conversation(who, verb, conv) : on_site(who, verb);
}

bool permit_review(const struct member *who, enum review_verb verb, const struct review *r, bool blind)
{
    struct conv of = { .queue = r->queue };
    bool agent, reviewer, supervisor, mine, told;

    if (!who || who->disabled || !key_eq(&who->site, &r->site))
        return false;
    if (who->verbs) /* a program counts, and takes part in nothing */
        return verb == REVIEW_READ && (who->verbs >> VERB_QUALITY & 1) && review_is_in(r) && !blind;
    agent = id_eq(&r->agent, &who->person);
    mine = id_eq(&r->reviewer, &who->person) && has(who, MEMBER_REVIEWER | MEMBER_SUPERVISOR);
    reviewer = oversees(who, MEMBER_REVIEWER, &of);
    supervisor = oversees(who, MEMBER_SUPERVISOR, &of);
    told = review_is_in(r) && !blind;
    if (agent) /* whatever else the person is: nobody judges himself */
        return review_is_told(r) && verb != REVIEW_SCORE && verb != REVIEW_JUDGE;
    switch (verb) {
    case REVIEW_READ:
    case REVIEW_COMMENT:
        return mine || ((reviewer || supervisor) && told);
    case REVIEW_SCORE:
        return mine;
    case REVIEW_JUDGE:
        return supervisor && !mine && review_is_told(r);
    case REVIEW_ANSWER:
    default:
        return false;
    }
}

static bool is_person_of(const struct member *who, const struct kf_key *site)
{
    return who && !who->disabled && !who->verbs && key_eq(&who->site, site);
}

bool permit_coaching(const struct member *who, enum coaching_verb verb, const struct kf_key *site, const struct kf_id *agent)
{
    bool own;

    if (!is_person_of(who, site))
        return false;
    own = id_eq(agent, &who->person);
    switch (verb) {
    case COACHING_READ:
        return own || has(who, MEMBER_SUPERVISOR);
    case COACHING_MANAGE:
        return !own && has(who, MEMBER_SUPERVISOR);
    case COACHING_ANSWER:
    default:
        return own;
    }
}

bool permit_coached(const struct member *who, const struct member *agent, const struct kf_key *queue)
{
    if (who->n_queues == 0)
        return true;
    if (*queue->s)
        return listed(who, queue);
    for (size_t i = 0; agent && i < agent->n_queues; i++)
        if (listed(who, &agent->queues[i]))
            return true;
    return agent && agent->n_queues == 0;
}

bool permit_drawn(const struct member *who, const struct kf_id *drawn_by, const struct kf_key *queue)
{
    return who->n_queues == 0 || listed(who, queue) || (!id_is_zero(drawn_by) && id_eq(drawn_by, &who->person));
}

bool permit_holds_all(const struct member *who)
{
    return who->verbs || who->n_queues == 0 || has(who, MEMBER_ADMIN);
}

bool permit_close(const struct member *who, const struct kf_key *site, const struct kf_id *drawn_by)
{
    return is_person_of(who, site) &&
           (has(who, MEMBER_SUPERVISOR) || (has(who, MEMBER_REVIEWER) && !id_is_zero(drawn_by) && id_eq(drawn_by, &who->person)));
}

bool permit_handover(const struct member *who, const struct kf_key *site, const struct kf_key *queue, const struct kf_id *agent)
{
    const struct conv of = { .queue = *queue };

    return is_person_of(who, site) && oversees(who, MEMBER_SUPERVISOR, &of) && !id_eq(agent, &who->person);
}

bool permit_example(const struct member *who, bool write, const struct kf_key *site)
{
    unsigned writers = MEMBER_REVIEWER | MEMBER_SUPERVISOR;

    return is_person_of(who, site) && has(who, write ? writers : writers | MEMBER_AGENT);
}
