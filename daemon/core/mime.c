#define _GNU_SOURCE /* memmem */

#include "core/mime.h"

#include <stdint.h>
#include <strings.h>

static const struct {
    const char *magic;
    size_t n, at;
    const char *type;
    bool shown;
} magics[] = {
    { "\x89PNG\r\n\x1a\n", 8, 0, "image/png", true },
    { "\xff\xd8\xff", 3, 0, "image/jpeg", true },
    { "GIF87a", 6, 0, "image/gif", true },
    { "GIF89a", 6, 0, "image/gif", true },
    { "WEBP", 4, 8, "image/webp", true },
    { "OggS", 4, 0, "audio/ogg", true },
    { "ID3", 3, 0, "audio/mpeg", true },
    { "\xff\xfb", 2, 0, "audio/mpeg", true },
    { "WAVE", 4, 8, "audio/wav", true },
    { "#!AMR\n", 6, 0, "audio/amr", true },
    { "#!AMR-WB\n", 9, 0, "audio/amr-wb", true },
    { "#!SILK_V3", 9, 0, "audio/silk", true },
    { "#!SILK_V3", 9, 1, "audio/silk", true }, /* as WeChat and QQ write it */
    { "ftypM4A", 7, 4, "audio/mp4", true },
    { "\x1a\x45\xdf\xa3", 4, 0, "video/webm", false },
    { "ftypheic", 8, 4, "image/heic", false },
    { "ftypheix", 8, 4, "image/heic", false },
    { "ftypmif1", 8, 4, "image/heif", false },
    { "ftypmsf1", 8, 4, "image/heif", false },
    { "ftypavif", 8, 4, "image/avif", false },
    { "ftypqt  ", 8, 4, "video/quicktime", false },
    { "ftyp3g", 6, 4, "video/3gpp", false },
    { "ftyp", 4, 4, "video/mp4", false },
    { "%PDF-", 5, 0, "application/pdf", false },
    { "PK\x03\x04", 4, 0, "application/zip", false },
    { "\x1f\x8b", 2, 0, "application/gzip", false },
    { "Rar!\x1a\x07", 6, 0, "application/vnd.rar", false },
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static unsigned be16(const char *p)
{
    return (unsigned)(uint8_t)p[0] << 8 | (uint8_t)p[1];
}

static unsigned le16(const char *p)
{
    return (unsigned)(uint8_t)p[1] << 8 | (uint8_t)p[0];
}

/* The first frame header of a JPEG (SOF0 to SOF15 but the tables DHT, JPG, DAC). */
static void jpeg_size(struct slice s, struct mime *ret)
{
    size_t i = 2;

    while (i + 9 < s.n && (uint8_t)s.p[i] == 0xff) {
        uint8_t m = (uint8_t)s.p[i + 1];

        if (m >= 0xc0 && m <= 0xcf && m != 0xc4 && m != 0xc8 && m != 0xcc) {
            ret->height = (int)be16(s.p + i + 5);
            ret->width = (int)be16(s.p + i + 7);
            return;
        }
        i += 2 + be16(s.p + i + 2);
    }
}

/* Of its three forms: extended, without loss, and with. The first chunk says which. */
static void webp_size(struct slice s, struct mime *ret)
{
    if (memcmp(s.p + 12, "VP8X", 4) == 0) {
        ret->width = 1 + (int)(le16(s.p + 24) | (unsigned)(uint8_t)s.p[26] << 16);
        ret->height = 1 + (int)(le16(s.p + 27) | (unsigned)(uint8_t)s.p[29] << 16);
    } else if (memcmp(s.p + 12, "VP8L", 4) == 0) { /* 14 bits each */
        ret->width = 1 + (int)(le16(s.p + 21) & 0x3fff);
        ret->height = 1 + (int)((le16(s.p + 22) >> 6 | le16(s.p + 24) << 10) & 0x3fff);
    } else if (memcmp(s.p + 12, "VP8 ", 4) == 0) {
        ret->width = (int)(le16(s.p + 26) & 0x3fff);
        ret->height = (int)(le16(s.p + 28) & 0x3fff);
    }
}

static void image_size(struct slice s, struct mime *ret)
{
    if (strcmp(ret->type, "image/png") == 0 && s.n >= 24) {
        ret->width = (int)(be16(s.p + 16) << 16 | be16(s.p + 18));
        ret->height = (int)(be16(s.p + 20) << 16 | be16(s.p + 22));
    } else if (strcmp(ret->type, "image/gif") == 0 && s.n >= 10) {
        ret->width = (int)le16(s.p + 6);
        ret->height = (int)le16(s.p + 8);
    } else if (strcmp(ret->type, "image/jpeg") == 0)
        jpeg_size(s, ret);
    else if (strcmp(ret->type, "image/webp") == 0 && s.n >= 30)
        webp_size(s, ret);
    if (ret->width < 0 || ret->height < 0)
        ret->width = ret->height = 0;
}

/* Text without control characters; anything with a tag in front stays a plain attachment all the same. */
static bool looks_like_text(struct slice s)
{
    for (size_t i = 0; i < s.n; i++) {
        uint8_t c = (uint8_t)s.p[i];

        if (c < 0x20 && c != '\t' && c != '\n' && c != '\r')
            return false;
    }
    return s.n > 0;
}

struct mime mime_of(struct slice head)
{
    struct mime ret = { .type = "application/octet-stream" };

    for (size_t i = 0; i < COUNT(magics); i++)
        if (head.n >= magics[i].at + magics[i].n && memcmp(head.p + magics[i].at, magics[i].magic, magics[i].n) == 0) {
            ret.type = magics[i].type;
            ret.shown = magics[i].shown;
            image_size(head, &ret);
            return ret;
        }
    if (looks_like_text(head))
        ret.type = "text/plain";
    return ret;
}

bool mime_shown(const char *type)
{
    for (size_t i = 0; i < COUNT(magics); i++)
        if (strcmp(type, magics[i].type) == 0)
            return magics[i].shown;
    return false;
}

/* Without a byte order mark and blanks in front. */
static struct slice from_words(struct slice s)
{
    size_t i = slice_starts(s, "\xef\xbb\xbf") ? 3 : 0;

    while (i < s.n && s.p[i] && strchr(" \t\r\n", s.p[i]))
        i++;
    return (struct slice){ s.p + i, s.n - i };
}

static bool begins_as_page(struct slice s)
{
    s = from_words(s);
    return slice_starts(s, "{") || slice_starts(s, "[") || slice_starts(s, "<");
}

/* It may begin with a comment of any length. */
static bool is_drawing(struct slice s)
{
    s = from_words(s);
    return slice_starts(s, "<") && memmem(s.p, s.n, "<svg", 4);
}

static bool begins_as(struct slice said, const char *type)
{
    return said.n >= strlen(type) && strncasecmp(said.p, type, strlen(type)) == 0;
}

static bool is_type(struct slice said, const char *type)
{
    size_t n = strlen(type);

    return begins_as(said, type) && (said.n == n || said.p[n] == ';' || said.p[n] == ' ');
}

/* A document whose announced type no text can have. Some of what calls itself a picture or a film is written in letters (portable pixmaps,
 * drawings of CAD, TypeScript as MPEG-TS); what calls itself packed may have been unpacked on its way. */
static bool never_text(struct slice said)
{
    for (size_t i = 0; i < COUNT(magics); i++)
        if (strcmp(magics[i].type, "application/gzip") != 0 && is_type(said, magics[i].type))
            return true;
    return begins_as(said, "application/vnd.openxmlformats-");
}

bool mime_mistaken(enum inbound_type announced, struct slice said, struct slice head)
{
    if (strcmp(mime_of(head).type, "text/plain") != 0 || is_drawing(head))
        return false;
    switch (announced) {
    case TYPE_IMAGE:
    case TYPE_AUDIO:
    case TYPE_VIDEO:
    case TYPE_STICKER:
        return true;
    default:
        return never_text(said) && begins_as_page(head);
    }
}
