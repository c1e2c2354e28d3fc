#include "live/inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- up and down --------------------------------------------------------------------------------------------------- */

/* Up means both: what is asked is answered, and what others say is heard. */
static void look_again(struct live *l)
{
    bool up = l->commands.state == LINK_UP && l->subscription.state == LINK_UP;

    if (up == l->up || l->closing)
        return;
    l->up = up;
    if (l->cfg.changed)
        l->cfg.changed(l->cfg.ctx, up);
}

static void on_link_changed(void *ctx, bool up)
{
    struct live *l = ctx;

    (void)up;
    l->pulse_asked = false;
    doubts_tell(l); /* before anybody who is told below asks anything */
    look_again(l);
}

static void on_commands_greet(void *ctx)
{
    scripts_greet(ctx);
}

static void on_subscription_greet(void *ctx)
{
    hints_greet(ctx);
}

static void on_pushed(void *ctx, const char *channel, const char *payload, size_t n)
{
    struct live *l = ctx;

    if (!l->closing)
        hints_pushed(l, channel, payload, n);
}

static void on_server_ready(void *ctx)
{
    struct live *l = ctx;

    link_hurry(&l->commands);
    link_hurry(&l->subscription);
}

static void on_tick(uv_timer_t *timer)
{
    struct live *l = timer->data;

    doubts_tell(l);
    if (++l->ticks % LIVE_PULSE_TICKS == 0)
        hints_pulse(l);
}

bool live_up(const struct live *l)
{
    return l->up;
}

int live_server_pid(const struct live *l)
{
    return l->keeps ? (int)l->keeper.pid : 0;
}

void live_figures(const struct live *l, struct live_figures *ret)
{
    *ret = l->figures;
    ret->reconnects = l->commands.ups ? l->commands.ups - 1 : 0;
    ret->doubted = l->n_doubts;
}

/* ---- death --------------------------------------------------------------------------------------------------------- */

static void live_free(struct live *l)
{
    scripts_finish(l);
    free(l->watches);
    free(l->doubts);
    free(l);
}

static void part_finished(void *ctx)
{
    struct live *l = ctx;

    if (--l->parts == 0)
        live_free(l);
}

static void on_handle_closed(uv_handle_t *handle)
{
    part_finished(handle->data);
}

void live_close(struct live *l)
{
    if (!l)
        return;
    l->closing = true;
    l->up = false;
    link_finish(&l->commands);
    link_finish(&l->subscription);
    while (l->refused)
        live_call_answer_refused(l);
    if (l->keeps)
        keeper_finish(&l->keeper);
    uv_close((uv_handle_t *)&l->answer, on_handle_closed);
    uv_close((uv_handle_t *)&l->tick, on_handle_closed);
}

/* ---- birth --------------------------------------------------------------------------------------------------------- */

static enum kf_rc find_redis(struct live *l, struct kf_err *why)
{
    const struct live_config *cfg = &l->cfg;
    struct keeper_config kc = {
        .loop = l->loop,
        .program = cfg->server ? cfg->server : "redis-server",
        .state_dir = cfg->state_dir,
        .ready = on_server_ready,
        .finished = part_finished,
        .log = cfg->log,
        .ctx = l,
    };
    enum kf_rc rc;

    if (cfg->url)
        return redis_address_parse(&l->where, cfg->url, cfg->password, why);
    rc = keeper_init(&l->keeper, &kc, why);
    if (rc)
        return rc;
    l->keeps = true;
    l->where = l->keeper.where;
    return KF_OK;
}

static void open_links(struct live *l)
{
    struct link_config lc = {
        .loop = l->loop,
        .where = &l->where,
        .name = l->name,
        .quiet = l->keeps, /* it takes a moment to start */
        .greet = on_commands_greet,
        .changed = on_link_changed,
        .finished = part_finished,
        .log = l->cfg.log,
        .ctx = l,
    };

    link_init(&l->commands, &lc);
    lc.name = l->name_sub;
    lc.greet = on_subscription_greet;
    lc.pushed = on_pushed;
    link_init(&l->subscription, &lc);
}

enum kf_rc live_open(struct live **ret, struct uv_loop_s *loop, const struct live_config *cfg, struct kf_err *why)
{
    enum kf_rc rc;
    struct live *l = calloc(1, sizeof(*l));

    if (!l)
        return kf_fail(why, KF_NOMEM, "live");
    l->loop = loop;
    l->cfg = *cfg;
    l->refused_end = &l->refused;
    live_id_hex(&cfg->node, l->node);
    (void)snprintf(l->name, sizeof(l->name), "kefud-%s", l->node);
    (void)snprintf(l->name_sub, sizeof(l->name_sub), "kefud-%s-hints", l->node);
    (void)snprintf(l->pulse_channel, sizeof(l->pulse_channel), "kefu:pulse:%s", l->node);
    rc = scripts_init(l, why);
    if (rc)
        goto fail;
    rc = find_redis(l, why);
    if (rc)
        goto fail;
    open_links(l);
    uv_timer_init(loop, &l->answer);
    uv_timer_init(loop, &l->tick);
    l->answer.data = l->tick.data = l;
    uv_timer_start(&l->tick, on_tick, LIVE_TICK_MS, LIVE_TICK_MS);
    l->parts = 4 + (l->keeps ? 1 : 0);
    *ret = l;
    return KF_OK;
fail:
    live_free(l);
    return rc;
}
