/* How kefud is watched, told, stopped, killed and left without its Redis. */
#include "tests/support/cast.h"
#include "tests/support/redis.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SITE   "demo"
#define AGENT1 "agent1@demo.example"

static struct daemon d;

static int start(void **state)
{
    (void)state;
    daemon_start(&d, &(struct daemon_options){ .demo = true,
                                               .config = "[limits]\nconversations = 1000\nmessage_burst = 1000\nmessage_rate = 1000\n" });
    return 0;
}

static int finish(void **state)
{
    (void)state;
    daemon_finish(&d);
    return 0;
}

static bool readiness_of(const struct daemon *which, const char *headers, const char *words)
{
    struct reply r;
    bool ret;

    web_ask(which, &(struct ask){ .path = "/readyz", .headers = headers }, &r);
    ret = r.status == 200 && strncmp(r.body, words, strlen(words)) == 0;
    reply_free(&r);
    return ret;
}

static bool ready_says(const char *words)
{
    return readiness_of(&d, NULL, words);
}

static void begin(struct visitor *v, struct staff *a)
{
    staff_online(a, &d, AGENT1, SITE);
    visitor_enter(v, &d, SITE, NULL);
    (void)visitor_say(v, "c1", "开始");
    wire_take(&a->wire, "{s:s,s:{s:s}}", "type", "assigned", "conversation", "id", v->conv);
}

static void end(struct visitor *v, struct staff *a)
{
    wire_text(&v->wire, "{\"type\":\"close\",\"cid\":\"the-end\"}");
    assert_string_equal(wire_verdict(&v->wire, "the-end"), "ack");
    staff_presence(a, "offline");
    staff_free(a);
    visitor_free(v);
}

/* ---- pages and cookies ---- */

static void pages_come_with_their_guards(void **state)
{
    static const char *const pages[] = { "/console/", "/review/", "/admin/", "/chat/demo" };

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct reply r;
        const char *csp;

        web_ask(&d, &(struct ask){ .path = pages[i] }, &r);
        if (r.status == 404) { /* built without npm: there are no pages */
            reply_free(&r);
            skip();
        }
        assert_int_equal(r.status, 200);
        csp = reply_header(&r, "Content-Security-Policy");
        assert_non_null(csp);
        assert_non_null(strstr(csp, "default-src 'none'"));
        assert_non_null(strstr(csp, "frame-ancestors"));
        assert_non_null(strstr(csp, "require-trusted-types-for 'script'"));
        assert_null(strstr(csp, "unsafe"));
        assert_string_equal(reply_header(&r, "X-Content-Type-Options"), "nosniff");
        assert_non_null(reply_header(&r, "Referrer-Policy"));
        reply_free(&r);
    }
}

static void a_visitor_with_the_cookie_needs_no_token(void **state)
{
    char cookie[600];
    struct reply r;
    struct wire w, again;
    const json_t *welcome;

    (void)state;
    web_ask(&d, &(struct ask){ .path = "/chat/" SITE }, &r);
    if (r.status != 200) {
        reply_free(&r);
        skip();
    }
    assert_non_null(strstr(reply_header(&r, "Set-Cookie"), "; Secure; HttpOnly; SameSite=None; Partitioned"));
    (void)snprintf(cookie, sizeof(cookie), "__Host-kefu_v=%s", reply_cookie(&r, "__Host-kefu_v"));
    reply_free(&r);
    assert_int_equal(wire_open(&w, &d,
                               &(struct wire_options){
                                   .path = "/ws/visitor?site=" SITE, .protocol = "kefu.visitor.v1", .cookie = cookie, .origin = "" }),
                     101);
    wire_text(&w, "{\"type\":\"hello\"}");
    welcome = wire_take(&w, "{s:s}", "type", "welcome");
    assert_null(value_at(welcome, "token"));
    wire_text(&w, "{\"type\":\"message\",\"cid\":\"c1\",\"kind\":\"text\",\"text\":\"用饼干\"}");
    assert_string_equal(wire_verdict(&w, "c1"), "ack");
    assert_int_equal(wire_open(&again, &d,
                               &(struct wire_options){
                                   .path = "/ws/visitor?site=" SITE, .protocol = "kefu.visitor.v1", .cookie = cookie, .origin = "" }),
                     101);
    wire_text(&again, "{\"type\":\"hello\"}");
    assert_true(number_at(wire_take(&again, "{s:s}", "type", "welcome"), "conversation.seq") >= 1);

    /* By the cookie alone another site could make a browser upload: it needs our Origin too. */
    web_status(&d, 401, &(struct ask){ .path = "/files?site=" SITE "&name=a", .cookie = cookie, .body = "x" });
    web_status(&d, 401,
               &(struct ask){ .path = "/files?site=" SITE "&name=a", .cookie = cookie, .origin = "https://evil.example", .body = "x" });
    web_status(&d, 201, &(struct ask){ .path = "/files?site=" SITE "&name=a", .cookie = cookie, .origin = "", .body = "x" });
    wire_text(&w, "{\"type\":\"close\",\"cid\":\"x1\"}");
    assert_string_equal(wire_verdict(&w, "x1"), "ack");
    wire_drop(&w);
    wire_drop(&again);
}

