/* Forgetting a visitor: nothing is found any more, at once by asking, and after housekeeping not by whoever reads the disk. */
#include "tests/store/world.h"

#include <dirent.h>
#include <sys/stat.h>

#define OWN_FILE   "Rechnungsdatei-Ottokar-4711-nur-fuer-ihn"
#define SHARED     "Gemeinsames-Merkblatt-fuer-alle-Besucher"
#define RAW_BODY   "<xml>roher-Koerper-Ottokar-vom-Postamt</xml>"
#define ADDRESS    "openid-ottokar-99887766"
#define PHONE      "13912345678"
#define CHINESE    "我住在幸福路三百號，想退貨"
#define ENGLISH    "my secret garden gnome is broken"
#define EDITED     "the first wording about marmalade"
#define NOTE       "der Kunde heisst Ottokar Zwiebelmann"
#define REPLY      "亲爱的欧托卡先生，已为您登记"
#define REMARK     "reviewer thinks Zwiebelmann was rude"
#define REASON     "warum Ottokar das Paket zurueckschickt"
#define TAG        "zwiebelmann-vip"
#define REF        "platform-ref-ottokar-1"
#define HANDLE     "reply-token-ottokar-7"
#define CAME_BY    "the-code-on-table-9-where-ottokar-sits"
#define OTHER_TEXT "unrelated words of somebody else"

/* Each of them names the visitor, or was said by him or to him. */
static const char *const his[] = { OWN_FILE, RAW_BODY, ADDRESS, PHONE, CHINESE, ENGLISH, EDITED,        NOTE,
                                   REPLY,    REMARK,   REASON,  TAG,   REF,     HANDLE,  "Zwiebelmann", CAME_BY };
#define N_HIS (sizeof(his) / sizeof(his[0]))

static int64_t wall_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- looking into the files ---- */

static bool file_has(const char *path, const char *words)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    char *bytes;
    bool ret;

    assert_true(fd >= 0);
    assert_int_equal(fstat(fd, &st), 0);
    bytes = malloc((size_t)st.st_size + 1);
    assert_non_null(bytes);
    for (ssize_t at = 0, n; at < st.st_size; at += n) {
        n = read(fd, bytes + at, (size_t)(st.st_size - at));
        assert_true(n > 0);
    }
    ret = memmem(bytes, (size_t)st.st_size, words, strlen(words)) != NULL;
    free(bytes);
    close(fd);
    return ret;
}

/* In which file of the world's directory the words are; NULL: in none. */
static const char *found_in(const struct world *w, const char *words)
{
    static char path[400];
    DIR *d = opendir(w->dir);
    const char *ret = NULL;
    struct dirent *e;

    assert_non_null(d);
    while (!ret && (e = readdir(d)))
        if (*e->d_name != '.') {
            (void)snprintf(path, sizeof(path), "%s/%s", w->dir, e->d_name);
            if (file_has(path, words))
                ret = path;
        }
    closedir(d);
    return ret;
}

/* ---- what there is of him ---- */

struct stored {
    bool done;
    uint8_t sha256[32];
    int64_t size;
};

static void put_done(void *ctx, enum kf_rc rc, const struct kf_err *why)
{
    (void)why;
    assert_int_equal(rc, KF_OK);
    ((struct stored *)ctx)->done = true;
}

static void end_done(void *ctx, enum kf_rc rc, const uint8_t sha256[32], int64_t size, const struct kf_err *why)
{
    struct stored *s = ctx;

    (void)why;
    assert_int_equal(rc, KF_OK);
    memcpy(s->sha256, sha256, 32);
    s->size = size;
    s->done = true;
}

static void upload(struct world *w, uint32_t id, const char *bytes, const struct kf_id *by)
{
    struct kf_id handle = id_of(id);
    struct stored s = { .done = false };
    struct change *c = new_change(wall_ms());
    struct act_file *f = &change_act(c, ACT_FILE)->u.file;

    store_file_put(w->store, &handle, slice_of(bytes), put_done, &s);
    world_wait(w, &s.done);
    s.done = false;
    store_file_end(w->store, &handle, end_done, &s);
    world_wait(w, &s.done);
    c->by = (struct actor){ .role = ROLE_VISITOR, .id = *by, .name = "" };
    f->id = handle;
    memcpy(f->sha256, s.sha256, 32);
    f->size = s.size;
    f->name = "paper.txt";
    f->mime = "text/plain";
    assert_int_equal(commit(w, c).rc, KF_OK);
}

static struct told send_file(struct world *w, const char *peer, uint32_t file)
{
    struct change *c = visitor_says(peer, NULL, "", wall_ms());

