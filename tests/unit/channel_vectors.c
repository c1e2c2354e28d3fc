#include "channel_vectors.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

struct vector_case {
    const struct vector_channel *channel;
    const json_t *vector;
    struct channel *open;
    struct arena *arena;
};

/* ---- reading the file ------------------------------------------------------------------------------------------------------- */

const json_t *v_get(const json_t *obj, const char *name)
{
    return json_object_get(obj, name);
}

const char *v_text(const json_t *obj, const char *name)
{
    return json_string_value(json_object_get(obj, name));
}

struct slice v_slice(const json_t *obj, const char *name)
{
    const json_t *v = json_object_get(obj, name);

    return (struct slice){ json_is_string(v) ? json_string_value(v) : NULL, json_string_length(v) };
}

int64_t v_number(const json_t *obj, const char *name)
{
    return json_integer_value(json_object_get(obj, name));
}

static void v_body_parts(const json_t *parts, struct buf *b)
{
    for (size_t i = 0; i < json_array_size(parts); i++) {
        const json_t *part = json_array_get(parts, i);
        int64_t count = v_get(part, "count") ? v_number(part, "count") : 1;
        struct slice text = v_slice(part, v_get(part, "repeat") ? "repeat" : "text");

        while (count-- > 0)
            buf_add(b, text);
    }
}

struct slice v_body(struct arena *a, const json_t *inputs)
{
    struct slice b64 = v_slice(inputs, "body_b64");
    uint8_t digest[SIGN_SHA256];
    struct slice ret;
    struct buf b;

    buf_init(&b, 16u << 20);
    if (b64.n) {
        uint8_t *bytes = arena_alloc(a, b64.n);
        size_t n = 0;

        assert_true(sign_base64_decode(b64, bytes, b64.n, &n));
        buf_add(&b, (struct slice){ (const char *)bytes, n });
    } else if (v_get(inputs, "body_parts")) {
        v_body_parts(v_get(inputs, "body_parts"), &b);
    } else {
        buf_add(&b, v_slice(inputs, "body"));
    }
    assert_true(buf_ok(&b));
    ret = arena_copy(a, buf_slice(&b));
    buf_finish(&b);
    if (v_get(inputs, "body_len"))
        assert_int_equal(ret.n, v_number(inputs, "body_len"));
    if (v_get(inputs, "body_sha256")) {
        assert_true(sign_sha256(&ret, 1, digest));
        assert_true(sign_equal_hex(v_slice(inputs, "body_sha256"), digest, sizeof(digest)));
    }
    return ret;
}

static size_t v_headers(struct arena *a, const json_t *headers, struct http_pair **ret)
{
    struct http_pair *all = arena_array(a, json_object_size(headers) + 1, sizeof(*all));
    const char *name;
    json_t *value;
    size_t n = 0;

    json_object_foreach((json_t *)headers, name, value) all[n++] =
        (struct http_pair){ slice_of(name), { json_string_value(value), json_string_length(value) } };
    *ret = all;
    return n;
}

struct http_req v_request(struct arena *a, const json_t *inputs)
{
    struct http_pair *headers, *query = arena_array(a, 64, sizeof(*query));
    struct http_req req = { .method = v_text(inputs, "method") ? v_text(inputs, "method") : "POST", .url = "/hooks/x" };

    req.n_headers = v_headers(a, v_get(inputs, "headers"), &headers);
    req.headers = headers;
    req.n_query = url_query(a, slice_of(v_text(inputs, "query")), query, 64);
    assert_true(req.n_query <= 64);
    req.query = query;
    req.body = v_body(a, inputs);
    return req;
}

/* ---- events ------------------------------------------------------------------------------------------------------------------ */

