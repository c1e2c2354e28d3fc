/* Passwords: what may be chosen, and that only the right one opens. */
#include "password.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void the_right_one_opens_and_no_other(void **state)
{
    char hash[PASSWORD_TEXT], again[PASSWORD_TEXT];

    (void)state;
    assert_int_equal(password_hash(SLICE("correct horse battery"), hash, NULL), KF_OK);
    assert_int_equal(password_hash(SLICE("correct horse battery"), again, NULL), KF_OK);
    assert_string_not_equal(hash, again);
    assert_int_equal(strncmp(hash, "$argon2id$v=19$m=19456,t=2,p=1$", 31), 0);
    assert_int_equal(password_verify(hash, SLICE("correct horse battery")), KF_OK);
    assert_int_equal(password_verify(hash, SLICE("correct horse batterz")), KF_AUTH);
    assert_int_equal(password_verify(hash, SLICE("")), KF_AUTH);
    assert_int_equal(password_verify(NULL, SLICE("correct horse battery")), KF_AUTH);
    assert_int_equal(password_verify("$argon2id$nonsense", SLICE("x")), KF_INVALID);
}

static void length_is_all_that_is_asked_of_it(void **state)
{
    static const struct {
        struct slice password;
        enum kf_rc rc;
    } rows[] = {
        { { "fourteen chars", 14 }, KF_INVALID },
        { { "fifteen chars!!", 15 }, KF_OK },
        { { "aaaaaaaaaaaaaaaaaaa", 19 }, KF_INVALID },
        { { "\xe6\x88\x91\xe6\x98\xaf\xe4\xb8\x80\xe5\x8f\xa5\xe8\xaf\x9d", 15 }, KF_INVALID }, /* five characters */
        { { "nul inside it \0 here", 20 }, KF_INVALID },
    };
    char longest[PASSWORD_MAX + 1];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(password_fits(rows[i].password, NULL), rows[i].rc);
    memset(longest, 'x', sizeof(longest));
    longest[0] = 'y';
    assert_int_equal(password_fits((struct slice){ longest, PASSWORD_MAX }, NULL), KF_OK);
    assert_int_equal(password_fits((struct slice){ longest, PASSWORD_MAX + 1 }, NULL), KF_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_right_one_opens_and_no_other),
        cmocka_unit_test(length_is_all_that_is_asked_of_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
