/* The conditions of a rule. */
#include "core/rule.h"

#define MINUTE 60000LL
#define DAY    (1440 * MINUTE)

static bool among(const struct rule_words *words, const char *word)
{
    for (size_t i = 0; i < words->n; i++)
        if (strcmp(words->at[i].s, word) == 0)
            return true;
    return false;
}

static bool one_of(const struct rule_words *words, const char *word)
{
    return words->n == 0 || among(words, word);
}

static bool speaks(const struct rule_when *w, const struct rule_facts *f)
{
    static const char *const languages[] = { "zh-CN", "zh-TW", "en" };

    for (unsigned i = 0; i < 3; i++)
        if (w->languages >> i & 1 && f->language && strcmp(f->language, languages[i]) == 0)
            return true;
    return w->languages == 0;
}

/* A span over midnight belongs to the day on which it begins, as business hours do. */
static bool on_the_clock(const struct rule_when *w, int64_t wall)
{
    for (int back = 0; back <= 1; back++) {
        int64_t day = wall - ((wall % DAY) + DAY) % DAY - back * DAY;

        if (w->days && !(w->days >> hours_weekday(day) & 1))
            continue;
        if (!w->n_clock && !back)
            return true;
        for (size_t i = 0; i < w->n_clock; i++)
            if (wall >= day + w->clock[i].from * MINUTE && wall < day + w->clock[i].to * MINUTE)
                return true;
    }
    return !w->n_clock && !w->days;
}

static bool within(int64_t value, int64_t min, int64_t max)
{
    return (!min || value >= min) && (!max || value <= max);
}

static bool says(const struct rule_when *w, const struct rule_facts *f)
{
    if (!w->n_keywords)
        return true;
    if (!f->message || f->message->from.role != ROLE_VISITOR)
        return false;
    return rule_says(w, f->message->text);
}

static bool picks(const struct rule_when *w, const struct rule_facts *f)
{
    for (size_t i = 0; i < w->n_choices; i++)
        if (f->choice && strcmp(f->choice, w->choices[i]) == 0)
            return true;
    return w->n_choices == 0;
}

static bool is_so(const struct rule_fact *want, const struct rule_facts *f)
{
    for (size_t i = 0; i < f->n_profile; i++)
        if (strcmp(f->profile[i].name, want->name) == 0)
            return strcmp(want->value, "*") == 0 || strcmp(f->profile[i].value, want->value) == 0;
    return false;
}

static bool are_so(const struct rule_when *w, const struct rule_facts *f)
{
    for (size_t i = 0; i < w->n_facts; i++)
        if (!is_so(&w->facts[i], f))
            return false;
    return true;
}

static bool answers(enum rule_answer want, bool is)
{
    return want == RULE_EITHER || (want == RULE_YES) == is;
}

bool rule_when_holds(const struct rule_when *w, const struct rule_facts *f, const char **which)
{
    const struct conv *c = f->conv;
    const struct {
        const char *name;
        bool holds;
    } all[] = {
        { "queues", one_of(&w->queues, c->queue.s) },
        { "channels", one_of(&w->channels, c->channel.s) },
        { "adapters", one_of(&w->adapters, f->adapter ? f->adapter : "") },
        { "not_adapters", !among(&w->not_adapters, f->adapter ? f->adapter : "") },
        { "languages", speaks(w, f) },
        { "clock", on_the_clock(w, f->wall_ms) },
        { "position", (!w->position_min && !w->position_max) || (f->position && within(f->position, w->position_min, w->position_max)) },
        { "wait_ms", within(f->now_ms - c->arrived_at, w->wait_min_ms, w->wait_max_ms) },
        { "messages", within(f->messages, w->messages_min, w->messages_max) },
        { "rating", (!w->rating_min && !w->rating_max) || (c->rating && within(c->rating, w->rating_min, w->rating_max)) },
        { "choices", picks(w, f) },
        { "facts", are_so(w, f) },
        { "first_contact", answers(w->first_contact, f->first_contact) },
        { "replied", answers(w->replied, c->staff_at != 0) },
        { "staffed", answers(w->staffed, f->staffed) },
        { "open", answers(w->open, f->open_hours) },
    };

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        if (!all[i].holds) {
            *which = all[i].name;
            return false;
        }
    *which = "keywords"; /* last: they cost most */
    return says(w, f);
}
