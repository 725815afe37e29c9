'use strict';

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { test } = require('node:test');
const { printsOnly } = require('./support/child');

/** What concerns a whole process, each time in one of its own. */

const ROOT = path.join(__dirname, '..');

const PRELUDE = `
  const Upscaler = require(${JSON.stringify(ROOT)});
  const picture = (side) => ({ data: new Uint8Array(side * side * 3).fill(90), width: side, height: side, channels: 3 });
  const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
`;

/**
 * Runs a script, and demands that nothing but what it prints itself is printed.
 *
 * @param {string} script the body of an async function
 * @param {{ prints?: string, prelude?: string, args?: string[], env?: NodeJS.ProcessEnv, module?: boolean }} [options]
 */
async function run(script, { prints = '', prelude = PRELUDE, args = [], env, module = false } = {}) {
  const source = module
    ? script
    : `${prelude}(async () => {${script}})().catch((error) => { console.error(error); process.exit(9); });`;
  const type = module ? ['--input-type=module'] : [];
  await printsOnly([...type, ...args, '-e', source], prints, { cwd: ROOT, env });
}

test('a process that is done ends by itself, without dispose', () =>
  run(`await new Upscaler().upscale(picture(20)); console.log('done')`, { prints: 'done' }));

test('an instance that was made and not used holds nothing up', () => run(`new Upscaler()`));

test('nothing is printed, whatever goes wrong', () =>
  run(`
    for (const call of [
      () => new Upscaler().upscale(Buffer.from('nonsense')),
      () => new Upscaler({ model: './missing.onnx' }).upscale(picture(8)),
      () => new Upscaler({ model: Buffer.from('nonsense') }).upscale(picture(8)),
      () => new Upscaler().upscale(picture(8), { timeout: 0.01 }),
    ]) await call().then(() => process.exit(3), () => {});
  `));

for (const [kind, image] of [
  ['raw pixels', 'picture(900)'],
  ['a file', `await new Upscaler().upscale(picture(450), { format: 'png' })`],
]) {
  test(`process.exit in the middle of an upscale of ${kind} is clean`, async () => {
    for (const ms of [0, 1, 5, 30, 120]) {
      await run(`
        const image = ${image};
        const upscaler = new Upscaler();
        await upscaler.ready;
        for (let i = 0; i < 6; i++) upscaler.upscale(image, { progress: () => {} });
        await wait(${ms});
        process.exit(0);
      `);
    }
  });
}

test('process.exit while a model loads is clean', () =>
  run(`new Upscaler({ model: '@upscalerjs/esrgan-medium/4x' }); setTimeout(() => process.exit(0), 5)`));

