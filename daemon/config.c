#include "config_keys.h"

#include "log.h"

#include <errno.h>
#include <ini.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX_BYTES   (256 * 1024)
#define SECRET_MAX_BYTES 4096
#define LINES_MAX        16384 /* wrong lines are told up to here */
#define FAULTS_TOLD      100

/* ---- reading a file ---- */

struct reading {
    struct config *cfg;
    const char *file;
    const char *p, *end;
    int line;
    bool secret; /* the file may hold secrets */
    bool *seen;  /* by key */
    struct kf_err *why;
    enum kf_rc rc; /* of the first failure, which is on the line … */
    int first;
    bool *bad;      /* by line: not `key = value`, found in a reading before this one */
    int bad_max;    /* how many of them there can be */
    bool again;     /* only for more of them: what the keys say has been heard */
    struct buf all; /* every failure, a line each */
};

static enum kf_rc fail_here(struct reading *r, enum kf_rc rc, const char *text)
{
    buf_printf(&r->all, "%s:%d: %s\n", r->file, r->line, text);
    if (r->rc && r->first < r->line)
        return rc;
    r->rc = rc;
    r->first = r->line;
    return kf_fail(r->why, rc, "%s:%d: %s", r->file, r->line, text);
}

/* A line that is no more to be looked at. */
static void pass_over(struct reading *r, char *line, size_t n)
{
    memcpy(line, "#\n", 3);
    r->p += n;
}

/* inih's view of fgets(). It would cut a longer line in two without a word. */
static char *next_line(char *line, int size, void *ctx)
{
    struct reading *r = ctx;
    const char *nl;
    size_t n;

    if (r->p == r->end)
        return NULL;
    r->line++;
    nl = memchr(r->p, '\n', (size_t)(r->end - r->p));
    n = nl ? (size_t)(nl + 1 - r->p) : (size_t)(r->end - r->p);
    if (n >= (size_t)size) {
        char words[96];

        snprintf(words, sizeof(words), "a line may have %d bytes; lists may go on in the next, indented line", size - 2);
        if (!r->again)
            fail_here(r, KF_INVALID, words);
        pass_over(r, line, n);
        return line;
    }
    if (memchr(r->p, '\0', n)) {
        if (!r->again)
            fail_here(r, KF_INVALID, "a NUL byte: this is not a text file");
        return NULL;
    }
    if (r->line < r->bad_max && r->bad[r->line]) {
        pass_over(r, line, n);
        return line;
    }
    memcpy(line, r->p, n);
    line[n] = '\0';
    r->p += n;
    return line;
}

static bool has_section(const char *name)
{
    for (size_t i = 0; i < n_config_sections; i++)
        if (strcmp(config_sections[i].name, name) == 0)
            return true;
    return false;
}

static void unknown_key(struct reading *r, const char *section, const char *name)
{
    struct buf words;
    const char *between = "";

    buf_init(&words, 4096);
    if (!has_section(section)) {
        if (*section)
            buf_printf(&words, "there is no section [%.40s]; there are ", section);
        else
            buf_printf(&words, "%.40s stands before the first section; there are ", name);
        for (size_t i = 0; i < n_config_sections; i++, between = ", ")
            buf_printf(&words, "%s[%s]", between, config_sections[i].name);
    } else {
        buf_printf(&words, "[%s] has no key %.40s; it has ", section, name);
        for (size_t i = 0; i < n_config_keys; i++) {
            if (strcmp(config_keys[i].section, section) != 0)
                continue;
            buf_printf(&words, "%s%s", between, config_keys[i].name);
            between = ", ";
            if (config_keys[i].flags & CONFIG_SECRET)
                buf_printf(&words, ", %s_file", config_keys[i].name);
        }
    }
    fail_here(r, KF_INVALID, words.p ? words.p : "unknown key");
    buf_finish(&words);
}

enum kf_rc config_check_secret(const char *path, const char *what, struct kf_err *why)
{
    struct stat st;

    if (stat(path, &st) != 0)
        return kf_fail(why, errno == ENOENT ? KF_ABSENT : KF_IO, "%s: %s: %s", what, path, strerror(errno));
    if (st.st_mode & S_IROTH)
        return kf_fail(why, KF_DENIED, "%s: everybody may read %s; do chmod o-rwx %s", what, path, path);
    if (access(path, R_OK) != 0)
        return kf_fail(why, KF_IO, "%s: %s: %s", what, path, strerror(errno));
    return KF_OK;
}

