/* template.c: what an agent chooses from a channel's templates becomes a message like any other: its wording, and a note of what it is made
 * of (protocols/chosen.h). */
#include "desk/template.h"

#include "core/utf8.h"
#include "protocols/channel.h"
#include "protocols/chosen.h"
#include "protocols/json.h"
#include "protocols/url.h"

struct filled_in {
    struct template_value values[TEMPLATE_BLANKS + 1];
    size_t n;
};

/* "order_update, invoice", as much of it as has room. */
static void unknown(const struct site_channel *sc, const struct inbound *in, struct kf_err *why)
{
    struct buf all;

    buf_init(&all, 8192);
    for (size_t i = 0; i < sc->n_templates; i++) {
        buf_str(&all, i ? ", " : "");
        buf_str(&all, sc->templates[i].key.s);
    }
    (void)kf_fail(why, KF_INVALID, "template: there is no \"%.*s\" here; allowed are %.140s", (int)in->payload.n, in->payload.p,
                  buf_ok(&all) ? all.p : "others");
    buf_finish(&all);
}

/* What was chosen, and what its kind is; NULL: wording that was approved. */
struct choice {
    const struct template *t;
    const struct ready_kind *kind;
};

/* False: `why` says what is wrong. */
static bool find(const struct desk_site *ds, const struct conv *conv, const struct inbound *in, struct choice *ret, struct kf_err *why)
{
    const struct site_channel *sc = site_channel(ds->site, &conv->channel);
    const struct channel_ops *ops = sc ? channel_find(sc->adapter) : NULL;

    *ret = (struct choice){ .t = NULL };
    if (!ops || !(ops->caps & CHAN_TEMPLATES))
        (void)kf_fail(why, KF_UNSUPPORTED, "kind: this channel has no templates: write a text");
    else if (!sc->n_templates)
        (void)kf_fail(why, KF_UNSUPPORTED, "kind: no templates are set up for this channel");
    else if (!(ret->t = site_template(sc, in->payload)))
        unknown(sc, in, why);
    else if (ret->t->kind && !(ret->kind = ready_find(ops->kinds, ret->t->kind))) /* settings from elsewhere, or of before */
        (void)kf_fail(why, KF_UNSUPPORTED, "template: this channel has no %s", ret->t->kind);
    else
        return true;
    return false;
}

/* The frame's fields, which were checked to be texts; copied into the arena without the blanks around them. */
static enum kf_rc read_fields(struct arena *a, const struct inbound *in, struct filled_in *ret, struct kf_err *why)
{
    json_t *root = in->form.n ? json_read(a, in->form, JSON_OF_SETTINGS, why) : NULL;
    const char *name;
    json_t *value;
    bool failed = false;

    ret->n = 0;
    if (in->form.n && !root)
        return KF_NOMEM;
    json_object_foreach(root, name, value)
    {
        struct slice text = { json_string_value(value), json_string_length(value) };
        struct template_value *v;

        if (ret->n == TEMPLATE_BLANKS + 1)
            break; /* the frame has no more of them */
        v = &ret->values[ret->n++];
        while (text.n && text.p[0] == ' ')
            text = (struct slice){ text.p + 1, text.n - 1 };
        while (text.n && text.p[text.n - 1] == ' ')
            text.n--;
        v->name = arena_copy(a, slice_of(name));
        v->value = arena_copy(a, text);
        failed |= !v->name.p || !v->value.p;
    }
    json_decref(root);
    return failed ? kf_fail(why, KF_NOMEM, "out of memory") : KF_OK;
}

static enum kf_rc check(const struct choice *c, const struct inbound *in, const struct filled_in *f, struct kf_err *why)
{
    const struct template *t = c->t;
    struct slice url = template_value_of(f->values, f->n, SLICE(TEMPLATE_ADDRESS));
    enum kf_rc rc = template_check(t, f->values, f->n, why);

    if (rc)
        return rc;
    if (t->url_field && (url.n > TEMPLATE_ADDRESS_MAX || !url_page(url)))
        return kf_fail(why, KF_INVALID,
                       "fields." TEMPLATE_ADDRESS ": an http or https address of at most %d bytes, such as https://host/path",
                       TEMPLATE_ADDRESS_MAX);
    if (t->header != TEMPLATE_NO_HEADER && id_is_zero(&in->file))
        return kf_fail(why, KF_INVALID, "file: required: above this template stands a file (%s)", template_header_name(t->header));
    if (t->header == TEMPLATE_NO_HEADER && !id_is_zero(&in->file))
        return kf_fail(why, KF_INVALID, "file: nothing stands above this template");
    return c->kind ? ready_fits(c->kind, t, f->values, f->n, why) : KF_OK;
}

enum kf_rc template_said(const struct desk_site *ds, const struct conv *conv, const struct inbound *in, struct arena *a,
                         struct inbound *ret, struct kf_err *why)
{
    struct filled_in f;
    struct choice c;
    struct buf text, note;
    enum kf_rc rc;

    if (!find(ds, conv, in, &c, why))
        return why->rc;
    rc = read_fields(a, in, &f, why);
    if (!rc)
        rc = check(&c, in, &f, why);
    if (rc)
        return rc;
    *ret = *in;
    buf_init(&text, 65536);
    buf_init(&note, 65536);
    ready_write(c.kind, c.t, f.values, f.n, &text);
    chosen_write(&note, c.t, c.kind, f.values, f.n);
    if (buf_ok(&text) && buf_ok(&note)) {
        ret->text = arena_copy(a, buf_slice(&text));
        ret->chosen = arena_copy(a, buf_slice(&note));
    }
    buf_finish(&text);
    buf_finish(&note);
    if (!ret->chosen.p || !ret->text.p)
        return kf_fail(why, KF_NOMEM, "out of memory");
    if (utf8_length(ret->text) > (size_t)ds->site->text_max)
        return kf_fail(why, KF_LIMIT, "fields: with them the template has more than %d characters", ds->site->text_max);
    return KF_OK;
}

bool template_file(const struct inbound *in, const char *mime, struct kf_err *why)
{
    static const struct {
        enum template_header header;
        const char *words;
    } all[] = { { TEMPLATE_IMAGE, "file: above this template stands a picture, JPEG or PNG" },
                { TEMPLATE_VIDEO, "file: above this template stands a video, MP4 or 3GPP" },
                { TEMPLATE_DOCUMENT, "file: above this template stands a document" } };
    struct slice word = json_member(in->chosen, "header");

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        const char *name = template_header_name(all[i].header);

        if (word.n != strlen(name) + 2 || memcmp(word.p + 1, name, word.n - 2) != 0 || template_takes(all[i].header, mime))
            continue;
        (void)kf_fail(why, KF_UNSUPPORTED, "%s", all[i].words);
        return false;
    }
    return true;
}
