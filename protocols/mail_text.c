/* mail_text.c: what people wrote, apart from what their programs put around it. */
#define _GNU_SOURCE /* memmem */
#include "protocols/mail_letter.h"

#include "core/utf8.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#define ATTRIBUTION_MAX 300         /* bytes of a line, or two, that says who wrote what follows */
#define LOOKED_AT_MAX   (256 << 10) /* bytes in which a quote may begin: nobody answers below a longer text */

static struct slice from(struct slice s, size_t at)
{
    return at < s.n ? (struct slice){ s.p + at, s.n - at } : (struct slice){ s.p ? s.p + s.n : "", 0 };
}

static bool blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct slice mail_trimmed(struct slice s)
{
    while (s.n && blank(s.p[0]))
        s = from(s, 1);
    while (s.n && blank(s.p[s.n - 1]))
        s.n--;
    return s.p ? s : SLICE("");
}

static struct slice line_at(struct slice s, size_t at)
{
    struct slice rest = from(s, at);
    const char *end = rest.n ? memchr(rest.p, '\n', rest.n) : NULL;

    return (struct slice){ rest.p, end ? (size_t)(end - rest.p) : rest.n };
}

/* ---- quotes ---------------------------------------------------------------------------------------------------------------------- */

static bool contains(struct slice s, const char *word)
{
    return s.n && memmem(s.p, s.n, word, strlen(word)) != NULL;
}

static bool ends_with(struct slice s, const char *word)
{
    size_t n = strlen(word);

    return s.n >= n && memcmp(s.p + s.n - n, word, n) == 0;
}

static bool dated(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] == '@' || (s.p[i] >= '0' && s.p[i] <= '9'))
            return true;
    return false;
}

/* "On Mon, 21 Sep 2026, Acme wrote:" and its sisters; both colons. */
static bool is_attribution(struct slice s)
{
    static const struct {
        const char *begins, *holds;
    } forms[] = {
        { "On ", "wrote" },    { "Am ", "schrieb" }, { "Le ", "crit" },       { "El ", "escribi" }, { "Il ", "scritto" },
        { "Em ", "escreveu" }, { "Op ", "schreef" }, { "W dniu ", "napisa" }, { "", "写道" },       { "", "寫道" },
        { "", "写到" },        { "", "wrote" },      { "", "のメール" },      { "", "님이 작성" },
    };

    s = mail_trimmed(s);
    if (!s.n || s.n > ATTRIBUTION_MAX || (!ends_with(s, ":") && !ends_with(s, "：")))
        return false;
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
        if (slice_starts(s, forms[i].begins) && contains(s, forms[i].holds))
            return true;
    return false;
}

/* A line behind which a program puts the mail that is answered. */
static bool is_rule(struct slice s)
{
    static const char *const rules[] = { "-----Original Message-----",
                                         "-----Ursprüngliche Nachricht-----",
                                         "----- Original Message -----",
                                         "-----原始邮件-----",
                                         "-----原始郵件-----",
                                         "------------------ 原始邮件 ------------------",
                                         "------------------ Original ------------------" };

    s = mail_trimmed(s);
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
        if (slice_starts(s, rules[i]))
            return true;
    return s.n > 8 && slice_starts(s, "---") && ends_with(s, "---") &&
           (contains(s, "原始邮件") || contains(s, "Original") || contains(s, "原始郵件"));
}

/* Outlook: a line of underscores, then "From:" … "Sent:". */
static bool is_header_block(struct slice text, size_t at)
{
    static const char *const firsts[] = { "From:", "发件人", "寄件者", "Von:", "差出人" };
    static const char *const seconds[] = { "Sent:", "Date:", "发送时间", "寄件日期", "已傳送", "Gesendet:", "送信日時" };
    struct slice line = line_at(text, at), next;
    bool first = false, second = false;

    for (size_t i = 0; i < sizeof(firsts) / sizeof(firsts[0]); i++)
        first |= slice_starts(mail_trimmed(line), firsts[i]);
    for (int k = 0; first && k < 3 && !second && at + line.n < text.n; k++) {
        at += line.n + 1;
        line = next = line_at(text, at);
        for (size_t i = 0; i < sizeof(seconds) / sizeof(seconds[0]); i++)
            second |= slice_starts(mail_trimmed(next), seconds[i]);
    }
    return first && second;
}

static bool is_quote(struct slice line)
{
    return line.n && line.p[0] == '>';
}

