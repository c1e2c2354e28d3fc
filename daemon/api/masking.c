#include "api/masking.h"

#include "core/id.h"
#include "core/mask.h"
#include "core/utf8.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX  (1U << 20)
#define WHOLE_MAX 1e30
#define NUMBER    40

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

/* ---- forms: each member as the line that it is in the text, for its name may say what the value is -------------------------------------- */

/* NULL: it is no number and no text. */
static const char *words_of(const json_t *value, char number[NUMBER])
{
    double real = json_real_value(value);

    if (!json_is_number(value))
        return json_string_value(value);
    if (json_is_integer(value))
        (void)snprintf(number, NUMBER, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    else /* 4111111111111111.0 is the number of a card */
        (void)snprintf(number, NUMBER, fabs(real) < WHOLE_MAX && !(floor(real) < real) ? "%.0f" : "%.17g", real);
    return number;
}

/* "name: words" masked; returns where the words begin: masking keeps the number of characters. */
static size_t mask_line(const char *name, const char *words, struct buf *ret)
{
    struct buf plain;
    size_t at = 0;

    buf_init(&plain, TEXT_MAX);
    buf_printf(&plain, "%s: %s", name, words);
    if (buf_ok(&plain))
        mask_text(buf_slice(&plain), ret);
    else
        ret->failed = true;
    buf_finish(&plain);
    for (size_t i = utf8_length(slice_of(name)) + 2; i && at < ret->n; i--)
        (void)utf8_next(buf_slice(ret), &at);
    return at;
}

/* NULL: no memory. */
static json_t *masked_value(const char *name, json_t *value)
{
    char number[NUMBER];
    const char *words = words_of(value, number);
    struct buf line;
    json_t *ret = NULL;
    size_t at;

    if (!words)
        return json_incref(value);
    buf_init(&line, TEXT_MAX);
    at = mask_line(name, words, &line);
    if (buf_ok(&line) && slice_is((struct slice){ line.p + at, line.n - at }, words))
        ret = json_incref(value);
    else if (buf_ok(&line))
        ret = json_stringn_nocheck(line.p + at, line.n - at);
    buf_finish(&line);
    return ret;
}

static json_t *masked_list(const char *name, const json_t *list)
{
    json_t *ret = json_array();

    for (size_t i = 0; i < json_array_size(list); i++)
        if (json_array_append_new(ret, masked_value(name, json_array_get(list, i)))) {
            json_decref(ret);
            return NULL;
        }
    return ret;
}

static json_t *masked_form(json_t *form)
{
    json_t *ret = json_object(), *value;
    const char *name;
    bool ok = ret;

    json_object_foreach(form, name, value)
    {
        struct buf shown;

        buf_init(&shown, TEXT_MAX);
        mask_text(slice_of(name), &shown);
        buf_char(&shown, '\0');
        ok = ok && buf_ok(&shown) &&
             !json_object_set_new_nocheck(ret, shown.p, json_is_array(value) ? masked_list(name, value) : masked_value(name, value));
        buf_finish(&shown);
    }
    if (ok)
        return ret;
    json_decref(ret);
    return NULL;
}

/* ---- whatever has texts ----------------------------------------------------------------------------------------------------------------- */

static bool mask_json(json_t *value, json_t **ret);

static bool mask_object(json_t *object)
{
    const char *name;
    json_t *value;
    void *next;

    json_object_foreach_safe(object, next, name, value)
    {
        json_t *masked = NULL;
        bool form = strcmp(name, "form") == 0 && json_is_object(value);

        if (form ? !(masked = masked_form(value)) : !mask_json(value, &masked))
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
