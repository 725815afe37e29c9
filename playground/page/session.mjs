// @ts-check
import { json, lines } from './api.mjs';
import { announce } from './dom.mjs';
import { catalogueModel, speedOf, state, titleOf, update, watch } from './state.mjs';
import { invalidate } from './tiles.mjs';
import { draw } from './stage.mjs';

/** Runs of the chosen models: started when something changes, followed while they go on. */

/** After the last change. */
const PATIENCE_MS = 300;
/** What would take longer in all is not started unasked. */
const LONGEST_UNASKED_MS = 12_000;
/** So many pixels are started unasked where nothing is known of a model's speed. */
const UNKNOWN_PIXELS = 400_000;
const RECONNECT_MS = 1500;

/** What each model's run was started with, to see whether it still holds. @type {Record<string, string>} */
const startedWith = {};
/** News of runs that the page has not heard the name of yet. @type {Map<string, any>} */
const early = new Map();
let timer = 0;

export function startSession() {
  void listen();
  watch(['picture', 'chosen', 'options'], () => {
    clearTimeout(timer);
    timer = setTimeout(refresh, PATIENCE_MS);
  });
}

/** Runs what is chosen and out of date, if it does not take long; forgets what is no longer chosen. */
function refresh() {
  for (const id of Object.keys(state.runs)) if (!state.chosen.includes(id)) forget(id);
  const due = dueModels();
  for (const id of due) forget(id);
  if (estimate(due).unasked) void run(due);
  else update({ runs: { ...state.runs } });
}

/** Chosen models whose result is missing or was made with other options. */
export function dueModels() {
  if (state.picture === null) return [];
  return state.chosen.filter((id) => startedWith[id] !== situation(id) && isInstalled(id));
}

/** @param {string} id */
function isInstalled(id) {
  return catalogueModel(id)?.installed !== false;
}

/** @param {string} id */
function situation(id) {
  return JSON.stringify([state.picture?.id, optionsFor(id), modelFor(id)]);
}

/**
 * How long models will take.
 *
 * @param {string[]} ids
 * @returns {{ ms: number | null, unasked: boolean }} unasked: short enough to start by itself
 */
export function estimate(ids) {
  const { width, height } = state.picture?.facts ?? { width: 0, height: 0 };
  const speeds = ids.map((id) => speedOf(id)?.speed);
  if (speeds.some((speed) => speed === undefined))
    return { ms: null, unasked: width * height * ids.length <= UNKNOWN_PIXELS };
  const ms = speeds.reduce(
    (/** @type {number} */ sum, speed) => sum + (width * height) / Number(speed) / 1000,
    0,
  );
  return { ms, unasked: ms <= LONGEST_UNASKED_MS };
}

/** @param {string[]} ids */
export async function run(ids) {
  for (const id of ids) {
    forget(id);
    startedWith[id] = situation(id);
  }
  for (const id of ids) await start(id);
}

/** @param {string} id */
async function start(id) {
  const picture = state.picture;
  if (picture === null) return;
  const wanted = startedWith[id];
  try {
    const model = modelFor(id);
    const made = await json('runs', {
      method: 'POST',
      body: { picture: picture.id, model, options: optionsFor(id) },
    });
    if (startedWith[id] !== wanted) return void json(`runs/${made.id}`, { method: 'DELETE' });
    put(id, { ...made, ...early.get(made.id) });
    early.delete(made.id);
  } catch (error) {
    put(id, { id: '', state: 'failed', fraction: 0, error });
  }
}

/** @param {string} id */
function optionsFor(id) {
  const { precision, guard, tile, ...options } = state.options;
  if (tile === undefined) return options;
  const padding = catalogueModel(id === 'default' ? 'span-2x' : id)?.halo ?? 32;
  return { ...options, patchSize: tile + 2 * padding, padding };
}

/** What the server is asked for. @param {string} id */
export function modelFor(id) {
  return { id, precision: precisionFor(id), guard: state.options.guard };
}

/** @param {string} id @returns {'int8' | undefined} */
export function precisionFor(id) {
  return state.options.precision === 'int8' && catalogueModel(id)?.precisions.includes('int8')
    ? 'int8'
    : undefined;
}

export { optionsFor };

/** @param {string} id of a model */
export function cancel(id) {
  const { id: run, state: now } = state.runs[id] ?? {};
  if (run && (now === 'running' || now === 'queued')) void json(`runs/${run}/cancel`, { method: 'POST' });
}

/** @param {string} id of a model */
function forget(id) {
  const old = state.runs[id];
  delete startedWith[id];
  if (old === undefined) return;
  const { [id]: _, ...runs } = state.runs;
  update({ runs });
  if (old.id) json(`runs/${old.id}`, { method: 'DELETE' }).catch(() => {});
}

/**
 * @param {string} id
 * @param {any} run
 */
function put(id, run) {
  const before = state.runs[id];
  const startedAt = before?.startedAt ?? (run.state === 'running' ? performance.now() : undefined);
  update({ runs: { ...state.runs, [id]: { ...run, model: id, startedAt } } });
  if (before?.state !== run.state) tell(id, run);
}

/**
 * @param {string} id
 * @param {any} run
 */
function tell(id, { state: now, result, error }) {
  if (now === 'done')
    announce(
      `${titleOf(id)} is done: ${result.width} by ${result.height} pixels in ${(result.durationMs / 1000).toFixed(1)} seconds`,
    );
  if (now === 'failed') announce(`${titleOf(id)} failed: ${error.message}`);
  if (now === 'cancelled') announce(`${titleOf(id)} was cancelled`);
}

async function listen() {
  for (;;) {
    try {
      await lines('events', hear);
    } catch {
      // Said below, and tried again.
    }
    update({
      opening: { error: 'The connection to the playground is lost. Is it still running in the terminal?' },
    });
    await new Promise((resolve) => setTimeout(resolve, RECONNECT_MS));
  }
}

/** @param {any} event */
function hear(event) {
  if (event.type === 'hello' && state.opening.error?.startsWith('The connection')) update({ opening: {} });
  if (event.type === 'cost') {
    const costs = { ...state.server.costs, [event.id]: event.speed };
    update({ server: { ...state.server, costs } });
  }
  if (event.type === 'run') hearOfRun(event);
}

/** @param {any} event */
function hearOfRun({ type, tile, model, picture, ...run }) {
  const known = Object.entries(state.runs).find(([, { id }]) => id === run.id);
  if (known === undefined) {
    early.set(run.id, run);
    return;
  }
  if (tile && run.surface) invalidate(run.surface.id, tile);
  put(known[0], run);
  draw();
}
