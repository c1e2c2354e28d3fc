/* exports.h: tables on their way out. */
#ifndef KF_API_EXPORTS_H
#define KF_API_EXPORTS_H

#include "api/api.h"

/* Of a request that is none of an export they do nothing. */
void exports_pull(struct api *api, uint64_t req);
void exports_gone(struct api *api, uint64_t req);

#endif
