/* Each script's transitions, with a private redis-server and a clock that the test moves. */
#include "live_test.h"

static struct kf_key site;
static int n_sites;

static int begin(void **state)
{
    (void)state;
    world_begin();
    node_up(0, NULL, NULL);
    return 0;
}

static int end(void **state)
{
    (void)state;
    world_end();
    return 0;
}

/* A site of its own for each test, rebuilt under lease 5, with agent 1 online, connected, two places. */
static int fresh(void **state)
{
    char name[16];

    (void)state;
    (void)snprintf(name, sizeof(name), "site%d", ++n_sites);
    site = key_of(name);
    assert_int_equal(do_reset(0, &site, 5).rc, KF_OK);
    assert_int_equal(do_agent(0, &site, 1, PRESENCE_ONLINE, 2).rc, KF_OK);
    assert_int_equal(do_connected(0, &site, 1).rc, KF_OK);
    assert_int_equal(do_ready(0, &site, 5).rc, KF_OK);
    return 0;
}

static void put_waiting(int n, int64_t epoch)
{
    struct conv c = conv_waiting(&site, n, epoch, "main", w.now);

    assert_int_equal(do_put(0, &c).rc, KF_OK);
}

static void put(struct conv c)
{
    assert_int_equal(do_put(0, &c).rc, KF_OK);
}

static void conflicts(struct answer a, const char *words)
{
    assert_int_equal(a.rc, KF_CONFLICT);
    assert_string_equal(a.why.text, words);
}

static void an_unknown_site_is_unready(void **state)
{
    struct kf_key other = key_of("other");
    struct conv c = conv_waiting(&other, 1, 1, "main", 0);
    struct answer a = do_put(0, &c);

    (void)state;
    assert_true(live_unready(a.rc, &a.why));
    a = do_agent(0, &other, 1, PRESENCE_ONLINE, 1);
    assert_true(live_unready(a.rc, &a.why));
    a = do_reserve(0, &other, 5, 1, 1, 1, 1000);
    assert_true(live_unready(a.rc, &a.why));
    a = do_ready(0, &other, 5);
    assert_true(live_unready(a.rc, &a.why));
    assert_int_equal(do_look(0, &other, 9).rc, KF_CONFLICT);
    assert_int_equal(do_position(0, &other, "main", 1).rc, KF_CONFLICT);
    assert_int_equal(do_connected(0, &other, 1).rc, KF_OK); /* is not rebuilt, so it may come before */
}

static void while_it_is_rebuilt_a_site_takes_but_does_not_give(void **state)
{
    struct answer a;

    (void)state;
    assert_int_equal(do_reset(0, &site, 5).rc, KF_OK);
    put_waiting(1, 1);
    assert_int_equal(do_agent(0, &site, 1, PRESENCE_ONLINE, 2).rc, KF_OK);
    assert_int_equal(do_look(0, &site, 9).rc, KF_CONFLICT);
    a = do_reserve(0, &site, 5, 1, 1, 1, 1000);
    assert_true(live_unready(a.rc, &a.why));
    assert_int_equal(do_ready(0, &site, 5).rc, KF_OK);
    assert_int_equal(do_ready(0, &site, 5).rc, KF_OK);
    assert_int_equal(do_reserve(0, &site, 5, 1, 1, 1, 1000).rc, KF_OK);
}

static void an_old_lease_is_a_conflict_and_a_newer_one_has_to_rebuild(void **state)
{
    struct answer a;

    (void)state;
    put_waiting(1, 1);
    conflicts(do_reserve(0, &site, 4, 1, 1, 1, 1000), "the lease epoch is 5");
    conflicts(do_reset(0, &site, 4), "the lease epoch is 5");
    conflicts(do_ready(0, &site, 4), "the lease epoch is 5");
    a = do_reserve(0, &site, 6, 1, 1, 1, 1000);
    assert_true(live_unready(a.rc, &a.why));
    a = do_ready(0, &site, 6);
    assert_true(live_unready(a.rc, &a.why));

    assert_int_equal(do_reset(0, &site, 6).rc, KF_OK);
    conflicts(do_ready(0, &site, 5), "the lease epoch is 6");
    assert_int_equal(do_ready(0, &site, 6).rc, KF_OK);
    conflicts(do_reserve(0, &site, 5, 1, 1, 1, 1000), "the lease epoch is 6");
    assert_false(waits(0, &site, 1));
}

