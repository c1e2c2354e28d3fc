/* promise.h: until when somebody has promised something, read from what was written: "30分钟内", "两个半小时", "明天下午5点前", "3个工作日",
 * "下班前", "下周一", "within 2 hours", "by 5:30 pm", "tomorrow". Simplified, traditional and English; figures of any width. */
#ifndef KF_CORE_PROMISE_H
#define KF_CORE_PROMISE_H

#include "core/hours.h"
#include "core/slice.h"

/* The time that `text`, written at `at`, names first: a clock time or a day by the clock on the wall of `h`, a day without a clock time to
 * the end of its business hours (or to its end, where it has none), working days likewise, counted from the day after. Hours and minutes
 * count on, or only while it is open if `working`. False: none is named, or only one that is past. */
bool promise_until(struct slice text, int64_t at, const struct hours *h, bool working, int64_t *ret);

#endif
