/* mail_provider.c: how Mailgun, SendGrid and Postmark bring a mail, and how each is believed. */
#define _GNU_SOURCE /* memmem */
#include "protocols/mail_impl.h"
#include "protocols/sign.h"
#include "protocols/stamp.h"
#include "protocols/url.h"

#include <stdio.h>
#include <strings.h>

#define JSON_LEVELS 8

struct bringing {
    const struct mail *m;
    struct arena *a;
    const struct http_req *req;
    int64_t now_ms;
    struct mail_field *fields;
    size_t n;
    struct mail_brought *ret;
    bool failed; /* memory was out */
};

static struct slice header(const struct bringing *g, const char *name)
{
    return http_header(g->req->headers, g->req->n_headers, name);
}

static const struct mail_field *field(const struct bringing *g, const char *name)
{
    for (size_t i = 0; i < g->n; i++)
        if (slice_is(g->fields[i].name, name))
            return &g->fields[i];
    return NULL;
}

static struct slice value(const struct bringing *g, const char *name)
{
    const struct mail_field *f = field(g, name);

    return f ? f->value : SLICE("");
}

/* NULL, or why there is no form. */
static const char *read_form(struct bringing *g)
{
    g->n = mail_form(g->a, header(g, "content-type"), g->req->body, &g->fields, &g->failed);
    if (g->n != SIZE_MAX)
        return NULL;
    g->n = 0;
    return "malformed_body";
}

static struct slice utf8(struct bringing *g, struct slice bytes, struct slice charset)
{
    struct slice ret = mail_utf8(g->a, bytes, charset);

    g->failed |= !ret.p;
    return ret;
}

static void add_recipient(struct bringing *g, struct slice one)
{
    if (one.n && g->ret->n_recipients < MAIL_RECIPIENTS_MAX)
        g->ret->recipients[g->ret->n_recipients++] = one;
}

/* ---- HTTP Basic ---------------------------------------------------------------------------------------------------------------- */

static const char *basic_refusal(struct bringing *g)
{
    struct slice given = header(g, "authorization"), want;
    struct buf b;
    bool ok;

    if (!given.n)
        return "missing_signature";
    if (given.n < 6 || strncasecmp(given.p, "Basic ", 6) != 0)
        return "malformed_header";
    given = mail_trimmed((struct slice){ given.p + 6, given.n - 6 });
    buf_init(&b, 4096);
    buf_add(&b, g->m->user);
    buf_char(&b, ':');
    buf_add(&b, g->m->password);
    want = buf_copy(&b, g->a);
    buf_clear(&b);
    sign_base64(&b, want.p, want.n);
    g->failed |= !want.p || !buf_ok(&b);
    ok = !g->failed && g->m->user.n && g->m->password.n && sign_equal(b.p, b.n, given.p, given.n);
    buf_finish(&b);
    return ok ? NULL : "bad_signature";
}

/* ---- Mailgun -------------------------------------------------------------------------------------------------------------------- */

static const char *mailgun_refusal(struct bringing *g)
{
    struct slice parts[] = { value(g, "timestamp"), value(g, "token") }, signature = value(g, "signature");
    uint8_t digest[SIGN_SHA256];
    int64_t seconds, age;

    if (!signature.n || !parts[0].n || !parts[1].n)
        return "missing_signature";
    if (!stamp_digits(parts[0], &seconds) || seconds > INT64_MAX / 2000 || signature.n != 2 * sizeof(digest))
        return "malformed_header";
    for (size_t i = 0; i < g->m->n_signing_keys; i++) {
        if (!sign_hmac_sha256(g->m->signing_keys[i], parts, 2, digest) || !sign_equal_hex(signature, digest, sizeof(digest)))
            continue;
        age = g->now_ms - 1000 * seconds;
        return age > g->m->max_age_ms || age < -g->m->max_age_ms ? "stale_timestamp" : NULL;
    }
    return "bad_signature";
}

/* [["Message-Id","<…>"],…] */
static void read_header_pairs(struct bringing *g, struct slice text)
{
    struct json_keep keep = { .arena = g->a };
    json_t *list = text.n ? json_loadb(text.p, text.n, JSON_ALLOW_NUL, NULL) : NULL;
    size_t n = json_array_size(list) < MAIL_HEADERS_MAX ? json_array_size(list) : MAIL_HEADERS_MAX;
    struct http_pair *all = arena_array(g->a, n + 1, sizeof(*all));

    g->failed |= !all;
    for (size_t i = 0; all && i < n; i++) {
        const json_t *pair = json_array_get(list, i), *name = json_array_get(pair, 0), *v = json_array_get(pair, 1);

        if (!json_is_string(name) || !json_is_string(v))
            continue;
        all[g->ret->letter.n_headers++] =
            (struct http_pair){ arena_copy(g->a, (struct slice){ json_string_value(name), json_string_length(name) }),
                                arena_copy(g->a, (struct slice){ json_string_value(v), json_string_length(v) }) };
    }
    g->ret->letter.headers = all;
    for (size_t i = 0; all && i < g->ret->letter.n_headers; i++)
        keep.failed |= !all[i].name.p || !all[i].value.p;
    g->failed |= keep.failed;
    json_decref(list);
}