static void a_reservation_takes_the_conversation_off_the_list_and_a_place_of_the_agent(void **state)
{
    struct seen s;

    (void)state;
    put_waiting(1, 3);
    assert_int_equal(do_reserve(0, &site, 5, 1, 3, 1, 1000).rc, KF_OK);
    s = do_look(0, &site, 9);
    assert_int_equal(s.total, 0);
    assert_int_equal(s.n_waiting, 0);
    assert_int_equal(agent_in(&s, 1)->load, 1);
    assert_int_equal(agent_in(&s, 1)->handled, 0); /* not yet */
    assert_int_equal(agent_in(&s, 1)->idle_since, w.now);
    conflicts(do_reserve(0, &site, 5, 1, 3, 1, 1000), "the conversation does not wait");
}

/* A heavy one takes as many places as it weighs, reserved and placed. */
static void a_conversation_takes_as_many_places_as_it_weighs(void **state)
{
    struct conv heavy = conv_waiting(&site, 1, 1, "main", w.now);
    struct seen s;

    (void)state;
    heavy.weight = 2;
    put(heavy);
    s = do_look(0, &site, 9);
    assert_int_equal(s.waiting[0].weight, 2);
    assert_int_equal(do_reserve(0, &site, 5, 1, 1, 1, 1000).rc, KF_OK);
    s = do_look(0, &site, 9);
    assert_int_equal(agent_in(&s, 1)->load, 2);
    put_waiting(2, 1);
    conflicts(do_reserve(0, &site, 5, 2, 1, 1, 1000), "the agent is full");
    heavy.state = CONV_SERVED;
    heavy.owner = AGENT(1);
    heavy.epoch = 2;
    put(heavy);
    s = do_look(0, &site, 9);
    assert_int_equal(agent_in(&s, 1)->load, 2);
    heavy.state = CONV_CLOSED;
    heavy.epoch = 3;
    put(heavy);
    s = do_look(0, &site, 9);
    assert_int_equal(agent_in(&s, 1)->load, 0);
}

static void a_reservation_needs_the_epoch_an_agent_online_connected_and_with_a_free_place(void **state)
{
    (void)state;
    put_waiting(1, 3);
    put_waiting(2, 1);
    put_waiting(3, 1);
    conflicts(do_reserve(0, &site, 5, 1, 2, 1, 1000), "the epoch is 3");
    conflicts(do_reserve(0, &site, 5, 1, 4, 1, 1000), "the epoch is 3");
    conflicts(do_reserve(0, &site, 5, 99, 1, 1, 1000), "the conversation does not wait");
    conflicts(do_reserve(0, &site, 5, 1, 3, 9, 1000), "the agent is not online");
    for (enum presence p = PRESENCE_OFFLINE; p < PRESENCE_ONLINE; p++) {
        assert_int_equal(do_agent(0, &site, 1, p, 2).rc, KF_OK);
        conflicts(do_reserve(0, &site, 5, 1, 3, 1, 1000), "the agent is not online");
    }
    assert_int_equal(do_agent(0, &site, 1, PRESENCE_ONLINE, 2).rc, KF_OK);
    assert_int_equal(do_agent(0, &site, 2, PRESENCE_ONLINE, 2).rc, KF_OK);
    conflicts(do_reserve(0, &site, 5, 1, 3, 2, 1000), "the agent is not connected");

    assert_int_equal(do_reserve(0, &site, 5, 1, 3, 1, 1000).rc, KF_OK);
    assert_int_equal(do_reserve(0, &site, 5, 2, 1, 1, 1000).rc, KF_OK);
    conflicts(do_reserve(0, &site, 5, 3, 1, 1, 1000), "the agent is full");
    assert_true(waits(0, &site, 3));
    assert_int_equal(load_of(0, &site, 1), 2);
}

