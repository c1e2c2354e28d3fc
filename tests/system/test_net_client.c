/* HTTP out: against our own server, and against one that misbehaves. */
#include "net/client.h"
#include "net_rig.h"

static struct rig rig;
static uv_loop_t loop;
static struct net_client *client;

/* ---- A server that misbehaves, by path ---- */

static struct {
    pid_t pid;
    int port;
} odd;

static void odd_answer(int fd)
{
    static char chunk[65536];
    char request[4096] = "";
    size_t n = 0;

    while (n < sizeof(request) - 1 && !strstr(request, "\r\n\r\n")) {
        ssize_t k = recv(fd, request + n, sizeof(request) - 1 - n, 0);

        if (k <= 0)
            return;
        n += (size_t)k;
        request[n] = '\0';
    }
    if (strstr(request, " /close "))
        return;
    if (strstr(request, " /half "))
        say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc");
    else if (strstr(request, " /garbage "))
        say(fd, "what do you want?\r\n\r\n");
    else if (strstr(request, " /redirect "))
        say(fd, "HTTP/1.1 302 Found\r\nLocation: /hello\r\nContent-Length: 0\r\n\r\n");
    else if (strstr(request, " /headers "))
        say(fd, "HTTP/1.1 429 Slow Down\r\nRetry-After:  7 \r\nX-One: a: b\r\nContent-Length: 2\r\n\r\nno");
    else if (strstr(request, " /huge ")) {
        say(fd, "HTTP/1.1 200 OK\r\n\r\n");
        for (int i = 0; i < 64; i++)
            put(fd, chunk, sizeof(chunk));
    } else if (strstr(request, " /hang ")) {
        struct pollfd pfd = { fd, POLLIN, 0 };

        (void)poll(&pfd, 1, 20000); /* until the client has had enough */
    } else
        say(fd, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s", strlen(request), request);
}

static void odd_start(void)
{
    struct sockaddr_in own = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t n = sizeof(own);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_int_equal(bind(fd, (struct sockaddr *)&own, sizeof(own)), 0);
    assert_int_equal(listen(fd, 16), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&own, &n), 0);
    odd.port = ntohs(own.sin_port);
    odd.pid = fork();
    if (odd.pid == 0) {
        signal(SIGTERM, SIG_DFL);
        for (;;) {
            int c = accept(fd, NULL, NULL);

            odd_answer(c);
            close(c);
        }
    }
    close(fd);
}

/* ---- The client ---- */

struct got {
    int calls, status, began;
    bool sent, refused;
    char failure[128], retry_after[32], one[32];
    char body[4096];
    size_t body_n;
};

static void got_it(void *ctx, const struct http_resp *resp)
{
    struct got *g = ctx;
    struct slice h;

    g->calls++;
    g->status = resp->status;
    g->sent = resp->sent;
    g->began = resp->began;
    g->refused = resp->refused;
    (void)snprintf(g->failure, sizeof(g->failure), "%s", resp->failure ? resp->failure : "");
    g->body_n = resp->body.n;
    (void)snprintf(g->body, sizeof(g->body), "%.*s", (int)resp->body.n, resp->body.p ? resp->body.p : "");
    h = http_header(resp->headers, resp->n_headers, "retry-after");
    (void)snprintf(g->retry_after, sizeof(g->retry_after), "%.*s", (int)h.n, h.p ? h.p : "");
    h = http_header(resp->headers, resp->n_headers, "x-one");
    (void)snprintf(g->one, sizeof(g->one), "%.*s", (int)h.n, h.p ? h.p : "");
}

static void too_late(uv_timer_t *t)
{
    *(bool *)t->data = true;
}

static void fetch(const struct http_req *req, struct got *g)
{
    uv_timer_t t;
    bool late = false;

    *g = (struct got){ 0 };
    net_fetch(client, req, got_it, g);
    assert_int_equal(g->calls, 0); /* never before the call has returned */
    uv_timer_init(&loop, &t);
    t.data = &late;
    uv_timer_start(&t, too_late, WAIT_MS, 0);
    while (!g->calls && !late)
        uv_run(&loop, UV_RUN_ONCE);
    uv_close((uv_handle_t *)&t, NULL);
    uv_run(&loop, UV_RUN_NOWAIT);
    assert_int_equal(g->calls, 1);
}

static void fetch_path(int port, const char *path, struct got *g)
{
    char url[256];
    struct http_req req = { .method = "GET", .url = url, .timeout_ms = 5000 };

    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%d%s", port, path);
    fetch(&req, g);
}

enum { PER_HOST = 8 };

static int open_client(bool allow_http, bool allow_private)
{
    struct net_client_config cfg = {
        .allow_http = allow_http, .allow_private = allow_private, .user_agent = "kefud/test", .max_per_host = PER_HOST
    };

    return net_client_open(&client, &loop, &cfg, NULL);
}

static int start(void **state)
{
    (void)state;
    rig_init(&rig);
    rig_start(&rig);
    odd_start();
    uv_loop_init(&loop);
    return open_client(true, true);
}

