/* mail.h: mail as a channel: in through a provider's webhook, out by SMTP. As of autumn 2026:
 *
 * In. Mailgun: a form, signed by three of its fields (timestamp, token, signature) that do not cover the rest; SendGrid Inbound Parse: a
 * form with files, raw or taken apart, signed as a whole if its security policy is on; Postmark: JSON behind HTTP Basic. All of them bring
 * one mail for one or more of our addresses, with its files.
 *
 * A thread is a conversation. Our Message-IDs and our Reply-To addresses hold a token that says which one, with a MAC: what answers them is
 * known without looking anything up, and nobody can write into a conversation by guessing. What answers none of ours belongs to the thread
 * that its References begin with, of that sender.
 *
 * What a machine has written is marked, and never answered by one. A bounce (RFC 3464) is the state of the message that it is about.
 *
 * Out. One mail a message: text, and the file that it shows. The Message-ID is made of the message's place in its conversation: whatever
 * is sent again has the same one. The envelope is http_req.smtp; an answer's status is the reply code and its body the reply. */
#ifndef KF_PROTOCOLS_MAIL_H
#define KF_PROTOCOLS_MAIL_H

#include "protocols/channel.h"

extern const struct channel_ops mail_ops;

#endif
