// What the daemon says is wrong, in the page's language.
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { inWords } from '../admin/wrong';
import { lang } from '../kit/i18n';

const before = lang.value;
afterEach(() => void (lang.value = before));

test('what is wrong with a member is said in Chinese, with what is allowed', () => {
  const rows: [string, string][] = [
    ['channel wecom: settings.corp_id: required', '必填'],
    ['channel a: templates[0].values.cover: required: thumb_media_id: the picture', '必填'],
    ['queue service: name is missing: what agents and visitors read', '必填'],
    ['channel wecom: settings.secret: 8 to 128 bytes', '长度应为 8 到 128 字节'],
    ['queue service: name has 90 characters; allowed are 1 to 80', '现有 90 个字符，应为 1 到 80 个'],
    ['channel a: settings.media_hosts: 0 to 3 entries', '应为 0 到 3 项'],
    ['site: grace_ms is -1; allowed is 0 to 600000', '现为 -1，应为 0 到 600000'],
    ['channel a: settings.max_age: an integer from 60 to 32400', '应为 60 到 32400 的整数'],
    ['rule a: event must be one of: opened message', '只能是其中之一：opened message'],
    ['channel a: settings.url: an address such as https://host/path', '应为网址，例如 https://host/path'],
    [
      'channel a: settings.secrets[0]: one line, without blanks at its beginning and end',
      '应为一行，开头和结尾不能有空格',
    ],
    ['channel a: settings.app_id: a string', '应为文字'],
    ['queue a: nobody has thought of this', 'queue a: nobody has thought of this'],
  ];
  lang.value = 'zh-CN';
  for (const [detail, said] of rows) assert.equal(inWords(detail), said);
  lang.value = 'zh-TW';
  assert.equal(inWords(rows[3]![0]), '長度應為 8 到 128 位元組');
  lang.value = 'en';
  for (const [detail] of rows) assert.equal(inWords(detail), detail);
});
