/* The configuration: what a file may say, what is refused and in which words, and that the documents say the same. */
#include "config_keys.h"

#include "log.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static enum kf_rc parse(struct config *cfg, const char *text, struct kf_err *why)
{
    return config_parse(cfg, "t.conf", slice_of(text), true, why);
}

static void everything_has_a_default(void **state)
{
    struct config cfg;
    struct kf_err why = { 0 };

    (void)state;
    assert_int_equal(config_load(&cfg, NULL, &why), KF_OK);
    assert_int_equal(cfg.listen.addresses.n, 1);
    assert_string_equal(cfg.listen.addresses.items[0], "127.0.0.1:8080");
    assert_true(cfg.loopback);
    assert_null(cfg.path);
    assert_int_equal(cfg.limits.text, 4096);
    assert_int_equal(cfg.limits.frame, 65536);
    assert_int_equal(cfg.limits.upload, 10 * 1024 * 1024);
    assert_int_equal(cfg.limits.header_time, 10000);
    assert_int_equal(cfg.store.keep_backup, 7 * 86400000LL);
    assert_int_equal(cfg.log.level, LOG_INFO);
    assert_false(cfg.channels.allow_private);
    assert_null(cfg.redis.url);
    assert_string_equal(cfg.redis.server, "redis-server");
    assert_int_equal(cfg.node.state[0], '/');
    assert_int_equal(strncmp(cfg.store.url, "sqlite:/", 8), 0);
    config_free(&cfg);
    config_free(&cfg);
}

static void a_file_changes_what_it_names(void **state)
{
    struct config cfg;
    struct kf_err why = { 0 };

    (void)state;
    assert_int_equal(parse(&cfg,
                           "# a comment\n"
                           "[listen]\n"
                           "addresses = 0.0.0.0:443, [::]:443\n"
                           "  unix:/run/kefud/http.sock\n"
                           "proxies=10.0.0.0/8\n"
                           "[limits]\n"
                           "text = 2000 ; a remark\n"
                           "upload = 3 MiB\n"
                           "ping = 2 min\n"
                           "[channels]\n"
                           "allow_http = yes\n"
                           "[log]\n"
                           "level = debug\n",
                           &why),
                     KF_OK);
    assert_int_equal(cfg.listen.addresses.n, 3);
    assert_string_equal(cfg.listen.addresses.items[1], "[::]:443");
    assert_string_equal(cfg.listen.addresses.items[2], "unix:/run/kefud/http.sock");
    assert_int_equal(cfg.listen.proxies.n, 1);
    assert_int_equal(cfg.limits.text, 2000);
    assert_int_equal(cfg.limits.upload, 3 * 1024 * 1024);
    assert_int_equal(cfg.limits.ping, 120000);
    assert_true(cfg.channels.allow_http);
    assert_int_equal(cfg.log.level, LOG_DEBUG);
    config_free(&cfg);
}

