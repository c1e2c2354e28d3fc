/* upload.c: POST /files. The body passes through in blocks; nothing is held but one piece. */
#include "api/upload.h"
#include "api/files.h"
#include "config.h"
#include "core/file_name.h"
#include "core/mime.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <uthash.h>

struct upload {
    uint64_t req;
    struct turn *turn;
    struct site *site;
    struct file_user who;
    struct kf_id handle, file;
    bool known; /* who it is has been found out: pieces may go on */
    bool last;
    char *held; /* a piece that came before that, or that is being stored */
    size_t n_held;
    struct mime mime;
    bool sniffed;
    char *name; /* as it was stored */
    int64_t size;
    UT_hash_handle hh;
};

static struct upload *uploads;

static int64_t clock_ms(struct turn *t)
{
    return turn_ports(t)->now_ms(turn_ports(t)->ctx);
}

static void upload_free(struct upload *u)
{
    HASH_DEL(uploads, u);
    site_unref(u->site);
    free(u->held);
    free(u->name);
    free(u);
}

static void upload_fail(struct upload *u, enum kf_rc rc, const struct kf_err *why)
{
    store_file_drop(turn_config(u->turn)->store, &u->handle);
    turn_fail(u->turn, rc, why);
    upload_free(u);
}

static void upload_refuse(struct upload *u, enum kf_rc rc, const char *words)
{
    struct kf_err why = { 0 };

    (void)kf_fail(&why, rc, "%s", words);
    upload_fail(u, rc, &why);
}

static struct upload *upload_of(uint64_t req)
{
    struct upload *u = NULL;

    HASH_FIND(hh, uploads, &req, sizeof(req), u);
    return u;
}

static void upload_done(void *ctx, enum kf_rc rc, const struct news *news, const struct kf_err *why)
{
    struct upload *u = upload_of((uint64_t)(uintptr_t)ctx);
    char id[KF_ID_TEXT];
    json_t *root;

    (void)news;
    if (!u)
        return;
    if (rc) {
        upload_fail(u, rc, why);
        return;
    }
    root = json_pack("{s:s,s:s,s:I,s:s}", "id", id_text(&u->file, id), "mime", u->mime.type, "size", (json_int_t)u->size, "name",
                     u->name ? u->name : "");
    if (u->mime.width > 0 && u->mime.height > 0) {
        json_object_set_new(root, "width", json_integer(u->mime.width));
        json_object_set_new(root, "height", json_integer(u->mime.height));
    }
    turn_jansson(u->turn, 201, root);
    upload_free(u);
}

static const char *name_of(struct change *c, struct slice name)
{
    const char *ret;
    struct buf b;

    buf_init(&b, 4096);
    ret = change_text(c, file_name(name, &b));
    buf_finish(&b);
    return ret;
}

static void upload_stored(void *ctx, enum kf_rc rc, const uint8_t sha256[32], int64_t size, const struct kf_err *why)
{
    struct upload *u = upload_of((uint64_t)(uintptr_t)ctx);
    struct change *c;
    struct act *act;

    if (!u)
        return;
    c = rc ? NULL : change_new(&u->site->key, clock_ms(u->turn));
    if (!c) {
        upload_fail(u, rc ? rc : KF_NOMEM, why);
        return;
    }
    c->by = (struct actor){ .role = u->who.visitor ? ROLE_VISITOR : ROLE_AGENT, .id = u->who.id, .name = "" };
    act = change_act(c, ACT_FILE);
    act->u.file.id = u->file;
    memcpy(act->u.file.sha256, sha256, 32);
    act->u.file.size = size;
    act->u.file.name = name_of(c, turn_query(u->turn, "name"));
    act->u.file.mime = u->mime.type;
    act->u.file.width = u->mime.width;
    act->u.file.height = u->mime.height;
    u->name = strdup(act->u.file.name);
    u->size = size;
    turn_ports(u->turn)->commit(turn_ports(u->turn)->ctx, c, upload_done, ctx);
}

static void upload_block(void *ctx, enum kf_rc rc, const struct kf_err *why)
{
    struct upload *u = upload_of((uint64_t)(uintptr_t)ctx);

    if (!u)
        return;
    if (rc) {
        upload_fail(u, rc, why);
        return;
    }
    if (u->last)
        store_file_end(turn_config(u->turn)->store, &u->handle, upload_stored, ctx);
    else
        net_more(api_server(u->turn->api), u->req);
}

