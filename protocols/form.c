#define _GNU_SOURCE /* memmem() */
#include "protocols/form.h"

#include "core/utf8.h"

#include <string.h>
#include <strings.h>

#define BOUNDARY_MAX 70 /* RFC 2046 §5.1.1 */
#define NAME_CP      120

static const char kind[] = "multipart/form-data";

bool form_is(struct slice content_type)
{
    return content_type.n >= strlen(kind) && strncasecmp(content_type.p, kind, strlen(kind)) == 0;
}

static struct slice from(struct slice s, size_t n)
{
    return n < s.n ? (struct slice){ s.p + n, s.n - n } : (struct slice){ s.p + s.n, 0 };
}

/* `; name=value` or `; name="value"` in a header; p NULL: it is not there. What is quoted is taken as it stands: browsers write %22 for quotes. */
static struct slice parameter(struct slice header, const char *name)
{
    size_t n = strlen(name);

    for (size_t i = 0; i < header.n; i++) {
        struct slice s;
        size_t end = 0;

        if (header.p[i] != ';')
            continue;
        s = from(header, i + 1);
        while (s.n && (*s.p == ' ' || *s.p == '\t'))
            s = from(s, 1);
        if (s.n <= n || strncasecmp(s.p, name, n) != 0 || s.p[n] != '=')
            continue;
        s = from(s, n + 1);
        if (s.n && *s.p == '"') {
            s = from(s, 1);
            while (end < s.n && s.p[end] != '"')
                end++;
            return end < s.n ? (struct slice){ s.p, end } : (struct slice){ NULL, 0 };
        }
        while (end < s.n && s.p[end] != ';' && s.p[end] != ' ')
            end++;
        return (struct slice){ s.p, end };
    }
    return (struct slice){ NULL, 0 };
}

/* No folders, no control characters, not endless. */
static struct slice shown(struct slice name)
{
    for (size_t i = name.n; i > 0; i--)
        if (name.p[i - 1] == '/' || name.p[i - 1] == '\\') {
            name = from(name, i);
            break;
        }
    for (size_t i = 0; i < name.n; i++)
        if ((unsigned char)name.p[i] < 0x20 || name.p[i] == 0x7f)
            return SLICE("file");
    return name.n && utf8_valid(name) ? utf8_cut(name, NAME_CP) : SLICE("file");
}

/* The header of that name in the head of a part. */
static struct slice line_of(struct slice head, const char *name)
{
    size_t n = strlen(name);

    while (head.n) {
        const char *end = memmem(head.p, head.n, "\r\n", 2);
        struct slice line = { head.p, end ? (size_t)(end - head.p) : head.n };

        if (line.n > n && strncasecmp(line.p, name, n) == 0 && line.p[n] == ':')
            return from(line, n + 1);
        head = from(head, line.n + 2);
    }
    return (struct slice){ NULL, 0 };
}

static bool read_part(struct slice part, struct form_part *ret)
{
    const char *end = memmem(part.p, part.n, "\r\n\r\n", 4);
    struct slice disposition, filename;

    if (!end)
        return false;
    disposition = line_of((struct slice){ part.p, (size_t)(end - part.p) }, "Content-Disposition");
    filename = parameter(disposition, "filename");
    *ret = (struct form_part){ .name = parameter(disposition, "name"),
                               .filename = filename.p ? shown(filename) : (struct slice){ NULL, 0 },
                               .bytes = from(part, (size_t)(end - part.p) + 4),
                               .is_file = filename.p != NULL };
    return ret->name.p != NULL;
}

int form_read(struct slice content_type, struct slice body, struct form_part *ret, size_t max)
{
    struct slice boundary = form_is(content_type) ? parameter(content_type, "boundary") : (struct slice){ NULL, 0 };
    char mark[BOUNDARY_MAX + 4] = "\r\n--"; /* before each part but the first, and after the last */
    size_t n_mark = 4 + boundary.n;
    int n = 0;

    if (!boundary.n || boundary.n > BOUNDARY_MAX)
        return -1;
    memcpy(mark + 4, boundary.p, boundary.n);
    if (body.n < n_mark - 2 || memcmp(body.p, mark + 2, n_mark - 2) != 0)
        return -1;
    body = from(body, n_mark - 2);
    while (body.n >= 2 && memcmp(body.p, "\r\n", 2) == 0) {
        const char *end;

        body = from(body, 2);
        end = memmem(body.p, body.n, mark, n_mark);
        if (!end || (size_t)n == max || !read_part((struct slice){ body.p, (size_t)(end - body.p) }, &ret[n]))
            return -1;
        n++;
        body = from(body, (size_t)(end - body.p) + n_mark);
    }
    return body.n >= 2 && memcmp(body.p, "--", 2) == 0 ? n : -1;
}
