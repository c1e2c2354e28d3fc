/* DNS rebinding: a name that is public when it is looked at and private when it is connected to. The resolver and connect() of this program
 * are its own: the one answers as it is told to, call by call, the other keeps where anybody wanted to go, and lets nobody out. */
#define _GNU_SOURCE
#include "net/client.h"

#include "tests/support/daemon.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <uv.h>

#define PUBLIC  "11.0.0.1" /* nothing goes there: connect() keeps it in */
#define PRIVATE "127.0.0.1"
#define TRIES   8

/* ---- the world outside ---- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const char *const *answers; /* of the next calls, "A B" for two addresses; the last one stays; ended by NULL */
static int asked, tried;
static char went[TRIES][INET_ADDRSTRLEN];

static const char *next_answer(void)
{
    const char *ret;

    pthread_mutex_lock(&lock);
    ret = *answers;
    if (answers[1])
        answers++;
    asked++;
    pthread_mutex_unlock(&lock);
    return ret;
}

int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **ret)
{
    char text[64], *at = text, *rest = NULL, *word;
    struct addrinfo **link = ret;

    (void)hints;
    *ret = NULL;
    (void)snprintf(text, sizeof(text), "%s", strcmp(name, "rebind.example") ? name : next_answer());
    while ((word = strtok_r(at, " ", &rest))) {
        struct addrinfo *one = calloc(1, sizeof(*one) + sizeof(struct sockaddr_in));
        struct sockaddr_in *to = (void *)(one + 1);

        at = NULL;
        *to = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons((uint16_t)(service ? atoi(service) : 0)) };
        if (inet_pton(AF_INET, word, &to->sin_addr) != 1) {
            free(one);
            continue;
        }
        *one = (struct addrinfo){ .ai_family = AF_INET,
                                  .ai_socktype = SOCK_STREAM,
                                  .ai_protocol = IPPROTO_TCP,
                                  .ai_addrlen = sizeof(*to),
                                  .ai_addr = (struct sockaddr *)to };
        *link = one;
        link = &one->ai_next;
    }
    return *ret ? 0 : EAI_NONAME;
}

void freeaddrinfo(struct addrinfo *all)
{
    for (struct addrinfo *next; all; all = next) {
        next = all->ai_next;
        free(all);
    }
}

int connect(int fd, const struct sockaddr *to, socklen_t n)
{
    if (to->sa_family != AF_INET)
        return (int)syscall(SYS_connect, fd, to, n);
    pthread_mutex_lock(&lock);
    if (tried < TRIES)
        inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)to)->sin_addr, went[tried++], sizeof(went[0]));
    pthread_mutex_unlock(&lock);
    errno = ECONNREFUSED;
    return -1;
}

/* ---- asking ---- */

static uv_loop_t loop;
static struct net_client *client;

struct got {
    int calls, status;
    bool refused, sent;
    char failure[64];
};

static void got_it(void *ctx, const struct http_resp *resp)
{
    struct got *g = ctx;

    g->calls++;
    g->status = resp->status;
    g->refused = resp->refused;
    g->sent = resp->sent;
    (void)snprintf(g->failure, sizeof(g->failure), "%s", resp->failure ? resp->failure : "");
}

static void tick(uv_timer_t *t)
{
    (void)t;
}

static struct got fetch(const struct http_req *req)
{
    int64_t end = now_mono_ms() + patience_ms();
    struct got g = { .calls = 0 };
    uv_timer_t timer;

    net_fetch(client, req, got_it, &g);
    uv_timer_init(&loop, &timer);
    uv_timer_start(&timer, tick, 5, 5);
    while (!g.calls && now_mono_ms() < end)
        uv_run(&loop, UV_RUN_ONCE);
    uv_close((uv_handle_t *)&timer, NULL);
    uv_run(&loop, UV_RUN_NOWAIT);
    assert_int_equal(g.calls, 1);
    assert_int_equal(g.status, 0);
    assert_false(g.sent);
    return g;
}

static void world_begins(const char *const *says)
{
    answers = says;
    asked = tried = 0;
}

