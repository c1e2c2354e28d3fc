/* voice.h: voice as phones record it (AMR, narrowband and wideband, RFC 4867 §5) becomes what browsers play (WAV, 16 bits, one channel),
 * and WAV a picture of how loud it is when.
 * Takes some milliseconds of a core for each second of sound: never on the loop. From any thread. */
#ifndef KF_VOICE_H
#define KF_VOICE_H

#include "core/rc.h"
#include "core/slice.h"

#include <stdint.h>

#define VOICE_BYTES_MAX (1 << 20)
#define VOICE_S_MAX     300 /* platforms record a minute; WAV of all that is 9.6 MB */
#define VOICE_PEAKS     64

/* Is a file of that type one that voice_wav() reads? Never, where kefud was built without the codec. */
bool voice_reads(const char *mime);

/* The whole as WAV, freed by the caller. What ends in the middle of a frame, or goes on with something else, ends there. KF_INVALID: it
 * is no AMR of one channel, or there is no frame in it; KF_LIMIT: more than the bounds above; KF_UNSUPPORTED: built without the codec. */
enum kf_rc voice_wav(struct slice amr, char **ret, size_t *n, struct kf_err *why);

struct voice_shape {
    int64_t duration_ms;
    uint8_t peaks[VOICE_PEAKS]; /* the loudest of each of as many equal parts, 255: as loud as can be; those of all channels are one */
};

/* Of WAV, 16 bits of any rate and number of channels; a last sample that is not whole is none. KF_INVALID: it is something else, or there
 * is no sound in it. */
enum kf_rc voice_shape(struct slice wav, struct voice_shape *ret, struct kf_err *why);

#endif
