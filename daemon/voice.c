#include "voice.h"

#include <stdlib.h>
#include <string.h>

/* ---- how loud it is when ---- */

static uint32_t le(const char *p, int bytes)
{
    uint32_t ret = 0;

    while (bytes--)
        ret = ret << 8 | (uint8_t)p[bytes];
    return ret;
}

/* What is in the first chunk of that name behind `wav`'s twelve bytes; NULL: there is none. One that says it is longer than the file ends
 * with it, as of those that were written while somebody spoke. */
static struct slice chunk(struct slice wav, const char *name)
{
    struct slice rest = { wav.p + 12, wav.n - 12 };

    while (rest.n >= 8) {
        struct slice in = { rest.p + 8, rest.n - 8 };
        size_t n = le(rest.p + 4, 4), next;

        if (memcmp(rest.p, name, 4) == 0)
            return (struct slice){ in.p, n < in.n ? n : in.n };
        next = n + n % 2;
        if (next >= in.n)
            break;
        rest = (struct slice){ in.p + next, in.n - next };
    }
    return (struct slice){ NULL, 0 };
}

/* The loudest of those samples, as a part of the loudest that there can be. */
static uint8_t loudest(const char *samples, size_t n)
{
    int ret = 0;

    for (size_t i = 0; i < n; i++) {
        int s = (int16_t)(uint16_t)le(samples + 2 * i, 2);

        if (s < 0)
            s = -s;
        if (s > ret)
            ret = s;
    }
    return (uint8_t)(ret * 255 / 32768);
}

enum kf_rc voice_shape(struct slice wav, struct voice_shape *ret, struct kf_err *why)
{
    enum { PCM = 1, FMT = 16 };
    struct slice fmt, data;
    size_t channels, rate, n;

    if (wav.n < 12 || memcmp(wav.p, "RIFF", 4) != 0 || memcmp(wav.p + 8, "WAVE", 4) != 0)
        return kf_fail(why, KF_INVALID, "not WAV");
    fmt = chunk(wav, "fmt ");
    if (fmt.n < FMT || le(fmt.p, 2) != PCM || le(fmt.p + 14, 2) != 16)
        return kf_fail(why, KF_INVALID, "not WAV of 16 bits");
    channels = le(fmt.p + 2, 2);
    rate = le(fmt.p + 4, 4);
    data = chunk(wav, "data");
    n = channels && rate ? data.n / 2 / channels : 0;
    if (!n)
        return kf_fail(why, KF_INVALID, "there is no sound in it");
    ret->duration_ms = (int64_t)(n * 1000 / rate);
    for (size_t i = 0; i < VOICE_PEAKS; i++) {
        size_t from = i * n / VOICE_PEAKS, to = (i + 1) * n / VOICE_PEAKS;

        if (to == from) /* fewer than parts: some are in more than one */
            to = from + 1;
        ret->peaks[i] = loudest(data.p + 2 * channels * from, channels * (to - from));
    }
    return KF_OK;
}

/* ---- AMR ---- */

#ifdef KEFUD_AMR

#include <opencore-amrnb/interf_dec.h>
#include <opencore-amrwb/dec_if.h>

enum { FRAMES_A_SECOND = 50, FRAME_MAX = 61, WAV_HEAD = 44 };

struct codec {
    const char *magic;
    size_t n_magic;
    uint32_t rate;
    int8_t size[16]; /* bytes behind the first one of a frame, by its type; -1: there is no such type */
    void *(*open)(void);
    void (*decode)(void *state, const unsigned char *in, short *out, int bad);
    void (*close)(void *state);
};

/* RFC 4867, tables 1a and 1b and §5.3. The wider name begins like the other one, but for its sixth byte. */
static const struct codec codecs[] = {
    { "#!AMR\n",
      6,
      8000,
      { 12, 13, 15, 17, 19, 20, 26, 31, 5, -1, -1, -1, -1, -1, -1, 0 },
      Decoder_Interface_init,
      Decoder_Interface_Decode,
      Decoder_Interface_exit },
    { "#!AMR-WB\n", 9, 16000, { 17, 23, 32, 36, 40, 46, 50, 58, 60, 5, -1, -1, -1, -1, 0, 0 }, D_IF_init, D_IF_decode, D_IF_exit },
};