static void the_session_cookie_is_for_our_pages_only(void **state)
{
    struct reply r;
    const char *set;

    (void)state;
    web_ask(&d,
            &(struct ask){
                .path = "/api/v1/session", .body = "{\"email\":\"AGENT1@demo.example\",\"password\":\"" DEMO_PASSWORD "\"}", .origin = "" },
            &r);
    assert_int_equal(r.status, 201);
    set = reply_header(&r, "Set-Cookie");
    assert_true(strncmp(set, "__Host-kefu_s=", 14) == 0);
    assert_int_equal(strcspn(set + 14, ";"), 64);
    assert_non_null(strstr(set, "; Path=/"));
    assert_non_null(strstr(set, "; Secure; HttpOnly; SameSite=Strict"));
    assert_null(strstr(set, "Domain"));
    assert_string_equal(reply_header(&r, "Cache-Control"), "private, no-store");
    reply_free(&r);
}

/* ---- watched ---- */

static double metric(const char *name)
{
    struct reply r;
    const char *line;
    double ret;
    char start[100];

    web_ask(&d, &(struct ask){ .path = "/metrics" }, &r);
    assert_int_equal(r.status, 200);
    (void)snprintf(start, sizeof(start), "\n%s ", name);
    line = strstr(r.body, start);
    if (!line)
        fail_msg("/metrics has no %s:\n%s", name, r.body);
    ret = line ? strtod(line + strlen(start), NULL) : 0;
    reply_free(&r);
    return ret;
}

/* Behind a proxy everybody comes from loopback, and only the header tells who does not. */
static void strangers_learn_whether_it_is_ready_and_no_more(void **state)
{
    struct daemon behind;
    struct reply r;
    pid_t redis;

    (void)state;
    daemon_start(&behind, &(struct daemon_options){ .demo = true, .config = "[listen]\nproxies = 127.0.0.1\n" });
    web_status(&behind, 404, &(struct ask){ .path = "/metrics", .headers = "X-Forwarded-For: 203.0.113.9\r\n" });
    web_status(&behind, 200, &(struct ask){ .path = "/healthz", .headers = "X-Forwarded-For: 203.0.113.9\r\n" });
    r = web_expect(&behind, 200, &(struct ask){ .path = "/api/v1/status", .control = true });
    redis = (pid_t)number_at(r.json, "redis_pid");
    reply_free(&r);
    assert_true(redis > 1);
    assert_int_equal(kill(redis, SIGSTOP), 0);
    UNTIL(readiness_of(&behind, NULL, "degraded: "));
    assert_true(readiness_of(&behind, "X-Forwarded-For: 203.0.113.9\r\n", "ready\n"));
    assert_int_equal(kill(redis, SIGCONT), 0);
    daemon_finish(&behind);
}

