// @ts-check
import { lines } from './api.mjs';
import { announce, byId, h } from './dom.mjs';
import { bytes, duration, size } from './format.mjs';
import { scatter } from './scatter.mjs';
import { modelFor } from './session.mjs';
import { REFERENCES, state, titleOf, watch } from './state.mjs';

/** The picture as ground truth: how near each chosen model comes to it after it was made smaller. */

/** @type {AbortController | null} */
let running = null;
/** @type {any[]} */
let rows = [];

const COLUMNS = /** @type {const} */ (['psnr', 'ssim', 'haarPsi']);

export function startMeasurePanel() {
  const form = byId('measure-form');
  form.addEventListener('submit', (/** @type {Event} */ event) => {
    event.preventDefault();
    if (running) running.abort();
    else void measure();
  });
  byId('measure-compress').addEventListener('change', showCompression);
  byId('measure-quality').addEventListener('input', showCompression);
  byId('measure-axis').addEventListener('change', show);
  watch(['picture'], () => {
    running?.abort();
    rows = [];
    byId('measure-note').textContent = '';
    show();
  });
  watch(['chosen', 'picture'], showButton);
  showCompression();
}

function showCompression() {
  byId('measure-quality-field').hidden = !byId('measure-compress').checked;
  byId('measure-quality-value').textContent = byId('measure-quality').value;
}

function showButton() {
  byId('measure-start').disabled = state.picture === null || (state.chosen.length === 0 && running === null);
  byId('measure-start').textContent = running
    ? 'Stop'
    : `Measure ${state.chosen.length} ${state.chosen.length === 1 ? 'model' : 'models'}`;
}

async function measure() {
  running = new AbortController();
  rows = [];
  show();
  showButton();
  byId('measure-note').className = 'muted';
  byId('measure-note').textContent = 'Waiting for running models …';
  const body = {
    picture: state.picture?.id,
    scale: Number(byId('measure-scale').value),
    quality: byId('measure-compress').checked ? Number(byId('measure-quality').value) : undefined,
    models: state.chosen.map(modelFor),
  };
  try {
    await lines('measure', hear, { method: 'POST', body, signal: running.signal });
  } catch (/** @type {any} */ error) {
    if (!running.signal.aborted) fail(error.message);
  }
  if (running.signal.aborted) byId('measure-note').textContent = 'Stopped.';
  running = null;
  showButton();
}

/** @param {any} event */
function hear(event) {
  const { type } = event;
  if (type === 'truth') {
    byId('measure-note').textContent =
      `${event.cropped ? 'The middle of the picture, ' : ''}${size(event)}, made ${size(event.reduced)} by a bicubic filter (${bytes(event.reduced.bytes)}).`;
  } else if (type === 'started') {
    rows = [...rows, { id: event.id, busy: true }];
  } else if (type === 'row') {
    rows = [...rows.filter(({ id }) => id !== event.id), event];
  } else if (type === 'done') announce('The measurement is done');
  else if (type === 'error') fail(event.message);
  show();
}

/** @param {string} message */
function fail(message) {
  byId('measure-note').className = 'problem';
  byId('measure-note').textContent = message;
  announce(message);
}

function show() {
  const best = Object.fromEntries(
    COLUMNS.map((column) => [column, Math.max(...rows.map((row) => row[column] ?? -Infinity))]),
  );
  byId('measure-rows').replaceChildren(...rows.map((row) => tableRow(row, best)));
  byId('measure-result').hidden = rows.length === 0;
  const column = byId('measure-axis').value;
  const points = rows
    .filter((row) => Number.isFinite(row[column]))
    .map((row) => ({
      name: titleOf(row.id),
      time: row.durationMs,
      value: row[column],
      reference: REFERENCES.includes(row.id),
    }));
  byId('scatter').replaceChildren(scatter(points, byId('measure-axis').selectedOptions[0].textContent));
}

/**
 * @param {any} row
 * @param {Record<string, number>} best
 */
function tableRow(row, best) {
  const name = h(
    'th',
    { scope: 'row' },
    titleOf(row.id),
    row.ran && row.ran !== row.id ? h('small', { class: 'muted' }, row.ran.replace('+', ' + ')) : '',
  );
  if (row.busy)
    return h(
      'tr',
      {},
      name,
      h('td', { colspan: 4 }, h('span', { class: 'spinner', 'aria-hidden': 'true' }), ' Running'),
    );
  if (row.error) return h('tr', {}, name, h('td', { colspan: 4, class: 'problem' }, row.error.message));
  const digits = { psnr: 2, ssim: 4, haarPsi: 4 };
  return h(
    'tr',
    {},
    name,
    COLUMNS.map((column) =>
      h(
        'td',
        { class: row[column] === best[column] ? 'best' : '' },
        row[column] === null ? '∞' : row[column].toFixed(digits[column]),
      ),
    ),
    h('td', {}, duration(row.durationMs)),
  );
}
