/* Who may connect, how often, through whom: addresses, proxies, names, the control socket, descriptors. */
#include "net_rig.h"

#include <sys/stat.h>

static struct rig rig;
static char dir[SCRATCH_MAX], path[96];

static void make_dir(void)
{
    scratch_dir(dir, "kf-net");
    (void)snprintf(path, sizeof(path), "%s/control.sock", dir);
}

static int stop(void **state)
{
    (void)state;
    rig_stop(&rig);
    if (dir[0]) {
        assert_int_equal(rmdir(dir), 0); /* the sockets have been removed */
        dir[0] = '\0';
    }
    return 0;
}

static void set_up(int per_address, int in_all)
{
    rig_init(&rig);
    rig.cfg.connections_per_address = per_address;
    rig.cfg.connections_max = in_all;
}

/* ---- How many ---- */

static void fifty_connections_per_address_then_429(void **state)
{
    int fd[50], status, extra;
    char text[64] = "";

    (void)state;
    set_up(50, 1000);
    rig_start(&rig);
    for (int i = 0; i < 50; i++)
        fd[i] = ws_open(&rig);
    assert_int_equal(get(&rig, "/hello", NULL, 0), 429);
    assert_int_equal(ws_open_with(&rig, "/ws/visitor", "kefu.visitor.v1", "", &status), -1);
    assert_int_equal(status, 429);
    extra = dial_from(&rig, "127.0.0.9"); /* somebody else */
    say(extra, "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n");
    (void)hear(extra, text, 12);
    assert_string_equal(text, "HTTP/1.1 200");
    close(extra);
    ws_say(fd[0], "still mine");
    ws_expect(fd[0], "still mine");
    for (int i = 0; i < 50; i++)
        close(fd[i]);
    await_event(&rig, "sockets", 0);
}

/* All at once, before any has said what it wants: who came within the limit is served, however many have come since. */
static void a_crowd_at_the_door_does_not_shut_out_who_came_first(void **state)
{
    int fd[15];

    (void)state;
    set_up(10, 1000);
    rig_start(&rig);
    for (int i = 0; i < 15; i++)
        fd[i] = dial_from(&rig, "127.0.0.9");
    await_event(&rig, "connections", 16); /* with the one that asks */
    for (int i = 14; i >= 0; i--) {       /* those too many first: while all the others are there, there is no room */
        char text[64] = "";

        say(fd[i], "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n");
        (void)hear(fd[i], text, 12);
        assert_string_equal(text, i < 10 ? "HTTP/1.1 200" : "HTTP/1.1 429");
    }
    for (int i = 0; i < 15; i++)
        close(fd[i]);
}

static void sockets_of_staff_do_not_count(void **state)
{
    int fd[30], status;

    (void)state;
    set_up(10, 1000);
    rig_start(&rig);
    for (int i = 0; i < 30; i++) {
        fd[i] = ws_open_with(&rig, "/ws/agent", "kefu.staff.v1", "", &status);
        assert_int_equal(status, 101);
    }
    assert_int_equal(get(&rig, "/hello", NULL, 0), 200);
    for (int i = 0; i < 10; i++)
        close(ws_open(&rig));
    for (int i = 0; i < 30; i++)
        close(fd[i]);
}

static void staff_come_in_where_visitors_have_filled_their_address(void **state)
{
    int fd[10], status, staff;

    (void)state;
    set_up(10, 1000);
    rig_start(&rig);
    for (int i = 0; i < 10; i++)
        fd[i] = ws_open(&rig);
    staff = ws_open_with(&rig, "/ws/agent", "kefu.staff.v1", "", &status);
    assert_int_equal(status, 101);
    assert_int_equal(ws_open_with(&rig, "/ws/agent", "kefu.staff.v1", "Cookie: deny\r\n", &status), -1);
    assert_int_equal(status, 403);
    ws_say(staff, "hello");
    ws_expect(staff, "hello");
    close(staff);
    for (int i = 0; i < 10; i++)
        close(fd[i]);
}

