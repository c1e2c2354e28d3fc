#include "config_keys.h"

#include "log.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#define KIB    1024LL
#define MIB    (1024 * KIB)
#define SECOND 1000LL
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

static bool is_port(const char *text)
{
    char *end;
    long port;

    if (!isdigit((unsigned char)*text))
        return false;
    port = strtol(text, &end, 10);
    return !*end && port >= 0 && port <= 65535;
}

static bool is_literal(const char *text, size_t n)
{
    unsigned char bytes[16];
    char host[64];

    if (n == 0 || n >= sizeof(host))
        return false;
    memcpy(host, text, n);
    host[n] = '\0';
    return inet_pton(AF_INET, host, bytes) == 1 || inet_pton(AF_INET6, host, bytes) == 1;
}

static bool is_address(const char *text)
{
    const char *colon = strrchr(text, ':');

    if (strncmp(text, "unix:", 5) == 0)
        return text[5] == '/';
    if (!colon || !is_port(colon + 1))
        return false;
    if (*text == '[')
        return colon > text + 2 && colon[-1] == ']' && is_literal(text + 1, (size_t)(colon - text) - 2);
    return is_literal(text, (size_t)(colon - text)) && !memchr(text, ':', (size_t)(colon - text));
}

bool config_is_network(const char *text)
{
    const char *slash = strchr(text, '/');
    size_t n = slash ? (size_t)(slash - text) : strlen(text);
    char *end;
    long bits;

    if (!is_literal(text, n))
        return false;
    if (!slash)
        return true;
    if (!isdigit((unsigned char)slash[1]))
        return false;
    bits = strtol(slash + 1, &end, 10);
    return !*end && bits <= (memchr(text, ':', n) ? 128 : 32);
}

static bool is_host(const char *text)
{
    for (const char *c = text; *c; c++)
        if (!islower((unsigned char)*c) && !isdigit((unsigned char)*c) && !strchr(".-[]:", *c))
            return false;
    return *text != '\0';
}

/* What stands behind the host: nothing, or a port as browsers write it. They leave out the default one, so that with it none would fit. */
static bool is_port_of_origin(const char *text, long usual)
{
    char *end;
    long port;

    if (!*text)
        return true;
    if (*text != ':' || text[1] < '1' || text[1] > '9')
        return false;
    port = strtol(text + 1, &end, 10);
    return !*end && port <= 65535 && port != usual;
}

static bool is_origin(const char *text)
{
    bool tls = strncmp(text, "https://", 8) == 0;
    const char *host, *end;

    if (!tls && strncmp(text, "http://", 7) != 0)
        return false;
    host = text + (tls ? 8 : 7);
    end = *host == '[' ? strchr(host, ']') : host + strcspn(host, ":");
    if (!end || end == host || !is_host(host))
        return false;
    return is_port_of_origin(end + (*end == ']'), tls ? 443 : 80);
}

static bool is_database(const char *text)
{
    return (strncmp(text, "sqlite:", 7) == 0 && text[7]) || strncmp(text, "postgresql://", 13) == 0;
}

static bool is_redis(const char *text)
{
    return strncmp(text, "unix:/", 6) == 0 || (strncmp(text, "redis://", 8) == 0 && text[8]);
}

const struct config_section config_sections[] = {
    { "node", "This process." },
    { "listen", "Where kefud is reached, and as what." },
    { "tls", "TLS of kefud's own. Without it kefud listens on loopback behind a proxy, or for tests." },
    { "store", "The permanent record." },
    { "keep", "How long what visitors have said and left is kept. A legal hold stands above it. 0: for ever." },
    { "redis", "What is alive: waiting lists, load, presence. Can be rebuilt, so it needs no backup." },
    { "channels", "Requests that kefud sends to platforms." },
    { "metrics", "Who may look at the figures." },
    { "limits", "What a client may ask for. Each is enforced at the border." },
    { "log", "One line an event on standard error." },
};
const size_t n_config_sections = sizeof(config_sections) / sizeof(config_sections[0]);