    c->acts[0].u.message.kind = MESSAGE_FILE;
    c->acts[0].u.message.file = id_of(file);
    return commit(w, c);
}

static void finish_talk(struct world *w, const struct kf_id *conv)
{
    struct change *c = on_conv(conv, wall_ms());

    add_step(c, CONV_CLOSE, 0, -1);
    assert_int_equal(commit(w, c).rc, KF_OK);
}

struct him {
    struct kf_id conv, contact;
};

static struct him speak(struct world *w, const char *peer, const char *name, const char *text)
{
    struct change *c = visitor_says(peer, NULL, text, wall_ms());
    struct opening *o = (struct opening *)c->opening;
    struct told t;

    o->name = name;
    c->acts[0].u.message.from.name = name;
    t = commit(w, c);
    assert_int_equal(t.rc, KF_OK);
    return (struct him){ t.news.conv.id, t.news.conv.contact };
}

static void leave_traces(struct world *w, const struct him *h)
{
    struct change *c = on_conv(&h->conv, wall_ms());
    struct act *act;

    add_says(c, ROLE_AGENT, REPLY);
    change_act(c, ACT_ENTRY)->u.entry =
        (struct entry){ .kind = "note", .by = { .role = ROLE_AGENT, .name = "Li" }, .data = "{\"text\":\"" NOTE "\"}" };
    change_act(c, ACT_TAG)->u.tag.text = TAG;
    act = change_act(c, ACT_HANDLE);
    act->u.handle.text = HANDLE;
    act->u.handle.left = -1;
    assert_int_equal(commit(w, c).rc, KF_OK);
    c = visitor_says(ADDRESS, NULL, EDITED, wall_ms());
    c->acts[0].u.message.ref = REF;
    c->acts[0].u.message.extra = "{\"phone\":\"" PHONE "\"}";
    assert_int_equal(commit(w, c).rc, KF_OK);
    c = on_conv(&h->conv, wall_ms());
    act = change_act(c, ACT_EDIT);
    act->u.edit.seq = 3;
    act->u.edit.text = ENGLISH;
    assert_int_equal(commit(w, c).rc, KF_OK);
    c = visitor_says(ADDRESS, NULL, "[unsupported message]", wall_ms());
    act = change_act(c, ACT_RAW);
    act->u.blob.name = "unsupported";
    act->u.blob.bytes = SLICE(RAW_BODY);
    assert_int_equal(commit(w, c).rc, KF_OK);
    c = on_conv(&h->conv, wall_ms());
    c->by = (struct actor){ .role = ROLE_VISITOR, .id = h->contact, .name = "" };
    change_act(c, ACT_PROFILE)->u.profile = "{\"name\":\"Ottokar Zwiebelmann\",\"phone\":\"" PHONE "\"}";
    assert_int_equal(commit(w, c).rc, KF_OK);
}

static void review_him(struct world *w, const struct him *h)
{
    struct change *c = new_change(wall_ms());
    struct act_sample *s = ARENA_NEW(c->arena, struct act_sample);
    struct sample_pick *p = ARENA_NEW(c->arena, struct sample_pick);
    struct act_comment *m;

    *p = (struct sample_pick){
        .review = id_of(800), .conv = h->conv, .agent = id_of(7), .reviewer = id_of(8), .channel = key("web"), .queue = key("sales")
    };
    *s = (struct act_sample){
        .id = id_of(700), .name = "s", .seed = 1, .card = key("std"), .card_body = "{}", .plan = "{}", .picks = p, .n_picks = 1
    };
    change_act(c, ACT_SAMPLE)->u.sample = s;
    assert_int_equal(commit(w, c).rc, KF_OK);
    c = new_change(wall_ms());
    c->by = (struct actor){ .role = ROLE_AGENT, .id = id_of(8), .name = "Chen" };
    m = &change_act(c, ACT_COMMENT)->u.comment;
    *m = (struct act_comment){ .id = id_of(801), .review = id_of(800), .seq = 1, .text = REMARK };
    assert_int_equal(commit(w, c).rc, KF_OK);
    c = new_change(wall_ms());
    c->by = (struct actor){ .role = ROLE_AGENT, .id = id_of(8), .name = "Chen" };
    change_act(c, ACT_REVEAL)->u.reveal = (struct act_reveal){ .id = id_of(802), .conv = h->conv, .reason = REASON };
    assert_int_equal(commit(w, c).rc, KF_OK);
}