static void what_is_wrong_is_said_with_its_line_and_what_is_allowed(void **state)
{
    static const struct {
        const char *text, *words;
    } rows[] = {
        { "[listen]\nadress = 1\n", "t.conf:2: [listen] has no key adress; it has addresses, public_url" },
        { "[lisen]\nx = 1\n", "t.conf:2: there is no section [lisen]; there are [node], [listen]" },
        { "x = 1\n", "t.conf:1: x stands before the first section" },
        { "[limits]\n\ntext = 99999\n", "t.conf:3: [limits] text = 99999: allowed is 1 to 65536" },
        { "[limits]\ntext = 0\n", "allowed is 1 to 65536" },
        { "[limits]\ntext = -1\n", "not a whole number" },
        { "[limits]\ntext = 12 apples\n", "not a whole number" },
        { "[limits]\ntext = 99999999999999999999999\n", "allowed is 1 to 65536" },
        { "[limits]\nupload = 10\n", "t.conf:2: [limits] upload = 10: not a size; write 64 KiB" },
        { "[limits]\nupload = 10 MB\n", "not a size" },
        { "[limits]\nupload = 9999999999999 GiB\n", "allowed is 0 B to 1 GiB" },
        { "[limits]\nping = 30\n", "not a time; write 500 ms" },
        { "[limits]\nping = 1 ms\n", "allowed is 1 s to 10 min" },
        { "[limits]\ntext = 1\ntext = 2\n", "t.conf:3: this key was given before" },
        { "[limits]\ntext\n", "t.conf:2: neither [section] nor key = value" },
        { "[limits\ntext = 1\n", "t.conf:1: neither [section] nor key = value" },
        { "[limits]\ntext =\n", "a value is missing" },
        { "[listen]\naddresses = localhost:80\n", "write HOST:PORT" },
        { "[listen]\naddresses = 127.0.0.1\n", "write HOST:PORT" },
        { "[listen]\naddresses = 127.0.0.1:70000\n", "write HOST:PORT" },
        { "[listen]\naddresses = ::1:80\n", "write HOST:PORT" },
        { "[listen]\naddresses = 127.0.0.1:1, nowhere\n", "[listen] addresses = nowhere: write HOST:PORT" },
        { "[listen]\nproxies = 10.0.0.0/33\n", "an address or a network" },
        { "[listen]\nproxies = proxy.example.com\n", "an address or a network" },
        { "[listen]\npublic_url = https://a.example/x\n", "without a path" },
        { "[listen]\npublic_url = chat.example.com\n", "write https://HOST" },
        { "[listen]\npublic_url = https://chat.example.com:0\n", "write https://HOST" },
        { "[listen]\npublic_url = https://chat.example.com:65536\n", "write https://HOST" },
        { "[listen]\npublic_url = https://chat.example.com:08443\n", "write https://HOST" },
        { "[listen]\npublic_url = https://chat.example.com:\n", "write https://HOST" },
        { "[listen]\npublic_url = https://chat.example.com:443\n", "or a default port" },
        { "[listen]\npublic_url = http://[::1]:80\n", "or a default port" },
        { "[listen]\npublic_url = http://[::1]x\n", "write https://HOST" },
        { "[listen]\nhosts = Chat.example\n", "in lower case" },
        { "[store]\nurl = mysql://x\n", "write sqlite:PATH or postgresql://" },
        { "[redis]\nurl = http://x\n", "write unix:/PATH or redis://" },
        { "[channels]\nallow_http = maybe\n", "write yes or no" },
        { "[log]\nlevel = loud\n", "write debug, info, warn or error" },
        { "[tls]\ncertificate = credential:x\n", "systemd gave no credentials" },
    };
    struct config cfg;

    (void)state;
    unsetenv("CREDENTIALS_DIRECTORY");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct kf_err why = { 0 };

        assert_int_not_equal(parse(&cfg, rows[i].text, &why), KF_OK);
        if (!strstr(why.text, rows[i].words))
            fail_msg("%s said: %s", rows[i].text, why.text);
        assert_null(cfg.arena);
    }
}

static char faults[2048];

static void hear_fault(const char *line)
{
    (void)snprintf(faults + strlen(faults), sizeof(faults) - strlen(faults), "%s\n", strstr(line, "kf-config-"));
}

static void every_wrong_line_is_told_in_order(void **state)
{
    static const char text[] = "[listen]\naddresses = nonsense::\nthis is none\n[limits]\ntext = lots\nnokey = 1\nnor is this\n"
                               "upload = 10 MiB\ntext = 2\n[nosuch]\na = 1\n";
    static const int lines[] = { 2, 3, 5, 6, 7, 9, 11 };
    char path[] = "/tmp/kf-config-XXXXXX", start[64];
    const struct config_args args = { .file = path, .fault = hear_fault };
    struct kf_err why = { 0 };
    struct config cfg;
    const char *at = faults;
    int fd = mkstemp(path);

    (void)state;
    assert_int_equal(write(fd, text, sizeof(text) - 1), (ssize_t)sizeof(text) - 1);
    assert_int_equal(close(fd), 0);
    faults[0] = '\0';
    assert_int_not_equal(config_open(&cfg, &args, &why), KF_OK);
    (void)unlink(path);
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        (void)snprintf(start, sizeof(start), "%s:%d: ", strrchr(path, '/') + 1, lines[i]);
        if (strncmp(at, start, strlen(start)) != 0)
            fail_msg("line %d is not told at its place:\n%s", lines[i], faults);
        at = strchr(at, '\n') + 1;
    }
    assert_string_equal(at, "");
}

static void a_line_that_inih_would_cut_is_refused(void **state)
{
    struct config cfg;
    struct kf_err why = { 0 };
    char text[8300];
    size_t n = (size_t)snprintf(text, sizeof(text), "[listen]\nhosts = ");

    (void)state;
    memset(text + n, 'a', sizeof(text) - n);
    text[sizeof(text) - 1] = '\0';
    assert_int_equal(parse(&cfg, text, &why), KF_INVALID);
    assert_non_null(strstr(why.text, "t.conf:2: a line may have"));
    assert_int_equal(config_parse(&cfg, "t.conf", SLICE("[log]\nle\0vel = info\n"), true, &why), KF_INVALID);
    assert_non_null(strstr(why.text, "t.conf:2: a NUL byte"));
}

