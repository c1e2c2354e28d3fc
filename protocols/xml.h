/* xml.h: XML that strangers wrote, read by expat into a small tree: elements and their text. No attributes, no namespaces, no comments:
 * the platforms that speak it use none.
 *
 * A document type is refused where it begins, so that no entity is ever declared; depth and number of elements are bounded; broken UTF-8
 * is refused. Control characters that XML does not allow become U+FFFD, so that a text with one of them stays a text. */
#ifndef KF_PROTOCOLS_XML_H
#define KF_PROTOCOLS_XML_H

#include "core/arena.h"
#include "core/buf.h"
#include "core/rc.h"

#define XML_DEPTH_MAX 8
#define XML_NODES_MAX 1024

struct xml_node {
    struct slice name;
    struct slice text; /* its own, sections and entities resolved and joined; blanks are content */
    struct xml_node *child, *next;
};

/* The root element, in the arena. KF_INVALID, KF_NOMEM with `why`; the words never quote the text. */
enum kf_rc xml_read(struct arena *a, struct slice text, struct xml_node **ret, struct kf_err *why);
/* The first element of that name inside; NULL none. `parent` may be NULL. */
const struct xml_node *xml_child(const struct xml_node *parent, const char *name);
/* Its text; {NULL,0}: there is no such element. */
struct slice xml_text(const struct xml_node *parent, const char *name);

/* <name><![CDATA[text]]></name>: "]]>" is split, what XML does not allow is left out. */
void xml_write(struct buf *b, const char *name, struct slice text);

#endif
