import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import sharp from 'sharp';
import { openBrowser, openPage } from '../support/browser.mjs';
import { pattern, withPlayground } from '../support/playground.mjs';

const require = createRequire(import.meta.url);
const Upscaler = require('../../index.js');
const { nearest } = require('../support/onnx.js');

/** The page, in a real browser, by what is seen and can be done. */

const AXE = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

/** @type {import('playwright-core').Browser} */
let browser;
before(async () => {
  browser = await openBrowser();
});
after(() => browser?.close());

/**
 * @param {(page: import('playwright-core').Page, playground: any) => Promise<void>} use
 * @param {import('playwright-core').BrowserContextOptions} [options]
 */
function onPage(use, options) {
  return withPlayground(async (playground) => {
    const { page, context, problems } = await openPage(browser, playground.url, options);
    try {
      await use(page, playground);
      assert.deepEqual(problems, []);
    } finally {
      await context.close();
    }
  });
}

/** @param {import('playwright-core').Page} page @param {Buffer} buffer @param {string} [name] */
async function open(page, buffer, name = 'picture.png') {
  await page.locator('#app').waitFor();
  await page.setInputFiles('#file', { name, mimeType: 'image/png', buffer });
  await page.locator('.picture-name', { hasText: name }).waitFor();
}

/** @param {import('playwright-core').Page} page @param {string} model @param {string} [state] */
async function settled(page, model, state = 'done') {
  await page.locator(`tr[data-model="${model}"][data-state="${state}"]`).waitFor({ state: 'attached' });
}

/** Waits until all tiles that are in view are there and drawn. @param {import('playwright-core').Page} page */
async function drawn(page) {
  await page.evaluate(async () => {
    const { settled: done } = await import('/tiles.mjs');
    const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
    for (let quiet = 0; quiet < 4;) {
      await frame();
      quiet = done() ? quiet + 1 : 0;
    }
  });
}

/**
 * @param {import('playwright-core').Page} page
 * @returns {Promise<{ width: number, height: number, at: (x: number, y: number) => number[] }>} the stage's pixels, RGBA
 */
async function stage(page) {
  await drawn(page);
  const { width, height, data } = await page.evaluate(() => {
    const canvas = document.getElementById('canvas');
    const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    let text = '';
    for (let i = 0; i < pixels.data.length; i += 8192)
      text += String.fromCharCode(...pixels.data.subarray(i, i + 8192));
    return { width: canvas.width, height: canvas.height, data: btoa(text) };
  });
  const bytes = Buffer.from(data, 'base64');
  return { width, height, at: (x, y) => [...bytes.subarray((y * width + x) * 4, (y * width + x) * 4 + 4)] };
}

/** @param {import('playwright-core').Page} page @param {number} x 0..1 @param {number} y 0..1 */
async function pointOf(page, x, y) {
  const box = await page.locator('#canvas').boundingBox();
  return [box.x + box.width * x, box.y + box.height * y];
}

test('a picture is opened and upscaled, and what is shown at 1:1 is the result, pixel for pixel', () =>
  onPage(async (page) => {
    const picture = await pattern(96, 64).png().toBuffer();
    await open(page, picture);
    await settled(page, 'default');
    assert.match(await page.locator('#facts').innerText(), /96 × 64[^]*PNG without loss/);
    assert.match(await page.locator('#choice').innerText(), /span-2x/);
    await page.locator('#zoom-actual').click();
    await page.locator('#divider').focus();
    await page.keyboard.press('Home');
    assert.equal(await page.locator('#zoom').innerText(), '100 %');

    const upscaler = new Upscaler();
    const { data, width, height } = await upscaler.upscale(picture, { output: 'raw' });
    await upscaler.dispose();
    const shown = await stage(page);
    const [left, top] = [Math.round(shown.width / 2 - width / 2), Math.round(shown.height / 2 - height / 2)];
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const at = (y * width + x) * 3;
        assert.deepEqual(
          shown.at(left + x, top + y),
          [data[at], data[at + 1], data[at + 2], 255],
          `${x}, ${y}`,
        );
      }
    }
    assert.equal(shown.at(left - 1, top + 5)[3], 0, 'nothing beside it');
  }));

