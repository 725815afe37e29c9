/**
 * Memory that comes back, and memory that is short, each in a process of its own. Figures are of resident memory, with the
 * limits that the project promises.
 */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { ROOT } from '../../scripts/install.mjs';

const PRELUDE = `
  const fs = require('node:fs');
  const Upscaler = require(${JSON.stringify(ROOT)});
  const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  const status = (field) => Number(new RegExp(field + ':[^0-9]*([0-9]+)').exec(fs.readFileSync('/proc/self/status', 'utf8'))[1]) / 1024;
  const rss = () => status('VmRSS');
  const settled = async () => { gc(); await wait(500); gc(); await wait(17_000); gc(); return rss(); };
  let seed = 1;
  const random = (below) => (seed = (seed * 48271) % 2147483647) % below;
  const raw = (side) => ({ data: new Uint8Array(side * side * 3).fill(90), width: side, height: side, channels: 3 });
`;

const whole = (mib) => mib.toFixed(0);

/** @param {string} script the body of an async function @param {string[]} [command] to start Node with @param {string[]} [flags] */
async function run(script, command = [], flags = []) {
  const source = `${PRELUDE}(async () => {${script}})().catch((error) => { console.error(error); process.exit(9); });`;
  const [file, ...args] = [...command, process.execPath, ...flags, '--expose-gc', '-e', source];
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let stdout = '';
  child.stdout.on('data', (chunk) => (stdout += chunk));
  const [code, signal] = await new Promise((resolve) => child.on('close', (...ended) => resolve(ended)));
  assert.deepEqual([code, signal], [0, null]);
  return JSON.parse(stdout);
}

test(
  'after 1,500 mixed calls through seven models, idle and disposed',
  { skip: process.platform !== 'linux' },
  async (t) => {
    const { empty, idle, disposed } = await run(`
    const models = ['span-2x', 'span-4x', 'photo-4x', 'illustration-2x', 'denoise-2x-1', 'denoise-2x-none', 'denoise-2x-0'];
    const first = new Upscaler({ model: 'span-2x' });
    await first.upscale(raw(16));
    await first.dispose();
    const empty = await settled();
    const all = models.map((model) => new Upscaler({ model }));
    await Promise.all(all.map(({ ready }) => ready));
    for (let n = 0; n < 1500; n += 6) {
      await Promise.all(Array.from({ length: 6 }, () => all[random(7)].upscale(raw(64 + random(337)))));
    }
    const idle = await settled();
    await Promise.all(all.map((upscaler) => upscaler.dispose()));
    const disposed = await settled();
    console.log(JSON.stringify({ empty, idle, disposed }));
    process.exit();
  `);
    t.diagnostic(
      `${whole(empty)} MiB empty, ${whole(idle)} idle with seven models, ${whole(disposed)} disposed`,
    );
    assert.ok(disposed - empty <= 60, `${disposed} - ${empty} MiB`);
    assert.ok(idle - empty <= 150 + 7 * 30, `${idle} - ${empty} MiB`);
  },
);

test('500 instances come and go', { skip: process.platform !== 'linux' }, async (t) => {
  const { before, after } = await run(`
    const use = async () => { const upscaler = new Upscaler({ model: 'span-2x' }); await upscaler.upscale(raw(32)); await upscaler.dispose(); };
    for (let i = 0; i < 20; i++) await use();
    const before = await settled();
    for (let i = 0; i < 100; i++) await Promise.all([use(), use(), use(), use(), use()]);
    console.log(JSON.stringify({ before, after: await settled() }));
    process.exit();
  `);
  t.diagnostic(`${whole(before)} MiB, then ${whole(after)}`);
  assert.ok(after - before <= 20, `${after} - ${before} MiB`);
});

/** Pictures of a few pixels, as icons are: what each leaves behind would show. */
const SMALL_PICTURES = Number(process.env.UPSCALER_SMALL_PICTURES ?? 100_000);

/**
 * So many come before: V8 compiles what it runs often, and free blocks come to lie among used ones in every thread's heap.
 * Half of them come after a pause, with which 2.6 MiB come once, whether 20,000 follow or 100,000. Together they take 5 MiB.
 */
