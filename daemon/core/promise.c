#include "core/promise.h"

#include "core/review.h"
#include "core/utf8.h"

#define TEXT_MAX 2048
#define MINUTE   60000LL
#define HOUR     (60 * MINUTE)
#define DAY      (24 * HOUR)
#define FAR      (60 * DAY) /* what is said to be farther off is no promise of an answer */

struct reading {
    const char *p;    /* folded; what is left */
    const char *past; /* the end of a time that was read and is past; NULL: none was */
    int64_t at;
    const struct hours *h;
    bool working;
};

/* ---- the text, folded ------------------------------------------------------------------------------------------------------------- */

static bool is_blank(uint32_t cp)
{
    return cp == ' ' || cp == 0x3000 || cp == 0xa0 || cp == '\n' || cp == '\t';
}

/* Narrow, small letters, one blank between words of letters, and none beside CJK. */
static void fold(struct slice text, char out[TEXT_MAX])
{
    size_t n = 0;
    bool blank = false;

    for (size_t i = 0; i < text.n && n + 6 < TEXT_MAX;) {
        uint32_t cp = utf8_next(text, &i);

        if (cp >= 0xff01 && cp <= 0xff5e)
            cp -= 0xfee0;
        if (cp >= 'A' && cp <= 'Z')
            cp += 32;
        if (is_blank(cp)) {
            blank = true;
            continue;
        }
        if (blank && n && cp < 0x80 && !((unsigned char)out[n - 1] & 0x80))
            out[n++] = ' ';
        blank = false;
        n += utf8_put(out + n, cp);
    }
    out[n] = 0;
}

static bool eat(const char **p, const char *word)
{
    size_t n = strlen(word);

    if (strncmp(*p, word, n) != 0)
        return false;
    *p += n;
    return true;
}

struct word {
    const char *text;
    int64_t value;
};

/* The first of the list that stands here. */
static bool eat_one(const char **p, const struct word *list, int64_t *ret)
{
    for (; list->text; list++)
        if (eat(p, list->text)) {
            *ret = list->value;
            return true;
        }
    return false;
}

static bool is_letter(char c)
{
    return c >= 'a' && c <= 'z';
}

/* ---- numbers ---------------------------------------------------------------------------------------------------------------------- */

static bool eat_digits(const char **p, int64_t *ret)
{
    const char *s = *p;
    int64_t v = 0;

    while (*s >= '0' && *s <= '9' && s - *p < 4)
        v = 10 * v + (*s++ - '0');
    if (s == *p || (*s >= '0' && *s <= '9'))
        return false;
    *p = s;
    *ret = v;
    return true;
}

static const struct word digits_zh[] = { { "一", 1 }, { "两", 2 }, { "兩", 2 }, { "二", 2 }, { "三", 3 }, { "四", 4 },
                                         { "五", 5 }, { "六", 6 }, { "七", 7 }, { "八", 8 }, { "九", 9 }, { NULL, 0 } };

/* 三, 十, 十五, 二十, 二十五 */
static bool eat_chinese(const char **p, int64_t *ret)
{
    int64_t tens = 0, ones = 0;
    bool any = eat_one(p, digits_zh, &ones);

    if (eat(p, "十")) {
        tens = any ? ones : 1;
        ones = 0;
        (void)eat_one(p, digits_zh, &ones);
        any = true;
    }
    *ret = 10 * tens + ones;
    return any;
}

static bool eat_english(const char **p, int64_t *ret)
{
    static const struct word words[] = { { "an ", 1 },       { "a ", 1 },       { "one ", 1 },     { "two ", 2 },
                                         { "three ", 3 },    { "four ", 4 },    { "five ", 5 },    { "six ", 6 },
                                         { "seven ", 7 },    { "eight ", 8 },   { "nine ", 9 },    { "ten ", 10 },
                                         { "fifteen ", 15 }, { "twenty ", 20 }, { "thirty ", 30 }, { NULL, 0 } };

    return eat_one(p, words, ret);
}

static bool eat_number(const char **p, int64_t *ret)
{
    return eat_digits(p, ret) || eat_chinese(p, ret) || eat_english(p, ret);
}

/* ---- the calendar ------------------------------------------------------------------------------------------------------------------- */

static int64_t utc_of(const struct hours *h, int64_t wall)
{
    int64_t guess = wall - (hours_wall(h, wall) - wall);

    return guess + (wall - hours_wall(h, guess));
}

static int64_t day_of(const struct reading *r)
{
    int64_t wall = hours_wall(r->h, r->at);

    return wall - wall % DAY;
}

/* When business ends on that day of the wall's calendar. */
static int64_t end_of_day(const struct hours *h, int64_t day)
{
    int64_t end = utc_of(h, day + DAY), last = 0, t = utc_of(h, day);

    while (t < end) {
        int64_t opens = hours_next_opening(h, t);

        if (opens >= end)
            break;
        last = hours_next_closing(h, opens);
        if (last >= end)
            return end;
        t = last;
    }
    return last ? last : end;
}