static void client_begins(bool allow_private)
{
    uv_loop_init(&loop);
    assert_int_equal(
        net_client_open(&client, &loop, &(struct net_client_config){ .allow_http = true, .allow_private = allow_private }, NULL), KF_OK);
}

static void client_ends(void)
{
    net_client_close(client);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
}

static void only_to(const char *address)
{
    assert_true(tried > 0);
    for (int i = 0; i < tried; i++)
        assert_string_equal(went[i], address);
}

/* ---- the tests ---- */

static const struct smtp_envelope envelope = { .from = "a@x.example", .to = "b@x.example", .plain = true };
static const struct http_req page = { .method = "GET", .url = "http://rebind.example/", .timeout_ms = 5000 };
static const struct http_req mail = {
    .method = "POST", .url = "smtp://rebind.example:2525/x", .body = SLICE("hello\r\n"), .smtp = &envelope, .timeout_ms = 5000
};
static const struct http_req *const requests[] = { &page, &mail };
#define REQUESTS (sizeof(requests) / sizeof(requests[0]))

/* Whoever looks a name up once to check it and once more to connect goes to the second answer. */
static void what_was_checked_is_what_is_connected_to(void **state)
{
    static const char *const says[] = { PUBLIC, PRIVATE, NULL };

    (void)state;
    for (size_t i = 0; i < REQUESTS; i++) {
        client_begins(false);
        world_begins(says);
        (void)fetch(requests[i]);
        assert_int_equal(asked, 1);
        only_to(PUBLIC);
        client_ends();
    }
}

static void the_next_request_is_checked_anew(void **state)
{
    static const char *const says[] = { PUBLIC, PRIVATE, NULL };

    (void)state;
    for (size_t i = 0; i < REQUESTS; i++) {
        struct got g;

        client_begins(false);
        world_begins(says);
        (void)fetch(requests[i]);
        client_ends(); /* and with it what it remembers of names */
        client_begins(false);
        g = fetch(requests[i]);
        assert_int_equal(asked, 2);
        assert_true(g.refused);
        assert_string_equal(g.failure, "the address is private");
        only_to(PUBLIC);
        client_ends();
    }
}

/* Several addresses: when the public one does not answer, the others are tried, and none of them that is private. */
static void no_other_address_of_the_name_is_a_way_in(void **state)
{
    static const char *const says[] = { PUBLIC " " PRIVATE " 169.254.169.254 10.0.0.1", NULL };
    static const char *const turned[] = { PRIVATE " " PUBLIC, NULL };

    (void)state;
    for (size_t i = 0; i < REQUESTS; i++) {
        client_begins(false);
        world_begins(says);
        (void)fetch(requests[i]);
        only_to(PUBLIC);
        client_ends();
        client_begins(false);
        world_begins(turned);
        (void)fetch(requests[i]);
        for (int k = 0; k < tried; k++)
            assert_string_equal(went[k], PUBLIC);
        client_ends();
    }
}

/* Where private addresses are allowed for platforms, an address that a stranger has named is held against the rule all the same. */
static void a_stranger_gains_nothing_by_what_the_operator_allows(void **state)
{
    static const char *const says[] = { PUBLIC, PRIVATE, NULL }, *const private[] = { PRIVATE, NULL };
    struct http_req named = page;
    struct got g;

    (void)state;
    named.stranger = true;
    client_begins(true);
    world_begins(says);
    (void)fetch(&named);
    only_to(PUBLIC);
    client_ends();
    client_begins(true);
    world_begins(private);
    g = fetch(&named);
    assert_true(g.refused);
    assert_int_equal(tried, 0);
    (void)fetch(&page); /* of the operator: this one goes there, so that what was seen above was the rule's doing */
    only_to(PRIVATE);
    client_ends();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_checked_is_what_is_connected_to),
        cmocka_unit_test(the_next_request_is_checked_anew),
        cmocka_unit_test(no_other_address_of_the_name_is_a_way_in),
        cmocka_unit_test(a_stranger_gains_nothing_by_what_the_operator_allows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
