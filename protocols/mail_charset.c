/* mail_charset.c: the charsets of mail, through the C library's iconv. Only those that mail is really written in: the rarer converters of
 * the C library have had holes. */
#include "protocols/mail_letter.h"

#include "core/utf8.h"

#include <errno.h>
#include <iconv.h>
#include <stdio.h>
#include <strings.h>

#define NAME_MAX_BYTES 32

static const struct {
    const char *names[10]; /* as mail says */
    const char *iconv;
} charsets[] = {
    { { "gb18030", "gbk", "gb2312", "cp936", "ms936", "x-gbk", "gb_2312-80", "euc-cn", "chinese" }, "GB18030" },
    { { "big5-hkscs" }, "BIG5-HKSCS" },
    { { "big5", "cn-big5", "x-x-big5", "cp950", "big-5" }, "CP950" },
    { { "iso-2022-jp", "iso-2022-jp-1", "csiso2022jp" }, "ISO-2022-JP" },
    { { "iso-2022-jp-2" }, "ISO-2022-JP-2" },
    { { "shift_jis", "shift-jis", "sjis", "x-sjis", "windows-31j", "cp932", "ms_kanji" }, "CP932" },
    { { "euc-jp", "x-euc-jp" }, "EUC-JP" },
    { { "euc-kr", "ks_c_5601-1987", "ks_c_5601", "cp949", "uhc", "korean" }, "CP949" },
    { { "iso-8859-1", "latin1", "l1", "iso8859-1", "iso_8859-1", "windows-1252", "cp1252", "cp-1252" }, "CP1252" },
    { { "iso-8859-2", "latin2" }, "ISO-8859-2" },
    { { "iso-8859-5" }, "ISO-8859-5" },
    { { "iso-8859-7" }, "ISO-8859-7" },
    { { "iso-8859-9", "latin5", "windows-1254", "cp1254" }, "CP1254" },
    { { "iso-8859-15", "latin-9", "latin9" }, "ISO-8859-15" },
    { { "windows-1250", "cp1250" }, "CP1250" },
    { { "windows-1251", "cp1251" }, "CP1251" },
    { { "windows-1253", "cp1253" }, "CP1253" },
    { { "windows-1255", "cp1255", "iso-8859-8-i", "iso-8859-8" }, "CP1255" },
    { { "windows-1256", "cp1256" }, "CP1256" },
    { { "windows-1257", "cp1257" }, "CP1257" },
    { { "windows-1258", "cp1258" }, "CP1258" },
    { { "koi8-r" }, "KOI8-R" },
    { { "koi8-u" }, "KOI8-U" },
    { { "tis-620", "windows-874", "cp874" }, "CP874" },
    { { "utf-16" }, "UTF-16" },
    { { "utf-16le" }, "UTF-16LE" },
    { { "utf-16be" }, "UTF-16BE" },
};

static const char *converter(struct slice charset)
{
    char name[NAME_MAX_BYTES];

    if (charset.n >= sizeof(name))
        return NULL;
    memcpy(name, charset.p, charset.n);
    name[charset.n] = '\0';
    for (size_t i = 0; i < sizeof(charsets) / sizeof(charsets[0]); i++)
        for (size_t k = 0; charsets[i].names[k]; k++)
            if (strcasecmp(charsets[i].names[k], name) == 0)
                return charsets[i].iconv;
    return NULL;
}

static bool is_unicode(struct slice charset)
{
    static const char *const names[] = { "utf-8", "utf8", "us-ascii", "ascii" };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (charset.n == strlen(names[i]) && strncasecmp(charset.p, names[i], charset.n) == 0)
            return true;
    return false;
}

/* What iconv makes of it; what it cannot read is U+FFFD. */
static bool convert(struct buf *b, struct slice s, const char *from)
{
    iconv_t cd = iconv_open("UTF-8", from);
    char *in = (char *)(uintptr_t)s.p; /* iconv does not write there */
    size_t left = s.n;

    if (cd == (iconv_t)-1) /* NOLINT(performance-no-int-to-ptr): so it is defined */
        return false;
    while (left && buf_ok(b)) {
        char out[4096], *o = out;
        size_t room = sizeof(out), ret = iconv(cd, &in, &left, &o, &room);
        int why = errno;

        buf_add(b, (struct slice){ out, (size_t)(o - out) });
        if (ret != (size_t)-1 || (why == E2BIG && o != out))
            continue;
        buf_str(b, "\xef\xbf\xbd");
        if (why != EILSEQ || !left)
            break;
        in++;
        left--;
    }
    (void)iconv_close(cd);
    return true;
}

static void as_latin(struct buf *b, struct slice s)
{
    if (!convert(b, s, "CP1252"))
        for (size_t i = 0; i < s.n; i++) {
            char out[4];

            buf_add(b, (struct slice){ out, utf8_put(out, (unsigned char)s.p[i]) });
        }
}

/* Line ends become LF; what no text holds goes. */
static struct slice cleaned(struct arena *a, struct slice s)
{
    char *ret = arena_alloc(a, s.n * 3 + 1), out[4];
    size_t n = 0, i = 0;

    if (!ret)
        return (struct slice){ NULL, 0 };
    while (i < s.n) {
        uint32_t cp = utf8_next(s, &i);
        size_t k;

        if (cp == '\r') {
            if (i < s.n && s.p[i] == '\n')
                continue;
            cp = '\n';
        }
        if (cp == 0)
            cp = 0xfffd;
        if ((cp < 0x20 && cp != '\n' && cp != '\t') || cp == 0x7f || cp == 0xfeff)
            continue;
        k = utf8_put(out, cp);
        memcpy(ret + n, out, k);
        n += k;
    }
    return (struct slice){ ret, n };
}

static bool is_clean(struct slice s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];

        if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f || c == 0xef)
            return false;
    }
    return utf8_valid(s);
}

struct slice mail_utf8(struct arena *a, struct slice bytes, struct slice charset)
{
    const char *from = is_unicode(charset) ? NULL : converter(charset);
    struct slice ret;
    struct buf b;

    if (!from && is_clean(bytes))
        return bytes.p ? bytes : SLICE("");
    buf_init(&b, bytes.n * 4 + 64);
    if (from) {
        if (!convert(&b, bytes, from))
            as_latin(&b, bytes);
    } else if (utf8_valid(bytes) || is_unicode(charset))
        buf_add(&b, bytes);
    else
        as_latin(&b, bytes);
    ret = buf_ok(&b) ? cleaned(a, buf_slice(&b)) : (struct slice){ NULL, 0 };
    buf_finish(&b);
    return ret;
}
