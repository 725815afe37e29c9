/**
 * `npm run release -- [VERSION] [--dry-run]`: what a maintainer does before pushing a tag; RELEASING.md says the rest.
 *
 * With a version it writes that everywhere. With `--dry-run` it then does all of a release that needs no network:
 * compares the versions, packs every package that can be packed here, and lets npm check each as it would be
 * published. Nothing is committed, tagged or published.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { createRequire } from 'node:module';
import { ROOT } from '../install.mjs';
import { committedFamilies, packMain, packModel, packPlatform } from './pack.mjs';
import { thisPlatform } from './platforms.mjs';
import { publish } from './publish.mjs';
import { differing, setVersion } from './versions.mjs';

const require = createRequire(import.meta.url);

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
    packPlatform(thisPlatform(), ROOT, out);
    for (const family of committedFamilies()) packModel(family, out);
    packMain(out);
    publish(out, ['--dry-run']);
    console.log(`Next: commit, git tag v${version}, git push origin v${version}`);
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}