/* The first line of the file that `path` names. */
static enum kf_rc secret_value(struct config *cfg, const struct config_key *key, const char *path, struct kf_err *why)
{
    char text[SECRET_MAX_BYTES + 2];
    enum kf_rc rc;
    FILE *f;

    rc = config_check_secret(path, key->name, why);
    if (rc)
        return rc;
    f = fopen(path, "re");
    if (!f || !fgets(text, sizeof(text), f))
        rc = kf_fail(why, KF_IO, "[%s] %s_file = %.80s: nothing could be read", key->section, key->name, path);
    if (f)
        fclose(f);
    if (rc)
        return rc;
    text[strcspn(text, "\r\n")] = '\0';
    if (strlen(text) > SECRET_MAX_BYTES)
        rc = kf_fail(why, KF_INVALID, "[%s] %s_file = %.80s: longer than %d bytes", key->section, key->name, path, SECRET_MAX_BYTES);
    else
        rc = config_value_read(cfg, key, text, why);
    explicit_bzero(text, sizeof(text));
    return rc;
}

/* The value of NAME_file is a path by the same notation as any other. */
static enum kf_rc secret_file(struct config *cfg, const struct config_key *key, const char *value, struct kf_err *why)
{
    const char *path = NULL;
    struct config_key as_path = *key;
    struct config scratch = { .arena = cfg->arena };
    enum kf_rc rc;

    as_path.type = CONFIG_PATH;
    as_path.flags = 0;
    rc = config_value_read(&scratch, &as_path, value, why);
    if (rc)
        return rc;
    path = *(const char *const *)config_field(&scratch, key);
    return secret_value(cfg, key, path, why);
}

static const struct config_key *find_key(const char *section, const char *name, bool *from_file)
{
    size_t n = strlen(name);

    *from_file = false;
    for (size_t i = 0; i < n_config_keys; i++)
        if (strcmp(config_keys[i].section, section) == 0 && strcmp(config_keys[i].name, name) == 0)
            return &config_keys[i];
    if (n <= 5 || strcmp(name + n - 5, "_file") != 0)
        return NULL;
    *from_file = true;
    for (size_t i = 0; i < n_config_keys; i++)
        if ((config_keys[i].flags & CONFIG_SECRET) && strcmp(config_keys[i].section, section) == 0 &&
            strlen(config_keys[i].name) == n - 5 && strncmp(config_keys[i].name, name, n - 5) == 0)
            return &config_keys[i];
    return NULL;
}

static int on_pair(void *ctx, const char *section, const char *name, const char *value)
{
    struct reading *r = ctx;
    const struct config_key *key;
    struct kf_err below = { 0 };
    bool from_file, first;
    enum kf_rc rc;

    if (r->again)
        return 1;
    key = find_key(section, name, &from_file);
    if (!key) {
        unknown_key(r, section, name);
        return 1;
    }
    first = !r->seen[key - config_keys];
    r->seen[key - config_keys] = true;
    if (!first && key->type != CONFIG_LIST) {
        fail_here(r, KF_INVALID, "this key was given before");
        return 1;
    }
    if (first && key->type == CONFIG_LIST)
        *(struct config_list *)config_field(r->cfg, key) = (struct config_list){ 0 };
    if (!from_file && !r->secret && config_value_secret(key, value)) {
        fail_here(r, KF_DENIED, "a secret in a file that everybody may read; do chmod o-rwx, or name a file of its own with KEY_file");
        return 1;
    }
    rc = from_file ? secret_file(r->cfg, key, value, &below) : config_value_read(r->cfg, key, value, &below);
    if (rc)
        fail_here(r, rc, below.text);
    return 1; /* inih is asked for lines that are none, and for nothing else */
}

static enum kf_rc set_defaults(struct config *cfg, struct kf_err *why)
{
    enum kf_rc rc = KF_OK;

    for (size_t i = 0; i < n_config_keys && !rc; i++)
        if (config_keys[i].fallback)
            rc = config_value_read(cfg, &config_keys[i], config_keys[i].fallback, why);
    return rc;
}

