#include "core/id.h"

struct kf_id id_make(int64_t now_ms, const uint8_t chance[10])
{
    struct kf_id id;

    for (int i = 0; i < 6; i++)
        id.b[i] = (uint8_t)((uint64_t)now_ms >> (40 - 8 * i));
    memcpy(id.b + 6, chance, 10);
    id.b[6] = (uint8_t)((id.b[6] & 0x0f) | 0x70); /* version 7 */
    id.b[8] = (uint8_t)((id.b[8] & 0x3f) | 0x80); /* variant */
    return id;
}

struct kf_id id_after(const struct kf_id *last, int64_t now_ms, const uint8_t chance[10])
{
    struct kf_id id = id_make(now_ms, chance);
    unsigned next = ((unsigned)(last->b[6] & 0x0f) << 8 | last->b[7]) + 1;

    id.b[6] &= 0xf7; /* room above where the counter begins */
    if (memcmp(id.b, last->b, 6) == 0 && next <= 0xfff) {
        id.b[6] = (uint8_t)(0x70 | next >> 8);
        id.b[7] = (uint8_t)next;
    }
    return id;
}

static bool dash_after(int byte)
{
    return byte == 3 || byte == 5 || byte == 7 || byte == 9;
}

char *id_text(const struct kf_id *id, char text[KF_ID_TEXT])
{
    static const char hex[] = "0123456789abcdef";
    char *p = text;

    for (int i = 0; i < 16; i++) {
        *p++ = hex[id->b[i] >> 4];
        *p++ = hex[id->b[i] & 15];
        if (dash_after(i))
            *p++ = '-';
    }
    *p = '\0';
    return text;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool id_parse(struct slice text, struct kf_id *ret)
{
    struct kf_id id;
    const char *p = text.p;

    if (text.n != KF_ID_TEXT - 1)
        return false;
    for (int i = 0; i < 16; i++) {
        int hi = hex_value(p[0]), lo = hex_value(p[1]);

        if (hi < 0 || lo < 0)
            return false;
        id.b[i] = (uint8_t)(hi << 4 | lo);
        p += 2;
        if (dash_after(i) && *p++ != '-')
            return false;
    }
    *ret = id;
    return true;
}

static bool all_of(struct slice s, size_t max, bool upper)
{
    if (s.n == 0 || s.n > max)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];

        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-')
            continue;
        if (upper && c >= 'A' && c <= 'Z')
            continue;
        return false;
    }
    return true;
}

bool key_parse(struct slice text, struct kf_key *ret)
{
    *ret = (struct kf_key){ "" };
    if (!all_of(text, KF_KEY_MAX, false))
        return false;
    memcpy(ret->s, text.p, text.n);
    return true;
}

bool cid_valid(struct slice cid)
{
    return all_of(cid, KF_CID_MAX, true);
}
