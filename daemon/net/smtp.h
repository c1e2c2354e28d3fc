/* smtp.h: mail out, for the client's addresses smtp:// and smtps://. On threads of its own: libcurl waits for a relay's answer to QUIT, and
 * that must not be the loop's time. */
#ifndef KF_NET_SMTP_H
#define KF_NET_SMTP_H

#include "net/client.h"

struct smtp;

/* NULL: no memory. `cfg` is borrowed for as long as it lives. */
struct smtp *smtp_open(struct uv_loop_s *loop, const struct net_client_config *cfg);
/* As net_fetch(): `done` once, later, on the loop. False: no memory, and it never comes. */
bool smtp_send(struct smtp *s, const struct http_req *req, net_fetched *done, void *ctx);
/* Ends what is under way, and answers it inside. Takes NULL. */
void smtp_close(struct smtp *s);

#endif
