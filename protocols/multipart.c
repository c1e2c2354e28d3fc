#include "protocols/multipart.h"

#include "protocols/sign.h"

#include <stdio.h>

#define BOUNDARY_BYTES 16

void multipart_begin(struct multipart *m, const uint8_t chance[32], size_t max)
{
    struct buf hex;

    buf_init(&m->body, max);
    buf_init(&hex, 2 * BOUNDARY_BYTES + 1);
    sign_hex(&hex, chance, BOUNDARY_BYTES);
    m->body.failed |= !buf_ok(&hex);
    (void)snprintf(m->boundary, sizeof(m->boundary), "kefud-%s", hex.n ? hex.p : "");
    buf_finish(&hex);
}

/* As browsers write it: what would end the quotes or the line becomes %XX. */
static void quoted(struct buf *b, const char *s)
{
    buf_char(b, '"');
    for (; *s; s++)
        if (*s == '"' || *s == '\r' || *s == '\n')
            buf_printf(b, "%%%02X", (unsigned char)*s);
        else
            buf_char(b, *s);
    buf_char(b, '"');
}

static void part(struct multipart *m, const char *name)
{
    buf_printf(&m->body, "--%s\r\nContent-Disposition: form-data; name=", m->boundary);
    quoted(&m->body, name);
}

void multipart_field(struct multipart *m, const char *name, struct slice value)
{
    part(m, name);
    buf_str(&m->body, "\r\n\r\n");
    buf_add(&m->body, value);
    buf_str(&m->body, "\r\n");
}

void multipart_file(struct multipart *m, const char *name, const char *filename, const char *mime, struct slice bytes)
{
    part(m, name);
    buf_str(&m->body, "; filename=");
    quoted(&m->body, filename);
    buf_printf(&m->body, "\r\nContent-Type: %s\r\n\r\n", mime);
    buf_add(&m->body, bytes);
    buf_str(&m->body, "\r\n");
}

enum kf_rc multipart_end(struct multipart *m, struct arena *a, struct http_pair *type, struct slice *body)
{
    char *words = arena_printf(a, "multipart/form-data; boundary=%s", m->boundary);

    buf_printf(&m->body, "--%s--\r\n", m->boundary);
    *body = words ? buf_copy(&m->body, a) : (struct slice){ NULL, 0 };
    *type = (struct http_pair){ SLICE("Content-Type"), slice_of(words) };
    buf_finish(&m->body);
    return body->p ? KF_OK : KF_NOMEM;
}
