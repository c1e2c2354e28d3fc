/* classes.h: a platform's page of errors, whole: each of its codes has its class. */
#ifndef KF_TESTS_CLASSES_H
#define KF_TESTS_CLASSES_H

#include "protocols/channel.h"

struct class_row {
    enum outcome_class cls;
    int status;    /* of the answer; 0: 200 */
    int codes[12]; /* up to 0 */
};

/* Settles `e` with an answer for each code, which stands in `member` of its body; the words are in the member of either family. */
void codes_have_their_class(const struct channel_ops *ops, const struct channel *ch, const struct errand *e, const char *member,
                            const struct class_row *rows, size_t n);

#endif
