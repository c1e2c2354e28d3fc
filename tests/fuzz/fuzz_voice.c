/* Voice of whoever sends it: what comes out is a WAV of the length that it says, which has a shape, or nothing. */
#include "voice.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint32_t le32(const char *p)
{
    const uint8_t *b = (const uint8_t *)p;

    return b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct voice_shape shape;
    char *wav = NULL;
    size_t n = 0;

    (void)voice_shape((struct slice){ (const char *)data, size }, &shape, NULL);
    if (voice_wav((struct slice){ (const char *)data, size }, &wav, &n, NULL))
        return 0;
    if (n <= 44 || memcmp(wav, "RIFF", 4) != 0 || le32(wav + 4) != n - 8 || le32(wav + 40) != n - 44 ||
        voice_shape((struct slice){ wav, n }, &shape, NULL))
        abort();
    free(wav);
    return 0;
}
