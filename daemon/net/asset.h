/* asset.h: the pages, compiled in. The table is written by web/build.mjs. */
#ifndef KF_NET_ASSET_H
#define KF_NET_ASSET_H

#include "core/slice.h"

#include <stdbool.h>

struct asset {
    const char *path; /* "/console/", "/assets/console-4f3a….js" */
    const char *type;
    const char *etag;               /* with its quotes */
    bool immutable;                 /* the name carries a hash: cached for a year */
    struct slice raw, gzip, brotli; /* compressed forms may be empty */
};

extern const struct asset assets[];
extern const size_t n_assets; /* 0: built without npm */

#endif
