/**
 * `node scripts/ship/publish.mjs FOLDER [flags of npm publish]`: publishes the archives of a folder. The main package
 * comes last: whoever installs it finds the platforms' packages there. What is published already is left out, so that a
 * release that stopped half-way is run again.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * @param {string} folder
 * @param {string[]} flags of `npm publish`
 */
export function publish(folder, flags) {
  const isRehearsal = flags.includes('--dry-run');
  for (const archive of inOrder(readdirSync(folder))) {
    const file = path.join(folder, archive);
    const { name, version } = manifestOf(file);
    if (!isRehearsal && isPublished(name, version)) {
      console.log(`${name}@${version} is published already`);
      continue;
    }
    const tag = version.includes('-') ? ['--tag', 'next'] : [];
    // A rehearsal says what is wrong and no more, and does without a network.
    const quiet = isRehearsal ? ['--loglevel', 'warn', '--fetch-retries', '0'] : [];
    execFileSync('npm', ['publish', '--access', 'public', ...tag, ...quiet, ...flags, file], {
      stdio: 'inherit',
    });
  }
}

/**
 * @param {string[]} files
 * @returns {string[]} the archives, the main package's at the end
 */
export function inOrder(files) {
  const archives = files.filter((file) => file.endsWith('.tgz')).sort();
  const isMain = (file) => /^upscaler-node-\d/.test(file);
  return [...archives.filter((file) => !isMain(file)), ...archives.filter(isMain)];
}

/** @param {string} archive */
function manifestOf(archive) {
  return JSON.parse(execFileSync('tar', ['-xzOf', archive, 'package/package.json'], { encoding: 'utf8' }));
}

/**
 * @param {string} name
 * @param {string} version
 */
function isPublished(name, version) {
  const { stdout } = spawnSync('npm', ['view', `${name}@${version}`, 'version'], { encoding: 'utf8' });
  return stdout.trim() === version;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [folder, ...flags] = process.argv.slice(2);
  publish(path.resolve(folder), flags);
}