static void a_reservation_that_ran_out_is_nowhere_until_the_holder_says_waiting_again(void **state)
{
    (void)state;
    put_waiting(1, 3);
    assert_int_equal(do_reserve(0, &site, 5, 1, 3, 1, 1000).rc, KF_OK);
    w.now += 999;
    put_waiting(1, 3); /* the holder's sweep: the match may still come */
    assert_int_equal(load_of(0, &site, 1), 1);
    assert_false(waits(0, &site, 1));
    w.now += 1;
    assert_int_equal(load_of(0, &site, 1), 0);
    assert_false(waits(0, &site, 1));
    conflicts(do_reserve(0, &site, 5, 1, 3, 1, 1000), "the conversation does not wait");
    put_waiting(1, 3);
    assert_true(waits(0, &site, 1));
    assert_int_equal(do_reserve(0, &site, 5, 1, 3, 1, 1000).rc, KF_OK);
    assert_int_equal(load_of(0, &site, 1), 1);
}

static void a_committed_owner_keeps_the_place_and_is_counted_once(void **state)
{
    struct seen s;

    (void)state;
    put_waiting(1, 3);
    assert_int_equal(do_reserve(0, &site, 5, 1, 3, 1, 1000).rc, KF_OK);
    put(conv_of(&site, 1, 4, CONV_OFFERED, 1));
    put(conv_of(&site, 1, 4, CONV_SERVED, 1));
    put(conv_of(&site, 1, 4, CONV_SERVED, 1));
    w.now += 3600000;
    s = do_look(0, &site, 9);
    assert_int_equal(agent_in(&s, 1)->load, 1);
    assert_int_equal(agent_in(&s, 1)->handled, 1);
    assert_int_equal(agent_in(&s, 1)->idle_since, w.now - 3600000);
}

static void an_older_epoch_is_ignored_even_after_the_end(void **state)
{
    (void)state;
    put(conv_of(&site, 1, 4, CONV_SERVED, 1));
    put_waiting(1, 3);
    assert_false(waits(0, &site, 1));
    assert_int_equal(load_of(0, &site, 1), 1);
    put(conv_of(&site, 1, 5, CONV_CLOSED, 0));
    put(conv_of(&site, 1, 4, CONV_SERVED, 1));
    put_waiting(1, 3);
    assert_false(waits(0, &site, 1));
    assert_int_equal(load_of(0, &site, 1), 0);
    put_waiting(1, 6); /* reopened */
    assert_true(waits(0, &site, 1));
}

static void a_newer_epoch_ends_a_reservation(void **state)
{
    (void)state;
    put_waiting(1, 3);
    assert_int_equal(do_reserve(0, &site, 5, 1, 3, 1, 60000).rc, KF_OK);
    put_waiting(1, 5); /* somebody took it and gave it back */
    assert_true(waits(0, &site, 1));
    assert_int_equal(load_of(0, &site, 1), 0);
}

static void a_place_moves_from_agent_to_agent(void **state)
{
    struct seen s;

    (void)state;
    assert_int_equal(do_agent(0, &site, 2, PRESENCE_ONLINE, 1).rc, KF_OK);
    put(conv_of(&site, 1, 4, CONV_SERVED, 1));
    w.now += 500;
    put(conv_of(&site, 1, 5, CONV_SERVED, 2));
    s = do_look(0, &site, 9);
    assert_int_equal(agent_in(&s, 1)->load, 0);
    assert_int_equal(agent_in(&s, 1)->idle_since, w.now);
    assert_int_equal(agent_in(&s, 1)->handled, 1);
    assert_int_equal(agent_in(&s, 2)->load, 1);
    assert_int_equal(agent_in(&s, 2)->handled, 1);
}

