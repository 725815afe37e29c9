/** The pictures that a command line asks for: `[model …] --set stress|held-out --clones folder --every n --side n`. */
import { parseArgs } from 'node:util';
import { SETS } from './index.mjs';
import { keptSet } from './kept.mjs';
import { share } from './share.mjs';

const CHOICE = /** @type {const} */ ({
  set: { type: 'string', default: 'stress' },
  clones: { type: 'string' },
  every: { type: 'string', default: '1' },
  side: { type: 'string', default: 'Infinity' },
});

/**
 * @template {import('node:util').ParseArgsOptionsConfig} T
 * @param {T} more options of the command
 */
export async function chosen(more) {
  const { values, positionals } = parseArgs({ options: { ...CHOICE, ...more }, allowPositionals: true });
  const options = /** @type {any} */ (values);
  const [every, side] = [Number(options.every), Number(options.side)];
  if (!SETS.includes(options.set) || !(every >= 1) || !(side >= 1))
    throw new Error(`Expected --set ${SETS.join(' or ')}, --every and --side 1 or more`);
  const { pictures: all, leftOut } = await keptSet(options.set, { clones: options.clones });
  const pictures = share(all, { every, side });
  const pixels = pictures.reduce((sum, { pixels: { width, height } }) => sum + width * height, 0);
  console.error(`${pictures.length} pictures of ${all.length}, ${(pixels / 1e6).toFixed(1)} megapixels`);
  return { options, names: positionals, pictures, pixels, leftOut };
}
