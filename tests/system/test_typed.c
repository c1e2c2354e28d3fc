/* How long a message was typed is told to whoever reviews it, and to nobody else. */
#include "nodes_rig.h"
#include "tests/support/cast.h"

#include <string.h>

#define AGENT1   "agent1@demo.example"
#define TYPED_MS 400

static int start(void **state)
{
    (void)state;
    nodes_prepare();
    daemon_start(&a, &(struct daemon_options){ .demo = true, .config = config });
    daemon_start(&b, &(struct daemon_options){ .demo = true, .config = config });
    return 0;
}

static int finish(void **state)
{
    (void)state;
    nodes_finish();
    return 0;
}

/* An agent of `b` serves a visitor of `a`. */
static void begin(struct visitor *v, struct staff *s)
{
    staff_online(s, &b, AGENT1, "demo");
    visitor_enter(v, &a, "demo", NULL);
    visitor_sees_staff(v);
    assert_int_equal(visitor_say(v, "c1", "你好"), 1);
    wire_take(&s->wire, "{s:s,s:{s:s}}", "type", "assigned", "conversation", "id", v->conv);
    wire_take(&v->wire, "{s:s,s:s,s:{s:s}}", "type", "state", "state", "served", "agent", "number", "1024");
}

static void end(struct visitor *v, struct staff *s)
{
    wire_sendf(&s->wire, "{\"type\":\"close\",\"conversation\":\"%s\",\"cid\":\"bye\"}", v->conv);
    assert_string_equal(wire_verdict(&s->wire, "bye"), "ack");
    staff_presence(s, "offline");
    staff_free(s);
    visitor_free(v);
}

/* The first sign has gone out; returns when that much time has passed. The time itself is what is waited for. */
static int64_t visitor_types(struct visitor *v, struct staff *s)
{
    int64_t began = now_mono_ms();

    wire_text(&v->wire, "{\"type\":\"typing\",\"on\":true}");
    wire_take(&s->wire, "{s:s,s:s,s:b}", "type", "typing", "conversation", v->conv, "on", 1);
    UNTIL(now_mono_ms() - began > TYPED_MS + 50);
    return began;
}

static int64_t staff_types(struct staff *s, struct visitor *v)
{
    int64_t began = now_mono_ms();

    wire_sendf(&s->wire, "{\"type\":\"typing\",\"conversation\":\"%s\",\"on\":true}", v->conv);
    wire_take(&v->wire, "{s:s,s:b}", "type", "typing", "on", 1);
    UNTIL(now_mono_ms() - began > TYPED_MS + 50);
    return began;
}

/* Of the message `seq`, as a transcript at `path` has it; 0: it does not say. */
static int64_t typed_at(const struct daemon *d, const char *cookie, const char *path, int64_t seq)
{
    struct reply r = web_expect(d, 200, &(struct ask){ .path = path, .cookie = cookie });
    json_t *m;
    size_t i;
    int64_t ret = -1;

    json_array_foreach(value_at(r.json, "messages"), i, m) if (number_at(m, "seq") == seq) ret =
        value_at(m, "typed_ms") ? number_at(m, "typed_ms") : 0;
    reply_free(&r);
    return ret;
}

static int64_t reviewed(const struct visitor *v, int64_t seq)
{
    struct staff reviewer = { .id = "" };
    char path[100];
    int64_t ret;

    staff_sign_in(&reviewer, &a, "reviewer@demo.example");
    (void)snprintf(path, sizeof(path), "/api/v1/transcripts/%s", v->conv);
    ret = typed_at(&a, reviewer.cookie, path, seq);
    staff_free(&reviewer);
    return ret;
}

static void in_bounds(int64_t ms, int64_t began)
{
    assert_true(ms >= TYPED_MS - 50); /* the first sign has its way to go, too */
    assert_true(ms <= now_mono_ms() - began);
}

