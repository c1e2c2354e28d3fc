/* Two nodes with state directories of their own on one PostgreSQL and one Redis: the story, a node that is killed, a server that is
 * restarted, an archive, and what the operator is told. */
#include "tests/support/cast.h"
#include "tests/support/postgres.h"
#include "tests/support/redis.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define AGENT1   "agent1@demo.example"
#define REVIEWER "reviewer@demo.example"

static struct daemon a, b;
static char dir[SCRATCH_MAX];
static char config[768], url[300];
static const char *server;
static struct redis redis;

static int start(void **state)
{
    (void)state;
    scratch_dir(dir, "kf-postgres");
    redis_prepare(&redis);
    redis_start(&redis, false);
    UNTIL(redis_pong(redis.path));
    (void)snprintf(url, sizeof(url), "%s", postgres_database(server, "kefud"));
    (void)snprintf(
        config, sizeof(config),
        "[limits]\nmessage_burst = 1000\nmessage_rate = 100\n[store]\nurl = %s\nkey_file = %s/secrets.key\n[redis]\nurl = unix:%s\n", url,
        dir, redis.path);
    daemon_start(&a, &(struct daemon_options){ .demo = true, .config = config });
    daemon_start(&b, &(struct daemon_options){ .demo = true, .config = config });
    return 0;
}

static int finish(void **state)
{
    char command[96];

    (void)state;
    daemon_finish(&a);
    daemon_finish(&b);
    redis_finish(&redis);
    (void)snprintf(command, sizeof(command), "rm -rf '%s'", dir);
    assert_int_equal(system(command), 0);
    return 0;
}

/* How many conversations have been found; the conversation of the newest hit in `conv`. */
static int64_t find(const struct staff *s, const struct daemon *d, const char *q, char conv[40])
{
    char path[200];
    json_t *found;
    int64_t n;

    (void)snprintf(path, sizeof(path), "/api/v1/transcripts?site=demo&q=%s", q);
    found = staff_get(s, d, path);
    n = number_at(found, "count");
    (void)snprintf(conv, 40, "%s", text_at(found, "items.0.conversation.id"));
    json_decref(found);
    return n;
}

static void a_talk_over_two_nodes_is_found_by_a_word_of_two_characters(void **state)
{
    struct visitor v = { 0 };
    struct staff s = { 0 }, reader = { 0 };
    char conv[40];

    (void)state;
    staff_online(&s, &b, AGENT1, "demo");
    visitor_enter(&v, &a, "demo", NULL);
    assert_int_equal(visitor_say(&v, "c1", "我想退款，怎么办？"), 1);
    wire_take(&s.wire, "{s:s,s:{s:s}}", "type", "assigned", "conversation", "id", v.conv);
    wire_take(&v.wire, "{s:s,s:s,s:{s:s}}", "type", "state", "state", "served", "agent", "number", "1024");
    (void)staff_say(&s, v.conv, "a1", "请告诉我订单号");
    wire_take(&v.wire, "{s:s,s:s}", "type", "message", "text", "请告诉我订单号");
    wire_sendf(&s.wire, "{\"type\":\"close\",\"conversation\":\"%s\",\"cid\":\"x1\"}", v.conv);
    wire_take(&v.wire, "{s:s,s:s}", "type", "state", "state", "closed");
    wire_sendf(&v.wire, "{\"type\":\"rate\",\"cid\":\"r1\",\"conversation\":\"%s\",\"score\":5}", v.conv);
    assert_string_equal(wire_verdict(&v.wire, "r1"), "ack");

    staff_sign_in(&reader, &a, REVIEWER);
    UNTIL(find(&reader, &a, "%E9%80%80%E6%AC%BE", conv) == 1); /* 退款 */
    assert_string_equal(conv, v.conv);
    UNTIL(find(&reader, &b, "%E8%AE%A2%E5%8D%95", conv) == 1);          /* 订单, at the other node */
    assert_int_equal(find(&reader, &b, "%E6%AC%BE%E9%80%80", conv), 0); /* 款退 */
    staff_presence(&s, "offline");
    staff_free(&s);
    staff_free(&reader);
    visitor_free(&v);
}

