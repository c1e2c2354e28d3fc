#include "config_keys.h"

#include "log.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

struct unit {
    const char *name;
    int64_t factor;
};

static const struct unit sizes[] = { { "B", 1 }, { "KiB", 1024 }, { "MiB", 1024 * 1024 }, { "GiB", 1024 * 1024 * 1024 } };
static const struct unit times[] = { { "ms", 1 }, { "s", 1000 }, { "min", 60000 }, { "h", 3600000 }, { "d", 86400000 } };
static const char *const levels[] = { "debug", "info", "warn", "error" };

static const struct unit *units_of(enum config_type type, size_t *n)
{
    if (type == CONFIG_BYTES) {
        *n = sizeof(sizes) / sizeof(sizes[0]);
        return sizes;
    }
    *n = type == CONFIG_TIME ? sizeof(times) / sizeof(times[0]) : 0;
    return times;
}

/* In the largest unit that leaves no rest. */
static void print_number(enum config_type type, int64_t v, struct buf *ret)
{
    size_t n;
    const struct unit *units = units_of(type, &n);
    size_t best = 0;

    if (n == 0) {
        buf_i64(ret, v);
        return;
    }
    for (size_t i = 1; i < n; i++)
        if (v != 0 && v % units[i].factor == 0)
            best = i;
    buf_i64(ret, v / units[best].factor);
    buf_printf(ret, " %s", units[best].name);
}

static enum kf_rc out_of_range(const struct config_key *key, const char *text, struct kf_err *why)
{
    struct buf range;
    enum kf_rc rc;

    buf_init(&range, 128);
    print_number(key->type, key->min, &range);
    buf_str(&range, " to ");
    print_number(key->type, key->max, &range);
    rc = kf_fail(why, KF_INVALID, "[%s] %s = %.40s: allowed is %s", key->section, key->name, text, range.p ? range.p : "?");
    buf_finish(&range);
    return rc;
}

static enum kf_rc bad_unit(const struct config_key *key, const char *text, struct kf_err *why)
{
    switch (key->type) {
    case CONFIG_BYTES:
        return kf_fail(why, KF_INVALID, "[%s] %s = %.40s: not a size; write 64 KiB, 10 MiB, 1 GiB or 4096 B", key->section, key->name,
                       text);
    case CONFIG_TIME:
        return kf_fail(why, KF_INVALID, "[%s] %s = %.40s: not a time; write 500 ms, 10 s, 5 min, 1 h or 7 d", key->section, key->name,
                       text);
    default:
        return kf_fail(why, KF_INVALID, "[%s] %s = %.40s: not a whole number", key->section, key->name, text);
    }
}

static enum kf_rc read_number(const struct config_key *key, const char *text, int64_t *ret, struct kf_err *why)
{
    size_t n;
    const struct unit *units = units_of(key->type, &n);
    int64_t factor = n ? 0 : 1;
    const char *unit;
    long long v;
    char *end;

    if (!isdigit((unsigned char)*text))
        return bad_unit(key, text, why);
    errno = 0;
    v = strtoll(text, &end, 10);
    for (unit = end; *unit == ' '; unit++)
        ;
    for (size_t i = 0; i < n; i++)
        if (strcmp(unit, units[i].name) == 0)
            factor = units[i].factor;
    if (v == 0 && !*unit)
        factor = 1; /* nothing is nothing in any unit */
    if (factor == 0 || (n == 0 && *unit))
        return bad_unit(key, text, why);
    if (errno == ERANGE || v > INT64_MAX / factor || v * factor < key->min || v * factor > key->max)
        return out_of_range(key, text, why);
    *ret = v * factor;
    return KF_OK;
}

static enum kf_rc read_bool(const struct config_key *key, const char *text, bool *ret, struct kf_err *why)
{
    static const char *const yes[] = { "yes", "true", "on", "1" }, *const no[] = { "no", "false", "off", "0" };

