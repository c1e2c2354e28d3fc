/* address.h: who is calling, as sixteen bytes, and how many calls each has open.
 *
 * IPv4 is kept in its mapped form (::ffff:a.b.c.d), so that one comparison serves both. */
#ifndef KF_NET_ADDRESS_H
#define KF_NET_ADDRESS_H

#include "core/slice.h"

#include <stdbool.h>
#include <stdint.h>

struct sockaddr;

struct address {
    uint8_t b[16];
};

#define ADDRESS_TEXT 46

/* False for families that have no address (unix sockets): `ret` is then zero. */
bool address_of(const struct sockaddr *sa, struct address *ret);
/* "192.0.2.1", "192.0.2.1:4711", "2001:db8::1", "[2001:db8::1]:443": what X-Forwarded-For carries. */
bool address_parse(struct slice text, struct address *ret);
char *address_text(const struct address *a, char text[ADDRESS_TEXT]); /* "" for the zero address */
bool address_is_loopback(const struct address *a);
/* Loopback, private, link-local, shared, documentation or otherwise not of the public internet. */
bool address_is_private(const struct address *a);

struct network {
    struct address base;
    unsigned bits; /* of the mapped form: 96 more for IPv4 */
};

/* "10.0.0.0/8", "::1", "192.0.2.7". */
bool network_parse(const char *text, struct network *ret);
bool network_has(const struct network *n, const struct address *a);

/* ---- How many ---- */
struct tally; /* address → count; IPv6 is counted by its first 64 bits, which is what one subscriber gets */
struct tally *tally_new(void);
void tally_free(struct tally *t);
/* Returns the new count, 0 when memory is out (and then nothing was counted). */
unsigned tally_add(struct tally *t, const struct address *a);
void tally_drop(struct tally *t, const struct address *a);
unsigned tally_of(const struct tally *t, const struct address *a);

#endif