/* Where the quote that begins here ends: at a line of other text, or at the end of it all. */
static size_t quote_end(struct slice text, size_t at)
{
    while (at < text.n) {
        struct slice line = line_at(text, at);

        if (!is_quote(line) && mail_trimmed(line).n)
            return at;
        at += line.n + 1;
    }
    return text.n;
}

/* What stands behind an attribution: the next line that says something. */
enum behind { BEHIND_TEXT, BEHIND_QUOTE, BEHIND_ANSWERS /* a quote, and words between its lines */ };

static enum behind what_follows(struct slice text, size_t at)
{
    for (int i = 0; i < 3 && at < text.n; i++) {
        struct slice line = line_at(text, at);

        if (mail_trimmed(line).n)
            return !is_quote(line) ? BEHIND_TEXT : quote_end(text, at) == text.n ? BEHIND_QUOTE : BEHIND_ANSWERS;
        at += line.n + 1;
    }
    return BEHIND_TEXT;
}

static bool heads_a_quote(struct slice attribution, struct slice text, size_t behind)
{
    enum behind b = what_follows(text, behind);

    return b == BEHIND_QUOTE || (b == BEHIND_TEXT && dated(attribution));
}

/* An attribution may be broken into two lines by its program. What has neither date nor address may be a person's own words, unless a
 * quote follows. */
static bool attributed(struct slice text, size_t at)
{
    struct slice one = line_at(text, at), two = line_at(text, at + one.n + 1);
    struct slice both = { one.p, one.n + 1 + two.n };

    if (!mail_trimmed(one).n)
        return false;
    if (is_attribution(one))
        return heads_a_quote(one, text, at + one.n + 1);
    return at + one.n < text.n && mail_trimmed(two).n && slice_starts(mail_trimmed(one), "On ") && is_attribution(both) &&
           heads_a_quote(both, text, at + both.n + 1);
}

struct slice mail_unquoted(struct slice text, struct slice *quoted)
{
    size_t at = 0, cut = SIZE_MAX;
    struct slice head;

    while (at < text.n && at < LOOKED_AT_MAX && cut == SIZE_MAX) {
        struct slice line = line_at(text, at);
        size_t next = is_quote(line) ? quote_end(text, at) : at + line.n + 1;

        if (is_rule(line) || is_header_block(text, at) || attributed(text, at) || (is_quote(line) && next == text.n))
            cut = at;
        at = next;
    }
    *quoted = (struct slice){ "", 0 };
    if (cut == SIZE_MAX)
        return mail_trimmed(text);
    head = mail_trimmed((struct slice){ text.p, cut });
    while (ends_with(head, "________________________________")) {
        while (head.n && head.p[head.n - 1] == '_')
            head.n--;
        head = mail_trimmed(head);
    }
    if (!head.n)
        return mail_trimmed(text);
    *quoted = mail_trimmed(from(text, cut));
    return head;
}

/* ---- flowed --------------------------------------------------------------------------------------------------------------------- */

static size_t quote_depth(struct slice line)
{
    size_t n = 0;

    while (n < line.n && line.p[n] == '>')
        n++;
    return n;
}

struct slice mail_flowed(struct arena *a, struct slice text, bool delsp)
{
    struct slice ret = { NULL, 0 };
    bool flows = false;
    size_t depth = 0;
    struct buf b;

    buf_init(&b, text.n + 16);
    for (size_t at = 0; at < text.n;) {
        struct slice line = line_at(text, at), rest;
        size_t d = quote_depth(line);
        bool soft;

        at += line.n + 1;
        rest = from(line, d);
        if (rest.n && rest.p[0] == ' ') /* stuffed */
            rest = from(rest, 1);
        soft = rest.n && rest.p[rest.n - 1] == ' ' && !slice_is(rest, "-- ");
        if (!(flows && d == depth)) {
            if (b.n)
                buf_char(&b, '\n');
            buf_add(&b, (struct slice){ line.p, d });
            if (d && rest.n)
                buf_char(&b, ' ');
        }
        buf_add(&b, (struct slice){ rest.p, rest.n - (soft && delsp ? 1 : 0) });
        flows = soft;
        depth = d;
    }
    if (buf_ok(&b))
        ret = arena_copy(a, buf_slice(&b));
    else
        ret = text; /* quotes that grew: as it came */
    buf_finish(&b);
    return ret;
}

/* ---- HTML ------------------------------------------------------------------------------------------------------------------------ */

#define QUOTES_SHOWN 3 /* marks before a line; what is quoted deeper looks like that */
#define LISTS_MAX    8 /* one in the other; what is deeper looks like that */
#define HREF_MAX     2000
#define EMOJI_MAX    32 /* bytes of a picture that is one */