static const char *v_kind_word(enum inbound_kind kind)
{
    switch (kind) {
    case INBOUND_MESSAGE:
        return "message";
    case INBOUND_TYPING:
        return "typing";
    case INBOUND_READ:
        return "read";
    case INBOUND_EDIT:
        return "edit";
    case INBOUND_DELETE:
        return "delete";
    case INBOUND_REACTION:
        return "reaction";
    case INBOUND_POSTBACK:
        return "postback";
    case INBOUND_COMMAND:
        return "command";
    case INBOUND_STATUS:
        return "status";
    case INBOUND_ECHO:
        return "echo";
    case INBOUND_FOLLOW:
        return "follow";
    case INBOUND_UNFOLLOW:
        return "unfollow";
    case INBOUND_OPTIN:
        return "optin";
    case INBOUND_OPTOUT:
        return "optout";
    case INBOUND_SYSTEM:
        return "system";
    default:
        return "?";
    }
}

static const char *v_type_word(enum inbound_type type)
{
    static const char *const words[] = {
        [TYPE_TEXT] = "text",
        [TYPE_IMAGE] = "image",
        [TYPE_AUDIO] = "audio",
        [TYPE_VIDEO] = "video",
        [TYPE_FILE] = "document",
        [TYPE_STICKER] = "sticker",
        [TYPE_LOCATION] = "location",
        [TYPE_CONTACT] = "contact",
        [TYPE_LINK] = "link",
        [TYPE_RICH] = "rich",
        [TYPE_CHOICE] = "choice",
        [TYPE_FORM] = "form",
        [TYPE_UNSUPPORTED] = "unsupported",
    };

    return words[type];
}

static void v_expect_media(const json_t *want, const struct inbound *in)
{
    assert_int_equal(in->n_media, json_array_size(want));
    for (size_t i = 0; i < in->n_media; i++) {
        const json_t *w = json_array_get(want, i);
        const struct media *m = &in->media[i];

        if (v_get(w, "type"))
            assert_string_equal(v_type_word(m->type), v_text(w, "type"));
        if (v_get(w, "url"))
            assert_true(slice_eq(m->url, v_slice(w, "url")));
        if (v_get(w, "id"))
            assert_true(slice_eq(m->id, v_slice(w, "id")));
        if (v_get(w, "mime"))
            assert_true(slice_eq(m->mime, v_slice(w, "mime")));
        if (v_get(w, "name"))
            assert_true(slice_eq(m->name, v_slice(w, "name")));
        if (v_get(w, "size"))
            assert_int_equal(m->size, v_number(w, "size"));
        if (v_get(w, "duration_ms"))
            assert_int_equal(m->duration_ms, v_number(w, "duration_ms"));
    }
}

static bool v_ends_with(struct slice s, struct slice tail)
{
    return s.n >= tail.n && memcmp(s.p + s.n - tail.n, tail.p, tail.n) == 0;
}

/* Ids and codes may stand there as numbers; ours are texts. */
static void v_expect_text(const char *name, struct slice have, const json_t *want)
{
    char *number = json_is_integer(want) ? json_dumps(want, JSON_ENCODE_ANY) : NULL;
    struct slice text = number ? slice_of(number) : (struct slice){ json_string_value(want), json_string_length(want) };

    if (!slice_eq(have, text))
        fail_msg("%s: \"%.*s\", expected \"%.*s\"", name, (int)have.n, have.p, (int)text.n, text.p);
    free(number);
}

