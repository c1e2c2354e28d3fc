/* telegram_bot.h: a kefud with a Telegram bot, the platform behind it, and an agent who is online: what the tests of it share. */
#ifndef KF_TESTS_TELEGRAM_BOT_H
#define KF_TESTS_TELEGRAM_BOT_H

#include "tests/support/desk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RIG_UNUSED __attribute__((unused))

#define BOT        "/bot123456:TEST-token"
#define SECRET     "kefud_tg-Secret_01"
#define OK         "{\"ok\":true,\"result\":{\"message_id\":1,\"chat\":{\"id\":1}}}"

/* In a set: the bot's channel, with %d for the port of the platform. */
#define BOT_CHANNEL                                                                                                       \
    "\"tg\":{\"adapter\":\"telegram\",\"name\":\"Bot\",\"queue\":\"desk\",\"settings\":{\"token\":\"123456:TEST-token\"," \
    "\"secrets\":[\"" SECRET "\"],\"url\":\"http://127.0.0.1:%d\"}}"

/* A picture, as far as anybody looks. */
static const char png[] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x02\0\0\0\x02";

static struct desk_rig r;
static char hook[64];
static int updates = 880000000;

RIG_UNUSED static int start(void **state)
{
    (void)state;
    rig_open(&r, BOT_CHANNEL);
    (void)snprintf(hook, sizeof(hook), "%s", hook_path(&r.d, RIG_SITE, "tg"));
    return 0;
}

RIG_UNUSED static int finish(void **state)
{
    (void)state;
    rig_close(&r);
    return 0;
}

/* ---- what Telegram says ---- */

RIG_UNUSED static struct reply post(const char *body)
{
    return rig_post(&r, hook, "X-Telegram-Bot-Api-Secret-Token: " SECRET "\r\n", body);
}

/* An update with these members beside its id; the answer's JSON is owned by the caller. */
RIG_UNUSED static json_t *update(const char *members)
{
    char body[1600];
    struct reply got;
    json_t *ret;

    (void)snprintf(body, sizeof(body), "{\"update_id\":%d,%s}", ++updates, members);
    got = post(body);
    if (got.status != 200)
        fail_msg("%s was answered with %d", body, got.status);
    ret = json_incref(got.json);
    reply_free(&got);
    return ret;
}

#define FROM(user)                                                                                                                 \
    "\"from\":{\"id\":" user ",\"is_bot\":false,\"first_name\":\"Ida\"},\"chat\":{\"id\":" user ",\"type\":\"private\"},\"date\":" \
    "1789990000"

/* A message of that user, as the member of an update. */
#define WROTE(user, id, text) "\"message\":{\"message_id\":" id "," FROM(user) ",\"text\":\"" text "\"}"

/* Somebody comes with that update. */
RIG_UNUSED static const char *opens(const char *members)
{
    json_decref(update(members));
    return rig_assigned(&r);
}

/* ---- what it is asked ---- */

/* The next call of that method. */
RIG_UNUSED static void take(const char *method)
{
    char tail[80];

    (void)snprintf(tail, sizeof(tail), BOT "/%s", method);
    rig_take(&r, tail, OK);
}

/* ---- what the agent sends ---- */

/* A file without words; returns its seq. `reply_to` 0: it answers nothing. */
RIG_UNUSED static int64_t shows_as(const char *conv, const char *cid, const char *kind, const char *id, int64_t reply_to)
{
    char more[40] = "";

    if (reply_to)
        (void)snprintf(more, sizeof(more), ",\"reply_to\":%lld", (long long)reply_to);
    wire_sendf(&r.agent.wire,
               "{\"type\":\"message\",\"conversation\":\"%s\",\"cid\":\"%s\",\"kind\":\"%s\",\"text\":\"\",\"file\":\"%s\"%s}", conv, cid,
               kind, id, more);
    return number_at(wire_take(&r.agent.wire, "{s:s,s:s}", "type", "ack", "cid", cid), "seq");
}

/* A picture. */
RIG_UNUSED static int64_t shows_one(const char *conv, const char *cid, const char *id, int64_t reply_to)
{
    return shows_as(conv, cid, "image", id, reply_to);
}

#endif
