/* What leaves the house, and what platforms say of it. */
#include "tests/store/outbox.h"

static const struct kf_id id_of_none = { { 9 } };

static struct told status(struct world *w, const char *ref, enum delivery d, const char *reason, int64_t at)
{
    struct change *c = new_change(at);
    struct act *a = change_act(c, ACT_STATUS);

    a->u.status.ref = ref;
    a->u.status.delivery = d;
    a->u.status.reason = reason;
    return commit(w, c);
}

static struct kf_id sent(struct world *w, const char *ref)
{
    struct kf_id conv = talk(w);
    struct errands_copy e;

    (void)answer(w, &conv, "hello");
    e = due(w, NOW + 10, 1);
    assert_int_equal(claim(w, &e.e.id).rc, KF_OK);
    assert_int_equal(settle(w, &e.e.id, ERRAND_DONE, ref, NULL).rc, KF_OK);
    return conv;
}

static enum kf_rc send_again(struct world *w, const struct kf_id *conv, int64_t seq)
{
    struct change *c = on_conv(conv, NOW + 60);
    struct act *a = change_act(c, ACT_STATUS);

    a->u.status.seq = seq;
    a->u.status.delivery = DELIVERY_SENDING;
    a->u.status.again = true;
    change_act(c, ACT_ERRAND)->u.errand = (struct errand){ .kind = ERRAND_SEND, .seq = seq };
    return commit(w, c).rc;
}

static void an_errand_is_complete_for_sending(void **state)
{
    struct world *w = *state;
    struct kf_id conv = talk(w);
    struct change *c = on_conv(&conv, NOW);
    struct errands_copy e;

    change_act(c, ACT_HANDLE)->u.handle.text = "reply-token";
    c->acts[0].u.handle.left = 5;
    c->acts[0].u.handle.expires_ms = NOW + MINUTE;
    assert_int_equal(commit(w, c).rc, KF_OK);
    (void)answer(w, &conv, "hello");
    (void)answer(w, &conv, "more");
    e = due(w, NOW + 10, 1);
    assert_int_equal(e.n, 1); /* the second waits for the first */
    assert_string_equal(e.text, "hello");
    assert_string_equal(e.peer, "v1");
    assert_string_equal(e.user, "v1");
    assert_string_equal(e.reply, "theirs-1");
    assert_string_equal(e.handle, "reply-token");
    assert_int_equal(e.e.handle_left, 5);
    assert_int_equal(e.e.handle_used, 0);
    assert_int_equal(due(w, NOW + 9, 1).n, 0);

    assert_int_equal(claim(w, &e.e.id).rc, KF_OK);
    assert_int_equal(settle(w, &e.e.id, ERRAND_DONE, "ours-2", NULL).rc, KF_OK);
    e = due(w, NOW + 10, 1);
    assert_string_equal(e.text, "more");
    assert_int_equal(e.e.handle_left, 4);
    assert_int_equal(e.e.handle_used, 1);
}

static void shows(struct world *w, const struct kf_id *conv)
{
    struct change *c = on_conv(conv, NOW + 10);

    add_says(c, ROLE_AGENT, "");
    c->acts[0].errand = true;
    c->acts[0].u.message.kind = MESSAGE_IMAGE;
    c->acts[0].u.message.file = id_of(77);
    assert_int_equal(commit(w, c).rc, KF_OK);
}

struct behind_copy {
    size_t n_errands, n;
    bool parted;
    int64_t seq, behind[ERRANDS_BEHIND];
    struct kf_id ids[ERRANDS_BEHIND + 1];
};

static void copy_behind(const struct query *q, void *ctx)
{
    struct behind_copy *c = ctx;

    c->n_errands = q->n_errands;
    if (!q->n_errands)
        return;
    c->seq = q->errands[0].seq;
    c->ids[0] = q->errands[0].id;
    c->n = q->errands[0].n_behind;
    c->parted = q->errands[0].parted;
    for (size_t i = 0; i < c->n; i++) {
        c->behind[i] = q->errands[0].behind[i].seq;
        c->ids[i + 1] = q->errands[0].behind[i].id;
        assert_string_equal(q->errands[0].behind[i].peer, "v1");
        assert_int_equal(q->errands[0].behind[i].message.kind, MESSAGE_IMAGE);
    }
}

static struct behind_copy due_behind(struct world *w, int64_t now, int64_t lease)
{
    struct behind_copy c = { .n_errands = 0 };

