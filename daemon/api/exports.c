/* exports.c: all that a search finds, as a table: CSV or a workbook, one row for each conversation.
 *
 * The places of the result are listed once (some bytes each); who exported what is written down; then the rows are read some hundred at a time
 * and written by a worker into a file without a name, which is sent when it is whole: whoever has an answer has all of it. Personal data is
 * masked as it is where it is found. */
#include "api/exports.h"
#include "api/find.h"
#include "api/forms.h"
#include "api/masking.h"
#include "api/sheet.h"
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include <uthash.h>

#define ROWS_MAX  200000
#define STEP      400 /* rows read at a time */
#define AT_ONCE   3
#define PIECE     65536
#define AUDIT_MAX 8192
#define N_COLUMNS 20
#define CLOSERS   4

/* A row, and what of it must be looked up on the loop. */
struct line {
    char id[KF_ID_TEXT], channel[KF_KEY_MAX + 1];
    const char *queue, *agent, *number, *visitor, *tags;
    int64_t opened, closed; /* on the site's clock */
    bool is_closed, masked;
    int rating;
    int64_t messages;
    struct search_row row;
    struct slice text;
    const char *card; /* extra of a hit that may be a form */
};

struct export
{
    uint64_t req;
    struct api *api;
    const struct api_config *cfg;
    struct turn *turn; /* NULL: answered */
    struct site *site;
    struct arena *arena; /* of the lines of one step */
    struct slice terms;  /* owned */
    struct search_place *places;
    size_t n_places, at;
    struct line *lines;
    size_t n_lines;
    enum sheet_kind kind;
    enum form_language language;
    struct kf_id person;
    bool op;
    struct sheet *sheet;
    bool titled, gone, busy;
    enum kf_rc rc; /* of the worker */
    struct kf_err why;
    int fd; /* -1: not whole yet */
    int64_t size, left;
    char *piece;
    ssize_t n_piece;
    UT_hash_handle hh;
};

static struct export *exports;

/* ---- words: in each language those of a column, of a state, of who closed it ------------------------------------------------------------- */

#define LANGUAGES 3

static const char *const language_names[LANGUAGES] = { [FORM_EN] = "en", [FORM_ZH_CN] = "zh-CN", [FORM_ZH_TW] = "zh-TW" };

static const char *const titles[N_COLUMNS][LANGUAGES] = {
    { "Conversation", "会话编号", "對話編號" },
    { "Opened", "开始时间", "開始時間" },
    { "Closed", "结束时间", "結束時間" },
    { "State", "状态", "狀態" },
    { "Closed by", "结束方", "結束方" },
    { "Channel", "渠道", "管道" },
    { "Queue", "队列", "佇列" },
    { "Agent", "客服", "客服" },
    { "Agent number", "工号", "工號" },
    { "Visitor", "访客", "訪客" },
    { "Rating", "满意度", "滿意度" },
    { "Review score", "质检得分", "質檢得分" },
    { "Wait (s)", "等待（秒）", "等候（秒）" },
    { "First response (s)", "首次响应（秒）", "首次回應（秒）" },
    { "Longest silence (s)", "最长沉默（秒）", "最長沉默（秒）" },
    { "Lasted (s)", "时长（秒）", "時長（秒）" },
    { "Messages", "消息数", "訊息數" },
    { "Tags", "标签", "標籤" },
    { "Hits", "命中消息数", "符合訊息數" },
    { "Newest hit", "最新命中内容", "最新符合內容" },
};
static const char *const states[2][LANGUAGES] = { { "open", "进行中", "進行中" }, { "closed", "已结束", "已結束" } };
static const char *const closers[CLOSERS][LANGUAGES] = {
    { "visitor", "访客", "訪客" }, { "agent", "客服", "客服" }, { "bot", "机器人", "機器人" }, { "system", "系统", "系統" }
};

/* ---- one row, by the worker -------------------------------------------------------------------------------------------------------------------- */

static void put(struct sheet *s, const char *text)
{
    sheet_text(s, slice_of(text));
}

static void put_seconds(struct sheet *s, int64_t ms)
{
    if (ms < 0)
        sheet_empty(s);
    else
        sheet_number(s, ms / 1000, 0);
}

