/** Runs the plan: contenders take turns, so that whatever else the machine does falls on all of them alike. */
import { setTimeout } from 'node:timers/promises';
import * as plan from './plan.mjs';
import { CONTENDERS } from './contenders/index.mjs';
import { refuseOtherPictures } from './agree.mjs';
import { installedMegabytes, model, picture } from './prepare.mjs';
import { Worker } from './worker.mjs';

const PAUSE_MS = 150;

/**
 * @param {boolean} quick
 * @param {(line: string) => void} say
 */
export async function measure(quick, say) {
  const begun = performance.now();
  const upscales = await compareAll(plan.cases(quick), say);
  say('under load');
  const load = plan.load(quick);
  const underLoad = { ...load, results: await compareLoad(load, await model(load.model)) };
  say('cold start');
  const cold = plan.coldStart(quick);
  const coldStart = { ...cold, results: await compareCold(cold, await model(cold.model)) };
  const sizes = Object.keys(CONTENDERS).map((name) => [name, installedMegabytes(CONTENDERS[name].packages)]);
  return {
    upscales,
    underLoad,
    coldStart,
    sizes: Object.fromEntries(sizes),
    seconds: (performance.now() - begun) / 1e3,
  };
}

/**
 * All cases whose models are there, one after the other.
 *
 * @param {plan.Case[]} cases
 * @param {(line: string) => void} say
 */
export async function compareAll(cases, say) {
  const models = new Map();
  const upscales = [];
  for (const work of cases) {
    if (!models.has(work.model)) models.set(work.model, await model(work.model));
    const network = models.get(work.model);
    say(`${work.model} ${work.size.join('x')} ${work.format}${network === undefined ? ': not there' : ''}`);
    if (network !== undefined) upscales.push({ ...work, results: await compare(work, network) });
  }
  return upscales;
}

/**
 * One case.
 *
 * @returns {Promise<Record<string, { runs: object[], note?: string } | { error: string }>>}
 */
async function compare({ size, format, contenders, seconds, once }, network) {
  const request = { task: 'upscale', picture: await picture(size, format), format };
  const { workers, results } = await start(contenders, network);
  const pictures = new Map();
  for (const [name, worker] of once ? [] : workers) {
    // The first run makes buffers and, for some, sessions: what a server pays once.
    const run = await attempt(results, workers, name, () => worker.ask({ ...request, keep: true }));
    if (run !== undefined) pictures.set(name, Buffer.from(run.kept, 'base64'));
  }
  await refuseOtherPictures(pictures);
  const end = performance.now() + seconds * 1e3;
  const least = once ? 1 : 3;
  for (let round = 0; round < least || (!once && performance.now() < end); round++) {
    await takeTurns(workers, results, round, request);
  }
  await stop(workers);
  return results;
}

async function compareLoad({ sizes, format, contenders, concurrent, requests, rounds }, network) {
  const pictures = await Promise.all(sizes.map((size) => picture(size, format)));
  const request = { task: 'load', pictures, format, concurrent, requests };
  const { workers, results } = await start(contenders, network);
  for (const [name, worker] of workers) {
    await attempt(results, workers, name, () => worker.ask({ ...request, requests: concurrent }));
  }
  for (let round = 0; round < rounds; round++) {
    await takeTurns(workers, results, round, request);
  }
  await stop(workers);
  return results;
}

async function compareCold({ size, format, contenders, rounds }, network) {
  const request = { task: 'cold', picture: await picture(size, format), format };
  /** @type {Record<string, { runs: object[], error?: string }>} */
  const results = {};
  for (let round = 0; round < rounds; round++) {
    for (const name of rotated(contenders, round)) {
      if (results[name]?.error !== undefined) continue;
      const {
        workers,
        results: [[, result]],
      } = await start([name], network).then((started) => ({
        ...started,
        results: Object.entries(started.results),
      }));
      results[name] ??= result;
      const worker = workers.get(name);
      if (worker === undefined) continue;
      const run = await attempt(results, workers, name, () => worker.ask(request));
      if (run !== undefined) results[name].runs.push(run);
      await stop(workers);
    }
  }
  return results;
}

/** One run of every contender, after a pause: threads of the one before may spin for a while after their run. */
async function takeTurns(workers, results, round, request) {
  for (const [name, worker] of rotated([...workers], round)) {
    await setTimeout(PAUSE_MS);
    const run = await attempt(results, workers, name, () => worker.ask(request));
    if (run !== undefined) results[name].runs.push(run);
  }
}

/** Starts the contenders; those that cannot run here are left out, with the reason. */
async function start(contenders, network) {
  const workers = new Map();
  const results = {};
  for (const name of contenders) {
    const worker = new Worker(name, network);
    workers.set(name, worker);
    results[name] = { runs: [] };
    const ready = await attempt(results, workers, name, () => worker.ready());
    if (ready !== undefined) results[name].note = ready.note;
  }
  return { workers, results };
}

async function attempt(results, workers, name, work) {
  try {
    return await work();
  } catch (error) {
    results[name] = { runs: [], error: error.message };
    await workers.get(name)?.end();
    workers.delete(name);
  }
}

async function stop(workers) {
  await Promise.all([...workers.values()].map((worker) => worker.end()));
}

/** So that no contender always runs after the same other one. */
function rotated(list, by) {
  const at = by % Math.max(1, list.length);
  return [...list.slice(at), ...list.slice(0, at)];
}
