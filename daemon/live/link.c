#include "live/link.h"

#include "core/buf.h"
#include "live/redisuv.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <hiredis/async.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum { RETRY_MIN_MS = 100, RETRY_LATER_MS = 300, SECOND_LOOK_MS = 20 };

static void on_timer(uv_timer_t *timer);

/* ---- questions ----------------------------------------------------------------------------------------------------- */

static void ask_append(struct link *l, struct link_ask *a)
{
    a->link = l;
    a->next = NULL;
    a->prev = l->newest;
    if (l->newest)
        l->newest->next = a;
    else
        l->oldest = a;
    l->newest = a;
    l->pending++;
}

static void ask_remove(struct link *l, struct link_ask *a)
{
    if (a->prev)
        a->prev->next = a->next;
    else
        l->oldest = a->next;
    if (a->next)
        a->next->prev = a->prev;
    else
        l->newest = a->prev;
    l->pending--;
}

static void on_reply(redisAsyncContext *ac, void *reply, void *data)
{
    struct link_ask *a = data;
    struct link *l = a->link;

    (void)ac;
    ask_remove(l, a);
    l->late = false;
    a->done(a, reply);
}

/* hiredis 0.14 says nothing where it had no memory to note who waits for the answer, or for the command itself: from then on each answer
 * would go to somebody else. Such a link ends before the next answer is read. True: `fn` will be called. */
static bool send_one(struct link *l, redisCallbackFn *fn, void *data, const char *cmd, size_t n)
{
    const redisCallback *before = l->ac->replies.tail;
    bool noted;

    if (redisAsyncFormattedCommand(l->ac, fn, data, cmd, n) != REDIS_OK)
        return false;
    noted = l->ac->replies.tail != before;
    if (noted && !l->ac->c.err)
        return true;
    l->spoiled = true;
    uv_timer_start(&l->timer, on_timer, 0, 0);
    return noted;
}

static bool can_send(const struct link *l)
{
    return l->ac && l->state >= LINK_GREETING && !l->spoiled;
}

bool link_ask(struct link *l, struct link_ask *a, const char *cmd, size_t n)
{
    if (!can_send(l))
        return false;
    a->sent = uv_now(l->cfg.loop);
    ask_append(l, a);
    if (!send_one(l, on_reply, a, cmd, n)) {
        ask_remove(l, a);
        return false;
    }
    if (!uv_is_active((uv_handle_t *)&l->timer))
        uv_timer_start(&l->timer, on_timer, LINK_DEADLINE_MS, 0);
    return true;
}

bool link_tell(struct link *l, const char *cmd, size_t n)
{
    return can_send(l) && send_one(l, NULL, NULL, cmd, n);
}

static void on_pushed(redisAsyncContext *ac, void *data, void *ctx)
{
    const redisReply *r = data;
    struct link *l = ac->data;

    (void)ctx;
    if (!l || !r || r->type != REDIS_REPLY_ARRAY || r->elements < 3 || r->element[1]->type != REDIS_REPLY_STRING)
        return;
    if (r->element[2]->type == REDIS_REPLY_STRING)
        l->cfg.pushed(l->cfg.ctx, r->element[1]->str, r->element[2]->str, r->element[2]->len);
    else
        l->cfg.pushed(l->cfg.ctx, r->element[1]->str, NULL, 0);
}

bool link_subscribe(struct link *l, const char *channel)
{
    const char *argv[] = { "SUBSCRIBE", channel };
    const size_t len[] = { 9, strlen(channel) };

    return can_send(l) && redisAsyncCommandArgv(l->ac, on_pushed, NULL, 2, argv, len) == REDIS_OK;
}

/* ---- losing it ----------------------------------------------------------------------------------------------------- */

bool link_says_later(const char *error)
{
    static const char *const words[] = { "OOM ",        "MISCONF ",    "READONLY ",    "LOADING ", "BUSY ",
                                         "NOREPLICAS ", "MASTERDOWN ", "CLUSTERDOWN ", "TRYAGAIN " };

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strncmp(error, words[i], strlen(words[i])) == 0)
            return true;
    }
    return false;
}

/* Between half of `ms` and `ms`, so that nodes which lost Redis together do not come back together. */
static uint64_t jittered(int ms)
{
    unsigned chance = 0;

    if (getrandom(&chance, sizeof(chance), GRND_NONBLOCK) < 0)
        chance = (unsigned)uv_hrtime();
    return (uint64_t)(ms / 2) + chance % (unsigned)(ms / 2 + 1);
}

