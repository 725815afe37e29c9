// @ts-check
'use strict';

const fs = require('node:fs');
const os = require('node:os');
const { execFileSync } = require('node:child_process');

/** What the kernels choose by, as Linux's /proc/cpuinfo and macOS's sysctl call it. */
const LINUX = [
  'sse4_2',
  'avx',
  'fma',
  'f16c',
  'avx2',
  'avx512f',
  'avx512bw',
  'avx512vl',
  'avx512_vnni',
  'avx_vnni',
  'amx_int8',
  'asimd',
  'asimddp',
  'i8mm',
  'sve',
];
const MACOS = ['FEAT_DotProd', 'FEAT_I8MM', 'FEAT_FP16', 'FEAT_BF16'];

/** The processor and what of its instructions matters here. */
function cpuFacts() {
  const model = os.cpus()[0]?.model.trim() || 'unknown processor';
  const features = read();
  if (features === undefined) return `${model} (its features cannot be read here)`;
  return `${model}: ${features.length === 0 ? 'none of the features that kernels use' : features.join(' ')}`;
}

/** @returns {string[] | undefined} */
function read() {
  try {
    if (process.platform === 'linux') {
      const flags = /^(?:flags|Features)\s*:(.*)$/m.exec(fs.readFileSync('/proc/cpuinfo', 'latin1'));
      const present = new Set(flags?.[1].trim().split(/\s+/));
      return LINUX.filter((name) => present.has(name));
    }
    if (process.platform === 'darwin') {
      return MACOS.filter((name) => sysctl(`hw.optional.arm.${name}`) === '1');
    }
  } catch {}
  return undefined;
}

/** @param {string} name */
function sysctl(name) {
  return execFileSync('sysctl', ['-n', name], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  }).trim();
}

module.exports = { cpuFacts };
