#include "fault/talker.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define RETRY_MS    20
#define REPEAT_MS   100
#define SEQ_MAX     1000000
#define HISTORY_MAX 200

static int64_t mono_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

void talker_init(struct talker *t, uint64_t seed, bool agent, int number, const char *site)
{
    *t = (struct talker){ .seed = seed, .agent = agent, .site = site, .wire.fd = -1 };
    (void)snprintf(t->name, sizeof(t->name), "%c%d", agent ? 'a' : 'v', number);
    t->chance.at = seed * 1000003 + (uint64_t)number * 2 + agent;
}

void talker_free(struct talker *t)
{
    wire_drop(&t->wire);
    staff_free(&t->staff);
    for (int i = 0; i < t->n_sights; i++)
        free(t->sights[i].seen);
    free(t->sights);
    free(t->said);
    *t = (struct talker){ .wire.fd = -1 };
}

void talker_text(const struct talker *t, int n, char *ret, size_t size)
{
    static const char words[] = "你好，请问我的订单什么时候发货？谢谢。";
    struct chance c = { t->seed ^ (uint64_t)n << 20 ^ (uint64_t)(unsigned char)t->name[1] << 8 ^ (uint64_t)t->agent };

    (void)snprintf(ret, size, "%s %d %.*s", t->name, n, 3 * chance_below(&c, (int)(sizeof(words) / 3)), words);
}

int talker_fd(const struct talker *t)
{
    return t->state == TALKER_AWAY ? -1 : t->wire.fd;
}

/* ---- what it has seen ---- */

struct sight *talker_sight(struct talker *t, const char *conv)
{
    for (int i = 0; i < t->n_sights; i++)
        if (strcmp(t->sights[i].conv, conv) == 0)
            return &t->sights[i];
    return NULL;
}

static struct sight *sight_of(struct talker *t, const char *conv)
{
    struct sight *s = talker_sight(t, conv);

    if (s)
        return s;
    t->sights = realloc(t->sights, (size_t)(t->n_sights + 1) * sizeof(*t->sights));
    assert_non_null(t->sights);
    s = &t->sights[t->n_sights++];
    *s = (struct sight){ 0 };
    (void)snprintf(s->conv, sizeof(s->conv), "%s", conv);
    return s;
}

static void see(struct sight *s, int64_t seq)
{
    if (seq < 1 || seq > SEQ_MAX)
        return;
    if (seq >= s->cap) {
        int64_t cap = seq * 2 + 64;

        s->seen = realloc(s->seen, (size_t)cap);
        assert_non_null(s->seen);
        memset(s->seen + s->cap, 0, (size_t)(cap - s->cap));
        s->cap = cap;
    }
    s->seen[seq] = 1;
    if (seq > s->top)
        s->top = seq;
    while (s->whole + 1 < s->cap && s->seen[s->whole + 1])
        s->whole++;
}

static void fetch(struct talker *t, struct sight *s)
{
    s->asked = true;
    wire_sendf(&t->wire, "{\"type\":\"history\",\"conversation\":\"%s\",\"after\":%lld,\"limit\":%d}", s->conv, (long long)s->whole,
               HISTORY_MAX);
}

/* Somebody told us how far the conversation is: fetch what is missing. */
static void catch_up(struct talker *t, struct sight *s, int64_t seq)
{
    if (seq > s->top && seq <= SEQ_MAX)
        s->top = seq;
    if (s->whole < s->top)
        fetch(t, s);
}

/* ---- the line ---- */

static void broken(struct talker *t)
{
    if (t->state == TALKER_UP || t->state == TALKER_HELLO)
        t->breaks++;
    wire_drop(&t->wire);
    t->state = TALKER_AWAY;
    t->pinged = false;
    t->node = !t->node; /* where there are two */
    t->retry_at = now_mono_ms() + RETRY_MS + chance_below(&t->chance, RETRY_MS);
    for (int i = 0; i < t->n_sights; i++) {
        t->sights[i].asked = t->sights[i].held = false;
        t->sights[i].pushed = 0;
    }
}

void talker_move(struct talker *t)
{
    if (t->state != TALKER_AWAY)
        broken(t);
}

