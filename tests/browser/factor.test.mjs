// The second factor as people meet it: set up in the menu of the console, asked for at the next sign-in, turned off again.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { axe, browser, complaints, fillSignIn, house, openHouse, page as open, PASSWORD, signIn } from './house.mjs';

openHouse();

/** RFC 6238: the code of the step that is `shift` away from the present one. */
function totp(secret, shift = 0) {
  const bits = [...secret].map((c) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0')).join('');
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30000) + shift));
  const mac = createHmac('sha1', Buffer.from(bits.match(/.{8}/g).map((b) => parseInt(b, 2)))).update(counter).digest();
  return String((mac.readUInt32BE(mac[19] & 15) & 0x7fffffff) % 1000000).padStart(6, '0');
}

/** Waits until the present step is long enough for a code of the one before to be taken. */
async function early() {
  while (Date.now() % 30000 > 20000) await new Promise((resolve) => setTimeout(resolve, 100));
}

async function menu(page, label) {
  await page.locator('.account').first().click();
  await page.getByRole('menuitem', { name: label }).click();
}

/** What the browser itself says of an answer that is no success. */
const own = (errors) => errors.filter((e) => !/status of (401|422)/.test(e));

test('a second factor is set up, asked for, and turned off with a recovery code', async () => {
  const page = await open(browser);
  await signIn(page, house.base, '/console/', 'agent1');
  await page.locator('.presence-btn').waitFor();
  await menu(page, '两步验证');
  await page.locator('dialog input').fill('a-wrong-password');
  await page.getByRole('button', { name: '开始设置' }).click();
  await page.getByText('密码不正确').first().waitFor();
  assert.deepEqual(await axe(page), []);
  await page.locator('dialog input').fill(PASSWORD);
  await page.getByRole('button', { name: '开始设置' }).click();
  await page.locator('dialog code').waitFor();
  const secret = (await page.locator('dialog code').textContent()).replaceAll(' ', '');
  assert.match(secret, /^[A-Z2-7]{32}$/);
  assert.deepEqual(await axe(page), []);
  await page.locator('dialog input').fill('12345');
  await page.keyboard.press('Enter');
  await page.getByText('验证码不正确').first().waitFor();
  await early();
  await page.locator('dialog input').fill(totp(secret, -1));
  await page.getByRole('button', { name: '开启', exact: true }).click();
  await page.locator('.recovery li').nth(9).waitFor();
  const recovery = await page.locator('.recovery code').allTextContents();
  assert.equal(new Set(recovery).size, 10);
  assert.deepEqual(await axe(page), []);
  await page.getByRole('button', { name: '我已保存' }).click();

  await menu(page, '退出登录');
  await fillSignIn(page, 'agent1');
  await page.locator('input[name="code"]:focus').waitFor();
  assert.deepEqual(await axe(page), []);
  await page.keyboard.press('Enter');
  await page.getByText('请输入验证码').waitFor();
  await page.keyboard.type(totp(secret));
  await page.keyboard.press('Enter');
  await page.locator('.presence-btn').waitFor();

  await menu(page, '两步验证');
  await page.getByText('还有 10 个恢复码可用').waitFor();
  await page.locator('dialog input').fill(recovery[0]);
  await page.getByRole('button', { name: '关闭两步验证' }).click();
  await page.getByText('两步验证已关闭').waitFor();
  await menu(page, '退出登录');
  await fillSignIn(page, 'agent1');
  await page.locator('.presence-btn').waitFor();
  assert.deepEqual(own(complaints(page)), []);
  await page.context().close();
});
