/* personal.h: lines of a chat with personal data in them, and decoys that only look like it. Made from the rules of each number, not from
 * what finds them: nothing is shared with daemon/core/mask.c. The same seed makes the same lines. */
#ifndef KF_TESTS_UNIT_PERSONAL_H
#define KF_TESTS_UNIT_PERSONAL_H

#include "core/utf8.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PERSONAL_LINE 512

/* Where something personal stands: [from, to) in bytes. */
struct personal_spot {
    size_t from, to;
    const char *what;
};

struct personal_line {
    char text[PERSONAL_LINE];
    size_t n;
    struct personal_spot spots[2];
    size_t n_spots;
};

struct personal {
    uint32_t state;
};

static uint32_t personal_chance(struct personal *p, uint32_t n)
{
    p->state ^= p->state << 13;
    p->state ^= p->state >> 17;
    p->state ^= p->state << 5;
    return p->state % n;
}

#define PICK(p, list) ((list)[personal_chance((p), sizeof(list) / sizeof((list)[0]))])

static void personal_digits(struct personal *p, char *out, int n)
{
    for (int i = 0; i < n; i++)
        out[i] = (char)('0' + personal_chance(p, 10));
    out[n] = 0;
}

/* ---- the numbers, by the rules of those who give them out ---- */

static void a_mobile(struct personal *p, char *out)
{
    out[0] = '1';
    out[1] = (char)('3' + personal_chance(p, 7));
    personal_digits(p, out + 2, 9);
}

static void a_landline(struct personal *p, char *out)
{
    static const char *const areas[] = { "010", "021", "022", "023", "025", "0512", "0571", "0755", "0898", "0431" };
    const char *area = PICK(p, areas);

    sprintf(out, "%s-%u", area, 2 + personal_chance(p, 7));
    personal_digits(p, out + strlen(out), strlen(area) == 3 ? 7 : 6 + (int)personal_chance(p, 2));
}

/* The check character of GB 11643: the sum of the digits times 2^(17-i) mod 11 and the character make 1 mod 11. */
static char id_check(const char *digits17)
{
    for (int c = 0; c <= 10; c++) {
        long sum = c;

        for (int i = 0; i < 17; i++)
            sum += (long)(digits17[i] - '0') * (1L << (17 - i));
        if (sum % 11 == 1)
            return c == 10 ? 'X' : (char)('0' + c);
    }
    return '?';
}

static void a_birthday(struct personal *p, char *out)
{
    sprintf(out, "%04u%02u%02u", 1940 + personal_chance(p, 70), 1 + personal_chance(p, 12), 1 + personal_chance(p, 28));
}

static void an_id(struct personal *p, char *out)
{
    static const char *const areas[] = {
        "110105", "310104", "320583", "330106", "340524", "440305", "510107", "610113", "370202", "650102"
    };

    strcpy(out, PICK(p, areas));
    a_birthday(p, out + 6);
    personal_digits(p, out + 14, 3);
    out[17] = id_check(out);
    out[18] = 0;
    if (out[17] == 'X' && personal_chance(p, 2))
        out[17] = 'x';
}

static void an_old_id(struct personal *p, char *out)
{
    char day[9];

    strcpy(out, personal_chance(p, 2) ? "110105" : "440305");
    a_birthday(p, day);
    sprintf(out + 6, "%s", day + 2);
    personal_digits(p, out + 12, 3);
}

/* ISO/IEC 7812: from the right, every second digit doubled, digits summed up; the whole is a multiple of ten. */
static bool adds_up(const char *number)
{
    int sum = 0, n = (int)strlen(number);

    for (int i = 0; i < n; i++) {
        int v = number[n - 1 - i] - '0';

        if (i % 2)
            v = v * 2 / 10 + v * 2 % 10;
        sum += v;
    }
    return sum % 10 == 0;
}

static void some_card(struct personal *p, char *out, bool good)
{
    static const struct {
        const char *prefix;
        int n;
    } issuers[] = {
        { "6222", 19 }, { "6217", 19 }, { "6228", 19 }, { "625", 16 }, { "4", 16 }, { "52", 16 }, { "37", 15 }, { "3528", 16 }
    };
    size_t k = personal_chance(p, sizeof(issuers) / sizeof(issuers[0]));

    do {
        strcpy(out, issuers[k].prefix);
        personal_digits(p, out + strlen(out), issuers[k].n - (int)strlen(out));
    } while (adds_up(out) != good);
}

static void a_card(struct personal *p, char *out)
{
    some_card(p, out, true);
}

static void an_email(struct personal *p, char *out)
{
    static const char *const hosts[] = { "qq.com", "163.com", "example.com.cn", "gmail.com", "mail.example.org" };
    static const char *const names[] = { "li.ming", "wang_fang", "zhao88", "chen-jie", "info2024" };

    sprintf(out, "%s%u@%s", PICK(p, names), personal_chance(p, 1000), PICK(p, hosts));
}

