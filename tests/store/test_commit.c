/* What one change does, and what it leaves alone. */
#include "tests/store/world.h"

static void a_first_message_opens_a_conversation(void **state)
{
    struct world *w = *state;
    struct told t = commit(w, visitor_says("v1", "c1", "你好", NOW));
    struct conv_copy c;

    assert_int_equal(t.rc, KF_OK);
    assert_true(t.news.opened);
    assert_true(t.news.has_conv);
    assert_true(t.news.staled);
    assert_int_equal(t.news.first_seq, 1);
    assert_string_equal(t.first_text, "你好");
    c = get_conv(w, &t.news.conv.id);
    assert_int_equal(c.conv.state, CONV_WAITING);
    assert_int_equal(c.conv.seq, 1);
    assert_int_equal(c.conv.opened_at, NOW);
    assert_int_equal(c.conv.visitor_at, NOW);
    assert_string_equal(c.conv.queue.s, "sales");
    assert_string_equal(c.peer, "v1");
    assert_false(id_is_zero(&c.conv.contact));
    assert_false(id_is_zero(&c.conv.customer));
    assert_string_equal(texts(w, &c.conv.id, 0, 0, 10), "1:你好");
    assert_string_equal(kinds(w, &c.conv.id), "opened");
}

static void the_next_one_goes_to_the_same_conversation(void **state)
{
    struct world *w = *state;
    struct told a = commit(w, visitor_says("v1", "c1", "a", NOW));
    struct told b = commit(w, visitor_says("v1", "c2", "b", NOW + 1));

    assert_false(b.news.opened);
    assert_true(id_eq(&a.news.conv.id, &b.news.conv.id));
    assert_int_equal(b.news.first_seq, 2);
    assert_true(id_eq(&a.messages[0].from.id, &b.messages[0].from.id));
    assert_string_equal(texts(w, &a.news.conv.id, 0, 0, 10), "1:a|2:b");
}

static void the_same_key_is_answered_as_the_first_time(void **state)
{
    struct world *w = *state;
    struct told a = commit(w, visitor_says("v1", "c1", "a", NOW));
    struct told b = commit(w, visitor_says("v1", "c1", "a", NOW + 500));

    assert_int_equal(b.rc, KF_OK);
    assert_true(b.news.duplicate);
    assert_true(id_eq(&a.news.conv.id, &b.news.conv.id));
    assert_int_equal(b.news.first_seq, 1);
    assert_int_equal(b.news.first_at, NOW);
    assert_int_equal(get_conv(w, &a.news.conv.id).conv.seq, 1);
}

static void the_same_key_with_other_content_is_a_conflict(void **state)
{
    struct world *w = *state;
    struct told a = commit(w, visitor_says("v1", "c1", "a", NOW));
    struct told b = commit(w, visitor_says("v1", "c1", "other", NOW));
    struct change *c = visitor_says("v1", "c1", "platform says otherwise", NOW);

    assert_int_equal(b.rc, KF_CONFLICT);
    c->content = SLICE(""); /* from platforms the first wins */
    assert_true(commit(w, c).news.duplicate);
    assert_string_equal(texts(w, &a.news.conv.id, 0, 0, 10), "1:a");
}

static void a_refused_change_leaves_nothing_and_claims_no_key(void **state)
{
    struct world *w = *state;
    struct told a = commit(w, visitor_says("v1", "c1", "a", NOW));
    struct change *c = on_conv(&a.news.conv.id, NOW);
    struct told t;

    c->key = SLICE("s:x:y:1");
    add_says(c, ROLE_AGENT, "hello");
    add_step(c, CONV_ACCEPT, 7, 99);
    t = commit(w, c);
    assert_int_equal(t.rc, KF_CONFLICT);
    assert_string_equal(texts(w, &a.news.conv.id, 0, 0, 10), "1:a");
    assert_string_equal(kinds(w, &a.news.conv.id), "opened");

    c = on_conv(&a.news.conv.id, NOW);
    c->key = SLICE("s:x:y:1");
    add_says(c, ROLE_SYSTEM, "hello");
    t = commit(w, c);
    assert_int_equal(t.rc, KF_OK);
    assert_false(t.news.duplicate);
    assert_int_equal(t.news.first_seq, 2);
}

