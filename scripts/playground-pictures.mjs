/**
 * `node scripts/playground-pictures.mjs`: the pictures of the playground in README and docs/playground.md.
 *
 * Times are on none of them: they would be those of the machine that made them.
 */
import { createRequire } from 'node:module';
import { chromium as launcher } from 'playwright-core';
import sharp from 'sharp';
import { CHROMIUM_FLAGS, chromium } from './chromium.mjs';
import { ROOT } from './install.mjs';

const require = createRequire(import.meta.url);
const { start } = require('../playground/index.js');

const pictures = {
  playground: { colorScheme: 'light', show: compareModels },
  'playground-dark': { colorScheme: 'dark', show: divide },
};

const { url, close } = await start({ port: 0, measureCosts: false });
const browser = await launcher.launch({ executablePath: chromium(), args: CHROMIUM_FLAGS });
for (const [name, { show, ...options }] of Object.entries(pictures)) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
  context.setDefaultTimeout(120_000);
  const page = await context.newPage();
  await page.goto(url);
  await show(page);
  await page.waitForTimeout(1500);
  const file = `${ROOT}docs/images/${name}.jpg`;
  await sharp(await page.screenshot())
    .jpeg({ quality: 86, chromaSubsampling: '4:4:4', mozjpeg: true })
    .toFile(file);
  console.log(file);
  await context.close();
}
await browser.close();
await close();

/** @param {import('playwright-core').Page} page */
async function compareModels(page) {
  await page.locator('.empty .sample').first().click();
  for (const id of ['span-4x', 'photo-4x']) await page.locator(`#choose-${id}`).check();
  await page.locator('#choose-default').uncheck();
  await page.locator('label[for="mode-side"]').click();
  await done(page, ['span-4x', 'photo-4x']);
  await zoomInto(page, { up: 1, zoom: 3 });
  await page.locator('.side').evaluate((element) => element.scrollTo(0, 0));
}

/** @param {import('playwright-core').Page} page */
async function divide(page) {
  await page.locator('.empty .sample').nth(4).click();
  await page.locator('#choose-illustration-4x').check();
  await done(page, ['illustration-4x']);
  await zoomInto(page, { up: 1, zoom: 1 });
  await page.locator('.side').evaluate((element) => element.scrollTo(0, 0));
}

/** @param {import('playwright-core').Page} page @param {string[]} models */
async function done(page, models) {
  for (const id of models)
    await page.locator(`tr[data-model="${id}"][data-state="done"]`).waitFor({ state: 'attached' });
}

/**
 * @param {import('playwright-core').Page} page
 * @param {{ up: number, zoom: number }} presses of keys
 */
async function zoomInto(page, { up, zoom }) {
  await page.locator('#tab-code').click();
  await page.waitForTimeout(300);
  await page.locator('#canvas').focus();
  for (let i = 0; i < zoom; i++) await page.keyboard.press('+');
  for (let i = 0; i < up; i++) await page.keyboard.press('ArrowUp');
  await page.locator('#canvas').blur();
}
