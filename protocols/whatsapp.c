/* whatsapp.c: settings, requests and media of the WhatsApp channel. Webhooks are read by whatsapp_in.c, messages are sent by whatsapp_out.c. */
#include "protocols/sign.h"
#include "protocols/url.h"
#include "protocols/whatsapp_impl.h"

#include <ctype.h>

#define GRAPH_URL  "https://graph.facebook.com"
#define VERSION    "v24.0"
#define MEDIA_HOST "lookaside.fbsbx.com"

static const struct setting_key keys[] = {
    { .name = "number",
      .type = SETTING_TEXT,
      .required = true,
      .min = 5,
      .max = 32,
      .help = "phone number ID (not the phone number): digits, from API Setup of the app" },
    { .name = "token",
      .type = SETTING_TEXT,
      .required = true,
      .secret = true,
      .min = 8,
      .max = 1024,
      .help = "access token of a system user, with whatsapp_business_messaging" },
    { .name = "app_secrets",
      .type = SETTING_LIST,
      .required = true,
      .secret = true,
      .min = 1,
      .max = WHATSAPP_SECRETS_MAX,
      .help = "app secrets of which one must have signed what comes in: two while one is being replaced" },
    { .name = "verify_token",
      .type = SETTING_TEXT,
      .required = true,
      .secret = true,
      .min = 8,
      .max = 256,
      .help = "a word of your own that Meta repeats when the callback URL is entered" },
    { .name = "template",
      .type = SETTING_TEXT,
      .min = 1,
      .max = 512,
      .help = "an approved template with one variable in its body: what agents write after 24 hours goes as its variable" },
    { .name = "template_language",
      .type = SETTING_TEXT,
      .min = 2,
      .max = 16,
      .def = "en",
      .help = "the language of that template, as Meta writes it" },
    { .name = "list_button",
      .type = SETTING_TEXT,
      .min = 1,
      .max = 20,
      .def = "\xe2\x98\xb0",
      .help = "what stands on the button that opens a list of more than three choices" },
    { .name = "proof", .type = SETTING_BOOL, .def = "false", .help = "the app demands appsecret_proof" },
    { .name = "url", .type = SETTING_URL, .min = 8, .max = 2048, .def = GRAPH_URL, .help = "address of the Graph API" },
    { .name = "version", .type = SETTING_TEXT, .min = 2, .max = 16, .def = VERSION, .help = "version of the Graph API" },
    { .name = "media_hosts",
      .type = SETTING_LIST,
      .max = WHATSAPP_HOSTS_MAX - 1,
      .help = "hosts of media (or host:port) to which the token is shown; by default " MEDIA_HOST },
    { .name = NULL },
};

/* ---- settings -------------------------------------------------------------------------------------------------------------- */

static bool all_of(struct slice s, int (*is)(int), const char *others)
{
    for (size_t i = 0; i < s.n; i++)
        if (!is((unsigned char)s.p[i]) && !strchr(others, s.p[i]))
            return false;
    return s.n > 0;
}

/* The strings of a list; false when memory is out. */
static bool read_list(struct whatsapp *w, const json_t *list, struct slice *ret, size_t *n, size_t max)
{
    for (size_t i = 0; i < json_array_size(list) && *n < max; i++) {
        const json_t *v = json_array_get(list, i);

        ret[*n] = arena_copy(w->arena, (struct slice){ json_string_value(v), json_string_length(v) });
        if (!ret[*n].p)
            return false;
        *n += ret[*n].n > 0;
    }
    return true;
}

static struct slice text_or(struct json_keep *keep, const json_t *root, const char *name, const char *otherwise)
{
    struct slice ret = json_get_text(keep, root, name);

    return ret.n ? ret : slice_of(otherwise);
}

/* Printable ASCII: it goes into a header. */
static int visible(int c)
{
    return c > ' ' && c < 0x7f;
}

