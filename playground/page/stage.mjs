// @ts-check
import { byId, h } from './dom.mjs';
import { paint } from './painter.mjs';
import { REFERENCES, state, titleOf, update, factorOf, watch } from './state.mjs';
import { onTiles } from './tiles.mjs';
import { fitted, limited, zoomed } from './view.mjs';

/**
 * The stage: one canvas as large as it looks, with one, two or several panes that all show the same part of the picture.
 *
 * @typedef {import('./painter.mjs').Rect} Rect
 * @typedef {{ rect: Rect, id: string }} Pane
 */

/** Panes side by side; more would be too small to see anything. */
const MOST_PANES = 6;

/** Pixels of a result are smoothed until they are this large on the screen; then they are squares. */
const SQUARES = 3;

/** What the server enlarges by a filter at most. */
const LARGEST_FACTOR = 16;

/** A picture that nearly fits at one pixel to one is shown so. */
const NEARLY = 1.5;

/** @type {import('./view.mjs').View | null} `null`: all of the picture */
let view = null;
/** Where the divider is, 0 at the left edge, 1 at the right. */
let divider = 0.5;
/** Differences are shown 2 to the power of this as large. */
let gain = 2;

const canvas = byId('canvas');
const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
/** For the two sides of a difference. */
const layers = [document.createElement('canvas'), document.createElement('canvas')];
let scheduled = false;

export function startStage() {
  new ResizeObserver(resize).observe(byId('stage'));
  onTiles(draw);
  watch(['picture'], () => fit());
  watch(['mode', 'a', 'b', 'runs', 'chosen', 'options'], draw);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw);
}

/** Draws when the screen is next refreshed. */
export function draw() {
  if (scheduled) return;
  scheduled = true;
  requestAnimationFrame(() => {
    scheduled = false;
    drawNow();
  });
}

export function fit() {
  view = null;
  draw();
}

/** One pixel of the largest result for each of the screen. */
export function oneToOne() {
  if (state.picture) setZoom(largestFactor());
}

/**
 * @param {number} zoom
 * @param {{ x: number, y: number }} [at] point of the picture
 */
export function setZoom(zoom, at) {
  moveTo(zoomed(currentView(), zoom, at));
}

/** @param {number} ratio @param {{ x: number, y: number }} [at] */
export function zoomBy(ratio, at) {
  setZoom(currentView().zoom * ratio, at);
}

/** @param {number} x in pixels of the screen @param {number} y */
export function panBy(x, y) {
  const { zoom, ...from } = currentView();
  moveTo({ x: from.x - x / zoom, y: from.y - y / zoom, zoom });
}

/** @param {number} position 0..1 */
export function setDivider(position) {
  divider = Math.min(Math.max(position, 0), 1);
  draw();
}

/** @param {number} power of two */
export function setGain(power) {
  gain = power;
  draw();
}

export function dividerPosition() {
  return divider;
}

/** The picture's point under a place of the stage. @param {number} x in pixels of the screen @param {number} y */
export function pointAt(x, y) {
  const { rect } = panes().find(({ rect: r }) => x < r.x + r.width && y < r.y + r.height) ?? panes()[0];
  const { zoom, ...centre } = currentView();
  return {
    x: centre.x + (x - rect.x - rect.width / 2) / zoom,
    y: centre.y + (y - rect.y - rect.height / 2) / zoom,
  };
}

/** @returns {import('./view.mjs').View} */
export function currentView() {
  const size = state.picture?.facts ?? { width: 1, height: 1 };
  if (view !== null) return view;
  const all = fitted(size, panes()[0].rect);
  const actual = largestFactor();
  return all.zoom >= actual && all.zoom < actual * NEARLY ? { ...all, zoom: actual } : all;
}

/** @param {import('./view.mjs').View} next */
function moveTo(next) {
  if (!state.picture) return;
  view = limited(next, state.picture.facts, panes()[0].rect);
  draw();
}

