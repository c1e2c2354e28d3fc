#include "core/link.h"

#include "core/utf8.h"

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

/* "1.2.3.4": four numbers, none of them too large for an address. */
static bool numbers(struct slice host)
{
    int parts = 0, digits = 0, value = 0;

    for (size_t i = 0; i <= host.n; i++) {
        if (i < host.n && host.p[i] >= '0' && host.p[i] <= '9') {
            value = 10 * value + host.p[i] - '0';
            if (++digits > 3 || value > 255)
                return false;
        } else if (i == host.n || host.p[i] == '.') {
            if (!digits)
                return false;
            parts++;
            digits = value = 0;
        } else
            return false;
    }
    return parts == 4;
}

/* "evil.中国": the ending goes to the host. */
static bool chinese_ending(struct slice here, struct slice *host)
{
    static const char *const endings[] = { ".中国", ".中國", ".公司", ".网络", ".網絡", ".网址", ".网店", ".在线", ".商城", ".手机" };
    struct slice rest = { here.p + host->n, here.n - host->n };

    for (size_t i = 0; host->n && i < sizeof(endings) / sizeof(endings[0]); i++)
        if (starts(rest, endings[i])) {
            host->n += strlen(endings[i]);
            return true;
        }
    return false;
}

/* Bytes of what says that a link begins here: "http://", "weixin://", "mailto:"; 0: nothing does. */
static size_t scheme_at(struct slice s)
{
    static const char *const without_slashes[] = { "mailto:", "javascript:", "vbscript:", "magnet:", "intent:", "data:text/" };
    size_t n = 0;

    for (size_t i = 0; i < sizeof(without_slashes) / sizeof(without_slashes[0]); i++)
        if (starts(s, without_slashes[i]) && s.n > strlen(without_slashes[i]) && s.p[strlen(without_slashes[i])] > ' ')
            return strlen(without_slashes[i]);
    while (n < s.n && (host_char(s.p[n]) || s.p[n] == '+'))
        n++;
    return n > 1 && starts((struct slice){ s.p + n, s.n - n }, "://") ? n + 3 : 0;
}

/* What stands behind a scheme, without the name before an @: the host, or whatever stands in its place. */
static struct slice named_host(struct slice s)
{
    struct slice ret;
    size_t n = 0, at = 0;

    while (n < s.n && (unsigned char)s.p[n] > ' ' && !strchr("/?#\"<>", s.p[n]))
        if (s.p[n++] == '@')
            at = n;
    ret = host_at((struct slice){ s.p + at, s.n - at });
    return ret.n ? ret : (struct slice){ s.p + at, n - at };
}

/* The link that begins here; `*skip` the bytes before its host. */
static bool link_at(struct slice here, struct slice *host, size_t *skip)
{
    size_t scheme = scheme_at(here);

    *host = scheme ? named_host((struct slice){ here.p + scheme, here.n - scheme }) : host_at(here);
    *skip = (size_t)(host->p - here.p);
    return host->n &&
           (scheme || (starts(*host, "www.") && host->n > 4) || common_ending(*host) || numbers(*host) || chinese_ending(here, host));
}

bool link_next(struct slice *rest, struct slice *host)
{
    for (size_t i = 0; i < rest->n; i++) {
        bool begins = i == 0 || !(host_char(rest->p[i - 1]) || rest->p[i - 1] == '@');
        size_t skip;

        if (!begins || !link_at((struct slice){ rest->p + i, rest->n - i }, host, &skip))
            continue;
        i += skip + host->n;
        *rest = (struct slice){ rest->p + i, rest->n - i };
        return true;
    }
    return false;
}

/* ---- as it is meant ---- */

static bool letter(uint32_t cp)
{
    if (cp >= 0xff01 && cp <= 0xff5e)
        cp -= 0xfee0;
    return cp < 0x80 && cp != '.' && host_char((char)cp);
}

/* Has no width: a name is the same with it and without. */
static bool unseen(uint32_t cp)
{
    return cp == 0xad || (cp >= 0x200b && cp <= 0x200f) || (cp >= 0x2060 && cp <= 0x2064) || cp == 0xfeff || (cp >= 0xfe00 && cp <= 0xfe0f);
}

void link_fold(struct slice text, struct buf *ret)
{
    uint32_t before = 0;

    for (size_t i = 0; i < text.n;) {
        uint32_t cp = utf8_next(text, &i), next = 0;
        size_t ahead = i;
        char bytes[4];

        if (unseen(cp))
            continue;
        do
            next = ahead < text.n ? utf8_next(text, &ahead) : 0;
        while (unseen(next));
        if (cp == 0x3002 || cp == 0xff61) /* 。 */
            cp = letter(before) && letter(next) ? '.' : cp;
        else if (cp >= 0xff01 && cp <= 0xff5e)
            cp -= 0xfee0;
        buf_add(ret, (struct slice){ bytes, utf8_put(bytes, cp) });
        before = cp;
    }
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