static void the_epoch_is_a_fence(void **state)
{
    struct world *w = *state;
    struct told a = commit(w, visitor_says("v1", NULL, "a", NOW));
    struct change *c = on_conv(&a.news.conv.id, NOW + 10);
    struct told t;

    add_step(c, CONV_ASSIGN, 7, a.news.conv.epoch);
    t = commit(w, c);
    assert_int_equal(t.rc, KF_OK);
    assert_int_equal(t.news.before.state, CONV_WAITING);
    assert_int_equal(t.news.conv.state, CONV_SERVED);
    assert_int_equal(t.news.conv.epoch, a.news.conv.epoch + 1);
    assert_string_equal(t.first_kind, "assigned");

    c = on_conv(&a.news.conv.id, NOW + 20);
    c->epoch = a.news.conv.epoch; /* what an agent who lost it would say */
    add_says(c, ROLE_AGENT, "late");
    assert_int_equal(commit(w, c).rc, KF_CONFLICT);

    c = on_conv(&a.news.conv.id, NOW + 20);
    c->epoch = t.news.conv.epoch;
    add_step(c, CONV_STAFF_SAYS, 7, t.news.conv.epoch);
    add_says(c, ROLE_AGENT, "in time");
    t = commit(w, c);
    assert_int_equal(t.rc, KF_OK);
    assert_int_equal(t.news.conv.staff_at, NOW + 20);
}

static struct told hasten(struct world *w, const struct kf_id *conv, int priority, bool and_park, int64_t epoch)
{
    struct change *c = on_conv(conv, NOW + 30);

    change_act(c, ACT_PRIORITY)->u.number = priority;
    if (and_park)
        add_step(c, CONV_PARK, 0, epoch);
    return commit(w, c);
}

/* What was read of the old place must not be told after the new one. */
static void another_place_in_line_is_another_epoch(void **state)
{
    struct world *w = *state;
    struct told t = commit(w, visitor_says("v1", NULL, "a", NOW));
    struct kf_id conv = t.news.conv.id;
    int64_t epoch = t.news.conv.epoch;

    t = hasten(w, &conv, 5, false, 0);
    assert_int_equal(t.rc, KF_OK);
    assert_int_equal(t.news.conv.priority, 5);
    assert_int_equal(t.news.conv.epoch, epoch + 1);
    t = hasten(w, &conv, 5, false, 0); /* the same place */
    assert_int_equal(t.news.conv.epoch, epoch + 1);
    t = hasten(w, &conv, 6, true, epoch + 1); /* acts that were decided together */
    assert_int_equal(t.rc, KF_OK);
    assert_int_equal(t.news.conv.state, CONV_PARKED);
    assert_int_equal(t.news.conv.epoch, epoch + 2);
    t = hasten(w, &conv, 7, false, 0); /* in no line */
    assert_int_equal(t.news.conv.priority, 7);
    assert_int_equal(t.news.conv.epoch, epoch + 2);
}

static struct kf_id served_and_closed(struct world *w, const char *peer, int64_t closed_at)
{
    struct told t = commit(w, visitor_says(peer, NULL, "a", NOW));
    struct change *c = on_conv(&t.news.conv.id, NOW);

    add_step(c, CONV_ASSIGN, 7, -1);
    assert_int_equal(commit(w, c).rc, KF_OK);
    c = on_conv(&t.news.conv.id, closed_at);
    add_step(c, CONV_CLOSE, 7, -1);
    assert_int_equal(commit(w, c).rc, KF_OK);
    return t.news.conv.id;
}

/* Whoever looks after it is over ends it; else that look would be repeated for ever, and the rules would not have theirs. */
static void a_wrapup_that_is_over_is_not_stored_any_more(void **state)
{
    struct world *w = *state;
    struct told t = commit(w, visitor_says("v1", NULL, "a", NOW));
    struct kf_id conv = t.news.conv.id;
    struct change *c = on_conv(&conv, NOW);

    add_step(c, CONV_ASSIGN, 7, -1);
    assert_int_equal(commit(w, c).rc, KF_OK);
    c = on_conv(&conv, NOW + MINUTE);
    add_step(c, CONV_CLOSE, 7, -1);
    c->acts[0].u.step.wrapup_ms = MINUTE;
    assert_int_equal(commit(w, c).rc, KF_OK);
    assert_int_equal(get_conv(w, &conv).conv.wrapup_until, NOW + 2 * MINUTE);
    c = on_conv(&conv, NOW + 2 * MINUTE);
    add_step(c, CONV_NOTHING, 0, -1);
    assert_int_equal(commit(w, c).rc, KF_OK);
    assert_int_equal(get_conv(w, &conv).conv.wrapup_until, 0);
}

