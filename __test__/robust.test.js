'use strict';

const assert = require('node:assert/strict');
const { execFileSync, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, test } = require('node:test');
const { LIBRARIES } = require('../lib/load-native');
const { runNode } = require('./support/child');
const { NEAREST } = require('./support/pixels');

/** What must not bring a process down, or hold it up; each in a process of its own. */

const ROOT = path.join(__dirname, '..');
const tmp = fs.mkdtempSync(path.join(os.tmpdir(), 'upscaler-robust-'));
after(() => fs.rmSync(tmp, { recursive: true }));

const PRELUDE = `
  const fs = require('node:fs');
  const Upscaler = require(${JSON.stringify(ROOT)});
  const NEAREST = ${JSON.stringify(NEAREST)};
  const raw = (side, value = 90) => ({ data: new Uint8Array(side * side * 3).fill(value), width: side, height: side, channels: 3 });
  const code = (call) => call.then(() => 'done', (error) => error.code);
  const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
`;

/**
 * @param {string} script the body of an async function
 * @param {{ args?: string[], command?: string[] }} [options]
 * @returns {Promise<{ code: number | null, signal: string | null, stdout: string, stderr: string }>}
 */
async function run(script, { args = [], command = [], env = {} } = {}) {
  const source = `${PRELUDE}(async () => {${script}})().catch((error) => { console.error(error); process.exit(9); });`;
  const ended = await runNode([...args, '-e', source], { command, cwd: ROOT, env });
  return { ...ended, stdout: ended.stdout.trim() };
}

/** @param {Parameters<typeof run>} call whose process must end well, and print this */
async function prints(expected, ...call) {
  const { code, signal, stdout, stderr } = await run(...call);
  assert.deepEqual({ code, signal, stdout, stderr }, { code: 0, signal: null, stdout: expected, stderr: '' });
}

test('process.exit, an uncaught error and SIGTERM, at any time while a model loads', async () => {
  const load = `new Upscaler({ model: '@upscalerjs/esrgan-medium/4x' });`;
  /** What ends the process, as code, signal and what it may print. */
  const ends = {
    'process.exit(5)': [5, null, /^$/],
    "throw new Error('bug')": [1, null, /bug/],
    "process.kill(process.pid, 'SIGTERM')": [null, 'SIGTERM', /^$/],
    "process.on('SIGTERM', () => process.exit(5)); process.kill(process.pid, 'SIGTERM')": [5, null, /^$/],
  };
  const [first, ...others] = Object.keys(ends);
  // The library itself is loaded within the first 60 ms on an idle machine, then the model.
  const moments = [5, 10, 15, 20, 25, 30, 40, 50, 60, 80, 100, 140, 180, 220].map((ms) => [first, ms]);
  if (process.platform === 'win32') others.length = 1;
  for (const [how, ms] of [
    ...moments,
    ...others.flatMap((other) => [20, 50, 150].map((at) => [other, at])),
  ]) {
    const { code, signal, stderr } = await run(
      `${load} setTimeout(() => { ${how} }, ${ms}); await wait(1e5)`,
    );
    const [expectedCode, expectedSignal, printed] = ends[how];
    assert.deepEqual([code, signal], [expectedCode, expectedSignal], `${how} after ${ms} ms: ${stderr}`);
    // Nothing of ONNX Runtime, whose registries are gone.
    assert.match(stderr, printed, `${how} after ${ms} ms`);
  }
});

const posix = { skip: process.platform === 'win32' };
const linux = { skip: process.platform !== 'linux' };

test('pipes that nobody writes to hold up nothing', posix, async () => {
  const fifo = path.join(tmp, 'fifo');
  execFileSync('mkfifo', [fifo]);
  await prints(
    '4 ERR_UPSCALER_READ done',
    `
    const upscaler = new Upscaler({ model: NEAREST });
    const pipes = Array.from({ length: 4 }, () => code(upscaler.upscale(${JSON.stringify(fifo)})));
    const other = await code(upscaler.upscale(raw(10)));
    const codes = await Promise.all(pipes);
    console.log(codes.length, [...new Set(codes)].join(), other);
  `,
  );
});

