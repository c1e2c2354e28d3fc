/* vcard.h: people in a file: vCard 2.1, 3.0 and 4.0 (RFC 6350), as far as a platform shows a contact: a name, numbers, mail addresses, where they
 * work. Whoever writes such files is seldom exact, so what is odd but plain is read; what could be read wrongly is not read at all: then it
 * stays a file. */
#ifndef KF_PROTOCOLS_VCARD_H
#define KF_PROTOCOLS_VCARD_H

#include "core/arena.h"
#include "core/slice.h"

#include <stdbool.h>
#include <stddef.h>

enum { VCARD_BYTES_MAX = 64 << 10, VCARD_PEOPLE_MAX = 20, VCARD_PHONES_MAX = 8, VCARD_MAILS_MAX = 4 };

struct vcard {
    struct slice name;                /* one line, never empty */
    struct slice given, family, work; /* empty: not said */
    struct {
        struct slice number;    /* digits, perhaps a + in front */
        const char *type;       /* "CELL" "WORK" "HOME", NULL another */
    } phones[VCARD_PHONES_MAX]; /* one at least, the preferred one first */
    size_t n_phones;
    struct slice mails[VCARD_MAILS_MAX];
    size_t n_mails;
};

/* Is a file of that type and name said to be a vCard? Either may be NULL. */
bool vcard_called(const char *mime, const char *name);

/* All people of the file. True: each of them has a name and a number, and no number or address (but those of faxes and pagers) would be left out; else,
 * and where the file is of another kind, too large, or cannot be read for certain, it goes as a file. What vcard_called() does not take for one is none. */
bool vcard_read(struct arena *a, struct slice bytes, const char *mime, const char *name, struct vcard **ret, size_t *n);

#endif
