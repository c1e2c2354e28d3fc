/* fake.h: a platform that does not exist, as odd as the oddest that do. It keeps the interface honest, serves as the pattern for a new
 * channel (docs/adding-a-channel.md), and is what the tests run against. Its wire:
 *
 * Settings: `token` signs what it sends us, `app` and `secret` get us an access token, `url` is its API.
 *
 * Signature. Every request to us has ?signature=&timestamp=&nonce= : hex SHA-256 over (token, timestamp, nonce, body), sorted as byte
 * strings and joined without a separator. Age is not checked: a notice is repeated with its old timestamp.
 *
 * Handshake. GET with &echostr= : the answer is echostr and nothing else; 403 if the signature is wrong.
 *
 * Notice. POST, one JSON object: {"to","from","at","id"?,"kind",…}. `at` is in seconds, as a number or as text; `id` is a number beyond
 * 2^53, and events have none. To be answered within 5 s with the text `success`, else it comes again; instead of that text the answer
 * may be one reply: {"to","from","at","kind":"text","text"}, or a card as below. Kinds:
 *     text {text}  image {media}  voice {media,ms,text?}  place {lat,lon,label}  link {title,url}      messages; with {name?,handle?,handle_s?}
 *     tap {key,title}  enter  leave  stop  start  recall {ref}  receipt {ref,state,code?}              events
 *     like {ref,emoji,on}                                                                              an event too: on is 1 or 0
 *     news {ticket}                                                                                    nothing itself: pull
 *
 * Pull. POST url/pull?token= {"cursor"?,"ticket"?,"limit":100} → {"code","items":[notice…],"next","more":0|1}. A page may be empty
 * although there is more. An item with "origin":5 was written to `from` by a colleague, {by?}, in the platform's own app. Code 95007 {"ticket"}: the
 * ticket is stale, ask again without it.
 *
 * Token. Two steps: POST url/token {"app"} → {"challenge"}; POST url/token {"app","challenge","proof"} with proof = hex HMAC-SHA256 of
 * the challenge under `secret` → {"token","expires_in":"7200"}.
 *
 * Send. POST url/send?token= {"to","kind":"text|image","text"|"media"|"url","handle","n"} → {"code","msg"}: no id comes back. A card
 * is {"kind":"card","title","url","text"} (its words, "" if it has none), and one reply. An image is taken there first: POST url/upload?token= with its bytes, at most 2 MiB, and their Content-Type → {"code","media"}. A handle comes with
 * each message of the visitor, stands for `handle_s` seconds and five replies; `n` counts them from 1. There is no key for a repeat:
 * without an answer the outcome is unknown. POST url/typing?token= {"to"}.
 *
 * Media. GET url/media?token=&id= : of an image its bytes, of a voice {"url"} of the bytes, where the token must not be shown. */
#ifndef KF_PROTOCOLS_FAKE_H
#define KF_PROTOCOLS_FAKE_H

#include "protocols/channel.h"

extern const struct channel_ops fake_ops;

#endif