/* It answers, and refuses every write: what comes is stored, and who waits is known when it takes them again. */
static void a_redis_that_is_full_is_told_of(void **state)
{
    struct redis redis;
    struct daemon beside;
    struct visitor v = { 0 };
    struct staff a = { 0 };
    char config[128];

    (void)state;
    redis_prepare(&redis);
    redis_start(&redis, false);
    UNTIL(redis_pong(redis.path));
    (void)snprintf(config, sizeof(config), "[redis]\nurl = unix:%s\n", redis.path);
    daemon_start(&beside, &(struct daemon_options){ .demo = true, .config = config });
    staff_online(&a, &beside, AGENT1, SITE);
    assert_true(redis_do(&redis, "CONFIG SET maxmemory 1"));
    visitor_enter(&v, &beside, SITE, NULL);
    (void)visitor_say(&v, "c1", "在吗");
    UNTIL(readiness_of(&beside, NULL, "degraded: redis answers, but does not take"));
    wire_none(&a.wire, "{s:s}", "type", "assigned");
    assert_true(redis_do(&redis, "CONFIG SET maxmemory 0"));
    wire_take(&a.wire, "{s:s,s:{s:s}}", "type", "assigned", "conversation", "id", v.conv);
    UNTIL(readiness_of(&beside, NULL, "ready"));
    staff_free(&a);
    visitor_free(&v);
    daemon_finish(&beside);
    redis_finish(&redis);
}

static void the_figures_move_with_what_happens(void **state)
{
    static const char *const others[] = { "kefud_connections",        "kefud_sockets",         "kefud_commit_changes_sum",
                                          "kefud_wait_seconds_count", "kefud_longest_wait_ms", "kefud_commits_total",
                                          "kefud_store_away",         "kefud_index_lag_ms" };
    double in = metric("kefud_messages_in_total"), acks = metric("kefud_ack_seconds_count");
    struct visitor v = { 0 };
    struct staff a = { 0 };

    (void)state;
    begin(&v, &a);
    (void)staff_say(&a, v.conv, "a1", "数一数");
    assert_true(metric("kefud_messages_in_total") >= in + 2);
    assert_true(metric("kefud_ack_seconds_count") >= acks + 2);
    assert_true(metric("kefud_commit_changes_count") >= 2);
    UNTIL(metric("kefud_waiting") == 0); /* as of the last look, and the one that found the place saw somebody wait */
    assert_int_equal(metric("kefud_redis_up"), 1);
    assert_int_equal(metric("kefud_store_broken"), 0);
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        assert_true(metric(others[i]) >= 0);
    end(&v, &a);
}

static void health_is_told_to_whoever_asks(void **state)
{
    struct reply r;

    (void)state;
    web_ask(&d, &(struct ask){ .path = "/healthz" }, &r);
    assert_int_equal(r.status, 200);
    reply_free(&r);
    UNTIL(ready_says("ready"));
}

/* ---- told ---- */

static void a_reload_changes_the_limits_at_once(void **state)
{
    struct visitor v = { 0 };
    FILE *f = fopen(d.conf, "we");

    (void)state;
    (void)fputs("[limits]\ntext = 5\nconversations = 1000\n", f);
    (void)fclose(f);
    daemon_signal(&d, SIGHUP);
    daemon_log_wait(&d, "event=reloaded");
    visitor_enter(&v, &d, SITE, NULL);
    assert_int_equal(number_at(v.welcome, "limits.text"), 5);
    wire_text(&v.wire, "{\"type\":\"message\",\"cid\":\"c1\",\"kind\":\"text\",\"text\":\"六个字太多了\"}");
    assert_string_equal(wire_verdict(&v.wire, "c1"), "too_large");
    f = fopen(d.conf, "we");
    (void)fputs("[limits]\nconversations = 1000\nmessage_burst = 1000\nmessage_rate = 1000\n", f);
    (void)fclose(f);
    daemon_signal(&d, SIGHUP);
    UNTIL((wire_text(&v.wire, "{\"type\":\"message\",\"cid\":\"c2\",\"kind\":\"text\",\"text\":\"六个字太多了\"}"),
           strcmp(wire_verdict(&v.wire, "c2"), "ack") == 0));
    wire_text(&v.wire, "{\"type\":\"close\",\"cid\":\"x\"}");
    assert_string_equal(wire_verdict(&v.wire, "x"), "ack");
    visitor_free(&v);
}

