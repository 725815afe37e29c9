// @ts-check
'use strict';

const fs = require('node:fs');
const { createRequire } = require('node:module');
const path = require('node:path');
const { isMainThread } = require('node:worker_threads');
const { version } = require('../package.json');
const { onDisk } = require('./asar');
const { UpscalerError } = require('./errors');
const { assertWhole } = require('./library-file');
const { ROOT, isBundled } = require('./root');

/**
 * Finds the addon for this platform: beside package.json in a clone that was built, else in the package of this
 * platform.
 *
 * @typedef {import('./native').NativeAddon} NativeAddon
 * @typedef {{ file: string, load: () => NativeAddon }} Found
 */

/** The platforms for which Microsoft publishes ONNX Runtime. */
const PLATFORMS = {
  'linux-x64': '@upscaler-node/linux-x64-gnu',
  'linux-arm64': '@upscaler-node/linux-arm64-gnu',
  'darwin-arm64': '@upscaler-node/darwin-arm64',
  'win32-x64': '@upscaler-node/win32-x64-msvc',
  'win32-arm64': '@upscaler-node/win32-arm64-msvc',
};

/** What brings every optional package of this platform, whatever was there before. */
const REINSTALL = 'delete node_modules and run npm install (or pnpm install, yarn install)';

/** What ONNX Runtime's library is built for: Debian 10, Ubuntu 18.10, RHEL 8 and later. */
const OLDEST_GLIBC = '2.28';

/** ONNX Runtime under a file name of ours, so that another version of it can live in the same process. */
const LIBRARIES = {
  linux: 'libupscaler_onnxruntime.so',
  darwin: 'libupscaler_onnxruntime.dylib',
  win32: 'upscaler_onnxruntime.dll',
};

/**
 * Not this module's own `require`, which bundlers follow: they can make nothing of native code, and of the packages of
 * other platforms that are not there.
 */
const nativeRequire = createRequire(path.join(ROOT, 'index.js'));

/** @type {NativeAddon | undefined} */
let loaded;

/**
 * @returns {NativeAddon} one for the process
 * @throws `ERR_UPSCALER_RUNTIME_LOAD` with what was tried, what is wrong and what to do
 */
function loadNative() {
  loaded ??= leavingAtExit(find());
  return loaded;
}

/**
 * `exit` destroys what ONNX Runtime holds while threads may still be in it, loading a model for example: the process waits
 * until they are out. In a worker thread 'exit' is the end of that thread alone.
 *
 * @param {NativeAddon} addon
 */
function leavingAtExit(addon) {
  if (isMainThread && addon.firstAtExit()) process.on('exit', () => addon.leave());
  return addon;
}

function find() {
  /** @type {Error[]} */
  const errors = [];
  for (const attempt of attempts(`${process.platform}-${process.arch}`)) {
    try {
      const { file, load } = attempt();
      assertWhole(file);
      const addon = load();
      addon.init(libraryBeside(file));
      return addon;
    } catch (error) {
      errors.push(/** @type {Error} */ (error));
    }
  }
  throw failure(errors, describeHost());
}

/**
 * @param {string} addon its file
 * @returns {string} ONNX Runtime's
 */
function libraryBeside(addon) {
  const library = LIBRARIES[/** @type {keyof typeof LIBRARIES} */ (process.platform)];
  const file = path.join(path.dirname(addon), library);
  if (fs.existsSync(file)) return onDisk(file);
  throw Object.assign(new Error(`Expected ONNX Runtime's library at ${file}, beside the addon`), {
    code: 'LIBRARY_MISSING',
  });
}

/**
 * @param {string} platform
 * @returns {(() => Found)[]}
 */
function attempts(platform) {
  const name = /** @type {Record<string, string>} */ (PLATFORMS)[platform];
  if (name === undefined) return [];
  const built = path.join(ROOT, `upscaler.${name.slice('@upscaler-node/'.length)}.node`);
  return [
    () => ({ file: nativeRequire.resolve(built), load: () => nativeRequire(built) }),
    () => ({ file: nativeRequire.resolve(name), load: () => loadPackage(platform) }),
  ];
}

/**
 * The names are literal for what traces the files of a deployment.
 *
 * @param {string} platform
 * @returns {NativeAddon}
 */
function loadPackage(platform) {
  switch (platform) {
    case 'linux-x64':
      return nativeRequire('@upscaler-node/linux-x64-gnu');
    case 'linux-arm64':
      return nativeRequire('@upscaler-node/linux-arm64-gnu');
    case 'darwin-arm64':
      return nativeRequire('@upscaler-node/darwin-arm64');
    case 'win32-x64':
      return nativeRequire('@upscaler-node/win32-x64-msvc');
    default:
      return nativeRequire('@upscaler-node/win32-arm64-msvc');
  }
}

/**
 * What decides whether the addon can load, read only when it could not.
 *
 * @typedef {{ platform: string, musl: boolean, glibc: string | undefined, addons: boolean, otherPackages: string[] }} Host
 * @returns {Host}
 */
