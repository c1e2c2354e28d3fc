#define _GNU_SOURCE /* fallocate */
#include "fault/disk.h"

#include "fault/oracle.h"
#include "fault/post.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define DISK_MIB "192"
#define VISITORS 5
#define AGENTS   2
#define FULL_MS  1500 /* how long it stays full after it was noticed */

struct run {
    struct daemon d;
    struct crowd crowd;
    struct platform platform;
    struct chance chance;
    char image[96], fill[128], database[128];
};

static void turn_for(struct run *r, int ms)
{
    if (crowd_live(&r->crowd, &r->d, ms))
        fail_msg("kefud ended by itself");
}

/* ---- the disk ---- */

static char mounted[96]; /* "" nothing */

void disk_release(void)
{
    if (*mounted)
        (void)umount2(mounted, MNT_DETACH);
    *mounted = '\0';
}

static bool run_ok(const char *const *argv)
{
    char *out = NULL;
    bool ret = program_run(argv, NULL, &out) == 0;

    free(out);
    return ret;
}

static bool mount_disk(struct run *r)
{
    (void)snprintf(r->image, sizeof(r->image), "%s/disk", r->d.dir);
    if (geteuid() != 0 || mkdir(r->d.state, 0700) != 0)
        return false;
    if (!run_ok((const char *const[]){ "truncate", "-s", DISK_MIB "M", r->image, NULL }) ||
        !run_ok((const char *const[]){ "mkfs.ext4", "-q", "-F", "-m", "0", r->image, NULL }) ||
        !run_ok((const char *const[]){ "mount", "-o", "loop", r->image, r->d.state, NULL }))
        return false;
    (void)snprintf(mounted, sizeof(mounted), "%s", r->d.state);
    return true;
}

/* Down to the last block. */
static void fill_disk(const struct run *r)
{
    int fd = open(r->fill, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    off_t size = 0;

    assert_true(fd >= 0);
    for (off_t step = 64 << 20; step >= 4096;)
        if (fallocate(fd, 0, size, step) == 0)
            size += step;
        else if (errno == ENOSPC)
            step /= 2;
        else
            fail_msg("fallocate: %s", strerror(errno));
    (void)close(fd);
}

/* ---- a round ---- */

static int ready_status(const struct run *r)
{
    struct reply reply;
    int ret;

    web_ask(&r->d, &(struct ask){ .path = "/readyz" }, &reply);
    ret = reply.status;
    reply_free(&reply);
    return ret;
}

static int put_off(const struct run *r)
{
    int ret = 0;

    for (int i = 0; i < r->crowd.n; i++)
        ret += r->crowd.talkers[i].put_offs;
    return ret;
}

/* The log of the database may be written over for a while: only when it has to grow there is no room. */
static void wait_full(struct run *r)
{
    int64_t end = now_mono_ms() + 2LL * patience_ms();
    int before = put_off(r);

    while (put_off(r) == before) {
        turn_for(r, 10);
        fill_disk(r); /* what a checkpoint has given back */
        if (now_mono_ms() > end)
            fail_msg("the disk is full, and nobody was told");
    }
}

static void one_round(struct run *r, struct disk_result *ret)
{
    int64_t end, from;
    int acked;
    bool told = false;

    turn_for(r, 300 + chance_below(&r->chance, 700));
    fill_disk(r);
    wait_full(r);
    end = now_mono_ms() + patience_ms();
    for (from = now_mono_ms(); now_mono_ms() < from + FULL_MS || (!told && now_mono_ms() < end);) {
        turn_for(r, 20);
        told |= ready_status(r) == 503;
    }
    ret->not_ready += told;
    acked = crowd_acked(&r->crowd);
    assert_int_equal(unlink(r->fill), 0);
    from = now_mono_ms();
    while (crowd_acked(&r->crowd) == acked && now_mono_ms() < from + patience_ms())
        turn_for(r, 5);
    if (now_mono_ms() - from > ret->healed_max_ms)
        ret->healed_max_ms = (int)(now_mono_ms() - from);
    while (ready_status(r) != 200 && now_mono_ms() < from + patience_ms())
        turn_for(r, 20);
    if (now_mono_ms() - from > ret->ready_max_ms)
        ret->ready_max_ms = (int)(now_mono_ms() - from);
}

static void begin(struct run *r, const struct disk_plan *plan)
{
    daemon_restart(&r->d);
    platform_init(&r->platform, plan->seed);
    json_decref(crowd_enter(&r->crowd, &r->d, plan->seed, VISITORS, AGENTS, post_channel(r->platform.port)));
    (void)snprintf(r->platform.hook, sizeof(r->platform.hook), "%s", hook_path(&r->d, CROWD_SITE, "api"));
    (void)snprintf(r->fill, sizeof(r->fill), "%s/fill", r->d.state);
    (void)snprintf(r->database, sizeof(r->database), "%s/kefud.db", r->d.state);
    r->crowd.platform = &r->platform;
    r->crowd.pace.window = 1; /* who says two things at once and is told "try again" of the first alone has them in another order */
}

static void end(struct run *r, struct disk_result *ret)
{
    int64_t until = now_mono_ms() + 2LL * patience_ms();

    crowd_settle(&r->crowd, &r->d);
    while (oracle_peek(r->database, "SELECT COUNT(*) FROM errand WHERE state < 2")) {
        turn_for(r, 50);
        if (now_mono_ms() > until)
            fail_msg("errands are still to be done");
    }
    ret->put_off = put_off(r);
    ret->hooks_refused = r->platform.refused;
    daemon_kill(&r->d);
    crowd_judge(&r->crowd, r->database, &ret->verdict);
    platform_judge(&r->platform, r->database, &ret->platform);
}

bool disk_campaign(const struct disk_plan *plan, struct disk_result *ret)
{
    struct run *r = calloc(1, sizeof(*r));
    bool may;

    assert_non_null(r);
    *ret = (struct disk_result){ 0 };
    r->chance.at = plan->seed;
    daemon_prepare(&r->d, &(struct daemon_options){ .config = "[limits]\nconnections_per_address = 1000\nconversations = 1000000\n"
                                                              "[channels]\nallow_http = yes\nallow_private = yes\n" });
    may = mount_disk(r);
    if (may) {
        print_message("F5: seed %llu, %d rounds\n", (unsigned long long)plan->seed, plan->rounds);
        begin(r, plan);
        for (int i = 0; i < plan->rounds; i++)
            one_round(r, ret);
        end(r, ret);
        verdict_print(&ret->verdict, "F5", plan->seed);
        platform_print(&ret->platform, "F5");
        print_message("F5: %d sends put off, %d webhooks refused with 503, /readyz said 503 in %d of %d rounds; acknowledged again "
                      "within %d ms, ready within %d ms\n",
                      ret->put_off, ret->hooks_refused, ret->not_ready, plan->rounds, ret->healed_max_ms, ret->ready_max_ms);
        crowd_free(&r->crowd);
        platform_free(&r->platform);
        assert_int_equal(umount(r->d.state), 0);
        *mounted = '\0';
    }
    daemon_finish(&r->d);
    free(r);
    return may;
}
