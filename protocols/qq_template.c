/* qq_template.c: what an agent has chosen from what QQ has ready: its three ARK templates, markdown templates of the bot, and embeds of
 * guilds. They are replies like all that a bot says, and all but the last need a permission of the platform
 * (https://bot.q.qq.com/wiki/develop/api-v2/server-inter/message/type/ark.html, autumn 2026). */
#include "core/utf8.h"
#include "protocols/chosen.h"
#include "protocols/qq_impl.h"

#include <stdio.h>

#define LINES_MAX        8
#define TYPE_OF_ARK      3
#define TYPE_OF_MARKDOWN 2
#define TEXT_MAX         2000
#define ADDRESS_MAX      1024

#define PROMPT                                                                            \
    {                                                                                     \
        "prompt", READY_TEXT, false, 200, "what a notification says; else the first line" \
    }
#define LINK(n)                                                                         \
    {                                                                                   \
        "link" #n, READY_ADDRESS, false, ADDRESS_MAX, "what opens at a tap on line " #n \
    }
static const struct ready_part list_parts[] = { PROMPT,  LINK(1), LINK(2), LINK(3), LINK(4),
                                                LINK(5), LINK(6), LINK(7), LINK(8), { .name = NULL } };
static const struct ready_part words_parts[] = {
    PROMPT,
    { "subtitle", READY_TEXT, false, 200, "where it comes from, in small letters" },
    { "image", READY_ADDRESS, false, ADDRESS_MAX, "the picture beside the words" },
    { "link", READY_ADDRESS, false, ADDRESS_MAX, "what opens at a tap" },
    { .name = NULL },
};
static const struct ready_part picture_parts[] = {
    PROMPT,
    { "image", READY_ADDRESS, true, ADDRESS_MAX, "the picture, 975 by 540" },
    { "link", READY_ADDRESS, false, ADDRESS_MAX, "what opens at a tap" },
    { .name = NULL },
};
static const struct ready_part markdown_parts[] = {
    { "keyboard", READY_ID, false, 64, "the id of the keyboard below it" },
    { .name = NULL },
};
static const struct ready_part embed_parts[] = {
    PROMPT,
    { "image", READY_ADDRESS, false, ADDRESS_MAX, "the small picture beside the lines" },
    { .name = NULL },
};
const struct ready_kind qq_kinds[] = {
    { .name = "ark23",
      .help = "lines, each with an address or without",
      .reply = true,
      .form = READY_ID,
      .name_help = "template_id",
      .text_max = TEXT_MAX,
      .lines = LINES_MAX,
      .parts = list_parts },
    { .name = "ark24",
      .help = "words beside a small picture; the first line of the text is their title",
      .reply = true,
      .form = READY_ID,
      .name_help = "template_id",
      .text_max = TEXT_MAX,
      .lines = 2,
      .parts = words_parts },
    { .name = "ark37",
      .help = "words on a large picture; the first line of the text is their title",
      .reply = true,
      .form = READY_ID,
      .name_help = "template_id",
      .text_max = TEXT_MAX,
      .lines = 2,
      .parts = picture_parts },
    { .name = "markdown",
      .help = "a markdown template of the bot; the text is its wording",
      .reply = true,
      .form = READY_ID,
      .name_help = "custom_template_id",
      .text_max = TEXT_MAX,
      .parts = markdown_parts },
    { .name = "embed",
      .help = "a title, which is the first line of the text, and lines below it; in guilds only",
      .reply = true,
      .form = READY_ID,
      .name_help = "name",
      .text_max = TEXT_MAX,
      .lines = LINES_MAX,
      .parts = embed_parts },
    { .name = NULL },
};

/* The i-th line; {NULL,0}: there is none. */
static struct slice line_of(struct slice text, int i)
{
    while (text.p) {
        const char *end = text.n ? memchr(text.p, '\n', text.n) : NULL;
        size_t n = end ? (size_t)(end - text.p) : text.n;

        if (!i--)
            return (struct slice){ text.p, n };
        text = end ? (struct slice){ end + 1, text.n - n - 1 } : (struct slice){ NULL, 0 };
    }
    return text;
}

/* It stands there as a number. */
static bool is_number(const char *s)
{
    size_t n = strspn(s, "0123456789");

    return n && n <= 9 && !s[n] && *s != '0';
}

enum kf_rc qq_fits(const struct template *t, struct kf_err *why)
{
    struct slice line;

    if (!t->kind)
        return kf_fail(why, KF_INVALID, "kind: required here: ark23, ark24, ark37, markdown or embed");
    if (strcmp(t->kind, "markdown") == 0)
        return t->blanks.numbered ? kf_fail(why, KF_INVALID, "text: blanks have the names of the template's parameters here") : KF_OK;
    if (strcmp(t->kind, "embed") != 0 && !is_number(t->name))
        return kf_fail(why, KF_INVALID, "name: template_id, digits: at most nine, without a zero in front");
    for (int i = 0; (line = line_of(slice_of(t->text), i)).p; i++)
        if (utf8_blank(line))
            return kf_fail(why, KF_INVALID, "text: no line of it is empty");
    return KF_OK;
}

