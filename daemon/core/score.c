#include "core/score.h"

static const char *const types[] = { "yesno", "steps3", "steps5", "add", "deduct", "fatal" };

const char *score_type_name(enum score_type t)
{
    return (unsigned)t < sizeof(types) / sizeof(types[0]) ? types[t] : "?";
}

const char *score_scope_name(enum score_scope s)
{
    return s == SCORE_SECTION ? "section" : "all";
}

const struct score_item *score_item(const struct scorecard *card, size_t i, const struct score_section **section)
{
    for (size_t s = 0; s < card->n_sections; i -= card->sections[s++].n_items)
        if (i < card->sections[s].n_items) {
            if (section)
                *section = &card->sections[s];
            return &card->sections[s].items[i];
        }
    return NULL;
}

int score_item_number(const struct scorecard *card, struct slice key)
{
    const struct score_item *it;

    for (size_t i = 0; (it = score_item(card, i, NULL)); i++)
        if (slice_is(key, it->key.s))
            return (int)i;
    return -1;
}

int score_most(const struct score_item *item)
{
    switch (item->type) {
    case SCORE_STEPS3:
        return 2;
    case SCORE_STEPS5:
        return 4;
    case SCORE_ADD:
    case SCORE_DEDUCT:
        return item->points;
    case SCORE_YESNO:
    case SCORE_FATAL:
    default:
        return 1;
    }
}

/* The items whose points are shared out by the section's weight. */
static bool is_shared(const struct score_item *it)
{
    return it->type == SCORE_YESNO || it->type == SCORE_STEPS3 || it->type == SCORE_STEPS5;
}

static struct score_line line_of(const struct score_item *it, const struct score_answer *a)
{
    struct score_line ret = { 0 };

    if (a->na)
        return ret;
    if (is_shared(it)) {
        ret.max = 100 * it->points;
        ret.earned = ret.max * a->value / score_most(it);
        ret.failed = a->given && ret.earned < ret.max;
    } else if (it->type == SCORE_ADD)
        ret.earned = 100 * a->value;
    else {
        ret.earned = it->type == SCORE_DEDUCT ? -100 * a->value : 0;
        ret.failed = a->value > 0;
    }
    return ret;
}

struct score_answer score_answer_of(const struct score_item *it, const struct score_line *line)
{
    struct score_answer ret = { .given = true };

    if (is_shared(it)) {
        ret.na = line->max == 0;
        ret.value = ret.na ? 0 : (line->earned * score_most(it) + line->max / 2) / line->max;
    } else
        ret.value = it->type == SCORE_FATAL ? line->failed : (line->earned < 0 ? -line->earned : line->earned) / 100;
    ret.given = is_shared(it) ? !ret.na : ret.value > 0;
    return ret;
}

/* One way of adding up: with what fatal items do, or without. */
struct adding {
    double earned, max; /* both times their weights */
    bool weighs;        /* there is an item that has weight, whether it applies or not */
    int extra;          /* hundredths on top, or off */
};

static int total_of(const struct adding *a)
{
    double part = a->max > 0 ? a->earned / a->max : 1; /* where nothing applies, nothing is wrong */
    double ret = SCORE_FULL * part + a->extra;

    return ret <= 0 ? 0 : ret >= SCORE_FULL ? SCORE_FULL : (int)(ret + 0.5 + 1e-9);
}

/* Adds a section's items; returns whether one of its fatal items is hit, and *all whether one that is fatal to the whole is. */
static bool section_hit(const struct score_section *s, const struct score_answer *answers, bool *all)
{
    bool ret = false;

    for (size_t i = 0; i < s->n_items; i++)
        if (s->items[i].type == SCORE_FATAL && !answers[i].na && answers[i].value > 0) {
            ret = true;
            *all |= s->items[i].scope == SCORE_ALL;
        }
    return ret;
}

static void add_section(const struct score_section *s, const struct score_answer *answers, const struct score_line *lines, bool hit,
                        struct adding *with, struct adding *without)
{
    double earned = 0, max = 0, points = 0, w;

    for (size_t i = 0; i < s->n_items; i++) {
        if (!is_shared(&s->items[i])) {
            with->extra += lines[i].earned;
            without->extra += lines[i].earned;
            continue;
        }
        points += 100 * s->items[i].points;
        earned += answers[i].na ? 0 : lines[i].earned;
        max += lines[i].max;
    }
    if (points <= 0)
        return;
    with->weighs = true;
    w = s->weight / points;
    with->earned += hit ? 0 : w * earned;
    without->earned += w * earned;
    with->max += w * max;
    without->max += w * max;
}

void score_evaluate(const struct scorecard *card, const struct score_answer *answers, struct score_line *lines, struct score_sum *ret)
{
    struct score_line own[SCORE_ITEMS_MAX];
    struct adding with = { 0 }, without = { 0 };
    bool all = false;
    size_t at = 0;

    *ret = (struct score_sum){ 0 };
    for (size_t s = 0; s < card->n_sections; s++) {
        const struct score_section *sec = &card->sections[s];
        bool hit = section_hit(sec, &answers[at], &all);

        for (size_t i = 0; i < sec->n_items; i++) {
            own[at + i] = line_of(&sec->items[i], &answers[at + i]);
            ret->missing += is_shared(&sec->items[i]) && !answers[at + i].given && !answers[at + i].na;
        }
        add_section(sec, &answers[at], &own[at], hit, &with, &without);
        ret->fatal |= hit;
        at += sec->n_items;
    }
    for (size_t i = 0; lines && i < at; i++)
        lines[i] = own[i];
    ret->plain = total_of(&without);
    ret->score = all ? 0 : total_of(&with);
    ret->empty = with.weighs && with.max <= 0 && !all;
    ret->passed = ret->score >= 100 * card->pass;
}
