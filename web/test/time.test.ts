import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ago, clockTime, dayLabel, dayNumber, duration, exactTime, listTime, Skew } from '../core/time';

const at = (iso: string) => Date.parse(iso);
const SH = 'Asia/Shanghai';
const NY = 'America/New_York';

test('lists say time, yesterday, date or year', () => {
  const now = at('2025-11-21T04:00:00Z'); // 12:00 in Shanghai
  assert.equal(listTime(at('2025-11-21T02:05:00Z'), now, 'zh-CN', SH), '10:05');
  assert.equal(listTime(at('2025-11-20T15:59:00Z'), now, 'zh-CN', SH), '昨天');
  assert.equal(listTime(at('2025-11-20T16:00:00Z'), now, 'zh-CN', SH), '00:00');
  assert.equal(listTime(at('2025-11-19T02:00:00Z'), now, 'zh-CN', SH), '11-19');
  assert.equal(listTime(at('2024-11-19T02:00:00Z'), now, 'zh-CN', SH), '2024-11-19');
  assert.equal(listTime(at('2025-11-20T15:59:00Z'), now, 'zh-TW', SH), '昨天');
  assert.equal(listTime(at('2025-11-20T15:59:00Z'), now, 'en', SH), 'Yesterday');
});

test('yesterday holds over the new year and over days of 23 and 25 hours', () => {
  assert.equal(listTime(at('2025-12-31T15:30:00Z'), at('2025-12-31T16:30:00Z'), 'zh-CN', SH), '昨天');
  // Clocks go forward on 2025-03-09 and back on 2025-11-02 in New York.
  assert.equal(dayNumber(at('2025-03-10T04:30:00Z'), NY) - dayNumber(at('2025-03-09T05:30:00Z'), NY), 1);
  assert.equal(dayNumber(at('2025-11-03T05:30:00Z'), NY) - dayNumber(at('2025-11-02T04:30:00Z'), NY), 1);
  assert.equal(listTime(at('2025-11-02T04:30:00Z'), at('2025-11-03T04:30:00Z'), 'en', NY), '00:30');
  assert.equal(listTime(at('2025-11-02T04:30:00Z'), at('2025-11-03T05:30:00Z'), 'en', NY), 'Yesterday');
});

test('the clock has 24 hours and begins at 00', () => {
  assert.equal(clockTime(at('2025-11-20T16:00:00Z'), SH), '00:00');
  assert.equal(clockTime(at('2025-11-21T15:59:59Z'), SH), '23:59');
});

test('day separators name the day', () => {
  const now = at('2025-11-21T04:00:00Z');
  assert.equal(dayLabel(now, now, 'zh-CN', SH), '今天');
  assert.equal(dayLabel(now, now, 'en', SH), 'Today');
  assert.match(dayLabel(at('2025-11-18T04:00:00Z'), now, 'zh-CN', SH), /^11月18日.*星期二$/);
  assert.match(dayLabel(at('2024-11-18T04:00:00Z'), now, 'zh-TW', SH), /^2024年11月18日/);
});

test('tooltips name the zone', () => {
  assert.equal(exactTime(at('2025-11-20T06:05:09Z'), 'en', SH), '2025-11-20 14:05:09 GMT+8');
});

test('relative words only under an hour, and never for the future', () => {
  const now = 10_000_000;
  assert.equal(ago(now - 3 * 60_000, now, 'zh-CN'), '3分钟前');
  assert.equal(ago(now - 3 * 60_000, now, 'zh-TW'), '3 分鐘前');
  assert.equal(ago(now - 60_000, now, 'en'), '1 minute ago');
  assert.equal(ago(now - 3_600_000, now, 'en'), undefined);
  assert.equal(ago(now + 90_000, now, 'en'), 'now');
});

test('durations', () => {
  assert.deepEqual([-5, 0, 42_000, 370_000, 3_723_000].map(duration), ['0:00', '0:00', '0:42', '6:10', '1:02:03']);
});

test('a clock that is wrong here is corrected', () => {
  const skew = new Skew();
  assert.equal(skew.now(1000), 1000);
  skew.measure(5_000_000, 1000);
  assert.equal(skew.now(2000), 5_001_000);
});