static void who_comes_back_in_time_reopens(void **state)
{
    struct world *w = *state;
    struct kf_id conv = served_and_closed(w, "v1", NOW + MINUTE);
    struct told t = commit(w, visitor_says("v1", NULL, "again", NOW + 10 * MINUTE));

    assert_true(t.news.reopened);
    assert_false(t.news.opened);
    assert_true(id_eq(&t.news.conv.id, &conv));
    assert_int_equal(t.news.conv.state, CONV_WAITING);
    assert_int_equal(t.news.conv.arrived_at, NOW + 10 * MINUTE);
    assert_int_equal(t.news.first_seq, 2);
    assert_string_equal(kinds(w, &conv), "opened assigned closed reopened");
}

static void who_comes_back_later_opens_a_new_one(void **state)
{
    struct world *w = *state;
    struct kf_id conv = served_and_closed(w, "v1", NOW + MINUTE);
    struct told t = commit(w, visitor_says("v1", NULL, "again", NOW + 11 * MINUTE));
    struct change *c;

    assert_true(t.news.opened);
    assert_true(id_eq(&t.news.conv.previous, &conv));
    assert_int_equal(t.news.first_seq, 1);
    assert_int_equal(get_conv(w, &conv).conv.state, CONV_CLOSED);

    c = on_conv(&conv, NOW + 11 * MINUTE); /* the old one cannot come back beside it */
    add_step(c, CONV_VISITOR_SAYS, 0, -1);
    assert_int_equal(commit(w, c).rc, KF_CONFLICT);
}

struct found {
    size_t n;
    int nagged;
    int64_t ended, since;
};

static void count_found(const struct query *q, void *ctx)
{
    struct found *f = ctx;

    f->n = q->n_convs;
    f->nagged = q->n_convs ? q->convs[0].nagged : 0;
    f->ended = q->n_counts ? q->counts[0].n : 0;
    f->since = q->n_counts ? q->counts[0].since : 0;
}

static struct found find(struct world *w, enum query_kind kind, const struct conv *c, int64_t before, int64_t after)
{
    struct query *q = query_new(kind);
    struct found f = { 0 };

    q->site = c->site;
    q->queue = c->queue;
    q->before = before;
    q->after = after;
    assert_int_equal(ask(w, q, count_found, &f), KF_OK);
    return f;
}

/* Who waits too long, whose agent does not answer, what was handed on, and how many have ended: what the holder looks for each second. */
static void what_waits_for_somebody_is_found(void **state)
{
    struct world *w = *state;
    struct told t = commit(w, visitor_says("v1", NULL, "x", NOW));
    struct conv c = t.news.conv;
    struct change *step;

    assert_int_equal(find(w, QUERY_LATE, &c, NOW - 1, 0).n, 0);
    assert_int_equal(find(w, QUERY_LATE, &c, NOW, 0).n, 1);
    step = on_conv(&c.id, NOW + 1000);
    add_step(step, CONV_ASSIGN, 1, c.epoch);
    t = commit(w, step);
    assert_int_equal(find(w, QUERY_LATE, &c, NOW, 0).n, 0);
    assert_int_equal(find(w, QUERY_SILENT, &c, NOW + 999, 1).n, 0); /* of this agent it waits since then */
    assert_int_equal(find(w, QUERY_SILENT, &c, NOW + 1000, 1).n, 1);
    step = on_conv(&c.id, NOW + 2000);
    add_step(step, CONV_NAG, 1, t.news.conv.epoch);
    step->acts[step->n_acts - 1].u.step.number = 1;
    assert_int_equal(commit(w, step).rc, KF_OK);
    assert_int_equal(find(w, QUERY_SILENT, &c, NOW + 1000, 1).n, 0);
    assert_int_equal(find(w, QUERY_SILENT, &c, NOW + 1000, 2).nagged, 1);
    step = on_conv(&c.id, NOW + 3000);
    add_step(step, CONV_STAFF_SAYS, 1, t.news.conv.epoch);
    add_says(step, ROLE_AGENT, "here");
    assert_int_equal(commit(w, step).rc, KF_OK);
    assert_int_equal(find(w, QUERY_SILENT, &c, NOW + 9000, 3).n, 0);
    step = on_conv(&c.id, NOW + 4000);
    add_step(step, CONV_TRANSFER_PERSON, 2, t.news.conv.epoch);
    step->acts[step->n_acts - 1].u.step.until = NOW + 64000;
    assert_int_equal(commit(w, step).rc, KF_OK);
    assert_int_equal(find(w, QUERY_HANDED, &c, 0, 0).n, 1);
    step = on_conv(&c.id, NOW + 5000);
    add_step(step, CONV_ACCEPT, 2, -1);
    assert_int_equal(commit(w, step).rc, KF_OK);
    assert_int_equal(find(w, QUERY_ENDED, &c, 0, 0).ended, 0);
    step = on_conv(&c.id, NOW + 6000);
    add_step(step, CONV_CLOSE, 0, -1);
    assert_int_equal(commit(w, step).rc, KF_OK);
    assert_int_equal(find(w, QUERY_ENDED, &c, 0, NOW + 5999).ended, 1);
    assert_int_equal(find(w, QUERY_ENDED, &c, 0, NOW + 5999).since, NOW + 5000);
    assert_int_equal(find(w, QUERY_ENDED, &c, 0, NOW + 6000).ended, 0);
}

