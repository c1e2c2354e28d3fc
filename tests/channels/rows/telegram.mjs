// A Telegram bot: one update a request, a secret word in a header, the token in the address.
import { createHash } from 'node:crypto';

const TOKEN = '123456:TEST-token';
const SECRET = 'kefud_tg-Secret_01';

/** A number that a name stands for. */
const number = (name) => createHash('sha256').update(name).digest().readUIntBE(0, 5) + 1;

/** A field of a form, as text. */
function field(raw, name) {
  const text = raw.toString('latin1');
  const at = text.indexOf(`name="${name}"`);
  if (at < 0) return undefined;
  const from = text.indexOf('\r\n\r\n', at) + 4;
  return Buffer.from(text.slice(from, text.indexOf('\r\n--', from)), 'latin1');
}

export default {
  name: 'telegram',
  stages: ['media', 'file'],
  any: ['file'],
  user: (name) => String(number(name)),
  settings: (at) => ({ token: TOKEN, secrets: [SECRET], url: at }),
  message(p, { user, id, text, at, picture, more }) {
    const body = JSON.stringify({
      update_id: number(id),
      message: {
        message_id: number(id) % 1e9,
        from: { id: Number(user), is_bot: false, first_name: `User ${user}` },
        chat: { id: Number(user), type: 'private' },
        date: Math.floor(at / 1000),
        ...more,
        ...(picture ? { photo: [{ file_id: picture, width: 10, height: 10 }], caption: text } : { text }),
      },
    });
    return { headers: { 'Content-Type': 'application/json', 'X-Telegram-Bot-Api-Secret-Token': SECRET }, body };
  },
  read(call) {
    const [, method] = /^\/bot[^/]+\/(\w+)$/.exec(call.path) ?? [];
    if (method === 'sendMessage') return { what: 'send', text: call.json.text, user: String(call.json.chat_id) };
    if (method === 'sendPhoto') return { what: 'send', text: field(call.raw, 'caption')?.toString(), user: field(call.raw, 'chat_id').toString(), picture: 'up' };
    if (method === 'sendMediaGroup') return { what: 'album', text: field(call.raw, 'media').toString(), user: field(call.raw, 'chat_id').toString() };
    return { what: call.path.startsWith('/file/') ? 'file' : method === 'getFile' ? 'media' : 'quiet' };
  },
  answer(p, call) {
    if (call.path.startsWith('/file/')) return { headers: { 'Content-Type': 'application/octet-stream' }, body: p.stock.get(call.path.split('/').pop()) };
    if (call.path.endsWith('/getFile')) return { body: { ok: true, result: { file_path: `photos/${call.json.file_id}` } } };
    if (call.path.endsWith('/sendPhoto')) p.stock.set('up', field(call.raw, 'photo'));
    if (call.what === 'album') return { body: { ok: true, result: JSON.parse(call.text).map(() => ({ message_id: ++p.count, chat: { id: Number(call.user) } })) } };
    if (call.what === 'send') return { body: { ok: true, result: { message_id: ++p.count, chat: { id: Number(call.user) } } } };
    return { body: { ok: true, result: true } };
  },
  blocked: () => ({
    status: 403,
    body: { ok: false, error_code: 403, description: 'Forbidden: bot was blocked by the user' },
    words: 'bot was blocked by the user',
  }),
};
