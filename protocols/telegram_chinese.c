/* telegram_chinese.c: its settings in Chinese. */
#include "protocols/telegram_impl.h"

const struct words telegram_chinese[] = {
    { "token",
      { "机器人 Token", "@BotFather 给出的 Token：数字、冒号、字母" },
      { "機器人 Token", "@BotFather 給出的 Token：數字、冒號、字母" } },
    { "secrets",
      { "校验口令", "8 到 256 个字符，限 A-Z a-z 0-9 _ -；Telegram 每次回调都会带上，第一个会登记到 Telegram" },
      { "校驗口令", "8 到 256 個字元，限 A-Z a-z 0-9 _ -；Telegram 每次回呼都會帶上，第一個會登記到 Telegram" } },
    { "url", { "接口地址", "Bot API 的地址，自建服务器时才改" }, { "介面地址", "Bot API 的地址，自建伺服器時才改" } },
    { .name = NULL },
};
