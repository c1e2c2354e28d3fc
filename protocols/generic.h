/* generic.h: the signed webhook of any other system, both ways. Standard Webhooks 1.0.0 below, a profile of ours above it:
 * {"type":"message.created","timestamp":"…","data":{…}}; docs/protocol.md lists the types.
 *
 * Our id of a message, as the other system sees it, is the conversation's id, '-' and the seq: "01936b2e-…-7". A status that names
 * one comes back with inbound.conversation and inbound.seq filled beside ref; the desk has to see that the conversation is one of
 * this channel. The id of an event is "msg_" and the errand's id, the same at each attempt, so a repeat is harmless: an unknown
 * outcome is sent again. The body is made from the errand alone (its created_at, not the clock), so that it is the same too. */
#ifndef KF_PROTOCOLS_GENERIC_H
#define KF_PROTOCOLS_GENERIC_H

#include "protocols/channel.h"

extern const struct channel_ops generic_ops;

/* A ping to the configured address, to see whether the other side believes our signature: NULL first, then its answer. */
enum kf_rc generic_meet(const struct channel *ch, struct arena *a, const struct env *env, const char *hook, bool tell,
                        const struct http_resp *last, struct http_req *ret, struct kf_err *why);

#endif
