/* pages.h: the compiled-in pages, and the answers that carry them. Pure: bytes come from the table, words from the caller. */
#ifndef KF_NET_PAGES_H
#define KF_NET_PAGES_H

#include "net/asset.h"
#include "net/server.h"

struct arena;

/* What differs from page to page. Zeros are right for the console, the review and the admin pages. */
struct page_view {
    const char *const *embedders; /* origins that may show it in a frame: /chat/{site}; n_embedders 0: none but, if `framed`, ourselves */
    size_t n_embedders;
    bool framed;
    const char *files_origin; /* where images and sounds come from besides us; NULL */
    struct slice settings;    /* /widget.js: the JSON object that takes the place of its mark; "<" must be written as \u003c */
};

/* By exact path ("/chat/" stands for all sites); NULL: there is none. */
const struct asset *pages_find(const char *path);

/* Fills `ret`, whose headers live in `arena` and whose body is the asset's (or, with settings, in `arena`): 200, or 304 when the
 * client has it. Compressed if the client takes that. False: memory is out. */
bool pages_answer(const struct asset *asset, const struct page_view *view, const struct net_head *head, struct arena *arena,
                  struct net_answer *ret);

#endif
