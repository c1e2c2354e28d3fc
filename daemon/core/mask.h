/* mask.h: personal data in what people write, found by form and check digits, and shown only as far as one needs it.
 *
 * Full width and the digits of mathematics are folded first; blanks of any width, hyphens, dots, and what is not seen at all may stand
 * between digits, also the end of a line, slashes, low lines and the comma of Chinese lists, where the groups are those of a number that is read out. Mobile (of Taiwan, too) and landline numbers,
 * resident ids (GB 11643; the old ones of 15 digits by their date), bank cards (issuer, length and Luhn), mail addresses, number plates,
 * passports, unified credit codes (GB 32100), WeChat names after the word. */
#ifndef KF_CORE_MASK_H
#define KF_CORE_MASK_H

#include "core/buf.h"
#include "core/slice.h"

enum mask_kind { MASK_MOBILE, MASK_LANDLINE, MASK_ID, MASK_CARD, MASK_EMAIL, MASK_PLATE, MASK_PASSPORT, MASK_CREDIT, MASK_WECHAT };

/* [from, to) in bytes; of its characters `head` and `tail` stay readable, separators aside. */
struct mask_span {
    size_t from, to;
    enum mask_kind kind;
    size_t head, tail;
};

/* At most `max`, in the order of the text, none over another. Broken UTF-8 is passed over. Without memory nothing is found. */
size_t mask_find(struct slice text, struct mask_span *spans, size_t max);

/* The text with an asterisk for each character that is not to be seen: as many characters as before. Without memory, or with more than
 * MASK_MAX findings, `out` fails rather than showing too much. */
#define MASK_MAX 512
void mask_text(struct slice text, struct buf *out);
/* The same for looking into rather than for reading: a letter that nobody writes stands for each of these characters, so that a word which is
 * hidden in part is still one word, and none that could be asked for. */
void mask_blind(struct slice text, struct buf *out);

#endif
