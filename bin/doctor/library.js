// @ts-check
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { LIBRARIES, PLATFORMS } = require('../../lib/load-native');
const { bytes } = require('../terminal/figures');

/**
 * The files that hold the native code: where they are, and whether they are whole. A library that was cut short loads
 * and then ends the process, so this is found out by reading.
 *
 * @typedef {import('./examine').Finding} Finding
 */

const ROOT = path.join(__dirname, '..', '..');

/** @returns {{ addon?: string, runtime?: string, findings: Finding[] }} */
function libraryFindings() {
  const key = `${process.platform}-${process.arch}`;
  const name = /** @type {Record<string, string>} */ (PLATFORMS)[key];
  if (name === undefined) return { findings: [] };
  const file = findAddon(name);
  if (file === undefined)
    return {
      findings: [
        { severity: 'wrong', text: `the addon is not installed: npm install --include=optional ${name}` },
      ],
    };
  const runtime = path.join(
    path.dirname(file),
    /** @type {Record<string, string>} */ (LIBRARIES)[process.platform],
  );
  return {
    addon: describe(file),
    runtime: fs.existsSync(runtime) ? describe(runtime) : undefined,
    findings: [...wholeness(file), ...wholeness(runtime), ...versionFindings(file, name)],
  };
}

/**
 * As lib/load-native.js looks: beside this package's code first, then in the platform's package.
 *
 * @param {string} name
 */
function findAddon(name) {
  const own = path.join(ROOT, `upscaler.${name.replace('@upscaler-node/', '')}.node`);
  // Links are followed by `require` too, and what lies beside the file counts.
  if (fs.existsSync(own)) return fs.realpathSync(own);
  try {
    return require.resolve(name);
  } catch {
    return undefined;
  }
}

/** @param {string} file */
function describe(file) {
  return `${file} (${bytes(fs.statSync(file).size)})`;
}

/**
 * @param {string} file
 * @returns {Finding[]}
 */
function wholeness(file) {
  let reason;
  try {
    reason = whyBroken(file);
  } catch (error) {
    reason = /** @type {Error} */ (error).message;
  }
  return reason === undefined
    ? []
    : [
        {
          severity: 'wrong',
          text: `${file}: ${reason}; install again: npm rebuild, or remove node_modules and npm install`,
        },
      ];
}

/**
 * An ELF file says in its header where its last table ends. Other systems check signatures when they load.
 *
 * @param {string} file
 */
function whyBroken(file) {
  const { size } = fs.statSync(file);
  const header = Buffer.alloc(64);
  const descriptor = fs.openSync(file, 'r');
  const read = fs.readSync(descriptor, header, 0, header.length, 0);
  fs.closeSync(descriptor);
  if (process.platform !== 'linux') return size === 0 ? 'the file is empty' : undefined;
  if (read < header.length || header.toString('latin1', 0, 4) !== '\x7fELF') return 'this is no ELF library';
  const end = Number(header.readBigUInt64LE(0x28)) + header.readUInt16LE(0x3a) * header.readUInt16LE(0x3c);
  return size < end ? `the file is cut short: ${size} of ${end} bytes` : undefined;
}

/**
 * @param {string} addon
 * @param {string} name
 * @returns {Finding[]}
 */
function versionFindings(addon, name) {
  const { version } = require('../../package.json');
  const manifest = path.join(path.dirname(addon), 'package.json');
  if (!fs.existsSync(manifest)) return [];
  const found = JSON.parse(fs.readFileSync(manifest, 'utf8'));
  if (found.name !== name || found.version === version) return [];
  return [
    {
      severity: 'wrong',
      text: `${name} has version ${found.version} and upscaler-node ${version}: npm install upscaler-node@${version}`,
    },
  ];
}

module.exports = { libraryFindings };
