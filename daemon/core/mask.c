#include "core/mask.h"

#include "core/utf8.h"

#include <stdlib.h>
#include <string.h>

/* Tests build copies that lack one check each, to see that its corpus notices. */
#ifndef MASK_LUHN
#define MASK_LUHN 1
#endif
#ifndef MASK_CHECK
#define MASK_CHECK 1
#endif
#ifndef MASK_FOLDING
#define MASK_FOLDING 1
#endif

/* One character that is seen: folded, and where it stands. */
struct cell {
    uint32_t cp;
    uint32_t from, to;
    bool broken; /* no UTF-8 */
};

struct view {
    struct cell *c;
    size_t n;
};

/* A digit of a run, and what stands between it and the one before: 0 nothing. */
struct digit {
    char d;
    char gap;
    uint32_t at; /* its cell */
};

#define RUN_MAX 64

static uint32_t fold(uint32_t cp)
{
    if (MASK_FOLDING && cp >= 0xFF01 && cp <= 0xFF5E)
        return cp - 0xFF01 + '!';
    if (MASK_FOLDING && cp >= 0x1D7CE && cp <= 0x1D7FF) /* of mathematics: five alphabets of ten */
        return '0' + (cp - 0x1D7CE) % 10;
    if (cp == 0x3000 || cp == 0xA0 || (cp >= 0x2000 && cp <= 0x200A) || cp == 0x202F || cp == 0x205F)
        return ' ';
    if ((cp >= 0x2010 && cp <= 0x2015) || cp == 0x2212)
        return '-';
    if (cp == 0x30FB || cp == 0xFF65 || cp == 0x2022 || cp == 0x2027)
        return 0xB7;
    return cp == 0xFF64 ? 0x3001 : cp;
}

static bool is_unseen(uint32_t cp)
{
    return (cp >= 0x200B && cp <= 0x200F) || cp == 0x2060 || cp == 0xFEFF || cp == 0xAD || cp == '\r' || (cp >= 0xFE00 && cp <= 0xFE0F) ||
           cp == 0x20E3; /* what makes a digit a key */
}

static bool view_open(struct view *v, struct slice text)
{
    v->c = calloc(text.n + 1, sizeof(*v->c));
    v->n = 0;
    if (!v->c)
        return false;
    for (size_t i = 0; i < text.n;) {
        size_t from = i;
        uint32_t cp = utf8_next(text, &i);

        if (!is_unseen(cp))
            v->c[v->n++] = (struct cell){ fold(cp), (uint32_t)from, (uint32_t)i, cp == 0xFFFD && i - from == 1 };
    }
    return true;
}

static bool is_digit(uint32_t cp)
{
    return cp >= '0' && cp <= '9';
}

static bool is_letter(uint32_t cp)
{
    return (cp >= 'a' && cp <= 'z') || (cp >= 'A' && cp <= 'Z');
}

static uint32_t upper(uint32_t cp)
{
    return cp >= 'a' && cp <= 'z' ? cp - 32 : cp;
}

/* The character at `i`, 0 outside. */
static uint32_t at(const struct view *v, size_t i)
{
    return i < v->n ? v->c[i].cp : 0;
}

/* ---- check digits ---- */

static bool luhn(const char *d, size_t n)
{
    int sum = 0;

    if (!MASK_LUHN)
        return true;
    for (size_t i = 0; i < n; i++) {
        int v = d[n - 1 - i] - '0';

        if (i & 1)
            v = v > 4 ? 2 * v - 9 : 2 * v;
        sum += v;
    }
    return sum % 10 == 0;
}

static int two(const char *d)
{
    return 10 * (d[0] - '0') + d[1] - '0';
}

