/* A frame of a visitor's page. */
#include "fuzz_frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_frame(FRAME_VISITOR, data, size);
}
