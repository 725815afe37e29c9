/**
 * `npm run release -- [VERSION] [--dry-run]`: what a maintainer does before pushing a tag; RELEASING.md says the rest.
 *
 * With a version it writes that everywhere. With `--dry-run` it then does all of a release that needs no network:
 * compares the versions, looks for the version's changes, packs every package that can be packed here, weighs them, and
 * lets npm check each as it would be published. Nothing is committed, tagged or published.
 */
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { createRequire } from 'node:module';
import { gunzipSync } from 'node:zlib';
import { ROOT } from '../install.mjs';
import { changesOf } from './changes.mjs';
import { committedFamilies, packMain, packModel, packOthers, packPlatform } from './pack.mjs';
import { thisPlatform } from './platforms.mjs';
import { publish } from './publish.mjs';
import { differing, setVersion } from './versions.mjs';

const require = createRequire(import.meta.url);

/** Megabytes of archives, which users wait for, and of what is installed. Models weigh what they weigh. */
const LARGEST = { main: 8, platform: 22, installed: 60 };

const { values, positionals } = parseArgs({
  options: { 'dry-run': { type: 'boolean' } },
  allowPositionals: true,
});
const [version = require('../../package.json').version] = positionals;
if (!/^\d+\.\d+\.\d+(-[0-9a-z.-]+)?$/i.test(version)) {
  throw new Error(`Expected a version such as 0.2.0 but received ${version}`);
}
if (positionals.length > 0) setVersion(version);

const wrong = differing(version);
if (wrong.length > 0) {
  console.error(`Not everything is ${version}:\n${wrong.map((line) => `- ${line}`).join('\n')}`);
  process.exitCode = 1;
} else {
  console.log(`Everything is ${version}`);
  if (values['dry-run']) rehearsePublishing();
}

function rehearsePublishing() {
  const out = mkdtempSync(path.join(tmpdir(), 'upscaler-node-release-'));
  try {
    changesOf(readFileSync(path.join(ROOT, 'CHANGELOG.md'), 'utf8'), version);
    const platform = packPlatform(thisPlatform(), ROOT, out);
    const main = packMain(out);
    const rest = [...committedFamilies().map((family) => packModel(family, out)), ...packOthers(out)];
    for (const archive of rest) say(path.basename(archive), statSync(archive).size);
    say(path.basename(platform), statSync(platform).size, LARGEST.platform);
    say(path.basename(main), statSync(main).size, LARGEST.main);
    say('Installed', unpackedBytes(platform) + unpackedBytes(main), LARGEST.installed);
    publish(out, ['--dry-run']);
    console.log(`Next: commit, git tag v${version}, git push origin v${version}`);
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}

/**
 * @param {string} what
 * @param {number} bytes
 * @param {number} [largest] megabytes
 */
function say(what, bytes, largest = Infinity) {
  const megabytes = bytes / 1e6;
  const verdict = megabytes > largest ? `, more than ${largest}: npm run build -- --dist?` : '';
  console.log(`${what}: ${megabytes.toFixed(1)} MB${verdict}`);
  if (verdict) process.exitCode = 1;
}

/**
 * @param {string} archive
 * @returns {number} of its files, and some hundred for each, as file systems take them too
 */
function unpackedBytes(archive) {
  return gunzipSync(readFileSync(archive)).length;
}