static void a_plate(struct personal *p, char *out)
{
    static const char *const provinces[] = { "京", "沪", "粤", "苏", "浙", "川", "鲁", "琼" };
    static const char *const middle[] = { "", "·", " " };
    static const char letters[] = "ABCDEFGHJKLMNPQRSTUVWXYZ";

    sprintf(out, "%s%c%s", PICK(p, provinces), letters[personal_chance(p, 24)], PICK(p, middle));
    if (personal_chance(p, 3) == 0)
        sprintf(out + strlen(out), "D%05u", personal_chance(p, 100000));
    else
        sprintf(out + strlen(out), "%c%04u", letters[personal_chance(p, 24)], personal_chance(p, 10000));
}

static void a_passport(struct personal *p, char *out)
{
    static const char first[] = "EGDSPH";

    out[0] = first[personal_chance(p, 6)];
    personal_digits(p, out + 1, 8);
}

/* GB 32100: 31 characters, weights 3^i mod 31, all together a multiple of 31. */
static void a_credit_code(struct personal *p, char *out)
{
    static const char set[] = "0123456789ABCDEFGHJKLMNPQRTUWXY";
    int sum = 0, weight = 1;

    strcpy(out, personal_chance(p, 2) ? "91110105" : "92440305");
    for (int i = 8; i < 17; i++)
        out[i] = set[personal_chance(p, 31)];
    for (int i = 0; i < 17; i++, weight = weight * 3 % 31)
        sum += (int)(strchr(set, out[i]) - set) * weight;
    out[17] = set[(31 - sum % 31) % 31];
    out[18] = 0;
}

static void a_wechat(struct personal *p, char *out)
{
    sprintf(out, "%s_%u", personal_chance(p, 2) ? "lucky" : "xiaoming", 10 + personal_chance(p, 9000));
}

/* ---- how people write them ---- */

static void put_wide(char *out, char c)
{
    char wide[4];
    size_t n = utf8_put(wide, 0xFF01u + (uint32_t)(c - '!'));

    strncat(out, wide, n);
}

static void in_groups(struct personal *p, char *out, const char *number, const char *between)
{
    size_t n = strlen(number), at = n % 4 == 0 ? 0 : n % 4, taken = 0;

    (void)p;
    for (size_t i = 0; i < n; i++) {
        if (i && taken == (i < 4 ? at : 4)) {
            strcat(out, between);
            taken = 0;
        }
        strncat(out, number + i, 1);
        taken++;
    }
}

/* Digits only: as it is, in full width, in groups, letter by letter, with nothing that is seen in between. */
static void written(struct personal *p, char *out, const char *number, bool grouped)
{
    static const char *const between[] = { " ", "-", ".", "－" };
    uint32_t how = personal_chance(p, 10);

    *out = 0;
    if (how < 2)
        for (; *number; number++)
            put_wide(out, *number);
    else if (how < 5 && grouped)
        in_groups(p, out, number, PICK(p, between));
    else if (how == 5 && grouped)
        for (size_t i = 0; number[i]; i++)
            sprintf(out + strlen(out), "%s%c", i ? " " : "", number[i]);
    else if (how == 6)
        for (size_t i = 0; number[i]; i++)
            sprintf(out + strlen(out), "%s%c", i == 4 ? "\xe2\x80\x8b" : "", number[i]);
    else
        strcpy(out, number);
}

/* In five of the alphabets of mathematics: bold, double-struck, sans-serif, bold sans-serif, monospace. */
static void in_mathematics(struct personal *p, char *out, const char *number)
{
    uint32_t zero = 0x1D7CE + 10 * personal_chance(p, 5);

    *out = 0;
    for (; *number; number++) {
        char wide[4];
        size_t n = utf8_put(wide, zero + (uint32_t)(*number - '0'));

        strncat(out, wide, n);
    }
}

/* What is rarer: the prefix of a call from abroad, lines that break, thin blanks, letters that are none. */
static void oddly(struct personal *p, char *out)
{
    static const char *const between[] = { "\n", "\r\n", "\u2009", "\u2009 ", "\u202F", "\u2003" };
    char number[16];

    a_mobile(p, number);
    *out = 0;
    switch (personal_chance(p, 4)) {
    case 0:
        sprintf(out, "0086%s", number);
        break;
    case 1:
        in_mathematics(p, out, number);
        break;
    default:
        in_groups(p, out, number, PICK(p, between));
    }
}

/* 09 and eight more, as they are written there. */
static void of_taiwan(struct personal *p, char *out)
{
    static const char *const between[][3] = {
        { "09", "-", "-" }, { "09", " ", " " }, { "09", "", "" }, { "+886 9", " ", " " }, { "09", "-", "" }
    };
    const char *const *form = PICK(p, between);
    char d[9];

    personal_digits(p, d, 8);
    sprintf(out, "%s%.2s%s%.3s%s%.3s", form[0], d, form[1], d + 2, form[2], d + 5);
}

/* ---- lines ---- */

