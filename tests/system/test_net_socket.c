/* WebSockets as strangers speak them: handshakes, frames, limits, slow readers, the end. */
#include "net_rig.h"

static struct rig rig;

static int start(void **state)
{
    (void)state;
    rig_init(&rig);
    rig_start(&rig);
    return 0;
}

static int start_pinging(void **state)
{
    (void)state;
    rig_init(&rig);
    rig.cfg.ping_ms = 1000;
    rig_start(&rig);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    rig_stop(&rig);
    return 0;
}

static void echoes_texts_of_every_length(void **state)
{
    static const size_t sizes[] = { 0, 1, 125, 126, 1023, 1024, 1025, 2048, 5000, 32767, 65535, 65536 };
    static char text[65537], got[65537];
    int fd = ws_open(&rig);

    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        size_t n = 0;

        for (size_t k = 0; k < sizes[i]; k++)
            text[k] = (char)('a' + k % 26);
        ws_frame(fd, 0x81, text, sizes[i]);
        assert_int_equal(ws_hear(fd, got, sizeof(got), &n), 0x81);
        assert_int_equal(n, sizes[i]);
        assert_memory_equal(got, text, n);
    }
    close(fd);
    await_event(&rig, "closed", 1);
}

static void joins_fragments_with_pings_between_them(void **state)
{
    char got[256];
    int fd = ws_open(&rig);

    (void)state;
    ws_frame(fd, 0x01, "\xe4\xbd", 2); /* half of a character */
    ws_frame(fd, 0x89, "p", 1);
    ws_frame(fd, 0x00, "\xa0\xe5", 2);
    ws_frame(fd, 0x00, "", 0);
    ws_frame(fd, 0x80, "\xa5\xbd", 2);
    for (int pong = 0; pong < 1;) {
        int first = ws_hear(fd, got, sizeof(got), NULL);

        if (first == 0x8a) {
            pong++;
            continue;
        }
        assert_int_equal(first, 0x81);
        assert_string_equal(got, "你好");
        break;
    }
    close(fd);
}

static void many_texts_in_one_segment_come_back_in_order(void **state)
{
    int fd = ws_open(&rig);
    char text[32];

    (void)state;
    for (int i = 0; i < 2000; i++) {
        (void)snprintf(text, sizeof(text), "message %d", i);
        ws_say(fd, text);
    }
    for (int i = 0; i < 2000; i++) {
        (void)snprintf(text, sizeof(text), "message %d", i);
        ws_expect(fd, text);
    }
    close(fd);
}

static void a_text_right_behind_the_handshake_is_heard(void **state)
{
    int fd = dial(&rig);
    char head[512];
    size_t n = 0;

    (void)state;
    say(fd,
        "GET /ws/visitor HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: kefu.visitor.v1\r\n\r\n"
        "\x81\x82%c%c%c%chi",
        0, 0, 0, 0);
    while (n < sizeof(head) - 1 && hear(fd, head + n, 1) == 1) {
        head[++n] = '\0';
        if (strstr(head, "\r\n\r\n"))
            break;
    }
    assert_non_null(strstr(head, " 101 "));
    ws_expect(fd, "hi");
    close(fd);
    await_event(&rig, "closed", 1);
}