void talker_leave(struct talker *t)
{
    broken(t);
    t->breaks--;
    t->out = true;
    t->served = false;
}

static void dial(struct talker *t, const struct daemon *d)
{
    char head[1024];
    int n, fd = d->pid > 0 && d->port > 0 ? web_try_connect(d->port) : -1;

    if (fd < 0) {
        t->retry_at = now_mono_ms() + RETRY_MS;
        t->node = !t->node;
        return;
    }
    t->wire = (struct wire){ .fd = fd, .inbox = json_array() };
    (void)snprintf(t->wire.name, sizeof(t->wire.name), "%s", t->name);
    n = snprintf(head, sizeof(head),
                 "GET /ws/%s?site=%s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nOrigin: http://127.0.0.1:%d\r\nConnection: Upgrade\r\n"
                 "Upgrade: websocket\r\nSec-WebSocket-Key: a2VmdWQgZmF1bHQgdGVzdA==\r\nSec-WebSocket-Version: 13\r\n"
                 "Sec-WebSocket-Protocol: kefu.%s.v1\r\n%s%s%s\r\n",
                 t->agent ? "agent" : "visitor", t->site, d->port, d->port, t->agent ? "agent" : "visitor", t->agent ? "Cookie: " : "",
                 t->agent ? t->staff.cookie : "", t->agent ? "\r\n" : "");
    assert_in_range(n, 1, sizeof(head) - 1);
    web_send(fd, head, (size_t)n);
    t->n_head = 0;
    t->heard_at = now_mono_ms();
    t->state = TALKER_ASKED;
}

static void upgraded(struct talker *t)
{
    if (strncmp(t->head, "HTTP/1.1 503", 12) == 0) { /* it is about to end, and says so */
        broken(t);
        return;
    }
    if (strncmp(t->head, "HTTP/1.1 101", 12) != 0) {
        if (!*t->first_error)
            (void)snprintf(t->first_error, sizeof(t->first_error), "upgrade: %.60s", t->head);
        t->errors++;
        broken(t);
        return;
    }
    if (*t->token)
        wire_sendf(&t->wire, "{\"type\":\"hello\",\"token\":\"%s\"}", t->token);
    else
        wire_text(&t->wire, "{\"type\":\"hello\"}");
    t->state = TALKER_HELLO;
}

static void read_head(struct talker *t)
{
    ssize_t got = recv(t->wire.fd, t->head + t->n_head, sizeof(t->head) - 1 - t->n_head, MSG_DONTWAIT);

    if (got <= 0) {
        broken(t);
        return;
    }
    t->n_head += (size_t)got;
    t->head[t->n_head] = '\0';
    if (strstr(t->head, "\r\n\r\n"))
        upgraded(t);
    else if (t->n_head + 1 == sizeof(t->head))
        broken(t);
}

/* ---- saying ---- */

static void send_one(struct talker *t, int n)
{
    struct said *s = &t->said[n - 1];
    char text[160];

    talker_text(t, n, text, sizeof(text));
    s->tries++;
    if (t->agent)
        wire_sendf(&t->wire, "{\"type\":\"message\",\"conversation\":\"%s\",\"cid\":\"%s-%d\",\"kind\":\"text\",\"text\":\"%s\"}", s->conv,
                   t->name, n, text);
    else
        wire_sendf(&t->wire, "{\"type\":\"message\",\"cid\":\"%s-%d\",\"kind\":\"text\",\"text\":\"%s\"}", t->name, n, text);
}

static void repeat(struct talker *t)
{
    t->again_at = 0;
    if (t->pinged && !t->pongs)
        talker_ping(t);
    for (int i = 0; i < t->n_sights; i++)
        if (t->sights[i].asked)
            fetch(t, &t->sights[i]);
    for (int n = t->first_open + 1; n <= t->n_said; n++)
        if (t->said[n - 1].state == SAID_OPEN)
            send_one(t, n);
}

/* An agent turns to one of its visitors. */
static const char *whom(struct talker *t)
{
    int held = 0, pick;

    for (int i = 0; i < t->n_sights; i++)
        held += t->sights[i].held;
    pick = chance_below(&t->chance, held);
    for (int i = 0; i < t->n_sights; i++)
        if (t->sights[i].held && pick-- == 0)
            return t->sights[i].conv;
    return NULL;
}

