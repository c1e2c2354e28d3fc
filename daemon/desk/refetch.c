/* refetch.c: a file that a platform did not give, asked for again by hand. What the message says of it stays with it, out of everybody's sight:
 * where it is, and what the message was before. */
#include "desk/media.h"

#include <jansson.h>
#include <stdlib.h>

enum kf_rc media_again(struct change *c, const struct message *m, struct kf_err *why)
{
    json_t *root = m->extra ? json_loads(m->extra, 0, NULL) : NULL, *note = json_object_get(root, "fetch");
    const json_t *media = json_object_get(root, "media"), *said = json_object_get(note, "said");
    const char *state = json_string_value(json_object_get(media, "state")), *name = json_string_value(json_object_get(media, "name"));
    enum kf_rc rc = KF_OK;
    char *extra = NULL;
    struct act *act;

    if (!state || strcmp(state, "failed") != 0)
        rc = kf_fail(why, KF_CONFLICT, "this has not failed: there is nothing to fetch again");
    else if (!note)
        rc = kf_fail(why, KF_CONFLICT, "it is not known any more where this file was: the visitor has to send it anew");
    if (rc)
        goto out;
    act = change_act(c, ACT_MEDIA);
    act->u.media.seq = m->seq;
    act->u.media.kind = m->kind;
    act->u.media.text =
        change_slice(c, json_is_string(said) ? (struct slice){ json_string_value(said), json_string_length(said) } : m->text);
    json_object_set_new(root, "media", json_pack("{s:s,s:s*}", "state", "fetching", "name", name));
    json_object_del(note, "said");
    extra = json_dumps(root, JSON_COMPACT);
    act->u.media.extra = extra ? change_text(c, slice_of(extra)) : NULL;
    c->failed |= !extra;
out:
    free(extra);
    json_decref(root);
    return rc;
}
