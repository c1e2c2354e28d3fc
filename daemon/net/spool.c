/* spool.c: large bodies lie in files until their turn comes.
 *
 * Each is written by a thread of libuv, a piece at a time, and nothing more of it is read meanwhile. A file has a name for the blink between its
 * making and its opening only: whatever becomes of the node, the disk is free again. The application is given one at a time, mapped; the others
 * wait in the order in which they became whole. */
#define _GNU_SOURCE
#include "net/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define SPOOLS_MAX 256 /* descriptors */

struct net_spool {
    struct net_server *s; /* NULL: it is gone */
    uint64_t id;          /* of the request; it may be gone while a piece is being written */
    int fd;
    int64_t size, at; /* `at`: so much has been written */
    struct buf piece; /* what is being written */
    uv_fs_t write;
    bool writing, abandoned, ready;
    struct net_spool *next; /* of those that are ready */
    void *map;
};

/* One at a time makes files on one node's loop, so one name will do. */
static int make_file(const char *dir)
{
    char path[4096];
    int n = snprintf(path, sizeof(path), "%s/body.tmp", dir), fd;

    if (n < 0 || (size_t)n >= sizeof(path))
        return -1;
    (void)unlink(path); /* a node was killed in the blink */
    fd = open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd >= 0)
        (void)unlink(path);
    return fd;
}

struct net_spool *spool_new(struct conn *c, int64_t size)
{
    struct net_server *s = c->s;
    struct net_spool *sp;

    if (s->n_spools == SPOOLS_MAX || (s->spooled && s->spooled + size > s->cfg.spool_max))
        return NULL;
    sp = calloc(1, sizeof(*sp));
    if (!sp)
        return NULL;
    sp->fd = make_file(s->cfg.spool_dir);
    if (sp->fd < 0) {
        net_log(s, 3, "event=spool_failed what=open reason=\"%s\"", strerror(errno));
        free(sp);
        return NULL;
    }
    sp->s = s;
    sp->id = conn_id(c);
    sp->size = size;
    s->n_spools++;
    s->spooled += size;
    return sp;
}

static void spool_end(struct net_spool *sp)
{
    if (sp->map)
        (void)munmap(sp->map, (size_t)sp->size);
    close(sp->fd);
    buf_finish(&sp->piece);
    if (sp->s) {
        sp->s->n_spools--;
        sp->s->spooled -= sp->size;
    }
    free(sp);
}

static void leave_queue(struct net_spool *sp)
{
    for (struct net_spool **at = &sp->s->ready; *at; at = &(*at)->next)
        if (*at == sp) {
            *at = sp->next;
            return;
        }
}

void spool_drop(struct net_spool *sp)
{
    if (!sp)
        return;
    if (sp->ready) {
        leave_queue(sp);
        spool_next(sp->s);
    }
    sp->abandoned = true;
    if (!sp->writing)
        spool_end(sp);
}

/* ---- writing ---- */

/* It is not the sender's fault, as a rule the disk is full: he shall come again. */
static void refuse(struct net_spool *sp, struct conn *c, const char *reason)
{
    net_log(sp->s, 3, "event=spool_failed what=write reason=\"%s\"", reason);
    if (c && c->wsi && !c->hang) /* else he is gone, too */
        answer_problem(c, 503, "There is no room for a large body: try again.");
}

static void write_rest(struct net_spool *sp);

static void wrote(uv_fs_t *w)
{
    struct net_spool *sp = w->data;
    struct conn *c = conn_find(sp->s, sp->id);
    ssize_t n = w->result;

    uv_fs_req_cleanup(w);
    sp->writing = false;
    if (sp->abandoned) {
        spool_end(sp);
        return;
    }
    if (n <= 0) {
        refuse(sp, c, n < 0 ? uv_strerror((int)n) : "nothing was written");
        return;
    }
    sp->at += n;
    if ((size_t)n < sp->piece.n) {
        memmove(sp->piece.p, sp->piece.p + n, sp->piece.n - (size_t)n);
        sp->piece.n -= (size_t)n;
        write_rest(sp);
        return;
    }
    buf_finish(&sp->piece);
    if (c)
        request_more(c);
}

static void write_rest(struct net_spool *sp)
{
    uv_buf_t b = uv_buf_init(sp->piece.p, (unsigned)sp->piece.n);

    sp->write.data = sp;
    sp->writing = uv_fs_write(sp->s->loop, &sp->write, sp->fd, &b, 1, sp->at, wrote) == 0;
    if (!sp->writing)
        refuse(sp, conn_find(sp->s, sp->id), "no memory");
}

void spool_write(struct net_spool *sp, struct buf *piece)
{
    sp->piece = *piece;
    *piece = (struct buf){ .max = piece->max };
    write_rest(sp);
}

/* ---- turns ---- */

bool spool_whole(const struct net_spool *sp)
{
    return sp->at == sp->size;
}

void spool_wait(struct net_spool *sp)
{
    struct net_spool **at = &sp->s->ready;

    if (sp->ready)
        return;
    while (*at)
        at = &(*at)->next;
    *at = sp;
    sp->next = NULL;
    sp->ready = true;
}

bool spool_take(struct net_spool *sp, struct slice *ret)
{
    struct net_server *s = sp->s;

    if (s->taken || s->ready != sp)
        return false;
    leave_queue(sp);
    sp->ready = false;
    sp->map = mmap(NULL, (size_t)sp->size, PROT_READ, MAP_PRIVATE, sp->fd, 0);
    if (sp->map == MAP_FAILED)
        sp->map = NULL;
    else
        s->taken = sp;
    *ret = sp->map ? (struct slice){ sp->map, (size_t)sp->size } : (struct slice){ NULL, 0 };
    return true;
}

void spool_next(struct net_server *s)
{
    struct conn *c = s->ready && !s->taken && !s->closing ? conn_find(s, s->ready->id) : NULL;

    if (c)
        conn_dirty(c);
}

void net_spool_free(struct net_spool *sp)
{
    struct net_server *s = sp ? sp->s : NULL;

    if (!sp)
        return;
    if (s)
        s->taken = NULL;
    spool_end(sp);
    if (s)
        spool_next(s);
}

void spool_forsake(struct net_server *s)
{
    if (s->taken)
        s->taken->s = NULL;
    s->taken = NULL;
}