static enum kf_rc check_settings(const struct whatsapp *w, struct kf_err *why)
{
    if (!all_of(w->number, isdigit, ""))
        return kf_fail(why, KF_INVALID, "number: digits, the phone number ID");
    if (!all_of(w->token, visible, ""))
        return kf_fail(why, KF_INVALID, "token: letters, digits and signs without blanks");
    if (!all_of(w->version, isalnum, "."))
        return kf_fail(why, KF_INVALID, "version: such as " VERSION);
    if (w->template_name.n && !all_of(w->template_name, isalnum, "_"))
        return kf_fail(why, KF_INVALID, "template: its name, of a-z 0-9 _");
    if (!w->verify_token.n)
        return kf_fail(why, KF_INVALID, "verify_token: required");
    return w->n_secrets ? KF_OK : kf_fail(why, KF_INVALID, "app_secrets: at least one");
}

static enum kf_rc read_settings(struct channel *ch, const json_t *root, struct kf_err *why)
{
    struct whatsapp *w = (void *)ch;
    struct json_keep keep = { .arena = w->arena };

    w->number = json_get_text(&keep, root, "number");
    w->token = json_get_text(&keep, root, "token");
    w->verify_token = json_get_text(&keep, root, "verify_token");
    w->template_name = json_get_text(&keep, root, "template");
    w->template_language = text_or(&keep, root, "template_language", "en");
    w->list_button = text_or(&keep, root, "list_button", "\xe2\x98\xb0");
    w->version = text_or(&keep, root, "version", VERSION);
    w->url = text_or(&keep, root, "url", GRAPH_URL);
    w->proof = json_get_bool(root, "proof", false);
    if (!read_list(w, json_object_get(root, "app_secrets"), w->secrets, &w->n_secrets, WHATSAPP_SECRETS_MAX) ||
        !read_list(w, json_object_get(root, "media_hosts"), w->hosts, &w->n_hosts, WHATSAPP_HOSTS_MAX) || keep.failed)
        return kf_fail(why, KF_NOMEM, "no memory for a channel");
    if (!url_parse(w->url, &w->api))
        return kf_fail(why, KF_INVALID, "url: an address such as " GRAPH_URL);
    if (!w->n_hosts)
        w->hosts[w->n_hosts++] = SLICE(MEDIA_HOST);
    if (w->url.p[w->url.n - 1] == '/')
        w->url.n--;
    return check_settings(w, why);
}

static enum kf_rc whatsapp_open(struct channel **ret, struct slice settings, struct kf_err *why)
{
    return channel_make(ret, sizeof(struct whatsapp), settings, read_settings, why);
}

static struct slice whatsapp_account(const struct channel *ch)
{
    return whatsapp_of(ch)->number;
}

static bool whatsapp_late(const struct channel *ch)
{
    return whatsapp_of(ch)->template_name.n > 0;
}

/* ---- requests -------------------------------------------------------------------------------------------------------------- */

bool whatsapp_proof(struct slice secret, struct slice token, struct buf *ret)
{
    uint8_t mac[SIGN_SHA256];

    if (!sign_hmac_sha256(secret, &token, 1, mac))
        return false;
    sign_hex(ret, mac, sizeof(mac));
    return true;
}

static const char *address(const struct whatsapp *w, struct arena *a, struct slice node, const char *edge)
{
    const char *ret = NULL;
    struct buf b;
    bool ok = true;

    buf_init(&b, 65536);
    buf_add(&b, w->url);
    buf_char(&b, '/');
    buf_add(&b, w->version);
    buf_char(&b, '/');
    url_escape(&b, node);
    if (edge) {
        buf_char(&b, '/');
        buf_str(&b, edge);
    }
    if (w->proof) {
        buf_str(&b, "?appsecret_proof=");
        ok = whatsapp_proof(w->secrets[0], w->token, &b);
    }
    if (ok && buf_ok(&b))
        ret = arena_text(a, buf_slice(&b));
    buf_finish(&b);
    return ret;
}

/* Some of Meta's hosts turn away whoever does not say who they are. */
static struct http_pair *credentials(const struct whatsapp *w, struct arena *a, size_t more)
{
    struct http_pair *ret = arena_array(a, 2 + more, sizeof(*ret));
    char *bearer = arena_printf(a, "Bearer %.*s", (int)w->token.n, w->token.p);