    for (size_t i = 0; i < 4; i++)
        if (strcmp(text, yes[i]) == 0 || strcmp(text, no[i]) == 0) {
            *ret = strcmp(text, yes[i]) == 0;
            return KF_OK;
        }
    return kf_fail(why, KF_INVALID, "[%s] %s = %.40s: write yes or no", key->section, key->name, text);
}

static enum kf_rc read_level(const struct config_key *key, const char *text, int64_t *ret, struct kf_err *why)
{
    for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
        if (strcmp(text, levels[i]) == 0) {
            *ret = (int64_t)i;
            return KF_OK;
        }
    return kf_fail(why, KF_INVALID, "[%s] %s = %.40s: write debug, info, warn or error", key->section, key->name, text);
}

static enum kf_rc no_memory(const struct config_key *key, struct kf_err *why)
{
    return kf_fail(why, KF_NOMEM, "[%s] %s: out of memory", key->section, key->name);
}

bool config_value_secret(const struct config_key *key, const char *text)
{
    const char *user = strstr(text, "://"), *at = user ? strchr(user, '@') : NULL;

    if (!(key->flags & CONFIG_SECRET))
        return false;
    if (!(key->flags & CONFIG_URL))
        return true;
    return strstr(text, "password=") || (at && memchr(user + 3, ':', (size_t)(at - user) - 3));
}

/* A secret is not repeated in the words of a failure. */
static enum kf_rc bad_form(const struct config_key *key, const char *text, struct kf_err *why)
{
    if (config_value_secret(key, text))
        return kf_fail(why, KF_INVALID, "[%s] %s: write %s", key->section, key->name, key->form);
    return kf_fail(why, KF_INVALID, "[%s] %s = %.60s: write %s", key->section, key->name, text, key->form);
}

static enum kf_rc list_add(struct arena *a, struct config_list *list, const char *item)
{
    const char **items = arena_array(a, list->n + 1, sizeof(*items));

    if (!items)
        return KF_NOMEM;
    for (size_t i = 0; i < list->n; i++)
        items[i] = list->items[i];
    items[list->n] = item;
    list->items = items;
    list->n++;
    return KF_OK;
}

static enum kf_rc read_list(struct config *cfg, const struct config_key *key, const char *text, struct kf_err *why)
{
    struct config_list *list = config_field(cfg, key);

    for (;;) {
        size_t n;
        char *item;

        text += strspn(text, ", \t\n");
        n = strcspn(text, ", \t\n");
        if (n == 0)
            return KF_OK;
        if (list->n >= 256)
            return kf_fail(why, KF_INVALID, "[%s] %s: at most 256 entries", key->section, key->name);
        item = arena_text(cfg->arena, (struct slice){ text, n });
        if (!item)
            return no_memory(key, why);
        if (key->fits && !key->fits(item))
            return bad_form(key, item, why);
        if (list_add(cfg->arena, list, item))
            return no_memory(key, why);
        text += n;
    }
}

static enum kf_rc read_path(struct config *cfg, const struct config_key *key, const char *text, struct kf_err *why)
{
    const char **ret = config_field(cfg, key);
    const char *dir = getenv("CREDENTIALS_DIRECTORY");

    if (strncmp(text, "credential:", 11) != 0)
        *ret = arena_text(cfg->arena, slice_of(text));
    else if (!dir || !*dir)
        return kf_fail(why, KF_INVALID, "[%s] %s = %.60s: systemd gave no credentials (LoadCredential= in the unit)", key->section,
                       key->name, text);
    else if (!text[11] || strchr(text + 11, '/'))
        return kf_fail(why, KF_INVALID, "[%s] %s = %.60s: write credential:NAME", key->section, key->name, text);
    else
        *ret = arena_printf(cfg->arena, "%s/%s", dir, text + 11);
    return *ret ? KF_OK : no_memory(key, why);
}

static enum kf_rc read_text(struct config *cfg, const struct config_key *key, const char *text, struct kf_err *why)
{
    const char **ret = config_field(cfg, key);