/* Says it until it is acknowledged, as a page does: the same cid again. How often it was refused is added to *refused. */
static int64_t say_until_stored(struct visitor *v, const struct daemon *d, const char *cid, const char *text, int *refused)
{
    int64_t end = now_mono_ms() + patience_ms();

    while (now_mono_ms() < end) {
        const json_t *answer;

        wire_pack(&v->wire, "{s:s,s:s,s:s,s:s}", "type", "message", "cid", cid, "kind", "text", "text", text);
        answer = wire_take_within(&v->wire, 15000, "{s:s}", "cid", cid);
        if (answer && strcmp(text_at(answer, "type"), "ack") == 0)
            return number_at(answer, "seq");
        if (answer && strcmp(text_at(answer, "code"), "rate_limited") != 0 && strcmp(text_at(answer, "code"), "unavailable") != 0)
            fail_msg("%s was refused: %s", cid, text_at(answer, "message"));
        *refused += !answer || strcmp(text_at(answer, "code"), "unavailable") == 0;
        if (v->wire.fd < 0)
            visitor_enter(v, d, "demo", NULL);
        breathe();
    }
    fail_msg("%s was never acknowledged", cid);
    return 0;
}

static const char holes[] = "SELECT COUNT(*) FROM conversation c WHERE c.seq <> (SELECT COUNT(*) FROM message m WHERE m.conv = c.n) OR "
                            "c.seq <> (SELECT MAX(m.seq) FROM message m WHERE m.conv = c.n)";

/* A child that restarts the server while the talk goes on. */
static pid_t restart_beside(void)
{
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        postgres_restart(server);
        _exit(0);
    }
    return child;
}

static bool has_ended(pid_t child)
{
    int status = 0;
    pid_t ended = waitpid(child, &status, WNOHANG);

    assert_true(ended == 0 || (ended == child && status == 0));
    return ended == child;
}

/* The server dies in the middle of a talk, twice: what was acknowledged is there once, and in order. */
static void nothing_acknowledged_is_lost_when_the_server_is_restarted(void **state)
{
    struct visitor v = { 0 }, w = { 0 };
    int64_t seq = 0;
    int refused = 0, said = 0, after = 0, restarts = 0;
    pid_t restarting = 0;
    char cid[24], sql[200];

    (void)state;
    visitor_enter(&v, &a, "demo", NULL);
    visitor_enter(&w, &b, "demo", NULL);
    while (after < 20) {
        int64_t now;

        if (restarting && has_ended(restarting))
            restarting = 0;
        if (!restarting && after == 10 * restarts && restarts < 2) {
            restarting = restart_beside();
            restarts++;
        }
        after += !restarting;
        (void)snprintf(cid, sizeof(cid), "r%d", said++);
        now = say_until_stored(&v, &a, cid, "还在吗", &refused);
        assert_true(now > seq);
        seq = now;
        (void)say_until_stored(&w, &b, cid, "在的", &refused);
        breathe();
    }
    (void)snprintf(sql, sizeof(sql), "SELECT COUNT(*) FROM message WHERE text = '还在吗' OR text = '在的'");
    assert_int_equal(postgres_number(url, sql), 2 * said);
    assert_true(refused > 0); /* else nothing was in the middle of anything */
    assert_int_equal(postgres_number(url, holes), 0);
    visitor_free(&v);
    visitor_free(&w);
}

static int kefuctl(const struct daemon *d, const char *verb, const char *word, char **said)
{
    const char *argv[] = { daemon_program("kefuctl"), "-c", d->conf, "--state", d->state, verb, word, NULL };

    return program_run(argv, NULL, said);
}

static void must_say(char *said, const char *words)
{
    if (!strstr(said, words))
        fail_msg("\"%s\" is not in: %s", words, said);
    free(said);
}

