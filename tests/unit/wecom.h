/* wecom.h: the account that the tests of WeCom's customer service speak for, its customer, and a page of what was said. */
#ifndef KF_TESTS_WECOM_H
#define KF_TESTS_WECOM_H

#include "channel_bench.h"

#include "protocols/wecom_impl.h"

#define CORP    "ww7a31f0de55c28b90"
#define AES_KEY "Q5saW4j2yEykBcmuGibjvr1xfHiyh0SGMirZ4uPUC0J"
#define TOKEN   "Kefud2024Token"
#define OURS    "wkA1zQDAAAk9Tg7BwGm3rLpSxYv2Hfcw"
#define USER    "wmA1zQDAAAs5jPbQ4mXrVd8UeK0WnyTo"

#define SETTINGS                                                                                         \
    "{\"corp_id\":\"" CORP "\",\"secret\":\"very-secret\",\"open_kfid\":\"" OURS "\",\"token\":\"" TOKEN \
    "\",\"encoding_aes_key\":\"" AES_KEY "\",\"url\":\"https://api.example/\""

static inline void open_with(struct bench *t, const char *more)
{
    const char *text = arena_printf(t->arena, SETTINGS "%s}", more);
    struct kf_err why = { .rc = KF_OK };

    wecom_kf_ops.close(t->ch);
    t->ch = NULL;
    if (channel_check(&wecom_kf_ops, slice_of(text), &why) || wecom_kf_ops.open(&t->ch, slice_of(text), &why))
        fail_msg("%s: %s", text, why.text);
}

static inline int bench_setup(void **state)
{
    return bench_open(state, &wecom_kf_ops, SETTINGS "}", (struct env){ .now_ms = 1718100105000, .token = SLICE("TKN") });
}

static inline struct errand an_errand(const char *text)
{
    return (struct errand){ .id = { { 1, 2, 3 } }, .user = USER, .handle_left = -1, .message = { .text = slice_of(text) } };
}

#define TEXT(id, user, at)                                                                                \
    "{\"msgid\":\"" id "\",\"open_kfid\":\"" OURS "\",\"external_userid\":\"" user "\",\"send_time\":" at \
    ",\"origin\":3,\"msgtype\":\"text\",\"text\":{\"content\":\"hi\"}}"
#define PAGE(items) "{\"errcode\":0,\"next_cursor\":\"c2\",\"has_more\":0,\"msg_list\":[" items "]}"

#endif
