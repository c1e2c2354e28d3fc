/* wecom_template.c: what an agent has chosen from what is ready for the account: menus with links, and customer acquisition links (获客链接).
 * They are messages like others: within the window, and counted. */
#include "core/card.h"
#include "core/utf8.h"
#include "protocols/chosen.h"
#include "protocols/wecom_impl.h"

#include <stdio.h>

#define ENTRIES_MAX 10
#define TEXT_MAX    2048
#define LINE_MAX    256 /* of an entry without a link; one with a link may have more */
#define TARGET_MAX  1024

#define LINK(n)                                                                                           \
    {                                                                                                     \
        "link" #n, READY_TARGET, false, TARGET_MAX, "what the entry of line " #n " below the first opens" \
    }
static const struct ready_part menu_parts[] = {
    LINK(1),
    LINK(2),
    LINK(3),
    LINK(4),
    LINK(5),
    LINK(6),
    LINK(7),
    LINK(8),
    LINK(9),
    LINK(10),
    { "tail", READY_TEXT, false, 1024, "the words below the entries" },
    { .name = NULL },
};
const struct ready_kind wecom_kinds[] = {
    { .name = "msgmenu",
      .help = "a menu: the first line of the text stands above it, each further one is an entry",
      .reply = true,
      .form = READY_ID,
      .name_help = "name",
      .text_max = TEXT_MAX,
      .lines = ENTRIES_MAX + 1,
      .first_max = WECOM_HEAD,
      .line_max = LINE_MAX,
      .parts = menu_parts },
    { .name = "ca_link", .help = "a customer acquisition link", .reply = true, .form = READY_ADDRESS, .name_help = "link_url" },
    { .name = NULL },
};

/* The first line of a text, which is cut off. False: nothing was left. */
static bool next_line(struct slice *text, struct slice *ret)
{
    const char *end = text->n ? memchr(text->p, '\n', text->n) : NULL;

    if (!text->p)
        return false;
    *ret = (struct slice){ text->p, end ? (size_t)(end - text->p) : text->n };
    *text = end ? (struct slice){ end + 1, text->n - ret->n - 1 } : (struct slice){ NULL, 0 };
    return true;
}

/* The number of the first link beyond the entries; 0: none is there. */
static int stray_link(const struct template *t, int entries)
{
    for (int i = entries + 1; i <= ENTRIES_MAX; i++) {
        char name[16];

        (void)snprintf(name, sizeof(name), "link%d", i);
        if (template_value_of(t->values, t->n_values, slice_of(name)).n)
            return i;
    }
    return 0;
}

enum kf_rc wecom_fits(const struct template *t, struct kf_err *why)
{
    struct slice rest = slice_of(t->text), line;
    int n = 0, stray;

    if (!t->kind)
        return kf_fail(why, KF_INVALID, "kind: required here: msgmenu or ca_link");
    if (strcmp(t->kind, "msgmenu") != 0)
        return KF_OK;
    while (next_line(&rest, &line)) {
        if (utf8_blank(line))
            return kf_fail(why, KF_INVALID, "text: no line of a menu is empty");
        n++;
    }
    if (n < 2)
        return kf_fail(why, KF_INVALID, "text: below its first line a menu has an entry in each");
    stray = stray_link(t, n - 1);
    return stray ? kf_fail(why, KF_INVALID,
                           "values.link%d: the text has no line for it: entries are counted from 1, below the first line; there %s %d",
                           stray, n == 2 ? "is" : "are", n - 1)
                 : KF_OK;
}

static void member(struct buf *b, const char *name, struct slice value)
{
    buf_printf(b, "\"%s\":", name);
    wx_json(b, value);
}

static void put_entry(struct buf *b, struct slice words, struct slice link)
{
    struct card_mini mini;
    bool opens = link.n && card_mini(link, &mini);
    const char *type = opens ? "miniprogram" : link.n ? "view" : "text";

    buf_printf(b, "{\"type\":\"%s\",\"%s\":{", type, type);
    if (opens) {
        member(b, "appid", mini.app);
        buf_char(b, ',');
        member(b, "pagepath", mini.path);
        buf_char(b, ',');
    } else if (link.n) {
        member(b, "url", link);
        buf_char(b, ',');
    }
    member(b, "content", words);
    buf_str(b, "}}");
}

static void put_entries(struct buf *b, const struct chosen *c, struct slice text)
{
    struct slice line = SLICE(""), tail = chosen_value(c, "tail");

    (void)next_line(&text, &line);
    member(b, "head_content", line);
    buf_str(b, ",\"list\":[");
    for (int i = 1; next_line(&text, &line); i++) {
        char name[16];

        (void)snprintf(name, sizeof(name), "link%d", i);
        buf_str(b, i > 1 ? "," : "");
        put_entry(b, line, chosen_value(c, name));
    }
    buf_char(b, ']');
    if (tail.n) {
        buf_char(b, ',');
        member(b, "tail_content", tail);
    }
}

enum kf_rc wecom_ready(struct buf *b, struct arena *a, const struct message *m)
{
    struct chosen c;
    enum kf_rc rc = chosen_read(a, m, &c);
    bool link = !rc && slice_is(c.kind, "ca_link");

    if (rc)
        return rc;
    buf_printf(b, "\"msgtype\":\"%s\",\"%s\":{", link ? "ca_link" : "msgmenu", link ? "ca_link" : "msgmenu");
    if (link)
        member(b, "link_url", c.name);
    else
        put_entries(b, &c, m->text);
    buf_char(b, '}');
    return KF_OK;
}