test('devices, folders, and files beyond limitInputBytes are refused', posix, async () => {
  const large = path.join(tmp, 'large');
  fs.writeFileSync(large, '');
  fs.truncateSync(large, 2 ** 40);
  await prints(
    'ERR_UPSCALER_READ ERR_UPSCALER_READ ERR_UPSCALER_LIMIT ERR_UPSCALER_READ true',
    `
    const upscaler = new Upscaler({ model: NEAREST });
    const images = ['/dev/zero', ${JSON.stringify(tmp)}, ${JSON.stringify(large)}, '/dev/tty'];
    const codes = [];
    for (const image of images) codes.push(await code(upscaler.upscale(image)));
    console.log(...codes, process.memoryUsage().rss < 400e6);
  `,
  );
});

test('limitInputBytes holds for files on disk', async () => {
  const file = path.join(tmp, 'small.png');
  fs.writeFileSync(file, Buffer.alloc(2000));
  await prints(
    'ERR_UPSCALER_LIMIT ERR_UPSCALER_UNSUPPORTED_FORMAT',
    `
    const codes = [];
    for (const limitInputBytes of [1999, 2000]) {
      codes.push(await code(new Upscaler({ model: NEAREST, limitInputBytes }).upscale(${JSON.stringify(file)})));
    }
    console.log(...codes);
  `,
  );
});

test('what a file that is no picture holds, and how long it is, is not told', async () => {
  const secret = path.join(tmp, 'secret.txt');
  fs.writeFileSync(secret, 'hunter2 is the password');
  const script = `
    const upscaler = new Upscaler({ model: NEAREST });
    await upscaler.upscale(${JSON.stringify(secret)}).catch(({ code, message }) => console.log(code, message));
  `;
  const { stdout } = await run(script);
  assert.match(stdout, /^ERR_UPSCALER_UNSUPPORTED_FORMAT /);
  assert.doesNotMatch(stdout, /hunter|68, 75|6e, 74|\b23\b|start with/);
});

test('pixels whose memory is given away, resized or freed while they wait', async () => {
  await prints(
    '90 90 90 90',
    `
    const upscaler = new Upscaler({ model: NEAREST, threads: 1 });
    await upscaler.ready;
    const side = 400, size = side * side * 3;
    const shape = [side, side, 3];
    const resizable = (bytes) => new ArrayBuffer(bytes, { maxByteLength: 2 * bytes });
    const first = async (call) => (await call).data[0];
    const lines = [];
    {
      const buffer = resizable(size);
      const call = upscaler.upscale({ ...raw(side), data: new Uint8Array(buffer).fill(90) }, { output: 'raw' });
      buffer.resize(10);
      lines.push(await first(call));
    }
    {
      const buffer = resizable(4 * size);
      const call = upscaler.upscale({ data: new Float32Array(buffer).fill(90), shape }, { output: 'raw' });
      buffer.resize(12);
      lines.push(await first(call));
    }
    for (const make of [() => raw(side), () => ({ data: new Float32Array(size).fill(90), shape })]) {
      let image = make();
      const call = upscaler.upscale(image, { output: 'raw' });
      structuredClone(image.data.buffer, { transfer: [image.data.buffer] });
      image = undefined;
      gc();
      const others = Array.from({ length: 20 }, () => new Uint8Array(4 * size).fill(200));
      lines.push(await first(call));
      others.length = 0;
    }
    console.log(lines.join(' '));
  `,
    { args: ['--expose-gc'] },
  );
});

