/* Addressed by a wrong name: "张先生" to somebody who is called 王. Only where it is known what the visitor is called, from the customer or by
 * his own words; and never by a name that the visitor has used himself, for he may speak of somebody else. */
#include "core/check_inner.h"
#include "core/utf8.h"

#define NAMES_MAX 8
#define BEFORE    3 /* characters before a title: a surname and a given name of two */

/* The usual surnames, simplified and traditional. What is not among them may be any word: "这位先生". */
static const char surnames[] = "王李张張刘劉陈陳杨楊黄黃赵趙吴吳周徐孙孫马馬朱胡郭何高林罗羅郑鄭梁谢謝宋唐许許韩韓冯馮邓鄧曹彭曾肖蕭田董袁"
                               "潘于蔣蒋蔡余杜葉叶程蘇苏魏呂吕丁任沈姚盧卢姜崔鍾鐘钟譚谭陸陆汪"
                               "范金石廖賈贾夏韋韦付傅方白鄒邹孟熊秦邱江尹薛閻阎段雷侯龍龙史陶黎賀贺顧顾毛郝龔龚邵萬万錢钱嚴严覃武戴莫孔湯"
                               "汤溫温康施牛樊葛邢安齊齐伍龐庞翟藺蔺莊庄柯詹簡简阮歐欧";

struct name {
    char text[64]; /* CJK: its first character, or the two of a compound surname; else a folded word */
    bool cjk;
};

struct names {
    struct name at[NAMES_MAX];
    size_t n;
};

static bool is_cjk(uint32_t cp)
{
    return cp >= 0x4e00 && cp <= 0x9fff;
}

static bool is_surname(struct slice ch)
{
    char text[8] = "";

    if (!ch.n || ch.n >= sizeof(text))
        return false;
    memcpy(text, ch.p, ch.n);
    return strstr(surnames, text) != NULL;
}

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static void add(struct names *to, struct slice s, bool cjk)
{
    struct name *n;

    if (to->n == NAMES_MAX || !s.n || s.n >= sizeof(n->text))
        return;
    n = &to->at[to->n++];
    for (size_t i = 0; i < s.n; i++)
        n->text[i] = s.p[i] >= 'A' && s.p[i] <= 'Z' ? (char)(s.p[i] + 32) : s.p[i];
    n->text[s.n] = 0;
    n->cjk = cjk;
}

static struct slice first_char(struct slice s)
{
    size_t i = 0;

    if (s.n)
        (void)utf8_next(s, &i);
    return (struct slice){ s.p, i };
}

static struct slice first_word(struct slice s)
{
    size_t n = 0;

    while (n < s.n && is_word(s.p[n]))
        n++;
    return (struct slice){ s.p, n };
}

/* What somebody is called: "王小明", "王先生", "John Smith". A nickname is no name that one could be addressed wrongly by. */
static void learn(struct names *to, struct slice s)
{
    struct slice ch = first_char(s);
    size_t i = 0;

    if (ch.n && is_cjk(utf8_next(ch, &i))) {
        if (is_surname(ch) && utf8_length(s) <= 4)
            add(to, ch, true);
        return;
    }
    for (i = 0; i < s.n;) {
        struct slice w = first_word((struct slice){ s.p + i, s.n - i });

        if (w.n > 1 && w.p[0] >= 'A' && w.p[0] <= 'Z')
            add(to, w, false);
        i += w.n ? w.n : 1;
    }
}

/* The text behind `phrase`, to the end of the name that it tells. */
static void learn_behind(struct names *to, struct slice text, const char *phrase)
{
    size_t n = strlen(phrase), m;

    for (size_t i = 0; i + n < text.n; i++) {
        struct slice rest = { text.p + i + n, text.n - i - n }, ch;

        if (memcmp(text.p + i, phrase, n) != 0)
            continue;
        ch = first_char(rest);
        m = 0;
        if (is_cjk(utf8_next(ch, &m))) {
            if (is_surname(ch))
                add(to, ch, true);
        } else if (rest.p[0] >= 'A' && rest.p[0] <= 'Z')
            add(to, first_word(rest), false);
    }
}

static void known(const struct check_facts *f, struct names *ret)
{
    static const char *const phrases[] = { "我姓",        "我叫",        "贵姓",  "貴姓", "敝姓",     "姓名：",  "姓名:",
                                           "my name is ", "My name is ", "I am ", "I'm ", "This is ", "this is " };

    ret->n = 0;
    learn(ret, slice_of(f->name));
    for (size_t i = 0; i < f->n; i++)
        for (size_t k = 0; f->messages[i].from.role == ROLE_VISITOR && k < sizeof(phrases) / sizeof(phrases[0]); k++)
            learn_behind(ret, f->messages[i].text, phrases[k]);
}