    if (!ret || !bearer)
        return NULL;
    ret[0] = (struct http_pair){ SLICE("Authorization"), slice_of(bearer) };
    ret[1] = (struct http_pair){ SLICE("User-Agent"), SLICE("kefud") };
    return ret;
}

enum kf_rc whatsapp_ask(const struct whatsapp *w, struct arena *a, const char *method, struct slice node, const char *edge,
                        const struct http_pair *type, struct slice body, struct http_req *ret)
{
    struct http_pair *headers = credentials(w, a, 1);

    if (!headers)
        return KF_NOMEM;
    if (type)
        headers[2] = *type;
    *ret = (struct http_req){
        .method = method, .url = address(w, a, node, edge), .headers = headers, .n_headers = type ? 3 : 2, .body = body
    };
    return ret->url ? KF_OK : KF_NOMEM;
}

/* ---- media ------------------------------------------------------------------------------------------------------------------- */

static bool is_known_host(const struct whatsapp *w, const struct url *u)
{
    for (size_t i = 0; i < w->n_hosts; i++)
        if (url_place_is(u, w->hosts[i]))
            return true;
    return url_same_origin(u, &w->api);
}

static enum kf_rc fetch(const struct whatsapp *w, struct arena *a, struct slice where, const struct url *u, struct http_req *ret)
{
    bool known = is_known_host(w, u);
    struct http_pair *headers = known ? credentials(w, a, 0) : NULL;

    *ret = (struct http_req){
        .method = "GET", .url = arena_text(a, where), .headers = headers, .n_headers = headers ? 2 : 0, .stranger = !known
    };
    return ret->url && (headers || !known) ? KF_OK : KF_NOMEM;
}

/* Where it is: what Meta says to its id. */
static enum kf_rc read_address(const struct whatsapp *w, struct arena *a, const struct http_resp *last, struct http_req *ret)
{
    struct json_keep keep = { .arena = a };
    json_t *root = json_read(a, last->body, JSON_OF_PLATFORMS, NULL);
    struct slice where = json_get_text(&keep, root, "url");
    int64_t code = 0;
    struct url u;

    (void)json_get_i64(json_object_get(root, "error"), "code", &code);
    json_decref(root);
    if (keep.failed)
        return KF_NOMEM;
    if (last->status != 200)
        return whatsapp_class(code, last->status) == OUTCOME_AUTH ? KF_AUTH : KF_ABSENT;
    if (!where.n)
        return KF_RATE; /* no answer at all: the file is still there */
    return url_parse(where, &u) ? fetch(w, a, where, &u, ret) : KF_IO;
}

/* The address in the webhook is good for five minutes: it is tried at once, if it is of Meta's own, and later the id, which holds for a week,
 * is asked for a new one. */
static bool is_fresh(const struct whatsapp *w, const struct media *m, struct url *ret)
{
    return !m->tries && m->url.n && url_parse(m->url, ret) && is_known_host(w, ret);
}

static enum kf_rc whatsapp_media(const struct channel *ch, struct arena *a, const struct env *env, const struct media *m,
                                 const struct http_resp *last, struct http_req *ret)
{
    enum { BY_ADDRESS = -1, BY_ID, FETCH, BY_ID_AGAIN, FETCH_AGAIN };
    const struct whatsapp *w = whatsapp_of(ch);
    struct url u;
    bool fresh = is_fresh(w, m, &u);
    int step = m->asked - fresh;
    enum kf_rc rc;

    (void)env;
    if (!m->id.n)
        return KF_INVALID;
    if (step == BY_ADDRESS) {
        rc = fetch(w, a, m->url, &u, ret);
    } else if (step == FETCH || step == FETCH_AGAIN) {
        rc = read_address(w, a, last, ret);
    } else if ((step == BY_ID && fresh && last->status == 200) || (step == BY_ID_AGAIN && last->status != 404)) {
        *ret = (struct http_req){ .url = NULL }; /* that was the file, or why there is none */
        return KF_OK;
    } else if (step == BY_ID || step == BY_ID_AGAIN) { /* an address that is over is no news of the file */
        rc = whatsapp_ask(w, a, "GET", m->id, NULL, NULL, (struct slice){ NULL, 0 }, ret);
    } else {
        *ret = (struct http_req){ .url = NULL };
        return KF_OK;
    }
    return rc ? rc : KF_AGAIN;
}

