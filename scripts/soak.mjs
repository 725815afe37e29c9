/**
 * `npm run soak -- [minutes]`: pictures of many sizes through several models, made and disposed again and again, with broken
 * files, cancelled calls and calls that cannot be met among them; ten minutes by default. At the end, and in
 * soak-report.json, it says what became of every call and how memory went.
 *
 * It fails where a call ended with an error of no code, where memory did not come back, or where a picture came out
 * different from the first of its kind.
 */
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as wait } from 'node:timers/promises';
import { ROOT } from './install.mjs';

const require = createRequire(import.meta.url);
const Upscaler = require('..');

const MINUTES = Number(process.argv[2] ?? 10);
const MODELS = [
  'span-2x',
  'span-4x',
  'photo-4x',
  'illustration-2x',
  'denoise-2x-1',
  'denoise-2x-none',
  undefined,
];
const SIDES = [64, 96, 128, 160, 200, 256, 320, 400];
const OUTPUTS = ['raw', 'buffer', 'tensor', 'base64'];

/** How much more than at the start may be held after everything is disposed, in MiB, and how many more files. */
const LEFT = 60;
const FILES_LEFT = 4;
/** The longest that nothing runs before memory goes back to the system, in milliseconds. */
const LULL = 17_000;

let seed = 1;
const random = (below) => {
  seed = (seed * 48271) % 2147483647;
  return seed % below;
};
const pick = (list) => list[random(list.length)];

const files = () => readdirSync('/proc/self/fd').length;
const rss = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? 0) / 1024;
const picture = (side) => {
  const data = new Uint8Array(side * side * 3);
  for (let i = 0; i < data.length; i++) data[i] = (i * 31 + (i >> 8) * 17) & 255;
  return { data, width: side, height: side, channels: 3 };
};
const broken = readFileSync(path.join(ROOT, 'tests/fixtures/hostile/gif_frame_larger.gif'));

/** The first result of every kind of call. @type {Map<string, string>} */
const first = new Map();
/** What became of calls, by code. @type {Record<string, number>} */
const outcomes = {};
const differences = [];
const samples = [];

async function call(upscaler, model) {
  const side = pick(SIDES);
  const output = pick(OUTPUTS);
  const kind = random(20);
  const image = kind === 0 ? broken : picture(side);
  const options = {
    output,
    ...(kind === 1 && { signal: AbortSignal.timeout(random(60)) }),
    ...(kind === 2 && { timeout: 1 + random(60) }),
  };
  try {
    const result = await upscaler.upscale(image, options);
    count('done');
    const bytes =
      typeof result === 'string' || Buffer.isBuffer(result) ? result : Buffer.from(result.data.buffer);
    compare(`${model} ${side} ${output}`, createHash('sha256').update(bytes).digest('hex'));
  } catch (error) {
    count(error.code ?? `no code: ${error}`);
  }
}

function count(outcome) {
  outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
}

function compare(name, hash) {
  const known = first.get(name);
  if (known === undefined) first.set(name, hash);
  else if (known !== hash) differences.push(name);
}

async function round() {
  const models = [pick(MODELS), pick(MODELS)];
  const instances = models.map((model) => new Upscaler({ model }));
  await Promise.all(
    instances.flatMap((instance, i) => Array.from({ length: 6 }, () => call(instance, models[i]))),
  );
  await Promise.all(instances.map((instance) => instance.dispose()));
}

/** Results that nobody holds any more are freed, then what was kept for the next call. */
async function settle() {
  globalThis.gc?.();
  await wait(500);
  globalThis.gc?.();
  await wait(LULL);
  globalThis.gc?.();
}

// What every process has once: the addon, ONNX Runtime, the threads.
await round();
await settle();
const [start, filesBefore] = [rss(), files()];
const end = performance.now() + MINUTES * 60_000;
let rounds = 0;
while (performance.now() < end) {
  await round();
  if (rounds++ % 10 === 0)
    samples.push({ seconds: Math.round(performance.now() / 1000), mib: Math.round(rss()), files: files() });
}
await settle();
const report = {
  minutes: MINUTES,
  rounds,
  outcomes,
  counters: Upscaler.counters(),
  differences: [...new Set(differences)],
  memory: {
    start: Math.round(start),
    most: Math.max(...samples.map(({ mib }) => mib)),
    end: Math.round(rss()),
    samples,
  },
  files: { start: filesBefore, end: files() },
};
writeFileSync(path.join(ROOT, 'soak-report.json'), `${JSON.stringify(report, null, 2)}\n`);
console.log(JSON.stringify({ ...report, memory: { ...report.memory, samples: undefined } }, null, 2));
const left = report.memory.end - report.memory.start;
const uncoded = Object.keys(outcomes).filter((outcome) => outcome.startsWith('no code'));
const filesLeft = report.files.end - report.files.start;
if (left > LEFT || filesLeft > FILES_LEFT || uncoded.length > 0 || differences.length > 0) {
  console.error(
    `Failed: ${left} MiB (${LEFT} are allowed) and ${filesLeft} open files were left, ${uncoded.length} kinds of errors had no code, ${report.differences.length} kinds of pictures came out different`,
  );
  process.exit(1);
}