test('a picture is dropped, another one pasted, and a file that is none is refused with its reason', () =>
  onPage(async (page) => {
    await page.locator('#empty').waitFor();
    const transfer = await page.evaluateHandle(
      (data) => {
        const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
        const files = new DataTransfer();
        files.items.add(new File([bytes], 'dropped.png', { type: 'image/png' }));
        return files;
      },
      (await pattern(40, 30).png().toBuffer()).toString('base64'),
    );
    await page.dispatchEvent('body', 'dragenter', { dataTransfer: transfer });
    await page.locator('#veil').waitFor();
    await page.dispatchEvent('body', 'drop', { dataTransfer: transfer });
    await page.locator('.picture-name', { hasText: 'dropped.png' }).waitFor();
    assert.ok(await page.locator('#veil').isHidden());
    await settled(page, 'default');

    await page.evaluate(
      (data) => {
        const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
        const clipboardData = new DataTransfer();
        clipboardData.items.add(new File([bytes], 'pasted.jpg', { type: 'image/jpeg' }));
        document.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true }));
      },
      (await pattern(44, 30).jpeg({ quality: 40 }).toBuffer()).toString('base64'),
    );
    await page.locator('.picture-name', { hasText: 'pasted.jpg' }).waitFor();
    assert.match(await page.locator('#facts').innerText(), /44 × 30[^]*JPEG, quality about 40/);
    await page.locator('#choice', { hasText: 'denoise-2x' }).waitFor();

    await page.setInputFiles('#file', {
      name: 'notes.png',
      mimeType: 'image/png',
      buffer: Buffer.from('dear diary'),
    });
    const notice = page.locator('.notice.error');
    await notice.waitFor();
    assert.match(await notice.innerText(), /Expected PNG, JPEG.*but received 10 bytes/);
    assert.equal(await page.locator('.picture-name').innerText(), 'pasted.jpg', 'what was there stays');
    await notice.getByRole('button', { name: 'Dismiss' }).click();
    assert.ok(await notice.isHidden());
  }));

test('two models side by side zoom and pan in step', () =>
  onPage(async (page) => {
    // A field for each corner, and one in the middle, so that a colour says where one looks.
    const fields = await sharp({ create: { width: 96, height: 96, channels: 3, background: '#202020' } })
      .composite([
        { input: { create: { width: 24, height: 24, channels: 3, background: '#e00000' } }, left: 0, top: 0 },
      ])
      .png()
      .toBuffer();
    await open(page, fields);
    await page.locator('#choose-span-4x').check();
    await settled(page, 'default');
    await settled(page, 'span-4x');
    await page.locator('label[for="mode-side"]').click();
    const panes = 3;
    const labels = await page.locator('.stage-label').allInnerTexts();
    assert.deepEqual(
      labels.map((text) => text.split(/\s/)[0]),
      ['Bicubic', 'Default', 'span-4x'],
    );
    const middles = async () => {
      const shown = await stage(page);
      return Array.from({ length: panes }, (_, i) =>
        shown.at(Math.round((shown.width / panes) * (i + 0.5)), Math.round(shown.height / 2)),
      );
    };
    for (const [red] of await middles()) assert.ok(red < 60, 'the middle is dark');
    // With the pointer on the red field of the second pane, which stays under it.
    await page.mouse.move(...(await pointOf(page, 1 / panes + 0.02, 0.5)));
    await page.locator('#canvas').focus();
    for (let i = 0; i < 12; i++) await page.keyboard.press('ArrowLeft');
    for (let i = 0; i < 12; i++) await page.keyboard.press('ArrowUp');
    await page.mouse.move(...(await pointOf(page, 0.5, 0.5)));
    const before = Number.parseInt(await page.locator('#zoom').innerText(), 10);
    await page.mouse.wheel(0, -300);
    await page.waitForFunction(
      (zoom) => Number.parseInt(document.getElementById('zoom').textContent, 10) > zoom,
      before,
    );
    const [x, y] = await pointOf(page, 0.5, 0.5);
    await page.mouse.down();
    await page.mouse.move(x - 40, y - 40, { steps: 4 });
    await page.mouse.up();
    for (const [red, green] of await middles())
      assert.ok(red > 180 && green < 60, `${red} ${green}: every pane shows the red corner`);
  }));

