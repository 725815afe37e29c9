import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

/** upscaler-node as it is in this clone. */
export async function load({ model, precision = 'fp32' }) {
  const { Upscaler } = require('../../index.js');
  const upscaler = new Upscaler({ model, precision });
  const { kernels } = await upscaler.getModel();
  return { upscale: (image, format) => upscaler.upscale(image, { format }), note: kernels };
}
