/* template.h: wording that a platform has approved, with blanks that are filled in: what still goes out where its time for replies is over.
 *
 * Or something that the platform has ready under a name, of a kind that its adapter knows (an article, a coupon, a page of a mini program):
 * then the text is what it says, or what it is, in words that can be read here; what else it is made of are its values.
 *
 * Blanks are numbered, {{1}} {{2}}, or have names, {{order}}; {{thing1.DATA}} is the blank thing1. What is sent is kept as the text that
 * the other side reads, so it is searched, masked and reviewed like any other. */
#ifndef KF_CORE_TEMPLATE_H
#define KF_CORE_TEMPLATE_H

#include "core/buf.h"
#include "core/id.h"
#include "core/rc.h"
#include "core/slice.h"

#include <stddef.h>

enum {
    TEMPLATE_BLANKS = 20,
    TEMPLATE_BLANK_MAX = 32,    /* bytes of a blank's name */
    TEMPLATE_TEXT_MAX = 1024,   /* code points, of the wording and of what it has become */
    TEMPLATE_VALUE_MAX = 512,   /* code points of what is filled in */
    TEMPLATE_ADDRESS_MAX = 512, /* bytes of the address that a tap opens */
    TEMPLATE_VALUES = 16        /* that one is made of beside its text */
};

/* The name under which that address is filled in; no blank is called so where there is one. */
#define TEMPLATE_ADDRESS "url"

/* What stands above the words. The order of the words in settings/templates.c. */
enum template_header { TEMPLATE_NO_HEADER, TEMPLATE_IMAGE, TEMPLATE_VIDEO, TEMPLATE_DOCUMENT };

struct template_blanks {
    struct slice names[TEMPLATE_BLANKS]; /* numbers by value, names in the order in which they stand in the text */
    size_t n;
    bool numbered; /* all of them or none */
};

struct template_value {
    struct slice name, value;
};

struct template
{
    struct kf_key key;
    const char *kind;          /* as its adapter calls it; NULL: wording that was approved */
    const char *title;         /* what agents choose it by */
    const char *name;          /* what the platform calls it: the name or the id */
    const char *language;      /* as the platform writes it; NULL where it has none */
    const char *text;          /* as approved */
    const char *const *fields; /* what to ask for, one for each blank; n_fields 0: the names of the blanks */
    size_t n_fields;
    enum template_header header;
    const char *url_field;               /* what to ask for: the address that a tap opens; NULL: there is none */
    const struct template_value *values; /* with blanks like those of the text */
    size_t n_values;
    struct template_blanks blanks; /* of the text, then of the values */
};

/* The blanks of a wording. KF_INVALID: `why` says what is wrong with it, beginning with "text". */
enum kf_rc template_read(struct slice text, struct template_blanks *ret, struct kf_err *why);
/* Those of a part of one, in the order in which they stand there; numbers may begin anywhere. KF_INVALID. */
enum kf_rc template_read_any(struct slice text, struct template_blanks *ret);
/* The blanks of all of it. KF_INVALID: `why` begins with "text" or "values.NAME". */
enum kf_rc template_blanks(const struct template *t, struct template_blanks *ret, struct kf_err *why);
/* What to ask for: the i-th blank. */
struct slice template_label(const struct template *t, size_t i);
/* Are these the values of its blanks, and its address if it has one: all of them, none empty, each in one line? Which address is good, the
 * caller knows. KF_INVALID and KF_LIMIT name the field and say what is allowed. */
enum kf_rc template_check(const struct template *t, const struct template_value *values, size_t n, struct kf_err *why);
/* The text with such values; the address, if any, in a line of its own. */
void template_write(const struct template *t, const struct template_value *values, size_t n, struct buf *ret);
/* One of its values, or any such text, each blank written by `put`; NULL: as it was filled in. */
void template_fill(struct slice text, const struct template_value *values, size_t n, void (*put)(struct buf *, struct slice),
                   struct buf *ret);
/* The value of that name; {NULL,0}: there is none. */
struct slice template_value_of(const struct template_value *values, size_t n, struct slice name);
/* May a file of that type stand above its words? */
bool template_takes(enum template_header header, const char *mime);
const char *template_header_name(enum template_header header);

#endif