/* Anybody may send a mail, and everybody waits while it is read: of a page that nobody would read to its end the beginning is enough. */
#define HTML_TEXT_MAX (1u << 20)
#define HTML_TAGS_MAX 100000
#define HTML_STEP_MAX 8192 /* bytes that one tag makes of itself, at most */
#define HTML_CUT      "[the rest was left out: it is too long]"

struct page {
    struct buf out;
    int newlines; /* at the end of `out` */
    bool space;   /* one is due before the next word */
    int pre;
    int blocks;          /* of <blockquote>, open */
    uint64_t quotes;     /* which of the first 64 of them repeat what somebody wrote before */
    size_t lists;        /* open */
    int next[LISTS_MAX]; /* the number of the next entry of each; 0: it has none */
    size_t tags;         /* so far */
    struct slice href;   /* of the link that is open */
    size_t href_at;      /* where its words begin */
};

static void page_break(struct page *p, int newlines)
{
    p->space = false;
    while (p->out.n && p->newlines < newlines) {
        buf_char(&p->out, '\n');
        p->newlines++;
    }
}

static void page_char(struct page *p, const char *bytes, size_t n)
{
    if (p->space && p->out.n && !p->newlines)
        buf_char(&p->out, ' ');
    if (p->quotes && (p->newlines || !p->out.n))
        for (int i = 0; i < QUOTES_SHOWN && i < __builtin_popcountll(p->quotes); i++)
            buf_str(&p->out, "> ");
    p->space = false;
    p->newlines = 0;
    buf_add(&p->out, (struct slice){ bytes, n });
}

static const struct {
    const char *name;
    uint32_t cp;
} entities[] = {
    { "amp", '&' },      { "lt", '<' },       { "gt", '>' },        { "quot", '"' },     { "apos", '\'' },    { "nbsp", ' ' },
    { "copy", 0xa9 },    { "reg", 0xae },     { "hellip", 0x2026 }, { "mdash", 0x2014 }, { "ndash", 0x2013 }, { "lsquo", 0x2018 },
    { "rsquo", 0x2019 }, { "ldquo", 0x201c }, { "rdquo", 0x201d },  { "bull", 0x2022 },  { "euro", 0x20ac },  { "auml", 0xe4 },
    { "ouml", 0xf6 },    { "uuml", 0xfc },    { "Auml", 0xc4 },     { "Ouml", 0xd6 },    { "Uuml", 0xdc },    { "szlig", 0xdf },
    { "eacute", 0xe9 },  { "egrave", 0xe8 },  { "agrave", 0xe0 },   { "ccedil", 0xe7 },  { "middot", 0xb7 },  { "times", 0xd7 },
};