static void wrapping_up_holds_the_place_until_its_time(void **state)
{
    struct seen s;

    (void)state;
    put(conv_of(&site, 1, 4, CONV_SERVED, 1));
    put(conv_wrapping(&site, 1, 5, 1, w.now + 1000));
    assert_int_equal(load_of(0, &site, 1), 1);
    w.now += 999;
    assert_int_equal(load_of(0, &site, 1), 1);
    w.now += 1;
    assert_int_equal(load_of(0, &site, 1), 0);
    w.now += 5000;
    s = do_look(0, &site, 9);
    assert_int_equal(agent_in(&s, 1)->idle_since, w.now - 5000);
    put_waiting(2, 1); /* the record is forgotten on the way */
    s = do_look(0, &site, 9);
    assert_int_equal(agent_in(&s, 1)->idle_since, w.now - 5000);
    put(conv_wrapping(&site, 3, 1, 1, w.now)); /* over when it is told */
    assert_int_equal(load_of(0, &site, 1), 0);
}

static void reopened_while_wrapping_up_it_waits_and_the_place_is_free(void **state)
{
    struct conv c;

    (void)state;
    put(conv_of(&site, 1, 4, CONV_SERVED, 1));
    put(conv_wrapping(&site, 1, 5, 1, w.now + 60000));
    c = conv_waiting(&site, 1, 6, "main", w.now);
    c.last_agent = AGENT(1);
    put(c);
    assert_int_equal(load_of(0, &site, 1), 0);
    w.now += 120000;
    put_waiting(2, 1); /* its old end must not take it away */
    assert_true(waits(0, &site, 1));
}

static void a_takeover_may_exceed_the_capacity_but_no_match_does(void **state)
{
    (void)state;
    put(conv_of(&site, 1, 2, CONV_SERVED, 1));
    put(conv_of(&site, 2, 2, CONV_SERVED, 1));
    put(conv_of(&site, 3, 2, CONV_SERVED, 1));
    assert_int_equal(load_of(0, &site, 1), 3);
    put_waiting(4, 1);
    conflicts(do_reserve(0, &site, 5, 4, 1, 1, 1000), "the agent is full");
    put(conv_of(&site, 1, 3, CONV_CLOSED, 0));
    conflicts(do_reserve(0, &site, 5, 4, 1, 1, 1000), "the agent is full");
    put(conv_of(&site, 2, 3, CONV_CLOSED, 0));
    assert_int_equal(do_reserve(0, &site, 5, 4, 1, 1, 1000).rc, KF_OK);
}

static void the_first_waiting_are_those_of_the_smallest_effective_time(void **state)
{
    static const struct {
        int conv, priority;
        const char *queue;
        int64_t arrived;
    } rows[] = { { 1, 0, "main", 0 }, { 2, 0, "vip", -1000 }, { 3, 1, "main", 30000 }, { 4, 0, "main", 5000 }, { 5, 0, "main", 0 } };
    static const int order[] = { 3, 2, 1, 5, 4 }; /* one point of priority is a minute; then by id */
    struct seen s;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct conv c = conv_waiting(&site, rows[i].conv, 1 + rows[i].conv, rows[i].queue, w.now + rows[i].arrived);

        c.priority = rows[i].priority;
        c.last_agent = rows[i].conv == 4 ? AGENT(7) : (struct kf_id){ { 0 } };
        put(c);
    }
    s = do_look(0, &site, 64);
    assert_int_equal(s.n_waiting, 5);
    for (int i = 0; i < 5; i++) {
        struct kf_id id = CONV(order[i]);

        assert_memory_equal(&s.waiting[i].conv, &id, sizeof(id));
        assert_int_equal(s.waiting[i].epoch, 1 + order[i]);
    }
    assert_string_equal(s.waiting[1].queue.s, "vip");
    assert_int_equal(s.waiting[0].effective, w.now - 30000);
    assert_true(id_is_zero(&s.waiting[0].prefer));
    assert_int_equal(s.waiting[4].prefer.b[15], 7);
    s = do_look(0, &site, 2);
    assert_int_equal(s.n_waiting, 2);
    assert_int_equal(s.total, 5);
    s = do_look(0, &site, 0);
    assert_int_equal(s.n_waiting, 0);
    assert_int_equal(s.total, 5);
}

