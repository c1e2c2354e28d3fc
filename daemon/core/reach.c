#include "core/reach.h"

#define DIGITS_MIN 5
#define DIGITS_MAX 15 /* of E.164 */
#define MAIL_MAX   254

/* U+FF01 to U+FF5E are printable ASCII, U+3000 is a blank; anything else beyond ASCII is 0. */
static int plain(struct slice text, size_t *i)
{
    const unsigned char *p = (const unsigned char *)text.p + *i;
    size_t left = text.n - *i;

    if (*p < 0x80) {
        *i += 1;
        return *p;
    }
    if (left >= 3 && p[0] == 0xef && (p[1] == 0xbc || p[1] == 0xbd)) {
        *i += 3;
        return p[1] == 0xbc ? p[2] - 0x80 + 0x20 : p[2] - 0x80 + 0x60;
    }
    if (left >= 3 && p[0] == 0xe3 && p[1] == 0x80 && p[2] == 0x80) {
        *i += 3;
        return ' ';
    }
    *i = text.n;
    return 0;
}

bool reach_phone(struct slice text, char ret[REACH_TEXT])
{
    size_t n = 0, digits = 0;

    for (size_t i = 0; i < text.n;) {
        int c = plain(text, &i);

        if (c >= '0' && c <= '9' && digits < DIGITS_MAX) {
            ret[n++] = (char)c;
            digits++;
        } else if (c == '+' && n == 0)
            ret[n++] = '+';
        else if (!c || !strchr(" -./()", c))
            return false;
    }
    ret[n] = '\0';
    return digits >= DIGITS_MIN;
}

static bool host_char(int c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
}

/* What stands before the @. Letters of any script are left to the mail server. */
static bool name_char(int c)
{
    return (unsigned)c > ' ' && c != 0x7f && !strchr("\"(),:;<>[\\]@", c);
}

static bool host_fits(const char *host)
{
    const char *dot = strrchr(host, '.');

    return dot && dot > host && dot[1] && host[0] != '-' && !strstr(host, "..") && host[0] != '.';
}

bool reach_mail(struct slice text, char ret[REACH_TEXT])
{
    char *host = NULL;
    size_t n = 0;

    while (text.n && *text.p == ' ')
        text = (struct slice){ text.p + 1, text.n - 1 };
    while (text.n && text.p[text.n - 1] == ' ')
        text.n--;
    if (text.n > MAIL_MAX)
        return false;
    for (size_t i = 0; i < text.n; i++) {
        int c = (unsigned char)text.p[i];

        if (!host && c == '@' && n) {
            ret[n++] = '@';
            host = ret + n;
            continue;
        }
        if (host && c >= 'A' && c <= 'Z')
            c += 'a' - 'A';
        if (host ? !host_char(c) : !name_char(c))
            return false;
        ret[n++] = (char)c;
    }
    ret[n] = '\0';
    return host && host_fits(host);
}

/* Behind the string that begins at *i; what stands in it goes to *ret as it is written. */
static bool string_at(struct slice s, size_t *i, struct slice *ret)
{
    size_t start = ++*i;

    for (; *i < s.n && s.p[*i] != '"'; ++*i)
        if (s.p[*i] == '\\')
            ++*i;
    if (*i >= s.n)
        return false;
    *ret = (struct slice){ s.p + start, *i - start };
    ++*i;
    return true;
}

bool reach_profile_mail(struct slice profile, char ret[REACH_TEXT])
{
    struct slice name = { "", 0 }, value;
    int depth = 0;

    for (size_t i = 0; i < profile.n;) {
        char c = profile.p[i];

        if (c == '"') {
            if (!string_at(profile, &i, &value))
                return false;
            while (i < profile.n && profile.p[i] == ' ')
                i++;
            if (i < profile.n && profile.p[i] == ':')
                name = value;
            else if (depth == 1 && slice_is(name, "email"))
                return reach_mail(value, ret);
            else
                name = SLICE("");
            continue;
        }
        depth += (c == '{' || c == '[') - (c == '}' || c == ']');
        if (c == '{' || c == '[' || c == ',')
            name = SLICE("");
        i++;
    }
    return false;
}