static bool is_date(int year, int month, int day)
{
    static const int days[] = { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

    return year >= 1800 && year < 2100 && month >= 1 && month <= 12 && day >= 1 && day <= days[month - 1];
}

static bool is_province(int n)
{
    return (n >= 11 && n <= 15) || (n >= 21 && n <= 23) || (n >= 31 && n <= 37) || (n >= 41 && n <= 46) || (n >= 50 && n <= 54) ||
           (n >= 61 && n <= 65) || n == 71 || n == 81 || n == 82 || n == 83;
}

/* ISO 7064 MOD 11-2. `last` in upper case. */
static bool is_resident(const char *d, char last)
{
    static const int weights[17] = { 7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2 };
    int sum = 0;

    if (!is_province(two(d)) || !is_date(100 * two(d + 6) + two(d + 8), two(d + 10), two(d + 12)))
        return false;
    for (int i = 0; i < 17; i++)
        sum += weights[i] * (d[i] - '0');
    return !MASK_CHECK || "10X98765432"[sum % 11] == last;
}

static bool is_old_resident(const char *d)
{
    return is_province(two(d)) && is_date(1900 + two(d + 6), two(d + 8), two(d + 10));
}

static bool is_card(const char *d, size_t n)
{
    int p = two(d);
    bool issued = (p == 62 && n >= 16) || (d[0] == '4' && (n == 13 || n == 16 || n == 19)) ||
                  (((p >= 51 && p <= 55) || (p >= 22 && p <= 27) || p == 35) && n == 16) || ((p == 34 || p == 37) && n == 15);

    return issued && luhn(d, n);
}

/* ---- runs of digits ---- */

/* What may stand between two digits of one number; the kind of it, 0 none of these. */
static char gap_of(uint32_t cp)
{
    switch (cp) {
    case ' ':
    case '-':
    case '.':
    case ')':
    case '\n':
    case '/':
    case '_':
        return (char)cp;
    case 0xB7:
        return '*';
    case 0x3001: /* what Chinese lists are written with */
        return ',';
    default:
        return 0;
    }
}

/* With these one also writes lists of prices and sizes, dates and names of files. */
static bool is_of_lists(char gap)
{
    return gap == '/' || gap == '_' || gap == ',' || gap == '*' || gap == '\n';
}

/* How many cells from `i` are one gap, and its kind: a separator, which may have a blank on either side. 0: none. */
static size_t gap_read(const struct view *v, size_t i, char *kind)
{
    size_t n = 0;

    if (at(v, i) == ' ' && gap_of(at(v, i + 1))) /* also another blank: a thin one and a plain one */
        n++;
    *kind = gap_of(at(v, i + n));
    if (!*kind)
        return 0;
    n++;
    return *kind != ' ' && at(v, i + n) == ' ' ? n + 1 : n;
}

static size_t run_read(const struct view *v, size_t from, struct digit *run)
{
    size_t n = 0, i = from;
    char gap = 0;

    while (i < v->n && n < RUN_MAX && is_digit(v->c[i].cp)) {
        size_t wide;

        run[n++] = (struct digit){ (char)v->c[i].cp, gap, (uint32_t)i };
        wide = gap_read(v, ++i, &gap);
        if (!is_digit(at(v, i + wide)))
            break;
        i += wide;
    }
    return n;
}

struct finding {
    struct mask_span *spans;
    size_t n, max;
};

static size_t add(struct finding *f, const struct view *v, size_t first, size_t last, enum mask_kind kind, size_t head, size_t tail)
{
    if (f->n < f->max)
        f->spans[f->n++] = (struct mask_span){ v->c[first].from, v->c[last].to, kind, head, tail };
    return last + 1;
}

/* The groups in which telephones, cards and resident ids (one of them without its X) are read out. */
static bool is_read_out(const char *groups)
{
    static const char *const known[] = { "433", "46", "442", "344", "38", "74", "4444", "44443", "465", "684", "683", "6444", "6443" };

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (strcmp(known[i], groups) == 0)
            return true;
    return groups[strspn(groups, "1")] == '\0';
}

/* All gaps inside of [from, to) are of one kind; the numbers of those who read out their card are. With those of lists the groups have to
 * be known ones, too. */
static bool is_even(const struct digit *run, size_t from, size_t to)
{
    char groups[RUN_MAX + 1];
    size_t n = 0, since = from;
    char gap = 0;

    for (size_t i = from + 1; i <= to; i++) {
        if (i < to && !run[i].gap)
            continue;
        if (i < to && gap && gap != run[i].gap)
            return false;
        if (i < to)
            gap = run[i].gap;
        groups[n++] = (char)('0' + (i - since < 9 ? i - since : 9));
        since = i;
    }
    groups[n] = '\0';
    return !is_of_lists(gap) || is_read_out(groups);
}

static bool is_whole(const struct digit *run, size_t from, size_t to)
{
    for (size_t i = from + 1; i < to; i++)
        if (run[i].gap)
            return false;
    return true;
}

/* 0912-345-678: ten digits that begin so may be a date and a time as well. */
static bool is_taiwans(const struct digit *run, size_t from, size_t to)
{
    static const size_t ends[][2] = { { 4, 7 }, { 4, 4 }, { 4, 8 } };
    char gap = run[from + 4].gap;

    if (is_whole(run, from, to))
        return true;
    for (size_t k = 0; k < sizeof(ends) / sizeof(ends[0]) && gap; k++) {
        size_t i = from + 1;

        while (i < to && run[i].gap == (i == from + ends[k][0] || i == from + ends[k][1] ? gap : 0))
            i++;
        if (i == to)
            return true;
    }
    return false;
}

/* What stands at digits [from, to) as a whole; false: nothing that we know. */
static bool number_at(const struct digit *run, size_t from, size_t to, struct mask_span *ret)
{
    char d[RUN_MAX + 1];
    size_t n = to - from;

    for (size_t i = 0; i < n; i++)
        d[i] = run[from + i].d;
    d[n] = 0;
    if (n == 18 && is_even(run, from, to) && is_resident(d, d[17])) {
        *ret = (struct mask_span){ .kind = MASK_ID, .head = 6, .tail = 4 };
        return true;
    }
    if (n >= 13 && n <= 19 && is_even(run, from, to) && is_card(d, n)) {
        *ret = (struct mask_span){ .kind = MASK_CARD, .head = 0, .tail = 4 };
        return true;
    }
    if (n == 15 && is_whole(run, from, to) && is_old_resident(d)) {
        *ret = (struct mask_span){ .kind = MASK_ID, .head = 6, .tail = 3 };
        return true;
    }
    if (n == 13 && d[0] == '8' && d[1] == '6' && d[2] == '1' && d[3] >= '3' && is_even(run, from + 2, to)) {
        *ret = (struct mask_span){ .kind = MASK_MOBILE, .head = 5, .tail = 4 };
        return true;
    }
    if (n == 15 && memcmp(d, "00861", 5) == 0 && d[5] >= '3' && is_even(run, from + 4, to)) {
        *ret = (struct mask_span){ .kind = MASK_MOBILE, .head = 7, .tail = 4 };
        return true;
    }
    if ((n == 10 && d[0] == '0' && d[1] == '9' && is_taiwans(run, from, to)) ||
        (n == 12 && memcmp(d, "8869", 4) == 0 && is_even(run, from + 3, to))) {
        *ret = (struct mask_span){ .kind = MASK_MOBILE, .head = n - 6, .tail = 3 };
        return true;
    }
    if (n == 11 && d[0] == '1' && d[1] >= '3' && is_even(run, from, to)) {
        *ret = (struct mask_span){ .kind = MASK_MOBILE, .head = 3, .tail = 4 };
        return true;
    }
    if (n >= 10 && n <= 12 && d[0] == '0' && d[1] != '0') {
        size_t area = d[1] <= '2' ? 3 : 4;

        *ret = (struct mask_span){ .kind = MASK_LANDLINE, .head = area, .tail = 2 };
        return n - area >= 7 && n - area <= 8 && d[area] >= '2' && is_whole(run, from, from + area) && is_whole(run, from + area, to);
    }
    return false;
}

/* 17 digits and the letter X. */
static bool x_after(const struct view *v, const struct digit *run, size_t from, size_t to)
{
    char d[17];
    size_t x = (size_t)run[to - 1].at + 1;

    if (to - from != 17 || upper(at(v, x)) != 'X' || is_digit(at(v, x + 1)) || is_letter(at(v, x + 1)) || !is_even(run, from, to))
        return false;
    for (size_t i = 0; i < 17; i++)
        d[i] = run[from + i].d;
    return is_resident(d, 'X');
}

/* A number begins and ends where a group does. Behind letters stand parcels and articles, but for telephones. */
static size_t find_number(const struct view *v, struct finding *f, size_t start)
{
    struct digit run[RUN_MAX] = { { 0, 0, 0 } };
    size_t n = run_read(v, start, run), next = n ? (size_t)run[n - 1].at + 1 : start + 1;
    bool lettered = start > 0 && is_letter(v->c[start - 1].cp);

    for (size_t from = 0; from < n;) {
        size_t to = n < from + 19 ? n : from + 19;
        bool found = false;

        for (; to > from && !found; to--) {
            struct mask_span s;
            bool ends = to == n || run[to].gap, letter = to == n && is_letter(at(v, next));

            if (!ends)
                continue;
            if (to == n && !(lettered && from == 0) && x_after(v, run, from, to)) {
                add(f, v, run[from].at, next, MASK_ID, 6, 4);
                return next + 1;
            }
            if (number_at(run, from, to, &s) && ((!(lettered && from == 0) && !letter) || s.kind == MASK_MOBILE)) {
                add(f, v, run[from].at, run[to - 1].at, s.kind, s.head, s.tail);
                from = to;
                found = true;
            }
        }
        if (!found)
            for (from++; from < n && !run[from].gap;)
                from++;
    }
    return next;
}

/* ---- letters ---- */

static bool is_mail(uint32_t cp)
{
    return is_digit(cp) || is_letter(cp) || cp == '.' || cp == '_' || cp == '-' || cp == '+' || cp == '%';
}

/* `i` is at the sign. Behind it a name with a dot in it. Blanks stand around it on both sides, or not at all. */
static size_t find_email(const struct view *v, struct finding *f, size_t i)
{
    size_t blank = i > 1 && v->c[i - 1].cp == ' ' && at(v, i + 1) == ' ' ? 1 : 0, end = i - blank;
    size_t from = end, to = i + 1 + blank, dot = 0;

    while (from > 0 && is_mail(v->c[from - 1].cp) && (f->n == 0 || v->c[from - 1].from >= f->spans[f->n - 1].to))
        from--;
    while (is_digit(at(v, to)) || is_letter(at(v, to)) || at(v, to) == '-' || at(v, to) == '.') {
        if (at(v, to) == '.' && is_letter(at(v, to + 1)))
            dot = to;
        to++;
    }
    while (to > i + 1 + blank && (at(v, to - 1) == '.' || at(v, to - 1) == '-'))
        to--;
    if (from == end || !dot || to - dot < 3)
        return i + 1;
    return add(f, v, from, to - 1, MASK_EMAIL, end - from > 1 ? 1 : 0, to - end);
}

static bool is_plate_province(uint32_t cp)
{
    static const uint32_t all[] = { 0x4EAC, 0x6D25, 0x6CAA, 0x6E1D, 0x5180, 0x8C6B, 0x4E91, 0x8FBD, 0x9ED1, 0x6E58, 0x7696,
                                    0x9C81, 0x65B0, 0x82CF, 0x6D59, 0x8D63, 0x9102, 0x6842, 0x7518, 0x664B, 0x8499, 0x9655,
                                    0x5409, 0x95FD, 0x8D35, 0x7CA4, 0x9752, 0x85CF, 0x5DDD, 0x5B81, 0x743C };

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        if (all[i] == cp)
            return true;
    return false;
}

static size_t find_plate(const struct view *v, struct finding *f, size_t i)
{
    size_t k = i + 2, n = 0, digits = 0;

    if (!is_letter(at(v, i + 1)))
        return i + 1;
    if (at(v, k) == 0xB7 || at(v, k) == ' ' || at(v, k) == '.' || at(v, k) == '-')
        k++;
    for (; (is_digit(at(v, k)) || is_letter(at(v, k))) && n < 7; k++, n++)
        digits += is_digit(v->c[k].cp);
    if (n < 5 || n > 6 || digits < 3)
        return i + 1;
    return add(f, v, i, k - 1, MASK_PLATE, 2, 2);
}

static bool is_passport(const struct view *v, size_t i)
{
    uint32_t first = upper(at(v, i));

    if (!first || first > 127 || !strchr("EGDSPH", (int)first))
        return false;
    for (size_t k = 1; k <= 8; k++)
        if (!is_digit(at(v, i + k)))
            return false;
    return !is_digit(at(v, i + 9)) && !is_letter(at(v, i + 9));
}

static bool is_credit(const struct view *v, size_t i)
{
    static const char set[] = "0123456789ABCDEFGHJKLMNPQRTUWXY";
    int sum = 0, weight = 1;
    char d[18];

    for (size_t k = 0; k < 18; k++) {
        uint32_t c = upper(at(v, i + k));
        const char *place = c && c < 128 ? strchr(set, (int)c) : NULL;

        if (!place || (k >= 2 && k < 8 && !is_digit(c)))
            return false;
        d[k] = (char)c;
        sum += (int)(place - set) * (k == 17 ? 1 : weight);
        weight = weight * 3 % 31;
    }
    if (is_digit(at(v, i + 18)) || is_letter(at(v, i + 18)) || !is_province(two(d + 2)))
        return false;
    return strchr("159ANY", d[0]) && strchr("1239", d[1]) && (!MASK_CHECK || sum % 31 == 0);
}

/* The word that says: what follows is a name in WeChat. Returns where it begins, 0: it is not there. */
static size_t wechat_word(const struct view *v, size_t i)
{
    static const char *const latin[] = { "wechat", "weixin", "wx", "vx" };
    size_t k = i;

    if (at(v, i) == 0x5FAE && at(v, i + 1) == 0x4FE1)
        k = i + 2;
    for (size_t w = 0; k == i && w < sizeof(latin) / sizeof(latin[0]); w++) {
        size_t n = 0;

        while (latin[w][n] && (at(v, i + n) | 32) == (uint32_t)latin[w][n])
            n++;
        if (!latin[w][n] && !is_letter(at(v, i + n)) && !is_digit(at(v, i + n)) && at(v, i + n) != '_' &&
            (i == 0 || !is_letter(at(v, i - 1))))
            k = i + n;
    }
    if (k == i)
        return 0;
    if (at(v, k) == 0x53F7)
        k++;
    while (at(v, k) == ' ' || at(v, k) == ':' || at(v, k) == 0x662F || at(v, k) == 0x4E3A || at(v, k) == 0xFF1A)
        k++;
    return is_letter(at(v, k)) ? k : 0;
}

static size_t find_wechat(const struct view *v, struct finding *f, size_t i)
{
    size_t k = i, n = 0;

    while (is_letter(at(v, k)) || is_digit(at(v, k)) || at(v, k) == '_' || at(v, k) == '-') {
        k++;
        n++;
    }
    return n >= 6 && n <= 20 && at(v, k) != '@' ? add(f, v, i, k - 1, MASK_WECHAT, 2, 0) : i;
}

/* ---- all of it ---- */

static bool stands_alone(const struct view *v, size_t i)
{
    return i == 0 || (!is_letter(v->c[i - 1].cp) && !is_digit(v->c[i - 1].cp));
}

/* What begins at `i`; returns where to go on. */
static size_t find_at(const struct view *v, struct finding *f, size_t i)
{
    uint32_t cp = v->c[i].cp;
    size_t name;

    if (cp == '@')
        return find_email(v, f, i);
    if (is_plate_province(cp))
        return find_plate(v, f, i);
    if ((is_digit(cp) || is_letter(cp)) && stands_alone(v, i)) {
        if (is_credit(v, i))
            return add(f, v, i, i + 17, MASK_CREDIT, 2, 4);
        if (is_passport(v, i))
            return add(f, v, i, i + 8, MASK_PASSPORT, 1, 3);
    }
    name = is_letter(cp) || cp == 0x5FAE ? wechat_word(v, i) : 0;
    if (name) {
        size_t end = find_wechat(v, f, name);

        return end > name ? end : i + 1;
    }
    return is_digit(cp) ? find_number(v, f, i) : i + 1;
}

size_t mask_find(struct slice text, struct mask_span *spans, size_t max)
{
    struct finding f = { spans, 0, max };
    struct view v;

    if (!view_open(&v, text))
        return 0;
    for (size_t i = 0; i < v.n && f.n < max;)
        i = find_at(&v, &f, i);
    free(v.c);
    return f.n;
}

/* Counts towards head and tail: what is seen, and no separator. */
static bool counts(struct slice text, size_t at_byte)
{
    size_t i = at_byte;
    uint32_t cp = fold(utf8_next(text, &i));

    return !is_unseen(cp) && !gap_of(cp);
}

/* These are letters and signs all of them, not digits in groups. */
static bool is_name(enum mask_kind kind)
{
    return kind == MASK_EMAIL || kind == MASK_WECHAT;
}

static void put_span(struct slice text, const struct mask_span *s, const char *hidden, struct buf *out)
{
    size_t n = 0, k = 0;

    for (size_t i = s->from; i < s->to; (void)utf8_next(text, &i))
        n += is_name(s->kind) || counts(text, i);
    for (size_t i = s->from; i < s->to;) {
        size_t from = i;
        bool counted = is_name(s->kind) || counts(text, i);

        (void)utf8_next(text, &i);
        if (!counted || k < s->head || k + s->tail >= n)
            buf_add(out, (struct slice){ text.p + from, i - from });
        else
            buf_str(out, hidden);
        k += counted;
    }
}

static void put_masked(struct slice text, const char *hidden, struct buf *out)
{
    struct mask_span *spans = calloc(MASK_MAX + 1, sizeof(*spans));
    size_t n, done = 0;
    struct view v;

    if (!spans || !view_open(&v, text)) { /* nobody shall see it because memory was short */
        free(spans);
        out->failed = true;
        return;
    }
    free(v.c);
    n = mask_find(text, spans, MASK_MAX + 1);
    out->failed |= n > MASK_MAX;
    for (size_t i = 0; i < n; i++) {
        buf_add(out, (struct slice){ text.p + done, spans[i].from - done });
        put_span(text, &spans[i], hidden, out);
        done = spans[i].to;
    }
    buf_add(out, (struct slice){ text.p + done, text.n - done });
    free(spans);
}

void mask_text(struct slice text, struct buf *out)
{
    put_masked(text, "*", out);
}

#define UNSAID "\xEA\x80\x80" /* U+A000 */

void mask_blind(struct slice text, struct buf *out)
{
    put_masked(text, UNSAID, out);
}