static void too_many_in_all_is_503(void **state)
{
    int fd[20], n = 0, extra;
    char text[64] = "";

    (void)state;
    set_up(1000, 20);
    rig_start(&rig);
    for (; n < 20; n++)
        fd[n] = ws_open(&rig);
    extra = dial_from(&rig, "127.0.0.77");
    say(extra, "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n");
    (void)hear(extra, text, 12);
    assert_string_equal(text, "HTTP/1.1 503");
    close(extra);
    while (n)
        close(fd[--n]);
    await_event(&rig, "sockets", 0);
}

/* Beyond the limit and a few more that are told so, the door is shut. */
static void a_crowd_is_dropped_and_the_rest_served(void **state)
{
    static int fd[400];
    struct reply r;
    int other;

    (void)state;
    set_up(50, 1000);
    rig_start(&rig);
    for (int i = 0; i < 400; i++)
        fd[i] = dial(&rig);
    other = dial_from(&rig, "127.0.0.3");
    say(other, "GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n");
    reply_read(other, &r);
    close(other);
    assert_int_equal(r.status, 200);
    reply_free(&r);
    for (int i = 0; i < 400; i++)
        close(fd[i]);
    await_event(&rig, "connections", 1);
}

/* ---- Names ---- */

static void other_peoples_names_are_misdirected(void **state)
{
    static const char *const hosts[] = { "chat.example" };
    static const struct {
        const char *host;
        int status;
    } rows[] = {
        { "chat.example", 200 },  { "CHAT.example:443", 200 }, { "localhost", 200 },      { "127.0.0.1:8080", 200 },
        { "[::1]", 200 },         { "evil.example", 421 },     { "chat.example.", 421 },  { "chat.example.evil", 421 },
        { "xchat.example", 421 }, { "127.0.0.2", 421 },        { "chat.example:x", 400 }, { "chat.example,a", 400 },
        { "chat.example/", 400 }, { "@chat.example", 400 },
    };
    char request[256];

    (void)state;
    set_up(50, 1000);
    rig.cfg.hosts = hosts;
    rig.cfg.n_hosts = 1;
    rig_start(&rig);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int status;

        (void)snprintf(request, sizeof(request), "GET /hello HTTP/1.1\r\nHost: %s\r\n\r\n", rows[i].host);
        status = ask_text(&rig, request, NULL, 0);
        if (status != rows[i].status)
            fail_msg("%s: %d instead of %d", rows[i].host, status, rows[i].status);
    }
}

/* ---- Proxies ---- */

static void a_listed_proxy_speaks_for_its_clients(void **state)
{
    static const char *const proxies[] = { "127.0.0.1", "10.1.0.0/16" };
    static const struct {
        const char *headers, *address;
        int secure, loopback;
    } rows[] = {
        { "", "127.0.0.1", 0, 1 },
        { "X-Forwarded-For: 192.0.2.7\r\n", "192.0.2.7", 0, 0 },
        { "X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: https\r\n", "192.0.2.7", 1, 0 },
        { "X-Forwarded-For: 6.6.6.6, 192.0.2.7, 10.1.2.3\r\n", "192.0.2.7", 0, 0 },
        { "X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-For: 192.0.2.8\r\n", "192.0.2.8", 0, 0 },
        { "X-Forwarded-For: 192.0.2.7:4711\r\n", "192.0.2.7", 0, 0 },
        { "X-Forwarded-For: [2001:db8::7]:4711\r\n", "2001:db8::7", 0, 0 },
        { "X-Forwarded-For: 2001:db8::7\r\n", "2001:db8::7", 0, 0 },
        { "X-Forwarded-For: ::ffff:192.0.2.7\r\n", "192.0.2.7", 0, 0 },
        { "X-Forwarded-For: 6.6.6.6, junk\r\n", "127.0.0.1", 0, 0 },
        { "X-Forwarded-For: junk, 10.1.2.3\r\n", "10.1.2.3", 0, 0 },
        { "X-Forwarded-For: 127.0.0.1\r\n", "127.0.0.1", 0, 0 },
        { "X-Forwarded-For: 10.2.0.1\r\nX-Forwarded-Proto: http\r\n", "10.2.0.1", 0, 0 },
    };
    char request[256], body[4096], expected[128];

    (void)state;
    set_up(50, 1000);
    rig.cfg.proxies = proxies;
    rig.cfg.n_proxies = 2;
    rig_start(&rig);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        (void)snprintf(request, sizeof(request), "GET /head HTTP/1.1\r\nHost: localhost\r\n%s\r\n", rows[i].headers);
        assert_int_equal(ask_text(&rig, request, body, sizeof(body)), 200);
        (void)snprintf(expected, sizeof(expected), "address=%s\nsecure=%d\nloopback=%d\n", rows[i].address, rows[i].secure,
                       rows[i].loopback);
        if (!strstr(body, expected))
            fail_msg("%s: %s", rows[i].headers, body);
    }
}

