#include "settings/keys.h"

#include "core/id.h"
#include "core/person.h"
#include "core/utf8.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define DEPTH_MAX 16

/* The member that the words begin with. */
static void name_field(struct kf_err *why, const char *path, const char *text)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";
    size_t n;

    text += *text == '"';
    n = strspn(text, letters);
    (void)snprintf(why->field, sizeof(why->field), "%s%.*s", path, (int)(n < 40 ? n : 40), text);
}

enum kf_rc keys_fail(const struct keys_at *at, const char *fmt, ...)
{
    const char *path = at->path ? at->path : "";
    char text[200];
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    if (at->why)
        name_field(at->why, path, text);
    return kf_fail(at->why, KF_INVALID, "%s: %s%s", at->what, path, text);
}

enum kf_rc keys_nomem(const struct keys_at *at)
{
    return kf_fail(at->why, KF_NOMEM, "%s: out of memory", at->what);
}

/* ---- the text ----------------------------------------------------------------------------------------------------------- */

/* Before the parser sees it, for the parser recurses. Brackets inside strings do not count. */
static bool too_deep(struct slice text)
{
    int depth = 0;
    bool quoted = false;

    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];

        if (quoted) {
            i += c == '\\';
            quoted = c != '"';
        } else if (c == '"')
            quoted = true;
        else if (c == '{' || c == '[') {
            if (++depth > DEPTH_MAX)
                return true;
        } else if (c == '}' || c == ']')
            depth--;
    }
    return false;
}

enum kf_rc keys_json(const struct keys_at *at, struct slice text, json_t **ret)
{
    json_error_t error;
    json_t *root;

    if (too_deep(text))
        return kf_fail(at->why, KF_INVALID, "%s: more than %d levels", at->what, DEPTH_MAX);
    root = json_loadb(text.p, text.n, JSON_REJECT_DUPLICATES, &error);
    if (!root)
        return kf_fail(at->why, KF_INVALID, "%s: line %d, column %d: %s", at->what, error.line, error.column, error.text);
    *ret = root;
    return KF_OK;
}

/* ---- what is allowed, in words ------------------------------------------------------------------------------------------ */

static const char *type_words(enum key_type type)
{
    switch (type) {
    case KEY_TEXT:
    case KEY_CHOICE:
        return "a text";
    case KEY_INT:
    case KEY_SMALL:
        return "a whole number";
    case KEY_BOOL:
        return "true or false";
    case KEY_WORD:
        return "a word of 1 to 32 of a-z, 0-9, _ and -";
    case KEY_WORDS:
    case KEY_SKILLS:
    case KEY_TEXTS:
    case KEY_CHOICES:
        return "a list of texts";
    case KEY_OBJECT:
    case KEY_OTHER:
    case KEY_ANY:
    default:
        return "an object";
    }
}

static enum kf_rc wrong_type(const struct keys_at *at, const struct key *k)
{
    return keys_fail(at, "%s must be %s", k->name, type_words(k->type));
}

/* The names of a table: as many as have room, whole, and a mark if there are more. */
static void all_names(const struct key *table, char *ret, size_t size)
{
    static const char more[] = ", …";
    size_t n = 0;

    ret[0] = '\0';
    for (const struct key *k = table; k->name; k++) {
        size_t need = strlen(k->name) + (n ? 2 : 0);

        if (n + need + (k[1].name ? sizeof(more) : 1) > size) {
            (void)snprintf(ret + n, size - n, "%s", more);
            return;
        }
        n += (size_t)snprintf(ret + n, size - n, "%s%s", n ? ", " : "", k->name);
    }
}

static const struct key *find(const struct key *table, const char *name)
{
    for (const struct key *k = table; k->name; k++)
        if (strcmp(k->name, name) == 0)
            return k;
    return NULL;
}

/* ---- one value ---------------------------------------------------------------------------------------------------------- */

#define AT(into, offset, type) ((type *)(void *)((char *)(into) + (offset)))

static struct slice text_of(const json_t *value)
{
    return (struct slice){ json_string_value(value), json_string_length(value) };
}