/** What can be looked at: what is always there, and the models that are chosen. */
export function sources() {
  return [...REFERENCES, ...state.chosen];
}

/** How many times as large as the picture the largest result is. */
function largestFactor() {
  return Math.max(1, ...state.chosen.map(factorOf));
}

/** @returns {Pane[]} */
function panes() {
  const whole = { x: 0, y: 0, width: canvas.width || 1, height: canvas.height || 1 };
  if (state.mode !== 'side') return [{ rect: whole, id: state.b }];
  const ids = [...new Set([state.a, ...state.chosen])].slice(0, MOST_PANES);
  const columns = bestColumns(ids.length, whole);
  const rows = Math.ceil(ids.length / columns);
  const gap = Math.round(2 * devicePixelRatio);
  const [width, height] = [
    (whole.width - gap * (columns - 1)) / columns,
    (whole.height - gap * (rows - 1)) / rows,
  ].map(Math.floor);
  return ids.map((id, i) => ({
    id,
    rect: { x: (i % columns) * (width + gap), y: Math.floor(i / columns) * (height + gap), width, height },
  }));
}

/**
 * The number of columns with which the picture is largest.
 *
 * @param {number} count
 * @param {{ width: number, height: number }} whole
 */
function bestColumns(count, whole) {
  const { width, height } = state.picture?.facts ?? { width: 1, height: 1 };
  const zoom = (/** @type {number} */ columns) =>
    Math.min(whole.width / columns / width, whole.height / Math.ceil(count / columns) / height);
  return Array.from({ length: count }, (_, i) => i + 1).reduce(
    (best, n) => (zoom(n) > zoom(best) ? n : best),
    1,
  );
}

function resize() {
  const { clientWidth, clientHeight } = byId('stage');
  canvas.width = Math.round(clientWidth * devicePixelRatio);
  canvas.height = Math.round(clientHeight * devicePixelRatio);
  drawNow();
}

function drawNow() {
  const { picture, mode } = state;
  context.clearRect(0, 0, canvas.width, canvas.height);
  if (picture === null) return;
  if (mode === 'difference') drawDifference();
  else if (mode === 'divider') drawDivided();
  else for (const { id, rect } of panes()) drawPane(context, id, rect);
  showLabels();
  showZoom();
  showDivider();
}

function drawDivided() {
  const { width, height } = canvas;
  const split = Math.round(divider * width);
  for (const [id, x, w] of /** @type {const} */ ([
    [state.a, 0, split],
    [state.b, split, width - split],
  ])) {
    context.save();
    context.beginPath();
    context.rect(x, 0, w, height);
    context.clip();
    drawPane(context, id, { x: 0, y: 0, width, height });
    context.restore();
  }
}

function drawDifference() {
  const { width, height } = canvas;
  const [left, right] = layers.map((layer, i) => {
    [layer.width, layer.height] = [width, height];
    const own = /** @type {CanvasRenderingContext2D} */ (layer.getContext('2d'));
    drawPane(own, i === 0 ? state.a : state.b, { x: 0, y: 0, width, height });
    return own;
  });
  left.globalCompositeOperation = 'difference';
  left.drawImage(right.canvas, 0, 0);
  left.globalCompositeOperation = 'lighter';
  for (let i = 0; i < gain; i++) left.drawImage(left.canvas, 0, 0);
  context.drawImage(left.canvas, 0, 0);
}

/**
 * @param {CanvasRenderingContext2D} target
 * @param {string} id
 * @param {Rect} rect
 */
function drawPane(target, id, rect) {
  const picture = /** @type {import('./state.mjs').Picture} */ (state.picture);
  const ground = picture.facts.alpha ? checks() : null;
  paint(target, rect, currentView(), picture.facts, {
    surfaces: surfacesOf(id, picture),
    ground,
    squares: id === 'original' ? 1 : SQUARES,
  });
}

