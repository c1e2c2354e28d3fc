/* What the table says, for people: the command line, --check, config/kefud.conf, kefud.conf(5). */
#include "config_keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char config_usage[] = "usage: kefud [-c FILE] [--state DIR] [--listen HOST:PORT] [--demo] [--check]\n"
                            "\n"
                            "  -c, --config FILE    read kefud.conf(5) from FILE; without it everything has its default\n"
                            "      --state DIR      directory of databases, control socket and private Redis\n"
                            "      --listen ADDR    HOST:PORT, [IPV6]:PORT or unix:/PATH; port 0 picks a free one\n"
                            "      --demo           fill an empty store with the demo site and its people\n"
                            "      --check          check the configuration, print what is in force, and exit\n"
                            "      --help, --version\n";

struct option_text {
    const char *name, *other;
    size_t at;
};

static const struct option_text options[] = {
    { "--config", "-c", offsetof(struct config_args, file) },
    { "--state", NULL, offsetof(struct config_args, state) },
    { "--listen", NULL, offsetof(struct config_args, listen) },
};
static const struct option_text switches[] = {
    { "--demo", NULL, offsetof(struct config_args, demo) },
    { "--check", NULL, offsetof(struct config_args, check) },
    { "--help", "-h", offsetof(struct config_args, help) },
    { "--version", NULL, offsetof(struct config_args, version) },
};

static const struct option_text *find(const struct option_text *table, size_t n, const char *word, size_t len)
{
    for (size_t i = 0; i < n; i++)
        if ((strlen(table[i].name) == len && strncmp(table[i].name, word, len) == 0) ||
            (table[i].other && strcmp(table[i].other, word) == 0))
            return &table[i];
    return NULL;
}

/* Wrong words of the command line are told before anything of the file is. */
static enum kf_rc check_listen(const char *text, struct kf_err *why)
{
    struct config cfg = { .arena = arena_new(0) };
    enum kf_rc rc = cfg.arena ? KF_OK : kf_fail(why, KF_NOMEM, "out of memory");

    for (size_t i = 0; !rc && i < n_config_keys; i++)
        if (strcmp(config_keys[i].section, "listen") == 0 && strcmp(config_keys[i].name, "addresses") == 0)
            rc = config_value_read(&cfg, &config_keys[i], text, why);
    arena_free(cfg.arena);
    return rc;
}

enum kf_rc config_args_parse(int argc, char **argv, struct config_args *ret, struct kf_err *why)
{
    *ret = (struct config_args){ 0 };
    for (int i = 1; i < argc; i++) {
        const char *equals = strncmp(argv[i], "--", 2) == 0 ? strchr(argv[i], '=') : NULL;
        size_t len = equals ? (size_t)(equals - argv[i]) : strlen(argv[i]);
        const struct option_text *o = find(options, sizeof(options) / sizeof(options[0]), argv[i], len);
        const struct option_text *s = find(switches, sizeof(switches) / sizeof(switches[0]), argv[i], len);
        const char *value;

        if (s && !equals) {
            *(bool *)((char *)ret + s->at) = true;
            continue;
        }
        if (!o)
            return kf_fail(why, KF_INVALID, "unknown argument %.80s", argv[i]);
        if (!equals && i + 1 == argc)
            return kf_fail(why, KF_INVALID, "%s needs a value", o->name);
        value = equals ? equals + 1 : argv[++i];
        if (!*value) /* most likely a variable of a script that is not set: "" would be the working directory */
            return kf_fail(why, KF_INVALID, "%s needs a value", o->name);
        *(const char **)((char *)ret + o->at) = value;
    }
    return ret->listen ? check_listen(ret->listen, why) : KF_OK;
}

void config_print(const struct config *cfg, struct buf *ret)
{
    for (size_t s = 0; s < n_config_sections; s++) {
        buf_printf(ret, "%s[%s]\n", s ? "\n" : "", config_sections[s].name);
        for (size_t i = 0; i < n_config_keys; i++) {
            struct buf value;

            if (strcmp(config_keys[i].section, config_sections[s].name) != 0)
                continue;
            buf_init(&value, 256 * 1024);
            config_value_print(cfg, &config_keys[i], &value);
            buf_printf(ret, "%s%s =%s%s\n", value.n ? "" : "# ", config_keys[i].name, value.n ? " " : "", value.n ? value.p : "");
            buf_finish(&value);
        }
    }
}

static const char *type_words(const struct config_key *key)
{
    switch (key->type) {
    case CONFIG_LIST:
        return "list";
    case CONFIG_COUNT:
        return "number";
    case CONFIG_BYTES:
        return "size";
    case CONFIG_TIME:
        return "time";
    case CONFIG_BOOL:
        return "yes or no";
    case CONFIG_PATH:
        return "path";
    case CONFIG_LEVEL:
        return "word";
    default:
        return "text";
    }
}

