#define _GNU_SOURCE
#include "api/sheet.h"

#include "core/buf.h"
#include "core/cell.h"
#include "core/utf8.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <xlsxwriter.h>

#define CELL_MAX   65536
#define CELL_CHARS 32767 /* Excel's */

struct sheet {
    enum sheet_kind kind;
    int fd;
    char *dir;
    struct buf cell;
    uint32_t row;
    uint16_t col;
    bool failed;
    int error; /* errno of the first failure */
    FILE *out; /* CSV */
    lxw_workbook *book;
    lxw_worksheet *page;
    lxw_format *bold, *time, *tenth;
};

static void fail(struct sheet *s, int error)
{
    if (!s->failed)
        s->error = error;
    s->failed = true;
}

static bool open_csv(struct sheet *s)
{
    int fd = dup(s->fd);

    s->out = fd < 0 ? NULL : fdopen(fd, "w");
    if (!s->out && fd >= 0)
        close(fd);
    return s->out && fputs("\xef\xbb\xbf", s->out) >= 0; /* without it Excel takes UTF-8 for something else */
}

/* The library opens its file by name; a descriptor has one. */
static bool open_book(struct sheet *s)
{
    lxw_workbook_options options = { .constant_memory = LXW_TRUE, .tmpdir = s->dir };
    char name[40];

    (void)snprintf(name, sizeof(name), "/proc/self/fd/%d", s->fd);
    s->book = workbook_new_opt(name, &options);
    s->page = s->book ? workbook_add_worksheet(s->book, NULL) : NULL;
    if (!s->page)
        return false;
    s->bold = workbook_add_format(s->book);
    s->time = workbook_add_format(s->book);
    s->tenth = workbook_add_format(s->book);
    if (!s->bold || !s->time || !s->tenth)
        return false;
    format_set_bold(s->bold);
    format_set_num_format(s->time, "yyyy-mm-dd hh:mm:ss");
    format_set_num_format(s->tenth, "0.00");
    worksheet_freeze_panes(s->page, 1, 0);
    return true;
}

enum kf_rc sheet_new(struct sheet **ret, enum sheet_kind kind, const char *dir, struct kf_err *why)
{
    struct sheet *s = calloc(1, sizeof(*s));

    if (!s)
        return kf_fail(why, KF_NOMEM, "out of memory");
    s->kind = kind;
    s->dir = strdup(dir);
    s->fd = s->dir ? open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600) : -1;
    buf_init(&s->cell, CELL_MAX);
    if (s->fd < 0 || !(kind == SHEET_CSV ? open_csv(s) : open_book(s))) {
        sheet_free(s);
        return kf_fail(why, KF_IO, "a table cannot be written in %s", dir);
    }
    *ret = s;
    return KF_OK;
}

void sheet_free(struct sheet *s)
{
    if (!s)
        return;
    if (s->out)
        (void)fclose(s->out);
    if (s->book)
        (void)workbook_close(s->book);
    if (s->fd >= 0)
        close(s->fd);
    buf_finish(&s->cell);
    free(s->dir);
    free(s);
}

static void csv_put(struct sheet *s, struct slice field)
{
    if (s->failed)
        return;
    if ((s->col && fputc(',', s->out) < 0) || (field.n && fwrite(field.p, 1, field.n, s->out) != field.n))
        fail(s, errno);
}

static void text_cell(struct sheet *s, struct slice text, lxw_format *format)
{
    text = utf8_cut(text, CELL_CHARS / 2 - 1); /* Excel counts UTF-16, and there may be an apostrophe more */
    buf_clear(&s->cell);
    if (s->kind == SHEET_CSV) {
        cell_csv(text, &s->cell);
        csv_put(s, buf_slice(&s->cell));
    } else {
        cell_text(text, &s->cell);
        if (s->cell.n && worksheet_write_string(s->page, s->row, s->col, buf_slice(&s->cell).p, format) != LXW_NO_ERROR)
            fail(s, ENOMEM);
    }
    if (!buf_ok(&s->cell))
        fail(s, ENOMEM);
    s->col++;
}

void sheet_text(struct sheet *s, struct slice text)
{
    text_cell(s, text, NULL);
}

void sheet_title(struct sheet *s, struct slice text)
{
    if (s->kind == SHEET_XLSX)
        worksheet_set_column(s->page, s->col, s->col, 16, NULL);
    text_cell(s, text, s->bold);
}

void sheet_number(struct sheet *s, int64_t n, int decimals)
{
    double v = (double)n;
    char text[40];

    for (int i = 0; i < decimals; i++)
        v /= 10;
    if (s->kind == SHEET_CSV) {
        (void)snprintf(text, sizeof(text), "%.*f", decimals, v);
        csv_put(s, slice_of(text));
    } else if (worksheet_write_number(s->page, s->row, s->col, v, decimals ? s->tenth : NULL) != LXW_NO_ERROR)
        fail(s, ENOMEM);
    s->col++;
}

void sheet_time(struct sheet *s, int64_t wall_ms)
{
    time_t at = (time_t)(wall_ms / 1000);
    char text[32];
    struct tm tm;

    if (!wall_ms || !gmtime_r(&at, &tm)) {
        sheet_empty(s);
        return;
    }
    if (s->kind == SHEET_CSV) {
        (void)strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm);
        csv_put(s, slice_of(text));
    } else {
        lxw_datetime when = { tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec };

        if (worksheet_write_datetime(s->page, s->row, s->col, &when, s->time) != LXW_NO_ERROR)
            fail(s, ENOMEM);
    }
    s->col++;
}

void sheet_empty(struct sheet *s)
{
    if (s->kind == SHEET_CSV)
        csv_put(s, (struct slice){ "", 0 });
    s->col++;
}

void sheet_row(struct sheet *s)
{
    if (s->kind == SHEET_CSV && !s->failed && fputs("\r\n", s->out) < 0)
        fail(s, errno);
    s->row++;
    s->col = 0;
}

enum kf_rc sheet_finish(struct sheet *s, int *fd, int64_t *size, struct kf_err *why)
{
    struct stat st;

    if (s->out && fclose(s->out))
        fail(s, errno);
    s->out = NULL;
    if (s->book && workbook_close(s->book) != LXW_NO_ERROR)
        fail(s, EIO);
    s->book = NULL;
    if (!s->failed && (fstat(s->fd, &st) || st.st_size == 0))
        fail(s, EIO);
    if (s->failed)
        return kf_fail(why, s->error == ENOMEM ? KF_NOMEM : KF_IO, "the table could not be written: %s", strerror(s->error));
    *fd = s->fd;
    *size = st.st_size;
    s->fd = -1;
    return KF_OK;
}
