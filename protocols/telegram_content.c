/* telegram_content.c: what a message of Telegram holds: words, a file, a place, a person; or something that has only words here. */
#include "core/utf8.h"
#include "protocols/telegram_reading.h"
#include "protocols/vcard.h"

#include <ctype.h>

#define WORDS_MAX (1u << 20)
#define FILES_MAX 24 /* of a formatted message: no more are shown of one event */
#define LINKS_MAX 100

/* ---- words ------------------------------------------------------------------------------------------------------------------ */

/* Behind which unit of the text an address stands that nobody would see. */
struct hidden_link {
    int64_t end;
    struct slice url;
};

static void add_address(struct buf *b, struct slice url)
{
    buf_str(b, " (");
    buf_add(b, url);
    buf_char(b, ')');
}

static size_t hidden_links(struct reading *r, const json_t *entities, struct hidden_link *ret)
{
    size_t n = 0;

    for (size_t i = 0; i < json_array_size(entities) && n < LINKS_MAX; i++) {
        const json_t *one = json_array_get(entities, i);
        int64_t offset = 0, length = 0;

        if (!slice_is(telegram_text(r, one, "type"), "text_link") || !json_get_i64(one, "offset", &offset) ||
            !json_get_i64(one, "length", &length) || offset < 0 || length < 1 || offset > WORDS_MAX || length > WORDS_MAX)
            continue;
        ret[n] = (struct hidden_link){ offset + length, telegram_text(r, one, "url") };
        n += ret[n].url.n > 0;
    }
    return n;
}

/* The words, and behind those that are a link to somewhere where to: "here (https://shop.example/)". Positions are in units of UTF-16. */
static struct slice words_of(struct reading *r, const json_t *message, const char *member, const char *entities)
{
    struct slice s = telegram_text(r, message, member);
    struct hidden_link links[LINKS_MAX];
    size_t n = s.n ? hidden_links(r, json_object_get(message, entities), links) : 0;
    int64_t units = 0;
    struct buf b;

    if (!n)
        return s;
    buf_init(&b, WORDS_MAX);
    for (size_t i = 0; i < s.n;) {
        size_t from = i;

        units += utf8_next(s, &i) > 0xffff ? 2 : 1;
        buf_add(&b, (struct slice){ s.p + from, i - from });
        for (size_t k = 0; k < n; k++)
            if (units >= links[k].end || i == s.n) {
                if (links[k].url.n)
                    add_address(&b, links[k].url);
                links[k].url.n = 0;
            }
    }
    return telegram_kept(r, &b);
}

/* ---- files and places ------------------------------------------------------------------------------------------------------- */

/* False: it has no id, by which it could be had. */
static bool fill_media(struct reading *r, struct media *m, const json_t *file, enum inbound_type type)
{
    int64_t s = 0;

    *m = (struct media){ .type = type, .id = telegram_text(r, file, "file_id"), .mime = telegram_text(r, file, "mime_type") };
    m->name = telegram_text(r, file, "file_name");
    if (!m->name.n && type == TYPE_AUDIO)
        m->name = telegram_joined(r, telegram_text(r, file, "performer"), " - ", telegram_text(r, file, "title"));
    if (!json_get_i64(file, "file_size", &m->size) || m->size < 0)
        m->size = 0;
    if (json_get_i64(file, "duration", &s) && s > 0 && s < 1000000)
        m->duration_ms = 1000 * s;
    return m->id.n > 0;
}

static void one_media(struct reading *r, struct inbound *in, const json_t *file, enum inbound_type type)
{
    struct media *m = ARENA_NEW(r->arena, struct media);

    in->type = type;
    r->keep.failed |= !m;
    if (!m)
        return;
    in->n_media = fill_media(r, m, file, type) ? 1 : 0;
    in->media = m;
}

