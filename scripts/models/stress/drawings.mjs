/** Line art, logos, maps and diagrams, drawn from random numbers as SVG. */
import { drawn, picture } from './picture.mjs';
import { random } from './random.mjs';

/**
 * @typedef {import('./picture.mjs').Picture} Picture
 * @typedef {import('./random.mjs').Random} Random
 */

const SIDE = 160;
const VIVID = [
  '#ff0000',
  '#00ff00',
  '#0000ff',
  '#ffff00',
  '#ff00ff',
  '#00ffff',
  '#ff7f00',
  '#e4002b',
  '#0057b8',
];
const CALM = [
  '#ffffff',
  '#000000',
  '#f4f1ea',
  '#222222',
  '#c0d8e8',
  '#8fbf6a',
  '#e8e0c8',
  '#d9534f',
  '#336699',
];

/**
 * @param {string} seed
 * @param {number} count of each kind
 * @returns {Promise<Picture[]>}
 */
export async function drawings(seed, count) {
  const rng = random(`${seed} drawings`);
  const kinds = { 'line-art': lineArt, logo, map, diagram };
  const made = [];
  for (const [kind, draw] of Object.entries(kinds)) {
    for (let n = 0; n < count; n++) {
      const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${SIDE}" height="${SIDE}">${draw(rng)}</svg>`;
      made.push(picture(kind, `${n}`, await drawn(svg)));
    }
  }
  return made;
}

const ground = (/** @type {string} */ colour) => `<rect width="100%" height="100%" fill="${colour}"/>`;
const point = (/** @type {Random} */ rng) => `${rng.integer(-8, SIDE + 8)},${rng.integer(-8, SIDE + 8)}`;
const times = (/** @type {number} */ count, /** @type {() => string} */ make) =>
  Array.from({ length: count }, make).join('');

/** @param {Random} rng */
function lineArt(rng) {
  const [paper, ink] = rng.pick([
    ['#ffffff', '#000000'],
    ['#000000', '#ffffff'],
    ['#fdf6e3', '#3b2f2f'],
    ['#ffff00', '#ff0000'],
    ['#0000ff', '#ffffff'],
  ]);
  const crisp = rng.next() < 0.4 ? ' shape-rendering="crispEdges"' : '';
  const curve = () =>
    `<path d="M${point(rng)} C${point(rng)} ${point(rng)} ${point(rng)}" stroke-width="${rng.between(0.5, 3)}"/>`;
  const hatch = () => {
    const [x, y, step] = [rng.integer(0, SIDE), rng.integer(0, SIDE), rng.pick([2, 3, 4])];
    const strokes = Array.from({ length: 12 }, (_, i) => `M${x + i * step},${y} l18,24`);
    return `<path stroke-width="1" d="${strokes.join(' ')}"/>`;
  };
  const circle = () =>
    `<circle cx="${rng.integer(0, SIDE)}" cy="${rng.integer(0, SIDE)}" r="${rng.integer(2, 40)}"/>`;
  return `${ground(paper)}<g fill="none" stroke="${ink}"${crisp}>${times(14, curve)}${times(3, hatch)}${times(5, circle)}</g>`;
}

/** @param {Random} rng */
function logo(rng) {
  const colours = rng.next() < 0.8 ? VIVID : CALM;
  const shape = () => {
    const fill = rng.pick(colours);
    const [x, y, size] = [rng.integer(0, SIDE), rng.integer(0, SIDE), rng.integer(8, 70)];
    return rng.pick([
      `<circle cx="${x}" cy="${y}" r="${size / 2}" fill="${fill}"/>`,
      `<rect x="${x - size / 2}" y="${y - size / 2}" width="${size}" height="${size}" rx="${rng.pick([0, 4, 12])}" fill="${fill}"/>`,
      `<polygon points="${point(rng)} ${point(rng)} ${point(rng)}" fill="${fill}"/>`,
      `<path d="M${x},${y} l${size},0 l-${size / 2},${size} z" fill="none" stroke="${fill}" stroke-width="${rng.pick([1, 3, 8])}"/>`,
    ]);
  };
  const word = `<text x="50%" y="${rng.integer(60, 130)}" text-anchor="middle" font-family="sans-serif" font-weight="bold" font-size="${rng.integer(16, 44)}" fill="${rng.pick(colours)}">${rng.pick(['Nova', 'ACME', 'kite', 'OK!', '24/7', 'Ümlaut'])}</text>`;
  return `${ground(rng.pick([...colours, '#ffffff', '#000000']))}${times(7, shape)}${word}`;
}

/** @param {Random} rng */
function map(rng) {
  const land = () =>
    `<polygon points="${times(5, () => `${point(rng)} `)}" fill="${rng.pick(['#cdebb0', '#aad3df', '#f2efe9', '#e0dfdf', '#add19e', '#f7ecd5'])}" stroke="#b3a99a" stroke-width="0.7"/>`;
  const road = () => {
    const path = `M${point(rng)} Q${point(rng)} ${point(rng)}`;
    const [casing, fill, width] = rng.pick([
      ['#bb6600', '#fcd6a4', 5],
      ['#dc2a67', '#e892a2', 6],
      ['#999999', '#ffffff', 3],
      ['#707d05', '#f7fabf', 4],
    ]);
    return `<path d="${path}" fill="none" stroke="${casing}" stroke-width="${width}"/><path d="${path}" fill="none" stroke="${fill}" stroke-width="${width - 1.4}"/>`;
  };
  const rail = () =>
    `<path d="M${point(rng)} L${point(rng)}" fill="none" stroke="#333333" stroke-width="1.5" stroke-dasharray="4 3"/>`;
  const label = () =>
    `<text x="${rng.integer(0, SIDE - 40)}" y="${rng.integer(8, SIDE)}" font-family="sans-serif" font-size="${rng.integer(7, 12)}" fill="#222222" stroke="#ffffff" stroke-width="1.6" paint-order="stroke">${rng.pick(['High St', 'Lake', 'Station', 'A 27', 'Mill Lane', 'Nordhang'])}</text>`;
  return `${ground('#f2efe9')}${times(5, land)}${times(7, road)}${times(2, rail)}${times(6, label)}`;
}

/** @param {Random} rng */
function diagram(rng) {
  const bars = Array.from({ length: 8 }, (_, i) => {
    const height = rng.integer(5, 110);
    return `<rect x="${14 + i * 18}" y="${140 - height}" width="12" height="${height}" fill="${rng.pick(VIVID)}" stroke="#000000" stroke-width="${rng.pick([0, 1])}"/>`;
  }).join('');
  const rules = Array.from(
    { length: 6 },
    (_, i) => `<path d="M10,${20 + i * 20}.5 H155" stroke="#d0d0d0" stroke-width="1"/>`,
  ).join('');
  const line = `<polyline points="${Array.from({ length: 9 }, (_, i) => `${14 + i * 17},${rng.integer(15, 135)}`).join(' ')}" fill="none" stroke="${rng.pick(VIVID)}" stroke-width="1.5"/>`;
  const ticks = Array.from(
    { length: 8 },
    (_, i) =>
      `<text x="${15 + i * 18}" y="152" font-family="sans-serif" font-size="7">${rng.integer(1, 999)}</text>`,
  ).join('');
  return `${ground('#ffffff')}${rules}${bars}${line}<path d="M10,10 V140 H155" fill="none" stroke="#000000"/>${ticks}`;
}