static void say(struct talker *t)
{
    const char *conv = t->agent ? whom(t) : "";

    if (!conv)
        return;
    if (t->n_said == t->cap_said) {
        t->cap_said = t->cap_said ? 2 * t->cap_said : 256;
        t->said = realloc(t->said, (size_t)t->cap_said * sizeof(*t->said));
        assert_non_null(t->said);
    }
    t->said[t->n_said] = (struct said){ .from_us = mono_us() };
    (void)snprintf(t->said[t->n_said].conv, sizeof(t->said[0].conv), "%s", conv);
    t->n_said++;
    t->open++;
    send_one(t, t->n_said);
}

/* Nobody minds if this is lost: it is tried again when the next agent has come. */
static void close_talk(struct talker *t)
{
    wire_sendf(&t->wire, "{\"type\":\"close\",\"cid\":\"%sx%d\"}", t->name, ++t->closes);
    t->served = false;
}

/* The line is there and nothing comes: asks first, then goes to the other node. */
static void listen_for(struct talker *t, int silence_ms)
{
    int64_t silent = now_mono_ms() - t->heard_at;

    if (t->state == TALKER_UP && silent > silence_ms / 2 && !t->asked) {
        t->asked = true;
        wire_text(&t->wire, "{\"type\":\"ping\"}");
    }
    if (silent > silence_ms)
        broken(t);
}

void talker_go(struct talker *t, const struct daemon *d, const struct talker_pace *pace)
{
    int64_t now = now_mono_ms();

    if (t->state == TALKER_AWAY && !t->out && now >= t->retry_at)
        dial(t, d);
    if (pace->silence_ms && t->state != TALKER_AWAY)
        listen_for(t, pace->silence_ms);
    if (t->state != TALKER_UP)
        return;
    if (t->again_at && now >= t->again_at)
        repeat(t);
    if (t->leaves && t->served && !t->open && !pace->quiet)
        close_talk(t);
    if (!pace->quiet && !(t->most && t->n_said >= t->most) && !t->again_at && t->open < pace->window && now >= t->due_at) {
        say(t);
        t->due_at = now + chance_below(&t->chance, (t->agent ? pace->staff_ms : pace->think_ms) + 1);
    }
}

void talker_ping(struct talker *t)
{
    t->pongs = 0;
    t->pinged = true;
    wire_text(&t->wire, "{\"type\":\"ping\"}");
}

/* ---- hearing ---- */

static void hear_welcome(struct talker *t, const json_t *f)
{
    const json_t *list = value_at(f, "conversations");
    const char *conv = text_at(f, "conversation.id");
    json_t *one;
    size_t i;

    t->state = TALKER_UP;
    t->served = strcmp(text_at(f, "conversation.state"), "served") == 0;
    if (*text_at(f, "token"))
        (void)snprintf(t->token, sizeof(t->token), "%s", text_at(f, "token"));
    json_array_foreach(list, i, one)
    {
        struct sight *s = sight_of(t, text_at(one, "id"));

        s->held = strcmp(text_at(one, "state"), "served") == 0;
        catch_up(t, s, number_at(one, "seq"));
    }
    if (*conv)
        catch_up(t, sight_of(t, conv), number_at(f, "conversation.seq"));
    repeat(t);
}

static bool of_closing(const struct talker *t, const char *cid)
{
    size_t n = strlen(t->name);

    return strncmp(cid, t->name, n) == 0 && cid[n] == 'x';
}

static int number_of(const struct talker *t, const char *cid)
{
    size_t n = strlen(t->name);
    int number;

    if (strncmp(cid, t->name, n) != 0 || cid[n] != '-')
        return 0;
    number = atoi(cid + n + 1);
    return number > 0 && number <= t->n_said ? number : 0;
}

static void answered(struct talker *t, struct said *s, enum said_state state)
{
    s->state = state;
    s->acked_us = mono_us();
    t->open--;
    while (t->first_open < t->n_said && t->said[t->first_open].state != SAID_OPEN)
        t->first_open++;
}

