/* The conditions of rules: which ones hold, and which one is named when they do not. */
#include "tests/unit/unit.h"

#include "core/rule.h"
#include "core/segment.h"

#define NOW  1763740800000 /* a Friday, 16:00 UTC */
#define HOUR 3600000

#define WORDS(...)                                                                                   \
    {                                                                                                \
        .at = { __VA_ARGS__ }, .n = sizeof((struct kf_key[]){ __VA_ARGS__ }) / sizeof(struct kf_key) \
    }

static void every_condition_holds_or_is_named(void **state)
{
    static const struct rule_fact vip[] = { { "vip", "gold" }, { "city", "上海" } };
    static const struct rule_fact want_gold[] = { { "vip", "gold" } }, want_any[] = { { "city", "*" }, { "vip", "*" } },
                                  want_silver[] = { { "vip", "silver" } }, want_more[] = { { "vip", "gold" }, { "age", "*" } };
    static const char *const refund[] = { "发票", "退款" }, *const pick[] = { "human" };
    static const struct message says = { .seq = 2, .from = { .role = ROLE_VISITOR }, .text = { "怎么退款呢", 15 } };
    static const struct {
        const char *what;
        struct rule_when when;
        const char *fails; /* NULL: it holds */
    } rows[] = {
        { "nothing is asked", { .days = 0 }, NULL },
        { "its queue", { .queues = WORDS(KEY("repair"), KEY("sales")) }, NULL },
        { "no such queue", { .queues = WORDS(KEY("repair")) }, "queues" },
        { "its channel", { .channels = WORDS(KEY("web")) }, NULL },
        { "no such channel", { .channels = WORDS(KEY("api")) }, "channels" },
        { "its kind of channel", { .adapters = WORDS(KEY("widget")) }, NULL },
        { "another kind", { .adapters = WORDS(KEY("email")) }, "adapters" },
        { "not this kind", { .not_adapters = WORDS(KEY("widget")) }, "not_adapters" },
        { "any but that kind", { .not_adapters = WORDS(KEY("email")) }, NULL },
        { "its language", { .languages = 1 | 4 }, NULL },
        { "another language", { .languages = 4 }, "languages" },
        { "its day", { .days = 1 << 4 }, NULL },
        { "another day", { .days = 1 << 3 }, "clock" },
        { "its hour", { .clock = { { 16 * 60, 17 * 60 } }, .n_clock = 1 }, NULL },
        { "the hour before", { .clock = { { 15 * 60, 16 * 60 } }, .n_clock = 1 }, "clock" },
        { "a night that began the day before", { .clock = { { 22 * 60, 24 * 60 + 17 * 60 } }, .n_clock = 1, .days = 1 << 3 }, NULL },
        { "a night that begins today", { .clock = { { 22 * 60, 24 * 60 + 17 * 60 } }, .n_clock = 1, .days = 1 << 4 }, "clock" },
        { "its position", { .position_min = 3, .position_max = 3 }, NULL },
        { "too far in front", { .position_min = 4 }, "position" },
        { "too far back", { .position_max = 2 }, "position" },
        { "waits long enough", { .wait_min_ms = 10000, .wait_max_ms = 10000 }, NULL },
        { "does not wait for so long", { .wait_min_ms = 10001 }, "wait_ms" },
        { "waits longer", { .wait_max_ms = 9999 }, "wait_ms" },
        { "its second message", { .messages_min = 2, .messages_max = 2 }, NULL },
        { "not the third", { .messages_min = 3 }, "messages" },
        { "rated", { .rating_max = 2 }, NULL },
        { "rated better", { .rating_min = 3 }, "rating" },
        { "a fact", { .facts = want_gold, .n_facts = 1 }, NULL },
        { "any value", { .facts = want_any, .n_facts = 2 }, NULL },
        { "another value", { .facts = want_silver, .n_facts = 1 }, "facts" },
        { "a fact that is not known", { .facts = want_more, .n_facts = 2 }, "facts" },
        { "the first contact", { .first_contact = RULE_YES }, NULL },
        { "a later contact", { .first_contact = RULE_NO }, "first_contact" },
        { "nobody has answered", { .replied = RULE_NO }, NULL },
        { "somebody has answered", { .replied = RULE_YES }, "replied" },
        { "staffed", { .staffed = RULE_YES }, NULL },
        { "not staffed", { .staffed = RULE_NO }, "staffed" },
        { "open", { .open = RULE_NO }, "open" },
        { "its words", { .keywords = refund, .n_keywords = 2 }, NULL },
        { "other words", { .keywords = refund, .n_keywords = 1 }, "keywords" },
        { "its choice", { .choices = pick, .n_choices = 1 }, NULL },
        { "all of them",
          { .queues = WORDS(KEY("sales")), .days = 1 << 4, .staffed = RULE_YES, .keywords = refund, .n_keywords = 2 },
          NULL },
        { "all but one",
          { .queues = WORDS(KEY("sales")), .days = 1 << 4, .staffed = RULE_NO, .keywords = refund, .n_keywords = 2 },
          "staffed" },
    };
    static const struct conv c = {
        .state = CONV_WAITING, .queue = KEY("sales"), .channel = KEY("web"), .arrived_at = NOW - 10000, .rating = 2
    };
    const struct rule_facts f = { .conv = &c,
                                  .message = &says,
                                  .choice = "human",
                                  .adapter = "widget",
                                  .language = "zh-CN",
                                  .staffed = true,
                                  .open_hours = true,
                                  .position = 3,
                                  .messages = 2,
                                  .first_contact = true,
                                  .profile = vip,
                                  .n_profile = 2,
                                  .now_ms = NOW,
                                  .wall_ms = NOW };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *which = NULL;
        bool holds = rule_when_holds(&rows[i].when, &f, &which);

        row_int_equal(rows[i].what, holds, rows[i].fails == NULL);
        if (!holds)
            row_string_equal(rows[i].what, which, rows[i].fails);
    }
}