/* inih tells the first line that it could not read, so it is asked again without it, until there is none. */
static void read_lines(struct reading *r)
{
    const char *from = r->p;

    for (int bad; (bad = ini_parse_stream(next_line, r, on_pair, r)) > 0 && bad < r->bad_max && !r->bad[bad];) {
        r->line = bad;
        fail_here(r, KF_INVALID, "neither [section] nor key = value");
        r->bad[bad] = true;
        r->again = true;
        r->p = from;
        r->line = 0;
    }
}

static int line_number(const char *line)
{
    const char *colon = strstr(line, ": ");

    while (colon && colon > line && colon[-1] != ':')
        colon--;
    return colon ? atoi(colon) : 0;
}

static int by_line(const void *a, const void *b)
{
    return line_number(*(char *const *)a) - line_number(*(char *const *)b);
}

/* In the order of the file. */
static void tell_faults(struct buf *all, const struct config_args *args)
{
    char *lines[FAULTS_TOLD], *save = NULL;
    size_t n = 0;

    buf_char(all, '\0');
    for (char *l = buf_ok(all) ? strtok_r(all->p, "\n", &save) : NULL; l && n < FAULTS_TOLD; l = strtok_r(NULL, "\n", &save))
        lines[n++] = l;
    qsort(lines, n, sizeof(*lines), by_line);
    for (size_t i = 0; i < n; i++)
        args->fault(lines[i]);
}

static enum kf_rc parse(struct config *ret, const char *file, struct slice text, bool secret, const struct config_args *args,
                        struct kf_err *why)
{
    struct config cfg = { .arena = arena_new(64 * 1024 * 1024) };
    struct kf_err own = { 0 };
    bool *seen = calloc(n_config_keys, sizeof(*seen)), *bad = calloc(LINES_MAX, sizeof(*bad));
    struct reading r = { .cfg = &cfg,
                         .file = file,
                         .p = text.p,
                         .end = text.p + text.n,
                         .secret = secret,
                         .seen = seen,
                         .why = &own,
                         .bad = bad,
                         .bad_max = LINES_MAX };

    buf_init(&r.all, 256 * 1024);
    *ret = (struct config){ 0 };
    if (!cfg.arena || !seen || !bad || !(cfg.path = arena_text(cfg.arena, slice_of(file)))) {
        r.rc = kf_fail(&own, KF_NOMEM, "%s: out of memory", file);
        goto end;
    }
    r.rc = set_defaults(&cfg, &own);
    if (r.rc)
        goto end;
    read_lines(&r);
end:
    free(seen);
    free(bad);
    if (r.rc && args && args->fault && r.all.n)
        tell_faults(&r.all, args);
    buf_finish(&r.all);
    if (r.rc) {
        config_free(&cfg);
        return kf_fail(why, r.rc, "%s", own.text);
    }
    *ret = cfg;
    return KF_OK;
}

enum kf_rc config_parse(struct config *ret, const char *file, struct slice text, bool secret, struct kf_err *why)
{
    return parse(ret, file, text, secret, NULL, why);
}

/* ---- what follows from the values ---- */

static const char *absolute(struct config *cfg, const char *path)
{
    char here[PATH_MAX];

    if (!path || *path == '/' || !getcwd(here, sizeof(here)))
        return path;
    while (strncmp(path, "./", 2) == 0)
        path += 2;
    return arena_printf(cfg->arena, "%s/%s", here, path);
}

static const char *default_state(void)
{
    const char *given = getenv("STATE_DIRECTORY");

    if (given && *given && !strchr(given, ':'))
        return given;
    return geteuid() == 0 ? "/var/lib/kefud" : "state";
}

static bool is_loopback(const char *address)
{
    return strncmp(address, "127.", 4) == 0 || strncmp(address, "[::1]:", 6) == 0 || strncmp(address, "unix:", 5) == 0;
}

/* Nodes that share one SQLite file find the same key beside it. */
static const char *key_file(struct config *cfg)
{
    const char *path = cfg->store.url && strncmp(cfg->store.url, "sqlite:", 7) == 0 ? cfg->store.url + 7 : NULL;
    const char *slash = path ? strrchr(path, '/') : NULL;

    if (slash)
        return arena_printf(cfg->arena, "%.*s/secrets.key", (int)(slash - path), path);
    return arena_printf(cfg->arena, "%s/secrets.key", path ? "." : cfg->node.state);
}

