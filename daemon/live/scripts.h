/* scripts.h: the Lua files beside this one, as text (embed.sh writes them into build/gen/lua.c). */
#ifndef KF_LIVE_SCRIPTS_H
#define KF_LIVE_SCRIPTS_H

#include <stddef.h>

struct live_script {
    const char *name; /* of the file, without .lua */
    const char *text;
};

/* Ended by a NULL name. "prelude" stands before each of the others when it is loaded. */
extern const struct live_script live_scripts[];
#ifdef KEFUD_FAULT
extern const struct live_script live_mutants[];
#endif

#endif
