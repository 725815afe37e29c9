// @ts-check
import { byId } from './dom.mjs';
import {
  currentView,
  dividerPosition,
  fit,
  oneToOne,
  panBy,
  pointAt,
  setDivider,
  setZoom,
  zoomBy,
} from './stage.mjs';

/** Mouse, touch, pen, wheel and keys on the stage. */

/** What one notch of a wheel, of about 100 pixels, zooms by is e to the power of this. */
const WHEEL = 0.002;
const KEY_ZOOM = 1.4;
/** Pixels of the screen that an arrow key moves by. */
const KEY_PAN = 60;
const DIVIDER_STEP = 0.02;

/** Fingers and buttons that are down. @type {Map<number, { x: number, y: number }>} */
const pointers = new Map();

export function startGestures() {
  const stage = byId('stage');
  const canvas = byId('canvas');
  canvas.addEventListener('pointerdown', press);
  canvas.addEventListener('pointermove', move);
  for (const end of ['pointerup', 'pointercancel']) canvas.addEventListener(end, release);
  canvas.addEventListener('dblclick', (/** @type {MouseEvent} */ event) => toggleZoom(place(event)));
  stage.addEventListener('wheel', turn, { passive: false });
  canvas.addEventListener('keydown', onKey);
  startDivider(stage);
}

/** @param {{ clientX: number, clientY: number }} event @returns {{ x: number, y: number }} in pixels of the screen */
function place({ clientX, clientY }) {
  const { left, top } = byId('canvas').getBoundingClientRect();
  return { x: (clientX - left) * devicePixelRatio, y: (clientY - top) * devicePixelRatio };
}

/** @param {PointerEvent} event */
function press(event) {
  if (event.button !== 0) return;
  byId('canvas').setPointerCapture(event.pointerId);
  pointers.set(event.pointerId, place(event));
}

/** @param {PointerEvent} event */
function move(event) {
  const before = pointers.get(event.pointerId);
  if (before === undefined) return;
  const now = place(event);
  const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1];
  pointers.set(event.pointerId, now);
  if (other === undefined) return panBy(now.x - before.x, now.y - before.y);
  // Two fingers: half of what each moves, moves the picture; their distance is its size.
  panBy((now.x - before.x) / 2, (now.y - before.y) / 2);
  const distance = (/** @type {{ x: number, y: number }} */ p) => Math.hypot(p.x - other.x, p.y - other.y);
  const middle = pointAt((now.x + other.x) / 2, (now.y + other.y) / 2);
  if (distance(before) > 0) zoomBy(distance(now) / distance(before), middle);
}

/** @param {PointerEvent} event */
function release(event) {
  pointers.delete(event.pointerId);
}

/** @param {WheelEvent} event */
function turn(event) {
  event.preventDefault();
  const { x, y } = place(event);
  const pixels = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? event.deltaY * 33 : event.deltaY;
  // A pinch on a touchpad comes as a wheel with Ctrl, in smaller steps.
  zoomBy(Math.exp(-pixels * WHEEL * (event.ctrlKey ? 5 : 1)), pointAt(x, y));
}

/** @param {{ x: number, y: number }} at */
function toggleZoom({ x, y }) {
  const point = pointAt(x, y);
  const before = currentView().zoom;
  oneToOne();
  if (Math.abs(currentView().zoom - before) < 1e-6) fit();
  else setZoom(currentView().zoom, point);
}

const KEYS = /** @type {Record<string, () => void>} */ ({
  ArrowLeft: () => panBy(KEY_PAN, 0),
  ArrowRight: () => panBy(-KEY_PAN, 0),
  ArrowUp: () => panBy(0, KEY_PAN),
  ArrowDown: () => panBy(0, -KEY_PAN),
  '+': () => zoomBy(KEY_ZOOM),
  '=': () => zoomBy(KEY_ZOOM),
  '-': () => zoomBy(1 / KEY_ZOOM),
  0: fit,
  1: oneToOne,
  '[': () => setDivider(dividerPosition() - DIVIDER_STEP),
  ']': () => setDivider(dividerPosition() + DIVIDER_STEP),
});

/** @param {KeyboardEvent} event */
function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const action = KEYS[event.key];
  if (action === undefined) return;
  event.preventDefault();
  action();
}

/** @param {HTMLElement} stage */
function startDivider(stage) {
  const handle = byId('divider');
  const follow = (/** @type {PointerEvent} */ event) => {
    const { left, width } = stage.getBoundingClientRect();
    setDivider((event.clientX - left) / width);
  };
  handle.addEventListener('pointerdown', (/** @type {PointerEvent} */ event) => {
    handle.setPointerCapture(event.pointerId);
    handle.addEventListener('pointermove', follow);
  });
  for (const end of ['pointerup', 'pointercancel']) {
    handle.addEventListener(end, () => handle.removeEventListener('pointermove', follow));
  }
  const moves = /** @type {Record<string, () => number>} */ ({
    ArrowLeft: () => dividerPosition() - DIVIDER_STEP,
    ArrowDown: () => dividerPosition() - DIVIDER_STEP,
    ArrowRight: () => dividerPosition() + DIVIDER_STEP,
    ArrowUp: () => dividerPosition() + DIVIDER_STEP,
    PageDown: () => dividerPosition() - 0.1,
    PageUp: () => dividerPosition() + 0.1,
    Home: () => 0,
    End: () => 1,
  });
  handle.addEventListener('keydown', (/** @type {KeyboardEvent} */ event) => {
    const next = moves[event.key]?.();
    if (next === undefined) return;
    event.preventDefault();
    setDivider(next);
  });
}
