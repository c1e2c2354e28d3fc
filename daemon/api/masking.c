#include "api/masking.h"

#include "core/id.h"
#include "core/mask.h"

#include <jansson.h>
#include <stdlib.h>

#define TEXT_MAX (1U << 20)

bool masking_text(struct arena *a, struct slice *text)
{
    struct buf b;
    bool ok;

    if (!text->n)
        return true;
    buf_init(&b, TEXT_MAX);
    mask_text(*text, &b);
    ok = buf_ok(&b);
    if (ok)
        *text = arena_copy(a, buf_slice(&b));
    buf_finish(&b);
    return ok && text->p;
}

static bool mask_json(json_t *value, json_t **ret);

static bool mask_object(json_t *object)
{
    const char *name;
    json_t *value;
    void *next;

    json_object_foreach_safe(object, next, name, value)
    {
        json_t *masked = NULL;

        if (!mask_json(value, &masked))
            return false;
        if (masked && json_object_set_new(object, name, masked))
            return false;
    }
    return true;
}

static bool mask_array(json_t *array)
{
    for (size_t i = 0; i < json_array_size(array); i++) {
        json_t *masked = NULL;

        if (!mask_json(json_array_get(array, i), &masked))
            return false;
        if (masked && json_array_set_new(array, i, masked))
            return false;
    }
    return true;
}

/* Texts but ids; *ret is what shall stand in the place of `value`, NULL: it may stay. */
static bool mask_json(json_t *value, json_t **ret)
{
    struct slice text = { json_string_value(value), json_string_length(value) };
    struct kf_id id;
    struct buf b;
    bool ok;

    if (json_is_object(value))
        return mask_object(value);
    if (json_is_array(value))
        return mask_array(value);
    if (!json_is_string(value) || id_parse(text, &id))
        return true;
    buf_init(&b, TEXT_MAX);
    mask_text(text, &b);
    ok = buf_ok(&b) && (*ret = json_stringn_nocheck(b.p ? b.p : "", b.n));
    buf_finish(&b);
    return ok;
}

/* Takes the root; as text in place of *object. */
static bool write_back(struct arena *a, json_t *root, const char **object)
{
    char *text = root ? json_dumps(root, JSON_COMPACT) : NULL;

    json_decref(root);
    *object = text ? arena_text(a, slice_of(text)) : NULL;
    free(text);
    return *object != NULL;
}

static bool mask_members(struct arena *a, const char **object)
{
    json_t *root, *none = NULL;

    if (!*object || !**object)
        return true;
    root = json_loads(*object, 0, NULL);
    if (root && !mask_json(root, &none)) {
        json_decref(root);
        root = NULL;
    }
    return write_back(a, root, object);
}

bool masking_message(struct arena *a, struct message *m)
{
    return masking_text(a, &m->text) && mask_members(a, &m->extra);
}

bool masking_entry(struct arena *a, struct entry *e)
{
    return mask_members(a, &e->data);
}

bool masking_quoted(struct arena *a, struct message *m)
{
    json_t *root = m->extra ? json_loads(m->extra, 0, NULL) : NULL;

    if (json_object_del(root, "quoted")) { /* there is none */
        json_decref(root);
        return true;
    }
    return write_back(a, root, &m->extra);
}