    look_at_due(w, now, lease, copy_behind, &c);
    return c;
}

/* Files right behind each other, that were never tried: up to what is none. */
static void files_said_in_one_go_are_read_together(void **state)
{
    struct world *w = *state;
    struct kf_id conv = talk(w);
    struct behind_copy c;
    struct change *both;

    for (int i = 0; i < 3; i++)
        shows(w, &conv);
    assert_false(due_behind(w, NOW + 10, 1).parted); /* more of them may come */
    (void)answer(w, &conv, "and");
    shows(w, &conv);
    c = due_behind(w, NOW + 10, 1);
    assert_int_equal(c.n_errands, 1);
    assert_int_equal(c.n, 2);
    assert_true(c.parted);
    assert_int_equal(c.behind[0], c.seq + 1);
    assert_int_equal(c.behind[1], c.seq + 2);

    /* All are claimed, or none. */
    assert_int_equal(claim(w, &c.ids[2]).rc, KF_OK);
    both = new_change(NOW + 20);
    for (int i = 0; i < 3; i++)
        change_act(both, ACT_ERRAND_CLAIM)->u.errand = (struct errand){ .id = c.ids[i], .lease = 1 };
    assert_int_equal(commit(w, both).rc, KF_CONFLICT);
    c = due_behind(w, NOW + 10, 1);
    assert_int_equal(c.n, 1); /* the one that is under way is not among them */
    both = new_change(NOW + 20);
    for (int i = 0; i < 2; i++)
        change_act(both, ACT_ERRAND_CLAIM)->u.errand = (struct errand){ .id = c.ids[i], .lease = 1 };
    assert_int_equal(commit(w, both).rc, KF_OK);
    assert_int_equal(due_behind(w, NOW + 10, 1).n_errands, 0);

    /* Whoever comes after their holder finds one after the other, each by itself. */
    for (int i = 0; i < 3; i++) {
        c = due_behind(w, NOW + 20, 2);
        assert_int_equal(c.n_errands, 1);
        assert_int_equal(c.n, 0);
        assert_int_equal(settle(w, &c.ids[0], i ? ERRAND_UNCERTAIN : ERRAND_QUEUED, NULL, "lost").rc, KF_OK);
        if (i)
            continue;
        assert_int_equal(due_behind(w, NOW + 1000, 2).n, 0); /* tried before: by itself */
        c = due_behind(w, NOW + 1000, 2);
        assert_int_equal(settle(w, &c.ids[0], ERRAND_DONE, "ours-1", NULL).rc, KF_OK);
    }
}

static void one_claims_an_errand(void **state)
{
    struct world *w = *state;
    struct kf_id conv = talk(w);
    struct errands_copy e;

    (void)answer(w, &conv, "hello");
    e = due(w, NOW + 10, 1);
    assert_int_equal(claim(w, &e.e.id).rc, KF_OK);
    assert_int_equal(claim(w, &e.e.id).rc, KF_CONFLICT);
    assert_int_equal(due(w, NOW + 10, 1).n, 0); /* under way under this lease */
    e = due(w, NOW + 10, 2);                    /* the next holder finds it */
    assert_int_equal(e.n, 1);
    assert_int_equal(e.e.state, ERRAND_SENDING);
    assert_int_equal(settle(w, &e.e.id, ERRAND_UNCERTAIN, NULL, "unknown").rc, KF_OK);
    assert_int_equal(settle(w, &e.e.id, ERRAND_DONE, NULL, NULL).rc, KF_CONFLICT);
    assert_int_equal(claim(w, &id_of_none).rc, KF_ABSENT);
}

/* A list of what is due may be older than the answer of the platform that came meanwhile. */
static void what_was_tried_since_is_not_claimed_as_it_was(void **state)
{
    struct world *w = *state;
    struct kf_id conv = talk(w);
    struct errands_copy e;

    (void)answer(w, &conv, "hello");
    e = due(w, NOW + 10, 1);
    assert_int_equal(claim(w, &e.e.id).rc, KF_OK);
    assert_int_equal(settle(w, &e.e.id, ERRAND_QUEUED, NULL, "429: later").rc, KF_OK);
    assert_int_equal(claim_as(w, &e.e.id, 0, 0).rc, KF_CONFLICT); /* its time has not come */
    assert_int_equal(claim_as(w, &e.e.id, 1, 1).rc, KF_CONFLICT);
    e = due(w, NOW + 1000, 1);
    assert_int_equal(e.e.attempt, 1);
    assert_int_equal(claim_as(w, &e.e.id, e.e.part, e.e.attempt).rc, KF_OK);
}

