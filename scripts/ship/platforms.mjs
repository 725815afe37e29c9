/** The platforms that packages are published for: every fact about each is in this table and in lib/load-native.js. */
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const { LIBRARIES, PLATFORMS } = require('../../lib/load-native.js');

/**
 * @typedef {object} Platform
 * @property {string} name of the package
 * @property {string} folder in npm/
 * @property {NodeJS.Platform} os
 * @property {string} cpu
 * @property {'glibc'} [libc]
 * @property {string} system in words
 * @property {string} triple Rust's name of the target
 * @property {string} addon file
 * @property {string} library ONNX Runtime's file, as it is published
 * @property {string} wheel the platform, as wheels of Python name it
 * @property {RegExp} libraryInside ONNX Runtime's file within its wheel
 */

/** What is not in the names. */
const FACTS = {
  'linux-x64': {
    triple: 'x86_64-unknown-linux-gnu',
    wheel: 'manylinux_2_28_x86_64',
    system: 'Linux on x86-64, glibc 2.28 or newer',
    abi: '-gnu',
  },
  'linux-arm64': {
    triple: 'aarch64-unknown-linux-gnu',
    wheel: 'manylinux_2_28_aarch64',
    system: 'Linux on 64-bit Arm, glibc 2.28 or newer',
    abi: '-gnu',
  },
  'darwin-arm64': {
    triple: 'aarch64-apple-darwin',
    wheel: 'macosx_14_0_arm64',
    system: 'macOS 14 or newer on Apple silicon',
    abi: '',
  },
  'win32-x64': {
    triple: 'x86_64-pc-windows-msvc',
    wheel: 'win_amd64',
    system: 'Windows on x86-64',
    abi: '-msvc',
  },
  'win32-arm64': {
    triple: 'aarch64-pc-windows-msvc',
    wheel: 'win_arm64',
    system: 'Windows on 64-bit Arm',
    abi: '-msvc',
  },
};

const LIBRARIES_INSIDE = {
  linux: /^libonnxruntime\.so\./,
  darwin: /^libonnxruntime\..*dylib$/,
  win32: /^onnxruntime\.dll$/,
};

/** @type {Platform[]} */
export const platforms = Object.entries(PLATFORMS).map(([key, name]) => {
  const [os, cpu] = key.split('-');
  const { triple, wheel, system, abi } = FACTS[key];
  return {
    name,
    folder: name.split('/')[1],
    os,
    cpu,
    ...(os === 'linux' ? { libc: 'glibc' } : {}),
    system,
    triple,
    addon: `upscaler.${key}${abi}.node`,
    library: LIBRARIES[os],
    wheel,
    libraryInside: LIBRARIES_INSIDE[os],
  };
});

/** @returns {Platform | undefined} that of this machine */
export function thisPlatform() {
  return platforms.find(({ os, cpu }) => os === process.platform && cpu === process.arch);
}
