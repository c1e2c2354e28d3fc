/* What no one row of a table thinks of: random traffic from a seed, and the known ways to libwebsockets' freed memory under valgrind
 * (under ASan where the build has it, which sees less of the library). */
#include "net_rig.h"

#define HOST    "Host: localhost\r\n"
#define UPGRADE "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"

static const char *const whole[] = {
    "GET /hello HTTP/1.1\r\n" HOST "\r\n",
    "GET /hello HTTP/1.1\r\n" HOST "Connection: keep-alive\r\n\r\n",
    "GET /later?ms=5 HTTP/1.1\r\n" HOST "\r\n",
    "GET /blob?n=200000 HTTP/1.1\r\n" HOST "\r\n",
    "GET /big?n=300000 HTTP/1.1\r\n" HOST "\r\n",
    "HEAD /hello HTTP/1.1\r\n" HOST "\r\n",
    "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nabcde",
    "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n",
    "POST /stream?later=1 HTTP/1.1\r\n" HOST "Content-Length: 9\r\n\r\nabcdefghi",
    "POST /stream HTTP/1.1\r\n" HOST "Content-Length: 9\r\n\r\nabcdefghi",
    "POST /forbidden HTTP/1.1\r\n" HOST "Content-Length: 9\r\n\r\nabcdefghi",
    "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 1000\r\n\r\nshort",
    "GET /hello HTTP/1.1\r\n" HOST "Connection: Upgrade\r\nUpgrade: foo\r\n\r\n",
    "GET /hello HTTP/1.1\r\n" HOST "Connection: keep-alive\r\nUpgrade: foo\r\n\r\n",
    "GET /hello HTTP/1.1\r\n" HOST "Connection: Upgrade\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n",
    "GET /ws/visitor HTTP/1.1\r\n" HOST UPGRADE "Sec-WebSocket-Protocol: kefu.visitor.v1\r\n\r\n",
    "GET /ws/visitor HTTP/1.1\r\n" HOST UPGRADE "Sec-WebSocket-Protocol: kefu.visitor.v1\r\nCookie: deny\r\n\r\n",
    "GET /ws/agent HTTP/1.1\r\n" HOST UPGRADE "Sec-WebSocket-Protocol: nothing\r\n\r\n",
    "\x81\x85\x01\x02\x03\x04iglhn", /* "hello" */
    "\x01\x82\x01\x02\x03\x04ii",
    "\x80\x82\x01\x02\x03\x04ii",
    "\x89\x81\x01\x02\x03\x04i",
    "\x88\x82\x01\x02\x03\x04\x02\xea",
    "\x82\x81\x01\x02\x03\x04i",
    "\x81\xff\x7f\x01\x02\x03",
    "CONNECT localhost:80 HTTP/1.1\r\n" HOST "\r\n",
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "GET /%00 HTTP/1.1\r\n" HOST "\r\n",
    "GET //../..//?a&b=%zz HTTP/1.1\r\n" HOST "\r\n",
    "GET /hello HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n",
    "POST /echo HTTP/1.1\r\n" HOST "Content-Length: -5\r\n\r\nabcde",
    "\r\n\r\n",
    "\x16\x03\x01\x02\x01\x01",
};

static unsigned long long seed;

static unsigned random_below(unsigned n)
{
    seed = seed * 6364136223846793005ull + 1442695040888963407ull;
    return (unsigned)(seed >> 33) % n;
}

struct stranger {
    int fd;
    char text[8192];
    size_t n, at;
};

static void arrive(const struct rig *rig, struct stranger *s)
{
    unsigned parts = 1 + random_below(4);

    s->fd = dial(rig);
    fcntl(s->fd, F_SETFL, O_NONBLOCK);
    s->n = s->at = 0;
    for (unsigned i = 0; i < parts; i++) {
        const char *p = whole[random_below(sizeof(whole) / sizeof(whole[0]))];
        size_t len = strlen(p);

        if (random_below(12) == 0)
            len = random_below((unsigned)len + 1);
        memcpy(s->text + s->n, p, len);
        s->n += len;
    }
    if (random_below(8) == 0 && s->n)
        s->text[random_below((unsigned)s->n)] ^= (char)(1 << random_below(8));
}

