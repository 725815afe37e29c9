/** The one version that everything of a release has, and where it is written. */
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { ROOT, run } from '../install.mjs';

const require = createRequire(import.meta.url);
const { entries } = require('../../lib/catalogue');

const read = (file) => readFileSync(path.join(ROOT, file), 'utf8');
const manifest = (file) => JSON.parse(read(file));
const foldersIn = (folder) =>
  readdirSync(path.join(ROOT, folder), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => `${folder}/${name}`);

/**
 * What is not this version, of all that should be.
 *
 * @param {string} version
 * @returns {string[]} `Cargo.toml has 0.1.0`
 */
export function differing(version) {
  return [...versions()]
    .filter(([, found]) => found !== version)
    .map(([where, found]) => `${where} has ${found}`);
}

/** @returns {[string, string | undefined][]} places and the versions there */
function versions() {
  const folders = [...foldersIn('models'), ...foldersIn('packages'), ...foldersIn('npm')].filter(
    (folder) => folder !== 'npm/licenses',
  );
  const main = manifest('package.json');
  const lock = manifest('package-lock.json');
  const families = [...new Set(entries.map(({ family }) => `@upscaler-node/${family}`))];
  return [
    ['package.json', main.version],
    ['package-lock.json', lock.version],
    ['package-lock.json, its first package', lock.packages[''].version],
    ['Cargo.toml', /^\[workspace\.package\]\nversion = "(.*)"/m.exec(read('Cargo.toml'))?.[1]],
    ...[...read('Cargo.lock').matchAll(/^name = "(upscaler-.*)"\nversion = "(.*)"/gm)].map(
      ([, name, version]) => /** @type {[string, string]} */ ([`Cargo.lock, ${name}`, version]),
    ),
    ['CHANGELOG.md', /^## ([^\s]+)/m.exec(read('CHANGELOG.md'))?.[1]],
    ...folders.map(
      (folder) =>
        /** @type {[string, string]} */ ([
          `${folder}/package.json`,
          manifest(`${folder}/package.json`).version,
        ]),
    ),
    ...families.map(
      (name) =>
        /** @type {[string, string]} */ ([
          `package.json, peer ${name}`,
          String(main.peerDependencies[name]).replace(/^\^/, ''),
        ]),
    ),
  ];
}

/**
 * Writes another version wherever there is one. What scripts write, they write again.
 *
 * @param {string} to
 */
export function setVersion(to) {
  const main = manifest('package.json');
  const from = main.version;
  for (const name of Object.keys(main.peerDependencies)) {
    if (name.startsWith('@upscaler-node/')) main.peerDependencies[name] = `^${to}`;
  }
  writeJson('package.json', { ...main, version: to });
  for (const folder of foldersIn('packages')) {
    const file = `${folder}/package.json`;
    const text = { ...manifest(file), version: to };
    if (text.peerDependencies?.['upscaler-node']) text.peerDependencies['upscaler-node'] = `^${to}`;
    writeJson(file, text);
  }
  replace('Cargo.toml', `[workspace.package]\nversion = "${from}"`, `[workspace.package]\nversion = "${to}"`);
  for (const [, name] of read('Cargo.lock').matchAll(/^name = "(upscaler-.*)"\nversion/gm)) {
    replace('Cargo.lock', `name = "${name}"\nversion = "${from}"`, `name = "${name}"\nversion = "${to}"`);
  }
  run(process.execPath, ['scripts/ship/write-platforms.mjs']);
  run(process.execPath, ['scripts/models/write-pages.mjs']);
  run('npm', ['install', '--package-lock-only', '--ignore-scripts', '--no-audit', '--no-fund']);
}

/**
 * @param {string} file
 * @param {unknown} content
 */
function writeJson(file, content) {
  writeFileSync(path.join(ROOT, file), `${JSON.stringify(content, null, 2)}\n`);
}

/**
 * @param {string} file
 * @param {string} from
 * @param {string} to
 */
function replace(file, from, to) {
  const text = read(file);
  if (!text.includes(from)) throw new Error(`Expected ${JSON.stringify(from)} in ${file}`);
  writeFileSync(path.join(ROOT, file), text.replace(from, to));
}
