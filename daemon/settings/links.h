/* links.h: what one document of a site says of another is there. */
#ifndef KF_SETTINGS_LINKS_H
#define KF_SETTINGS_LINKS_H

#include "core/rc.h"

struct site;

/* Of a site that is complete but for this: its queues' overflow and bots, and all that its rules name. KF_INVALID names the document, the
 * member, and what is not there. */
enum kf_rc site_links(const struct site *s, struct kf_err *why);

#endif
