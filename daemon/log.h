/* log.h: one line an event, `level module key=value …` on standard error. Ids always; a visitor's words, tokens, signatures never.
 * Values with spaces, quotes, '=' or control characters are quoted and escaped here, so that no input can forge a line.
 * From any thread. */
#ifndef KF_LOG_H
#define KF_LOG_H

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

void log_set_level(enum log_level level);
enum log_level log_level(void);
/* Pairs of key and value, ended by NULL: log_pairs(LOG_INFO, "net", "event", "listen", "address", text, NULL). A NULL value
 * cannot be told from the end: write "-". */
void log_pairs(enum log_level level, const char *module, ...) __attribute__((sentinel));
/* A line that a layer below has already put into `key=value` form; `level` is an enum log_level. */
void log_line(int level, const char *line);

#endif
