#include "voice.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

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