static int start_strict(void **state)
{
    (void)state;
    rig_init(&rig);
    rig_start(&rig);
    odd_start();
    uv_loop_init(&loop);
    return open_client(true, false);
}

static int stop(void **state)
{
    (void)state;
    net_client_close(client);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
    kill(odd.pid, SIGTERM);
    waitpid(odd.pid, NULL, 0);
    rig_stop(&rig);
    return 0;
}

static void fetches_and_posts(void **state)
{
    static const struct http_pair headers[] = { { SLICE("X-CSRF-Token"), SLICE("a b") },
                                                { SLICE("Content-Type"), SLICE("application/json") },
                                                { SLICE("X-Bad"), SLICE("a\r\nHost: evil") } };
    static const struct http_pair query[] = { { SLICE("q"), SLICE("你 好&=+") }, { SLICE("empty"), SLICE("") } };
    char url[128];
    struct http_req req = { .method = "GET", .url = url, .query = query, .n_query = 2, .headers = headers, .n_headers = 3 };
    struct got g;

    (void)state;
    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%d/head", rig.port);
    fetch(&req, &g);
    assert_int_equal(g.status, 200);
    assert_true(g.sent);
    assert_non_null(strstr(g.body, "?q=你 好&=+\n?empty=\n"));
    assert_non_null(strstr(g.body, "x-csrf-token: a b\n"));
    assert_non_null(strstr(g.body, "user-agent: kefud/test\n"));
    assert_null(strstr(g.body, "evil"));

    req = (struct http_req){ .method = "POST", .url = url, .body = SLICE("{\"a\":1}") };
    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%d/echo", rig.port);
    fetch(&req, &g);
    assert_int_equal(g.status, 200);
    assert_string_equal(g.body, "{\"a\":1}");

    req = (struct http_req){ .method = "PUT", .url = url, .body = SLICE("put") };
    fetch(&req, &g);
    assert_string_equal(g.body, "put");
    req = (struct http_req){ .method = "POST", .url = url };
    fetch(&req, &g);
    assert_int_equal(g.status, 200);
    req = (struct http_req){ .method = "HEAD", .url = url };
    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%d/hello", rig.port);
    fetch(&req, &g);
    assert_int_equal(g.status, 200);
    assert_int_equal(g.body_n, 0);
}

static void says_what_went_wrong_and_whether_anything_left(void **state)
{
    static const struct {
        const char *path;
        int status;
        bool sent;
        const char *failure;
    } rows[] = {
        { "/close", 0, true, "connection lost" },
        { "/half", 0, true, "connection lost" },
        { "/garbage", 0, true, "the answer is not HTTP" },
        { "/hang", 0, true, "timeout" },
        { "/huge", 0, true, "the answer is too large" },
        { "/redirect", 302, true, NULL },
        { "/headers", 429, true, NULL },
    };
    struct got g;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char url[128];
        struct http_req req = { .method = "POST", .url = url, .body = SLICE("x"), .timeout_ms = 700 };

        (void)snprintf(url, sizeof(url), "http://127.0.0.1:%d%s", odd.port, rows[i].path);
        fetch(&req, &g);
        if (g.status != rows[i].status || g.sent != rows[i].sent || (rows[i].failure && strcmp(g.failure, rows[i].failure) != 0))
            fail_msg("%s: %d %d %s", rows[i].path, g.status, g.sent, g.failure);
        if (g.status == 0)
            assert_true(g.failure[0]);
        assert_int_equal(g.began, strcmp(rows[i].path, "/huge") == 0 ? 200 : 0);
        assert_false(g.refused); /* it was asked: what came back is no verdict on the address */
    }
    assert_string_equal(g.retry_after, "7");
    assert_string_equal(g.one, "a: b");
    assert_string_equal(g.body, "no");
}

static void nothing_left_when_nobody_listens(void **state)
{
    struct got g;
    struct http_req req = { .method = "GET", .url = "http://127.0.0.1:1/" };

    (void)state;
    fetch(&req, &g);
    assert_int_equal(g.status, 0);
    assert_false(g.sent);
    assert_string_equal(g.failure, "connection refused");
    req.url = "ftp://127.0.0.1/";
    fetch(&req, &g);
    assert_int_equal(g.status, 0);
    assert_false(g.sent);
    assert_string_equal(g.failure, "only https is allowed");
    assert_true(g.refused);
    req.url = "http://no-such-name.invalid/";
    fetch(&req, &g);
    assert_string_equal(g.failure, "no such host");
}

static void plain_http_needs_permission(void **state)
{
    struct net_client *lenient = client;
    char url[64];
    struct http_req req = { .method = "GET", .url = url };
    struct got g;

    (void)state;
    assert_int_equal(open_client(false, true), 0);
    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%d/hello", rig.port);
    fetch(&req, &g);
    assert_int_equal(g.status, 0);
    assert_false(g.sent);
    assert_string_equal(g.failure, "only https is allowed");
    net_client_close(client);
    client = lenient;
}

