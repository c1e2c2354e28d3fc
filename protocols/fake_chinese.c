/* fake_chinese.c: its settings in Chinese. */
#include "protocols/fake_impl.h"

const struct words fake_chinese[] = {
    { "url", { "接口地址", "演示平台接口的地址" }, { "介面地址", "演示平台介面的地址" } },
    { "app", { "应用名称", "我们在那里的名称" }, { "應用名稱", "我們在那裡的名稱" } },
    { "secret", { "应用密钥", "证明我们是这个应用" }, { "應用金鑰", "證明我們是這個應用" } },
    { "token", { "回调 Token", "平台用它给发来的消息签名" }, { "回呼 Token", "平台用它給發來的訊息簽名" } },
    { .name = NULL },
};
