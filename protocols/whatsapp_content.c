/* whatsapp_content.c: what a message of WhatsApp says: words, files, places, people, orders, choices, and what is done to another message. */
#include "protocols/whatsapp_reading.h"

/* ---- members --------------------------------------------------------------------------------------------------------------- */

struct slice whatsapp_text(struct reading *r, const json_t *obj, const char *name)
{
    return json_get_text(&r->keep, obj, name);
}

struct slice whatsapp_kept(struct reading *r, struct buf *b)
{
    struct slice ret = buf_copy(b, r->arena);

    r->keep.failed |= !ret.p;
    buf_finish(b);
    return ret;
}

struct slice whatsapp_put(struct reading *r, const char *before, struct slice s, const char *between, struct slice more)
{
    char *ret = arena_printf(r->arena, "%s%.*s%s%.*s", before, (int)s.n, s.p ? s.p : "", between, (int)more.n, more.p ? more.p : "");

    r->keep.failed |= !ret;
    return slice_of(ret);
}

void whatsapp_line(struct reading *r, struct buf *b, const json_t *obj, const char *name)
{
    struct slice s = whatsapp_text(r, obj, name);

    if (s.n && b->n)
        buf_char(b, '\n');
    buf_add(b, s);
}

/* ---- contents -------------------------------------------------------------------------------------------------------------- */

/* False: not as its type asks. */
typedef bool content(struct reading *r, const json_t *v, struct inbound *in);

static bool read_text(struct reading *r, const json_t *v, struct inbound *in)
{
    in->text = whatsapp_text(r, v, "body");
    return in->text.n > 0;
}

static bool read_file(struct reading *r, const json_t *v, struct inbound *in, enum inbound_type type)
{
    struct media *m = ARENA_NEW(r->arena, struct media);
    struct url where;

    in->type = type;
    if (!m) {
        r->keep.failed = true;
        return false;
    }
    m->type = type;
    m->id = whatsapp_text(r, v, "id");
    m->mime = whatsapp_text(r, v, "mime_type");
    m->name = whatsapp_text(r, v, "filename");
    m->url = whatsapp_text(r, v, "url");
    if (!url_parse(m->url, &where)) /* its id says where it is, too */
        m->url = (struct slice){ NULL, 0 };
    m->sha256 = whatsapp_text(r, v, "sha256");
    in->text = whatsapp_text(r, v, "caption");
    in->media = m;
    in->n_media = m->id.n > 0;
    return m->id.n > 0;
}

static bool read_image(struct reading *r, const json_t *v, struct inbound *in)
{
    return read_file(r, v, in, TYPE_IMAGE);
}

static bool read_video(struct reading *r, const json_t *v, struct inbound *in)
{
    return read_file(r, v, in, TYPE_VIDEO);
}

static bool read_audio(struct reading *r, const json_t *v, struct inbound *in)
{
    return read_file(r, v, in, TYPE_AUDIO);
}

static bool read_document(struct reading *r, const json_t *v, struct inbound *in)
{
    return read_file(r, v, in, TYPE_FILE);
}

static bool read_sticker(struct reading *r, const json_t *v, struct inbound *in)
{
    return read_file(r, v, in, TYPE_STICKER);
}

static bool degrees(const json_t *v, const char *name, double max, double *ret)
{
    const char *s = json_string_value(json_object_get(v, name));
    char *end = NULL;

    if (!json_get_real(v, name, ret)) {
        *ret = s ? strtod(s, &end) : 0;
        if (!s || end == s || *end)
            return false;
    }
    return *ret >= -max && *ret <= max;
}

static bool read_location(struct reading *r, const json_t *v, struct inbound *in)
{
    struct buf b;

    in->type = TYPE_LOCATION;
    buf_init(&b, LINES_MAX);
    whatsapp_line(r, &b, v, "name");
    whatsapp_line(r, &b, v, "address");
    whatsapp_line(r, &b, v, "url"); /* of the place's own page: where it lies a map says */
    in->text = whatsapp_kept(r, &b);
    return degrees(v, "latitude", 90, &in->lat) && degrees(v, "longitude", 180, &in->lon);
}

