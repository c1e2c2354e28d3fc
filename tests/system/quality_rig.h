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

/* How many lines of that kind the access log has. */
RIG_UNUSED static long long audited(const char *kind)
{
    sqlite3 *db;
    sqlite3_stmt *st;
    char path[300];
    long long ret = -1;

    (void)snprintf(path, sizeof(path), "%s/kefud.db", d.state);
    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, "SELECT COUNT(*) FROM audit WHERE kind = ?", -1, &st, NULL), SQLITE_OK);
    (void)sqlite3_bind_text(st, 1, kind, -1, SQLITE_STATIC);
    if (sqlite3_step(st) == SQLITE_ROW)
        ret = sqlite3_column_int64(st, 0);
    sqlite3_finalize(st);
    sqlite3_close(db);
    return ret;
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

/* ---- who draws and reviews ---- */

#define PASSWORD "pw-of-the-tests-1234"
#define CARD                                                                                                         \
    "{\"name\":\"简表\",\"pass\":85,\"sections\":[{\"key\":\"all\",\"name\":\"全部\",\"weight\":100,\"items\":[" \
    "{\"key\":\"base\",\"name\":\"基本\",\"type\":\"steps3\",\"points\":10},"                                      \
    "{\"key\":\"off\",\"name\":\"扣分\",\"type\":\"deduct\",\"points\":100},"                                      \
    "{\"key\":\"fat\",\"name\":\"致命\",\"type\":\"fatal\",\"scope\":\"all\"}]}]}"

RIG_UNUSED static const char *path_of(const char *kind, const char *id, const char *what)
{
    static char ret[2][200];
    static int turn;
    char *to = ret[turn = !turn];

    (void)snprintf(to, sizeof(ret[0]), "/api/v1/%s/%s%s%s", kind, id, *what ? "/" : "", what);
    return to;
}

/* Somebody who is new here and has signed in. */
RIG_UNUSED static void join(struct staff *s, const char *name, const char *roles, const char *queues)
{
    char body[400], email[64];

    (void)snprintf(email, sizeof(email), "%s@demo.example", name);
    (void)snprintf(body, sizeof(body),
                   "{\"site\":\"" SITE
                   "\",\"email\":\"%s\",\"name\":\"%s\",\"number\":\"9\",\"roles\":[%s],\"queues\":[%s],\"password\":\"" PASSWORD "\"}",
                   email, name, roles, queues);
    refused(&admin, 201, "POST", "/api/v1/people", body);
    memset(s, 0, sizeof(*s));
    assert_int_equal(staff_try_sign_in(s, &d, email, PASSWORD), 201);
}

/* The card `short` as its next version; `seen`: the version that it has, 0: there is none yet. */
RIG_UNUSED static void put_card(int seen, const char *card)
{
    char headers[64];
    struct reply r;

    (void)snprintf(headers, sizeof(headers), seen ? "If-Match: \"%d\"\r\n" : "If-None-Match: *\r\n", seen);
    r = web_expect(&d, seen ? 200 : 201,
                   &(struct ask){ .method = "PUT",
                                  .path = "/api/v1/sites/" SITE "/documents/scorecard/short",
                                  .cookie = supervisor.cookie,
                                  .csrf = supervisor.csrf,
                                  .origin = "",
                                  .headers = headers,
                                  .body = card });
    reply_free(&r);
}

RIG_UNUSED static int start_with_card(void **state)
{
    (void)start(state);
    put_card(0, CARD);
    return 0;
}

/* Draws with `wish` what was closed till now, for `who` alone; what is answered. */
RIG_UNUSED static json_t *draw_for(const struct staff *who, int status, const char *wish)
{
    char body[600];

    (void)snprintf(body, sizeof(body), "{\"scorecard\":\"short\",\"reviewers\":[\"%s\"],%s}", who->id, wish);
    return send(&supervisor, status, "POST", "/api/v1/samples?site=" SITE, body);
}

/* The review that `who` has of the conversation. */
RIG_UNUSED static void review_of(const struct staff *who, const char *conv, char id[40])
{
    json_t *mine = staff_get(who, &d, "/api/v1/reviews?site=" SITE "&list=mine"), *one;
    size_t i;

    *id = 0;
    json_array_foreach(json_object_get(mine, "items"), i, one) if (strcmp(text_at(one, "conversation"), conv) == 0)(void)
        snprintf(id, 40, "%s", text_at(one, "id"));
    json_decref(mine);
    assert_true(*id);
}

#endif
