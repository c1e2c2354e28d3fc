/* ports.h: the world as the desk sees it. The daemon fills this with the real parts; the model test runs several desks in one process
 * on real SQLite and Redis under a virtual clock, and loses, delays and repeats what passes here. */
#ifndef KF_DESK_PORTS_H
#define KF_DESK_PORTS_H

#include "live/live.h"
#include "net/client.h"
#include "session/session.h"
#include "store/store.h"

struct ports {
    void *ctx;
    int64_t (*now_ms)(void *ctx);  /* wall clock, UTC: what is stored */
    int64_t (*mono_ms)(void *ctx); /* never jumps: leases and deadlines of this node */
    void (*chance)(void *ctx, void *bytes, size_t n);

    void (*commit)(void *ctx, struct change *c, store_done *done, void *arg);
    void (*read)(void *ctx, struct query *q, store_answer *done, void *arg);

    bool (*live_up)(void *ctx);
    void (*live_reset)(void *ctx, const struct kf_key *site, int64_t lease, live_done *done, void *arg);
    void (*live_ready)(void *ctx, const struct kf_key *site, int64_t lease, live_done *done, void *arg);
    void (*live_look)(void *ctx, const struct kf_key *site, int limit, live_viewed *done, void *arg);
    void (*live_reserve)(void *ctx, const struct kf_key *site, int64_t lease, const struct kf_id *conv, int64_t epoch,
                         const struct kf_id *agent, int64_t hold_ms, live_done *done, void *arg);
    void (*live_put)(void *ctx, const struct conv *c, live_done *done, void *arg);
    void (*live_agent)(void *ctx, const struct kf_key *site, const struct kf_id *agent, enum presence presence, int capacity,
                       live_done *done, void *arg);
    void (*live_connected)(void *ctx, const struct kf_key *site, const struct kf_id *agents, size_t n, live_done *done, void *arg);
    void (*live_gone)(void *ctx, const struct kf_key *site, const struct kf_id *agent, live_done *done, void *arg);
    void (*live_refuse)(void *ctx, const struct kf_key *site, const struct kf_id *conv, const struct kf_id *agent, int64_t until,
                        bool handed, live_done *done, void *arg);
    void (*live_position)(void *ctx, const struct kf_key *site, const struct kf_key *queue, const struct kf_id *conv,
                          live_position_done *done, void *arg);
    void (*live_positions)(void *ctx, const struct kf_key *site, const struct kf_key *queue, int64_t from, int limit,
                           live_positions_done *done, void *arg);
    void (*live_hint)(void *ctx, const struct kf_key *site, const struct kf_id *conv, int64_t seq);
    void (*live_watch)(void *ctx, const struct kf_key *site);

    void (*fetch)(void *ctx, const struct http_req *req, net_fetched *done, void *arg);

    /* The contents of files, as store.h has them. */
    void (*file_put)(void *ctx, const struct kf_id *handle, struct slice block, store_block_done *done, void *arg);
    void (*file_end)(void *ctx, const struct kf_id *handle, store_file_done *done, void *arg);
    void (*file_get)(void *ctx, const uint8_t sha256[32], int64_t index, store_file_block *done, void *arg);
};

#endif
