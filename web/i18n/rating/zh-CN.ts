export const zhCN = {
  rate1: '很不满意',
  rate2: '不满意',
  rate3: '一般',
  rate4: '满意',
  rate5: '非常满意',
} as const;
