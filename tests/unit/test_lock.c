/* The state directory belongs to one process; systemd hears how we are. */
#include "lock.h"
#include "notify.h"
#include "tests/support/scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char base[SCRATCH_MAX];

static int make_base(void **state)
{
    (void)state;
    scratch_dir(base, "kf-lock");
    return 0;
}

static int remove_base(void **state)
{
    char path[128];

    (void)state;
    snprintf(path, sizeof(path), "%s/a/b/lock", base);
    unlink(path);
    snprintf(path, sizeof(path), "%s/a/b", base);
    rmdir(path);
    snprintf(path, sizeof(path), "%s/a", base);
    rmdir(path);
    return rmdir(base);
}

static int try_in_child(const char *dir)
{
    int status = 0;
    pid_t pid = fork();

    if (pid == 0) {
        int fd;

        _exit(state_lock(dir, &fd, NULL));
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WEXITSTATUS(status);
}

static void one_process_has_it_until_it_ends(void **state)
{
    char dir[96], mine[32];
    struct kf_err why = { 0 };
    struct stat st;
    int fd, other;

    (void)state;
    snprintf(dir, sizeof(dir), "%s/a/b", base);
    assert_int_equal(state_lock(dir, &fd, &why), KF_OK);
    assert_int_equal(stat(dir, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    assert_int_equal(try_in_child(dir), KF_CONFLICT);
    assert_int_equal(state_lock(dir, &other, &why), KF_CONFLICT);
    snprintf(mine, sizeof(mine), "process %ld.", (long)getpid());
    assert_non_null(strstr(why.text, mine));
    close(fd);
    assert_int_equal(try_in_child(dir), KF_OK);
    assert_int_equal(state_lock(dir, &fd, &why), KF_OK);
    close(fd);
}

static void a_directory_that_cannot_be_made_is_named(void **state)
{
    struct kf_err why = { 0 };
    int fd;

    (void)state;
    assert_int_equal(state_lock("/proc/nowhere/state", &fd, &why), KF_IO);
    assert_non_null(strstr(why.text, "/proc/nowhere"));
}

static void systemd_hears_ready_watchdog_and_stopping(void **state)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    char heard[256];
    ssize_t n;
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

    (void)state;
    snprintf(address.sun_path, sizeof(address.sun_path), "%s/notify", base);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    setenv("NOTIFY_SOCKET", address.sun_path, 1);

    notify_ready("serving");
    n = recv(fd, heard, sizeof(heard) - 1, MSG_DONTWAIT);
    assert_true(n > 0);
    heard[n] = '\0';
    assert_int_equal(strncmp(heard, "READY=1\nSTATUS=serving\nMAINPID=", 31), 0);
    notify_watchdog();
    n = recv(fd, heard, sizeof(heard) - 1, MSG_DONTWAIT);
    assert_memory_equal(heard, "WATCHDOG=1", 10);
    notify_reloading();
    n = recv(fd, heard, sizeof(heard) - 1, MSG_DONTWAIT);
    assert_memory_equal(heard, "RELOADING=1\nMONOTONIC_USEC=", 27);
    notify_stopping();
    n = recv(fd, heard, sizeof(heard) - 1, MSG_DONTWAIT);
    assert_int_equal(n, 10);
    assert_memory_equal(heard, "STOPPING=1", 10);

    unsetenv("NOTIFY_SOCKET");
    notify_ready("nobody listens");
    assert_int_equal(recv(fd, heard, sizeof(heard), MSG_DONTWAIT), -1);
    close(fd);
    unlink(address.sun_path);
}

static void the_watchdog_is_fed_at_half_its_time_and_only_by_whom_it_means(void **state)
{
    char pid[16];

    (void)state;
    unsetenv("WATCHDOG_USEC");
    assert_int_equal(notify_watchdog_ms(), 0);
    setenv("WATCHDOG_USEC", "30000000", 1);
    assert_int_equal(notify_watchdog_ms(), 15000);
    setenv("WATCHDOG_PID", "1", 1);
    assert_int_equal(notify_watchdog_ms(), 0);
    snprintf(pid, sizeof(pid), "%ld", (long)getpid());
    setenv("WATCHDOG_PID", pid, 1);
    assert_int_equal(notify_watchdog_ms(), 15000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_process_has_it_until_it_ends),
        cmocka_unit_test(a_directory_that_cannot_be_made_is_named),
        cmocka_unit_test(systemd_hears_ready_watchdog_and_stopping),
        cmocka_unit_test(the_watchdog_is_fed_at_half_its_time_and_only_by_whom_it_means),
    };

    return cmocka_run_group_tests(tests, make_base, remove_base);
}