static char *put(char path[64], const char *text, mode_t mode)
{
    int fd;

    strcpy(path, "/tmp/kf-ops-config-XXXXXX");
    fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
    return path;
}

static void a_secret_comes_from_a_file_that_not_everybody_reads(void **state)
{
    struct config cfg;
    struct kf_err why = { 0 };
    char secret[64], text[160];

    (void)state;
    put(secret, "s3cret\n", 0600);
    snprintf(text, sizeof(text), "[redis]\npassword_file = %s\n", secret);
    assert_int_equal(config_parse(&cfg, "t.conf", slice_of(text), false, &why), KF_OK);
    assert_string_equal(cfg.redis.password, "s3cret");
    config_free(&cfg);

    chmod(secret, 0644);
    assert_int_equal(config_parse(&cfg, "t.conf", slice_of(text), false, &why), KF_DENIED);
    assert_non_null(strstr(why.text, "everybody may read"));
    unlink(secret);
    assert_int_equal(config_parse(&cfg, "t.conf", slice_of(text), false, &why), KF_ABSENT);

    setenv("CREDENTIALS_DIRECTORY", "/tmp", 1);
    put(secret, "other", 0600);
    snprintf(text, sizeof(text), "[redis]\npassword_file = credential:%s\n", secret + 5);
    assert_int_equal(config_parse(&cfg, "t.conf", slice_of(text), false, &why), KF_OK);
    assert_string_equal(cfg.redis.password, "other");
    config_free(&cfg);
    unlink(secret);
    unsetenv("CREDENTIALS_DIRECTORY");
}

static void a_secret_in_a_file_that_everybody_reads_is_refused(void **state)
{
    struct config cfg;
    struct kf_err why = { 0 };
    char path[64];

    (void)state;
    put(path, "[redis]\npassword = hush\n", 0644);
    assert_int_equal(config_load(&cfg, path, &why), KF_DENIED);
    assert_null(strstr(why.text, "hush"));
    chmod(path, 0640);
    assert_int_equal(config_load(&cfg, path, &why), KF_OK);
    config_free(&cfg);
    unlink(path);

    put(path, "[redis]\nurl = redis://kefud:hush@10.0.0.1:6379\n", 0644);
    assert_int_equal(config_load(&cfg, path, &why), KF_DENIED);
    unlink(path);
    put(path, "[redis]\nurl = redis://kefud@10.0.0.1:6379\n[store]\nurl = sqlite:/srv/kefud.db\n", 0644);
    assert_int_equal(config_load(&cfg, path, &why), KF_OK);
    config_free(&cfg);
    unlink(path);
}

static void secrets_are_never_printed(void **state)
{
    struct config cfg;
    struct kf_err why = { 0 };
    struct buf out;

    (void)state;
    assert_int_equal(
        parse(&cfg, "[redis]\nurl = redis://kefud:hush@10.0.0.1:6379\npassword = hush\n[store]\nurl=postgresql://u:hush@h/d\n", &why),
        KF_OK);
    buf_init(&out, 1 << 20);
    config_print(&cfg, &out);
    assert_true(buf_ok(&out));
    assert_null(strstr(out.p, "hush"));
    assert_non_null(strstr(out.p, "password = ***"));
    buf_finish(&out);
    config_free(&cfg);
}

static void a_certificate_needs_its_key_and_the_key_is_private(void **state)
{
    struct config cfg;
    struct kf_err why = { 0 };
    char path[64], key[64], text[256];

    (void)state;
    put(key, "key", 0644);
    snprintf(text, sizeof(text), "[tls]\ncertificate = %s\n", key);
    put(path, text, 0600);
    assert_int_equal(config_load(&cfg, path, &why), KF_INVALID);
    assert_non_null(strstr(why.text, "key is missing"));
    unlink(path);

    snprintf(text, sizeof(text), "[tls]\ncertificate = %s\nkey = %s\n", key, key);
    put(path, text, 0600);
    assert_int_equal(config_load(&cfg, path, &why), KF_DENIED);
    chmod(key, 0640);
    assert_int_equal(config_load(&cfg, path, &why), KF_OK);
    config_free(&cfg);
    unlink(key);
    assert_int_equal(config_load(&cfg, path, &why), KF_IO);
    unlink(path);
}

