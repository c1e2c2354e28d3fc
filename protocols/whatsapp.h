/* whatsapp.h: one phone number of the WhatsApp Business Platform, over Meta's Cloud API.
 * https://developers.facebook.com/docs/whatsapp/cloud-api, Graph API v24.0 to v26.0 of 2026.
 *
 * Handshake. GET ?hub.mode=subscribe&hub.verify_token=&hub.challenge= : the challenge comes back as it is, if the token is ours.
 *
 * In. POST, signed: X-Hub-Signature-256 is "sha256=" and the hex HMAC-SHA256 of the raw body under the app secret; where the body has
 * bytes beyond ASCII it may be that of the body with all of them written as \uXXXX. No time is signed, and what is not answered with 200
 * comes again for a week with its first timestamp. One app has one address for all its numbers: `entry[].changes[].value` may hold up to a
 * thousand messages and statuses, of several numbers; metadata.phone_number_id says whose they are.
 *
 * Names. A customer is a business-scoped id ("US.3141…"), where Meta gives none the digits of the phone. Meta changes them and says so. A
 * peer is the customer, or "group:ID".
 *
 * Out. POST url/VERSION/NUMBER/messages with a Bearer token that does not end. 200 means taken; what becomes of it is told by statuses. There is no
 * key for a repeat, but what we write into biz_opaque_callback_data comes back with them: it names our message, so that one whose answer
 * was lost is found again. Free words only within a day of the customer's last message: that message's id is our reply handle, and
 * its end the window's; reading and typing are told about it, too. Outside the window only a template goes.
 *
 * Media. The message may name an address, good for five minutes; else GET url/VERSION/ID → {"url"}, then GET that with the same token. Files go out by POST url/VERSION/NUMBER/media. */
#ifndef KF_PROTOCOLS_WHATSAPP_H
#define KF_PROTOCOLS_WHATSAPP_H

#include "protocols/channel.h"

extern const struct channel_ops whatsapp_ops;

#endif
