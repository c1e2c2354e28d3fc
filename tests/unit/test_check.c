/* What the shipped checks find in hand-written talks, and what they do not. */
#include "tests/unit/unit.h"

#include "settings/checks.h"
#include "settings/site.h"

#include <stdlib.h>

#define LINES_MAX 12
#define ANNA      1
#define BO        2
#define START     1763740800000 /* a Friday, 16:00 UTC */

/* One line: who says it, how many seconds after the beginning. */
struct line {
    int s;
    enum {
        END,
        VISITOR,
        AGENT,  /* Anna */
        SECOND, /* Bo */
        BOT,
        SYSTEM,
        JOINED, /* the event */
        TAKES,  /* Anna has it from now on: on the timeline */
        GIVES,  /* Bo */
        BACK    /* in the line again */
    } who;
    const char *text;
};

struct row {
    const char *what, *check;
    struct line lines[LINES_MAX];
    const char *name; /* of the customer */
    const char *doc;  /* instead of the shipped document */
    int closed;       /* seconds; 0: with the last line */
    int64_t hits[4];  /* seqs; 0 ends them */
    int64_t ms;       /* of the first hit; 0: not asked */
    bool invited;
    int now, again, later; /* of promises: seconds */
};

static struct site *site;

static int build(void **state)
{
    static const struct document docs[] = {
        { KEY("site"), KEY("site"), 1, "{\"name\":\"Shop\",\"language\":\"zh-CN\"}" },
        { KEY("forbidden"), KEY("own"), 1, "{\"name\":\"own\",\"words\":[\"去死\"]}" },
    };
    struct kf_err why = { .rc = KF_OK };

    (void)state;
    if (site_build(&site, &KEY("shop"), docs, COUNT(docs), &why))
        fail_msg("%s", why.text);
    return 0;
}

static int drop(void **state)
{
    (void)state;
    site_unref(site);
    return 0;
}

/* ---- running one ---- */

static struct message said(const struct line *l, int64_t seq)
{
    static const enum role roles[] = { [VISITOR] = ROLE_VISITOR, [AGENT] = ROLE_AGENT,   [SECOND] = ROLE_AGENT,
                                       [BOT] = ROLE_BOT,         [SYSTEM] = ROLE_SYSTEM, [JOINED] = ROLE_SYSTEM };
    struct message m = { .seq = seq, .at = START + 1000 * l->s, .from = { .role = roles[l->who], .name = "" }, .kind = MESSAGE_TEXT };

    m.text = (struct slice){ l->text, strlen(l->text) };
    if (l->who == AGENT || l->who == SECOND) {
        m.from.id = ID(l->who == AGENT ? ANNA : BO);
        m.from.name = l->who == AGENT ? "林安娜" : "Bo";
    }
    if (l->who == JOINED) {
        m.kind = MESSAGE_EVENT;
        m.event = "joined";
    }
    return m;
}

static const struct check *check_of(const struct row *r, struct arena *a)
{
    static struct check own;
    struct kf_err why = { .rc = KF_OK };
    struct kf_key key = { "" };

    (void)snprintf(key.s, sizeof(key.s), "%s", r->check);
    if (!r->doc)
        return site_check(site, &key);
    if (check_parse((struct slice){ r->doc, strlen(r->doc) }, &key, 1, a, &own, &why))
        fail_msg("%s: %s", r->what, why.text);
    return &own;
}