/* The largest by pixels; the sizes need not be sorted. */
static const json_t *largest(const json_t *sizes)
{
    const json_t *best = json_array_get(sizes, 0);
    int64_t most = -1;

    for (size_t i = 0; i < json_array_size(sizes); i++) {
        int64_t w = 0, h = 0;

        (void)json_get_i64(json_array_get(sizes, i), "width", &w);
        (void)json_get_i64(json_array_get(sizes, i), "height", &h);
        if (w >= 0 && h >= 0 && w <= 1000000 && h <= 1000000 && w * h > most) {
            most = w * h;
            best = json_array_get(sizes, i);
        }
    }
    return best;
}

typedef void content(struct reading *r, const json_t *message, const json_t *v, struct inbound *in);

static void read_text(struct reading *r, const json_t *message, const json_t *v, struct inbound *in)
{
    (void)v;
    in->text = words_of(r, message, "text", "entities");
}

static void read_photo(struct reading *r, const json_t *message, const json_t *v, struct inbound *in)
{
    (void)message;
    one_media(r, in, largest(v), TYPE_IMAGE);
}

static void read_video(struct reading *r, const json_t *message, const json_t *v, struct inbound *in)
{
    (void)message;
    one_media(r, in, v, TYPE_VIDEO);
}

static void read_audio(struct reading *r, const json_t *message, const json_t *v, struct inbound *in)
{
    (void)message;
    one_media(r, in, v, TYPE_AUDIO);
}

static void read_document(struct reading *r, const json_t *message, const json_t *v, struct inbound *in)
{
    (void)message;
    one_media(r, in, v, TYPE_FILE);
}

static void read_sticker(struct reading *r, const json_t *message, const json_t *v, struct inbound *in)
{
    (void)message;
    one_media(r, in, v, TYPE_STICKER);
    in->text = telegram_text(r, v, "emoji");
}

static bool read_place(const json_t *v, struct inbound *in)
{
    in->type = TYPE_LOCATION;
    return json_get_real(v, "latitude", &in->lat) && json_get_real(v, "longitude", &in->lon) && in->lat >= -90 && in->lat <= 90 &&
           in->lon >= -180 && in->lon <= 180;
}

static void read_location(struct reading *r, const json_t *message, const json_t *v, struct inbound *in)
{
    (void)r;
    (void)message;
    if (!read_place(v, in))
        in->type = TYPE_UNSUPPORTED;
}

static void read_venue(struct reading *r, const json_t *message, const json_t *v, struct inbound *in)
{
    (void)message;
    in->title = telegram_text(r, v, "title");
    in->text = telegram_text(r, v, "address");
    if (!read_place(json_object_get(v, "location"), in))
        in->type = TYPE_UNSUPPORTED;
}

static bool same_digits(struct slice a, struct slice b)
{
    size_t i = 0, k = 0;

    for (;;) {
        while (i < a.n && !isdigit((unsigned char)a.p[i]))
            i++;
        while (k < b.n && !isdigit((unsigned char)b.p[k]))
            k++;
        if (i == a.n || k == b.n)
            return i == a.n && k == b.n;
        if (a.p[i++] != b.p[k++])
            return false;
    }
}

/* What the card says beside name and number: other numbers, addresses, where somebody works. */
static struct slice more_of_card(struct reading *r, const json_t *v, struct slice phone)
{
    struct slice card = telegram_text(r, v, "vcard"), ret = { NULL, 0 };
    struct vcard *who;
    size_t n = 0;

    if (!card.n || !vcard_read(r->arena, card, "text/vcard", NULL, &who, &n) || n != 1)
        return ret;
    for (size_t i = 0; i < who->n_phones; i++)
        if (!same_digits(who->phones[i].number, phone))
            ret = telegram_joined(r, ret, "\n", who->phones[i].number);
    for (size_t i = 0; i < who->n_mails; i++)
        ret = telegram_joined(r, ret, "\n", who->mails[i]);
    return telegram_joined(r, ret, "\n", who->work);
}

/* Their own number, if it is their own, is known of them from then on. */
static void read_contact(struct reading *r, const json_t *message, const json_t *v, struct inbound *in)
{
    struct slice phone = telegram_text(r, v, "phone_number"), user = telegram_text(r, v, "user_id");
    struct slice name = telegram_joined(r, telegram_text(r, v, "first_name"), " ", telegram_text(r, v, "last_name"));

    in->type = TYPE_CONTACT;
    in->text = telegram_joined(r, telegram_joined(r, name, "\n", phone), "\n", more_of_card(r, v, phone));
    if (user.n && slice_eq(user, in->user))
        in->profile = telegram_profile(r, json_object_get(message, "from"), phone);
}