#define AT(field) offsetof(struct config, field)
#define TEXT(section, name, ...)                                    \
    {                                                               \
#section, #name, CONFIG_TEXT, AT(section.name), __VA_ARGS__ \
    }
#define PATH(section, name, ...)                                    \
    {                                                               \
#section, #name, CONFIG_PATH, AT(section.name), __VA_ARGS__ \
    }
#define LIST(section, name, ...)                                    \
    {                                                               \
#section, #name, CONFIG_LIST, AT(section.name), __VA_ARGS__ \
    }
#define COUNT(section, name, ...)                                    \
    {                                                                \
#section, #name, CONFIG_COUNT, AT(section.name), __VA_ARGS__ \
    }
#define BYTES(section, name, ...)                                    \
    {                                                                \
#section, #name, CONFIG_BYTES, AT(section.name), __VA_ARGS__ \
    }
#define TIME(section, name, ...)                                    \
    {                                                               \
#section, #name, CONFIG_TIME, AT(section.name), __VA_ARGS__ \
    }
#define BOOL(section, name, ...)                                    \
    {                                                               \
#section, #name, CONFIG_BOOL, AT(section.name), __VA_ARGS__ \
    }

/* The most that the adapters of all channels ask for is 35 MiB (mail); each takes no more than it needs. */
const struct config_key config_keys[] = {
    PATH(node, state, .shown = "/var/lib/kefud for root, else ./state; under systemd its StateDirectory",
         .help = "Directory of everything that kefud keeps: databases, control socket, the private Redis. One process at a time."),

    LIST(listen, addresses, "127.0.0.1:8080", .fits = is_address, .form = "HOST:PORT, [IPV6]:PORT or unix:/PATH, the host as a number",
         .help = "Where to listen. Port 0 picks a free one."),
    LIST(listen, public_url, .shown = "the listening address", .fits = is_origin,
         .form = "https://HOST or https://HOST:PORT, lower case, without a path or a default port",
         .help = "What browsers call this server. WebSocket connections and uploads are taken from these origins only."),
    LIST(listen, hosts, .shown = "those of public_url; without it any", .fits = is_host, .form = "a host name in lower case",
         .help = "More names that the Host header may have. Loopback names are always right."),
    LIST(listen, proxies, .fits = config_is_network, .form = "an address or a network such as 10.0.0.0/8",
         .help = "Reverse proxies whose X-Forwarded-For and X-Forwarded-Proto are believed. From anybody else they are ignored."),
    TEXT(listen, files_origin, .fits = is_origin, .form = "https://HOST or https://HOST:PORT, lower case, without a path or a default port",
         .help = "Serve uploaded files from this other origin only, by signed addresses: ten minutes for pages, two days for platforms. "
                 "Its name must lead here too; nothing else is served under it."),

    PATH(tls, certificate, .help = "PEM file: the certificate, then the rest of its chain. SIGHUP reads it again."),
    PATH(tls, key, .help = "PEM file: the private key. It must not be readable by everybody. SIGHUP reads it again."),

    TEXT(
        store, url, .shown = "sqlite:STATE/kefud.db", .flags = CONFIG_SECRET | CONFIG_URL, .fits = is_database,
        .form = "sqlite:PATH or postgresql://…",
        .help =
            "The database of conversations, people and settings. PostgreSQL, for nodes on several hosts, holds files and the search index, "
            "too."),
    PATH(store, files, .shown = "STATE/files.db", .help = "The database of uploaded files (SQLite only)."),
    PATH(store, index, .shown = "STATE/index.db", .help = "The search index (SQLite only); kefuctl reindex makes it anew."),
    PATH(store, backup, .shown = "STATE/backup",
         .help = "Directory of the copies that are made before a new version changes the database."),
    PATH(store, key_file, .shown = "secrets.key beside the SQLite database; with PostgreSQL STATE/secrets.key",
         .help = "The keys that seal secrets in the database. Made at the first start; without it they are lost. All nodes need the same."),
    COUNT(store, readers, "2", .min = 1, .max = 64, .help = "Threads that read."),
    COUNT(store, queue, "100000", .min = 100, .max = 10000000,
          .help = "Changes that may wait for the writer; beyond it clients are told to try again."),
    TIME(store, keep_backup, "7 d", .min = HOUR, .max = 3650 * DAY, .flags = CONFIG_RELOAD,
         .help = "Age after which such a copy is removed."),
    TIME(store, housekeep_every, "1 h", .min = MINUTE, .max = 30 * DAY, .flags = CONFIG_RELOAD,
         .help = "How often what has outlived its time is removed."),

    TIME(keep, messages, "0 s", .min = 0, .max = 36500 * DAY, .flags = CONFIG_RELOAD,
         .help = "Texts of conversations, with their notes, reviews and files, after the close. Rows and figures stay."),
    TIME(keep, files, "0 s", .min = 0, .max = 36500 * DAY, .flags = CONFIG_RELOAD,
         .help = "Files that were sent, after they came; those of open conversations stay."),
    TIME(keep, raw, "7 d", .min = HOUR, .max = 3650 * DAY, .flags = CONFIG_RELOAD, .help = "Bodies from platforms that nobody could read."),
    TIME(keep, profiles, "0 s", .min = 0, .max = 36500 * DAY, .flags = CONFIG_RELOAD,
         .help = "Names and profiles of visitors, after the last conversation was closed."),
    TIME(keep, reviews, "0 s", .min = 0, .max = 36500 * DAY, .flags = CONFIG_RELOAD,
         .help = "What was written in reviews, after they were submitted and the time to appeal is over. Scores and figures stay."),
    TIME(keep, log, "0 s", .min = 0, .max = 36500 * DAY, .flags = CONFIG_RELOAD,
         .help = "Entries of the access log. What is removed leaves an entry with the hash that the rest begins after."),

    TEXT(redis, url, .shown = "a redis-server of its own, in the state directory", .flags = CONFIG_SECRET | CONFIG_URL, .fits = is_redis,
         .form = "unix:/PATH or redis://[USER[:PASSWORD]@]HOST:PORT", .help = "Redis 7 or Valkey. Several nodes share one."),
    TEXT(redis, password, .flags = CONFIG_SECRET, .help = "For that server."),
    PATH(redis, server, "redis-server", .help = "The program that kefud starts when no url is given."),

    BOOL(channels, allow_http, "no", .flags = 0, .help = "Also speak to platforms over plain http."),
    BOOL(channels, allow_private, "no", .flags = 0,
         .help = "Also speak to loopback, private and link-local addresses: for systems in house. A channel's address could then reach "
                 "anything in your network."),
    PATH(channels, ca_file, .shown = "the system's",
         .help = "PEM file: certificates of platforms and mail relays that are trusted instead."),
    COUNT(channels, connections, "100", .min = 1, .max = 10000, .help = "Connections to platforms at a time."),
    COUNT(channels, connections_per_host, "8", .min = 1, .max = 1000, .help = "Of these, to one host."),

    LIST(metrics, allow, .flags = CONFIG_RELOAD, .fits = config_is_network, .form = "an address or a network such as 10.0.0.0/8",
         .help = "Who may read /metrics besides loopback."),

    COUNT(limits, text, "4096", .min = 1, .max = 65536, .flags = CONFIG_RELOAD,
          .help = "Characters (code points) of a message. A site may allow less."),
    BYTES(limits, frame, "64 KiB", .min = 4 * KIB, .max = MIB, .help = "A WebSocket message. Longer: closed with 1009."),
    BYTES(limits, api_body, "1 MiB", .min = 4 * KIB, .max = 64 * MIB, .flags = CONFIG_RELOAD, .help = "The body of an API request."),
    BYTES(limits, site_set, "16 MiB", .min = 4 * KIB, .max = 16 * MIB, .flags = CONFIG_RELOAD,
          .help = "All settings of a site in one request, as they are exported: there may be many articles among them."),
    BYTES(limits, hook_body, "35 MiB", .min = 4 * KIB, .max = 64 * MIB, .flags = CONFIG_RELOAD,
          .help = "The body of a webhook. Each adapter takes no more than its platform sends, most of them 1 MiB."),
    BYTES(limits, bodies, "128 MiB", .min = MIB, .max = 16384 * MIB,
          .help = "Bodies of more than 64 KiB that are held in memory at once: beyond it whoever sends one is told to come again."),
    BYTES(limits, spool, "1 GiB", .min = MIB, .max = 64LL * 1024 * MIB,
          .help = "Webhooks of more than 256 KiB, such as mails, and sites' settings that are held in files of the state directory at "
                  "once: beyond it a platform is told to come again. They have no names, and are read one at a time."),
    BYTES(limits, upload, "10 MiB", .min = 0, .max = 1024 * MIB, .flags = CONFIG_RELOAD,
          .help = "An uploaded file. A site may allow less."),
    COUNT(limits, message_burst, "10", .min = 1, .max = 10000, .flags = CONFIG_RELOAD,
          .help = "Messages that a visitor may send at once. A site may say otherwise."),
    COUNT(limits, message_rate, "2", .min = 1, .max = 10000, .flags = CONFIG_RELOAD,
          .help = "Messages a second after that. A site may say otherwise."),
    COUNT(limits, conversations, "30", .min = 1, .max = 1000000, .flags = CONFIG_RELOAD,
          .help = "New conversations from one address in a minute."),
    COUNT(limits, searches, "240", .min = 1, .max = 1000000, .flags = CONFIG_RELOAD,
          .help = "Searches for words by one person, or one key, in a minute."),
    COUNT(limits, connections, "0", .shown = "0: as many as memory and open files allow", .min = 0, .max = 1000000,
          .help = "Connections in all."),
    COUNT(limits, connections_per_address, "50", .min = 1, .max = 1000000,
          .help = "Connections from one address. Those of staff that is signed in do not count."),
    TIME(limits, header_time, "10 s", .min = SECOND, .max = 5 * MINUTE, .help = "Time to send a request's headers."),
    TIME(limits, body_time, "60 s", .min = SECOND, .max = HOUR, .help = "Time between two pieces of a request's body."),
    TIME(limits, hello_time, "10 s", .min = SECOND, .max = 5 * MINUTE, .flags = CONFIG_RELOAD,
         .help = "Time to say hello on a WebSocket. Later: closed with 4408."),
    BYTES(limits, send_queue, "256 KiB", .min = 16 * KIB, .max = 64 * MIB,
          .help = "What may wait for one WebSocket to be read. More: closed with 1013, and it catches up when it comes back."),
    COUNT(limits, json_depth, "16", .min = 4, .max = 64, .flags = CONFIG_RELOAD, .help = "Levels of JSON."),
    COUNT(limits, login_failures, "5", .min = 1, .max = 100, .flags = CONFIG_RELOAD,
          .help = "Failed sign-ins, by account and by address, before a growing delay begins."),
    TIME(limits, ping, "30 s", .min = SECOND, .max = 10 * MINUTE, .help = "Between two pings; who misses two is gone."),
    TIME(limits, drain, "10 s", .min = 0, .max = 10 * MINUTE, .flags = CONFIG_RELOAD,
         .help = "How long a stop may take to end what is under way."),

    { "log", "level", CONFIG_LEVEL, AT(log.level), "info", .flags = CONFIG_RELOAD, .help = "debug, info, warn or error." },
};
const size_t n_config_keys = sizeof(config_keys) / sizeof(config_keys[0]);
