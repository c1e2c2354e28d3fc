/* fuzz_frame.h: what both sides' frames have to keep, whatever comes in. */
#ifndef KF_TESTS_FUZZ_FRAME_H
#define KF_TESTS_FUZZ_FRAME_H

#include "core/utf8.h"
#include "protocols/frame.h"

#include <jansson.h>
#include <stdlib.h>

#define FUZZ_TEXT_MAX 64

static void fuzz_must(bool ok)
{
    if (!ok)
        abort();
}

/* JSON of ours that a parser of somebody else's reads. */
static void fuzz_json(struct slice s)
{
    json_t *v = s.n ? json_loadb(s.p, s.n, JSON_REJECT_DUPLICATES, NULL) : NULL;

    fuzz_must(!s.n || v);
    json_decref(v);
}

static void fuzz_text(struct slice s, size_t max)
{
    fuzz_must(utf8_valid(s) && utf8_length(s) <= max);
}

/* What was said comes out again as a frame. */
static void fuzz_say(const struct inbound *in)
{
    struct message m = {
        .seq = 1, .from = { .name = "" }, .text = in->text, .reply_to = in->reply_to, .cid = in->cid.n ? in->cid.p : NULL
    };
    json_t *frame;
    struct buf b;

    buf_init(&b, 1u << 20);
    frame_message(&b, &in->conversation, &m, true);
    fuzz_must(buf_ok(&b));
    frame = json_loadb(b.p, b.n, JSON_REJECT_DUPLICATES, NULL);
    fuzz_must(frame && json_string_length(json_object_get(frame, "text")) == in->text.n);
    fuzz_must(!in->text.n || memcmp(json_string_value(json_object_get(frame, "text")), in->text.p, in->text.n) == 0);
    json_decref(frame);
    buf_finish(&b);
}

static void fuzz_error(const struct inbound *in, const struct kf_err *why)
{
    struct buf b;

    buf_init(&b, 65536);
    frame_error(&b, in->cid, why);
    fuzz_must(buf_ok(&b));
    fuzz_json(buf_slice(&b));
    buf_finish(&b);
}

static int fuzz_frame(enum frame_side side, const uint8_t *data, size_t size)
{
    static const struct frame_limits limits = { .text_max = FUZZ_TEXT_MAX };
    struct arena *a = arena_new(1u << 20);
    struct kf_err why = { .rc = KF_OK };
    struct inbound in;
    enum kf_rc rc = frame_decode(a, side, &limits, (struct slice){ (const char *)data, size }, &in, &why);

    fuzz_must(!in.cid.n || cid_valid(in.cid));
    if (rc) {
        fuzz_must(why.rc == rc && why.text[0]);
        fuzz_error(&in, &why);
    } else {
        fuzz_text(in.text, FUZZ_TEXT_MAX);
        fuzz_text(in.comment, 1000);
        fuzz_text(in.reason, 200);
        fuzz_json(in.form);
        fuzz_json(in.page);
        fuzz_json(in.profile);
        fuzz_json(in.tags);
        fuzz_say(&in);
    }
    arena_free(a);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
