#include "kefuctl.h"
#include "streams.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char usage[] =
    "usage: kefuctl [-c FILE] [--state DIR] [--json] COMMAND\n"
    "\n"
    "  status                     how the daemon is\n"
    "  user add EMAIL --name N --site S --roles r,r [--number N] [--queues q,q] [--skills s,s] [--capacity N]\n"
    "  user passwd EMAIL          a new password, from the terminal or standard input\n"
    "  user disable EMAIL         no more sign-in; ends what is open\n"
    "  user reset-totp EMAIL      takes the second factor away; ends what is open\n"
    "  key add --name N --verbs v,v [--site S] [--days N]\n"
    "                             a key for a program that uses the API; prints it once\n"
    "  key list [--site S]        the keys of a site\n"
    "  key revoke ID [--site S]   takes a key back\n"
    "  site add FILE              a new site from a set of documents and people; prints their passwords\n"
    "  site export SITE           its settings as a set, without secrets and people\n"
    "  site diff FILE             what applying the set would change\n"
    "  site apply FILE            makes the site what the set says, in one commit\n"
    "  channel list [--site S]    how each channel is, and the address to give to its platform\n"
    "  channel test KEY [--site S] [--register] [--to USER]\n"
    "                             tries its settings, its token, the platform (--register: tells it\n"
    "                             our address), and with --to a message\n"
    "  audit list [--site S] [--kind K] [--person ID] [--conversation ID] [--limit N] [--cursor C]\n"
    "                             who has opened, shown, exported, held, erased what; the newest first\n"
    "  audit verify [--heads FILE]\n"
    "                             whether the access log is whole; the end of each chain\n"
    "  outbox list [--site S] [--which trouble|waiting|all]\n"
    "                             what has not got through to a platform, or is still to go\n"
    "  outbox resend ID [--site S]\n"
    "                             sends it again\n"
    "  outbox drop ID [--site S]  lets it be\n"
    "  backup FILE                one archive of messages and files, while running\n"
    "  restore FILE               puts an archive back; kefud must be stopped\n"
    "  reindex                    makes the search index anew\n"
    "  export ID DIR [--site S]   a copy of all that is known of a visitor: profile, transcripts, files\n"
    "  erase ID [--site S] [--reference R]\n"
    "                             forgets a visitor; prints the receipt\n"
    "  hold set (--conversation ID | --visitor ID) --reason TEXT [--site S]\n"
    "                             keeps it, whatever the times say; prints the hold\n"
    "  hold lift ID [--site S]    lets it go\n"
    "  hold list [--site S] [--conversation ID]\n"
    "                             what is held\n"
    "  housekeep [--dry-run]      removes what has outlived its time, and wipes what was erased\n"
    "  doctor                     checks configuration, permissions, Redis, database, clock, TLS, ports and proxy, and says what to do\n"
    "  reload                     reads configuration and certificates again\n";

int ctl_fail(const struct kf_err *why)
{
    struct kf_err shown = *why;

    ctl_tame(shown.text);
    fprintf(stderr, "kefuctl: %s\n", shown.text);
    return CTL_FAILED;
}

static int wrong_usage(const char *what, const char *which)
{
    if (what)
        fprintf(stderr, "kefuctl: %s%s%s\n\n", what, which ? " " : "", which ? which : "");
    fputs(usage, stderr);
    return CTL_USAGE;
}

/* A call without arguments whose answer is printed. */
static int plain_call(struct ctl *ctl, const char *method, const char *path)
{
    struct kf_err why = { 0 };
    json_t *answer = NULL;
    enum kf_rc rc = ctl_call(ctl, method, path, NULL, &answer, &why);

    if (rc)
        return ctl_fail(&why);
    ctl_print(ctl, answer);
    json_decref(answer);
    return CTL_DONE;
}

static bool parse_capacity(const char *text, int *ret)
{
    char *end;
    long n = strtol(text, &end, 10);

    if (!*text || *end || n < 0 || n > 1000)
        return false;
    *ret = (int)n;
    return true;
}

