/* telegram.h: a Telegram bot, over the Bot API with a webhook. https://core.telegram.org/bots/api, version 10.3 of 2026.
 *
 * In. POST, one update each: {"update_id", one member more}. Nothing is signed: the header X-Telegram-Bot-Api-Secret-Token repeats a word
 * that we gave with setWebhook, and update_id keeps repeats away. It comes again, for a day, until the answer is 2xx; the updates of a
 * chat come one after the other, so one that is refused holds up all behind it. The answer may itself be a call, {"method",…}, whose result
 * nobody learns: so a tap on a button is acknowledged.
 *
 * Names. A message's number is unique in its chat only: our ref is "CHAT:NUMBER". A peer is "CHAT", of a topic "CHAT/TOPIC", and through
 * the account of a business "CHAT@CONNECTION": peers with the same chat are different conversations.
 *
 * Out. POST url/botTOKEN/METHOD with JSON, or a form if a file goes along: the file and its message are one request. The token stands in
 * the address, so addresses are never logged. There is no key for a repeat: without an answer the outcome is unknown.
 *
 * Media. getFile {file_id} → {"file_path"}, then GET url/file/botTOKEN/PATH; at most 20 MB. */
#ifndef KF_PROTOCOLS_TELEGRAM_H
#define KF_PROTOCOLS_TELEGRAM_H

#include "protocols/channel.h"

extern const struct channel_ops telegram_ops;

#endif
