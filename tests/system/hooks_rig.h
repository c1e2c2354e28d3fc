/* hooks_rig.h: a kefud with two channels of the generic webhook, the other system behind them, and an agent who is online: what the tests of it
 * share. */
#ifndef KF_TESTS_HOOKS_RIG_H
#define KF_TESTS_HOOKS_RIG_H

#include "tests/support/desk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RIG_UNUSED __attribute__((unused))

#define SITE       "hooked"
#define SECRET     "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
#define REPLY      "whsec_ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8="

static struct daemon d;
static struct platform p;
static struct staff agent;
static char hook[64]; /* of the channel "api" */

static const char set[] =
    "{\"site\":{\"key\":\"" SITE "\",\"name\":\"接口店\",\"language\":\"zh-CN\"},\"queues\":{\"desk\":{\"name\":\"客服\"}},"
    "\"channels\":{\"api\":{\"adapter\":\"generic\",\"name\":\"接口\",\"queue\":\"desk\","
    "\"settings\":{\"url\":\"http://127.0.0.1:%d/in\",\"secrets\":[\"" SECRET "\"],\"send_secrets\":[\"" REPLY "\"]}},"
    "\"second\":{\"adapter\":\"generic\",\"name\":\"另一个\",\"queue\":\"desk\","
    "\"settings\":{\"url\":\"http://127.0.0.1:%d/in\",\"secrets\":[\"" SECRET "\"],\"send_secrets\":[\"" REPLY "\"]}}},"
    "\"rules\":[{\"key\":\"greeting\",\"event\":\"opened\",\"actions\":[\"say\"],\"wording\":\"greeting\",\"off\":true}],\"people\":[{"
    "\"email\":\"agent@" SITE ".example\",\"name\":\"接线员\",\"number\":\"7\",\"roles\":[\"agent\"],"
    "\"queues\":[\"desk\"],\"capacity\":50}]}";

RIG_UNUSED static int start(void **state)
{
    (void)state;
    platform_open(&p);
    daemon_start(&d, &(struct daemon_options){ .demo = true, .config = "[channels]\nallow_http = yes\nallow_private = yes\n" });
    site_open(&d, set, p.port, &agent, hook);
    assert_string_equal(hook, hook_path(&d, SITE, "api"));
    return 0;
}

RIG_UNUSED static int finish(void **state)
{
    (void)state;
    staff_free(&agent);
    daemon_finish(&d);
    platform_close(&p);
    return 0;
}

/* ---- what the other system says ---- */

/* message.created from `user`; static memory. */
RIG_UNUSED static const char *created(const char *id, const char *user, const char *text)
{
    static char body[1000];

    (void)snprintf(
        body, sizeof(body),
        "{\"type\":\"message.created\",\"timestamp\":\"2026-09-21T11:26:40.123Z\",\"data\":{\"id\":\"%s\",\"user\":{\"id\":\"%s\","
        "\"name\":\"小安\"},\"type\":\"text\",\"text\":\"%s\"}}",
        id, user, text);
    return body;
}

RIG_UNUSED static int says(const char *id, const char *user, const char *text)
{
    return hook_post(&d, hook, SECRET, id, 0, created(id, user, text));
}

/* A person who has not been here before says something; the agent has it. The conversation's id is in static memory. */
RIG_UNUSED static const char *begin(const char *user, const char *text)
{
    static char conv[40];
    char id[64];
    const json_t *assigned;

    (void)snprintf(id, sizeof(id), "first-%s", user);
    assert_int_equal(says(id, user, text), 204);
    assigned = wire_take(&agent.wire, "{s:s,s:{s:s}}", "type", "assigned", "conversation", "channel", "api");
    (void)snprintf(conv, sizeof(conv), "%s", text_at(assigned, "conversation.id"));
    return conv;
}

RIG_UNUSED static void finish_talk(const char *conv)
{
    wire_sendf(&agent.wire, "{\"type\":\"close\",\"conversation\":\"%s\",\"cid\":\"bye\"}", conv);
    wire_take(&agent.wire, "{s:s,s:s,s:s}", "type", "ack", "cid", "bye", "conversation", conv);
    platform_take(&p);
    assert_string_equal(text_at(p.json, "type"), "conversation.closed");
    platform_answer(&p, 204, NULL, NULL);
}

#endif
