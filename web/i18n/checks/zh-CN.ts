export const zhCN = {
  found: '机器质检：{name}',
  foundTime: '机器质检：{name}（{time}）',
  foundWord: '机器质检：{name}（“{word}”）',
} as const;