static void each_line(struct reading *r, struct buf *b, const json_t *list, const char *name)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        whatsapp_line(r, b, json_array_get(list, i), name);
}

/* On one line, as far as it is known. */
static void where_line(struct reading *r, struct buf *b, const json_t *address)
{
    static const char *const members[] = { "street", "zip", "city", "state", "country" };
    bool any = false;

    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        struct slice s = whatsapp_text(r, address, members[i]);

        if (!s.n)
            continue;
        buf_str(b, any ? ", " : b->n ? "\n" : "");
        buf_add(b, s);
        any = true;
    }
}

static bool read_contacts(struct reading *r, const json_t *v, struct inbound *in)
{
    struct buf b;

    in->type = TYPE_CONTACT;
    buf_init(&b, LINES_MAX);
    for (size_t i = 0; i < json_array_size(v); i++) {
        const json_t *c = json_array_get(v, i), *where = json_object_get(c, "addresses");

        whatsapp_line(r, &b, json_object_get(c, "name"), "formatted_name");
        whatsapp_line(r, &b, json_object_get(c, "org"), "company");
        each_line(r, &b, json_object_get(c, "phones"), "phone");
        each_line(r, &b, json_object_get(c, "emails"), "email");
        each_line(r, &b, json_object_get(c, "urls"), "url");
        for (size_t k = 0; k < json_array_size(where); k++)
            where_line(r, &b, json_array_get(where, k));
        whatsapp_line(r, &b, c, "birthday");
    }
    in->text = whatsapp_kept(r, &b);
    return in->text.n > 0;
}

static void add_value(struct reading *r, struct buf *b, const json_t *obj, const char *name)
{
    const json_t *value = json_object_get(obj, name);

    buf_add(b, json_is_boolean(value) ? slice_of(json_is_true(value) ? "yes" : "no") : whatsapp_text(r, obj, name));
}

/* One value, or what was ticked of several. Nothing of what says nothing. */
static void answer_line(struct reading *r, struct buf *b, const json_t *fields, const char *name)
{
    const json_t *value = json_object_get(fields, name);
    size_t before = b->n, began;
    json_t *one;
    size_t i;

    buf_printf(b, "%s%s: ", b->n ? "\n" : "", name);
    began = b->n;
    if (!json_is_array(value))
        add_value(r, b, fields, name);
    json_array_foreach(value, i, one)
    {
        json_t *box = json_pack("{s:O}", "v", one);

        buf_printf(b, "%s", b->n > began ? ", " : "");
        add_value(r, b, box, "v");
        json_decref(box);
    }
    if (b->n == began)
        b->n = before;
}

/* A form that was filled in: its fields, a line each. False: they cannot be read. */
static bool read_flow(struct reading *r, const json_t *v, struct inbound *in)
{
    const json_t *value;
    const char *name;
    json_t *fields;
    bool answered;
    struct buf b;

    in->payload = whatsapp_text(r, v, "response_json");
    fields = in->payload.n ? json_read(r->arena, in->payload, JSON_OF_PLATFORMS, NULL) : NULL;
    buf_init(&b, LINES_MAX);
    whatsapp_line(r, &b, v, "body");
    json_object_foreach(fields, name, value)
    {
        (void)value;
        if (strcmp(name, "flow_token") != 0)
            answer_line(r, &b, fields, name);
    }
    answered = json_is_object(fields);
    json_decref(fields);
    if (!b.n)
        whatsapp_line(r, &b, v, "name");
    in->text = whatsapp_kept(r, &b);
    return answered;
}

static bool read_choice(struct reading *r, const json_t *v, struct inbound *in)
{
    in->payload = whatsapp_text(r, v, "id");
    in->text = whatsapp_text(r, v, "title");
    return in->payload.n > 0;
}

static bool read_call_permission(struct reading *r, const json_t *v, struct inbound *in)
{
    in->payload = whatsapp_text(r, v, "response");
    in->text = whatsapp_put(r, "", SLICE("call permission"), ": ", in->payload);
    return in->payload.n > 0;
}

