/* bot_openai.c: a language model behind the chat completions API. It is asked to stream, so that a server that begins late is told from one that
 * thinks; the stream is read when it has ended, because no visitor is shown half a sentence. Its tool `handoff` calls a person.
 * What visitors say is never given as an instruction: it has the role user, whatever it says. */
#include "protocols/bot.h"
#include "protocols/json.h"

#define BODY_MAX   (1u << 20)
#define SAID_MAX   65536
#define CALLS_MAX  4
#define CALL_NAME  64
#define REASON_MAX 4096

/* ---- the request ---- */

static const char *role_of(enum role r)
{
    return r == ROLE_VISITOR ? "user" : r == ROLE_SYSTEM ? NULL : "assistant";
}

static void write_messages(struct buf *b, const struct bot_line *line, const struct bot_turn *t)
{
    bool any = false;

    buf_str(b, ",\"messages\":[");
    if (line->prompt && *line->prompt) {
        buf_printf(b, "{\"role\":\"%s\",\"content\":", line->prompt_role);
        buf_json(b, slice_of(line->prompt));
        buf_char(b, '}');
        any = true;
    }
    for (size_t i = 0; i < t->n; i++) {
        const struct message *m = &t->messages[i];

        if (!role_of(m->from.role) || !m->text.n)
            continue;
        buf_printf(b, "%s{\"role\":\"%s\",\"content\":", any ? "," : "", role_of(m->from.role));
        buf_json(b, m->text);
        buf_char(b, '}');
        any = true;
    }
    buf_char(b, ']');
}

static struct slice body_of(struct arena *a, const struct bot_line *line, const struct bot_turn *t)
{
    struct slice ret = { NULL, 0 };
    char id[KF_ID_TEXT];
    struct buf b;

    buf_init(&b, BODY_MAX);
    buf_str(&b, "{\"model\":");
    buf_json(&b, slice_of(line->model));
    buf_printf(&b, ",\"stream\":true,\"%s\":%d,\"user\":\"%s\"", line->tokens_name, line->tokens_max, id_text(&t->conv, id));
    write_messages(&b, line, t);
    if (line->tools)
        buf_str(&b,
                ",\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"handoff\",\"description\":\"Hand the conversation over to a "
                "person: when asked to, or when unable to help.\",\"parameters\":{\"type\":\"object\",\"properties\":{\"reason\":{\"type\":"
                "\"string\"}}}}}]");
    buf_char(&b, '}');
    ret = buf_copy(&b, a);
    buf_finish(&b);
    return ret;
}

static enum kf_rc openai_encode(struct arena *a, const struct bot_line *line, const struct bot_turn *t, struct http_req *ret)
{
    struct http_pair *h = arena_array(a, 3, sizeof(*h));
    struct slice body = body_of(a, line, t);
    size_t n = 2;

    if (!h || !body.p)
        return KF_NOMEM;
    h[0] = (struct http_pair){ SLICE("Content-Type"), SLICE("application/json") };
    h[1] = (struct http_pair){ SLICE("Accept"), SLICE("text/event-stream") };
    if (line->token) {
        h[n] = (struct http_pair){ SLICE("Authorization"), slice_of(arena_printf(a, "Bearer %s", line->token)) };
        if (!h[n++].value.n)
            return KF_NOMEM;
    }
    *ret = (struct http_req){ .method = "POST",
                              .url = line->url,
                              .headers = h,
                              .n_headers = n,
                              .body = body,
                              .answer_max = BOT_ANSWER_MAX,
                              .timeout_ms = line->timeout_ms };
    return KF_OK;
}

/* ---- what it says, put together ---- */

struct call {
    char name[CALL_NAME];
    struct buf arguments;
};

struct reply {
    struct arena *arena;
    struct buf said;
    struct call calls[CALLS_MAX];
    char finish[32]; /* "" not told */
    bool done, failed;
};

static void add_text(struct buf *b, const json_t *text)
{
    if (json_is_string(text))
        buf_add(b, (struct slice){ json_string_value(text), json_string_length(text) });
}

static void keep_word(char *ret, size_t n, const char *word)
{
    struct slice s = slice_of(word);

    if (!s.n || s.n >= n)
        return;
    memcpy(ret, s.p, s.n + 1);
}

/* Of a stream each piece names its slot; of a whole message the place is the slot. */
static void add_calls(struct reply *r, const json_t *list)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *one = json_array_get(list, i), *function = json_object_get(one, "function");
        int64_t slot = (int64_t)i;

        (void)json_get_i64(one, "index", &slot);
        if (slot < 0 || slot >= CALLS_MAX)
            continue;
        keep_word(r->calls[slot].name, CALL_NAME, json_string_value(json_object_get(function, "name")));
        add_text(&r->calls[slot].arguments, json_object_get(function, "arguments"));
    }
}

/* One choice: its `delta`, or its whole `message`. */
static void add_choice(struct reply *r, const json_t *root, const char *member)
{
    const json_t *choice = json_array_get(json_object_get(root, "choices"), 0), *part = json_object_get(choice, member);

    add_text(&r->said, json_object_get(part, "content"));
    add_text(&r->said, json_object_get(part, "refusal"));
    add_calls(r, json_object_get(part, "tool_calls"));
    keep_word(r->finish, sizeof(r->finish), json_string_value(json_object_get(choice, "finish_reason")));
}

