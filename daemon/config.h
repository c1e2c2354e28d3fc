/* config.h: the infrastructure: where to listen, TLS, database, Redis, limits, log. What people edit is settings/.
 *
 * One table of keys (config_keys.c) gives the parser, the defaults, the ranges, `kefud --check`, what SIGHUP may change, kefud.conf(5)
 * and config/kefud.conf. Everything has a default: kefud runs without any file. */
#ifndef KF_CONFIG_H
#define KF_CONFIG_H

#include "core/arena.h"
#include "core/buf.h"
#include "core/rc.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct config_list {
    const char *const *items; /* NULL when n is 0 */
    size_t n;
};

/* Times are milliseconds, sizes are bytes. Texts that are not set are NULL. Read a reloadable value (marked R) where it is used, do not
 * keep it: SIGHUP changes it in place. Texts and lists stay valid until config_free(), also those that a reload has replaced. */
struct config {
    struct arena *arena;
    const char *path; /* of the file; NULL: none was read */
    bool demo;        /* --demo */
    bool loopback;    /* every address is loopback or a unix socket */

    struct {
        const char *state; /* the state directory; always set */
        const char *head;  /* the file in it that knows the end of the access log; always set */
    } node;
    struct {
        struct config_list addresses;  /* "127.0.0.1:8080", "[::1]:0", "unix:/path"; at least one */
        struct config_list public_url; /* "https://chat.example.com": no path, no final slash. Origins of our own */
        struct config_list hosts;      /* names that Host may have, lower case; public_url's are added. Empty: any */
        struct config_list proxies;    /* addresses and networks whose X-Forwarded-* is believed */
        const char *files_origin;      /* another origin for files, NULL: the same */
    } listen;
    struct {
        const char *certificate, *key; /* PEM files, both or none */
    } tls;
    struct {
        const char *url;         /* "sqlite:PATH" or "postgresql://…"; always set */
        const char *files;       /* path of the database of file contents; always set */
        const char *index;       /* path of the search index; always set */
        const char *backup;      /* directory for the copies made before a migration; always set */
        const char *key_file;    /* the keys that seal secrets (vault.h); always set */
        int64_t readers;         /* threads that read */
        int64_t queue;           /* changes that wait for the writer */
        int64_t keep_backup;     /* age after which housekeep removes a migration's backup */
        int64_t housekeep_every; /* R, how often housekeeping runs by itself */
    } store;
    struct {
        int64_t messages, files, raw, profiles, reviews, log; /* R, how long each class of data is kept; 0: for ever */
    } keep;
    struct {
        const char *url;      /* NULL: a private redis-server */
        const char *password; /* NULL: none */
        const char *server;   /* the program of the private one */
    } redis;
    struct {
        bool allow_http, allow_private; /* for platforms in house and for tests */
        const char *ca_file;            /* NULL: the system's certificates */
        int64_t connections, connections_per_host;
    } channels;
    struct {
        struct config_list allow; /* R, who may read /metrics and /readyz besides loopback: addresses and networks */
    } metrics;
    struct {           /* each is enforced at the border; R unless said otherwise */
        int64_t text;  /* code points of a message */
        int64_t frame; /* bytes of a WebSocket message; not R */
        int64_t api_body, site_set, hook_body, upload;
        int64_t bodies, spool;               /* all that are held at once, in memory and in files; not R */
        int64_t message_burst, message_rate; /* per visitor; rate: messages a second */
        int64_t conversations;               /* new ones per address and minute */
        int64_t searches;                    /* for words, per person and minute */
        int64_t connections;                 /* in all; 0: by memory; not R */
        int64_t connections_per_address;     /* sockets of staff that is signed in do not count; not R */
        int64_t header_time, body_time;      /* not R */
        int64_t hello_time;
        int64_t send_queue; /* bytes that wait for one socket; not R */
        int64_t json_depth;
        int64_t login_failures; /* before a delay begins */
        int64_t ping;           /* between pings; two missed: gone; not R */
        int64_t drain;          /* how long a stop may take */
    } limits;
    struct {
        int64_t level; /* R, enum log_level */
    } log;
};

/* What the command line says: kefud [-c FILE] [--state DIR] [--listen HOST:PORT] [--demo] [--check]. Points into argv. */
struct config_args {
    const char *file, *state, *listen;
    bool demo, check, help, version;
    void (*fault)(const char *line); /* of a file that is wrong: gets each wrong line's "FILE:LINE: …", in order; NULL: nobody does */
};

/* KF_INVALID with words for standard error. */
enum kf_rc config_args_parse(int argc, char **argv, struct config_args *ret, struct kf_err *why);
/* The text of --help. */
extern const char config_usage[];

/* The file that `args` names (none: the defaults), then the command line, which wins. On failure `ret` is empty and `why` says
 * "FILE:LINE: …" and what is allowed. Secrets in files that everybody may read are refused. */
enum kf_rc config_open(struct config *ret, const struct config_args *args, struct kf_err *why);
/* The same with a file alone; NULL: the defaults. */
enum kf_rc config_load(struct config *ret, const char *path, struct kf_err *why);
/* Reads the file of `args` again. Values that may change while running are changed in place; `changed` gets one `event=… key=…` line for each
 * key that differs, also for those that need a restart. On failure nothing is changed. */
enum kf_rc config_reload(struct config *cfg, const struct config_args *args, void (*changed)(int level, const char *line),
                         struct kf_err *why);
void config_free(struct config *cfg); /* takes an empty one; secrets are wiped */

/* The present values in the form of a file, secrets as "***". For --check and kefuctl doctor. */
void config_print(const struct config *cfg, struct buf *ret);
/* config/kefud.conf and the key section of kefud.conf(5), from the table. */
void config_sample(struct buf *ret);
void config_manual(struct buf *ret);

/* A file that came with kefud, beside the program or in the source tree: "sites/demo.json". False: it is not there. */
bool config_shipped(const char *name, char *path, size_t size);

/* Refuses a file that everybody may read. `what` names it in the words of the failure. */
enum kf_rc config_check_secret(const char *path, const char *what, struct kf_err *why);
/* "10.0.0.0/8", "::1": an address or a network. */
bool config_is_network(const char *text);

#endif
