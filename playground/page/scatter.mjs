// @ts-check
import { h } from './dom.mjs';
import { duration } from './format.mjs';

/**
 * Quality against time, on a logarithmic axis: what is high and to the left is good. The table beside it says the same to
 * those who do not see it.
 *
 * @typedef {{ name: string, time: number, value: number, reference: boolean }} Point time in milliseconds
 */

const WIDTH = 460;
const HEIGHT = 260;
const LEFT = 52;
const RIGHT = 14;
const TOP = 14;
const BOTTOM = 40;

/**
 * @param {Point[]} points
 * @param {string} what the values are
 */
export function scatter(points, what) {
  if (points.length === 0) return '';
  const x = axis(
    points.map(({ time }) => Math.log10(Math.max(time, 0.1))),
    LEFT,
    WIDTH - RIGHT,
    0.35,
  );
  const y = axis(
    points.map(({ value }) => value),
    HEIGHT - BOTTOM,
    TOP,
    0,
  );
  const marks = points.map((point) =>
    mark(point, x.at(Math.log10(Math.max(point.time, 0.1))), y.at(point.value)),
  );
  separate(marks);
  return h(
    'svg',
    {
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
      class: 'scatter',
      role: 'img',
      'aria-label': `${what} against time for ${points.length} entries; the table has the figures`,
    },
    y.ticks.map((value) => [
      h('line', { x1: LEFT, x2: WIDTH - RIGHT, y1: y.at(value), y2: y.at(value), class: 'grid' }),
      h('text', { x: LEFT - 8, y: y.at(value) + 4, class: 'end' }, short(value, y.step)),
    ]),
    decades(x).map((power) => [
      h('line', { x1: x.at(power), x2: x.at(power), y1: TOP, y2: HEIGHT - BOTTOM, class: 'grid' }),
      h('text', { x: x.at(power), y: HEIGHT - BOTTOM + 16, class: 'middle' }, duration(10 ** power)),
    ]),
    h('text', { x: WIDTH - RIGHT, y: HEIGHT - 6, class: 'end title' }, 'time'),
    h('text', { x: LEFT, y: HEIGHT - 6, class: 'title' }, `↑ ${what}`),
    marks.map(({ dot, label }) => [dot, label]),
  );
}

/**
 * @param {number[]} values
 * @param {number} start on the screen
 * @param {number} end
 * @param {number} margin in units of the values
 */
function axis(values, start, end, margin) {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const spread = high - low || Math.abs(high) * 0.1 || 1;
  const pad = margin || spread * 0.15;
  const [from, to] = [low - pad, high + pad];
  const rough = (to - from) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= rough) ?? rough;
  const ticks = [];
  for (let tick = Math.ceil(from / step) * step; tick <= to + 1e-9; tick += step) ticks.push(tick);
  return {
    from,
    to,
    step,
    ticks,
    at: (/** @type {number} */ value) => start + ((value - from) / (to - from)) * (end - start),
  };
}

/** @param {{ from: number, to: number }} axis @returns {number[]} powers of ten, with halves where there are few */
function decades({ from, to }) {
  const whole = range(Math.ceil(from), to, 1);
  return whole.length >= 2 ? whole : range(Math.ceil(from * 3) / 3, to, 1 / 3);
}

/** @param {number} from @param {number} to @param {number} step */
function range(from, to, step) {
  return Array.from({ length: Math.max(Math.floor((to - from) / step) + 1, 0) }, (_, i) => from + i * step);
}

/** @param {number} value @param {number} step */
function short(value, step) {
  return value.toFixed(Math.max(0, -Math.floor(Math.log10(step))));
}

/**
 * @param {Point} point
 * @param {number} x
 * @param {number} y
 */
function mark({ name, reference }, x, y) {
  const right = x > WIDTH * 0.72;
  const dot = h('circle', { cx: x, cy: y, r: 5, class: reference ? 'reference' : 'point' });
  const label = h('text', { x: right ? x - 9 : x + 9, y: y + 4, class: right ? 'end name' : 'name' }, name);
  return { dot, label, y: y + 4 };
}

/** Moves labels apart that would lie on one another. @param {{ label: any, y: number }[]} marks */
function separate(marks) {
  const sorted = [...marks].sort((a, b) => a.y - b.y);
  for (let i = 1; i < sorted.length; i++) {
    sorted[i].y = Math.max(sorted[i].y, sorted[i - 1].y + 12);
    sorted[i].label.setAttribute('y', sorted[i].y);
  }
}