/* One member of an expected event. A member that this runner does not know fails: nothing is passed over in silence. */
static void v_expect_member(const json_t *want, const char *name, const struct inbound *in)
{
    const struct {
        const char *name;
        struct slice value;
    } texts[] = {
        { "account", in->account },   { "user", in->user },       { "user_name", in->user_name },
        { "conversation", in->peer }, { "thread", in->thread },   { "id", in->id },
        { "text", in->text },         { "payload", in->payload }, { "ref", in->ref },
        { "code", in->code },         { "reason", in->reason },   { "reply_token", in->reply_token },
        { "profile", in->profile },   { "locale", in->locale },   { "title", in->title },
        { "url", in->url },           { "agent", in->agent },     { "referral", in->referral },
    };
    const json_t *v = v_get(want, name);

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (!strcmp(name, texts[i].name)) {
            v_expect_text(name, texts[i].value, v);
            return;
        }
    if (!strcmp(name, "kind"))
        assert_string_equal(v_kind_word(in->kind), json_string_value(v));
    else if (!strcmp(name, "type"))
        assert_string_equal(v_type_word(in->type), json_string_value(v));
    else if (!strcmp(name, "dedupe"))
        assert_true(v_ends_with(in->dedupe, v_slice(want, name)));
    else if (!strcmp(name, "ts_ms"))
        assert_int_equal(in->at, json_integer_value(v));
    else if (!strcmp(name, "status"))
        assert_string_equal(delivery_name(in->delivery), json_string_value(v));
    else if (!strcmp(name, "media"))
        v_expect_media(v, in);
    else if (!strcmp(name, "lat"))
        assert_true(in->lat == json_number_value(v));
    else if (!strcmp(name, "lon"))
        assert_true(in->lon == json_number_value(v));
    else if (!strcmp(name, "on"))
        assert_int_equal(in->on, json_is_true(v));
    else if (!strcmp(name, "auto"))
        assert_int_equal(in->automatic, json_is_true(v));
    else if (!strcmp(name, "seq"))
        assert_int_equal(in->seq, json_integer_value(v));
    else if (!strcmp(name, "reply_expires_ms"))
        assert_int_equal(in->reply_expires_ms, json_integer_value(v));
    else if (!strcmp(name, "text_utf8_len"))
        assert_int_equal(in->text.n, json_integer_value(v));
    else
        fail_msg("the runner does not know the member %s", name);
}

static const struct vector_departure *v_departure(const struct vector_case *c)
{
    const struct vector_departure *d = c->channel->departures;

    for (; d && d->name; d++)
        if (!strcmp(d->name, v_text(c->vector, "name")))
            return d;
    return NULL;
}

static void v_expect_event(const struct vector_case *c, const json_t *want, const struct inbound *in)
{
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)want, name, value)
    {
        (void)value;
        if (!c || !c->channel->member || !c->channel->member(want, name, in))
            v_expect_member(want, name, in);
    }
    assert_true(in->dedupe.n > 0);
}

static void v_expect_all(const struct vector_case *c, const json_t *events, const struct inbound *in, size_t n)
{
    assert_int_equal(n, json_array_size(events));
    for (size_t i = 0; i < n; i++)
        v_expect_event(c, json_array_get(events, i), &in[i]);
}

void v_expect_events(const json_t *events, const struct inbound *in, size_t n)
{
    v_expect_all(NULL, events, in, n);
}

/* ---- kinds ------------------------------------------------------------------------------------------------------------------- */

struct env v_env(const json_t *inputs)
{
    return (struct env){
        .now_ms = v_number(inputs, "now") * 1000,
        .chance = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 },
        .public_url = "https://kefud.example",
        .token = v_slice(inputs, "access_token"),
        .cursor = v_slice(inputs, "stored_cursor"),
    };
}

static struct env v_case_env(const struct vector_case *c, const json_t *inputs)
{
    struct env ret = v_env(inputs);

    if (c->channel->env)
        c->channel->env(inputs, &ret);
    return ret;
}

