/**
 * What the stress set is made of beside random numbers: fonts and photographs from Debian's packages and PyPI, brought
 * by those archives' own clients and unpacked under .cache/stress, nothing installed; clones of public repositories in
 * a folder that the caller names; and Chromium, if it is there.
 *
 * What cannot be had is left out, and said.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from '../../install.mjs';
import { filesIn } from './photographs.mjs';

const CACHE = path.join(ROOT, '.cache', 'stress');
const SOURCES = JSON.parse(readFileSync(new URL('sources.json', import.meta.url), 'utf8'));

/** What was left out, a line each. @type {string[]} */
export const leftOut = [];

/** @param {string} what */
function leave(what) {
  leftOut.push(what);
  console.error(`LEFT OUT of the stress set: ${what}`);
}

/**
 * The font families of a set, all others hidden from fontconfig: text is the same on every machine.
 *
 * @param {'stress' | 'held-out'} set
 * @returns {string[]}
 */
export function fonts(set) {
  const wanted = Object.entries(SOURCES.fonts[set]);
  const here = wanted.filter(([deb]) => debian(deb) !== undefined);
  const config = path.join(CACHE, `fonts-${set}.conf`);
  const folders = here.map(([deb]) => `<dir>${debian(deb)}</dir>`).join('');
  mkdirSync(CACHE, { recursive: true });
  writeFileSync(
    config,
    `<?xml version="1.0"?><fontconfig>${folders}<cachedir>${path.join(CACHE, 'fontconfig')}</cachedir></fontconfig>`,
  );
  // Read when the first text is drawn.
  process.env.FONTCONFIG_FILE = config;
  return here.flatMap(([, families]) => families);
}

/**
 * The photographs of a set.
 *
 * @param {'stress' | 'held-out'} set
 * @param {string} [clones] a folder with clones of repositories, each under `owner+name`
 * @returns {{ file: string, origin: string }[]}
 */
export function photographFiles(set, clones) {
  return SOURCES.photographs[set].flatMap((source) => {
    const { folder, origin } = place(source, clones);
    if (folder === undefined || !existsSync(folder)) {
      leave(`photographs of ${origin}`);
      return [];
    }
    const [step, first] = source.every ?? [1, 0];
    return distinct(filesIn(folder))
      .filter((file) => new RegExp(source.files ?? '').test(file.slice(folder.length)))
      .filter((file) => !source.without || !file.includes(source.without))
      .filter((_, index) => index % step === first)
      .map((file) => ({ file, origin: `${origin} (${source.licence})` }));
  });
}

/** Where a source's pictures are. */
function place(source, clones) {
  if (source.deb) return { folder: debian(source.deb), origin: `Debian's ${source.deb}` };
  if (source.pypi) return { folder: wheel(source.pypi), origin: `PyPI's ${source.pypi}` };
  if (source.git) {
    const folder = clones && path.join(clones, source.git.replace('/', '+'), source.folder);
    return { folder, origin: source.git };
  }
  return { folder: path.join(ROOT, source.folder), origin: source.folder };
}

/** Of pictures that differ in size alone, as wallpapers come, one: the smallest that is no thumbnail. */
function distinct(files) {
  const seen = new Map();
  for (const file of files) {
    const size = /(\d{3,4})x(\d{3,4})(?=\.\w+$)/.exec(file);
    const key = size ? file.slice(0, size.index) : file;
    const pixels = size ? Number(size[1]) * Number(size[2]) : 0;
    const other = seen.get(key);
    if (pixels > 0 && pixels < 300000) continue;
    if (!other || pixels < other.pixels) seen.set(key, { file, pixels });
  }
  return [...seen.values()].map(({ file }) => file);
}

/** @param {string} name @returns {string | undefined} the folder of a Debian package's files */
function debian(name) {
  return cached(`deb-${name}`, `Debian package ${name}`, (folder) => {
    run('apt-get', ['download', '-qq', name], folder);
    const deb = readdirSync(folder).find((file) => file.endsWith('.deb'));
    run('dpkg-deb', ['-x', deb, '.'], folder);
    rmSync(path.join(folder, deb));
  });
}

/** @param {string} requirement `name==version` @returns {string | undefined} the folder of a wheel's files */
function wheel(requirement) {
  return cached(`pypi-${requirement}`, `PyPI package ${requirement}`, (folder) => {
    const only = ['--only-binary', ':all:', '--python-version', '3.11', '--platform', 'manylinux2014_x86_64'];
    run('python3', ['-m', 'pip', 'download', '-q', '--no-deps', ...only, '-d', '.', requirement], folder);
    const file = readdirSync(folder).find((name) => name.endsWith('.whl'));
    run('python3', ['-m', 'zipfile', '-e', file, '.'], folder);
    rmSync(path.join(folder, file));
  });
}

/** @param {string} name @param {string} what @param {(folder: string) => void} fill */
function cached(name, what, fill) {
  const folder = path.join(CACHE, name);
  if (existsSync(folder)) return folder;
  const partial = `${folder}.partial`;
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(partial, { recursive: true });
  try {
    fill(partial);
    renameSync(partial, folder);
    return folder;
  } catch (error) {
    leave(`${what}: ${error.message}`);
    rmSync(partial, { recursive: true, force: true });
    return undefined;
  }
}

/** @param {string} command @param {string[]} args @param {string} cwd */
function run(command, args, cwd) {
  const { status, error, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${error?.message ?? stderr.trim()}`);
}

/**
 * Chromium: as installed, or through apt-get where this process may.
 *
 * @returns {string | undefined} the program
 */
export function chromium() {
  const names = [process.env.CHROMIUM, 'chromium', 'chromium-browser', 'google-chrome'].filter(Boolean);
  const here = () => names.find((name) => spawnSync(name, ['--version']).status === 0);
  if (here() === undefined && process.getuid?.() === 0)
    spawnSync('apt-get', ['install', '-qq', '-y', '--no-install-recommends', 'chromium'], {
      stdio: 'inherit',
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    });
  const found = here();
  if (found === undefined) leave('screenshots: there is no chromium');
  return found;
}