/* What was not named lies in the state directory. */
static enum kf_rc settle_state(struct config *cfg)
{
    const char *state = absolute(cfg, cfg->node.state ? cfg->node.state : default_state());

    cfg->node.state = state;
    if (!state)
        return KF_NOMEM;
    if (!cfg->store.url)
        cfg->store.url = arena_printf(cfg->arena, "sqlite:%s/kefud.db", state);
    cfg->node.head = arena_printf(cfg->arena, "%s/access.head", state);
    if (!cfg->store.files)
        cfg->store.files = arena_printf(cfg->arena, "%s/files.db", state);
    if (!cfg->store.index)
        cfg->store.index = arena_printf(cfg->arena, "%s/index.db", state);
    if (!cfg->store.backup)
        cfg->store.backup = arena_printf(cfg->arena, "%s/backup", state);
    if (!cfg->store.key_file)
        cfg->store.key_file = key_file(cfg);
    return cfg->node.head && cfg->store.url && cfg->store.files && cfg->store.index && cfg->store.backup && cfg->store.key_file ? KF_OK
                                                                                                                                : KF_NOMEM;
}

static enum kf_rc settle_tls(struct config *cfg, struct kf_err *why)
{
    if (!cfg->tls.certificate != !cfg->tls.key)
        return kf_fail(why, KF_INVALID, "[tls] certificate and key belong together; %s is missing", cfg->tls.key ? "certificate" : "key");
    if (!cfg->tls.key)
        return KF_OK;
    if (access(cfg->tls.certificate, R_OK) != 0)
        return kf_fail(why, KF_IO, "[tls] certificate: %s: %s", cfg->tls.certificate, strerror(errno));
    return config_check_secret(cfg->tls.key, "[tls] key", why);
}

/* The name in an origin, without scheme and port. */
static const char *origin_host(struct config *cfg, const char *origin)
{
    const char *host = strstr(origin, "://") + 3;

    return arena_text(cfg->arena, (struct slice){ host, *host == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":") });
}

/* With names of its own, Host is checked; the names of public_url and of files_origin are then right as well. */
static enum kf_rc settle_hosts(struct config *cfg)
{
    const struct config_list *urls = &cfg->listen.public_url, *own = &cfg->listen.hosts;
    const char **all = arena_array(cfg->arena, own->n + urls->n + 2, sizeof(*all));
    size_t n = 0;

    if (!all)
        return KF_NOMEM;
    for (size_t i = 0; i < own->n; i++)
        all[n++] = own->items[i];
    for (size_t i = 0; i < urls->n; i++)
        if (!(all[n++] = origin_host(cfg, urls->items[i])))
            return KF_NOMEM;
    if (n && cfg->listen.files_origin && !(all[n++] = origin_host(cfg, cfg->listen.files_origin)))
        return KF_NOMEM;
    cfg->listen.hosts = (struct config_list){ all, n };
    return KF_OK;
}

static enum kf_rc settle(struct config *cfg, struct kf_err *why)
{
    if (cfg->listen.addresses.n == 0)
        return kf_fail(why, KF_INVALID, "[listen] addresses: at least one is needed");
    cfg->loopback = true;
    for (size_t i = 0; i < cfg->listen.addresses.n; i++)
        cfg->loopback &= is_loopback(cfg->listen.addresses.items[i]);
    if (settle_state(cfg) || settle_hosts(cfg))
        return kf_fail(why, KF_NOMEM, "out of memory");
    for (size_t i = 0; i < cfg->listen.public_url.n; i++)
        if (cfg->listen.files_origin && strcmp(cfg->listen.files_origin, cfg->listen.public_url.items[i]) == 0)
            return kf_fail(why, KF_INVALID, "[listen] files_origin: must be another origin than public_url");
    return settle_tls(cfg, why);
}

/* ---- loading ---- */

static enum kf_rc read_file(const char *path, char **text, size_t *n, bool *secret, struct kf_err *why)
{
    struct stat st;
    char *p = NULL;
    enum kf_rc rc;
    FILE *f = fopen(path, "re");

