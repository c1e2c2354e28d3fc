#include "settings/zone.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#define FILE_MAX   (256U << 10)
#define OFFSET_MAX 93600 /* 26 h: more is no offset, but a broken file */

/* The day of a year on which the clocks change, and the second of that day's wall clock. */
struct change_day {
    enum { DAY_JULIAN, DAY_COUNTED, DAY_WEEK } kind;
    int month, week, day;
    int second;
};

/* What goes on for ever after the last change of the table: the file's footer. */
struct footer {
    bool given, summer; /* summer: there is one */
    int std, dst;
    struct change_day begin, end;
};

struct zone {
    size_t n;            /* changes */
    const int64_t *at;   /* seconds, rising */
    const int32_t *then; /* offsets from at[i] on */
    int32_t first;       /* before at[0] */
    struct footer footer;
};

/* ---- the footer: a POSIX TZ text such as "CET-1CEST,M3.5.0,M10.5.0/3" --------------------------------------------------- */

static bool read_name(const char **p)
{
    const char *from = *p;

    if (**p == '<') {
        *p += strcspn(*p, ">");
        if (!**p)
            return false;
        ++*p;
        return true;
    }
    while ((**p >= 'A' && **p <= 'Z') || (**p >= 'a' && **p <= 'z'))
        ++*p;
    return *p - from >= 3;
}

static bool read_number(const char **p, int max, int *ret)
{
    int n = 0;

    if (**p < '0' || **p > '9')
        return false;
    while (**p >= '0' && **p <= '9') {
        n = 10 * n + *(*p)++ - '0';
        if (n > max)
            return false;
    }
    *ret = n;
    return true;
}

/* [+-]hh[:mm[:ss]] */
static bool read_time(const char **p, int *ret)
{
    int h, m = 0, s = 0, sign = **p == '-' ? -1 : 1;

    *p += **p == '-' || **p == '+';
    if (!read_number(p, 167, &h))
        return false;
    if (**p == ':' && (++*p, !read_number(p, 59, &m)))
        return false;
    if (**p == ':' && (++*p, !read_number(p, 59, &s)))
        return false;
    *ret = sign * (3600 * h + 60 * m + s);
    return true;
}

static bool read_day(const char **p, struct change_day *ret)
{
    ret->second = 7200;
    if (*(*p)++ != ',')
        return false;
    if (**p == 'M') {
        ret->kind = DAY_WEEK;
        ++*p;
        if (!read_number(p, 12, &ret->month) || *(*p)++ != '.' || !read_number(p, 5, &ret->week) || *(*p)++ != '.' ||
            !read_number(p, 6, &ret->day) || ret->month < 1 || ret->week < 1)
            return false;
    } else {
        ret->kind = **p == 'J' ? DAY_JULIAN : DAY_COUNTED;
        *p += **p == 'J';
        if (!read_number(p, 365, &ret->day))
            return false;
    }
    if (**p != '/')
        return true;
    ++*p;
    return read_time(p, &ret->second);
}

static bool read_footer(const char *p, struct footer *ret)
{
    int west;

    if (!*p)
        return true; /* no footer: the last offset stays */
    if (!read_name(&p) || !read_time(&p, &west))
        return false;
    ret->given = true;
    ret->std = -west;
    if (!*p)
        return true;
    if (!read_name(&p))
        return false;
    ret->summer = true;
    ret->dst = ret->std + 3600;
    if (*p != ',') {
        if (!read_time(&p, &west))
            return false;
        ret->dst = -west;
    }
    return read_day(&p, &ret->begin) && read_day(&p, &ret->end) && !*p;
}

static bool leap_year(int64_t y)
{
    return y % 4 == 0 && (y % 100 != 0 || y % 400 == 0);
}

/* Days from 1970-01-01 to the first of January. */
static int64_t year_begin(int64_t y)
{
    int64_t p = y - 1;

    return 365 * (y - 1970) + (p / 4 - p / 100 + p / 400) - (1969 / 4 - 1969 / 100 + 1969 / 400);
}

