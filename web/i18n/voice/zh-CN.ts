export const zhCN = {
  play: '播放',
  pause: '暂停',
  place: '播放位置',
  at: '{at}，共 {all}',
} as const;
