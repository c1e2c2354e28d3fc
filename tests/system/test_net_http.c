/* HTTP as strangers speak it: framing, bodies, pipelining, slow and vanished clients. */
#include "net_rig.h"

static struct rig rig;

static int start(void **state)
{
    (void)state;
    rig_init(&rig);
    rig.cfg.body_timeout_ms = 400;
    rig.cfg.bodies_max = 150000;
    rig.cfg.header_timeout_ms = 600;
    rig_start(&rig);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    rig_stop(&rig);
    return 0;
}

static void answers_a_request_and_closes(void **state)
{
    struct reply r;
    int fd = dial(&rig);

    (void)state;
    say(fd, "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n");
    reply_read(fd, &r);
    close(fd);
    assert_int_equal(r.status, 200);
    assert_string_equal(r.body, "hello");
    assert_non_null(strstr(r.text, "\r\nContent-Length: 5\r\n"));
    assert_non_null(strstr(r.text, "\r\nConnection: close\r\n"));
    assert_non_null(strstr(r.text, "\r\nX-Content-Type-Options: nosniff\r\n"));
    assert_non_null(strstr(r.text, "\r\nReferrer-Policy: no-referrer\r\n"));
    assert_non_null(strstr(r.text, "\r\nCache-Control: no-store\r\n"));
    assert_null(strstr(r.text, "Strict-Transport-Security"));
    reply_free(&r);
}

static void refuses_what_is_malformed(void **state)
{
    static const struct {
        int status;
        const char *request;
    } rows[] = {
        { 400, "GET /hello HTTP/1.1\r\n\r\n" },
        { 400, "GET /hello HTTP/1.1\r\nHost: \r\n\r\n" },
        { 400, "GET /hello HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n" },
        { 400, "GET /hello HTTP/1.1\r\nHost: a b\r\n\r\n" },
        { 400, "GET /hello HTTP/1.1\r\nHost: a:b\r\n\r\n" },
        { 400, "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\nx" },
        { 400, "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: +1\r\n\r\nx" },
        { 400, "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1x\r\n\r\nx" },
        { 400, "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nContent-Length: 5\r\n\r\nxxxxx" },
        { 400, "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx" },
        { 400, "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999999999999\r\n\r\nx" },
        { 400, "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" },
        { 411, "POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" },
        { 411, "GET /hello HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip\r\n\r\n" },
        { 411, "POST /echo HTTP/1.1\r\nHost: localhost\r\n\r\n" },
        { 411, "PUT /echo HTTP/1.1\r\nHost: localhost\r\n\r\n" },
        { 413, "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1048577\r\n\r\nx" },
        { 413, "POST /hello HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\nx" },
        { 403, "GET /forbidden HTTP/1.1\r\nHost: localhost\r\n\r\n" },
        { 404, "GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n" },
        { 400, "GET /a%01b HTTP/1.1\r\nHost: localhost\r\n\r\n" },
        { 501, "BREW /pot HTTP/1.1\r\nHost: localhost\r\n\r\n" },
        { 501, "CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n" },
        { 501, "TRACE /hello HTTP/1.1\r\nHost: localhost\r\n\r\n" },
        { 501, "PROPFIND /hello HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc" },
        { 400, "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" },
        { 200, "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n" },
        { 200, "GET /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc" },
        { 200, "DELETE /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc" },
        { 200, "OPTIONS /echo HTTP/1.1\r\nHost: localhost\r\n\r\n" },
        { 200, "PATCH /stream HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n" },
        { 200, "GET /hello HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n" },
        { 200, "GET /hello HTTP/1.0\r\nHost: localhost\r\n\r\n" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int status = ask_text(&rig, rows[i].request, NULL, 0);

        if (status != rows[i].status)
            fail_msg("row %zu: %d instead of %d: %s", i, status, rows[i].status, rows[i].request);
    }
}

static void its_own_errors_are_problem_documents(void **state)
{
    struct reply r;
    int fd = dial(&rig);

    (void)state;
    say(fd, "GET /forbidden HTTP/1.1\r\nHost: localhost\r\n\r\n");
    reply_read(fd, &r);
    close(fd);
    assert_non_null(strstr(r.text, "Content-Type: application/problem+json"));
    assert_string_equal(
        r.body, "{\"type\":\"about:blank\",\"title\":\"Forbidden\",\"status\":403,\"detail\":\"Not \\\"you\\\".\",\"code\":\"forbidden\"}");
    reply_free(&r);
}

static void head_tells_the_length_without_the_body(void **state)
{
    static const char *const requests[] = { "HEAD /hello HTTP/1.1\r\nHost: localhost\r\n\r\n",
                                            "HEAD /big?n=5 HTTP/1.1\r\nHost: localhost\r\n\r\n" };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct reply r;
        int fd = dial(&rig);

        say(fd, "%s", requests[i]);
        reply_read(fd, &r);
        close(fd);
        assert_int_equal(r.status, 200);
        assert_non_null(strstr(r.text, "Content-Length: 5\r\n"));
        assert_int_equal(r.body_n, 0);
        reply_free(&r);
    }
}

