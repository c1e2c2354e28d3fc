/* wechat_document.c: what a post holds, as a tree of elements: XML, or JSON whose members are called as the elements are. A list in JSON is as
 * many elements of its name. */
#include "protocols/wechat_impl.h"

#include <stdio.h>

struct growing {
    struct arena *arena;
    size_t nodes;
    enum kf_rc rc; /* of the first trouble */
};

static void grow(struct growing *g, struct xml_node ***at, const char *name, const json_t *v);

static struct slice words_of(struct growing *g, const json_t *v)
{
    char digits[40];

    if (json_is_integer(v))
        (void)snprintf(digits, sizeof(digits), "%lld", (long long)json_integer_value(v));
    else if (json_is_real(v))
        (void)snprintf(digits, sizeof(digits), "%.17g", json_real_value(v));
    else
        (void)snprintf(digits, sizeof(digits), "%s", json_is_true(v) ? "1" : json_is_false(v) ? "0" : "");
    return arena_copy(g->arena, json_is_string(v) ? (struct slice){ json_string_value(v), json_string_length(v) } : slice_of(digits));
}

/* Puts one element behind the others. */
static void add(struct growing *g, struct xml_node ***at, const char *name, const json_t *v)
{
    struct xml_node *n = g->rc ? NULL : ARENA_NEW(g->arena, struct xml_node), **inside;
    const char *key;
    json_t *value;

    if (!g->rc && g->nodes++ == XML_NODES_MAX)
        g->rc = KF_INVALID;
    else if (!g->rc && !n)
        g->rc = KF_NOMEM;
    if (g->rc)
        return;
    n->name = arena_copy(g->arena, slice_of(name));
    n->text = words_of(g, v);
    if (!n->name.p || !n->text.p)
        g->rc = KF_NOMEM;
    inside = &n->child;
    if (json_is_object(v))
        json_object_foreach((json_t *)(uintptr_t)v, key, value) grow(g, &inside, key, value);
    **at = n;
    *at = &n->next;
}

static void grow(struct growing *g, struct xml_node ***at, const char *name, const json_t *v)
{
    if (!json_is_array(v)) {
        add(g, at, name, v);
        return;
    }
    for (size_t i = 0; i < json_array_size(v); i++)
        add(g, at, name, json_array_get(v, i));
}

static enum kf_rc read_json(struct arena *a, struct slice text, struct xml_node **ret)
{
    struct growing g = { .arena = a };
    struct kf_err why = { .rc = KF_OK };
    json_t *root = json_read_within(a, text, JSON_OF_PLATFORMS, XML_DEPTH_MAX, &why);

    if (!root)
        return why.rc;
    add(&g, &ret, "xml", root);
    json_decref(root);
    return g.rc;
}

bool wechat_is_json(struct slice text)
{
    size_t i = 0;

    while (i < text.n && (text.p[i] == ' ' || (text.p[i] >= '\t' && text.p[i] <= '\r')))
        i++;
    return i < text.n && text.p[i] == '{';
}

enum kf_rc wechat_document(struct arena *a, struct slice text, struct xml_node **ret)
{
    *ret = NULL;
    return wechat_is_json(text) ? read_json(a, text, ret) : xml_read(a, text, ret, NULL);
}
