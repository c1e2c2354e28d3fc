/* The scripts are loaded while a connection is greeted: Redis tells each one's hash, by which it is then called. */
#include "live/inside.h"
#include "live/scripts.h"

#include <stdlib.h>
#include <string.h>

static const char *const names[SCRIPTS] = {
    [SCRIPT_AGENT] = "agent",
    [SCRIPT_CONNECTED] = "connected",
    [SCRIPT_DOUBT] = "doubt",
    [SCRIPT_GONE] = "gone",
    [SCRIPT_LOOK] = "look",
    [SCRIPT_POSITION] = "position",
    [SCRIPT_POSITIONS] = "positions",
    [SCRIPT_PUT] = "put",
    [SCRIPT_READY] = "ready",
    [SCRIPT_REFUSE] = "refuse",
    [SCRIPT_RESERVE] = "reserve",
    [SCRIPT_RESET] = "reset",
#ifdef KEFUD_FAULT
    [SCRIPT_MUTANT_CHECK] = "mutant_check",
    [SCRIPT_MUTANT_TAKE] = "mutant_take",
#endif
};

static const char *find(const struct live_script *s, const char *name)
{
    while (s->name && strcmp(s->name, name) != 0)
        s++;
    return s->text;
}

static const char *text_of(const char *name)
{
    const char *text = find(live_scripts, name);

#ifdef KEFUD_FAULT
    if (!text)
        text = find(live_mutants, name);
#endif
    return text;
}

static char *load_command(const char *prelude, const char *text, size_t *n)
{
    struct buf script;
    const char *argv[3] = { "SCRIPT", "LOAD", NULL };
    char *cmd = NULL;
    int len = -1;

    buf_init(&script, 65536);
    buf_str(&script, prelude);
    buf_str(&script, text);
    argv[2] = script.p;
    if (buf_ok(&script))
        len = redisFormatCommandArgv(&cmd, 3, argv, NULL);
    buf_finish(&script);
    *n = len < 0 ? 0 : (size_t)len;
    return len < 0 ? NULL : cmd;
}

enum kf_rc scripts_init(struct live *l, struct kf_err *why)
{
    const char *prelude = text_of("prelude");

    for (int i = 0; i < SCRIPTS; i++) {
        struct script_slot *s = &l->scripts[i];
        const char *text = text_of(names[i]);

        if (!prelude || !text)
            return kf_fail(why, KF_IO, "the script %s is not part of this program", names[i]);
        s->live = l;
        s->name = names[i];
        s->load = load_command(prelude, text, &s->n);
        if (!s->load)
            return kf_fail(why, KF_NOMEM, "script %s", names[i]);
    }
    return KF_OK;
}

void scripts_finish(struct live *l)
{
    for (int i = 0; i < SCRIPTS; i++) {
        if (l->scripts[i].load)
            redisFreeCommand(l->scripts[i].load);
    }
}

static void loaded(struct link_ask *a, const redisReply *reply)
{
    struct script_slot *s = (struct script_slot *)a; /* its first member */
    struct live *l = s->live;

    if (!reply || l->commands.state != LINK_GREETING)
        return;
    if (reply->type != REDIS_REPLY_STRING || reply->len != SHA_TEXT - 1) {
        link_lost(&l->commands, reply->type == REDIS_REPLY_ERROR ? reply->str : "SCRIPT LOAD answers oddly");
        return;
    }
    memcpy(s->sha, reply->str, SHA_TEXT);
    if (--l->scripts_left == 0)
        link_ready(&l->commands);
}

void scripts_greet(struct live *l)
{
    l->scripts_left = SCRIPTS;
    for (int i = 0; i < SCRIPTS; i++) {
        struct script_slot *s = &l->scripts[i];

        s->ask.done = loaded;
        if (!link_ask(&l->commands, &s->ask, s->load, s->n)) {
            link_lost(&l->commands, "SCRIPT LOAD cannot be sent");
            return;
        }
    }
}