static void refuses_handshakes_that_are_not_ours(void **state)
{
#define UP  "Upgrade: websocket\r\nConnection: Upgrade\r\n"
#define KEY "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define V13 "Sec-WebSocket-Version: 13\r\n"
#define SUB "Sec-WebSocket-Protocol: kefu.visitor.v1\r\n"
    static const struct {
        int status;
        const char *request;
    } rows[] = {
        { 426, "GET /ws/visitor HTTP/1.1\r\nHost: localhost\r\n" UP KEY SUB "Sec-WebSocket-Version: 12\r\n\r\n" },
        { 426, "GET /ws/visitor HTTP/1.1\r\nHost: localhost\r\n" UP KEY SUB "\r\n" },
        { 426, "GET /ws/visitor HTTP/1.1\r\nHost: localhost\r\n" UP KEY SUB V13 V13 "\r\n" },
        { 400, "GET /ws/visitor HTTP/1.1\r\n" UP KEY SUB V13 "\r\n" },
        { 400, "GET /ws/visitor HTTP/1.1\r\nHost: localhost\r\n" UP SUB V13 "\r\n" },
        { 400, "GET /ws/visitor HTTP/1.1\r\nHost: localhost\r\n" UP "Sec-WebSocket-Key: short\r\n" SUB V13 "\r\n" },
        { 400, "GET /ws/visitor HTTP/1.1\r\nHost: localhost\r\n" UP "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZ!==\r\n" SUB V13 "\r\n" },
        { 400, "GET /ws/visitor HTTP/1.1\r\nHost: localhost\r\n" UP "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZTEy\r\n" SUB V13 "\r\n" },
        { 400, "GET /ws/visitor HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n" KEY SUB V13 "\r\n" },
        { 400, "GET /ws/visitor HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: close\r\n" KEY SUB V13 "\r\n" },
        { 400, "GET /ws/visitor HTTP/1.1\r\nHost: localhost\r\n" UP KEY V13 "\r\n" },
        { 400, "GET /ws/visitor HTTP/1.1\r\nHost: localhost\r\n" UP KEY V13 "Sec-WebSocket-Protocol: http\r\n\r\n" },
        { 400, "GET /ws/visitor HTTP/1.1\r\nHost: localhost\r\n" UP KEY V13 "Sec-WebSocket-Protocol: kefu.staff.v1\r\n\r\n" },
        { 400, "GET /ws/visitor HTTP/1.1\r\nHost: localhost\r\n" UP KEY V13 "Sec-WebSocket-Protocol: kefu.visitor.v1, http\r\n\r\n" },
        { 400,
          "GET /ws/visitor HTTP/1.1\r\nHost: localhost\r\n" UP KEY V13 "Sec-WebSocket-Protocol: kefu.visitor.v1, kefu.staff.v1\r\n\r\n" },
        { 400, "GET /ws/visitor HTTP/1.1\r\nHost: localhost\r\n" UP KEY V13
               "Sec-WebSocket-Protocol: kefu.visitor.v2, xkefu.visitor.v1\r\n\r\n" },
        { 400, "GET /ws/visitor HTTP/1.1\r\nHost: localhost\r\n" UP KEY V13 "Sec-WebSocket-Protocol: a/1, kefu.visitor.v1\r\n\r\n" },
        { 400, "GET /ws/visitor HTTP/1.1\r\nHost: localhost\r\n" UP KEY V13
               "Sec-WebSocket-Protocol: kefu.visitor.v1, kefu.visitor.v2, kefu.visitor.v3, kefu.visitor.v4, kefu.visitor.v5, "
               "kefu.visitor.v6, kefu.visitor.v7, kefu.visitor.v8\r\n\r\n" },
        { 400, "GET /ws/agent HTTP/1.1\r\nHost: localhost\r\n" UP KEY V13 SUB "\r\n" },
        { 400, "GET /ws/visitor HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n" UP KEY V13 SUB "\r\nabc" },
        { 400, "POST /ws/visitor HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n" UP KEY V13 SUB "\r\n" },
        { 404, "GET /hello HTTP/1.1\r\nHost: localhost\r\n" UP KEY V13 SUB "\r\n" },
        { 403, "GET /ws/visitor HTTP/1.1\r\nHost: localhost\r\nCookie: deny\r\n" UP KEY V13 SUB "\r\n" },
        { 101, "GET /ws/visitor HTTP/1.1\r\nHost: localhost\r\n" UP KEY V13 SUB "\r\n" },
    };
    char body[512];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int fd = dial(&rig), status = 0;
        char head[1024] = "";

        say(fd, "%s", rows[i].request);
        (void)hear(fd, head, 12);
        close(fd);
        (void)!sscanf(head, "HTTP/1.1 %d", &status);
        if (status != rows[i].status)
            fail_msg("row %zu: %d instead of %d: %s", i, status, rows[i].status, rows[i].request);
    }
    assert_int_equal(ask_text(&rig, rows[0].request, body, sizeof(body)), 426);
    assert_non_null(strstr(body, "\"status\":426"));
    await_event(&rig, "sockets", 0);
}

