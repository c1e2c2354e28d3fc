/* qq.h: QQ bots of the open platform, API version 2, webhook mode. What the platform does, as of autumn 2026:
 *
 * Signature. X-Signature-Ed25519 (hex of 64 bytes) over X-Signature-Timestamp and the raw body, nothing between them. The key pair is
 * made of the AppSecret: doubled until it has 32 bytes, and the first 32 are the seed. No age is defined; what is repeated is known by
 * its id.
 *
 * Envelope. {"id","op","t","d"}: op 0 an event, answered {"op":12,"d":0}; 1 a heartbeat, answered {"op":11,"d":…}; 13 the validation of
 * the address: {"d":{"plain_token","event_ts"}} is answered with the token and a signature over event_ts and plain_token.
 *
 * Scopes. One person (`c2c`): the exchange is user_openid. A group: group_openid, its members speak in one conversation. Guild channels
 * and direct messages of guilds have another id space and other addresses: "channel/ID" and "dms/ID" here.
 *
 * Sending. Every message answers one that came (`msg_id`) or an event (`event_id`), five times at most, within 60 minutes, in groups
 * within 5; `msg_seq` counts the answers. There is no other way to reach anybody. Without an answer of the platform the outcome is
 * unknown: the same pair of numbers would be refused, but a newer message of the visitor changes the pair.
 *
 * Files go by address: the platform fetches them before the message that shows them. Images (png, jpg), video (mp4), voice (silk). */
#ifndef KF_PROTOCOLS_QQ_H
#define KF_PROTOCOLS_QQ_H

#include "protocols/channel.h"

extern const struct channel_ops qq_ops;

#endif