static void a_position_counts_those_of_the_queue(void **state)
{
    struct conv vip = conv_waiting(&site, 9, 1, "vip", w.now - 1);
    struct kf_id second = CONV(2);
    struct line line;

    (void)state;
    put(vip);
    for (int i = 1; i <= 3; i++) {
        w.now += 10;
        put_waiting(i, 1);
    }
    assert_int_equal(do_position(0, &site, "main", 1).position, 1);
    assert_int_equal(do_position(0, &site, "main", 3).position, 3);
    assert_int_equal(do_position(0, &site, "main", 3).length, 3);
    line = do_positions(0, &site, "main", 0, 2);
    assert_int_equal(line.length, 3);
    assert_int_equal(line.n, 2);
    assert_true(id_eq(&line.convs[1], &second));
    line = do_positions(0, &site, "main", 1, 2);
    assert_int_equal(line.n, 2);
    assert_true(id_eq(&line.convs[0], &second));
    assert_int_equal(do_positions(0, &site, "main", 3, 2).n, 0);
    assert_int_equal(do_position(0, &site, "vip", 9).position, 1);
    assert_int_equal(do_position(0, &site, "vip", 1).position, 0);
    assert_int_equal(do_reserve(0, &site, 5, 1, 1, 1, 1000).rc, KF_OK);
    assert_int_equal(do_position(0, &site, "main", 1).position, 0);
    assert_int_equal(do_position(0, &site, "main", 3).position, 2);
    vip = conv_waiting(&site, 9, 2, "main", w.now - 1000);
    put(vip); /* moved to the other queue */
    assert_int_equal(do_position(0, &site, "main", 9).position, 1);
    assert_int_equal(do_position(0, &site, "vip", 9).position, 0);
    assert_int_equal(do_position(0, &site, "vip", 9).length, 0);
}

static void a_heartbeat_holds_for_its_time_and_the_silence_since_is_known(void **state)
{
    struct seen s;

    (void)state;
    put_waiting(1, 1);
    w.now += LIVE_GONE_MS - 1;
    s = do_look(0, &site, 9);
    assert_true(agent_in(&s, 1)->connected);
    assert_int_equal(agent_in(&s, 1)->gone_since, 0);
    w.now += 1;
    s = do_look(0, &site, 9);
    assert_false(agent_in(&s, 1)->connected);
    assert_int_equal(agent_in(&s, 1)->gone_since, w.now - LIVE_GONE_MS);
    conflicts(do_reserve(0, &site, 5, 1, 1, 1, 1000), "the agent is not connected");
    assert_int_equal(do_connected(0, &site, 1).rc, KF_OK);
    assert_int_equal(do_reserve(0, &site, 5, 1, 1, 1, 1000).rc, KF_OK);
}

static void a_closed_socket_is_known_at_once_and_survives_a_rebuilding(void **state)
{
    struct seen s;
    int64_t then = w.now;

    (void)state;
    assert_int_equal(do_gone(0, &site, 1).rc, KF_OK);
    w.now += 100;
    assert_int_equal(do_gone(0, &site, 1).rc, KF_OK); /* again: since the first time */
    s = do_look(0, &site, 9);
    assert_false(agent_in(&s, 1)->connected);
    assert_int_equal(agent_in(&s, 1)->gone_since, then);
    assert_int_equal(do_reset(0, &site, 6).rc, KF_OK);
    assert_int_equal(do_agent(0, &site, 1, PRESENCE_ONLINE, 2).rc, KF_OK);
    assert_int_equal(do_ready(0, &site, 6).rc, KF_OK);
    s = do_look(0, &site, 9);
    assert_int_equal(agent_in(&s, 1)->gone_since, then);
}

