#include "core/wording.h"

#include <strings.h>

/* The next part of a language tag: between '-' or '_', up to a '.' ("zh_TW.UTF-8"). */
static struct slice subtag(struct slice *rest)
{
    struct slice ret = { rest->p, 0 };

    while (ret.n < rest->n && !strchr("-_.@", rest->p[ret.n]))
        ret.n++;
    if (ret.n < rest->n && (rest->p[ret.n] == '-' || rest->p[ret.n] == '_'))
        *rest = (struct slice){ rest->p + ret.n + 1, rest->n - ret.n - 1 };
    else
        *rest = (struct slice){ rest->p + ret.n, 0 };
    return ret;
}

static bool same_word(struct slice a, const char *b)
{
    return a.n == strlen(b) && strncasecmp(a.p, b, a.n) == 0;
}

/* A script that is named beats the region: zh-Hans-HK is simplified. */
static const char *chinese(struct slice rest)
{
    const char *ret = "zh-CN";

    while (rest.n) {
        struct slice tag = subtag(&rest);

        if (same_word(tag, "Hans"))
            return "zh-CN";
        if (same_word(tag, "Hant"))
            return "zh-TW";
        if (same_word(tag, "TW") || same_word(tag, "HK") || same_word(tag, "MO"))
            ret = "zh-TW";
    }
    return ret;
}

const char *wording_language(const char *locale, const char *fallback)
{
    struct slice rest = slice_of(locale);
    struct slice language = subtag(&rest);

    if (same_word(language, "zh"))
        return chinese(rest);
    return same_word(language, "en") ? "en" : fallback;
}

static const struct wording *find_in(const struct wording *all, size_t n, const char *key, const char *lang)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(all[i].key, key) == 0 && (!lang || strcmp(all[i].lang, lang) == 0))
            return &all[i];
    return NULL;
}

const struct wording *wording_find(const struct wording *all, size_t n, const char *key, const char *lang, const char *fallback)
{
    const struct wording *ret = lang ? find_in(all, n, key, lang) : NULL;

    if (!ret && fallback)
        ret = find_in(all, n, key, fallback);
    return ret ? ret : find_in(all, n, key, NULL);
}

/* A placeholder at p: the length of "{name}" with its braces, 0 if it is none. */
static size_t placeholder(const char *p)
{
    size_t n = 1;

    while ((p[n] >= 'a' && p[n] <= 'z') || (p[n] >= '0' && p[n] <= '9') || p[n] == '_')
        n++;
    return n > 1 && p[n] == '}' ? n + 1 : 0;
}

/* NULL or "" when there is nothing to say. */
static const char *value_of(const struct wording_value *values, size_t n, struct slice name)
{
    for (size_t i = 0; i < n; i++)
        if (slice_is(name, values[i].name))
            return values[i].value;
    return NULL;
}

/* Takes back the blanks that were written last; true if there were some. */
static bool drop_blanks(struct buf *b, size_t from)
{
    size_t n = b->n;

    while (b->n > from && b->p[b->n - 1] == ' ')
        b->n--;
    if (b->p)
        b->p[b->n] = '\0';
    return b->n != n;
}

/* Goes on after a placeholder that has no value: the blanks on either side go, but two words do not grow together. */
static const char *leave_out(const char *p, struct buf *ret, size_t from)
{
    bool before = drop_blanks(ret, from), after = *p == ' ';

    while (*p == ' ')
        p++;
    if (before && after && *p && ret->n > from)
        buf_char(ret, ' ');
    return p;
}

/* What is filled in: where it began, and the part in [[ ]] that is being filled, if any. */
struct filling {
    struct buf *ret;
    size_t from;
    const char *part; /* behind its "[[" */
    size_t part_from; /* what was there before it */
    bool part_lacks;  /* a placeholder of it has no value */
};

static const char *take_bracket(struct filling *f, const char *p)
{
    if (*p == '[' && p[1] == '[' && !f->part && strstr(p + 2, "]]")) {
        f->part = p + 2;
        f->part_from = f->ret->n;
        f->part_lacks = false;
        return f->part;
    }
    if (*p == ']' && p[1] == ']' && f->part) {
        if (f->part_lacks) {
            f->ret->n = f->part_from;
            if (f->ret->p)
                f->ret->p[f->ret->n] = '\0';
        }
        f->part = NULL;
        return p + 2;
    }
    buf_char(f->ret, *p);
    return p + 1;
}

static const char *take_brace(struct filling *f, const char *p, const struct wording_value *values, size_t n)
{
    size_t len = placeholder(p);
    const char *value;

    if (!len) { /* "{{" is one brace, and so is one that begins nothing */
        buf_char(f->ret, '{');
        return p + (p[1] == '{' ? 2 : 1);
    }
    value = value_of(values, n, (struct slice){ p + 1, len - 2 });
    if (value && *value) {
        buf_str(f->ret, value);
        return p + len;
    }
    f->part_lacks = true;
    return leave_out(p + len, f->ret, f->part ? f->part_from : f->from);
}

void wording_fill(const char *text, const struct wording_value *values, size_t n, struct buf *ret)
{
    struct filling f = { .ret = ret, .from = ret->n };

    for (const char *p = text; *p;) {
        size_t plain = strcspn(p, "{[]");

        buf_add(ret, (struct slice){ p, plain });
        p += plain;
        if (*p == '{')
            p = take_brace(&f, p, values, n);
        else if (*p)
            p = take_bracket(&f, p);
    }
}

static const char *const of_house[] = { "welcome",        "consent",       "joined",         "transferred", "transferred_queue",
                                        "returned",       "closed",        "closed_idle",    "form_thanks", "contact_wrong",
                                        "form_empty",     "muted",         "blocked",        "too_fast",    "said_already",
                                        "no_links",       "article",       "article_yes",    "article_no",  "invite_rating",
                                        "article_thanks", "article_sorry", "talk_to_person", "bot_handoff", "bot_gives_up" };

const char *wording_of_house(size_t i)
{
    return i < sizeof(of_house) / sizeof(of_house[0]) ? of_house[i] : NULL;
}

/* All that is ever filled in, wherever a wording is said. */
static const char blanks[] = "{site} {name} {number} {position} {opening} {reason} {queue} {title} {body} {link}";

const char *wording_blanks(void)
{
    return blanks;
}

static bool is_blank(const char *p, size_t n)
{
    for (const char *b = blanks; (b = strchr(b, '{')); b++)
        if (n && placeholder(b) == n && memcmp(b, p, n) == 0)
            return true;
    return false;
}

const char *wording_wrong(const char *text)
{
    for (const char *p = text + strcspn(text, "{["); *p; p += strcspn(p, "{[")) {
        if (*p == '[' && p[1] == '[' && !strstr(p + 2, "]]"))
            return p;
        if (*p == '{' && p[1] != '{' && !is_blank(p, placeholder(p)))
            return p;
        p += p[1] == *p ? 2 : 1;
    }
    return NULL;
}