static void nobody_else_is_believed(void **state)
{
    char body[4096];

    (void)state;
    set_up(50, 1000);
    rig_start(&rig);
    assert_int_equal(ask_text(&rig,
                              "GET /head HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: https\r\n\r\n",
                              body, sizeof(body)),
                     200);
    /* but loopback it is not: somebody forwards */
    assert_non_null(strstr(body, "address=127.0.0.1\nsecure=0\nloopback=0\n"));
}

static void clients_of_a_proxy_are_counted_each_for_itself(void **state)
{
    static const char *const proxies[] = { "127.0.0.0/8" };
    int fd[5], status;

    (void)state;
    set_up(5, 1000);
    rig.cfg.proxies = proxies;
    rig.cfg.n_proxies = 1;
    rig_start(&rig);
    for (int i = 0; i < 5; i++) {
        fd[i] = ws_open_with(&rig, "/ws/visitor", "kefu.visitor.v1", "X-Forwarded-For: 2001:db8::1\r\n", &status);
        assert_int_equal(status, 101);
    }
    /* the same subscriber under another address of its network */
    assert_int_equal(ws_open_with(&rig, "/ws/visitor", "kefu.visitor.v1", "X-Forwarded-For: 2001:db8::2\r\n", &status), -1);
    assert_int_equal(status, 429);
    close(ws_open_with(&rig, "/ws/visitor", "kefu.visitor.v1", "X-Forwarded-For: 2001:db8:1::2\r\n", &status));
    assert_int_equal(status, 101);
    for (int i = 0; i < 20; i++)
        assert_int_equal(get(&rig, "/hello", NULL, 0), 200); /* the proxy's own health checks */
    for (int i = 0; i < 5; i++)
        close(fd[i]);
}

/* ---- Unix sockets ---- */

static void the_control_socket_knows_who_calls(void **state)
{
    struct reply r;
    struct stat st;
    char expected[64];
    int fd;

    (void)state;
    make_dir();
    set_up(1, 1);
    rig.cfg.control = path;
    rig_start(&rig);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    for (int i = 0; i < 3; i++) { /* no limit applies */
        fd = dial_unix(path);
        say(fd, "GET /head HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: 1.2.3.4\r\n\r\n");
        reply_read(fd, &r);
        close(fd);
        assert_int_equal(r.status, 200);
        (void)snprintf(expected, sizeof(expected), "address=\nsecure=0\nloopback=0\nlocal=1\nuid=%u\n", (unsigned)getuid());
        if (!strstr(r.body, expected))
            fail_msg("%s", r.body);
        reply_free(&r);
    }
}

static void a_unix_listener_serves_a_proxy_that_is_listed(void **state)
{
    static const char *const proxies[] = { "unix" };
    char listen[128];
    struct reply r;
    int fd;

    (void)state;
    make_dir();
    set_up(50, 1000);
    (void)snprintf(listen, sizeof(listen), "unix:%s", path);
    rig.listen = listen;
    rig.cfg.proxies = proxies;
    rig.cfg.n_proxies = 1;
    rig_start(&rig);
    fd = dial_unix(path);
    say(fd, "GET /head HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: 192.0.2.9\r\nX-Forwarded-Proto: https\r\n\r\n");
    reply_read(fd, &r);
    close(fd);
    assert_non_null(strstr(r.body, "address=192.0.2.9\nsecure=1\nloopback=0\nlocal=0\n"));
    reply_free(&r);
}

