/** Text in many fonts, sizes and colours. */
import { drawn, picture } from './picture.mjs';
import { random } from './random.mjs';

/** @typedef {import('./picture.mjs').Picture} Picture */

const [WIDTH, HEIGHT] = [224, 72];

const SENTENCES = [
  'The quick brown fox jumps over the lazy dog. 0123456789',
  'Sphinx of black quartz, judge my vow! (42 %) €19.99 @home',
  'Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich',
  'if (a[i] != b->c) { return f(&x, ~y) >> 3; } // {#} <tag/>',
  'Invoice No. 20394-B, Total: 1,284.50 USD, due 2024-02-29',
  'Portez ce vieux whisky au juge blond qui fume; ŁÓDŹ, Čeština',
  'Съешь ещё этих мягких французских булок, да выпей чаю',
  'Ξεσκεπάζω την ψυχοφθόρα βδελυγμία 3.14159265',
];

/** Ink and paper. */
const COLOURS = [
  ['#000000', '#ffffff'],
  ['#ffffff', '#000000'],
  ['#333333', '#f5f5f5'],
  ['#0000ee', '#ffffff'],
  ['#ff0000', '#ffff00'],
  ['#ffff00', '#ff0000'],
  ['#00ff00', '#000000'],
  ['#ffffff', '#ff0000'],
  ['#ff00ff', '#00ffff'],
  ['#d4d4d4', '#1e1e1e'],
  ['#ffffff', '#0057b8'],
  ['#777777', '#888888'],
];

/**
 * @param {string} seed
 * @param {string[]} families names that fontconfig knows
 * @param {number} count of pictures of each family
 * @returns {Promise<Picture[]>}
 */
export async function texts(seed, families, count) {
  const rng = random(`${seed} text`);
  const made = [];
  for (const family of families) {
    for (let n = 0; n < count; n++) {
      const size = rng.pick([8, 9, 10, 11, 12, 13, 14, 16, 18, 22, 28, 36]);
      const [ink, paper] = rng.next() < 0.3 ? COLOURS[0] : rng.pick(COLOURS);
      const style = `font-size="${size}" font-weight="${rng.pick(['normal', 'bold'])}" font-style="${rng.pick(['normal', 'normal', 'italic'])}"`;
      const rows = Math.floor(HEIGHT / (size * 1.2));
      const lines = Array.from({ length: Math.max(1, rows) }, (_, row) => {
        const words = rng.pick(SENTENCES).replace(/[&<>]/g, (char) => `&#${char.charCodeAt(0)};`);
        const x = rng.between(-20, 6).toFixed(2);
        return `<text x="${x}" y="${((row + 0.9) * size * 1.2).toFixed(2)}" xml:space="preserve">${words}</text>`;
      });
      const svg =
        `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}"><rect width="100%" height="100%" fill="${paper}"/>` +
        `<g font-family="${family}" ${style} fill="${ink}">${lines.join('')}</g></svg>`;
      const pixels = await drawn(svg);
      // A scan in black and white has no grey at its edges.
      if (rng.next() < 0.15) harden(pixels);
      made.push(picture('text', `${family}-${n}-${size}px`, pixels));
    }
  }
  return made;
}

/** @param {import('./picture.mjs').Rgb} pixels whose values become 0 or 255 */
function harden({ data }) {
  for (let i = 0; i < data.length; i++) data[i] = data[i] < 128 ? 0 : 255;
}
