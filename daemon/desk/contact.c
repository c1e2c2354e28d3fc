/* contact.c: forms that visitors fill in, which say how they can be reached. */
#include "core/reach.h"
#include "core/utf8.h"
#include "desk/inner.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#define PHONE_FORM "5 to 15 digits, perhaps a + in front"

static void form_lines(struct slice form, struct buf *ret)
{
    json_t *root = json_loadb(form.p, form.n, 0, NULL);
    const char *key;
    json_t *value;

    json_object_foreach(root, key, value)
    {
        if (!json_is_string(value) || !json_string_length(value))
            continue;
        if (ret->n)
            buf_char(ret, '\n');
        buf_printf(ret, "%s: %s", key, json_string_value(value));
    }
    json_decref(root);
}

/* A form's members as lines of text: what search finds and what pages without forms show. */
struct slice form_text(struct change *c, struct slice form)
{
    struct slice ret;
    struct buf b;

    buf_init(&b, 16384);
    form_lines(form, &b);
    ret = change_slice(c, buf_slice(&b));
    buf_finish(&b);
    return ret;
}

static bool phone_fits(const char *value)
{
    char text[REACH_TEXT];

    return reach_phone(slice_of(value), text);
}

static bool mail_fits(const char *value)
{
    char text[REACH_TEXT];

    return reach_mail(slice_of(value), text);
}

static bool either_fits(const char *value)
{
    return phone_fits(value) || mail_fits(value);
}

/* Whoever asks for one of these needs one of them to answer. */
static const struct {
    const char *name;
    bool (*fits)(const char *value);
    const char *words;
} ways[] = {
    { "contact", either_fits, "not a phone number (" PHONE_FORM ") or a mail address" },
    { "phone", phone_fits, "not a phone number: " PHONE_FORM },
    { "email", mail_fits, "not a mail address: name@host" },
};

/* The text of that member; NULL: it has none, "": nothing can be seen in it. */
static const char *filled(const json_t *form, const char *name)
{
    const json_t *v = json_object_get(form, name);

    if (!v || json_is_null(v))
        return NULL;
    if (!json_is_string(v))
        return "?"; /* neither a number nor an address is written otherwise */
    return utf8_blank(slice_of(json_string_value(v))) ? "" : json_string_value(v);
}

static enum kf_rc wrong(struct kf_err *why, const char *member, const char *words, const char *wording)
{
    why->wording = wording;
    (void)snprintf(why->field, sizeof(why->field), "%s", member);
    return kf_fail(why, KF_INVALID, "form: %s: %s", member, words);
}

static enum kf_rc unreachable(struct kf_err *why, const char *member, const char *words)
{
    return wrong(why, member, words, "contact_wrong");
}

enum kf_rc form_check(struct slice form, struct kf_err *why)
{
    json_t *root = json_loadb(form.p, form.n, 0, NULL);
    const char *asked = NULL, *text = filled(root, "text");
    enum kf_rc rc = KF_OK;
    bool reached = false;

    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]) && !rc; i++) {
        const char *value = filled(root, ways[i].name);

        if (value && !asked)
            asked = ways[i].name;
        if (value && *value && !ways[i].fits(value))
            rc = unreachable(why, ways[i].name, ways[i].words);
        reached |= value && *value;
    }
    if (!rc && asked && !reached)
        rc = unreachable(why, asked, "is empty: a phone number (" PHONE_FORM ") or a mail address");
    else if (!rc && asked && text && !*text)
        rc = wrong(why, "text", "is empty: what it is about", "form_empty");
    json_decref(root);
    return rc;
}

enum kf_rc desk_form_tried(struct slice form, struct buf *ret, struct kf_err *why)
{
    enum kf_rc rc = form_check(form, why);

    if (!rc)
        form_lines(form, ret);
    return rc;
}

/* The member of the profile that this one of a form becomes, and its value written one way; NULL: none. */
static const char *known_as(const json_t *form, const char *name, const char **value, char text[REACH_TEXT])
{
    *value = json_string_value(json_object_get(form, name));
    if (!*value || !**value)
        return NULL;
    if (strcmp(name, "name") == 0)
        return name;
    if (!(strcmp(name, "email") != 0 && reach_phone(slice_of(*value), text)) &&
        !(strcmp(name, "phone") != 0 && reach_mail(slice_of(*value), text)))
        return NULL;
    *value = text;
    return strchr(text, '@') ? "email" : "phone";
}

const char *form_profile(struct change *c, struct slice form)
{
    static const char *const members[] = { "name", "phone", "email", "contact" };
    json_t *root = json_loadb(form.p, form.n, 0, NULL);
    const char *ret;
    struct buf b;

    buf_init(&b, 4096);
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        char text[REACH_TEXT];
        const char *value, *as = known_as(root, members[i], &value, text), *own;

        own = as ? json_string_value(json_object_get(root, as)) : NULL;
        if (!as || (strcmp(members[i], "contact") == 0 && own && *own)) /* which of two it is, its own member says */
            continue;
        buf_printf(&b, "%s\"%s\":", b.n ? "," : "{", as);
        buf_json(&b, slice_of(value));
    }
    json_decref(root);
    if (b.n)
        buf_char(&b, '}');
    ret = b.n && buf_ok(&b) ? change_text(c, buf_slice(&b)) : NULL;
    buf_finish(&b);
    return ret;
}
