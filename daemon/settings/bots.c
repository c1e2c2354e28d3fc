/* bots.c: a bot as people write it down. */
#include "settings/kinds.h"

#define TOKEN_MIN      16 /* of one that opens our door */

#define IN_BOT(member) .at = offsetof(struct site_bot, member)

static bool fits_url(struct slice s)
{
    size_t scheme = slice_starts(s, "https://") ? 8 : slice_starts(s, "http://") ? 7 : 0;

    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] <= ' ' || s.p[i] > '~')
            return false;
    return scheme && s.n > scheme && s.p[scheme] != '/';
}

/* It goes into a header, or signs one. */
static bool fits_secret(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] <= ' ' || s.p[i] > '~')
            return false;
    return true;
}

static bool fits_words(struct slice s)
{
    return s.n && s.n <= 200;
}

const struct key bot_keys[] = {
    { "name", KEY_TEXT, .required = true, .min = 1, .max = 80, IN_BOT(name), .help = "what visitors read as its name" },
    { "form", KEY_CHOICE, .choices = "kefud openai chatwoot", .def = "kefud", IN_BOT(form),
      .help = "what it speaks: kefud's own webhook, the chat completions API of language models, or what Chatwoot's agent bots speak" },
    { "off", KEY_BOOL, .def = "false", IN_BOT(off), .help = "is not asked: who comes to it goes on to people at once" },
    { "url", KEY_TEXT, .required = true, .min = 8, .max = 500, .fits = fits_url, .form = "an address that begins with https://",
      IN_BOT(url), .help = "where it is asked" },
    { "secret", KEY_TEXT, .secret = true, .min = 16, .max = 256, .fits = fits_secret, .form = "printable ASCII without blanks",
      IN_BOT(secret), .help = "signs what it is sent; without it nothing is signed" },
    { "token", KEY_TEXT, .secret = true, .min = 1, .max = 1024, .fits = fits_secret, .form = "printable ASCII without blanks",
      IN_BOT(token), .help = "sent to it as Authorization: Bearer; of chatwoot: what it sends as api_access_token when it calls" },
    { "queue", KEY_WORD, IN_BOT(queue), .help = "the queue that it hands over to; without it the conversation's own" },
    { "timeout_ms", KEY_INT, .min = 1000, .max = 120000, .def = "15000", IN_BOT(timeout_ms),
      .help = "how long a visitor waits for its answer before a person is called" },
    { "attempts", KEY_SMALL, .min = 1, .max = 5, .def = "3", IN_BOT(attempts), .help = "how often it is asked when it says it cannot now" },
    { "confidence_min", KEY_SMALL, .min = 0, .max = 100, .def = "0", IN_BOT(confidence_min),
      .help = "percent; an answer that it is less sure of is not said, and a person is called" },
    { "turns_max", KEY_SMALL, .min = 1, .max = 50, .def = "20", IN_BOT(turns_max),
      .help = "after so many answers in a conversation a person is called" },
    { "history_max", KEY_SMALL, .min = 1, .max = 50, .def = "20", IN_BOT(history_max), .help = "how many messages it is shown" },
    { "idle_ms", KEY_INT, .min = 0, .max = 86400000, .def = "900000", IN_BOT(idle_ms),
      .help = "a visitor who has not written for so long after its answer is let go; 0: never" },
    { "model", KEY_TEXT, .min = 1, .max = 200, IN_BOT(model), .help = "of openai: the model's name" },
    { "prompt", KEY_TEXT, .max = 8000, .def = "", IN_BOT(prompt), .help = "of openai: what the model is told before all that was said" },
    { "developer", KEY_BOOL, .def = "false", IN_BOT(developer), .help = "of openai: the prompt has the role developer instead of system" },
    { "completion_tokens", KEY_BOOL, .def = "false", IN_BOT(completion_tokens),
      .help = "of openai: tokens_max is called max_completion_tokens instead of max_tokens" },
    { "no_tools", KEY_BOOL, .def = "false", IN_BOT(no_tools),
      .help = "of openai: the server knows no tools, so the model cannot hand over" },
    { "tokens_max", KEY_SMALL, .min = 1, .max = 32768, .def = "400", IN_BOT(tokens_max), .help = "of openai: how long an answer may be" },
    { "handoff_words", KEY_TEXTS, .min = 1, .max = 64, .fits = fits_words, .form = "a list of words, each of at most 200 bytes",
      IN_BOT(handoff_words), .count = offsetof(struct site_bot, n_handoff_words),
      .help = "words with which a visitor asks for a person, written like the keywords of a rule; without them the keywords of the "
              "rule person_words" },
    { 0 },
};

enum kf_rc bot_finish(const struct keys_at *at, const struct kf_key *key, struct site_bot *b)
{
    b->key = *key;
    if (b->form == BOT_OPENAI && !b->model)
        return keys_fail(at, "model is missing: the model's name");
    if (b->form == BOT_CHATWOOT && b->token && strlen(b->token) < TOKEN_MIN) /* a set that was exported has none */
        return keys_fail(at, "token is shorter than %d: it opens the bot's conversations", TOKEN_MIN);
    return KF_OK;
}
