import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

/** UpscalerJS as its guides show for Node, on tfjs-node, with its faster output: a tensor that tfjs-node encodes. */
export async function load({ model }) {
  const tf = require('@tensorflow/tfjs-node');
  const Upscaler = require('upscaler/node');
  const exported = require(model);
  const upscaler = new Upscaler({ model: exported.default ?? exported });
  await upscaler.ready;
  return {
    async upscale(image, format) {
      const output = await upscaler.upscale(image, { output: 'tensor' });
      const encoded = await (format === 'jpeg'
        ? tf.node.encodeJpeg(output, 'rgb', 90)
        : tf.node.encodePng(output));
      tf.dispose(output);
      return Buffer.from(encoded);
    },
  };
}
