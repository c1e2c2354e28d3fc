/* whatsapp_out.c: what we send through Meta. What its answers mean whatsapp_answer.c says. */
#include "core/utf8.h"
#include "protocols/chosen.h"
#include "protocols/multipart.h"
#include "protocols/place.h"
#include "protocols/vcard.h"
#include "protocols/whatsapp_impl.h"

#include <ctype.h>

#define BODY_MAX        (256u * 1024)
#define BUTTONS_MAX     3
#define ROWS_MAX        10
#define CHOICE_TEXT_MAX 1024 /* what may stand above choices */
#define BUTTON_LABEL    20
#define ROW_LABEL       24
#define ROW_DETAIL      72
#define BUTTON_ID       256
#define ROW_ID          200
#define OURS_MAX        512
#define STICKER_MAX     (100 << 10)
#define ANIMATED_MAX    (500 << 10)
#define STICKER_SIDE    512 /* Meta takes no other */

/* ---- members ----------------------------------------------------------------------------------------------------------------- */

static bool digits(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!isdigit((unsigned char)s.p[i]))
            return false;
    return s.n > 0;
}

static void member(struct buf *b, const char *name, struct slice value)
{
    buf_str(b, name);
    buf_json(b, value);
}

/* What Meta gives back with each status: of which message it is, or of which reaction to it. */
static void put_ours(struct buf *b, const struct errand *e, const char *mark, const char *emoji)
{
    char id[KF_ID_TEXT];
    struct buf text;

    buf_init(&text, OURS_MAX);
    buf_printf(&text, "%s-%lld%s%s", id_text(&e->conv, id), (long long)e->seq, mark, emoji);
    member(b, ",\"biz_opaque_callback_data\":", buf_slice(&text));
    b->failed |= !buf_ok(&text);
    buf_finish(&text);
}

void whatsapp_begin(struct buf *b, const struct errand *e, const char *type)
{
    struct slice peer = slice_of(e->peer), user = slice_of(e->user);
    const size_t group = sizeof(WHATSAPP_GROUP) - 1;

    buf_init(b, BODY_MAX);
    buf_str(b, "{\"messaging_product\":\"whatsapp\",");
    if (slice_starts(peer, WHATSAPP_GROUP)) {
        member(b, "\"recipient_type\":\"group\",\"to\":", (struct slice){ peer.p + group, peer.n - group });
    } else if (digits(user)) {
        buf_str(b, "\"recipient_type\":\"individual\",\"to\":\"+");
        buf_add(b, user);
        buf_char(b, '"');
    } else {
        member(b, "\"recipient_type\":\"individual\",\"recipient\":", user);
    }
    member(b, ",\"type\":", slice_of(type));
    if (e->kind == ERRAND_REACT) { /* no message of ours: it answers none, and what becomes of it is not what becomes of the visitor's */
        put_ours(b, e, WHATSAPP_REACTED, e->emoji);
        return;
    }
    if (!e->part && e->reply_ref && *e->reply_ref) {
        member(b, ",\"context\":{\"message_id\":", slice_of(e->reply_ref));
        buf_char(b, '}');
    }
    if (!e->part && !e->more) /* of a message in parts, what becomes of one is not what becomes of it */
        put_ours(b, e, "", "");
}

enum kf_rc whatsapp_post(const struct whatsapp *w, struct arena *a, struct buf *body, struct http_req *ret)
{
    static const struct http_pair type = { SLICE("Content-Type"), SLICE("application/json") };
    struct slice bytes = buf_copy(body, a);

    buf_finish(body);
    return bytes.p ? whatsapp_ask(w, a, "POST", w->number, "messages", &type, bytes, ret) : KF_NOMEM;
}

/* ---- text and choices ------------------------------------------------------------------------------------------------------ */

static struct slice choice(const json_t *choices, size_t i, const char *name)
{
    return slice_of(json_string_value(json_object_get(json_array_get(choices, i), name)));
}

/* Can all of them be offered so? */
static bool fit(const json_t *choices, size_t max, size_t id_max, size_t label_max)
{
    size_t n = json_array_size(choices);

    for (size_t i = 0; i < n; i++) {
        struct slice id = choice(choices, i, "id"), label = choice(choices, i, "label");

        if (!id.n || id.n > id_max || !label.n || text_length(label, TEXT_UTF16) > label_max)
            return false;
    }
    return n > 0 && n <= max;
}

