#include "protocols/place.h"

#include "protocols/json.h"
#include "protocols/url.h"

#include <stdio.h>
#include <strings.h>

/* Six decimals are a hand's breadth. */
static void degrees(struct buf *b, double v)
{
    char text[32];
    size_t n = (size_t)snprintf(text, sizeof(text), "%.6f", v);

    while (n && text[n - 1] == '0')
        n--;
    if (n && text[n - 1] == '.')
        n--;
    buf_add(b, n == 2 && text[0] == '-' && text[1] == '0' ? SLICE("0") : (struct slice){ text, n });
}

void place_degrees(struct buf *b, double first, const char *between, double second)
{
    degrees(b, first);
    buf_str(b, between);
    degrees(b, second);
}

/* Where maps of the mainland are at home. */
static bool of_the_mainland(const char *language)
{
    static const char *const all[] = { "zh", "zh-CN", "zh-SG", "zh-Hans", "zh-Hans-CN", "zh-Hans-SG" };

    for (size_t i = 0; language && i < sizeof(all) / sizeof(all[0]); i++)
        if (strcasecmp(language, all[i]) == 0)
            return true;
    return false;
}

void place_map(struct buf *b, double lat, double lon, struct slice name, const char *language)
{
    struct buf named;

    if (!of_the_mainland(language)) {
        buf_str(b, "https://www.openstreetmap.org/?mlat=");
        place_degrees(b, lat, "&mlon=", lon);
        return;
    }
    buf_str(b, "https://uri.amap.com/marker?position=");
    place_degrees(b, lon, ",", lat);
    buf_init(&named, PLACE_MAP_MAX - 100);
    buf_str(&named, "&name=");
    url_escape(&named, name);
    if (name.n && buf_ok(&named))
        buf_add(b, buf_slice(&named));
    buf_finish(&named);
}

bool place_of(const struct message *m, struct place *ret)
{
    json_t *extra = m->kind == MESSAGE_CARD && m->extra && id_is_zero(&m->file) ? json_loads(m->extra, 0, NULL) : NULL;
    bool known = json_get_real(extra, "lat", &ret->lat) && json_get_real(extra, "lon", &ret->lon);

    json_decref(extra);
    return known && card_read(m->text, &ret->card);
}