test('the divider parts left from right, by mouse and by keys; the difference shows where they differ', () =>
  onPage(async (page) => {
    const picture = await pattern(120, 90).png().toBuffer();
    await open(page, picture);
    await settled(page, 'default');
    await page.locator('#a').selectOption('original');
    await page.locator('#zoom-fit').click();
    const before = await stage(page);
    const [x, y] = await pointOf(page, 0.5, 0.5);
    await page.mouse.move(x, y);
    await page.mouse.down();
    await page.mouse.move((await pointOf(page, 0.35, 0.5))[0], y, { steps: 5 });
    await page.mouse.up();
    assert.equal(await page.locator('#divider').getAttribute('aria-valuenow'), '35');
    const after = await stage(page);
    const changed = (from, to) => {
      let count = 0;
      for (let row = 0; row < after.height; row += 3) {
        for (let column = Math.round(after.width * from); column < after.width * to; column++) {
          if (before.at(column, row).join() !== after.at(column, row).join()) count += 1;
        }
      }
      return count;
    };
    assert.equal(changed(0, 0.349), 0);
    assert.ok(changed(0.36, 0.5) > 100, 'what is right of the divider now is the result');
    assert.equal(changed(0.51, 1), 0);
    await page.locator('#divider').focus();
    await page.keyboard.press('ArrowRight');
    assert.equal(await page.locator('#divider').getAttribute('aria-valuenow'), '37');

    await page.locator('label[for="mode-difference"]').click();
    const difference = await stage(page);
    let lit = 0;
    for (let row = 0; row < difference.height; row += 2) {
      for (let column = 0; column < difference.width; column += 2)
        if (Math.max(...difference.at(column, row).slice(0, 3)) > 16) lit += 1;
    }
    assert.ok(lit > 50);
    await page.locator('#b').selectOption('original');
    const none = await stage(page);
    for (let row = 0; row < none.height; row += 5) {
      for (let column = 0; column < none.width; column += 5)
        assert.ok(Math.max(...none.at(column, row).slice(0, 3)) === 0);
    }
  }));

test('an option runs the model again; what a result took and weighs is said', () =>
  onPage(async (page) => {
    await open(page, await pattern(60, 40).png().toBuffer());
    await settled(page, 'default');
    const row = page.locator('tr[data-model="default"]');
    assert.match(await row.innerText(), /ms|s[^]*MP\/s[^]*MB[^]*120 × 80[^]*PNG/);
    await page.locator('#size').selectOption('4');
    await row.getByText('240 × 160').waitFor();
    assert.match(await row.innerText(), /span-4x/);
    await page.locator('#format').selectOption('webp');
    await row.getByText('WEBP').waitFor();
    await page.locator('#size').selectOption('width');
    await page.locator('#width').fill('90');
    await page.locator('#width').press('Enter');
    await row.getByText('90 × 60').waitFor();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      row.getByRole('button', { name: /Download/ }).click(),
    ]);
    assert.equal(download.suggestedFilename(), 'picture-large.webp');
    const { format, width } = await sharp(await download.path()).metadata();
    assert.deepEqual([format, width], ['webp', 90]);
  }));

