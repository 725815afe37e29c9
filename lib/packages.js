// @ts-check
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { createRequire } = require('node:module');
const { UpscalerError } = require('./errors');

/**
 * Model packages are installed by the application, not by us: their names are resolved from where the application
 * is, so that pnpm and Yarn PnP, which hide other packages' dependencies, find them.
 */

/** @returns {NodeJS.Require[]} the application's `require`s, the likeliest first */
function applicationRequires() {
  const fromWorkingDirectory = createRequire(path.join(process.cwd(), 'index.js'));
  const main = require.main?.filename;
  return main === undefined ? [fromWorkingDirectory] : [fromWorkingDirectory, createRequire(main)];
}

/**
 * `require(specifier)` as the application would do it.
 *
 * @param {string} specifier `@upscalerjs/esrgan-slim/4x`
 * @returns {unknown}
 * @throws `ERR_UPSCALER_MODEL_NOT_INSTALLED` with the command that installs it,
 *   `ERR_UPSCALER_MODEL_NOT_FOUND` if the package has no such model,
 *   `ERR_UPSCALER_MODEL_LOAD` if its code fails
 */
function requirePackage(specifier) {
  const name = packageName(specifier);
  const resolved = resolve(specifier);
  if (resolved === undefined) {
    if (packageFolder(name) === undefined) throw notInstalled(name);
    throw new UpscalerError(
      'ERR_UPSCALER_MODEL_NOT_FOUND',
      `Package ${name} is installed but has no ${specifier}`,
    );
  }
  try {
    return createRequire(resolved)(resolved);
  } catch (cause) {
    throw new UpscalerError('ERR_UPSCALER_MODEL_LOAD', `Could not load ${specifier} from ${resolved}`, {
      cause,
    });
  }
}

/**
 * The folder of an installed package: the one that holds the package.json of its name, which `exports` may hide
 * from `require`.
 *
 * @param {string} name
 * @returns {string | undefined}
 */
function packageFolder(name) {
  for (const require of applicationRequires()) {
    for (const folder of require.resolve.paths(name) ?? []) {
      if (fs.existsSync(path.join(folder, name, 'package.json'))) return path.join(folder, name);
    }
  }
  const entry = resolve(name);
  return entry && folderAbove(path.dirname(entry), name);
}

/**
 * @param {string} folder
 * @param {string} name
 * @returns {string | undefined}
 */
function folderAbove(folder, name) {
  try {
    const manifest = JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8'));
    if (manifest.name === name) return folder;
  } catch {}
  const parent = path.dirname(folder);
  return parent === folder ? undefined : folderAbove(parent, name);
}

/** @param {string} specifier */
function isInstalled(specifier) {
  return resolve(specifier) !== undefined;
}

/**
 * @param {string} specifier
 * @returns {string | undefined}
 */
function resolve(specifier) {
  for (const require of applicationRequires()) {
    try {
      return require.resolve(specifier);
    } catch {}
  }
  return undefined;
}

/** @param {string} specifier `@scope/name/sub/path` or `name/sub/path` */
function packageName(specifier) {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

/** @param {string} name */
function notInstalled(name) {
  return new UpscalerError(
    'ERR_UPSCALER_MODEL_NOT_INSTALLED',
    `Model package ${name} is not installed where ${process.cwd()} can see it: npm install ${name}`,
  );
}

module.exports = { requirePackage, packageFolder, packageName, isInstalled, notInstalled };
