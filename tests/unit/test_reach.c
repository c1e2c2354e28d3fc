#include "tests/unit/unit.h"

#include "core/reach.h"

static void phones_are_written_one_way(void **state)
{
    static const char *const rows[][2] = {
        { "13800138000", "13800138000" },
        { "138 0013 8000", "13800138000" },
        { "+86-138-0013-8000", "+8613800138000" },
        { "（010）8888-6666", "01088886666" },
        { "１３８００１３８０００", "13800138000" },
        { "＋８８６　９１２", "+886912" },
        { "12345", "12345" },
        { "1234", NULL },
        { "1234567890123456", NULL },
        { "13800138000 (home)", NULL },
        { "1380013800O", NULL },
        { "00+1380013", NULL },
        { "电话13800138000", NULL },
        { "", NULL },
    };
    char text[REACH_TEXT];

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        row_int_equal(rows[i][0], reach_phone(slice_of(rows[i][0]), text), rows[i][1] != NULL);
        if (rows[i][1])
            row_string_equal(rows[i][0], text, rows[i][1]);
    }
}

static void mail_addresses_are_checked(void **state)
{
    static const char *const rows[][2] = {
        { "a@b.cn", "a@b.cn" }, { " Li.Ming+shop@Example.COM ", "Li.Ming+shop@example.com" },
        { "李明@例.cn", NULL }, { "李明@example.cn", "李明@example.cn" },
        { "a@b", NULL },        { "a@.cn", NULL },
        { "a@b..cn", NULL },    { "a@b.", NULL },
        { "@b.cn", NULL },      { "a@b@c.cn", NULL },
        { "a b@c.cn", NULL },   { "a@c.cn>", NULL },
        { "a\r\n@c.cn", NULL }, { "wechat: abc", NULL },
        { "", NULL },
    };
    char text[REACH_TEXT];

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        row_int_equal(rows[i][0], reach_mail(slice_of(rows[i][0]), text), rows[i][1] != NULL);
        if (rows[i][1])
            row_string_equal(rows[i][0], text, rows[i][1]);
    }
}

static void a_profile_is_asked_for_its_own_address(void **state)
{
    static const struct {
        const char *profile, *address;
    } rows[] = {
        { "{\"name\":\"王\",\"email\":\"wang@Mail.example\"}", "wang@mail.example" },
        { "{\"email\": \"a@x.example\", \"x\": 1}", "a@x.example" }, /* as PostgreSQL writes it */
        { "{\"friend\":{\"email\":\"b@x.example\"},\"n\":[\"email\",\"c@x.example\"]}", NULL },
        { "{\"note\":\"\\\"email\\\":\\\"d@x.example\"}", NULL },
        { "{\"email\":\"\"}", NULL },
        { "{\"email\":5,\"x\":\"e@x.example\"}", NULL },
        { "{\"email\":\"a@x.example", NULL },
        { "{}", NULL },
        { "", NULL },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[REACH_TEXT];

        assert_int_equal(reach_profile_mail(slice_of(rows[i].profile), text), rows[i].address != NULL);
        if (rows[i].address)
            assert_string_equal(text, rows[i].address);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(phones_are_written_one_way),
        cmocka_unit_test(mail_addresses_are_checked),
        cmocka_unit_test(a_profile_is_asked_for_its_own_address),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
