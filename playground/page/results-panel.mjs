// @ts-check
import { request } from './api.mjs';
import { byId, h, icon } from './dom.mjs';
import { bytes, duration, rate, size } from './format.mjs';
import { cancel, dueModels, estimate, run } from './session.mjs';
import { catalogueModel, state, titleOf, update, watch } from './state.mjs';
import { outputName } from './code.mjs';

/** What became of each chosen model: how long it took, how much memory, how large the file is. */

/** A row for each model, kept so that buttons keep their focus. @type {Map<string, ReturnType<typeof makeRow>>} */
const rows = new Map();

export function startResultsPanel() {
  byId('run').addEventListener('click', () => run(dueModels()));
  watch(['runs', 'chosen', 'picture', 'server', 'options'], show);
}

function show() {
  const { chosen, picture, runs } = state;
  for (const id of [...rows.keys()]) {
    if (chosen.includes(id)) continue;
    rows.get(id)?.row.remove();
    rows.delete(id);
  }
  for (const id of chosen) {
    const row = rows.get(id) ?? makeRow(id);
    rows.set(id, row);
    if (!row.row.isConnected) byId('results').append(row.row);
    row.update(runs[id]);
  }
  byId('no-results').hidden = picture !== null && chosen.length > 0;
  byId('no-results').textContent =
    picture === null ? 'Open a picture to see what models make of it.' : 'Choose a model to run.';
  byId('results-table').hidden = picture === null || chosen.length === 0;
  showRunButton();
}

function showRunButton() {
  const due = dueModels();
  const button = byId('run');
  button.hidden = due.length === 0;
  if (due.length === 0) return;
  const { ms } = estimate(due);
  byId('run-label').textContent =
    `Run ${due.length === 1 ? titleOf(due[0]) : `${due.length} models`}${ms === null ? '' : `, about ${duration(ms)}`}`;
}

/** @param {string} id */
function makeRow(id) {
  const cells = Object.fromEntries(
    ['state', 'time', 'speed', 'memory', 'dimensions', 'bytes'].map((name) => [
      name,
      h('td', { class: `cell-${name}` }),
    ]),
  );
  const bar = h('progress', { max: 1, value: 0, 'aria-label': `Progress of ${titleOf(id)}` });
  const text = h('span', { class: 'state-text' });
  cells.state.append(bar, text);
  const actions = makeActions(id);
  const look = h(
    'button',
    { type: 'button', class: 'link', onclick: () => update({ b: id }), title: 'Show on the right' },
    titleOf(id),
  );
  const ran = h('small', { class: 'muted' });
  const row = h(
    'tr',
    { 'data-model': id },
    h('th', { scope: 'row' }, look, ran),
    ...Object.values(cells),
    h('td', { class: 'actions' }, Object.values(actions)),
  );
  return {
    row,
    update: (/** @type {any} */ now) => updateRow({ id, cells, bar, text, actions, row, ran }, now),
  };
}

/** @param {string} id */
function makeActions(id) {
  const button = (
    /** @type {string} */ name,
    /** @type {string} */ label,
    /** @type {() => void} */ onclick,
  ) =>
    h(
      'button',
      { type: 'button', class: 'ghost', 'aria-label': `${label} ${titleOf(id)}`, title: label, onclick },
      icon(name),
    );
  return {
    download: button('download', 'Download', () => download(id)),
    stop: button('stop', 'Cancel', () => cancel(id)),
    again: button('play', 'Run again', () => run([id])),
  };
}

/**
 * @param {any} parts
 * @param {import('./state.mjs').Run | undefined} now
 */
function updateRow({ id, cells, bar, text, actions, row, ran }, now) {
  const { state: at = 'waiting', fraction = 0, result, error } = now ?? {};
  const active = at === 'running' || at === 'queued';
  row.dataset.state = at;
  bar.hidden = !active;
  bar.value = fraction;
  text.textContent = words(id, now);
  text.title = error?.code ?? '';
  ran.textContent = remarks(id, result);
  const pixels = (state.picture?.facts.width ?? 0) * (state.picture?.facts.height ?? 0);
  cells.time.textContent = result ? duration(result.durationMs) : '';
  cells.speed.textContent = result ? rate(pixels / result.durationMs / 1000) : '';
  cells.memory.textContent = result ? bytes(result.peakMemory) : '';
  cells.dimensions.textContent = result ? size(result) : '';
  cells.bytes.textContent = result ? `${bytes(result.size)} ${result.format.toUpperCase()}` : '';
  actions.download.hidden = at !== 'done';
  actions.stop.hidden = !active;
  actions.again.hidden = active;
}

/**
 * @param {string} id
 * @param {import('./state.mjs').Run | undefined} run
 */
function words(id, run) {
  if (run === undefined) return catalogueModel(id)?.installed === false ? 'Not installed' : 'Not run yet';
  if (run.state === 'running') return run.fraction > 0 ? `${Math.floor(run.fraction * 100)} %` : 'Starting';
  return (
    { queued: 'Waiting', done: 'Done', cancelled: 'Cancelled', failed: run.error?.message }[run.state] ?? ''
  );
}

/**
 * @param {string} id
 * @param {any} result
 */
function remarks(id, result) {
  const ran = id === 'default' && result?.model.replace('+', ' + ');
  const share = result?.guarded > 0 && `${(result.guarded * 100).toPrecision(2)} % replaced by the guard`;
  return [ran, share].filter(Boolean).join(', ');
}

/** @param {string} id */
async function download(id) {
  const { id: run, result } = state.runs[id];
  const { name, facts } = /** @type {import('./state.mjs').Picture} */ (state.picture);
  const response = await request(`runs/${run}/file`);
  const address = URL.createObjectURL(await response.blob());
  const file = outputName({
    picture: name,
    format: facts.format,
    alpha: facts.alpha,
    model: id,
    options: { format: result.format },
  });
  const link = h('a', { href: address, download: file });
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
