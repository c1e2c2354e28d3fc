// The settings pages against a real kefud: what is changed there holds, mistakes are named where they are, and two people lose nothing.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { axe, browser, fillSignIn, holds, house, leave, openHouse, page, picture, signIn } from './house.mjs';

openHouse();

async function admin(place = '', options = {}) {
  const p = await page(browser, options);
  await signIn(p, house.base, `/admin/#/${place}`, 'admin');
  await p.locator('.tree').waitFor({ state: 'attached' });
  return p;
}

const save = (p) => p.locator('.doc-foot').getByRole('button', { name: '保存' }).click();
// Saves, and waits for this save: the words of the one before may still stand there.
async function saved(p) {
  const stored = p.waitForResponse((r) => r.request().method() === 'PUT' && r.url().includes('/documents/'));
  await save(p);
  const status = (await stored).status();
  assert.ok(status === 200 || status === 201, `saving was answered with ${status}`);
  await p.getByText('已保存，立即生效').last().waitFor();
}

test('an agent is told which role the settings need', async () => {
  const p = await page(browser);
  await p.goto(`${house.base}/admin/`);
  await fillSignIn(p, 'agent1');
  await p.getByText('管理员').waitFor();
  await leave(p);
});

test('a queue is made, wrong fields are named where they are, and it is there after a reload', async () => {
  const p = await admin('queue');
  await p.getByRole('button', { name: '新建' }).click();
  await p.getByLabel('标识').fill('Refunds!');
  await p.getByLabel('名称').fill('退款专线');
  await save(p);
  await p.getByText('只能用小写字母、数字、_ 和 -').waitFor();
  await p.getByLabel('标识').fill('refunds');
  await p.getByLabel('转到其他队列在').fill('30');
  await p.getByLabel('转到', { exact: true }).selectOption({ label: '售前咨询' });
  await p.reload(); // what was not saved is still there
  await holds(p.getByLabel('名称'), '退款专线');
  await saved(p);
  await p.locator('.doc-list').getByText('退款专线').waitFor();
  await p.reload();
  await p.locator('.doc-list').getByText('退款专线').click();
  await holds(p.getByLabel('转到其他队列在'), '30');
  await leave(p);
});

test('an address that changes while the settings are being painted is followed', async () => {
  const p = await page(browser);
  await p.addInitScript(() => {
    const painted = new MutationObserver(() => {
      if (!document.querySelector('.tree')) return;
      painted.disconnect();
      location.hash = '#/queue';
    });
    painted.observe(document, { childList: true, subtree: true });
  });
  await signIn(p, house.base, '/admin/', 'admin');
  await p.locator('.tree a[href="#/queue"][aria-current=page]').waitFor();
  await leave(p);
});

test('two people change one document: each sees what the other did, and both changes stand', async () => {
  const one = await admin('queue/service');
  const two = await admin('queue/service');
  await one.getByLabel('名称').fill('客户服务一');
  await two.getByLabel('提醒客服').fill('45');
  await saved(one);
  await save(two);
  await two.locator('.conflict').waitFor();
  await two.locator('.conflict').getByText('对方改了：名称').waitFor();
  await two.locator('.conflict').getByText('你改了：提醒客服').waitFor();
  assert.deepEqual(await axe(two), []);
  await picture(two, 'admin-conflict');
  await two.getByRole('button', { name: '在对方的版本上保留我的修改' }).click();
  await holds(two.getByLabel('名称'), '客户服务一');
  await holds(two.getByLabel('提醒客服'), '45');
  await saved(two);
  await two.getByRole('button', { name: '历史版本' }).click();
  await two.locator('.versions li').nth(2).waitFor();
  await two.keyboard.press('Escape');
  two.complaints.length = 0; // the browser itself notes the 412
  await leave(one, two);
});

test('hours are written by the clock, holidays beside them, and a queue keeps them', async () => {
  const p = await admin('hours/+');
  await p.getByLabel('标识').fill('shop');
  await p.getByLabel('名称').fill('门店');
  await p.getByRole('textbox', { name: '周一 结束' }).fill('1730');
  await p.getByRole('textbox', { name: '周一 结束' }).blur();
  await holds(p.getByRole('textbox', { name: '周一 结束' }), '17:30');
  await p.getByRole('button', { name: '周二至周五与周一相同' }).click();
  await holds(p.getByRole('textbox', { name: '周五 结束' }), '17:30');
  await p.getByRole('button', { name: '加一天' }).click();
  await p.getByLabel('名称，如国庆节').fill('盘点');
  await saved(p);
  await p.goto(`${house.base}/admin/#/queue/sales`);
  await p.getByRole('combobox', { name: '营业时间' }).selectOption({ label: '门店' });
  await saved(p);
  await leave(p);
});