static void a_long_history_comes_in_pieces(void **state)
{
    struct visitor v = { 0 };
    struct staff a = { 0 };
    char *text = calloc(1, 3 * 4000 + 1);
    int64_t after = 0, last;
    int pages = 0;
    bool more = true;

    (void)state;
    for (int i = 0; i < 4000; i++)
        memcpy(text + 3 * i, "长", 3);
    begin(&v, &a);
    last = 0;
    for (int i = 0; i < 20; i++) {
        char cid[16];

        (void)snprintf(cid, sizeof(cid), "long%d", i);
        last = visitor_say(&v, cid, text);
    }
    while (more) {
        const json_t *page;
        size_t n;

        wire_sendf(&v.wire, "{\"type\":\"history\",\"after\":%d,\"limit\":200}", (int)after);
        page = wire_take(&v.wire, "{s:s}", "type", "history");
        n = json_array_size(value_at(page, "messages"));
        assert_true(n > 0);
        for (size_t i = 0; i < n; i++)
            assert_int_equal(number_at(json_array_get(value_at(page, "messages"), i), "seq"), ++after);
        more = json_is_true(value_at(page, "more"));
        pages++;
    }
    assert_int_equal(after, last);
    assert_in_range(pages, 4, 8); /* 240 KB of text, at most 64 KiB an answer */
    free(text);
    end(&v, &a);
}

/* ---- stopped, killed, and without Redis ---- */

static void a_stop_tells_everybody_to_come_back(void **state)
{
    struct visitor v = { 0 };
    struct staff a = { 0 };
    int64_t seq;

    (void)state;
    begin(&v, &a);
    seq = staff_say(&a, v.conv, "a1", "马上重启");
    daemon_signal(&d, SIGTERM);
    assert_int_equal(wire_closed(&v.wire), 1012);
    assert_int_equal(wire_closed(&a.wire), 1012);
    daemon_stop(&d);
    daemon_restart(&d);
    visitor_leave(&v);
    staff_leave(&a);
    visitor_enter(&v, &d, SITE, NULL);
    staff_enter(&a, &d, SITE);
    assert_true(v.seq >= seq);
    assert_string_equal(text_at(v.welcome, "conversation.state"), "served");
    assert_string_equal(text_at(a.welcome, "conversations.0.id"), v.conv);
    assert_true(visitor_say(&v, "c9", "回来了") > seq);
    wire_take(&a.wire, "{s:s,s:s}", "type", "message", "text", "回来了");
    end(&v, &a);
}

static void after_a_kill_what_was_acknowledged_is_there(void **state)
{
    struct visitor v = { 0 };
    struct staff a = { 0 };
    const json_t *page;
    int64_t seq = 0;

    (void)state;
    begin(&v, &a);
    for (int i = 0; i < 20; i++) {
        char cid[16];

        (void)snprintf(cid, sizeof(cid), "k%d", i);
        seq = visitor_say(&v, cid, "要留下来");
    }
    daemon_kill(&d);
    daemon_restart(&d);
    visitor_leave(&v);
    staff_leave(&a);
    visitor_enter(&v, &d, SITE, NULL);
    assert_int_equal(v.seq, seq);
    assert_int_equal(visitor_say(&v, "k19", "要留下来"), seq); /* the page repeats what it is not sure of */
    wire_text(&v.wire, "{\"type\":\"history\",\"after\":0,\"limit\":200}");
    page = wire_take(&v.wire, "{s:s}", "type", "history");
    assert_int_equal(json_array_size(value_at(page, "messages")), seq);
    staff_enter(&a, &d, SITE);
    end(&v, &a);
}