static void a_settled_errand_moves_its_message(void **state)
{
    static const struct {
        enum errand_state state;
        enum delivery delivery;
    } rows[] = {
        { ERRAND_DONE, DELIVERY_SENT },
        { ERRAND_FAILED, DELIVERY_FAILED },
        { ERRAND_UNCERTAIN, DELIVERY_UNCERTAIN },
    };
    struct world *w = *state;
    struct kf_id conv = talk(w);

    for (size_t i = 0; i < 3; i++) {
        struct told t = answer(w, &conv, "hello");
        struct errands_copy e = due(w, NOW + 10, 1);
        struct told s;

        assert_int_equal(claim(w, &e.e.id).rc, KF_OK);
        s = settle(w, &e.e.id, rows[i].state, NULL, "why");
        assert_true(s.news.has_conv);
        assert_int_equal(s.news.n_statuses, 1);
        assert_int_equal(s.statuses[0].seq, t.news.first_seq);
        assert_int_equal(s.statuses[0].delivery, rows[i].delivery);
    }
    assert_string_equal(kinds(w, &conv), "opened delivery delivery delivery");
}

static int64_t answers_what(struct world *w, const struct kf_id *conv, const char *ref, const char *id)
{
    struct change *c = on_conv(conv, NOW + MINUTE);
    int64_t seq;
    struct told t;

    add_says(c, ROLE_VISITOR, "about that");
    c->acts[0].u.message.ref = id;
    c->acts[0].answers = ref;
    t = commit(w, c);
    assert_int_equal(t.rc, KF_OK);
    seq = t.messages[0].reply_to;
    return seq;
}

static void every_part_of_a_long_text_is_found_by_its_own_id(void **state)
{
    static const char *const parts[] = { "p1", "p2", "p3" }, *const ids[] = { "a", "b", "c" };
    struct world *w = *state;
    struct kf_id conv = talk(w);
    struct change *c;
    struct errands_copy e;

    assert_int_equal(status(w, "p1", DELIVERY_READ, NULL, NOW).rc, KF_OK); /* before we know it */
    (void)answer(w, &conv, "long");
    settle_part(w, NOW + 100, 1, "p1", ERRAND_QUEUED);
    assert_int_equal(status(w, "p1", DELIVERY_DELIVERED, NULL, NOW + 101).news.n_statuses, 0); /* not all of it is there */
    settle_part(w, NOW + 102, 2, "p2", ERRAND_QUEUED);
    settle_part(w, NOW + 103, 2, "p3", ERRAND_DONE);
    assert_int_equal(status(w, "p2", DELIVERY_READ, NULL, NOW + 104).news.n_statuses, 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(answers_what(w, &conv, parts[i], ids[i]), 2);
    assert_int_equal(status(w, "p3", DELIVERY_DELIVERED, NULL, NOW + 105).news.n_statuses, 1);

    c = on_conv(&conv, NOW + 200);
    change_act(c, ACT_ERRAND)->u.errand = (struct errand){ .kind = ERRAND_DELETE, .seq = 2 };
    assert_int_equal(commit(w, c).rc, KF_OK);
    for (int i = 0; i < 3; i++) {
        e = due(w, NOW + 300, 1);
        assert_string_equal(e.ref, parts[i]);
        assert_int_equal(e.e.more, i < 2);
        settle_part(w, NOW + 300, i + 1, NULL, i < 2 ? ERRAND_QUEUED : ERRAND_DONE);
    }
}

static void one_part_that_failed_fails_the_message(void **state)
{
    struct world *w = *state;
    struct kf_id conv = talk(w);
    struct told t;

    (void)answer(w, &conv, "long");
    settle_part(w, NOW + 100, 1, "p1", ERRAND_QUEUED);
    settle_part(w, NOW + 103, 1, "p2", ERRAND_DONE);
    t = status(w, "p1", DELIVERY_FAILED, "blocked", NOW + 104);
    assert_int_equal(t.news.n_statuses, 1);
    assert_int_equal(t.statuses[0].delivery, DELIVERY_FAILED);
    assert_true(id_eq(&t.news.conv.id, &conv));
}

/* Its old name is known still; what is said of it is not said of what went out now. */
static void what_was_sent_again_is_found_by_its_new_id(void **state)
{
    struct world *w = *state;
    struct kf_id conv = sent(w, "first");
    struct errands_copy e;

    assert_int_equal(status(w, "first", DELIVERY_FAILED, "131026", NOW + 40).news.n_statuses, 1);
    assert_int_equal(send_again(w, &conv, 2), KF_OK);
    e = due(w, NOW + 60, 1);
    assert_int_equal(claim(w, &e.e.id).rc, KF_OK);
    assert_int_equal(settle(w, &e.e.id, ERRAND_DONE, "second", NULL).rc, KF_OK);
    assert_int_equal(status(w, "first", DELIVERY_DELIVERED, NULL, NOW + 70).news.n_statuses, 0);
    assert_int_equal(status(w, "second", DELIVERY_DELIVERED, NULL, NOW + 71).news.n_statuses, 1);
    assert_int_equal(answers_what(w, &conv, "first", "x"), 2);
}

static void again_later_is_no_outcome(void **state)
{
    struct world *w = *state;
    struct kf_id conv = talk(w);
    struct errands_copy e;
    struct told t;

    (void)answer(w, &conv, "hello");
    e = due(w, NOW + 10, 1);
    assert_int_equal(claim(w, &e.e.id).rc, KF_OK);
    t = settle(w, &e.e.id, ERRAND_QUEUED, NULL, "503");
    assert_int_equal(t.news.n_statuses, 0);
    assert_int_equal(due(w, NOW + 999, 1).n, 0);
    e = due(w, NOW + 1000, 1);
    assert_int_equal(e.e.attempt, 1);
    assert_int_equal(e.e.state, ERRAND_QUEUED);
}

static void states_never_go_back(void **state)
{
    struct world *w = *state;
    static const struct {
        enum delivery said;
        int moves;
    } rows[] = {
        { DELIVERY_DELIVERED, 1 }, { DELIVERY_SENT, 0 }, { DELIVERY_DELIVERED, 0 }, { DELIVERY_READ, 1 }, { DELIVERY_FAILED, 0 },
    };

    (void)sent(w, "ours");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct told t = status(w, "ours", rows[i].said, NULL, NOW + 40);

        assert_int_equal(t.rc, KF_OK);
        assert_true(t.news.has_conv);
        assert_int_equal(t.news.n_statuses, rows[i].moves);
    }
}