test('a rule is tried on a sample, and a wording that is written takes the place of the shipped one', async () => {
  const p = await admin('wording/zh-cn');
  await p.getByLabel('收到第一条消息 · greeting').fill('您好，这里是小林家居。');
  await saved(p);
  await p.goto(`${house.base}/admin/#/rule`);
  const tried = p.getByRole('region', { name: '试一试' });
  await tried.getByLabel('发生').selectOption({ label: '收到第一条消息' });
  await tried.getByRole('button', { name: '试一下' }).click();
  await tried.getByText('您好，这里是小林家居。').waitFor();
  await tried.getByText('访客提交的是留言表单').click();
  await tried.getByRole('button', { name: '试一下' }).click();
  await tried.getByText('您的留言已收到，谢谢。我们会尽快与您联系。').waitFor(); // instead of the greeting
  assert.equal(await tried.getByText('您好，这里是小林家居。').count(), 0);
  await tried.locator('.tried-one', { hasText: '问候' }).getByText('已有留言，不再答复').waitFor();
  await picture(p, 'admin-try-form');
  await tried.getByText('访客提交的是留言表单').click();
  await tried.getByRole('button', { name: '试一下' }).click();
  await tried.getByText('您好，这里是小林家居。').waitFor();
  await tried.getByText(/条不适用/).click();
  assert.deepEqual(await axe(p), []);
  await picture(p, 'admin-try');
  // A shipped rule is switched off: the site has a rule of its own in its place.
  await p.locator('.doc-list').getByText('问候', { exact: true }).first().click();
  await p.getByRole('switch', { name: '启用' }).uncheck();
  await saved(p);
  await tried.getByRole('button', { name: '试一下' }).click();
  await tried.getByText('您好，这里是小林家居。').waitFor({ state: 'detached' });
  await leave(p);
});

test('an article and a rule are tried before they are saved, with the scores, and mistakes stand where they are', async () => {
  const p = await admin('article/+');
  await p.getByLabel('标识').fill('stairs');
  await p.getByLabel('问题', { exact: true }).fill('送货上楼收费吗');
  await p.getByLabel('其他问法').fill('能送上楼吗，要加钱吗\n搬上楼');
  await p.getByLabel('回答').fill('有电梯的免费送货上楼。');
  const tried = p.getByRole('region', { name: '试一试' });
  await tried.getByLabel('访客说').fill('送货上楼要收费吗');
  await tried.getByLabel('有客服在线').uncheck();
  await tried.getByRole('button', { name: '用未保存的内容试' }).click();
  await tried.locator('.near li.offered', { hasText: '送货上楼收费吗' }).getByText('会推荐').waitFor();
  await picture(p, 'admin-article-try');
  assert.deepEqual(await axe(p), []);
  // The threshold of a rule in the form decides, too.
  await p.goto(`${house.base}/admin/#/rule/answer_nobody`);
  await p.getByLabel('多近才推荐').fill('200');
  await tried.getByLabel('访客说').fill('怎么申请退货退款');
  await tried.getByLabel('有客服在线').uncheck();
  await tried.getByRole('button', { name: '用未保存的内容试' }).click();
  await p.locator('.doc').getByRole('alert').first().waitFor();
  await p.getByLabel('多近才推荐').fill('99');
  await tried.getByLabel('访客说').fill('退货运费');
  await tried.getByRole('button', { name: '用未保存的内容试' }).click();
  await tried.getByText('没有达到 99 分的文章').first().waitFor();
  await picture(p, 'admin-rule-try');
  p.complaints.length = 0; // the browser itself notes the 400
  await leave(p);
});

test('a bot is made, its secrets are never shown again, and a queue gives it the first word', async () => {
  const p = await admin('bot/+');
  await p.getByLabel('标识').fill('helper');
  await p.getByLabel('名称').fill('小助手');
  await p.getByLabel('接口地址').fill('https://bot.example.com/turn');
  await p.getByLabel('签名密钥').fill('whsec_MDEyMzQ1Njc4OWFiY2RlZg==');
  await p.reload(); // what was not saved is still there, but for secrets
  await holds(p.getByLabel('名称'), '小助手');
  await holds(p.getByLabel('签名密钥'), '');
  await p.getByLabel('签名密钥').fill('whsec_MDEyMzQ1Njc4OWFiY2RlZg==');
  await saved(p);
  await p.locator('.doc-list').getByText('小助手').click();
  await p.getByPlaceholder('已设置，不显示').waitFor();
  await holds(p.getByLabel('签名密钥'), '');
  await p.getByRole('button', { name: '清除' }).click();
  await saved(p);
  await p.getByPlaceholder('已设置，不显示').waitFor({ state: 'detached' });
  await p.getByLabel('对接方式').selectOption({ label: '语言模型（兼容 OpenAI 的对话接口）' });
  await p.getByLabel('模型名称').waitFor();
  await picture(p, 'admin-bot-model');
  assert.deepEqual(await axe(p), []);
  await p.getByRole('button', { name: '放弃修改' }).click();
  await p.goto(`${house.base}/admin/#/queue/sales`);
  await p.getByLabel('先由机器人接待').selectOption({ label: '小助手' });
  await saved(p);
  await p.goto(`${house.base}/admin/#/rule`);
  const tried = p.getByRole('region', { name: '试一试' });
  await tried.locator('select').nth(2).selectOption({ label: '售前咨询' });
  await tried.getByRole('button', { name: '试一下' }).click();
  await tried.getByText('这个队列的新会话先由机器人“小助手”接待').waitFor();
  await p.goto(`${house.base}/admin/#/queue/sales`);
  await p.getByLabel('先由机器人接待').selectOption('');
  await saved(p);
  await leave(p);
});

