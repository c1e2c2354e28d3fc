/* wechat_template.c: template messages (模板消息): what an agent has chosen from the templates of the account. They need no message of the
 * follower's before them, and are not counted among the replies to one; what became of them is told later, by the msgid of the answer. */
#include "protocols/chosen.h"
#include "protocols/wechat_impl.h"

#include <ctype.h>

enum kf_rc wechat_fits(const struct template *t, struct kf_err *why)
{
    for (const char *p = t->name; *p; p++)
        if (!isalnum((unsigned char)*p) && !strchr("_-", *p))
            return kf_fail(why, KF_INVALID, "name: the template's ID (模板ID), of letters, digits, _ and -");
    if (t->blanks.numbered)
        return kf_fail(why, KF_INVALID, "text: blanks have names here: {{thing1.DATA}}, as the platform shows them");
    if (t->header != TEMPLATE_NO_HEADER)
        return kf_fail(why, KF_INVALID, "header: nothing stands above a template here");
    return KF_OK;
}

enum kf_rc wechat_template(const struct wechat *w, struct arena *a, const struct errand *e, const struct env *env, struct http_req *ret)
{
    struct chosen c;
    struct buf b;
    enum kf_rc rc = chosen_read(a, &e->message, &c);

    if (rc)
        return rc;
    buf_init(&b, 131072);
    buf_str(&b, "{\"touser\":");
    wx_json(&b, slice_of(e->user));
    buf_str(&b, ",\"template_id\":");
    wx_json(&b, c.name);
    if (c.url.n) {
        buf_str(&b, ",\"url\":");
        wx_json(&b, c.url);
    }
    buf_str(&b, ",\"data\":{");
    for (size_t i = 0; i < c.n; i++) {
        if (i)
            buf_char(&b, ',');
        wx_json(&b, c.fields[i].name);
        buf_str(&b, ":{\"value\":");
        wx_json(&b, c.fields[i].value);
        buf_char(&b, '}');
    }
    buf_str(&b, "}}");
    return wx_post(w->url, a, "/cgi-bin/message/template/send", env->token, &b, ret);
}
