/* whatsapp_template.c: what an agent has chosen from the templates that Meta has approved. It goes whenever it is sent, and needs no message
 * of the customer's before it. */
#include "core/part.h"
#include "protocols/chosen.h"
#include "protocols/whatsapp_impl.h"

#include <ctype.h>
#include <stdio.h>

#define NAME_MAX      512
#define PARAMETER_MAX 1024 /* of the body; its words around it count, too */
#define HEADER_MAX    240  /* bytes of 60 signs */
#define URL_MAX       2000
#define BUTTONS       10 /* Meta has no more on one template */
#define BUTTON        "button_"
#define ABOVE         "header"

#define BUTTON_HELP   "what that button wants, if it wants anything: url:, reply: or code:"
#define BUTTON_PART(number)                                                              \
    {                                                                                    \
        .name = BUTTON number, .form = READY_BUTTON, .max = URL_MAX, .help = BUTTON_HELP \
    }

static const struct ready_part parts[] = {
    { .name = ABOVE,
      .form = READY_TEXT,
      .max = HEADER_MAX,
      .help = "the words of the header as they were approved, with their one variable" },
    BUTTON_PART("1"),
    BUTTON_PART("2"),
    BUTTON_PART("3"),
    BUTTON_PART("4"),
    BUTTON_PART("5"),
    BUTTON_PART("6"),
    BUTTON_PART("7"),
    BUTTON_PART("8"),
    BUTTON_PART("9"),
    BUTTON_PART("10"),
    { .name = NULL },
};

const struct ready_kind whatsapp_kinds[] = {
    { .name = "buttons",
      .help = "an approved template with a variable in the words of its header, or with buttons that want something each time",
      .name_help = "name",
      .text_max = 4096,
      .worded = true,
      .above = ABOVE,
      .parts = parts },
    { .name = NULL },
};

static bool made_of(struct slice s, const char *signs)
{
    for (size_t i = 0; i < s.n; i++)
        if (!isdigit((unsigned char)s.p[i]) && !islower((unsigned char)s.p[i]) && !strchr(signs, s.p[i]))
            return false;
    return s.n > 0;
}

/* Meta numbers the variables of the body, and those of the header, each from 1; here they are one list, and the body's come first. */
static enum kf_rc fits_more(const struct template *t, struct kf_err *why)
{
    struct slice above = ready_above(&whatsapp_kinds[0], t);
    struct template_blanks blanks;
    enum kf_rc rc = template_read(slice_of(t->text), &blanks, why);

    if (rc || !above.n)
        return rc;
    if (t->header != TEMPLATE_NO_HEADER)
        return kf_fail(why, KF_INVALID, "header: a file or words stand above a template, not both");
    if (template_read_any(above, &blanks) || blanks.n != 1)
        return kf_fail(why, KF_INVALID, "values." ABOVE ": with one variable, as Meta has it; a header without any need not stand here");
    return KF_OK;
}

enum kf_rc whatsapp_fits(const struct template *t, struct kf_err *why)
{
    if (!made_of(slice_of(t->name), "_") || strlen(t->name) > NAME_MAX)
        return kf_fail(why, KF_INVALID, "name: as Meta has it, of a-z 0-9 _");
    if (!t->language)
        return kf_fail(why, KF_INVALID, "language: required here: as Meta writes it, such as en or zh_CN");
    for (size_t i = 0; i < t->blanks.n; i++)
        if (!made_of(t->blanks.names[i], "_"))
            return kf_fail(why, KF_INVALID, "text: Meta writes the names of blanks with a-z 0-9 _");
    if (t->url_field)
        return kf_fail(why, KF_INVALID, "url_field: on WhatsApp an address stands in the template itself");
    return t->kind ? fits_more(t, why) : KF_OK;
}

/* Components stand in one list. */
static void next(struct buf *b)
{
    if (b->n && b->p[b->n - 1] != '[')
        buf_char(b, ',');
}