static void read_files(struct bringing *g)
{
    for (size_t i = 0; i < g->n; i++) {
        const struct mail_field *f = &g->fields[i];
        const struct mail_part part = { .type = f->type, .name = f->file_name, .bytes = f->value };

        if (f->file && f->value.n)
            mail_add_part(g->a, &g->ret->letter, &part);
    }
}

/* A route that stores a mail brings the addresses of its files: [{"url","content-type","name","size"},…] */
static void read_stored(struct bringing *g, struct slice text)
{
    struct json_keep keep = { .arena = g->a };
    json_t *list = text.n ? json_loadb(text.p, text.n, JSON_ALLOW_NUL, NULL) : NULL;
    struct url where;

    for (size_t i = 0; i < json_array_size(list) && i < MAIL_PARTS_MAX; i++) {
        const json_t *v = json_array_get(list, i);
        struct slice type = json_get_text(&keep, v, "content-type");
        struct mail_part part = { .name = json_get_text(&keep, v, "name"), .url = json_get_text(&keep, v, "url") };

        part.type = mail_value(g->a, type.n ? type : SLICE("application/octet-stream"));
        g->failed |= !part.type.p;
        if (!json_get_i64(v, "size", &part.size) || part.size < 0)
            part.size = 0;
        if (url_parse(part.url, &where))
            mail_add_part(g->a, &g->ret->letter, &part);
        else
            g->ret->letter.n_left_out++;
    }
    json_decref(list);
    g->failed |= keep.failed;
}

static void read_raw(struct bringing *g, struct slice raw)
{
    struct mail_letter *l = &g->ret->letter;

    g->failed |= !mail_mime(g->a, raw, l);
    g->ret->from = http_header(l->headers, l->n_headers, "from");
    g->ret->subject = http_header(l->headers, l->n_headers, "subject");
}

static void mailgun_letter(struct bringing *g)
{
    struct mail_brought *r = g->ret;

    r->token = value(g, "token");
    add_recipient(g, utf8(g, value(g, "recipient"), SLICE("")));
    r->sender = utf8(g, value(g, "sender"), SLICE(""));
    r->bounced_path = field(g, "sender") && (!r->sender.n || slice_is(r->sender, "<>"));
    if (field(g, "body-mime")) {
        read_raw(g, value(g, "body-mime"));
        return;
    }
    read_header_pairs(g, value(g, "message-headers"));
    r->from = value(g, "from");
    r->subject = value(g, "subject");
    r->stripped = utf8(g, value(g, "stripped-text"), SLICE(""));
    r->letter.text = utf8(g, value(g, "body-plain"), SLICE(""));
    r->letter.html = utf8(g, value(g, "body-html"), SLICE(""));
    read_files(g);
    read_stored(g, value(g, "attachments"));
}

/* ---- SendGrid ------------------------------------------------------------------------------------------------------------------- */

static const char *sendgrid_refusal(struct bringing *g)
{
    struct slice text = header(g, "x-twilio-email-event-webhook-signature");
    const struct slice parts[] = { header(g, "x-twilio-email-event-webhook-timestamp"), g->req->body };
    uint8_t der[160];
    size_t n = 0;

    if (!g->m->n_public_keys)
        return basic_refusal(g);
    if (!text.n || !parts[0].n)
        return "missing_signature";
    if (!sign_base64_decode(text, der, sizeof(der), &n))
        return "malformed_header";
    for (size_t i = 0; i < g->m->n_public_keys; i++)
        if (sign_p256_verify(g->m->public_keys[i], parts, 2, (struct slice){ (const char *)der, n }))
            return NULL;
    return "bad_signature";
}

/* Fields come in the charset of the mail, and beside them stands which. */
static struct slice sendgrid_text(struct bringing *g, const json_t *charsets, const char *name)
{
    const char *charset = json_string_value(json_object_get(charsets, name));

    return utf8(g, value(g, name), arena_copy(g->a, slice_of(charset)));
}

