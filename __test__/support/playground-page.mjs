import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { openBrowser, openPage } from './browser.mjs';
import { withPlayground } from './playground.mjs';

/** The playground's page in a real browser, one for all tests of a file. */

/** @type {import('playwright-core').Browser} */
export let browser;
before(async () => {
  browser = await openBrowser();
});
after(() => browser?.close());

/**
 * @param {(page: import('playwright-core').Page, playground: any) => Promise<void>} use
 * @param {import('playwright-core').BrowserContextOptions} [options]
 */
export function onPage(use, options) {
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
export async function open(page, buffer, name = 'picture.png') {
  await page.locator('#app').waitFor();
  await page.setInputFiles('#file', { name, mimeType: 'image/png', buffer });
  await page.locator('.picture-name', { hasText: name }).waitFor();
}

/** @param {import('playwright-core').Page} page @param {string} model @param {string} [state] */
export async function settled(page, model, state = 'done') {
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
export async function stage(page) {
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
export async function pointOf(page, x, y) {
  const box = await page.locator('#canvas').boundingBox();
  return [box.x + box.width * x, box.y + box.height * y];
}