static void keep_passed_on(const struct query *q, void *ctx)
{
    struct stored_passed_on *ret = ctx;

    ret->at = 0;
    if (q->n_passed_on)
        *ret = q->passed_on[q->n_passed_on - 1];
}

static struct stored_passed_on passed_on(struct world *w, const struct conv *c, int64_t since)
{
    struct query *q = query_new(QUERY_PASSED_ON);
    struct stored_passed_on ret = { 0 };

    q->site = c->site;
    q->after = since;
    q->limit = 10;
    assert_int_equal(ask(w, q, keep_passed_on, &ret), KF_OK);
    return ret;
}

/* A node that starts learns it from the store: who has just handed somebody on does not get him back at once. */
static void who_passed_on_a_waiting_one_is_found(void **state)
{
    struct world *w = *state;
    struct told t = commit(w, visitor_says("v1", NULL, "x", NOW));
    struct conv c = t.news.conv;
    struct stored_passed_on who;
    struct kf_id agent = id_of(1);
    struct change *step = on_conv(&c.id, NOW + 1000);

    add_step(step, CONV_ASSIGN, 1, c.epoch);
    t = commit(w, step);
    assert_int_equal(t.rc, KF_OK);
    step = on_conv(&c.id, NOW + 2000);
    step->by = (struct actor){ .role = ROLE_AGENT, .id = agent, .name = "n" };
    add_step(step, CONV_TRANSFER_QUEUE, 0, t.news.conv.epoch);
    step->acts[step->n_acts - 1].u.step.queue = c.queue;
    t = commit(w, step);
    assert_int_equal(t.rc, KF_OK);
    who = passed_on(w, &c, NOW);
    assert_int_equal(who.at, NOW + 2000);
    assert_true(id_eq(&who.conv, &c.id));
    assert_true(id_eq(&who.by, &agent));
    assert_int_equal(passed_on(w, &c, NOW + 2000).at, 0); /* not since then */
    step = on_conv(&c.id, NOW + 3000);
    add_step(step, CONV_ASSIGN, 2, t.news.conv.epoch);
    assert_int_equal(commit(w, step).rc, KF_OK);
    assert_int_equal(passed_on(w, &c, NOW).at, 0); /* it waits no more */
}

static void what_nobody_has_served_is_not_rated(void **state)
{
    struct world *w = *state;
    struct told t = commit(w, visitor_says("v1", NULL, "a", NOW));
    struct kf_id conv = t.news.conv.id;
    struct change *c = on_conv(&conv, NOW);

    change_act(c, ACT_RATE)->u.rate.score = 1;
    c->by.role = ROLE_VISITOR;
    assert_int_equal(commit(w, c).rc, KF_CONFLICT);
    assert_int_equal(get_conv(w, &conv).conv.rating, 0);
    c = on_conv(&conv, NOW); /* offered to somebody who lets it pass */
    add_step(c, CONV_OFFER, 7, -1);
    change_act(c, ACT_RATE)->u.rate.score = 1;
    assert_int_equal(commit(w, c).rc, KF_CONFLICT);
    c = on_conv(&conv, NOW);
    add_step(c, CONV_ASSIGN, 7, -1);
    add_step(c, CONV_RETURN, 7, -1); /* had by somebody, if without a word */
    change_act(c, ACT_RATE)->u.rate.score = 1;
    assert_int_equal(commit(w, c).rc, KF_OK);
}