test('what somebody may do and knows is changed, and nobody takes the role admin from themselves', async () => {
  const p = await admin('people');
  await p.getByRole('button', { name: '林小雨' }).click();
  const box = p.getByRole('dialog');
  await box.getByLabel('技能').fill('refund:4');
  await box.getByLabel('技能').press('Enter');
  await box.getByLabel('同时接待').fill('8');
  await box.getByRole('button', { name: '保存' }).click();
  await p.locator('tr', { hasText: '林小雨' }).getByText('refund:4').waitFor();
  await p.locator('.table').getByRole('button', { name: '郑国栋' }).click();
  await box.getByLabel('管理员').uncheck();
  await box.getByLabel('客服', { exact: true }).check();
  await box.getByRole('button', { name: '保存' }).click();
  await box.getByText(/nobody takes the role admin/).waitFor();
  await p.keyboard.press('Escape');
  await p.goto(`${house.base}/admin/#/skills`);
  await holds(p.getByLabel('林小雨 的 refund'), '4');
  p.complaints.length = 0; // the browser itself notes the 400
  await leave(p);
});

test('a key is shown once, and revoked', async () => {
  const p = await admin('keys');
  await p.getByRole('button', { name: '新建密钥' }).click();
  const box = p.getByRole('dialog');
  await box.getByLabel('名称').fill('夜间报表');
  await box.getByRole('button', { name: '生成' }).click();
  await box.getByText(/^kfk_[0-9a-f]{64}$/).waitFor();
  await p.keyboard.press('Escape');
  await p.locator('tr', { hasText: '夜间报表' }).getByRole('button', { name: '吊销' }).click();
  await p.locator('tr', { hasText: '夜间报表' }).getByText('已吊销').waitFor();
  assert.equal(await p.getByText(/^kfk_/).count(), 0);
  await leave(p);
});

test('an address is blocked with a reason and an end, and the block is lifted', async () => {
  const p = await admin('blocks');
  await p.getByRole('button', { name: '添加' }).click();
  const box = p.getByRole('dialog');
  await box.getByRole('button', { name: '加入黑名单' }).click();
  await box.getByText('请填写').first().waitFor();
  await box.getByLabel('谁', { exact: true }).last().fill('203.0.113.999');
  await box.getByLabel('原因').fill('反复发广告');
  await box.getByRole('button', { name: '加入黑名单' }).click();
  await box.getByRole('alert').first().waitFor(); // the daemon says what is wrong with it
  await box.getByLabel('谁', { exact: true }).last().fill('203.0.113.0/24');
  await box.getByRole('button', { name: '加入黑名单' }).click();
  const row = p.locator('tr', { hasText: '203.0.113.0/24' });
  await row.getByText('反复发广告').waitFor();
  assert.equal(await row.locator('time').count(), 2); // when it was made, when it ends
  await row.getByRole('button').click();
  await row.waitFor({ state: 'detached' });
  p.complaints.length = 0; // the browser itself notes the 400
  await leave(p);
});

