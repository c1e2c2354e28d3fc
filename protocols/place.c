#include "protocols/place.h"

#include "protocols/json.h"
#include "protocols/url.h"

#include <math.h>
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

/* How far Chinese maps put a place aside, in degrees: sums of sines over the distance from 105° E, 35° N, on the ellipsoid of Krasovsky. Nobody
 * has published it; all who have measured it agree on these to some centimetres. */
static void shift_of(double lat, double lon, double *to_lat, double *to_lon)
{
    const double pi = 3.14159265358979324, axis = 6378245.0, flat = 0.00669342162296594323;
    double x = lon - 105, y = lat - 35, bent = sin(lat / 180 * pi), near = 1 - flat * bent * bent;
    double both = 20 * sin(6 * pi * x) + 20 * sin(2 * pi * x);
    double north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * sqrt(fabs(x));
    double east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * sqrt(fabs(x));

    north += (both + 20 * sin(pi * y) + 40 * sin(pi / 3 * y) + 160 * sin(pi / 12 * y) + 320 * sin(pi / 30 * y)) * 2 / 3;
    east += (both + 20 * sin(pi * x) + 40 * sin(pi / 3 * x) + 150 * sin(pi / 12 * x) + 300 * sin(pi / 30 * x)) * 2 / 3;
    *to_lat = north * 180 / (axis * (1 - flat) / (near * sqrt(near)) * pi);
    *to_lon = east * 180 / (axis / sqrt(near) * cos(lat / 180 * pi) * pi);
}

/* Where places are put aside: the mainland, Hong Kong and Macau, in bands from north to south. What lies so close behind a border that no such
 * line parts it from China (Sinuiju, Thimphu) is taken along. */
static bool is_put_aside(double lat, double lon)
{
    static const struct {
        double south, west, east; /* the band goes from the one before down to `south` */
    } bands[] = {
        { 49.3, 116.3, 130.2 }, { 44.9, 79.7, 135 },    { 42.4, 79.7, 131.6 }, { 39.7, 73.4, 130 },
        { 36.5, 73.4, 124.2 },  { 35, 75.3, 124.2 },    { 31, 78, 124.2 },     { 29.4, 79.3, 124.2 },
        { 28.25, 83.1, 124.2 }, { 27.75, 85.2, 124.2 }, { 26.8, 88.7, 124.2 }, { 25.4, 97.4, 124.2 },
        { 24.2, 97.4, 119.92 }, { 23.4, 97.4, 119.2 },  { 21.1, 98.7, 117.5 }, { 18.1, 108.4, 111.8 },
    };
    static const struct {
        double south, north, west, east;
    } others[] = { { 45.7, 49.3, 91.6, 115.4 }, { 42.9, 44.9, 97, 109.5 }, { 21, 22.3, 102, 106.5 } }; /* Mongolia, its south, Vietnam */
    size_t i = 0, n = sizeof(bands) / sizeof(bands[0]);

    while (i < n && lat < bands[i].south)
        i++;
    if (lat > 53.7 || i == n || lon < bands[i].west || lon > bands[i].east)
        return false;
    for (i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        if (lat > others[i].south && lat < others[i].north && lon > others[i].west && lon < others[i].east)
            return false;
    return true;
}

/* What was put aside from where: near enough after three steps that no map tells the difference. Elsewhere nothing was. */
static void unshift(double *lat, double *lon)
{
    double true_lat = *lat, true_lon = *lon;

    if (!is_put_aside(*lat, *lon))
        return;
    for (int i = 0; i < 3; i++) {
        double north, east;

        shift_of(true_lat, true_lon, &north, &east);
        true_lat = *lat - north;
        true_lon = *lon - east;
    }
    *lat = true_lat;
    *lon = true_lon;
}

void place_map(struct buf *b, double lat, double lon, enum place_datum datum, struct slice name, const char *language)
{
    struct buf named;

    if (!of_the_mainland(language)) {
        if (datum == PLACE_GCJ02)
            unshift(&lat, &lon);
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
    if (datum == PLACE_WGS84)
        buf_str(b, "&coordinate=wgs84");
}

bool place_of(const struct message *m, struct place *ret)
{
    json_t *extra = m->kind == MESSAGE_CARD && m->extra && id_is_zero(&m->file) ? json_loads(m->extra, 0, NULL) : NULL;
    bool known = json_get_real(extra, "lat", &ret->lat) && json_get_real(extra, "lon", &ret->lon);

    json_decref(extra);
    return known && card_read(m->text, &ret->card);
}
