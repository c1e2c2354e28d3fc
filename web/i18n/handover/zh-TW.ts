import type { Like } from '../../core/i18n';
import type { zhCN } from './zh-CN';

export const zhTW: Like<typeof zhCN> = {
  goneHas: '{name}已不做質檢，還有 {n} 份沒評',
  who: '誰還沒評',
  whoIn: '誰還沒評：{name}',
  has: '{n} 份沒評',
  gone: '已不做質檢',
  spread: '分給其他人',
  spreadOf: '分給其他人：{name}',
  takeBack: '收回',
  takeBackOf: '收回：{name}',
  takeOut: '移出校準',
  takeOutOf: '移出校準：{name}',
  hint: '依手上的份數分給可以評的人；沒有人評自己服務過的對話。已儲存的草稿不會帶過去。收回的不再有人評，可以重新抽到。',
  hintCalibration: '校準只由選定的人評。移出以後，其他人評完就可以對比。',
  spreading: '{name}的 {n} 份將分給其他人',
  takingBack: '將收回{name}的 {n} 份',
  takingOut: '將把{name}移出校準',
  undo: '復原',
  moved: '分給其他人 {n} 份',
  taken: '收回 {n} 份',
  left: '{n} 份沒有人可以評',
  missed: '收回 {n}',
};
