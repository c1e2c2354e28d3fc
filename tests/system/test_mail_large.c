/* Large mails: they come into files without names, are read one at a time, and leave nothing behind. */
#include "tests/support/desk.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MIB  (1024L * 1024)
#define MANY 10 /* at once, and more than limits.spool allows is one more */

/* A sanitizer keeps what was freed, so its memory tells nothing. */
#ifdef __SANITIZE_ADDRESS__
#define FIGURES 0
#else
#define FIGURES 1
#endif

static struct daemon d;
static struct staff agent;
static char hook[64];

static const char set[] =
    "{\"site\":{\"key\":\"post\",\"name\":\"邮局\",\"language\":\"zh-CN\",\"file_max\":65536},\"queues\":{\"desk\":{\"name\":\"客服\"}},"
    "\"channels\":{\"mail\":{\"adapter\":\"mail\",\"name\":\"邮件\",\"queue\":\"desk\",\"settings\":{\"provider\":\"sendgrid\","
    "\"user\":\"pm\",\"password\":\"s3cret\",\"address\":\"support@in.kefud.example\",\"token_secret\":\"sixteen bytes or more\","
    "\"relay\":\"smtp://127.0.0.1:%d\"}}},"
    "\"people\":[{\"email\":\"agent@post.example\",\"name\":\"林小姐\",\"number\":\"7\",\"roles\":[\"agent\"],\"queues\":[\"desk\"],"
    "\"capacity\":50}]}";

static int start(void **state)
{
    (void)state;
    daemon_start(&d,
                 &(struct daemon_options){ .demo = true,
                                           .keep_port = true,
                                           .config = "[channels]\nallow_private = yes\n[limits]\nspool = 210 MiB\nbody_time = 60 s\n" });
    site_open(&d, set, 9, &agent, hook);
    (void)snprintf(hook, sizeof(hook), "%s", hook_path(&d, "post", "mail"));
    return 0;
}

static int finish(void **state)
{
    (void)state;
    staff_free(&agent);
    daemon_finish(&d);
    return 0;
}

/* ---- the provider's side ---- */

/* A mail on its way: what stands before its one large file, the file, and what stands behind. */
struct posting {
    int fd;
    char head[1500];
    size_t n, left; /* of the file */
};

static const char tail[] = "\r\n--kefud--\r\n";

static void fields(char *ret, size_t room, int i, const char *text)
{
    (void)snprintf(ret, room,
                   "--kefud\r\nContent-Disposition: form-data; name=\"headers\"\r\n\r\nMessage-ID: <m%d@mail.example>\r\n\r\n"
                   "--kefud\r\nContent-Disposition: form-data; name=\"envelope\"\r\n\r\n"
                   "{\"to\":[\"support@in.kefud.example\"],\"from\":\"u%d@mail.example\"}\r\n"
                   "--kefud\r\nContent-Disposition: form-data; name=\"from\"\r\n\r\nu%d@mail.example\r\n"
                   "--kefud\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\n%s %d\r\n",
                   i, i, i, text, i);
}

static int begin(char *head, size_t room, size_t length)
{
    int fd = web_connect(&d, false);

    (void)snprintf(head, room,
                   "POST %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nAuthorization: Basic cG06czNjcmV0\r\n"
                   "Content-Type: multipart/form-data; boundary=kefud\r\nContent-Length: %zu\r\n\r\n",
                   hook, d.port, length);
    web_send(fd, head, strlen(head));
    return fd;
}

static void opened(struct posting *p, int i, size_t size)
{
    char head[512];
    size_t k;

    fields(p->head, sizeof(p->head), i, "large");
    k = strlen(p->head);
    (void)snprintf(p->head + k, sizeof(p->head) - k,
                   "--kefud\r\nContent-Disposition: form-data; name=\"attachment1\"; filename=\"a.bin\"\r\n"
                   "Content-Type: application/octet-stream\r\n\r\n");
    p->left = size;
    p->fd = begin(head, sizeof(head), strlen(p->head) + size + sizeof(tail) - 1);
    web_send(p->fd, p->head, strlen(p->head));
}

