/* Promised answers: given by the time that was said? */
#include "core/check_inner.h"
#include "core/promise.h"

/* What is said so soon after it still belongs to the promise; of a short one no more than a quarter. */
static int64_t begins_after(const struct check *c, int64_t at, int64_t until)
{
    int64_t quarter = (until - at) / 4;

    return at + (c->after_ms < quarter ? c->after_ms : quarter);
}

static bool was_kept(const struct check_sight *s, size_t promised, int64_t until)
{
    const struct check_facts *f = s->facts;
    int64_t from = begins_after(s->check, f->messages[promised].at, until);

    for (size_t i = promised + 1; i < f->n; i++)
        if (check_by_person(&f->messages[i]) && f->messages[i].at > from && f->messages[i].at <= until)
            return true;
    for (size_t i = 0; i < f->n_later; i++)
        if (f->later[i] > from && f->later[i] <= until)
            return true;
    return false;
}

/* When it came after all, for the words of the hit: how late. 0: it never did. */
static int64_t late_by(const struct check_sight *s, size_t promised, int64_t until)
{
    const struct check_facts *f = s->facts;

    for (size_t i = promised + 1; i < f->n; i++)
        if (check_by_person(&f->messages[i]) && f->messages[i].at > until)
            return f->messages[i].at - until;
    for (size_t i = 0; i < f->n_later; i++)
        if (f->later[i] > until)
            return f->later[i] - until;
    return 0;
}

bool check_promises(struct check_sight *s)
{
    const struct check_facts *f = s->facts;

    for (size_t i = 0; i < f->n; i++) {
        const struct message *m = &f->messages[i];
        const char *word = check_by_person(m) ? check_holds(s, i, &s->check->words) : NULL;
        int64_t until;

        if (!word || check_holds(s, i, &s->check->except) || !promise_until(m->text, m->at, f->hours, s->check->working, &until) ||
            was_kept(s, i, until))
            continue;
        if (until > f->now_ms) {
            if (!s->found->again || until < s->found->again)
                s->found->again = until;
        } else if (!check_hit(s, (struct check_hit){ .seq = m->seq, .agent = m->from.id, .ms = late_by(s, i, until), .word = word }))
            return false;
    }
    return true;
}