/* ---- formatted messages ----------------------------------------------------------------------------------------------------- */

struct gathering {
    struct reading *r;
    struct buf words;
    const char *before; /* the next words, unless they are the first */
    struct media *files;
    size_t n;
};

static void gather(struct gathering *g, const json_t *v, const char *between);

static void gather_words(struct gathering *g, const json_t *v)
{
    if (!json_string_length(v))
        return;
    if (g->words.n)
        buf_str(&g->words, g->before);
    g->before = "";
    buf_add(&g->words, (struct slice){ json_string_value(v), json_string_length(v) });
}

/* The end of a line stays one, though nothing stands in the first cell of the next. */
static void part_words(struct gathering *g, const char *before)
{
    if (*g->before != '\n')
        g->before = before;
}

/* A file between the words. */
static void gather_file(struct gathering *g, const json_t *v)
{
    static const struct {
        const char *member;
        enum inbound_type type;
    } rows[] = {
        { "photo", TYPE_IMAGE }, { "video", TYPE_VIDEO },   { "animation", TYPE_VIDEO },
        { "audio", TYPE_AUDIO }, { "document", TYPE_FILE }, { "voice_note", TYPE_AUDIO },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]) && g->n < FILES_MAX; i++) {
        const json_t *file = json_object_get(v, rows[i].member);

        if (json_is_array(file))
            file = largest(file);
        if (json_is_object(file))
            g->n += fill_media(g->r, &g->files[g->n], file, rows[i].type);
    }
}

/* A text is a string, an array of texts, or an object around one; blocks hold texts, and other blocks. In the order in which they are read. */
static void gather_object(struct gathering *g, const json_t *v)
{
    static const struct {
        const char *member, *before, *between;
    } rows[] = {
        { "label", NULL, NULL },
        { "summary", NULL, NULL },
        { "text", NULL, NULL },
        { "expression", NULL, NULL },
        { "alternative_text", NULL, NULL },
        { "button", NULL, NULL },
        { "items", "\n", "\n" },
        { "blocks", " ", "\n" },
        { "cells", "\n", "\n" },
        { "buttons", "\n", " | " },
        { "caption", "\n", NULL },
        { "credit", "\n", NULL },
    };
    const json_t *url = json_object_get(v, "url");
    size_t from = g->words.n;

    gather_file(g, v);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const json_t *inside = json_object_get(v, rows[i].member);

        if (inside && rows[i].before && g->words.n > from)
            part_words(g, rows[i].before);
        gather(g, inside, rows[i].between);
    }
    if (json_is_string(url) && g->words.n > from)
        add_address(&g->words, (struct slice){ json_string_value(url), json_string_length(url) });
}

static void gather(struct gathering *g, const json_t *v, const char *between)
{
    if (json_is_object(v))
        gather_object(g, v);
    else if (json_is_string(v))
        gather_words(g, v);
    for (size_t i = 0; i < json_array_size(v); i++) {
        const json_t *one = json_array_get(v, i);

        if (i && between)
            part_words(g, between);
        gather(g, one, between && json_is_array(one) ? " | " : NULL); /* the cells of a row; inside a text there are but texts */
    }
}

static void read_rich(struct reading *r, const json_t *message, const json_t *v, struct inbound *in)
{
    struct gathering g = { .r = r, .before = "", .files = arena_array(r->arena, FILES_MAX, sizeof(struct media)) };

    (void)message;
    in->type = TYPE_RICH;
    if (!g.files) {
        r->keep.failed = true;
        return;
    }
    buf_init(&g.words, WORDS_MAX);
    gather(&g, json_object_get(v, "blocks"), "\n");
    if (g.words.n)
        in->text = telegram_kept(r, &g.words);
    else
        buf_finish(&g.words);
    in->media = g.files;
    in->n_media = g.n;
}