/* `ms` later, counting only while it is open. */
static int64_t after_working(const struct hours *h, int64_t t, int64_t ms)
{
    for (;;) {
        int64_t opens = hours_next_opening(h, t), closes;

        if (opens == INT64_MAX)
            return INT64_MAX;
        closes = hours_next_closing(h, opens);
        if (closes == INT64_MAX || closes - opens >= ms)
            return opens + ms;
        ms -= closes - opens;
        t = closes;
    }
}

/* ---- how long --------------------------------------------------------------------------------------------------------------------- */

#define WORKING_DAY 0 /* its length is the calendar's to say */

static const struct word units[] = {
    { "个工作日", WORKING_DAY },
    { "個工作日", WORKING_DAY },
    { "工作日", WORKING_DAY },
    { "个工作天", WORKING_DAY },
    { "個工作天", WORKING_DAY },
    { "工作天", WORKING_DAY },
    { "分钟", MINUTE },
    { "分鐘", MINUTE },
    { "刻钟", 15 * MINUTE },
    { "刻鐘", 15 * MINUTE },
    { "个小时", HOUR },
    { "個小時", HOUR },
    { "小时", HOUR },
    { "小時", HOUR },
    { "个钟头", HOUR },
    { "個鐘頭", HOUR },
    { "天", DAY },
    { "日内", DAY },
    { "日內", DAY },
    { "business day", WORKING_DAY },
    { "working day", WORKING_DAY },
    { "minute", MINUTE },
    { "min", MINUTE },
    { "hour", HOUR },
    { "hr", HOUR },
    { "day", DAY },
    { NULL, 0 },
};

/* "30分钟", "1.5小时", "两个半小时", "半小时", "3个工作日", "half an hour". */
static bool eat_span(const char **p, int64_t *n, int64_t *half, int64_t *unit)
{
    const char *s = *p;

    *n = *half = 0;
    if (eat(&s, "half an hour")) {
        *half = 1;
        *unit = HOUR;
        *p = s;
        return true;
    }
    if (eat(&s, "半"))
        *half = 1;
    else if (!eat_number(&s, n))
        return false;
    else if (eat(&s, ".5") || eat(&s, "个半") || eat(&s, "個半"))
        *half = 1;
    (void)eat(&s, " ");
    (void)eat(&s, "-");
    if (!eat_one(&s, units, unit))
        return false;
    *p = s;
    return true;
}

/* What follows a span that lies behind: "30分钟前下的单", "2 days ago". */
static bool is_past(const char *p)
{
    while (is_letter(*p))
        p++;
    return eat(&p, "前") || eat(&p, "之前") || eat(&p, "以前") || eat(&p, " ago");
}

static bool read_span(struct reading *r, int64_t *ret)
{
    const char *p = r->p;
    int64_t n, half, unit;

    if (!eat_span(&p, &n, &half, &unit) || is_past(p) || n + half == 0 || n > 1000)
        return false;
    if (unit == WORKING_DAY)
        *ret = review_window(r->h, r->at, (int)n);
    else if (r->working && unit != DAY)
        *ret = after_working(r->h, r->at, n * unit + half * unit / 2);
    else
        *ret = r->at + n * unit + half * unit / 2;
    return true;
}

/* ---- when --------------------------------------------------------------------------------------------------------------------------- */

static const struct word days[] = { { "今天", 0 },     { "今日", 0 },  { "今晚", 0 },    { "当天", 0 },
                                    { "當天", 0 },     { "today", 0 }, { "tonight", 0 }, { "明天", 1 },
                                    { "明日", 1 },     { "明早", 1 },  { "明晚", 1 },    { "the day after tomorrow", 2 },
                                    { "tomorrow", 1 }, { "后天", 2 },  { "後天", 2 },    { NULL, 0 } };

static const struct word weekdays[] = { { "一", 0 }, { "二", 1 }, { "三", 2 }, { "四", 3 }, { "五", 4 },
                                        { "六", 5 }, { "日", 6 }, { "天", 6 }, { NULL, 0 } };

static const struct word weekdays_en[] = { { "monday", 0 }, { "tuesday", 1 },  { "wednesday", 2 }, { "thursday", 3 },
                                           { "friday", 4 }, { "saturday", 5 }, { "sunday", 6 },    { NULL, 0 } };

/* "周五": the next one, today included; "下周一": of the week after. */
static bool eat_weekday(const char **p, const struct reading *r, int64_t *ahead)
{
    const char *s = *p;
    int64_t today = hours_weekday(day_of(r)), want;
    bool next = eat(&s, "下个") || eat(&s, "下個") || eat(&s, "下") || eat(&s, "next ");

    if (eat(&s, "周") || eat(&s, "週") || eat(&s, "星期") || eat(&s, "礼拜") || eat(&s, "禮拜")) {
        if (!eat_one(&s, weekdays, &want))
            return false;
    } else if (!eat_one(&s, weekdays_en, &want))
        return false;
    *ahead = next ? want - today + 7 : (want - today + 7) % 7;
    *p = s;
    return true;
}

enum part { PART_NONE, PART_MORNING, PART_NOON, PART_AFTERNOON };

