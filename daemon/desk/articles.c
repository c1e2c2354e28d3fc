/* articles.c: choices, and the house's articles as choices: they are offered, read, and said to help or not. */
#include "desk/outlet.h"
#include "desk/ruling.h"
#include "desk/speak.h"
#include "protocols/channel.h"

#include <jansson.h>
#include <stdio.h>

#define EXTRA_MAX 16384
#define TEXT_MAX  32768

/* ---- choices ---- */

bool choices_are_lines(const struct site *s, const struct conv *conv)
{
    const struct site_channel *ch = site_channel(s, &conv->channel);
    const struct channel_ops *ops = ch ? channel_find(ch->adapter) : NULL;

    return ops && !(ops->caps & CHAN_CHOICES);
}

/* Whoever writes a number where there are buttons is understood, too. */
static bool lines_wanted(struct desk *d, struct desk_site *ds, const struct conv *conv)
{
    struct outlet *o = choices_are_lines(ds->site, conv) ? outlet_of(d, ds, &conv->channel) : NULL;

    return choices_are_lines(ds->site, conv) && !(o && o->ops->buttons && o->ops->buttons(o->ch));
}

struct slice choices_said(struct desk *d, struct desk_site *ds, struct change *c, const struct conv *conv, struct slice text,
                          const char *extra)
{
    json_t *root = extra && lines_wanted(d, ds, conv) ? json_loads(extra, 0, NULL) : NULL, *one;
    struct slice ret = text;
    struct buf b;
    size_t i;

    buf_init(&b, TEXT_MAX);
    buf_add(&b, text);
    json_array_foreach(json_object_get(root, "choices"), i, one)
    {
        const json_t *label = json_object_get(one, "label");

        buf_printf(&b, "%s%zu. %s", b.n ? "\n" : "", i + 1, json_is_string(label) ? json_string_value(label) : "");
    }
    if (b.n > text.n && buf_ok(&b))
        ret = change_slice(c, buf_slice(&b));
    buf_finish(&b);
    json_decref(root);
    return ret;
}

void offer(const struct acting *a, const struct offered *list, size_t n, struct message *m)
{
    struct buf extra;

    buf_init(&extra, EXTRA_MAX);
    buf_str(&extra, "{\"choices\":[");
    for (size_t i = 0; i < n; i++) {
        buf_printf(&extra, "%s{\"id\":\"%s\",\"label\":", i ? "," : "", list[i].id);
        buf_json(&extra, slice_of(list[i].label));
        buf_char(&extra, '}');
    }
    buf_str(&extra, "]}");
    m->extra = change_text(a->c, buf_slice(&extra));
    m->text = choices_said(a->d, a->ds, a->c, &a->l->conv, m->text, m->extra);
    buf_finish(&extra);
}

const char *offer_numbered(struct arena *a, const char *extra, int number)
{
    json_t *root = extra && number > 0 ? json_loads(extra, 0, NULL) : NULL;
    const json_t *choice = json_array_get(json_object_get(root, "choices"), (size_t)(number - 1));
    const char *id = json_string_value(json_object_get(choice, "id"));
    const char *ret = id ? arena_text(a, slice_of(id)) : NULL;

    json_decref(root);
    return ret;
}

/* ---- articles ---- */

static const char *language(const struct acting *a)
{
    return wording_language(a->l->conv.locale ? a->l->conv.locale : "", a->ds->site->language);
}

static struct offered choice_of(const struct acting *a, const char *id, const char *wording)
{
    const struct site *s = a->ds->site;
    const struct wording *w = wording_find(s->wordings, s->n_wordings, wording, language(a), s->language);

    return (struct offered){ id, w && *w->text ? w->text : wording };
}

static const char *pick_id(const struct acting *a, enum answer_pick pick, const struct kf_key *article)
{
    return change_printf(a->c, "%s%s", answer_pick_prefix(pick), article->s);
}

static struct act *count(const struct acting *a, const struct kf_key *article)
{
    struct act *act = change_act(a->c, ACT_ARTICLE);

    act->u.article.key = *article;
    return act;
}

void articles_offer(const struct acting *a, const struct rule_firing *f)
{
    const struct wording_value none = { "name", "" };
    struct act *act = speak(a->ds->site, a->c, &a->l->conv, f->rule->wording, NULL, &none, 1);
    struct offered list[ANSWER_HITS + 1];
    size_t n = 0;

    if (!act)
        return;
    for (; n < f->n_hits; n++)
        list[n] = (struct offered){ pick_id(a, ANSWER_READ, &f->hits[n].article->key), f->hits[n].text->title };
    list[n++] = choice_of(a, ANSWER_ID, "talk_to_person");
    offer(a, list, n, &act->u.message);
    for (size_t i = 0; i < f->n_hits; i++)
        count(a, &f->hits[i].article->key)->u.article.suggested = 1;
}