static void rating_a_closed_one_does_not_reopen_it(void **state)
{
    struct world *w = *state;
    struct kf_id conv = served_and_closed(w, "v1", NOW + MINUTE);
    struct change *c = visitor_says("v1", NULL, "", NOW + 2 * MINUTE);
    struct told t;

    c->n_acts = 0;
    change_act(c, ACT_RATE)->u.rate.score = 5;
    t = commit(w, c);
    assert_int_equal(t.rc, KF_OK);
    assert_true(id_eq(&t.news.conv.id, &conv));
    assert_int_equal(t.news.conv.state, CONV_CLOSED);
    assert_int_equal(t.news.conv.rating, 5);
    assert_string_equal(t.first_kind, "rated");
}

static void an_entry_that_is_brought_along_is_not_doubled(void **state)
{
    struct world *w = *state;
    struct told t = commit(w, visitor_says("v1", NULL, "a", NOW));
    struct change *c = on_conv(&t.news.conv.id, NOW);

    add_step(c, CONV_ASSIGN, 7, -1);
    change_act(c, ACT_ENTRY)->u.entry = (struct entry){ .kind = "assigned", .data = "{\"why\":\"sticky\"}" };
    assert_int_equal(commit(w, c).rc, KF_OK);
    assert_string_equal(kinds(w, &t.news.conv.id), "opened assigned");
}

static struct change *ruled(const struct kf_id *conv, int64_t from, int64_t to)
{
    struct change *c = on_conv(conv, NOW);

    change_act(c, ACT_RULED)->u.ruled = (struct act_ruled){ .from_seq = from, .to_seq = to };
    return c;
}

static void rules_that_do_not_listen_need_not_look(void **state)
{
    struct world *w = *state;
    struct change *c = visitor_says("v1", NULL, "a", NOW);
    struct told t;

    c->unruled = 1U << CONV_WAITING;
    t = commit(w, c);
    assert_false(t.news.staled);
    assert_int_equal(t.news.conv.ruled_seq, 1);
    t = commit(w, visitor_says("v1", NULL, "b", NOW));
    assert_true(t.news.staled);
    for (int i = 0; i < 2; i++) {
        c = visitor_says("v1", NULL, "c", NOW);
        c->unruled = 1U << CONV_WAITING;
        t = commit(w, c);
        assert_false(t.news.staled);                /* a second look would find nothing new, */
        assert_int_equal(t.news.conv.ruled_seq, 1); /* but somebody still has to look at "b" */
    }
    c = ruled(&t.news.conv.id, 1, 2);
    t = commit(w, c);
    assert_int_equal(t.rc, KF_OK);
    assert_int_equal(t.news.conv.ruled_seq, 4); /* however many have overtaken it */
    assert_false(t.news.staled);
}

static void what_was_heard_behind_a_look_is_looked_at(void **state)
{
    struct world *w = *state;
    struct told t = commit(w, visitor_says("v1", NULL, "a", NOW));

    (void)commit(w, visitor_says("v1", NULL, "b", NOW));
    t = commit(w, ruled(&t.news.conv.id, 0, 1));
    assert_int_equal(t.news.conv.ruled_seq, 1);
    assert_true(t.news.staled);
    t = commit(w, ruled(&t.news.conv.id, 1, 2));
    assert_int_equal(t.news.conv.ruled_seq, 2);
    assert_false(t.news.staled);
}