static void upload_put(struct upload *u)
{
    struct slice piece = { u->held ? u->held : "", u->n_held };

    if (!u->sniffed) {
        u->mime = mime_of(piece);
        u->sniffed = true;
    }
    store_file_put(turn_config(u->turn)->store, &u->handle, piece, upload_block, (void *)(uintptr_t)u->req);
}

void upload_piece(uint64_t req, struct slice piece, bool last)
{
    struct upload *u = upload_of(req);

    if (!u)
        return;
    free(u->held);
    u->held = piece.n ? malloc(piece.n) : NULL;
    u->n_held = u->held ? piece.n : 0;
    u->last = last;
    if (piece.n && !u->held) {
        upload_fail(u, KF_NOMEM, NULL);
        return;
    }
    if (u->held)
        memcpy(u->held, piece.p, piece.n);
    if (u->known)
        upload_put(u);
}

static void upload_known(struct upload *u)
{
    u->known = true;
    if (u->held || u->last)
        upload_put(u);
}

static void have_staff(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct upload *u = upload_of((uint64_t)(uintptr_t)ctx);
    const struct member *m;
    struct slice csrf;
    char hex[65];

    if (!u)
        return;
    m = rc ? NULL : desk_member(turn_desk(u->turn), &u->site->key, &q->session.person);
    if (rc && rc != KF_ABSENT) {
        upload_fail(u, rc, why);
        return;
    }
    csrf = turn_header(u->turn, "x-csrf-token");
    for (size_t i = 0; !rc && i < 32; i++)
        (void)snprintf(hex + 2 * i, 3, "%02x", q->session.csrf[i]);
    if (rc || !desk_session_alive(turn_desk(u->turn), u->turn->session_hash, &q->session))
        upload_refuse(u, KF_AUTH, "sign in first");
    else if (!m || m->disabled)
        upload_refuse(u, KF_DENIED, "not a member of this site");
    else if (csrf.n != 64 || CRYPTO_memcmp(csrf.p, hex, 64) != 0)
        upload_refuse(u, KF_DENIED, "the X-CSRF-Token header is missing or wrong: GET /api/v1/session tells it");
    else {
        u->who.id = q->session.person;
        upload_known(u);
    }
}

void upload_begin(struct turn *t)
{
    struct site *site = site_named(t->api, turn_query(t, "site"));
    struct slice type = turn_header(t, "content-type");
    struct upload *u;
    uint8_t chance[10];

    if (!site) {
        turn_problem(t, 404, "no such site: ?site=KEY");
        return;
    }
    if (type.n >= 10 && strncasecmp(type.p, "multipart/", 10) == 0) { /* what is in a form would be stored with the form around it */
        turn_problem(t, 415, "send the file itself as the body, not a form; its name goes into the address: ?name=photo.png");
        return;
    }
    u = calloc(1, sizeof(*u));
    if (!u) {
        turn_problem(t, 500, "out of memory");
        return;
    }
    u->req = t->req;
    u->turn = t;
    u->site = site_ref(site);
    turn_ports(t)->chance(turn_ports(t)->ctx, chance, sizeof(chance));
    u->handle = id_make(clock_ms(t), chance);
    turn_ports(t)->chance(turn_ports(t)->ctx, chance, sizeof(chance));
    u->file = id_make(clock_ms(t), chance);
    HASH_ADD(hh, uploads, req, sizeof(u->req), u);
    /* Staff first when it says so by its CSRF token: one browser may hold both cookies. */
    if (!turn_header(t, "x-csrf-token").n && file_visitor(t, site, &u->who.id)) {
        struct kf_err why = { 0 };
        enum kf_rc rc = desk_may_upload(turn_desk(t), site, &u->who.id, t->peer.address, &why);

        u->who.visitor = true;
        if (rc)
            upload_fail(u, rc, &why);
        else
            upload_known(u);
    } else if (!file_session(t, have_staff, (void *)(uintptr_t)t->req))
        upload_refuse(u, KF_AUTH, "an upload needs the visitor's cookie with our Origin, the visitor's token, or a signed-in session");
}

void upload_gone(uint64_t req)
{
    struct upload *u = upload_of(req);

    if (!u)
        return;
    store_file_drop(turn_config(u->turn)->store, &u->handle);
    turn_end(u->turn); /* what the store is still doing finds nobody */
    upload_free(u);
}