static int user_add(struct ctl *ctl, int argc, char **argv)
{
    struct ctl_person p = { .capacity = -1 };
    const struct {
        const char *name;
        const char **value;
    } options[] = { { "--name", &p.name },     { "--site", &p.site },     { "--roles", &p.roles },
                    { "--number", &p.number }, { "--queues", &p.queues }, { "--skills", &p.skills } };

    for (int i = 0; i < argc; i++) {
        size_t o = 0;

        if (argv[i][0] != '-' && !p.email) {
            p.email = argv[i];
            continue;
        }
        while (o < sizeof(options) / sizeof(options[0]) && strcmp(options[o].name, argv[i]) != 0)
            o++;
        if (o == sizeof(options) / sizeof(options[0]) && strcmp(argv[i], "--capacity") != 0)
            return wrong_usage("user add takes one EMAIL, --name, --site, --roles, --number, --queues, --skills and --capacity, not",
                               argv[i]);
        if (i + 1 == argc)
            return wrong_usage("a value is missing after", argv[i]);
        if (o < sizeof(options) / sizeof(options[0]))
            *options[o].value = argv[++i];
        else if (!parse_capacity(argv[++i], &p.capacity))
            return wrong_usage("--capacity is a number from 0 to 1000, not", argv[i]);
    }
    if (!p.email || !p.name || !p.site || !p.roles)
        return wrong_usage("user add needs EMAIL, --name, --site and --roles", NULL);
    return ctl_user_add(ctl, &p);
}

/* A mistyped option is no name: `backup --json` after a slip of the finger shall not make a file of that name. */
static bool is_operand(const char *word)
{
    return *word && *word != '-';
}

static int user(struct ctl *ctl, int argc, char **argv)
{
    static const struct {
        const char *name;
        int (*run)(struct ctl *ctl, const char *email);
    } acts[] = { { "passwd", ctl_user_passwd }, { "disable", ctl_user_disable }, { "reset-totp", ctl_user_reset_totp } };

    if (argc >= 1 && strcmp(argv[0], "add") == 0)
        return user_add(ctl, argc - 1, argv + 1);
    for (size_t i = 0; argc >= 1 && i < sizeof(acts) / sizeof(acts[0]); i++)
        if (strcmp(argv[0], acts[i].name) == 0)
            return argc == 2 && is_operand(argv[1]) ? acts[i].run(ctl, argv[1])
                                                    : wrong_usage("one EMAIL, and nothing else, is needed after user", argv[0]);
    return argc < 1 ? wrong_usage("user needs add, passwd, disable or reset-totp", NULL)
                    : wrong_usage("user needs add, passwd, disable or reset-totp, not", argv[0]);
}

static int key(struct ctl *ctl, int argc, char **argv)
{
    struct ctl_key k = { 0 };
    const char *id = NULL;

    for (int i = 1; i < argc; i++) {
        bool days = strcmp(argv[i], "--days") == 0;
        const char **value = strcmp(argv[i], "--site") == 0    ? &k.site
                             : strcmp(argv[i], "--name") == 0  ? &k.name
                             : strcmp(argv[i], "--verbs") == 0 ? &k.verbs
                                                               : NULL;
        char *end;

        if (argv[i][0] != '-' && !id)
            id = argv[i];
        else if (!value && !days)
            return wrong_usage("key takes --site, --name, --verbs and --days, not", argv[i]);
        else if (i + 1 == argc)
            return wrong_usage("a value is missing after", argv[i]);
        else if (value)
            *value = argv[++i];
        else if ((k.days = strtol(argv[++i], &end, 10)) < 1 || *end || k.days > 3650)
            return wrong_usage("--days is a number from 1 to 3650, not", argv[i]);
    }
    if (argc >= 1 && strcmp(argv[0], "add") == 0)
        return k.name && k.verbs && !id ? ctl_key_add(ctl, &k) : wrong_usage("key add needs --name and --verbs", NULL);
    if (argc >= 1 && strcmp(argv[0], "list") == 0 && !id)
        return ctl_key_list(ctl, k.site);
    if (argc >= 1 && strcmp(argv[0], "revoke") == 0)
        return id ? ctl_key_revoke(ctl, id, k.site) : wrong_usage("key revoke needs the ID of a key", NULL);
    return wrong_usage("key needs add, list or revoke", NULL);
}