static void add_range(const struct config_key *key, struct buf *ret)
{
    struct config bound = { 0 };
    int64_t *field = config_field(&bound, key);

    if (key->type != CONFIG_COUNT && key->type != CONFIG_BYTES && key->type != CONFIG_TIME)
        return;
    *field = key->min;
    buf_str(ret, ", ");
    config_value_print(&bound, key, ret);
    buf_str(ret, " to ");
    *field = key->max;
    config_value_print(&bound, key, ret);
}

/* Words of a paragraph as comment lines of at most 100 columns. */
static void add_comment(const char *text, struct buf *ret)
{
    size_t column = 0;

    while (*text) {
        size_t n = strcspn(text, " ");

        if (column == 0 || column + n + 1 > 100) {
            buf_str(ret, column ? "\n#" : "#");
            column = 1;
        }
        buf_char(ret, ' ');
        buf_add(ret, (struct slice){ text, n });
        column += n + 1;
        text += n + (text[n] == ' ');
    }
    buf_char(ret, '\n');
}

static void add_sample_key(const struct config_key *key, struct buf *ret)
{
    struct buf about;

    buf_init(&about, 4096);
    buf_printf(&about, "%s (%s", key->help, type_words(key));
    add_range(key, &about);
    buf_printf(&about, "%s)", key->flags & CONFIG_RELOAD ? "; SIGHUP" : "");
    buf_char(ret, '\n');
    add_comment(about.p ? about.p : key->help, ret);
    buf_finish(&about);
    if (key->shown || !key->fallback)
        buf_printf(ret, "# default: %s\n", key->shown ? key->shown : "not set");
    buf_printf(ret, "#%s =%s%s\n", key->name, key->fallback ? " " : "", key->fallback ? key->fallback : "");
    if (key->flags & CONFIG_SECRET)
        buf_printf(ret, "#%s_file =\n", key->name);
}

void config_sample(struct buf *ret)
{
    buf_str(ret, "# kefud.conf: where kefud listens and what it uses. See kefud.conf(5).\n"
                 "#\n"
                 "# Every key has a default; the values shown are these. Keys marked SIGHUP change by `systemctl reload kefud`,\n"
                 "# the others by a restart. `kefud --check -c FILE` tells what is wrong and where.\n"
                 "# Sites, queues, people and rules are not here: they are edited in /admin/ and with kefuctl(1).\n");
    for (size_t s = 0; s < n_config_sections; s++) {
        buf_printf(ret, "\n[%s]\n", config_sections[s].name);
        add_comment(config_sections[s].help, ret);
        for (size_t i = 0; i < n_config_keys; i++)
            if (strcmp(config_keys[i].section, config_sections[s].name) == 0)
                add_sample_key(&config_keys[i], ret);
    }
}

/* roff reads '-' as a hyphen, '\' as an escape, and a '.' or '\'' in the first column as a request. */
static void add_roff(const char *text, struct buf *ret)
{
    if (*text == '.' || *text == '\'')
        buf_str(ret, "\\&");
    for (; *text; text++) {
        if (*text == '\\')
            buf_str(ret, "\\e");
        else if (*text == '-')
            buf_str(ret, "\\-");
        else
            buf_char(ret, *text);
    }
}

static void add_manual_key(const struct config_key *key, struct buf *ret)
{
    buf_printf(ret, ".TP\n.B %s", key->name);
    if (key->flags & CONFIG_SECRET)
        buf_printf(ret, ", %s_file", key->name);
    buf_printf(ret, "\n");
    add_roff(key->help, ret);
    buf_printf(ret, "\n.br\n(%s", type_words(key));
    add_range(key, ret);
    buf_str(ret, "; default: ");
    add_roff(key->shown ? key->shown : key->fallback ? key->fallback : "not set", ret);
    buf_printf(ret, "%s)\n", key->flags & CONFIG_RELOAD ? "; changed by SIGHUP" : "");
}

void config_manual(struct buf *ret)
{
    for (size_t s = 0; s < n_config_sections; s++) {
        buf_printf(ret, ".SS [%s]\n", config_sections[s].name);
        add_roff(config_sections[s].help, ret);
        buf_char(ret, '\n');
        for (size_t i = 0; i < n_config_keys; i++)
            if (strcmp(config_keys[i].section, config_sections[s].name) == 0)
                add_manual_key(&config_keys[i], ret);
    }
}

/* Installed as PREFIX/bin/kefud the files are in PREFIX/share/kefud; run from the tree as build/kefud or build/MODE/kefud they are in
 * config/. */
bool config_shipped(const char *name, char *path, size_t size)
{
    static const char *const places[] = { "../share/kefud", "../config", "../../config" };
    char program[4096];
    ssize_t n = readlink("/proc/self/exe", program, sizeof(program) - 1);
    char *slash;

    if (n <= 0)
        return false;
    program[n] = '\0';
    slash = strrchr(program, '/');
    if (!slash)
        return false;
    *slash = '\0';
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        int len = snprintf(path, size, "%s/%s/%s", program, places[i], name);

        if (len > 0 && (size_t)len < size && access(path, R_OK) == 0)
            return true;
    }
    return false;
}
