/* window.h: how long, and how often, may be answered. */
#ifndef KF_DESK_WINDOW_H
#define KF_DESK_WINDOW_H

#include "desk/inner.h"
#include "protocols/channel.h"

enum reply_state window_state(const struct reply_window *w, int64_t now_ms);
/* Reads what stands now, and tells the staff that has the conversation open here. Nothing where the channel sets no bounds. */
void window_tell(struct desk *d, struct desk_site *ds, const struct conv *c);
/* What is known of it, once more, to a member of staff who has only now been told of the conversation: pages do not keep what they hear of a
 * conversation that they do not know, and the answer may have come before. Nothing where nothing is known yet: it is told when it is. */
void window_tell_again(struct desk *d, const struct view *v, const struct kf_id *who);
/* Each second: tells it anew where some of the replies have ended, and others are left. */
void window_tick(struct desk *d);
/* May staff answer in this conversation now, with this message (NULL: with one that is there already)? False: `why` says what is missing. What
 * goes late is text. A text that would be cut into more parts than there are replies is not begun. What is not known is allowed: the adapter
 * asks again. */
bool window_allows(struct desk *d, const struct kf_id *conv, const struct inbound *in, struct kf_err *why);
/* How the card that this frame says would go (the file on it is not known yet); CARD_REFUSED: `why` (NULL allowed). */
enum card_way window_card(const struct channel_ops *ops, const struct inbound *in, struct kf_err *why);

#endif
