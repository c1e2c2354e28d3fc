/* What belongs to others: another visitor's, another agent's, another site's things by every id there is, and what ends a session. */
#include "tests/support/cast.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SITE     "demo"
#define AGENT1   "agent1@demo.example"
#define AGENT2   "agent2@demo.example"
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct daemon d;

static const char other_site[] =
    "{\"site\":{\"key\":\"other\",\"name\":\"另一家\",\"language\":\"zh-CN\"},\"queues\":{\"desk\":{\"name\":\"客服\"}},"
    "\"channels\":{\"web\":{\"adapter\":\"widget\",\"name\":\"官网\",\"queue\":\"desk\"}},"
    "\"people\":[{\"email\":\"agent@other.example\",\"name\":\"他人\",\"number\":\"9\",\"roles\":[\"agent\"],\"queues\":[\"desk\"],"
    "\"capacity\":5}]}";

/* One conversation in each site, served by its agent, with a file in it. */
static struct {
    struct visitor v, ov;
    struct staff a, oa;
    char file[40], ofile[40];
} world;

static void upload_and_say(struct visitor *v, const char *site, char file[40])
{
    char path[80], header[600];
    struct reply r;

    (void)snprintf(path, sizeof(path), "/files?site=%s&name=a.txt", site);
    (void)snprintf(header, sizeof(header), "Authorization: Bearer %s\r\n", v->token);
    r = web_expect(&d, 201, &(struct ask){ .path = path, .headers = header, .body = "secret of the visitor" });
    (void)snprintf(file, 40, "%s", text_at(r.json, "id"));
    reply_free(&r);
    wire_sendf(&v->wire, "{\"type\":\"message\",\"cid\":\"f1\",\"kind\":\"file\",\"file\":\"%s\"}", file);
    assert_string_equal(wire_verdict(&v->wire, "f1"), "ack");
}

static void open_talk(struct visitor *v, struct staff *a, const char *site)
{
    visitor_enter(v, &d, site, NULL);
    (void)visitor_say(v, "c1", "只给我的客服看");
    wire_take(&a->wire, "{s:s,s:{s:s}}", "type", "assigned", "conversation", "id", v->conv);
    (void)staff_say(a, v->conv, "a1", "好的");
}

static int start(void **state)
{
    json_t *site;

    (void)state;
    daemon_start(&d, &(struct daemon_options){ .demo = true });
    site = site_add(&d, other_site);
    assert_int_equal(staff_try_sign_in(&world.oa, &d, "agent@other.example", text_at(site, "people.0.password")), 201);
    json_decref(site);
    staff_enter(&world.oa, &d, "other");
    staff_presence(&world.oa, "online");
    staff_online(&world.a, &d, AGENT1, SITE);
    open_talk(&world.v, &world.a, SITE);
    open_talk(&world.ov, &world.oa, "other");
    upload_and_say(&world.v, SITE, world.file);
    upload_and_say(&world.ov, "other", world.ofile);
    return 0;
}

static int finish(void **state)
{
    (void)state;
    visitor_free(&world.v);
    visitor_free(&world.ov);
    staff_free(&world.a);
    staff_free(&world.oa);
    daemon_finish(&d);
    return 0;
}

/* `what` in place of each %s; static memory, until the call after the next. */
static const char *in(const char *text, const char *what)
{
    static char filled[2][400];
    static int turn;
    const char *hole;
    char *to = filled[turn ^= 1], *end = to + sizeof(filled[0]);

    for (*to = '\0'; (hole = strstr(text, "%s")); text = hole + 2)
        to += snprintf(to, (size_t)(end - to), "%.*s%s", (int)(hole - text), text, what);
    (void)snprintf(to, (size_t)(end - to), "%s", text);
    return filled[turn];
}

/* ---- frames ---- */

