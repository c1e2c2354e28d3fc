import type { Like } from '../../core/i18n';
import type { zhCN } from './zh-CN';

export const zhTW: Like<typeof zhCN> = {
  greeting: '問候',
  reopened: '再次來訪',
  angry: '識別不滿',
  angry_waits: '安撫不滿',
  answer_nobody: '自動答疑：無人在線',
  answer_outside: '自動答疑：非服務時間',
  answer_waiting: '自動答疑：排隊中',
  answer_more: '自動答疑：排隊中再次提問',
  person: '要求轉接真人',
  person_later: '要求轉接真人，無人在線',
  person_words: '說「轉人工」',
  person_words_later: '說「轉人工」，無人在線上',
  nobody: '無人在線上',
  outside: '非營業時間',
  wait: '排隊提示',
  wait_more: '繼續排隊提示',
  wait_long: '等待很久',
  away: '客服離開',
  back: '客服回來',
  silent_agent: '客服未回覆',
  silent_visitor: '訪客未回覆',
  closing: '即將結束',
  thanks: '感謝評價',
};