static int channel(struct ctl *ctl, int argc, char **argv)
{
    const char *key = NULL, *site = NULL, *to = NULL;
    bool tell = false;

    for (int i = 1; i < argc; i++) {
        const char **value = strcmp(argv[i], "--site") == 0 ? &site : strcmp(argv[i], "--to") == 0 ? &to : NULL;

        if (argv[i][0] != '-' && !key)
            key = argv[i];
        else if (strcmp(argv[i], "--register") == 0)
            tell = true;
        else if (!value)
            return wrong_usage("channel takes one KEY, --site, --to and --register, not", argv[i]);
        else if (i + 1 == argc)
            return wrong_usage("a value is missing after", argv[i]);
        else
            *value = argv[++i];
    }
    if (argc >= 1 && strcmp(argv[0], "list") == 0 && !key && !to && !tell)
        return ctl_channel_list(ctl, site);
    if (argc >= 1 && strcmp(argv[0], "test") == 0)
        return key ? ctl_channel_test(ctl, key, site, to, tell) : wrong_usage("channel test needs the KEY of a channel", NULL);
    return wrong_usage("channel needs list or test KEY", NULL);
}

static int outbox(struct ctl *ctl, int argc, char **argv)
{
    struct ctl_outbox o = { 0 };

    for (int i = 1; i < argc; i++) {
        const char **value = strcmp(argv[i], "--site") == 0 ? &o.site : strcmp(argv[i], "--which") == 0 ? &o.state : NULL;

        if (argv[i][0] != '-' && !o.id)
            o.id = argv[i];
        else if (!value)
            return wrong_usage("outbox takes one ID, --site and --which, not", argv[i]);
        else if (i + 1 == argc)
            return wrong_usage("a value is missing after", argv[i]);
        else
            *value = argv[++i];
    }
    if (argc >= 1 && strcmp(argv[0], "list") == 0 && !o.id)
        return ctl_outbox_list(ctl, &o);
    if (argc >= 1 && (strcmp(argv[0], "resend") == 0 || strcmp(argv[0], "drop") == 0) && !o.state)
        return o.id ? ctl_outbox_act(ctl, &o, argv[0]) : wrong_usage("an ID of outbox list is needed after", argv[0]);
    return wrong_usage("outbox needs list, resend ID or drop ID", NULL);
}

static int audit(struct ctl *ctl, int argc, char **argv)
{
    struct ctl_audit a = { 0 };
    const char *heads = NULL;
    const struct {
        const char *name;
        const char **value;
    } options[] = { { "--site", &a.site },         { "--kind", &a.kind },     { "--person", &a.person },
                    { "--conversation", &a.conv }, { "--cursor", &a.cursor }, { "--heads", &heads } };
    char *end;

    for (int i = 1; i < argc; i++) {
        bool limit = strcmp(argv[i], "--limit") == 0;
        size_t o = 0;

        while (o < sizeof(options) / sizeof(options[0]) && strcmp(options[o].name, argv[i]) != 0)
            o++;
        if (!limit && o == sizeof(options) / sizeof(options[0]))
            return wrong_usage("audit does not know", argv[i]);
        if (i + 1 == argc)
            return wrong_usage("a value is missing after", argv[i]);
        if (!limit)
            *options[o].value = argv[++i];
        else if ((a.limit = strtol(argv[++i], &end, 10)) < 1 || *end || a.limit > 500)
            return wrong_usage("--limit is a number from 1 to 500, not", argv[i]);
    }
    if (argc >= 1 && strcmp(argv[0], "list") == 0 && !heads)
        return ctl_audit_list(ctl, &a);
    if (argc >= 1 && strcmp(argv[0], "verify") == 0)
        return ctl_audit_verify(ctl, heads);
    return wrong_usage("audit needs list or verify", NULL);
}

static int erase(struct ctl *ctl, int argc, char **argv)
{
    const char *id = NULL, *site = NULL, *reference = NULL;

    for (int i = 0; i < argc; i++) {
        const char **value = strcmp(argv[i], "--site") == 0 ? &site : strcmp(argv[i], "--reference") == 0 ? &reference : NULL;

        if (argv[i][0] != '-' && !id)
            id = argv[i];
        else if (!value)
            return wrong_usage("erase does not know", argv[i]);
        else if (i + 1 == argc)
            return wrong_usage("a value is missing after", argv[i]);
        else
            *value = argv[++i];
    }
    return id ? ctl_erase(ctl, id, site, reference) : wrong_usage("erase needs the ID of a visitor", NULL);
}