static void wait_and_retry(struct link *l, bool later)
{
    int ms = l->backoff_ms;

    l->state = LINK_DOWN;
    if (later)
        ms = RETRY_LATER_MS;
    else
        l->backoff_ms = ms * 2 < LINK_RETRY_MAX_MS ? ms * 2 : LINK_RETRY_MAX_MS;
    uv_timer_start(&l->timer, on_timer, jittered(ms), 0);
}

/* The context goes, and with it all that is pending; afterwards there is none, so that whoever is told can ask nothing of it. */
static void drop(struct link *l)
{
    redisAsyncContext *ac = l->ac;

    if (!ac)
        return;
    l->ac = NULL;
    l->spoiled = false;
    ac->data = NULL; /* its own callbacks have nothing to tell us any more */
    redisAsyncFree(ac);
}

static void lost(struct link *l, const char *error)
{
    bool was_up = l->state == LINK_UP;
    char text[NOTE_TEXT];

    if (l->state == LINK_FINISHED || l->state == LINK_DOWN)
        return;
    if (!l->quiet)
        live_note(l->cfg.log, NOTE_WARN, "live event=%s link=%s why=%s", was_up ? "lost" : "unreachable", l->cfg.name,
                  live_quote(error, text));
    l->quiet = !was_up; /* of a row of failed attempts the first is told */
    wait_and_retry(l, link_says_later(error));
    drop(l);
    if (was_up && l->state != LINK_FINISHED)
        l->cfg.changed(l->cfg.ctx, false);
}

void link_lost(struct link *l, const char *error)
{
    lost(l, error);
}

/* hiredis frees the context itself after these two; what was pending has been answered, or will be before it is gone. */
static void gone_by_itself(struct link *l, const redisAsyncContext *ac)
{
    char error[NOTE_TEXT];

    l->ac = NULL;
    l->spoiled = false;
    (void)snprintf(error, sizeof(error), "%s", ac->errstr && *ac->errstr ? ac->errstr : "closed by Redis");
    lost(l, error);
}

static void on_disconnect(const redisAsyncContext *ac, int status)
{
    (void)status;
    if (ac->data)
        gone_by_itself(ac->data, ac);
}

/* ---- greeting ------------------------------------------------------------------------------------------------------ */

static void greeted(struct link *l)
{
    l->cfg.greet(l->cfg.ctx);
}

static void hello_done(struct link_ask *a, const redisReply *reply)
{
    struct link *l = a->link;

    if (!reply || l->state != LINK_GREETING)
        return;
    /* The name is a courtesy: a Redis whose administrator does not allow it serves as well. */
    if (reply->type == REDIS_REPLY_ERROR && a != &l->hello[2]) {
        link_lost(l, reply->str);
        return;
    }
    if (--l->hello_left == 0)
        greeted(l);
}

static bool hello(struct link *l, int i, int argc, const char **argv)
{
    char *cmd = NULL;
    int n = redisFormatCommandArgv(&cmd, argc, argv, NULL);
    bool ok;

    if (n < 0)
        return false;
    l->hello[i] = (struct link_ask){ .done = hello_done };
    l->hello_left++;
    ok = link_ask(l, &l->hello[i], cmd, (size_t)n);
    redisFreeCommand(cmd);
    return ok;
}

static bool greet(struct link *l)
{
    const struct redis_address *w = l->cfg.where;
    char db[16];
    bool ok = true;

    l->hello_left = 0;
    if (w->user[0])
        ok = hello(l, 0, 3, (const char *[]){ "AUTH", w->user, w->password });
    else if (w->password[0])
        ok = hello(l, 0, 2, (const char *[]){ "AUTH", w->password });
    (void)snprintf(db, sizeof(db), "%d", w->db);
    if (ok && w->db)
        ok = hello(l, 1, 2, (const char *[]){ "SELECT", db });
    return ok && hello(l, 2, 3, (const char *[]){ "CLIENT", "SETNAME", l->cfg.name });
}

void link_ready(struct link *l)
{
    if (l->state != LINK_GREETING)
        return;
    l->state = LINK_UP;
    l->quiet = false;
    l->backoff_ms = RETRY_MIN_MS;
    l->ups++;
    live_note(l->cfg.log, NOTE_INFO, "live event=up link=%s", l->cfg.name);
    l->cfg.changed(l->cfg.ctx, true);
}

/* ---- connecting ---------------------------------------------------------------------------------------------------- */

static void on_connect(const redisAsyncContext *ac, int status)
{
    struct link *l = ac->data;

    if (!l)
        return;
    if (status != REDIS_OK) {
        gone_by_itself(l, ac);
        return;
    }
    l->state = LINK_GREETING;
    if (!greet(l))
        link_lost(l, "out of memory");
}

