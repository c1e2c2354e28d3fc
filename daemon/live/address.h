/* address.h: where a Redis is and how to sign in there. Pure. */
#ifndef KF_LIVE_ADDRESS_H
#define KF_LIVE_ADDRESS_H

#include "core/rc.h"

struct redis_address {
    char path[108]; /* of the unix socket; "" for TCP */
    char host[256];
    int port;
    char user[128];     /* "" none: the default user */
    char password[512]; /* "" none */
    int db;
};

/* redis://[[user]:password@]host[:port][/db], unix:/path, unix://[user]:password@/path. User and password are percent-decoded;
 * `password` (NULL none) overrides the url's. KF_INVALID in words that do not repeat the password. */
enum kf_rc redis_address_parse(struct redis_address *ret, const char *url, const char *password, struct kf_err *why);

#endif