static void hands_on_head_query_and_headers(void **state)
{
    char body[4096];

    (void)state;
    assert_int_equal(
        ask_text(&rig,
                 "GET /head?a=1&b=x%26y+z&c HTTP/1.1\r\nHost: localhost\r\nUser-Agent: probe/1\r\nX-CSRF-Token:  t0ken \r\n"
                 "Webhook-Id: msg_1\r\nX-Hub-Signature-256: sha256=ab\r\nCookie: xsid=1; sid=2\r\nAccept-Language: zh-TW\r\n\r\n",
                 body, sizeof(body)),
        200);
    assert_non_null(strstr(body, "method=GET\npath=/head\naddress=127.0.0.1\nsecure=0\nloopback=1\nlocal=0\n"));
    assert_non_null(strstr(body, "?a=1\n?b=x&y z\n?c=\n"));
    assert_non_null(strstr(body, "user-agent: probe/1\n"));
    assert_non_null(strstr(body, "x-csrf-token: t0ken\n"));
    assert_non_null(strstr(body, "webhook-id: msg_1\n"));
    assert_non_null(strstr(body, "x-hub-signature-256: sha256=ab\n"));
    assert_non_null(strstr(body, "cookie: xsid=1; sid=2\n"));
    assert_non_null(strstr(body, "accept-language: zh-TW\n"));
}

static void answers_only_the_first_of_pipelined_requests(void **state)
{
    static const char *const pairs[] = {
        "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\nPOST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc",
        ("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc"
         "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\ndef"),
        "GET /later?ms=60 HTTP/1.1\r\nHost: localhost\r\n\r\nPOST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc",
        "POST /later?ms=60 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\nGET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET /hello HTTP/1.1\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\nGET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n",
    };
    long before = rig_cpu_ms(&rig);

    (void)state;
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        struct reply r;
        int fd = dial(&rig);

        put(fd, pairs[i], strlen(pairs[i]));
        reply_read(fd, &r);
        close(fd);
        assert_int_equal(r.status, 200);
        assert_null(strstr(r.text + 1, "HTTP/1.1 "));
        reply_free(&r);
    }
    assert_int_equal(get(&rig, "/hello", NULL, 0), 200);
    assert_true(rig_cpu_ms(&rig) - before < 1000);
}

static void an_unknown_upgrade_is_dropped_without_touching_freed_headers(void **state)
{
    static const char *const requests[] = {
        "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\nGET /hello HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: "
        "foo\r\n\r\n",
        "GET /hello HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: foo\r\n\r\n",
        "GET /hello HTTP/1.1\r\nHost: localhost\r\nConnection: keep-alive, Upgrade\r\nUpgrade: foo\r\n\r\nGET /hello HTTP/1.1\r\nHost: "
        "a\r\n\r\n",
        "GET /hello HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: "
        "AAMAAABkAAQAAP__\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    };

    (void)state;
    for (int round = 0; round < 20; round++)
        for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
            int status = ask_text(&rig, requests[i], NULL, 0);

            assert_int_not_equal(status, 101);
        }
    assert_int_equal(get(&rig, "/hello", NULL, 0), 200);
}

static void a_half_closed_client_gets_its_late_answer_and_costs_nothing(void **state)
{
    struct reply r;
    long before;
    int fd = dial(&rig);

    (void)state;
    say(fd, "GET /later?ms=700 HTTP/1.1\r\nHost: localhost\r\n\r\n");
    shutdown(fd, SHUT_WR);
    before = rig_cpu_ms(&rig);
    reply_read(fd, &r);
    close(fd);
    assert_string_equal(r.body, "late");
    assert_true(rig_cpu_ms(&rig) - before < 200);
    reply_free(&r);
}