static void sendgrid_envelope(struct bringing *g)
{
    struct json_keep keep = { .arena = g->a };
    struct slice text = value(g, "envelope");
    json_t *envelope = text.n ? json_read_within(g->a, text, JSON_OF_PLATFORMS, JSON_LEVELS, NULL) : NULL;
    const json_t *to = json_object_get(envelope, "to");

    g->ret->sender = json_get_text(&keep, envelope, "from");
    g->ret->bounced_path = envelope && !g->ret->sender.n;
    for (size_t i = 0; i < json_array_size(to); i++) {
        const json_t *v = json_array_get(to, i);
        struct slice one = arena_copy(g->a, (struct slice){ json_is_string(v) ? json_string_value(v) : "", json_string_length(v) });

        g->failed |= !one.p;
        add_recipient(g, one);
    }
    g->failed |= keep.failed;
    json_decref(envelope);
}

static void sendgrid_letter(struct bringing *g)
{
    struct mail_letter *l = &g->ret->letter;
    struct slice text = value(g, "charsets");
    size_t body;
    json_t *charsets;

    sendgrid_envelope(g);
    if (field(g, "email")) {
        read_raw(g, value(g, "email"));
        return;
    }
    charsets = text.n ? json_loadb(text.p, text.n, 0, NULL) : NULL;
    g->failed |= !mail_head_read(g->a, value(g, "headers"), &l->headers, &l->n_headers, &body);
    g->ret->from = sendgrid_text(g, charsets, "from");
    g->ret->subject = sendgrid_text(g, charsets, "subject");
    l->text = sendgrid_text(g, charsets, "text");
    l->html = sendgrid_text(g, charsets, "html");
    json_decref(charsets);
    read_files(g);
}

/* ---- Postmark ------------------------------------------------------------------------------------------------------------------- */

#define POSTMARK_BESIDE 4

static void postmark_headers(struct bringing *g, struct json_keep *keep, const json_t *list)
{
    size_t n = json_array_size(list) < MAIL_HEADERS_MAX ? json_array_size(list) : MAIL_HEADERS_MAX;
    struct http_pair *all = arena_array(g->a, n + POSTMARK_BESIDE, sizeof(*all));

    g->failed |= !all;
    for (size_t i = 0; all && i < n; i++) {
        const json_t *v = json_array_get(list, i);
        struct http_pair one = { json_get_text(keep, v, "Name"), json_get_text(keep, v, "Value") };

        if (one.name.n)
            all[g->ret->letter.n_headers++] = one;
    }
    g->ret->letter.headers = all;
}

static void postmark_files(struct bringing *g, struct json_keep *keep, const json_t *list)
{
    for (size_t i = 0; i < json_array_size(list) && !g->failed; i++) {
        const json_t *v = json_array_get(list, i), *content = json_object_get(v, "Content");
        struct slice type = json_get_text(keep, v, "ContentType");
        struct mail_part part = { .name = json_get_text(keep, v, "Name") };

        part.type = mail_value(g->a, type.p ? type : SLICE("application/octet-stream"));
        part.bytes = mail_base64(g->a, (struct slice){ json_string_value(content), json_string_length(content) });
        g->failed |= !part.type.p || !part.bytes.p;
        if (part.bytes.n)
            mail_add_part(g->a, &g->ret->letter, &part);
    }
}

/* What Postmark tells beside the headers, as headers. */
static void postmark_beside(struct bringing *g, struct json_keep *keep, const json_t *root)
{
    static const char *const names[POSTMARK_BESIDE] = { "Date", "To", "Cc", "From" };
    struct mail_letter *l = &g->ret->letter;

    for (size_t i = 0; i < POSTMARK_BESIDE; i++) {
        struct slice value = json_get_text(keep, root, names[i]);

        if (l->headers && value.n && !http_header(l->headers, l->n_headers, names[i]).p)
            l->headers[l->n_headers++] = (struct http_pair){ slice_of(names[i]), value };
    }
}

static struct slice postmark_from(struct bringing *g, struct json_keep *keep, const json_t *root)
{
    const json_t *full = json_object_get(root, "FromFull");
    struct slice address = json_get_text(keep, full, "Email"), name = json_get_text(keep, full, "Name"), ret;
    struct buf b;

    if (!address.n)
        return json_get_text(keep, root, "From");
    buf_init(&b, 65536);
    buf_char(&b, '"');
    for (size_t i = 0; i < name.n; i++) {
        if (name.p[i] == '"' || name.p[i] == '\\')
            buf_char(&b, '\\');
        buf_char(&b, name.p[i]);
    }
    buf_str(&b, "\" <");
    buf_add(&b, address);
    buf_char(&b, '>');
    ret = buf_ok(&b) ? arena_copy(g->a, buf_slice(&b)) : address;
    buf_finish(&b);
    return ret;
}

