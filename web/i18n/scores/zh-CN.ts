// Scores that have not got to the server when somebody signs out.
export const zhCN = {
  lost: '还有 {n} 份质检评分没有送到服务器。现在退出，这些评分就丢失了。仍要退出吗？',
} as const;