static void the_command_line_wins(void **state)
{
    const char *argv[] = { "kefud", "--state", "/tmp/x", "--listen=127.0.0.1:0", "--demo", "--check", NULL };
    struct config_args args;
    struct config cfg;
    struct kf_err why = { 0 };

    (void)state;
    assert_int_equal(config_args_parse(6, (char **)argv, &args, &why), KF_OK);
    assert_true(args.check);
    assert_int_equal(config_open(&cfg, &args, &why), KF_OK);
    assert_string_equal(cfg.node.state, "/tmp/x");
    assert_string_equal(cfg.store.url, "sqlite:/tmp/x/kefud.db");
    assert_int_equal(cfg.listen.addresses.n, 1);
    assert_string_equal(cfg.listen.addresses.items[0], "127.0.0.1:0");
    assert_true(cfg.demo);
    config_free(&cfg);

    args.listen = "nowhere";
    assert_int_equal(config_open(&cfg, &args, &why), KF_INVALID);
}

static void an_unknown_argument_is_named(void **state)
{
    static const struct {
        const char *argv[3];
        const char *words;
    } rows[] = {
        { { "kefud", "--listen=nowhere" },
          "[listen] addresses = nowhere: write HOST:PORT, [IPV6]:PORT or unix:/PATH, the host as a number" },
        { { "kefud", "--sate" }, "unknown argument --sate" },
        { { "kefud", "--state" }, "--state needs a value" },
        { { "kefud", "-c" }, "--config needs a value" },
        { { "kefud", "--state", "" }, "--state needs a value" },
        { { "kefud", "--state=" }, "--state needs a value" },
        { { "kefud", "--demo=1" }, "unknown argument --demo=1" },
        { { "kefud", "x" }, "unknown argument x" },
    };
    struct config_args args;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct kf_err why = { 0 };

        assert_int_equal(config_args_parse(rows[i].argv[2] ? 3 : 2, (char **)rows[i].argv, &args, &why), KF_INVALID);
        assert_string_equal(why.text, rows[i].words);
    }
}

static char heard[1024];

static void hear(int level, const char *line)
{
    size_t n = strlen(heard);

    snprintf(heard + n, sizeof(heard) - n, "%d %s\n", level, line);
}