static void a_status_that_comes_too_early_waits(void **state)
{
    struct world *w = *state;
    struct told t = status(w, "ours", DELIVERY_DELIVERED, NULL, NOW);
    struct conv_copy c;
    struct kf_id conv;

    assert_int_equal(t.rc, KF_OK);
    assert_false(t.news.has_conv);
    conv = sent(w, "ours");
    c = get_conv(w, &conv);
    assert_int_equal(c.conv.seq, 2);
    assert_string_equal(kinds(w, &conv), "opened delivery");
    assert_int_equal(status(w, "ours", DELIVERY_DELIVERED, NULL, NOW + 50).news.n_statuses, 0); /* it is delivered already */
    assert_int_equal(status(w, "ours", DELIVERY_READ, NULL, NOW + 50).news.n_statuses, 1);
}

static void what_failed_can_be_sent_again(void **state)
{
    struct world *w = *state;
    struct kf_id conv = talk(w);
    struct errands_copy e;
    struct change *c;
    struct told t;

    (void)answer(w, &conv, "hello");
    e = due(w, NOW + 10, 1);
    assert_int_equal(claim(w, &e.e.id).rc, KF_OK);
    assert_int_equal(settle(w, &e.e.id, ERRAND_FAILED, NULL, "window closed").rc, KF_OK);
    c = on_conv(&conv, NOW + 60);
    change_act(c, ACT_ERRAND)->u.errand = (struct errand){ .kind = ERRAND_SEND, .seq = 2 };
    t = commit(w, c);
    assert_int_equal(t.rc, KF_OK);
    assert_int_equal(t.news.n_errands, 1);
    assert_int_equal(t.statuses[0].delivery, DELIVERY_SENDING);
    e = due(w, NOW + 60, 1);
    assert_string_equal(e.text, "hello");
    assert_int_equal(e.e.message.delivery, DELIVERY_SENDING);
}

static void reacts(struct world *w, const struct kf_id *conv)
{
    struct change *c = on_conv(conv, NOW + 10);

    change_act(c, ACT_ERRAND)->u.errand = (struct errand){ .kind = ERRAND_REACT, .seq = 1 };
    assert_int_equal(commit(w, c).rc, KF_OK);
}

