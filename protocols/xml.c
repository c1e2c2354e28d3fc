#include "protocols/xml.h"

#include <expat.h>

struct reading {
    struct arena *arena;
    XML_Parser parser;
    struct xml_node *open[XML_DEPTH_MAX]; /* from the root to the one that is being read */
    struct xml_node *last[XML_DEPTH_MAX]; /* the last child of each */
    struct buf text[XML_DEPTH_MAX];
    int depth;
    size_t nodes;
    struct xml_node *root;
    const char *wrong; /* in words; NULL nothing yet */
    bool nomem;
};

static void stop(struct reading *r, const char *wrong)
{
    if (!r->wrong)
        r->wrong = wrong;
    (void)XML_StopParser(r->parser, XML_FALSE);
}

static void no_memory(struct reading *r)
{
    r->nomem = true;
    stop(r, "no memory");
}

static void XMLCALL on_doctype(void *ctx, const XML_Char *name, const XML_Char *system, const XML_Char *public, int internal)
{
    (void)name;
    (void)system;
    (void)public;
    (void)internal;
    stop(ctx, "a document type is not allowed");
}

static void XMLCALL on_start(void *ctx, const XML_Char *name, const XML_Char **attributes)
{
    struct reading *r = ctx;
    struct xml_node *n;

    (void)attributes;
    if (r->wrong)
        return;
    if (r->depth == XML_DEPTH_MAX || r->nodes++ == XML_NODES_MAX) {
        stop(r, "too deep or too long");
        return;
    }
    n = ARENA_NEW(r->arena, struct xml_node);
    if (!n || !(n->name = arena_copy(r->arena, slice_of(name))).p) {
        no_memory(r);
        return;
    }
    if (!r->depth)
        r->root = n;
    else if (r->last[r->depth - 1])
        r->last[r->depth - 1]->next = n;
    else
        r->open[r->depth - 1]->child = n;
    if (r->depth)
        r->last[r->depth - 1] = n;
    r->open[r->depth] = n;
    r->last[r->depth] = NULL;
    buf_clear(&r->text[r->depth]);
    r->depth++;
}

static void XMLCALL on_end(void *ctx, const XML_Char *name)
{
    struct reading *r = ctx;
    struct xml_node *n;

    (void)name;
    if (r->wrong || !r->depth)
        return;
    r->depth--;
    n = r->open[r->depth];
    n->text = buf_copy(&r->text[r->depth], r->arena);
    if (!n->text.p)
        no_memory(r);
}

static void XMLCALL on_text(void *ctx, const XML_Char *s, int len)
{
    struct reading *r = ctx;

    if (!r->wrong && r->depth)
        buf_add(&r->text[r->depth - 1], (struct slice){ s, (size_t)len });
}

static bool allowed(unsigned char c)
{
    return c >= ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* In pieces, for U+FFFD takes the place of what would end the parse. */
static bool feed(struct reading *r, struct slice text)
{
    size_t i = 0;

    while (i < text.n && !r->wrong) {
        size_t n = 0;

        while (i + n < text.n && n < (1u << 20) && allowed((unsigned char)text.p[i + n]))
            n++;
        if (n && XML_Parse(r->parser, text.p + i, (int)n, XML_FALSE) != XML_STATUS_OK)
            return false;
        i += n;
        if (i < text.n && !allowed((unsigned char)text.p[i])) {
            if (XML_Parse(r->parser, "\xef\xbf\xbd", 3, XML_FALSE) != XML_STATUS_OK)
                return false;
            i++;
        }
    }
    return !r->wrong && XML_Parse(r->parser, "", 0, XML_TRUE) == XML_STATUS_OK;
}

enum kf_rc xml_read(struct arena *a, struct slice text, struct xml_node **ret, struct kf_err *why)
{
    struct reading r = { .arena = a, .parser = XML_ParserCreate("UTF-8") };
    enum kf_rc rc = KF_OK;

    if (!r.parser)
        return kf_fail(why, KF_NOMEM, "no memory to read XML");
    for (int i = 0; i < XML_DEPTH_MAX; i++)
        buf_init(&r.text[i], text.n * 3 + 1);
    XML_SetUserData(r.parser, &r);
    XML_SetStartDoctypeDeclHandler(r.parser, on_doctype);
    XML_SetElementHandler(r.parser, on_start, on_end);
    XML_SetCharacterDataHandler(r.parser, on_text);
    if (!feed(&r, text)) {
        bool nomem = r.nomem || XML_GetErrorCode(r.parser) == XML_ERROR_NO_MEMORY;

        rc = nomem ? kf_fail(why, KF_NOMEM, "no memory to read XML") : kf_fail(why, KF_INVALID, "%s", r.wrong ? r.wrong : "not valid XML");
    }
    for (int i = 0; i < XML_DEPTH_MAX; i++)
        buf_finish(&r.text[i]);
    XML_ParserFree(r.parser);
    if (!rc)
        *ret = r.root;
    return rc;
}

const struct xml_node *xml_child(const struct xml_node *parent, const char *name)
{
    for (const struct xml_node *n = parent ? parent->child : NULL; n; n = n->next)
        if (slice_is(n->name, name))
            return n;
    return NULL;
}

struct slice xml_text(const struct xml_node *parent, const char *name)
{
    const struct xml_node *n = xml_child(parent, name);

    return n ? n->text : (struct slice){ NULL, 0 };
}

void xml_write(struct buf *b, const char *name, struct slice text)
{
    buf_char(b, '<');
    buf_str(b, name);
    buf_str(b, "><![CDATA[");
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '>' && i >= 2 && text.p[i - 1] == ']' && text.p[i - 2] == ']')
            buf_str(b, "]]><![CDATA[");
        if (allowed((unsigned char)text.p[i]))
            buf_char(b, text.p[i]);
    }
    buf_str(b, "]]></");
    buf_str(b, name);
    buf_char(b, '>');
}
