/* One call of a script: arguments, EVALSHA, the answer in our own words. */
#include "live/inside.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LATER_MS = 500, CALL_MAX = 16 << 20 };

static void on_answer(struct link_ask *ask, const redisReply *reply);

/* ---- arguments ----------------------------------------------------------------------------------------------------- */

void live_id_hex(const struct kf_id *id, char ret[33])
{
    for (int i = 0; i < 16; i++) {
        ret[2 * i] = "0123456789abcdef"[id->b[i] >> 4];
        ret[2 * i + 1] = "0123456789abcdef"[id->b[i] & 15];
    }
    ret[32] = '\0';
}

static int hex_value(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool live_hex_id(const char *hex, size_t n, struct kf_id *ret)
{
    struct kf_id id = { { 0 } };

    if (n == 1 && hex[0] == '-') {
        *ret = id;
        return true;
    }
    if (n != 32)
        return false;
    for (int i = 0; i < 16; i++) {
        int hi = hex_value(hex[2 * i]), lo = hex_value(hex[2 * i + 1]);

        if (hi < 0 || lo < 0)
            return false;
        id.b[i] = (uint8_t)(hi << 4 | lo);
    }
    *ret = id;
    return true;
}

static void argument(struct buf *b, struct slice s)
{
    buf_char(b, '$');
    buf_i64(b, (int64_t)s.n);
    buf_str(b, "\r\n");
    buf_add(b, s);
    buf_str(b, "\r\n");
}

void live_call_text(struct call *c, const char *text)
{
    argument(&c->cmd, slice_of(text));
}

void live_call_i64(struct call *c, int64_t v)
{
    char text[24];

    (void)snprintf(text, sizeof(text), "%" PRId64, v);
    live_call_text(c, text);
}

void live_call_id(struct call *c, const struct kf_id *id)
{
    char hex[33] = "-";

    if (!id_is_zero(id))
        live_id_hex(id, hex);
    live_call_text(c, hex);
}

struct call *live_call_new(struct live *l, enum script script, const struct kf_key *site, int n_args)
{
    struct call *c = calloc(1, sizeof(*c));
    char key[KF_KEY_MAX + 16];

    assert(site->s[0]);
    if (!c)
        return NULL;
    c->live = l;
    c->script = script;
    c->site = *site;
    c->ask.done = on_answer;
    buf_init(&c->cmd, CALL_MAX);
    buf_printf(&c->cmd, "*%d\r\n", 4 + n_args + 1);
    live_call_text(c, "EVALSHA");
    live_call_text(c, l->scripts[script].sha);
    live_call_text(c, "1");
    (void)snprintf(key, sizeof(key), "kefu:{%s}:ready", site->s);
    live_call_text(c, key);
    live_call_i64(c, l->cfg.now_ms(l->cfg.now_ctx));
    return c;
}

/* ---- answers ------------------------------------------------------------------------------------------------------- */

static void end(struct call *c, enum kf_rc rc, const redisReply *reply, const struct kf_err *why)
{
    struct live *l = c->live;

    l->figures.pending--;
    if (rc && rc != KF_CONFLICT) {
        l->figures.failed++;
        if (c->script == SCRIPT_PUT || c->script == SCRIPT_AGENT)
            doubts_note(l, &c->site, why->text);
    }
    c->finish(c, rc, reply, rc ? why : NULL);
    buf_finish(&c->cmd);
    free(c);
}

static enum kf_rc later(struct kf_err *why, const char *text)
{
    why->retry_after_ms = LATER_MS;
    return kf_fail(why, KF_AGAIN, "%s", text);
}

/* An error reply: what to do about it. */
static enum kf_rc error_rc(const char *text, struct kf_err *why)
{
    if (link_says_later(text))
        return later(why, text);
    if (strncmp(text, "NOAUTH ", 7) == 0 || strncmp(text, "NOPERM ", 7) == 0 || strncmp(text, "WRONGPASS ", 10) == 0)
        return kf_fail(why, KF_AUTH, "Redis: %s", text);
    return kf_fail(why, KF_IO, "Redis: %s", text);
}

/* What a script says in a word: "unready", "conflict …". */
static enum kf_rc word_rc(const char *text, struct kf_err *why)
{
    if (strncmp(text, "conflict ", 9) == 0)
        return kf_fail(why, KF_CONFLICT, "%s", text + 9);
    if (strcmp(text, LIVE_UNREADY) == 0)
        return kf_fail(why, KF_CONFLICT, LIVE_UNREADY);
    return kf_fail(why, KF_IO, "a script answers oddly");
}

/* The script is not there (any more): load it and ask again, once. Both commands go together, so nothing comes between. */
static bool repeat(struct call *c)
{
    struct live *l = c->live;
    const struct script_slot *s = &l->scripts[c->script];

    if (c->repeated)
        return false;
    c->repeated = true;
    return link_tell(&l->commands, s->load, s->n) && link_ask(&l->commands, &c->ask, c->cmd.p, c->cmd.n);
}

static void on_answer(struct link_ask *ask, const redisReply *reply)
{
    struct call *c = (struct call *)ask; /* its first member */
    struct kf_err why = { 0 };
    enum kf_rc rc = KF_OK;

    if (!reply)
        rc = later(&why, "the connection to Redis was lost");
    else if (reply->type == REDIS_REPLY_ERROR && strncmp(reply->str, "NOSCRIPT", 8) == 0) {
        if (repeat(c))
            return;
        rc = later(&why, "Redis does not keep its scripts");
    } else if (reply->type == REDIS_REPLY_ERROR)
        rc = error_rc(reply->str, &why);
    else if (reply->type == REDIS_REPLY_STRING)
        rc = word_rc(reply->str, &why);
    else if (reply->type != REDIS_REPLY_STATUS && reply->type != REDIS_REPLY_ARRAY)
        rc = kf_fail(&why, KF_IO, "a script answers oddly");
    /* It stumbled over what it found: somebody else has written there. Loaded anew, the site forgets what nothing can be done with. */
    if (rc == KF_IO && c->script != SCRIPT_RESET && c->script != SCRIPT_DOUBT)
        doubts_note(c->live, &c->site, why.text);
    end(c, rc, rc ? NULL : reply, &why);
}

/* ---- sending ------------------------------------------------------------------------------------------------------- */

static void on_answer_timer(uv_timer_t *timer)
{
    live_call_answer_refused(timer->data);
}

/* Nobody is answered before the call that asked has returned. */
static void refuse(struct call *c, enum kf_rc rc, const char *text)
{
    struct live *l = c->live;

    if (rc == KF_AGAIN)
        (void)later(&c->why, text);
    else
        (void)kf_fail(&c->why, rc, "%s", text);
    c->next_refused = NULL;
    *l->refused_end = c;
    l->refused_end = &c->next_refused;
    if (!l->closing && !uv_is_active((uv_handle_t *)&l->answer))
        uv_timer_start(&l->answer, on_answer_timer, 0, 0);
}

void live_call_answer_refused(struct live *l)
{
    struct call *c = l->refused;

    l->refused = NULL; /* whoever asks again while being answered waits for the next turn */
    l->refused_end = &l->refused;
    while (c) {
        struct call *next = c->next_refused;

        end(c, c->why.rc, NULL, &c->why);
        c = next;
    }
}

void live_call_send(struct call *c)
{
    struct live *l = c->live;

    l->figures.calls++;
    l->figures.pending++;
    if (!buf_ok(&c->cmd))
        refuse(c, KF_NOMEM, "memory, or too many arguments");
    else if (l->commands.pending >= LIVE_PENDING_MAX)
        refuse(c, KF_AGAIN, "too many calls wait for Redis");
    else if (l->commands.state != LINK_UP || !link_ask(&l->commands, &c->ask, c->cmd.p, c->cmd.n))
        refuse(c, KF_AGAIN, "Redis is away");
}
