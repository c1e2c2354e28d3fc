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

/* ---- how loud it is when ---- */

static void add16(struct buf *b, int v)
{
    buf_char(b, (char)(v & 255));
    buf_char(b, (char)((v >> 8) & 255));
}

static void add32(struct buf *b, uint32_t v)
{
    add16(b, (int)(v & 65535));
    add16(b, (int)(v >> 16));
}

/* A file of one format; samples are added behind it. `more`: a chunk of odd length that nobody knows stands before it. */
static void wav_head(struct buf *b, int format, int channels, uint32_t rate, int bits, bool more, uint32_t n_data)
{
    buf_init(b, 1 << 16);
    buf_str(b, "RIFF");
    add32(b, 0);
    buf_str(b, "WAVE");
    if (more) {
        buf_str(b, "LIST");
        add32(b, 3);
        buf_add(b, (struct slice){ "abc", 4 });
    }
    buf_str(b, "fmt ");
    add32(b, 16);
    add16(b, format);
    add16(b, channels);
    add32(b, rate);
    add32(b, rate * 2 * (uint32_t)channels);
    add16(b, 2 * channels);
    add16(b, bits);
    buf_str(b, "data");
    add32(b, n_data);
}

/* 128 samples in 64 parts: of each two the louder one, whatever its sign; -32768 is as loud as can be, 32767 * 255 / 32768 = 254. */
static void each_part_is_as_loud_as_its_loudest(void **state)
{
    struct voice_shape s = { 0 };
    struct buf b;

    (void)state;
    wav_head(&b, 1, 1, 8000, 16, true, 256);
    for (int i = 0; i < 128; i++)
        add16(&b, i == 1 ? 16384 : i == 2 ? -8192 : i == 3 ? 4096 : i == 126 ? -32768 : i == 125 ? 32767 : 0);
    assert_int_equal(voice_shape(buf_slice(&b), &s, NULL), KF_OK);
    assert_int_equal(s.duration_ms, 16);
    for (size_t i = 0; i < VOICE_PEAKS; i++)
        assert_int_equal(s.peaks[i], i == 0 ? 127 : i == 1 ? 63 : i == 62 ? 254 : i == 63 ? 255 : 0);
    buf_finish(&b);
}

/* Two samples of two channels: each is half of the parts. The length that the file says is not its own: it is as long as it is. */
static void channels_are_one_and_few_samples_are_many_parts(void **state)
{
    struct voice_shape s = { 0 };
    struct buf b;

    (void)state;
    wav_head(&b, 1, 2, 1000, 16, false, UINT32_MAX);
    add16(&b, 0);
    add16(&b, -16384);
    add16(&b, 256);
    add16(&b, 128);
    buf_char(&b, 'x'); /* not a whole sample */
    assert_int_equal(voice_shape(buf_slice(&b), &s, NULL), KF_OK);
    assert_int_equal(s.duration_ms, 2);
    for (size_t i = 0; i < VOICE_PEAKS; i++)
        assert_int_equal(s.peaks[i], i < 32 ? 127 : 1);
    buf_finish(&b);
}

static void what_is_no_wav_has_no_shape(void **state)
{
    static const struct {
        int format, channels;
        uint32_t rate;
        int bits;
        size_t cut; /* so much of it is there; 0: all */
        enum kf_rc rc;
    } rows[] = {
        { 1, 1, 8000, 16, 0, KF_OK },       { 3, 1, 8000, 16, 0, KF_INVALID },     { 1, 1, 8000, 8, 0, KF_INVALID },
        { 1, 0, 8000, 16, 0, KF_INVALID },  { 1, 1, 0, 16, 0, KF_INVALID },        { 1, 1, 8000, 16, 11, KF_INVALID },
        { 1, 1, 8000, 16, 12, KF_INVALID }, { 1, 1, 8000, 16, 35, KF_INVALID },    { 1, 1, 8000, 16, 43, KF_INVALID },
        { 1, 1, 8000, 16, 44, KF_INVALID }, { 1, 1, 8000, 16, 45, KF_INVALID },    { 1, 1, 8000, 16, 46, KF_OK },
        { 1, 3, 8000, 16, 48, KF_INVALID }, { 1, 65535, 8000, 16, 0, KF_INVALID },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct voice_shape s = { 0 };
        struct kf_err why = { .rc = KF_OK };
        char name[24];
        struct buf b;

        snprintf(name, sizeof(name), "row %zu", i);
        wav_head(&b, rows[i].format, rows[i].channels, rows[i].rate, rows[i].bits, false, 8);
        add32(&b, 1);
        add32(&b, 1);
        row_int_equal(name, voice_shape((struct slice){ buf_slice(&b).p, rows[i].cut ? rows[i].cut : 52 }, &s, &why), rows[i].rc);
        buf_finish(&b);
    }
}

int main(void)
{
    const struct CMUnitTest shapes[] = {
        cmocka_unit_test(each_part_is_as_loud_as_its_loudest),
        cmocka_unit_test(channels_are_one_and_few_samples_are_many_parts),
        cmocka_unit_test(what_is_no_wav_has_no_shape),
    };
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tone_is_the_same_tone),
        cmocka_unit_test(what_is_no_voice_is_told),
        cmocka_unit_test(nobody_speaks_for_ever),
    };

    int ret = cmocka_run_group_tests(shapes, NULL, NULL);

    if (!voice_reads("audio/amr")) {
        puts("[  SKIPPED ] voice: built without the codec");
        return ret;
    }
    return ret + cmocka_run_group_tests(tests, NULL, NULL);
}
