/* A file that an agent sends: people, or a file like any other. */
#include "core/utf8.h"
#include "protocols/vcard.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
    if (!ok)
        abort();
}

/* Empty, or a line that people may read. */
static void may_be_shown(struct slice s)
{
    must(!s.n || (utf8_valid(s) && utf8_one_line(s) && !utf8_blank(s)));
}

static void is_number(struct slice s)
{
    size_t sign = s.n && s.p[0] == '+';

    must(s.n - sign >= 5 && s.n - sign <= 15 && strspn(s.p + sign, "0123456789") == s.n - sign);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_new(0);
    struct vcard *all = NULL;
    size_t n = 0;

    must(a != NULL);
    if (vcard_read(a, (struct slice){ (const char *)data, size }, "text/vcard", NULL, &all, &n)) {
        must(n > 0 && n <= VCARD_PEOPLE_MAX);
        for (size_t i = 0; i < n; i++) {
            must(all[i].name.n > 0 && all[i].n_phones > 0 && all[i].n_phones <= VCARD_PHONES_MAX && all[i].n_mails <= VCARD_MAILS_MAX);
            may_be_shown(all[i].name);
            may_be_shown(all[i].given);
            may_be_shown(all[i].family);
            may_be_shown(all[i].work);
            for (size_t k = 0; k < all[i].n_phones; k++)
                is_number(all[i].phones[k].number);
        }
    }
    arena_free(a);
    return 0;
}
