/* world.h: the world as the desk sees it: `struct ports` over the real parts. */
#ifndef KF_WORLD_H
#define KF_WORLD_H

#include "desk/ports.h"
#include "live/live.h"
#include "net/client.h"
#include "store/store.h"

/* Borrowed parts; NULL: not there yet, or gone already. What asks for such a part is answered at once, with KF_AGAIN. */
struct world {
    struct store *store;
    struct live *live;
    struct net_client *client;
};

/* Ports whose context is `w`: it must stay where it is. The loop's thread only. */
struct ports world_ports(struct world *w);

#endif