static void v_expect_received(const struct vector_case *c, const json_t *expected, const struct received *r)
{
    const struct vector_departure *d = v_departure(c);
    const json_t *accept = v_get(expected, "accept");
    const char *reason = v_text(expected, "reason");
    bool believed = !r->refused || (!reason && !strcmp(r->refused, "malformed_body"));

    if (accept)
        assert_int_equal(believed, json_is_true(accept));
    if (reason)
        assert_string_equal(r->refused ? r->refused : "believed", reason);
    if (d && d->status)
        assert_int_equal(r->status, d->status);
    else if (v_get(expected, "response_status"))
        assert_int_equal(r->status, v_number(expected, "response_status"));
    if (v_get(expected, "response_body"))
        assert_true(slice_eq(r->body, v_slice(expected, "response_body")));
    if (v_text(expected, "content_type"))
        assert_string_equal(r->type, v_text(expected, "content_type"));
    if (v_get(expected, "response_body_json"))
        v_expect_json(r->body, v_get(expected, "response_body_json"));
    if (v_get(expected, "events"))
        v_expect_all(c, v_get(expected, "events"), r->inbound, r->n);
    if (v_get(expected, "pull"))
        assert_int_equal(r->pull, json_is_true(v_get(expected, "pull")));
    if (v_get(expected, "pull_token"))
        assert_true(slice_eq(r->pull_token, v_slice(expected, "pull_token")));
    if (r->refused)
        assert_int_equal(r->n, 0);
}

static void v_run_webhook(const struct vector_case *c, const json_t *inputs, const json_t *expected)
{
    struct http_req req = v_request(c->arena, inputs);
    struct env env = v_case_env(c, inputs);
    struct received r;

    assert_int_equal(c->channel->ops->receive(c->open, c->arena, &req, &env, &r), KF_OK);
    v_expect_received(c, expected, &r);
    if (c->channel->answer)
        c->channel->answer(c->open, c->arena, inputs, expected, &r);
}

/* Dedupe keys that have come. */
struct v_keys {
    struct slice key[64];
    size_t n;
};

static bool v_first(struct v_keys *k, struct slice key)
{
    for (size_t i = 0; i < k->n; i++)
        if (slice_eq(k->key[i], key))
            return false;
    assert_true(k->n < 64);
    k->key[k->n++] = key;
    return true;
}

static void v_run_sequence(const struct vector_case *c, const json_t *inputs, const json_t *expected)
{
    const json_t *requests = v_get(inputs, "requests");
    struct v_keys keys = { .n = 0 };

    for (size_t i = 0; i < json_array_size(requests); i++) {
        struct http_req req = v_request(c->arena, json_array_get(requests, i));
        struct env env = v_case_env(c, v_get(json_array_get(requests, i), "now") ? json_array_get(requests, i) : inputs);
        struct received r;

        assert_int_equal(c->channel->ops->receive(c->open, c->arena, &req, &env, &r), KF_OK);
        assert_int_equal(!r.refused, json_is_true(json_array_get(v_get(expected, "accept"), i)));
        for (size_t k = 0; k < r.n; k++)
            (void)v_first(&keys, r.inbound[k].dedupe);
    }
    assert_int_equal(keys.n, v_number(expected, "messages"));
}

void v_expect_json(struct slice body, const json_t *want)
{
    json_t *have = json_loadb(body.p, body.n, 0, NULL);

    assert_non_null(have);
    if (!json_equal(have, want))
        fail_msg("body: %.*s", (int)body.n, body.p);
    json_decref(have);
}

/* The fields of a form, in any order; a field may stand there several times, then its values are a list. */
static void v_expect_form(struct slice body, const json_t *want)
{
    struct arena *a = arena_new(0);
    struct http_pair pairs[64];
    size_t n = url_query(a, body, pairs, 64), count = 0;
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)want, name, value)
    {
        struct slice first = http_query(pairs, n, name);

        count += json_is_array(value) ? json_array_size(value) : 1;
        v_expect_text(name, first, json_is_array(value) ? json_array_get(value, 0) : value);
    }
    assert_int_equal(n, count);
    arena_free(a);
}