static void show(const struct acting *a, const struct article *article)
{
    const struct article_text *t = article_text_in(article, language(a), a->ds->site->language);
    const struct wording_value values[] = { { "title", t->title }, { "body", t->body }, { "link", article->link ? article->link : "" } };
    struct act *act = speak(a->ds->site, a->c, &a->l->conv, "article", NULL, values, 3);

    if (!act)
        return;
    offer(a,
          (struct offered[]){ choice_of(a, pick_id(a, ANSWER_HELPED, &article->key), "article_yes"),
                              choice_of(a, pick_id(a, ANSWER_NOT_HELPED, &article->key), "article_no"),
                              choice_of(a, ANSWER_ID, "talk_to_person") },
          3, &act->u.message);
    count(a, &article->key)->u.article.shown = 1;
}

static void thank(const struct acting *a, bool helped)
{
    struct act *act = speak(a->ds->site, a->c, &a->l->conv, helped ? "article_thanks" : "article_sorry", NULL, NULL, 0);
    struct offered person = choice_of(a, ANSWER_ID, "talk_to_person");

    if (act && !helped)
        offer(a, &person, 1, &act->u.message);
}

static bool fired_before(const struct acting *a, const struct act_ruled *ruled, const struct kf_key *rule, const char *cause)
{
    for (size_t i = 0; i < a->l->n_fired; i++)
        if (key_eq(&a->l->fired[i].rule, rule) && strcmp(a->l->fired[i].cause, cause) == 0)
            return true;
    for (size_t i = 0; i < ruled->n_firings; i++)
        if (key_eq(&ruled->firing[i].rule, rule) && strcmp(ruled->firing[i].cause, cause) == 0)
            return true;
    return false;
}

bool answer_once(const struct acting *a, struct act_ruled *ruled, const char *what, const char *cause)
{
    struct kf_key rule = { "" };

    (void)snprintf(rule.s, sizeof(rule.s), "%s", what);
    if (ruled->n_firings == FIRINGS_MAX || fired_before(a, ruled, &rule, cause))
        return false;
    ruled->firing[ruled->n_firings].rule = rule;
    ruled->firing[ruled->n_firings].cause = cause;
    ruled->firing[ruled->n_firings].wide = false;
    ruled->n_firings++;
    return true;
}

/* Somebody else has the word: a person who serves it and has spoken, or a bot, whose turn the pick is. */
static bool in_talk(const struct conv *c)
{
    return c->state == CONV_CLOSED || c->state == CONV_BOT || (c->state == CONV_SERVED && c->staff_at >= c->arrived_at);
}

static void picked(const struct acting *a, struct act_ruled *ruled, bool silent, const struct message *m, const char *choice)
{
    static const char *const words[] = { "", "read", "helped", "not_helped" };
    struct kf_key key;
    enum answer_pick pick = answer_pick_parse(choice, &key);
    const struct article *article = pick ? site_article(a->ds->site, &key) : NULL;

    if (!article || !article->published)
        return;
    if (!answer_once(a, ruled, "article",
                     pick == ANSWER_READ ? change_printf(a->c, "seq:%lld", (long long)m->seq) : change_printf(a->c, "vote:%s", key.s)))
        return;
    change_act(a->c, ACT_ENTRY)->u.entry =
        (struct entry){ .at = a->c->at,
                        .kind = "article",
                        .by = a->c->by,
                        .data = change_printf(a->c, "{\"article\":\"%s\",\"visitor\":\"%s\"}", key.s, words[pick]) };
    if (pick == ANSWER_HELPED)
        count(a, &key)->u.article.helped = 1;
    else if (pick == ANSWER_NOT_HELPED)
        count(a, &key)->u.article.not_helped = 1;
    if (silent || in_talk(&a->l->conv))
        return;
    if (pick == ANSWER_READ)
        show(a, article);
    else
        thank(a, pick == ANSWER_HELPED);
}

void articles_picked(const struct acting *a, struct act_ruled *ruled, bool silent)
{
    for (size_t i = 0; i < a->l->n_messages; i++)
        if (a->l->choices[i])
            picked(a, ruled, silent, &a->l->messages[i], a->l->choices[i]);
}