/* He comes again, and has not said anything yet. */
static void come_back(struct world *w)
{
    struct change *c = visitor_says(ADDRESS, NULL, "", wall_ms());

    ((struct opening *)c->opening)->joins = true;
    c->acts[0] = (struct act){ .kind = ACT_ENTRY };
    c->acts[0].u.entry = (struct entry){ .kind = "follow", .by = c->by, .data = "{\"referral\":\"" CAME_BY "\"}" };
    assert_int_equal(commit(w, c).rc, KF_OK);
}

static struct him live(struct world *w)
{
    struct him h = speak(w, ADDRESS, "Ottokar Zwiebelmann", CHINESE);

    leave_traces(w, &h);
    upload(w, 21, OWN_FILE, &h.contact);
    upload(w, 22, SHARED, &h.contact);
    assert_int_equal(send_file(w, ADDRESS, 21).rc, KF_OK);
    assert_int_equal(send_file(w, ADDRESS, 22).rc, KF_OK);
    finish_talk(w, &h.conv);
    review_him(w, &h);
    come_back(w);
    return h;
}

static struct him somebody_else(struct world *w)
{
    struct him h = speak(w, "somebody-else", "Somebody", OTHER_TEXT);

    upload(w, 31, SHARED, &h.contact);
    assert_int_equal(send_file(w, "somebody-else", 31).rc, KF_OK);
    return h;
}

/* ---- asking ---- */

static char receipt[1024];

static void keep_receipt(void *ctx, enum kf_rc rc, const struct news *news, const struct kf_err *why)
{
    struct told *t = ctx;

    t->done = true;
    t->rc = rc;
    if (why)
        t->why = *why;
    if (news)
        snprintf(receipt, sizeof(receipt), "%s", news->receipt ? news->receipt : "");
}

static struct told erase(struct world *w, const struct kf_id *visitor)
{
    struct change *c = new_change(wall_ms());
    struct told t = { .done = false };

    c->by = (struct actor){ .role = ROLE_AGENT, .id = id_of(9), .name = "Admin" };
    change_act(c, ACT_ERASE)->u.erase.visitor = *visitor;
    store_commit(w->store, c, keep_receipt, &t);
    world_wait(w, &t.done);
    return t;
}

static char report[8192];

static void keep_report(void *ctx, enum kf_rc rc, const char *text, const struct kf_err *why)
{
    if (rc)
        fail_msg("%s", why->text);
    snprintf(report, sizeof(report), "%s", text);
    *(bool *)ctx = true;
}

static void housekeep(struct world *w, bool dry)
{
    bool done = false;

    store_housekeep(w->store, &(struct housekeeping){ .now = wall_ms(), .wipe = true, .dry = dry }, keep_report, &done);
    world_wait(w, &done);
}

static void copy_count(const struct query *q, void *ctx)
{
    *(int64_t *)ctx = (int64_t)q->n_convs;
}

static int64_t found(struct world *w, const char *terms)
{
    struct query *q = query_new(QUERY_TRANSCRIPTS);
    int64_t n = -1;

    q->site = key("demo");
    q->search.terms = arena_copy(q->arena, slice_of(terms));
    q->search.limit = 20;
    assert_int_equal(ask(w, q, copy_count, &n), KF_OK);
    return n;
}

static void indexed(struct world *w)
{
    struct store_figures f = { .index_lag_ms = 1 };

    for (int64_t until = mono_ms() + WAIT_MS; f.index_lag_ms; (void)poll(NULL, 0, 5)) {
        assert_true(mono_ms() < until);
        store_figures(w->store, &f);
    }
}

/* Rows anywhere in the database that hold the words, by what PostgreSQL says of each of its tables. */
static int64_t rows_with(struct world *w, const char *words)
{
    static const char *const places[] = { "message WHERE CONCAT(text, extra, ref, reason, name, cid) LIKE",
                                          "timeline WHERE CONCAT(data, name) LIKE",
                                          "customer WHERE CONCAT(name, profile) LIKE",
                                          "contact WHERE address LIKE",
                                          "conversation WHERE peer LIKE",
                                          "tag WHERE text LIKE",
                                          "reply_handle WHERE text LIKE",
                                          "parked_status WHERE CONCAT(ref, reason) LIKE",
                                          "errand WHERE error LIKE",
                                          "review_comment WHERE text LIKE",
                                          "reveal WHERE reason LIKE",
                                          "review_version WHERE body LIKE",
                                          "review WHERE draft LIKE",
                                          "unindexed WHERE text LIKE",
                                          "audit WHERE data LIKE",
                                          "raw_event WHERE encode(body, 'escape') LIKE",
                                          "block WHERE encode(bytes, 'escape') LIKE" };
    int64_t n = 0;
    char sql[400];

    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        (void)snprintf(sql, sizeof(sql), "SELECT COUNT(*) FROM %s '%%%s%%'", places[i], words);
        n += number(w, sql);
    }
    return n;
}

