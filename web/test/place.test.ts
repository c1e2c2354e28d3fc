import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mapOf, placeGood, placeOf } from '../core/place';

test('degrees are a place, however they were copied, and so is the address of its map', () => {
  for (const typed of [
    '31.2304, 121.4737',
    '31.2304,121.4737',
    '31.2304 121.4737',
    '31.2304°，121.4737°',
    'https://www.openstreetmap.org/?mlat=31.2304&mlon=121.4737',
    'https://www.openstreetmap.org/?mlat=31.2304&mlon=121.4737#map=17/31.2/121.4',
    'https://uri.amap.com/marker?position=121.4737,31.2304&name=x',
  ])
    assert.deepEqual(placeOf(typed), { lat: 31.2304, lon: 121.4737 }, typed);
  for (const typed of [
    '',
    '31.2304',
    'shop.example',
    '1.2.3.4',
    '31.2304, 121.4737, 3',
    'https://shop.example/?mlat=1&mlon=2',
  ])
    assert.equal(placeOf(typed), undefined, typed);
});

test('degrees end at the poles and at the date line', () => {
  assert.ok(placeGood({ lat: -90, lon: 180 }));
  assert.ok(!placeGood({ lat: 121.4737, lon: 31.2304 }));
  assert.ok(!placeGood({ lat: 0, lon: -180.1 }));
});

test('a map is that of the language, and leads back to its place', () => {
  const place = { lat: 31.2304, lon: -0.0000001 };
  assert.equal(mapOf(place, '人民广场', 'en'), 'https://www.openstreetmap.org/?mlat=31.2304&mlon=0');
  assert.equal(mapOf(place, 'x', 'zh-TW'), 'https://www.openstreetmap.org/?mlat=31.2304&mlon=0');
  assert.equal(mapOf(place, '人民', 'zh-CN'), 'https://uri.amap.com/marker?position=0,31.2304&name=%E4%BA%BA%E6%B0%91');
  assert.equal(mapOf(place, '长'.repeat(30), 'zh-CN'), 'https://uri.amap.com/marker?position=0,31.2304');
  for (const locale of ['en', 'zh-CN'])
    assert.deepEqual(placeOf(mapOf({ lat: 31.2304, lon: 121.4737 }, 'x', locale)), { lat: 31.2304, lon: 121.4737 });
});