test('an uncaught error in the middle of an upscale ends the process as it should', async () => {
  const child = spawn(
    process.execPath,
    [
      '-e',
      `${PRELUDE}
    new Upscaler().upscale(picture(700));
    setTimeout(() => { throw new Error('bug of the application'); }, 50);
  `,
    ],
    { cwd: ROOT, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let stderr = '';
  child.stderr.on('data', (chunk) => (stderr += chunk));
  const code = await new Promise((resolve) => child.on('close', resolve));
  assert.equal(code, 1);
  assert.match(stderr, /bug of the application/);
});

test('worker threads share the process, and may be ended at any time', () =>
  run(
    `
    const { Worker } = require('node:worker_threads');
    const start = (body) => {
      const worker = new Worker(${JSON.stringify(PRELUDE)} + body, { eval: true });
      const said = new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
      return { worker, said, ended: new Promise((resolve) => worker.once('exit', resolve)) };
    };
    const small = "new Upscaler().upscale(picture(40), { output: 'raw' }).then(({ width }) => require('node:worker_threads').parentPort.postMessage(width))";
    const large = "const own = new Upscaler(); for (let i = 0; i < 4; i++) own.upscale(picture(600)).catch(() => {})";
    const two = [start(small), start(small)];
    const widths = await Promise.all(two.map(({ said }) => said));
    await Promise.all(two.map(({ ended }) => ended));
    for (const ms of [0, 20, 60, 150]) {
      const { worker, ended } = start(large);
      await new Promise((resolve) => worker.once('online', resolve));
      await wait(ms);
      await worker.terminate();
      await ended;
    }
    // This thread is the last that loads the library, after others have come and gone.
    const Upscaler = require(${JSON.stringify(ROOT)});
    const { width } = await new Upscaler().upscale({ data: new Uint8Array(48), width: 4, height: 4, channels: 3 }, { output: 'raw' });
    console.log(widths.join(), width);
  `,
    { prelude: 'const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));', prints: '80,80 8' },
  ));

for (const order of ['before', 'after']) {
  test(`onnxruntime-node may be loaded ${order} us`, () => {
    const theirs = `
      const ort = require('onnxruntime-node');
      const session = await ort.InferenceSession.create('models/span/2x.onnx', { logSeverityLevel: 4 });
      const input = new ort.Tensor('float32', new Float32Array(3 * 64), [1, 3, 8, 8]);
      const output = (await session.run({ [session.inputNames[0]]: input }))[session.outputNames[0]];
    `;
    const ours = `const { width } = await new Upscaler().upscale(picture(8), { output: 'raw' });`;
    const script = order === 'before' ? theirs + ours : ours + theirs;
    return run(`${script} console.log(width, output.dims[3])`, { prints: '16 16' });
  });
}

test('require and import give one class', () =>
  run(
    `
    import { createRequire } from 'node:module';
    import Upscaler, * as names from 'upscaler-node';
    import { Upscaler as Named, UpscalerError, AbortError, listModels, getModelDefinitions, versions, getPatchesFromImage } from 'upscaler-node';
    const required = createRequire(import.meta.url)('upscaler-node');
    const { Upscaler: alsoRequired } = required;
    console.log(new Set([Upscaler, Named, required, alsoRequired]).size);
    console.log(required.UpscalerError === UpscalerError, required.AbortError === AbortError);
    console.log(typeof listModels, getModelDefinitions === listModels, typeof versions.napi, typeof getPatchesFromImage);
    console.log(Object.keys(names).sort().join());
  `,
    {
      module: true,
      prints: [
        '1',
        'true true',
        'function true string function',
        'AbortError,Upscaler,UpscalerError,default,getModelDefinitions,getPatchesFromImage,listModels,versions',
      ].join('\n'),
    },
  ));

test('configure: once, before the first model', () =>
  run(
    `
    Upscaler.configure({ threads: 1, maxMemory: 2 ** 28 });
    await new Upscaler().upscale(picture(30));
    for (const again of [{ threads: 2 }, { maxMemory: 1 }]) {
      try { Upscaler.configure(again); } catch ({ code }) { console.log(code); }
    }
    Upscaler.configure({ threads: 1 });
  `,
    { prints: 'ERR_INVALID_ARG_VALUE\nERR_INVALID_ARG_VALUE' },
  ));

test('results do not depend on the number of threads', async () => {
  const script = (threads) => `
    Upscaler.configure({ threads: ${threads} });
    const side = 301;
    const data = Uint8Array.from({ length: side * side * 3 }, (_, i) => (i * 2654435761) >>> 24);
    const { data: out } = await new Upscaler().upscale({ data, width: side, height: side, channels: 3 }, { output: 'tensor' });
    require('node:fs').writeFileSync(process.env.OUT, Buffer.from(out.buffer));
  `;
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'upscaler-threads-'));
  const outputs = [];
  for (const threads of [1, 3]) {
    const OUT = path.join(folder, `${threads}`);
    await run(script(threads), { env: { OUT } });
    outputs.push(fs.readFileSync(OUT));
  }
  fs.rmSync(folder, { recursive: true });
  assert.ok(outputs[0].equals(outputs[1]));
});

test('--no-addons is diagnosed', () =>
  run(
    `try { require(${JSON.stringify(ROOT)}); } catch ({ code, message }) { console.log(code, /--no-addons/.test(message)); }`,
    { prelude: '', args: ['--no-addons'], prints: 'ERR_UPSCALER_RUNTIME_LOAD true' },
  ));

test('warnings go to the process as such, once', () =>
  run(
    `
    const seen = [];
    process.on('warning', ({ name, code }) => seen.push(name + ' ' + code));
    const upscaler = new Upscaler();
    for (let i = 0; i < 3; i++) await upscaler.upscale(picture(40), { patchSize: 24 });
    await upscaler.upscale(picture(40), { patchSize: 24, padding: 1 });
    await wait(1);
    console.log(seen.join());
  `,
    { args: ['--no-warnings'], prints: 'UpscalerWarning UPSCALER_PADDING' },
  ));

test('a further instance of a loaded model is there at once and takes no memory', () =>
  run(`
    const first = new Upscaler({ model: 'span-2x' });
    const begun = performance.now();
    await first.ready;
    const loading = performance.now() - begun;
    const others = [];
    const load = async (count) => {
      for (let i = 0; i < count; i++) {
        others.push(new Upscaler({ model: 'span-2x' }));
        await others.at(-1).ready;
      }
    };
    await load(5);
    const before = process.memoryUsage.rss();
    const again = performance.now();
    await load(50);
    const each = (performance.now() - again) / 50;
    const grown = (process.memoryUsage.rss() - before) / 2 ** 20;
    if (each > loading / 4) throw new Error('the first took ' + loading + ' ms, others ' + each);
    if (grown > 20) throw new Error('50 instances took ' + grown + ' MB');
    await others.at(-1).upscale(picture(20));
  `));

test('several models may be loaded at once', () =>
  run(`
    const options = [{ model: 'span-2x' }, { model: 'span-4x' }, { model: 'span-2x', channels: 1 }];
    await Promise.all(options.map((given) => new Upscaler(given).ready));
  `));
