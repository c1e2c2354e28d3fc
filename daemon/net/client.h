/* client.h: HTTP out, for the errands, tokens and media of the channels, and mail (http_req.smtp). libcurl on our loop; mail on threads.
 *
 * No redirects, https only unless allowed, private addresses refused after resolving unless allowed, answers bounded; mail over TLS only
 * unless http is allowed. */
#ifndef KF_NET_CLIENT_H
#define KF_NET_CLIENT_H

#include "core/http.h"
#include "core/rc.h"

struct net_client;
struct uv_loop_s;

struct net_client_config {
    bool allow_http;     /* plain http addresses */
    bool allow_private;  /* loopback, private, link-local addresses: tests and in-house systems */
    const char *ca_file; /* certificates that are trusted instead of the system's; NULL: those */
    int max_total, max_per_host;
    const char *user_agent;
};

enum kf_rc net_client_open(struct net_client **ret, struct uv_loop_s *loop, const struct net_client_config *cfg, struct kf_err *why);
/* Requests under way are answered with status 0 inside; handles are closed on the loop. Takes NULL. */
void net_client_close(struct net_client *c);

/* Runs once, later; `resp` lives until it returns. */
typedef void net_fetched(void *ctx, const struct http_resp *resp);
/* Copies the request. */
void net_fetch(struct net_client *c, const struct http_req *req, net_fetched *done, void *ctx);

#endif
