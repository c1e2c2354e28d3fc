#include "protocols/chosen.h"

#include "protocols/json.h"

static struct slice text_at(const json_t *list, size_t i)
{
    const json_t *v = json_array_get(list, i);

    return (struct slice){ json_string_value(v), json_string_length(v) };
}

static void member(struct buf *b, const char *name, const char *value)
{
    buf_printf(b, ",\"%s\":", name);
    buf_json(b, slice_of(value));
}

static void put_values(struct buf *b, const struct template *t, const struct ready_kind *kind, const struct template_value *values,
                       size_t n)
{
    struct template_blanks in_it;
    struct buf one;

    buf_init(&one, 65536);
    buf_str(b, ",\"values\":[");
    for (size_t i = 0; i < t->n_values; i++) {
        buf_str(b, i ? ",[" : "[");
        buf_json(b, t->values[i].name);
        buf_char(b, ',');
        buf_clear(&one);
        ready_value(kind, t, i, values, n, &one);
        buf_json(b, buf_slice(&one));
        if (!template_read_any(t->values[i].value, &in_it) && in_it.n) {
            buf_char(b, ',');
            buf_json(b, in_it.names[0]);
        }
        buf_char(b, ']');
    }
    buf_char(b, ']');
    if (!template_read_any(slice_of(t->text), &in_it))
        buf_printf(b, ",\"said\":%zu", in_it.n);
    b->failed |= !buf_ok(&one);
    buf_finish(&one);
}

void chosen_write(struct buf *b, const struct template *t, const struct ready_kind *kind, const struct template_value *values, size_t n)
{
    buf_str(b, kind && kind->reply ? "{\"reply\":true,\"key\":" : "{\"key\":");
    buf_json(b, slice_of(t->key.s));
    if (kind)
        member(b, "kind", kind->name);
    member(b, "name", t->name);
    if (t->language)
        member(b, "language", t->language);
    if (t->header != TEMPLATE_NO_HEADER)
        member(b, "header", template_header_name(t->header));
    if (t->blanks.numbered)
        buf_str(b, ",\"numbered\":true");
    buf_str(b, ",\"fields\":[");
    for (size_t i = 0; i < t->blanks.n; i++) {
        buf_str(b, i ? ",[" : "[");
        buf_json(b, t->blanks.names[i]);
        buf_char(b, ',');
        buf_json(b, template_value_of(values, n, t->blanks.names[i]));
        buf_char(b, ']');
    }
    buf_char(b, ']');
    if (kind && t->n_values)
        put_values(b, t, kind, values, n);
    if (t->url_field) {
        buf_str(b, ",\"" TEMPLATE_ADDRESS "\":");
        buf_json(b, template_value_of(values, n, SLICE(TEMPLATE_ADDRESS)));
    }
    buf_char(b, '}');
}

bool chosen_is(const struct message *m)
{
    return m->extra && json_member(slice_of(m->extra), "template").p;
}

bool chosen_ready(const struct message *m)
{
    return m->extra && json_member(slice_of(m->extra), "ready").p;
}

bool chosen_reply(struct slice object)
{
    return object.n && json_member(object, "reply").p;
}

struct slice chosen_value(const struct chosen *c, const char *name)
{
    return template_value_of(c->values, c->n_values, slice_of(name));
}

static enum template_header header_of(struct slice word)
{
    for (enum template_header h = TEMPLATE_IMAGE; h <= TEMPLATE_DOCUMENT; h++)
        if (slice_is(word, template_header_name(h)))
            return h;
    return TEMPLATE_NO_HEADER;
}

/* [["name","value","blank"?],…], as many as there is room for. False: no memory. */
static bool read_pairs(struct arena *a, const json_t *list, struct template_value *ret, struct slice *blanks, size_t max, size_t *n)
{
    for (size_t i = 0; i < json_array_size(list) && i < max; i++) {
        const json_t *one = json_array_get(list, i);
        struct template_value *v = &ret[*n];

        v->name = arena_copy(a, text_at(one, 0));
        v->value = arena_copy(a, text_at(one, 1));
        if (blanks)
            blanks[*n] = arena_copy(a, text_at(one, 2));
        if (!v->name.p || !v->value.p || (blanks && !blanks[*n].p))
            return false;
        (*n)++;
    }
    return true;
}

enum kf_rc chosen_read(struct arena *a, const struct message *m, struct chosen *ret)
{
    struct slice text = json_member(slice_of(m->extra), chosen_ready(m) ? "ready" : "template");
    struct json_keep keep = { .arena = a };
    int64_t said;
    json_t *root;

    if (!text.p)
        return KF_ABSENT;
    root = json_read(a, text, JSON_OF_SETTINGS, NULL);
    if (!root)
        return KF_NOMEM; /* it is ours: it can be read */
    *ret = (struct chosen){ .kind = json_get_text(&keep, root, "kind"),
                            .name = json_get_text(&keep, root, "name"),
                            .language = json_get_text(&keep, root, "language"),
                            .url = json_get_text(&keep, root, TEMPLATE_ADDRESS),
                            .header = header_of(json_get_text(&keep, root, "header")),
                            .numbered = json_get_bool(root, "numbered", false) };
    keep.failed |= !read_pairs(a, json_object_get(root, "fields"), ret->fields, NULL, TEMPLATE_BLANKS, &ret->n);
    keep.failed |= !read_pairs(a, json_object_get(root, "values"), ret->values, ret->blanks, TEMPLATE_VALUES, &ret->n_values);
    ret->n_said = ret->n;
    if (json_get_i64(root, "said", &said) && said >= 0 && (size_t)said < ret->n)
        ret->n_said = (size_t)said;
    json_decref(root);
    return keep.failed ? KF_NOMEM : KF_OK;
}