/** What transparency is shown on, in the colours of the page. */
function checks() {
  const side = Math.round(10 * devicePixelRatio);
  const tile = document.createElement('canvas');
  tile.width = tile.height = 2 * side;
  const own = /** @type {CanvasRenderingContext2D} */ (tile.getContext('2d'));
  const colours = getComputedStyle(document.documentElement);
  own.fillStyle = colours.getPropertyValue('--check-1');
  own.fillRect(0, 0, 2 * side, 2 * side);
  own.fillStyle = colours.getPropertyValue('--check-2');
  own.fillRect(0, 0, side, side);
  own.fillRect(side, side, side, side);
  return context.createPattern(tile, 'repeat');
}

/**
 * @param {string} id
 * @param {import('./state.mjs').Picture} picture
 * @returns {import('./tiles.mjs').Surface[]}
 */
function surfacesOf(id, { id: picture, facts }) {
  const original = { id: picture, width: facts.width, height: facts.height };
  if (id === 'original') return [original];
  const isFilter = REFERENCES.includes(id);
  const { surface, state: at } = state.runs[id] ?? {};
  const wanted = isFilter ? resampled(original, id) : surface;
  if (wanted === undefined) return [{ ...original, faint: true }];
  // While a model runs, what is not done is faint, so that tiles are seen to come.
  if (!isFilter && at !== 'done') return [{ ...original, faint: true }, wanted];
  // Until all of it is loaded, the original is seen below; through a transparent result it would shine.
  return facts.alpha ? [wanted] : [original, wanted];
}

/**
 * The original by a filter: as large as the largest result, or half as large as often as that is still more than what
 * is seen.
 *
 * @param {import('./tiles.mjs').Surface} original
 * @param {string} filter
 */
function resampled({ id, width, height }, filter) {
  const { zoom } = currentView();
  if (zoom < 1) return { id, width, height };
  let factor = Math.min(largestFactor(), LARGEST_FACTOR);
  while (factor / 2 >= zoom) factor /= 2;
  const [w, h] = [width, height].map((side) => Math.round(side * factor));
  return { id: `${id}.${filter}.${w}x${h}`, width: w, height: h, levels: 1 };
}

function showLabels() {
  const ratio = devicePixelRatio;
  const labels =
    state.mode === 'side'
      ? panes().map(({ id, rect }) => label(titleOf(id), rect.x / ratio, rect.y / ratio, stateOf(id)))
      : state.mode === 'divider'
        ? [
            label(titleOf(state.a), 0, 0, stateOf(state.a)),
            label(titleOf(state.b), null, 0, stateOf(state.b)),
          ]
        : [label(`${titleOf(state.a)} − ${titleOf(state.b)}, × ${2 ** gain}`, 0, 0, '')];
  byId('labels').replaceChildren(...labels);
}

/**
 * @param {string} text
 * @param {number | null} left `null`: at the right edge
 * @param {number} top
 * @param {string} note
 */
function label(text, left, top, note) {
  const element = h('span', { class: 'stage-label' }, text, note && h('small', {}, note));
  element.style.top = `${top}px`;
  if (left === null) element.style.right = '0';
  else element.style.left = `${left}px`;
  return element;
}

/** @param {string} id */
function stateOf(id) {
  const run = state.runs[id];
  if (REFERENCES.includes(id)) return '';
  if (run === undefined) return 'not run';
  if (run.state === 'running') return `${Math.floor(run.fraction * 100)} %`;
  return run.state === 'done' ? `${run.result.width} × ${run.result.height}` : run.state;
}

function showZoom() {
  byId('zoom').textContent = `${Math.round((currentView().zoom / largestFactor()) * 100)} %`;
}

function showDivider() {
  const handle = byId('divider');
  handle.hidden = state.mode !== 'divider';
  handle.style.left = `${divider * 100}%`;
  handle.setAttribute('aria-valuenow', String(Math.round(divider * 100)));
  handle.setAttribute('aria-valuetext', `${Math.round(divider * 100)} % ${titleOf(state.a)}`);
}

/** @param {'divider' | 'side' | 'difference'} mode */
export function setMode(mode) {
  update({ mode });
}
