// @ts-check
'use strict';

const { spawn } = require('node:child_process');

/** What opens a page on each system. @type {Partial<Record<NodeJS.Platform, [string, string[]]>>} */
const OPENERS = {
  darwin: ['open', []],
  win32: ['rundll32', ['url.dll,FileProtocolHandler']],
};

/**
 * Shows a page, where there is something that can; its address was said anyway.
 *
 * @param {string} url
 */
function openInBrowser(url) {
  const [command, args] = OPENERS[process.platform] ?? ['xdg-open', []];
  const child = spawn(command, [...args, url], { stdio: 'ignore', detached: true });
  child.on('error', () => {});
  child.unref();
}

module.exports = { openInBrowser };
