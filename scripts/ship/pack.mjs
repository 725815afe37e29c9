/**
 * The packages as they are published. Each is laid out in a folder of its own, and packed from there: package.json in
 * the repository serves the clone, where the platforms' packages are not on any registry yet.
 *
 * Run by itself, `node scripts/ship/pack.mjs FOLDER main platform models others`, it packs what is named: `platform` is
 * this machine's, `models` brings and builds the weights that are not in the repository.
 */
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { ROOT, run } from '../install.mjs';
import { crateNotices } from './crate-notices.mjs';
import { CRATE_NOTICES, LICENCES, platformFiles } from './platform-files.mjs';
import { platforms, thisPlatform } from './platforms.mjs';
import { SBOM, modelComponents, nativeComponents, sbom } from './sbom.mjs';

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
 * @param {{ repository?: string, version?: string, pack?: Packer }} [options] `repository`: `owner/name`; `version`: another
 *   than this one's
 */
export function packMain(out, { repository, version, pack = npmPack } = {}) {
  return packListed(ROOT, out, pack, (manifest) =>
    mainManifest({ ...manifest, version: version ?? manifest.version }, repository),
  );
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
  return packOther(path.join(ROOT, 'models', family), out, { repository, pack });
}

/**
 * A package that is in the repository as it is published, but for the address of the repository.
 *
 * @param {string} folder
 * @param {string} out
 * @param {{ repository?: string, pack?: Packer }} [options]
 */
function packOther(folder, out, { repository, pack = npmPack } = {}) {
  return packListed(folder, out, pack, ({ scripts, ...manifest }) => ({ ...manifest, ...home(repository) }));
}

/**
 * What is published beside the main package and the models.
 *
 * @param {string} out
 * @param {{ repository?: string, pack?: Packer }} [options]
 */
export function packOthers(out, options) {
  const names = readdirSync(path.join(ROOT, 'packages'));
  return names.map((name) => packOther(path.join(ROOT, 'packages', name), out, options));
}

/**
 * @param {import('./platforms.mjs').Platform} platform
 * @param {string} binaries the folder with its addon and ONNX Runtime's library
 * @param {string} out
 * @param {{ repository?: string, version?: string, pack?: Packer }} [options]
 */
export function packPlatform(platform, binaries, out, { repository, version, pack = npmPack } = {}) {
  return inTemporaryFolder((folder) => {
    for (const [name, text] of platformFiles(platform)) writeFileSync(path.join(folder, name), text);
    changeManifest(folder, (manifest) => ({ ...manifest, ...(version && { version }), ...home(repository) }));
    for (const [name, source] of Object.entries(LICENCES))
      cpSync(path.join(ROOT, source), path.join(folder, name));
    writeFileSync(path.join(folder, CRATE_NOTICES), crateNotices(platform.triple));
    writeSbom(folder, nativeComponents(platform.triple));
    for (const file of [platform.addon, platform.library]) {
      const source = path.join(binaries, file);
      if (!existsSync(source)) throw new Error(`Expected ${source}: build it for ${platform.system} first`);
      cpSync(source, path.join(folder, file));
    }
    return pack(folder, out);
  });
}

/**
 * A package of another platform without what is in it: Yarn resolves all optional dependencies, and installs its own.
 *
 * @param {import('./platforms.mjs').Platform} platform
 * @param {string} out
 */
export function packStandIn(platform, out) {
  return inTemporaryFolder((folder) => {
    for (const [name, text] of platformFiles(platform)) writeFileSync(path.join(folder, name), text);
    return npmPack(folder, out);
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
    changeManifest(folder, (manifest) => change({ ...manifest, files: [...manifest.files, SBOM] }));
    writeSbom(folder, modelComponents(files.map((file) => file.path)));
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
 * @param {string} folder of a package
 * @param {Record<string, unknown>[]} components
 */
function writeSbom(folder, components) {
  const manifest = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));
  writeFileSync(path.join(folder, SBOM), sbom(manifest, components));
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

/**
 * Everything that goes by one of these names, into a folder.
 *
 * @type {Record<string, (out: string, options: { repository?: string }) => string[]>}
 */
const KINDS = {
  main: (out, options) => [packMain(out, options)],
  platform: (out, options) => [packPlatform(thisPlatform(), ROOT, out, options)],
  models: (out, options) => {
    const all = [...new Set(entries.map(({ family }) => family))];
    const large = all.filter((family) => !committedFamilies().includes(family));
    run(process.execPath, ['scripts/models/index.mjs', ...large]);
    return all.map((family) => packModel(family, out, options));
  },
  others: packOthers,
};

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [folder, ...kinds] = process.argv.slice(2);
  const out = path.resolve(folder);
  mkdirSync(out, { recursive: true });
  for (const kind of kinds) {
    for (const archive of KINDS[kind](out, { repository: process.env.GITHUB_REPOSITORY }))
      console.log(archive);
  }
}