static void rewrite(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void a_reload_changes_what_the_table_allows_and_names_the_rest(void **state)
{
    struct config_args args = { 0 };
    struct config cfg;
    struct kf_err why = { 0 };
    char path[64];

    (void)state;
    args.file = put(path, "[limits]\ntext = 100\nping = 30 s\n[metrics]\nallow = 10.0.0.1\n", 0600);
    assert_int_equal(config_open(&cfg, &args, &why), KF_OK);

    heard[0] = '\0';
    rewrite(path, "[limits]\ntext = 200\nping = 40 s\n[metrics]\nallow = 10.0.0.1, 10.0.0.2\n");
    assert_int_equal(config_reload(&cfg, &args, hear, &why), KF_OK);
    assert_int_equal(cfg.limits.text, 200);
    assert_int_equal(cfg.limits.ping, 30000);
    assert_int_equal(cfg.metrics.allow.n, 2);
    assert_string_equal(cfg.metrics.allow.items[1], "10.0.0.2");
    assert_string_equal(heard, "1 config event=changed key=metrics.allow\n1 config event=changed key=limits.text\n"
                               "2 config event=needs_restart key=limits.ping\n");

    heard[0] = '\0';
    rewrite(path, "[limits]\ntext = 300\nnonsense = 1\n");
    assert_int_equal(config_reload(&cfg, &args, hear, &why), KF_INVALID);
    assert_int_equal(cfg.limits.text, 200);
    assert_string_equal(heard, "");
    config_free(&cfg);
    unlink(path);
}

static void what_is_printed_reads_back_the_same(void **state)
{
    struct config a, b;
    struct kf_err why = { 0 };
    struct buf out;

    (void)state;
    assert_int_equal(config_load(&a, NULL, &why), KF_OK);
    buf_init(&out, 1 << 20);
    config_print(&a, &out);
    assert_int_equal(config_parse(&b, "printed", buf_slice(&out), true, &why), KF_OK);
    for (size_t i = 0; i < n_config_keys; i++)
        if (!config_value_same(&a, &b, &config_keys[i]))
            fail_msg("%s.%s differs", config_keys[i].section, config_keys[i].name);
    config_free(&a);
    config_free(&b);
    buf_finish(&out);
}

static char *slurp(const char *path)
{
    FILE *f = fopen(path, "r");
    char *text = calloc(1, 256 * 1024);

    assert_non_null(text);
    if (f) {
        assert_true(fread(text, 1, 256 * 1024 - 1, f) > 0);
        fclose(f);
    }
    return text;
}

/* The key section stands between two comments of the page; the rest is written by hand. */
#define MAN_BEGIN ".\\\" keys begin: `make docs` writes this section\n"
#define MAN_END   ".\\\" keys end\n"

static char *manual_with(const char *page, const char *section)
{
    const char *from = strstr(page, MAN_BEGIN), *to = strstr(page, MAN_END);
    struct buf ret;

    if (!from || !to)
        fail_msg("docs/kefud.conf.5 has lost its marks");
    from += strlen(MAN_BEGIN);
    buf_init(&ret, 1 << 20);
    buf_add(&ret, (struct slice){ page, (size_t)(from - page) });
    buf_printf(&ret, "%s%s", section, to);
    return buf_take(&ret);
}

/* With KEFUD_WRITE_DOCS=1 (make docs) the files are written instead. */
static void check_or_write(const char *path, const char *have, const char *want)
{
    if (getenv("KEFUD_WRITE_DOCS"))
        rewrite(path, want);
    else if (strcmp(have, want) != 0)
        fail_msg("%s does not say what the table of keys says: run make docs", path);
}

static void the_sample_file_and_the_manual_say_what_the_table_says(void **state)
{
    struct buf out;
    char *page, *sample, *want;

    (void)state;
    buf_init(&out, 1 << 20);
    config_sample(&out);
    assert_true(buf_ok(&out));
    sample = slurp("config/kefud.conf");
    check_or_write("config/kefud.conf", sample, out.p);

    buf_clear(&out);
    config_manual(&out);
    assert_true(buf_ok(&out));
    page = slurp("docs/kefud.conf.5");
    want = manual_with(page, out.p);
    check_or_write("docs/kefud.conf.5", page, want);
    free(page);
    free(sample);
    free(want);
    buf_finish(&out);
}

static void the_sample_file_loads_and_so_does_each_of_its_lines(void **state)
{
    struct config cfg;
    struct kf_err why = { 0 };
    struct buf out, live;

    (void)state;
    buf_init(&out, 1 << 20);
    buf_init(&live, 1 << 20);
    config_sample(&out);
    assert_int_equal(config_parse(&cfg, "sample", buf_slice(&out), false, &why), KF_OK);
    config_free(&cfg);

    /* "#key = value" without a space after '#' is a default; uncommented, all of them together are right. */
    for (char *line = strtok(out.p, "\n"); line; line = strtok(NULL, "\n")) {
        const char *value = strchr(line, '=');

        if (line[0] == '#' && (line[1] == ' ' || !line[1] || !value || !value[1]))
            continue;
        buf_printf(&live, "%s\n", line[0] == '#' ? line + 1 : line);
    }
    if (config_parse(&cfg, "sample", buf_slice(&live), false, &why))
        fail_msg("%s", why.text);
    config_free(&cfg);
    buf_finish(&out);
    buf_finish(&live);
}

static void every_key_has_words_and_a_place_of_its_own(void **state)
{
    (void)state;
    for (size_t i = 0; i < n_config_keys; i++) {
        const struct config_key *key = &config_keys[i];
        bool section = false;

        assert_non_null(key->help);
        for (size_t s = 0; s < n_config_sections; s++)
            section |= strcmp(key->section, config_sections[s].name) == 0;
        assert_true(section);
        assert_true(!key->fits || key->form);
        for (size_t j = 0; j < i; j++)
            assert_true(config_keys[j].at != key->at);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_has_a_default),
        cmocka_unit_test(a_file_changes_what_it_names),
        cmocka_unit_test(what_is_wrong_is_said_with_its_line_and_what_is_allowed),
        cmocka_unit_test(every_wrong_line_is_told_in_order),
        cmocka_unit_test(a_line_that_inih_would_cut_is_refused),
        cmocka_unit_test(a_secret_comes_from_a_file_that_not_everybody_reads),
        cmocka_unit_test(a_secret_in_a_file_that_everybody_reads_is_refused),
        cmocka_unit_test(secrets_are_never_printed),
        cmocka_unit_test(a_certificate_needs_its_key_and_the_key_is_private),
        cmocka_unit_test(the_command_line_wins),
        cmocka_unit_test(an_unknown_argument_is_named),
        cmocka_unit_test(a_reload_changes_what_the_table_allows_and_names_the_rest),
        cmocka_unit_test(what_is_printed_reads_back_the_same),
        cmocka_unit_test(the_sample_file_and_the_manual_say_what_the_table_says),
        cmocka_unit_test(the_sample_file_loads_and_so_does_each_of_its_lines),
        cmocka_unit_test(every_key_has_words_and_a_place_of_its_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
