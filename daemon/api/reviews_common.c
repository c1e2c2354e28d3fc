/* reviews_common.c: reviews as JSON, and which of them are asked for. */
#include "api/reviews.h"

#include "core/utf8.h"

#include <stdio.h>
#include <stdlib.h>

#define DAY_MS 86400000LL

json_t *review_person(struct turn *t, const struct kf_key *site, const struct kf_id *id)
{
    const struct member *m = desk_member(turn_desk(t), site, id);
    char text[KF_ID_TEXT];
    json_t *ret = json_pack("{s:s,s:s}", "id", id_text(id, text), "name", m ? m->name : "");

    if (m && m->number && *m->number)
        (void)json_object_set_new(ret, "number", json_string(m->number));
    return ret;
}

static void set_time(json_t *o, const char *name, int64_t at)
{
    if (at)
        (void)json_object_set_new(o, name, json_integer(at));
}

/* Drafts have no score yet. */
static void set_scores(json_t *o, const struct review *r)
{
    if (!r->version)
        return;
    (void)json_object_set_new(o, "score", json_integer(r->score));
    (void)json_object_set_new(o, "plain", json_integer(r->plain));
    (void)json_object_set_new(o, "fatal", json_boolean(r->fatal));
    (void)json_object_set_new(o, "passed", json_boolean(r->passed));
    if (r->decided_at) {
        (void)json_object_set_new(o, "first_score", json_integer(r->first_score));
        (void)json_object_set_new(o, "first_fatal", json_boolean(r->first_fatal));
        (void)json_object_set_new(o, "outcome", json_string(appeal_outcome_name(r->outcome)));
    }
}

json_t *review_json(struct turn *t, const struct review *r)
{
    char id[KF_ID_TEXT], sample[KF_ID_TEXT], conv[KF_ID_TEXT];
    json_t *ret = json_pack(
        "{s:s,s:{s:s,s:s,s:s},s:s,s:s,s:s,s:I,s:o,s:o,s:{s:s,s:I},s:s,s:I,s:I,s:I,s:b}", "id", id_text(&r->id, id), "sample", "id",
        id_text(&r->sample, sample), "name", r->sample_name, "kind", sample_kind_name(r->kind), "conversation", id_text(&r->conv, conv),
        "channel", r->channel.s, "queue", r->queue.s, "closed_at", (json_int_t)r->closed_at, "agent", review_person(t, &r->site, &r->agent),
        "reviewer", review_person(t, &r->site, &r->reviewer), "scorecard", "key", r->card.s, "version", (json_int_t)r->card_version,
        "state", review_state_name(r->state), "revision", (json_int_t)r->revision, "version", (json_int_t)r->version, "assigned_at",
        (json_int_t)r->assigned_at, "stands", (int)review_stands(r, turn_ports(t)->now_ms(turn_ports(t)->ctx)));

    set_scores(ret, r);
    set_time(ret, "submitted_at", r->submitted_at);
    set_time(ret, "appeal_until", r->appeal_until);
    set_time(ret, "acknowledged_at", r->acknowledged_at);
    set_time(ret, "appealed_at", r->appealed_at);
    set_time(ret, "decided_at", r->decided_at);
    if (!id_is_zero(&r->decider))
        (void)json_object_set_new(ret, "decider", review_person(t, &r->site, &r->decider));
    return ret;
}

json_t *review_contents_json(const char *text)
{
    json_t *ret = *text ? json_loads(text, 0, NULL) : NULL;

    return ret ? ret : json_object();
}

json_t *review_numbers_json(const struct scorecard *card, const struct score_answer *answers)
{
    json_t *all = json_object();

    for (size_t i = 0; i < card->n_items; i++)
        if (answers[i].na)
            (void)json_object_set_new(all, score_item(card, i, NULL)->key.s, json_pack("{s:b}", "na", 1));
        else if (answers[i].given)
            (void)json_object_set_new(all, score_item(card, i, NULL)->key.s, json_pack("{s:i}", "value", answers[i].value));
    return json_pack("{s:o}", "answers", all);
}

bool review_is_text(const json_t *v)
{
    const char *text = json_string_value(v);

    return text && *text && utf8_length(slice_of(text)) <= REVIEW_TEXT_CP;
}

/* ---- which of them ------------------------------------------------------------------------------------------------------------------ */

const char *review_week(const struct hours *clock, int64_t at, char ret[WEEK_TEXT])
{
    int64_t wall = hours_wall(clock, at), day = wall / DAY_MS, thursday = day - hours_weekday(wall) + 3;
    int year = 1970 + (int)(thursday / 366);

    while (hours_date(year + 1, 1, 1) <= thursday * DAY_MS)
        year++;
    (void)snprintf(ret, WEEK_TEXT, "%d-W%02d", year % 10000, (int)((thursday - hours_date(year, 1, 1) / DAY_MS) / 7 % 100) + 1);
    return ret;
}