/* A page that speaks a later version, too, offers both. */
static void takes_its_subprotocol_out_of_those_that_are_offered(void **state)
{
    static const char *const rows[] = { "kefu.visitor.v1", "kefu.visitor.v2, kefu.visitor.v1", "kefu.visitor.v1,kefu.visitor.v2 , soap" };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int fd = dial(&rig);
        char head[1024] = "";
        size_t n = 0;

        say(fd, "GET /ws/visitor HTTP/1.1\r\nHost: localhost\r\n" UP KEY V13 "Sec-WebSocket-Protocol: %s\r\n\r\n", rows[i]);
        while (n < sizeof(head) - 1 && !strstr(head, "\r\n\r\n") && hear(fd, head + n, 1) == 1)
            n++;
        if (!strstr(head, " 101 ") || !strstr(head, "Protocol: kefu.visitor.v1\r\n"))
            fail_msg("row %zu: %s", i, head);
        ws_frame(fd, 0x81, "hi", 2);
        ws_expect(fd, "hi");
        close(fd);
    }
    await_event(&rig, "sockets", 0);
}

/* RFC 6455: which code answers which offence. */
static void offences_are_answered_with_their_code(void **state)
{
    static const struct {
        int code, first;
        const char *bytes;
        size_t n;
    } rows[] = {
        { 1003, 0x82, "\x00\x01", 2 },
        { 1007, 0x81, "\xc3\x28", 2 },
        { 1007, 0x81, "\xed\xa0\x80", 3 },
        { 1007, 0x81, "\xe4\xbd", 2 },
        { 1002, 0x83, "x", 1 },
        { 1002, 0x8b, "x", 1 },
        { 1002, 0xc1, "x", 1 },
        { 1002, 0x80, "x", 1 },
        { 1002, 0x09, "x", 1 },
        { 1000, 0x88, "\x03\xe8", 2 },
        { 1002, 0x88, "\x03\xe7", 2 },
        { 4001, 0x88,
          "\x0f\xa1"
          "bye",
          5 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int fd = ws_open(&rig), code;

        ws_frame(fd, rows[i].first, rows[i].bytes, rows[i].n);
        code = ws_code(fd);
        if (code != rows[i].code)
            fail_msg("row %zu: %d instead of %d", i, code, rows[i].code);
        close(fd);
    }
    await_event(&rig, "sockets", 0);
    await_event(&rig, "closed", sizeof(rows) / sizeof(rows[0]));
}

static void a_message_over_the_limit_is_1009_however_it_comes(void **state)
{
    static char text[65537];
    int fd;

    (void)state;
    memset(text, 'x', sizeof(text));
    fd = ws_open(&rig);
    ws_frame(fd, 0x81, text, sizeof(text));
    assert_int_equal(ws_code(fd), 1009);
    close(fd);

    fd = ws_open(&rig); /* one frame that says it will be huge */
    put(fd,
        "\x81\xff\x00\x00\x01\x00\x00\x00\x00\x00"
        "mask"
        "abcd",
        18);
    for (int i = 0; i < 20; i++)
        put(fd, text, 1000);
    assert_int_equal(ws_code(fd), 1009);
    close(fd);

    fd = ws_open(&rig); /* many small ones */
    ws_frame(fd, 0x01, text, 1000);
    for (int i = 0; i < 70; i++)
        ws_frame(fd, 0x00, text, 1000);
    assert_int_equal(ws_code(fd), 1009);
    close(fd);
}

static void a_close_from_inside_follows_what_was_sent_before_it(void **state)
{
    int fd = ws_open(&rig);

    (void)state;
    ws_say(fd, "close 4401");
    ws_expect(fd, "last words");
    assert_int_equal(ws_code(fd), 4401);
    ws_frame(fd, 0x88, "\x11\x31", 2);
    assert_int_equal(ws_code(fd), 1006); /* the end */
    close(fd);
    await_event(&rig, "closed", 1);
    await_event(&rig, "connections", 1);
}

static void a_peer_that_does_not_echo_the_close_is_dropped(void **state)
{
    int fd = ws_open(&rig);

    (void)state;
    ws_say(fd, "close 4403");
    ws_expect(fd, "last words");
    assert_int_equal(ws_code(fd), 4403);
    await_event(&rig, "closed", 1); /* the application heard at once */
    assert_int_equal(ws_code(fd), 1006);
    close(fd);
}

static void a_flood_within_the_queue_arrives_whole(void **state)
{
    static char got[3000];
    int fd = ws_open(&rig);

    (void)state;
    ws_say(fd, "flood 100 2000");
    for (int i = 0; i < 100; i++) {
        size_t n = 0;

        assert_int_equal(ws_hear(fd, got, sizeof(got), &n), 0x81);
        assert_int_equal(n, 2000);
    }
    ws_say(fd, "still here");
    ws_expect(fd, "still here");
    close(fd);
}

/* The socket takes some, libwebsockets holds 64 KiB, the queue its limit; then it is over, with the code if it can still be said. */
static void a_slow_reader_is_closed_with_1013(void **state)
{
    int fd = ws_open(&rig);

    (void)state;
    for (int i = 0; i < 200; i++)
        ws_say(fd, "flood 3 60000");
    await_event(&rig, "closed", 1);
    assert_int_equal(ws_code(fd), 1013);
    close(fd);
    await_event(&rig, "slow", 1);
}

static void a_slow_reader_holds_up_nobody_else(void **state)
{
    int slow = ws_open(&rig), fd = ws_open(&rig);
    long before;

    (void)state;
    for (int i = 0; i < 200; i++)
        ws_say(slow, "flood 3 60000");
    before = rig_cpu_ms(&rig);
    for (int i = 0; i < 50; i++) {
        ws_say(fd, "quick");
        ws_expect(fd, "quick");
    }
    await_event(&rig, "sockets", 1);
    assert_true(rig_cpu_ms(&rig) - before < 1500);
    close(slow);
    close(fd);
}

static void silence_is_pinged_and_the_silent_are_dropped(void **state)
{
    int fd = ws_open(&rig), alive = ws_open(&rig);
    int64_t from = clock_ms();
    char got[256];
    int pings = 0, first;

    (void)state;
    while (clock_ms() - from < 3000) { /* this one answers */
        struct pollfd pfd = { alive, POLLIN, 0 };

        if (poll(&pfd, 1, 20) <= 0)
            continue;
        assert_int_equal(ws_hear(alive, got, sizeof(got), NULL), 0x89);
        ws_frame(alive, 0x8a, got, strlen(got));
    }
    ws_say(alive, "well");
    while ((first = ws_hear(alive, got, sizeof(got), NULL)) == 0x89)
        ws_frame(alive, 0x8a, got, strlen(got));
    assert_int_equal(first, 0x81);
    while ((first = ws_hear(fd, got, sizeof(got), NULL)) == 0x89)
        pings++;
    assert_int_equal(first, -1);
    assert_int_equal(pings, 2);
    await_event(&rig, "closed", 1);
    close(fd);
    close(alive);
}

static void all_hear_what_is_for_all(void **state)
{
    int fd[20];

    (void)state;
    for (int i = 0; i < 20; i++)
        fd[i] = ws_open(&rig);
    for (int round = 0; round < 50; round++)
        ws_say(fd[round % 20], "all 大家好");
    for (int i = 0; i < 20; i++) {
        for (int round = 0; round < 50; round++)
            ws_expect(fd[i], "all 大家好");
        close(fd[i]);
    }
    await_event(&rig, "closed", 20);
}

static void draining_says_1012_and_lets_requests_finish(void **state)
{
    int fd[5], request, status = -1;
    struct reply r;

    (void)state;
    rig_init(&rig);
    rig.spread_ms = 200;
    rig.limit_ms = 5000;
    rig_start(&rig);
    for (int i = 0; i < 5; i++)
        fd[i] = ws_open(&rig);
    request = dial(&rig);
    say(request, "GET /later?ms=600 HTTP/1.1\r\nHost: localhost\r\n\r\n");
    await_event(&rig, "connections", 7);
    kill(rig.pid, SIGTERM);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(ws_code(fd[i]), 1012);
        ws_frame(fd[i], 0x88, "\x03\xf4", 2);
        close(fd[i]);
    }
    reply_read(request, &r);
    close(request);
    assert_int_equal(r.status, 200);
    assert_string_equal(r.body, "late");
    reply_free(&r);
    assert_int_equal(waitpid(rig.pid, &status, 0), rig.pid);
    assert_int_equal(status, 0);
}

