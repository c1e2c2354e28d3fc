/* wording.h: what the system says. Texts by key and language, with {name} placeholders. */
#ifndef KF_CORE_WORDING_H
#define KF_CORE_WORDING_H

#include "core/buf.h"
#include "core/slice.h"

#include <stddef.h>

struct wording {
    const char *key;  /* "greeting" "wait" "closed_hours" "nobody" "away" "joined" "closed" ... */
    const char *lang; /* "zh-CN" "zh-TW" "en" */
    const char *text;
};

struct wording_value {
    const char *name, *value;
};

/* The language that is spoken best: exact, else by the rules of ui.md §3 (zh-Hant, -TW, -HK, -MO → zh-TW; other zh → zh-CN), else
 * `fallback`. Always one of "zh-CN", "zh-TW", "en" or `fallback`. */
const char *wording_language(const char *locale, const char *fallback);
/* The text for (key, lang), else for (key, fallback), else any of that key; NULL if there is none. */
const struct wording *wording_find(const struct wording *all, size_t n, const char *key, const char *lang, const char *fallback);
/* Fills {name} from values; an unknown one is left out with the blanks around it; {{ is a brace. A part in [[ ]] is left out as a
 * whole when one of its placeholders has no value: "please wait[[, you are number {position}]]". */
void wording_fill(const char *text, const struct wording_value *values, size_t n, struct buf *ret);

/* What the house itself says, without a rule: the keys, in no order. What a rule says, it names. NULL: no more of them. */
const char *wording_of_house(size_t i);
/* The blanks that there are, as people are told of them: "{site} {name} …". */
const char *wording_blanks(void);
/* Where a text has a blank that there is not, or a brace or a part that is not closed: from there on. NULL: nowhere. */
const char *wording_wrong(const char *text);

#endif