static bool put_line(struct export *x, struct line *l)
{
    struct sheet *s = x->sheet;
    struct message hit = { .text = l->text, .extra = l->card };

    if ((l->masked && !masking_message(x->arena, &hit)) || !form_worded(x->arena, hit.extra, x->language, &hit.text))
        return false;
    put(s, l->id);
    sheet_time(s, l->opened);
    sheet_time(s, l->closed);
    put(s, states[l->is_closed][x->language]);
    put(s, l->row.closed_by >= 0 && l->row.closed_by < CLOSERS ? closers[l->row.closed_by][x->language] : "");
    put(s, l->channel);
    put(s, l->queue);
    put(s, l->agent);
    put(s, l->number);
    put(s, l->visitor);
    if (l->rating)
        sheet_number(s, l->rating, 0);
    else
        sheet_empty(s);
    if (l->row.score >= 0)
        sheet_number(s, l->row.score, 2);
    else
        sheet_empty(s);
    put_seconds(s, l->row.wait);
    put_seconds(s, l->row.response);
    put_seconds(s, l->row.silence);
    put_seconds(s, l->row.lasted);
    sheet_number(s, l->messages, 0);
    put(s, l->row.tags);
    if (x->terms.n)
        sheet_number(s, l->row.hits, 0);
    else
        sheet_empty(s);
    sheet_text(s, hit.text);
    sheet_row(s);
    return true;
}

static void put_titles(struct export *x)
{
    char title[160];

    for (size_t i = 0; i < N_COLUMNS; i++) {
        bool time = i == 1 || i == 2; /* whose clock */

        (void)snprintf(title, sizeof(title), "%s%s%s%s", titles[i][x->language], time ? " (" : "", time ? x->site->zone : "",
                       time ? ")" : "");
        sheet_title(x->sheet, slice_of(title));
    }
    sheet_row(x->sheet);
}

static void write_lines(void *arg)
{
    struct export *x = arg;

    x->rc = KF_OK;
    if (!x->sheet)
        x->rc = sheet_new(&x->sheet, x->kind, x->cfg->cfg->node.state, &x->why);
    if (x->rc)
        return;
    if (!x->titled)
        put_titles(x);
    x->titled = true;
    for (size_t i = 0; i < x->n_lines && !x->rc; i++)
        if (!put_line(x, &x->lines[i]))
            x->rc = kf_fail(&x->why, KF_NOMEM, "out of memory");
    if (!x->rc && x->at == x->n_places)
        x->rc = sheet_finish(x->sheet, &x->fd, &x->size, &x->why);
}

/* ---- its life ------------------------------------------------------------------------------------------------------------------------------------ */

static void export_free(struct export *x)
{
    HASH_DEL(exports, x);
    sheet_free(x->sheet);
    if (x->fd >= 0)
        close(x->fd);
    arena_free(x->arena);
    site_unref(x->site);
    free((char *)x->terms.p);
    free(x->places);
    free(x->piece);
    free(x);
}

static struct export *export_of(uint64_t req)
{
    struct export *x = NULL;

    HASH_FIND(hh, exports, &req, sizeof(req), x);
    return x;
}

static void export_fail(struct export *x, enum kf_rc rc, const struct kf_err *why)
{
    struct turn *t = x->turn;

    x->turn = NULL;
    turn_fail(t, rc, why);
    export_free(x);
}

/* Nobody waits for it any more. */
static bool export_gone(struct export *x)
{
    if (!x->gone)
        return false;
    turn_end(x->turn);
    export_free(x);
    return true;
}

/* ---- sending it ------------------------------------------------------------------------------------------------------------------------------------ */

static void read_piece(void *arg)
{
    struct export *x = arg;

    x->n_piece = pread(x->fd, x->piece, x->left < PIECE ? (size_t)x->left : PIECE, (off_t)(x->size - x->left));
}

static void have_piece(void *arg)
{
    struct export *x = arg;

    x->busy = false;
    if (!x->gone && x->n_piece <= 0)
        net_answer_abort(api_server(x->api), x->req);
    else if (!x->gone) {
        x->left -= x->n_piece;
        net_piece(api_server(x->api), x->req, (struct slice){ x->piece, (size_t)x->n_piece });
    }
    if (x->gone || x->n_piece <= 0 || x->left <= 0)
        export_free(x);
}

void exports_pull(struct api *api, uint64_t req)
{
    struct export *x = export_of(req);

    (void)api;
    if (!x || x->busy || x->turn)
        return;
    x->busy = true;
    x->cfg->work(x->cfg->ctx, read_piece, have_piece, x);
}

void exports_gone(struct api *api, uint64_t req)
{
    struct export *x = export_of(req);

    (void)api;
    if (!x)
        return;
    x->gone = true;
    if (!x->turn && !x->busy)
        export_free(x);
}

