/* telegram_file.c: a file and its message, which are one request; several that are alike are one, too. */
#include "core/utf8.h"
#include "protocols/multipart.h"
#include "protocols/telegram_impl.h"
#include "protocols/vcard.h"

#define PHOTO_MAX    (10LL << 20)
#define PHOTO_SIDES  10000 /* width and height together */
#define PHOTO_RATIO  20
#define STICKER_MAX  (512LL << 10)
#define STICKER_SIDE 512
#define VCARD_MAX    2048 /* bytes of what goes beside name and number */
#define CONTACT_MAX  64   /* of a contact's name */

struct way {
    const char *mime, *method, *field;
    int64_t max; /* bytes; larger ones go as documents */
};

/* False: they are not known. */
static bool sides_of(const struct message *m, int64_t *w, int64_t *h)
{
    struct slice file = json_member(slice_of(m->extra), "file");
    json_t *root = file.p ? json_loadb(file.p, file.n, 0, NULL) : NULL;
    bool ret = json_get_i64(root, "width", w) && json_get_i64(root, "height", h);

    json_decref(root);
    return ret;
}

static bool is_photo(const struct message *m)
{
    int64_t w = 0, h = 0;

    return !sides_of(m, &w, &h) ||
           (w > 0 && h > 0 && w <= PHOTO_SIDES && h <= PHOTO_SIDES && w + h <= PHOTO_SIDES && w <= PHOTO_RATIO * h && h <= PHOTO_RATIO * w);
}

/* Small as a sticker is, and without words, for which there is no place beside one. */
static bool is_sticker(const struct message *m, const char *mime, int64_t size)
{
    int64_t w = 0, h = 0;

    return strcmp(mime, "image/webp") == 0 && size <= STICKER_MAX && !m->text.n && sides_of(m, &w, &h) && w > 0 && h > 0 &&
           w <= STICKER_SIDE && h <= STICKER_SIDE;
}

/* By what the file is. Only these can be shown or played there. */
static struct way way_of(const struct message *m, const char *mime, int64_t size)
{
    static const struct way ways[] = {
        { "image/jpeg", "sendPhoto", "photo", PHOTO_MAX }, { "image/png", "sendPhoto", "photo", PHOTO_MAX },
        { "image/webp", "sendPhoto", "photo", PHOTO_MAX }, { "image/gif", "sendAnimation", "animation", 50LL << 20 },
        { "video/mp4", "sendVideo", "video", 50LL << 20 }, { "audio/mpeg", "sendAudio", "audio", 50LL << 20 },
        { "audio/mp4", "sendAudio", "audio", 50LL << 20 }, { "audio/ogg", "sendVoice", "voice", 50LL << 20 },
    };

    if (is_sticker(m, mime, size))
        return (struct way){ "", "sendSticker", "sticker", 0 };
    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
        if (strcmp(mime, ways[i].mime) == 0 && size <= ways[i].max && (ways[i].max != PHOTO_MAX || is_photo(m)))
            return ways[i];
    return (struct way){ "", "sendDocument", "document", 0 };
}

/* Whom it goes to, and what it answers. */
static void form_begin(struct multipart *m, const struct errand *e, const struct env *env, size_t n_bytes)
{
    struct telegram_peer to = telegram_peer_of(slice_of(e->peer));
    struct buf b;

    multipart_begin(m, env->chance, n_bytes + TELEGRAM_BODY_MAX);
    multipart_field(m, "chat_id", to.chat);
    if (to.connection.n)
        multipart_field(m, "business_connection_id", to.connection);
    if (to.topic.n)
        multipart_field(m, "message_thread_id", to.topic);
    if (!telegram_answers(e))
        return;
    buf_init(&b, 4096);
    telegram_reply(&b, e);
    multipart_field(m, "reply_parameters", buf_slice(&b));
    buf_finish(&b);
}