function describeHost() {
  const platform = `${process.platform}-${process.arch}`;
  const glibc = process.platform === 'linux' ? glibcVersion() : undefined;
  return {
    platform,
    glibc,
    musl: process.platform === 'linux' && glibc === undefined,
    addons: !process.execArgv.includes('--no-addons') && !process.env.NODE_OPTIONS?.includes('--no-addons'),
    otherPackages: installedPackages().filter(
      (name) => name !== PLATFORMS[/** @type {keyof typeof PLATFORMS} */ (platform)],
    ),
  };
}

/** @returns {string | undefined} `undefined` where libc is not glibc: musl, on Alpine */
function glibcVersion() {
  const report = /** @type {{ header?: { glibcVersionRuntime?: string } }} */ (process.report.getReport());
  return report.header?.glibcVersionRuntime;
}

/** Platform packages beside this package: there, but of another platform, when a lockfile or node_modules was moved. */
function installedPackages() {
  const scope = path.join(ROOT, '..', '@upscaler-node');
  const known = Object.values(PLATFORMS);
  try {
    return fs
      .readdirSync(scope)
      .map((name) => `@upscaler-node/${name}`)
      .filter((name) => known.includes(name));
  } catch {
    return [];
  }
}

/**
 * @param {Error[]} errors of each attempt
 * @param {Host} host
 */
function failure(errors, host) {
  const lines = [
    `Could not load upscaler-node for ${host.platform}`,
    ...advice(errors, host).map((line) => `- ${line}`),
  ];
  if (errors.length > 0)
    lines.push('What was tried:', ...errors.map(({ message }) => `- ${message.split('\n')[0]}`));
  const cause = errors.length > 1 ? new AggregateError(errors) : errors[0];
  return new UpscalerError('ERR_UPSCALER_RUNTIME_LOAD', lines.join('\n'), cause && { cause });
}

/**
 * @param {Error[]} errors
 * @param {Host} host
 * @returns {string[]} what to do, the likeliest first
 */
function advice(errors, host) {
  return forbidden(host) ?? missing(errors, host);
}

/**
 * What no installation mends.
 *
 * @param {Host} host
 * @returns {string[] | undefined}
 */
function forbidden({ platform, musl, glibc, addons }) {
  if (platform === 'darwin-x64') {
    return [
      'There is no ONNX Runtime for Macs with Intel processors any more: run it on Linux, in a container (node:22-slim) for example',
      'On a Mac with Apple silicon this is an x64 Node under Rosetta: install the arm64 one',
    ];
  }
  if (!Object.hasOwn(PLATFORMS, platform)) {
    return [
      `There is no ONNX Runtime for this platform. Supported: ${Object.keys(PLATFORMS).join(', ')} (Linux with glibc)`,
    ];
  }
  if (musl) {
    return [
      'This Linux uses musl (Alpine), for which there is no ONNX Runtime: use an image with glibc, such as node:22-slim',
    ];
  }
  if (glibc !== undefined && isOlder(glibc, OLDEST_GLIBC)) {
    return [
      `glibc ${glibc} is too old: ${OLDEST_GLIBC} or newer is needed (Debian 10, Ubuntu 20.04, RHEL 8)`,
    ];
  }
  return addons ? undefined : ['Node runs with --no-addons, which forbids native code: leave it out'];
}

/**
 * What another installation mends.
 *
 * @param {Error[]} errors
 * @param {Host} host
 * @returns {string[]}
 */
function missing(errors, { platform, otherPackages }) {
  const name = PLATFORMS[/** @type {keyof typeof PLATFORMS} */ (platform)];
  const codes = errors.map((error) => /** @type {NodeJS.ErrnoException} */ (error).code);
  if (codes.includes('LIBRARY_MISSING')) {
    return [`A file of ${name} is missing: ${REINSTALL}; in a clone of the repository, npm run build`];
  }
  if (codes.includes('ERR_DLOPEN_FAILED') && platform.startsWith('win32')) {
    return [
      `Windows could not load it. Most often the Microsoft Visual C++ Redistributable is not installed: winget install Microsoft.VCRedist.2015+.${platform.split('-')[1]}`,
    ];
  }
  if (!codes.every((code) => code === 'MODULE_NOT_FOUND')) return [];
  const moved =
    otherPackages.length > 0
      ? [
          `${otherPackages.join(', ')} is installed, which is for another platform: node_modules or the lockfile came from there. Delete package-lock.json too, then ${REINSTALL}`,
        ]
      : [];
  return [
    ...moved,
    `Install the package of this platform, which --omit=optional, --no-optional or a lockfile of another platform leaves out: npm install --include=optional ${name}@${version}`,
    'In a clone of the repository, build it: npm run build',
  ];
}

/**
 * @param {string} version
 * @param {string} oldest
 */
function isOlder(version, oldest) {
  const [major, minor] = version.split('.').map(Number);
  const [oldestMajor, oldestMinor] = oldest.split('.').map(Number);
  return major < oldestMajor || (major === oldestMajor && minor < oldestMinor);
}

module.exports = { loadNative, failure, LIBRARIES, PLATFORMS };