void v_expect_request(const json_t *expected, const struct http_req *req)
{
    const char *name;
    json_t *value;
    struct url u;

    if (v_text(expected, "method"))
        assert_string_equal(req->method, v_text(expected, "method"));
    if (v_get(expected, "host") || v_get(expected, "path")) {
        assert_true(url_parse(slice_of(req->url), &u));
        if (v_get(expected, "host"))
            assert_true(slice_eq(u.host, v_slice(expected, "host")));
        if (v_get(expected, "path") && !slice_eq(u.rest, v_slice(expected, "path")))
            fail_msg("path: %s, expected %s", req->url, v_text(expected, "path"));
    }
    json_object_foreach((json_t *)v_get(expected, "headers"), name, value)
        assert_true(slice_is(http_header(req->headers, req->n_headers, name), json_string_value(value)));
    if (v_get(expected, "body_json"))
        v_expect_json(req->body, v_get(expected, "body_json"));
    if (v_get(expected, "form"))
        v_expect_form(req->body, v_get(expected, "form"));
}

static void v_run_outbound(const struct vector_case *c, const json_t *inputs, const json_t *expected)
{
    struct env env = v_env(inputs);
    struct errand e = { .handle_left = -1 };
    struct http_req req;
    enum kf_rc rc;

    assert_non_null(c->channel->errand);
    c->channel->errand(inputs, c->arena, &e, &env);
    if (c->channel->request && c->channel->request(c->open, inputs, c->arena, &e, &env, &req))
        rc = KF_OK;
    else
        rc = c->channel->ops->encode(c->open, c->arena, &e, &env, &req);
    assert_string_equal(kf_rc_name(rc), v_text(expected, "rc") ? v_text(expected, "rc") : "ok");
    if (rc == KF_OK)
        v_expect_request(expected, &req);
}

static void v_run_outbound_error(const struct vector_case *c, const json_t *inputs, const json_t *expected)
{
    struct http_pair *headers;
    struct http_resp resp = { .status = (int)v_number(inputs, "http_status"), .failure = v_text(inputs, "failure") };
    struct env env = v_env(inputs);
    struct errand e = { .handle_left = -1 };
    struct outcome out;

    if (c->channel->errand)
        c->channel->errand(inputs, c->arena, &e, &env);
    e.attempt = (int)v_number(inputs, "attempt");
    resp.sent = json_is_true(v_get(inputs, "sent"));
    resp.n_headers = v_headers(c->arena, v_get(inputs, "headers"), &headers);
    resp.headers = headers;
    resp.body = v_body(c->arena, inputs);
    assert_int_equal(c->channel->ops->settle(c->open, c->arena, &e, &resp, &out), KF_OK);
    assert_string_equal(outcome_name(out.cls), v_text(expected, "class"));
    if (v_get(expected, "retry_after_s"))
        assert_int_equal(out.retry_after_ms, 1000 * v_number(expected, "retry_after_s"));
    if (v_get(expected, "id"))
        assert_true(slice_eq(out.ref, v_slice(expected, "id")));
    if (v_get(expected, "code"))
        assert_true(slice_eq(out.code, v_slice(expected, "code")));
}

/* One page after the other; `ops->pull` is asked until it says KF_OK, and again while there is more. */
static void v_run_pull(const struct vector_case *c, const json_t *inputs, const json_t *expected)
{
    const json_t *pages = v_get(inputs, "pages");
    const json_t *events = v_get(expected, "events");
    const char *action = v_text(expected, "action");
    struct env env = v_case_env(c, inputs);
    struct slice token = v_slice(inputs, "token");
    struct v_keys keys = { .n = 0 };
    size_t n_events = 0, page = 0;
    bool expired = false;
    struct pulled done = { .more = true };

    while (done.more) {
        struct http_resp resp = { .status = 200 }, *last = NULL;
        struct http_req req;
        enum kf_rc rc;

        done = (struct pulled){ .more = false };
        while ((rc = c->channel->ops->pull(c->open, c->arena, &env, token, last, &req, &done)) == KF_AGAIN) {
            const json_t *p = json_array_get(pages, page++);
            char *text = json_dumps(v_get(p, "response"), JSON_COMPACT);

            assert_non_null(p);
            v_expect_json(req.body, v_get(p, "request"));
            resp.body = arena_copy(c->arena, slice_of(text));
            free(text);
            last = &resp;
        }
        assert_int_equal(rc, KF_OK);
        for (size_t i = 0; i < done.n; i++)
            if (v_first(&keys, done.inbound[i].dedupe)) {
                assert_true(n_events < json_array_size(events));
                v_expect_event(c, json_array_get(events, n_events++), &done.inbound[i]);
            }
        expired = done.token_expired;
        if (!expired)
            env.cursor = done.cursor;
    }
    assert_int_equal(page, json_array_size(pages));
    assert_int_equal(n_events, json_array_size(events));
    assert_int_equal(expired, json_is_true(v_get(expected, "token_expired")) || (action && strstr(action, "refresh access_token")));
    if (v_get(expected, "store_cursor"))
        assert_true(slice_eq(env.cursor, v_slice(expected, "store_cursor")));
}