static void rules_look_once(void **state)
{
    struct world *w = *state;
    struct told t = commit(w, visitor_says("v1", NULL, "a", NOW));
    struct kf_id conv = t.news.conv.id;

    for (int i = 0; i < 2; i++) {
        struct change *c = on_conv(&conv, NOW);
        struct act *a = change_act(c, ACT_RULED);

        a->u.ruled = (struct act_ruled){ .from_seq = i ? 2 : 0, .to_seq = -1, .n_firings = 1 };
        a->u.ruled.firing[0].rule = key("greeting");
        a->u.ruled.firing[0].cause = "";
        add_says(c, ROLE_SYSTEM, "welcome");
        t = commit(w, c);
        assert_int_equal(t.rc, i ? KF_CONFLICT : KF_OK); /* the rule has fired for that cause */
    }
    assert_int_equal(get_conv(w, &conv).conv.ruled_seq, 2);

    assert_int_equal(commit(w, ruled(&conv, 1, 2)).rc, KF_CONFLICT); /* another node has looked */
    assert_string_equal(texts(w, &conv, 0, 0, 10), "1:a|2:welcome");
}

/* Once per contact, over all its conversations; and what it said of itself. */
struct past_copy {
    size_t n, elsewhere;
    struct rules_past past;
    char cause[80], profile[64];
};

static void copy_past(const struct query *q, void *ctx)
{
    struct past_copy *p = ctx;

    p->n = q->n_fired;
    p->past = q->past;
    for (size_t i = 0; i < q->n_fired; i++)
        if (q->fired[i].elsewhere) {
            p->elsewhere++;
            snprintf(p->cause, sizeof(p->cause), "%s %s", q->fired[i].rule.s, q->fired[i].cause);
        }
    snprintf(p->profile, sizeof(p->profile), "%s", q->text_out);
}

static struct past_copy past_of(struct world *w, const struct kf_id *conv, unsigned needs)
{
    struct past_copy p = { .n = 0 };
    struct query *q = query_new(QUERY_RULES);

    q->id = *conv;
    q->needs = needs;
    q->limit = 6;
    assert_int_equal(ask(w, q, copy_past, &p), KF_OK);
    return p;
}

static enum kf_rc fire_wide(struct world *w, const struct kf_id *conv, int64_t seq, const char *cause)
{
    struct change *c = on_conv(conv, NOW);
    struct act *a = change_act(c, ACT_RULED);

    a->u.ruled = (struct act_ruled){ .from_seq = seq, .to_seq = seq, .n_firings = 1 };
    a->u.ruled.firing[0].rule = key("gift");
    a->u.ruled.firing[0].cause = cause;
    a->u.ruled.firing[0].wide = true;
    return commit(w, c).rc;
}

static void a_rule_fires_once_for_a_visitor_over_all_conversations(void **state)
{
    struct world *w = *state;
    struct told t = commit(w, visitor_says("v1", NULL, "a", NOW));
    struct kf_id first = t.news.conv.id, second;
    struct past_copy p;
    struct change *c;

    assert_int_equal(fire_wide(w, &first, 0, "visitor"), KF_OK);
    c = on_conv(&first, NOW);
    add_step(c, CONV_CLOSE, 0, -1);
    commit(w, c);
    t = commit(w, visitor_says("v1", NULL, "b", NOW + 60 * MINUTE));
    second = t.news.conv.id;
    assert_true(t.news.opened);
    assert_int_equal(fire_wide(w, &second, 0, "visitor"), KF_CONFLICT);
    assert_int_equal(fire_wide(w, &second, 0, "day:1"), KF_OK);
    p = past_of(w, &second, RULE_NEED_FIRED);
    assert_int_equal(p.n, 2);
    assert_int_equal(p.elsewhere, 2);
    assert_int_equal(past_of(w, &second, 0).n, 0);
    assert_string_equal(past_of(w, &second, RULE_NEED_PROFILE).profile, "{}");
}

static void knows_a_machine_by_what_it_said(void **state)
{
    struct world *w = *state;
    struct told t = commit(w, visitor_says("v1", NULL, "Ich bin bis Montag nicht da", NOW));
    struct kf_id conv = t.news.conv.id;
    struct change *c = on_conv(&conv, NOW);
    struct past_copy p;

    add_says(c, ROLE_SYSTEM, "Hello, we have got your message");
    commit(w, c);
    p = past_of(w, &conv, 0);
    assert_int_equal(p.past.messages, 1);
    assert_int_equal(p.past.repeats, 1);
    assert_false(p.past.echo || p.past.marked);
    commit(w, visitor_says("v1", NULL, "Hello, we have got your message", NOW));
    p = past_of(w, &conv, 0);
    assert_int_equal(p.past.repeats, 1);
    assert_true(p.past.echo);
    for (int i = 0; i < 5; i++) {
        c = visitor_says("v1", NULL, "?", NOW);
        c->acts[0].u.message.extra = "{\"automatic\":true}";
        commit(w, c);
    }
    p = past_of(w, &conv, 0);
    assert_int_equal(p.past.messages, 6); /* of seven: no further than was asked */
    assert_int_equal(p.past.repeats, RULE_REPEATS_MAX);
    assert_true(p.past.marked);
    assert_false(p.past.echo);
}

