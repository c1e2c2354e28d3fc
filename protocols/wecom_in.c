/* wecom_in.c: notices, and the pages that they are about. */
#include "protocols/wecom_impl.h"
#include "protocols/xml.h"

#define PAGE_ITEMS  1000
#define SMALL_ITEMS 50
#define PAGE_BYTES  (16u << 20)
#define NAMES_MAX   100
#define NAME_MAX    255

enum { CODE_OK = 0, CODE_BUSY = -1, CODE_TOKEN_MALFORMED = 40014, CODE_TOKEN_EXPIRED = 42001, CODE_RATE = 45009, CODE_STALE = 95007 };

/* pulled.step: how this page is asked for. */
enum {
    STEP_NO_TOKEN = 1, /* the notice's token is stale: without it */
    STEP_SMALL = 2,    /* a page of the usual length is more than we take */
    STEP_NAMES = 4     /* the page is there, its names have been asked for */
};

/* ---- a notice ---------------------------------------------------------------------------------------------------------------------- */

static void refuse(struct received *ret, int status, const char *reason)
{
    *ret = (struct received){ .status = status, .type = "text/plain", .body = slice_of(reason), .refused = reason };
}

/* Verified before it is decrypted. KF_REJECTED: it is refused with `status`, and `out` says so. */
static enum kf_rc open_sealed(const struct wecom *w, struct arena *a, const struct http_req *req, struct slice sealed, int status,
                              struct slice *ret, struct received *out)
{
    const char *reason = sealed.n ? wx_refusal(w->token, req, "msg_signature", sealed) : "not_encrypted";
    const struct wx_key *used;
    enum kf_rc rc;

    if (reason) {
        refuse(out, status, reason);
        return KF_REJECTED;
    }
    rc = wx_decrypt_either(&w->key, &w->previous, a, sealed, w->corp, ret, &used);
    if (rc == KF_DENIED && w->suite.n)
        rc = wx_decrypt_either(&w->key, &w->previous, a, sealed, w->suite, ret, &used);
    if (rc == KF_OK || rc == KF_NOMEM)
        return rc;
    refuse(out, status, rc == KF_DENIED ? "wrong_receiver" : "decrypt_failed");
    return KF_REJECTED;
}

static enum kf_rc handshake(const struct wecom *w, struct arena *a, const struct http_req *req, struct received *ret)
{
    struct slice echo;
    enum kf_rc rc = open_sealed(w, a, req, http_query(req->query, req->n_query, "echostr"), 403, &echo, ret);

    if (rc == KF_OK)
        *ret = (struct received){ .status = 200, .type = "text/plain", .body = echo };
    return rc == KF_REJECTED ? KF_OK : rc;
}

/* Accounts were granted, or withdrawn: which of them it is about, ours if it is one of several. */
static struct slice account_changed(const struct wecom *w, const struct xml_node *root)
{
    struct slice ret = { NULL, 0 };

    for (const struct xml_node *n = root->child; n; n = n->next)
        if ((slice_is(n->name, "AuthAddOpenKfId") || slice_is(n->name, "AuthDelOpenKfId")) && n->text.n &&
            (!ret.n || slice_eq(n->text, w->account)))
            ret = n->text;
    return ret;
}

static void take_notice(const struct wecom *w, const struct xml_node *root, struct received *ret)
{
    struct slice token = xml_text(root, "Token");

    *ret = (struct received){ .status = 200, .type = "text/plain", .body = SLICE("") };
    if (slice_is(xml_text(root, "Event"), "kf_account_auth_change")) {
        /* What has waited is fetched at once; and to whom it was withdrawn, the platform's answer says, which the owner is told. */
        ret->pull_account = account_changed(w, root);
        ret->pull = ret->pull_account.n > 0;
        ret->pull_token = SLICE("");
        return;
    }
    if (!slice_is(xml_text(root, "Event"), "kf_msg_or_event"))
        return; /* of all else that there may be, nothing is about customers */
    ret->pull = true;
    ret->pull_token = token.p ? token : SLICE("");
    ret->pull_account = xml_text(root, "OpenKfId");
}

enum kf_rc wecom_receive(const struct channel *ch, struct arena *a, const struct http_req *req, const struct env *env, struct received *ret)
{
    const struct wecom *w = wecom_of(ch);
    struct xml_node *root = NULL;
    struct slice document;
    enum kf_rc rc;

