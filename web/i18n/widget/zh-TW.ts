import type { Like } from '../../core/i18n';
import type { zhCN } from './zh-CN';

export const zhTW: Like<typeof zhCN> = {
  title: '線上客服',
  placeholder: '請輸入您的問題',
  placeholderLeave: '請留下您的問題',
  language: '語言',
  more: '更多',
  collapse: '收合',
  presenceServed: '服務中',
  presenceOnline: '客服在線上',
  presenceAway: '可留言',
  waitPosition: '正在為您安排客服，前面還有 {n} 位',
  waitNext: '馬上輪到您，請稍候',
  waitPlain: '正在為您安排客服，請稍候',
  waitAbout: '預計等候 {time}',
  waitSeconds: '不到 1 分鐘',
  waitMinutes: '約 {n} 分鐘',
  waitLeave: '可以離開本頁，回來後就能看到回覆',
  waitPriority: '有更緊急的客戶優先接待，您的位置有所後移',
  waitQueue: '已為您轉到另一個佇列',
  hoursClosed: '現在是非服務時間，請留言，我們上班後會盡快與您聯絡',
  nobody: '客服暫時不在，請留言，我們會盡快與您聯絡',
  refused: '連線已失效，請重新進入',
  reload: '重新進入',
};