static void draining_does_not_wait_for_connections_that_ask_nothing(void **state)
{
    int fd, status = -1;
    int64_t from;

    (void)state;
    rig_init(&rig);
    rig.limit_ms = WAIT_MS;
    rig_start(&rig);
    fd = dial(&rig);
    await_event(&rig, "connections", 2);
    from = clock_ms();
    kill(rig.pid, SIGTERM);
    assert_int_equal(waitpid(rig.pid, &status, 0), rig.pid);
    assert_int_equal(status, 0);
    assert_true(clock_ms() - from < WAIT_MS / 2);
    close(fd);
}

static void draining_ends_at_its_limit(void **state)
{
    int fd, request, status = -1;

    (void)state;
    rig_init(&rig);
    rig.limit_ms = 300;
    rig_start(&rig);
    fd = ws_open(&rig);
    request = dial(&rig);
    say(request, "GET /never HTTP/1.1\r\nHost: localhost\r\n\r\n");
    await_event(&rig, "connections", 3);
    kill(rig.pid, SIGTERM);
    assert_int_equal(waitpid(rig.pid, &status, 0), rig.pid);
    assert_int_equal(status, 0);
    close(request);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(echoes_texts_of_every_length, start, stop),
        cmocka_unit_test_setup_teardown(joins_fragments_with_pings_between_them, start, stop),
        cmocka_unit_test_setup_teardown(many_texts_in_one_segment_come_back_in_order, start, stop),
        cmocka_unit_test_setup_teardown(a_text_right_behind_the_handshake_is_heard, start, stop),
        cmocka_unit_test_setup_teardown(refuses_handshakes_that_are_not_ours, start, stop),
        cmocka_unit_test_setup_teardown(takes_its_subprotocol_out_of_those_that_are_offered, start, stop),
        cmocka_unit_test_setup_teardown(offences_are_answered_with_their_code, start, stop),
        cmocka_unit_test_setup_teardown(a_message_over_the_limit_is_1009_however_it_comes, start, stop),
        cmocka_unit_test_setup_teardown(a_close_from_inside_follows_what_was_sent_before_it, start, stop),
        cmocka_unit_test_setup_teardown(a_peer_that_does_not_echo_the_close_is_dropped, start, stop),
        cmocka_unit_test_setup_teardown(a_flood_within_the_queue_arrives_whole, start, stop),
        cmocka_unit_test_setup_teardown(a_slow_reader_is_closed_with_1013, start, stop),
        cmocka_unit_test_setup_teardown(a_slow_reader_holds_up_nobody_else, start, stop),
        cmocka_unit_test_setup_teardown(silence_is_pinged_and_the_silent_are_dropped, start_pinging, stop),
        cmocka_unit_test_setup_teardown(all_hear_what_is_for_all, start, stop),
        cmocka_unit_test(draining_says_1012_and_lets_requests_finish),
        cmocka_unit_test(draining_does_not_wait_for_connections_that_ask_nothing),
        cmocka_unit_test(draining_ends_at_its_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
