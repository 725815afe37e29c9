import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { run } from './install.mjs';

/** Where systems keep Chromium, or Chrome, which is as good. */
const PLACES = [
  process.env.CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/google-chrome',
  '/usr/bin/chromium-browser',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  path.join(process.env.ProgramFiles ?? 'C:/Program Files', 'Google/Chrome/Application/chrome.exe'),
];

/** For a browser that nobody sees, on a machine that may have neither a GPU nor a network. */
export const CHROMIUM_FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/**
 * The path of a Chromium, which is installed first where there is none and the system's packages can be.
 *
 * @returns {string}
 */
export function chromium() {
  const found = find();
  if (found !== undefined) return found;
  const isRoot = process.getuid?.() === 0;
  if (spawnSync('apt-get', ['--version']).status === 0) {
    const apt = (/** @type {string[]} */ ...args) =>
      run(...(isRoot ? ['apt-get', args] : ['sudo', ['-n', 'apt-get', ...args]]));
    apt('update');
    apt('install', '-y', '--no-install-recommends', 'chromium');
  }
  const installed = find();
  if (installed === undefined)
    throw new Error(
      'Expected Chromium or Chrome for the tests of pages: install one, or name it in CHROMIUM',
    );
  return installed;
}

function find() {
  return PLACES.find((place) => place !== undefined && existsSync(place));
}
