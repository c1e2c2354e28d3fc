// The words of the page that writes all settings into a file and takes them back.
export const zhCN = {
  out: '导出',
  outHint: '本站点的全部设置，写成一个 JSON 文件。不含密钥、人员和会话。',
  outDo: '导出为 JSON',
  in: '导入',
  inHint:
    '先列出会改什么，确认后一次生效。文件里有的部分（如队列、规则）以文件为准，其中没有的条目会被删除；文件里没有的部分和密钥保持不变。',
  inChoose: '选择文件…',
  inFile: '设置文件（JSON）',
  inNoJson: '这不是 JSON 文件：{why}',
  inRefused: '没有导入：{why}',
  inSame: '与当前设置相同，没有要改的。',
  inWill: '将更改 {n} 项：',
  adds: '新增',
  changes: '修改',
  removes: '删除',
  inApply: '应用这 {n} 项更改',
  inDone: '已导入 {n} 项更改，立即生效',
  k_ban: '封禁',
  k_scorecard: '评分表',
  k_schedule: '每日抽检',
  k_check: '自动检查',
} as const;
