// @ts-check
'use strict';

const { createRequire } = require('node:module');
const path = require('node:path');

/** Run by bench/measure.js: one subject, one size. */

/**
 * @typedef {import('./measure').Task} Task
 * @typedef {{ scale: number, kernels?: string, once: () => Promise<unknown> }} Subject
 */

/**
 * Structure everywhere, within what a photo may hold.
 *
 * @param {number} side
 */
function pictureOf(side) {
  const data = new Uint8Array(side * side * 3);
  for (let i = 0; i < data.length; i++) {
    const [x, y, c] = [Math.floor(i / 3) % side, Math.floor(i / 3 / side), i % 3];
    data[i] = 128 + 60 * Math.sin((x + 9 * c) / 7.3) + 40 * Math.cos((x - y) / 5.1);
  }
  return { data, width: side, height: side, channels: 3 };
}

/**
 * @param {Task} task
 * @returns {Promise<Subject>}
 */
async function model({ subject, side, threads, precision }) {
  const Upscaler = require('../../index.js');
  if (threads !== undefined) Upscaler.configure({ threads });
  const upscaler = new Upscaler({ model: subject, precision });
  const { scale, kernels } = await upscaler.getModel();
  const picture = pictureOf(side);
  return { scale, kernels, once: () => upscaler.upscale(picture, { output: 'raw' }) };
}

/**
 * @param {Task} task
 * @returns {Subject | undefined}
 */
function lanczos({ side, threads }) {
  const sharp = applicationsSharp();
  if (sharp === undefined) return undefined;
  if (threads !== undefined) sharp.concurrency(threads);
  const { data, ...raw } = pictureOf(side);
  const scale = 2;
  return {
    scale,
    once: () =>
      sharp(data, { raw })
        .resize(side * scale, side * scale, { kernel: 'lanczos3' })
        .raw()
        .toBuffer(),
  };
}

/** @returns {any} */
function applicationsSharp() {
  try {
    return createRequire(path.join(process.cwd(), 'index.js'))('sharp');
  } catch {
    return undefined;
  }
}

/** @param {Task} task */
async function work(task) {
  const { subject, side, runs } = task;
  const made = subject === 'sharp' ? lanczos(task) : await model(task);
  if (made === undefined) return null;
  await made.once();
  const times = [];
  for (let i = 0; i < runs; i++) {
    const begun = performance.now();
    await made.once();
    times.push(performance.now() - begun);
  }
  times.sort((a, b) => a - b);
  const medianMs = (times[Math.floor((runs - 1) / 2)] + times[Math.floor(runs / 2)]) / 2;
  // In kilobytes, on every system.
  const peakBytes = process.resourceUsage().maxRSS * 1024;
  return {
    subject,
    side,
    scale: made.scale,
    kernels: made.kernels,
    medianMs,
    fastestMs: times[0],
    peakBytes,
  };
}

const task = JSON.parse(process.argv[2]);
work(task)
  .catch(({ message }) => ({ subject: task.subject, side: task.side, error: message }))
  .then((told) => process.send?.(told, undefined, undefined, () => process.disconnect()));
