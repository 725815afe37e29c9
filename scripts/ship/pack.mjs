/**
 * The packages as they are published. Each is laid out in a folder of its own, and packed from there: package.json in
 * the repository serves the clone, where the platforms' packages are not on any registry yet.
 *
 * Run by itself, `node scripts/ship/pack.mjs FOLDER`, it packs the main package, this platform's and the models' whose
 * weights are in the repository.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { ROOT } from '../install.mjs';
import { crateNotices } from './crate-notices.mjs';
import { CRATE_NOTICES, LICENCES, platformFiles } from './platform-files.mjs';
import { platforms, thisPlatform } from './platforms.mjs';

const require = createRequire(import.meta.url);
const { entries } = require('../../lib/catalogue');

/** What a clone needs and an application does not. */
const OF_THE_CLONE = ['workspaces', 'scripts', 'devDependencies', 'allowScripts'];

/** @typedef {(folder: string, out: string) => string} Packer makes an archive of a folder, and says where it is */

/** @type {Packer} */
export function npmPack(folder, out) {
  const args = ['pack', '--json', '--ignore-scripts', '--loglevel=error', '--pack-destination', out];
  const [{ filename }] = JSON.parse(npm(args, folder));
  return path.join(out, filename);
}

/**
 * The main package, with the platforms' as optional dependencies of exactly its version.
 *
 * @param {string} out
 * @param {{ repository?: string, pack?: Packer }} [options] `repository`: `owner/name`
 */
export function packMain(out, { repository, pack = npmPack } = {}) {
  return packListed(ROOT, out, pack, (manifest) => mainManifest(manifest, repository));
}

/**
 * @param {Record<string, any>} manifest of the clone
 * @param {string} [repository]
 */
export function mainManifest(manifest, repository) {
  const rest = Object.fromEntries(Object.entries(manifest).filter(([key]) => !OF_THE_CLONE.includes(key)));
  return {
    ...rest,
    ...home(repository),
    optionalDependencies: Object.fromEntries(platforms.map(({ name }) => [name, manifest.version])),
  };
}

/**
 * A model package whose weights are there.
 *
 * @param {string} family
 * @param {string} out
 * @param {{ repository?: string, pack?: Packer }} [options]
 */
export function packModel(family, out, { repository, pack = npmPack } = {}) {
  const folder = path.join(ROOT, 'models', family);
  return packListed(folder, out, pack, ({ scripts, ...manifest }) => ({ ...manifest, ...home(repository) }));
}

/**
 * @param {import('./platforms.mjs').Platform} platform
 * @param {string} binaries the folder with its addon and ONNX Runtime's library
 * @param {string} out
 * @param {{ repository?: string, pack?: Packer }} [options]
 */
export function packPlatform(platform, binaries, out, { repository, pack = npmPack } = {}) {
  return inTemporaryFolder((folder) => {
    for (const [name, text] of platformFiles(platform)) writeFileSync(path.join(folder, name), text);
    changeManifest(folder, (manifest) => ({ ...manifest, ...home(repository) }));
    for (const [name, source] of Object.entries(LICENCES))
      cpSync(path.join(ROOT, source), path.join(folder, name));
    writeFileSync(path.join(folder, CRATE_NOTICES), crateNotices(platform.triple));
    for (const file of [platform.addon, platform.library]) {
      const source = path.join(binaries, file);
      if (!existsSync(source)) throw new Error(`Expected ${source}: build it for ${platform.system} first`);
      cpSync(source, path.join(folder, file));
    }
    return pack(folder, out);
  });
}

/** @returns {string[]} families whose weights are in the repository */
export function committedFamilies() {
  const committed = entries.filter((entry) => entry.committed);
  return [...new Set(committed.map(({ family }) => family))];
}

/**
 * What npm would pack of a folder, with another package.json.
 *
 * @param {string} source
 * @param {string} out
 * @param {Packer} pack
 * @param {(manifest: Record<string, any>) => Record<string, any>} change
 */
function packListed(source, out, pack, change) {
  const [{ files }] = JSON.parse(
    npm(['pack', '--dry-run', '--json', '--ignore-scripts', '--loglevel=error'], source),
  );
  return inTemporaryFolder((folder) => {
    for (const file of files) cpSync(path.join(source, file.path), path.join(folder, file.path));
    changeManifest(folder, change);
    return pack(folder, out);
  });
}

/**
 * @param {string} folder
 * @param {(manifest: Record<string, any>) => Record<string, any>} change
 */
function changeManifest(folder, change) {
  const file = path.join(folder, 'package.json');
  const manifest = JSON.parse(readFileSync(file, 'utf8'));
  writeFileSync(file, `${JSON.stringify(change(manifest), null, 2)}\n`);
}

/**
 * npm's provenance wants to know the repository that a package was built in; only the workflow knows it.
 *
 * @param {string} [repository] `owner/name`
 */
function home(repository) {
  if (!repository) return {};
  const url = `https://github.com/${repository}`;
  return {
    repository: { type: 'git', url: `git+${url}.git` },
    homepage: `${url}#readme`,
    bugs: { url: `${url}/issues` },
  };
}

/**
 * @template T
 * @param {(folder: string) => T} work
 * @returns {T}
 */
function inTemporaryFolder(work) {
  const folder = mkdtempSync(path.join(tmpdir(), 'upscaler-node-pack-'));
  try {
    return work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * @param {string[]} args
 * @param {string} cwd
 */
function npm(args, cwd) {
  return execFileSync('npm', args, {
    cwd,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    stdio: ['ignore', 'pipe', 'inherit'],
    shell: process.platform === 'win32',
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const out = path.resolve(process.argv[2] ?? 'target/packages');
  const options = { repository: process.env.GITHUB_REPOSITORY };
  mkdirSync(out, { recursive: true });
  console.log(packMain(out, options));
  const platform = thisPlatform();
  if (platform) console.log(packPlatform(platform, ROOT, out, options));
  for (const family of committedFamilies()) console.log(packModel(family, out, options));
}
