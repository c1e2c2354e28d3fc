#define _GNU_SOURCE /* accept4, memmem, strcasestr */
#include "fault/platform.h"

#include "core/id.h"
#include "fault/oracle.h"
#include "fault/post.h"
#include "support/wire.h"

#include <arpa/inet.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define THINK_MS    30
#define AGAIN_MS    40
#define PATIENCE_MS 3000
#define ANSWER_MS   15 /* at most, until an answer is given */

void platform_init(struct platform *p, uint64_t seed)
{
    struct sockaddr_in at = { .sin_family = AF_INET };
    socklen_t len = sizeof(at);

    *p = (struct platform){ .seed = seed, .chance = { seed ^ 0x706c6174 } };
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    p->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_true(p->fd >= 0 && bind(p->fd, (struct sockaddr *)&at, sizeof(at)) == 0 && listen(p->fd, 64) == 0);
    assert_int_equal(getsockname(p->fd, (struct sockaddr *)&at, &len), 0);
    p->port = ntohs(at.sin_port);
    for (int i = 0; i < PLATFORM_USERS; i++)
        p->users[i] = (struct platform_user){ .fd = -1, .n = 1 };
    for (int i = 0; i < PLATFORM_LINES; i++)
        p->lines[i].fd = -1;
}

void platform_free(struct platform *p)
{
    if (p->fd > 0)
        (void)close(p->fd);
    for (int i = 0; i < PLATFORM_USERS; i++)
        if (p->users[i].fd >= 0)
            (void)close(p->users[i].fd);
    for (int i = 0; i < PLATFORM_LINES; i++)
        if (p->lines[i].fd >= 0)
            (void)close(p->lines[i].fd);
    free(p->got);
    *p = (struct platform){ .fd = -1 };
}

/* ---- its users ---- */

static void user_say(struct platform *p, struct platform_user *u, const struct daemon *d)
{
    int k = (int)(u - p->users);
    char body[512], id[64];

    u->open = true;
    u->fd = d->pid > 0 ? web_try_connect(d->port) : -1;
    u->due_at = now_mono_ms() + AGAIN_MS;
    if (u->fd < 0)
        return;
    u->n_head = 0;
    (void)snprintf(id, sizeof(id), "evt_%llu_%d_%d", (unsigned long long)p->seed, k, u->n);
    (void)snprintf(body, sizeof(body),
                   "{\"type\":\"message.created\",\"timestamp\":\"2026-01-01T00:00:00Z\",\"data\":{\"id\":\"m%d-%d\",\"conversation\":"
                   "\"c%d\",\"user\":{\"id\":\"u%d\",\"name\":\"User %d\"},\"type\":\"text\",\"text\":\"user %d %d\"}}",
                   k, u->n, k, k, k, k, u->n);
    post_send(u->fd, d, p->hook, id, body);
}

/* The next try goes elsewhere. */
static void user_give_up(struct platform_user *u)
{
    (void)close(u->fd);
    u->fd = -1;
}

static void user_read(struct platform *p, struct platform_user *u)
{
    ssize_t got = recv(u->fd, u->head + u->n_head, sizeof(u->head) - 1 - u->n_head, MSG_DONTWAIT);
    int status = 0;

    if (got > 0) {
        u->n_head += (size_t)got;
        u->head[u->n_head] = '\0';
        if (!strstr(u->head, "\r\n\r\n") && u->n_head + 1 < sizeof(u->head))
            return;
    }
    (void)close(u->fd);
    u->fd = -1;
    u->due_at = now_mono_ms() + AGAIN_MS;
    if (u->n_head == 0 || sscanf(u->head, "HTTP/1.1 %3d", &status) != 1)
        return;
    if (status == 503 || (p->troubled && status == 500)) {
        p->refused++;
        return;
    }
    if (status < 200 || status > 299)
        fail_msg("a webhook was answered with %d", status);
    u->open = false;
    u->n++;
    u->due_at = now_mono_ms() + chance_below(&p->chance, THINK_MS);
}

/* ---- what kefud sends ---- */

static void text_of(const char *from, const char *name, char *ret, size_t size)
{
    const char *at = strcasestr(from, name);

    at = at ? at + strlen(name) : "";
    at += strspn(at, " ");
    (void)snprintf(ret, size, "%.*s", (int)strcspn(at, "\r\n"), at);
}