static void add_event(struct reply *r, struct slice data)
{
    json_t *root;

    if (slice_is(data, "[DONE]")) {
        r->done = true;
        return;
    }
    root = json_read(r->arena, data, JSON_OF_PLATFORMS, NULL);
    if (!root || json_is_object(json_object_get(root, "error")))
        r->failed = true;
    else
        add_choice(r, root, "delta");
    json_decref(root);
}

/* ---- the stream: lines end in LF, CR or both, an empty one ends an event ---- */

static struct slice next_line(struct slice body, size_t *i)
{
    size_t from = *i, to = from;

    while (to < body.n && body.p[to] != '\n' && body.p[to] != '\r')
        to++;
    *i = to + 1 < body.n && body.p[to] == '\r' && body.p[to + 1] == '\n' ? to + 2 : to + 1;
    return (struct slice){ body.p + from, to - from };
}

static void add_data(struct buf *event, struct slice line)
{
    struct slice value = { line.p + 5, line.n - 5 };

    if (value.n && value.p[0] == ' ')
        value = (struct slice){ value.p + 1, value.n - 1 };
    if (event->n)
        buf_char(event, '\n');
    buf_add(event, value);
}

static void read_stream(struct reply *r, struct slice body)
{
    struct buf event;

    buf_init(&event, BOT_ANSWER_MAX);
    for (size_t i = 0; i < body.n && !r->done && !r->failed;) {
        struct slice line = next_line(body, &i);

        if (slice_starts(line, "data:"))
            add_data(&event, line);
        else if (!line.n && event.n) {
            add_event(r, buf_slice(&event));
            buf_clear(&event);
        }
    }
    r->failed |= !buf_ok(&event);
    buf_finish(&event);
}

static bool is_stream(const struct http_resp *resp)
{
    return slice_starts(http_header(resp->headers, resp->n_headers, "content-type"), "text/event-stream");
}

/* Some servers do not stream, whatever they are asked. */
static void read_whole(struct reply *r, struct slice body)
{
    json_t *root = json_read(r->arena, body, JSON_OF_PLATFORMS, NULL);

    if (!root || json_is_object(json_object_get(root, "error")))
        r->failed = true;
    else
        add_choice(r, root, "message");
    json_decref(root);
}

/* ---- what it comes to ---- */

static const char *handoff_reason(const struct reply *r, const struct call *call)
{
    struct json_keep keep = { .arena = r->arena };
    json_t *root = json_read(r->arena, buf_slice(&call->arguments), JSON_OF_PLATFORMS, NULL);
    const char *ret = json_get_text(&keep, root, "reason").p;

    json_decref(root);
    return ret;
}

/* What is not whole is kept for the agent, but not said. */
static void unfit(struct bot_answer *ret, const char *failure)
{
    ret->verdict = BOT_FAILS;
    ret->failure = failure;
}

static bool finished(const struct reply *r)
{
    struct slice word = slice_of(r->finish);

    return word.n ? slice_is(word, "stop") || slice_is(word, "tool_calls") || slice_is(word, "function_call") : r->done;
}

static void conclude(struct reply *r, struct bot_answer *ret)
{
    if (r->said.n && !bot_says(r->arena, buf_slice(&r->said), NULL, ret))
        return;
    for (size_t i = 0; i < CALLS_MAX; i++)
        if (strcmp(r->calls[i].name, "handoff") == 0) {
            ret->verdict = BOT_HANDS_OVER;
            ret->reason = handoff_reason(r, &r->calls[i]);
        }
    if (r->failed || !buf_ok(&r->said))
        unfit(ret, "an answer that cannot be read");
    else if (slice_is(slice_of(r->finish), "length"))
        unfit(ret, "an answer that was cut");
    else if (slice_is(slice_of(r->finish), "content_filter"))
        unfit(ret, "an answer that was filtered");
    else if (!finished(r))
        unfit(ret, "an answer that ended too soon");
    else if (ret->verdict == BOT_ANSWERS && !ret->n)
        unfit(ret, "an answer that says nothing");
}

/* Rate limits pass; an account without means does not. */
static void read_refusal(struct arena *a, const struct http_resp *resp, struct bot_answer *ret)
{
    json_t *root = resp->body.n ? json_read(a, resp->body, JSON_OF_PLATFORMS, NULL) : NULL;
    const json_t *error = json_object_get(root, "error");
    const char *code = json_string_value(json_object_get(error, "code")), *type = json_string_value(json_object_get(error, "type"));

    if (slice_is(slice_of(code), "insufficient_quota") || slice_is(slice_of(type), "insufficient_quota"))
        unfit(ret, "insufficient_quota");
    json_decref(root);
}

static enum kf_rc openai_settle(struct arena *a, const struct http_resp *resp, struct bot_answer *ret)
{
    struct reply r = { .arena = a };

    if (!bot_status(a, resp, ret)) {
        read_refusal(a, resp, ret);
        return KF_OK;
    }
    buf_init(&r.said, SAID_MAX);
    for (size_t i = 0; i < CALLS_MAX; i++)
        buf_init(&r.calls[i].arguments, REASON_MAX);
    if (is_stream(resp))
        read_stream(&r, resp->body);
    else
        read_whole(&r, resp->body);
    conclude(&r, ret);
    buf_finish(&r.said);
    for (size_t i = 0; i < CALLS_MAX; i++)
        buf_finish(&r.calls[i].arguments);
    return KF_OK;
}

const struct bot_ops bot_openai = { openai_encode, openai_settle };