static void a_client_that_leaves_is_noticed(void **state)
{
    int fd;

    (void)state;
    fd = dial(&rig);
    say(fd, "POST /stream HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nabc");
    close(fd);
    await_event(&rig, "gone", 1);
}

static void a_dripped_body_is_given_up(void **state)
{
    int64_t from = clock_ms();
    struct reply r;
    int fd = dial(&rig);

    (void)state;
    say(fd, "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n");
    for (int i = 0; i < 30; i++) {
        struct pollfd pfd = { fd, POLLIN, 0 };

        if (poll(&pfd, 1, 50) > 0)
            break;
        put(fd, "x", 1);
    }
    reply_read(fd, &r);
    close(fd);
    assert_int_equal(r.status, 408);
    assert_true(clock_ms() - from >= 400);
    reply_free(&r);
}

static void slow_headers_are_given_up(void **state)
{
    int64_t from = clock_ms();
    char c;
    int fd = dial(&rig);

    (void)state;
    say(fd, "GET /hello HTTP/1.1\r\nX-Slow: ");
    for (int i = 0; i < 100; i++) {
        struct pollfd pfd = { fd, POLLIN, 0 };

        if (poll(&pfd, 1, 30) > 0)
            break;
        put(fd, "G", 1);
    }
    assert_int_equal(hear(fd, &c, 1), 0);
    close(fd);
    assert_in_range(clock_ms() - from, 500, WAIT_MS);
}

static void a_refused_upload_still_hears_why(void **state)
{
    static char head[] = "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3000000\r\n\r\n";
    char *body = calloc(1, 3000000);
    struct reply r;
    int fd = dial(&rig);

    (void)state;
    put(fd, head, strlen(head));
    put(fd, body, 3000000); /* all of it, as simple clients do */
    reply_read(fd, &r);
    close(fd);
    free(body);
    assert_int_equal(r.status, 413);
    reply_free(&r);
}