static bool holds(struct slice text, struct slice what)
{
    for (size_t i = 0; what.n && i + what.n <= text.n; i++)
        if (memcmp(text.p + i, what.p, what.n) == 0)
            return true;
    return false;
}

static bool said_by_visitor(const struct check_facts *f, struct slice what)
{
    for (size_t i = 0; i < f->n; i++)
        if (f->messages[i].from.role == ROLE_VISITOR && holds(f->messages[i].text, what))
            return true;
    return false;
}

/* Up to BEFORE characters of CJK that stand before `at`. */
static struct slice before(struct slice text, size_t at)
{
    size_t from = at;

    for (size_t n = 0; n < BEFORE && from >= 3; n++) {
        size_t i = from - 3;

        if (!is_cjk(utf8_next(text, &i)) || i != from)
            break;
        from -= 3;
    }
    return (struct slice){ text.p + from, at - from };
}

/* "张先生", "张小明先生": is there a surname, and none that is the visitor's? */
static bool wrong_cjk(const struct check_facts *f, const struct names *names, const struct message *m, size_t title)
{
    struct slice s = before(m->text, title), surname = { NULL, 0 };
    bool any = false;

    for (size_t i = s.n; i >= 3 && !surname.n; i -= 3)
        if (is_surname((struct slice){ s.p + i - 3, 3 }))
            surname = (struct slice){ s.p + i - 3, 3 };
    if (!surname.n || said_by_visitor(f, surname) || holds(slice_of(m->from.name), surname))
        return false;
    for (size_t i = 0; i < names->n; i++) {
        any |= names->at[i].cjk;
        if (names->at[i].cjk && holds(s, slice_of(names->at[i].text)))
            return false;
    }
    return any;
}

static bool same_word(struct slice w, const char *folded)
{
    for (size_t i = 0; i < w.n; i++)
        if ((w.p[i] | 32) != folded[i])
            return false;
    return folded[w.n] == 0;
}

/* "Mr Brown", "Hi Anna": a word with a capital that is none of the visitor's names. */
static bool wrong_word(const struct check_facts *f, const struct names *names, const struct message *m, size_t at)
{
    static const char *const others[] = { "there",    "again", "sir", "madam", "everyone", "all", "team",
                                          "customer", "and",   "we",  "thank", "thanks",   "how", "good" };
    struct slice w;
    bool any = false;

    while (at < m->text.n && (m->text.p[at] == '.' || m->text.p[at] == ' '))
        at++;
    w = first_word((struct slice){ m->text.p + at, m->text.n - at });
    if (w.n < 2 || w.p[0] < 'A' || w.p[0] > 'Z' || said_by_visitor(f, w) || holds(slice_of(m->from.name), w))
        return false;
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        if (same_word(w, others[i]))
            return false;
    for (size_t i = 0; i < names->n; i++) {
        any |= !names->at[i].cjk;
        if (!names->at[i].cjk && same_word(w, names->at[i].text))
            return false;
    }
    return any;
}

static bool wrong_by(const struct check_facts *f, const struct names *names, const struct message *m, const char *title)
{
    size_t n = strlen(title);
    bool word = is_word(title[0]);

    for (size_t i = 0; i + n <= m->text.n; i++) {
        if (memcmp(m->text.p + i, title, n) != 0)
            continue;
        if (!word && wrong_cjk(f, names, m, i))
            return true;
        if (word && (i == 0 || !is_word(m->text.p[i - 1])) && (i + n == m->text.n || !is_word(m->text.p[i + n])) &&
            wrong_word(f, names, m, i + n))
            return true;
    }
    return false;
}

bool check_names(struct check_sight *s)
{
    const struct check_facts *f = s->facts;
    struct names names;

    known(f, &names);
    for (size_t i = 0; names.n && i < f->n; i++) {
        const struct message *m = &f->messages[i];
        size_t k = 0;

        while (check_by_person(m) && k < s->check->words.n && !wrong_by(f, &names, m, s->check->words.at[k].word))
            k++;
        if (check_by_person(m) && k < s->check->words.n && !check_hit(s, (struct check_hit){ .seq = m->seq, .agent = m->from.id }))
            return false;
    }
    return true;
}