    (void)env;
    if (strcmp(req->method, "GET") == 0)
        return handshake(w, a, req, ret);
    if (strcmp(req->method, "POST") != 0) {
        refuse(ret, 405, "wrong_method");
        return KF_OK;
    }
    rc = xml_read(a, req->body, &root, NULL);
    if (rc == KF_OK) {
        rc = open_sealed(w, a, req, xml_text(root, "Encrypt"), 401, &document, ret);
        if (rc)
            return rc == KF_REJECTED ? KF_OK : rc;
        rc = xml_read(a, document, &root, NULL);
    }
    if (rc == KF_OK)
        take_notice(w, root, ret);
    else if (rc == KF_INVALID)
        refuse(ret, 400, "malformed_body");
    return rc == KF_INVALID ? KF_OK : rc;
}

/* ---- a page ------------------------------------------------------------------------------------------------------------------------ */

static enum kf_rc ask_page(const struct wecom *w, struct arena *a, const struct env *env, struct slice token, int step,
                           struct http_req *ret)
{
    enum kf_rc rc;
    struct buf b;

    buf_init(&b, 4096);
    buf_str(&b, "{\"open_kfid\":");
    wx_json(&b, w->account);
    if (env->cursor.n) {
        buf_str(&b, ",\"cursor\":");
        wx_json(&b, env->cursor);
    }
    if (token.n && !(step & STEP_NO_TOKEN)) {
        buf_str(&b, ",\"token\":");
        wx_json(&b, token);
    }
    buf_printf(&b, ",\"limit\":%d}", step & STEP_SMALL ? SMALL_ITEMS : PAGE_ITEMS);
    rc = wx_post(w->url, a, "/cgi-bin/kf/sync_msg", env->token, &b, ret);
    ret->answer_max = PAGE_BYTES;
    return rc ? rc : KF_AGAIN;
}

/* What is older than the channel's beginning stays where it is; an item that cannot be read is counted: it must not hold up those behind it. */
static enum kf_rc read_items(const struct wecom *w, struct arena *a, const json_t *list, struct pulled *done)
{
    size_t n = json_array_size(list);
    struct inbound *all = arena_array(a, n + 1, sizeof(*all));

    if (!all)
        return KF_NOMEM;
    done->inbound = all;
    done->n = done->n_unread = 0;
    for (size_t i = 0; i < n; i++) {
        bool nomem = false;

        if (!wecom_item(w, a, json_array_get(list, i), &all[done->n], &nomem))
            done->n_unread++;
        else if (all[done->n].at >= w->since_ms)
            done->n++;
        if (nomem)
            return KF_NOMEM;
    }
    return KF_OK;
}

/* Has this one stood on the page before? */
static bool first_of_user(const struct pulled *done, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (done->inbound[k].kind == INBOUND_MESSAGE && slice_eq(done->inbound[k].user, done->inbound[i].user))
            return false;
    return done->inbound[i].kind == INBOUND_MESSAGE;
}

/* A welcome or a farewell, or NULL: none is due, or it is too late. */
static const struct slice *words_for(const struct wecom *w, const struct inbound *in, int64_t now_ms)
{
    const struct slice *ret = NULL;

    if (in->kind != INBOUND_SYSTEM || !in->reply_token.n || now_ms >= in->reply_expires_ms)
        return NULL;
    if (slice_is(in->code, "enter_session"))
        ret = &w->welcome;
    else if (slice_is(in->code, "session_ended"))
        ret = &w->goodbye;
    return ret && ret->n ? ret : NULL;
}

/* What is to be said when the page is stored. */
static enum kf_rc read_after(const struct wecom *w, struct arena *a, const struct env *env, struct pulled *done)
{
    struct http_req *all = arena_array(a, done->n + 1, sizeof(*all));
    enum kf_rc rc = all ? KF_OK : KF_NOMEM;

    done->after = all;
    done->n_after = 0;
    for (size_t i = 0; !rc && i < done->n; i++) {
        const struct inbound *in = &done->inbound[i];
        bool ours = slice_eq(in->account, w->account); /* another account says its own words, and has its own sessions */
        const struct slice *words = ours ? words_for(w, in, env->now_ms) : NULL;

        if (words && words == &w->welcome)
            rc = wecom_say_welcome(w, a, env->token, in->reply_token, &all[done->n_after++]);
        else if (words)
            rc = wecom_say_on_event(w, a, env->token, in->reply_token, *words, &all[done->n_after++]);
        else if (ours && w->take && first_of_user(done, i))
            rc = wecom_move(w, a, env->token, in->user, WECOM_ROBOT, SLICE(""), &all[done->n_after++]);
    }
    return rc;
}

/* KF_OK: there is nobody to ask for. */
static enum kf_rc ask_names(const struct wecom *w, struct arena *a, const struct env *env, const struct pulled *done, struct http_req *ret)
{
    int n = 0;
    enum kf_rc rc;
    struct buf b;