static void buttons(struct buf *b, const json_t *choices)
{
    buf_str(b, "\"action\":{\"buttons\":[");
    for (size_t i = 0; i < json_array_size(choices); i++) {
        member(b, i ? ",{\"type\":\"reply\",\"reply\":{\"id\":" : "{\"type\":\"reply\",\"reply\":{\"id\":", choice(choices, i, "id"));
        member(b, ",\"title\":", choice(choices, i, "label"));
        buf_str(b, "}}");
    }
    buf_str(b, "]}");
}

/* What is too long for a title stands in full below it. */
static void rows(struct buf *b, const struct whatsapp *w, const json_t *choices)
{
    member(b, "\"action\":{\"button\":", w->list_button);
    buf_str(b, ",\"sections\":[{\"rows\":[");
    for (size_t i = 0; i < json_array_size(choices); i++) {
        struct slice label = choice(choices, i, "label");
        bool more = false;

        member(b, i ? ",{\"id\":" : "{\"id\":", choice(choices, i, "id"));
        member(b, ",\"title\":", text_part(label, ROW_LABEL, TEXT_UTF16, 0, &more));
        if (more)
            member(b, ",\"description\":", label);
        buf_char(b, '}');
    }
    buf_str(b, "]}]}");
}

/* False: these choices cannot be offered, they have to be said. */
static bool interactive(struct buf *b, const struct whatsapp *w, const struct errand *e, const json_t *choices)
{
    bool few = fit(choices, BUTTONS_MAX, BUTTON_ID, BUTTON_LABEL);

    if (text_length(e->message.text, TEXT_UTF16) > CHOICE_TEXT_MAX || (!few && !fit(choices, ROWS_MAX, ROW_ID, ROW_DETAIL)))
        return false;
    whatsapp_begin(b, e, "interactive");
    buf_printf(b, ",\"interactive\":{\"type\":\"%s\",", few ? "button" : "list");
    member(b, "\"body\":{\"text\":", e->message.text);
    buf_str(b, "},");
    if (few)
        buttons(b, choices);
    else
        rows(b, w, choices);
    buf_str(b, "}}");
    return true;
}

static void plain_text(struct buf *b, const struct errand *e, const json_t *choices)
{
    struct buf text;

    buf_init(&text, BODY_MAX);
    buf_add(&text, e->message.text);
    for (size_t i = 0; i < json_array_size(choices); i++) {
        buf_printf(&text, "\n%zu. ", i + 1);
        buf_add(&text, choice(choices, i, "label"));
    }
    whatsapp_begin(b, e, "text");
    member(b, ",\"text\":{\"body\":", buf_slice(&text));
    buf_str(b, "}}");
    b->failed |= !buf_ok(&text);
    buf_finish(&text);
}

static enum kf_rc send_text(const struct whatsapp *w, struct arena *a, const struct errand *e, struct http_req *ret)
{
    struct slice list = json_member(slice_of(e->message.extra), "choices");
    json_t *choices = list.p && !e->more ? json_loadb(list.p, list.n, 0, NULL) : NULL;
    struct buf b;

    if (!choices || !interactive(&b, w, e, choices))
        plain_text(&b, e, choices);
    json_decref(choices);
    return whatsapp_post(w, a, &b, ret);
}

/* The window is closed: only what Meta has approved goes, and our words as its variable, in one line. */
static enum kf_rc send_template(const struct whatsapp *w, struct arena *a, const struct errand *e, struct http_req *ret)
{
    struct slice text = e->message.text;
    struct buf words, b;

    if (!w->template_name.n || (e->message.kind != MESSAGE_TEXT && e->message.kind != MESSAGE_CARD) || e->message.from.role != ROLE_AGENT)
        return KF_REJECTED;
    if (text_length(text, TEXT_UTF16) > CHOICE_TEXT_MAX)
        return KF_LIMIT;
    buf_init(&words, BODY_MAX);
    for (size_t i = 0; i < text.n; i++) {
        bool blank = isspace((unsigned char)text.p[i]);

        if (!blank)
            buf_char(&words, text.p[i]);
        else if (words.n && words.p[words.n - 1] != ' ')
            buf_char(&words, ' ');
    }
    whatsapp_begin(&b, e, "template");
    member(&b, ",\"template\":{\"name\":", w->template_name);
    member(&b, ",\"language\":{\"code\":", w->template_language);
    member(&b, "},\"components\":[{\"type\":\"body\",\"parameters\":[{\"type\":\"text\",\"text\":", buf_slice(&words));
    buf_str(&b, "}]}]}}");
    b.failed |= !buf_ok(&words);
    buf_finish(&words);
    return whatsapp_post(w, a, &b, ret);
}