static void uploads_are_invited_to_continue(void **state)
{
    char line[64] = "";
    struct reply r;
    int fd = dial(&rig);

    (void)state;
    say(fd, "POST /echo HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
    assert_int_equal(hear(fd, line, 25), 25);
    assert_string_equal(line, "HTTP/1.1 100 Continue\r\n\r\n");
    put(fd, "abc", 3);
    reply_read(fd, &r);
    close(fd);
    assert_string_equal(r.body, "abc");
    reply_free(&r);
}

/* 100,000 of 150,000 bytes are taken by one that is still coming: another large one is told to come again, a small one is not in the way. */
static void large_bodies_at_once_are_bounded(void **state)
{
    static const char large[] = "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n";
    char *bytes = calloc(1, 100000);
    int first = dial(&rig), second = dial(&rig);
    struct reply r;

    (void)state;
    put(first, large, strlen(large));
    await_event(&rig, "bodies", 100000);
    put(second, large, strlen(large));
    reply_read(second, &r);
    close(second);
    assert_int_equal(r.status, 503);
    assert_non_null(strstr(r.text, "Retry-After: "));
    reply_free(&r);
    second = dial(&rig);
    say(second, "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc");
    reply_read(second, &r);
    close(second);
    assert_string_equal(r.body, "abc");
    reply_free(&r);
    put(first, bytes, 100000);
    reply_read(first, &r);
    close(first);
    assert_int_equal(r.body_n, 100000);
    reply_free(&r);
    await_event(&rig, "bodies", 0);
    for (int i = 0; i < 3; i++) { /* and one after the other as many as one likes */
        first = dial(&rig);
        put(first, large, strlen(large));
        put(first, bytes, 100000);
        reply_read(first, &r);
        close(first);
        assert_int_equal(r.status, 200);
        reply_free(&r);
        await_event(&rig, "bodies", 0);
    }
    free(bytes);
}

/* In pieces of every kind of size, whole and streamed. */
static void bodies_arrive_unharmed(void **state)
{
    static const size_t sizes[] = { 1, 2, 1000, 4095, 4096, 8000, 32768, 100000, 1048576 };
    char *bytes = malloc(1048576), expected[64];

    (void)state;
    for (size_t i = 0; i < 1048576; i++)
        bytes[i] = (char)(i * 7 + i / 251);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
        for (int kind = 0; kind < 3; kind++) {
            static const char *const paths[] = { "/echo", "/stream", "/stream?later=1" };
            unsigned long long sum = 0;
            struct reply r;
            int fd = dial(&rig);

            say(fd, "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: %zu\r\n\r\n", paths[kind], sizes[i]);
            put(fd, bytes, sizes[i]);
            reply_read(fd, &r);
            close(fd);
            assert_int_equal(r.status, 200);
            for (size_t k = 0; k < sizes[i]; k++)
                sum += (unsigned char)bytes[k];
            (void)snprintf(expected, sizeof(expected), "%zu %llu", sizes[i], sum);
            if (kind == 0) {
                assert_int_equal(r.body_n, sizes[i]);
                assert_memory_equal(r.body, bytes, sizes[i]);
            } else
                assert_string_equal(r.body, expected);
            reply_free(&r);
        }
    free(bytes);
}

static void large_answers_arrive_whole(void **state)
{
    static const char *const paths[] = { "/blob?n=3000000", "/big?n=3000000" };

    (void)state;
    for (int i = 0; i < 2; i++)
        for (int half_closed = 0; half_closed < 2; half_closed++) {
            struct reply r;
            int fd = dial(&rig);

            say(fd, "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n%s", paths[i], half_closed ? "GET / HTTP/1.1\r\n\r\n" : "");
            if (half_closed)
                shutdown(fd, SHUT_WR);
            reply_read(fd, &r);
            close(fd);
            assert_int_equal(r.status, 200);
            assert_int_equal(r.body_n, 3000000);
            assert_int_equal(r.body[2999999], i ? 'B' : 'b');
            reply_free(&r);
        }
}

/* The socket is full, the client does not read, and sends what nobody asked for. */
static void a_reader_that_does_not_read_costs_nothing_while_it_lasts(void **state)
{
    int fd = dial(&rig), small = 4096;
    long before;
    char late[64];

    (void)state;
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
    say(fd, "GET /blob?n=8000000 HTTP/1.1\r\nHost: localhost\r\n\r\nGET /again HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_int_equal(get(&rig, "/hello", NULL, 0), 200);
    before = rig_cpu_ms(&rig);
    assert_int_equal(get(&rig, "/later?ms=500", late, sizeof(late)), 200);
    assert_true(rig_cpu_ms(&rig) - before < 200);
    await_event(&rig, "connections", 1); /* and it does not last: it was given up */
    close(fd);
    await_event(&rig, "slow", 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(answers_a_request_and_closes, start, stop),
        cmocka_unit_test_setup_teardown(refuses_what_is_malformed, start, stop),
        cmocka_unit_test_setup_teardown(its_own_errors_are_problem_documents, start, stop),
        cmocka_unit_test_setup_teardown(head_tells_the_length_without_the_body, start, stop),
        cmocka_unit_test_setup_teardown(hands_on_head_query_and_headers, start, stop),
        cmocka_unit_test_setup_teardown(answers_only_the_first_of_pipelined_requests, start, stop),
        cmocka_unit_test_setup_teardown(an_unknown_upgrade_is_dropped_without_touching_freed_headers, start, stop),
        cmocka_unit_test_setup_teardown(a_half_closed_client_gets_its_late_answer_and_costs_nothing, start, stop),
        cmocka_unit_test_setup_teardown(a_client_that_leaves_is_noticed, start, stop),
        cmocka_unit_test_setup_teardown(a_dripped_body_is_given_up, start, stop),
        cmocka_unit_test_setup_teardown(slow_headers_are_given_up, start, stop),
        cmocka_unit_test_setup_teardown(a_refused_upload_still_hears_why, start, stop),
        cmocka_unit_test_setup_teardown(uploads_are_invited_to_continue, start, stop),
        cmocka_unit_test_setup_teardown(large_bodies_at_once_are_bounded, start, stop),
        cmocka_unit_test_setup_teardown(bodies_arrive_unharmed, start, stop),
        cmocka_unit_test_setup_teardown(large_answers_arrive_whole, start, stop),
        cmocka_unit_test_setup_teardown(a_reader_that_does_not_read_costs_nothing_while_it_lasts, start, stop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
