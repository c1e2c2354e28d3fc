/* templates.c: the templates of a channel: wording that its platform has approved, and what it has ready, as it stands in the channel's
 * document. */
#include "core/template.h"
#include "core/utf8.h"
#include "settings/kinds.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#define TEMPLATES_MAX 50
#define VALUE_MAX     1024 /* bytes */

static bool fits_label(struct slice s)
{
    return s.n && s.n <= 120;
}

/* It goes into requests as it is. */
static bool fits_plain(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] <= ' ' || s.p[i] > '~')
            return false;
    return s.n > 0;
}

/* By their names, so that blanks stand in one order, whatever has written the object. */
static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct template_value *)a)->name.p, ((const struct template_value *)b)->name.p);
}

static enum kf_rc take_values(const struct keys_at *at, const struct key *k, json_t *object, void *into)
{
    struct template *t = into;
    struct template_value *all = arena_array(at->arena, TEMPLATE_VALUES, sizeof(*all));
    const char *name;
    json_t *value;

    (void)k;
    if (!all)
        return keys_nomem(at);
    if (json_object_size(object) > TEMPLATE_VALUES)
        return keys_fail(at, "values has %zu members; allowed are at most %d", json_object_size(object), TEMPLATE_VALUES);
    json_object_foreach(object, name, value)
    {
        struct slice text = { json_string_value(value), json_string_length(value) };

        if (!json_is_string(value) || utf8_blank(text) || text.n > VALUE_MAX || !utf8_one_line(text))
            return keys_fail(at, "values.%.*s must be a text of one line, of 1 to %d bytes", (int)utf8_cut(slice_of(name), 32).n, name,
                             VALUE_MAX);
        all[t->n_values].name = arena_copy(at->arena, slice_of(name));
        all[t->n_values].value = arena_copy(at->arena, text);
        if (!all[t->n_values].name.p || !all[t->n_values].value.p)
            return keys_nomem(at);
        t->n_values++;
    }
    qsort(all, t->n_values, sizeof(*all), by_name);
    t->values = all;
    return KF_OK;
}

#define IN_TEMPLATE(member) .at = offsetof(struct template, member)

static const struct key template_keys[] = {
    { "key", KEY_WORD, .required = true, IN_TEMPLATE(key), .help = "what it is called here; no two of a channel are called the same" },
    { "title", KEY_TEXT, .required = true, .min = 1, .max = 80, IN_TEMPLATE(title), .help = "what agents choose it by" },
    { "name", KEY_TEXT, .required = true, .min = 1, .max = 512, .fits = fits_plain, .form = "letters, digits and signs without blanks",
      IN_TEMPLATE(name), .help = "what the platform calls it: its name, or its id" },
    { "kind", KEY_TEXT, .min = 1, .max = 32, .fits = fits_plain, .form = "a word, as the channel has it", IN_TEMPLATE(kind),
      .help = "something that the platform has ready, of a kind that the channel knows; else wording that was approved" },
    { "language", KEY_TEXT, .min = 2, .max = 16, .fits = fits_plain, .form = "a language as the platform writes it, such as zh_CN",
      IN_TEMPLATE(language), .help = "its language, as the platform writes it" },
    { "text", KEY_TEXT, .required = true, .min = 1, .max = TEMPLATE_TEXT_MAX, IN_TEMPLATE(text),
      .help =
          "the wording as it was approved, with its blanks: {{1}}, {{name}} or {{thing1.DATA}}; of a kind what it says, or what it is" },
    { "values", KEY_OTHER, .take = take_values,
      .help = "of a kind: what it is made of besides, by the channel's names; blanks may stand there" },
    { "fields", KEY_TEXTS, .max = TEMPLATE_BLANKS, .fits = fits_label, .form = "a list of texts of 1 to 120 bytes", IN_TEMPLATE(fields),
      .count = offsetof(struct template, n_fields), .help = "what agents are asked for, one for each blank; else the blank's name" },
    { "header", KEY_CHOICE, .choices = "none image video document", .def = "none", IN_TEMPLATE(header),
      .help = "the file that stands above the words" },
    { "url_field", KEY_TEXT, .min = 1, .max = 40, IN_TEMPLATE(url_field),
      .help = "what agents are asked for where an address opens at a tap" },
    { 0 },
};

/* What the table cannot tell of the i-th, beside those before it. */
static enum kf_rc finish(const struct keys_at *at, struct template *all, size_t i)
{
    struct template *t = &all[i];
    struct kf_err wrong = { .rc = KF_OK };

    for (size_t k = 0; k < i; k++)
        if (key_eq(&all[k].key, &t->key))
            return keys_fail(at, "key: %s is there twice", t->key.s);
    if (template_blanks(t, &t->blanks, &wrong))
        return keys_fail(at, "%s", wrong.text);
    if (t->n_fields && t->n_fields != t->blanks.n)
        return keys_fail(at, "fields has %zu entries, the text %zu blanks: one for each", t->n_fields, t->blanks.n);
    for (size_t k = 0; (t->url_field || t->n_values) && k < t->blanks.n; k++)
        if (slice_is(t->blanks.names[k], TEMPLATE_ADDRESS))
            return keys_fail(at, "text: beside %s no blank may be called " TEMPLATE_ADDRESS, t->url_field ? "url_field" : "values");
    return KF_OK;
}

enum kf_rc templates_take(const struct keys_at *at, const struct key *k, json_t *list, void *into)
{
    struct site_channel *ch = into;
    size_t n = json_array_size(list);
    struct template *all;

    (void)k;
    if (!json_is_array(list) || n > TEMPLATES_MAX)
        return keys_fail(at, "templates must be a list of at most %d templates", TEMPLATES_MAX);
    all = arena_array(at->arena, n + 1, sizeof(*all));
    if (!all)
        return keys_nomem(at);
    for (size_t i = 0; i < n; i++) {
        struct keys_at inner = *at;
        char path[24];
        enum kf_rc rc;

        (void)snprintf(path, sizeof(path), "templates[%zu].", i);
        inner.path = path;
        if ((rc = keys_read(&inner, template_keys, json_array_get(list, i), &all[i])) || (rc = finish(&inner, all, i)))
            return rc;
    }
    ch->templates = all;
    ch->n_templates = n;
    return KF_OK;
}
