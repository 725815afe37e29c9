/** QR codes. */
import { createRequire } from 'node:module';
import { paint, picture } from './picture.mjs';
import { random } from './random.mjs';

const qrcode = createRequire(import.meta.url)('qrcode-generator');

/** Pixels of white around a code. */
const QUIET = 4;
const COLOURS = [
  [
    [0, 0, 0],
    [255, 255, 255],
  ],
  [
    [255, 255, 255],
    [0, 0, 0],
  ],
  [
    [0, 0, 160],
    [255, 255, 0],
  ],
  [
    [200, 0, 0],
    [255, 255, 255],
  ],
];

/**
 * Modules of one to five pixels, in black and white and in colours.
 *
 * @param {string} seed
 * @param {number} count
 * @returns {import('./picture.mjs').Picture[]}
 */
export function codes(seed, count) {
  const rng = random(`${seed} codes`);
  return Array.from({ length: count }, (_, n) => {
    const code = qrcode(0, rng.pick(['L', 'M', 'Q', 'H']));
    code.addData(`https://example.com/${rng.integer(0, 2 ** 31)}/${'x'.repeat(rng.integer(0, 60))}`);
    code.make();
    const module = 1 + (n % 5);
    const [dark, light] = n % 3 === 0 ? rng.pick(COLOURS) : COLOURS[0];
    const count = code.getModuleCount();
    const at = (/** @type {number} */ place) => Math.floor((place - QUIET) / module);
    const inside = (/** @type {number} */ place) => place >= 0 && place < count;
    const side = count * module + 2 * QUIET;
    const pixels = paint(side, side, (x, y) =>
      inside(at(x)) && inside(at(y)) && code.isDark(at(y), at(x)) ? dark : light,
    );
    return picture('code', `${n}-${module}px`, pixels);
  });
}
