/* What a file is, and how large its picture, is told by its first bytes; what it is called, by whoever sends it, within reason. */
#include "core/file_name.h"
#include "core/mime.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

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

static void a_name_is_one_for_people(void **state)
{
    static const struct {
        const char *name, *shown;
    } rows[] = {
        { "发票.pdf", "发票.pdf" },
        { "../../etc/passwd", "passwd" },
        { "C:\\temp\\a b.txt", "a b.txt" },
        { "a\r\nb\x7f.txt", "ab.txt" },
        { "gpj.\xe2\x80\xae"
          "exe",
          "gpj.exe" },
        { "\xe2\x81\xa6x\xe2\x81\xa9", "x" },
        { "x\xff.txt", "x.txt" },
        { "folder/", "file" },
        { "", "file" },
    };
    char many[600] = "";
    struct buf b;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct slice got;

        buf_init(&b, 4096);
        got = file_name(slice_of(rows[i].name), &b);
        assert_int_equal(got.n, strlen(rows[i].shown));
        assert_memory_equal(got.p, rows[i].shown, got.n);
        buf_finish(&b);
    }
    for (int i = 0; i < 130; i++)
        strcat(many, "长");
    buf_init(&b, 4096);
    assert_int_equal(file_name(slice_of(many), &b).n, 120 * strlen("长"));
    buf_finish(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(a_webp_tells_its_size_in_each_of_its_forms),
                                        cmocka_unit_test(a_name_is_one_for_people) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
