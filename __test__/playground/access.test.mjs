import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { pattern } from '../support/playground.mjs';
import { onPage, open, pointOf, settled } from '../support/playground-page.mjs';

const require = createRequire(import.meta.url);

/** The page for everybody: with keys, fingers and screen readers, on small and large screens, dark and still. */

const AXE = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

test('everything can be done with the keyboard', () =>
  onPage(async (page) => {
    await page.locator('.empty .sample').first().waitFor();
    const focused = () =>
      page.evaluate(() => document.activeElement?.id || document.activeElement?.textContent?.trim());
    const tabTo = async (/** @type {string} */ what, most = 400) => {
      for (let i = 0; i < most; i++) {
        if ((await focused()) === what) return;
        await page.keyboard.press('Tab');
      }
      assert.fail(`${what} cannot be reached; the focus is on ${await focused()}`);
    };
    await tabTo('Logo with alpha');
    await page.keyboard.press('Enter');
    await settled(page, 'default');
    await tabTo('canvas');
    const zoom = async () => Number.parseInt(await page.locator('#zoom').innerText(), 10);
    const fitted = await zoom();
    await page.keyboard.press('+');
    await page.waitForFunction(
      (z) => Number.parseInt(document.getElementById('zoom').textContent, 10) > z,
      fitted,
    );
    await page.keyboard.press('1');
    await page.waitForFunction(() => document.getElementById('zoom').textContent === '100 %');
    await tabTo('divider');
    await page.keyboard.press('End');
    await page.locator('#divider[aria-valuenow="100"]').waitFor();
    await tabTo('tab-results');
    await page.keyboard.press('ArrowLeft');
    assert.equal(await focused(), 'tab-code');
    await tabTo('code-commonjs');
    await page.keyboard.press('ArrowRight');
    assert.equal(await focused(), 'code-esm');
    await tabTo('Copy code');
    await page.keyboard.press('Enter');
    assert.match(await page.evaluate(() => navigator.clipboard.readText()), /^import/);
    await tabTo('choose-span-4x');
    await page.keyboard.press('Space');
    await settled(page, 'span-4x');
    assert.match(await page.locator('#announcer').innerText(), /span-4x is done/);
  }));

for (const [name, options] of /** @type {[string, import('playwright-core').BrowserContextOptions][]} */ ([
  [
    'on a phone',
    { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 },
  ],
  ['on a desk, dark', { colorScheme: 'dark' }],
  ['on a screen of 4K, without motion', { viewport: { width: 3840, height: 2160 }, reducedMotion: 'reduce' }],
])) {
  test(`nothing overflows or violates accessibility ${name}, in any state`, () =>
    onPage(
      async (page) => {
        const violations = [];
        const check = async (/** @type {string} */ state) => {
          await page.evaluate(AXE);
          const found = await page.evaluate(() => /** @type {any} */ (window).axe.run());
          violations.push(
            ...found.violations.map(
              ({ id, nodes }) =>
                `${state}: ${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' | ')}`,
            ),
          );
          const overflow = await page.evaluate(
            () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
          );
          assert.ok(overflow <= 0, `${state}: ${overflow} px too wide`);
        };
        await page.locator('.empty .sample').first().waitFor();
        await check('empty');
        await page.setInputFiles('#file', {
          name: 'x.png',
          mimeType: 'image/png',
          buffer: Buffer.from('nothing'),
        });
        await page.locator('.notice.error').waitFor();
        await check('error');
        await page.locator('.empty .sample').nth(5).click();
        await settled(page, 'default');
        for (const fold of ['options-fold', 'models-fold'])
          await page.locator(`#${fold}`).evaluate((element) => (element.open = true));
        await page.locator('.model details summary').first().click();
        await page.locator('#choose-span-4x').check();
        await settled(page, 'span-4x');
        await check('results');
        await page.locator('label[for="mode-side"]').click();
        await page.locator('#tab-measure').click();
        await page.locator('#measure-start').click();
        await page.locator('#measure-rows tr').nth(3).getByText(/ms|s$/).last().waitFor();
        await check('measured');
        await page.locator('label[for="mode-difference"]').click();
        await page.locator('#tab-code').click();
        await check('code');
        assert.deepEqual(violations, []);
      },
      { ...options, bypassCSP: true },
    ));
}

test('two fingers zoom on a phone', () =>
  onPage(
    async (page) => {
      await open(page, await pattern(120, 90).png().toBuffer());
      await settled(page, 'default');
      await page.locator('#canvas').scrollIntoViewIfNeeded();
      const before = Number.parseInt(await page.locator('#zoom').innerText(), 10);
      const session = await page.context().newCDPSession(page);
      const [x, y] = await pointOf(page, 0.5, 0.3);
      const touch = (/** @type {string} */ type, /** @type {number[]} */ ...apart) =>
        session.send('Input.dispatchTouchEvent', {
          type: /** @type {any} */ (type),
          touchPoints: apart.map((distance, id) => ({ x: x + distance, y, id })),
        });
      await touch('touchStart', -30, 30);
      for (let i = 1; i <= 5; i++) await touch('touchMove', -30 - i * 12, 30 + i * 12);
      await touch('touchEnd');
      await page.waitForFunction(
        (zoom) => Number.parseInt(document.getElementById('zoom').textContent, 10) > zoom * 2,
        before,
      );
    },
    { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true },
  ));