/* The length of the frame at the beginning of `rest`, 0: there is none, or not all of it. */
static size_t frame_of(const struct codec *c, struct slice rest)
{
    int size = rest.n ? c->size[((uint8_t)rest.p[0] >> 3) & 15] : -1;

    return size < 0 || (size_t)size + 1 > rest.n ? 0 : (size_t)size + 1;
}

static size_t count_frames(const struct codec *c, struct slice amr)
{
    size_t ret = 0, n;

    for (; (n = frame_of(c, amr)); ret++)
        amr = (struct slice){ amr.p + n, amr.n - n };
    return ret;
}

static void put(char **at, uint32_t v, int bytes)
{
    for (; bytes--; v >>= 8)
        *(*at)++ = (char)(uint8_t)v;
}

static void put_head(char *at, uint32_t rate, uint32_t n)
{
    memcpy(at, "RIFF", 4);
    at += 4;
    put(&at, WAV_HEAD - 8 + n, 4);
    memcpy(at, "WAVEfmt ", 8);
    at += 8;
    put(&at, 16, 4);
    put(&at, 1, 2); /* PCM */
    put(&at, 1, 2); /* channel */
    put(&at, rate, 4);
    put(&at, 2 * rate, 4);
    put(&at, 2, 2);
    put(&at, 16, 2);
    memcpy(at, "data", 4);
    at += 4;
    put(&at, n, 4);
}

/* Each frame from a place of its own: the decoders read beyond short ones. */
static void decode(const struct codec *c, void *state, struct slice amr, size_t frames, char *at)
{
    size_t samples = c->rate / FRAMES_A_SECOND;

    for (size_t i = 0; i < frames; i++) {
        unsigned char in[2 * FRAME_MAX + 6] = { 0 };
        short out[320] = { 0 };
        size_t n = frame_of(c, amr);

        memcpy(in, amr.p, n);
        amr = (struct slice){ amr.p + n, amr.n - n };
        c->decode(state, in, out, 0);
        for (size_t k = 0; k < samples; k++)
            put(&at, (uint16_t)out[k], 2);
    }
}

bool voice_reads(const char *mime)
{
    return strcmp(mime, "audio/amr") == 0 || strcmp(mime, "audio/amr-wb") == 0;
}

enum kf_rc voice_wav(struct slice amr, char **ret, size_t *n, struct kf_err *why)
{
    const struct codec *c = NULL;
    size_t frames, bytes;
    void *state;
    char *wav;

    for (size_t i = 0; i < sizeof(codecs) / sizeof(codecs[0]); i++)
        if (amr.n >= codecs[i].n_magic && memcmp(amr.p, codecs[i].magic, codecs[i].n_magic) == 0)
            c = &codecs[i];
    if (!c)
        return kf_fail(why, KF_INVALID, "not AMR of one channel");
    amr = (struct slice){ amr.p + c->n_magic, amr.n - c->n_magic };
    frames = count_frames(c, amr);
    if (!frames)
        return kf_fail(why, KF_INVALID, "there is no sound in it");
    if (amr.n > VOICE_BYTES_MAX || frames > (size_t)VOICE_S_MAX * FRAMES_A_SECOND)
        return kf_fail(why, KF_LIMIT, "longer than %d seconds", VOICE_S_MAX);
    bytes = frames * (c->rate / FRAMES_A_SECOND) * 2;
    wav = malloc(WAV_HEAD + bytes);
    state = wav ? c->open() : NULL;
    if (!state) {
        free(wav);
        return kf_fail(why, KF_NOMEM, "voice");
    }
    put_head(wav, c->rate, (uint32_t)bytes);
    decode(c, state, amr, frames, wav + WAV_HEAD);
    c->close(state);
    *ret = wav;
    *n = WAV_HEAD + bytes;
    return KF_OK;
}

#else

bool voice_reads(const char *mime)
{
    (void)mime;
    return false;
}

enum kf_rc voice_wav(struct slice amr, char **ret, size_t *n, struct kf_err *why)
{
    (void)amr;
    (void)ret;
    (void)n;
    return kf_fail(why, KF_UNSUPPORTED, "this kefud was built without AMR");
}

#endif
