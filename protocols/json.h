/* json.h: JSON that strangers wrote. Jansson does the parsing; here stand the bounds around it and tolerant ways to read a member.
 *
 * A lone surrogate escape and \u0000 are replaced by U+FFFD before parsing, so that a text with one of them stays a text: neither is
 * valid UTF-8 in every database, and neither may cut a message short. Duplicate keys, more than 16 levels, invalid UTF-8 and text after
 * the end are refused. A root lives inside one function; what is kept is copied into the arena. */
#ifndef KF_PROTOCOLS_JSON_H
#define KF_PROTOCOLS_JSON_H

#include "core/arena.h"
#include "core/buf.h"
#include "core/rc.h"

#include <jansson.h>
#include <stdint.h>

#define JSON_DEPTH_MAX 16

enum json_manner {
    JSON_OF_SETTINGS, /* people's: a number is a number */
    JSON_OF_PLATFORMS /* programs': one beyond 64 bits or a double becomes a string: it is an id, or a member that nobody reads */
};

/* Once, at the start: where Jansson takes its memory from; NULL: malloc(). By itself, when memory is out for a moment, it reads a string
 * without one of its bytes and goes on; from then on it reads it whole or not at all. */
void json_memory(void *(*from)(size_t n));

/* json_loadb(), and the error is that of memory where that was the reason. */
json_t *json_parse(struct slice text, size_t flags, json_error_t *err);

/* An object, to be released with json_decref(); NULL with `why` (KF_INVALID, KF_NOMEM) otherwise. The words never quote the text. */
json_t *json_read(struct arena *a, struct slice text, enum json_manner manner, struct kf_err *why);
/* The same with another bound on the levels. */
json_t *json_read_within(struct arena *a, struct slice text, enum json_manner manner, int levels, struct kf_err *why);

/* Writes any value; sticky errors as always with buf. Reals keep 17 digits. */
void json_write(struct buf *b, const json_t *v);
/* JSON text that was checked before, copied; '<' '>' '&' and line separators, which can only stand inside strings, are escaped. */
void json_raw(struct buf *b, struct slice json);
/* The text of one member of an object that stands as checked JSON text; {NULL,0} if it has none. No allocation. */
struct slice json_member(struct slice object, const char *name);
/* The same of an object that could not be read: what stands between the quotes of a member that seems to be a string, its escapes as they
 * are; {NULL,0} if there is none or more than one of that name. */
struct slice json_guess_text(struct slice text, const char *name);

/* Tolerant members of objects: `obj` may be NULL or no object. */

/* Where copies go. `failed` sticks once memory was out: to be looked at before anything that was read is used. */
struct json_keep {
    struct arena *arena;
    bool failed;
};

/* A string, or the digits of a number; copied. {NULL,0}: absent, null, of another type. */
struct slice json_get_text(struct json_keep *k, const json_t *obj, const char *name);
/* An integer, a real without fraction, or their text. */
bool json_get_i64(const json_t *obj, const char *name, int64_t *ret);
bool json_get_real(const json_t *obj, const char *name, double *ret);
/* true, false, 0, 1, "true", "false", "0", "1"; else `def`. */
bool json_get_bool(const json_t *obj, const char *name, bool def);

#endif