/* What moved the time meanwhile is not forgotten by a look that was decided on an older one. */
static void the_sooner_time_to_look_holds(void **state)
{
    struct world *w = *state;
    struct told t = commit(w, visitor_says("v1", NULL, "a", NOW));
    struct kf_id conv = t.news.conv.id;
    struct change *c = on_conv(&conv, NOW);
    struct act *a;

    add_step(c, CONV_ASSIGN, 7, -1);
    change_act(c, ACT_RATE)->u.rate.score = 4;
    c->by.role = ROLE_VISITOR;
    commit(w, c);
    assert_int_equal(get_conv(w, &conv).conv.rule_due_at - NOW, 0);
    c = on_conv(&conv, NOW + 5);
    a = change_act(c, ACT_RULED);
    a->u.ruled = (struct act_ruled){ .from_seq = 0, .to_seq = 1, .rule_due_at = NOW + 9000 }; /* decided before the rating */
    commit(w, c);
    assert_int_equal(get_conv(w, &conv).conv.rule_due_at - NOW, 0);
    c = on_conv(&conv, NOW + 5);
    a = change_act(c, ACT_RULED);
    a->u.ruled = (struct act_ruled){ .from_seq = 1, .to_seq = 1, .rule_due_at = NOW + 9000, .seen_due_at = NOW };
    commit(w, c);
    assert_int_equal(get_conv(w, &conv).conv.rule_due_at - NOW, 9000);
}

static void copy_text(const struct query *q, void *ctx)
{
    snprintf(ctx, 64, "%s", q->text_out);
}

static void a_tag_is_there_once_and_can_be_taken_away(void **state)
{
    struct world *w = *state;
    struct told t = commit(w, visitor_says("v1", NULL, "a", NOW));
    static const struct {
        const char *tag;
        bool off;
        const char *all;
    } rows[] = {
        { "退款", false, "[\"退款\"]" },  { "退款", false, "[\"退款\"]" },  { "urgent", false, "[\"退款\",\"urgent\"]" },
        { "退款", true, "[\"urgent\"]" }, { "退款", true, "[\"urgent\"]" },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct change *c = on_conv(&t.news.conv.id, NOW + (int64_t)i);
        struct act *a = change_act(c, ACT_TAG);
        struct query *q = query_new(QUERY_TAGS);
        char all[64];

        a->u.tag.text = rows[i].tag;
        a->u.tag.off = rows[i].off;
        assert_int_equal(commit(w, c).rc, KF_OK);
        q->id = t.news.conv.id;
        assert_int_equal(ask(w, q, copy_text, all), KF_OK);
        assert_string_equal(all, rows[i].all);
    }
}

static void reading_never_goes_back(void **state)
{
    struct world *w = *state;
    struct told t = commit(w, visitor_says("v1", NULL, "a", NOW));
    const int64_t rows[][2] = { { 1, 1 }, { 0, 1 }, { 99, 1 } };

    for (size_t i = 0; i < 3; i++) {
        struct change *c = on_conv(&t.news.conv.id, NOW);

        c->by.role = ROLE_AGENT;
        change_act(c, ACT_READ)->u.seq = rows[i][0];
        assert_int_equal(commit(w, c).news.conv.staff_read, rows[i][1]);
    }
    assert_int_equal(get_conv(w, &t.news.conv.id).conv.staff_read, 1);
}

static void the_rating_is_asked_for_once(void **state)
{
    struct world *w = *state;
    struct told t = commit(w, visitor_says("v1", NULL, "a", NOW));

    for (int i = 0; i < 2; i++) {
        struct change *c = on_conv(&t.news.conv.id, NOW);

        change_act(c, ACT_INVITE);
        assert_int_equal(commit(w, c).rc, i ? KF_CONFLICT : KF_OK);
    }
}

