/* qq_face.c: the faces in what people of QQ write. They come as tags in the text, <faceType=1,faceId="13",ext="…">, of which `ext` is the
 * base64 of {"text":"呲牙"}; the platform does not describe it, so that what looks otherwise stays as it is. */
#include "protocols/qq_impl.h"

#define TAG      "<faceType="
#define FACE_MAX 64  /* bytes of what a face is called */
#define EXT_MAX  512 /* bytes of what stands beside it */
#define TAG_MAX  1024

/* What stands in quotes behind `name` within the tag. */
static struct slice quoted(struct slice tag, const char *name)
{
    size_t n = strlen(name);

    for (size_t i = 0; i + n < tag.n; i++) {
        const char *end;

        if (memcmp(tag.p + i, name, n) != 0)
            continue;
        end = memchr(tag.p + i + n, '"', tag.n - i - n);
        return end ? (struct slice){ tag.p + i + n, (size_t)(end - tag.p) - i - n } : (struct slice){ NULL, 0 };
    }
    return (struct slice){ NULL, 0 };
}

/* Its name, as the platform's own program shows it; {NULL,0}: it tells none. */
static struct slice name_of(struct json_keep *keep, struct slice tag)
{
    struct slice ext = quoted(tag, ",ext=\""), ret;
    uint8_t bytes[EXT_MAX];
    size_t n;
    json_t *root;

    if (!sign_base64_decode(ext, bytes, sizeof(bytes), &n))
        return (struct slice){ NULL, 0 };
    root = json_read(keep->arena, (struct slice){ (const char *)bytes, n }, JSON_OF_PLATFORMS, NULL);
    ret = json_get_text(keep, root, "text");
    json_decref(root);
    return ret.n <= FACE_MAX ? ret : (struct slice){ NULL, 0 };
}

static bool number(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
    return s.n > 0 && s.n <= 9;
}

/* The tag at the beginning of `rest`, in words; 0: it is none that we know. */
static size_t put_face(struct buf *b, struct json_keep *keep, struct slice rest)
{
    const char *end = memchr(rest.p, '>', rest.n < TAG_MAX ? rest.n : TAG_MAX);
    struct slice tag = { rest.p, end ? (size_t)(end - rest.p) : 0 }, name = name_of(keep, tag), id = quoted(tag, ",faceId=\"");

    if (name.n)
        buf_printf(b, "[%.*s]", (int)name.n, name.p);
    else if (number(id))
        buf_printf(b, "[face %.*s]", (int)id.n, id.p);
    else
        return 0;
    return tag.n + 1;
}

static const char *next_tag(struct slice s)
{
    const size_t n = sizeof(TAG) - 1;

    for (size_t i = 0; i + n <= s.n; i++)
        if (memcmp(s.p + i, TAG, n) == 0)
            return s.p + i;
    return NULL;
}

struct slice qq_faces(struct json_keep *keep, struct slice text)
{
    const char *at = next_tag(text);
    struct slice ret;
    struct buf b;

    if (!at)
        return text;
    buf_init(&b, text.n); /* a face is shorter than its tag, and its name than the base64 of it */
    while (at) {
        size_t used;

        buf_add(&b, (struct slice){ text.p, (size_t)(at - text.p) });
        text = (struct slice){ at, text.n - (size_t)(at - text.p) };
        used = put_face(&b, keep, text);
        if (!used)
            buf_char(&b, text.p[used++]);
        text = (struct slice){ text.p + used, text.n - used };
        at = next_tag(text);
    }
    buf_add(&b, text);
    ret = buf_copy(&b, keep->arena);
    keep->failed |= !ret.p;
    buf_finish(&b);
    return ret;
}
