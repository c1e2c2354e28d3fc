/* cell.h: text on its way into a table that people open with a spreadsheet. A spreadsheet takes a cell that begins like a formula for one, in CSV
 * as in whatever is saved as CSV later, and what visitors have written must not be run on the computers of the staff. */
#ifndef KF_CORE_CELL_H
#define KF_CORE_CELL_H

#include "core/buf.h"
#include "core/slice.h"

#include <stdbool.h>

/* Does it begin with = + - @, their full-width forms, a tab or a line's end, perhaps after blanks or what cannot be seen? */
bool cell_is_formula(struct slice text);
/* The text, with an apostrophe before it if it is one. Characters that no spreadsheet's file may hold are left out. */
void cell_text(struct slice text, struct buf *ret);
/* The same as a field of CSV (RFC 4180), in quotes where it needs them. */
void cell_csv(struct slice text, struct buf *ret);

#endif