static bool somewhere(struct world *w, const char *words)
{
    return on_postgres() ? rows_with(w, words) > 0 : found_in(w, words) != NULL;
}

/* ---- tests ---- */

static void who_is_forgotten_is_found_nowhere(void **state)
{
    struct world *w = *state;
    struct him other = somebody_else(w), h = live(w);
    struct conv_copy conv;

    indexed(w);
    for (size_t i = 0; i < N_HIS; i++)
        if (!somewhere(w, his[i]))
            fail_msg("the test looks for what was never there: %s", his[i]);
    assert_int_equal(found(w, "幸福路"), 1);
    assert_int_equal(found(w, "三百号"), 1);
    assert_int_equal(found(w, "gnome"), 1);

    assert_int_equal(erase(w, &h.contact).rc, KF_OK);
    /* At once. */
    assert_string_equal(texts(w, &h.conv, 0, 0, 20), "1:|2:|3:|4:|5:|6:");
    assert_int_equal(found(w, "幸福路"), 0);
    assert_int_equal(found(w, "三百号"), 0);
    assert_int_equal(found(w, "gnome"), 0);
    conv = get_conv(w, &h.conv);
    assert_int_equal(conv.n, 1);
    assert_int_equal(conv.conv.seq, 6);
    assert_null(strstr(conv.peer, "ottokar"));

    housekeep(w, false);
    if (!strstr(report, "\"wipe\":\"done\""))
        fail_msg("%s", report);
    for (size_t i = 0; i < N_HIS; i++)
        if (somewhere(w, his[i]))
            fail_msg("%s is still in %s", his[i], on_postgres() ? "the database" : found_in(w, his[i]));

    /* The others have lost nothing. */
    assert_true(somewhere(w, SHARED));
    assert_string_equal(texts(w, &other.conv, 0, 0, 20), "1:" OTHER_TEXT "|2:");
    assert_int_equal(found(w, "unrelated words"), 1);
    housekeep(w, false);
    assert_non_null(strstr(report, "\"wipe\":\"none\""));
}

/* Without the wiping the words are still on the disk: what looks for them does find them. */
static void erasing_alone_leaves_traces_on_the_disk(void **state)
{
    struct world *w = *state;
    struct him h;
    size_t n = 0;

    ONLY_SQLITE();
    h = live(w);
    assert_int_equal(erase(w, &h.contact).rc, KF_OK);
    for (size_t i = 0; i < N_HIS; i++)
        n += found_in(w, his[i]) != NULL;
    assert_true(n > 5);
    housekeep(w, true);
    assert_non_null(strstr(report, "\"wipe\":\"due\""));
    assert_non_null(found_in(w, OWN_FILE));
}

static void the_receipt_tells_how_much_and_of_nobody(void **state)
{
    struct world *w = *state;
    struct him h = live(w);
    char hash[80] = "", *at;

    assert_int_equal(erase(w, &h.contact).rc, KF_OK);
    assert_non_null(strstr(receipt, "\"contacts\":1,\"conversations\":1,\"messages\":6,\"files\":2,\"raw\":1,"));
    for (size_t i = 0; i < N_HIS; i++)
        assert_null(strstr(receipt, his[i]));
    at = strstr(receipt, "\"hash\":\"");
    assert_non_null(at);
    snprintf(hash, sizeof(hash), "%.64s", at + 8);
    assert_int_equal(strlen(hash), 64);
    assert_int_equal(number(w, "SELECT COUNT(*) FROM audit WHERE kind = 'visitor_erased'"), 1);
    assert_int_equal(number(w, "SELECT COUNT(*) FROM audit WHERE hash IS NULL"), 0);
}

#define ODD_NAME "Otto \"der K\xc3\xbcrbis\" \\ <a&b>\t\x1f\xe2\x80\xa8"
#define ODD_MAIL "\\\"otto\\\"@k\\u00fcrbis.example" /* as JSON has it */