/* It waits for what is before it, words and reactions; of what is behind it only reactions wait. */
static void a_reaction_holds_up_reactions_only(void **state)
{
    struct world *w = *state;
    struct kf_id conv = talk(w);
    struct errands_copy first, words;

    reacts(w, &conv);
    first = due(w, NOW + 10, 1);
    assert_int_equal(claim(w, &first.e.id).rc, KF_OK);
    assert_int_equal(settle(w, &first.e.id, ERRAND_QUEUED, NULL, "too fast").rc, KF_OK);
    (void)answer(w, &conv, "hello");
    reacts(w, &conv);
    words = due(w, NOW + 10, 1);
    assert_int_equal(words.n, 1);
    assert_int_equal(words.e.kind, ERRAND_SEND);
    assert_int_equal(due(w, NOW + 2000, 1).n, 2);
    assert_int_equal(settle(w, &first.e.id, ERRAND_DONE, NULL, NULL).rc, KF_OK);
    assert_int_equal(due(w, NOW + 2000, 1).n, 1); /* the words, which the second one waits for */
    assert_int_equal(settle(w, &words.e.id, ERRAND_DONE, "ours", NULL).rc, KF_OK);
    assert_int_equal(due(w, NOW + 2000, 1).e.kind, ERRAND_REACT);
}

static void a_reaction_that_is_taken_out_is_told(void **state)
{
    struct world *w = *state;
    struct kf_id conv = talk(w);
    struct errands_copy e;
    struct change *c;
    struct told t;

    (void)answer(w, &conv, "hello");
    reacts(w, &conv);
    e = due(w, NOW + 10, 1);
    assert_int_equal(claim(w, &e.e.id).rc, KF_OK);
    assert_int_equal(settle(w, &e.e.id, ERRAND_DONE, "ours", NULL).rc, KF_OK);
    e = due(w, NOW + 10, 1);
    assert_int_equal(e.e.kind, ERRAND_REACT);
    c = new_change(NOW + 40);
    change_act(c, ACT_ERRAND_DROP)->u.errand.id = e.e.id;
    t = commit(w, c);
    assert_int_equal(t.rc, KF_OK);
    assert_int_equal(t.news.n_entries, 1);
    assert_string_equal(t.entries[0].kind, "reaction_failed");
    assert_int_equal(t.entries[0].after_seq, 1);
    assert_int_equal(due(w, NOW + 2000, 1).n, 0);
}

static void only_what_failed_can_be_sent_again_by_hand(void **state)
{
    struct world *w = *state;
    struct kf_id conv = talk(w);
    struct errands_copy e;

    (void)answer(w, &conv, "hello");
    assert_int_equal(send_again(w, &conv, 1), KF_CONFLICT); /* the visitor's own words */
    assert_int_equal(send_again(w, &conv, 2), KF_CONFLICT); /* still on its way */
    e = due(w, NOW + 10, 1);
    assert_int_equal(claim(w, &e.e.id).rc, KF_OK);
    assert_int_equal(settle(w, &e.e.id, ERRAND_UNCERTAIN, NULL, "no answer").rc, KF_OK);
    assert_int_equal(send_again(w, &conv, 2), KF_OK);
    assert_int_equal(send_again(w, &conv, 2), KF_CONFLICT); /* twice at once */
    e = due(w, NOW + 60, 1);
    assert_int_equal(claim(w, &e.e.id).rc, KF_OK);
    assert_int_equal(settle(w, &e.e.id, ERRAND_DONE, "ours", NULL).rc, KF_OK);
    assert_int_equal(send_again(w, &conv, 2), KF_CONFLICT); /* it has arrived */
    assert_int_equal(send_again(w, &conv, 3), KF_ABSENT);
}

static void a_message_is_removed_by_its_platform_id(void **state)
{
    struct world *w = *state;
    struct kf_id conv = talk(w);
    struct change *c = new_change(NOW + 3 * MINUTE);
    struct told t;

    change_act(c, ACT_REMOVE)->u.edit.ref = "theirs-1";
    c->acts[0].u.edit.within_ms = 2 * MINUTE;
    assert_int_equal(commit(w, c).rc, KF_CONFLICT);
    c = new_change(NOW + MINUTE);
    change_act(c, ACT_REMOVE)->u.edit.ref = "theirs-1";
    c->acts[0].u.edit.within_ms = 2 * MINUTE;
    t = commit(w, c);
    assert_int_equal(t.rc, KF_OK);
    assert_true(id_eq(&t.news.conv.id, &conv));
    assert_string_equal(texts(w, &conv, 0, 0, 5), "1:");
    c = new_change(NOW);
    change_act(c, ACT_REMOVE)->u.edit.ref = "nobody's";
    assert_int_equal(commit(w, c).rc, KF_ABSENT);
}

