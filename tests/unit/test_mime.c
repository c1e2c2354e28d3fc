/* What a file is, and how large its picture, is told by its first bytes. */
#include "core/mime.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

/* Heads as a browser writes them. */
static void a_webp_tells_its_size_in_each_of_its_forms(void **state)
{
    static const struct {
        const char *head;
        size_t n;
    } rows[] = {
        { "RIFF\x24\x05\0\0WEBPVP8X\x0a\0\0\0\x20\0\0\0\x2c\x01\0\xb2\x04\0ICC", 33 },
        { "RIFF\x36\x03\0\0WEBPVP8 \x2a\x03\0\0\x70\x52\0\x9d\x01\x2a\x2d\x01\xb3\x04\x3e\xd1", 32 },
        { "RIFF\x5c\x0f\0\0WEBPVP8L\x4c\x0f\0\0\x2f\x2c\x81\x2c\x01\x07\x10\xfd\x8f\xfe\x07\x22", 32 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct mime got = mime_of((struct slice){ rows[i].head, rows[i].n });

        assert_string_equal(got.type, "image/webp");
        assert_true(got.shown);
        assert_int_equal(got.width, 301);
        assert_int_equal(got.height, 1203);
        for (size_t n = 12; n < 30; n++) { /* cut short, it is one of unknown size */
            got = mime_of((struct slice){ rows[i].head, n });
            assert_string_equal(got.type, "image/webp");
            assert_int_equal(got.width, 0);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(a_webp_tells_its_size_in_each_of_its_forms) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