test('all settings are taken out as a file, and come back changed, after a look at what would change', async () => {
  const p = await admin('portable');
  const [kept] = await Promise.all([p.waitForEvent('download'), p.getByRole('button', { name: '导出为 JSON' }).click()]);
  assert.equal(kept.suggestedFilename(), 'demo.json');
  const set = JSON.parse(await readFile(await kept.path(), 'utf8'));
  assert.ok(set.queues.sales.name && !set.people, 'queues are in it, people are not');
  const bring = (text) => p.getByLabel('设置文件（JSON）').setInputFiles({ name: 'demo.json', mimeType: 'application/json', buffer: Buffer.from(text) });
  const told = p.locator('.form-part [role=status]');

  await bring('{"queues":');
  await told.filter({ hasText: '这不是 JSON 文件' }).waitFor();
  await bring(JSON.stringify({ ...set, queues: { ...set.queues, sales: { name: '' } } }));
  await told.filter({ hasText: '没有导入：' }).waitFor();
  p.complaints.length = 0; // the browser itself notes the 400
  await bring(JSON.stringify(set));
  await told.filter({ hasText: '没有要改的' }).waitFor();
  assert.equal(await p.getByRole('button', { name: /^应用/ }).count(), 0);

  const { refund: gone, ...articles } = set.articles;
  assert.ok(gone, 'the demo has an article of refunds');
  const changed = { ...set, queues: { ...set.queues, sales: { ...set.queues.sales, name: '售前顾问' }, imported: { name: '导入的队列' } }, articles };
  await bring(JSON.stringify(changed));
  await told.filter({ hasText: '将更改 3 项' }).waitFor();
  assert.deepEqual(await p.locator('.import-part').allInnerTexts().then((all) => all.map((x) => x.replace(/\s+/g, ' '))), [
    '删除 1 知识库 refund',
    '修改 1 队列 sales',
    '新增 1 队列 imported',
  ]);
  assert.deepEqual(await axe(p), []);
  await picture(p, 'admin-import');
  assert.equal((await p.evaluate(() => fetch('/api/v1/sites/demo/set').then((r) => r.json()))).queues.imported, undefined, 'a look changes nothing');
  await p.getByRole('button', { name: '应用这 3 项更改' }).click();
  await p.getByText('已导入 3 项更改，立即生效').waitFor();
  await p.goto(`${house.base}/admin/#/queue`);
  await p.getByRole('link', { name: '售前顾问' }).waitFor();
  await p.getByRole('link', { name: '导入的队列' }).waitFor();

  await p.goto(`${house.base}/admin/#/portable`);
  await bring(JSON.stringify(set));
  await p.getByRole('button', { name: '应用这 3 项更改' }).waitFor();
  // Somebody changes what the plan would change, in another way: the list stays the same, what stands behind it does not.
  const theirs = await p.evaluate(async () => {
    const at = '/api/v1/sites/demo/documents/queue/sales';
    const old = await fetch(at);
    const { csrf } = await fetch('/api/v1/session').then((r) => r.json());
    const headers = { 'Content-Type': 'application/json', 'X-CSRF-Token': csrf, 'If-Match': old.headers.get('ETag') };
    return (await fetch(at, { method: 'PUT', headers, body: JSON.stringify({ ...(await old.json()).body, name: '别人改的' }) })).status;
  });
  assert.equal(theirs, 200);
  await p.getByRole('button', { name: '应用这 3 项更改' }).click();
  await told.filter({ hasText: '设置刚被别人改过' }).waitFor();
  p.complaints.length = 0; // the browser itself notes the 412
  assert.equal((await p.evaluate(() => fetch('/api/v1/sites/demo/set').then((r) => r.json()))).queues.sales.name, '别人改的', 'theirs stands');
  await p.getByRole('button', { name: '应用这 3 项更改' }).click();
  await p.getByText('已导入 3 项更改，立即生效').last().waitFor();
  await leave(p);
});

test('settings are found by their words in any language', async () => {
  const p = await admin();
  await p.getByLabel('搜索设置').fill('holiday');
  await p.getByRole('link', { name: '营业时间', exact: true }).waitFor();
  assert.equal(await p.locator('.tree a[href="#/people"]').count(), 0);
  await p.getByLabel('搜索设置').fill('熟练度');
  await p.locator('.tree a[href="#/skills"]').first().waitFor();
  await leave(p);
});

test('axe finds nothing, in any language, theme and width', async () => {
  const first = await admin();
  const state = await first.context().storageState();
  const places = ['site', 'embed', 'portable', 'queue/sales', 'skills', 'hours/+', 'rule/wait', 'wording/en', 'article/refund', 'bot/+', 'canned', 'forbidden/+', 'people', 'keys', 'blocks'];
  const rows = [
    { locale: 'zh-CN' },
    { locale: 'zh-TW', dark: true },
    { locale: 'en-US', width: 800 },
    { locale: 'en-US', width: 320, height: 700, dark: true },
  ];
  for (const row of rows) {
    const p = await page(browser, { storageState: state, ...row });
    for (const place of places) {
      const name = `${JSON.stringify(row)} ${place}`;
      await p.goto(`${house.base}/admin/#/${place}`);
      await p.locator('#stage h2').locator('visible=true').first().waitFor();
      await p.locator('.empty', { hasText: /加载|載入|Loading/ }).waitFor({ state: 'detached' });
      assert.deepEqual(await axe(p), [], name);
      assert.equal(await p.evaluate(() => document.documentElement.scrollWidth > innerWidth), false, `${name}: scrolls sideways`);
      if (row.width === 320 || row.dark) await picture(p, `admin-${row.locale}-${row.width ?? 1440}-${place.replace(/\W+/g, '-')}`);
    }
    await leave(p);
  }
  await leave(first);
});