static void an_agent_of_whom_nothing_was_heard_is_gone_since_it_was_told(void **state)
{
    struct seen s;

    (void)state;
    assert_int_equal(do_agent(0, &site, 2, PRESENCE_ONLINE, 1).rc, KF_OK);
    w.now += 100;
    assert_int_equal(do_agent(0, &site, 2, PRESENCE_BUSY, 3).rc, KF_OK);
    s = do_look(0, &site, 9);
    assert_int_equal(agent_in(&s, 2)->gone_since, w.now - 100);
    assert_int_equal(agent_in(&s, 2)->presence, PRESENCE_BUSY);
    assert_int_equal(agent_in(&s, 2)->capacity, 3);
    assert_int_equal(agent_in(&s, 2)->idle_since, w.now - 100);
}

static void a_rebuilding_forgets_all_but_connections(void **state)
{
    struct seen s;

    (void)state;
    put_waiting(1, 1);
    put(conv_of(&site, 2, 4, CONV_SERVED, 1));
    assert_int_equal(do_reset(0, &site, 5).rc, KF_OK);
    assert_int_equal(do_ready(0, &site, 5).rc, KF_OK);
    s = do_look(0, &site, 9);
    assert_int_equal(s.total, 0);
    assert_int_equal(s.n_agents, 0);
    assert_int_equal(do_position(0, &site, "main", 1).length, 0);

    assert_int_equal(do_reset(0, &site, 5).rc, KF_OK);
    put(conv_of(&site, 2, 4, CONV_SERVED, 1)); /* before its agent: loaded in any order */
    assert_int_equal(do_agent(0, &site, 1, PRESENCE_ONLINE, 2).rc, KF_OK);
    assert_int_equal(do_ready(0, &site, 5).rc, KF_OK);
    s = do_look(0, &site, 9);
    assert_int_equal(agent_in(&s, 1)->load, 1);
    assert_int_equal(agent_in(&s, 1)->handled, 0); /* since ready */
    assert_true(agent_in(&s, 1)->connected);
}

#define T(name) cmocka_unit_test_setup(name, fresh)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(an_unknown_site_is_unready),
        T(while_it_is_rebuilt_a_site_takes_but_does_not_give),
        T(an_old_lease_is_a_conflict_and_a_newer_one_has_to_rebuild),
        T(a_reservation_takes_the_conversation_off_the_list_and_a_place_of_the_agent),
        T(a_conversation_takes_as_many_places_as_it_weighs),
        T(a_reservation_needs_the_epoch_an_agent_online_connected_and_with_a_free_place),
        T(a_reservation_that_ran_out_is_nowhere_until_the_holder_says_waiting_again),
        T(a_committed_owner_keeps_the_place_and_is_counted_once),
        T(an_older_epoch_is_ignored_even_after_the_end),
        T(a_newer_epoch_ends_a_reservation),
        T(a_place_moves_from_agent_to_agent),
        T(wrapping_up_holds_the_place_until_its_time),
        T(reopened_while_wrapping_up_it_waits_and_the_place_is_free),
        T(a_takeover_may_exceed_the_capacity_but_no_match_does),
        T(the_first_waiting_are_those_of_the_smallest_effective_time),
        T(a_position_counts_those_of_the_queue),
        T(a_heartbeat_holds_for_its_time_and_the_silence_since_is_known),
        T(a_closed_socket_is_known_at_once_and_survives_a_rebuilding),
        T(an_agent_of_whom_nothing_was_heard_is_gone_since_it_was_told),
        T(a_rebuilding_forgets_all_but_connections),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
