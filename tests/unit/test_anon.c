#include "tests/unit/unit.h"

#include "core/anon.h"
#include "core/coaching.h"

static const struct anon_name names[] = {
    { SLICE("王芳"), "{visitor}" }, { SLICE("王芳芳"), "{agent}" }, { SLICE("Ann Lee"), "{agent}" },
    { SLICE("Ann"), "{agent}" },    { SLICE("李"), "{agent}" },
};

static void names_go_and_nothing_else_does(void **state)
{
    static const struct {
        const char *text, *want;
    } rows[] = {
        { "", "" },
        { "我是王芳。", "我是{visitor}。" },
        { "王芳王芳", "{visitor}{visitor}" },
        { "王芳芳在吗", "{agent}在吗" }, /* the longest */
        { "ANN LEE, ann!", "{agent}, {agent}!" },
        { "Anna and planned", "Anna and planned" }, /* no part of a word */
        { "李先生", "李先生" },                     /* one character would take too much */
        { "小王", "小王" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf b;

        buf_init(&b, 1000);
        anon_text(slice_of(rows[i].text), names, COUNT(names), &b);
        assert_true(buf_ok(&b));
        if (!slice_is(buf_slice(&b), rows[i].want))
            fail_msg("%s: %.*s", rows[i].text, (int)b.n, b.p);
        buf_finish(&b);
    }
}

static void a_note_is_acknowledged_once_and_closed_once(void **state)
{
    static const struct {
        enum coaching_state from;
        enum coaching_event ev;
        enum kf_rc rc;
        enum coaching_state to;
    } rows[] = {
        { COACHING_PLANNED, COACHING_ACKNOWLEDGE, KF_OK, COACHING_ACKNOWLEDGED },
        { COACHING_PLANNED, COACHING_CLOSE, KF_OK, COACHING_DONE },
        { COACHING_ACKNOWLEDGED, COACHING_ACKNOWLEDGE, KF_CONFLICT, COACHING_PLANNED },
        { COACHING_ACKNOWLEDGED, COACHING_CLOSE, KF_OK, COACHING_DONE },
        { COACHING_DONE, COACHING_CLOSE, KF_CONFLICT, COACHING_PLANNED },
        { COACHING_DONE, COACHING_ACKNOWLEDGE, KF_CONFLICT, COACHING_PLANNED },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        enum coaching_state to = COACHING_PLANNED;

        assert_int_equal(coaching_step(rows[i].from, rows[i].ev, &to, NULL), rows[i].rc);
        assert_int_equal(to, rows[i].to);
    }
    assert_string_equal(coaching_state_name(COACHING_DONE), "done");
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(names_go_and_nothing_else_does),
                                        cmocka_unit_test(a_note_is_acknowledged_once_and_closed_once) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
