// @ts-check
'use strict';

/** Run by doctor/engine.js: tells each thing on a line of JSON as soon as it is known. */

const SIDE = 64;

/** @param {object} facts */
function tell(facts) {
  process.stdout.write(`${JSON.stringify(facts)}\n`);
}

async function trial() {
  const Upscaler = require('../../index.js');
  tell({ onnxruntime: Upscaler.versions.onnxruntime });
  const upscaler = new Upscaler({ model: 'span-2x' });
  const { kernels, provider } = await upscaler.getModel();
  tell({ kernels: `${kernels} (${provider})` });
  const grey = { data: new Uint8Array(SIDE * SIDE * 3).fill(128), width: SIDE, height: SIDE, channels: 3 };
  const { data, info } = await upscaler.upscale(grey, { output: 'raw', resolveWithObject: true });
  await upscaler.dispose();
  // A flat grey picture stays one, whatever the network adds to others.
  const furthest = /** @type {Buffer} */ (data.data).reduce(
    (most, value) => Math.max(most, Math.abs(value - 128)),
    0,
  );
  if (furthest > 8) throw new Error(`the trial picture came out wrong, by ${furthest} of 255`);
  tell({ trial: `right, ${SIDE} x ${SIDE} in ${Math.round(info.durationMs)} ms` });
}

trial().catch((error) => {
  tell({ error: error.message });
  process.exitCode = 1;
});
