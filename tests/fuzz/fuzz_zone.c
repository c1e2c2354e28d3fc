/* Zone files: whatever stands in one, it is refused or has an offset at any time. */
#include "core/arena.h"
#include "settings/zone.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int64_t times[] = { INT64_MIN / 4000, -1, 0, 1763740800000, 4102444800000, INT64_MAX / 4000 };
    struct arena *arena = arena_new(1 << 24);
    struct zone *zone;

    if (zone_read(&zone, arena, "fuzz", (struct slice){ (const char *)data, size }, NULL) == KF_OK)
        for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
            int offset = zone_offset(zone, times[i]);

            if (abs(offset) > 200 * 3600)
                abort();
        }
    arena_free(arena);
    return 0;
}
