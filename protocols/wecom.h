/* wecom.h: WeChat customer service of WeCom, 微信客服 (https://developer.work.weixin.qq.com/document/path/94638, as of autumn 2026).
 *
 * In: an encrypted POST only says that an account (open_kfid) has something new. What it is is fetched by POST /cgi-bin/kf/sync_msg, from a
 * cursor on; without one it begins with the oldest of the last three days. The notice's own token is good for ten minutes and only makes
 * the platform less strict. Notices may be lost: every five minutes we ask without one.
 *
 * Out: POST /cgi-bin/kf/send_msg with a msgid of ours, so a repeat is harmless (95033). "Accepted" is not "delivered": a failure comes
 * later, as an item. Five messages within 48 h after each of the customer's, while the session is new or with the robot (states 0 and
 * 1); once it is with a person in the WeCom client (3) or over (4), only that client may write. Whoever opens the chat by a link
 * brings a code that is good for one welcome within 20 s.
 *
 * Token: /cgi-bin/gettoken, the same for all who ask until it ends. */
#ifndef KF_PROTOCOLS_WECOM_H
#define KF_PROTOCOLS_WECOM_H

#include "protocols/channel.h"

extern const struct channel_ops wecom_kf_ops;

#endif
