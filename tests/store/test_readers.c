/* Who is read for first: what would otherwise depend on which thread is faster is held still by readers that wait at a gate. */
#include "tests/store/world.h"

#include "store/inside.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define ASKS_MAX 16

struct gate {
    pthread_mutex_t lock;
    pthread_cond_t opened;
    bool open;
    char order[ASKS_MAX + 1]; /* of whoever was read for, a letter each */
    size_t n, waiting, long_now, long_most;
};

struct gated {
    struct ask ask;
    struct gate *gate;
    char name;
    bool waits;
    size_t *answered;
};

static void gated_read(struct ask *k, struct reader *r)
{
    struct gated *g = (struct gated *)k;
    struct gate *gate = g->gate;
    bool is_long = k->class == ASK_LONG;

    (void)r;
    pthread_mutex_lock(&gate->lock);
    gate->order[gate->n++] = g->name;
    gate->long_now += is_long;
    if (gate->long_now > gate->long_most)
        gate->long_most = gate->long_now;
    gate->waiting++;
    while (g->waits && !gate->open)
        pthread_cond_wait(&gate->opened, &gate->lock);
    gate->waiting--;
    gate->long_now -= is_long;
    pthread_mutex_unlock(&gate->lock);
    k->rc = KF_OK;
}

static void gated_done(struct done *d)
{
    ++*((struct gated *)d)->answered;
}

static void ask_at(struct world *w, struct gated *g)
{
    g->ask.done.run = gated_done;
    g->ask.read = gated_read;
    readers_take(w->store, &g->ask);
}

static size_t at_gate(struct gate *gate)
{
    size_t ret;

    pthread_mutex_lock(&gate->lock);
    ret = gate->waiting;
    pthread_mutex_unlock(&gate->lock);
    return ret;
}

static void wait_at_gate(struct gate *gate, size_t n)
{
    int64_t until = mono_ms() + WAIT_MS;

    while (at_gate(gate) < n) {
        assert_true(mono_ms() < until);
        (void)poll(NULL, 0, 1);
    }
}

static void open_gate(struct gate *gate)
{
    pthread_mutex_lock(&gate->lock);
    gate->open = true;
    pthread_cond_broadcast(&gate->opened);
    pthread_mutex_unlock(&gate->lock);
}

static void answers_come(struct world *w, const size_t *answered, size_t n)
{
    int64_t until = mono_ms() + WAIT_MS;

    while (*answered < n) {
        assert_true(mono_ms() < until);
        (void)poll(&(struct pollfd){ .fd = w->wake[0], .events = POLLIN }, 1, 10);
        store_drain(w->store);
    }
}

static void a_duty_comes_before_talk_and_talk_before_what_is_long(void **state)
{
    struct world *w = *state;
    struct gate gate = { .lock = PTHREAD_MUTEX_INITIALIZER, .opened = PTHREAD_COND_INITIALIZER };
    size_t answered = 0;
    struct gated asks[] = {
        { .name = '1', .waits = true },         { .name = '2', .waits = true }, { .name = 'l', .ask.class = ASK_LONG }, { .name = 't' },
        { .name = 'd', .ask.class = ASK_DUTY },
    };

    for (size_t i = 0; i < COUNT(asks); i++) {
        asks[i].gate = &gate;
        asks[i].answered = &answered;
        ask_at(w, &asks[i]);
        if (i == 1)
            wait_at_gate(&gate, 2); /* both threads are held */
    }
    open_gate(&gate);
    answers_come(w, &answered, COUNT(asks));
    assert_non_null(strchr(gate.order, 'd'));
    assert_true(strchr(gate.order, 'd') < strchr(gate.order, 't'));
    assert_true(strchr(gate.order, 't') < strchr(gate.order, 'l'));
}

static void what_is_long_leaves_a_thread_to_the_others(void **state)
{
    struct world *w = *state;
    struct gate gate = { .lock = PTHREAD_MUTEX_INITIALIZER, .opened = PTHREAD_COND_INITIALIZER };
    size_t answered = 0;
    struct gated asks[] = {
        { .name = 'a', .waits = true, .ask.class = ASK_LONG },
        { .name = 'b', .waits = true, .ask.class = ASK_LONG },
        { .name = 'c', .waits = true, .ask.class = ASK_LONG },
        { .name = 't' },
    };

    for (size_t i = 0; i < COUNT(asks); i++) {
        asks[i].gate = &gate;
        asks[i].answered = &answered;
        ask_at(w, &asks[i]);
    }
    answers_come(w, &answered, 1); /* the gate is closed, and the talk is answered */
    assert_non_null(strchr(gate.order, 't'));
    open_gate(&gate);
    answers_come(w, &answered, COUNT(asks));
    assert_int_equal(gate.long_most, 1);
}

static void what_is_long_fills_half_of_the_room_and_a_duty_is_never_refused(void **state)
{
    struct world *w = *state;
    struct gate gate = { .lock = PTHREAD_MUTEX_INITIALIZER, .opened = PTHREAD_COND_INITIALIZER };
    size_t answered = 0, room = w->store->readers.max;
    struct gated held[2] = { { .name = '1', .waits = true }, { .name = '2', .waits = true } }, asks[6] = {
        { .name = 'l', .ask.class = ASK_LONG },
        { .name = 'm', .ask.class = ASK_LONG },
        { .name = 'n', .ask.class = ASK_LONG },
        { .name = 't' },
        { .name = 'u' },
        { .name = 'd', .ask.class = ASK_DUTY },
    };

    w->store->readers.max = 4;
    for (size_t i = 0; i < COUNT(held); i++) {
        held[i].gate = &gate;
        held[i].answered = &answered;
        ask_at(w, &held[i]);
    }
    wait_at_gate(&gate, 2);
    for (size_t i = 0; i < COUNT(asks); i++) {
        asks[i].gate = &gate;
        asks[i].answered = &answered;
        ask_at(w, &asks[i]);
    }
    open_gate(&gate);
    answers_come(w, &answered, COUNT(held) + COUNT(asks));
    assert_int_equal(asks[1].ask.rc, KF_OK);
    assert_int_equal(asks[2].ask.rc, KF_AGAIN);
    assert_int_equal(asks[4].ask.rc, KF_OK);
    assert_int_equal(asks[5].ask.rc, KF_OK);
    w->store->readers.max = room;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_duty_comes_before_talk_and_talk_before_what_is_long, setup_world, teardown_world),
        cmocka_unit_test_setup_teardown(what_is_long_leaves_a_thread_to_the_others, setup_world, teardown_world),
        cmocka_unit_test_setup_teardown(what_is_long_fills_half_of_the_room_and_a_duty_is_never_refused, setup_world, teardown_world),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