static void what_is_not_there_is_absent(void **state)
{
    struct world *w = *state;
    struct kf_id nobody = id_of(404);
    struct change *c = on_conv(&nobody, NOW);
    struct query *q = query_new(QUERY_CONV);

    add_says(c, ROLE_SYSTEM, "x");
    assert_int_equal(commit(w, c).rc, KF_ABSENT);
    q->id = nobody;
    assert_int_equal(ask(w, q, NULL, NULL), KF_ABSENT);
}

static void another_sites_conversation_is_absent(void **state)
{
    struct world *w = *state;
    struct told t = commit(w, visitor_says("v1", NULL, "a", NOW));
    struct change *c = on_conv(&t.news.conv.id, NOW);

    c->site = key("other");
    add_says(c, ROLE_SYSTEM, "x");
    assert_int_equal(commit(w, c).rc, KF_ABSENT);
}

static void pages_of_messages_tell_whether_there_are_more(void **state)
{
    struct world *w = *state;
    struct told t = { .done = false };

    for (int i = 1; i <= 5; i++) {
        char text[16];

        snprintf(text, sizeof(text), "m%d", i);
        t = commit(w, visitor_says("v1", NULL, text, NOW + i));
    }
    assert_string_equal(texts(w, &t.news.conv.id, 0, 0, 2), "1:m1|2:m2|…");
    assert_string_equal(texts(w, &t.news.conv.id, 3, 0, 2), "4:m4|5:m5");
    assert_string_equal(texts(w, &t.news.conv.id, 0, 4, 2), "2:m2|3:m3|…");
    assert_string_equal(texts(w, &t.news.conv.id, 0, 3, 2), "1:m1|2:m2");
    assert_string_equal(texts(w, &t.news.conv.id, 5, 0, 2), "");
}

static void a_second_contact_of_a_group_gets_an_id_of_its_own(void **state)
{
    struct world *w = *state;
    struct change *a = visitor_says("group", NULL, "a", NOW), *b = visitor_says("group", NULL, "b", NOW);
    struct opening *o = ARENA_NEW(a->arena, struct opening), *p = ARENA_NEW(b->arena, struct opening);
    struct told ta, tb;

    *o = *a->opening;
    o->address = "anna";
    a->opening = o;
    *p = *b->opening;
    p->address = "bob";
    b->opening = p;
    ta = commit(w, a);
    tb = commit(w, b);
    assert_true(id_eq(&ta.news.conv.id, &tb.news.conv.id));
    assert_false(id_eq(&ta.messages[0].from.id, &tb.messages[0].from.id));
    assert_true(id_eq(&tb.news.conv.contact, &ta.messages[0].from.id));
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup_world, teardown_world)
static const struct CMUnitTest tests[] = {
    T(a_first_message_opens_a_conversation),
    T(the_next_one_goes_to_the_same_conversation),
    T(the_same_key_is_answered_as_the_first_time),
    T(the_same_key_with_other_content_is_a_conflict),
    T(a_refused_change_leaves_nothing_and_claims_no_key),
    T(the_epoch_is_a_fence),
    T(another_place_in_line_is_another_epoch),
    T(a_wrapup_that_is_over_is_not_stored_any_more),
    T(who_comes_back_in_time_reopens),
    T(who_comes_back_later_opens_a_new_one),
    T(what_waits_for_somebody_is_found),
    T(who_passed_on_a_waiting_one_is_found),
    T(what_nobody_has_served_is_not_rated),
    T(rating_a_closed_one_does_not_reopen_it),
    T(an_entry_that_is_brought_along_is_not_doubled),
    T(rules_that_do_not_listen_need_not_look),
    T(what_was_heard_behind_a_look_is_looked_at),
    T(rules_look_once),
    T(reading_never_goes_back),
    T(a_rule_fires_once_for_a_visitor_over_all_conversations),
    T(knows_a_machine_by_what_it_said),
    T(the_sooner_time_to_look_holds),
    T(a_tag_is_there_once_and_can_be_taken_away),
    T(the_rating_is_asked_for_once),
    T(what_is_not_there_is_absent),
    T(another_sites_conversation_is_absent),
    T(pages_of_messages_tell_whether_there_are_more),
    T(a_second_contact_of_a_group_gets_an_id_of_its_own),
};

RUN_BOTH(tests)
