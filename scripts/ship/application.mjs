/** What an application does with the packages, in a folder that has nothing of this checkout in reach. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ROOT } from '../install.mjs';

const require = createRequire(import.meta.url);

/** In ms: for one command, on a machine that has much else to do. */
const LONGEST = 600_000;

const PICTURE = 'picture.png';

/**
 * One command, or two; what the last one writes is what tells that it did its work.
 *
 * @typedef {object} Step
 * @property {string[]} command
 * @property {Record<string, string>} [files] written before
 * @property {NodeJS.ProcessEnv} [env] beside what this process has
 * @property {string[]} [then] the second command
 * @property {RegExp} says
 */

/**
 * @type {Record<string, Step>}
 */
export const STEPS = {
  'require, and one picture': {
    command: ['node', 'picture.cjs'],
    files: {
      'picture.cjs': `const Upscaler = require('upscaler-node');
const { Upscaler: named } = require('upscaler-node');
const upscaler = new Upscaler();
upscaler.upscale('./${PICTURE}', { resolveWithObject: true }).then(({ data, info }) => {
  console.log(named === Upscaler, Buffer.isBuffer(data), info.width, info.height);
});
`,
    },
    says: /^true true 48 32$/m,
  },
  'import is the same class': {
    command: ['node', 'import.mjs'],
    files: {
      'import.mjs': `import Upscaler, { UpscalerError } from 'upscaler-node';
import { createRequire } from 'node:module';
console.log(createRequire(import.meta.url)('upscaler-node') === Upscaler, UpscalerError.name);
`,
    },
    says: /^true UpscalerError$/m,
  },
  'the command line': {
    command: ['node', 'node_modules/upscaler-node/bin/upscaler-node.js', PICTURE, '-o', 'larger.png'],
    says: /larger\.png/,
  },
  'a model package by its name': {
    command: ['node', 'named.cjs'],
    files: {
      'named.cjs': `const Upscaler = require('upscaler-node');
const upscaler = new Upscaler({ model: '@upscaler-node/real-esrgan/illustration-2x' });
upscaler.upscale('./${PICTURE}', { output: 'raw' }).then(({ width, height }) => console.log(width, height));
`,
    },
    says: /^48 32$/m,
  },
  'a model package by require': {
    command: ['node', 'required.cjs'],
    files: {
      'required.cjs': `const Upscaler = require('upscaler-node');
const upscaler = new Upscaler({ model: require('@upscaler-node/real-esrgan/illustration-2x') });
upscaler.upscale('./${PICTURE}', { output: 'raw' }).then(({ width, height }) => console.log(width, height));
`,
    },
    says: /^48 32$/m,
  },
};

const TYPED = `import Upscaler, { type UpscaleOptions } from 'upscaler-node';
const options: UpscaleOptions = { format: 'png' };
export const larger = (image: Uint8Array) => new Upscaler().upscale(image, options);
`;

/** Each way in which TypeScript finds a module's types. */
export const TYPE_STEPS = Object.fromEntries(
  [
    ['node16', 'node16', 'typed.mts'],
    ['node16', 'node16', 'typed.cts'],
    ['nodenext', 'nodenext', 'typed.mts'],
    ['esnext', 'bundler', 'typed.ts'],
  ].map(([module, resolution, file]) => [
    `TypeScript, ${file} with module ${module}, resolution ${resolution}`,
    {
      command: [
        'node',
        require.resolve('typescript/bin/tsc'),
        ...['--noEmit', '--strict', '--esModuleInterop', '--listFiles', '--target', 'es2022'],
        ...[
          '--lib',
          'es2022,dom,esnext.disposable',
          '--typeRoots',
          path.join(ROOT, 'node_modules', '@types'),
        ],
        ...['--types', 'node', '--module', module, '--moduleResolution', resolution, file],
      ],
      files: { [file]: TYPED },
      says: /upscaler-node\/index\.d\.m?ts/,
    },
  ]),
);

/**
 * An empty application with a picture in it, which is removed when the work is done.
 *
 * @template T
 * @param {(folder: string) => T | Promise<T>} work
 * @returns {Promise<T>}
 */
export async function inApplication(work) {
  const folder = mkdtempSync(path.join(tmpdir(), 'upscaler-node-application-'));
  try {
    writeFileSync(path.join(folder, 'package.json'), '{ "name": "application", "private": true }\n');
    cpSync(path.join(ROOT, '__test__', 'fixtures', 'application.png'), path.join(folder, PICTURE));
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Runs a step in an application.
 *
 * @param {string} folder
 * @param {Step} step
 * @param {NodeJS.ProcessEnv} [env] beside what this process has
 * @throws an Error with all that it wrote, if it failed or did not say what it should
 */
export function runStep(folder, { command, files = {}, env: ofStep, then, says }, env) {
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(folder, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  for (const each of then ? [command, then] : [command]) {
    const { status, output } = execute(folder, each, { ...env, ...ofStep });
    const isLast = each === (then ?? command);
    if (status !== 0 || (isLast && !says.test(output))) {
      throw new Error(`Expected ${each.join(' ')} to say ${says} but it ended with ${status}:\n${output}`);
    }
  }
}

/**
 * @param {string} cwd
 * @param {string[]} command
 * @param {NodeJS.ProcessEnv} [env] beside what this process has
 */
export function execute(cwd, [program, ...args], env) {
  const { status, stdout, stderr, error } = spawnSync(program === 'node' ? process.execPath : program, args, {
    cwd,
    encoding: 'utf8',
    timeout: LONGEST,
    maxBuffer: 64 * 1024 * 1024,
    env: { ...withoutNpm(process.env), ...env },
    // npm is a script there, which only a shell runs.
    shell: process.platform === 'win32' && program === 'npm',
  });
  return { status, output: `${stdout}${stderr}${error ? `\n${error.message}` : ''}` };
}

/**
 * `npm run` tells its children of this checkout's settings, which are not the application's.
 *
 * @param {NodeJS.ProcessEnv} env
 */
function withoutNpm(env) {
  return Object.fromEntries(
    Object.entries(env).filter(
      ([name]) => !/^npm_(config_(?!registry|cache|proxy|https_proxy)|package_|lifecycle_)/i.test(name),
    ),
  );
}
