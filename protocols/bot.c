#include "protocols/bot.h"

#include "core/hash.h"
#include "core/utf8.h"
#include "protocols/stamp.h"
#include "protocols/url.h"

int64_t bot_number(struct slice name, int bits)
{
    uint64_t h = hash_more(UINT64_C(1469598103934665603), name.p, name.n); /* not the usual basis, but what bots know us by */

    h &= (UINT64_C(1) << bits) - 1;
    return h ? (int64_t)h : 1;
}

/* A conversation has fewer than a million messages, and a house fewer than eight billion conversations. */
int64_t bot_message_number(int64_t conversation, int64_t seq)
{
    return conversation << 20 | (seq & 0xfffff);
}

void bot_wrong(struct bot_answer *ret, const char *failure)
{
    *ret = (struct bot_answer){ .verdict = BOT_FAILS, .confidence = -1, .failure = failure };
}

/* The turn goes out again under the same id, so a request that may have arrived may be repeated. */
static bool passes(int status)
{
    return status == 408 || status == 409 || status == 429 || status == 500 || status == 502 || status == 503 || status == 504;
}

bool bot_status(struct arena *a, const struct http_resp *resp, struct bot_answer *ret)
{
    const char *words = resp->failure ? resp->failure : "no answer";

    *ret = (struct bot_answer){ .verdict = BOT_ANSWERS, .confidence = -1 };
    if (resp->status >= 200 && resp->status < 300)
        return true;
    if (!resp->status) {
        ret->timeout = strcmp(words, "timeout") == 0;
        ret->verdict = ret->timeout || resp->too_large || resp->refused ? BOT_FAILS : BOT_BUSY;
        ret->failure = arena_text(a, slice_of(words));
        return false;
    }
    ret->verdict = passes(resp->status) ? BOT_BUSY : BOT_FAILS;
    ret->failure = arena_printf(a, "HTTP %d", resp->status);
    ret->retry_after_ms = stamp_retry_after(resp);
    return false;
}

static bool one_more(struct bot_answer *ret, struct bot_words words)
{
    if (words.text.p)
        ret->words[ret->n++] = words;
    else
        bot_wrong(ret, "out of memory");
    return words.text.p != NULL;
}

bool bot_says(struct arena *a, struct slice text, const char *extra, struct bot_answer *ret)
{
    if (ret->n == BOT_WORDS_MAX)
        bot_wrong(ret, "too many messages in one answer");
    else if (!utf8_valid(text) || utf8_length(text) > BOT_TEXT_MAX)
        bot_wrong(ret, "a message that is too long, or no text");
    else
        return one_more(ret, (struct bot_words){ .text = arena_copy(a, text), .extra = extra });
    return false;
}

static bool is_card(const struct card *c)
{
    return utf8_valid(c->title) && utf8_valid(c->words) && card_title_good(c->title) && utf8_length(c->title) <= CARD_TITLE_MAX &&
           utf8_length(c->words) <= CARD_WORDS_MAX && c->url.n <= CARD_URL_MAX && url_page(c->url);
}

struct slice bot_card(struct arena *a, const struct card *card)
{
    struct card shown = *card;
    struct slice ret = { NULL, 0 };
    struct buf b;

    if (!is_card(card))
        return ret;
    if (utf8_blank(shown.words))
        shown.words.n = 0;
    buf_init(&b, 16384);
    card_write(&b, &shown);
    ret = buf_copy(&b, a);
    buf_finish(&b);
    return ret;
}

bool bot_shows(struct arena *a, const struct card *card, struct bot_answer *ret)
{
    if (ret->n == BOT_WORDS_MAX)
        bot_wrong(ret, "too many messages in one answer");
    else if (!is_card(card))
        bot_wrong(ret, "a card that is none: a title in one line, perhaps a text, and an http or https url");
    else
        return one_more(ret, (struct bot_words){ .text = bot_card(a, card), .card = true });
    return false;
}