static void run(const struct row *r)
{
    struct arena *a = arena_new(0);
    struct message messages[LINES_MAX];
    struct check_turn turns[LINES_MAX];
    struct conv conv = { .state = CONV_CLOSED, .queue = KEY("service"), .channel = KEY("web"), .invited = r->invited };
    int64_t later = START + 1000 * r->later;
    struct check_facts f = { .conv = &conv,
                             .language = "zh-CN",
                             .messages = messages,
                             .turns = turns,
                             .name = r->name ? r->name : "",
                             .hours = &site->hours,
                             .forbidden = site->forbidden,
                             .n_forbidden = site->n_forbidden,
                             .later = &later,
                             .n_later = r->later != 0,
                             .now_ms = START + 1000LL * r->now };
    const struct check *check = check_of(r, a);
    struct check_found found;
    size_t want = 0;

    assert_non_null(check);
    for (const struct line *l = r->lines; l->who != END; l++) {
        if (l->who >= TAKES)
            turns[f.n_turns++] = (struct check_turn){ (int64_t)f.n, START + 1000 * l->s,
                                                      l->who == TAKES   ? ID(ANNA)
                                                      : l->who == GIVES ? ID(BO)
                                                                        : (struct kf_id){ { 0 } } };
        else {
            messages[f.n] = said(l, (int64_t)f.n + 1);
            f.n++;
        }
        conv.closed_at = START + 1000 * l->s;
    }
    if (r->closed)
        conv.closed_at = START + 1000 * r->closed;
    assert_true(check_run(check, 1, &f, a, &found));
    while (want < COUNT(r->hits) && r->hits[want])
        want++;
    row_int_equal(r->what, found.n, want);
    for (size_t i = 0; i < want; i++) {
        row_int_equal(r->what, found.hits[i].seq, r->hits[i]);
        assert_ptr_equal(found.hits[i].check, check);
    }
    if (r->ms)
        row_int_equal(r->what, found.hits[0].ms, r->ms);
    row_int_equal(r->what, found.again, r->again ? START + 1000 * r->again : 0);
    arena_free(a);
}

static void run_all(const struct row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++)
        run(&rows[i]);
}

/* ---- the checks, one after the other ---- */

static void the_greeting_stands_in_the_first_two_lines(void **state)
{
    static const struct row rows[] = {
        { "simplified", "greeting", .lines = { { 0, VISITOR, "在吗" }, { 5, AGENT, "您好，我是客服小林" } } },
        { "traditional", "greeting", .lines = { { 0, VISITOR, "在嗎" }, { 5, AGENT, "歡迎光臨，請問有什麼可以幫您" } } },
        { "English, any case", "greeting", .lines = { { 0, VISITOR, "hey" }, { 5, AGENT, "HELLO, how may I help?" } } },
        { "in the second line", "greeting", .lines = { { 0, VISITOR, "在吗" }, { 5, AGENT, "在的" }, { 6, AGENT, "您好" } } },
        { "too late", "greeting", .lines = { { 0, VISITOR, "在吗" }, { 5, AGENT, "在的" }, { 6, AGENT, "请说" }, { 9, AGENT, "您好" } },
          .hits = { 2 } },
        { "never", "greeting", .lines = { { 0, VISITOR, "你好" }, { 5, AGENT, "说" } }, .hits = { 2 } },
        { "part of another word", "greeting", .lines = { { 0, VISITOR, "hi" }, { 5, AGENT, "This is your hiking order" } }, .hits = { 2 } },
        { "the system's greeting is not the agent's", "greeting",
          .lines = { { 0, SYSTEM, "您好" }, { 1, VISITOR, "a" }, { 5, AGENT, "说" } }, .hits = { 3 } },
        { "nobody has served it", "greeting", .lines = { { 0, VISITOR, "在吗" } } },
    };

    (void)state;
    run_all(rows, COUNT(rows));
}