static void got(struct platform *p, const char *id, const char *event)
{
    p->requests++;
    for (int i = 0; i < p->n_got; i++)
        if (strcmp(p->got[i].id, id) == 0 && strcmp(p->got[i].event, event) == 0) {
            p->got[i].times++;
            return;
        }
    if (p->n_got == p->cap_got) {
        p->cap_got = p->cap_got ? 2 * p->cap_got : 1024;
        p->got = realloc(p->got, (size_t)p->cap_got * sizeof(*p->got));
        assert_non_null(p->got);
    }
    p->got[p->n_got] = (struct platform_got){ .times = 1 };
    (void)snprintf(p->got[p->n_got].id, sizeof(p->got[0].id), "%s", id);
    (void)snprintf(p->got[p->n_got++].event, sizeof(p->got[0].event), "%s", event);
}

static void line_end(struct platform_line *l)
{
    (void)close(l->fd);
    l->fd = -1;
}

/* Whole requests are taken at once and answered a little later: kefud may die between the two. */
static void line_read(struct platform *p, struct platform_line *l)
{
    ssize_t n = recv(l->fd, l->bytes + l->n, sizeof(l->bytes) - 1 - l->n, MSG_DONTWAIT);
    char length[32], event[80];
    const char *body;
    json_t *root;

    if (n <= 0) {
        line_end(l);
        return;
    }
    l->n += (size_t)n;
    l->bytes[l->n] = '\0';
    body = strstr(l->bytes, "\r\n\r\n");
    if (!body || l->answer_at)
        return;
    text_of(l->bytes, "\r\ncontent-length:", length, sizeof(length));
    if (strlen(body + 4) < strtoul(length, NULL, 10))
        return;
    text_of(l->bytes, "\r\nwebhook-id:", event, sizeof(event));
    root = json_loads(body + 4, 0, NULL);
    assert_non_null(root);
    if (strcmp(text_at(root, "type"), "message.send") == 0)
        got(p, text_at(root, "data.id"), event);
    json_decref(root);
    l->answer_at = now_mono_ms() + chance_below(&p->chance, ANSWER_MS);
}

static void line_answer(struct platform_line *l)
{
    static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

    web_send(l->fd, answer, strlen(answer));
    line_end(l);
}

static void line_accept(struct platform *p)
{
    for (int i = 0; i < PLATFORM_LINES; i++) {
        struct platform_line *l = &p->lines[i];

        if (l->fd >= 0)
            continue;
        l->fd = accept4(p->fd, NULL, NULL, SOCK_CLOEXEC);
        l->n = 0;
        l->answer_at = 0;
        if (l->fd < 0)
            return;
    }
}

/* ---- the loop ---- */

int platform_poll(struct platform *p, const struct daemon *d, const struct daemon *other, struct pollfd *ret, int max)
{
    int64_t now = now_mono_ms();
    int n = 0;

    assert_true(max > PLATFORM_USERS + PLATFORM_LINES);
    ret[n++] = (struct pollfd){ .fd = p->fd, .events = POLLIN };
    for (int i = 0; i < PLATFORM_USERS; i++) {
        struct platform_user *u = &p->users[i];

        if (u->fd < 0 && now >= u->due_at && (u->open || !p->quiet))
            user_say(p, u, other && u->tries++ % 2 ? other : d);
        else if (u->fd >= 0 && now > u->due_at + PATIENCE_MS)
            user_give_up(u);
        if (u->fd >= 0)
            ret[n++] = (struct pollfd){ .fd = u->fd, .events = POLLIN };
    }
    for (int i = 0; i < PLATFORM_LINES; i++) {
        struct platform_line *l = &p->lines[i];

        if (l->fd >= 0 && l->answer_at && now >= l->answer_at)
            line_answer(l);
        if (l->fd >= 0)
            ret[n++] = (struct pollfd){ .fd = l->fd, .events = POLLIN };
    }
    return n;
}

void platform_turn(struct platform *p, const struct pollfd *polled, int n)
{
    for (int k = 0; k < n; k++) {
        if (!polled[k].revents)
            continue;
        if (polled[k].fd == p->fd)
            line_accept(p);
        for (int i = 0; i < PLATFORM_USERS; i++)
            if (p->users[i].fd == polled[k].fd)
                user_read(p, &p->users[i]);
        for (int i = 0; i < PLATFORM_LINES; i++)
            if (p->lines[i].fd == polled[k].fd)
                line_read(p, &p->lines[i]);
    }
}

