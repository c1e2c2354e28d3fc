#include "protocols/json.h"

#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* ---- memory ------------------------------------------------------------------------------------------------------------ */

#define OUT_MS 100 /* longer than any parse; for who has nothing to give back */

static void *(*memory_from)(size_t) = malloc;
static __thread int64_t out_until; /* 0: memory is not out */
static __thread bool missed;

static int64_t mono_ms(void)
{
    struct timespec ts;

    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* Whoever has been refused is refused until it gives something back: the parser does not look whether a byte of a string had room, but
 * it does look at the string itself, which it asks for next. */
static void *take(size_t n)
{
    void *ret = NULL;

    if (!out_until || mono_ms() >= out_until)
        ret = memory_from(n);
    if (ret)
        out_until = 0;
    else if (!out_until || mono_ms() >= out_until)
        out_until = mono_ms() + OUT_MS;
    missed |= !ret;
    return ret;
}

static void give(void *p)
{
    out_until = 0;
    free(p);
}

void json_memory(void *(*from)(size_t n))
{
    memory_from = from ? from : malloc;
    json_set_alloc_funcs(take, give);
}

json_t *json_parse(struct slice text, size_t flags, json_error_t *err)
{
    json_t *ret;

    out_until = 0;
    missed = false;
    ret = json_loadb(text.p, text.n, flags, err);
    if (!ret && missed) {
        (void)snprintf(err->text, sizeof(err->text), "out of memory");
        err->text[sizeof(err->text) - 1] = json_error_out_of_memory; /* where json_error_code() looks */
    }
    return ret;
}

/* ---- before parsing --------------------------------------------------------------------------------------------------- */

static int hex4(const char *p)
{
    int v = 0;

    for (int i = 0; i < 4; i++) {
        char c = p[i];
        int d = c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;

        if (d < 0)
            return -1;
        v = v << 4 | d;
    }
    return v;
}

/* What a look over the text finds, without parsing it: string or not is all that it tells apart. */
struct scan {
    struct slice text;
    size_t i;
    int depth;
    bool in_string;
    int levels; /* the bound */
    bool deep;  /* more than that */
    /* Escapes that must become \ufffd, numbers that are too big. */
    bool repair, big;
};

/* The escape at s->i: moves behind it; true if it must be replaced. */
static bool scan_escape(struct scan *s)
{
    const char *p = s->text.p + s->i;
    size_t left = s->text.n - s->i;
    int unit;

    if (left < 6 || p[1] != 'u') {
        s->i += left < 2 ? left : 2;
        return false;
    }
    unit = hex4(p + 2);
    s->i += 6;
    if (unit >= 0xd800 && unit <= 0xdbff && left >= 12 && p[6] == '\\' && p[7] == 'u') {
        int low = hex4(p + 8);

        if (low >= 0xdc00 && low <= 0xdfff) {
            s->i += 6;
            return false;
        }
    }
    return unit == 0 || (unit >= 0xd800 && unit <= 0xdfff);
}

static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

static size_t skip_digits(struct slice text, size_t i)
{
    while (i < text.n && digit(text.p[i]))
        i++;
    return i;
}

/* The exponent at `i`, saturated; `end` is `i` where there is none. */
static long read_exponent(struct slice text, size_t i, size_t *end)
{
    bool minus = i + 1 < text.n && text.p[i + 1] == '-';
    size_t from = i + 1 + (i + 1 < text.n && (minus || text.p[i + 1] == '+'));
    long ret = 0;

    *end = i;
    if (i == text.n || (text.p[i] | 32) != 'e' || skip_digits(text, from) == from)
        return 0;
    *end = skip_digits(text, from);
    for (i = from; i < *end && ret < 100000; i++)
        ret = 10 * ret + (text.p[i] - '0');
    return minus ? -ret : ret;
}

/* The number at `i`: where it ends, and whether no reader may hold it: an integer beyond 64 bits (19 digits may fit, 20 do not), or a
 * real of more digits before its point than a double has room for. */
static size_t scan_number(struct slice text, size_t i, bool *big)
{
    size_t from = i, digits, end;

    if (text.p[i] == '-')
        from = ++i;
    i = skip_digits(text, i);
    digits = i - from;
    *big = digits > 19 || (digits == 19 && memcmp(text.p + from, "9223372036854775807", 19) > 0);
    if (!digits || i == text.n || (text.p[i] != '.' && (text.p[i] | 32) != 'e'))
        return i;
    *big = false;
    if (text.p[i] == '.') {
        end = skip_digits(text, i + 1);
        if (end == i + 1)
            return end;
        i = end;
    }
    *big = (long)digits + read_exponent(text, i, &end) > DBL_MAX_10_EXP;
    return end;
}

static void scan_all(struct scan *s, bool numbers)
{
    while (s->i < s->text.n) {
        char c = s->text.p[s->i];

        if (s->in_string) {
            if (c == '\\') {
                s->repair |= scan_escape(s);
                continue;
            }
            s->in_string = c != '"';
        } else if (c == '"') {
            s->in_string = true;
        } else if (c == '{' || c == '[') {
            if (++s->depth > s->levels)
                s->deep = true;
        } else if (c == '}' || c == ']') {
            s->depth--;
        } else if (numbers && (digit(c) || c == '-')) {
            bool big;

            s->i = scan_number(s->text, s->i, &big);
            s->big |= big;
            continue;
        }
        s->i++;
    }
}

/* The text again with the repairs made: \ufffd for what must go, quotes around numbers that are too big. */
static struct slice repaired(struct arena *a, struct slice text, bool numbers)
{
    struct scan s = { .text = text };
    struct buf b;
    struct slice ret;

    buf_init(&b, 2 * text.n + 16);
    while (s.i < text.n) {
        size_t from = s.i;
        char c = text.p[s.i];
        bool big = false;

        if (s.in_string && c == '\\') {
            bool replace = scan_escape(&s);

            buf_add(&b, replace ? SLICE("\\ufffd") : (struct slice){ text.p + from, s.i - from });
            continue;
        }
        if (c == '"')
            s.in_string = !s.in_string;
        if (numbers && !s.in_string && (digit(c) || c == '-'))
            s.i = scan_number(text, s.i, &big);
        else
            s.i++;
        if (big)
            buf_char(&b, '"');
        buf_add(&b, (struct slice){ text.p + from, s.i - from });
        if (big)
            buf_char(&b, '"');
    }
    ret = buf_copy(&b, a);
    buf_finish(&b);
    return ret;
}

/* The words name a place, never the text: it may be a person's. */
static void explain(const json_error_t *err, struct kf_err *why)
{
    switch (json_error_code(err)) {
    case json_error_out_of_memory:
        kf_fail(why, KF_NOMEM, "no memory to read JSON");
        break;
    case json_error_duplicate_key:
        kf_fail(why, KF_INVALID, "a JSON object has the same key twice (at byte %d)", err->position);
        break;
    case json_error_invalid_utf8:
        kf_fail(why, KF_INVALID, "not valid UTF-8 (at byte %d)", err->position);
        break;
    case json_error_numeric_overflow:
        kf_fail(why, KF_INVALID, "a number is too big (at byte %d)", err->position);
        break;
    case json_error_end_of_input_expected:
        kf_fail(why, KF_INVALID, "text after the end of the JSON (at byte %d)", err->position);
        break;
    default:
        kf_fail(why, KF_INVALID, "not valid JSON (at byte %d)", err->position);
        break;
    }
}

json_t *json_read(struct arena *a, struct slice text, enum json_manner manner, struct kf_err *why)
{
    return json_read_within(a, text, manner, JSON_DEPTH_MAX, why);
}

json_t *json_read_within(struct arena *a, struct slice text, enum json_manner manner, int levels, struct kf_err *why)
{
    bool numbers = manner == JSON_OF_PLATFORMS;
    struct scan s = { .text = text, .levels = levels };
    json_error_t err;
    json_t *ret;

    if (!text.n) {
        kf_fail(why, KF_INVALID, "empty where JSON was expected");
        return NULL;
    }
    scan_all(&s, numbers);
    if (s.deep) {
        kf_fail(why, KF_INVALID, "JSON of more than %d levels", levels);
        return NULL;
    }
    if (s.repair || s.big) {
        text = repaired(a, text, numbers);
        if (!text.p) {
            kf_fail(why, KF_NOMEM, "no memory to read JSON");
            return NULL;
        }
    }
    ret = json_parse(text, JSON_REJECT_DUPLICATES, &err);
    if (!ret) {
        explain(&err, why);
        return NULL;
    }
    if (!json_is_object(ret)) {
        json_decref(ret);
        kf_fail(why, KF_INVALID, "not a JSON object");
        return NULL;
    }
    return ret;
}

/* ---- writing ----------------------------------------------------------------------------------------------------------- */

static struct slice text_of(const json_t *v)
{
    return (struct slice){ json_string_value(v), json_string_length(v) };
}

/* Stays a real: readers that tell the two apart shall not find an integer. */
static void write_real(struct buf *b, double d)
{
    size_t from = b->n;

    buf_printf(b, "%.17g", d);
    if (buf_ok(b) && !strpbrk(b->p + from, ".e"))
        buf_add(b, SLICE(".0"));
}

static void write_object(struct buf *b, const json_t *v)
{
    const char *key;
    json_t *value;
    bool first = true;

    buf_char(b, '{');
    json_object_foreach((json_t *)v, key, value)
    {
        if (!first)
            buf_char(b, ',');
        first = false;
        buf_json(b, slice_of(key));
        buf_char(b, ':');
        json_write(b, value);
    }
    buf_char(b, '}');
}

static void write_array(struct buf *b, const json_t *v)
{
    buf_char(b, '[');
    for (size_t i = 0; i < json_array_size(v); i++) {
        if (i)
            buf_char(b, ',');
        json_write(b, json_array_get(v, i));
    }
    buf_char(b, ']');
}

/* Recursive, and bounded all the same: json_read() lets no more than a few levels in. */
void json_write(struct buf *b, const json_t *v)
{
    switch (json_typeof(v)) {
    case JSON_OBJECT:
        write_object(b, v);
        break;
    case JSON_ARRAY:
        write_array(b, v);
        break;
    case JSON_STRING:
        buf_json(b, text_of(v));
        break;
    case JSON_INTEGER:
        buf_i64(b, json_integer_value(v));
        break;
    case JSON_REAL:
        write_real(b, json_real_value(v));
        break;
    case JSON_TRUE:
        buf_add(b, SLICE("true"));
        break;
    case JSON_FALSE:
        buf_add(b, SLICE("false"));
        break;
    case JSON_NULL:
    default:
        buf_add(b, SLICE("null"));
        break;
    }
}

void json_raw(struct buf *b, struct slice json)
{
    size_t from = 0;

    for (size_t i = 0; i < json.n; i++) {
        unsigned char c = (unsigned char)json.p[i];
        bool line = c == 0xe2 && i + 2 < json.n && (unsigned char)json.p[i + 1] == 0x80 && ((unsigned char)json.p[i + 2] | 1) == 0xa9;

        if (!line && c != '<' && c != '>' && c != '&')
            continue;
        buf_add(b, (struct slice){ json.p + from, i - from });
        buf_printf(b, "\\u%04x", line ? 0x2000U | ((unsigned char)json.p[i + 2] - 0x80U) : c);
        i += line ? 2 : 0;
        from = i + 1;
    }
    buf_add(b, (struct slice){ json.p + from, json.n - from });
}

/* ---- one member of checked text ------------------------------------------------------------------------------------------ */

static bool blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static size_t skip_blank(struct slice s, size_t i)
{
    while (i < s.n && blank(s.p[i]))
        i++;
    return i;
}

/* Behind the string that begins at i. */
static size_t skip_string(struct slice s, size_t i)
{
    for (i++; i < s.n && s.p[i] != '"'; i++)
        if (s.p[i] == '\\')
            i++;
    return i < s.n ? i + 1 : s.n;
}

/* Behind the value that begins at i. */
static size_t skip_value(struct slice s, size_t i)
{
    int depth = 0;

    while (i < s.n) {
        char c = s.p[i];

        if (c == '"') {
            i = skip_string(s, i);
            if (!depth)
                return i;
            continue;
        }
        if (!depth && (c == ',' || c == '}' || blank(c)))
            return i;
        if (c == '{' || c == '[')
            depth++;
        else if ((c == '}' || c == ']') && --depth == 0)
            return i + 1;
        i++;
    }
    return i;
}

struct slice json_member(struct slice s, const char *name)
{
    size_t n = strlen(name);
    size_t i = skip_blank(s, 0);

    if (i == s.n || s.p[i] != '{')
        return (struct slice){ NULL, 0 };
    i = skip_blank(s, i + 1);
    while (i < s.n && s.p[i] == '"') {
        size_t key = i + 1, key_end, from;

        i = skip_string(s, i);
        key_end = i - 1;
        i = skip_blank(s, i);
        if (i == s.n || s.p[i] != ':')
            break;
        from = skip_blank(s, i + 1);
        i = skip_value(s, from);
        if (key_end - key == n && memcmp(s.p + key, name, n) == 0)
            return (struct slice){ s.p + from, i - from };
        i = skip_blank(s, i);
        if (i < s.n && s.p[i] == ',')
            i = skip_blank(s, i + 1);
    }
    return (struct slice){ NULL, 0 };
}

/* ---- one member of text that may be anything ----------------------------------------------------------------------------- */

struct slice json_guess_text(struct slice s, const char *name)
{
    struct slice ret = { NULL, 0 };
    size_t n = strlen(name), i = 0;
    int depth = 0;

    while (i < s.n) {
        size_t key = i + 1, end, value;

        depth += s.p[i] == '{' || s.p[i] == '[';
        depth -= s.p[i] == '}' || s.p[i] == ']';
        if (s.p[i] != '"') {
            i++;
            continue;
        }
        end = i = skip_string(s, i);
        value = skip_blank(s, i);
        if (depth != 1 || end - key != n + 1 || memcmp(s.p + key, name, n) != 0 || value == s.n || s.p[value] != ':')
            continue;
        value = skip_blank(s, value + 1);
        i = value < s.n && s.p[value] == '"' ? skip_string(s, value) : value;
        if (ret.p || i < value + 2 || s.p[i - 1] != '"')
            return (struct slice){ NULL, 0 };
        ret = (struct slice){ s.p + value + 1, i - value - 2 };
    }
    return ret;
}

/* ---- reading ------------------------------------------------------------------------------------------------------------ */

static struct slice kept(struct json_keep *k, struct slice s)
{
    struct slice ret = arena_copy(k->arena, s);

    k->failed |= !ret.p;
    return ret;
}

struct slice json_get_text(struct json_keep *k, const json_t *obj, const char *name)
{
    const json_t *v = json_object_get(obj, name);
    char digits[32];

    if (json_is_string(v))
        return kept(k, text_of(v));
    if (json_is_integer(v))
        (void)snprintf(digits, sizeof(digits), "%lld", (long long)json_integer_value(v));
    else if (json_is_real(v))
        (void)snprintf(digits, sizeof(digits), "%.17g", json_real_value(v));
    else
        return (struct slice){ NULL, 0 };
    return kept(k, slice_of(digits));
}

static bool whole(double d, int64_t *ret)
{
    if (!(d > -9.2e18 && d < 9.2e18) || d != floor(d))
        return false;
    *ret = (int64_t)d;
    return true;
}

bool json_get_i64(const json_t *obj, const char *name, int64_t *ret)
{
    const json_t *v = json_object_get(obj, name);
    const char *s = json_string_value(v);
    char *end;
    long long n;

    if (json_is_integer(v)) {
        *ret = json_integer_value(v);
        return true;
    }
    if (json_is_real(v))
        return whole(json_real_value(v), ret);
    if (!s || !(digit(s[0]) || (s[0] == '-' && digit(s[1]))))
        return false;
    errno = 0;
    n = strtoll(s, &end, 10);
    if (errno || *end || (size_t)(end - s) != json_string_length(v))
        return false;
    *ret = n;
    return true;
}

bool json_get_real(const json_t *obj, const char *name, double *ret)
{
    const json_t *v = json_object_get(obj, name);
    const char *s = json_string_value(v);
    char *end;
    double d;

    if (json_is_number(v)) {
        *ret = json_number_value(v);
        return true;
    }
    if (!s || !(digit(s[0]) || s[0] == '-'))
        return false;
    d = strtod(s, &end);
    if (*end || (size_t)(end - s) != json_string_length(v) || !isfinite(d))
        return false;
    *ret = d;
    return true;
}

bool json_get_bool(const json_t *obj, const char *name, bool def)
{
    const json_t *v = json_object_get(obj, name);
    const char *s = json_string_value(v);

    if (json_is_boolean(v))
        return json_is_true(v);
    if (json_is_integer(v))
        return json_integer_value(v) != 0;
    if (s && (!strcmp(s, "true") || !strcmp(s, "1")))
        return true;
    if (s && (!strcmp(s, "false") || !strcmp(s, "0")))
        return false;
    return def;
}