static void hear_ack(struct talker *t, const json_t *f)
{
    int n = number_of(t, text_at(f, "cid"));
    struct said *s = n ? &t->said[n - 1] : NULL;

    if (!s)
        return;
    if (s->state == SAID_ACKED) {
        t->fickle += s->seq != number_at(f, "seq") || strcmp(s->conv, text_at(f, "conversation")) != 0;
        return;
    }
    (void)snprintf(s->conv, sizeof(s->conv), "%s", text_at(f, "conversation"));
    s->seq = number_at(f, "seq");
    s->at = number_at(f, "at");
    if (s->state == SAID_OPEN)
        answered(t, s, SAID_ACKED);
    else
        s->state = SAID_ACKED;
    see(sight_of(t, s->conv), s->seq);
}

/* The visitor has closed it, or somebody else has it now. */
static bool not_theirs(const char *code)
{
    return strcmp(code, "conflict") == 0 || strcmp(code, "not_found") == 0 || strcmp(code, "forbidden") == 0;
}

static void hear_error(struct talker *t, const json_t *f)
{
    const char *code = text_at(f, "code");
    int n = number_of(t, text_at(f, "cid"));
    struct said *s = n ? &t->said[n - 1] : NULL;

    if (of_closing(t, text_at(f, "cid")))
        return;
    if (s && s->state == SAID_OPEN && t->agent && not_theirs(code)) {
        t->refused++;
        answered(t, s, SAID_REFUSED);
        return;
    }
    if ((s && strcmp(code, "unavailable") == 0) || (t->troubled && strcmp(code, "internal") == 0) || strcmp(code, "rate_limited") == 0) {
        t->again_at = now_mono_ms() + REPEAT_MS;
        t->put_offs++;
        (void)snprintf(t->put_off, sizeof(t->put_off), "%s: %.80s", code, text_at(f, "message"));
        return;
    }
    t->errors++;
    if (!*t->first_error) {
        char *text = json_dumps(f, JSON_COMPACT);

        (void)snprintf(t->first_error, sizeof(t->first_error), "%.199s", text);
        free(text);
    }
}

static void hear_history(struct talker *t, const json_t *f)
{
    struct sight *s = talker_sight(t, text_at(f, "conversation"));
    json_t *one;
    size_t i;

    if (!s)
        return;
    json_array_foreach(value_at(f, "messages"), i, one) see(s, number_at(one, "seq"));
    s->asked = false;
    if (json_is_true(value_at(f, "more")))
        fetch(t, s);
}

static void hear_message(struct talker *t, const json_t *f)
{
    struct sight *s = sight_of(t, text_at(f, "conversation"));
    int64_t seq = number_at(f, "seq");

    t->backwards += seq <= s->pushed;
    s->pushed = seq;
    see(s, seq);
}

static void hear(struct talker *t, const json_t *f)
{
    const char *type = text_at(f, "type");

    if (strcmp(type, "welcome") == 0)
        hear_welcome(t, f);
    else if (strcmp(type, "ack") == 0)
        hear_ack(t, f);
    else if (strcmp(type, "error") == 0)
        hear_error(t, f);
    else if (strcmp(type, "message") == 0)
        hear_message(t, f);
    else if (strcmp(type, "history") == 0)
        hear_history(t, f);
    else if (strcmp(type, "pong") == 0)
        t->pongs++;
    else if (strcmp(type, "state") == 0)
        t->served = strcmp(text_at(f, "state"), "served") == 0;
    else if (strcmp(type, "assigned") == 0) {
        struct sight *s = sight_of(t, text_at(f, "conversation.id"));

        s->held = true;
        catch_up(t, s, number_at(f, "conversation.seq"));
    } else if (strcmp(type, "released") == 0) {
        sight_of(t, text_at(f, "conversation"))->held = false;
        t->released++;
    }
}

void talker_read(struct talker *t)
{
    if (t->state == TALKER_ASKED) {
        read_head(t);
        return;
    }
    (void)wire_pump(&t->wire, 0);
    t->heard_at = now_mono_ms();
    t->asked = false;
    for (size_t i = 0; i < json_array_size(t->wire.inbox); i++)
        hear(t, json_array_get(t->wire.inbox, i));
    wire_forget(&t->wire);
    if (t->wire.fd < 0)
        broken(t);
}
