/* registry.c: all channels that there are: channels.def names them. */
#include "protocols/channel.h"

#define CHANNEL(name) extern const struct channel_ops name##_ops;
#include "protocols/channels.def"
#undef CHANNEL

const struct channel_ops *const channel_registry[] = {
#define CHANNEL(name) &name##_ops,
#include "protocols/channels.def"
#undef CHANNEL
    NULL,
};