/* ---- files ------------------------------------------------------------------------------------------------------------------- */

/* An extended WebP says in its first chunk whether it moves. */
static bool is_animated(struct slice webp)
{
    return webp.n > 20 && memcmp(webp.p + 8, "WEBPVP8X", 8) == 0 && (webp.p[20] & 2);
}

/* Nothing can be said beside a sticker: with words it is a document. */
static bool is_sticker(const json_t *file, struct slice bytes, struct slice words)
{
    return slice_is(slice_of(json_string_value(json_object_get(file, "mime"))), "image/webp") && !words.n &&
           json_integer_value(json_object_get(file, "size")) <= (is_animated(bytes) ? ANIMATED_MAX : STICKER_MAX) &&
           json_integer_value(json_object_get(file, "width")) == STICKER_SIDE &&
           json_integer_value(json_object_get(file, "height")) == STICKER_SIDE;
}

/* By what the file is; all else is a document. */
static const char *way_of(struct slice mime, int64_t size)
{
    static const struct {
        const char *mime, *word;
        int64_t max;
    } ways[] = {
        { "image/jpeg", "image", 5LL << 20 }, { "image/png", "image", 5LL << 20 },   { "audio/aac", "audio", 16LL << 20 },
        { "audio/amr", "audio", 16LL << 20 }, { "audio/mpeg", "audio", 16LL << 20 }, { "audio/mp4", "audio", 16LL << 20 },
        { "audio/ogg", "audio", 16LL << 20 }, { "video/mp4", "video", 16LL << 20 },  { "video/3gpp", "video", 16LL << 20 },
    };

    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
        if (slice_is(mime, ways[i].mime) && size <= ways[i].max)
            return ways[i].word;
    return "document";
}

static enum kf_rc send_file(const struct whatsapp *w, struct arena *a, const struct errand *e, struct http_req *ret)
{
    json_t *extra = e->message.extra ? json_loads(e->message.extra, 0, NULL) : NULL;
    const json_t *file = json_object_get(extra, "file");
    struct slice mime = slice_of(json_string_value(json_object_get(file, "mime")));
    struct slice name = slice_of(json_string_value(json_object_get(file, "name")));
    const char *word =
        is_sticker(file, e->file, e->message.text) ? "sticker" : way_of(mime, json_integer_value(json_object_get(file, "size")));
    bool spoken = strcmp(word, "audio") == 0;
    enum kf_rc rc = KF_OK;
    struct buf b;

    if (text_length(e->message.text, TEXT_UTF16) > WHATSAPP_CAPTION_MAX)
        rc = KF_LIMIT;
    else if (spoken && e->message.text.n)
        rc = KF_UNSUPPORTED; /* it would lose its words */
    if (!rc) {
        whatsapp_begin(&b, e, word);
        buf_printf(&b, ",\"%s\":{", word);
        member(&b, "\"id\":", slice_of(e->media_id));
        if (e->message.text.n)
            member(&b, ",\"caption\":", e->message.text);
        if (strcmp(word, "document") == 0 && name.n)
            member(&b, ",\"filename\":", name);
        if (spoken && slice_is(mime, "audio/ogg")) /* what was recorded, not a piece of music */
            buf_str(&b, ",\"voice\":true");
        buf_str(&b, "}}");
        rc = whatsapp_post(w, a, &b, ret);
    }
    json_decref(extra);
    return rc;
}

/* A file that is people goes as contacts. With words beside it, for which contacts have no place, it stays a document. */
static bool people(struct arena *a, const struct errand *e, const struct upload *file, struct vcard **ret, size_t *n)
{
    return file->bytes.p && !e->message.text.n && vcard_read(a, file->bytes, file->mime, file->name, ret, n);
}

static void put_person(struct buf *b, const struct vcard *c)
{
    member(b, "{\"name\":{\"formatted_name\":", c->name);
    member(b, ",\"first_name\":", c->given.n ? c->given : c->name);
    if (c->family.n)
        member(b, ",\"last_name\":", c->family);
    buf_str(b, "},\"phones\":[");
    for (size_t i = 0; i < c->n_phones; i++) {
        member(b, i ? ",{\"phone\":" : "{\"phone\":", c->phones[i].number);
        if (c->phones[i].type)
            member(b, ",\"type\":", slice_of(c->phones[i].type));
        buf_char(b, '}');
    }
    buf_char(b, ']');
    for (size_t i = 0; i < c->n_mails; i++) {
        member(b, i ? ",{\"email\":" : ",\"emails\":[{\"email\":", c->mails[i]);
        buf_str(b, i + 1 < c->n_mails ? "}" : "}]");
    }
    if (c->work.n) {
        member(b, ",\"org\":{\"company\":", c->work);
        buf_char(b, '}');
    }
    buf_char(b, '}');
}