static int export(struct ctl *ctl, int argc, char **argv)
{
    const char *id = NULL, *dir = NULL, *site = NULL;

    for (int i = 0; i < argc; i++) {
        if (strcmp(argv[i], "--site") == 0) {
            if (++i == argc)
                return wrong_usage("a value is missing after", argv[i - 1]);
            site = argv[i];
        } else if (argv[i][0] == '-' || dir)
            return wrong_usage("export does not know", argv[i]);
        else if (id)
            dir = argv[i];
        else
            id = argv[i];
    }
    return dir ? ctl_export(ctl, id, dir, site) : wrong_usage("export needs the ID of a visitor and a new directory", NULL);
}

static int hold(struct ctl *ctl, int argc, char **argv)
{
    struct ctl_hold h = { 0 };

    for (int i = 1; i < argc; i++) {
        const char **value = strcmp(argv[i], "--site") == 0           ? &h.site
                             : strcmp(argv[i], "--conversation") == 0 ? &h.conv
                             : strcmp(argv[i], "--visitor") == 0      ? &h.visitor
                             : strcmp(argv[i], "--reason") == 0       ? &h.reason
                                                                      : NULL;

        if (argv[i][0] != '-' && !h.id)
            h.id = argv[i];
        else if (!value)
            return wrong_usage("hold does not know", argv[i]);
        else if (i + 1 == argc)
            return wrong_usage("a value is missing after", argv[i]);
        else
            *value = argv[++i];
    }
    if (argc >= 1 && strcmp(argv[0], "list") == 0 && !h.id && !h.reason && !h.visitor)
        return ctl_hold_list(ctl, &h);
    if (argc >= 1 && strcmp(argv[0], "set") == 0)
        return !h.id && h.reason && !h.conv != !h.visitor ? ctl_hold_set(ctl, &h)
                                                          : wrong_usage("hold set needs --reason, and --conversation or --visitor", NULL);
    if (argc >= 1 && strcmp(argv[0], "lift") == 0)
        return h.id ? ctl_hold_lift(ctl, &h) : wrong_usage("hold lift needs the ID of a hold", NULL);
    return wrong_usage("hold needs set, lift or list", NULL);
}

static int housekeep(struct ctl *ctl, int argc, char **argv)
{
    if (argc > 1 || (argc == 1 && strcmp(argv[0], "--dry-run") != 0))
        return wrong_usage("housekeep does not know", argv[argc - 1]);
    return ctl_housekeep(ctl, argc == 1);
}

static int site(struct ctl *ctl, int argc, char **argv)
{
    bool one = argc == 2 && is_operand(argv[1]);

    if (one && strcmp(argv[0], "add") == 0)
        return ctl_site_add(ctl, argv[1]);
    if (one && strcmp(argv[0], "export") == 0)
        return ctl_site_export(ctl, argv[1]);
    if (one && strcmp(argv[0], "diff") == 0)
        return ctl_site_apply(ctl, argv[1], true);
    if (one && strcmp(argv[0], "apply") == 0)
        return ctl_site_apply(ctl, argv[1], false);
    return wrong_usage("site needs add FILE, export SITE, diff FILE or apply FILE", NULL);
}