static void an_archive_is_made_while_it_runs_and_put_back_while_none_runs(void **state)
{
    char file[80], *said = NULL;
    int64_t before = postgres_number(url, "SELECT COUNT(*) FROM message");

    (void)state;
    (void)snprintf(file, sizeof(file), "%s/archive.tar", dir);
    if (kefuctl(&a, "backup", file, &said))
        fail_msg("%s", said);
    must_say(said, "holds all messages and files");
    daemon_stop(&a);
    assert_int_not_equal(kefuctl(&a, "restore", file, &said), 0);
    must_say(said, "another node uses this database");
    daemon_stop(&b);
    assert_int_equal(postgres_number(url, "WITH gone AS (DELETE FROM message RETURNING 1) SELECT COUNT(*) FROM gone"), before);
    if (kefuctl(&a, "restore", file, &said))
        fail_msg("%s", said);
    free(said);
    assert_int_equal(postgres_number(url, "SELECT COUNT(*) FROM message"), before);
    (void)kefuctl(&a, "doctor", NULL, &said);
    must_say(said, "PostgreSQL 1");
    daemon_restart(&a);
    daemon_restart(&b);
}

/* Without a Redis that both know they would not see each other's queues. */
static void a_node_with_a_redis_of_its_own_is_refused(void **state)
{
    struct daemon c;
    char lines[400];
    int code = 0;

    (void)state;
    (void)snprintf(lines, sizeof(lines), "[store]\nurl = %s\n", url);
    daemon_prepare(&c, &(struct daemon_options){ .config = lines });
    assert_false(daemon_try(&c, &code));
    assert_int_not_equal(code, 0);
    daemon_log_wait(&c, "another node uses this database");
    daemon_finish(&c);
}

static void a_killed_nodes_visitor_goes_on_at_the_other(void **state)
{
    struct visitor v = { 0 };
    struct staff s = { 0 };
    char conv[40];

    (void)state;
    staff_online(&s, &b, AGENT1, "demo");
    visitor_enter(&v, &a, "demo", NULL);
    (void)visitor_say(&v, "c1", "发票丢了");
    wire_take(&s.wire, "{s:s,s:{s:s}}", "type", "assigned", "conversation", "id", v.conv);
    (void)snprintf(conv, sizeof(conv), "%s", v.conv);
    daemon_kill(&a);
    visitor_leave(&v);
    visitor_enter(&v, &b, "demo", NULL);
    assert_string_equal(v.conv, conv);
    wire_text(&v.wire, "{\"type\":\"message\",\"cid\":\"c1\",\"kind\":\"text\",\"text\":\"发票丢了\"}");
    wire_take(&v.wire, "{s:s,s:s,s:i}", "type", "ack", "cid", "c1", "seq", 1); /* it was stored, once */
    (void)staff_say(&s, v.conv, "a1", "我补给您");
    wire_take(&v.wire, "{s:s,s:s}", "type", "message", "text", "我补给您");
    assert_int_equal(postgres_number(url, holes), 0);
    staff_free(&s);
    visitor_free(&v);
}

static void no_postgres(void **state)
{
    const char *why = "";

    (void)state;
    (void)postgres_own_server(&why);
    print_message("skipped: %s\n", why);
    skip();
}

int main(void)
{
    const struct CMUnitTest none[] = { cmocka_unit_test(no_postgres) };
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_talk_over_two_nodes_is_found_by_a_word_of_two_characters),
        cmocka_unit_test(nothing_acknowledged_is_lost_when_the_server_is_restarted),
        cmocka_unit_test(a_node_with_a_redis_of_its_own_is_refused),
        cmocka_unit_test(an_archive_is_made_while_it_runs_and_put_back_while_none_runs),
        cmocka_unit_test(a_killed_nodes_visitor_goes_on_at_the_other), /* last: it kills one */
    };
    const char *why;

    server = postgres_own_server(&why);
    if (!server)
        return cmocka_run_group_tests(none, NULL, NULL);
    return cmocka_run_group_tests(tests, start, finish);
}
