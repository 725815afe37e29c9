'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const { createRequire } = require('node:module');
const path = require('node:path');
const { test } = require('node:test');
const vm = require('node:vm');
const { NEAREST } = require('./support/pixels');

/**
 * The library in a realm of its own, as Jest and Vitest's vm pools load it: its classes and those of what it is given
 * are others than those of Node's core and of the addon.
 */

const ROOT = path.join(__dirname, '..');

/** A realm, and the library as it is loaded there: every module of ours anew, all else from outside. */
function realm() {
  const { Blob, ReadableStream, URL, URLSearchParams, AbortController, AbortSignal, Event, EventTarget } =
    globalThis;
  const { fetch, structuredClone, setTimeout, clearTimeout, setImmediate, queueMicrotask } = globalThis;
  const given = {
    Blob,
    ReadableStream,
    URL,
    URLSearchParams,
    AbortController,
    AbortSignal,
    Event,
    EventTarget,
  };
  const context = vm.createContext({
    ...given,
    ...{ fetch, structuredClone, setTimeout, clearTimeout, setImmediate, queueMicrotask, process, Buffer },
  });
  const modules = new Map();
  const load = (file) => {
    if (modules.has(file)) return modules.get(file).exports;
    const outer = createRequire(file);
    const module = { exports: {} };
    modules.set(file, module);
    const inner = Object.assign(
      (name) => {
        const resolved = outer.resolve(name);
        const ours =
          path.isAbsolute(resolved) && resolved.startsWith(ROOT) && !resolved.includes('node_modules');
        return ours && /\.c?js$/.test(resolved) ? load(resolved) : outer(name);
      },
      { resolve: outer.resolve, main: require.main },
    );
    const source = `(function (exports, require, module, __filename, __dirname) {${fs.readFileSync(file, 'utf8')}\n})`;
    vm.runInContext(source, context, { filename: file })(
      module.exports,
      inner,
      module,
      file,
      path.dirname(file),
    );
    return module.exports;
  };
  return { Upscaler: load(path.join(ROOT, 'index.js')), run: (code) => vm.runInContext(code, context) };
}

test('errors are of the right class, with their code, in the realm of the library', async () => {
  const { Upscaler, run } = realm();
  const upscaler = new Upscaler({ model: NEAREST, maxPending: 8 });
  const kinds = [
    [() => upscaler.upscale(Buffer.from('no picture')), 'UpscalerError', 'ERR_UPSCALER_UNSUPPORTED_FORMAT'],
    [() => upscaler.upscale('./missing.png'), 'UpscalerError', 'ERR_UPSCALER_READ'],
    [() => upscaler.upscale(5), 'TypeError', 'ERR_INVALID_ARG_TYPE'],
    [() => upscaler.upscale(Buffer.from('x'), { quality: 0 }), 'RangeError', 'ERR_INVALID_ARG_VALUE'],
    [() => upscaler.upscale(Buffer.from('x'), { signal: AbortSignal.abort() }), 'AbortError', 'ABORT_ERR'],
    [() => new Upscaler({ model: './missing.onnx' }).ready, 'UpscalerError', 'ERR_UPSCALER_MODEL_LOAD'],
  ];
  try {
    for (const [call, name, code] of kinds) {
      const error = await call().then(
        () => assert.fail('it resolved'),
        (error) => error,
      );
      assert.equal(error.code, code);
      assert.equal(error.name, name);
      assert.ok(error instanceof Upscaler.UpscalerError, code);
      assert.ok(error instanceof run('Error'), code);
      if (name in globalThis) assert.ok(error instanceof run(name), name);
    }
  } finally {
    await upscaler.dispose();
  }
});

test('every kind of input of the other realm is known for what it is', async () => {
  const { Upscaler, run } = realm();
  const upscaler = new Upscaler({ model: NEAREST });
  const raw = (data) => ({ data, width: 2, height: 1, channels: 3 });
  try {
    const png = await upscaler.upscale(raw(run('Uint8Array.of(1, 2, 3, 4, 5, 6)')), { format: 'png' });
    const inner = run('(bytes) => Uint8Array.from(bytes)')(png);
    for (const image of [
      png,
      inner,
      inner.buffer,
      new Blob([png]),
      new Blob([png]).stream(),
      new URL(`data:image/png;base64,${png.toString('base64')}`),
      raw(run('new Uint16Array(6)')),
      raw(run('new Uint8ClampedArray(6)')),
      { data: run('new Float32Array(6)'), shape: run('[1, 2, 3]') },
    ]) {
      const { data, width } = await upscaler.upscale(image, { output: 'raw' });
      assert.ok(data.length > 0 && width > 0);
    }
    const bytes = run('(bytes) => Uint8Array.from(bytes)')(fs.readFileSync(NEAREST));
    await new Upscaler({ model: bytes }).ready;
    assert.equal(Upscaler.listModels(run('({ scale: 4, family: "span" })'))[0].id, 'span-4x');
  } finally {
    await upscaler.dispose();
  }
});
