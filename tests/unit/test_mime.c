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

/* All of these begin with a box of one form. */
static void what_is_called_mp4_is_one(void **state)
{
    static const struct {
        const char *brand, *type;
    } rows[] = {
        { "isom", "video/mp4" },  { "mp42", "video/mp4" },       { "M4A ", "audio/mp4" },  { "heic", "image/heic" },
        { "avif", "image/avif" }, { "qt  ", "video/quicktime" }, { "3gp4", "video/3gpp" }, { "mif1", "image/heif" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char head[24] = { 0, 0, 0, 24, 'f', 't', 'y', 'p' };

        memcpy(head + 8, rows[i].brand, 4);
        assert_string_equal(mime_of((struct slice){ head, sizeof(head) }).type, rows[i].type);
    }
}

static void words_are_told_from_what_was_announced(void **state)
{
    static const struct {
        enum inbound_type announced;
        const char *said, *head;
        bool mistaken;
    } rows[] = {
        { TYPE_IMAGE, "", "{\"errcode\":40007}", true },
        { TYPE_IMAGE, "image/png", "Not Found", true },
        { TYPE_IMAGE, "image/svg+xml", "<?xml version=\"1.0\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\"/>", false },
        { TYPE_IMAGE, "", "GIF89a....", false },
        { TYPE_IMAGE, "", "\x01\x02 of a kind that nobody knows", false },
        { TYPE_STICKER, "", "<html>", true },
        { TYPE_AUDIO, "audio/amr", "\xe9\x94\x99\xe8\xaf\xaf", true },
        { TYPE_AUDIO, "audio/amr", "#!AMR\nxx", false },
        { TYPE_VIDEO, "", "\r\n<Error/>", true },
        { TYPE_FILE, "", "{\"a\":1}", false }, /* it may well be one */
        { TYPE_FILE, "application/json", "{\"a\":1}", false },
        { TYPE_FILE, "text/html", "<html>", false },
        { TYPE_FILE, "application/pdf", "\xef\xbb\xbf <!DOCTYPE html>", true },
        { TYPE_FILE, "application/pdf", "%PDF-1.7 and so on", false },
        { TYPE_FILE, "APPLICATION/PDF; x=1", "<html>", true },
        { TYPE_FILE, "application/pdf;charset=utf-8", "{}", true },
        { TYPE_FILE, "application/pdfx", "{}", false },
        { TYPE_FILE, "image/jpeg", "[1]", true },
        { TYPE_FILE, "image/x-eps", "[1]", false },
        { TYPE_FILE, "video/mp2t", "[1]", false },      /* TypeScript is called so */
        { TYPE_FILE, "application/gzip", "{}", false }, /* unpacked on its way */
        { TYPE_IMAGE, "image/jpeg", "{\"e\":\"<svg\"}", true },
        { TYPE_FILE, "audio/x-mpegurl", "#EXTM3U", false },
        { TYPE_FILE, "application/vnd.ms-excel", "<table>", false }, /* as some programs write it */
        { TYPE_FILE, "application/vnd.openxmlformats-officedocument.wordprocessingml.document", "<Error/>", true },
        { TYPE_FILE, "application/zip", "PK\x03\x04", false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (mime_mistaken(rows[i].announced, slice_of(rows[i].said), slice_of(rows[i].head)) != rows[i].mistaken)
            fail_msg("%zu: %s", i, rows[i].head);
    assert_false(mime_mistaken(TYPE_IMAGE, SLICE(""), SLICE("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(a_webp_tells_its_size_in_each_of_its_forms),
                                        cmocka_unit_test(a_name_is_one_for_people), cmocka_unit_test(what_is_called_mp4_is_one),
                                        cmocka_unit_test(words_are_told_from_what_was_announced) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