/* The second of 1970's count, on the wall clock, at which a change day of the year comes. */
static int64_t change_at(const struct change_day *d, int64_t year)
{
    static const int before[] = { 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365 };
    int64_t day = year_begin(year);
    bool leap = leap_year(year);

    if (d->kind == DAY_COUNTED)
        day += d->day;
    else if (d->kind == DAY_JULIAN)
        day += d->day - 1 + (leap && d->day > 59);
    else {
        int64_t first = day + before[d->month - 1] + (leap && d->month > 2);
        int length = before[d->month] - before[d->month - 1] + (leap && d->month == 2);
        int weekday = (int)((first + 4) % 7 + 7) % 7; /* Sunday is 0 */
        int mday = (d->day - weekday + 7) % 7 + 7 * (d->week - 1);

        while (mday >= length) /* the fifth one is the last one */
            mday -= 7;
        day = first + mday;
    }
    return 86400 * day + d->second;
}

static int footer_offset(const struct footer *f, int64_t t)
{
    int64_t year = 1970 + (t + f->std) / 31556952, begin, end; /* near enough: put right below */
    bool summer;

    if (!f->summer)
        return f->std;
    while (86400 * year_begin(year) > t + f->std)
        year--;
    while (86400 * year_begin(year + 1) <= t + f->std)
        year++;
    begin = change_at(&f->begin, year) - f->std;
    end = change_at(&f->end, year) - f->dst;
    summer = begin < end ? t >= begin && t < end : t >= begin || t < end;
    return summer ? f->dst : f->std;
}

