#include "log.h"

#include "core/buf.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_BYTES 4096

static _Atomic int threshold = LOG_INFO;

void log_set_level(enum log_level level)
{
    atomic_store(&threshold, (int)level);
}

enum log_level log_level(void)
{
    return (enum log_level)atomic_load(&threshold);
}

/* The journal keeps time and severity by itself: it takes the latter from a "<N>" in front and does not need the former. */
static bool to_journal(void)
{
    static _Atomic int known = -1;
    int is = atomic_load(&known);

    if (is < 0) {
        is = getenv("JOURNAL_STREAM") != NULL;
        atomic_store(&known, is);
    }
    return is;
}

static void begin(struct buf *b, enum log_level level)
{
    static const char *const names[] = { "debug", "info", "warn", "error" };
    static const char severity[] = { '7', '6', '4', '3' };
    unsigned i = (unsigned)level > LOG_ERROR ? LOG_ERROR : (unsigned)level;

    if (to_journal())
        buf_printf(b, "<%c>", severity[i]);
    buf_str(b, names[i]);
    buf_char(b, ' ');
}

static void add_time(struct buf *b)
{
    struct timespec now;
    struct tm tm;
    char text[32];

    if (to_journal())
        return;
    clock_gettime(CLOCK_REALTIME, &now);
    if (gmtime_r(&now.tv_sec, &tm) && strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm))
        buf_printf(b, " at=%s.%03dZ", text, (int)(now.tv_nsec / 1000000));
}

/* One write(2) a line: lines of several threads and processes do not mix. What cannot be written is lost; there is nobody to tell. */
static void end(struct buf *b)
{
    struct slice line;

    b->failed = false; /* too long: what fits is better than nothing */
    b->max++;
    buf_char(b, '\n');
    line = buf_slice(b);
    if (write(STDERR_FILENO, line.p, line.n) < 0)
        return;
}

/* C0, DEL, and C1 in UTF-8 (C2 80 to C2 9F), which some terminals obey. */
static bool is_control(const unsigned char *c)
{
    return *c < ' ' || *c == 0x7f || (*c == 0xc2 && c[1] >= 0x80 && c[1] < 0xa0);
}

static bool plain(const char *value)
{
    if (!*value)
        return false;
    for (const unsigned char *c = (const unsigned char *)value; *c; c++)
        if (*c == ' ' || *c == '"' || *c == '=' || *c == '\\' || is_control(c))
            return false;
    return true;
}

static void add_escaped(struct buf *b, const char *text, bool quoted)
{
    for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
        if (*c == '\n')
            buf_str(b, "\\n");
        else if (is_control(c))
            buf_printf(b, "\\x%02x", *c == 0xc2 ? *++c : *c);
        else if (quoted && (*c == '"' || *c == '\\'))
            buf_printf(b, "\\%c", *c);
        else
            buf_char(b, (char)*c);
    }
}

void log_pairs(enum log_level level, const char *module, ...)
{
    struct buf b;
    const char *key;
    va_list ap;

    if (level < log_level())
        return;
    buf_init(&b, LINE_MAX_BYTES);
    begin(&b, level);
    buf_str(&b, module);
    add_time(&b);
    va_start(ap, module);
    while ((key = va_arg(ap, const char *)) != NULL) {
        const char *value = va_arg(ap, const char *);

        if (!value)
            break;
        buf_printf(&b, " %s=", key);
        if (plain(value)) {
            buf_str(&b, value);
            continue;
        }
        buf_char(&b, '"');
        add_escaped(&b, value, true);
        buf_char(&b, '"');
    }
    va_end(ap);
    end(&b);
    buf_finish(&b);
}

void log_line(int level, const char *line)
{
    struct buf b;

    if (level < (int)log_level())
        return;
    buf_init(&b, LINE_MAX_BYTES);
    begin(&b, (enum log_level)level);
    add_escaped(&b, line, false);
    add_time(&b);
    end(&b);
    buf_finish(&b);
}
