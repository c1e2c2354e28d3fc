/* wechat.h: WeChat Official Accounts (https://developers.weixin.qq.com/doc/offiaccount/, as of autumn 2026).
 *
 * In: POSTs of XML (or of JSON, to which nothing but `success` is answered) to the hook, signed by ?signature= over token, timestamp and nonce
 * (plain mode: the body is not covered), or by ?msg_signature= over these and the ciphertext (compat, safe). They come again, three times in
 * all, unless they are answered within 5 s; `success` says that nothing is to be shown. Messages have a MsgId; events have none.
 *
 * Out: inside that answer (text, one article, music, files that have been taken there; it uses up nothing), or by POST
 * /cgi-bin/message/custom/send: so many messages within 48 h after each message of the follower, three within a minute after a tap on the
 * menu. No id comes back and no key for repeats is taken: without an answer the outcome is unknown.
 *
 * Token: stable_token, which does not kill what others hold; or /cgi-bin/token, which does. Files are taken there first and live three
 * days. What a follower may not be sent as a file (documents, videos without a cover) is sent as an address.
 *
 * What the documentation leaves open: files of followers, which some accounts report as MsgType `file`, are shown as unsupported; the bound
 * of a text is taken as 2048 bytes. */
#ifndef KF_PROTOCOLS_WECHAT_H
#define KF_PROTOCOLS_WECHAT_H

#include "protocols/channel.h"

extern const struct channel_ops wechat_ops;

#endif