static void goes_on(struct posting *p, size_t n)
{
    static char bytes[65536];

    memset(bytes, 'x', sizeof(bytes));
    for (size_t k; n; n -= k, p->left -= k) {
        k = n < sizeof(bytes) ? n : sizeof(bytes);
        web_send(p->fd, bytes, k);
    }
}

static int ended(struct posting *p)
{
    struct reply r;
    int ret;

    assert_true(web_read(p->fd, false, &r));
    ret = r.status;
    reply_free(&r);
    close(p->fd);
    return ret;
}

/* ---- what can be seen of it ---- */

/* "VmRSS" or "VmHWM" of the daemon, in bytes. */
static long memory(const char *what)
{
    char path[64], line[256];
    long ret = 0;
    FILE *f;

    (void)snprintf(path, sizeof(path), "/proc/%d/status", (int)d.pid);
    f = fopen(path, "r");
    assert_non_null(f);
    while (fgets(line, sizeof(line), f))
        if (strncmp(line, what, strlen(what)) == 0)
            ret = 1024 * strtol(line + strlen(what) + 1, NULL, 10);
    (void)fclose(f);
    assert_true(ret > 0);
    return ret;
}

static long figure(const char *name)
{
    struct reply r = web_expect(&d, 200, &(struct ask){ .path = "/metrics" });
    char mark[80];
    const char *p;
    long ret = -1;

    (void)snprintf(mark, sizeof(mark), "\nkefud_%s ", name);
    p = strstr(r.body, mark);
    if (p)
        ret = strtol(p + strlen(mark), NULL, 10);
    reply_free(&r);
    return ret;
}

/* Until so many bytes are held in files. */
static void held(long bytes)
{
    int64_t until = now_mono_ms() + patience_ms();

    while (figure("bodies_spooled_bytes") != bytes) {
        if (now_mono_ms() > until)
            fail_msg("%ld bytes are held, and not %ld", figure("bodies_spooled_bytes"), bytes);
        breathe();
    }
}

static bool has_name_in_state(const char *name)
{
    char path[128];
    struct stat st;

    (void)snprintf(path, sizeof(path), "%s/%s", d.state, name);
    return stat(path, &st) == 0;
}

/* How many files without a name the daemon has open below its state directory. */
static int nameless(void)
{
    char dir[64], path[400], target[400];
    struct dirent *e;
    int ret = 0;
    DIR *fds;

    (void)snprintf(dir, sizeof(dir), "/proc/%d/fd", (int)d.pid);
    fds = opendir(dir);
    assert_non_null(fds);
    while ((e = readdir(fds))) {
        ssize_t n;

        (void)snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
        n = readlink(path, target, sizeof(target) - 1);
        if (n <= 0)
            continue;
        target[n] = '\0';
        ret += strstr(target, "/body.tmp (deleted)") != NULL;
    }
    closedir(fds);
    return ret;
}

/* ---- */

static void many_large_mails_at_once_need_the_memory_of_one(void **state)
{
    static struct posting p[MANY + 1];
    const size_t size = 20 * MIB;
    long before = memory("VmRSS"), peak = memory("VmHWM"), while_coming;

    (void)state;
    for (int i = 0; i < MANY; i++) {
        opened(&p[i], i, size);
        goes_on(&p[i], 2 * MIB);
    }
    for (int step = 0; step < 8; step++) /* all of them slowly, and together */
        for (int i = 0; i < MANY; i++)
            goes_on(&p[i], 2 * MIB);
    while_coming = memory("VmRSS");
    assert_int_equal(nameless(), MANY);
    assert_false(has_name_in_state("body.tmp"));
    if (FIGURES && while_coming - before > 16 * MIB)
        fail_msg("%ld MiB more while %d mails are coming in", (while_coming - before) / MIB, MANY);
    opened(&p[MANY], MANY, size); /* one too many: it is told before it sends anything */
    assert_int_equal(ended(&p[MANY]), 503);
    for (int i = 0; i < MANY; i++) {
        goes_on(&p[i], p[i].left);
        web_send(p[i].fd, tail, sizeof(tail) - 1);
    }
    for (int i = 0; i < MANY; i++)
        assert_int_equal(ended(&p[i]), 200);
    if (FIGURES && memory("VmHWM") - (peak > before ? peak : before) > 80 * MIB)
        fail_msg("%ld MiB more after %d mails", (memory("VmHWM") - before) / MIB, MANY);
    held(0);
    assert_int_equal(nameless(), 0);
    for (int i = 0; i < MANY; i++)
        (void)wire_take(&agent.wire, "{s:s}", "type", "assigned");
}

