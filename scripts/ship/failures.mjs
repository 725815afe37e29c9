/** Installations that cannot work, and what their error has to name. */
import { renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { execute } from './application.mjs';
import { platforms, thisPlatform } from './platforms.mjs';

const here = thisPlatform();
const other = platforms.find(({ os }) => os !== process.platform);

const otherArch = platforms.find(({ os, cpu }) => os === process.platform && cpu !== process.arch);

/** @param {string} folder of the application */
const platformFolder = (folder) => path.join(folder, 'node_modules', ...here.name.split('/'));

/** A Node on musl answers so; there is none in npm's registry to ask. */
const WITHOUT_GLIBC = `const { getReport } = process.report;
process.report.getReport = () => {
  const report = getReport.call(process.report);
  delete report.header.glibcVersionRuntime;
  return report;
};
`;

/** An old Node, of npm's. */
const OLD_NODE = `node-${process.platform}-${process.arch}@18`;

/**
 * @typedef {object} Failure
 * @property {string[]} install arguments of `npm install`, beside the package
 * @property {(folder: string, npmrc: string) => void} [spoil] what happens to the application after that
 * @property {string[]} [node] that which runs it. Default: this one
 * @property {string[]} says parts of the error; none: it works
 */

/** @type {Record<string, Failure>} */
export const FAILURES = {
  'optional dependencies left out': {
    install: ['--omit=optional'],
    says: ['ERR_UPSCALER_RUNTIME_LOAD', '--omit=optional', `npm install --include=optional ${here.name}@`],
  },
  'node_modules of another platform': {
    install: [],
    spoil: (folder) =>
      renameSync(platformFolder(folder), path.join(path.dirname(platformFolder(folder)), other.folder)),
    says: [
      'ERR_UPSCALER_RUNTIME_LOAD',
      `${other.name} is installed, which is for another platform`,
      'Delete package-lock.json',
    ],
  },
  // It names the packages of all platforms, and is followed by what it installs.
  'a lockfile of another platform, which works': {
    install: [`--os=${other.os}`, `--cpu=${other.cpu}`],
    spoil: (folder, npmrc) => {
      rmSync(path.join(folder, 'node_modules'), { recursive: true });
      const command = ['npm', 'ci', '--no-audit', '--no-fund'];
      const { status, output } = execute(folder, command, { NPM_CONFIG_USERCONFIG: npmrc });
      if (status !== 0) throw new Error(output);
    },
    says: [],
  },
  'another processor': {
    install: [`--cpu=${otherArch.cpu}`],
    says: [
      'ERR_UPSCALER_RUNTIME_LOAD',
      `${otherArch.name} is installed, which is for another platform`,
      'Delete package-lock.json',
    ],
  },
  "ONNX Runtime's library missing": {
    install: [],
    spoil: (folder) => rmSync(path.join(platformFolder(folder), here.library)),
    says: ['ERR_UPSCALER_RUNTIME_LOAD', `A file of ${here.name} is missing`, 'delete node_modules'],
  },
  'an addon that was cut off': {
    install: [],
    spoil: (folder) => truncateSync(path.join(platformFolder(folder), here.addon), 100_000),
    says: ['ERR_UPSCALER_RUNTIME_LOAD', 'it was cut off'],
  },
  'a Node that is too old': {
    install: [OLD_NODE],
    node: [path.join('node_modules', OLD_NODE.split('@')[0], 'bin', 'node')],
    says: ['ERR_UPSCALER_RUNTIME_LOAD', 'Node 18.', 'is too old, 20 or newer', 'nvm install'],
  },
  ...(here.libc
    ? {
        'another libc': {
          install: ['--libc=musl'],
          spoil: (folder) => writeFileSync(path.join(folder, 'musl.cjs'), WITHOUT_GLIBC),
          node: ['node', '--require', './musl.cjs'],
          says: ['ERR_UPSCALER_RUNTIME_LOAD', 'musl (Alpine)', 'node:22-slim'],
        },
      }
    : {}),
};
