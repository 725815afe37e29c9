'use strict';

const fs = require('node:fs');
const { isReadable } = require('node:stream');
const { Arguments } = require('./cases');
const { Own } = require('./hostile');
const { Random } = require('./random');
const { raw } = require('./valid');
const { NEAREST } = require('../pixels');

/**
 * `child.js <seed> <calls> <file>`: so many calls, of which the file names the one that is made. It prints what came of them
 * by kind, as JSON. Whatever ends this process otherwise is a finding, and so is every fault that it lists.
 */

const Upscaler = require('../../..');

const [seed, calls, file] = process.argv.slice(2);
const random = new Random(Number(seed));
const marker = fs.openSync(file, 'w');

/** What takes longer is taken for something that never ends, in milliseconds. */
const PATIENCE = 60_000;
/** Of a message: longer ones repeat what they were given. */
const LONGEST_MESSAGE = 1500;

/** @type {Record<string, number>} */
const outcomes = {};
/** @type {string[]} */
const faults = [];
let current = '';
let kind = '';

for (const event of ['unhandledRejection', 'uncaughtException']) {
  process.on(event, (error) => fault(`${event}: ${shown(error)}`));
}
process.on('warning', ({ name, message }) => {
  if (name !== 'UpscalerWarning') fault(`warning ${name}: ${message}`);
});

function fault(what) {
  faults.push(`${current}: ${what}`);
}

function shown(error) {
  try {
    return String(error?.stack ?? error).slice(0, 1000);
  } catch {
    return `an error that cannot be shown`;
  }
}

function count(outcome) {
  const name = `${kind} ${outcome}`;
  outcomes[name] = (outcomes[name] ?? 0) + 1;
}

/** What a progress function throws, or calling what is none, ends its call as it is. @param {unknown} error */
function isOfProgress(error) {
  const own = error instanceof Own;
  const uncallable =
    error instanceof TypeError && /Class constructor|proxy that has been revoked/.test(error.message);
  return /progress: a/.test(current) && (own || uncallable);
}

/** @param {unknown} error what a call ended with */
function judge(error) {
  if (isOfProgress(error)) return count("the caller's own");
  let code;
  try {
    code = error instanceof Upscaler.UpscalerError ? error.code : undefined;
  } catch {}
  if (!/^(ERR_INVALID_ARG_(TYPE|VALUE)|ERR_UPSCALER_[A-Z_]+|ABORT_ERR)$/.test(code)) {
    fault(`an error without a code: ${shown(error)}`);
  } else if (error.message.length > LONGEST_MESSAGE) {
    fault(`a message of ${error.message.length} characters: ${error.message.slice(0, 100)}`);
  } else count(code);
}

/** @param {() => unknown} call @returns {Promise<unknown>} what it gave, if it gave something */
async function attempt(call) {
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  const forever = new Promise((_, reject) => (timer = setTimeout(reject, PATIENCE, forAll)));
  try {
    const given = await Promise.race([call(), forever]);
    count('done');
    return given;
  } catch (error) {
    if (error === forAll) fault(`no end within ${PATIENCE} ms`);
    else judge(error);
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}
const forAll = Symbol('forever');

/** @param {string} said */
function begin(said) {
  current = `seed ${seed}: ${said}`;
  fs.writeSync(marker, `${current}\n`.padEnd(4000), 0);
}

/** @param {unknown} result a stream is read to its end, as a user would @returns {Promise<void>} */
async function finish(result) {
  const stream = result?.data ?? result;
  if (typeof stream !== 'object' || typeof stream.pipe !== 'function' || !isReadable(stream)) return;
  await attempt(() => stream.toArray());
}

/** Made once, used by every call. */
const shared = [{}, { allowPaths: false }, { failOn: 'none' }, { fetch: true }].map(
  (options) =>
    new Upscaler({ model: NEAREST, limitOutputPixels: 50_000, limitInputPixels: 10_000, ...options }),
);

const KINDS = {
  async construct(given) {
    const options = given.object('UpscalerOptions', random.chance(0.7) ? ['model'] : []);
    begin(`new Upscaler(${options.said})`);
    const upscaler = await attempt(() => new Upscaler(options.value));
    if (upscaler === undefined) return;
    await attempt(() => upscaler.ready);
    await finish(await attempt(() => upscaler.upscale(raw())));
    await attempt(() => upscaler.getModel());
    await attempt(() => upscaler.dispose());
  },
  async upscale(given) {
    const [image, options] = [given.picture(), given.object('UpscaleOptions')];
    begin(`upscale(${image.said}, ${options.said})`);
    await finish(await attempt(() => random.pick(shared).upscale(image.value, options.value)));
  },
  async stream(given) {
    const [image, options] = [given.picture(), given.object('StreamOptions', ['output'])];
    begin(`execute(${image.said}, ${options.said})`);
    await finish(await attempt(() => random.pick(shared).execute(image.value, options.value)));
  },
  async warmup(given) {
    const [sizes, options] = [given.sizes(), given.object('WarmupArgs')];
    begin(`warmup(${sizes.said}, ${options.said})`);
    await attempt(() => random.pick(shared).warmup(sizes.value, options.value));
  },
  async models(given) {
    const query = given.object('ModelQuery');
    begin(`listModels(${query.said})`);
    await attempt(() => Upscaler[random.pick(['listModels', 'getModelDefinitions'])](query.value));
  },
  async patches(given) {
    const [width, height, size, padding] = [0, 0, 0, 0].map(() => given.integer());
    const [line] = [given.value([() => [width.value, height.value]], 'size')];
    begin(`getPatchesFromImage(${line.said} [${width.said}, ${height.said}], ${size.said}, ${padding.said})`);
    await attempt(() => Upscaler.getPatchesFromImage(line.value, size.value, padding.value));
  },
  async configure(given) {
    const options = given.object('Configuration');
    begin(`configure(${options.said})`);
    await attempt(() => Upscaler.configure(options.value));
  },
};
/** How often each is chosen. */
const LIKELY = [
  'construct',
  'upscale',
  'upscale',
  'upscale',
  'stream',
  'warmup',
  'models',
  'patches',
  'configure',
];

const inherited = () =>
  [Object, Array, Function, String, Number, Promise]
    .map(({ prototype }) => Reflect.ownKeys(prototype).length)
    .join();

(async () => {
  await Promise.all(shared.map(({ ready }) => ready));
  const before = inherited();
  for (let i = 0; i < Number(calls); i++) {
    kind = random.pick(LIKELY);
    await KINDS[kind](new Arguments(random, random.pick([0, 0.1, 0.3, 0.6])));
    if (inherited() !== before) fault('the prototypes of the language have other fields');
  }
  begin('a good picture after all others');
  for (const upscaler of shared) {
    const { width } = await upscaler.upscale(raw(), { output: 'raw' });
    if (width !== 8) fault(`a width of ${width}`);
    const { queued, running } = upscaler.counters();
    if (queued !== 0 || running !== 0) fault(`${queued} calls queued and ${running} running`);
    await attempt(() => upscaler.dispose());
  }
  process.stdout.write(JSON.stringify({ outcomes, faults }));
})();