static int command(struct ctl *ctl, int argc, char **argv)
{
    static const struct {
        const char *name, *method, *path;
    } calls[] = {
        { "status", "GET", "/api/v1/status" },
        { "reindex", "POST", "/api/v1/reindex" },
        { "reload", "POST", "/api/v1/reload" },
    };

    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
        if (strcmp(argv[0], calls[i].name) == 0)
            return argc == 1 ? plain_call(ctl, calls[i].method, calls[i].path) : wrong_usage("no arguments after", argv[0]);
    if (strcmp(argv[0], "user") == 0)
        return user(ctl, argc - 1, argv + 1);
    if (strcmp(argv[0], "key") == 0)
        return key(ctl, argc - 1, argv + 1);
    if (strcmp(argv[0], "channel") == 0)
        return channel(ctl, argc - 1, argv + 1);
    if (strcmp(argv[0], "audit") == 0)
        return audit(ctl, argc - 1, argv + 1);
    if (strcmp(argv[0], "export") == 0)
        return export(ctl, argc - 1, argv + 1);
    if (strcmp(argv[0], "erase") == 0)
        return erase(ctl, argc - 1, argv + 1);
    if (strcmp(argv[0], "hold") == 0)
        return hold(ctl, argc - 1, argv + 1);
    if (strcmp(argv[0], "housekeep") == 0)
        return housekeep(ctl, argc - 1, argv + 1);
    if (strcmp(argv[0], "outbox") == 0)
        return outbox(ctl, argc - 1, argv + 1);
    if (strcmp(argv[0], "site") == 0)
        return site(ctl, argc - 1, argv + 1);
    if (strcmp(argv[0], "doctor") == 0)
        return argc == 1 ? ctl_doctor(ctl) : wrong_usage("no arguments after", argv[0]);
    if (strcmp(argv[0], "backup") == 0 && argc == 2 && is_operand(argv[1]))
        return ctl_backup(ctl, argv[1]);
    if (strcmp(argv[0], "restore") == 0 && argc == 2 && is_operand(argv[1]))
        return ctl_restore(ctl, argv[1]);
    if (strcmp(argv[0], "backup") == 0 || strcmp(argv[0], "restore") == 0)
        return wrong_usage("one FILE is needed after", argv[0]);
    return wrong_usage("there is no command", argv[0]);
}

/* -c FILE and --state DIR stand before the command, or anywhere. They are taken out of argv. False: *lacks has no value. */
static bool take_options(int *argc, char **argv, struct config_args *args, struct ctl *ctl, const char **lacks)
{
    int n = 0;

    for (int i = 0; i < *argc; i++) {
        bool file = strcmp(argv[i], "-c") == 0 || strcmp(argv[i], "--config") == 0;

        if (strcmp(argv[i], "--json") == 0)
            ctl->json = true;
        else if (!file && strcmp(argv[i], "--state") != 0)
            argv[n++] = argv[i];
        else if (i + 1 == *argc || !*argv[i + 1]) { /* empty: a variable that is not set, not the working directory */
            *lacks = argv[i];
            return false;
        } else if (file)
            args->file = argv[++i];
        else
            args->state = argv[++i];
    }
    *argc = n;
    return true;
}

static int run(int argc, char **argv)
{
    static const char installed[] = "/etc/kefud/kefud.conf";
    struct config_args args = { 0 };
    struct ctl ctl = { 0 };
    const char *lacks = NULL;
    struct kf_err why = { 0 };
    int n = argc - 1, ret;
    bool doctor;

    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) { /* after a command, too: people try that first */
            fputs(usage, stdout);
            return CTL_DONE;
        }
    if (!take_options(&n, argv + 1, &args, &ctl, &lacks))
        return wrong_usage("a value is missing after", lacks);
    if (n == 0)
        return wrong_usage(NULL, NULL);
    if (strcmp(argv[1], "--version") == 0) {
        puts("kefuctl " KEFUD_VERSION);
        return CTL_DONE;
    }
    doctor = strcmp(argv[1], "doctor") == 0;
    /* The daemon of a packaged installation reads this file, so its operator need not name it. */
    if (!args.file && !args.state && access(installed, R_OK) == 0)
        args.file = installed;
    ctl.config_path = args.file;
    if (config_open(&ctl.cfg, &args, &why)) {
        if (!doctor)
            return ctl_fail(&why);
        printf("error    configuration: %s\n", why.text);
        return CTL_FAILED;
    }
    curl_global_init(CURL_GLOBAL_DEFAULT);
    ret = command(&ctl, n, argv + 1);
    curl_global_cleanup();
    config_free(&ctl.cfg);
    return ret;
}

int main(int argc, char **argv)
{
    int ret = streams_open() ? run(argc, argv) : CTL_FAILED;

    return streams_written("kefuctl") ? ret : ret == CTL_DONE ? CTL_FAILED : ret;
}
