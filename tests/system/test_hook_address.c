/* The address that replies go to: one at which nobody is any more is left alone, and one that may not be asked fails at once. */
#include "hooks_rig.h"

#include <sys/wait.h>
#include <unistd.h>

/* Waits until the message has failed; why. */
static const char *fails(struct staff *s, int64_t seq)
{
    return text_at(wire_take(&s->wire, "{s:s,s:I,s:s}", "type", "status", "seq", (json_int_t)seq, "state", "failed"), "reason");
}

static void is_sent(struct staff *s, int64_t seq, const char *text)
{
    platform_take(&p);
    assert_string_equal(text_at(p.json, "data.text"), text);
    platform_answer(&p, 204, NULL, NULL);
    wire_take(&s->wire, "{s:s,s:I,s:s}", "type", "status", "seq", (json_int_t)seq, "state", "sent");
}

static void again(struct staff *s, const char *conv, const char *cid, int64_t seq)
{
    wire_sendf(&s->wire, "{\"type\":\"resend\",\"conversation\":\"%s\",\"cid\":\"%s\",\"seq\":%d}", conv, cid, (int)seq);
    assert_string_equal(wire_verdict(&s->wire, cid), "ack");
}

/* Does the channel's page say that its address is gone? */
static bool is_gone(const struct daemon *at, const char *channel)
{
    struct reply r = web_expect(at, 200, &(struct ask){ .path = "/api/v1/sites/" SITE "/channels", .control = true });
    const json_t *items = value_at(r.json, "items"), *one;
    bool ret = false;
    size_t i;

    json_array_foreach(items, i, one)
    {
        const json_t *gone = json_object_get(one, "gone_at");

        if (strcmp(text_at(one, "key"), channel) == 0)
            ret = gone != NULL;
        else
            assert_null(gone);
        if (gone)
            assert_in_range(json_integer_value(gone), now_wall_ms() - 600000, now_wall_ms() + 1000);
    }
    reply_free(&r);
    return ret;
}

static void save(const struct daemon *at, const char *channel)
{
    char path[120], match[60], *body;
    struct reply r;

    (void)snprintf(path, sizeof(path), "/api/v1/sites/" SITE "/documents/channel/%s", channel);
    r = web_expect(at, 200, &(struct ask){ .path = path, .control = true });
    (void)snprintf(match, sizeof(match), "If-Match: %s\r\n", reply_header(&r, "ETag"));
    body = json_dumps(value_at(r.json, "body"), JSON_COMPACT);
    reply_free(&r);
    web_status(at, 200, &(struct ask){ .method = "PUT", .path = path, .headers = match, .body = body, .control = true });
    free(body);
}

/* `kefuctl channel test`, whose ping is answered with this status; its exit code. */
static int try_it(int status)
{
    pid_t child = fork();
    int code = -1;
    char *out;

    assert_true(child >= 0);
    if (!child)
        _exit(program_run(
            (const char *const[]){ daemon_program("kefuctl"), "--state", d.state, "channel", "test", "api", "--site", SITE, NULL }, NULL,
            &out));
    platform_take(&p);
    assert_string_equal(text_at(p.json, "type"), "ping");
    platform_answer(&p, status, NULL, NULL);
    assert_int_equal(waitpid(child, &code, 0), child);
    assert_true(WIFEXITED(code));
    return WEXITSTATUS(code);
}

