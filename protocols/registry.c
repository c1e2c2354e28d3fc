/* registry.c: all channels, one line each. */
#include "protocols/channel.h"
#include "protocols/fake.h"
#include "protocols/generic.h"
#include "protocols/mail.h"
#include "protocols/qq.h"

const struct channel_ops *const channel_registry[] = {
    &fake_ops,
    &generic_ops,
    &mail_ops,
    &qq_ops,
    NULL,
};