static void a_visitor_reaches_no_other_conversation(void **state)
{
    const char *const convs[] = { world.v.conv, world.ov.conv };
    const char *const frames[] = {
        "{\"type\":\"history\",\"conversation\":\"%s\",\"after\":0}",
        "{\"type\":\"rate\",\"cid\":\"x2\",\"conversation\":\"%s\",\"score\":1}",
    };
    struct visitor stranger = { 0 };
    char extra[120];

    (void)state;
    for (size_t c = 0; c < COUNT(convs); c++) {
        (void)snprintf(extra, sizeof(extra), ",\"conversation\":\"%s\",\"last_seq\":1", convs[c]);
        visitor_enter(&stranger, &d, SITE, extra);
        assert_string_equal(stranger.conv, "");
        for (size_t i = 0; i < COUNT(frames); i++) {
            wire_text(&stranger.wire, in(frames[i], convs[c]));
            wire_take(&stranger.wire, "{s:s,s:s}", "type", "error", "code", "not_found");
        }
        /* Those that name none are about one's own: there is none. */
        wire_text(&stranger.wire, "{\"type\":\"typing\",\"on\":true}");
        wire_sendf(&stranger.wire, "{\"type\":\"read\",\"cid\":\"x3\",\"conversation\":\"%s\",\"seq\":1}", convs[c]);
        assert_string_equal(wire_verdict(&stranger.wire, "x3"), "not_found");
        wire_sendf(&stranger.wire, "{\"type\":\"close\",\"cid\":\"x4\",\"conversation\":\"%s\"}", convs[c]);
        assert_string_equal(wire_verdict(&stranger.wire, "x4"), "not_found");
        visitor_free(&stranger);
    }
    wire_none(&world.a.wire, "{s:s}", "type", "typing");
    (void)visitor_say(&world.v, "still-open", "还开着");
    (void)visitor_say(&world.ov, "still-open", "还开着");
}

/* Every frame of the staff that names a conversation. */
static const char *const staff_frames[] = {
    "{\"type\":\"message\",\"conversation\":\"%s\",\"cid\":\"x\",\"kind\":\"text\",\"text\":\"插话\"}",
    "{\"type\":\"message\",\"conversation\":\"%s\",\"cid\":\"x\",\"kind\":\"file\",\"file\":\"01936b2e-0000-7000-8000-0000000000f1\"}",
    "{\"type\":\"recall\",\"conversation\":\"%s\",\"cid\":\"x\",\"seq\":4}",
    "{\"type\":\"resend\",\"conversation\":\"%s\",\"cid\":\"x\",\"seq\":4}",
    "{\"type\":\"react\",\"conversation\":\"%s\",\"cid\":\"x\",\"seq\":4,\"emoji\":\"👍\"}",
    "{\"type\":\"note\",\"conversation\":\"%s\",\"cid\":\"x\",\"text\":\"偷看\"}",
    "{\"type\":\"transfer\",\"conversation\":\"%s\",\"cid\":\"x\",\"to\":{\"queue\":\"sales\"}}",
    "{\"type\":\"invite\",\"conversation\":\"%s\",\"cid\":\"x\"}",
    "{\"type\":\"close\",\"conversation\":\"%s\",\"cid\":\"x\"}",
    "{\"type\":\"accept\",\"conversation\":\"%s\",\"cid\":\"x\"}",
    "{\"type\":\"refuse\",\"conversation\":\"%s\",\"cid\":\"x\"}",
    "{\"type\":\"read\",\"conversation\":\"%s\",\"cid\":\"x\",\"seq\":4}",
    "{\"type\":\"history\",\"conversation\":\"%s\",\"cid\":\"x\",\"after\":0}",
};

static void reaches_nothing(struct staff *who, const char *conv)
{
    for (size_t i = 0; i < COUNT(staff_frames); i++) {
        const char *text = in(staff_frames[i], conv);
        const json_t *e;

        wire_text(&who->wire, text);
        e = wire_take(&who->wire, "{s:s}", "type", "error");
        if (strcmp(text_at(e, "code"), "not_found") != 0)
            fail_msg("%s was answered with %s", text, text_at(e, "code"));
    }
    wire_sendf(&who->wire, "{\"type\":\"typing\",\"conversation\":\"%s\",\"on\":true}", conv);
    wire_none(&who->wire, "{s:s}", "type", "timeline");
}

static void an_agent_reaches_no_conversation_of_another(void **state)
{
    struct staff b = { 0 };

    (void)state;
    staff_sign_in(&b, &d, AGENT2);
    staff_enter(&b, &d, SITE);
    reaches_nothing(&b, world.v.conv);
    wire_none(&world.v.wire, "{s:s}", "type", "typing");
    staff_free(&b);
}