static void who_waits_is_told_so_in_time(void **state)
{
    static const struct row rows[] = {
        { "told at 10 s", "told_to_wait",
          .lines = { { 0, VISITOR, "在吗" }, { 10, SYSTEM, "客服正忙，请稍候" }, { 60, TAKES, "" }, { 61, AGENT, "您好" } } },
        { "told at the bound", "told_to_wait", .lines = { { 0, VISITOR, "在吗" }, { 15, SYSTEM, "請稍候" }, { 60, AGENT, "您好" } } },
        { "told a second late", "told_to_wait", .lines = { { 0, VISITOR, "在吗" }, { 16, SYSTEM, "请稍候" }, { 60, AGENT, "您好" } },
          .hits = { 1 }, .ms = 16000 },
        { "a greeting does not tell", "told_to_wait",
          .lines = { { 0, VISITOR, "在吗" }, { 0, SYSTEM, "欢迎光临" }, { 30, TAKES, "" }, { 31, AGENT, "您好" } }, .hits = { 1 },
          .ms = 30000 },
        { "taken at once", "told_to_wait", .lines = { { 0, VISITOR, "hello" }, { 3, TAKES, "" }, { 3, JOINED, "" }, { 50, AGENT, "Hi" } } },
        { "answered by a bot", "told_to_wait", .lines = { { 0, VISITOR, "hello" }, { 1, BOT, "What is it about?" } }, .closed = 300 },
        { "put off outside of hours", "told_to_wait", .lines = { { 0, VISITOR, "在吗" }, { 1, SYSTEM, "现在不在服务时间，请留言" } },
          .closed = 300 },
        { "nobody ever came", "told_to_wait", .lines = { { 0, VISITOR, "anybody?" } }, .closed = 40, .hits = { 1 }, .ms = 40000 },
        { "left at once", "told_to_wait", .lines = { { 0, VISITOR, "wrong window" } }, .closed = 8 },
        { "back in the line", "told_to_wait",
          .lines = { { 0, VISITOR, "在吗" },
                     { 1, TAKES, "" },
                     { 2, AGENT, "您好" },
                     { 9, BACK, "" },
                     { 10, VISITOR, "人呢" },
                     { 40, GIVES, "" } },
          .hits = { 3 }, .ms = 30000 },
    };

    (void)state;
    run_all(rows, COUNT(rows));
}

static void nobody_waits_in_silence_for_more_than_a_minute(void **state)
{
    static const struct row rows[] = {
        { "answered in a minute", "silence", .lines = { { 0, TAKES, "" }, { 1, VISITOR, "到哪了" }, { 61, AGENT, "在路上" } } },
        { "a second over", "silence", .lines = { { 0, TAKES, "" }, { 1, VISITOR, "到哪了" }, { 62, AGENT, "在路上" } }, .hits = { 1 },
          .ms = 61000 },
        { "asking again is no new beginning", "silence",
          .lines = { { 0, TAKES, "" }, { 1, VISITOR, "到哪了" }, { 50, VISITOR, "人呢" }, { 70, AGENT, "在路上" } }, .hits = { 1 },
          .ms = 69000 },
        { "please wait, and then nothing", "silence",
          .lines = { { 0, TAKES, "" }, { 1, VISITOR, "到哪了" }, { 5, AGENT, "请稍等，我查一下" }, { 90, AGENT, "在路上" } }, .hits = { 2 },
          .ms = 85000 },
        { "please wait, in time", "silence",
          .lines = { { 0, TAKES, "" }, { 1, VISITOR, "where is it" }, { 50, AGENT, "One moment, please" }, { 109, AGENT, "On its way" } } },
        { "the queue is not the agent's silence", "silence",
          .lines = { { 0, VISITOR, "在吗" }, { 300, TAKES, "" }, { 340, AGENT, "您好" } } },
        { "but from then on it is", "silence", .lines = { { 0, VISITOR, "在吗" }, { 300, TAKES, "" }, { 361, AGENT, "您好" } },
          .hits = { 1 }, .ms = 61000 },
        { "thanks ask nothing", "silence",
          .lines = { { 0, TAKES, "" }, { 1, VISITOR, "到哪了" }, { 9, AGENT, "在路上" }, { 20, VISITOR, "好的，谢谢！" } }, .closed = 500 },
        { "thanks, and a question", "silence", .lines = { { 0, TAKES, "" }, { 9, AGENT, "在路上" }, { 20, VISITOR, "好的，几点？" } },
          .closed = 500, .hits = { 2 }, .ms = 480000 },
        { "the system does not answer", "silence",
          .lines = { { 0, TAKES, "" }, { 1, VISITOR, "到哪了" }, { 50, SYSTEM, "客服正在处理" }, { 80, AGENT, "在路上" } }, .hits = { 1 } },
        { "the system counts where that is said", "silence",
          .lines = { { 0, TAKES, "" }, { 1, VISITOR, "到哪了" }, { 50, SYSTEM, "客服正在处理" }, { 80, AGENT, "在路上" } },
          .doc = "{\"name\":\"x\",\"type\":\"silence\",\"machines\":true}" },
        { "each one's own", "silence",
          .lines = { { 0, TAKES, "" }, { 1, VISITOR, "到哪了" }, { 40, GIVES, "" }, { 90, SECOND, "在路上" } } },
        { "a bound of one's own", "silence", .lines = { { 0, TAKES, "" }, { 1, VISITOR, "到哪了" }, { 32, AGENT, "在路上" } },
          .doc = "{\"name\":\"x\",\"type\":\"silence\",\"after_ms\":30000}", .hits = { 1 } },
    };

    (void)state;
    run_all(rows, COUNT(rows));
}

