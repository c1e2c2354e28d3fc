/* How long a message was typed: kept with it, whatever comes again, until its words go. */
#include "tests/store/older.h"

#define SQL_TYPED "SELECT typed_ms FROM message WHERE seq = 1"

static struct change *typed_says(const char *cid, const char *text, int64_t typed_ms)
{
    struct change *c = visitor_says("v1", cid, text, NOW);

    c->acts[0].u.message.typed_ms = typed_ms;
    return c;
}

static void first_typed(const struct query *q, void *ctx)
{
    assert_int_equal(q->n_messages, 1);
    *(int64_t *)ctx = q->messages[0].typed_ms;
}

static int64_t read_typed(struct world *w, const struct kf_id *conv)
{
    struct query *q = query_new(QUERY_MESSAGES);
    int64_t ret = -1;

    q->id = *conv;
    q->limit = 10;
    assert_int_equal(ask(w, q, first_typed, &ret), KF_OK);
    return ret;
}

/* The page that never saw its ack says it again, and a page does not type what it repeats. */
static void it_is_kept_and_a_repeat_leaves_it_as_it_is(void **state)
{
    struct world *w = *state;
    struct told told = commit(w, typed_says("c1", "好的", 4200)), again;

    assert_int_equal(number(w, SQL_TYPED), 4200);
    again = commit(w, typed_says("c1", "好的", 0));
    assert_int_equal(again.rc, KF_OK);
    assert_true(again.news.duplicate);
    assert_int_equal(read_typed(w, &told.news.conv.id), 4200);
}

/* One that cannot be committed makes the batch begin again, change by change. */
static void it_survives_a_batch_that_is_repeated_one_by_one(void **state)
{
    struct world *w = *state;
    struct told told = { .done = false }, wrong = { .done = false };
    struct change *bad = on_conv(&(struct kf_id){ { 9 } }, NOW);

    add_says(bad, ROLE_AGENT, "nobody's");
    store_commit(w->store, typed_says("c1", "好的", 4200), keep_news, &told);
    store_commit(w->store, bad, keep_news, &wrong);
    world_wait(w, &told.done);
    world_wait(w, &wrong.done);
    assert_int_equal(told.rc, KF_OK);
    assert_int_not_equal(wrong.rc, KF_OK);
    assert_int_equal(read_typed(w, &told.news.conv.id), 4200);
}

static void it_goes_with_the_words_and_not_before(void **state)
{
    struct world *w = *state;
    struct told told = commit(w, typed_says("c1", "好的", 4200));
    struct change *c = on_conv(&told.news.conv.id, NOW);
    struct act *edit = change_act(c, ACT_EDIT);

    edit->u.edit.seq = 1;
    edit->u.edit.text = "好的。";
    assert_int_equal(commit(w, c).rc, KF_OK);
    assert_int_equal(number(w, SQL_TYPED), 4200);
    c = on_conv(&told.news.conv.id, NOW);
    change_act(c, ACT_REMOVE)->u.edit.seq = 1;
    assert_int_equal(commit(w, c).rc, KF_OK);
    assert_int_equal(number(w, SQL_TYPED), 0);
}

static void it_is_forgotten_with_the_visitor(void **state)
{
    struct world *w = *state;
    struct told told = commit(w, typed_says("c1", "好的", 4200));
    struct change *c = on_conv(&told.news.conv.id, NOW);
    struct kf_id contact = told.news.conv.contact;

    add_step(c, CONV_CLOSE, 0, -1);
    assert_int_equal(commit(w, c).rc, KF_OK);
    c = new_change(NOW + 1);
    c->by = (struct actor){ .role = ROLE_AGENT, .id = id_of(7), .name = "admin" };
    change_act(c, ACT_ERASE)->u.erase.visitor = contact;
    assert_int_equal(commit(w, c).rc, KF_OK);
    assert_int_equal(number(w, "SELECT kind FROM message WHERE seq = 1"), MESSAGE_REMOVED);
    assert_int_equal(number(w, SQL_TYPED), 0);
}

static void nobody_knows_it_of_what_an_older_store_has(void **state)
{
    struct world *w = *state;
    struct told told = commit(w, typed_says("c1", "好的", 4200));

    world_close(w);
    make_older(w, 21);
    world_open(w);
    assert_int_equal(read_typed(w, &told.news.conv.id), 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup_world, teardown_world)
static const struct CMUnitTest tests[] = {
    T(it_is_kept_and_a_repeat_leaves_it_as_it_is), T(it_survives_a_batch_that_is_repeated_one_by_one),
    T(it_goes_with_the_words_and_not_before),      T(it_is_forgotten_with_the_visitor),
    T(nobody_knows_it_of_what_an_older_store_has),
};

RUN_BOTH(tests)