/* What JSON has to escape, and what each writer escapes in its own way, is found as well. */
static void searches_for_him_go_however_they_are_written(void **state)
{
    static const struct {
        const char *name, *filter;
        bool stays;
    } rows[] = {
        { "as the API writes", "{\"q\":\"Otto \\\"der K\xc3\xbcrbis\\\" \\\\ <a&b>\\t\\u001F\xe2\x80\xa8 Rechnung\"}", false },
        { "as we write", "{\"q\":\"Otto \\\"der K\xc3\xbcrbis\\\" \\\\ \\u003ca\\u0026b\\u003e\\t\\u001f\\u2028\",\"rating\":\"1\"}",
          false },
        { "as others would", "{\"q\":\"\\u004ftto \\\"der K\\u00fcrbis\\\" \\\\ <a&b>\\u0009\\u001f\\u2028\"}", false },
        { "his address", "{\"closed_by\":\"agent\",\"q\":\"\\\"otto\\\"@k\xc3\xbcrbis.example\"}", false },
        { "a tag of his name", "{\"tag\":\"Otto \\\"der K\xc3\xbcrbis\\\" \\\\ <a&b>\\t\\u001F\xe2\x80\xa8\"}", false },
        { "half his name", "{\"q\":\"Otto \\\"der\"}", true },
        { "somebody else", "{\"q\":\"Otto der K\xc3\xbcrbis\"}", true },
    };
    struct world *w = *state;
    struct him h = speak(w, ADDRESS, ODD_NAME, CHINESE);
    struct change *c = on_conv(&h.conv, wall_ms());
    char sql[200];

    c->by = (struct actor){ .role = ROLE_VISITOR, .id = h.contact, .name = "" };
    change_act(c, ACT_PROFILE)->u.profile = "{\"email\":\"" ODD_MAIL "\"}";
    assert_int_equal(commit(w, c).rc, KF_OK);
    finish_talk(w, &h.conv);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        c = new_change(wall_ms());
        c->by = (struct actor){ .role = ROLE_AGENT, .id = id_of(8), .name = "Chen" };
        change_act(c, ACT_SAVED)->u.saved =
            (struct act_saved){ .id = id_of(60 + (uint32_t)i), .name = rows[i].name, .filter = rows[i].filter, .fresh = true };
        assert_int_equal(commit(w, c).rc, KF_OK);
    }
    assert_int_equal(erase(w, &h.contact).rc, KF_OK);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        snprintf(sql, sizeof(sql), "SELECT COUNT(*) FROM saved_search WHERE name = '%s'", rows[i].name);
        if (number(w, sql) != rows[i].stays)
            fail_msg("%s: %s", rows[i].name, rows[i].stays ? "gone" : "still there");
    }
}

static void an_open_conversation_is_closed_first(void **state)
{
    struct world *w = *state;
    struct him h = speak(w, ADDRESS, "Ottokar", CHINESE);

    assert_int_equal(erase(w, &h.contact).rc, KF_CONFLICT);
    assert_string_equal(texts(w, &h.conv, 0, 0, 20), "1:" CHINESE);
    finish_talk(w, &h.conv);
    assert_int_equal(erase(w, &h.contact).rc, KF_OK);
}

static void who_is_not_there_is_not_forgotten(void **state)
{
    struct world *w = *state;
    struct kf_id nobody = id_of(12345);
    struct him h = live(w);
    struct change *c;

    assert_int_equal(erase(w, &nobody).rc, KF_ABSENT);
    c = new_change(wall_ms()); /* another site's */
    c->site = key("blog");
    change_act(c, ACT_ERASE)->u.erase.visitor = h.contact;
    assert_int_equal(commit(w, c).rc, KF_ABSENT);
    assert_int_equal(number(w, "SELECT COUNT(*) FROM audit WHERE kind = 'visitor_erased'"), 0);
}

static void who_comes_back_is_somebody_new(void **state)
{
    struct world *w = *state;
    struct him before = live(w), after;

    assert_int_equal(erase(w, &before.contact).rc, KF_OK);
    after = speak(w, ADDRESS, "Otto", "hello again");
    assert_false(id_eq(&before.contact, &after.contact));
    assert_false(id_eq(&before.conv, &after.conv));
    assert_string_equal(texts(w, &after.conv, 0, 0, 20), "1:hello again");
    assert_int_equal(erase(w, &before.contact).rc, KF_ABSENT); /* that id was his, and is no more */
    assert_int_equal(number(w, "SELECT COUNT(*) FROM contact"), 2);
    assert_string_equal(texts(w, &after.conv, 0, 0, 20), "1:hello again");
}

static void copy_known(const struct query *q, void *ctx)
{
    (void)snprintf(ctx, 1000, "%s", q->text_out);
}