static void forbidden_wording_is_found_in_what_agents_say(void **state)
{
    static const struct row rows[] = {
        { "of the check", "forbidden", .lines = { { 0, VISITOR, "怎么办" }, { 1, AGENT, "不 知 道" } }, .hits = { 2 } },
        { "of the site", "forbidden", .lines = { { 0, VISITOR, "怎么办" }, { 1, AGENT, "去死吧" } }, .hits = { 2 } },
        { "traditional", "forbidden", .lines = { { 0, VISITOR, "怎麼辦" }, { 1, AGENT, "這不歸我管" } }, .hits = { 2 } },
        { "English", "forbidden", .lines = { { 0, VISITOR, "help" }, { 1, AGENT, "That's not MY problem." } }, .hits = { 2 } },
        { "meant well", "forbidden", .lines = { { 0, AGENT, "不知道您是否方便" }, { 1, AGENT, "Choose whatever you like" } } },
        { "meant well, and then not", "forbidden", .lines = { { 0, AGENT, "不知道您是否方便，我不知道" } }, .hits = { 1 } },
        { "twice", "forbidden", .lines = { { 0, AGENT, "不知道" }, { 1, AGENT, "急什么" } }, .hits = { 1, 2 } },
        { "a visitor may", "forbidden", .lines = { { 0, VISITOR, "不知道，去死" }, { 1, AGENT, "请您稍等" } } },
        { "off", "forbidden", .lines = { { 0, AGENT, "不知道" } },
          .doc = "{\"name\":\"x\",\"type\":\"forbidden\",\"off\":true,\"words\":[\"不知道\"]}" },
        { "another queue's", "forbidden", .lines = { { 0, AGENT, "不知道" } },
          .doc = "{\"name\":\"x\",\"type\":\"forbidden\",\"queues\":[\"sales\"],\"words\":[\"不知道\"]}" },
        { "another language's", "forbidden", .lines = { { 0, AGENT, "不知道" } },
          .doc = "{\"name\":\"x\",\"type\":\"forbidden\",\"languages\":[\"en\"],\"words\":[\"不知道\"]}" },
        { "unless", "forbidden", .lines = { { 0, AGENT, "您不知道也没关系" } },
          .doc = "{\"name\":\"x\",\"type\":\"forbidden\",\"words\":[\"不知道\"],\"except\":[\"没关系\"]}" },
    };

    (void)state;
    run_all(rows, COUNT(rows));
}

static void a_talk_ends_as_it_should(void **state)
{
    static const struct row rows[] = {
        { "asked", "anything_else", .lines = { { 0, VISITOR, "a" }, { 1, AGENT, "请问还有其他问题吗" }, { 9, AGENT, "再见" } } },
        { "asked in English", "anything_else", .lines = { { 0, VISITOR, "a" }, { 1, AGENT, "Is there anything else I can do?" } } },
        { "not asked", "anything_else", .lines = { { 0, VISITOR, "a" }, { 1, AGENT, "在路上" }, { 9, AGENT, "再见" } }, .hits = { 3 } },
        { "asked by the system", "anything_else",
          .lines = { { 0, VISITOR, "a" }, { 1, AGENT, "在路上" }, { 99, SYSTEM, "還有什麼可以幫您？" } } },
        { "asked long before the end", "anything_else",
          .lines = { { 0, AGENT, "还有其他问题吗" }, { 1, AGENT, "b" }, { 2, AGENT, "c" }, { 3, AGENT, "d" }, { 4, AGENT, "e" } },
          .hits = { 5 } },
        { "closed politely", "closing", .lines = { { 0, VISITOR, "a" }, { 1, AGENT, "祝您生活愉快" } } },
        { "traditional", "closing", .lines = { { 0, VISITOR, "a" }, { 1, AGENT, "感謝您的來訊" } } },
        { "English", "closing", .lines = { { 0, VISITOR, "a" }, { 1, AGENT, "Have a nice day!" } } },
        { "not closed", "closing", .lines = { { 0, VISITOR, "a" }, { 1, AGENT, "在路上" } }, .hits = { 2 } },
        { "invited", "invited", .lines = { { 0, VISITOR, "a" }, { 1, AGENT, "在路上" } }, .invited = true },
        { "not invited", "invited", .lines = { { 0, VISITOR, "a" }, { 1, AGENT, "在路上" }, { 2, VISITOR, "谢谢" } }, .hits = { 2 } },
        { "nobody to invite", "invited", .lines = { { 0, VISITOR, "a" } } },
    };

    (void)state;
    run_all(rows, COUNT(rows));
}