static enum kf_rc send_people(const struct whatsapp *w, struct arena *a, const struct errand *e, const struct vcard *all, size_t n,
                              struct http_req *ret)
{
    struct buf b;

    whatsapp_begin(&b, e, "contacts");
    buf_str(&b, ",\"contacts\":[");
    for (size_t i = 0; i < n; i++) {
        if (i)
            buf_char(&b, ',');
        put_person(&b, &all[i]);
    }
    buf_str(&b, "]}");
    return whatsapp_post(w, a, &b, ret);
}

/* A card is its picture, which Meta fetches, with title, words and address below it. False: it has none that goes so, or too much to say. */
static bool picture(struct buf *b, const struct errand *e)
{
    json_t *extra = e->file_url && e->message.extra ? json_loads(e->message.extra, 0, NULL) : NULL;
    const json_t *file = json_object_get(extra, "file");
    struct slice mime = slice_of(json_string_value(json_object_get(file, "mime")));
    bool good = strcmp(way_of(mime, json_integer_value(json_object_get(file, "size"))), "image") == 0 &&
                text_length(e->message.text, TEXT_UTF16) <= WHATSAPP_CAPTION_MAX;

    json_decref(extra);
    if (!good)
        return false;
    whatsapp_begin(b, e, "image");
    member(b, ",\"image\":{\"link\":", slice_of(e->file_url));
    member(b, ",\"caption\":", e->message.text);
    buf_str(b, "}}");
    return true;
}

static void put_place(struct buf *b, const struct errand *e, const struct place *at)
{
    whatsapp_begin(b, e, "location");
    buf_printf(b, ",\"location\":{\"latitude\":%.7f,\"longitude\":%.7f", at->lat, at->lon);
    member(b, ",\"name\":", at->card.title);
    if (at->card.words.n)
        member(b, ",\"address\":", at->card.words);
    buf_str(b, "}}");
}

static enum kf_rc send_card(const struct whatsapp *w, struct arena *a, const struct errand *e, struct http_req *ret)
{
    struct place at;
    struct buf b;

    if (place_of(&e->message, &at)) {
        put_place(&b, e, &at);
        return whatsapp_post(w, a, &b, ret);
    }
    return picture(&b, e) ? whatsapp_post(w, a, &b, ret) : send_text(w, a, e, ret);
}

/* ---- the request ------------------------------------------------------------------------------------------------------------- */

/* Our clock's word for it; Meta's own is 131047. */
static bool is_open(const struct errand *e, const struct env *env)
{
    return e->handle && *e->handle && (!e->handle_expires_ms || env->now_ms < e->handle_expires_ms);
}

static enum kf_rc send_message(const struct whatsapp *w, struct arena *a, const struct errand *e, const struct env *env,
                               struct http_req *ret)
{
    const struct upload file = { .bytes = e->media_id ? (struct slice){ NULL, 0 } : e->file, .mime = e->file_mime, .name = e->file_name };
    struct vcard *all = NULL;
    size_t n = 0;
    bool contacts = people(a, e, &file, &all, &n);

    if (e->message.kind == MESSAGE_REMOVED || (!e->media_id && !e->message.text.n && !contacts))
        return KF_UNSUPPORTED;
    if (chosen_is(&e->message))
        return whatsapp_template(w, a, e, ret);
    if (!is_open(e, env))
        return send_template(w, a, e, ret);
    if (e->message.kind == MESSAGE_CARD)
        return send_card(w, a, e, ret);
    if (contacts)
        return send_people(w, a, e, all, n, ret);
    return e->media_id ? send_file(w, a, e, ret) : send_text(w, a, e, ret);
}

/* None any more is an empty emoji, as Meta tells it of customers by none at all. */
static enum kf_rc send_reaction(const struct whatsapp *w, struct arena *a, const struct errand *e, const struct env *env,
                                struct http_req *ret)
{
    struct buf b;

