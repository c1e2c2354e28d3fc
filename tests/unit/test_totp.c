/* Second factors: RFC 6238 with its own vectors, and recovery codes. */
#include "tests/unit/unit.h"

#include "totp.h"

#include <string.h>

static const uint8_t secret[TOTP_BYTES] = "12345678901234567890"; /* of RFC 6238, appendix B */

static void codes_are_those_of_the_rfc(void **state)
{
    static const struct {
        int64_t at_s;
        const char *code; /* the last six of its eight digits */
    } rows[] = { { 59, "287082" },         { 1111111109, "081804" }, { 1111111111, "050471" },
                 { 1234567890, "005924" }, { 2000000000, "279037" }, { 20000000000, "353130" } };
    char code[7];

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_true(totp_code(secret, rows[i].at_s / 30, code));
        assert_string_equal(code, rows[i].code);
        assert_int_equal(totp_match(secret, slice_of(rows[i].code), rows[i].at_s * 1000), rows[i].at_s / 30);
    }
}

static void a_code_holds_in_its_step_and_in_those_beside_it(void **state)
{
    const int64_t step = 1234567890 / 30, start = step * TOTP_STEP_MS;

    (void)state;
    assert_int_equal(totp_match(secret, SLICE("005924"), start - TOTP_STEP_MS - 1), 0);
    assert_int_equal(totp_match(secret, SLICE("005924"), start - TOTP_STEP_MS), step);
    assert_int_equal(totp_match(secret, SLICE("005924"), start + 2 * TOTP_STEP_MS - 1), step);
    assert_int_equal(totp_match(secret, SLICE("005924"), start + 2 * TOTP_STEP_MS), 0);
}

static void only_six_digits_are_a_code(void **state)
{
    static const char *const wrong[] = { "", "5924", "00592", "0059240", "00592x", "005925", "-05924" };

    (void)state;
    assert_true(totp_match(secret, SLICE("005 924"), 1234567890000) > 0);
    for (size_t i = 0; i < COUNT(wrong); i++)
        row_int_equal(wrong[i], totp_match(secret, slice_of(wrong[i]), 1234567890000), 0);
}

static void an_app_reads_the_secret_from_its_address(void **state)
{
    char text[TOTP_TEXT], uri[TOTP_URI];

    (void)state;
    assert_string_equal(totp_text(secret, text), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    assert_true(totp_uri(secret, "li+w@shop.example", uri));
    assert_string_equal(uri, "otpauth://totp/kefud:li%2Bw@shop.example?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=kefud&algorithm=SHA1"
                             "&digits=6&period=30");
}

static void a_recovery_code_may_be_typed_as_one_likes(void **state)
{
    static const uint8_t chance[RECOVERY_BYTES] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 250 };
    static const char *const wrong[] = { "", "aeba-gbaf", "aeba-gbaf-aydq-qcp0", "aeba-gbaf-aydq-qcp2-a" };
    char code[RECOVERY_TEXT];
    uint8_t a[32], b[32];

    (void)state;
    recovery_text(chance, code);
    assert_string_equal(code, "aeba-gbaf-aydq-qcp2");
    assert_true(recovery_hash(&ID(1), slice_of(code), a));
    assert_true(recovery_hash(&ID(1), SLICE(" AEBAGBAF aydqqcp2"), b));
    assert_memory_equal(a, b, 32);
    assert_true(recovery_hash(&ID(2), slice_of(code), b));
    assert_memory_not_equal(a, b, 32);
    for (size_t i = 0; i < COUNT(wrong); i++)
        row_int_equal(wrong[i], recovery_hash(&ID(1), slice_of(wrong[i]), b), false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes_are_those_of_the_rfc),
        cmocka_unit_test(a_code_holds_in_its_step_and_in_those_beside_it),
        cmocka_unit_test(only_six_digits_are_a_code),
        cmocka_unit_test(an_app_reads_the_secret_from_its_address),
        cmocka_unit_test(a_recovery_code_may_be_typed_as_one_likes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