static void pair(struct buf *b, const char *key, struct slice value)
{
    if (!value.n)
        return;
    buf_printf(b, "%s{\"key\":\"%s\",\"value\":", b->n && b->p[b->n - 1] == '}' ? "," : "", key);
    buf_json(b, value);
    buf_char(b, '}');
}

static void put_list(struct buf *b, const struct chosen *c, struct slice text)
{
    buf_str(b, ",{\"key\":\"#LIST#\",\"obj\":[");
    for (int i = 0; i < LINES_MAX && line_of(text, i).p; i++) {
        char name[16];

        (void)snprintf(name, sizeof(name), "link%d", i + 1);
        buf_str(b, i ? ",{\"obj_kv\":[" : "{\"obj_kv\":[");
        pair(b, "desc", line_of(text, i));
        pair(b, "link", chosen_value(c, name));
        buf_str(b, "]}");
    }
    buf_str(b, "]}");
}

static void put_ark(struct buf *b, const struct chosen *c, struct slice text)
{
    struct slice title = line_of(text, 0), prompt = chosen_value(c, "prompt");

    buf_str(b, "\"ark\":{\"template_id\":");
    buf_add(b, c->name);
    buf_str(b, ",\"kv\":[");
    pair(b, "#PROMPT#", prompt.n ? prompt : title);
    if (slice_is(c->kind, "ark37")) {
        pair(b, "#METATITLE#", title);
        pair(b, "#METASUBTITLE#", line_of(text, 1));
        pair(b, "#METACOVER#", chosen_value(c, "image"));
        pair(b, "#METAURL#", chosen_value(c, "link"));
    } else {
        pair(b, "#DESC#", title);
    }
    if (slice_is(c->kind, "ark23"))
        put_list(b, c, text);
    if (slice_is(c->kind, "ark24")) {
        pair(b, "#TITLE#", title);
        pair(b, "#METADESC#", line_of(text, 1));
        pair(b, "#IMG#", chosen_value(c, "image"));
        pair(b, "#LINK#", chosen_value(c, "link"));
        pair(b, "#SUBTITLE#", chosen_value(c, "subtitle"));
    }
    buf_str(b, "]}");
}

static void put_markdown(struct buf *b, const struct chosen *c)
{
    struct slice keyboard = chosen_value(c, "keyboard");

    buf_str(b, "\"markdown\":{\"custom_template_id\":");
    buf_json(b, c->name);
    buf_str(b, ",\"params\":[");
    for (size_t i = 0; i < c->n; i++) {
        buf_str(b, i ? ",{\"key\":" : "{\"key\":");
        buf_json(b, c->fields[i].name);
        buf_str(b, ",\"values\":[");
        buf_json(b, c->fields[i].value);
        buf_str(b, "]}");
    }
    buf_str(b, "]}");
    if (keyboard.n) {
        buf_str(b, ",\"keyboard\":{\"id\":");
        buf_json(b, keyboard);
        buf_char(b, '}');
    }
}

static void put_embed(struct buf *b, const struct chosen *c, struct slice text)
{
    struct slice prompt = chosen_value(c, "prompt"), image = chosen_value(c, "image");

    buf_str(b, "\"embed\":{\"title\":");
    buf_json(b, line_of(text, 0));
    buf_str(b, ",\"prompt\":");
    buf_json(b, prompt.n ? prompt : line_of(text, 0));
    if (image.n) {
        buf_str(b, ",\"thumbnail\":{\"url\":");
        buf_json(b, image);
        buf_char(b, '}');
    }
    buf_str(b, ",\"fields\":[");
    for (int i = 1; i < LINES_MAX && line_of(text, i).p; i++) {
        buf_str(b, i > 1 ? ",{\"name\":" : "{\"name\":");
        buf_json(b, line_of(text, i));
        buf_char(b, '}');
    }
    buf_str(b, "]}");
}

enum kf_rc qq_ready(struct buf *b, struct arena *a, const struct message *m, bool guild)
{
    struct chosen c;
    enum kf_rc rc = chosen_read(a, m, &c);
    int type = TYPE_OF_ARK;

    if (rc)
        return rc;
    if (slice_is(c.kind, "embed")) {
        if (!guild)
            return KF_UNSUPPORTED;
        put_embed(b, &c, m->text);
    } else if (slice_is(c.kind, "markdown")) {
        type = TYPE_OF_MARKDOWN;
        put_markdown(b, &c);
    } else {
        put_ark(b, &c, m->text);
    }
    if (!guild)
        buf_printf(b, ",\"msg_type\":%d", type);
    return KF_OK;
}