static enum part eat_part(const char **p)
{
    static const struct word parts[] = { { "凌晨", PART_MORNING },   { "早上", PART_MORNING },
                                         { "上午", PART_MORNING },   { "中午", PART_NOON },
                                         { "下午", PART_AFTERNOON }, { "傍晚", PART_AFTERNOON },
                                         { "晚上", PART_AFTERNOON }, { NULL, 0 } };
    int64_t ret = PART_NONE;

    (void)eat_one(p, parts, &ret);
    return (enum part)ret;
}

static bool eat_minutes(const char **p, int64_t *ret)
{
    const char *s = *p;

    if (eat(p, "半"))
        *ret = 30;
    else if (eat(p, "一刻"))
        *ret = 15;
    else if ((eat_digits(&s, ret) || eat_chinese(&s, ret)) && eat(&s, "分"))
        *p = s;
    else
        *ret = 0;
    return true;
}

/* What makes a number a time: "点", a colon, am or pm. */
static bool eat_mark(const char **p, enum part *part, int64_t *minute)
{
    bool ret = eat(p, "点") || eat(p, "點") ? eat_minutes(p, minute) : eat(p, ":") && eat_digits(p, minute);
    const char *s = *p;

    (void)eat(&s, " ");
    if (eat(&s, "pm") || eat(&s, "p.m"))
        *part = PART_AFTERNOON;
    else if (eat(&s, "am") || eat(&s, "a.m"))
        *part = PART_MORNING;
    else
        return ret;
    *p = s;
    return true;
}

/* "5点半", "17:30", "十点一刻", "5 pm"; in minutes since midnight. */
static bool eat_clock(const char **p, enum part *part, int64_t *ret)
{
    const char *s = *p;
    int64_t hour, minute = 0;

    if ((!eat_digits(&s, &hour) && !eat_chinese(&s, &hour)) || !eat_mark(&s, part, &minute) || hour > 24 || minute > 59)
        return false;
    if ((*part == PART_AFTERNOON && hour < 12) || (*part == PART_NOON && hour < 3))
        hour += 12;
    if (*part == PART_MORNING && hour == 12)
        hour = 0;
    *ret = hour * 60 + minute;
    *p = s;
    return true;
}

/* A day, a part of it, a clock time: at least one that says when. */
static bool read_time(struct reading *r, int64_t *ret)
{
    const char *p = r->p;
    int64_t ahead = 0, clock;
    bool has_day = eat_one(&p, days, &ahead) || eat_weekday(&p, r, &ahead);
    enum part part = eat_part(&p);

    if (!has_day && (p[0] == 'b' || p[0] == 'a')) {
        if (!eat(&p, "by ") && !eat(&p, "before ") && !eat(&p, "at "))
            return false;
        has_day = eat_one(&p, days, &ahead) || eat_weekday(&p, r, &ahead);
    } else if (has_day) {
        (void)(eat(&p, " by ") || eat(&p, " at ") || eat(&p, " before "));
    }
    if (eat_clock(&p, &part, &clock)) {
        int64_t wall = day_of(r) + ahead * DAY + clock * MINUTE;

        /* "5点" in the afternoon is the next one. */
        if (!has_day && part == PART_NONE && clock < 12 * 60 && utc_of(r->h, wall) <= r->at)
            wall += 12 * HOUR;
        *ret = utc_of(r->h, wall);
        r->past = p;
        return *ret > r->at;
    }
    if (!has_day)
        return false;
    *ret = end_of_day(r->h, day_of(r) + ahead * DAY);
    if (*ret <= r->at) /* after hours, "today" is what is left of it */
        *ret = utc_of(r->h, day_of(r) + (ahead + 1) * DAY);
    return *ret > r->at;
}

static bool read_end_of_business(struct reading *r, int64_t *ret)
{
    static const struct word ends[] = { { "下班前", 0 },         { "下班之前", 0 },          { "下班以前", 0 }, { "end of day", 0 },
                                        { "end of the day", 0 }, { "close of business", 0 }, { NULL, 0 } };
    const char *p = r->p;
    int64_t none;

    if (!eat_one(&p, ends, &none))
        return false;
    *ret = end_of_day(r->h, day_of(r));
    return *ret > r->at;
}

bool promise_until(struct slice text, int64_t at, const struct hours *h, bool working, int64_t *ret)
{
    char folded[TEXT_MAX];
    struct reading r = { .p = folded, .at = at, .h = h, .working = working };

    fold(text, folded);
    for (; *r.p; r.p++) {
        /* A word or a number is read from its beginning. */
        if (r.p > folded && ((is_letter(r.p[-1]) && is_letter(*r.p)) || (r.p[-1] >= '0' && r.p[-1] <= '9' && *r.p >= '0' && *r.p <= '9')))
            continue;
        if ((read_end_of_business(&r, ret) || read_span(&r, ret) || read_time(&r, ret)) && *ret > at && *ret - at <= FAR)
            return true;
        if (r.past) /* "上午10点" is not "10点", too */
            r.p = r.past - 1;
        r.past = NULL;
    }
    return false;
}