static void without_redis_talks_go_on_and_new_ones_wait(void **state)
{
    struct visitor v = { 0 }, n = { 0 };
    struct staff a = { 0 };
    struct reply r;
    pid_t redis;

    (void)state;
    begin(&v, &a);
    r = web_expect(&d, 200, &(struct ask){ .path = "/api/v1/status", .control = true });
    redis = (pid_t)number_at(r.json, "redis_pid");
    reply_free(&r);
    assert_true(redis > 1);
    assert_int_equal(kill(redis, SIGSTOP), 0); /* neither dead nor answering: the worst kind of away */
    assert_true(visitor_say(&v, "r1", "Redis 不在了吗") > 0);
    wire_take(&a.wire, "{s:s,s:s}", "type", "message", "text", "Redis 不在了吗");
    assert_true(staff_say(&a, v.conv, "r2", "不要紧") > 0);
    visitor_enter(&n, &d, SITE, NULL);
    assert_int_equal(visitor_say(&n, "c1", "我是新来的"), 1);
    UNTIL(ready_says("degraded"));
    assert_int_equal(kill(redis, SIGKILL), 0); /* and now it is gone, with all it knew */
    wire_take(&a.wire, "{s:s,s:{s:s}}", "type", "assigned", "conversation", "id", n.conv);
    UNTIL(ready_says("ready"));
    wire_text(&n.wire, "{\"type\":\"close\",\"cid\":\"x\"}");
    assert_string_equal(wire_verdict(&n.wire, "x"), "ack");
    visitor_free(&n);
    end(&v, &a);
}

/* Kilobytes of memory that the daemon has; 0: under a sanitizer, which keeps what was freed. */
static long memory_kib(void)
{
    char path[48], line[256];
    long ret = 0;
    FILE *f;

    (void)snprintf(path, sizeof(path), "/proc/%d/maps", (int)d.pid);
    f = fopen(path, "r");
    assert_non_null(f);
    while (fgets(line, sizeof(line), f))
        if (strstr(line, "libasan") || strstr(line, "asan.so") || strstr(line, "valgrind")) {
            (void)fclose(f);
            return 0;
        }
    (void)fclose(f);
    (void)snprintf(path, sizeof(path), "/proc/%d/status", (int)d.pid);
    f = fopen(path, "r");
    assert_non_null(f);
    while (fgets(line, sizeof(line), f))
        if (strncmp(line, "VmRSS:", 6) == 0)
            ret = strtol(line + 6, NULL, 10);
    (void)fclose(f);
    return ret;
}

/* Hashing one password takes 19 MiB, on any of four threads. */
static void signing_in_keeps_no_memory(void **state)
{
    struct staff a = { 0 };
    long before;

    (void)state;
    before = memory_kib();
    if (!before)
        skip();
    for (int i = 0; i < 8; i++) {
        staff_sign_in(&a, &d, "agent1@demo.example");
        staff_free(&a);
    }
    assert_in_range(memory_kib(), 1, before + 16 * 1024);
}

static void one_state_directory_has_one_kefud(void **state)
{
    const char *argv[] = { daemon_program("kefud"), "--state", d.state, "--listen", "127.0.0.1:0", NULL };
    char *out = NULL;

    (void)state;
    assert_int_equal(program_run(argv, NULL, &out), 75);
    assert_non_null(strstr(out, d.state));
    free(out);
    argv[1] = "--flux";
    assert_int_equal(program_run(argv, NULL, &out), 64);
    free(out);
}

/* Else nobody is told that it is full: not visitors, not kefuctl. */
static void with_too_few_files_it_does_not_start(void **state)
{
    char elsewhere[160], *out = NULL;
    const char *argv[] = { "sh",      "-c", "ulimit -n 64; exec \"$0\" --state \"$1\" --listen 127.0.0.1:0", daemon_program("kefud"),
                           elsewhere, NULL };

    (void)state;
    (void)snprintf(elsewhere, sizeof(elsewhere), "%s/few", d.dir);
    assert_int_equal(program_run(argv, NULL, &out), 69);
    assert_non_null(strstr(out, "only 64 files may be open at a time, 128 are needed"));
    free(out);
}

