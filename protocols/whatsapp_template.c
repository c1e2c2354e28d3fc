/* whatsapp_template.c: what an agent has chosen from the templates that Meta has approved. It goes whenever it is sent, and needs no message
 * of the customer's before it. */
#include "core/part.h"
#include "protocols/chosen.h"
#include "protocols/whatsapp_impl.h"

#include <ctype.h>

#define NAME_MAX      512
#define PARAMETER_MAX 1024 /* of the body; its words around it count, too */

static bool made_of(struct slice s, const char *signs)
{
    for (size_t i = 0; i < s.n; i++)
        if (!isdigit((unsigned char)s.p[i]) && !islower((unsigned char)s.p[i]) && !strchr(signs, s.p[i]))
            return false;
    return s.n > 0;
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
    return KF_OK;
}

/* ,{"type":"header","parameters":[{"type":"image","image":{"id":…}}]} */
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

static void put_body(struct buf *b, const struct chosen *c)
{
    buf_str(b, "{\"type\":\"body\",\"parameters\":[");
    for (size_t i = 0; i < c->n; i++) {
        buf_str(b, i ? ",{\"type\":\"text\"," : "{\"type\":\"text\",");
        if (!c->numbered) {
            buf_str(b, "\"parameter_name\":");
            buf_json(b, c->fields[i].name);
            buf_char(b, ',');
        }
        buf_str(b, "\"text\":");
        buf_json(b, c->fields[i].value);
        buf_char(b, '}');
    }
    buf_str(b, "]}");
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
    if (text_length(e->message.text, TEXT_UTF16) > PARAMETER_MAX)
        return KF_LIMIT;
    whatsapp_begin(&b, e, "template");
    buf_str(&b, ",\"template\":{\"name\":");
    buf_json(&b, c.name);
    buf_str(&b, ",\"language\":{\"code\":");
    buf_json(&b, c.language);
    buf_str(&b, "},\"components\":[");
    if (e->media_id)
        put_header(&b, &c, e);
    if (e->media_id && c.n)
        buf_char(&b, ',');
    if (c.n)
        put_body(&b, &c);
    buf_str(&b, "]}}");
    return whatsapp_post(w, a, &b, ret);
}