static void a_promise_is_kept_in_time(void **state)
{
    enum { HOUR = 3600 };
    static const struct row rows[] = {
        { "kept", "promise", .lines = { { 0, VISITOR, "a" }, { 1, AGENT, "我30分钟内回复您" }, { 1500, AGENT, "查到了，明天送到" } },
          .now = 9000 },
        { "too late", "promise", .lines = { { 0, VISITOR, "a" }, { 1, AGENT, "我30分钟内回复您" }, { 1861, AGENT, "查到了" } }, .now = 9000,
          .hits = { 2 }, .ms = 60000 },
        { "never", "promise", .lines = { { 0, VISITOR, "a" }, { 1, AGENT, "我30分鐘內回覆您" } }, .now = 9000, .hits = { 2 } },
        { "the goodbye is no answer", "promise",
          .lines = { { 0, AGENT, "I'll get back to you within 2 hours" }, { 20, AGENT, "Goodbye!" } }, .now = 3 * HOUR, .hits = { 1 } },
        { "not due yet", "promise", .lines = { { 0, AGENT, "I'll get back to you within 2 hours" } }, .now = HOUR, .again = 2 * HOUR },
        { "kept in another conversation", "promise", .lines = { { 0, AGENT, "2小时内给您回复" } }, .now = 3 * HOUR, .later = HOUR },
        { "too late in another conversation", "promise", .lines = { { 0, AGENT, "2小时内给您回复" } }, .now = 4 * HOUR, .later = 3 * HOUR,
          .hits = { 1 }, .ms = HOUR * 1000 },
        { "no time, no promise", "promise", .lines = { { 0, AGENT, "我会尽快回复您" } }, .now = 9 * HOUR },
        { "a time, and no promise", "promise", .lines = { { 0, AGENT, "快递30分钟内到" } }, .now = 9 * HOUR },
        { "a visitor's", "promise", .lines = { { 0, VISITOR, "我30分钟内回复您" } }, .now = 9 * HOUR },
    };

    (void)state;
    run_all(rows, COUNT(rows));
}