static bool number(struct turn *t, const char *name, int64_t *ret)
{
    struct slice s = turn_query(t, name);
    char text[24], *end;

    if (!s.n)
        return true;
    if (s.n < sizeof(text)) {
        memcpy(text, s.p, s.n);
        text[s.n] = 0;
        *ret = strtoll(text, &end, 10);
        if (!*end && *ret >= 0)
            return true;
    }
    turn_problem(t, 400, "%s: milliseconds since 1970 UTC", name);
    return false;
}

static bool id_of(struct turn *t, const char *name, struct kf_id *ret)
{
    struct slice s = turn_query(t, name);

    if (!s.n || id_parse(s, ret))
        return true;
    turn_problem(t, 400, "%s: the id of a person", name);
    return false;
}

static bool key_of(struct turn *t, const char *name, struct kf_key *ret)
{
    struct slice s = turn_query(t, name);

    if (!s.n || key_parse(s, ret))
        return true;
    turn_problem(t, 400, "%s: a key of 1 to 32 of a-z 0-9 _ -", name);
    return false;
}

static bool is_week(struct slice s)
{
    static const char form[] = "0000-W00";

    if (s.n != sizeof(form) - 1)
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (form[i] == '0' ? s.p[i] < '0' || s.p[i] > '9' : s.p[i] != form[i])
            return false;
    return memcmp(s.p + 6, "01", 2) >= 0 && memcmp(s.p + 6, "53", 2) <= 0;
}

bool review_filter_read(struct turn *t, const struct site *site, const struct member *m, struct review_filter *ret)
{
    struct slice kind = turn_query(t, "kind");

    *ret = (struct review_filter){ .reader = m, .to = INT64_MAX, .week = turn_query(t, "week"), .clock = &site->hours };
    if (!number(t, "from", &ret->from) || !number(t, "to", &ret->to) || !id_of(t, "agent", &ret->agent) ||
        !id_of(t, "reviewer", &ret->reviewer) || !key_of(t, "queue", &ret->queue) || !key_of(t, "item", &ret->item))
        return false;
    ret->any_kind = slice_is(kind, "any");
    if (kind.n && !ret->any_kind && !sample_kind_parse(kind, &ret->kind)) {
        turn_problem(t, 400, "kind: random, risk, calibration or any");
        return false;
    }
    if (ret->week.n && !is_week(ret->week)) {
        turn_problem(t, 400, "week: an ISO week, as 2026-W47");
        return false;
    }
    return turn_query_flag(t, "fatal", &ret->fatal) && turn_query_flag(t, "passed", &ret->passed) &&
           turn_query_flag(t, "appealed", &ret->appealed) && turn_query_flag(t, "decided", &ret->decided) &&
           turn_query_flag(t, "overturned", &ret->overturned) && turn_query_flag(t, "rated", &ret->rated);
}

bool review_fits(const struct review_filter *f, const struct review *r)
{
    char week[WEEK_TEXT];

    if (r->submitted_at < f->from || r->submitted_at >= f->to || (!f->any_kind && r->kind != f->kind) ||
        (!id_is_zero(&f->agent) && !id_eq(&f->agent, &r->agent)) || (!id_is_zero(&f->reviewer) && !id_eq(&f->reviewer, &r->reviewer)) ||
        (*f->queue.s && !key_eq(&f->queue, &r->queue)) || (f->fatal && !r->fatal) || (f->passed && !r->passed) ||
        (f->appealed && !r->appealed_at) || (f->decided && !r->decided_at) ||
        (f->overturned && r->outcome != APPEAL_ACCEPTED && r->outcome != APPEAL_PARTLY))
        return false;
    if (f->week.n && !slice_is(f->week, review_week(f->clock, r->submitted_at, week)))
        return false;
    /* Exercises of several are shown one by one, where it is known whether they are over. */
    return !f->reader || permit_review(f->reader, REVIEW_READ, r, r->kind == SAMPLE_CALIBRATION);
}

bool review_item_fits(const struct review_filter *f, const struct stored_quality *q, const struct review *r)
{
    if (!*f->item.s)
        return true;
    for (size_t i = 0; i < q->n_lines; i++)
        if (q->lines[i].review == r->n && (f->rated || q->lines[i].failed) && key_eq(&q->lines[i].item, &f->item))
            return true;
    return false;
}
