import type { Like } from '../../core/i18n';
import type { zhCN } from './zh-CN';

export const zhTW: Like<typeof zhCN> = {
  language: '語言',
  welcome: '請使用工作帳號登入',
  email: '電子郵件',
  password: '密碼',
  signIn: '登入',
  signingIn: '登入中…',
  signOut: '登出',
  needEmail: '請輸入電子郵件',
  needPassword: '請輸入密碼',
  wrong: '電子郵件或密碼不正確，請重新輸入',
  tooOften: '嘗試次數過多，請於 {s} 秒後再試',
  tls: '登入需要安全連線，請使用 https 網址開啟本頁',
  unreachable: '目前連不上伺服器，請檢查網路後重試',
  failed: '登入失敗：{why}',
  expired: '登入已逾時，請重新登入。尚未送出的內容會保留在這台電腦上',
  chooseSite: '選擇站台',
  forbidden: '沒有權限',
  needsRole: '開啟此頁需要「{role}」角色，請聯絡管理員',
  role_agent: '客服',
  role_supervisor: '主管',
  role_reviewer: '質檢',
  role_admin: '管理員',
  listComma: '、',
  listOr: '或',
};
