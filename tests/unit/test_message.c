#include "tests/unit/unit.h"

#include "core/change.h"
#include "core/errand.h"
#include "core/http.h"
#include "core/message.h"
#include "core/person.h"
#include "core/rc.h"

static void a_delivery_never_goes_backwards(void **state)
{
    enum {
        N = DELIVERY_NONE,
        S = DELIVERY_SENDING,
        T = DELIVERY_SENT,
        D = DELIVERY_DELIVERED,
        R = DELIVERY_READ,
        F = DELIVERY_FAILED,
        U = DELIVERY_UNCERTAIN
    };
    static const struct {
        int from;
        unsigned to; /* a set */
    } rows[] = {
        { N, 1U << S | 1U << T | 1U << D | 1U << R },
        { S, 1U << T | 1U << D | 1U << R | 1U << F | 1U << U },
        { T, 1U << D | 1U << R | 1U << F },
        { D, 1U << R },
        { R, 0 },
        { F, 1U << S }, /* by hand */
        { U, 1U << S | 1U << T | 1U << D | 1U << R | 1U << F },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        for (int to = N; to <= U; to++)
            row_int_equal(delivery_name((enum delivery)rows[i].from), delivery_may((enum delivery)rows[i].from, (enum delivery)to),
                          rows[i].to >> to & 1);
}

/* Every word of an enum is read back as itself; what is none is refused. */
#define CHECK_WORDS(type, name, parse, last)                     \
    do {                                                         \
        type back;                                               \
        for (int i_ = 0; i_ <= (int)(last); i_++) {              \
            assert_true(parse(slice_of(name((type)i_)), &back)); \
            assert_int_equal(back, i_);                          \
        }                                                        \
        assert_false(parse(SLICE("?"), &back));                  \
        assert_false(parse(SLICE(""), &back));                   \
        assert_string_equal(name((type)99), "?");                \
    } while (0)

static void every_word_is_read_back_as_itself(void **state)
{
    (void)state;
    CHECK_WORDS(enum role, role_name, role_parse, ROLE_SYSTEM);
    CHECK_WORDS(enum message_kind, message_kind_name, message_kind_parse, MESSAGE_REMOVED);
    CHECK_WORDS(enum delivery, delivery_name, delivery_parse, DELIVERY_UNCERTAIN);
    CHECK_WORDS(enum presence, presence_name, presence_parse, PRESENCE_ONLINE);
    for (unsigned bit = MEMBER_AGENT; bit <= MEMBER_ADMIN; bit <<= 1)
        assert_int_equal(member_role_parse(slice_of(member_role_name(bit))), bit);
    assert_int_equal(member_role_parse(SLICE("boss")), 0);
    assert_string_equal(member_role_name(3), "?");
}

static void every_outcome_and_result_has_a_word_of_its_own(void **state)
{
    (void)state;
    for (int i = OUTCOME_SENT; i <= OUTCOME_UNCERTAIN; i++)
        for (int k = OUTCOME_SENT; k < i; k++)
            assert_string_not_equal(outcome_name((enum outcome_class)i), outcome_name((enum outcome_class)k));
    for (int i = OUTCOME_SENT; i <= OUTCOME_UNCERTAIN; i++) /* what an agent reads is a sentence, where there is anything to say */
        assert_true(i == OUTCOME_SENT || i == OUTCOME_ALREADY_ACCEPTED || strchr(outcome_words((enum outcome_class)i), ' '));
    assert_string_equal(outcome_words((enum outcome_class)99), "?");
    for (int i = KF_OK; i <= KF_IO; i++)
        for (int k = KF_OK; k < i; k++)
            assert_string_not_equal(kf_rc_name((enum kf_rc)i), kf_rc_name((enum kf_rc)k));
    assert_string_equal(outcome_name((enum outcome_class)99), "?");
    assert_string_equal(kf_rc_name((enum kf_rc)99), "?");
}

static void a_failure_carries_its_words_if_somebody_wants_them(void **state)
{
    struct kf_err why = { 0 };

    (void)state;
    assert_int_equal(kf_fail(&why, KF_LIMIT, "%d of %s", 7, "them"), KF_LIMIT);
    assert_int_equal(why.rc, KF_LIMIT);
    assert_string_equal(why.text, "7 of them");
    assert_int_equal(kf_fail(NULL, KF_IO, "nobody listens"), KF_IO);
    assert_int_equal(kf_fail(&why, KF_IO, "%0300d", 0), KF_IO);
    assert_int_equal(strlen(why.text), sizeof(why.text) - 1);
}

static void a_change_keeps_its_acts_in_order_and_owns_their_texts(void **state)
{
    struct change *c = change_new(&KEY("shop"), 5);
    char text[] = "abc";
    const char *kept;

    (void)state;
    assert_int_equal(c->epoch, -1);
    assert_int_equal(c->at, 5);
    assert_int_equal(c->by.role, ROLE_SYSTEM);
    for (int i = 0; i < 100; i++)
        change_act(c, ACT_PRIORITY)->u.number = i;
    assert_int_equal(c->n_acts, 100);
    for (int i = 0; i < 100; i++)
        assert_int_equal(c->acts[i].u.number, i);
    kept = change_text(c, slice_of(text));
    text[0] = 'x';
    assert_string_equal(kept, "abc");
    assert_string_equal(change_printf(c, "%s-%d", text, 1), "xbc-1");
    assert_false(c->failed);
    change_free(c);
    change_free(NULL);
}

static void a_change_too_big_for_its_memory_says_so_and_goes_on(void **state)
{
    static char big[1 << 20];
    struct change *c = change_new(NULL, 0);

    (void)state;
    for (int i = 0; i < 8; i++)
        (void)change_slice(c, (struct slice){ big, sizeof(big) });
    assert_true(c->failed);
    assert_string_equal(change_text(c, (struct slice){ big, sizeof(big) }), "");
    for (int i = 0; i < 100000; i++)
        change_act(c, ACT_PRIORITY)->u.number = i; /* at the end into a scratch act */
    change_free(c);
}

static void headers_are_found_in_any_case_and_queries_in_theirs(void **state)
{
    const struct http_pair pairs[] = { { SLICE("X-One"), SLICE("1") }, { SLICE("x-two"), SLICE("2") }, { SLICE("X-ONE"), SLICE("3") } };

    (void)state;
    assert_true(slice_is(http_header(pairs, 3, "x-one"), "1"));
    assert_true(slice_is(http_header(pairs, 3, "X-Two"), "2"));
    assert_null(http_header(pairs, 3, "x-on").p);
    assert_true(slice_is(http_query(pairs, 3, "X-ONE"), "3"));
    assert_null(http_query(pairs, 3, "x-one").p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_delivery_never_goes_backwards),
        cmocka_unit_test(every_word_is_read_back_as_itself),
        cmocka_unit_test(every_outcome_and_result_has_a_word_of_its_own),
        cmocka_unit_test(a_failure_carries_its_words_if_somebody_wants_them),
        cmocka_unit_test(a_change_keeps_its_acts_in_order_and_owns_their_texts),
        cmocka_unit_test(a_change_too_big_for_its_memory_says_so_and_goes_on),
        cmocka_unit_test(headers_are_found_in_any_case_and_queries_in_theirs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