    if (!w->names)
        return KF_OK;
    buf_init(&b, 65536);
    buf_str(&b, "{\"external_userid_list\":[");
    for (size_t i = 0; i < done->n && n < NAMES_MAX; i++)
        if (first_of_user(done, i)) {
            if (n++)
                buf_char(&b, ',');
            wx_json(&b, done->inbound[i].user);
        }
    buf_str(&b, "],\"need_enter_session_context\":0}");
    if (!n) {
        buf_finish(&b);
        return KF_OK;
    }
    rc = wx_post(w->url, a, "/cgi-bin/kf/customer/batchget", env->token, &b, ret);
    return rc ? rc : KF_AGAIN;
}

/* Names are welcome, and nothing waits for them: whatever the answer is, the page goes on. */
static enum kf_rc read_names(struct arena *a, const struct http_resp *resp, struct pulled *done)
{
    struct json_keep keep = { .arena = a };
    json_t *root = resp->status == 200 ? json_read(a, resp->body, JSON_OF_PLATFORMS, NULL) : NULL;
    const json_t *list = json_object_get(root, "customer_list");

    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *one = json_array_get(list, i);
        struct slice user = json_get_text(&keep, one, "external_userid"), name = json_get_text(&keep, one, "nickname");
        struct slice profile = wx_profile(&keep, one);

        for (size_t k = 0; user.n && k < done->n; k++) {
            if (!slice_eq(done->inbound[k].user, user))
                continue;
            if (name.n && name.n <= NAME_MAX)
                done->inbound[k].user_name = name;
            done->inbound[k].profile = profile;
        }
    }
    json_decref(root);
    return keep.failed ? KF_NOMEM : KF_OK;
}

static enum kf_rc read_page(const struct wecom *w, struct arena *a, const struct env *env, const json_t *root, struct http_req *ret,
                            struct pulled *done)
{
    struct json_keep keep = { .arena = a };
    struct slice next = json_get_text(&keep, root, "next_cursor");
    int64_t more = 0;
    enum kf_rc rc = read_items(w, a, json_object_get(root, "msg_list"), done);

    json_get_i64(root, "has_more", &more);
    if (!rc)
        rc = read_after(w, a, env, done);
    if (rc || keep.failed)
        return KF_NOMEM;
    done->cursor = next.n ? next : env->cursor;
    done->more = more == 1 && next.n && !slice_eq(next, env->cursor);
    done->step |= STEP_NAMES;
    return ask_names(w, a, env, done, ret);
}

static enum kf_rc trouble(const struct wecom *w, struct arena *a, const struct env *env, struct slice token, int64_t code,
                          struct slice said, struct http_req *ret, struct pulled *done)
{
    done->cursor = env->cursor;
    if (code == CODE_TOKEN_MALFORMED || code == CODE_TOKEN_EXPIRED) {
        done->token_expired = true;
        return KF_OK;
    }
    if (code == CODE_STALE && token.n && !(done->step & STEP_NO_TOKEN)) {
        done->step |= STEP_NO_TOKEN;
        return ask_page(w, a, env, token, done->step, ret);
    }
    if (code == CODE_BUSY || code == CODE_RATE)
        return KF_RATE;
    if (wecom_class(code) != OUTCOME_AUTH && !wecom_account_trouble(code))
        return KF_IO;
    done->words = slice_of(arena_printf(a, "%lld: %.*s", (long long)code, (int)said.n, said.n ? said.p : ""));
    return KF_AUTH;
}

enum kf_rc wecom_pull(const struct channel *ch, struct arena *a, const struct env *env, struct slice token, const struct http_resp *last,
                      struct http_req *ret, struct pulled *done)
{
    const struct wecom *w = wecom_of(ch);
    struct json_keep keep = { .arena = a };
    int64_t code = CODE_BUSY;
    json_t *root;
    enum kf_rc rc;

    if (!env->token.n)
        return KF_AUTH;
    if (!last) {
        *done = (struct pulled){ .n = 0 };
        return ask_page(w, a, env, token, 0, ret);
    }
    if (done->step & STEP_NAMES)
        return read_names(a, last, done);
    if (last->too_large && !(done->step & STEP_SMALL)) {
        done->step |= STEP_SMALL;
        return ask_page(w, a, env, token, done->step, ret);
    }
    root = last->status == 200 ? json_read(a, last->body, JSON_OF_PLATFORMS, NULL) : NULL;
    if (!root || !json_get_i64(root, "errcode", &code))
        rc = KF_IO;
    else if (code == CODE_OK)
        rc = read_page(w, a, env, root, ret, done);
    else
        rc = trouble(w, a, env, token, code, json_get_text(&keep, root, "errmsg"), ret, done);
    json_decref(root);
    return rc;
}
