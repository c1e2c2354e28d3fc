/* rules_act.c: what a rule does when it fires: it speaks, and moves the conversation at most once in a look. */
#include "desk/ruling.h"
#include "desk/speak.h"
#include "protocols/channel.h"
#include "protocols/stamp.h"

#include <stdio.h>

#define DAY_S 86400

/* ---- words ---- */

void desk_opening(const struct site_queue *q, int64_t now_ms, char *ret, size_t n)
{
    int64_t at = q ? hours_next_opening(&q->hours, now_ms) : INT64_MAX;
    int64_t local, minutes;
    char day[STAMP_TEXT];

    *ret = '\0';
    if (at == INT64_MAX || !q->hours.offset)
        return;
    local = hours_wall(&q->hours, at) / 1000;
    minutes = local / 60 % (24 * 60);
    if (local / DAY_S == hours_wall(&q->hours, now_ms) / 1000 / DAY_S)
        (void)snprintf(ret, n, "%02d:%02d", (int)(minutes / 60), (int)(minutes % 60));
    else
        (void)snprintf(ret, n, "%.10s %02d:%02d", stamp_text(local * 1000, day), (int)(minutes / 60), (int)(minutes % 60));
}

static const char *language(const struct acting *a)
{
    return wording_language(a->l->conv.locale ? a->l->conv.locale : "", a->ds->site->language);
}

static const char *label_of(const struct acting *a, const struct rule_choice *choice)
{
    const struct site *s = a->ds->site;
    const struct wording *w = choice->wording ? wording_find(s->wordings, s->n_wordings, choice->wording, language(a), s->language) : NULL;

    return w ? w->text : choice->label ? choice->label : choice->id;
}

static void offer_choices(const struct acting *a, const struct rule *r, struct message *m)
{
    struct offered list[16];
    size_t n = 0;

    for (; n < r->n_choices && n < sizeof(list) / sizeof(list[0]); n++)
        list[n] = (struct offered){ r->choices[n].id, label_of(a, &r->choices[n]) };
    offer(a, list, n, m);
}

static struct act *speak_filled(const struct acting *a, const char *wording, const char *event)
{
    const struct looking *l = a->l;
    const struct site_queue *q = site_queue(a->ds->site, &l->conv.queue);
    const struct member *owner = id_is_zero(&l->conv.owner) ? NULL : member_of(a->ds, &l->conv.owner);
    const char *reason = q ? hours_reason(&q->hours, a->c->at) : NULL;
    char position[24] = "", opening[24];
    struct wording_value values[6];

    if (l->position > 0)
        (void)snprintf(position, sizeof(position), "%lld", (long long)l->position);
    desk_opening(q, a->c->at, opening, sizeof(opening));
    values[0] = (struct wording_value){ "name", owner ? owner->name : "" };
    values[1] = (struct wording_value){ "number", owner ? owner->number : "" };
    values[2] = (struct wording_value){ "position", position };
    values[3] = (struct wording_value){ "opening", opening };
    values[4] = (struct wording_value){ "reason", reason ? reason : "" };
    values[5] = (struct wording_value){ "queue", q ? q->name : "" };
    return speak(a->ds->site, a->c, &l->conv, wording, event, values, 6);
}

static void say(const struct acting *a, const struct rule *r)
{
    bool needless = a->l->form && rule_form_answers(r);
    struct act *act = needless ? NULL : speak_filled(a, r->wording, NULL);

    if (!act)
        return;
    if (r->actions & RULE_CHOICES)
        offer_choices(a, r, &act->u.message);
    else if (r->actions & RULE_FORM)
        act->u.message.extra = "{\"form\":\"contact\"}";
}

/* ---- the timeline ---- */

static void entry(const struct acting *a, const char *kind, const char *data)
{
    change_act(a->c, ACT_ENTRY)->u.entry = (struct entry){ .at = a->c->at, .kind = kind, .by = a->c->by, .data = data };
}

static void write_down(const struct acting *a, const struct rule_firing *f)
{
    const char *held = f->verdict == RULE_HELD ? change_printf(a->c, ",\"held\":\"%s\"", f->held) : "", *articles = "";

    for (size_t i = 0; i < f->n_hits; i++)
        articles = change_printf(a->c, "%s%s{\"article\":\"%s\",\"score\":%d}", articles, i ? "," : ",\"articles\":[",
                                 f->hits[i].article->key.s, f->hits[i].score);
    entry(a, "rule",
          change_printf(a->c, "{\"rule\":\"%s\",\"event\":\"%s\",\"cause\":\"%s\"%s%s%s}", f->rule->key.s, rule_event_name(f->rule->event),
                        f->cause, held, articles, f->n_hits ? "]" : ""));
}

/* ---- acts ---- */

/* Only the page can rate, and only whoever has served. */
static void invite(struct acting *a)
{
    if (a->l->conv.invited || a->invited || !conv_was_served(&a->l->conv) || outward(a->ds->site, &a->l->conv))
        return;
    a->invited = true;
    (void)change_act(a->c, ACT_INVITE);
    (void)speak_filled(a, "invite_rating", "invited");
}

static void step(struct acting *a, struct conv_event ev)
{
    ev.epoch = a->l->conv.epoch;
    change_act(a->c, ACT_STEP)->u.step = ev;
    a->moved = true;
}

