'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { execFileSync } = require('node:child_process');
const { after, before, test } = require('node:test');
const sharp = require('sharp');
const Upscaler = require('..');
const { nearest, onnx } = require('./support/onnx');
const { NEAREST, pattern } = require('./support/pixels');
const { withUpscaler } = require('./support/with-upscaler');

/** Every error code, each from what a user would meet it by. */

const { UpscalerError } = Upscaler;
const ROOT = path.join(__dirname, '..');
const picture = pattern(24, 16, 3);
const tmp = fs.mkdtempSync(path.join(os.tmpdir(), 'upscaler-codes-'));

let upscaler;
let png;
let jpeg;
before(async () => {
  upscaler = new Upscaler({ model: NEAREST });
  png = await sharp(picture.data, { raw: picture }).png().toBuffer();
  jpeg = await sharp(pattern(200, 200, 3).data, { raw: pattern(200, 200, 3) })
    .jpeg()
    .toBuffer();
});
after(async () => {
  await upscaler.dispose();
  fs.rmSync(tmp, { recursive: true });
});

/** @returns what `assert.rejects` is to find */
function failure(code, message = /Expected|not|No|ends/) {
  return (error) => {
    assert.ok(error instanceof UpscalerError, `${error}`);
    assert.equal(error.code, code);
    assert.match(error.message, message);
    return true;
  };
}

const ready = (options) => withUpscaler(options, (own) => own.ready);
const upscale = (image, options, instance) =>
  instance ? withUpscaler(instance, (own) => own.upscale(image, options)) : upscaler.upscale(image, options);

test('ERR_INVALID_ARG_TYPE', async () => {
  assert.throws(() => new Upscaler({ model: 5 }), failure('ERR_INVALID_ARG_TYPE'));
  await assert.rejects(upscale(5), TypeError);
  await assert.rejects(upscale(5), failure('ERR_INVALID_ARG_TYPE'));
  await assert.rejects(upscale(png, { format: 5 }), failure('ERR_INVALID_ARG_TYPE'));
});

test('ERR_INVALID_ARG_VALUE, of the shim and of the core', async () => {
  assert.throws(() => new Upscaler({ scale: 0 }), failure('ERR_INVALID_ARG_VALUE'));
  await assert.rejects(upscale(png, { quality: 101 }), RangeError);
  await assert.rejects(upscale(png, { quality: 101 }), failure('ERR_INVALID_ARG_VALUE'));
  await assert.rejects(
    ready({ precision: 'int8', model: NEAREST }),
    failure('ERR_INVALID_ARG_VALUE', /int8/),
  );
});

test('ERR_UPSCALER_READ', async () => {
  await assert.rejects(upscale('./missing.png'), failure('ERR_UPSCALER_READ', /missing\.png/));
  await assert.rejects(upscale(tmp), failure('ERR_UPSCALER_READ'));
  await assert.rejects(upscale(Buffer.alloc(0)), failure('ERR_UPSCALER_READ'));
});

test('ERR_UPSCALER_DECODE, as strictly as failOn says', async () => {
  await assert.rejects(upscale(png.subarray(0, 200)), failure('ERR_UPSCALER_DECODE'));
  const cut = jpeg.subarray(0, jpeg.length / 2);
  await assert.rejects(upscale(cut), failure('ERR_UPSCALER_DECODE'));
  await assert.rejects(
    upscale(cut, {}, { model: NEAREST, failOn: 'truncated' }),
    failure('ERR_UPSCALER_DECODE'),
  );
  const lenient = await upscale(cut, { output: 'raw' }, { model: NEAREST, failOn: 'none' });
  assert.equal(lenient.width, 400);
});

test('ERR_UPSCALER_ENCODE', async () => {
  const wide = { data: new Uint8Array(33000), width: 33000, height: 1, channels: 1 };
  await assert.rejects(upscale(wide, { format: 'webp' }), failure('ERR_UPSCALER_ENCODE', /16383/));
  await assert.rejects(upscale(wide, { format: 'jpeg' }), failure('ERR_UPSCALER_ENCODE', /65500/));
  assert.ok(await upscale(wide, { format: 'png' }));
});