static bool read_interactive(struct reading *r, const json_t *v, struct inbound *in)
{
    static const struct {
        const char *word;
        content *read;
    } rows[] = {
        { "button_reply", read_choice },
        { "list_reply", read_choice },
        { "nfm_reply", read_flow },
        { "call_permission_reply", read_call_permission },
    };
    struct slice word = whatsapp_text(r, v, "type");

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (slice_is(word, rows[i].word))
            return rows[i].read(r, json_object_get(v, rows[i].word), in);
    return false;
}

static bool read_button(struct reading *r, const json_t *v, struct inbound *in)
{
    in->payload = whatsapp_text(r, v, "payload");
    in->text = whatsapp_text(r, v, "text");
    return in->payload.n > 0;
}

static bool read_reaction(struct reading *r, const json_t *v, struct inbound *in)
{
    in->ref = whatsapp_text(r, v, "message_id");
    in->text = whatsapp_text(r, v, "emoji");
    in->on = in->text.n > 0;
    return in->ref.n > 0;
}

/* What was ordered, a line for each product. */
static bool read_order(struct reading *r, const json_t *v, struct inbound *in)
{
    const json_t *items = json_object_get(v, "product_items");
    struct buf b;

    in->type = TYPE_RICH;
    buf_init(&b, LINES_MAX);
    whatsapp_line(r, &b, v, "text");
    for (size_t i = 0; i < json_array_size(items); i++) {
        const json_t *item = json_array_get(items, i);

        whatsapp_line(r, &b, item, "product_retailer_id");
        buf_str(&b, " x ");
        buf_add(&b, whatsapp_text(r, item, "quantity"));
        buf_str(&b, ", ");
        buf_add(&b, whatsapp_text(r, item, "item_price"));
        buf_char(&b, ' ');
        buf_add(&b, whatsapp_text(r, item, "currency"));
    }
    in->text = whatsapp_kept(r, &b);
    return json_array_size(items) > 0;
}

/* New words for a message of theirs, or for what stands below its picture. */
static bool read_edit(struct reading *r, const json_t *v, struct inbound *in)
{
    const json_t *message = json_object_get(v, "message");
    struct slice type = whatsapp_text(r, message, "type");
    const json_t *said = type.n ? json_object_get(message, type.p) : NULL;

    in->ref = whatsapp_text(r, v, "original_message_id");
    in->text = whatsapp_text(r, said, slice_is(type, "text") ? "body" : "caption");
    return in->ref.n && in->text.n;
}

static bool read_revoke(struct reading *r, const json_t *v, struct inbound *in)
{
    in->ref = whatsapp_text(r, v, "original_message_id");
    return in->ref.n > 0;
}

static const struct type {
    const char *word;
    enum inbound_kind kind;
    content *read;
} types[] = {
    { "text", INBOUND_MESSAGE, read_text },
    { "image", INBOUND_MESSAGE, read_image },
    { "video", INBOUND_MESSAGE, read_video },
    { "audio", INBOUND_MESSAGE, read_audio },
    { "document", INBOUND_MESSAGE, read_document },
    { "sticker", INBOUND_MESSAGE, read_sticker },
    { "location", INBOUND_MESSAGE, read_location },
    { "contacts", INBOUND_MESSAGE, read_contacts },
    { "order", INBOUND_MESSAGE, read_order },
    { "interactive", INBOUND_POSTBACK, read_interactive },
    { "button", INBOUND_POSTBACK, read_button },
    { "reaction", INBOUND_REACTION, read_reaction },
    { "edit", INBOUND_EDIT, read_edit },
    { "revoke", INBOUND_DELETE, read_revoke },
};

static void keep_raw(struct reading *r, const json_t *message, struct inbound *in)
{
    struct buf b;

    buf_init(&b, 4u << 20);
    json_write(&b, message);
    in->raw = whatsapp_kept(r, &b);
}

void whatsapp_content(struct reading *r, const json_t *message, struct inbound *in)
{
    struct slice word = whatsapp_text(r, message, "type");

    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (!slice_is(word, types[i].word))
            continue;
        in->kind = types[i].kind;
        if (types[i].read(r, json_object_get(message, types[i].word), in))
            return;
        break;
    }
    in->kind = INBOUND_MESSAGE;
    in->type = TYPE_UNSUPPORTED;
    in->text = in->payload = (struct slice){ NULL, 0 };
    in->n_media = 0;
    keep_raw(r, message, in);
}
