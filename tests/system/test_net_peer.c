/* The frames are of our own making, so a WebSocket client that is not must understand them. */
#include "net_rig.h"

static int run_peer(int port, const char *option)
{
    char number[16];
    int status = -1;
    pid_t pid;

    (void)snprintf(number, sizeof(number), "%d", port);
    pid = fork();
    if (pid == 0) {
        if (option)
            execlp("node", "node", option, "tests/system/ws_peer.mjs", number, (char *)NULL);
        else
            execlp("node", "node", "tests/system/ws_peer.mjs", number, (char *)NULL);
        _exit(77);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void a_foreign_client_gets_all_it_was_sent(void **state)
{
    struct rig rig;
    int code;

    (void)state;
    rig_init(&rig);
    rig_start(&rig);
    code = run_peer(rig.port, "--experimental-websocket");
    if (code == 9) /* a node that does not know the option: newer, with a client, or older, without */
        code = run_peer(rig.port, NULL);
    rig_stop(&rig);
    if (code == 77)
        skip();
    assert_int_equal(code, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(a_foreign_client_gets_all_it_was_sent) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