bool platform_silent(const struct platform *p)
{
    for (int i = 0; i < PLATFORM_USERS; i++)
        if (p->users[i].open)
            return false;
    return true;
}

/* ---- the oracle ---- */

static void judge_users(const struct platform *p, sqlite3 *db, struct platform_verdict *v)
{
    sqlite3_stmt *s = oracle_ask(db, "SELECT COUNT(*) FROM message m JOIN conversation c ON c.n = m.conv "
                                     "WHERE c.channel = 'api' AND m.role = 0 AND m.text = $1");

    for (int k = 0; k < PLATFORM_USERS; k++)
        for (int n = 1; n <= p->users[k].n; n++) {
            bool told = n < p->users[k].n;
            char text[64];
            int rows;

            (void)snprintf(text, sizeof(text), "user %d %d", k, n);
            sqlite3_bind_text(s, 1, text, -1, SQLITE_STATIC);
            assert_int_equal(sqlite3_step(s), SQLITE_ROW);
            rows = sqlite3_column_int(s, 0);
            sqlite3_reset(s);
            v->told += told;
            v->lost += told && !rows;
            v->duplicated += rows > 1;
        }
    sqlite3_finalize(s);
}

static void judge_one(const struct platform *p, const char *id, int delivery, struct platform_verdict *v)
{
    int ids = 0;

    for (int i = 0; i < p->n_got; i++)
        if (strcmp(p->got[i].id, id) == 0) {
            ids++;
            v->repeated += p->got[i].times - 1;
        }
    v->due++;
    v->missing += !ids;
    v->twofold += ids > 1;
    v->unsettled += delivery != 2;
}

static void judge_sent(const struct platform *p, sqlite3 *db, struct platform_verdict *v)
{
    sqlite3_stmt *s = oracle_ask(db, "SELECT c.id, m.seq, m.delivery FROM message m JOIN conversation c ON c.n = m.conv "
                                     "WHERE c.channel = 'api' AND m.delivery IS NOT NULL AND m.delivery > 0");

    while (sqlite3_step(s) == SQLITE_ROW) {
        char conv[KF_ID_TEXT], id[80];
        struct kf_id raw;

        memcpy(&raw, sqlite3_column_blob(s, 0), sizeof(raw));
        (void)snprintf(id, sizeof(id), "%s-%lld", id_text(&raw, conv), (long long)sqlite3_column_int64(s, 1));
        judge_one(p, id, sqlite3_column_int(s, 2), v);
    }
    sqlite3_finalize(s);
}

/* Ids are "<conversation>-<seq>": of one conversation they must come in order. */
static void judge_order(const struct platform *p, struct platform_verdict *v)
{
    for (int i = 0; i < p->n_got; i++)
        for (int k = i - 1; k >= 0; k--)
            if (strncmp(p->got[k].id, p->got[i].id, KF_ID_TEXT - 1) == 0) {
                v->reordered += atoll(p->got[k].id + KF_ID_TEXT) > atoll(p->got[i].id + KF_ID_TEXT);
                break;
            }
}

void platform_judge(const struct platform *p, const char *database, struct platform_verdict *ret)
{
    sqlite3 *db = oracle_open(database);

    *ret = (struct platform_verdict){ 0 };
    judge_users(p, db, ret);
    judge_sent(p, db, ret);
    judge_order(p, ret);
    sqlite3_close(db);
}

void platform_print(const struct platform_verdict *v, const char *title)
{
    print_message("%s: a platform: %d webhooks answered 2xx, lost %d, duplicated %d; %d messages for it: missing %d, under two ids %d, "
                  "out of order %d, not settled %d, repeated under the same id %d\n",
                  title, v->told, v->lost, v->duplicated, v->due, v->missing, v->twofold, v->reordered, v->unsettled, v->repeated);
}

void platform_holds(const struct platform_verdict *v)
{
    assert_int_equal(v->lost, 0);
    assert_int_equal(v->duplicated, 0);
    assert_int_equal(v->missing, 0);
    assert_int_equal(v->twofold, 0);
    assert_int_equal(v->reordered, 0);
    assert_int_equal(v->unsettled, 0);
}
