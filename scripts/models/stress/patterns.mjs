/** Patterns of exact pixels: what photographs have in single spots, everywhere. */
import { paint, picture } from './picture.mjs';
import { random } from './random.mjs';

/** @typedef {import('./picture.mjs').Picture} Picture */

const SIDE = 96;

const CORNERS = [0, 255].flatMap((r) => [0, 255].flatMap((g) => [0, 255].map((b) => [r, g, b])));
const hex = (/** @type {readonly number[]} */ colour) =>
  colour.map((value) => value.toString(16).padStart(2, '0')).join('');

/**
 * @param {string} seed
 * @param {number} share of the colours of random patterns, 0..1
 * @returns {Picture[]}
 */
export function patterns(seed, share = 1) {
  const rng = random(`${seed} patterns`);
  const pairs = colourPairs(rng, Math.ceil(12 * share));
  return [
    ...pairs.flatMap((pair) => periodic(pair)),
    ...pairs.map(([a, b]) => spots(rng, a, b)),
    ...flats(rng, Math.ceil(6 * share)),
    ...gradients(rng, Math.ceil(8 * share)),
    ...noises(rng, Math.ceil(3 * share)),
    ...skies(rng, Math.ceil(4 * share)),
  ];
}

/** Black and white, then pairs of corners of the colour cube, then any. */
function colourPairs(rng, count) {
  const any = () => [rng.integer(0, 255), rng.integer(0, 255), rng.integer(0, 255)];
  const fixed = [
    [CORNERS[0], CORNERS[7]],
    [CORNERS[4], CORNERS[6]],
    [CORNERS[1], CORNERS[2]],
  ];
  const corners = Array.from({ length: Math.ceil(count / 2) }, () => [rng.pick(CORNERS), rng.pick(CORNERS)]);
  const pairs = [...fixed, ...corners.filter(([a, b]) => a !== b)];
  while (pairs.length < count) pairs.push([any(), any()]);
  return pairs.slice(0, Math.max(3, count));
}

/** Checkerboards, stripes, dots and grids of one to four pixels. */
function periodic([a, b]) {
  const rules = {
    'checker-1': (x, y) => (x + y) % 2,
    'checker-2': (x, y) => ((x >> 1) + (y >> 1)) % 2,
    'checker-8': (x, y) => ((x >> 3) + (y >> 3)) % 2,
    'columns-1': (x) => x % 2,
    'rows-1': (x, y) => y % 2,
    'columns-3': (x) => Number(x % 3 === 0),
    'diagonal-1': (x, y) => Number((x + y) % 4 === 0),
    'dots-4': (x, y) => Number(x % 4 === 0 && y % 4 === 0),
    'grid-8': (x, y) => Number(x % 8 === 0 || y % 8 === 0),
    rings: (x, y) => Number(Math.cos(((x - SIDE / 2) ** 2 + (y - SIDE / 2) ** 2) / 40) > 0),
  };
  return Object.entries(rules).map(([name, rule]) =>
    picture(
      'pattern',
      `${name}-${hex(a)}-${hex(b)}`,
      paint(SIDE, SIDE, (x, y) => (rule(x, y) ? a : b)),
    ),
  );
}

/** Single pixels, pairs, short lines and squares, far enough apart that each is alone. */
function spots(rng, a, b) {
  const cell = 16;
  const shapes = [
    [[0, 0]],
    [
      [0, 0],
      [1, 0],
    ],
    [
      [0, 0],
      [0, 1],
    ],
    [
      [0, 0],
      [1, 1],
    ],
    Array.from({ length: 4 }, (_, i) => [i % 2, i >> 1]),
    Array.from({ length: 9 }, (_, i) => [i % 3, Math.floor(i / 3)]),
    Array.from({ length: 8 }, (_, i) => [i, 0]),
  ];
  const lit = new Set();
  for (let cy = 0; cy < SIDE / cell; cy++) {
    for (let cx = 0; cx < SIDE / cell; cx++) {
      const [left, top] = [cx * cell + rng.integer(1, 6), cy * cell + rng.integer(1, 6)];
      for (const [x, y] of rng.pick(shapes)) lit.add((top + y) * SIDE + left + x);
    }
  }
  const pixels = paint(SIDE, SIDE, (x, y) => (lit.has(y * SIDE + x) ? a : b));
  return picture('spots', `${hex(a)}-on-${hex(b)}`, pixels);
}

