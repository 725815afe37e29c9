// @ts-check
'use strict';

const { spawn } = require('node:child_process');
const path = require('node:path');

/**
 * Loads the library and upscales a small picture, in a process of its own.
 *
 * @typedef {import('./examine').Finding} Finding
 * @typedef {{ onnxruntime?: string, kernels?: string, trial?: string, findings: Finding[] }} Trial
 */

const TIMEOUT_MS = 60_000;

/** @returns {Promise<Trial>} */
async function tryEngine() {
  const child = spawn(process.execPath, [path.join(__dirname, 'trial.js')], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: TIMEOUT_MS,
    killSignal: 'SIGKILL',
  });
  const [stdout, stderr] = [child.stdout, child.stderr].map(readAll);
  /** @type {[number | null, string | null]} */
  const [code, signal] = await new Promise((resolve) => {
    child.once('close', (...ended) => resolve(ended));
    child.once('error', () => resolve([null, 'no start']));
  });
  const told = parse(await stdout);
  if (code === 0 && told.error === undefined) return { ...told, findings: differences(told) };
  const reason = told.error ?? (await stderr).trim().split('\n').slice(-1)[0];
  const end =
    signal === null
      ? ''
      : `the library ended its process with ${signal}: a broken file, or too little memory. `;
  return {
    ...told,
    findings: [{ severity: 'wrong', text: `${end}${reason || ''}`.trim() || `exit code ${code}` }],
  };
}

/** @param {import('node:stream').Readable} stream */
async function readAll(stream) {
  let text = '';
  for await (const chunk of stream.setEncoding('utf8')) text += chunk;
  return text;
}

/** @param {string} text what the trial got to tell before it ended */
function parse(text) {
  try {
    return Object.assign(
      {},
      ...text
        .trim()
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line)),
    );
  } catch {
    return {};
  }
}

/**
 * @param {{ kernels?: string }} told
 * @returns {Finding[]}
 */
function differences({ kernels }) {
  if (process.env.UPSCALER_KERNELS === undefined) return [];
  return [
    {
      severity: 'note',
      text: `UPSCALER_KERNELS=${process.env.UPSCALER_KERNELS} chooses the kernels: ${kernels}`,
    },
  ];
}

module.exports = { tryEngine };
