'use strict';

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { LIBRARIES } = require('../../../lib/load-native');
const { sum } = require('./picture');

/**
 * Two installations of the library in one process, as npm makes them of two versions: two addons, two ONNX Runtimes, and
 * JavaScript that is loaded twice over one addon, as test runners do. Prints whether all compute the same at the same time, and
 * what holds of one after the other is gone.
 */

const ROOT = path.join(__dirname, '..', '..', '..');

/** @param {string} folder files of their own: the same file would be the same library to the system */
function install(folder) {
  for (const part of ['index.js', 'package.json', 'lib', 'models/span', 'models/fast']) {
    fs.cpSync(path.join(ROOT, part), path.join(folder, part), { recursive: true });
  }
  const addon = fs.readdirSync(ROOT).find((file) => file.endsWith('.node'));
  for (const file of [addon, LIBRARIES[process.platform]]) {
    fs.copyFileSync(path.join(ROOT, file), path.join(folder, file));
  }
  return require(folder);
}

/** @param {string} folder whose modules are forgotten, so that the next `require` runs them again */
function forget(folder) {
  for (const file of Object.keys(require.cache)) {
    if (file.startsWith(path.join(folder, 'lib')) || file === path.join(folder, 'index.js'))
      delete require.cache[file];
  }
}

(async () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'upscaler-copy-'));
  try {
    const first = require(ROOT);
    const second = install(folder);
    forget(ROOT);
    const again = require(ROOT);
    const classes = [first, second, again];
    const upscalers = classes.map((Upscaler) => new Upscaler({ model: 'span-2x' }));
    const sums = await Promise.all([...upscalers, ...upscalers].map(sum));
    const errors = await Promise.all(
      upscalers.map((upscaler) => upscaler.upscale('').catch((error) => error)),
    );
    const own = errors.every((error, i) =>
      classes.every((one, j) => error instanceof one.UpscalerError === (i === j)),
    );
    await upscalers[0].dispose();
    const left = await Promise.all(upscalers.slice(1).map(sum));
    console.log(new Set(classes).size, new Set([...sums, ...left]).size, own);
    await Promise.all(upscalers.map((upscaler) => upscaler.dispose()));
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
})();
