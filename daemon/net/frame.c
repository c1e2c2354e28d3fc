/* frame.c: text on its way to sockets, header included, so that it is copied and counted once however many read it. */
#include "net/internal.h"

#include <stdlib.h>

struct net_frame *frame_new(int opcode, struct slice payload)
{
    uint8_t head = payload.n < 126 ? 2 : payload.n < 65536 ? 4 : 10;
    struct net_frame *f;

    if (payload.n > UINT32_MAX / 2)
        return NULL;
    f = malloc(sizeof(*f) + head + payload.n);
    if (!f)
        return NULL;
    f->refs = 1;
    f->head = head;
    f->n = head + (uint32_t)payload.n;
    f->bytes[0] = 0x80 | (unsigned char)opcode;
    if (head == 2)
        f->bytes[1] = (unsigned char)payload.n;
    else if (head == 4) {
        f->bytes[1] = 126;
        f->bytes[2] = (unsigned char)(payload.n >> 8);
        f->bytes[3] = (unsigned char)payload.n;
    } else {
        f->bytes[1] = 127;
        for (int i = 0; i < 8; i++)
            f->bytes[2 + i] = (unsigned char)((uint64_t)payload.n >> (56 - 8 * i));
    }
    if (payload.n)
        memcpy(f->bytes + head, payload.p, payload.n);
    return f;
}

struct net_frame *net_frame_new(struct slice text)
{
    return frame_new(OP_TEXT, text);
}

struct net_frame *net_frame_ref(struct net_frame *f)
{
    if (f)
        f->refs++;
    return f;
}

void net_frame_unref(struct net_frame *f)
{
    if (f && --f->refs == 0)
        free(f);
}

struct slice net_frame_text(const struct net_frame *f)
{
    return (struct slice){ (const char *)f->bytes + f->head, f->n - f->head };
}

/* ---- Queues ---- */

void queue_init(struct queue *q)
{
    *q = (struct queue){ .cap = sizeof(q->few) / sizeof(q->few[0]) };
    q->ring = q->few;
}

/* An idle connection keeps no heap. */
static void shrink(struct queue *q)
{
    if (q->ring != q->few)
        free(q->ring);
    queue_init(q);
}

void queue_clear(struct queue *q)
{
    while (q->n)
        queue_pop(q);
}

static bool grow(struct queue *q)
{
    struct net_frame **bigger = malloc(sizeof(struct net_frame *) * q->cap * 2);

    if (!bigger)
        return false;
    for (uint32_t i = 0; i < q->n; i++)
        bigger[i] = queue_at(q, i);
    if (q->ring != q->few)
        free(q->ring);
    q->ring = bigger;
    q->at = 0;
    q->cap *= 2;
    return true;
}

bool queue_push(struct queue *q, struct net_frame *f)
{
    if (q->n == q->cap && !grow(q))
        return false;
    q->ring[(q->at + q->n++) & (q->cap - 1)] = net_frame_ref(f);
    q->bytes += f->n + FRAME_COST;
    return true;
}

void queue_pop(struct queue *q)
{
    struct net_frame *f = queue_at(q, 0);

    q->at = (q->at + 1) & (q->cap - 1);
    q->bytes -= f->n + FRAME_COST;
    net_frame_unref(f);
    if (--q->n == 0 && q->ring != q->few)
        shrink(q);
}