static enum kf_rc check_text(const struct keys_at *at, const struct key *k, struct slice text)
{
    size_t n = utf8_length(text);

    if (k->type == KEY_TEXT && (n < (size_t)k->min || n > (size_t)k->max))
        return keys_fail(at, "%s has %zu characters; allowed are %lld to %lld", k->name, n, (long long)k->min, (long long)k->max);
    if (k->fits && !k->fits(text))
        return keys_fail(at, "%s must be %s", k->name, k->form);
    return KF_OK;
}

static enum kf_rc take_text(const struct keys_at *at, const struct key *k, const json_t *value, void *into)
{
    enum kf_rc rc = check_text(at, k, text_of(value));
    const char *text;

    if (rc)
        return rc;
    text = arena_text(at->arena, text_of(value));
    if (!text)
        return keys_nomem(at);
    *AT(into, k->at, const char *) = text;
    return KF_OK;
}

static enum kf_rc take_int(const struct keys_at *at, const struct key *k, const json_t *value, void *into)
{
    long long v = json_integer_value(value);

    if (v < k->min || v > k->max)
        return keys_fail(at, "%s is %lld; allowed is %lld to %lld", k->name, v, (long long)k->min, (long long)k->max);
    if (k->type == KEY_SMALL)
        *AT(into, k->at, int) = (int)v;
    else
        *AT(into, k->at, int64_t) = v;
    return KF_OK;
}

static enum kf_rc take_word(const struct keys_at *at, const struct key *k, const json_t *value, struct kf_key *ret)
{
    return json_is_string(value) && key_parse(text_of(value), ret) ? KF_OK : keys_fail(at, "%s must be %s", k->name, type_words(KEY_WORD));
}

/* The number of the word among the choices, -1: none of them. */
static int choice_of(const char *choices, struct slice word)
{
    int ret = 0;

    for (const char *p = choices; *p; ret++) {
        size_t n = strcspn(p, " ");

        if (slice_eq(word, (struct slice){ p, n }))
            return ret;
        p += n;
        p += *p == ' ';
    }
    return -1;
}

static enum kf_rc take_choice(const struct keys_at *at, const struct key *k, const json_t *value, int *ret)
{
    int i = json_is_string(value) ? choice_of(k->choices, text_of(value)) : -1;

    if (i < 0)
        return keys_fail(at, "%s must be one of: %s", k->name, k->choices);
    *ret = i;
    return KF_OK;
}

static enum kf_rc take_object(const struct keys_at *at, const struct key *k, const json_t *value, void *into)
{
    char *text = json_dumps(value, JSON_COMPACT);
    const char *copy = text ? arena_text(at->arena, slice_of(text)) : NULL;

    free(text);
    if (!copy)
        return keys_nomem(at);
    *AT(into, k->at, const char *) = copy;
    return KF_OK;
}

static enum kf_rc take_list(const struct keys_at *at, const struct key *k, const json_t *list, void *into)
{
    size_t n = json_array_size(list);
    const char **texts = NULL;
    enum kf_rc rc = KF_OK;

    if (n < (size_t)k->min || n > (size_t)k->max)
        return keys_fail(at, "%s has %zu entries; allowed are %lld to %lld", k->name, n, (long long)k->min, (long long)k->max);
    if (k->type == KEY_TEXTS && !(texts = arena_array(at->arena, n + 1, sizeof(*texts))))
        return keys_nomem(at);
    for (size_t i = 0; i < n && !rc; i++) {
        const json_t *value = json_array_get(list, i);
        int bit = 0;

        if (!json_is_string(value))
            rc = wrong_type(at, k);
        else if (k->type == KEY_WORDS)
            rc = take_word(at, k, value, AT(into, k->at, struct kf_key) + i);
        else if (k->type == KEY_SKILLS) {
            if (!skill_parse(text_of(value), AT(into, k->at, struct kf_key) + i, AT(into, k->levels, uint8_t) + i))
                rc = keys_fail(at, "%s must be words of a-z, 0-9, _ and -, each with a level such as :4 if it likes", k->name);
        } else if (k->type == KEY_CHOICES) {
            rc = take_choice(at, k, value, &bit);
            *AT(into, k->at, unsigned) |= 1U << bit;
        } else if (!(rc = check_text(at, k, text_of(value))) && !(texts[i] = arena_text(at->arena, text_of(value))))
            rc = keys_nomem(at);
    }
    if (rc || k->type == KEY_CHOICES)
        return rc;
    if (texts)
        *AT(into, k->at, const char **) = texts;
    *AT(into, k->count, size_t) = n;
    return KF_OK;
}

