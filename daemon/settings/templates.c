/* templates.c: the templates of a channel: wording that its platform has approved, as it stands in the channel's document. */
#include "core/template.h"
#include "settings/kinds.h"

#include <jansson.h>
#include <stdio.h>

#define TEMPLATES_MAX 50

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

#define IN_TEMPLATE(member) .at = offsetof(struct template, member)

static const struct key template_keys[] = {
    { "key", KEY_WORD, .required = true, IN_TEMPLATE(key), .help = "what it is called here; no two of a channel are called the same" },
    { "title", KEY_TEXT, .required = true, .min = 1, .max = 80, IN_TEMPLATE(title), .help = "what agents choose it by" },
    { "name", KEY_TEXT, .required = true, .min = 1, .max = 512, .fits = fits_plain, .form = "letters, digits and signs without blanks",
      IN_TEMPLATE(name), .help = "what the platform calls it: its name, or its id" },
    { "language", KEY_TEXT, .min = 2, .max = 16, .fits = fits_plain, .form = "a language as the platform writes it, such as zh_CN",
      IN_TEMPLATE(language), .help = "its language, as the platform writes it" },
    { "text", KEY_TEXT, .required = true, .min = 1, .max = TEMPLATE_TEXT_MAX, IN_TEMPLATE(text),
      .help = "the wording as it was approved, with its blanks: {{1}}, {{name}} or {{thing1.DATA}}" },
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
    if (template_read(slice_of(t->text), &t->blanks, &wrong))
        return keys_fail(at, "%s", wrong.text);
    if (t->n_fields && t->n_fields != t->blanks.n)
        return keys_fail(at, "fields has %zu entries, the text %zu blanks: one for each", t->n_fields, t->blanks.n);
    for (size_t k = 0; t->url_field && k < t->blanks.n; k++)
        if (slice_is(t->blanks.names[k], TEMPLATE_ADDRESS))
            return keys_fail(at, "text: beside url_field no blank may be called " TEMPLATE_ADDRESS);
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