/* Of the copy that a visitor gets: a conversation where others have spoken is listed with whose words there are the visitor's. */
static void is_listed_as_group(struct world *w, const struct him *h, const char *site)
{
    struct query *q = query_new(QUERY_VISITOR);
    char known[1000] = "", wanted[200], conv[KF_ID_TEXT], contact[KF_ID_TEXT];

    q->site = key(site);
    q->id = h->contact;
    assert_int_equal(ask(w, q, copy_known, known), strcmp(site, "demo") == 0 ? KF_OK : KF_ABSENT);
    (void)snprintf(wanted, sizeof(wanted), "\"conversations\":[{\"id\":\"%s\",\"contact\":\"%s\"}]}", id_text(&h->conv, conv),
                   id_text(&h->contact, contact));
    assert_true((strstr(known, wanted) != NULL) == (strcmp(site, "demo") == 0));
}

/* In a group others have spoken, too: only what this one said goes. */
static void in_a_group_the_others_keep_their_words(void **state)
{
    struct world *w = *state;
    struct him first, second;
    struct change *c;
    struct told t;
    struct act *act;

    for (int i = 0; i < 2; i++) {
        c = visitor_says("group-1", NULL, i ? "what the second said" : "what the first said", wall_ms());
        ((struct opening *)c->opening)->address = i ? "member-2" : "member-1";
        c->acts[0].u.message.ref = i ? "said-2" : "said-1";
        act = change_act(c, ACT_HANDLE);
        act->u.handle.text = c->acts[0].u.message.ref;
        act->u.handle.left = 5;
        act->u.handle.beside = true;
        t = commit(w, c);
        assert_int_equal(t.rc, KF_OK);
        first = i ? first : (struct him){ t.news.conv.id, t.messages[0].from.id };
        second = (struct him){ t.news.conv.id, t.messages[0].from.id };
    }
    assert_true(id_eq(&first.conv, &second.conv));
    is_listed_as_group(w, &first, "demo");
    is_listed_as_group(w, &second, "demo");
    is_listed_as_group(w, &second, "another");
    finish_talk(w, &first.conv);
    assert_int_equal(erase(w, &second.contact).rc, KF_OK);
    assert_string_equal(texts(w, &first.conv, 0, 0, 20), "1:what the first said|2:");
    assert_int_equal(number(w, "SELECT COUNT(*) FROM reply_handle WHERE text = 'said-2'"), 0);
    assert_int_equal(number(w, "SELECT COUNT(*) FROM reply_handle WHERE text = 'said-1'"), 1);
    assert_int_equal(erase(w, &first.contact).rc, KF_OK);
    assert_string_equal(texts(w, &first.conv, 0, 0, 20), "1:|2:");
}

/* ---- legal holds ---- */

static struct told hold(struct world *w, uint32_t id, const struct kf_id *conv, const struct kf_id *visitor)
{
    struct change *c = new_change(wall_ms());
    struct act *act = change_act(c, ACT_HOLD);

    act->u.hold.id = id_of(id);
    act->u.hold.reason = "court order";
    if (conv)
        act->u.hold.conv = *conv;
    if (visitor)
        act->u.hold.visitor = *visitor;
    return commit(w, c);
}

static struct told lift(struct world *w, uint32_t id)
{
    struct change *c = new_change(wall_ms());

    change_act(c, ACT_HOLD_LIFT)->u.hold.id = id_of(id);
    return commit(w, c);
}

static void what_a_hold_is_on_is_not_erased(void **state)
{
    struct world *w = *state;
    struct him h = live(w);
    struct kf_id nobody = id_of(4242);

    assert_int_equal(hold(w, 900, &nobody, NULL).rc, KF_ABSENT);
    assert_int_equal(hold(w, 901, NULL, &nobody).rc, KF_ABSENT);
    assert_int_equal(hold(w, 902, &h.conv, NULL).rc, KF_OK);
    assert_int_equal(hold(w, 903, NULL, &h.contact).rc, KF_OK);
    assert_int_equal(erase(w, &h.contact).rc, KF_CONFLICT);
    assert_int_equal(lift(w, 902).rc, KF_OK);
    assert_int_equal(lift(w, 902).rc, KF_ABSENT);
    assert_int_equal(erase(w, &h.contact).rc, KF_CONFLICT);
    assert_int_equal(lift(w, 903).rc, KF_OK);
    assert_int_equal(erase(w, &h.contact).rc, KF_OK);
    assert_int_equal(number(w, "SELECT COUNT(*) FROM audit WHERE kind = 'hold_set'"), 2);
    assert_int_equal(number(w, "SELECT COUNT(*) FROM audit WHERE kind = 'hold_lifted'"), 2);
}