/** Saturated areas that meet: rectangles of random colours, and one colour alone. */
function flats(rng, count) {
  const made = [];
  for (let n = 0; n < count; n++) {
    const areas = Array.from({ length: 24 }, () => ({
      left: rng.integer(-10, SIDE),
      top: rng.integer(-10, SIDE),
      width: rng.integer(1, 40),
      height: rng.integer(1, 40),
      colour: rng.next() < 0.7 ? rng.pick(CORNERS) : [rng.integer(0, 255), rng.integer(0, 255), 0],
    }));
    const at = (x, y) => {
      const inside = areas.findLast(
        (area) => x >= area.left && x < area.left + area.width && y >= area.top && y < area.top + area.height,
      );
      return inside ? inside.colour : CORNERS[7];
    };
    made.push(picture('flat', `areas-${n}`, paint(SIDE, SIDE, at)));
  }
  for (const colour of CORNERS) {
    made.push(
      picture(
        'flat',
        `plain-${hex(colour)}`,
        paint(32, 32, () => colour),
      ),
    );
  }
  return made;
}

function gradients(rng, count) {
  return Array.from({ length: count }, (_, n) => {
    const [a, b] = [rng.pick(CORNERS), rng.pick(CORNERS)];
    const angle = rng.between(0, 2 * Math.PI);
    const rule =
      n % 3 === 2
        ? (x, y) => Math.min(1, Math.hypot(x - SIDE / 2, y - SIDE / 2) / SIDE)
        : (x, y) => 0.5 + (Math.cos(angle) * (x - SIDE / 2) + Math.sin(angle) * (y - SIDE / 2)) / SIDE;
    const mix = (t) => a.map((value, c) => value + (b[c] - value) * Math.min(1, Math.max(0, t)));
    return picture(
      'gradient',
      `${n}-${hex(a)}-${hex(b)}`,
      paint(SIDE, SIDE, (x, y) => mix(rule(x, y))),
    );
  });
}

function noises(rng, count) {
  const rules = {
    uniform: () => [0, 1, 2].map(() => rng.integer(0, 255)),
    grey: () => Array(3).fill(rng.integer(0, 255)),
    black_white: () => Array(3).fill(rng.next() < 0.5 ? 0 : 255),
    corners: () => rng.pick(CORNERS),
    faint: () => [0, 1, 2].map(() => 128 + 12 * rng.normal()),
    dark: () => [0, 1, 2].map(() => 6 * Math.abs(rng.normal())),
    pepper: () => (rng.next() < 0.05 ? rng.pick([CORNERS[0], CORNERS[7]]) : [120, 140, 160]),
  };
  return Object.entries(rules).flatMap(([name, rule]) =>
    Array.from({ length: count }, (_, n) => picture('noise', `${name}-${n}`, paint(SIDE, SIDE, rule))),
  );
}

/** Stars on a dark sky, and hot pixels of a sensor on a smooth ground. */
function skies(rng, count) {
  return Array.from({ length: count }, (_, n) => {
    const stars = Array.from({ length: rng.integer(20, 120) }, () => ({
      x: rng.between(0, SIDE),
      y: rng.between(0, SIDE),
      size: rng.between(0.2, 1.2),
      light: 40 + 400 * rng.next() ** 3,
      tint: [rng.between(0.6, 1), rng.between(0.7, 1), rng.between(0.6, 1)],
    }));
    const sky = (x, y) => {
      const glow = stars.map((star) => {
        const far = ((x - star.x) ** 2 + (y - star.y) ** 2) / (2 * star.size ** 2);
        return far > 20 ? 0 : star.light * Math.exp(-far);
      });
      const ground = 4 + 3 * rng.normal();
      return [0, 1, 2].map((c) => glow.reduce((sum, light, i) => sum + light * stars[i].tint[c], ground));
    };
    const hot = new Map(stars.map(({ x, y }) => [Math.floor(y) * SIDE + Math.floor(x), rng.pick(CORNERS)]));
    const level = rng.integer(0, 200);
    const sensor = (x, y) =>
      hot.get(y * SIDE + x) ?? [level + x / 4, level + y / 4, level + 3 * rng.normal()];
    return [
      picture('sky', `stars-${n}`, paint(SIDE, SIDE, sky)),
      picture('sky', `hot-pixels-${n}`, paint(SIDE, SIDE, sensor)),
    ];
  }).flat();
}
