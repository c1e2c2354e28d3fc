#include "fault/failing.h"

#include "fault/oracle.h"
#include "fault/post.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#define VISITORS 8
#define RESTLESS 4
#define AGENTS   3
#define SOON_MS  1000 /* within this an armed fault comes about, or is taken back */
#define AFTER_MS 15   /* what it does is waited for */
#define END_MS   3000 /* a node that may not go on is gone by then */

/* At most how many calls later. */
static const struct {
    const char *name;
    int within;
} kinds[FAILING_KINDS] = {
    [FAILING_MEMORY] = { "allocation", 800 }, [FAILING_WRITE] = { "write: EIO", 60 }, [FAILING_FULL] = { "write: ENOSPC", 60 },
    [FAILING_SHORT] = { "short write", 60 },  [FAILING_SYNC] = { "fsync: EIO", 15 },  [FAILING_READ] = { "read: EIO", 20 },
};

struct failing_run {
    struct daemon d;
    struct crowd crowd;
    struct platform platform;
    struct failing_page *page;
    char path[64];
    struct chance chance;
    size_t n_log; /* of the log: what has been looked at */
};

static void page_open(struct failing_run *r)
{
    int fd;

    (void)snprintf(r->path, sizeof(r->path), "/tmp/kf-failing-XXXXXX");
    fd = mkstemp(r->path);
    assert_true(fd >= 0 && ftruncate(fd, sizeof(*r->page)) == 0);
    r->page = mmap(NULL, sizeof(*r->page), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    assert_true(r->page != MAP_FAILED);
    (void)close(fd);
    (void)setenv("KEFUD_FAILING", r->path, 1);
    (void)setenv("LD_PRELOAD", daemon_program("tests/fault/preload/failing.so"), 1);
}

static void page_close(struct failing_run *r)
{
    (void)unsetenv("KEFUD_FAILING");
    (void)unsetenv("LD_PRELOAD");
    (void)munmap(r->page, sizeof(*r->page));
    (void)unlink(r->path);
}

/* Its exit code, 128 + a signal's number. */
static int ended_with(struct failing_run *r)
{
    siginfo_t info = { .si_pid = 0 };

    assert_int_equal(waitid(P_PID, (id_t)r->d.pid, &info, WEXITED | WNOWAIT), 0);
    daemon_kill(&r->d);
    return info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
}

/* Whose code was it? The first frame that is neither the preloaded library's nor the C library's tells. What hiredis, libcurl and libwebsockets
 * do without memory we cannot mend: it is shown and counted apart. */
static bool of_a_library(const char *stack)
{
    for (const char *line = stack ? strchr(stack, '\n') : NULL; line; line = strchr(line + 1, '\n')) {
        char frame[256];

        (void)snprintf(frame, sizeof(frame), "%.*s", (int)strcspn(line + 1, "\n"), line + 1);
        if (strncmp(frame, "failing:", 8) == 0)
            return false;
        if (!strstr(frame, "/failing.so") && !strstr(frame, "/libc.so"))
            return !strstr(frame, "/kefud(");
    }
    return false;
}

static void crashed(struct failing_run *r, struct failing_result *ret, enum failing_kind kind, int code)
{
    char *log = daemon_log(&r->d), *at = NULL;

    for (char *next = strstr(log, "failing: the process"); next; next = strstr(next + 1, "failing: the process"))
        at = next;
    print_message("a failed %s ended kefud with %d\n%s\n", kinds[kind].name, code, at ? at : "");
    if (of_a_library(at))
        ret->library++;
    else
        ret->crashed++;
    free(log);
}

/* Has it said since the last time that it cannot go on? */
static bool gives_up(struct failing_run *r)
{
    char *log = daemon_log(&r->d);
    size_t n = strlen(log);
    bool ret = n > r->n_log && strstr(log + r->n_log, "event=store_broken");

    r->n_log = n;
    free(log);
    return ret;
}

static void show_log_end(const struct failing_run *r)
{
    char *log = daemon_log(&r->d);
    size_t n = strlen(log);

    print_message("kefud goes on after fsync() has failed; its log ends with\n%s\n", n > 1000 ? log + n - 1000 : log);
    free(log);
}

static void live_again(struct failing_run *r, struct failing_result *ret, enum failing_kind kind)
{
    int code = ended_with(r);

    if (code == EX_IOERR)
        ret->ended[kind]++;
    else
        crashed(r, ret, kind, code);
    daemon_restart(&r->d);
}

static void one_fault(struct failing_run *r, const struct failing_plan *plan, struct failing_result *ret)
{
    enum failing_kind kind = plan->memory ? FAILING_MEMORY : (enum failing_kind)(1 + chance_below(&r->chance, FAILING_KINDS - 1));
    int64_t before = r->page->failed, soon = now_mono_ms() + SOON_MS;
    bool ended = false;

    r->page->kind = (int)kind;
    r->page->countdown = 1 + chance_below(&r->chance, kinds[kind].within);
    ret->armed[kind]++;
    while (!ended && r->page->failed == before && now_mono_ms() < soon)
        ended = crowd_live(&r->crowd, &r->d, 2);
    r->page->countdown = 0;
    if (r->page->failed == before && !ended)
        return;
    ret->failed[kind]++;
    ended = ended || crowd_live(&r->crowd, &r->d, AFTER_MS);
    if (!ended && (kind == FAILING_SYNC || gives_up(r)))
        ended = crowd_live(&r->crowd, &r->d, END_MS);
    if (!ended && kind == FAILING_SYNC)
        show_log_end(r);
    if (ended)
        live_again(r, ret, kind);
}

static void begin(struct failing_run *r, const struct failing_plan *plan)
{
    page_open(r);
    daemon_start(&r->d, &(struct daemon_options){ .config = "[limits]\nconnections_per_address = 1000\nconversations = 1000000\n"
                                                            "[channels]\nallow_http = yes\nallow_private = yes\n" });
    platform_init(&r->platform, plan->seed);
    json_decref(crowd_enter(&r->crowd, &r->d, plan->seed, VISITORS, AGENTS, post_channel(r->platform.port)));
    (void)snprintf(r->platform.hook, sizeof(r->platform.hook), "%s", hook_path(&r->d, CROWD_SITE, "api"));
    r->crowd.platform = &r->platform;
    r->platform.troubled = true;
    r->crowd.pace.window = 1; /* see campaign F5: of two things said at once the first may be put off alone */
    for (int i = 0; i < r->crowd.n; i++)
        r->crowd.talkers[i].troubled = true;
    for (int i = VISITORS - RESTLESS; i < VISITORS; i++)
        r->crowd.talkers[i].leaves = true;
    (void)crowd_live(&r->crowd, &r->d, 300);
    if (!plan->mutant)
        return;
    daemon_kill(&r->d);
    (void)setenv("KEFUD_MUTANT", plan->mutant, 1);
    daemon_restart(&r->d);
}

static void judge(struct failing_run *r, struct failing_result *ret)
{
    int64_t end = now_mono_ms() + 2LL * patience_ms();
    char path[128];

    (void)snprintf(path, sizeof(path), "%s/kefud.db", r->d.state);
    crowd_settle(&r->crowd, &r->d);
    while (oracle_peek(path, "SELECT COUNT(*) FROM errand WHERE state < 2")) {
        (void)crowd_live(&r->crowd, &r->d, 20);
        if (now_mono_ms() > end)
            fail_msg("errands are still to be done");
    }
    daemon_kill(&r->d);
    ret->whole = oracle_peek(path, "SELECT COUNT(*) FROM pragma_integrity_check WHERE integrity_check='ok'") == 1;
    crowd_judge(&r->crowd, path, &ret->verdict);
    platform_judge(&r->platform, path, &ret->platform);
}

static void show(const struct failing_result *r, const struct failing_plan *plan, const char *title)
{
    verdict_print(&r->verdict, title, plan->seed);
    platform_print(&r->platform, title);
    for (int k = 0; k < FAILING_KINDS; k++)
        if (r->armed[k])
            print_message("%s: %-13s asked for %d times, failed %d times, after which kefud ended with 74 %d times\n", title, kinds[k].name,
                          r->armed[k], r->failed[k], r->ended[k]);
    print_message("%s: %d crashed in kefud, %d in a library; the database is %s\n", title, r->crashed, r->library,
                  r->whole ? "whole" : "DAMAGED");
}

void failing_campaign(const struct failing_plan *plan, struct failing_result *ret)
{
    struct failing_run *r = calloc(1, sizeof(*r));
    const char *title = plan->memory ? "F19" : "F6";

    assert_non_null(r);
    *ret = (struct failing_result){ 0 };
    r->chance.at = plan->seed;
    print_message("%s: seed %llu, %d faults%s%s\n", title, (unsigned long long)plan->seed, plan->faults, plan->mutant ? ", mutant " : "",
                  plan->mutant ? plan->mutant : "");
    begin(r, plan);
    for (int i = 0; i < plan->faults; i++)
        one_fault(r, plan, ret);
    judge(r, ret);
    show(ret, plan, title);
    (void)unsetenv("KEFUD_MUTANT");
    page_close(r);
    crowd_free(&r->crowd);
    platform_free(&r->platform);
    daemon_finish(&r->d);
    free(r);
}

void failing_holds(const struct failing_plan *plan, const struct failing_result *r)
{
    verdict_holds(&r->verdict);
    platform_holds(&r->platform);
    assert_int_equal(r->crashed, 0);
    assert_true(r->whole);
    if (plan->memory)
        assert_int_equal(r->ended[FAILING_MEMORY], 0);
    else
        assert_int_equal(r->ended[FAILING_SYNC], r->failed[FAILING_SYNC]); /* what fsync() has lost, nobody knows */
}