/* A database must not become its standard error. */
static void it_runs_with_its_streams_closed(void **state)
{
    static const char script[] = "\"$0\" --state \"$2\" --listen 127.0.0.1:0 <&- >&- 2>&- & p=$!\n"
                                 "until \"$1\" --state \"$2\" status >/dev/null 2>&1; do kill -0 $p || exit 99; done\n"
                                 "ls -l /proc/$p/fd/0 /proc/$p/fd/1 /proc/$p/fd/2\n"
                                 "kill $p; wait $p";
    char elsewhere[160], *kefud = strdup(daemon_program("kefud")), *kefuctl = strdup(daemon_program("kefuctl")), *out = NULL;
    const char *argv[] = { "sh", "-c", script, kefud, kefuctl, elsewhere, NULL };
    const char *at;
    int n = 0;

    (void)state;
    (void)snprintf(elsewhere, sizeof(elsewhere), "%s/mute", d.dir);
    assert_int_equal(program_run(argv, NULL, &out), 0);
    for (at = out; (at = strstr(at, "-> /dev/null")); at++)
        n++;
    assert_int_equal(n, 3);
    free(out);
    free(kefud);
    free(kefuctl);
}

/* An export that is cut short is no export. */
static void kefuctl_says_when_its_words_did_not_get_through(void **state)
{
    static const char script[] = "exec \"$0\" --state \"$1\" site export demo >/dev/full";
    const char *argv[] = { "sh", "-c", script, daemon_program("kefuctl"), d.state, NULL };
    char *out = NULL;

    (void)state;
    assert_int_equal(program_run(argv, NULL, &out), 1);
    assert_non_null(strstr(out, "standard output: "));
    free(out);
}

static void kefud_says_when_its_words_did_not_get_through(void **state)
{
    static const char *const options[] = { "--check", "--help", "--version" };
    static const char script[] = "exec \"$0\" \"$1\" >/dev/full";

    (void)state;
    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
        const char *argv[] = { "sh", "-c", script, daemon_program("kefud"), options[i], NULL };
        char *out = NULL;

        assert_int_equal(program_run(argv, NULL, &out), 74);
        assert_non_null(strstr(out, "kefud: standard output: "));
        free(out);
    }
}

static void the_state_is_nobody_elses_to_read(void **state)
{
    static const char *const files[] = { "", "/kefud.db", "/files.db", "/index.db", "/kefud.sock" };
    char path[160];
    struct stat st;

    (void)state;
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        (void)snprintf(path, sizeof(path), "%s%s", d.state, files[i]);
        assert_int_equal(stat(path, &st), 0);
        if (st.st_mode & 077)
            fail_msg("%s has mode %o", path, (unsigned)(st.st_mode & 0777));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_come_with_their_guards),
        cmocka_unit_test(a_visitor_with_the_cookie_needs_no_token),
        cmocka_unit_test(the_session_cookie_is_for_our_pages_only),
        cmocka_unit_test(a_redis_that_is_full_is_told_of),
        cmocka_unit_test(the_figures_move_with_what_happens),
        cmocka_unit_test(strangers_learn_whether_it_is_ready_and_no_more),
        cmocka_unit_test(health_is_told_to_whoever_asks),
        cmocka_unit_test(a_reload_changes_the_limits_at_once),
        cmocka_unit_test(a_long_history_comes_in_pieces),
        cmocka_unit_test(a_stop_tells_everybody_to_come_back),
        cmocka_unit_test(after_a_kill_what_was_acknowledged_is_there),
        cmocka_unit_test(without_redis_talks_go_on_and_new_ones_wait),
        cmocka_unit_test(signing_in_keeps_no_memory),
        cmocka_unit_test(one_state_directory_has_one_kefud),
        cmocka_unit_test(with_too_few_files_it_does_not_start),
        cmocka_unit_test(it_runs_with_its_streams_closed),
        cmocka_unit_test(kefuctl_says_when_its_words_did_not_get_through),
        cmocka_unit_test(kefud_says_when_its_words_did_not_get_through),
        cmocka_unit_test(the_state_is_nobody_elses_to_read),
    };

    return cmocka_run_group_tests(tests, start, finish);
}
