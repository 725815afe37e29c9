/**
 * `node scripts/ship/check-elf.mjs`: whether the addon and ONNX Runtime's library load where they are promised to, as
 * readelf (binutils) reads them: no newer glibc and libstdc++ than those of RHEL 8, names of our own, and nothing
 * looked for beside them.
 */
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { ROOT } from '../install.mjs';
import { SONAME } from '../rename-library.mjs';
import { thisPlatform } from './platforms.mjs';

/** The last versions of each that RHEL 8 and Debian 10 both have: glibc 2.28, libstdc++ of GCC 8. */
const NEWEST = { GLIBC: '2.28', GLIBCXX: '3.4.25', CXXABI: '1.3.11', GCC: '8.0.0' };

/**
 * @param {string} versions `readelf --version-info`
 * @returns {string[]} symbol versions that the oldest supported systems lack
 */
export function tooNew(versions) {
  const needed = versions.slice(versions.indexOf('.gnu.version_r'));
  const found = [...needed.matchAll(/Name: (GLIBC|GLIBCXX|CXXABI|GCC)_([\d.]+)/g)];
  const late = found.filter(([, library, version]) => isNewer(version, NEWEST[library]));
  return [...new Set(late.map(([, library, version]) => `${library}_${version}`))];
}

/**
 * @param {string} version
 * @param {string} than
 */
function isNewer(version, than) {
  return version.localeCompare(than, 'en', { numeric: true }) > 0;
}

/** @param {string} file */
export function problemsOf(file) {
  const readelf = (flag) =>
    execFileSync('readelf', [flag, file], { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  const dynamic = readelf('--dynamic');
  const [, soname] = /\(SONAME\).*\[(.*)\]/.exec(dynamic) ?? [];
  const [, runpath] = /\((?:RUNPATH|RPATH)\).*\[(.*)\]/.exec(dynamic) ?? [];
  return [
    ...tooNew(readelf('--version-info')).map((version) => `needs ${version}`),
    ...(runpath === undefined || runpath === '$ORIGIN' ? [] : [`looks for libraries in ${runpath}`]),
    ...(file.endsWith('.node') || soname === SONAME ? [] : [`is called ${soname}, not ${SONAME}`]),
  ];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { addon, library } = thisPlatform();
  for (const file of [addon, library]) {
    const problems = problemsOf(path.join(ROOT, file));
    for (const problem of problems) console.error(`${file} ${problem}`);
    if (problems.length > 0) process.exitCode = 1;
  }
}
