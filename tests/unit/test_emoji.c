#include "tests/unit/unit.h"

#include "core/emoji.h"

static void one_emoji_is_one_and_nothing_else_is(void **state)
{
    static const struct {
        const char *text;
        bool one;
    } rows[] = {
        { "👍", true },
        { "👍🏽", true },
        { "❤", true },
        { "❤️", true },
        { "❤️‍🔥", true },
        { "👨‍👩‍👧‍👦", true },
        { "👨🏻‍❤️‍💋‍👨🏿", true },
        { "🤷‍♂️", true },
        { "🏴󠁧󠁢󠁳󠁣󠁴󠁿", true },
        { "🇨🇳", true },
        { "1️⃣", true },
        { "*⃣", true },
        { "🫩", true }, /* of Unicode 16 */
        { "☃", true },
        { "", false },
        { "a", false },
        { "好", false },
        { "1", false },
        { "1️", false },
        { ":)", false },
        { " 👍", false },
        { "👍 ", false },
        { "👍👍", false },
        { "👍a", false },
        { "🇨", false },
        { "🇨🇳🇨🇳", false },
        { "❤️‍", false }, /* joined to nothing */
        { "\xef\xb8\x8f", false },
        { "\xe2\x80\x8d", false },
        { "🏽👍", false },
        { "🏴󠁧󠁢", false },                                                        /* without its end */
        { "👨‍👨‍👨‍👨‍👨‍👨‍👨‍👨‍👨‍👨", false }, /* longer than any */
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        if (emoji_is_one(slice_of(rows[i].text)) != rows[i].one)
            fail_msg("row %zu: %s", i, rows[i].text);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(one_emoji_is_one_and_nothing_else_is) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
