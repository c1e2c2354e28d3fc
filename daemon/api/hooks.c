#include "api/api.h"
const struct route_entry routes_hooks[] = { { NULL, NULL, GATE_OPEN, NULL } };