test('ERR_UPSCALER_UNSUPPORTED_FORMAT', async () => {
  for (const image of [Buffer.from('<svg/>'), Buffer.from('%PDF-1.7'), Buffer.alloc(100)]) {
    await assert.rejects(upscale(image), failure('ERR_UPSCALER_UNSUPPORTED_FORMAT'));
  }
  const heic = Buffer.from('\0\0\0\x18ftypheic\0\0\0\0heicmif1', 'latin1');
  await assert.rejects(upscale(heic), failure('ERR_UPSCALER_UNSUPPORTED_FORMAT', /HEIC/i));
});

test('ERR_UPSCALER_LIMIT', async () => {
  const limited = (options) => ({ model: NEAREST, ...options });
  await assert.rejects(
    upscale(png, {}, limited({ limitInputPixels: 383 })),
    failure('ERR_UPSCALER_LIMIT', /383/),
  );
  assert.ok(await upscale(png, {}, limited({ limitInputPixels: 384 })));
  await assert.rejects(
    upscale(picture, {}, limited({ limitInputPixels: 383 })),
    failure('ERR_UPSCALER_LIMIT'),
  );
  await assert.rejects(upscale(png, {}, limited({ limitOutputPixels: 1535 })), failure('ERR_UPSCALER_LIMIT'));
  assert.ok(await upscale(png, {}, limited({ limitOutputPixels: 1536 })));
  const stream = new Blob([png]).stream();
  await assert.rejects(upscale(stream, {}, limited({ limitInputBytes: 20 })), failure('ERR_UPSCALER_LIMIT'));
});

test('a small file that claims to be huge is refused before memory is taken for it', async () => {
  const bomb = Buffer.from(png);
  bomb.writeUInt32BE(60_000, 16);
  bomb.writeUInt32BE(60_000, 20);
  const before = process.memoryUsage().rss;
  await assert.rejects(upscale(bomb), ({ code }) => /^ERR_UPSCALER_(LIMIT|DECODE)$/.test(code));
  await assert.rejects(
    upscale(bomb, {}, { model: NEAREST, limitInputPixels: false, limitOutputPixels: false }),
    ({ code }) => /^ERR_UPSCALER_(LIMIT|DECODE)$/.test(code),
  );
  assert.ok(process.memoryUsage().rss - before < 100e6);
});

test('ERR_UPSCALER_MODEL_NOT_FOUND', async () => {
  await assert.rejects(ready({ model: 'spam-2x' }), failure('ERR_UPSCALER_MODEL_NOT_FOUND', /span-2x/));
  await assert.rejects(ready({ scale: 7 }), failure('ERR_UPSCALER_MODEL_NOT_FOUND', /scale 8/));
});

test('ERR_UPSCALER_MODEL_NOT_INSTALLED', () =>
  assert.rejects(
    ready({ model: '@upscalerjs/esrgan-huge' }),
    failure('ERR_UPSCALER_MODEL_NOT_INSTALLED', /npm install @upscalerjs\/esrgan-huge/),
  ));

test('ERR_UPSCALER_MODEL_LOAD', async () => {
  const file = path.join(tmp, 'text.onnx');
  fs.writeFileSync(file, 'not a model');
  for (const model of [file, './missing.onnx', Buffer.from('nonsense'), nearest().subarray(0, 60), tmp]) {
    await assert.rejects(ready({ model }), failure('ERR_UPSCALER_MODEL_LOAD', /./));
  }
  await assert.rejects(ready({ model: nearest(), scale: 3 }), failure('ERR_UPSCALER_MODEL_LOAD', /scale 3/));
});

test('ERR_UPSCALER_MODEL_SHAPE', async () => {
  const toGrey = onnx({
    nodes: [
      { op: 'Conv', inputs: ['x', 'weights'], output: 'grey' },
      { op: 'Resize', inputs: ['grey', '', 'scales'], output: 'y', attributes: { mode: 'nearest' } },
    ],
    constants: [
      { name: 'scales', dims: [4], floats: [1, 1, 2, 2] },
      { name: 'weights', dims: [1, 3, 1, 1], floats: [0.3, 0.6, 0.1] },
    ],
    output: [1, 1, 'H', 'W'],
  });
  await assert.rejects(
    upscale(picture, {}, { model: toGrey }),
    failure('ERR_UPSCALER_MODEL_SHAPE', /from 3 to 1/),
  );
});

