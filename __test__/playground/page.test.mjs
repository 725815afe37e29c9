import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import sharp from 'sharp';
import { pattern } from '../support/playground.mjs';
import { browser, onPage, open, pointOf, settled, stage } from '../support/playground-page.mjs';

const require = createRequire(import.meta.url);
const Upscaler = require('../../index.js');
const { nearest } = require('../support/onnx.js');

/** The page, in a real browser, by what is seen and can be done. */

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
    await page.locator('#zoom', { hasText: '100 %' }).waitFor();

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
    await page.locator('#choice', { hasText: 'photo-2x' }).waitFor();

    await page.setInputFiles('#file', {
      name: 'notes.png',
      mimeType: 'image/png',
      buffer: Buffer.from('dear diary'),
    });
    const notice = page.locator('.notice.error');
    await notice.waitFor();
    assert.match(await notice.innerText(), /^notes.png: Expected PNG, JPEG.*but received plain text/);
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
    await page.locator('#divider[aria-valuenow="35"]').waitFor();
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
    await page.locator('#divider[aria-valuenow="37"]').waitFor();

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

/**
 * One family's package cannot be found, as far as the catalogue says, whatever is installed on this machine.
 *
 * @param {import('node:test').TestContext} t
 * @param {string} family
 */
function hideFamily(t, family) {
  const { listModels } = Upscaler;
  t.mock.method(Upscaler, 'listModels', (...query) =>
    listModels
      .apply(Upscaler, query)
      .map((entry) => (entry.family === family ? { ...entry, installed: false } : entry)),
  );
}

test('models are searched and filtered, and one’s own file is added', (t) => {
  hideFamily(t, 'esrgan-legacy');
  return onPage(async (page) => {
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
    const absent = Upscaler.listModels().find(({ family }) => family === 'esrgan-legacy');
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
  });
});

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