static enum kf_rc form_end(struct multipart *m, const struct telegram *t, struct arena *a, const char *method, struct http_req *ret)
{
    struct http_pair *type = ARENA_NEW(a, struct http_pair);
    struct http_pair none;
    struct slice body;
    enum kf_rc rc = multipart_end(m, a, type ? type : &none, &body);

    *ret = (struct http_req){ .method = "POST", .url = telegram_address(t, a, method), .headers = type, .n_headers = 1, .body = body };
    return rc ? rc : type && ret->url ? KF_OK : KF_NOMEM;
}

static const char *name_of(const struct upload *up)
{
    return up->name && *up->name ? up->name : "file";
}

static enum kf_rc send_file(const struct telegram *t, struct arena *a, const struct errand *e, const struct upload *up,
                            const struct env *env, struct http_req *ret)
{
    struct way way = way_of(&e->message, up->mime, (int64_t)up->bytes.n);
    struct multipart m;
    enum kf_rc rc;

    form_begin(&m, e, env, up->bytes.n);
    if (e->message.text.n)
        multipart_field(&m, "caption", e->message.text);
    multipart_file(&m, way.field, name_of(up), up->mime, up->bytes);
    rc = form_end(&m, t, a, way.method, ret);
    return rc ? rc : KF_AGAIN;
}

/* A file that is one person goes as a contact: with all that the file says, where Telegram takes so much. With words beside it, for which a
 * contact has no place, or a name that is too long for one, it stays a file. False: so it does. */
static bool contact(struct buf *b, struct arena *a, const struct errand *e, const struct upload *up)
{
    struct vcard *who;
    size_t n = 0;

    if (e->message.text.n || !vcard_read(a, up->bytes, up->mime, up->name, &who, &n) || n != 1 || who->name.n > CONTACT_MAX)
        return false;
    telegram_begin(b, e);
    telegram_topic(b, e);
    buf_str(b, ",\"phone_number\":");
    buf_json(b, who->phones[0].number);
    buf_str(b, ",\"first_name\":");
    buf_json(b, who->name);
    if (up->bytes.n <= VCARD_MAX && utf8_valid(up->bytes)) {
        buf_str(b, ",\"vcard\":");
        buf_json(b, up->bytes);
    }
    if (telegram_answers(e)) {
        buf_str(b, ",\"reply_parameters\":");
        telegram_reply(b, e);
    }
    buf_char(b, '}');
    return true;
}

enum kf_rc telegram_upload(const struct channel *ch, struct arena *a, const struct errand *e, const struct upload *up,
                           const struct env *env, const struct http_resp *last, struct http_req *ret, struct uploaded *done)
{
    enum kf_rc rc;
    struct buf b;

    *done = (struct uploaded){ .said = true };
    if (!last && text_length(e->message.text, TEXT_UTF16) > TELEGRAM_CAPTION_MAX) {
        done->outcome = (struct outcome){ .cls = OUTCOME_TOO_LARGE, .text = SLICE("more words than a file may have beside it: 1024") };
        return KF_OK;
    }
    if (!last && contact(&b, a, e, up)) {
        rc = telegram_post(telegram_of(ch), a, "sendContact", &b, ret);
        return rc ? rc : KF_AGAIN;
    }
    if (!last)
        return send_file(telegram_of(ch), a, e, up, env, ret);
    return telegram_settle(ch, a, e, last, &done->outcome);
}

/* ---- several of them ----------------------------------------------------------------------------------------------------------- */

enum of_albums { OF_NONE, OF_SIGHTS, OF_SOUNDS, OF_FILES };

/* Photos and films may stand beside each other, sounds beside sounds, files beside files. */
static enum of_albums is_of(struct way way)
{
    static const struct {
        const char *field;
        enum of_albums of;
    } rows[] = { { "photo", OF_SIGHTS }, { "video", OF_SIGHTS }, { "audio", OF_SOUNDS }, { "document", OF_FILES } };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (strcmp(way.field, rows[i].field) == 0)
            return rows[i].of;
    return OF_NONE;
}

