/* mail_letter.h: a mail as facts, whoever has brought it and however it was wrapped: headers, words in all the ways in which headers hide
 * them, bodies, files. Pure, bounded, and never surprised: what cannot be read becomes U+FFFD or is left out, and the rest is kept.
 *
 * All text that comes out is valid UTF-8 without NUL; lines end in LF. All memory is the arena's. */
#ifndef KF_PROTOCOLS_MAIL_LETTER_H
#define KF_PROTOCOLS_MAIL_LETTER_H

#include "core/arena.h"
#include "core/buf.h"
#include "core/http.h"

#include <stdint.h>

#define MAIL_HEADERS_MAX 1000
#define MAIL_HEAD_MAX    (256u << 10) /* bytes; what is beyond is not read */
#define MAIL_DEPTH_MAX   20
#define MAIL_PARTS_MAX   1000
#define MAIL_IDS_MAX     64 /* of References: the last ones count */

/* One file of it. */
struct mail_part {
    struct slice type; /* "image/png": lower case, no parameters */
    struct slice name; /* "" none */
    struct slice bytes;
    struct slice url; /* where the provider has kept it, and brought no bytes; "" it has brought them */
    int64_t size;     /* then: what it says of that */
};

struct mail_address {
    struct slice name, address; /* address: its domain in lower case */
};

struct mail_letter {
    struct http_pair *headers; /* unfolded, not decoded: may hold any byte */
    size_t n_headers;
    struct slice type; /* of the whole: "multipart/report" */
    struct slice text, html;
    struct mail_part *parts;
    size_t n_parts, cap_parts;
    size_t n_left_out; /* files beyond the bound */
    bool failed;       /* memory was out: what is missing may have been lost here */
};

/* ---- charsets: mail_charset.c ---- */

/* Bytes in a charset as UTF-8. One that is not known, or "": UTF-8 if it is that, else Latin-1 as it is used. p == NULL: memory is out. */
struct slice mail_utf8(struct arena *a, struct slice bytes, struct slice charset);

/* ---- headers: mail_head.c ---- */

/* Reads a block of headers up to its empty line; where the body begins goes to *body. False: memory is out. */
bool mail_head_read(struct arena *a, struct slice block, struct http_pair **ret, size_t *n, size_t *body);
/* Words of RFC 2047, and bytes that nobody declared. p == NULL: memory is out. */
struct slice mail_words(struct arena *a, struct slice raw);
/* The addresses of a header, groups opened, at most `max`. SIZE_MAX: memory is out. */
size_t mail_addresses(struct arena *a, struct slice raw, struct mail_address *ret, size_t max);
/* The domain in lower case. p == NULL: memory is out. */
struct slice mail_lower_domain(struct arena *a, struct slice address);
/* "<id>" by "<id>", with their brackets; of more than `max` the last ones. */
size_t mail_ids(struct slice raw, struct slice *ret, size_t max);
/* RFC 5322 with its obsolete forms. */
bool mail_date(struct slice raw, int64_t *ret);
/* "text/plain; charset=x": the value before the parameters in lower case, and one of the parameters (RFC 2231), "" if there is none.
 * p == NULL: memory is out. */
struct slice mail_value(struct arena *a, struct slice raw);
struct slice mail_param(struct arena *a, struct slice raw, const char *name);

/* ---- bodies: mail_mime.c ---- */

/* A whole message as it was sent. False: memory is out. */
bool mail_mime(struct arena *a, struct slice raw, struct mail_letter *ret);
/* One file more. */
void mail_add_part(struct arena *a, struct mail_letter *l, const struct mail_part *part);
/* Base64 with whatever stands between its letters; quoted-printable, whether well made or not. p == NULL: memory is out. */
struct slice mail_base64(struct arena *a, struct slice s);
struct slice mail_quoted_printable(struct arena *a, struct slice s);

/* ---- forms: mail_form.c ---- */

struct mail_field {
    struct slice name, file_name, type, value;
    bool file;
};

/* multipart/form-data or application/x-www-form-urlencoded, by the request's Content-Type. SIZE_MAX: neither, or memory is out
 * (*failed). */
size_t mail_form(struct arena *a, struct slice content_type, struct slice body, struct mail_field **ret, bool *failed);

/* ---- what people wrote: mail_text.c ---- */

/* The text above what it quotes; what follows goes to *quoted. Nothing is lost: where all is quoted, all of it is the text. */
struct slice mail_unquoted(struct slice text, struct slice *quoted);
/* The text of HTML; what it quotes has "> " in front of its lines. p == NULL: memory is out. */
struct slice mail_html_text(struct arena *a, struct slice html);
/* format=flowed (RFC 3676): lines that go on are put together. p == NULL: memory is out. */
struct slice mail_flowed(struct arena *a, struct slice text, bool delsp);
struct slice mail_trimmed(struct slice s);

#endif