test('ERR_UPSCALER_INFERENCE', async () => {
  const broken = onnx({
    nodes: [
      { op: 'Gather', inputs: ['x', 'tenth'], output: 'channels' },
      { op: 'Resize', inputs: ['channels', '', 'scales'], output: 'y', attributes: { mode: 'nearest' } },
    ],
    constants: [
      { name: 'scales', dims: [4], floats: [1, 1, 2, 2] },
      { name: 'tenth', dims: [1], ints: [9] },
    ],
  });
  await assert.rejects(
    upscale(picture, {}, { model: broken }),
    failure('ERR_UPSCALER_INFERENCE', /ONNX Runtime failed/),
  );
});

test('ERR_UPSCALER_RUNTIME_LOAD: the library is missing, or is none', () => {
  const clone = path.join(tmp, 'clone');
  fs.mkdirSync(clone);
  for (const part of ['index.js', 'lib', 'package.json', 'models']) {
    fs.symlinkSync(path.join(ROOT, part), path.join(clone, part));
  }
  // Symbolic links would lead back to the library beside the original.
  fs.rmSync(path.join(clone, 'lib'));
  fs.cpSync(path.join(ROOT, 'lib'), path.join(clone, 'lib'), { recursive: true });
  const addon = fs.readdirSync(ROOT).find((file) => file.endsWith('.node'));
  fs.copyFileSync(path.join(ROOT, addon), path.join(clone, addon));
  const { LIBRARIES } = require('../lib/load-native');
  const library = path.join(clone, LIBRARIES[process.platform]);
  const script = `
    const Upscaler = require(${JSON.stringify(path.join(clone, 'lib', 'upscaler.js'))}).Upscaler;
    new Upscaler({ model: ${JSON.stringify(NEAREST)} }).ready.catch(({ code, message }) => console.log(code, message));
  `;
  const said = () => execFileSync(process.execPath, ['-e', script], { encoding: 'utf8', stdio: 'pipe' });
  const missing = `try { require(${JSON.stringify(path.join(clone, 'lib', 'upscaler.js'))}) } catch ({ code, message }) { console.log(code, message) }`;
  const refused = () => execFileSync(process.execPath, ['-e', missing], { encoding: 'utf8' });
  assert.match(
    refused(),
    /^ERR_UPSCALER_RUNTIME_LOAD [^]*missing: delete node_modules[^]*at .*beside the addon/,
  );
  fs.writeFileSync(library, 'not a library');
  assert.match(said(), /^ERR_UPSCALER_RUNTIME_LOAD /);
  fs.rmSync(path.join(clone, addon));
  assert.match(refused(), /^ERR_UPSCALER_RUNTIME_LOAD [^]*npm run build/);
});

test('ERR_UPSCALER_PROVIDER, never a silent fallback', async () => {
  for (const executionProviders of [['cuda'], ['cuda', 'cpu'], ['nonsense']]) {
    await assert.rejects(
      ready({ model: NEAREST, executionProviders }),
      failure('ERR_UPSCALER_PROVIDER', /cpu/),
    );
  }
  await ready({ model: NEAREST, executionProviders: ['cpu'] });
});

test('ERR_UPSCALER_QUEUE_FULL', () =>
  withUpscaler({ model: NEAREST, concurrency: 1, maxPending: 0 }, async (own) => {
    const first = own.upscale(picture);
    await assert.rejects(own.upscale(picture), failure('ERR_UPSCALER_QUEUE_FULL'));
    await first;
  }));

test('ERR_UPSCALER_TIMEOUT', () =>
  assert.rejects(upscale(picture, { timeout: 0.001 }, {}), failure('ERR_UPSCALER_TIMEOUT')));

test('ERR_UPSCALER_DISPOSED', async () => {
  const own = new Upscaler({ model: NEAREST });
  await own.dispose();
  await assert.rejects(own.upscale(picture), failure('ERR_UPSCALER_DISPOSED'));
});

test('ABORT_ERR', async () => {
  const call = upscaler.upscale(picture, { signal: AbortSignal.abort('why') });
  await assert.rejects(call, failure('ABORT_ERR', /aborted/));
  await assert.rejects(call, { name: 'AbortError', cause: 'why' });
});

test('errors of the addon have a stack that leads to the caller', async () => {
  async function caller() {
    await upscaler.upscale('./missing.png');
  }
  await assert.rejects(caller(), ({ stack }) => /caller/.test(stack));
});