/* True: it has left. */
static bool act(struct stranger *s)
{
    static char sink[65536];
    struct linger reset = { 1, 0 };

    if (s->at < s->n) {
        size_t some = random_below(3) ? s->n - s->at : 1 + random_below((unsigned)(s->n - s->at));
        ssize_t k = send(s->fd, s->text + s->at, some, MSG_NOSIGNAL);

        if (k < 0 && errno != EAGAIN)
            s->at = s->n;
        else if (k > 0)
            s->at += (size_t)k;
        return false;
    }
    switch (random_below(6)) {
    case 0:
        (void)!recv(s->fd, sink, sizeof(sink), 0);
        return false;
    case 1:
        (void)!recv(s->fd, sink, 100, 0);
        return false;
    case 2:
        shutdown(s->fd, SHUT_WR);
        return false;
    case 3:
        setsockopt(s->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
        break;
    default:
        break;
    }
    close(s->fd);
    return true;
}

static void a_storm_of_strangers_leaves_nothing_behind(void **state)
{
    static struct stranger strangers[40];
    const char *given = getenv("STORM_SEED");
    int many = getenv("STORM_N") ? atoi(getenv("STORM_N")) : 3000, left = many;
    struct rig rig;

    (void)state;
    seed = given ? strtoull(given, NULL, 10) : 20251121;
    rig_init(&rig);
    rig.cfg.connections_per_address = 10000;
    rig.cfg.body_timeout_ms = 300;
    rig.cfg.header_timeout_ms = 300;
    rig_start(&rig);
    for (size_t i = 0; i < sizeof(strangers) / sizeof(strangers[0]); i++)
        strangers[i].fd = -1;
    while (left > 0) {
        struct stranger *s = &strangers[random_below(sizeof(strangers) / sizeof(strangers[0]))];

        if (s->fd < 0)
            arrive(&rig, s);
        else if (act(s)) {
            s->fd = -1;
            left--;
        }
    }
    for (size_t i = 0; i < sizeof(strangers) / sizeof(strangers[0]); i++)
        if (strangers[i].fd >= 0)
            close(strangers[i].fd);
    await_event(&rig, "connections", 1);
    await_event(&rig, "sockets", 0);
    assert_true(rig_cpu_ms(&rig) < many * 5 + 1000);
    rig_stop(&rig);
}

/* ---- Under valgrind ---- */

static char self[512];

#ifndef __SANITIZE_ADDRESS__
static bool start_watched(struct rig *rig)
{
    int pipe_fd[2], status;
    char number[16];
    pid_t probe = fork();

    if (probe == 0) {
        int null = open("/dev/null", O_WRONLY);

        dup2(null, 1);
        execlp("valgrind", "valgrind", "--version", (char *)NULL);
        _exit(127);
    }
    assert_int_equal(waitpid(probe, &status, 0), probe);
    if (!WIFEXITED(status) || WEXITSTATUS(status))
        return false;
    assert_int_equal(pipe(pipe_fd), 0);
    (void)snprintf(number, sizeof(number), "%d", pipe_fd[1]);
    rig->pid = fork();
    if (rig->pid == 0) {
        close(pipe_fd[0]);
        execlp("valgrind", "valgrind", "--quiet", "--error-exitcode=99", "--leak-check=full", "--errors-for-leak-kinds=definite", self,
               "serve", number, (char *)NULL);
        _exit(127);
    }
    close(pipe_fd[1]);
    rig_await(rig, pipe_fd[0]);
    return true;
}
#endif

static void no_freed_memory_is_touched_on_the_known_ways(void **state)
{
    static const char foo[] = "GET /hello HTTP/1.1\r\n" HOST "Connection: Upgrade\r\nUpgrade: foo\r\n\r\n";
    static const char get_then_foo[] =
        "GET /hello HTTP/1.1\r\n" HOST "\r\nGET /hello HTTP/1.1\r\n" HOST "Connection: Upgrade\r\nUpgrade: foo\r\n\r\n";
    static const char foo_then_get[] =
        "GET /hello HTTP/1.1\r\n" HOST "Connection: keep-alive\r\nUpgrade: foo\r\n\r\nGET /hello HTTP/1.1\r\n" HOST "\r\n";
    struct rig rig;
    int fd;

    (void)state;
    rig_init(&rig);
#ifdef __SANITIZE_ADDRESS__
    rig_start(&rig);
#else
    if (!start_watched(&rig))
        skip();
#endif
    for (int round = 0; round < 3; round++) {
        (void)ask_text(&rig, foo, NULL, 0);
        (void)ask_text(&rig, get_then_foo, NULL, 0);
        (void)ask_text(&rig, foo_then_get, NULL, 0);
        for (size_t i = 0; i < sizeof(whole) / sizeof(whole[0]); i++) {
            fd = dial(&rig);
            put(fd, whole[i], strlen(whole[i]));
            if (round == 0)
                shutdown(fd, SHUT_WR);
            if (round == 1)
                (void)hear(fd, (char[64]){ 0 }, 12);
            close(fd);
        }
        fd = ws_open(&rig);
        ws_say(fd, "hello");
        ws_expect(fd, "hello");
        ws_say(fd, "flood 100 2000");
        close(fd);
        fd = ws_open(&rig);
        ws_say(fd, "close 4401");
        ws_expect(fd, "last words");
        assert_int_equal(ws_code(fd), 4401);
        close(fd);
    }
    await_event(&rig, "connections", 1);
    rig_stop(&rig);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_storm_of_strangers_leaves_nothing_behind),
        cmocka_unit_test(no_freed_memory_is_touched_on_the_known_ways),
    };

    if (argc == 3 && strcmp(argv[1], "serve") == 0) {
        static const char *const listen[] = { "127.0.0.1:0" };
        struct rig rig;

        rig_init(&rig);
        rig.cfg.listen = listen;
        rig.cfg.header_timeout_ms = rig.cfg.body_timeout_ms = 2000;
        rig_child(&rig, atoi(argv[2]));
    }
    if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
        return 2;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
