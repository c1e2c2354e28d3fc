#include "api/forms.h"

#include "core/utf8.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define WORDED_MAX 65536

/* What the members are called that we ask for ourselves; those of a site's own forms are called what the site calls them. */
static const struct {
    const char *name;
    const char *words[3]; /* by enum form_language */
} members[] = {
    { "name", { "Name", "姓名", "姓名" } },
    { "phone", { "Phone", "电话", "電話" } },
    { "email", { "Email", "邮箱", "電子郵件" } },
    { "text", { "Message", "留言", "留言" } },
    { "contact", { "Contact", "联系方式", "聯絡方式" } },
};

static const char *word_of(const char *name, enum form_language language)
{
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
        if (strcmp(members[i].name, name) == 0)
            return members[i].words[language];
    return name;
}

/* NULL: there is none. The caller's, with *root. */
static json_t *form_of(const char *extra, json_t **root)
{
    json_t *form;

    *root = extra ? json_loads(extra, 0, NULL) : NULL;
    form = json_object_get(*root, "form");
    return json_is_object(form) ? form : NULL;
}

void form_json(struct buf *b, const char *extra)
{
    json_t *root, *form = form_of(extra, &root);
    char *text = form ? json_dumps(form, JSON_COMPACT) : NULL;

    if (text) {
        buf_str(b, ",\"form\":");
        buf_str(b, text);
    } else if (form)
        b->failed = true;
    free(text);
    json_decref(root);
}

bool form_worded(struct arena *a, const char *extra, enum form_language language, struct slice *text)
{
    json_t *root, *form = form_of(extra, &root), *value;
    const char *name;
    struct buf b;
    bool ok;

    buf_init(&b, WORDED_MAX);
    json_object_foreach(form, name, value)
    {
        if (!json_string_length(value))
            continue;
        buf_printf(&b, "%s%s%s%s", b.n ? "\n" : "", word_of(name, language), language == FORM_EN ? ": " : "：", json_string_value(value));
    }
    ok = buf_ok(&b);
    if (ok && b.n) {
        *text = arena_copy(a, buf_slice(&b));
        ok = text->p != NULL;
    }
    buf_finish(&b);
    json_decref(root);
    return ok;
}

static bool cut(json_t *form, size_t cp)
{
    const char *name;
    json_t *value;
    void *next;

    json_object_foreach_safe(form, next, name, value)
    {
        struct slice all = { json_string_value(value), json_string_length(value) }, some = all.n ? utf8_cut(all, cp) : all;

        if (some.n < all.n && json_object_set_new(form, name, json_stringn_nocheck(some.p, some.n)))
            return false;
    }
    return true;
}

bool form_shorten(struct arena *a, const char **extra, size_t cp)
{
    json_t *root, *form = form_of(*extra, &root), *rest = form ? json_pack("{s:O}", "form", form) : NULL;
    char *text = rest && cut(form, cp) ? json_dumps(rest, JSON_COMPACT) : NULL;
    bool ok = !form || text;

    if (text) {
        *extra = arena_text(a, slice_of(text));
        ok = *extra != NULL;
    }
    free(text);
    json_decref(rest);
    json_decref(root);
    return ok;
}
