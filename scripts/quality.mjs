/**
 * `node scripts/quality.mjs <folder> [model...]`: PSNR on the Y channel (BT.601), as papers on super-resolution give
 * it, of pictures that went from PNG to PNG through the whole path.
 *
 * The folder holds `HR/`, the originals, and `x2/`, `x4/` and so on, the same pictures reduced, with names that end in
 * `x2` and so on; what is missing is made. Borders as wide as the scale are left out.
 */
import { createRequire } from 'node:module';
import { qualities } from './models/set5.mjs';

const require = createRequire(import.meta.url);
const { Upscaler } = require('../index.js');

const [folder, ...models] = process.argv.slice(2);
if (folder === undefined) {
  console.error('Usage: node scripts/quality.mjs <folder with HR, x2, x4> [model...]');
  process.exit(1);
}
for (const model of models.length > 0 ? models : ['span-2x', 'span-4x']) {
  const upscaler = new Upscaler({ model });
  const figures = await qualities(folder, upscaler, (await upscaler.getModel()).scale);
  const say = (name, value) => console.log(`${model}  ${name.padEnd(12)} ${value.toFixed(2)} dB`);
  for (const { name, psnrY } of figures) say(name, psnrY);
  say('mean', figures.reduce((sum, { psnrY }) => sum + psnrY, 0) / figures.length);
  await upscaler.dispose();
}