static void add(struct personal_line *l, const char *text)
{
    l->n += (size_t)sprintf(l->text + l->n, "%s", text);
}

static void add_spot(struct personal_line *l, const char *what, const char *text)
{
    struct personal_spot *s = &l->spots[l->n_spots++];

    s->from = l->n;
    add(l, text);
    s->to = l->n;
    s->what = what;
}

static void personal_item(struct personal *p, struct personal_line *l)
{
    char plain[64], text[PERSONAL_LINE / 2];

    switch (personal_chance(p, 17)) {
    case 0:
    case 1:
    case 2:
    case 3:
        a_mobile(p, plain);
        written(p, text, plain, true);
        if (personal_chance(p, 6) == 0) {
            add_spot(l, "mobile", "+86 ");
            l->n_spots--;
            l->spots[l->n_spots].from = l->n;
        }
        add_spot(l, "mobile", text);
        break;
    case 4:
        a_landline(p, plain);
        add_spot(l, "landline", plain);
        break;
    case 5:
    case 6:
        an_id(p, plain);
        written(p, text, plain, false);
        add_spot(l, "id", text);
        break;
    case 7:
        an_old_id(p, plain);
        add_spot(l, "old id", plain);
        break;
    case 8:
    case 9:
        a_card(p, plain);
        written(p, text, plain, true);
        add_spot(l, "card", text);
        break;
    case 10:
        an_email(p, plain);
        add_spot(l, "email", plain);
        break;
    case 11:
        a_plate(p, plain);
        add_spot(l, "plate", plain);
        break;
    case 12:
        if (personal_chance(p, 2))
            a_passport(p, plain);
        else
            a_credit_code(p, plain);
        add_spot(l, strlen(plain) == 9 ? "passport" : "credit code", plain);
        break;
    case 13:
        oddly(p, text);
        add_spot(l, "mobile, oddly", text);
        break;
    case 14:
        of_taiwan(p, text);
        add_spot(l, "mobile of Taiwan", text + (*text == '+' ? 1 : 0));
        break;
    case 15:
        an_email(p, plain);
        sprintf(text, "%.*s @ %s", (int)(strchr(plain, '@') - plain), plain, strchr(plain, '@') + 1);
        add_spot(l, "email, spaced", text);
        break;
    default:
        add(l, personal_chance(p, 2) ? "微信号：" : "我的微信 ");
        a_wechat(p, plain);
        add_spot(l, "wechat", plain);
    }
}

/* What is nobody's data: orders, parcels, articles, sums, times, and numbers that fail their own check. */
static void personal_decoy(struct personal *p, struct personal_line *l)
{
    char d[64], text[PERSONAL_LINE / 2];

    switch (personal_chance(p, 12)) {
    case 0:
        personal_digits(p, d, 10);
        sprintf(text, "订单号20261121%s", d);
        break;
    case 1:
        personal_digits(p, d, 12);
        sprintf(text, "快递单号SF1%s", d);
        break;
    case 2:
        personal_digits(p, d, 13);
        sprintf(text, "物流 YT%s", d);
        break;
    case 3:
        sprintf(text, "货号SKU-%05u-%c", personal_chance(p, 100000), (char)('A' + personal_chance(p, 26)));
        break;
    case 4:
        sprintf(text, "共%u.%02u元", personal_chance(p, 100000), personal_chance(p, 100));
        break;
    case 5:
        sprintf(text, "2026-%02u-%02u %02u:%02u", 1 + personal_chance(p, 12), 1 + personal_chance(p, 28), personal_chance(p, 24),
                personal_chance(p, 60));
        break;
    case 6:
    case 7:
        some_card(p, d, false); /* right prefix, right length, wrong sum */
        sprintf(text, "流水号%s", d);
        break;
    case 8:
    case 9:
        an_id(p, d); /* right form, wrong check */
        d[17] = d[17] == '5' ? '6' : '5';
        if (id_check(d) == d[17])
            d[17] = '7';
        sprintf(text, "编号%s", d);
        break;
    case 10:
        personal_digits(p, d, 9);
        sprintf(text, "会员 12%s", d); /* eleven digits that no telephone has */
        break;
    default:
        sprintf(text, "尺寸 %u*%u*%u", personal_chance(p, 3000), personal_chance(p, 3000), personal_chance(p, 900));
    }
    add(l, text);
}

static void personal_next(struct personal *p, struct personal_line *l)
{
    static const char *const before[] = { "你好，", "请帮我查一下：", "麻烦记一下 ", "我的是", "亲，", "Please note: ", "（" };
    static const char *const after[] = { "，谢谢", "。", " 收到了吗？", "\n好的", "）", "" };
    bool personal = personal_chance(p, 2);

    memset(l, 0, sizeof(*l));
    add(l, PICK(p, before));
    if (personal)
        personal_item(p, l);
    else
        personal_decoy(p, l);
    add(l, PICK(p, after));
    if (personal_chance(p, 4) == 0) {
        add(l, "；");
        personal_decoy(p, l);
    }
}

#endif
