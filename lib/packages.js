// @ts-check
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { createRequire } = require('node:module');
const { UpscalerError, describe } = require('./errors');

/**
 * Model packages are installed by the application, not by us: their names are resolved from where the application
 * is, so that pnpm and Yarn PnP, which hide other packages' dependencies, find them.
 *
 * A name is checked before anything is resolved, and what it leads to before it is run: the code of an installed
 * package and nothing else, whatever a name is made of.
 */

/** npm's names, and beneath them what a package exports: no segment begins with a dot, so that none leads upwards. */
const NAME = /^(@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~-][a-z0-9._~-]*$/i;
const SUBPATH = /^(\/[\w~@-][\w.~@-]*)*$/;

/** npm allows names of 214 characters; what a package exports is named in less. */
const LONGEST = 512;

/** What `require` runs or parses; another file of a package is no module, whatever it holds. */
const MODULES = new Set(['.js', '.cjs', '.mjs', '.json']);

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
  const folder = packageFolder(name);
  if (folder === undefined) throw notInstalled(name);
  const resolved = resolve(specifier);
  if (resolved === undefined || !isModuleOf(folder, resolved)) {
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
 * @param {string} folder of a package
 * @param {string} file that a name was resolved to
 */
function isModuleOf(folder, file) {
  if (!MODULES.has(path.extname(file))) return false;
  const inside = path.relative(fs.realpathSync(folder), fs.realpathSync(file));
  return inside !== '' && !path.isAbsolute(inside) && inside.split(path.sep)[0] !== '..';
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
 * @param {string} name of an installed package
 * @returns {string | undefined} its version
 */
function versionOf(name) {
  const folder = packageFolder(packageName(name));
  try {
    return folder && JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8')).version;
  } catch {
    return undefined;
  }
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

/**
 * @param {string} specifier `@scope/name/sub/path` or `name/sub/path`
 * @returns {string} the package's name
 * @throws `ERR_UPSCALER_MODEL_NOT_FOUND` for what no package can be called
 */
function packageName(specifier) {
  const parts = specifier.length > LONGEST ? [] : specifier.split('/');
  const name = parts.slice(0, specifier.startsWith('@') ? 2 : 1).join('/');
  if (NAME.test(name) && SUBPATH.test(specifier.slice(name.length))) return name;
  throw new UpscalerError(
    'ERR_UPSCALER_MODEL_NOT_FOUND',
    `Expected the name of a package, and of a model in it, but received ${describe(specifier)}: a path starts with / or ./`,
  );
}

/**
 * A file of an installed package.
 *
 * @param {string} name
 * @param {string} inside relative to its folder
 * @returns {string}
 */
function fileOfPackage(name, inside) {
  const folder = packageFolder(packageName(name));
  if (folder === undefined) throw notInstalled(name);
  const file = path.join(folder, inside);
  if (!path.isAbsolute(inside) && !path.relative(folder, file).startsWith('..')) return file;
  throw new UpscalerError(
    'ERR_UPSCALER_MODEL_NOT_FOUND',
    `Expected a file of package ${name} but received ${describe(inside)}`,
  );
}

/** @param {string} name */
function notInstalled(name) {
  return new UpscalerError(
    'ERR_UPSCALER_MODEL_NOT_INSTALLED',
    `Model package ${name} is not installed where ${process.cwd()} can see it: npm install ${name}`,
  );
}

module.exports = {
  requirePackage,
  packageFolder,
  packageName,
  fileOfPackage,
  versionOf,
  isInstalled,
  notInstalled,
};