/* ---- retention ---- */

static void copy_gone(const struct query *q, void *ctx)
{
    *(const char **)ctx = !q->number ? "" : q->more ? "erasure" : "retention";
}

/* Because of what its words are gone; "": they are there. */
static const char *gone(struct world *w, const struct kf_id *conv)
{
    struct query *q = query_new(QUERY_GONE);
    const char *ret = NULL;

    q->id = *conv;
    assert_int_equal(ask(w, q, copy_gone, &ret), KF_OK);
    return ret;
}

#define DAY 86400000LL

static void keep(struct world *w, enum keep_class class, int64_t days, int64_t now, bool dry)
{
    struct housekeeping h = { .now = now, .dry = dry };
    bool done = false;

    h.keep_ms[class] = days * DAY;
    store_housekeep(w->store, &h, keep_report, &done);
    world_wait(w, &done);
}

static void must_report(const char *words)
{
    if (!strstr(report, words))
        fail_msg("instead of %s: %s", words, report);
}

static void texts_go_when_their_time_is_over_and_holds_stay(void **state)
{
    struct world *w = *state;
    struct him h = live(w), open = somebody_else(w), held = speak(w, "third", "Third", "kept as evidence");
    int64_t now = wall_ms();

    finish_talk(w, &held.conv);
    assert_int_equal(hold(w, 900, &held.conv, NULL).rc, KF_OK);
    keep(w, KEEP_MESSAGES, 30, now + 29 * DAY, false);
    must_report("\"messages\":{\"rows\":0,");
    keep(w, KEEP_MESSAGES, 30, now + 31 * DAY, true);
    must_report("\"dry\":true");
    must_report("\"messages\":{\"rows\":6,");
    assert_null(strstr(texts(w, &h.conv, 0, 0, 20), "1:|"));
    keep(w, KEEP_MESSAGES, 30, now + 31 * DAY, false);
    must_report("\"messages\":{\"rows\":6,");
    assert_string_equal(texts(w, &h.conv, 0, 0, 20), "1:|2:|3:|4:|5:|6:");
    assert_string_equal(gone(w, &h.conv), "retention");
    assert_string_equal(gone(w, &held.conv), "");
    assert_string_equal(texts(w, &held.conv, 0, 0, 20), "1:kept as evidence");
    assert_string_equal(texts(w, &open.conv, 0, 0, 20), "1:" OTHER_TEXT "|2:");
    assert_int_equal(number(w, "SELECT COUNT(*) FROM audit WHERE kind = 'retention' AND data LIKE '%\"messages\"%'"), 1);
    keep(w, KEEP_MESSAGES, 30, now + 31 * DAY, false);
    must_report("\"messages\":{\"rows\":0,");
    assert_int_equal(lift(w, 900).rc, KF_OK);
    keep(w, KEEP_MESSAGES, 30, now + 31 * DAY, false);
    assert_string_equal(texts(w, &held.conv, 0, 0, 20), "1:");
}

static void files_raw_bodies_and_profiles_have_times_of_their_own(void **state)
{
    struct world *w = *state;
    struct him open = somebody_else(w);
    int64_t now = wall_ms();

    (void)live(w);
    (void)open;
    keep(w, KEEP_PAPERS, 10, now + 11 * DAY, true);
    must_report("\"files\":{\"rows\":2,");
    keep(w, KEEP_PAPERS, 10, now + 11 * DAY, false);
    assert_int_equal(number(w, "SELECT COUNT(*) FROM file"), 1); /* that of the open conversation */
    keep(w, KEEP_RAW_BODIES, 1, now + 2 * DAY, false);
    must_report("\"raw\":{\"rows\":0,"); /* those of a week were gone already */
    assert_int_equal(number(w, "SELECT COUNT(*) FROM raw_event"), 0);
    keep(w, KEEP_PROFILES, 10, now + 11 * DAY, true);
    must_report("\"profiles\":{\"rows\":1,");
    keep(w, KEEP_PROFILES, 10, now + 11 * DAY, false);
    assert_int_equal(number(w, "SELECT COUNT(*) FROM customer WHERE name <> ''"), 1);
}

