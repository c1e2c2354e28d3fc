/* voice.c: GET /files/{id}?as=wav: a voice message in a form that browsers play, and ?as=peaks: how loud it is when. What is stored stays
 * as it came; the other form is made when somebody wants it, on a worker, few at a time. */
#include "voice.h"
#include "api/download.h"
#include "api/files.h"

#include <stdlib.h>

enum { AT_ONCE = 2, WAITING_MAX = 32 };

struct playing {
    struct playing *next;
    struct turn *turn;
    struct stored_file file; /* its texts are the turn's */
    bool by_address;
    bool peaks;       /* are asked for, not the sound */
    char *came, *out; /* what is stored, and what is made of it */
    size_t n, have, n_out;
    enum kf_rc rc;
    struct kf_err why;
};

static struct playing *waiting; /* who wants to hear before who wants to see, then as they came */
static int at_work, n_waiting;

static void playing_free(struct playing *p)
{
    free(p->came);
    free(p->out);
    free(p);
}

static void playing_fail(struct playing *p, int status, const char *words)
{
    turn_problem(p->turn, status, "%s", words);
    playing_free(p);
}

static void send_made(struct playing *p)
{
    struct stored_file *f = &p->file;
    struct net_answer a = { .status = 200 };
    int64_t from, n;

    f->mime = p->peaks ? "application/json" : "audio/wav";
    f->name = arena_printf(p->turn->arena, p->peaks ? "%s.json" : "%s.wav", f->name);
    f->size = (int64_t)p->n_out;
    if (!f->name || !download_answer(p->turn, f, p->by_address, &a, &from, &n)) {
        playing_fail(p, 500, "out of memory");
        return;
    }
    a.body = (struct slice){ p->out + from, (size_t)n };
    if (a.status == 416)
        turn_beyond(p->turn, f->size);
    else
        turn_answer(p->turn, &a);
    playing_free(p);
}

static bool is_wav(const struct stored_file *f)
{
    return strcmp(f->mime, "audio/wav") == 0;
}

/* As JSON, in place of the sound. */
static enum kf_rc put_shape(struct playing *p, const struct voice_shape *shape)
{
    struct buf b;

    buf_init(&b, 4096);
    buf_printf(&b, "{\"duration_ms\":%lld,\"peaks\":[", (long long)shape->duration_ms);
    for (size_t i = 0; i < VOICE_PEAKS; i++)
        buf_printf(&b, i ? ",%d" : "%d", shape->peaks[i]);
    buf_str(&b, "]}");
    free(p->out);
    p->n_out = b.n;
    p->out = buf_ok(&b) ? strndup(b.p, b.n) : NULL;
    buf_finish(&b);
    return p->out ? KF_OK : KF_NOMEM;
}

static void convert_run(void *arg)
{
    struct playing *p = arg;
    struct slice came = { p->came, p->n };
    struct voice_shape shape;

    p->rc = is_wav(&p->file) ? KF_OK : voice_wav(came, &p->out, &p->n_out, &p->why);
    if (p->rc || !p->peaks)
        return;
    p->rc = voice_shape(is_wav(&p->file) ? came : (struct slice){ p->out, p->n_out }, &shape, &p->why);
    if (!p->rc)
        p->rc = put_shape(p, &shape);
}

static void work_next(void);

static void convert_after(void *arg)
{
    struct playing *p = arg;

    at_work--;
    if (p->rc == KF_NOMEM)
        playing_fail(p, 500, "out of memory");
    else if (p->rc)
        playing_fail(p, p->rc == KF_LIMIT ? 413 : 415, p->why.text);
    else
        send_made(p);
    work_next();
}

static void work_next(void)
{
    struct playing *p = waiting;
    const struct api_config *cfg;

    if (!p || at_work == AT_ONCE)
        return;
    waiting = p->next;
    n_waiting--;
    at_work++;
    cfg = turn_config(p->turn);
    cfg->work(cfg->ctx, convert_run, convert_after, p);
}

/* A page asks for the peaks of all that it shows at once: nobody waits for them with his finger on the button. */
static void stand_in_line(struct playing *p)
{
    struct playing **at = &waiting;

    while (*at && (p->peaks || !(*at)->peaks))
        at = &(*at)->next;
    p->next = *at;
    *at = p;
    n_waiting++;
}

static void have_all(struct playing *p)
{
    if (n_waiting == WAITING_MAX) {
        playing_fail(p, 503, "too many voice messages are being prepared");
        return;
    }
    stand_in_line(p);
    work_next();
}

static void read_next(struct playing *p);

static void have_block(void *ctx, enum kf_rc rc, struct slice block, const struct kf_err *why)
{
    struct playing *p = ctx;

    (void)why;
    if (rc || !block.n || block.n > p->n - p->have) {
        playing_fail(p, 503, "the file could not be read");
        return;
    }
    memcpy(p->came + p->have, block.p, block.n);
    p->have += block.n;
    read_next(p);
}

static void read_next(struct playing *p)
{
    const struct ports *ports = turn_ports(p->turn);

    if (p->have == p->n)
        have_all(p);
    else
        ports->file_get(ports->ctx, p->file.sha256, (int64_t)(p->have / STORE_BLOCK), have_block, p);
}

static void voice_give(struct turn *t, const struct stored_file *f, bool by_address, bool peaks)
{
    struct playing *p;

    if (f->size > VOICE_BYTES_MAX) {
        turn_problem(t, 413, "a voice message of more than %d bytes is not decoded", VOICE_BYTES_MAX);
        return;
    }
    p = calloc(1, sizeof(*p));
    if (p)
        p->came = malloc((size_t)f->size + 1);
    if (!p || !p->came) {
        free(p);
        turn_problem(t, 500, "out of memory");
        return;
    }
    p->turn = t;
    p->file = *f;
    p->by_address = by_address;
    p->peaks = peaks;
    p->n = (size_t)f->size;
    read_next(p);
}

void voice_play(struct turn *t, const struct stored_file *f, bool by_address)
{
    if (voice_reads(f->mime))
        voice_give(t, f, by_address, false);
    else
        turn_problem(t, 415, "it cannot be turned into WAV");
}

void voice_peaks(struct turn *t, const struct stored_file *f, bool by_address)
{
    if (voice_reads(f->mime) || is_wav(f))
        voice_give(t, f, by_address, true);
    else
        turn_problem(t, 415, "how loud it is cannot be told: neither AMR nor WAV");
}
