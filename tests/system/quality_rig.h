/* quality_rig.h: a kefud with its demo and the people of a quality department: what the tests of checks, reviews and learning share. One agent
 * is online, the others have signed in. */
#ifndef KF_TESTS_QUALITY_RIG_H
#define KF_TESTS_QUALITY_RIG_H

#include "tests/support/cast.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RIG_UNUSED __attribute__((unused))

#define SITE       "demo"

static struct daemon d;
static struct staff agent, agent2, reviewer, supervisor, admin;

RIG_UNUSED static void sign_in(void)
{
    staff_online(&agent, &d, "agent1@demo.example", SITE);
    staff_sign_in(&agent2, &d, "agent2@demo.example");
    staff_sign_in(&reviewer, &d, "reviewer@demo.example");
    staff_sign_in(&supervisor, &d, "supervisor@demo.example");
    staff_sign_in(&admin, &d, "admin@demo.example");
}

RIG_UNUSED static void sign_off(void)
{
    staff_free(&agent);
    staff_free(&agent2);
    staff_free(&reviewer);
    staff_free(&supervisor);
    staff_free(&admin);
}

RIG_UNUSED static int start(void **state)
{
    (void)state;
    daemon_start(&d, &(struct daemon_options){ .demo = true, .config = "[limits]\nconversations = 1000\n" });
    sign_in();
    return 0;
}

RIG_UNUSED static int finish(void **state)
{
    (void)state;
    sign_off();
    daemon_finish(&d);
    return 0;
}

/* ---- asking ---- */

/* staff_send() to this daemon. */
RIG_UNUSED static json_t *send(const struct staff *s, int status, const char *method, const char *path, const char *body)
{
    return staff_send(s, &d, status, method, path, body);
}

/* The same, when only the status matters. */
RIG_UNUSED static void refused(const struct staff *s, int status, const char *method, const char *path, const char *body)
{
    json_decref(send(s, status, method, path, body));
}

/* ---- what is reviewed ---- */

/* A talk in which the visitor says `words` and the agent `answer`, closed by the visitor. */
RIG_UNUSED static void talk_over(const char *words, const char *answer, char conv[40])
{
    struct visitor v = { 0 };

    visitor_enter(&v, &d, SITE, NULL);
    (void)visitor_say(&v, "c1", words);
    wire_take(&agent.wire, "{s:s,s:{s:s}}", "type", "assigned", "conversation", "id", v.conv);
    (void)staff_say(&agent, v.conv, "a1", answer);
    wire_text(&v.wire, "{\"type\":\"close\",\"cid\":\"the-end\"}");
    assert_string_equal(wire_verdict(&v.wire, "the-end"), "ack");
    (void)snprintf(conv, 40, "%s", v.conv);
    visitor_free(&v);
}

#define GREETING "您好，我是客服小林"

#endif
