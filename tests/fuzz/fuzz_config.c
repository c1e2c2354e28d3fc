/* The configuration file: whatever stands in it, it is refused with words or loads, and what loads prints and loads again. */
#include "config_keys.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct config cfg, again;
    struct kf_err why = { 0 };
    struct buf out;

    if (config_parse(&cfg, "fuzz", (struct slice){ (const char *)data, size }, true, &why)) {
        if (cfg.arena || !why.text[0])
            abort();
        return 0;
    }
    buf_init(&out, 1 << 20);
    config_print(&cfg, &out);
    buf_finish(&out);
    /* The defaults must not have been harmed. */
    if (config_parse(&again, "defaults", SLICE(""), true, &why))
        abort();
    config_free(&again);
    config_free(&cfg);
    return 0;
}