static void an_address_that_is_gone_is_left_alone_until_it_is_saved(void **state)
{
    struct daemon own;
    struct staff there = { 0 };
    char conv[40], path[64];
    int64_t first, second, third;

    (void)state;
    daemon_start(&own, &(struct daemon_options){ .demo = true, .config = "[channels]\nallow_http = yes\nallow_private = yes\n" });
    site_open(&own, set, p.port, &there, path);
    assert_int_equal(hook_post(&own, path, SECRET, "w1", 0, created("m1", "u1", "你好")), 204);
    (void)snprintf(conv, sizeof(conv), "%s", text_at(wire_take(&there.wire, "{s:s}", "type", "assigned"), "conversation.id"));
    assert_false(is_gone(&own, "api"));

    /* The first is told so; the second is not asked about. */
    first = staff_say(&there, conv, "r1", "甲");
    platform_take(&p);
    platform_answer(&p, 410, NULL, NULL);
    assert_non_null(strstr(fails(&there, first), "410: nobody is at this address any more"));
    assert_true(is_gone(&own, "api"));
    second = staff_say(&there, conv, "r2", "乙");
    assert_non_null(strstr(fails(&there, second), "save the channel or try it"));
    assert_false(platform_take_within(&p, 300));
    wire_sendf(&there.wire, "{\"type\":\"read\",\"conversation\":\"%s\",\"cid\":\"rd\",\"seq\":1}", conv); /* worth nothing later */
    again(&there, conv, "too-soon", second);
    assert_non_null(strstr(fails(&there, second), "save the channel or try it"));

    /* What comes in is taken. */
    assert_int_equal(hook_post(&own, path, SECRET, "w2", 0, created("m2", "u1", "还在吗")), 204);
    wire_take(&there.wire, "{s:s,s:s,s:s}", "type", "message", "conversation", conv, "text", "还在吗");

    /* It is known to whoever comes after. */
    daemon_kill(&own);
    staff_leave(&there);
    daemon_restart(&own);
    staff_enter(&there, &own, SITE);
    staff_presence(&there, "online");
    daemon_log_wait(&own, "event=live_rebuilt site=" SITE);
    assert_true(is_gone(&own, "api"));
    third = staff_say(&there, conv, "r3", "丙");
    assert_non_null(strstr(fails(&there, third), "save the channel or try it"));
    assert_false(platform_take_within(&p, 300));

    save(&own, "second"); /* another one */
    assert_true(is_gone(&own, "api"));
    save(&own, "api");
    assert_false(is_gone(&own, "api"));
    again(&there, conv, "again1", first);
    is_sent(&there, first, "甲");
    again(&there, conv, "again2", second);
    is_sent(&there, second, "乙");
    staff_free(&there);
    daemon_finish(&own);
}

static void an_address_that_is_gone_is_back_when_a_try_is_answered(void **state)
{
    const char *conv = begin("u20", "有人吗");
    int64_t seq;
    char *out;

    (void)state;
    seq = staff_say(&agent, conv, "r1", "有的");
    platform_take(&p);
    platform_answer(&p, 410, NULL, "{\"error\":{\"code\":\"moved\",\"message\":\"ask elsewhere\"}}");
    assert_string_equal(fails(&agent, seq), "moved: ask elsewhere");
    assert_int_equal(
        program_run((const char *const[]){ daemon_program("kefuctl"), "--state", d.state, "channel", "list", "--site", SITE, NULL }, NULL,
                    &out),
        0);
    assert_non_null(strstr(out, "generic    gone"));
    free(out);
    assert_int_equal(try_it(410), 1);
    assert_true(is_gone(&d, "api"));
    assert_int_equal(try_it(204), 0);
    assert_false(is_gone(&d, "api"));
    again(&agent, conv, "again", seq);
    is_sent(&agent, seq, "有的");
    finish_talk(conv);
}

/* Where kefud may not speak to private addresses, waiting changes nothing: the agent reads why at once, and so does whoever tries it. */
static void an_address_that_may_not_be_asked_fails_at_once(void **state)
{
    struct daemon strict;
    struct staff there = { 0 };
    const char *conv;
    char path[64], *out;
    int64_t seq;

    (void)state;
    daemon_start(&strict, &(struct daemon_options){ .demo = true, .config = "[channels]\nallow_http = yes\n" });
    site_open(&strict, set, p.port, &there, path);
    assert_int_equal(hook_post(&strict, path, SECRET, "w1", 0, created("m1", "u1", "你好")), 204);
    conv = text_at(wire_take(&there.wire, "{s:s}", "type", "assigned"), "conversation.id");
    seq = staff_say(&there, conv, "r1", "在的");
    assert_string_equal(
        text_at(wire_take(&there.wire, "{s:s,s:I,s:s}", "type", "status", "seq", (json_int_t)seq, "state", "failed"), "reason"),
        "the address is private");
    assert_int_equal(program_run((const char *const[]){ daemon_program("kefuctl"), "--state", strict.state, "channel", "test", "api",
                                                        "--site", SITE, NULL },
                                 NULL, &out),
                     1);
    assert_non_null(strstr(out, "error  platform   the address is private"));
    free(out);
    staff_free(&there);
    daemon_finish(&strict);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_that_is_gone_is_left_alone_until_it_is_saved),
        cmocka_unit_test(an_address_that_is_gone_is_back_when_a_try_is_answered),
        cmocka_unit_test(an_address_that_may_not_be_asked_fails_at_once),
    };

    return cmocka_run_group_tests(tests, start, finish);
}
