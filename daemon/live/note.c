#include "live/note.h"

#include <stdarg.h>
#include <stdio.h>

void live_note(live_log *log, int level, const char *fmt, ...)
{
    char line[512];
    va_list ap;

    if (!log)
        return;
    va_start(ap, fmt);
    (void)vsnprintf(line, sizeof(line), fmt, ap);
    va_end(ap);
    log(level, line);
}

char *live_quote(const char *text, char ret[NOTE_TEXT])
{
    size_t n = 0;

    ret[n++] = '"';
    for (; *text && n < NOTE_TEXT - 2; text++) {
        unsigned char c = (unsigned char)*text;

        ret[n++] = (char)(c < ' ' || c == 127 ? ' ' : c == '"' || c == '\\' ? '\'' : c);
    }
    ret[n++] = '"';
    ret[n] = '\0';
    return ret;
}
