/** Installations that cannot work, and what their error has to name. */
import { renameSync, rmSync, truncateSync } from 'node:fs';
import path from 'node:path';
import { platforms, thisPlatform } from './platforms.mjs';

const here = thisPlatform();
const other = platforms.find(({ os }) => os !== process.platform);

/** @param {string} folder of the application */
const platformFolder = (folder) => path.join(folder, 'node_modules', ...here.name.split('/'));

/**
 * @typedef {object} Failure
 * @property {string[]} install flags of `npm install`
 * @property {(folder: string) => void} [spoil] what happens to the application after that
 * @property {string[]} says parts of the error
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
};