static void send_table(struct export *x)
{
    struct turn *t = x->turn;
    time_t now = (time_t)(hours_wall(&x->site->hours, turn_ports(t)->now_ms(turn_ports(t)->ctx)) / 1000);
    char name[80], date[24] = "";
    struct http_pair headers[3] = { { SLICE("Cache-Control"), SLICE("private, no-store") } };
    struct net_answer a = { .status = 200, .headers = headers, .n_headers = 2 };
    struct tm tm;

    a.type = x->kind == SHEET_CSV ? "text/csv; charset=utf-8" : "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
    if (gmtime_r(&now, &tm))
        (void)strftime(date, sizeof(date), "-%Y-%m-%d", &tm);
    (void)snprintf(name, sizeof(name), "attachment; filename=\"transcripts%s.%s\"", date, x->kind == SHEET_CSV ? "csv" : "xlsx");
    headers[1] = (struct http_pair){ SLICE("Content-Disposition"), slice_of(name) };
    x->left = x->size;
    x->turn = NULL;
    net_answer_begin(api_server(x->api), x->req, &a, x->size);
    if (strcmp(t->method, "HEAD") == 0) /* nobody pulls */
        export_free(x);
    turn_end(t);
}

/* ---- reading it -------------------------------------------------------------------------------------------------------------------------------------- */

static void read_step(struct export *x);

static void wrote(void *arg)
{
    struct export *x = arg;

    if (!x->gone && net_hung_up(api_server(x->api), x->req))
        net_answer_abort(api_server(x->api), x->req); /* the next step finds it gone */
    if (export_gone(x))
        return;
    if (x->rc)
        export_fail(x, x->rc, &x->why);
    else if (x->fd >= 0)
        send_table(x);
    else
        read_step(x);
}

static const char *copied(struct arena *a, const char *text)
{
    return text && *text ? arena_text(a, slice_of(text)) : "";
}

/* False: out of memory. */
static bool line_of(struct export *x, const struct query *q, size_t i, size_t *hit)
{
    const struct conv *c = &q->convs[i];
    const struct kf_id *who = id_is_zero(&c->owner) ? &c->last_agent : &c->owner;
    const struct member *m = id_is_zero(who) ? NULL : desk_member(x->cfg->desk, &c->site, who);
    const struct site_queue *queue = site_queue(x->site, &c->queue);
    struct line *l = &x->lines[x->n_lines++];

    (void)id_text(&c->id, l->id);
    (void)snprintf(l->channel, sizeof(l->channel), "%s", c->channel.s);
    l->opened = hours_wall(&x->site->hours, c->opened_at);
    l->is_closed = c->state == CONV_CLOSED;
    l->closed = l->is_closed ? hours_wall(&x->site->hours, c->closed_at) : 0;
    l->masked = !x->op && !id_eq(&c->owner, &x->person) && !id_eq(&c->last_agent, &x->person);
    l->rating = c->rating;
    l->messages = c->seq;
    l->queue = copied(x->arena, queue ? queue->name : c->queue.s);
    l->agent = copied(x->arena, m ? m->name : "");
    l->number = copied(x->arena, m ? m->number : "");
    l->visitor = copied(x->arena, c->visitor_name);
    l->row = q->rows[i];
    l->row.tags = copied(x->arena, q->rows[i].tags);
    if (*hit < q->n_hits && id_eq(&q->hits[*hit].conv, &c->id)) {
        const struct search_hit *h = &q->hits[(*hit)++];

        l->text = arena_copy(x->arena, h->text);
        l->card = copied(x->arena, h->card);
    }
    return l->queue && l->agent && l->number && l->visitor && l->row.tags && (!l->text.n || (l->text.p && l->card));
}

static void have_rows(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct export *x = ctx;
    size_t hit = 0;

    if (export_gone(x))
        return;
    arena_free(x->arena);
    x->arena = rc ? NULL : arena_new(64u << 20);
    x->lines = x->arena ? arena_array(x->arena, q->n_convs + 1, sizeof(*x->lines)) : NULL;
    x->n_lines = 0;
    if (!rc && !x->lines)
        rc = KF_NOMEM;
    for (size_t i = 0; !rc && i < q->n_convs; i++)
        if (!line_of(x, q, i, &hit))
            rc = KF_NOMEM;
    if (rc)
        export_fail(x, rc, why);
    else
        x->cfg->work(x->cfg->ctx, write_lines, wrote, x);
}

static void read_step(struct export *x)
{
    struct query *q = query_new(QUERY_ROWS);
    size_t n = x->n_places - x->at < STEP ? x->n_places - x->at : STEP;

    net_answer_working(api_server(x->api), x->req); /* all steps together may take longer than one answer has */
    if (q) {
        q->site = x->site->key;
        q->search.terms = arena_copy(q->arena, x->terms);
        q->places = arena_array(q->arena, n + 1, sizeof(*q->places));
    }
    if (!q || !q->places) {
        if (q)
            arena_free(q->arena);
        export_fail(x, KF_NOMEM, NULL);
        return;
    }
    if (n)
        memcpy(q->places, x->places + x->at, n * sizeof(*q->places));
    q->n_places = n;
    x->at += n;
    turn_ports(x->turn)->read(turn_ports(x->turn)->ctx, q, have_rows, x);
}

/* ---- asking for it ------------------------------------------------------------------------------------------------------------------------------------ */