static void an_agent_reaches_no_conversation_of_another_site(void **state)
{
    (void)state;
    reaches_nothing(&world.a, world.ov.conv);
    reaches_nothing(&world.oa, world.v.conv);
    wire_none(&world.v.wire, "{s:s}", "type", "typing");
}

static void a_conversation_goes_to_nobody_of_another_site(void **state)
{
    const struct {
        const char *what, *who;
    } rows[] = { { "agent", world.oa.id }, { "queue", "desk" }, { "agent", "01936b2e-0000-7000-8000-000000000001" } };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        wire_sendf(&world.a.wire, "{\"type\":\"transfer\",\"conversation\":\"%s\",\"cid\":\"t%zu\",\"to\":{\"%s\":\"%s\"}}", world.v.conv,
                   i, rows[i].what, rows[i].who);
        assert_string_equal(wire_verdict(&world.a.wire, (const char *[]){ "t0", "t1", "t2" }[i]), "not_found");
    }
    /* And nobody sends what another has uploaded. */
    wire_sendf(&world.a.wire, "{\"type\":\"message\",\"conversation\":\"%s\",\"cid\":\"o1\",\"kind\":\"file\",\"file\":\"%s\"}",
               world.v.conv, world.ofile);
    assert_string_equal(wire_verdict(&world.a.wire, "o1"), "not_found");
}

/* ---- sockets ---- */

static int closed_with(const struct staff *who, const char *site)
{
    char path[64];
    struct wire w;
    int code;

    (void)snprintf(path, sizeof(path), "/ws/agent?site=%s", site);
    assert_int_equal(
        wire_open(&w, &d, &(struct wire_options){ .path = path, .protocol = "kefu.agent.v1", .cookie = who->cookie, .origin = "" }), 101);
    wire_text(&w, "{\"type\":\"hello\"}");
    code = wire_closed(&w);
    wire_drop(&w);
    return code;
}

