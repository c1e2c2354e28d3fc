#include "core/link.h"

#include <strings.h>

static bool host_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
}

static bool starts(struct slice s, const char *word)
{
    size_t n = strlen(word);

    return s.n >= n && strncasecmp(s.p, word, n) == 0;
}

/* A name that people would recognise as one without "www.": file names and abbreviations have other endings. */
static bool common_ending(struct slice host)
{
    static const char *const endings[] = { "com", "cn",   "net", "org", "top", "xyz", "cc", "shop",
                                           "vip", "link", "io",  "me",  "tw",  "hk",  "app" };
    size_t dot = host.n;

    while (dot && host.p[dot - 1] != '.')
        dot--;
    for (size_t i = 0; dot > 1 && i < sizeof(endings) / sizeof(endings[0]); i++)
        if (host.n - dot == strlen(endings[i]) && strncasecmp(host.p + dot, endings[i], host.n - dot) == 0)
            return true;
    return false;
}

static struct slice host_at(struct slice s)
{
    size_t n = 0;

    while (n < s.n && host_char(s.p[n]))
        n++;
    while (n && (s.p[n - 1] == '.' || s.p[n - 1] == '-')) /* the end of a sentence */
        n--;
    return (struct slice){ s.p, n };
}

bool link_next(struct slice *rest, struct slice *host)
{
    static const char *const schemes[] = { "https://", "http://", "ftp://" };

    for (size_t i = 0; i < rest->n; i++) {
        struct slice here = { rest->p + i, rest->n - i };
        bool begins = i == 0 || !(host_char(rest->p[i - 1]) || rest->p[i - 1] == '@');
        size_t skip = 0;

        if (!begins)
            continue;
        for (size_t k = 0; k < sizeof(schemes) / sizeof(schemes[0]) && !skip; k++)
            skip = starts(here, schemes[k]) ? strlen(schemes[k]) : 0;
        *host = host_at((struct slice){ here.p + skip, here.n - skip });
        if (!host->n || !(skip || (starts(*host, "www.") && host->n > 4) || common_ending(*host)))
            continue;
        i += skip + host->n;
        *rest = (struct slice){ rest->p + i, rest->n - i };
        return true;
    }
    return false;
}

bool link_listed(struct slice host, const char *const *hosts, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        size_t len = strlen(hosts[i]);

        if (host.n == len && strncasecmp(host.p, hosts[i], len) == 0)
            return true;
        if (host.n > len && host.p[host.n - len - 1] == '.' && strncasecmp(host.p + host.n - len, hosts[i], len) == 0)
            return true;
    }
    return false;
}
