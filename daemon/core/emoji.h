/* emoji.h: is a text one emoji, and nothing else? The grammar is that of the emoji sequences of UTS #51; of the characters in it only the blocks
 * are known, so that those of next year are emoji, too. */
#ifndef KF_CORE_EMOJI_H
#define KF_CORE_EMOJI_H

#include "core/slice.h"

#include <stdbool.h>

#define EMOJI_MAX 64 /* bytes: a family of four, each with a skin, has 41 */

/* One that is seen as one: a character with its selector or skin, a flag, a keycap, several that are joined. The text is valid UTF-8. */
bool emoji_is_one(struct slice s);

#endif