/* ---- setting up -------------------------------------------------------------------------------------------------------------- */

/* The number, as Meta knows it. Where its events go is not asked: that is a matter of the app, and needs the app's own token. */
static enum kf_rc whatsapp_meet(const struct channel *ch, struct arena *a, const struct env *env, const char *hook, bool tell,
                                const struct http_resp *last, struct http_req *ret, struct kf_err *why)
{
    const struct whatsapp *w = whatsapp_of(ch);
    struct json_keep keep = { .arena = a };
    struct slice name, phone, quality, words;
    const json_t *error;
    int64_t code = 0;
    json_t *root;
    enum kf_rc rc;

    (void)env;
    (void)hook;
    (void)tell;
    if (!last) {
        rc = whatsapp_ask(w, a, "GET", w->number, NULL, NULL, (struct slice){ NULL, 0 }, ret);
        return rc ? rc : KF_AGAIN;
    }
    if (!last->status)
        return kf_fail(why, KF_IO, "no answer from Meta: %s", last->failure ? last->failure : "");
    root = json_read(a, last->body, JSON_OF_PLATFORMS, NULL);
    error = json_object_get(root, "error");
    name = json_get_text(&keep, root, "verified_name");
    phone = json_get_text(&keep, root, "display_phone_number");
    quality = json_get_text(&keep, root, "quality_rating");
    words = json_get_text(&keep, error, "message");
    if (!words.n)
        words = SLICE("that is no phone number");
    if (!root || keep.failed)
        rc = kf_fail(why, KF_IO, "Meta's answer could not be read: status %d", last->status);
    else if (error && json_get_i64(error, "code", &code) && (code == 0 || whatsapp_class(code, last->status) == OUTCOME_AUTH))
        rc = kf_fail(why, KF_AUTH, "Meta does not let us in: %.*s", (int)(words.n < 180 ? words.n : 180), words.n ? words.p : "");
    else if (last->status != 200 || !phone.n)
        rc = kf_fail(why, KF_REJECTED, "Meta says: %.*s", (int)(words.n < 200 ? words.n : 200), words.p);
    else
        rc =
            kf_fail(why, KF_OK, "%.*s, %.*s, quality %.*s", (int)(phone.n < 40 ? phone.n : 40), phone.p, (int)(name.n < 100 ? name.n : 100),
                    name.n ? name.p : "", (int)(quality.n < 20 ? quality.n : 20), quality.n ? quality.p : "");
    json_decref(root);
    return rc;
}

const struct channel_ops whatsapp_ops = {
    .name = "whatsapp",
    .caps = CHAN_IMAGE | CHAN_FILE | CHAN_AUDIO | CHAN_CHOICES | CHAN_TYPING | CHAN_READ | CHAN_REPLY_TO | CHAN_RECEIPTS |
            CHAN_SOUND_ALONE | CHAN_CARD | CHAN_TEMPLATES | CHAN_REACT,
    .text_max = WHATSAPP_TEXT_MAX,
    .text_unit = TEXT_UTF16,
    .caption_max = WHATSAPP_CAPTION_MAX,
    .body_max = 4u << 20,
    .window_ms = WHATSAPP_WINDOW_MS,
    .upload_max = 100LL << 20,
    .media_ms = 7 * 86400 * 1000LL,
    .keys = keys,
    .words = whatsapp_chinese,
    .open = whatsapp_open,
    .close = channel_unmake,
    .account = whatsapp_account,
    .receive = whatsapp_receive,
    .encode = whatsapp_encode,
    .settle = whatsapp_settle,
    .media = whatsapp_media,
    .upload = whatsapp_upload,
    .meet = whatsapp_meet,
    .late = whatsapp_late,
    .template = whatsapp_fits,
    .kinds = whatsapp_kinds,
};