test('tiles appear as they are done, and a run can be cancelled', () =>
  onPage(async (page) => {
    await page.locator('#empty').waitFor();
    await page.locator('#choose-default').uncheck();
    await open(page, await pattern(640, 480).png().toBuffer());
    await page.locator('#tile').selectOption('64');
    const tile = page.waitForResponse((response) => /\/api\/tiles\/r\d+-1\//.test(response.url()));
    await page.locator('#choose-photo-4x').check();
    if (await page.locator('#run').isVisible()) await page.locator('#run').click();
    await tile;
    const row = page.locator('tr[data-model="photo-4x"]');
    assert.equal(
      await row.getAttribute('data-state'),
      'running',
      'its first tiles are there before it is done',
    );
    await row.getByRole('button', { name: /Cancel/ }).click();
    await settled(page, 'photo-4x', 'cancelled');
    await page.locator('#tile').selectOption('');
    await open(page, await pattern(40, 40).png().toBuffer(), 'next.png');
    await settled(page, 'photo-4x');
  }));

test('models are searched and filtered, and one’s own file is added', () =>
  onPage(async (page) => {
    const cards = page.locator('.model:visible');
    await page.locator('#choose-span-2x').waitFor();
    const all = await cards.count();
    assert.equal(all, Upscaler.listModels().length + 1);
    await page.locator('#search').fill('waifu denoise');
    assert.equal(
      await cards.count(),
      Upscaler.listModels().filter(({ family }) => family.includes('waifu')).length,
    );
    await page.locator('#search').fill('no such thing');
    await page.locator('#no-models').waitFor();
    await page.locator('#search').fill('');
    await page.locator('#filter-scale').selectOption('3');
    assert.equal(await cards.count(), Upscaler.listModels({ scale: 3 }).length);
    await page.locator('#filter-scale').selectOption('');
    await page.locator('#filter-installed').check();
    assert.equal(await cards.count(), Upscaler.listModels().filter(({ installed }) => installed).length + 1);
    await page.locator('#filter-installed').uncheck();
    const absent = Upscaler.listModels().find(({ installed }) => !installed);
    const card = page.locator('.model', { has: page.locator(`[id="choose-${absent.id}"]`) });
    assert.ok(await page.locator(`[id="choose-${absent.id}"]`).isDisabled());
    await card.locator('summary').click();
    assert.match(await card.locator('.install code').innerText(), /^npm (install @upscaler-node|run models)/);

    await open(page, await pattern(30, 20).png().toBuffer());
    await page.setInputFiles('#model-files', {
      name: 'mine.onnx',
      mimeType: 'application/octet-stream',
      buffer: nearest(),
    });
    const own = page.locator('.model', { hasText: 'mine.onnx' });
    await own.waitFor();
    await page.locator('tr[data-state="done"]', { hasText: 'mine.onnx' }).waitFor();
    assert.match(await own.innerText(), /2×/);
    await page.setInputFiles('#model-files', {
      name: 'bad.onnx',
      mimeType: 'application/octet-stream',
      buffer: Buffer.from('no network'),
    });
    await page.locator('.notice.error').waitFor();
  }));

test('the measurement fills its table and its plot', () =>
  onPage(async (page) => {
    await open(
      page,
      await sharp(new URL('../../playground/samples/photo.jpg', import.meta.url).pathname)
        .extract({ left: 40, top: 20, width: 96, height: 96 })
        .png()
        .toBuffer(),
    );
    await settled(page, 'default');
    await page.locator('#tab-measure').click();
    await page.locator('#measure-start').click();
    const row = page.locator('#measure-rows tr', { hasText: 'Default' });
    await row.getByText(/\d\d\.\d\d/).waitFor();
    const figures = async (name) =>
      (await page.locator('#measure-rows tr', { hasText: name }).locator('td').allInnerTexts()).map(
        Number.parseFloat,
      );
    const [model, bicubic] = [await figures('Default'), await figures('Bicubic')];
    for (let i = 0; i < 3; i++) assert.ok(model[i] > bicubic[i], `${model} ${bicubic}`);
    assert.equal(await page.locator('.scatter circle').count(), 3);
    const places = await page
      .locator('.scatter circle')
      .evaluateAll((dots) => dots.map((dot) => Number(dot.getAttribute('cy'))));
    assert.ok(places[2] < places[0], 'better is higher');
  }));

test('a link restores what is on screen, and another run of the playground asks who one is', () =>
  onPage(async (page, { base }) => {
    await page.getByRole('button', { name: 'Drawing' }).first().click();
    await settled(page, 'default');
    await page.locator('#choose-span-4x').check();
    await page.locator('#size').selectOption('3');
    await page.locator('label[for="mode-difference"]').click();
    await settled(page, 'span-4x');
    await page.locator('#tab-code').click();
    await page.getByRole('button', { name: 'Copy link' }).click();
    const link = await page.evaluate(() => navigator.clipboard.readText());
    assert.doesNotMatch(link, /token/);
    const other = await page.context().newPage();
    await other.goto(link);
    await other.locator('tr[data-model="span-4x"][data-state="done"]').waitFor();
    assert.equal(await other.locator('#size').inputValue(), '3');
    assert.ok(await other.locator('#mode-difference').isChecked());
    assert.equal(await other.locator('#b').inputValue(), 'span-4x');
    assert.equal(await other.locator('.picture-name').innerText(), 'drawing.png');
    const stranger = await browser.newContext();
    const door = await stranger.newPage();
    await door.goto(`${base}/#token=wrong`);
    await door.getByText('Which run is this?').waitFor();
    assert.ok(await door.locator('#app').isHidden());
    await stranger.close();
  }));

test('everything can be done with the keyboard', () =>
  onPage(async (page) => {
    await page.locator('.empty .sample').first().waitFor();
    const focused = () =>
      page.evaluate(() => document.activeElement?.id || document.activeElement?.textContent?.trim());
    const tabTo = async (/** @type {string} */ what, most = 120) => {
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
    assert.equal(await page.locator('#divider').getAttribute('aria-valuenow'), '100');
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