static void an_answer_may_be_as_long_as_was_said(void **state)
{
    char url[128];
    struct http_req req = { .method = "GET", .url = url, .answer_max = 1000 };
    struct got g;

    (void)state;
    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%d/blob?n=1000", rig.port);
    fetch(&req, &g);
    assert_int_equal(g.status, 200);
    assert_int_equal(g.body_n, 1000);
    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%d/blob?n=1001", rig.port);
    fetch(&req, &g);
    assert_int_equal(g.status, 0);
    assert_string_equal(g.failure, "the answer is too large");
}

static void private_addresses_are_refused_however_they_are_spelt(void **state)
{
    static const char *const hosts[] = {
        "127.0.0.1",  "localhost", "127.1",           "0x7f000001",        "2130706433",      "[::1]",          "[::ffff:127.0.0.1]",
        "0.0.0.0",    "[::]",      "[::ffff:7f00:1]", "10.0.0.1",          "192.168.1.1",     "172.31.255.255", "169.254.169.254",
        "100.64.0.1", "[fe80::1]", "[fc00::1]",       "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "224.0.0.1",      "255.255.255.255"
    };
    struct got g;

    (void)state;
    for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
        char url[128];
        struct http_req req = { .method = "GET", .url = url, .timeout_ms = 1500 };

        (void)snprintf(url, sizeof(url), "http://%s:%d/hello", hosts[i], rig.port);
        fetch(&req, &g);
        if (g.status || g.sent || strcmp(g.failure, "the address is private") != 0)
            fail_msg("%s: %d %d %s", hosts[i], g.status, g.sent, g.failure);
    }
}

static void many_at_once_are_each_answered(void **state)
{
    static struct got got[100];
    char url[100][64];
    int done = 0;
    int64_t until = clock_ms() + WAIT_MS;

    (void)state;
    memset(got, 0, sizeof(got));
    for (int i = 0; i < 100; i++) {
        struct http_req req = { .method = "GET", .url = url[i] };

        (void)snprintf(url[i], sizeof(url[i]), "http://127.0.0.1:%d/blob?n=%d", rig.port, i);
        net_fetch(client, &req, got_it, &got[i]);
    }
    while (done < 100 && clock_ms() < until) {
        uv_run(&loop, UV_RUN_ONCE);
        done = 0;
        for (int i = 0; i < 100; i++)
            done += got[i].calls;
    }
    for (int i = 0; i < 100; i++) {
        assert_int_equal(got[i].calls, 1);
        assert_int_equal(got[i].status, 200);
        assert_int_equal(got[i].body_n, i);
    }
}

/* All ways to that host are taken, and time is out: whoever asked may ask again, because nothing has left. */
static void what_only_waited_for_its_turn_was_not_sent(void **state)
{
    static struct got got[PER_HOST + 1];
    int64_t until = clock_ms() + WAIT_MS;
    char url[64];
    int done = 0;

    (void)state;
    memset(got, 0, sizeof(got));
    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%d/hang", odd.port);
    for (int i = 0; i <= PER_HOST; i++) {
        struct http_req req = { .method = "POST", .url = url, .body = SLICE("x"), .timeout_ms = i == PER_HOST ? 300 : 900 };

        net_fetch(client, &req, got_it, &got[i]);
    }
    while (done <= PER_HOST && clock_ms() < until) {
        uv_run(&loop, UV_RUN_ONCE);
        done = 0;
        for (int i = 0; i <= PER_HOST; i++)
            done += got[i].calls;
    }
    for (int i = 0; i <= PER_HOST; i++) {
        assert_string_equal(got[i].failure, "timeout");
        assert_int_equal(got[i].sent, i < PER_HOST);
    }
}

static void closing_answers_what_is_under_way(void **state)
{
    struct got g = { 0 };
    char url[64];
    struct http_req req = { .method = "GET", .url = url };

    (void)state;
    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%d/hang", odd.port);
    net_fetch(client, &req, got_it, &g);
    for (int i = 0; i < 5; i++)
        uv_run(&loop, UV_RUN_NOWAIT);
    net_client_close(client);
    assert_int_equal(g.calls, 1);
    assert_int_equal(g.status, 0);
    assert_string_equal(g.failure, "going down");
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(open_client(true, true), 0);
}

static void a_plain_path_is_enough(void **state)
{
    struct got g;

    (void)state;
    fetch_path(rig.port, "/hello", &g);
    assert_string_equal(g.body, "hello");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_plain_path_is_enough, start, stop),
        cmocka_unit_test_setup_teardown(fetches_and_posts, start, stop),
        cmocka_unit_test_setup_teardown(says_what_went_wrong_and_whether_anything_left, start, stop),
        cmocka_unit_test_setup_teardown(nothing_left_when_nobody_listens, start, stop),
        cmocka_unit_test_setup_teardown(plain_http_needs_permission, start, stop),
        cmocka_unit_test_setup_teardown(an_answer_may_be_as_long_as_was_said, start, stop),
        cmocka_unit_test_setup_teardown(private_addresses_are_refused_however_they_are_spelt, start_strict, stop),
        cmocka_unit_test_setup_teardown(many_at_once_are_each_answered, start, stop),
        cmocka_unit_test_setup_teardown(what_only_waited_for_its_turn_was_not_sent, start, stop),
        cmocka_unit_test_setup_teardown(closing_answers_what_is_under_way, start, stop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