static void park(struct acting *a)
{
    const struct site_queue *q = site_queue(a->ds->site, &a->l->conv.queue);
    int64_t until = q && !hours_open(&q->hours, a->c->at) ? hours_next_opening(&q->hours, a->c->at) : 0;

    if (a->l->conv.state != CONV_WAITING)
        return;
    step(a, (struct conv_event){ .kind = CONV_PARK, .until = until == INT64_MAX ? 0 : until });
    a->ds->parked_maybe = true;
}

static void move(struct acting *a, const struct rule *r)
{
    const struct conv *conv = &a->l->conv;

    if (key_eq(&conv->queue, &r->to) || (conv->state != CONV_WAITING && conv->state != CONV_PARKED))
        return;
    step(a, (struct conv_event){ .kind = CONV_MOVE, .queue = r->to });
}

/* The visitor's newest message is the bot's first turn. */
static void hand_to_bot(struct acting *a, const struct rule *r)
{
    const struct site_bot *bot = site_bot(a->ds->site, &r->bot);
    const struct conv *conv = &a->l->conv;
    int64_t seq = 0;

    if (!bot || bot->off || (conv->state != CONV_WAITING && conv->state != CONV_PARKED))
        return;
    for (size_t i = 0; i < a->l->n_messages; i++)
        if (a->l->messages[i].from.role == ROLE_VISITOR)
            seq = a->l->messages[i].seq;
    if (!seq)
        return; /* nothing that it could answer */
    step(a, (struct conv_event){ .kind = CONV_HAND_BOT, .bot = r->bot });
    change_act(a->c, ACT_ERRAND)->u.errand =
        (struct errand){ .conv = conv->id, .seq = seq, .kind = ERRAND_BOT, .due_at = a->c->at, .created_at = a->c->at };
}

/* On a platform events are not shown, so there the words go out as a message of their own. */
static void end(struct acting *a, const struct rule *r)
{
    const char *wording = r->closing_wording ? r->closing_wording : "closed_idle";
    bool away = outward(a->ds->site, &a->l->conv);

    if (!conv_is_open(&a->l->conv))
        return;
    if (away)
        (void)speak_filled(a, wording, NULL);
    step(a, (struct conv_event){ .kind = CONV_CLOSE, .wrapup_ms = wrapup_of(a->ds, &a->l->conv) });
    (void)speak_filled(a, wording, "closed");
    also_tell(a->ds, a->c, &a->l->conv, CHAN_CLOSED, ERRAND_CLOSED, 0);
    if (r->actions & RULE_INVITE)
        invite(a);
}

static void set_priority(struct acting *a, const struct rule *r)
{
    if (a->l->conv.priority == r->priority)
        return;
    change_act(a->c, ACT_PRIORITY)->u.number = r->priority;
    entry(a, "priority", change_printf(a->c, "{\"rule\":\"%s\",\"was\":%d,\"is\":%d}", r->key.s, a->l->conv.priority, r->priority));
}

static void tag(struct acting *a, const struct rule *r)
{
    for (size_t i = 0; i < r->n_tags; i++)
        change_act(a->c, ACT_TAG)->u.tag.text = change_text(a->c, slice_of(r->tags[i]));
}

static void fire(struct acting *a, const struct rule_firing *f)
{
    const struct rule *r = f->rule;
    bool closes = r->actions & RULE_CLOSE;

    if (r->actions & RULE_ANSWER)
        articles_offer(a, f);
    else if (r->actions & (RULE_SAY | RULE_FORM | RULE_CHOICES))
        say(a, r);
    if (r->actions & RULE_TAG)
        tag(a, r);
    if (r->actions & RULE_PRIORITY)
        set_priority(a, r);
    if (r->actions & RULE_INVITE && !closes)
        invite(a);
    if (a->moved)
        return;
    if (r->actions & RULE_PARK)
        park(a);
    else if (r->actions & RULE_MOVE)
        move(a, r);
    else if (r->actions & RULE_BOT)
        hand_to_bot(a, r);
    else if (closes && !r->notice_ms)
        end(a, r);
}

void rules_act(struct acting *a, const struct rule_firing *f, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        write_down(a, &f[i]);
        if (f[i].verdict == RULE_FIRES)
            fire(a, &f[i]);
        else if (f[i].verdict == RULE_CLOSES && !a->moved)
            end(a, f[i].rule);
    }
}

void form_thanked(const struct acting *a, struct act_ruled *ruled, const struct rule_firing *f, size_t n, bool silent)
{
    const struct looking *l = a->l;
    bool alone = l->conv.state == CONV_WAITING || l->conv.state == CONV_OFFERED || l->conv.state == CONV_PARKED;

    if (!l->form || !alone || silent || rule_wording_said(f, n, "form_thanks"))
        return;
    if (answer_once(a, ruled, "form", change_printf(a->c, "seq:%lld", (long long)l->form)))
        (void)speak_filled(a, "form_thanks", NULL);
}

bool rules_close(const struct rule_firing *f, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (f[i].verdict == RULE_CLOSES || (f[i].verdict == RULE_FIRES && f[i].rule->actions & RULE_CLOSE && !f[i].rule->notice_ms))
            return true;
    return false;
}