static void a_socket_left_by_a_crash_is_replaced_and_a_living_one_is_not(void **state)
{
    struct net_config cfg;
    struct net_server *second = NULL;
    struct kf_err why = { 0 };
    uv_loop_t loop;
    int status = 0;

    (void)state;
    make_dir();
    set_up(50, 1000);
    rig.cfg.control = path;
    rig_start(&rig);
    cfg = rig.cfg;
    cfg.n_listen = 0;
    uv_loop_init(&loop);
    assert_int_equal(net_server_open(&second, &loop, &cfg, &why), KF_IO);
    assert_non_null(strstr(why.text, "in use"));
    assert_int_equal(uv_loop_close(&loop), 0);

    kill(rig.pid, SIGKILL);
    waitpid(rig.pid, &status, 0);
    rig_start(&rig);
    close(dial_unix(path));
}

static void a_taken_port_is_told(void **state)
{
    struct net_server *second = NULL;
    struct kf_err why = { 0 };
    const char *listen[1];
    struct net_config cfg;
    uv_loop_t loop;

    (void)state;
    set_up(50, 1000);
    rig_start(&rig);
    cfg = rig.cfg;
    listen[0] = rig.address;
    cfg.listen = listen;
    uv_loop_init(&loop);
    assert_int_equal(net_server_open(&second, &loop, &cfg, &why), KF_IO);
    assert_non_null(strstr(why.text, rig.address));
    listen[0] = "127.0.0.1";
    assert_int_equal(net_server_open(&second, &loop, &cfg, &why), KF_INVALID);
    assert_int_equal(uv_loop_close(&loop), 0);
}

static void several_servers_share_a_loop_one_after_the_other_and_at_once(void **state)
{
    (void)state;
    set_up(50, 1000);
    rig_start(&rig); /* for the teardown */
    for (int round = 0; round < 2; round++) {
        const char *listen[1] = { "127.0.0.1:0" };
        struct net_server *a = NULL, *b = NULL;
        struct net_config cfg = rig.cfg;
        struct rig near;
        uv_loop_t loop;
        int fd;

        cfg.listen = listen;
        cfg.ctx = NULL;
        uv_loop_init(&loop);
        assert_int_equal(net_server_open(&a, &loop, &cfg, NULL), KF_OK);
        assert_int_equal(net_server_open(&b, &loop, &cfg, NULL), KF_OK);
        near.port = atoi(strrchr(net_server_address(b), ':') + 1);
        fd = dial(&near);
        say(fd, "GET /forbidden HTTP/1.1\r\nHost: localhost\r\n\r\n");
        for (struct pollfd pfd = { fd, POLLIN, 0 }; poll(&pfd, 1, 1) == 0;)
            uv_run(&loop, UV_RUN_NOWAIT);
        close(fd);
        net_server_close(a);
        net_server_close(b);
        uv_run(&loop, UV_RUN_DEFAULT);
        net_server_free(a);
        net_server_free(b);
        assert_int_equal(uv_loop_close(&loop), 0);
    }
}

static void a_listening_socket_can_come_from_outside(void **state)
{
    struct sockaddr_in own = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    char listen_on[32];

    (void)state;
    assert_int_equal(bind(fd, (struct sockaddr *)&own, sizeof(own)), 0);
    set_up(50, 1000);
    (void)snprintf(listen_on, sizeof(listen_on), "fd:%d", fd);
    rig.listen = listen_on;
    rig_start(&rig);
    close(fd);
    assert_int_equal(get(&rig, "/hello", NULL, 0), 200);
}