const WARM_UP = 30_000;

/** V8 keeps up to 31 MiB for its young generation, or none, as it pleases: it is held at its least here. */
const LEAST_HEAP = ['--max-semi-space-size=1'];

test(`${SMALL_PICTURES} small pictures`, { skip: process.platform !== 'linux' }, async (t) => {
  const { before, after } = await run(
    `
    const upscaler = new Upscaler({ model: 'span-2x' });
    const png = await upscaler.upscale(raw(8));
    const some = async (count) => {
      for (let n = 0; n < count; n += 10) {
        await Promise.all(Array.from({ length: 10 }, (_, i) => upscaler.upscale(i % 2 ? png : raw(4 + i))));
      }
    };
    await some(${WARM_UP / 2});
    await settled();
    await some(${WARM_UP / 2});
    const held = async () => ({ resident: await settled(), own: status('RssAnon') });
    const before = await held();
    await some(${SMALL_PICTURES});
    console.log(JSON.stringify({ before, after: await held() }));
    process.exit();
  `,
    [],
    LEAST_HEAP,
  );
  t.diagnostic(`${JSON.stringify(before)}, then ${JSON.stringify(after)} MiB`);
  // Without pages of program files, which are the system's to take and to bring again.
  const risen = after.own - before.own;
  assert.ok(risen < before.resident * 0.01, `${risen} of ${before.resident} MiB`);
});

/** A control group with this limit, if this process may make one. @returns {{ enter: string[], remove: () => void } | undefined} */
function controlGroup(bytes) {
  const one = readFileSync('/proc/self/cgroup', 'utf8')
    .split('\n')
    .find((line) => /:memory:/.test(line))
    ?.split(':')[2];
  const [parent, limit] =
    one === undefined
      ? ['/sys/fs/cgroup', 'memory.max']
      : [`/sys/fs/cgroup/memory${one}`, 'memory.limit_in_bytes'];
  const base = existsSync(parent) ? parent : '/sys/fs/cgroup/memory';
  const group = path.join(base, `upscaler-${process.pid}-${bytes}`);
  try {
    mkdirSync(group);
    writeFileSync(path.join(group, limit), String(bytes));
    const enter = ['sh', '-c', `echo $$ > ${group}/cgroup.procs && exec "$@"`, 'sh'];
    if (spawnSync(enter[0], [...enter.slice(1), 'true']).status !== 0) throw new Error('not allowed');
    return { enter, remove: () => rmdirSync(group) };
  } catch {
    return undefined;
  }
}

/** Where no group can be made: what limits a process's own writable memory, and the limit that such a group would give. */
function resourceLimit(bytes) {
  const maxMemory = Math.max(96 * 2 ** 20, (bytes - 160 * 2 ** 20) / 2);
  return {
    enter: ['prlimit', `--data=${bytes}`],
    configure: `Upscaler.configure({ maxMemory: ${maxMemory} });`,
  };
}

for (const mib of [512, 256]) {
  const skip = process.platform !== 'linux';
  const group = skip ? undefined : controlGroup(mib * 2 ** 20);
  const kind = group === undefined ? 'within a resource limit' : 'in a control group';
  test(`24 pictures of 512 x 512 at once ${kind} of ${mib} MiB`, { skip }, async (t) => {
    const { enter, configure = '' } = group ?? resourceLimit(mib * 2 ** 20);
    try {
      const { done, peak } = await run(
        `
        ${configure}
        const upscaler = new Upscaler({ model: 'span-2x' });
        const results = await Promise.all(Array.from({ length: 24 }, () => upscaler.upscale(raw(512)).then((png) => png.length)));
        const peak = Math.round(process.resourceUsage().maxRSS / 1024);
        console.log(JSON.stringify({ done: results.length, peak }));
        process.exit();
      `,
        enter,
      );
      assert.equal(done, 24);
      t.diagnostic(`resident at most: ${peak} MiB`);
    } finally {
      group?.remove();
    }
  });
}
