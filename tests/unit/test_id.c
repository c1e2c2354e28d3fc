#include "tests/unit/unit.h"

#include "core/id.h"

static void ids_are_uuids_of_version_seven(void **state)
{
    static const uint8_t ones[10] = { 255, 255, 255, 255, 255, 255, 255, 255, 255, 255 }, zeros[10];
    char text[KF_ID_TEXT];
    struct kf_id id = id_make(0x019aa6bcd123, ones);

    (void)state;
    assert_string_equal(id_text(&id, text), "019aa6bc-d123-7fff-bfff-ffffffffffff");
    id = id_make(0x019aa6bcd123, zeros);
    assert_string_equal(id_text(&id, text), "019aa6bc-d123-7000-8000-000000000000");
}

static void later_ids_are_greater(void **state)
{
    static const uint8_t ones[10] = { 255, 255, 255, 255, 255, 255, 255, 255, 255, 255 }, zeros[10];

    (void)state;
    for (int64_t at = 1763740800000, step = 1; step < 1LL << 45; at += step, step *= 7) {
        struct kf_id before = id_make(at, ones), after = id_make(at + 1, zeros);

        assert_true(memcmp(&before, &after, sizeof(before)) < 0);
    }
}

/* Who comes first in a millisecond stands first in the line, which breaks ties by the id. */
static void of_one_millisecond_the_next_is_greater(void **state)
{
    static const uint8_t ones[10] = { 255, 255, 255, 255, 255, 255, 255, 255, 255, 255 }, zeros[10];
    struct kf_id last = id_after(&(struct kf_id){ { 0 } }, 1763740800000, ones), next;

    (void)state;
    for (int i = 0; i < 2048; i++, last = next) {
        next = id_after(&last, 1763740800000, zeros);
        assert_true(memcmp(&last, &next, sizeof(last)) < 0);
        assert_int_equal(next.b[6] >> 4, 7);
        assert_int_equal(next.b[8] >> 6, 2);
    }
    next = id_after(&last, 1763740800001, zeros);
    assert_true(memcmp(&last, &next, sizeof(last)) < 0);
}

static void reads_what_it_writes_in_either_case_and_nothing_else(void **state)
{
    static const struct {
        const char *text;
        bool ok;
    } rows[] = {
        { "019aa6bc-d123-7fff-bfff-ffffffffffff", true },  { "019AA6BC-D123-7FFF-BFFF-FFFFFFFFFFFF", true },
        { "00000000-0000-0000-0000-000000000000", true },  { "", false },
        { "019aa6bc-d123-7fff-bfff-fffffffffff", false },  { "019aa6bc-d123-7fff-bfff-fffffffffffff", false },
        { "019aa6bcd123-7fff-bfff-ffffffffffff-", false }, { "019aa6bc-d123-7fff-bfff-fffffffffffg", false },
        { "019aa6bc d123-7fff-bfff-ffffffffffff", false }, { "{19aa6bc-d123-7fff-bfff-ffffffffffff", false },
        { "0-9aa6bc-d123-7fff-bfff-ffffffffffff", false },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct kf_id id = ID(7);
        char back[KF_ID_TEXT];

        row_int_equal(rows[i].text, id_parse(slice_of(rows[i].text), &id), rows[i].ok);
        if (rows[i].ok && rows[i].text[3] != 'A')
            row_string_equal(rows[i].text, id_text(&id, back), rows[i].text);
        if (!rows[i].ok)
            row_int_equal(rows[i].text, id.b[15], 7);
    }
}

static void keys_are_short_words(void **state)
{
    static const struct {
        const char *text;
        bool ok;
    } rows[] = {
        { "a", true },
        { "web-2_x", true },
        { "abcdefghijklmnopqrstuvwxyz012345", true },
        { "abcdefghijklmnopqrstuvwxyz0123456", false },
        { "", false },
        { "Web", false },
        { "a b", false },
        { "a.b", false },
        { "a/b", false },
        { "客服", false },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct kf_key key = KEY("before");

        row_int_equal(rows[i].text, key_parse(slice_of(rows[i].text), &key), rows[i].ok);
        row_string_equal(rows[i].text, key.s, rows[i].ok ? rows[i].text : "");
    }
    assert_false(key_parse((struct slice){ "a\0b", 3 }, &(struct kf_key){ "" }));
}

static void client_ids_are_longer_words(void **state)
{
    (void)state;
    assert_true(cid_valid(SLICE("Az09_-")));
    assert_true(cid_valid(SLICE("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")));
    assert_false(cid_valid(SLICE("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdefg")));
    assert_false(cid_valid(SLICE("")));
    assert_false(cid_valid(SLICE("a.b")));
    assert_false(cid_valid(SLICE("a\n")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_are_uuids_of_version_seven),
        cmocka_unit_test(later_ids_are_greater),
        cmocka_unit_test(of_one_millisecond_the_next_is_greater),
        cmocka_unit_test(reads_what_it_writes_in_either_case_and_nothing_else),
        cmocka_unit_test(keys_are_short_words),
        cmocka_unit_test(client_ids_are_longer_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
