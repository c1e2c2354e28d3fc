/* registry.c: all channels, one line each. */
#include "protocols/channel.h"
#include "protocols/fake.h"
#include "protocols/generic.h"
#include "protocols/telegram.h"
#include "protocols/whatsapp.h"

const struct channel_ops *const channel_registry[] = {
    &fake_ops, &generic_ops, &telegram_ops, &whatsapp_ops, NULL,
};