static void ipv6_is_served(void **state)
{
    struct sockaddr_in6 to = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
    struct reply r;
    int fd = socket(AF_INET6, SOCK_STREAM, 0);
    bool there = fd >= 0 && bind(fd, (struct sockaddr *)&to, sizeof(to)) == 0;

    (void)state;
    close(fd);
    set_up(50, 1000);
    rig.listen = there ? "[::1]:0" : "127.0.0.1:0";
    rig_start(&rig);
    if (!there)
        skip();
    fd = socket(AF_INET6, SOCK_STREAM, 0);
    to.sin6_port = htons((uint16_t)rig.port);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
    say(fd, "GET /head HTTP/1.1\r\nHost: [::1]:%d\r\n\r\n", rig.port);
    reply_read(fd, &r);
    close(fd);
    assert_non_null(strstr(r.body, "address=::1\nsecure=0\nloopback=1\n"));
    reply_free(&r);
}

/* ---- The time to answer ---- */

/* The parts of one answer take five times as long as an answer may; the server hears of each. */
static void whoever_works_at_an_answer_has_the_time_for_it_and_nobody_else(void **state)
{
    char body[32];

    (void)state;
    set_up(10, 1000);
    rig.cfg.answer_timeout_ms = 400;
    rig_start(&rig);
    assert_int_equal(get(&rig, "/parts?n=200", body, sizeof(body)), 200);
    assert_string_equal(body, "made");
    assert_int_equal(get(&rig, "/never", NULL, 0), 503);
    await_event(&rig, "gone", 1);
}

/* ---- Descriptors ---- */

static void running_out_of_descriptors_neither_spins_nor_stays(void **state)
{
    static int fd[200];
    long before;

    (void)state;
    set_up(1000, 1000);
    rig.descriptors = 80;
    rig_start(&rig);
    for (int i = 0; i < 200; i++)
        fd[i] = dial(&rig); /* the kernel greets them, the server cannot */
    before = rig_cpu_ms(&rig);
    for (int64_t until = clock_ms() + 700; clock_ms() < until;)
        poll(NULL, 0, 50);
    assert_true(rig_cpu_ms(&rig) - before < 250);
    for (int i = 0; i < 200; i++)
        close(fd[i]);
    assert_int_equal(get(&rig, "/hello", NULL, 0), 200);
    await_event(&rig, "connections", 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(fifty_connections_per_address_then_429, stop),
        cmocka_unit_test_teardown(a_crowd_at_the_door_does_not_shut_out_who_came_first, stop),
        cmocka_unit_test_teardown(sockets_of_staff_do_not_count, stop),
        cmocka_unit_test_teardown(staff_come_in_where_visitors_have_filled_their_address, stop),
        cmocka_unit_test_teardown(too_many_in_all_is_503, stop),
        cmocka_unit_test_teardown(a_crowd_is_dropped_and_the_rest_served, stop),
        cmocka_unit_test_teardown(other_peoples_names_are_misdirected, stop),
        cmocka_unit_test_teardown(a_listed_proxy_speaks_for_its_clients, stop),
        cmocka_unit_test_teardown(nobody_else_is_believed, stop),
        cmocka_unit_test_teardown(clients_of_a_proxy_are_counted_each_for_itself, stop),
        cmocka_unit_test_teardown(the_control_socket_knows_who_calls, stop),
        cmocka_unit_test_teardown(a_unix_listener_serves_a_proxy_that_is_listed, stop),
        cmocka_unit_test_teardown(a_socket_left_by_a_crash_is_replaced_and_a_living_one_is_not, stop),
        cmocka_unit_test_teardown(a_taken_port_is_told, stop),
        cmocka_unit_test_teardown(several_servers_share_a_loop_one_after_the_other_and_at_once, stop),
        cmocka_unit_test_teardown(a_listening_socket_can_come_from_outside, stop),
        cmocka_unit_test_teardown(ipv6_is_served, stop),
        cmocka_unit_test_teardown(whoever_works_at_an_answer_has_the_time_for_it_and_nobody_else, stop),
        cmocka_unit_test_teardown(running_out_of_descriptors_neither_spins_nor_stays, stop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