/* ---- running ------------------------------------------------------------------------------------------------------------------ */

static void v_run(void **state)
{
    struct vector_case *c = *state;
    const json_t *inputs = v_get(c->vector, "inputs"), *expected = v_get(c->vector, "expected");
    const char *kind = v_text(c->vector, "kind");

    if (c->channel->own && c->channel->own(c->open, c->arena, c->vector))
        return;
    if (!strcmp(kind, "webhook") || !strcmp(kind, "handshake"))
        v_run_webhook(c, inputs, expected);
    else if (!strcmp(kind, "sequence"))
        v_run_sequence(c, inputs, expected);
    else if (!strcmp(kind, "outbound"))
        v_run_outbound(c, inputs, expected);
    else if (!strcmp(kind, "outbound_error"))
        v_run_outbound_error(c, inputs, expected);
    else if (!strcmp(kind, "pull"))
        v_run_pull(c, inputs, expected);
    else if (!strcmp(kind, "derive") && c->channel->derive)
        c->channel->derive(c->open, inputs, expected);
    else
        fail_msg("no way to run a vector of kind %s", kind);
}

static int v_setup(void **state)
{
    struct vector_case *c = *state;
    struct kf_err why = { .rc = KF_OK };
    struct buf settings;
    int ret = 0;

    buf_init(&settings, 65536);
    c->channel->settings(v_get(c->vector, "inputs"), &settings);
    c->arena = arena_new(0);
    if (!c->arena || channel_check(c->channel->ops, buf_slice(&settings), &why) ||
        c->channel->ops->open(&c->open, buf_slice(&settings), &why)) {
        print_error("%s: %s\n", v_text(c->vector, "name"), why.text);
        ret = -1;
    }
    buf_finish(&settings);
    return ret;
}

static int v_teardown(void **state)
{
    struct vector_case *c = *state;

    c->channel->ops->close(c->open);
    arena_free(c->arena);
    return 0;
}

int vectors_run(const char *name, const struct vector_channel *channel)
{
    struct CMUnitTest *tests;
    struct vector_case *cases;
    const json_t *vectors;
    json_error_t err;
    char path[256];
    json_t *root;
    size_t n;
    int ret;

    (void)snprintf(path, sizeof(path), "tests/vectors/%s.json", name);
    root = json_load_file(path, 0, &err);
    if (!root) {
        print_error("%s: %s\n", path, err.text);
        return 1;
    }
    vectors = v_get(root, "vectors");
    n = json_array_size(vectors);
    tests = calloc(n + 1, sizeof(*tests));
    cases = calloc(n + 1, sizeof(*cases));
    for (size_t i = 0; tests && cases && i < n; i++) {
        cases[i] = (struct vector_case){ .channel = channel, .vector = json_array_get(vectors, i) };
        tests[i] = (struct CMUnitTest){ .name = v_text(cases[i].vector, "name"),
                                        .test_func = v_run,
                                        .setup_func = v_setup,
                                        .teardown_func = v_teardown,
                                        .initial_state = &cases[i] };
    }
    ret = tests && cases && n ? _cmocka_run_group_tests(name, tests, n, NULL, NULL) : 1;
    free(tests);
    free(cases);
    json_decref(root);
    return ret;
}
