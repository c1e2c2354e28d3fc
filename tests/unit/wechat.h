/* wechat.h: the account that the tests of WeChat Official Accounts speak for, and its follower. */
#ifndef KF_TESTS_WECHAT_H
#define KF_TESTS_WECHAT_H

#define APP   "wx5d3f0c9a17be6e42"
#define TOKEN "Kefud2024Token"
#define USER  "oKf7d5Q0mZ1xYc9RtWb3nLpHsVuE"
#define OURS  "gh_4b1d7e90c2aa"

#endif
