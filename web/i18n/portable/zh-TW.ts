import type { Like } from '../../core/i18n';
import type { zhCN } from './zh-CN';

export const zhTW: Like<typeof zhCN> = {
  out: '匯出',
  outHint: '本網站的全部設定，寫成一個 JSON 檔案。不含密鑰、人員和對話。',
  outDo: '匯出為 JSON',
  in: '匯入',
  inHint:
    '先列出會改什麼，確認後一次生效。檔案裡有的部分（如佇列、規則）以檔案為準，其中沒有的項目會被刪除；檔案裡沒有的部分和密鑰維持不變。',
  inChoose: '選擇檔案…',
  inFile: '設定檔案（JSON）',
  inNoJson: '這不是 JSON 檔案：{why}',
  inRefused: '沒有匯入：{why}',
  inSame: '與目前的設定相同，沒有要改的。',
  inMoved: '設定剛被別人改過。請再看一遍會改什麼。',
  inWill: '將更改 {n} 項：',
  adds: '新增',
  changes: '修改',
  removes: '刪除',
  inApply: '套用這 {n} 項更改',
  inDone: '已匯入 {n} 項更改，立即生效',
  k_ban: '封鎖名單',
  k_scorecard: '評分表',
  k_schedule: '每日抽檢',
  k_check: '機器質檢',
};