int telegram_joins(const struct message *m)
{
    struct slice file = json_member(slice_of(m->extra), "file");
    json_t *root = file.p ? json_loadb(file.p, file.n, 0, NULL) : NULL;
    const char *mime = json_string_value(json_object_get(root, "mime"));
    bool person = !m->text.n && vcard_called(mime, json_string_value(json_object_get(root, "name"))); /* it may go as a contact */
    int64_t size = 0;
    int ret = OF_NONE;

    if (mime && json_get_i64(root, "size", &size) && !person && text_length(m->text, TEXT_UTF16) <= TELEGRAM_CAPTION_MAX)
        ret = is_of(way_of(m, mime, size));

    json_decref(root);
    return ret;
}

/* What each of them is, in the order in which they stand: the files follow under these names. */
static void list_media(struct buf *b, const struct album_item *all, size_t n)
{
    buf_char(b, '[');
    for (size_t i = 0; i < n; i++) {
        const struct upload *up = &all[i].file;
        const struct message *m = &all[i].errand->message;

        buf_printf(b, "%s{\"type\":\"%s\",\"media\":\"attach://f%zu\"", i ? "," : "", way_of(m, up->mime, (int64_t)up->bytes.n).field, i);
        if (m->text.n) {
            buf_str(b, ",\"caption\":");
            buf_json(b, m->text);
        }
        buf_char(b, '}');
    }
    buf_char(b, ']');
}

enum kf_rc telegram_album(const struct channel *ch, struct arena *a, const struct album_item *all, size_t n, const struct env *env,
                          struct http_req *ret)
{
    struct multipart m;
    enum of_albums of = OF_NONE;
    size_t sum = 0;
    struct buf b;
    bool good;

    for (size_t i = 0; i < n; i++) {
        enum of_albums one = is_of(way_of(&all[i].errand->message, all[i].file.mime, (int64_t)all[i].file.bytes.n));

        sum += all[i].file.bytes.n + 512; /* the lines around it */
        if (!one || (i && one != of))
            return KF_UNSUPPORTED;
        of = one;
    }
    buf_init(&b, TELEGRAM_BODY_MAX / 2);
    list_media(&b, all, n);
    good = buf_ok(&b);
    form_begin(&m, all[0].errand, env, sum);
    multipart_field(&m, "media", buf_slice(&b));
    buf_finish(&b);
    for (size_t i = 0; i < n; i++) {
        char field[24];

        (void)snprintf(field, sizeof(field), "f%zu", i);
        multipart_file(&m, field, name_of(&all[i].file), all[i].file.mime, all[i].file.bytes);
    }
    return form_end(&m, telegram_of(ch), a, "sendMediaGroup", ret) || !good ? KF_NOMEM : KF_OK;
}

/* All of them or none; each has its own number. */
enum kf_rc telegram_album_settle(const struct channel *ch, struct arena *a, struct album_item *all, size_t n, const struct http_resp *resp)
{
    struct json_keep keep = { .arena = a };
    struct outcome whole;
    enum kf_rc rc = telegram_settle(ch, a, all[0].errand, resp, &whole);
    json_t *root = whole.cls == OUTCOME_SENT ? json_read_within(a, resp->body, JSON_OF_PLATFORMS, 64, NULL) : NULL;
    const json_t *list = json_object_get(root, "result");

    for (size_t i = 0; i < n; i++) {
        all[i].outcome = whole;
        if (whole.cls == OUTCOME_SENT && i < json_array_size(list))
            telegram_sent(&keep, json_array_get(list, i), &all[i].outcome);
        else if (whole.cls == OUTCOME_SENT)
            all[i].outcome = (struct outcome){ .cls = OUTCOME_UNCERTAIN }; /* the answer does not speak of it */
    }
    json_decref(root);
    return rc ? rc : keep.failed ? KF_NOMEM : KF_OK;
}