static void connect_to(struct link *l, redisAsyncContext *ac)
{
    if (!ac) {
        lost(l, "out of memory");
        return;
    }
    l->ac = ac;
    if (ac->err) {
        lost(l, ac->errstr);
        return;
    }
    (void)fcntl(ac->c.fd, F_SETFD, FD_CLOEXEC); /* not for the redis-server that we start */
    if (ac->c.connection_type == REDIS_CONN_TCP)
        (void)redisEnableKeepAlive(&ac->c);
    ac->data = l;
    if (!redisuv_attach(ac, l->cfg.loop)) {
        lost(l, "no memory, or no descriptor");
        return;
    }
    redisAsyncSetDisconnectCallback(ac, on_disconnect);
    redisAsyncSetConnectCallback(ac, on_connect); /* the last: it begins to watch the socket */
}

static void link_unref(struct link *l)
{
    if (l->state == LINK_FINISHED && l->timer_closed && !l->looking)
        l->cfg.finished(l->cfg.ctx);
}

static void on_resolved(uv_getaddrinfo_t *lookup, int status, struct addrinfo *found)
{
    struct link *l = lookup->data;
    char host[NI_MAXHOST] = "";

    l->looking = false;
    if (l->state == LINK_RESOLVING && status == 0 && found)
        status = getnameinfo(found->ai_addr, found->ai_addrlen, host, sizeof(host), NULL, 0, NI_NUMERICHOST);
    uv_freeaddrinfo(found);
    if (l->state == LINK_FINISHED) {
        link_unref(l);
    } else if (l->state == LINK_RESOLVING && (status || !host[0])) {
        lost(l, "the host's name is not known");
    } else if (l->state == LINK_RESOLVING) {
        l->state = LINK_CONNECTING;
        connect_to(l, redisAsyncConnect(host, l->cfg.where->port));
    }
}

static void resolve(struct link *l)
{
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM };

    l->state = LINK_RESOLVING;
    if (l->looking)
        return; /* the last one is still under way: it will do */
    l->lookup.data = l;
    if (uv_getaddrinfo(l->cfg.loop, &l->lookup, on_resolved, l->cfg.where->host, NULL, &hints))
        lost(l, "the host's name cannot be looked up");
    else
        l->looking = true;
}

static void attempt(struct link *l)
{
    l->begun = uv_now(l->cfg.loop);
    l->late = false;
    l->state = LINK_CONNECTING;
    uv_timer_start(&l->timer, on_timer, LINK_DEADLINE_MS, 0);
    if (l->cfg.where->path[0])
        connect_to(l, redisAsyncConnectUnix(l->cfg.where->path));
    else
        resolve(l);
}

/* The timer is not moved with each question: it looks at the oldest when it fires. */
static void on_deadline(struct link *l)
{
    uint64_t now = uv_now(l->cfg.loop);
    uint64_t since = l->state == LINK_UP ? (l->oldest ? l->oldest->sent : now) : l->begun;

    if (l->state == LINK_UP && !l->oldest)
        return;
    if (now < since + LINK_DEADLINE_MS) {
        l->late = false;
        uv_timer_start(&l->timer, on_timer, since + LINK_DEADLINE_MS - now, 0);
    } else if (!l->late) {
        l->late = true; /* perhaps it was us who stood still, and the answer lies in the socket */
        uv_timer_start(&l->timer, on_timer, SECOND_LOOK_MS, 0);
    } else {
        lost(l, "no answer within the deadline");
    }
}

static void on_timer(uv_timer_t *timer)
{
    struct link *l = timer->data;

    if (l->state == LINK_DOWN)
        attempt(l);
    else if (l->spoiled && l->state != LINK_FINISHED)
        lost(l, "out of memory");
    else if (l->state != LINK_FINISHED)
        on_deadline(l);
}

void link_hurry(struct link *l)
{
    if (l->state != LINK_DOWN)
        return;
    l->backoff_ms = RETRY_MIN_MS;
    uv_timer_start(&l->timer, on_timer, 0, 0);
}

/* ---- birth and death ----------------------------------------------------------------------------------------------- */

void link_init(struct link *l, const struct link_config *cfg)
{
    *l = (struct link){ .cfg = *cfg, .state = LINK_DOWN, .backoff_ms = RETRY_MIN_MS, .quiet = cfg->quiet };
    uv_timer_init(cfg->loop, &l->timer);
    l->timer.data = l;
    uv_timer_start(&l->timer, on_timer, 0, 0);
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct link *l = handle->data;

    l->timer_closed = true;
    link_unref(l);
}

void link_finish(struct link *l)
{
    l->state = LINK_FINISHED;
    drop(l);
    if (l->looking)
        uv_cancel((uv_req_t *)&l->lookup);
    uv_close((uv_handle_t *)&l->timer, on_timer_closed);
}