    if (!e->emoji || !e->message.ref || !*e->message.ref)
        return KF_UNSUPPORTED;
    if (!is_open(e, env))
        return KF_REJECTED;
    whatsapp_begin(&b, e, "reaction");
    member(&b, ",\"reaction\":{\"message_id\":", slice_of(e->message.ref));
    member(&b, ",\"emoji\":", slice_of(e->emoji));
    buf_str(&b, "}}");
    return whatsapp_post(w, a, &b, ret);
}

/* Both are said of the customer's own message; typing is reading, too. */
static enum kf_rc send_mark(const struct whatsapp *w, struct arena *a, const struct errand *e, struct http_req *ret)
{
    const char *of = e->kind == ERRAND_READ && e->message.from.role == ROLE_VISITOR && e->message.ref ? e->message.ref : e->handle;
    struct buf b;

    if (!of || !*of)
        return KF_UNSUPPORTED;
    buf_init(&b, BODY_MAX);
    member(&b, "{\"messaging_product\":\"whatsapp\",\"status\":\"read\",\"message_id\":", slice_of(of));
    if (e->kind == ERRAND_TYPING)
        buf_str(&b, ",\"typing_indicator\":{\"type\":\"text\"}");
    buf_char(&b, '}');
    return whatsapp_post(w, a, &b, ret);
}

enum kf_rc whatsapp_encode(const struct channel *ch, struct arena *a, const struct errand *e, const struct env *env, struct http_req *ret)
{
    const struct whatsapp *w = whatsapp_of(ch);

    if (env->answering)
        return KF_UNSUPPORTED;
    switch (e->kind) {
    case ERRAND_SEND:
        return send_message(w, a, e, env, ret);
    case ERRAND_TYPING:
    case ERRAND_READ:
        return send_mark(w, a, e, ret);
    case ERRAND_REACT:
        return send_reaction(w, a, e, env, ret);
    case ERRAND_EDIT:
    case ERRAND_DELETE:
    case ERRAND_CLOSED:
    case ERRAND_FETCH:
    case ERRAND_TYPING_OFF:
    default:
        return KF_UNSUPPORTED;
    }
}

/* ---- a file that goes before its message ----------------------------------------------------------------------------------- */

static enum kf_rc ask_upload(const struct whatsapp *w, struct arena *a, const struct upload *up, const struct env *env,
                             struct http_req *ret)
{
    struct http_pair type;
    struct multipart m;
    struct slice body;
    enum kf_rc rc;

    multipart_begin(&m, env->chance, up->bytes.n + 65536);
    multipart_field(&m, "messaging_product", SLICE("whatsapp"));
    multipart_field(&m, "type", slice_of(up->mime));
    multipart_file(&m, "file", up->name && *up->name ? up->name : "file", up->mime, up->bytes);
    rc = multipart_end(&m, a, &type, &body);
    if (!rc)
        rc = whatsapp_ask(w, a, "POST", w->number, "media", &type, body, ret);
    return rc ? rc : KF_AGAIN;
}

enum kf_rc whatsapp_upload(const struct channel *ch, struct arena *a, const struct errand *e, const struct upload *up,
                           const struct env *env, const struct http_resp *last, struct http_req *ret, struct uploaded *done)
{
    struct json_keep keep = { .arena = a };
    struct vcard *all;
    json_t *root;
    size_t n;

    *done = (struct uploaded){ .outcome = { .cls = OUTCOME_RETRY } };
    if (!is_open(e, env) && !chosen_is(&e->message))
        return KF_UNSUPPORTED; /* it need not go there: encode() says why */
    if (!last && people(a, e, up, &all, &n))
        return KF_UNSUPPORTED;
    if (!last)
        return ask_upload(whatsapp_of(ch), a, up, env, ret);
    root = last->status ? json_read(a, last->body, JSON_OF_PLATFORMS, NULL) : NULL;
    done->id = json_get_text(&keep, root, "id");
    if (!last->status)
        done->outcome.text = slice_of(last->failure ? last->failure : "no answer");
    else if (last->status == 200 && done->id.n)
        done->outcome.cls = OUTCOME_SENT;
    else
        whatsapp_error(&keep, json_object_get(root, "error"), last, e->attempt, &done->outcome);
    json_decref(root);
    if (done->outcome.cls == OUTCOME_UNCERTAIN)
        done->outcome.cls = OUTCOME_RETRY; /* nobody has seen it yet */
    return keep.failed ? KF_NOMEM : KF_OK;
}
