export const zhCN = {
  play: '播放',
  pause: '暂停',
  notNow: '暂时无法播放，请稍后再试',
  place: '播放位置',
  at: '{at}，共 {all}',
} as const;
