/* sheet.h: a table that is written row by row into a file that has no name: CSV, or a workbook of Excel. Never more than a row of it is in
 * memory, and nothing stays when the process dies.
 *
 * It blocks, so it is a worker's; one thread at a time. The first error sticks, and sheet_finish() tells of it. */
#ifndef KF_API_SHEET_H
#define KF_API_SHEET_H

#include "core/rc.h"
#include "core/slice.h"

#include <stdint.h>

enum sheet_kind { SHEET_CSV, SHEET_XLSX };

struct sheet;

/* `dir` is where the file lies. */
enum kf_rc sheet_new(struct sheet **ret, enum sheet_kind kind, const char *dir, struct kf_err *why);
void sheet_free(struct sheet *s); /* takes NULL */

/* The cells of a row from the left; a cell of text is never a formula. */
void sheet_text(struct sheet *s, struct slice text);
void sheet_title(struct sheet *s, struct slice text);        /* bold, where there is such a thing */
void sheet_number(struct sheet *s, int64_t n, int decimals); /* n / 10^decimals */
void sheet_time(struct sheet *s, int64_t wall_ms);           /* of a clock on the wall, as if it were UTC; 0: an empty cell */
void sheet_empty(struct sheet *s);
void sheet_row(struct sheet *s); /* the row is done */

/* All rows are in: the file, to be read from its beginning, and its length. The caller closes it. */
enum kf_rc sheet_finish(struct sheet *s, int *fd, int64_t *size, struct kf_err *why);

#endif