/* What is stored is read out of the file while the store writes. */
static void files_of_a_large_mail_arrive_whole(void **state)
{
    const size_t each = 60000;
    char *body = malloc(12 * each), head[512], conv[40];
    const json_t *m;
    struct posting p;
    size_t n;

    (void)state;
    fields(body, 2000, 100, "with files");
    n = strlen(body);
    for (int i = 0; i < 10; i++) {
        n += (size_t)sprintf(body + n,
                             "--kefud\r\nContent-Disposition: form-data; name=\"attachment%d\"; filename=\"%d.txt\"\r\n"
                             "Content-Type: text/plain\r\n\r\n",
                             i + 1, i);
        memset(body + n, 'a' + i, each);
        n += each;
        n += (size_t)sprintf(body + n, "%s", i < 9 ? "\r\n" : tail);
    }
    p.fd = begin(head, sizeof(head), n);
    web_send(p.fd, body, n);
    assert_int_equal(ended(&p), 200);
    (void)snprintf(conv, sizeof(conv), "%s", text_at(wire_take(&agent.wire, "{s:s}", "type", "assigned"), "conversation.id"));
    wire_sendf(&agent.wire, "{\"type\":\"history\",\"conversation\":\"%s\",\"after\":0}", conv);
    m = json_incref((json_t *)wire_take(&agent.wire, "{s:s,s:s}", "type", "history", "conversation", conv));
    for (int i = 0; i < 10; i++) {
        char at[40], path[80];
        struct reply r;

        (void)snprintf(at, sizeof(at), "messages.%d.file.id", i);
        (void)snprintf(path, sizeof(path), "/files/%s", text_at(m, at));
        r = web_expect(&d, 200, &(struct ask){ .path = path, .cookie = agent.cookie });
        assert_int_equal(r.n_body, each);
        for (size_t k = 0; k < each; k++)
            assert_int_equal(r.body[k], 'a' + i);
        reply_free(&r);
    }
    json_decref((json_t *)m);
    free(body);
    held(0);
}

/* Whoever hangs up, before the end or before the answer, leaves the room to others; and a wrong password is found after all of it. */
static void nothing_is_left_of_those_who_hang_up(void **state)
{
    struct posting p[3];

    (void)state;
    for (int i = 0; i < 3; i++) {
        opened(&p[i], 200 + i, MIB);
        goes_on(&p[i], MIB / 2);
    }
    close(p[0].fd);
    goes_on(&p[1], p[1].left);
    web_send(p[1].fd, tail, sizeof(tail) - 1);
    close(p[1].fd);
    goes_on(&p[2], p[2].left);
    web_send(p[2].fd, tail, sizeof(tail) - 1);
    assert_int_equal(ended(&p[2]), 200);
    held(0);
    assert_int_equal(nameless(), 0);
}

static void nothing_is_left_after_a_crash(void **state)
{
    char path[128];
    struct posting p;
    FILE *f;

    (void)state;
    opened(&p, 300, 4 * MIB);
    goes_on(&p, 3 * MIB);
    UNTIL(nameless() == 1);
    staff_leave(&agent);
    daemon_kill(&d);
    close(p.fd);
    assert_false(has_name_in_state("body.tmp"));
    (void)snprintf(path, sizeof(path), "%s/body.tmp", d.state); /* killed in the blink in which it has a name */
    f = fopen(path, "w");
    assert_non_null(f);
    (void)fclose(f);
    daemon_restart(&d);
    opened(&p, 301, MIB);
    goes_on(&p, p.left);
    web_send(p.fd, tail, sizeof(tail) - 1);
    assert_int_equal(ended(&p), 200);
    assert_false(has_name_in_state("body.tmp"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_large_mails_at_once_need_the_memory_of_one),
        cmocka_unit_test(files_of_a_large_mail_arrive_whole),
        cmocka_unit_test(nothing_is_left_of_those_who_hang_up),
        cmocka_unit_test(nothing_is_left_after_a_crash),
    };

    return cmocka_run_group_tests_name("large mails", tests, start, finish);
}
