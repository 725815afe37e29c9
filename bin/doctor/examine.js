// @ts-check
'use strict';

const os = require('node:os');
const { PLATFORMS } = require('../../lib/load-native');
const { bytes, plural } = require('../terminal/figures');
const { cacheFacts } = require('./cache');
const { cpuFacts } = require('./cpu');
const { modelFacts } = require('./models');
const { libraryFindings } = require('./library');
const { tryEngine } = require('./engine');

/**
 * What may be the matter with an installation. The addon is tried in a process of its own: where a library is broken,
 * that may crash.
 *
 * @typedef {{ severity: 'wrong' | 'note', text: string }} Finding
 * @typedef {Record<string, string | string[]>} Facts
 * @returns {Promise<{ facts: Facts, findings: Finding[] }>}
 */
async function examine() {
  const { version, engines } = require('../../package.json');
  const library = libraryFindings();
  const engine = await tryEngine();
  const models = modelFacts();
  const cache = cacheFacts();
  /** @type {Facts} */
  const facts = {
    'upscaler-node': version,
    node: `${process.version} (${process.execPath})`,
    platform: platform(),
    processor: cpuFacts(),
    'cores, memory': `${plural(os.availableParallelism(), 'core')} for this process of ${os.cpus().length}; ${memory()}`,
    addon: library.addon ?? 'not found',
    library: library.runtime ?? 'not found',
    'ONNX Runtime': engine.onnxruntime ?? 'does not load',
    kernels: engine.kernels ?? 'none: no model runs',
    'trial picture': engine.trial ?? 'failed',
    models: models.lines,
    cache: cache.text,
    environment: environment(),
  };
  return {
    facts,
    findings: [
      ...nodeFindings(engines.node),
      ...platformFindings(),
      ...library.findings,
      ...engine.findings,
      ...models.findings,
      ...cache.findings,
    ],
  };
}

function platform() {
  return `${process.platform}-${process.arch}, ${os.type()} ${os.release()}${libc()}`;
}

function libc() {
  if (process.platform !== 'linux') return '';
  const { header } = /** @type {{ header: { glibcVersionRuntime?: string } }} */ (process.report.getReport());
  return header.glibcVersionRuntime === undefined ? ', musl' : `, glibc ${header.glibcVersionRuntime}`;
}

function memory() {
  const [all, limit] = [os.totalmem(), process.constrainedMemory()];
  const limited = limit > 0 && limit < all ? `, limited to ${bytes(limit)}` : '';
  return `${bytes(all)}${limited}, ${bytes(os.freemem())} free`;
}

/** What changes how the library behaves; values may be private, and those that are paths are. */
function environment() {
  const told = Object.keys(process.env).filter((name) => /^(UPSCALER|ORT|OMP)_/.test(name));
  const lines = told.sort().map((name) => `${name}=${process.env[name]}`);
  return lines.length === 0 ? 'nothing set' : lines;
}

/**
 * @param {string} range `>=20`
 * @returns {Finding[]}
 */
function nodeFindings(range) {
  const oldest = Number(/\d+/.exec(range)?.[0]);
  if (Number(process.versions.node.split('.')[0]) >= oldest) return [];
  return [{ severity: 'wrong', text: `Node ${process.version} is too old: ${range} is needed` }];
}

/** @returns {Finding[]} */
function platformFindings() {
  const name = `${process.platform}-${process.arch}`;
  if (Object.hasOwn(PLATFORMS, name)) return [];
  return [{ severity: 'wrong', text: `there is no ONNX Runtime for ${name}` }];
}

module.exports = { examine };