int zone_offset(const void *zone, int64_t utc_ms)
{
    const struct zone *z = zone;
    int64_t t = utc_ms / 1000 - (utc_ms % 1000 < 0);
    size_t lo = 0, hi = z->n;

    if ((z->n == 0 || t >= z->at[z->n - 1]) && z->footer.given)
        return footer_offset(&z->footer, t);
    while (lo < hi) { /* the first change after t */
        size_t mid = lo + (hi - lo) / 2;

        if (z->at[mid] <= t)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo ? z->then[lo - 1] : z->first;
}

/* ---- the file ----------------------------------------------------------------------------------------------------------- */

struct counts {
    size_t isut, isstd, leap, time, type, chars;
};

static uint32_t be32(const char *p)
{
    const unsigned char *u = (const unsigned char *)p;

    return (uint32_t)u[0] << 24 | (uint32_t)u[1] << 16 | (uint32_t)u[2] << 8 | u[3];
}

static int64_t be64(const char *p)
{
    return (int64_t)((uint64_t)be32(p) << 32 | be32(p + 4));
}

/* Takes a header off the front. */
static bool take_header(struct slice *rest, struct counts *c)
{
    if (rest->n < 44 || memcmp(rest->p, "TZif", 4) != 0 || rest->p[4] < '2')
        return false;
    c->isut = be32(rest->p + 20);
    c->isstd = be32(rest->p + 24);
    c->leap = be32(rest->p + 28);
    c->time = be32(rest->p + 32);
    c->type = be32(rest->p + 36);
    c->chars = be32(rest->p + 40);
    *rest = (struct slice){ rest->p + 44, rest->n - 44 };
    return c->isut < FILE_MAX && c->isstd < FILE_MAX && c->leap < FILE_MAX && c->time < FILE_MAX && c->type < FILE_MAX &&
           c->chars < FILE_MAX;
}

/* `width`: of a time in this block. */
static size_t block_size(const struct counts *c, size_t width)
{
    return c->time * (width + 1) + c->type * 6 + c->chars + c->leap * (width + 4) + c->isstd + c->isut;
}

static bool take_changes(struct zone *z, struct arena *arena, struct slice block, const struct counts *c)
{
    const char *types = block.p + c->time * 9;
    int64_t *at = arena_array(arena, c->time + 1, sizeof(*at));
    int32_t *then = arena_array(arena, c->time + 1, sizeof(*then));

    if (!at || !then || !c->type)
        return false;
    for (size_t i = 0; i < c->time; i++) {
        size_t type = (unsigned char)block.p[c->time * 8 + i];

        at[i] = be64(block.p + 8 * i);
        if (type >= c->type || (i && at[i] <= at[i - 1]))
            return false;
        then[i] = (int32_t)be32(types + 6 * type);
        if (then[i] < -OFFSET_MAX || then[i] > OFFSET_MAX)
            return false;
    }
    *z = (struct zone){ .n = c->time, .at = at, .then = then, .first = (int32_t)be32(types) };
    return z->first >= -OFFSET_MAX && z->first <= OFFSET_MAX;
}

static bool take_footer(struct zone *z, struct arena *arena, struct slice rest)
{
    const char *end = rest.n ? memchr(rest.p + 1, '\n', rest.n - 1) : NULL;
    const char *text;

    if (!end || rest.p[0] != '\n')
        return false;
    text = arena_text(arena, (struct slice){ rest.p + 1, (size_t)(end - rest.p) - 1 });
    return text && read_footer(text, &z->footer);
}

enum kf_rc zone_read(struct zone **ret, struct arena *arena, const char *name, struct slice file, struct kf_err *why)
{
    struct zone *z = ARENA_NEW(arena, struct zone);
    struct counts c;
    size_t size;

    if (!z)
        return kf_fail(why, KF_NOMEM, "zone %s", name);
    if (!take_header(&file, &c) || (size = block_size(&c, 4)) > file.n)
        goto broken;
    file = (struct slice){ file.p + size, file.n - size };
    if (!take_header(&file, &c) || (size = block_size(&c, 8)) > file.n)
        goto broken;
    if (!take_changes(z, arena, file, &c) || !take_footer(z, arena, (struct slice){ file.p + size, file.n - size }))
        goto broken;
    *ret = z;
    return KF_OK;
broken:
    return kf_fail(why, KF_INVALID, "zone %.64s: its file is not a zone file of version 2 or later", name);
}

/* "Asia/Shanghai": no way out of the zones' folder. */
static bool name_fits(const char *name)
{
    size_t n = strlen(name);

    if (n == 0 || n > 64 || strstr(name, "..") || name[0] == '/' || name[n - 1] == '/')
        return false;
    return strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/") == n;
}

enum kf_rc zone_load(struct zone **ret, struct arena *arena, const char *name, struct kf_err *why)
{
    const char *folder = getenv("TZDIR"), *path;
    enum kf_rc rc = KF_OK;
    char *bytes;
    size_t n;
    FILE *f;

    if (!name_fits(name))
        return kf_fail(why, KF_INVALID, "\"%.64s\" is not a time zone; allowed are names such as Asia/Shanghai", name);
    if (strcmp(name, "UTC") == 0)
        return (*ret = ARENA_NEW(arena, struct zone)) ? KF_OK : kf_fail(why, KF_NOMEM, "zone %s", name);
    folder = folder && *folder ? folder : "/usr/share/zoneinfo";
    path = arena_printf(arena, "%s/%s", folder, name);
    bytes = malloc(FILE_MAX);
    f = path ? fopen(path, "rbe") : NULL;
    if (!path || !bytes)
        rc = kf_fail(why, KF_NOMEM, "zone %s", name);
    else if (!f)
        rc = kf_fail(why, KF_INVALID, "there is no time zone \"%s\" in %s (Debian: package tzdata)", name, folder);
    else {
        n = fread(bytes, 1, FILE_MAX, f);
        rc = zone_read(ret, arena, name, (struct slice){ bytes, n }, why);
    }
    if (f)
        (void)fclose(f);
    free(bytes);
    return rc;
}
