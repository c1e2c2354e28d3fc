/* A form with files, as it is sent to us. */
#include "protocols/form.h"

#include "unit.h"

#include <string.h>

#define TYPE    "multipart/form-data; boundary=b"
#define FIELD   "--b\r\nContent-Disposition: form-data; name=\"content\"\r\n\r\nhi\r\n"
#define NAMED   "--b\r\ncontent-disposition: form-data; name=\"attachments[]\"; filename=\"a/b.gif\"\r\nContent-Type: image/gif\r\n\r\n"
#define THE_END "--b--\r\n"

static int read_form(const char *type, const char *body, struct form_part *ret)
{
    return form_read(slice_of(type), slice_of(body), ret, 4);
}

static void fields_and_files_are_told_apart(void **state)
{
    struct form_part parts[4];

    (void)state;
    assert_int_equal(read_form(TYPE, FIELD NAMED "G\r\n--c\r\nF\r\n" THE_END, parts), 2);
    assert_true(slice_is(parts[0].name, "content"));
    assert_true(slice_is(parts[0].bytes, "hi"));
    assert_false(parts[0].is_file);
    assert_true(slice_is(parts[1].name, "attachments[]"));
    assert_true(slice_is(parts[1].filename, "b.gif"));
    assert_true(slice_is(parts[1].bytes, "G\r\n--c\r\nF"));
    assert_true(parts[1].is_file);
    assert_int_equal(read_form("Multipart/Form-Data; charset=x; boundary=\"b\"", FIELD THE_END, parts), 1);
    assert_int_equal(read_form(TYPE, NAMED "\r\n" THE_END, parts), 1);
    assert_int_equal(parts[0].bytes.n, 0);
}

static void a_name_that_nobody_should_see_is_file(void **state)
{
    static const char *const names[] = { "", "a/", "a\\", "a\tb", "\xff" };
    struct form_part part;
    char body[200];

    (void)state;
    for (size_t i = 0; i < COUNT(names); i++) {
        (void)snprintf(body, sizeof(body), "--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"%s\"\r\n\r\nx\r\n--b--",
                       names[i]);
        row_int_equal(names[i], form_read(SLICE(TYPE), slice_of(body), &part, 1), 1);
        row_int_equal(names[i], slice_is(part.filename, "file"), true);
    }
}

static void what_is_cut_or_no_form_is_refused(void **state)
{
    static const char whole[] = FIELD NAMED "G\r\n--b--";
    struct form_part parts[4];

    (void)state;
    for (size_t n = 0; n < sizeof(whole) - 1; n++)
        row_int_equal("cut", form_read(SLICE(TYPE), (struct slice){ whole, n }, parts, 4), -1);
    assert_int_equal(form_read(SLICE(TYPE), slice_of(whole), parts, 4), 2);
    assert_int_equal(form_read(SLICE(TYPE), slice_of(whole), parts, 1), -1); /* more than are wanted */
    assert_int_equal(read_form("multipart/form-data", whole, parts), -1);
    assert_int_equal(read_form("multipart/form-data; boundary=\"b", whole, parts), -1);
    assert_int_equal(read_form("application/json; boundary=b", whole, parts), -1);
    assert_int_equal(read_form(TYPE, "--b\r\nContent-Type: text/plain\r\n\r\nx\r\n--b--", parts), -1);
    assert_int_equal(read_form(TYPE, THE_END, parts), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(fields_and_files_are_told_apart),
                                        cmocka_unit_test(a_name_that_nobody_should_see_is_file),
                                        cmocka_unit_test(what_is_cut_or_no_form_is_refused) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