static void what_is_not_known_fits_nothing(void **state)
{
    static const struct conv c = { .state = CONV_WAITING, .arrived_at = NOW };
    static const char *const words[] = { "x" };
    static const struct rule_when rows[] = {
        { .position_max = 9 }, { .rating_max = 5 }, { .keywords = words, .n_keywords = 1 }, { .choices = words, .n_choices = 1 }
    };
    const struct rule_facts f = { .conv = &c, .now_ms = NOW, .wall_ms = NOW };
    const char *which;

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_false(rule_when_holds(&rows[i], &f, &which));
}

/* Characters are words in Chinese: a keyword is found in the middle of a sentence, but not in pieces of it. */
static void keywords_are_found_in_every_script(void **state)
{
    static const struct {
        const char *keyword, *text;
        bool found;
    } rows[] = {
        { "退款", "我要退款！", true },
        { "退款", "退货款", false },
        { "退款", "退，款", false },
        { "退款 进度", "进度怎样？退款的", true },
        { "退款 进度", "我要退款", false },
        { "退 -退休", "我要退", true },
        { "退 -退休", "我退休了，怎么退", false },
        { "refund", "Where is my REFUND?", true },
        { "refund", "refunds", false },
        { "ｒｅｆｕｎｄ", "refund", true },
        { "\"too slow\"", "it is too slow", true },
        { "\"too slow\"", "slow, too", false },
        { "café", "CAFE", true },
        { "iphone15", "我的iPhone15坏了", true },
        { "iphone15", "iPhone15手机", true },
        { "iphone", "iPhone15手机", false }, /* a word of letters and digits is found whole */
        { "15", "iPhone15手机", false },
        { "iphone 15", "iPhone15手机", false },
        { "iphone15", "iPhone 15", false },
        { "苹果", "苹果15", true },
        { "15", "苹果15", true },
        { "苹果15", "苹果15", true },
        { "5g", "5G手机", true },
        { "5", "5G手机", false },
        { "\"5 g\"", "5G手机", false },
        { "\"5g 手机\"", "5G手机", true },
        { "u", "u2", false },
        { "u", "2u", false },
        { "a1", "a1b2", false },
        { "1b", "a1b2", false },
        { "a1b2", "a1b2", true },
        { "1", "A10086 订单1号", true },
        { "0", "转0", true },
        { "0", "0元", true },
        { "0", "o0", false },
        { "退款 -5", "5G手机要退款", true },
        { "환불", "환불해 주세요", true },
        { "退貨", "我要退货", true }, /* in both ways of writing it */
        { "转人工", "請轉人工！", true },
        { "發票 -統編", "发票，统编", false },
        { "后", "皇後", true },
        { "！？", "你好！？", false },
        { "", "你好", false },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        row_int_equal(rows[i].text, segment_holds(slice_of(rows[i].text), slice_of(rows[i].keyword)), rows[i].found);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_condition_holds_or_is_named),
        cmocka_unit_test(what_is_not_known_fits_nothing),
        cmocka_unit_test(keywords_are_found_in_every_script),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