static void who_is_no_agent_of_the_site_has_no_socket_there(void **state)
{
    static const struct {
        const char *email, *site;
        int code;
    } rows[] = {
        { "reviewer@demo.example", SITE, 4403 },
        { "admin@demo.example", SITE, 4403 },
        { AGENT2, "other", 4403 },
        { "supervisor@demo.example", "other", 4403 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct staff s = { 0 };

        staff_sign_in(&s, &d, rows[i].email);
        assert_int_equal(closed_with(&s, rows[i].site), rows[i].code);
        staff_free(&s);
    }
    assert_int_equal(closed_with(&world.oa, SITE), 4403);
}

static void a_token_of_one_site_is_nobody_in_another(void **state)
{
    struct visitor v = { 0 };
    char header[600], path[64];

    (void)state;
    (void)snprintf(v.token, sizeof(v.token), "%s", world.ov.token);
    visitor_enter(&v, &d, SITE, NULL);
    assert_string_not_equal(v.id, world.ov.id);
    assert_string_equal(v.conv, "");
    assert_string_not_equal(v.token, world.ov.token);
    (void)snprintf(header, sizeof(header), "Authorization: Bearer %s\r\n", world.ov.token);
    web_status(&d, 401, &(struct ask){ .path = "/files?site=" SITE "&name=a", .headers = header, .body = "x" });
    (void)snprintf(path, sizeof(path), "/files/%s", world.file);
    web_status(&d, 404, &(struct ask){ .path = path, .headers = header });
    visitor_free(&v);
}

/* ---- HTTP ---- */

static void resources_of_other_sites_are_not_there(void **state)
{
    static const char *const people[] = { AGENT2, "reviewer@demo.example", "supervisor@demo.example", "admin@demo.example" };
    const char *const rows[] = {
        "/api/v1/sites/other/canned",
        "/api/v1/sites/other/colleagues",
        "/api/v1/sites/other/conversations?state=waiting",
        "/api/v1/sites/other/conversations?state=served",
        "/api/v1/transcripts?site=other",
        "/api/v1/people?site=other",
    };

    (void)state;
    for (size_t p = 0; p < COUNT(people); p++) {
        struct staff s = { 0 };

        staff_sign_in(&s, &d, people[p]);
        for (size_t i = 0; i < COUNT(rows); i++)
            web_status(&d, 404, &(struct ask){ .path = rows[i], .cookie = s.cookie });
        web_status(&d, 404, &(struct ask){ .path = in("/api/v1/transcripts/%s", world.ov.conv), .cookie = s.cookie });
        web_status(&d, 404, &(struct ask){ .path = in("/files/%s", world.ofile), .cookie = s.cookie });
        staff_free(&s);
    }
}

static void roles_open_only_their_own_doors(void **state)
{
    static const struct {
        const char *email, *path;
        int status;
    } rows[] = {
        { AGENT2, "/api/v1/people?site=demo", 403 },
        { "reviewer@demo.example", "/api/v1/people?site=demo", 403 },
        { "supervisor@demo.example", "/api/v1/people?site=demo", 403 },
        { "admin@demo.example", "/api/v1/people?site=demo", 200 },
        { "admin@demo.example", "/api/v1/transcripts?site=demo", 403 },
        { "reviewer@demo.example", "/api/v1/transcripts?site=demo", 200 },
        { "supervisor@demo.example", "/api/v1/transcripts?site=demo", 200 },
        { AGENT2, "/api/v1/transcripts?site=demo", 200 },
        { "admin@demo.example", "/api/v1/status", 404 },
        { "admin@demo.example", "/api/v1/sites/demo/conversations?state=everything", 400 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct staff s = { 0 };

        staff_sign_in(&s, &d, rows[i].email);
        web_status(&d, rows[i].status, &(struct ask){ .path = rows[i].path, .cookie = s.cookie });
        staff_free(&s);
    }
}

static void an_agent_reads_own_transcripts_only(void **state)
{
    struct staff b = { 0 }, admin = { 0 };

    (void)state;
    staff_sign_in(&b, &d, AGENT2);
    web_status(&d, 404, &(struct ask){ .path = in("/api/v1/transcripts/%s", world.v.conv), .cookie = b.cookie });
    web_status(&d, 403, &(struct ask){ .path = in("/api/v1/transcripts?site=demo&agent=%s", world.a.id), .cookie = b.cookie });
    web_status(&d, 200, &(struct ask){ .path = in("/api/v1/transcripts?site=demo&agent=%s", b.id), .cookie = b.cookie });
    web_status(&d, 404, &(struct ask){ .path = in("/files/%s", world.file), .cookie = b.cookie });
    web_status(&d, 200, &(struct ask){ .path = in("/files/%s", world.file), .cookie = world.a.cookie });
    staff_sign_in(&admin, &d, "admin@demo.example");
    web_status(&d, 404, &(struct ask){ .path = in("/api/v1/transcripts/%s", world.v.conv), .cookie = admin.cookie });
    staff_free(&b);
    staff_free(&admin);
}

static void people_are_the_business_of_their_sites_admin(void **state)
{
    static const char add[] = "{\"email\":\"new@%s.example\",\"name\":\"新人\",\"site\":\"%s\",\"roles\":[\"admin\"],"
                              "\"password\":\"a-long-enough-password\"}";
    static const char password[] = "{\"password\":\"a-long-enough-password\"}";
    struct staff s = { 0 };

    (void)state;
    staff_sign_in(&s, &d, "supervisor@demo.example");
    web_status(&d, 403, &(struct ask){ .path = "/api/v1/people", .body = in(add, SITE), .cookie = s.cookie, .csrf = s.csrf, .origin = "" });
    web_status(
        &d, 404,
        &(struct ask){ .path = "/api/v1/people/" AGENT1 "/password", .body = password, .cookie = s.cookie, .csrf = s.csrf, .origin = "" });
    web_status(
        &d, 404,
        &(struct ask){ .method = "POST", .path = "/api/v1/people/" AGENT1 "/disable", .cookie = s.cookie, .csrf = s.csrf, .origin = "" });
    staff_free(&s);
    staff_sign_in(&s, &d, "admin@demo.example");
    web_status(&d, 403,
               &(struct ask){ .path = "/api/v1/people", .body = in(add, "other"), .cookie = s.cookie, .csrf = s.csrf, .origin = "" });
    web_status(
        &d, 404,
        &(struct ask){
            .path = "/api/v1/people/agent@other.example/password", .body = password, .cookie = s.cookie, .csrf = s.csrf, .origin = "" });
    web_status(
        &d, 404,
        &(struct ask){
            .method = "POST", .path = "/api/v1/people/agent@other.example/disable", .cookie = s.cookie, .csrf = s.csrf, .origin = "" });
    /* Own people: yes, but not without the token, and not with a short password. */
    web_status(&d, 403, &(struct ask){ .path = "/api/v1/people", .body = in(add, SITE), .cookie = s.cookie, .origin = "" });
    web_status(&d, 201, &(struct ask){ .path = "/api/v1/people", .body = in(add, SITE), .cookie = s.cookie, .csrf = s.csrf, .origin = "" });
    web_status(&d, 409, &(struct ask){ .path = "/api/v1/people", .body = in(add, SITE), .cookie = s.cookie, .csrf = s.csrf, .origin = "" });
    web_status(&d, 400,
               &(struct ask){ .path = "/api/v1/people/new@demo.example/password",
                              .body = "{\"password\":\"short\"}",
                              .cookie = s.cookie,
                              .csrf = s.csrf,
                              .origin = "" });
    staff_free(&s);
}

/* ---- what ends a session ---- */

static void signing_out_closes_that_sessions_sockets(void **state)
{
    struct staff one = { 0 }, two = { 0 };

    (void)state;
    staff_sign_in(&one, &d, AGENT2);
    staff_enter(&one, &d, SITE);
    staff_sign_in(&two, &d, AGENT2);
    staff_enter(&two, &d, SITE);
    assert_string_not_equal(one.cookie, two.cookie);
    web_status(&d, 204,
               &(struct ask){ .method = "DELETE", .path = "/api/v1/session", .cookie = one.cookie, .csrf = one.csrf, .origin = "" });
    assert_int_equal(wire_closed(&one.wire), 4401);
    staff_presence(&two, "offline"); /* the other session goes on */
    assert_int_equal(closed_with(&one, SITE), 4401);
    staff_free(&one);
    staff_free(&two);
}

static void the_scheme_is_read_in_either_case(void **state)
{
    static const struct {
        const char *scheme;
        int status;
    } rows[] = { { "Bearer", 200 }, { "bearer", 200 }, { "BEARER", 200 }, { "Basic", 401 }, { "Bearers", 401 } };
    struct staff s = { 0 };

    (void)state;
    staff_sign_in(&s, &d, AGENT2);
    for (size_t i = 0; i < COUNT(rows); i++) {
        char header[200];

        (void)snprintf(header, sizeof(header), "Authorization: %s %s\r\n", rows[i].scheme, strchr(s.cookie, '=') + 1);
        web_status(&d, rows[i].status, &(struct ask){ .path = "/api/v1/session", .headers = header });
    }
    staff_free(&s);
}

/* Not when the session is looked at the next time, which is ten seconds later. */
static void whose_role_is_taken_away_is_shown_out_at_once(void **state)
{
    struct staff s = { 0 }, admin = { 0 };
    int64_t before;

    (void)state;
    staff_sign_in(&admin, &d, "admin@demo.example");
    staff_sign_in(&s, &d, AGENT2);
    staff_enter(&s, &d, SITE);
    before = now_mono_ms();
    json_decref(staff_send(&admin, &d, 204, "PUT", in("/api/v1/people/%s?site=" SITE, s.id),
                           "{\"number\":\"1025\",\"roles\":[\"reviewer\"],\"capacity\":5}"));
    assert_int_equal(wire_closed(&s.wire), 4403);
    assert_in_range(now_mono_ms() - before, 0, 8000);
    staff_leave(&s);
    web_status(&d, 200, &(struct ask){ .path = "/api/v1/session", .cookie = s.cookie }); /* the session is as it was: it is another desk */
    assert_int_equal(closed_with(&s, SITE), 4403);
    json_decref(staff_send(&admin, &d, 204, "PUT", in("/api/v1/people/%s?site=" SITE, s.id),
                           "{\"number\":\"1025\",\"roles\":[\"agent\"],\"queues\":[\"service\",\"sales\"],\"capacity\":5}"));
    staff_enter(&s, &d, SITE);
    staff_free(&s);
    staff_free(&admin);
}

static void a_new_password_ends_what_the_old_one_opened(void **state)
{
    struct staff s = { 0 }, admin = { 0 };

    (void)state;
    staff_sign_in(&s, &d, "supervisor@demo.example");
    staff_enter(&s, &d, SITE);
    staff_sign_in(&admin, &d, "admin@demo.example");
    web_status(&d, 204,
               &(struct ask){ .path = "/api/v1/people/supervisor@demo.example/password",
                              .body = "{\"password\":\"quite-another-password\"}",
                              .cookie = admin.cookie,
                              .csrf = admin.csrf,
                              .origin = "" });
    assert_int_equal(wire_closed(&s.wire), 4401);
    web_status(&d, 401, &(struct ask){ .path = "/api/v1/session", .cookie = s.cookie });
    assert_int_equal(staff_try_sign_in(&s, &d, "supervisor@demo.example", DEMO_PASSWORD), 401);
    assert_int_equal(staff_try_sign_in(&s, &d, "supervisor@demo.example", "quite-another-password"), 201);
    staff_free(&s);
    staff_free(&admin);
}

/* Without an administrator nobody but the operator could look after a site. */
static void the_last_administrator_stays(void **state)
{
    static const char member[] = "{\"number\":\"1\",\"roles\":[\"agent\"],\"capacity\":3}";
    struct staff admin = { 0 };
    struct reply r;

    (void)state;
    staff_sign_in(&admin, &d, "admin@demo.example");
    web_status(&d, 204, /* of two one may go */
               &(struct ask){ .method = "POST",
                              .path = "/api/v1/people/new@demo.example/disable",
                              .cookie = admin.cookie,
                              .csrf = admin.csrf,
                              .origin = "" });
    r = web_expect(&d, 409,
                   &(struct ask){ .method = "POST",
                                  .path = "/api/v1/people/admin@demo.example/disable",
                                  .cookie = admin.cookie,
                                  .csrf = admin.csrf,
                                  .origin = "" });
    assert_non_null(strstr(text_at(r.json, "detail"), "last administrator"));
    reply_free(&r);
    r = web_expect(&d, 400,
                   &(struct ask){ .method = "PUT",
                                  .path = in("/api/v1/people/%s?site=" SITE, admin.id),
                                  .body = member,
                                  .cookie = admin.cookie,
                                  .csrf = admin.csrf,
                                  .origin = "" });
    assert_non_null(strstr(text_at(r.json, "detail"), "admin"));
    reply_free(&r);
    web_status(&d, 200, &(struct ask){ .path = "/api/v1/session", .cookie = admin.cookie });
    staff_free(&admin);
}

static void a_disabled_person_is_out_at_once(void **state)
{
    struct staff s = { 0 }, admin = { 0 };

    (void)state;
    staff_sign_in(&s, &d, AGENT2);
    staff_enter(&s, &d, SITE);
    staff_sign_in(&admin, &d, "admin@demo.example");
    web_status(
        &d, 204,
        &(struct ask){
            .method = "POST", .path = "/api/v1/people/" AGENT2 "/disable", .cookie = admin.cookie, .csrf = admin.csrf, .origin = "" });
    assert_int_equal(wire_closed(&s.wire), 4401);
    web_status(&d, 401, &(struct ask){ .path = "/api/v1/session", .cookie = s.cookie });
    assert_int_equal(staff_try_sign_in(&s, &d, AGENT2, DEMO_PASSWORD), 401);
    staff_free(&s);
    staff_free(&admin);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_visitor_reaches_no_other_conversation),
        cmocka_unit_test(an_agent_reaches_no_conversation_of_another),
        cmocka_unit_test(an_agent_reaches_no_conversation_of_another_site),
        cmocka_unit_test(a_conversation_goes_to_nobody_of_another_site),
        cmocka_unit_test(who_is_no_agent_of_the_site_has_no_socket_there),
        cmocka_unit_test(a_token_of_one_site_is_nobody_in_another),
        cmocka_unit_test(resources_of_other_sites_are_not_there),
        cmocka_unit_test(roles_open_only_their_own_doors),
        cmocka_unit_test(an_agent_reads_own_transcripts_only),
        cmocka_unit_test(people_are_the_business_of_their_sites_admin),
        cmocka_unit_test(signing_out_closes_that_sessions_sockets),
        cmocka_unit_test(the_scheme_is_read_in_either_case),
        cmocka_unit_test(whose_role_is_taken_away_is_shown_out_at_once),
        cmocka_unit_test(a_new_password_ends_what_the_old_one_opened),
        cmocka_unit_test(the_last_administrator_stays),
        cmocka_unit_test(a_disabled_person_is_out_at_once),
    };

    return cmocka_run_group_tests(tests, start, finish);
}