static void gone(struct world *w, enum act_kind kind, const char *channel, int64_t since)
{
    struct change *c = new_change(NOW + 50);
    struct act *a = change_act(c, kind);

    a->u.gone.channel = key(channel);
    a->u.gone.since = since;
    assert_int_equal(commit(w, c).rc, KF_OK);
}

static void copy_gone(const struct query *q, void *ctx)
{
    int64_t *since = ctx;

    *since = q->n_counts == 1 && strcmp(q->counts[0].key.s, "web") == 0 ? q->counts[0].n : (int64_t)q->n_counts;
}

/* Since when the channel "web", and no other, is gone; else how many there are. */
static int64_t gone_since(struct world *w)
{
    struct query *q = query_new(QUERY_CHANNELS_GONE);
    int64_t ret = -1;

    q->site = key("demo");
    assert_int_equal(ask(w, q, copy_gone, &ret), KF_OK);
    return ret;
}

static void save_channel(struct world *w, int64_t version)
{
    struct change *c = new_change(NOW + 60);

    change_act(c, ACT_DOCUMENT)->u.document =
        (struct act_document){ .kind = key("channel"), .key = key("web"), .version = version, .body = "{}" };
    assert_int_equal(commit(w, c).rc, KF_OK);
}

static void an_errand_knows_whether_its_channel_is_gone(void **state)
{
    struct world *w = *state;
    struct kf_id conv = talk(w);

    answer(w, &conv, "hello");
    assert_false(due(w, NOW + 100, 1).e.gone);
    gone(w, ACT_CHANNEL_GONE, "other", NOW);
    assert_false(due(w, NOW + 100, 1).e.gone);
    gone(w, ACT_CHANNEL_BACK, "other", 0);
    assert_int_equal(gone_since(w), 0);
    gone(w, ACT_CHANNEL_GONE, "other", NOW + 50); /* that had left before somebody was there */
    assert_int_equal(gone_since(w), 0);
    gone(w, ACT_CHANNEL_GONE, "other", NOW + 51);
    gone(w, ACT_CHANNEL_BACK, "other", 0);

    gone(w, ACT_CHANNEL_GONE, "web", NOW);
    gone(w, ACT_CHANNEL_GONE, "web", NOW);
    assert_true(due(w, NOW + 100, 1).e.gone);
    assert_int_equal(gone_since(w), NOW + 50);
    save_channel(w, 1);
    assert_false(due(w, NOW + 100, 1).e.gone);

    /* Whoever was asked before that was another one, perhaps. */
    gone(w, ACT_CHANNEL_GONE, "web", NOW + 59);
    gone(w, ACT_CHANNEL_GONE, "web", NOW + 60);
    assert_int_equal(gone_since(w), 0);
    gone(w, ACT_CHANNEL_GONE, "web", NOW + 61);
    assert_true(due(w, NOW + 100, 1).e.gone);
    gone(w, ACT_CHANNEL_BACK, "web", 0);
    assert_false(due(w, NOW + 100, 1).e.gone);
    assert_int_equal(gone_since(w), 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup_world, teardown_world)
static const struct CMUnitTest tests[] = {
    T(an_errand_is_complete_for_sending),
    T(files_said_in_one_go_are_read_together),
    T(one_claims_an_errand),
    T(what_was_tried_since_is_not_claimed_as_it_was),
    T(a_settled_errand_moves_its_message),
    T(again_later_is_no_outcome),
    T(every_part_of_a_long_text_is_found_by_its_own_id),
    T(one_part_that_failed_fails_the_message),
    T(what_was_sent_again_is_found_by_its_new_id),
    T(states_never_go_back),
    T(a_status_that_comes_too_early_waits),
    T(what_failed_can_be_sent_again),
    T(a_reaction_holds_up_reactions_only),
    T(a_reaction_that_is_taken_out_is_told),
    T(only_what_failed_can_be_sent_again_by_hand),
    T(a_message_is_removed_by_its_platform_id),
    T(an_errand_knows_whether_its_channel_is_gone),
};

RUN_BOTH(tests)
