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

/* Those of them that have two forms, the simplified one first. */
static const char pairs[] = "张張刘劉陈陳杨楊黄黃赵趙吴吳孙孫马馬罗羅郑鄭谢謝许許韩韓冯馮邓鄧萧蕭蒋蔣叶葉苏蘇吕呂卢盧钟鐘钟鍾谭譚陆陸贾賈韦"
                            "韋邹鄒阎閻龙龍贺賀顾顧龚龔"
                            "邬鄔万萬钱錢严嚴汤湯温溫齐齊庞龐蔺藺庄莊简簡欧歐";

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

/* One form for a character of both scripts. */
static struct slice simplified(struct slice ch)
{
    for (const char *p = pairs; ch.n == 3 && *p; p += 6)
        if (memcmp(p + 3, ch.p, 3) == 0)
            return (struct slice){ p, 3 };
    return ch;
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

/* A character, in either form of it. */
static bool holds_char(struct slice text, struct slice ch)
{
    struct slice wanted = simplified(ch);

    for (size_t i = 0; i < text.n;) {
        size_t from = i;
        struct slice one;

        (void)utf8_next(text, &i);
        one = simplified((struct slice){ text.p + from, i - from });
        if (one.n == wanted.n && memcmp(one.p, wanted.p, one.n) == 0)
            return true;
    }
    return false;
}

static bool holds(struct slice text, struct slice what)
{
    for (size_t i = 0; what.n && i + what.n <= text.n; i++)
        if (memcmp(text.p + i, what.p, what.n) == 0)
            return true;
    return false;
}

static bool said_by_visitor(const struct check_facts *f, struct slice what, bool cjk)
{
    for (size_t i = 0; i < f->n; i++)
        if (f->messages[i].from.role == ROLE_VISITOR && (cjk ? holds_char : holds)(f->messages[i].text, what))
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

/* "我是客服李女士", "请您联系快递员张先生": who stands before it in the same part of the sentence tells that it is somebody else. */
static bool is_of_another(struct slice text, size_t at)
{
    static const char *const words[] = { "我是",   "我叫",   "这里是", "這裡是", "客服", "专员", "專員", "快递员", "快遞員",
                                         "配送员", "配送員", "外卖员", "外賣員", "骑手", "騎手", "师傅", "師傅",   "同事",
                                         "经理",   "經理",   "主管",   "联系",   "聯繫", "聯絡", "转告", "轉告" };
    static const char *const ends[] = { "，", "。", "！", "？", "；", ",", "\n" };
    size_t from = 0;

    for (size_t i = 0; i < at; i++)
        for (size_t k = 0; k < sizeof(ends) / sizeof(ends[0]); k++) {
            size_t n = strlen(ends[k]);

            if (i + n <= at && memcmp(text.p + i, ends[k], n) == 0)
                from = i + n;
        }
    for (size_t k = 0; k < sizeof(words) / sizeof(words[0]); k++)
        if (holds((struct slice){ text.p + from, at - from }, slice_of(words[k])))
            return true;
    return false;
}

/* "张先生", "张小明先生": is there a surname, and none that is the visitor's? */
static bool wrong_cjk(const struct check_facts *f, const struct names *names, const struct message *m, size_t title)
{
    struct slice s = before(m->text, title), surname = { NULL, 0 };
    bool any = false;

    for (size_t i = s.n; i >= 3 && !surname.n; i -= 3)
        if (is_surname((struct slice){ s.p + i - 3, 3 }))
            surname = (struct slice){ s.p + i - 3, 3 };
    if (!surname.n || said_by_visitor(f, surname, true) || holds_char(slice_of(m->from.name), surname) || is_of_another(m->text, title))
        return false;
    for (size_t i = 0; i < names->n; i++) {
        any |= names->at[i].cjk;
        if (names->at[i].cjk && holds_char(s, slice_of(names->at[i].text)))
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

/* Behind a salutation may stand a title: "Hello Mr. Smith". Returns where the name begins. */
static size_t behind_titles(struct slice text, size_t at)
{
    static const char *const titles[] = { "mr", "mrs", "ms", "miss", "dr", "prof", "mister", "madam", "sir" };
    bool any = true;

    while (any) {
        struct slice w;

        while (at < text.n && (text.p[at] == '.' || text.p[at] == ' '))
            at++;
        w = first_word((struct slice){ text.p + at, text.n - at });
        any = false;
        for (size_t i = 0; i < sizeof(titles) / sizeof(titles[0]) && w.n; i++)
            any |= same_word(w, titles[i]);
        at += any ? w.n : 0;
    }
    return at;
}

/* Is one of this word and the capital one behind it a name of his? "Mr. John Smith". */
static bool names_him(const struct names *names, struct slice text, size_t at)
{
    for (int words = 0; words < 3; words++) {
        struct slice w = first_word((struct slice){ text.p + at, text.n - at });

        if (!w.n || w.p[0] < 'A' || w.p[0] > 'Z')
            return false;
        for (size_t i = 0; i < names->n; i++)
            if (!names->at[i].cjk && same_word(w, names->at[i].text))
                return true;
        at += w.n;
        at += at < text.n && text.p[at] == ' ';
    }
    return false;
}

/* "Mr Brown", "Hi Anna": a word with a capital that is none of the visitor's names. */
static bool wrong_word(const struct check_facts *f, const struct names *names, const struct message *m, size_t at)
{
    static const char *const others[] = { "there",    "again", "sir", "madam", "everyone", "all", "team",
                                          "customer", "and",   "we",  "thank", "thanks",   "how", "good" };
    struct slice w;
    bool any = false;

    at = behind_titles(m->text, at);
    w = first_word((struct slice){ m->text.p + at, m->text.n - at });
    if (w.n < 2 || w.p[0] < 'A' || w.p[0] > 'Z' || said_by_visitor(f, w, false) || holds(slice_of(m->from.name), w) ||
        names_him(names, m->text, at))
        return false;
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        if (same_word(w, others[i]))
            return false;
    for (size_t i = 0; i < names->n; i++)
        any |= !names->at[i].cjk;
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
