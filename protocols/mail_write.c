/* mail_write.c: the lines of a mail that we send. */
#define _GNU_SOURCE /* memmem */
#include "core/utf8.h"
#include "protocols/mail_impl.h"
#include "protocols/stamp.h"

#include <stdio.h>

#define LINE_MAX_BYTES 76
#define WORD_BYTES     42 /* of text in one encoded word: with its frame it fits a line */
#define PIECE_MAX      50 /* letters of a file name on one line */

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static void add64(struct buf *b, const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i += 3) {
        uint32_t v = (uint32_t)p[i] << 16 | (i + 1 < n ? (uint32_t)p[i + 1] << 8 : 0) | (i + 2 < n ? p[i + 2] : 0);
        const char four[4] = { alphabet[v >> 18], alphabet[v >> 12 & 63], i + 1 < n ? alphabet[v >> 6 & 63] : '=',
                               i + 2 < n ? alphabet[v & 63] : '=' };

        buf_add(b, (struct slice){ four, 4 });
    }
}

static bool plain(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < 0x20 || s.p[i] > 0x7e)
            return false;
    return !(s.n && memmem(s.p, s.n, "=?", 2));
}

/* Words of at most 42 bytes, cut between characters, a line each. */
static void encoded(struct buf *b, struct slice s)
{
    size_t at = 0;
    bool first = true;

    while (at < s.n) {
        size_t end = at, next = at;
        char word[WORD_BYTES + 8];
        size_t n = 0;

        while (next < s.n) {
            uint32_t cp = utf8_next(s, &next);
            char out[4];
            size_t k = utf8_put(out, cp);

            if (n + k > WORD_BYTES)
                break;
            if (cp >= 0x20 && cp != 0x7f) { /* nothing that ends a line */
                memcpy(word + n, out, k);
                n += k;
            }
            end = next;
        }
        at = end;
        buf_str(b, first ? "=?UTF-8?B?" : "\r\n =?UTF-8?B?");
        add64(b, (const uint8_t *)word, n);
        buf_str(b, "?=");
        first = false;
    }
}

/* Blanks are where a long line may go on. */
static void folded(struct buf *b, struct slice s, size_t column)
{
    for (size_t i = 0; i < s.n;) {
        size_t n = 0;

        while (i + n < s.n && (n == 0 || s.p[i + n] != ' '))
            n++;
        if (column > 1 && column + n > LINE_MAX_BYTES && s.p[i] == ' ') {
            buf_str(b, "\r\n");
            column = 0;
        }
        buf_add(b, (struct slice){ s.p + i, n });
        column += n;
        i += n;
    }
}

static bool too_wide(struct slice s)
{
    size_t n = 0;

    for (size_t i = 0; i < s.n; i++) {
        n = s.p[i] == ' ' ? 0 : n + 1;
        if (n > 200)
            return true;
    }
    return false;
}

void mail_write_words(struct buf *b, const char *name, struct slice text)
{
    buf_str(b, name);
    buf_str(b, ": ");
    text = mail_trimmed(text);
    if (plain(text) && !too_wide(text))
        folded(b, text, strlen(name) + 2);
    else
        encoded(b, text);
    buf_str(b, "\r\n");
}

void mail_write_address(struct buf *b, const char *name, struct slice phrase, struct slice address)
{
    buf_str(b, name);
    buf_str(b, ": ");
    phrase = mail_trimmed(phrase);
    if (phrase.n && plain(phrase) && phrase.n < 60) {
        buf_char(b, '"');
        for (size_t i = 0; i < phrase.n; i++) {
            if (phrase.p[i] == '"' || phrase.p[i] == '\\')
                buf_char(b, '\\');
            buf_char(b, phrase.p[i]);
        }
        buf_str(b, "\"\r\n ");
    } else if (phrase.n) {
        encoded(b, phrase);
        buf_str(b, "\r\n ");
    }
    buf_char(b, '<');
    buf_add(b, address);
    buf_str(b, ">\r\n");
}

void mail_write_ids(struct buf *b, const char *name, const struct slice *ids, size_t n)
{
    if (!n)
        return;
    buf_str(b, name);
    buf_char(b, ':');
    for (size_t i = 0; i < n; i++) {
        buf_str(b, i ? "\r\n " : " ");
        buf_add(b, ids[i]);
    }
    buf_str(b, "\r\n");
}

void mail_write_date(struct buf *b, int64_t ms)
{
    static const char *const days[] = { "Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed" };
    static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
    char text[STAMP_TEXT];
    int month;

    if (ms < 0)
        ms = 0;
    (void)stamp_text(ms, text); /* 2026-09-21T11:26:40.123Z */
    month = (text[5] - '0') * 10 + text[6] - '0';
    buf_printf(b, "Date: %s, %.2s %s %.4s %.8s +0000\r\n", days[ms / 86400000 % 7], text + 8, months[(month - 1) % 12], text, text + 11);
}

/* What cannot stand as it is becomes =XX; a blank at the end of a line, too. */
static bool must_escape(struct slice s, size_t i)
{
    unsigned char c = (unsigned char)s.p[i];
    bool ends = i + 1 >= s.n || s.p[i + 1] == '\n';

    if (c == '\t' || c == ' ')
        return ends;
    return c < 0x20 || c > 0x7e || c == '=';
}

void mail_write_quoted_printable(struct buf *b, struct slice text)
{
    size_t column = 0;

    for (size_t i = 0; i < text.n; i++) {
        bool escape = must_escape(text, i);
        size_t n = escape ? 3 : 1;

        if (text.p[i] == '\n' || text.p[i] == '\r') {
            if (text.p[i] == '\r' && i + 1 < text.n && text.p[i + 1] == '\n')
                i++;
            buf_str(b, "\r\n");
            column = 0;
            continue;
        }
        if (column + n > LINE_MAX_BYTES - 1) {
            buf_str(b, "=\r\n");
            column = 0;
        }
        if (escape)
            buf_printf(b, "=%02X", (unsigned)(unsigned char)text.p[i]);
        else
            buf_char(b, text.p[i]);
        column += n;
    }
    if (column)
        buf_str(b, "\r\n");
}

void mail_write_base64(struct buf *b, struct slice bytes)
{
    for (size_t i = 0; i < bytes.n; i += 57) {
        add64(b, (const uint8_t *)bytes.p + i, bytes.n - i < 57 ? bytes.n - i : 57);
        buf_str(b, "\r\n");
    }
}

static bool is_attribute_char(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '-' || c == '_';
}

void mail_write_file_name(struct buf *b, struct slice name)
{
    size_t i = 0;
    bool simple = plain(name) && name.n <= PIECE_MAX;

    for (size_t k = 0; simple && k < name.n; k++)
        simple = name.p[k] != '"' && name.p[k] != '\\';
    if (simple) {
        buf_str(b, ";\r\n filename=\"");
        buf_add(b, name);
        buf_char(b, '"');
        return;
    }
    for (int piece = 0; i < name.n; piece++) {
        size_t n = 0;

        buf_printf(b, ";\r\n filename*%d*=%s", piece, piece ? "" : "UTF-8''");
        while (i < name.n && n < PIECE_MAX) {
            bool as_is = is_attribute_char(name.p[i]);

            if (as_is)
                buf_char(b, name.p[i]);
            else
                buf_printf(b, "%%%02X", (unsigned)(unsigned char)name.p[i]);
            n += as_is ? 1 : 3;
            i++;
        }
    }
}
