import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import sharp from 'sharp';
import { LANGUAGES, outputName } from '../../playground/page/code.mjs';
import { openBrowser, openPage } from '../support/browser.mjs';
import { pattern, withPlayground } from '../support/playground.mjs';
import { withProject } from '../support/project.mjs';

const require = createRequire(import.meta.url);
const Upscaler = require('../../index.js');
const { nearest } = require('../support/onnx.js');

/** Where commands are not those of a POSIX shell, and names of files have fewer characters. */
const WINDOWS = process.platform === 'win32';

/** The code that the page writes is what a user runs: it does what is on screen, in each of its forms. */

/**
 * Runs one form of the code in a user's project.
 *
 * @param {string} language
 * @param {string} code
 * @param {{ picture: string, bytes: Buffer, output: string, files?: Record<string, Buffer> }} input
 * @returns {Promise<Buffer>} the picture that it makes
 */
async function execute(language, code, { picture, bytes, output, files = {} }) {
  const { file } = LANGUAGES.find(({ id }) => id === language);
  let made = Buffer.alloc(0);
  await withProject(async (project) => {
    for (const [name, content] of Object.entries({ [picture]: bytes, ...files }))
      project.write(name, content);
    project.write(file, code);
    if (language === 'express') {
      await project.serve(file, async (address) => {
        const response = await fetch(address, {
          method: 'POST',
          body: bytes,
          headers: { 'content-type': 'image/png' },
        });
        assert.equal(response.status, 200);
        made = Buffer.from(await response.arrayBuffer());
        const bad = await fetch(address, {
          method: 'POST',
          body: 'no picture',
          headers: { 'content-type': 'image/png' },
        });
        assert.ok(bad.status >= 400, 'a bad picture is an error of that request');
      });
      return;
    }
    const said = await (language === 'typescript' ? project.runTypeScript(file) : project.run(file));
    if (language !== 'cli') assert.match(said, /^\d+ x \d+ by .+ in \d+ ms\n$/);
    assert.ok(existsSync(project.file(output)), `${language} writes ${output}`);
    made = readFileSync(project.file(output));
  });
  return made;
}

test('code is copied from the page, and every form of it makes the picture that the page shows', async () => {
  const picture = WINDOWS ? 'it’s a fine day.png' : 'it’s a "fine" day.png';
  const bytes = await pattern(40, 28, 4).png().toBuffer();
  const browser = await openBrowser();
  try {
    await withPlayground(async ({ url, api }) => {
      const { page } = await openPage(browser, url);
      await page.locator('#app').waitFor();
      await page.setInputFiles('#file', { name: picture, mimeType: 'image/png', buffer: bytes });
      await page.locator('#choose-span-2x').check();
      await page.locator('#size').selectOption('3');
      await page.locator('#format').selectOption('webp');
      await page.locator('#lossless').check();
      await page.locator('#alpha').selectOption('resample');
      const [, run] = await Promise.all([
        page.locator('tr[data-model="span-2x"]', { hasText: 'WEBP' }).waitFor({ state: 'attached' }),
        page.waitForResponse(
          (response) =>
            response.url().endsWith('/api/runs') &&
            /span-2x.*lossless.*resample/.test(response.request().postData() ?? ''),
        ),
      ]);
      const wanted = await api.bytes(`runs/${(await run.json()).id}/file`);
      assert.deepEqual(
        (({ width, height, format }) => [width, height, format])(await sharp(wanted).metadata()),
        [120, 84, 'webp'],
      );
      await page.locator('#tab-code').click();
      for (const { id, title } of LANGUAGES.filter(({ id }) => !WINDOWS || id !== 'cli')) {
        await page.getByRole('tab', { name: title, exact: true }).click();
        await page.getByRole('button', { name: 'Copy code' }).click();
        const code = await page.evaluate(() => navigator.clipboard.readText());
        const made = await execute(id, code, {
          picture,
          bytes,
          output: picture.replace('.png', '-large.webp'),
        });
        assert.ok(made.equals(wanted), `${title}\n${code}`);
      }
    });
  } finally {
    await browser.close();
  }
});

const SITUATIONS = {
  'nothing but the default': { picture: 'photo.jpg', format: 'JPEG', model: 'default', options: {} },
  'a model file with ranges': {
    picture: WINDOWS ? "o'brien $HOME.png" : "o'brien $HOME `x`.png",
    format: 'PNG',
    model: 'file-1',
    definition: { path: 'my model.onnx', inputRange: [0, 255], outputRange: [0, 255] },
    options: { width: 50, height: 41, fit: 'contain', format: 'jpeg', quality: 77 },
  },
  'tiles and metadata': {
    picture: '-dash.png',
    format: 'PNG',
    model: 'span-4x',
    guard: false,
    options: { patchSize: 32, padding: 8, keepMetadata: 'icc', depth: 16 },
  },
};

for (const [what, situation] of Object.entries(SITUATIONS)) {
  test(`every form runs as it stands: ${what}`, async () => {
    const { picture, format, model, definition, options } = situation;
    const made = pattern(24, 20);
    const bytes = await (format === 'JPEG' ? made.jpeg({ quality: 92 }) : made.png()).toBuffer();
    const files = definition ? { [definition.path]: nearest() } : {};
    const upscaler = new Upscaler({
      model: definition
        ? { ...definition, path: undefined, ...(await onDisk(files)) }
        : model === 'default'
          ? undefined
          : model,
    });
    const wanted = await upscaler.upscale(bytes, options);
    await upscaler.dispose();
    for (const { id, make } of LANGUAGES.filter(({ id }) => !WINDOWS || id !== 'cli')) {
      const code = make({ alpha: false, precision: undefined, ...situation });
      // The command line has no options for tiles and ranges, and says so.
      if (id === 'cli' && code.startsWith('#')) {
        assert.match(code, /^# Without (inputRange, outputRange|patchSize, padding): /);
        continue;
      }
      const result = await execute(id, code, {
        picture,
        bytes,
        output: outputName({ alpha: false, ...situation }),
        files,
      });
      assert.ok(result.equals(wanted), `${id}\n${code}`);
    }
  });
}

/** @param {Record<string, Buffer>} files @returns {Promise<{ path: string }>} the first of them, in a folder of its own */
async function onDisk(files) {
  const { mkdtempSync, writeFileSync } = await import('node:fs');
  const folder = mkdtempSync(`${process.env.TMPDIR ?? '/tmp'}/upscaler-model-`);
  const [[name, bytes]] = Object.entries(files);
  writeFileSync(`${folder}/${name}`, bytes);
  process.once('exit', () => require('node:fs').rmSync(folder, { recursive: true, force: true }));
  return { path: `${folder}/${name}` };
}

test('long objects are broken over lines, and texts are quoted whatever is in them', () => {
  const situation = {
    picture: 'a.png',
    format: 'PNG',
    alpha: true,
    model: 'default',
    precision: 'int8',
    options: { scale: 3, format: 'webp', quality: 50, alpha: 'resample', keepMetadata: 'icc' },
  };
  const code = LANGUAGES[0].make(situation);
  for (const line of code.split('\n')) assert.ok(line.length <= 110, line);
  assert.match(code, /new Upscaler\(\{ precision: 'int8' \}\)/);
  assert.equal(outputName({ ...situation, options: {} }), 'a-large.png');
  assert.equal(
    outputName({ ...situation, format: 'JPEG', options: {} }),
    'a-large.png',
    'a JPEG cannot hold alpha',
  );
  assert.equal(
    outputName({ ...situation, picture: 'x.GIF', format: 'GIF', alpha: false, options: {} }),
    'x-large.png',
  );
});