static bool is_of_type(const struct key *k, const json_t *value)
{
    switch (k->type) {
    case KEY_TEXT:
    case KEY_WORD:
    case KEY_CHOICE:
        return json_is_string(value);
    case KEY_INT:
    case KEY_SMALL:
        return json_is_integer(value);
    case KEY_BOOL:
        return json_is_boolean(value);
    case KEY_WORDS:
    case KEY_SKILLS:
    case KEY_TEXTS:
    case KEY_CHOICES:
        return json_is_array(value);
    case KEY_ANY:
        return true;
    case KEY_OBJECT:
    case KEY_OTHER:
    default:
        return json_is_object(value);
    }
}

static enum kf_rc take(const struct keys_at *at, const struct key *k, json_t *value, void *into)
{
    if (!is_of_type(k, value))
        return wrong_type(at, k);
    switch (k->type) {
    case KEY_TEXT:
        return take_text(at, k, value, into);
    case KEY_INT:
    case KEY_SMALL:
        return take_int(at, k, value, into);
    case KEY_BOOL:
        *AT(into, k->at, bool) = json_is_true(value);
        return KF_OK;
    case KEY_WORD:
        return take_word(at, k, value, AT(into, k->at, struct kf_key));
    case KEY_CHOICE:
        return take_choice(at, k, value, AT(into, k->at, int));
    case KEY_WORDS:
    case KEY_SKILLS:
    case KEY_TEXTS:
    case KEY_CHOICES:
        return take_list(at, k, value, into);
    case KEY_OBJECT:
        return take_object(at, k, value, into);
    case KEY_OTHER:
    case KEY_ANY:
    default:
        return k->take(at, k, value, into);
    }
}

/* A default is ours: it fits. */
static void set_default(const struct key *k, void *into)
{
    if (!k->def)
        return;
    switch (k->type) {
    case KEY_INT:
        *AT(into, k->at, int64_t) = strtoll(k->def, NULL, 10);
        break;
    case KEY_SMALL:
        *AT(into, k->at, int) = (int)strtol(k->def, NULL, 10);
        break;
    case KEY_BOOL:
        *AT(into, k->at, bool) = strcmp(k->def, "true") == 0;
        break;
    case KEY_WORD:
        (void)key_parse(slice_of(k->def), AT(into, k->at, struct kf_key));
        break;
    case KEY_CHOICE:
        *AT(into, k->at, int) = choice_of(k->choices, slice_of(k->def));
        break;
    default:
        *AT(into, k->at, const char *) = k->def;
        break;
    }
}

enum kf_rc keys_read(const struct keys_at *at, const struct key *table, json_t *object, void *into)
{
    const char *name;
    json_t *value;

    if (!json_is_object(object))
        return keys_fail(at, "must be an object");
    json_object_foreach(object, name, value)
    {
        if (!find(table, name)) {
            char names[110]; /* the words of an error hold no more, with the rest of the sentence */

            all_names(table, names, sizeof(names));
            return keys_fail(at, "\"%.32s\" is not known here; allowed are %s", name, names);
        }
    }
    for (const struct key *k = table; k->name; k++) {
        enum kf_rc rc;

        value = json_object_get(object, k->name);
        if (!value && k->required)
            return keys_fail(at, "%s is missing: %s", k->name, k->help);
        if (!value)
            set_default(k, into);
        else if ((rc = take(at, k, value, into)))
            return rc;
    }
    return KF_OK;
}