static void nobody_is_called_by_another_name(void **state)
{
    static const struct row rows[] = {
        { "right", "customer_name", .lines = { { 0, AGENT, "王先生您好" } }, .name = "王小明" },
        { "wrong", "customer_name", .lines = { { 0, AGENT, "您好，张先生" } }, .name = "王小明", .hits = { 1 } },
        { "in full", "customer_name", .lines = { { 0, AGENT, "王小明先生您好" } }, .name = "王小明" },
        { "wrong in full", "customer_name", .lines = { { 0, AGENT, "張大明先生您好" } }, .name = "王小明", .hits = { 1 } },
        { "as he has said", "customer_name", .lines = { { 0, VISITOR, "我姓陈" }, { 1, AGENT, "陈女士您好" }, { 2, AGENT, "李女士再见" } },
          .hits = { 3 } },
        { "not known", "customer_name", .lines = { { 0, AGENT, "张先生您好" } }, .name = "阳光少年" },
        { "somebody else, whom the visitor named", "customer_name",
          .lines = { { 0, VISITOR, "刘老师说可以退" }, { 1, AGENT, "好的，刘老师说得对" } }, .name = "王小明" },
        { "no surname", "customer_name", .lines = { { 0, AGENT, "这位先生您好" } }, .name = "王小明" },
        { "the agent's own", "customer_name", .lines = { { 0, AGENT, "我是林小姐" } }, .name = "王小明" },
        { "English, right", "customer_name",
          .lines = { { 0, AGENT, "Hi John, how are you?" }, { 1, AGENT, "Mr. Smith, it is on its way" } }, .name = "John Smith" },
        { "English, wrong", "customer_name", .lines = { { 0, AGENT, "Dear Mrs Brown" } }, .name = "John Smith", .hits = { 1 } },
        { "English, a title behind the greeting", "customer_name",
          .lines = { { 0, AGENT, "Hello Mr. Smith" },
                     { 1, AGENT, "Hello Mr Smith" },
                     { 2, AGENT, "Dear Mr. Smith, hello" },
                     { 3, AGENT, "Hello Mr. John Smith" },
                     { 4, AGENT, "Hello Dr. Brown" } },
          .name = "John Smith", .hits = { 5 } },
        { "English, of one name", "customer_name", .lines = { { 0, AGENT, "Hello Mr. John Smith" } }, .name = "Smith" },
        { "in the other script", "customer_name", .lines = { { 0, AGENT, "陳先生您好" }, { 1, AGENT, "張先生您好" } }, .name = "陈志明",
          .hits = { 2 } },
        { "in the other script, back", "customer_name", .lines = { { 0, AGENT, "张先生您好" }, { 1, AGENT, "陈先生您好" } }, .name = "張偉",
          .hits = { 2 } },
        { "herself and others", "customer_name",
          .lines = { { 0, AGENT, "您好，我是客服李女士" }, { 1, AGENT, "请您联系快递员张先生" }, { 2, AGENT, "我是客服，李先生您好" } },
          .name = "陈志明", .hits = { 3 } },
        { "English, nobody in particular", "customer_name", .lines = { { 0, AGENT, "Hi There" }, { 1, AGENT, "Hello Sir" } },
          .name = "John Smith" },
        { "English, as she has said", "customer_name",
          .lines = { { 0, VISITOR, "my name is Anna" }, { 1, AGENT, "Hi Anna" }, { 2, AGENT, "Dear Lucy" } }, .hits = { 3 } },
    };

    (void)state;
    run_all(rows, COUNT(rows));
}

static void personal_data_is_not_asked_for_in_the_open(void **state)
{
    static const struct row rows[] = {
        { "simplified", "personal_asked", .lines = { { 0, AGENT, "麻烦提供一下您的身份证号" } }, .hits = { 1 } },
        { "traditional", "personal_asked", .lines = { { 0, AGENT, "請您把銀行卡號發給我" } }, .hits = { 1 } },
        { "English", "personal_asked", .lines = { { 0, AGENT, "Please send me your password" } }, .hits = { 1 } },
        { "a warning is none", "personal_asked",
          .lines = { { 0, AGENT, "请不要把密码发给任何人" }, { 1, AGENT, "Never share your password" } } },
        { "named, not asked for", "personal_asked", .lines = { { 0, AGENT, "您的卡号后四位对得上" } } },
        { "not to worry", "personal_asked", .lines = { { 0, AGENT, "把身份证号发给我，不用担心" } }, .hits = { 1 } },
        { "nothing leaks", "personal_asked", .lines = { { 0, AGENT, "请提供身份证号和密码，不会泄露的" } }, .hits = { 1 } },
        { "it is not kept", "personal_asked", .lines = { { 0, AGENT, "Please send me your card number, it will not be stored" } },
          .hits = { 1 } },
        { "nobody sees it", "personal_asked", .lines = { { 0, AGENT, "请把验证码发我，别人看不到" } }, .hits = { 1 } },
        { "a question", "personal_asked", .lines = { { 0, AGENT, "身份证号多少？" }, { 1, AGENT, "请问您的身份证号码是？" } },
          .hits = { 1, 2 } },
        { "papers", "personal_asked",
          .lines = { { 0, AGENT, "请提供您的身份证" }, { 1, AGENT, "把您的银行卡拍照发过来" }, { 2, AGENT, "请把您的护照号发给我" } },
          .hits = { 1, 2, 3 } },
        { "negated behind", "personal_asked",
          .lines = { { 0, AGENT, "您的密码，请不要告诉任何人" },
                     { 1, AGENT, "We will never ask you to send us your password." },
                     { 2, AGENT, "退款会退回您的银行卡，请提供订单号" } } },
        { "an order number", "personal_asked", .lines = { { 0, AGENT, "请提供订单号" } } },
        { "a visitor's", "personal_asked", .lines = { { 0, VISITOR, "我把密码发给你" } } },
    };

    (void)state;
    run_all(rows, COUNT(rows));
}