    if (!f || fstat(fileno(f), &st) != 0)
        goto fail;
    *secret = !(st.st_mode & S_IROTH);
    p = malloc(FILE_MAX_BYTES + 1);
    if (!p)
        goto fail;
    *n = fread(p, 1, FILE_MAX_BYTES + 1, f);
    if (ferror(f))
        goto fail;
    fclose(f);
    if (*n > FILE_MAX_BYTES) {
        free(p);
        return kf_fail(why, KF_LIMIT, "%s: longer than %d bytes", path, FILE_MAX_BYTES);
    }
    *text = p;
    return KF_OK;
fail:
    rc = kf_fail(why, errno == ENOENT ? KF_ABSENT : KF_IO, "%s: %s", path, strerror(errno));
    if (f)
        fclose(f);
    free(p);
    return rc;
}

/* Without settle(): what follows from the values may only be worked out once the command line has been heard. */
static enum kf_rc load_raw(struct config *ret, const struct config_args *args, struct kf_err *why)
{
    const char *path = args->file;
    char *text = NULL;
    size_t n = 0;
    bool secret = true;
    enum kf_rc rc;

    *ret = (struct config){ 0 };
    if (path) {
        rc = read_file(path, &text, &n, &secret, why);
        if (rc)
            return rc;
    }
    rc = parse(ret, path ? path : "defaults", (struct slice){ text ? text : "", n }, secret, args, why);
    if (!rc && !path)
        ret->path = NULL;
    if (text)
        explicit_bzero(text, n);
    free(text);
    return rc;
}

static enum kf_rc apply_args(struct config *cfg, const struct config_args *args, struct kf_err *why)
{
    struct config_list kept = cfg->listen.addresses;
    bool from_file;
    enum kf_rc rc = KF_OK;

    cfg->demo |= args->demo;
    if (args->state) {
        cfg->node.state = arena_text(cfg->arena, slice_of(args->state));
        if (!cfg->node.state)
            return kf_fail(why, KF_NOMEM, "out of memory");
    }
    if (args->listen) {
        cfg->listen.addresses = (struct config_list){ 0 };
        rc = config_value_read(cfg, find_key("listen", "addresses", &from_file), args->listen, why);
        if (rc)
            cfg->listen.addresses = kept;
    }
    return rc;
}

enum kf_rc config_open(struct config *ret, const struct config_args *args, struct kf_err *why)
{
    enum kf_rc rc = load_raw(ret, args, why);

    if (!rc)
        rc = apply_args(ret, args, why);
    if (!rc)
        rc = settle(ret, why);
    if (rc)
        config_free(ret);
    return rc;
}

enum kf_rc config_load(struct config *ret, const char *path, struct kf_err *why)
{
    const struct config_args args = { .file = path };

    return config_open(ret, &args, why);
}

enum kf_rc config_reload(struct config *cfg, const struct config_args *args, void (*changed)(int level, const char *line),
                         struct kf_err *why)
{
    struct config fresh, next = *cfg;
    enum kf_rc rc = config_open(&fresh, args, why);

    for (size_t i = 0; i < n_config_keys && !rc; i++)
        if ((config_keys[i].flags & CONFIG_RELOAD) && !config_value_same(cfg, &fresh, &config_keys[i]))
            rc = config_value_copy(&next, &fresh, &config_keys[i]);
    if (rc) {
        config_free(&fresh);
        return rc == KF_NOMEM ? kf_fail(why, rc, "out of memory") : rc;
    }
    for (size_t i = 0; i < n_config_keys; i++) {
        const struct config_key *key = &config_keys[i];
        bool now = key->flags & CONFIG_RELOAD;
        char line[128];

        if (config_value_same(cfg, &fresh, key))
            continue;
        snprintf(line, sizeof(line), "config event=%s key=%s.%s", now ? "changed" : "needs_restart", key->section, key->name);
        changed(now ? LOG_INFO : LOG_WARN, line);
    }
    *cfg = next;
    config_free(&fresh);
    return KF_OK;
}

void config_free(struct config *cfg)
{
    if (!cfg->arena)
        return;
    for (size_t i = 0; i < n_config_keys; i++) {
        char **text = config_field(cfg, &config_keys[i]);

        if ((config_keys[i].flags & CONFIG_SECRET) && *text)
            explicit_bzero(*text, strlen(*text));
    }
    arena_free(cfg->arena);
    *cfg = (struct config){ 0 };
}