static void who_reviews_is_told_and_who_takes_part_is_not(void **state)
{
    struct visitor v = { .token = "" };
    struct staff s = { .id = "" };
    int64_t began, seq, ms;
    json_t *frame, *m;
    char *all;
    size_t i;

    (void)state;
    begin(&v, &s);
    began = visitor_types(&v, &s);
    seq = visitor_say(&v, "c2", "发票呢");
    frame = wire_take(&s.wire, "{s:s,s:s}", "type", "message", "text", "发票呢");
    assert_null(value_at(frame, "typed_ms"));
    in_bounds(ms = reviewed(&v, seq), began);
    assert_int_equal(visitor_say(&v, "c2", "发票呢"), seq); /* a repeat, typed or not, changes nothing */
    assert_int_equal(reviewed(&v, seq), ms);

    began = staff_types(&s, &v);
    wire_sendf(&s.wire, "{\"type\":\"typing\",\"conversation\":\"%s\",\"on\":false}", v.conv); /* as the console does */
    seq = staff_say(&s, v.conv, "a1", "在包裹里");
    frame = wire_take(&v.wire, "{s:s,s:s}", "type", "message", "text", "在包裹里");
    assert_null(value_at(frame, "typed_ms"));
    in_bounds(reviewed(&v, seq), began);
    assert_int_equal(reviewed(&v, staff_say(&s, v.conv, "a2", "请看一下")), 0); /* not typed here: a text block, say */

    wire_text(&v.wire, "{\"type\":\"history\",\"after\":0}");
    frame = wire_take(&v.wire, "{s:s}", "type", "history");
    json_array_foreach(value_at(frame, "messages"), i, m) assert_null(value_at(m, "typed_ms"));
    assert_int_equal(i, seq + 1);
    all = json_dumps(frame, 0);
    assert_null(strstr(all, "typed"));
    free(all);
    end(&v, &s);
}

/* The operator makes the visitor's copy: that has what was said, not how. */
static void the_copy_for_the_visitor_does_not_have_it(void **state)
{
    struct visitor v = { .token = "" };
    struct staff s = { .id = "" };
    char path[100];
    struct reply r;
    int64_t seq;
    char *all;

    (void)state;
    begin(&v, &s);
    (void)visitor_types(&v, &s);
    seq = visitor_say(&v, "c2", "发票呢");
    assert_true(reviewed(&v, seq) > 0);
    (void)snprintf(path, sizeof(path), "/api/v1/transcripts/%s", v.conv);
    r = web_expect(&a, 200, &(struct ask){ .path = path, .control = true });
    all = json_dumps(r.json, 0);
    assert_non_null(strstr(all, "发票呢"));
    assert_null(strstr(all, "typed"));
    free(all);
    reply_free(&r);
    end(&v, &s);
}

static void what_is_taken_back_was_not_typed(void **state)
{
    struct visitor v = { .token = "" };
    struct staff s = { .id = "" };
    int64_t seq;

    (void)state;
    begin(&v, &s);
    (void)staff_types(&s, &v);
    seq = staff_say(&s, v.conv, "a1", "说错了的话");
    assert_true(reviewed(&v, seq) > 0);
    wire_sendf(&s.wire, "{\"type\":\"recall\",\"conversation\":\"%s\",\"cid\":\"q1\",\"seq\":%lld}", v.conv, (long long)seq);
    assert_string_equal(wire_verdict(&s.wire, "q1"), "ack");
    assert_int_equal(reviewed(&v, seq), 0);
    end(&v, &s);
}

/* The page comes back at another node, or to one that was killed: nobody knows any more, and nothing is wrong with that. */
static void another_node_does_not_know_it_and_neither_does_one_that_was_killed(void **state)
{
    struct visitor v = { .token = "" };
    struct staff s = { .id = "" };

    (void)state;
    begin(&v, &s);
    (void)visitor_types(&v, &s);
    visitor_leave(&v);
    visitor_enter(&v, &b, "demo", NULL);
    assert_int_equal(reviewed(&v, visitor_say(&v, "c2", "换了个节点")), 0);
    visitor_leave(&v);
    visitor_enter(&v, &a, "demo", NULL);
    (void)visitor_types(&v, &s);
    daemon_kill(&a);
    daemon_restart(&a);
    visitor_leave(&v);
    visitor_enter(&v, &a, "demo", NULL);
    assert_int_equal(reviewed(&v, visitor_say(&v, "c3", "刚才断了")), 0);
    end(&v, &s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_reviews_is_told_and_who_takes_part_is_not),
        cmocka_unit_test(the_copy_for_the_visitor_does_not_have_it),
        cmocka_unit_test(what_is_taken_back_was_not_typed),
        cmocka_unit_test(another_node_does_not_know_it_and_neither_does_one_that_was_killed),
    };

    return cmocka_run_group_tests(tests, start, finish);
}