/* {"type":"header","parameters":[{"type":"image","image":{"id":…}}]} */
static void put_header(struct buf *b, const struct chosen *c, const struct errand *e)
{
    const char *word = template_header_name(c->header);
    struct slice file = json_member(slice_of(e->message.extra), "file");
    json_t *root = c->header == TEMPLATE_DOCUMENT && file.p ? json_loadb(file.p, file.n, 0, NULL) : NULL;
    const json_t *name = json_object_get(root, "name");

    buf_printf(b, "{\"type\":\"header\",\"parameters\":[{\"type\":\"%s\",\"%s\":{\"id\":", word, word);
    buf_json(b, slice_of(e->media_id));
    if (json_string_length(name)) {
        buf_str(b, ",\"filename\":");
        buf_json(b, slice_of(json_string_value(name)));
    }
    buf_str(b, "}}]}");
    json_decref(root);
}

/* {"type":"text","parameter_name":…,"text":…} */
static void put_text(struct buf *b, const struct chosen *c, struct slice name, struct slice value)
{
    buf_str(b, "{\"type\":\"text\",");
    if (!c->numbered) {
        buf_str(b, "\"parameter_name\":");
        buf_json(b, name);
        buf_char(b, ',');
    }
    buf_str(b, "\"text\":");
    buf_json(b, value);
    buf_char(b, '}');
}

/* The words above it have one variable, and only that is sent. */
static void put_words_above(struct buf *b, const struct chosen *c)
{
    for (size_t i = 0; i < c->n_values; i++) {
        if (!slice_is(c->values[i].name, ABOVE))
            continue;
        next(b);
        buf_str(b, "{\"type\":\"header\",\"parameters\":[");
        put_text(b, c, c->blanks[i], template_value_of(c->fields, c->n, c->blanks[i]));
        buf_str(b, "]}");
    }
}

static void put_body(struct buf *b, const struct chosen *c)
{
    next(b);
    buf_str(b, "{\"type\":\"body\",\"parameters\":[");
    for (size_t i = 0; i < c->n_said; i++) {
        if (i)
            buf_char(b, ',');
        put_text(b, c, c->fields[i].name, c->fields[i].value);
    }
    buf_str(b, "]}");
}

/* `value` is "url:…", "reply:…" or "code:…". */
static void put_button(struct buf *b, int index, struct slice value)
{
    static const struct {
        const char *mark, *kind, *member;
    } ways[] = {
        { READY_BUTTON_URL, "url", "text" },
        { READY_BUTTON_REPLY, "quick_reply", "payload" },
        { READY_BUTTON_CODE, "copy_code", "coupon_code" },
    };

    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        size_t n = strlen(ways[i].mark);

        if (!slice_starts(value, ways[i].mark))
            continue;
        next(b);
        buf_printf(b, "{\"type\":\"button\",\"sub_type\":\"%s\",\"index\":\"%d\",\"parameters\":[{\"type\":\"%s\",\"%s\":", ways[i].kind,
                   index, ways[i].member, ways[i].member);
        buf_json(b, (struct slice){ value.p + n, value.n - n });
        buf_str(b, "}]}");
    }
}

static void put_components(struct buf *b, const struct chosen *c, const struct errand *e)
{
    char name[16];

    buf_str(b, "},\"components\":[");
    if (e->media_id)
        put_header(b, c, e);
    put_words_above(b, c);
    if (c->n_said)
        put_body(b, c);
    for (int i = 0; i < BUTTONS; i++) {
        (void)snprintf(name, sizeof(name), BUTTON "%d", i + 1);
        put_button(b, i, chosen_value(c, name));
    }
    buf_str(b, "]}}");
}

enum kf_rc whatsapp_template(const struct whatsapp *w, struct arena *a, const struct errand *e, struct http_req *ret)
{
    struct chosen c;
    struct buf b;
    enum kf_rc rc = chosen_read(a, &e->message, &c);

    if (rc)
        return rc;
    if ((c.header != TEMPLATE_NO_HEADER) != (e->media_id != NULL))
        return KF_UNSUPPORTED; /* what stands above it could not be taken there */
    if (text_length(e->message.text, TEXT_UTF16) > PARAMETER_MAX + (c.n_values ? HEADER_MAX : 0))
        return KF_LIMIT;
    whatsapp_begin(&b, e, "template");
    buf_str(&b, ",\"template\":{\"name\":");
    buf_json(&b, c.name);
    buf_str(&b, ",\"language\":{\"code\":");
    buf_json(&b, c.language);
    put_components(&b, &c, e);
    return whatsapp_post(w, a, &b, ret);
}
