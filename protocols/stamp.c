#include "protocols/stamp.h"

#include <stdio.h>

#define DAY_MS 86400000LL

/* Days since 1970-01-01 of a date in the Gregorian calendar (year ≥ 1). Years are counted from March, so that the leap day is last. */
static int64_t days_of(int year, int month, int day)
{
    int64_t y = month > 2 ? year : year - 1;
    int64_t m = month > 2 ? month - 3 : month + 9;

    return 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719468;
}

static int month_days(int year, int month)
{
    static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return month == 2 && leap ? 29 : days[month - 1];
}

/* Exactly `n` digits at *i. */
static bool number(struct slice s, size_t *i, int n, int *ret)
{
    int v = 0;

    for (int k = 0; k < n; k++, (*i)++) {
        if (*i >= s.n || s.p[*i] < '0' || s.p[*i] > '9')
            return false;
        v = v * 10 + (s.p[*i] - '0');
    }
    *ret = v;
    return true;
}

static bool mark(struct slice s, size_t *i, const char *any)
{
    if (*i >= s.n || !s.p[*i] || !strchr(any, s.p[*i]))
        return false;
    (*i)++;
    return true;
}

static bool clock_time(struct slice s, size_t *i, int64_t *ret)
{
    int h, m, sec;

    if (!number(s, i, 2, &h) || !mark(s, i, ":") || !number(s, i, 2, &m) || !mark(s, i, ":") || !number(s, i, 2, &sec))
        return false;
    if (h > 23 || m > 59 || sec > 60)
        return false;
    *ret = ((h * 60LL + m) * 60 + (sec == 60 ? 59 : sec)) * 1000;
    return true;
}

static int64_t fraction(struct slice s, size_t *i)
{
    int64_t ms = 0;
    int scale = 100;

    for (; *i < s.n && s.p[*i] >= '0' && s.p[*i] <= '9'; (*i)++, scale /= 10)
        ms += (s.p[*i] - '0') * scale;
    return ms;
}

/* "Z", "+08:00": what is to be taken off, in ms. */
static bool offset(struct slice s, size_t *i, int64_t *ret)
{
    int sign, h, m;

    *ret = 0;
    if (mark(s, i, "Zz"))
        return true;
    if (*i >= s.n || (s.p[*i] != '+' && s.p[*i] != '-'))
        return false;
    sign = s.p[(*i)++] == '-' ? -1 : 1;
    if (!number(s, i, 2, &h) || !mark(s, i, ":") || !number(s, i, 2, &m) || h > 23 || m > 59)
        return false;
    *ret = sign * (h * 60LL + m) * 60000;
    return true;
}

bool stamp_parse(struct slice s, int64_t *ret)
{
    int year, month, day;
    int64_t ms = 0, part = 0, zone;
    size_t i = 0;

    if (!number(s, &i, 4, &year) || !mark(s, &i, "-") || !number(s, &i, 2, &month) || !mark(s, &i, "-") || !number(s, &i, 2, &day))
        return false;
    if (year < 1 || month < 1 || month > 12 || day < 1 || day > month_days(year, month))
        return false;
    if (!mark(s, &i, "Tt ") || !clock_time(s, &i, &ms))
        return false;
    if (mark(s, &i, ".")) {
        if (i >= s.n || s.p[i] < '0' || s.p[i] > '9')
            return false;
        part = fraction(s, &i);
    }
    if (!offset(s, &i, &zone) || i != s.n)
        return false;
    *ret = days_of(year, month, day) * DAY_MS + ms + part - zone;
    return true;
}

char *stamp_text(int64_t ms, char text[STAMP_TEXT])
{
    int64_t last = days_of(10000, 1, 1) * DAY_MS - 1;
    int64_t z, era, doe, yoe, doy, mp, rest;
    int year, month, day;

    ms = ms < 0 ? 0 : ms > last ? last : ms;
    z = ms / DAY_MS + 719468;
    rest = ms % DAY_MS;
    era = z / 146097;
    doe = z % 146097;
    yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    mp = (5 * doy + 2) / 153;
    day = (int)(doy - (153 * mp + 2) / 5 + 1);
    month = (int)(mp < 10 ? mp + 3 : mp - 9);
    year = (int)(yoe + era * 400 + (month <= 2));
    (void)snprintf(text, STAMP_TEXT, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ", (unsigned)year % 10000, (unsigned)month % 100,
                   (unsigned)day % 100, (unsigned)(rest / 3600000) % 100, (unsigned)(rest / 60000 % 60), (unsigned)(rest / 1000 % 60),
                   (unsigned)(rest % 1000));
    return text;
}

bool stamp_digits(struct slice text, int64_t *ret)
{
    int64_t v = 0;

    if (!text.n)
        return false;
    for (size_t i = 0; i < text.n; i++) {
        int d = text.p[i] - '0';

        if (d < 0 || d > 9 || v > (INT64_MAX - d) / 10)
            return false;
        v = v * 10 + d;
    }
    *ret = v;
    return true;
}

/* "Sun, 06 Nov 1994 08:49:37 GMT": RFC 9110 5.6.7, the one form that may be sent. */
static bool http_date(struct slice s, int64_t *ret)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    int day, month = 0, year;
    int64_t ms;
    size_t i = 5;

    if (s.n != 29 || s.p[3] != ',' || !number(s, &i, 2, &day) || !mark(s, &i, " "))
        return false;
    for (int m = 0; m < 12; m++)
        if (memcmp(s.p + i, months + 3 * m, 3) == 0)
            month = m + 1;
    i += 3;
    if (!month || !mark(s, &i, " ") || !number(s, &i, 4, &year) || year < 1 || day < 1 || day > month_days(year, month))
        return false;
    if (!mark(s, &i, " ") || !clock_time(s, &i, &ms) || memcmp(s.p + i, " GMT", 4) != 0)
        return false;
    *ret = days_of(year, month, day) * DAY_MS + ms;
    return true;
}

static bool digits_only(struct slice text)
{
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] < '0' || text.p[i] > '9')
            return false;
    return text.n > 0;
}

int64_t stamp_retry_after(const struct http_resp *resp)
{
    struct slice value = http_header(resp->headers, resp->n_headers, "retry-after");
    int64_t at, date, ms;

    if (digits_only(value)) /* what does not fit into 64 bits is long, too */
        return !stamp_digits(value, &ms) || ms > DAY_MS / 1000 ? DAY_MS : ms * 1000;
    if (!http_date(value, &at) || !http_date(http_header(resp->headers, resp->n_headers, "date"), &date))
        return 0;
    ms = at - date;
    return ms < 0 ? 0 : ms > DAY_MS ? DAY_MS : ms;
}
