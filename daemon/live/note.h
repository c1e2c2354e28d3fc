/* note.h: a line for the log of whoever opened us, in the form `live key=value …`. */
#ifndef KF_LIVE_NOTE_H
#define KF_LIVE_NOTE_H

#include <stddef.h>

/* The numbers of log.h, which this layer does not include. */
enum { NOTE_DEBUG, NOTE_INFO, NOTE_WARN, NOTE_ERROR };

typedef void live_log(int level, const char *line);

/* `log` may be NULL. Longer lines are cut. */
void live_note(live_log *log, int level, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* `text` in quotes, with nothing in it that could end them or the line; cut to fit. Returns `ret`. */
#define NOTE_TEXT 256
char *live_quote(const char *text, char ret[NOTE_TEXT]);

#endif