/* ---- what has only words here ------------------------------------------------------------------------------------------------ */

static void add_line(struct reading *r, struct buf *b, const char *mark, const json_t *v, const char *member)
{
    struct slice s = telegram_text(r, v, member);

    if (!s.n)
        return;
    if (b->n)
        buf_char(b, '\n');
    buf_str(b, mark);
    buf_add(b, s);
}

/* The words inside, where there are some; each of a list on a line. */
static void add_words(struct reading *r, struct buf *b, const json_t *v, const char *const members[2], const char *list)
{
    const json_t *all = list ? json_object_get(v, list) : NULL;

    for (size_t i = 0; i < 2 && members[i]; i++)
        add_line(r, b, "", v, members[i]);
    for (size_t i = 0; i < json_array_size(all); i++)
        add_line(r, b, "- ", json_array_get(all, i), "text");
}

/* It cannot be shown as it is there, but the agent can read what it is, and what it is about. Empty: nobody knows. */
static struct slice in_words(struct reading *r, const json_t *message)
{
    static const struct {
        const char *member, *name, *words[2], *list;
    } rows[] = {
        { "poll", "poll", { "question", "description" }, "options" },
        { "checklist", "checklist", { "title" }, "tasks" },
        { "game", "game", { "title", "description" }, NULL },
        { "invoice", "invoice", { "title", "description" }, NULL },
        { "dice", "dice", { "emoji", "value" }, NULL },
        { "paid_media", "paid media", { NULL }, NULL },
        { "story", "story", { NULL }, NULL },
        { "gift", "gift", { "text" }, NULL },
        { "unique_gift", "gift", { NULL }, NULL },
        { "giveaway", "giveaway", { "prize_description" }, NULL },
        { "successful_payment", "payment", { "currency", "total_amount" }, NULL },
        { "refunded_payment", "refund", { "currency", "total_amount" }, NULL },
        { "web_app_data", "form", { "button_text", "data" }, NULL },
        { "passport_data", "passport", { NULL }, NULL },
    };
    struct slice caption = words_of(r, message, "caption", "caption_entities");
    struct buf b;

    buf_init(&b, WORDS_MAX);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]) && !b.n; i++) {
        const json_t *v = json_object_get(message, rows[i].member);

        if (!v || json_is_null(v))
            continue;
        buf_printf(&b, "[unsupported message: %s]", rows[i].name);
        add_words(r, &b, v, rows[i].words, rows[i].list);
    }
    if (caption.n) {
        buf_str(&b, b.n ? "\n" : "[unsupported message]\n");
        buf_add(&b, caption);
    }
    if (b.n)
        return telegram_kept(r, &b);
    buf_finish(&b);
    return (struct slice){ NULL, 0 };
}

/* ---- all of it --------------------------------------------------------------------------------------------------------------- */

/* What comes first wins: an animation is also a document, a venue also a location, a moving photo also a photo. */
static const struct {
    const char *member;
    content *read;
} contents[] = {
    { "text", read_text },         { "rich_message", read_rich }, { "photo", read_photo }, { "animation", read_video },
    { "video", read_video },       { "video_note", read_video },  { "voice", read_audio }, { "audio", read_audio },
    { "document", read_document }, { "sticker", read_sticker },   { "venue", read_venue }, { "location", read_location },
    { "contact", read_contact },
};

bool telegram_content(struct reading *r, const json_t *message, struct inbound *in)
{
    for (size_t i = 0; i < sizeof(contents) / sizeof(contents[0]); i++) {
        const json_t *v = json_object_get(message, contents[i].member);

        if (!v || json_is_null(v))
            continue;
        contents[i].read(r, message, v, in);
        if (!in->text.n)
            in->text = words_of(r, message, "caption", "caption_entities");
        if (in->n_media || in->text.n || in->type == TYPE_LOCATION || in->type == TYPE_RICH) {
            if (in->type != TYPE_UNSUPPORTED)
                return true;
            break;
        }
    }
    in->type = TYPE_UNSUPPORTED;
    in->title = (struct slice){ NULL, 0 };
    in->text = in_words(r, message);
    return false;
}