    if (key->fits && !key->fits(text))
        return bad_form(key, text, why);
    *ret = arena_text(cfg->arena, slice_of(text));
    return *ret ? KF_OK : no_memory(key, why);
}

enum kf_rc config_value_read(struct config *cfg, const struct config_key *key, const char *text, struct kf_err *why)
{
    void *field = config_field(cfg, key);

    if (key->type == CONFIG_LIST)
        return read_list(cfg, key, text, why);
    if (!*text)
        return kf_fail(why, KF_INVALID, "[%s] %s: a value is missing; leave the line out for the default", key->section, key->name);
    switch (key->type) {
    case CONFIG_PATH:
        return read_path(cfg, key, text, why);
    case CONFIG_COUNT:
    case CONFIG_BYTES:
    case CONFIG_TIME:
        return read_number(key, text, field, why);
    case CONFIG_BOOL:
        return read_bool(key, text, field, why);
    case CONFIG_LEVEL:
        return read_level(key, text, field, why);
    default:
        return read_text(cfg, key, text, why);
    }
}

void config_value_print(const struct config *cfg, const struct config_key *key, struct buf *ret)
{
    const void *field = config_field(cfg, key);
    const struct config_list *list = field;
    const char *text;

    switch (key->type) {
    case CONFIG_LIST:
        for (size_t i = 0; i < list->n; i++)
            buf_printf(ret, "%s%s", i ? ", " : "", list->items[i]);
        return;
    case CONFIG_COUNT:
    case CONFIG_BYTES:
    case CONFIG_TIME:
        print_number(key->type, *(const int64_t *)field, ret);
        return;
    case CONFIG_BOOL:
        buf_str(ret, *(const bool *)field ? "yes" : "no");
        return;
    case CONFIG_LEVEL:
        buf_str(ret, levels[*(const int64_t *)field & 3]);
        return;
    default:
        text = *(const char *const *)field;
        if (text)
            buf_str(ret, config_value_secret(key, text) ? "***" : text);
    }
}

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

bool config_value_same(const struct config *a, const struct config *b, const struct config_key *key)
{
    const void *x = config_field(a, key), *y = config_field(b, key);
    const struct config_list *p = x, *q = y;

    switch (key->type) {
    case CONFIG_LIST:
        if (p->n != q->n)
            return false;
        for (size_t i = 0; i < p->n; i++)
            if (strcmp(p->items[i], q->items[i]) != 0)
                return false;
        return true;
    case CONFIG_COUNT:
    case CONFIG_BYTES:
    case CONFIG_TIME:
    case CONFIG_LEVEL:
        return *(const int64_t *)x == *(const int64_t *)y;
    case CONFIG_BOOL:
        return *(const bool *)x == *(const bool *)y;
    default:
        return same_text(*(const char *const *)x, *(const char *const *)y);
    }
}

static enum kf_rc copy_list(struct config *to, struct config_list *dst, const struct config_list *src)
{
    struct config_list copy = { 0 };

    for (size_t i = 0; i < src->n; i++) {
        const char *item = arena_text(to->arena, slice_of(src->items[i]));

        if (!item || list_add(to->arena, &copy, item))
            return KF_NOMEM;
    }
    *dst = copy;
    return KF_OK;
}

enum kf_rc config_value_copy(struct config *to, const struct config *from, const struct config_key *key)
{
    void *dst = config_field(to, key);
    const void *src = config_field(from, key);
    const char *text;

    switch (key->type) {
    case CONFIG_LIST:
        return copy_list(to, dst, src);
    case CONFIG_COUNT:
    case CONFIG_BYTES:
    case CONFIG_TIME:
    case CONFIG_LEVEL:
        *(int64_t *)dst = *(const int64_t *)src;
        return KF_OK;
    case CONFIG_BOOL:
        *(bool *)dst = *(const bool *)src;
        return KF_OK;
    default:
        text = *(const char *const *)src;
        if (text && !(text = arena_text(to->arena, slice_of(text))))
            return KF_NOMEM;
        *(const char **)dst = text;
        return KF_OK;
    }
}