static const char *postmark_letter(struct bringing *g)
{
    struct json_keep keep = { .arena = g->a };
    struct kf_err why = { .rc = KF_OK };
    json_t *root = json_read_within(g->a, g->req->body, JSON_OF_PLATFORMS, JSON_LEVELS, &why);
    struct mail_brought *r = g->ret;

    g->failed |= why.rc == KF_NOMEM;
    if (!root)
        return "malformed_body";
    postmark_headers(g, &keep, json_object_get(root, "Headers"));
    postmark_beside(g, &keep, root);
    add_recipient(g, json_get_text(&keep, root, "OriginalRecipient"));
    r->hash = json_get_text(&keep, root, "MailboxHash");
    r->from = postmark_from(g, &keep, root);
    r->subject = json_get_text(&keep, root, "Subject");
    r->stripped = json_get_text(&keep, root, "StrippedTextReply");
    r->letter.text = json_get_text(&keep, root, "TextBody");
    r->letter.html = json_get_text(&keep, root, "HtmlBody");
    postmark_files(g, &keep, json_object_get(root, "Attachments"));
    json_decref(root);
    g->failed |= keep.failed;
    r->stripped = utf8(g, r->stripped, SLICE("utf-8"));
    r->letter.text = utf8(g, r->letter.text, SLICE("utf-8"));
    r->letter.html = utf8(g, r->letter.html, SLICE("utf-8"));
    return NULL;
}

/* ---- all of them ---------------------------------------------------------------------------------------------------------------- */

static const char *bring(struct bringing *g)
{
    const char *no = NULL;

    switch (g->m->provider) {
    case MAIL_MAILGUN:
        (void)read_form(g); /* the signature is inside: without a form there is none */
        no = mailgun_refusal(g);
        if (!no)
            mailgun_letter(g);
        return no;
    case MAIL_SENDGRID:
        no = sendgrid_refusal(g);
        if (!no)
            no = read_form(g);
        if (!no)
            sendgrid_letter(g);
        return no;
    case MAIL_POSTMARK:
        no = basic_refusal(g);
        return no ? no : postmark_letter(g);
    default:
        return "malformed_body";
    }
}

/* What the envelope does not tell the headers do. */
static void complete(struct bringing *g)
{
    struct mail_brought *r = g->ret;
    struct mail_letter *l = &r->letter;
    struct slice path = http_header(l->headers, l->n_headers, "return-path"), type = http_header(l->headers, l->n_headers, "content-type");

    r->bounced_path |= slice_is(mail_trimmed(path), "<>");
    r->to = http_header(l->headers, l->n_headers, "to");
    if (!l->type.n)
        l->type = mail_value(g->a, type);
    g->failed |= !l->type.p || l->failed;
}

enum kf_rc mail_bring(const struct mail *m, struct arena *a, const struct http_req *req, int64_t now_ms, struct mail_brought *ret,
                      const char **refused)
{
    struct bringing g = { .m = m, .a = a, .req = req, .now_ms = now_ms, .ret = ret };

    memset(ret, 0, sizeof(*ret));
    *refused = bring(&g);
    if (!*refused)
        complete(&g);
    return g.failed ? KF_NOMEM : KF_OK;
}

/* ---- machines -------------------------------------------------------------------------------------------------------------------- */

static bool is_one_of(struct slice s, const char *const *words, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (s.n == strlen(words[i]) && strncasecmp(s.p, words[i], s.n) == 0)
            return true;
    return false;
}

bool mail_is_daemon(struct arena *a, struct slice raw)
{
    static const char *const daemons[] = { "mailer-daemon", "postmaster" };
    struct mail_address who;
    const char *at;

    if (mail_addresses(a, raw, &who, 1) != 1)
        return false;
    at = memchr(who.address.p, '@', who.address.n);
    return at && is_one_of((struct slice){ who.address.p, (size_t)(at - who.address.p) }, daemons, 2);
}

bool mail_is_automatic(struct arena *a, const struct http_pair *headers, size_t n)
{
    static const char *const precedences[] = { "bulk", "junk", "list" }, *const no[] = { "no" };
    struct slice submitted = mail_value(a, http_header(headers, n, "auto-submitted"));

    if (submitted.n && !is_one_of(submitted, no, 1))
        return true;
    if (http_header(headers, n, "x-auto-response-suppress").p || http_header(headers, n, "list-id").p)
        return true;
    if (is_one_of(mail_trimmed(http_header(headers, n, "precedence")), precedences, 3) ||
        slice_is(mail_trimmed(http_header(headers, n, "return-path")), "<>"))
        return true;
    return mail_is_daemon(a, http_header(headers, n, "from"));
}