static void reviews_lose_their_words_and_keep_their_scores(void **state)
{
    struct world *w = *state;
    int64_t now = wall_ms();
    struct him h = live(w);

    (void)number(w, "UPDATE review SET draft = 'd', score = 8700, state = 4");
    (void)number(w, "INSERT INTO review_version (review, version, at, by_name, score, plain, fatal, body) SELECT n, 1, 1, '', 8700, 8700, "
                    "0, '{\"x\":1}' "
                    "FROM review");
    keep(w, KEEP_REVIEWS, 10, now + 11 * DAY, true);
    must_report("\"reviews\":{\"rows\":0,"); /* it was never submitted */
    (void)number(w, "UPDATE review SET submitted_at = assigned_at");
    keep(w, KEEP_REVIEWS, 10, now + 11 * DAY, true);
    must_report("\"reviews\":{\"rows\":0,"); /* somebody has still to decide on the appeal */
    (void)number(w, "UPDATE review SET state = 5");
    keep(w, KEEP_REVIEWS, 10, now + 9 * DAY, true);
    must_report("\"reviews\":{\"rows\":0,");
    assert_int_equal(hold(w, 900, &h.conv, NULL).rc, KF_OK);
    keep(w, KEEP_REVIEWS, 10, now + 11 * DAY, false);
    must_report("\"reviews\":{\"rows\":0,");
    assert_int_equal(lift(w, 900).rc, KF_OK);
    keep(w, KEEP_REVIEWS, 10, now + 11 * DAY, true);
    must_report("\"reviews\":{\"rows\":1,");
    assert_int_equal(number(w, "SELECT COUNT(*) FROM review_comment WHERE text <> ''"), 1); /* it was only told */
    keep(w, KEEP_REVIEWS, 10, now + 11 * DAY, false);
    assert_int_equal(number(w, "SELECT COUNT(*) FROM review_comment WHERE text <> ''"), 0);
    assert_int_equal(number(w, "SELECT COUNT(*) FROM review_version WHERE body <> '{}'"), 0);
    assert_int_equal(number(w, "SELECT COUNT(*) FROM review WHERE draft <> ''"), 0);
    assert_int_equal(number(w, "SELECT score FROM review"), 8700);
    keep(w, KEEP_REVIEWS, 10, now + 11 * DAY, true);
    must_report("\"reviews\":{\"rows\":0,");
    assert_int_equal(number(w, "SELECT COUNT(*) FROM audit WHERE kind = 'retention' AND data LIKE '%\"reviews\"%'"), 1);
}

static void copy_report(const struct query *q, void *ctx)
{
    snprintf(ctx, 4096, "%s", q->text_out);
}

/* What retention takes from the log is told by the log, so that the rest is still a whole chain. */
static void the_log_can_be_shortened_and_stays_whole(void **state)
{
    struct world *w = *state;
    int64_t now = wall_ms();
    char said[4096];
    struct query *q;

    for (int i = 0; i < 12; i++) {
        struct change *c = new_change(now + i * DAY);

        change_act(c, ACT_AUDIT)->u.entry = (struct entry){ .at = c->at, .kind = "x", .data = "{}" };
        assert_int_equal(commit(w, c).rc, KF_OK);
    }
    keep(w, KEEP_LOG, 5, now + 11 * DAY + 1, false);
    assert_int_equal(number(w, "SELECT MIN(entry) FROM audit"), 8);
    q = query_new(QUERY_AUDIT_VERIFY);
    assert_int_equal(ask(w, q, copy_report, said), KF_OK);
    if (!strstr(said, "\"first\":8,\"last\":13,\"entries\":6,") || !strstr(said, "\"unchained\":0,\"ok\":true"))
        fail_msg("%s", said);
    (void)number(w, "DELETE FROM audit WHERE entry = 8");
    q = query_new(QUERY_AUDIT_VERIFY);
    assert_int_equal(ask(w, q, copy_report, said), KF_OK);
    assert_non_null(strstr(said, "\"what\":\"beginning\""));
}

#define EACH(test) cmocka_unit_test_setup_teardown(test, setup_world, teardown_world)

static const struct CMUnitTest tests[] = {
    EACH(who_is_forgotten_is_found_nowhere),
    EACH(erasing_alone_leaves_traces_on_the_disk),
    EACH(the_receipt_tells_how_much_and_of_nobody),
    EACH(searches_for_him_go_however_they_are_written),
    EACH(an_open_conversation_is_closed_first),
    EACH(who_is_not_there_is_not_forgotten),
    EACH(who_comes_back_is_somebody_new),
    EACH(in_a_group_the_others_keep_their_words),
    EACH(what_a_hold_is_on_is_not_erased),
    EACH(texts_go_when_their_time_is_over_and_holds_stay),
    EACH(files_raw_bodies_and_profiles_have_times_of_their_own),
    EACH(reviews_lose_their_words_and_keep_their_scores),
    EACH(the_log_can_be_shortened_and_stays_whole),
};

RUN_BOTH(tests)