static void one_check_cites_so_many_lines_and_no_more(void **state)
{
    static struct row row = { "many", "forbidden", .lines = { { 0, AGENT, "不知道" } } };
    struct message messages[2 * CHECK_HITS_MAX];
    struct conv conv = { .state = CONV_CLOSED };
    struct check_facts f = { .conv = &conv, .messages = messages, .n = COUNT(messages), .name = "", .hours = &site->hours };
    struct arena *a = arena_new(0);
    struct check_found found;

    (void)state;
    for (size_t i = 0; i < COUNT(messages); i++)
        messages[i] = said(&row.lines[0], (int64_t)i + 1);
    assert_true(check_run(check_of(&row, a), 1, &f, a, &found));
    assert_int_equal(found.n, CHECK_HITS_MAX);
    arena_free(a);
}

/* ---- documents ---- */

static void a_document_that_makes_no_sense_is_refused_with_words(void **state)
{
    static const struct {
        const char *doc, *why;
    } rows[] = {
        { "{\"type\":\"invites\"}", "name" },
        { "{\"name\":\"\",\"type\":\"invites\"}", "name" },
        { "{\"name\":{},\"type\":\"invites\"}", "name" },
        { "{\"name\":{\"fr\":\"x\"},\"type\":\"invites\"}", "zh-CN" },
        { "{\"name\":{\"en\":1},\"type\":\"invites\"}", "name.en" },
        { "{\"name\":\"x\"}", "type" },
        { "{\"name\":\"x\",\"type\":\"guess\"}", "type" },
        { "{\"name\":\"x\",\"type\":\"says\"}", "words is missing" },
        { "{\"name\":\"x\",\"type\":\"says\",\"words\":[\"\"]}", "words[0]" },
        { "{\"name\":\"x\",\"type\":\"says\",\"words\":[\"……\"]}", "words[0]" },
        { "{\"name\":\"x\",\"type\":\"says\",\"words\":[1]}", "words[0]" },
        { "{\"name\":\"x\",\"type\":\"says\",\"words\":\"您好\"}", "words" },
        { "{\"name\":\"x\",\"type\":\"invites\",\"place\":\"first\"}", "place" },
        { "{\"name\":\"x\",\"type\":\"silence\",\"with\":[\"a\"]}", "with" },
        { "{\"name\":\"x\",\"type\":\"silence\",\"after_ms\":1}", "after_ms" },
        { "{\"name\":\"x\",\"type\":\"silence\",\"within\":1}", "within" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct arena *a = arena_new(0);
        struct kf_err why = { .rc = KF_OK };
        struct check c;

        row_int_equal(rows[i].doc, check_parse((struct slice){ rows[i].doc, strlen(rows[i].doc) }, &KEY("x"), 1, a, &c, &why), KF_INVALID);
        if (!strstr(why.text, rows[i].why))
            fail_msg("%s: %s", rows[i].doc, why.text);
        arena_free(a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_greeting_stands_in_the_first_two_lines),
        cmocka_unit_test(who_waits_is_told_so_in_time),
        cmocka_unit_test(nobody_waits_in_silence_for_more_than_a_minute),
        cmocka_unit_test(forbidden_wording_is_found_in_what_agents_say),
        cmocka_unit_test(a_talk_ends_as_it_should),
        cmocka_unit_test(a_promise_is_kept_in_time),
        cmocka_unit_test(nobody_is_called_by_another_name),
        cmocka_unit_test(personal_data_is_not_asked_for_in_the_open),
        cmocka_unit_test(one_check_cites_so_many_lines_and_no_more),
        cmocka_unit_test(a_document_that_makes_no_sense_is_refused_with_words),
    };

    return cmocka_run_group_tests(tests, build, drop);
}
