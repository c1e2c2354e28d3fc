/* articles.c: articles of the house's knowledge as people write them: in one language or in several. */
#include "settings/kinds.h"

#include <jansson.h>
#include <stdio.h>

#define QUESTIONS_MAX 20

static bool fits_question(struct slice s)
{
    return s.n && s.n <= 300;
}

static bool fits_tag(struct slice s)
{
    return s.n && s.n <= 200;
}

/* It is shown to visitors: an address of the web and nothing else. */
static bool fits_link(struct slice s)
{
    size_t scheme = slice_starts(s, "https://") ? 8 : slice_starts(s, "http://") ? 7 : 0;

    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] <= ' ' || (unsigned char)s.p[i] > '~' || strchr("\"<>\\^`{|}", s.p[i]))
            return false;
    return scheme && s.n > scheme;
}

#define IN_TEXT(member) .at = offsetof(struct article_text, member)

static const struct key text_keys[] = {
    { "title", KEY_TEXT, .required = true, .min = 1, .max = 80, IN_TEXT(title), .help = "the question, as visitors read it in a choice" },
    { "questions", KEY_TEXTS, .max = QUESTIONS_MAX, .fits = fits_question, .form = "a list of texts of at most 300 bytes",
      IN_TEXT(questions), .count = offsetof(struct article_text, n_questions), .help = "other ways to ask for it" },
    { "body", KEY_TEXT, .required = true, .min = 1, .max = 3000, IN_TEXT(body), .help = "the answer" },
    { 0 },
};

/* {"zh-CN": {"title", "questions", "body"}, …} */
static enum kf_rc take_texts(const struct keys_at *at, const struct key *k, json_t *object, void *into)
{
    struct article *a = into;
    const char *name;
    json_t *value;

    json_object_foreach(object, name, value)
    {
        struct article_text *t = &a->texts[a->n_texts];
        struct keys_at inner = *at;
        struct kf_key key = { "" };
        char path[32];
        enum kf_rc rc;

        (void)snprintf(key.s, sizeof(key.s), "%.8s", name);
        if (!language_of_key(&key) || strcmp(language_of_key(&key), name) != 0)
            return keys_fail(at, "%s.%.32s is not a language; allowed are zh-CN, zh-TW, en", k->name, name);
        (void)snprintf(path, sizeof(path), "texts.%.8s.", name);
        inner.path = path;
        rc = keys_read(&inner, text_keys, value, t);
        if (rc)
            return rc;
        t->lang = language_of_key(&key);
        a->n_texts++;
    }
    return a->n_texts ? KF_OK : keys_fail(at, "%s must have a text in one language at least", k->name);
}

#define IN_ARTICLE(member) .at = offsetof(struct article, member)

const struct key article_keys[] = {
    { "texts", KEY_OTHER, .required = true, .take = take_texts,
      .help = "for each language a title, a body and other questions: {\"zh-CN\": {\"title\": …, \"questions\": […], \"body\": …}}" },
    { "tags", KEY_TEXTS, .max = 16, .fits = fits_tag, .form = "a list of texts of at most 200 bytes", IN_ARTICLE(tags),
      .count = offsetof(struct article, n_tags), .help = "what it is about; visitors' words are held against them, too" },
    { "link", KEY_TEXT, .min = 8, .max = 500, .fits = fits_link, .form = "an address such as https://www.example.com/help",
      IN_ARTICLE(link), .help = "where there is more to read" },
    { "published", KEY_BOOL, .def = "false", IN_ARTICLE(published), .help = "visitors are offered it" },
    { 0 },
};

enum kf_rc article_finish(const struct keys_at *at, const struct kf_key *key, struct article *a)
{
    (void)at;
    a->key = *key;
    return KF_OK;
}
