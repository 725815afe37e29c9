import { chromium as launcher } from 'playwright-core';
import { CHROMIUM_FLAGS, chromium } from '../../scripts/chromium.mjs';

/** @returns {Promise<import('playwright-core').Browser>} a browser of its own, with a profile that is empty */
export function openBrowser() {
  return launcher.launch({ executablePath: chromium(), args: CHROMIUM_FLAGS });
}

/**
 * A page that must neither fail nor ask anybody but the server that it came from.
 *
 * @param {import('playwright-core').Browser} browser
 * @param {string} url
 * @param {import('playwright-core').BrowserContextOptions} [options]
 */
export async function openPage(browser, url, options) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  context.setDefaultTimeout(60_000);
  const { origin } = new URL(url);
  await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin });
  const page = await context.newPage();
  /** @type {string[]} */
  const problems = [];
  page.on('pageerror', (error) => problems.push(String(error.stack)));
  page.on('console', (message) => {
    // A refused request shows in the console; what the page makes of it is what counts.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
      problems.push(message.text());
  });
  page.on('request', (request) => {
    const asked = new URL(request.url());
    if (asked.origin !== origin && asked.protocol !== 'blob:') problems.push(`asked for ${asked}`);
  });
  await page.goto(url);
  return { page, context, problems };
}