/* The character of "&name;" at the beginning of `s`; its length, 0 if it is none. */
static size_t entity(struct slice s, uint32_t *cp)
{
    const char *end = memchr(s.p, ';', s.n < 12 ? s.n : 12);
    struct slice name;
    char digits[12];
    unsigned long v;

    if (!end || end < s.p + 2)
        return 0;
    name = (struct slice){ s.p + 1, (size_t)(end - s.p) - 1 };
    if (name.p[0] == '#') {
        bool hex = name.n > 1 && (name.p[1] == 'x' || name.p[1] == 'X');

        memcpy(digits, name.p + 1, name.n - 1);
        digits[name.n - 1] = '\0';
        v = strtoul(digits + hex, NULL, hex ? 16 : 10);
        *cp = v < 0x20 || v > 0x10ffff || (v >= 0xd800 && v < 0xe000) || v == 0x7f ? (v == '\n' || v == '\t' ? ' ' : 0xfffd) : (uint32_t)v;
        return name.n + 2;
    }
    for (size_t i = 0; i < sizeof(entities) / sizeof(entities[0]); i++)
        if (slice_is(name, entities[i].name)) {
            *cp = entities[i].cp;
            return name.n + 2;
        }
    return 0;
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool tag_is(struct slice name, const char *word)
{
    return name.n == strlen(word) && strncasecmp(name.p, word, name.n) == 0;
}

/* Behind `</name` and its '>', without regard to case; the end where there is none. */
static size_t behind(struct slice s, size_t at, struct slice name)
{
    while (at + name.n + 2 < s.n) {
        const char *p = memchr(s.p + at, '<', s.n - at);
        const char *end;

        if (!p || (size_t)(p - s.p) + name.n + 2 >= s.n)
            return s.n;
        at = (size_t)(p - s.p) + 1;
        if (p[1] != '/' || strncasecmp(p + 2, name.p, name.n) != 0)
            continue;
        end = memchr(p, '>', s.n - (size_t)(p - s.p));
        return end ? (size_t)(end - s.p) + 1 : s.n;
    }
    return s.n;
}

/* Behind the tag that begins at s.p[at]; a '>' inside of a quoted value does not end it. */
static size_t tag_end(struct slice s, size_t at)
{
    char quote = 0;

    for (at++; at < s.n; at++) {
        if (quote)
            quote = s.p[at] == quote ? 0 : quote;
        else if (s.p[at] == '>')
            return at + 1;
        else if ((s.p[at] == '"' || s.p[at] == '\'') && s.p[at - 1] == '=')
            quote = s.p[at];
    }
    return s.n;
}

/* A quote becomes lines as plain mail marks them. Some programs indent by the same tag: without the line beside it. */
static void page_blockquote(struct page *p, struct slice tag, bool closes)
{
    bool indents = memmem(tag.p, tag.n, "border:none", 11) || memmem(tag.p, tag.n, "border: none", 12);

    page_break(p, 1);
    if (closes && p->blocks > 0)
        p->blocks--;
    if (p->blocks < 64)
        p->quotes = closes || indents ? p->quotes & ~(1ULL << p->blocks) : p->quotes | 1ULL << p->blocks;
    if (!closes)
        p->blocks++;
}

/* The value of an attribute, with its entities; "" none. */
static struct slice attribute(struct slice tag, const char *name)
{
    size_t n = strlen(name);

    for (size_t i = 1; i + n + 2 < tag.n; i++) {
        struct slice rest = from(tag, i + n);
        size_t k = 0;

        if (!blank(tag.p[i - 1]) || strncasecmp(tag.p + i, name, n) != 0)
            continue;
        while (k < rest.n && blank(rest.p[k]))
            k++;
        if (k == rest.n || rest.p[k] != '=')
            continue;
        for (k++; k < rest.n && blank(rest.p[k]); k++)
            ;
        rest = from(rest, k);
        if (rest.n && (rest.p[0] == '"' || rest.p[0] == '\'')) {
            const char *end = memchr(rest.p + 1, rest.p[0], rest.n - 1);

            return (struct slice){ rest.p + 1, end ? (size_t)(end - rest.p) - 1 : rest.n - 1 };
        }
        for (k = 0; k < rest.n && !blank(rest.p[k]) && rest.p[k] != '>'; k++)
            ;
        return (struct slice){ rest.p, k };
    }
    return (struct slice){ "", 0 };
}

static void page_value(struct page *p, struct slice value)
{
    for (size_t i = 0; i < value.n;) {
        uint32_t cp = 0;
        size_t n = value.p[i] == '&' ? entity(from(value, i), &cp) : 0;
        char bytes[4];

        if (n && cp > ' ')
            page_char(p, bytes, utf8_put(bytes, cp));
        else if (!n && (unsigned char)value.p[i] > ' ')
            page_char(p, value.p + i, 1);
        i += n ? n : 1;
    }
}

/* Is it what the words say anyway? */
static bool says(struct slice words, struct slice href)
{
    size_t skip = slice_starts(href, "https://") ? 8 : 7;

    href = from(href, skip);
    while (href.n && href.p[href.n - 1] == '/')
        href.n--;
    return !href.n || memmem(words.p, words.n, href.p, href.n);
}

/* Where words lead stands behind them, as plain mail writes it. */
static void page_link(struct page *p, struct slice tag, bool closes)
{
    struct slice href = p->href, words = p->out.n ? from(buf_slice(&p->out), p->href_at) : SLICE("");

    p->href = closes ? (struct slice){ "", 0 } : mail_trimmed(attribute(tag, "href"));
    p->href_at = p->out.n;
    if (!closes || href.n > HREF_MAX || (!slice_starts(href, "http://") && !slice_starts(href, "https://")) || !mail_trimmed(words).n ||
        says(words, href))
        return;
    p->space = true;
    page_char(p, "<", 1);
    page_value(p, href);
    page_char(p, ">", 1);
}

static void page_list(struct page *p, bool numbered, bool closes)
{
    if (closes && p->lists > 0)
        p->lists--;
    else if (!closes && p->lists < LISTS_MAX)
        p->next[p->lists] = numbered;
    p->lists += !closes;
}

static void page_entry(struct page *p)
{
    size_t at = p->lists < LISTS_MAX ? p->lists : LISTS_MAX;
    char mark[24];
    int n;

    page_break(p, 1);
    if (at && p->next[at - 1])
        n = snprintf(mark, sizeof(mark), "%*s%d. ", (int)(2 * at - 2), "", p->next[at - 1]++);
    else
        n = snprintf(mark, sizeof(mark), "%*s- ", at ? (int)(2 * at - 2) : 0, "");
    page_char(p, mark, (size_t)n);
}

/* Programs send emoji as pictures, and say beside them which they are. Names of files are said by the files. */
static void page_image(struct page *p, struct slice tag)
{
    struct slice alt = mail_trimmed(attribute(tag, "alt"));

    if (alt.n && alt.n <= EMOJI_MAX && (alt.p[0] == '\xe2' || (unsigned char)alt.p[0] >= 0xf0))
        page_value(p, alt);
}

static size_t page_tag(struct page *p, struct slice s, size_t at)
{
    static const char *const hidden[] = { "script", "style", "head", "title", "template", "noscript" };
    static const char *const blocks[] = { "p", "div", "tr", "ul", "ol", "table", "h1", "h2", "h3", "h4", "h5", "h6", "section", "article" };
    struct slice name;
    size_t end, n = at + 1;
    bool closes;

    if (s.n - at >= 4 && memcmp(s.p + at, "<!--", 4) == 0) {
        const char *stop = memmem(s.p + at + 4, s.n - at - 4, "-->", 3);

        return stop ? (size_t)(stop - s.p) + 3 : s.n;
    }
    closes = n < s.n && s.p[n] == '/';
    n += closes;
    name = from(s, n);
    end = tag_end(s, at);
    for (name.n = 0; n + name.n < end && is_letter(name.p[name.n]); name.n++)
        ;
    if (n + name.n < end && name.n == 1 && name.p[1] >= '1' && name.p[1] <= '6') /* h1 */
        name.n++;
    for (size_t i = 0; !closes && i < sizeof(hidden) / sizeof(hidden[0]); i++)
        if (tag_is(name, hidden[i]))
            return behind(s, end, name);
    if (tag_is(name, "br"))
        page_break(p, p->newlines + 1);
    else if (tag_is(name, "li") && !closes)
        page_entry(p);
    else if (tag_is(name, "ul") || tag_is(name, "ol"))
        page_list(p, tag_is(name, "ol"), closes);
    else if (tag_is(name, "a"))
        page_link(p, (struct slice){ s.p + at, end - at }, closes);
    else if (tag_is(name, "img"))
        page_image(p, (struct slice){ s.p + at, end - at });
    else if (tag_is(name, "td") || tag_is(name, "th"))
        p->space = true;
    else if (tag_is(name, "blockquote"))
        page_blockquote(p, (struct slice){ s.p + at, end - at }, closes);
    else if (tag_is(name, "pre")) {
        p->pre += closes ? -1 : 1;
        page_break(p, 1);
    }
    for (size_t i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++)
        if (tag_is(name, blocks[i]))
            page_break(p, tag_is(name, "p") ? 2 : 1);
    return end;
}

/* A character is not cut in two. */
static bool is_enough(const struct page *p, char next)
{
    return p->tags >= HTML_TAGS_MAX || (p->out.n >= HTML_TEXT_MAX && ((unsigned char)next & 0xc0) != 0x80);
}

struct slice mail_html_text(struct arena *a, struct slice html)
{
    struct slice ret = { NULL, 0 };
    struct page p = { .newlines = 1 };
    size_t i = 0;

    buf_init(&p.out, HTML_TEXT_MAX + HTML_STEP_MAX);
    while (i < html.n && !is_enough(&p, html.p[i])) {
        uint32_t cp = 0;
        size_t n;
        char bytes[4];

        if (html.p[i] == '<' && i + 1 < html.n && (html.p[i + 1] == '/' || html.p[i + 1] == '!' || is_letter(html.p[i + 1]))) {
            i = page_tag(&p, html, i);
            p.tags++;
        } else if (html.p[i] == '&' && (n = entity(from(html, i), &cp)) > 0) {
            if (cp == ' ')
                p.space = true;
            else
                page_char(&p, bytes, utf8_put(bytes, cp));
            i += n;
        } else if (p.pre > 0 && html.p[i] == '\n') {
            page_break(&p, p.newlines + 1);
            i++;
        } else if (blank(html.p[i])) {
            p.space = true;
            i++;
        } else
            page_char(&p, html.p + i++, 1);
    }
    if (i < html.n) {
        p.quotes = 0;
        page_break(&p, 1);
        buf_str(&p.out, HTML_CUT);
    }
    if (buf_ok(&p.out))
        ret = arena_copy(a, mail_trimmed(buf_slice(&p.out)));
    buf_finish(&p.out);
    return ret;
}
