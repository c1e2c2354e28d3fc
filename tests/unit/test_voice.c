/* AMR becomes WAV: two tones that other encoders have made, and what is none, or too much, or broken off. */
#include "unit.h"

#include "core/buf.h"
#include "voice.h"

#include <stdlib.h>
#include <string.h>

#define NB "#!AMR\n"
#define WB "#!AMR-WB\n"

static struct buf file(const char *path)
{
    FILE *f = fopen(path, "rb");
    char piece[4096];
    struct buf b;
    size_t n;

    if (!f)
        fail_msg("%s", path);
    buf_init(&b, 1 << 20);
    while ((n = fread(piece, 1, sizeof(piece), f)))
        buf_add(&b, (struct slice){ piece, n });
    fclose(f);
    return b;
}

static uint32_t le(const char *p, int bytes)
{
    uint32_t ret = 0;

    while (bytes--)
        ret = ret << 8 | (uint8_t)p[bytes];
    return ret;
}

static int sample(const char *wav, size_t i)
{
    return (int16_t)le(wav + 44 + 2 * i, 2);
}

static void a_tone_is_the_same_tone(void **state)
{
    static const struct {
        const char *path;
        uint32_t rate;
    } rows[] = { { "tests/fuzz/corpus/voice/tone-nb.amr", 8000 }, { "tests/fuzz/corpus/voice/tone-wb.amr", 16000 } };

    (void)state;
    for (size_t r = 0; r < COUNT(rows); r++) {
        struct buf amr = file(rows[r].path);
        struct kf_err why = { .rc = KF_OK };
        size_t n = 0, samples, crossings = 0;
        int loudest = 0;
        char *wav = NULL;

        if (voice_wav(buf_slice(&amr), &wav, &n, &why))
            fail_msg("%s: %s", rows[r].path, why.text);
        samples = rows[r].rate / 2; /* half a second */
        row_int_equal(rows[r].path, n, 44 + 2 * samples);
        assert_memory_equal(wav, "RIFF", 4);
        assert_memory_equal(wav + 8, "WAVEfmt ", 8);
        row_int_equal(rows[r].path, le(wav + 4, 4), n - 8);
        row_int_equal(rows[r].path, le(wav + 20, 2), 1);
        row_int_equal(rows[r].path, le(wav + 24, 4), rows[r].rate);
        row_int_equal(rows[r].path, le(wav + 28, 4), 2 * rows[r].rate);
        row_int_equal(rows[r].path, le(wav + 34, 2), 16);
        row_int_equal(rows[r].path, le(wav + 40, 4), n - 44);
        /* 440 Hz: from the second tenth of a second to its end. */
        for (size_t i = samples / 5; i < samples; i++) {
            crossings += sample(wav, i - 1) < 0 && sample(wav, i) >= 0;
            loudest = abs(sample(wav, i)) > loudest ? abs(sample(wav, i)) : loudest;
        }
        if (crossings < 170 || crossings > 182 || loudest < 4000)
            fail_msg("%s: %zu periods, as loud as %d", rows[r].path, crossings, loudest);
        free(wav);
        buf_finish(&amr);
    }
}

#define NOTHING "\x7c" /* a frame of type 15 */

static void what_is_no_voice_is_told(void **state)
{
    static const struct {
        const char *bytes;
        size_t n;
        enum kf_rc rc;
        size_t samples;
    } rows[] = {
        { "", 0, KF_INVALID, 0 },
        { NB, 6, KF_INVALID, 0 },
        { WB, 9, KF_INVALID, 0 },
        { "#!AMR_MC1.0\n\0\0\0\2" NOTHING, 17, KF_INVALID, 0 },
        { "RIFF" NOTHING, 5, KF_INVALID, 0 },
        { NB NOTHING, 7, KF_OK, 160 },
        { WB NOTHING, 10, KF_OK, 320 },
        { WB "\x74", 10, KF_OK, 320 },   /* lost */
        { NB "\x04", 7, KF_INVALID, 0 }, /* its first frame is not all there */
        { NB NOTHING "\x3c"
                     "1234",
          12, KF_OK, 160 },                           /* nor its second */
        { NB NOTHING "\x54" NOTHING, 9, KF_OK, 160 }, /* of a type that does not exist */
        { NB NOTHING "\x44"
                     "12345",
          13, KF_OK, 320 },           /* silence is described */
        { NB "\xfc", 7, KF_OK, 160 }, /* bits that mean nothing here */
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char name[24], *wav = NULL;
        size_t n = 0;

        snprintf(name, sizeof(name), "row %zu", i);
        row_int_equal(name, voice_wav((struct slice){ rows[i].bytes, rows[i].n }, &wav, &n, NULL), rows[i].rc);
        row_int_equal(name, n, rows[i].samples ? 44 + 2 * rows[i].samples : 0);
        free(wav);
    }
}

static void nobody_speaks_for_ever(void **state)
{
    struct buf b;
    char *wav = NULL;
    size_t n = 0;

    (void)state;
    buf_init(&b, 1 << 20);
    buf_str(&b, NB);
    for (int i = 0; i < VOICE_S_MAX * 50; i++)
        buf_str(&b, NOTHING);
    assert_int_equal(voice_wav(buf_slice(&b), &wav, &n, NULL), KF_OK);
    assert_int_equal(n, 44 + 2 * 8000 * VOICE_S_MAX);
    free(wav);
    buf_str(&b, NOTHING);
    assert_int_equal(voice_wav(buf_slice(&b), &wav, &n, NULL), KF_LIMIT);
    buf_finish(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tone_is_the_same_tone),
        cmocka_unit_test(what_is_no_voice_is_told),
        cmocka_unit_test(nobody_speaks_for_ever),
    };

    if (!voice_reads("audio/amr")) {
        puts("[  SKIPPED ] voice: built without the codec");
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
