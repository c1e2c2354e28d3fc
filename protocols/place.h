/* place.h: a card that says where something is: its title and words, degrees in `extra` ("lat", "lon"), and an address that shows it on a
 * map, so that a place reads the same whoever has sent it, and also where nothing but its text is seen. */
#ifndef KF_PROTOCOLS_PLACE_H
#define KF_PROTOCOLS_PLACE_H

#include "core/buf.h"
#include "core/card.h"
#include "core/message.h"

enum { PLACE_MAP_MAX = 300 /* bytes of an address, its name included */ };

struct place {
    struct card card;
    double lat, lon;
};

/* "31.2304, 121.4737", with `between` between them; no more digits than tell one door from the next. */
void place_degrees(struct buf *b, double first, const char *between, double second);
/* In which way degrees are given. */
enum place_datum {
    PLACE_AS_IT_IS, /* as somebody has copied them from the map that is linked to */
    PLACE_WGS84,
    PLACE_GCJ02 /* of Chinese maps: some hundred metres beside the other, in the mainland, Hong Kong and Macau; the same elsewhere. Where that is, is drawn roughly:
                  * bands around the outline that Natural Earth has of China, to a tenth of a degree or so */
};

/* The address: of AMap where the site speaks as the mainland does, of OpenStreetMap elsewhere. `name` may be empty, and is left out where it is long. It shows
 * the place itself, whichever way its degrees are given. */
void place_map(struct buf *b, double lat, double lon, enum place_datum datum, struct slice name, const char *language);
/* False: it is none, or more than one: a picture stands on it, which no platform can show beside a place. What `ret` holds is borrowed. */
bool place_of(const struct message *m, struct place *ret);

#endif