static void noted(void *ctx, enum kf_rc rc, const struct news *news, const struct kf_err *why)
{
    struct export *x = ctx;

    (void)news;
    if (export_gone(x))
        return;
    if (rc)
        export_fail(x, rc, why);
    else
        read_step(x);
}

/* In the commit before the first byte is read: who, how many, by which filters. What was looked for is not written down: it may be somebody's
 * name. */
static void note_export(struct export *x, const struct search *s)
{
    const struct ports *p = turn_ports(x->turn);
    struct change *c = change_new(&x->site->key, p->now_ms(p->ctx));
    struct buf filters;

    if (!c) {
        export_fail(x, KF_NOMEM, NULL);
        return;
    }
    buf_init(&filters, AUDIT_MAX);
    find_json(s, &filters);
    c->by = turn_actor(x->turn, c);
    change_act(c, ACT_AUDIT)->u.entry =
        (struct entry){ .at = c->at,
                        .kind = "transcripts_exported",
                        .by = c->by,
                        .data = change_printf(c, "{\"rows\":%zu,\"format\":\"%s\",\"filter\":%s}", x->n_places,
                                              x->kind == SHEET_CSV ? "csv" : "xlsx", buf_ok(&filters) ? buf_slice(&filters).p : "{}") };
    buf_finish(&filters);
    p->commit(p->ctx, c, noted, x);
}

static void have_result(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct export *x = ctx;

    if (export_gone(x))
        return;
    if (!rc && q->more) {
        struct turn *t = x->turn;

        x->turn = NULL;
        turn_problem(t, 413, "more than %d conversations: narrow the filters", ROWS_MAX);
        export_free(x);
        return;
    }
    x->places = rc ? NULL : malloc((q->n_places + 1) * sizeof(*x->places));
    if (!x->places) {
        export_fail(x, rc ? rc : KF_NOMEM, why);
        return;
    }
    if (q->n_places)
        memcpy(x->places, q->places, q->n_places * sizeof(*x->places));
    x->n_places = q->n_places;
    note_export(x, &q->search);
}

static int language_of(struct turn *t, const struct site *site)
{
    struct slice asked = turn_query(t, "lang");

    for (int i = 0; i < LANGUAGES; i++)
        if (slice_is(asked.n ? asked : slice_of(site->language), language_names[i]))
            return i;
    return asked.n ? -1 : FORM_ZH_CN;
}

static struct export *export_new(struct turn *t, struct site *site, struct query *q)
{
    struct export *x = calloc(1, sizeof(*x));
    char *terms = x ? malloc(q->search.terms.n + 1) : NULL;

    if (!terms || !(x->piece = malloc(PIECE))) {
        free(terms);
        free(x);
        return NULL;
    }
    if (q->search.terms.n)
        memcpy(terms, q->search.terms.p, q->search.terms.n);
    x->terms = (struct slice){ terms, q->search.terms.n };
    x->req = t->req;
    x->api = t->api;
    x->cfg = turn_config(t);
    x->turn = t;
    x->person = t->person;
    x->op = t->op;
    x->site = site_ref(site);
    x->fd = -1;
    HASH_ADD(hh, exports, req, sizeof(x->req), x);
    return x;
}

static void get_export(struct turn *t)
{
    struct slice format = turn_query(t, "format");
    const struct member *m;
    struct site *site = turn_site(t, &m);
    struct query *q;
    struct export *x;
    int language;

    if (!site)
        return;
    language = language_of(t, site);
    if (language < 0 || (!slice_is(format, "csv") && !slice_is(format, "xlsx"))) {
        turn_problem(t, 400, language < 0 ? "lang: zh-CN, zh-TW or en" : "format: csv or xlsx");
        return;
    }
    if (HASH_COUNT(exports) >= AT_ONCE) {
        turn_problem(t, 429, "other tables are being made; try again in a moment");
        return;
    }
    q = query_new(QUERY_RESULT);
    if (!q) {
        turn_problem(t, 500, "out of memory");
        return;
    }
    q->site = site->key;
    q->limit = ROWS_MAX;
    if (!find_filters(t, m, q) || !find_narrow(t, m, q, true) || !find_in_time(t, &q->search)) {
        arena_free(q->arena);
        return;
    }
    x = export_new(t, site, q);
    if (!x) {
        arena_free(q->arena);
        turn_problem(t, 500, "out of memory");
        return;
    }
    x->language = (enum form_language)language;
    x->kind = slice_is(format, "csv") ? SHEET_CSV : SHEET_XLSX;
    turn_ports(t)->read(turn_ports(t)->ctx, q, have_result, x);
}

const struct route_entry routes_exports[] = { { "GET", "/api/v1/exports/transcripts", GATE_EITHER_KEY, get_export },
                                              { NULL, NULL, GATE_OPEN, NULL } };
