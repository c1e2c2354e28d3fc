// WeCom's customer service: a post only says that there is something; it is pulled. Sends have a key.
import { made as posted, settings as shared } from './wechat.mjs';

const OURS = 'wkOne';
const WHOLE_MAX = 4096; // bytes of a file that is given without Range

// What is large is given in pieces only.
function given(bytes, range) {
  const headers = { 'Content-Type': 'image/png' };
  if (!range) return bytes.length > WHOLE_MAX ? { body: { errcode: 830002, errmsg: 'file too large, use Range' } } : { headers, body: bytes };
  const [from, to] = range.match(/^bytes=(\d+)-(\d+)$/).slice(1).map(Number);
  const last = Math.min(to, bytes.length - 1);
  return { status: 206, headers: { ...headers, 'Content-Range': `bytes ${from}-${last}/${bytes.length}` }, body: bytes.subarray(from, last + 1) };
}

export default {
  name: 'wecom-kf',
  idempotent: true,
  stages: ['token', 'pull', 'upload', 'media'],
  any: ['media'],
  settings: (at) => ({
    corp_id: shared.app_id,
    secret: 'very-secret',
    open_kfid: OURS,
    token: shared.token,
    encoding_aes_key: shared.encoding_aes_key,
    names: false,
    url: at,
  }),
  message(p, { user, id, text, at, picture }) {
    const content = picture ? { msgtype: 'image', image: { media_id: picture } } : { msgtype: 'text', text: { content: text } };
    p.inbox.push({ msgid: id, open_kfid: OURS, external_userid: user, send_time: Math.floor(at / 1000), origin: 3, ...content });
    return posted(
      `<xml><ToUserName>${shared.app_id}</ToUserName><CreateTime>1</CreateTime><MsgType>event</MsgType><Event>kf_msg_or_event</Event>` +
        `<Token>notice</Token><OpenKfId>${OURS}</OpenKfId></xml>`,
      at,
    );
  },
  read(call) {
    switch (call.path) {
      case '/cgi-bin/gettoken':
        return { what: 'token' };
      case '/cgi-bin/kf/send_msg':
        return { what: 'send', text: call.json.text?.content, user: call.json.touser, key: call.json.msgid, picture: call.json.image?.media_id };
      case '/cgi-bin/kf/sync_msg':
        return { what: 'pull' };
      case '/cgi-bin/media/upload':
        return { what: 'upload' };
      case '/cgi-bin/media/get':
        return { what: 'media' };
      default:
        return { what: 'quiet' };
    }
  },
  answer(p, call) {
    switch (call.what) {
      case 'token':
        return { body: { errcode: 0, errmsg: 'ok', access_token: `token-${++p.count}`, expires_in: 7200 } };
      case 'pull': {
        const from = Number(call.json.cursor ?? 0);
        return { body: { errcode: 0, errmsg: 'ok', next_cursor: String(p.inbox.length), has_more: 0, msg_list: p.inbox.slice(from) } };
      }
      case 'upload': {
        const from = call.raw.indexOf('\r\n\r\n') + 4;
        p.stock.set('up', call.raw.subarray(from, call.raw.lastIndexOf('\r\n--')));
        return { body: { errcode: 0, errmsg: 'ok', type: 'image', media_id: 'up', created_at: '1718000000' } };
      }
      case 'media':
        return given(p.stock.get(call.query.get('media_id')), call.headers.range);
      case 'send':
        return { body: { errcode: 0, errmsg: 'ok', msgid: call.key } };
      default:
        return { body: { errcode: 0, errmsg: 'ok' } };
    }
  },
  met: {
    words: 'the account is 售后; customers open it by https://work.weixin.qq.com/kfid/kfc7a31f0de',
    answers: {
      '/cgi-bin/kf/account/list': { errcode: 0, errmsg: 'ok', account_list: [{ open_kfid: OURS, name: '售后' }] },
      '/cgi-bin/kf/add_contact_way': { errcode: 0, errmsg: 'ok', url: 'https://work.weixin.qq.com/kfid/kfc7a31f0de' },
    },
  },
  expired: () => ({ body: { errcode: 42001, errmsg: 'access_token expired, hint: [1], from ip: 203.0.113.9' } }),
  blocked: () => ({ body: { errcode: 40096, errmsg: 'invalid external userid, hint: [2]' }, words: 'invalid external userid' }),
};