test("the tensor that a definition's function gives may be given away as soon as it is given", async () => {
  await prints(
    '7',
    `
    const given = [];
    const preprocess = ({ shape }) => {
      const data = new Float32Array(shape.reduce((a, b) => a * b)).fill(7);
      setImmediate(() => structuredClone(data.buffer, { transfer: [data.buffer] }));
      return { data, shape };
    };
    const upscaler = new Upscaler({ model: { path: NEAREST, preprocess } });
    const { data } = await upscaler.upscale(raw(50), { output: 'raw' });
    console.log([...new Set(data)].join());
  `,
  );
});

/** An installation with a library, or an addon, of which only a part is there. */
function installation(change) {
  const folder = fs.mkdtempSync(path.join(tmp, 'clone-'));
  for (const part of ['index.js', 'package.json', 'lib', 'models/span']) {
    fs.cpSync(path.join(ROOT, part), path.join(folder, part), { recursive: true });
  }
  const addon = fs.readdirSync(ROOT).find((file) => file.endsWith('.node'));
  const library = LIBRARIES[process.platform];
  for (const file of [addon, library]) fs.copyFileSync(path.join(ROOT, file), path.join(folder, file));
  change(path.join(folder, addon), path.join(folder, library));
  const script = `
    const said = ({ code, message }) => console.log(code, message);
    try {
      const Upscaler = require(${JSON.stringify(folder)});
      new Upscaler({ model: 'span-2x' }).ready.then(() => console.log('ready'), said);
    } catch (error) { said(error) }`;
  const { status, signal, stdout } = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8' });
  fs.rmSync(folder, { recursive: true });
  return { status, signal, stdout };
}

test(
  'a library or an addon that was cut off is refused, not mapped',
  { skip: process.platform !== 'linux' },
  () => {
    for (const part of [0, 0.1, 0.5, 0.999]) {
      for (const which of [0, 1]) {
        const { status, signal, stdout } = installation((...files) => {
          fs.truncateSync(files[which], Math.floor(fs.statSync(files[which]).size * part));
        });
        assert.deepEqual([status, signal], [0, null], `${part} of file ${which}`);
        assert.match(stdout, /^ERR_UPSCALER_RUNTIME_LOAD [^]*(cut off|bytes)/, `${part} of file ${which}`);
      }
    }
    assert.equal(installation(() => {}).stdout.trim(), 'ready');
  },
);

// V8 itself aborts where its collector finds no memory, so that none may be due while there is none.
for (const kernels of ['', 'off']) {
  test(`memory that is not to be had fails the call, with kernels ${kernels || 'on'}`, linux, async () => {
    const outcomes = async (kibibytes) => {
      const script = `
        const upscaler = new Upscaler({ threads: 1, limitOutputPixels: false });
        await upscaler.upscale(raw(16));
        const image = raw(700);
        gc();
        const used = Number(/VmSize:[^0-9]*([0-9]+)/.exec(fs.readFileSync('/proc/self/status', 'utf8'))[1]);
        const limit = (used + ${kibibytes}) * 1024;
        require('node:child_process').execFileSync('prlimit', ['--pid', String(process.pid), '--as=' + limit]);
        console.log(await code(upscaler.upscale(image)), await code(upscaler.upscale(raw(16))));
      `;
      const env = { UPSCALER_KERNELS: kernels };
      const { code, signal, stdout, stderr } = await run(script, { args: ['--expose-gc'], env });
      assert.deepEqual({ code, signal, stderr }, { code: 0, signal: null, stderr: '' }, `${kibibytes} KiB`);
      return stdout;
    };
    // Less than a copy of the pixels; less than the network takes; about what it takes, with what is put together of results.
    assert.match(await outcomes(500), /^ERR_UPSCALER_LIMIT (ERR_UPSCALER_LIMIT|done)$/);
    assert.equal(await outcomes(20_000), 'ERR_UPSCALER_LIMIT done');
    assert.match(await outcomes(140_000), /^(ERR_UPSCALER_LIMIT|done) done$/);
  });
}
